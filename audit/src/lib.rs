//! The durable ledger, its verifier and queries.
//!
//! A decision is recorded before anything leaves: [`Ledger::decide`] returns a [`Receipt`] once the record is on
//! stable storage, and sending needs what is inside a receipt. The file format is in `FORMAT.md`.
//!
//! This crate knows no network, no policy and no detector, and takes the time from the clock it is given.

mod chain;
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
mod writer;

pub use event::{Event, Outcome};
pub use ledger::{Error, Health, Ledger, Options, Stats};
pub use purge::Purged;
pub use reader::{Filter, Found, Order, Reader, Record, Records};
pub use receipt::{ForwardPermit, Permit, Receipt, RedactedPermit};
pub use verify::{Problem, ProblemKind, Verification, verify, verify_in};
