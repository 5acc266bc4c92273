//! How many times faster than its peers is it? Beside Hyperscan (`--features hyperscan`; Debian: libhyperscan-dev) and
//! Presidio (when `benches/peers/setup` has been run), in one run, one thread, CPU time.
//!
//! **Hyperscan** stands beside the core engine, identifiers only. It matches the shapes of the same identifiers, with
//! start offsets; what it matches goes through our validators, which read a window around each match (matches close
//! together share one), so that both sides tell the same identifiers. The run fails when they do not. It runs with two
//! sets of patterns: *layouts* are only those that stand in these texts, at word boundaries; *reach* are digits in any
//! grouping wherever they stand, which is what the core engine reads, but for its disguises. What it takes to match
//! alone, without which no engine built on it can do, stands beside.
//!
//! **Presidio** stands beside the whole inspector, which does much more: `presidio.py` has recognizers for the same
//! identifiers with context words, and a language model that only splits words. Both read the same bytes, the first of
//! each text; Presidio in pieces of some lines, which it is fastest with. What either found is printed.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::process::ExitCode;

use chot_benches::corpora::{Corpus, KINDS};

/// MiB of each corpus when `CHOT_BENCH_MIB` does not say.
const CORPUS_MIB: usize = 32;

fn main() -> ExitCode {
    let mib = std::env::var("CHOT_BENCH_MIB").map_or(CORPUS_MIB, |mib| mib.parse().expect("a number of MiB"));
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let texts: Vec<(&'static str, Corpus)> = KINDS
        .iter()
        .filter(|k| wanted.is_empty() || wanted.iter().any(|w| w == k.name))
        .map(|kind| (kind.name, kind.make(1, mib << 20)))
        .collect();
    #[cfg(feature = "hyperscan")]
    let alike = hyperscan::compare(&texts, mib);
    #[cfg(not(feature = "hyperscan"))]
    let alike = {
        println!("Hyperscan: left out; --features hyperscan takes it in");
        true
    };
    presidio::compare(&texts);
    if alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(feature = "hyperscan")]
mod hyperscan {
    use std::hint::black_box;
    use std::ops::Range;
    use std::time::Duration;

    use chot_benches::corpora::{Corpus, Counts};
    use chot_benches::hyperscan::Hyperscan;
    use chot_benches::{cpu_time_of, gb_per_s, middle, passes};
    use chot_detectors::{Context, Detectors};

    /// How many times as fast we want to be.
    const GOAL: f64 = 4.0;
    /// The layouts that stand in the texts: cccd, cmnd, bhxh, bhyt, passport, mrz. The texts of QR codes begin with one
    /// of these.
    const LAYOUTS: &[&str] = &[
        r"\b[0-9]{12}\b",
        r"\b[0-9]{3} [0-9]{3} [0-9]{3} [0-9]{3}\b",
        r"\b[0-9]{4}\.[0-9]{4}\.[0-9]{4}\b",
        r"\b[0-9]{9}\b",
        r"\b[0-9]{10}\b",
        r"\b[A-Za-z]{2}[0-9]{13}\b",
        r"\b[A-Za-z] ?[0-9]{7}\b",
        r"I[D<]VNM[A-Z0-9<]{25}",
    ];
    /// Any grouping of nine to thirteen digits with at most one sign between two, whatever letters stand around. Of the
    /// ways to say this, with and without what ends a number, split by length or not, this one was the fastest.
    const REACH: &[&str] = &[
        r"(?:^|[^0-9])[0-9](?:[ .\-/,]?[0-9]){8,12}(?:[^0-9]|\z)",
        r"\b[A-Za-z] ?[0-9]{7}\b",
        r"I[D<]VNM[A-Z0-9<]{25}",
    ];
    /// Bytes before its digits in which a card's letters stand.
    const LETTERS: usize = 4;
    /// Matches closer than this share a window: reading the words around each would cost more than reading on.
    const TOGETHER: usize = 512;

    /// A pass longer than this is measured once.
    const LONG: Duration = Duration::from_secs(1);

    pub(super) fn compare(texts: &[(&'static str, Corpus)], mib: usize) -> bool {
        let mut sets = [("layouts", Hyperscan::new(LAYOUTS)), ("reach", Hyperscan::new(REACH))];
        let core = passes::core();
        println!(
            "Hyperscan {}, {mib} MiB each, MB/s; times: ours over theirs, the goal is {GOAL}",
            Hyperscan::version()
        );
        println!(
            "{:10} {:>8} {:8} {:>9} {:>6} {:>11} {:>6} {:>9} {:>9} {:>9}",
            "corpus", "ours", "patterns", "validated", "times", "match only", "times", "matches", "found", "by theirs"
        );
        let mut alike = true;
        for (name, corpus) in texts {
            let text = corpus.bytes.as_slice();
            let here = passes::identifiers(&core, text);
            let ours = mb_per_s(text, || drop(passes::identifiers(&core, text)));
            for (patterns, theirs) in &mut sets {
                let mut matches = 0;
                theirs.scan(text, |_, _, _| matches += 1);
                let there = validated(theirs, &core, text);
                let matched = mb_per_s(text, || theirs.scan(text, |_, _, to| _ = black_box(to)));
                let validated = mb_per_s(text, || drop(validated(theirs, &core, text)));
                let count = |counts: &Counts| counts.values().sum::<u64>();
                println!(
                    "{name:10} {ours:>8.1} {patterns:8} {validated:>9.1} {:>6.1} {matched:>11.1} {:>6.1} {matches:>9} {:>9} {:>9}{}",
                    ours / validated,
                    ours / matched,
                    count(&here),
                    count(&there),
                    if here == there { "" } else { "  WRONG: they differ" },
                );
                println!(
                    "{{\"bench\":\"hyperscan\",\"corpus\":\"{name}\",\"patterns\":\"{patterns}\",\"mib\":{mib},\
                     \"ours_mb_per_s\":{ours:.1},\"validated_mb_per_s\":{validated:.1},\"match_mb_per_s\":{matched:.1},\
                     \"times\":{:.2},\"goal\":{GOAL}}}",
                    ours / validated
                );
                alike &= here == there;
            }
        }
        println!();
        alike
    }

    /// The middle of three, or one when it takes long.
    fn mb_per_s(text: &[u8], mut work: impl FnMut()) -> f64 {
        let first = cpu_time_of(&mut work);
        let time =
            if first > LONG { first } else { middle(vec![first, cpu_time_of(&mut work), cpu_time_of(&mut work)]) };
        gb_per_s(text.len(), time) * 1e3
    }

    /// Their matches, through our validators.
    fn validated(theirs: &mut Hyperscan, ours: &Detectors, text: &[u8]) -> Counts {
        let (mut hits, mut window) = (Vec::new(), None::<Range<usize>>);
        let mut look = |window: Range<usize>| ours.scan(text, window, Context::default(), &mut hits);
        theirs.scan(text, |_, from, to| {
            let from = from.saturating_sub(LETTERS);
            // Matches come in the order of their ends; one may begin before another that ended earlier.
            match &mut window {
                Some(open) if from <= open.end + TOGETHER => {
                    open.start = open.start.min(from);
                    open.end = open.end.max(to);
                }
                _ => {
                    if let Some(done) = window.replace(from..to) {
                        look(done);
                    }
                }
            }
        });
        if let Some(last) = window {
            look(last);
        }
        passes::counts(&hits)
    }
}

mod presidio {
    use std::path::Path;
    use std::process::Command;

    use chot_benches::corpora::Corpus;
    use chot_benches::{cpu_time_of, gb_per_s, middle, passes};

    /// How many times as fast we want to be.
    const GOAL: f64 = 500.0;
    /// Texts it can do something with.
    const TEXTS: &[&str] = &["prose", "csv", "json", "logs", "twelves"];
    /// Bytes of each: it takes seconds for them.
    const BYTES: usize = 1 << 20;
    /// Bytes of a piece, at least: whole lines.
    const PIECE: usize = 1 << 11;

    pub(super) fn compare(texts: &[(&'static str, Corpus)]) {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../target/presidio/bin/python");
        if !python.exists() {
            println!("Presidio: left out; benches/peers/setup installs it");
            return;
        }
        let inspector = passes::inspector();
        println!("Presidio, the first {} KiB; times: ours over theirs, the goal is {GOAL}", BYTES >> 10);
        println!("{:10} {:>10} {:>13} {:>7}  found", "corpus", "ours MB/s", "Presidio MB/s", "times");
        for (name, corpus) in texts.iter().filter(|(name, _)| TEXTS.contains(name)) {
            let bytes = corpus.bytes.get(..BYTES).unwrap_or(&corpus.bytes);
            let text = String::from_utf8_lossy(bytes).replace("},{\"id\"", "},\n{\"id\"");
            let mut pieces = vec![String::new()];
            for line in text.split_inclusive('\n') {
                if pieces.last().is_some_and(|piece| piece.len() >= PIECE) {
                    pieces.push(String::new());
                }
                pieces.last_mut().expect("one").push_str(line);
            }
            let quoted: Vec<String> = pieces.iter().map(|piece| quoted(piece)).collect();
            let file = here.join(format!("../target/presidio/{name}.json"));
            std::fs::write(&file, format!("[{}]", quoted.join(","))).expect("a file");
            let ran = Command::new(&python).arg(here.join("peers/presidio.py")).arg(&file).output().expect("python");
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
            let answer = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
            let seconds: f64 = field(&answer, "seconds").parse().expect("a number");
            let theirs = text.len() as f64 / 1e6 / seconds;
            let pass = || passes::gateway(&inspector, text.as_bytes(), passes::CHUNK);
            let ours = gb_per_s(text.len(), middle((0..3).map(|_| cpu_time_of(|| drop(pass()))).collect())) * 1e3;
            let found: Vec<String> = passes::tallied(&pass()).iter().map(|(id, n)| format!("{id} {n}")).collect();
            let (_, by_them) = answer.split_once("\"found\": ").expect("what was found");
            println!(
                "{name:10} {ours:>10.1} {theirs:>13.3} {:>7.0}  {}; Presidio {}",
                ours / theirs,
                found.join(", "),
                by_them.trim_end_matches('}').trim_start_matches('{').replace(['"', ':'], "")
            );
            println!(
                "{{\"bench\":\"presidio\",\"corpus\":\"{name}\",\"ours_mb_per_s\":{ours:.1},\"theirs_mb_per_s\":{theirs:.4},\
                 \"times\":{:.0},\"goal\":{GOAL}}}",
                ours / theirs
            );
        }
    }

    /// A string of JSON.
    fn quoted(text: &str) -> String {
        let mut out = String::from('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
                c => out.push(c),
            }
        }
        out.push('"');
        out
    }

    /// The number behind a name.
    fn field<'a>(json: &'a str, name: &str) -> &'a str {
        let (_, rest) = json.split_once(&format!("\"{name}\": ")).expect("the field");
        rest.split([',', '}']).next().expect("a value")
    }
}
