//! Rows of one cell each that are lines of a list: a file of commas that a spreadsheet opened into its first column,
//! because its list separator is another.

use super::{COLUMNS_MAX, Heading, Row, filled, is_blank};
use crate::inquiry::Inquiry;
use crate::view::View;

/// What parts such lines, the rarest in other texts first.
const SIGNS: [u8; 4] = [b'\t', b'|', b';', b','];
/// Fewer lines are no list.
const ROWS_MIN: usize = 3;

/// How such rows are cut.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    sign: u8,
    /// The column they all stand in.
    pub(super) column: usize,
}

impl Cut {
    /// How to cut rows that are lines, at a sign that most of them have, so that one heads the others.
    pub(super) fn of(rows: &[(u64, Row)], inquiry: &mut Inquiry) -> Option<Self> {
        if rows.len() < ROWS_MIN || rows.iter().any(|(_, row)| filled(row) != 1) {
            return None;
        }
        let (column, _) = rows.iter().flat_map(|(_, row)| row).rfind(|(_, view)| !is_blank(&view.text))?;
        let cut = |sign: &u8| Self { sign: *sign, column: *column };
        SIGNS.iter().map(cut).find(|cut| {
            let parts = |row: &Row| row.iter().any(|(_, view)| memchr::memchr(cut.sign, &view.text).is_some());
            if rows.iter().filter(|(_, row)| parts(row)).count() * 2 <= rows.len() {
                return false;
            }
            let lines: Vec<Row> = rows.iter().map(|(_, row)| cut.row(row)).collect();
            let cells = |line: &'_ Row| line.iter().map(|(_, view)| view.text.clone()).collect::<Vec<_>>();
            let texts: Vec<Vec<Vec<u8>>> = lines.iter().map(cells).collect();
            Heading::of(texts.iter().map(|line| line.iter().map(Vec::as_slice)), inquiry).header.is_some()
        })
    }

    /// The cells of a line, of which the last is all that is left of one without end; a row that is none stays as it is.
    pub(super) fn row(self, row: &Row) -> Row {
        let mut cells = Row::new();
        for (at, view) in row {
            if *at != self.column {
                cells.push((*at, view.copy()));
                continue;
            }
            let (mut start, mut quoted) = (0, false);
            for (end, b) in view.text.iter().enumerate() {
                quoted ^= *b == b'"';
                if *b == self.sign && !quoted && cells.len() < COLUMNS_MAX {
                    cells.push((*at + cells.len(), piece(view, start, end)));
                    start = end + 1;
                }
            }
            cells.push((*at + cells.len(), piece(view, start, view.text.len())));
        }
        cells
    }
}

/// What stands from one sign to the next, without blanks and quotes around.
fn piece(view: &View, mut start: usize, mut end: usize) -> View {
    let around = |at: usize| view.text.get(at).is_some_and(|b| b.is_ascii_whitespace() || *b == b'"');
    while start < end && around(start) {
        start += 1;
    }
    while start < end && around(end - 1) {
        end -= 1;
    }
    let mut piece = View::default();
    piece.push_view(view, start..end);
    piece
}
