//! Runs fuzz targets by blind mutation: `cargo run --release -- [TARGET|all] [SECONDS] [SEED]`.
//!
//! An input that fails, or takes far too long, is written to `artifacts/TARGET/`. With a file as second argument the
//! target is run on that file once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chot_fuzz::{TARGETS, Target, seeds};

/// Larger inputs only take longer.
const LEN_MAX: usize = 1 << 15;
/// Any input of that size is done long before.
const SLOW: Duration = Duration::from_millis(1_500);

/// Words that readers look for.
const WORDS: &[&[u8]] = &[
    b"<",
    b">",
    b"</",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"\"",
    b"'",
    b"\\",
    b"\\u",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"=",
    b"&",
    b"%",
    b"%25",
    b"=\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\t",
    b"|",
    b";",
    b"--x7",
    b"--x7--\r\n",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
    b"%PDF-",
    b"stream\n",
    b"endstream",
    b"<~",
    b"~>",
    b"begin 644 a\n",
    b"=ybegin name=a\n",
    b"=yend",
    b"=?utf-8?B?",
    b"?=",
    b"+ADA-",
    b"0x30,",
    b"\\30 ",
    b"&#48;",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc2\xad",
    b"\xe2\x80\x8b",
    b"001190123456",
    b"CCCD ",
    b"0",
    b"Content-Type: multipart/mixed; boundary=x7\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"INSERT INTO a (b) VALUES (",
    b"{\\rtf1",
    b"\\'30",
    b"\\cell",
    b"\\row",
    b"<table>",
    b"<tr>",
    b"<td colspan=9 rowspan=9>",
    b"IHDR",
    b"zTXt",
    b"^",
    b"(",
];

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*: any numbers will do, as long as they are the same for the same seed.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(8) {
        let at = random.below(bytes.len() + 1);
        let to = (at + random.below(64)).min(bytes.len());
        match random.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let piece = bytes[at..to].repeat(1 + random.below(16));
                bytes.splice(at..at, piece);
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let piece = other[from..(from + random.below(200)).min(other.len())].to_vec();
                bytes.splice(at..to, piece);
            }
            6 => bytes.truncate(at.max(1)),
            _ => drop(bytes.splice(at..at, WORDS[random.below(WORDS.len())].iter().copied())),
        }
    }
    bytes.truncate(LEN_MAX);
    bytes
}

/// Runs one target for a while; tells how many inputs failed.
fn fuzz(target: &Target, time: Duration, seed: u64) -> usize {
    let seeds = seeds::all();
    let mut random = Random(seed | 1);
    let begun = Instant::now();
    let (mut runs, mut failed, mut slowest) = (0u64, 0, Duration::ZERO);
    while begun.elapsed() < time && failed < 5 {
        let bytes = seeds.get(runs as usize).cloned().unwrap_or_else(|| mutate(&seeds, &mut random));
        runs += 1;
        let start = Instant::now();
        let sound = catch_unwind(AssertUnwindSafe(|| target.run(&bytes))).is_ok();
        let took = start.elapsed();
        slowest = slowest.max(took);
        if !sound || took > SLOW {
            failed += 1;
            let folder = Path::new("artifacts").join(target.name);
            let file = folder.join(format!("{seed}-{runs}"));
            let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &bytes));
            println!("{}: {} after {took:?} ({written:?})", target.name, file.display());
        }
    }
    println!("{}: {runs} inputs, {failed} failed, slowest {slowest:?}", target.name);
    failed
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("all", String::as_str);
    let seed = arguments.get(2).and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut failed = 0;
    for target in TARGETS.iter().filter(|t| name == "all" || t.name == name) {
        match arguments.get(1).map(|a| (a, a.parse())) {
            Some((_, Ok(seconds))) => failed += fuzz(target, Duration::from_secs(seconds), seed),
            Some((file, Err(_))) => match std::fs::read(file) {
                Ok(bytes) => target.run(&bytes),
                Err(error) => {
                    println!("{file}: {error}");
                    return ExitCode::from(2);
                }
            },
            None => failed += fuzz(target, Duration::from_secs(60), seed),
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
