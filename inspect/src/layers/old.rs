//! Text of an old Vietnamese character set that some program took for Western European: `Sè c¨n`, `Soá caên cöôùc`.
//!
//! Documents keep such text for decades; only the font made it readable.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::charset::Charset;
use crate::view::View;

/// Fewer everyday words may be chance.
const WORDS_MIN: usize = 2;
/// So much of a text tells its set.
const SEEN: usize = 2_048;

/// Letters that Vietnamese in Unicode does not have, and the old sets use in every sentence.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let letter = match text.get(at..at + 2)? {
        [0xc2, next] => (0xa8..=0xbf).contains(next),
        // ñ, Ñ, ö
        [0xc3, next] => matches!(next, 0xb1 | 0x91 | 0xb6),
        _ => false,
    };
    letter.then_some(("", 1))
}

/// The set of a text that has `signs`, by the words around them.
pub(super) fn set_around(text: &[u8], signs: Range<usize>) -> Option<&'static str> {
    const BEFORE: usize = 256;
    let from = signs.start.saturating_sub(BEFORE);
    let to = text.len().min(signs.end + SEEN);
    set(text.get(from..to)?).map(|set| set.name)
}

fn set(text: &[u8]) -> Option<&'static Charset> {
    let mut bytes = Vec::with_capacity(SEEN);
    let mut at = 0;
    while let Some(first) = text.get(at).filter(|_| bytes.len() < SEEN) {
        match western(text, at) {
            Some((byte, len)) => {
                bytes.push(byte);
                at += len;
            }
            None => {
                // Any other letter of Unicode: none of a word in an old set.
                bytes.push(if first.is_ascii() { *first } else { b'#' });
                at += 1;
            }
        }
    }
    Charset::old(&bytes, WORDS_MIN, true)
}

pub(super) fn undo(view: &View, core: Range<usize>, name: &'static str, out: &mut View) -> usize {
    let Some(set) = Charset::named(name) else { return core.start };
    replace(view, core, out, |text, at| {
        let (byte, len) = western(text, at)?;
        // What parts digits is no letter.
        if at.checked_sub(1).and_then(|b| text.get(b)).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let c = set.decode(byte);
        let mut utf8 = [0; 4];
        (c != '\u{fffd}').then(|| (len, c.encode_utf8(&mut utf8).as_bytes().to_vec()))
    })
}

/// The byte of windows-1252 that the character at `at` was, and its length.
pub(super) fn western(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match (text.get(at)?, text.get(at + 1)?) {
        // Bytes that windows-1252 leaves open come through as they are.
        (0xc2, b @ 0x80..=0xbf) => Some((*b, 2)),
        (0xc3, b @ 0x80..=0xbf) => Some((*b + 0x40, 2)),
        (0xc4..=0xcb, _) => other(text.get(at..at + 2)?),
        (0xe2, 0x80..=0x84) => other(text.get(at..at + 3)?),
        _ => None,
    }
}

fn other(utf8: &[u8]) -> Option<(u8, usize)> {
    let c = str::from_utf8(utf8).ok()?;
    let (bytes, _, unknown) = encoding_rs::WINDOWS_1252.encode(c);
    match (&*bytes, unknown) {
        ([byte], false) => Some((*byte, utf8.len())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_in_unicode_is_not_taken_for_an_old_set() {
        for (text, set) in [
            ("Soá caên cöôùc coâng daân", Some("vni")),
            ("M· sè BHXH c\u{f1}a anh", Some("tcvn3")),
            ("không và là công dân\u{ad} §5 µ", None),
            ("số căn cước công dân", None),
            ("El Niño, mañana, año", None),
        ] {
            assert_eq!(set_around(text.as_bytes(), 0..1), set, "{text}");
        }
    }
}
