//! Settings and policy: draft → checked → running; `judge(inspection, policy) → verdict`. Pure.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use chot_model::{Channel, DetectorId, Inspection, Message, PolicyVersion, Verdict, Zone};

/// A policy that cannot be wrong: every name in it is known, every rule means something.
#[derive(Clone, Debug)]
pub struct Policy {}

/// Names a policy may use that other rooms own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Applications of the table of applications.
    pub apps: &'a [&'a str],
}

/// One problem of a file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `P014`.
    pub code: &'static str,
    /// Error or warning.
    pub is_error: bool,
    /// What is wrong, in English, and what to do.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Everything wrong with a file, at once. `Display` renders all with line, caret and suggestion.
#[derive(Debug)]
pub struct Diagnostics {
    /// File name as given.
    pub file: String,
    /// Errors and warnings in the order of the file.
    pub list: Vec<Diagnostic>,
}

/// An example message written beside a rule.
#[derive(Clone, Debug)]
pub struct PolicyTest {
    /// The rule it stands in.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// URL or mail address.
    pub to: String,
    /// Account, when given.
    pub account: Option<String>,
    /// The content.
    pub text: Vec<u8>,
    /// The action expected of the whole policy.
    pub expect: chot_model::Action,
    /// Line in the policy file.
    pub line: usize,
}

impl Policy {
    /// Checks a policy file. `dir` is where `text-file` of tests is looked up by the caller.
    ///
    /// # Errors
    /// Everything wrong, at once.
    pub fn check(text: &str, file: &str, known: Known<'_>) -> Result<(Self, Diagnostics), Diagnostics> {
        let _ = (text, file, known);
        unimplemented!()
    }

    /// The embedded default for Vietnamese public bodies.
    pub fn embedded(known: Known<'_>) -> Self {
        let _ = known;
        unimplemented!()
    }

    /// `sha256:` of the file's bytes.
    pub fn version(&self) -> &PolicyVersion {
        unimplemented!()
    }

    /// `policy.id`.
    pub fn id(&self) -> &str {
        unimplemented!()
    }

    /// The zone of a web destination.
    pub fn zone_of_host(&self, host: &str, address: Option<IpAddr>) -> Zone {
        let _ = (host, address);
        unimplemented!()
    }

    /// The zone of a mail recipient.
    pub fn zone_of_recipient(&self, recipient: &str) -> Zone {
        let _ = recipient;
        unimplemented!()
    }

    /// The example messages of all rules.
    pub fn tests(&self) -> &[PolicyTest] {
        unimplemented!()
    }
}

/// The policy's answer. Pure: the same arguments give the same verdict.
pub fn judge(message: &Message, inspection: &Inspection, policy: &Policy) -> Verdict {
    let _ = (message, inspection, policy, Channel::Web, DetectorId::Cccd);
    unimplemented!()
}

/// Addresses with a prefix length, `10.0.0.0/8`; one address is a network of its full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// First address.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Network {
    /// Whether `address` lies in it. IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let _ = address;
        unimplemented!()
    }
}

/// A target listed in `web.allow_targets`: a network, an address, or a host, each with an optional port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedTarget {
    /// `10.1.2.0/24` or `10.1.2.3:8443`.
    Network(Network, Option<u16>),
    /// `localhost:8443`.
    Host(String, Option<u16>),
}

/// TLS towards the next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextHopTls {
    /// Never.
    Off,
    /// When offered, without verifying.
    Opportunistic,
    /// Always, without verifying.
    Require,
    /// Always, with a verified certificate.
    Verify,
}

/// The settings file, checked, with defaults filled in and relative paths resolved against the file.
#[derive(Clone, Debug)]
pub struct Settings {
    /// State: ledger, CA, spool, control socket.
    pub data_dir: PathBuf,
    /// `None`: the embedded policy.
    pub policy_file: Option<PathBuf>,
    /// The web listener.
    pub web: WebSettings,
    /// TLS interception.
    pub tls: TlsSettings,
    /// The mail listener.
    pub mail: MailSettings,
    /// Inspection.
    pub inspect: InspectSettings,
    /// ICAP listeners.
    pub icap_listen: Vec<SocketAddr>,
    /// Console and admin listener.
    pub admin_listen: Option<SocketAddr>,
    /// The ledger.
    pub audit: AuditSettings,
}

/// `[web]`.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Listening addresses; empty: off.
    pub listen: Vec<SocketAddr>,
    /// Who may use it.
    pub clients: Vec<Network>,
    /// Exceptions to the refusal of loopback, private and metadata addresses.
    pub allow_targets: Vec<AllowedTarget>,
    /// Hosts whose CONNECT may carry something that is neither TLS nor HTTP (`host:port`).
    pub allow_opaque: Vec<AllowedTarget>,
}

/// `[tls]`.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Interception CA certificate, PEM. `None`: made in the data folder on the first run.
    pub ca_cert: Option<PathBuf>,
    /// Its key.
    pub ca_key: Option<PathBuf>,
    /// Further trusted upstream roots, PEM.
    pub extra_roots: Vec<PathBuf>,
}

/// `[mail]`.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Listening addresses; empty: off.
    pub listen: Vec<SocketAddr>,
    /// Who may send.
    pub clients: Vec<Network>,
    /// `host:port` of the relay behind us; without it mail is off.
    pub next_hop: Option<String>,
    /// TLS towards it.
    pub next_hop_tls: NextHopTls,
    /// Certificate for STARTTLS towards clients, PEM.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Largest mail in bytes, announced as SIZE.
    pub size_max: u64,
}

/// `[inspect]`.
#[derive(Clone, Debug)]
pub struct InspectSettings {
    /// Verdicts of equal content are kept.
    pub cache: bool,
    /// Bytes of bodies held in memory, all messages together; above it they go to encrypted unlinked files.
    pub memory_bytes_max: u64,
    /// Containers within containers.
    pub depth_max: u32,
    /// Members of all containers of a message.
    pub members_max: u64,
    /// Bytes that decompression may produce per message.
    pub inflated_bytes_max: u64,
    /// Wall time per message, in milliseconds.
    pub time_max_ms: u64,
}

/// `[audit]`.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// Name of this gateway in records.
    pub node: String,
    /// Free bytes below which the gateway warns.
    pub free_bytes_warn: u64,
    /// Free bytes below which nothing leaves.
    pub free_bytes_stop: u64,
    /// Days after which plain allows are purged.
    pub allow_days: u32,
}

impl Settings {
    /// Checks a settings file; `file` gives the folder for relative paths.
    ///
    /// # Errors
    /// Everything wrong, at once.
    pub fn check(text: &str, file: &Path) -> Result<(Self, Diagnostics), Diagnostics> {
        let _ = (text, file);
        unimplemented!()
    }

    /// The defaults without a file, with state in `data_dir`.
    pub fn defaults(data_dir: &Path) -> Self {
        let _ = data_dir;
        unimplemented!()
    }
}
