//! What a table says of the findings of the text it stands in: its rows are judged, so many at a time, and then handed to
//! the table they make.

use std::ops::Range;

use chot_detectors::{BLOCK, Column, among};
use chot_model::{Confidence, DetectorId};

use super::cut::WIDE;
use super::piece::{Line, Piece};
use super::{Grid, Pending};
use crate::inquiry::{Found, Inquiry};
use crate::table::{BOXES, Heading, Table, are_headings, is_number, is_title};
use crate::view::View;

/// Rows judged at a time.
const JUDGED_ROWS: usize = 32;
/// Rows in which a header is looked for.
const HEADER_ROWS: usize = 10;
/// In no more rows does a column speak for itself ([`chot_detectors::Detectors::coherent`]).
const COHERENT_ROWS: usize = 7;

/// What is known of a column.
#[derive(Clone, Copy, Default)]
pub(super) struct Census {
    announced: Option<Column>,
    /// Cells that are one long number, and those of them taken for an identifier.
    numbers: u32,
    hits: u32,
}

impl Grid {
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
            numbered = numbered || cells().any(is_number);
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
            // Nor is a heading that heads nothing, where all rows are alike: values one below the other may be parted into
            // tables of their own.
            let alike = width > 1 && rows().all(|row| row.len() == width);
            let heads_nothing = heading.is_silent() || alike && heading.heads_nothing();
            self.dull = few
                && heads_nothing
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
                } else if census.is_no_telephone(&p.found) {
                    p.found.doubt();
                    // Nor does it tell of who is named beside.
                    p.tabled = true;
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

/// Whether a row is one cell that says what stands below it.
fn is_heading(row: &Line, view: &View, inquiry: &mut Inquiry) -> bool {
    let mut heads =
        |cell: &[u8]| !cell.iter().any(u8::is_ascii_digit) && inquiry.announced(cell.trim_ascii()).is_some();
    row.len() == 1 && row.first().is_some_and(|cell| heads(cell.text(view)))
}

/// Whether a cell may be cut into as many cells as a number has letters.
fn may_be_boxes(cell: &[u8]) -> bool {
    let enough = |cuts: usize| cuts + 1 >= *BOXES.start();
    enough(most_cuts(cell))
        && enough(memchr::memchr3_iter(b'|', b';', b'\t', cell).count() + WIDE.find_iter(cell).count())
}

/// No more cuts than these are in a cell: of three blanks the last two are taken for another.
fn most_cuts(cell: &[u8]) -> usize {
    let (blocks, rest) = cell.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    if let Some(last) = last.get_mut(..rest.len()) {
        last.copy_from_slice(rest);
    }
    let (mut cuts, mut blank) = (0, 0);
    for block in blocks.iter().chain([&last]) {
        let (signs, blanks) = (among(block, [b'|', b';', b'\t', b'\t']), among(block, [b' '; 4]));
        cuts += (signs | blanks & (blanks << 1 | blank)).count_ones();
        blank = blanks >> (BLOCK - 1);
    }
    cuts as usize
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

impl Census {
    /// Whether a number that looks like a telephone's is what the heading says instead: a tax code of a firm begins likewise.
    fn is_no_telephone(&self, found: &Found) -> bool {
        found.finding.detector == DetectorId::Phone
            && self.announced.is_some_and(|column| column == Column::Tax || column.is_identifier())
    }
}

fn counts(found: &Found) -> bool {
    found.finding.detector.is_identifier() && found.finding.confidence >= Confidence::Medium
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Hint, Inspector, Limits};

    use super::*;

    #[test]
    fn who_stands_beside_the_code_of_a_firm_is_no_list_of_people() {
        let row = |n: usize| {
            let name = ["Nguyễn Ngọc Kê", "Hà Thùy Ý", "Võ Hữu Tường"][n % 3];
            format!("{n} - Công ty CP Hoàng Gia {n} - 03868416{:02} - {name} - 4649\n", 5 + 7 * n)
        };
        let rows: String = (1..9).map(row).collect();
        for (heading, persons, telephones) in [("MST", 0, 0), ("Số điện thoại", 8, 8)] {
            let text = format!("DANH SÁCH\nSTT - Tên doanh nghiệp - {heading} - Người đại diện - Ngành nghề\n{rows}");
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Phone), telephones, "{text}");
            assert_eq!(inspection.persons, persons, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_boxes_are_passed_over(cell in "([|;\t ]|  |[0-9]){0,30}[a-z ]{0,70}([|;\t ]|[0-9]| {2,4}){0,40}") {
            let cell = cell.as_bytes();
            let cuts = memchr::memchr3_iter(b'|', b';', b'\t', cell).count() + WIDE.find_iter(cell).count();
            prop_assert!(most_cuts(cell) >= cuts);
            prop_assert_eq!(may_be_boxes(cell), cuts + 1 >= *BOXES.start());
        }
    }
}
