//! The words of a text, folded: lower case, without diacritics, each as its first eight letters.
//!
//! Read 64 bytes at a time where the processor can, and there only ASCII and the composed letters of Vietnamese; whoever
//! asks reads the rest in plain steps. Words are parted as by `fold`.

use std::ops::Range;

use super::BLOCK;

/// Letters of a key.
pub(crate) const KEY_LETTERS: u32 = 8;

/// Words that are watched for, a bit for the hash of each: nearly all others are none of them at a glance.
pub(crate) struct Heads(Box<[u64; HEADS / BLOCK]>);

/// Hashes told apart: a hundred times as many as there are words.
const HEADS: usize = 1 << 16;

impl Heads {
    /// Of words with these keys.
    pub(crate) fn new(keys: impl Iterator<Item = u64>) -> Self {
        let mut bits = Box::new([0; HEADS / BLOCK]);
        for at in keys.map(Self::hash) {
            bits[at / BLOCK] |= 1 << (at % BLOCK);
        }
        Self(bits)
    }

    const fn hash(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HEADS.trailing_zeros())) as usize
    }

    /// In the lowest bit, whether a word may be one of these, by its key.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn may_hold(&self, key: u64) -> u64 {
        let at = Self::hash(key);
        self.0[at / BLOCK] >> (at % BLOCK)
    }
}

/// Who waits for words.
pub(crate) trait Waiting {
    /// Whether the next word has to be told, whatever it is.
    fn waits(&self) -> bool;

    /// Tells a word by its key, and whether digits part it from the one before: whether that is what was waited for.
    fn is(&mut self, key: u64, parted: bool) -> bool;

    /// Tells the last of some words that are none of those that are watched for.
    fn passed(&mut self, last: u64);
}

/// How far from `at` on, towards `to` or behind it, `waiting` goes on to wait for words of `heads`: to the word it waited for,
/// or to what is not read, as words of sixteen bytes are; no word goes on there. A letter between two digits is none where
/// these are `lone`. `None` where nothing is read.
#[inline]
pub(crate) fn wait(
    text: &[u8],
    at: usize,
    to: usize,
    (heads, lone): (&Heads, bool),
    waiting: &mut impl Waiting,
) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    return super::folded::wait(text, at, to, (heads, lone), waiting);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let (_, _, _, _, _) = (text, at, to, (heads, lone), waiting);
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
