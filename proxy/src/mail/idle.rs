//! Connections to the next hop that no client uses at present, kept for the next client.
//!
//! Only those that nothing binds to a client are kept: no login went over them, and nothing was refused. Each is reset
//! before it serves again. A connection that is kept too long is closed politely.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::downstream::{Downstream, NextHop, NoConnection};
use super::limits::{IDLE_MAX, IDLE_TIME};

/// The connections, the longest idle first.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<(Instant, Downstream)>>);

impl Idle {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<(Instant, Downstream)>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.with(|list| list.len())
    }

    /// Says goodbye to those that wait for too long, or to all.
    pub(super) async fn dismiss(&self, all: bool) {
        let stale = self.with(|list| {
            let is_stale = |(since, _): &(Instant, Downstream)| all || since.elapsed() > IDLE_TIME;
            let n = list.iter().take_while(|entry| is_stale(entry)).count();
            list.drain(..n).collect::<Vec<_>>()
        });
        for (_, downstream) in stale {
            downstream.quit().await;
        }
    }
}

impl NextHop {
    /// A connection kept from before, or a new one. It can be spoken over, as far as is known.
    pub(super) async fn reach(&self) -> Result<Downstream, NoConnection> {
        loop {
            let mut downstream = self.take().await?;
            if downstream.is_well().await {
                return Ok(downstream);
            }
        }
    }

    /// The same, to be spoken over by [`Downstream::begin`].
    pub(super) async fn take(&self) -> Result<Downstream, NoConnection> {
        while let Some((since, mut downstream)) = self.idle.with(Vec::pop) {
            if since.elapsed() <= IDLE_TIME && downstream.is_there().await {
                return Ok(downstream);
            }
        }
        self.connect().await
    }

    /// Keeps a connection for another client, where it may serve one. Gives back one to be closed.
    pub(super) fn keep(&self, downstream: Downstream) -> Option<Downstream> {
        if !downstream.may_serve_another() {
            return Some(downstream);
        }
        self.idle.with(|list| {
            list.push((Instant::now(), downstream));
            (list.len() > IDLE_MAX).then(|| list.remove(0).1)
        })
    }
}
