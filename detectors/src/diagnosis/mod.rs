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
use crate::trigger::{Trigger, WORD_BYTES_MAX, may_end, word_before};

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
        let line = gap.iter().position(|b| matches!(b, b'\n' | b';' | b'|')).unwrap_or(gap.len());
        let (at, len) = first_code(gap.get(..line)?)?;
        let code = gap.get(at..at + len)?;
        let word = Folded::of(text.get(range.clone())?);
        let before = word_before(text, range.start);
        let said = Folded::of(gap.get(..at)?);
        let firm = match &*word {
            // `mã bệnh`, `bệnh chính`; `bệnh viện`, `bệnh nhân` speak of houses and people.
            // The sick person, not the sickness.
            "benh" if &*before == "nguoi" => 0,
            "benh" => {
                let other = ["vien", "nhan", "xa", "pham"].iter().any(|w| said.split(' ').next() == Some(w));
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
    !at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(goes_on)
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
