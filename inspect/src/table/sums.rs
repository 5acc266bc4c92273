//! Columns of sums under the names of insurances, `BHXH | BHYT | BHTN`, of codes that are no citizens', and rows that show how a
//! list is filled in.

use chot_detectors::{Column, fold};

use super::{Row, digits};

/// Unnames the columns of numbers under a bare `BHXH` and `BHYT` where one beside holds sums: of unemployment insurance, of the
/// union's fee or of wages, which have no number of their own, or of `BHYT` itself, whose cards are longer.
pub(super) fn unname(columns: &mut [Option<Column>], header: &Row, body: &[(u64, Row)]) {
    let is_bare = |cell: &[u8], name: &str| {
        // `BHXH (25,5%)`
        let folded = fold(&String::from_utf8_lossy(cell));
        folded.strip_prefix(name).is_some_and(|rest| !rest.bytes().any(|b| b.is_ascii_alphabetic()))
    };
    let under = |name: &str| header.iter().find(|(_, view)| is_bare(&view.text, name)).map(|(at, _)| *at);
    let numbered = [under("bhxh"), under("bhyt")].into_iter().flatten();
    let mut numbered = numbered.filter(|at| are_sums(body, *at)).peekable();
    let beside = || PAID.iter().filter_map(|name| under(name)).any(|beside| are_sums(body, beside));
    let short = || under("bhyt").is_some_and(|at| are_sums(body, at) && are_shorter(body, at));
    if numbered.peek().is_none() || !beside() && !short() {
        return;
    }
    for at in numbered {
        if let Some(slot @ Some(Column::Bhxh | Column::Bhyt)) = columns.get_mut(at) {
            *slot = Some(Column::Negative);
        }
    }
}

/// Unnames columns of citizens' numbers whose cells are ten digits that begin as none does which has lost two zeros: those of
/// Hà Nội, Hà Giang, Cao Bằng, Bắc Kạn and Tuyên Quang do, `001` to `008`. They are codes of something else.
pub(super) fn unname_codes(columns: &mut [Option<Column>], body: &[(u64, Row)]) {
    const LEN: usize = 10;
    const OTHERS_MIN: usize = 2;
    for (at, slot) in columns.iter_mut().enumerate().filter(|(_, slot)| **slot == Some(Column::Cccd)) {
        let cells = body.iter().filter_map(|(_, row)| row.iter().find(|(c, _)| *c == at));
        let (mut filled, mut short, mut others) = (0, 0, 0);
        for cell in cells.map(|(_, view)| view.text.trim_ascii()).filter(|cell| !cell.is_empty()) {
            let is_short = cell.len() == LEN && cell.iter().all(u8::is_ascii_digit);
            filled += 1;
            short += usize::from(is_short);
            others += usize::from(is_short && !matches!(cell.first(), Some(b'1' | b'2' | b'4' | b'6' | b'8')));
        }
        if short * 10 >= filled * 9 && others >= OTHERS_MIN && others * 5 > short {
            *slot = Some(Column::Neutral);
        }
    }
}

/// What is paid beside the two insurances that have numbers.
const PAID: [&str; 6] = ["bhtn", "kpcd", "kinh phi cong doan", "quy luong", "tong quy luong", "tong luong"];

/// Whether most of the numbers there are shorter than those of people.
fn are_shorter(body: &[(u64, Row)], at: usize) -> bool {
    const DIGITS: usize = 10;
    let cells = || body.iter().filter_map(|(_, row)| row.iter().find(|(c, _)| *c == at));
    let shorter = cells().filter(|(_, view)| (1..DIGITS).contains(&digits(&view.text))).count();
    shorter * 2 > cells().count()
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
            ("Tháng;Quỹ lương;BHXH;BHYT", "1/2026;691352272790;NUMBER;936769119", 0),
            ("Đơn vị;BHXH;BHYT", "Khoa Nội;NUMBER;936769119", 0),
            ("Đơn vị;BHXH;KPCĐ (2%)", "Khoa Nội;NUMBER;36769119", 0),
            ("Họ tên;BHXH;BHYT", "Lê Văn An;NUMBER;DN4797912045873", 5),
            ("Họ tên;BHXH;Lương", "Lê Văn An;NUMBER;12345678", 5),
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
    fn ten_digits_that_lost_no_zeros_are_codes() {
        for (header, codes, cccd) in [
            ("Mã định danh;SBD;Điểm", ["1159852756", "2647232757", "9689291865", "7867205613", "5159852756"], 0),
            ("Mã định danh Bộ GD;SBD;Điểm", ["1159852756", "1172852757", "2090001865", "4159005613", "1159852799"], 0),
            ("Mã định danh;SBD;Điểm", ["1159852756", "1172852757", "2090001865", "4159005613", "1159852799"], 5),
            ("Số CCCD;SBD;Điểm", ["001159852756", "1172852757", "36090001865", "079159005613", "1159852799"], 5),
        ] {
            let rows: String = codes.iter().map(|code| format!("{code};283942;7.57\n")).collect();
            assert_eq!(found(&format!("{header}\n{rows}"))[1], cccd, "{header}");
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
