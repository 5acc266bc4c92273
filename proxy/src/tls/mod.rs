//! TLS for every channel: the interception CA, certificates made in process, and verified connections outward.
//!
//! Upstream certificates are always verified; there is no switch for that. Nothing here installs a process-wide
//! provider: each configuration names its own. Revocation is not checked (rustls reads no stapled OCSP answers).

mod ca;
mod interception;
mod leaf;
mod names;
mod roots;

pub use ca::Ca;
pub(crate) use interception::TLS_BUFFER_BYTES;
pub use interception::{Connected, Interception, Unconnected};
pub use leaf::{Leaf, Protocol};
pub use names::Names;
pub use roots::roots;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::Error;

/// The cryptography all our TLS uses.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// An error of this room: which file or step, and why.
fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(what: impl Into<String>) -> impl FnOnce(E) -> Error {
    let what = what.into();
    move |source| Error::Tls { what, source: Some(source.into()) }
}

/// Seconds since 1970 by the wall clock. Certificates are judged by the clients' own clocks, so a scenario that moves
/// the gateway's clock must not move these.
fn unix_seconds() -> u64 {
    use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
    DefaultTimeProvider.current_time().map_or(0, |time| time.as_secs())
}
