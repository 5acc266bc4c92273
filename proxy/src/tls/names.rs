//! The names a certificate stands for, as far as they concern a web client: DNS names and addresses.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;

/// How many names of an upstream certificate are copied. Certificates with more exist only in theory; the host that
/// was asked for is always among those kept.
const NAMES_MAX: usize = 1_000;

/// DNS names (lower case, perhaps with a `*` as first label) and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// DNS names.
    pub dns: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// The common name of the subject, when there is one.
    pub common_name: Option<String>,
}

impl Names {
    /// The names of a certificate. One that cannot be read has none.
    pub fn of(cert: &CertificateDer<'_>) -> Self {
        let Ok((_, cert)) = x509_parser::parse_x509_certificate(cert) else { return Self::default() };
        let mut names = Self::default();
        if let Ok(Some(alternatives)) = cert.subject_alternative_name() {
            for name in alternatives.value.general_names.iter().take(NAMES_MAX) {
                match name {
                    GeneralName::DNSName(name) if name.is_ascii() => names.dns.push(name.to_ascii_lowercase()),
                    GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        names.common_name =
            cert.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
        names
    }

    /// Only `host`.
    pub fn only(host: &str) -> Self {
        let mut names = Self::default();
        names.add(host);
        names
    }

    /// Adds `host` unless it is covered already.
    pub fn add(&mut self, host: &str) {
        if self.covers(host) {
            return;
        }
        match host.parse() {
            Ok(address) => self.addresses.push(address),
            Err(_) => self.dns.push(host.to_ascii_lowercase()),
        }
    }

    /// Whether a client that asked for `host` (a name in lower case or an address without brackets) is satisfied. A
    /// `*` stands for one whole first label (RFC 9525 §6.3).
    pub fn covers(&self, host: &str) -> bool {
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        self.dns.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => name == host,
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok().or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_label() {
        let names = Names {
            dns: vec!["*.zalo.me".into(), "zalo.example".into()],
            addresses: vec![[192, 0, 2, 1].into()],
            common_name: None,
        };
        for (host, covered) in [
            ("chat.zalo.me", true),
            ("chat.zalo.me.", true),
            ("a.chat.zalo.me", false),
            ("zalo.me", false),
            (".zalo.me", false),
            ("zalo.example", true),
            ("azalo.example", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("", false),
        ] {
            assert_eq!(names.covers(host), covered, "{host}");
        }
    }

    #[test]
    fn an_address_becomes_an_address_and_not_a_name() {
        let names = Names::only("2001:db8::1");
        assert!(names.dns.is_empty() && names.covers("2001:db8::1"));
    }
}
