//! Runs one fuzz target, named by `CHOT_FUZZ_TARGET`, under libFuzzer, which steers by coverage. `fuzz/run` builds and
//! calls it. Without a target it prints their names. Before the run it writes what to begin from to the folder
//! `CHOT_FUZZ_SEEDS`; with `CHOT_FUZZ_KEEP` it keeps the inputs of that folder instead of running.

#![no_main]
#![allow(clippy::print_stdout, clippy::exit, reason = "libFuzzer has the main function; this is what comes before it")]

use std::path::PathBuf;
use std::sync::LazyLock;

use chot_fuzz::{TARGETS, Target, kept, seeds};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("CHOT_FUZZ_TARGET").unwrap_or_default();
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(i32::from(!name.is_empty()))
    })
});

fn begin() {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    if let Some(folder) = folder("CHOT_FUZZ_KEEP") {
        kept::keep(TARGET.name, &folder).expect("a corpus that can be written");
        std::process::exit(0);
    }
    LazyLock::force(&TARGET);
    let Some(folder) = folder("CHOT_FUZZ_SEEDS") else { return };
    for (n, seed) in seeds::all().into_iter().chain(kept::inputs(TARGET.name)).enumerate() {
        std::fs::write(folder.join(format!("seed-{n:03}")), seed).expect("a folder for the documents");
    }
}

fuzz_target!(init: begin(), |bytes: &[u8]| TARGET.run(bytes));
