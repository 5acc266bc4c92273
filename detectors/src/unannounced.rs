//! Which numbers anybody takes that nothing announces: of most, their length and first digits tell that nobody does. Then
//! nothing has to be known of them but that no words speak of them.

use std::ops::Range;

use crate::LENGTHS;
use crate::card::Detector;

/// First digits told apart, and how many of these there are.
const HEAD: usize = 4;
const HEADS: usize = 10_usize.pow(HEAD as u32);

/// By length of the numbers that stand under no header.
pub(crate) struct Unannounced {
    /// Of those that may begin in any way, by the byte before.
    behind: [u32; 256],
    /// Of the others, by their first digits, a bit each.
    heads: Vec<[u64; HEADS.div_ceil(u64::BITS as usize)]>,
}

impl Unannounced {
    /// Those that any of `asked` takes.
    pub(crate) fn new(asked: &[&dyn Detector], this_year: u16) -> Self {
        let mut all = Self { behind: [0; 256], heads: vec![[0; HEADS.div_ceil(u64::BITS as usize)]; LENGTHS] };
        for detector in asked {
            let lengths = detector.lengths() & !detector.cell_lengths() & !detector.lengths_spoken();
            match detector.begins() {
                Some(begins) => all.begin(lengths, |len, head| begins(len, head, this_year)),
                None => all.stand_behind(|before| lengths & detector.lengths_behind(before)),
            }
        }
        // It may be part of the number.
        all.behind[usize::from(b'+')] = u32::MAX;
        all
    }

    /// All there are.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self { behind: [u32::MAX; 256], heads: Vec::new() }
    }

    fn begin(&mut self, lengths: u32, begins: impl Fn(usize, [u8; HEAD]) -> bool) {
        let bits = |head: usize| (head / u64::BITS as usize, 1 << (head % u64::BITS as usize));
        for (len, heads) in self.heads.iter_mut().enumerate().filter(|(len, _)| lengths >> len & 1 == 1) {
            for head in (0..HEADS).filter(|head| begins(len, digits_of(*head))) {
                let (word, bit) = bits(head);
                heads[word] |= bit;
            }
        }
    }

    fn stand_behind(&mut self, lengths: impl Fn(u8) -> u32) {
        self.behind.iter_mut().zip(0..=u8::MAX).for_each(|(slot, before)| *slot |= lengths(before));
    }

    /// Whether anybody may take the number of so many digits at `range`, which has no `|` behind.
    #[inline]
    pub(crate) fn takes(&self, text: &[u8], range: &Range<usize>, digits: usize) -> bool {
        let before = range.start.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or_default();
        if self.behind[usize::from(before)] >> digits & 1 == 1 {
            return true;
        }
        let number = text.get(range.clone()).unwrap_or_default();
        match (self.heads.get(digits), number_of(number)) {
            (Some(heads), Some(head)) => {
                heads.get(head / 64).is_none_or(|bits| bits >> (head % u64::BITS as usize) & 1 == 1)
            }
            _ => true,
        }
    }
}

/// What the first digits of a number write; `None` where anything beyond ASCII stands among them.
#[inline]
fn number_of(number: &[u8]) -> Option<usize> {
    if let Some(value) = value_of(*number.first_chunk()?) {
        return Some(value);
    }
    let (mut head, mut n) = (0, 0);
    for b in number.iter().take_while(|b| b.is_ascii()) {
        let digit = usize::from(b.wrapping_sub(b'0'));
        if digit < 10 {
            (head, n) = (head * 10 + digit, n + 1);
            if n == HEAD {
                return Some(head);
            }
        }
    }
    None
}

/// The value of four digits, if they are that: all four in one register.
#[inline]
const fn value_of(head: [u8; HEAD]) -> Option<usize> {
    const EACH: u32 = u32::MAX / 0xff;
    let digits = u32::from_le_bytes(head) ^ (EACH * b'0' as u32);
    // What is carried on from one byte comes behind the first that is none.
    if (digits.wrapping_add(EACH * (0x80 - 10)) | digits) & (EACH * 0x80) != 0 {
        return None;
    }
    // Two of two digits, and both together.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff;
    Some(((pairs * 100 + (pairs >> 16)) & 0xffff) as usize)
}

/// The first digits that a value stands for.
fn digits_of(head: usize) -> [u8; HEAD] {
    [1000, 100, 10, 1].map(|place| b'0' + (head / place % 10) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numbers::{Candidate, EVERY_NUMBER, candidates};

    #[test]
    fn values_are_those_of_the_digits() {
        for head in 0..HEADS {
            assert_eq!(value_of(digits_of(head)), Some(head));
        }
        for (at, byte) in (0..HEAD).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut head = *b"0990";
            head[at] = byte;
            assert_eq!(value_of(head).is_some(), byte.is_ascii_digit(), "{head:?}");
        }
    }

    #[test]
    fn first_digits_are_read_across_signs() {
        for (number, head) in [
            ("0912345678", Some(912)),
            ("10.165.117.168", Some(1016)),
            ("1-2-3-4", Some(1234)),
            ("84 912", Some(8491)),
            ("1 2", None),
            ("０912345678", None),
            ("09\u{200b}12345678", None),
            ("091\u{a0}2345678", None),
        ] {
            assert_eq!(number_of(number.as_bytes()), head, "{number}");
            assert!(head.is_none_or(|head| digits_of(head) == digits_of(number_of(&digits_of(head)).unwrap_or(HEADS))));
        }
    }

    proptest! {
        /// However they go on, and whatever stands around.
        #[test]
        fn who_takes_a_number_says_how_it_begins(
            before in "[ +:.a-]?",
            number in "(0084|840|84|0|1[0-9]00|1|2)?[0-9]{4,12}|[0-9]{1,4}([ .-][0-9]{1,4}){2,4}",
        ) {
            let text = [before, number].concat();
            let text = text.as_bytes();
            candidates(text, 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
                let Candidate::Number(number) = candidate else { return };
                let Some(head) = number.digits().first_chunk().copied() else { return };
                let asked = crate::ALL.iter().filter(|d| (d.lengths() & !d.cell_lengths()) >> number.len() & 1 == 1);
                for detector in asked.filter(|detector| !text.starts_with(b"+") || detector.begins().is_none()) {
                    let (words, mut memory) = (&crate::tests::DETECTORS.words, crate::Memory::default());
                    let range = number.range.clone();
                    let mut near = crate::Near::new(text, words, None, range, number.len(), 2026, &mut memory);
                    let begins = detector.begins().is_none_or(|begins| begins(number.len(), head, 2026));
                    let found = detector.number(&number, &mut near);
                    assert!(begins || found.is_none(), "{} {:?}", detector.card().id, String::from_utf8_lossy(text));
                }
            });
        }
    }
}
