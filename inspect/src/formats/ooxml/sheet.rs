//! Worksheets: cells by row, shared and inline strings, numbers as the sheet shows them.

use std::collections::HashMap;
use std::sync::Arc;

use super::elements::{Above, Plain, column, number};
use super::formula;
use super::header::page_header;
use super::strings::{Shared, Shows, Taken};
use super::{aside, attributes};
use crate::formats::numeral::shown;
use crate::formats::shown::Style;
use crate::formats::zip::Directory;
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Reader, Tag, characters};
use crate::redact::Origin;
use crate::source::Source;
use crate::spelled;
use crate::table::{Gathered, Table, letters};
use crate::text::Text;
use crate::view::View;

/// What the workbook says about its sheets and number formats.
#[derive(Default)]
pub(super) struct Workbook {
    /// Sheet titles by relation, then by member name.
    titles: HashMap<String, String>,
    pub(super) styles: Arc<Styles>,
    targets: HashMap<String, String>,
    formats: HashMap<String, Style>,
    in_styles: bool,
    sink: Option<Box<(Text, Text)>>,
}

/// How numbers are shown.
#[derive(Clone, Default)]
pub(super) struct Styles {
    /// Of each style of cells.
    cells: Vec<Style>,
    /// Days count from 1904.
    epoch_1904: bool,
}

impl Styles {
    fn of(&self, style: Option<usize>) -> Style {
        style.and_then(|n| self.cells.get(n)).copied().unwrap_or_default()
    }

    /// Appends what a cell of this style shows.
    fn show(&self, style: Style, value: &[u8], out: &mut Vec<u8>) {
        let number = |value: &[u8]| std::str::from_utf8(value).ok()?.trim().parse::<f64>().ok();
        match (style, number) {
            (Style::Plain, _) => shown(value, 0, out),
            (Style::Zeros(width), _) => shown(value, width, out),
            (Style::Date, number) => match number(value) {
                Some(days) if days.is_finite() => {
                    out.extend_from_slice(style.show(days, self.epoch_1904).0.as_bytes());
                }
                _ => shown(value, 0, out),
            },
        }
    }
}

impl Workbook {
    pub(super) fn read(source: &dyn Source, directory: &Directory, inquiry: &mut Inquiry) -> Self {
        let top = Place::top(Origin::Lost);
        let sink = Some(Box::new((Text::new(top.clone()), Text::new(top))));
        let mut book = Self { sink, ..Self::default() };
        for name in ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"] {
            let Some(entry) = directory.entries.iter().find(|e| e.name == name) else { continue };
            // What cannot be read here is told when the member itself is inspected.
            let _ = aside(source, entry, &mut book, inquiry);
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
                    self.formats.insert(id, Style::of(&code));
                }
            }
            b"cellXfs" => self.in_styles = true,
            b"xf" if self.in_styles && self.styles.cells.len() < REMEMBERED_MAX => {
                let id = tag.string(b"numFmtId").unwrap_or_default();
                let built_in = || Style::built_in(id.parse().unwrap_or(0));
                let style = self.formats.get(&id).copied().unwrap_or_else(built_in);
                Arc::make_mut(&mut self.styles).cells.push(style);
            }
            b"workbookPr" => {
                let said = tag.string(b"date1904");
                Arc::make_mut(&mut self.styles).epoch_1904 = matches!(said.as_deref(), Some("1" | "true"));
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
    styles: Arc<Styles>,
    text: Text,
    side: Text,
    /// The cells of the last rows.
    cells: Gathered,
    /// Those of them of which it is known only which strings they show. Strings lie far apart: a processor waits once for
    /// all that it is asked for at a time.
    ahead: Vec<(usize, u32)>,
    taken: Vec<Taken>,
    above: Above,
    row_number: u64,
    column: usize,
    kind: Kind,
    style: Style,
    within: Within,
    value: View,
    /// Where the formula of the cell begins in the text aside, and what it shows.
    formula_at: u64,
    formula: Option<View>,
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
/// A longer formula puts together more than a value.
const FORMULA_MAX: usize = 1 << 13;
/// Strings that are looked up together, and most of them that are not looked up yet.
const AHEAD: usize = 64;
const AHEAD_MAX: usize = 1_024;
/// Rows that are held until then.
const ROWS_MAX: usize = 64;

impl<'a> Sheet<'a> {
    pub(super) fn new(place: Place, title: &str, shared: Option<&'a mut Shared>, styles: Arc<Styles>) -> Self {
        let title = title.to_owned();
        let name = move |row: u64, column: usize| format!("{title}!{}{row}", letters(column));
        Self {
            text: Text::new(place.clone()),
            side: Text::new(place.clone()),
            table: Table::with_names(place, Box::new(name)),
            shared,
            styles,
            cells: Gathered::default(),
            ahead: Vec::new(),
            taken: Vec::new(),
            above: Above::default(),
            row_number: 0,
            column: 0,
            kind: Kind::Number,
            style: Style::Plain,
            within: Within::Nothing,
            value: View::default(),
            formula_at: 0,
            formula: None,
        }
    }

    fn end_cell(&mut self, inquiry: &mut Inquiry) {
        let value = std::mem::take(&mut self.value);
        let value = spelled::read(&value).unwrap_or(value);
        let reckoned = self.formula.take().filter(|_| value.text.is_empty());
        if let Some(reckoned) = reckoned {
            self.cells.push_view(self.column, &reckoned);
            self.next(inquiry);
        } else if self.kind == Kind::Shared {
            self.end_shared(number(&value.text), inquiry);
        } else if self.kind == Kind::Text || value.sole().is_none() && !value.text.is_empty() {
            self.cells.push_view(self.column, &value);
            self.next(inquiry);
        } else {
            self.end_number(&value.text, false, value.sole(), inquiry);
        }
        self.value = value;
        self.value.clear();
    }

    /// Ends a cell that was read in one go and begins with `text`, at `at`.
    #[inline]
    fn end_plain(&mut self, plain: &Plain, text: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.column = plain.column.unwrap_or(self.column);
        if plain.shared {
            self.end_shared(plain.number, inquiry);
        } else {
            let value = text.get(plain.from..plain.to).unwrap_or_default();
            self.style = self.styles.of(plain.style);
            self.end_number(value, plain.number.is_some(), Some(at + plain.from as u64), inquiry);
        }
    }

    /// Takes note of what the formula shows that was just read.
    fn reckon(&mut self) {
        let read = &self.side.view;
        let from = self.formula_at.checked_sub(read.base).and_then(|from| usize::try_from(from).ok());
        let Some(from) = from.filter(|from| read.text.len().saturating_sub(*from) <= FORMULA_MAX) else { return };
        let mut formula = View::default();
        formula.push_view(read, from.min(read.text.len())..read.text.len());
        self.formula = formula::result(&formula);
    }

    /// Ends a cell of the shared string of this number.
    #[inline]
    fn end_shared(&mut self, string: Option<usize>, inquiry: &mut Inquiry) {
        if let Some(taken) = string.and_then(|n| self.shared.as_ref()?.take(n)) {
            self.ahead.push((self.cells.keep(self.column), taken));
            if self.ahead.len() >= AHEAD_MAX {
                self.resolve(inquiry);
            }
        }
        self.column += 1;
    }

    /// Looks up the strings of the last cells.
    fn resolve(&mut self, inquiry: &mut Inquiry) {
        if let Some(shared) = &mut self.shared {
            shared.taken(self.ahead.iter().map(|(_, number)| *number), &mut self.taken);
            let takes_known = self.table.takes_known(inquiry);
            for ((place, _), taken) in self.ahead.drain(..).zip(&self.taken) {
                let text = (taken.number, taken.met());
                if !shared.is_shown(taken) {
                    self.cells.fill(place, None, text);
                    continue;
                }
                let known = takes_known && self.table.knows(self.cells.column(place), taken.met());
                if known && let Some((len, at)) = shared.stands(taken) {
                    self.cells.fill_known(place, len, at, text);
                    continue;
                }
                match shared.show(taken, &mut self.cells.text) {
                    Shows::Plain(at) => self.cells.fill(place, at, text),
                    Shows::Odd(view) => self.cells.fill_odd(place, view.copy(), taken.number),
                }
            }
        }
        if self.cells.is_full() {
            self.give(inquiry);
        }
    }

    /// Ends a cell of a number that stands at `at`; `whole`: it is digits and nothing else.
    fn end_number(&mut self, value: &[u8], whole: bool, at: Option<u64>, inquiry: &mut Inquiry) {
        if whole && matches!(self.style, Style::Plain) {
            self.cells.text.extend_from_slice(value);
            self.cells.push_number(self.column, at, value.len() as u8);
        } else if value.len() <= NUMBER_MAX {
            self.styles.show(self.style, value, &mut self.cells.text);
            self.cells.push_number(self.column, at, value.len() as u8);
        } else {
            let mut view = View::default();
            match at {
                Some(at) => view.push(value, at),
                None => view.push_joint(value),
            }
            self.cells.text.extend_from_slice(value);
            self.cells.push_odd(self.column, view);
        }
        self.next(inquiry);
    }

    /// The cell has ended.
    fn next(&mut self, inquiry: &mut Inquiry) {
        self.column += 1;
        if self.cells.is_full() {
            self.resolve(inquiry);
        }
    }

    /// Begins the row of this number, if it says which.
    fn begin_row(&mut self, number: Option<usize>, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.row_number = number.map_or(self.row_number + 1, |n| n as u64);
        self.column = 0;
    }

    /// Ends the row at hand. Its strings may be looked up later, together with those of the rows behind.
    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.cells.end_row(self.row_number);
        if self.ahead.len() >= AHEAD || self.cells.rows() >= ROWS_MAX {
            self.resolve(inquiry);
            self.give(inquiry);
        }
    }

    /// Gives away what stands in the rows so far.
    fn give(&mut self, inquiry: &mut Inquiry) {
        self.cells.end_row(self.row_number);
        match &mut self.shared {
            None => self.cells.give(&mut self.table, inquiry),
            Some(shared) => {
                self.cells.give_with(&mut self.table, |number, out| shared.append(number, out), inquiry);
                self.table.learned().for_each(|(number, met)| shared.learn(number, met));
            }
        }
    }

    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.resolve(inquiry);
        self.give(inquiry);
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
            // Text of its own have only headers and footers of pages.
            Within::Nothing if raw.starts_with(b"&amp;") => {
                page_header(raw, at, &mut self.side.view);
                true
            }
            // Between elements.
            Within::Nothing => raw.trim_ascii().is_empty(),
            _ => false,
        }
    }

    fn take_enclosed(&mut self, raw: &[u8], at: u64) -> bool {
        let takes = self.within == Within::Value && self.value.text.len() + raw.len() <= CELL_MAX;
        if takes {
            self.value.push(raw, at);
        }
        takes
    }

    /// Cells of numbers and shared strings, as nearly all are: `<c r="B2" s="1" t="s"><v>3</v></c>`; and their rows.
    fn elements(&mut self, rest: &[u8], at: u64, inquiry: &mut Inquiry) -> usize {
        const ROW_END: &[u8] = b"</row>";
        let mut taken = 0;
        while self.within == Within::Nothing
            && let Some(rest @ [b'<', sign, ..]) = rest.get(taken..)
        {
            taken += match sign {
                b'c' => match self.above.cell(rest) {
                    Some(plain) => {
                        self.end_plain(&plain, rest, at + taken as u64, inquiry);
                        plain.len
                    }
                    None => break,
                },
                b'r' => match self.above.row(rest) {
                    Some((number, len)) => {
                        self.begin_row(Some(number), inquiry);
                        len
                    }
                    None => break,
                },
                _ if rest.starts_with(ROW_END) => {
                    self.end_row(inquiry);
                    ROW_END.len()
                }
                _ => break,
            };
        }
        taken
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
                let said = tag.pairs().find(|(name, ..)| *name == b"r").map(|(_, value, _)| value);
                let said = said.unwrap_or_default();
                self.begin_row(number(said), inquiry);
                self.above.begin(said);
            }
            b"c" => {
                self.above.pass();
                (self.kind, self.style) = (Kind::Number, Style::Plain);
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
                        b"s" => self.style = self.styles.of(number(value)),
                        _ => {}
                    }
                }
            }
            b"v" | b"t" if self.within != Within::Phonetic => self.within = Within::Value,
            b"f" | b"formula" | b"formula1" | b"formula2" => {
                self.within = Within::Formula;
                self.formula_at = self.side.view.base + self.side.view.text.len() as u64;
                self.side.view.digits = true;
            }
            b"rPh" => self.within = Within::Phonetic,
            b"is" | b"r" => {}
            _ => {
                attributes(tag, matches!(tag.name, b"hyperlink" | b"dataValidation"), &mut self.side, inquiry);
            }
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
                if name == b"f" && self.within == Within::Formula {
                    self.reckon();
                }
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

/// Bytes of the longest number that is taken for one; no program writes more than 24.
const NUMBER_MAX: usize = 64;
