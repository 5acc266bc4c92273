//! Shown text to lines: glyphs of one line join, cells of one row are set apart by tabs, lines of one cell come together.
//!
//! Text stays in the order of the content stream: putting it in another order tears numbers in narrow cells apart for
//! good. Where a number was broken at the edge of a cell, the pieces are put together again. Only tables that were plainly
//! drawn in another order than that of their rows are read as they are seen (`seen`).

mod assign;
mod beside;
mod columns;
mod seen;
#[cfg(test)]
mod tests;

use assign::{EDGE_EM, assign, holds_number, parts, united};
use beside::{Sheet, Wide};
use columns::Held;
use seen::Seen;

use std::ops::Range;

use super::boxes;
use crate::formats::placed::Placed;

/// A piece of text with its place, in units of the page.
pub(in crate::formats) struct Run<'a> {
    pub(in crate::formats) text: &'a str,
    pub(in crate::formats) start: (f64, f64),
    pub(in crate::formats) end: (f64, f64),
    /// Where the line goes, of length 1.
    pub(in crate::formats) direction: (f64, f64),
    pub(in crate::formats) size: f64,
}

struct Line {
    text: String,
    /// Along the direction of writing.
    from: f64,
    to: f64,
    /// Across it, upwards.
    base: f64,
    size: f64,
}

impl Line {
    fn width_em(&self) -> f64 {
        (self.to - self.from) / self.size
    }
}

#[derive(Default)]
struct Cell {
    lines: Vec<Line>,
    /// Its column, where that is known.
    span: Option<(f64, f64)>,
}

impl Cell {
    fn of(line: Line) -> Self {
        Self { lines: vec![line], span: None }
    }

    fn span(&self) -> (f64, f64) {
        self.span.unwrap_or_else(|| (self.from(), self.to()))
    }

    fn from(&self) -> f64 {
        self.lines.iter().map(|l| l.from).fold(f64::INFINITY, f64::min)
    }

    fn to(&self) -> f64 {
        self.lines.iter().map(|l| l.to).fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Where a run stands, seen from the last one.
enum Step {
    /// On the line, behind so much white.
    Join(&'static str),
    /// The same again, printed twice to look bold.
    Twice,
    /// The next line of the cell.
    Wrap,
    /// The next cell of the row.
    Cell,
    Row,
}

/// The last table: how many cells its rows have and where, and its first row.
struct Table {
    columns: Vec<(f64, f64)>,
    header: Vec<String>,
    /// The lines of each cell of the last row, which may go on on the next page.
    last: Vec<Vec<String>>,
    /// Where that row stands in the text, as long as it is not handed on.
    last_at: Option<Range<usize>>,
}

/// Text being laid out.
#[derive(Default)]
pub(in crate::formats) struct Layout {
    /// Complete lines.
    pub(in crate::formats) text: String,
    /// Lines whose pieces may belong together, put together: a second look.
    pub(in crate::formats) joined: String,
    row: Vec<Cell>,
    direction: (f64, f64),
    /// Beginning and text of the last run.
    last: (f64, String),
    table: Option<Table>,
    is_new_page: bool,
    /// The rows that follow are of another page than their header.
    is_header_due: bool,
    /// The last row was one of boxes.
    is_boxed: bool,
    /// Letters shown one by one, and how high most are.
    letters: Placed<(f64, String)>,
    letter_size: f64,
    /// Runs that are not laid out yet: what stands around them tells where columns are.
    held: Held,
    /// The page under way.
    page: Sheet,
    /// The last page: what it says may go on beside it on the next. Its table, and what such pages were before.
    before: Sheet,
    left: Option<Table>,
    wide: Wide,
    /// Runs come as they are seen, line by line: nothing is known of the order in which they were written.
    is_seen: bool,
}

/// Lines of one cell; a longer one is running text.
const CELL_LINES_MAX: usize = 400;
/// Cells of one row.
const ROW_CELLS_MAX: usize = 256;
/// Columns of a table whose headings are told again below such a text.
const ACROSS_MIN: usize = 3;
/// Lines of a text that stands across a table; a longer one parts two tables.
const ACROSS_MAX: usize = 3;
/// What is shown with more letters at a time is in its order.
const LETTERS_MAX: usize = 4;
/// Digits of a number that another of as many does not go on with.
const LONG: usize = 8;
/// Wider lines are no cell in which numbers break.
const NARROW_EM: f64 = 16.0;

impl Layout {
    /// A layout of what somebody saw on a picture and tells line by line.
    pub(in crate::formats) fn of_picture() -> Self {
        Self { is_seen: true, ..Self::default() }
    }

    pub(in crate::formats) fn push(&mut self, run: &Run<'_>) {
        if self.held.push(run) {
            self.place_held();
        }
    }

    fn place_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        let begins = held.cells(self.is_seen);
        let mut seen = Seen::of(&held, &begins, self.is_seen);
        for (n, run) in held.runs().enumerate() {
            match seen.table(n) {
                Some(table) => seen.take(table).into_iter().for_each(|row| self.seen_row(row)),
                None => self.place(&run, begins.get(n).copied().unwrap_or_default()),
            }
        }
    }

    /// A row that was made from where its texts stand.
    fn seen_row(&mut self, row: seen::Row) {
        self.close_row();
        self.row = row.cells;
        self.close_row();
        self.is_header_due |= row.is_across;
    }

    /// Lays out a run; columns say whether it begins a cell, however close that stands to the one before.
    fn place(&mut self, run: &Run<'_>, begins: bool) {
        let along = |p: (f64, f64)| p.0 * run.direction.0 + p.1 * run.direction.1;
        let size = if run.size.is_finite() && run.size > 1e-6 { run.size } else { 1.0 };
        let line = Line {
            text: run.text.to_owned(),
            from: along(run.start),
            to: along(run.end),
            base: run.start.1 * run.direction.0 - run.start.0 * run.direction.1,
            size,
        };
        let is_blank = run.text.trim().is_empty();
        self.unite_words(&line);
        let step = match self.step(&line, run) {
            Step::Join(" ") if begins => self.next_cell(),
            step => step,
        };
        if !is_blank && run.text.chars().nth(LETTERS_MAX).is_none() {
            self.letter_size = size;
            self.letters.push(line.from, -line.base, (line.from / size, run.text.to_owned()));
            if self.letters.are_many() {
                self.put_in_order();
            }
        }
        if is_blank {
            if let (Step::Join(_), Some(last)) = (&step, self.last_line()) {
                last.text.push(' ');
                last.to = line.to;
            }
            return;
        }
        self.direction = run.direction;
        self.last = (line.from, line.text.clone());
        match step {
            Step::Twice => {}
            Step::Join(white) => {
                if let Some(last) = self.last_line() {
                    if !last.text.ends_with(' ') {
                        last.text.push_str(white);
                    }
                    last.text.push_str(&line.text);
                    last.to = last.to.max(line.to);
                    last.size = last.size.max(line.size);
                }
            }
            Step::Wrap => {
                if let Some(cell) = self.row.last_mut() {
                    cell.lines.push(line);
                }
            }
            Step::Cell => {
                if self.row.len() == 1 {
                    self.part_from_above(line.base, line.size);
                }
                self.row.push(Cell::of(line));
            }
            Step::Row => {
                self.close_row();
                self.row.push(Cell::of(line));
            }
        }
    }

    /// Where a line goes on below a text that is set to both edges of its cell, what was taken for cells of the row are words of
    /// that text: they are one cell.
    fn unite_words(&mut self, line: &Line) {
        let (Some(table), Some(last)) = (&self.table, self.row.last().and_then(|cell| cell.lines.last())) else {
            return;
        };
        let em = line.size.max(last.size);
        let edge = EDGE_EM * em;
        let is_word = |cell: &Cell| match &*cell.lines {
            [only] => (only.base - last.base).abs() < 0.45 * em && !holds_number(&only.text),
            _ => false,
        };
        if !(-2.2..-0.45).contains(&((line.base - last.base) / em)) {
            return;
        }
        let Some(at) = self.row.iter().position(|cell| (cell.from() - line.from).abs() < edge) else { return };
        let Some(column) = table.columns.iter().rposition(|column| column.0 <= line.from + edge) else { return };
        let end = table.columns.get(column + 1).map_or(f64::INFINITY, |next| next.0 - edge);
        let words = self.row.get(at + 1..).unwrap_or_default();
        if words.is_empty() || !words.iter().all(|cell| cell.from() < end && is_word(cell)) {
            return;
        }
        let words: Vec<Line> = self.row.drain(at + 1..).flat_map(|cell| cell.lines).collect();
        if let Some(first) = self.last_line() {
            for word in words {
                first.text.push(' ');
                first.text.push_str(&word.text);
                first.to = first.to.max(word.to);
            }
        }
    }

    fn last_line(&mut self) -> Option<&mut Line> {
        self.row.last_mut()?.lines.last_mut()
    }

    fn step(&self, line: &Line, run: &Run<'_>) -> Step {
        let Some(cell) = self.row.last() else { return Step::Row };
        let Some(last) = cell.lines.last() else { return Step::Row };
        let turned = self.direction.0 * run.direction.0 + self.direction.1 * run.direction.1 < 0.97;
        if turned || !(line.from.is_finite() && line.to.is_finite() && line.base.is_finite()) {
            return Step::Row;
        }
        let em = line.size.max(last.size);
        let rise = (line.base - last.base) / em;
        let gap = (line.from - last.to) / em;
        if rise.abs() < 0.45 {
            if (line.from - self.last.0).abs() < 0.2 * em && line.text == self.last.1 {
                return Step::Twice;
            }
            // Groups of one number have at most five digits: longer ones are numbers of their own.
            let before = last.text.bytes().rev().take(LONG).take_while(u8::is_ascii_digit).count();
            let behind = line.text.bytes().take(LONG).take_while(u8::is_ascii_digit).count();
            let numbers = before.min(behind) > 5;
            // Nor has any number as many as both together: a narrow column that is full touches the next.
            let full = before.min(behind) == LONG;
            let digits = last.text.ends_with(|c: char| c.is_ascii_digit())
                && line.text.starts_with(|c: char| c.is_ascii_digit());
            return match gap {
                // Widths are not always right: a little back is no new column.
                _ if gap < -1.5 => self.next_cell(),
                _ if gap < 0.16 && !full => Step::Join(""),
                _ if !numbers && (gap < 0.5 || gap < 0.9 && !digits) => Step::Join(" "),
                _ => self.next_cell(),
            };
        }
        if rise < 0.0 {
            let left = match self.row.len().checked_sub(2).and_then(|n| self.row.get(n)) {
                Some(before) => before.to() - 0.1 * em,
                None => cell.from() - 3.0 * em,
            };
            let beneath = line.from >= left && line.from < cell.to().max(cell.from() + em) && line.to > cell.from();
            if rise > -2.2 && beneath && cell.lines.len() < CELL_LINES_MAX {
                return Step::Wrap;
            }
            // Cells of one row whose texts are centred upright.
            let sinks = if self.row.len() > 1 || self.table.is_some() { -3.5 } else { -1.2 };
            if rise > sinks && line.from >= cell.to() + 0.2 * em {
                return self.next_cell();
            }
            return Step::Row;
        }
        // Up again and to the right: the cell beside one of several lines.
        let height = cell.lines.first().map_or(0.0, |first| (first.base - last.base) / em);
        // Lines farther up are above the table.
        let beside = cell.lines.iter().filter(|l| l.base < line.base + 0.45 * em);
        let to = beside.map(|l| l.to).fold(f64::NEG_INFINITY, f64::max);
        // The foot of a cell may be as far below its neighbour's head as that has lines.
        let climbs = if self.row.len() > 1 || self.table.is_some() { 6.0 } else { 2.0 };
        if line.from >= to - 0.3 * em && rise < height + climbs { self.next_cell() } else { Step::Row }
    }

    fn next_cell(&self) -> Step {
        if self.row.len() < ROW_CELLS_MAX { Step::Cell } else { Step::Row }
    }

    /// A second cell begins: lines of the first that stand above its row are running text before the table.
    fn part_from_above(&mut self, base: f64, size: f64) {
        let Some(cell) = self.row.first_mut() else { return };
        let near = |l: &Line| (l.base - base).abs();
        let Some(mut at) = (0..cell.lines.len())
            .min_by(|a, b| cell.lines.get(*a).map_or(0.0, near).total_cmp(&cell.lines.get(*b).map_or(0.0, near)))
        else {
            return;
        };
        if cell.lines.get(at).map_or(0.0, near) > 0.45 * size && cell.lines.len() <= 4 {
            // Between two lines: all of them are one cell, centred.
            return;
        }
        // Narrow lines set tightly above belong to the same cell, which is aligned at its foot.
        while let (Some(above), Some(line)) = (at.checked_sub(1).and_then(|n| cell.lines.get(n)), cell.lines.get(at)) {
            if above.base - line.base > 1.3 * line.size || above.width_em() > 12.0 {
                break;
            }
            at -= 1;
        }
        let rest = cell.lines.split_off(at);
        let above = std::mem::replace(&mut cell.lines, rest);
        self.paragraph(&above);
    }

    fn paragraph(&mut self, lines: &[Line]) {
        // A line across a table names the rows below it; they stand under the same headings.
        let is_headed =
            |table: &Table| table.header.len() >= ACROSS_MIN && !table.header.iter().any(|name| holds_number(name));
        self.is_header_due |= (1..=ACROSS_MAX).contains(&lines.len()) && self.table.as_ref().is_some_and(is_headed);
        for line in lines {
            self.show(line.base, line.size, line.text.trim_end());
        }
        let texts: Vec<String> = lines.iter().map(|l| l.text.trim().to_owned()).collect();
        let glued = glue(&texts);
        let narrow = |n: usize| {
            lines.get(n).is_some_and(|l| l.width_em() < NARROW_EM) || texts.get(n).is_some_and(|t| is_token(t))
        };
        if glued.iter().enumerate().any(|(n, g)| *g && narrow(n)) {
            let glued: Vec<bool> = glued.iter().enumerate().map(|(n, g)| *g && narrow(n)).collect();
            self.joined.push_str(&put_together(&texts, &glued));
            self.joined.push('\n');
        }
    }

    pub(super) fn end_row(&mut self) {
        self.place_held();
        self.close_row();
    }

    fn close_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        if self.unite(&row) {
            return;
        }
        self.go_on(&row);
        match row.as_slice() {
            [] => {}
            [cell] => self.paragraph(&cell.lines),
            cells => self.table_row(cells),
        }
    }

    /// Writes a line and tells where it stands in the text.
    fn show(&mut self, base: f64, size: f64, line: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(line);
        let at = from..self.text.len();
        self.text.push('\n');
        self.page.show(base, size, at.clone());
        at
    }

    fn table_row(&mut self, cells: &[Cell]) {
        let place = cells.iter().find_map(|cell| cell.lines.first()).map_or((0.0, 1.0), |line| (line.base, line.size));
        let mut spans: Vec<(f64, f64)> = cells.iter().map(Cell::span).collect();
        let mut lines: Vec<Vec<String>> =
            cells.iter().map(|cell| cell.lines.iter().map(|l| l.text.trim().to_owned()).collect()).collect();
        let stands_elsewhere = |table: &&Table| assign(&spans, &table.columns).is_none();
        let table = self.table.as_ref().filter(stands_elsewhere);
        if let Some(parts) = table.and_then(|table| parts(&spans, &lines, &table.columns, place.1)) {
            (spans, lines) = united(&parts, &spans, &lines);
        }
        let texts = lines.iter().map(|lines| put_together(lines, &glue(lines)));
        let texts: Vec<String> = texts.collect();
        let boxed = boxes::read(&texts, self.text.trim_end().rsplit('\n').next().unwrap_or_default());
        // Row upon row of boxes is a table of other things.
        if !std::mem::replace(&mut self.is_boxed, boxed.is_some()) {
            self.joined.extend(boxed);
        }
        let columns = self.table.as_ref().and_then(|table| assign(&spans, &table.columns));
        let (Some(table), Some(columns)) = (&mut self.table, columns) else {
            return self.begin_table(place, spans, texts, lines);
        };
        let mut row = vec![String::new(); table.columns.len()];
        let mut last = vec![Vec::new(); table.columns.len()];
        for ((column, text), lines) in columns.iter().zip(&texts).zip(&lines) {
            if let (Some(slot), Some(kept)) = (row.get_mut(*column), last.get_mut(*column)) {
                (*slot, *kept) = (text.clone(), lines.clone());
            }
        }
        if (self.is_new_page || self.is_header_due) && table.is_headed_anew(&row) {
            return self.begin_table(place, spans, texts, lines);
        }
        for (column, span) in columns.into_iter().zip(&spans) {
            if let Some(known) = table.columns.get_mut(column) {
                *known = (known.0.min(span.0), known.1.max(span.1));
            }
        }
        table.last = last;
        if (self.is_new_page || self.is_header_due) && row != table.header {
            // The table goes on: its header announces these rows as well.
            push_row(&mut self.text, &table.header);
        }
        (self.is_new_page, self.is_header_due) = (false, false);
        let at = self.show(place.0, place.1, &row.join("\t"));
        if let Some(table) = &mut self.table {
            table.last_at = Some(at);
        }
    }

    fn begin_table(
        &mut self,
        (base, size): (f64, f64),
        columns: Vec<(f64, f64)>,
        header: Vec<String>,
        last: Vec<Vec<String>>,
    ) {
        let last_at = Some(self.show(base, size, &header.join("\t")));
        self.table = Some(Table { columns, header, last, last_at });
        (self.is_new_page, self.is_header_due) = (false, false);
    }

    /// On a new page, the last row may go on that began on the one before: then it is one row. Tells whether it did.
    fn unite(&mut self, cells: &[Cell]) -> bool {
        let Some(table) = self.table.as_mut().filter(|_| self.is_new_page && cells.len() > 1) else { return false };
        let spans: Vec<(f64, f64)> = cells.iter().map(Cell::span).collect();
        let (Some(columns), Some(at)) = (assign(&spans, &table.columns), table.last_at.clone()) else { return false };
        let mut row = table.last.clone();
        let mut is_over_edge = false;
        for (column, cell) in columns.into_iter().zip(cells) {
            let Some(lines) = row.get_mut(column) else { return false };
            let before = lines.len();
            // A number that is whole does not go on: its last piece and the first of another may look like one.
            let is_whole = glue(lines).iter().rev().nth(1).copied().unwrap_or_default();
            lines.extend(cell.lines.iter().map(|l| l.text.trim().to_owned()));
            let goes_on = before.checked_sub(1).and_then(|n| glue(lines).get(n).copied()).unwrap_or_default();
            is_over_edge |= goes_on && !is_whole;
            // The next in order.
            if column == 0 && cell.lines.iter().any(|l| l.text.trim_start().starts_with(|c: char| c.is_ascii_digit())) {
                return false;
            }
        }
        if !is_over_edge {
            return false;
        }
        let whole: Vec<String> = row.iter().map(|lines| put_together(lines, &glue(lines))).collect();
        let whole = whole.join("\t");
        let more = whole.len() as isize - at.len() as isize;
        self.text.replace_range(at.clone(), &whole);
        table.last = row;
        table.last_at = Some(at.start..at.start + whole.len());
        self.before.move_from(at.end, more);
        self.page.move_from(at.end, more);
        (self.is_new_page, self.is_header_due) = (false, true);
        true
    }

    /// On a new page, a cell may go on that began on the one before.
    fn go_on(&mut self, cells: &[Cell]) {
        let Some(table) = self.table.as_ref().filter(|_| self.is_new_page) else { return };
        for cell in cells {
            let stands = |c: &(f64, f64)| c.1.min(cell.to()) > c.0.max(cell.from());
            let Some(column) = table.columns.iter().position(stands) else { continue };
            let Some(before) = table.last.get(column) else { continue };
            let lines: Vec<String> =
                before.iter().cloned().chain(cell.lines.iter().map(|l| l.text.trim().to_owned())).collect();
            let glued = glue(&lines);
            let is_over_edge = before.len().checked_sub(1).and_then(|n| glued.get(n)).copied().unwrap_or_default();
            if is_over_edge {
                let heading = table.header.get(column).map_or("", String::as_str);
                self.joined.push_str(&format!("{heading}: {}\n", put_together(&lines, &glued)));
            }
        }
    }

    /// The page ends; a table may go on on the next one, and no other goes on beside it.
    pub(in crate::formats) fn end_page(&mut self) {
        self.turn_page();
        self.settle();
    }

    /// The page ends; a table may go on below it or beside it on the next one.
    pub(super) fn turn_page(&mut self) {
        self.end_row();
        self.put_in_order();
        self.is_new_page = true;
        self.last = (0.0, String::new());
        let page = std::mem::take(&mut self.page);
        let goes_on = self.wide.goes_on(self.before.joined());
        match self.before.join(&page, goes_on, &mut self.text) {
            Some(headings) => {
                if let Some(table) = &mut self.table {
                    table.last_at = None;
                }
                if !goes_on && let (Some(left), Some(table)) = (&self.left, &self.table) {
                    self.wide.widen(left.begun(), &headings, table.begun());
                }
            }
            None => {
                self.before = page;
                self.left = self.table.as_ref().map(Table::begun);
            }
        }
        if let Some(next) = self.wide.next(self.before.joined()) {
            self.table = Some(next.begun());
        }
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self.page = Sheet::new(self.text.len());
    }

    /// Nothing more goes on beside the last page.
    pub(super) fn settle(&mut self) {
        self.before = Sheet::new(self.text.len());
        (self.left, self.wide) = (None, Wide::default());
    }

    /// Hands on what no other page changes any more, if that is more than `min`.
    pub(super) fn take_text(&mut self, min: usize) -> Option<String> {
        let ready = self.before.from.min(self.text.len());
        if ready <= min {
            return None;
        }
        let rest = self.text.split_off(ready);
        let back = -(ready as isize);
        self.before.move_from(0, back);
        self.page.move_from(0, back);
        if let Some(table) = &mut self.table {
            let stays = table.last_at.take().filter(|at| at.start >= ready);
            table.last_at = stays.map(|at| at.start - ready..at.end - ready);
        }
        Some(std::mem::replace(&mut self.text, rest))
    }

    /// Reads the lines whose letters came out of order.
    fn put_in_order(&mut self) {
        for line in self.letters.lines(0.45 * self.letter_size) {
            let mut before = None;
            for (at, letters) in line {
                // Further apart than the letters of a word.
                if before.is_some_and(|before| at - before > 1.1) {
                    self.joined.push(' ');
                }
                before = Some(at);
                self.joined.push_str(&letters);
            }
            self.joined.push('\n');
        }
    }
}

impl Table {
    /// The same table before its first row.
    fn begun(&self) -> Self {
        let last = vec![Vec::new(); self.columns.len()];
        Self { columns: self.columns.clone(), header: self.header.clone(), last, last_at: None }
    }

    /// Whether a row on a new page is the heading of another table: nothing but words, one over a column of numbers.
    fn is_headed_anew(&self, row: &[String]) -> bool {
        let has_digits = |text: &String| text.bytes().any(|b| b.is_ascii_digit());
        let was_number = |(now, before): (&String, &Vec<String>)| !now.is_empty() && before.iter().any(has_digits);
        row != self.header && !row.iter().any(has_digits) && row.iter().zip(&self.last).any(was_number)
    }
}

fn push_row(text: &mut String, cells: &[String]) {
    text.push_str(&cells.join("\t"));
    text.push('\n');
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether letters and digits make up something that is written without a break: a number of a person.
fn is_number(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.bytes().take_while(u8::is_ascii_uppercase).count();
    let whole = token.len() == digits + letters;
    // Headings of narrow columns break as well.
    if matches!(token, "STT" | "CCCD" | "CMND" | "BHXH" | "BHYT") {
        return true;
    }
    whole
        && match (letters, digits) {
            // Citizen number, old identity number, insurance number; insurance card; passport.
            (0, 9 | 10 | 12) | (2, 13) | (1, 7) => true,
            _ => false,
        }
}

/// Whether a line and the next are a day, broken where the cell ends: `14/10/19` and `80`.
fn is_day(line: &str, next: &str) -> bool {
    const DAY: std::ops::RangeInclusive<usize> = 8..=10;
    let (line, next) = (line.trim(), next.trim());
    let is_in =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'.'));
    if !(DAY.contains(&(line.len() + next.len())) && is_in(line) && is_in(next)) {
        return false;
    }
    let whole = [line, next].concat();
    ['/', '-', '.'].into_iter().any(|sign| {
        let parts: Vec<&str> = whole.split(sign).collect();
        let [day, month, year] = parts.as_slice() else { return false };
        let is_one = |text: &&str, of: std::ops::RangeInclusive<u32>| {
            text.len() <= 4 && text.parse().is_ok_and(|n| of.contains(&n))
        };
        is_one(day, 1..=31) && is_one(month, 1..=12) && year.len() == 4 && is_one(year, 1900..=2099)
    })
}

/// Between which lines a number was broken.
fn glue(lines: &[String]) -> Vec<bool> {
    const PIECES_MAX: usize = 15;
    let mut glued = vec![false; lines.len()];
    let mut at = 0;
    while at + 1 < lines.len() {
        let line = lines.get(at).map_or("", String::as_str);
        let tail = line.len() - line.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        let mut token = line.get(tail..).unwrap_or_default().to_owned();
        let mut end = None;
        if !token.is_empty() {
            for (n, next) in lines.iter().enumerate().skip(at + 1).take(PIECES_MAX) {
                let head = next.bytes().take_while(u8::is_ascii_alphanumeric).count();
                token.push_str(next.get(..head).unwrap_or_default());
                if head > 0 && is_number(&token) {
                    end = Some(n);
                }
                if head == 0 || head < next.len() || token.len() > PIECES_MAX {
                    break;
                }
            }
        }
        match end {
            Some(end) => {
                for slot in glued.get_mut(at..end).unwrap_or_default() {
                    *slot = true;
                }
                at = end;
            }
            None => {
                if let Some(slot) = glued.get_mut(at) {
                    // A date or address broken at its sign.
                    let next = lines.get(at + 1).map_or("", String::as_str);
                    *slot = line.ends_with(['/', '@']) || is_day(line, next);
                }
                at += 1;
            }
        }
    }
    glued
}

fn put_together(lines: &[String], glued: &[bool]) -> String {
    let mut out = String::new();
    for (n, line) in lines.iter().enumerate() {
        out.push_str(line);
        if n + 1 < lines.len() && !glued.get(n).copied().unwrap_or_default() {
            out.push(' ');
        }
    }
    out
}
