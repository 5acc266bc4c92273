//! Host names as policies write them and as messages carry them.
//!
//! Names are compared in lower case, without the trailing dot, international labels as punycode (RFC 3492). There is
//! no normalisation beyond lower case: a look-alike name is another name, so it lies outside.

use std::collections::HashMap;
use std::net::IpAddr;

/// Longest host name (RFC 1035 §2.3.4). Longer ones match nothing.
const HOST_BYTES_MAX: usize = 253;

/// The comparable form of a host name, or `None` when no pattern can mean it: an empty label, a character host names
/// do not have, too long. Such a name lies outside.
pub(crate) fn normalise(host: &str) -> Option<String> {
    if host.len() > 4 * HOST_BYTES_MAX {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut out = String::with_capacity(host.len());
    for label in host.split(['.', '。']) {
        if !out.is_empty() {
            out.push('.');
        }
        let label = label.to_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if label.is_empty() || !label.bytes().all(|b| plain(b) || !b.is_ascii()) {
            return None;
        }
        if label.is_ascii() {
            out.push_str(&label);
        } else {
            out.push_str("xn--");
            out.push_str(&punycode(&label)?);
        }
    }
    (!out.is_empty() && out.len() <= HOST_BYTES_MAX).then_some(out)
}

/// A host that is an address: `10.1.2.3`, `[::1]`, `IPv6:::1`.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let host = match host.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => host.get(5..).unwrap_or_default(),
        _ => host,
    };
    // A zone index (`fe80::1%eth0`) names an interface, not another host.
    match host.split_once('%') {
        Some((address, _)) => address.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// RFC 3492 §6.3 for one label in lower case. `None` when it would not fit a label of 63 bytes.
fn punycode(label: &str) -> Option<String> {
    const LABEL_BYTES_MAX: usize = 63 - "xn--".len();
    let chars: Vec<u32> = label.chars().map(u32::from).collect();
    if chars.len() > LABEL_BYTES_MAX {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let n_basic = out.len() as u32;
    if n_basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (128u32, 0u32, 72u32, n_basic);
    while (handled as usize) < chars.len() {
        let next = chars.iter().copied().filter(|c| *c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for c in &chars {
            if *c < n {
                delta = delta.checked_add(1)?;
            }
            if *c != n {
                continue;
            }
            let mut q = delta;
            for k in (36u32..).step_by(36) {
                let t = k.saturating_sub(bias).clamp(1, 26);
                if q < t {
                    break;
                }
                out.push(digit(t + (q - t) % (36 - t)));
                q = (q - t) / (36 - t);
            }
            out.push(digit(q));
            bias = adapt(delta, handled + 1, handled == n_basic);
            delta = 0;
            handled += 1;
        }
        delta += 1;
        n += 1;
    }
    (out.len() <= LABEL_BYTES_MAX).then_some(out)
}

fn digit(d: u32) -> char {
    char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[d as usize % 36])
}

fn adapt(delta: u32, n_points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / n_points;
    let mut k = 0;
    while delta > 35 * 26 / 2 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

/// A host in a policy: `his.vss.gov.vn` is that host, `*.vss.gov.vn` is `vss.gov.vn` and every host below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostPattern {
    name: String,
    below: bool,
}

impl HostPattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if literal(text).is_some() || text.contains('/') {
            return Err("an address belongs under `networks`".to_owned());
        }
        if text.contains("://") || text.contains(':') {
            return Err("write the host alone, without scheme and port".to_owned());
        }
        if text.contains('@') {
            return Err("write the domain alone, without what stands before the @".to_owned());
        }
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        if name.contains('*') {
            return Err("`*` may stand only at the front, as in `*.vss.gov.vn`".to_owned());
        }
        let name = normalise(name).ok_or_else(|| "not a host name".to_owned())?;
        Ok(Self { name, below })
    }
}

impl HostPattern {
    /// The name, and whether hosts below it are meant too.
    pub(crate) fn parts(&self) -> (&str, bool) {
        (&self.name, self.below)
    }
}

/// Hosts with what they mean. The most specific pattern answers: the host itself, else the longest `*.` pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostMap<T> {
    exact: HashMap<String, T>,
    below: HashMap<String, T>,
}

impl<T> Default for HostMap<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), below: HashMap::new() }
    }
}

impl<T: Copy> HostMap<T> {
    /// Adds a pattern; returns what it meant before.
    pub(crate) fn insert(&mut self, pattern: HostPattern, value: T) -> Option<T> {
        let map = if pattern.below { &mut self.below } else { &mut self.exact };
        map.insert(pattern.name, value)
    }

    /// What this very pattern means.
    pub(crate) fn get_pattern(&self, pattern: &HostPattern) -> Option<T> {
        let map = if pattern.below { &self.below } else { &self.exact };
        map.get(&pattern.name).copied()
    }

    /// What a normalised host means. Costs one look-up a label.
    pub(crate) fn get(&self, host: &str) -> Option<T> {
        if let Some(value) = self.exact.get(host) {
            return Some(*value);
        }
        let suffixes = std::iter::successors(Some(host), |h| h.split_once('.').map(|(_, rest)| rest));
        suffixes.filter_map(|s| self.below.get(s)).next().copied()
    }

    /// Whether any pattern means `value`.
    pub(crate) fn has(&self, value: T) -> bool
    where
        T: PartialEq,
    {
        self.exact.values().chain(self.below.values()).any(|v| *v == value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty()
    }
}

/// The domain of a mail recipient, or `None` when where it goes cannot be told from it: no domain, or a source route
/// (`a%other.vn@vss.gov.vn`, `other.vn!a@vss.gov.vn`, `a@other.vn@vss.gov.vn`), which a relay may follow elsewhere
/// (RFC 5321 appendix C; Postfix `allow_percent_hack`).
pub(crate) fn recipient_domain(recipient: &str) -> Option<&str> {
    let address = recipient.strip_prefix('<').and_then(|r| r.strip_suffix('>')).unwrap_or(recipient);
    let (local, domain) = address.rsplit_once('@')?;
    (!domain.is_empty() && !local.is_empty() && !local.contains(['%', '!', '@', ':'])).then_some(domain)
}

/// A name with `*` for any characters, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    pieces: Vec<String>,
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        Self { pieces: pattern.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// Whether the pattern is this very word.
    pub(crate) fn is_exactly(&self, word: &str) -> bool {
        matches!(self.pieces.as_slice(), [only] if only == word)
    }

    /// Whether `name`, in lower case, fits. The first place found for each piece is as good as any, so this never
    /// goes back.
    pub(crate) fn fits(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only == name);
        };
        let Some(mut rest) = name.strip_prefix(first.as_str()).and_then(|r| r.strip_suffix(last.as_str())) else {
            return false;
        };
        for piece in middle {
            match rest.find(piece.as_str()).and_then(|at| rest.get(at + piece.len()..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn punycode_is_that_of_the_standard() {
        // RFC 3492 §7.1 (I), and labels computed with Python's idna codec.
        for (label, expected) in [
            ("tạisaohọkhôngthểchỉnóitiếngviệt", "tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g"),
            ("bücher", "bcher-kva"),
            ("việtnam", "vitnam-jk8b"),
            ("ü", "tda"),
        ] {
            assert_eq!(punycode(label).as_deref(), Some(expected));
        }
    }

    #[test]
    fn names_are_compared_in_one_form() {
        for (host, expected) in [
            ("HIS.VSS.gov.vn.", Some("his.vss.gov.vn")),
            ("Bücher.example", Some("xn--bcher-kva.example")),
            ("a。b", Some("a.b")),
            ("", None),
            (".", None),
            ("vss.gov.vn..", None),
            (".vss.gov.vn", None),
            ("evil.example/.vss.gov.vn", None),
            ("evil.example\0.vss.gov.vn", None),
            ("evil.example:1.vss.gov.vn", None),
        ] {
            assert_eq!(normalise(host).as_deref(), expected, "{host}");
        }
        assert_eq!(normalise(&"a.".repeat(200)), None);
    }

    #[test]
    fn the_most_specific_pattern_answers() {
        let mut map = HostMap::default();
        for (pattern, value) in [("*.gov.vn", 1), ("*.vss.gov.vn", 2), ("open.vss.gov.vn", 3)] {
            assert_eq!(map.insert(HostPattern::parse(pattern).expect(pattern), value), None);
        }
        for (host, expected) in [
            ("gov.vn", Some(1)),
            ("moh.gov.vn", Some(1)),
            ("vss.gov.vn", Some(2)),
            ("a.b.vss.gov.vn", Some(2)),
            ("open.vss.gov.vn", Some(3)),
            ("a.open.vss.gov.vn", Some(2)),
            ("evilvss.gov.vn", Some(1)),
            ("vss.gov.vn.evil.example", None),
        ] {
            assert_eq!(map.get(host), expected, "{host}");
        }
    }

    #[test]
    fn a_route_hides_where_mail_goes() {
        for (recipient, domain) in [
            ("an@vss.gov.vn", Some("vss.gov.vn")),
            ("<an@vss.gov.vn>", Some("vss.gov.vn")),
            ("\"a b\"@vss.gov.vn", Some("vss.gov.vn")),
            ("an%evil.example@vss.gov.vn", None),
            ("evil.example!an@vss.gov.vn", None),
            ("@evil.example:an@vss.gov.vn", None),
            ("\"an@evil.example\"@vss.gov.vn", None),
            ("postmaster", None),
            ("@vss.gov.vn", None),
            ("an@", None),
        ] {
            assert_eq!(recipient_domain(recipient), domain, "{recipient}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fits) in [
            ("an.nguyen", "an.nguyen", true),
            ("An.Nguyen", "an.nguyen", true),
            ("an.nguyen", "an.nguyen2", false),
            ("*@vss.gov.vn", "an@vss.gov.vn", true),
            ("*@vss.gov.vn", "an@vss.gov.vn.evil", false),
            ("bhxh\\*", "bhxh\\an", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ] {
            assert_eq!(Glob::new(pattern).fits(name), fits, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn no_host_panics(host in ".{0,300}") {
            let mut map = HostMap::default();
            map.insert(HostPattern::parse("*.vss.gov.vn").expect("a pattern"), ());
            let _ = (literal(&host), recipient_domain(&host), HostPattern::parse(&host));
            if let Some(normal) = normalise(&host) {
                prop_assert_eq!(normalise(&normal), Some(normal.clone()));
                prop_assert!(map.get(&normal).is_none() || normal.ends_with("vss.gov.vn"));
            }
        }

        #[test]
        fn globs_agree_with_the_obvious_search(pattern in "[ab*]{0,6}", name in "[ab]{0,8}") {
            fn slow(p: &[u8], n: &[u8]) -> bool {
                match (p.split_first(), n.split_first()) {
                    (None, _) => n.is_empty(),
                    (Some((b'*', rest)), _) => slow(rest, n) || n.split_first().is_some_and(|(_, m)| slow(p, m)),
                    (Some((a, rest)), Some((b, m))) => a == b && slow(rest, m),
                    (Some(_), None) => false,
                }
            }
            prop_assert_eq!(Glob::new(&pattern).fits(&name), slow(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
