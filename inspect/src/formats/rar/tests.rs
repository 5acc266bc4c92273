use chot_model::{DetectorId, Inspection, OpaqueReason, Secret};
use rars::crypto::rar30::Rar30Cipher;
use rars::crypto::rar50::{Rar50Cipher, Rar50Keys};
use rars::{ArchiveVersion, Builder};

use super::five;

use crate::{Hint, Inspector, Limits};

/// A block of version 4: with its checksum, as readers want it.
fn block_four(kind: u8, flags: u16, fields: &[u8]) -> Vec<u8> {
    let len = (7 + fields.len()) as u16;
    let body = [&[kind][..], &flags.to_le_bytes(), &len.to_le_bytes(), fields].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&(crc.sum() as u16).to_le_bytes()[..], &body].concat()
}

fn file_four(name: &[u8], flags: u16, method: u8, data: &[u8]) -> Vec<u8> {
    let len = (data.len() as u32).to_le_bytes();
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let mut fields = [&len[..], &len, &[3], &crc.sum().to_le_bytes(), &[0; 4], &[20, method]].concat();
    fields.extend((name.len() as u16).to_le_bytes());
    fields.extend(0o100_644_u32.to_le_bytes());
    fields.extend(name);
    [block_four(0x74, 0x8000 | flags, &fields), data.to_vec()].concat()
}

fn archive_four(files: &[Vec<u8>]) -> Vec<u8> {
    [&super::four::MARK.to_vec(), &block_four(0x73, 0, &[0; 6]), &files.concat(), &block_four(0x7b, 0x4000, &[])]
        .map(Vec::as_slice)
        .concat()
}

pub(super) fn four() -> Vec<u8> {
    archive_four(&[file_four(b"so.txt", 0, 0x30, "Số CCCD 001090123456".as_bytes())])
}

fn block_five(body: &[u8]) -> Vec<u8> {
    let sized = [&vint(body.len() as u64), body].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&sized);
    [&crc.sum().to_le_bytes()[..], &sized].concat()
}

/// A file of version 5, of at most 127 bytes in all.
fn file_five(name: &str, flags: u8, packing: u8, extra: &[u8], data: &[u8]) -> Vec<u8> {
    let mut body = vec![2, 2 | flags | u8::from(!extra.is_empty())];
    if !extra.is_empty() {
        body.extend(vint(extra.len() as u64));
    }
    let mut crc = flate2::Crc::new();
    crc.update(data);
    body.extend([data.len() as u8, 4, data.len() as u8, 0]);
    body.extend(crc.sum().to_le_bytes());
    body.extend([0x80, packing, 1, name.len() as u8]);
    body.extend(name.bytes());
    body.extend(extra);
    [block_five(&body), data.to_vec()].concat()
}

fn archive_five(blocks: &[Vec<u8>]) -> Vec<u8> {
    [&five::MARK.to_vec(), &block_five(&[1, 0, 0]), &blocks.concat(), &block_five(&[5, 0, 0])]
        .map(Vec::as_slice)
        .concat()
}

pub(super) fn five() -> Vec<u8> {
    archive_five(&[file_five("so.txt", 0, 0, b"", "Số CCCD 001090123456".as_bytes())])
}

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

fn check(name: &str, bytes: &[u8], found: u64, reasons: &[OpaqueReason]) {
    let inspection = inspect(bytes);
    let told: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
    assert_eq!((inspection.distinct(DetectorId::Cccd), told.as_slice()), (found, reasons), "{name}: {inspection:?}");
}

#[test]
fn stored_members_and_all_names_are_read() {
    let number = b"CCCD 001190123456\n";
    let named = b"CCCD 001290123456.txt";
    check("4", &archive_four(&[file_four(b"a.txt", 0, 0x30, number), file_four(named, 0, 0x30, b"x")]), 2, &[]);
    let packed = [file_four(named, 0, 0x33, b"\xf0\xf1\xf2"), file_four(b"a.txt", 0, 0x30, number)];
    check("4, packed", &archive_four(&packed), 2, &[OpaqueReason::ParseError]);
    check("5, a remark", &archive_five(&[file_five("CMT", 0, 0, b"", b"CCCD 001190123456\0")]), 1, &[]);
    let name = "CCCD 001290123456.txt";
    check("5", &archive_five(&[file_five("a", 0, 0, b"", number), file_five(name, 0, 0, b"", b"x")]), 2, &[]);
    let packed = [file_five(name, 0, 3, b"", b"\xf0\xf1"), file_five("a", 0, 0, b"", number)];
    check("5, packed", &archive_five(&packed), 2, &[OpaqueReason::ParseError]);
}

#[test]
fn passwords_pieces_and_bytes_behind_are_told() {
    let number = b"CCCD 001190123456\n";
    let encrypted = [OpaqueReason::Encrypted];
    check("4, password", &archive_four(&[file_four(b"a", 4, 0x33, b"\xf0\xf1")]), 0, &encrypted);
    check("4, headers", &[super::four::MARK, &block_four(0x73, 0x80, &[0; 6]), &[0xf5; 99]].concat(), 0, &encrypted);
    check("4, a piece", &archive_four(&[file_four(b"a", 2, 0x30, number)]), 1, &[OpaqueReason::Partial]);
    check("5, password", &archive_five(&[file_five("a", 0, 3, b"\x02\x01\x00", b"\xf0\xf1")]), 0, &encrypted);
    check("5, headers", &[five::MARK, &block_five(&[4, 0, 0, 0]), &[0xf5; 99]].concat(), 0, &encrypted);
    check("5, a piece", &archive_five(&[file_five("a", 0x10, 0, b"", number)]), 1, &[OpaqueReason::Partial]);
    for bytes in [four(), five()] {
        check("behind", &[&bytes, &number[..]].concat(), 2, &[]);
        check("cut", &bytes[..bytes.len() - 12], 0, &[OpaqueReason::ParseError]);
    }
}

#[test]
fn names_beyond_ascii_are_read_in_version_four() {
    // "Số" of its own, the rest as in the plain name.
    let name = b"S? 001090123456\0\x1e\x1c\x53\xd1\x0b";
    check("4", &archive_four(&[file_four(name, 0x200, 0x30, b"x")]), 1, &[]);
    assert_eq!(super::four::wide(name), "Số 001090123456");
}

/// An archive as programs pack it.
fn packed(version: ArchiveVersion, files: &[(&str, String)], build: impl FnOnce(Builder) -> Builder) -> Vec<u8> {
    let mut archive = build(Builder::new(version));
    for (name, text) in files {
        archive.add_bytes(name.as_bytes().to_vec(), text.as_bytes().to_vec(), None, None).expect("added");
    }
    archive.to_bytes().expect("packed")
}

const VERSIONS: [ArchiveVersion; 5] =
    [ArchiveVersion::Rar15, ArchiveVersion::Rar20, ArchiveVersion::Rar29, ArchiveVersion::Rar50, ArchiveVersion::Rar70];

/// Letters with a number of their own in each.
fn letters() -> [(&'static str, String); 3] {
    let letter = |number: &str| format!("{}Số CCCD: {number}\n", "Kính gửi quý cơ quan, đơn vị.\n".repeat(300));
    [
        ("thư 1.txt", letter("001190123456")),
        ("thư 2.txt", letter("079290123457")),
        ("CCCD 038085123458.txt", letter("001190123456")),
    ]
}

#[test]
fn packed_members_are_read() {
    for version in VERSIONS {
        for solid in [false, true] {
            let bytes = packed(version, &letters(), |archive| archive.solid(solid));
            assert!(bytes.len() < 8_000, "{version:?}: it is packed");
            check(&format!("{version:?}, solid {solid}"), &bytes, 3, &[]);
        }
    }
    let remark = packed(ArchiveVersion::Rar40, &[("a", "x".to_owned())], |archive| {
        archive.comment(Some(format!("{}CCCD 001190123456", "Ghi chú. ".repeat(99)).into_bytes()))
    });
    check("a remark", &remark, 1, &[]);
}

#[test]
fn passwords_that_are_given_open_members_and_headers() {
    let check = |what: &str, bytes: &[u8], passwords: &[&str], found: u64, told: &[OpaqueReason]| {
        let passwords: Vec<_> = passwords.iter().map(|p| Secret::new(*p)).collect();
        let inspector = Inspector::new(Limits::default(), 2026).unlocking(passwords);
        let inspection = inspector.inspect(Hint::default(), &bytes.to_vec()).inspection;
        let mut reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        reasons.dedup();
        assert_eq!((inspection.distinct(DetectorId::Cccd), &*reasons), (found, told), "{what}: {inspection:?}");
    };
    for version in [ArchiveVersion::Rar40, ArchiveVersion::Rar50] {
        for solid in [false, true] {
            let lock = |headers: bool| {
                packed(version, &letters(), |archive| {
                    archive.solid(solid).password(Some(b"m\xe1\xba\xadt".to_vec())).header_encryption(headers)
                })
            };
            let what = format!("{version:?}, solid {solid}");
            check(&what, &lock(false), &["sai", "mật"], 3, &[]);
            check(&what, &lock(true), &["sai", "mật"], 3, &[]);
            // Names are not locked.
            check(&what, &lock(false), &["sai"], 1, &[OpaqueReason::Encrypted]);
            check(&what, &lock(true), &["sai"], 0, &[OpaqueReason::Encrypted]);
        }
    }
}

/// A block of version 5 that is locked.
fn lock_five(keys: &Rar50Keys, block: &[u8], data: &[u8]) -> Vec<u8> {
    let mut header = block.to_vec();
    header.resize(block.len().next_multiple_of(16), 0);
    Rar50Cipher::new(keys.key, [9; 16]).encrypt_in_place(&mut header).expect("whole blocks");
    [&[9; 16], &header[..], data].concat()
}

/// A block of version 4 that is locked.
fn lock_four(cipher: &Rar30Cipher, block: &[u8], data: &[u8]) -> Vec<u8> {
    let mut header = block.to_vec();
    header.resize(block.len().next_multiple_of(16), 0);
    cipher.clone().encrypt_in_place(&mut header).expect("whole blocks");
    [&[3; 8], &header[..], data].concat()
}

#[test]
fn whatever_stands_behind_locked_headers_is_read_or_told() {
    let inspector = Inspector::new(Limits::default(), 2026).unlocking(vec![Secret::new("m")]);
    let check = |what: &str, bytes: &[u8], found: u64, told: &[OpaqueReason]| {
        let inspection = inspector.inspect(Hint::default(), &bytes.to_vec()).inspection;
        let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        assert_eq!((inspection.distinct(DetectorId::Cccd), &*reasons), (found, told), "{what}: {inspection:?}");
    };
    let unsupported = [OpaqueReason::UnsupportedFormat];
    let keys = Rar50Keys::derive(b"m", [7; 16], 1).expect("keys");
    let lock = |block: &[u8], data: &[u8]| lock_five(&keys, block, data);
    let header = |file: Vec<u8>, data: &[u8]| file[..file.len() - data.len()].to_vec();
    let file = |name: &str, extra: &[u8], data: &[u8]| lock(&header(file_five(name, 0, 0, extra, data), data), data);
    let service = |name: &str, packing: u8, data: &[u8]| {
        let mut body = header(file_five(name, 0, packing, b"", data), data)[5..].to_vec();
        body[0] = 3;
        lock(&block_five(&body), data)
    };
    let archive = |blocks: &[Vec<u8>], behind: &[u8]| {
        let lock_header = block_five(&[&[4, 0, 0, 0, 1][..], &[7; 16]].concat());
        let (main, end) = (lock(&block_five(&[1, 0, 0]), b""), lock(&block_five(&[5, 0, 0]), b""));
        [five::MARK, &lock_header, &main, &blocks.concat(), &end, behind].concat()
    };
    check("5", &archive(&[file("a", b"", NUMBER)], b""), 1, &[]);
    check("5, called as remarks are", &archive(&[file("CMT", b"", NUMBER)], b""), 1, &[]);
    let unknown = [&[NUMBER.len() as u8 + 1, 9][..], NUMBER].concat();
    check("5, a record", &archive(&[file("a", &unknown, b"x")], b""), 1, &[]);
    let link = b"\x10\x05\x01\0\x0c001190123456";
    check("5, a link", &archive(&[file("a", link, b"")], b""), 1, &[]);
    check("5, bytes of a link", &archive(&[file("a", link, b"x")], b""), 1, &unsupported);
    check("5, a stream", &archive(&[service("STM", 0, NUMBER)], b""), 1, &[]);
    check("5, a packed stream", &archive(&[service("STM", 3, b"x")], b""), 0, &unsupported);
    check("5, another block", &archive(&[lock(&block_five(&[9, 2, 4]), b"\xf0\xf1\0\xf2")], b""), 0, &unsupported);
    check("5, behind", &archive(&[], NUMBER), 1, &[]);
    let remark = [NUMBER, b"\0"].concat();
    check("5, a remark", &archive(&[service("CMT", 0, &remark), file("a", b"", b"x")], b""), 1, &[]);
    let filled = [NUMBER, b"\0\0\x06\0\n\0\x13\0u\x80"].concat();
    check("5, a filled remark", &archive(&[service("CMT", 0, &filled), file("a", b"", b"x")], b""), 1, &[]);
    let wide: Vec<u8> = "Số CCCD 001190123456\0đ".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check("5, a wide remark", &archive(&[service("CMT", 0, &wide), file("a", b"", b"x")], b""), 1, &[]);
    let two = [service("CMT", 0, NUMBER), service("CMT", 0, b"x"), file("a", b"", b"x")];
    check("5, two remarks", &archive(&two, b""), 1, &unsupported);

    let cipher = Rar30Cipher::new(b"m", Some([3; 8])).expect("a key");
    let lock = |block: &[u8], data: &[u8]| lock_four(&cipher, block, data);
    let file = |kind: u8, slack: &[u8], data: &[u8]| {
        let file = file_four(b"a", 0, 0x30, data);
        lock(&block_four(kind, 0x8000, &[&file[7..file.len() - data.len()], slack].concat()), data)
    };
    let archive = |blocks: &[Vec<u8>], behind: &[u8]| {
        let end = lock(&block_four(0x7b, 0x4000, &[]), b"");
        [super::four::MARK, &block_four(0x73, 0x80, &[0; 6]), &blocks.concat(), &end, behind].concat()
    };
    check("4", &archive(&[file(0x74, b"", NUMBER)], b""), 1, &[]);
    check("4, a header", &archive(&[file(0x74, NUMBER, b"x")], b""), 1, &[]);
    check("4, a stream", &archive(&[file(0x7a, b"", NUMBER)], b""), 1, &[]);
    check(
        "4, another block",
        &archive(&[lock(&block_four(0x7f, 0x8000, &[4, 0, 0, 0]), b"\xf0\xf1\0\xf2")], b""),
        0,
        &unsupported,
    );
    check("4, behind", &archive(&[file(0x74, b"", b"x")], NUMBER), 1, &[]);
}

#[test]
fn remarks_in_headers_of_files_are_read() {
    for version in [ArchiveVersion::Rar15, ArchiveVersion::Rar20, ArchiveVersion::Rar29] {
        let mut archive = Builder::new(version);
        archive.add_bytes(b"a.txt".to_vec(), b"x".to_vec(), None, None).expect("added");
        let remark = format!("{}CCCD 001190123456", "Ghi chú. ".repeat(99));
        archive.set_file_comment(b"a.txt", Some(remark.into_bytes())).expect("a file with a remark");
        check(&format!("{version:?}"), &archive.to_bytes().expect("packed"), 1, &[]);
    }
}

#[test]
fn a_list_of_headers_is_known_and_anything_else_in_its_place_is_told() {
    let file = file_five("so.txt", 0, 0, b"", "Số CCCD 001090123456".as_bytes());
    let main = block_five(&[1, 0, 0]);
    let header = &file[..file.len() - "Số CCCD 001090123456".len()];
    let list = |flags: u8, header: &[u8], more: &[u8]| {
        let record = [&[flags, file.len() as u8, header.len() as u8][..], header].concat();
        let list = [block_five(&record), more.to_vec()].concat();
        let mut service = file_five("QO", 0, 0, b"", &list);
        // A service, not a file.
        let at = service.iter().position(|b| *b == 2).expect("its kind");
        service[at] = 3;
        [five::MARK, &main, &file, &service, &block_five(&[5, 0, 0])].concat()
    };
    check("the list", &list(0, header, b""), 1, &[]);
    let mut other = header.to_vec();
    other[9] ^= 0xa5;
    let mut sum = block_five(&[0, 4, 0]);
    sum[0] ^= 1;
    for (what, list) in [
        ("another header", list(0, &other, b"")),
        ("flags", list(1, header, b"")),
        ("nothing said again", list(0, header, &block_five(&[0, 4, 0]))),
        ("a wrong sum", list(0, header, &sum)),
    ] {
        assert!(!inspect(&list).opaque.is_empty(), "{what}");
    }
}

#[test]
fn remarks_beyond_the_first_are_told() {
    let remark = |packing| {
        let mut remark = file_five("CMT", 0, packing, b"", b"\xf0\xf1");
        let at = remark.iter().position(|b| *b == 2).expect("its kind");
        remark[at] = 3;
        let body = remark[5..remark.len() - 2].to_vec();
        [block_five(&body), b"\xf0\xf1".to_vec()].concat()
    };
    // The first is read where it stands, and is no text; the other is not read.
    let unsupported = [OpaqueReason::UnsupportedFormat];
    check("stored", &archive_five(&[remark(0)]), 0, &unsupported);
    let told: Vec<_> = inspect(&archive_five(&[remark(3), remark(3)])).opaque.iter().map(|o| o.reason).collect();
    assert_eq!(told, [OpaqueReason::ParseError, OpaqueReason::UnsupportedFormat]);
}

#[test]
fn folders_and_links_have_no_bytes_and_those_they_have_are_told() {
    let text = [("thu-muc", "Kính gửi. ".repeat(30))];
    let unsupported = [OpaqueReason::UnsupportedFormat];
    for version in VERSIONS {
        let folder = altered(&packed(version, &text, |archive| archive), b"", true);
        check(&format!("{version:?}"), &folder, 0, &unsupported);
    }
    let to = |target: &[u8], data: &[u8]| {
        let record = [&[5, 1, 0, target.len() as u8][..], target].concat();
        archive_five(&[file_five("a", 0, 0, &[&[record.len() as u8][..], &record].concat(), data)])
    };
    check("5, a link", &to(b"ho-so/001190123456", b""), 1, &[]);
    // So long that the byte of its length is a digit.
    let long = format!("001190123456{}", "/x".repeat(18));
    check("5, a long link", &to(long.as_bytes(), b""), 1, &[]);
    check("5, bytes of a link", &to(b"x", NUMBER), 1, &[]);
}

#[test]
fn whatever_is_changed_in_an_archive_its_number_is_found_or_something_is_told() {
    let number = [("a.txt", format!("{} CCCD 001190123456", "Kính gửi. ".repeat(20)))];
    let inspector = Inspector::new(Limits::default(), 2026);
    for version in VERSIONS {
        let bytes = packed(version, &number, |archive| archive);
        for at in 0..bytes.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= bit;
                let inspection = inspector.inspect(Hint::default(), &changed).inspection;
                let found = inspection.distinct(DetectorId::Cccd) == 1;
                assert!(found || !inspection.opaque.is_empty(), "{version:?}, {at}: {inspection:?}");
            }
        }
    }
}

/// Says a number wherever it stands.
const NUMBER: &[u8] = b"\nCCCD 001190123456\n";

/// A list of blocks with the end of an archive.
fn ended_five(blocks: &[&[u8]], end: &[u8]) -> Vec<u8> {
    [five::MARK, &blocks.concat(), end].concat()
}

#[test]
fn headers_are_looked_at_to_their_end() {
    let file = file_five("a", 0, 0, b"", b"x");
    let (main, end) = (block_five(&[1, 0, 0]), block_five(&[5, 0, 0]));
    let unknown = [&[NUMBER.len() as u8 + 1, 9][..], NUMBER].concat();
    let main_extra = block_five(&[&[1, 1, unknown.len() as u8, 0][..], &unknown].concat());
    check("5, main", &ended_five(&[&main_extra, &file], &end), 1, &[]);
    let file_extra = file_five("a", 0, 0, &unknown, b"x");
    check("5, file", &ended_five(&[&main, &file_extra], &end), 1, &[]);
    let end_slack = block_five(&[&[5, 0, 0][..], NUMBER].concat());
    check("5, end", &ended_five(&[&main, &file], &end_slack), 1, &[]);
    let end_data = [&block_five(&[5, 2, NUMBER.len() as u8, 0])[..], NUMBER].concat();
    check("5, data of the end", &ended_five(&[&main, &file], &end_data), 1, &[]);
    let archive = |main: &[u8], file: &[u8], end: &[u8]| [super::four::MARK, main, file, end].concat();
    let (main, end) = (block_four(0x73, 0, &[0; 6]), block_four(0x7b, 0x4000, &[]));
    let file = file_four(b"a", 0, 0x30, b"x");
    let main_slack = block_four(0x73, 0, &[&[0; 6], NUMBER].concat());
    check("4, main", &archive(&main_slack, &file, &end), 1, &[]);
    let slack = block_four(0x74, 0x8000, &[&file[7..file.len() - 1], NUMBER].concat());
    check("4, file", &archive(&main, &[&slack[..], b"x"].concat(), &end), 1, &[]);
    let end_slack = block_four(0x7b, 0x4000, NUMBER);
    check("4, end", &archive(&main, &file, &end_slack), 1, &[]);
    let known = block_four(0x7b, 0x400e, &[0; 13]);
    check("4, end as it is known", &archive(&main, &file, &known), 0, &[]);
}

/// An archive whose first file has more behind its bytes, or is a folder.
fn altered(bytes: &[u8], behind: &[u8], folder: bool) -> Vec<u8> {
    let is_five = bytes.starts_with(five::MARK);
    let next = if is_five { five::next } else { super::four::next };
    let source: &dyn crate::source::Source = &bytes.to_vec();
    let mut from = if is_five { five::MARK } else { super::four::MARK }.len() as u64;
    loop {
        let super::Block { what, data, end } = next(source, from).expect("a block");
        let (header, at) = (&bytes[from as usize..data as usize], end as usize);
        if !matches!(what, super::What::Member(member) if member.is_file) {
            from = end;
            continue;
        }
        let size = end - data + behind.len() as u64;
        let header = if is_five {
            let mut rest = &header[4..];
            let [_, kind, flags] = [(); 3].map(|()| five::number(&mut rest).expect("a number"));
            let extra = (flags & 1 != 0).then(|| five::number(&mut rest).expect("a number"));
            five::number(&mut rest).expect("a number");
            let fields = [kind, flags].into_iter().chain(extra).chain([size]).flat_map(vint);
            let file = rest[0] | u8::from(folder);
            block_five(&[&fields.collect::<Vec<_>>(), &[file][..], &rest[1..]].concat())
        } else {
            let flags = u16::from_le_bytes([header[3], header[4]]) | if folder { 0xe0 } else { 0 };
            block_four(header[2], flags, &[&(size as u32).to_le_bytes(), &header[11..]].concat())
        };
        return [&bytes[..from as usize], &header, &bytes[data as usize..at], behind, &bytes[at..]].concat();
    }
}

/// A number of seven bits a byte.
fn vint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[test]
fn what_stands_behind_packed_bytes_is_looked_at() {
    for version in VERSIONS {
        let bytes = packed(version, &[("a.txt", "Kính gửi quý cơ quan.\n".repeat(30))], |archive| archive);
        let zip = crate::formats::archive(&[("b.txt", NUMBER)]);
        for (what, behind, found) in [("text", NUMBER.to_vec(), 1), ("an archive", zip, 1), ("nothing", vec![], 0)] {
            let bytes = altered(&bytes, &behind, false);
            let inspection = inspect(&bytes);
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{version:?}, {what}: {inspection:?}");
        }
        // Streams of older versions do not tell how long they are.
        let is_told = matches!(version, ArchiveVersion::Rar50 | ArchiveVersion::Rar70);
        let told = is_told.then_some(OpaqueReason::UnsupportedFormat);
        check(&format!("{version:?}, bytes"), &altered(&bytes, b"\xf0\xf1\0\xf2", false), 0, told.as_slice());
    }
}
