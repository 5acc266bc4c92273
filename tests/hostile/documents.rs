//! Documents that say they are larger than they are, that nest without end, or that name one thing a million times.

use std::fmt::Write as _;
use std::io::Write as _;

use super::{Member, Must, SAID, archive, crc, deflate};

const NUMBER: &str = "CCCD 001090123456";

fn zip(members: &[(&'static str, &str)]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in members {
        let (packed, size) = (deflate(text.as_bytes()), text.len() as u32);
        let crc = crc(&[text.as_bytes()]);
        let member = Member { name, method: 8, flags: 0, crc, packed: packed.len() as u32, size };
        directory.push(member.central(body.len()));
        body.extend([member.local(), packed].concat());
    }
    archive(&body, &directory, b"")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (1..=count).fold(String::new(), |mut out, n| {
        out += &line(n);
        out
    })
}

fn workbook(strings: &str, rows: &str) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", "<Types/>"),
        ("xl/workbook.xml", "<workbook/>"),
        ("xl/sharedStrings.xml", &format!("<sst uniqueCount='4000000000'>{strings}</sst>")),
        ("xl/worksheets/sheet1.xml", &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")),
    ])
}

/// One string of a mebibyte in many cells (Apache POI, poc-shared-strings.xlsx).
fn shared() -> Vec<u8> {
    let rows = lines(12_000, |n| format!("<row r='{n}'><c r='A{n}' t='s'><v>0</v></c></row>"));
    workbook(&format!("<si><t>{}{NUMBER}</t></si>", "x ".repeat(1 << 19)), &rows)
}

/// Cells in the last column, rows apart.
fn far() -> Vec<u8> {
    let rows = lines(20_000, |n| format!("<row r='{0}'><c r='XFD{0}'><v>{n}</v></c></row>", 8 * n));
    workbook(&format!("<si><t>{NUMBER}</t></si>"), &rows)
}

/// Cells and rows that say they are there a million times.
fn repeated() -> Vec<u8> {
    let cell =
        format!("<table:table-cell table:number-columns-repeated='16384'><text:p>{NUMBER}</text:p></table:table-cell>");
    let row = format!("<table:table-row table:number-rows-repeated='1048576'>{}</table:table-row>", cell.repeat(20));
    zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &format!("<office:document-content><table:table>{}</table:table>", row.repeat(40))),
    ])
}

/// A name for ten of a name for ten of … ("billion laughs").
fn entities() -> Vec<u8> {
    let laughs = lines(12, |n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)));
    format!("<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 \"ha\">{laughs}]><x>&a12; {NUMBER}</x>").into()
}

/// Streams of objects that hold millions of them, or are blanks.
fn objects() -> Vec<u8> {
    let mut out = b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Kids[3 0 R]>> endobj\n".to_vec();
    let numbers = lines(200_000, |n| format!("{} {} ", n + 100, n % 10));
    let many = (format!("/Type/ObjStm/N 200000/First {}", numbers.len()), numbers + &"[0]".repeat(10));
    let more = ("/Type/ObjStm/N 1099511627776/First 4".to_owned(), format!("11 0 {}", "[".repeat(1 << 20)));
    let within = ("/Type/ObjStm/N 1/First 5/Extends 10 0 R".to_owned(), format!("11 0 {}", "[".repeat(1 << 20)));
    let blanks = std::iter::repeat_n(("/Type/ObjStm/N 1/First 4".to_owned(), " ".repeat(16 << 20)), 20);
    for (n, (dictionary, content)) in [many, more, within].into_iter().chain(blanks).enumerate() {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(content.as_bytes()).expect("memory");
        let packed = packed.finish().expect("memory");
        out.extend(
            format!("{} 0 obj <<{dictionary}/Filter/FlateDecode/Length {}>> stream\n", n + 10, packed.len()).bytes(),
        );
        out.extend([&packed[..], b"\nendstream endobj\n"].concat());
    }
    [&out[..], b"trailer <</Root 1 0 R>> % ", SAID, b"\n"].concat()
}

fn deep(open: &str, close: &str) -> Vec<u8> {
    const DEEP: usize = 200_000;
    format!("{}\"{NUMBER}\"{}", open.repeat(DEEP), close.repeat(DEEP)).into()
}

/// Mails within mails, or parts within parts.
fn mails(depth: usize, inner: impl Fn(usize) -> String) -> Vec<u8> {
    const HEAD: &str = "From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\n";
    let mut out = HEAD.to_owned();
    (0..depth).for_each(|n| write!(out, "{}{HEAD}", inner(n)).expect("memory"));
    (out + "\r\n" + NUMBER).into()
}

pub(super) fn cases() -> Vec<(&'static str, Vec<u8>, Must)> {
    use Must::{Read, ReadAndTell};
    let mail = |_| "Content-Type: message/rfc822\r\n\r\n".to_owned();
    let part = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    vec![
        ("shared.xlsx", shared(), Read),
        ("far.xlsx", far(), Read),
        ("repeated.ods", repeated(), Read),
        ("entities.xml", entities(), ReadAndTell),
        ("objects.pdf", objects(), ReadAndTell),
        ("deep.json", deep("[", "]"), Read),
        // Names of so many levels are not followed.
        ("objects.json", deep("{\"a\":", "}"), ReadAndTell),
        ("deep.html", [b"<html>", &deep("<div>", "</div>")[..]].concat(), Read),
        ("tables.html", [b"<html>", &deep("<table><tr><td>", "</td></tr></table>")[..]].concat(), Read),
        ("deep.xml", [b"<?xml version='1.0'?>", &deep("<a>", "</a>")[..]].concat(), ReadAndTell),
        ("deep.rtf", [b"{\\rtf1 ", &deep("{\\b ", "}")[..], b"}"].concat(), Read),
        ("mails.eml", mails(5_000, mail), ReadAndTell),
        ("parts.eml", mails(5_000, part), Read),
    ]
}
