//! Formats read apart: the door between a reader that may be fooled and the inspection that may not.
//!
//! Readers of complicated formats get bytes and tell pieces: text, fields, files within. They know nothing of detectors
//! or policies, so they may run in a process that can do nothing else. What they tell is believed only as far as it is
//! text to be searched. Where they run is the `Extractor`'s to say; without one they run right here.

use std::borrow::Cow;
use std::time::Duration;

use chot_model::{OpaqueReason, Secret};
use sha2::{Digest, Sha256};

use crate::Hint;
use crate::formats;
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::object::{self, Object};
use crate::people::Mark;
use crate::redact::Origin;
use crate::source::{Source, read_range};
use crate::table::{self, Line, Table};
use crate::text::{self, Text};
use crate::view::View;

/// A format that is read apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `application/pdf`
    Pdf,
    /// `image/*`
    Picture,
    /// Compound files: documents, workbooks, presentations and messages of Office before 2007.
    Compound,
    /// `application/ms-tnef`
    Tnef,
    /// `application/x-7z-compressed`
    SevenZip,
    /// `application/vnd.rar`: its packed and locked members.
    Rar,
    /// `application/vnd.sqlite3`
    Sqlite,
    /// `application/vnd.apache.parquet`
    Parquet,
}

impl Kind {
    /// Every one.
    pub const ALL: &[Self] =
        &[Self::Pdf, Self::Picture, Self::Compound, Self::Tnef, Self::SevenZip, Self::Rar, Self::Sqlite, Self::Parquet];
}

/// What reading one object may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes that decompression may make.
    pub decoded_bytes_max: u64,
    /// Time, waiting for the listener included.
    pub time_max: Duration,
}

/// What a reader tells. All of it is from a stranger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Running text, in which tables stand as lines with tabs. Pieces of one part are one text.
    Text {
        /// Where it stands; empty for the object itself.
        part: &'a str,
        /// The text.
        text: &'a str,
        /// It says again, or in other words, what was said before.
        again: bool,
    },
    /// A row of a table. A long one may come in several pieces of the same number.
    Row {
        /// The sheet or table.
        part: &'a str,
        /// Counted from 1.
        number: u32,
        /// In the order of their columns.
        cells: Vec<Cell<'a>>,
    },
    /// A value with the name that announces it.
    Field {
        /// Where it stands.
        part: &'a str,
        /// The name.
        name: &'a str,
        /// The value.
        value: &'a str,
    },
    /// A file within; its bytes follow.
    Member {
        /// Its name.
        name: &'a str,
    },
    /// The next bytes of the member.
    Bytes(&'a [u8]),
    /// A part that could not be read.
    Opaque {
        /// Which; empty for the object itself.
        part: &'a str,
        /// Why.
        reason: OpaqueReason,
        /// About how many bytes of the object, or of what was told, it takes up; more than there are: all of them.
        bytes: u64,
    },
}

/// A cell of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Counted from 0.
    pub column: u32,
    /// It is a number and not text: zeros in front may be lost.
    pub number: bool,
    /// What it shows.
    pub text: &'a str,
}

/// Runs readers: in this process, or in one of their own.
pub trait Extractor: Send + Sync {
    /// Reads an object and tells `each` what it holds. When `each` says false, nothing more is told. What is locked is
    /// tried with `passwords`.
    ///
    /// # Errors
    /// Why the object, or the rest of it, could not be read.
    fn extract(
        &self,
        kind: Kind,
        object: &dyn Source,
        bounds: Bounds,
        passwords: &[Secret],
        each: &mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Result<(), OpaqueReason>;
}

/// Runs readers in this process: for libraries, tests, and the far side of the door.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Extractor for InProcess {
    fn extract(
        &self,
        kind: Kind,
        object: &dyn Source,
        bounds: Bounds,
        passwords: &[Secret],
        each: &mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Result<(), OpaqueReason> {
        let held = object.in_memory(0).filter(|held| held.len() as u64 == object.len()).map(Cow::Borrowed);
        let object = match held {
            Some(held) => held,
            None => Cow::Owned(read_range(object, 0..object.len()).map_err(|_| OpaqueReason::Failed)?),
        };
        let object = &*object;
        match kind {
            Kind::Pdf => formats::read_pdf(object, &bounds, passwords, each),
            Kind::Picture => formats::read_picture(object, each),
            Kind::Compound => formats::read_compound(object, &bounds, passwords, each),
            Kind::Tnef => formats::read_tnef(object, &bounds, each),
            Kind::SevenZip => formats::read_seven_zip(object, &bounds, passwords, each),
            Kind::Rar => formats::unpack_rar(object, &bounds, passwords, each),
            Kind::Sqlite => formats::read_sqlite(object, &bounds, each),
            Kind::Parquet => formats::read_parquet(object, &bounds, each),
        }
    }
}

/// A larger object is not read: a reader holds all of it in memory, and what it makes of it besides.
const OBJECT_MAX: u64 = 160 << 20;
/// Rows are read wherever their pages lie, and the same memory holds both.
const DATABASE_MAX: u64 = 80 << 20;

/// Reads an object apart and inspects what it is told.
pub(crate) fn read(kind: Kind, source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    if let Some(archives) = told(kind, source, place, inquiry)
        // Programs find an archive by its end, whatever stands before it.
        && (archives.0.is_empty() || !read_range(source, 0..source.len()).is_ok_and(|bytes| archives.hold_last(&bytes)))
    {
        let mut appended = formats::Appended::new(place);
        if blocks(source, &mut |block| appended.read(block, inquiry)).is_err() {
            inquiry.refuse(place, OpaqueReason::Failed, source.len());
        }
        appended.end(inquiry);
    }
    None
}

/// Hands on an object block by block: all of it in memory would be as much again as its reader holds.
fn blocks(source: &dyn Source, each: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
    const BLOCK: u64 = 1 << 20;
    let mut at = 0;
    while at < source.len() {
        let end = source.len().min(at + BLOCK);
        each(&read_range(source, at..end)?);
        at = end;
    }
    Ok(())
}

/// The archives that were told of an object as members: how long they are, and their hashes.
#[derive(Default)]
pub(crate) struct Archives(Vec<(usize, [u8; 32])>);

/// Archives that are known again where they stand as they are.
const ARCHIVES_MAX: usize = 16;

impl Archives {
    const MARK: &[u8] = b"PK\x03\x04";

    /// Whether the archive by whose end programs open the object is one of them: copies stand in lists of least and greatest
    /// values as well, and whole ones among packed ones.
    fn hold_last(&self, object: &[u8]) -> bool {
        const END: usize = 22;
        let is_one = |at: usize| {
            let remark = object.get(at + END - 2..at + END)?;
            let end = at + END + usize::from(u16::from_le_bytes(remark.try_into().ok()?));
            let is_known = |(len, hash): &(usize, [u8; 32])| {
                let archive = end.checked_sub(*len).and_then(|start| object.get(start..end));
                archive.is_some_and(|archive| *Sha256::digest(archive) == *hash)
            };
            Some(self.0.iter().any(is_known))
        };
        memchr::memmem::rfind(object, b"PK\x05\x06").and_then(is_one) == Some(true)
    }
}

/// Inspects what is told of an object; gives which archives were among it, if it was read.
pub(crate) fn told(kind: Kind, source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<Archives> {
    let len = source.len();
    if len > if kind == Kind::Sqlite { DATABASE_MAX } else { OBJECT_MAX } {
        inquiry.refuse(place, OpaqueReason::TooLarge, len);
        return None;
    }
    let (extractor, passwords) = (inquiry.extractor.clone(), inquiry.passwords.clone());
    let bounds = Bounds { decoded_bytes_max: inquiry.inflate_left(), time_max: inquiry.time_left() };
    let mut told = Told::new(place, len);
    let before = inquiry.opaque_bytes();
    let ended = extractor.extract(kind, source, bounds, &passwords, &mut |piece| told.take(piece, inquiry));
    let (said, is_unread) = (told.bytes, told.is_unread);
    let archives = told.end(inquiry);
    // What was told may be more than there is of the object, where it was packed.
    inquiry.share(before, said.max(len), len);
    if is_unread {
        inquiry.miss(len);
    }
    if let Err(reason) = ended {
        inquiry.refuse(place, reason, len);
    }
    Some(archives)
}

/// Takes what a reader tells.
struct Told {
    place: Place,
    /// Texts under way: part, whether it is a second look.
    texts: Vec<(String, bool, Box<Text>)>,
    member: Option<(Place, Box<Object>)>,
    /// Nothing of the member has come yet.
    begins: bool,
    /// The length and the hash of the member under way, if it is an archive.
    archive: Option<(usize, Sha256)>,
    archives: Archives,
    /// The table under way.
    rows: Option<Box<Rows>>,
    fields: Vec<Mark>,
    joined: Joined,
    parts: u64,
    /// Of the object, and what was told.
    len: u64,
    bytes: u64,
    /// None of it could be read.
    is_unread: bool,
}

/// Changes from one part to another; each costs a scan of its own.
const PARTS_MAX: u64 = 1_000_000;
/// Texts under way at a time.
const TEXTS_MAX: usize = 4;

impl Told {
    fn new(place: &Place, len: u64) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        Self {
            place,
            texts: Vec::new(),
            member: None,
            begins: false,
            archive: None,
            archives: Archives::default(),
            rows: None,
            fields: Vec::new(),
            joined: Joined::default(),
            parts: 0,
            len,
            bytes: 0,
            is_unread: false,
        }
    }

    /// Takes a piece; false when no more is wanted.
    fn take(&mut self, piece: Piece<'_>, inquiry: &mut Inquiry) -> bool {
        if inquiry.is_late(&self.place) {
            return false;
        }
        self.parts += u64::from(self.changes(&piece));
        if self.parts > PARTS_MAX {
            inquiry.refuse(&self.place, OpaqueReason::TooMany, 1);
            return false;
        }
        if !matches!(piece, Piece::Bytes(_)) {
            self.end_member(inquiry);
        }
        match piece {
            Piece::Text { part, text, again } => self.text(part, text, again, inquiry),
            Piece::Row { part, number, cells } => self.row(part, number, &cells, inquiry),
            Piece::Field { part, name, value } => {
                self.field(part, name, value, inquiry);
                true
            }
            Piece::Member { name } => self.begin(name, inquiry),
            Piece::Bytes(bytes) => self.bytes(bytes, inquiry),
            Piece::Opaque { part, reason, bytes } => {
                self.is_unread |= bytes >= self.len;
                self.bytes = self.bytes.saturating_add(bytes);
                inquiry.refuse(&self.place.named(part), reason, bytes);
                true
            }
        }
    }

    /// Whether a piece goes elsewhere than the one before.
    fn changes(&self, piece: &Piece<'_>) -> bool {
        !matches!((piece, &self.rows), (Piece::Row { part, .. }, Some(rows)) if rows.part == *part)
    }

    fn inflated(&mut self, bytes: usize, inquiry: &mut Inquiry) -> bool {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        let may = inquiry.inflate(bytes);
        if !may {
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
        }
        may
    }

    fn text(&mut self, part: &str, text: &str, again: bool, inquiry: &mut Inquiry) -> bool {
        if text.is_empty() {
            return true;
        }
        if !self.texts.iter().any(|(open, kind, _)| open == part && *kind == again) {
            if self.texts.len() >= TEXTS_MAX {
                let (_, _, mut first) = self.texts.remove(0);
                first.finish(inquiry);
            }
            let place = Place { again: self.place.again || again, ..self.place.named(part) };
            self.texts.push((part.to_owned(), again, Box::new(Text::prose(place))));
        }
        if let Some((_, _, open)) = self.texts.iter_mut().find(|(open, kind, _)| open == part && *kind == again) {
            for some in text.as_bytes().chunks(1 << 16) {
                open.joint(some);
                open.advance(inquiry);
            }
        }
        self.inflated(text.len(), inquiry)
    }

    fn row(&mut self, part: &str, number: u32, cells: &[Cell<'_>], inquiry: &mut Inquiry) -> bool {
        if self.rows.as_ref().is_none_or(|rows| rows.part != part) {
            self.end_rows(inquiry);
        }
        let rows = self.rows.get_or_insert_with(|| Box::new(Rows::new(part, &self.place)));
        let bytes = rows.take(number, cells, inquiry);
        self.inflated(bytes, inquiry)
    }

    fn end_rows(&mut self, inquiry: &mut Inquiry) {
        if let Some(rows) = self.rows.take() {
            rows.end(inquiry);
        }
    }

    fn field(&mut self, part: &str, name: &str, value: &str, inquiry: &mut Inquiry) {
        let place = self.place.named(part);
        let mut found = Vec::new();
        let mut view = View::default();
        view.push_joint(name.as_bytes());
        text::value(&place, &view, None, inquiry, &mut found);
        let column = inquiry.column(name.trim());
        let mut view = View::default();
        view.push_joint(value.as_bytes());
        text::value(&place, &view, column, inquiry, &mut found);
        self.joined.next(&place, &view, column, inquiry, &mut found);
        self.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    }

    fn begin(&mut self, name: &str, inquiry: &mut Inquiry) -> bool {
        let place = self.place.member(name, Origin::Lost);
        if !object::enter(name, &place, inquiry) {
            return false;
        }
        let hint = Hint { name: Some(name.to_owned()), content_type: None };
        self.member = Some((place.clone(), Box::new(Object::new(hint, place))));
        (self.begins, self.archive) = (true, None);
        true
    }

    fn bytes(&mut self, bytes: &[u8], inquiry: &mut Inquiry) -> bool {
        let may = self.inflated(bytes.len(), inquiry);
        if let Some((_, member)) = self.member.as_mut().filter(|_| may) {
            if self.begins && bytes.starts_with(Archives::MARK) && self.archives.0.len() < ARCHIVES_MAX {
                self.archive = Some((0, Sha256::new()));
            }
            if let Some((len, hash)) = &mut self.archive {
                *len += bytes.len();
                hash.update(bytes);
            }
            self.begins = false;
            member.push(bytes, inquiry);
        }
        may
    }

    fn end_member(&mut self, inquiry: &mut Inquiry) {
        if let Some((_, mut member)) = self.member.take() {
            member.finish(None, inquiry);
            self.archives.0.extend(self.archive.take().map(|(len, hash)| (len, hash.finalize().into())));
        }
    }

    fn end(mut self, inquiry: &mut Inquiry) -> Archives {
        self.end_member(inquiry);
        self.end_rows(inquiry);
        for (_, _, mut text) in std::mem::take(&mut self.texts) {
            text.finish(inquiry);
        }
        let mut found = Vec::new();
        self.joined.end(&self.place, inquiry, &mut found);
        self.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
        inquiry.people.record(&self.fields, false);
        self.archives
    }
}

/// The last column of any spreadsheet, `XFD`: what a reader tells of others makes no table wider.
const COLUMN_MAX: u32 = 16_383;

/// A table that comes row by row.
pub(crate) struct Rows {
    part: String,
    table: Table,
    /// The row under way: its number, its cells, and the text they stand in.
    number: u32,
    cells: Vec<table::Cell>,
    text: Vec<u8>,
}

impl Rows {
    pub(crate) fn new(part: &str, place: &Place) -> Self {
        let title = part.to_owned();
        let name = move |row: u64, column: usize| format!("{title}!{}{row}", table::letters(column));
        let table = Table::with_names(place.clone(), Box::new(name));
        Self { part: part.to_owned(), table, number: 0, cells: Vec::new(), text: Vec::new() }
    }

    /// Takes cells of a row; tells how many bytes they are.
    pub(crate) fn take(&mut self, number: u32, cells: &[Cell<'_>], inquiry: &mut Inquiry) -> usize {
        if number != self.number {
            self.end_row(inquiry);
            self.number = number;
        }
        let before = self.text.len();
        for cell in cells {
            let start = self.text.len();
            self.text.extend_from_slice(cell.text.as_bytes());
            let read = table::Cell::new(cell.column.min(COLUMN_MAX) as usize, start, self.text.len());
            self.cells.push(if cell.number { read.number(0) } else { read });
        }
        // More than any program shows in a row: what comes is a row of its own.
        const ROW_MAX: usize = 1 << 24;
        const CELLS_MAX: usize = 1 << 15;
        let bytes = self.text.len() - before;
        if self.text.len() > ROW_MAX || self.cells.len() > CELLS_MAX {
            self.end_row(inquiry);
        }
        bytes
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.cells.is_empty() {
            let line = Line { number: self.number.into(), text: &self.text, at: None, cells: &self.cells };
            if !self.table.line(&line, inquiry) {
                let row = line.row();
                self.table.row(self.number.into(), row, inquiry);
            }
        }
        self.cells.clear();
        self.text.clear();
    }

    pub(crate) fn end(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chot_model::DetectorId;

    use super::*;
    use crate::{Inspector, Limits};

    /// A reader in the hands of whoever made the object.
    struct Liar;

    impl Extractor for Liar {
        fn extract(
            &self,
            _: Kind,
            _: &dyn Source,
            _: Bounds,
            _: &[Secret],
            each: &mut dyn FnMut(Piece<'_>) -> bool,
        ) -> Result<(), OpaqueReason> {
            for number in [u32::MAX, 0, 7, 7] {
                let cell = |column, text| Cell { column, number: true, text };
                let cells = vec![cell(u32::MAX, "so CCCD"), cell(0, "001090123456"), cell(u32::MAX, "001190765432")];
                each(Piece::Row { part: "a", number, cells });
            }
            Ok(())
        }
    }

    #[test]
    fn archives_that_were_members_are_known_where_they_stand() {
        let archive = [Archives::MARK, b"members, and a list of them", b"PK\x05\x06", &[0; 16], b"\x02\0ab"].concat();
        let known = Archives(vec![(archive.len(), Sha256::digest(&archive).into())]);
        let other = [Archives::MARK, b"others", b"PK\x05\x06", &[0; 18]].concat();
        for (object, is_known) in [
            ([b"PAR1", &archive[..], b"between", &archive, b"PAR1"].concat(), true),
            ([&other[..], &archive[..]].concat(), true),
            ([&archive[..], &other[..]].concat(), false),
            ([&archive[..], b"PK\x05\x06"].concat(), false),
            (archive[1..].to_vec(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(known.hold_last(&object), is_known, "{object:?}");
            assert!(!Archives::default().hold_last(&object));
        }
    }

    #[test]
    fn rows_that_no_sound_reader_tells_cost_nothing() {
        let inspector = Inspector::new(Limits::default(), 2026).extracting(Arc::new(Liar));
        let inspection = inspector.inspect(Hint::default(), &b"%PDF-1.7".to_vec()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Cccd), 2, "{inspection:?}");
    }
}
