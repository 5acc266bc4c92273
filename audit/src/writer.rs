//! The one thread that writes: takes what is queued, writes it at once, syncs once, then tells everybody.
//!
//! It never waits for more to arrive, never syncs a file again after an error, and never tells anybody that a record
//! is durable before the sync that covers it has succeeded.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chot_model::{Clock, DecisionId};

use crate::chain::{OpenSet, Tip};
use crate::queue::{Job, Queue, Wait};
use crate::record::{Draft, Effect, hash_of};
use crate::store::{File, Store};
use crate::{Error, Health, Options, Outcome, frame, head, record, segment};

/// Most bytes written by one sync.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 20;
/// Most records made durable by one sync.
const BATCH_RECORDS_MAX: usize = 4_096;
/// A segment is filled with zeros this far ahead, so that a sync need not change the file's length.
const ZERO_AHEAD: u64 = 1 << 20;
/// The end of every segment is kept free for the record that says that the ledger stopped.
const RESERVE_BYTES: u64 = 4_096;
/// The head file is written again after this many records.
const HEAD_EVERY: u64 = 4_096;
/// Most unawaited records kept for a later try after a failure; the oldest are given up first. A lost outcome leaves
/// its decision in doubt, which is what is known of it.
const CARRY_MAX: usize = 65_536;

/// What is said of a decision whose asker did not wait.
pub(crate) const GONE: &str = "the asker went away before the receipt";

/// What writer and askers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) open: Mutex<OpenSet>,
    /// Those whose record is durable, with its number, who were not told yet.
    untold: Mutex<Vec<(Job, u64)>>,
    /// Held by the one purge that may run.
    purging: Mutex<()>,
    /// Set by the writer before it tells anybody how a record went.
    health: Mutex<Health>,
    /// First record of the segment being written; segments before it never change but by a purge.
    pub(crate) active_first: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) seq: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Shared {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            queue: Queue::new(),
            store,
            open: Mutex::default(),
            untold: Mutex::default(),
            purging: Mutex::default(),
            health: Mutex::new(Health::Good),
            active_first: AtomicU64::new(0),
            records: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            seq: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    pub(crate) fn health(&self) -> Health {
        if self.queue.is_closed() {
            return Health::Closed;
        }
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn purging(&self) -> MutexGuard<'_, ()> {
        self.purging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_health(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn untold(&self) -> MutexGuard<'_, Vec<(Job, u64)>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those whose records are durable; returns the decisions whose askers are gone, so that nothing can leave.
    ///
    /// Waking somebody who sleeps on the core that the writer runs on ends the writer's turn: told one by one, each
    /// asker would go back to sleep before the next is told. So the writer tells one, and who was told tells the others,
    /// who are most often on its own thread. Whoever waits does so when it heard or gave up, and the writer itself
    /// when it has nothing else to do.
    pub(crate) fn tell_others(&self) -> Vec<DecisionId> {
        let untold = std::mem::take(&mut *self.untold());
        untold.into_iter().filter_map(|(job, seq)| tell(job, seq).err().flatten()).collect()
    }

    /// Tells one of them who is there; returns the decisions of those who are not.
    fn tell_one(&self) -> Vec<DecisionId> {
        let mut gone = Vec::new();
        loop {
            let Some((job, seq)) = self.untold().pop() else { return gone };
            match tell(job, seq) {
                Ok(()) => return gone,
                Err(decision) => gone.extend(decision),
            }
        }
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, OpenSet> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The segment being written.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) file: Box<dyn File>,
    first: u64,
    /// End of the last acknowledged frame.
    cursor: u64,
    /// Everything from the cursor to here is zeros on disk.
    zeroed: u64,
}

impl Active {
    /// Makes a segment whose first record will be `first`. It gets its name when it is whole, and may take the name
    /// of an abandoned segment that holds no acknowledged record.
    fn create(store: &dyn Store, first: u64, bytes: u64) -> io::Result<Self> {
        let new = segment::new_name(first);
        let file = store.create(&new)?;
        file.reserve(bytes)?;
        let zeroed = ZERO_AHEAD.min(bytes);
        file.write_at(&vec![0; zeroed as usize], 0)?;
        file.sync_data()?;
        // A crash here leaves a file that the next start removes.
        store.rename(&new, &segment::name(first))?;
        // A crash here leaves an empty segment, or none: either continues the chain.
        store.sync_dir()?;
        Ok(Self { file, first, cursor: 0, zeroed })
    }

    /// Opens a segment that recovery has read.
    pub(crate) fn reopen(store: &dyn Store, first: u64, cursor: u64) -> io::Result<Self> {
        Ok(Self { file: store.open(&segment::name(first))?, first, cursor, zeroed: cursor })
    }
}

/// Owned by the writer thread; before that, by the ledger being opened.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    options: Options,
    clock: Arc<dyn Clock>,
    /// The last acknowledged record.
    tip: Tip,
    active: Option<Active>,
    /// Why the next segment begins: `start`, `full` or `abandoned`.
    after: &'static str,
    /// Unawaited records of a failed batch, to be tried again with the next.
    carry: VecDeque<Job>,
    /// Whether the ledger has said that it stopped for want of space.
    stopped: bool,
    low_space: bool,
    head_seq: u64,
    buffer: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        options: Options,
        clock: Arc<dyn Clock>,
        tip: Tip,
        active: Option<Active>,
        after: &'static str,
    ) -> Self {
        shared.active_first.store(active.as_ref().map_or(tip.seq + 1, |a| a.first), Relaxed);
        shared.seq.store(tip.seq, Relaxed);
        Self {
            shared,
            options,
            clock,
            tip,
            active,
            after,
            carry: VecDeque::new(),
            stopped: false,
            low_space: false,
            head_seq: 0,
            buffer: Vec::new(),
        }
    }

    /// The thread's body.
    pub(crate) fn run(mut self) {
        // Whatever ends this thread, a panic included, nobody waits for it afterwards.
        struct Last(Arc<Shared>);
        impl Drop for Last {
            fn drop(&mut self) {
                self.0.queue.abort();
                self.0.tell_others();
                self.0.set_health(Health::Closed);
                self.0.store.unlock();
            }
        }
        let _last = Last(Arc::clone(&self.shared));
        let mut wait = Wait::Linger;
        while let Some(jobs) = self.shared.queue.take(wait) {
            let gone = self.shared.tell_others();
            self.abort(gone);
            let nothing_came = jobs.is_empty();
            // Records of our own that came up while writing are written at once, unless writing fails.
            let again = self.commit(jobs).is_ok() && !self.carry.is_empty();
            wait = match (again, nothing_came) {
                (true, _) => Wait::No,
                (false, false) => Wait::Linger,
                (false, true) => Wait::Sleep,
            };
        }
        let gone = self.shared.tell_others();
        self.abort(gone);
        while !self.carry.is_empty() && self.commit(Vec::new()).is_ok() {}
        // What this fails to tell, the next start finds out by reading.
        let _ = head::write(&*self.shared.store, self.tip);
    }

    /// Writes the head file at a moment when the caller can still be told.
    pub(crate) fn write_head(&mut self) -> io::Result<()> {
        self.head_seq = self.tip.seq;
        head::write(&*self.shared.store, self.tip)
    }

    /// Makes `jobs` durable, in as few syncs as the bounds allow, and tells each waiter how that went.
    pub(crate) fn commit(&mut self, jobs: Vec<Job>) -> Result<(), Error> {
        let mut jobs: VecDeque<Job> = self.carry.drain(..).chain(jobs).collect();
        let mut written = self.check_space(&mut jobs);
        while written.is_ok() && !jobs.is_empty() {
            written = self.write_batch(&mut jobs);
        }
        if let Err(error) = written {
            self.shared.failures.fetch_add(1, Relaxed);
            self.shared.set_health(if matches!(error, Error::NoSpace) { Health::NoSpace } else { Health::Failing });
            self.fail(jobs, &error);
            return Err(error);
        }
        if self.tip.seq >= self.head_seq + HEAD_EVERY {
            // An old head is still a true one.
            let _ = self.write_head();
        }
        if self.stopped { Err(Error::NoSpace) } else { Ok(()) }
    }

    /// Below the stop threshold only outcomes are written, into space that was set aside before.
    fn check_space(&mut self, jobs: &mut VecDeque<Job>) -> Result<(), Error> {
        let free = self.shared.store.free_bytes().map_err(Error::Storage)?;
        self.low_space = free < self.options.free_bytes_warn;
        let stop = free < self.options.free_bytes_stop;
        if stop != self.stopped {
            self.stopped = stop;
            let kind = if stop { "ledger.stopped" } else { "ledger.resumed" };
            jobs.push_front(Job::unawaited(self.own(kind, |json| json.key("free_bytes").u64(free))));
        }
        if stop {
            self.shared.set_health(Health::NoSpace);
            let (awaited, rest): (VecDeque<_>, _) = jobs.drain(..).partition(|job| job.ack.is_some());
            *jobs = rest;
            for job in awaited {
                answer(job, Err(Error::NoSpace));
            }
        }
        Ok(())
    }

    /// Takes as many jobs as fit into one write and makes them durable. On an error the jobs taken are put back, and
    /// the segment is abandoned: the next one continues after the last acknowledged record.
    fn write_batch(&mut self, jobs: &mut VecDeque<Job>) -> Result<(), Error> {
        let batch = self.tip.seq + 1;
        // The longest a first record may be is not known yet; an unusually long one gets a segment to itself.
        let next = jobs.front().map_or(0, |job| job.draft.body.len() as u64 + 256);
        let room = self.options.segment_bytes - if self.stopped { 0 } else { RESERVE_BYTES };
        if self.active.as_ref().is_some_and(|a| a.cursor > 0 && a.cursor + next > room) {
            self.roll()?;
        }
        if self.active.is_none() {
            if self.stopped {
                return Err(Error::NoSpace);
            }
            let created = Active::create(&*self.shared.store, batch, self.options.segment_bytes).map_err(storage)?;
            self.shared.active_first.store(batch, Relaxed);
            self.active = Some(created);
        }
        let Some(active) = &mut self.active else { return Err(Error::Closed) };

        let mut tip = self.tip;
        let mut taken = Vec::new();
        self.buffer.clear();
        if active.cursor == 0 {
            // The first record of a segment tells recovery how far back to read and the verifier what came before.
            let oldest = self.shared.open().oldest().unwrap_or(batch);
            let after = self.after;
            let draft = record::own(self.clock.now(), &self.options.node, "segment", |json| {
                json.key("oldest_open").u64(oldest);
                json.key("after").string(after);
            });
            taken.push(Job::unawaited(draft));
        }
        let mut pending = taken.pop();
        while let Some(job) = pending.take().or_else(|| jobs.pop_front()) {
            let at = self.buffer.len() as u64;
            let full = at as usize + job.draft.body.len() > BATCH_BYTES_MAX || taken.len() == BATCH_RECORDS_MAX;
            if !taken.is_empty() && (full || active.cursor + at + job.draft.body.len() as u64 + 256 > room) {
                jobs.push_front(job);
                break;
            }
            let plain = match job.draft.effect {
                Effect::Closes(id) => self.shared.open().of(id).is_some_and(|open| open.plain),
                Effect::None | Effect::Opens(..) => false,
            };
            let previous = tip;
            frame::push(&mut self.buffer, |out| {
                let start = out.len();
                job.draft.write(out, previous.seq + 1, batch, plain, &previous.hash);
                tip = Tip { seq: previous.seq + 1, hash: hash_of(&out[start..]) };
            });
            taken.push(job);
        }

        if let Err(error) = write_and_sync(active, &self.buffer, self.options.segment_bytes) {
            self.abandon();
            for job in taken.into_iter().rev().filter(|job| job.draft.kind != "segment") {
                jobs.push_front(job);
            }
            return Err(storage(error));
        }
        active.cursor += self.buffer.len() as u64;
        self.tip = tip;
        // Whoever is told finds the ledger in the state that made it so.
        self.shared.set_health(match (self.stopped, self.low_space) {
            (true, _) => Health::NoSpace,
            (false, true) => Health::LowSpace,
            (false, false) => Health::Good,
        });
        self.acknowledge(batch, taken);
        Ok(())
    }

    fn acknowledge(&mut self, batch: u64, taken: Vec<Job>) {
        let shared = Arc::clone(&self.shared);
        shared.syncs.fetch_add(1, Relaxed);
        shared.records.fetch_add(taken.len() as u64, Relaxed);
        shared.seq.store(self.tip.seq, Relaxed);
        let mut open = shared.open();
        for (seq, job) in (batch..).zip(&taken) {
            open.apply(seq, job.draft.effect);
        }
        let excess: Vec<_> = open.excess().collect();
        for (id, _) in &excess {
            open.apply(0, Effect::Closes(*id));
        }
        drop(open);
        for (id, decision) in excess {
            self.close_unasked(id, decision.could_leave, "too many decisions without an outcome");
        }
        let awaited = taken.into_iter().zip(batch..).filter(|(job, _)| job.ack.is_some());
        shared.untold().extend(awaited);
        let gone = shared.tell_one();
        self.abort(gone);
    }

    /// Records that nobody holds the receipts of these, so nothing can leave.
    fn abort(&mut self, decisions: Vec<DecisionId>) {
        for id in decisions {
            let draft = self.outcome(id, Outcome::Aborted, GONE);
            self.carry.push_back(Job::unawaited(draft));
        }
    }

    /// Leaves a full segment: closes it and gives back what was reserved behind its end.
    fn roll(&mut self) -> Result<(), Error> {
        if self.stopped {
            // No new segment while space is short; what waits for room waits for space too.
            return Err(Error::NoSpace);
        }
        if let Some(active) = self.active.take() {
            // Zeros behind the end are as good; a failure here loses nothing.
            let _ = active.file.set_len(active.cursor);
        }
        self.after = "full";
        Ok(())
    }

    /// Gives up the segment after an error: its state on disk is not known and no second sync would tell.
    fn abandon(&mut self) {
        if let Some(active) = self.active.take() {
            // Best effort: frames that remain are void because the next segment takes their numbers.
            let _ = active.file.set_len(active.cursor);
        }
        self.after = "abandoned";
    }

    /// Tells the waiters and keeps what nobody waits for.
    fn fail(&mut self, jobs: VecDeque<Job>, error: &Error) {
        for job in jobs {
            if job.ack.is_some() {
                answer(job, Err(error.again()));
            } else {
                self.carry.push_back(job);
            }
        }
        let excess = self.carry.len().saturating_sub(CARRY_MAX);
        self.carry.drain(..excess);
    }

    /// Records an outcome that nobody told.
    pub(crate) fn close_unasked(&mut self, id: DecisionId, could_leave: bool, why: &str) {
        let outcome = if could_leave { Outcome::InDoubt } else { Outcome::Refused };
        let draft = self.outcome(id, outcome, why);
        self.carry.push_back(Job::unawaited(draft));
    }

    pub(crate) fn own(&self, kind: &'static str, fields: impl FnOnce(&mut crate::json::Json)) -> Draft {
        record::own(self.clock.now(), &self.options.node, kind, fields)
    }

    fn outcome(&self, id: DecisionId, outcome: Outcome, why: &str) -> Draft {
        record::outcome(self.clock.now(), &self.options.node, id, outcome, why)
    }
}

fn write_and_sync(active: &mut Active, frames: &[u8], segment_bytes: u64) -> io::Result<()> {
    let end = active.cursor + frames.len() as u64;
    if end <= active.zeroed {
        return active.file.write_durably(frames, active.cursor);
    }
    // Extends the zeros in the same sync: one commit of the file's length for many batches.
    let to = (end + ZERO_AHEAD).min(segment_bytes).max(end);
    active.file.write_at(&vec![0; (to - end) as usize], end)?;
    active.zeroed = to;
    active.file.write_at(frames, active.cursor)?;
    active.file.sync_data()
}

/// Tells the asker. `false` when there was one and it is gone.
fn answer(job: Job, result: Result<u64, Error>) -> bool {
    let Job { draft: _, ack, place } = job;
    drop(place);
    ack.is_none_or(|ack| ack.send(result).is_ok())
}

/// Tells the asker that its record is durable. Where it is gone, the error is the decision that nobody has a receipt of.
fn tell(job: Job, seq: u64) -> Result<(), Option<DecisionId>> {
    let opened = if let Effect::Opens(id, _) = job.draft.effect { Some(id) } else { None };
    if answer(job, Ok(seq)) { Ok(()) } else { Err(opened) }
}

fn storage(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull { Error::NoSpace } else { Error::Storage(error) }
}
