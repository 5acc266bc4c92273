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

/// A digit a box, the last first, each at the place where it is seen.
fn boxes(each: &dyn Fn(usize, char) -> String) -> String {
    NUMBER.chars().enumerate().collect::<Vec<_>>().into_iter().rev().map(|(n, digit)| each(n, digit)).collect()
}

fn slide(shapes: &str) -> Vec<u8> {
    let slide = format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
    package(&[("ppt/presentation.xml", "<p:presentation/>"), ("ppt/slides/slide1.xml", &slide)])
}

fn shape(text: &str, x: usize, y: usize) -> String {
    format!(
        "<p:sp><p:spPr><a:xfrm><a:off x='{x}' y='{y}'/></a:xfrm></p:spPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p>\
         </p:txBody></p:sp>"
    )
}

#[test]
fn text_boxes_out_of_order_are_read_as_they_are_seen() {
    let anchored = |n: usize, digit: char| {
        let position = |way: char, offset: usize| {
            format!("<wp:position{way} relativeFrom='page'><wp:posOffset>{offset}</wp:posOffset></wp:position{way}>")
        };
        let content = format!("<w:txbxContent>{}</w:txbxContent>", run(&digit.to_string()));
        format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:anchor>{}{}<a:graphic><wps:wsp><wps:spPr><a:xfrm>\
             <a:off x='0' y='0'/></a:xfrm></wps:spPr><wps:txbx>{content}</wps:txbx></wps:wsp></a:graphic></wp:anchor>\
             </w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape style='position:absolute;margin-left:{n}pt'><v:textbox>\
             {content}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
            position('H', 200_000 * n),
            position('V', 0),
        )
    };
    let old = |n: usize, digit: char| {
        format!(
            "<w:p><w:r><w:pict><v:shape style='position:absolute;margin-left:{}pt;margin-top:3pt'><v:textbox>\
             <w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
            9 * n,
            run(&digit.to_string())
        )
    };
    let framed = |n: usize, digit: char| {
        format!("<w:p><w:pPr><w:framePr w:x='{}' w:y='90'/></w:pPr><w:r><w:t>{digit}</w:t></w:r></w:p>", 300 * n)
    };
    let open = |n: usize, digit: char| {
        format!(
            "<draw:frame svg:x='{}.5cm' svg:y='2cm'><draw:text-box><text:p>{digit}</text:p></draw:text-box></draw:frame>",
            n
        )
    };
    let sheet = |n: usize, digit: char| shape(&digit.to_string(), 300_000 * n, 9).replace("p:", "xdr:");
    let drawing = format!("<xdr:wsDr>{}</xdr:wsDr>", boxes(&sheet));
    let said = run("Số CCCD:");
    let figures = [(4, "0901"), (1, "0010"), (7, "2345"), (10, "6")];
    let figures: String = figures.iter().map(|(n, text)| shape(text, 300_000 * n, 9)).collect();
    let order = shape("Số đơn hàng:", 0, 9) + &boxes(&|n, digit| shape(&digit.to_string(), 900_000 + 300_000 * n, 9));
    for (what, bytes, found) in [
        (
            "pptx",
            slide(&(shape("Số CCCD:", 0, 9) + &boxes(&|n, digit| shape(&digit.to_string(), 900_000 + 300_000 * n, 9)))),
            true,
        ),
        ("docx", letter(&(said.clone() + &boxes(&anchored))), true),
        ("docx, VML", letter(&(said.clone() + &boxes(&old))), true),
        ("docx, frames", letter(&(said + &boxes(&framed))), true),
        (
            "odt",
            open_document(
                "text",
                &format!("<office:text><text:p>Số CCCD:</text:p><text:p>{}</text:p></office:text>", boxes(&open)),
            ),
            true,
        ),
        (
            "xlsx",
            package(&[
                ("xl/workbook.xml", "<workbook/>"),
                ("xl/drawings/drawing1.xml", &drawing),
                ("xl/worksheets/sheet1.xml", "<worksheet/>"),
            ]),
            true,
        ),
        // Figures of a picture, in the order somebody drew them.
        ("figures", slide(&figures), false),
        ("an order", slide(&order), false),
    ] {
        let inspection = inspect(&bytes);
        let is_found = inspection.distinct(DetectorId::Cccd) > 0;
        assert_eq!((is_found, inspection.opaque.len()), (found, 0), "{what}: {inspection:?}");
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

#[test]
fn markup_of_two_bytes_a_letter_is_known_however_it_is_packed() {
    // Long and varied enough for codes of its own, which stand before the first letter.
    let filling: String = (0..4_000u32).map(|n| char::from_u32(0x61 + n * n % 97 * 7).unwrap_or('x')).collect();
    let text = format!(
        "<?xml version='1.0' encoding='UTF-16'?><w:document>{}{}</w:document>",
        run(&filling),
        run("CCCD 001090123456")
    );
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = [b"\xff\xfe", &wide[..]].concat();
    let bytes = zip(&[("[Content_Types].xml", TYPES.as_bytes()), ("word/document.xml", &wide)]);
    let inspection = inspect(&bytes);
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn streams_within_streams_end_with_the_depth() {
    let nested = |times: usize| (0..times).fold(NUMBER.as_bytes().to_vec(), |inner, _| archive::gzip(&inner));
    let inspection = inspect(&nested(15));
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
    assert!(inspect(&nested(400)).is_opaque(OpaqueReason::TooDeep));
}

#[test]
fn tracked_changes_are_read_as_they_are_and_as_they_were() {
    let run = |text: &str| format!("<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>");
    let ins = |text: &str| format!("<w:ins w:id='1' w:author='a'>{}</w:ins>", run(text));
    let del = |text: &str| format!("<w:del w:id='2' w:author='a'><w:r><w:delText>{text}</w:delText></w:r></w:del>");
    let line = |parts: &[String]| format!("<w:p>{}</w:p>", parts.concat());
    let row = |name: &str, number: &[String]| {
        let cell = |parts: &[String]| format!("<w:tc>{}</w:tc>", line(parts));
        format!("<w:tr>{}{}</w:tr>", cell(&[run(name)]), cell(number))
    };
    let table = |heading: &[String], number: &[String]| {
        let last = row("Lê Thị Hoa", &[run("5218935490")]);
        format!("<w:tbl>{}{}{last}</w:tbl>", row("Họ và tên", heading), row("Nguyễn Văn An", number))
    };
    let insured = [run("Mã số BHXH")];
    for (what, body, cccd, cmnd, bhxh) in [
        ("in the middle", line(&[run("Số CCCD: 0010901"), del("99"), run("23456")]), 1, 0, 0),
        ("twice", line(&[run("Số CCCD: 00109"), del("9"), run("0123"), del("8"), run("456")]), 1, 0, 0),
        ("what was a number", line(&[run("Số CMND: 1580"), del("862"), ins("99"), run("26 cấp")]), 0, 1, 0),
        ("in the middle of an old one", line(&[run("Số CMND: 1580"), del("86"), run("226")]), 0, 1, 0),
        ("the end of one", line(&[run("Số CCCD: 0010901"), del("23456"), ins("9")]), 1, 0, 0),
        ("behind what came", line(&[run("Số CCCD: 0010901"), ins("9"), del("23456")]), 1, 0, 0),
        ("between what came and the end", line(&[run("Số CCCD: 0010901"), ins("9"), del("23"), run("456")]), 1, 0, 0),
        ("one for another", line(&[run("Số CCCD: "), del("001090123456"), ins("001190654321")]), 2, 0, 0),
        ("before another", line(&[run("Số CCCD: "), del("001090123456"), run("001190654321")]), 2, 0, 0),
        ("half came, half went", line(&[run("Số CCCD: "), ins("0010901"), del("23456")]), 1, 0, 0),
        ("in a cell", table(&insured, &[run("48174"), del("999"), run("96985")]), 0, 0, 2),
        ("a cell's", table(&insured, &[del("4817496985"), ins("7528551664")]), 0, 0, 3),
        ("all of a cell", table(&insured, &[del("4817496985")]), 0, 0, 2),
        ("a heading's", table(&[del("Số thẻ"), ins("Mã số BHXH")], &[run("4817496985")]), 0, 0, 2),
    ] {
        let inspection = inspect(&letter(&body));
        let found = [DetectorId::Cccd, DetectorId::Cmnd, DetectorId::Bhxh].map(|id| inspection.distinct(id));
        assert_eq!(found, [cccd, cmnd, bhxh], "{what}: {inspection:?}");
    }
}
