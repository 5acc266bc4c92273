//! Words of a reader of print, set as they stood: lines, cells of a row apart, the lines of one cell together.
//!
//! How rows and columns are told is the business of `pdf::layout`, which tables of every kind of document share; here words
//! get what it needs to know: the line that they stand on and the size of their letters, which a reader does not tell.

use std::collections::HashSet;

use super::{mend, mrz};
use crate::formats::pdf::layout::{Layout, Run};

/// A word and its box, in pixels from the left and from the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) text: String,
}

/// A word on its line.
struct Spot<'w> {
    word: &'w Word,
    left: f64,
    right: f64,
    /// Where its letters stand, downwards, and how high its font is.
    base: f64,
    size: f64,
}

/// Words on one line are no further apart across it, in heights of their font.
const LINE: f64 = 0.33;
/// Signs that are no letters stand so far above their line, in heights of their font.
const SIGN: f64 = 0.27;
/// Lines of one cell are no further apart.
const LEADING_MAX: f64 = 1.6;
/// A line leans no more, and its words are no further apart, where by how much it leans is measured.
const LEAN_MAX: f64 = 0.03;
const NEAR: f64 = 12.0;

/// What words say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) text: String,
    /// Numbers go on below and were not put together.
    pub(super) is_torn: bool,
}

/// What words say, set as they stood. Of those that a reader is not `sure` of, nothing is put right.
pub(super) fn set(words: &[Word], sure: bool) -> Set {
    let lines = lines(words);
    let mut layout = Layout::of_picture();
    for line in &lines {
        let base = line.iter().map(|spot| spot.base).sum::<f64>() / line.len().max(1) as f64;
        let size = middle(line.iter().map(|spot| spot.size).collect());
        for spot in line.iter().filter(|spot| !is_rule(&spot.word.text)) {
            let (start, end) = ((spot.left, -base), (spot.right, -base));
            layout.push(&Run { text: bare(&spot.word.text), start, end, direction: (1.0, 0.0), size });
        }
    }
    layout.end_page();
    let mut text = layout.text.trim_end().to_owned();
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&layout.joined);
    for line in &lines {
        let line: Vec<&str> = line.iter().map(|spot| spot.word.text.as_str()).collect();
        if let Some(mended) = mrz::mended(&line.join(" ")) {
            text.push_str(&mended);
            text.push('\n');
        }
    }
    let is_torn = is_torn(&lines, &text);
    let text = if sure { mend::mend(&text).into_owned() } else { text };
    Set { text, is_torn }
}

/// Whether numbers of persons go on below their line and stand in the text as pieces: a cell was not put together.
fn is_torn(lines: &[Vec<Spot<'_>>], text: &str) -> bool {
    /// So many pieces are no chance where nothing on the page names a number.
    const UNNAMED_MIN: usize = 2;
    let words: HashSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let mut torn = 0;
    for (n, line) in lines.iter().enumerate() {
        for head in line.iter().filter(|spot| is_head(bare(&spot.word.text))) {
            let (mut whole, mut last) = (bare(&head.word.text).to_owned(), head);
            if !words.contains(whole.as_str()) {
                continue;
            }
            for next in lines.iter().skip(n + 1).flatten() {
                if next.base - last.base > LEADING_MAX * last.size {
                    break;
                }
                let beneath =
                    next.left < last.right && next.right > last.left && next.base > last.base + LINE * last.size;
                let rest = bare(&next.word.text);
                if beneath && rest.len() <= head.word.text.len() && rest.bytes().all(|b| b.is_ascii_digit()) {
                    whole.push_str(rest);
                    last = next;
                }
            }
            torn += usize::from(last.base > head.base && is_of_person(&whole));
        }
    }
    torn >= if names_numbers(text) { 1 } else { UNNAMED_MIN } || has_piece(text)
}

/// Whether a piece of a number stands below a heading that names numbers.
fn has_piece(text: &str) -> bool {
    let mut named: Vec<bool> = Vec::new();
    text.lines().filter(|line| line.contains('\t')).any(|line| {
        let has_digits = line.bytes().any(|b| b.is_ascii_digit());
        if !has_digits && names_numbers(line) {
            named = line.split('\t').map(names_numbers).collect();
        }
        line.split('\t').zip(&named).any(|(cell, is_named)| *is_named && is_piece(cell))
    })
}

/// Whether a cell holds a part of a number, or its parts.
fn is_piece(cell: &str) -> bool {
    const PIECE: std::ops::RangeInclusive<usize> = 5..=8;
    const WHOLE_MAX: usize = 15;
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let parts = cell.split_whitespace().filter(|part| part.bytes().any(|b| b.is_ascii_digit())).count();
    let is_code = cell.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
    // Groups of a number are of three or four digits.
    let is_parted = parts > 1 && cell.split_whitespace().any(|part| part.len() > 4);
    is_code && (PIECE.contains(&digits) || is_parted && digits <= WHOLE_MAX)
}

/// Whether a word may be the first line of a number of a person: not of an amount, which begins with no nought.
fn is_head(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    (4..=11).contains(&digits)
        && letters + digits == text.len()
        && (letters == 2 || letters == 0 && text.starts_with('0'))
}

/// Whether what was put together has the length of a citizen's or an insurance card's number, or nearly.
fn is_of_person(whole: &str) -> bool {
    if whole.starts_with(|c: char| c.is_ascii_digit()) {
        (11..=12).contains(&whole.len())
    } else {
        (14..=15).contains(&whole.len())
    }
}

/// Whether something names numbers of persons, as headings do.
fn names_numbers(text: &str) -> bool {
    let text = text.to_uppercase();
    ["CCCD", "BHXH", "BHYT", "CMND", "ĐỊNH DANH", "BẢO HIỂM"].iter().any(|name| text.contains(name))
}

/// The lines of words, from the top, each from the left.
fn lines(words: &[Word]) -> Vec<Vec<Spot<'_>>> {
    let mut spots: Vec<Spot<'_>> = words.iter().map(Spot::of).collect();
    let is_sign = |spot: &Spot<'_>| !spot.word.text.contains(char::is_alphanumeric);
    let usual = middle(spots.iter().filter(|spot| !is_sign(spot)).map(|spot| spot.size).collect());
    for spot in spots.iter_mut().filter(|spot| is_sign(spot)) {
        // Of a colon or a dash nobody knows how large its letters are: it stands at half the height of small ones.
        (spot.size, spot.base) = (usual, f64::from(spot.word.top) + f64::from(spot.word.height) / 2.0 + SIGN * usual);
    }
    spots.sort_by(|a, b| a.left.total_cmp(&b.left));
    let lean = lean(&spots);
    for spot in &mut spots {
        spot.base -= lean * (spot.left + spot.right) / 2.0;
    }
    spots.sort_by(|a, b| a.base.total_cmp(&b.base));
    let mut lines: Vec<Vec<Spot<'_>>> = Vec::new();
    for spot in spots {
        let near = |line: &&mut Vec<Spot<'_>>| {
            let mean = line.iter().map(|spot| spot.base).sum::<f64>() / line.len().max(1) as f64;
            line.first().is_some_and(|first| spot.base - mean <= LINE * spot.size.min(first.size))
        };
        match lines.last_mut().filter(near) {
            Some(line) => line.push(spot),
            None => lines.push(vec![spot]),
        }
    }
    lines.iter_mut().for_each(|line| line.sort_by(|a, b| a.left.total_cmp(&b.left)));
    lines
}

/// By how much the lines still fall to the right: the middle one of the words that stand beside each other.
fn lean(spots: &[Spot<'_>]) -> f64 {
    /// Of fewer, one that stands lower for another reason decides.
    const PAIRS_MIN: usize = 8;
    /// Words that begin between two of one line.
    const BETWEEN_MAX: usize = 200;
    let mut leans: Vec<f64> = Vec::new();
    for (n, spot) in spots.iter().enumerate() {
        let behind = spots.iter().skip(n + 1).take(BETWEEN_MAX).filter(|next| {
            let away = next.left - spot.right;
            away > 0.0 && away <= NEAR * spot.size && (next.base - spot.base).abs() <= LINE * spot.size
        });
        if let Some(next) = behind.min_by(|a, b| a.left.total_cmp(&b.left)) {
            leans.push((next.base - spot.base) / (next.left + next.right - spot.left - spot.right).max(1.0) * 2.0);
        }
    }
    if leans.len() < PAIRS_MIN {
        return 0.0;
    }
    leans.sort_by(f64::total_cmp);
    leans.get(leans.len() / 2).copied().unwrap_or_default().clamp(-LEAN_MAX, LEAN_MAX)
}

/// The middle one of some.
fn middle(mut sizes: Vec<f64>) -> f64 {
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(1.0)
}

impl<'w> Spot<'w> {
    fn of(word: &'w Word) -> Self {
        let (mut above, mut below) = (0.0, 0.0);
        for sign in word.text.chars() {
            let (high, deep) = reach(sign);
            (above, below) = (f64::max(above, high), f64::max(below, deep));
        }
        let (left, width) = (f64::from(word.left), f64::from(word.width.max(1)));
        let (top, height) = (f64::from(word.top), f64::from(word.height.max(1)));
        let size = height / (above + below).max(0.3);
        Self { word, left, right: left + width, base: top + above * size, size }
    }
}

/// How far a sign reaches above its line and below, in heights of the font; fonts differ little.
fn reach(sign: char) -> (f64, f64) {
    const SMALL: f64 = 0.54;
    const HIGH: f64 = 0.73;
    const MARKED: f64 = 0.92;
    const DEEP: f64 = 0.2;
    let above = match sign {
        'g' | 'p' | 'q' | 'y' | 'ư' | 'ơ' | 'ợ' | 'ự' | 'ạ' | 'ẹ' | 'ọ' | 'ụ' | 'ỵ' => SMALL,
        '-' | '–' | '—' | '~' | '=' | '+' | '<' | '>' | '«' | '»' | ':' | ';' => SMALL,
        'b' | 'd' | 'f' | 'h' | 'i' | 'j' | 'k' | 'l' | 't' | 'đ' => HIGH,
        'Đ' | 'Ơ' | 'Ư' | 'Ợ' | 'Ự' | 'Ạ' | 'Ẹ' | 'Ị' | 'Ọ' | 'Ụ' | 'Ỵ' => HIGH,
        ',' | '.' | '_' => DEEP / 2.0,
        _ if sign.is_ascii_lowercase() => SMALL,
        _ if sign.is_ascii() || sign.is_lowercase() => HIGH,
        _ => MARKED,
    };
    let below = match sign {
        'g' | 'p' | 'q' | 'y' | 'j' | 'Q' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '@' => DEEP,
        'ạ' | 'ặ' | 'ậ' | 'ẹ' | 'ệ' | 'ị' | 'ọ' | 'ộ' | 'ợ' | 'ụ' | 'ự' | 'ý' | 'ỳ' | 'ỷ' | 'ỹ' | 'ỵ' => {
            DEEP
        }
        'Ạ' | 'Ặ' | 'Ậ' | 'Ẹ' | 'Ệ' | 'Ị' | 'Ọ' | 'Ộ' | 'Ợ' | 'Ụ' | 'Ự' | 'Ỵ' => DEEP,
        ',' | ';' | '/' => DEEP / 2.0,
        _ => 0.0,
    };
    (above, below)
}

/// A number without what a reader makes of the border beside it.
fn bare(text: &str) -> &str {
    let bare =
        text.trim_start_matches(['|', '‘', '\'', '_', '[']).trim_end_matches(['.', '|', '’', '\'', '_', ']', '-']);
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    if digits > 2 && digits * 2 > bare.len() && bare.bytes().all(|b| b.is_ascii_alphanumeric()) { bare } else { text }
}

/// Whether a word is a rule or a border between cells.
fn is_rule(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '|' | '_' | '—' | '~' | '=' | '[' | ']' | '{' | '}' | '\\' | '¦'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of cells with a line each or more, set in letters 20 high in columns that begin so: from the top or the middle
    /// of their rows, `white` between two rows. Dots are off by one here and there, as a reader tells them.
    fn table(columns: &[i32], rows: &[&[&[&str]]], middle: bool, white: i32) -> Vec<Word> {
        const LEADING: i32 = 31;
        let (mut words, mut top, mut n) = (Vec::new(), 40, 0);
        for row in rows {
            let high = row.iter().map(|cell| cell.len()).max().unwrap_or(1) as i32 * LEADING;
            for (cell, left) in row.iter().zip(columns) {
                let sink = if middle { (high - cell.len() as i32 * LEADING) / 2 } else { 0 };
                for (line, text) in cell.iter().enumerate() {
                    let mut left = *left;
                    for text in text.split(' ') {
                        n += 1;
                        let (high, deep) =
                            text.chars().map(reach).fold((0.0, 0.0), |(a, b), (c, d)| (f64::max(a, c), f64::max(b, d)));
                        let [above, height] = [high, high + deep].map(|em| (em * 27.0) as i32);
                        let base = top + sink + line as i32 * LEADING + 20 + n % 2;
                        let width = text.chars().count() as i32 * 16;
                        words.push(Word { left, top: base - above, width, height, text: text.to_owned() });
                        left += width + 8;
                    }
                }
            }
            top += high + white;
        }
        words
    }

    const HEAD: &[&[&str]] = &[&["Họ và", "tên"], &["Số", "CCCD"], &["Số thẻ", "BHYT"], &["Điện", "thoại"]];
    const COLUMNS: &[i32] = &[20, 160, 310, 460];

    #[test]
    fn cells_of_several_lines_are_put_together_row_by_row() {
        let rows: &[&[&[&str]]] = &[
            HEAD,
            &[&["Trần Thị", "Hoa"], &["0011901", "23456"], &["HS47912", "3456789", "0"], &["0912345", "678"]],
            &[&["Vũ Phong"], &["0790902", "34567"], &["DN40123", "4567890", "1"], &["0987654", "321"]],
            &[&["Lý Ngọc", "Minh", "Tâm"], &["0310853", "45678"], &["GD43134", "5678901", "2"], &["0977000", "123"]],
        ];
        let expected = "Họ và tên\tSố CCCD\tSố thẻ BHYT\tĐiện thoại\n\
                        Trần Thị Hoa\t001190123456\tHS4791234567890\t0912345678\n\
                        Vũ Phong\t079090234567\tDN4012345678901\t0987654321\n\
                        Lý Ngọc Minh Tâm\t031085345678\tGD4313456789012\t0977000123\n";
        for (middle, white) in [(false, 16), (true, 16), (false, 9), (true, 60)] {
            let set = set(&table(COLUMNS, rows, middle, white), true);
            assert_eq!((set.text.as_str(), set.is_torn), (expected, false), "{middle} {white}");
        }
        // Without white between rows, numbers that all end alike part them.
        let set = set(&table(COLUMNS, rows, false, 0), true);
        for number in ["001190123456", "079090234567", "031085345678", "HS4791234567890", "GD4313456789012"] {
            assert!(set.text.contains(number), "{}", set.text);
        }
    }

    #[test]
    fn a_picture_that_leans_a_little_is_read_the_same() {
        let rows: &[&[&[&str]]] = &[
            HEAD,
            &[&["Trần Thị", "Hoa"], &["0011901", "23456"], &["HS47912", "3456789", "0"], &["0912345", "678"]],
            &[&["Vũ Phong"], &["0790902", "34567"], &["DN40123", "4567890", "1"], &["0987654", "321"]],
        ];
        let level = table(COLUMNS, rows, false, 20);
        let leaning = level.iter().map(|word| Word { top: word.top + word.left / 90, ..word.clone() });
        assert_eq!(set(&leaning.collect::<Vec<_>>(), true), set(&level, true));
    }

    #[test]
    fn amounts_and_orders_in_such_cells_are_no_numbers_of_persons() {
        let head: &[&[&str]] = &[&["Tên", "hàng"], &["Mã", "đơn"], &["Đơn", "giá"], &["Ngày", "giao"]];
        let rows: &[&[&[&str]]] = &[
            head,
            &[&["Bàn gỗ"], &["DH48201"], &["1250000"], &["12/03"]],
            &[&["Ghế xoay", "loại 2"], &["DH48202"], &["850000"], &["14/03"]],
            &[&["Giấy A4"], &["DH48203"], &["72000"], &["15/03"]],
        ];
        for white in [0, 9, 30] {
            let set = set(&table(COLUMNS, rows, false, white), true);
            assert!(!set.is_torn, "{}", set.text);
            for amount in ["DH48201", "DH48203", "1250000", "850000", "72000"] {
                assert!(set.text.split(['\t', '\n', ' ']).any(|word| word == amount), "{amount}: {}", set.text);
            }
        }
    }

    #[test]
    fn numbers_that_were_not_put_together_are_told() {
        // The end of one was not read, another stands under no heading that was.
        let rows: &[&[&[&str]]] = &[
            HEAD,
            &[&["Trần Hoa"], &["0011901", "2345"], &["HS47912", "3456789", "0"], &["0912345", "678"]],
            &[&["Vũ Phong"], &["0790902", "34567"], &["DN40123", "4567890", "1"], &["0987654", "321"]],
        ];
        assert!(set(&table(COLUMNS, rows, false, 16), true).is_torn);
        // A column of amounts under a page that names the insurance is whole.
        let head: &[&[&str]] = &[&["Họ tên"], &["Mã BHXH"], &["Mức", "lương"], &["Năm"]];
        let rows: &[&[&[&str]]] = &[
            head,
            &[&["Trần Hoa"], &["7912345678"], &["5250000"], &["2019"]],
            &[&["Vũ Phong"], &["0123456789"], &["850000"], &["2020"]],
        ];
        assert!(!set(&table(COLUMNS, rows, false, 4), true).is_torn);
    }

    #[test]
    fn running_text_stays_in_its_lines() {
        let words = table(&[20], &[&[&["Kính gửi bà Trần Thị Hoa", "số CCCD 001190123456", "và 3 người"]]], false, 0);
        assert_eq!(set(&words, true).text, "Kính gửi bà Trần Thị Hoa\nsố CCCD 001190123456\nvà 3 người\n");
        assert_eq!(set(&[], true), Set::default());
    }
}
