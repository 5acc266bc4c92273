//! Findings added up by detector.

use chot_model::{Confidence, DetectorId, Tally};

use super::SAMPLES_MAX;
use crate::count::Distinct;
use crate::sought::Sought;

/// A tally and the values it has seen.
pub(crate) type Counted = (Tally, Distinct);

/// The tallies of an inspection, a place for each detector: asked for with every finding.
#[derive(Default)]
pub(crate) struct Tallies([Option<Box<Counted>>; DetectorId::ALL.len()]);

/// What a finding added to its tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Nothing: it was seen in the open already, though not necessarily beside the same things, or is noise of a
    /// decoding.
    Nothing,
    One,
    /// One, of which a mask should be kept.
    Sample,
}

impl Tallies {
    /// Adds a finding; `again` when it was made by a second look.
    #[inline(always)]
    pub(super) fn add(&mut self, detector: DetectorId, confidence: Confidence, hash: u64, again: bool) -> Added {
        let (_, distinct) = self.of(detector);
        if again && (confidence < Confidence::Medium || distinct.contains(hash)) {
            return Added::Nothing;
        }
        self.add_first(detector, confidence, hash)
    }

    /// As [`Self::add`], of a first look.
    #[inline(always)]
    pub(super) fn add_first(&mut self, detector: DetectorId, confidence: Confidence, hash: u64) -> Added {
        let (tally, distinct) = self.of(detector);
        if tally.confidence < Some(confidence) {
            tally.confidence = Some(confidence);
        }
        if confidence < Confidence::Medium {
            tally.low += 1;
            return Added::One;
        }
        tally.count += 1;
        if distinct.add(hash) && tally.samples.len() < SAMPLES_MAX { Added::Sample } else { Added::One }
    }

    #[inline]
    pub(super) fn of(&mut self, detector: DetectorId) -> &mut Counted {
        self.0[detector as usize].get_or_insert_default()
    }

    /// The values of identifiers of these kinds that were found, as far as they are kept: the first ten thousand of a kind.
    pub(crate) fn sought(&self, detectors: &[DetectorId]) -> Sought {
        let mut sought = Sought::default();
        for (detector, (_, distinct)) in self.iter().filter(|(d, _)| d.is_identifier() && detectors.contains(d)) {
            sought.add(detector, distinct.first());
        }
        sought
    }

    /// Those there are, in the order of the contract.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DetectorId, &Counted)> {
        DetectorId::ALL.iter().zip(&self.0).filter_map(|(detector, counted)| Some((*detector, counted.as_deref()?)))
    }
}
