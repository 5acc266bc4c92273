//! Texts full of numbers: logs, and lists made to be as hard as possible.
//!
//! What chance makes of random digits cannot be told beforehand, so no number here may be a citizen's by chance: one
//! that begins with 3 to 9 is none, and a few are planted.

use std::fmt::Write as _;

use chot_model::DetectorId;

use super::{Corpus, Counts, people};
use crate::Random;

/// Twelve digits that cannot be a citizen number.
fn nobody(random: &mut Random) -> u64 {
    300_000_000_000 + random.below(700_000_000_000)
}

fn found(bytes: String, planted: u64) -> Corpus {
    Corpus::alike(bytes.into_bytes(), Counts::from([(DetectorId::Cccd, planted)]))
}

/// Lines of a web server: moments, addresses, identifiers of requests, durations; one in fifty asks for a citizen.
pub(super) fn logs(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) = (String::new(), 0);
    while text.len() < bytes {
        let (month, day, hour) = (1 + random.below(12), 1 + random.below(28), random.below(24));
        let _ = write!(
            text,
            "2026-{month:02}-{day:02}T{hour:02}:{:02}:{:02}.{:03}Z INFO http 10.{}.{}.{}:{} GET /api/v1/",
            random.below(60),
            random.below(60),
            random.below(1_000),
            random.below(256),
            random.below(256),
            random.below(256),
            30_000 + random.below(30_000),
        );
        if random.below(50) == 0 {
            planted += 1;
            let _ = write!(text, "citizens?cccd={}", people::citizen(random));
        } else {
            let _ = write!(text, "items/{}", random.below(10_000_000));
        }
        let (took, request, seq) = (random.below(1_000_000), random.word(), nobody(random));
        // Fourteen hexadecimal digits: were they all decimal, they still would be as long as no number of ours.
        let _ = writeln!(text, " 200 {took}us req={:014x} seq={seq}", request >> 8);
    }
    found(text, planted)
}

/// Groups of up to three digits, which may join into anything. None begins with 0 but 0 itself.
pub(super) fn groups(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = write!(text, "{} ", random.below(1_000));
    }
    Corpus::alike(text.into_bytes(), Counts::new())
}

/// The same with a sign that changes.
pub(super) fn signs(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = write!(text, "{}{}", random.below(10_000), random.pick(&[" ", ".", "-", "/", "  ", ") "]));
    }
    Corpus::alike(text.into_bytes(), Counts::new())
}

/// Nothing but numbers as long as a citizen's; one in sixty, as chance would have it, has the structure. To the whole
/// inspector they are a column, and a column of which one cell in sixty could be a citizen number holds none.
pub(super) fn twelves(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) = (String::new(), 0);
    while text.len() < bytes {
        if random.below(60) == 0 {
            planted += 1;
            let _ = writeln!(text, "{}", people::citizen(random));
        } else {
            let _ = writeln!(text, "{}", nobody(random));
        }
    }
    Corpus { whole: Counts::new(), ..found(text, planted) }
}
