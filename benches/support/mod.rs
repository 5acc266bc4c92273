//! What the benchmarks share: CPU time, medians, a small generator. No framework: every figure is a ratio inside one run.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

pub mod corpora;
pub mod heap;
#[cfg(feature = "hyperscan")]
pub mod hyperscan;
pub mod passes;
pub mod pictures;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A seeded generator (SplitMix64): the same bytes in every run.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

/// CPU time this process has used, all threads.
pub fn cpu_time() -> Duration {
    process_cpu_time("self")
}

/// CPU time of a process by its number, or `self`.
pub fn process_cpu_time(pid: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a living process");
    // Fields after the command name, which is in parentheses and may hold spaces: utime is the 12th, stime the 13th.
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|f| f.parse().unwrap()).collect();
    Duration::from_millis((fields[0] + fields[1]) * 10)
}

/// A line of `/proc/PID/status` in KiB, such as `VmHWM`.
pub fn status_kib(pid: &str, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a living process");
    let line = status.lines().find(|line| line.starts_with(field)).expect(field);
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Median wall time of `rounds` runs of `work`.
pub fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

/// CPU time of one run of `work`, all threads, averaged over as many as make a tenth of a second.
pub fn cpu_time_of(mut work: impl FnMut()) -> Duration {
    const ENOUGH: Duration = Duration::from_millis(100);
    let (begun, mut runs) = (scheduled(), 0);
    loop {
        work();
        runs += 1;
        let spent = scheduled() - begun;
        if spent >= ENOUGH {
            return spent / runs;
        }
    }
}

/// CPU time this process has used, to the nanosecond; threads that have ended are left out.
fn scheduled() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a kernel with schedstat");
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
    stats.map(|stat| Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())).sum()
}

/// What everything is held to: adding up the 64-bit words of a text. Unfair on purpose: it does nothing else.
pub fn read(text: &[u8]) -> u64 {
    black_box(text).chunks_exact(8).fold(0u64, |sum, w| sum.wrapping_add(u64::from_le_bytes(w.try_into().unwrap())))
}

/// The middle one.
pub fn middle<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("comparable"));
    values[values.len() / 2]
}

/// Bytes and time as decimal GB/s.
pub fn gb_per_s(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e9 / time.as_secs_f64()
}
