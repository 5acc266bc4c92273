//! Connections to the next hop that no client uses at present, kept for the next client.
//!
//! Only those that nothing binds to a client are kept: no login went over them, and nothing was refused. Each is reset
//! and asked whether it is well before it serves again. A connection that is kept too long is closed politely.

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
    /// A connection kept from before, or a new one.
    pub(super) async fn reach(&self) -> Result<Downstream, NoConnection> {
        while let Some((since, mut downstream)) = self.idle.with(Vec::pop) {
            if since.elapsed() <= IDLE_TIME && downstream.is_well().await {
                return Ok(downstream);
            }
        }
        self.connect().await
    }

    /// Keeps a connection for another client, where it may serve one.
    pub(super) async fn keep(&self, downstream: Downstream) {
        if downstream.may_serve_another() {
            let dismissed = self.idle.with(|list| {
                list.push((Instant::now(), downstream));
                (list.len() > IDLE_MAX).then(|| list.remove(0))
            });
            if let Some((_, longest)) = dismissed {
                longest.quit().await;
            }
        } else {
            downstream.quit().await;
        }
    }
}
