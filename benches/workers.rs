//! What does it cost to read PDF in a process of its own, and is all found that Poppler shows? The real binary.
//!
//! Questions: how long is the way to a worker and back for a small object, beside reading it in this process; how long
//! do documents take beside `pdftotext -raw`; are at least as many identifiers found as its text has once all white
//! space is taken out (fewer fail the run). The documents come from `benches/pdf/setup`; without it only the first
//! question is answered.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use chot_inspect::{Hint, InProcess, Inspector, Limits, Source};
use chot_model::{Confidence, DetectorId};
use chot_worker::{Pool, Settings};

const ROUND_TRIPS: usize = 2_000;
const ROUNDS: usize = 7;

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed(mut step: impl FnMut()) -> Duration {
    let begun = Instant::now();
    step();
    begun.elapsed()
}

fn pool() -> Arc<Pool> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_chot"));
    Arc::new(Pool::new(Settings { program, ..Settings::of_this_program(vec!["worker".into()]) }))
}

/// A page with one number, about as small as PDF gets.
const SMALL: &[u8] = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Kids[3 0 R]>>\nendobj\n\
    3 0 obj\n<</Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>\nendobj\n4 0 obj\n<</Length 42>>\nstream\n\
    BT /F1 12 Tf (So CCCD 001090123456) Tj ET\nendstream\nendobj\n5 0 obj\n<</Subtype/Type1/BaseFont/Helvetica>>\n\
    endobj\ntrailer\n<</Root 1 0 R>>\n%%EOF";

fn round_trip() {
    let pool = pool();
    let start = timed(|| assert!(pool.probe().unwrap().memory));
    let object = SMALL.to_vec();
    let once = |inspector: &Inspector| {
        let inspection = inspector.inspect(Hint::default(), &object).inspection;
        assert!(inspection.opaque.is_empty() && inspection.distinct(DetectorId::Cccd) == 1, "{inspection:?}");
    };
    let inspector = |extractor| Inspector::new(Limits::default(), 2026).extracting(extractor);
    let (here, there) = (inspector(Arc::new(InProcess)), inspector(pool));
    // In turns, so that both have the same neighbours.
    let turns = (0..ROUND_TRIPS).map(|_| (timed(|| once(&here)), timed(|| once(&there))));
    let (here, there): (Vec<_>, Vec<_>) = turns.unzip();
    let (here, there) = (middle(here), middle(there));
    println!(
        "small object: {here:?} in this process, {there:?} in a worker (way and back {:?}, {:.1} ×)",
        there.saturating_sub(here),
        there.as_secs_f64() / here.as_secs_f64()
    );
    println!("a worker starts in {start:?}");
}

/// Identifiers found, from medium confidence up.
fn found(inspector: &Inspector, bytes: &dyn Source) -> BTreeMap<DetectorId, BTreeSet<String>> {
    let (send, told) = channel();
    let opaque =
        inspector.inspect_with(Hint::default(), bytes, Box::new(move |f| drop(send.send(f)))).inspection.opaque;
    assert!(opaque.is_empty(), "{opaque:?}");
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for finding in told.iter().filter(|f| f.confidence >= Confidence::Medium) {
        found.entry(finding.detector).or_default().insert(finding.value.reveal().to_owned());
    }
    found
}

fn poppler(path: &Path) -> Option<String> {
    let output = Command::new("pdftotext").args(["-raw", path.to_str()?, "-"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).split_whitespace().collect())
}

fn documents(folder: &Path) {
    let Ok(truth) = std::fs::read(folder.join("truth.json")) else {
        println!("no documents: run benches/pdf/setup");
        return;
    };
    let truth: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = serde_json::from_slice(&truth).unwrap();
    let inspector = Inspector::new(Limits::default(), 2026).extracting(pool());
    println!("{:20} {:>24} {:>24} {:>24} {:>9} {:>9} {:>6}", "", "cccd", "bhxh", "bhyt", "chot ms", "poppler", "ratio");
    for (file, known) in truth {
        let path = folder.join(&file);
        let bytes = std::fs::read(&path).unwrap();
        let ours = found(&inspector, &bytes);
        let Some(flat) = poppler(&path) else {
            println!("pdftotext is not installed");
            return;
        };
        let (mut line, mut lost) = (format!("{file:20}"), false);
        for (detector, values) in known {
            let id = DetectorId::from_id(&detector).unwrap();
            let all = ours.get(&id).cloned().unwrap_or_default();
            let (own, theirs) =
                (all.intersection(&values).count(), values.iter().filter(|v| flat.contains(*v)).count());
            line += &format!("{:>25}", format!("{own} of {}, poppler {theirs}", values.len()));
            lost |= own < theirs;
        }
        // Poppler's text is only text: ours is also searched, counted and judged.
        let here = middle((0..ROUNDS).map(|_| timed(|| drop(inspector.inspect(Hint::default(), &bytes)))).collect());
        let there = middle((0..ROUNDS).map(|_| timed(|| drop(poppler(&path)))).collect());
        let ms = |t: Duration| t.as_secs_f64() * 1e3;
        println!("{line} {:>9.1} {:>9.1} {:>6.2}", ms(here), ms(there), ms(here) / ms(there));
        assert!(!lost, "{file}: fewer found than Poppler shows");
    }
}

fn main() {
    round_trip();
    documents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pdf"));
}
