//! From the settings file to [`Settings`]: first the shape, then what the values mean together.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};

use chot_model::Secret;

use super::reach::Exempt;
use super::shape::{SETTINGS, file_mode};
use super::{
    AllowedTarget, ClientTls, Direct, DkimKey, IdentitySettings, MilterQuarantine, NextHopTls, NotifySenders, Parents,
    Ports, QuarantineReply, Rate, SenderLimits, Settings,
};
use super::{directory, kerberos};
use crate::diagnostic::{Diagnostics, FileKind, Note, Problem, Report};
use crate::draft::{Table, at, count, flag, mend, parse, tables, text, texts, walk};
use crate::host::HostPattern;
use crate::network::Network;

pub(super) fn check(text_: &str, file: &Path) -> Result<(Settings, Diagnostics), Diagnostics> {
    let mut report = Report::new(text_, FileKind::Settings);
    let mended = mend(text_, &mut report);
    let root = parse(&mended);
    walk(root.get_ref(), 0..0, &SETTINGS, "in the file", &mut report);
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let settings = read(root.get_ref(), folder);
    together(root.get_ref(), &settings, &mut report);
    let file = file.display().to_string();
    if report.has_errors() {
        return Err(report.finish(&file));
    }
    Ok((settings, report.finish(&file)))
}

/// Reads everything that can be read; what cannot was reported by the walk and keeps its default.
fn read(root: &Table<'_>, folder: &Path) -> Settings {
    let path = |keys: &[&str]| text(root, keys).map(|p| folder.join(p));
    let mut s = Settings::quiet(path(&["data", "dir"]).unwrap_or_else(|| folder.join("chot-data")));
    s.policy_file = path(&["policy", "file"]);
    s.web.listen = parsed(root, &["web", "listen"]).unwrap_or_default();
    s.web.listen_tls = parsed(root, &["web", "listen_tls"]).unwrap_or_default();
    set(&mut s.web.clients, parsed(root, &["web", "clients"]));
    s.web.allow_targets = targets(root, "allow_targets");
    s.web.allow_opaque = targets(root, "allow_opaque");
    s.web.resolve = addresses(root);
    let ports = texts(root, &["web", "ports"]);
    set(&mut s.web.ports, ports.map(|ports| ports.into_iter().filter_map(|(p, _)| Ports::parse(p).ok()).collect()));
    set(&mut s.web.name, text(root, &["web", "name"]).and_then(crate::host::normalise));
    let direct = texts(root, &["web", "pac_direct"]).unwrap_or_default();
    s.web.pac_direct = direct.into_iter().filter_map(|(place, _)| Direct::parse(place).ok()).collect();
    s.web.bypass = path(&["web", "bypass"]);
    s.identity.users = path(&["identity", "users"]);
    s.identity.addresses = path(&["identity", "addresses"]);
    set(&mut s.identity.required, flag(root, &["identity", "required"]));
    set(&mut s.identity.remember_s, count(root, &["identity", "remember_s"]));
    s.identity.directory = directory::read(root, folder);
    s.identity.kerberos = kerberos::read(root, folder, &s.data_dir);
    s.web.transparent = parsed(root, &["web", "transparent"]).unwrap_or_default();
    s.web.tproxy = parsed(root, &["web", "tproxy"]).unwrap_or_default();
    s.web.proxy_protocol = parsed(root, &["web", "proxy_protocol"]).unwrap_or_default();
    s.web.parents = parents(root, |_, _| {});
    s.web.parent_credentials = path(&["web", "parent_credentials"]);
    s.web.egress = parsed(root, &["web", "egress"]).unwrap_or_default();
    s.web.client_connections = count(root, &["web", "client_connections"]).and_then(|n| n.try_into().ok());
    s.tls.ca_cert = path(&["tls", "ca_cert"]);
    s.tls.ca_key = path(&["tls", "ca_key"]);
    let roots = texts(root, &["tls", "extra_roots"]).unwrap_or_default();
    s.tls.extra_roots = roots.into_iter().map(|(p, _)| folder.join(p)).collect::<Vec<PathBuf>>();
    s.mail.listen = parsed(root, &["mail", "listen"]).unwrap_or_default();
    set(&mut s.mail.clients, parsed(root, &["mail", "clients"]));
    s.mail.next_hop = text(root, &["mail", "next_hop"]).map(str::to_owned);
    let tls = text(root, &["mail", "next_hop_tls"]);
    set(&mut s.mail.next_hop_tls, tls.and_then(|w| NextHopTls::WORDS.iter().find(|(k, _)| *k == w)).map(|(_, t)| *t));
    s.mail.cert = path(&["mail", "cert"]);
    s.mail.key = path(&["mail", "key"]);
    if text(root, &["mail", "client_tls"]) == Some("require") {
        s.mail.client_tls = ClientTls::Require;
    }
    s.mail.listen_tls = parsed(root, &["mail", "listen_tls"]).unwrap_or_default();
    s.mail.lmtp_listen = parsed(root, &["mail", "lmtp_listen"]).unwrap_or_default();
    s.mail.milter_listen = parsed(root, &["mail", "milter_listen"]).unwrap_or_default();
    s.mail.milter_socket = path(&["mail", "milter_socket"]);
    set(
        &mut s.mail.milter_socket_mode,
        text(root, &["mail", "milter_socket_mode"]).and_then(|mode| file_mode(mode).ok()),
    );
    s.mail.milter_socket_group = text(root, &["mail", "milter_socket_group"]).map(str::to_owned);
    if text(root, &["mail", "milter_quarantine"]) == Some("own") {
        s.mail.milter_quarantine = MilterQuarantine::Own;
    }
    s.mail.trusted = parsed(root, &["mail", "trusted"]).unwrap_or_default();
    s.mail.proxy_protocol = parsed(root, &["mail", "proxy_protocol"]).unwrap_or_default();
    s.mail.split_zones = parsed(root, &["mail", "split_zones"]).unwrap_or_default();
    let limit = |key: &str| count(root, &["mail", key]).and_then(|n| n.try_into().ok());
    let rate = |of: &str| Rate {
        per_minute: limit(&format!("sender_{of}_per_minute")),
        per_day: limit(&format!("sender_{of}_per_day")),
    };
    s.mail.limits = SenderLimits {
        sessions: limit("sender_sessions"),
        connections: rate("connections"),
        mails: rate("mails"),
        recipients: rate("recipients"),
    };
    if text(root, &["mail", "quarantine_reply"]) == Some("refuse") {
        s.mail.quarantine_reply = QuarantineReply::Refuse;
    }
    s.mail.notify_senders = match text(root, &["mail", "notify_senders"]) {
        Some("held") => NotifySenders::Held,
        Some("all") => NotifySenders::All,
        _ => NotifySenders::Off,
    };
    s.mail.notice_from = text(root, &["mail", "notice_from"]).map(str::to_owned);
    set(&mut s.mail.quarantine_days, count(root, &["mail", "quarantine_days"]).and_then(|n| n.try_into().ok()));
    set(&mut s.mail.ambiguity_header, flag(root, &["mail", "ambiguity_header"]));
    s.mail.dkim = dkim_keys(root, folder);
    s.mail.mend_lines = parsed(root, &["mail", "mend_lines"]).unwrap_or_default();
    set(&mut s.mail.size_max, count(root, &["mail", "size_max"]));
    set(&mut s.inspect.cache, flag(root, &["inspect", "cache"]));
    set(&mut s.inspect.confined, flag(root, &["inspect", "confined"]));
    set(&mut s.inspect.zero_numbers, flag(root, &["inspect", "zero_numbers"]));
    let inspect = |key: &str| count(root, &["inspect", key]);
    set(&mut s.inspect.memory_bytes_max, inspect("memory_bytes_max"));
    set(&mut s.inspect.depth_max, inspect("depth_max").and_then(|n| n.try_into().ok()));
    set(&mut s.inspect.members_max, inspect("members_max"));
    set(&mut s.inspect.inflated_bytes_max, inspect("inflated_bytes_max"));
    set(&mut s.inspect.time_max_ms, inspect("time_max_ms"));
    set(&mut s.inspect.print_time_max_ms, inspect("print_time_max_ms"));
    let passwords = texts(root, &["inspect", "passwords"]).unwrap_or_default();
    s.inspect.passwords = passwords.into_iter().map(|(p, _)| Secret::new(p)).collect();
    s.icap_listen = parsed(root, &["icap", "listen"]).unwrap_or_default();
    s.admin_listen = text(root, &["admin", "listen"]).and_then(|a| a.parse().ok());
    set(&mut s.audit.node, text(root, &["audit", "node"]).map(str::to_owned));
    let audit = |key: &str| count(root, &["audit", key]);
    set(&mut s.audit.free_bytes_warn, audit("free_bytes_warn"));
    set(&mut s.audit.free_bytes_stop, audit("free_bytes_stop"));
    set(&mut s.audit.allow_days, audit("allow_days").and_then(|n| n.try_into().ok()));
    s
}

/// Replaces a default by what the file says.
fn set<T>(default: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *default = said;
    }
}

fn parsed<T: std::str::FromStr>(root: &Table<'_>, path: &[&str]) -> Option<Vec<T>> {
    Some(texts(root, path)?.into_iter().filter_map(|(t, _)| t.parse().ok()).collect())
}

fn targets(root: &Table<'_>, key: &str) -> Vec<AllowedTarget> {
    let listed = texts(root, &["web", key]).unwrap_or_default();
    listed.into_iter().filter_map(|(t, _)| AllowedTarget::parse(t).ok()).collect()
}

fn addresses(root: &Table<'_>) -> Vec<(String, IpAddr)> {
    let named = at(root, &["web", "resolve"]).and_then(|value| value.get_ref().as_table());
    let named = named.into_iter().flat_map(|table| table.iter());
    named
        .filter_map(|(host, to)| Some((host.get_ref().to_ascii_lowercase(), to.get_ref().as_str()?.parse().ok()?)))
        .collect()
}

/// The proxies behind us. `twice` is told of hosts that have two ways.
fn parents(root: &Table<'_>, mut twice: impl FnMut(&str, Range<usize>)) -> Parents {
    let mut parents = Parents::default();
    if let Some(server) = text(root, &["web", "parent"]) {
        parents.for_others(server);
    }
    let web = at(root, &["web"]).and_then(|web| web.get_ref().as_table());
    for (table, _) in web.map(|web| tables(web, "parents")).unwrap_or_default() {
        let Some(server) = text(table, &["parent"]) else { continue };
        for (host, span) in texts(table, &["hosts"]).unwrap_or_default() {
            if HostPattern::parse(host).is_ok_and(|pattern| parents.for_hosts(pattern, server)) {
                twice(host, span);
            }
        }
    }
    for (place, span) in texts(root, &["web", "no_parent"]).unwrap_or_default() {
        if Exempt::parse(place).is_ok_and(|exempt| parents.without(exempt)) {
            twice(place, span);
        }
    }
    parents
}

fn dkim_keys(root: &Table<'_>, folder: &Path) -> Vec<DkimKey> {
    let mail = at(root, &["mail"]).and_then(|mail| mail.get_ref().as_table());
    let listed = mail.map(|mail| tables(mail, "dkim")).unwrap_or_default();
    let key = |(table, _): (&Table<'_>, _)| {
        let selector = text(table, &["selector"])?.to_owned();
        Some(DkimKey {
            domain: crate::host::normalise(text(table, &["domain"])?)?,
            selector,
            file: folder.join(text(table, &["key"])?),
        })
    };
    listed.into_iter().filter_map(key).collect()
}

/// What the keys mean together.
fn together(root: &Table<'_>, s: &Settings, report: &mut Report<'_>) {
    for (one, other) in [(["tls", "ca_cert"], ["tls", "ca_key"]), (["mail", "cert"], ["mail", "key"])] {
        for (here, missing) in [(one, other), (other, one)] {
            if let (Some(value), None) = (at(root, &here), at(root, &missing)) {
                let message = format!("`{}` needs `{}`", here.join("."), missing.join("."));
                report.push(Note::error(Problem::Conflict, value.span(), message).help("name both files, or neither"));
            }
        }
    }
    if s.audit.free_bytes_stop > s.audit.free_bytes_warn {
        let place = at(root, &["audit", "free_bytes_stop"]).or_else(|| at(root, &["audit", "free_bytes_warn"]));
        let message = format!(
            "`free_bytes_stop` ({}) is above `free_bytes_warn` ({}): the gateway would stop before it warns",
            s.audit.free_bytes_stop, s.audit.free_bytes_warn
        );
        report.push(Note::error(Problem::Conflict, place.map_or(0..0, |v| v.span()), message));
    }
    same_listener(root, report);
    clients(root, report);
    if let (Some(value), ClientTls::Require, None) =
        (at(root, &["mail", "client_tls"]), s.mail.client_tls, &s.mail.cert)
    {
        let note = Note::error(Problem::Conflict, value.span(), "no mail can come: STARTTLS needs `mail.cert`");
        report.push(note.help("name a certificate and its key"));
    }
    if let (Some(value), false, None) = (at(root, &["mail", "listen_tls"]), s.mail.listen_tls.is_empty(), &s.mail.cert)
    {
        let note = Note::error(Problem::Conflict, value.span(), "nobody can be spoken to: TLS needs `mail.cert`");
        report.push(note.help("name a certificate and its key"));
    }
    milter(root, s, report);
    if let (Some(value), true, None) =
        (at(root, &["mail", "notify_senders"]), s.mail.notify_senders != NotifySenders::Off, &s.mail.notice_from)
    {
        let note = Note::error(Problem::Conflict, value.span(), "nobody writes: `mail.notice_from` is absent");
        report.push(note.help("name the address, as in notice_from = \"chot@vss.gov.vn\""));
    }
    parents(root, |host, span| {
        let message = format!("`{host}` has two ways out: another parent, or one and none");
        report.push(Note::error(Problem::Conflict, span, message).help("name each host once"));
    });
    two_of_a_family(root, report);
    directory::together(root, report);
    kerberos::together(root, s.identity.kerberos.as_ref(), report);
    let IdentitySettings { users, directory, kerberos, .. } = &s.identity;
    if let (Some(value), None, None, None) = (at(root, &["identity", "required"]), users, directory, kerberos) {
        let message = "nobody can be asked without `identity.users`, `identity.ldap` or `identity.kerberos`";
        report.push(Note::warning(Problem::NoEffect, value.span(), message));
    }
    if let (Some(value), true) = (at(root, &["web", "parent_credentials"]), s.web.parents.servers().is_empty()) {
        report.push(Note::warning(Problem::NoEffect, value.span(), "there is no parent that could ask for these"));
    }
    for (key, list) in
        [("listen", &s.mail.listen), ("listen_tls", &s.mail.listen_tls), ("lmtp_listen", &s.mail.lmtp_listen)]
    {
        if let (Some(value), false, None) = (at(root, &["mail", key]), list.is_empty(), &s.mail.next_hop) {
            let note = Note::warning(Problem::NoEffect, value.span(), "mail is off: there is no `mail.next_hop`");
            report.push(note.help("name the relay that takes the mail, as in next_hop = \"relay.example.vn:25\""));
        }
    }
    if let (Some(value), false) = (at(root, &["icap", "listen"]), s.icap_listen.is_empty()) {
        let note =
            Note::warning(Problem::NoEffect, value.span(), "this build has no ICAP listener: nothing listens here");
        report.push(note.help("leave the list empty, and send clients to the HTTP proxy"));
    }
    for key in ["allow_targets", "allow_opaque"] {
        for (target, span) in texts(root, &["web", key]).unwrap_or_default() {
            if let Ok(AllowedTarget::Network(network, _)) = AllowedTarget::parse(target) {
                host_bits(network, span.clone(), report);
                if network.prefix == 0 {
                    let message = format!("`{key}` lists every address there is");
                    report.push(Note::warning(Problem::Unsafe, span, message).help("list only the targets you need"));
                }
            }
        }
    }
}

/// What the milter server needs besides an address.
fn milter(root: &Table<'_>, s: &Settings, report: &mut Report<'_>) {
    let has_listener = !s.mail.milter_listen.is_empty();
    if let (Some(value), true, true) = (at(root, &["mail", "milter_listen"]), has_listener, s.mail.trusted.is_empty()) {
        let note = Note::error(Problem::Conflict, value.span(), "no mail server may ask: `mail.trusted` is empty");
        report.push(note.help("list the mail servers that ask, as in trusted = [\"127.0.0.1\"]"));
    }
    for key in ["milter_socket_mode", "milter_socket_group"] {
        if let (Some(value), None) = (at(root, &["mail", key]), &s.mail.milter_socket) {
            report.push(Note::warning(Problem::NoEffect, value.span(), "there is no `mail.milter_socket`"));
        }
    }
    let own = s.mail.milter_quarantine == MilterQuarantine::Own;
    let is_proxy = s.mail.next_hop.is_some()
        && [&s.mail.listen, &s.mail.listen_tls, &s.mail.lmtp_listen].iter().any(|list| !list.is_empty());
    if let (Some(value), true, false) = (at(root, &["mail", "milter_quarantine"]), own, is_proxy) {
        let note =
            Note::error(Problem::Conflict, value.span(), "what is released has no way out without the SMTP proxy");
        report.push(note.help("set `mail.listen` and `mail.next_hop`, or leave mails on hold at the mail server"));
    }
}

/// Two listeners cannot have the same address. Port 0 is any free port.
fn same_listener(root: &Table<'_>, report: &mut Report<'_>) {
    let mut seen: Vec<(SocketAddr, String)> = Vec::new();
    let keys = [
        ["web", "listen"],
        ["web", "listen_tls"],
        ["web", "transparent"],
        ["web", "tproxy"],
        ["mail", "listen"],
        ["mail", "listen_tls"],
        ["mail", "lmtp_listen"],
        ["mail", "milter_listen"],
        ["icap", "listen"],
        ["admin", "listen"],
    ];
    let listeners = keys.into_iter().flat_map(|key| {
        let one = at(root, &key);
        let one = one.and_then(|v| Some((v.get_ref().as_str()?, v.span())));
        let all = texts(root, &key).unwrap_or_default();
        one.into_iter().chain(all).map(move |(text, span)| (key.join("."), text, span))
    });
    for (key, text, span) in listeners {
        let Some(address) = text.parse::<SocketAddr>().ok().filter(|a| a.port() != 0) else { continue };
        match seen.iter().find(|(a, _)| *a == address) {
            Some((_, other)) => {
                let message = format!("`{key}` and `{other}` have the same address `{address}`");
                report.push(Note::error(Problem::DuplicateId, span, message).help("give each its own port"));
            }
            None => seen.push((address, key)),
        }
    }
}

/// Connections of a family leave from one address.
fn two_of_a_family(root: &Table<'_>, report: &mut Report<'_>) {
    let mut seen = [false; 2];
    for (text, span) in texts(root, &["web", "egress"]).unwrap_or_default() {
        let Ok(address) = text.parse::<IpAddr>() else { continue };
        let family = usize::from(address.is_ipv6());
        if std::mem::replace(&mut seen[family], true) {
            let message = "two addresses of one family: connections leave from the first".to_owned();
            report.push(Note::error(Problem::Conflict, span, message).help("list one IPv4 and one IPv6 address"));
        }
    }
}

/// A relay or proxy for everybody is what a gateway must never become.
fn clients(root: &Table<'_>, report: &mut Report<'_>) {
    for (section, key) in [("web", "clients"), ("mail", "clients"), ("mail", "trusted"), ("mail", "proxy_protocol")] {
        for (text, span) in texts(root, &[section, key]).unwrap_or_default() {
            let Ok(network) = text.parse::<Network>() else { continue };
            host_bits(network, span.clone(), report);
            if network.prefix == 0 {
                report.push(match (section, key) {
                    ("mail", "trusted" | "proxy_protocol") => {
                        Note::error(Problem::Unsafe, span, "any host could say who its client is")
                            .help("list the mail servers in front of the gateway")
                    }
                    ("mail", _) => Note::error(Problem::Unsafe, span, "every host could send mail here: an open relay")
                        .help("list your own networks"),
                    _ => Note::warning(Problem::Unsafe, span, "every host may use the proxy")
                        .help("list your own networks"),
                });
            }
        }
    }
}

fn host_bits(network: Network, span: Range<usize>, report: &mut Report<'_>) {
    if network.has_host_bits() {
        let first = Network { address: network.first(), ..network };
        let message = format!("`{network}` has bits beyond its prefix");
        report.push(Note::warning(Problem::BadFormat, span, message).label(format!("it means `{first}`")));
    }
}
