//! The columns of the table that is open, and which of them the cells of a line stand under.

use std::ops::Range;

use chot_detectors::{Column, Detectors};

use super::cells::Cells;
use super::cut::Cut;
use super::piece::{Line, Piece};
use super::{aligned, ruled};
use crate::view::View;

/// The layout of the table that lines are added to.
pub(super) struct Open {
    pub(super) cut: Cut,
    pub(super) cells: usize,
    places: Vec<Range<usize>>,
    /// What the headings say, where nothing else tells the cells apart.
    pub(super) headings: Vec<Column>,
    pub(super) misfits: usize,
}

impl Open {
    pub(super) fn with(first: &Cells) -> Self {
        Self { cut: first.cut, cells: first.row.len(), places: first.places.clone(), headings: Vec::new(), misfits: 0 }
    }

    /// Columns that a drawn line tells.
    pub(super) const fn ruled(places: Vec<Range<usize>>) -> Self {
        Self { cut: Cut::Ruled, cells: places.len(), places, headings: Vec::new(), misfits: 0 }
    }

    /// The row that a line makes in such columns.
    pub(super) fn ruled_row(&mut self, line: &Piece, view: &View) -> Option<Line> {
        let row = ruled::cut(line, &self.places, view)?.into_line();
        self.misfits = 0;
        Some(row)
    }

    /// Whether a drawn line tells the same columns.
    pub(super) fn is_ruled_as(&self, places: &[Range<usize>]) -> bool {
        self.cut == Cut::Ruled && self.places == places
    }

    /// One column of numbers.
    pub(super) const fn numbers() -> Self {
        Self { cut: Cut::Numbers, cells: 1, places: Vec::new(), headings: Vec::new(), misfits: 0 }
    }

    /// Cells that single blanks part, under such headings.
    pub(super) const fn spaced(headings: Vec<Column>) -> Self {
        Self { cut: Cut::Spaces, cells: headings.len(), places: Vec::new(), headings, misfits: 0 }
    }

    /// The same, given what its headings say.
    pub(super) fn under(self, headings: Vec<Column>) -> Self {
        Self { headings, ..self }
    }

    /// Where cells stand on a line says nothing: those of its rows do not stand below each other.
    pub(super) fn forget_places(&mut self) {
        self.places.clear();
    }

    /// Whether a line under these headings is made of others.
    pub(super) fn is_headed_otherwise(&self, cells: &Cells, view: &View, detectors: &Detectors) -> bool {
        !self.headings.is_empty()
            && aligned::headings(cells, view, detectors).is_some_and(|headings| headings != self.headings)
    }

    /// The row that a line makes, when its cells fit the columns.
    pub(super) fn fit(&mut self, mut cells: Cells, view: &View) -> Option<Line> {
        if cells.cut != self.cut {
            return None;
        }
        if cells.framed && cells.row.len() + 2 == self.cells {
            cells.unframe(view);
        }
        let row = if cells.row.len() == self.cells {
            for (place, own) in self.places.iter_mut().zip(&cells.places) {
                *place = place.start.min(own.start)..place.end.max(own.end);
            }
            cells.into_line()
        } else if !self.headings.is_empty() && aligned::is_sum(&cells, view) {
            return None;
        } else {
            let prefix = || self.cut.leaves_out(self.cells, cells.row.len()).then(|| (0..cells.row.len()).collect());
            let columns = self.assign(&cells.places).or_else(prefix);
            // Tabs and pipes stand for empty cells as well, but for the last. Those of a page are set by what one sees.
            let exact = columns.is_some() && matches!(self.cut, Cut::Tab | Cut::Pipe);
            let slack = if exact { aligned::BETTER } else { 0 };
            match aligned::row(&cells, &self.headings, (columns.as_deref(), slack), view) {
                Some(row) => row,
                None => Line::under(cells.row, columns?),
            }
        };
        self.misfits = 0;
        Some(row)
    }

    /// The columns that the cells of a line with fewer of them stand under; `None` when one stands under none or two.
    pub(super) fn assign(&self, cells: &[Range<usize>]) -> Option<Vec<usize>> {
        if cells.len() < 2 || cells.len() >= self.cells {
            return None;
        }
        let mut columns: Vec<usize> = Vec::with_capacity(cells.len());
        for cell in cells {
            let mut under = self.places.iter().enumerate().filter(|(_, p)| p.start < cell.end && cell.start < p.end);
            let (at, _) = under.next()?;
            if under.next().is_some() || columns.last().is_some_and(|last| *last >= at) {
                return None;
            }
            columns.push(at);
        }
        Some(columns)
    }
}
