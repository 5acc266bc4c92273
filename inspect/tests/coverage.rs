//! The figure of coverage: how many bytes of a file were understood, and why the others were not.
//!
//! Every file beside these tests that other programs made has a line here, and so has each way for a part of a container
//! to be opaque. What the formats make of their own examples is tested beside them.

mod archive;

use std::collections::BTreeSet;
use std::path::Path;

use archive::{How, gzip, zip, zip_how};
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{Inspection, OpaqueReason};

fn inspect(name: &str, bytes: &[u8]) -> Inspection {
    let hint = Hint { name: Some(name.to_owned()), content_type: None };
    // Print is read where a program for it is installed.
    let limits = Limits { print_time_max: std::time::Duration::ZERO, ..Limits::default() };
    Inspector::new(limits, 2026).inspect(hint, &bytes.to_vec()).inspection
}

/// How much of a file is not understood.
#[derive(Clone, Copy, Debug)]
enum Missing {
    All,
    /// From so many percent to so many.
    Percent(u64, u64),
}

impl Missing {
    fn is(self, inspection: &Inspection) -> bool {
        let (bytes, understood) = (inspection.object.bytes, inspection.object.bytes_inspected);
        let missing = bytes - understood;
        match self {
            Self::All => understood == 0,
            Self::Percent(from, to) => from * bytes <= missing * 100 && missing * 100 <= to * bytes && missing > 0,
        }
    }
}

use Missing::{All, Percent};
use OpaqueReason::{Ambiguous, Encrypted, ParseError, TooDeep, TooLarge, TooMany, UnsupportedFormat};

/// Files that are not understood to their last byte. All others beside these tests are. Pictures are looked at in
/// `images.rs`; here are the documents that hold some.
const FILES: &[(&str, Missing, OpaqueReason)] = &[
    ("old_office/aes128.pdf", All, Encrypted),
    ("old_office/aes256.pdf", All, Encrypted),
    ("old_office/rc4.pdf", All, Encrypted),
    // A member of an archive: its header and the directory are read.
    ("old_office/aes128.zip", Percent(30, 40), Encrypted),
    ("old_office/aes256.zip", Percent(30, 40), Encrypted),
    ("old_office/aes-bzip2.zip", Percent(40, 55), Encrypted),
    ("old_office/aes-lzma.zip", Percent(40, 55), Encrypted),
    ("old_office/old-lzma.zip", Percent(40, 55), Encrypted),
    ("old_office/old.zip", Percent(25, 35), Encrypted),
    ("old_office/old7z.zip", Percent(30, 40), Encrypted),
    // A stream of a compound file that has others.
    ("old_office/agile.xlsx", Percent(50, 60), Encrypted),
    ("old_office/standard.xlsx", Percent(60, 70), Encrypted),
    // What the manifest and the list of parts say is read.
    ("old_office/locked.ods", Percent(75, 90), Encrypted),
    ("old_office/locked.odt", Percent(75, 90), Encrypted),
    ("old_office/rc4.doc", Percent(70, 85), Encrypted),
    ("old_office/rc4.xls", Percent(40, 50), Encrypted),
    ("old_office/enveloped.p7m", All, Encrypted),
    ("old_office/key.asc", All, Encrypted),
    ("old_office/key.gpg", All, Encrypted),
    ("old_office/password.gpg", All, Encrypted),
    ("packed/deflate64.zip", Percent(75, 85), UnsupportedFormat),
    ("packed/ppmd.zip", Percent(70, 80), UnsupportedFormat),
    ("packed/ppmd.7z", All, UnsupportedFormat),
    ("packed/password.7z", All, Encrypted),
    ("packed/names.7z", All, Encrypted),
    ("packed/named.7z", Percent(1, 10), Encrypted),
    ("packed/delta.parquet", Percent(10, 60), UnsupportedFormat),
    ("packed/zeros.bz2", All, UnsupportedFormat),
    ("packed/zeros.lz4", All, UnsupportedFormat),
    ("packed/zeros.xz", All, UnsupportedFormat),
    ("packed/zeros.zst", All, UnsupportedFormat),
];

#[test]
fn files_that_other_programs_made() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (mut met, mut wrong) = (BTreeSet::new(), Vec::new());
    for folder in std::fs::read_dir(&root).expect("a folder").flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
            let path = file.path();
            let name = path.strip_prefix(&root).expect("within").to_string_lossy().into_owned();
            if name.starts_with("images/") && !name.starts_with("images/card.") {
                continue;
            }
            let inspection = inspect(&name, &std::fs::read(&path).expect("a file"));
            let reasons: BTreeSet<_> = inspection.opaque.iter().map(|o| o.reason.id()).collect();
            let is_read = inspection.object.bytes == inspection.object.bytes_inspected && reasons.is_empty();
            let is_right = match FILES.iter().find(|(known, _, _)| *known == name) {
                Some((known, missing, reason)) => {
                    met.insert(*known);
                    missing.is(&inspection) && reasons == BTreeSet::from([reason.id()])
                }
                None if name.starts_with("images/card.") => Percent(80, 100).is(&inspection),
                None => is_read,
            };
            if !is_right {
                let object = &inspection.object;
                wrong.push(format!("{name}: {} of {} {reasons:?}", object.bytes_inspected, object.bytes));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(met.len(), FILES.len(), "files without a line, or lines without a file");
}

/// Bytes of no format that nothing packs.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    [&[0, 1, 2, 0xff][..], &(4..len).map(|_| byte()).collect::<Vec<_>>()].concat()
}

#[test]
fn what_is_opaque_within_a_container_is_its_share_of_it() {
    // Packs to a thousandth, and means nothing.
    let blank = [b"\0\x01\x02\xff".as_slice(), &vec![0; 1 << 20]].concat();
    let letter: String = (0..4_000).map(|n| format!("Công văn số {} về việc {}.\n", n * 7 % 1_009, n * n)).collect();
    let (text, noise) = (letter.as_bytes(), noise(40_000));
    let half = gzip(text).len();
    let few = zip(&[("a.txt", text), ("b.bin", &blank)]);
    let cases: Vec<(&str, Vec<u8>, Missing, &[OpaqueReason])> = vec![
        ("nothing but noise", noise.clone(), All, &[UnsupportedFormat]),
        ("a member that packs well", few.clone(), Percent(1, 10), &[UnsupportedFormat]),
        ("an archive in an archive", zip(&[("a.zip", &few)]), Percent(1, 10), &[UnsupportedFormat]),
        ("packed noise", gzip(&noise), Percent(95, 100), &[UnsupportedFormat]),
        ("an archive packed again", gzip(&few), Percent(1, 10), &[UnsupportedFormat]),
        (
            "half of it",
            zip_how(&[("a.txt", text, How::Deflated), ("b.bin", noise.get(..half).expect("enough"), How::Stored)]),
            Percent(45, 55),
            &[UnsupportedFormat],
        ),
        ("a member cut short", damaged(&zip(&[("a.txt", text), ("b.txt", text)])), Percent(45, 55), &[ParseError]),
        ("a stream cut short", gzip(text).split_at(half / 2).0.to_vec(), Percent(0, 1), &[ParseError]),
        ("a stream with noise behind", [gzip(text), noise.clone()].concat(), Percent(50, 90), &[ParseError]),
        ("two of a name", zip(&[("a.txt", text), ("a.txt", text)]), Percent(0, 1), &[Ambiguous]),
        ("an attachment", mail(&noise), Percent(90, 100), &[UnsupportedFormat]),
    ];
    let mut wrong = Vec::new();
    for (name, bytes, missing, expected) in cases {
        let inspection = inspect("", &bytes);
        let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        if !missing.is(&inspection) || reasons != expected {
            let object = &inspection.object;
            wrong.push(format!("{name}: {} of {} {reasons:?}", object.bytes_inspected, object.bytes));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The archive with a byte changed in its second member.
fn damaged(archive: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let second = memchr_rfind(&archive, b"PK\x03\x04") + 30 + 5;
    archive[second] ^= 0xff;
    archive
}

fn memchr_rfind(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).rposition(|window| window == what).expect("there")
}

/// A mail with an attachment in base64.
fn mail(attached: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut mail = b"From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\nContent-Type: \
        application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for line in attached.chunks(57) {
        for three in line.chunks(3) {
            let word = three.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - three.len()));
            mail.extend([18, 12, 6, 0].iter().take(three.len() + 1).map(|by| LETTERS[(word >> by & 63) as usize]));
            mail.extend(std::iter::repeat_n(b'=', 3 - three.len()));
        }
        mail.extend(b"\r\n");
    }
    mail
}

#[test]
fn what_a_limit_leaves_unread_is_missing() {
    let text = "Không có gì.\n".repeat(2_000);
    let names: Vec<String> = (0..20).map(|n| format!("{n}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), text.as_bytes())).collect();
    let (many, deep) = (zip(&members), zip(&[("a.zip", &zip(&members))]));
    let mib = vec![b' '; 24 << 20];
    let limits = Limits::default();
    let none = std::time::Duration::ZERO;
    for (name, bytes, limits, missing, reason) in [
        ("half of the members", &many, Limits { members_max: 10, ..limits.clone() }, Percent(25, 55), TooMany),
        ("nothing so deep", &deep, Limits { depth_max: 1, ..limits.clone() }, Percent(70, 90), TooDeep),
        ("of a bomb", &gzip(&mib), limits.clone(), Percent(8, 20), TooLarge),
        ("no time", &many, Limits { time_max: none, ..limits }, All, OpaqueReason::TimeLimit),
    ] {
        let inspection = Inspector::new(limits, 2026).inspect(Hint::default(), bytes).inspection;
        assert!(missing.is(&inspection) && inspection.is_opaque(reason), "{name}: {inspection:?}");
    }
}
