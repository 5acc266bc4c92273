//! What a text came to that many cells show: told once under a column, and not again for each of them.

use chot_detectors::{Column, Whole};
use chot_model::{Confidence, DetectorId};

/// What a text is known to come to under one column, in little room: a workbook has a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    /// Keyed hash of the value, in halves: the strings of a workbook lie closer so.
    hash: [u32; 2],
    /// Under which column, counted from 1; [`Self::UNANNOUNCED`] where nobody announces what it is.
    column: u8,
    /// What it is: 0 when nothing is known.
    is: u8,
}

/// What a text comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// Nothing is in it.
    Nothing,
    /// All of it is a finding, and its value has this hash.
    Whole(Whole, u64),
}

const NOTHING: u8 = 1;
/// A bit for all that is something, behind which stand its detector and, in the last two, how sure that is.
const WHOLE: u8 = 1 << 7;
const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

impl Met {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self { hash: [0; 2], column: 0, is: 0 };
    const UNANNOUNCED: u8 = 0;

    /// Of a text in which nothing is under this column.
    #[inline]
    pub(super) fn nothing(column: Option<Column>) -> Self {
        Self { hash: [0; 2], column: under(column), is: NOTHING }
    }

    /// Of one that was found, counted and masked. `None` where more than its hash is asked for each time: an identifier
    /// may hold another.
    #[inline]
    pub(super) fn whole(column: Option<Column>, whole: &Whole, hash: u64) -> Option<Self> {
        let Whole { detector, confidence, .. } = *whole;
        let is = WHOLE | (detector as u8) << 2 | confidence as u8;
        let met = Self { hash: [hash as u32, (hash >> 32) as u32], column: under(column), is };
        (!detector.is_identifier()).then_some(met)
    }

    /// Whether it is known what the text comes to under this column.
    #[inline]
    pub(super) fn is_known(self, column: Option<Column>) -> bool {
        self.is != 0 && self.column == under(column)
    }

    /// What the text is known to come to under this column.
    #[inline]
    pub(super) fn under(self, column: Option<Column>) -> Option<Is> {
        if !self.is_known(column) {
            return None;
        }
        if self.is == NOTHING {
            return Some(Is::Nothing);
        }
        let (detector, confidence) = (usize::from((self.is & !WHOLE) >> 2), usize::from(self.is & 3));
        let whole = Whole::told_before(*DetectorId::ALL.get(detector)?, *CONFIDENCES.get(confidence)?);
        let [low, high] = self.hash.map(u64::from);
        Some(Is::Whole(whole, high << 32 | low))
    }
}

const _: () = assert!(DetectorId::ALL.len() << 2 <= WHOLE as usize);
const _: () = assert!(Column::ALL.len() < u8::MAX as usize);

#[inline]
const fn under(column: Option<Column>) -> u8 {
    match column {
        Some(column) => column as u8 + 1,
        None => Met::UNANNOUNCED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_told_again_under_its_column_alone() {
        let hash = 0x0123_4567_89ab_cdef;
        for detector in DetectorId::ALL.iter().copied() {
            for confidence in CONFIDENCES {
                let whole = Whole::told_before(detector, confidence);
                let met = Met::whole(Some(Column::Name), &whole, hash);
                assert_eq!(met.is_none(), detector.is_identifier(), "{detector}");
                let Some(met) = met else { continue };
                assert_eq!(met.under(Some(Column::Name)), Some(Is::Whole(whole, hash)));
                assert_eq!((met.under(Some(Column::Surname)), met.under(None)), (None, None));
                assert!(met.is_known(Some(Column::Name)) && !met.is_known(None));
            }
        }
        for column in [None, Some(Column::Sex)] {
            assert_eq!(Met::nothing(column).under(column), Some(Is::Nothing));
            assert_eq!(Met::nothing(column).under(Some(Column::Address)), None);
            assert_eq!(Met::default().under(column), None);
        }
    }
}
