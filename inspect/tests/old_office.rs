//! Documents of Office before 2007 and locked ones, as other programs make them (`old_office/make`). All people are invented.

use std::path::Path;

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection, OpaqueReason, Secret};

fn inspect(name: &str, passwords: &[&str]) -> Inspection {
    let bytes =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_office").join(name)).expect("a file");
    let passwords = passwords.iter().map(|p| Secret::new(*p));
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    Inspector::new(Limits::default(), 2026).unlocking(passwords).inspect(hint, &bytes).inspection
}

#[test]
fn a_workbook_is_read_with_all_its_hiding_places() {
    let book = inspect("list.xls", &[]);
    assert_eq!(book.object.media_type, "application/vnd.ms-excel");
    assert_eq!(book.opaque, [], "everything is understood");
    // Twelve numbers that lost a zero, one in a comment, one in a hidden sheet; one card in the header.
    let distinct = [DetectorId::Cccd, DetectorId::Bhxh, DetectorId::Bhyt, DetectorId::DateOfBirth];
    assert_eq!(distinct.map(|d| book.distinct(d)), [14, 12, 1, 12]);
    assert!(book.bulk && book.persons >= 12, "{}", book.persons);
}

#[test]
fn a_letter_is_read_with_its_table_and_header() {
    let letter = inspect("letter.doc", &[]);
    assert_eq!(letter.object.media_type, "application/msword");
    assert_eq!(letter.opaque, []);
    let distinct = [DetectorId::Cccd, DetectorId::Bhyt, DetectorId::DateOfBirth];
    assert_eq!(distinct.map(|d| letter.distinct(d)), [9, 1, 8]);
    // Eight rows of a table, one in a sentence.
    assert_eq!(letter.persons, 9);
}

const LOCKED: [(&str, &str, u64); 18] = [
    ("agile.xlsx", "Mật khẩu 1", 14),
    ("standard.xlsx", "Mật khẩu 1", 14),
    ("rc4.xls", "abc", 14),
    ("rc4.doc", "abc", 9),
    ("aes256.zip", "abc", 1),
    ("aes128.zip", "abc", 1),
    ("old.zip", "abc", 1),
    ("old7z.zip", "abc", 1),
    ("aes-lzma.zip", "abc", 1),
    ("aes-bzip2.zip", "abc", 1),
    ("old-lzma.zip", "abc", 1),
    ("rc4.pdf", "nguoi", 1),
    ("aes128.pdf", "nguoi", 1),
    ("aes256.pdf", "nguoi", 1),
    ("rc4.pdf", "chu", 1),
    ("aes256.pdf", "chu", 1),
    ("locked.ods", "abc", 14),
    ("locked.odt", "Mật khẩu 1", 9),
];

#[test]
fn what_is_locked_opens_with_its_password_among_others() {
    for (name, password, numbers) in LOCKED {
        let opened = inspect(name, &["sai", "không phải", password, "x"]);
        assert_eq!((opened.distinct(DetectorId::Cccd), opened.opaque.len()), (numbers, 0), "{name}: {opened:?}");
    }
}

#[test]
fn what_no_password_opens_is_encrypted_and_nothing_else() {
    let sealed = ["enveloped.p7m", "password.gpg", "key.gpg", "key.asc"];
    for name in LOCKED.iter().map(|(name, _, _)| *name).chain(sealed) {
        for passwords in [&[][..], &["sai", "abcd"]] {
            let locked = inspect(name, passwords);
            let mut reasons: Vec<_> = locked.opaque.iter().map(|o| o.reason).collect();
            // Of OpenDocument every member has a lock of its own.
            reasons.dedup();
            assert_eq!(reasons, [OpaqueReason::Encrypted], "{name}");
            assert_eq!(locked.distinct(DetectorId::Cccd), 0, "{name}");
        }
    }
}

#[test]
fn what_is_only_signed_is_read() {
    let signed = inspect("signed.p7m", &[]);
    assert_eq!((signed.distinct(DetectorId::Cccd), signed.opaque.len()), (1, 0), "{signed:?}");
}
