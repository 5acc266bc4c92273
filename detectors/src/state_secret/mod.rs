//! `state_secret`: the stamp MẬT, TỐI MẬT or TUYỆT MẬT on a document.
//!
//! Only in capitals and alone on its line, or behind `Độ mật:`, as the stamp is laid out; the words are everyday ones
//! in running text (`mật khẩu`, `bí mật`).

use std::ops::Range;

use chot_model::DetectorId;

use crate::card::{Card, Detector, Found};
use crate::context::Near;

/// The detector.
pub(crate) struct StateSecret;

static CARD: Card = Card {
    id: DetectorId::StateSecret,
    title_vi: "Dấu chỉ độ mật",
    title_en: "Marking of a state secret",
    source: "Luật Bảo vệ bí mật nhà nước 2018, điều 8; Thông tư 24/2020/TT-BCA (mẫu dấu)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// The grades, longest first.
const GRADES: &[&str] = &["TUYỆT MẬT", "TỐI MẬT", "MẬT"];
/// Most bytes of blanks and signs around a stamp on its line.
const MARGIN_BYTES_MAX: usize = 64;

/// What that word begins with.
pub(crate) const INITIAL: u8 = b'M';

/// The stamp whose last word begins at `at`, if one does.
pub(crate) fn marking_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    const WORD: &[u8] = "MẬT".as_bytes();
    text.get(at..).filter(|t| t.starts_with(WORD))?;
    let end = at + WORD.len();
    let before = text.get(..end)?;
    GRADES.iter().find(|grade| before.ends_with(grade.as_bytes())).map(|grade| end - grade.len()..end)
}

/// Whether blanks set what follows apart from the name of an office, as in the two columns of a letter's head: words in
/// capitals, and no number of a row or of goods.
fn stands_in_a_column(line: &[u8]) -> bool {
    const WORDS_MIN: usize = 2;
    let Ok(line) = str::from_utf8(line) else { return false };
    let is_office = |c: char| c.is_uppercase() || c == ' ' || c == '-' || c == ',';
    let office = line.trim();
    (line.ends_with("   ") || line.ends_with('\t'))
        && office.split_whitespace().filter(|word| word.chars().nth(1).is_some()).count() >= WORDS_MIN
        && office.chars().all(is_office)
}

impl Detector for StateSecret {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        0
    }

    fn marking(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let left = text.get(range.start.saturating_sub(MARGIN_BYTES_MAX)..range.start)?;
        let line = left.iter().rposition(|b| *b == b'\n').map_or(left, |at| left.get(at + 1..).unwrap_or_default());
        let right = text.get(range.end..text.len().min(range.end + MARGIN_BYTES_MAX))?;
        let behind = right.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
        let blank = |b: &[u8]| b.iter().all(|b| b.is_ascii_whitespace() || b.is_ascii_punctuation());
        let announced =
            ["Độ mật: ", "ĐỘ MẬT: ", "Độ mật:", "ĐỘ MẬT:"].iter().any(|word| line.ends_with(word.as_bytes()));
        let begins = blank(line) && (line.len() < left.len() || range.start <= MARGIN_BYTES_MAX);
        if !(announced || (begins || stands_in_a_column(line)) && blank(behind)) {
            return None;
        }
        let value = String::from_utf8_lossy(text.get(range.clone())?).into_owned();
        Some(Found { range, score: 85, value: value.into(), hidden: None })
    }
}
