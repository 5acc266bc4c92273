//! How far nothing is said: the words of a text, whole blocks ahead of the number that is asked about; those of plain
//! letters alone where vectors read no words.
//!
//! Where numbers stand close together, as in a log, nearly nothing between them is watched for, and this is the quick way
//! to know. It errs on one side only: what it does not read says something, and is read again word by word.

use super::Watched;
use crate::simd::{BLOCK, Waiting, letters_and_digits_from, wait};

/// What was read ahead.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// Nothing is said between these places, of which no word is under way at the second.
    pub(super) since: usize,
    pub(super) upto: usize,
    /// The last word before. Digits behind it would part it from the next; not to ask for them finds pairs that are none.
    before: u64,
    /// The word there says something, as far as is told quickly.
    pub(super) stuck: bool,
}

/// Who hears whether a word says something.
struct Ear<'w> {
    watched: &'w Watched,
    before: u64,
}

impl Waiting for Ear<'_> {
    #[inline]
    fn last(&self) -> u64 {
        self.before
    }

    #[inline]
    fn is(&mut self, key: u64, parted: bool) -> bool {
        if parted {
            self.before = 0;
        }
        let says = self.watched.says(self.before, key);
        if !says {
            self.before = key;
        }
        says
    }

    #[inline]
    fn passed(&mut self, last: u64) {
        self.before = last;
    }
}

impl Ahead {
    /// From `at` on.
    pub(super) fn new(at: usize) -> Self {
        Self { since: at, upto: at, ..Self::default() }
    }

    /// Reads on as far as `to`, a digit, or as far as nothing is said.
    pub(super) fn read(&mut self, text: &[u8], to: usize, watched: &Watched) {
        if self.upto >= to || self.stuck {
            return;
        }
        let mut ear = Ear { watched, before: self.before };
        match wait(text, self.upto, to, (&watched.hashes, watched.shortest > 1), &mut ear) {
            Some(upto) => (self.upto, self.stuck, self.before) = (upto, upto < to, ear.before),
            None => self.read_plain(text, to, watched),
        }
    }

    /// The same of ASCII alone.
    fn read_plain(&mut self, text: &[u8], to: usize, watched: &Watched) {
        while self.upto < to && !self.stuck {
            let at = self.upto;
            let (letter, digit) = letters_and_digits_from(text, at);
            // A letter between two digits is no word, and codes are full of them.
            let alone = if watched.shortest > 1 { digit << 1 & digit >> 1 } else { 0 };
            let mut words = letter & !alone;
            let mut end = text.len().min(at + BLOCK);
            // Which of them may go on behind these bytes.
            let last = if end < text.len() { words & !u64::MAX.unbounded_shr(words.leading_ones()) } else { 0 };
            if last != 0 {
                end = at + last.trailing_zeros() as usize;
                words &= !last;
            }
            while words != 0 {
                let start = words.trailing_zeros();
                let len = (words >> start).trailing_ones();
                let word = plain_word(text, at + start as usize, len as usize);
                let Some(word) = word.filter(|word| !watched.says(self.before, *word)) else {
                    (self.upto, self.stuck) = (at + start as usize, true);
                    return;
                };
                self.before = word;
                // The sum carries over all of the lowest word.
                words &= words.wrapping_add(1 << start);
            }
            if end == at {
                // A word that fills all these bytes.
                self.stuck = true;
                return;
            }
            self.upto = end;
        }
    }
}

/// The key of a word of letters of ASCII that is no two words, as a small letter before a capital makes it; `None` as well
/// for a long one, and at the end of the text.
#[inline]
fn plain_word(text: &[u8], start: usize, len: usize) -> Option<u64> {
    if len > 8 {
        return longer_word(text, start, len);
    }
    let letters = u64::from_le_bytes(*text.get(start..)?.first_chunk()?) & u64::MAX >> ((8 - len) * 8 % 64);
    is_plain(letters, letters << 8).then_some(letters & each(0x1f))
}

/// The same of one of nine letters to sixteen.
fn longer_word(text: &[u8], start: usize, len: usize) -> Option<u64> {
    let rest = text.get(start..)?.get(..len).filter(|_| len <= 16)?;
    let [first, last] = [rest.first_chunk()?, rest.last_chunk()?].map(|eight| u64::from_le_bytes(*eight));
    // The last eight begin behind one of the first eight.
    let before = rest.get(len - 9).copied().map_or(0, u64::from);
    (is_plain(first, first << 8) && is_plain(last, last << 8 | before)).then_some(first & each(0x1f))
}

/// Whether none of the letters is beyond ASCII, and none a capital behind a small letter.
#[inline]
const fn is_plain(letters: u64, before: u64) -> bool {
    let capital = letters << 1 & !(letters << 2);
    (letters | capital & before << 2) & each(0x80) == 0
}

/// The same in each byte.
const fn each(byte: u8) -> u64 {
    byte as u64 * (u64::MAX / 0xff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plain_words;
    use super::*;

    proptest! {
        #[test]
        fn plain_words_are_told_alike(word in "[a-z]{1,17}|[A-Z]{1,17}|[A-Za-z]{1,6}|[A-Z][a-z]{0,15}|[a-z]{0,9}[đA-Z][a-z]{0,4}") {
            let mut keys = Vec::new();
            plain_words(word.as_bytes(), 0..word.len(), false, |word| keys.push(word.key));
            let cased = word.as_bytes().windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
            let plain = word.is_ascii() && !cased && word.len() <= 16;
            let text = format!("{word}{}", "7".repeat(16));
            let told = plain_word(text.as_bytes(), 0, word.len());
            prop_assert_eq!(told, keys.first().copied().filter(|_| plain), "{}", word);
        }
    }
}
