//! Running text of documents, slides and drawings: runs joined per paragraph, tables row by row, deleted and hidden text too.

use super::attributes;
use crate::formats::boxed::{self, Boxes};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::table::Table;
use crate::text::Text;
use crate::view::View;

pub(super) struct Words {
    text: Text,
    /// What stands there once more for older readers.
    repeated: Text,
    cell: Text,
    /// What was struck out or moved away: it may stand in the middle of what took its place.
    struck: Text,
    /// Everything that is no text of the document: positions, alternative descriptions, formulas.
    side: Text,
    in_text: u32,
    repeats: u32,
    strikes: u32,
    tables: u32,
    in_cell: bool,
    table: Table,
    row: Vec<(usize, View)>,
    /// The column of the cell at hand, and how many it takes.
    column: usize,
    span: usize,
    rows: u64,
    /// The line on which printed letters were set last (XPS).
    baseline: Vec<u8>,
    boxes: Boxes,
    /// The paragraph is a box of its own (`framePr`).
    framed: bool,
    /// The direction in which a box is being placed, and where the number that says how far begins in what stands aside.
    offset: Option<(Direction, usize)>,
    place: Place,
}

#[derive(Clone, Copy)]
enum Direction {
    Along,
    Down,
}

/// Elements that hold text at a place of their own: shapes, what anchors them, and those of older documents (VML).
const BOXES: [&[u8]; 8] = [b"sp", b"wsp", b"anchor", b"shape", b"rect", b"roundrect", b"oval", b"wgp"];
/// Whether an element may be one of those that place text; paragraphs, runs and cells are none, and nearly all there are.
fn is_placing(name: &[u8]) -> bool {
    name.len() > 2 || name == b"sp"
}

/// English metric units of a point (ECMA-376 part 1, §20.1.2.1).
const EMU: f64 = 12_700.0;
/// Twentieths of a point.
const TWIPS: f64 = 20.0;

/// No table has more columns (ECMA-376 part 1, §17.4).
const COLUMNS_MAX: usize = 16_384;

impl Words {
    pub(super) fn new(place: Place) -> Self {
        Self {
            text: Text::prose(place.clone()),
            repeated: Text::new(Place { again: true, ..place.clone() }),
            cell: Text::new(place.clone()),
            struck: Text::new(place.clone()),
            side: Text::new(place.clone()),
            table: Table::new(place.clone()),
            in_text: 0,
            repeats: 0,
            strikes: 0,
            tables: 0,
            in_cell: false,
            row: Vec::new(),
            column: 0,
            span: 1,
            rows: 0,
            baseline: Vec::new(),
            boxes: Boxes::default(),
            framed: false,
            offset: None,
            place,
        }
    }

    /// Takes note of where boxes stand.
    fn place(&mut self, tag: &Tag<'_>) {
        let number = |name: &[u8]| tag.string(name).and_then(|n| n.trim().parse::<f64>().ok());
        match tag.name {
            name if BOXES.contains(&name) => {
                self.at_box(Boxes::open);
                if let Some((along, down)) = tag.string(b"style").as_deref().and_then(boxed::styled) {
                    self.boxes.place(along, down);
                }
            }
            b"framePr" if !self.framed => {
                self.framed = true;
                self.at_box(Boxes::open);
                self.boxes.place(number(b"x").map(|n| n / TWIPS), number(b"y").map(|n| n / TWIPS));
            }
            b"off" if self.boxes.is_open() => {
                self.boxes.place(number(b"x").map(|n| n / EMU), number(b"y").map(|n| n / EMU));
            }
            b"positionH" | b"positionV" => {
                let direction = if tag.name == b"positionH" { Direction::Along } else { Direction::Down };
                self.offset = Some((direction, self.side.view.text.len()));
            }
            _ => {}
        }
    }

    /// A box begins or ends. What is there again for older readers has boxes of its own.
    fn at_box(&mut self, act: fn(&mut Boxes, &View)) {
        if self.repeats == 0 {
            let mut boxes = std::mem::take(&mut self.boxes);
            act(&mut boxes, &self.here().view);
            self.boxes = boxes;
        }
    }

    /// A box has been placed in one direction.
    fn placed(&mut self) {
        let Some((direction, from)) = self.offset.take() else { return };
        let said = self.side.view.text.get(from..).unwrap_or_default();
        let offset = str::from_utf8(said).ok().and_then(|said| said.trim().parse::<f64>().ok()).map(|n| n / EMU);
        match direction {
            Direction::Along => self.boxes.place(offset, None),
            Direction::Down => self.boxes.place(None, offset),
        }
    }

    /// A sign by its number in a font; those of symbols are told from others by their first digit (ECMA-376 part 1,
    /// §17.3.3.30).
    fn sign(&mut self, tag: &Tag<'_>) {
        let code = tag.string(b"char").and_then(|code| u32::from_str_radix(code.trim(), 16).ok());
        let code = code.map(|code| if code >> 8 == 0xf0 { code & 0xff } else { code });
        if let Some(sign) = code.and_then(char::from_u32) {
            self.here().joint(sign.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Letters printed at a place of their own (ECMA-388, 12.1): those on one line are one.
    fn printed(&mut self, tag: &Tag<'_>) {
        let Some(letters) = tag.attribute(b"UnicodeString") else { return };
        let baseline = tag.attribute(b"OriginY").unwrap_or_default().text;
        let joint: &[u8] = if baseline == self.baseline { b" " } else { b"\n" };
        self.baseline = baseline;
        self.text.joint(joint);
        self.text.view.push_view(&letters, 0..letters.text.len());
    }

    fn here(&mut self) -> &mut Text {
        match (self.repeats > 0, self.in_cell) {
            (true, _) => &mut self.repeated,
            (_, true) => &mut self.cell,
            (_, false) if self.strikes > 0 => &mut self.struck,
            (_, false) => &mut self.text,
        }
    }

    /// Something is struck out: what stands before it on the line announces it, and may be its beginning.
    fn strike(&mut self, inquiry: &mut Inquiry) {
        const BEFORE_MAX: usize = 80;
        const DIGITS_MAX: usize = 8;
        self.strikes += 1;
        if self.strikes > 1 {
            return;
        }
        self.struck.finish(inquiry);
        let text = &self.text.view.text;
        let line =
            text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1).max(text.len().saturating_sub(BEFORE_MAX));
        let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).take(DIGITS_MAX + 1).count();
        let own = text.len() - if digits > DIGITS_MAX { 0 } else { digits };
        self.struck.view.push_view(&self.text.view, line..own.max(line));
        self.struck.settle();
        self.struck.view.push_view(&self.text.view, own.max(line)..text.len());
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.column = 0;
        if !self.row.is_empty() {
            self.rows += 1;
            let row = std::mem::take(&mut self.row);
            self.table.cells(self.rows, row, inquiry);
        }
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
        self.repeated.finish(inquiry);
        self.cell.finish(inquiry);
        self.struck.finish(inquiry);
        self.side.finish(inquiry);
        self.boxes.end(&self.place, inquiry);
    }
}

impl Reader for Words {
    fn text(&mut self) -> &mut Text {
        if self.in_text > 0 { self.here() } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        const CELL_MAX: usize = 1 << 16;
        if self.cell.view.text.len() > CELL_MAX {
            let all = 0..self.cell.view.text.len();
            self.text.view.push_view(&self.cell.view, all);
            self.cell.view.clear();
        }
        self.text.advance(inquiry);
        self.repeated.advance(inquiry);
        self.struck.advance(inquiry);
        self.side.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            // `Text` is Visio's.
            b"t" | b"delText" | b"instrText" | b"delInstrText" | b"Text" => self.in_text += 1,
            b"sym" => self.sign(tag),
            b"Glyphs" => return self.printed(tag),
            b"tbl" => {
                self.tables += 1;
                if self.tables == 1 {
                    self.table.under(&self.text.view.text);
                }
            }
            b"tc" if self.tables == 1 => self.in_cell = true,
            b"tab" | b"ptab" => self.here().joint(b"\t"),
            b"br" | b"cr" => self.here().joint(b"\n"),
            b"noBreakHyphen" => self.here().joint(b"-"),
            b"gridSpan" | b"gridBefore" => {
                let n = tag.string(b"val").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).min(COLUMNS_MAX);
                if tag.name == b"gridSpan" {
                    self.span = n;
                } else {
                    self.column += n;
                }
            }
            b"Fallback" => self.repeats += 1,
            b"del" | b"moveFrom" => self.strike(inquiry),
            // Cached values of charts; where one must be a number, its mask is one.
            b"v" => self.side.view.digits = true,
            _ => {}
        }
        if is_placing(tag.name) {
            self.place(tag);
        }
        if tag.name == b"tc" {
            self.span = tag.string(b"gridSpan").and_then(|n| n.parse().ok()).unwrap_or(1).min(COLUMNS_MAX);
        }
        // Descriptions of pictures, authors, tips and field codes are written by people.
        const WRITTEN: &[&[u8]] = &[
            b"docPr",
            b"cNvPr",
            b"comment",
            b"hyperlink",
            b"fldSimple",
            b"ins",
            b"del",
            b"bookmarkStart",
            b"alias",
            b"tag",
            b"docVar",
            b"cmAuthor",
            b"default",
            b"listItem",
        ];
        attributes(tag, WRITTEN.contains(&tag.name), &mut self.text, inquiry);
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"p" if std::mem::take(&mut self.framed) => self.at_box(Boxes::close),
            name if !is_placing(name) => {}
            b"positionH" | b"positionV" => self.placed(),
            name if BOXES.contains(&name) => self.at_box(Boxes::close),
            _ => {}
        }
        match name {
            b"t" | b"delText" | b"instrText" | b"delInstrText" => self.in_text = self.in_text.saturating_sub(1),
            b"Text" => {
                self.in_text = self.in_text.saturating_sub(1);
                self.here().joint(b"\n");
            }
            b"p" | b"comment" | b"text" if self.in_text == 0 => {
                self.here().joint(b"\n");
                self.side.joint(b"\n");
            }
            b"Fallback" => self.repeats = self.repeats.saturating_sub(1),
            b"del" | b"moveFrom" => self.strikes = self.strikes.saturating_sub(1),
            b"v" => {
                self.side.view.digits = false;
                self.side.joint(b"\n");
            }
            b"tc" if self.tables == 1 => {
                let mut view = std::mem::take(&mut self.cell.view);
                view.trim(0);
                self.row.push((self.column, view));
                self.column = (self.column + self.span).min(COLUMNS_MAX);
                self.in_cell = false;
            }
            b"tr" if self.tables == 1 => self.end_row(inquiry),
            b"tbl" => {
                if self.tables == 1 {
                    self.end_row(inquiry);
                    self.table.finish(inquiry);
                    self.rows = 0;
                }
                self.tables = self.tables.saturating_sub(1);
            }
            _ if self.in_text == 0 => self.side.joint(b"\n"),
            _ => {}
        }
    }
}
