//! How many numbers stand around a citizen's: among many of another kind a few look like one by chance.
//!
//! It counts runs of digits and knows no identifier.

use std::sync::Arc;

use chot_detectors::{BLOCK, Hit, digits};
use chot_model::{Confidence, DetectorId};

/// The twelve-digit numbers of a part that no header announces.
///
/// About one random number in fifty is laid out like a citizen's, so a list of a thousand orders would look like
/// twenty people. Where hardly any of the numbers around are citizens', one that nothing else speaks for is none.
#[derive(Default)]
pub(super) struct Crowd {
    part: Option<Arc<str>>,
    numbers: u64,
    citizens: u64,
}

impl Crowd {
    /// Judges the `hits` of a text in which so many `numbers` of twelve digits stand.
    pub(super) fn judge(&mut self, part: &Arc<str>, numbers: u64, hits: &mut [Hit]) {
        const NUMBERS_MIN: u64 = 16;
        // Low enough that a list of people is not hidden by a few numbers strewn in.
        const SHARE: u64 = 8;
        if self.part.as_ref() != Some(part) {
            *self = Self { part: Some(part.clone()), ..Self::default() };
        }
        self.numbers += numbers;
        let citizen = |h: &Hit| h.detector == DetectorId::Cccd && h.confidence >= Confidence::Medium;
        self.citizens += hits.iter().filter(|h| citizen(h)).count() as u64;
        if self.numbers >= NUMBERS_MIN && self.citizens * SHARE < self.numbers {
            for hit in hits.iter_mut().filter(|h| citizen(h) && h.confidence == Confidence::Medium) {
                hit.confidence = Confidence::Low;
            }
        }
    }
}

/// Runs of exactly twelve digits.
pub(super) fn twelves(text: &[u8]) -> u64 {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
    let mut twelves = Twelves::default();
    for block in blocks.iter().chain([&last]) {
        twelves.add(digits(block));
    }
    twelves.end()
}

/// Runs of exactly twelve digits, from masks of digits.
#[derive(Default)]
pub(crate) struct Twelves {
    n: u64,
    /// Digits in a row at the end of the last block.
    open: u64,
    /// Whether nine stood together anywhere.
    nine: bool,
}

impl Twelves {
    /// How many there are.
    pub(crate) fn end(mut self) -> u64 {
        // A run may reach the end of the last block.
        self.add(0);
        self.n
    }

    /// Whether nine digits stood together anywhere.
    pub(crate) const fn has_nine(&self) -> bool {
        self.nine
    }

    /// Takes the digits of the next `len` blocks, of which no others than those of `four` have four in a row, and tells
    /// `nine` of each what [`Self::add`] says.
    pub(crate) fn sheet(&mut self, four: u64, len: usize, digit: impl Fn(usize) -> u64, mut nine: impl FnMut(usize)) {
        // A run of nine has four in a row in a block, and may end in the next.
        let mut due = (four | four << 1 | 1) & u64::MAX >> (BLOCK - len);
        let mut next = 0;
        while due != 0 {
            let n = due.trailing_zeros() as usize;
            due &= due - 1;
            if n > next {
                self.open = u64::from(digit(n - 1).leading_ones());
            }
            if self.add(digit(n)) {
                nine(n);
            }
            next = n + 1;
        }
        if next < len {
            self.open = u64::from(digit(len - 1).leading_ones());
        }
    }

    /// Takes the digits of the next block, and says whether nine stand together that end in it or go on beyond.
    #[inline]
    pub(crate) fn add(&mut self, mut digit: u64) -> bool {
        const LEN: u64 = 12;
        const NINE: u64 = 9;
        let two = digit & digit >> 1;
        if two & two >> 2 == 0 && self.open + u64::from(digit.trailing_ones()) < NINE {
            // Hardly a block of most texts has four in a row.
            self.open = u64::from(digit.leading_ones());
            return false;
        }
        let four = two & two >> 2;
        let nine = four & four >> 4 & digit >> 8 != 0 || self.open + u64::from(digit.trailing_ones()) >= NINE;
        self.nine |= nine;
        if self.open > 0 {
            let head = digit.trailing_ones();
            self.open += u64::from(head);
            if head == u64::BITS {
                return nine;
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
        nine
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
        }
    }
}
