//! Lists of lists, or one a line: the first below the titles may hold headings for those behind it, as answers of
//! spreadsheets and tables of web pages do, or another member of the object holds them:
//! `{"columns": ["Số CCCD", …], "data": [["001…", …], …]}`.
//!
//! A second look: each value is read by itself as well, under the heading of its column.

use super::{Json, Role};
use chot_detectors::Column;

use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table, Titles};
use crate::view::View;

/// The rows of one list of lists.
pub(super) struct Rows {
    /// How many levels are open within a row.
    level: usize,
    row: Row,
    number: u64,
    /// What the rows are given to, once one held headings, those before it, and what the headings announce.
    table: Option<Table>,
    titles: Titles,
    columns: Vec<Option<Column>>,
    /// The level of the object one of whose members holds the headings: they end with it.
    object: Option<usize>,
    /// The strings of the object at hand that describes a column.
    described: Vec<View>,
    /// The cells may be objects, `{"cells": [{"v": "001…"}]}`, and what the one at hand holds was taken.
    celled: bool,
    taken: bool,
}

/// Of values within a list that stands in no other.
const LINE: usize = 1;
/// Longer rows are vectors.
const CELLS_MAX: usize = 256;
/// Strings that describe a column.
const DESCRIBED_MAX: usize = 16;

impl Rows {
    fn new(level: usize, object: Option<usize>) -> Self {
        Self {
            level,
            row: Row::new(),
            number: 0,
            table: None,
            titles: Titles::default(),
            columns: Vec::new(),
            object,
            described: Vec::new(),
            celled: false,
            taken: false,
        }
    }

    /// Whether a value at this level is a cell that says more beside others.
    pub(super) fn wants(&self, level: usize) -> bool {
        (level == self.level || self.describes(level) || self.is_in_cell(level))
            && self.row.len() < CELLS_MAX
            && self.described.len() < DESCRIBED_MAX
            && (self.table.is_some() || self.titles.may_go_on())
    }

    /// Whether its rows are lists by themselves, and none held headings yet.
    const fn is_line(&self) -> bool {
        self.level == LINE && self.table.is_none()
    }

    /// Whether a value at this level belongs to an object that describes a column, `{"name": "so_cccd", "type": "text"}`.
    fn describes(&self, level: usize) -> bool {
        self.object.is_some() && self.number == 0 && level == self.level + 1
    }

    /// Whether a value at this level belongs to an object that is a cell.
    const fn is_in_cell(&self, level: usize) -> bool {
        self.celled && level == self.level + 1
    }

    /// What the heading of the next value announces, if that is a cell. What another member announces is left to the table:
    /// whether a list is one of its rows is known at the end of that list.
    pub(super) fn column(&self, level: usize) -> Option<Column> {
        let heading = self.columns.get(self.row.len()).copied().flatten();
        heading.filter(|_| self.object.is_none() && self.wants(level))
    }

    /// Takes a cell; of one that is an object what its key says to be the value.
    pub(super) fn cell(&mut self, value: View, level: usize, role: Role) {
        if self.describes(level) {
            return self.described.push(value);
        }
        if self.is_in_cell(level) {
            if self.taken || !matches!(role, Role::Index | Role::Told) {
                return;
            }
            self.taken = true;
        }
        self.row.push((self.row.len(), value));
    }

    /// The object that is a cell ends.
    fn end_cell(&mut self) {
        if !std::mem::take(&mut self.taken) && self.row.len() < CELLS_MAX {
            self.row.push((self.row.len(), View::default()));
        }
    }

    /// The object that describes a column ends: what announces something is its heading. False when there are more than a
    /// table has: it is a list of records.
    fn end_described(&mut self, inquiry: &mut Inquiry) -> bool {
        if self.row.len() >= CELLS_MAX {
            return false;
        }
        let mut strings = std::mem::take(&mut self.described);
        let telling = |view: &View| inquiry.column(&String::from_utf8_lossy(&view.text)).is_some();
        let at = strings.iter().position(telling).unwrap_or(0);
        let heading = if strings.is_empty() { View::default() } else { strings.swap_remove(at) };
        self.row.push((self.row.len(), heading));
        true
    }

    fn end_row(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.number += 1;
        let row = std::mem::take(&mut self.row);
        if self.number == 1 && self.object.is_some() {
            // Their rows are lists of another list.
            self.level += 1;
        }
        if self.table.is_none() && self.titles.may_go_on() {
            let mut announced = |(_, view): &(usize, View)| inquiry.column(&String::from_utf8_lossy(&view.text));
            self.columns = row.iter().map(&mut announced).collect();
            if !self.columns.iter().any(Option::is_some) {
                return self.titles.hold(self.number, row);
            }
            let table = Table::second_look(Place { again: true, ..place.clone() });
            self.table = Some(self.titles.begin(table, inquiry));
        }
        // A list of another length in the same object is none of their rows.
        if let Some(table) = self.table.as_mut().filter(|_| self.object.is_none() || row.len() == self.columns.len()) {
            table.row(self.number, row, inquiry);
        }
    }
}

impl Json {
    /// A list begins, which may be a row of the one around it, or hold headings.
    pub(super) fn begin_list(&mut self) {
        let open = self.levels.len();
        let in_item = matches!(self.levels.as_slice(), [.., list, item] if list.array && !item.array);
        if let Some(rows) = self.rows.as_mut().filter(|rows| rows.table.is_some() && rows.object.is_some())
            && in_item
            && self.role == Role::Index
        {
            (rows.level, rows.celled, rows.taken) = (open + 1, true, false);
        }
        if let Some(rows) = self.rows.as_mut().filter(|rows| open + 1 == rows.level) {
            // Values of an object beside the rows are none of this one.
            rows.row.clear();
        }
        if open > 0 {
            self.rows.take_if(|rows| rows.is_line());
        }
        if self.rows.is_some() {
            return;
        }
        let array = self.levels.last().is_none_or(|around| around.array);
        let object = (!array && self.role == Role::Headings).then_some(open);
        if array || object.is_some() {
            self.rows = Some(Box::new(Rows::new(open + 1, object)));
        }
    }

    /// An object begins: what it stands in is no list of values, nor a row.
    pub(super) fn begin_object(&mut self, inquiry: &mut Inquiry) {
        let ends = |rows: &Rows| rows.level == LINE && (rows.table.is_none() || self.levels.is_empty());
        if self.rows.as_ref().is_some_and(|rows| ends(rows)) {
            self.end_rows(inquiry);
        }
    }

    /// A list has ended, and so many levels are open.
    pub(super) fn end_list(&mut self, inquiry: &mut Inquiry) {
        let open = self.levels.len();
        let Some(rows) = &mut self.rows else { return };
        if open + 1 == rows.level {
            rows.end_row(&self.value.place, inquiry);
            // Headings that announce nothing head nothing.
            if rows.object.is_some() && rows.table.is_none() {
                self.rows = None;
            }
        } else if open + 1 < rows.level && rows.object.is_none() {
            self.end_rows(inquiry);
        }
    }

    /// An object has ended.
    pub(super) fn end_object(&mut self, inquiry: &mut Inquiry) {
        let open = self.levels.len();
        let Some(rows) = &mut self.rows else { return };
        if rows.describes(open + 1) {
            if !rows.end_described(inquiry) {
                self.rows = None;
            }
        } else if rows.object.is_some_and(|object| open < object) {
            self.end_rows(inquiry);
        } else if rows.celled && open == rows.level {
            rows.end_cell();
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
    fn titles_stand_above_the_headings_and_rows_may_be_lines() {
        let row = |n: u32| format!(r#"["{n}", "", "79012345{n}"]"#);
        let rows: Vec<String> = (10..22).map(row).collect();
        for (titles, heading, found) in [
            (&[][..], "Mã số BHXH", 12),
            (&[r#"["DANH SÁCH"]"#], "Mã số BHXH", 12),
            (&[r#"["PHƯỜNG X", "", "", "TỔ 3"]"#, r#"["", ""]"#, "[]"], "Mã số BHXH", 12),
            (&[r#"["DANH SÁCH"]"#], "Số hóa đơn", 0),
            // Rows of a table that has no headings.
            (&[r#"["7", "", "7901234599"]"#, "[1, 2, 3]"], "Mã số BHXH", 0),
        ] {
            let lines: Vec<String> = (titles.iter().map(|title| (*title).to_owned()))
                .chain([format!(r#"["STT", "Ghi chú", "{heading}"]"#)])
                .chain(rows.iter().cloned())
                .collect();
            let list = lines.join(",");
            for text in [
                lines.join("\n"),
                format!("[{list}]"),
                format!(r#"{{"range": "A1", "values": [{list}], "x": [[1]]}}"#),
                format!("[\"a\"]\n{{\"values\": [{list}]}}"),
                format!("[[1, 2]]\n[{list}]"),
            ] {
                let bytes = text.as_bytes().to_vec();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
            }
        }
    }

    #[test]
    fn headings_stand_in_another_member() {
        let names = r#""STT", "Họ và tên", "HEADING""#;
        let described = r#"{"type": "int", "name": "stt"}, {"name": "ho_ten"}, {"type": "text", "title": "HEADING"}"#;
        for (key, headings) in [("columns", names), ("meta", described)] {
            for (heading, found) in [("Mã số BHXH", 12), ("Số tiền", 0)] {
                let row = |n: u32| format!(r#"["{n}", "Nguyễn Văn An", "79012345{n:02}"]"#);
                let rows: Vec<String> = (10..22).map(row).collect();
                let headings = headings.replace("HEADING", heading);
                let text = format!(
                    r#"{{"{key}": [{headings}], "index": [10, 11], "data": [{}], "x": [["a", "b"]]}}"#,
                    rows.join(",")
                );
                let inspection =
                    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
                assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{key} {heading}");
            }
        }
    }

    #[test]
    fn cells_may_be_objects_in_the_list_of_a_row() {
        let rows = |cells: &str, value: &str| {
            let row = |n: u32| {
                format!(r#"{{"{cells}":[{{"{value}":"Nguyễn Văn An","f":"x"}},{{"{value}":"79012345{n}"}}]}}"#)
            };
            (10..22).map(row).collect::<Vec<_>>().join(",")
        };
        for (heading, cells, value, found) in [
            ("Mã số BHXH", "cells", "v", 12),
            ("Mã số BHXH", "c", "v", 12),
            ("Mã số BHXH", "cells", "value", 12),
            ("Mã số BHXH", "ghi_chu", "v", 0),
            ("Số tiền", "cells", "v", 0),
        ] {
            let rows = rows(cells, value);
            for text in [
                format!(r#"{{"headers":["Họ tên","{heading}"],"rows":[{rows}]}}"#),
                format!(
                    r#"{{"t":{{"cols":[{{"label":"Họ tên"}},{{"id":"B","label":"{heading}"}}],"rows":[{rows}]}}}}"#
                ),
            ] {
                let inspection =
                    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
                assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
            }
        }
    }

    #[test]
    fn headings_of_another_member_take_nothing_from_lists_that_are_no_rows_of_theirs() {
        for (text, cccd, cmnd) in [
            (r#"{"meta":["Số hóa đơn"],"khach":[["001090123456"],["Số CCCD 001190654321"]]}"#, 2, 0),
            (r#"{"meta":["Số tài khoản"],"khach":[["001090123456"],["Số CCCD 001190654321"]]}"#, 2, 0),
            (r#"{"meta":["Số hóa đơn","a"],"khach":[["001090123456"],["Số CCCD 001190654321"]]}"#, 2, 0),
            (
                r#"{"fields":[{"name":"ho_ten"},{"name":"so_cmnd"}],"items":[{"x":"1","y":"2"}],
                "data":[["Nguyễn Văn An","012345671"],["Trần Thị Bình","012345672"]]}"#,
                0,
                2,
            ),
            (
                r#"{"fields":["ho_ten","so_cmnd"],
                "data":[{"x":"1"},["Nguyễn Văn An","012345671"],{"x":"1"},["Trần Thị Bình","012345672"]]}"#,
                0,
                2,
            ),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
            let distinct = |detector| inspection.inspection.distinct(detector);
            assert_eq!((distinct(DetectorId::Cccd), distinct(DetectorId::Cmnd)), (cccd, cmnd), "{text}");
        }
    }

    #[test]
    fn a_key_that_says_nothing_leaves_its_value_to_the_one_before() {
        for (text, found) in [
            (r#"{"ma_so_bhxh": {"0": "7901234510", "1": "7901234511"}}"#, 2),
            (r#"{"ma_so_bhxh": {"$numberLong": "7901234510"}}"#, 1),
            (r#"{"identifier": [{"type": {"text": "Mã số BHXH", "x": "y"}, "value": "7901234510"}]}"#, 1),
            (r#"{"Items": [{"maSoBHXH": {"N": "7901234510"}}, {"maSoBHXH": {"S": "7901234511"}}]}"#, 2),
            (r#"{"fields": {"maSoBHXH": {"integerValue": "7901234510"}}}"#, 1),
            (r#"{"maSoBHXH": {"L": [{"N": "7901234510"}, {"N": "7901234511"}]}}"#, 2),
            (r#"{"maSoBHXH": {"arrayValue": {"values": [{"stringValue": "7901234510"}]}}}"#, 1),
            (r#"[{"question": "Mã số bảo hiểm xã hội?", "answer": "7901234510"}]"#, 1),
            (r#"[{"question": "Mã đơn hàng?", "answer": "7901234510"}]"#, 0),
            (r#"{"soHoaDon": {"N": "7901234510"}, "n": {"N": "7901234511"}}"#, 0),
            (r#"{"title": "Mã số BHXH", "type": "string", "value": "7901234510"}"#, 1),
            (r#"{"title": "Mã số BHXH", "label": "Mã hóa đơn", "value": "7901234510"}"#, 0),
            (r#"{"so_hoa_don": {"0": "7901234510", "1": "7901234511"}}"#, 0),
            (r#"{"identifier": [{"type": {"text": "Mã hồ sơ"}, "value": "7901234510"}]}"#, 0),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
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
