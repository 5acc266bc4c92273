//! Cells of rows in bytes that no page says anything of any more: deleted, or left behind when pages were put in order.
//!
//! A cell that was deleted lies there as it was, or without its first four bytes, in whose place the chain of free
//! blocks stands (§1.6 of the format). Those four say how long it is, its row's number, how long its header is, and
//! often the kind of its first value; the columns of the tables there are say the rest.

use std::cell::Cell;
use std::ops::Range;

use super::page::{u16_at, varint};
use super::record::{Encoding, Record, Value, record};

/// A header of more bytes is that of no cell looked for: each place is tried.
const HEADER_MAX: usize = 256;
/// The chain of free blocks: the place of the next, and the length of this.
const LINK: usize = 4;
/// Bytes of a first value whose length nobody says.
const LOST_MAX: usize = 127;

/// What the cells of a table look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) columns: usize,
    /// The first column is the number of the row: it has no bytes of its own.
    pub(super) begins_with_rowid: bool,
}

/// A row, and where it lay.
pub(super) struct Carved<'a> {
    pub(super) at: Range<usize>,
    pub(super) rowid: i64,
    pub(super) kind: Row,
    pub(super) values: Vec<Value<'a>>,
}

/// Whether a row has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Numbered,
    /// One of a table without numbers, or an entry of an index.
    Bare,
    /// What said so is lost.
    Unknown,
}

impl Shape {
    /// Of the schema's rows.
    pub(super) const SCHEMA: Self = Self { columns: 5, begins_with_rowid: false };
}

/// What is looked for, and where.
pub(super) struct Ground<'a, 's> {
    bytes: &'a [u8],
    encoding: Encoding,
    shapes: &'s [Shape],
    /// Kinds and bytes that may still be looked at; nothing when more were asked for.
    left: Cell<Option<usize>>,
}

impl<'a, 's> Ground<'a, 's> {
    pub(super) fn new(bytes: &'a [u8], encoding: Encoding, shapes: &'s [Shape]) -> Self {
        // Ordinary pages take less than a hundred a byte, and an emptied one among dozens of tables a thousand, for places
        // of cells look like links; where more is taken there are no rows, but text.
        const TRIES: usize = 4096;
        Self { bytes, encoding, shapes, left: Cell::new(Some(bytes.len().saturating_mul(TRIES))) }
    }

    fn spend(&self, tries: usize) -> Option<()> {
        let left = self.left.get().and_then(|left| left.checked_sub(tries));
        self.left.set(left);
        left.map(drop)
    }

    /// Whether rows may lie here that were not looked for.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get().is_none()
    }

    /// The rows that lie here, none over another.
    pub(super) fn rows(&self) -> Vec<Carved<'a>> {
        let (mut rows, mut at): (Vec<Carved<'a>>, usize) = (Vec::new(), 0);
        while at < self.bytes.len() && !self.is_spent() {
            match self.cell(at).or_else(|| self.headless(at)) {
                Some(row) => {
                    at = row.at.end.max(at + 1);
                    rows.push(row);
                }
                None => at += 1,
            }
        }
        rows
    }

    /// A cell with all its bytes, of a table with numbered rows or without.
    fn cell(&self, at: usize) -> Option<Carved<'a>> {
        let rest = self.bytes.get(at..)?;
        let (len, n) = varint(rest)?;
        let numbered = || {
            let (rowid, more) = varint(rest.get(n..)?)?;
            let row = self.whole(at, n + more, len)?;
            Some(Carved { rowid: rowid as i64, kind: Row::Numbered, ..row })
        };
        numbered().or_else(|| self.whole(at, n, len))
    }

    /// Bytes of a value of this kind; none when it is no text in the encoding there is.
    fn value_len(&self, kind: u64) -> Option<usize> {
        let is_text = kind >= 12 && kind % 2 == 1;
        Value::len(kind).filter(|len| !is_text || self.encoding == Encoding::Utf8 || len.is_multiple_of(2))
    }

    /// A record of this length, so many bytes from here.
    fn whole(&self, at: usize, before: usize, len: u64) -> Option<Carved<'a>> {
        let from = at + before;
        let to = from.checked_add(usize::try_from(len).ok()?)?;
        let payload = self.bytes.get(from..to)?;
        if !self.is_record(payload)? {
            return None;
        }
        self.spend(payload.len())?;
        let Record { values, is_whole: true } = record(payload, self.encoding)? else { return None };
        let is_known = self.shapes.iter().any(|shape| values.len() == shape.columns);
        is_row(&values, is_known).then_some(Carved { at: at..to, rowid: 0, kind: Row::Bare, values })
    }

    /// Whether its header accounts for each byte of it.
    fn is_record(&self, payload: &[u8]) -> Option<bool> {
        let (header, mut at) = varint(payload)?;
        let header = usize::try_from(header).ok().filter(|header| (at + 1..=HEADER_MAX).contains(header))?;
        let mut body = 0usize;
        while at < header {
            self.spend(1)?;
            let (kind, n) = varint(payload.get(at..header)?)?;
            (at, body) = (at + n, body.checked_add(self.value_len(kind)?)?);
            if body > payload.len() {
                return None;
            }
        }
        Some(header + body == payload.len())
    }

    /// A cell whose first bytes are a link of the chain now.
    fn headless(&self, at: usize) -> Option<Carved<'a>> {
        let len = u16_at(self.bytes, at + 2).filter(|len| (LINK..=self.bytes.len() - at).contains(len))?;
        // What looks like a link may be nothing, and the length of a cell behind it.
        if (at + 1..at + LINK).any(|near| self.cell(near).is_some()) {
            return None;
        }
        let ends = [at + len, self.bytes.len()];
        let mut near = None;
        for shape in self.shapes {
            for head in Head::ALL {
                let Some(row) = self.headed(at, *shape, *head, &ends) else { continue };
                if ends.contains(&row.at.end) {
                    return Some(row);
                }
                near.get_or_insert(row);
            }
        }
        near
    }

    fn headed(&self, at: usize, shape: Shape, head: Head, ends: &[usize; 2]) -> Option<Carved<'a>> {
        let mut kinds_at = at + LINK;
        if head == Head::Length {
            let (len, n) = varint(self.bytes.get(kinds_at..)?)?;
            kinds_at += n;
            let kinds = self.kinds(kinds_at, shape.columns)?;
            return if len as usize == n + kinds.len { self.valued(at, kinds, None) } else { None };
        }
        if head == Head::Kinds {
            return self.valued(at, self.kinds(kinds_at, shape.columns)?, None);
        }
        let kinds = self.kinds(kinds_at, shape.columns.checked_sub(1)?)?;
        if shape.begins_with_rowid {
            return self.valued(at, kinds, Some(0));
        }
        let known = kinds.at + kinds.len + kinds.body;
        // Up to where the block ends, if it is that of this cell alone; or as far as what follows is a cell again.
        let exact = ends.iter().filter_map(|end| end.checked_sub(known));
        exact.chain(0..=LOST_MAX).find_map(|lost| self.valued(at, kinds, Some(lost)))
    }

    /// So many kinds of values from here.
    fn kinds(&self, at: usize, count: usize) -> Option<Kinds> {
        let (mut len, mut body) = (0, 0usize);
        for _ in 0..count {
            self.spend(1)?;
            let (kind, n) = varint(self.bytes.get(at + len..)?)?;
            len += n;
            body = body.checked_add(self.value_len(kind)?)?;
            if len > HEADER_MAX || body > self.bytes.len() {
                return None;
            }
        }
        Some(Kinds { at, count, len, body })
    }

    /// The values of a row, the first of them of `lost` bytes if nobody says its kind.
    fn valued(&self, at: usize, kinds: Kinds, lost: Option<usize>) -> Option<Carved<'a>> {
        self.spend(1)?;
        let mut value_at = kinds.at + kinds.len;
        let end = value_at.checked_add(kinds.body)?.checked_add(lost.unwrap_or(0))?;
        if end > self.bytes.len() || !self.goes_on(end) {
            return None;
        }
        self.spend(kinds.body + kinds.count)?;
        let mut values = Vec::with_capacity(kinds.count + 1);
        if let Some(lost) = lost {
            values.push(Value::guessed(self.bytes.get(value_at..value_at + lost)?, self.encoding));
            value_at += lost;
        }
        let mut kind_at = kinds.at;
        for _ in 0..kinds.count {
            let (kind, n) = varint(self.bytes.get(kind_at..)?)?;
            let len = Value::len(kind)?;
            values.push(Value::of(kind, self.bytes.get(value_at..value_at + len)?, self.encoding));
            (kind_at, value_at) = (kind_at + n, value_at + len);
        }
        // Without its length there is less to tell a row by.
        let says = values.iter().filter_map(Value::text).any(|text| text.chars().count() > 1);
        (says && is_row(&values, true)).then_some(Carved { at: at..end, rowid: 0, kind: Row::Unknown, values })
    }

    /// Whether a cell may end here: with the block, before a link of the chain, or before another cell.
    fn goes_on(&self, end: usize) -> bool {
        let left = self.bytes.len() - end;
        let is_link = |len: usize| (LINK..=left).contains(&len);
        left < LINK || u16_at(self.bytes, end + 2).is_some_and(is_link) || self.cell(end).is_some()
    }
}

/// What of a cell's beginning is left behind its first four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    /// All kinds but the first.
    Rest,
    /// The length of the header, and all kinds.
    Length,
    /// All kinds.
    Kinds,
}

impl Head {
    const ALL: &[Self] = &[Self::Rest, Self::Length, Self::Kinds];
}

/// Kinds of values in a header.
#[derive(Clone, Copy)]
struct Kinds {
    at: usize,
    count: usize,
    /// Their bytes, and those of the values.
    len: usize,
    body: usize,
}

/// Whether values are such as a table has: as many as there are columns, or several of which one says something.
fn is_row(values: &[Value<'_>], is_known: bool) -> bool {
    let longest = values.iter().filter_map(Value::text).map(|text| text.chars().count()).max().unwrap_or(0);
    let counts = values.iter().filter_map(Value::number).any(|number| number > 9);
    let several = values.iter().filter(|value| **value != Value::Null).count() > 1;
    let says = if is_known { longest > 1 || several && counts } else { longest > 3 && several };
    says && values.iter().filter_map(Value::text).all(is_text)
}

/// Whether a text is none of other bytes: any two of them are a sign of East Asia in UTF-16.
fn is_text(text: &str) -> bool {
    const EAST: char = '\u{2e80}';
    text.chars().all(|c| (!c.is_control() || "\t\r\n".contains(c)) && c < EAST)
}
