//! `address`: where a person lives — house, street or hamlet, then commune, district, province.
//!
//! Two levels in a row of which one is below the commune, or a word such as `địa chỉ` before. Offices are known by the
//! commune they are named after and left alone. Addresses without a commune or ward, and those typed in small letters
//! without one, are found only under their header.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::fold::{self, Folded, fold, next_char};
use crate::phrases::Phrases;
use crate::trigger::{Trigger, stands_alone, word_before};

/// The detector.
pub(crate) struct Address;

static CARD: Card = Card {
    id: DetectorId::Address,
    title_vi: "Địa chỉ",
    title_en: "Postal address",
    source: "Luật Cư trú 68/2020/QH14, điều 11; Nghị định 356/2025/NĐ-CP, điều 3; Luật 72/2025/QH15 (tỉnh, xã)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// Most blanks between the word of a commune and its name.
pub(crate) const GAP_BYTES_MAX: usize = 3;
/// How far an address reaches to either side of its commune.
const REACH_BYTES: usize = 80;

/// First words of what lies below a commune.
static BELOW: Phrases = Phrases::new(&[
    "so",
    "so nha",
    "nha",
    "ngo",
    "ngach",
    "hem",
    "kiet",
    "thon",
    "xom",
    "ap",
    "to",
    "khu pho",
    "kp",
    "khom",
    "ban",
    "buon",
    "lang",
    "duong",
    "pho",
    "quoc lo",
    "doi",
    "khu",
    "lo",
    "to dan pho",
    "tdp",
    "can",
    "chung cu",
    "dai lo",
]);
/// First words of what lies above.
static ABOVE: Phrases = Phrases::new(&["huyen", "quan", "thi xa", "thanh pho", "tp", "tinh", "q", "h", "tx", "t"]);
/// Bodies and things named after a commune.
static BODIES: Phrases = Phrases::new(&[
    "ubnd", "hdnd", "an", "bhxh", "te", "truong", "uy", "dan", "cap", "hoi", "doan", "chuc", "can", "bo", "vien", "so",
    "phong", "tram", "cac", "mot", "nhieu", "tung", "moi", "va", "tren", "toan", "doi", "cho", "quan", "ban", "xep",
    "nhap", "danh", "ten", "hop",
]);
/// Words that announce an address.
const ANNOUNCED: &[&str] = &[
    "dia chi",
    "tru tai",
    "thuong tru",
    "tam tru",
    "noi o",
    "cu tru",
    "hktt",
    "dc",
    "d c",
    "hien o",
    "o tai",
    "cu ngu",
    "nha o",
    "que quan",
    "sinh song tai",
    "cho o",
    "address",
    "giao den",
    "lien he",
];

impl Detector for Address {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Address {
            return None;
        }
        let cell = near.text().get(range.clone())?;
        // A line of a program under `address` is where no one lives; it has no letter of Vietnamese.
        if cell.is_ascii() && cell.iter().any(|b| b"={}[]<>".contains(b)) {
            return None;
        }
        let cell = str::from_utf8(cell).ok()?;
        // Codes of places (`MATINH_CU_TRU`) tell little, mail addresses and links nothing; a name of two words does.
        let words = cell.split([' ', ',']).filter(|w| !w.contains('@') && !w.contains("://")).map(fold);
        let words: usize =
            words.map(|w| w.split(' ').filter(|w| w.bytes().any(|b| b.is_ascii_alphabetic())).count()).sum();
        let folded = fold(cell);
        (words >= 2).then(|| Found { range, score: 80, value: folded.to_uppercase().into(), hidden: None })
    }

    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        if trigger != Trigger::Commune || near.column().is_some() {
            return None;
        }
        let word = text.get(range.clone())?;
        let lead = word.iter().take_while(|b| !b.is_ascii_alphabetic() && **b < 0x80).count();
        let start = range.start + lead;
        let trimmed = range.end - word.iter().rev().take_while(|b| **b == b' ').count();
        if !stands_alone(text, &(start..trimmed)) || !is_named(text, trimmed) {
            return None;
        }
        if BODIES.contains(&word_before(text, start)) {
            return None;
        }
        let right = self.right(text, trimmed);
        let (left, below) = left(text, start);
        let head = text.get(left.saturating_sub(32)..left)?;
        let head = Folded::of(head);
        let said = ANNOUNCED.iter().any(|w| head.bytes().ends_with(w.as_bytes()));
        let levels = 1 + usize::from(below) + usize::from(right.1);
        let score = match (said, below) {
            (true, true) => 85,
            (true, false) if levels > 1 => 75,
            (true, false) => 50,
            (false, true) if levels > 2 => 70,
            (false, true) => 55,
            (false, false) if levels > 1 => 25,
            (false, false) => return None,
        };
        let range = left..right.0;
        let shown = text.get(range.clone())?;
        let mut value = match shown.len() {
            ..=Folded::TEXT_MAX => (*Folded::of(shown)).to_owned(),
            _ => fold(&String::from_utf8_lossy(shown)),
        };
        value.make_ascii_uppercase();
        Some(Found { range, score, value: value.into(), hidden: None })
    }
}

impl Address {
    /// Where the address ends, and whether a district or province follows the commune.
    fn right(&self, text: &[u8], commune: usize) -> (usize, bool) {
        let behind = text.get(commune..text.len().min(commune + REACH_BYTES)).unwrap_or_default();
        let mut end = name_ends(behind, 0);
        let mut above = false;
        for _ in 0..3 {
            let Some(next) = behind.get(end..).and_then(parts).map(|n| end + n) else { break };
            let part = behind.get(next..name_ends(behind, next)).unwrap_or_default();
            let folded = Folded::of(part);
            let folded = folded.bytes();
            let level = ABOVE.begin(folded);
            // A province may stand without its word, at the end.
            let named = is_capital(part)
                && folded.iter().filter(|b| **b == b' ').count() < 4
                && !folded.iter().any(u8::is_ascii_digit);
            if !level && !named {
                break;
            }
            above = true;
            end = next + part.len();
        }
        (commune + end, above)
    }
}

/// Where the address begins, and whether it names anything below the commune.
fn left(text: &[u8], commune: usize) -> (usize, bool) {
    let from = commune.saturating_sub(REACH_BYTES);
    let before = text.get(from..commune).unwrap_or_default();
    let (mut start, mut below) = (before.len(), false);
    for _ in 0..4 {
        // What stands between two commas, or behind the colon.
        let head = before.get(..start).unwrap_or_default();
        let upto = head.trim_ascii_end();
        let upto = upto.strip_suffix(b",").or_else(|| upto.strip_suffix(b"-")).unwrap_or(upto).trim_ascii_end();
        if upto.is_empty() {
            break;
        }
        let ends = |b: &u8| matches!(b, b',' | b':' | b';' | b'\n' | b'(' | b'|' | b'\t' | b'"');
        let border = upto.iter().rposition(ends);
        let part = upto.get(border.map_or(0, |at| at + 1)..).unwrap_or_default();
        let blank = part.len() - part.trim_ascii_start().len();
        let begins = border.map_or(0, |at| at + 1) + blank;
        let whole = border.is_some() || from == 0;
        let (level, place) = level_within(part, blank);
        if !level || !whole && place == 0 {
            break;
        }
        below = true;
        start = begins + place;
        // Words before the level are no part of the address: `ông An ở thôn Đông`.
        if place > 0 {
            break;
        }
    }
    (from + start, below)
}

/// Whether a part names something below a commune, and at which byte behind so many blanks that begins.
fn level_within(part: &[u8], blanks: usize) -> (bool, usize) {
    let begins = Folded::beginning(part, BELOW.reach());
    let begins = begins.bytes();
    let numbered = begins.first().is_some_and(u8::is_ascii_digit);
    // The rest of it tells something of streets and houses only.
    let folded = if numbered { Folded::of(part) } else { Folded::of(b"") };
    let folded = folded.bytes();
    let part = part.get(blanks..).unwrap_or_default();
    let street = || [&b"duong"[..], b"pho", b"ngo", b"hem"].iter().any(|w| memchr::memmem::find(folded, w).is_some());
    if BELOW.begin(begins) || numbered && (street() || is_house(folded)) {
        return (true, 0);
    }
    // Behind other words, on the level's own word.
    let begins = |at: &usize| {
        let word = part.get(at + 1..).unwrap_or_default();
        word.first().is_some_and(|b| begins_inner(*b)) && INNER.iter().any(|inner| word.starts_with(inner.as_bytes()))
    };
    match memchr::memchr_iter(b' ', part).find(begins) {
        Some(at) if str::from_utf8(part).is_ok() => (true, at + 1),
        _ => (false, 0),
    }
}

/// Words of levels below a commune, within a part.
const INNER: &[&str] = &["thôn ", "xóm ", "ấp ", "tổ ", "số nhà ", "ngõ ", "hẻm ", "khu phố ", "bản ", "đường ", "số "];

/// Whether any of these begins so: most words do not.
const fn begins_inner(first: u8) -> bool {
    matches!(first, b't' | b'x' | b's' | b'n' | b'h' | b'k' | b'b' | 0xc4 | 0xe1)
}

/// `12 Trần Phú`, `12A/3 Lê Lợi`: a number and a short name.
fn is_house(folded: &[u8]) -> bool {
    let words = 1 + folded.iter().filter(|b| **b == b' ').count();
    (2..=6).contains(&words)
        && folded.rsplit(|b| *b == b' ').next().is_some_and(|w| w.iter().all(u8::is_ascii_alphabetic))
}

/// Whether a name or number follows: `xã Tân Lập`, `phường 12`, `P.12`; a dot behind a whole word ends a sentence.
fn is_named(text: &[u8], at: usize) -> bool {
    let (before, behind) = text.split_at_checked(at).unwrap_or_default();
    let blanks = behind.iter().take(GAP_BYTES_MAX).take_while(|b| **b == b' ').count();
    (blanks > 0 || before.ends_with(b"."))
        && behind.get(blanks..).is_some_and(|t| is_capital(t) || t.first().is_some_and(u8::is_ascii_digit))
}

fn is_capital(text: &[u8]) -> bool {
    next_char(text).and_then(|(c, _)| c).is_some_and(fold::is_capital)
}

/// Where the part at `from` ends: at a sign, or where capitals stop.
fn name_ends(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let stops = |at: usize, b: u8| match b {
        b',' | b';' | b'\n' | b'\r' | b'(' | b')' | b'|' | b'\t' | b'"' | b'<' | b':' | b'\'' => true,
        b'-' | b'.' => rest.get(at + 1).is_none_or(|b| b.is_ascii_whitespace()) && at > 2,
        _ => false,
    };
    let len = rest.iter().enumerate().position(|(at, b)| stops(at, *b)).unwrap_or(rest.len());
    from + names(rest.get(..len).unwrap_or_default()).trim_ascii_end().len()
}

/// The part up to the first word in small letters behind its name: `quận 3` of `quận 3 tổ chức`.
fn names(part: &[u8]) -> &[u8] {
    let (mut named, mut at) = (false, 0);
    for word in part.split(|b| *b == b' ') {
        let name = is_capital(word) || word.first().is_some_and(u8::is_ascii_digit);
        if named && !name && !word.is_empty() {
            return part.get(..at).unwrap_or_default();
        }
        named |= name;
        at += word.len() + 1;
    }
    part
}

/// Behind the comma or hyphen that parts two levels.
fn parts(text: &[u8]) -> Option<usize> {
    let signs = text.iter().take(4).take_while(|b| matches!(b, b' ' | b',' | b'-')).count();
    let head = text.get(..signs)?;
    head.iter().any(|b| matches!(b, b',' | b'-')).then_some(signs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_their_first_letters() {
        assert!(INNER.iter().all(|word| begins_inner(word.as_bytes()[0])));
    }
}
