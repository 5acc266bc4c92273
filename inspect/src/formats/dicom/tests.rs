use chot_model::{DetectorId, Inspection};

use super::*;
use crate::{Inspector, Limits};

pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

fn element(tag: u32, kind: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let fill = if value.len() % 2 == 1 { &b" "[..] } else { b"" };
    let len = value.len() + fill.len();
    let len = match kind {
        b"OB" | b"OF" | b"OW" | b"SQ" | b"UN" | b"UT" => [&[0, 0][..], &(len as u32).to_le_bytes()].concat(),
        _ => (len as u16).to_le_bytes().to_vec(),
    };
    let tag = [(tag >> 16) as u16, tag as u16].map(u16::to_le_bytes).concat();
    [&tag, &kind[..], &len, value, fill].concat()
}

pub(super) fn text(tag: u32, kind: &[u8; 2], value: &str) -> Vec<u8> {
    element(tag, kind, value.as_bytes())
}

pub(super) fn file(syntax: &str, data: &[u8]) -> Vec<u8> {
    [&[0; PREAMBLE][..], MARK, &text(TRANSFER_SYNTAX, b"UI", syntax), data].concat()
}

/// As no element says what kind it is, or the other end of numbers first.
fn implicit(elements: &[(u32, &[u8])], big: bool) -> Vec<u8> {
    let each = |(tag, value): &(u32, &[u8])| {
        let halves = [(*tag >> 16) as u16, *tag as u16];
        if big {
            [&halves.map(u16::to_be_bytes).concat(), &b"LO"[..], &(value.len() as u16).to_be_bytes(), value].concat()
        } else {
            [&halves.map(u16::to_le_bytes).concat(), &(value.len() as u32).to_le_bytes()[..], value].concat()
        }
    };
    elements.iter().flat_map(each).collect()
}

fn inspect(bytes: &[u8]) -> Inspection {
    let limits = Limits { print_time_max: std::time::Duration::ZERO, ..Limits::default() };
    Inspector::new(limits, 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

fn patient(id: &str) -> Vec<u8> {
    [text(0x0010_0010, b"PN", "NGUYỄN^VĂN AN"), text(0x0010_0020, b"LO", id), text(0x0010_0030, b"DA", "19800102")]
        .concat()
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut out, data).expect("memory");
    out.finish().expect("memory")
}

/// An item of a sequence, of a told length or of none.
fn item(data: &[u8], is_told: bool) -> Vec<u8> {
    let len = if is_told { data.len() as u32 } else { UNTOLD };
    [&b"\xfe\xff\0\xe0"[..], &len.to_le_bytes(), data, if is_told { b"" } else { ITEM_ENDS }].concat()
}

const ITEM_ENDS: &[u8] = b"\xfe\xff\x0d\xe0\0\0\0\0";
const SEQUENCE_ENDS: &[u8] = b"\xfe\xff\xdd\xe0\0\0\0\0";

/// Pictures in pieces.
fn fragments(pieces: &[&[u8]]) -> Vec<u8> {
    let pieces: Vec<u8> = pieces.iter().flat_map(|piece| item(piece, true)).collect();
    [b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff", &pieces[..], SEQUENCE_ENDS].concat()
}

/// A document whose letters do not stand in its bytes.
fn document() -> Vec<u8> {
    let said = "So CCCD: 001090123456. Quick brown foxes jump over lazy dogs while five boxing wizards look away.";
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut out, said.as_bytes()).expect("memory");
    out.finish().expect("memory")
}

/// A picture of one sample a dot.
fn picture(columns: u16, rows: u16, bits: u16, samples: &[u8]) -> Vec<u8> {
    let short = |tag, n: u16| element(tag, b"US", &n.to_le_bytes());
    [
        short(0x0028_0002, 1),
        short(0x0028_0010, rows),
        short(0x0028_0011, columns),
        short(0x0028_0100, bits),
        element(PIXELS, b"OW", samples),
    ]
    .concat()
}

#[test]
fn patients_are_found_however_a_file_is_laid_down() {
    let id = "001090123456";
    let sequence = |len: u32| {
        let item = [&b"\xfe\xff\0\xe0"[..], &len.to_le_bytes(), &patient(id)].concat();
        let ends: &[u8] = if len == UNTOLD { b"\xfe\xff\x0d\xe0\0\0\0\0" } else { b"" };
        element(0x0010_1002, b"SQ", &[&item, ends].concat())
    };
    let untold = {
        let mut bytes = sequence(UNTOLD);
        bytes[8..12].copy_from_slice(&UNTOLD.to_le_bytes());
        bytes.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
        bytes
    };
    let flat: &[(u32, &[u8])] = &[(0x0010_0010, b"NGUYEN^VAN A"), (0x0010_0020, id.as_bytes())];
    for (what, bytes) in [
        ("explicit", file(EXPLICIT, &patient(id))),
        ("implicit", file(IMPLICIT, &implicit(flat, false))),
        ("big", file(BIG, &implicit(flat, true))),
        ("deflated", file(DEFLATED, &deflated(&patient(id)))),
        ("in a sequence", file(EXPLICIT, &sequence(patient(id).len() as u32))),
        ("in a sequence of no told length", file(EXPLICIT, &untold)),
        (
            "a document",
            file(
                EXPLICIT,
                &element(0x0042_0011, b"OB", &crate::formats::archive(&[("a.txt", b"So CCCD: 001090123456")])),
            ),
        ),
    ] {
        let inspection = inspect(&bytes);
        assert_eq!(inspection.object.media_type, "application/dicom", "{what}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{what}: {inspection:?}");
        assert!(inspection.opaque.is_empty(), "{what}: {inspection:?}");
        assert!(inspection.persons <= 1 && !inspection.bulk, "{what}: {inspection:?}");
    }
    assert_eq!(inspect(&file(EXPLICIT, &patient(id))).distinct(DetectorId::DateOfBirth), 1);
}

#[test]
fn pictures_are_looked_at_and_what_is_none_is_told() {
    let jpeg = include_bytes!("../../../tests/images/cccd.jpg");
    for pieces in
        [vec![&b""[..], jpeg], vec![jpeg], vec![&b""[..], &jpeg[..2_000], &jpeg[2_000..]], vec![&[0; 8], jpeg, jpeg]]
    {
        let inspection = inspect(&file(JPEG, &fragments(&pieces)));
        assert_eq!(inspection.distinct(DetectorId::CccdQr), 1, "{}: {inspection:?}", pieces.len());
    }
    let wide: Vec<u8> = (0..64 * 64u16).flat_map(|n| (n / 64 * 9).to_le_bytes()).collect();
    for (what, data, is_opaque) in [
        ("samples of one byte", picture(64, 64, 8, &[90; 64 * 64]), false),
        ("samples of two bytes", picture(64, 64, 16, &wide), false),
        ("fewer samples", picture(64, 64, 8, &[90; 64 * 60]), true),
        ("samples of twelve bits", picture(64, 64, 12, &[90; 64 * 96]), true),
        ("cut", patient("1")[..20].to_vec(), true),
        ("letters", b"So CCCD: 001090123456, So CCCD".to_vec(), true),
        ("no pixels of a size", element(PIXELS, b"OW", &[0; 64]), true),
    ] {
        let inspection = inspect(&file(EXPLICIT, &data));
        assert_eq!(!inspection.opaque.is_empty(), is_opaque, "{what}: {inspection:?}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), u64::from(what == "letters"), "{what}: {inspection:?}");
    }
}

#[test]
fn writing_within_the_pixels_is_seen() {
    // Strokes as of letters: lines of upright marks.
    let shade = |n: usize| {
        let (x, y) = (n % 128, n / 128);
        let is_line = (16..112).contains(&x) && (y / 12) % 2 == 1 && y < 116;
        if is_line && (x % 4 < 2 || y % 12 == 6) { 250u8 } else { 20 }
    };
    let dots: Vec<u8> = (0..128 * 128).map(shade).collect();
    let wide: Vec<u8> = dots.iter().flat_map(|dot| (u16::from(*dot) * 16).to_le_bytes()).collect();
    for (what, data) in [("bytes", picture(128, 128, 8, &dots)), ("words", picture(128, 128, 16, &wide))] {
        let inspection = inspect(&file(EXPLICIT, &data));
        assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{what}: {inspection:?}");
    }
}

#[test]
fn nothing_behind_an_end_out_of_place_is_taken_for_read() {
    let patient = patient("001090123456");
    let sequence = |value: &[u8]| element(0x0010_1002, b"SQ", value);
    let behind = |end: &[u8]| [end, &patient].concat();
    for (what, data, is_opaque) in [
        ("the end of an item in none", behind(ITEM_ENDS), true),
        ("the end of a sequence in none", behind(SEQUENCE_ENDS), true),
        ("in an item of a told length", sequence(&item(&behind(ITEM_ENDS), true)), true),
        ("of a sequence in an item", sequence(&item(&behind(SEQUENCE_ENDS), false)), true),
        ("in a sequence of a told length", sequence(&[SEQUENCE_ENDS, &item(&patient, true)].concat()), true),
        ("of an item in a sequence", sequence(&[ITEM_ENDS, &item(&patient, true)].concat()), true),
        ("behind everything", [&patient, SEQUENCE_ENDS].concat(), false),
        ("behind all of an item", sequence(&item(&[&patient, ITEM_ENDS].concat(), true)), false),
        ("behind all of a sequence", sequence(&[&item(&patient, true), SEQUENCE_ENDS].concat()), false),
    ] {
        let inspection = inspect(&file(DEFLATED, &deflated(&data)));
        assert_eq!(inspection.is_opaque(OpaqueReason::ParseError), is_opaque, "{what}: {inspection:?}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), u64::from(!is_opaque), "{what}: {inspection:?}");
    }
}

#[test]
fn what_stands_behind_deflated_data_is_told() {
    let packed = deflated(&patient("001090123456"));
    for (behind, is_opaque) in [(&b"\0"[..], false), (&document(), true), (&packed, true)] {
        let inspection = inspect(&file(DEFLATED, &[&packed, behind].concat()));
        assert_eq!(inspection.is_opaque(OpaqueReason::ParseError), is_opaque, "{inspection:?}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
    }
}

#[test]
fn objects_are_opened_whatever_kind_they_are_said_to_be() {
    let document = document();
    for (what, bytes) in [
        ("bytes", file(EXPLICIT, &element(DOCUMENT, b"OB", &document))),
        ("words", file(EXPLICIT, &element(0x0009_1010, b"OW", &document))),
        ("numbers", file(EXPLICIT, &element(0x0009_1010, b"OF", &document))),
        ("short numbers", file(EXPLICIT, &element(0x0009_1010, b"US", &document))),
        ("no kind", file(IMPLICIT, &implicit(&[(0x0009_1010, &document)], false))),
        ("a document of no kind", file(IMPLICIT, &implicit(&[(DOCUMENT, &document)], false))),
        ("the first piece of a picture", file(JPEG, &fragments(&[&document]))),
        ("the second", file(JPEG, &fragments(&[b"", &document]))),
    ] {
        assert_eq!(inspect(&bytes).distinct(DetectorId::Cccd), 1, "{what}");
    }
    // A document of a kind that no room knows, and a table of shades.
    let unknown = [&[7, 1, 0xfe, 0][..], &[0xa3; 92]].concat();
    let shades: Vec<u8> = (0..256u16).flat_map(|n| (n * 257).to_le_bytes()).collect();
    for (what, bytes, is_opaque) in [
        ("a document", implicit(&[(DOCUMENT, &unknown)], false), true),
        ("numbers", implicit(&[(0x0028_1201, &shades)], false), false),
    ] {
        let inspection = inspect(&file(IMPLICIT, &bytes));
        assert_eq!(!inspection.opaque.is_empty(), is_opaque, "{what}: {inspection:?}");
    }
    let shades = inspect(&file(EXPLICIT, &element(0x0028_1201, b"OW", &shades)));
    assert!(shades.opaque.is_empty(), "{shades:?}");
}

#[test]
fn a_first_piece_is_a_table_when_it_tells_places_one_behind_another() {
    let table = |offsets: &[u32]| is_table(&offsets.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>());
    assert!(table(&[]) && table(&[0]) && table(&[0, 0]) && table(&[0, 900, 70_000]));
    assert!(!table(&[8]) && !table(&[0, 900, 8]) && !is_table(b"\0\0\0\0\0"));
}

#[test]
fn samples_lie_as_the_data_they_stand_in_tells() {
    let icon = |data: &[u8]| element(0x0088_0200, b"SQ", &item(data, true));
    let (large, small) = (picture(64, 64, 8, &[90; 64 * 64]), picture(8, 8, 8, &[85; 64]));
    let (told, samples) = large.split_at(40);
    let lone = element(PIXELS, b"OW", &[85; 64 * 64]);
    for (what, data, is_opaque) in [
        ("a small picture before the large", [told, &icon(&small), samples].concat(), false),
        ("one that does not tell how it lies", [told, &icon(&lone), samples].concat(), true),
    ] {
        let inspection = inspect(&file(EXPLICIT, &data));
        assert_eq!(!inspection.opaque.is_empty(), is_opaque, "{what}: {inspection:?}");
    }
}

#[test]
fn a_drawing_larger_than_any_picture_is_not_drawn() {
    let short = |tag, n: u16| element(tag, b"US", &n.to_le_bytes());
    for (rows, reason) in [(16_000, OpaqueReason::TooLarge), (700, OpaqueReason::UnsupportedFormat)] {
        let drawing = element(0x6000_3000, b"OW", &[0x55; 64]);
        let data = [short(0x6000_0010, rows), short(0x6000_0011, u16::MAX), drawing].concat();
        let inspection = inspect(&file(EXPLICIT, &data));
        assert!(inspection.is_opaque(reason), "{rows}: {inspection:?}");
    }
}
