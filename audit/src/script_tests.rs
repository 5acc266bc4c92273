//! `verify.py`, written from FORMAT.md, must agree with the ledger's own verifier.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chot_model::{Action, Timestamp};

use crate::fault::{How, Simulated};
use crate::testing::{Ticking, clean, id, message, options, register, verdict, wait};
use crate::{Event, Ledger, Outcome, verify};

/// Exit status and output of the script.
fn python(dir: &Path) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
    let out = Command::new("python3").arg(script).arg(dir).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap_or(-1), text)
}

fn agree(dir: &Path, whole: bool) {
    let ours = verify(dir).unwrap();
    let (status, text) = python(dir);
    assert_eq!(ours.is_ok(), whole, "{:#?}", ours.problems);
    assert_eq!(status, i32::from(!whole), "{text}");
    if whole {
        let summary = format!(
            "records {}, purged {}, last {}, chain head {}",
            ours.records, ours.purged, ours.last_seq, ours.chain_head
        );
        assert!(text.starts_with(&summary), "{text}\n{summary}");
    }
}

fn heartbeats(ledger: &Ledger, n: usize) {
    for _ in 0..n {
        // A fault may refuse one; the ledger is what is looked at.
        let _ = wait(ledger.event(Event::Admin { what: "đổi chính sách \"A\"\u{202e}\n".to_owned() }));
    }
}

#[test]
fn the_script_agrees_on_a_whole_ledger_and_on_tampering() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
    heartbeats(&ledger, 150);
    ledger.close();
    agree(dir.path(), true);

    let name = "seg-00000000000000000001.log";
    let whole = std::fs::read(dir.path().join(name)).unwrap();
    for (what, at) in [("length", 0), ("checksum", 5), ("payload", 40), ("middle", whole.len() / 2)] {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        std::fs::write(dir.path().join(name), &bytes).unwrap();
        assert_eq!(python(dir.path()).0, 1, "{what}");
        agree(dir.path(), false);
    }
    std::fs::remove_file(dir.path().join(name)).unwrap();
    agree(dir.path(), false);
    std::fs::write(dir.path().join(name), &whole).unwrap();
    agree(dir.path(), true);
    // The last segment goes: only the head file remembers.
    let last = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).max().unwrap();
    std::fs::remove_file(last).unwrap();
    agree(dir.path(), false);
}

#[test]
fn the_script_agrees_on_an_abandoned_segment() {
    let disk = Simulated::new();
    let ledger = Ledger::open_in(Arc::new(disk.clone()), options(), Ticking::new()).unwrap();
    heartbeats(&ledger, 3);
    // The second call is the sync: the record is stored and said not to be. The third would cut the rest off.
    disk.fail(1, How::Stored);
    disk.fail(2, How::NotStored);
    heartbeats(&ledger, 3);
    ledger.close();
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in disk.files() {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    assert!(verify(dir.path()).unwrap().notes.iter().any(|n| n.contains("abandoned")));
    agree(dir.path(), true);
}

#[test]
fn the_script_agrees_on_an_empty_folder() {
    let dir = tempfile::tempdir().unwrap();
    agree(dir.path(), true);
}

#[test]
fn the_script_agrees_on_a_purged_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
    for n in 0..60 {
        let (inspection, action) = if n % 5 == 4 { (register(), Action::Block) } else { (clean(), Action::Allow) };
        let _ = wait(ledger.decide(&message(n), &inspection, &verdict(action))).unwrap();
        ledger.outcome(id(n), Outcome::Delivered, "");
    }
    assert!(ledger.purge(Timestamp::parse("2026-12-01").unwrap()).unwrap().records > 50);
    ledger.close();
    agree(dir.path(), true);
    // A tombstone that stands for one record more.
    let name = "seg-00000000000000000001.log";
    let bytes = std::fs::read(dir.path().join(name)).unwrap();
    let mut out = Vec::new();
    for frame in crate::frame::Frames::new(&bytes) {
        let payload = std::str::from_utf8(frame.payload).unwrap();
        let forged = payload.replace("\"to\":9,", "\"to\":10,");
        crate::frame::push(&mut out, |p| p.extend_from_slice(forged.as_bytes()));
    }
    assert!(out != bytes, "there is such a tombstone");
    std::fs::write(dir.path().join(name), out).unwrap();
    agree(dir.path(), false);
}
