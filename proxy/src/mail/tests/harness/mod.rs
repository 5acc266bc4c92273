//! The three parties of a scenario: [`Client`], [`Gateway`] and [`FakeHop`].

mod client;
mod gateway;
mod hop;

use std::time::Duration;

pub(super) use self::client::Client;
pub(super) use self::gateway::{Gateway, Setup};
pub(super) use self::hop::{Act, EHLO, FakeHop, Script};

/// No scenario takes this long; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
