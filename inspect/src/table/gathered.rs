//! A row whose cells come one by one, each from a place of its own: no cell is an allocation.

use super::{Cell, Line, Table};
use crate::inquiry::Inquiry;
use crate::view::View;

/// The cells of the row at hand, and the text they stand in.
#[derive(Default)]
pub(crate) struct Gathered {
    /// What is appended to it is the text of the next cell.
    pub(crate) text: Vec<u8>,
    cells: Vec<Cell>,
    /// Where the next cell begins.
    start: usize,
    /// Cells that stand in several pieces, by their place among the cells.
    odd: Vec<(usize, View)>,
}

impl Gathered {
    pub(crate) const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Adds the cell of what was appended, which stands at this address of the object, if it is known; an empty one is
    /// none.
    #[inline]
    pub(crate) fn push(&mut self, column: usize, at: Option<u64>) {
        self.add(Cell::new(column, self.start, self.text.len()).standing(at));
    }

    /// As [`Self::push`], of a number that takes `len` bytes of the object.
    #[inline]
    pub(crate) fn push_number(&mut self, column: usize, at: Option<u64>, len: u8) {
        self.add(Cell::new(column, self.start, self.text.len()).standing(at).number(len));
    }

    #[inline]
    fn add(&mut self, cell: Cell) {
        self.start = self.text.len();
        if !cell.is_empty() {
            self.cells.push(cell);
        }
    }

    /// As [`Self::push`], of what stands as `view` does.
    pub(crate) fn push_odd(&mut self, column: usize, view: View) {
        if self.text.len() > self.start {
            self.odd.push((self.cells.len(), view));
        }
        self.push(column, None);
    }

    /// Adds a cell as it was read, also one with nothing in it.
    #[inline]
    pub(crate) fn push_view(&mut self, column: usize, view: &View) {
        self.text.extend_from_slice(&view.text);
        let at = view.sole().filter(|_| !view.number);
        if at.is_none() && !view.text.is_empty() {
            self.odd.push((self.cells.len(), view.copy()));
        }
        self.cells.push(Cell::new(column, self.start, self.text.len()).standing(at));
        self.start = self.text.len();
    }

    /// Gives the row to a table and begins the next.
    pub(crate) fn give(&mut self, number: u64, table: &mut Table, inquiry: &mut Inquiry) {
        if !self.cells.is_empty() {
            let line = Line { number, text: &self.text, at: None, cells: &self.cells };
            if !self.odd.is_empty() || !table.line(&line, inquiry) {
                let mut row = line.row();
                for (n, view) in self.odd.drain(..) {
                    if let Some((_, slot)) = row.get_mut(n) {
                        *slot = view;
                    }
                }
                table.row(number, row, inquiry);
            }
        }
        self.cells.clear();
        self.text.clear();
        self.start = 0;
    }
}
