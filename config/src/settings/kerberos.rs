//! `[identity.kerberos]`: the key that tickets are made for, and whose tickets count.
//!
//! Nothing here reads a key.

use std::path::{Path, PathBuf};

use super::shape::{key, must};
use crate::diagnostic::{Note, Problem, Report};
use crate::draft::{Format, Kind, Shape, Table, Words, at, text, texts};

/// What browsers ask tickets for (RFC 4559 §4.1: the service is `HTTP`, whatever the scheme).
const SERVICE_BEGINS: &str = "HTTP/";
/// The record of tickets that were shown, below `data.dir`.
const REPLAYS: &str = "kerberos.rcache2";

/// `[identity.kerberos]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerberosSettings {
    /// File with the key of the service.
    pub keytab: PathBuf,
    /// The service, as in `HTTP/proxy.example.vn@EXAMPLE.VN`.
    pub service: String,
    /// Whose people are accounts here.
    pub realms: Vec<String>,
    /// Accounts are called `an.nguyen@EXAMPLE.VN`, not `an.nguyen`.
    pub is_realm_named: bool,
    /// File that remembers which tickets were shown.
    pub replays: PathBuf,
}

/// Realm of `HTTP/host@REALM`.
fn realm_of(service: &str) -> Option<&str> {
    let (host, realm) = service.strip_prefix(SERVICE_BEGINS)?.split_once('@')?;
    (crate::host::normalise(host).is_some() && is_realm(realm)).then_some(realm)
}

/// Realms in the style of domains (RFC 4120 §6.1), which all of MIT's and Microsoft's are.
fn is_realm(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

const SERVICE: Format = Format {
    noun: "a service such as `HTTP/proxy.example.vn@EXAMPLE.VN`",
    check: |text| {
        let wrong = || "browsers ask for `HTTP/`, the name they know the proxy by, `@` and its realm".to_owned();
        realm_of(text).map(drop).ok_or_else(wrong)
    },
};
const REALM: Format = Format {
    noun: "a realm such as `EXAMPLE.VN`",
    check: |text| if is_realm(text) { Ok(()) } else { Err("write the realm only, without `@`".to_owned()) },
};
const NAMED: &str = "name@realm";
const ACCOUNTS: Words = Words { noun: "form of names", problem: Problem::UnknownWord, all: &["name", NAMED] };

pub(super) const KERBEROS: Shape = Shape {
    fields: &[
        must("keytab", Kind::Text, "File with the key of the service, mode 0600 or 0640."),
        must("service", Kind::Format(&SERVICE), "What browsers ask tickets for: `HTTP/host@REALM`."),
        key(
            "realms",
            Kind::List { of: &Kind::Format(&REALM), may_be_empty: false },
            "Whose people are accounts here; the realm of the service by default.",
        ),
        key("accounts", Kind::Word(&ACCOUNTS), "\"name\", the default, or \"name@realm\"."),
    ],
};

const SECTION: [&str; 2] = ["identity", "kerberos"];

/// Reads the section; `None` where there is none, or what has to be there is not.
pub(super) fn read(root: &Table<'_>, folder: &Path, data_dir: &Path) -> Option<KerberosSettings> {
    let said = |name: &'static str| text(root, &[SECTION[0], SECTION[1], name]);
    let service = said("service")?;
    let realms: Vec<String> = match texts(root, &[SECTION[0], SECTION[1], "realms"]) {
        Some(realms) => realms.into_iter().map(|(realm, _)| realm.to_owned()).collect(),
        None => vec![realm_of(service)?.to_owned()],
    };
    Some(KerberosSettings {
        keytab: folder.join(said("keytab")?),
        service: service.to_owned(),
        realms,
        is_realm_named: said("accounts") == Some(NAMED),
        replays: data_dir.join(REPLAYS),
    })
}

/// What the keys mean together.
pub(super) fn together(root: &Table<'_>, settings: Option<&KerberosSettings>, report: &mut Report<'_>) {
    let Some(settings) = settings else { return };
    if let (Some(realms), true, false) =
        (at(root, &[SECTION[0], SECTION[1], "realms"]), settings.realms.len() > 1, settings.is_realm_named)
    {
        let message = "two people of one name, in two realms, would be one account";
        let note = Note::error(Problem::Conflict, realms.span(), message);
        report.push(note.help("set accounts = \"name@realm\", or list one realm"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        for (service, realm) in [
            ("HTTP/proxy.example.vn@EXAMPLE.VN", Some("EXAMPLE.VN")),
            ("HTTP/proxy@BHXH", Some("BHXH")),
            ("http/proxy.example.vn@EXAMPLE.VN", None),
            ("host/proxy.example.vn@EXAMPLE.VN", None),
            ("HTTP/proxy.example.vn", None),
            ("HTTP/proxy.example.vn@", None),
            ("HTTP/@EXAMPLE.VN", None),
            ("HTTP/proxy@A@B", None),
            ("HTTP/a/b@A", None),
        ] {
            assert_eq!(realm_of(service), realm, "{service}");
        }
    }
}
