//! What the gateway counted since it started, for its metrics. Counts name no account and no host.

use std::sync::atomic::{AtomicU64, Ordering};

use chot_model::{Action, Channel};

/// Decisions since the start, by channel and action.
#[derive(Debug, Default)]
pub struct Counts {
    decisions: [[AtomicU64; 4]; 4],
    /// Messages that could not be decided because of the gateway itself.
    failed: AtomicU64,
    /// ClientHellos with an encrypted one inside, or its grease.
    ech_offered: AtomicU64,
    bypassed: AtomicU64,
    /// Connections of web clients now open.
    web_connections: AtomicU64,
    /// Connections that could not be accepted.
    unaccepted: AtomicU64,
    /// Connections that found as many others as there may be.
    crowded: AtomicU64,
    /// Those of them that were told to come again.
    turned_away: AtomicU64,
    /// Connections that made room for others.
    idlers: [AtomicU64; 3],
}

/// What a connection did that made room for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idler {
    /// It said nothing.
    Silent,
    /// It began a request and did not end it.
    Unfinished,
    /// It had an answer and asked for nothing more.
    Idle,
}

impl Idler {
    /// Each, and its name in the metrics.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Silent, "silent"), (Self::Unfinished, "unfinished"), (Self::Idle, "idle")];
}

impl Counts {
    pub(super) fn count(&self, channel: Channel, action: Action) {
        let of_channel = self.decisions.get(channel as usize);
        if let Some(counter) = of_channel.and_then(|actions| actions.get(action as usize)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn count_failure(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Decisions of a channel with this action.
    pub fn decisions(&self, channel: Channel, action: Action) -> u64 {
        let of_channel = self.decisions.get(channel as usize);
        of_channel.and_then(|actions| actions.get(action as usize)).map_or(0, |n| n.load(Ordering::Relaxed))
    }

    pub(crate) fn web_connection_began(&self) {
        self.web_connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn web_connection_ended(&self) {
        self.web_connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Connections of web clients now open.
    pub fn web_connections(&self) -> u64 {
        self.web_connections.load(Ordering::Relaxed)
    }

    pub(crate) fn count_unaccepted(&self) {
        self.unaccepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unaccepted(&self) -> u64 {
        self.unaccepted.load(Ordering::Relaxed)
    }

    pub(crate) fn count_crowded(&self) {
        self.crowded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    pub(crate) fn count_turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that were told to come again, because there were as many as there may be.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    pub(crate) fn count_idler(&self, idler: Idler) {
        if let Some(count) = self.idlers.get(idler as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Connections that made room for others in this way.
    pub fn idlers(&self, idler: Idler) -> u64 {
        self.idlers.get(idler as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn count_bypass(&self) {
        self.bypassed.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections passed on unread because they are listed.
    pub fn bypassed(&self) -> u64 {
        self.bypassed.load(Ordering::Relaxed)
    }

    pub(crate) fn count_ech_offer(&self) {
        self.ech_offered.fetch_add(1, Ordering::Relaxed);
    }

    /// TLS clients that offered an encrypted ClientHello, or grease that looks like one.
    pub fn ech_offered(&self) -> u64 {
        self.ech_offered.load(Ordering::Relaxed)
    }

    /// Messages that could not be decided.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}
