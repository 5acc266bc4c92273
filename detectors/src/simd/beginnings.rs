//! Where something begins that words may say something about: capitalised words and runs of digits, the colons
//! behind labels, the signs in addresses of mail.

use super::among::among;
use super::{BLOCK, Map, Masks, SEEN};

/// The beginnings within a block of 64 bytes; the lowest bit is the first byte.
#[derive(Default)]
pub(crate) struct Beginnings {
    /// Where the block begins.
    pub(crate) at: usize,
    /// Bytes that may begin a capital letter, at the beginning of a word.
    pub(crate) capitals: u64,
    /// First digits of runs before which a word has room, but for those in the middle of a code: nearly all stand between
    /// others, as those of a moment do.
    pub(crate) announced: u64,
    /// Those of them behind a hyphen that may end the head of a plate.
    pub(crate) hyphens: u64,
    /// First digits that may be nine or more, those in the middle of a code as well.
    pub(crate) long: u64,
    /// Every `:` and `@`.
    pub(crate) marks: u64,
    digit: u64,
    letter: u64,
    odd: u64,
    runs: Runs,
}

/// The runs of digits of the last block that has any, but for those in the middle of a code.
#[derive(Default)]
struct Runs {
    /// Where the block begins.
    at: usize,
    /// First digits, where runs have ended, and where those have of two digits or more.
    first: u64,
    ends: u64,
    pairs: u64,
    /// Whether a run goes on behind the block; in the lowest bit.
    open: u64,
    /// Where the last run before the block ended, and the last one of two digits or more.
    end_before: usize,
    pair_before: usize,
}

impl Runs {
    /// Goes on to the block at `at`, of which `first` are the first digits of runs.
    #[inline(always)]
    fn pass(&mut self, at: usize, digit: u64, first: u64) {
        const TOP: usize = BLOCK - 1;
        (self.end_before, self.pair_before) = self.before(BLOCK);
        let first_before = if self.at + BLOCK == at { self.first >> TOP } else { 0 };
        // The sum carries the first digit of each run through the others, to the byte behind them.
        let (sum, open) = digit.overflowing_add(first | self.open);
        self.ends = sum & !digit;
        self.pairs = self.ends & !(first << 1 | first_before);
        (self.at, self.first, self.open) = (at, first, u64::from(open));
    }

    /// Where the last run ended before the byte `n` of the block, and the last one of two digits or more.
    #[inline]
    fn before(&self, n: usize) -> (usize, usize) {
        let within = !u64::MAX.checked_shl(n as u32).unwrap_or_default();
        let last = |mask: u64, or| (mask & within).checked_ilog2().map_or(or, |last| self.at + last as usize);
        (last(self.ends, self.end_before), last(self.pairs, self.pair_before))
    }
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
    /// The first ones of runs that stand in the middle of a code.
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
        Self { coded: behind_code | within_letters, code: u64::from(code) }
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

    /// Where the last run that is in no code ended before `at`, a place of [`Self::announced`], and the last one of two
    /// digits or more.
    #[inline]
    pub(crate) fn runs_before(&self, at: usize) -> (usize, usize) {
        self.runs.before((at - self.at) % BLOCK)
    }

    /// Notes the runs of digits of a block, given which have begun and are in no code, and the block before.
    #[inline(always)]
    fn digits(&mut self, text: &[u8], block: &Masks, first: u64, before: &Masks) {
        let (at, pairs_before) =
            (self.at, if self.runs.at + BLOCK == self.at { self.runs.pairs >> (BLOCK - 1) } else { 0 });
        self.runs.pass(at, block.digit, first);
        // No word has room between two numbers.
        self.announced = first & !(self.runs.pairs << 1 | pairs_before);
        let capital =
            block.capital << 2 | block.capital << 3 | before.capital >> (BLOCK - 2) | before.capital >> (BLOCK - 3);
        if first & capital != 0 {
            let rest = text.get(at..).unwrap_or_default();
            let padded = if rest.len() < BLOCK { super::padded(rest) } else { [0; SEEN] };
            let Some(seen) = rest.first_chunk().or_else(|| padded.first_chunk()) else { return };
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            self.hyphens = first & capital & (among(seen, [b'-'; 4]) << 1 | u64::from(before == Some(&b'-')));
        }
    }
}

impl Map {
    /// Tells `found` the beginnings of every block of `text` that has any.
    #[inline(always)]
    pub(crate) fn beginnings(&self, text: &[u8], mut found: impl FnMut(&Beginnings)) {
        const TOP: usize = BLOCK - 1;
        let (mut letter_before, mut digit_before, mut code) = (u64::from(self.after_letter), 0, 0);
        let runs = Runs { at: self.start, end_before: self.start, pair_before: self.start, ..Runs::default() };
        // One for all blocks, most of which change little of it.
        let mut here = Beginnings { runs, ..Beginnings::default() };
        for (n, block) in self.blocks().iter().enumerate() {
            let &Masks { digit, letter, capital, mark, odd } = block;
            let at = self.start + n * BLOCK;
            (here.at, here.capitals, here.marks) = (at, capital & !(letter << 1 | letter_before), mark);
            (here.digit, here.letter, here.odd) = (digit, letter, odd);
            [here.announced, here.hyphens, here.long] = [0; 3];
            if digit | here.runs.open | code != 0 {
                let begun = digit & !(digit << 1 | digit_before);
                // Where no digit touches a letter, none is part of a code.
                let (behind_digit, other) = (digit << 1 | digit_before | code, letter & !digit);
                let touched = (other << 1 | letter_before & !digit_before) & begun | behind_digit & other;
                let mut coded = 0;
                if touched | code != 0 {
                    let digits = self.coded(n, digit_before, code);
                    (coded, code) = (digits.coded, digits.code);
                }
                let before = n.checked_sub(1).and_then(|n| self.blocks().get(n)).unwrap_or(&Masks::NONE);
                here.digits(text, block, begun & !coded, before);
                here.long = begun & nine(digit);
            } else if digit_before & letter != 0 {
                // A letter behind the last digit of the block before.
                code = self.coded(n, digit_before, code).code;
            }
            (letter_before, digit_before) = (letter >> TOP, digit >> TOP);
            if here.capitals | here.announced | here.hyphens | here.long | mark != 0 {
                found(&here);
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
            text in "([a-zA-Z]{1,9}|[0-9]{1,12}|[ .:@-]{1,3}|[ạĐ\u{a0}０]|[a-z]{60,70}|[0-9]{2}[A-Z][0-9]?-[0-9]{1,5}|([0-9]{1,3}[:.;]){1,5}){0,40}",
            from in 0..9_usize,
        ) {
            let text = text.as_bytes();
            let map = Map::new(text, from.min(text.len())..text.len());
            let mut told = Vec::new();
            map.beginnings(text, |b| {
                let all: Vec<_> = places(b.at, b.announced).map(|at| (at, b.runs_before(at))).collect();
                told.push((b.at, [b.capitals, b.hyphens, b.long, b.marks], all));
            });
            // Every block looked at for codes, and every run of digits by itself.
            let (mut all, mut letter_before, mut digit_before, mut code) = (Vec::new(), map.after_letter, 0, 0);
            let (mut number, mut pair) = (map.start, map.start);
            for (n, block) in map.blocks().iter().enumerate() {
                let here = map.coded(n, digit_before, code);
                let begin = block.digit & !(block.digit << 1 | digit_before);
                code = here.code;
                let at = map.start + n * BLOCK;
                let capitals = block.capital & !(block.letter << 1 | u64::from(letter_before));
                let (mut hyphens, mut announced) = (0, Vec::new());
                for start in places(at, begin & !here.coded) {
                    let len = text[start..].iter().take_while(|b| b.is_ascii_digit()).count();
                    let capital = |by: usize| start >= map.start + by && map.bits(start - by, |m| m.capital) & 1 == 1;
                    if start > 0 && text[start - 1] == b'-' && (capital(2) || capital(3)) {
                        hyphens |= 1 << (start - at);
                    }
                    if start >= pair + 2 || pair == map.start {
                        announced.push((start, (number, pair)));
                    }
                    number = start + len;
                    if len > 1 {
                        pair = number;
                    }
                }
                let long = begin & nine(block.digit);
                (letter_before, digit_before) = (block.letter >> 63 == 1, block.digit >> 63);
                all.push((at, [capitals, hyphens, long, block.mark], announced));
            }
            all.retain(|(_, masks, announced)| masks.iter().any(|mask| *mask != 0) || !announced.is_empty());
            prop_assert_eq!(told, all);
        }
    }
}
