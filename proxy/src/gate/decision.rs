//! The answer to a message, and what a channel may do with it: nothing without the record's receipt.

use std::fmt;
use std::sync::Arc;

use chot_audit::{ForwardPermit, Ledger, Outcome, Permit, Receipt, RedactedPermit};
use chot_config::Policy;
use chot_inspect::{Inspected, Source};
use chot_model::{Action, DecisionId, Inspection, OpaqueReason, Verdict};

/// The answer to one message, recorded.
#[derive(Debug)]
pub enum Decision {
    /// It may leave.
    Cleared(Cleared),
    /// It stays here.
    Refused(Refused),
}

impl Decision {
    /// What the record permits, and no more.
    pub(super) fn new(receipt: Receipt, content: Arc<dyn Source>, told: Told, open: Open) -> Self {
        let permit = match receipt.permit() {
            Permit::Forward(permit) => SendPermit::Forward(permit),
            Permit::Redacted(permit) => SendPermit::Redacted(permit),
            Permit::Refuse => {
                let held = (told.verdict.action == Action::Quarantine).then_some(content);
                return Self::Refused(Refused { told, open, held });
            }
        };
        Self::Cleared(Cleared { content, told, open, _permit: permit })
    }
}

/// What a channel may tell people about a decision.
pub struct Told {
    /// The number to quote.
    pub id: DecisionId,
    /// The answer and its reasons.
    pub verdict: Verdict,
    pub(super) inspected: Arc<Inspected>,
    /// The policy that judged, for its contact and messages.
    pub policy: Arc<Policy>,
}

impl Told {
    /// What was found.
    pub fn inspection(&self) -> &Inspection {
        &self.inspected.inspection
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("id", &self.id).field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// Proof of the record, held for as long as the message may leave.
#[derive(Debug)]
enum SendPermit {
    Forward(ForwardPermit),
    Redacted(RedactedPermit),
}

/// A message that may leave, in the only form it may leave in. The sending half of a channel takes this and nothing
/// else.
pub struct Cleared {
    content: Arc<dyn Source>,
    told: Told,
    open: Open,
    _permit: SendPermit,
}

impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleared").field("id", &self.told.id).field("len", &self.content.len()).finish_non_exhaustive()
    }
}

impl Cleared {
    /// The content to send, the answer, and the open end of the record.
    pub fn into_parts(self) -> (Arc<dyn Source>, Told, Open) {
        (self.content, self.told, self.open)
    }

    /// The decision's number.
    pub fn id(&self) -> DecisionId {
        self.told.id
    }

    /// Whether readers may disagree on what it says.
    pub fn is_ambiguous(&self) -> bool {
        self.told.inspection().is_opaque(OpaqueReason::Ambiguous)
    }

    /// Whether the content was changed.
    pub fn is_redacted(&self) -> bool {
        self.told.verdict.action == Action::Redact
    }
}

/// A message that stays here.
pub struct Refused {
    /// What to tell the sender.
    pub told: Told,
    /// The open end of the record.
    pub open: Open,
    /// What is to be kept for a person to decide, when the verdict is quarantine.
    pub held: Option<Arc<dyn Source>>,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("id", &self.told.id)
            .field("is_held", &self.held.is_some())
            .finish_non_exhaustive()
    }
}

/// The open end of a decision's record. Say how it ended; a dropped one is recorded as in doubt.
pub struct Open {
    ledger: Ledger,
    id: DecisionId,
    is_told: bool,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Open {
    pub(super) fn new(ledger: Ledger, id: DecisionId) -> Self {
        Self { ledger, id, is_told: false }
    }

    /// Records how it ended. `detail` is our own words or a status, never content.
    pub fn close(mut self, outcome: Outcome, detail: &str) {
        self.is_told = true;
        self.ledger.outcome(self.id, outcome, detail);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_told {
            self.ledger.outcome(self.id, Outcome::InDoubt, "dropped without an outcome");
        }
    }
}
