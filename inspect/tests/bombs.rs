//! Documents made to cost more than they are: each ends in time and in bounded memory, and none passes for clean.
//!
//! All people are invented.

mod archive;

use std::fmt::Write;
use std::time::{Duration, Instant};

use archive::zip;
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason};

const NUMBER: &str = "CCCD 001090123456";

/// Inspects, within the bounds.
fn inspect(name: &str, bytes: &[u8]) -> Inspection {
    // Builds without optimisation, beside others, take several times as long.
    const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 40 } else { 10 });
    const MEMORY_KIB_MAX: u64 = 256 << 10;
    let begun = Instant::now();
    let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection;
    let took = begun.elapsed();
    assert!(took < TIME_MAX, "{name} took {took:?}");
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the most memory held");
    let most: u64 = most.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(most < MEMORY_KIB_MAX, "{name} took {most} KiB");
    assert!(!inspection.is_clean(), "{name}: {inspection:?}");
    inspection
}

fn workbook(strings: &str, sheet: &str) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", format!("<sst uniqueCount='4000000000'>{strings}</sst>").as_bytes()),
        ("xl/worksheets/sheet1.xml", format!("<worksheet><sheetData>{sheet}</sheetData></worksheet>").as_bytes()),
    ])
}

fn rows(rows: usize, cell: impl Fn(usize) -> String) -> String {
    (1..=rows).fold(String::new(), |mut out, row| {
        write!(out, "<row r=\"{row}\">{}</row>", cell(row)).expect("memory");
        out
    })
}

#[test]
fn a_long_string_in_many_cells_is_read_once() {
    let cells = |n| rows(n, |row| format!("<c r=\"A{row}\" t=\"s\"><v>0</v></c>"));
    let mib = format!("<si><t>{}{NUMBER}</t></si>", "x ".repeat(1 << 19));
    let found = inspect("a string of a mebibyte", &workbook(&mib, &cells(12_000)));
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
    let page = format!("<si><t>{}{NUMBER}</t></si>", "lorem ipsum ".repeat(330));
    let found = inspect("a string of a page", &workbook(&page, &cells(60_000)));
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
}

#[test]
fn cells_far_apart_take_no_room_between() {
    let far = rows(20_000, |row| format!("<c r=\"XFD{}\"><v>{row}</v></c>", row * 8));
    inspect("cells in the last column", &workbook(&format!("<si><t>{NUMBER}</t></si>"), &far));
}

#[test]
fn cells_repeated_without_end_are_read_a_few_times() {
    let cell =
        format!("<table:table-cell table:number-columns-repeated='16384'><text:p>{NUMBER}</text:p></table:table-cell>");
    let row = format!("<table:table-row table:number-rows-repeated='1048576'>{}</table:table-row>", cell.repeat(20));
    let content =
        format!("<office:document-content><table:table>{}</table:table></office:document-content>", row.repeat(40));
    let bytes = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ]);
    assert_eq!(inspect("repeated cells", &bytes).distinct(DetectorId::Cccd), 1);
}

#[test]
fn depth_is_bounded_and_hides_nothing() {
    const DEEP: usize = 200_000;
    for (name, open, close, head) in [
        ("xml", "<a>", "</a>", "<?xml version='1.0'?>"),
        ("html", "<div>", "</div>", "<html><body>"),
        ("tables within tables", "<table><tr><td>", "</td></tr></table>", "<html><body>"),
        ("json", "[", "]", ""),
        ("objects of json", "{\"a\":", "}", ""),
        ("rtf", "{\\b ", "}", "{\\rtf1 "),
    ] {
        let text = if name.contains("json") { format!("\"{NUMBER}\"") } else { NUMBER.to_owned() };
        let bytes = format!("{head}{}{text}{}", open.repeat(DEEP), close.repeat(DEEP));
        assert_eq!(inspect(name, bytes.as_bytes()).distinct(DetectorId::Cccd), 1, "{name}");
    }
    let deep = format!("<w:document>{}<w:t>{NUMBER}</w:t>", "<w:tbl><w:tr><w:tc>".repeat(DEEP));
    let document = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", deep.as_bytes())]);
    assert_eq!(inspect("tables of a document", &document).distinct(DetectorId::Cccd), 1);
}

#[test]
fn text_under_a_name_of_its_own_is_told_and_not_expanded() {
    let laughs = (1..12).fold(String::from("<!ENTITY a0 \"ha\">"), |mut out, n| {
        write!(out, "<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)).expect("memory");
        out
    });
    let xml = format!("<?xml version='1.0'?><!DOCTYPE x [{laughs}]><x>&a11;</x>");
    assert!(inspect("entities", xml.as_bytes()).is_opaque(OpaqueReason::Ambiguous));
    let split = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a '001090'><!ENTITY b '123456'>]><x>CCCD &a;&b;</x>";
    assert!(inspect("a number of two entities", split.as_bytes()).is_opaque(OpaqueReason::Ambiguous));
    let drawing =
        format!("<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY ns \"http://example.vn/\">]><svg>{NUMBER}</svg>");
    assert!(inspect("names of namespaces", drawing.as_bytes()).opaque.is_empty());
}

#[test]
fn parts_that_refer_to_each_other_in_a_circle_are_read_once() {
    let rels = "<Relationships><Relationship Id='r1' Target='sheet1.xml'/><Relationship Id='r2' Target='../worksheets/sheet1.xml'/>\
         <Relationship Id='r3' Target='https://example.vn/?soCCCD=001090123456' TargetMode='External'/></Relationships>";
    let bytes = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook xmlns:r='r'><sheet name='a' r:id='r1'/></workbook>"),
        ("xl/_rels/workbook.xml.rels", rels.as_bytes()),
        ("xl/worksheets/_rels/sheet1.xml.rels", rels.as_bytes()),
        ("xl/worksheets/sheet1.xml", b"<worksheet/>"),
    ]);
    assert_eq!(inspect("a circle", &bytes).distinct(DetectorId::Cccd), 1);
}
