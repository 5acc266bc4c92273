//! Where something begins that words may say something about: capitalised words and runs of digits, the colons
//! behind labels, the signs in addresses of mail.

use super::{BLOCK, Map, Masks};

/// The beginnings within a block of 64 bytes; the lowest bit is the first byte.
pub(crate) struct Beginnings {
    /// Where the block begins.
    pub(crate) at: usize,
    /// Bytes that may begin a capital letter, at the beginning of a word.
    pub(crate) capitals: u64,
    /// First digits of runs, but for those in the middle of a code.
    pub(crate) digits: u64,
    /// First digits in the middle of a code that may be nine or more.
    pub(crate) long: u64,
    /// Every `:` and `@`.
    pub(crate) marks: u64,
    digit: u64,
    letter: u64,
    odd: u64,
}

/// What the block before leaves to one with digits: of its last byte, in the lowest bit.
struct Last {
    digit: u64,
    /// A letter that is no digit, and one of these behind digits in the same word.
    pure: u64,
    code: u64,
}

/// The digits of a block.
#[derive(Default)]
struct Digits {
    /// The first ones of runs, and which of them stand in the middle of a code.
    begin: u64,
    coded: u64,
    /// Whether the last letter of the block stands behind digits in the same word.
    code: u64,
}

impl Digits {
    #[inline(always)]
    fn of(block: &Masks, pure: u64, last: &Last, next: Option<&Masks>) -> Self {
        let digit = block.digit;
        let begin = digit & !(digit << 1 | last.digit);
        // The sum carries each letter behind a digit through those that follow, to the byte behind them.
        let (sum, code) = pure.overflowing_add((digit << 1 | last.digit | last.code) & pure);
        let behind_code = (sum & !pure | last.code) & begin;
        let next = next.copied().unwrap_or_default();
        let within_letters = begin & (pure << 1 | last.pure) & few_before_letters(block, pure, &next);
        Self { begin, coded: behind_code | within_letters, code: u64::from(code) }
    }
}

impl Beginnings {
    /// How many letters and digits stand in a row from `at` on, a place in the block, as far as that reaches.
    #[inline]
    pub(crate) fn letters_at(&self, at: usize) -> usize {
        (self.letter >> ((at - self.at) % BLOCK)).trailing_ones() as usize
    }

    /// Whether a capitalised word may begin at `at`, a place behind one that does: not known beyond the block, nor of
    /// letters that are not of Vietnamese.
    #[inline]
    pub(crate) fn may_begin_at(&self, at: usize) -> bool {
        self.odd != 0 || self.capitals.checked_shr((at - self.at) as u32).is_none_or(|mask| mask & 1 != 0)
    }
}

impl Map {
    /// Tells `found` the beginnings of every block that has any.
    #[inline(always)]
    pub(crate) fn beginnings(&self, mut found: impl FnMut(&Beginnings)) {
        const TOP: usize = BLOCK - 1;
        let (mut letter_before, mut digit_before, mut code) = (u64::from(self.after_letter), 0, 0);
        for (n, block) in self.blocks().iter().enumerate() {
            let &Masks { digit, letter, capital, mark, odd } = block;
            let capitals = capital & !(letter << 1 | letter_before);
            let (mut digits, mut long) = (digit & !(digit << 1 | digit_before), 0);
            // Where no digit touches a letter, none is part of a code.
            let (behind_digit, other) = (digit << 1 | digit_before | code, letter & !digit);
            let touched = (other << 1 | letter_before & !digit_before) & digits | behind_digit & other;
            if touched | code != 0 {
                let here = self.coded(n, digit_before, code);
                (digits, code) = (here.begin & !here.coded, here.code);
                long = if here.coded == 0 { 0 } else { here.coded & nine(digit) };
            }
            (letter_before, digit_before) = (letter >> TOP, digit >> TOP);
            if capitals | digits | long | mark != 0 {
                let at = self.start + n * BLOCK;
                found(&Beginnings { at, capitals, digits, long, marks: mark, digit, letter, odd });
            }
        }
    }

    /// The digits of a block, given whether the byte before is one and what [`Digits::code`] was told of the block before.
    #[inline(always)]
    fn coded(&self, n: usize, digit_before: u64, code: u64) -> Digits {
        let blocks = self.blocks();
        let behind = |by: usize| n.checked_sub(by).and_then(|n| blocks.get(n)).copied().unwrap_or_default();
        let (here, before) = (behind(0), behind(1));
        let pure_before = pure(&before, behind(2).odd) >> (BLOCK - 1);
        let last = Last { digit: digit_before, pure: pure_before, code };
        Digits::of(&here, pure(&here, before.odd), &last, blocks.get(n + 1))
    }

    /// How many letters and digits stand in a row from `at` on, a place in the block of `near`, and at most 64.
    pub(crate) fn letters(&self, near: &Beginnings, at: usize) -> usize {
        let len = near.letters_at(at);
        if (at - near.at) + len < BLOCK { len } else { self.bits(at, |m| m.letter).trailing_ones() as usize }
    }

    /// How many digits do.
    pub(crate) fn digits(&self, near: &Beginnings, at: usize) -> usize {
        let len = (near.digit >> ((at - near.at) % BLOCK)).trailing_ones() as usize;
        if (at - near.at) + len < BLOCK { len } else { self.bits(at, |m| m.digit).trailing_ones() as usize }
    }

    /// Where words end within the 64 bytes before the digit at `at`, by their last letters; the lowest bit is the first of
    /// these bytes. `None` where the map does not reach, or where something stands that parts words but is no sign of
    /// ASCII.
    pub(crate) fn word_ends_before(&self, at: usize) -> Option<u64> {
        let from = at.checked_sub(BLOCK).filter(|from| *from >= self.start)?;
        if self.bits(from, |m| m.odd) != 0 {
            return None;
        }
        let letters = self.bits(from, |m| m.letter & !m.digit);
        Some(letters & !(letters >> 1))
    }
}

/// Letters of Vietnamese: no digits, and no bytes of characters that part words, as no-break spaces do.
const fn pure(block: &Masks, odd_before: u64) -> u64 {
    let odd = block.odd;
    let followers = (odd << 1 | odd_before >> 63) | (odd << 2 | odd_before >> 62) | (odd << 3 | odd_before >> 61);
    block.letter & !block.digit & !odd & !followers
}

/// Digits that at most two others and then a letter stand behind.
const fn few_before_letters(block: &Masks, letters: u64, next: &Masks) -> u64 {
    const fn later(mask: u64, next: u64, by: usize) -> u64 {
        mask >> by | next << (BLOCK - by)
    }
    let behind = pure(next, block.odd);
    let second = later(block.digit, next.digit, 1);
    let third = later(block.digit, next.digit, 2);
    later(letters, behind, 1) | second & (later(letters, behind, 2) | third & later(letters, behind, 3))
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
#[inline]
pub(crate) fn places(at: usize, mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(at + bit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_are_passed_over_only_where_nothing_begins(
            text in "([a-zA-Z]{1,9}|[0-9]{1,12}|[ .:@-]{1,3}|[ạĐ\u{a0}０]|[a-z]{60,70}){0,40}",
            from in 0..9_usize,
        ) {
            let text = text.as_bytes();
            let map = Map::new(text, from.min(text.len())..text.len());
            let mut told = Vec::new();
            map.beginnings(|b| told.push((b.at, [b.capitals, b.digits, b.long, b.marks])));
            // Every block looked at for codes.
            let (mut all, mut letter_before, mut digit_before, mut code) = (Vec::new(), map.after_letter, 0, 0);
            for (n, block) in map.blocks().iter().enumerate() {
                let here = map.coded(n, digit_before, code);
                code = here.code;
                let digits = here.begin & !here.coded;
                let capitals = block.capital & !(block.letter << 1 | u64::from(letter_before));
                let long = here.coded & nine(block.digit);
                (letter_before, digit_before) = (block.letter >> 63 == 1, block.digit >> 63);
                all.push((map.start + n * BLOCK, [capitals, digits, long, block.mark]));
            }
            all.retain(|(_, masks)| masks.iter().any(|mask| *mask != 0));
            prop_assert_eq!(told, all);
        }
    }
}
