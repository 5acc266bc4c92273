//! Tables whose cells a single blank parts, as they come out of a PDF: `STT Họ và tên Mã BHXH Mức đóng` above
//! `1 Nguyễn Văn An 7912345678 4.960.000`.
//!
//! Nothing tells where a cell ends. The line above is cut into the headings that it is made of; of a row the name, the birth
//! and the numbers are read, each number as the next heading says that it may stand under.

use std::ops::Range;

use chot_detectors::{Column, Detectors, fold};

use super::aligned;
use super::items::{is_card, is_telephone, words};
use super::piece::{Line, Piece};
use crate::table::{digits, is_number};
use crate::view::View;

/// A longer line is a paragraph, but for one that begins as the headings of a register do.
const HEADER_MAX: usize = 200;
const REGISTER_MAX: usize = 480;
/// Words of a heading: `Ngày tháng năm sinh`, `Mã số bảo hiểm xã hội`.
const HEADING_WORDS_MAX: usize = 6;
/// Digits of a heading: `CCCD (12 số)`.
const HEADER_DIGITS_MAX: usize = 4;
/// A row has no more words: what has is a sentence.
const ROW_WORDS_MAX: usize = 40;
/// More headings are none.
const HEADINGS_MAX: usize = 24;
/// The name is one of the first headings of a register.
const NAMED_WITHIN: usize = 4;
/// Words of a name.
const NAME_WORDS: std::ops::RangeInclusive<usize> = 2..=7;

/// The headings of a line, and what each announces.
pub(super) struct Headings(Vec<(Range<usize>, Column)>);

impl Headings {
    /// Of a line that is made of headings, of an identifier and of a name among them.
    pub(super) fn of(line: &[u8], detectors: &Detectors) -> Option<Self> {
        if !may_head(line) || digits(line) > HEADER_DIGITS_MAX {
            return None;
        }
        let register = begins_register(line);
        let text = std::str::from_utf8(line).ok()?;
        let words: Vec<Range<usize>> = words(line, 0..line.len()).collect();
        let (mut headings, mut known, mut at) = (Vec::<(Range<usize>, Column)>::new(), 0, 0);
        while at < words.len() {
            // Most lines are of words that no heading has: what is left cannot make up for them.
            if !register && (known + words.len() - at) * 2 <= words.len() {
                return None;
            }
            let Some((len, mut range, column)) = heading(text, words.get(at..)?, detectors) else {
                at += 1;
                continue;
            };
            if column == Column::GivenName && len == 1 && names_a_thing(&words, at + 1, line) {
                at += 2;
                continue;
            }
            if matches!(column, Column::Name | Column::GivenName) && counts(&words, at, line) {
                // What they take part in is no heading of its own, either.
                let rest = words.get(at + len..).and_then(|rest| heading(text, rest, detectors));
                let of = rest.filter(|(words, range, _)| *words == 1 && !begins_with_a_label(text, range));
                let all = len + of.map_or(0, |(words, ..)| words);
                headings.pop_if(|(_, before)| *before == Column::Neutral);
                headings.push((range, Column::Negative));
                known += all;
                at += all;
                continue;
            }
            // `Số` of that is no heading of its own.
            if let Some((number, _)) =
                headings.pop_if(|(_, before)| *before == Column::Neutral && column.is_identifier())
            {
                range.start = number.start;
            }
            headings.push((range, column));
            known += len;
            at += len;
        }
        let has = |wanted: fn(Column) -> bool| headings.iter().any(|(_, column)| wanted(*column));
        let names = |c: Column| matches!(c, Column::Name | Column::GivenName);
        // `STT Họ và tên`: no sentence begins so, whatever other headings follow.
        let begins = || register && headings.iter().take(NAMED_WITHIN).any(|(_, column)| names(*column));
        let are_headings = headings.len() <= HEADINGS_MAX && (known * 2 > words.len() || begins());
        (are_headings && has(aligned::names_number) && has(names)).then_some(Self(headings))
    }

    /// What each announces, and the row they make.
    pub(super) fn into_row(self, line: &Piece, view: &View) -> (Vec<Column>, Line) {
        let (cells, columns): (Vec<Piece>, Vec<Column>) =
            self.0.into_iter().map(|(range, column)| (line.part(range, view), column)).unzip();
        let places = (0..cells.len()).collect();
        (columns, Line::under(cells, places))
    }
}

/// Whether a line is short enough to be made of headings.
pub(super) fn may_head(line: &[u8]) -> bool {
    line.len() <= HEADER_MAX || line.len() <= REGISTER_MAX && begins_register(line)
}

/// Whether a line begins with the heading of row numbers.
pub(super) fn begins_register(line: &[u8]) -> bool {
    let word = line.split(|b| *b == b' ').next().unwrap_or_default();
    word.eq_ignore_ascii_case(b"STT") || word.eq_ignore_ascii_case(b"TT")
}

/// Whether a line begins with the number of a row.
pub(super) fn is_counted(line: &[u8]) -> bool {
    const DIGITS: std::ops::RangeInclusive<usize> = 1..=4;
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    DIGITS.contains(&digits) && matches!(line.get(digits), Some(b' ' | b'.' | b')'))
}

/// Whether the word behind `Tên` is that of a thing: `Tên hàng`, `Tên gói thầu`.
fn names_a_thing(words: &[Range<usize>], at: usize, line: &[u8]) -> bool {
    const THINGS: [&str; 19] = [
        "hang", "thuoc", "goi", "vat", "thiet", "san", "don", "cong", "doanh", "co", "sach", "dich", "tinh", "xa",
        "truong", "chung", "xe", "du", "may",
    ];
    let word = words.get(at).and_then(|word| line.get(word.clone())).unwrap_or_default();
    THINGS.contains(&fold(&String::from_utf8_lossy(word)).as_str())
}

/// Whether the people whom a heading names are counted, by the word before it: `Số người tham gia`, `Số lượng bệnh nhân`.
fn counts(words: &[Range<usize>], at: usize, line: &[u8]) -> bool {
    let before = at.checked_sub(1).and_then(|at| line.get(words.get(at)?.clone())).unwrap_or_default();
    let before = fold(&String::from_utf8_lossy(before));
    matches!(before.as_str(), "so" | "luong" | "tong")
}

/// Whether a heading of one word says that a number is meant: `MSBHXH`.
fn begins_with_a_label(text: &str, range: &Range<usize>) -> bool {
    let folded = fold(text.get(range.clone()).unwrap_or_default());
    ["so", "ma", "ms", "the"].iter().any(|label| folded.starts_with(label))
}

/// The longest heading that `words` of a text begin with: of how many words it is, where it stands, what it announces.
fn heading(text: &str, words: &[Range<usize>], detectors: &Detectors) -> Option<(usize, Range<usize>, Column)> {
    let start = words.first()?.start;
    let mut ends = [0; HEADING_WORDS_MAX];
    ends.iter_mut().zip(words).for_each(|(end, word)| *end = word.end - start);
    let ends = ends.get(..words.len().min(HEADING_WORDS_MAX))?;
    if let Some((n, column)) = detectors.longest_heading(text.get(start..)?, ends) {
        return Some((n + 1, start..start + ends.get(n)?, column));
    }
    // `Số CCCD/CMND`: two names of one column.
    let word = text.get(words.first()?.clone()).filter(|word| word.contains('/'))?;
    Some((1, words.first()?.clone(), detectors.column(word)?))
}

/// The row that a line makes under headings; `None` without a name and a number that may stand under one of them.
pub(super) fn row(line: &Piece, columns: &[Column], view: &View) -> Option<Line> {
    let text = line.text(view);
    let Parts { name, birth, numbers } = Parts::of(text)?;
    let numbers = under(text, &numbers, columns);
    if numbers.is_empty() {
        return None;
    }
    let heads = |wanted: &[Column]| columns.iter().position(|column| wanted.contains(column));
    let named = heads(&[Column::Name, Column::GivenName]).map(|at| (at, name));
    let born = heads(&[Column::BirthDate, Column::BirthYear]).zip(birth);
    let mut cells: Vec<(usize, Range<usize>)> = numbers.into_iter().chain(named).chain(born).collect();
    cells.sort_unstable_by_key(|(_, range)| range.start);
    let (columns, cells) = cells.into_iter().map(|(at, range)| (at, line.part(range, view))).unzip();
    Some(Line::under(cells, columns))
}

/// Whether a line may be a row: it has a name and a number as long as those of people.
pub(super) fn may_be_row(line: &[u8]) -> bool {
    Parts::of(line).is_some()
}

/// So many words a text has at least: those that a letter or digit of ASCII begins behind a blank.
fn words_at_least(text: &[u8]) -> usize {
    /// So few at a time that a byte holds their number.
    const PART: usize = u8::MAX as usize;
    let begins =
        |(before, b): (&u8, &u8)| u8::from(matches!(before, b' ' | b'\t')) & u8::from(b.is_ascii_alphanumeric());
    let nexts = text.get(1..).unwrap_or_default().chunks(PART);
    text.chunks(PART).zip(nexts).map(|(part, next)| usize::from(part.iter().zip(next).map(begins).sum::<u8>())).sum()
}

/// What is read of a row.
struct Parts {
    name: Range<usize>,
    birth: Option<Range<usize>>,
    numbers: Vec<Range<usize>>,
}

impl Parts {
    fn of(text: &[u8]) -> Option<Self> {
        if words_at_least(text) > ROW_WORDS_MAX + 1 {
            return None;
        }
        let (mut names, mut birth, mut numbers) = (None, None, Vec::new());
        let mut run: Option<(Range<usize>, usize)> = None;
        let is_name = |run: &Option<(Range<usize>, usize)>| run.as_ref().is_some_and(|(_, n)| NAME_WORDS.contains(n));
        for (n, word) in words(text, 0..text.len()).enumerate() {
            if n > ROW_WORDS_MAX {
                return None;
            }
            let own = text.get(word.clone()).unwrap_or_default();
            let goes_on = |(run, _): &(Range<usize>, usize)| {
                text.get(run.end..word.start).is_some_and(|between| between.iter().all(|b| *b == b' '))
            };
            if own.iter().all(|b| b.is_ascii_alphabetic() || *b >= 0x80 || matches!(b, b'\'' | b'-' | b'.')) {
                run = match run.take_if(|run| goes_on(run)) {
                    Some((run, n)) => Some((run.start..word.end, n + 1)),
                    None => Some((word, 1)),
                };
                if is_name(&run)
                    && names
                        .as_ref()
                        .is_none_or(|name: &Range<usize>| run.as_ref().is_some_and(|(r, _)| r.start == name.start))
                {
                    names = run.as_ref().map(|(run, _)| run.clone());
                }
                continue;
            }
            run = None;
            if is_date(own) {
                birth.get_or_insert(word);
            } else if is_number(own) && !is_amount(own) || is_card(own) || is_passport(own) {
                numbers.push(word);
            }
        }
        Some(Self { name: names?, birth, numbers }).filter(|parts| !parts.numbers.is_empty())
    }
}

/// Which of `columns` each number stands under: in their order, as many as may be, rather in columns of people's numbers.
fn under(text: &[u8], numbers: &[Range<usize>], columns: &[Column]) -> Vec<(usize, Range<usize>)> {
    let weight = |n: usize, c: usize| {
        let number = numbers.get(n).and_then(|range| text.get(range.clone())).unwrap_or_default();
        columns.get(c).map_or(0, |column| fits(number, *column))
    };
    let (_, pairs) = aligned::best(numbers.len(), columns.len(), weight);
    pairs.into_iter().filter_map(|(n, c)| Some((c, numbers.get(n)?.clone()))).collect()
}

/// How well a number stands under a heading: not at all, hardly, as well as any other, as what the heading names.
pub(super) fn fits(number: &[u8], column: Column) -> u32 {
    const HARDLY: u32 = 1;
    const ANY: u32 = 2;
    const NAMED: u32 = 3;
    const SURELY: u32 = 4;
    let digits = number.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = number.iter().any(u8::is_ascii_alphabetic);
    match column {
        Column::Bhyt if is_card(number) => SURELY,
        Column::Passport if is_passport(number) => SURELY,
        Column::Phone if !letters && is_telephone(number) => SURELY,
        // Programs drop the zeros it begins with.
        Column::Cccd if !letters && matches!(digits, 11 | 12) => NAMED,
        Column::Cccd | Column::IdNumber if !letters && digits == 10 => HARDLY,
        Column::Household if !letters && digits == 10 => NAMED,
        Column::Cmnd if !letters && matches!(digits, 9 | 12) => NAMED,
        Column::IdNumber if !letters && matches!(digits, 9 | 11 | 12) => NAMED,
        Column::Bhxh if !letters && matches!(digits, 10 | 12) => NAMED,
        Column::Bhyt if !letters && digits == 10 => NAMED,
        Column::Tax if !letters && (10..=13).contains(&digits) => ANY,
        Column::Bank | Column::Neutral | Column::Record | Column::Negative | Column::DriverLicence if !letters => ANY,
        _ => 0,
    }
}

/// A day: `5/4/1987`, `05-04-87`.
pub(super) fn is_date(word: &[u8]) -> bool {
    let signs = word.iter().filter(|b| matches!(b, b'/' | b'-' | b'.')).count();
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    signs == 2 && (4..=8).contains(&digits) && signs + digits == word.len()
}

/// Thousands: `114.960.000`. No number of a paper begins so that is written with signs.
fn is_amount(word: &[u8]) -> bool {
    let mut groups = word.split(|b| matches!(b, b'.' | b','));
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && first.first() != Some(&b'0'));
    let mut others = groups.peekable();
    first && others.peek().is_some() && others.all(|group| group.len() == 3)
}

/// A letter and seven digits.
fn is_passport(word: &[u8]) -> bool {
    matches!(word, [letter, digits @ ..] if letter.is_ascii_uppercase() && digits.len() == 7
        && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;
    use proptest::prelude::*;

    use super::{super::items::words, words_at_least};
    use crate::{Hint, Inspector, Limits};

    proptest! {
        #[test]
        fn no_more_words_are_counted_than_there_are(text in "([a-z1ạ.,'-]{0,4}[ \\t]{1,3}|[–] ){0,300}[a-zé]{0,3}") {
            prop_assert!(words_at_least(text.as_bytes()) <= words(text.as_bytes(), 0..text.len()).count(), "{}", text);
        }
    }

    #[test]
    fn words_are_counted_in_texts_of_any_length() {
        for n in [0, 1, 40, 127, 128, 300, 2_000] {
            assert_eq!(words_at_least("a ".repeat(n).as_bytes()), n.saturating_sub(1));
        }
    }

    const IDENTIFIERS: [DetectorId; 4] = [DetectorId::Cccd, DetectorId::Cmnd, DetectorId::Bhxh, DetectorId::Bhyt];

    #[test]
    fn a_header_of_words_speaks_of_the_numbers_below() {
        let names = ["Nguyễn Văn An", "Lê Thị Bình", "TRẦN QUỐC CƯỜNG", "phạm thị dung", "Vũ Hà"];
        let (cccd, bhxh) = (["079190123456", "001087654321"], ["7912045873", "0121736405"]);
        let (cmnd, card) = (["023456781", "162837465"], ["DN4797912045873", "HS4010121736405"]);
        for (header, row, found, persons) in [
            ("STT Họ và tên Mã BHXH Mức đóng", "I NAME BHXH 4.960.000", [0, 0, 2, 0], 5),
            ("STT Họ và tên Mã BHXH Mức đóng", "I NAME BHXH 114.960.000", [0, 0, 2, 0], 5),
            ("TT HỌ TÊN MÃ SỐ BHXH", "I NAME BHXH", [0, 0, 2, 0], 5),
            ("stt ho va ten ma bhxh", "I. NAME BHXH", [0, 0, 2, 0], 5),
            ("Họ và tên Ngày sinh Số CCCD Mã BHXH", "NAME 01/02/1980 CCCD BHXH", [2, 0, 2, 0], 5),
            // Nothing stands under one of them.
            ("Họ và tên Số CCCD Mã BHXH", "NAME BHXH", [0, 0, 2, 0], 5),
            ("Họ và tên SĐT Mã BHXH", "NAME 0912345678 BHXH", [0, 0, 2, 0], 5),
            ("Họ và tên SĐT Mã BHXH", "NAME BHXH", [0, 0, 2, 0], 5),
            ("Mã BHXH Họ tên Ngày sinh", "BHXH NAME 01/02/1980", [0, 0, 2, 0], 5),
            ("Họ và tên Số CMND Nơi cấp", "NAME CMND CA tỉnh", [0, 2, 0, 0], 5),
            ("Họ và tên Số CCCD/CMND Nơi cấp", "NAME CMND CA tỉnh", [0, 2, 0, 0], 5),
            ("> Họ và tên Mã thẻ BHYT", "> NAME CARD", [0, 0, 0, 2], 5),
            // Other numbers stand beside, or nothing else.
            ("Họ và tên Số tài khoản Mã BHXH", "NAME 7912345670 BHXH", [0, 0, 2, 0], 5),
            ("STT Tên hàng Mã hàng Số lượng", "I NAME BHXH 4", [0; 4], 0),
            ("Họ và tên Mã đơn hàng Số tiền", "NAME BHXH 4.000", [0; 4], 0),
            // People who are counted, and the number of a firm.
            ("STT Tên tỉnh Số người tham gia BHXH Số thu (đồng)", "I NAME 623496 145633764010 89.07", [0; 4], 0),
            ("Họ và tên Số lượng người tham gia BHYT Số tiền", "NAME 3 BHXH", [0; 4], 0),
            (
                "STT Tên gói thầu Mã định danh nhà thầu Giá gói thầu (đồng)",
                "I NAME vn0138877315 897815947194",
                [0; 4],
                0,
            ),
            ("STT Họ tên Số người phụ thuộc Số CCCD", "I NAME 2 CCCD", [2, 0, 0, 0], 5),
            ("Số người tham gia BHXH Họ tên Mã số BHXH", "3 NAME BHXH", [0, 0, 2, 0], 5),
            ("STT Họ tên người tham gia MSBHXH", "I NAME BHXH", [0, 0, 2, 0], 5),
            // Words of a sentence speak of what stands right below them.
            ("Họ tên khách thì có mã BHXH mới tra được trong bảng dưới", "NAME BHXH", [0, 0, 1, 0], 1),
        ] {
            let mut text = format!("Kính gửi anh chị\n{header}\n");
            for (n, name) in names.iter().enumerate() {
                let values = [("CCCD", cccd), ("BHXH", bhxh), ("CMND", cmnd), ("CARD", card)];
                let row = row.replacen('I', &(n + 1).to_string(), usize::from(row.starts_with('I')));
                let row = row.replace("NAME", name);
                text += &values.iter().fold(row, |row, (key, values)| row.replace(key, values[n % 2]));
                text += "\n";
            }
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(IDENTIFIERS.map(|id| inspection.distinct(id)), found, "{text}");
            if persons == 0 {
                assert_eq!(inspection.persons, 0, "{text}");
            }
        }
    }
}
