//! SQLite databases: every table row by row under the names of its columns, and what was deleted and is still there.
//!
//! The file format is public (sqlite.org/fileformat2.html); no SQL is run. Indexes say again what tables say. Pages that
//! belong to nothing, free blocks and pages of a write-ahead log are read without names. It is read apart
//! (`crate::extract`): this is what the other side does.

mod page;
mod record;
mod schema;
#[cfg(test)]
mod tests;

use chot_model::OpaqueReason;

use super::telling::{self, Stop, Telling};
use super::{Format, Room};
use crate::extract::{self, Bounds, Cell, Kind, Piece};
use page::{File, Leaf, Tree};
use record::{Encoding, Record, Value, record};
use schema::Schema;

const MARK: &[u8] = b"SQLite format 3\0";

pub(crate) const FORMAT: Format = Format {
    media_type: "application/vnd.sqlite3",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Sqlite, source, place, inquiry)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/nguoi.db").to_vec(),
};

/// The log of a database under change: `nguoi.db-wal`.
pub(crate) const LOG: Format = Format {
    media_type: "application/vnd.sqlite3-wal",
    matches: |head| is_log(head.bytes),
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Sqlite, source, place, inquiry)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/nguoi.db-wal").to_vec(),
};

fn is_log(bytes: &[u8]) -> bool {
    matches!(bytes, [0x37, 0x7f, 0x06, 0x82 | 0x83, ..])
}

/// Reads a database or a log and tells `each` what it holds, until that says stop.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(bytes: &[u8], bounds: &Bounds, each: &mut dyn FnMut(Piece<'_>) -> bool) -> Result<(), OpaqueReason> {
    let mut telling = Telling::new(bounds, each);
    telling::ended(if is_log(bytes) { log(bytes, &mut telling) } else { database(bytes, &mut telling) })
}

impl Telling<'_> {
    fn row(&mut self, part: &str, number: u32, cells: &[(usize, bool, String)]) -> Result<(), Stop> {
        self.take(cells.iter().map(|(_, _, text)| text.len()).sum())?;
        let cells = cells.iter().map(|(at, number, text)| Cell { column: *at as u32, number: *number, text });
        self.tell(Piece::Row { part, number, cells: cells.collect() })
    }

    /// Tells a record as a row; what is neither text nor number is a file of its own.
    fn record(&mut self, part: &str, number: u32, values: &[Value<'_>]) -> Result<(), Stop> {
        const TEXT_MAX: usize = 1 << 10;
        let mut cells = Vec::with_capacity(values.len());
        let mut files = Vec::new();
        for (at, value) in values.iter().enumerate() {
            match value {
                Value::Null => {}
                Value::Number(text) => cells.push((at, true, text.clone())),
                Value::Text(text) => cells.push((at, false, text.clone())),
                // Short ones are often text that was bound as bytes.
                Value::Blob(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) if bytes.len() <= TEXT_MAX => cells.push((at, false, text.to_owned())),
                    _ => files.push(*bytes),
                },
            }
        }
        self.row(part, number, &cells)?;
        for bytes in files {
            self.take(bytes.len())?;
            self.tell(Piece::Member { name: part })?;
            self.tell(Piece::Bytes(bytes))?;
        }
        Ok(())
    }

    /// Tells the cells of a page that belongs to no table, and its text.
    fn stray(&mut self, file: &File<'_>, page: usize, encoding: Encoding) -> Result<(), Stop> {
        const PART: &str = "free pages";
        for payload in file.leaf(page).into_iter().flat_map(Leaf::payloads) {
            if let Some(Record { values, .. }) = record(&payload.bytes, encoding) {
                self.rows += 1;
                self.record(PART, self.rows, &values)?;
            }
        }
        self.residue(PART, file.page(page))
    }

    /// Tells printable text in bytes that mean nothing any more.
    fn residue(&mut self, part: &str, bytes: &[u8]) -> Result<(), Stop> {
        const RUN_MIN: usize = 6;
        let shown = |b: &u8| *b >= 0x20 && *b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r');
        let mut text = String::new();
        let mut runs = |bytes: &[u8]| {
            for run in bytes.split(|b| !shown(b)).filter(|run| run.len() >= RUN_MIN) {
                text.push_str(&String::from_utf8_lossy(run));
                text.push('\n');
            }
        };
        runs(bytes);
        // Letters of UTF-16 have zeros between.
        let (zeros, narrow): (Vec<u8>, Vec<u8>) = bytes.iter().partition(|b| **b == 0);
        if zeros.len() > bytes.len() / 4 {
            runs(&narrow);
        }
        self.take(text.len())?;
        if text.is_empty() { Ok(()) } else { self.tell(Piece::Text { part, text: &text, again: true }) }
    }
}

fn database(bytes: &[u8], telling: &mut Telling<'_>) -> Result<(), Stop> {
    let Some(mut file) = File::database(bytes) else {
        telling.residue("", bytes)?;
        return Err(Stop::Bound(OpaqueReason::ParseError));
    };
    let encoding = Encoding::of(bytes);
    let mut damaged = file.is_cut();
    let mut schema = Schema::default();
    damaged |= !walk(&mut file, 1, telling, &mut |payload, telling| {
        let Some(Record { values, is_whole }) = record(&payload.bytes, encoding) else { return Ok(false) };
        schema.add(&values);
        // The statements themselves: views, triggers, defaults and remarks.
        let statement = values.get(4).and_then(Value::text).unwrap_or_default();
        telling.take(statement.len() + 2)?;
        telling.tell(Piece::Text { part: "schema", text: &format!("{statement}\n\n"), again: false })?;
        Ok(is_whole)
    })?;
    for table in schema.tables {
        let header: Vec<_> = table.columns.iter().enumerate().map(|(at, name)| (at, false, name.clone())).collect();
        telling.row(&table.name, 1, &header)?;
        let mut number = 1;
        damaged |= !walk(&mut file, table.root, telling, &mut |payload, telling| {
            let Some(Record { values, is_whole }) = record(&payload.bytes, encoding) else { return Ok(false) };
            number += 1;
            telling.record(&table.name, number, &table.arranged(values, payload.rowid))?;
            Ok(is_whole)
        })?;
    }
    for page in 1..=file.pages() {
        telling.look_at_the_clock()?;
        if file.is_read(page) {
            for free in file.free(page) {
                telling.residue("free blocks", free)?;
            }
        } else {
            telling.stray(&file, page, encoding)?;
        }
    }
    telling.residue("free pages", file.behind())?;
    if damaged { Err(Stop::Bound(OpaqueReason::ParseError)) } else { Ok(()) }
}

/// Hands every payload of a tree to `each`; false when some of it was damaged.
fn walk(
    file: &mut File<'_>,
    root: usize,
    telling: &mut Telling<'_>,
    each: &mut dyn FnMut(&page::Payload, &mut Telling<'_>) -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    let (mut sound, mut tree) = (true, Tree::new(root));
    while let Some(page) = tree.next(file) {
        telling.look_at_the_clock()?;
        match page {
            Ok(payloads) => {
                for payload in payloads {
                    sound &= payload.is_whole && each(&payload, telling)?;
                }
            }
            Err(()) => sound = false,
        }
    }
    Ok(sound)
}

/// A write-ahead log: pages of a database that is not here.
fn log(bytes: &[u8], telling: &mut Telling<'_>) -> Result<(), Stop> {
    let Some(file) = File::log(bytes) else {
        telling.residue("", bytes)?;
        return Err(Stop::Bound(OpaqueReason::ParseError));
    };
    for page in 1..=file.pages() {
        telling.look_at_the_clock()?;
        telling.stray(&file, page, Encoding::Utf8)?;
    }
    telling.residue("free pages", file.behind())?;
    // Values that go on in pages of the database itself.
    if file.is_cut() || file.reaches_out() { Err(Stop::Bound(OpaqueReason::Partial)) } else { Ok(()) }
}
