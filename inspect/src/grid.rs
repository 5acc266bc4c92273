//! Tables within running text: lines cut alike by tabs, pipes, semicolons, wide blanks or dashes between blanks, and
//! blocks of lines with one value each, as people paste them into letters and chats; and lists of a name and a number each
//! under a line that says what the numbers are.
//!
//! A second look. A header tells what the numbers under it are, and a column that nobody announced what they are not:
//! findings of the running text wait until the table they stand in was judged.

mod aligned;
mod cells;
mod columns;
mod commas;
mod cut;
mod items;
mod judging;
mod letters;
mod opening;
mod piece;
mod ruled;
mod spaced;
mod stacked;
#[cfg(test)]
mod tests;
mod wiki;

use std::collections::VecDeque;
use std::ops::Range;

use chot_detectors::{BLOCK, Column, Detectors};

use crate::inquiry::{Found, HEADER_MAX, Inquiry, Place};
use crate::layers::Look;
use crate::table::{Known, NUMBER_BYTES_MAX, Table, is_number};
use crate::view::View;
use cells::Cells;
use columns::Open;
use cut::{Cut, begins_in_a_box, has_dashes, is_cut, is_rule};
use items::ends_in_passport;
use judging::Census;
use letters::Letters;
use opening::Headless;
use piece::{Line, Piece};
use spaced::Headings;
use stacked::{Stacked, is_value};
use wiki::{begins_as_wiki, is_wiki_rule, wiki_cell};

/// A longer line is no row.
const LINE_MAX: usize = 4_096;
/// A longer line heads no column, and is no number.
const HEADING_MAX: usize = 64;
/// So many lines in a row that fit no column end a table.
const MISFITS_MAX: usize = 3;

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
    /// Lines that head no columns.
    headless: Headless,
    /// The same of lines that are cut: by the way, up to where none does.
    bare: [u64; Cut::COUNT],
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
            headless: Headless::default(),
            bare: [0; Cut::COUNT],
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
        let words = begins_with_a_word(text);
        if !words && text.trim_ascii().is_empty() {
            return self.end_block(view, detectors);
        }
        if !words && is_rule(text) {
            self.wiki = is_wiki_rule(text, self.wiki);
            return match ruled::columns(text) {
                Some(columns) => self.open_ruled(columns, view, detectors),
                None => self.end_block(view, detectors),
            };
        }
        // The lines of a box cut as well, and rows that fill it have no wide blanks.
        let cut = cut || !words && (begins_in_a_box(text) || begins_as_wiki(text));
        // Of papers the number of a passport is the only one so short.
        let item = number || ends_in_passport(text);
        self.letters.line(&line, view);
        if let Some(cell) = wiki_cell(text).filter(|_| self.wiki) {
            let end = line.len();
            return self.push_block(line.part(cell..end, view), view);
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
                && item
                && let Some(cells) = Cells::item(&line, true, view)
            {
                open.misfits = 0;
                return self.queue.push_back(Some(cells.into_line()));
            }
            if open.cut == Cut::Given
                && number
                && let Some(cells) = Cells::given(&line, view).or_else(|| Cells::item(&line, true, view))
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
            let cells = || Cells::of(&line, open.cut, view);
            let cells = if cut || matches!(open.cut, Cut::Dashes | Cut::Comma) { cells() } else { None };
            // Another table of the page has as many columns by chance.
            let begins = |cells: &Cells| open.is_headed_otherwise(cells, view, detectors);
            let anew = cells.as_ref().is_some_and(begins);
            if !anew && let Some(row) = cells.and_then(|cells| open.fit(cells, view)) {
                return self.queue.push_back(Some(row));
            }
            open.misfits += 1;
            let is_header = match open.cut {
                Cut::Spaces => Headings::of(line.text(view), detectors).is_some(),
                // `CMND` below a list of other numbers begins another one.
                Cut::Items | Cut::Given | Cut::Numbers => is_label(line.text(view), detectors),
                _ => false,
            };
            if anew || is_header || open.misfits > MISFITS_MAX {
                self.close();
            }
        }
        let Some(cells) = (if cut { Cells::in_any_way(&line, view) } else { None }) else {
            if !self.before.is_empty() {
                self.before.retain(|cells| cells.cut == Cut::Lines);
            }
            line.trim(view);
            let text = line.text(view);
            // Nearly every line of a letter is longer than any value.
            if (!words || text.len() <= NUMBER_BYTES_MAX) && is_value(text) {
                if is_number(text) && self.is_column(&line, view) {
                    return self.open_column(line);
                }
                if self.open_stacked(&line, view) {
                    return;
                }
            }
            // The numbers of passports are shorter than others.
            let dashed = number || text.len() <= HEADER_MAX && has_dashes(text) && has_passport(text);
            if dashed && self.open_dashes(&line, view, detectors) {
                return;
            }
            if item && self.open_items(&line, false, view)
                || number
                    && (self.open_given(&line, view, detectors)
                        || self.open_spaced(&line, view, detectors)
                        || self.open_commas(&line, view, detectors))
                || item && self.open_items(&line, true, view)
            {
                return;
            }
            return self.push_block(line, view);
        };
        // `Số CMND của các bác:` above `Lê Thị Hoa | 065265836`.
        let listed = item && cells.row.len() == 2;
        if listed && (self.open_items(&line, false, view) || self.open_items(&line, true, view)) {
            return;
        }
        if !self.block.is_empty() {
            std::mem::swap(&mut self.titles, &mut self.block);
        }
        self.block.clear();
        self.over = false;
        self.letters.cells(&cells.row, view);
        if number && self.open_aligned(&cells, &line, view, detectors) {
            return;
        }
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
}

/// Whether a whole line of running text is nothing but that: no row of any kind, no heading, nothing that sets others
/// apart. Most lines of long texts are told so without being looked at: nothing may cut them.
fn is_running_on(line: &[u8], cut: bool) -> bool {
    (HEADING_MAX + 1..LINE_MAX).contains(&line.len()) && begins_with_a_word(line) && !(cut && is_cut(line))
}

/// Whether a line is nothing but the name of a paper.
fn is_label(line: &[u8], detectors: &Detectors) -> bool {
    let line = line.trim_ascii();
    let name = line.strip_suffix(b":").unwrap_or(line);
    name.len() <= HEADING_MAX
        && !name.iter().any(u8::is_ascii_digit)
        && str::from_utf8(name).is_ok_and(|name| detectors.column(name).is_some_and(Column::is_identifier))
}

/// Whether a line has a capital and seven digits, as passports are written, between blanks.
fn has_passport(line: &[u8]) -> bool {
    const LEN: usize = "C1234567".len();
    line.split(|b| *b == b' ').any(
        |word| matches!(word, [b'A'..=b'Z', digits @ ..] if word.len() == LEN && digits.iter().all(u8::is_ascii_digit)),
    )
}

/// Whether a line begins with a letter or a digit, and so is not empty, sets nothing apart and has no frame.
fn begins_with_a_word(line: &[u8]) -> bool {
    line.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, 0xc3..=0xc6 | 0xe1))
}
