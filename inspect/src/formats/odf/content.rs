//! Content and styles: paragraphs, and tables whose cells are told both as they are shown and by their values.
//!
//! Repeated cells and rows are read once, or as often as their columns can differ in meaning; never as often as they
//! say.

use chot_model::OpaqueReason;

use crate::formats::boxed::{self, Boxes};
use crate::formats::ooxml::{attributes, typed};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag, local};
use crate::sniff::DIGITS_MIN;
use crate::table::{Table, digits, letters};
use crate::text::Text;
use crate::view::View;

pub(super) struct Content {
    place: Place,
    text: Text,
    cell: Text,
    /// Annotations and notes, which stand in the middle of what they are about.
    notes: Text,
    /// What is no paragraph: titles of drawings, values of fields.
    side: Text,
    /// Paragraphs around the place, tables, and things that stand in a cell without being its content.
    paragraphs: u32,
    tables: u32,
    apart: u32,
    noted: u32,
    in_cell: bool,
    shown: Table,
    /// The same rows, where cells have values of their own: seen by nobody, and what programs count with.
    valued: Table,
    row: Vec<(usize, View)>,
    values: Vec<(usize, View)>,
    has_values: bool,
    /// One of them shows less than it holds.
    hides: bool,
    value: Option<View>,
    /// What formulas made, as text, with numbers in it: programs show it again, whatever is shown now.
    made: Text,
    column: usize,
    columns: usize,
    row_number: u64,
    /// Copies of cells that are read yet.
    copies_left: usize,
    rows: u64,
    sheets: u64,
    boxes: Boxes,
}

/// No program has more columns.
const COLUMNS_MAX: usize = 16_384;
/// Columns in which a repeated cell is read.
const COPIES_MAX: usize = 32;
/// Copies of cells that are read in all: a few bytes of a row may say thousands.
const COPIES_ALL_MAX: usize = 1 << 20;
/// Cells of a row that are read; what is beyond is read as a row of its own.
const CELLS_MAX: usize = 4_096;
/// A cell as long as a page is text.
const CELL_MAX: usize = 1 << 16;
/// Rows in which both tables look for their heading.
const HEADING_ROWS: u64 = 16;

impl Content {
    pub(super) fn new(place: Place) -> Self {
        let again = Place { again: true, ..place.clone() };
        Self {
            made: Text::new(again.clone()),
            text: Text::prose(place.clone()),
            cell: Text::new(place.clone()),
            notes: Text::prose(place.clone()),
            side: Text::new(place.clone()),
            paragraphs: 0,
            tables: 0,
            apart: 0,
            noted: 0,
            in_cell: false,
            shown: Table::new(place.clone()),
            valued: Table::second_look(again),
            row: Vec::new(),
            values: Vec::new(),
            has_values: false,
            hides: false,
            value: None,
            column: 0,
            columns: 1,
            row_number: 0,
            copies_left: COPIES_ALL_MAX,
            rows: 1,
            sheets: 0,
            boxes: Boxes::default(),
            place,
        }
    }

    fn here(&mut self) -> &mut Text {
        match () {
            () if self.noted > 0 => &mut self.notes,
            () if self.in_cell && self.apart == 0 => &mut self.cell,
            () => &mut self.text,
        }
    }

    /// A box of text begins or ends.
    fn at_box(&mut self, act: fn(&mut Boxes, &View)) {
        let mut boxes = std::mem::take(&mut self.boxes);
        act(&mut boxes, &self.here().view);
        self.boxes = boxes;
    }

    fn open_table(&mut self, tag: &Tag<'_>) {
        self.sheets += 1;
        self.row_number = 0;
        let title = tag.string(b"name").unwrap_or_else(|| self.sheets.to_string());
        let name = move |row: u64, column: usize| format!("{title}!{}{row}", letters(column));
        self.shown = Table::with_names(self.place.clone(), Box::new(name));
        self.shown.under(&self.text.view.text);
    }

    fn open_cell(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        self.columns = repeated(tag, b"number-columns-repeated").min(COLUMNS_MAX as u64) as usize;
        self.in_cell = true;
        for (name, value) in tag.attributes() {
            match local(name) {
                b"value" | b"date-value" | b"time-value" => self.value = Some(typed(value)),
                // With the zeros it has in front.
                b"string-value" => {
                    if digits(&value.text) >= DIGITS_MIN {
                        self.made.view.push_view(&value, 0..value.text.len());
                        self.made.joint(b"\n");
                        self.made.advance(inquiry);
                    }
                    self.value = Some(value);
                }
                b"formula" => {
                    let formula = value.into_digits();
                    self.side.view.push_view(&formula, 0..formula.text.len());
                    self.side.joint(b"\n");
                    self.side.advance(inquiry);
                }
                _ => {}
            }
        }
    }

    /// In how many columns more the cell at hand is read.
    fn copies(&mut self, inquiry: &mut Inquiry) -> usize {
        let wanted = self.columns.min(COPIES_MAX) - 1;
        let copies = wanted.min(self.copies_left);
        self.copies_left -= copies;
        if copies < wanted {
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
        }
        copies
    }

    fn end_cell(&mut self, inquiry: &mut Inquiry) {
        let mut view = std::mem::take(&mut self.cell.view);
        view.trim(0);
        let value = self.value.take();
        self.hides |= value.as_ref().is_some_and(|value| hides(&view.text, &value.text));
        if !view.text.is_empty() || value.is_some() {
            for column in self.column..self.column + 1 + self.copies(inquiry) {
                match &value {
                    Some(value) => {
                        self.values.push((column, value.copy()));
                        self.has_values = true;
                    }
                    None if self.row_number < HEADING_ROWS => self.values.push((column, view.copy())),
                    None => {}
                }
                let seen = if view.text.is_empty() { value.as_ref().unwrap_or(&view) } else { &view };
                self.row.push((column, seen.copy()));
            }
        }
        self.column = (self.column + self.columns).min(COLUMNS_MAX);
        self.in_cell = false;
        if self.row.len() > CELLS_MAX {
            self.end_row(inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        let (row, mut values) = (std::mem::take(&mut self.row), std::mem::take(&mut self.values));
        if std::mem::take(&mut self.hides) && self.row_number >= HEADING_ROWS {
            // Whose number it is, say the other cells.
            let valued: Vec<usize> = values.iter().map(|(column, _)| *column).collect();
            let others = row.iter().filter(|(column, _)| valued.binary_search(column).is_err());
            values.extend(others.map(|(column, view)| (*column, view.copy())));
            values.sort_by_key(|(column, _)| *column);
        }
        if !row.is_empty() {
            self.shown.cells(self.row_number + 1, row, inquiry);
        }
        if std::mem::take(&mut self.has_values) || self.row_number < HEADING_ROWS && !values.is_empty() {
            self.valued.row(self.row_number + 1, values, inquiry);
        }
    }

    fn end_table(&mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.shown.finish(inquiry);
        self.valued.finish(inquiry);
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_table(inquiry);
        self.text.finish(inquiry);
        self.cell.finish(inquiry);
        self.notes.finish(inquiry);
        self.side.finish(inquiry);
        self.made.finish(inquiry);
        self.boxes.end(&self.place, inquiry);
    }
}

/// Whether a cell shows less of a long number than it holds: `7.91E+10`, or nothing.
fn hides(shown: &[u8], value: &[u8]) -> bool {
    const LONG: usize = 9;
    let mut digits = shown.iter().rev().filter(|b| b.is_ascii_digit());
    value.len() >= LONG
        && value.iter().all(u8::is_ascii_digit)
        && !value.iter().rev().all(|digit| digits.next() == Some(digit))
}

fn repeated(tag: &Tag<'_>, name: &[u8]) -> u64 {
    tag.string(name).and_then(|n| n.trim().parse().ok()).unwrap_or(1).max(1)
}

impl Reader for Content {
    fn text(&mut self) -> &mut Text {
        if self.paragraphs > 0 { self.here() } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn take(&mut self, raw: &[u8], _at: u64) -> bool {
        // Between elements.
        self.paragraphs == 0 && raw.trim_ascii().is_empty()
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        if self.cell.view.text.len() > CELL_MAX {
            let view = std::mem::take(&mut self.cell.view);
            self.text.view.push_view(&view, 0..view.text.len());
        }
        self.text.advance(inquiry);
        self.notes.advance(inquiry);
        self.side.advance(inquiry);
        self.boxes.advance(&self.place, inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"p" | b"h" => self.paragraphs += 1,
            b"s" => {
                let blanks = repeated(tag, b"c").min(16) as usize;
                self.here().joint(&b"                "[..blanks]);
            }
            b"tab" => self.here().joint(b"\t"),
            b"line-break" => self.here().joint(b"\n"),
            b"table" => {
                self.tables += 1;
                if self.tables == 1 {
                    self.end_table(inquiry);
                    self.open_table(tag);
                }
                attributes(tag, false, &mut self.side, inquiry);
            }
            b"table-row" if self.tables == 1 => {
                self.column = 0;
                self.rows = repeated(tag, b"number-rows-repeated");
            }
            b"table-cell" | b"covered-table-cell" if self.tables == 1 => self.open_cell(tag, inquiry),
            _ => {
                if is_box(tag.name) {
                    self.at_box(Boxes::open);
                    let length = |name: &[u8]| tag.string(name).as_deref().and_then(boxed::points);
                    self.boxes.place(length(b"x"), length(b"y"));
                }
                self.apart += u32::from(is_apart(tag.name));
                self.noted += u32::from(is_note(tag.name));
                attributes(tag, false, &mut self.side, inquiry);
            }
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        if is_box(name) {
            self.at_box(Boxes::close);
        }
        match name {
            b"p" | b"h" => {
                self.here().joint(b"\n");
                self.paragraphs = self.paragraphs.saturating_sub(1);
            }
            b"table" => {
                if self.tables == 1 {
                    self.end_table(inquiry);
                }
                self.tables = self.tables.saturating_sub(1);
            }
            b"table-row" if self.tables == 1 => {
                self.end_row(inquiry);
                self.row_number = self.row_number.saturating_add(self.rows);
            }
            b"table-cell" | b"covered-table-cell" if self.tables == 1 => self.end_cell(inquiry),
            _ if is_apart(name) => {
                self.apart = self.apart.saturating_sub(1);
                self.noted = self.noted.saturating_sub(u32::from(is_note(name)));
            }
            _ if self.paragraphs == 0 => self.side.joint(b"\n"),
            _ => {}
        }
    }
}

/// What stands in a cell without being its content.
fn is_apart(name: &[u8]) -> bool {
    matches!(name, b"annotation" | b"text-box" | b"note" | b"shapes" | b"deletion")
}

/// What holds text at a place of its own (OpenDocument 1.3, part 3, §10.3 and §10.4.2).
fn is_box(name: &[u8]) -> bool {
    matches!(name, b"frame" | b"custom-shape" | b"rect" | b"ellipse" | b"polygon")
}

fn is_note(name: &[u8]) -> bool {
    matches!(name, b"annotation" | b"note")
}
