//! Addresses with a prefix length.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Addresses with a prefix length, `10.0.0.0/8`; one address is a network of its full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// First address.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
}

impl Network {
    /// The network of one address.
    pub fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether `address` lies in it. IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        // A shift by the full width is what a prefix of 0 asks for: checked_shr answers None, and nothing is compared.
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let host_bits = 32u32.saturating_sub(u32::from(self.prefix));
                (a.to_bits() ^ b.to_bits()).checked_shr(host_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let host_bits = 128u32.saturating_sub(u32::from(self.prefix));
                (a.to_bits() ^ b.to_bits()).checked_shr(host_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Loopback.
    pub fn loopback() -> [Self; 2] {
        [Self { address: [127, 0, 0, 0].into(), prefix: 8 }, Self::of(Ipv6Addr::LOCALHOST.into())]
    }

    /// Private and link-local addresses of an office network (RFC 1918, RFC 4193, RFC 4291 §2.5.6).
    pub fn private() -> [Self; 5] {
        [
            Self { address: [10, 0, 0, 0].into(), prefix: 8 },
            Self { address: [172, 16, 0, 0].into(), prefix: 12 },
            Self { address: [192, 168, 0, 0].into(), prefix: 16 },
            Self { address: Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0).into(), prefix: 7 },
            Self { address: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).into(), prefix: 10 },
        ]
    }

    /// Whether the address has bits beyond the prefix, as in `10.1.2.3/8`.
    pub(crate) fn has_host_bits(&self) -> bool {
        self.first() != self.address
    }

    /// The first address.
    pub(crate) fn first(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(a) => {
                let mask = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0);
                IpAddr::V4((a.to_bits() & mask).into())
            }
            IpAddr::V6(a) => {
                let mask = u128::MAX.checked_shl(128u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0);
                IpAddr::V6((a.to_bits() & mask).into())
            }
        }
    }
}

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// The part before the slash.
    #[error("not an IP address")]
    Address,
    /// The part after the slash.
    #[error("the prefix length must be a number from 0 to {most}")]
    Prefix {
        /// 32 or 128.
        most: u8,
    },
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(p) if p.bytes().all(|b| b.is_ascii_digit()) => {
                p.parse().ok().filter(|p| *p <= most).ok_or(NotANetwork::Prefix { most })?
            }
            Some(_) => return Err(NotANetwork::Prefix { most }),
        };
        // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
        match (address.to_canonical(), prefix.checked_sub(96)) {
            (v4 @ IpAddr::V4(_), Some(short)) if address.is_ipv6() => Ok(Self { address: v4, prefix: short }),
            _ => Ok(Self { address, prefix }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_what_shares_the_prefix() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.2"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("fc00::/7", "fdff::1", "fe00::1"),
            ("::1", "::1", "::2"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("192.168.1.128/25", "192.168.1.200", "192.168.1.100"),
        ] {
            let n: Network = network.parse().expect(network);
            assert!(n.contains(inside.parse().expect(inside)), "{network} {inside}");
            assert!(!n.contains(outside.parse().expect(outside)), "{network} {outside}");
        }
    }

    #[test]
    fn refuses_what_is_no_network() {
        for text in ["", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "host"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_odd_prefix_never_panics() {
        for prefix in 0..=u8::MAX {
            let n = Network { address: [10, 0, 0, 1].into(), prefix };
            assert!(n.contains([10, 0, 0, 1].into()));
            let n = Network { address: Ipv6Addr::LOCALHOST.into(), prefix };
            assert!(n.contains(Ipv6Addr::LOCALHOST.into()) && !n.first().is_ipv4());
        }
    }
}
