//! How many runs of exactly twelve digits stand in a text, from masks of digits.
//!
//! For whoever asks how many of the numbers around are citizens'. It judges none of them.

use std::ops::Range;

use super::among::digits;
use super::{BLOCK, Map};

/// How many runs of exactly twelve digits stand in `text`.
pub fn twelves(text: &[u8]) -> u64 {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
    let mut twelves = Twelves::default();
    blocks.iter().chain([&last]).for_each(|block| twelves.add(digits(block)));
    twelves.end()
}

impl Map {
    /// As [`twelves`], of a part of the text that was looked at.
    pub(crate) fn twelves(&self, range: &Range<usize>) -> u64 {
        let mut twelves = Twelves::default();
        let from = range.start.saturating_sub(self.start);
        let to = range.end.saturating_sub(self.start);
        // What of a block stands before a place.
        let before = |n: usize, place: usize| match place.saturating_sub(n * BLOCK) {
            bits @ 0..BLOCK => (1 << bits) - 1,
            _ => u64::MAX,
        };
        for (n, block) in self.blocks().iter().enumerate().skip(from / BLOCK).take_while(|(n, _)| n * BLOCK < to) {
            twelves.add(block.digit & before(n, to) & !before(n, from));
        }
        twelves.end()
    }
}

/// Runs of exactly twelve digits, from masks of digits.
#[derive(Default)]
struct Twelves {
    n: u64,
    /// Digits in a row at the end of the last block.
    open: u64,
}

impl Twelves {
    /// A run may reach the end of the last block.
    fn end(mut self) -> u64 {
        self.add(0);
        self.n
    }

    #[inline]
    fn add(&mut self, mut digit: u64) {
        const LEN: u64 = 12;
        let two = digit & digit >> 1;
        if self.open == 0 && two & two >> 2 == 0 {
            // Hardly a block of most texts has four in a row.
            self.open = u64::from(digit.leading_ones());
            return;
        }
        if self.open > 0 {
            let head = digit.trailing_ones();
            self.open += u64::from(head);
            if head == u64::BITS {
                return;
            }
            self.n += u64::from(self.open == LEN);
            digit &= u64::MAX << head;
        }
        let tail = digit.leading_ones();
        self.open = u64::from(tail);
        digit &= u64::MAX.checked_shr(tail).unwrap_or_default();
        let two = digit & digit >> 1;
        let four = two & two >> 2;
        let twelve = four & four >> 4 & four >> 8;
        // None before, none behind.
        self.n += u64::from((twelve & !(digit << 1) & !(digit >> LEN)).count_ones());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_exactly_twelve_digits_are_counted() {
        for (text, expected) in [
            ("", 0),
            ("001090123456", 1),
            ("0010901234567", 0),
            ("001090123456,001090123457 x001090123458y", 3),
            ("1 22 333 4444 55555 666666", 0),
        ] {
            assert_eq!(twelves(text.as_bytes()), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn runs_are_counted_wherever_they_stand(text in "([0-9]{1,13}|[0-9]{12}|[ x]{0,7}|[ x]{60}|[0-9]{30}|[0-9]{64}){0,40}") {
            let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12).count();
            proptest::prop_assert_eq!(twelves(text.as_bytes()), runs as u64);
            let map = Map::new(text.as_bytes(), 0..text.len());
            proptest::prop_assert_eq!(map.twelves(&(0..text.len())), runs as u64);
            let part = text.len() / 3..text.len() - text.len() / 5;
            proptest::prop_assert_eq!(map.twelves(&part), twelves(&text.as_bytes()[part]));
        }
    }
}
