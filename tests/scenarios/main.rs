//! Scenarios: the real binary between real clients and an outside world that remembers what it received.
//!
//! A file per theme; `harness` holds the words they are told in. Nothing here knows the insides of any room.

mod harness;

mod audit;
mod bypass;
mod cli_demo;
mod cli_scan;
mod clients;
mod crash;
mod directory;
mod documents;
mod faults;
mod home;
mod identity;
mod kerberos;
mod life;
mod mail;
mod mail_clients;
mod mail_modes;
mod mail_postfix;
mod mail_signed;
mod mail_submission;
mod mail_views;
mod owners;
mod pictures;
mod policy;
mod reach;
mod redaction;
mod sockets;
mod streams;
mod transparent;
mod upgrade;
mod web;
