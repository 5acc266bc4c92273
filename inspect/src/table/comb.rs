//! Forms with a box for each digit: a row of cells with a letter each is one number, and what it is called stands
//! before it, above it, or before the table.

use super::Row;
use crate::inquiry::{Found, Inquiry, Place};
use crate::view::View;
use chot_detectors::Context;
use chot_model::{Confidence, DetectorId, Finding};

/// Boxes of the shortest and of the longest identifier.
pub(crate) const BOXES: std::ops::RangeInclusive<usize> = 9..=15;
/// What stands further before a form announces nothing.
const SAID_MAX: usize = 120;

/// What stands before a row of boxes.
#[derive(Default)]
pub(crate) struct Said(Vec<u8>);

impl Said {
    /// Takes the text before a table, or a row above.
    pub(crate) fn take(&mut self, text: &[u8]) {
        let text = text.trim_ascii_end();
        let line = text.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        self.0.clear();
        self.0.extend_from_slice(line.get(line.len().saturating_sub(SAID_MAX)..).unwrap_or_default());
    }
}

/// Whether a cell is a box with a letter in it.
fn is_box(view: &View) -> bool {
    matches!(view.text.trim_ascii(), [b] if b.is_ascii_alphanumeric())
}

/// Reads the boxes of a row, if it is one of these. Without a name only where nothing else is in the row and `alone`.
pub(crate) fn read(
    place: &Place,
    row: &Row,
    said: &Said,
    alone: bool,
    inquiry: &mut Inquiry,
) -> Option<(usize, Vec<Found>)> {
    let filled = || row.iter().filter(|(_, view)| !view.text.trim_ascii().is_empty());
    let before = filled().take_while(|(_, view)| !is_box(view)).count();
    let boxes: Vec<&(usize, View)> = filled().skip(before).take_while(|(_, view)| is_box(view)).collect();
    let (Some((first, _)), Some((last, _))) = (boxes.first(), boxes.last()) else { return None };
    // Groups of boxes are set apart by an empty column at most.
    if !BOXES.contains(&boxes.len()) || last - first >= 2 * boxes.len() {
        return None;
    }
    let mut letters = View::default();
    match filled().take(before).last() {
        Some((_, label)) => letters.push_joint(&label.text),
        None => letters.push_joint(&said.0),
    }
    letters.push_joint(b" ");
    let start = letters.text.len();
    for (_, view) in &boxes {
        let blank = view.text.len() - view.text.trim_ascii_start().len();
        letters.push_view(view, blank..blank + 1);
    }
    let core = start..letters.text.len();
    letters.base = boxes.first().map_or(0, |(_, view)| view.base).saturating_sub(start as u64);
    let place = Place { disguise: Some("split"), again: true, charset: None, ..place.clone() };
    let alone = alone && before == 0 && boxes.len() == filled().count();
    let mut found = Vec::new();
    inquiry.scan(&place, &letters, core.clone(), Context::default(), |_, f, range| {
        let Finding { detector, confidence, .. } = &f.finding;
        // Old identity and insurance numbers are nothing without a word.
        let is_said = match detector {
            DetectorId::Cmnd | DetectorId::Bhxh => *confidence >= Confidence::Medium,
            _ => *confidence > Confidence::Medium,
        };
        if range == core && (is_said || alone) {
            found.push(f);
        }
    });
    Some((*first, found))
}
