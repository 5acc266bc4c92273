//! How long a session waits and how much it takes.
//!
//! Times are those of RFC 5321 §4.5.3.2, which sets them as the least a client waits; towards the next hop we are
//! that client.

use std::time::Duration;

/// Sessions at once; more are told to come back.
pub(super) const SESSIONS_MAX: usize = 1_024;
/// Clients outside the list are recorded once in so many milliseconds: a scan must not fill the ledger.
pub(super) const STRANGER_RECORD_MS: u64 = 10_000;
/// Commands that make no sense, before a session is ended.
pub(super) const BAD_COMMANDS_MAX: u32 = 10;
/// Longest line of an AUTH exchange (RFC 4954 §4).
pub(super) const AUTH_LINE_BYTES_MAX: usize = 12_288;
/// The slowest a mail may arrive once [`Limits::slow_after`] is over.
pub(super) const SLOWEST_BYTES_PER_SECOND: u64 = 1_024;

/// For a load balancer to say who connected to it.
pub(super) const PROXY_HEADER: Duration = Duration::from_secs(5);

/// Connections to the next hop that are kept while no client uses them.
pub(super) const IDLE_MAX: usize = 16;
/// How often it is looked which of them have been kept for too long.
pub(super) const IDLE_LOOK: Duration = Duration::from_secs(2);
/// How long one is kept. Servers close idle connections after five minutes, and wonder about them earlier.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(20);

/// How often the quarantine is looked through for what has waited too long.
pub(super) const EXPIRE_EVERY: Duration = Duration::from_secs(3_600);

/// Times of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a command of the client (§4.5.3.2.7).
    pub(super) command: Duration,
    /// For the next block of a mail from the client (§4.5.3.2.5).
    pub(super) client_block: Duration,
    /// How long a mail may arrive as slowly as it likes.
    pub(super) slow_after: Duration,
    /// For a TLS handshake on either leg.
    pub(super) handshake: Duration,
    /// For the next hop to accept the connection.
    pub(super) connect: Duration,
    /// For its greeting (§4.5.3.2.1).
    pub(super) greeting: Duration,
    /// For its replies to EHLO, MAIL, RCPT, RSET and NOOP (§4.5.3.2.2 and .3).
    pub(super) reply: Duration,
    /// For its 354 (§4.5.3.2.4).
    pub(super) data_start: Duration,
    /// For it to take a block of the mail (§4.5.3.2.5).
    pub(super) data_block: Duration,
    /// For its reply to the final dot (§4.5.3.2.6).
    pub(super) data_end: Duration,
    /// Between two NOOPs that keep the next hop's session alive while the client sends slowly.
    pub(super) keep_alive: Duration,
    /// For the other side to read our last words.
    pub(super) goodbye: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            command: minutes(5),
            client_block: minutes(3),
            slow_after: minutes(1),
            handshake: minutes(1),
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            reply: minutes(5),
            data_start: minutes(2),
            data_block: minutes(3),
            data_end: minutes(10),
            keep_alive: minutes(1),
            goodbye: Duration::from_secs(2),
        }
    }
}
