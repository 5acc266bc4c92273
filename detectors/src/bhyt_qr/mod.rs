//! `bhyt_qr`: the text in the QR code of a health insurance card.
//!
//! Fields parted by `|`: card number (fifteen characters, or the ten digits since 2021), name as the hexadecimal of
//! its UTF-8, birth, sex as 1 or 2, address likewise in hexadecimal, facility, dates and a check sum.

use chot_model::DetectorId;

use crate::card::{Card, Detector, Found};
use crate::cccd_qr::{Fields, QR_BYTES_MAX, upper};
use crate::context::Near;
use crate::numbers::{Layout, Number};

/// The detector.
pub(crate) struct BhytQr;

static CARD: Card = Card {
    id: DetectorId::BhytQr,
    title_vi: "Nội dung mã QR trên thẻ bảo hiểm y tế",
    title_en: "Text of the QR code on a health insurance card",
    source: "Công văn 3340/BHXH-ST (2017); Quyết định 1666/QĐ-BHXH (2020)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

impl Detector for BhytQr {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 10 | 1 << 13
    }

    /// A `|` is part of it.
    fn lengths_behind(&self, _before: u8) -> u32 {
        0
    }

    fn lengths_announced(&self) -> u32 {
        self.lengths()
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let letters = match number.len() {
            13 => 2,
            10 => 0,
            _ => return None,
        };
        if number.layout != Layout::Solid || text.get(number.range.end) != Some(&b'|') {
            return None;
        }
        let start = number.range.start.checked_sub(letters)?;
        if !text.get(start..number.range.start)?.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let mut fields = Fields::new(text.get(start..text.len().min(start + QR_BYTES_MAX))?);
        fields.next()?;
        let (name, born, sex) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = name.len() >= 8
            && name.iter().all(u8::is_ascii_hexdigit)
            && matches!(born.len(), 4 | 10)
            && born.iter().all(|b| b.is_ascii_digit() || *b == b'/')
            && matches!(sex, b"1" | b"2");
        if !fits {
            return None;
        }
        // Up to eleven more fields, as far as they are of this alphabet.
        let mut end = start + fields.passed();
        for _ in 0..11 {
            let Some(field) = fields.next() else { break };
            if !field.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b' ' | b'$')) {
                break;
            }
            end = start + fields.passed();
        }
        Some(Found { range: start..end, score: 200, value: upper(text.get(start..end)?).into(), hidden: None })
    }
}
