//! Running text of documents, slides and drawings: runs joined per paragraph, tables row by row, deleted and hidden text too.

use chot_model::OpaqueReason;

use super::boxes::TextBoxes;
use super::changes::{Before, Changes, Struck};
use super::gaps::{Gaps, Step};
use super::{attributes, is_nothing};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag};
use crate::table::{Gathered, Table};
use crate::text::Text;

pub(super) struct Words {
    text: Text,
    /// What stands there once more for older readers.
    repeated: Text,
    cell: Text,
    /// What was struck out or moved away: it may stand in the middle of what took its place.
    struck: Struck,
    /// What was changed in the cell at hand, and cells of its row as they were before.
    changes: Changes,
    before: Before,
    /// Everything that is no text of the document: positions, alternative descriptions, formulas.
    side: Text,
    in_text: u32,
    repeats: u32,
    strikes: u32,
    inserts: u32,
    tables: u32,
    in_cell: bool,
    table: Table,
    row: Gathered,
    /// The column of the cell at hand, and how many it takes.
    column: usize,
    span: usize,
    rows: u64,
    gaps: Gaps,
    /// The line on which printed letters were set last (XPS).
    baseline: Vec<u8>,
    /// Strokes of a page on which no letters were set (XPS).
    outlines: Option<usize>,
    boxes: TextBoxes,
    place: Place,
}

/// More strokes of a page without letters may be text, as in PDF.
const STROKES_MAX: usize = 400;
/// A longer cell is text.
pub(super) const CELL_MAX: usize = 1 << 16;
/// No table has more columns (ECMA-376 part 1, §17.4).
const COLUMNS_MAX: usize = 16_384;

impl Words {
    pub(super) fn new(place: Place) -> Self {
        Self {
            text: Text::prose(place.clone()),
            repeated: Text::new(Place { again: true, ..place.clone() }),
            cell: Text::new(place.clone()),
            struck: Struck::new(&place),
            changes: Changes::default(),
            before: Before::default(),
            side: Text::new(place.clone()),
            table: Table::new(place.clone()),
            in_text: 0,
            repeats: 0,
            strikes: 0,
            inserts: 0,
            tables: 0,
            in_cell: false,
            row: Gathered::with_empty(),
            column: 0,
            span: 1,
            rows: 0,
            gaps: Gaps::default(),
            baseline: Vec::new(),
            outlines: Some(0),
            boxes: TextBoxes::default(),
            place,
        }
    }

    /// A sign by its number in a font; those of symbols are told from others by their first digit (ECMA-376 part 1,
    /// §17.3.3.30).
    fn sign(&mut self, tag: &Tag<'_>) {
        let Some(written) = tag.attribute(b"char") else { return };
        let code = std::str::from_utf8(&written.text).ok().and_then(|code| u32::from_str_radix(code.trim(), 16).ok());
        let code = code.map(|code| if code >> 8 == 0xf0 { code & 0xff } else { code });
        let Some(sign) = code.and_then(char::from_u32) else { return };
        let (mut utf8, view) = ([0; 4], &mut self.here().view);
        let sign = sign.encode_utf8(&mut utf8).as_bytes();
        match written.object_span(&(0..written.text.len())) {
            // Masked, it is the number of no sign.
            Some(span) => view.push_number(sign, span.start, span.end - span.start),
            None => view.push_joint(sign),
        }
    }

    /// Letters printed at a place of their own (ECMA-388, 12.1): those on one line are one.
    fn printed(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        self.outlines = None;
        let Some(letters) = tag.attribute(b"UnicodeString").filter(|letters| !letters.text.is_empty()) else {
            if tag.attribute(b"Indices").is_some() {
                inquiry.opaque(&self.place, OpaqueReason::UnknownEncoding, 1);
            }
            return;
        };
        let baseline = tag.attribute(b"OriginY").unwrap_or_default().text;
        let joint: &[u8] = if baseline == self.baseline { b" " } else { b"\n" };
        self.baseline = baseline;
        self.text.joint(joint);
        self.text.view.push_view(&letters, 0..letters.text.len());
    }

    /// Lines drawn on a page without letters, which may be text turned into outlines.
    fn outlined(&mut self, tag: &Tag<'_>) {
        if let (Some(strokes), Some(data)) = (&mut self.outlines, tag.attribute(b"Data")) {
            *strokes += data.text.iter().filter(|b| b.is_ascii_alphabetic()).count();
        }
    }

    fn here(&mut self) -> &mut Text {
        match (self.repeats > 0, self.in_cell) {
            (true, _) => &mut self.repeated,
            (_, true) => &mut self.cell,
            (_, false) if self.strikes > 0 => &mut self.struck.text,
            (_, false) => &mut self.text,
        }
    }

    /// What is deleted begins or ends, or what is inserted.
    fn change(&mut self, is_deletion: bool, begins: bool, inquiry: &mut Inquiry) {
        let depth = if is_deletion { &mut self.strikes } else { &mut self.inserts };
        let before = std::mem::replace(depth, if begins { *depth + 1 } else { depth.saturating_sub(1) });
        let turns = before == u32::from(!begins);
        if self.in_cell {
            return self.changes.turn(self.cell.view.text.len(), self.strikes, self.inserts);
        }
        let running = &self.text.view;
        match (is_deletion, begins) {
            _ if !turns => {}
            (true, true) => self.struck.begin(running, inquiry),
            (true, false) => self.struck.end(running, inquiry),
            (false, true) => self.struck.insert(running),
            (false, false) => self.struck.inserted(running),
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.column = 0;
        let label = if self.before.is_empty() { None } else { self.row.label() };
        if self.row.end_row(self.rows + 1) {
            self.rows += 1;
            self.row.give(&mut self.table, inquiry);
        }
        if !self.before.is_empty() {
            self.before.give(self.rows, label, &mut self.table, &mut self.struck, inquiry);
        }
    }

    /// Whether a tag that opens comes to nothing; what it comes to otherwise is done.
    fn is_nothing(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) -> bool {
        match tag.name {
            // `Text` is Visio's.
            b"delText" | b"instrText" | b"delInstrText" | b"Text" => self.in_text += 1,
            b"ins" | b"moveTo" => self.change(false, true, inquiry),
            b"sym" => self.sign(tag),
            b"Glyphs" => self.printed(tag, inquiry),
            b"Path" => self.outlined(tag),
            b"tbl" => {
                self.tables += 1;
                if self.tables == 1 {
                    self.table.under(&self.text.view.text);
                }
            }
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
            b"del" | b"moveFrom" => self.change(true, true, inquiry),
            // Cached values of charts; where one must be a number, its mask is one.
            b"v" => self.side.view.digits = true,
            _ => return !self.open_box(tag),
        }
        false
    }

    /// Whether an element that opens is one of those that place text.
    fn open_box(&mut self, tag: &Tag<'_>) -> bool {
        // What is there again for older readers has boxes of its own.
        let is_one = TextBoxes::may_be(tag.name) && self.repeats == 0;
        if is_one {
            let mut boxes = std::mem::take(&mut self.boxes);
            let aside = self.side.view.text.len();
            let placed = boxes.open(tag, &self.here().view, aside);
            self.boxes = boxes;
            return placed;
        }
        false
    }

    fn close_box(&mut self, name: &[u8]) {
        if self.boxes.are_open() && self.repeats == 0 {
            self.boxes.placed(name, &self.side.view);
            let mut boxes = std::mem::take(&mut self.boxes);
            boxes.close(name, &self.here().view);
            self.boxes = boxes;
        }
    }

    /// Passes what stands between two texts of cells, which is known.
    fn pass(&mut self, gap: usize, inquiry: &mut Inquiry) {
        let mut n = 0;
        while let Some(step) = self.gaps.step_of(gap, n) {
            match step {
                Step::EndLine => self.cell.joint(b"\n"),
                Step::Aside => self.side.joint(b"\n"),
                Step::EndCell => self.end_cell(inquiry),
                Step::BeginCell => (self.in_cell, self.span) = (true, 1),
                Step::EndRow => self.end_row(inquiry),
            }
            n += 1;
        }
    }

    fn end_cell(&mut self, inquiry: &mut Inquiry) {
        if !self.changes.is_empty() {
            self.part_cell(inquiry);
        }
        let view = &mut self.cell.view;
        view.trim(0);
        self.row.push_view(self.column, view);
        view.clear();
        self.column = (self.column + self.span).min(COLUMNS_MAX);
        self.in_cell = false;
        if self.row.is_full() {
            self.row.end_row(self.rows + 1);
            self.row.give(&mut self.table, inquiry);
        }
    }

    /// Sets what the cell was before apart from what it is.
    fn part_cell(&mut self, inquiry: &mut Inquiry) {
        let (now, mut before) = self.changes.part(&self.cell.view);
        before.trim(0);
        self.cell.view = now;
        if !before.text.is_empty() && !self.before.push(self.column, before) {
            self.before.give(self.rows + 1, None, &mut self.table, &mut self.struck, inquiry);
        }
    }

    /// Within the text of a cell that is nothing but that.
    const fn is_in_plain_cell(&self) -> bool {
        let is_changed = self.strikes > 0 || self.inserts > 0;
        self.in_text == 1 && self.in_cell && self.tables == 1 && self.repeats == 0 && !is_changed
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.repeated.finish(inquiry);
        self.cell.finish(inquiry);
        self.struck.end_line(&self.text.view);
        self.text.finish(inquiry);
        self.struck.text.finish(inquiry);
        self.side.finish(inquiry);
        self.boxes.end(&self.place, inquiry);
        if self.outlines.is_some_and(|strokes| strokes > STROKES_MAX) {
            inquiry.opaque(&self.place, OpaqueReason::UnsupportedFormat, 1);
        }
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
        if self.cell.view.text.len() > CELL_MAX {
            if !self.changes.is_empty() {
                self.part_cell(inquiry);
                self.changes.turn(0, self.strikes, self.inserts);
            }
            let all = 0..self.cell.view.text.len();
            self.text.view.push_view(&self.cell.view, all);
            self.cell.view.clear();
        }
        if self.strikes == 0 {
            self.struck.follow(&self.text.view);
        }
        self.text.advance(inquiry);
        self.repeated.advance(inquiry);
        self.struck.text.advance(inquiry);
        self.side.advance(inquiry);
        self.boxes.advance(&self.place, inquiry);
    }

    fn take(&mut self, _raw: &[u8], at: u64) -> bool {
        if self.is_in_plain_cell() {
            self.gaps.end(at);
        } else {
            self.gaps.give_up();
        }
        false
    }

    /// From the end of a text in a cell to the end of the next one, as long as what stands between is known.
    fn elements(&mut self, rest: &[u8], at: u64, inquiry: &mut Inquiry) -> usize {
        if !self.is_in_plain_cell() || inquiry.reads_all(&self.place) {
            return 0;
        }
        self.gaps.end(at);
        let mut taken = 0;
        while let Some((gap, len)) = rest.get(taken..).and_then(|rest| self.gaps.known(rest)) {
            let text = rest.get(taken..).unwrap_or_default();
            let place = &self.text.place;
            if !self.gaps.numbers(gap, text).all(|number| is_nothing(number, place, inquiry)) {
                break;
            }
            self.pass(gap, inquiry);
            taken += len;
            let text = rest.get(taken..).unwrap_or_default();
            let Some(len) = memchr::memchr2(b'<', b'&', text).filter(|len| text.get(*len) == Some(&b'<')) else {
                break;
            };
            self.cell.view.push(text.get(..len).unwrap_or_default(), at + taken as u64);
            taken += len;
            if self.cell.view.text.len() > CELL_MAX {
                break;
            }
        }
        if taken == 0 {
            self.gaps.begin(rest, at);
        } else {
            self.advance(inquiry);
        }
        taken
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
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
        let is_usual = match tag.name {
            b"t" => {
                self.in_text += 1;
                true
            }
            b"tc" => {
                self.span = tag.string(b"gridSpan").and_then(|n| n.parse().ok()).unwrap_or(1).min(COLUMNS_MAX);
                // The cells that one of a slide was joined with stand behind it, and were counted with it.
                if tag.string(b"hMerge").is_some_and(|is| is == "1" || is == "true") {
                    self.span = 0;
                }
                self.in_cell |= self.tables == 1;
                if self.strikes > 0 || self.inserts > 0 {
                    self.changes.turn(self.cell.view.text.len(), self.strikes, self.inserts);
                }
                self.gaps.step(Step::BeginCell);
                self.span == 1
            }
            _ => self.is_nothing(tag, inquiry),
        };
        let is_written = tag.has_attributes() && WRITTEN.contains(&tag.name);
        let is_read = is_written || tag.has_attributes() && tag.is_telling();
        let is_nothing = !is_read || tag.name != b"Glyphs" && attributes(tag, true, &mut self.text, inquiry);
        if !is_usual || is_written || !is_nothing {
            self.gaps.give_up();
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        self.close_box(name);
        let step = match name {
            b"t" => {
                self.in_text = self.in_text.saturating_sub(1);
                return;
            }
            b"p" | b"comment" | b"text" if self.in_text == 0 => {
                self.struck.end_line(&self.text.view);
                self.here().joint(b"\n");
                self.side.joint(b"\n");
                self.gaps.step(Step::Aside);
                self.in_cell.then_some(Step::EndLine)
            }
            b"tc" if self.tables == 1 => {
                self.end_cell(inquiry);
                Some(Step::EndCell)
            }
            b"tr" if self.tables == 1 => {
                self.end_row(inquiry);
                Some(Step::EndRow)
            }
            b"delText" | b"instrText" | b"delInstrText" => {
                self.in_text = self.in_text.saturating_sub(1);
                None
            }
            b"Text" => {
                self.in_text = self.in_text.saturating_sub(1);
                self.here().joint(b"\n");
                None
            }
            b"Fallback" => {
                self.repeats = self.repeats.saturating_sub(1);
                None
            }
            b"del" | b"moveFrom" => {
                self.change(true, false, inquiry);
                None
            }
            b"ins" | b"moveTo" => {
                self.change(false, false, inquiry);
                None
            }
            b"v" => {
                self.side.view.digits = false;
                self.side.joint(b"\n");
                None
            }
            b"tbl" => {
                if self.tables == 1 {
                    self.end_row(inquiry);
                    self.table.finish(inquiry);
                    self.rows = 0;
                }
                self.tables = self.tables.saturating_sub(1);
                None
            }
            _ if self.in_text == 0 => {
                self.side.joint(b"\n");
                Some(Step::Aside)
            }
            _ => None,
        };
        match step {
            Some(step) => self.gaps.step(step),
            None => self.gaps.give_up(),
        }
    }
}
