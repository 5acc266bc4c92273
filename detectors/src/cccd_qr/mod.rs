//! `cccd_qr`: the text in the QR code of a citizen card.
//!
//! Fields parted by `|`: number, old number or nothing, name, birth as ddmmyyyy, sex, address, issue as ddmmyyyy.
//! Cards since July 2024 add fields behind; they are left alone.

use chot_model::DetectorId;

use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::numbers::{Layout, Number};

/// The detector.
pub(crate) struct CccdQr;

static CARD: Card = Card {
    id: DetectorId::CccdQr,
    title_vi: "Nội dung mã QR trên thẻ căn cước",
    title_en: "Text of the QR code on a citizen card",
    source: "Thông tư 06/2021/TT-BCA (mẫu thẻ căn cước công dân gắn chip)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// Most bytes of one text: where it is longer, the finding ends early. Keeps the context of a window small.
pub(crate) const QR_BYTES_MAX: usize = 240;

impl Detector for CccdQr {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 12
    }

    /// A `|` is part of it.
    fn lengths_behind(&self, _before: u8) -> u32 {
        0
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let start = number.range.start;
        if number.len() != 12 || number.layout != Layout::Solid || text.get(number.range.end) != Some(&b'|') {
            return None;
        }
        let all = text.get(start..text.len().min(start + QR_BYTES_MAX))?;
        let mut fields = Fields::new(all);
        fields.next()?;
        let old = fields.next()?;
        let name = fields.next()?;
        let born = fields.next()?;
        let sex = fields.next()?;
        let fits = (old.is_empty() || matches!(old.len(), 9 | 12) && old.iter().all(u8::is_ascii_digit))
            && (2..=120).contains(&name.len())
            && !name.iter().any(u8::is_ascii_digit)
            && born.len() == 8
            && born.iter().all(u8::is_ascii_digit)
            && (1..=12).contains(&sex.len());
        if !fits {
            return None;
        }
        let mut end = start + fields.passed();
        if let Some(issued) = fields.next().and_then(|_address| fields.next()) {
            let digits = issued.iter().take_while(|b| b.is_ascii_digit()).count();
            end = start + fields.passed() - issued.len() + digits;
        } else {
            end = end.max(start + fields.passed());
        }
        Some(Found { range: start..end, score: 200, value: upper(text.get(start..end)?).into(), hidden: number.hidden })
    }
}

/// Upper case, whatever the bytes are.
pub(crate) fn upper(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_uppercase()
}

/// Fields parted by `|` on one line.
pub(crate) struct Fields<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Fields<'t> {
    /// Of the line at the head of `text`.
    pub(crate) fn new(text: &'t [u8]) -> Self {
        let line = text.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(text.len());
        Self { text: text.get(..line).unwrap_or_default(), at: 0 }
    }

    /// The next field; `None` behind the last.
    pub(crate) fn next(&mut self) -> Option<&'t [u8]> {
        let rest = self.text.get(self.at..)?;
        let len = rest.iter().position(|b| *b == b'|').unwrap_or(rest.len());
        self.at += len + 1;
        rest.get(..len)
    }

    /// Bytes up to the end of the last field given out.
    pub(crate) const fn passed(&self) -> usize {
        let end = self.at.saturating_sub(1);
        if end < self.text.len() { end } else { self.text.len() }
    }
}
