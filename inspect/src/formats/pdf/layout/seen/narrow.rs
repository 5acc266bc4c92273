//! Narrow cells as somebody saw them on a picture: nothing is known but where texts stand, so rows are what puts the pieces of
//! most numbers together.

use super::LEADING_MAX;
use super::rows::{Rows, Text};
use crate::formats::pdf::layout::is_number;

impl Rows<'_, '_> {
    /// Rows parted by white, or else in the way that puts more numbers together.
    pub(super) fn find_on_picture(&mut self, numbers: &[bool]) {
        self.by_white();
        let by_white = self.whole(numbers);
        let rows: Vec<f64> = self.texts.iter().map(|text| text.row).collect();
        let columns: Vec<Option<usize>> = self.texts.iter().map(|text| text.column).collect();
        let set = self.texts.iter_mut().filter(|text| text.column.is_some());
        set.for_each(|text| text.row = f64::NAN);
        let tight = std::mem::replace(&mut self.tight, LEADING_MAX * self.size);
        self.find();
        if self.whole(numbers) <= by_white {
            self.tight = tight;
            for ((text, row), column) in self.texts.iter_mut().zip(rows).zip(columns) {
                (text.row, text.column) = (row, column);
            }
        }
    }

    /// How many cells of the columns of numbers are one.
    fn whole(&self, numbers: &[bool]) -> usize {
        let columns = self.columns.iter().zip(numbers).filter(|(_, is_number)| **is_number);
        let whole = columns.map(|(column, _)| {
            let texts: Vec<&Text<'_>> = column.iter().filter_map(|n| self.texts.get(*n)).collect();
            let cells = texts.chunk_by(|a, b| a.row == b.row);
            cells.filter(|cell| is_number(&cell.iter().map(|t| t.segment.words()).collect::<String>())).count()
        });
        whole.sum()
    }
}
