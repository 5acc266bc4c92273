//! Mail addresses as MAIL and RCPT write them, and the parameters behind them (RFC 5321 §4.1.2, RFC 6531 §3.3).
//!
//! Syntax only: whether an address exists is for the next hop to say. Source routes are refused.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest local part and longest domain (RFC 5321 §4.5.3.1.1 and .2).
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;

/// What stood in angle brackets, in a form that is safe to write again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// `<>`.
    Null,
    /// `<postmaster>` in any case.
    Postmaster(String),
    /// `<local@domain>`.
    Mailbox(String),
}

/// Why an argument is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPath {
    /// Not the syntax of a path.
    Syntax,
    /// `<@relay:local@domain>`.
    SourceRoute,
}

impl Path {
    /// Without angle brackets.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Postmaster(name) => name,
            Self::Mailbox(mailbox) => mailbox,
        }
    }

    /// Local part and domain.
    pub(super) fn halves(&self) -> [&str; 2] {
        let (local, domain) = self.as_str().rsplit_once('@').unwrap_or((self.as_str(), ""));
        [local, domain]
    }

    /// Whether it needs SMTPUTF8.
    pub(super) fn is_ascii(&self) -> bool {
        self.as_str().is_ascii()
    }

    /// Reads `<path>` and gives what follows it.
    pub(super) fn read(text: &str) -> Result<(Self, &str), BadPath> {
        let inner = text.strip_prefix('<').ok_or(BadPath::Syntax)?;
        if inner.starts_with('@') {
            return Err(BadPath::SourceRoute);
        }
        if let Some(rest) = inner.strip_prefix('>') {
            return Ok((Self::Null, rest));
        }
        let behind_local = skip_local_part(inner).ok_or(BadPath::Syntax)?;
        let local = head_of(inner, behind_local);
        if local.len() > LOCAL_BYTES_MAX {
            return Err(BadPath::Syntax);
        }
        if let Some(rest) = behind_local.strip_prefix('>') {
            let is_postmaster = local.eq_ignore_ascii_case("postmaster");
            return is_postmaster.then(|| (Self::Postmaster(local.to_owned()), rest)).ok_or(BadPath::Syntax);
        }
        let domain = behind_local.strip_prefix('@').ok_or(BadPath::Syntax)?;
        let (domain, rest) = domain.split_once('>').ok_or(BadPath::Syntax)?;
        if !is_domain(domain) {
            return Err(BadPath::Syntax);
        }
        Ok((Self::Mailbox(format!("{local}@{domain}")), rest))
    }
}

/// The part of `whole` before its suffix `tail`.
fn head_of<'a>(whole: &'a str, tail: &str) -> &'a str {
    whole.get(..whole.len() - tail.len()).unwrap_or_default()
}

/// Dot-string or quoted string; gives what follows.
fn skip_local_part(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let rest = text.trim_start_matches(|c: char| is_atom_char(c) || c == '.');
        let local = head_of(text, rest);
        return local.split('.').all(|atom| !atom.is_empty()).then_some(rest);
    };
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\\' => {
                chars.next().filter(|c| matches!(c, ' '..='~'))?;
            }
            c if c == ' ' || c.is_ascii_graphic() || is_beyond_ascii(c) => {}
            _ => return None,
        }
    }
}

fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control()
}

/// A domain name or an address literal. Underscores are no letters of host names, but networks use them.
pub(super) fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        let Some(literal) = literal.strip_suffix(']') else { return false };
        let (is_v6, v6) = match literal.split_at_checked(5) {
            Some((tag, v6)) => (tag.eq_ignore_ascii_case("IPv6:"), v6),
            None => (false, ""),
        };
        return if is_v6 { v6.parse::<Ipv6Addr>().is_ok() } else { literal.parse::<Ipv4Addr>().is_ok() };
    }
    let is_label = |label: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c != '-');
        let inner =
            |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || (is_beyond_ascii(c) && !c.is_whitespace());
        edge(label.chars().next()) && edge(label.chars().last()) && label.chars().all(inner)
    };
    text.len() <= DOMAIN_BYTES_MAX && text.split('.').all(|label| label.len() <= 63 && is_label(label))
}

/// One parameter, `KEY` or `KEY=value`, its key in upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    /// The key in upper case.
    pub(super) key: String,
    /// The value, not empty.
    pub(super) value: Option<&'a str>,
}

/// Reads ` KEY=value KEY…`; `None` when it is not the syntax of parameters or one comes twice.
pub(super) fn parameters(text: &str) -> Option<Vec<Parameter<'_>>> {
    if !text.is_empty() && !text.starts_with(' ') {
        return None;
    }
    let mut all: Vec<Parameter<'_>> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
        let is_key = key.starts_with(|c: char| c.is_ascii_alphanumeric())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        // RFC 5321: `1*(%d33-60 / %d62-126)`; RFC 6531 adds UTF-8.
        let is_value = |value: &str| {
            !value.is_empty() && value.chars().all(|c| c != '=' && (c.is_ascii_graphic() || is_beyond_ascii(c)))
        };
        let key = key.to_ascii_uppercase();
        if !is_key || !value.is_none_or(is_value) || all.len() == 16 || all.iter().any(|p| p.key == key) {
            return None;
        }
        all.push(Parameter { key, value });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        for (text, path, rest) in [
            ("<>", "", ""),
            ("<a@example.org>", "a@example.org", ""),
            ("<a.b+c@example.org> SIZE=1", "a.b+c@example.org", " SIZE=1"),
            ("<postmaster>", "postmaster", ""),
            ("<PostMaster>", "PostMaster", ""),
            ("<\"a b\"@example.org>", "\"a b\"@example.org", ""),
            ("<\"a>b@c\"@example.org>", "\"a>b@c\"@example.org", ""),
            ("<\"a\\\"b\"@example.org>", "\"a\\\"b\"@example.org", ""),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
            ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
            ("<a%b@example.org>", "a%b@example.org", ""),
            ("<thư@ví-dụ.vn>", "thư@ví-dụ.vn", ""),
            ("<a@localhost>", "a@localhost", ""),
        ] {
            let (read, behind) = Path::read(text).expect(text);
            assert_eq!((read.as_str(), behind), (path, rest), "{text}");
        }
        assert!(matches!(Path::read("<>"), Ok((Path::Null, ""))));
    }

    #[test]
    fn other_text_is_refused() {
        let long = format!("<{}@example.org>", "a".repeat(65));
        let long_label = format!("<a@{}.org>", "b".repeat(64));
        let long_domain = format!("<a@{}org>", "abcdefg.".repeat(32));
        for (text, why) in [
            ("a@example.org", BadPath::Syntax),
            ("<a@example.org", BadPath::Syntax),
            ("<a>", BadPath::Syntax),
            ("<@relay.example:a@example.org>", BadPath::SourceRoute),
            ("<a..b@example.org>", BadPath::Syntax),
            ("<.a@example.org>", BadPath::Syntax),
            ("<a.@example.org>", BadPath::Syntax),
            ("<a b@example.org>", BadPath::Syntax),
            ("<a@>", BadPath::Syntax),
            ("<@>", BadPath::SourceRoute),
            ("<a@-b.org>", BadPath::Syntax),
            ("<a@b..org>", BadPath::Syntax),
            ("<a@b@c>", BadPath::Syntax),
            ("<a@[300.0.2.1]>", BadPath::Syntax),
            ("<a@[IPv6:x]>", BadPath::Syntax),
            ("<\"a@example.org>", BadPath::Syntax),
            ("<\"a\"b@example.org>", BadPath::Syntax),
            ("<a@example.org\t>", BadPath::Syntax),
            (&long, BadPath::Syntax),
            (&long_label, BadPath::Syntax),
            (&long_domain, BadPath::Syntax),
        ] {
            assert_eq!(Path::read(text), Err(why), "{text}");
        }
    }

    #[test]
    fn parameters_are_read_once_each() {
        let pairs = |text| {
            let read: Option<Vec<_>> = parameters(text).map(|all| all.into_iter().map(|p| (p.key, p.value)).collect());
            read
        };
        let size = ("SIZE".to_owned(), Some("10"));
        assert_eq!(pairs(""), Some(vec![]));
        assert_eq!(pairs(" size=10"), Some(vec![size.clone()]));
        assert_eq!(pairs(" SIZE=10  SMTPUTF8 "), Some(vec![size, ("SMTPUTF8".to_owned(), None)]));
        for text in ["SIZE=10", " SIZE=", " SIZE=1=2", " =1", " SIZE=1 size=2", " -A", " a\tb"] {
            assert_eq!(pairs(text), None, "{text:?}");
        }
        assert_eq!(pairs(&(0..17).map(|n| format!(" A{n}=1")).collect::<String>()), None);
    }
}
