//! The way from the askers to the writer: decisions and events wait for a place, outcomes never do.
//!
//! Outcomes need no bound of their own: each belongs to a decision that was admitted through the bound before. An
//! outcome must not wait, because it is told from code that cannot: the end of a connection.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::Error;
use crate::record::Draft;

/// Decisions and events that may wait for the writer at once.
const WAITING_MAX: usize = 4_096;

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
    closed: bool,
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
        state.jobs.push(job);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes everything queued. Waits while there is nothing, unless `poll`; `None` when the queue is closed and
    /// empty.
    pub(crate) fn take(&self, poll: bool) -> Option<Vec<Job>> {
        let mut state = self.lock();
        while state.jobs.is_empty() && !state.closed && !poll {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (!state.jobs.is_empty() || !state.closed).then(|| std::mem::take(&mut state.jobs))
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
        let jobs = std::mem::take(&mut self.lock().jobs);
        drop(jobs);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
