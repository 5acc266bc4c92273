//! `date_of_birth`: the day or year a person was born.
//!
//! A bare date is nothing: a column, a word (`sinh ngày`, `SN`), a name directly before, or a citizen number beside it
//! that carries the same year makes it a birth. Days of issue, expiry and visits are left alone.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Begins, Card, Detector, Found};
use crate::cccd;
use crate::context::Near;
use crate::fold::{Folded, fold};
use crate::numbers::{Layout, Number};
use crate::phrases::Phrases;
use crate::simd::{BLOCK, Pairs, SEEN, Sightings, any_pairs};
use crate::trigger::{Trigger, WORD_BYTES_MAX, stands_alone, word_before};

mod date;

pub(crate) use date::{DATE_BYTES_MAX, Date, read};
use date::{MONTH_BYTES_MAX, is_month, may_go_on};

/// The detector.
pub(crate) struct DateOfBirth;

static CARD: Card = Card {
    id: DetectorId::DateOfBirth,
    title_vi: "Ngày sinh, năm sinh",
    title_en: "Date or year of birth",
    source: "Nghị định 356/2025/NĐ-CP, điều 3; Quyết định 130/QĐ-BYT (2023), bảng XML1, NGAY_SINH",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// Bytes between a word and its date: `Ngày, tháng, năm sinh (ghi theo giấy khai sinh): `.
const GAP_BYTES_MAX: usize = 64;
/// Bytes of the signs between a name and its date: ` – (`.
const SIGNS_MAX: usize = 8;
/// Blanks between a name and its date in a table.
const BLANKS_MAX: usize = 40;
/// Bytes from the beginning of a word to the first digit of its date.
pub(crate) const REACH_BYTES: usize = GAP_BYTES_MAX + WORD_BYTES_MAX;
/// Bytes between a citizen number and a date that may belong to it.
pub(crate) const BESIDE_BYTES: usize = 72;

/// Folded words before `sinh` that make it something else than a birth.
static NOT_BEFORE: Phrases = Phrases::new(&[
    "hoc", "ve", "phat", "thi", "tuyen", "ho", "y", "ky", "khang", "dan", "an", "tai", "hy", "vi", "khai", "giam",
    "so", "cuu", "thuc", "moi", "nhan", "du", "sieu", "tan", "mon", "mau", "trieu", "truoc", "song", "sau", "nguyen",
    "quan", "tu", "bao", "qua",
]);
/// Folded words a birth may be parted from its date by.
static BETWEEN: Phrases = Phrases::new(&[
    "ngay", "thang", "nam", "date", "of", "birth", "day", "dob", "year", "la", "vao", "on", "in", "born", "was", "dd",
    "mm", "yyyy", "yy", "the", "khoang", "thg", "sn", "ns", "nhat", "em", "chau", "be", "toi", "minh", "con", "cua",
    "me", "bo", "anh", "chi", "ong", "ba", "theo", "cccd", "giay", "to", "dung", "n", "ghi", "duong", "lich", "c",
]);
/// Units that make a count of what looked like a year.
const UNITS: &[&str] = &["g", "gr", "gram", "gam", "kg", "con", "tre", "ca", "be", "nguoi", "hoc", "em", "suat"];

impl Detector for DateOfBirth {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 12
    }

    /// As citizen numbers.
    fn begins(&self) -> Option<Begins> {
        Some(cccd::begins)
    }

    /// A cell under the header of births.
    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if !matches!(near.column()?, Column::BirthDate | Column::BirthYear) {
            return None;
        }
        let cell = near.text().get(range.clone())?;
        let at = cell.iter().position(u8::is_ascii_digit)?;
        // `'05/04/1987`, `ngày 5 tháng 4 năm 1987`: not a text that happens to hold a date.
        let words = fold(&String::from_utf8_lossy(cell.get(..at)?));
        if !words.split(' ').all(|w| w.is_empty() || BETWEEN.contains(w) || w == "sinh") {
            return None;
        }
        found(near, range.start + at, 90)
    }

    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        if trigger != Trigger::Birth || !speaks_of_birth(text, &range) {
            return None;
        }
        let gap = text.get(range.end..text.len().min(range.end + GAP_BYTES_MAX))?;
        let len = gap.iter().position(u8::is_ascii_digit)?;
        let len = len - month_before(gap.get(..len)?);
        let said = gap.get(..len)?;
        let lines = said.iter().filter(|b| **b == b'\n').count();
        if lines > 1 || said.iter().any(|b| b";!?".contains(b)) || said.windows(2).any(|w| w == b". ") {
            return None;
        }
        let folded = Folded::of(said);
        let words = || folded.split(' ').filter(|w| !w.is_empty());
        let dated = matches!(words().next_back(), Some("ngay" | "nam" | "la"));
        let plain = words().all(|w| BETWEEN.contains(w));
        // `sinh tại Hà Nội ngày …`, `ngày sinh của Lê An là …`.
        let told = dated && matches!(words().next(), Some("tai" | "o" | "cua"));
        if !plain && !told {
            return None;
        }
        let at = range.end + len;
        if words().next() == Some("con") && !words().any(|w| w == "cua") {
            return None;
        }
        let hit = found(near, at, 85)?;
        if hit.value.as_str().len() == 4 {
            let behind = text.get(hit.range.end..text.len().min(hit.range.end + 12))?;
            let behind = Folded::of(behind);
            if UNITS.contains(&behind.split(' ').next().unwrap_or_default()) {
                return None;
            }
            // `Năm NS: 2026` is the year of a budget.
            let year: u16 = hit.value.as_str().parse().ok()?;
            if text.get(range)?.eq_ignore_ascii_case(b"ns") && year + 1 >= near.this_year() {
                return None;
            }
        }
        Some(hit)
    }

    /// A date directly behind a name: `Lê Văn An, 05/04/1987`. Signatures are dated in the same way, so only a day
    /// on which a grown person may have been born counts by itself.
    fn name(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let behind = near.text().get(range.end..)?;
        let gap = signs(behind);
        // Tables laid out by blanks.
        let blanks = behind.iter().take(BLANKS_MAX).take_while(|b| **b == b' ').count();
        let gap = gap.max(blanks);
        if gap == 0 || !behind.get(gap)?.is_ascii_digit() {
            return None;
        }
        let hit = found(near, range.end + gap, 0)?;
        let year: u16 = hit.value.as_str().get(..4)?.parse().ok()?;
        let whole = hit.value.as_str().len() > 4;
        let (grown, signed) = (year + 16 <= near.this_year(), behind.get(..gap)?.contains(&b':'));
        // The next column of a table may be any date.
        let known = grown || gap <= SIGNS_MAX && stands_with_a_number(near.text(), &(range.start..hit.range.end));
        (whole && !signed).then_some(Found { score: if known { 55 } else { 30 }, ..hit })
    }

    /// A date beside a citizen number that carries its year: one pair in two hundred agrees by chance.
    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        if number.len() != 12 || number.layout == Layout::Mixed || near.column().is_some() {
            return None;
        }
        let (date, range) = cccd::birth_beside(near.text(), number, near.this_year())?;
        Some(Found { range, score: 60, value: date.value().into(), hidden: None })
    }
}

/// Bytes of the signs that `text` begins with. Programs for letters make dashes of hyphens and blanks that do not break.
fn signs(text: &[u8]) -> usize {
    let mut at = 0;
    while at < SIGNS_MAX {
        at += match text.get(at..) {
            Some([b, ..]) if b" ,/-|\t(;:".contains(b) => 1,
            Some([0xc2, 0xa0, ..]) => 2,
            // U+2010 to U+2015.
            Some([0xe2, 0x80, 0x90..=0x95, ..]) => 3,
            _ => break,
        };
    }
    at
}

/// Whether so many digits may be the first of a date, by their number, the first two and what stands beside a day.
#[inline]
fn may_begin(text: &[u8], at: usize, len: usize) -> bool {
    match len {
        4 | 12 | 14 => matches!(text.get(at..), Some([b'1', b'9', ..] | [b'2', b'0', ..])),
        1 | 2 => may_be_day(text, at, len),
        len => len == 8,
    }
}

/// Whether the one or two digits at `at` may be a day, as far as a few bytes tell, or a year in two digits.
#[inline]
fn may_be_day(text: &[u8], at: usize, len: usize) -> bool {
    let (before, date) = text.split_at_checked(at).unwrap_or_default();
    let Some(behind) = date.get(len..).and_then(<[u8]>::first_chunk::<5>) else { return true };
    // `10.165.117.168`: no month has three digits.
    let [sign, month @ ..] = behind.map(|b| b.is_ascii_digit());
    let goes_on = month != [true, true, true, false] && !sign && may_go_on(date, len);
    goes_on || len == 2 && !year_goes_on(date) || is_behind_word(before) && month_before(before) > 0
}

/// Whether a blank stands behind a letter, or there are several.
fn is_behind_word(before: &[u8]) -> bool {
    let [.., letter, blank] = *before else { return false };
    blank.is_ascii_whitespace() && (letter.is_ascii_alphabetic() || letter.is_ascii_whitespace())
}

/// Whether what stands behind the two digits of a year makes something else of them.
fn year_goes_on(text: &[u8]) -> bool {
    text.get(2).is_some_and(|b| b.is_ascii_alphanumeric() || b"/-.:%".contains(b))
}

/// Whether the `len` digits at `at` may be the first of a date that a word announces.
pub(crate) fn may_be_date(text: &[u8], at: usize, len: usize, this_year: u16) -> bool {
    let Some((before, date)) = text.split_at_checked(at) else { return false };
    let is_date = || read(date, this_year).is_some_and(|(date, _)| date.year <= this_year);
    match len {
        4 | 8 | 12 | 14 => may_begin(text, at, len) && is_date(),
        1 | 2 => {
            may_go_on(date, len) && is_date()
                || len == 2 && short_year(date, this_year).is_some()
                || month_before(before) > 0
        }
        _ => false,
    }
}

/// Bytes of the longest word of a birth, and of those that are not one word with `birth`.
const BIRTH_BYTES_MAX: usize = "birthdate".len();
const SHORT_BYTES_MAX: usize = "birth".len();
/// Two letters side by side that each word of a birth has and few other words have.
static PAIRS: Pairs<8> = Pairs::new([*b"si", *b"sn", *b"s.", *b"ns", *b".s", *b"bi", *b"bo", *b"ob"]);

/// Whether so many digits at `at` may be the first of a date that a word of a birth announces, as far as a few bytes tell
/// and letters of such words within the 64 bytes before, in a text of which such places are asked one after the other.
#[inline(always)]
pub(crate) fn may_be_announced(words: &mut Sightings, text: &[u8], at: usize, len: usize) -> bool {
    // Where numbers stand close together, the letters are told with less than the digits.
    let seen = words.since(text, at, BLOCK + BIRTH_BYTES_MAX, &PAIRS);
    seen != Some(false) && may_begin(text, at, len) && (seen == Some(true) || word_may_end(text, at))
}

/// Whether a word of a birth may end within the 64 bytes before `at`, by these bytes alone.
fn word_may_end(text: &[u8], at: usize) -> bool {
    let Some(seen) = at.checked_sub(SEEN).and_then(|from| text.get(from..at)?.first_chunk()) else { return true };
    let begins = |from: usize| {
        let (long, short) =
            text.get(from..from + BIRTH_BYTES_MAX)?.split_at_checked(BIRTH_BYTES_MAX - SHORT_BYTES_MAX)?;
        let birth = |pair: &[u8]| pair.eq_ignore_ascii_case(b"bi");
        let is_long = long.windows(2).any(birth) || long.last().is_some_and(|b| b | 0x20 == b'b');
        Some(is_long || short.iter().any(|b| matches!(b | 0x20, b's' | b'b')))
    };
    // The first word may begin before these.
    any_pairs(seen, &PAIRS) != 0 || at.checked_sub(BLOCK + BIRTH_BYTES_MAX).and_then(begins).unwrap_or(true)
}

/// Whether a number as long as personal ones stands on the same line: name, birth and number are one person's.
fn stands_with_a_number(text: &[u8], range: &Range<usize>) -> bool {
    let line = |b: &u8| matches!(b, b'\n' | b'\r');
    let before = text.get(range.start.saturating_sub(BESIDE_BYTES)..range.start).unwrap_or_default();
    let before = before.rsplit(line).next().unwrap_or_default();
    let after = text.get(range.end..text.len().min(range.end + BESIDE_BYTES)).unwrap_or_default();
    let after = after.split(line).next().unwrap_or_default();
    let long = |side: &[u8]| side.split(|b| !b.is_ascii_digit()).any(|run| (9..=15).contains(&run.len()));
    long(before) || long(after)
}

/// Bytes of the month's English name at the end of `said`, with the blank behind it: `on April `.
fn month_before(said: &[u8]) -> usize {
    let word = said.trim_ascii_end();
    if word.len() == said.len() {
        return 0;
    }
    let len = word.iter().rev().take(MONTH_BYTES_MAX + 1).take_while(|b| b.is_ascii_alphabetic()).count();
    let name = word.len() - len;
    if is_month(word.get(name..).unwrap_or_default()) { said.len() - name } else { 0 }
}

/// Whether the word speaks of a birth and not of hygiene, pupils or a newborn.
fn speaks_of_birth(text: &[u8], word: &Range<usize>) -> bool {
    let Some(bytes) = text.get(word.clone()) else { return false };
    if !bytes.eq_ignore_ascii_case(b"sinh") {
        // `S/N`, `DNS`, `sns.example`: short words stand alone, but for `setBirthDate`.
        let humps = bytes.starts_with(b"B") && text.get(word.start.wrapping_sub(1)).is_some_and(u8::is_ascii_lowercase);
        let ends = !text.get(word.end).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
        let alone = stands_alone(text, word) || humps && ends;
        return alone && text.get(word.start.wrapping_sub(1)) != Some(&b'.');
    }
    let glued = text.get(word.start.wrapping_sub(1)).is_some_and(u8::is_ascii_alphabetic);
    let before = word_before(text, word.start);
    let head = text.get(word.start.saturating_sub(4)..word.start).unwrap_or_default();
    let ends = |word: &[u8]| head.len().checked_sub(word.len()).is_some_and(|at| head[at..].eq_ignore_ascii_case(word));
    let joined = glued && (ends(b"ngay") || ends(b"nam"));
    // The letters of Vietnamese beyond ASCII begin with these.
    let goes_on = |b: &u8| b.is_ascii_alphabetic() || matches!(b, 0xc3..=0xc6 | 0xe1);
    (joined || !glued && !NOT_BEFORE.contains(&before)) && !text.get(word.end).is_some_and(goes_on)
}

/// The date at `at`, if a living person may have been born then.
fn found(near: &Near<'_>, at: usize, score: i32) -> Option<Found> {
    let text = near.text();
    let (date, len) = read(text.get(at..)?, near.this_year())
        .or_else(|| short_year(text.get(at..)?, near.this_year()).filter(|_| score > 0))?;
    (date.year <= near.this_year()).then(|| Found {
        range: at..at + len,
        score,
        value: date.value().into(),
        hidden: None,
    })
}

/// `sn 87`: years in two digits.
fn short_year(text: &[u8], this_year: u16) -> Option<(Date, usize)> {
    let digits = text.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let [tens, ones] = *text.get(..2)? else { return None };
    let year = u16::from(tens.wrapping_sub(b'0')) * 10 + u16::from(ones.wrapping_sub(b'0'));
    // Later years are as likely days or ages.
    (digits == 2 && !year_goes_on(text) && year > 31 && year > this_year % 100).then_some(())?;
    let text = [b'1', b'9', tens, ones];
    read(&text, this_year).map(|(date, _)| (date, 2))
}

/// The dates within [`BESIDE_BYTES`] of `range` on its line, nearest side unknown: for numbers that carry a birth.
pub(crate) fn dates_beside(
    text: &[u8],
    range: &Range<usize>,
    this_year: u16,
) -> impl Iterator<Item = (Date, Range<usize>)> {
    let from = range.start.saturating_sub(BESIDE_BYTES);
    let before = text.get(from..range.start).unwrap_or_default();
    let from = before.iter().rposition(|b| matches!(b, b'\n' | b'\r')).map_or(from, |at| from + at + 1);
    let after = text.get(range.end..text.len().min(range.end + BESIDE_BYTES)).unwrap_or_default();
    let to = range.end + after.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(after.len());
    let own = range.clone();
    let mut at = from;
    std::iter::from_fn(move || {
        while at < to {
            let place = at;
            at += 1;
            let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
            if own.contains(&place) {
                at = own.end;
            } else if digit(place) && !(place > 0 && digit(place - 1)) {
                let end = text.len().min(place + DATE_BYTES_MAX);
                if let Some((date, len)) = read(text.get(place..end).unwrap_or_default(), this_year)
                    && date.is_whole()
                    // `yyyymmddHHMM` is the moment of something else.
                    && (len == 8 || !text.get(place..place + len).is_some_and(|t| t.iter().all(u8::is_ascii_digit)))
                    && !own.contains(&(place + len - 1))
                {
                    at = place + len;
                    return Some((date, place..place + len));
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trigger::words_that_end;

    proptest! {
        #[test]
        fn no_date_is_passed_over(
            before in "(ngày |on April |Sept. |x|-| |\\n){0,2}",
            date in "[0-9]{1,2}([-/., \\\\]{1,2}|t|T| ?tháng |-Apr-)?[0-9]{0,5}([-/., ]|năm )?[0-9]{0,4}[ .:%x]?",
        ) {
            let text = [before.as_str(), &date].concat();
            let (bytes, at) = (text.as_bytes(), before.len());
            let len = date.bytes().take_while(u8::is_ascii_digit).count();
            let date = read(&bytes[at..], 2026).is_some_and(|(date, _)| date.year <= 2026);
            let short = len == 2 && short_year(&bytes[at..], 2026).is_some();
            if len < 3 && (date && may_go_on(&bytes[at..], len) || short || month_before(&bytes[..at]) > 0) {
                prop_assert!(may_begin(bytes, at, len), "{text}");
            }
        }

        #[test]
        fn no_word_of_a_birth_is_passed_over(
            before in "[a-zA-Z ]{64,80}",
            word in prop::sample::select(Trigger::Birth.words().to_vec()),
            upper in any::<bool>(),
            behind in "[ :,a-zđ]{0,70}",
        ) {
            let word = if upper { word.to_uppercase() } else { word.to_owned() };
            let text = [before.as_str(), &word, &behind].concat();
            let at = text.len();
            let text = text + "2006";
            let ends = |end: usize| words_that_end(text.as_bytes(), end, Trigger::Birth).next().is_some();
            if (at - BLOCK + 1..=at).any(ends) {
                prop_assert!(word_may_end(text.as_bytes(), at), "{text}");
                // So is none where all of the text was seen before, or some.
                let mut words = Sightings::default();
                let mut asked = (at % 3..at).step_by(1 + at % 31).chain([at]);
                prop_assert!(asked.all(|n| may_be_announced(&mut words, text.as_bytes(), n, 4) || n < at), "{text}");
            }
        }
    }
}
