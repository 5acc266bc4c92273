//! `plate`: plates of vehicles — two digits of the place, one or two letters with a digit for motorcycles, then four or
//! five digits.
//!
//! `29A-123.45` is known by its shape; anything looser needs a word (`biển số`, `BKS`, `xe`) or a column. Army and
//! diplomatic plates need them always.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::fold::Folded;
use crate::trigger::{Trigger, WORD_BYTES_MAX, stands_alone};

/// The detector.
pub(crate) struct Plate;

static CARD: Card = Card {
    id: DetectorId::Plate,
    title_vi: "Biển số xe",
    title_en: "Vehicle plate",
    source: "Thông tư 79/2024/TT-BCA, điều 37 và phụ lục 2 (ký hiệu biển số); Nghị định 356/2025/NĐ-CP, điều 3",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Plate, include_str!("words.txt"))],
};

/// Two-digit codes that belong to no place (Circular 79/2024/TT-BCA, appendix 2).
const NO_PLACES: &[u8] = &[10, 13, 42, 44, 45, 46, 87, 91, 96];
/// Bytes between a word and its plate: `Biển kiểm soát của xe ô tô con là `.
const GAP_BYTES_MAX: usize = 48;
/// Bytes from the beginning of a word to the first digit of its plate.
pub(crate) const REACH_BYTES: usize = GAP_BYTES_MAX + WORD_BYTES_MAX;
/// Most bytes of a plate: `59 - MĐ1 - 234.56`.
const PLATE_BYTES_MAX: usize = 20;

/// What stands before the hyphen at `at`, when it may part the two halves of a plate.
pub(crate) fn head_before(text: &[u8], at: usize) -> Option<Range<usize>> {
    let len = match *text.get(at.saturating_sub(4)..at)? {
        [.., b'0'..=b'9', b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z' | b'1'..=b'9'] => 4,
        [.., b'0'..=b'9', b'0'..=b'9', b'A'..=b'Z'] => 3,
        _ => return None,
    };
    Some(at - len..at)
}

/// Whether the digit at `at` is the first of a plate, but for the letters of the army: `TM-12-34`.
pub(crate) fn begins_at(text: &[u8], at: usize, digits: usize) -> bool {
    // Letters stand behind the digits of the place, perhaps joined to them: not behind the day of a date.
    let goes_on = || {
        let behind = text.get(at + 2..).unwrap_or_default();
        behind.get(join(behind)).is_some_and(u8::is_ascii_alphabetic)
    };
    digits == 2 && goes_on() && read(text, at).is_some()
        || at.checked_sub(3).and_then(|from| text.get(from..=at)).is_some_and(is_army)
}

/// Bytes that may join two parts of a plate: a blank or hyphen, or a hyphen between blanks.
fn join(text: &[u8]) -> usize {
    match text {
        [b' ', b'-', b' ', ..] => 3,
        [b' ' | b'-' | b'.' | b'_', ..] => 1,
        _ => 0,
    }
}

impl Detector for Plate {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Plate {
            return None;
        }
        let text = near.text();
        let at = range.start + text.get(range)?.iter().position(u8::is_ascii_alphanumeric)?;
        let plate = read(text, at)?;
        Some(plate.found(text, at, 90))
    }

    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        if trigger != Trigger::Vehicle || !begins_word(text, range.start) {
            return None;
        }
        let gap = text.get(range.end..text.len().min(range.end + GAP_BYTES_MAX))?;
        let civil = gap.windows(2).position(|w| w.iter().all(u8::is_ascii_digit));
        let len = civil.into_iter().chain(army(gap)).min()?;
        let said = gap.get(..len)?;
        if said.iter().any(|b| b"\n;".contains(b)) && said.iter().any(u8::is_ascii_alphabetic) {
            return None;
        }
        let at = range.end + len;
        let plate = read(text, at)?;
        let word = Folded::of(text.get(range)?);
        let named = !matches!(&*word, "xe" | "o to");
        // `xe 29A 12345` is a plate; `xe 16 chỗ`, `xe 50 A 1234` are not.
        let score = if named { 85 } else { 60 }
            - match plate.is_loose && !named {
                true if plate.has_place && plate.digits == 5 && !plate.has_small => 10,
                true => 25,
                false => 0,
            };
        Some(plate.found(text, at, score))
    }

    fn hyphen(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column().is_some_and(|c| c != Column::Plate) {
            return None;
        }
        let plate = read(near.text(), range.start)?;
        let shaped = !plate.is_loose && plate.has_place && (plate.is_dotted || plate.digits == 5);
        let score = if plate.is_dotted { 65 } else { 50 };
        shaped.then(|| plate.found(near.text(), range.start, score))
    }
}

fn begins_word(text: &[u8], at: usize) -> bool {
    // `licensePlate`, `setBienSo`.
    let humps = || matches!(text.get(at.wrapping_sub(1)..=at), Some([b'a'..=b'z', b'A'..=b'Z']));
    stands_alone(text, &(at..at))
        || humps()
        || !text.get(..at).and_then(<[u8]>::last).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
}

/// Where a plate of the army begins: `TM-12-34`.
fn army(gap: &[u8]) -> Option<usize> {
    gap.windows(4).position(is_army)
}

fn is_army(head: &[u8]) -> bool {
    matches!(head, [b'A'..=b'Z', b'A'..=b'Z', b'-' | b' ', b'0'..=b'9'])
}

#[derive(Debug)]
struct Shape {
    len: usize,
    digits: usize,
    is_dotted: bool,
    /// Its parts are not joined by a hyphen or dot.
    is_loose: bool,
    has_place: bool,
    has_small: bool,
}

impl Shape {
    /// As a finding at `at` of `text`.
    fn found(self, text: &[u8], at: usize, score: i32) -> Found {
        let plate = String::from_utf8_lossy(text.get(at..at + self.len).unwrap_or_default());
        let value = plate.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
        Found { range: at..at + self.len, score, value, hidden: None }
    }
}

/// Reads the plate that begins at `at`.
fn read(text: &[u8], at: usize) -> Option<Shape> {
    let before = text.get(..at)?.last().copied().unwrap_or(b' ');
    let head = text.get(..at)?;
    // Behind the dots of a form's field nothing goes on.
    let goes_on = before == b'-' && !head.ends_with(b" -") || before == b'.' && !head.ends_with(b"...");
    if before.is_ascii_alphanumeric() || goes_on {
        return None;
    }
    let plate = text.get(at..text.len().min(at + PLATE_BYTES_MAX))?;
    let digit = |at: usize| plate.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    let take = |end: &mut usize, most: usize, fits: fn(&u8) -> bool| {
        let n = plate.get(*end..).unwrap_or_default().iter().take(most).take_while(|b| fits(b)).count();
        *end += n;
        n
    };
    let join = |at: usize| plate.get(at..).map_or(0, join);
    let soldier = plate.first().is_some_and(u8::is_ascii_uppercase);
    let place = if soldier { 0 } else { take(&mut end, 3, u8::is_ascii_digit) };
    if !soldier && place != 2 {
        return None;
    }
    let code = plate.get(..2)?.iter().fold(0_u8, |n, b| n.wrapping_mul(10).wrapping_add(b.wrapping_sub(b'0')));
    let has_place = !soldier && code > 10 && !NO_PLACES.contains(&code);
    if !soldier {
        end += join(end);
    }
    let letters = take(&mut end, 3, u8::is_ascii_alphabetic);
    // Electric motorcycles: `29MĐ1`.
    if letters == 1 && plate.get(end..).is_some_and(|t| t.starts_with("Đ".as_bytes())) {
        end += "Đ".len();
        take(&mut end, 1, u8::is_ascii_digit);
    } else if !(1..=2).contains(&letters) {
        return None;
    }
    let lower = plate.get(..end)?.iter().any(u8::is_ascii_lowercase);
    let mut joined = join(end);
    // The digit of a motorcycle's series belongs to the letters: `59X1-234.56`, `59-X1 23456`.
    if joined == 0 && digit(end) && join(end + 1) > 0 && digit(end + 1 + join(end + 1)) {
        take(&mut end, 1, u8::is_ascii_digit);
        joined = join(end);
    }
    let hyphen = plate.get(end..end + joined)?.contains(&b'-');
    end += joined;
    let first = take(&mut end, 6, u8::is_ascii_digit);
    let is_dotted = first == 3
        && matches!(plate.get(end), Some(b'.' | b','))
        && digit(end + 1)
        && digit(end + 2)
        && !digit(end + 3);
    let mut digits = first;
    if is_dotted || soldier && first == 2 && join(end) == 1 && digit(end + 1) {
        end += 1;
        digits += take(&mut end, 3, u8::is_ascii_digit);
    }
    // A motorcycle's series digit and number written in one run: `59X123456`.
    let fits = matches!(digits, 4 | 5) || digits == 6 && joined == 0;
    let goes_on = plate.get(end).is_some_and(|b| b.is_ascii_alphanumeric())
        || matches!(plate.get(end..), Some([b'-' | b'.' | b'/', next, ..]) if next.is_ascii_alphanumeric());
    if !fits || goes_on || soldier && (letters != 2 || digits != 4) {
        return None;
    }
    let is_loose = !hyphen && !is_dotted && (joined > 0 || lower || !has_place);
    Some(Shape { len: end, digits, is_dotted, is_loose, has_place, has_small: lower })
}
