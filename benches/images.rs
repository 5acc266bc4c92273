//! How long may a picture hold up a message? Processor time for each kind of twelve-megapixel picture without a code,
//! beside one with codes: noise, darkness, and squares everywhere, which make a reader of codes try most.
//!
//! Print is not read here: that is a program of others, with a time of its own. The goal is a second for any of them;
//! it is told, not asserted, as machines differ. What is asserted: no code is found where there is none, and the one
//! that is there is.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::time::Duration;

use chot_benches::{Random, cpu_time_of};
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::DetectorId;

const WIDE: usize = 4_000;
const HIGH: usize = 3_000;
const GOAL: Duration = Duration::from_secs(1);

/// A bitmap of shades (8 bits, a palette of greys): whole rows of four bytes.
fn bitmap(shade: impl FnMut(usize) -> u8) -> Vec<u8> {
    const DATA: u32 = 14 + 40 + 1_024;
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(DATA.to_le_bytes());
    file.extend(40u32.to_le_bytes());
    file.extend((WIDE as u32).to_le_bytes());
    file.extend((HIGH as u32).to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend([0; 24]);
    file.extend((0..=255u8).flat_map(|grey| [grey, grey, grey, 0]));
    file.extend((0..WIDE * HIGH).map(shade));
    file
}

/// Squares like those at the corners of a code, side by side, `module` pixels a module.
fn squares(module: usize) -> impl FnMut(usize) -> u8 {
    move |n| {
        let middle = |at: usize| (at % (module * 12)).abs_diff(module * 6);
        let ring = 2 * middle(n % WIDE).max(middle(n / WIDE)) / module;
        if ring < 3 || (5..7).contains(&ring) { 20 } else { 230 }
    }
}

fn main() {
    let inspector = Inspector::new(Limits { print_time_max: Duration::ZERO, ..Limits::default() }, 2026);
    let mut random = Random(1);
    let card = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../inspect/tests/images/small.jpg"));
    let pictures = [
        ("flat", 0, bitmap(|_| 128)),
        ("noise", 0, bitmap(|_| random.word() as u8)),
        ("dark noise", 0, bitmap(|_| 20 + random.below(17) as u8)),
        ("small squares", 0, bitmap(squares(3))),
        ("squares", 0, bitmap(squares(8))),
        ("large squares", 0, bitmap(squares(60))),
        ("a code (2 megapixels)", 1, card.expect("a picture of the tests")),
    ];
    println!("{:24}{:>10}  of a second", "picture", "CPU");
    for (name, codes, picture) in pictures {
        let mut found = 0;
        let took = cpu_time_of(|| {
            let inspection = inspector.inspect(Hint::default(), &picture).inspection;
            found = inspection.distinct(DetectorId::CccdQr);
        });
        assert_eq!(found, codes, "{name}");
        let goal = if took <= GOAL { "" } else { "  over the goal" };
        println!("{name:24}{:>8} ms  {:.2}{goal}", took.as_millis(), took.as_secs_f64() / GOAL.as_secs_f64());
    }
}
