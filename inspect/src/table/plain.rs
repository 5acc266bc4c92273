//! Rows of a text in which every cell is what nearly all under its column are: the header is a list of what each is read
//! as, and a row goes down that list once.
//!
//! Of any other row nothing is done, and [`Table::line`] is given it: that what is taken here comes to the same is held by
//! the same property tests.
//!
//! Measured (callgrind, a register of eight columns, five findings a row of 87 bytes): 3,300 instructions a row, splitting
//! and counting people included, and 250 more as long as there is room for what masks them. An address in a row takes 2,000
//! more.

use chot_detectors::Told;

use super::line::{Cell, Line, Lines};
use super::{NUMBER_MIN, Planned, Shape, Table, is_number};
use crate::inquiry::{Inquiry, Sole};
use crate::joined::PART_DIGITS_MAX;

/// Cells of the longest row read so.
pub(crate) const CELLS_MAX: usize = 32;

/// A row in a text, from where it begins: its cells stand one behind the other, a sign after each.
pub(crate) struct Plain<'t> {
    pub(crate) text: &'t [u8],
    /// Where the text begins in the object.
    pub(crate) at: u64,
    /// Where each cell ends.
    pub(crate) ends: &'t [u32],
}

impl Plain<'_> {
    /// Each cell: where it begins and how long it is.
    #[inline(always)]
    fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        self.ends.iter().scan(0, |next, end| {
            let start = *next;
            *next = *end as usize + 1;
            Some((start, (*end as usize).saturating_sub(start)))
        })
    }

    /// Bytes of the cells.
    #[inline]
    fn bytes(&self) -> usize {
        self.ends.last().map_or(0, |end| *end as usize + 1 - self.ends.len())
    }
}

impl Table {
    /// Whether rows are better given to [`Self::plain`] before all else.
    pub(crate) fn takes_plain(&self, inquiry: &Inquiry) -> bool {
        self.takes_lines(inquiry) && inquiry.begins_plain(&self.place).is_some() && inquiry.detectors.tell_plain()
    }

    /// Takes a row if each of its cells is plain, and something was found in one. False when it is better given to
    /// [`Self::line`]: nothing was done then. Asked only while [`Self::takes_plain`].
    pub(crate) fn plain(&mut self, row: &Plain<'_>, inquiry: &mut Inquiry) -> bool {
        let Some(Shape::Headed(header)) = &self.shape else { return false };
        let Some(base) = inquiry.begins_plain(&self.place) else { return false };
        let begun = inquiry.begin_row();
        let mut lines = self.lines.take().unwrap_or_default();
        let taken = read(&header.plan, row, &mut lines.whole, inquiry);
        if taken && !inquiry.is_late(&self.place) {
            inquiry.looked_at(&self.place, row.bytes());
            self.rows += 1;
            self.judged += 1;
            inquiry.report_plain(row.text, &mut lines.whole, base, &mut lines.marks);
            if inquiry.people.record(&lines.marks, self.people) == 0 {
                self.name_plain(row, &mut lines, inquiry);
            }
            lines.marks.clear();
        }
        lines.whole.clear();
        self.lines = Some(lines);
        inquiry.end_row(begun);
        taken
    }

    /// Counts a person of a row in which no identifier stands.
    #[inline(never)]
    fn name_plain(&self, row: &Plain<'_>, lines: &mut Lines, inquiry: &mut Inquiry) {
        let mut cells = std::mem::take(&mut lines.cells);
        cells.clear();
        cells.extend(row.cells().enumerate().map(|(n, (start, len))| Cell::new(n, start, start + len)));
        self.name(&Line { number: self.rows, text: row.text, at: Some(row.at), cells: &cells }, lines, inquiry);
        lines.cells = cells;
    }
}

/// Reads a row; false when one of its cells is not plain, or nothing is in any.
#[inline(never)]
fn read(plan: &[Planned], row: &Plain<'_>, found: &mut Vec<Sole>, inquiry: &mut Inquiry) -> bool {
    if row.ends.len() > plan.len() {
        return false;
    }
    for (n, (planned, (start, len))) in plan.iter().zip(row.cells()).enumerate() {
        if len == 0 {
            continue;
        }
        // Cells may be the parts of a number.
        if planned.joins && len <= PART_DIGITS_MAX {
            return false;
        }
        let mut add = |whole| {
            let at = row.at + start as u64;
            found.push(Sole { whole, cell: n as u32, start: start as u32, len: len as u32, at, hash: None });
        };
        // What is told at once is not asked what it is a second time.
        match inquiry.told_plain(row.text, start, len, planned.usual) {
            Told::Whole(whole) => add(whole),
            Told::Nothing => {}
            _ => match other(row.text, start, len, *planned, inquiry) {
                Told::Whole(whole) => add(whole),
                Told::Nothing => {}
                _ => return false,
            },
        }
    }
    !found.is_empty()
}

/// Reads a cell that is not one of those which are told in a straight line.
#[inline(never)]
fn other(text: &[u8], start: usize, len: usize, planned: Planned, inquiry: &mut Inquiry) -> Told {
    let Some(cell @ ([first, .., last] | [first @ last])) = text.get(start..start + len) else { return Told::Unusual };
    // What is read of a cell has no blanks around it.
    if *first <= b' ' || *last <= b' ' {
        return Told::Unusual;
    }
    let column = planned.usual.column();
    if column.is_some() {
        return inquiry.told(text, start..start + len, column);
    }
    // Numbers that nobody announced are counted.
    if len >= NUMBER_MIN && is_number(cell) {
        return Told::Unusual;
    }
    match inquiry.told(text, start..start + len, None) {
        Told::Nothing => Told::Nothing,
        _ => Told::Unusual,
    }
}
