//! `claim_record`: a record of a health-insurance claim file, known by its field `MA_LK`, which ties the tables of one
//! visit together.
//!
//! The value is that link; where a file is read as running text, the tag and its content. It reads no other field: what
//! they hold is found by the rooms of those identifiers.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::trigger::{Trigger, words_that_end};

/// The detector.
pub(crate) struct ClaimRecord;

static CARD: Card = Card {
    id: DetectorId::ClaimRecord,
    title_vi: "Hồ sơ đề nghị thanh toán khám chữa bệnh bảo hiểm y tế",
    title_en: "Record of a health-insurance claim file",
    source: "Quyết định 130/QĐ-BYT (2023), 4750/QĐ-BYT (2023), 3176/QĐ-BYT (2024): bảng XML1 đến XML15, trường MA_LK",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Claim, "= MA_LK\n= maLK\n= MA_LIEN_KET\n= Mã liên kết\n= MA_LIENKET\n")],
};

/// Most bytes of a link (QĐ 130/QĐ-BYT: 100 characters).
const LINK_BYTES_MAX: usize = 100;
/// Most bytes between a field's name and its content: `": "` and one more.
const SIGNS_BYTES_MAX: usize = 5;

impl Detector for ClaimRecord {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Claim {
            return None;
        }
        let cell = near.text().get(range.clone())?;
        link(cell).filter(|len| *len == cell.len())?;
        let value = String::from_utf8_lossy(cell).to_uppercase();
        Some(Found { range, score: 85, value, hidden: None })
    }

    /// `<MA_LK>…</MA_LK>` or `"MA_LK":"…"` in a file that nothing read as one.
    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let opened = *text.get(..range.start)?.last()?;
        if trigger != Trigger::Claim || !matches!(opened, b'<' | b'"' | b'\'') {
            return None;
        }
        let behind = text.get(range.end..)?;
        let signs = match (opened, behind) {
            (b'<', [b'>', ..]) => 1,
            (quote, [close, rest @ ..]) if quote == *close => {
                1 + rest.iter().take(4).take_while(|b| b":= \"'".contains(b)).count()
            }
            _ => return None,
        };
        let len = link(behind.get(signs..)?).filter(|_| signs > 1 || opened == b'<')?;
        let range = range.end + signs..range.end + signs + len;
        let value = String::from_utf8_lossy(text.get(range.clone())?).to_uppercase();
        Some(Found { range, score: 85, value, hidden: None })
    }
}

/// The name of the field that holds the link whose first digit stands at `at`, behind so many letters.
pub(crate) fn field_before(text: &[u8], at: usize, letters: usize) -> Option<Range<usize>> {
    // Most words stand behind a blank, which no link does.
    let begun = at.checked_sub(letters + 1).and_then(|at| text.get(at))?;
    if !fits(begun) && !is_sign(begun) {
        return None;
    }
    let before = text.get(at.saturating_sub(LINK_BYTES_MAX)..at)?;
    let letters = before.iter().rev().take_while(|b| fits(b) && !b.is_ascii_digit()).count();
    let before = text.get(..at - letters)?;
    let signs = before.iter().rev().take(SIGNS_BYTES_MAX).take_while(|b| is_sign(b)).count();
    if signs == 0 { None } else { words_that_end(text, at - letters - signs, Trigger::Claim).next() }
}

/// How long the link at the beginning of `text` is.
fn link(text: &[u8]) -> Option<usize> {
    let len = text.iter().take(LINK_BYTES_MAX + 1).take_while(|b| fits(b)).count();
    let digits = text.get(..len)?.iter().filter(|b| b.is_ascii_digit()).count();
    ((3..=LINK_BYTES_MAX).contains(&len) && digits > 0).then_some(len)
}

/// What may stand between a field's name and its content.
fn is_sign(byte: &u8) -> bool {
    b">:= \"'".contains(byte)
}

fn fits(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./".contains(byte)
}
