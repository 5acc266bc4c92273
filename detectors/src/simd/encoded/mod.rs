//! Whether a text is nothing but base64 (RFC 4648 §4) in lines, and what matters in such a text: where lines end, digits, and
//! where another encoding may begin. Many blocks at a time, with less than a look for all signs takes (`signs/`).
//!
//! It decodes nothing.

#[cfg(target_arch = "x86_64")]
mod x86;

use super::alive::{BLOCKS, each_of};
#[cfg(any(test, not(target_arch = "x86_64")))]
use super::signs::{Signs, signs};
use super::{BLOCK, SEEN};

/// What a block holds; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Plain {
    line: u64,
    digit: u64,
    shift: u64,
    other: u64,
}

/// What stands where in up to 64 blocks, a word for each. Of bytes behind the end of the text anything may be told.
pub struct Encoded {
    /// Line ends: `\n`.
    pub line: [u64; BLOCKS],
    /// Digits.
    pub digit: [u64; BLOCKS],
    /// A `+` behind which letters of UTF-7 (RFC 2152) may begin: of all that Vietnamese needs, the first six bits are `A`, `H`
    /// or `I`.
    pub shift: [u64; BLOCKS],
    /// Bytes that are neither of the alphabet nor line ends.
    pub other: [u64; BLOCKS],
    /// The blocks with four digits in a row.
    pub fours: u64,
    /// The blocks with a shift.
    pub shifts: u64,
    /// The blocks with other bytes.
    pub others: u64,
}

impl Default for Encoded {
    fn default() -> Self {
        let none = [0; BLOCKS];
        Self { line: none, digit: none, shift: none, other: none, fours: 0, shifts: 0, others: 0 }
    }
}

impl Encoded {
    /// Blocks looked at together.
    pub const BLOCKS: usize = BLOCKS;

    /// Looks at the first blocks of `text`.
    pub fn look(&mut self, text: &[u8]) {
        // One byte more, by which the last one is judged.
        let text = text.get(..BLOCKS * BLOCK + 1).unwrap_or(text);
        #[cfg(target_arch = "x86_64")]
        return x86::look(text, self);
        #[cfg(not(target_arch = "x86_64"))]
        return self.fill(text, of_signs);
    }

    /// Fills it with what `kernel` tells of each block.
    #[inline(always)]
    fn fill(&mut self, text: &[u8], kernel: impl Fn(&[u8; SEEN]) -> Plain) {
        let Self { line, digit, shift, other, fours, shifts, others } = self;
        let len = each_of::<{ BLOCKS + 1 }>(text, |n, seen| {
            let plain = kernel(seen);
            (line[n - 1], digit[n - 1]) = (plain.line, plain.digit);
            (shift[n - 1], other[n - 1]) = (plain.shift, plain.other);
        });
        // Whatever an earlier look left.
        for all in [&mut *line, digit, shift, other] {
            all.iter_mut().skip(len).for_each(|block| *block = 0);
        }
        (*fours, *shifts, *others) = (0, 0, 0);
        for n in 0..BLOCKS {
            let two = digit[n] & digit[n] >> 1;
            *fours |= u64::from(two & two >> 2 != 0) << n;
            *shifts |= u64::from(shift[n] != 0) << n;
            *others |= u64::from(other[n] != 0) << n;
        }
    }
}

/// What a block holds, by all its signs.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn of_signs(seen: &[u8; SEEN]) -> Plain {
    let mut block = [Signs::default()];
    signs(seen, &mut block);
    let [Signs { line, digit, shift, word, safe, .. }] = block;
    Plain { line, digit, shift, other: !(word & !safe | line) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that is told of a text, by a kernel or by the signs of each block.
    fn told(text: &[u8], fill: impl Fn(&mut Encoded, &[u8])) -> ([Vec<u64>; 4], [u64; 3]) {
        let mut seen = Encoded::default();
        // Nothing is left of an earlier look.
        fill(&mut seen, &b"+A7777\n.".repeat(BLOCKS * BLOCK));
        fill(&mut seen, text);
        let Encoded { line, digit, shift, other, fours, shifts, others } = seen;
        ([line, digit, shift, other].map(|all| all.to_vec()), [fours, shifts, others])
    }

    fn agree(text: &[u8]) {
        let expected = told(text, |seen, text| seen.fill(text.get(..BLOCKS * BLOCK + 1).unwrap_or(text), of_signs));
        assert_eq!(told(text, Encoded::look), expected);
        #[cfg(target_arch = "x86_64")]
        for (name, kernel) in x86::kernels() {
            let one = told(text, |seen, text| kernel(text.get(..BLOCKS * BLOCK + 1).unwrap_or(text), seen));
            assert_eq!(one, expected, "{name}");
        }
    }

    #[test]
    fn every_byte_is_told_alike_before_every_other() {
        let text: Vec<u8> = (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| [a, b])).collect();
        text.chunks(BLOCKS * BLOCK / 2).for_each(agree);
        text.get(1..).into_iter().flat_map(|text| text.chunks(BLOCKS * BLOCK / 2)).for_each(agree);
    }

    proptest! {
        #[test]
        fn vectors_and_plain_code_agree(text in "[A-Za-z0-9+/]{0,900}[\n.-]?([A-Z+]{0,70}[0-9]{0,9}\r?\n){0,20}") {
            agree(text.as_bytes());
        }

        #[test]
        fn so_they_do_on_long_texts(len in 3_900..4_400_usize, at in 0..4_400_usize) {
            let mut text = b"Zm9v+AHI0123YmFy\nYmF6".repeat(220);
            text.truncate(len);
            if let Some(byte) = text.get_mut(at) {
                *byte = b'=';
            }
            agree(&text);
        }
    }
}
