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
use crate::simd::{Pairs, Rare};
use crate::trigger::{Trigger, WORD_BYTES_MAX, words_in, words_that_end};

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
        Some(Found { range, score: 85, value: value.into(), hidden: None })
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
        Some(Found { range, score: 85, value: value.into(), hidden: None })
    }
}

/// Where the names of fields may stand in a text that is gone through from its beginning to its end.
#[derive(Default)]
pub(crate) struct Names(Rare);

impl Names {
    /// The name of the field that holds the link whose first digit stands at `at`, perhaps behind letters.
    #[inline(always)]
    pub(crate) fn before(&mut self, text: &[u8], at: usize) -> Option<Range<usize>> {
        const REACH: usize = LINK_BYTES_MAX + SIGNS_BYTES_MAX + ENDING.len();
        // Most numbers stand behind a word and a blank.
        let before = text.get(..at).filter(|before| may_hold(before))?;
        if self.0.may_stand(text, at, REACH, &ENDINGS) { field_before(before) } else { None }
    }
}

/// The last letters that each name of a field has.
const ENDING: [u8; 2] = *b"lk";
static ENDINGS: Pairs<1> = Pairs::new([ENDING]);

/// Whether what stands before the digits of a link, or before its letters, may be part of its field.
#[inline]
fn may_hold(before: &[u8]) -> bool {
    match *before {
        [.., sign, b' '] if is_sign(&sign) => true,
        [.., last] => last != b' ' && (fits(&last) || is_sign(&last)),
        _ => false,
    }
}

/// The name of the field that holds the link that a text ends with, but for its digits.
fn field_before(text: &[u8]) -> Option<Range<usize>> {
    let part = |b: &&u8| KIND[usize::from(**b)] & PART != 0;
    let letters = text.iter().rev().take(LINK_BYTES_MAX).take_while(part).count();
    let before = text.get(..text.len() - letters)?;
    let signs = before.iter().rev().take(SIGNS_BYTES_MAX).take_while(|b| is_sign(b)).count();
    if signs == 0 { None } else { words_that_end(text, before.len() - signs, Trigger::Claim).next() }
}

/// The name of the field in capitals that begins at `at`, behind the sign that opens it.
pub(crate) fn field_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let (before, name) = text.split_at_checked(at)?;
    if !matches!((before, name), ([.., b'<' | b'"' | b'\''], [b'M', ..])) {
        return None;
    }
    words_in(text, at..text.len().min(at + WORD_BYTES_MAX), Trigger::Claim).find(|word| word.start == at)
}

/// How long the link at the beginning of `text` is.
fn link(text: &[u8]) -> Option<usize> {
    let len = text.iter().take(LINK_BYTES_MAX + 1).take_while(|b| fits(b)).count();
    let digits = text.get(..len)?.iter().filter(|b| b.is_ascii_digit()).count();
    ((3..=LINK_BYTES_MAX).contains(&len) && digits > 0).then_some(len)
}

/// What may stand between a field's name and its content.
fn is_sign(byte: &u8) -> bool {
    KIND[usize::from(*byte)] & SIGN != 0
}

/// What the link itself may hold.
fn fits(byte: &u8) -> bool {
    KIND[usize::from(*byte)] & (PART | DIGIT) != 0
}

/// By byte, what it may be: this is asked for what stands before every number.
static KIND: [u8; 256] = {
    let (mut kind, mut byte) = ([0; 256], 0_u8);
    loop {
        kind[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'/' => PART,
            b'>' | b':' | b'=' | b' ' | b'"' | b'\'' => SIGN,
            _ => 0,
        };
        if byte == u8::MAX {
            break kind;
        }
        byte += 1;
    }
};
const SIGN: u8 = 1;
const PART: u8 = 2;
const DIGIT: u8 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_of_a_field_is_passed_over(
            pieces in prop::collection::vec("[lk ]{3}|MA_LK|MaLk|: |<|>|=|\"|[a-z./]{0,90}|[0-9]{1,14}|[ .]{1,70}", 1..30),
        ) {
            let text = pieces.concat();
            let (text, mut names) = (text.as_bytes(), Names::default());
            for at in (0..text.len()).filter(|at| text[*at].is_ascii_digit()) {
                let (before, field) = (names.before(text, at), field_before(&text[..at]));
                // Of a name with nothing but a blank behind it nothing comes.
                let bare = field.as_ref().is_some_and(|name| text[name.end..at] == *b" ");
                prop_assert!(before == field || before.is_none() && bare, "{:?} {:?}", before, field);
            }
        }
    }
}
