//! Tables as they are seen. Programs draw them column by column, cell by cell in any order, or line by line through cells
//! of several lines: then the order of drawing tears rows apart, and rows are made from where the texts stand.
//!
//! Only tables with a column of numbers, and blocks with the same labels beside each other, are laid out anew, and only
//! where the order of drawing is another than the rows'. All else stays as it was drawn, running text in columns above all.

mod blocks;
mod lines;
mod narrow;
mod order;
mod rows;
#[cfg(test)]
mod tests;
mod white;

use std::ops::Range;

use super::Cell;
use super::columns::Held;
use lines::{Line, Page};

/// A row of a table, or lines of running text in one cell.
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// It stands across the columns: it parts the rows above and below.
    pub(super) is_across: bool,
}

/// What is laid out in another order than it was drawn.
#[derive(Default)]
pub(super) struct Seen {
    /// The table of each run; nothing when none was drawn in another order than it is seen.
    tables: Vec<Option<usize>>,
    rows: Vec<Vec<Row>>,
}

impl Seen {
    /// Looks for tables on a page; `begins` says which runs begin a cell, however close they stand to the one before. Of a
    /// `picture` there is no order in which it was drawn.
    pub(super) fn of(held: &Held, begins: &[bool], picture: bool) -> Self {
        let mut seen = Self::default();
        if !held.may_be_torn() {
            return seen;
        }
        let page = Page::of(held, begins);
        for region in regions(&page.lines) {
            let Some(lines) = page.lines.get(region) else { continue };
            let Some(rows) = blocks::read(lines).or_else(|| rows::read(lines, picture)) else { continue };
            seen.tables.resize(held.len(), None);
            for run in
                lines.iter().flat_map(|line| &line.segments).flat_map(|s| page.runs.get(s.runs.clone())).flatten()
            {
                if let Some(table) = seen.tables.get_mut(*run) {
                    *table = Some(seen.rows.len());
                }
            }
            seen.rows.push(rows);
        }
        seen
    }

    /// The table that a run is of.
    pub(super) fn table(&self, run: usize) -> Option<usize> {
        self.tables.get(run).copied().flatten()
    }

    /// Its rows, once.
    pub(super) fn take(&mut self, table: usize) -> Vec<Row> {
        self.rows.get_mut(table).map(std::mem::take).unwrap_or_default()
    }
}

/// Lines between which there is more white, in heights of letters, are of two tables.
const APART_MAX: f64 = 6.0;
/// Lines of one cell stand no further apart.
const LEADING_MAX: f64 = 1.6;
/// Lines of one cell between two lines of cells.
const WRAPS_MAX: usize = 40;

/// Lines that may be tables: those with several texts, and what stands between them.
fn regions(lines: &[Line]) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    let mut last: Option<f64> = None;
    for (n, line) in lines.iter().enumerate() {
        let is_near = last.is_some_and(|base| base - line.base <= APART_MAX * line.size);
        last = Some(line.base);
        if !is_near && let Some(region) = regions.last_mut() {
            // Nothing goes on here.
            region.end = region.end.min(n);
        }
        let goes_on = |r: &&mut Range<usize>| is_near && n - r.end <= WRAPS_MAX && are_near(lines, r.end.max(1) - 1..n);
        match (line.segments.len() > 1, regions.last_mut().filter(goes_on)) {
            (true, Some(region)) => region.end = n + 1,
            (true, None) => regions.push(n..n + 1),
            (false, _) => {}
        }
    }
    let ends: Vec<(usize, usize)> = (0..regions.len())
        .map(|n| {
            let before = n.checked_sub(1).and_then(|n| regions.get(n)).map_or(0, |r| r.end);
            (before, regions.get(n + 1).map_or(lines.len(), |r| r.start))
        })
        .collect();
    for (region, (before, behind)) in regions.iter_mut().zip(ends) {
        while region.start > before && are_set_tightly(lines, region.start - 1) {
            region.start -= 1;
        }
        while region.end < behind && are_set_tightly(lines, region.end - 1) {
            region.end += 1;
        }
    }
    regions
}

fn are_near(lines: &[Line], range: Range<usize>) -> bool {
    let lines = lines.get(range.start..=range.end).unwrap_or_default();
    lines.windows(2).all(|pair| matches!(pair, [a, b] if a.base - b.base <= APART_MAX * b.size))
}

/// Whether a line and the next may be of one cell.
fn are_set_tightly(lines: &[Line], at: usize) -> bool {
    match (lines.get(at), lines.get(at + 1)) {
        (Some(a), Some(b)) => a.base - b.base <= LEADING_MAX * a.size.max(b.size),
        _ => false,
    }
}
