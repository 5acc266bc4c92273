use chot_model::{DetectorId, Inspection, OpaqueReason, Secret};

use crate::{Hint, Inspector, Limits};

const SOLID: &[u8] = include_bytes!("../../../tests/packed/solid.7z");

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

fn reasons(inspection: &Inspection) -> Vec<OpaqueReason> {
    inspection.opaque.iter().map(|o| o.reason).collect()
}

#[test]
fn members_are_read_whatever_they_are_packed_with() {
    for (name, archive) in [
        ("solid", SOLID),
        ("one by one, LZMA", include_bytes!("../../../tests/packed/lzma.7z")),
        ("filtered", include_bytes!("../../../tests/packed/bcj.7z")),
        ("bzip2", include_bytes!("../../../tests/packed/bzip2.7z")),
        ("deflate", include_bytes!("../../../tests/packed/deflate.7z")),
        ("header not packed", include_bytes!("../../../tests/packed/header.7z")),
    ] {
        let inspection = inspect(archive);
        // 300 in the list and one in the letter.
        assert_eq!((inspection.distinct(DetectorId::Cccd), reasons(&inspection)), (301, vec![]), "{name}");
    }
}

#[test]
fn what_cannot_be_unpacked_is_opaque_and_named() {
    for (name, archive, reason, parts) in [
        ("PPMd", &include_bytes!("../../../tests/packed/ppmd.7z")[..], OpaqueReason::UnsupportedFormat, 2),
        ("a password", include_bytes!("../../../tests/packed/password.7z"), OpaqueReason::Encrypted, 2),
        ("names too", include_bytes!("../../../tests/packed/names.7z"), OpaqueReason::Encrypted, 1),
    ] {
        assert_eq!(reasons(&inspect(archive)), vec![reason; parts], "{name}");
    }
}

#[test]
fn names_are_looked_at_even_of_members_with_a_password() {
    let inspection = inspect(include_bytes!("../../../tests/packed/named.7z"));
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
    assert_eq!(reasons(&inspection), [OpaqueReason::Encrypted]);
}

#[test]
fn passwords_that_are_given_open_archives() {
    let unlocking = |passwords: &[&str]| {
        let passwords: Vec<Secret> = passwords.iter().map(|p| Secret::new(*p)).collect();
        Inspector::new(Limits::default(), 2026).unlocking(passwords)
    };
    for (name, archive, found) in [
        ("files", &include_bytes!("../../../tests/packed/password.7z")[..], 301),
        ("names too", include_bytes!("../../../tests/packed/names.7z"), 301),
    ] {
        let open = unlocking(&["x", "abc"]).inspect(Hint::default(), &archive.to_vec()).inspection;
        assert_eq!((open.distinct(DetectorId::Cccd), reasons(&open)), (found, vec![]), "{name}");
        let closed = unlocking(&["abd"]).inspect(Hint::default(), &archive.to_vec()).inspection;
        assert!(closed.is_opaque(OpaqueReason::Encrypted), "{name}");
    }
}

#[test]
fn an_archive_that_is_cut_is_opaque() {
    assert!(inspect(&SOLID[..6]).is_opaque(OpaqueReason::ParseError));
    for len in [32, 33, SOLID.len() - 9, SOLID.len() - 1] {
        let inspection = inspect(&SOLID[..len]);
        // It may be the first of several files.
        assert!(inspection.is_opaque(OpaqueReason::Partial), "{len}");
        assert!(!inspection.is_opaque(OpaqueReason::TooDeep), "{len}: it is not within itself");
    }
}

#[test]
fn bytes_behind_and_bytes_that_changed_are_told() {
    let inspection = inspect(&[SOLID, b"\nCCCD 001190123456\n"].concat());
    assert_eq!(inspection.distinct(DetectorId::Cccd), 302, "{inspection:?}");
    for at in 32..SOLID.len() {
        let mut changed = SOLID.to_vec();
        changed[at] ^= 0x10;
        let inspection = inspect(&changed);
        let same = inspection.distinct(DetectorId::Cccd) == 301;
        assert!(same || !inspection.opaque.is_empty(), "byte {at}: {inspection:?}");
    }
}

#[test]
fn numbers_of_every_length_are_read() {
    use super::header::Header;
    // A count of folders, in one byte and in nine: too many for the header in either case.
    for count in [&b"\x7f"[..], b"\xff\0\0\0\0\0\0\0\x7f", b"\xfe\0\0\0\0\0\0\x7f"] {
        let header = [b"\x01\x04\x07\x0b", count, b"\0\0\0"].concat();
        assert_eq!(Header::read(&header, &mut Vec::new()).err(), Some(OpaqueReason::ParseError), "{count:?}");
    }
}

const NUMBER: &[u8] = b"\nCCCD 001190123456\n";

/// An archive of one file, so small that all numbers take a byte, with `besides` among what its header says of files
/// and `behind` behind that.
fn archive(packed: &[u8], coder: &[u8], size: u8, besides: &[u8], behind: &[u8]) -> Vec<u8> {
    let packed_streams = [6, 0, 1, 9, packed.len() as u8, 0];
    let folder = [&[7, 11, 1, 0, 1][..], coder, &[12, size, 0]].concat();
    let name = [17, 5, 0, b'a', 0, 0, 0];
    let files = [&[5, 1][..], &name, besides, &[0]].concat();
    let header = [&[1, 4][..], &packed_streams, &folder, &[0], &files, &[0], behind].concat();
    let start = [(packed.len() as u64).to_le_bytes(), (header.len() as u64).to_le_bytes()].concat();
    [super::MARK, &[0, 4, 0, 0, 0, 0], &start, &[0; 4], packed, &header].concat()
}

const STORED: &[u8] = &[1, 0];
const DEFLATE: &[u8] = &[3, 4, 1, 8];

#[test]
fn what_headers_say_beside_files_is_looked_at() {
    let size = NUMBER.len() as u8;
    let dummy = [&[25, size][..], NUMBER].concat();
    let wide: Vec<u8> = "b\0so CCCD 001190123456\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let names = [&[17, wide.len() as u8 + 1, 0][..], &wide].concat();
    for (what, bytes, found) in [
        ("the file", archive(NUMBER, STORED, size, b"", b""), 1),
        ("filling", archive(b"x", STORED, 1, b"\x19\x02\0\0", b""), 0),
        ("an unknown property", archive(b"x", STORED, 1, &dummy, b""), 1),
        ("more names than files", archive(b"x", STORED, 1, &names, b""), 1),
        ("behind the header", archive(b"x", STORED, 1, b"", NUMBER), 1),
    ] {
        let inspection = inspect(&bytes);
        assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{what}: {inspection:?}");
    }
    // Times of four files without bytes.
    let empty = [&[1, 5, 4, 14, 1, 0xf0, 20, 35][..], &[b' '; 35 - NUMBER.len()], NUMBER, &[0, 0]].concat();
    let start = [0u64.to_le_bytes(), (empty.len() as u64).to_le_bytes()].concat();
    let times = [super::MARK, &[0, 4, 0, 0, 0, 0], &start, &[0; 4], &empty].concat();
    assert_eq!(inspect(&times).distinct(DetectorId::Cccd), 1);
    let names = [include_bytes!("../../../tests/packed/names.7z"), NUMBER].concat();
    let inspection = inspect(&names);
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
    assert_eq!(reasons(&inspection), [OpaqueReason::Encrypted]);
}

#[test]
fn what_a_stream_passes_over_is_looked_at() {
    // A frame of Zstandard that is to be skipped, and one of a byte, stored.
    let frames = [&b"\x50\x2a\x4d\x18\x13\0\0\0"[..], NUMBER, b"\x28\xb5\x2f\xfd\x20\x01\x09\0\0x"].concat();
    let inspection = inspect(&archive(&frames, b"\x04\x04\xf7\x11\x01", 1, b"", b""));
    assert_eq!((inspection.distinct(DetectorId::Cccd), reasons(&inspection)), (1, vec![]), "{inspection:?}");
}

#[test]
fn a_folder_that_holds_more_than_its_files_is_told() {
    use std::io::Write;
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(b"xxxxxxxxxxxx").expect("written");
    let packed = deflate.finish().expect("packed");
    let aes = [&[0x24, 6, 0xf1, 7, 1, 1][..], &[0]].concat();
    let inspector = Inspector::new(Limits::default(), 2026).unlocking(vec![Secret::new("m")]);
    for (what, bytes, told) in [
        ("nothing more", archive(&packed, DEFLATE, 12, b"", b""), &[][..]),
        ("bytes behind", archive(&[&packed, NUMBER].concat(), DEFLATE, 12, b"", b""), &[OpaqueReason::Ambiguous]),
        ("more comes out", archive(&packed, DEFLATE, 11, b"", b""), &[OpaqueReason::Ambiguous]),
        ("more is locked", archive(&[7; 48], &aes, 16, b"", b""), &[OpaqueReason::Ambiguous]),
    ] {
        let inspection = inspector.inspect(Hint::default(), &bytes).inspection;
        assert_eq!(reasons(&inspection), told, "{what}");
    }
}
