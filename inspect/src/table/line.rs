//! Rows that stand in a text as they are, under a header that is decided: a register of a million people is these.
//!
//! What the columns mean is known, so each cell is told from its bytes alone; a view is made only of a cell in which
//! something unusual stands. Everything found is what [`Table::row`] would find, in the same order, and a property test
//! holds that.
//!
//! Measured (callgrind, a register of eight columns, five findings a row of 87 bytes): 4,800 instructions a row, splitting
//! and counting people included: twenty times the speed of cells read one by one. An address in a row takes 2,300 more.

use std::ops::Range;

use chot_detectors::{Column, Told, Whole};
use chot_model::DetectorId;

use super::{COLUMNS_MAX, Found, JUDGED_ROWS, NUMBER_MIN, Row, Shape, Stat, Table, is_number, lost_zeros};
use crate::inquiry::{Inquiry, Stand};
use crate::joined;
use crate::people::Mark;
use crate::view::View;

/// A row in a text.
pub(crate) struct Line<'t> {
    pub(crate) text: &'t [u8],
    /// Where the text begins in the object; `None` when it stands nowhere.
    pub(crate) at: Option<u64>,
    pub(crate) cells: &'t [Cell],
}

/// A cell of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) column: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The cell is a number of a spreadsheet, not text.
    pub(crate) number: bool,
    /// Where it stands in the object, if not where it does in the text, and how many bytes it takes if it is a number.
    pub(crate) stands: Option<(u64, u8)>,
}

impl<'t> Line<'t> {
    fn bytes(&self, cell: &Cell) -> &'t [u8] {
        self.text.get(cell.start..cell.end).unwrap_or_default()
    }

    fn stand(&self, cell: &Cell) -> Stand<'t> {
        let at = self.at.map(|at| at + cell.start as u64);
        let (number, len) = (cell.number, cell.stands.filter(|_| cell.number).map_or(0, |(_, len)| len));
        Stand { cell: self.bytes(cell), start: at.unwrap_or(0), at: cell.stands.map(|(at, _)| at).or(at), number, len }
    }

    /// The same row, cell by cell.
    pub(crate) fn row(&self) -> Row {
        let view = |cell: &Cell| {
            let mut view = View::default();
            self.view(cell, &mut view);
            (cell.column, view)
        };
        self.cells.iter().map(view).collect()
    }

    /// A cell as it is read anywhere else.
    fn view(&self, cell: &Cell, view: &mut View) {
        let Stand { cell: bytes, start, at, number, len } = self.stand(cell);
        view.clear();
        match at {
            Some(at) if number => view.push_number(bytes, at, len.into()),
            Some(at) => view.push(bytes, at),
            None => view.push_joint(bytes),
        }
        view.base = start;
        view.number = number;
    }
}

/// A cell that is not one of the usual.
struct Odd {
    /// Which of its row.
    at: usize,
    column: Option<Column>,
    /// Nobody announced its column, and it is a number and nothing else.
    alone: bool,
    /// Nothing can be found in it.
    nothing: bool,
}

/// What was found in the row at hand, and room for it.
#[derive(Default)]
pub(super) struct Lines {
    /// The cells that were found to be all of a finding.
    whole: Vec<(u32, Whole)>,
    /// Other findings, before which of the others they were made.
    other: Vec<(usize, (usize, Found, bool))>,
    marks: Vec<Mark>,
    /// What was found in which column, and its hash.
    told: Vec<(usize, DetectorId, u64)>,
    /// What was found in a cell that is not one of the usual.
    found: Vec<(usize, Found, bool)>,
    view: View,
    /// Room for a row whose cells were read one by one.
    text: Vec<u8>,
    cells: Vec<Cell>,
}

impl Table {
    /// Whether rows are better given to [`Self::line`].
    pub(crate) fn takes_lines(&self, inquiry: &Inquiry) -> bool {
        matches!(self.shape, Some(Shape::Headed(_)))
            && self.judged as usize >= JUDGED_ROWS
            && self.place.charset.is_none()
            && !inquiry.careful
    }

    /// Takes row number `number` as it stands. False when it is better given to [`Self::row`]: nothing was done then.
    pub(crate) fn line(&mut self, number: u64, line: &Line<'_>, inquiry: &mut Inquiry) -> bool {
        let Some(Shape::Headed(header)) = self.shape.as_ref().filter(|_| self.takes_lines(inquiry)) else {
            return false;
        };
        let mut bytes = 0;
        for cell in line.cells {
            bytes += cell.end - cell.start;
            if header.joins.get(cell.column) == Some(&true) && joined::is_part_of_cell(line.bytes(cell)) {
                return false;
            }
        }
        if bytes == 0 || inquiry.is_late(&self.place) {
            return true;
        }
        inquiry.looked_at(&self.place, bytes);
        self.rows += 1;
        self.judged += 1;
        let begun = inquiry.begin_row();
        let (mut lines, mut next) = (self.lines.take().unwrap_or_default(), 0);
        while let Some(odd) = self.usual(line, next, &mut lines.whole, inquiry) {
            next = odd.at + 1;
            self.tell(number, line, odd, &mut lines, inquiry);
        }
        self.settle(number, line, &mut lines, inquiry);
        self.lines = Some(lines);
        inquiry.end_row(begun);
        true
    }

    /// Reads the cells from number `next` on, as far as they are usual ones.
    fn usual(&self, line: &Line<'_>, next: usize, found: &mut Vec<(u32, Whole)>, inquiry: &mut Inquiry) -> Option<Odd> {
        let Some(Shape::Headed(header)) = &self.shape else { return None };
        for (n, cell) in line.cells.iter().enumerate().skip(next).filter(|(_, cell)| cell.start < cell.end) {
            let column = header.columns.get(cell.column).copied().flatten();
            let mut alone = false;
            let told = if column.is_none() && cell.end - cell.start >= NUMBER_MIN {
                alone = is_number(line.bytes(cell));
                // Numbers of twelve digits are counted wherever nothing announces them.
                match alone && cell.end - cell.start >= 12 {
                    true => Told::Unusual,
                    false => inquiry.told(line.text, cell.start..cell.end, None),
                }
            } else if cell.number && lost_zeros(line.bytes(cell), column).is_some() {
                Told::Unusual
            } else {
                inquiry.told(line.text, cell.start..cell.end, column)
            };
            match told {
                Told::Nothing if !alone => {}
                Told::Whole(whole) if column.is_some() => found.push((n as u32, whole)),
                _ => return Some(Odd { at: n, column, alone, nothing: told == Told::Nothing }),
            }
        }
        None
    }

    /// Takes row number `number`, whose cells were read one by one: as a line if each stands in one piece.
    pub(crate) fn cells(&mut self, number: u64, row: Row, inquiry: &mut Inquiry) -> Row {
        if !self.takes_lines(inquiry) {
            return self.row(number, row, inquiry);
        }
        let mut lines = self.lines.take().unwrap_or_default();
        let (mut text, mut cells) = (std::mem::take(&mut lines.text), std::mem::take(&mut lines.cells));
        text.clear();
        cells.clear();
        let mut in_pieces = false;
        for (column, view) in row.iter().filter(|(_, view)| !view.text.is_empty()) {
            let at = view.sole().filter(|_| !view.number);
            in_pieces |= at.is_none();
            let start = text.len();
            text.extend_from_slice(&view.text);
            let stands = at.map(|at| (at, 0));
            cells.push(Cell { column: *column, start, end: text.len(), number: false, stands });
        }
        self.lines = Some(lines);
        let taken = !in_pieces && self.line(number, &Line { text: &text, at: None, cells: &cells }, inquiry);
        if let Some(lines) = &mut self.lines {
            (lines.text, lines.cells) = (text, cells);
        }
        if taken { row } else { self.row(number, row, inquiry) }
    }

    /// Reads a cell that is not one of the usual.
    fn tell(&mut self, number: u64, line: &Line<'_>, odd: Odd, lines: &mut Lines, inquiry: &mut Inquiry) {
        let Odd { at, column, alone, nothing } = odd;
        let Some(cell) = line.cells.get(at) else { return };
        if alone {
            self.stats.resize((cell.column + 1).min(COLUMNS_MAX).max(self.stats.len()), Stat::default());
        }
        if nothing {
            return self.note(cell.column, alone, &[]);
        }
        line.view(cell, &mut lines.view);
        self.cell(number, cell.column, &lines.view, column, inquiry, &mut lines.found);
        self.note(cell.column, alone, &lines.found);
        if lines.found.is_empty() && !alone {
            inquiry.found_nothing(line.bytes(cell), column);
        }
        let before = lines.whole.len();
        lines.other.extend(lines.found.drain(..).map(|found| (before, found)));
    }

    /// Reports some of the findings that are all of their cells.
    #[inline]
    fn report(&self, number: u64, line: &Line<'_>, some: Range<usize>, lines: &mut Lines, inquiry: &mut Inquiry) {
        let plain = inquiry.begins_plain(&self.place);
        for (cell, whole) in lines.whole.get(some).unwrap_or_default() {
            let Some(cell) = line.cells.get(*cell as usize) else { continue };
            let at = cell.stands.map(|(at, _)| at).or_else(|| line.at.map(|at| at + cell.start as u64));
            let (hash, mark) = match (plain, at) {
                (Some(base), Some(at)) if !cell.number => inquiry.report_plain(whole, line.bytes(cell), base + at),
                _ => {
                    let part = || self.part(number, cell.column);
                    inquiry.report_whole(&self.place, whole, line.stand(cell), part)
                }
            };
            if !whole.detector.is_identifier() {
                lines.told.push((cell.column, whole.detector, hash));
            }
            lines.marks.extend(mark);
        }
    }

    /// Reports what was found in a row, which is a record.
    fn settle(&self, number: u64, line: &Line<'_>, lines: &mut Lines, inquiry: &mut Inquiry) {
        // Nearly always there are no others, and carrying one along costs more than the rest of the loop.
        let (mut others, mut done) = (std::mem::take(&mut lines.other), 0);
        for (before, (at, found, alone)) in others.drain(..) {
            self.report(number, line, done..before, lines, inquiry);
            done = before;
            lines.told.push((at, found.finding.detector, inquiry.hash(&found.finding)));
            lines.marks.extend(inquiry.report(self.doubted(at, found, alone)));
        }
        lines.other = others;
        self.report(number, line, done..lines.whole.len(), lines, inquiry);
        if inquiry.people.record(&lines.marks, self.people) == 0 {
            let cells = line.cells.iter().map(|cell| (cell.column, line.bytes(cell)));
            let hash = |at: usize, detectors: &[DetectorId]| {
                lines.told.iter().find(|(c, d, _)| *c == at && detectors.contains(d)).map(|(_, _, hash)| *hash)
            };
            if let Some(named) = self.named(cells, hash, inquiry) {
                inquiry.people.person([named].iter());
            }
        }
        lines.marks.clear();
        lines.told.clear();
        lines.whole.clear();
    }
}
