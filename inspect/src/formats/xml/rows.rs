//! Tables of other vocabularies, told by what their elements are called: `tr` and `td` as pages have them, `row` and
//! `entry` (DocBook), `row` and `cell`. The first row may hold headings for those behind it.
//!
//! A second look: each value is read by itself as well.

use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table};
use crate::view::View;

const ROWS: [&[u8]; 2] = [b"tr", b"row"];
const CELLS: [&[u8]; 4] = [b"td", b"th", b"entry", b"cell"];
const TABLES: [&[u8]; 3] = [b"table", b"tgroup", b"informaltable"];
/// More cells are no row that people read.
const CELLS_MAX: usize = 256;
/// Longer cells are texts.
const CELL_MAX: usize = 1 << 10;

/// The table at hand.
pub(super) struct Rows {
    place: Place,
    in_row: bool,
    row: Row,
    cell: Option<View>,
    number: u64,
    /// What the rows are given to, once the first held headings.
    table: Option<Table>,
}

fn among(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

impl Rows {
    pub(super) fn new(place: &Place) -> Self {
        let place = Place { again: true, ..place.clone() };
        Self { place, in_row: false, row: Row::new(), cell: None, number: 0, table: None }
    }

    pub(super) fn open(&mut self, name: &[u8]) {
        if self.in_row && among(name, &CELLS) {
            self.cell = Some(View::default());
        } else if among(name, &ROWS) {
            self.in_row = self.number == 0 || self.table.is_some();
            self.row.clear();
        }
    }

    /// Takes the text of an element.
    #[inline]
    pub(super) fn text(&mut self, text: &View) {
        if let Some(cell) = &mut self.cell
            && cell.text.len() + text.text.len() <= CELL_MAX
        {
            if !cell.text.is_empty() {
                cell.push_joint(b" ");
            }
            cell.push_view(text, 0..text.text.len());
        }
    }

    pub(super) fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        if self.cell.is_some() && among(name, &CELLS) {
            if let Some(cell) = self.cell.take().filter(|_| self.row.len() < CELLS_MAX) {
                self.row.push((self.row.len(), cell));
            }
        } else if self.in_row && among(name, &ROWS) {
            self.end_row(inquiry);
        } else if self.number > 0 && among(name, &TABLES) {
            self.end(inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        let row = std::mem::take(&mut self.row);
        self.in_row = false;
        self.number += 1;
        if self.number == 1
            && row.iter().any(|(_, view)| inquiry.column(&String::from_utf8_lossy(&view.text)).is_some())
        {
            self.table = Some(Table::second_look(self.place.clone()));
        }
        if let Some(table) = &mut self.table {
            table.row(self.number, row, inquiry);
        }
    }

    /// No row follows.
    pub(super) fn end(&mut self, inquiry: &mut Inquiry) {
        if let Some(mut table) = self.table.take() {
            table.finish(inquiry);
        }
        (self.number, self.cell) = (0, None);
    }
}
