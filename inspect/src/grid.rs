//! Tables within running text: lines cut alike by tabs, pipes, semicolons or wide blanks, and blocks of lines with one
//! value each, as people paste them into letters and chats.
//!
//! A second look. A header tells what the numbers under it are, and a column that nobody announced what they are not:
//! findings of the running text wait until the table they stand in was judged.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use chot_detectors::Column;
use chot_model::Confidence;

use crate::inquiry::{Found, Inquiry, Place};
use crate::table::{Heading, Row, Table, is_number};
use crate::view::View;

/// A longer line is no row.
const LINE_MAX: usize = 4_096;
/// A longer block of lines is no record.
const BLOCK_LINES_MAX: usize = 12;
/// A longer line heads no column, and is no number.
const HEADING_MAX: usize = 64;
/// Rows that may turn out to head a table.
const BEFORE_MAX: usize = 3;
/// So many lines in a row that fit no column end a table.
const MISFITS_MAX: usize = 3;
/// Rows judged at a time.
const JUDGED_ROWS: usize = 32;
/// Rows in which a header is looked for.
const HEADER_ROWS: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Tab,
    Pipe,
    Semicolon,
    Blanks,
    /// One value a line, a blank line after each record.
    Lines,
    /// Nothing but a number a line.
    Numbers,
}

/// The cells of a line.
struct Cells {
    cut: Cut,
    row: Row,
    /// Where blanks cut: from which to which character the cells reach on the line.
    places: Vec<Range<usize>>,
}

/// Reads lines and feeds those that make a table to one.
pub(crate) struct Grid {
    place: Place,
    line: View,
    /// The line is too long to be a row.
    long: bool,
    /// The last rows that belong to no table yet.
    before: VecDeque<Cells>,
    open: Option<Open>,
    block: Vec<View>,
    /// The block has more lines than a record, and goes on.
    over: bool,
    /// What was read and not judged yet: rows, and `None` where a table ends.
    queue: VecDeque<Option<Row>>,
    /// So many at the head of the queue were judged.
    judged: usize,
    /// The table that the rows at the head of the queue belong to.
    table: Option<Box<Table>>,
    /// What is known of the columns of the table that is judged next.
    columns: Vec<Census>,
    headed: bool,
    rows: u64,
}

/// The layout of the table that lines are added to.
struct Open {
    cut: Cut,
    cells: usize,
    places: Vec<Range<usize>>,
    misfits: usize,
}

/// What has ended between two findings, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    #[default]
    Nothing,
    /// A line, or a row of an SQL statement.
    Line,
    /// A block of lines, by an empty one.
    Block,
}

/// A finding of running text that a table may yet judge.
pub(crate) struct Pending {
    pub(crate) found: Found,
    /// What ended before it.
    pub(crate) ended: Ended,
    /// It stands in a table whose rows are counted as people.
    pub(crate) tabled: bool,
}

/// What is known of a column.
#[derive(Clone, Copy, Default)]
struct Census {
    announced: Option<Column>,
    /// Cells that are one long number, and those of them taken for an identifier.
    numbers: u32,
    hits: u32,
}

impl Grid {
    pub(crate) fn new(place: &Place) -> Self {
        let place = Place { again: true, charset: None, ..place.clone() };
        Self {
            place,
            line: View::default(),
            long: false,
            before: VecDeque::new(),
            open: None,
            block: Vec::new(),
            over: false,
            queue: VecDeque::new(),
            judged: 0,
            table: None,
            columns: Vec::new(),
            headed: false,
            rows: 0,
        }
    }

    /// Takes the lines of `core`.
    pub(crate) fn read(&mut self, view: &View, core: Range<usize>) {
        let mut at = core.start;
        while at < core.end {
            let rest = view.text.get(at..core.end).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest);
            let end = at + len.unwrap_or(rest.len());
            if self.over
                && len.is_some_and(|len| is_running_on(rest.get(..len).unwrap_or_default()))
                && self.line.text.is_empty()
                && !self.long
                && self.open.is_none()
            {
                self.block.clear();
                at = end + 1;
                continue;
            }
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
                self.end_line();
            }
            at = end + 1;
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.long) {
            self.block.clear();
            self.before.clear();
            return self.close();
        }
        if line.text.trim_ascii().is_empty() || is_rule(&line.text) {
            return self.end_block();
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.cut != Cut::Lines) {
            if open.cut == Cut::Numbers && is_number(&line.text) {
                line.trim(0);
                open.misfits = 0;
                return self.queue.push_back(Some(vec![(0, line)]));
            }
            if let Some(row) = Cells::of(&line, open.cut).and_then(|cells| open.fit(cells)) {
                return self.queue.push_back(Some(row));
            }
            open.misfits += 1;
            if open.misfits > MISFITS_MAX {
                self.close();
            }
        }
        let cuts = [Cut::Tab, Cut::Pipe, Cut::Semicolon, Cut::Blanks];
        let cut = is_cut(&line.text);
        let Some(cells) = cuts.into_iter().filter(|_| cut).find_map(|cut| Cells::of(&line, cut)) else {
            self.before.retain(|cells| cells.cut == Cut::Lines);
            line.trim(0);
            if is_number(&line.text) && self.is_column(&line) {
                return self.open_column(line);
            }
            self.block.push(line);
            if self.block.len() > BLOCK_LINES_MAX {
                self.block.clear();
                self.over = true;
                self.before.clear();
                self.close();
            }
            return;
        };
        self.block.clear();
        self.over = false;
        self.join(cells);
    }

    /// Whether the two lines before are numbers like this one.
    fn is_column(&self, line: &View) -> bool {
        let like = |view: &View| view.text.len() == line.text.len() && is_number(&view.text);
        self.block.len() > 1 && self.block.iter().rev().take(2).all(like)
    }

    /// Opens a table of one column; the line before its numbers may be its header.
    fn open_column(&mut self, line: View) {
        self.close();
        self.before.clear();
        let first = self.block.len().saturating_sub(3);
        let rows = self.block.drain(..).skip(first).chain([line]);
        self.queue.extend(rows.map(|view| Some(vec![(0, view)])));
        self.open = Some(Open { cut: Cut::Numbers, cells: 1, places: Vec::new(), misfits: 0 });
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if std::mem::take(&mut self.over) || block.is_empty() {
            return;
        }
        let row: Row = block.into_iter().enumerate().collect();
        match &self.open {
            Some(open) if open.cut == Cut::Lines && open.cells == row.len() => self.queue.push_back(Some(row)),
            _ => self.join(Cells { cut: Cut::Lines, row, places: Vec::new() }),
        }
    }

    /// Opens a table with two rows alike, or remembers the first.
    fn join(&mut self, cells: Cells) {
        let alike = |first: &Cells| {
            let same = first.row.len() == cells.row.len();
            first.cut == cells.cut && (same || Open::with(first).assign(&cells.places).is_some())
        };
        let Some(at) = self.before.iter().rposition(alike) else {
            if self.before.len() >= BEFORE_MAX {
                self.before.pop_front();
            }
            return self.before.push_back(cells);
        };
        self.close();
        let Some(first) = self.before.drain(..).nth(at) else { return };
        let mut open = Open::with(&first);
        self.queue.push_back(Some(first.row));
        self.queue.extend(open.fit(cells).map(Some));
        self.open = Some(open);
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.queue.push_back(None);
        }
    }

    /// No line follows.
    pub(crate) fn end(&mut self) {
        if !self.line.text.is_empty() || self.long {
            self.end_line();
        }
        self.end_block();
        self.close();
        self.before.clear();
    }

    /// Judges the tables that have come far enough, and lowers those of the `pending` findings that their columns
    /// speak against. Returns up to where findings need wait no longer.
    pub(crate) fn settle(&mut self, pending: &mut [Pending], inquiry: &mut Inquiry) -> u64 {
        loop {
            // No more are counted than are judged: a window may hold thousands.
            let next = self.queue.range(self.judged.min(self.queue.len())..).take(JUDGED_ROWS);
            let rows = next.take_while(|row| row.is_some()).count();
            let ended = rows < JUDGED_ROWS && self.queue.len() > self.judged + rows;
            if rows < JUDGED_ROWS && !ended {
                break;
            }
            self.judge(rows, pending, inquiry);
            self.judged += rows;
            if ended {
                self.judged += 1;
                self.columns.clear();
                self.headed = false;
            }
        }
        let start = |row: &Row| row.first().map(|(_, view)| view.base);
        let row = self.queue.get(self.judged).and_then(Option::as_ref).and_then(start);
        let before = self.before.front().and_then(|cells| start(&cells.row));
        let block = self.block.first().map(|view| view.base);
        let line = (!self.line.text.is_empty()).then_some(self.line.base);
        [row, before, block, line].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// Judges so many rows behind those judged already.
    fn judge(&mut self, rows: usize, pending: &mut [Pending], inquiry: &mut Inquiry) {
        let judged = self.judged..self.queue.len().min(self.judged + rows);
        let rows = || self.queue.range(judged.clone()).flatten();
        let columns = &mut self.columns;
        let width = rows().flatten().map(|(at, _)| at + 1).max().unwrap_or(0);
        columns.resize(width.max(columns.len()), Census::default());
        if !std::mem::replace(&mut self.headed, true) {
            let heading = Heading::of(rows().take(HEADER_ROWS), inquiry);
            if let Some(row) = heading.header.and_then(|at| rows().nth(at)) {
                for (census, announced) in columns.iter_mut().zip(heading.columns(row)) {
                    census.announced = announced;
                }
            }
        }
        // Where a header says who a row is about, the table counts them.
        let tells = |c: Column| c.describes_person() || c.is_identifier();
        if columns.iter().any(|census| census.announced.is_some_and(tells)) {
            let start = rows().flatten().next().map_or(0, |(_, view)| view.base);
            let end = rows().flatten().last().map_or(0, |(_, view)| view.base + view.text.len() as u64);
            let first = pending.partition_point(|p| p.found.finding.range.start < start);
            let within = pending.iter_mut().skip(first).take_while(|p| p.found.finding.range.start < end);
            within.for_each(|p| p.tabled = true);
        }
        let mut cells: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, view) in rows().flatten().filter(|(_, view)| is_number(&view.text)) {
            let Some(census) = columns.get_mut(*at) else { continue };
            let end = view.base + view.text.len() as u64;
            let first = pending.partition_point(|p| p.found.finding.range.start < view.base);
            let within = pending.get(first..).unwrap_or_default();
            let len = within.iter().take_while(|p| p.found.finding.range.start < end).count();
            census.numbers += 1;
            census.hits += u32::from(within.iter().take(len).any(|p| counts(&p.found)));
            if len > 0 {
                cells.push((*at, first..first + len));
            }
        }
        for (at, within) in cells {
            let Some(census) = columns.get(at) else { continue };
            for p in pending.get_mut(within).into_iter().flatten() {
                if counts(&p.found) && census.speaks_against(&p.found) {
                    p.found.doubt();
                }
            }
        }
    }

    /// Hands the rows that were judged to their tables, once the findings of the text itself have been reported.
    pub(crate) fn look_again(&mut self, inquiry: &mut Inquiry) {
        for row in self.queue.drain(..std::mem::take(&mut self.judged)) {
            match (row, &mut self.table) {
                (Some(row), table) => {
                    self.rows += 1;
                    let table = table.get_or_insert_with(|| Box::new(Table::second_look(self.place.clone())));
                    table.row(self.rows, row, inquiry);
                }
                (None, table) => {
                    if let Some(mut table) = table.take() {
                        table.finish(inquiry);
                    }
                }
            }
        }
    }
}

impl Census {
    /// Whether what is known of the column speaks against a finding that is all of a cell.
    fn speaks_against(&self, found: &Found) -> bool {
        match self.announced {
            // What they are is for the table to say.
            Some(
                Column::Negative
                | Column::Household
                | Column::Phone
                | Column::Bank
                | Column::Plate
                | Column::DriverLicence
                | Column::Claim,
            ) => true,
            // Among random numbers one in sixty looks like a citizen's.
            None => {
                let medium = found.finding.confidence == Confidence::Medium;
                medium && self.numbers >= 6 && self.hits * 4 < self.numbers
            }
            _ => false,
        }
    }
}

fn counts(found: &Found) -> bool {
    found.finding.detector.is_identifier() && found.finding.confidence >= Confidence::Medium
}

impl Open {
    fn with(first: &Cells) -> Self {
        Self { cut: first.cut, cells: first.row.len(), places: first.places.clone(), misfits: 0 }
    }

    /// The row that a line makes, when its cells fit the columns.
    fn fit(&mut self, cells: Cells) -> Option<Row> {
        if cells.cut != self.cut {
            return None;
        }
        let row = if cells.row.len() == self.cells {
            for (place, own) in self.places.iter_mut().zip(&cells.places) {
                *place = place.start.min(own.start)..place.end.max(own.end);
            }
            cells.row
        } else {
            let columns = self.assign(&cells.places)?;
            columns.into_iter().zip(cells.row).map(|(at, (_, view))| (at, view)).collect()
        };
        self.misfits = 0;
        Some(row)
    }

    /// The columns that the cells of a line with fewer of them stand under; `None` when one stands under none or two.
    fn assign(&self, cells: &[Range<usize>]) -> Option<Vec<usize>> {
        if cells.len() < 2 || cells.len() >= self.cells {
            return None;
        }
        let mut columns: Vec<usize> = Vec::with_capacity(cells.len());
        for cell in cells {
            let mut under = self.places.iter().enumerate().filter(|(_, p)| p.start < cell.end && cell.start < p.end);
            let (at, _) = under.next()?;
            if under.next().is_some() || columns.last().is_some_and(|last| *last >= at) {
                return None;
            }
            columns.push(at);
        }
        Some(columns)
    }
}

/// Whether a whole line of running text is nothing but that: no row of any kind, no heading, nothing that sets others
/// apart. Most lines of long texts are told so without being copied.
fn is_running_on(line: &[u8]) -> bool {
    (HEADING_MAX + 1..LINE_MAX).contains(&line.len())
        && line.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, 0xc3..=0xc6 | 0xe1))
        && !is_cut(line)
}

/// Whether anything in a line may cut it.
fn is_cut(line: &[u8]) -> bool {
    memchr::memchr3(b'\t', b'|', b';', line).is_some() || WIDE.find(line.trim_ascii()).is_some()
}

/// Whether a line only sets others apart: `---`, `+----+`, `|:--|`, lines of box drawing (U+2500 to U+257F).
fn is_rule(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let sign = |b: &u8| matches!(b, b'-' | b'=' | b'+' | b'|' | b':' | b'_' | b' ' | 0xe2 | 0x80..=0xbf);
    let signs = line.iter().all(sign)
        && line.iter().filter(|b| **b == 0xe2).count() * 2 == line.iter().filter(|b| (0x80..0xc0).contains(*b)).count();
    line.len() >= 3 && signs
}

static WIDE: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new("  "));

impl Cells {
    /// Of a line; `None` when it is not cut this way.
    fn of(line: &View, cut: Cut) -> Option<Self> {
        let text = line.text.trim_ascii_end();
        let lead = text.len() - text.trim_ascii_start().len();
        // A row may begin with an empty cell.
        let mut start = if cut == Cut::Tab { 0 } else { lead };
        // Most lines of most texts are not cut at all.
        let rest = text.get(start..)?;
        match cut {
            Cut::Tab => memchr::memchr(b'\t', rest),
            Cut::Pipe => memchr::memchr(b'|', rest),
            Cut::Semicolon => memchr::memchr(b';', rest),
            Cut::Blanks => WIDE.find(rest),
            Cut::Lines | Cut::Numbers => None,
        }?;
        let mut at = start;
        let mut ranges: Vec<Range<usize>> = Vec::new();
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
        // One semicolon is punctuation.
        let least = if cut == Cut::Semicolon { 3 } else { 2 };
        if ranges.len() < least {
            return None;
        }
        let places = if cut == Cut::Blanks { places(text, &ranges) } else { Vec::new() };
        let cell = |(n, range): (usize, Range<usize>)| {
            let blank =
                text.get(range.clone()).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
            let mut cell = View::default();
            cell.push_view(line, range.start + blank..range.end);
            cell.base = line.base + (range.start + blank) as u64;
            cell.trim(0);
            (n, cell)
        };
        Some(Self { cut, row: ranges.into_iter().enumerate().map(cell).collect(), places })
    }
}

/// Where ranges of a line, one behind the other, stand as a reader sees them: in characters, marks on letters (U+0300
/// to U+036F) not counted.
fn places(text: &[u8], ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut seen, mut at) = (0, 0);
    let mut upto = |end: usize| {
        let letter = |b: &&u8| !(0x80..0xc0).contains(*b) && !matches!(b, 0xcc | 0xcd);
        seen += text.get(at..end).unwrap_or_default().iter().filter(letter).count();
        at = end;
        seen
    };
    ranges.iter().map(|range| upto(range.start)..upto(range.end)).collect()
}
