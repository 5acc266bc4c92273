//! Readers of complicated formats in processes of their own: a pool of them for the gateway, and what runs in each.
//!
//! A format that is read apart (`chot_inspect::Kind`) is handed to a child of this program that has confined itself
//! before it reads a byte: no file, no network, no other process, bounded memory and processor time. If it dies, hangs
//! or answers nonsense, that object was not understood, and nothing else happens. Formats are not read here, and what
//! an answer means is not decided here.

mod pool;
mod sandbox;
mod serve;
pub mod wire;

pub use pool::{Pool, Settings};
pub use sandbox::Confinement;
pub use serve::serve;

/// What can go wrong with workers themselves. An object that could not be read is no error but a reason.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No worker could be started.
    #[error("cannot start a worker")]
    Start(#[source] std::io::Error),
    /// It started and did not answer as one.
    #[error("a worker does not answer")]
    Greeting(#[source] std::io::Error),
    /// The process was not started by a gateway.
    #[error("a worker is started by the gateway and not by hand")]
    NoGateway(#[source] std::io::Error),
}
