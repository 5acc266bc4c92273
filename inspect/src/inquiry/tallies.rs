//! Findings added up by detector.

use chot_model::{DetectorId, Tally};

use crate::count::Distinct;

/// A tally and the values it has seen.
pub(crate) type Counted = (Tally, Distinct);

/// The tallies of an inspection, a place for each detector: asked for with every finding.
#[derive(Default)]
pub(crate) struct Tallies([Option<Box<Counted>>; DetectorId::ALL.len()]);

impl Tallies {
    pub(super) fn of(&mut self, detector: DetectorId) -> &mut Counted {
        self.0[detector as usize].get_or_insert_default()
    }

    /// Those there are, in the order of the contract.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DetectorId, &Counted)> {
        DetectorId::ALL.iter().zip(&self.0).filter_map(|(detector, counted)| Some((*detector, counted.as_deref()?)))
    }
}
