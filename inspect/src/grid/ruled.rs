//! Tables whose columns a drawn line tells: `=== ========= ====` (reStructuredText), `--- --------- ----` (sqlcmd,
//! SQL*Plus). Under it cells may stand one blank apart, and none goes on into the next column.

use std::ops::Range;

use super::{Cells, Piece};
use crate::view::View;

/// A line of shorter strokes only is an ornament.
const STROKE_MIN: usize = 3;
/// More columns are an ornament, too.
const COLUMNS_MAX: usize = 256;

/// The columns that a line of strokes tells, in characters.
pub(super) fn columns(line: &[u8]) -> Option<Vec<Range<usize>>> {
    let line = line.trim_ascii_end();
    let sign = *line.trim_ascii_start().first().filter(|b| matches!(b, b'-' | b'='))?;
    if !line.iter().all(|b| *b == sign || *b == b' ') {
        return None;
    }
    let mut columns: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.iter().enumerate().filter(|(_, b)| **b == sign) {
        match columns.last_mut() {
            Some(column) if column.end == at => column.end += 1,
            _ => columns.push(at..at + 1),
        }
    }
    let drawn = columns.iter().any(|column| column.len() >= STROKE_MIN);
    (drawn && (2..=COLUMNS_MAX).contains(&columns.len())).then_some(columns)
}

/// The cells of a line, when nothing stands between its columns and something in two of them. The last goes on to its
/// end.
pub(super) fn cut(line: &Piece, columns: &[Range<usize>], view: &View) -> Option<Cells> {
    let text = line.text(view).trim_ascii_end();
    let mut ranges: Vec<Range<usize>> = Vec::with_capacity(columns.len());
    let (mut at, mut seen) = (0, 0);
    // Letters begin so; marks on them (U+0300 to U+036F) and what follows a first byte take no place.
    let begins = |b: u8| !(0x80..0xc0).contains(&b) && !matches!(b, 0xcc | 0xcd);
    let mut upto = |place: usize, blank: bool| {
        let start = at;
        while let Some(&b) = text.get(at) {
            if seen >= place && begins(b) {
                break;
            }
            if blank && b != b' ' {
                return None;
            }
            seen += usize::from(begins(b));
            at += 1;
        }
        Some(start..at)
    };
    for (n, column) in columns.iter().enumerate() {
        upto(column.start, true)?;
        let end = if n + 1 == columns.len() { usize::MAX } else { column.end };
        ranges.push(upto(end, false)?);
    }
    let row: Vec<Piece> = ranges.into_iter().map(|range| line.part(range, view)).collect();
    let filled = row.iter().filter(|cell| cell.len() > 0).count();
    (filled > 1).then(|| Cells::ruled(row))
}
