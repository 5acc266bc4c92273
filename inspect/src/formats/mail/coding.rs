//! The transfer encodings of mails (RFC 2045), decoded with a map from each byte back to its encoded form.

use crate::base64;
use crate::redact::{Coding, Piece};

/// Decodes a base64 body with its map, stopping at nothing. Clean: only the alphabet, line breaks and final padding.
pub(super) fn base64_body(encoded: &[u8]) -> (Vec<u8>, Vec<Piece>, bool) {
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
    use super::*;

    #[test]
    fn bodies_are_decoded_with_a_map_that_leads_back() {
        let (decoded, pieces, clean) = printable_body(b"s=E1=BB=91=\r\n!");
        assert_eq!((decoded.as_slice(), clean), ("số!".as_bytes(), true));
        assert_eq!(
            pieces.iter().map(|p| (p.decoded, p.source)).collect::<Vec<_>>(),
            [(0, 0), (1, 1), (2, 4), (3, 7), (4, 13)]
        );
        let (decoded, pieces, clean) = base64_body(b"MDAx\r\nMDkw\r\nMQ==\r\n");
        assert_eq!((decoded.as_slice(), clean, pieces.len()), (&b"0010901"[..], true, 3));
        assert_eq!(pieces[2].source, 12);
    }

    #[test]
    fn junk_in_base64_is_read_over_and_told() {
        let (decoded, _, clean) = base64_body(b"MD!Ax\r\nMDkw");
        assert_eq!((decoded.as_slice(), clean), (&b"001090"[..], false));
    }

    #[test]
    fn padding_that_is_missing_is_not_written_over() {
        for (text, whole) in [("MDAxMg==", true), ("MDAxMg=", false), ("MDAxMg", false), ("MDAxMg=\r\n", false)] {
            let (_, pieces, _) = base64_body(text.as_bytes());
            let last = pieces.last().map(|p| p.coding != Coding::Broken);
            assert_eq!(last, Some(whole), "{text}");
        }
    }
}
