//! What was deleted and is still there: rows under the names of their tables where these are known, text where not.

use std::collections::HashSet;
use std::ops::Range;

use chot_model::OpaqueReason;

use super::super::telling::{Stop, Telling};
use super::Cells;
use super::carve::{Carved, Ground, Shape};
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
    unnamed: Unnamed,
    residue: Unnamed,
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
            unnamed: Unnamed::default(),
            residue: Unnamed::default(),
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
                let Some(read) = record(&payload.bytes, self.encoding) else { continue };
                self.row(PAGES, local.rowid, read.values, None, telling)?;
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
        let mut gaps = Gaps::new(bytes);
        let table = if let Owner::Table(at) = owner { Some(at) } else { None };
        let rows = Ground::new(bytes, self.encoding, &self.shapes_on(owner)).rows();
        for Carved { at, rowid, values } in rows {
            // Bytes of anything look like a value of bytes, or like a large number: they are where the table has such.
            let is_doubtful = |value: &Value<'_>| match value {
                Value::Blob(_) => true,
                Value::Number(number) => number.len() >= WINDOW,
                Value::Null | Value::Text(_) => false,
            };
            if values.iter().any(is_doubtful) && self.table_of(table, &values).is_none() {
                continue;
            }
            gaps.take(at);
            self.row(part, rowid, values, table, telling)?;
        }
        for gap in gaps.left() {
            self.residue.digits(gap, RESIDUE_MIN);
            telling.residue(part, gap)?;
        }
        Ok(())
    }

    /// A row: under the names of its table, or by itself.
    fn row(
        &mut self,
        part: &str,
        rowid: i64,
        values: Vec<Value<'_>>,
        table: Option<usize>,
        telling: &mut Telling<'_>,
    ) -> Result<(), Stop> {
        let Some(at) = self.table_of(table, &values) else {
            values.iter().for_each(|value| self.unnamed.value(value));
            telling.rows += 1;
            return telling.record(part, telling.rows, &values);
        };
        let Some((table, held)) = self.tables.get(at).zip(self.held.get_mut(at)) else { return Ok(()) };
        let (cells, files) = super::cells(&table.arranged(values, rowid));
        self.bytes += cells.iter().map(|(_, _, text)| text.len() + size_of::<(usize, bool, String)>()).sum::<usize>();
        held.push(cells);
        telling.files(part, &files)?;
        if self.bytes > HELD_MAX { self.tell(telling) } else { Ok(()) }
    }

    /// What cells on a page look like: those of its table first.
    fn shapes_on(&self, owner: Owner) -> Vec<Shape> {
        let own = match owner {
            Owner::Schema => return vec![Shape::SCHEMA],
            Owner::Table(at) => self.tables.get(at).map(Table::shape),
            Owner::Nobody | Owner::Index => None,
        };
        let others = self.shapes.iter().copied().filter(|shape| Some(*shape) != own);
        own.into_iter().chain(others).collect()
    }

    /// Whose a row is: of the table on whose page it lies, or of the one it fits.
    fn table_of(&self, page: Option<usize>, values: &[Value<'_>]) -> Option<usize> {
        let has_as_many = |table: &Table| table.columns.len() == values.len() && table.may_hold_bytes(values);
        page.filter(|at| self.tables.get(*at).is_some_and(has_as_many)).or_else(|| self.only(values))
    }

    fn fits(&self, table: usize, values: &[Value<'_>]) -> bool {
        self.tables.get(table).is_some_and(|table| table.may_hold(values))
    }

    /// The one table whose row it can be.
    fn only(&self, values: &[Value<'_>]) -> Option<usize> {
        let mut all = (0..self.tables.len()).filter(|at| self.fits(*at, values));
        let one = all.next()?;
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
        for (slot, owner) in file.copies() {
            if self.unnamed.is_empty() && self.residue.is_empty() {
                return Ok(());
            }
            telling.look_at_the_clock()?;
            let Some(leaf) = file.leaf_at(slot).filter(|_| matches!(owner, Owner::Table(_) | Owner::Index)) else {
                continue;
            };
            for local in leaf.locals().unwrap_or_default() {
                let (cell, payload) = (leaf.page().get(local.cell()).unwrap_or_default(), file.strayed(&leaf, &local));
                self.residue.is_said(cell);
                self.residue.is_said_in(&payload.bytes, self.encoding);
                if owner != Owner::Index {
                    self.unnamed.is_said_in(&payload.bytes, self.encoding);
                }
            }
        }
        let bytes = self.unnamed.bytes + self.residue.bytes;
        telling.tell(Piece::Opaque { part: PAGES, reason: OpaqueReason::Partial, bytes })
    }
}

/// Finds tables that were deleted by what is left of their statements.
pub(super) fn schema(file: &File<'_>, encoding: Encoding, schema: &mut Schema) {
    for (slot, _) in file.copies().filter(|(_, owner)| *owner == Owner::Schema) {
        let Some(leaf) = file.leaf_at(slot) else { continue };
        let mut gaps = Gaps::new(leaf.page());
        gaps.take(leaf.head());
        leaf.locals().unwrap_or_default().iter().for_each(|local| gaps.take(local.cell()));
        for gap in gaps.left() {
            for row in Ground::new(gap, encoding, &[Shape::SCHEMA]).rows() {
                schema.add_deleted(&row.values);
            }
        }
    }
}

/// Numbers whose column nobody knows, until a row of a table says them too: pages put in order leave copies behind.
#[derive(Default)]
struct Unnamed {
    /// Every [`WINDOW`] digits behind each other.
    windows: HashSet<u32>,
    bytes: u64,
    are_too_many: bool,
}

/// Fewer digits than any number that stands for a person.
const WINDOW: usize = 7;
/// In what is left of overwritten cells.
const RESIDUE_MIN: usize = 9;
const WINDOWS_MAX: usize = 1 << 20;

impl Unnamed {
    fn is_empty(&self) -> bool {
        self.windows.is_empty() && !self.are_too_many
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) | Value::Number(text) => self.digits(text.as_bytes(), WINDOW),
            Value::Null | Value::Blob(_) => {}
        }
    }

    fn digits(&mut self, bytes: &[u8], least: usize) {
        let before = self.windows.len();
        // Twelve digits need no heading.
        windows(
            bytes,
            |run| run >= least && run != 12,
            |window| {
                if self.windows.len() < WINDOWS_MAX {
                    self.windows.insert(window);
                } else {
                    self.are_too_many |= !self.windows.contains(&window);
                }
            },
        );
        self.bytes += if self.windows.len() > before { bytes.len() as u64 } else { 0 };
    }

    fn is_said(&mut self, bytes: &[u8]) {
        windows(bytes, |_| true, |window| _ = self.windows.remove(&window));
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

/// Every [`WINDOW`] digits behind each other, in runs of lengths that count.
fn windows(bytes: &[u8], counts: impl Fn(usize) -> bool, mut each: impl FnMut(u32)) {
    for run in bytes.split(|b| !b.is_ascii_digit()).filter(|run| counts(run.len())) {
        for window in run.windows(WINDOW) {
            each(window.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')));
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
        let mut unnamed = Unnamed::default();
        unnamed.digits(b"n A\x020511504557", RESIDUE_MIN);
        assert!(!unnamed.is_empty());
        unnamed.is_said(b"An\x02051150455");
        assert!(!unnamed.is_empty(), "the last digit is said nowhere");
        unnamed.is_said(b"50511504557");
        assert!(unnamed.is_empty());
        unnamed.digits(b"05115045 455785", RESIDUE_MIN);
        assert!(unnamed.is_empty(), "too short for a number");
    }
}
