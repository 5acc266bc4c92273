//! The subject of a mail as people read it, for the record: unfolded, encoded words decoded (RFC 2047).
//!
//! The result is not masked yet. A word in a character set other than UTF-8 is left out: undecoded it would hide
//! from the masking what a reader of the record could decode.

use crate::base64;

/// Longest subject in a record, in characters.
pub(super) const CHARS_MAX: usize = 200;

/// Decodes the bytes behind `Subject:`.
pub(super) fn decoded(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut out = String::new();
    let mut was_encoded = false;
    for word in text.split_ascii_whitespace() {
        let encoded = encoded_word(word);
        // Between two encoded words the space belongs to the encoding (RFC 2047 §6.2).
        let is_joined = was_encoded && encoded.is_some();
        if !out.is_empty() && !is_joined {
            out.push(' ');
        }
        was_encoded = encoded.is_some();
        match encoded {
            Some(decoded) => out.push_str(&decoded),
            None if word.contains("=?") => out.push('…'),
            None => out.push_str(word),
        }
    }
    out.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `=?charset?B?text?=`, decoded.
fn encoded_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut parts = inner.split('?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    let charset = charset.split('*').next().unwrap_or_default();
    if parts.next().is_some() || !["utf-8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => base64::decode(text)?,
        "Q" | "q" => q_decoded(text),
        _ => return None,
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn q_decoded(text: &str) -> Vec<u8> {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        out.push(match byte {
            b'_' => b' ',
            b'=' => match (hex(bytes.next()), hex(bytes.next())) {
                (Some(high), Some(low)) => (high << 4 | low) as u8,
                _ => b'?',
            },
            byte => byte,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_as_people_read_them() {
        for (raw, text) in [
            (" plain  text\r\n", "plain text"),
            ("a\r\n b\r\n", "a b"),
            (" =?utf-8?B?RGFuaCBzw6FjaA==?=\r\n", "Danh sách"),
            (" =?UTF-8?Q?Danh_s=C3=A1ch?= 2026", "Danh sách 2026"),
            (" =?utf-8?b?RGFuaA?= =?utf-8?q?_s=c3=a1ch?=", "Danh sách"),
            (" =?utf-8*vi?q?a?=", "a"),
            (" =?koi8-r?B?YWJj?= x", "… x"),
            (" =?utf-8?B?Y*=?=", "…"),
            (" a=?utf-8?B?YWJj?=", "…"),
            (" =?utf-8?q?a=0D=0Ab?=", "a  b"),
            (" =?utf-8?q?a=?=", "a?"),
            ("", ""),
        ] {
            assert_eq!(decoded(raw.as_bytes()), text, "{raw:?}");
        }
    }
}
