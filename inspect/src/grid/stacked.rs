//! Tables of which only the texts were saved, a line for each cell: first those of the header, then row by row. So do word
//! processors save them as text, and old presentations hold them.

use std::ops::Range;

use super::cells::Cells;
use super::piece::{Line, Piece};
use super::{HEADING_MAX, LINE_MAX};
use crate::table::is_number;
use crate::view::View;

/// Columns of such a table.
const WIDTH: std::ops::RangeInclusive<usize> = 2..=12;
/// Rows by which it is known: numbers of one length, each as far from the one before.
const ROWS: usize = 3;
/// A longer line is no cell.
const CELL_MAX: usize = 256;

/// A table that is being read.
pub(super) struct Stacked {
    width: usize,
    /// In this column stands a number.
    at: usize,
    row: Vec<Piece>,
    /// Nothing sets the lines apart: one without anything is a cell.
    dense: bool,
}

impl Stacked {
    /// A table of which `line`, a number, belongs to the third row, and the rows before that one.
    pub(super) fn of(line: &Piece, view: &View) -> Option<(Self, Vec<Cells>)> {
        let at = usize::try_from(line.base().checked_sub(view.base)?).ok()?;
        let mut above = Above { view, at };
        // From this line upwards.
        let mut lines = vec![line.within(view)];
        lines.extend(above.by_ref().take((ROWS - 1) * WIDTH.end()));
        let len = line.len();
        let text = |line: &Range<usize>| view.text.get(line.clone()).unwrap_or_default();
        let is_like = |at: usize| lines.get(at).is_some_and(|line| line.len() == len && is_value(text(line)));
        let width = WIDTH.into_iter().find(|width| (1..ROWS).all(|row| is_like(row * width)))?;
        let third = lines.get((ROWS - 1) * width)?.start..lines.first()?.start;
        let dense = memchr::memchr_iter(b'\n', text(&third)).count() == (ROWS - 1) * width;
        lines.extend(above.take(2 * width));
        let at = column(&lines, width, text)?;
        let first = ROWS * width + at;
        let header = lines.get(first + 1 - width..=first)?;
        let heads = |line: &Range<usize>| {
            line.len() <= HEADING_MAX && text(line).iter().filter(|b| b.is_ascii_digit()).count() < 4
        };
        if !header.iter().all(heads) {
            return None;
        }
        let row = |row: &[Range<usize>]| row.iter().rev().map(|line| Piece::of(view, line.clone())).collect::<Vec<_>>();
        let mut rows = vec![Cells::stacked(row(header))];
        // The third row may end with this line.
        let is_whole = at + 1 == width;
        for n in (usize::from(!is_whole)..ROWS).rev() {
            let last = n * width + at + 1 - width;
            let cells = row(lines.get(last..last + width)?);
            rows.push(Cells::stacked(cells));
        }
        let begun = if is_whole { Vec::new() } else { row(lines.get(..=at)?) };
        Some((Self { width, at, row: begun, dense }, rows))
    }

    /// Takes the next line, which is one more cell; gives the row that ends with it. `None`: it fits no row.
    pub(super) fn next(&mut self, line: Piece, view: &View) -> Option<Option<Line>> {
        let text = line.text(view);
        if text.is_empty() && !self.dense {
            return Some(None);
        }
        if line.len() > CELL_MAX || self.row.len() == self.at && !text.is_empty() && !is_value(text) {
            return None;
        }
        self.row.push(line);
        let is_whole = self.row.len() == self.width;
        Some(is_whole.then(|| Cells::stacked(std::mem::take(&mut self.row)).into_line()))
    }

    /// What was read of the row that has not ended.
    pub(super) fn row(&self) -> &[Piece] {
        &self.row
    }

    /// Copies that out of the window.
    pub(super) fn keep(&mut self, view: &View) {
        self.row.iter_mut().for_each(|cell| cell.keep(view));
    }

    /// The row that has not ended, if its number was read; else the lines that were read of it.
    pub(super) fn end(self) -> (Option<Line>, Vec<Piece>) {
        if self.row.len() > self.at {
            (Some(Cells::stacked(self.row).into_line()), Vec::new())
        } else {
            (None, self.row)
        }
    }
}

/// Whether a line is a number of somebody, or one with letters as passports and cards have. Without the blanks around it
/// none is longer than a number.
pub(super) fn is_value(line: &[u8]) -> bool {
    const LEN: std::ops::RangeInclusive<usize> = 8..=15;
    const DIGITS_MIN: usize = 7;
    is_number(line)
        || LEN.contains(&line.len())
            && line.iter().all(u8::is_ascii_alphanumeric)
            && line.iter().filter(|b| b.is_ascii_digit()).count() >= DIGITS_MIN
}

/// In which column the numbers stand: as far behind a `1` with a `2` below, as a table goes on behind another behind a `10`
/// with `11` and `12` below, or behind where the header begins, else in the last.
fn column<'t>(lines: &[Range<usize>], width: usize, text: impl Fn(&Range<usize>) -> &'t [u8]) -> Option<usize> {
    let is = |at: usize, number: &[u8]| lines.get(at).is_some_and(|line| text(line) == number);
    let counted = (0..width).find(|at| is(2 * width + at, b"1") && is(width + at, b"2"));
    let count = |at: usize| lines.get(at).and_then(|line| str::from_utf8(text(line)).ok()?.parse::<u16>().ok());
    let goes_on = |at: &usize| {
        let [third, second, first] = [*at, width + at, 2 * width + at].map(count);
        first.is_some_and(|n| second == n.checked_add(1) && third == n.checked_add(2))
    };
    let counted = counted.or_else(|| (0..width).find(goes_on));
    let begins = || (lines.len() - 1).checked_sub(ROWS * width).filter(|at| *at < width);
    counted.or_else(begins).or_else(|| width.checked_sub(1))
}

/// Empty lines between two cells.
const BLANKS_MAX: usize = 8;

/// The lines above a place, from the nearest on, but for empty ones; up to one that is no cell.
struct Above<'v> {
    view: &'v View,
    at: usize,
}

impl Iterator for Above<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        for _ in 0..=BLANKS_MAX {
            let text = self.view.text.get(..self.at.checked_sub(1)?)?;
            let near = text.get(text.len().saturating_sub(LINE_MAX)..)?;
            let start =
                memchr::memrchr(b'\n', near).map_or(text.len() - near.len(), |n| text.len() - near.len() + n + 1);
            self.at = start;
            let line = text.get(start..)?;
            let blank = line.len() - line.trim_ascii_start().len();
            let range = start + blank..start + blank + line.trim_ascii().len();
            if range.len() > CELL_MAX {
                return None;
            }
            if !range.is_empty() {
                return Some(range);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn a_table_over_the_border_of_a_window_is_whole() {
        let names = ["Trần Văn An", "Lê Thị Bé", "Phạm Văn Cường", "Đỗ Thị Dung", "Hồ Văn Em", "Vũ Thị Gái"];
        let row = |(n, name): (usize, &&str)| {
            format!("{}\n{name}\n01/02/198{n}\n{}\n", n + 1, 7_912_345_001_u64 + 37 * n as u64)
        };
        let rows: String = names.iter().enumerate().map(row).collect();
        let table = format!("STT\nHọ và tên\nNgày sinh\nMã số BHXH\n{rows}");
        let before = "Chữ thường, không có gì.\n".repeat(3_000);
        let border = crate::object::BLOCK - chot_detectors::CONTEXT_BYTES;
        for behind in (0..table.len() + 40).step_by(9) {
            let from = before.char_indices().map(|(at, _)| at).find(|at| before.len() - at <= border - behind);
            let (_, above) = before.split_at(from.unwrap_or_default());
            let text = format!("{above}\n{table}\n{before}");
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
            let found = (inspection.distinct(DetectorId::Bhxh), inspection.persons);
            assert_eq!(found, (names.len() as u64, names.len() as u64), "{behind}: {inspection:?}");
        }
    }

    #[test]
    fn a_cell_a_line_is_a_table() {
        let names = ["Trần Văn An", "Lê Thị Bé", "Phạm Văn Cường", "Đỗ Thị Dung", "Hồ Văn Em", "Vũ Thị Gái"];
        let record = |n: usize, end: &str| {
            let number = 7_912_345_001_u64 + 37 * n as u64;
            format!("{}{end}{}{end}01/02/198{n}{end}{number}{end}", n + 1, names[n])
        };
        let table = |heading: &str, end: &str| {
            let rows: String = (0..names.len()).map(|n| record(n, end)).collect();
            format!("STT{end}Họ và tên{end}Ngày sinh{end}{heading}{end}{rows}")
        };
        let on_slides = |heading: &str| {
            let row = |n: usize, name: &str| {
                let number = 7_912_345_001_u64 + 37 * n as u64;
                format!("{n}\n{name} {}\n01/02/198{}\n{number}\n{n} đường Lê Lợi\n", ["Hà", "Vy"][n / 13], n % 9)
            };
            let slide = |first: usize| {
                let rows: String = names.iter().enumerate().map(|(n, name)| row(first + n, name)).collect();
                format!("DANH SÁCH\nSTT\nHọ và tên\nNgày sinh\n{heading}\nĐịa chỉ\n{rows}")
            };
            slide(7) + &slide(13)
        };
        let without = |text: String| text.lines().filter(|line| line.len() > 2).collect::<Vec<_>>().join("\n");
        let long = "Chữ thường, không có gì.\n".repeat(5_000);
        for (text, found) in [
            (table("Mã số BHXH", "\n"), names.len()),
            (table("Mã số BHXH", "\r\n"), names.len()),
            (table("Mã số BHXH", "\n\n"), names.len()),
            (format!("DANH SÁCH\n{}Người lập\nTrần Văn An\n", table("Mã số BHXH", "\n")), names.len()),
            (format!("{long}{}{long}", table("Mã số BHXH", "\n")), names.len()),
            // Another table right behind.
            (
                format!(
                    "{}Họ tên\tMã số BHXH\nTrần Văn Bảy\t7912347777\nLê Thị Tám\t7912348888\n",
                    table("Mã số BHXH", "\n")
                ),
                names.len() + 2,
            ),
            // An empty cell.
            (table("Mã số BHXH", "\n").replace("01/02/1983", ""), names.len()),
            // Goes on where the table of another slide ended, and has a column behind the number.
            (on_slides("Mã số BHXH"), 2 * names.len()),
            (on_slides("Mã đơn hàng"), 0),
            (table("Mã đơn hàng", "\n"), 0),
            (table("Ghi chú", "\n"), 0),
            (without(table("Mã đơn hàng", "\n")), 0),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found as u64, "{text}");
            assert!(found == 0 || inspection.persons == found as u64, "{} persons: {text}", inspection.persons);
        }
    }
}
