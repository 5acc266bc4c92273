//! Cells of tables and values of records, millions of them: the usual shapes are judged by what they show, everything
//! else is left to [`Detectors::scan`].
//!
//! It decides nothing of its own. A verdict is given only where it is the one the scan would give, because the scan was
//! asked before about a cell that shows the same (`digits.rs`, `shapes.rs`) or because the room's own reading is all
//! that can come of such a cell (`names.rs`, dates). A property test holds both to each other for every column.

mod digits;
mod names;
mod shapes;

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use crate::simd::Map;
use crate::{Column, Detectors, person_name, spoken, state_secret, trigger};
pub(crate) use digits::Verdicts;

/// What is remembered from one cell to the next: syllables and shapes of the message at hand. Bounded.
#[derive(Default)]
pub struct Cells {
    syllables: names::Syllables,
    shapes: shapes::Shapes,
    value: Value,
}

/// What a cell under its column comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A scan would find nothing, and the cell is of a shape that holds no encoding either, as far as
    /// [`Detectors::nothing`] was told the truth.
    Nothing,
    /// A scan would find nothing. What the text may be in an encoding was not asked.
    Quiet,
    /// A scan would find this, and that it is the whole cell. Its value is [`Cells::value`] until the next cell is read.
    Whole(DetectorId, Confidence),
    /// Not told here: scan it.
    Unusual,
}

impl Cells {
    /// The normalised value of the last cell that was told to be a finding, in UTF-8.
    pub fn value(&self) -> &[u8] {
        self.value.bytes.get(..self.value.len).unwrap_or_default()
    }
}

/// A longer cell is not read here, but to see that there is nothing in it.
const CELL_BYTES_MAX: usize = 64;
/// Longer text is scanned for what it holds.
const QUIET_BYTES_MAX: usize = 192;

impl Detectors {
    /// Judges `text[cell]`, a cell under a column, without the blanks around it. The text around is not looked at.
    pub fn cell(&self, text: &[u8], cell: Range<usize>, column: Option<Column>, cells: &mut Cells) -> Told {
        let Some(bytes) = text.get(cell.clone()) else { return Told::Unusual };
        let Some(first) = bytes.first() else { return Told::Nothing };
        if !self.is_whole() {
            return Told::Unusual;
        }
        let Cells { syllables, shapes, value } = cells;
        if bytes.len() <= CELL_BYTES_MAX {
            if first.is_ascii_digit() && digits::LENGTHS.contains(&bytes.len()) && all_digits(bytes) {
                return match column {
                    Some(Column::BirthDate | Column::BirthYear) => self.birth(bytes, value),
                    _ => digits::judge(self, bytes, column, value),
                };
            }
            match column {
                Some(Column::BirthDate | Column::BirthYear) if first.is_ascii_digit() => {
                    return self.birth(bytes, value);
                }
                Some(Column::Name) if !first.is_ascii_digit() => return names::judge(text, cell, syllables, value),
                Some(Column::Bhyt) if digits::is_card(bytes) => return digits::judge(self, bytes, column, value),
                _ => {}
            }
        }
        if shapes.are_nothing(text, &cell, column) {
            Told::Nothing
        } else if is_quiet(bytes, column) {
            Told::Quiet
        } else {
            Told::Unusual
        }
    }

    /// Remembers that a scan of this cell found nothing, if that holds for every cell of its shape.
    pub fn nothing(&self, cell: &[u8], column: Option<Column>, cells: &mut Cells) {
        if self.is_whole() {
            cells.shapes.learn(self, cell, column);
        }
    }

    /// A date and nothing else under the header of births.
    fn birth(&self, cell: &[u8], value: &mut Value) -> Told {
        // Numbers of other kinds have twelve digits and more.
        const DATE_BYTES: usize = 10;
        let plain = |b: &u8| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'.');
        if cell.len() > DATE_BYTES || !cell.iter().all(plain) {
            return Told::Unusual;
        }
        match crate::date_of_birth::read(cell, self.this_year) {
            Some((date, len)) if len == cell.len() && date.year <= self.this_year => {
                date.write(value);
                Told::Whole(DetectorId::DateOfBirth, Confidence::High)
            }
            _ => Told::Unusual,
        }
    }
}

fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, b| all & b.is_ascii_digit())
}

/// Whether nothing could be made of a text: no digit stands in it, no number in words, and if capitals do, then no
/// surname, stamp or word that announces a name or place. In small letters alone names stand only behind a colon.
fn is_quiet(text: &[u8], column: Option<Column>) -> bool {
    // What these hold need not show.
    let reads_words = matches!(
        column,
        Some(Column::Address | Column::Health | Column::Name | Column::BirthDate | Column::BirthYear | Column::Claim)
    );
    if reads_words || text.len() > QUIET_BYTES_MAX {
        return false;
    }
    let (all, map) = (0..text.len(), Map::new(text, 0..text.len()));
    if map.has_numbers() {
        return false;
    }
    let is_capital = |at: usize| {
        text.get(at..).and_then(crate::fold::next_char).and_then(|(c, _)| c).is_some_and(char::is_uppercase)
    };
    let mut any = false;
    if map.capitals().any(is_capital) {
        person_name::names(text, all.clone(), &map, |_| any = true);
        state_secret::markings(text, all.clone(), |_| any = true);
        trigger::words(text, all.clone(), |_, _| any = true);
    } else {
        any = memchr::memchr(b':', text).is_some();
    }
    if !any {
        spoken::numbers(text, all, &map, |_| any = true);
    }
    !any
}

/// A value being written, of a bounded length.
#[derive(Debug)]
pub(crate) struct Value {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Default for Value {
    fn default() -> Self {
        Self { bytes: [0; Self::ROOM], len: 0 }
    }
}

impl Value {
    /// The longest cell, a letter more in capitals for each of its own, and room to write in whole chunks.
    const ROOM: usize = 2 * CELL_BYTES_MAX + 16;

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if let Some(slots) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            slots.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Appends the first `len` bytes of a chunk, copied whole.
    fn extend_chunk(&mut self, chunk: &[u8; 16], len: usize) {
        if let Some(slots) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *slots = *chunk;
            self.len += len.min(chunk.len());
        }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.bytes.fill(0);
    }
}

#[cfg(test)]
mod tests;
