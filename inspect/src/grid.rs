//! Tables within running text: lines cut alike by tabs, pipes, semicolons, wide blanks or dashes between blanks, and
//! blocks of lines with one value each, as people paste them into letters and chats; and lists of a name and a number each
//! under a line that says what the numbers are.
//!
//! A second look. A header tells what the numbers under it are, and a column that nobody announced what they are not:
//! findings of the running text wait until the table they stand in was judged.

mod cells;
mod items;
mod letters;
mod ruled;
mod spaced;
mod stacked;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;

use chot_detectors::{BLOCK, Column, Detectors};
use chot_model::Confidence;

use crate::inquiry::{Found, HEADER_MAX, Inquiry, Place};
use crate::layers::Look;
use crate::table::{BOXES, Heading, Known, Table, are_headings, is_number, is_title};
use crate::view::View;
use cells::{Cells, Cut, Line, Open, Piece, begins_as_wiki, begins_in_a_box, is_cut, is_rule, is_wiki_rule, wiki_cell};
use letters::Letters;
use spaced::Headings;
use stacked::{Stacked, is_value};

/// A longer line is no row.
const LINE_MAX: usize = 4_096;
/// A longer block of lines is no record.
const BLOCK_LINES_MAX: usize = 12;
/// A longer line heads no column, and is no number.
const HEADING_MAX: usize = 64;
/// Rows that may turn out to head a table.
const BEFORE_MAX: usize = 3;
/// A header that dashes cut holds no more digits than a date: what holds more is a row, or a line of a log.
const DASHED_HEADER_DIGITS_MAX: usize = 8;
/// So many lines in a row that fit no column end a table.
const MISFITS_MAX: usize = 3;
/// Rows judged at a time.
const JUDGED_ROWS: usize = 32;
/// Rows in which a header is looked for.
const HEADER_ROWS: usize = 10;
/// In no more rows does a column speak for itself ([`chot_detectors::Detectors::coherent`]).
const COHERENT_ROWS: usize = 7;

/// Reads lines and feeds those that make a table to one.
pub(crate) struct Grid {
    place: Place,
    /// The beginning of the line that the last window ended in.
    line: View,
    /// The line is too long to be a row.
    long: bool,
    /// The last rows that belong to no table yet.
    before: VecDeque<Cells>,
    open: Option<Open>,
    /// The table that is open, if each of its cells is a line.
    stacked: Option<Stacked>,
    block: Vec<Piece>,
    /// The block has more lines than a record, and goes on.
    over: bool,
    letters: Letters,
    /// A table of MediaWiki is open.
    wiki: bool,
    /// The lines above the next table, among which a title may say what a list without a header is of.
    titles: Vec<Piece>,
    /// What was read and not judged yet: rows, and `None` where a table ends.
    queue: VecDeque<Option<Line>>,
    /// So many at the head of the queue were judged.
    judged: usize,
    /// The table that the rows at the head of the queue belong to.
    table: Option<Box<Table>>,
    /// Who was named in those before.
    known: Known,
    /// The table that is judged has a row with a number.
    numbered: bool,
    /// Its last row was one number: a heading behind that is another's.
    ends_in_number: bool,
    /// What is known of the columns of the table that is judged next.
    columns: Vec<Census>,
    headed: bool,
    /// Nothing in its rows is of any use to a table.
    dull: bool,
    rows: u64,
    /// Where the window begins that is read, in the whole text. Findings before it are told.
    fresh: u64,
}

/// What a line may hold.
#[derive(Clone, Copy)]
struct Signs {
    /// Something that cuts it into cells.
    cut: bool,
    /// A number as long as identifiers are.
    number: bool,
}

impl Signs {
    /// It was not looked at.
    const UNKNOWN: Self = Self { cut: true, number: true };
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
            stacked: None,
            block: Vec::new(),
            over: false,
            letters: Letters::default(),
            wiki: false,
            titles: Vec::new(),
            queue: VecDeque::new(),
            judged: 0,
            ends_in_number: false,
            table: None,
            known: Known::default(),
            numbered: false,
            columns: Vec::new(),
            headed: false,
            dull: false,
            rows: 0,
            fresh: 0,
        }
    }

    /// Looks for tables in a value, whose findings are told by others.
    pub(crate) fn look(place: &Place, view: &View, look: &Look, inquiry: &mut Inquiry) {
        let mut grid = Self::new(place);
        grid.read(view, 0..view.text.len(), look, &inquiry.detectors);
        grid.end(view, &inquiry.detectors);
        grid.settle(view, &mut [], inquiry);
        grid.look_again(view, inquiry);
    }

    /// Takes the lines of `core`. Nearly all of them are no part of any table: nothing is copied before one seems to be,
    /// or the window moves on. It was looked at: where its lines end is known, and which of them anything may cut.
    pub(crate) fn read(&mut self, view: &View, core: Range<usize>, look: &Look, detectors: &Detectors) {
        let running = look.scope().encoded;
        let mut ends = look.line_ends().iter();
        let mut blocks = look.long_numbers().iter().copied().peekable();
        self.fresh = view.base + core.start as u64;
        let mut at = core.start;
        while at < core.end {
            let rest = view.text.get(at..core.end).unwrap_or_default();
            // Behind a block with too many lines to be a record each of these would be passed over.
            let passed = running && self.over && self.open.is_none() && self.line.text.is_empty() && !self.long;
            if passed && let Some(last) = memchr::memrchr(b'\n', rest) {
                self.block.clear();
                self.begin_line(view, at + last + 1..core.end);
                break;
            }
            // Of an encoding nothing is known, and nothing cuts it.
            let end =
                if running { memchr::memchr(b'\n', rest).map(|len| (at + len, false)) } else { ends.next().copied() };
            let Some((end, cut)) = end else {
                self.begin_line(view, at..core.end);
                break;
            };
            let (line, len) = (at..end, end - at);
            at = line.end + 1;
            while blocks.next_if(|block| block + BLOCK <= line.start).is_some() {}
            let signs = Signs { cut, number: blocks.peek().is_some_and(|block| *block < end) };
            if self.line.text.is_empty() && !self.long {
                if self.over && self.open.is_none() && is_running_on(rest.get(..len).unwrap_or_default(), cut) {
                    self.block.clear();
                } else if len > LINE_MAX {
                    self.end_long_line();
                } else {
                    self.end_line(Piece::of(view, line), signs, view, detectors);
                }
                continue;
            }
            self.begin_line(view, line);
            if std::mem::take(&mut self.long) {
                self.end_long_line();
            } else {
                let line = std::mem::take(&mut self.line);
                self.end_line(Piece::from(line), Signs::UNKNOWN, view, detectors);
            }
        }
    }

    /// The window moves on: copies out of it what is still needed.
    pub(crate) fn keep(&mut self, view: &View) {
        let rows = self.before.iter_mut().flat_map(|cells| &mut cells.row);
        rows.chain(&mut self.block).for_each(|piece| piece.keep(view));
        self.queue.iter_mut().flatten().for_each(|line| line.keep(view));
        self.letters.keep(view);
        self.titles.iter_mut().for_each(|title| title.keep(view));
        if let Some(stacked) = &mut self.stacked {
            stacked.keep(view);
        }
    }

    /// Takes more of a line that the window before ended in, or the first of one that this window ends in.
    fn begin_line(&mut self, view: &View, part: Range<usize>) {
        if self.line.text.len() + part.len() > LINE_MAX {
            self.long = true;
            self.line.clear();
        }
        if !self.long {
            if self.line.text.is_empty() {
                self.line.base = view.base + part.start as u64;
            }
            self.line.push_view(view, part);
        }
    }

    fn end_long_line(&mut self) {
        self.block.clear();
        self.before.clear();
        self.close();
    }

    /// Takes a whole line, of which it is known what it may hold.
    fn end_line(&mut self, mut line: Piece, Signs { cut, number }: Signs, view: &View, detectors: &Detectors) {
        if let Some(mut stacked) = self.stacked.take() {
            line.trim(view);
            if let Some(row) = stacked.next(line.twin(), view) {
                self.stacked = Some(stacked);
                return self.queue.extend(row.map(Some));
            }
            self.end_stacked(stacked, view, detectors);
        }
        let text = line.text(view);
        if text.trim_ascii().is_empty() {
            return self.end_block(view, detectors);
        }
        if is_rule(text) {
            self.wiki = is_wiki_rule(text, self.wiki);
            return match ruled::columns(text) {
                Some(columns) => self.open_ruled(columns, view, detectors),
                None => self.end_block(view, detectors),
            };
        }
        // The lines of a box cut as well, and rows that fill it have no wide blanks.
        let cut = cut || begins_in_a_box(text) || begins_as_wiki(text);
        self.letters.line(&line, view);
        if let Some(cell) = wiki_cell(text).filter(|_| self.wiki) {
            let end = line.len();
            return self.push_block(line.part(cell..end, view));
        }
        if let Some(open) = self.open.as_mut().filter(|open| open.cut != Cut::Lines) {
            if let Some(row) = (open.cut == Cut::Ruled).then(|| open.ruled_row(&line, view)).flatten() {
                return self.queue.push_back(Some(row));
            }
            if open.cut == Cut::Numbers && is_number(text) {
                line.trim(view);
                open.misfits = 0;
                return self.queue.push_back(Some(line.into()));
            }
            if open.cut == Cut::Items
                && number
                && let Some(cells) = Cells::item(&line, true, view)
            {
                open.misfits = 0;
                return self.queue.push_back(Some(cells.into_line()));
            }
            if open.cut == Cut::Spaces
                && number
                && let Some(row) = spaced::row(&line, &open.headings, view)
            {
                open.misfits = 0;
                return self.queue.push_back(Some(row));
            }
            if (cut || open.cut == Cut::Dashes)
                && let Some(row) = Cells::of(&line, open.cut, view).and_then(|cells| open.fit(cells))
            {
                return self.queue.push_back(Some(row));
            }
            open.misfits += 1;
            let is_header = open.cut == Cut::Spaces && Headings::of(line.text(view), detectors).is_some();
            if is_header || open.misfits > MISFITS_MAX {
                self.close();
            }
        }
        let cuts = [Cut::Tab, Cut::Box, Cut::Pipe, Cut::Semicolon, Cut::Blanks];
        let cells = cuts.into_iter().filter(|_| cut).find_map(|cut| Cells::of(&line, cut, view));
        let Some(cells) = cells else {
            self.before.retain(|cells| cells.cut == Cut::Lines);
            line.trim(view);
            if is_number(line.text(view)) && self.is_column(&line, view) {
                return self.open_column(line);
            }
            if is_value(line.text(view)) && self.open_stacked(&line, view) {
                return;
            }
            if number
                && (self.open_dashes(&line, view)
                    || self.open_items(&line, view)
                    || self.open_spaced(&line, view, detectors))
            {
                return;
            }
            return self.push_block(line);
        };
        if !self.block.is_empty() {
            std::mem::swap(&mut self.titles, &mut self.block);
        }
        self.block.clear();
        self.over = false;
        self.letters.cells(&cells.row, view);
        self.join(cells, view, detectors);
    }

    /// A table of a cell a line has ended.
    fn end_stacked(&mut self, stacked: Stacked, view: &View, detectors: &Detectors) {
        let (last, lines) = stacked.end();
        self.queue.extend(last.map(Some));
        self.close();
        // They are of something else, such as another table.
        for line in lines {
            self.end_line(line, Signs::UNKNOWN, view, detectors);
        }
    }

    /// Takes a line of a block with one value each.
    fn push_block(&mut self, line: Piece) {
        self.block.push(line);
        if self.block.len() > BLOCK_LINES_MAX {
            self.block.clear();
            self.over = true;
            self.before.clear();
            self.close();
        }
    }

    /// Whether the two lines before are numbers like this one.
    fn is_column(&self, line: &Piece, view: &View) -> bool {
        let like = |other: &Piece| other.len() == line.len() && is_number(other.text(view));
        self.block.len() > 1 && self.block.iter().rev().take(2).all(like)
    }

    /// Opens a table of one column; the line before its numbers may be its header.
    fn open_column(&mut self, line: Piece) {
        self.close();
        self.before.clear();
        let first = self.block.len().saturating_sub(3);
        let rows = self.block.drain(..).skip(first).chain([line]);
        self.queue.extend(rows.map(|line| Some(line.into())));
        self.open = Some(Open::numbers());
    }

    /// Opens a table of which each cell is a line, with a number in its third row.
    fn open_stacked(&mut self, line: &Piece, view: &View) -> bool {
        let Some((stacked, rows)) = Stacked::of(line, self.fresh, view) else { return false };
        self.close();
        self.before.clear();
        self.block.clear();
        self.over = false;
        self.open = rows.first().map(Open::with);
        self.queue.extend(rows.into_iter().map(|row| Some(row.into_line())));
        self.stacked = Some(stacked);
        true
    }

    /// Opens a table with a line that dashes cut, when they cut a header before it alike: those of prose stand alone, lines
    /// of logs head nothing, and without a header nothing is gained. Rows whose findings were told with the window before
    /// are left to it: nothing held them back, and they would be told twice.
    fn open_dashes(&mut self, line: &Piece, view: &View) -> bool {
        let heads = |other: &&Piece| {
            let digits = other.text(view).iter().filter(|b| b.is_ascii_digit()).count();
            digits <= DASHED_HEADER_DIGITS_MAX
        };
        // A blank line may set the header apart.
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let lines = || self.block.iter().rev().take(BEFORE_MAX).chain(apart);
        if line.base() < self.fresh || !lines().any(|other| heads(&other)) {
            return false;
        }
        let Some(cells) = Cells::of(line, Cut::Dashes, view) else { return false };
        let alike =
            |other: &Piece| Cells::of(other, Cut::Dashes, view).filter(|other| other.row.len() == cells.row.len());
        let mut rows: Vec<Cells> = lines().map_while(alike).collect();
        let header = lines().take(rows.len()).enumerate().filter(|(_, other)| heads(other)).last();
        let Some((header, _)) = header else { return false };
        rows.truncate(header + 1);
        // A paragraph is no header.
        let is_heading = |header: &Cells| header.row.iter().all(|cell| cell.len() <= HEADING_MAX);
        let Some(header) = rows.pop().filter(is_heading) else { return false };
        rows.retain(|row| row.row.first().is_some_and(|first| first.base() >= self.fresh));
        rows.push(header);
        self.close();
        self.before.clear();
        self.block.clear();
        self.over = false;
        let mut open = Open::with(&cells);
        self.queue.extend(rows.into_iter().rev().chain([cells]).filter_map(|cells| open.fit(cells)).map(Some));
        self.open = Some(open);
        true
    }

    /// Opens a table whose columns a drawn line tells; the line above may be its header.
    fn open_ruled(&mut self, columns: Vec<Range<usize>>, view: &View, detectors: &Detectors) {
        if self.open.as_ref().is_some_and(|open| open.is_ruled_as(&columns)) {
            return;
        }
        self.end_block(view, detectors);
        self.close();
        self.before.clear();
        let mut open = Open::ruled(columns);
        let header = self.letters.last_line().and_then(|line| open.ruled_row(line, view));
        self.queue.extend(header.map(Some));
        self.open = Some(open);
    }

    /// Opens a table with an item of a list right below a line that ends in a colon, and so announces what follows, or is a
    /// title that says of what the list is.
    fn open_items(&mut self, line: &Piece, view: &View) -> bool {
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let mut lines = self.block.iter().rev().chain(apart);
        let Some(mut above) = lines.next() else { return false };
        // Items that alone would not have opened it.
        let mut before = Vec::new();
        while before.len() < BEFORE_MAX
            && let Some(item) = Cells::item(above, true, view).filter(|_| above.base() >= self.fresh)
            && let Some(next) = lines.next()
        {
            before.push(item);
            above = next;
        }
        let announces = above.text(view).trim_ascii_end().ends_with(b":") || is_title(above.text(view).trim_ascii());
        if !announces {
            return false;
        }
        let Some(cells) = Cells::item(line, false, view).filter(|_| line.base() >= self.fresh) else { return false };
        let heading = Line::above_items(above);
        self.close();
        self.before.clear();
        self.block.clear();
        self.over = false;
        self.open = Some(Open::with(&cells));
        let items = before.into_iter().rev().chain([cells]).map(Cells::into_line);
        self.queue.extend([heading].into_iter().chain(items).map(Some));
        true
    }

    /// Opens a table with a line of words right below one that is made of headings, or with a line or two between.
    fn open_spaced(&mut self, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        if line.base() < self.fresh || !spaced::may_be_row(line.text(view)) {
            return false;
        }
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let mut lines = self.block.iter().rev().take(BEFORE_MAX).chain(apart);
        let headings = |above: &Piece| Some(Headings::of(above.text(view), detectors)?.into_row(above, view));
        let Some((columns, header)) = lines.find_map(headings) else { return false };
        let Some(row) = spaced::row(line, &columns, view) else { return false };
        self.close();
        self.before.clear();
        self.block.clear();
        self.over = false;
        self.open = Some(Open::spaced(columns));
        self.queue.extend([Some(header), Some(row)]);
        true
    }

    fn end_block(&mut self, view: &View, detectors: &Detectors) {
        if std::mem::take(&mut self.over) {
            self.block.clear();
        }
        if self.block.is_empty() {
            return;
        }
        // Paragraphs are no record, nor values or headings of one.
        if self.block.iter().all(|line| line.len() > HEADER_MAX) {
            return self.block.clear();
        }
        let cells = Cells::lines(std::mem::take(&mut self.block));
        match &self.open {
            Some(open) if open.cut == Cut::Lines && open.cells == cells.row.len() => {
                self.queue.push_back(Some(cells.into_line()));
            }
            _ => self.join(cells, view, detectors),
        }
    }

    /// Opens a table with two rows alike, or remembers the first.
    fn join(&mut self, cells: Cells, view: &View, detectors: &Detectors) {
        let alike = |first: &Cells| {
            let same = first.row.len() == cells.row.len() || first.heads_all_but_first(&cells);
            let under = || Open::with(first).assign(&cells.places).is_some() || first.heads_more_than(&cells, view);
            first.cut == cells.cut && (same || under())
        };
        let Some(at) = self.before.iter().rposition(alike) else {
            if self.before.len() >= BEFORE_MAX
                && let Some(gone) = self.before.pop_front()
                && self.block.capacity() == 0
            {
                // Its room serves the next block.
                self.block = gone.row;
                self.block.clear();
            }
            return self.before.push_back(cells);
        };
        self.close();
        let Some(mut first) = self.before.drain(..).nth(at) else { return };
        if first.heads_all_but_first(&cells) {
            first.put_empty_first(view);
        }
        let mut open = Open::with(&first);
        let mut titles = self.titles.drain(..).rev().take(BEFORE_MAX);
        let wide = first.row.len() > 2;
        let title = titles.find(|line| is_insured(line, wide, view, detectors));
        self.queue.extend(title.map(|title| Some(title.into())));
        self.queue.push_back(Some(first.into_line()));
        self.queue.extend(open.fit(cells).map(Some));
        self.open = Some(open);
    }

    fn close(&mut self) {
        self.queue.extend(self.stacked.take().and_then(|stacked| stacked.end().0).map(Some));
        if self.open.take().is_some() {
            self.queue.push_back(None);
        }
    }

    /// No line follows in this window.
    pub(crate) fn end(&mut self, view: &View, detectors: &Detectors) {
        if std::mem::take(&mut self.long) {
            self.end_long_line();
        } else if !self.line.text.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.end_line(Piece::from(line), Signs::UNKNOWN, view, detectors);
        }
        if let Some(stacked) = self.stacked.take() {
            self.end_stacked(stacked, view, detectors);
        }
        self.letters.end(view);
        self.end_block(view, detectors);
        self.close();
        self.before.clear();
    }

    /// Judges the tables that have come far enough, and lowers those of the `pending` findings that their columns
    /// speak against. Returns up to where findings need wait no longer.
    pub(crate) fn settle(&mut self, view: &View, pending: &mut [Pending], inquiry: &mut Inquiry) -> u64 {
        loop {
            // No more are counted than are judged: a window may hold thousands.
            let next = self.queue.range(self.judged.min(self.queue.len())..).take(JUDGED_ROWS);
            let rows = next.take_while(|row| row.is_some()).count();
            let (rows, numbered) = self.until_headings(rows, view, inquiry);
            let ended = rows < JUDGED_ROWS && self.queue.len() > self.judged + rows;
            if rows < JUDGED_ROWS && !ended {
                break;
            }
            self.judge(rows, view, pending, inquiry);
            self.judged += rows;
            self.numbered = numbered;
            if ended {
                self.judged += 1;
                self.columns.clear();
                (self.headed, self.dull, self.numbered) = (false, false, false);
            }
        }
        let row = self.queue.get(self.judged).and_then(Option::as_ref).and_then(Line::first).map(Piece::base);
        let before = self.before.front().and_then(|cells| cells.row.first()).map(Piece::base);
        let block = self.block.first().map(Piece::base);
        let stacked = self.stacked.as_ref().and_then(|stacked| stacked.row().first()).map(Piece::base);
        let line = (!self.line.text.is_empty()).then_some(self.line.base);
        [row, before, block, stacked, line].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// How many of so many rows behind those judged already belong to one table: where another header stands behind a row
    /// with a number, the next begins. Whether the table has such a row then.
    fn until_headings(&mut self, rows: usize, view: &View, inquiry: &mut Inquiry) -> (usize, bool) {
        let mut numbered = self.numbered;
        for (n, row) in self.queue.iter().skip(self.judged).take(rows).enumerate() {
            let cells = || row.iter().flat_map(Line::cells).map(|(_, cell)| cell.text(view));
            if numbered && are_headings(cells(), inquiry) {
                self.queue.insert(self.judged + n, None);
                return (n, numbered);
            }
            numbered |= cells().any(is_number);
        }
        (rows, numbered)
    }

    /// Judges so many rows behind those judged already.
    fn judge(&mut self, rows: usize, view: &View, pending: &mut [Pending], inquiry: &mut Inquiry) {
        let judged = self.judged..self.queue.len().min(self.judged + rows);
        let rows = || self.queue.range(judged.clone()).flatten();
        let columns = &mut self.columns;
        let width = rows().flat_map(Line::cells).map(|(at, _)| at + 1).max().unwrap_or(0);
        columns.resize(width.max(columns.len()), Census::default());
        if !std::mem::replace(&mut self.headed, true) {
            let first = rows().take(HEADER_ROWS);
            let heading = Heading::of(first.map(|row| row.cells().map(|(_, cell)| cell.text(view))), inquiry);
            // Without a word of a heading only columns that speak for themselves are of any use to a table.
            let few = rows().nth(COHERENT_ROWS).is_none() || rows().all(|row| row.len() < 2);
            let is_title = |row: &Line| row.len() == 1 && row.first().is_some_and(|cell| is_title(cell.text(view)));
            // A cell may be a row of boxes itself.
            let has_boxes = |row: &Line| row.cells().any(|(_, cell)| may_be_boxes(cell.text(view)));
            self.dull = few
                && heading.is_silent()
                && !inquiry.careful
                && !rows().next().is_some_and(is_title)
                && !rows().any(has_boxes);
            if let Some(row) = heading.header.and_then(|at| rows().nth(at)) {
                let announced = heading.columns(row.cells().map(|(at, _)| at));
                for (census, announced) in columns.iter_mut().zip(announced) {
                    census.announced = announced;
                }
            }
        }
        // Where a header says who a row is about, the table counts them.
        let tells = |c: Column| c.describes_person() || c.is_identifier();
        if columns.iter().any(|census| census.announced.is_some_and(tells)) {
            let start = rows().find_map(Line::first).map_or(0, Piece::base);
            let end = rows().filter_map(Line::last).next_back().map_or(0, Piece::end);
            let first = pending.partition_point(|p| p.found.finding.range.start < start);
            let within = pending.iter_mut().skip(first).take_while(|p| p.found.finding.range.start < end);
            within.for_each(|p| p.tabled = true);
        }
        let mut cells: Vec<(usize, Range<usize>)> = Vec::new();
        for (at, cell) in rows().flat_map(Line::cells).filter(|(_, cell)| is_number(cell.text(view))) {
            let Some(census) = columns.get_mut(at) else { continue };
            let end = cell.end();
            let first = pending.partition_point(|p| p.found.finding.range.start < cell.base());
            let within = pending.get(first..).unwrap_or_default();
            let len = within.iter().take_while(|p| p.found.finding.range.start < end).count();
            census.numbers += 1;
            census.hits += u32::from(within.iter().take(len).any(|p| counts(&p.found)));
            if len > 0 {
                cells.push((at, first..first + len));
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
        if self.dull {
            self.queue.range_mut(judged).flatten().for_each(Line::clear);
        }
    }

    /// Hands the rows that were judged to their tables, once the findings of the text itself have been reported.
    pub(crate) fn look_again(&mut self, view: &View, inquiry: &mut Inquiry) {
        self.letters.tell(&self.place, inquiry);
        for row in self.queue.drain(..std::mem::take(&mut self.judged)) {
            match (row, &mut self.table) {
                (Some(row), _) if row.len() == 0 => self.rows += 1,
                (Some(row), table) => {
                    // Values one below the other, each under its own heading; headings side by side may be those of cells.
                    let number = row.len() == 1 && row.first().is_some_and(|cell| is_number(cell.text(view)));
                    if std::mem::replace(&mut self.ends_in_number, number)
                        && let Some(mut before) = table.take_if(|_| is_heading(&row, view, inquiry))
                    {
                        before.finish(inquiry);
                        self.known = before.known();
                    }
                    self.rows += 1;
                    let table = table.get_or_insert_with(|| {
                        let known = std::mem::take(&mut self.known);
                        Box::new(Table::second_look(self.place.clone()).knowing(known))
                    });
                    table.row(self.rows, row.into_row(view), inquiry);
                }
                (None, table) => {
                    if let Some(mut table) = table.take() {
                        table.finish(inquiry);
                        self.known = table.known();
                    }
                }
            }
        }
    }
}

/// Whether a line is the title of a list of the insured, and heads no column of it.
fn is_insured(line: &Piece, wide: bool, view: &View, detectors: &Detectors) -> bool {
    let text = line.text(view).trim_ascii();
    let heads = || std::str::from_utf8(text).is_ok_and(|text| detectors.column(text).is_some());
    is_title(text) && (wide || !heads())
}

/// Whether a row is one cell that says what stands below it.
fn is_heading(row: &Line, view: &View, inquiry: &mut Inquiry) -> bool {
    let mut heads =
        |cell: &[u8]| !cell.iter().any(u8::is_ascii_digit) && inquiry.announced(cell.trim_ascii()).is_some();
    row.len() == 1 && row.first().is_some_and(|cell| heads(cell.text(view)))
}

/// Whether a cell may be cut into as many cells as a number has letters.
fn may_be_boxes(cell: &[u8]) -> bool {
    let cuts = memchr::memchr3_iter(b'|', b';', b'\t', cell).count() + memchr::memmem::find_iter(cell, b"  ").count();
    cuts + 1 >= *BOXES.start()
}

impl Census {
    /// Whether what is known of the column speaks against a finding that is all of a cell.
    fn speaks_against(&self, found: &Found) -> bool {
        match self.announced {
            // What they are is for the table to say.
            Some(
                Column::Neutral
                | Column::Record
                | Column::Negative
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

/// Whether a whole line of running text is nothing but that: no row of any kind, no heading, nothing that sets others
/// apart. Most lines of long texts are told so without being looked at: nothing may cut them.
fn is_running_on(line: &[u8], cut: bool) -> bool {
    (HEADING_MAX + 1..LINE_MAX).contains(&line.len())
        && line.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, 0xc3..=0xc6 | 0xe1))
        && !(cut && is_cut(line))
}
