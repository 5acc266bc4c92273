//! SQLite databases: every table row by row under the names of its columns, and what was deleted and is still there.
//!
//! The file format is public (sqlite.org/fileformat2.html); no SQL is run. Indexes say again what tables say. Pages that
//! belong to nothing, free blocks and pages of a write-ahead log are read without names. It is read apart
//! (`crate::extract`): this is what the other side does.

mod carve;
mod deleted;
#[cfg(test)]
mod made;
mod page;
mod record;
mod schema;
mod statement;
#[cfg(test)]
mod tests;

use chot_model::OpaqueReason;

use super::telling::{self, Stop, Telling};
use super::{Format, Room};
use crate::extract::{self, Bounds, Cell, Kind, Piece};
use deleted::Deleted;
use page::{File, Owner, Tree};
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
        let (cells, files) = cells(values);
        self.row(part, number, &cells)?;
        self.files(part, &files)
    }

    fn files(&mut self, part: &str, files: &[&[u8]]) -> Result<(), Stop> {
        for bytes in files {
            self.take(bytes.len())?;
            self.tell(Piece::Member { name: part })?;
            self.tell(Piece::Bytes(bytes))?;
        }
        Ok(())
    }

    /// Tells printable text in bytes that mean nothing any more.
    fn residue(&mut self, part: &str, bytes: &[u8]) -> Result<(), Stop> {
        const RUN_MIN: usize = 6;
        let shown = |b: &u8| *b >= 0x20 && *b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r');
        let mut text = String::new();
        let mut runs = |bytes: &[u8]| {
            for run in bytes.split(|b| !shown(b)).filter(|run| run.len() >= RUN_MIN) {
                let run = String::from_utf8_lossy(run);
                text.push_str(&run);
                text.push('\n');
                part_digits(&run, &mut text);
            }
        };
        runs(bytes);
        // Letters of UTF-16 have zeros between, most of them, and digits all.
        let (zeros, narrow): (Vec<u8>, Vec<u8>) = bytes.iter().partition(|b| **b == 0);
        if zeros.len() > bytes.len() / 4 {
            runs(&narrow);
        } else if zeros.len() >= RUN_MIN {
            bytes.chunk_by(|a, b| (*a == 0) != (*b == 0)).filter(|wide| wide.len() >= 2 * RUN_MIN).for_each(|wide| {
                runs(&wide.iter().copied().filter(|b| *b != 0).collect::<Vec<u8>>());
            });
        }
        self.take(text.len())?;
        if text.is_empty() { Ok(()) } else { self.tell(Piece::Text { part, text: &text, again: true }) }
    }
}

/// Values stand behind each other without anything between: what ends in letters and begins with digits is said once
/// more, apart.
fn part_digits(run: &str, text: &mut String) {
    let is_joint =
        |a: char, b: char| a.is_alphabetic() && b.is_ascii_digit() || a.is_ascii_digit() && b.is_alphabetic();
    if !run.chars().zip(run.chars().skip(1)).any(|(a, b)| is_joint(a, b)) {
        return;
    }
    let mut last = ' ';
    for c in run.chars() {
        if is_joint(last, c) {
            text.push('\t');
        }
        text.push(c);
        last = c;
    }
    text.push('\n');
}

type Cells = Vec<(usize, bool, String)>;

/// The values of a record as cells, and those that are neither text nor number.
fn cells<'a>(values: &[Value<'a>]) -> (Cells, Vec<&'a [u8]>) {
    const TEXT_MAX: usize = 1 << 10;
    let (mut cells, mut files) = (Vec::with_capacity(values.len()), Vec::new());
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
    (cells, files)
}

fn database(bytes: &[u8], telling: &mut Telling<'_>) -> Result<(), Stop> {
    let Some(mut file) = File::database(bytes) else {
        telling.residue("", bytes)?;
        return Err(Stop::Bound(OpaqueReason::ParseError));
    };
    let is_sound = tables(&mut file, Encoding::of(bytes), telling)?;
    if is_sound && !file.is_cut() { Ok(()) } else { Err(Stop::Bound(OpaqueReason::ParseError)) }
}

/// Every table, and what was deleted; false when some of it was damaged.
fn tables(file: &mut File<'_>, encoding: Encoding, telling: &mut Telling<'_>) -> Result<bool, Stop> {
    let mut schema = Schema::default();
    let mut is_sound = walk(file, 1, Owner::Schema, telling, &mut |payload, telling| {
        let Some(Record { values, is_whole }) = record(&payload.bytes, encoding) else { return Ok(false) };
        schema.add(&values);
        // The statements themselves: views, triggers, defaults and remarks.
        let statement = values.get(4).and_then(Value::text).unwrap_or_default();
        telling.take(statement.len() + 2)?;
        telling.tell(Piece::Text { part: "schema", text: &format!("{statement}\n\n"), again: false })?;
        Ok(is_whole)
    })?;
    for (at, table) in schema.tables.iter_mut().enumerate() {
        telling.row(&table.name, 1, &table.header())?;
        let mut number = 1;
        is_sound &= walk(file, table.root, Owner::Table(at), telling, &mut |payload, telling| {
            let Some(Record { values, is_whole }) = record(&payload.bytes, encoding) else { return Ok(false) };
            number += 1;
            table.learn(&values);
            telling.record(&table.name.clone(), number, &table.arranged(values, payload.rowid))?;
            Ok(is_whole)
        })?;
    }
    for root in &schema.indexes {
        // Their entries are read with what no table says: they say it again, and what they say alone is told.
        walk(file, *root, Owner::Index, telling, &mut |_, _| Ok(true))?;
    }
    deleted::schema(file, encoding, &mut schema, telling)?;
    Deleted::new(&schema, encoding).read(file, telling)?;
    Ok(is_sound)
}

/// Hands every payload of a tree to `each`; false when some of it was damaged.
fn walk(
    file: &mut File<'_>,
    root: usize,
    owner: Owner,
    telling: &mut Telling<'_>,
    each: &mut dyn FnMut(&page::Payload, &mut Telling<'_>) -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    let (mut sound, mut tree) = (true, Tree::new(root, owner));
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
    let is_whole = match File::applied(bytes) {
        Some(mut applied) => {
            let encoding = Encoding::of(applied.page(1));
            tables(&mut applied, encoding, telling)?
        }
        // Without the first page there are no names.
        None => Deleted::new(&Schema::default(), Encoding::Utf8).read(&file, telling)?,
    };
    // Values that go on in pages of the database itself.
    if is_whole && !file.is_cut() { Ok(()) } else { Err(Stop::Bound(OpaqueReason::Partial)) }
}
