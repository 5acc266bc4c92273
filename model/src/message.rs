//! One outbound act to be judged: who sends what where.

use std::fmt;
use std::net::IpAddr;

use crate::{DecisionId, Masked, Timestamp};

/// The way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// HTTP and HTTPS.
    Web,
    /// SMTP and LMTP.
    Mail,
    /// An ICAP client hands us its requests.
    Icap,
    /// A mail server hands us its mail.
    Milter,
}

impl Channel {
    /// The name in records and output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Mail => "mail",
            Self::Icap => "icap",
            Self::Milter => "milter",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// How we know who the account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountSource {
    /// Proxy authentication.
    ProxyAuth,
    /// SMTP AUTH, accepted by the next hop.
    SmtpAuth,
    /// The client address is mapped to a person.
    Address,
    /// A name that was given and not proved. It stands in records of refusals only.
    Claimed,
    /// Nobody told us.
    Unknown,
}

impl AccountSource {
    /// The name in records and output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ProxyAuth => "proxy-auth",
            Self::SmtpAuth => "smtp-auth",
            Self::Address => "address",
            Self::Claimed => "claimed",
            Self::Unknown => "unknown",
        }
    }
}

/// Who sends. Account names are not masked: a reviewer needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name as the source gave it; `unknown` when there is none.
    pub name: String,
    /// How we know.
    pub source: AccountSource,
    /// Groups the source says it is in. Policies write them with an `@` in front.
    pub groups: Vec<String>,
}

impl Account {
    /// An account of no group.
    pub fn new(name: impl Into<String>, source: AccountSource) -> Self {
        Self { name: name.into(), source, groups: Vec::new() }
    }

    /// The account of a client that did not say who it is.
    pub fn unknown() -> Self {
        Self::new("unknown", AccountSource::Unknown)
    }
}

/// Where a message goes. Its zone depends on the policy and is told by the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// Application by its name in the table of applications, such as `zalo`.
    pub app: Option<&'static str>,
    /// What the request does there, such as `upload_file`.
    pub activity: Option<&'static str>,
    /// Host name or address literal in lower case without a port; the next hop's domain part is not meant here, so
    /// it is empty for mail.
    pub host: String,
    /// The address the gateway connected to, once known.
    pub address: Option<IpAddr>,
    /// Mail recipients as given in RCPT, without angle brackets. Empty for the web.
    pub recipients: Vec<String>,
}

/// One outbound act to be judged. What it carries is in its [`crate::Inspection`].
#[derive(Clone, Debug)]
pub struct Message {
    /// The number of the decision about it.
    pub id: DecisionId,
    /// When its first byte arrived.
    pub received: Timestamp,
    /// The way in.
    pub channel: Channel,
    /// The client's address; `None` when the message did not come over a network (`policy explain`).
    pub client: Option<IpAddr>,
    /// Who sends.
    pub account: Account,
    /// Where to.
    pub destination: Destination,
    /// What it is, for people: method and URL, or the subject. Already masked.
    pub summary: Masked,
}
