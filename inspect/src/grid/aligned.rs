//! Rows that are cut into other cells than their header: empty ones were left out, or one heading stands over several.
//!
//! What a cell holds tells under which headings it may stand; of those in their order as many as may be are taken,
//! rather such as name what it is.

use std::ops::Range;

use chot_detectors::{Column, Detectors};

use super::cells::Cells;
use super::columns::Open;
use super::cut::Cut;
use super::piece::{Line, Piece};
use super::spaced::{fits, is_counted, is_date};
use super::{Grid, HEADING_MAX};
use crate::table::{digits, is_number};
use crate::view::View;

/// A header is so many cells at least, of which as many are known.
const KNOWN_MIN: usize = 3;
/// A longer cell heads nothing: `Cấp bậc, chức vụ, chức danh nghề, nơi làm việc`.
const CELL_MAX: usize = 2 * HEADING_MAX;
/// Digits of a header: `CCCD (12 số)`, `BHXH (8%)`.
const HEADER_DIGITS_MAX: usize = 8;
/// More headings are none.
const HEADINGS_MAX: usize = 48;
/// Lines between a header and its first row: those of merged headings, the numbers of the columns, titles of groups.
const BETWEEN_MAX: usize = 8;
/// A longer line is a paragraph.
const LINE_MAX: usize = 480;
/// How well a number stands under a heading that names it ([`fits`]).
const NAMED: u32 = 3;
/// How much better a row stands under other headings than those that its signs tell.
pub(super) const BETTER: u32 = NAMED;

/// What the cells of a header announce, a name and an identifier among them; the rest is nothing known.
pub(super) fn headings(cells: &Cells, view: &View, detectors: &Detectors) -> Option<Vec<Column>> {
    let row = &cells.row;
    let may_head = |cell: &Piece| cell.len() <= CELL_MAX;
    if !(KNOWN_MIN..=HEADINGS_MAX).contains(&row.len())
        || !row.iter().all(may_head)
        || row.iter().map(|cell| digits(cell.text(view))).sum::<usize>() > HEADER_DIGITS_MAX
    {
        return None;
    }
    let column = |cell: &Piece| str::from_utf8(cell.text(view)).ok().and_then(|text| detectors.column(text));
    let columns: Vec<Option<Column>> = row.iter().map(column).collect();
    let known = || columns.iter().flatten();
    let are_headings =
        known().count() >= KNOWN_MIN && known().any(|c| is_name(*c)) && known().any(|c| names_number(*c));
    are_headings.then(|| columns.into_iter().map(|column| column.unwrap_or(Column::Neutral)).collect())
}

const fn is_name(column: Column) -> bool {
    matches!(column, Column::Name | Column::GivenName | Column::Surname)
}

/// Whether a heading names numbers of people: those of newer lists are their tax codes as well.
pub(super) fn names_number(column: Column) -> bool {
    column.is_identifier() || column == Column::Tax
}

/// How well a cell stands under a heading.
fn weight(cell: &[u8], column: Column) -> u32 {
    const WORD: u32 = 1;
    const VALUE: u32 = 3;
    let text = cell.trim_ascii();
    if text.is_empty() {
        return 0;
    }
    if is_number(text) || text.iter().any(u8::is_ascii_digit) && fits(text, column) > 2 {
        return fits(text, column);
    }
    let digits = digits(text);
    let is_value = match column {
        Column::Name => return if is_words(text) { VALUE } else { 0 },
        Column::GivenName | Column::Surname => return if is_words(text) || is_word(text) { VALUE } else { 0 },
        Column::BirthDate => is_date(text),
        Column::BirthYear => digits == 4 && text.len() == 4,
        Column::Sex => {
            matches!(text, b"x" | b"X" | b"Nam" | b"nam" | b"NAM") || text.starts_with(b"N") && text.len() < 5
        }
        Column::RowNumber => digits == text.len() && digits <= 4,
        Column::Email => text.contains(&b'@'),
        Column::Address => return if is_date(text) { 0 } else { WORD },
        Column::Neutral
        | Column::Record
        | Column::Negative
        | Column::Bank
        | Column::Health
        | Column::Claim
        | Column::Secrecy => return WORD,
        // Two numbers in one cell, or one with signs.
        c if c.is_identifier() => return if digits >= 9 { VALUE } else { 0 },
        _ => false,
    };
    if is_value { VALUE } else { 0 }
}

/// Whether a row adds up those above it: `Tổng cộng`, `Cộng tăng`. What is left of it stands under anything.
pub(super) fn is_sum(cells: &Cells, view: &View) -> bool {
    const SUMS: [&str; 6] = ["Cộng", "CỘNG", "cộng", "Tổng", "TỔNG", "tổng"];
    let begins = |text: &[u8]| SUMS.iter().any(|sum| text.starts_with(sum.as_bytes()));
    cells.row.iter().take(2).any(|cell| begins(cell.text(view)))
}

/// Words as names are, behind the number of their row or before a birth perhaps.
fn is_words(text: &[u8]) -> bool {
    const BYTES_MAX: usize = 64;
    let number = if is_counted(text) { text.iter().take_while(|b| !b.is_ascii_whitespace()).count() } else { 0 };
    let text = text.get(number..).unwrap_or_default().trim_ascii_start();
    let words = text.split(u8::is_ascii_digit).next().unwrap_or_default().trim_ascii();
    text.len() <= BYTES_MAX && words.contains(&b' ') && !words.iter().any(|b| b"@/;:,".contains(b))
}

/// A part of a name: letters, of which the first is a capital.
fn is_word(text: &[u8]) -> bool {
    const BYTES_MAX: usize = 16;
    let begins = str::from_utf8(text).ok().and_then(|text| text.chars().next()).is_some_and(char::is_uppercase);
    text.len() <= BYTES_MAX && begins && text.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80)
}

/// Which cells stand under which headings: both in their order, as much as may be. `weight` is of a cell and a heading.
pub(super) fn best(cells: usize, headings: usize, weight: impl Fn(usize, usize) -> u32) -> (u32, Vec<(usize, usize)>) {
    let width = headings + 1;
    // The best of the first cells under the first headings.
    let mut sums = vec![0_u32; (cells + 1) * width];
    let at = |sums: &[u32], n: usize, c: usize| sums.get(n * width + c).copied().unwrap_or(0);
    for n in 1..=cells {
        for c in 1..=headings {
            let both = match weight(n - 1, c - 1) {
                0 => 0,
                weight => at(&sums, n - 1, c - 1) + weight,
            };
            let value = both.max(at(&sums, n - 1, c)).max(at(&sums, n, c - 1));
            if let Some(slot) = sums.get_mut(n * width + c) {
                *slot = value;
            }
        }
    }
    let (mut n, mut c) = (cells, headings);
    let mut pairs = Vec::new();
    while n > 0 && c > 0 {
        if at(&sums, n, c) == at(&sums, n, c - 1) {
            c -= 1;
        } else if at(&sums, n, c) == at(&sums, n - 1, c) {
            n -= 1;
        } else {
            (n, c) = (n - 1, c - 1);
            pairs.push((n, c));
        }
    }
    pairs.reverse();
    (at(&sums, cells, headings), pairs)
}

/// The columns of a row under headings, if a name stands under one, and a number under one that names it. `given` are
/// those that its places tell, or the signs that part it: they are right unless what it holds stands better elsewhere, by
/// more than `slack`.
pub(super) fn row(
    cells: &Cells,
    headings: &[Column],
    (given, slack): (Option<&[usize]>, u32),
    view: &View,
) -> Option<Line> {
    if headings.is_empty() || cells.row.len() > HEADINGS_MAX {
        return None;
    }
    let own = |n: usize, c: usize| {
        let cell = cells.row.get(n).map(|cell| cell.text(view)).unwrap_or_default();
        headings.get(c).map_or(0, |column| weight(cell, *column))
    };
    let (sum, pairs) = best(cells.row.len(), headings.len(), own);
    if given.is_some_and(|given| given.iter().enumerate().map(|(n, c)| own(n, *c)).sum::<u32>() + slack >= sum) {
        return None;
    }
    let column = |c: usize| headings.get(c).copied().unwrap_or(Column::Neutral);
    let named = pairs.iter().any(|(_, c)| is_name(column(*c)));
    let is_numbered = |(n, c): &(usize, usize)| match column(*c) {
        Column::Tax => own(*n, *c) > 0,
        column => column.is_identifier() && own(*n, *c) >= NAMED,
    };
    let numbered = pairs.iter().any(is_numbered);
    if !named || !numbered {
        return None;
    }
    let (cells, columns) = pairs.into_iter().filter_map(|(n, c)| Some((cells.row.get(n)?.twin(), c))).unzip();
    Some(Line::under(cells, columns))
}

impl Grid {
    /// Opens a table with a row that stands below a header which is cut the same way, into more cells or fewer, with no
    /// more than a few lines between.
    pub(super) fn open_aligned(&mut self, cells: &Cells, line: &Piece, view: &View, detectors: &Detectors) -> bool {
        // Told with the window before, or cut as lines are that are no rows.
        let Some(start) = usize::try_from(line.base().saturating_sub(view.base)).ok() else { return false };
        if line.base() < self.fresh.max(view.base) || !may_be_row(cells, view) {
            return false;
        }
        let header = self.heading_above(start, cells.cut, view, |above| {
            let header = Cells::of(above, cells.cut, view)?;
            let columns = headings(&header, view, detectors)?;
            Some((header, columns))
        });
        let Some((header, columns)) = header else { return false };
        let mut open = Open::with(&header).under(columns);
        if open.cells != cells.row.len() && open.assign(&cells.places).is_none() {
            open.forget_places();
        }
        let Some(row) = open.fit(cells.twin(), view) else { return false };
        self.leave_above();
        self.queue.extend([Some(header.into_line()), Some(row)]);
        self.open = Some(open);
        true
    }

    /// What `read` finds in the nearest of the lines above a place in the window. Where it finds nothing, those are not
    /// read again for a line that is cut the same way.
    pub(super) fn heading_above<H>(
        &mut self,
        start: usize,
        cut: Cut,
        view: &View,
        mut read: impl FnMut(&Piece) -> Option<H>,
    ) -> Option<H> {
        let known = self.bare.get(cut as usize).copied().unwrap_or(0);
        let lines = above(view, start).take(BETWEEN_MAX + 1);
        let lines = lines.take_while(|line| view.base + line.start as u64 >= known && line.len() <= LINE_MAX);
        let found = lines.filter(|line| !line.is_empty()).find_map(|line| read(&Piece::of(view, line)));
        if let Some(mark) = self.bare.get_mut(cut as usize).filter(|_| found.is_none()) {
            *mark = view.base + start as u64;
        }
        found
    }
}

/// Whether cells hold what a row about somebody has: words that may be a name, and a number.
fn may_be_row(cells: &Cells, view: &View) -> bool {
    let has = |wanted: fn(&[u8]) -> bool| cells.row.iter().any(|cell| wanted(cell.text(view)));
    let named = |text: &[u8]| is_words(text) || is_word(text);
    cells.row.len() >= KNOWN_MIN && has(|text| digits(text) >= 8 && text.len() <= CELL_MAX) && has(named)
}

/// The lines above a place in a window, the nearest first, without the blanks at their ends.
fn above(view: &View, at: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = at;
    std::iter::from_fn(move || {
        let text = view.text.get(..at.checked_sub(1)?)?;
        let start = memchr::memrchr(b'\n', text).map_or(0, |n| n + 1);
        at = start;
        let line = text.get(start..)?;
        Some(start..start + line.trim_ascii_end().len())
    })
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    /// As a page gives them: the header of the second has as many cells as the first table, and two headings in one of them.
    #[test]
    fn the_second_table_of_a_page_stands_under_its_own_headings() {
        const NAMES: [&str; 3] = ["Nguyễn Ngọc Đan", "Thạch Hồng Hương", "Đỗ Thanh Hiếu"];
        let rows = |row: &dyn Fn(usize, &str) -> String| {
            NAMES.iter().enumerate().map(|(n, name)| row(n + 1, name)).collect::<String>()
        };
        let number = |n: usize| 138_386_493 + n * 1_097_531;
        let two = "I. TĂNG\nSTT\tHọ và tên\tMã số BHXH\tMức lương\n".to_owned()
            + &rows(&|n, name| format!("{n}\t{name}\t93775344{n}8\t4400000\n"))
            + "II. GIẢM\nSTT\tHọ tên\tNăm sinh\tSố CMND SĐT\n"
            + &rows(&|n, name| format!("{n}\t{name}\t1968\t{}\t037663652{n}\n", number(n)));
        for (text, cmnd) in [(two.clone(), 3), (two.replace("CMND", "phiếu").replace("BHXH", "hàng"), 0)] {
            // What stands before keeps it from being a file of tabs.
            let text = format!("Kính gửi: quý cơ quan, xin gửi danh sách sau đây.\n\n{text}");
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cmnd), cmnd, "{text}");
            assert_eq!(inspection.distinct(DetectorId::Bhxh), cmnd, "{text}");
        }
    }
}
