//! What the verifier says of a ledger that was tampered with, and of one that was purged.

use std::collections::BTreeMap;
use std::sync::Arc;

use chot_model::{Action, Timestamp};

use crate::fault::Simulated;
use crate::frame::{self, Frames};
use crate::head;
use crate::record::Envelope;
use crate::testing::{Ticking, clean, id, message, options, register, verdict, wait};
use crate::{Error, Event, Filter, Ledger, Options, Order, Outcome, ProblemKind, Purged, Reader, verify_in};

type Files = BTreeMap<String, Vec<u8>>;

/// A closed ledger of `n` decisions, of which every fifth is a block, and their outcomes.
fn ledger_of(n: u64, options: Options) -> Simulated {
    let disk = Simulated::new();
    let ledger = Ledger::open_in(Arc::new(disk.clone()), options, Ticking::new()).unwrap();
    for n in 0..n {
        let (inspection, action, outcome) = match n % 5 {
            4 => (register(), Action::Block, Outcome::Refused),
            _ => (clean(), Action::Allow, Outcome::Delivered),
        };
        let _ = wait(ledger.decide(&message(n), &inspection, &verdict(action))).unwrap();
        ledger.outcome(id(n), outcome, "");
    }
    wait(ledger.event(Event::GatewayStopped)).unwrap();
    ledger.close();
    disk
}

fn kinds(files: &Files) -> Vec<ProblemKind> {
    let found = verify_in(&Simulated::with_files(files.clone())).unwrap();
    found.problems.iter().map(|p| p.kind).collect()
}

/// The frames of a segment, each whole.
fn frames(segment: &[u8]) -> Vec<Vec<u8>> {
    Frames::new(segment).map(|f| segment[f.offset..f.end()].to_vec()).collect()
}

fn seal(payload: &str) -> Vec<u8> {
    let mut out = Vec::new();
    frame::push(&mut out, |p| p.extend_from_slice(payload.as_bytes()));
    out
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let disk = ledger_of(2, options());
    let mut files = disk.files();
    for (name, bytes) in files.iter_mut().filter(|(name, _)| name.starts_with("seg-")) {
        // A few zeros stand for the many, or this takes long.
        bytes.truncate(frames(bytes).concat().len() + 64);
        assert!(name.ends_with("01.log"));
    }
    let found = verify_in(&Simulated::with_files(files.clone())).unwrap();
    assert!(found.is_ok() && found.records == 6 && found.last_seq == 6, "{found:?}");
    for name in ["seg-00000000000000000001.log", head::NAME] {
        let used = frames(&files[name]).iter().map(Vec::len).sum::<usize>();
        for byte in 0..files[name].len() {
            // Every bit of what was written; of the zeros behind it one bit in each byte.
            let bits = if byte < used || name == head::NAME { 0..8 } else { byte % 8..byte % 8 + 1 };
            for bit in bits {
                let mut files = files.clone();
                files.get_mut(name).unwrap()[byte] ^= 1 << bit;
                assert!(!kinds(&files).is_empty(), "bit {bit} of byte {byte} of {name}");
            }
        }
    }
}

#[test]
fn each_kind_of_tampering_is_named() {
    use ProblemKind::*;
    let whole = ledger_of(40, options()).files();
    let names: Vec<_> = whole.keys().filter(|n| n.starts_with("seg-")).cloned().collect();
    assert!(names.len() >= 3);
    let (first, middle, last) = (&names[0], &names[1], &names[names.len() - 1]);
    assert_eq!(kinds(&whole), []);

    let rebuilt = |name: &String, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut files = whole.clone();
        let mut list = frames(&files[name]);
        change(&mut list);
        files.insert(name.clone(), list.concat());
        files
    };
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = whole.clone();
        change(&mut files);
        files
    };
    let edit = |frame: &mut Vec<u8>| {
        let payload = String::from_utf8(frame[frame::HEADER_BYTES..].to_vec()).unwrap();
        *frame = seal(&payload.replace("\"node\":\"gw1\"", "\"node\":\"gw2\""));
    };
    let short = |name: &String, n: usize| {
        with(&|files| {
            let used = frames(&files[name]).concat().len();
            files.get_mut(name).unwrap().truncate(used - n);
        })
    };
    let older = ledger_of(30, options()).files();

    let table: Vec<(&str, Files, &[ProblemKind])> = vec![
        ("the first segment is gone", with(&|f| drop(f.remove(first))), &[Gap]),
        ("a segment in the middle is gone", with(&|f| drop(f.remove(middle))), &[Gap]),
        ("the last segment is gone", with(&|f| drop(f.remove(last))), &[Rollback]),
        ("all segments are gone", with(&|f| f.retain(|n, _| !n.starts_with("seg-"))), &[Rollback]),
        ("a record is gone", rebuilt(middle, &|l| drop(l.remove(3))), &[Gap]),
        ("the last record of a segment is gone", rebuilt(middle, &|l| drop(l.pop())), &[Gap]),
        ("the last record of all is gone", rebuilt(last, &|l| drop(l.pop())), &[Rollback]),
        ("a record is there twice", rebuilt(middle, &|l| l.insert(3, l[2].clone())), &[Duplicate]),
        ("two records are swapped", rebuilt(middle, &|l| l.swap(2, 3)), &[Gap, Reordered]),
        ("a record is changed", rebuilt(middle, &|l| edit(&mut l[2])), &[ChainBreak]),
        ("the last record of all is changed", rebuilt(last, &|l| edit(l.last_mut().unwrap())), &[ChainBreak]),
        ("a closed segment ends inside a record", short(middle, 7), &[Truncated, Gap]),
        ("the last segment ends inside a record", short(last, 7), &[Truncated, Rollback]),
        ("bytes stand behind a closed segment", with(&|f| f.get_mut(middle).unwrap().push(1)), &[Truncated]),
        ("the head is gone", with(&|f| drop(f.remove(head::NAME))), &[Head]),
        ("a foreign file", with(&|f| drop(f.insert("notes.txt".to_owned(), vec![]))), &[UnknownFile]),
        (
            "an older copy of the segments",
            with(&|f| {
                f.retain(|n, _| !n.starts_with("seg-"));
                f.extend(older.clone().into_iter().filter(|(n, _)| n.starts_with("seg-")));
            }),
            &[Rollback],
        ),
    ];
    for (what, files, expected) in table {
        let found = kinds(&files);
        let named = expected.iter().all(|k| found.contains(k));
        assert!(named && found.len() <= expected.len() + 1, "{what}: {found:?}");
    }
    // Two segments that change places, and one that stands there under a second name.
    let mut swapped = whole.clone();
    let (a, b) = (whole[first].clone(), whole[middle].clone());
    swapped.insert(first.clone(), b);
    swapped.insert(middle.clone(), a);
    assert!(kinds(&swapped).contains(&Gap) && kinds(&swapped).contains(&Reordered), "{:?}", kinds(&swapped));
    let mut doubled = whole.clone();
    doubled.insert(crate::segment::name(100_000), whole[middle].clone());
    assert!(kinds(&doubled).contains(&Duplicate), "{:?}", kinds(&doubled));
}

#[test]
fn a_damaged_ledger_is_not_written_to() {
    let whole = ledger_of(40, options()).files();
    let last = whole.keys().rfind(|n| n.starts_with("seg-")).unwrap().clone();
    let open = |files: &Files| {
        let disk = Simulated::with_files(files.clone());
        Ledger::open_in(Arc::new(disk), options(), Ticking::new()).map(drop)
    };
    open(&whole).unwrap();
    let mut files = whole.clone();
    files.get_mut(&last).unwrap()[30] ^= 1;
    assert!(matches!(open(&files), Err(Error::Damaged { .. })));
    // The same under a head that lags: later batches prove that what does not read was once durable.
    let old = Simulated::new();
    head::write(&old, crate::chain::Tip::START).unwrap();
    files.extend(old.files());
    assert!(matches!(open(&files), Err(Error::Damaged { .. })));
    // The tail is gone: the head file remembers.
    let mut files = whole;
    let mut list = frames(&files[&last]);
    list.pop();
    files.insert(last.clone(), list.concat());
    assert!(matches!(open(&files), Err(Error::Damaged { .. })));
    files.remove(&last);
    assert!(matches!(open(&files), Err(Error::Damaged { .. })));
}

fn purge(disk: &Simulated, until: &str) -> Result<Purged, Error> {
    let ledger = Ledger::open_in(Arc::new(disk.clone()), options(), Ticking::at("2026-12-21T00:00:00Z"))?;
    ledger.purge(Timestamp::parse(until).unwrap())
}

fn listed(disk: &Simulated) -> Vec<String> {
    let reader = Reader::open_in(Arc::new(disk.clone()));
    let all = reader.records(Filter::default(), Order::OldestFirst).unwrap();
    all.map(|r| r.unwrap()).filter(|r| r.kind == "decision").map(|r| r.text("id").to_owned()).collect()
}

#[test]
fn plain_allows_are_purged_and_the_rest_is_still_proved() {
    let disk = ledger_of(60, options());
    let before = verify_in(&disk).unwrap();
    assert_eq!(purge(&disk, "2026-11-21").unwrap(), Purged::default());
    let purged = purge(&disk, "2026-12-01").unwrap();
    let found = verify_in(&disk).unwrap();
    assert!(found.is_ok() && found.notes.is_empty(), "{found:#?}");
    assert_eq!(found.purged, purged.records);
    assert_eq!(found.records + found.purged, found.last_seq);
    assert!(found.last_seq >= before.last_seq + purged.segments);
    assert!(purged.records > 50 && purged.segments > 2, "{purged:?}");
    // Blocks stay, with their outcomes.
    let reader = Reader::open_in(Arc::new(disk.clone()));
    for n in (4..60).step_by(5) {
        let found = reader.find(id(n)).unwrap().unwrap();
        assert_eq!(found.outcome.unwrap().text("outcome"), "refused");
    }
    assert!(reader.find(id(0)).unwrap().is_none());
    assert_eq!(reader.by_seq(3).unwrap().unwrap().kind, "purged");
    // A second purge finds nothing left in those segments.
    let again = purge(&disk, "2026-12-01").unwrap();
    assert!(again.segments <= 1, "{again:?}");
    assert!(verify_in(&disk).unwrap().is_ok());
}

#[test]
fn a_forged_tombstone_is_named() {
    let disk = ledger_of(60, options());
    let whole = disk.files();
    purge(&disk, "2026-12-01").unwrap();
    let purged = disk.files();
    let name = "seg-00000000000000000001.log";
    // Somebody removes a block after the purge, in the purge's name.
    let mut list = frames(&purged[name]);
    let purge_seq = list
        .iter()
        .find_map(|f| Envelope::parse(&f[frame::HEADER_BYTES..]).filter(|e| e.is_tombstone()).map(|e| e.purge))
        .unwrap();
    let at = list.iter().position(|f| String::from_utf8_lossy(f).contains("\"block\"")).unwrap();
    let (seq, hash) = {
        let payload = &list[at][frame::HEADER_BYTES..];
        (Envelope::parse(payload).unwrap().seq, crate::record::hex(&crate::record::hash_of(payload)))
    };
    let forged = |purge: u64| {
        seal(&format!(
            "{{\"v\":1,\"kind\":\"purged\",\"from\":{seq},\"to\":{seq},\"last_hash\":\"{hash}\",\"purge\":{purge}}}\n"
        ))
    };
    list[at] = forged(purge_seq);
    let mut files = purged;
    files.insert(name.to_owned(), list.concat());
    assert_eq!(kinds(&files), [ProblemKind::ForgedPurge]);
    // Without any purge.
    let mut list = frames(&whole[name]);
    let at = list.iter().position(|f| String::from_utf8_lossy(f).contains("\"block\"")).unwrap();
    list[at] = forged(1);
    let mut files = whole;
    files.insert(name.to_owned(), list.concat());
    assert_eq!(kinds(&files), [ProblemKind::ForgedPurge]);
}

#[test]
fn a_purge_may_end_at_any_step() {
    let files = ledger_of(60, options()).files();
    let calls = {
        let disk = Simulated::with_files(files.clone());
        purge(&disk, "2026-12-01").unwrap();
        disk.calls().len() as u64
    };
    let blocks: Vec<_> = (4..60).step_by(5).map(|n| id(n).to_string()).collect();
    for n in 0..calls {
        for seed in 0..3 {
            let disk = Simulated::with_files(files.clone());
            disk.cut_power(n, seed);
            let _ = purge(&disk, "2026-12-01");
            let disk = disk.after_the_cut();
            // The next start puts right what the cut left behind, and the purge can be done again.
            purge(&disk, "2026-12-01").unwrap();
            let found = verify_in(&disk).unwrap();
            assert!(found.is_ok(), "call {n}: {:#?}", found.problems);
            let listed = listed(&disk);
            assert!(blocks.iter().all(|b| listed.contains(b)), "call {n}");
        }
    }
}

#[test]
fn records_are_listed_by_filter_from_either_end() {
    let disk = ledger_of(40, options());
    let reader = Reader::open_in(Arc::new(disk));
    let list = |filter: Filter, order| -> Vec<u64> {
        reader.records(filter, order).unwrap().map(|r| r.unwrap().seq).collect()
    };
    let all = list(Filter::default(), Order::OldestFirst);
    let mut back = list(Filter::default(), Order::NewestFirst);
    back.reverse();
    assert_eq!((all.len(), &all), (*all.last().unwrap() as usize, &back));
    let some = |s: &str| Some(s.to_owned());
    let time = |seq: usize| reader.by_seq(seq as u64).unwrap().unwrap().time();
    for (what, filter, n) in [
        ("action", Filter { action: some("block"), ..Filter::default() }, 8),
        ("app", Filter { app: some("zalo"), ..Filter::default() }, 40),
        ("no such app", Filter { app: some("viber"), ..Filter::default() }, 0),
        ("account", Filter { account: some("AN.Nguyen"), action: some("allow"), ..Filter::default() }, 32),
        ("kind", Filter { kind: some("outcome"), ..Filter::default() }, 40),
        ("id", Filter { id: Some(id(7)), ..Filter::default() }, 2),
        ("text", Filter { text: some("HOA-DON"), kind: some("decision"), ..Filter::default() }, 40),
        ("since", Filter { since: time(10), ..Filter::default() }, all.len() - 9),
        ("until", Filter { until: time(10), ..Filter::default() }, 9),
    ] {
        assert_eq!(list(filter, Order::OldestFirst).len(), n, "{what}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever is done to the bytes of a segment: it is noticed, and nothing panics.
    #[test]
    fn any_splice_is_noticed(at in 0usize..3_000, cut in 0usize..600, put in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
        let disk = ledger_of(4, options());
        let mut files = disk.files();
        let name = "seg-00000000000000000001.log";
        let used = frames(&files[name]).concat();
        let mut bytes = used.clone();
        let at = at % bytes.len();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put);
        let same = bytes.iter().eq(used.iter());
        files.insert(name.to_owned(), bytes);
        proptest::prop_assert_eq!(kinds(&files).is_empty(), same);
        let _ = Ledger::open_in(Arc::new(Simulated::with_files(files)), options(), Ticking::new());
    }
}

#[test]
fn numbers_out_of_all_reason_do_not_overflow() {
    let max = u64::MAX;
    let zeros = "0".repeat(64);
    for line in [
        format!("{{\"v\":1,\"kind\":\"purged\",\"from\":1,\"to\":{max},\"last_hash\":\"{zeros}\",\"purge\":{max}}}\n"),
        format!("{{\"v\":1,\"kind\":\"segment\",\"seq\":{max},\"oldest_open\":{max},\"prev\":\"{zeros}\"}}\n"),
        "{\"v\":1,\"kind\":\"segment\",\"seq\":-1}\n".to_owned(),
        "{\"v\":1,\"kind\":\"segment\"}\n".to_owned(),
    ] {
        for first in [1, max] {
            let files = Files::from([(crate::segment::name(first), seal(&line).repeat(3))]);
            assert!(!kinds(&files).is_empty());
            let disk = Simulated::with_files(files);
            assert!(Ledger::open_in(Arc::new(disk), options(), Ticking::new()).is_err(), "{line}");
        }
    }
}
