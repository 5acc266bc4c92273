//! Base64 (RFC 4648 §4 and §5) one quantum at a time, both alphabets, padding optional.
//!
//! Finding base64 in a text is the business of `layers`; the transfer encoding of mails is read by `mail`.

use chot_detectors::decode_base64;

/// The six bits of a character of either alphabet.
pub(crate) const fn bits(c: u8) -> Option<u8> {
    Some(match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The characters of up to three bytes, padded.
pub(crate) fn quantum(bytes: [u8; 3], len: u8) -> [u8; 4] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let [a, b, c] = match len {
        1 => [bytes[0], 0, 0],
        2 => [bytes[0], bytes[1], 0],
        _ => bytes,
    };
    let group = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
    let mut out = [18, 12, 6, 0].map(|shift| ALPHABET.get((group >> shift & 63) as usize).copied().unwrap_or(b'='));
    for slot in out.iter_mut().skip(usize::from(len.clamp(1, 3)) + 1) {
        *slot = b'=';
    }
    out
}

/// No character of base64.
const NONE: u8 = 0xff;

/// The six bits of every character.
const BITS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut n = 0;
    while n < 256 {
        if let Some(bits) = bits(n as u8) {
            table[n] = bits;
        }
        n += 1;
    }
    table
};

/// The six bits of every character where they belong in a group of four; above them what is none.
const GROUP: [[u32; 256]; 4] = {
    let mut tables = [[1 << 24; 256]; 4];
    let mut n = 0;
    while n < 256 {
        if BITS[n] != NONE {
            let mut place = 0;
            while place < 4 {
                tables[place][n] = (BITS[n] as u32) << (18 - 6 * place);
                place += 1;
            }
        }
        n += 1;
    }
    tables
};

/// The bytes of four characters of the alphabets; those of other characters are none.
pub(crate) fn three(four: &[u8; 4]) -> [u8; 3] {
    let [a, b, c, d] = four.map(|b| u32::from(BITS[usize::from(b)]));
    let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    bytes
}

/// Decodes a text of base64 characters, skipping everything else, in place of what `out` holds. A tail of one character is
/// dropped.
pub(crate) fn decode_over(text: &[u8], out: &mut Vec<u8>) {
    let read = decode_groups(0, text, out);
    let rest = text.get(read..).unwrap_or_default();
    let (mut group, mut n) = (0u32, 0);
    for six in rest.iter().map(|c| BITS[usize::from(*c)]).filter(|six| *six != NONE) {
        group = group << 6 | u32::from(six);
        n += 1;
        if n == 4 {
            out.extend_from_slice(&[(group >> 16) as u8, (group >> 8) as u8, group as u8]);
            (group, n) = (0, 0);
        }
    }
    match n {
        2 => out.push((group >> 4) as u8),
        3 => out.extend_from_slice(&[(group >> 10) as u8, (group >> 2) as u8]),
        _ => {}
    }
}

/// Decodes groups of four characters as long as nothing else stands among them, in place of what `out` holds from `start`
/// on; returns how many characters that were. A few groups before the end may be left.
pub(crate) fn decode_groups(start: usize, text: &[u8], out: &mut Vec<u8>) -> usize {
    /// Groups are written in whole words, of which the next overwrites the end.
    const SPARE: usize = 32;
    // Nothing is cleared that is written over.
    out.resize(start + text.len() / 4 * 3 + SPARE, 0);
    let mut read = decode_base64(text, out.get_mut(start..).unwrap_or_default());
    let mut len = start + read / 4 * 3;
    while let (Some(group), Some(word)) =
        (text.get(read..).and_then(<[u8]>::first_chunk::<8>), out.get_mut(len..).and_then(<[u8]>::first_chunk_mut))
    {
        let [a, b, c, d, e, f, g, h] = group.map(usize::from);
        let first = GROUP[0][a] | GROUP[1][b] | GROUP[2][c] | GROUP[3][d];
        let second = GROUP[0][e] | GROUP[1][f] | GROUP[2][g] | GROUP[3][h];
        if (first | second) >> 24 != 0 {
            break;
        }
        *word = (u64::from(first) << 40 | u64::from(second) << 16).to_be_bytes();
        len += 6;
        read += 8;
    }
    out.truncate(len);
    read
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_what_it_encodes() {
        for plain in [&b"a"[..], b"ab", b"abc", b"abcd", b"\xff\xfe\x00\x01\x02"] {
            let mut text = Vec::new();
            for chunk in plain.chunks(3) {
                let mut bytes = [0; 3];
                bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
                text.extend_from_slice(&quantum(bytes, chunk.len() as u8));
            }
            let mut back = Vec::new();
            decode_over(&text, &mut back);
            assert_eq!(back, plain);
        }
    }

    proptest! {
        #[test]
        fn groups_are_read_as_characters_are(text in "([a-zA-Z0-9+/_-]{0,40}[ =\n.]{0,2}){0,4}") {
            let bits: Vec<u8> = text.bytes().filter_map(bits).collect();
            let whole = bits.chunks(4).flat_map(|group| {
                let word = group.iter().fold(0u32, |word, six| word << 6 | u32::from(*six)) << (6 * (4 - group.len()));
                word.to_be_bytes().into_iter().skip(1).take(group.len() - 1)
            });
            let (mut out, whole) = (vec![7], whole.collect::<Vec<_>>());
            decode_over(text.as_bytes(), &mut out);
            prop_assert_eq!(out, whole);
        }
    }

    #[test]
    fn needs_no_padding_and_reads_both_alphabets() {
        let mut out = Vec::new();
        decode_over(b"-_-_Zg", &mut out);
        assert_eq!(out, [0xfb, 0xff, 0xbf, b'f']);
    }
}
