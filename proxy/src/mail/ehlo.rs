//! What the next hop offers, and what we therefore offer the client: our own list ∩ the next hop's.
//!
//! Unknown keywords are dropped. CHUNKING is ours alone: chunks become one DATA on the way out, whatever the next hop
//! can do; so BINARYMIME, which DATA cannot carry, is never offered. Of AUTH, `*-PLUS` is left out: it binds to a TLS
//! channel that ends at us.

use super::reply::Reply;

/// Room kept for the lines we add to a mail, so that a mail of the size we announced still fits the next hop.
pub(super) const TRACE_BYTES_MAX: u64 = 1_024;

/// Extensions of the next hop that we use or pass on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) pipelining: bool,
    /// `Some(0)`: no fixed limit.
    pub(super) size: Option<u64>,
    pub(super) eight_bit_mime: bool,
    pub(super) smtp_utf8: bool,
    pub(super) enhanced_status_codes: bool,
    pub(super) start_tls: bool,
    pub(super) dsn: bool,
    /// Mechanisms in upper case.
    pub(super) auth: Vec<String>,
}

impl Offers {
    /// Reads an EHLO reply.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
                "8BITMIME" => offers.eight_bit_mime = true,
                "SMTPUTF8" => offers.smtp_utf8 = true,
                "ENHANCEDSTATUSCODES" => offers.enhanced_status_codes = true,
                "STARTTLS" => offers.start_tls = true,
                "DSN" => offers.dsn = true,
                "AUTH" => offers.auth = words.map(str::to_ascii_uppercase).filter(|m| is_relayed(m)).collect(),
                _ => {}
            }
        }
        offers
    }

    /// The largest mail taken: ours or what fits the next hop, whichever is less.
    pub(super) fn size_max(&self, own: u64) -> u64 {
        match self.size {
            None | Some(0) => own,
            Some(theirs) => own.min(theirs.saturating_sub(TRACE_BYTES_MAX)),
        }
    }

    /// Our EHLO reply.
    pub(super) fn reply(&self, host: &str, own_size_max: u64, start_tls: bool, auth: bool) -> Reply {
        let mut lines = vec![host.to_owned(), "PIPELINING".to_owned(), "CHUNKING".to_owned()];
        lines.push(format!("SIZE {}", self.size_max(own_size_max)));
        let plain = [
            (self.eight_bit_mime, "8BITMIME"),
            (self.smtp_utf8, "SMTPUTF8"),
            (self.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
            (self.dsn, "DSN"),
            (start_tls, "STARTTLS"),
        ];
        lines.extend(plain.iter().filter(|(is_offered, _)| *is_offered).map(|(_, keyword)| (*keyword).to_owned()));
        if auth && !self.auth.is_empty() {
            lines.push(format!("AUTH {}", self.auth.join(" ")));
        }
        Reply::of_lines(250, lines)
    }
}

fn is_relayed(mechanism: &str) -> bool {
    let is_name = (1..=20).contains(&mechanism.len())
        && mechanism.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_name && !mechanism.ends_with("-PLUS")
}

/// Whether the argument of HELO or EHLO is acceptable. Clients say all kinds of names; it is used for nothing.
pub(super) fn is_greeting(argument: &str) -> bool {
    argument.len() <= 255 && !argument.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lines: &[&str]) -> Reply {
        Reply::of_lines(250, lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn what_we_offer_is_ours_and_theirs() {
        let theirs = reply(&[
            "relay.example greets you",
            "PIPELINING",
            "size 10240000",
            "VRFY",
            "ETRN",
            "STARTTLS",
            "AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS X;Y",
            "ENHANCEDSTATUSCODES",
            "8BITMIME",
            "DSN",
            "SMTPUTF8",
            "CHUNKING",
            "BINARYMIME",
            "XCLIENT NAME",
        ]);
        let ours = Offers::of(&theirs).reply("gw.example", 50_000_000, true, true);
        let expected = [
            "gw.example",
            "PIPELINING",
            "CHUNKING",
            "SIZE 10238976",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "DSN",
            "STARTTLS",
            "AUTH PLAIN LOGIN SCRAM-SHA-256",
        ];
        assert_eq!(ours, reply(&expected));
    }

    #[test]
    fn a_poor_next_hop_leaves_little() {
        for theirs in [&["relay.example"][..], &["relay.example", "SIZE"], &["relay.example", "SIZE 0"]] {
            let ours = Offers::of(&reply(theirs)).reply("gw.example", 1_000, false, true);
            assert_eq!(ours, reply(&["gw.example", "PIPELINING", "CHUNKING", "SIZE 1000"]), "{theirs:?}");
        }
        assert_eq!(
            Offers::of(&reply(&["x", "AUTH PLAIN"])).reply("gw", 1, false, false),
            reply(&["gw", "PIPELINING", "CHUNKING", "SIZE 1"])
        );
    }
}
