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
        assert_eq!(Header::read(&header).err(), Some(OpaqueReason::ParseError), "{count:?}");
    }
}
