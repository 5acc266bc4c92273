//! `bank_account`: số tài khoản — 8 to 16 digits with no national structure, known only by their words.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::{Columns, Firm, Near};
use crate::digits::Gap;
use crate::numbers::{Layout, Number};
use crate::shape::{is_filler, loss};

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

const MINE: Columns = Columns::of(&[Column::Bank]);

impl Detector for BankAccount {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        // Accounts are written in one run or in blocks; anything looser is another number.
        let blocks = matches!(number.layout, Layout::Solid | Layout::Regular) && number.separator != Gap::Slash;
        if !(8..=16).contains(&number.len()) || !blocks || is_filler(number.digits()) {
            return None;
        }
        let said = near.announced();
        let firm = said.firm(MINE);
        let words = match firm {
            Firm::Not => return None,
            Firm::Weak => 35,
            Firm::Near => 55,
            Firm::Direct => 80,
            Firm::Column => 85,
        };
        let score = words - 60 * i32::from(said.amount) - loss(near.text(), number, firm);
        Some(Found::number(number, score))
    }
}
