//! Compound files made here: one stream for each name.

use chot_model::DetectorId;
use proptest::prelude::*;

use crate::{Hint, Inspector, Limits};

/// A compound file with these streams, storages before them in their paths, made as simply as the format allows:
/// 512-byte sectors, no mini stream, the directory last.
pub(super) fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    const NONE: u32 = u32::MAX;
    let mut fat: Vec<u32> = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    let mut add = |bytes: &[u8]| {
        let first = fat.len() as u32;
        let count = bytes.len().div_ceil(SECTOR).max(1);
        for n in 0..count {
            fat.push(if n + 1 == count { END } else { first + n as u32 + 1 });
        }
        body.extend_from_slice(bytes);
        body.resize((first as usize + count) * SECTOR, 0);
        first
    };
    // Path, kind, what stands to its right, its first child, where it lies. Each member of a storage stands to the
    // right of the one before: a tree, if no balanced one.
    struct Entry {
        path: String,
        kind: u8,
        right: u32,
        child: u32,
        place: (u32, usize),
    }
    let mut entries = vec![Entry { path: String::new(), kind: 5, right: NONE, child: NONE, place: (END, 0) }];
    let mut enter = |path: &str, kind: u8, place: (u32, usize)| {
        if kind == 1 && entries.iter().any(|e| e.path == path) {
            return;
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let number = entries.len() as u32;
        let parent = entries.iter().position(|e| e.path == parent && e.kind != 2).expect("a parent");
        let mut slot = entries[parent].child;
        if slot == NONE {
            entries[parent].child = number;
        } else {
            while entries[slot as usize].right != NONE {
                slot = entries[slot as usize].right;
            }
            entries[slot as usize].right = number;
        }
        entries.push(Entry { path: path.to_owned(), kind, right: NONE, child: NONE, place });
    };
    for (path, bytes) in streams {
        for (at, _) in path.match_indices('/') {
            enter(path.get(..at).unwrap_or_default(), 1, (END, 0));
        }
        enter(path, 2, (add(bytes), bytes.len()));
    }
    let mut directory = Vec::new();
    for Entry { path, kind, right, child, place } in &entries {
        let mut entry = vec![0; 128];
        let name: Vec<u8> = path.rsplit('/').next().unwrap_or("").encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..name.len()].copy_from_slice(&name);
        entry[64..66].copy_from_slice(&(name.len() as u16 + 2).to_le_bytes());
        entry[66] = *kind;
        for (at, value) in [(68, NONE), (72, *right), (76, *child), (116, place.0), (120, place.1 as u32)] {
            entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        directory.extend(entry);
    }
    let directory_start = add(&directory);
    let tables = (fat.len() + 1).div_ceil(SECTOR / 4 - 1);
    let table_start = fat.len() as u32;
    fat.extend(std::iter::repeat_n(0xffff_fffd, tables));
    fat.resize(tables * SECTOR / 4, NONE);
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(super::file::MARK);
    for (at, value) in [(24, 0x3e_u16), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
        header[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    for (at, value) in [(44, tables as u32), (48, directory_start), (56, 0), (60, END), (68, END)] {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    for n in 0..109 {
        let table = if n < tables { table_start + n as u32 } else { NONE };
        header[76 + 4 * n..80 + 4 * n].copy_from_slice(&table.to_le_bytes());
    }
    let fat: Vec<u8> = fat.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, body, fat].concat()
}

/// A record of a workbook.
pub(super) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// A file of no known kind, with a letter in it.
pub(super) fn example() -> Vec<u8> {
    compound(&[("letter", "Số CCCD 001090123456".as_bytes())])
}

/// A file with a list in a workbook.
fn list() -> Vec<u8> {
    compound(&[("Workbook", &workbook(&[("Họ tên", "Số CCCD")], &[("Nguyễn Văn Bình", 1_090_123_456.0)]))])
}

/// A workbook of one sheet: headings as strings, then names and numbers.
pub(super) fn workbook(headings: &[(&str, &str)], rows: &[(&str, f64)]) -> Vec<u8> {
    let label = |row: u16, column: u16, text: &str| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut data = [row, column, 0, units.len() as u16].map(u16::to_le_bytes).concat();
        data.push(1);
        data.extend(units.into_iter().flat_map(u16::to_le_bytes));
        record(0x204, &data)
    };
    let mut out = record(0x809, &[0, 6, 5, 0]);
    out.extend(record(0x0a, &[]));
    out.extend(record(0x809, &[0, 6, 0x10, 0]));
    let mut row = 0;
    for (first, second) in headings {
        out.extend(label(row, 0, first));
        out.extend(label(row, 1, second));
        row += 1;
    }
    for (name, number) in rows {
        out.extend(label(row, 0, name));
        let mut data = [row, 1, 0].map(u16::to_le_bytes).concat();
        data.extend(number.to_le_bytes());
        out.extend(record(0x203, &data));
        row += 1;
    }
    out.extend(record(0x0a, &[]));
    out
}

fn inspect(bytes: &[u8]) -> chot_model::Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

#[test]
fn a_number_that_lost_its_zeros_is_found_under_its_heading() {
    let inspection = inspect(&list());
    assert_eq!(inspection.object.media_type, "application/vnd.ms-excel");
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn streams_are_found_however_many_sectors_they_take() {
    let text = format!("{}Số CCCD 001090123456", "Không có gì ở đây. ".repeat(4_000));
    let inspection = inspect(&compound(&[("a", b"one"), ("letter", text.as_bytes()), ("b", b"two words")]));
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn a_chain_that_loops_ends() {
    let mut bytes = compound(&[("letter", &[b'x'; 4_000])]);
    let name: Vec<u8> = "letter".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let entry = memchr::memmem::find(&bytes, &name).expect("an entry");
    bytes[entry + 120..entry + 124].copy_from_slice(&u32::MAX.to_le_bytes());
    // The table is the last sector: every sector leads back to the first.
    let at = bytes.len() - 512;
    for n in 0..128 {
        bytes[at + 4 * n..at + 4 * n + 4].copy_from_slice(&0u32.to_le_bytes());
    }
    assert!(!inspect(&bytes).opaque.is_empty());
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The findings of a file: detector and part.
fn found(bytes: &[u8]) -> (Vec<(DetectorId, String)>, chot_model::Inspection) {
    let (send, told) = std::sync::mpsc::channel();
    let inspector = Inspector::new(Limits::default(), 2026);
    let sink = Box::new(move |f: chot_model::Finding| drop(send.send((f.detector, f.part.to_string()))));
    let inspection = inspector.inspect_with(Hint::default(), &bytes.to_vec(), sink).inspection;
    (told.iter().collect(), inspection)
}

#[test]
fn a_message_its_recipients_its_attachments_and_a_message_within_are_read() {
    let code_page = [&[0; 32][..], &[3, 0, 0xfd, 0x3f, 6, 0, 0, 0, 0xea, 4, 0, 0, 0, 0, 0, 0]].concat();
    let inner = wide("Mã thẻ BHYT GD4797912345678");
    let old: Vec<u8> = encoding_rs::WINDOWS_1258.encode("gửi bà, CCCD 001190765432").0.into_owned();
    let bytes = compound(&[
        ("__properties_version1.0", &code_page),
        ("__substg1.0_0037001F", &wide("Danh sách")),
        ("__substg1.0_1000001E", &old),
        ("__recip_version1.0_#00000000/__properties_version1.0", &[0; 8]),
        ("__recip_version1.0_#00000000/__substg1.0_3001001F", &wide("CCCD 001090222333")),
        ("__attach_version1.0_#00000000/__properties_version1.0", &[0; 8]),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("thư.txt")),
        ("__attach_version1.0_#00000000/__substg1.0_37010102", "Số CCCD 001090123456".as_bytes()),
        ("__attach_version1.0_#00000001/__properties_version1.0", &[0; 8]),
        ("__attach_version1.0_#00000001/__substg1.0_3001001F", &wide("chuyển tiếp")),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__properties_version1.0", &[0; 24]),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_1000001F", &inner),
        ("__nameid_version1.0/__substg1.0_00040102", &wide("x")),
    ]);
    let (found, inspection) = found(&bytes);
    assert_eq!(inspection.object.media_type, "application/vnd.ms-outlook");
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (3, 0), "{inspection:?}");
    let at = |detector, part: &str| found.iter().any(|(d, p)| *d == detector && p.starts_with(part));
    assert!(at(DetectorId::Cccd, "thư.txt") && at(DetectorId::Bhyt, "chuyển tiếp"), "{found:?}");
}

#[test]
fn a_packed_file_is_a_member_and_macros_are_text() {
    let mut native = vec![0, 0, 0, 0, 2, 0];
    native.extend(b"ds.txt\0C:\\ds.txt\0\0\0\x03\0\x05\0\0\0copy\0");
    let text = "Số CCCD 001090123456".as_bytes();
    native.extend((text.len() as u32).to_le_bytes());
    native.extend(text);
    // A chunk of letters as they are: a byte of flags before eight.
    let source = b"Attribute VB_Name = \"Module1\"\n' so CCCD 001190765432\n";
    let chunk: Vec<u8> = source.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
    let header = 0xb000 | (chunk.len() as u16 - 1);
    let module = [&b"\x99\x98\x01"[..], &header.to_le_bytes(), &chunk].concat();
    let (found, inspection) =
        found(&compound(&[("ObjectPool/_1/\u{1}Ole10Native", &native), ("Macros/VBA/Module1", &module)]));
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (2, 0), "{inspection:?}");
    let at = |part: &str| found.iter().any(|(d, p)| *d == DetectorId::Cccd && p == part);
    assert!(at("ObjectPool/_1/ds.txt") && at("Macros/VBA/Module1"), "{found:?}");
}

#[test]
fn pivot_tables_and_forms_remember() {
    let memory = [
        record(0xc9, &1_190_765_432f64.to_le_bytes()),
        record(0xcd, &[&[20, 0, 0][..], b"CCCD 001090123456 x."].concat()),
    ];
    let form = [&b"\x02\x04"[..], &wide("Số CCCD 001090222333"), b"\x01"].concat();
    let bytes = compound(&[
        ("_SX_DB_CUR/0001", &memory.concat()),
        ("Macros/F1/f", &form),
        ("Macros/F1/\u{3}VBFrame", b"VERSION 5"),
    ]);
    let inspection = inspect(&bytes);
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (2, 0), "{inspection:?}");
}

#[test]
fn the_theme_of_a_workbook_is_an_archive_within_it() {
    let archive = crate::formats::archive(&[("theme/theme1.xml", "<t>Số CCCD 001090123456</t>".as_bytes())]);
    let book = |archive: &[u8]| {
        let theme = record(0x896, &[&[0x96, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], archive].concat());
        let behind = record(0x208, &[0; 8_000]).repeat(12);
        let stream = [record(0x809, &[0, 6, 5, 0]), theme, behind, record(0x0a, &[])].concat();
        inspect(&compound(&[("Workbook", &stream)]))
    };
    let inspection = book(&archive);
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
    assert!(book(&[]).opaque.is_empty());
    // One that breaks off.
    assert!(!book(&archive[..archive.len() - 30]).opaque.is_empty());
}

#[test]
fn an_archive_under_the_name_of_something_dull_is_opened() {
    let archive = crate::formats::archive(&[("a.txt", "Số CCCD 001090123456".as_bytes())]);
    for name in ["\u{1}CompObj", "\u{2}OlePres000", "contents", "Macros/VBA/dir"] {
        let (found, _) = found(&compound(&[(name, &archive)]));
        assert!(found.iter().any(|(_, part)| part.ends_with("/a.txt")), "{name}: {found:?}");
    }
}

#[test]
fn workbooks_and_letters_of_the_nineties_are_read() {
    let old = |text: &str| encoding_rs::WINDOWS_1258.encode(text).0.into_owned();
    let label = |row: u16, text: &str| {
        let text = old(text);
        record(0x204, &[[row, 0, 0, text.len() as u16].map(u16::to_le_bytes).concat(), text].concat())
    };
    let number =
        record(0x203, &[[2u16, 0, 0].map(u16::to_le_bytes).concat(), 1_090_123_456f64.to_le_bytes().to_vec()].concat());
    let begin = |kind: u8| record(0x809, &[0, 5, kind, 0]);
    let (code_page, end) = (record(0x42, &1_258u16.to_le_bytes()), record(0x0a, &[]));
    let book =
        [begin(5), code_page, end.clone(), begin(0x10), label(0, "số CCCD"), label(1, "001190765432"), number, end];
    let mut letter = vec![0; 0x300];
    letter[..4].copy_from_slice(b"\xdc\xa5\x68\0");
    let text = old("gửi bà, số CCCD 001090222333\r");
    letter[0x18..0x1c].copy_from_slice(&0x300u32.to_le_bytes());
    letter[0x1c..0x20].copy_from_slice(&(0x300 + text.len() as u32).to_le_bytes());
    letter.extend(text);
    for (file, numbers) in [(compound(&[("Book", &book.concat())]), 2), (compound(&[("WordDocument", &letter)]), 1)] {
        let inspection = inspect(&file);
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (numbers, 0), "{inspection:?}");
    }
}

#[test]
fn ways_of_locking_that_nothing_opens_are_told_exactly() {
    let said = "CCCD 001090123456";
    // A workbook that is obfuscated (MS-XLS §2.4.117, type 0) and one that is not: the record comes first or not at all.
    let sheet = [record(0x809, &[0, 6, 5, 0, 0, 0, 0, 0]), record(0x204, &wide(said))].concat();
    let (begin, rest) = sheet.split_at(12);
    let obfuscated = [begin, &record(0x2f, &[0, 0, 0x34, 0x12, 0x78, 0x56]), rest].concat();
    // A letter whose flags say so (MS-DOC §2.5.2).
    let letter = |flags: u16| {
        let mut letter = vec![0; 1_024];
        letter[..4].copy_from_slice(&[0xec, 0xa5, 0xc1, 0]);
        letter[10..12].copy_from_slice(&flags.to_le_bytes());
        letter
    };
    // Slides whose user says so, and slides with the record of a session (MS-PPT §2.3.2, §2.3.7).
    let user = |token: u32| [&[0; 12][..], &token.to_le_bytes(), &[0; 8]].concat();
    let slide =
        |kind: u16, data: &[u8]| [&[0, 0][..], &kind.to_le_bytes(), &(data.len() as u32).to_le_bytes(), data].concat();
    let (text, session) = (slide(0xfa0, &wide(said)), slide(0x2f14, &[7; 60]));
    let slides = |token, stream: &[u8]| compound(&[("PowerPoint Document", stream), ("Current User", &user(token))]);
    let plain = 0xe391_c05f;
    for (name, bytes, is_locked) in [
        ("a workbook", compound(&[("Workbook", &sheet)]), false),
        ("an obfuscated workbook", compound(&[("Workbook", &obfuscated)]), true),
        ("an obfuscated letter", compound(&[("WordDocument", &letter(0x8100)), ("0Table", &[1; 64])]), true),
        ("an encrypted letter", compound(&[("WordDocument", &letter(0x0100)), ("0Table", &[1; 64])]), true),
        ("slides", slides(plain, &text), false),
        ("encrypted slides", slides(0xf3d1_c4df, &[7; 900]), true),
        ("slides with a session", slides(plain, &[&text[..], &session].concat()), true),
    ] {
        let inspector = Inspector::new(Limits::default(), 2026).unlocking([chot_model::Secret::new("abc")]);
        let inspection = inspector.inspect(Hint::default(), &bytes).inspection;
        let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        let expected: &[_] = if is_locked { &[chot_model::OpaqueReason::Encrypted] } else { &[] };
        assert_eq!(reasons, expected, "{name}: {inspection:?}");
    }
}

#[test]
fn what_lies_in_no_stream_is_searched() {
    let mut bytes = compound(&[("letter", b"nothing")]);
    let mut sector = wide("Số CCCD 001090123456");
    sector.resize(512, 0);
    bytes.extend(sector);
    assert_eq!(inspect(&bytes).distinct(DetectorId::Cccd), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_never_panics_and_costs_little(hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24)) {
        let book = workbook(&[("Họ tên", "Số CCCD")], &[("Nguyễn Văn Bình", 1_090_123_456.0)]);
        let mut bytes = compound(&[("Workbook", &book), ("a/b", b"text"), ("\u{5}SummaryInformation", &[1; 80])]);
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let mut told = 0u64;
        let bounds = crate::Bounds { decoded_bytes_max: 1 << 20, time_max: std::time::Duration::from_secs(20) };
        let _ = super::read(&bytes, &bounds, &[], &mut |piece| {
            told += match piece {
                crate::Piece::Text { text, .. } => text.len() as u64,
                crate::Piece::Bytes(bytes) => bytes.len() as u64,
                _ => 16,
            };
            true
        });
        prop_assert!(told < 40 << 20);
    }
}
