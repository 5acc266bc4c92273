//! Lists of the insured without a header, under a title that speaks of insurance: `DANH SÁCH LAO ĐỘNG THAM GIA BHXH` above
//! rows of an ordinal, a name and a number.

use chot_detectors::{Column, Context, are_insured, fold};
use chot_model::{Confidence, DetectorId};

use super::{COLUMNS_MAX, Row};
use crate::inquiry::Inquiry;

/// A longer line is a paragraph.
const TITLE_BYTES_MAX: usize = 160;
/// Digits of a year, or of what a form is called.
const TITLE_DIGITS_MAX: usize = 6;
/// Longer cells are no names.
const NAME_BYTES_MAX: usize = 96;
/// Words of such titles, and what the forms are called (QĐ 1040/QĐ-BHXH, 2025).
const WORDS: [&str; 8] =
    [" bhxh ", " bhyt ", " bao hiem xa hoi ", " bao hiem y te ", " chot so ", " d 02 ", " d 03 ", " so bao hiem "];

/// Whether a line is a title that speaks of insurance.
pub(crate) fn is_title(line: &[u8]) -> bool {
    // What was said of one person has a number, as lines of logs have.
    let digits = || line.iter().map(|b| usize::from(b.is_ascii_digit())).sum::<usize>();
    (4..=TITLE_BYTES_MAX).contains(&line.len()) && digits() <= TITLE_DIGITS_MAX && {
        let folded = format!(" {} ", fold(&String::from_utf8_lossy(line)));
        WORDS.iter().any(|word| folded.contains(word))
    }
}

/// Names the column of the numbers of the insured, where a row before says that the list is about them and a name stands in
/// most rows; whether there is one.
pub(super) fn name(columns: &mut Vec<Option<Column>>, rows: &[(u64, Row)], inquiry: &Inquiry) -> bool {
    let filled = |row: &Row| row.iter().filter(|(_, view)| !view.text.trim_ascii().is_empty()).count();
    // A comma cuts a title as it cuts rows.
    let heads = |row: &Row| {
        let mut cells = row.iter().map(|(_, view)| view.text.trim_ascii()).filter(|cell| !cell.is_empty());
        cells.next().is_some_and(is_title) && cells.all(|cell| !cell.iter().any(u8::is_ascii_digit))
    };
    let Some(title) = rows.iter().position(|(_, row)| heads(row)) else { return false };
    let body: Vec<&Row> = rows.iter().skip(title + 1).map(|(_, row)| row).filter(|row| filled(row) > 1).collect();
    let width = body.iter().flat_map(|row| row.last()).map(|(at, _)| at + 1).max().unwrap_or(0).min(COLUMNS_MAX);
    let cells = |at: usize| {
        body.iter().flat_map(move |row| row.iter().filter(move |(c, _)| *c == at)).map(|(_, view)| &*view.text)
    };
    let Some(at) = (0..width).find(|at| are_insured(cells(*at))) else { return false };
    let mut hits = Vec::new();
    let mut names = |text: &[u8]| {
        hits.clear();
        inquiry.detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
        hits.iter().any(|hit| hit.detector == DetectorId::PersonName && hit.confidence >= Confidence::Medium)
    };
    let named =
        body.iter().filter(|row| row.iter().any(|(_, view)| view.text.len() <= NAME_BYTES_MAX && names(&view.text)));
    if named.count() * 2 <= body.len() {
        return false;
    }
    columns.resize((at + 1).max(columns.len()), None);
    columns[at] = columns[at].or(Some(Column::Bhxh));
    true
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
        ] {
            let rows = NAMES.iter().zip(numbers).enumerate().map(|(n, (name, number))| line(n + 1, name, number));
            let text = format!("{title}\n{}", rows.collect::<String>());
            let hint = Hint { name: Some(format!("a.{extension}")), ..Hint::default() };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.clone().into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }
}
