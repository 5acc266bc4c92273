//! Any bytes never panic: every document to begin from, and every input fuzzing has found worth keeping, through its
//! target.

use std::path::Path;

use chot_fuzz::{TARGETS, seeds};

#[test]
fn what_fuzzing_found_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in TARGETS {
        let kept = std::fs::read_dir(corpus.join(target.name)).into_iter().flatten();
        let mut kept: Vec<_> = kept.map(|entry| entry.expect("a readable folder").path()).collect();
        kept.sort();
        for path in kept {
            let bytes = std::fs::read(&path).expect("a readable file");
            let run = std::panic::catch_unwind(|| target.run(&bytes));
            assert!(run.is_ok(), "{}", path.display());
        }
    }
}

#[test]
fn every_document_holds_in_every_target() {
    for target in TARGETS {
        for (n, seed) in seeds::all().iter().enumerate() {
            let run = std::panic::catch_unwind(|| target.run(seed));
            assert!(run.is_ok(), "{}: document {n}", target.name);
        }
    }
}

#[test]
fn the_corpus_is_of_targets_that_are() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        let name = entry.expect("a readable folder").file_name();
        if name == ".gitkeep" {
            continue;
        }
        assert!(TARGETS.iter().any(|target| name == target.name), "{name:?} is no target");
    }
}
