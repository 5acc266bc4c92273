//! Masking free text for records: file names, URLs, subjects.
//!
//! Accounts, hosts and mail addresses stay, for a reviewer needs them; identifiers that someone wrote into them do not.

use std::ops::Range;

use chot_detectors::{Context, Detectors};
use chot_model::{DetectorId, Masked};

use crate::layers::unescaped;
use crate::view::View;

/// Whether a record may not hold what this detector finds.
fn hidden(detector: DetectorId) -> bool {
    detector.is_identifier()
        || matches!(
            detector,
            DetectorId::Phone
                | DetectorId::PersonName
                | DetectorId::DateOfBirth
                | DetectorId::BankAccount
                | DetectorId::DriverLicence
                | DetectorId::Household
        )
}

/// Replaces every hit by bullets that keep the last three characters of identifiers and numbers at most.
///
/// Percent-encoding is looked through, several times over.
pub(crate) fn mask(detectors: &Detectors, text: &str) -> Masked {
    mask_only(detectors, text, hidden)
}

/// As [`mask`], for what these detectors find.
pub(crate) fn mask_only(detectors: &Detectors, text: &str, hidden: fn(DetectorId) -> bool) -> Masked {
    if text.is_empty() {
        return Masked::default();
    }
    let mut spans: Vec<(Range<u64>, String)> = Vec::new();
    let mut view = View::default();
    view.push(text.as_bytes(), 0);
    for _ in 0..4 {
        scan(detectors, &view, Context::default(), hidden, &mut spans);
        // Values of a query stand alone, under their names.
        for field in fields(&view.text) {
            let piece = view.text.get(field.clone()).unwrap_or_default();
            let name = piece.split(|b| *b == b'=').next().unwrap_or_default();
            // Here a name that speaks against a number is not believed: a mask too many harms nobody.
            let column = detectors.column(&String::from_utf8_lossy(name)).filter(|c| !c.is_nobodys());
            let mut value = View::default();
            value.push_view(&view, (field.start + name.len() + 1).min(field.end)..field.end);
            scan(detectors, &value, Context { column }, hidden, &mut spans);
        }
        match unescaped(&view) {
            Some(next) => view = next,
            None => break,
        }
    }
    spans.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, shown) in spans {
        // Overlapping hits: the rest of the later one is hidden too.
        let (start, end) = (floor(text, range.start as usize), ceil(text, range.end as usize));
        if end <= at {
            continue;
        }
        if start < at {
            out.push_str(&"•".repeat(text.get(at..end).unwrap_or_default().chars().count()));
        } else {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&shown);
        }
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Masked::danger_assume_masked(out)
}

fn scan(
    detectors: &Detectors,
    view: &View,
    context: Context,
    hidden: fn(DetectorId) -> bool,
    spans: &mut Vec<(Range<u64>, String)>,
) {
    let mut hits = Vec::new();
    detectors.scan(&view.text, 0..view.text.len(), context, &mut hits);
    for hit in hits.into_iter().filter(|h| hidden(h.detector)) {
        if let Some(span) = view.object_span(&hit.range) {
            let shown = match hit.detector {
                // The end of a name is the given name.
                DetectorId::PersonName | DetectorId::DateOfBirth => "•••".to_owned(),
                _ => hit.value.masked().as_str().to_owned(),
            };
            spans.push((span, shown));
        }
    }
}

/// The `name=value` pieces of a query.
fn fields(text: &[u8]) -> Vec<Range<usize>> {
    const FIELDS_MAX: usize = 1_000;
    let (mut out, mut start) = (Vec::new(), 0);
    for end in (0..=text.len()).filter(|n| text.get(*n).is_none_or(|b| matches!(b, b'?' | b'&' | b';' | b'#' | b' '))) {
        if text.get(start..end).is_some_and(|piece| piece.contains(&b'=')) && out.len() < FIELDS_MAX {
            out.push(start..end);
        }
        start = end + 1;
    }
    out
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
}
