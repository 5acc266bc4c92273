//! What a trusted host in front of us tells of its own client: XFORWARD and XCLIENT of Postfix.
//!
//! XFORWARD is for the record of one mail; XCLIENT stands for the whole session, with its permissions and its login.
//! Only listed hosts are believed, and names and greetings are not kept at all.

use std::net::IpAddr;

/// Attributes offered to trusted hosts.
pub(super) const XFORWARD: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";
pub(super) const XCLIENT: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN";

/// Longest login kept.
const LOGIN_BYTES_MAX: usize = 256;

/// What was told. An attribute that is absent changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The client's address; `Some(None)`: it is not known.
    pub(super) address: Option<Option<IpAddr>>,
    /// The client's login; `Some(None)`: it has none.
    pub(super) login: Option<Option<String>>,
}

impl Told {
    /// Reads `NAME=value …`, values as xtext (RFC 1891 §5); `None` when it is something else.
    pub(super) fn parse(argument: &str) -> Option<Self> {
        let mut told = Self::default();
        for word in argument.split(' ').filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=')?;
            let value = xtext(value)?;
            let is_known = !value.eq_ignore_ascii_case("[UNAVAILABLE]") && !value.eq_ignore_ascii_case("[TEMPUNAVAIL]");
            match name.to_ascii_uppercase().as_str() {
                "ADDR" => {
                    let bare = match value.get(..5) {
                        Some(tag) if tag.eq_ignore_ascii_case("IPV6:") => value.get(5..).unwrap_or_default(),
                        _ => &value,
                    };
                    let parsed = if is_known { Some(bare.parse::<IpAddr>().ok()?.to_canonical()) } else { None };
                    told.address = Some(parsed);
                }
                "LOGIN" => told.login = Some(Some(value).filter(|login| is_known && login.len() <= LOGIN_BYTES_MAX)),
                "NAME" | "PORT" | "PROTO" | "HELO" | "IDENT" | "SOURCE" | "REVERSE_NAME" | "DESTADDR" | "DESTPORT" => {}
                _ => return None,
            }
        }
        Some(told)
    }
}

fn xtext(value: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::new(), value.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                out.push((digit()? << 4 | digit()?) as u8);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_and_others_refused() {
        let address = |text: &str| Some(Some(text.parse().expect("an address")));
        for (argument, told) in [
            ("ADDR=10.1.2.3", Some(Told { address: address("10.1.2.3"), login: None })),
            ("addr=IPV6:2001:db8::1 PORT=25", Some(Told { address: address("2001:db8::1"), login: None })),
            ("ADDR=[UNAVAILABLE]", Some(Told { address: Some(None), login: None })),
            ("NAME=pc.example.vn PROTO=ESMTP HELO=x+20y SOURCE=REMOTE IDENT=4XyZ", Some(Told::default())),
            (
                "LOGIN=an.nguyen+40vss.gov.vn",
                Some(Told { address: None, login: Some(Some("an.nguyen@vss.gov.vn".to_owned())) }),
            ),
            ("LOGIN=[UNAVAILABLE]", Some(Told { address: None, login: Some(None) })),
            ("ADDR=host.example", None),
            ("ADDR", None),
            ("LOGIN=a+0Ab", None),
            ("LOGIN=a+4", None),
            ("SIZE=1", None),
        ] {
            assert_eq!(Told::parse(argument), told, "{argument}");
        }
    }
}
