//! HTML: visible text with its tables, attributes, comments and scripts. Hidden text is text.
//!
//! Nothing is invisible: what styles hide is read, and the lines around it as they are seen besides.

mod codes;
mod placement;
mod roles;
mod rows;
mod script;
mod seam;
mod shapes;
mod sheet;
mod unseen;

use chot_detectors::Column;
use chot_model::OpaqueReason;

use super::plain::legible;
use super::{Format, Room, Stream, ooxml};
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::markup::{Markup, Reader, Tag, local};
use crate::sniff::{DIGITS_MIN, Head};
use crate::table::{Row, Table};
use crate::text::{self, Text};
use crate::view::View;
use codes::Codes;
use placement::{Drawing, Elements};
use rows::Rows;
pub(super) use script::Script;
use seam::Seam;
use shapes::Shapes;
use unseen::Unseen;

pub(crate) const FORMAT: Format = Format {
    media_type: "text/html",
    matches: is_html,
    room: Room::Stream(|head, place| Box::new(Html::new(legible(head, place)))),
    #[cfg(test)]
    example: || "<html><body><p>Số CCCD: 001090<b>123456</b></p></body></html>".into(),
};

fn is_html(head: &Head<'_>) -> bool {
    const SEEN: usize = 4_096;
    if !head.is_ascii_based() {
        return false;
    }
    let said = head.declared() == "text/html" || matches!(head.extension(), "html" | "htm");
    if matches!(head.trimmed.first(), Some(b'{' | b'[')) {
        return said;
    }
    let start = head.trimmed.get(..SEEN.min(head.trimmed.len())).unwrap_or_default().to_ascii_lowercase();
    if start.starts_with(b"<?xml") {
        return root(&start) == b"html";
    }
    let begins = start.strip_prefix(b"<").is_some_and(|rest| {
        let name = rest.get(..rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count()).unwrap_or_default();
        ELEMENTS.contains(&name)
    });
    let doctype = start.starts_with(b"<!doctype html");
    doctype || begins || said || {
        // Text with inline tags, as chat and mail programs send it.
        memchr::memmem::find(&start, b"</").is_some()
            && WITHIN.iter().any(|t| memchr::memmem::find(&start, t).is_some())
            && !start.starts_with(b"<")
    }
}

/// The name of the first element, in lower case as `start` is.
fn root(start: &[u8]) -> &[u8] {
    let tags = memchr::memchr_iter(b'<', start).filter_map(|at| start.get(at + 1..));
    let mut opening = tags.filter(|tag| tag.first().is_some_and(u8::is_ascii_alphabetic));
    let tag = opening.next().unwrap_or_default();
    let len = tag.iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/')).count();
    local(tag.get(..len).unwrap_or_default())
}

/// Elements that a page or a piece of one begins with.
const ELEMENTS: &[&[u8]] = &[
    b"html",
    b"head",
    b"body",
    b"table",
    b"tbody",
    b"thead",
    b"tr",
    b"td",
    b"th",
    b"div",
    b"p",
    b"span",
    b"br",
    b"form",
    b"ul",
    b"ol",
    b"li",
    b"dl",
    b"dt",
    b"dd",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"b",
    b"label",
    b"input",
    b"fieldset",
    b"section",
    b"article",
    b"main",
    b"font",
    b"center",
    b"strong",
    b"blockquote",
    b"pre",
    b"hr",
    b"style",
    b"script",
];

/// Tags that tell text with markup from text.
const WITHIN: &[&[u8]] = &[
    b"<!doctype html",
    b"<html",
    b"<body",
    b"<table",
    b"<div",
    b"<p>",
    b"<p ",
    b"<span",
    b"<br",
    b"<head",
    b"<a href",
    b"<form",
    b"<ul",
    b"<h1",
    b"<b>",
];

pub(crate) struct Html {
    markup: Markup,
    body: Body,
}

struct Body {
    place: Place,
    text: Text,
    side: Text,
    cell: Text,
    /// Tables open within each other; the innermost text goes to the cell of the outermost.
    tables: u32,
    table: Table,
    row: Row,
    rows: u64,
    /// The last row of a table of few rows, and that of the table before, if it may be the head of this one: pages that scroll
    /// the body of a table under its head make two of it.
    last: Option<Row>,
    head: Option<Row>,
    in_cell: bool,
    /// The number that a workbook saved as a page says its cell holds, whatever it shows.
    cell_number: Option<View>,
    /// Columns that the cell takes, and rows.
    cell_spans: (usize, u32),
    /// Rows, this one included, in which a cell from above still takes the column.
    spans: Vec<u32>,
    column: usize,
    joined: Joined,
    script: Option<Script>,
    /// Text shown from right to left, and the elements of one name that are open within.
    turned: Text,
    turns: Option<(Vec<u8>, u32)>,
    drawing: Drawing,
    elements: Elements,
    laid: Rows,
    /// The line on which a drawing set letters last.
    baseline: Vec<u8>,
    /// The element that is a table by its role, the outermost one, and those of its name that are open within.
    grid: Option<(Vec<u8>, u32)>,
    shapes: Shapes,
    codes: Codes,
    unseen: Unseen,
    /// A line has been broken, and nothing was read since.
    broken: bool,
    seam: Seam,
}

impl Html {
    pub(crate) fn new(place: Place) -> Self {
        let side = Text::prose(place.clone());
        let body = Body {
            text: Text::prose(place.clone()),
            cell: Text::new(place.clone()),
            table: Table::new(place.clone()),
            side,
            tables: 0,
            row: Vec::new(),
            rows: 0,
            last: None,
            head: None,
            in_cell: false,
            script: None,
            turned: Text::new(place.clone()),
            turns: None,
            drawing: Drawing::default(),
            elements: Elements::default(),
            laid: Rows::default(),
            cell_number: None,
            baseline: Vec::new(),
            grid: None,
            shapes: Shapes::default(),
            codes: Codes::default(),
            unseen: Unseen::new(&place),
            broken: false,
            seam: Seam::default(),
            cell_spans: (1, 1),
            spans: Vec::new(),
            column: 0,
            joined: Joined::default(),
            place: place.clone(),
        };
        Self { markup: Markup::new(place.charset), body }
    }
}

/// More columns or rows than a cell of a real table takes.
const SPAN_MAX: u32 = 64;
/// A row of more cells is cut: as many columns has the widest sheet.
const CELLS_MAX: usize = 16_384;
/// Columns in which a cell may reach down.
const SPANNED_MAX: usize = 1_024;

/// Elements that do not interrupt a word.
const INLINE: &[&[u8]] = &[
    b"a",
    b"abbr",
    b"b",
    b"bdi",
    b"bdo",
    b"big",
    b"cite",
    b"code",
    b"em",
    b"font",
    b"i",
    b"ins",
    b"del",
    b"kbd",
    b"label",
    b"mark",
    b"q",
    b"s",
    b"samp",
    b"small",
    b"span",
    b"strike",
    b"strong",
    b"sub",
    b"sup",
    b"time",
    b"tt",
    b"u",
    b"var",
    b"wbr",
    b"o",
    b"tspan",
    b"textpath",
];

fn is_inline(name: &[u8]) -> bool {
    INLINE.iter().any(|n| n.eq_ignore_ascii_case(name))
}

impl Body {
    fn here(&mut self) -> &mut Text {
        if self.in_cell { &mut self.cell } else { &mut self.text }
    }

    /// Tells what looks for the unseen of what was read.
    fn follow(&mut self, told: impl FnOnce(&mut Unseen, &View, &mut Inquiry), inquiry: &mut Inquiry) {
        let read = if self.in_cell { &self.cell.view } else { &self.text.view };
        told(&mut self.unseen, read, inquiry);
    }

    fn break_line(&mut self, with: &[u8]) {
        if std::mem::take(&mut self.broken) {
            self.text().joint(with);
        }
    }

    /// Takes note of an element whose letters are shown the other way round.
    fn turn(&mut self, tag: &Tag<'_>) {
        match &mut self.turns {
            Some((name, within)) => *within += u32::from(name.eq_ignore_ascii_case(tag.name)),
            None if placement::turns(tag) => self.turns = Some((tag.name.to_vec(), 0)),
            None => {}
        }
    }

    /// An element ends; with the one that turned them round, its letters are what is shown.
    fn turn_back(&mut self, name: &[u8]) {
        let Some((turning, within)) = &mut self.turns else { return };
        if !turning.eq_ignore_ascii_case(name) {
            return;
        }
        if let Some(less) = within.checked_sub(1) {
            *within = less;
            return;
        }
        self.turns = None;
        let view = std::mem::replace(&mut self.turned.view, View::new(self.place.charset));
        placement::turned(&view, &mut self.here().view);
    }

    fn end_cell(&mut self, inquiry: &mut Inquiry) {
        if self.in_cell {
            let seen = self.unseen.end_cell(&self.cell.view, inquiry);
            let view = std::mem::replace(&mut self.cell.view, View::new(self.place.charset));
            while self.spans.get(self.column).is_some_and(|rows| *rows > 0) {
                self.column += 1;
            }
            let view = match self.cell_number.take().or(seen) {
                Some(number) => {
                    self.text.joint(b"\n");
                    self.text.view.push_view(&view, 0..view.text.len());
                    number
                }
                None => view,
            };
            self.row.push((self.column, view));
            let (columns, rows) = self.cell_spans;
            if rows > 1 && self.column < SPANNED_MAX {
                self.spans.resize(self.spans.len().max(self.column + columns), 0);
                for slot in self.spans.iter_mut().skip(self.column).take(columns) {
                    // One is taken off at the end of this row.
                    *slot = rows;
                }
            }
            self.column += columns;
            self.in_cell = false;
            if self.row.len() >= CELLS_MAX {
                self.end_row(inquiry);
            }
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.end_cell(inquiry);
        self.column = 0;
        if !self.row.is_empty() {
            for rows in &mut self.spans {
                *rows = rows.saturating_sub(1);
            }
            self.rows += 1;
            let row = std::mem::take(&mut self.row);
            let is_first = self.rows == 1;
            if let Some(head) = self.head.take().filter(|head| is_first && is_body(&row, head.len())) {
                self.table.cells(self.rows, head, inquiry);
            }
            self.last = (self.rows <= HEAD_ROWS_MAX).then(|| again(&row));
            self.table.cells(self.rows, row, inquiry);
        }
    }

    fn end_script(&mut self, inquiry: &mut Inquiry) {
        if let Some(mut script) = self.script.take() {
            script.end(inquiry);
        }
    }

    /// What an element is by its role. A table within another is none of its own, and has no rows but in one.
    fn role(&mut self, tag: &Tag<'_>, name: &[u8]) -> Option<&'static [u8]> {
        if let Some((grid, within)) = &mut self.grid {
            *within += u32::from(grid == name);
            return roles::of(tag).filter(|role| self.tables == 1 && *role != b"table");
        }
        let role = roles::of(tag).filter(|role| self.tables == 0 && *role == b"table")?;
        self.grid = Some((name.to_vec(), 0));
        Some(role)
    }

    /// An element ends; with the one that is a table by its role, that table does, and all that were left open in it.
    fn end_grid(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        let Some((_, within)) = self.grid.as_mut().filter(|(grid, _)| grid.eq_ignore_ascii_case(name)) else { return };
        match within.checked_sub(1) {
            Some(less) => *within = less,
            None => {
                self.grid = None;
                self.end_table(inquiry);
                self.tables = 0;
            }
        }
    }

    /// A table of elements that says by its role what is around it takes its place, as long as it is open.
    fn is_of_grid(&self) -> bool {
        self.grid.is_some() && self.tables == 1
    }

    fn open_table(&mut self, inquiry: &mut Inquiry) {
        if self.is_of_grid() && !self.in_cell {
            self.end_table(inquiry);
        } else {
            self.tables += 1;
        }
        if self.tables == 1 {
            self.table.under(&self.text.view.text);
        }
    }

    fn close_table(&mut self, inquiry: &mut Inquiry) {
        if self.tables == 1 {
            self.end_table(inquiry);
        }
        if !self.is_of_grid() {
            self.tables = self.tables.saturating_sub(1);
        }
    }

    fn end_table(&mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        if std::mem::take(&mut self.rows) > 0 {
            self.head = self.last.take().filter(|row| row.len() > 1 && !has_number(row));
        }
        self.spans.clear();
    }
}

/// Rows of a head: groups of columns, the columns, fields to filter by.
const HEAD_ROWS_MAX: u64 = 3;

/// Whether a first row is one of numbers, with as many cells as a head has: it is none itself.
fn is_body(row: &Row, cells: usize) -> bool {
    row.len() == cells && has_number(row)
}

/// What a row says, without where that stands.
fn again(row: &Row) -> Row {
    let cell = |view: &View| {
        let mut cell = View::default();
        cell.push_joint(&view.text);
        cell
    };
    row.iter().map(|(column, view)| (*column, cell(view))).collect()
}

fn has_number(row: &Row) -> bool {
    row.iter().any(|(_, cell)| cell.text.iter().filter(|b| b.is_ascii_digit()).count() >= DIGITS_MIN)
}

impl Reader for Body {
    fn text(&mut self) -> &mut Text {
        if self.turns.is_some() { &mut self.turned } else { self.here() }
    }

    fn take(&mut self, raw: &[u8], _at: u64) -> bool {
        if self.broken {
            // With the end of a line behind it, as most programs write one, it is still one.
            let ends = matches!(raw.first(), Some(b'\n' | b'\r'));
            self.break_line(if ends { b" " } else { b"\n" });
        }
        let Self { seam, turned, cell, text, .. } = self;
        let read = match (&self.turns, self.in_cell) {
            (Some(_), _) => &mut turned.view,
            (None, true) => &mut cell.view,
            (None, false) => &mut text.view,
        };
        seam.characters(raw, read);
        false
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn raw(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.side.push(bytes, at, inquiry);
        match &mut self.script {
            Some(script) => script.read(bytes, at, inquiry),
            None => {
                self.unseen.sheet(bytes, at);
                self.codes.sheet(bytes);
            }
        }
    }

    fn is_raw(&self, name: &[u8]) -> bool {
        name.eq_ignore_ascii_case(b"script") || name.eq_ignore_ascii_case(b"style")
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        self.follow(Unseen::follow, inquiry);
        const CELL_MAX: usize = 1 << 16;
        if self.in_cell {
            // A cell as long as a page is text.
            if self.cell.view.text.len() > CELL_MAX {
                self.unseen.part(&self.cell.view, inquiry);
                let all = 0..self.cell.view.text.len();
                self.text.view.push_view(&self.cell.view, all);
                self.cell.view.clear();
            }
        }
        if self.turned.view.text.len() > CELL_MAX {
            // Whatever it is, it is no number that is turned round.
            let view = std::mem::replace(&mut self.turned.view, View::new(self.place.charset));
            self.text.view.push_view(&view, 0..view.text.len());
        }
        self.text.advance(inquiry);
        self.drawing.advance(&self.place, inquiry);
        self.elements.advance(&self.place, inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        let name = tag.name.to_ascii_lowercase();
        self.seam.tag();
        self.break_line(b"\n");
        self.turn(tag);
        self.follow(|unseen, read, inquiry| unseen.open(tag, read, inquiry), inquiry);
        let role = self.role(tag, &name);
        self.shapes.open(tag, &name);
        self.codes.open(tag, &name, &self.place, inquiry);
        match role.unwrap_or(&name) {
            b"table" if role.is_some() => {
                self.tables = 1;
                self.table.under(&self.text.view.text);
            }
            b"table" => self.open_table(inquiry),
            b"script" => self.script = Some(Script::new(&self.place)),
            b"tr" if self.tables == 1 => self.end_row(inquiry),
            b"td" | b"th" if self.tables == 1 => {
                self.end_cell(inquiry);
                self.unseen.part(&self.text.view, inquiry);
                self.in_cell = true;
                let span = |name: &[u8]| tag.string(name).and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(1);
                let number = tag.attribute(b"num").filter(|n| !n.text.is_empty());
                self.cell_number = number.map(ooxml::typed).filter(|n| n.number);
                self.cell_spans = (span(b"colspan").clamp(1, SPAN_MAX) as usize, span(b"rowspan").clamp(1, SPAN_MAX));
            }
            // A drawing may set every letter of a word by itself.
            b"text" => {
                let baseline = tag.attribute(b"y").unwrap_or_default().text;
                let joint: &[u8] = if baseline == self.baseline { b" " } else { b"\n" };
                self.baseline = baseline;
                self.text().joint(joint);
                let Self { drawing, text, .. } = self;
                drawing.open_text(tag, &text.view);
            }
            b"tspan" => {
                let Self { drawing, text, .. } = self;
                drawing.open_text(tag, &text.view);
            }
            b"g" => {
                self.drawing.open_group(tag);
                self.text().joint(b"\n");
            }
            b"br" => self.broken = true,
            n if !is_inline(n) => self.text().joint(b"\n"),
            _ => {}
        }
        self.follow(|unseen, read, inquiry| unseen.enter(tag, read, inquiry), inquiry);
        let read = if self.in_cell { &self.cell.view } else { &self.text.view };
        self.elements.open(tag, read);
        if self.tables == 0 {
            self.laid.open(&name, is_inline(&name), read);
        }
        let label = roles::label(tag, inquiry);
        let own_value = roles::is_of_the_program(tag);
        let mut found = Vec::new();
        for (key, value) in tag.attributes() {
            let key = String::from_utf8_lossy(key).to_ascii_lowercase();
            if matches!(key.as_str(), "class" | "style" | "id" | "type" | "href" | "src") && value.text.len() < 8 {
                continue;
            }
            // The attributes of HTML itself say nothing of what they hold.
            let plain =
                matches!(key.as_str(), "value" | "content" | "alt" | "title" | "name" | "id" | "type" | "placeholder");
            let own = match key.as_str() {
                _ if plain => None,
                "data-id" if roles::is_of_goods(tag) => Some(Column::Negative),
                key => inquiry.column(key.trim_start_matches("data-")),
            };
            if label.is_none() && !own_value && matches!(key.as_str(), "value" | "content" | "alt" | "title") {
                // What a field is about stands before it in the text.
                let text = self.text();
                text.joint(b" ");
                let all = 0..value.text.len();
                text.view.push_view(&value, all);
                text.joint(b" ");
                continue;
            }
            let column = own.or_else(|| label.filter(|_| matches!(key.as_str(), "value" | "content" | "title")));
            text::value(&self.place, &value, column, inquiry, &mut found);
            if key == "value" {
                self.joined.next(&self.place, &value, column, inquiry, &mut found);
            }
        }
        let marks: Vec<_> = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
        self.text.mark(marks);
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        self.seam.tag();
        if !name.eq_ignore_ascii_case(b"br") {
            self.break_line(b"\n");
        }
        self.turn_back(name);
        self.follow(|unseen, read, inquiry| unseen.leave(name, read, inquiry), inquiry);
        self.end_grid(name, inquiry);
        let read = if self.in_cell { &self.cell.view } else { &self.text.view };
        self.elements.close(name, read);
        if self.tables == 0 {
            self.laid.close(name, &self.place, read, inquiry);
        }
        let name = name.to_ascii_lowercase();
        self.codes.close(&name, &self.place, inquiry);
        match name.as_slice() {
            b"table" => self.close_table(inquiry),
            b"script" => self.end_script(inquiry),
            b"tr" if self.tables == 1 => self.end_row(inquiry),
            b"td" | b"th" if self.tables == 1 => self.end_cell(inquiry),
            b"text" | b"tspan" => {
                let Self { drawing, text, .. } = self;
                drawing.close_text(&text.view);
            }
            b"g" => {
                self.drawing.close_group();
                self.text().joint(b"\n");
            }
            b"svg" => {
                self.drawing.end(&self.place, inquiry);
                self.shapes.end_drawing();
            }
            b"br" => {}
            n if !is_inline(n) => self.text().joint(b"\n"),
            _ => {}
        }
        self.follow(|unseen, read, _| unseen.close(&name, read), inquiry);
    }
}

impl Stream for Html {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.markup.block(bytes, at, &mut self.body, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.markup.finish(&mut self.body, inquiry);
        self.body.end_table(inquiry);
        self.body.end_script(inquiry);
        self.body.unseen.end(&self.body.text.view, inquiry);
        if self.body.shapes.are_letters() {
            inquiry.opaque(&self.body.place, OpaqueReason::UnsupportedFormat, 1);
        }
        self.body.codes.end_table(&self.body.place, inquiry);
        self.body.codes.end_drawing(&self.body.place, inquiry);
        self.body.drawing.end(&self.body.place, inquiry);
        self.body.elements.end(&self.body.place, inquiry);
        self.body.laid.end(inquiry);
        let unclosed = std::mem::take(&mut self.body.turned.view);
        self.body.text.view.push_view(&unclosed, 0..unclosed.text.len());
        let mut found = Vec::new();
        self.body.joined.end(&self.body.place, inquiry, &mut found);
        let marks = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
        self.body.text.mark(marks);
        self.body.text.finish(inquiry);
        self.body.side.finish(inquiry);
    }
}
