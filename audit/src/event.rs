//! What the ledger keeps besides decisions: how they ended, and what happened to the gateway.
//!
//! Every text in here is our own or an administrator's; what strangers sent is masked by whoever makes the event.

use chot_model::DecisionId;

/// How a decision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination took the message.
    Delivered,
    /// The sender was told no, by us or by the destination.
    Refused,
    /// It waits for a person.
    Held,
    /// The sender went away.
    Aborted,
    /// Whether the destination took it is not known.
    InDoubt,
    /// It could not be delivered.
    Failed,
}

/// Something other than a decision that the ledger keeps.
#[derive(Clone, Debug)]
pub enum Event {
    /// The gateway started; `listeners` as text.
    GatewayStarted {
        /// Program version.
        version: String,
        /// Listening addresses.
        listeners: Vec<String>,
        /// What confines readers of complicated formats elsewhere and not here, such as `landlock`.
        readers_lack: Vec<&'static str>,
    },
    /// The gateway stops.
    GatewayStopped,
    /// A policy is in force from now on.
    PolicyActivated {
        /// `sha256:…`.
        policy: String,
        /// `policy.id`.
        policy_id: String,
        /// Who or what asked: `start`, `signal`, `control`, `admin`.
        by: String,
    },
    /// A policy was refused; the old one stays.
    PolicyRejected {
        /// The problems, rendered.
        problems: Vec<String>,
        /// Who or what asked.
        by: String,
    },
    /// Still alive.
    Heartbeat,
    /// An administrator did something.
    Admin {
        /// What.
        what: String,
    },
    /// A connection that was passed on unread, because an administrator listed where it goes.
    Bypass {
        /// Client address.
        client: std::net::IpAddr,
        /// Who sends, as far as that was known.
        account: String,
        /// The host asked for, without personal data.
        host: String,
        /// Where it leads, where that is known.
        address: Option<std::net::IpAddr>,
        /// Why it is listed.
        reason: String,
        /// Bytes sent and received, once it has ended.
        ended: Option<(u64, u64)>,
    },
    /// A connection or request that was refused before there was a message to judge: bad framing, a target that is
    /// not allowed, an upstream certificate that does not verify.
    Refusal {
        /// The number the client was told, to ask about it later.
        id: Option<DecisionId>,
        /// `web` or `mail`.
        channel: chot_model::Channel,
        /// Client address.
        client: Option<std::net::IpAddr>,
        /// Who sends, as far as that is known or claimed.
        account: Option<chot_model::Account>,
        /// Host, without personal data.
        host: String,
        /// Reason id such as `upstream-certificate`.
        reason: String,
        /// Bytes of the connection that passed, for listed opaque tunnels.
        bytes: u64,
    },
}
