//! Removes plain allows by age: nothing found, nothing opaque, nothing shadowed, no exception, and their outcomes.
//!
//! Each run of removed records leaves a tombstone that carries the hash of its last record, so the chain still closes
//! over it; a purge record, written and durable before anything is removed, carries the digest of all tombstones of a
//! segment, so a tombstone cannot be made later. Records of anything but plain allows are never removed here.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use chot_model::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::chain::Chain;
use crate::frame::Frames;
use crate::record::{Envelope, Hash, hash_of, hex};
use crate::segment::Records;
use crate::store::Store;
use crate::writer::Shared;
use crate::{Error, Ledger, frame, record, segment};

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Records removed.
    pub records: u64,
    /// Segments rewritten.
    pub segments: u64,
}

/// A run of records of one segment that can be removed.
struct Run {
    from: u64,
    to: u64,
    last_hash: Hash,
}

/// What a run contributes to the digest in the purge record.
pub(crate) fn run_line(from: u64, to: u64, last_hash: &str) -> String {
    format!("{from}:{to}:{last_hash}\n")
}

impl Ledger {
    /// Removes plain allows and their outcomes recorded before `older_than` from closed segments. A decision that
    /// has no outcome yet stays. Reads and rewrites files: call it from a thread that may block.
    ///
    /// # Errors
    /// When a segment cannot be read or rewritten, or the purge record is not durable. What was done before stays
    /// done, and a crash at any point leaves a ledger that verifies.
    pub fn purge(&self, older_than: Timestamp) -> Result<Purged, Error> {
        let shared = self.shared();
        let _one_at_a_time = shared.purging();
        let files = shared.store.list().map_err(Error::Storage)?;
        let firsts = segment::firsts(&files);
        let mut done = Purged::default();
        for pair in firsts.windows(2).take_while(|pair| pair[1] <= shared.active_first.load(Relaxed)) {
            let (first, next) = (pair[0], pair[1]);
            let file = segment::name(first);
            let bytes = shared.store.read(&file).map_err(Error::Storage)?;
            // Segments follow each other in time: behind the first that begins too late there is nothing to do.
            if begins(&bytes).is_some_and(|time| time >= older_than) {
                break;
            }
            let runs = runs_of(shared, &bytes, first, next, older_than)?;
            if runs.is_empty() {
                continue;
            }
            let count: u64 = runs.iter().map(|r| r.to - r.from + 1).sum();
            let mut digest = Sha256::new();
            for run in &runs {
                digest.update(run_line(run.from, run.to, &hex(&run.last_hash)));
            }
            let digest = hex(&digest.finalize());
            let draft = record::own(self.clock().now(), self.node(), "purge", |json| {
                json.key("segment").u64(first);
                json.key("count").u64(count);
                json.key("runs").u64(runs.len() as u64);
                json.key("digest").string(&digest);
                json.key("older_than").plain(&older_than);
            });
            // A crash after this leaves a purge record that was not carried out; the next purge writes another.
            let purge = self.record_blocking(draft)?;
            rewrite(&*shared.store, &bytes, first, next, &runs, purge).map_err(Error::Storage)?;
            done.records += count;
            done.segments += 1;
        }
        Ok(done)
    }
}

/// When the first record of a segment was written; it is a `segment` record, which no purge removes.
fn begins(bytes: &[u8]) -> Option<Timestamp> {
    Timestamp::parse(&Envelope::parse(Frames::new(bytes).next()?.payload)?.time)
}

fn runs_of(shared: &Shared, bytes: &[u8], first: u64, next: u64, older_than: Timestamp) -> Result<Vec<Run>, Error> {
    let damaged = |offset: usize| Error::Damaged {
        file: shared.store.path().join(segment::name(first)),
        offset: offset as u64,
        what: "it is not purged because it does not verify".to_owned(),
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut records = Records::new(bytes, Chain::anywhere(), Some(next));
    // A copy: the writer must not wait for this walk. In a closed segment decisions close but none is added.
    let open = shared.open().among(first..next);
    for live in &mut records {
        let live = live.map_err(damaged)?;
        if live.fault.is_some() {
            return Err(damaged(live.frame.offset));
        }
        let envelope = live.envelope;
        let old = Timestamp::parse(&envelope.time).is_some_and(|t| t < older_than);
        let removable = envelope.plain && matches!(envelope.kind.as_ref(), "decision" | "outcome");
        if !old || !removable || open.contains(&envelope.seq) {
            continue;
        }
        let last_hash = hash_of(live.frame.payload);
        match runs.last_mut() {
            Some(run) if run.to + 1 == envelope.seq => (run.to, run.last_hash) = (envelope.seq, last_hash),
            _ => runs.push(Run { from: envelope.seq, to: envelope.seq, last_hash }),
        }
    }
    // A segment that ends early is damaged: rewriting it would hide that.
    if records.chain.tip().map(|t| t.seq) != Some(next - 1) {
        return Err(damaged(records.frames.offset()));
    }
    Ok(runs)
}

/// Writes the segment anew with tombstones and puts it in the old one's place.
fn rewrite(store: &dyn Store, bytes: &[u8], first: u64, next: u64, runs: &[Run], purge: u64) -> io::Result<()> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut runs = runs.iter().peekable();
    for live in Records::new(bytes, Chain::anywhere(), Some(next)).flatten() {
        let seq = live.envelope.first();
        match runs.peek() {
            Some(run) if seq >= run.from && !live.envelope.is_tombstone() => {
                if seq == run.to {
                    frame::push(&mut out, |payload| tombstone(payload, run, purge));
                    runs.next();
                }
            }
            _ => out.extend_from_slice(&bytes[live.frame.offset..live.frame.end()]),
        }
    }
    let new = segment::new_name(first);
    let file = store.create(&new)?;
    file.write_at(&out, 0)?;
    file.sync_data()?;
    // A crash here leaves the old segment whole; the next start removes the new one.
    store.rename(&new, &segment::name(first))?;
    store.sync_dir()
}

fn tombstone(out: &mut Vec<u8>, run: &Run, purge: u64) {
    let Run { from, to, last_hash } = run;
    let hash = hex(last_hash);
    let line = format!(
        "{{\"v\":1,\"kind\":\"purged\",\"from\":{from},\"to\":{to},\"last_hash\":\"{hash}\",\"purge\":{purge}}}\n"
    );
    out.extend_from_slice(line.as_bytes());
}
