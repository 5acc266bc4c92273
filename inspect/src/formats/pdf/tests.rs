//! Files as producers and as people with something to hide write them. All people are invented.

use std::fmt::Write as _;
use std::time::Duration;

use chot_model::{DetectorId, OpaqueReason};
use proptest::prelude::*;

use crate::extract::{Bounds, Extractor, InProcess, Kind, Piece};
use crate::{Hint, Inspected, Inspector, Limits};

/// A file of objects `1 0 obj` and on, with a table and a trailer.
fn file(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", n + 1).bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(table, "{place:010} 00000 n ");
    }
    let _ = write!(table, "trailer\n<</Size {} /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF", objects.len() + 1);
    out.extend(table.bytes());
    out
}

fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    [format!("<<{dict} /Length {}>>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"].concat()
}

fn deflated(dict: &str, content: &[u8]) -> Vec<u8> {
    stream(&format!("{dict} /Filter /FlateDecode"), &zlib(content))
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut zlib, content).expect("memory");
    zlib.finish().expect("memory")
}

/// One page with this content; object 4 is the content, 5 the font, those given follow.
fn page_with(content: &[u8], font: &str, more: &[Vec<u8>], catalog: &str) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = [
        format!("<</Type/Catalog /Pages 2 0 R {catalog}>>"),
        "<</Type/Pages /Kids[3 0 R] /Count 1>>".to_owned(),
        "<</Type/Page /Parent 2 0 R /Contents 4 0 R /Resources<</Font<</F1 5 0 R>>/XObject<</X1 6 0 R>>>> /Annots[7 0 R]>>"
            .to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec();
    objects.push(deflated("", content));
    objects.push(font.as_bytes().to_vec());
    objects.extend_from_slice(more);
    file(&objects, "")
}

const HELVETICA: &str = "<</Type/Font /Subtype/Type1 /BaseFont/Helvetica /Encoding/WinAnsiEncoding>>";

fn page(content: &str) -> Vec<u8> {
    page_with(content.as_bytes(), HELVETICA, &[], "")
}

fn inspect(bytes: &[u8]) -> Inspected {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec())
}

fn citizens(bytes: &[u8]) -> u64 {
    inspect(bytes).inspection.distinct(DetectorId::Cccd)
}

/// All that a reading tells, in words.
fn told(bytes: &[u8]) -> String {
    let bounds = Bounds { decoded_bytes_max: 64 << 20, time_max: Duration::from_secs(20) };
    let mut told = String::new();
    let ended = InProcess.extract(Kind::Pdf, &bytes.to_vec(), bounds, &[], &mut |piece| {
        let _ = match piece {
            Piece::Bytes(bytes) => writeln!(told, "Bytes {}", String::from_utf8_lossy(bytes)),
            piece => writeln!(told, "{piece:?}"),
        };
        true
    });
    if let Err(reason) = ended {
        let _ = writeln!(told, "ended {reason:?}");
    }
    told
}

#[test]
fn a_file_read_whole_is_not_opaque() {
    let inspection = inspect(&page("BT /F1 12 Tf 72 700 Td (So CCCD: 001090123456) Tj ET")).inspection;
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1);
    assert!(inspection.opaque.is_empty(), "{inspection:?}");
    assert_eq!(inspection.object.bytes_inspected, inspection.object.bytes);
}

#[test]
fn text_is_read_however_it_is_shown() {
    for (content, found) in [
        ("BT /F1 12 Tf 72 700 Td (So CCCD: 001090123456) Tj ET", 1),
        ("BT /F1 12 Tf [(So CCCD: 0010)-20(9012)5(3456)] TJ ET", 1),
        ("BT /F1 12 Tf (So CCCD:) Tj 0 -14 Td <303031303930313233343536> Tj ET", 1),
        (r"BT /F1 12 Tf 14 TL (So CCCD \(moi\): \060\060\061090123456) ' ET", 1),
        ("BT /F1 12 Tf [(So)-250(CCCD)-250(001090123456)] TJ ET", 1),
        ("BT /F1 12 Tf 3 Tr (So CCCD 001090123456) Tj ET", 1),
        ("BT /F1 12 Tf 9999 9999 Td (So CCCD 001090123456) Tj ET", 1),
        ("BT /F1 12 Tf 0 1 -1 0 50 50 Tm (So CCCD 001090123456) Tj ET", 1),
        ("BT /F1 0.001 Tf (So CCCD 001090123456) Tj ET", 1),
        ("BT /F1 12 Tf 5 Tc (So CCCD 001090123456) Tj ET", 1),
        ("q 2 0 0 2 0 0 cm BT /F1 12 Tf (So CCCD 001090123456) Tj ET Q", 1),
        ("/Span <</ActualText (So CCCD 001090123456)>> BDC EMC BT /F1 9 Tf (x) Tj ET", 1),
        ("BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI BT /F1 12 Tf (So CCCD 001090123456) Tj ET", 1),
        ("BT /F1 12 Tf (So don hang: 001090123456) Tj ET", 0),
        ("1 0 0 1 001090 123456 cm 0010901 23456 l S", 0),
    ] {
        assert_eq!(citizens(&page(content)), found, "{content}");
    }
}

#[test]
fn glyphs_are_put_together_and_cells_kept_apart() {
    // Each digit placed on its own; another number in the next cell.
    let mut content = "BT /F1 10 Tf 50 700 Td (CCCD) Tj ET\n".to_owned();
    for (n, c) in "001090123456".chars().enumerate() {
        let _ = writeln!(content, "BT /F1 10 Tf 1 0 0 1 {} 680 Tm ({c}) Tj ET", 50.0 + 5.56 * n as f64);
    }
    content.push_str("BT /F1 10 Tf 1 0 0 1 121 680 Tm (0123456789) Tj ET");
    let text = told(&page(&content));
    assert!(text.contains("001090123456\\t0123456789"), "{text}");
}

#[test]
fn numbered_glyphs_are_read_by_their_map() {
    let map = b"begincodespacerange <0000> <ffff> endcodespacerange beginbfrange <0010> <0019> <0030> endbfrange \
        beginbfchar <0001> <0043> endbfchar";
    let font = "<</Type/Font /Subtype/Type0 /Encoding/Identity-H /DescendantFonts[<</Subtype/CIDFontType2 /DW 556>>] /ToUnicode 6 0 R>>";
    let content = "BT /F1 10 Tf <00010001000100010010001000110010001900100011001200130014> Tj <00150016> Tj ET";
    let read = told(&page_with(content.as_bytes(), font, &[deflated("", map)], ""));
    assert!(read.contains("CCCC001090123456"), "{read}");
    assert!(!read.contains("Opaque"), "{read}");
    let lost = told(&page_with(content.as_bytes(), &font.replace("/ToUnicode 6 0 R", ""), &[], ""));
    assert!(lost.contains(r#"Opaque { part: "page 1", reason: UnknownEncoding, bytes: 91 }"#), "{lost}");
}

#[test]
fn fonts_of_their_own_order_are_read_by_names() {
    let font = "<</Type/Font /Subtype/Type3 /FontMatrix[.001 0 0 .001 0 0] /Encoding<</Differences[1/zero/one/nine/two/three/four/five/six]>> \
        /FirstChar 1 /LastChar 8 /Widths[500 500 500 500 500 500 500 500]>>";
    let content = b"BT /F1 10 Tf <010102010301020405060708> Tj ET";
    assert!(told(&page_with(content, font, &[], "")).contains("001090123456"));
}

#[test]
fn everything_beside_the_page_is_read() {
    let xml = "<x>001090123456</x>";
    let number = "(So CCCD 001090123456)";
    let content = b"BT /F1 9 Tf (x) Tj ET /X1 Do";
    let form = |resources: &str| {
        stream(&format!("/Type/XObject /Subtype/Form {resources}"), b"BT /F1 9 Tf (So CCCD 001090123456) Tj ET")
    };
    let null = b"null".to_vec();
    for (what, more, catalog) in [
        ("form", vec![form("")], ""),
        ("form of its own fonts", vec![form("/Resources<</Font<</F1 5 0 R>>>>")], ""),
        ("annotation", vec![null.clone(), format!("<</Subtype/Text /Contents {number}>>").into_bytes()], ""),
        ("look of an annotation", vec![null.clone(), b"<</AP<</N 8 0 R>>>>".to_vec(), form("")], ""),
        ("state of a button", vec![null, b"<</AP<</N<</Yes 8 0 R>>>>>>".to_vec(), form("")], ""),
        ("field", vec![b"<</T(x) /TU(So CCCD) /V(001090123456)>>".to_vec()], "/AcroForm<</Fields[6 0 R]>>"),
        ("bookmark", vec![format!("<</Title {number}>>").into_bytes()], "/Outlines 6 0 R"),
        ("script", vec![stream("", b"var so_cccd = '001090123456';")], "/OpenAction<</S/JavaScript /JS 6 0 R>>"),
        ("metadata", vec![stream("/Type/Metadata /Subtype/XML", xml.as_bytes())], "/Metadata 6 0 R"),
        ("form in XML", vec![stream("", "<so_cccd>001090123456</so_cccd>".as_bytes())], "/AcroForm<</XFA 6 0 R>>"),
        (
            "attached file",
            vec![
                b"<</Type/Filespec /F(ds.csv) /EF<</F 7 0 R>>>>".to_vec(),
                deflated("/Type/EmbeddedFile", b"soCCCD;x\n001090123456;1\n001190123456;2\n"),
            ],
            "",
        ),
        ("link", vec![b"<</S/URI /URI(https://x.vn/?so_cccd=001090123456)>>".to_vec()], ""),
        ("text nobody shows", vec![deflated("", b"BT /F1 9 Tf (So CCCD 001090123456) Tj ET")], ""),
        ("bytes nobody knows", vec![deflated("/Type/Private", "Số CCCD 001090123456".as_bytes())], ""),
        ("name", vec![b"<</CCCD001090123456 1>>".to_vec()], ""),
        ("shadowed key", vec![format!("<</Title {number} /Title(x)>>").into_bytes()], ""),
    ] {
        let bytes = page_with(content, HELVETICA, &more, catalog);
        assert!(
            citizens(&bytes) > 0 || what == "name" && told(&bytes).contains("001090123456"),
            "{what}: {}",
            told(&bytes)
        );
    }
}

#[test]
fn properties_and_bytes_between_objects_are_read() {
    let bytes = file(
        &[
            b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
            b"<</Kids[]>>".to_vec(),
            "<</Subject(So CCCD 001090123456)>>".into(),
        ],
        "/Info 3 0 R",
    );
    assert_eq!(citizens(&bytes), 1);
    let bytes = page("BT /F1 9 Tf (x) Tj ET");
    assert_eq!(citizens(&[&bytes, "\n% Số CCCD 001090123456\n".as_bytes()].concat()), 1);
    let archive = crate::formats::archive(&[("a.txt", "Số CCCD 001090123456".as_bytes())]);
    assert_eq!(citizens(&[bytes.clone(), archive].concat()), 1);
    let noise: Vec<u8> = (0u32..4_096).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(!inspect(&[bytes, noise].concat()).inspection.opaque.is_empty());
}

#[test]
fn what_an_update_took_away_is_found() {
    let old = page("BT /F1 12 Tf (So CCCD 001090123456) Tj ET");
    let at = old.len();
    let new = [b"\n4 0 obj\n".as_slice(), &deflated("", b"BT /F1 12 Tf (khong co gi) Tj ET"), b"\nendobj\n"].concat();
    let table = at + new.len();
    let tail = format!(
        "xref\n4 1\n{:010} 00000 n \ntrailer\n<</Size 6 /Root 1 0 R /Prev {}>>\nstartxref\n{table}\n%%EOF",
        at + 1,
        memchr::memmem::find(&old, b"xref\n0").expect("a table")
    );
    let bytes = [old, new, tail.into_bytes()].concat();
    let text = told(&bytes);
    assert!(text.contains(r#"Text { part: "", text: "khong co gi"#), "{text}");
    assert_eq!(citizens(&bytes), 1);
}

#[test]
fn object_and_cross_reference_streams_are_read() {
    let objects = [
        (1, "<</Type/Catalog/Pages 2 0 R>>"),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
        (3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"),
        (5, HELVETICA),
    ];
    let (mut head, mut body) = (String::new(), String::new());
    for (number, object) in objects {
        let _ = write!(head, "{number} {} ", body.len());
        body.push_str(object);
        body.push(' ');
    }
    let body = head.clone() + &body;
    let mut out = b"%PDF-1.5\n".to_vec();
    let content_at = out.len();
    out.extend([b"4 0 obj\n", &deflated("", b"BT /F1 12 Tf (So CCCD 001090123456) Tj ET")[..], b"\nendobj\n"].concat());
    let packed_at = out.len();
    let dict = format!("/Type/ObjStm /N 4 /First {}", head.len());
    out.extend([b"6 0 obj\n", &deflated(&dict, body.as_bytes())[..], b"\nendobj\n"].concat());
    let table_at = out.len();
    let mut rows = Vec::new();
    for (kind, place, n) in
        [(0, 0, 0), (2, 6, 0), (2, 6, 1), (2, 6, 2), (1, content_at, 0), (2, 6, 3), (1, packed_at, 0), (1, table_at, 0)]
    {
        rows.extend([kind, (place >> 8) as u8, place as u8, n]);
    }
    let table = deflated("/Type/XRef /W[1 2 1] /Size 8 /Root 1 0 R", &rows);
    out.extend([b"7 0 obj\n", &table[..], format!("\nendobj\nstartxref\n{table_at}\n%%EOF").as_bytes()].concat());
    let inspection = inspect(&out).inspection;
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{}", told(&out));
    assert!(inspection.opaque.is_empty(), "{inspection:?}");
    // The same without its tables is mended.
    let at = memchr::memmem::rfind(&out, b"startxref").expect("there");
    assert_eq!(citizens(&out[..at]), 1);
}

#[test]
fn damaged_files_are_mended_and_nothing_is_called_clean_without_pages() {
    let whole = page("BT /F1 12 Tf (So CCCD 001090123456) Tj ET");
    for cut in [b"xref".as_slice(), b"trailer", b"startxref"] {
        let at = memchr::memmem::find(&whole, cut).expect("there");
        assert_eq!(citizens(&whole[..at]), 1, "{cut:?}");
    }
    let shifted = [b"\n\n\njunk ".as_slice(), &whole].concat();
    assert_eq!(citizens(&shifted), 1);
    let none = b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj";
    assert!(inspect(none).inspection.is_opaque(OpaqueReason::ParseError));
}

#[test]
fn pictures_are_handed_on_as_files() {
    let jpeg = [b"\xff\xd8\xff\xe0".as_slice(), &[7; 200]].concat();
    let image = |dict: &str, bytes: &[u8]| stream(&format!("/Type/XObject /Subtype/Image {dict}"), bytes);
    let picture = image("/Width 100 /Height 100 /Filter/DCTDecode", &jpeg);
    let read = told(&page_with(b"/X1 Do", HELVETICA, &[picture], ""));
    assert!(read.contains("picture object 6.jpg"), "{read}");
    for (dict, len) in [
        ("/ColorSpace/DeviceRGB /BitsPerComponent 8", 30 * 30 * 3),
        ("/ColorSpace/DeviceGray /BitsPerComponent 8", 30 * 30),
        ("/ColorSpace/DeviceCMYK /BitsPerComponent 8", 30 * 30 * 4),
        ("/ColorSpace[/Indexed/DeviceRGB 1 <000000ffffff>] /BitsPerComponent 1", 30 * 4),
        ("/ImageMask true", 30 * 4),
    ] {
        let picture = image(&format!("/Width 30 /Height 30 {dict}"), &vec![0x55; len]);
        let read = told(&page_with(b"/X1 Do", HELVETICA, &[picture], ""));
        assert!(read.contains("picture object 6.png") && read.contains("Bytes \u{fffd}PNG"), "{dict}: {read}");
    }
    let fax = image("/Width 100 /Height 100 /Filter/CCITTFaxDecode /DecodeParms<</K -1 /Columns 100>>", &[1; 50]);
    let read = told(&page_with(b"/X1 Do", HELVETICA, &[fax], ""));
    assert!(read.contains("picture object 6.tif"), "{read}");
    let scanned = page_with(b"/X1 Do", HELVETICA, &[image("/Width 100 /Height 100 /Filter/JBIG2Decode", &[1; 50])], "");
    assert!(!inspect(&scanned).inspection.opaque.is_empty(), "a scanned page is not read");
    let speck = page_with(b"/X1 Do", HELVETICA, &[image("/Width 8 /Height 8 /Filter/DCTDecode", &jpeg)], "");
    assert!(!told(&speck).contains("picture"));
}

#[test]
fn what_stands_before_a_file_or_carries_it_is_read_once() {
    let pdf = page_with(b"BT /F1 12 Tf (So CCCD 001090123456) Tj ET", HELVETICA, &[], "");
    let junk: Vec<u8> = (0..400u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let inspection = inspect(&[&junk[..], &pdf].concat()).inspection;
    let parts: Vec<_> = inspection.opaque.iter().map(|opaque| opaque.part.to_string()).collect();
    assert_eq!((parts, inspection.distinct(DetectorId::Cccd)), (vec!["bytes from 0".to_owned()], 1));
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82"[..], &pdf].concat();
    let inspection = inspect(&png).inspection;
    assert_eq!((inspection.object.media_type.as_str(), inspection.distinct(DetectorId::Cccd)), ("image/png", 1));
}

#[test]
fn small_pictures_of_pages_and_maps_of_letters_are_known_without_their_kind() {
    let thumb = stream("/Width 30 /Height 30 /BitsPerComponent 8 /ColorSpace/DeviceGray", &[0x55; 900]);
    assert!(told(&page_with(b"", HELVETICA, &[thumb], "")).contains("picture object 6.png"));
    let map = "%!PS-Adobe-3.0 Resource-CMap\nbegincmap\n1 beginbfrange\n<00> <01> <0393>\nendbfrange\nendcmap";
    let with = |content: &[u8]| inspect(&page_with(b"", HELVETICA, &[deflated("", content)], "")).inspection;
    assert!(with(map.as_bytes()).opaque.is_empty());
    assert!(!with(map.replace("endcmap", "showpage").as_bytes()).opaque.is_empty());
    assert_eq!(with(map.replace("endbf", "% So CCCD 001090123456\nendbf").as_bytes()).distinct(DetectorId::Cccd), 1);
}

#[test]
fn a_number_in_boxes_is_one() {
    let number = "001090123456";
    let boxes = |y: u32, number: &str| -> String {
        let letter = |(n, c): (usize, char)| format!("BT /F1 12 Tf {} {y} Td ({c}) Tj ET\n", 200 + 22 * n);
        number.chars().enumerate().map(letter).collect()
    };
    let said = |y: u32, text: &str| format!("BT /F1 12 Tf 50 {y} Td ({text}) Tj ET\n");
    assert_eq!(citizens(&page(&(said(700, "So CCCD") + &boxes(700, number)))), 1, "before the boxes");
    assert_eq!(citizens(&page(&(said(700, "So CCCD") + &boxes(660, number)))), 1, "above the boxes");
    let years: String =
        (0..6).map(|n| said(700 - 20 * n, "Nguyen Van An") + &boxes(700 - 20 * n, "718293645081")).collect();
    assert_eq!(inspect(page(&years).as_slice()).inspection.identifiers(), 0, "marks of pupils");
}

#[test]
fn codes_that_mean_nothing_are_read_as_ascii_and_told() {
    let font = "<</Type/Font /Subtype/TrueType /FontDescriptor<</Flags 4 /FontFile2 6 0 R>>>>";
    let content = b"BT /F1 10 Tf (S\x01 CCCD 001090123456) Tj ET";
    let read = told(&page_with(content, font, &[deflated("", b"no font")], ""));
    assert!(read.contains("CCCD 001090123456"), "{read}");
    assert!(read.contains("UnknownEncoding"), "{read}");
}

#[test]
fn numbers_that_fill_their_narrow_columns_stay_apart() {
    let shown = |left: &str, at: f64, right: &str| {
        told(&page(&format!("BT /F1 10 Tf 1 0 0 1 50 700 Tm ({left}) Tj 1 0 0 1 {at} 700 Tm ({right}) Tj ET")))
    };
    let read = shown("0010901234", 105.6, "7901234510");
    assert!(read.contains("0010901234\\t7901234510"), "{read}");
    let read = shown("001090", 83.36, "123456");
    assert!(read.contains("001090123456"), "{read}");
}

#[test]
fn a_page_of_strokes_alone_may_be_text() {
    let read = told(&page(&"1 2 l ".repeat(1_000)));
    assert!(read.contains(r#"Opaque { part: "page 1""#), "{read}");
}

/// The code of an invented person, `#` a dark module.
const CODE: &str = include_str!("../../../tests/drawings/code.txt");

/// For each module that is dark, or not, what a page has in its place.
fn modules(is_dark: bool, each: impl Fn(usize, usize) -> String) -> String {
    let rows = CODE.lines().enumerate();
    let places = rows.flat_map(|(y, row)| row.bytes().enumerate().map(move |(x, b)| (x, y, (b == b'#') == is_dark)));
    places.filter(|(_, _, is_one)| *is_one).map(|(x, y, _)| each(x, y)).collect()
}

/// Pages that draw a code, each as producers do.
fn codes() -> Vec<Vec<u8>> {
    let at = |x: usize, y: usize| (100.5 + 3.25 * x as f64, 700.0 - 3.25 * y as f64);
    let area = |x, y| format!("{} {} 3.25 3.25 re ", at(x, y).0, at(x, y).1);
    let text = "BT /F1 12 Tf 72 730 Td (Ma cua toi) Tj ET ";
    let each = modules(true, |x, y| area(x, y) + "f\n");
    let path = modules(true, |x, y| {
        let (x, y) = at(x, y);
        format!("{x} {y} m {0} {y} l {0} {1} l {x} {1} l h ", x + 3.25, y + 3.25)
    });
    let ground = "1 g 50 300 400 500 re f ";
    let holes = modules(false, area);
    let side = CODE.lines().count();
    let whole = format!("100.5 {} {1} {1} ", at(0, side - 1).1, 3.25 * side as f64);
    let strokes = modules(true, |x, y| format!("{} {y} m {} {y} l ", at(x, y).0, at(x, y).0 + 3.25, y = at(x, y).1));
    let forms = modules(true, |x, y| format!("q 3.25 0 0 3.25 {} {} cm /X1 Do Q ", at(x, y).0, at(x, y).1));
    let dots = modules(true, |x, y| {
        let (x, y) = at(x, y);
        format!("{x} {y} m {x} {0} {1} {0} {1} {y} c {1} {2} {x} {2} {x} {y} c f ", y + 2.0, x + 3.0, y - 2.0)
    });
    let mut files: Vec<Vec<u8>> = [
        format!("{}f", modules(true, area)),
        format!("{text}{ground}0 0 0 1 k {each}"),
        format!("{text}{ground}/Cs1 cs 0 0 .2 sc {path} f*"),
        format!("{text}0 1 -1 0 800 0 cm q 0 g {whole}re f 1 1 1 rg {holes}f Q"),
        format!("{text}0 G 3.25 w {strokes}S"),
        format!("{text}{dots}"),
    ]
    .iter()
    .map(|content| page(content))
    .collect();
    let square = stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b"0 0 1 1 re f");
    files.push(page_with(format!("{text}1 0 0 1 9 9 cm {forms}").as_bytes(), HELVETICA, &[square], ""));
    files
}

#[test]
fn codes_drawn_by_areas_are_read() {
    for (n, file) in codes().iter().enumerate() {
        let inspection = inspect(file).inspection;
        assert_eq!(inspection.distinct(DetectorId::CccdQr), 1, "{n}: {inspection:?}");
        assert!(inspection.opaque.is_empty(), "{n}: {inspection:?}");
    }
}

#[test]
fn a_code_drawn_by_areas_that_cannot_be_read_is_told() {
    let side = CODE.lines().count();
    let is_finder = |x: usize, y: usize| y < 8 && (x < 8 || x + 8 >= side) || y + 8 >= side && x < 8;
    let area = |x: usize, y: usize| format!("{} {} 3 3 re ", 3 * x, 3 * (side - y));
    let noise = (0..side * side).map(|n| (n % side, n / side)).filter(|(x, y)| (x * 7 + y * 13) % 5 < 2);
    let noise = noise.filter(|(x, y)| !is_finder(*x, *y)).map(|(x, y)| area(x, y)).collect::<String>();
    let finders = modules(true, |x, y| if is_finder(x, y) { area(x, y) } else { String::new() });
    let file = page(&format!("{finders}{noise}f"));
    assert!(inspect(&file).inspection.is_opaque(OpaqueReason::UnsupportedFormat));
    // Squares alone, as of a map of heat, are none.
    let squares = (0..900).map(|n| area(n % 30, n / 30)).collect::<Vec<_>>();
    for step in [1, 2, 7] {
        let content: String = squares.iter().step_by(step).cloned().collect();
        let read = told(&page(&format!("BT /F1 12 Tf (Nhiet do) Tj ET {content} f")));
        assert!(!read.contains("Opaque") && !read.contains("/qr"), "{read}");
    }
}

/// A page of text with shapes beside each other: where each is, how wide and how high, and how many times it is bent.
fn shapes(shapes: impl IntoIterator<Item = (f64, f64, f64, usize)>) -> Vec<u8> {
    let mut content = "BT /F1 12 Tf 72 730 Td (Can cuoc cong dan:) Tj ET\n".to_owned();
    for (x, width, height, bends) in shapes {
        let _ = write!(content, "{x} 500 m {} 500 l ", x + width);
        for n in 0..bends {
            let y = 500.0 + height * n as f64 / bends as f64;
            let _ = write!(content, "{} {y} {} {y} {} {y} c ", x + width, x + width / 2.0, x + width / 3.0);
        }
        let _ = writeln!(content, "{} {1} l {x} {1} l h f", x + width, 500.0 + height);
    }
    page(&content)
}

#[test]
fn numbers_turned_into_outlines_are_told_and_other_shapes_are_not() {
    let digit = |n: usize| [(2.5, 1), (4.6, 3), (4.4, 2), (5.0, 1)][n % 4];
    let digits = |n: usize, gap: f64| {
        shapes((0..n).map(|n| {
            let (width, bends) = digit(n);
            (200.0 + 6.0 * n as f64 + gap * (n / 4) as f64 - width / 2.0, width, 8.0, bends)
        }))
    };
    let dots = shapes((0..30).map(|n| (200.0 + 6.0 * f64::from(n), 4.0, 4.0, 3)));
    let bars = shapes((0..30).map(|n| (200.0 + 6.0 * f64::from(n), f64::from(n % 4), 20.0, 0)));
    let chart =
        shapes((0..30).map(|n| (200.0 + 6.0 * f64::from(n), 4.0 + 0.1 * f64::from(n % 4), f64::from(n * 7 % 20), 2)));
    let word = shapes((0..12).scan(200.0, |x, n: usize| {
        let width = [6.0, 7.5, 2.0, 5.0, 7.0, 4.0][n % 6];
        *x += width + 1.0;
        Some((*x - width, width, 8.0, n % 3 + 1))
    }));
    for (n, (file, is_told)) in [
        (digits(12, 0.0), true),
        (digits(12, 4.0), true),
        (digits(8, 0.0), false),
        (dots, false),
        (bars, false),
        (chart, false),
        (word, false),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(told(&file).contains(r#"Opaque { part: "page 1""#), is_told, "{n}");
    }
}

/// What this thread has worked: a busy machine makes no file expensive.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(stat.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number"))
}

#[test]
fn bombs_end_in_a_reason() {
    let zeros = vec![0; 1 << 20];
    let twice = stream("/Filter[/FlateDecode/FlateDecode]", &zlib(&zlib(&zeros.repeat(20))));
    let loops = stream(
        "/Type/XObject /Subtype/Form /Resources<</XObject<</X1 6 0 R/X2 7 0 R>>>>",
        &b"/X1 Do /X2 Do ".repeat(1_000),
    );
    let lists = "[".repeat(100_000);
    let page_loop =
        file(&[b"<</Type/Catalog /Pages 2 0 R>>".to_vec(), b"<</Type/Pages /Kids[2 0 R 2 0 R]>>".to_vec()], "");
    let many: Vec<u8> =
        (0..20_000).flat_map(|n| format!("{n} 0 obj <</Length {} 0 R>> stream\n", n + 1).into_bytes()).collect();
    let image = stream(
        "/Subtype/Image /Width 1000000000 /Height 1000000000 /BitsPerComponent 8 /Filter/FlateDecode",
        &zlib(&zeros),
    );
    let names: String = (0..5_000).fold(String::new(), |mut names, n| {
        let _ = write!(names, "/N{n} 1");
        names
    });
    let heirs = file(
        &[
            b"<</Type/Catalog /Pages 2 0 R>>".to_vec(),
            format!("<</Resources<<{names}>> /Kids[{}]>>", "<<>>".repeat(5_000)).into_bytes(),
        ],
        "",
    );
    let spaced = format!("BT /F1 9 Tf 400 Tc ({}) Tj 2 Tc ({}) Tj ET", "7".repeat(20_000), "7".repeat(20_000));
    let marked = format!("/X <</ActualText ({})>> BDC ", "7".repeat(3_000)).repeat(300);
    let grown = deflated(
        "",
        format!(
            "begincodespacerange <0000> <ffff> endcodespacerange beginbfchar <4141> <{}> endbfchar",
            "0041".repeat(30)
        )
        .as_bytes(),
    );
    let grown_font = "<</Type/Font /Subtype/Type0 /Encoding/Identity-H /ToUnicode 6 0 R>>";
    let grown = page_with(format!("BT /F1 9 Tf ({}) Tj ET", "A".repeat(1 << 16)).as_bytes(), grown_font, &[grown], "");
    for (what, bytes) in [
        ("heirs of large lists", heirs),
        ("lists of glyphs placed one by one", page(&spaced)),
        ("lists of replacement texts", page(&marked)),
        ("lists of letters that are words", grown),
        ("twice deflated", page_with(b"", HELVETICA, &[twice], "")),
        ("forms in forms", page_with(b"/X1 Do", HELVETICA, &[loops.clone(), loops], "")),
        ("deep lists", page_with(b"", HELVETICA, &[lists.into_bytes()], "")),
        ("pages in pages", page_loop),
        ("lengths of lengths", [b"%PDF-1.4\n".as_slice(), &many].concat()),
        ("a wide picture", page_with(b"", HELVETICA, &[image], "")),
    ] {
        // Bounds of time would hide what is left of the others.
        let limits = Limits { time_max: Duration::from_secs(3_600), ..Limits::default() };
        let begun = worked();
        let inspection = Inspector::new(limits, 2026).inspect(Hint::default(), &bytes).inspection;
        // Builds without optimisation take several times as long.
        let most = Duration::from_secs(if cfg!(debug_assertions) { 80 } else { 20 });
        let took = worked() - begun;
        assert!(took < most, "{what} took {took:?}");
        assert!(
            what.contains("forms") || what.contains("lists") || !inspection.opaque.is_empty(),
            "{what}: {inspection:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_change_of_a_file_ends(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = page_with(
            b"BT /F1 12 Tf [(So CCCD 0010)-20(90123456)] TJ ET /X1 Do",
            HELVETICA,
            &[stream("/Subtype/Form", b"BT (x) Tj ET"), b"<</T(x)/V(y)/AP<</N 6 0 R>>>>".to_vec()],
            "/AcroForm<</Fields[7 0 R]>>",
        );
        for (at, b) in changes {
            let at = at.index(bytes.len());
            bytes[at] = b;
        }
        let inspection = inspect(&bytes).inspection;
        prop_assert!(!inspection.is_opaque(OpaqueReason::Failed));
    }
}

/// Made by qpdf 11.3 from one file: a page with a citizen number, a property with an insurance number. The owner's
/// password is `owner`; that of users is empty but in those called locked.
#[test]
fn files_that_open_without_a_password_are_read_and_others_are_encrypted() {
    for (name, bytes, opens) in [
        ("rc4-40", include_bytes!("samples/rc4-40.pdf").as_slice(), true),
        ("rc4-128", include_bytes!("samples/rc4-128.pdf"), true),
        ("aes-128", include_bytes!("samples/aes-128.pdf"), true),
        ("aes-256", include_bytes!("samples/aes-256.pdf"), true),
        ("aes-256-r5", include_bytes!("samples/aes-256-r5.pdf"), true),
        ("packed-256", include_bytes!("samples/packed-256.pdf"), true),
        ("packed", include_bytes!("samples/packed.pdf"), true),
        ("linearized", include_bytes!("samples/linearized.pdf"), true),
        ("locked-128", include_bytes!("samples/locked-128.pdf"), false),
        ("locked-256", include_bytes!("samples/locked-256.pdf"), false),
    ] {
        let inspection = inspect(bytes).inspection;
        let found = [DetectorId::Cccd, DetectorId::Bhxh].map(|id| inspection.distinct(id));
        assert_eq!(found, if opens { [1, 1] } else { [0, 0] }, "{name}: {}", told(bytes));
        assert_eq!(inspection.is_opaque(OpaqueReason::Encrypted), !opens, "{name}");
        assert_eq!(inspection.opaque.is_empty(), opens, "{name}: {inspection:?}");
    }
}
