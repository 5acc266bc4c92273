//! Places in files of all kinds where a number can stand, and where readers that know the kind find it.
//!
//! All people are invented; the numbers are random and only laid out as real ones.

mod archive;

use std::sync::LazyLock;

use archive::zip;
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason};

const NUMBER: &str = "001090123456";
const TYPES: &str = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";

fn inspect(bytes: &[u8]) -> Inspection {
    static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| Inspector::new(Limits::default(), 2026));
    INSPECTOR.inspect(Hint::default(), &bytes.to_vec()).inspection
}

/// Each digit of the number between these.
fn each(before: &str, after: &str) -> String {
    NUMBER.chars().map(|digit| format!("{before}{digit}{after}")).collect()
}

fn page(body: &str) -> Vec<u8> {
    format!("<!DOCTYPE html><html><head><meta charset='utf-8'></head><body><h1>Thông báo</h1>{body}</body></html>")
        .into()
}

fn drawing(body: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg'>{body}</svg>").into()
}

fn package(members: &[(&str, &str)]) -> Vec<u8> {
    let types = [("[Content_Types].xml", TYPES)];
    let members: Vec<_> = types.iter().chain(members).map(|(name, text)| (*name, text.as_bytes())).collect();
    zip(&members)
}

fn letter(body: &str) -> Vec<u8> {
    package(&[("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>"))])
}

fn run(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

fn open_document(kind: &str, body: &str) -> Vec<u8> {
    let content = format!("<office:document-content><office:body>{body}</office:body></office:document-content>");
    zip(&[
        ("mimetype", format!("application/vnd.oasis.opendocument.{kind}").as_bytes()),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

fn workbook(rows: &[String]) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", rows.concat());
    package(&[("xl/workbook.xml", "<workbook/>"), ("xl/worksheets/sheet1.xml", &sheet)])
}

fn row(number: usize, cells: &[String]) -> String {
    let cell = |(n, text): (usize, &String)| {
        let column = char::from(b'A' + n as u8);
        format!("<c r='{column}{number}' t='inlineStr'><is><t>{text}</t></is></c>")
    };
    format!("<row r='{number}'>{}</row>", cells.iter().enumerate().map(cell).collect::<String>())
}

fn digits() -> Vec<String> {
    NUMBER.chars().map(String::from).collect()
}

#[test]
fn a_number_in_boxes_is_one() {
    let boxes = each("<td>", "</td>");
    let word_boxes = |row: &str| format!("<w:tbl><w:tr>{row}</w:tr></w:tbl>");
    let word_row = each("<w:tc><w:p><w:r><w:t>", "</w:t></w:r></w:p></w:tc>");
    let label = "<w:tc><w:p><w:r><w:t>Số CCCD</w:t></w:r></w:p></w:tc>";
    let odf_row = each("<table:table-cell><text:p>", "</text:p></table:table-cell>");
    let said = |text: &str| row(1, &[text.to_owned()]);
    let cases = [
        ("html, said before", page(&format!("<p>Số CCCD:</p><table><tr>{boxes}</tr></table>"))),
        ("html, said in the row", page(&format!("<table><tr><td>Số CCCD</td>{boxes}</tr></table>"))),
        ("html, said above", page(&format!("<table><tr><td>Số CCCD</td></tr><tr>{boxes}</tr></table>"))),
        ("html, not said", page(&format!("<table><tr>{boxes}</tr></table>"))),
        ("docx, said before", letter(&(run("Số CCCD:") + &word_boxes(&word_row)))),
        ("docx, said in the row", letter(&word_boxes(&(label.to_owned() + &word_row)))),
        (
            "odt",
            open_document(
                "text",
                &format!(
                    "<text:p>Số CCCD</text:p><table:table><table:table-row>{odf_row}</table:table-row></table:table>"
                ),
            ),
        ),
        ("xlsx, said in the row", workbook(&[row(1, &[vec!["Số CCCD".to_owned()], digits()].concat())])),
        ("xlsx, said above", workbook(&[said("Số CCCD"), row(2, &digits())])),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(what, bytes)| (what, inspect(bytes)))
        .filter(|(_, inspection)| inspection.distinct(DetectorId::Cccd) != 1 || !inspection.opaque.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn tables_of_single_letters_are_no_numbers() {
    // Twelve marks of each pupil; every row would be a citizen's.
    let marks = |name: &str| format!("<tr><td>{name}</td>{}</tr>", each("<td>", "</td>"));
    let names = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung"];
    let school = page(&format!("<p>Bảng điểm</p><table>{}</table>", names.map(marks).concat()));
    let months = |_| format!("<tr>{}</tr>", each("<td>", "</td>"));
    let head: String = (1..=12).map(|n| format!("<th>T{n}</th>")).collect();
    let year = page(&format!("<table><tr>{head}</tr>{}</table>", [(); 6].map(months).concat()));
    for (what, bytes) in [("marks", school), ("months", year)] {
        assert_eq!(inspect(&bytes).identifiers(), 0, "{what}");
    }
}

#[test]
fn letters_that_a_drawing_sets_one_by_one_are_words() {
    let placed = |letters: &str, wide: usize, tag: &dyn Fn(usize, char) -> String| {
        letters.chars().enumerate().map(|(n, letter)| tag(wide * n, letter)).collect::<String>()
    };
    let text = |x: usize, letter: char| format!("<text x='{x}' y='10'>{letter}</text>\n");
    let groups: String = ["001", "090", "123", "456"]
        .iter()
        .enumerate()
        .map(|(n, g)| format!("<text x='{n}0' y='4'>{g}</text>"))
        .collect();
    let spans = each("<tspan dx='2'>", "</tspan>");
    for (what, bytes) in [
        ("beside each other", drawing(&placed(&format!("CCCD:{NUMBER}"), 9, &text))),
        ("in groups", drawing(&format!("<text y='4'>Số CCCD</text>{groups}"))),
        ("spans", drawing(&format!("<text>Số CCCD {spans}</text>"))),
        ("in a page", page(&String::from_utf8_lossy(&drawing(&placed(&format!("CCCD:{NUMBER}"), 9, &text))))),
    ] {
        let inspection = inspect(&bytes);
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{what}: {inspection:?}");
    }
}

#[test]
fn kinds_of_xml_that_split_text_are_read_as_their_programs_do() {
    let (first, rest) = NUMBER.split_at(5);
    let runs = format!("<w:p><w:r><w:t>Số CCCD {first}</w:t></w:r><w:r><w:rPr/><w:t>{rest}</w:t></w:r></w:p>");
    let word_2003 = "http://schemas.microsoft.com/office/word/2003/wordml";
    let flat = "http://schemas.microsoft.com/office/2006/xmlPackage";
    let shape = format!("<Text><cp IX='0'/>Số CCCD {first}<cp IX='1'/>{rest}</Text>");
    let glyphs = each("<Glyphs OriginX='9' OriginY='50' UnicodeString='", "'/>");
    let printed = format!("<FixedPage><Glyphs OriginY='50' UnicodeString='Số CCCD'/>{glyphs}</FixedPage>");
    let signs = NUMBER.bytes().map(|b| format!("<w:r><w:sym w:font='Symbol' w:char='F0{b:02X}'/></w:r>"));
    let noted = format!(
        "<office:text><text:p>Số CCCD {first}<office:annotation><text:p>ghi chú</text:p></office:annotation>{rest}\
         </text:p></office:text>"
    );
    for (what, bytes) in [
        (
            "Word 2003",
            format!("<?xml version='1.0'?><w:wordDocument xmlns:w='{word_2003}'>{runs}</w:wordDocument>").into_bytes(),
        ),
        (
            "a flat package",
            format!(
                "<pkg:package xmlns:pkg='{flat}'><pkg:part><pkg:xmlData>{runs}</pkg:xmlData></pkg:part></pkg:package>"
            )
            .into_bytes(),
        ),
        ("Visio", package(&[("visio/pages/page1.xml", &format!("<PageContents>{shape}</PageContents>"))])),
        ("XPS", package(&[("Documents/1/Pages/1.fpage", &printed)])),
        ("signs of a font", letter(&format!("<w:p><w:r><w:t>CCCD </w:t></w:r>{}</w:p>", signs.collect::<String>()))),
        (
            "around what was struck out",
            letter(&format!(
                "<w:p><w:r><w:t>Số CCCD {first}</w:t></w:r><w:del><w:r><w:delText>77</w:delText></w:r></w:del><w:ins><w:r>\
                 <w:t>{rest}</w:t></w:r></w:ins></w:p>"
            )),
        ),
        (
            "what was struck out in the middle of a number",
            letter(&format!(
                "<w:p><w:r><w:t>Số CCCD {first}</w:t></w:r><w:del><w:r><w:delText>{rest}</w:delText></w:r></w:del><w:ins>\
                 <w:r><w:t>x</w:t></w:r></w:ins></w:p>"
            )),
        ),
        ("around an annotation", open_document("text", &noted)),
        (
            "a list of properties",
            b"<?xml version='1.0'?><plist><dict><key>soCMND</key><string>158086226</string></dict></plist>".to_vec(),
        ),
        (
            "an element within what announces it",
            b"<?xml version='1.0'?><a><SO_CMND><v>158086226</v></SO_CMND></a>".to_vec(),
        ),
    ] {
        let inspection = inspect(&bytes);
        let found = inspection.distinct(DetectorId::Cccd) + inspection.distinct(DetectorId::Cmnd);
        assert_eq!((found, inspection.opaque.len()), (1, 0), "{what}: {inspection:?}");
    }
}

#[test]
fn a_page_that_is_a_workbook_is_read_by_what_its_cells_hold() {
    let table = "<table><tr><td>Họ tên</td><td>Số CCCD</td></tr><tr><td>Nguyễn Văn An</td>\
                 <td x:num=\"1090123456\">1.09E+09</td></tr></table>";
    assert_eq!(inspect(&page(table)).distinct(DetectorId::Cccd), 1);
}

#[test]
fn pieces_of_archives_are_told_as_such() {
    let whole = zip(&[("a.txt", b"nothing at all")]);
    let first = [&b"PK\x07\x08"[..], &whole[..whole.len() / 2]].concat();
    let mut last = whole[20..].to_vec();
    let end = last.len() - 22;
    last[end + 4] = 2;
    let mut begins_with_a_member = whole;
    let end = begins_with_a_member.len() - 22;
    begins_with_a_member[end + 4] = 1;
    let seven = include_bytes!("packed/solid.7z");
    for (what, bytes) in [
        ("the first of several ZIP files", first),
        ("the last", last),
        ("the last, from a member on", begins_with_a_member),
        ("the first of several 7z files", seven[..seven.len() - 8].to_vec()),
    ] {
        let reasons: Vec<_> = inspect(&bytes).opaque.into_iter().map(|o| o.reason).collect();
        assert!(reasons.contains(&OpaqueReason::Partial), "{what}: {reasons:?}");
        assert!(!reasons.contains(&OpaqueReason::TooDeep), "{what}: {reasons:?}");
    }
}
