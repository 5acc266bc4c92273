use chot_model::{DetectorId, Inspection, OpaqueReason};
use proptest::prelude::*;

use super::CURVES_MAX;
use crate::{Hint, Inspector, Limits};

/// A record of an enhanced metafile.
fn record(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend_from_slice(&u32::try_from(8 + data.len().next_multiple_of(4)).expect("small").to_le_bytes());
    record.extend_from_slice(data);
    record.resize(record.len().next_multiple_of(4), 0);
    record
}

fn numbers(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `ExtTextOutW` with options.
fn text_out(x: i32, y: i32, text: &str, options: i32) -> Vec<u8> {
    let letters = text.encode_utf16().count() as i32;
    let fixed = [0, 0, 0, 0, 1, 0, 0, x, y, letters, 76, options, 0, 0, 0, 0, 0];
    record(84, &[numbers(&fixed), wide(text)].concat())
}

pub(super) fn said(x: i32, y: i32, text: &str) -> Vec<u8> {
    text_out(x, y, text, 0)
}

pub(super) fn enhanced(records: &[Vec<u8>]) -> Vec<u8> {
    let mut header = vec![0; 100];
    header[32..36].copy_from_slice(b" EMF");
    [record(1, &header), records.concat(), record(14, &[0; 12])].concat()
}

/// A record of a Windows metafile.
fn call(kind: u16, data: &[u8]) -> Vec<u8> {
    let words = u32::try_from(3 + data.len().div_ceil(2)).expect("small");
    let mut call = [words.to_le_bytes().as_slice(), &kind.to_le_bytes(), data].concat();
    call.resize(call.len().next_multiple_of(2), 0);
    call
}

fn words(words: &[i16]) -> Vec<u8> {
    words.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// `TextOut`.
pub(super) fn written(x: i16, y: i16, text: &[u8]) -> Vec<u8> {
    let mut padded = text.to_vec();
    padded.resize(text.len().next_multiple_of(2), 0);
    call(0x0521, &[words(&[text.len() as i16]), padded, words(&[y, x])].concat())
}

pub(super) fn windows(calls: &[Vec<u8>]) -> Vec<u8> {
    [words(&[1, 9, 0x300, 0, 0, 0, 0, 0, 0]), calls.concat(), call(0, &[])].concat()
}

/// A part of a StarView metafile with its version and its length.
fn versioned(version: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("small");
    [version.to_le_bytes().as_slice(), &len.to_le_bytes(), body].concat()
}

fn action(kind: u16, version: u16, body: &[u8]) -> Vec<u8> {
    [kind.to_le_bytes().as_slice(), &versioned(version, body)].concat()
}

pub(super) fn shown_at(x: i32, y: i32, text: &str) -> Vec<u8> {
    let len = text.encode_utf16().count();
    let range = words(&[0, len as i16]);
    action(112, 1, &[numbers(&[x, y, len as i32]), wide(text), range].concat())
}

pub(super) fn star(actions: &[Vec<u8>]) -> Vec<u8> {
    let header = [vec![0; 20], numbers(&[actions.len() as i32])].concat();
    [b"VCLMTF".to_vec(), versioned(1, &header), actions.concat()].concat()
}

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

/// A table as each kind writes it: cells with their places, row by row or column by column.
fn cells(by_column: bool) -> Vec<(i16, i16, String)> {
    let rows =
        [["STT", "Ho ten", "So CCCD"], ["1", "Nguyen Van An", "001090123456"], ["2", "Tran Binh", "079195004321"]];
    let mut cells: Vec<_> =
        (0..).zip(rows).flat_map(|(y, row)| (0..).zip(row).map(move |(x, cell)| (x, y, cell))).collect();
    if by_column {
        cells.sort_by_key(|(x, ..)| *x);
    }
    cells.into_iter().map(|(x, y, cell)| (x * 300, y * 20, cell.to_owned())).collect()
}

#[test]
fn a_table_is_read_as_it_is_seen_in_whatever_order_it_was_drawn() {
    for by_column in [false, true] {
        let cells = cells(by_column);
        let wide = |f: fn(i32, i32, &str) -> Vec<u8>| -> Vec<Vec<u8>> {
            cells.iter().map(|(x, y, cell)| f((*x).into(), (*y).into(), cell)).collect()
        };
        let files = [
            enhanced(&wide(said)),
            star(&wide(shown_at)),
            windows(&cells.iter().map(|(x, y, cell)| written(*x, *y, cell.as_bytes())).collect::<Vec<_>>()),
        ];
        for file in files {
            let inspection = inspect(&file);
            assert_eq!(inspection.distinct(DetectorId::Cccd), 2, "{}", inspection.object.media_type);
            assert_eq!(inspection.persons, 2, "{}", inspection.object.media_type);
            assert!(inspection.opaque.is_empty(), "{:?}", inspection.opaque);
        }
    }
}

#[test]
fn digits_that_are_drawn_one_by_one_are_a_number() {
    let digits = "CCCD 001090123456";
    let letters = digits.chars().enumerate().filter(|(_, c)| *c != ' ');
    let mut calls: Vec<_> = letters.map(|(n, c)| said(8 * n as i32, 10, &c.to_string())).collect();
    calls.reverse();
    assert_eq!(inspect(&enhanced(&calls)).distinct(DetectorId::Cccd), 1);
}

/// The two halves of a number and where each begins: only who puts them side by side has the number.
const HALVES: [(i32, &str); 2] = [(0, "Số CCCD 001090"), (112, "123456")];

fn real(x: f32) -> Vec<u8> {
    x.to_le_bytes().to_vec()
}

/// A record of GDI+ in a comment.
fn plus(kind: u16, flags: u16, data: &[u8]) -> Vec<u8> {
    let len = data.len() as i32;
    let record = [words(&[kind.cast_signed(), flags.cast_signed()]), numbers(&[12 + len, len]), data.to_vec()].concat();
    record_of_comment(&[b"EMF+".to_vec(), record].concat())
}

fn record_of_comment(data: &[u8]) -> Vec<u8> {
    record(70, &[numbers(&[data.len() as i32]), data.to_vec()].concat())
}

#[test]
fn halves_of_a_number_are_found_however_they_are_drawn() {
    type Draw = fn(i32, &str) -> Vec<u8>;
    let count = |text: &str| text.encode_utf16().count() as i32;
    let ways: [(&str, Draw); 8] = [
        ("long", |x, text| said(x, 1, text)),
        ("where the pen is", |x, text| {
            let [align, pen] = [record(22, &numbers(&[1])), record(27, &numbers(&[x, 1]))];
            [align, pen, said(900, 900, text)].concat()
        }),
        ("from the right", |x, text| {
            [record(22, &numbers(&[2])), said(x + 8 * text.chars().count() as i32, 1, text)].concat()
        }),
        ("moved by the world", |x, text| {
            let turn = [real(1.0), real(0.0), real(0.0), real(1.0), real(x as f32), real(7.0)].concat();
            [record(33, &[]), record(35, &turn), said(0, 1, text), record(34, &numbers(&[-1]))].concat()
        }),
        ("short, wide", |x, text| {
            let len = text.encode_utf16().count() as i32;
            record(108, &[numbers(&[x, 5, len, 0x100, 1, 0, 0]), wide(text)].concat())
        }),
        ("short, narrow", |x, text| {
            let text = text.replace('ố', "o");
            let fixed = [x, 5, text.len() as i32, 0x200, 1, 0, 0, 0, 0, 0, 0];
            record(108, &[numbers(&fixed), text.into_bytes()].concat())
        }),
        ("strings of GDI+", |x, text| {
            let len = text.encode_utf16().count() as i32;
            let place = [real(x as f32), real(5.0), real(8.0 * len as f32), real(16.0)].concat();
            plus(0x401c, 0, &[numbers(&[0, 0, len]), place, wide(text)].concat())
        }),
        ("letters of GDI+", |x, text| {
            let len = text.encode_utf16().count() as i32;
            let places: Vec<u8> = (0..len).flat_map(|n| [real((x + 8 * n) as f32), real(5.0)].concat()).collect();
            plus(0x4036, 0, &[numbers(&[0, 1, 0, len]), wide(text), places].concat())
        }),
    ];
    for (what, draw) in ways {
        let inspection = inspect(&enhanced(&HALVES.map(|(x, text)| draw(x, text))));
        assert!(inspection.opaque.is_empty(), "{what}: {:?}", inspection.opaque);
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{what}");
    }
    let [(x, first), (y, second)] = HALVES;
    let entry = |x, text, at| numbers(&[x, 1, count(text), at, 0, 0, 0, 0, 0, 0]);
    let several = [
        numbers(&[0, 0, 0, 0, 1, 0, 0, 2]),
        entry(x, first, 120),
        entry(y, second, 120 + 2 * count(first)),
        wide(first),
        wide(second),
    ];
    assert_eq!(inspect(&enhanced(&[record(97, &several.concat())])).distinct(DetectorId::Cccd), 1);
}

#[test]
fn a_number_broken_in_a_narrow_cell_is_one_and_its_neighbours_are_not_joined() {
    let row = |y: i32, name: &str, [first, second]: [&str; 2]| {
        [said(0, y, name), said(300, y, first), said(300, y + 18, second)].concat()
    };
    let head = [said(0, 0, "Họ tên"), said(300, 0, "Số CCCD")].concat();
    let rows = [row(30, "Nguyễn Văn An", ["001090123", "456"]), row(66, "Trần Thị Bình", ["079195004", "321"])];
    let inspection = inspect(&enhanced(&[&[head][..], &rows].concat()));
    assert_eq!(inspection.distinct(DetectorId::Cccd), 2, "{:?}", inspection.tallies);
    // Columns that are little more than a letter apart, each with its half of a number on a line.
    let two = |y: i32, first: [&str; 2], second: [&str; 2]| {
        let column = |x: i32, halves: [&str; 2]| [said(x, y, halves[0]), said(x, y + 18, halves[1])].concat();
        [column(0, first), column(48 + 21, second)].concat()
    };
    let rows = [
        two(0, ["Số", "CCCD"], ["Mã số", "BHXH"]),
        two(40, ["001072", "454760"], ["877223", "9650"]),
        two(80, ["091070", "719109"], ["316149", "4623"]),
    ];
    let inspection = inspect(&enhanced(&rows));
    let found = (inspection.distinct(DetectorId::Cccd), inspection.distinct(DetectorId::Bhxh));
    assert_eq!((found, inspection.persons), ((2, 2), 2), "{:?}", inspection.tallies);
    // Groups of one number, in another order than they stand.
    let groups = [said(148, 0, "3456"), said(0, 0, "Số CCCD: 0010"), said(110, 0, "9012")];
    assert_eq!(inspect(&enhanced(&groups)).distinct(DetectorId::Cccd), 1);
}

#[test]
fn pictures_within_are_looked_at() {
    let image = [numbers(&[0, 1, 10, 10, 40, 0, 1]), b"So CCCD 001090123456".to_vec()].concat();
    let (first, second) = image.split_at(40);
    let whole = numbers(&[image.len() as i32]);
    let piece = |piece: &[u8]| plus(0x4008, 5 << 8 | 0x8000, &[whole.as_slice(), piece].concat());
    let found = inspect(&enhanced(&[piece(first), piece(second)]));
    assert!(found.opaque.is_empty(), "{:?}", found.opaque);
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
    // The last piece has no mark, or has it.
    let found = inspect(&enhanced(&[piece(first), plus(0x4008, 5 << 8, second)]));
    assert_eq!(found.distinct(DetectorId::Cccd), 1, "{:?}", found.opaque);
    assert!(inspect(&enhanced(&[piece(first)])).is_opaque(OpaqueReason::ParseError));
}

/// A file of PDF that is nothing but an object.
const PDF: &[u8] = b"%PDF-1.4\n1 0 obj (So CCCD 001090123456) endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]>> endobj\n\
3 0 obj <</Type/Page>> endobj\n4 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\ntrailer <</Root 4 0 R>>\n%%EOF";

#[test]
fn the_same_drawing_as_pdf_is_read_once() {
    let behind = [0, 1, 0x4650_4446, 1, PDF.len() as i32];
    let formats = |at: i32, pdf: &[u8]| {
        let head = [b"GDIC".to_vec(), numbers(&[0x4000_0004, 0, 0, 9, 9, 1]), numbers(&behind[2..]), numbers(&[at])];
        record_of_comment(&[head.concat(), pdf.to_vec()].concat())
    };
    let found = inspect(&enhanced(&[formats(44, PDF), said(1, 1, "abc")]));
    assert!(found.opaque.is_empty(), "{:?}", found.opaque);
    assert_eq!(found.distinct(DetectorId::Cccd), 1);
    // It is not where it is told to be, or goes on elsewhere.
    assert!(!inspect(&enhanced(&[formats(9_000, PDF)])).opaque.is_empty());
    let more = b"5 0 obj (So CCCD 001190765432) endobj";
    let found = inspect(&enhanced(&[formats(44, PDF), record(99, more)]));
    assert_eq!(found.distinct(DetectorId::Cccd), 2);
}

#[test]
fn texts_that_all_stand_at_one_place_are_no_text() {
    let entry = numbers(&[1, 1, 2_000, 8, 0, 0, 0, 0, 0, 0]);
    let several = [numbers(&[0, 0, 0, 0, 1, 0, 0, 2_000]), entry.repeat(2_000)].concat();
    assert!(inspect(&enhanced(&[record(97, &several)])).is_opaque(OpaqueReason::ParseError));
}

#[test]
fn letters_that_are_only_shapes_are_told() {
    let shapes = || plus(0x4036, 0, &[numbers(&[0, 0, 0, 2]), vec![0; 20]].concat());
    let dual = || plus(0x4001, 1, &[0; 16]);
    let outlines = |n| vec![record(88, &[0; 32]); n];
    for (records, is_read) in [
        (vec![text_out(1, 1, "abc", 0x10)], false),
        (vec![shapes()], false),
        (vec![dual(), shapes()], false),
        (vec![dual(), shapes(), said(1, 1, "ab")], false),
        (vec![shapes(), said(1, 1, "ab")], false),
        (outlines(CURVES_MAX + 1), false),
        (outlines(CURVES_MAX), true),
    ] {
        assert_eq!(inspect(&enhanced(&records)).is_opaque(OpaqueReason::UnsupportedFormat), !is_read);
    }
}

#[test]
fn an_enhanced_metafile_in_the_comments_of_another_is_read() {
    let inner = enhanced(&HALVES.map(|(x, text)| said(x, 1, text)));
    let pieces = inner.chunks(50).map(|piece| {
        let head = [
            b"WMFC".to_vec(),
            numbers(&[1, 0x10000]),
            words(&[0]),
            numbers(&[0, 1, piece.len() as i32, 0, inner.len() as i32]),
        ];
        let data = [head.concat(), piece.to_vec()].concat();
        call(0x0626, &[words(&[15, data.len() as i16]), data].concat())
    });
    let inspection = inspect(&windows(&pieces.collect::<Vec<_>>()));
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{:?}", inspection.opaque);
}

#[test]
fn strings_of_old_and_new_versions_are_drawn_in_the_parts_they_tell() {
    type Draw = fn(i32, &str) -> Vec<u8>;
    fn len(text: &str) -> i16 {
        text.encode_utf16().count() as i16
    }
    fn counted(text: &str) -> Vec<u8> {
        [numbers(&[len(text).into()]), wide(text)].concat()
    }
    fn old(x: i32, text: &str, version: u16, again: &[u8]) -> Vec<u8> {
        let narrow = text.replace('ố', "o").into_bytes();
        let range = words(&[0, len(text)]);
        action(112, version, &[numbers(&[x, 0]), words(&[len(text)]), narrow, range, again.to_vec()].concat())
    }
    let ways: [(&str, Draw); 8] = [
        ("new", |x, text| shown_at(x, 0, text)),
        ("a part of it", |x, text| {
            let said = format!("Khác {text} khác");
            let range = words(&[5, len(text)]);
            action(113, 2, &[numbers(&[x, 0]), counted(&said), range, numbers(&[1, 8 * i32::from(len(text))])].concat())
        }),
        ("old", |x, text| old(x, text, 1, &[])),
        ("old, said once more", |x, text| old(x, text, 2, &[words(&[len(text)]), wide(text)].concat())),
        ("stretched", |x, text| {
            let width = numbers(&[8 * i32::from(len(text))]);
            action(114, 1, &[numbers(&[x, 0]), counted(text), width, words(&[0, -1])].concat())
        }),
        ("boxed", |x, text| action(115, 1, &[numbers(&[x, 0, x, 9]), counted(text), words(&[0])].concat())),
        ("within another", |x, text| action(147, 1, &star(&[shown_at(x, 0, text)]))),
        ("in a font of its own", |x, text| {
            let font = [words(&[1]), b"A".to_vec(), words(&[0]), numbers(&[0, 16])].concat();
            [action(138, 1, &versioned(1, &font)), shown_at(x, 0, text)].concat()
        }),
    ];
    for (what, draw) in ways {
        let drawn = HALVES.map(|(x, text)| draw(x, text));
        let count = if what.contains("font") { 4 } else { 2 };
        let header = [vec![0; 20], numbers(&[count])].concat();
        let inspection = inspect(&[b"VCLMTF".to_vec(), versioned(1, &header), drawn.concat()].concat());
        assert!(inspection.opaque.is_empty(), "{what}: {:?}", inspection.opaque);
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{what}");
    }
}

#[test]
fn a_number_whose_drawing_goes_on_in_the_next_line_is_read_whole() {
    // As LibreOffice draws a string in a narrow cell of a table: all of it is said with each part.
    let part = |y: i32, text: &str, from: usize, len: usize| {
        let said = [numbers(&[text.encode_utf16().count() as i32]), wide(text)].concat();
        let places = numbers(&[1, 8 * len as i32]);
        action(113, 2, &[numbers(&[0, y]), said, words(&[from as i16, len as i16]), places].concat())
    };
    // A letter a line: the year is no number again and again.
    let year = "01/02/1970";
    let lines: Vec<Vec<u8>> = (0..10).map(|n| part(20 * n, year, n as usize, 1)).collect();
    assert_eq!(inspect(&star(&lines)).identifiers(), 0);
    for (text, cut, number) in [
        ("Số CCCD 001090123456", 17, Some((DetectorId::Cccd, 1))),
        ("Mã số BHXH 7911234567", 16, Some((DetectorId::Bhxh, 1))),
        ("Số đơn hàng 001990123456", 17, None),
    ] {
        let len = text.chars().count();
        let drawn = star(&[part(0, text, 0, cut), part(20, text, cut, len - cut)]);
        let inspection = inspect(&drawn);
        let told = DetectorId::identifiers().map(|id| (id, inspection.distinct(id))).filter(|(_, n)| *n > 0);
        assert_eq!(told.collect::<Vec<_>>(), Vec::from_iter(number), "{text}");
    }
}

#[test]
fn what_is_cut_is_told() {
    let files = [
        enhanced(&[said(1, 1, "Số CCCD 001090123456")]),
        windows(&[written(1, 1, b"So CCCD 001090123456")]),
        star(&[shown_at(1, 1, "Số CCCD 001090123456"), shown_at(1, 9, "hết")]),
    ];
    for file in files {
        let inspection = inspect(&file[..file.len() - 4]);
        assert!(inspection.is_opaque(OpaqueReason::ParseError), "{}", inspection.object.media_type);
    }
}

proptest! {
    #[test]
    fn damage_never_panics(at in 8_usize..400, byte: u8, cut in 0_usize..400, kind in 0_usize..3) {
        let text = "Số CCCD 001090123456";
        let mut file = match kind {
            0 => enhanced(&[said(1, 1, text), record(81, &[9; 80]), said(5, 5, text)]),
            1 => windows(&[written(1, 1, b"CCCD 001090123456"), call(0x0f43, &[40; 80]), written(5, 5, b"x")]),
            _ => star(&[shown_at(1, 1, text), action(116, 1, &[7; 60]), shown_at(5, 5, text)]),
        };
        if let Some(slot) = file.get_mut(at) {
            *slot = byte;
        }
        file.truncate(file.len().saturating_sub(cut / 8));
        inspect(&file);
    }
}
