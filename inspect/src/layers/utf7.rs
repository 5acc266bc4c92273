//! UTF-7 (RFC 2152): `S+HtE- +ADAAMAAx-`.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::base64;
use crate::view::View;

/// A longer shifted sequence is read in pieces of a window; no line of a mail is that long.
const SHIFT_MAX: usize = 240;

pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    read(text, at, |_| ()).map(|_| ("utf-7", 1))
}

/// Whether a word begins at `at`: base64 shows single letters by chance, at the ends of its lines.
pub(super) fn says(text: &[u8], at: usize) -> bool {
    const LETTERS_MIN: usize = 3;
    let mut letters = 0;
    read(text, at, |_| letters += 1).is_some() && letters >= LETTERS_MIN
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| if text.get(at) == Some(&b'+') { shifted(text, at) } else { None })
}

/// The length of the sequence at `at` and what it means, when that is letters, digits or marks people write.
fn shifted(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    // Most are none, for which no room is made.
    read(text, at, |_| ())?;
    let mut written = String::new();
    let len = read(text, at, |c| written.push(c))?;
    Some((len, written.into_bytes()))
}

/// The length of such a sequence, each letter of which is told to `written`.
fn read(text: &[u8], at: usize, mut written: impl FnMut(char)) -> Option<usize> {
    let rest = text.get(at + 1..)?;
    // Of all characters that Vietnamese needs, the first six bits are one of these.
    if !matches!(rest.first()?, b'A' | b'H' | b'I') {
        return None;
    }
    // Most of what begins so is base64, and no letter from its first unit on. Sixteen bits a unit.
    let (mut len, mut bits, mut more) = (0, 0_u32, 0);
    for b in rest.iter().take(SHIFT_MAX) {
        let Some(six) = base64::bits(*b).filter(|_| !matches!(b, b'-' | b'_')) else { break };
        (bits, more, len) = (bits << 6 | u32::from(six), more + 6, len + 1);
        if more >= 16 {
            more -= 16;
            written(char::from_u32(bits >> more & 0xffff).filter(|c| is_written(*c))?);
        }
    }
    // A unit takes three characters; behind the last are fewer than six bits to fill up, all zero.
    if more >= 6 || len < 3 {
        return None;
    }
    Some(1 + len + usize::from(rest.get(len) == Some(&b'-')))
}

/// Letters, digits and marks that people write in Vietnamese.
fn is_written(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\r' | '\t' | '\u{a0}'..='\u{24f}' | '\u{300}'..='\u{36f}'
        | '\u{1ea0}'..='\u{1eff}' | '\u{2000}'..='\u{206f}' | '\u{ff00}'..='\u{ff5e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_letters_are_read_and_others_left() {
        for (text, expected) in [
            ("+HtE-", Some((5, "ố"))),
            ("+ADAAMAAx-!", Some((10, "001"))),
            ("+AOA ", Some((4, "à"))),
            ("+84912", None),
            ("+A", None),
            ("+ABCDEFGH-", None),
            ("+Hello", None),
        ] {
            let read = shifted(text.as_bytes(), 0);
            let expected = expected.map(|(n, s): (usize, &str)| (n, s.as_bytes().to_vec()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
