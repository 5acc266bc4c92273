//! What office programs write that shows less, or more, than it holds: numbers by their powers, joined cells, pieces of a text.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use archive::zip;
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection};

fn inspect(bytes: Vec<u8>) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection
}

fn person(n: u64) -> (String, u64) {
    const NAMES: [&str; 8] = ["An", "Bình", "Chi", "Dũng", "Hà", "Lan", "Mai", "Sơn"];
    let of = |by: u64| NAMES[(n / by) as usize % NAMES.len()];
    (format!("Nguyễn {} {}", of(8), of(1)), 1_090_000_000 + (n + 1) * 7_919_777 % 90_000_000)
}

/// A sheet of LibreOffice: names, and numbers as `shown` shows them, under these headings.
fn sheet(rows: u64, headings: [&str; 2], shown: impl Fn(u64) -> String) -> Vec<u8> {
    let text =
        |text: &str| format!("<table:table-cell office:value-type='string'><text:p>{text}</text:p></table:table-cell>");
    let number = |n: u64| {
        format!(
            "<table:table-cell office:value-type='float' office:value='{n}'><text:p>{}</text:p></table:table-cell>",
            shown(n)
        )
    };
    let row = |cells: [String; 2]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let people = (0..rows).map(person).map(|(name, n)| row([text(&name), number(n)])).collect::<String>();
    format!(
        "<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'><office:body>\
         <table:table>{}{people}</table:table></office:body></office:document>",
        row(headings.map(text))
    )
    .into_bytes()
}

#[test]
fn numbers_shown_by_their_powers_are_those_of_their_rows() {
    for rows in [8, 15, 16, 60] {
        for (how, shown) in [
            ("powers", (|n| format!("{:.2}E+09", n as f64 / 1e9)) as fn(u64) -> String),
            ("digits", |n| n.to_string()),
            ("zeros", |n| format!("{n:012}")),
            ("nothing", |_| String::new()),
        ] {
            let told = inspect(sheet(rows, ["Họ và tên", "Số CCCD"], shown));
            assert_eq!((told.distinct(DetectorId::Cccd), told.persons), (rows, rows), "{how}, {rows} rows");
            let amounts = inspect(sheet(rows, ["Họ và tên", "Số tiền"], shown));
            assert_eq!(amounts.distinct(DetectorId::Cccd), 0, "{how}, {rows} rows");
        }
    }
}

#[test]
fn joined_cells_of_a_slide_take_up_their_columns_once() {
    let cell = |text: &str, more: &str| format!("<a:tc{more}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:tc>");
    let joined = |text: &str, n: usize| cell(text, &format!(" gridSpan='{n}'")) + &"<a:tc hMerge='1'/>".repeat(n - 1);
    for (heading, found) in [("Mã số BHXH", 9), ("Mã số đơn hàng", 0)] {
        let head = cell("Họ và tên", "") + &joined("Ghi chú", 12) + &joined(heading, 10);
        let rows = (0..9u64).map(|n| {
            let digits = format!("79{:08}", 12_345_678 + n * 7_919_777 % 80_000_000);
            let boxes = digits.chars().map(|c| cell(&c.to_string(), "")).collect::<String>();
            format!("<a:tr>{}{}{boxes}</a:tr>", cell(&person(n).0, ""), cell("", "").repeat(12))
        });
        let slide = format!("<p:sld><a:tbl><a:tr>{head}</a:tr>{}</a:tbl></p:sld>", rows.collect::<String>());
        let types = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
        let members: [(&str, &[u8]); 3] = [
            ("[Content_Types].xml", types),
            ("ppt/presentation.xml", b"<p:presentation/>"),
            ("ppt/slides/slide1.xml", slide.as_bytes()),
        ];
        assert_eq!(inspect(zip(&members)).distinct(DetectorId::Bhxh), found, "{heading}");
    }
}
