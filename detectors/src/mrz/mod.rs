//! `mrz`: the machine-readable zone on the back of a citizen card, three lines of thirty characters.
//!
//! ICAO Doc 9303, part 5 (TD1): `IDVNM`, nine digits with a check digit, then the optional data, where Vietnamese
//! cards carry the whole twelve-digit number. The check digit is part of the shape: random text never gets here.

use chot_model::DetectorId;

use crate::card::{Card, Detector, Found};
use crate::context::Near;

/// The detector.
pub(crate) struct Mrz;

static CARD: Card = Card {
    id: DetectorId::Mrz,
    title_vi: "Vùng đọc máy của thẻ căn cước",
    title_en: "Machine-readable zone of a citizen card",
    source: "ICAO Doc 9303, phần 5 (TD1); Thông tư 06/2021/TT-BCA",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[],
};

/// What a zone begins with whose characters stand apart.
pub(crate) const APART: &[u8] = b"I D V N M ";

/// Characters of a line.
const LINE: usize = 30;

impl Detector for Mrz {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn zone(&self, place: usize, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        // `I D V N M 0 9 …`: a blank behind every character.
        let apart = place.checked_sub(1).and_then(|at| text.get(at)) == Some(&b' ');
        let start = place.checked_sub(if apart { APART.len() } else { 5 })?;
        let (first, mut end) = line(text, start, apart)?;
        if !matches!(first.get(..5)?, b"IDVNM" | b"I<VNM") {
            return None;
        }
        let checked = check_digit(first.get(5..14)?) == *first.get(14)?;
        // In another writing than the card's it has to be one.
        if !checked && text.get(start..end)? != first {
            return None;
        }
        // Two more lines when they are there; a line alone still names the holder.
        let mut value = first.to_vec();
        for _ in 0..2 {
            let rest = text.get(end..).unwrap_or_default();
            let breaks = rest.iter().take(4).take_while(|b| b.is_ascii_whitespace()).count();
            let Some((next, after)) = line(text, end + breaks, apart) else { break };
            value.extend_from_slice(&next);
            end = after;
        }
        let value = value.into_iter().map(char::from).collect();
        Some(Found { range: start..end, score: if checked { 200 } else { 50 }, value, hidden: None })
    }
}

/// The line that begins at `at`, in capitals, and where it ends. Who types it may leave small letters, and programs for text
/// make one sign of `<<`.
fn line(text: &[u8], at: usize, apart: bool) -> Option<([u8; LINE], usize)> {
    const QUOTE: &[u8] = "«".as_bytes();
    let (mut line, mut n, mut end) = ([b'<'; LINE], 0, at);
    while n < LINE {
        let rest = text.get(end..)?;
        let blank = apart && n > 0;
        if blank && rest.first() != Some(&b' ') {
            return None;
        }
        let rest = rest.get(usize::from(blank)..)?;
        end += usize::from(blank);
        if rest.starts_with(QUOTE) {
            (n, end) = (n + 2, end + QUOTE.len());
            continue;
        }
        let byte = rest.first().filter(|b| b.is_ascii_alphanumeric() || **b == b'<')?;
        *line.get_mut(n)? = byte.to_ascii_uppercase();
        (n, end) = (n + 1, end + 1);
    }
    Some((line, end))
}

/// ICAO Doc 9303, part 3, 4.9: weights 7 3 1, modulo 10.
fn check_digit(field: &[u8]) -> u8 {
    let value = |b: u8| match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'Z' => u32::from(b - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = field.iter().zip([7, 3, 1].into_iter().cycle()).map(|(b, weight)| value(*b) * weight).sum();
    b'0' + (sum % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // Doc 9303, part 3, appendix A.
        assert_eq!(check_digit(b"520727"), b'3');
        assert_eq!(check_digit(b"AB2134<<<"), b'5');
    }
}
