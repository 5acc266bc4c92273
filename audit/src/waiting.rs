//! Waiting for a record to be durable, and giving up.

use chot_model::DecisionId;
use tokio::sync::oneshot;

use crate::{Error, Ledger, Outcome};

/// The writer's answer to a record.
pub(crate) type Answer = oneshot::Receiver<Result<u64, Error>>;

/// Somebody who waits for a record to be durable, to act on it. Where the wait for a decision is given up, because the
/// sender of the message is gone, nobody has the receipt and nothing leaves. Until it is answered whoever answers sees
/// that, and says so.
pub(crate) struct Waiting<'l> {
    pub(crate) ledger: &'l Ledger,
    pub(crate) decision: Option<DecisionId>,
    pub(crate) answer: Answer,
}

impl Waiting<'_> {
    pub(crate) async fn hear(&mut self) -> Result<u64, Error> {
        (&mut self.answer).await.unwrap_or_else(|_| Err(self.ledger.writer_died()))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answer.close();
        // An answer that came, and that nobody heard.
        if let (Ok(Ok(_)), Some(id)) = (self.answer.try_recv(), self.decision) {
            self.ledger.outcome(id, Outcome::Aborted, "the asker went away with the receipt");
        }
        self.ledger.tell_others();
    }
}
