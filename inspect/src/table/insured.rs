//! Lists of the insured without a header, under a title that speaks of insurance: `DANH SÁCH LAO ĐỘNG THAM GIA BHXH` above
//! rows of an ordinal, a name and a number.

use std::collections::HashSet;

use chot_detectors::{Column, Context, are_insured, are_insured_below, fold};
use chot_model::{Confidence, DetectorId};

use super::weight::tells_of_people;
use super::{COLUMNS_MAX, Row, digits};
use crate::inquiry::Inquiry;

/// A longer line is a paragraph.
const TITLE_BYTES_MAX: usize = 160;
/// Digits of a year, or of what a form is called.
const TITLE_DIGITS_MAX: usize = 6;
/// Longer cells are no names.
const NAME_BYTES_MAX: usize = 96;
/// Words of such titles, and what the forms are called (QĐ 1040/QĐ-BHXH, 2025).
const WORDS: [&str; 10] = [
    " bhxh ",
    " bhyt ",
    " bao hiem xa hoi ",
    " bao hiem y te ",
    " so bao hiem ",
    " chot so ",
    " bao tang ",
    " bao giam ",
    " d 02 ",
    " d 03 ",
];

/// A list under a title with these is one of payments, whose numbers are those of accounts; papers are handed in likewise.
const MONEY: [&str; 4] = [" tien ", " nop ", " tai khoan ", " chi tra "];
const HANDED_IN: &str = " nop ho so ";

/// A line with these is a header.
const HEADINGS: [&str; 5] = [" ho ten ", " ho va ten ", " stt ", " tt ", " ngay sinh "];

/// Whether a line is a title that speaks of insurance.
pub(crate) fn is_title(line: &[u8]) -> bool {
    may_be_title(line) && {
        let folded = format!(" {} ", fold(&String::from_utf8_lossy(line)));
        let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
        has(&WORDS) && !has(&HEADINGS)
    }
}

/// Whether a line is one that says of what papers a list is.
pub(crate) fn is_title_of_papers(line: &[u8]) -> bool {
    const PAPERS: [&str; 8] =
        [" cccd ", " can cuoc ", " cmnd ", " cmt ", " cmtnd ", " chung minh ", " ho chieu ", " passport "];
    may_be_title(line) && {
        let folded = format!(" {} ", fold(&String::from_utf8_lossy(line)));
        let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
        has(&PAPERS) && !has(&HEADINGS)
    }
}

/// Whether a line may be one, by its length and digits: what was said of one person has a number, as lines of logs
/// have.
pub(crate) fn may_be_title(line: &[u8]) -> bool {
    (4..=TITLE_BYTES_MAX).contains(&line.len()) && digits(line) <= TITLE_DIGITS_MAX
}

/// Whether a title is that of a list of payments.
fn is_of_money(title: &[u8]) -> bool {
    let folded = format!(" {} ", fold(&String::from_utf8_lossy(title))).replace(HANDED_IN, " ");
    MONEY.iter().any(|word| folded.contains(word))
}

/// Whether a row is a title about the insured. A comma cuts a title as it cuts rows.
fn heads(row: &Row) -> bool {
    let mut cells = row.iter().map(|(_, view)| view.text.trim_ascii()).filter(|cell| !cell.is_empty());
    let title = |cell: &[u8]| is_title(cell) && !is_of_money(cell);
    cells.next().is_some_and(title) && cells.all(|cell| !cell.iter().any(u8::is_ascii_digit))
}

/// Whether a row begins with the name of an office of the insurance, which makes lists of other things, too.
fn is_of_an_office(row: &Row) -> bool {
    const OFFICES: [&str; 2] = ["bhxh", "bao hiem xa hoi"];
    const PLACES: [&str; 9] = ["tinh", "thanh pho", "tp", "huyen", "quan", "thi xa", "co so", "khu vuc", "viet nam"];
    let Some((_, view)) = row.iter().find(|(_, view)| !view.text.trim_ascii().is_empty()) else { return false };
    let folded = fold(&String::from_utf8_lossy(&view.text));
    let rest = OFFICES.iter().find_map(|office| folded.trim().strip_prefix(office));
    rest.is_some_and(|rest| PLACES.iter().any(|place| rest.trim_start().starts_with(place)))
}

/// Names the column of the numbers of the insured, where a row before says that the list is about them and a name stands in
/// most rows; which one that is.
pub(super) fn name(columns: &mut Vec<Option<Column>>, rows: &[(u64, Row)], inquiry: &Inquiry) -> Option<usize> {
    let filled = |row: &Row| row.iter().filter(|(_, view)| !view.text.trim_ascii().is_empty()).count();
    let title = rows.iter().position(|(_, row)| heads(row))?;
    let body: Vec<&Row> = rows.iter().skip(title + 1).map(|(_, row)| row).filter(|row| filled(row) > 1).collect();
    let width = body.iter().flat_map(|row| row.last()).map(|(at, _)| at + 1).max().unwrap_or(0).min(COLUMNS_MAX);
    let cells = |at: usize| {
        body.iter().flat_map(move |row| row.iter().filter(move |(c, _)| *c == at)).map(|(_, view)| &*view.text)
    };
    let at = (0..width).find(|at| are_insured(cells(*at)))?;
    let mut hits = Vec::new();
    let mut names = |text: &[u8]| {
        hits.clear();
        inquiry.detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
        hits.iter().any(|hit| hit.detector == DetectorId::PersonName && hit.confidence >= Confidence::Medium)
    };
    let named =
        body.iter().filter(|row| row.iter().any(|(_, view)| view.text.len() <= NAME_BYTES_MAX && names(&view.text)));
    if named.count() * 2 <= body.len() {
        return None;
    }
    columns.resize((at + 1).max(columns.len()), None);
    columns[at] = columns[at].or(Some(Column::Bhxh));
    Some(at)
}

/// Names the column under a bare `Mã số` where the others are about people, or a title above is about the insured, and its cells
/// are numbers of the insured: those have years of first insurance behind the province, where those that a school gives
/// out begin alike.
pub(super) fn name_mere_number(
    columns: &mut [Option<Column>],
    titles: &[(u64, Row)],
    header: &Row,
    body: &[(u64, Row)],
) {
    const MERE: &str = "ma so";
    let told = |wanted: fn(Column) -> bool| columns.iter().flatten().any(|column| wanted(*column));
    let titled = || titles.iter().any(|(_, row)| heads(row) && !is_of_an_office(row));
    let among_people = told(tells_of_people);
    if !told(|c| c == Column::Name) || !among_people && !titled() {
        return;
    }
    let are_insured = |cells: &mut dyn Iterator<Item = &[u8]>| {
        if among_people { are_insured(cells) } else { are_insured_below(cells) }
    };
    for (at, view) in header {
        let open = matches!(columns.get(*at), Some(None | Some(Column::Neutral)));
        if !open || fold(&String::from_utf8_lossy(&view.text)).trim() != MERE {
            continue;
        }
        let cells =
            || body.iter().flat_map(|(_, row)| row.iter().filter(|(c, _)| c == at)).map(|(_, view)| &*view.text);
        let begun: HashSet<&[u8]> = cells().filter_map(|cell| cell.trim_ascii().get(..4)).collect();
        if are_insured(&mut cells())
            && begun.len() * 2 > cells().filter(|cell| !cell.trim_ascii().is_empty()).count()
            && let Some(slot) = columns.get_mut(*at)
        {
            *slot = Some(Column::Bhxh);
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn titles_are_told_from_other_lines() {
        for (line, is) in [
            ("DANH SÁCH LAO ĐỘNG THAM GIA BHXH, BHYT, BHTN", true),
            ("ds tham gia bhyt hgd", true),
            ("Mẫu D02-TS", true),
            ("chốt sổ giúp e", true),
            ("Danh sách đoàn tham quan", false),
            ("Họ tên - Mã số BHXH - Ngày sinh", false),
            ("1. Nguyễn Văn An", false),
            ("", false),
        ] {
            assert_eq!(is_title(line.as_bytes()), is, "{line}");
        }
    }

    #[test]
    fn a_list_under_its_title_needs_no_header() {
        const NUMBERS: [&str; 6] = ["7912045873", "0113155984", "4814265095", "0892345671", "3015167384", "7917208495"];
        const PHONES: [&str; 6] = ["0912045873", "0323155984", "0814265095", "0892345671", "0765167384", "0917208495"];
        const TURNED: [&str; 6] = ["0892345671", "0812155984", "4814265095", "7912345671", "0872167384", "7917208495"];
        const NAMES: [&str; 6] =
            ["Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường", "Phạm Thị Dung", "Hoàng Văn Em", "Vũ Thị Giang"];
        const INSURED: &str = "DANH SÁCH LAO ĐỘNG THAM GIA BHXH, BHYT";
        let tabs = |n: usize, name: &str, number: &str| format!("{n}\t{name}\t{number}\tCông nhân\n");
        let commas = |n: usize, name: &str, number: &str| format!("{n},{name},{number},Công nhân\n");
        let items = |n: usize, name: &str, number: &str| format!("{n}. {name}, 05/04/1987, {number}\n");
        let colons = |_: usize, name: &str, number: &str| format!("- {name}: {number}\n");
        let first = |_: usize, name: &str, number: &str| format!("{number} {name}\n");
        type Line<'l> = &'l dyn Fn(usize, &str, &str) -> String;
        let tabs: Line<'_> = &tabs;
        for (title, line, numbers, extension, found) in [
            (INSURED, tabs, NUMBERS, "txt", 6),
            ("DANH SÁCH THAM GIA BHXH\nMẫu D02-TS", tabs, NUMBERS, "txt", 6),
            ("ds tham gia bhyt hgd", &items, NUMBERS, "txt", 6),
            ("chốt sổ giúp e", &first, NUMBERS, "txt", 6),
            ("Danh sách mã BHXH cần gộp:", &items, NUMBERS, "txt", 6),
            ("Danh sách mã BHXH cần gộp:", &colons, TURNED, "txt", 6),
            ("Danh sách cán bộ phụ trách mã BHXH:", &items, PHONES, "txt", 0),
            ("Danh sách lao động tham gia BHXH", &commas, NUMBERS, "csv", 6),
            (INSURED, tabs, PHONES, "txt", 0),
            ("ds tham gia bhyt hgd", &items, PHONES, "txt", 0),
            ("Danh sách đoàn tham quan", tabs, NUMBERS, "txt", 0),
            ("ds đoàn tham quan", &items, NUMBERS, "txt", 0),
            ("Danh sách lao động tham gia BHXH", &commas, PHONES, "csv", 0),
            ("Danh sách nộp hồ sơ chốt sổ BHXH", tabs, NUMBERS, "txt", 6),
            ("BẢNG KÊ NỘP TIỀN BHXH", tabs, NUMBERS, "txt", 0),
            ("Danh sách chi trả BHXH qua tài khoản", &commas, NUMBERS, "csv", 0),
        ] {
            let rows = NAMES.iter().zip(numbers).enumerate().map(|(n, (name, number))| line(n + 1, name, number));
            let text = format!("{title}\n{}", rows.collect::<String>());
            let hint = Hint { name: Some(format!("a.{extension}")), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.clone().into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
            let tally = inspection.inspection.tallies.get(&DetectorId::Bhxh);
            // A title alone is no proof, unless it names what is listed.
            let named = title.contains("mã BHXH");
            assert!(named || tally.is_none_or(|tally| tally.confidence < Some(Confidence::High)), "{text}");
        }
    }

    #[test]
    fn a_mere_number_beside_people_is_told_by_its_cells() {
        const INSURED: [&str; 4] = ["7912045873", "0113155984", "4814265095", "7908345671"];
        const STUDENTS: [&str; 4] = ["2051050123", "2051050871", "2051050340", "2051050662"];
        const PHONES: [&str; 4] = ["0912345678", "0323155984", "0814265095", "0892345671"];
        for (heading, cells, beside, found) in [
            ("Mã số", INSURED, "Ngày sinh", 4),
            ("ma_so", INSURED, "Số CCCD", 4),
            ("Mã số", INSURED, "Lớp", 0),
            ("Mã số", STUDENTS, "Ngày sinh", 0),
            ("Mã số", PHONES, "Ngày sinh", 0),
            ("Mã đơn", INSURED, "Ngày sinh", 0),
        ] {
            let row = |cell: &str| format!("Nguyễn Văn An,{cell},05/04/1987\n");
            let rows: String = cells.iter().map(|cell| row(cell)).collect();
            let text = format!("Họ tên,{heading},{beside}\n{rows}");
            let hint = Hint { name: Some("a.csv".into()), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.clone().into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }

    #[test]
    fn a_title_of_insurance_says_what_a_mere_number_below_is() {
        const NUMBERS: [&str; 4] = ["1961512569", "9366876087", "4620414091", "7486512313"];
        const PHONES: [&str; 4] = ["0912345678", "0323155984", "0814265095", "0892345671"];
        for (title, header, numbers, found) in [
            ("DANH SÁCH THAM GIA BHXH TỰ NGUYỆN,,,", "STT,Họ tên,Mã số,Số tiền", NUMBERS, 4),
            ("DANH SÁCH THAM GIA BHXH TỰ NGUYỆN,,,", "STT,Họ tên,Mã số,Số tiền", PHONES, 0),
            ("DANH SÁCH THAM GIA BHXH TỰ NGUYỆN,,,", "STT,Tên hàng,Mã số,Số tiền", NUMBERS, 0),
            ("DANH SÁCH THƯỞNG TẾT,,,", "STT,Họ tên,Mã số,Số tiền", NUMBERS, 0),
            ("DANH SÁCH NỘP TIỀN BHXH,,,", "STT,Họ tên,Mã số,Số tiền", NUMBERS, 0),
        ] {
            let rows: String = numbers.iter().map(|number| format!("1,Nguyễn Văn An,{number},297000\n")).collect();
            let text = format!("BẢO HIỂM XÃ HỘI HUYỆN X,,,\n{title}\nTháng 10/2026,,,\n\"\"\n{header}\n{rows}");
            let hint = Hint { name: Some("a.csv".into()), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.clone().into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }

    #[test]
    fn a_title_above_rows_says_what_a_mere_number_is() {
        let rows = "Từ tháng\tĐến tháng\tLương\n01/2018\t12/2018\t4.012.000\n01/2019\t12/2019\t4.312.000\n";
        for (title, found) in [("QUÁ TRÌNH THAM GIA BHXH", 1), ("Quá trình công tác", 0)] {
            let text = format!("{title}\nHọ tên: Võ Thị Ban  Mã số: 7912045873\n{rows}");
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{title}");
        }
    }
}
