//! Lists of lists: the first may hold headings for those behind it, as answers of spreadsheets and tables of web pages do.
//!
//! A second look: each value is read by itself as well, under the heading of its column.

use super::Json;
use chot_detectors::Column;

use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table};
use crate::view::View;

/// The rows of one list of lists.
pub(super) struct Rows {
    /// How many levels are open within a row.
    level: usize,
    row: Row,
    number: u64,
    /// What the rows are given to, once the first held headings, and what those announce.
    table: Option<Table>,
    columns: Vec<Option<Column>>,
}

/// Longer rows are vectors.
const CELLS_MAX: usize = 256;

impl Rows {
    /// Whether a value at this level is a cell that says more beside others.
    pub(super) fn wants(&self, level: usize) -> bool {
        level == self.level && self.row.len() < CELLS_MAX && (self.number == 0 || self.table.is_some())
    }

    /// What the heading of the next value announces, if that is a cell.
    pub(super) fn column(&self, level: usize) -> Option<Column> {
        self.columns.get(self.row.len()).copied().flatten().filter(|_| self.wants(level))
    }

    /// Takes a cell.
    pub(super) fn cell(&mut self, value: View) {
        self.row.push((self.row.len(), value));
    }

    fn end_row(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.number += 1;
        let row = std::mem::take(&mut self.row);
        if self.number == 1 {
            let mut announced = |(_, view): &(usize, View)| inquiry.column(&String::from_utf8_lossy(&view.text));
            self.columns = row.iter().map(&mut announced).collect();
            if self.columns.iter().any(Option::is_some) {
                self.table = Some(Table::second_look(Place { again: true, ..place.clone() }));
            }
        }
        if let Some(table) = &mut self.table {
            table.row(self.number, row, inquiry);
        }
    }
}

impl Json {
    /// A list begins, which may be a row of the one around it.
    pub(super) fn begin_list(&mut self) {
        if self.rows.is_none() && self.levels.last().is_some_and(|around| around.array) {
            let level = self.levels.len() + 1;
            self.rows = Some(Box::new(Rows { level, row: Row::new(), number: 0, table: None, columns: Vec::new() }));
        }
    }

    /// A list has ended, and so many levels are open.
    pub(super) fn end_list(&mut self, inquiry: &mut Inquiry) {
        let open = self.levels.len();
        let Some(rows) = &mut self.rows else { return };
        if open + 1 == rows.level {
            rows.end_row(&self.value.place, inquiry);
        } else if open + 1 < rows.level {
            self.end_rows(inquiry);
        }
    }

    /// No row follows.
    pub(super) fn end_rows(&mut self, inquiry: &mut Inquiry) {
        if let Some(mut table) = self.rows.take().and_then(|rows| rows.table) {
            table.finish(inquiry);
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn the_first_list_heads_the_others() {
        let rows = |heading: &str| {
            let row = |n: u32| format!(r#"["{n}", "Nguyễn Văn An", "79012345{n:02}"]"#);
            let rows: Vec<String> = (10..22).map(row).collect();
            format!(
                r#"{{"range": "A1:C13", "values": [["STT", "Họ và tên", "{heading}"], {}], "x": [[1], [2]]}}"#,
                rows.join(",")
            )
        };
        for (heading, found) in [("Mã số BHXH", 12), ("Số tiền", 0)] {
            let bytes = rows(heading).into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{heading}: {inspection:?}");
        }
        for (heading, found) in [("Số CCCD", 12), ("Số hóa đơn", 0), ("Ghi chú", 12)] {
            let bytes = rows(heading).replace("\"79012345", "\"0010901234").into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{heading}: {inspection:?}");
        }
    }

    #[test]
    fn a_document_within_a_string_is_read_as_one() {
        let inner = r#"{\"soCCCD\": 79090123456, \"x\": [\"a\"]}"#;
        for text in [format!(r#"{{"variables": "{inner}"}}"#), format!(r#"["{inner}"]"#)] {
            let bytes = text.into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
        }
    }
}
