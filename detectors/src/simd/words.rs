//! The words of a text, folded: lower case, without diacritics, each as its first eight letters.
//!
//! Read 64 bytes at a time where the processor can, and there only ASCII and the composed letters of Vietnamese; whoever
//! asks reads the rest in plain steps. Words are parted as by `fold`.

use std::ops::Range;

/// Letters of a key.
pub(crate) const KEY_LETTERS: u32 = 8;

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
