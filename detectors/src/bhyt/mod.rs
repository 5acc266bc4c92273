//! `bhyt`: mã thẻ bảo hiểm y tế — the fifteen characters of a health insurance card.
//!
//! Two letters of the kind of insured, one digit of benefit (1–5), two of the issuing province, then the ten-digit
//! insurance number (CV 3340/BHXH-ST). Cards print it in groups, sometimes with the five digits of the facility
//! behind. Codes come and go (CV 38/BYT-BH moved two in 2026): an unknown one lowers the confidence, nothing more.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, Value};
use crate::context::{Columns, Firm, Near};
use crate::digits::Gap;
use crate::fold::{fold, last_char};
use crate::numbers::{Layout, Number};
use crate::province::{is_insurer, is_province};

/// The detector.
pub(crate) struct Bhyt;

static CARD: Card = Card {
    id: DetectorId::Bhyt,
    title_vi: "Mã thẻ bảo hiểm y tế (15 ký tự)",
    title_en: "Health insurance card number (15 characters)",
    source: "Quyết định 1351/QĐ-BHXH (2015); Công văn 3340/BHXH-ST (2017); Quyết định 130/QĐ-BYT, trường MA_THE_BHYT",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Bhyt, include_str!("words.txt"))],
};

/// Kinds of insured: QĐ 1351/QĐ-BHXH, QĐ 1697/QĐ-BHXH (2023), QĐ 1018/QĐ-BHXH (2024).
const KINDS: &str = "DN HX CH NN TK HC XK HT TB NO CT XB TN CS QN CA CY XN MS CC CK CB KC HD TE BT HN DT DK XD TS TC TQ TV \
                     TA TY HG LS PV CN HS SV GB GD AK LH TG DS HK ND TH TD TU BA";

const MINE: Columns = Columns::of(&[Column::Bhyt]);
const OTHERS: Columns = Columns::of(&[Column::Negative, Column::Bank, Column::Plate]);
const BANK: Columns = Columns::of(&[Column::Bank]);
/// Headers of these kinds say nothing against a whole card.
const STANDS: [Column; 2] = [Column::Neutral, Column::Record];

/// A card number whose parts agree.
struct CardNumber {
    start: usize,
    kind: [u8; 2],
    small: bool,
    parted: bool,
}

impl Detector for Bhyt {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 13 | 1 << 18
    }

    /// Its letters, or what `letters` reads through; anything beyond ASCII may end that.
    fn lengths_behind(&self, before: u8) -> u32 {
        let may = before.is_ascii_alphabetic() || b" .-/,".contains(&before) || before >= 0x80;
        if may { self.lengths() } else { 0 }
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        // Thirteen digits, or eighteen in one piece with the facility.
        if !matches!(number.len(), 13 | 18) {
            return None;
        }
        let digits = number.digits().get(..13)?;
        let mut card = letters(near.text(), number)?;
        let rotated = !card.parted && is_rotated(near.text(), card.start);
        if rotated {
            card.kind = card.kind.map(rotate);
        }
        let insured = is_kind(&card.kind);
        let (benefit, province) = (digits.first()?, digits.get(1..3)?);
        let mut score = 5
            + if insured { 50 } else { 0 }
            + if (b'1'..=b'5').contains(benefit) { 10 } else { -30 }
            + if is_insurer(province) { 10 } else { -30 }
            + if is_province(digits.get(3..5)?) { 5 } else { 0 }
            - if card.small { 10 } else { 0 };
        let mut said = near.announced();
        // `Mã GD4…` is the code of a card and no `mã GD`, the code of a transaction.
        if insured && !card.small && said.firm(OTHERS) >= Firm::Weak && near.column().is_none() {
            said = near.announced_from(card.start);
        }
        let firm = match said.firm(MINE) {
            Firm::Not if card.small && insured && is_called_card(near.text(), card.start) => Firm::Near,
            firm => firm,
        };
        score += match firm {
            Firm::Not => 0,
            Firm::Weak => 15,
            Firm::Near | Firm::Direct => 30,
            Firm::Column => 40,
        };
        score -= match said.firm(OTHERS) {
            Firm::Not => 0,
            // Hardly anything else is written like a card; goods and invoices are.
            Firm::Column if insured && near.column().is_some_and(|c| STANDS.contains(&c)) => 0,
            Firm::Column => 200,
            // `Mã số: TK 4 72 …`: the letters of the card, in front of its groups, announce no account.
            _ if &card.kind == b"TK" && number.first_group == 1 && said.firm(OTHERS) == said.firm(BANK) => 0,
            _ if insured => 40,
            _ => 80,
        };
        let (layout, named) = (number.layout, firm >= Firm::Near);
        // The card itself prints `DN 4 75 9122135078`: between letters and digits the grouping is no disguise.
        score -= match layout {
            _ if named => 0,
            Layout::Mixed => 60,
            Layout::Spread => 20,
            // `HD 2336703463040` is an invoice, `TS 1700000000123` a moment.
            Layout::Solid if card.parted => 40,
            Layout::Solid | Layout::Regular | Layout::Uneven => 0,
        };
        score -= if card.small && firm < Firm::Weak { 30 } else { 0 };
        let rest = digits.get(3..)?;
        // One digit throughout, or an amount: `HG  349 000 000 000`.
        if rest.iter().all(|d| Some(d) == rest.first()) || rest.windows(7).any(|w| w == b"0000000") {
            return None;
        }
        // `DN` in one piece with thirteen digits is as telling as a separator; a word is what letters may be glued to.
        let glued = before_is_alphanumeric(near.text(), card.start);
        score -= if glued { 15 + loss_behind(near.text(), number) } else { loss_behind(near.text(), number) };
        score -= if glued && !named { 25 } else { 0 };
        let hidden = number.hidden.filter(|how| *how != "odd-grouping" || layout == Layout::Mixed);
        let hidden = if rotated { Some("rot13") } else { hidden };
        let value = Value::of(card.kind, digits);
        Some(Found { range: card.start..number.range.end, score, value, hidden })
    }
}

/// Whether the card's name stands before it in ROT13, which leaves digits alone: `Zã guẻ OULG: QA4…`.
fn is_rotated(text: &[u8], start: usize) -> bool {
    const REACH: usize = 32;
    const NAMES: [&str; 3] = ["oulg ", "onb uvrz l gr ", "oao uvez l ge "];
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    // In all of them.
    let may = before.windows(2).any(|pair| matches!(pair, [b'u' | b'U', b'l' | b'L' | b'v' | b'V']));
    may && {
        let before = fold(&String::from_utf8_lossy(before)) + " ";
        NAMES.iter().any(|name| before.ends_with(name))
    }
}

/// The letter that another one is in ROT13.
const fn rotate(letter: u8) -> u8 {
    b'A' + (letter - b'A' + 13) % 26
}

/// Whether two letters name a kind of insured.
pub fn is_kind(letters: &[u8]) -> bool {
    KINDS.split(' ').any(|kind| kind.as_bytes() == letters)
}

/// The two letters before the digits, read through the separator and invisible characters.
fn letters(text: &[u8], number: &Number) -> Option<CardNumber> {
    let mut at = number.range.start;
    let (mut kind, mut small, mut parted) = ([0; 2], false, false);
    // Whatever parts the digits may part the letters from them; what parts other numbers does not: see `lengths_behind`.
    let is_odd = number.hidden == Some("odd-grouping");
    let odd_before = is_odd && number.separator == Gap::Break;
    for slot in kind.iter_mut().rev() {
        let mut signs = 0;
        loop {
            let (c, len) = last_char(text.get(..at)?)?;
            let c = c?;
            let is_odd = if at == number.range.start { odd_before } else { is_odd };
            let letter = match c {
                'A'..='Z' => c as u8,
                'a'..='z' => {
                    small = true;
                    c.to_ascii_uppercase() as u8
                }
                'Ａ'..='Ｚ' => (c as u32 - 'Ａ' as u32) as u8 + b'A',
                _ => 0,
            };
            at -= len;
            if letter != 0 {
                *slot = letter;
                break;
            }
            let sign = is_odd && !c.is_alphanumeric() && !c.is_control()
                || crate::fold::is_invisible(c)
                || matches!(c, ' ' | '\u{a0}' | '.' | '-' | '/' | ',' | '·')
                || ('\u{2000}'..='\u{200a}').contains(&c)
                || matches!(c, '\u{202f}' | '\u{205f}' | '\u{3000}');
            signs += 1;
            if !sign || signs > 4 {
                return None;
            }
            parted = true;
        }
    }
    Some(CardNumber { start: at, kind, small, parted })
}

/// Whether `thẻ`, `mã tạm` or `BHYT` stands right before small letters, or the card's title above its `Mã số`: without its sign that
/// word is no word anywhere else, and small letters alone are many a code's.
fn is_called_card(text: &[u8], start: usize) -> bool {
    const REACH: usize = 64;
    const WORDS: [&str; 4] = [" the ", " ma tam ", " the tam ", " bhyt "];
    const TITLED: [&str; 4] =
        [" the bao hiem y te ma so ", " the bhyt ma so ", " the bao hiem y te so ", " the bao hiem y te ma the "];
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let before = format!(" {} ", fold(&String::from_utf8_lossy(before)).trim());
    WORDS.iter().chain(&TITLED).any(|word| before.ends_with(word))
}

fn before_is_alphanumeric(text: &[u8], at: usize) -> bool {
    text.get(..at).and_then(last_char).and_then(|(c, _)| c).is_some_and(char::is_alphanumeric)
}

/// Letters right behind the digits.
fn loss_behind(text: &[u8], number: &Number) -> i32 {
    let behind = text.get(number.range.end..).unwrap_or_default();
    let letters = behind.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    match letters {
        0 => 0,
        1..=6 => 15,
        _ => 60,
    }
}

#[cfg(test)]
mod tests {
    use chot_model::Confidence;

    use super::*;

    #[test]
    fn the_list_is_whole() {
        let kinds: Vec<_> = KINDS.split(' ').collect();
        assert_eq!(kinds.len(), 54);
        assert!(kinds.iter().all(|k| k.len() == 2 && k.bytes().all(|b| b.is_ascii_uppercase())));
    }

    /// Each is also a short form of something, and a phrase that ends in one must not be heard before the rest of its card.
    #[test]
    fn no_phrase_takes_the_first_letters_of_a_card() {
        for kind in KINDS.split(' ') {
            let spaced = format!("THẺ BẢO HIỂM Y TẾ\nMã số: {kind} 4 72 6841486782");
            for text in [format!("{kind}4726841486782"), format!("ok em\n{kind}4456244252155\ndạ"), spaced] {
                let mut hits = Vec::new();
                crate::tests::DETECTORS.scan(text.as_bytes(), 0..text.len(), crate::Context::default(), &mut hits);
                let is_card =
                    |hit: &crate::Hit| hit.detector == DetectorId::Bhyt && hit.confidence >= Confidence::Medium;
                assert!(hits.iter().any(is_card), "{text}: {hits:?}");
            }
        }
    }
}
