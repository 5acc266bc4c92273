//! Cells in the one form that nearly all under their column have, told in a straight line: what [`Detectors::cell`] tells of
//! them, and of every other cell that it has to be asked.

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use super::{CELL_BYTES_MAX, Cells, DATE_BYTES, Reads, Short, Told, digits, first_digits, names, under};
use crate::date_of_birth::Date;
use crate::{Column, Detectors};

/// A column, and what its cells are read as first.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    column: Option<Column>,
    reads: Reads,
    /// The place of what is known under the column.
    under: u8,
}

impl Default for Usual {
    fn default() -> Self {
        Self::of(None)
    }
}

impl Usual {
    /// What is usual under a column.
    pub const fn of(column: Option<Column>) -> Self {
        Self { column, reads: Reads::of(column), under: under(column) as u8 }
    }

    /// The column.
    pub const fn column(self) -> Option<Column> {
        self.column
    }
}

impl Detectors {
    /// What [`Self::cell`] tells of `text[start..start + len]`, a cell that is not empty, blanks around it included;
    /// [`Told::Unusual`] also where only that can tell, and of numbers that nobody announced: those are counted. Asked only of
    /// detectors that [`Self::tell_plain`].
    #[inline(always)]
    pub fn plain(&self, text: &[u8], start: usize, len: usize, usual: Usual, cells: &mut Cells) -> Told {
        match usual.reads {
            Reads::Any if usual.column.is_none() && len >= *digits::LENGTHS.start() => Told::Unusual,
            Reads::Any => self.plain_number(text, start, len, usual.under.into(), cells),
            Reads::Names => plain_name(text, start..start + len, cells),
            Reads::Births => self.plain_birth(text, start..start + len, cells),
        }
    }

    /// Whether [`Self::plain`] may be asked: they look for everything.
    pub fn tell_plain(&self) -> bool {
        self.is_whole()
    }

    /// A number that its length, or its first digits, tell all about.
    #[inline(always)]
    fn plain_number(&self, text: &[u8], start: usize, len: usize, under: usize, cells: &Cells) -> Told {
        let Some(head) = first_digits(text, start, len) else { return Told::Unusual };
        if len < *digits::LENGTHS.start() {
            return match cells.short.get(len + 8 * under) {
                Some(Short::Nothing) => Told::Nothing,
                _ => Told::Unusual,
            };
        }
        // The last six are zeros, or no digit is more than one: see `digits::speaks_by_its_end`.
        const ABOVE_ONE: u64 = 0x0e0e_0e0e_0e0e;
        let last = text.get(start + len - 6..).and_then(<[u8]>::first_chunk);
        if last.is_none_or(|last| u64::from_le_bytes(*last) & ABOVE_ONE == 0) {
            return Told::Unusual;
        }
        self.verdicts.heads.told(head, len, under, self.this_year)
    }

    /// A day, month and year.
    #[inline(never)]
    pub(super) fn plain_birth(&self, text: &[u8], cell: Range<usize>, cells: &mut Cells) -> Told {
        let date = text.get(cell).and_then(|cell| <&[u8; DATE_BYTES]>::try_from(cell).ok());
        match date.and_then(|date| Date::plain(date, self.this_year)) {
            Some((chunk, signs)) => {
                cells.values.add(DetectorId::DateOfBirth, Confidence::High, signs, &chunk, DATE_BYTES)
            }
            None => Told::Unusual,
        }
    }
}

/// Two words and more with capitals.
#[inline(always)]
fn plain_name(text: &[u8], cell: Range<usize>, cells: &mut Cells) -> Told {
    match text.get(cell.start) {
        Some(first) if !first.is_ascii_digit() && cell.len() <= CELL_BYTES_MAX => {
            names::judge(text, cell, &mut cells.syllables, &mut cells.values)
        }
        _ => Told::Unusual,
    }
}
