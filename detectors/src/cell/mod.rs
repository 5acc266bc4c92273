//! Cells of tables and values of records, millions of them: the usual shapes are judged by what they show, everything
//! else is left to [`Detectors::scan`].
//!
//! It decides nothing of its own. A verdict is given only where it is the one the scan would give, because the scan was
//! asked before about a cell that shows the same (`digits.rs`, `shapes.rs`) or because the room's own reading is all
//! that can come of such a cell (`names.rs`, dates). A property test holds both to each other for every column.

mod digits;
mod heads;
mod memo;
mod names;
mod places;
mod plain;
mod quiet;
mod shapes;

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use crate::date_of_birth::{Date, read};
use crate::{Column, Detectors};
pub(crate) use digits::Verdicts;
pub use plain::Usual;
pub use quiet::is_uuid;

/// What is remembered from one cell to the next: syllables and shapes of the message at hand. Bounded.
#[derive(Default)]
pub struct Cells {
    syllables: names::Syllables,
    shapes: shapes::Shapes,
    texts: quiet::Texts,
    words: places::Words,
    short: Vec<Short>,
    values: Values,
}

/// What cells of a few digits come to, given how many and under which column.
#[derive(Clone, Copy, Default)]
enum Short {
    #[default]
    Unknown,
    Nothing,
    Coded,
}

/// What a cell under its column comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A scan would find nothing, and the cell is of a shape that holds no encoding either, as far as
    /// [`Detectors::nothing`] was told the truth.
    Nothing,
    /// A scan would find nothing. What the text may be in an encoding was not asked.
    Quiet,
    /// As [`Self::Nothing`], but for encodings in which it matters which digits are written.
    Coded,
    /// A scan would find the whole cell and nothing else.
    Whole(Whole),
    /// Not told here: scan it.
    Unusual,
}

/// A finding that is all of its cell. It goes by register: a register of a million people has five millions of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Which detector.
    pub detector: DetectorId,
    /// How sure.
    pub confidence: Confidence,
    /// Where the value stands among those of its row, each of which has signs before it; 0 when it is the cell.
    start: u32,
    len: u16,
}

impl Whole {
    /// Its value is the cell as it stands, and no signs part it.
    #[inline]
    const fn as_it_stands(detector: DetectorId, confidence: Confidence) -> Self {
        Self { detector, confidence, len: 0, start: 0 }
    }

    /// One that was told of another cell with the same text, whose value is no longer held: whoever wants it has kept it.
    #[inline]
    pub const fn told_before(detector: DetectorId, confidence: Confidence) -> Self {
        Self::as_it_stands(detector, confidence)
    }

    #[inline]
    const fn is_as_it_stands(&self) -> bool {
        self.start == 0
    }
}

const _: () = assert!(size_of::<Told>() == 8);

/// How many values were held when a row began.
#[derive(Clone, Copy, Debug)]
pub struct Begun(usize);

impl Cells {
    /// Begins a row. One may begin within another and end before it.
    pub const fn begin(&self) -> Begun {
        Begun(self.values.len)
    }

    /// The normalised value of a finding that is all of `cell`, in UTF-8, until its row ends.
    #[inline]
    pub fn value<'v>(&'v self, whole: &Whole, cell: &'v [u8]) -> &'v [u8] {
        if whole.is_as_it_stands() {
            return cell;
        }
        let start = whole.start as usize;
        self.values.bytes.get(start..start + usize::from(whole.len)).unwrap_or_default()
    }

    /// Which bytes of its cell are signs between the parts of the value: all the same, a bit each, the lowest first. Those
    /// of an address are of several kinds and not told.
    #[inline]
    pub fn signs(&self, whole: &Whole) -> u64 {
        let head = self.values.bytes.get(..whole.start as usize).and_then(<[u8]>::last_chunk);
        head.map_or(0, |signs| u64::from_le_bytes(*signs))
    }

    /// Forgets the values of all rows, before what else was learned serves another message.
    pub fn forget_values(&mut self) {
        self.end(Begun(0));
        self.values.wipe();
    }

    /// Forgets the values found since. What they were made of is written over by the next.
    #[inline]
    pub fn end(&mut self, Begun(len): Begun) {
        let Values { len: held, most, .. } = &mut self.values;
        *most = (*most).max(*held);
        *held = (*held).min(len);
    }
}

/// A longer cell is not read here, but to see that there is nothing in it.
const CELL_BYTES_MAX: usize = 64;

impl Detectors {
    /// Judges `text[cell]`, a cell under a column, without the blanks around it. The text around is not looked at.
    #[inline(always)]
    pub fn cell(&self, text: &[u8], cell: Range<usize>, column: Option<Column>, cells: &mut Cells) -> Told {
        let (start, len) = (cell.start, cell.len());
        if !self.is_whole() {
            return if len == 0 { Told::Nothing } else { Told::Unusual };
        }
        match Reads::of(column) {
            Reads::Births => return self.born(text, cell, column, cells),
            Reads::Names
                if (1..=CELL_BYTES_MAX).contains(&len)
                    && text.get(start).is_some_and(|first| !first.is_ascii_digit()) =>
            {
                return names::judge(text, cell, &mut cells.syllables, &mut cells.values);
            }
            // Most cells of a register are numbers and nothing else.
            _ => {
                if let Some(head) = first_digits(text, start, len) {
                    if len >= *digits::LENGTHS.start() {
                        return digits::judge(self, (text, cell, head), column, &mut cells.values);
                    }
                    // Of those that are shorter it is told by how many there are, once that is known.
                    let short = cells.short.get(len + 8 * under(column)).copied();
                    match short.unwrap_or_default() {
                        Short::Unknown => {}
                        Short::Nothing => return Told::Nothing,
                        Short::Coded => return Told::Coded,
                    }
                }
            }
        }
        self.other_cell(text, cell, column, cells)
    }

    /// Nearly all are a day, month and year.
    #[inline(never)]
    fn born(&self, text: &[u8], cell: Range<usize>, column: Option<Column>, cells: &mut Cells) -> Told {
        match self.plain_birth(text, cell.clone(), cells) {
            Told::Unusual => self.other_cell(text, cell, column, cells),
            told => told,
        }
    }

    #[inline(never)]
    fn other_cell(&self, text: &[u8], cell: Range<usize>, column: Option<Column>, cells: &mut Cells) -> Told {
        let Some(bytes) = text.get(cell.clone()) else { return Told::Unusual };
        let Some(first) = bytes.first() else { return Told::Nothing };
        let Cells { syllables: _, shapes, texts, words, short, values } = cells;
        if bytes.len() <= CELL_BYTES_MAX {
            match column {
                Some(Column::BirthDate | Column::BirthYear) if first.is_ascii_digit() => {
                    return self.birth(bytes, values);
                }
                Some(Column::Bhyt) if digits::is_card(bytes) => {
                    return digits::judge_shown(self, bytes, column, values);
                }
                // At the end of the text.
                _ if digits::LENGTHS.contains(&bytes.len()) && all_digits(bytes) => {
                    return digits::judge_shown(self, bytes, column, values);
                }
                _ => {}
            }
        }
        if column == Some(Column::Address) && bytes.len() <= places::ADDRESS_BYTES_MAX {
            let told = places::judge(text, cell.clone(), words, values);
            if told != Told::Unusual {
                return told;
            }
        }
        match shapes.known(text, &cell, column) {
            Some(coded) => {
                if bytes.len() < *digits::LENGTHS.start() && all_digits(bytes) {
                    short.resize(8 * (Column::ALL.len() + 1), Short::Unknown);
                    if let Some(slot) = short.get_mut(bytes.len() + 8 * under(column)) {
                        *slot = if coded { Short::Coded } else { Short::Nothing };
                    }
                }
                if coded { Told::Coded } else { Told::Nothing }
            }
            // It is no encoding either, which a test of those who know them holds.
            None if column.is_none() && bytes.try_into().is_ok_and(is_uuid) => Told::Nothing,
            None if column.is_none() && quiet::is_code(bytes) => Told::Coded,
            None if texts.knows(bytes, column) => Told::Nothing,
            None if quiet::is_quiet(self, bytes, column) => Told::Quiet,
            None => Told::Unusual,
        }
    }

    /// What [`Self::cell`] tells of every cell that differs from this one, if at all, in its digits alone, as far as that is
    /// known: [`Told::Nothing`], [`Told::Coded`], or else [`Told::Unusual`].
    pub fn told_whatever_digits(&self, cell: &[u8], column: Option<Column>, cells: &Cells) -> Told {
        let reads_digits = matches!(
            column,
            Some(Column::BirthDate | Column::BirthYear | Column::Name | Column::Bhyt | Column::Address)
        );
        let is_number = cell.len() >= *digits::LENGTHS.start() && all_digits(cell);
        if cell.is_empty() {
            return Told::Nothing;
        }
        if reads_digits || is_number || !self.is_whole() {
            return Told::Unusual;
        }
        match cells.shapes.known(cell, &(0..cell.len()), column) {
            Some(true) => Told::Coded,
            Some(false) => Told::Nothing,
            None if cells.texts.knows(cell, column) => Told::Nothing,
            None => Told::Unusual,
        }
    }

    /// Whether [`Self::nothing`] would remember anything of a cell.
    pub fn learns(cell: &[u8]) -> bool {
        cell.len() <= shapes::SHAPE_BYTES
            || cell.len() <= quiet::QUIET_BYTES_MAX && !cell.iter().any(u8::is_ascii_digit)
    }

    /// Remembers that neither a scan of this cell nor a second look found anything: of a longer text by itself, of a
    /// shorter one if it holds for every cell of its shape. With `coded` these are told to be [`Told::Coded`].
    pub fn nothing(&self, cell: &[u8], column: Option<Column>, coded: bool, cells: &mut Cells) {
        if self.is_whole() {
            cells.shapes.learn(self, cell, column, coded);
            cells.texts.learn(cell, column);
        }
    }

    /// A date and nothing else under the header of births.
    fn birth(&self, cell: &[u8], values: &mut Values) -> Told {
        let mut tell = |date: Date, signs| {
            if date.year > self.this_year {
                return Told::Unusual;
            }
            values.begin();
            date.write(values);
            values.whole(DetectorId::DateOfBirth, Confidence::High, signs)
        };
        if let Some((date, signs)) = Date::read_plain(cell) {
            return tell(date, signs);
        }
        if cell.len() > DATE_BYTES {
            return Told::Unusual;
        }
        let (mut signs, mut sign) = (0, None);
        for (n, b) in cell.iter().enumerate().filter(|(_, b)| !b.is_ascii_digit()) {
            if !matches!(b, b'/' | b'-' | b'.') || sign.is_some_and(|sign| sign != b) {
                return Told::Unusual;
            }
            sign = Some(b);
            signs |= 1 << n;
        }
        match read(cell, self.this_year) {
            Some((date, len)) if len == cell.len() => tell(date, signs),
            _ => Told::Unusual,
        }
    }
}

/// Bytes of a date with a year of four digits; numbers of other kinds have twelve digits and more.
const DATE_BYTES: usize = 10;

/// What is read under a column before all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Births,
    Names,
    Any,
}

impl Reads {
    #[inline(always)]
    const fn of(column: Option<Column>) -> Self {
        match column {
            Some(Column::BirthDate | Column::BirthYear) => Self::Births,
            Some(Column::Name) => Self::Names,
            _ => Self::Any,
        }
    }
}

/// The place of what is known under a column.
#[inline(always)]
const fn under(column: Option<Column>) -> usize {
    match column {
        Some(column) => column as usize + 1,
        None => 0,
    }
}

fn all_digits(bytes: &[u8]) -> bool {
    // Two looks at eight bytes, which may overlap, see all of most numbers.
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) if bytes.len() <= 16 => {
            eight_digits(u64::from_le_bytes(*first)) & eight_digits(u64::from_le_bytes(*last))
        }
        _ => bytes.iter().all(u8::is_ascii_digit),
    }
}

/// The first eight bytes of a cell of up to 13 digits and nothing else, what stands behind it among them; `None` for any
/// other, or where no sixteen bytes follow.
#[inline(always)]
fn first_digits(text: &[u8], start: usize, len: usize) -> Option<u64> {
    let [first, last] = *DIGITS.get(len)?;
    let (low, high) = text.get(start..start + 16)?.split_at(8);
    let eight = |half: &[u8]| half.first_chunk().map_or(0, |half| u64::from_le_bytes(*half));
    let (low, high) = (eight(low), eight(high));
    (no_digits(low) & first | no_digits(high) & last == 0).then_some(low)
}

/// The high bits that [`no_digits`] tells of cells of so many bytes.
const DIGITS: [[u64; 2]; *digits::LENGTHS.end() + 1] = {
    let mut masks = [[0; 2]; *digits::LENGTHS.end() + 1];
    let mut len = 1;
    while len < masks.len() {
        let mut n = 0;
        while n < len {
            masks[len][n / 8] |= 0x80 << (n % 8 * 8);
            n += 1;
        }
        len += 1;
    }
    masks
};

/// The first so many of sixteen bytes.
const FIRST_BYTES: [u128; 16] = {
    let mut masks = [0; 16];
    let mut len = 1;
    while len < masks.len() {
        masks[len] = u128::MAX >> (128 - 8 * len);
        len += 1;
    }
    masks
};

/// Whether eight bytes are ASCII digits.
const fn eight_digits(eight: u64) -> bool {
    no_digits(eight) == 0
}

/// The high bit of each of eight bytes that is no ASCII digit.
pub(crate) const fn no_digits(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    let from_zero = eight ^ (ONES * b'0' as u64);
    // No high bit, and none after adding what takes ten to it.
    (from_zero | ((from_zero & !(ONES << 7)) + ONES * (0x80 - 10))) & (ONES << 7)
}

/// The values of a row, one behind the other, each with the signs of its cell before it.
#[derive(Debug, Default)]
pub(crate) struct Values {
    bytes: Vec<u8>,
    len: usize,
    /// Where the last one begins.
    start: usize,
    /// How many bytes rows that have ended took at the most.
    most: usize,
}

impl Values {
    /// Room for the longest value, each letter of a cell a letter more in capitals, and to write in whole chunks.
    const ROOM: usize = 2 * places::ADDRESS_BYTES_MAX + 24;

    /// Bytes of the signs.
    const HEAD: usize = size_of::<u64>();

    #[inline]
    fn begin(&mut self) {
        if self.bytes.len() < self.len + Self::ROOM {
            self.bytes.resize(2 * (self.len + Self::ROOM), 0);
        }
        self.len += Self::HEAD;
        self.start = self.len;
    }

    /// Adds a value of `len` bytes, which `chunk` begins with, that is all of a cell with these signs.
    #[inline]
    fn add(&mut self, detector: DetectorId, confidence: Confidence, signs: u64, chunk: &[u8; 16], len: usize) -> Told {
        self.begin();
        self.extend_chunk(chunk, len);
        self.whole(detector, confidence, signs)
    }

    /// Leaves nothing of the values there were.
    fn wipe(&mut self) {
        let held = std::mem::take(&mut self.most).max(self.len);
        self.bytes.iter_mut().take(held + Self::ROOM).for_each(|b| *b = 0);
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Takes back the last byte of the value begun last.
    #[inline]
    fn pop(&mut self) {
        self.len = self.start.max(self.len.saturating_sub(1));
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if let Some(slots) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            slots.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Appends the first `len` bytes of a chunk, copied whole.
    #[inline]
    pub(crate) fn extend_chunk(&mut self, chunk: &[u8; 16], len: usize) {
        if let Some(slots) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *slots = *chunk;
            self.len += len.min(chunk.len());
        }
    }

    /// The value begun last is that of a whole cell.
    #[inline]
    fn whole(&mut self, detector: DetectorId, confidence: Confidence, signs: u64) -> Told {
        let (start, len) = (self.start, self.len - self.start);
        if let Some(head) = self.bytes.get_mut(..start).and_then(<[u8]>::last_chunk_mut) {
            *head = signs.to_le_bytes();
        }
        Told::Whole(Whole { detector, confidence, len: len as u16, start: start as u32 })
    }

    /// The value begun last is none.
    fn undo(&mut self) {
        self.len = self.start - Self::HEAD;
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.bytes.fill(0);
    }
}

#[cfg(test)]
mod tests;
