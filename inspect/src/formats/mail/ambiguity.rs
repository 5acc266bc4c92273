//! Whether two mail programs may see two different mails in one: what honest programs never write and readers take
//! differently ("Inbox Invasion", CCS 2024; RFC 7103 §7).
//!
//! What such a mail hides is found by the looks beside the tree; this only tells that there is something to disagree
//! about. Damage that happens to honest mail, such as a missing last boundary, is not told.

/// What the header of one part says of itself.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Boundary, when it is a multipart.
    pub(super) boundary: Option<Vec<u8>>,
    /// Readers may disagree on it.
    pub(super) is_ambiguous: bool,
}

/// Reads the header of a part as it stands.
pub(super) fn said(header: &[u8]) -> Said {
    let mut said = Said::default();
    let (mut kind, mut encoding): (Option<Vec<u8>>, Option<Vec<u8>>) = (None, None);
    for (name, value) in fields(header) {
        let trimmed = name.trim_ascii();
        if trimmed.len() < 8 || !trimmed.get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"content-")) {
            continue;
        }
        // `Content-Type : text/plain` is a field to some and a broken line to others.
        said.is_ambiguous |= trimmed.len() != name.len() || memchr::memchr(0, value).is_some();
        let slot = match trimmed.to_ascii_lowercase().as_slice() {
            b"content-type" => &mut kind,
            b"content-transfer-encoding" => &mut encoding,
            _ => continue,
        };
        let plain = plain(value);
        match slot {
            None => *slot = Some(plain),
            Some(first) => said.is_ambiguous |= *first != plain,
        }
    }
    if let Some(encoding) = &encoding {
        let named = |word: &[u8]| memchr::memmem::find(encoding, word).is_some() && encoding != word;
        let is_quoted = memchr::memmem::find(encoding, b"quoted").is_some() && encoding != b"quoted-printable";
        said.is_ambiguous |= named(b"base64") || is_quoted;
    }
    if let Some(kind) = kind.filter(|kind| kind.starts_with(b"multipart/")) {
        // Written as RFC 2231 writes what is long or not ASCII, it is read by some and not by others.
        said.is_ambiguous |= kind.windows(9).any(|name| name.eq_ignore_ascii_case(b"boundary*"));
        let mut boundaries = boundaries(&kind);
        let first = boundaries.next().unwrap_or_default();
        said.is_ambiguous |= first.is_empty() || boundaries.any(|other| other != first);
        // An encoded multipart is forbidden (RFC 2045 §6.4): some decode it first, and some do not.
        said.is_ambiguous |= encoding.is_some_and(|e| matches!(e.as_slice(), b"base64" | b"quoted-printable"));
        said.boundary = Some(first);
    }
    said
}

/// Whether text that nobody shows, before the first part or behind the last, is written like a part.
pub(super) fn is_like_a_part(outside: &[u8]) -> bool {
    outside.split(|b| *b == b'\n').any(|line| {
        let line = line.trim_ascii_start();
        [&b"content-type:"[..], b"content-transfer-encoding:"]
            .iter()
            .any(|name| line.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))
    })
}

/// Whether a base64 body holds something else before its end. Text behind the end is what lists add.
pub(super) fn is_disturbed(body: &[u8]) -> bool {
    let end = memchr::memchr(b'=', body).unwrap_or(body.len());
    let coded = body.get(..end).unwrap_or_default();
    // Without padding nothing tells where the encoding ends and a list's footer begins.
    end < body.len() && coded.iter().any(|b| crate::base64::bits(*b).is_none() && !b.is_ascii_whitespace())
}

/// Name and value of each field, folded lines joined.
fn fields(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = header;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut end = 0;
            loop {
                let line = memchr::memchr(b'\n', rest.get(end..)?).map_or(rest.len(), |n| end + n + 1);
                end = line;
                if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let (field, behind) = rest.split_at_checked(end)?;
            rest = behind;
            if let Some(colon) = memchr::memchr(b':', field) {
                return Some((field.get(..colon)?, field.get(colon + 1..)?));
            }
        }
        None
    })
}

/// A value with what is no matter of meaning removed: blanks, the case of words outside quotes.
fn plain(value: &[u8]) -> Vec<u8> {
    let mut quoted = false;
    let kept = value.iter().filter_map(|b| {
        quoted ^= *b == b'"';
        match b {
            b if quoted => (!matches!(b, b'\r' | b'\n')).then_some(*b),
            b if b.is_ascii_whitespace() => None,
            b => Some(*b),
        }
    });
    let kept: Vec<u8> = kept.collect();
    // A boundary is told by its case; the words before it are not.
    let head = memchr::memchr(b';', &kept).unwrap_or(kept.len());
    kept.iter().enumerate().map(|(n, b)| if n < head { b.to_ascii_lowercase() } else { *b }).collect()
}

/// Every boundary a type tells, quotes removed.
fn boundaries(kind: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    kind.split(|b| *b == b';').skip(1).filter_map(|parameter| {
        let equals = memchr::memchr(b'=', parameter)?;
        let (name, value) = parameter.split_at_checked(equals)?;
        let name = name.split(|b| *b == b'*').next()?;
        let value = value.get(1..)?;
        name.eq_ignore_ascii_case(b"boundary").then(|| value.iter().filter(|b| **b != b'"').copied().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_disagree_on_is_told_and_nothing_else() {
        for (header, is_ambiguous) in [
            ("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n", false),
            ("Content-Type: TEXT/PLAIN; charset=utf-8\r\nContent-Transfer-Encoding: BASE64\r\n", false),
            ("Content-Type: text/plain\r\nContent-type:  Text/Plain\r\n", false),
            ("Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=x\r\n", true),
            ("Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n", true),
            ("Content-Transfer-Encoding: base64; foo\r\n", true),
            ("Content-Transfer-Encoding: (x)base64\r\n", true),
            ("Content-Transfer-Encoding: \"quoted-printable\"\r\n", true),
            ("Content-Transfer-Encoding: 8-bit\r\n", false),
            ("Content-Transfer-Encoding: utf-8\r\n", false),
            ("Content-Transfer-Encoding:\r\n base64\r\n", false),
            ("Content-Transfer-Encoding : base64\r\n", true),
            ("Content-Transfer-Encoding: base64\0\r\n", true),
            ("Subject : x\r\n", false),
            ("Content-Type: multipart/mixed; boundary=\"x\"\r\n", false),
            ("Content-Type: multipart/mixed;\r\n\tboundary=\"=_Part; 1\"; charset=utf-8\r\n", false),
            ("Content-Type: multipart/mixed\r\n", true),
            ("Content-Type: multipart/mixed; boundary=\"\"\r\n", true),
            ("Content-Type: multipart/mixed; boundary=x; boundary=y\r\n", true),
            ("Content-Type: multipart/mixed; boundary*0=x; boundary*1=y\r\n", true),
            ("Content-Type: multipart/mixed; boundary*=us-ascii''x\r\n", true),
            ("Content-Type: multipart/mixed; boundary=x; boundary*=utf-8''y\r\n", true),
            ("Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n", true),
            ("Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: 7bit\r\n", false),
        ] {
            assert_eq!(said(header.as_bytes()).is_ambiguous, is_ambiguous, "{header:?}");
        }
    }

    #[test]
    fn a_footer_is_no_disturbance() {
        for (body, disturbed) in [
            ("MDAx\r\nMDkw\r\nMQ==\r\n", false),
            ("MDAx!\r\nMQ==\r\n", true),
            ("MDAx\r\nMQ==\r\n____\r\nlist@example.vn: unsubscribe\r\n", false),
            ("MDAx\r\n\r\n-- \r\nlist@example.vn\r\n", false),
        ] {
            assert_eq!(is_disturbed(body.as_bytes()), disturbed, "{body:?}");
        }
    }
}
