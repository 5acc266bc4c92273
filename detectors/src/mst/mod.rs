//! `mst`: mã số thuế — a tax code of ten digits, or thirteen for a branch (`0312345678-001`).
//!
//! The tenth digit is a check digit (weights 31 29 23 19 17 13 7 5 3, modulo 11) which one random number in eleven
//! has. Since July 2025 a person's tax code is the citizen number (Circular 86/2024/TT-BTC), so what is found here
//! mostly belongs to an organisation and is no personal data.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, LOW};
use crate::context::{Columns, Firm, Near};
use crate::digits::Gap;
use crate::numbers::Number;
use crate::shape::{is_filler, loses, loss};

/// The detector.
pub(crate) struct Mst;

static CARD: Card = Card {
    id: DetectorId::Mst,
    title_vi: "Mã số thuế",
    title_en: "Tax code",
    source: "Thông tư 105/2020/TT-BTC, điều 5; Thông tư 86/2024/TT-BTC",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Tax, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::Tax]);

/// Most points words and a check digit give a number that stands under no header.
const POINTS_MAX: i32 = 85;

impl Detector for Mst {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 10 | 1 << 13
    }

    /// More is lost than what words give: see `loses`. Thirteen digits may be laid out as nothing else is.
    fn lengths_apart(&self) -> u32 {
        1 << 10
    }

    fn lengths_spoken(&self) -> u32 {
        1 << 10
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        let digits = number.digits();
        let branch = number.len() == 13 && digits.get(10..) != Some(b"000");
        if number.len() != 10 && !branch || is_filler(digits) {
            return None;
        }
        if near.column().is_none() && !branch && loses(near.text(), number, POINTS_MAX - LOW) {
            return None;
        }
        let checked = has_check_digit(digits.get(..10)?);
        // Ten digits, a hyphen, three digits: nothing else is written so.
        let written = branch && number.separator == Gap::Dash && number.first_group == 10;
        let said = near.announced();
        let firm = said.firm(MINE);
        let words = match firm {
            Firm::Not if written && checked && said.firm(Columns::of(&[Column::Negative])) == Firm::Not => 25,
            Firm::Not => return None,
            Firm::Weak => 35,
            Firm::Near => 45,
            Firm::Direct => 50,
            Firm::Column => 55,
        };
        let score = words + if checked { 35 } else { 0 } - if written { 0 } else { loss(near.text(), number, firm) };
        Some(Found::number(number, score))
    }
}

/// Whether the tenth of ten digits checks the nine before it.
pub(crate) fn has_check_digit(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
    let Some((check, body)) = digits.split_last().filter(|(_, body)| body.len() == WEIGHTS.len()) else { return false };
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    10 - sum % 11 == u32::from(check - b'0') && body.get(2..) != Some(b"0000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digit_in_eleven_checks() {
        assert!(has_check_digit(b"0100109106"));
        assert!(!has_check_digit(b"0100109107"));
        assert!(!has_check_digit(b"010010910"));
        let hits = (0..10_000_u32).filter(|n| has_check_digit(format!("{:010}", n * 429_497).as_bytes())).count();
        assert!((800..1_000).contains(&hits), "{hits}");
    }
}
