//! The words of a text, folded: lower case, without diacritics, each as its first eight letters.
//!
//! Read 64 bytes at a time where the processor can, and there only ASCII and the composed letters of Vietnamese; whoever
//! asks reads the rest in plain steps. Words are parted as by `fold`.

use std::ops::Range;

use super::BLOCK;

/// Letters of a key.
pub(crate) const KEY_LETTERS: u32 = 8;

/// Words by their keys. Of nearly all others their first letters tell that they are none of these.
pub(crate) struct Heads {
    /// By a hash of the first letters.
    bits: Box<[u64; HEADS / BLOCK]>,
    /// In order.
    keys: Vec<u64>,
}

/// Hashes of first letters told apart: a hundred times as many as there are words.
const HEADS: usize = 1 << 16;

impl Heads {
    /// Of so many keys.
    pub(crate) fn new(keys: impl Iterator<Item = u64>) -> Self {
        let mut keys: Vec<_> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        let mut bits = Box::new([0; HEADS / BLOCK]);
        for key in &keys {
            let at = Self::hash(*key as u32);
            bits[at / BLOCK] |= 1 << (at % BLOCK);
        }
        Self { bits, keys }
    }

    const fn hash(head: u32) -> usize {
        (head.wrapping_mul(0x9e37_79b1) >> (u32::BITS - HEADS.trailing_zeros())) as usize
    }

    /// In the lowest bit, whether a word may be one of these, by the first four letters of its key.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn may_hold(&self, head: u32) -> u64 {
        let at = Self::hash(head);
        self.bits[at / BLOCK] >> (at % BLOCK)
    }

    /// Whether a word is one of these.
    #[cfg(target_arch = "x86_64")]
    #[cold]
    pub(super) fn holds(&self, key: u64) -> bool {
        self.keys.binary_search(&key).is_ok()
    }
}

/// How far from `at` on, towards `to` or behind it, no word of `text` is one of `heads` or has sixteen bytes, as far as that
/// is told quickly; no word goes on there. Letters between two digits may be `passed`.
#[inline]
pub(crate) fn free_of(text: &[u8], at: usize, to: usize, heads: &Heads, passed: bool) -> usize {
    #[cfg(target_arch = "x86_64")]
    return super::folded::free_of(text, at, to, heads, passed);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let (_, _, _, _) = (text, to, heads, passed);
        at
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
