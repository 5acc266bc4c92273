//! Cells in which there is nothing, by their shape: `Nữ`, `2026-03-05T12:15:00Z`, `4.500.000`, `Đang xử lý`.
//!
//! A column repeats its words, and moments and amounts differ only in digits that are too few for any number. A shape
//! is remembered once a cell of it was scanned and nothing in it depends on which digits they are.

use std::ops::Range;

use crate::numbers::{Candidate, candidates};
use crate::simd::Map;
use crate::{Column, Detectors, lookalike, person_name, plate, spoken, state_secret, trigger};

/// Bytes of the longest cell whose shape is remembered.
pub(super) const SHAPE_BYTES: usize = 32;
const WORDS: usize = SHAPE_BYTES / 8;
const SLOTS: usize = 512;

/// Shapes of cells in which there is nothing.
#[derive(Default)]
pub(super) struct Shapes(Vec<Shape>);

/// The bytes of a cell, every digit a zero, and its column.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Shape {
    words: [u64; WORDS],
    /// Never 0.
    column: u64,
}

impl Shapes {
    pub(super) fn are_nothing(&self, text: &[u8], cell: &Range<usize>, column: Option<Column>) -> bool {
        let Some(shape) = Shape::of(text, cell, column).filter(|_| !self.0.is_empty()) else { return false };
        self.0.get(shape.slot()) == Some(&shape)
    }

    pub(super) fn learn(&mut self, detectors: &Detectors, cell: &[u8], column: Option<Column>) {
        let Some(shape) = Shape::of(cell, &(0..cell.len()), column) else { return };
        if !cell.iter().any(u8::is_ascii_digit) || !depends_on_digits(detectors, cell, column) {
            if self.0.is_empty() {
                self.0.resize(SLOTS, Shape::default());
            }
            if let Some(slot) = self.0.get_mut(shape.slot()) {
                *slot = shape;
            }
        }
    }
}

impl Shape {
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
        for (n, (word, eight)) in words.iter_mut().zip(bytes.chunks_exact(8)).enumerate() {
            let eight = u64::from_le_bytes(eight.try_into().ok()?);
            let kept = cell.len().saturating_sub(8 * n).min(8) as u32;
            *word = zeroed(eight) & u64::MAX.checked_shr(u64::BITS - 8 * kept).unwrap_or(0);
        }
        Some(Self { words, column: column.map_or(1, |c| c as u64 + 2) })
    }

    fn slot(&self) -> usize {
        let mix = |a: u64, b: u64| {
            let product = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
            product as u64 ^ (product >> 64) as u64
        };
        let [a, b, c, d] = self.words;
        (mix(mix(a, b) ^ self.column, mix(c, d)) >> 32) as usize % SLOTS
    }
}

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
    // Where as few digits as there are in a group tell anything, it is that they are those of a hotline.
    let mut text = cell.to_vec();
    for group in text.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
        if group.iter().all(u8::is_ascii_digit) {
            group.fill(b'0');
            if let [one, nine, _, _] = group {
                (*one, *nine) = (b'1', b'9');
            }
        }
    }
    let (all, map) = (0..text.len(), Map::new(&text, 0..text.len()));
    let mut any = text.contains(&b'@');
    candidates(&text, all.clone(), u32::MAX, |candidate| {
        any |= match candidate {
            // How many digits a word has is told by its shape.
            Candidate::Lookalikes(place) => lookalike::read(&text, place).is_some(),
            _ => true,
        };
    });
    spoken::numbers(&text, all.clone(), &map, |_| any = true);
    person_name::names(&text, all.clone(), &map, |_| any = true);
    state_secret::markings(&text, all.clone(), |_| any = true);
    trigger::words(&text, all.clone(), |_, _| any = true);
    plate::hyphens(&text, all, |_| any = true);
    any
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
