//! What masks one finding: a stamp, as of nearly all that stand in plain text, or the edits that its text needs.

use std::ops::Range;

use chot_detectors::{BLOCK, among};
use chot_model::DetectorId;

use super::{Edit, Edits, Origin, Stamp};
use crate::view::View;

/// The change of an object that masks a finding.
pub(crate) enum Change {
    Stamp(Stamp),
    Edits(Vec<Edit>),
}

impl Change {
    /// Of a finding at `range` of a view whose bytes have this origin; `None` when they cannot be rewritten.
    pub(crate) fn of(view: &View, range: &Range<usize>, origin: &Origin, detector: DetectorId) -> Option<Self> {
        let base = match origin {
            Origin::Lost => return None,
            Origin::Raw(base) => Some(base),
            Origin::Transfer(_) | Origin::Within(_) => None,
        };
        let stands = base.and_then(|base| view.stands(range).map(|(at, shown)| (at + base, shown)));
        match stands.and_then(|(at, shown)| Stamp::masked(shown, at, detector)) {
            Some(stamp) => Some(Self::Stamp(stamp)),
            None => origin.lift(view.patches(range)).map(Self::Edits),
        }
    }
}

impl Edits {
    /// Makes a change.
    pub(crate) fn change(&mut self, detector: DetectorId, change: Change) {
        match change {
            Change::Stamp(stamp) => self.stamp(stamp),
            Change::Edits(edits) => self.add(detector, edits),
        }
    }
}

impl Stamp {
    /// The stamp that masks `original`, which begins at `at`; `None` when it takes more than one, or begins with a sign.
    fn masked(original: &[u8], at: u64, detector: DetectorId) -> Option<Self> {
        let mut block = [0; BLOCK];
        block.get_mut(..original.len())?.copy_from_slice(original);
        // As `is_kept` says; behind the end nothing is.
        let kept = among(&block, *b" ./-") | among(&block, *b",\n\t\r") | among(&block, *b"|<>\"");
        let sign = block.get(kept.trailing_zeros() as usize).copied().unwrap_or(b'*');
        let fits = kept == 0 || kept & 1 == 0 && among(&block, [sign; 4]) == kept;
        (fits && !original.is_empty()).then(|| Self::masking(original, kept, at, detector))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::masked_bytes;
    use super::*;

    proptest! {
        #[test]
        fn a_finding_is_masked_as_its_patch_would(original in "[0-9A-Zạ]{1,9}([ ./,|\n-]{0,2}[0-9A-Zạ\"*]{0,12}){0,8}", at in 0u64..9) {
            let of = Stamp::of(&masked_bytes(original.as_bytes()), at, DetectorId::Cccd);
            let masked = Stamp::masked(original.as_bytes(), at, DetectorId::Cccd);
            prop_assert_eq!(masked, of.filter(|_| masked.is_some()));
            prop_assert!(masked.is_some() || of.is_none(), "{:?}", original);
        }
    }
}
