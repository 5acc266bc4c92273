//! HTTP/1.1 as applications and servers speak it nearly always: whole heads, bodies of known length, kept connections.
//!
//! Such requests and their answers are read and written here, on one task, without the channels, timers and copies that a
//! general connection needs. Whatever is not plain is handed on to hyper before a byte of it was answered: upgrades,
//! expectations, chunked requests, other versions, and every head that `framing` finds fault with, which is
//! refused and recorded there. What is inspected, judged and recorded is the same.

mod answer;
mod head;
mod line;
#[cfg(feature = "test-support")]
pub(super) mod probe;
mod server;
#[cfg(test)]
mod tests;

pub(super) use self::answer::Answer;
pub(super) use self::head::Spelled;
pub(super) use self::line::{Slot, Unanswered};
pub(super) use self::server::{Next, Sent, serve};
