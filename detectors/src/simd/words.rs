//! The words of a text, folded: lower case, without diacritics, each as its first eight letters.
//!
//! Read 64 bytes at a time where the processor can, and there only ASCII and the composed letters of Vietnamese; whoever
//! asks reads the rest in plain steps. Words are parted as by `fold`.

use std::ops::Range;

use super::BLOCK;

/// Letters of a key.
pub(crate) const KEY_LETTERS: u32 = 8;

/// Words that are watched for, by themselves and two side by side, a bit for the hash of each: nearly all others are told at a
/// glance to be none of them.
pub(crate) struct Hashes(Box<[[u64; HASHES / BLOCK]; 2]>);

/// Hashes told apart: a hundred times as many as there are words, or pairs of words.
const HASHES: usize = 1 << 16;

impl Hashes {
    /// Of words and pairs with these keys.
    pub(crate) fn new(words: &[u64], pairs: &[[u64; 2]]) -> Self {
        let mut bits = Box::new([[0; HASHES / BLOCK]; 2]);
        let [of_words, of_pairs] = &mut *bits;
        let set = |bits: &mut [u64], at: usize| bits[at / BLOCK] |= 1 << (at % BLOCK);
        words.iter().for_each(|word| set(of_words, Self::word(Self::spread(*word))));
        pairs.iter().for_each(|pair| {
            let [first, second] = pair.map(Self::spread);
            set(of_pairs, Self::pair(first, second));
        });
        Self(bits)
    }

    /// What hashes are made of, from a key.
    #[inline(always)]
    pub(crate) const fn spread(key: u64) -> u64 {
        key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    const fn word(spread: u64) -> usize {
        (spread >> (u64::BITS - HASHES.trailing_zeros())) as usize
    }

    /// The highest bits of the second one, and others of the first.
    const fn pair(first: u64, second: u64) -> usize {
        Self::word(second ^ first << HASHES.trailing_zeros())
    }

    /// Whether a word may be one of these, by itself or with the one before.
    #[inline]
    pub(crate) fn may_hold(&self, before: u64, word: u64) -> bool {
        self.bits(before, word) & 1 != 0
    }

    /// The same in the lowest bit.
    #[inline(always)]
    pub(super) fn bits(&self, before: u64, word: u64) -> u64 {
        let [of_words, of_pairs] = &*self.0;
        let bit = |bits: &[u64; HASHES / BLOCK], at: usize| bits[at / BLOCK] >> (at % BLOCK);
        bit(of_words, Self::word(word)) | bit(of_pairs, Self::pair(before, word))
    }
}

/// Who waits for words.
pub(crate) trait Waiting {
    /// The key of the last word, 0 for none.
    fn last(&self) -> u64;

    /// Tells a word by its key, and whether digits part it from the one before: whether that is what was waited for. If so,
    /// it is not the last one yet.
    fn is(&mut self, key: u64, parted: bool) -> bool;

    /// Tells the last of some words that are none of those that are watched for.
    fn passed(&mut self, last: u64);
}

/// How far from `at` on, towards `to` or behind it, `waiting` goes on to wait for words of `hashes`: to the word it waited for,
/// or to what is not read, as words of sixteen bytes are; no word goes on there. A letter between two digits is none where
/// these are `lone`. `None` where nothing is read.
#[inline]
pub(crate) fn wait(
    text: &[u8],
    at: usize,
    to: usize,
    (hashes, lone): (&Hashes, bool),
    waiting: &mut impl Waiting,
) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    return super::folded::wait(text, at, to, (hashes, lone), waiting);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let (_, _, _, _, _) = (text, at, to, (hashes, lone), waiting);
        None
    }
}

/// A word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Its first letters, 1 to 26, the first in the lowest byte.
    pub(crate) key: u64,
    /// Where it stands.
    pub(crate) place: Place,
    /// Whether digits part it from the word before.
    pub(crate) parted: bool,
}

/// Where a word stands: of most nobody asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// From one byte to another.
    Bytes(usize, usize),
    /// From one character to another of a block.
    #[cfg(target_arch = "x86_64")]
    Characters(super::folded::Characters, u8, u8),
}

impl Place {
    pub(crate) fn range(self) -> Range<usize> {
        match self {
            Self::Bytes(start, end) => start..end,
            #[cfg(target_arch = "x86_64")]
            Self::Characters(block, start, end) => block.behind(start)..block.behind(end),
        }
    }
}

/// Tells `found` the words of `text[range]` in order, as far as it goes: the place up to which it read, and whether digits
/// stand behind the last word before that.
#[inline]
pub(crate) fn words(text: &[u8], range: Range<usize>, found: impl FnMut(Word)) -> (usize, bool) {
    #[cfg(target_arch = "x86_64")]
    return super::folded::words(text, range, found);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let (_, _) = (text, found);
        (range.start, false)
    }
}
