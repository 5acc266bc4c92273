//! Tables of other vocabularies, told by what their elements are called: `tr` and `td` as pages have them, `row` and
//! `entry` (DocBook), `row` and `cell`. The first row below the titles may hold headings for those behind it.
//!
//! A second look: each value is read by itself as well.

use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table, Titles};
use crate::view::View;

const ROWS: [&[u8]; 2] = [b"tr", b"row"];
const CELLS: [&[u8]; 6] = [b"td", b"th", b"entry", b"cell", b"c", b"col"];
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
    /// The cell at hand, and which of the names it has.
    cell: Option<(usize, View)>,
    number: u64,
    /// What the rows are given to, once one held headings, and those before it.
    table: Option<Table>,
    titles: Titles,
}

fn which(name: &[u8], names: &[&[u8]]) -> Option<usize> {
    names.iter().position(|n| n.eq_ignore_ascii_case(name))
}

fn among(name: &[u8], names: &[&[u8]]) -> bool {
    which(name, names).is_some()
}

impl Rows {
    pub(super) fn new(place: &Place) -> Self {
        let place = Place { again: true, ..place.clone() };
        let titles = Titles::default();
        Self { place, in_row: false, row: Row::new(), cell: None, number: 0, table: None, titles }
    }

    pub(super) fn open(&mut self, name: &[u8]) {
        if self.in_row && self.cell.is_none() {
            self.cell = which(name, &CELLS).map(|which| (which, View::default()));
        }
        if self.cell.is_none() && among(name, &ROWS) {
            self.in_row = self.table.is_some() || self.titles.may_go_on();
            self.row.clear();
        }
    }

    /// Takes the text of an element.
    #[inline]
    pub(super) fn text(&mut self, text: &View) {
        if let Some((_, cell)) = &mut self.cell
            && cell.text.len() + text.text.len() <= CELL_MAX
        {
            if !cell.text.is_empty() {
                cell.push_joint(b" ");
            }
            cell.push_view(text, 0..text.text.len());
        }
    }

    pub(super) fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        let ends = |(which, _): &mut (usize, View)| CELLS.get(*which).is_some_and(|n| n.eq_ignore_ascii_case(name));
        if let Some((_, cell)) = self.cell.take_if(ends) {
            if self.row.len() < CELLS_MAX {
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
        if self.table.is_none() {
            if row.iter().any(|(_, view)| inquiry.column(&String::from_utf8_lossy(&view.text)).is_some()) {
                self.table = Some(self.titles.begin(Table::second_look(self.place.clone()), inquiry));
            } else {
                return self.titles.hold(self.number, row);
            }
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
        (self.number, self.cell, self.titles) = (0, None, Titles::default());
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn cells_may_have_one_name_and_titles_stand_above_the_headings() {
        let cells = |name: &str, cells: &[&str]| {
            let cell = |text: &&str| format!("<{name}>{text}</{name}>");
            format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())
        };
        for (name, title, heading, found) in [
            ("c", "", "Mã số BHXH", 12),
            ("c", "DANH SÁCH", "Mã số BHXH", 12),
            ("cell", "DANH SÁCH", "Mã số BHXH", 12),
            ("col", "", "Mã số BHXH", 12),
            ("c", "DANH SÁCH", "Mã hóa đơn", 0),
            // None of the words for a cell.
            ("x", "", "Mã số BHXH", 0),
        ] {
            let titles = if title.is_empty() { String::new() } else { cells(name, &[title]) + &cells(name, &["", ""]) };
            let row = |n: u32| cells(name, &[&n.to_string(), "", &format!("79012345{n}")]);
            let rows: String = (10..22).map(row).collect();
            let text = format!("<rows>{titles}{}{rows}</rows>", cells(name, &["STT", "Ghi chú", heading]));
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{name} {title} {heading}");
        }
    }
}
