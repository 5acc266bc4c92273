//! The only room that opens sockets: a room per channel, TLS, identity, applications, reload, metrics.
//!
//! It decides nothing by itself. Every channel takes the same path ([`gate`]): read, inspect, judge, record, finish;
//! and nothing leaves without a [`gate::Cleared`], which only a durable record can make.

mod admin;
mod alarm;
pub mod apps;
mod base64;
pub mod client_hello;
mod control;
mod descriptors;
pub mod drain;
mod error;
pub mod gate;
mod gateway;
pub mod hold;
pub mod identity;
mod listeners;
pub mod mail;
mod passed;
pub mod proxy_protocol;
mod reactor;
mod reload;
mod secret;
mod soundness;
pub mod tls;
pub mod web;

pub use control::{QuarantineAsk, ask_quarantine, ask_reload};
pub use error::{Error, Fault};
pub use gateway::{Gateway, Notify, Readers};
pub use listeners::Addresses;
pub use reload::{Reloaded, absent};
pub use soundness::unsound_files;
