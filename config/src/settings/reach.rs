//! Where connections may go out to, and by which way: ports, parent proxies, our own addresses.
//!
//! What may be sent there is the policy's. Nothing here resolves a name.

use std::net::{IpAddr, Ipv4Addr};

use crate::host::{HostMap, HostPattern};
use crate::network::Network;

/// A port or a range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl Ports {
    /// The web's own ports and what has no service of the system behind it: neither SMTP nor SSH, telnet or LDAP, which
    /// would take lines of a request for commands.
    pub(super) const USUAL: [Self; 3] =
        [Self { first: 80, last: 80 }, Self { first: 443, last: 443 }, Self { first: 1_024, last: u16::MAX }];

    /// Reads `443` or `1024-65535`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (super::shape::port_number(first)?, super::shape::port_number(last)?);
        if first > last {
            return Err("the first port is above the last".to_owned());
        }
        Ok(Self { first, last })
    }

    /// Whether `port` is one of them.
    pub fn contains(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// A place that clients reach without the proxy, for the PAC file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direct {
    /// This host.
    Host(String),
    /// This host and every host below it.
    Below(String),
    /// IPv4 addresses: the first, and the mask.
    Network(Ipv4Addr, Ipv4Addr),
}

impl Direct {
    /// Reads `*.vss.gov.vn`, `kho.vss.gov.vn`, `10.0.0.0/8`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse::<Network>() {
            let IpAddr::V4(first) = network.first() else {
                return Err("PAC files know no IPv6 networks".to_owned());
            };
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(network.prefix))).unwrap_or(0);
            return Ok(Self::Network(first, mask.into()));
        }
        let pattern = HostPattern::parse(text)?;
        let (name, below) = pattern.parts();
        Ok(if below { Self::Below(name.to_owned()) } else { Self::Host(name.to_owned()) })
    }
}

/// Which parent proxy leads to a host. The most specific host pattern answers, then networks, then the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parents {
    servers: Vec<String>,
    /// `None`: no parent.
    hosts: HostMap<Option<usize>>,
    /// Addresses reached without one.
    direct: Vec<Network>,
    others: Option<usize>,
}

/// A place of `no_parent`: hosts or addresses.
pub(super) enum Exempt {
    Hosts(HostPattern),
    Network(Network),
}

impl Exempt {
    /// Reads `*.vss.gov.vn`, `kho.vss.gov.vn`, `10.0.0.0/8`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(network) => Ok(Self::Network(network)),
            Err(_) => HostPattern::parse(text).map(Self::Hosts),
        }
    }
}

impl Parents {
    /// Every parent, as `host:port`, or `https://host:port` where it is spoken to over TLS.
    pub fn servers(&self) -> &[String] {
        &self.servers
    }

    /// The parent that leads to `host`, a name in lower case or an address without brackets, by its place in
    /// [`Self::servers`]. `None`: the host is connected to directly.
    pub fn of(&self, host: &str) -> Option<usize> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return if self.direct.iter().any(|network| network.contains(address)) { None } else { self.others };
        }
        self.hosts.get(host).unwrap_or(self.others)
    }

    /// Adds a parent for everything that has none of its own.
    pub(super) fn for_others(&mut self, server: &str) {
        self.others = Some(self.server(server));
    }

    /// Adds a parent for some hosts. Tells whether they had another.
    pub(super) fn for_hosts(&mut self, hosts: HostPattern, server: &str) -> bool {
        let server = self.server(server);
        self.hosts.insert(hosts, Some(server)).is_some()
    }

    /// Leads to a place without a parent. Tells whether it had one.
    pub(super) fn without(&mut self, place: Exempt) -> bool {
        match place {
            Exempt::Hosts(hosts) => self.hosts.insert(hosts, None).flatten().is_some(),
            Exempt::Network(network) => {
                self.direct.push(network);
                false
            }
        }
    }

    fn server(&mut self, server: &str) -> usize {
        self.servers.iter().position(|known| known == server).unwrap_or_else(|| {
            self.servers.push(server.to_owned());
            self.servers.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_strictly() {
        for (text, expected) in [
            ("443", Some((443, 443))),
            ("1024-65535", Some((1_024, 65_535))),
            ("0", None),
            ("443-80", None),
            ("-80", None),
            ("80-", None),
            ("+80", None),
            ("65536", None),
        ] {
            assert_eq!(Ports::parse(text).ok().map(|p| (p.first, p.last)), expected, "{text}");
        }
        let usual = |port| Ports::USUAL.iter().any(|ports| ports.contains(port));
        assert!([80, 443, 1_024, 8_443, 65_535].into_iter().all(usual));
        assert!(![22, 23, 25, 389, 587, 1_023].into_iter().any(usual));
    }

    #[test]
    fn the_most_specific_parent_answers() {
        let mut parents = Parents::default();
        assert_eq!(parents.of("a.example"), None);
        parents.for_others("out.example:3128");
        let hosts = |text| HostPattern::parse(text).expect(text);
        assert!(!parents.for_hosts(hosts("*.moh.gov.vn"), "10.1.1.1:3128"));
        assert!(parents.without(Exempt::parse("*.moh.gov.vn").expect("hosts")));
        assert!(!parents.for_hosts(hosts("his.moh.gov.vn"), "10.1.1.1:3128"));
        parents.without(Exempt::parse("10.0.0.0/8").expect("a network"));
        for (host, expected) in [
            ("a.example", Some("out.example:3128")),
            ("x.moh.gov.vn", None),
            ("his.moh.gov.vn", Some("10.1.1.1:3128")),
            ("10.1.2.3", None),
            ("192.0.2.1", Some("out.example:3128")),
            ("2001:db8::1", Some("out.example:3128")),
        ] {
            assert_eq!(parents.of(host).map(|n| parents.servers()[n].as_str()), expected, "{host}");
        }
    }
}
