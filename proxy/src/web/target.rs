//! Where a request may go: authorities read strictly, addresses judged before anything connects.
//!
//! What was judged is used for the connection itself, so a name that changes its address between check and use changes
//! nothing. Which content may go there is not decided here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use chot_config::AllowedTarget;

use super::refusal::Why;

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 6;
/// Longest host name (RFC 1035 §2.3.4), with a closing dot.
const HOST_BYTES_MAX: usize = 254;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    /// Name in lower case without a closing dot, or address literal without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port`. No user information, no escapes, no numbers that resolvers
    /// would read as an address in disguise (`127.1`, `0x7f000001`).
    pub(crate) fn parse(text: &str, default_port: Option<u16>) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                let host: Ipv6Addr = host.parse().ok()?;
                (host.to_string(), if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => {
                let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
                (host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(), port)
            }
        };
        let port = match port {
            Some(port) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None => default_port?,
        };
        let is_host = host.parse::<IpAddr>().is_ok() || is_name(&host);
        (is_host && port != 0).then_some(Self { host, port })
    }

    /// As it stands in a Host header for a scheme with this default port.
    pub(crate) fn to_host_header(&self, default_port: u16) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port { host } else { format!("{host}:{}", self.port) }
    }
}

fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    // A last label of digits, or of 0x and hex digits, makes the whole an address for some resolvers (WHATWG URL,
    // "ends in a number").
    let ends_in_number = host.rsplit('.').next().is_none_or(|last| {
        let hex = last.strip_prefix("0x");
        last.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    host.len() < HOST_BYTES_MAX && host.split('.').all(is_label) && !ends_in_number
}

/// Addresses that lead to this machine, this network or its infrastructure rather than to the Internet (IANA special
/// purpose address registries). `None` for the others.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [127, ..] => "loopback",
        [0, ..] => "unspecified",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "private",
        [169, 254, ..] => "link-local",
        // Shared address space, RFC 6598; some clouds serve their metadata here.
        [100, 64..=127, ..] => "cgnat",
        [192, 0, 0, _] | [198, 18..=19, ..] => "special",
        [224..=239, ..] => "multicast",
        [240..=255, ..] => "reserved",
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        // Mapped, compatible and translated forms of IPv4 addresses are judged as those; NAT64 of RFC 6052, 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4(high, low),
        [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] | [0x100, 0, 0, 0, ..] => Some("special"),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        _ => None,
    }
}

/// Whether the settings list this target.
pub(crate) fn is_listed(listed: &[AllowedTarget], target: &Authority, address: IpAddr) -> bool {
    let port_fits = |port: &Option<u16>| port.is_none_or(|port| port == target.port);
    listed.iter().any(|allowed| match allowed {
        AllowedTarget::Network(network, port) => port_fits(port) && network.contains(address),
        AllowedTarget::Host(host, port) => port_fits(port) && host.eq_ignore_ascii_case(&target.host),
    })
}

/// Whether the settings list this target by its name.
pub(crate) fn is_named(listed: &[AllowedTarget], target: &Authority) -> bool {
    listed.iter().any(|allowed| match allowed {
        AllowedTarget::Network(..) => false,
        AllowedTarget::Host(host, port) => port.is_none_or(|port| port == target.port) && *host == target.host,
    })
}

/// Those of the addresses `found` of `target` that may be connected to, in their order; `is_own` tells our own
/// listeners.
pub(crate) fn judge_addresses(
    target: &Authority,
    found: Vec<SocketAddr>,
    listed: &[AllowedTarget],
    is_own: impl Fn(SocketAddr) -> bool,
) -> Result<Vec<SocketAddr>, Why> {
    let mut why = Why::NoSuchHost;
    let mut allowed = Vec::new();
    for address in found {
        let plain = SocketAddr::new(address.ip().to_canonical(), address.port());
        if is_own(plain) {
            why = Why::OwnAddress;
        } else if special(plain.ip()).is_some() && !is_listed(listed, target, plain.ip()) {
            why = Why::TargetAddress;
        } else if allowed.len() < ADDRESSES_MAX && !allowed.contains(&plain) {
            allowed.push(plain);
        }
    }
    if allowed.is_empty() { Err(why) } else { Ok(allowed) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_the_same(text in "\\PC{0,40}|[a-z0-9.:\\[\\]@%-]{0,40}") {
            if let Some(authority) = Authority::parse(&text, Some(443)) {
                prop_assert!(authority.host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b)));
                prop_assert_eq!(Authority::parse(&authority.to_host_header(443), Some(443)), Some(authority));
            }
        }
    }

    #[test]
    fn authorities() {
        for (text, expected) in [
            ("chat.zalo.me:443", Some(("chat.zalo.me", 443))),
            ("Chat.Zalo.ME.", Some(("chat.zalo.me", 80))),
            ("[2001:db8::1]:8443", Some(("2001:db8::1", 8443))),
            ("[::1]", Some(("::1", 80))),
            ("192.0.2.1:1", Some(("192.0.2.1", 1))),
            ("a_b.example", Some(("a_b.example", 80))),
            ("localhost", Some(("localhost", 80))),
            ("", None),
            (":80", None),
            ("user@host", None),
            ("host:", None),
            ("host:0", None),
            ("host:65536", None),
            ("host:+1", None),
            ("host:80:80", None),
            ("[::1", None),
            ("[::1]80", None),
            ("::1", None),
            ("127.1", None),
            ("2130706433", None),
            ("0x7f000001", None),
            ("a.0x1", None),
            ("a..b", None),
            ("a b", None),
            ("a/b", None),
            ("a%2eb", None),
            ("tiếng.example", None),
        ] {
            let parsed = Authority::parse(text, Some(80));
            let parsed = parsed.as_ref().map(|a| (a.host.as_str(), a.port));
            assert_eq!(parsed, expected, "{text}");
        }
        assert_eq!(Authority::parse("host", None), None);
        for (text, header) in [("[::1]:443", "[::1]"), ("a.example:8443", "a.example:8443")] {
            assert_eq!(Authority::parse(text, None).expect(text).to_host_header(443), header);
        }
    }

    #[test]
    fn addresses_that_lead_inside() {
        for (address, expected) in [
            ("127.0.0.1", Some("loopback")),
            ("127.255.0.1", Some("loopback")),
            ("0.0.0.0", Some("unspecified")),
            ("10.1.2.3", Some("private")),
            ("172.15.0.1", None),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("172.32.0.1", None),
            ("192.168.1.1", Some("private")),
            ("169.254.169.254", Some("link-local")),
            ("100.64.0.1", Some("cgnat")),
            ("100.100.100.200", Some("cgnat")),
            ("100.128.0.1", None),
            ("224.0.0.1", Some("multicast")),
            ("255.255.255.255", Some("reserved")),
            ("8.8.8.8", None),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:8.8.8.8", None),
            ("::127.0.0.1", Some("loopback")),
            ("::ffff:0:10.0.0.1", Some("private")),
            ("64:ff9b::10.0.0.1", Some("private")),
            ("64:ff9b::8.8.8.8", None),
            ("2002:7f00:1::", Some("loopback")),
            ("fd00:ec2::254", Some("private")),
            ("fe80::1", Some("link-local")),
            ("ff02::1", Some("multicast")),
            ("2001:ee0::1", None),
        ] {
            assert_eq!(special(address.parse().expect(address)), expected, "{address}");
        }
    }

    #[test]
    fn only_permitted_addresses_are_left() {
        let target = Authority::parse("a.example:443", None).expect("an authority");
        let at = |text: &str| -> SocketAddr { text.parse().expect(text) };
        let own = |address: SocketAddr| address == at("192.0.2.9:443");
        for (found, expected) in [
            (vec!["192.0.2.1:443", "10.0.0.1:443"], Ok(vec![at("192.0.2.1:443")])),
            (vec!["10.0.0.1:443"], Err(Why::TargetAddress)),
            (vec!["[::ffff:10.0.0.1]:443"], Err(Why::TargetAddress)),
            (vec!["192.0.2.9:443"], Err(Why::OwnAddress)),
            (vec![], Err(Why::NoSuchHost)),
        ] {
            let found = found.into_iter().map(at).collect();
            assert_eq!(judge_addresses(&target, found, &[], own), expected);
        }
        let listed = [AllowedTarget::Host("A.example".into(), Some(443))];
        assert!(judge_addresses(&target, vec![at("10.0.0.1:443")], &listed, own).is_ok());
        let other = [AllowedTarget::Host("a.example".into(), Some(80))];
        assert!(judge_addresses(&target, vec![at("10.0.0.1:443")], &other, own).is_err());
    }
}
