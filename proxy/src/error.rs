//! What can go wrong on the path of a message, and whose fault it is.

use std::io;

/// Who has to act. Decides the reply, the log level and whether a retry can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client spoke wrongly or went away.
    Sender,
    /// The destination did not answer, or answered wrongly.
    Destination,
    /// The gateway itself: disk, ledger, memory.
    Gateway,
}

/// An error on the path of a message. `Display` tells this level only; causes follow through `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A body could not be kept until its verdict.
    #[error("the message could not be held until its verdict")]
    Hold(#[source] io::Error),
    /// The decision could not be recorded, so nothing leaves.
    #[error("the decision could not be recorded")]
    Ledger(#[from] chot_audit::Error),
    /// The data folder cannot be made.
    #[error("the data folder {} cannot be made", path.display())]
    Data {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file with secrets cannot be used.
    #[error("{}: {what}", path.display())]
    Secret {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong; nothing of its content.
        what: String,
    },
    /// A parent proxy is named by what names no server.
    #[error("web.parent: `{0}` is not `host:port` of a proxy, with a host that DNS or `web.resolve` knows")]
    Parent(String),
    /// Passwords cannot be hashed or kept.
    #[error("{0}")]
    Identity(String),
    /// The policy file is wrong or cannot be read; rendered problems.
    #[error("{0}")]
    Policy(String),
    /// The inspection ended without a result.
    #[error("the inspection ended without a result")]
    Inspection,
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address as configured.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
    /// The next hop of the mail channel is absent or no `host:port`.
    #[error("mail.next_hop is not host:port: `{address}`")]
    NextHop {
        /// As configured.
        address: String,
    },
    /// Certificates or keys could not be read or made.
    #[error("{what}")]
    Tls {
        /// Which file or step, and what to do.
        what: String,
        /// Why.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Hold(_)
            | Self::Ledger(_)
            | Self::Inspection
            | Self::Thread(_)
            | Self::Listen { .. }
            | Self::NextHop { .. }
            | Self::Tls { .. }
            | Self::Data { .. }
            | Self::Secret { .. }
            | Self::Identity(_)
            | Self::Policy(_)
            | Self::Parent(_) => Fault::Gateway,
        }
    }
}
