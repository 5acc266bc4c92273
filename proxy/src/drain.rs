//! Ending without cutting anybody off: listeners stop, sessions finish what they hold, then the process ends.

use std::time::Duration;

use tokio::sync::watch;

/// Held by everything that serves a client. Dropping the last one ends [`Drain::finish`].
#[derive(Clone, Debug)]
pub struct Session {
    draining: watch::Receiver<bool>,
}

/// Tells all sessions to finish and waits for them.
#[derive(Debug)]
pub struct Drain {
    draining: watch::Sender<bool>,
}

impl Drain {
    /// A drain and its first session.
    pub fn new() -> (Self, Session) {
        let (draining, receiver) = watch::channel(false);
        (Self { draining }, Session { draining: receiver })
    }

    /// Asks every session to finish and waits until all are gone, at most `patience`. Returns whether all went.
    pub async fn finish(self, patience: Duration) -> bool {
        self.draining.send_replace(true);
        tokio::time::timeout(patience, self.draining.closed()).await.is_ok()
    }
}

impl Session {
    /// Whether no new work should begin.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until draining begins.
    pub async fn drained(&mut self) {
        // An error means that the drain itself is gone: the process is ending.
        let _ = self.draining.wait_for(|draining| *draining).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_the_last_session() {
        let (drain, session) = Drain::new();
        let mut other = session.clone();
        let task = tokio::spawn(async move {
            other.drained().await;
            other.is_draining()
        });
        drop(session);
        assert!(drain.finish(Duration::from_secs(30)).await);
        assert!(task.await.expect("no panic"));
    }

    #[tokio::test]
    async fn gives_up_on_a_session_that_stays() {
        let (drain, _session) = Drain::new();
        assert!(!drain.finish(Duration::from_millis(1)).await);
    }
}
