//! Runs fuzz targets by blind mutation: `cargo run --profile fuzz -p chot-fuzz -- [TARGET|all] [SECONDS] [SEED]`.
//!
//! An input that fails, or takes far too long, is written to `fuzz/artifacts/TARGET/`. With a file as second argument
//! the target is run on that file once. `fuzz/run` steers by coverage instead.

#![allow(clippy::print_stdout, reason = "a program that reports")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chot_fuzz::{TARGETS, Target, kept, seeds};

/// Larger inputs only take longer.
const LEN_MAX: usize = 1 << 15;
/// Any input of that size is done long before, in CPU time.
const SLOW: Duration = Duration::from_millis(1_500);

/// CPU time this thread has used: a busy machine makes no input slow.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default())
}

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

fn mutate(seeds: &[Vec<u8>], words: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
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
            _ => drop(bytes.splice(at..at, words[random.below(words.len())].iter().copied())),
        }
    }
    bytes.truncate(LEN_MAX);
    bytes
}

/// Runs one target for a while; tells how many inputs failed.
fn fuzz(target: &Target, time: Duration, seed: u64) -> usize {
    let (mut seeds, words) = (seeds::all(), kept::words());
    seeds.extend(kept::inputs(target.name));
    let mut random = Random(seed | 1);
    let begun = Instant::now();
    let (mut runs, mut failed, mut slowest) = (0u64, 0, Duration::ZERO);
    while begun.elapsed() < time && failed < 5 {
        let bytes = seeds.get(runs as usize).cloned().unwrap_or_else(|| mutate(&seeds, &words, &mut random));
        runs += 1;
        let start = cpu_time();
        let sound = catch_unwind(AssertUnwindSafe(|| target.run(&bytes))).is_ok();
        let took = cpu_time() - start;
        slowest = slowest.max(took);
        if !sound || took > SLOW {
            failed += 1;
            let folder = Path::new("fuzz/artifacts").join(target.name);
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
