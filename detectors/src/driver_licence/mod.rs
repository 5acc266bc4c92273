//! `driver_licence`: giấy phép lái xe — twelve digits that only a word tells from a citizen number.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, LOW};
use crate::context::{Columns, Firm, Near};
use crate::numbers::Number;
use crate::shape::{is_filler, loses, loss};

/// The detector.
pub(crate) struct DriverLicence;

static CARD: Card = Card {
    id: DetectorId::DriverLicence,
    title_vi: "Số giấy phép lái xe",
    title_en: "Driving licence number",
    source: "Thông tư 35/2024/TT-BGTVT",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::DriverLicence, include_str!("words.txt"))],
};

const MINE: Columns = Columns::of(&[Column::DriverLicence]);

/// Most points words give a number that stands under no header.
const POINTS_MAX: i32 = 85;

impl Detector for DriverLicence {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 12
    }

    /// More is lost than what words give: see `loses`.
    fn lengths_apart(&self) -> u32 {
        self.lengths()
    }

    fn lengths_spoken(&self) -> u32 {
        self.lengths()
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        if number.len() != 12 || is_filler(number.digits()) {
            return None;
        }
        if near.column().is_none() && loses(near.text(), number, POINTS_MAX - LOW) {
            return None;
        }
        let firm = near.announced().firm(MINE);
        let words = match firm {
            Firm::Not => return None,
            Firm::Weak => 40,
            Firm::Near => 60,
            Firm::Direct => 85,
            Firm::Column => 90,
        };
        Some(Found::number(number, words - loss(near.text(), number, firm)))
    }
}
