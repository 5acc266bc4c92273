//! The texts the detectors are measured on, and what is in them.
//!
//! Every text is made so that what must be found is known beforehand, by planting and by leaving nothing to chance,
//! never by asking the detectors. All people are invented.

mod digits;
mod letters;
pub mod office;
mod people;
mod records;
mod uploads;

use std::collections::BTreeMap;

use chot_model::DetectorId;

use crate::Random;

/// How many of each identifier.
pub type Counts = BTreeMap<DetectorId, u64>;

/// A text and what is in it.
pub struct Corpus {
    /// The text.
    pub bytes: Vec<u8>,
    /// Identifiers of confidence medium or more that the core engine finds.
    pub core: Counts,
    /// Those that the whole inspector finds.
    pub whole: Counts,
    /// Kinds of which the core engine may find any number.
    pub core_may_find: &'static [DetectorId],
    /// People the inspector counts, when it is a matter of counting people.
    pub persons: Option<u64>,
}

impl Corpus {
    /// One in which both find the same.
    fn alike(bytes: Vec<u8>, planted: Counts) -> Self {
        Self { bytes, core: planted.clone(), whole: planted, core_may_find: &[], persons: None }
    }
}

/// A kind of text.
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// The least share of a memory read: identifiers only, and as the gateway calls it.
    pub goal: [f64; 2],
    make: fn(&mut Random, usize) -> Corpus,
}

impl Kind {
    /// A text of about so many bytes.
    pub fn make(&self, seed: u64, bytes: usize) -> Corpus {
        let mut corpus = (self.make)(&mut Random(seed), bytes);
        corpus.bytes.shrink_to_fit();
        corpus
    }
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind { name: "prose", goal: [0.5, 0.08], make: letters::prose },
    Kind { name: "articles", goal: [0.5, 0.08], make: letters::articles },
    Kind { name: "csv", goal: [0.05, 0.04], make: records::csv },
    Kind { name: "json", goal: [0.08, 0.04], make: records::json },
    Kind { name: "base64", goal: [0.25, 0.08], make: uploads::pictures },
    Kind { name: "letters64", goal: [0.25, 0.08], make: uploads::letters },
    Kind { name: "random", goal: [0.25, 0.08], make: uploads::random },
    Kind { name: "logs", goal: [0.04, 0.03], make: digits::logs },
    Kind { name: "groups", goal: [0.01, 0.005], make: digits::groups },
    Kind { name: "signs", goal: [0.01, 0.005], make: digits::signs },
    Kind { name: "twelves", goal: [0.01, 0.005], make: digits::twelves },
];
