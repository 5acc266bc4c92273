//! Rows whose cells come one by one, each from a place of its own: no cell is an allocation.

use super::{Cell, Line, Met, Table};
use crate::inquiry::Inquiry;
use crate::view::View;

/// Text of a row; a longer one is several.
const TEXT_MAX: usize = 1 << 20;
/// Cells of the rows at hand, twice what any program shows in one: more are several rows.
const CELLS_MAX: usize = 1 << 15;

/// The cells of the rows at hand, and the text they stand in.
#[derive(Default)]
pub(crate) struct Gathered {
    /// What is appended to it is the text of the next cell.
    pub(crate) text: Vec<u8>,
    cells: Vec<Cell>,
    /// Where the next cell begins.
    start: usize,
    /// Cells that stand in several pieces, by their place among the cells.
    odd: Vec<(usize, View)>,
    /// Rows that have ended: their numbers, and how many cells end with each.
    rows: Vec<(u64, usize)>,
    /// A cell with nothing in it is one like others.
    with_empty: bool,
}

impl Gathered {
    /// Of rows in which cells with nothing in them count.
    pub(crate) fn with_empty() -> Self {
        Self { with_empty: true, ..Self::default() }
    }

    /// Adds the cell of what was appended, which stands at this address of the object, if it is known.
    #[inline]
    pub(crate) fn push(&mut self, column: usize, at: Option<u64>) {
        let cell = self.next(column).standing(at);
        self.cells.push(cell);
    }

    /// As [`Self::push`], of a number that takes `len` bytes of the object.
    #[inline]
    pub(crate) fn push_number(&mut self, column: usize, at: Option<u64>, len: u8) {
        let cell = self.next(column).standing(at).number(len);
        self.cells.push(cell);
    }

    /// As [`Self::push`], of what stands as `view` does.
    pub(crate) fn push_odd(&mut self, column: usize, view: View) {
        self.odd.push((self.cells.len(), view));
        self.push(column, None);
    }

    /// Adds a cell as it was read.
    #[inline]
    pub(crate) fn push_view(&mut self, column: usize, view: &View) {
        self.text.extend_from_slice(&view.text);
        match view.sole().filter(|_| !view.number) {
            None if !view.text.is_empty() => self.push_odd(column, view.copy()),
            at => self.push(column, at),
        }
    }

    /// Keeps the place of a cell whose text comes later.
    #[inline]
    pub(crate) fn keep(&mut self, column: usize) -> usize {
        self.cells.push(Cell::new(column, 0, 0));
        self.cells.len() - 1
    }

    /// What was appended is the text of the cell that has this place, as [`Self::push`] has it: a text of this number, which
    /// others may show, and of which that much is known.
    #[inline]
    pub(crate) fn fill(&mut self, place: usize, at: Option<u64>, (text, met): (u32, Met)) {
        if let Some(column) = self.cells.get(place).map(|cell| cell.column as usize) {
            let cell = self.next(column).standing(at).showing(text, met);
            self.cells[place] = cell;
        }
    }

    /// As [`Self::fill`], where nothing was appended: the table [knows](Table::knows) what the text comes to.
    #[inline]
    pub(crate) fn fill_known(&mut self, place: usize, len: usize, at: u64, text: (u32, Met)) {
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = Cell::known(cell.column as usize, len, at, text);
        }
    }

    /// In which column the cell with this place stands.
    #[inline]
    pub(crate) fn column(&self, place: usize) -> usize {
        self.cells.get(place).map_or(0, |cell| cell.column as usize)
    }

    /// As [`Self::fill`], of what stands as `view` does.
    pub(crate) fn fill_odd(&mut self, place: usize, view: View, text: u32) {
        self.odd.push((place, view));
        self.fill(place, None, (text, Met::default()));
    }

    #[inline]
    fn next(&mut self, column: usize) -> Cell {
        let start = std::mem::replace(&mut self.start, self.text.len());
        Cell::new(column, start, self.start)
    }

    /// Ends a row, unless there is nothing in it. Whether there was.
    pub(crate) fn end_row(&mut self, number: u64) -> bool {
        let some = self.rows.last().map_or(0, |(_, end)| *end) < self.cells.len();
        if some {
            self.rows.push((number, self.cells.len()));
        }
        some
    }

    /// The first cell of the row at hand, if it stands in one piece.
    pub(crate) fn label(&self) -> Option<(usize, View)> {
        let first = self.rows.last().map_or(0, |(_, end)| *end);
        let cells = self.cells.get(first..=first).filter(|_| self.odd.iter().all(|(n, _)| *n != first))?;
        Line { number: 0, text: &self.text, at: None, cells }.row().pop()
    }

    /// There is more than a row of any program holds.
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.text.len() > TEXT_MAX || self.cells.len() > CELLS_MAX
    }

    /// Rows that have ended.
    pub(crate) const fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Gives the rows that have ended to a table, and begins anew.
    pub(crate) fn give(&mut self, table: &mut Table, inquiry: &mut Inquiry) {
        self.give_with(table, |_, _| {}, inquiry);
    }

    /// As [`Self::give`]; `show` appends a text that is [known](Self::fill_known), by its number.
    pub(crate) fn give_with(&mut self, table: &mut Table, show: impl Fn(u32, &mut Vec<u8>), inquiry: &mut Inquiry) {
        let mut start = 0;
        self.odd.sort_by_key(|(n, _)| *n);
        let mut odd = self.odd.drain(..).peekable();
        for (number, end) in self.rows.drain(..) {
            let cells = self.cells.get_mut(start..end).unwrap_or_default();
            let in_pieces = odd.peek().is_some_and(|(n, _)| *n < end);
            let mut taken = !in_pieces && table.line(&Line { number, text: &self.text, at: None, cells }, inquiry);
            if !taken && complete(cells, &mut self.text, &show) && !in_pieces {
                taken = table.line(&Line { number, text: &self.text, at: None, cells }, inquiry);
            }
            if !taken {
                let mut row = Line { number, text: &self.text, at: None, cells }.row();
                while let Some((n, view)) = odd.next_if(|(n, _)| *n < end) {
                    if let Some((_, slot)) = row.get_mut(n - start) {
                        *slot = view;
                    }
                }
                row.retain(|(_, view)| self.with_empty || !view.text.is_empty());
                if !row.is_empty() {
                    table.row(number, row, inquiry);
                }
            }
            start = end;
        }
        drop(odd);
        self.cells.clear();
        self.text.clear();
        self.start = 0;
    }
}

/// Gives cells the texts they lack; whether there are any.
fn complete(cells: &mut [Cell], text: &mut Vec<u8>, show: impl Fn(u32, &mut Vec<u8>)) -> bool {
    let mut any = false;
    for cell in cells {
        if let Some(number) = cell.lacks() {
            let start = text.len();
            show(number, text);
            *cell = cell.with_text(start, text.len());
            any = true;
        }
    }
    any
}
