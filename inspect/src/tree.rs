//! Records in nested data: which findings of a JSON or XML document belong to one person.
//!
//! An element repeated beside itself is a list, and each of its items a record of its own. An element that stands
//! alone belongs to what encloses it, and so does one that names its only value itself: `{"field": "cccd", "value": …}`.
//! Lists of values beside each other, as long as each other, are the columns of a table: their items stand in rows.

use crate::inquiry::Inquiry;
use crate::people::Mark;

#[derive(Default)]
struct Frame {
    name: u64,
    marks: Vec<Mark>,
    /// The last child that held findings, until it is known whether another of its name follows.
    child: Option<Child>,
    /// It names its value itself.
    field: bool,
    /// Columns of values, how many findings they hold together, and whether the last of them goes on.
    columns: Vec<Vec<Mark>>,
    column_marks: usize,
    in_column: bool,
}

struct Child {
    name: u64,
    marks: Vec<Mark>,
    repeated: bool,
}

/// The open elements.
#[derive(Default)]
pub(crate) struct Tree {
    frames: Vec<Frame>,
    /// The last document, until it is known whether another follows: a line each is a list.
    root: Option<Vec<Mark>>,
    listed: bool,
}

/// More findings than one record has.
const MARKS_MAX: usize = 1_024;
/// Findings in the columns of a table, at the most. Those of longer ones are told column by column.
const COLUMN_MARKS_MAX: usize = 1 << 16;
/// Deeper elements belong to the one at this depth.
const DEPTH_MAX: usize = 512;

impl Tree {
    pub(crate) fn open(&mut self, name: u64) {
        if self.frames.len() < DEPTH_MAX {
            self.frames.push(Frame { name, ..Frame::default() });
        }
    }

    pub(crate) fn add(&mut self, mark: Mark, inquiry: &mut Inquiry) {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        if let Some(frame) = self.frames.last_mut() {
            if let Some(column) = frame.columns.last_mut().filter(|_| frame.in_column) {
                column.push(mark);
                return frame.bound_columns(1, inquiry);
            }
            frame.marks.push(mark);
            if frame.marks.len() >= MARKS_MAX {
                inquiry.people.record(&std::mem::take(&mut frame.marks), false);
            }
        }
    }

    /// The element at hand says itself what its value is: it is a field of what encloses it.
    pub(crate) fn names_itself(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.field = true;
        }
    }

    /// A list of values begins, which what stands before it announces, or ends.
    pub(crate) fn in_column(&mut self, begins: bool) {
        if let Some(frame) = self.frames.last_mut() {
            // Lists without a finding must not pile up, nor those that never end.
            frame.columns.pop_if(|column| column.is_empty());
            if begins {
                frame.columns.push(Vec::new());
            }
            frame.in_column = begins;
        }
    }

    /// The element ends, and was a list of values.
    pub(crate) fn close_column(&mut self, inquiry: &mut Inquiry) {
        if self.frames.len() < 2 {
            return self.close(inquiry);
        }
        let Some(mut frame) = self.frames.pop() else { return };
        frame.end(inquiry);
        if let Some(parent) = self.frames.last_mut().filter(|_| !frame.marks.is_empty()) {
            let more = frame.marks.len();
            parent.columns.push(frame.marks);
            parent.bound_columns(more, inquiry);
        }
    }

    pub(crate) fn close(&mut self, inquiry: &mut Inquiry) {
        if self.frames.pop_if(|frame| frame.is_empty()).is_some() {
            return;
        }
        let Some(mut frame) = self.frames.pop() else { return };
        frame.end(inquiry);
        let Frame { name, marks, field, .. } = frame;
        if marks.is_empty() {
            return;
        }
        if let Some(mark) = marks.first().filter(|_| field && marks.len() == 1) {
            match (self.frames.is_empty(), &mut self.root) {
                (true, Some(root)) if root.len() < MARKS_MAX => return root.push(*mark),
                (false, _) => return self.add(*mark, inquiry),
                _ => {}
            }
        }
        let Some(parent) = self.frames.last_mut() else {
            if let Some(before) = self.root.replace(marks) {
                self.listed = true;
                inquiry.people.record(&before, true);
            }
            return;
        };
        match &mut parent.child {
            Some(child) if child.name == name => {
                let before = std::mem::replace(&mut child.marks, marks);
                child.repeated = true;
                inquiry.people.record(&before, true);
            }
            _ => {
                parent.settle(inquiry);
                parent.child = Some(Child { name, marks, repeated: false });
            }
        }
    }

    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        while !self.frames.is_empty() {
            self.close(inquiry);
        }
        if let Some(root) = self.root.take() {
            inquiry.people.record(&root, self.listed);
        }
        self.listed = false;
    }
}

impl Frame {
    /// Whether nothing was found in it.
    fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.child.is_none() && self.columns.is_empty()
    }

    /// Counts findings that the columns have gained. Columns too long or too many for a table are told one by one.
    fn bound_columns(&mut self, more: usize, inquiry: &mut Inquiry) {
        self.column_marks += more;
        if self.column_marks >= COLUMN_MARKS_MAX || self.columns.len() >= MARKS_MAX {
            self.columns.drain(..).for_each(|column| _ = inquiry.people.record(&column, false));
            self.column_marks = 0;
        }
    }

    /// Ties what stands in the same row of the longest columns; others are values like any.
    fn tie_columns(&mut self, inquiry: &mut Inquiry) {
        let columns = std::mem::take(&mut self.columns);
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let whole: Vec<&Vec<Mark>> = columns.iter().filter(|column| column.len() == rows).collect();
        if rows > 1 && whole.len() > 1 {
            for row in 0..rows {
                let marks: Vec<Mark> = whole.iter().filter_map(|column| column.get(row).copied()).collect();
                inquiry.people.record(&marks, true);
            }
            let rest = columns.iter().filter(|column| column.len() != rows);
            rest.for_each(|column| _ = inquiry.people.record(column, false));
            return;
        }
        for column in columns {
            if self.marks.len() + column.len() > MARKS_MAX {
                inquiry.people.record(&column, false);
            } else {
                self.marks.extend(column);
            }
        }
    }

    /// The element ends. Only now are its columns known, for other elements may stand between them.
    fn end(&mut self, inquiry: &mut Inquiry) {
        if !self.columns.is_empty() {
            self.tie_columns(inquiry);
        }
        self.settle(inquiry);
    }

    /// Decides about the last child: an item of a list, or a part of this record.
    fn settle(&mut self, inquiry: &mut Inquiry) {
        if let Some(Child { name: _, marks, repeated }) = self.child.take() {
            if repeated || self.marks.len() + marks.len() > MARKS_MAX {
                inquiry.people.record(&marks, repeated);
            } else {
                self.marks.extend(marks);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::{COLUMN_MARKS_MAX, Frame, Inquiry, MARKS_MAX, Mark, Tree};
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_stands_in_nested_data_belongs_together_as_people_read_it() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (text, people) in [
            // Fields that name themselves.
            (
                r#"{"identifier": [{"type": {"text": "CCCD"}, "value": "001090123456"},
                {"system": "urn:bhxh", "value": "7912345678"}], "birthDate": "1990-04-05"}"#,
                1,
            ),
            (
                r#"[{"fields": [{"field": "cccd", "value": "001090123456"}, {"field": "bhxh", "value": "7912345678"}]},
                {"fields": [{"field": "cccd", "value": "001190123457"}, {"field": "bhxh", "value": "7912345679"}]}]"#,
                2,
            ),
            (r#"[{"type": "CCCD", "so": "001090123456"}, {"type": "CCCD", "so": "001190123457"}]"#, 2),
            (r#"[{"type": "CCCD", "so": "001090123456"}, {"type": "BHXH", "so": "7912345678"}]"#, 1),
            // Elements of a list that only hold a number each are people of their own.
            (r#"[{"cccd": "001090123456"}, {"bhxh": "7912345678"}]"#, 2),
            (
                r#"<rows><row><field name="SO_CCCD">001090123456</field><field name="MA_BHXH">7912345678</field></row>
                <row><field name="SO_CCCD">001190123457</field><field name="MA_BHXH">7912345679</field></row></rows>"#,
                2,
            ),
            (
                "<plist><array><dict><key>CCCD</key><string>001090123456</string>
                <key>BHXH</key><string>7912345678</string></dict></array></plist>",
                1,
            ),
            (
                "<params><member><name>cccd</name><value>001090123456</value></member>
                <member><name>bhxh</name><value>7912345678</value></member></params>",
                1,
            ),
            (
                r#"<Patient><identifier><system value="urn:cccd"/><value value="001090123456"/></identifier>
                <identifier><system value="urn:bhxh"/><value value="7912345678"/></identifier></Patient>"#,
                1,
            ),
            ("<a><p><SO_CCCD>001090123456</SO_CCCD></p><p><MA_BHXH>7912345678</MA_BHXH></p></a>", 2),
            // Columns.
            (r#"{"cccd": ["001090123456", "001190123457"], "bhxh": ["7912345678", "7912345679"]}"#, 2),
            (
                r#"{"cccd": {"0": "001090123456", "1": "001190123457"}, "bhxh": {"0": "7912345678", "1": "7912345679"}}"#,
                2,
            ),
            // Lists of different length are none: one behind the other.
            (r#"{"cccd": ["001090123456", "001190123457"], "bhxh": ["7912345678", "7912345679", "7912345681"]}"#, 4),
            (r#"{"cccd": ["001090123456"], "bhxh": ["7912345678"]}"#, 1),
            (r#"{"cccd": ["001090123456", "001190123457"], "ten": ["Lê Văn An", "Hồ Thị Bé"]}"#, 2),
            // Something else between them.
            (
                r#"{"cccd": ["001090123456", "001190123457"], "meta": {"bhxh": "7912345682"},
                "bhxh": ["7912345678", "7912345679"]}"#,
                3,
            ),
        ] {
            let inspection = inspector.inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
            assert_eq!(inspection.persons, people, "{text}");
        }
    }

    #[test]
    fn columns_of_any_length_are_told() {
        let numbers = |base: u64| (0..40_000).map(|n| format!("\"{:012}\"", base + n)).collect::<Vec<_>>().join(",");
        let text =
            format!(r#"{{"cccd": [{}], "so_dinh_danh": [{}]}}"#, numbers(1_090_000_000), numbers(79_190_000_000));
        let inspection =
            Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
        assert!((70_000..90_000).contains(&inspection.persons), "{}", inspection.persons);
    }

    /// An element with so many lists of so many findings each, not yet ended.
    fn lists(n: usize, each: u64, inquiry: &mut Inquiry) -> Tree {
        let mut tree = Tree::default();
        tree.open(1);
        for list in 0..n as u64 {
            tree.in_column(true);
            for hash in list * each..(list + 1) * each {
                tree.add(Mark { detector: DetectorId::Cccd, hash, alias: None }, inquiry);
                // Whatever looks at the columns must not cost more with each list there has been.
                let [Frame { columns, column_marks, .. }] = tree.frames.as_slice() else { panic!("one is open") };
                assert!(columns.len() < MARKS_MAX && *column_marks < COLUMN_MARKS_MAX);
            }
            tree.in_column(false);
        }
        tree
    }

    #[test]
    fn columns_do_not_pile_up() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (n, each) in [(5_000, 1), (2_500, 3), (3, 3_000), (2, COLUMN_MARKS_MAX as u64), (9_000, 0)] {
            let mut inquiry = inspector.inquiry(None);
            let mut tree = lists(n, each, &mut inquiry);
            let [Frame { columns, column_marks, .. }] = tree.frames.as_slice() else { panic!("one is open") };
            assert_eq!(columns.iter().map(Vec::len).sum::<usize>(), *column_marks, "{n} × {each}");
            assert!(columns.iter().all(|column| !column.is_empty()), "{n} × {each}");
            tree.finish(&mut inquiry);
            // Nobody is lost; what stands in rows is one person each.
            let people = n as u64 * each;
            if people <= 10_000 {
                assert_eq!(inquiry.people.count(), people, "{n} × {each}");
            }
        }
        let mut tree = lists(1, 1, &mut inspector.inquiry(None));
        (0..9_000).for_each(|_| tree.in_column(true));
        assert_eq!(tree.frames.first().map(|frame| frame.columns.len()), Some(2), "lists that never end");
    }
}
