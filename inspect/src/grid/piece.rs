//! The lines of running text, their cells and rows, as places: nothing is copied before a table seems to be there.

use std::ops::Range;

use crate::table::Row;
use crate::view::View;

/// A line or a cell: a place in the window, or a copy once the window moves on.
pub(super) struct Piece {
    /// Where it begins in the whole text.
    base: u64,
    len: usize,
    kept: Option<Box<View>>,
}

impl From<View> for Piece {
    fn from(view: View) -> Self {
        Self { base: view.base, len: view.text.len(), kept: Some(Box::new(view)) }
    }
}

impl Piece {
    /// A range of the window.
    pub(super) fn of(view: &View, range: Range<usize>) -> Self {
        Self { base: view.base + range.start as u64, len: range.len(), kept: None }
    }

    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Where it ends in the whole text.
    pub(super) const fn end(&self) -> u64 {
        self.base + self.len as u64
    }

    /// Its bytes, given the window.
    pub(super) fn text<'t>(&'t self, view: &'t View) -> &'t [u8] {
        match &self.kept {
            Some(kept) => &kept.text,
            None => view.text.get(self.within(view)).unwrap_or_default(),
        }
    }

    pub(super) fn within(&self, view: &View) -> Range<usize> {
        let start = self.base.saturating_sub(view.base) as usize;
        start..start + self.len
    }

    /// The same piece once more.
    pub(super) fn twin(&self) -> Self {
        let Self { base, len, kept } = self;
        Self { base: *base, len: *len, kept: kept.as_ref().map(|kept| Box::new(copy(kept, 0..*len, *base))) }
    }

    /// A part of it without the blanks around.
    pub(super) fn part(&self, range: Range<usize>, view: &View) -> Self {
        let bytes = self.text(view).get(range.clone()).unwrap_or_default();
        let blank = bytes.len() - bytes.trim_ascii_start().len();
        let len = bytes.trim_ascii().len();
        let (start, base) = (range.start + blank, self.base + (range.start + blank) as u64);
        let kept = self.kept.as_ref().map(|kept| Box::new(copy(kept, start..start + len, base)));
        Self { base, len, kept }
    }

    /// Drops the blanks at its end.
    pub(super) fn trim(&mut self, view: &View) {
        self.len = self.text(view).trim_ascii_end().len();
        if let Some(kept) = &mut self.kept {
            kept.trim(0);
        }
    }

    /// Copies it out of the window.
    pub(super) fn keep(&mut self, view: &View) {
        if self.kept.is_none() {
            self.kept = Some(Box::new(copy(view, self.within(view), self.base)));
        }
    }

    /// A copy of it.
    pub(super) fn to_view(&self, view: &View) -> View {
        match &self.kept {
            Some(kept) => copy(kept, 0..self.len, self.base),
            None => copy(view, self.within(view), self.base),
        }
    }

    fn into_view(self, view: &View) -> View {
        match self.kept {
            Some(kept) => *kept,
            None => copy(view, self.within(view), self.base),
        }
    }
}

fn copy(view: &View, range: Range<usize>, base: u64) -> View {
    let mut copy = View::default();
    copy.push_view(view, range);
    copy.base = base;
    copy
}

/// A row of a table that is still where it was found.
pub(super) enum Line {
    /// Of one cell in the first column: most that are read once more have nothing else, and none of them asks for memory.
    One(Piece),
    Several {
        cells: Vec<Piece>,
        /// The columns they stand in, when it is not one behind the other.
        columns: Vec<usize>,
    },
}

impl Line {
    /// A line above items of a list, which says what their numbers are.
    pub(super) fn above_items(line: &Piece) -> Self {
        Self::under(vec![line.twin()], vec![1])
    }

    /// Cells and the columns they stand in.
    pub(super) const fn under(cells: Vec<Piece>, columns: Vec<usize>) -> Self {
        Self::Several { cells, columns }
    }

    fn pieces(&self) -> &[Piece] {
        match self {
            Self::One(cell) => std::slice::from_ref(cell),
            Self::Several { cells, .. } => cells,
        }
    }

    /// The cells, each with its column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &Piece)> + Clone {
        let columns = match self {
            Self::One(_) => &[],
            Self::Several { columns, .. } => columns.as_slice(),
        };
        let column = |(n, cell)| (columns.get(n).copied().unwrap_or(n), cell);
        self.pieces().iter().enumerate().map(column)
    }

    pub(super) fn first(&self) -> Option<&Piece> {
        self.pieces().first()
    }

    pub(super) fn last(&self) -> Option<&Piece> {
        self.pieces().last()
    }

    pub(super) fn len(&self) -> usize {
        self.pieces().len()
    }

    /// Drops what stands in it.
    pub(super) fn clear(&mut self) {
        *self = Self::under(Vec::new(), Vec::new());
    }

    /// Copies it out of the window.
    pub(super) fn keep(&mut self, view: &View) {
        match self {
            Self::One(cell) => cell.keep(view),
            Self::Several { cells, .. } => cells.iter_mut().for_each(|cell| cell.keep(view)),
        }
    }

    /// The same for a table.
    pub(super) fn into_row(self, view: &View) -> Row {
        match self {
            Self::One(cell) => [(0, cell.into_view(view))].into_iter().collect(),
            Self::Several { cells, columns } => {
                let column = |(n, cell): (usize, Piece)| (columns.get(n).copied().unwrap_or(n), cell.into_view(view));
                cells.into_iter().enumerate().map(column).collect()
            }
        }
    }
}

impl From<Piece> for Line {
    fn from(piece: Piece) -> Self {
        Self::One(piece)
    }
}
