//! Whole sessions over loopback: a client that says exact bytes, the real gate, and a next hop that does what its
//! script says. All people, numbers and addresses are invented.

mod ahead;
mod anything;
mod auth;
mod balancer;
mod chunks;
mod commands;
mod dkim;
mod forwarded;
mod harness;
mod lmtp;
mod mails;
mod milter;
mod next_hop;
mod notices;
mod quarantine;
mod starttls;
