//! An unseen set: a number put into any place of any format, disguised in any way and packed in any wrappers, all
//! chosen from a seed.
//!
//! What is hidden is found, or the object is opaque with a reason: never clean. An order's number of the same looks, in
//! the same places, is nobody's. All people are invented; the numbers are random and only laid out as real ones.

#[path = "../archive/mod.rs"]
mod archive;
mod binary;
mod hosts;
mod office;
mod plant;
mod tables;
mod text;
mod wraps;

use std::sync::LazyLock;

use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{DetectorId, Inspection};
use plant::Plant;

/// SplitMix64: the same seed makes the same file everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) const fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// One file of the set, and how it was made.
struct Case {
    seed: u64,
    how: String,
    plant: Plant,
    /// The document itself, and all of it.
    inner: Vec<u8>,
    bytes: Vec<u8>,
}

impl Case {
    fn of(seed: u64, innocent: bool) -> Self {
        let random = &mut Random(seed);
        let plant = Plant::of(random, innocent);
        let (host, mut bytes) = hosts::make(random, &plant, innocent);
        let mut how = format!("{} in {host}", plant.how);
        let inner = bytes.clone();
        for _ in 0..random.below(4) {
            let wrap;
            (wrap, bytes) = wraps::wrap(random, &bytes);
            how += &format!(" in {wrap}");
        }
        Self { seed, how, plant, inner, bytes }
    }

    /// Says what went wrong, and keeps the files where `CHOT_KEEP` says.
    fn report(&self, inspection: &Inspection) -> String {
        if let Some(folder) = std::env::var_os("CHOT_KEEP") {
            let folder = std::path::PathBuf::from(folder);
            std::fs::write(folder.join(format!("{}.inner", self.seed)), &self.inner).expect("a folder");
            std::fs::write(folder.join(format!("{}.outer", self.seed)), &self.bytes).expect("a folder");
        }
        let found: Vec<DetectorId> = inspection.tallies.keys().copied().collect();
        format!("{}: {} {found:?} {:?}", self.seed, self.how, inspection.opaque)
    }

    fn inspect(&self) -> Inspection {
        static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| {
            let limits = Limits { print_time_max: std::time::Duration::ZERO, ..Limits::default() };
            Inspector::new(limits, 2026)
        });
        INSPECTOR.inspect(Hint::default(), &self.bytes).inspection
    }
}

/// Seeds of a run: `CHOT_SEEDS=from..to` for others than the usual ones.
fn seeds() -> std::ops::Range<u64> {
    const USUAL: std::ops::Range<u64> = 0..600;
    let said = std::env::var("CHOT_SEEDS").ok();
    let said = said.as_deref().and_then(|said| said.split_once(".."));
    said.map_or(USUAL, |(from, to)| from.parse().expect("a number")..to.parse().expect("a number"))
}

#[test]
fn what_is_hidden_is_found_or_told() {
    let (mut wrong, mut found, mut all) = (Vec::new(), 0, 0);
    for seed in seeds() {
        let case = Case::of(seed, false);
        let inspection = case.inspect();
        let is_found = inspection.distinct(case.plant.detector) >= case.plant.people;
        let is_told = !inspection.opaque.is_empty() && inspection.object.bytes_inspected < inspection.object.bytes;
        all += 1;
        found += u64::from(is_found);
        if !is_found && !is_told {
            wrong.push(case.report(&inspection));
        }
    }
    let n = wrong.len();
    assert!(wrong.is_empty(), "{n} of {all}, {found} found:\n{}", wrong.join("\n"));
    // What nobody opens is told, and that is little of it.
    assert!(found * 100 >= all * 95, "{found} of {all} found");
}

#[test]
fn what_is_nobodys_is_found_nowhere() {
    let mut wrong = Vec::new();
    for seed in seeds() {
        let case = Case::of(seed, true);
        let inspection = case.inspect();
        if inspection.identifiers() > 0 {
            wrong.push(case.report(&inspection));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
