//! `driver_licence`: giấy phép lái xe — twelve digits that only a word tells from a citizen number.

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::{Columns, Firm, Near};
use crate::numbers::Number;
use crate::shape::{is_filler, loss};

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

impl Detector for DriverLicence {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 12
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        if number.len() != 12 || is_filler(number.digits()) {
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
