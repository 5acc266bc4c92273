//! `dossier`: mã hồ sơ — the code of an administrative dossier, `H08.26-240517-0001`.
//!
//! Never personal by itself. It is found so that its digits are not taken for anything else: without the hyphens,
//! its tail of date and serial number passes for an insurance number in most years.

use chot_model::DetectorId;

use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::digits::Gap;
use crate::numbers::Number;

/// The detector.
pub(crate) struct Dossier;

static CARD: Card = Card {
    id: DetectorId::Dossier,
    title_vi: "Mã hồ sơ thủ tục hành chính",
    title_en: "Code of an administrative dossier",
    source: "Thông tư 01/2018/TT-VPCP, điều 19",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// Most bytes of the part before the date: four fields of three characters and their dots.
const OFFICE_BYTES_MAX: usize = 24;

impl Detector for Dossier {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 10 | 1 << 11
    }

    /// The hyphen behind its office.
    fn lengths_behind(&self, before: u8) -> u32 {
        if before == b'-' { self.lengths() } else { 0 }
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let digits = number.digits();
        let shaped = matches!(digits.len(), 10 | 11) && number.separator == Gap::Dash && number.first_group == 6;
        // Two groups, and a date YYMMDD first.
        let bytes = number.range.end - number.range.start;
        if !shaped || bytes != digits.len() + 1 || !is_day(digits.get(2..6)?) {
            return None;
        }
        let before = near.text().get(..number.range.start)?.strip_suffix(b"-")?;
        let office = before.iter().rev().take(OFFICE_BYTES_MAX).take_while(|b| is_office(**b)).count();
        if office < 2 {
            return None;
        }
        let start = number.range.start - 1 - office;
        let value =
            near.text().get(start..number.range.end)?.iter().map(|b| char::from(b.to_ascii_uppercase())).collect();
        // Beats every reading of its digits, a column's too.
        Some(Found { range: start..number.range.end, score: 150, value, hidden: None })
    }
}

const fn is_office(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'.'
}

/// Whether four digits are month and day.
fn is_day(digits: &[u8]) -> bool {
    matches!(digits, [b'0', b'1'..=b'9', d @ ..] | [b'1', b'0'..=b'2', d @ ..]
        if (b"01".as_slice()..=b"31").contains(&d))
}
