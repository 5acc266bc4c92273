//! What was found in a message, and what could not be read.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::{Confidence, DetectorId, Masked, Secret};

macro_rules! opaque_reasons {
    ($($variant:ident $id:literal $doc:literal;)*) => {
        /// Why a part could not be understood. Opaque is for policy to decide; it is never "clean".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OpaqueReason {
            $(#[doc = $doc] $variant,)*
        }

        impl OpaqueReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in policy files, records and output.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

opaque_reasons! {
    Encrypted "encrypted" "Encrypted archive, document or mail part.";
    E2ee "e2ee" "Encrypted by the application between its users.";
    UnknownEncoding "unknown-encoding" "A content coding, transfer encoding or character set we do not read.";
    UnsupportedFormat "unsupported-format" "A format that no room opens; its bytes were scanned as they are.";
    TooDeep "too-deep" "Nested deeper than the limit.";
    TooLarge "too-large" "Larger, or expanding to more, than the limit.";
    TooMany "too-many" "More members than the limit.";
    ParseError "parse-error" "Damaged, or lying about what it is.";
    Ambiguous "ambiguous" "Readers may disagree on what it says.";
    Partial "partial" "A piece of a larger whole that was not seen.";
    TimeLimit "time-limit" "Not finished in the time allowed.";
    Failed "failed" "The inspection itself failed.";
}

impl OpaqueReason {
    /// The reason of this name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.id() == id)
    }
}

impl fmt::Display for OpaqueReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A part that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// Path of the part, such as `a.zip/list.xlsx`; empty for the object itself. Masked.
    pub part: Masked,
    /// Why.
    pub reason: OpaqueReason,
}

/// One detector hit. It has no `Display`: what may be shown is its mask.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which detector.
    pub detector: DetectorId,
    /// Path of the part it was found in, such as `list.xlsx/Sheet1!C2`; empty for the object itself. Not masked.
    pub part: Arc<str>,
    /// Byte range in the part's decoded text.
    pub range: Range<u64>,
    /// How sure.
    pub confidence: Confidence,
    /// The normalised value.
    pub value: Secret,
    /// How it was hidden, when it was.
    pub disguise: Option<&'static str>,
}

/// The findings of one detector, added up. Memory is bounded however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Findings of confidence medium or high.
    pub count: u64,
    /// Distinct values among them: exact to 10,000, an estimate above.
    pub distinct: u64,
    /// Findings of confidence low. No policy counts them.
    pub low: u64,
    /// The best confidence of all; `None` when there is no finding.
    pub confidence: Option<Confidence>,
    /// Masks of the first few distinct values, in the order found.
    pub samples: Vec<Masked>,
}

/// The object of a message as a record describes it: the request body, the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectReport {
    /// File name, masked; empty when there is none.
    pub name: Masked,
    /// True media type by content, such as `text/csv`.
    pub media_type: String,
    /// Bytes sent, after content codings were removed.
    pub bytes: u64,
    /// Bytes that were understood. Equal to `bytes` unless something is opaque.
    pub bytes_inspected: u64,
}

/// Everything found in one message. The values themselves are gone: only masks and counts are left.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// What was sent.
    pub object: ObjectReport,
    /// Findings by detector; detectors without a finding are absent.
    pub tallies: BTreeMap<DetectorId, Tally>,
    /// Distinct data subjects: exact to 10,000, an estimate above.
    pub persons: u64,
    /// Whether it holds a coherent set of records about at least five people.
    pub bulk: bool,
    /// Parts that could not be understood; the first [`Self::OPAQUE_LISTED_MAX`].
    pub opaque: Vec<Opaque>,
    /// Techniques of hiding that were seen, such as `base64` or `zero-width`.
    pub disguises: Vec<&'static str>,
    /// Time spent, in microseconds.
    pub elapsed_us: u64,
}

impl Inspection {
    /// How many opaque parts an inspection lists. A reason seen only later still takes a place of its own.
    pub const OPAQUE_LISTED_MAX: usize = 100;

    /// Distinct values of confidence medium or high found by `detector`.
    pub fn distinct(&self, detector: DetectorId) -> u64 {
        self.tallies.get(&detector).map_or(0, |t| t.distinct)
    }

    /// Distinct identifiers of confidence medium or high, all kinds together.
    pub fn identifiers(&self) -> u64 {
        DetectorId::identifiers().map(|d| self.distinct(d)).sum()
    }

    /// Whether any part is opaque for this reason.
    pub fn is_opaque(&self, reason: OpaqueReason) -> bool {
        self.opaque.iter().any(|o| o.reason == reason)
    }

    /// Adds an opaque part. Beyond the bound only a reason not yet listed is added, so that no reason is lost.
    pub fn add_opaque(&mut self, part: Masked, reason: OpaqueReason) {
        if self.opaque.len() < Self::OPAQUE_LISTED_MAX || !self.is_opaque(reason) {
            self.opaque.push(Opaque { part, reason });
        }
    }

    /// Nothing found that a policy counts, and nothing opaque.
    pub fn is_clean(&self) -> bool {
        self.opaque.is_empty() && self.tallies.values().all(|t| t.count == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_seen_late_is_still_listed() {
        let mut inspection = Inspection::default();
        for _ in 0..1_000 {
            inspection.add_opaque(Masked::default(), OpaqueReason::ParseError);
        }
        inspection.add_opaque(Masked::default(), OpaqueReason::Encrypted);
        assert_eq!(inspection.opaque.len(), Inspection::OPAQUE_LISTED_MAX + 1);
        assert!(inspection.is_opaque(OpaqueReason::Encrypted) && !inspection.is_clean());
    }

    #[test]
    fn reasons_lead_back_from_their_names() {
        assert!(OpaqueReason::ALL.iter().all(|r| OpaqueReason::from_id(r.id()) == Some(*r)));
    }
}
