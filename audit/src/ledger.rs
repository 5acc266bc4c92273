//! The ledger as the gateway sees it: open, decide, outcome, event, close.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use chot_model::{Clock, DecisionId, Inspection, Message, Verdict};
use tokio::sync::oneshot;

use crate::queue::Job;
use crate::receipt::Receipt;
use crate::record::{self, Draft};
use crate::recover::recover;
use crate::store::{Directory, Store};
use crate::waiting::{Answer, Waiting};
use crate::writer::{GONE, Shared, Writer};
use crate::{Event, Outcome};

/// How the ledger behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of this gateway in records.
    pub node: String,
    /// Size of a preallocated segment file in bytes.
    pub segment_bytes: u64,
    /// Free bytes below which [`Health::LowSpace`] is told.
    pub free_bytes_warn: u64,
    /// Free bytes below which nothing is recorded any more, so nothing leaves.
    pub free_bytes_stop: u64,
}

impl Options {
    /// Smaller segments are made this large.
    pub const SEGMENT_BYTES_MIN: u64 = 16 << 10;
}

impl Default for Options {
    fn default() -> Self {
        Self { node: "gw1".to_owned(), segment_bytes: 64 << 20, free_bytes_warn: 2 << 30, free_bytes_stop: 512 << 20 }
    }
}

/// The ledger: one writer, many askers. Clones share it. When the last clone is dropped the ledger is closed.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    node: String,
    clock: Arc<dyn Clock>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why a record is not durable. Nothing may leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The storage failed.
    #[error("the audit ledger cannot be written")]
    Storage(#[source] io::Error),
    /// Another process writes this ledger.
    #[error("another process holds the ledger in {0}")]
    Locked(PathBuf),
    /// Free space is below the stop threshold.
    #[error("the disk of the audit ledger is nearly full")]
    NoSpace,
    /// A segment is damaged in its middle: see `chot audit verify`.
    #[error("{file} is damaged at byte {offset}: {what}; run `chot audit verify` to see all of it")]
    Damaged {
        /// Segment file.
        file: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The writer has ended.
    #[error("the audit ledger is closed")]
    Closed,
}

impl Error {
    /// The same error for another waiter.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Storage(error) => Self::Storage(match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
            Self::Locked(path) => Self::Locked(path.clone()),
            Self::NoSpace => Self::NoSpace,
            Self::Damaged { file, offset, what } => {
                Self::Damaged { file: file.clone(), offset: *offset, what: what.clone() }
            }
            Self::Closed => Self::Closed,
        }
    }
}

/// How the ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The last record was written.
    Good,
    /// Records are written, but free space is below the warning threshold.
    LowSpace,
    /// Free space is below the stop threshold: nothing is recorded, so nothing leaves. The next record looks again.
    NoSpace,
    /// The last write failed. The next record tries a new segment.
    Failing,
    /// The ledger was closed or its writer died. Only a new start helps.
    Closed,
}

impl Health {
    /// Whether records can be written.
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::Good | Self::LowSpace)
    }
}

/// What the writer did since the ledger was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records made durable.
    pub records: u64,
    /// Syncs that made them durable.
    pub syncs: u64,
    /// Writes and syncs that failed.
    pub failures: u64,
    /// Number of the last durable record.
    pub seq: u64,
    /// Decisions that have no outcome yet.
    pub open: u64,
}

impl Ledger {
    /// Opens or creates the ledger in `dir`, recovers from a torn tail and closes decisions a crash left open as
    /// `in_doubt`, or as `refused` when nothing could have left.
    ///
    /// # Errors
    /// When it cannot be read, written or locked.
    pub fn open(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::open_in(Arc::new(Directory::create(dir).map_err(Error::Storage)?), options, clock)
    }

    /// As [`Self::open`], in any [`Store`].
    ///
    /// # Errors
    /// When it cannot be read, written or locked.
    pub fn open_in(store: Arc<dyn Store>, mut options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        options.segment_bytes = options.segment_bytes.max(Options::SEGMENT_BYTES_MIN);
        if !store.lock().map_err(Error::Storage)? {
            return Err(Error::Locked(store.path().to_owned()));
        }
        let opened = Self::start(Arc::clone(&store), options, clock);
        if opened.is_err() {
            store.unlock();
        }
        opened
    }

    fn start(store: Arc<dyn Store>, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if store.free_bytes().map_err(Error::Storage)? < options.free_bytes_stop {
            return Err(Error::NoSpace);
        }
        let recovered = recover(&*store)?;
        let shared = Arc::new(Shared::new(store));
        let node = options.node.clone();
        let left_open: Vec<_> = recovered.open.iter().collect();
        *shared.open() = recovered.open;
        let mut writer = Writer::new(
            Arc::clone(&shared),
            options,
            Arc::clone(&clock),
            recovered.tip,
            recovered.active,
            recovered.after,
        );
        // There is a head from the first moment, so that a missing one means something.
        writer.write_head().map_err(Error::Storage)?;
        let mut first = Vec::new();
        if let Some(bytes) = recovered.torn {
            let draft = writer.own("ledger.recovered", |json| json.key("discarded_bytes").u64(bytes));
            first.push(Job::unawaited(draft));
        }
        for (id, decision) in left_open {
            writer.close_unasked(id, decision.could_leave, "the gateway ended before the outcome was recorded");
        }
        writer.commit(first)?;
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run())
            .map_err(Error::Storage)?;
        Ok(Self { inner: Arc::new(Inner { shared, node, clock, thread: Mutex::new(Some(thread)) }) })
    }

    /// Records a decision; returns once it is durable. When the returned future is dropped before, the decision may
    /// be recorded all the same, and its outcome is `aborted`.
    ///
    /// # Errors
    /// When it is not durable: nothing may leave.
    pub async fn decide(
        &self,
        message: &Message,
        inspection: &Inspection,
        verdict: &Verdict,
    ) -> Result<Receipt, Error> {
        let draft = record::decision(self.inner.clock.now(), &self.inner.node, message, inspection, verdict);
        let (id, action) = (message.id, verdict.action);
        let mut waiting = Waiting { ledger: self, decision: Some(id), answer: self.submit(draft).await? };
        Ok(Receipt::new(id, waiting.hear().await?, action))
    }

    /// Records how a decision ended. Not awaited and never blocks: a crash before it is durable leaves the decision
    /// in doubt. Digit runs in `detail` are masked, so another party's reply may be told.
    pub fn outcome(&self, id: DecisionId, outcome: Outcome, detail: &str) {
        let draft = record::outcome(self.inner.clock.now(), &self.inner.node, id, outcome, detail);
        // A closed ledger takes no outcome; the next start records the decision as in doubt.
        let _ = self.inner.shared.queue.push(Job::unawaited(draft));
    }

    /// Records an event; returns once it is durable.
    ///
    /// # Errors
    /// When it is not durable.
    pub async fn event(&self, event: Event) -> Result<(), Error> {
        let draft = record::event(self.inner.clock.now(), &self.inner.node, &event);
        self.record(draft).await.map(drop)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    pub(crate) fn node(&self) -> &str {
        &self.inner.node
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    /// As [`Self::record`], on a thread that may block. It takes no place in the queue: there is one purge at most.
    pub(crate) fn record_blocking(&self, draft: Draft) -> Result<u64, Error> {
        let (ack, answer) = oneshot::channel();
        self.inner.shared.queue.push(Job { draft, ack: Some(ack), place: None })?;
        let answered = answer.blocking_recv().unwrap_or_else(|_| Err(self.writer_died()));
        self.tell_others();
        answered
    }

    pub(crate) async fn record(&self, draft: Draft) -> Result<u64, Error> {
        let mut waiting = Waiting { ledger: self, decision: None, answer: self.submit(draft).await? };
        waiting.hear().await
    }

    /// Hands a record to the writer, whose answer is to come.
    async fn submit(&self, draft: Draft) -> Result<Answer, Error> {
        let place = self.inner.shared.queue.place().await?;
        let (ack, answer) = oneshot::channel();
        self.inner.shared.queue.push(Job { draft, ack: Some(ack), place: Some(place) })?;
        Ok(answer)
    }

    /// Passes the writer's answers on to those who asked at the same time. See [`Shared::tell_others`].
    pub(crate) fn tell_others(&self) {
        for id in self.inner.shared.tell_others() {
            self.outcome(id, Outcome::Aborted, GONE);
        }
    }

    /// A writer that drops a job without an answer is dying of a panic. Whoever notices first says so to all.
    pub(crate) fn writer_died(&self) -> Error {
        self.inner.shared.queue.close();
        Error::Closed
    }

    /// Whether records can be written now, as far as the last attempt told. A failing ledger is tried again by the
    /// next record, so something, such as a heartbeat, should keep trying.
    pub fn is_healthy(&self) -> bool {
        self.health().is_writable()
    }

    /// How the ledger is, as far as the last attempt told.
    pub fn health(&self) -> Health {
        self.inner.shared.health()
    }

    /// What the writer did since the ledger was opened.
    pub fn stats(&self) -> Stats {
        let shared = &self.inner.shared;
        Stats {
            records: shared.records.load(Relaxed),
            syncs: shared.syncs.load(Relaxed),
            failures: shared.failures.load(Relaxed),
            seq: shared.seq.load(Relaxed),
            open: shared.open().len() as u64,
        }
    }

    /// Writes what is queued, marks the ledger closed and waits for the writer to end.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        self.shared.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A writer that panicked has told everybody already.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Permit;
    use crate::frame::Frames;
    use crate::testing::{Ticking, clean, message, options, register, verdict, wait};
    use chot_model::Action;

    fn lines(dir: &Path) -> Vec<serde_json::Value> {
        let store = Directory::existing(dir);
        let mut lines = Vec::new();
        for first in crate::segment::firsts(&store.list().unwrap()) {
            let bytes = store.read(&crate::segment::name(first)).unwrap();
            lines.extend(Frames::new(&bytes).map(|f| serde_json::from_slice::<serde_json::Value>(f.payload).unwrap()));
        }
        lines
    }

    fn kinds(dir: &Path) -> Vec<String> {
        lines(dir).iter().map(|l| l["kind"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_decision_nobody_waited_for_was_aborted() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        let (given_up, verdict) = (message(1), verdict(Action::Allow));
        let inspection = clean();
        let mut deciding = Box::pin(ledger.decide(&given_up, &inspection, &verdict));
        let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(deciding.as_mut().poll(&mut nobody).is_pending());
        // Behind it in the queue: when this is durable, that one was answered.
        assert_eq!(wait(ledger.decide(&message(2), &inspection, &verdict)).unwrap().seq(), 3);
        drop(deciding);
        ledger.close();
        let aborted = lines(dir.path()).into_iter().filter(|line| line["outcome"] == "aborted").count();
        assert_eq!(aborted, 1);
    }

    #[test]
    fn a_decision_is_a_line_of_the_contract() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        let receipt = wait(ledger.decide(&message(1), &register(), &verdict(Action::Block))).unwrap();
        assert_eq!(receipt.seq(), 2);
        assert!(matches!(receipt.permit(), Permit::Refuse));
        ledger.close();
        let store = Directory::existing(dir.path());
        let bytes = store.read("seg-00000000000000000001.log").unwrap();
        let payload = Frames::new(&bytes).nth(1).unwrap().payload;
        let line = std::str::from_utf8(payload).unwrap();
        let expected = concat!(
            r#"{"v":1,"kind":"decision","seq":2,"id":"ID","#,
            r#""time":"2026-11-21T08:00:00.000Z","node":"gw1","channel":"web","client":"10.1.2.3","#,
            r#""account":"an.nguyen","account_source":"proxy-auth","destination":{"app":"zalo","#,
            r#""activity":"upload_file","host":"tt-files-wpa.chat.zalo.me","zone":"outside","recipients":[]},"#,
            r#""object":{"name":"hoa-don.xlsx","media_type":"text/csv","bytes":20480,"bytes_inspected":20480,"#,
            r#""opaque":[]},"findings":[{"detector":"cccd","count":120,"distinct":120,"confidence":"high","#,
            r#""samples":["•••••••••456"]}],"persons":120,"bulk":true,"verdict":{"action":"block","#,
            r#""rule":"no-identifiers-to-messaging","mode":"enforce","#,
            r#""why":["120 distinct cccd (high) to app zalo"],"policy":"sha256:00","exception":null},"shadow":[],"#,
            r#""disguises":[],"summary":"POST https://tt-files-wpa.chat.zalo.me/api","inspect_us":812,"batch":1,"#,
        );
        let expected = expected.replace("ID", &crate::testing::id(1).to_string());
        assert!(line.starts_with(&expected), "{line}\n{expected}");
        assert!(line.ends_with("\"}\n"));
    }

    #[test]
    fn a_permit_follows_the_recorded_action() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        let permit = |n, action| wait(ledger.decide(&message(n), &clean(), &verdict(action))).unwrap().permit();
        assert!(matches!(permit(1, Action::Allow), Permit::Forward(_)));
        assert!(matches!(permit(2, Action::Redact), Permit::Redacted(_)));
        assert!(matches!(permit(3, Action::Quarantine), Permit::Refuse));
        assert!(matches!(permit(4, Action::Block), Permit::Refuse));
    }

    #[test]
    fn only_one_process_writes() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        assert!(matches!(Ledger::open(dir.path(), options(), Ticking::new()), Err(Error::Locked(_))));
        ledger.close();
        assert_eq!(ledger.health(), Health::Closed);
        assert!(matches!(wait(ledger.event(Event::Heartbeat)), Err(Error::Closed)));
        Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
    }

    #[test]
    fn decisions_left_open_are_closed_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        for (n, action) in [(1, Action::Allow), (2, Action::Block), (3, Action::Redact), (4, Action::Allow)] {
            let _ = wait(ledger.decide(&message(n), &clean(), &verdict(action))).unwrap();
        }
        ledger.outcome(crate::testing::id(4), Outcome::Delivered, "250 queued as 001090123456");
        drop(ledger);
        drop(Ledger::open(dir.path(), options(), Ticking::new()).unwrap());
        let outcomes: Vec<_> = lines(dir.path())
            .iter()
            .filter(|l| l["kind"] == "outcome")
            .map(|l| (l["decision"].as_str().unwrap().to_owned(), l["outcome"].as_str().unwrap().to_owned()))
            .collect();
        let of = |n| crate::testing::id(n).to_string();
        let expected = [(of(4), "delivered"), (of(1), "in_doubt"), (of(2), "refused"), (of(3), "in_doubt")];
        assert_eq!(outcomes, expected.map(|(id, o)| (id, o.to_owned())));
        assert_eq!(lines(dir.path())[5]["detail"], "250 queued as •••••••••456");
        // Nothing is left open a second time.
        let n = kinds(dir.path()).len();
        drop(Ledger::open(dir.path(), options(), Ticking::new()).unwrap());
        assert_eq!(kinds(dir.path()).len(), n);
    }

    #[test]
    fn segments_roll_and_the_open_ones_are_found_across_them() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        let _ = wait(ledger.decide(&message(0), &clean(), &verdict(Action::Allow))).unwrap();
        for n in 1..200 {
            let _ = wait(ledger.decide(&message(n), &clean(), &verdict(Action::Allow))).unwrap();
            ledger.outcome(crate::testing::id(n), Outcome::Delivered, "");
        }
        ledger.close();
        let store = Directory::existing(dir.path());
        assert!(crate::segment::firsts(&store.list().unwrap()).len() > 5);
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        ledger.close();
        let lines = lines(dir.path());
        assert_eq!(lines.last().unwrap()["outcome"], "in_doubt");
        assert_eq!(lines.last().unwrap()["id"], crate::testing::id(0).to_string());
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(line["seq"], n as u64 + 1);
        }
    }

    #[test]
    fn a_dropped_asker_leaves_an_aborted_decision() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), options(), Ticking::new()).unwrap();
        {
            let (message, inspection, verdict) = (message(1), clean(), verdict(Action::Allow));
            let mut decision = std::pin::pin!(ledger.decide(&message, &inspection, &verdict));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = decision.as_mut().poll(&mut context);
        }
        ledger.close();
        drop(Ledger::open(dir.path(), options(), Ticking::new()).unwrap());
        let last = lines(dir.path()).pop().unwrap();
        // The writer may have been faster than the asker left; then the next start finds it open.
        assert!(["aborted", "in_doubt"].contains(&last["outcome"].as_str().unwrap()), "{last}");
    }
}
