//! Finds out, when a ledger is opened, where it ended: the last record, a torn tail, decisions left open.
//!
//! It reads only what that needs; proving the whole ledger is the verifier's work. It never repairs anything but a
//! batch whose sync was not reported, which nobody was told is durable.

use std::io;

use crate::Error;
use crate::chain::{Break, Chain, OpenSet, Tip};
use crate::frame::{HEADER_BYTES, Tail};
use crate::record::Envelope;
use crate::segment::{self, Records};
use crate::store::Store;
use crate::writer::{Active, BATCH_BYTES_MAX};
use crate::{frame, head};

/// What recovery found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) tip: Tip,
    /// The segment to go on with.
    pub(crate) active: Option<Active>,
    /// Decisions without an outcome.
    pub(crate) open: OpenSet,
    /// Bytes of a torn tail that were zeroed.
    pub(crate) torn: Option<u64>,
    /// What came before the segment to go on with, should it still be empty.
    pub(crate) after: &'static str,
}

pub(crate) fn recover(store: &dyn Store) -> Result<Recovered, Error> {
    let files = store.list().map_err(Error::Storage)?;
    for file in files.iter().filter(|f| segment::is_unfinished(f)) {
        store.remove(file).map_err(Error::Storage)?;
    }
    let firsts = segment::firsts(&files);
    let head_is_there = files.iter().any(|f| f == head::NAME);
    let head =
        if head_is_there { head::parse(&store.read(head::NAME).map_err(Error::Storage)?) } else { Some(Tip::START) };
    let at = |first: u64, offset: usize, what: String| Error::Damaged {
        file: store.path().join(segment::name(first)),
        offset: offset as u64,
        what,
    };
    let Some(head) = head else {
        let file = store.path().join(head::NAME);
        return Err(Error::Damaged { file, offset: 0, what: "the head file does not read".to_owned() });
    };

    let mut open = OpenSet::default();
    let Some((&last, before)) = firsts.split_last() else {
        if head.seq > 0 {
            return Err(at(1, 0, format!("it is missing, but the head file names record {}", head.seq)));
        }
        return Ok(Recovered { tip: Tip::START, active: None, open, torn: None, after: "start" });
    };
    let bytes = store.read(&segment::name(last)).map_err(Error::Storage)?;

    // The oldest open decision decides how far back to read.
    let mut oldest = oldest_open(&bytes);
    if oldest.is_none()
        && let Some(previous) = before.last()
    {
        oldest = oldest_open(&store.read(&segment::name(*previous)).map_err(Error::Storage)?);
    }
    let oldest = oldest.unwrap_or(1);
    // The segment that holds it, and at least one before the last: the last may be empty.
    let holding = firsts.partition_point(|f| *f <= oldest).saturating_sub(1);
    let from = holding.min(before.len().saturating_sub(1));
    let mut after = if before.is_empty() { "start" } else { "full" };
    let mut chain = if firsts[from] == 1 { Chain::after(Tip::START) } else { Chain::anywhere() };
    for pair in firsts[from..].windows(2) {
        let (first, next) = (pair[0], pair[1]);
        let bytes = store.read(&segment::name(first)).map_err(Error::Storage)?;
        let (records, _) = replay(&bytes, first, chain, Some(next), &mut open).map_err(|(o, w)| at(first, o, w))?;
        chain = records.chain;
        let residue = records.void_from.is_some() || records.frames.tail() == Tail::Bad;
        after = if residue { "abandoned" } else { "full" };
        if chain.tip().map(|t| t.seq) != Some(next - 1) {
            let what = format!("its records end before {next}, where the next segment begins");
            return Err(at(first, records.frames.offset(), what));
        }
    }

    let (records, _) = replay(&bytes, last, chain, None, &mut open).map_err(|(o, w)| at(last, o, w))?;
    let end = records.frames.offset();
    // The first segment of all begins after nothing; any other follows one that was read above.
    let tip = records.chain.tip().unwrap_or(Tip::START);
    if tip.seq + 1 < last {
        return Err(at(last, 0, format!("record {} before it is missing", last - 1)));
    }
    let torn = records.frames.tail() == Tail::Bad;
    if torn && let Some((offset, seq)) = written_later(&records, tip.seq + 1) {
        let what = format!("record {} does not read, but record {seq} at byte {offset} does", tip.seq + 1);
        return Err(at(last, end, what));
    }
    if head.seq > tip.seq {
        return Err(at(last, end, format!("it ends with record {}, but the head file names {}", tip.seq, head.seq)));
    }
    if head.seq == tip.seq && head.hash != tip.hash {
        return Err(at(last, end, format!("record {} is not the one the head file names", tip.seq)));
    }

    let written = bytes[end..].iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let active = Active::reopen(store, last, end as u64).map_err(Error::Storage)?;
    rewrite_tail(&active, &bytes, end).map_err(Error::Storage)?;
    Ok(Recovered { tip, active: Some(active), open, torn: torn.then_some(written as u64), after })
}

type Fault = (usize, String);

/// Walks a segment's live records into `open`. Any fault is damage.
fn replay<'a>(
    bytes: &'a [u8],
    first: u64,
    chain: Chain,
    limit: Option<u64>,
    open: &mut OpenSet,
) -> Result<(Records<'a>, u64), Fault> {
    let mut records = Records::new(bytes, chain, limit);
    let mut n = 0;
    for live in records.by_ref() {
        let live = live.map_err(|offset| (offset, "the frame holds no record".to_owned()))?;
        let offset = live.frame.offset;
        if n == 0 && live.envelope.first() != first {
            return Err((offset, format!("it begins with record {}, not {first}", live.envelope.first())));
        }
        match live.fault {
            None => {}
            Some(Break::NoRecord) => return Err((offset, "the frame holds no record".to_owned())),
            Some(Break::Gap { expected, found } | Break::Again { expected, found }) => {
                return Err((offset, format!("record {found} stands where {expected} should")));
            }
            Some(Break::Hash) => {
                return Err((offset, format!("record {} does not follow the one before", live.envelope.seq)));
            }
        }
        n += 1;
        open.apply(live.envelope.seq, live.envelope.effect());
    }
    Ok((records, n))
}

fn oldest_open(bytes: &[u8]) -> Option<u64> {
    let first = frame::Frames::new(bytes).next()?;
    let envelope = Envelope::parse(first.payload)?;
    (envelope.kind == "segment").then_some(envelope.oldest_open)
}

/// An intact record behind the bad place that was written after the batch `missing` belongs to. Parts of one batch
/// may reach the disk in any order, so a hole inside the last batch is an ordinary power cut: its sync was never
/// reported. A record of a later batch was only written after the sync of all before it.
fn written_later(records: &Records<'_>, missing: u64) -> Option<(usize, u64)> {
    records.frames.beyond().find_map(|frame| {
        let envelope = Envelope::parse(frame.payload)?;
        (envelope.batch > missing || envelope.is_tombstone()).then_some((frame.offset, envelope.first()))
    })
}

/// Writes the end of the live records again, zeros behind it, and syncs. What a killed process wrote last may read
/// well from the page cache and yet have failed to reach the disk; only the last batch can be in that state.
fn rewrite_tail(active: &Active, bytes: &[u8], end: usize) -> io::Result<()> {
    let from = end.saturating_sub(BATCH_BYTES_MAX + frame::PAYLOAD_BYTES_MAX + HEADER_BYTES);
    active.file.write_at(&bytes[from..end], from as u64)?;
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut at = end;
    while at < bytes.len() {
        let n = ZEROS.len().min(bytes.len() - at);
        if bytes[at..at + n].iter().any(|b| *b != 0) {
            active.file.write_at(&ZEROS[..n], at as u64)?;
        }
        at += n;
    }
    active.file.sync_data()
}
