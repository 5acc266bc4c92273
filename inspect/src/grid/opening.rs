//! Who opens which table: a line that is like others before it, or that stands below one that announces it; and what is
//! remembered of the lines that belong to no table yet.

use std::ops::Range;

use chot_detectors::{Column, Detectors};

use super::cells::Cells;
use super::columns::Open;
use super::cut::{Cut, has_dashes};
use super::piece::{Line, Piece};
use super::spaced::{self, Headings};
use super::stacked::Stacked;
use super::{Grid, HEADING_MAX, aligned};
use crate::inquiry::HEADER_MAX;
use crate::table::{digits, is_number, is_title, is_title_of_papers, may_be_title};
use crate::view::View;

/// A longer block of lines is no record.
const BLOCK_LINES_MAX: usize = 16;
/// Rows that may turn out to head a table.
pub(super) const BEFORE_MAX: usize = 3;
/// A header that dashes cut holds no more digits than a date: what holds more is a row, or a line of a log.
const DASHED_HEADER_DIGITS_MAX: usize = 8;

/// The last lines that are known not to be made of headings, by where they stand: each may stand above several rows.
#[derive(Clone, Copy, Default)]
pub(super) struct Headless {
    lines: [(u64, usize); BEFORE_MAX],
    next: usize,
}

impl Headless {
    fn has(&self, line: &Piece) -> bool {
        line.len() > 0 && self.lines.contains(&(line.base(), line.len()))
    }

    fn note(&mut self, line: &Piece) {
        if let Some(last) = self.lines.get_mut(self.next) {
            *last = (line.base(), line.len());
        }
        self.next = (self.next + 1) % BEFORE_MAX;
    }
}

impl Grid {
    /// Takes a line of a block with one value each.
    pub(super) fn push_block(&mut self, line: Piece, view: &View) {
        if self.block.capacity() == 0 {
            self.block.reserve(BLOCK_LINES_MAX + 1);
        }
        self.block.push(line);
        if self.block.len() > BLOCK_LINES_MAX {
            self.block.clear();
            self.over = true;
            self.before.retain(|cells| cells.begins_register(view));
            self.close();
        }
    }

    /// Whether the two lines before are numbers like this one.
    pub(super) fn is_column(&self, line: &Piece, view: &View) -> bool {
        let like = |other: &Piece| other.len() == line.len() && is_number(other.text(view));
        self.block.len() > 1 && self.block.iter().rev().take(2).all(like)
    }

    /// Opens a table of one column; the line before its numbers may be its header.
    pub(super) fn open_column(&mut self, line: Piece) {
        self.close();
        self.before.clear();
        let first = self.block.len().saturating_sub(3);
        let rows = self.block.drain(..).skip(first).chain([line]);
        self.queue.extend(rows.map(|line| Some(line.into())));
        self.open = Some(Open::numbers());
    }

    /// Opens a table of which each cell is a line, with a number in its third row.
    pub(super) fn open_stacked(&mut self, line: &Piece, view: &View) -> bool {
        // Blank lines tell its rows apart.
        if self.open.as_ref().is_some_and(|open| open.cut == Cut::Lines && !open.headings.is_empty()) {
            return false;
        }
        let Some((stacked, rows)) = Stacked::of(line, view) else { return false };
        self.leave_above();
        self.open = rows.first().map(Open::with);
        self.queue.extend(rows.into_iter().map(|row| Some(row.into_line())));
        self.stacked = Some(stacked);
        true
    }

    /// Opens a table with a line that dashes cut, when they cut a header before it alike: those of prose stand alone, lines
    /// of logs head nothing, and without a header nothing is gained. Rows whose findings were told with the window before
    /// are left to it: nothing held them back, and they would be told twice.
    pub(super) fn open_dashes(&mut self, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        if line.base() < self.fresh || !has_dashes(line.text(view)) {
            return false;
        }
        let heads = |other: &&Piece| digits(other.text(view)) <= DASHED_HEADER_DIGITS_MAX;
        // A blank line may set the header apart.
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let lines = || self.block.iter().rev().take(BEFORE_MAX).chain(apart);
        let Some(cells) = Cells::of(line, Cut::Dashes, view) else { return false };
        if !lines().any(|other| heads(&other)) {
            return self.open_aligned(&cells, line, view, detectors);
        }
        let alike =
            |other: &Piece| Cells::of(other, Cut::Dashes, view).filter(|other| other.row.len() == cells.row.len());
        let mut rows: Vec<Cells> = lines().map_while(alike).collect();
        let header = lines().take(rows.len()).enumerate().filter(|(_, other)| heads(other)).last();
        let Some((header, _)) = header else { return self.open_aligned(&cells, line, view, detectors) };
        rows.truncate(header + 1);
        // A paragraph is no header.
        let is_heading = |header: &Cells| header.row.iter().all(|cell| cell.len() <= HEADING_MAX);
        let Some(header) = rows.pop().filter(is_heading) else {
            return self.open_aligned(&cells, line, view, detectors);
        };
        self.open_under(header, rows, cells, view);
        true
    }

    /// What stands above belongs to the table that is opened now, or to none.
    pub(super) fn leave_above(&mut self) {
        self.close();
        self.before.clear();
        self.block.clear();
        self.over = false;
    }

    /// Opens a table at `cells`: its header and the rows between stand above, the nearest first.
    pub(super) fn open_under(&mut self, header: Cells, mut rows: Vec<Cells>, cells: Cells, view: &View) {
        rows.retain(|row| row.row.first().is_some_and(|first| first.base() >= self.fresh));
        rows.push(header);
        self.leave_above();
        let mut open = Open::with(&cells);
        self.queue.extend(rows.into_iter().rev().chain([cells]).filter_map(|cells| open.fit(cells, view)).map(Some));
        self.open = Some(open);
    }

    /// Opens a table whose columns a drawn line tells; the line above may be its header.
    pub(super) fn open_ruled(&mut self, columns: Vec<Range<usize>>, view: &View, detectors: &Detectors) {
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
    /// Where no other table begins, it may say of what `papers`.
    pub(super) fn open_items(&mut self, line: &Piece, papers: bool, view: &View) -> bool {
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        let mut lines = self.block.iter().rev().chain(apart);
        let ends_in_colon = |above: &Piece| above.text(view).trim_ascii_end().ends_with(b":");
        // Nearly all lines of letters stand below paragraphs.
        let may_announce = |above: &Piece| match papers {
            true => above.len() <= HEADING_MAX,
            false => ends_in_colon(above) || may_be_title(above.text(view).trim_ascii()),
        };
        if !lines.clone().take(1 + BEFORE_MAX).any(may_announce) {
            return false;
        }
        let Some(mut above) = lines.next() else { return false };
        let Some(cells) = Cells::item(line, false, view).filter(|_| line.base() >= self.fresh) else { return false };
        // Items that alone would not have opened it.
        let mut before = Vec::new();
        while before.len() < BEFORE_MAX
            && let Some(item) = Cells::item(above, true, view).filter(|_| above.base() >= self.fresh)
            && let Some(next) = lines.next()
        {
            before.push(item);
            above = next;
        }
        let title = above.text(view).trim_ascii();
        if !(ends_in_colon(above) || is_title(title) || papers && is_title_of_papers(title)) {
            return false;
        }
        let heading = Line::above_items(above);
        self.leave_above();
        self.open = Some(Open::with(&cells));
        let items = before.into_iter().rev().chain([cells]).map(Cells::into_line);
        self.queue.extend([heading].into_iter().chain(items).map(Some));
        true
    }

    /// Opens one with the second of two items that are a given name and a number each, below a line that ends in a colon and
    /// names a paper: `Mã BHXH các bạn:`. Anything else is called like somebody.
    pub(super) fn open_given(&mut self, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        let apart = self.letters.line_before().filter(|_| self.block.len() < 2);
        let mut lines = self.block.iter().rev().chain(apart);
        let [Some(first), Some(above)] = [lines.next(), lines.next()] else { return false };
        // Few lines end so.
        let heading = above.text(view).trim_ascii_end();
        let heading = heading.strip_suffix(b":").filter(|heading| heading.len() <= HEADING_MAX);
        let Some(heading) = heading else { return false };
        let Some(cells) = Cells::given(line, view) else { return false };
        let Some(before) = Cells::given(first, view).filter(|_| first.base() >= self.fresh) else { return false };
        let column = detectors.column(&String::from_utf8_lossy(heading));
        if !matches!(column, Some(Column::Bhxh | Column::Cccd | Column::Cmnd | Column::Bhyt | Column::IdNumber)) {
            return false;
        }
        let heading = Line::above_items(above);
        self.leave_above();
        self.open = Some(Open::with(&cells));
        self.queue.extend([heading, before.into_line(), cells.into_line()].into_iter().map(Some));
        true
    }

    /// Opens a table with a line of words right below one that is made of headings, or with a line or two between.
    pub(super) fn open_spaced(&mut self, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        let apart = self.letters.line_before().filter(|_| self.block.is_empty());
        // Nearly all lines of letters stand below paragraphs.
        let may_head = |above: &&Piece| spaced::may_head(above.text(view));
        let mut lines = self.block.iter().rev().take(BEFORE_MAX).chain(apart).filter(may_head).peekable();
        let counted = spaced::is_counted(line.text(view)) && line.base() >= view.base;
        let none = lines.peek().is_none() && !counted;
        if line.base() < self.fresh || none || !spaced::may_be_row(line.text(view)) {
            return false;
        }
        let mut headless = self.headless;
        let found = lines.find_map(|above| {
            if headless.has(above) {
                return None;
            }
            let headings = Headings::of(above.text(view), detectors);
            if headings.is_none() {
                headless.note(above);
            }
            Some(headings?.into_row(above, view))
        });
        self.headless = headless;
        // The headings of merged cells, the numbers of columns and titles of groups may stand between.
        let further = || {
            let start = usize::try_from(line.base() - view.base).ok().filter(|_| counted)?;
            self.heading_above(start, Cut::Spaces, view, |above| {
                Some(Headings::of(above.text(view), detectors)?.into_row(above, view))
            })
        };
        let Some((columns, header)) = found.or_else(further) else { return false };
        let Some(row) = spaced::row(line, &columns, view) else { return false };
        self.leave_above();
        self.open = Some(Open::spaced(columns));
        self.queue.extend([Some(header), Some(row)]);
        true
    }

    pub(super) fn end_block(&mut self, view: &View, detectors: &Detectors) {
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
            Some(open) if open.cut == Cut::Lines => match aligned::row(&cells, &open.headings, (None, 0), view) {
                Some(row) => self.queue.push_back(Some(row)),
                None => self.join(cells, view, detectors),
            },
            _ => self.join(cells, view, detectors),
        }
    }

    /// Opens a table with two rows alike, or remembers the first.
    pub(super) fn join(&mut self, cells: Cells, view: &View, detectors: &Detectors) {
        let alike = |first: &Cells| {
            let same = first.row.len() == cells.row.len() || first.heads_all_but_first(&cells);
            let under = || Open::with(first).assign(&cells.places).is_some() || first.heads_more_than(&cells, view);
            first.cut == cells.cut && (same || under() || is_header(first, &cells, view, detectors))
        };
        let Some(at) = self.before.iter().rposition(alike) else {
            // The headings of a register have others below them, and titles of groups.
            let first = self.before.iter().position(|cells| !cells.begins_register(view)).unwrap_or(0);
            if self.before.len() >= BEFORE_MAX
                && let Some(gone) = self.before.remove(first)
                && self.block.capacity() == 0
            {
                // Its room serves the next block.
                self.block = gone.row;
                self.block.clear();
            }
            return self.before.push_back(cells);
        };
        self.close();
        let Some(mut first) = self.before.remove(at) else { return };
        // Titles of groups may be alike; the headings of the register stand above others yet.
        let headed = first.begins_register(view);
        self.before.retain(|cells| !headed && cells.begins_register(view));
        if first.heads_all_but_first(&cells) {
            first.put_empty_first(view);
        }
        let mut open = Open::with(&first).under(headings_of(&first, view, detectors));
        let mut titles = self.titles.drain(..).rev().take(BEFORE_MAX);
        let wide = first.row.len() > 2;
        let title = titles.find(|line| is_insured(line, wide, view, detectors));
        self.queue.extend(title.map(|title| Some(title.into())));
        self.queue.push_back(Some(first.into_line()));
        self.queue.extend(open.fit(cells, view).map(Some));
        self.open = Some(open);
    }

    pub(super) fn close(&mut self) {
        self.queue.extend(self.stacked.take().and_then(|stacked| stacked.end().0).map(Some));
        if self.open.take().is_some() {
            self.queue.push_back(None);
        }
    }
}

/// What the first row of a table says of its columns: nothing, if it is no header.
fn headings_of(first: &Cells, view: &View, detectors: &Detectors) -> Vec<Column> {
    aligned::headings(first, view, detectors).unwrap_or_default()
}

/// Whether a block of lines is the header of another that has more of them or fewer.
fn is_header(first: &Cells, cells: &Cells, view: &View, detectors: &Detectors) -> bool {
    first.cut == Cut::Lines
        && aligned::headings(first, view, detectors)
            .is_some_and(|headings| aligned::row(cells, &headings, (None, 0), view).is_some())
}

/// Whether a line is the title of a list of the insured, and heads no column of it.
fn is_insured(line: &Piece, wide: bool, view: &View, detectors: &Detectors) -> bool {
    let text = line.text(view).trim_ascii();
    let heads = || std::str::from_utf8(text).is_ok_and(|text| detectors.column(text).is_some());
    is_title(text) && (wide || !heads())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_that_head_nothing_are_remembered() {
        let mut view = View::default();
        view.push_joint(&[b'x'; 40]);
        let line = |n: usize| Piece::of(&view, 8 * n..8 * n + 8);
        let mut headless = Headless::default();
        assert!(!headless.has(&line(0)) && !headless.has(&Piece::of(&view, 0..0)));
        (0..=BEFORE_MAX).for_each(|n| headless.note(&line(n)));
        assert!((1..=BEFORE_MAX).all(|n| headless.has(&line(n))) && !headless.has(&line(0)));
        assert!(!headless.has(&Piece::of(&view, 8..15)));
    }
}
