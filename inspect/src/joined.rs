//! Numbers split over values that stand beside each other: fields of a form, items of a list, cells of a row, down to
//! a digit each.
//!
//! Only where a heading announces an identifier, and all parts together are one: coordinates, scores and the parts of
//! a telephone number stand beside each other too. Fields whose names say nothing are parts of a citizen's number where
//! somebody numbered them, they are all as long as each other, and the whole could stand alone.

use chot_detectors::{Column, Context};

use crate::inquiry::{Found, Inquiry, Place};
use crate::view::View;

/// A longer value is a number of its own.
pub(crate) const PART_DIGITS_MAX: usize = 8;
/// Digits of the shortest and of the longest identifier of digits alone.
pub(crate) const DIGITS: std::ops::RangeInclusive<usize> = 9..=12;

/// Digits of a part that only its place in a series tells of; shorter ones are answers, scores and drawn numbers.
const NUMBERED_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;

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

/// Why values are taken together.
#[derive(PartialEq, Eq)]
enum Why {
    Announced(Column),
    /// Fields called `stem` and a number each, `number` being the last one.
    Numbered {
        stem: Vec<u8>,
        number: u8,
        len: usize,
    },
}

/// The parts read so far.
#[derive(Default)]
pub(crate) struct Joined {
    parts: View,
    count: usize,
    why: Option<Why>,
    /// Where the last of them ends.
    until: u64,
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
        let why = column.filter(|c| c.is_identifier()).map(Why::Announced);
        self.take(place, value, why, inquiry, found);
    }

    /// The same of a field with its name.
    pub(crate) fn field(
        &mut self,
        place: &Place,
        name: &[u8],
        value: &View,
        column: Option<Column>,
        inquiry: &mut Inquiry,
        found: &mut Vec<Found>,
    ) {
        let why = match column {
            Some(column) => column.is_identifier().then_some(Why::Announced(column)),
            None => numbered(name, value.text.trim_ascii().len()),
        };
        self.take(place, value, why, inquiry, found);
    }

    fn take(&mut self, place: &Place, value: &View, why: Option<Why>, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        let text = value.text.trim_ascii();
        let Some(why) = why.filter(|_| is_part(text)) else {
            return self.end(place, inquiry, found);
        };
        if !self.why.as_ref().is_some_and(|last| why.follows(last)) {
            self.end(place, inquiry, found);
        }
        self.why = Some(why);
        self.count += 1;
        // One more than fits is enough to know that it does not.
        if self.parts.text.len() <= *DIGITS.end() {
            let blank = value.text.len() - value.text.trim_ascii_start().len();
            self.parts.push_view(value, blank..blank + text.len());
            let start = value.base + blank as u64;
            if self.count == 1 {
                self.parts.base = start;
            }
            self.until = start + text.len() as u64;
        }
    }

    /// Whether no value is being joined.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// No further value stands beside these.
    pub(crate) fn end(&mut self, place: &Place, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        let Self { parts, count, why, until } = std::mem::take(self);
        let all = 0..parts.text.len();
        let column = match why {
            Some(Why::Announced(column)) if DIGITS.contains(&all.end) => Some(column),
            Some(Why::Numbered { .. }) if all.end == *DIGITS.end() => None,
            _ => return,
        };
        if count < 2 {
            return;
        }
        let place = Place { disguise: Some("split"), again: true, charset: None, ..place.clone() };
        inquiry.scan(&place, &parts, all.clone(), Context { column }, |_, mut f, range| {
            if range == all {
                // From the first part to the last. Where each stands in a text of its own, there is no such range.
                f.finding.range.end = f.finding.range.end.max(until);
                found.push(f);
            }
        });
    }
}

impl Why {
    /// Whether values for this reason go on where those for `last` ended.
    fn follows(&self, last: &Self) -> bool {
        match (self, last) {
            (Self::Numbered { stem, number, len }, Self::Numbered { stem: before, number: last, len: as_long }) => {
                stem == before && *number == last + 1 && len == as_long
            }
            _ => self == last,
        }
    }
}

/// What the name of a field with a value of `len` digits says, when it ends in a number of the field.
fn numbered(name: &[u8], len: usize) -> Option<Why> {
    let name = name.trim_ascii();
    let name = name.strip_suffix(b"]").unwrap_or(name);
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (stem, digits) = name.split_at(name.len() - digits);
    // Nobody numbers parts beyond that.
    let number = std::str::from_utf8(digits).ok()?.parse().ok().filter(|n| *n < 100)?;
    NUMBERED_DIGITS.contains(&len).then(|| Why::Numbered { stem: stem.to_vec(), number, len })
}
