//! How fast are the detectors, as a share of reading memory in the same run? One thread, CPU time.
//!
//! Two columns: *identifiers only* is the core engine over one text; *as the gateway calls it* is the whole inspector,
//! every detector, disguises and decoding on, persons counted. A run fails when
//! - any identifier is found more or less often than it was planted, by either, in the whole text or in a smaller one
//!   (what is planted is known from how the text was made: `support/corpora/`), or persons are miscounted;
//!   (The large text comes in the chunks of a channel, the smaller ones in others.)
//! - ten times the text takes more than eleven times as long. The smaller texts are ten of the same kind, read one
//!   after the other: one alone would stay in the processor's cache and make the large one look slow.
//!
//! It reports, without failing, whether the goals in brackets are met, how often memory is allocated for each MiB, and
//! the most memory held at once. The memory read is unfair on purpose: it only adds 64-bit words.
//!
//! `cargo bench -p chot-benches --bench detectors [-- NAME…]` measures only the corpora named. `CHOT_BENCH_MIB` makes
//! them smaller while working. At the end the figures come once more, an object of JSON each line.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use chot_benches::corpora::{Corpus, Counts, KINDS};
use chot_benches::heap::{Counting, Use, counted};
use chot_benches::{cpu_time_of, gb_per_s, middle, passes, read};
use chot_detectors::Detectors;
use chot_inspect::Inspector;
use chot_model::DetectorId;

#[global_allocator]
static HEAP: Counting = Counting;

/// MiB of each corpus when `CHOT_BENCH_MIB` does not say.
const CORPUS_MIB: usize = 128;
/// Smaller texts, as large together as the large one.
const PARTS: usize = 10;
/// Time may grow so much with ten times the input.
const GROWTH_MAX: f64 = 11.0;
/// A pass that takes longer is measured once, unless its growth looks wrong.
const LONG: Duration = Duration::from_secs(2);
/// Rounds of a short pass, and most rounds of any: a busy machine disturbs one, not the middle of many.
const ROUNDS: [usize; 2] = [3, 7];
/// Persons are an estimate above ten thousand.
const PERSONS_ERROR: f64 = 0.05;
/// An odd chunk, so that everything is cut somewhere else.
const ODD_CHUNK: usize = 1_000_003;

/// One of the two columns.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Identifiers,
    Gateway,
}

/// What was measured of one column.
struct Figures {
    corpus: &'static str,
    column: Column,
    mb_per_s: f64,
    of_read: f64,
    goal: f64,
    growth: f64,
    allocations_per_mib: f64,
    peak_mib: f64,
    found: u64,
}

struct Bench {
    core: Detectors,
    inspector: Inspector,
    wrong: Vec<String>,
}

impl Bench {
    /// One pass: what was found, and how many persons.
    fn pass(&self, column: Column, text: &[u8], chunk: usize) -> (Counts, u64) {
        match column {
            Column::Identifiers => (passes::identifiers(&self.core, text), 0),
            Column::Gateway => {
                let inspection = passes::gateway(&self.inspector, text, chunk);
                (passes::tallied(&inspection), inspection.persons)
            }
        }
    }

    /// Whether a pass finds what is there.
    fn check(&mut self, name: &str, column: Column, corpus: &Corpus, found: &(Counts, u64)) {
        let (mut counts, persons) = found.clone();
        let planted = match column {
            Column::Identifiers => {
                counts.retain(|id, _| !corpus.core_may_find.contains(id));
                &corpus.core
            }
            Column::Gateway => &corpus.whole,
        };
        let column = column.name();
        if counts != *planted {
            self.wrong.push(format!("{name}, {column}: found {}, planted {}", told(&counts), told(planted)));
        }
        let expected = corpus.persons.filter(|_| column == Column::Gateway.name());
        if let Some(expected) = expected
            && (persons as f64 / expected as f64 - 1.0).abs() > PERSONS_ERROR
        {
            self.wrong.push(format!("{name}, {column}: {persons} persons of {expected}"));
        }
    }

    fn measure(
        &mut self,
        name: &'static str,
        column: Column,
        whole: &Corpus,
        parts: &[Corpus],
    ) -> (Duration, f64, Use, u64) {
        let (found, heap) = counted(|| self.pass(column, &whole.bytes, passes::CHUNK));
        self.check(name, column, whole, &found);
        for part in parts {
            let of_part = self.pass(column, &part.bytes, ODD_CHUNK);
            self.check(name, column, part, &of_part);
        }
        let time = |texts: &[&[u8]]| {
            cpu_time_of(|| texts.iter().for_each(|text| drop(black_box(self.pass(column, text, passes::CHUNK)))))
        };
        let small: Vec<&[u8]> = parts.iter().map(|part| part.bytes.as_slice()).collect();
        let (mut times, mut growths) = (Vec::new(), Vec::new());
        let [few, many] = ROUNDS;
        loop {
            let large = time(&[&whole.bytes]);
            times.push(large);
            growths.push(large.as_secs_f64() / (time(&small).as_secs_f64() / small.len() as f64));
            let enough = times.len() >= few || large > LONG;
            if enough && (middle(growths.clone()) <= GROWTH_MAX || times.len() >= many) {
                break;
            }
        }
        let growth = middle(growths);
        if growth > GROWTH_MAX {
            self.wrong
                .push(format!("{name}, {}: not linear: ten times the text, {growth:.1} times the time", column.name()));
        }
        (middle(times), growth, heap, found.0.values().sum())
    }
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Identifiers => "identifiers",
            Self::Gateway => "gateway",
        }
    }
}

fn told(counts: &Counts) -> String {
    let each: Vec<String> = counts.iter().map(|(id, n): (&DetectorId, &u64)| format!("{id} {n}")).collect();
    if each.is_empty() { "nothing".to_owned() } else { each.join(", ") }
}

impl Figures {
    fn json(&self, mib: usize) -> String {
        let Self { corpus, column, mb_per_s, of_read, goal, growth, allocations_per_mib, peak_mib, found } = self;
        format!(
            "{{\"bench\":\"detectors\",\"corpus\":\"{corpus}\",\"column\":\"{}\",\"mib\":{mib},\"mb_per_s\":{mb_per_s:.1},\
             \"of_read\":{of_read:.5},\"goal\":{goal},\"growth\":{growth:.2},\"allocations_per_mib\":{allocations_per_mib:.1},\
             \"peak_mib\":{peak_mib:.2},\"found\":{found}}}",
            column.name()
        )
    }
}

fn main() -> ExitCode {
    let mib = std::env::var("CHOT_BENCH_MIB").map_or(CORPUS_MIB, |mib| mib.parse().expect("a number of MiB"));
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let mut bench = Bench { core: passes::core(), inspector: passes::inspector(), wrong: Vec::new() };
    let mut all = Vec::new();
    println!("{mib} MiB each; shares of a plain memory read, goals in brackets; t×10: time for ten times the text");
    println!(
        "{:10} {:>9} {:12} {:>8} {:>7} {:>8} {:>5} {:>10} {:>9} {:>9}",
        "corpus", "read GB/s", "column", "MB/s", "share", "goal", "t×10", "allocs/MiB", "peak MiB", "found"
    );
    for kind in KINDS.iter().filter(|k| wanted.is_empty() || wanted.iter().any(|w| w == k.name)) {
        let whole = kind.make(1, mib << 20);
        let parts: Vec<Corpus> = (0..PARTS).map(|n| kind.make(2 + n as u64, (mib << 20) / PARTS)).collect();
        let size = whole.bytes.len();
        let reading = gb_per_s(
            size,
            middle(
                (0..5)
                    .map(|_| {
                        cpu_time_of(|| {
                            black_box(read(&whole.bytes));
                        })
                    })
                    .collect(),
            ),
        );
        for (column, goal) in [Column::Identifiers, Column::Gateway].into_iter().zip(kind.goal) {
            let (time, growth, heap, found) = bench.measure(kind.name, column, &whole, &parts);
            let speed = gb_per_s(size, time);
            let figures = Figures {
                corpus: kind.name,
                column,
                mb_per_s: speed * 1e3,
                of_read: speed / reading,
                goal,
                growth,
                allocations_per_mib: heap.allocations as f64 / (size as f64 / f64::from(1 << 20)),
                peak_mib: heap.peak as f64 / f64::from(1 << 20),
                found,
            };
            println!(
                "{:10} {reading:>9.2} {:12} {:>8.1} {:>7.4} [{goal:>5}]{} {growth:>5.1} {:>10.1} {:>9.2} {found:>9}",
                kind.name,
                column.name(),
                figures.mb_per_s,
                figures.of_read,
                if figures.of_read >= goal { '+' } else { ' ' },
                figures.allocations_per_mib,
                figures.peak_mib,
            );
            all.push(figures);
        }
    }
    println!();
    all.iter().for_each(|figures| println!("{}", figures.json(mib)));
    bench.wrong.iter().for_each(|wrong| println!("WRONG {wrong}"));
    if bench.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
