//! Tax codes of people are the numbers of citizens since 1 July 2025 (Thông tư 86/2024/TT-BTC), and spreadsheets drop the zeros
//! in front: of those from 001 to 008 two. Ten digits are the code of a firm as well; the other cells tell.

use chot_detectors::Column;
use chot_model::Confidence;

use super::{Row, Shape, Table};
use crate::inquiry::{Found, Inquiry};
use crate::view::View;

/// Cells with the length of a citizen's number, or one digit less.
const CITIZENS_MIN: usize = 2;

/// The first column of tax codes most of whose cells are numbers of citizens, some of which have lost a zero.
pub(super) fn column(columns: &[Option<Column>], body: &[(u64, Row)]) -> Option<usize> {
    let mut taxes = columns.iter().enumerate().filter(|(_, column)| **column == Some(Column::Tax)).map(|(at, _)| at);
    let is_taxed = |at: &usize| {
        let cells = body.iter().filter_map(|(_, row)| row.iter().find(|(c, _)| c == at));
        let (mut filled, mut citizens, mut lost) = (0, 0, 0);
        for cell in cells.map(|(_, view)| view.text.trim_ascii()).filter(|cell| !cell.is_empty()) {
            let len = if cell.iter().all(u8::is_ascii_digit) { cell.len() } else { 0 };
            filled += 1;
            citizens += usize::from(matches!(len, 11 | 12));
            lost += usize::from(len == 11);
        }
        citizens >= CITIZENS_MIN && citizens * 2 > filled && lost > 0
    };
    taxes.find(is_taxed)
}

impl Table {
    /// Whether a cell may be the number of a citizen that has lost two zeros.
    pub(super) fn may_be_citizen(&self, at: usize, cell: &[u8]) -> bool {
        let is_taxed = matches!(&self.shape, Some(Shape::Headed(header)) if header.taxed == Some(at));
        is_taxed && cell.len() == 10 && cell.iter().all(u8::is_ascii_digit)
    }

    /// Reads it as one, unless what was found from `first` on is certain: a code with the right check digit.
    pub(super) fn citizen(
        &mut self,
        number: u64,
        at: usize,
        view: &View,
        first: usize,
        inquiry: &mut Inquiry,
        found: &mut Vec<(usize, Found, bool)>,
    ) {
        if found.iter().skip(first).any(|(_, f, _)| f.finding.confidence == Confidence::High) {
            return;
        }
        let code = found.split_off(first);
        self.cell(number, at, view, Some(Column::Cccd), inquiry, found);
        if found.len() == first {
            found.extend(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn codes_of_people_have_lost_two_zeros_where_others_have_lost_one() {
        const PEOPLE: [&str; 6] =
            ["34078760103", "1190012345", "92070270933", "36185004217", "4188599418", "79195012345"];
        const FIRMS: [&str; 6] = ["0100109106", "1190012345", "0301482205", "0101248141", "4188599418", "0100686209"];
        for (heading, codes, found) in
            [("MST cá nhân", PEOPLE, 6), ("Mã số thuế", PEOPLE, 6), ("Mã số thuế", FIRMS, 0), ("Số hóa đơn", PEOPLE, 0)]
        {
            // More rows than are looked at first.
            let row = |n: usize| format!("{n},Nhân viên,{},100\n", codes[n % codes.len()]);
            let text = format!("STT,Ghi chú,{heading},Mức\n{}", (0..120).map(row).collect::<String>());
            let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{heading} {codes:?}");
        }
    }
}
