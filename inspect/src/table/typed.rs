//! Tables with the kind of each number in its row: `Loại, Số` or `field, value`, a row for each paper of a person.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use chot_detectors::Column;
use chot_model::Finding;

use super::heading::announce;
use super::{Row, Shape, Table, Waiting, is_counted};
use crate::inquiry::Inquiry;

/// Findings of rows about one person that are held: the papers of a person are few, and each kind is one.
const RECORD_MAX: usize = 256;

/// A column whose cells say what the numbers in another are.
pub(super) struct Typed {
    kind: usize,
    value: usize,
    /// The other cells of the row before: while they stay the same, or empty, the rows are about one person.
    about: u64,
}

impl Typed {
    /// The first column most of whose cells name a paper, and the next one whose header leaves open what it holds.
    pub(super) fn of(columns: &mut [Option<Column>], body: &[(u64, Row)], inquiry: &mut Inquiry) -> Option<Self> {
        let open = |c: Option<Column>| c.is_none_or(|c| c.is_nobodys() || c == Column::IdNumber);
        let width = body.iter().filter_map(|(_, row)| row.last()).map(|(at, _)| at + 1).max().unwrap_or(0);
        let header = |columns: &[Option<Column>], at: usize| columns.get(at).copied().flatten();
        // How many cells a column has, and how many of these name a kind, and a paper. Each is asked once, however wide
        // rows are; a stranger says how far out a column is.
        let mut seen = BTreeMap::<usize, [usize; 3]>::new();
        for (at, view) in body.iter().flat_map(|(_, row)| row) {
            if !open(header(columns, *at)) || view.text.trim_ascii().is_empty() {
                continue;
            }
            let told = announce(&view.text, inquiry);
            let [cells, kinds, papers] = seen.entry(*at).or_default();
            *cells += 1;
            *kinds += usize::from(told.is_some());
            *papers += usize::from(told.is_some_and(Column::is_identifier));
        }
        let named = |[cells, kinds, papers]: [usize; 3]| papers > 0 && kinds * 5 >= cells * 4;
        let (kind, _) = seen.into_iter().find(|(_, seen)| named(*seen))?;
        let value = (kind + 1..width).find(|at| open(header(columns, *at)))?;
        // The kind is no number itself.
        if let Some(slot) = columns.get_mut(kind) {
            *slot = None;
        }
        Some(Self { kind, value, about: 0 })
    }
}

impl Table {
    /// Which column the row itself announces and as what, and, where rows may, whether it goes on with the one before.
    pub(super) fn told(&mut self, row: &Row, inquiry: &mut Inquiry) -> (Option<(usize, Column)>, Option<bool>) {
        let Some(Shape::Headed(header)) = &mut self.shape else { return (None, None) };
        let Some(typed) = &mut header.typed else { return (None, None) };
        let kind = row.iter().find(|(at, _)| *at == typed.kind);
        let told = kind.and_then(|(_, view)| announce(&view.text, inquiry)).map(|column| (typed.value, column));
        let others = row.iter().filter(|(at, _)| *at != typed.kind && *at != typed.value);
        let mut others = others.map(|(at, view)| (*at, view.text.trim_ascii())).filter(|(_, text)| !text.is_empty());
        let mut about = None;
        // Rows are told apart by the first thing that is not the same: a number of the person, or the name.
        if let Some(first) = others.next() {
            about = Some(inquiry.key.hash_one(first));
        }
        let goes_on = about.is_none_or(|about| about == typed.about);
        typed.about = about.unwrap_or(typed.about);
        (told, Some(goes_on))
    }

    /// Takes a row that goes on with the record at hand, or begins the next: so does a second number of a kind, as the
    /// rows of a list have that holds nothing but numbers.
    pub(super) fn gather(&mut self, mut row: Waiting, goes_on: bool, inquiry: &mut Inquiry) {
        let fits = |record: &&mut Waiting| {
            goes_on && record.found.len() + row.found.len() <= RECORD_MAX && !is_another(record, &row)
        };
        match self.record.as_mut().filter(fits) {
            Some(record) => record.found.append(&mut row.found),
            None => {
                if let Some(before) = self.record.replace(row) {
                    self.wait(before, inquiry);
                }
            }
        }
    }
}

/// Whether a row has another number of a kind that the record has.
fn is_another(record: &Waiting, row: &Waiting) -> bool {
    fn numbers(of: &Waiting) -> impl Iterator<Item = &Finding> {
        of.found.iter().map(|(_, found, _)| found).filter(|found| is_counted(found)).map(|found| &found.finding)
    }
    numbers(row).any(|new| {
        let other =
            |old: &&Finding| old.detector == new.detector && old.value.reveal_bytes() != new.value.reveal_bytes();
        numbers(record).any(|old| other(&old))
    })
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::inquiry::Place;
    use crate::redact::Origin;
    use crate::view::View;
    use crate::{Hint, Inspector, Limits};

    fn cell(at: usize, text: &str) -> (usize, View) {
        let mut view = View::default();
        view.push_joint(text.as_bytes());
        (at, view)
    }

    #[test]
    fn the_kind_of_a_number_stands_in_its_row() {
        let names = ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung", "Hoàng Văn Em", "Vũ Thị Giang"];
        for (header, [first, second], numbers, (cccd, bhxh, persons)) in [
            ("Họ tên,Loại,Số", ["CCCD", "BHXH"], ["9912345", "7901234"], (6, 6, 6)),
            ("Họ tên,Loại giấy tờ,Giá trị", ["CCCD", "Mã số BHXH"], ["9912345", "7901234"], (6, 6, 6)),
            ("id,field,value", ["so_cccd", "ma_bhxh"], ["9912345", "7901234"], (6, 6, 6)),
            ("Họ tên,Loại,Số", ["Hóa đơn", "Đơn hàng"], ["9912345", "7901234"], (0, 0, 0)),
        ] {
            let mut text = format!("{header}\n");
            for (n, name) in names.iter().enumerate() {
                text += &format!("{name},{first},0{}0{}{n}\n", [79, 38, 48][n % 3], numbers[0]);
                text += &format!("{name},{second},{}{n}{n}{n}\n", numbers[1]);
            }
            let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
            let distinct = |detector| inspection.distinct(detector);
            assert_eq!((distinct(DetectorId::Cccd), distinct(DetectorId::Bhxh)), (cccd, bhxh), "{header} {first}");
            if persons > 0 {
                assert_eq!(inspection.persons, persons, "{header} {first}");
            }
        }
    }

    #[test]
    fn people_are_as_many_behind_the_rows_by_which_columns_are_judged() {
        for people in [31, 32, 40, 100] {
            for header in ["STT,Họ tên,Loại,Số", "STT,Họ tên,Ghi chú,Loại giấy tờ,Giá trị"] {
                let mut text = format!("{header}\n");
                let empty = if header.contains("Ghi chú") { "," } else { "" };
                for n in 1..=people {
                    text += &format!("{n},Nguyễn Văn An,{empty}CCCD,079190{:06}\n", 123_456 + n * 4_321);
                    text += &format!("{n},Nguyễn Văn An,{empty}BHXH,79{:08}\n", 12_345_678 + n * 54_321);
                }
                let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
                let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
                assert_eq!(inspection.distinct(DetectorId::Bhxh), people, "{header}");
                assert_eq!(inspection.persons, people, "{header}");
            }
        }
    }

    #[test]
    fn rows_that_nothing_tells_apart_are_not_held_to_the_end() {
        const ROWS: u64 = 1_200;
        for (first, step, persons) in [("", 0, 1), ("", 4_321, ROWS), ("Hà Nội", 0, 1), ("Hà Nội", 4_321, ROWS)] {
            let mut inquiry = Inspector::new(Limits::default(), 2026).inquiry(None);
            let mut table = Table::new(Place::top(Origin::Lost));
            table.row(1, vec![cell(0, "Tỉnh"), cell(1, "Loại"), cell(2, "Số")], &mut inquiry);
            for n in 1..=ROWS {
                let number = if step == 0 { 123_456 } else { 100_000 + n * step % 900_000 };
                let row = vec![cell(0, first), cell(1, "CCCD"), cell(2, &format!("079190{number:06}"))];
                table.row(n + 1, row, &mut inquiry);
                assert!(table.waiting.iter().chain(&table.record).all(|rows| rows.found.len() <= RECORD_MAX));
            }
            assert!(step == 0 || table.waiting.is_empty(), "judged as they come");
            table.finish(&mut inquiry);
            assert_eq!(inquiry.people.count(), persons, "{first} {step}");
        }
    }

    #[test]
    fn a_column_may_stand_however_far_out() {
        let mut inquiry = Inspector::new(Limits::default(), 2026).inquiry(None);
        for far in [1, usize::MAX / 2] {
            let row = |number: &str| vec![cell(far - 1, "CCCD"), cell(far, number)];
            let body = [(2, row("079190123456")), (3, row("048087654321"))];
            let typed = Typed::of(&mut Vec::new(), &body, &mut inquiry).map(|typed| (typed.kind, typed.value));
            assert_eq!(typed, Some((far - 1, far)));
        }
    }
}
