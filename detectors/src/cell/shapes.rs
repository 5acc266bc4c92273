//! Cells in which there is nothing, by their shape: `Nữ`, `2026-03-05T12:15:00Z`, `4.500.000`, `Đang xử lý`.
//!
//! A column repeats its words, and moments and amounts differ only in digits that are too few for any number. A shape
//! is remembered once a cell of it was scanned and nothing in it depends on which digits they are.

use std::ops::Range;

use crate::numbers::{Candidate, EVERY_NUMBER, candidates_of, parted};
use crate::simd::{Look, Map};
use crate::trigger::{Trigger, words_in};
use crate::{Column, Detectors, anchor, lookalike, spoken};

/// Bytes of the longest cell whose shape is remembered.
pub(super) const SHAPE_BYTES: usize = 32;
const WORDS: usize = SHAPE_BYTES / 8;
const SLOTS: usize = 512;

/// Shapes of cells in which there is nothing.
#[derive(Default)]
pub(super) struct Shapes {
    /// A part of the hash of each, never 0: most of what is asked for is not known, and the tags stay near the processor
    /// while the shapes do not.
    tags: Vec<u16>,
    shapes: Vec<Shape>,
}

/// The bytes of a cell, every digit a zero, and its column.
#[derive(Clone, Copy, Default)]
struct Shape {
    words: [u64; WORDS],
    /// Never 0.
    column: u64,
    coded: bool,
}

impl Shapes {
    /// Whether there is nothing in cells of this shape, and whether an encoding still may be.
    pub(super) fn known(&self, text: &[u8], cell: &Range<usize>, column: Option<Column>) -> Option<bool> {
        let shape = Shape::of(text, cell, column)?;
        let (at, tag) = shape.slot();
        let tagged = |at: usize| self.tags.get(at) == Some(&tag);
        let known = |at: usize| self.shapes.get(at).filter(|known| known.is(&shape)).map(|known| known.coded);
        [at, at ^ 1].into_iter().filter(|at| tagged(*at)).find_map(known)
    }

    pub(super) fn learn(&mut self, detectors: &Detectors, cell: &[u8], column: Option<Column>, coded: bool) {
        let Some(shape) = Shape::of(cell, &(0..cell.len()), column) else { return };
        let shape = Shape { coded, ..shape };
        if !cell.iter().any(u8::is_ascii_digit) || !depends_on_digits(detectors, cell, column) {
            if self.shapes.is_empty() {
                self.tags.resize(SLOTS, 0);
                self.shapes.resize(SLOTS, Shape::default());
            }
            // Two share two places before one has to go.
            let (at, tag) = shape.slot();
            self.tags.swap(at, at ^ 1);
            self.shapes.swap(at, at ^ 1);
            (self.tags[at], self.shapes[at]) = (tag, shape);
        }
    }
}

impl Shape {
    #[inline(always)]
    fn of(text: &[u8], cell: &Range<usize>, column: Option<Column>) -> Option<Self> {
        if cell.len() > SHAPE_BYTES {
            return None;
        }
        let mut bytes = [0; SHAPE_BYTES];
        // What stands behind the cell is cut off below: copying all there may be is faster than what there is.
        match text.get(cell.start..).and_then(<[u8]>::first_chunk::<SHAPE_BYTES>) {
            Some(chunk) => bytes = *chunk,
            None => bytes.get_mut(..cell.len())?.copy_from_slice(text.get(cell.clone())?),
        }
        let mut words = [0; WORDS];
        for ((word, eight), mask) in words.iter_mut().zip(bytes.as_chunks::<8>().0).zip(MASKS.get(cell.len())?) {
            *word = zeroed(u64::from_le_bytes(*eight)) & mask;
        }
        Some(Self { words, column: column.map_or(1, |c| c as u64 + 2), coded: false })
    }

    /// Equality without a call.
    #[inline]
    fn is(&self, other: &Self) -> bool {
        let words = self.words.iter().zip(&other.words).fold(0, |differ, (a, b)| differ | (a ^ b));
        words | (self.column ^ other.column) == 0
    }

    /// The first of the two places where it may stand, and its tag.
    #[inline]
    const fn slot(&self) -> (usize, u16) {
        let [a, b, c, d] = self.words;
        let mixed = a ^ b.rotate_left(23) ^ c.rotate_left(37) ^ d.rotate_left(51) ^ self.column.rotate_left(11);
        let hash = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> 56) as usize % (SLOTS / 2) * 2, (hash >> 40) as u16 | 1)
    }
}

/// The bytes of a cell of so many, among those of the longest.
const MASKS: [[u64; WORDS]; SHAPE_BYTES + 1] = {
    let mut masks = [[0; WORDS]; SHAPE_BYTES + 1];
    let mut len = 0;
    while len <= SHAPE_BYTES {
        let mut n = 0;
        while n < len {
            masks[len][n / 8] |= 0xff << (n % 8 * 8);
            n += 1;
        }
        len += 1;
    }
    masks
};

/// Eight bytes with every ASCII digit made `0`.
const fn zeroed(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    const ZEROS: u64 = ONES * b'0' as u64;
    // A digit differs from `0` by less than ten, and has no high bit.
    let from_zero = eight ^ ZEROS;
    let other = ((from_zero & !HIGH) + ONES * (0x80 - 10)) | from_zero;
    let digits = ((!other & HIGH) >> 7) * 0xff;
    eight & !digits | ZEROS & digits
}

/// Whether a scan of some cell of this shape may find something, by which digits stand in it.
fn depends_on_digits(detectors: &Detectors, cell: &[u8], column: Option<Column>) -> bool {
    let reads_digits =
        matches!(column, Some(Column::BirthDate | Column::BirthYear | Column::Plate | Column::Claim | Column::Health));
    if reads_digits || !detectors.is_whole() {
        return true;
    }
    // The digit of a motorcycle's series is no zero.
    let singles = if cell.chunk_by(|a, b| a.is_ascii_digit() && b.is_ascii_digit()).any(|g| matches!(g, [b'0'..=b'9']))
    {
        &b"01"[..]
    } else {
        b"0"
    };
    singles.iter().any(|single| may_find(detectors, cell, *single))
}

/// Whether there is anything to ask about in a cell whose digits are those that tell most, and `single` those that stand
/// alone.
fn may_find(detectors: &Detectors, cell: &[u8], single: u8) -> bool {
    // Where as few digits as there are in a group tell anything, it is that they are those of a hotline.
    let mut text = cell.to_vec();
    for group in text.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
        if group.iter().all(u8::is_ascii_digit) {
            group.fill(b'0');
            match group {
                [one] => *one = single,
                [one, nine, _, _] => (*one, *nine) = (b'1', b'9'),
                // These may be digits as bytes.
                long if long.len() == parted::BYTES_DIGITS_MAX => long.fill(b'3'),
                _ => {}
            }
        }
    }
    let (all, map) = (0..text.len(), Map::new(&text, 0..text.len()));
    let mut any = text.contains(&b'@');
    let mut look = Look::hearing(&text, 0);
    candidates_of(&mut look, &text, all.clone(), &EVERY_NUMBER, &mut |candidate| {
        any |= match candidate {
            // How many digits a word has is told by its shape.
            Candidate::Lookalikes(place) => lookalike::read(&text, place).is_some(),
            _ => true,
        };
    });
    parted::numbers(&text, &look.heard().groups, all.clone(), |_| any = true);
    spoken::numbers(&text, all.clone(), &map, spoken::Hearing::Strict, |_| any = true);
    anchor::candidates(&text, all.clone(), &map, detectors.anchors, &mut |_| any = true);
    // Whether a word announces these digits is told by which they are.
    any || Trigger::all().any(|trigger| words_in(&text, all.clone(), trigger).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_zeros_and_nothing_else_changes() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let mut bytes = *b"a9/:\xff0Z\x00";
                bytes[at] = byte;
                let expected = bytes.map(|b| if b.is_ascii_digit() { b'0' } else { b });
                assert_eq!(zeroed(u64::from_le_bytes(bytes)).to_le_bytes(), expected);
            }
        }
    }
}
