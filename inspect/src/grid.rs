//! Tables within running text: lines cut alike by tabs, pipes, semicolons or wide blanks, and blocks of lines with one
//! value each, as people paste them into letters and chats.
//!
//! A second look that only knows more when there is a header; without one the running text says as much.

use std::ops::Range;
use std::sync::LazyLock;

use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table};
use crate::view::View;

/// A longer line is no row.
const LINE_MAX: usize = 4_096;
/// A longer block of lines is no record.
const BLOCK_LINES_MAX: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Tab,
    Pipe,
    Semicolon,
    Blanks,
    /// One value a line, a blank line after each record.
    Lines,
}

/// Reads lines and feeds those that make a table to one.
pub(crate) struct Grid {
    place: Place,
    line: View,
    /// The line is too long to be a row.
    long: bool,
    /// The last row, until it is known whether another one like it follows.
    before: Option<(Cut, Row)>,
    open: Option<(Cut, usize, Box<Table>)>,
    block: Vec<View>,
    rows: u64,
}

impl Grid {
    pub(crate) fn new(place: &Place) -> Self {
        let place = Place { again: true, charset: None, ..place.clone() };
        Self { place, line: View::default(), long: false, before: None, open: None, block: Vec::new(), rows: 0 }
    }

    pub(crate) fn read(&mut self, view: &View, core: Range<usize>, inquiry: &mut Inquiry) {
        let mut at = core.start;
        while at < core.end {
            let rest = view.text.get(at..core.end).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest);
            let end = at + len.unwrap_or(rest.len());
            if self.line.text.len() + (end - at) > LINE_MAX {
                self.long = true;
                self.line.clear();
            }
            if !self.long {
                if self.line.text.is_empty() {
                    self.line.base = view.base + at as u64;
                }
                self.line.push_view(view, at..end);
            }
            if len.is_some() {
                self.end_line(inquiry);
            }
            at = end + 1;
        }
    }

    fn end_line(&mut self, inquiry: &mut Inquiry) {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.long) {
            self.block.clear();
            return self.close(inquiry);
        }
        line.trim(0);
        if line.text.is_empty() {
            return self.end_block(inquiry);
        }
        if let Some(row) =
            self.open.as_ref().and_then(|(cut, cells, _)| split(&line, *cut).filter(|r| r.len() == *cells))
        {
            return self.row(row, inquiry);
        }
        if self.open.as_ref().is_some_and(|(cut, _, _)| *cut != Cut::Lines) {
            self.close(inquiry);
        }
        let row =
            [Cut::Tab, Cut::Pipe, Cut::Semicolon, Cut::Blanks].into_iter().find_map(|c| Some((c, split(&line, c)?)));
        let Some((cut, row)) = row else {
            self.before = self.before.take().filter(|(cut, _)| *cut == Cut::Lines);
            self.block.push(line);
            if self.block.len() > BLOCK_LINES_MAX {
                self.block.clear();
                self.close(inquiry);
            }
            return;
        };
        self.block.clear();
        self.join(cut, row, inquiry);
    }

    /// Opens a table with two rows alike, or remembers the first.
    fn join(&mut self, cut: Cut, row: Row, inquiry: &mut Inquiry) {
        match self.before.take() {
            Some((last, first)) if last == cut && first.len() == row.len() => {
                self.close(inquiry);
                let table = Table::second_look(self.place.clone());
                self.open = Some((cut, row.len(), Box::new(table)));
                self.row(first, inquiry);
                self.row(row, inquiry);
            }
            _ => self.before = Some((cut, row)),
        }
    }

    fn row(&mut self, row: Row, inquiry: &mut Inquiry) {
        if let Some((_, _, table)) = &mut self.open {
            self.rows += 1;
            table.row(self.rows, row, inquiry);
        }
    }

    fn end_block(&mut self, inquiry: &mut Inquiry) {
        let block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return;
        }
        let row: Row = block.into_iter().enumerate().collect();
        match &self.open {
            Some((Cut::Lines, cells, _)) if *cells == row.len() => self.row(row, inquiry),
            _ => {
                self.close(inquiry);
                self.join(Cut::Lines, row, inquiry);
            }
        }
    }

    fn close(&mut self, inquiry: &mut Inquiry) {
        if let Some((_, _, mut table)) = self.open.take() {
            table.finish(inquiry);
        }
    }

    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        if !self.line.text.is_empty() || self.long {
            self.end_line(inquiry);
        }
        self.end_block(inquiry);
        self.close(inquiry);
        self.before = None;
        self.rows = 0;
    }
}

static WIDE: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new("  "));

/// The cells of a line; `None` when it is not cut this way.
fn split(line: &View, cut: Cut) -> Option<Row> {
    let text = &line.text;
    // Most lines of most texts are not cut at all.
    let sign = match cut {
        Cut::Tab => memchr::memchr(b'\t', text),
        Cut::Pipe => memchr::memchr(b'|', text),
        Cut::Semicolon => memchr::memchr(b';', text),
        Cut::Blanks => WIDE.find(text),
        Cut::Lines => None,
    };
    sign?;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(b) = text.get(at) {
        let width = match (cut, b) {
            (Cut::Tab, b'\t') | (Cut::Pipe, b'|') | (Cut::Semicolon, b';') => 1,
            (Cut::Blanks, b' ') => {
                let n = text.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
                if n < 2 {
                    at += n;
                    continue;
                }
                n
            }
            _ => {
                at += 1;
                continue;
            }
        };
        ranges.push(start..at);
        at += width;
        start = at;
    }
    ranges.push(start..text.len());
    // One semicolon or wide blank is punctuation.
    let least = if matches!(cut, Cut::Tab | Cut::Pipe) { 2 } else { 3 };
    (ranges.len() >= least).then(|| {
        let cell = |(n, range): (usize, Range<usize>)| {
            let blank =
                text.get(range.clone()).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
            let mut cell = View::default();
            cell.push_view(line, range.start + blank..range.end);
            cell.base = line.base + (range.start + blank) as u64;
            cell.trim(0);
            (n, cell)
        };
        ranges.into_iter().enumerate().map(cell).collect()
    })
}
