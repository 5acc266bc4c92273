//! Documents made to cost more than they are: each ends in time and in bounded memory, and none passes for clean.
//!
//! All people are invented.

mod archive;

use std::fmt::Write;
use std::time::Duration;

use archive::zip;
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason};

const NUMBER: &str = "CCCD 001090123456";

/// What this thread has worked: a busy machine makes no document expensive.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(stat.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number"))
}

/// Inspects, within the bounds.
fn inspect(name: &str, bytes: &[u8]) -> Inspection {
    // Builds without optimisation take several times as long.
    const WORK_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 40 } else { 10 });
    const MEMORY_KIB_MAX: u64 = 256 << 10;
    // Bounds of time would hide what is left of the others.
    let limits = Limits { time_max: Duration::from_secs(3_600), ..Limits::default() };
    let begun = worked();
    let inspection = Inspector::new(limits, 2026).inspect(Hint::default(), &bytes.to_vec()).inspection;
    let took = worked() - begun;
    assert!(took < WORK_MAX, "{name} took {took:?}");
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
fn a_row_of_two_million_cells_is_several() {
    let long = format!("<si><t>{}{NUMBER}</t></si>", "x ".repeat(1 << 12));
    let row = format!("<row r=\"1\">{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(2_000_000));
    let found = inspect("a row of two million cells", &workbook(&long, &row));
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
}

/// Each sign is a cell, or a piece of one, and all of a row is there at once.
#[test]
fn rows_of_millions_of_cells_are_cut_in_every_format() {
    const N: usize = 2_000_000;
    let flat =
        "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet><Table><Row>";
    let data = "<Cell><Data>x</Data></Cell>".repeat(N / 4);
    for (name, text) in [
        ("commas", format!("{NUMBER}\n{}", ",".repeat(8 * N))),
        ("a row of commas behind a header", format!("STT,CCCD\n1,001090123456{}\n", ",".repeat(2 * N))),
        ("doubled quotes", format!("STT,CCCD\n1,001090123456\n2,\"{}", "\"\"".repeat(2 * N))),
        ("cells of a page", format!("<p>{NUMBER}</p><table><tr>{}", "<td>".repeat(N))),
        (
            "cells of a sheet",
            format!("{flat}<Cell><Data>{NUMBER}</Data></Cell>{data}</Row></Table></Worksheet></Workbook>"),
        ),
    ] {
        assert_eq!(inspect(name, text.as_bytes()).distinct(DetectorId::Cccd), 1, "{name}");
    }
}

#[test]
fn heads_of_mails_hold_no_more_fields_than_mails_have() {
    const N: usize = 1_000_000;
    let mail = |head: String| format!("From: a@b.vn\nTo: c@d.vn\nMIME-Version: 1.0\n{head}\n\n{NUMBER}\n");
    for (name, head) in [
        ("fields", "X-A: b\n".repeat(N)),
        ("a folded field", format!("Subject: a{}", "\n b".repeat(2 * N))),
        ("addresses", format!("To: {}e@f.vn", "a@b.vn,".repeat(N))),
        ("fields of a mail within", format!("Content-Type: message/rfc822\n\n{}", "X-A: b\n".repeat(N))),
    ] {
        let found = inspect(name, mail(head).as_bytes());
        assert_eq!(found.distinct(DetectorId::Cccd), 1, "{name}");
        assert!(found.opaque.iter().any(|opaque| opaque.reason == OpaqueReason::TooMany), "{name}");
    }
}

#[test]
fn lines_of_nothing_but_commas_are_cut_into_some_cells() {
    let line = format!("<is><t>STT,CCCD{}</t></is>", ",".repeat(30_000));
    let rows = rows(200, |row| format!("<c r=\"A{row}\" t=\"inlineStr\">{line}</c>"));
    let found = Inspector::new(Limits::default(), 2026)
        .inspect(Hint::default(), &workbook(&format!("<si><t>{NUMBER}</t></si>"), &rows))
        .inspection;
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the most memory held");
    let most: u64 = most.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(most < 128 << 10, "{most} KiB");
}

#[test]
fn a_list_of_records_under_the_name_of_headings_is_not_held() {
    const RECORDS: usize = 4_000_000;
    for key in ["fields", "headers"] {
        let text = format!(r#"{{"{key}":[{}{{"so_cccd":"{NUMBER}"}}]}}"#, "{},".repeat(RECORDS));
        assert_eq!(inspect(key, text.as_bytes()).distinct(DetectorId::Cccd), 1, "{key}");
    }
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
fn copies_of_cells_are_bounded_in_all() {
    let cell = "<table:table-cell table:number-columns-repeated='32'><text:p>x</text:p></table:table-cell>";
    let row = format!("<table:table-row>{}</table:table-row>", cell.repeat(100));
    let last =
        format!("<table:table-row><table:table-cell><text:p>{NUMBER}</text:p></table:table-cell></table:table-row>");
    let content = format!(
        "<office:document-content><table:table>{}{last}</table:table></office:document-content>",
        row.repeat(340)
    );
    let bytes = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ]);
    let inspection = inspect("a million copies", &bytes);
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.is_opaque(OpaqueReason::TooLarge)), (1, true));
}

#[test]
fn what_is_found_in_a_wide_row_is_placed_at_once() {
    // Nothing heads these columns.
    let row = (0..9_000).map(|n| format!("001090{:06}", n * 97 + 11)).collect::<Vec<_>>().join(";") + "\n";
    let inspection = inspect("rows of nine thousand numbers", row.repeat(12).as_bytes());
    assert_eq!(inspection.distinct(DetectorId::Cccd), 9_000);
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

#[test]
fn mails_within_mails_and_parts_within_parts_end() {
    const HEAD: &str = "From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\n";
    for depth in [12, 200, 5_000, 60_000] {
        let mail = format!("{HEAD}Content-Type: message/rfc822\r\n\r\n").repeat(depth) + HEAD + "\r\n" + NUMBER;
        assert_eq!(inspect(&format!("{depth} mails"), mail.as_bytes()).distinct(DetectorId::Cccd), 1, "{depth}");
        let parts = (0..depth).fold(HEAD.to_owned(), |mut out, n| {
            write!(out, "Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n").expect("memory");
            out
        });
        let parts = format!("{parts}\r\n{NUMBER}");
        assert_eq!(inspect(&format!("{depth} parts"), parts.as_bytes()).distinct(DetectorId::Cccd), 1, "{depth}");
    }
    // Behind a transfer encoding each, nobody but a reader of each sees what is inside.
    let mut mail = format!("{HEAD}\r\n{NUMBER}");
    for _ in 0..30 {
        let letters = mail.bytes().fold(String::new(), |mut out, b| {
            // The sign itself must be written otherwise, and lines must not be long.
            write!(out, "={b:02X}").expect("memory");
            if out.len() % 75 == 0 { out + "=\r\n" } else { out }
        });
        mail = format!(
            "{HEAD}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{letters}"
        );
        if mail.len() > 4 << 20 {
            break;
        }
    }
    inspect("mails behind encodings", mail.as_bytes());
}

#[test]
fn streams_of_objects_take_no_more_than_they_are() {
    let zlib = |bytes: &[u8]| archive::zlib(bytes);
    let file = |streams: &[(&str, Vec<u8>)]| {
        let mut out = b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Kids[3 0 R]>> endobj\n3 0 obj <</Type/Page>> endobj\n".to_vec();
        for (n, (dict, bytes)) in streams.iter().enumerate() {
            let head = format!("{} 0 obj <<{dict}/Filter/FlateDecode/Length {}>> stream\n", n + 10, bytes.len());
            out.extend([head.as_bytes(), bytes, b"\nendstream endobj\n"].concat());
        }
        [out, format!("trailer <</Root 1 0 R>> % {NUMBER}\n").into_bytes()].concat()
    };
    let numbers: String = (0..200_000).fold(String::new(), |mut out, n| {
        write!(out, "{} {} ", n + 100, n % 10).expect("memory");
        out
    });
    let first = numbers.len();
    let many = zlib(format!("{numbers}{}", "[0]".repeat(10)).as_bytes());
    let list = zlib(format!("11 0 {}", "[".repeat(1 << 20)).as_bytes());
    let zeros = zlib(&vec![b' '; 32 << 20]);
    let pack = |n: u64, first: usize| format!("/Type/ObjStm/N {n}/First {first}");
    for (name, streams) in [
        ("objects that are all one", vec![(pack(200_000, first), many)]),
        ("more objects than there are", vec![(pack(1 << 40, 4), list.clone())]),
        ("a stream that is within itself", vec![("/Type/ObjStm/N 1/First 5/Extends 10 0 R".to_owned(), list)]),
        ("streams of blanks", vec![(pack(1, 4), zeros); 40]),
    ] {
        let streams: Vec<_> = streams.iter().map(|(dict, bytes)| (dict.as_str(), bytes.clone())).collect();
        inspect(name, &file(&streams));
    }
}

#[test]
fn pictures_that_say_they_are_large_take_no_room() {
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let side = 1_000_000u32.to_be_bytes();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let data = archive::zlib(&vec![0; 1 << 20]);
    let png =
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", b"")].concat();
    let gif = [
        &b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff"[..],
        b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0\x3b",
    ]
    .concat();
    let low = 1_000_000u32.to_le_bytes();
    let bmp = [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &low, &low, b"\x01\0\x18\0", &[0; 40]].concat();
    let jpeg =
        [&b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"[..], &[0; 64]].concat();
    let entry = |tag: u16, value: u32| [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat();
    let entries = [
        entry(256, 1_000_000),
        entry(257, 1_000_000),
        entry(258, 8),
        entry(259, 1),
        entry(262, 1),
        entry(273, 8),
        entry(279, 64),
    ];
    let tiff = [&b"II*\0\x08\0\0\0\x07\0"[..], &entries.concat(), &[0; 64]].concat();
    for (name, bytes) in [("png", png), ("gif", gif), ("bmp", bmp), ("jpeg", jpeg), ("tiff", tiff)] {
        let inspection = inspect(name, &bytes);
        assert!(inspection.object.media_type.starts_with("image/"), "{name}: {}", inspection.object.media_type);
        assert!(!inspection.opaque.is_empty(), "{name}");
    }
}

#[test]
fn rows_that_a_few_bytes_say_there_are_end_with_the_limits() {
    // The twelve people of a small file, each column's page saying that it has two billion values.
    let mut bytes = include_bytes!("packed/nguoi.parquet").to_vec();
    let (count, many) = (b"\x15\x18", b"\x15\xfe");
    let places: Vec<usize> = bytes.windows(2).enumerate().filter(|(_, w)| w == count).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 2].copy_from_slice(many);
    }
    inspect("rows without end", &bytes);
}
