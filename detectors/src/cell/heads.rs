//! What numbers come to by their first digits, where these, their length and their column are all that is shown of them.
//! Numbers of a register begin alike: provinces, networks, years.
//!
//! First digits that show the same are one class, whatever the column; what each class comes to under each column is asked
//! once for all messages.

use std::ops::RangeInclusive;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use chot_model::{Confidence, DetectorId};

use super::digits::{LENGTHS, shown};
use super::{Told, Whole, under};
use crate::Column;

/// Of longer ones more digits are shown.
const HEAD_LENGTHS: RangeInclusive<usize> = *LENGTHS.start()..=12;
const LENS: usize = *HEAD_LENGTHS.end() - *HEAD_LENGTHS.start() + 1;
/// What four digits begin with, and the same where the two digits of a year would be of this century's future.
const HEADS: usize = 2 * LATE;
const LATE: usize = 10_000;
/// There are about a dozen for each length.
const CLASSES: usize = 32;
/// More than these digits matter.
const NO_CLASS: u8 = u8::MAX;
const UNDERS: usize = Column::ALL.len() + 1;

type Classes = Box<[u8; HEADS]>;

/// The classes of first digits, and what each comes to.
pub(super) struct Heads {
    classes: [OnceLock<Classes>; LENS],
    /// For each length, column and class.
    codes: Box<[AtomicU8]>,
}

impl Default for Heads {
    fn default() -> Self {
        let codes = (0..LENS * UNDERS * CLASSES).map(|_| AtomicU8::new(UNKNOWN)).collect();
        Self { classes: Default::default(), codes }
    }
}

const UNKNOWN: u8 = 0;
const NOTHING: u8 = 1;
const FIRST_WHOLE: u8 = 2;
const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

/// What each code stands for: from [`FIRST_WHOLE`] on, that all of a cell is found by one detector.
static TOLD: [Told; 1 << u8::BITS] = {
    let mut told = [Told::Unusual; 1 << u8::BITS];
    told[NOTHING as usize] = Told::Nothing;
    let mut n = 0;
    while n < 3 * DetectorId::ALL.len() {
        let (detector, confidence) = (DetectorId::ALL[n / 3], CONFIDENCES[n % 3]);
        told[FIRST_WHOLE as usize + n] = Told::Whole(Whole::as_it_stands(detector, confidence));
        n += 1;
    }
    told
};

/// The number of four digits, the first in the lowest byte.
#[inline(always)]
const fn four(digits: u32) -> usize {
    let digits = digits & 0x0f0f_0f0f;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    ((pairs & 0xff) * 100 + (pairs >> 16 & 0xff)) as usize
}

/// Where a number of `len` digits has its place among the heads, `eight` being the first; `None` when its last digits
/// matter.
#[inline(always)]
const fn place(eight: u64, len: usize, this_year: u16) -> Option<usize> {
    let four = four(eight as u32);
    if len <= 10 {
        return Some(four);
    }
    // Of a citizen number, which may have lost a zero.
    let year = eight >> (8 * (len - 8)) & 0x0f0f;
    let year = ((year & 0x0f) * 10 + (year >> 8)) as u16;
    // Moments have the year there.
    if len == 12 && (year == 19 || year == 20) {
        return None;
    }
    Some(four + if 2000 + year > this_year { LATE } else { 0 })
}

impl Heads {
    /// What a number comes to, given its first eight digits: [`Told::Nothing`], [`Told::Whole`] or [`Told::Unusual`] when it is not
    /// known.
    #[inline(always)]
    pub(super) fn told(&self, eight: u64, len: usize, under: usize, this_year: u16) -> Told {
        let code = self.code(eight, len, under, this_year).map_or(UNKNOWN, |code| code.load(Relaxed));
        TOLD[usize::from(code)]
    }

    /// The place of what such a number comes to; `None` until [`Self::learn`] was called of one so long.
    #[inline(always)]
    fn code(&self, eight: u64, len: usize, under: usize, this_year: u16) -> Option<&AtomicU8> {
        let n = len.wrapping_sub(*HEAD_LENGTHS.start());
        let classes = self.classes.get(n)?.get()?;
        let class = usize::from(*classes.get(place(eight, len, this_year)?)?);
        self.codes.get((n * UNDERS + under) * CLASSES + class).filter(|_| class < CLASSES)
    }

    /// Remembers what numbers with this head come to, unless more of one may matter under this column: those with a check
    /// digit, and values that are not the cell itself.
    pub(super) fn learn(&self, cell: &[u8], column: Option<Column>, told: Told, this_year: u16) {
        let Some(classes) = cell.len().checked_sub(*HEAD_LENGTHS.start()).and_then(|n| self.classes.get(n)) else {
            return;
        };
        classes.get_or_init(|| sorted(cell.len(), this_year));
        let mut eight = [0; 8];
        eight.iter_mut().zip(cell).for_each(|(to, b)| *to = *b);
        let checked = column == Some(Column::Tax) && matches!(cell.len(), 10 | 11);
        let slot = self.code(u64::from_le_bytes(eight), cell.len(), under(column), this_year);
        let Some(slot) = slot.filter(|_| !checked) else { return };
        // Of a value that is not the cell there is none.
        if let Some(code @ 1..) = TOLD.iter().position(|known| *known == told) {
            slot.store(code as u8, Relaxed);
        }
    }
}

/// The class of each head of numbers of `len` digits.
fn sorted(len: usize, this_year: u16) -> Classes {
    let mut classes = Box::new([NO_CLASS; HEADS]);
    let mut known: Vec<u64> = Vec::new();
    for (head, class) in classes.iter_mut().enumerate() {
        let Some(cell) = example(head, len, this_year) else { continue };
        let shown = shown(cell.get(..len).unwrap_or_default(), None, this_year);
        let at = known.iter().position(|k| *k == shown).unwrap_or(known.len());
        if at < CLASSES {
            *class = at as u8;
            if at == known.len() {
                known.push(shown);
            }
        }
    }
    classes
}

/// A number with this head; `None` where more than its head matters: it may be a filler or a moment, or is dialled from
/// abroad.
fn example(head: usize, len: usize, this_year: u16) -> Option<[u8; 12]> {
    let (four, late) = (head % LATE, head >= LATE);
    let mut cell = *b"000057057057";
    for (n, digit) in cell.iter_mut().enumerate().take(4) {
        *digit = b'0' + (four / 10_usize.pow(3 - n as u32) % 10) as u8;
    }
    let [a, b, c, d, ..] = cell;
    let filler = a == b && b == c || [a, b, c, d] == *b"1234";
    let abroad = a == b'8' || [a, b, c, d] == *b"0084";
    // All years of the century before have been.
    if filler || abroad || len == 12 && a != b'0' || len > 10 && this_year < 1999 {
        return None;
    }
    // The year stands where it does in a citizen number, behind the zeros that are lost.
    let decades = if len == 12 { b'0'..=b'9' } else { d..=d };
    for (e, f) in decades.flat_map(|e| (b'0'..=b'9').map(move |f| (e, f))).filter(|_| len > 10) {
        let year = u16::from(e - b'0') * 10 + u16::from(f - b'0');
        if (2000 + year > this_year) == late && !(len == 12 && matches!(year, 19 | 20)) {
            if let Some(digits) = cell.get_mut(len - 8..len - 6) {
                digits.copy_from_slice(&[e, f]);
            }
            return Some(cell);
        }
    }
    (len <= 10 && !late).then_some(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::digits::speaks_by_its_end;
    use super::*;

    #[test]
    fn there_is_a_class_for_all_that_heads_show() {
        for len in HEAD_LENGTHS {
            let classes = sorted(len, 2026);
            let known = (0..HEADS).filter(|head| example(*head, len, 2026).is_some());
            assert!(known.clone().count() > 800, "{len}");
            assert!(known.into_iter().all(|head| classes[head] != NO_CLASS), "{len}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn numbers_of_a_class_show_the_same(
            one in "(0[0-9]{2}|[0-9]{3}|0(01|79|36))[0-3][0-9]{8}",
            // What its head does not tell.
            (other, len) in ("[0-9]{12}", HEAD_LENGTHS),
            this_year in 1990u16..2040,
        ) {
            let (one, other) = (&one.as_bytes()[..len], &other.as_bytes()[..len]);
            let place = |cell: &[u8]| {
                let mut eight = [0; 8];
                eight.iter_mut().zip(cell).for_each(|(to, b)| *to = *b);
                place(u64::from_le_bytes(eight), len, this_year)
            };
            let Some(example) = place(one).and_then(|head| example(head, len, this_year)) else { return Ok(()) };
            prop_assert_eq!(place(&example[..len]), place(one));
            prop_assert!(!speaks_by_its_end(&example[..len]));
            let mixed = [&one[..len.min(6)], &other[len.min(6)..]].concat();
            for cell in [one, &mixed] {
                if place(cell) == place(one) && !speaks_by_its_end(cell) {
                    prop_assert_eq!(shown(cell, None, this_year), shown(&example[..len], None, this_year), "{:?}", cell);
                }
            }
        }
    }
}
