//! The proof that a verdict is recorded, and what it permits.
//!
//! Nothing outside this crate can make one of these values:
//!
//! ```compile_fail,E0451
//! # fn id() -> chot_model::DecisionId { unimplemented!() }
//! # fn permit() -> chot_audit::Permit { unimplemented!() }
//! let forged = chot_audit::Receipt { id: id(), seq: 1, permit: permit() };
//! ```
//! ```compile_fail,E0423
//! let forged = chot_audit::ForwardPermit(());
//! ```
//! ```compile_fail,E0423
//! let forged = chot_audit::RedactedPermit(());
//! ```
//! and a receipt is spent once:
//! ```compile_fail,E0382
//! fn twice(receipt: chot_audit::Receipt) {
//!     let first = receipt.permit();
//!     let second = receipt.permit();
//! }
//! ```

use chot_model::{Action, DecisionId};

/// Proof that a verdict's record is durable. Only the ledger makes one, and it says what may happen:
/// [`Receipt::permit`].
#[derive(Debug)]
#[must_use = "a recorded decision is carried out and its outcome recorded"]
pub struct Receipt {
    id: DecisionId,
    seq: u64,
    permit: Permit,
}

/// What a receipt permits. The tokens cannot be made elsewhere.
#[derive(Debug)]
pub enum Permit {
    /// The message may leave as it was inspected.
    Forward(ForwardPermit),
    /// The redacted message may leave.
    Redacted(RedactedPermit),
    /// Nothing leaves.
    Refuse,
}

/// Needed to send a message as it is.
#[derive(Debug)]
pub struct ForwardPermit(());

/// Needed to send a redacted message.
#[derive(Debug)]
pub struct RedactedPermit(());

impl Receipt {
    /// Called with the number the writer gave the record after its sync succeeded, and by nothing else.
    pub(crate) fn new(id: DecisionId, seq: u64, recorded: Action) -> Self {
        let permit = match recorded {
            Action::Allow => Permit::Forward(ForwardPermit(())),
            Action::Redact => Permit::Redacted(RedactedPermit(())),
            Action::Block | Action::Quarantine => Permit::Refuse,
        };
        Self { id, seq, permit }
    }

    /// The decision recorded.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// Number of the record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What may happen now.
    pub fn permit(self) -> Permit {
        self.permit
    }
}
