//! Files made to exhaust or to fool: the program ends soon, in bounded memory, and never calls them clean.
//!
//! Each is scanned by the program itself in a process of its own, whose time and memory are measured.

#[path = "hostile/documents.rs"]
mod documents;
#[path = "hostile/pages.rs"]
mod pages;
#[path = "hostile/pictures.rs"]
mod pictures;
#[path = "hostile/quine.rs"]
mod quine;

use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

/// Builds that are not optimised take several times as long with pixels.
const SECONDS_MAX: f64 = if cfg!(debug_assertions) { 90.0 } else { 10.0 };
const KIB_MAX: u64 = 256 << 10;

/// A number that must be found where it can be read.
const SAID: &[u8] = "Số CCCD 001090123456".as_bytes();

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, n| bits << 8 | u32::from(chunk.get(n).copied().unwrap_or_default()));
        let sign = |n| if n > chunk.len() { '=' } else { char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]) };
        (0..4).map(sign).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

fn crc(pieces: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    pieces.iter().for_each(|piece| crc.update(piece));
    crc.sum()
}

/// What the headers of a member say.
#[derive(Clone)]
struct Member {
    name: &'static str,
    method: u16,
    flags: u16,
    crc: u32,
    packed: u32,
    size: u32,
}

impl Member {
    fn fields(&self) -> Vec<u8> {
        let mut out = [[20, 0], self.flags.to_le_bytes(), self.method.to_le_bytes(), [0, 0], [0, 0]].concat();
        [self.crc, self.packed, self.size].iter().for_each(|n| out.extend(n.to_le_bytes()));
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.fields()[..], self.name.as_bytes()].concat()
    }

    fn central(&self, at: usize) -> Vec<u8> {
        [b"PK\x01\x02\x14\0", &self.fields()[..], &[0; 10], &(at as u32).to_le_bytes(), self.name.as_bytes()].concat()
    }
}

/// An archive of `body` with this directory.
fn archive(body: &[u8], directory: &[Vec<u8>], comment: &[u8]) -> Vec<u8> {
    let count = (directory.len() as u16).to_le_bytes();
    let directory = directory.concat();
    let (len, at) = ((directory.len() as u32).to_le_bytes(), (body.len() as u32).to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &len, &at, &(comment.len() as u16).to_le_bytes()].concat();
    [body, &directory, &end, comment].concat()
}

fn stored(name: &'static str, bytes: &[u8]) -> (Member, Vec<u8>) {
    let size = bytes.len() as u32;
    let member = Member { name, method: 0, flags: 0, crc: crc(&[bytes]), packed: size, size };
    let local = [&member.local(), bytes].concat();
    (member, local)
}

fn zip(name: &'static str, bytes: &[u8]) -> Vec<u8> {
    let (member, body) = stored(name, bytes);
    archive(&body, &[member.central(0)], b"")
}

/// Many members that are all the same bytes.
fn same_bytes() -> Vec<u8> {
    let zeros = vec![0; 4 << 20];
    let packed = deflate(&zeros);
    let member = Member {
        name: "a",
        method: 8,
        flags: 0,
        crc: crc(&[&zeros]),
        packed: packed.len() as u32,
        size: zeros.len() as u32,
    };
    archive(&[member.local(), packed].concat(), &vec![member.central(0); 2_000], b"")
}

/// Members that each quote the header of the next, so that every header is right (Fifield, "A better zip bomb", 2019).
fn quoted() -> Vec<u8> {
    const NAMES: [&str; 30] = [
        "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17",
        "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29",
    ];
    let mut content = vec![0; 2 << 20];
    let mut body = deflate(&content);
    let mut members: Vec<Member> = Vec::new();
    for (n, name) in NAMES.into_iter().rev().enumerate() {
        if n > 0 {
            // A stored block that quotes what follows it.
            let quote = members.last().map(Member::local).unwrap_or_default();
            let len = (quote.len() as u16).to_le_bytes();
            let block = [&[0][..], &len, &len.map(|b| !b)].concat();
            content.splice(0..0, quote);
            body.splice(0..0, block);
        }
        let (packed, size) = (body.len() as u32, content.len() as u32);
        let member = Member { name, method: 8, flags: 0, crc: crc(&[&content]), packed, size };
        body.splice(0..0, member.local());
        members.push(member);
    }
    members.reverse();
    // Each begins behind the header and the block before.
    let directory: Vec<Vec<u8>> =
        members.iter().enumerate().map(|(n, m)| m.central(n * (m.local().len() + 5))).collect();
    archive(&body, &directory, b"")
}

/// One in another, of different kinds, so many times.
fn nested(times: usize) -> Vec<u8> {
    let mut bytes = SAID.to_vec();
    for n in 0..times {
        bytes = match n % 3 {
            0 => gzip(&bytes),
            1 => zip("a", &bytes),
            _ => {
                let mut ar = format!("!<arch>\n{:<16}{:<32}{:<10}`\n", "a", "", bytes.len()).into_bytes();
                ar.extend(bytes);
                ar
            }
        };
    }
    bytes
}

/// A folder of archives of archives, each level ten times the one before.
fn wide() -> Vec<u8> {
    const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mut bytes = gzip(&vec![0; 1 << 20]);
    for _ in 0..6 {
        let (mut body, mut directory) = (Vec::new(), Vec::new());
        let packed = deflate(&bytes);
        for name in NAMES {
            let (len, size) = (packed.len() as u32, bytes.len() as u32);
            let member = Member { name, method: 8, flags: 0, crc: crc(&[&bytes]), packed: len, size };
            directory.push(member.central(body.len()));
            body.extend(member.local());
            body.extend(&packed);
        }
        bytes = archive(&body, &directory, b"");
    }
    bytes
}

fn two_of_a_name() -> Vec<u8> {
    let ((first, mut body), (second, rest)) = (stored("a.txt", b"nothing"), stored("a.txt", SAID));
    let directory = [first.central(0), second.central(body.len())];
    body.extend(rest);
    archive(&body, &directory, b"")
}

/// The directory and the header of the member name different things.
fn two_names() -> Vec<u8> {
    let (member, body) = stored("a.txt", SAID);
    archive(&body, &[Member { name: "b.txt", ..member }.central(0)], b"")
}

/// A member that the directory does not list.
fn not_listed() -> Vec<u8> {
    let ((_, mut body), (listed, rest)) = (stored("a.txt", SAID), stored("b.txt", b"nothing"));
    let at = body.len();
    body.extend(rest);
    archive(&body, &[listed.central(at)], b"")
}

/// Sizes behind the data, as programs write that do not know them before.
fn descriptor() -> Vec<u8> {
    let (member, _) = stored("a.txt", SAID);
    let streamed = Member { flags: 8, crc: 0, packed: 0, size: 0, ..member };
    let sizes =
        [&b"PK\x07\x08"[..], &member.crc.to_le_bytes(), &member.packed.to_le_bytes(), &member.size.to_le_bytes()];
    let body = [&streamed.local()[..], SAID, &sizes.concat()].concat();
    archive(&body, &[Member { flags: 8, ..member }.central(0)], b"")
}

const ZEROS_XZ: &[u8] = include_bytes!("../inspect/tests/packed/zeros.xz");
const ZEROS_ZST: &[u8] = include_bytes!("../inspect/tests/packed/zeros.zst");
const ZEROS_BZ2: &[u8] = include_bytes!("../inspect/tests/packed/zeros.bz2");
const ZEROS_LZ4: &[u8] = include_bytes!("../inspect/tests/packed/zeros.lz4");
const SEVEN: &[u8] = include_bytes!("../inspect/tests/packed/header.7z");
const DATABASE: &[u8] = include_bytes!("../inspect/tests/packed/nguoi.db");

/// A 7z archive whose header says what `header` says.
fn seven(header: &[u8]) -> Vec<u8> {
    let start = [&0u64.to_le_bytes()[..], &(header.len() as u64).to_le_bytes(), &crc(&[header]).to_le_bytes()].concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc(&[&start]).to_le_bytes()[..], &start, header].concat()
}

/// A database whose pages all lead to each other.
fn turning() -> Vec<u8> {
    let mut pages = DATABASE.to_vec();
    for page in 0..4_000u32 {
        // Inner pages of a table: each names the two behind it and the first.
        let mut bytes = vec![0; 512];
        bytes[..12].copy_from_slice(&[5, 0, 0, 0, 2, 1, 0xf0, 0, 0, 0, 0, 2]);
        bytes[12..16].copy_from_slice(&[1, 0xf0, 1, 0xf6]);
        bytes[496..500].copy_from_slice(&(page % 4_000 + 3).to_be_bytes());
        bytes[502..506].copy_from_slice(&(page % 4_000 + 4).to_be_bytes());
        pages.extend(bytes);
    }
    pages.copy_within(1_024..1_536, 512);
    pages
}

/// What must come of a file.
enum Must {
    /// Something in it is told as not understood.
    Tell,
    /// The number is found and nothing is told.
    Read,
    /// Both.
    ReadAndTell,
    /// Only that it ends: large, and nothing on it.
    End,
}

#[test]
fn none_is_clean_slow_or_large() {
    use Must::{Read, ReadAndTell, Tell};
    let stored = || stored("a.txt", SAID);
    let cases: Vec<(&str, Vec<u8>, Must)> = vec![
        ("zeros.gz", gzip(&vec![0; 16 << 20]).repeat(6), Tell),
        ("zeros.xz", ZEROS_XZ.repeat(32), Tell),
        ("zeros.zst", ZEROS_ZST.repeat(64), Tell),
        ("zeros.bz2", ZEROS_BZ2.repeat(640), Tell),
        ("zeros.lz4", ZEROS_LZ4.repeat(20), Tell),
        ("zeros-in-zeros.gz", gzip(&gzip(&vec![0; 64 << 20])), Tell),
        ("same-bytes.zip", same_bytes(), Tell),
        ("quoted.zip", quoted(), Tell),
        ("wide.zip", wide(), Tell),
        ("again.zip", quine::zip(), Tell),
        ("again.gz", quine::gzip(), Tell),
        ("nested-15", nested(15), Read),
        ("nested-40", nested(40), Tell),
        ("nested-400", nested(400), Tell),
        ("two-of-a-name.zip", two_of_a_name(), ReadAndTell),
        ("two-names.zip", two_names(), ReadAndTell),
        ("not-listed.zip", not_listed(), ReadAndTell),
        ("descriptor.zip", descriptor(), Read),
        ("in-front.zip", [SAID, b"\n", &zip("a.txt", b"nothing")].concat(), ReadAndTell),
        ("comment.zip", archive(&stored().1, &[stored().0.central(0)], b"nothing"), Read),
        ("in-the-comment.zip", archive(&zip("a", b"b")[..32], &[], SAID), ReadAndTell),
        ("many-names.7z", seven(&[1, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]), Tell),
        ("header-in-header.7z", seven(&SEVEN[SEVEN.len() - 40..]), Tell),
        ("turning.db", turning(), Tell),
        ("large.db", [DATABASE, &vec![0; 100 << 20]].concat(), Tell),
        // A window of two GiB, and a file of as many.
        ("window.lzma", b"\x5d\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\0\x01\x02\x03\x04\x05".to_vec(), Tell),
        ("window.zst", b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00".to_vec(), Tell),
    ];
    judge(cases);
}

#[test]
fn no_document_is_clean_slow_or_large() {
    judge(documents::cases());
}

#[test]
fn no_page_is_clean_slow_or_large() {
    judge(pages::cases());
}

#[test]
fn no_picture_is_clean_slow_or_large() {
    judge(pictures::cases());
}

fn judge(cases: Vec<(&str, Vec<u8>, Must)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (todo, wrong) = (Mutex::new(cases.into_iter()), Mutex::new(Vec::new()));
    let next = || todo.lock().expect("no panic").next();
    // What a scan takes is its own processor time, however many run beside it.
    let lanes = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some((name, bytes, must)) = next() {
                    let said = judged(&folder.path().join(name), &bytes, must);
                    wrong.lock().expect("no panic").extend(said.map(|said| format!("{name}: {said}")));
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with what becomes of a file.
fn judged(path: &Path, bytes: &[u8], must: Must) -> Option<String> {
    use Must::{End, Read, ReadAndTell, Tell};
    std::fs::write(path, bytes).expect("written");
    let Scan { opaque, found, seconds, kib } = scan(path);
    let is_told = match must {
        Tell => opaque > 0,
        Read => opaque == 0 && found,
        ReadAndTell => opaque > 0 && found,
        End => true,
    };
    (!is_told || seconds > SECONDS_MAX || kib > KIB_MAX)
        .then(|| format!("{opaque} opaque, found {found}, {seconds} s, {kib} KiB"))
}

struct Scan {
    opaque: usize,
    found: bool,
    /// Of processor, workers included.
    seconds: f64,
    kib: u64,
}

/// Scans a file in a process of its own.
fn scan(path: &Path) -> Scan {
    // The kernel tells what a process and its workers took once they have ended.
    const MEASURE: &str = "import json, resource, subprocess, sys
out = subprocess.run(sys.argv[1:], capture_output=True).stdout.decode()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(out + json.dumps({'type': 'used', 'seconds': used.ru_utime + used.ru_stime, 'kib': used.ru_maxrss}))";
    let chot = env!("CARGO_BIN_EXE_chot");
    let output = Command::new("python3").args(["-c", MEASURE, chot, "scan", "--json"]).arg(path).output();
    let output = output.expect("python3 runs");
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect();
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    let opaque = of("file").iter().map(|file| file["opaque"].as_array().map_or(0, Vec::len)).sum();
    let found = of("finding").iter().any(|finding| finding["detector"] == "cccd");
    let used = of("used")[0];
    Scan {
        opaque,
        found,
        seconds: used["seconds"].as_f64().expect("a number"),
        kib: used["kib"].as_u64().expect("a number"),
    }
}
