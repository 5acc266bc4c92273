//! What was deleted and is still there: rows under the names of their tables where these are known, text where not.

use std::ops::Range;

use chot_model::OpaqueReason;

use super::super::telling::{Stop, Telling};
use super::Cells;
use super::carve::{Carved, Ground, Row, Shape};
use super::page::{File, Owner};
use super::record::{Encoding, Value, record};
use super::schema::{Schema, Table};
use crate::extract::Piece;

/// Rows of one table are told behind each other; more bytes than these are told at once.
const HELD_MAX: usize = 4 << 20;
const PAGES: &str = "free pages";
const BLOCKS: &str = "free blocks";

/// Reads what the tables do not.
pub(super) struct Deleted<'t> {
    encoding: Encoding,
    tables: &'t [Table],
    shapes: Vec<Shape>,
    /// Rows not told yet, by their table.
    held: Vec<Vec<Cells>>,
    bytes: usize,
    /// Of rows without names, and of what is no row.
    unnamed: Digits,
    residue: Digits,
    /// Of rows with names.
    named: Digits,
}

impl<'t> Deleted<'t> {
    pub(super) fn new(schema: &'t Schema, encoding: Encoding) -> Self {
        // A database of hundreds of tables has many of the same shape; each is tried at each block.
        const SHAPES_MAX: usize = 32;
        let mut shapes: Vec<Shape> = Vec::new();
        for shape in schema.tables.iter().map(Table::shape) {
            if shapes.len() < SHAPES_MAX && !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        let held = schema.tables.iter().map(|_| Vec::new()).collect();
        Self {
            encoding,
            tables: &schema.tables,
            shapes,
            held,
            bytes: 0,
            unnamed: Digits::default(),
            residue: Digits::default(),
            named: Digits::default(),
        }
    }

    /// Reads every page that no table reads, and what lies between the cells of those that one does; false when a
    /// value goes on where nothing is.
    pub(super) fn read(mut self, file: &File<'_>, telling: &mut Telling<'_>) -> Result<bool, Stop> {
        let mut is_whole = true;
        for (slot, owner) in file.copies() {
            telling.look_at_the_clock()?;
            is_whole &= self.page(file, slot, owner, telling)?;
        }
        for bytes in file.slack() {
            self.ground(BLOCKS, bytes, Owner::Nobody, telling)?;
        }
        telling.residue(PAGES, file.behind())?;
        self.end(file, telling)?;
        Ok(is_whole)
    }

    fn page(&mut self, file: &File<'_>, slot: usize, owner: Owner, telling: &mut Telling<'_>) -> Result<bool, Stop> {
        let leaf = file.leaf_at(slot);
        let Some((leaf, locals)) = leaf.and_then(|leaf| leaf.locals().map(|locals| (leaf, locals))) else {
            // A page of a table that is none was told, and one of a long value is no row.
            return match owner {
                Owner::Nobody => self.ground(PAGES, file.copy(slot), owner, telling).map(|()| true),
                _ => Ok(true),
            };
        };
        let (mut gaps, mut is_whole) = (Gaps::new(leaf.page()), true);
        gaps.take(leaf.head());
        for local in &locals {
            if matches!(owner, Owner::Nobody | Owner::Index) && leaf.has_content() {
                let payload = file.strayed(&leaf, local);
                telling.take(payload.bytes.len())?;
                is_whole &= payload.is_whole || owner == Owner::Index;
                let read = record(&payload.bytes, self.encoding);
                if !read.as_ref().is_some_and(|read| read.is_whole) {
                    // What is no record, or stands behind one, may be anything.
                    self.residue.residue(&payload.bytes);
                    telling.residue(PAGES, &payload.bytes)?;
                }
                let Some(read) = read else { continue };
                let kind = if leaf.is_numbered() { Row::Numbered } else { Row::Bare };
                self.row(
                    PAGES,
                    owner,
                    Carved { at: local.cell(), rowid: local.rowid, kind, values: read.values },
                    telling,
                )?;
            }
            gaps.take(local.cell());
        }
        let part = if owner == Owner::Nobody { PAGES } else { BLOCKS };
        for gap in gaps.left() {
            self.ground(part, gap, owner, telling)?;
        }
        Ok(is_whole)
    }

    fn ground(&mut self, part: &str, bytes: &[u8], owner: Owner, telling: &mut Telling<'_>) -> Result<(), Stop> {
        let (mut gaps, shapes) = (Gaps::new(bytes), self.shapes_on(owner));
        let ground = Ground::new(bytes, self.encoding, &shapes);
        for row in ground.rows() {
            // Bytes of anything look like a value of bytes, or like a large number: they are where the table has such.
            let is_doubtful = |value: &Value<'_>| match value {
                Value::Blob(_) => true,
                Value::Number(number) => number.len() >= WINDOW,
                Value::Null | Value::Text(_) => false,
            };
            if row.values.iter().any(is_doubtful) && self.table_of(owner, &row).is_none() {
                continue;
            }
            gaps.take(row.at.clone());
            if owner == Owner::Index {
                telling.rows += 1;
                telling.record(part, telling.rows, &row.values)?;
            } else {
                self.row(part, owner, row, telling)?;
            }
        }
        if ground.is_spent() {
            telling.tell(Piece::Opaque { part, reason: OpaqueReason::Partial, bytes: bytes.len() as u64 })?;
        }
        for gap in gaps.left() {
            // Rests of entries stand in one run of digits with others. What entries said, their rows said.
            if owner != Owner::Index {
                self.residue.residue(gap);
            }
            telling.residue(part, gap)?;
        }
        Ok(())
    }

    /// A row: under the names of its table, or by itself.
    fn row(&mut self, part: &str, owner: Owner, row: Carved<'_>, telling: &mut Telling<'_>) -> Result<(), Stop> {
        let Some(at) = self.table_of(owner, &row) else {
            row.values.iter().for_each(|value| self.unnamed.value(value));
            telling.rows += 1;
            return telling.record(part, telling.rows, &row.values);
        };
        let Some((table, held)) = self.tables.get(at).zip(self.held.get_mut(at)) else { return Ok(()) };
        row.values.iter().for_each(|value| self.named.value_of(value, |_| true));
        let (cells, files) = super::cells(&table.arranged(row.values, row.rowid));
        self.bytes += cells.iter().map(|(_, _, text)| text.len() + size_of::<(usize, bool, String)>()).sum::<usize>();
        held.push(cells);
        telling.files(part, &files)?;
        if self.bytes > HELD_MAX { self.tell(telling) } else { Ok(()) }
    }

    /// What cells on a page look like: those of its table first.
    fn shapes_on(&self, owner: Owner) -> Vec<Shape> {
        let own = match owner {
            Owner::Schema => return vec![Shape::SCHEMA],
            // Entries are like no table: those with all their bytes are seen.
            Owner::Index => return Vec::new(),
            Owner::Table(at) => self.tables.get(at).map(Table::shape),
            Owner::Nobody => None,
        };
        let others = self.shapes.iter().copied().filter(|shape| Some(*shape) != own);
        own.into_iter().chain(others).collect()
    }

    /// Whose a row is: of the table on whose page it lies, or of the one it fits. An entry of an index is no row.
    fn table_of(&self, owner: Owner, row: &Carved<'_>) -> Option<usize> {
        let is_own = |table: &Table| table.columns.len() == row.values.len() && table.may_hold_bytes(&row.values);
        match owner {
            Owner::Index => None,
            Owner::Table(at) if self.tables.get(at).is_some_and(is_own) => Some(at),
            _ => self.only(row),
        }
    }

    /// The one table whose row it can be.
    fn only(&self, row: &Carved<'_>) -> Option<usize> {
        let fits = |(_, table): &(usize, &Table)| table.has(row.kind) && table.may_hold(&row.values);
        let mut all = self.tables.iter().enumerate().filter(fits);
        let (one, _) = all.next()?;
        all.next().is_none().then_some(one)
    }

    fn tell(&mut self, telling: &mut Telling<'_>) -> Result<(), Stop> {
        self.bytes = 0;
        for (table, held) in self.tables.iter().zip(&mut self.held) {
            if held.is_empty() {
                continue;
            }
            let part = format!("{} (deleted)", table.name);
            telling.row(&part, 1, &table.header())?;
            for (n, cells) in held.drain(..).enumerate() {
                telling.row(&part, n as u32 + 2, &cells)?;
            }
        }
        Ok(())
    }

    /// Tells what is left, and what of it nobody knows the column of.
    fn end(mut self, file: &File<'_>, telling: &mut Telling<'_>) -> Result<(), Stop> {
        self.tell(telling)?;
        self.unnamed.are_said(&self.named);
        self.residue.are_said(&self.named);
        for (slot, owner) in file.copies() {
            if self.unnamed.is_empty() && self.residue.is_empty() {
                break;
            }
            telling.look_at_the_clock()?;
            let Some(leaf) = file.leaf_at(slot).filter(|_| matches!(owner, Owner::Table(_) | Owner::Index)) else {
                continue;
            };
            for local in leaf.locals().unwrap_or_default() {
                let (cell, payload) = (leaf.page().get(local.cell()).unwrap_or_default(), file.strayed(&leaf, &local));
                telling.take(payload.bytes.len())?;
                self.residue.is_said(cell);
                self.residue.is_said_in(&payload.bytes, self.encoding);
                if owner != Owner::Index {
                    self.unnamed.is_said_in(&payload.bytes, self.encoding);
                }
            }
        }
        if self.unnamed.is_empty() && self.residue.is_empty() {
            return Ok(());
        }
        let bytes = self.unnamed.bytes + self.residue.bytes;
        telling.tell(Piece::Opaque { part: PAGES, reason: OpaqueReason::Partial, bytes })
    }
}

/// Finds tables that were deleted by what is left of their statements.
pub(super) fn schema(
    file: &File<'_>,
    encoding: Encoding,
    schema: &mut Schema,
    telling: &mut Telling<'_>,
) -> Result<(), Stop> {
    for (slot, _) in file.copies().filter(|(_, owner)| *owner == Owner::Schema) {
        let Some(leaf) = file.leaf_at(slot) else { continue };
        let mut gaps = Gaps::new(leaf.page());
        gaps.take(leaf.head());
        leaf.locals().unwrap_or_default().iter().for_each(|local| gaps.take(local.cell()));
        for gap in gaps.left() {
            let ground = Ground::new(gap, encoding, &[Shape::SCHEMA]);
            ground.rows().iter().for_each(|row| schema.add_deleted(&row.values));
            if ground.is_spent() {
                telling.tell(Piece::Opaque { part: BLOCKS, reason: OpaqueReason::Partial, bytes: gap.len() as u64 })?;
            }
        }
    }
    Ok(())
}

/// Digits that were told: of numbers whose column nobody knows, until a row of a table says them too, for pages put in
/// order leave copies behind.
#[derive(Default)]
struct Digits {
    /// A bit for every [`WINDOW`] digits that may stand behind each other; nothing until there are some.
    windows: Vec<u64>,
    count: usize,
    bytes: u64,
}

/// Fewer digits than any number that stands for a person.
const WINDOW: usize = 7;
/// In what is left of overwritten cells.
const RESIDUE_MIN: usize = 9;

impl Digits {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn value(&mut self, value: &Value<'_>) {
        // Twelve digits need no heading.
        self.value_of(value, |run| run >= WINDOW && run != 12);
    }

    fn value_of(&mut self, value: &Value<'_>, counts: impl Fn(usize) -> bool) {
        match value {
            Value::Text(text) | Value::Number(text) => self.digits(text.as_bytes(), counts),
            Value::Null | Value::Blob(_) => {}
        }
    }

    fn residue(&mut self, bytes: &[u8]) {
        self.digits(bytes, |run| run >= RESIDUE_MIN && run != 12);
    }

    fn digits(&mut self, bytes: &[u8], counts: impl Fn(usize) -> bool) {
        const WORDS: usize = 10usize.pow(WINDOW as u32).div_ceil(u64::BITS as usize);
        let before = self.count;
        windows(bytes, counts, |word, bit| {
            self.windows.resize(WORDS, 0);
            if let Some(word) = self.windows.get_mut(word).filter(|word| **word & bit == 0) {
                *word |= bit;
                self.count += 1;
            }
        });
        self.bytes += if self.count > before { bytes.len() as u64 } else { 0 };
    }

    fn is_said(&mut self, bytes: &[u8]) {
        windows(
            bytes,
            |_| true,
            |word, bit| {
                if let Some(word) = self.windows.get_mut(word).filter(|word| **word & bit != 0) {
                    *word &= !bit;
                    self.count -= 1;
                }
            },
        );
    }

    /// Takes away what others are.
    fn are_said(&mut self, others: &Self) {
        for (own, other) in self.windows.iter_mut().zip(&others.windows) {
            self.count -= (*own & other).count_ones() as usize;
            *own &= !other;
        }
    }

    /// Numbers are kept otherwise than they are written.
    fn is_said_in(&mut self, payload: &[u8], encoding: Encoding) {
        let Some(read) = record(payload, encoding) else { return };
        for value in &read.values {
            if let Value::Text(text) | Value::Number(text) = value {
                self.is_said(text.as_bytes());
            }
        }
    }
}

/// Every [`WINDOW`] digits behind each other, in runs of lengths that count: the word and the bit that stand for them.
fn windows(bytes: &[u8], counts: impl Fn(usize) -> bool, mut each: impl FnMut(usize, u64)) {
    for run in bytes.split(|b| !b.is_ascii_digit()).filter(|run| counts(run.len())) {
        for window in run.windows(WINDOW) {
            let n = window.iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'));
            each(n / u64::BITS as usize, 1 << (n % u64::BITS as usize));
        }
    }
}

/// What of some bytes nobody took.
struct Gaps<'a> {
    bytes: &'a [u8],
    taken: Vec<Range<usize>>,
}

impl<'a> Gaps<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, taken: Vec::new() }
    }

    fn take(&mut self, range: Range<usize>) {
        self.taken.push(range);
    }

    fn left(mut self) -> impl Iterator<Item = &'a [u8]> {
        self.taken.sort_by_key(|range| range.start);
        self.taken.push(self.bytes.len()..self.bytes.len());
        let mut from = 0;
        self.taken.into_iter().filter_map(move |range| {
            let gap = self.bytes.get(from..range.start).filter(|gap| !gap.is_empty());
            from = from.max(range.end);
            gap
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_took_is_left() {
        let mut gaps = Gaps::new(b"0123456789");
        for range in [6..7, 1..3, 2..4] {
            gaps.take(range);
        }
        assert_eq!(gaps.left().collect::<Vec<_>>(), [&b"0"[..], b"45", b"789"]);
    }

    #[test]
    fn copies_of_what_a_table_says_need_no_name() {
        let mut unnamed = Digits::default();
        unnamed.residue(b"n A\x020511504557");
        assert!(!unnamed.is_empty());
        unnamed.is_said(b"An\x02051150455");
        assert!(!unnamed.is_empty(), "the last digit is said nowhere");
        unnamed.is_said(b"50511504557");
        assert!(unnamed.is_empty());
        unnamed.residue(b"05115045 455785");
        assert!(unnamed.is_empty(), "too short for a number");
    }

    #[test]
    fn a_large_index_says_no_more_than_its_table() {
        let (mut unnamed, mut table) = (Digits::default(), Digits::default());
        let numbers =
            || (0..400_000u64).map(|n| Value::Number((1_000_000_000 + n * 7_919_993 % 9_000_000_000).to_string()));
        numbers().for_each(|number| unnamed.value(&number));
        assert!(unnamed.count > 1 << 20, "{}", unnamed.count);
        numbers().for_each(|number| table.value_of(&number, |_| true));
        unnamed.value(&Value::Text("0511504557".to_owned()));
        unnamed.are_said(&table);
        assert!(unnamed.count < WINDOW, "{}", unnamed.count);
        unnamed.is_said(b"0511504557");
        assert!(unnamed.is_empty());
    }
}
