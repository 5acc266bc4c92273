//! Any bytes never panic: every document to begin from, and every input fuzzing has found worth keeping, through its
//! target.

use std::panic::catch_unwind;

use chot_fuzz::{TARGETS, kept, seeds};

#[test]
fn what_fuzzing_found_holds() {
    for target in TARGETS {
        for input in kept::inputs(target.name) {
            assert!(catch_unwind(|| target.run(&input)).is_ok(), "{}: {}", target.name, input.escape_ascii());
        }
    }
}

#[test]
fn every_document_holds_in_every_target() {
    for target in TARGETS {
        for (n, seed) in seeds::all().iter().enumerate() {
            assert!(catch_unwind(|| target.run(seed)).is_ok(), "{}: document {n}", target.name);
        }
    }
}

#[test]
fn the_corpus_is_of_targets_that_are() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        let name = entry.expect("a readable folder").file_name().into_string().expect("a name");
        let target = TARGETS.iter().find(|target| name == format!("{}.txt", target.name));
        assert!(target.is_some_and(|t| !kept::inputs(t.name).is_empty()), "{name} is of no target, or empty");
    }
}
