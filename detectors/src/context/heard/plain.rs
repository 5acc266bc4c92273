//! The words of a text in plain steps: what vectors do not read, and where there are none. Parted as by `fold`.

use std::ops::Range;

use crate::fold::{ASCII, Kind, fold_next};
use crate::simd::{KEY_LETTERS, Place, Word, letters_and_digits};

/// Tells `found` the words of `text[range]` in plain steps; `parted` says whether digits stand before, and the answer
/// whether they stand behind the last word.
pub(super) fn plain_words(text: &[u8], range: Range<usize>, mut parted: bool, mut found: impl FnMut(Word)) -> bool {
    let (mut at, read) = (range.start, text.get(..range.end).unwrap_or(text));
    loop {
        let (start, digits) = next_letter(text, at..read.len());
        parted |= digits;
        let Some(start) = start else { return parted };
        at = start;
        let (mut key, mut begun, mut last) = (Key::default(), start, Kind::Other);
        loop {
            let (letter, kind, len) = match read.get(at) {
                None => (0, Kind::Other, 0),
                // Nearly all letters there are; no word ends before one.
                Some(&small @ b'a'..=b'z') if key.bits != 0 => {
                    key = key.with(small);
                    last = Kind::Lower;
                    at += 1;
                    continue;
                }
                Some(&first) if first < 0x80 => {
                    let (letter, kind) = ASCII[usize::from(first)];
                    (letter, kind, 1)
                }
                Some(_) => match fold_next(read.get(at..).unwrap_or_default()) {
                    (Some((letter, kind)), len) => (letter, kind, len),
                    // It leaves no trace.
                    (None, len) => {
                        at += len;
                        continue;
                    }
                },
            };
            let goes_on = matches!(kind, Kind::Lower | Kind::Upper);
            if key.bits != 0 && (!goes_on || last == Kind::Lower && kind == Kind::Upper) {
                found(Word { key: key.letters, place: Place::Bytes(begun, at), parted });
                (key, parted) = (Key::default(), false);
            }
            if !goes_on {
                parted |= kind == Kind::Digit;
                // Behind anything outside ASCII the next word may follow at once.
                if read.get(at).is_none_or(|b| *b < 0x80) {
                    break;
                }
            } else {
                if key.bits == 0 {
                    begun = at;
                }
                key = key.with(letter);
            }
            last = kind;
            at += len;
        }
    }
}

/// The first letters of a word, 1 to 26, the first in the lowest byte.
#[derive(Clone, Copy, Default)]
pub(super) struct Key {
    pub(super) letters: u64,
    bits: u32,
}

impl Key {
    #[inline]
    pub(super) const fn with(self, letter: u8) -> Self {
        if self.bits == 8 * KEY_LETTERS {
            return self;
        }
        Self { letters: self.letters | ((letter & 31) as u64) << self.bits, bits: self.bits + 8 }
    }
}

/// The first letter or byte outside ASCII in `range`, and whether digits stand before it.
#[inline]
pub(super) fn next_letter(text: &[u8], range: Range<usize>) -> (Option<usize>, bool) {
    let (mut at, mut parted) = (range.start, false);
    while at < range.end {
        let rest = text.get(at..).unwrap_or_default();
        let (letters, digits) = match rest.first_chunk() {
            Some(chunk) => letters_and_digits(chunk),
            None => {
                let mut chunk = [0; 16];
                chunk.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
                letters_and_digits(&chunk)
            }
        };
        // What stands behind the range does not count.
        let within = u16::MAX >> 16_usize.saturating_sub(range.end - at);
        let (letters, digits) = (letters & within, digits & within);
        if letters != 0 {
            let before = (1_u16 << letters.trailing_zeros()).wrapping_sub(1);
            return (Some(at + letters.trailing_zeros() as usize), parted || digits & before != 0);
        }
        parted |= digits != 0;
        at += 16;
    }
    (None, parted)
}
