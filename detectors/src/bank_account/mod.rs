//! `bank_account`: số tài khoản — 8 to 16 digits with no national structure, known by their words.
//!
//! Payment QR texts carry theirs in a field of its own (NAPAS VietQR, after EMVCo's merchant-presented mode).

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, confidence};
use crate::context::{Columns, Firm, Near};
use crate::digits::Gap;
use crate::numbers::{Layout, Number};
use crate::shape::{is_filler, loss};
use crate::trigger::Trigger;

/// The detector.
pub(crate) struct BankAccount;

static CARD: Card = Card {
    id: DetectorId::BankAccount,
    title_vi: "Số tài khoản ngân hàng",
    title_en: "Bank account number",
    source: "Thông tư 17/2024/TT-NHNN (tài khoản thanh toán); mỗi ngân hàng tự đặt độ dài",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Bank, include_str!("words.txt"))],
};

/// Points for a word directly before or behind, and for the header.
const DIRECT: i32 = 80;
const COLUMN: i32 = 85;

const MINE: Columns = Columns::of(&[Column::Bank]);

impl Detector for BankAccount {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        (1 << 17) - (1 << 8)
    }

    /// More is lost than what words give: see `loses`.
    fn lengths_apart(&self) -> u32 {
        self.lengths()
    }

    fn lengths_spoken(&self) -> u32 {
        self.lengths()
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        // Accounts are written in one run or in blocks; anything looser is another number.
        let blocks = matches!(number.layout, Layout::Solid | Layout::Regular) && number.separator != Gap::Slash;
        if !(8..=16).contains(&number.len()) || !blocks || is_filler(number.digits()) {
            return None;
        }
        if number.layout == Layout::Solid && near.is_no_other() {
            return None;
        }
        // Whatever was said, the way it is written may leave nothing: most such numbers are amounts. The more firmly a
        // number was announced, the less it loses.
        let (most, firmest) = if near.column().is_some() { (COLUMN, Firm::Column) } else { (DIRECT, Firm::Direct) };
        let lost = confidence(most - loss(near.text(), number, firmest)).is_none();
        if lost || near.is_no_other() {
            return None;
        }
        let said = near.announced();
        let firm = said.firm(MINE);
        let words = match firm {
            Firm::Not => return None,
            Firm::Weak => 35,
            Firm::Near => 55,
            Firm::Direct => DIRECT,
            Firm::Column => COLUMN,
        };
        let score = words - 60 * i32::from(said.amount) - loss(near.text(), number, firm);
        Some(Found::number(number, score))
    }

    /// `0010A000000727 01<len> 0006<bank> 01<len><account>`.
    fn word(&self, trigger: Trigger, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if trigger != Trigger::Payment {
            return None;
        }
        let text = near.text();
        let (holder, _) = field(text, range.end, b"01")?;
        let (bank, next) = field(text, holder.start, b"00")?;
        let (account, _) = field(text, next, b"01")?;
        let fits = (6..=19).contains(&account.len())
            && account.end <= holder.end
            && bank.len() == 6
            && text.get(account.clone())?.iter().all(u8::is_ascii_alphanumeric);
        let value = String::from_utf8_lossy(text.get(account.clone())?).to_uppercase();
        fits.then_some(Found { range: account, score: 90, value: value.into(), hidden: None })
    }
}

/// The content of the field `tag` at `at`, whose length its next two digits tell, and where the next field begins.
fn field(text: &[u8], at: usize, tag: &[u8]) -> Option<(Range<usize>, usize)> {
    let [a, b, tens, ones] = *text.get(at..at + 4)? else { return None };
    if [a, b] != tag || !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let len = usize::from(tens - b'0') * 10 + usize::from(ones - b'0');
    let end = at + 4 + len;
    (end <= text.len()).then_some((at + 4..end, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numbers::{Candidate, EVERY_NUMBER, candidates};

    proptest! {
        #[test]
        fn the_more_firmly_a_number_is_announced_the_less_it_loses(
            pieces in prop::collection::vec(prop_oneof![
                3 => "[0-9]{1,4}",
                1 => "[0-9]{8,13}",
                3 => prop::sample::select(vec![".", "-", " ", ",", "/", "_", "x", "é", "\n", "000", "-8f0e-", "3f2a-"]).prop_map(str::to_owned),
            ], 1..24),
        ) {
            let text = pieces.concat();
            candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
                if let Candidate::Number(number) = candidate {
                    let losses = [Firm::Not, Firm::Weak, Firm::Near, Firm::Direct, Firm::Column]
                        .map(|firm| loss(text.as_bytes(), &number, firm));
                    assert!(losses.is_sorted_by(|less, more| less >= more), "{losses:?} {number:?} in {text}");
                }
            });
        }
    }
}
