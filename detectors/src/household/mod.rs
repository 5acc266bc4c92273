//! `household`: mã hộ gia đình — ten digits of the insurance agency's household lists, known only by their words.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, LOW};
use crate::context::{Columns, Firm, Near};
use crate::numbers::Number;
use crate::shape::{is_filler, loses, loss};

/// The detector.
pub(crate) struct Household;

static CARD: Card = Card {
    id: DetectorId::Household,
    title_vi: "Mã số hộ gia đình",
    title_en: "Household code",
    source: "Quyết định 595/QĐ-BHXH (2017), mẫu TK1-TS và DK01",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Household, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::Household]);

/// Most points words give a number that stands under no header.
const POINTS_MAX: i32 = 80;

impl Detector for Household {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 10
    }

    /// More is lost than what words give: see `loses`.
    fn lengths_apart(&self) -> u32 {
        self.lengths()
    }

    fn lengths_spoken(&self) -> u32 {
        self.lengths()
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        if number.len() != 10 || is_filler(number.digits()) {
            return None;
        }
        if near.column().is_none() && loses(near.text(), number, POINTS_MAX - LOW) {
            return None;
        }
        let firm = near.announced().firm(MINE);
        let words = match firm {
            Firm::Not | Firm::Weak => return None,
            Firm::Near => 55,
            Firm::Direct => 80,
            Firm::Column => 85,
        };
        Some(Found::number(number, words - loss(near.text(), number, firm)))
    }
}
