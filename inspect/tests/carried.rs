//! Every writing in every other around what cannot be read: it ends in findings or in a reason, never in nothing.
//!
//! All persons are invented.

use std::fmt::Write;
use std::io::Write as _;

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, OpaqueReason};

/// Bytes that nothing tells from chance.
fn chance(len: usize, mut state: u64) -> Vec<u8> {
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| byte()).collect()
}

fn list() -> String {
    let row = |n: u32| format!("{n};Nguyễn Thị Thử;0010901{:05}\n", n.wrapping_mul(7_919) % 100_000);
    format!("STT;Họ tên;Số CCCD\n{}", (0..40).map(row).collect::<String>())
}

/// What is broken, encrypted or of no known kind, and what may be told of it.
fn sealed() -> Vec<(&'static str, Vec<u8>, &'static [OpaqueReason])> {
    use OpaqueReason::{Ambiguous, Encrypted, ParseError, Partial, UnsupportedFormat};
    const DAMAGED: &[OpaqueReason] = &[ParseError, Partial, Ambiguous, UnsupportedFormat];
    let gzip = |level: u32| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        gz.write_all(list().as_bytes()).expect("memory");
        gz.finish().expect("memory")
    };
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() * 3 / 5].to_vec();
    let flipped = |mut bytes: Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at..at + 8].iter_mut().for_each(|b| *b ^= 0x5a);
        bytes
    };
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(list().as_bytes()).expect("memory");
    let xz = include_bytes!("packed/so.txt.xz").to_vec();
    let seven = include_bytes!("packed/solid.7z").to_vec();
    let zip_locked = {
        let name = b"ds.txt";
        let head = |mark: &[u8], made: &[u8]| {
            let fields: &[u8] = b"\x14\0\x01\0\0\0\0\0\x21\0\x44\x33\x22\x11\x40\0\0\0\x34\0\0\0\x06\0\0\0";
            [mark, made, fields].concat()
        };
        let local = [head(b"PK\x03\x04", b""), name.to_vec(), chance(64, 3)].concat();
        let central = [head(b"PK\x01\x02", b"\x14\0"), vec![0; 14], name.to_vec()].concat();
        let (size, at) = ((central.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes());
        [local, central, b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec(), size.to_vec(), at.to_vec(), vec![0, 0]].concat()
    };
    let age = [&b"age-encryption.org/v1\n-> X25519 "[..], b"Zm9vYmFyYmF6cXV4\n--- abc\n", &chance(300, 5)].concat();
    let pgp =
        [&b"\x85\x01\x0c\x03"[..], &chance(8, 6), b"\x01", &chance(258, 7), b"\xd2\x60", &chance(300, 8)].concat();
    let armour = format!("-----BEGIN PGP MESSAGE-----\n\n{}\n-----END PGP MESSAGE-----\n", base64(&chance(200, 9)));
    vec![
        ("gzip, cut", cut(gzip(6)), DAMAGED),
        ("gzip stored, cut", cut(gzip(0)), DAMAGED),
        ("gzip, damaged", flipped(gzip(9)), DAMAGED),
        ("zlib, cut", cut(zlib.finish().expect("memory")), DAMAGED),
        ("xz, cut", cut(xz.clone()), DAMAGED),
        ("xz, damaged", flipped(xz), DAMAGED),
        ("7z, cut", cut(seven), DAMAGED),
        ("rar, damaged", [&b"Rar!\x1a\x07\x01\0"[..], &chance(300, 1)].concat(), DAMAGED),
        ("zip, locked", zip_locked, &[Encrypted, ParseError]),
        ("database", [&b"\0\x01\0\0Standard ACE DB\0"[..], &chance(900, 2)].concat(), &[UnsupportedFormat]),
        ("openssl", [&b"Salted__"[..], &chance(304, 4)].concat(), &[Encrypted]),
        ("age", age, &[Encrypted]),
        ("openpgp", pgp, &[Encrypted]),
        ("openpgp, armoured", armour.into_bytes(), &[Encrypted]),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        let len = chunk.len();
        let sign = move |n: usize| char::from(SIGNS[(bits >> (18 - 6 * n)) as usize & 63]);
        (0..4).map(move |n| if n <= len { sign(n) } else { '=' })
    };
    bytes.chunks(3).flat_map(group).collect()
}

fn base32(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |n| b >> n & 1)).collect();
    let five = |five: &[u8]| five.iter().chain(&[0; 5]).take(5).fold(0, |n, bit| n << 1 | usize::from(*bit));
    bits.chunks(5).map(|bits| char::from(SIGNS[five(bits)])).collect()
}

fn each(bytes: &[u8], write: impl Fn(&mut String, u8)) -> String {
    let mut out = String::new();
    bytes.iter().for_each(|b| write(&mut out, *b));
    out
}

fn uuencode(bytes: &[u8]) -> String {
    let sign = |six: u8| if six == 0 { '`' } else { char::from(six + 0x20) };
    let line = |line: &[u8]| {
        let groups = line.chunks(3).flat_map(|c| {
            let [a, b, c] = [0, 1, 2].map(|n| c.get(n).copied().unwrap_or(0));
            [a >> 2, a << 4 & 0x3f | b >> 4, b << 2 & 0x3f | c >> 6, c & 0x3f].map(sign)
        });
        format!("{}{}\n", sign(line.len() as u8), groups.collect::<String>())
    };
    format!("begin 644 x.bin\n{}`\nend\n", bytes.chunks(45).map(line).collect::<String>())
}

/// The ways of writing bytes as text.
#[expect(clippy::type_complexity, reason = "a table")]
fn writings() -> Vec<(&'static str, fn(&[u8]) -> String)> {
    vec![
        ("base64", base64),
        ("base64, wrapped", |b| base64(b).as_bytes().chunks(76).map(|l| String::from_utf8_lossy(l) + "\n").collect()),
        ("base64 for addresses", |b| base64(b).replace('+', "-").replace('/', "_").replace('=', "")),
        ("base64, escaped slashes", |b| format!("\"{}\"", base64(b).replace('/', "\\/"))),
        ("base32", base32),
        ("hex", |b| each(b, |out, b| write!(out, "{b:02x}").expect("memory"))),
        ("uuencode", uuencode),
        ("percent", |b| {
            each(b, |out, b| match b {
                b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
                b => write!(out, "%{b:02X}").expect("memory"),
            })
        }),
        ("percent, all", |b| each(b, |out, b| write!(out, "%{b:02x}").expect("memory"))),
        ("quoted-printable", |b| {
            let all = each(b, |out, b| write!(out, "={b:02X}").expect("memory"));
            all.as_bytes().chunks(72).map(|line| String::from_utf8_lossy(line) + "=\r\n").collect()
        }),
        ("string", |b| {
            let escaped = each(b, |out, b| match b {
                b'"' | b'\\' => write!(out, "\\{}", char::from(b)).expect("memory"),
                b if !(0x20..0x7f).contains(&b) => write!(out, "\\u{b:04x}").expect("memory"),
                b => out.push(char::from(b)),
            });
            format!("\"{escaped}\"")
        }),
        ("string, all", |b| format!("\"{}\"", each(b, |out, b| write!(out, "\\u{b:04x}").expect("memory")))),
        ("references", |b| each(b, |out, b| write!(out, "&#{b};").expect("memory"))),
    ]
}

/// Known gaps, in docs/formats.md: what by chance reads as another writing's is undone with the writing it stands in.
const KNOWN: [&str; 2] = ["openpgp in string", "gzip, cut in uuencode in string"];

fn untold(name: &str, bytes: &[u8], may: &[OpaqueReason]) -> Option<String> {
    let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection;
    let found = inspection.distinct(DetectorId::Cccd) > 0;
    let told = inspection.opaque.iter().any(|o| may.contains(&o.reason));
    (!found && !told).then(|| format!("{name}: {:?}", inspection.opaque))
}

#[test]
fn what_cannot_be_read_is_told_in_every_writing_and_in_each_within_another() {
    let (mut silent, mut count) = (Vec::new(), 0);
    for (kind, bytes, may) in sealed() {
        silent.extend(untold(kind, &bytes, may));
        for (inner, write) in writings() {
            let once = write(&bytes);
            silent.extend(untold(&format!("{kind} in {inner}"), format!("noi dung: {once}\n").as_bytes(), may));
            for (outer, write) in writings() {
                let twice = format!("data={}\n", write(once.as_bytes()));
                silent.extend(untold(&format!("{kind} in {inner} in {outer}"), twice.as_bytes(), may));
                count += 1;
            }
        }
    }
    silent.retain(|what: &String| !KNOWN.iter().any(|known| what.starts_with(known)));
    assert!(silent.is_empty(), "{} of {count}:\n{}", silent.len(), silent.join("\n"));
}

#[test]
fn what_can_be_read_is_read_in_every_writing() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(list().as_bytes()).expect("memory");
    let gz = gz.finish().expect("memory");
    for (how, write) in writings() {
        let written = write(&gz);
        let field = match how.starts_with("percent") {
            true => written.clone(),
            false => each(written.as_bytes(), |out, b| write!(out, "%{b:02X}").expect("memory")),
        };
        for text in [format!("noi dung: {written}\n"), format!("a=1&data={field}&b=2")] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), 40, "{how} {:?}", inspection.opaque);
        }
    }
}
