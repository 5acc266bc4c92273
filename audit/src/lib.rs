//! The durable ledger, its verifier and queries.
//!
//! A decision is recorded before anything leaves: [`Ledger::decide`] returns a [`Receipt`] once the record is on
//! stable storage, and sending needs what is inside a receipt. The file format is in `FORMAT.md`.
//!
//! ```no_run
//! use chot_audit::{Error, Ledger, Outcome, Permit};
//! # use chot_model::{Inspection, Message, Verdict};
//! # fn send(_: &Message, _: chot_audit::ForwardPermit) {}
//! # fn send_redacted(_: &Message, _: chot_audit::RedactedPermit) {}
//! async fn finish(ledger: &Ledger, message: Message, inspection: Inspection, verdict: Verdict) -> Result<(), Error> {
//!     // An error here means that nothing may leave.
//!     let receipt = ledger.decide(&message, &inspection, &verdict).await?;
//!     let outcome = match receipt.permit() {
//!         Permit::Forward(permit) => { send(&message, permit); Outcome::Delivered }
//!         Permit::Redacted(permit) => { send_redacted(&message, permit); Outcome::Delivered }
//!         Permit::Refuse => Outcome::Refused,
//!     };
//!     ledger.outcome(message.id, outcome, "");
//!     Ok(())
//! }
//! ```
//!
//! What a decision can rely on, whatever fails:
//! - No receipt without a sync that succeeded after the record was written.
//! - No asker waits for ever: a failed write, a full disk and a dead writer are errors, not silence.
//! - No sync is asked for twice on the same file: after a failed one the segment is abandoned and the next goes on
//!   from the last acknowledged record.
//! - No decision stays without an outcome: what a crash left open is `in_doubt` after the next start.
//!
//! This crate knows no network, no policy and no detector, and takes the time from the clock it is given.

mod chain;
mod direct;
mod event;
#[cfg(any(test, feature = "test-support"))]
pub mod fault;
#[cfg(test)]
mod fault_tests;
mod frame;
mod head;
mod json;
#[cfg(test)]
mod kill_tests;
mod ledger;
mod purge;
mod queue;
mod reader;
mod receipt;
mod record;
mod recover;
#[cfg(test)]
mod script_tests;
mod segment;
pub mod store;
#[cfg(test)]
mod testing;
mod verify;
#[cfg(test)]
mod verify_tests;
mod waiting;
mod writer;

pub use event::{Event, Outcome};
pub use ledger::{Error, Health, Ledger, Options, Stats};
pub use purge::Purged;
pub use reader::{Filter, Found, Order, Reader, Record, Records};
pub use receipt::{ForwardPermit, Permit, Receipt, RedactedPermit};
pub use verify::{Problem, ProblemKind, Verification, verify, verify_in};
