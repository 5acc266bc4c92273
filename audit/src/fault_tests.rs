//! What the ledger does when its disk fails: every call, every way, and power cuts in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use chot_model::Action;

use crate::fault::{Dice, How, Simulated};
use crate::testing::{Ticking, clean, id, message, options, verdict, wait};
use crate::{Error, Event, Filter, Health, Ledger, Order, Outcome, Reader, verify_in};

fn open(disk: &Simulated) -> Result<Ledger, Error> {
    Ledger::open_in(Arc::new(disk.clone()), options(), Ticking::new())
}

/// Decision number by record number of what was acknowledged.
type Acked = BTreeMap<u64, u64>;

fn decide(ledger: &Ledger, n: u64, acked: &mut Acked) -> Result<(), Error> {
    let receipt = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow)))?;
    acked.insert(receipt.seq(), n);
    Ok(())
}

/// Starts on the disk as it is, and demands that everything acknowledged is there, that whatever else is there ended
/// in doubt, and that the whole verifies.
fn nothing_acknowledged_is_lost(disk: &Simulated, acked: &Acked, case: &str) {
    let ledger = open(disk).unwrap_or_else(|e| panic!("{case}: {e}: {:#?}", disk.files().keys()));
    ledger.close();
    let found = verify_in(disk).unwrap();
    assert!(found.is_ok(), "{case}: {:#?}", found.problems);
    let reader = Reader::open_in(Arc::new(disk.clone()));
    let (mut there, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    for record in reader.records(Filter::default(), Order::OldestFirst).unwrap() {
        let record = record.unwrap();
        let id = record.text("id").to_owned();
        if record.kind == "decision" {
            assert!(there.insert(record.seq, id).is_none(), "{case}: {} twice", record.seq);
        } else if record.kind == "outcome" {
            outcomes.insert(id, record.text("outcome").to_owned());
        }
    }
    for (seq, id) in &there {
        let outcome = outcomes.get(id).unwrap_or_else(|| panic!("{case}: record {seq} has no outcome"));
        let not_sent = ["in_doubt", "aborted"].contains(&outcome.as_str());
        assert!(acked.contains_key(seq) || not_sent, "{case}: record {seq} {outcome}");
    }
    for (seq, n) in acked {
        assert_eq!(there.get(seq), Some(&id(*n).to_string()), "{case}: acknowledged record {seq} is lost");
    }
}

/// Enough decisions to roll over twice.
const SCRIPT: u64 = 60;

fn script(disk: &Simulated) -> (Acked, Vec<u64>, bool) {
    let (mut acked, mut failed) = (Acked::new(), Vec::new());
    let Ok(ledger) = open(disk) else { return (acked, failed, false) };
    for n in 0..SCRIPT {
        if decide(&ledger, n, &mut acked).is_err() {
            failed.push(n);
        }
    }
    ledger.close();
    (acked, failed, true)
}

#[test]
fn every_storage_call_may_fail_once_either_way() {
    let calls = {
        let disk = Simulated::new();
        let (acked, failed, opened) = script(&disk);
        assert!(opened && failed.is_empty() && acked.len() as u64 == SCRIPT);
        disk.calls()
    };
    assert!(calls.iter().filter(|c| c.starts_with("rename seg-")).count() > 2, "{calls:?}");
    for (n, call) in calls.iter().enumerate() {
        for how in [How::NotStored, How::Stored, How::Half] {
            let case = format!("call {n}, {call}, {how:?}");
            let disk = Simulated::new();
            disk.fail(n as u64, how);
            let (acked, failed, opened) = script(&disk);
            let in_open = n < 4;
            // A head that was not written and a file that was not cut cost nothing once the ledger runs.
            let harmless = call.ends_with("head") || call.ends_with("head.tmp") || call.starts_with("set-len");
            assert_eq!(opened, !in_open, "{case}");
            assert_eq!(failed.len(), usize::from(!in_open && !harmless), "{case}: {failed:?}");
            assert_eq!(acked.len(), if opened { SCRIPT as usize - failed.len() } else { 0 }, "{case}");
            if let Some(file) = call.strip_prefix("sync ") {
                no_second_sync(&disk.calls()[n + 1..], file, &case);
            }
            nothing_acknowledged_is_lost(&disk, &acked, &case);
        }
    }
}

/// A file whose sync failed is never synced again: only a new file of that name may be.
fn no_second_sync(calls: &[String], file: &str, case: &str) {
    let again = calls.iter().position(|c| *c == format!("sync {file}"));
    let anew = calls.iter().position(|c| *c == format!("create {file}"));
    assert!(again.is_none_or(|again| anew.is_some_and(|anew| anew < again)), "{case}");
}

#[test]
fn a_disk_that_stays_broken_lets_nothing_through_and_recovers() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    let mut acked = Acked::new();
    decide(&ledger, 0, &mut acked).unwrap();
    for n in 0..200 {
        disk.fail(n, How::NotStored);
    }
    for n in 1..20 {
        assert!(matches!(decide(&ledger, n, &mut acked), Err(Error::Storage(_))));
        assert_eq!(ledger.health(), Health::Failing);
        assert!(!ledger.is_healthy());
    }
    // An outcome told meanwhile is not lost.
    ledger.outcome(id(0), Outcome::Delivered, "");
    let mut tries = 0;
    while wait(ledger.event(Event::Heartbeat)).is_err() {
        tries += 1;
        assert!(tries < 400);
    }
    assert!(ledger.is_healthy());
    decide(&ledger, 21, &mut acked).unwrap();
    ledger.close();
    let found = Reader::open_in(Arc::new(disk.clone())).find(id(0)).unwrap().unwrap();
    assert_eq!(found.outcome.unwrap().text("outcome"), "delivered");
    nothing_acknowledged_is_lost(&disk, &acked, "broken for long");
}

#[test]
fn a_writer_that_dies_tells_everybody() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    let mut acked = Acked::new();
    decide(&ledger, 0, &mut acked).unwrap();
    disk.fail(1, How::Panic);
    let threads: Vec<_> = (1..20)
        .map(|n| {
            let ledger = ledger.clone();
            std::thread::spawn(move || decide(&ledger, n, &mut Acked::new()))
        })
        .collect();
    let mut refused = 0;
    for thread in threads {
        match thread.join().unwrap() {
            Ok(()) => {}
            Err(Error::Closed) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0);
    assert_eq!(ledger.health(), Health::Closed);
    assert!(matches!(decide(&ledger, 99, &mut acked), Err(Error::Closed)));
    ledger.close();
    nothing_acknowledged_is_lost(&disk, &acked, "panic");
}

#[test]
fn a_full_disk_stops_decisions_says_so_and_resumes() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    let mut acked = Acked::new();
    decide(&ledger, 0, &mut acked).unwrap();
    disk.set_free_bytes(options().free_bytes_warn - 1);
    decide(&ledger, 1, &mut acked).unwrap();
    assert_eq!(ledger.health(), Health::LowSpace);
    disk.set_free_bytes(options().free_bytes_stop - 1);
    for n in 2..5 {
        assert!(matches!(decide(&ledger, n, &mut acked), Err(Error::NoSpace)));
        assert_eq!(ledger.health(), Health::NoSpace);
    }
    // What was admitted before still ends on record.
    ledger.outcome(id(0), Outcome::Delivered, "");
    disk.set_free_bytes(u64::MAX);
    decide(&ledger, 5, &mut acked).unwrap();
    assert_eq!(ledger.health(), Health::Good);
    ledger.close();
    let reader = Reader::open_in(Arc::new(disk.clone()));
    let kinds: Vec<_> =
        reader.records(Filter::default(), Order::OldestFirst).unwrap().map(|r| r.unwrap().kind).collect();
    assert_eq!(kinds.iter().filter(|k| *k == "ledger.stopped").count(), 1);
    assert_eq!(kinds.iter().filter(|k| *k == "ledger.resumed").count(), 1);
    assert_eq!(kinds.iter().filter(|k| *k == "outcome").count(), 1);
    disk.set_free_bytes(0);
    assert!(matches!(open(&disk), Err(Error::NoSpace)));
    disk.set_free_bytes(u64::MAX);
    nothing_acknowledged_is_lost(&disk, &acked, "full");
}

/// Decisions from several threads, faults anywhere, then the power goes: whatever was acknowledged is there.
#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    for seed in 0..120 {
        let mut dice = Dice(seed);
        let mut disk = Simulated::new();
        let mut acked = Acked::new();
        // Lives of the same ledger, each ended by a power cut.
        for life in 0..3u64 {
            let case = format!("seed {seed}, life {life}");
            for _ in 0..dice.below(3) {
                let how = [How::NotStored, How::Stored, How::Half][dice.below(3) as usize];
                disk.fail(dice.below(80), how);
            }
            disk.cut_power(dice.below(120), dice.below(u64::MAX));
            if let Ok(ledger) = open(&disk) {
                let threads: Vec<_> = (0..3)
                    .map(|t| {
                        let ledger = ledger.clone();
                        std::thread::spawn(move || {
                            let mut acked = Acked::new();
                            for n in 0..25 {
                                let n = life * 1_000 + t * 100 + n;
                                if decide(&ledger, n, &mut acked).is_ok() && n % 3 == 0 {
                                    ledger.outcome(id(n), Outcome::Delivered, "");
                                }
                            }
                            acked
                        })
                    })
                    .collect();
                for thread in threads {
                    acked.extend(thread.join().unwrap());
                }
            }
            disk = disk.after_the_cut();
            nothing_acknowledged_is_lost(&disk, &acked, &case);
        }
    }
}

#[test]
fn a_torn_batch_is_removed_and_the_removal_recorded() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    let mut acked = Acked::new();
    decide(&ledger, 0, &mut acked).unwrap();
    ledger.close();
    let mut files = disk.files();
    let bytes = files.get_mut("seg-00000000000000000001.log").unwrap();
    let end = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
    bytes[end..end + 5].copy_from_slice(&[9, 0, 0, 0, 1]);
    let disk = Simulated::with_files(files);
    assert!(!verify_in(&disk).unwrap().is_ok());
    nothing_acknowledged_is_lost(&disk, &acked, "torn");
    let recovered = Filter { kind: Some("ledger.recovered".to_owned()), ..Filter::default() };
    let reader = Reader::open_in(Arc::new(disk));
    let records: Vec<_> = reader.records(recovered, Order::OldestFirst).unwrap().map(|r| r.unwrap().value).collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["discarded_bytes"], 5);
}

/// Starting takes as long as there are open decisions to look for, not as long as the ledger.
#[test]
fn a_start_reads_no_farther_back_than_it_must() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    for n in 0..60 {
        let _ = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow))).unwrap();
        ledger.outcome(id(n), Outcome::Delivered, "");
    }
    ledger.close();
    let mut files = disk.files();
    files.get_mut("seg-00000000000000000001.log").unwrap()[30] ^= 1;
    let disk = Simulated::with_files(files);
    open(&disk).unwrap().close();
    assert!(!verify_in(&disk).unwrap().is_ok());
}

/// However full the segment is: the last thing the ledger does before it stops is to say so.
#[test]
fn there_is_always_room_to_say_that_the_ledger_stopped() {
    for n in 1..45 {
        let disk = Simulated::new();
        let ledger = open(&disk).unwrap();
        for n in 0..n {
            let _ = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Block))).unwrap();
        }
        disk.set_free_bytes(0);
        let segments = disk.files().len();
        assert!(matches!(wait(ledger.event(Event::Heartbeat)), Err(Error::NoSpace)));
        assert!(matches!(wait(ledger.event(Event::Heartbeat)), Err(Error::NoSpace)));
        assert_eq!(disk.files().len(), segments);
        let mut records = Reader::open_in(Arc::new(disk)).records(Filter::default(), Order::NewestFirst).unwrap();
        assert_eq!(records.next().unwrap().unwrap().kind, "ledger.stopped", "after {n}");
    }
}

/// A decision that has no outcome yet outlives any purge.
#[test]
fn open_decisions_are_not_purged() {
    let disk = Simulated::new();
    let ledger = open(&disk).unwrap();
    for n in 0..60 {
        let _ = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow))).unwrap();
        if n != 3 {
            ledger.outcome(id(n), Outcome::Delivered, "");
        }
    }
    assert!(ledger.purge(chot_model::Timestamp::parse("2027-01-01").unwrap()).unwrap().records > 50);
    let reader = Reader::open_in(Arc::new(disk.clone()));
    assert!(reader.find(id(3)).unwrap().is_some());
    assert!(reader.find(id(4)).unwrap().is_none());
    ledger.close();
    open(&disk).unwrap().close();
    assert_eq!(reader.find(id(3)).unwrap().unwrap().outcome.unwrap().text("outcome"), "in_doubt");
    assert!(verify_in(&disk).unwrap().is_ok());
}

/// What a killed process left in the page cache after a failed sync reads well and yet is not on the disk. A start
/// that goes on behind it must write it again.
#[test]
fn a_start_does_not_build_on_what_only_the_page_cache_holds() {
    for seed in 0..20 {
        let disk = Simulated::new();
        let mut acked = Acked::new();
        let ledger = open(&disk).unwrap();
        decide(&ledger, 0, &mut acked).unwrap();
        disk.fail(1, How::NotStored);
        disk.fail(2, How::NotStored);
        assert!(decide(&ledger, 1, &mut acked).is_err());
        drop(ledger);
        let ledger = open(&disk).unwrap();
        decide(&ledger, 2, &mut acked).unwrap();
        assert_eq!(acked.keys().copied().collect::<Vec<_>>(), [2, 6], "the refused record 3 was read");
        disk.cut_power(0, seed);
        assert!(decide(&ledger, 3, &mut acked).is_err());
        drop(ledger);
        nothing_acknowledged_is_lost(&disk.after_the_cut(), &acked, &format!("seed {seed}"));
    }
}
