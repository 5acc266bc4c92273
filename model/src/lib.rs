//! The nouns every other room speaks: message, inspection, finding, verdict and their masks.
//!
//! Nothing here reads a file, a clock or a socket, and nothing here decides: `chot-model` is the bottom of every
//! arrow in docs/ARCHITECTURE.md. A type that only one room needs does not belong here.

mod detector;
mod id;
mod inspection;
mod mask;
mod message;
mod time;
mod verdict;

pub use detector::{Confidence, DetectorId};
pub use id::DecisionId;
pub use inspection::{Finding, Inspection, ObjectReport, Opaque, OpaqueReason, Tally};
pub use mask::{Masked, Secret};
pub use message::{Account, AccountSource, Channel, Destination, Message};
pub use time::{Clock, Timestamp};
pub use verdict::{Action, Bilingual, Mode, PolicyVersion, Shadowed, Verdict, Zone};
