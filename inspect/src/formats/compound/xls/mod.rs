//! Workbooks of Excel 5 to 2003 (MS-XLS, BIFF5 and BIFF8): every sheet, hidden or not, row by row, then strings that no
//! cell shows, comments, headers and footers, names, text boxes, pictures, and what stands in records nobody knows.
//!
//! Formulas are not worked out: their last results are read. Charts are texts.

mod record;
mod strings;

use std::collections::BTreeMap;

use chot_model::OpaqueReason;

use super::super::le::{f64_at, packed, u16_at, u32_at, utf16};
use super::super::shown::{Style, rk};
use super::tell::{Stop, Tell};
use super::{art, joined};
use crate::extract::Cell;
use record::{Record, Records};
pub(in crate::formats) use strings::Shared;
use strings::Spread;

/// Types of records (MS-XLS §2.3).
mod kind {
    pub(super) const FORMULA: u16 = 0x06;
    pub(super) const EOF: u16 = 0x0a;
    pub(super) const HEADER: u16 = 0x14;
    pub(super) const FOOTER: u16 = 0x15;
    pub(super) const NOTE: u16 = 0x1c;
    pub(super) const DATE_1904: u16 = 0x22;
    pub(super) const CODE_PAGE: u16 = 0x42;
    pub(super) const CONTINUE: u16 = 0x3c;
    pub(super) const BOUND_SHEET: u16 = 0x85;
    pub(super) const MUL_RK: u16 = 0xbd;
    pub(super) const RICH_STRING: u16 = 0xd6;
    /// Of pivot tables: a number and a string that they remember.
    pub(super) const PIVOT_NUMBER: u16 = 0xc9;
    pub(super) const PIVOT_STRING: u16 = 0xcd;
    pub(super) const XF: u16 = 0xe0;
    pub(super) const DRAWING_GROUP: u16 = 0xeb;
    pub(super) const SST: u16 = 0xfc;
    pub(super) const LABEL_SST: u16 = 0xfd;
    pub(super) const TEXT_BOX: u16 = 0x1b6;
    pub(super) const NUMBER: u16 = 0x203;
    pub(super) const LABEL: u16 = 0x204;
    pub(super) const STRING: u16 = 0x207;
    pub(super) const RK: u16 = 0x27e;
    pub(super) const FORMAT: u16 = 0x41e;
    pub(super) const BOF: u16 = 0x809;
    /// A theme of its own, and what goes on with it.
    pub(super) const THEME: u16 = 0x896;
    pub(super) const CONTINUE_THEME: u16 = 0x87f;
    /// Nothing but numbers and places in the file.
    pub(super) const SILENT: [u16; 12] = [0x0b, 0x201, 0xbe, 0x208, 0xd7, 0xff, 0x200, 0x293, 0x31, 0x92, 0x87d, 0x92];
}

/// Text of small parts, told together.
const TOLD: usize = 1 << 16;
/// Bytes of unknown records held for the search.
const REST_MAX: usize = 1 << 20;

/// Reads the stream of a workbook. `part` is the path of the workbook within its file.
pub(super) fn read(part: &str, stream: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let mut book = Book { part: part.to_owned(), wide: true, code_page: 1_252, ..Book::default() };
    let mut records = Records::new(stream);
    while let Some(record) = records.next() {
        tell.spend(0)?;
        book.take(&record, &mut records, tell)?;
    }
    book.end(tell)?;
    if records.is_cut() {
        tell.strings(part, records.left())?;
    }
    Ok(())
}

/// A workbook under way.
#[derive(Default)]
struct Book {
    part: String,
    /// Strings say how wide they are (BIFF8); otherwise they are of the code page.
    wide: bool,
    code_page: u16,
    epoch_1904: bool,
    /// Titles of sheets by the place where they begin.
    titles: BTreeMap<u32, String>,
    formats: BTreeMap<u16, Style>,
    styles: Vec<Style>,
    shared: Shared,
    /// The sheet under way.
    sheet: String,
    /// Streams within the stream: of sheets and their charts.
    depth: u32,
    row: u32,
    cells: Vec<(u32, bool, String)>,
    /// Where a formula waits for its string.
    formula: Option<(u32, u32)>,
    /// Headers, comments and the like.
    side: String,
    rest: Vec<u8>,
    sheets: u32,
}

impl Book {
    fn take<'s>(&mut self, record: &Record<'s>, records: &mut Records<'s>, tell: &mut Tell<'_>) -> Result<(), Stop> {
        let data = record.data;
        let cell = || Some((u16_at(data, 0)?.into(), u16_at(data, 2)?.into(), u16_at(data, 4)?));
        match record.kind {
            kind::BOF => self.begin(record, tell)?,
            kind::EOF => self.depth = self.depth.saturating_sub(1),
            kind::CODE_PAGE => self.code_page = u16_at(data, 0).unwrap_or(1_252),
            kind::DATE_1904 => self.epoch_1904 = u16_at(data, 0) == Some(1),
            kind::BOUND_SHEET => {
                let title = self.short(data.get(6..).unwrap_or_default());
                self.say(&title);
                self.titles.insert(u32_at(data, 0).unwrap_or(0), title);
            }
            kind::FORMAT => {
                let code = data.get(2..).unwrap_or_default();
                let code = if self.wide { self.long(code) } else { self.short(code) };
                self.formats.insert(u16_at(data, 0).unwrap_or(0), Style::of(&code));
                self.say(&code);
            }
            kind::XF => {
                let number = u16_at(data, 2).unwrap_or(0);
                self.styles.push(self.formats.get(&number).copied().unwrap_or_else(|| Style::built_in(number)));
            }
            kind::SST => {
                let parts = records.with_continued(data);
                let long = self.shared.read(&Spread::new(&parts));
                for text in long {
                    tell.text(&self.part, &text)?;
                    tell.text(&self.part, "\n")?;
                }
            }
            kind::THEME => {
                // An archive behind a header and a version (MS-XLS §2.4.326, §2.4.60).
                const HEADER: usize = 12;
                const VERSION: usize = 4;
                let mut archive = data.get(HEADER + VERSION..).unwrap_or_default().to_vec();
                while let Some(more) = records.next_if(kind::CONTINUE_THEME) {
                    archive.extend_from_slice(more.get(HEADER..).unwrap_or_default());
                }
                // One that comes with the program has none.
                if !archive.is_empty() {
                    tell.member(&joined(&self.part, "theme"), &archive)?;
                }
            }
            kind::LABEL_SST => {
                if let Some(((row, column, _), index)) = cell().zip(u32_at(data, 6)) {
                    let text = self.shared.show(index as usize).to_owned();
                    self.cell(row, column, false, text, tell)?;
                }
            }
            kind::LABEL | kind::RICH_STRING => {
                if let Some((row, column, _)) = cell() {
                    let text = self.long(data.get(6..).unwrap_or_default());
                    self.cell(row, column, false, text, tell)?;
                }
            }
            kind::NUMBER => {
                if let Some(((row, column, style), value)) = cell().zip(f64_at(data, 6)) {
                    self.number(row, column, style, value, tell)?;
                }
            }
            kind::RK => {
                if let Some(((row, column, style), value)) = cell().zip(u32_at(data, 6)) {
                    self.number(row, column, style, rk(value), tell)?;
                }
            }
            kind::MUL_RK => {
                let (row, first) = (u16_at(data, 0).unwrap_or(0), u16_at(data, 2).unwrap_or(0));
                let values = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
                for (n, value) in values.chunks_exact(6).enumerate() {
                    if let Some((style, value)) = u16_at(value, 0).zip(u32_at(value, 2)) {
                        self.number(row.into(), u32::from(first) + n as u32, style, rk(value), tell)?;
                    }
                }
            }
            kind::FORMULA => {
                if let Some((row, column, style)) = cell() {
                    self.formula = None;
                    match data.get(6..14) {
                        // Not a number: a string follows, or a truth or an error stands here.
                        Some([0, .., 0xff, 0xff]) => self.formula = Some((row, column)),
                        Some([.., 0xff, 0xff]) | None => {}
                        Some(_) => self.number(row, column, style, f64_at(data, 6).unwrap_or(0.0), tell)?,
                    }
                    // Its own strings.
                    self.unknown(data.get(20..).unwrap_or_default(), tell)?;
                }
            }
            kind::STRING => {
                let parts = records.with_continued(data);
                let text = if self.wide { Spread::new(&parts).string() } else { self.long(data) };
                if let Some((row, column)) = self.formula.take() {
                    self.cell(row, column, false, text, tell)?;
                } else {
                    self.say(&text);
                }
            }
            kind::HEADER | kind::FOOTER if !data.is_empty() => {
                let text = if self.wide { self.long(data) } else { self.short(data) };
                self.say(&text);
            }
            kind::NOTE if !self.wide => {
                let text = self.decode(data.get(6..).unwrap_or_default());
                self.say(&text);
            }
            kind::PIVOT_NUMBER => self.say(&Style::Plain.show(f64_at(data, 0).unwrap_or(0.0), false).0),
            kind::PIVOT_STRING => {
                let text = self.long(data);
                self.say(&text);
            }
            kind::TEXT_BOX => self.text_box(data, records),
            kind::DRAWING_GROUP => {
                let mut all = records.with_continued(data).concat();
                // A second record of the kind goes on with the first.
                while let Some(more) = records.next_if(kind::DRAWING_GROUP) {
                    all.extend(records.with_continued(more).concat());
                }
                tell.spend(all.len())?;
                art::pictures(&self.part, &all, tell)?;
            }
            kind::CONTINUE => self.unknown(data, tell)?,
            silent if kind::SILENT.contains(&silent) => {}
            _ => self.unknown(data, tell)?,
        }
        if self.side.len() > TOLD {
            self.tell_side(tell)?;
        }
        Ok(())
    }

    fn begin(&mut self, record: &Record<'_>, tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.depth += 1;
        // Version 8 writes 0x0600.
        if self.sheets == 0 && self.depth == 1 && self.titles.is_empty() {
            self.wide = u16_at(record.data, 0) == Some(0x600);
        }
        // A chart within a sheet is part of it.
        if self.depth == 1 && u16_at(record.data, 2) != Some(5) {
            self.end_row(tell)?;
            self.sheets += 1;
            let unnamed = || format!("Sheet{}", self.sheets);
            let title = self.titles.get(&(record.at as u32)).cloned().unwrap_or_else(unnamed);
            self.sheet = if self.part.is_empty() { title } else { format!("{}/{title}", self.part) };
        }
        Ok(())
    }

    fn number(&mut self, row: u32, column: u32, style: u16, value: f64, tell: &mut Tell<'_>) -> Result<(), Stop> {
        let style = self.styles.get(usize::from(style)).copied().unwrap_or_default();
        let (text, is_number) = style.show(value, self.epoch_1904);
        self.cell(row, column, is_number, text, tell)
    }

    fn cell(&mut self, row: u32, column: u32, number: bool, text: String, tell: &mut Tell<'_>) -> Result<(), Stop> {
        if row + 1 != self.row {
            self.end_row(tell)?;
            self.row = row + 1;
        }
        if !text.is_empty() {
            self.cells.push((column, number, text));
        }
        Ok(())
    }

    fn end_row(&mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.cells.sort_by_key(|(column, _, _)| *column);
        let cells: Vec<_> =
            self.cells.iter().map(|(column, number, text)| Cell { column: *column, number: *number, text }).collect();
        if !cells.is_empty() {
            tell.row(&self.sheet, self.row, cells)?;
        }
        self.cells.clear();
        Ok(())
    }

    /// Text in a shape or comment: how long it is stands here, the text in records that go on (§2.4.329).
    fn text_box(&mut self, data: &[u8], records: &mut Records<'_>) {
        let len = usize::from(u16_at(data, 10).unwrap_or(0));
        let parts = records.with_continued(&[]);
        if len > 0 {
            let text = if self.wide {
                Spread::new(&parts).after(1).chars(len)
            } else {
                self.decode(parts.concat().get(..len).unwrap_or_default())
            };
            self.say(&text);
        }
    }

    /// A string behind its length in one byte.
    fn short(&self, data: &[u8]) -> String {
        let len = usize::from(data.first().copied().unwrap_or(0));
        self.string(len, data.get(1..).unwrap_or_default())
    }

    /// A string behind its length in two bytes.
    fn long(&self, data: &[u8]) -> String {
        let len = usize::from(u16_at(data, 0).unwrap_or(0));
        self.string(len, data.get(2..).unwrap_or_default())
    }

    fn string(&self, len: usize, data: &[u8]) -> String {
        if !self.wide {
            return self.decode(data.get(..len.min(data.len())).unwrap_or_default());
        }
        let Some((flags, text)) = data.split_first() else { return String::new() };
        let rich = if flags & 8 != 0 { 2 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
        let text = text.get(rich..).unwrap_or_default();
        if flags & 1 == 0 { packed(upto(text, len)) } else { utf16(upto(text, 2 * len)) }
    }

    fn decode(&self, bytes: &[u8]) -> String {
        super::code_page(self.code_page).decode_without_bom_handling(bytes).0.into_owned()
    }

    fn say(&mut self, text: &str) {
        self.side.push_str(text);
        self.side.push('\n');
    }

    fn unknown(&mut self, data: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.rest.extend_from_slice(data);
        self.rest.extend([0, 0]);
        if self.rest.len() > REST_MAX {
            tell.strings(&self.part, &std::mem::take(&mut self.rest))?;
        }
        Ok(())
    }

    fn tell_side(&mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        let side = std::mem::take(&mut self.side);
        tell.text(&self.part, &side)
    }

    fn end(mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.end_row(tell)?;
        for text in self.shared.rest() {
            tell.text(&self.part, text)?;
            tell.text(&self.part, "\n")?;
        }
        self.tell_side(tell)?;
        tell.strings(&self.part, &std::mem::take(&mut self.rest))?;
        if self.shared.is_cut {
            tell.opaque(&self.part, OpaqueReason::ParseError, 1)?;
        }
        Ok(())
    }
}

fn upto(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len.min(bytes.len())).unwrap_or_default()
}
