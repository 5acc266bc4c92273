//! How long does a register hold up a message? The same 100,000 people, eight columns each, as a workbook, a document and
//! a list: opened, every cell judged under its heading, people counted; beside `unzip -p` of the same file, which only
//! unpacks.
//!
//! The goals for the workbook: 1.3 times as fast as `unzip -p` (twice is aimed at), no more than 32 MiB. Counts are
//! asserted; times are told, as machines differ.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::process::{Command, Stdio};
use std::time::Duration;

use chot_benches::corpora::office;
use chot_benches::heap::{Counting, counted};
use chot_benches::median;
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::DetectorId;

#[global_allocator]
static HEAP: Counting = Counting;

/// Makes a file of rows.
type Make = fn(&[[String; 8]]) -> Vec<u8>;

const PEOPLE: usize = 100_000;
const ROUNDS: usize = 5;
/// Share of the people that counting may be off by: above some thousands it estimates.
const COUNT_OFF: f64 = 0.05;

fn main() {
    let people = std::env::var("CHOT_BENCH_PEOPLE").ok().and_then(|n| n.parse().ok()).unwrap_or(PEOPLE);
    let rows = office::register(people, 99);
    let inspector = Inspector::new(Limits::default(), 2026);
    let folder = std::env::temp_dir();
    let unzip = Command::new("unzip").arg("-v").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    println!("{:10}{:>10}{:>11}{:>12}{:>12}{:>10}", "file", "MiB", "time", "unzip -p", "times", "peak MiB");
    // `cargo bench` adds a flag of its own.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let files: [(&str, Make); 3] = [("xlsx", office::workbook), ("docx", office::document), ("csv", office::list)];
    for (name, make) in files.into_iter().filter(|(name, _)| chosen.is_empty() || chosen.iter().any(|c| c == name)) {
        let bytes = make(&rows);
        let hint = || Hint { name: Some(format!("ds.{name}")), content_type: None };
        let (inspected, used) = counted(|| inspector.inspect(hint(), &bytes));
        let report = inspected.inspection;
        assert!(report.opaque.is_empty(), "{name}: {:?}", report.opaque);
        let off = |n: u64| (n as f64 / people as f64 - 1.0).abs();
        for detector in [DetectorId::Cccd, DetectorId::Bhxh] {
            let distinct = report.distinct(detector);
            assert!(off(distinct) < COUNT_OFF, "{name}: {distinct} {detector}");
        }
        assert!(off(report.persons) < COUNT_OFF, "{name}: {} people", report.persons);
        let took = median(ROUNDS, || drop(inspector.inspect(hint(), &bytes)));
        let path = folder.join(format!("chot-bench-{}.{name}", std::process::id()));
        let unpacking = (unzip && name != "csv").then(|| {
            std::fs::write(&path, &bytes).expect("a temporary file");
            let unpack = || Command::new("unzip").arg("-p").arg(&path).stdout(Stdio::null()).status().expect("unzip");
            let took = median(ROUNDS, || assert!(unpack().success()));
            std::fs::remove_file(&path).expect("the temporary file");
            took
        });
        let ms = |time: Duration| format!("{} ms", time.as_millis());
        let times = unpacking.map(|unpacking| format!("{:.2}", unpacking.as_secs_f64() / took.as_secs_f64()));
        println!(
            "{name:10}{:>10.1}{:>11}{:>12}{:>12}{:>10.1}",
            bytes.len() as f64 / f64::from(1 << 20),
            ms(took),
            unpacking.map_or_else(String::new, ms),
            times.unwrap_or_default(),
            used.peak as f64 / f64::from(1 << 20),
        );
    }
}
