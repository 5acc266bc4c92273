//! Where something begins that words may say something about: capitalised words and runs of digits, the colons
//! behind labels, the signs in addresses of mail.

use super::{BLOCK, Map, Masks};

/// The beginnings within a block of 64 bytes; the lowest bit is the first byte.
pub(crate) struct Beginnings {
    /// Where the block begins.
    pub(crate) at: usize,
    /// Bytes that may begin a capital letter, at the beginning of a word.
    pub(crate) capitals: u64,
    /// First digits of runs, but for short ones behind other digits and letters in the same word: `a1b2c3`.
    pub(crate) digits: u64,
    /// Every `:` and `@`.
    pub(crate) marks: u64,
}

impl Map {
    /// The beginnings of every block.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = Beginnings> {
        let (mut after_letter, mut after_digit) = (u64::from(self.after_letter), 0);
        self.blocks().iter().enumerate().map(move |(n, block)| {
            let capitals = block.capital & !(block.letter << 1 | after_letter);
            let mut digits = block.digit & !(block.digit << 1 | after_digit);
            let coded = behind_code(block);
            if coded != 0 {
                digits &= !coded | nine(block.digit);
            }
            after_letter = block.letter >> (BLOCK - 1);
            after_digit = block.digit >> (BLOCK - 1);
            Beginnings { at: self.start + n * BLOCK, capitals, digits, marks: block.mark }
        })
    }

    /// How many letters and digits stand in a row from `at` on, as far as the map reaches and at most 64.
    pub(crate) fn letters(&self, at: usize) -> usize {
        (!self.bits(at, |m| m.letter)).trailing_zeros() as usize
    }

    /// How many letters and digits stand in a row right before `at`, as far as the map reaches and at most 64.
    pub(crate) fn letters_before(&self, at: usize) -> usize {
        let from = at.saturating_sub(BLOCK).max(self.start);
        let behind = BLOCK - at.saturating_sub(from).min(BLOCK);
        // Behind `at` nothing is asked.
        let letters = self.bits(from, |m| m.letter).checked_shl(behind as u32).unwrap_or(0);
        letters.leading_ones() as usize
    }

    /// How many digits do from `at` on.
    pub(crate) fn digits(&self, at: usize) -> usize {
        (!self.bits(at, |m| m.digit)).trailing_zeros() as usize
    }
}

/// Digits behind letters that stand behind other digits, all of one word and one block.
const fn behind_code(block: &Masks) -> u64 {
    let letters = block.letter & !block.digit & !block.odd;
    let behind_digits = block.digit << 1 & letters;
    // The sum carries each of these bits through the letters to the byte behind them.
    letters.wrapping_add(behind_digits) & !letters & block.digit
}

/// Digits with eight more behind them, as far as the block tells.
fn nine(digit: u64) -> u64 {
    let ones = |mask: u64, n: u32| mask >> n | !(u64::MAX >> n);
    let two = digit & ones(digit, 1);
    let four = two & ones(two, 2);
    let eight = four & ones(four, 4);
    eight & ones(digit, 8)
}

/// The places of the bits of `mask`, whose lowest is `at`.
pub(crate) fn places(at: usize, mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < BLOCK).then_some(at + bit)
    })
}
