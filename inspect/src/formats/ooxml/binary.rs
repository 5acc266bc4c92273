//! Workbooks in binary parts (MS-XLSB): the same archive as of other workbooks, records in place of XML.
//!
//! Every sheet is read row by row, formulas by their last results. What stands in records nobody knows is searched.

use std::collections::BTreeMap;

use chot_model::OpaqueReason;

use super::super::compound::{Shared, strings_of};
use super::super::le::{f64_at, u16_at, u32_at, utf16};
use super::super::shown::{Style, rk};
use super::super::zip::{self, Directory, Entry};
use crate::extract::{Cell, Rows};
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::source::Source;
use crate::text::{self, Text};

/// Types of records (§2.3.1).
mod kind {
    pub(super) const ROW: u32 = 0;
    pub(super) const RK: u32 = 2;
    pub(super) const REAL: u32 = 5;
    pub(super) const STRING: u32 = 6;
    pub(super) const SHARED: u32 = 7;
    pub(super) const FORMULA_STRING: u32 = 8;
    pub(super) const FORMULA_NUMBER: u32 = 9;
    pub(super) const SHARED_ITEM: u32 = 19;
    pub(super) const FORMAT: u32 = 44;
    pub(super) const XF: u32 = 47;
    pub(super) const RICH_STRING: u32 = 62;
    pub(super) const PROPERTIES: u32 = 153;
    pub(super) const SHEET: u32 = 156;
    pub(super) const BEGIN_CELL_XFS: u32 = 617;
    pub(super) const END_CELL_XFS: u32 = 618;
    /// Cells without a value, rows' heights and the like: nothing but numbers.
    pub(super) const SILENT: [u32; 6] = [1, 3, 4, 10, 11, 60];
}

/// A record of more bytes is searched and not understood.
const RECORD_MAX: usize = 1 << 20;
/// Text of shared strings held at once.
const HELD_MAX: usize = 96 << 20;

/// Whether the archive is such a workbook.
pub(super) fn is_one(directory: &Directory) -> bool {
    directory.entries.iter().any(|e| e.name == "xl/workbook.bin")
}

/// What the workbook says of its sheets, and the strings they share.
pub(super) struct Book {
    place: Place,
    /// Titles of sheets in their order.
    titles: Vec<String>,
    formats: BTreeMap<u16, Style>,
    styles: Vec<Style>,
    in_cell_xfs: bool,
    epoch_1904: bool,
    shared: Shared,
    held: usize,
    sheets: usize,
}

impl Book {
    /// Reads what sheets refer to.
    pub(super) fn read(source: &dyn Source, directory: &Directory, place: &Place, inquiry: &mut Inquiry) -> Self {
        let mut book = Self {
            place: Place { depth: place.depth + 1, origin: Origin::Lost, ..place.clone() },
            titles: Vec::new(),
            formats: BTreeMap::new(),
            styles: Vec::new(),
            in_cell_xfs: false,
            epoch_1904: false,
            shared: Shared::default(),
            held: 0,
            sheets: 0,
        };
        for name in ["xl/workbook.bin", "xl/styles.bin", "xl/sharedStrings.bin"] {
            if let Some(entry) = directory.entries.iter().find(|e| e.name == name) {
                let member = place.member(name, Origin::Lost);
                let result = records(source, entry, inquiry, &mut |kind, data, inquiry| {
                    book.global(kind, data, &member, inquiry);
                });
                // What cannot be read of these is told here: they are not read again.
                if let Err(reason) = result {
                    inquiry.refuse(&member, reason, entry.packed);
                }
            }
        }
        book
    }

    /// Whether a member was read, or is to be read by [`Self::member`].
    pub(super) fn takes(name: &str) -> bool {
        let others = ["xl/vbaproject", "xl/embeddings/", "xl/printersettings/", "xl/activex/", "xl/ctrlprops/"];
        name.starts_with("xl/") && name.ends_with(".bin") && !others.iter().any(|other| name.starts_with(other))
    }

    /// Reads a sheet or another part of records.
    pub(super) fn member(
        &mut self,
        source: &dyn Source,
        entry: &Entry,
        member: &Place,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        let name = entry.name.to_ascii_lowercase();
        if ["xl/workbook.bin", "xl/styles.bin", "xl/sharedstrings.bin"].contains(&name.as_str()) {
            return Ok(());
        }
        let is_sheet = ["xl/worksheets/", "xl/macrosheets/", "xl/dialogsheets/"].iter().any(|at| name.starts_with(at));
        let number = name
            .trim_end_matches(".bin")
            .rsplit(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|n| n.parse::<usize>().ok());
        self.sheets += 1;
        // Sheets are numbered in the order of the workbook, unless somebody moved them: then a title stands elsewhere.
        let title = number.and_then(|n| self.titles.get(n.checked_sub(1)?)).cloned();
        let title = title.unwrap_or_else(|| format!("Sheet{}", self.sheets));
        let mut sheet =
            Sheet { rows: Rows::new(&title, &self.place), row: 0, rest: Vec::new(), member: member.clone() };
        let result = records(source, entry, inquiry, &mut |kind, data, inquiry| {
            if is_sheet && sheet.take(kind, data, self, inquiry) {
                return;
            }
            sheet.unknown(data, inquiry);
        });
        sheet.end(inquiry);
        result
    }

    fn global(&mut self, kind: u32, data: &[u8], member: &Place, inquiry: &mut Inquiry) {
        match kind {
            kind::PROPERTIES => self.epoch_1904 = data.first().is_some_and(|flags| flags & 1 != 0),
            kind::SHEET => {
                let relation = data.get(8..).and_then(wide).map_or(4, |(_, len)| len);
                let title = data.get(8 + relation..).and_then(wide).map(|(title, _)| title).unwrap_or_default();
                say(&title, member, inquiry);
                self.titles.push(title);
            }
            kind::FORMAT => {
                let code = data.get(2..).and_then(wide).map(|(code, _)| code).unwrap_or_default();
                say(&code, member, inquiry);
                self.formats.insert(u16_at(data, 0).unwrap_or(0), Style::of(&code));
            }
            kind::BEGIN_CELL_XFS => self.in_cell_xfs = true,
            kind::END_CELL_XFS => self.in_cell_xfs = false,
            kind::XF if self.in_cell_xfs => {
                let number = u16_at(data, 2).unwrap_or(0);
                self.styles.push(self.formats.get(&number).copied().unwrap_or_else(|| Style::built_in(number)));
            }
            kind::SHARED_ITEM => {
                let text = data.get(1..).and_then(wide).map(|(text, _)| text).unwrap_or_default();
                self.held += text.len();
                if self.held > HELD_MAX {
                    inquiry.refuse(member, OpaqueReason::TooLarge, 1);
                    say(&text, member, inquiry);
                } else if let Some(long) = self.shared.push(text) {
                    say(&long, member, inquiry);
                }
            }
            _ => say(&strings_of(data), member, inquiry),
        }
    }

    /// Scans the strings that no cell shows.
    pub(super) fn rest(&self, inquiry: &mut Inquiry) {
        for text in self.shared.rest() {
            say(text, &self.place, inquiry);
        }
    }
}

/// Looks at a text that is no cell.
fn say(text: &str, place: &Place, inquiry: &mut Inquiry) {
    if !text.is_empty() {
        let marks = text::aside(place, "", text.as_bytes(), inquiry);
        inquiry.people.record(&marks, false);
    }
}

/// A sheet under way.
struct Sheet {
    rows: Rows,
    row: u32,
    rest: Vec<u8>,
    member: Place,
}

impl Sheet {
    /// Takes a record; false when nobody knows it.
    fn take(&mut self, kind: u32, data: &[u8], book: &mut Book, inquiry: &mut Inquiry) -> bool {
        let style = || {
            let number = u32_at(data, 4).unwrap_or(0) & 0xff_ffff;
            book.styles.get(number as usize).copied().unwrap_or_default()
        };
        let value = data.get(8..).unwrap_or_default();
        let text = |at: usize| value.get(at..).and_then(wide).map(|(text, _)| text);
        let number = |value: f64| style().show(value, book.epoch_1904);
        let (text, is_number) = match kind {
            kind::ROW => {
                self.row = u32_at(data, 0).unwrap_or(0).saturating_add(1);
                return true;
            }
            kind::RK => number(rk(u32_at(value, 0).unwrap_or(0))),
            kind::REAL | kind::FORMULA_NUMBER => number(f64_at(value, 0).unwrap_or(0.0)),
            kind::STRING | kind::FORMULA_STRING => (text(0).unwrap_or_default(), false),
            kind::RICH_STRING => (text(1).unwrap_or_default(), false),
            kind::SHARED => (book.shared.show(u32_at(value, 0).unwrap_or(u32::MAX) as usize).to_owned(), false),
            _ => return kind::SILENT.contains(&kind),
        };
        let column = u32_at(data, 0).unwrap_or(0);
        let bytes = self.rows.take(self.row, &[Cell { column, number: is_number, text: &text }], inquiry);
        // Whoever unpacks ends with the block at hand when this is too much.
        inquiry.inflate(bytes);
        true
    }

    fn unknown(&mut self, data: &[u8], inquiry: &mut Inquiry) {
        const REST_MAX: usize = 1 << 16;
        self.rest.extend_from_slice(data);
        self.rest.extend([0, 0]);
        if self.rest.len() > REST_MAX {
            self.search(inquiry);
        }
    }

    fn search(&mut self, inquiry: &mut Inquiry) {
        let mut text = Text::new(self.member.clone());
        text.joint(strings_of(&std::mem::take(&mut self.rest)).as_bytes());
        text.finish(inquiry);
    }

    fn end(mut self, inquiry: &mut Inquiry) {
        self.search(inquiry);
        self.rows.end(inquiry);
    }
}

/// A string behind its length in four bytes, and how many bytes it takes.
fn wide(bytes: &[u8]) -> Option<(String, usize)> {
    let len = match u32_at(bytes, 0)? {
        // There is none.
        u32::MAX => 0,
        len => usize::try_from(len).ok()?.checked_mul(2)?,
    };
    Some((utf16(bytes.get(4..)?.get(..len)?), 4 + len))
}

/// Unpacks a member and hands its records over (§2.1.4): kind and length in up to two and four bytes of seven bits.
fn records(
    source: &dyn Source,
    entry: &Entry,
    inquiry: &mut Inquiry,
    each: &mut dyn FnMut(u32, &[u8], &mut Inquiry),
) -> Result<(), OpaqueReason> {
    let (mut held, mut is_lost) = (Vec::new(), false);
    let result = zip::stream(source, entry, inquiry, &mut |bytes, inquiry| {
        held.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((kind, start, len)) = held.get(at..).and_then(record).filter(|_| !is_lost) {
            if len > RECORD_MAX {
                is_lost = true;
                break;
            }
            let Some(data) = held.get(at + start..at + start + len) else { break };
            each(kind, data, inquiry);
            at += start + len;
        }
        if is_lost {
            each(u32::MAX, held.get(at..).unwrap_or_default(), inquiry);
            at = held.len();
        }
        held.drain(..at);
    });
    if is_lost || !held.is_empty() {
        each(u32::MAX, &held, inquiry);
        return result.and(Err(OpaqueReason::ParseError));
    }
    result
}

/// Kind, where the data begins, and how long it is.
fn record(bytes: &[u8]) -> Option<(u32, usize, usize)> {
    let first = *bytes.first()?;
    let (kind, mut at) = match first {
        0x80.. => (u32::from(first & 0x7f) | u32::from(*bytes.get(1)? & 0x7f) << 7, 2),
        _ => (first.into(), 1),
    };
    let mut len = 0;
    for shift in [0, 7, 14, 21] {
        let byte = *bytes.get(at)?;
        at += 1;
        len |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some((kind, at, len))
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection};

    use crate::formats::zip::archive;
    use crate::{Hint, Inspector, Limits};

    fn record(kind: u32, parts: &[&[u8]]) -> Vec<u8> {
        let data = parts.concat();
        let kind = if kind < 0x80 { vec![kind as u8] } else { vec![kind as u8 | 0x80, (kind >> 7) as u8] };
        [kind, vec![data.len() as u8 | 0x80, (data.len() >> 7) as u8], data].concat()
    }

    fn wide(text: &str) -> Vec<u8> {
        let units: Vec<u16> = text.encode_utf16().collect();
        [(units.len() as u32).to_le_bytes().to_vec(), units.into_iter().flat_map(u16::to_le_bytes).collect()].concat()
    }

    fn cell(column: u32) -> Vec<u8> {
        [column.to_le_bytes(), [0; 4]].concat()
    }

    fn inspect(sheet: &[u8]) -> Inspection {
        let shared = ["Họ tên", "Số CCCD", "CCCD 001190765432"].map(|t| record(19, &[&[0], &wide(t)])).concat();
        let book = record(156, &[&[0; 8], &wide("rId1"), &wide("Ẩn")]);
        let bytes = archive(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.bin", &book),
            ("xl/sharedStrings.bin", &shared),
            ("xl/worksheets/sheet1.bin", sheet),
        ]);
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection
    }

    #[test]
    fn cells_stand_under_their_headings_and_strings_without_a_cell_are_read() {
        let sheet = [
            record(0, &[&0u32.to_le_bytes()]),
            record(7, &[&cell(0), &0u32.to_le_bytes()]),
            record(7, &[&cell(1), &1u32.to_le_bytes()]),
            record(0, &[&1u32.to_le_bytes()]),
            record(6, &[&cell(0), &wide("Nguyễn Văn Bình")]),
            // It lost its zeros.
            record(5, &[&cell(1), &1_090_123_456f64.to_le_bytes()]),
        ];
        let inspection = inspect(&sheet.concat());
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (2, 0), "{inspection:?}");
        assert_eq!(inspection.persons, 2);
    }

    #[test]
    fn records_that_lie_are_told_and_searched() {
        let text: Vec<u8> = "Số CCCD 001090123456".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let inspection = inspect(&[&b"\x05\xff\xff\xff\x7f"[..], &text].concat());
        assert_eq!(inspection.distinct(DetectorId::Cccd), 2, "{inspection:?}");
        assert!(!inspection.opaque.is_empty());
    }
}
