//! Rows split into cells where they stand, with quotes or without.

use std::ops::Range;

use chot_detectors::{BLOCK, among};

use super::ROW_MAX;
use crate::table::Cell;

/// The delimiters, quotes and parts of line ends in a text, one behind the other, as far as whole blocks reach: near
/// its end, rows are read like those that are cut by it.
pub(super) struct Marks<'b> {
    bytes: &'b [u8],
    /// Where the block begins, and which bytes of it are still to be told.
    block: usize,
    left: u64,
    signs: [u8; 4],
}

impl<'b> Marks<'b> {
    pub(super) fn new(bytes: &'b [u8], from: usize, delimiter: u8) -> Self {
        let signs = [delimiter, b'"', b'\n', b'\r'];
        let left = bytes.get(from..).and_then(<[u8]>::first_chunk).map_or(0, |block| among(block, signs));
        Self { bytes, block: from, left, signs }
    }

    /// The next one of a row that begins at `row`.
    #[inline(always)]
    fn next(&mut self, row: usize) -> Option<usize> {
        while self.left == 0 {
            let block = self.bytes.get(self.block + BLOCK..)?.first_chunk()?;
            self.block += BLOCK;
            self.left = among(block, self.signs);
            // No further than a row may.
            if self.block - row >= ROW_MAX {
                return None;
            }
        }
        let at = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }
}

/// Splits the row that begins at `row`, of which no mark was told yet, into cells and tells where the next begins;
/// `None` when its end is not there, or a cell is not what stands between two delimiters or quotes.
#[inline(never)]
pub(super) fn split(marks: &mut Marks<'_>, row: usize, cells: &mut Vec<Cell>) -> Option<usize> {
    cells.clear();
    // A copy of its own stays in registers.
    let mut own = Marks { ..*marks };
    let (bytes, [delimiter, ..], mut start) = (own.bytes, own.signs, row);
    loop {
        let at = own.next(row)?;
        let b = *bytes.get(at)?;
        if b == delimiter {
            push(bytes, row, start..at, cells);
            start = at + 1;
        } else if b == b'\n' {
            push(bytes, row, start..at, cells);
            *marks = own;
            return (at - row < ROW_MAX).then_some(at + 1);
        } else if b == b'"' && at == start {
            *marks = own;
            let (behind, ends) = quoted(marks, row, start, cells)?;
            if ends {
                return (behind - row <= ROW_MAX).then_some(behind);
            }
            start = behind;
            own = Marks { ..*marks };
        } else if b != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            // Before the line end it is a blank; elsewhere it is dropped.
            return None;
        }
    }
}

/// Reads the cell whose quote stands at `start`; where the next begins, and whether that is a row.
#[inline(never)]
fn quoted(marks: &mut Marks<'_>, row: usize, start: usize, cells: &mut Vec<Cell>) -> Option<(usize, bool)> {
    let (bytes, [delimiter, ..]) = (marks.bytes, marks.signs);
    let close = loop {
        let at = marks.next(row)?;
        if bytes.get(at) == Some(&b'"') {
            break at;
        }
    };
    push(bytes, row, start + 1..close, cells);
    let (mut behind, mut next) = (marks.next(row)?, close + 1);
    if let Some(b"\r\n") = bytes.get(next..next + 2) {
        behind = marks.next(row)?;
        next += 1;
    }
    match *bytes.get(behind)? {
        // Nothing stands between.
        _ if behind != next => None,
        b'\n' => Some((behind + 1, true)),
        b if b == delimiter => Some((behind + 1, false)),
        _ => None,
    }
}

#[inline(always)]
fn push(bytes: &[u8], row: usize, cell: Range<usize>, cells: &mut Vec<Cell>) {
    let Range { start, end } = trimmed(bytes, cell.start, cell.end);
    cells.push(Cell::new(cells.len(), start - row, end - row));
}

/// What stands between two places, without the blanks around it.
#[inline(always)]
fn trimmed(bytes: &[u8], start: usize, end: usize) -> Range<usize> {
    let blank = |at: usize| bytes.get(at).is_some_and(|b| *b <= b' ');
    // Hardly a cell has any.
    if start < end && (blank(start) || blank(end - 1)) { without_blanks(bytes, start, end) } else { start..end }
}

#[inline(never)]
fn without_blanks(bytes: &[u8], start: usize, end: usize) -> Range<usize> {
    let cell = bytes.get(start..end).unwrap_or_default();
    let start = start + cell.len() - cell.trim_ascii_start().len();
    start..start + cell.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_where_they_stand_as_they_are() {
        let behind = format!("\n a row behind it{}\n", " that goes on".repeat(BLOCK));
        for (row, cells) in [
            ("1,001090123456,x", Some(&["1", "001090123456", "x"][..])),
            (" 1 ,,x\r", Some(&["1", "", "x"])),
            ("\"a,b\",\"c\nd\",\" e \"\r", Some(&["a,b", "c\nd", "e"])),
            ("\"\",\"\"", Some(&["", ""])),
            ("a\"b,c", None),
            ("\"a\"\"b\",c", None),
            ("\"a\" ,c", None),
            ("a\rb,c", None),
        ] {
            let text = format!("{row}{behind}");
            let mut found = Vec::new();
            let end = split(&mut Marks::new(text.as_bytes(), 0, b','), 0, &mut found);
            let found: Vec<_> = found.iter().map(|c| text.get(c.range()).unwrap()).collect();
            assert_eq!(end, cells.map(|_| row.len() + 1), "{row:?}");
            assert!(cells.is_none_or(|cells| cells == found), "{row:?}: {found:?}");
        }
        let cut = "no end of this row in sight ".repeat(BLOCK);
        assert_eq!(split(&mut Marks::new(cut.as_bytes(), 0, b','), 0, &mut Vec::new()), None);
    }
}
