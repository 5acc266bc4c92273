//! Proves that a ledger is whole: every record intact, in its place, and chained to the one before.
//!
//! It only reads and needs no lock, so it may run while the gateway does. What a chain without witnesses cannot prove
//! is told in `FORMAT.md`; this is not the place that decides what to do about a problem.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::chain::{Break, Chain, Tip};
use crate::frame::{Frames, HEADER_BYTES, PAYLOAD_BYTES_MAX, Tail};
use crate::record::{Envelope, Hash, hash_of, hex, parse_hash};
use crate::store::{Directory, Store};
use crate::{head, segment};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// Records that are there.
    pub records: u64,
    /// Records that were purged by age and are proved by a purge record.
    pub purged: u64,
    /// Segment files.
    pub segments: u64,
    /// Number of the first record; 0 when there is none.
    pub first_seq: u64,
    /// Number of the last record; 0 when there is none.
    pub last_seq: u64,
    /// Hash of the last record in hexadecimal: the one value to keep elsewhere, for it stands for all before it.
    pub chain_head: String,
    /// What is unusual but explained, such as the rest of a failed write.
    pub notes: Vec<String>,
    /// What is wrong; the first [`Self::PROBLEMS_LISTED_MAX`].
    pub problems: Vec<Problem>,
    /// How many more problems there are than are listed.
    pub problems_omitted: u64,
}

impl Verification {
    /// How many problems are listed.
    pub const PROBLEMS_LISTED_MAX: usize = 1_000;

    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// What sort of thing.
    pub kind: ProblemKind,
    /// File it is in.
    pub file: String,
    /// Byte in that file.
    pub offset: u64,
    /// Number of the record concerned, when it is known.
    pub seq: Option<u64>,
    /// The facts.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} at byte {}: {}", self.kind.id(), self.file, self.offset, self.what)
    }
}

/// Sorts of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// Bytes do not agree with their checksum.
    Checksum,
    /// A record does not name the hash of the one before.
    ChainBreak,
    /// Records are missing.
    Gap,
    /// A record stands there twice.
    Duplicate,
    /// A record stands in another place than its own.
    Reordered,
    /// A file ends inside a record.
    Truncated,
    /// Bytes behind the end that should be zeros.
    Residue,
    /// The ledger is older than its head file says, or its last records are missing.
    Rollback,
    /// The head file is missing or does not read.
    Head,
    /// Records are said to be purged, but no purge record agrees.
    ForgedPurge,
    /// A file that is not the ledger's.
    UnknownFile,
}

impl ProblemKind {
    /// The name in output; serialised, it is the same.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::ChainBreak => "chain-break",
            Self::Gap => "gap",
            Self::Duplicate => "duplicate",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Residue => "residue",
            Self::Rollback => "rollback",
            Self::Head => "head",
            Self::ForgedPurge => "forged-purge",
            Self::UnknownFile => "unknown-file",
        }
    }
}

/// Verifies the ledger in `dir`.
///
/// # Errors
/// When it cannot be read; problems of the ledger itself are in the result.
pub fn verify(dir: &Path) -> Result<Verification, Error> {
    verify_in(&Directory::existing(dir))
}

/// As [`verify`], in any [`Store`].
///
/// # Errors
/// When it cannot be read.
pub fn verify_in(store: &dyn Store) -> Result<Verification, Error> {
    let mut found = attempt(store)?;
    // A ledger that is being written may be read in the middle of a write. What is really wrong stays as it is.
    for _ in 0..10 {
        if found.is_ok() {
            break;
        }
        let again = attempt(store)?;
        let settled = again.problems == found.problems;
        found = again;
        if settled {
            break;
        }
    }
    Ok(found)
}

fn attempt(store: &dyn Store) -> Result<Verification, Error> {
    let files = store.list().map_err(Error::Storage)?;
    // The head is read before the segments, so that it cannot be ahead of them because of what is being written.
    let head_file = files.iter().any(|f| f == head::NAME).then(|| store.read(head::NAME)).transpose();
    let head_file = head_file.map_err(Error::Storage)?;
    let firsts = segment::firsts(&files);
    let mut walk = Walk { chain: Chain::after(Tip::START), ..Walk::default() };
    for file in &files {
        if segment::is_unfinished(file) {
            walk.out.notes.push(format!("{file}: left by a write that did not end; the next start removes it"));
        } else if file != head::NAME && file != "lock" && segment::first_of(file).is_none() {
            walk.problem(ProblemKind::UnknownFile, file, 0, None, "this file is not the ledger's");
        }
    }
    match head_file.as_deref().map(head::parse) {
        Some(Some(tip)) => walk.head = Some(tip),
        Some(None) => walk.problem(ProblemKind::Head, head::NAME, 0, None, "the head file does not read"),
        None if firsts.is_empty() => {}
        None => walk.problem(ProblemKind::Head, head::NAME, 0, None, "the head file is missing"),
    }
    for (n, first) in firsts.iter().enumerate() {
        let file = segment::name(*first);
        let bytes = store.read(&file).map_err(Error::Storage)?;
        walk.segment(&file, *first, &bytes, firsts.get(n + 1).copied());
    }
    walk.finish()
}

/// The state of a verification between segments.
#[derive(Default)]
struct Walk {
    chain: Chain,
    head: Option<Tip>,
    /// Numbers that were skipped, to tell a moved record from a doubled one.
    missing: Vec<(u64, u64)>,
    /// What is wrong behind the end of the segment before, unless this one says that it was abandoned.
    residue: Option<Problem>,
    purges: BTreeMap<u64, Purge>,
    tombs: BTreeMap<u64, Tombs>,
    out: Verification,
}

struct Purge {
    segment: u64,
    runs: u64,
    digest: Option<Hash>,
}

struct Tombs {
    file: String,
    segment: u64,
    runs: u64,
    digest: Sha256,
}

impl Walk {
    fn problem(&mut self, kind: ProblemKind, file: &str, offset: usize, seq: Option<u64>, what: impl Into<String>) {
        self.list(Problem { kind, file: file.to_owned(), offset: offset as u64, seq, what: what.into() });
    }

    fn list(&mut self, problem: Problem) {
        if self.out.problems.len() < Verification::PROBLEMS_LISTED_MAX {
            self.out.problems.push(problem);
        } else {
            self.out.problems_omitted += 1;
        }
    }

    fn expected(&self) -> u64 {
        self.chain.tip().map_or(0, |t| t.seq) + 1
    }

    fn segment(&mut self, file: &str, first: u64, bytes: &[u8], limit: Option<u64>) {
        self.out.segments += 1;
        if self.expected() < first {
            let (from, to) = (self.expected(), first - 1);
            self.problem(
                ProblemKind::Gap,
                file,
                0,
                Some(from),
                format!("records {from} to {to} before it are missing"),
            );
            self.missing.push((from, to));
            self.chain = Chain::anywhere_after(to);
        }
        let mut frames = Frames::new(bytes);
        let mut abandoned = false;
        let mut n_frames = 0;
        let void_from = loop {
            let Some(frame) = frames.next() else {
                let bad = frames.offset();
                // Behind the last live record of a segment nothing counts but whether it was abandoned.
                let complete = limit == Some(self.expected());
                if complete || frames.tail() == Tail::Clean || !frames.skip_bad() {
                    break None;
                }
                let seq = self.expected();
                self.problem(ProblemKind::Checksum, file, bad, Some(seq), format!("record {seq} does not read"));
                // The record that does not read is accounted for; the one behind it is not compared with it.
                self.chain = Chain::anywhere_after(seq);
                continue;
            };
            let Some(envelope) = Envelope::parse(frame.payload) else {
                self.problem(ProblemKind::Checksum, file, frame.offset, None, "the frame holds no record");
                continue;
            };
            if limit.is_some_and(|limit| envelope.first() >= limit) {
                break Some(frame.offset);
            }
            if n_frames == 0 {
                abandoned = envelope.kind == "segment" && envelope.after == "abandoned";
                if envelope.first() != first {
                    let what = format!("it begins with record {}", envelope.first());
                    self.problem(ProblemKind::Reordered, file, frame.offset, Some(envelope.first()), what);
                }
            }
            n_frames += 1;
            self.record(file, first, frame.offset, frame.payload, &envelope);
        };
        self.settle_residue(abandoned);
        self.behind_the_end(file, bytes, &frames, void_from, limit.is_none());
    }

    fn record(&mut self, file: &str, first: u64, offset: usize, payload: &[u8], envelope: &Envelope<'_>) {
        let seq = envelope.first();
        let fault = self.chain.step(payload, envelope).err();
        match fault {
            None => {}
            Some(Break::NoRecord) => {
                self.problem(ProblemKind::Checksum, file, offset, None, "the frame holds no record");
                return;
            }
            Some(Break::Gap { expected, found }) => {
                let what = format!("records {expected} to {} are missing", found - 1);
                self.problem(ProblemKind::Gap, file, offset, Some(expected), what);
                self.missing.push((expected, found - 1));
            }
            Some(Break::Again { expected, found }) => {
                let moved = self.missing.iter().any(|(from, to)| (*from..=*to).contains(&found));
                let kind = if moved { ProblemKind::Reordered } else { ProblemKind::Duplicate };
                let what = format!("record {found} stands where {expected} should");
                self.problem(kind, file, offset, Some(found), what);
                return;
            }
            Some(Break::Hash) => {
                let what = format!("record {seq} does not follow the record before it");
                self.problem(ProblemKind::ChainBreak, file, offset, Some(seq), what);
            }
        }
        if self.out.first_seq == 0 {
            self.out.first_seq = seq;
        }
        if envelope.is_tombstone() {
            self.out.purged = self.out.purged.saturating_add(envelope.to - envelope.from + 1);
            let tombs = self.tombs.entry(envelope.purge).or_insert_with(|| Tombs {
                file: file.to_owned(),
                segment: first,
                runs: 0,
                digest: Sha256::new(),
            });
            tombs.runs += 1;
            tombs.digest.update(crate::purge::run_line(envelope.from, envelope.to, &envelope.last_hash));
            if tombs.segment != first {
                // A run in another segment than the rest cannot agree with any purge record.
                tombs.runs = u64::MAX / 2;
            }
        } else {
            self.out.records += 1;
        }
        if envelope.kind == "purge" {
            let (segment, runs) = (envelope.segment, envelope.runs);
            self.purges.insert(seq, Purge { segment, runs, digest: parse_hash(&envelope.digest) });
        }
        self.compare_head(file, offset, envelope, payload);
    }

    fn compare_head(&mut self, file: &str, offset: usize, envelope: &Envelope<'_>, payload: &[u8]) {
        let Some(head) = self.head else { return };
        let hash = if envelope.is_tombstone() {
            (envelope.to == head.seq).then(|| parse_hash(&envelope.last_hash)).flatten()
        } else {
            (envelope.seq == head.seq).then(|| hash_of(payload))
        };
        if hash.is_some_and(|hash| hash != head.hash) {
            let what = format!("record {} is not the one the head file names", head.seq);
            self.problem(ProblemKind::ChainBreak, file, offset, Some(head.seq), what);
        }
    }

    /// Judges what lies behind the last live record.
    fn behind_the_end(&mut self, file: &str, bytes: &[u8], frames: &Frames<'_>, void: Option<usize>, last: bool) {
        let at = void.unwrap_or_else(|| frames.offset());
        if void.is_none() && frames.tail() == Tail::Clean {
            return;
        }
        let seq = self.expected();
        if last {
            if is_cut(&bytes[at..]) {
                let what = format!("the file ends inside record {seq}");
                self.problem(ProblemKind::Truncated, file, at, Some(seq), what);
            } else {
                let what = format!(
                    "record {seq} does not read; if the machine lost power while writing it, the next start of the \
                     gateway removes and records it"
                );
                self.problem(ProblemKind::Checksum, file, at, Some(seq), what);
            }
            return;
        }
        let (kind, what) = match void {
            Some(_) => (ProblemKind::Duplicate, format!("record {seq} and others stand in the next segment as well")),
            None if is_cut(&bytes[at..]) => (ProblemKind::Truncated, format!("the file ends inside record {seq}")),
            None => {
                (ProblemKind::Residue, format!("record {seq} does not read, or bytes stand behind the last record"))
            }
        };
        self.residue = Some(Problem { kind, file: file.to_owned(), offset: at as u64, seq: Some(seq), what });
    }

    /// A segment that was abandoned after a failed write may hold anything behind its last acknowledged record.
    fn settle_residue(&mut self, abandoned: bool) {
        let Some(problem) = self.residue.take() else { return };
        if abandoned {
            let Problem { kind: _, file, offset, seq: _, what: _ } = problem;
            self.out.notes.push(format!("{file}: abandoned after a failed write; bytes from {offset} on are void"));
        } else {
            self.list(problem);
        }
    }

    fn finish(mut self) -> Result<Verification, Error> {
        self.settle_residue(false);
        let tip = self.chain.tip().unwrap_or(Tip::START);
        self.out.last_seq = tip.seq;
        self.out.chain_head = hex(&tip.hash);
        if let Some(head) = self.head.filter(|h| h.seq > tip.seq) {
            let what = format!("the ledger ends with record {}, but had come to {}", tip.seq, head.seq);
            self.problem(ProblemKind::Rollback, head::NAME, 0, Some(head.seq), what);
        }
        for (seq, tombs) in std::mem::take(&mut self.tombs) {
            let Tombs { file, segment, runs, digest } = tombs;
            let digest: Hash = digest.finalize().into();
            let agrees = self
                .purges
                .remove(&seq)
                .is_some_and(|p| p.segment == segment && p.runs == runs && p.digest == Some(digest));
            if !agrees {
                let what = format!("records were removed in the name of purge record {seq}, which does not agree");
                self.problem(ProblemKind::ForgedPurge, &file, 0, Some(seq), what);
            }
        }
        for seq in self.purges.keys() {
            self.out.notes.push(format!("purge record {seq} was not carried out"));
        }
        Ok(self.out)
    }
}

/// Whether the bytes are the beginning of a frame whose end is missing.
fn is_cut(bytes: &[u8]) -> bool {
    let Some(length) = bytes.first_chunk::<4>() else { return true };
    let length = u32::from_le_bytes(*length) as usize;
    bytes.len() < HEADER_BYTES || (length <= PAYLOAD_BYTES_MAX && bytes.len() < HEADER_BYTES + length)
}
