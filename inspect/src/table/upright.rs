//! Numbers written down a column, a digit a row: what announces them stands above the first digit or before it.
//!
//! A longer column of single letters is no number.

use super::Table;
use super::comb::{self, BOXES, Said};
use crate::inquiry::{Found, Inquiry, Place};
use crate::view::View;

/// Columns of letters under way at a time.
const COLUMNS_MAX: usize = 64;
/// Rows between two letters that are left out.
const GAP_MAX: u64 = 2;

/// The columns under way.
#[derive(Default)]
pub(super) struct Uprights {
    columns: Vec<Upright>,
    /// The cells of the row before, which may be headings.
    above: Vec<(usize, Vec<u8>)>,
}

struct Upright {
    column: usize,
    /// The last row.
    row: u64,
    letters: Vec<(usize, View)>,
    said: Said,
}

fn is_letter(view: &View) -> bool {
    matches!(view.text.trim_ascii(), [b] if b.is_ascii_alphanumeric())
}

impl Uprights {
    /// Takes a row. What ended with the row before is found, with its first row and its column.
    pub(super) fn row(
        &mut self,
        number: u64,
        row: &[(usize, View)],
        place: &Place,
        inquiry: &mut Inquiry,
    ) -> Vec<(u64, usize, Vec<Found>)> {
        let is_plain = !row.iter().any(|(_, view)| is_letter(view));
        let goes_on = |open: &Upright| {
            let cell = row.iter().find(|(at, _)| *at == open.column);
            cell.is_some_and(|(_, view)| is_letter(view)) && number <= open.row + GAP_MAX
        };
        let ended: Vec<Upright> = self.columns.extract_if(.., |open| !goes_on(open)).collect();
        let found = ended.iter().filter_map(|open| open.read(place, inquiry)).collect();
        if is_plain {
            self.remember(row);
            return found;
        }
        let mut before: Option<&View> = None;
        for (at, view) in row {
            if !is_letter(view) {
                before = Some(view).filter(|view| !view.text.trim_ascii().is_empty()).or(before);
                continue;
            }
            let at = *at;
            if let Some(open) = self.columns.iter_mut().find(|open| open.column == at) {
                open.row = number;
                // One more than fits is enough to know that it does not.
                if open.letters.len() <= *BOXES.end() {
                    open.letters.push((open.letters.len(), view.copy()));
                }
            } else if self.columns.len() < COLUMNS_MAX {
                let mut said = Said::default();
                match (self.above.iter().find(|(column, _)| *column == at), before) {
                    (_, Some(before)) => said.take(&before.text),
                    (Some((_, above)), None) => said.take(above),
                    (None, None) => {}
                }
                self.columns.push(Upright { column: at, row: number, letters: vec![(0, view.copy())], said });
            }
        }
        found
    }

    /// Remembers a row that may hold headings. Its room serves the next: nearly all rows are these.
    fn remember(&mut self, row: &[(usize, View)]) {
        const TEXT_MAX: usize = 128;
        self.above.resize_with(row.len().min(COLUMNS_MAX), Default::default);
        for ((column, text), (at, view)) in self.above.iter_mut().zip(row) {
            *column = *at;
            text.clear();
            text.extend_from_slice(view.text.get(..view.text.len().min(TEXT_MAX)).unwrap_or_default());
        }
    }

    /// No row follows.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) -> Vec<(u64, usize, Vec<Found>)> {
        self.above.clear();
        std::mem::take(&mut self.columns).iter().filter_map(|open| open.read(place, inquiry)).collect()
    }
}

impl Upright {
    fn read(&self, place: &Place, inquiry: &mut Inquiry) -> Option<(u64, usize, Vec<Found>)> {
        if !BOXES.contains(&self.letters.len()) {
            return None;
        }
        let (_, found) = comb::read(place, &self.letters, &self.said, false, inquiry)?;
        let first = self.row.saturating_sub(self.letters.len() as u64 - 1);
        (!found.is_empty()).then_some((first, self.column, found))
    }
}

impl Table {
    /// Reports what was written down a column.
    pub(super) fn stand_upright(&self, found: Vec<(u64, usize, Vec<Found>)>, inquiry: &mut Inquiry) {
        for (row, column, found) in found {
            for mut f in found {
                if self.name.is_some() {
                    f.finding.part = self.part(row, column);
                }
                if let Some(mark) = inquiry.report(f) {
                    inquiry.people.record(&[mark], false);
                }
            }
        }
    }
}
