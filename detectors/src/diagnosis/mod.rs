//! `diagnosis`: what a person suffers from — an ICD-10 code with a word that says so, or what stands under a diagnosis
//! header.
//!
//! Codes without a word are nothing: `A4`, `B12` and `K65` are paper, vitamins and kilometres. Plain names of illnesses
//! in running text are not looked for.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::fold::{Folded, fold};
use crate::trigger::{Trigger, WORD_BYTES_MAX, may_end, stands_alone, word_before};

/// The detector.
pub(crate) struct Diagnosis;

static CARD: Card = Card {
    id: DetectorId::Diagnosis,
    title_vi: "Chẩn đoán bệnh",
    title_en: "Diagnosis",
    source: "Quyết định 4469/QĐ-BYT (2020), ICD-10; Luật 91/2025/QH15 và Nghị định 356/2025/NĐ-CP, điều 4 (dữ liệu nhạy cảm)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// Bytes between a word and the code: `Chẩn đoán ra viện: Viêm phổi do vi khuẩn không xác định (`.
const GAP_BYTES_MAX: usize = 96;
/// Bytes from the beginning of a word to the first digit of its code.
pub(crate) const REACH_BYTES: usize = GAP_BYTES_MAX + WORD_BYTES_MAX;

impl Detector for Diagnosis {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Health {
            return None;
        }
        let cell = near.text().get(range.clone())?;
        if let Some((at, len)) = first_code(cell) {
            let code = range.start + at..range.start + at + len;
            return Some(Found { value: value(cell.get(at..at + len)?).into(), range: code, score: 85, hidden: None });
        }
        // A blood group or a number of weeks is no diagnosis; two words are.
        let words = fold(&String::from_utf8_lossy(cell));
        let told = words.split(' ').filter(|w| w.len() > 1 && w.bytes().all(|b| b.is_ascii_alphabetic())).count();
        (told >= 2).then(|| Found { range, score: 50, value: words.to_uppercase().into(), hidden: None })
    }

    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        if trigger != Trigger::Illness {
            return None;
        }
        let gap = text.get(range.end..text.len().min(range.end + GAP_BYTES_MAX))?;
        let line = gap.iter().position(|b| is_stop(*b)).unwrap_or(gap.len());
        let here = first_code(gap.get(..line)?);
        let (at, len) = here.or_else(|| code_behind(gap, line))?;
        let code = gap.get(at..at + len)?;
        let word = Folded::of(text.get(range.clone())?);
        let before = word_before(text, range.start);
        let said = Folded::of(gap.get(..at)?);
        let next = said.split(' ').next().unwrap_or_default();
        let firm = match &*word {
            // Below a label or in the next cell stands what it names and nothing else.
            "benh" if here.is_none() && !(&*before == "ma" || matches!(next, "chinh" | "kem")) => 0,
            // A department.
            "chan" | "chan doan" if said.contains("hinh anh") => 0,
            "cd" if !stands_alone(text, &range) || !is_called(gap, at, code) => 0,
            // `mã bệnh`, `bệnh chính`; `bệnh viện`, `bệnh nhân` speak of houses and people.
            // The sick person, not the sickness.
            "benh" if &*before == "nguoi" => 0,
            "benh" => {
                let other = ["vien", "nhan", "xa", "pham"].contains(&next);
                if other {
                    0
                } else if &*before == "ma" || at <= 12 {
                    60
                } else {
                    45
                }
            }
            "icd" => 70,
            _ => 70,
        };
        // `I10`, `K65` with no digit behind a dot are also rooms and forms: they want to stand near.
        let near = code.len() > 3 || at <= 24 || gap.get(at.wrapping_sub(1)) == Some(&b'(');
        let score = firm - if near { 0 } else { 20 };
        let start = range.end + at;
        Some(Found { range: start..start + len, score, value: value(code).into(), hidden: None })
    }
}

/// What ends a field: what is said in one does not speak of the next, but as a label.
const fn is_stop(b: u8) -> bool {
    matches!(b, b'\n' | b';' | b'|')
}

/// What may stand between a label and what is written below it or beside it.
const fn is_lead(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'>' | b'*' | b'`' | b'"' | b'\'')
}

/// Where the words begin that may speak of the code at `at`, given where the field begins at the earliest.
pub(crate) fn words_from(text: &[u8], from: usize, at: usize) -> usize {
    let Some(before) = text.get(from..at) else { return from };
    let begin = |end: usize| before.get(..end).and_then(|b| b.iter().rposition(|b| is_stop(*b)));
    let field = match begin(before.len()) {
        Some(stop)
            if before.get(stop).is_some_and(|b| *b != b';') && before.iter().skip(stop + 1).all(|b| is_lead(*b)) =>
        {
            begin(stop)
        }
        field => field,
    };
    field.map_or(from, |stop| from + stop)
}

/// The code right below a label that ends at `stop` of `gap`, or in the cell beside it, and its length:
/// `Chẩn đoán xác định:\n> I10`, `Chẩn đoán | I10`.
fn code_behind(gap: &[u8], stop: usize) -> Option<(usize, usize)> {
    const LABEL_BYTES_MAX: usize = 32;
    let (label, behind) = (gap.get(..stop)?, gap.get(stop + 1..)?);
    let is_label = label.len() <= LABEL_BYTES_MAX && !label.iter().any(|b| b.is_ascii_digit() || b",.".contains(b));
    if !is_label || gap.get(stop) == Some(&b';') {
        return None;
    }
    let lead = behind.iter().take_while(|b| is_lead(**b)).count();
    Some((stop + 1 + lead, code(behind.get(lead..)?)?))
}

/// Whether `CĐ` is no school or union: a sign leads to the code, or it is one that no class has (`CĐ K65`).
fn is_called(gap: &[u8], at: usize, code: &[u8]) -> bool {
    const SIGNS: usize = 8;
    let before = gap.get(..at).unwrap_or_default();
    let signs = before.iter().all(|b| b.is_ascii_whitespace() || b.is_ascii_punctuation());
    let behind = gap.get(at + code.len()..).unwrap_or_default();
    let named = code.first() != Some(&b'K') && matches!(behind, [b' ', b'A'..=b'Z' | 0xc3..=0xe1 | b'-', ..]);
    signs && at <= SIGNS && (before.iter().any(|b| b":=".contains(b)) || code.contains(&b'.') || named)
}

/// Where the first ICD-10 code of `text` stands: a letter, two digits, perhaps a dot and one or two more.
fn first_code(text: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    while at < text.len() {
        let word = text.get(at..)?;
        if is_alone(text, at)
            && let Some(len) = code(word)
        {
            return Some((at, len));
        }
        at += 1;
    }
    None
}

/// Whether a code begins at `at`.
pub(crate) fn code_at(text: &[u8], at: usize) -> bool {
    text.get(at..).and_then(code).is_some() && (is_alone(text, at) || may_end(text, at, Trigger::Illness))
}

fn is_alone(text: &[u8], at: usize) -> bool {
    let goes_on = |b: &u8| b.is_ascii_alphanumeric() || b"-/._".contains(b) || *b >= 0x80;
    let head = text.get(..at).unwrap_or_default();
    // Behind the dots of a form's field nothing goes on.
    !head.last().is_some_and(goes_on) || head.ends_with(b"...")
}

fn code(text: &[u8]) -> Option<usize> {
    // U07 is COVID-19; no other code begins with U outside of special purposes.
    let [b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9', rest @ ..] = text else { return None };
    let len = match rest {
        [b'.', b'0'..=b'9', b'0'..=b'9', ..] => 6,
        [b'.', b'0'..=b'9', ..] => 5,
        [b'0'..=b'9', ..] => 4,
        _ => 3,
    };
    let behind = text.get(len..).unwrap_or_default();
    let goes_on = match behind {
        [b, ..] if b.is_ascii_alphanumeric() || *b == b'_' => true,
        [b'-' | b'/' | b'.', b, ..] => b.is_ascii_digit(),
        _ => false,
    };
    (!goes_on).then_some(len)
}

/// `J18.9`, also where it was written `J189`.
fn value(code: &[u8]) -> String {
    let mut value: String = code.iter().map(|b| char::from(b.to_ascii_uppercase())).collect();
    if value.len() == 4 {
        value.insert(3, '.');
    }
    value
}
