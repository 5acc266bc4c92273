//! Titles above the headings of a table whose first rows alone are looked at for them.

use super::{Row, TITLE_ROWS, Table, filled};
use crate::inquiry::Inquiry;

/// Cells of a title that hold anything: the office on the left and the motto on the right.
const FILLED_MAX: usize = 2;

/// The rows before that of the headings, as long as they may be titles.
#[derive(Default)]
pub(crate) struct Titles {
    rows: Vec<(u64, Row)>,
    /// A row came that is no title: what follows has no headings.
    over: bool,
}

impl Titles {
    /// Whether the next row may be that of the headings.
    pub(crate) const fn may_go_on(&self) -> bool {
        !self.over
    }

    /// Takes a row that holds no heading.
    pub(crate) fn hold(&mut self, number: u64, row: Row) {
        self.over = self.rows.len() >= TITLE_ROWS || !is_title(&row);
        if self.over {
            self.rows = Vec::new();
        } else {
            self.rows.push((number, row));
        }
    }

    /// Gives them to the table that begins below.
    pub(crate) fn begin(&mut self, mut table: Table, inquiry: &mut Inquiry) -> Table {
        for (number, row) in std::mem::take(&mut self.rows) {
            table.row(number, row, inquiry);
        }
        table
    }
}

/// A row that is blank but for a text or two.
fn is_title(row: &Row) -> bool {
    let filled = filled(row);
    let is_text = |text: &[u8]| text.iter().any(|b| b.is_ascii_alphabetic());
    filled == 0 || filled <= FILLED_MAX && row.iter().any(|(_, view)| is_text(&view.text))
}
