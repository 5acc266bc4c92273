//! Columns of sums under the names of insurances, `BHXH | BHYT | BHTN`, and rows that show how a list is filled in.

use chot_detectors::{Column, fold};

use super::{Row, digits};

/// Unnames the columns of numbers under a bare `BHXH` and `BHYT` where one of unemployment insurance beside holds sums: that has
/// no number of its own.
pub(super) fn unname(columns: &mut [Option<Column>], header: &Row, body: &[(u64, Row)]) {
    let is_bare = |cell: &[u8], name: &str| {
        // `BHXH (25,5%)`
        let folded = fold(&String::from_utf8_lossy(cell));
        folded.strip_prefix(name).is_some_and(|rest| !rest.bytes().any(|b| b.is_ascii_alphabetic()))
    };
    let under = |name: &str| header.iter().find(|(_, view)| is_bare(&view.text, name)).map(|(at, _)| *at);
    let numbered = [under("bhxh"), under("bhyt")].into_iter().flatten();
    let mut numbered = numbered.filter(|at| are_sums(body, *at)).peekable();
    if numbered.peek().is_none() || !under("bhtn").is_some_and(|beside| are_sums(body, beside)) {
        return;
    }
    for at in numbered {
        if let Some(slot @ Some(Column::Bhxh | Column::Bhyt)) = columns.get_mut(at) {
            *slot = Some(Column::Negative);
        }
    }
}

/// Whether most rows have a number there that is longer than a share or a mark.
fn are_sums(body: &[(u64, Row)], at: usize) -> bool {
    const DIGITS_MIN: usize = 4;
    let is_sum =
        |cell: &[u8]| digits(cell) >= DIGITS_MIN && cell.iter().all(|b| b.is_ascii_digit() || b"., ".contains(b));
    let sums = body.iter().filter(|(_, row)| row.iter().any(|(c, view)| *c == at && is_sum(&view.text)));
    sums.count() * 2 > body.len()
}

/// Whether a row shows how others are filled in: `Nguyễn Văn A` has a letter for a name.
pub(super) fn is_sample<'t>(mut names: impl Iterator<Item = &'t [u8]>) -> bool {
    const MIDDLES: [&str; 4] = ["văn", "thị", "van", "thi"];
    names.any(|name| {
        let [head @ .., b' ', letter] = name.trim_ascii() else { return false };
        let middle = head.rsplit(|b| *b == b' ').next().unwrap_or_default();
        letter.is_ascii_alphabetic()
            && head.len() > middle.len()
            && MIDDLES.contains(&String::from_utf8_lossy(middle).to_lowercase().as_str())
    })
}

/// Whether digits count up, as those of an example do: `012345678901`.
pub(super) fn counts_up(cell: &[u8]) -> bool {
    const DIGITS_MIN: usize = 9;
    let cell = cell.trim_ascii();
    let next = |a: u8, b: u8| b == a + 1 || a == b'9' && matches!(b, b'0' | b'1');
    cell.len() >= DIGITS_MIN
        && cell.iter().all(u8::is_ascii_digit)
        && cell.windows(2).all(|pair| matches!(pair, [a, b] if next(*a, *b)))
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    const NUMBERS: [&str; 5] = ["3145610385", "4245408276", "1745616753", "2736372534", "7912045873"];

    fn found(text: &str) -> [u64; 2] {
        let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        [DetectorId::Bhxh, DetectorId::Cccd].map(|id| inspection.distinct(id))
    }

    #[test]
    fn sums_under_the_names_of_insurances_are_nobodys() {
        for (header, row, bhxh) in [
            ("Đơn vị;Quỹ lương;BHXH;BHYT;BHTN", "Khoa Nội;5411510526;NUMBER;7536938408;2921577519", 0),
            ("Đơn vị;BHXH (25,5%);BHTN (2%)", "Khoa Nội;NUMBER;2.921.577.519", 0),
            // Marks, and a number that says what it is.
            ("Họ tên;BHXH;BHYT;BHTN", "Lê Văn An;NUMBER;DN4797912045873;x", 5),
            ("Họ tên;BHXH;BHTN", "Lê Văn An;NUMBER;1", 5),
            ("Họ tên;BHYT;BHTN", "Lê Văn An;DN479NUMBER;50000", 0),
            ("Họ tên;Mã số BHXH;BHXH;BHTN", "Lê Văn An;NUMBER;400000;50000", 5),
            ("Họ tên;BHXH;Phụ cấp", "Lê Văn An;NUMBER;400000", 5),
        ] {
            let rows: String = NUMBERS.iter().map(|number| row.replace("NUMBER", number) + "\n").collect();
            assert_eq!(found(&format!("{header}\n{rows}"))[0], bhxh, "{header}");
        }
    }

    #[test]
    fn a_row_of_an_empty_form_shows_how_others_are() {
        const HEADER: &str = "STT;Họ và tên;Số CCCD;Mã số BHXH\n";
        for (rows, expected) in [
            ("1;Nguyễn Văn A;012345678901;0123456789\n", [0, 0]),
            ("1;NGUYỄN THỊ B;012345678901;0123456789\n2;Lê Văn An;001087123456;7912045873\n", [1, 1]),
            ("1;Nguyễn Văn An;012345678901;0123456789\n", [1, 1]),
            ("1;Nguyễn Văn A;001087123456;7912045873\n", [1, 1]),
        ] {
            assert_eq!(found(&format!("{HEADER}{rows}")), expected, "{rows}");
        }
    }
}
