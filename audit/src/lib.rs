//! The durable ledger, its verifier and queries.

use std::path::Path;
use std::sync::Arc;

use chot_model::{Clock, DecisionId, Inspection, Message, Verdict};

/// How the ledger behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of this gateway in records.
    pub node: String,
    /// Size of a preallocated segment file in bytes.
    pub segment_bytes: u64,
    /// Free bytes below which `Health::LowSpace` is told.
    pub free_bytes_warn: u64,
    /// Free bytes below which nothing is recorded any more, so nothing leaves.
    pub free_bytes_stop: u64,
}

/// The ledger: one writer, many askers. Clones share it.
#[derive(Clone)]
pub struct Ledger {}

/// Why a record is not durable. Nothing may leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The storage failed.
    #[error("the audit ledger cannot be written")]
    Storage(#[source] std::io::Error),
    /// Another process writes this ledger.
    #[error("another process holds the ledger in {0}")]
    Locked(std::path::PathBuf),
    /// Free space is below the stop threshold.
    #[error("the disk of the audit ledger is nearly full")]
    NoSpace,
    /// A segment is damaged in its middle: see `chot audit verify`.
    #[error("{file} is damaged at byte {offset}: {what}")]
    Damaged {
        /// Segment file.
        file: std::path::PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The writer has ended.
    #[error("the audit ledger is closed")]
    Closed,
}

/// Proof that a verdict's record is durable. Only the ledger makes one, and it says what may happen:
/// [`Receipt::permit`].
#[derive(Debug)]
pub struct Receipt {
    id: DecisionId,
    seq: u64,
    permit: Permit,
}

/// What a receipt permits. The tokens cannot be made elsewhere.
#[derive(Debug)]
pub enum Permit {
    /// The message may leave as it was inspected.
    Forward(ForwardPermit),
    /// The redacted message may leave.
    Redacted(RedactedPermit),
    /// Nothing leaves.
    Refuse,
}

/// Needed to send a message as it is.
#[derive(Debug)]
pub struct ForwardPermit(());

/// Needed to send a redacted message.
#[derive(Debug)]
pub struct RedactedPermit(());

impl Receipt {
    /// The decision recorded.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// Number of the record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What may happen now.
    pub fn permit(self) -> Permit {
        self.permit
    }
}

/// How a decision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination took the message.
    Delivered,
    /// The sender was told no, by us or by the destination.
    Refused,
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
    /// A connection or request that was refused before there was a message to judge: bad framing, a target that is
    /// not allowed, an upstream certificate that does not verify.
    Refusal {
        /// `web` or `mail`.
        channel: chot_model::Channel,
        /// Client address.
        client: Option<std::net::IpAddr>,
        /// Host, without personal data.
        host: String,
        /// Reason id such as `upstream-certificate`.
        reason: String,
        /// Bytes of the connection that passed, for listed opaque tunnels.
        bytes: u64,
    },
}

impl Ledger {
    /// Opens or creates the ledger in `dir`, recovers from a torn tail and closes decisions a crash left open as
    /// `in_doubt`.
    ///
    /// # Errors
    /// When it cannot be read, written or locked.
    pub fn open(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let _ = (dir, options, clock);
        unimplemented!()
    }

    /// Records a decision; returns once it is durable.
    ///
    /// # Errors
    /// When it is not durable: nothing may leave.
    pub async fn decide(
        &self,
        message: &Message,
        inspection: &Inspection,
        verdict: &Verdict,
    ) -> Result<Receipt, Error> {
        let _ = (message, inspection, verdict);
        unimplemented!()
    }

    /// Records how a decision ended. Not awaited: a crash before it is durable leaves the decision in doubt.
    pub fn outcome(&self, id: DecisionId, outcome: Outcome, detail: &str) {
        let _ = (id, outcome, detail);
        unimplemented!()
    }

    /// Records an event; returns once it is durable.
    ///
    /// # Errors
    /// When it is not durable.
    pub async fn event(&self, event: Event) -> Result<(), Error> {
        let _ = event;
        unimplemented!()
    }

    /// Whether records can be written now.
    pub fn is_healthy(&self) -> bool {
        unimplemented!()
    }

    /// Writes what is queued, marks the ledger closed and waits for the writer to end.
    pub fn close(&self) {
        unimplemented!()
    }
}
