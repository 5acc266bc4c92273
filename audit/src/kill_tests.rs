//! A gateway killed at any moment: real processes, a real file system.
//!
//! A killed process loses nothing that reached the page cache, so this proves recovery and the lock, not the syncs:
//! those are proved on the simulated disk.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chot_model::{Action, DecisionId};

use crate::testing::{Ticking, clean, id, message, options, verdict, wait};
use crate::{Filter, Ledger, Order, Outcome, Reader, verify};

const DIR: &str = "CHOT_AUDIT_KILLED_IN";
const FROM: &str = "CHOT_AUDIT_KILLED_FROM";

/// Not a test of its own: what the child process runs. Without the variable there is nothing to do.
#[test]
fn the_child() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
    let ledger = Ledger::open(&dir, options(), Ticking::new()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let ledger = ledger.clone();
            std::thread::spawn(move || {
                for n in 0.. {
                    let n = from + t * 1_000_000 + n;
                    let receipt = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow))).unwrap();
                    println!("acked {} {}", receipt.seq(), receipt.id());
                    if n.is_multiple_of(2) {
                        ledger.outcome(id(n), Outcome::Delivered, "");
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        let _ = thread.join();
    }
}

fn acked_until_killed(dir: &Path, from: u64, lines: usize) -> Vec<(u64, DecisionId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill_tests::the_child", "--nocapture"])
        .env(DIR, dir)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acked = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        // The last line may be cut by the kill.
        let Some((seq, id)) = line.split_once("acked ").and_then(|(_, rest)| rest.split_once(' ')) else { continue };
        let (Ok(seq), Some(id)) = (seq.parse(), DecisionId::parse(id)) else { continue };
        acked.push((seq, id));
        if acked.len() >= lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    acked
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = Vec::new();
    for life in 0..6u64 {
        let lines = 20 + 37 * life as usize;
        acked.extend(acked_until_killed(dir.path(), life * 10_000_000, lines));
        assert!(acked.len() >= lines);
    }
    Ledger::open(dir.path(), options(), Ticking::new()).unwrap().close();
    let found = verify(dir.path()).unwrap();
    assert!(found.is_ok(), "{:#?}", found.problems);
    let (mut decisions, mut outcomes) = (HashMap::new(), HashMap::new());
    for record in Reader::open(dir.path()).records(Filter::default(), Order::OldestFirst).unwrap() {
        let record = record.unwrap();
        let id = record.text("id").to_owned();
        match record.kind.as_str() {
            "decision" => drop(decisions.insert(record.seq, id)),
            "outcome" => drop(outcomes.insert(id, record.text("outcome").to_owned())),
            _ => {}
        }
    }
    for (seq, id) in acked {
        assert_eq!(decisions.get(&seq), Some(&id.to_string()));
    }
    for id in decisions.values() {
        assert!(["delivered", "in_doubt", "aborted"].contains(&outcomes[id].as_str()), "{}", outcomes[id]);
    }
}

#[test]
fn a_ledger_verifies_and_reads_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|t| {
                let ledger = &ledger;
                scope.spawn(move || {
                    for n in 0..300 {
                        let n = t * 1_000 + n;
                        let _ = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow))).unwrap();
                        ledger.outcome(id(n), Outcome::Delivered, "");
                    }
                })
            })
            .collect();
        let mut last = 0;
        while writers.iter().any(|w| !w.is_finished()) {
            let found = verify(dir.path()).unwrap();
            assert!(found.is_ok() && found.last_seq >= last, "{:#?}", found.problems);
            last = found.last_seq;
            let newest = Reader::open(dir.path()).records(Filter::default(), Order::NewestFirst).unwrap().next();
            assert!(newest.is_none_or(|record| record.unwrap().seq >= last));
        }
    });
    ledger.close();
    let found = verify(dir.path()).unwrap();
    assert!(found.is_ok() && found.records >= 2_400);
}
