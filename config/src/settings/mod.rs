//! The settings file, checked: where to listen, whom to serve, where state lies.
//!
//! It says nothing about what may leave: that is the policy's. Nothing here opens a file or a socket.

mod check;
mod directory;
mod kerberos;
mod reach;
mod shape;

pub use directory::{DirectoryServer, DirectorySettings};
pub use kerberos::KerberosSettings;
pub use reach::{Direct, Parents, Ports};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use chot_model::Secret;

use crate::diagnostic::Diagnostics;
use crate::network::Network;

/// A target listed in `web.allow_targets`: a network, an address, or a host, each with an optional port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedTarget {
    /// `10.1.2.0/24` or `10.1.2.3:8443`.
    Network(Network, Option<u16>),
    /// `localhost:8443`. In lower case, without a trailing dot.
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

/// TLS towards mail clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientTls {
    /// Offered where there is a certificate.
    Offer,
    /// No mail without it.
    Require,
}

/// How much one sender may send; `None`: as much as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderLimits {
    /// Sessions of one address at once.
    pub sessions: Option<u32>,
    /// Sessions one address begins.
    pub connections: Rate,
    /// Mails of one account or address.
    pub mails: Rate,
    /// Recipients of one account or address.
    pub recipients: Rate,
}

/// How many of something in how much time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// In a minute.
    pub per_minute: Option<u32>,
    /// In a day, by UTC.
    pub per_day: Option<u32>,
}

/// Where a mail waits that a mail server asked about over the milter protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MilterQuarantine {
    /// On hold in the mail server's own queue.
    Server,
    /// In our quarantine.
    Own,
}

/// A key that mails of a domain of ours are signed with again when they were changed (`[[mail.dkim]]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimKey {
    /// The domain that signs.
    pub domain: String,
    /// Where DNS has the public key: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The private key, PEM.
    pub file: PathBuf,
}

/// Which senders are told by mail what became of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifySenders {
    /// None.
    Off,
    /// Those whose mail waits for a person, and again when that person has decided.
    Held,
    /// Also those whose mail was blocked.
    All,
}

/// What the sender of a mail in quarantine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineReply {
    /// 250: the mail is taken and waits for a person.
    Accept,
    /// 550: the sender knows that it was not sent.
    Refuse,
}

/// The settings file, checked, with defaults filled in and relative paths resolved against the file.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Who sends.
    pub identity: IdentitySettings,
    /// ICAP listeners.
    pub icap_listen: Vec<SocketAddr>,
    /// Console and admin listener.
    pub admin_listen: Option<SocketAddr>,
    /// The ledger.
    pub audit: AuditSettings,
}

/// `[web]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Listening addresses; empty: off.
    pub listen: Vec<SocketAddr>,
    /// Who may use it.
    pub clients: Vec<Network>,
    /// Listening addresses of the proxy over TLS.
    pub listen_tls: Vec<SocketAddr>,
    /// Exceptions to the refusal of loopback, private and metadata addresses.
    pub allow_targets: Vec<AllowedTarget>,
    /// Hosts whose CONNECT may carry something that is neither TLS nor HTTP (`host:port`).
    pub allow_opaque: Vec<AllowedTarget>,
    /// Hosts, in lower case, whose address is given here instead of asked of DNS. The address is checked like any
    /// other: one on loopback or in a private network must also be listed in `allow_targets`.
    pub resolve: Vec<(String, IpAddr)>,
    /// The name under which the proxy shows its own pages.
    pub name: String,
    /// What the PAC file lets clients reach without the proxy.
    pub pac_direct: Vec<Direct>,
    /// The list of what is not decrypted; `None`: `bypass.toml` in the data folder, if there is one.
    pub bypass: Option<PathBuf>,
    /// Ports that may be connected to, besides those that `allow_targets` and `allow_opaque` name.
    pub ports: Vec<Ports>,
    /// Proxies behind us.
    pub parents: Parents,
    /// File with what the parents ask for: lines `host:port user:password`.
    pub parent_credentials: Option<PathBuf>,
    /// Listening addresses for connections that nftables `redirect` leads here.
    pub transparent: Vec<SocketAddr>,
    /// The same for `tproxy`.
    pub tproxy: Vec<SocketAddr>,
    /// Load balancers that say by the PROXY protocol who the client is.
    pub proxy_protocol: Vec<Network>,
    /// Our own addresses that connections leave from; of a family that is not listed the system chooses.
    pub egress: Vec<IpAddr>,
    /// Connections of one client at once; `None`: half of what there are for all.
    pub client_connections: Option<u32>,
}

/// `[tls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Interception CA certificate, PEM. `None`: made in the data folder on the first run.
    pub ca_cert: Option<PathBuf>,
    /// Its key.
    pub ca_key: Option<PathBuf>,
    /// Further trusted upstream roots, PEM.
    pub extra_roots: Vec<PathBuf>,
}

/// `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Listening addresses; empty: off.
    pub listen: Vec<SocketAddr>,
    /// Listening addresses under TLS from the first byte on; empty: off.
    pub listen_tls: Vec<SocketAddr>,
    /// Listening addresses of LMTP; empty: off.
    pub lmtp_listen: Vec<SocketAddr>,
    /// Listening addresses of the milter server; empty: off.
    pub milter_listen: Vec<SocketAddr>,
    /// The milter server's socket file; `None`: off.
    pub milter_socket: Option<PathBuf>,
    /// Its mode: whoever may open it is believed what `trusted` hosts are.
    pub milter_socket_mode: u32,
    /// Its group, by name or number; `None`: the gateway's own.
    pub milter_socket_group: Option<String>,
    /// Where mails wait that a mail server asked about.
    pub milter_quarantine: MilterQuarantine,
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
    /// Whether clients must use it.
    pub client_tls: ClientTls,
    /// Clients whose bare CR and LF become CR LF, where others are refused.
    pub mend_lines: Vec<Network>,
    /// Hosts that are believed what XFORWARD, XCLIENT and milters say.
    pub trusted: Vec<Network>,
    /// Load balancers that say by the PROXY protocol who the client is.
    pub proxy_protocol: Vec<Network>,
    /// Clients that are asked to send to each zone separately.
    pub split_zones: Vec<Network>,
    /// What senders of mails in quarantine are told.
    pub quarantine_reply: QuarantineReply,
    /// Which senders are told by mail what became of theirs.
    pub notify_senders: NotifySenders,
    /// The address these mails come from.
    pub notice_from: Option<String>,
    /// How much one sender may send.
    pub limits: SenderLimits,
    /// Mails in quarantine are let go after so many days.
    pub quarantine_days: u32,
    /// Mails say in a field of ours whether two readers may see two mails in them.
    pub ambiguity_header: bool,
    /// Keys for mails of our own domains that were changed.
    pub dkim: Vec<DkimKey>,
    /// Largest mail in bytes, announced as SIZE.
    pub size_max: u64,
}

/// `[inspect]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectSettings {
    /// Verdicts of equal content are kept.
    pub cache: bool,
    /// What workers read is opaque where the kernel cannot confine them completely.
    pub confined: bool,
    /// Numbers of JSON are masked as zero; otherwise they cannot be redacted, and the message is blocked.
    pub zero_numbers: bool,
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
    /// Time that reading the writing on pictures may take per message, in milliseconds; none is read in no time.
    pub print_time_max_ms: u64,
    /// Tried on documents and archives that are locked.
    pub passwords: Vec<Secret>,
}

/// `[identity]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// File of users with the hashes of their passwords. `None`: nobody is asked.
    pub users: Option<PathBuf>,
    /// Whether whoever is not known by their address has to say who they are.
    pub required: bool,
    /// File that says whose address it is.
    pub addresses: Option<PathBuf>,
    /// How long a password that was right is not checked again, in seconds.
    pub remember_s: u64,
    /// The directory that knows whoever the file of users does not.
    pub directory: Option<DirectorySettings>,
    /// The key that tickets are made for; `None`: nobody is known by a ticket.
    pub kerberos: Option<KerberosSettings>,
}

/// `[audit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Checks a settings file; `file` gives the folder for relative paths. The second value holds its warnings.
    ///
    /// # Errors
    /// Everything wrong, at once.
    pub fn check(text: &str, file: &Path) -> Result<(Self, Diagnostics), Diagnostics> {
        check::check(text, file)
    }

    /// The defaults without a file, with state in `data_dir`.
    pub fn defaults(data_dir: &Path) -> Self {
        let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut settings = Self::quiet(data_dir.to_owned());
        settings.web.listen = vec![local(3128)];
        settings.mail.listen = vec![local(2525)];
        settings.icap_listen = vec![local(1344)];
        settings.admin_listen = Some(local(9443));
        settings
    }

    /// The JSON Schema of settings files, for editors.
    pub fn schema() -> String {
        crate::schema::of(&shape::SETTINGS, "chot settings")
    }

    /// Every default, with all listeners off.
    fn quiet(data_dir: PathBuf) -> Self {
        let clients: Vec<Network> = Network::loopback().into_iter().chain(Network::private()).collect();
        Self {
            data_dir,
            policy_file: None,
            web: WebSettings {
                listen: Vec::new(),
                listen_tls: Vec::new(),
                clients: clients.clone(),
                allow_targets: Vec::new(),
                allow_opaque: Vec::new(),
                resolve: Vec::new(),
                name: "chot.internal".to_owned(),
                pac_direct: Vec::new(),
                bypass: None,
                ports: Ports::USUAL.to_vec(),
                parents: Parents::default(),
                parent_credentials: None,
                transparent: Vec::new(),
                tproxy: Vec::new(),
                proxy_protocol: Vec::new(),
                egress: Vec::new(),
                client_connections: None,
            },
            tls: TlsSettings::default(),
            mail: MailSettings {
                listen: Vec::new(),
                listen_tls: Vec::new(),
                lmtp_listen: Vec::new(),
                milter_listen: Vec::new(),
                milter_socket: None,
                milter_socket_mode: 0o660,
                milter_socket_group: None,
                milter_quarantine: MilterQuarantine::Server,
                clients,
                next_hop: None,
                next_hop_tls: NextHopTls::Opportunistic,
                cert: None,
                key: None,
                client_tls: ClientTls::Offer,
                mend_lines: Vec::new(),
                trusted: Vec::new(),
                proxy_protocol: Vec::new(),
                split_zones: Vec::new(),
                quarantine_reply: QuarantineReply::Accept,
                notify_senders: NotifySenders::Off,
                notice_from: None,
                limits: SenderLimits::default(),
                quarantine_days: 30,
                ambiguity_header: false,
                dkim: Vec::new(),
                // What common mail services take (25 MiB of files), grown by base64 and a margin.
                size_max: 50 << 20,
            },
            inspect: InspectSettings {
                cache: true,
                confined: false,
                zero_numbers: true,
                memory_bytes_max: 32 << 20,
                depth_max: 16,
                members_max: 10_000,
                inflated_bytes_max: 4 << 30,
                time_max_ms: 60_000,
                print_time_max_ms: 10_000,
                passwords: Vec::new(),
            },
            identity: IdentitySettings {
                users: None,
                required: true,
                addresses: None,
                remember_s: 300,
                directory: None,
                kerberos: None,
            },
            icap_listen: Vec::new(),
            admin_listen: None,
            audit: AuditSettings {
                node: "chot".to_owned(),
                free_bytes_warn: 2 << 30,
                free_bytes_stop: 512 << 20,
                // Logs of processing core or important data are kept six months at least (Decree 165/2025/NĐ-CP,
                // art. 17); a year covers an annual audit.
                allow_days: 365,
            },
        }
    }
}
