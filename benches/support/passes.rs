//! The two things that are measured: the core engine for identifiers only, and the whole inspector as the gateway
//! calls it. Both tell what they found, so that nothing is measured that does not work.

use chot_detectors::{Context, Detectors, Hit};
use chot_inspect::{Hint, Inspector, Limits, Source};
use chot_model::{Confidence, DetectorId, Inspection};

use crate::corpora::Counts;

/// The year that bounds plausible births.
const YEAR: u16 = 2026;
/// Bytes the channels hand over at a time.
pub const CHUNK: usize = 1 << 16;

/// The engine for identifiers only.
pub fn core() -> Detectors {
    Detectors::only(DetectorId::identifiers(), YEAR)
}

/// The whole inspector. Outcomes are not kept: the second pass must not be served from the first.
pub fn inspector() -> Inspector {
    Inspector::new(Limits::default(), YEAR)
}

/// Identifiers of confidence medium or more among `hits`.
pub fn counts(hits: &[Hit]) -> Counts {
    let mut counts = Counts::new();
    for hit in hits.iter().filter(|h| h.confidence >= Confidence::Medium && h.detector.is_identifier()) {
        *counts.entry(hit.detector).or_default() += 1;
    }
    counts
}

/// Bytes after which findings are counted and let go, as whoever reads long texts does.
const WINDOW: usize = 1 << 20;

/// Identifiers only, the text at once.
pub fn identifiers(detectors: &Detectors, text: &[u8]) -> Counts {
    let (mut hits, mut all) = (Vec::new(), Counts::new());
    for start in (0..text.len()).step_by(WINDOW) {
        detectors.scan(text, start..text.len().min(start + WINDOW), Context::default(), &mut hits);
        for (id, n) in counts(&hits) {
            *all.entry(id).or_default() += n;
        }
        hits.clear();
    }
    all
}

/// The whole inspector, the text in chunks, as a channel would.
pub fn gateway(inspector: &Inspector, text: &[u8], chunk: usize) -> Inspection {
    let mut inspecting = inspector.begin(Hint { name: None, content_type: None });
    for chunk in text.chunks(chunk) {
        inspecting.push(chunk);
    }
    inspecting.finish(&Same(text)).inspection
}

/// Identifiers of confidence medium or more in a report.
pub fn tallied(inspection: &Inspection) -> Counts {
    let tallies = inspection.tallies.iter().filter(|(id, tally)| id.is_identifier() && tally.count > 0);
    tallies.map(|(id, tally)| (*id, tally.count)).collect()
}

/// The bytes as a source, without copying them.
struct Same<'t>(&'t [u8]);

impl Source for Same<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(offset, buf)
    }
}
