//! What the rows say of a column whose header leaves it open what its numbers are, or seems to be wrong about them.
//!
//! A header is evidence, and so are the cells: one number in sixty looks like a citizen's (docs/detectors, *Measured*),
//! so that all of four do so by chance in one column of 10⁷; a name beside each tells that the rows are about
//! people, a birth date that agrees with the year in the number is met by chance once in eighty rows. Numbers that were
//! counted up are nobody's, unless births say otherwise. The number of a card is hardly anything else.

use std::cell::OnceCell;
use std::collections::HashSet;

use chot_detectors::{Column, Context, Hit, are_counted, are_uninsured, fold};
use chot_model::{Confidence, DetectorId};

use super::{COLUMNS_MAX, Row};
use crate::inquiry::Inquiry;

/// Longer cells hold more than a number.
const CELL_BYTES_MAX: usize = 32;
/// Longer ones are no names.
const NAME_BYTES_MAX: usize = 96;
/// Citizens below a header that says nothing, with names beside: by chance one column in 3,600.
const NAMED_MIN: usize = 2;
/// Below one that says something else, likewise: one in 10⁷.
const RECORDED_MIN: usize = 4;
/// Without names: as many as make a column without a header (`coherence.rs`).
const ALONE_MIN: usize = 8;
/// Provinces that branches of a bank, or of a hospital, do not all begin with.
const PROVINCES_MIN: usize = 3;
/// Cards below the header of a thing.
const CARDS_MIN: usize = 3;

/// Puts right what a header says of columns that hold something else.
pub(super) fn weigh(columns: &mut [Option<Column>], body: &[(u64, Row)], inquiry: &Inquiry) {
    let beside: Vec<Beside> = body.iter().map(|_| Beside::default()).collect();
    for at in 0..columns.len() {
        let header = columns.get(at).copied().flatten().filter(|c| c.is_nobodys() || *c == Column::Bank);
        let told = header.and_then(|header| Evidence::of(at, columns, body, &beside, inquiry)?.told(header));
        if let (Some(slot), Some(told)) = (columns.get_mut(at), told) {
            *slot = Some(told);
        }
    }
}

/// Puts right columns whose numbers are those in the cards beside them, whatever is written above.
pub(super) fn compare(columns: &mut Vec<Option<Column>>, body: &[(u64, Row)]) {
    const BESIDE_MIN: usize = 2;
    let mut seen = std::collections::BTreeMap::<usize, [usize; 2]>::new();
    for (_, row) in body {
        let mut tails = row.iter().filter_map(|(_, view)| tail(view.text.trim_ascii())).peekable();
        let Some(tail) = tails.next().filter(|_| tails.peek().is_none()) else { continue };
        for (at, view) in row {
            let cell = view.text.trim_ascii();
            if cell.len() == tail.len() && cell.iter().all(u8::is_ascii_digit) {
                let [all, same] = seen.entry(*at).or_default();
                *all += 1;
                *same += usize::from(cell == tail);
            }
        }
    }
    for (at, [all, same]) in seen {
        let told = columns.get(at).copied().flatten();
        if at < COLUMNS_MAX && same >= BESIDE_MIN && same * 5 >= all * 4 && !told.is_some_and(Column::is_identifier) {
            columns.resize((at + 1).max(columns.len()), None);
            columns[at] = Some(Column::Bhxh);
        }
    }
}

/// The insurance number within a health insurance card.
fn tail(cell: &[u8]) -> Option<&[u8]> {
    let (letters, digits) = cell.split_at_checked(2)?;
    let is_card = digits.len() == 13 && digits.iter().all(u8::is_ascii_digit);
    digits.get(3..).filter(|_| is_card && letters.iter().all(u8::is_ascii_alphabetic))
}

/// Whether only lists of people have such a column.
pub(super) fn tells_of_people(c: Column) -> bool {
    c.is_identifier()
        || matches!(c, Column::BirthDate | Column::BirthYear | Column::Sex | Column::Health | Column::Household)
}

/// Puts right headings that cards of any kind have, `Số thẻ`, where nothing else in the header or the rows is about people.
pub(super) fn loosen(columns: &mut [Option<Column>], header: &Row, told: bool, body: &[(u64, Row)], inquiry: &Inquiry) {
    const LOOSE: [&str; 8] =
        ["so the", "ma the", "ma so the", "ma bh", "ma so bh", "so bh", "ma bao hiem", "so bao hiem"];
    /// Whole headings: of what people have or where they work, others have such words too.
    const THINGS: [&str; 24] = [
        "ten hang",
        "ten hang hoa",
        "ma hang",
        "mat hang",
        "hang hoa",
        "loai xe",
        "bien so",
        "bien so xe",
        "the kho",
        "ten sach",
        "sach",
        "sach muon",
        "doc gia",
        "ten doc gia",
        "san pham",
        "ten san pham",
        "ma san pham",
        "bao hanh",
        "han bao hanh",
        "thiet bi",
        "ten thiet bi",
        "vat tu",
        "ten vat tu",
        "phuong tien",
    ];
    /// Cards that open doors and count hours.
    const CARDS: [&str; 12] = [
        "tu",
        "xe",
        "gui xe",
        "cham cong",
        "thang may",
        "ra vao",
        "thu vien",
        "ban doc",
        "kho",
        "can ho",
        "nhan vien",
        "rfid",
    ];
    /// Of the insured and of what they pay.
    const PAID: [&str; 3] = ["kcb", "luong", "muc dong"];
    let folded = |view: &crate::view::View| fold(&String::from_utf8_lossy(&view.text));
    // `Mã thẻ từ`, `Số thẻ xe`: of what it says more.
    let longer = |heading: &str| {
        ["ma the ", "so the "].iter().any(|card| heading.strip_prefix(card).is_some_and(|of| CARDS.contains(&of)))
    };
    let is_loose = |at: usize| {
        let loose = |heading: &str| LOOSE.contains(&heading) || longer(heading);
        header.iter().any(|(c, view)| *c == at && loose(folded(view).trim()))
    };
    let loose: Vec<usize> = (0..columns.len())
        .filter(|at| matches!(columns.get(*at), Some(Some(Column::Bhyt | Column::Bhxh))) && is_loose(*at))
        .collect();
    if loose.is_empty() {
        return;
    }
    let is_paid = |text: &str| PAID.iter().any(|paid| format!(" {} ", text.trim()).contains(&format!(" {paid} ")));
    let beside = columns.iter().enumerate().filter(|(at, _)| !loose.contains(at)).filter_map(|(_, c)| *c);
    let told = told || beside.into_iter().any(tells_of_people) || header.iter().any(|(_, view)| is_paid(&folded(view)));
    let thing = header.iter().any(|(_, view)| THINGS.contains(&folded(view).trim()));
    let named = body.iter().filter(|(_, row)| names(row, columns, inquiry)).count() * 2 > body.len();
    let cells = |at: usize| body.iter().flat_map(move |(_, row)| row).filter(move |(c, _)| *c == at);
    let strange = |at: usize| are_uninsured(cells(at).map(|(_, view)| view.text.as_slice()));
    let kept = told || named && !thing;
    for at in loose.into_iter().filter(|at| !kept || strange(*at)) {
        if let Some(slot) = columns.get_mut(at) {
            *slot = Some(Column::Neutral);
        }
    }
}

/// What the cells of a column show.
#[derive(Default)]
struct Evidence {
    cells: usize,
    cards: usize,
    citizens: usize,
    /// Of the citizens: with a name beside, and with the birth date and sex that the number has.
    named: usize,
    born: usize,
    /// The numbers, without the letters of cards.
    numbers: Vec<u64>,
    /// Provinces that they begin with.
    provinces: HashSet<[u8; 3]>,
}

impl Evidence {
    /// None where no cell is of any use.
    fn of(
        at: usize,
        columns: &[Option<Column>],
        body: &[(u64, Row)],
        beside: &[Beside],
        inquiry: &Inquiry,
    ) -> Option<Self> {
        let mut evidence = Self::default();
        let mut hits = Vec::new();
        for ((_, row), beside) in body.iter().zip(beside) {
            let Some((_, view)) = row.iter().find(|(c, _)| *c == at) else { continue };
            let cell = view.text.trim_ascii();
            evidence.cells += usize::from(!cell.is_empty());
            if !(12..=CELL_BYTES_MAX).contains(&cell.len()) {
                continue;
            }
            hits.clear();
            inquiry.detectors.scan(cell, 0..cell.len(), Context::default(), &mut hits);
            let whole = |hit: &&Hit| hit.range == (0..cell.len()) && hit.confidence >= Confidence::Medium;
            let Some(hit) = hits.iter().find(whole) else { continue };
            let value = hit.value.reveal().as_bytes();
            match hit.detector {
                DetectorId::Bhyt => evidence.cards += 1,
                DetectorId::Cccd => {
                    evidence.citizens += 1;
                    evidence.named += usize::from(beside.names(row, columns, inquiry));
                    evidence.born += usize::from(beside.agrees(value, row, columns));
                }
                _ => continue,
            }
            let digits = value.iter().filter(|b| b.is_ascii_digit());
            evidence.numbers.push(digits.clone().fold(0, |n: u64, b| n.wrapping_mul(10) + u64::from(b - b'0')));
            let mut digits = digits.copied();
            if let (Some(a), Some(b), Some(c)) = (digits.next(), digits.next(), digits.next()) {
                evidence.provinces.insert([a, b, c]);
            }
        }
        (evidence.cards + evidence.citizens > 0).then_some(evidence)
    }

    /// What the column is, given a header that says something else.
    fn told(self, header: Column) -> Option<Column> {
        let Self { cells, cards, citizens, named, born, numbers, provinces } = self;
        let most = |some: usize, of: usize| some > 0 && some * 5 >= of * 4;
        let counted = are_counted(numbers);
        if most(cards, cells) {
            let varied = cards >= CARDS_MIN && provinces.len() > 1 && !counted;
            return (header != Column::Negative || varied).then_some(Column::Bhyt);
        }
        if !most(citizens, cells) {
            return None;
        }
        let named = most(named, citizens);
        let are_people = match header {
            _ if most(born, citizens) => true,
            _ if counted => false,
            Column::Neutral => named && citizens >= NAMED_MIN || citizens >= ALONE_MIN,
            Column::Negative => false,
            _ => named && citizens >= RECORDED_MIN && provinces.len() >= PROVINCES_MIN,
        };
        are_people.then_some(Column::Cccd)
    }
}

/// What else stands in a row. None of it stands under the headers that are weighed, so that it is the same for each
/// number in the row, and is looked for once.
#[derive(Default)]
struct Beside {
    named: OnceCell<bool>,
    /// Where the birth date and the sex stand.
    born: OnceCell<[Option<usize>; 2]>,
}

impl Beside {
    /// Whether a name stands in the row.
    fn names(&self, row: &Row, columns: &[Option<Column>], inquiry: &Inquiry) -> bool {
        *self.named.get_or_init(|| names(row, columns, inquiry))
    }

    /// Whether a citizen number has the birth year that stands beside it, and the sex if that does.
    fn agrees(&self, number: &[u8], row: &Row, columns: &[Option<Column>]) -> bool {
        let under = |wanted: &[Column]| {
            let wanted = |c: usize| columns.get(c).copied().flatten().is_some_and(|c| wanted.contains(&c));
            row.iter().position(|(c, _)| wanted(*c))
        };
        let born = || [under(&[Column::BirthDate, Column::BirthYear]), under(&[Column::Sex])];
        let [date, sex] = self.born.get_or_init(born).map(|n| row.get(n?).map(|(_, view)| view.text.trim_ascii()));
        date.is_some_and(|date| agrees(number, date, sex.unwrap_or_default()))
    }
}

/// Whether a name stands in a row.
fn names(row: &Row, columns: &[Option<Column>], inquiry: &Inquiry) -> bool {
    let mut hits = Vec::new();
    row.iter().filter(|(_, view)| view.text.len() <= NAME_BYTES_MAX).any(|(c, view)| {
        let text = view.text.as_slice();
        match columns.get(*c).copied().flatten() {
            Some(Column::Name | Column::GivenName) => text.iter().any(u8::is_ascii_alphabetic),
            Some(_) => false,
            None => {
                hits.clear();
                inquiry.detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
                let name = |hit: &Hit| hit.detector == DetectorId::PersonName && hit.confidence >= Confidence::Medium;
                hits.iter().any(name)
            }
        }
    })
}

/// Whether a citizen number has the birth year of `date`, and the `sex` if that says one.
fn agrees(number: &[u8], date: &[u8], sex: &[u8]) -> bool {
    let &[_, _, _, century, decade, year, ..] = number else { return false };
    let hundred = match century {
        b'0' | b'1' => b"19",
        b'2' | b'3' => b"20",
        _ => return false,
    };
    let born = [hundred[0], hundred[1], decade, year];
    // `Nam giới` is a man; of `nữ` nothing but the first letter is one of ASCII.
    let word = sex.split(|b| !b.is_ascii_alphabetic()).next().unwrap_or_default();
    let sex = match sex.first() {
        Some(b'F' | b'f') => Some(b'1'),
        Some(b'N' | b'n') if sex.len() > 2 && !word.eq_ignore_ascii_case(b"nam") => Some(b'1'),
        Some(b'N' | b'n') if sex.len() > 2 => Some(b'0'),
        Some(b'M' | b'm') if sex.len() != 2 => Some(b'0'),
        _ => None,
    };
    memchr::memmem::find(date, &born).is_some() && sex.is_none_or(|sex| sex & 1 == century & 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::View;
    use crate::{Hint, Inspector, Limits};

    const NAMES: [&str; 6] =
        ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung", "Hoàng Văn Em", "Vũ Thị Giang"];
    const BORN: [&str; 6] = ["05/04/1987", "12/11/1990", "01/02/1975", "30/09/2001", "17/06/1968", "08/03/1999"];
    const CITIZENS: [&str; 6] =
        ["001087123456", "079190654321", "038075112233", "048301445566", "092068778899", "031199990011"];
    const CARDS: [&str; 6] = [
        "DN4790112233445",
        "HS4010098765432",
        "GD4480055443322",
        "HT3380011992288",
        "TE1920066778899",
        "CH4310077889911",
    ];

    fn found(header: &str, cells: &[&str], named: bool, born: bool, detector: DetectorId) -> u64 {
        let mut text = format!("{}{header},Ngày sinh,Ghi chú\n", if named { "Họ tên," } else { "Kho," });
        for (n, cell) in cells.iter().enumerate() {
            let (name, date) = (if named { NAMES[n % 6] } else { "K1" }, if born { BORN[n % 6] } else { "" });
            text += &format!("{name},{cell},{date},x\n");
        }
        let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
        Inspector::new(Limits::default(), 2026).inspect(hint, &text.into_bytes()).inspection.distinct(detector)
    }

    #[test]
    fn rows_outweigh_a_header_that_says_nothing_or_something_else() {
        for (header, named, born, cccd) in [
            ("Số", true, false, 6),
            ("Value", true, false, 6),
            ("Giá trị", true, false, 6),
            ("Số", false, true, 6),
            ("Số", false, false, 0),
            ("Mã bệnh nhân", true, false, 6),
            ("Mã KH", true, true, 6),
            ("Mã KH", false, false, 0),
            ("Số tài khoản", true, false, 6),
            ("Mã đơn hàng", true, false, 0),
            ("Mã đơn hàng", true, true, 6),
            ("Số hóa đơn", false, true, 6),
        ] {
            assert_eq!(found(header, &CITIZENS, named, born, DetectorId::Cccd), cccd, "{header} {named} {born}");
        }
        for header in ["Số", "Mã KH", "Mã hồ sơ", "Số tài khoản", "Giá trị", "Số hiệu", "Mã đơn hàng"]
        {
            assert_eq!(found(header, &CARDS, true, false, DetectorId::Bhyt), 6, "{header}");
        }
    }

    #[test]
    fn what_was_counted_up_is_nobodys() {
        let counted: Vec<String> = (0..12).map(|n| format!("{:012}", 36_012_470_010_u64 + n * 3)).collect();
        let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
        let invoices: Vec<String> = (0..12).map(|n| format!("HD2{:012}", 610_000_000_120_u64 + n)).collect();
        let invoices: Vec<&str> = invoices.iter().map(String::as_str).collect();
        for header in ["Số", "Mã KH", "Số tài khoản", "Mã đơn hàng", "Mã linh tinh"] {
            assert_eq!(found(header, &counted, true, false, DetectorId::Cccd), 0, "{header}");
        }
        assert_eq!(found("Số hóa đơn", &invoices, true, false, DetectorId::Bhyt), 0);
        assert_eq!(found("Số CCCD", &counted, true, false, DetectorId::Cccd), 12);
    }

    #[test]
    fn random_numbers_beside_names_are_nobodys() {
        let random: Vec<String> =
            (1..40_u64).map(|n| format!("{:012}", n * 618_033_988_749 % 1_000_000_000_000)).collect();
        let random: Vec<&str> = random.iter().map(String::as_str).collect();
        for header in ["Số", "Mã KH", "Số tài khoản", "Mã đơn hàng"] {
            assert_eq!(found(header, &random, true, true, DetectorId::Cccd), 0, "{header}");
        }
    }

    #[test]
    fn a_sex_is_that_of_its_first_word() {
        for (sex, man, woman) in [
            ("Nam", true, false),
            ("NAM", true, false),
            ("Nam giới", true, false),
            ("nam/male", true, false),
            ("M", true, false),
            ("Nữ", false, true),
            ("Nữ giới", false, true),
            ("Nu gioi", false, true),
            ("Female", false, true),
            ("", true, true),
            ("không rõ", true, true),
        ] {
            assert_eq!(agrees(b"001087123456", b"05/04/1987", sex.as_bytes()), man, "{sex}");
            assert_eq!(agrees(b"001187123456", b"05/04/1987", sex.as_bytes()), woman, "{sex}");
        }
        assert!(!agrees(b"001087123456", b"05/04/1988", b"Nam"));
    }

    fn numbers(text: &str) -> u64 {
        let hint = Hint { name: Some("a.csv".to_owned()), ..Hint::default() };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        inspection.distinct(DetectorId::Bhxh)
    }

    #[test]
    fn cards_of_any_kind_are_nobodys_without_people_beside() {
        for (header, row, found) in [
            ("Số thẻ,Tên hàng,Nhập", "NUMBER,Máy in,12", 0),
            ("Mã thẻ,Loại xe,Giờ ra", "NUMBER,Tay ga,11", 0),
            ("Số thẻ,Họ tên độc giả,Sách", "NUMBER,NAME,11", 0),
            ("Mã BH,Tên sản phẩm,Hạn bảo hành", "NUMBER,Quạt,11", 0),
            ("Mã bảo hiểm xe,Loại,Phí", "NUMBER,Tự nguyện,11", 0),
            ("STT,Số thẻ kho,Ghi chú", "1,NUMBER,x", 0),
            ("STT,Mã thẻ từ,Ghi chú", "1,NUMBER,x", 0),
            ("Họ tên,Mã thẻ,Ca", "NAME,STRANGE,x", 0),
            ("Họ tên,Mã thẻ từ,Ngày sinh", "NAME,STRANGE,05/04/1987", 0),
            ("Họ tên,Mã số BHXH,Ngày sinh", "NAME,STRANGE,05/04/1987", 6),
            ("Họ tên,Mã thẻ,Ngày sinh", "NAME,NUMBER,05/04/1987", 6),
            ("Số thẻ,Họ tên,Ghi chú", "NUMBER,NAME,x", 6),
            ("Số thẻ,Ngày sinh,Ghi chú", "NUMBER,05/04/1987,x", 6),
            ("Mã BH,Họ tên,Mức đóng", "NUMBER,NAME,11", 6),
            ("Số thẻ BHYT,Ghi chú,x", "NUMBER,x,x", 6),
            ("Số thẻ,Mã số BHXH,x", "1234,NUMBER,x", 6),
        ] {
            let mut text = format!("{header}\n");
            for (n, name) in NAMES.iter().enumerate() {
                let number = format!("{:08}", 12_345_678 + n * 7_654_321);
                let row = row.replace("NUMBER", &format!("79{number}")).replace("STRANGE", &format!("00{number}"));
                text += &row.replace("NAME", name);
                text += "\n";
            }
            assert_eq!(numbers(&text), found, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_card_beside_tells_what_a_number_is() {
        for (header, same, found) in [
            ("TT,Họ tên,Bảo hiểm,\n,,Mã số,Số thẻ", true, 6),
            ("TT,Họ tên,Mã,Số thẻ BHYT", true, 6),
            ("TT,Họ tên,Mã,Số thẻ BHYT", false, 0),
        ] {
            let mut text = format!("{header}\n");
            for (n, name) in NAMES.iter().enumerate() {
                let card = 12_345_678 + n * 7_654_321;
                let number = if same { card } else { card + 1_111 };
                text += &format!("{n},{name},79{number:08},DN47979{card:08}\n");
            }
            assert_eq!(numbers(&text), found, "{text}");
        }
    }

    #[test]
    fn what_stands_beside_is_looked_for_once_a_row() {
        let inquiry = Inspector::new(Limits::default(), 2026).inquiry(None);
        let row = |texts: [&str; 3]| -> Row {
            let cells = texts.iter().map(|text| {
                let mut view = View::default();
                view.push_joint(text.as_bytes());
                view
            });
            cells.enumerate().collect()
        };
        let columns = [Some(Column::Neutral), Some(Column::Name), Some(Column::BirthDate)];
        let (full, empty) = (row(["1", "Lê Văn Cường", "01/02/1975"]), row(["1", "", ""]));
        let beside = Beside::default();
        for row in [&full, &empty] {
            assert!(beside.names(row, &columns, &inquiry), "the first answer stays");
        }
        assert!(!Beside::default().names(&empty, &columns, &inquiry));
        assert!(beside.agrees(b"038075112233", &full, &columns));
        assert!(!beside.agrees(b"038076112233", &full, &columns));
        assert!(!Beside::default().agrees(b"038075112233", &empty, &columns));
    }
}
