//! `passport`: hộ chiếu — a letter and seven digits.
//!
//! Lot numbers, vouchers and products look the same, so it is nothing without a word or a column. There is no check
//! digit outside the machine-readable zone.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, Value};
use crate::context::{Columns, Firm, Near};
use crate::fold::{fold, last_char, next_char};
use crate::numbers::{Layout, Number};
use crate::shape::is_example;

/// The detector.
pub(crate) struct Passport;

static CARD: Card = Card {
    id: DetectorId::Passport,
    title_vi: "Số hộ chiếu",
    title_en: "Passport number",
    source: "Thông tư 31/2023/TT-BCA; Quyết định 130/QĐ-BYT (bảng XML1, trường SO_CCCD)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Passport, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::Passport, Column::IdNumber]);

const OTHERS: Columns = Columns::of(&[Column::Negative, Column::Bhyt, Column::Plate]);

/// Whether `HC` stands before the letter and speaks of it: no phrase, for cards begin with it, but with digits behind.
fn is_short_form(before: &[u8]) -> bool {
    const NUMBER: [&str; 3] = ["số", "Số", "SỐ"];
    const GOODS: [&str; 3] = ["hàng", "Hàng", "HÀNG"];
    let ends = |text: &[u8], all: [&str; 3]| all.iter().any(|word| text.ends_with(word.as_bytes()));
    // As programs write a key and its value: `'Số HC' => 'N1234567'`.
    let quote = |text: &'_ [u8]| matches!(text.last(), Some(b'\'' | b'"'));
    let whole = before.get(..before.len() - usize::from(quote(before))).unwrap_or_default().trim_ascii_end();
    let before = whole.strip_suffix(b":").or_else(|| whole.strip_suffix(b"=>")).unwrap_or(whole).trim_ascii_end();
    let before = before.get(..before.len() - usize::from(quote(before))).unwrap_or_default();
    let before = before.strip_suffix("số".as_bytes()).unwrap_or(before).trim_ascii_end();
    // `hc của em C1234567`, `số hc: C1234567`, and `hc: C1234567` where a line begins.
    if is_said_in_small(before) || before.len() < whole.len() && begins_line(before, b"hc") {
        return true;
    }
    let letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let Some(rest) = before.strip_suffix(b"HC").filter(|rest| !rest.last().is_some_and(letter)) else { return false };
    // `Phòng HC C1234567`: a word right before has its own letters, unless a colon or `số` says what they are. Capitals are
    // the end of a passenger's name: `LE/MINH TUAN MR HC C1234567`.
    let word = rest.trim_ascii_end();
    let name = word.iter().rev().take_while(|b| letter(b)).all(u8::is_ascii_uppercase);
    let alone = rest.ends_with(b"\n") || name;
    alone || !ends(word, GOODS) && (before.len() < whole.len() || ends(word, NUMBER))
}

/// Whether `hc` in small letters stands there as people write it: behind `số`, or before whose it is.
fn is_said_in_small(before: &[u8]) -> bool {
    const OWNERS: &str = "e em a anh c chị chi con bé be mẹ me bố bo ba vợ vo chồng chong mình minh tôi toi cháu chau";
    const NUMBER: [&str; 4] = ["số", "Số", "so", "So"];
    let (owned, of) = match before.iter().rposition(|b| *b == b' ').and_then(|at| before.split_at_checked(at)) {
        Some((head, owner)) if OWNERS.split(' ').any(|word| word.as_bytes() == owner.trim_ascii()) => (true, head),
        _ => (false, before),
    };
    let of = of.strip_suffix("của".as_bytes()).or_else(|| of.strip_suffix(b"cua")).unwrap_or(of).trim_ascii_end();
    let Some(rest) = of.strip_suffix(b"hc").or_else(|| of.strip_suffix(b"HC")) else { return false };
    let rest_ends = rest.last().is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric());
    let word = rest.trim_ascii_end();
    rest_ends && (owned || word.len() < rest.len() && NUMBER.iter().any(|number| word.ends_with(number.as_bytes())))
}

/// Whether a line, a message or a value begins with this label, in whatever case.
fn begins_line(text: &[u8], label: &[u8]) -> bool {
    let head = text.len().checked_sub(label.len()).and_then(|at| text.split_at_checked(at));
    head.is_some_and(|(head, word)| {
        word.eq_ignore_ascii_case(label) && head.last().is_none_or(|b| matches!(b, b'\n' | b'"' | b'>'))
    })
}

/// A letter and seven digits.
const NUMBER_BYTES: usize = 8;

/// Whether `PP` stands before the letter, on a line that speaks of a person or a journey: bags are made of it, too.
fn is_traveller(text: &[u8], start: usize) -> bool {
    const LINE_BYTES: usize = 80;
    const TELLING: [&str; 15] = [
        "dob",
        "sinh",
        "sn",
        "ns",
        "bay",
        "chuyen",
        "flight",
        "pnr",
        "visa",
        "nationality",
        "tich",
        "mr",
        "ms",
        "mrs",
        "khach",
    ];
    let before = text.get(start.saturating_sub(LINE_BYTES)..start).unwrap_or_default();
    let label = before.trim_ascii_end();
    let label = label.strip_suffix(b":").unwrap_or(label).trim_ascii_end();
    let Some(rest) = label.strip_suffix(b"PP").or_else(|| label.strip_suffix(b"pp")) else { return false };
    // An answer that is nothing else.
    let colon = before.trim_ascii_end().len() > label.len();
    let alone = |behind: &[u8]| behind.split(|b| *b == b'\n').next().is_some_and(|rest| rest.trim_ascii().is_empty());
    if colon && begins_line(label, b"pp") && text.get(start + NUMBER_BYTES..).is_some_and(alone) {
        return true;
    }
    if label.len() == before.len() || rest.last().is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
        return false;
    }
    let behind = text.get(start..text.len().min(start + LINE_BYTES)).unwrap_or_default();
    let line = |b: &u8| *b == b'\n';
    let parts = [rest.rsplit(line).next(), behind.split(line).next()];
    parts.into_iter().flatten().any(|part| {
        let folded = fold(&String::from_utf8_lossy(part));
        folded.split(' ').any(|word| TELLING.contains(&word))
    })
}

/// What may stand between the letter and the digits.
const SIGNS: [u8; 3] = *b" -.";

/// Whether a number is all that its line says, but for who says it: `Lan: Q 3224538`.
fn is_alone(text: &[u8], range: &Range<usize>) -> bool {
    let [before, behind] = [text.get(..range.start), text.get(range.end..)].map(Option::unwrap_or_default);
    let behind = behind.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    let before = before.rsplit(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    matches!(behind, b"" | b"." | b",") && (before.is_empty() || before.ends_with(b":"))
}

impl Detector for Passport {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 7
    }

    /// Its letter, or a sign between.
    fn lengths_behind(&self, before: u8) -> u32 {
        if before.is_ascii_alphabetic() || SIGNS.contains(&before) { self.lengths() } else { 0 }
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        if number.len() != 7 || number.layout != Layout::Solid {
            return None;
        }
        let text = near.text();
        let spaced = text.get(..number.range.start)?.last().is_some_and(|b| SIGNS.contains(b));
        let start = number.range.start.checked_sub(1 + usize::from(spaced))?;
        let letter = *text.get(start).filter(|b| b.is_ascii_alphabetic())?;
        if spaced && letter.is_ascii_lowercase() {
            return None;
        }
        // A blank that keeps a line together is one.
        let touches = |c: Option<(Option<char>, usize)>| {
            c.is_some_and(|(c, _)| c.is_none_or(|c| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace()))
        };
        if touches(last_char(text.get(..start)?)) || touches(next_char(text.get(number.range.end..)?)) {
            return None;
        }
        let short = is_short_form(text.get(..start)?) || is_traveller(text, start);
        if near.is_silent() && !short {
            return None;
        }
        let said = near.announced();
        let words = match said.firm(MINE) {
            Firm::Not if short && said.firm(OTHERS) == Firm::Not => 60,
            Firm::Not => return None,
            Firm::Near if spaced && is_alone(text, &(start..number.range.end)) => 60,
            Firm::Near | Firm::Weak if spaced => return None,
            Firm::Weak => 40,
            Firm::Near => 60,
            Firm::Direct => 80,
            Firm::Column => 90,
        };
        if is_example(text, number.digits(), &(start..number.range.end)) {
            return None;
        }
        let score = words - if letter.is_ascii_lowercase() { 10 } else { 0 };
        let value = Value::of([letter.to_ascii_uppercase()], number.digits());
        Some(Found { range: start..number.range.end, value, ..Found::number(number, score) })
    }
}
