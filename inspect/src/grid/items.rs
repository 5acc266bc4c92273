//! Items of a list: a name and a number each, `- Nguyễn Thị Mai: 7912345678`, in any order.

use std::ops::Range;

use chot_detectors::{BLOCK, begins_names, digits};

use crate::table::is_number;

/// Words of a name, with a title before it.
const NAME_WORDS: std::ops::RangeInclusive<usize> = 2..=7;

/// Where the name and the number stand in a line that has one of each behind `begins`, and no other long number. Where the
/// list is known, what looks like a telephone number is what the others are if those of some insured begin so.
pub(super) fn name_and_number(text: &[u8], begins: usize, known: bool) -> Option<(Range<usize>, Range<usize>)> {
    let is_other = |word: &[u8]| is_telephone(word) && !(known && word.starts_with(b"08"));
    let is_one = |word: &[u8]| is_number(word) && !is_other(word) || is_card(word);
    let words = |is_one: fn(&[u8]) -> bool| {
        words_with_digits(text, begins..text.len()).filter(move |word| text.get(word.clone()).is_some_and(is_one))
    };
    let mut numbers =
        words_with_digits(text, begins..text.len()).filter(|word| text.get(word.clone()).is_some_and(is_one));
    let number = match numbers.next() {
        Some(number) => number,
        None => words(is_passport).next()?,
    };
    // A sentence has no name there: its rest need not be read.
    let name = name(text, begins..number.start)
        .or_else(|| name(text, number.end..text.len()))
        .or_else(|| small_name(text, begins..number.start))
        .or_else(|| small_name_alone(text, begins..number.start, number.end))?;
    if numbers.next().is_some() {
        return None;
    }
    Some((name, number))
}

/// The name in small letters that is all of a line but the number behind it: a surname and a few syllables, with which no label
/// begins.
fn small_name_alone(text: &[u8], part: Range<usize>, end: usize) -> Option<Range<usize>> {
    const SYLLABLES: std::ops::RangeInclusive<usize> = 2..=5;
    if !text.get(end..)?.iter().all(|b| b.is_ascii_whitespace() || b.is_ascii_punctuation()) {
        return None;
    }
    let before = text.get(part.clone())?;
    let len = before.len() - before.iter().rev().take_while(|b| b.is_ascii() && !b.is_ascii_alphanumeric()).count();
    let name = str::from_utf8(before.get(..len)?).ok()?;
    // A dash of three bytes.
    let name = name.strip_suffix(['–', '—']).unwrap_or(name).trim_end();
    let is_label = ["mã ", "ma ", "hồ sơ", "ho so"].iter().any(|label| name.starts_with(label));
    let mut syllables = name.split(' ');
    let is_name = !is_label
        && syllables.clone().all(is_small_syllable)
        && SYLLABLES.contains(&syllables.clone().count())
        && syllables.next().is_some_and(begins_names);
    is_name.then(|| part.start..part.start + name.len())
}

/// Whether a word is nothing but a few small letters.
fn is_small_syllable(word: &str) -> bool {
    const LETTERS_MAX: usize = 7;
    !word.is_empty()
        && word.chars().all(|c| c.is_lowercase() && c.is_alphabetic())
        && word.chars().count() <= LETTERS_MAX
}

/// The given name and the number that are all of a line behind `begins`, as friends are listed: `An: 7912345678`, `c Hoa 79…`.
pub(super) fn given_and_number(text: &[u8], begins: usize) -> Option<(Range<usize>, Range<usize>)> {
    const TITLES: &str = "a c e anh chị em bạn cô chú bác chi ban co chu bac";
    const LETTERS_MAX: usize = 7;
    let mut words = words(text, begins..text.len());
    let mut name = words.next()?;
    let mut number = words.next()?;
    let is_title = |word: &Range<usize>| {
        let word = text.get(word.clone()).unwrap_or_default();
        TITLES.split(' ').any(|title| title.as_bytes() == word)
    };
    if is_title(&name) {
        (name, number) = (number, words.next()?);
    }
    let given = str::from_utf8(text.get(name.clone())?).ok()?;
    let is_given = given.chars().next().is_some_and(char::is_uppercase)
        && given.chars().skip(1).all(|c| c.is_lowercase() && c.is_alphabetic())
        && (2..=LETTERS_MAX).contains(&given.chars().count());
    let digits = text.get(number.clone())?;
    let is_one = is_number(digits) && !is_telephone(digits) || is_card(digits);
    (is_given && is_one && words.next().is_none()).then_some((name, number))
}

/// The name in small letters that stands between the sign of an item and a date of birth: nothing but a few syllables. Labels
/// have none behind them.
fn small_name(text: &[u8], part: Range<usize>) -> Option<Range<usize>> {
    const SYLLABLES: std::ops::RangeInclusive<usize> = 2..=5;
    // Later ones are as likely dates of payments.
    const YEARS: std::ops::RangeInclusive<[u8; 4]> = *b"1920"..=*b"2015";
    text.get(..part.start)?.last()?;
    let words = text.get(part.clone())?;
    let len = words.iter().position(u8::is_ascii_digit)?;
    let date = words.get(len..)?.trim_ascii();
    let date = date.strip_suffix(b",").unwrap_or(date);
    let is_date = matches!(date, [b'0'..=b'3', _, b'/' | b'.' | b'-', b'0' | b'1', _, b'/' | b'.' | b'-', year @ ..]
        if year.try_into().is_ok_and(|year| YEARS.contains(&year)));
    let words = words.get(..len)?.trim_ascii_end();
    let words = str::from_utf8(words.strip_suffix(b",").unwrap_or(words)).ok()?;
    let is_name = SYLLABLES.contains(&words.split(' ').count()) && words.split(' ').all(is_small_syllable);
    (is_date && is_name).then(|| part.start..part.start + words.len())
}

/// The name that a part of a line begins with: words in capitals with nothing but blanks between.
fn name(text: &[u8], part: Range<usize>) -> Option<Range<usize>> {
    let mut words = words(text, part);
    let is_name = |word: &Range<usize>| text.get(word.clone()).is_some_and(begins_in_capitals);
    let mut name = words.next().filter(is_name)?;
    let mut n = 1;
    for word in words.take_while(is_name) {
        if !text.get(name.end..word.start)?.iter().all(|b| *b == b' ') {
            break;
        }
        name.end = word.end;
        n += 1;
    }
    NAME_WORDS.contains(&n).then_some(name)
}

/// What stands between blanks, without the signs around.
pub(super) fn words(text: &[u8], part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..part.end).filter(|rest| !rest.is_empty())?;
            let len = rest.iter().position(|b| *b == b' ' || *b == b'\t').unwrap_or(rest.len());
            let (start, word) = (at, rest.get(..len)?);
            at += len + 1;
            let lead = word.iter().take_while(|b| b.is_ascii_punctuation()).count();
            let tail = word.iter().rev().take_while(|b| b.is_ascii_punctuation()).count();
            // A dash of three bytes is a sign as well.
            if lead + tail < len && !matches!(word, [0xe2, 0x80, _]) {
                return Some(start + lead..start + len - tail);
            }
        }
    })
}

/// Those of [`words`] that have a digit, which few words of a letter have.
fn words_with_digits(text: &[u8], part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = part.start;
    std::iter::from_fn(move || {
        let digit = first_digit(text.get(..part.end)?, at)?;
        let before = text.get(at..digit)?.iter().rev().take_while(|b| **b != b' ' && **b != b'\t').count();
        let word = words(text, digit - before..part.end).next()?;
        at = word.end;
        Some(word)
    })
}

/// Where the first digit stands from `at` on.
fn first_digit(text: &[u8], at: usize) -> Option<usize> {
    let (blocks, rest) = text.get(at..)?.as_chunks::<BLOCK>();
    for (n, block) in blocks.iter().enumerate() {
        let found = digits(block);
        if found != 0 {
            return Some(at + n * BLOCK + found.trailing_zeros() as usize);
        }
    }
    let behind = text.len() - rest.len();
    rest.iter().position(u8::is_ascii_digit).map(|n| behind + n)
}

fn begins_in_capitals(word: &[u8]) -> bool {
    let first = std::str::from_utf8(word).ok().and_then(|word| word.chars().next());
    first.is_some_and(char::is_uppercase) && !word.iter().any(u8::is_ascii_digit)
}

/// Who works at an office is listed with a telephone number, under a line that speaks of what the office does.
pub(super) fn is_telephone(word: &[u8]) -> bool {
    const DIGITS: usize = 10;
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    digits == DIGITS && matches!(word, [b'0', b'3' | b'5' | b'7'..=b'9', ..])
}

/// A letter and seven digits.
fn is_passport(word: &[u8]) -> bool {
    matches!(word, [b'A'..=b'Z', digits @ ..] if digits.len() == 7 && digits.iter().all(u8::is_ascii_digit))
}

/// Whether a line ends in what may be a passport.
pub(super) fn ends_in_passport(line: &[u8]) -> bool {
    const BYTES: usize = 8;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.last().is_some_and(u8::is_ascii_digit)
        && line
            .split_last_chunk::<BYTES>()
            .is_some_and(|(before, word)| is_passport(word) && !before.last().is_some_and(u8::is_ascii_alphanumeric))
}

/// A health insurance card in one piece.
pub(super) fn is_card(word: &[u8]) -> bool {
    matches!(word, [a, b, digits @ ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()
        && digits.len() == 13 && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_with_digits_are_those_of_all(
            text in "([a-zạ]{1,9}|[0-9]{1,12}|[ \\t]{1,3}|[(.,;:–)]{1,3}|[a-z ]{60,80}|[a-z]{60,70}){0,30}",
            from in 0..9_usize,
            cut in 0..9_usize,
        ) {
            let text = text.as_bytes();
            let part = from.min(text.len())..text.len().saturating_sub(cut).max(from.min(text.len()));
            let all = words(text, part.clone()).filter(|word| text[word.clone()].iter().any(u8::is_ascii_digit));
            prop_assert_eq!(words_with_digits(text, part).collect::<Vec<_>>(), all.collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_item_has_a_name_and_one_number() {
        for (line, expected) in [
            ("Nguyễn Thị Mai: 7912345678", Some(("Nguyễn Thị Mai", "7912345678"))),
            ("Nguyễn Thị Mai – 7912345678 (nữ, 1990)", Some(("Nguyễn Thị Mai", "7912345678"))),
            ("H'Lan Niê 001190123456", Some(("H'Lan Niê", "001190123456"))),
            ("7912345678, TRẦN AN", Some(("TRẦN AN", "7912345678"))),
            ("Lê An: DN4797912345678.", Some(("Lê An", "DN4797912345678"))),
            ("Mai: 7912345678", None),
            ("còn thiếu: 7912345678", None),
            ("Lê An: 7912345678, 0912.345.678", Some(("Lê An", "7912345678"))),
            ("Lê An: 7912345678, 7912345679", None),
            ("Lê An: 0912345678", None),
            ("Lê An sinh 05/04/1987", None),
            ("Lê An: C1234567", Some(("Lê An", "C1234567"))),
            ("Lê An: 7912345678, C1234567", Some(("Lê An", "7912345678"))),
            ("lê thị bé: 7912345678", Some(("lê thị bé", "7912345678"))),
            ("nguyen van an - 7912345678", Some(("nguyen van an", "7912345678"))),
            ("đỗ an | 7912345678", Some(("đỗ an", "7912345678"))),
            ("lê thị bé 7912345678 nghỉ ốm", None),
            ("đã nộp xong: 7912345678", None),
            ("lê: 7912345678", None),
            ("mã nhân viên: 7912345678", None),
            ("tổng số thẻ 7912345678", None),
        ] {
            let found = name_and_number(line.as_bytes(), 0, false);
            let found = found.map(|(name, number)| (line.get(name).unwrap(), line.get(number).unwrap()));
            assert_eq!(found, expected, "{line}");
        }
        for (line, ends) in [
            ("Lê An C1234567", true),
            ("Lê An: C1234567\r", true),
            ("C1234567", true),
            ("Lê An: AC1234567", false),
            ("Lê An: C12345678", false),
            ("Lê An: C123456", false),
            ("Lê An: ỲC1234567", true),
        ] {
            assert_eq!(ends_in_passport(line.as_bytes()), ends, "{line}");
        }
        for (line, expected) in [
            ("1. nguyen van an 05/04/1987 023456781", Some("nguyen van an")),
            ("- lê thị bé, 05.04.1987, 023456781", Some("lê thị bé")),
            ("- lê thị bé: 023456781", Some("lê thị bé")),
            ("- nộp đợt một 05/04/2025 023456781", None),
            ("nguyen van an 05/04/1987 023456781", None),
            ("1. nguyen van an nop 2 ban 023456781", None),
            ("1. can bo phu trach cua phong la 023456781", None),
            ("1. nguyen_van an 023456781", None),
            ("1. an 023456781", None),
        ] {
            let begins = line.find(". ").or_else(|| line.find("- ")).map_or(0, |at| at + 2);
            let found = name_and_number(line.as_bytes(), begins, false);
            assert_eq!(found.and_then(|(name, _)| line.get(name)), expected, "{line}");
        }
        for (line, is) in [("Lê An: 0812345678", true), ("Lê An: 0912345678", false), ("Lê An: 0312345678", false)] {
            assert_eq!(name_and_number(line.as_bytes(), 0, true).is_some(), is, "{line}");
            assert_eq!(name_and_number(line.as_bytes(), 0, false), None, "{line}");
        }
    }
}
