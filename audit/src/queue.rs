//! The way from the askers to the writer: decisions and events wait for a place, outcomes never do.
//!
//! Outcomes need no bound of their own: each belongs to a decision that was admitted through the bound before. An
//! outcome must not wait, because it is told from code that cannot: the end of a connection. Nobody waits for it
//! either, so on a busy gateway it does not wake the writer: it is written with the next decision, or after
//! [`LINGER`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::Error;
use crate::record::Draft;

/// Decisions and events that may wait for the writer at once.
const WAITING_MAX: usize = 4_096;

/// How long a record that nobody waits for may wait for company, while the writer was busy a moment ago. A crash within
/// that time leaves a decision in doubt, as one within the time of a sync does.
const LINGER: Duration = Duration::from_millis(10);
/// That many of them are company enough.
const LINGERING_MAX: usize = 256;

/// One record to be written and whom to tell.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) draft: Draft,
    pub(crate) ack: Option<oneshot::Sender<Result<u64, Error>>>,
    /// The place in the queue, given back when the job is done.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Job {
    pub(crate) fn unawaited(draft: Draft) -> Self {
        Self { draft, ack: None, place: None }
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Told when a job was put in or the queue was closed.
    filled: Condvar,
    places: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    jobs: Vec<Job>,
    /// Whether somebody waits for one of them.
    is_awaited: bool,
    closed: bool,
    writer: Writer,
}

/// What the writer does, as far as those have to know who put something in: waking it costs a system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writer {
    /// It looks here before it waits.
    #[default]
    Awake,
    /// It waits until somebody waits for it, or [`LINGER`] is over.
    Lingers,
    /// It waits for anything.
    Sleeps,
}

/// How long the writer waits for something to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    No,
    /// Until [`LINGER`] is over, though nothing came.
    Linger,
    /// Until something comes.
    Sleep,
}

impl State {
    /// Whether the writer has to be woken for what is there.
    fn has_to_wake(&self) -> bool {
        match self.writer {
            Writer::Awake => false,
            Writer::Lingers => self.is_awaited || self.jobs.len() >= LINGERING_MAX,
            Writer::Sleeps => true,
        }
    }

    fn take(&mut self) -> Vec<Job> {
        self.is_awaited = false;
        std::mem::take(&mut self.jobs)
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), places: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::Closed)
    }

    /// Puts a job in; gives it up when the queue is closed.
    pub(crate) fn push(&self, job: Job) -> Result<(), Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        state.is_awaited |= job.ack.is_some();
        state.jobs.push(job);
        let wakes = state.has_to_wake();
        if wakes {
            state.writer = Writer::Awake;
        }
        drop(state);
        if wakes {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Takes everything queued, and waits as it is told while there is nothing that somebody waits for; `None` when the
    /// queue is closed and empty.
    pub(crate) fn take(&self, wait: Wait) -> Option<Vec<Job>> {
        let mut state = self.lock();
        let mut is_over = wait == Wait::No;
        while !is_over && !state.closed && !state.is_awaited && state.jobs.len() < LINGERING_MAX {
            if wait == Wait::Linger {
                state.writer = Writer::Lingers;
                let waited = self.filled.wait_timeout(state, LINGER).unwrap_or_else(PoisonError::into_inner);
                state = waited.0;
                is_over = waited.1.timed_out();
            } else if state.jobs.is_empty() {
                state.writer = Writer::Sleeps;
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                break;
            }
            state.writer = Writer::Awake;
            if state.is_awaited && !state.closed {
                // Whoever put it in is likely to have more at hand: on a core that both share, the writer would be back
                // for each of them.
                drop(state);
                std::thread::yield_now();
                state = self.lock();
            }
        }
        (!state.jobs.is_empty() || !state.closed).then(|| state.take())
    }

    /// Lets nobody in any more. What is queued is still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.places.close();
        self.filled.notify_all();
    }

    /// Closes and drops what is queued, which tells every waiter `Closed`: there is no writer any more.
    pub(crate) fn abort(&self) {
        self.close();
        let jobs = self.lock().take();
        drop(jobs);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;

    fn job(is_awaited: bool) -> Job {
        let time = chot_model::Timestamp::from_unix_us(0);
        let draft = crate::record::outcome(time, "gw1", id(1), crate::Outcome::Delivered, "");
        Job { draft, ack: is_awaited.then(|| oneshot::channel().0), place: None }
    }

    #[test]
    fn only_what_somebody_waits_for_wakes_a_writer_that_was_busy() {
        let mut state = State::default();
        for (writer, jobs, is_awaited, wakes) in [
            (Writer::Awake, 1, true, false),
            (Writer::Lingers, 1, true, true),
            (Writer::Lingers, 1, false, false),
            (Writer::Lingers, LINGERING_MAX, false, true),
            (Writer::Sleeps, 1, false, true),
        ] {
            state.jobs = (0..jobs).map(|_| job(false)).collect();
            (state.writer, state.is_awaited) = (writer, is_awaited);
            assert_eq!(state.has_to_wake(), wakes, "{writer:?} {jobs} {is_awaited}");
        }
    }

    #[test]
    fn what_nobody_waits_for_is_taken_nevertheless() {
        let queue = Queue::new();
        for n in 1..4 {
            for wait in [Wait::No, Wait::Linger, Wait::Sleep] {
                (0..n).for_each(|_| queue.push(job(false)).unwrap());
                assert_eq!(queue.take(wait).map(|jobs| jobs.len()), Some(n));
            }
        }
        assert_eq!(queue.take(Wait::No).map(|jobs| jobs.len()), Some(0));
        assert_eq!(queue.take(Wait::Linger).map(|jobs| jobs.len()), Some(0));
        let queue = Arc::new(queue);
        let writer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || [Wait::Sleep, Wait::Sleep].map(|wait| queue.take(wait).map(|jobs| jobs.len()))
        });
        // Long enough for it to sleep or not: it has to be woken in either case.
        std::thread::yield_now();
        queue.push(job(false)).unwrap();
        while !queue.lock().jobs.is_empty() {
            std::thread::yield_now();
        }
        queue.close();
        assert_eq!(writer.join().unwrap(), [Some(1), None]);
    }
}
