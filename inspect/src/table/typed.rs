//! Tables with the kind of each number in its row: `Loại, Số` or `field, value`, a row for each paper of a person.

use std::hash::BuildHasher;

use chot_detectors::Column;

use super::heading::announce;
use super::{Row, Shape, Table};
use crate::inquiry::Inquiry;

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
        for kind in 0..width {
            if !open(header(columns, kind)) {
                continue;
            }
            let Some(value) = (kind + 1..width).find(|at| open(header(columns, *at))) else { break };
            let (mut cells, mut kinds, mut papers) = (0, 0, 0);
            for (_, view) in body.iter().filter_map(|(_, row)| row.iter().find(|(c, _)| *c == kind)) {
                if view.text.trim_ascii().is_empty() {
                    continue;
                }
                let told = announce(&view.text, inquiry);
                cells += 1;
                kinds += usize::from(told.is_some());
                papers += usize::from(told.is_some_and(Column::is_identifier));
            }
            if papers > 0 && kinds * 5 >= cells * 4 {
                // The kind is no number itself.
                if let Some(slot) = columns.get_mut(kind) {
                    *slot = None;
                }
                return Some(Self { kind, value, about: 0 });
            }
        }
        None
    }
}

impl Table {
    /// Which column the row itself announces and as what, and whether the row goes on with the one before.
    pub(super) fn told(&mut self, row: &Row, inquiry: &mut Inquiry) -> (Option<(usize, Column)>, bool) {
        let Some(Shape::Headed(header)) = &mut self.shape else { return (None, false) };
        let Some(typed) = &mut header.typed else { return (None, false) };
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
        (told, goes_on)
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

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
}
