//! The transfer encodings of mails (RFC 2045), decoded with a map from each byte back to its encoded form.

use crate::base64;
use crate::redact::{Coding, Patching, Piece, Why};
use crate::source::Splice;

/// Decodes a base64 body, stopping at nothing. Clean: only the alphabet, line breaks and final padding.
pub(super) fn base64_body(encoded: &[u8]) -> (Vec<u8>, bool) {
    /// Most characters read at once: what is no base64 may stand behind any of them.
    const RUN: usize = 1 << 10;
    let (mut out, mut clean, mut ended) = (Vec::with_capacity(encoded.len() / 4 * 3 + 32), true, false);
    let (mut group, mut len) = (0u32, 0usize);
    let flush = |out: &mut Vec<u8>, group: &mut u32, len: &mut usize| {
        let bytes = (*group << (6 * (4 - *len))).to_be_bytes();
        out.extend_from_slice(bytes.get(1..1 + len.saturating_sub(1)).unwrap_or_default());
        (*group, *len) = (0, 0);
    };
    let (mut rest, mut is_line_start) = (encoded, true);
    while let Some((b, behind)) = rest.split_first() {
        if std::mem::take(&mut is_line_start) && len == 0 {
            let run = rest.get(..RUN).unwrap_or(rest);
            let run = memchr::memchr(b'\n', run).map_or(run, |end| run.split_at(end).0);
            let (read, left) = rest.split_at(base64::decode_groups(out.len(), run, &mut out));
            if !read.is_empty() {
                clean &= !ended && memchr::memchr2(b'-', b'_', read).is_none();
                // A line may be longer than what is read at once.
                is_line_start = read.len() + 8 > RUN;
                rest = left;
                continue;
            }
        }
        match (base64::bits(*b), b) {
            (Some(six), b) => {
                clean &= !ended && !matches!(b, b'-' | b'_');
                group = group << 6 | u32::from(six);
                len += 1;
                if len == 4 {
                    flush(&mut out, &mut group, &mut len);
                }
            }
            (None, b'=') => {
                if len > 0 {
                    flush(&mut out, &mut group, &mut len);
                }
                ended = true;
            }
            (None, b'\n') => is_line_start = true,
            (None, b' ' | b'\t' | b'\r') => {}
            (None, _) => clean = false,
        }
        rest = behind;
    }
    clean &= len == 0;
    if len > 0 {
        flush(&mut out, &mut group, &mut len);
    }
    (out, clean)
}

/// Where the text begins that a list or a gateway wrote behind an encoded body: behind the padding, and not encoded.
pub(super) fn footer(encoded: &[u8]) -> Option<usize> {
    let padding = memchr::memchr(b'=', encoded)?;
    let behind = encoded.get(padding..)?;
    let at = padding + behind.iter().take_while(|b| **b == b'=' || b.is_ascii_whitespace()).count();
    let foreign = |b: &u8| base64::bits(*b).is_none() && *b != b'=' && !b.is_ascii_whitespace();
    encoded.get(at..)?.iter().any(foreign).then_some(at)
}

/// As [`base64_body`], of a word in a header, with its map.
pub(super) fn base64_word(encoded: &[u8]) -> (Vec<u8>, Vec<Piece>, bool) {
    let (mut out, mut pieces, mut clean) = (Vec::with_capacity(encoded.len() / 4 * 3), Vec::new(), true);
    let mut quantum: Vec<(u64, u8)> = Vec::with_capacity(4);
    let mut ended = false;
    let mut flush = |quantum: &mut Vec<(u64, u8)>| {
        let group = quantum.iter().fold(0u32, |g, (_, six)| g << 6 | u32::from(*six)) << (6 * (4 - quantum.len()));
        let bytes = [(group >> 16) as u8, (group >> 8) as u8, group as u8];
        let len = quantum.len().saturating_sub(1);
        if let Some((first, _)) = quantum.first().filter(|_| len > 0) {
            let together = quantum.iter().enumerate().all(|(n, (at, _))| *at == first + n as u64);
            // What stands in place of padding that is missing is not ours to write over.
            let padded = (quantum.len()..4).all(|n| encoded.get(*first as usize + n) == Some(&b'='));
            let coding = if together && padded { Coding::Quantum(bytes) } else { Coding::Broken };
            pieces.push(Piece { decoded: out.len() as u64, len: len as u32, source: *first, coding });
            out.extend_from_slice(bytes.get(..len).unwrap_or_default());
        }
        quantum.clear();
    };
    for (at, b) in encoded.iter().enumerate() {
        match (base64::bits(*b), b) {
            (Some(six), b) => {
                clean &= !ended && !matches!(b, b'-' | b'_');
                quantum.push((at as u64, six));
                if quantum.len() == 4 {
                    flush(&mut quantum);
                }
            }
            (None, b'=') => {
                flush(&mut quantum);
                ended = true;
            }
            (None, b' ' | b'\t' | b'\r' | b'\n') => {}
            (None, _) => clean = false,
        }
    }
    clean &= quantum.is_empty();
    flush(&mut quantum);
    (out, pieces, clean)
}

/// What a body is, if its encoding leaves no doubt.
pub(crate) fn unpack(encoded: &[u8]) -> Result<Vec<u8>, Why> {
    let (decoded, clean) = base64_body(encoded);
    // What stands in place of padding that is missing is not ours to write over.
    let signs = encoded.iter().filter(|b| base64::bits(**b).is_some() || **b == b'=').count();
    if clean && signs % 4 == 0 { Ok(decoded) } else { Err("is encoded in a way that readers may see differently") }
}

/// A body with its splices laid over: as many bytes in the same lines, or in lines of its own when it grew or shrank.
pub(crate) fn pack(encoded: &[u8], splices: Vec<Splice>) -> Result<Vec<u8>, Why> {
    const LINE: usize = 76;
    let decoded = unpack(encoded)?;
    let mut new = Vec::with_capacity(decoded.len());
    let mut patching = Patching::new(splices);
    patching.copy(&decoded, &mut |bytes| new.extend_from_slice(bytes));
    let mut signs = Vec::with_capacity(new.len() / 3 * 4 + 4);
    for group in new.chunks(3) {
        let mut plain = [0; 3];
        plain.iter_mut().zip(group).for_each(|(to, from)| *to = *from);
        signs.extend_from_slice(&base64::quantum(plain, group.len() as u8));
    }
    let is_sign = |b: &u8| base64::bits(*b).is_some() || *b == b'=';
    if encoded.iter().filter(|b| is_sign(b)).count() == signs.len() {
        let mut signs = signs.into_iter();
        return Ok(encoded.iter().map(|b| if is_sign(b) { signs.next().unwrap_or(*b) } else { *b }).collect());
    }
    let end: &[u8] = if memchr::memchr(b'\r', encoded).is_some() { b"\r\n" } else { b"\n" };
    let lines: Vec<&[u8]> = signs.chunks(LINE).collect();
    let mut out = lines.join(end);
    let blank = encoded.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    out.extend_from_slice(encoded.get(encoded.len() - blank..).unwrap_or_default());
    Ok(out)
}

/// Decodes a quoted-printable body with its map (RFC 2045 §6.7).
pub(super) fn printable_body(encoded: &[u8]) -> (Vec<u8>, Vec<Piece>, bool) {
    let (mut out, mut pieces, mut clean) = (Vec::<u8>::with_capacity(encoded.len()), Vec::<Piece>::new(), true);
    let hex = |at: usize| encoded.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let mut at = 0;
    while let Some(b) = encoded.get(at) {
        if *b == b'=' {
            let blanks =
                encoded.get(at + 1..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let after = at + 1 + blanks;
            match (encoded.get(after), encoded.get(after + 1)) {
                (None, _) => at = after,
                (Some(b'\r'), Some(b'\n')) => at = after + 2,
                (Some(b'\n' | b'\r'), _) => at = after + 1,
                _ => match (hex(at + 1), hex(at + 2)) {
                    (Some(high), Some(low)) => {
                        let piece =
                            Piece { decoded: out.len() as u64, len: 1, source: at as u64, coding: Coding::Escape };
                        pieces.push(piece);
                        out.push(high << 4 | low);
                        at += 3;
                    }
                    _ => {
                        clean = false;
                        literal(&mut pieces, &mut out, b'=', at);
                        at += 1;
                    }
                },
            }
        } else {
            literal(&mut pieces, &mut out, *b, at);
            at += 1;
        }
    }
    (out, pieces, clean)
}

pub(super) fn literal(pieces: &mut Vec<Piece>, out: &mut Vec<u8>, b: u8, at: usize) {
    match pieces.last_mut() {
        Some(last) if last.coding == Coding::Same && last.source + u64::from(last.len) == at as u64 => last.len += 1,
        _ => pieces.push(Piece { decoded: out.len() as u64, len: 1, source: at as u64, coding: Coding::Same }),
    }
    out.push(b);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bodies_are_read_as_words_are(text in "([a-zA-Z0-9+/]{0,90}[-_=!. \r\n]{0,3}){0,6}", times in 1usize..12) {
            for text in [text.repeat(times), text.replace(['-', '_', '=', '!', '.', ' ', '\r', '\n'], "").repeat(times)] {
                let (decoded, _, clean) = base64_word(text.as_bytes());
                prop_assert_eq!(base64_body(text.as_bytes()), (decoded, clean));
            }
        }
    }

    #[test]
    fn bodies_are_decoded_with_a_map_that_leads_back() {
        let (decoded, pieces, clean) = printable_body(b"s=E1=BB=91=\r\n!");
        assert_eq!((decoded.as_slice(), clean), ("số!".as_bytes(), true));
        assert_eq!(
            pieces.iter().map(|p| (p.decoded, p.source)).collect::<Vec<_>>(),
            [(0, 0), (1, 1), (2, 4), (3, 7), (4, 13)]
        );
        let (decoded, clean) = base64_body(b"MDAx\r\nMDkw\r\nMQ==\r\n");
        assert_eq!((decoded.as_slice(), clean), (&b"0010901"[..], true));
    }

    #[test]
    fn junk_in_base64_is_read_over_and_told() {
        let (decoded, clean) = base64_body(b"MD!Ax\r\nMDkw");
        assert_eq!((decoded.as_slice(), clean), (&b"001090"[..], false));
    }

    #[test]
    fn a_footer_is_told_from_more_of_the_encoding() {
        for (encoded, at) in [
            ("MDAxMg==\r\n", None),
            ("MDAxMg==\r\nMDAxMg==\r\n", None),
            ("MDAxMg==\r\n-- \r\nlist@example.vn", Some(10)),
            ("MD!Ax", None),
        ] {
            assert_eq!(footer(encoded.as_bytes()), at, "{encoded:?}");
        }
    }

    #[test]
    fn only_a_sound_body_is_packed_again() {
        for (text, sound) in [
            ("MDAxMg==", true),
            ("MDAxMg=", false),
            ("MDAxMg", false),
            ("MDAxMg=\r\n", false),
            ("MD!Ax", false),
            ("MDAx=MDAx", false),
        ] {
            assert_eq!(unpack(text.as_bytes()).is_ok(), sound, "{text}");
        }
    }

    #[test]
    fn lines_stay_while_nothing_grows() {
        let masked =
            |range, bytes: &[u8]| pack(b"MDAx\r\nMDkw\r\nMQ==\r\n", vec![Splice { range, bytes: bytes.to_vec() }]);
        assert_eq!(masked(0..1, b"*").as_deref(), Ok(&b"KjAx\r\nMDkw\r\nMQ==\r\n"[..]));
        assert_eq!(masked(0..7, b"0123456789").as_deref(), Ok(&b"MDEyMzQ1Njc4OQ==\r\n"[..]));
    }
}
