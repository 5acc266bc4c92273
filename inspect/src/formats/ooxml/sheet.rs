//! Worksheets: cells by row, shared and inline strings, numbers as the sheet shows them.

use std::collections::HashMap;
use std::sync::Arc;

use super::attributes;
use super::strings::{Shared, Shows};
use crate::formats::numeral::shown;
use crate::formats::zip::{Directory, stream};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader, Tag, characters};
use crate::redact::Origin;
use crate::source::Source;
use crate::table::{Cell, Line, Table};
use crate::text::Text;
use crate::view::View;

/// What the workbook says about its sheets and number formats.
#[derive(Default)]
pub(super) struct Workbook {
    /// Sheet titles by relation, then by member name.
    titles: HashMap<String, String>,
    /// Of each cell style, the digits it shows at least: `000000000000` shows twelve.
    pub(super) widths: Arc<Vec<usize>>,
    targets: HashMap<String, String>,
    formats: HashMap<String, usize>,
    in_styles: bool,
    sink: Option<Box<(Text, Text)>>,
}

impl Workbook {
    pub(super) fn read(source: &dyn Source, directory: &Directory, inquiry: &mut Inquiry) -> Self {
        let top = Place::top(Origin::Lost);
        let sink = Some(Box::new((Text::new(top.clone()), Text::new(top))));
        let mut book = Self { sink, ..Self::default() };
        for name in ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"] {
            let Some(entry) = directory.entries.iter().find(|e| e.name == name) else { continue };
            let mut markup = Markup::new(None);
            let mut at = 0;
            // What cannot be read here is told when the member itself is inspected.
            let _ = stream(source, entry, inquiry, &mut |bytes, inquiry| {
                markup.block(bytes, at, &mut book, inquiry);
                at += bytes.len() as u64;
            });
            markup.finish(&mut book, inquiry);
        }
        book
    }

    /// The title of the sheet in this member.
    pub(super) fn title(&self, member: &str) -> Option<&str> {
        let (id, _) = self.targets.iter().find(|(_, target)| {
            let target = target.trim_start_matches('/');
            member == target || member.strip_prefix("xl/") == Some(target)
        })?;
        self.titles.get(id).map(String::as_str)
    }
}

/// Entries of a workbook's own tables that are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// A format of more zeros shows nobody's number.
const ZEROS_MAX: usize = 20;

impl Reader for Workbook {
    fn text(&mut self) -> &mut Text {
        &mut self.sink.get_or_insert_with(sink).0
    }

    fn side(&mut self) -> &mut Text {
        &mut self.sink.get_or_insert_with(sink).1
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, _inquiry: &mut Inquiry) {
        // The members are scanned elsewhere; here only their attributes matter.
        self.sink = None;
    }

    fn open(&mut self, tag: &Tag<'_>, _inquiry: &mut Inquiry) {
        match tag.name {
            b"sheet" if self.titles.len() < REMEMBERED_MAX => {
                let relation = tag.attributes().find(|(n, _)| n.ends_with(b":id"));
                if let (Some(title), Some((_, id))) = (tag.string(b"name"), relation) {
                    self.titles.insert(String::from_utf8_lossy(&id.text).into_owned(), title);
                }
            }
            b"Relationship" if self.targets.len() < REMEMBERED_MAX => {
                if let (Some(id), Some(target)) = (tag.string(b"Id"), tag.string(b"Target")) {
                    self.targets.insert(id, target);
                }
            }
            b"numFmt" if self.formats.len() < REMEMBERED_MAX => {
                if let (Some(id), Some(code)) = (tag.string(b"numFmtId"), tag.string(b"formatCode")) {
                    let zeros = code.chars().take_while(|c| *c == '0').count();
                    if (2..=ZEROS_MAX).contains(&zeros) && zeros == code.split(';').next().unwrap_or_default().len() {
                        self.formats.insert(id, zeros);
                    }
                }
            }
            b"cellXfs" => self.in_styles = true,
            b"xf" if self.in_styles && self.widths.len() < REMEMBERED_MAX => {
                let width = tag.string(b"numFmtId").and_then(|id| self.formats.get(&id).copied());
                Arc::make_mut(&mut self.widths).push(width.unwrap_or(0));
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8], _inquiry: &mut Inquiry) {
        if name == b"cellXfs" {
            self.in_styles = false;
        }
    }
}

fn sink() -> Box<(Text, Text)> {
    let top = Place::top(Origin::Lost);
    Box::new((Text::new(top.clone()), Text::new(top)))
}

/// One sheet being read. Its addresses are absolute, for its strings stand in another member.
pub(super) struct Sheet<'a> {
    table: Table,
    shared: Option<&'a mut Shared>,
    widths: Arc<Vec<usize>>,
    text: Text,
    side: Text,
    /// The cells of the row, and the text they stand in.
    cells: Vec<Cell>,
    cell_text: Vec<u8>,
    /// Cells that stand in several pieces, by their place among the cells.
    odd: Vec<(usize, View)>,
    row_number: u64,
    column: usize,
    kind: Kind,
    width: usize,
    within: Within,
    value: View,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Value,
    Formula,
    Phonetic,
}

/// A cell holds 32,767 characters at most; what is longer is scanned as text.
const CELL_MAX: usize = 1 << 18;
/// Text of a row; a longer one is several.
const ROW_MAX: usize = 1 << 20;

impl<'a> Sheet<'a> {
    pub(super) fn new(place: Place, title: &str, shared: Option<&'a mut Shared>, widths: Arc<Vec<usize>>) -> Self {
        let title = title.to_owned();
        let name = move |row: u64, column: usize| format!("{title}!{}{row}", letters(column));
        Self {
            text: Text::new(place.clone()),
            side: Text::new(place.clone()),
            table: Table::with_names(place, Box::new(name)),
            shared,
            widths,
            cells: Vec::new(),
            cell_text: Vec::new(),
            odd: Vec::new(),
            row_number: 0,
            column: 0,
            kind: Kind::Number,
            width: 0,
            within: Within::Nothing,
            value: View::default(),
        }
    }

    fn end_cell(&mut self, inquiry: &mut Inquiry) {
        let start = self.cell_text.len();
        let (mut stands, mut odd) = (None, None);
        match self.kind {
            Kind::Shared => {
                let number = number(&self.value.text);
                match number.and_then(|n| Some(self.shared.as_mut()?.show(n))) {
                    Some(Shows::Plain(text, at)) => {
                        self.cell_text.extend_from_slice(text);
                        stands = at.map(|at| (at, 0));
                    }
                    Some(Shows::Odd(view)) => {
                        self.cell_text.extend_from_slice(&view.text);
                        odd = Some(view);
                    }
                    None => {}
                }
            }
            Kind::Number => {
                let span = self.value.object_span(&(0..self.value.text.len()));
                let len = span.as_ref().map_or(0, |span| span.end - span.start);
                match u8::try_from(len).ok().filter(|len| usize::from(*len) <= NUMBER_MAX) {
                    Some(len) => {
                        shown(&self.value.text, self.width, &mut self.cell_text);
                        stands = span.map(|span| (span.start, len));
                    }
                    None => {
                        self.cell_text.extend_from_slice(&self.value.text);
                        odd = Some(&self.value);
                    }
                }
            }
            Kind::Text => {
                self.cell_text.extend_from_slice(&self.value.text);
                match self.value.sole() {
                    Some(at) => stands = Some((at, 0)),
                    None => odd = Some(&self.value),
                }
            }
        }
        let end = self.cell_text.len();
        if end > start {
            if let Some(view) = odd {
                let mut copy = View::default();
                copy.push_view(view, 0..view.text.len());
                self.odd.push((self.cells.len(), copy));
            }
            let number = self.kind == Kind::Number && odd.is_none();
            self.cells.push(Cell { column: self.column, start, end, number, stands });
        }
        self.value.clear();
        self.column += 1;
        if end > ROW_MAX {
            self.end_row(inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.cells.is_empty() {
            let line = Line { text: &self.cell_text, at: None, cells: &self.cells };
            if !self.odd.is_empty() || !self.table.line(self.row_number, &line, inquiry) {
                let mut row = line.row();
                for (n, view) in self.odd.drain(..) {
                    if let Some((_, slot)) = row.get_mut(n) {
                        *slot = view;
                    }
                }
                self.table.row(self.row_number, row, inquiry);
            }
        }
        self.cells.clear();
        self.cell_text.clear();
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
        self.side.finish(inquiry);
    }
}

impl Reader for Sheet<'_> {
    fn text(&mut self) -> &mut Text {
        if self.within == Within::Value { &mut self.text } else { &mut self.side }
    }

    fn side(&mut self) -> &mut Text {
        &mut self.side
    }

    fn take(&mut self, raw: &[u8], at: u64) -> bool {
        match self.within {
            Within::Value if self.value.text.len() + raw.len() <= CELL_MAX => {
                characters(raw, at, &mut self.value);
                true
            }
            // Between elements.
            Within::Nothing => raw.trim_ascii().is_empty(),
            _ => false,
        }
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        self.text.advance(inquiry);
        self.side.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"row" => {
                self.end_row(inquiry);
                let said = tag.pairs().find(|(name, ..)| *name == b"r").and_then(|(_, value, _)| number(value));
                self.row_number = said.map_or(self.row_number + 1, |n| n as u64);
                self.column = 0;
            }
            b"c" => {
                (self.kind, self.width) = (Kind::Number, 0);
                for (name, value, _) in tag.pairs() {
                    match name {
                        b"r" => self.column = column(value).unwrap_or(self.column),
                        b"t" => {
                            self.kind = match value {
                                b"s" => Kind::Shared,
                                b"str" | b"inlineStr" | b"e" | b"d" => Kind::Text,
                                _ => Kind::Number,
                            }
                        }
                        b"s" => self.width = number(value).and_then(|s| self.widths.get(s).copied()).unwrap_or(0),
                        _ => {}
                    }
                }
            }
            b"v" | b"t" if self.within != Within::Phonetic => self.within = Within::Value,
            b"f" | b"formula" | b"formula1" | b"formula2" => {
                self.within = Within::Formula;
                self.side.view.digits = true;
            }
            b"rPh" => self.within = Within::Phonetic,
            b"is" | b"r" => {}
            _ => attributes(tag, matches!(tag.name, b"hyperlink" | b"dataValidation"), &mut self.side, inquiry),
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"v" | b"t" if self.within == Within::Value => {
                self.within = Within::Nothing;
                self.text.joint(b"\n");
                if self.text.view.text.len() == 1 {
                    self.text.view.clear();
                }
            }
            b"f" | b"formula" | b"formula1" | b"formula2" | b"rPh" => {
                self.within = Within::Nothing;
                self.side.view.digits = false;
                self.side.joint(b"\n");
            }
            b"c" => self.end_cell(inquiry),
            b"row" => self.end_row(inquiry),
            b"is" | b"r" => {}
            _ => self.side.joint(b"\n"),
        }
    }
}

/// A whole number, as attributes have them.
fn number(text: &[u8]) -> Option<usize> {
    const DIGITS_MAX: usize = 10;
    let text = text.trim_ascii();
    let digits = !text.is_empty() && text.len() <= DIGITS_MAX && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |n, b| n * 10 + usize::from(b - b'0')))
}

/// The number of a column from a cell reference: `C2` is 2. The last one there is, is XFD (16,383).
fn column(reference: &[u8]) -> Option<usize> {
    let letters = reference.iter().take_while(|b| b.is_ascii_alphabetic());
    let number = letters.take(4).fold(0usize, |n, b| n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    (1..=16_384).contains(&number).then(|| number - 1)
}

/// The letters of a column.
pub(crate) fn letters(column: usize) -> String {
    let mut out = Vec::new();
    let mut n = column + 1;
    while n > 0 {
        out.push(b'A' + ((n - 1) % 26) as u8);
        n = (n - 1) / 26;
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}

/// Bytes of the longest number that is taken for one; no program writes more than 24.
const NUMBER_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (number, name) in [(0, "A"), (25, "Z"), (26, "AA"), (16_383, "XFD")] {
            let reference = format!("{name}7");
            assert_eq!((letters(number).as_str(), column(reference.as_bytes())), (name, Some(number)));
        }
        assert_eq!(column(b"XFE1"), None);
    }
}
