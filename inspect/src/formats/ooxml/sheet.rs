//! Worksheets: cells by row, shared and inline strings, numbers as the sheet shows them.

use std::collections::HashMap;
use std::sync::Arc;

use super::strings::Shared;
use crate::formats::zip::{Directory, stream};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader, Tag};
use crate::redact::Origin;
use crate::source::Source;
use crate::table::{Cell, Line, Table, letters};
use crate::text::Text;

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
                    if zeros > 1 && zeros == code.split(';').next().unwrap_or_default().len() {
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

/// One sheet being read.
pub(super) struct Sheet<'a> {
    table: Table,
    shared: Option<&'a mut Shared>,
    widths: Arc<Vec<usize>>,
    text: Text,
    side: Text,
    /// The cells of the row, and the text they stand in.
    cells: Vec<Cell>,
    cell_text: Vec<u8>,
    row_number: u64,
    column: usize,
    kind: Kind,
    width: usize,
    within: Within,
    value: Vec<u8>,
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
            row_number: 0,
            column: 0,
            kind: Kind::Number,
            width: 0,
            within: Within::Nothing,
            value: Vec::new(),
        }
    }

    fn end_cell(&mut self) {
        let start = self.cell_text.len();
        match self.kind {
            Kind::Shared => {
                let number = std::str::from_utf8(&self.value).ok().and_then(|v| v.trim().parse().ok());
                let string = number.and_then(|n| Some(self.shared.as_mut()?.show(n)));
                self.cell_text.extend_from_slice(string.unwrap_or_default().as_bytes());
            }
            Kind::Number => self.cell_text.extend_from_slice(shown(&self.value, self.width).as_bytes()),
            Kind::Text => self.cell_text.extend_from_slice(&self.value),
        }
        self.value.clear();
        let end = self.cell_text.len();
        if end > start {
            self.cells.push(Cell { column: self.column, start, end, number: self.kind == Kind::Number });
        }
        self.column += 1;
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.cells.is_empty() {
            let line = Line { text: &self.cell_text, at: None, cells: &self.cells };
            if !self.table.line(self.row_number, &line, inquiry) {
                let row = line.row();
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

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        if self.within == Within::Value {
            // A cell holds 32,767 characters at most; what is longer is scanned as text.
            const CELL_MAX: usize = 1 << 18;
            if self.value.len() + self.text.view.text.len() <= CELL_MAX {
                self.value.extend_from_slice(&self.text.view.text);
                self.text.view.clear();
            } else {
                self.text.advance(inquiry);
            }
        }
        self.side.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match tag.name {
            b"row" => {
                self.end_row(inquiry);
                self.row_number = tag.string(b"r").and_then(|r| r.parse().ok()).unwrap_or(self.row_number + 1);
                self.column = 0;
            }
            b"c" => {
                (self.kind, self.width) = (Kind::Number, 0);
                for (name, value) in tag.attributes() {
                    let text = String::from_utf8_lossy(&value.text);
                    match name {
                        b"r" => self.column = column(&text).unwrap_or(self.column),
                        b"t" => {
                            self.kind = match text.as_ref() {
                                "s" => Kind::Shared,
                                "str" | "inlineStr" | "e" | "d" => Kind::Text,
                                _ => Kind::Number,
                            }
                        }
                        b"s" => {
                            let style: Option<usize> = text.parse().ok();
                            self.width = style.and_then(|s| self.widths.get(s).copied()).unwrap_or(0);
                        }
                        _ => {}
                    }
                }
            }
            b"v" | b"t" if self.within != Within::Phonetic => self.within = Within::Value,
            b"f" => self.within = Within::Formula,
            b"rPh" => self.within = Within::Phonetic,
            b"hyperlink" | b"dataValidation" | b"sheetPr" => {
                for (_, value) in tag.attributes() {
                    self.side.view.push_joint(&value.text);
                    self.side.joint(b"\n");
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match name {
            b"v" | b"t" if self.within == Within::Value => self.within = Within::Nothing,
            b"f" | b"rPh" => {
                self.within = Within::Nothing;
                self.side.joint(b"\n");
            }
            b"c" => self.end_cell(),
            b"row" => self.end_row(inquiry),
            _ => {}
        }
    }
}

/// The number of a column from a cell reference: `C2` is 2. The last one there is, is XFD (16,383).
fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.take(4).fold(0usize, |n, b| n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    (1..=16_384).contains(&number).then(|| number - 1)
}

/// A number as the sheet shows it: no exponent, zeros in front as its format says.
fn shown(value: &[u8], width: usize) -> String {
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let exponent: usize = exponent.trim_start_matches('+').parse().unwrap_or(usize::MAX);
    if !digits(whole) || !digits(fraction) || whole.is_empty() || exponent > 20 {
        return text.to_owned();
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > exponent {
        return text.to_owned();
    }
    let number = format!("{whole}{fraction:0<exponent$}");
    format!("{number:0>width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_see_them() {
        for (value, width, expected) in [
            ("1090123456", 12, "001090123456"),
            ("7.9090123456E10", 0, "79090123456"),
            ("1.5", 0, "1.5"),
            ("12", 0, "12"),
            ("-3", 2, "-3"),
            ("79090123456.0", 0, "79090123456"),
            ("1E400", 0, "1E400"),
        ] {
            assert_eq!(shown(value.as_bytes(), width), expected, "{value}");
        }
    }

    #[test]
    fn columns_have_letters() {
        for (number, name) in [(0, "A"), (25, "Z"), (26, "AA"), (16_383, "XFD")] {
            assert_eq!((letters(number).as_str(), column(&format!("{name}7"))), (name, Some(number)));
        }
        assert_eq!(column("XFE1"), None);
    }
}
