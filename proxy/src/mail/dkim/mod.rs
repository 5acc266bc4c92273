//! Signatures over mail that we change (DKIM, RFC 6376; Ed25519 in RFC 8463): our own are made anew, those of others are
//! why a mail is not changed at all.
//!
//! Nothing is verified here, and mail that leaves as it came is never signed: that is the business of whatever signs
//! behind us.

mod canon;
mod key;
mod resign;

pub(super) use key::Keys;

/// Most bytes of one signature that are looked at; RSA with 4096 bits and a long list of fields stays below 2 KiB.
const SIGNATURE_BYTES_MAX: usize = 8 << 10;
/// Most signatures that are told apart.
const SIGNERS_MAX: usize = 16;

/// Whose signatures are on a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signers {
    /// The domains that signed, in lower case; empty where it could not be told which.
    domains: Vec<String>,
}

impl Signers {
    /// Notes a signature: its field, of which no more than [`SIGNATURE_BYTES_MAX`] may be kept.
    pub(super) fn note(&mut self, field: &[u8]) {
        let value = memchr::memchr(b':', field).and_then(|colon| field.get(colon + 1..));
        let domain = value.filter(|_| field.len() < SIGNATURE_BYTES_MAX).and_then(domain);
        if self.domains.len() < SIGNERS_MAX {
            self.domains.push(domain.unwrap_or_default());
        } else if let Some(last) = self.domains.last_mut() {
            last.clear();
        }
    }

    /// Room left for the value of a signature of which `len` bytes are kept.
    pub(super) fn room(len: usize) -> usize {
        SIGNATURE_BYTES_MAX.saturating_sub(len)
    }
}

/// The domain of a signature (`d=`, RFC 6376 §3.5), when there is exactly one.
fn domain(value: &[u8]) -> Option<String> {
    let text: String = std::str::from_utf8(value).ok()?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let mut domains = text.split(';').filter_map(|tag| tag.strip_prefix("d="));
    let domain = domains.next().filter(|domain| !domain.is_empty())?.to_ascii_lowercase();
    domains.next().is_none().then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signers_are_told_by_their_domain() {
        for (value, expected) in [
            (" v=1; a=rsa-sha256; d=VSS.gov.vn; s=x; b=abc", Some("vss.gov.vn")),
            (" v=1; d=\r\n\tvss.gov\r\n .vn;s=x", Some("vss.gov.vn")),
            ("d=a.example", Some("a.example")),
            (" v=1; bd=a.example", None),
            (" v=1; d=", None),
            (" d=a.example; d=b.example", None),
            ("", None),
        ] {
            assert_eq!(domain(value.as_bytes()).as_deref(), expected, "{value:?}");
        }
        let mut signers = Signers::default();
        for _ in 0..40 {
            signers.note(b"DKIM-Signature: d=a.example");
        }
        assert_eq!((signers.domains.len(), signers.domains.last().map(String::as_str)), (SIGNERS_MAX, Some("")));
        let mut signers = Signers::default();
        signers.note(&[&b"DKIM-Signature: d=a.example;"[..], &[b'x'; SIGNATURE_BYTES_MAX]].concat());
        assert_eq!(signers.domains, [""]);
    }
}
