//! Where no long words stand that letters and digits are mixed in, as hashes are: read once for all numbers around.
//!
//! It errs on one side only: where it tells that there are none, there are none.

use std::ops::Range;

use crate::simd::{BLOCK, letters_and_digits_from};

/// Bytes of those that are looked for.
pub(crate) const MIXED_BYTES: usize = 12;
/// Bytes of a block in which one may begin that ends within it.
const STEP: usize = BLOCK - MIXED_BYTES + 1;

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixed {
    /// None begins between these places.
    since: usize,
    upto: usize,
}

impl Mixed {
    /// Whether none stands in `range`, as far as is known. What stands before what was read is not read again.
    pub(super) fn is_none_in(&mut self, text: &[u8], range: Range<usize>) -> bool {
        if self.upto < range.start {
            (self.since, self.upto) = (range.start, range.start);
        }
        while self.upto < range.end {
            let at = self.upto;
            self.upto = at + STEP;
            if begins_here(text, at) {
                self.since = self.upto;
            }
        }
        self.since <= range.start
    }
}

/// Whether one begins in the first bytes behind `at`.
fn begins_here(text: &[u8], at: usize) -> bool {
    let (letter, digit) = letters_and_digits_from(text, at);
    // In most texts none touches the other.
    if letter & (digit << 1 | digit >> 1) == 0 {
        return false;
    }
    // Of a bit and those behind it, so many together: all of them, and any of them.
    let all = |bits: u64| {
        let two = bits & bits >> 1;
        let four = two & two >> 2;
        four & four >> 4 & four >> 8
    };
    let any = |bits: u64| {
        let two = bits | bits >> 1;
        let four = two | two >> 2;
        four | four >> 4 | four >> 8
    };
    const { assert!(MIXED_BYTES == 12) };
    all(letter | digit) & any(letter) & any(digit) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte for byte, whether one stands in `range`.
    fn stands_in(text: &[u8], range: Range<usize>) -> bool {
        let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
        let is_mixed = |word: &[u8]| {
            word.iter().all(|b| is_letter(b) || b.is_ascii_digit())
                && word.iter().any(is_letter)
                && word.iter().any(u8::is_ascii_digit)
        };
        text.get(range).unwrap_or_default().windows(MIXED_BYTES).any(is_mixed)
    }

    proptest! {
        /// However far apart the places are that are asked for, and in whichever order.
        #[test]
        fn none_is_passed_over(
            pieces in prop::collection::vec("[0-9a-fđ]{1,14}|[ ,.\n]{1,40}|[a-z]{1,20}|[0-9]{1,20}", 1..40),
            asked in prop::collection::vec((0..600_usize, 0..300_usize), 1..12),
        ) {
            let text = pieces.concat();
            let text = text.as_bytes();
            let mut mixed = Mixed::default();
            for (from, len) in asked {
                let range = from.min(text.len())..(from + len).min(text.len());
                let none = mixed.is_none_in(text, range.clone());
                prop_assert!(!none || !stands_in(text, range));
            }
        }
    }

    #[test]
    fn only_long_words_of_both_are_found() {
        for (text, none) in [
            ("001090123456,0912345678,Nguyễn Văn Bình", true),
            ("số thẻ DN4797912345 678", false),
            ("8d99b3b6914b", false),
            ("8d99b3b6914", true),
            ("abcdefabcdef", true),
            ("", true),
        ] {
            let lines = format!("{}{text}{}", "x, ".repeat(40), " y".repeat(40));
            assert_eq!(Mixed::default().is_none_in(lines.as_bytes(), 0..lines.len()), none, "{text}");
        }
    }
}
