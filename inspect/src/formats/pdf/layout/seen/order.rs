//! Whether a table was drawn in the order of its rows.

/// A text of a table.
#[derive(Clone, Copy)]
pub(super) struct Drawn {
    /// When it was drawn.
    pub(super) drawn: usize,
    /// Its row, counted from the top, and its column.
    pub(super) row: usize,
    pub(super) column: usize,
    /// Numbers stand there.
    pub(super) is_number: bool,
}

/// Whether texts, in the order in which they were drawn, leave rows and come back to them.
pub(super) fn is_torn(texts: &[Drawn]) -> bool {
    let rows = 1 + texts.iter().map(|text| text.row).max().unwrap_or_default();
    let (mut climbs, mut torn) = (0, 0);
    for pair in texts.windows(2) {
        let [a, b] = pair else { continue };
        let climb = a.row.saturating_sub(b.row);
        climbs += climb;
        // A line that was put to the next row is followed by the cell beside it.
        torn += if climb > 1 || b.column <= a.column { climb } else { 0 };
    }
    if climbs == 0 {
        return comes_back(texts);
    }
    torn * 2 >= rows && torn > 1 && !are_beside(texts, rows)
}

/// Whether cells of several lines were drawn line by line over all of them, numbers among them.
fn comes_back(texts: &[Drawn]) -> bool {
    let (mut torn, mut rows) = (0, 0);
    for row in texts.chunk_by(|a, b| a.row == b.row) {
        let cells = row.chunk_by(|a, b| a.column == b.column).filter_map(<[Drawn]>::first);
        let mut numbers: Vec<usize> = cells.filter(|cell| cell.is_number).map(|cell| cell.column).collect();
        let visits = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        rows += usize::from(visits > 0);
        torn += usize::from(visits > numbers.len());
    }
    // One may be a sum right below the last row.
    torn > 1 && torn * 3 >= rows
}

/// Whether there are two tables beside each other that were drawn row by row, one after the other.
fn are_beside(texts: &[Drawn], rows: usize) -> bool {
    let mut tables: Vec<(usize, usize)> = Vec::new();
    for table in texts.chunk_by(|a, b| a.row <= b.row + rows / 2) {
        let from = table.iter().map(|text| text.column).min().unwrap_or_default();
        let to = table.iter().map(|text| text.column).max().unwrap_or_default();
        let both = table.chunk_by(|a, b| a.row == b.row).filter(|row| row.iter().any(|t| t.column != row[0].column));
        if both.count() > 1 {
            tables.push((from, to));
        }
    }
    tables.sort_unstable();
    tables.len() > 1 && tables.windows(2).all(|pair| matches!(pair, [a, b] if a.1 < b.0))
}
