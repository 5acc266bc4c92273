//! The keys of the settings file, each with what it holds and a sentence for editors.

use std::net::{IpAddr, SocketAddr};

use super::directory::LDAP;
use super::kerberos::KERBEROS;
use super::reach::Exempt;
use super::{AllowedTarget, Direct, NextHopTls, Ports};
use crate::diagnostic::Problem;
use crate::draft::{Field, Format, Kind, Shape, Words};
use crate::host::{self, HostPattern};
use crate::network::Network;

impl NextHopTls {
    /// Every choice, with its word in the settings file.
    pub(super) const WORDS: [(&'static str, Self); 4] = [
        ("off", Self::Off),
        ("opportunistic", Self::Opportunistic),
        ("require", Self::Require),
        ("verify", Self::Verify),
    ];
}

/// Reads `host:port`, where the host may be an address; an IPv6 address stands in brackets.
pub(super) fn host_port(text: &str) -> Result<(&str, u16), String> {
    let wrong = || "write host:port, as in `relay.example.vn:25`".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port_number(port)?;
    if host.contains(':') && !host.starts_with('[') {
        return Err("an IPv6 address stands in brackets, as in `[::1]:25`".to_owned());
    }
    let known = host::literal(host).is_some() || host::normalise(host).is_some();
    if known { Ok((host, port)) } else { Err(wrong()) }
}

/// Reads the mode of a file that is for its owner and a group.
pub(super) fn file_mode(text: &str) -> Result<u32, String> {
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = if digits { u32::from_str_radix(text, 8).ok() } else { None };
    match mode {
        Some(mode @ 0..0o1000) if mode % 0o10 == 0 => Ok(mode),
        Some(0..0o1000) => Err("only the owner and a group may have access".to_owned()),
        _ => Err("write the mode in octal digits, as in `0660`".to_owned()),
    }
}

pub(super) fn port_number(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let port = if digits { text.parse().ok() } else { None };
    port.filter(|p| *p != 0).ok_or_else(|| "the port must be a number from 1 to 65535".to_owned())
}

impl AllowedTarget {
    /// Reads `10.1.2.0/24`, `10.1.2.3:8443`, `[fe80::1]:8443`, `::1`, `localhost`, `localhost:8443`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            // `[::1]` ends in a bracket: its last colon does not begin a port.
            Some((host, port)) if !text.ends_with(']') => (host, Some(port_number(port)?)),
            _ => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(network) = bare.parse::<Network>() {
            return Ok(Self::Network(network, port));
        }
        if bare.contains('/') || bare.contains(':') {
            return Err("not a network".to_owned());
        }
        let host = host::normalise(host).ok_or_else(|| "not a network, address or host".to_owned())?;
        Ok(Self::Host(host, port))
    }
}

const TLS_WORDS: [&str; 4] = {
    let mut words = [""; 4];
    let mut i = 0;
    while i < 4 {
        words[i] = NextHopTls::WORDS[i].0;
        i += 1;
    }
    words
};
const NEXT_HOP_TLS: Words = Words { noun: "kind of TLS", problem: Problem::UnknownWord, all: &TLS_WORDS };

const CLIENT_TLS: Words = Words { noun: "kind of TLS", problem: Problem::UnknownWord, all: &["offer", "require"] };

const MILTER_QUARANTINE: Words = Words { noun: "place", problem: Problem::UnknownWord, all: &["server", "own"] };

const QUARANTINE_REPLY: Words = Words { noun: "answer", problem: Problem::UnknownWord, all: &["accept", "refuse"] };

const NOTIFY_SENDERS: Words = Words { noun: "choice", problem: Problem::UnknownWord, all: &["off", "held", "all"] };

const MAILBOX: Format = Format { noun: "an address such as `chot@vss.gov.vn`", check: mailbox };

/// Checks `local@domain`, ASCII and without quotes.
fn mailbox(text: &str) -> Result<(), String> {
    let wrong = || "write an address, as in `chot@vss.gov.vn`".to_owned();
    let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_local = !local.is_empty() && local.chars().all(is_atom) && !local.split('.').any(str::is_empty);
    if is_local && text.is_ascii() && host::normalise(domain).is_some() { Ok(()) } else { Err(wrong()) }
}

const LISTEN: Format = Format {
    noun: "an address and port such as `127.0.0.1:3128`",
    check: |text| {
        text.parse::<SocketAddr>().map(drop).map_err(|_| "write an IP address, a colon and a port".to_owned())
    },
};
const NETWORK: Format = Format {
    noun: "a network such as `10.0.0.0/8`",
    check: |text| text.parse::<Network>().map(drop).map_err(|e| e.to_string()),
};
const TARGET: Format = Format {
    noun: "a network, address or host such as `10.1.2.0/24` or `localhost:8443`",
    check: |text| AllowedTarget::parse(text).map(drop),
};
const ADDRESS: Format = Format {
    noun: "an IP address such as `10.1.2.3`",
    check: |text| text.parse::<IpAddr>().map(drop).map_err(|_| "write an IP address without a port".to_owned()),
};
const HOST_PORT: Format =
    Format { noun: "a host and port such as `relay.example.vn:25`", check: |text| host_port(text).map(drop) };

const MODE: Format =
    Format { noun: "a file mode without others, such as `0660`", check: |text| file_mode(text).map(drop) };
const PORTS: Format =
    Format { noun: "a port or a range such as `1024-65535`", check: |text| Ports::parse(text).map(drop) };
const PARENT: Format = Format {
    noun: "a host and port such as `proxy.example.vn:3128`, or `https://` before them",
    check: |text| host_port(text.strip_prefix("https://").unwrap_or(text)).map(drop),
};
const HOSTS: Format =
    Format { noun: "a host such as `*.moh.gov.vn`", check: |text| HostPattern::parse(text).map(drop) };
const NAME: Format = Format {
    noun: "a host name such as `chot.internal`",
    check: |text| host::normalise(text).map(drop).ok_or_else(|| "not a host name".to_owned()),
};
const DIRECT: Format =
    Format { noun: "a host or an IPv4 network such as `*.vss.gov.vn`", check: |text| Direct::parse(text).map(drop) };
const EXEMPT: Format =
    Format { noun: "a host or a network such as `*.vss.gov.vn`", check: |text| Exempt::parse(text).map(drop) };

const LISTENERS: Kind = Kind::List { of: &Kind::Format(&LISTEN), may_be_empty: true };
const CLIENTS: Kind = Kind::List { of: &Kind::Format(&NETWORK), may_be_empty: false };
const NETWORKS: Kind = Kind::List { of: &Kind::Format(&NETWORK), may_be_empty: true };
const TARGETS: Kind = Kind::List { of: &Kind::Format(&TARGET), may_be_empty: true };

pub(super) const fn key(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: false, kind, doc }
}

const fn section(name: &'static str, shape: &'static Shape, doc: &'static str) -> Field {
    key(name, Kind::Table(shape), doc)
}

const fn at_least(min: u64) -> Kind {
    Kind::Count { min, max: i64::MAX as u64 }
}

pub(super) const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: true, kind, doc }
}

/// A parent proxy for some hosts.
const PARENTS: Shape = Shape {
    fields: &[
        must("hosts", Kind::List { of: &Kind::Format(&HOSTS), may_be_empty: false }, "`hosts` it leads to."),
        must("parent", Kind::Format(&PARENT), "`parent`: its host and port."),
    ],
};

/// A key for signing mail again.
const DKIM: Shape = Shape {
    fields: &[
        must("domain", Kind::Format(&NAME), "The `domain` that signs."),
        must("selector", Kind::Format(&NAME), "The `selector` under which DNS has its public key."),
        must("key", Kind::Text, "The private `key`, RSA or Ed25519, PEM, mode 0600."),
    ],
};

/// The settings file.
pub(super) const SETTINGS: Shape = Shape {
    fields: &[
        section(
            "data",
            &Shape {
                fields: &[key("dir", Kind::Text, "Folder of all state; `chot-data` beside this file by default.")],
            },
            "Where state lies.",
        ),
        section(
            "policy",
            &Shape { fields: &[key("file", Kind::Text, "The policy file; absent: the embedded default policy.")] },
            "What may leave.",
        ),
        section(
            "web",
            &Shape {
                fields: &[
                    key("listen", LISTENERS, "Addresses of the HTTP proxy; absent or empty: off."),
                    key("listen_tls", LISTENERS, "Addresses of the HTTP proxy over TLS."),
                    key("transparent", LISTENERS, "Addresses that nftables `redirect` leads connections to."),
                    key("tproxy", LISTENERS, "Addresses that nftables `tproxy` leads connections to."),
                    key(
                        "proxy_protocol",
                        Kind::List { of: &Kind::Format(&NETWORK), may_be_empty: true },
                        "Load balancers that begin every connection with a PROXY protocol header.",
                    ),
                    key("clients", CLIENTS, "Who may use it; loopback and private addresses by default."),
                    key("allow_targets", TARGETS, "Loopback, private and metadata addresses that may be reached."),
                    key("allow_opaque", TARGETS, "Targets whose CONNECT may carry neither TLS nor HTTP."),
                    key(
                        "resolve",
                        Kind::Map { keys: None, of: &Kind::Format(&ADDRESS) },
                        "Addresses of hosts, instead of asking DNS.",
                    ),
                    key("name", Kind::Format(&NAME), "A name of the proxy's own pages besides \"chot.internal\"."),
                    key(
                        "pac_direct",
                        Kind::List { of: &Kind::Format(&DIRECT), may_be_empty: true },
                        "What the PAC file lets clients reach without the proxy.",
                    ),
                    key(
                        "bypass",
                        Kind::Text,
                        "The list of what is not decrypted; `bypass.toml` in data.dir by default.",
                    ),
                    key(
                        "ports",
                        Kind::List { of: &Kind::Format(&PORTS), may_be_empty: false },
                        "Ports that may be connected to; 80, 443 and 1024-65535 by default.",
                    ),
                    key("parent", Kind::Format(&PARENT), "The proxy behind this one; absent: targets are dialled."),
                    key("parents", Kind::Tables(&PARENTS), "Other proxies for some hosts."),
                    key(
                        "no_parent",
                        Kind::List { of: &Kind::Format(&EXEMPT), may_be_empty: true },
                        "Hosts and networks that are dialled without a parent.",
                    ),
                    key("parent_credentials", Kind::Text, "File with lines `host:port user:password`, mode 0600."),
                    key(
                        "egress",
                        Kind::List { of: &Kind::Format(&ADDRESS), may_be_empty: true },
                        "Our own addresses that connections leave from, one a family.",
                    ),
                    key(
                        "client_connections",
                        at_least(1),
                        "Most connections of one client at once; half of all by default.",
                    ),
                ],
            },
            "The HTTP(S) proxy.",
        ),
        section(
            "tls",
            &Shape {
                fields: &[
                    key("ca_cert", Kind::Text, "Interception CA, PEM; absent: made in data.dir on the first run."),
                    key("ca_key", Kind::Text, "Its key, PEM."),
                    key(
                        "extra_roots",
                        Kind::List { of: &Kind::Text, may_be_empty: true },
                        "Trusted upstream roots besides the system's store, PEM.",
                    ),
                ],
            },
            "TLS interception.",
        ),
        section(
            "mail",
            &Shape {
                fields: &[
                    key("listen", LISTENERS, "Addresses of the SMTP proxy; absent or empty: off."),
                    key(
                        "listen_tls",
                        LISTENERS,
                        "Addresses under TLS from the first byte on (465); absent or empty: off.",
                    ),
                    key("lmtp_listen", LISTENERS, "Addresses of the LMTP server; absent or empty: off."),
                    key("milter_listen", LISTENERS, "Addresses of the milter server; absent or empty: off."),
                    key("milter_socket", Kind::Text, "Its socket file, for mail servers of this host; absent: off."),
                    key("milter_socket_mode", Kind::Format(&MODE), "Who may open it; \"0660\" by default."),
                    key("milter_socket_group", Kind::Text, "The file's group; the gateway's own by default."),
                    key(
                        "milter_quarantine",
                        Kind::Word(&MILTER_QUARANTINE),
                        "Where mails of a milter wait: \"server\", on hold there, the default, or \"own\", here.",
                    ),
                    key("clients", CLIENTS, "Who may send; loopback and private addresses by default."),
                    key("next_hop", Kind::Format(&HOST_PORT), "The relay behind the gateway; without it mail is off."),
                    key("next_hop_tls", Kind::Word(&NEXT_HOP_TLS), "TLS towards it; \"opportunistic\" by default."),
                    key("cert", Kind::Text, "Certificate for STARTTLS towards clients, PEM."),
                    key("key", Kind::Text, "Its key, PEM."),
                    key(
                        "client_tls",
                        Kind::Word(&CLIENT_TLS),
                        "\"offer\" STARTTLS to clients, the default, or \"require\" it before any mail.",
                    ),
                    key(
                        "mend_lines",
                        NETWORKS,
                        "Clients whose bare CR and LF become line ends, where others are refused.",
                    ),
                    key(
                        "quarantine_reply",
                        Kind::Word(&QUARANTINE_REPLY),
                        "What senders of mails in quarantine are told: \"accept\" (250), the default, or \"refuse\" (550).",
                    ),
                    key(
                        "notify_senders",
                        Kind::Word(&NOTIFY_SENDERS),
                        "Senders that are told by mail: \"off\", of mail in quarantine, \"held\", or also blocked, \"all\".",
                    ),
                    key("notice_from", Kind::Format(&MAILBOX), "The address such mails come from."),
                    key(
                        "quarantine_days",
                        at_least(1),
                        "Mails in quarantine are let go after so many days; 30 by default.",
                    ),
                    key("sender_sessions", at_least(1), "Most sessions of one address at once; absent: any number."),
                    key("sender_connections_per_minute", at_least(1), "Most sessions one address begins a minute."),
                    key("sender_connections_per_day", at_least(1), "Most sessions one address begins a day."),
                    key("sender_mails_per_minute", at_least(1), "Most mails of one account or address a minute."),
                    key("sender_mails_per_day", at_least(1), "Most mails of one account or address a day."),
                    key(
                        "sender_recipients_per_minute",
                        at_least(1),
                        "Most recipients of one account or address a minute.",
                    ),
                    key("sender_recipients_per_day", at_least(1), "Most recipients of one account or address a day."),
                    key(
                        "proxy_protocol",
                        NETWORKS,
                        "Load balancers that begin every SMTP or LMTP connection with a PROXY protocol header.",
                    ),
                    key(
                        "trusted",
                        NETWORKS,
                        "Hosts that are believed what XFORWARD, XCLIENT and milters say of clients.",
                    ),
                    key(
                        "split_zones",
                        NETWORKS,
                        "Mail servers that are asked, by 452, to send to each zone in a mail of its own.",
                    ),
                    key(
                        "ambiguity_header",
                        Kind::Flag,
                        "Mails say in X-Chot-Ambiguity whether readers may disagree on them; false by default.",
                    ),
                    key("dkim", Kind::Tables(&DKIM), "Keys that mails of our own domains are signed with again."),
                    key("size_max", at_least(65_536), "Largest mail in bytes, announced as SIZE (RFC 1870)."),
                ],
            },
            "The SMTP proxy.",
        ),
        section(
            "inspect",
            &Shape {
                fields: &[
                    key("cache", Kind::Flag, "Keep the inspections of equal content; true by default."),
                    key(
                        "confined",
                        Kind::Flag,
                        "Leave unread what workers read where the kernel cannot confine them; false by default.",
                    ),
                    key(
                        "zero_numbers",
                        Kind::Flag,
                        "Redact numbers of JSON to zero; true by default. Otherwise such a message is blocked.",
                    ),
                    key(
                        "memory_bytes_max",
                        at_least(1 << 20),
                        "Bytes of bodies held in memory, all messages together; above it they go to encrypted files.",
                    ),
                    key("depth_max", Kind::Count { min: 1, max: 64 }, "Containers within containers."),
                    key("members_max", at_least(1), "Members of all containers of a message."),
                    key("inflated_bytes_max", at_least(1 << 20), "Bytes that decompression may produce per message."),
                    key("time_max_ms", Kind::Count { min: 100, max: 3_600_000 }, "Time per message, in milliseconds."),
                    key(
                        "print_time_max_ms",
                        Kind::Count { min: 0, max: 3_600_000 },
                        "Time for reading the writing on pictures per message, in milliseconds; 0 turns it off.",
                    ),
                    key(
                        "passwords",
                        Kind::List { of: &Kind::Text, may_be_empty: true },
                        "Tried on locked documents and archives; none by default.",
                    ),
                ],
            },
            "Bounds of inspection. Reaching one makes the rest opaque, never clean.",
        ),
        section(
            "identity",
            &Shape {
                fields: &[
                    key("users", Kind::Text, "File of users, written by `chot user`."),
                    key(
                        "required",
                        Kind::Flag,
                        "Whether whoever is not known by their address has to say who they are; true by default.",
                    ),
                    key("addresses", Kind::Text, "File with lines `address account [until]`."),
                    key(
                        "remember_s",
                        Kind::Count { min: 1, max: 3_600 },
                        "How long a password that was right is not checked again, in seconds; 300 by default.",
                    ),
                    section("ldap", &LDAP, "The directory that knows whoever the file of users does not."),
                    section("kerberos", &KERBEROS, "The key of the service that people show tickets to."),
                ],
            },
            "Who sends.",
        ),
        section(
            "icap",
            &Shape { fields: &[key("listen", LISTENERS, "Addresses of the ICAP server; absent or empty: off.")] },
            "ICAP.",
        ),
        section(
            "admin",
            &Shape { fields: &[key("listen", Kind::Format(&LISTEN), "Console, admin and metrics; absent: off.")] },
            "Console and administration.",
        ),
        section(
            "audit",
            &Shape {
                fields: &[
                    key("node", Kind::Id, "Name of this gateway in records."),
                    key(
                        "free_bytes_warn",
                        at_least(0),
                        "Free bytes on the disk below which the gateway warns, and takes no body too large for memory.",
                    ),
                    key("free_bytes_stop", at_least(0), "Free bytes on the disk below which nothing leaves."),
                    key("allow_days", Kind::Count { min: 1, max: 36_500 }, "Days after which plain allows are purged."),
                ],
            },
            "The ledger.",
        ),
    ],
};
