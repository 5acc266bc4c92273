//! Numbers split over values that stand beside each other: fields of a form, items of a list, cells of a row, down to
//! a digit each.
//!
//! Only where a heading announces an identifier, and all parts together are one: coordinates, scores and the parts of
//! a telephone number stand beside each other too.

use chot_detectors::{Column, Context};

use crate::inquiry::{Found, Inquiry, Place};
use crate::view::View;

/// A longer value is a number of its own.
pub(crate) const PART_DIGITS_MAX: usize = 8;
/// Digits of the shortest and of the longest identifier of digits alone.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=12;

/// Whether a value without blanks around may be a part of a number.
pub(crate) fn is_part(value: &[u8]) -> bool {
    (1..=PART_DIGITS_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

/// The same with blanks around.
#[inline]
pub(crate) fn is_part_of_cell(cell: &[u8]) -> bool {
    // Most cells are longer, and begin and end with what is none.
    let blank = |b: Option<&u8>| b.is_some_and(u8::is_ascii_whitespace);
    (cell.len() <= PART_DIGITS_MAX || blank(cell.first()) || blank(cell.last())) && is_part(cell.trim_ascii())
}

/// The parts read so far.
#[derive(Default)]
pub(crate) struct Joined {
    parts: View,
    count: usize,
    column: Option<Column>,
}

impl Joined {
    /// Takes the next value and what announces it. What the values before come to goes to `found`.
    pub(crate) fn next(
        &mut self,
        place: &Place,
        value: &View,
        column: Option<Column>,
        inquiry: &mut Inquiry,
        found: &mut Vec<Found>,
    ) {
        let text = value.text.trim_ascii();
        let Some(column) = column.filter(|c| is_part(text) && c.is_identifier()) else {
            return self.end(place, inquiry, found);
        };
        if self.column != Some(column) {
            self.end(place, inquiry, found);
        }
        self.column = Some(column);
        self.count += 1;
        // One more than fits is enough to know that it does not.
        if self.parts.text.len() <= *DIGITS.end() {
            let blank = value.text.len() - value.text.trim_ascii_start().len();
            self.parts.push_view(value, blank..blank + text.len());
            self.parts.base = value.base;
        }
    }

    /// Whether no value is being joined.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// No further value stands beside these.
    pub(crate) fn end(&mut self, place: &Place, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        if self.count == 0 {
            return;
        }
        let Self { parts, count, column } = std::mem::take(self);
        let all = 0..parts.text.len();
        if count < 2 || !DIGITS.contains(&all.end) {
            return;
        }
        let place = Place { disguise: Some("split"), again: true, charset: None, ..place.clone() };
        inquiry.scan(&place, &parts, all.clone(), Context { column }, |_, f, range| {
            if range == all {
                found.push(f);
            }
        });
    }
}
