//! Findings that are all of their cell, as nearly all of a register are: judged and counted without a view, a string or
//! an edit of their own.

use std::ops::Range;
use std::sync::Arc;

use chot_detectors::{Column, Told};
use chot_model::{Confidence, DetectorId, Finding, Secret};

use super::{Inquiry, Place};
use crate::layers::Look;
use crate::people::Mark;
use crate::redact::{Origin, Patch, Stamp, masked_bytes};

/// A finding that is all of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'v> {
    pub(crate) detector: DetectorId,
    pub(crate) confidence: Confidence,
    pub(crate) value: &'v [u8],
}

/// A cell as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand<'t> {
    pub(crate) cell: &'t [u8],
    /// Where it begins in its part.
    pub(crate) start: u64,
    /// Where it begins in its object; `None` when it stands nowhere.
    pub(crate) at: Option<u64>,
}

impl Inquiry {
    /// What a cell under its column comes to, second looks included.
    pub(crate) fn told(&mut self, text: &[u8], cell: Range<usize>, column: Option<Column>) -> Told {
        let told = self.detectors.cell(text, cell.clone(), column, &mut self.cells);
        if told != Told::Quiet {
            return told;
        }
        let cell = text.get(cell).unwrap_or_default();
        if !Look::of(cell, &(0..cell.len())).is_empty() {
            return Told::Unusual;
        }
        self.learn(cell, column);
        Told::Nothing
    }

    /// The value of the cell that was told last.
    pub(crate) fn value(&self) -> &[u8] {
        self.cells.value()
    }

    /// Remembers that neither a scan nor a second look found anything in a cell.
    fn learn(&mut self, cell: &[u8], column: Option<Column>) {
        // `0x` begins hexadecimal digits; in base85 every digit counts.
        const RUN_MAX: usize = 20;
        let digits = cell.iter().any(u8::is_ascii_digit);
        let hexadecimal = || cell.windows(2).any(|w| matches!(w, [b'0'..=b'9', b'x' | b'X']));
        let run = || cell.split(|b| !b.is_ascii_graphic()).any(|run| run.len() >= RUN_MAX);
        if !digits || !hexadecimal() && !run() {
            self.detectors.nothing(cell, column, &mut self.cells);
        }
    }

    /// States that a scan of a cell found nothing.
    pub(crate) fn found_nothing(&mut self, cell: &[u8], column: Option<Column>) {
        const CELL_MAX: usize = 32;
        if cell.len() <= CELL_MAX && Look::of(cell, &(0..cell.len())).is_empty() {
            self.learn(cell, column);
        }
    }

    /// Counts a finding that is all of its cell, and tells what it says about persons. `part` names the cell.
    pub(crate) fn report_whole(
        &mut self,
        place: &Place,
        whole: Whole<'_>,
        stand: Stand<'_>,
        part: impl Fn() -> Arc<str>,
    ) -> Option<Mark> {
        let Whole { detector, confidence, value } = whole;
        if confidence >= Confidence::Medium {
            match (&place.origin, stand.at) {
                (Origin::Raw(base), Some(at)) => match Stamp::masking(stand.cell, base + at, detector) {
                    Some(stamp) => self.edits.stamp(stamp),
                    None => self.patch(place, detector, at, stand.cell, part()),
                },
                (Origin::Transfer(_), Some(at)) => self.patch(place, detector, at, stand.cell, part()),
                (Origin::Lost, _) | (_, None) => self.lose(detector, &part()),
            }
        }
        let hash = self.values.value(detector, value);
        let mark = Mark::of(&self.values, hash, detector, confidence, value);
        let secret = || Secret::new(String::from_utf8_lossy(value));
        if self.count(detector, confidence, hash, place.again, || secret().masked()) {
            if let Some(disguise) = place.disguise {
                self.note(disguise);
            }
            if let Some(sink) = &mut self.sink {
                let range = stand.start..stand.start + stand.cell.len() as u64;
                let disguise = place.disguise;
                sink(Finding { detector, part: part(), range, confidence, value: secret(), disguise });
            }
        }
        mark
    }

    fn patch(&mut self, place: &Place, detector: DetectorId, at: u64, cell: &[u8], part: Arc<str>) {
        match place.origin.lift(vec![Patch { at, bytes: masked_bytes(cell) }]) {
            Some(edits) => self.edits.add(detector, edits),
            None => self.lose(detector, &part),
        }
    }
}
