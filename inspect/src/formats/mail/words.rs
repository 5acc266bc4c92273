//! Encoded words of headers (RFC 2047), decoded with a map, so that a subject can be redacted in place.

use super::coding::{base64_word, literal};
use crate::redact::{Coding, Piece};

/// A header's value with its encoded words decoded; `None` when one is of another character set than UTF-8, or not
/// clean.
pub(super) fn decode(value: &[u8]) -> Option<(Vec<u8>, Vec<Piece>)> {
    let (mut out, mut pieces) = (Vec::new(), Vec::new());
    let mut at = 0;
    let mut after_word = false;
    while let Some(rest) = value.get(at..).filter(|r| !r.is_empty()) {
        let next = memchr::memmem::find(rest, b"=?").unwrap_or(rest.len());
        let between = rest.get(..next)?;
        // Blanks between two words are no part of the text.
        if !(after_word && next < rest.len() && between.iter().all(u8::is_ascii_whitespace)) {
            for (n, b) in between.iter().enumerate() {
                literal(&mut pieces, &mut out, *b, at + n);
            }
        }
        at += next;
        if next == rest.len() {
            break;
        }
        let word = value.get(at + 2..)?;
        let charset_end = memchr::memchr(b'?', word)?;
        let charset = word.get(..charset_end)?.split(|b| *b == b'*').next()?;
        if !charset.eq_ignore_ascii_case(b"utf-8") && !charset.eq_ignore_ascii_case(b"us-ascii") {
            return None;
        }
        let kind = word.get(charset_end + 1)?.to_ascii_lowercase();
        let payload = word.get(charset_end + 3..).filter(|_| word.get(charset_end + 2) == Some(&b'?'))?;
        let len = memchr::memmem::find(payload, b"?=")?;
        let start = at + 2 + charset_end + 3;
        let payload = payload.get(..len)?;
        match kind {
            b'b' => {
                let (decoded, map, clean) = base64_word(payload);
                if !clean {
                    return None;
                }
                let base = out.len() as u64;
                pieces.extend(map.into_iter().map(|p| Piece {
                    decoded: p.decoded + base,
                    source: p.source + start as u64,
                    ..p
                }));
                out.extend(decoded);
            }
            b'q' => printable_word(payload, start, &mut out, &mut pieces),
            _ => return None,
        }
        after_word = true;
        at = start + len + 2;
    }
    Some((out, pieces))
}

fn printable_word(payload: &[u8], start: usize, out: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
    let hex = |at: usize| payload.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let mut n = 0;
    while let Some(b) = payload.get(n) {
        let decoded = out.len() as u64;
        let piece = |coding| Piece { decoded, len: 1, source: (start + n) as u64, coding };
        match (b, hex(n + 1), hex(n + 2)) {
            (b'=', Some(high), Some(low)) => {
                pieces.push(piece(Coding::Escape));
                out.push(high << 4 | low);
                n += 3;
                continue;
            }
            // A blank in an encoded word must not be written as one.
            (b'_', _, _) => {
                pieces.push(piece(Coding::Broken));
                out.push(b' ');
            }
            (b, _, _) => literal(pieces, out, *b, start + n),
        }
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_and_lead_back() {
        let value = "x =?utf-8?Q?S=E1=BB=91_0010?= =?UTF-8?B?OTAxMjM0NTY=?= y".as_bytes();
        let (decoded, pieces) = decode(value).expect("clean words");
        assert_eq!(String::from_utf8_lossy(&decoded), "x Số 001090123456 y");
        let total: u32 = pieces.iter().map(|p| p.len).sum();
        assert_eq!(total as usize, decoded.len(), "every byte has a piece");
    }

    #[test]
    fn other_character_sets_and_broken_words_are_left_to_others() {
        for value in ["=?windows-1258?Q?a?=", "=?utf-8?B?MDA!?=", "=?utf-8?Q?a", "=?utf-8?X?a?="] {
            assert!(decode(value.as_bytes()).is_none(), "{value}");
        }
    }
}
