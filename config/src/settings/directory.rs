//! `[identity.ldap]`: the directory that knows accounts, and how it is asked.
//!
//! Nothing here asks it.

use std::path::{Path, PathBuf};

use super::shape::{host_port, key, must};
use crate::diagnostic::{Note, Problem, Report};
use crate::draft::{Format, Kind, Shape, Table, at, text, texts};

/// Ports of LDAP over TLS and of LDAP that begins in clear (RFC 4516 §2; RFC 8314 has no more to say of the former).
const PORT_TLS: u16 = 636;
const PORT_CLEAR: u16 = 389;
/// What stands for the name in `bind_as`.
const NAME: &str = "{name}";

/// A directory server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryServer {
    /// Name or address, without brackets: what its certificate must hold.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The connection begins in clear and becomes TLS by StartTLS before anything is said (RFC 4511 §4.14).
    pub starts_clear: bool,
}

impl DirectoryServer {
    /// Reads `ldaps://dc1.example.vn` and `ldap://dc1.example.vn:389`.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write ldaps://host or ldap://host (which then turns to TLS), perhaps with a port".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (starts_clear, usual) = match scheme {
            "ldaps" => (false, PORT_TLS),
            "ldap" => (true, PORT_CLEAR),
            _ => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'));
        let with_port = if has_port { rest.to_owned() } else { format!("{rest}:{usual}") };
        let (host, port) = host_port(&with_port)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self { host: host.to_owned(), port, starts_clear })
    }
}

/// `[identity.ldap]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorySettings {
    /// Asked in this order; the next one when one cannot be reached.
    pub servers: Vec<DirectoryServer>,
    /// Below this entry the accounts are.
    pub base: String,
    /// The attribute with the name of an account.
    pub name: String,
    /// What an account logs in as, around its name; `None`: the reader looks for its entry first.
    pub bind_as: Option<(String, String)>,
    /// Who may search, and the file with the password.
    pub reader: Option<(String, PathBuf)>,
    /// The attribute of an account with the groups it is in.
    pub groups: String,
    /// Below this entry groups are searched whose `group_member` is the account.
    pub group_base: Option<String>,
    /// The attribute of a group with its members.
    pub group_member: String,
}

const SERVER: Format = Format {
    noun: "a directory server such as `ldaps://ldap.example.vn`",
    check: |text| DirectoryServer::parse(text).map(drop),
};
const ATTRIBUTE: Format = Format {
    noun: "an attribute such as `uid`",
    check: |text| if is_attribute(text) { Ok(()) } else { Err("a name has letters, digits and hyphens".to_owned()) },
};
const MEMBER: Format = Format {
    noun: "an attribute such as `member`",
    check: |text| {
        let (attribute, rule) = text.split_once(':').unwrap_or((text, ""));
        let is_rule = rule.is_empty() || rule.strip_suffix(':').is_some_and(is_attribute);
        let wrong = "write an attribute, perhaps with a rule, as in `member:1.2.840.113556.1.4.1941:`";
        if is_attribute(attribute) && is_rule { Ok(()) } else { Err(wrong.to_owned()) }
    },
};
const BIND_AS: Format = Format {
    noun: "a name to log in with such as `uid={name},ou=people,dc=example,dc=vn`",
    check: |text| {
        let is_one = text.matches(NAME).count() == 1;
        if is_one { Ok(()) } else { Err("`{name}` stands in it once, where the name of the account comes".to_owned()) }
    },
};

/// Names and numbers of attributes (RFC 4512 §2.5).
fn is_attribute(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// The keys.
pub(super) const LDAP: Shape = Shape {
    fields: &[
        must(
            "servers",
            Kind::List { of: &Kind::Format(&SERVER), may_be_empty: false },
            "Servers, asked in turn: `ldaps://host`, or `ldap://host` which turns to TLS before anything is said.",
        ),
        must("base", Kind::Text, "Below this entry the accounts are."),
        key("name", Kind::Format(&ATTRIBUTE), "The attribute with the name of an account; `uid` by default."),
        key("bind_as", Kind::Format(&BIND_AS), "What an account logs in as; absent: the reader looks for its entry."),
        key("reader", Kind::Text, "Who may search."),
        key("reader_password", Kind::Text, "File with the password of the reader, mode 0600 or 0640."),
        key("groups", Kind::Format(&ATTRIBUTE), "The attribute with the groups of an account; `memberOf` by default."),
        key("group_base", Kind::Text, "Below this entry groups are searched whose `group_member` is the account."),
        key("group_member", Kind::Format(&MEMBER), "The attribute with the members of a group; `member` by default."),
    ],
};

const SECTION: [&str; 2] = ["identity", "ldap"];

/// Reads the section; `None` where there is none, or what has to be there is not.
pub(super) fn read(root: &Table<'_>, folder: &Path) -> Option<DirectorySettings> {
    let said = |name: &'static str| text(root, &[SECTION[0], SECTION[1], name]);
    let servers = texts(root, &[SECTION[0], SECTION[1], "servers"])?;
    let reader = said("reader").zip(said("reader_password"));
    let or = |name: &'static str, default: &str| said(name).unwrap_or(default).to_owned();
    Some(DirectorySettings {
        servers: servers.into_iter().filter_map(|(server, _)| DirectoryServer::parse(server).ok()).collect(),
        base: said("base")?.to_owned(),
        name: or("name", "uid"),
        bind_as: said("bind_as").and_then(|text| text.split_once(NAME)).map(|(a, b)| (a.to_owned(), b.to_owned())),
        reader: reader.map(|(name, file)| (name.to_owned(), folder.join(file))),
        groups: or("groups", "memberOf"),
        group_base: said("group_base").map(str::to_owned),
        group_member: or("group_member", "member"),
    })
}

/// What the keys mean together.
pub(super) fn together(root: &Table<'_>, report: &mut Report<'_>) {
    let Some(section) = at(root, &SECTION) else { return };
    let place = |name: &'static str| at(root, &[SECTION[0], SECTION[1], name]).map(|value| value.span());
    for (here, missing) in [("reader", "reader_password"), ("reader_password", "reader")] {
        if let (Some(span), None) = (place(here), place(missing)) {
            let message = format!("`identity.ldap.{here}` needs `identity.ldap.{missing}`");
            report.push(Note::error(Problem::Conflict, span, message).help("name both, or neither"));
        }
    }
    if place("reader").is_none() && place("bind_as").is_none() {
        let note = Note::error(Problem::Conflict, section.span(), "nobody can log in: there is no way to an entry");
        report.push(note.help("say what accounts log in as (`bind_as`), or who may search for them (`reader`)"));
    }
    if let (Some(span), None) = (place("group_member"), place("group_base")) {
        report.push(Note::warning(Problem::NoEffect, span, "no groups are searched without `group_base`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let server =
            |host: &str, port, starts_clear| Some(DirectoryServer { host: host.to_owned(), port, starts_clear });
        for (text, expected) in [
            ("ldaps://ldap.example.vn", server("ldap.example.vn", 636, false)),
            ("ldaps://ldap.example.vn/", server("ldap.example.vn", 636, false)),
            ("ldap://10.1.2.3", server("10.1.2.3", 389, true)),
            ("ldap://10.1.2.3:3389", server("10.1.2.3", 3389, true)),
            ("ldaps://[fd00::1]", server("fd00::1", 636, false)),
            ("ldaps://[fd00::1]:1636", server("fd00::1", 1636, false)),
            ("ldapi:///run/ldap", None),
            ("ldap.example.vn", None),
            ("ldaps://", None),
            ("ldaps://a b", None),
            ("ldaps://a:0", None),
        ] {
            assert_eq!(DirectoryServer::parse(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn attributes_and_rules() {
        for (text, is_one) in [
            ("member", true),
            ("memberUid", true),
            ("member:1.2.840.113556.1.4.1941:", true),
            ("member:1.2", false),
            ("", false),
            ("a)(b", false),
        ] {
            assert_eq!((MEMBER.check)(text).is_ok(), is_one, "{text}");
        }
    }
}
