//! Text in, findings out: a room per Vietnamese identifier.

use std::ops::Range;

use chot_model::{Confidence, DetectorId, Secret};

mod column;

pub use column::Column;

/// Bytes of context on either side of `core` after which a wider window changes nothing.
pub const CONTEXT_BYTES: usize = 256;

/// The compiled detectors. Cheap to share behind an `Arc`; holds no state of any message.
pub struct Detectors {}

/// One hit of one detector in the text it was given.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Which detector.
    pub detector: DetectorId,
    /// Byte range in the text.
    pub range: Range<usize>,
    /// How sure.
    pub confidence: Confidence,
    /// The normalised value: separators and disguises removed, letters upper-case.
    pub value: Secret,
    /// How the value was hidden, such as `zero-width`, when it was.
    pub disguise: Option<&'static str>,
}

/// What is known about a text besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The text is a value under this header or key.
    pub column: Option<Column>,
}

impl Detectors {
    /// Builds the automata. `this_year` bounds plausible birth years.
    pub fn new(this_year: u16) -> Self {
        let _ = this_year;
        unimplemented!()
    }

    /// Appends every hit that starts within `core`, ordered by start. Bytes of `text` outside `core` are context
    /// only, so a caller may scan a long text in windows and get each hit once.
    pub fn scan(&self, text: &[u8], core: Range<usize>, context: Context, hits: &mut Vec<Hit>) {
        let _ = (text, core, context, hits);
        unimplemented!()
    }

    /// What `header` announces, if anything.
    pub fn column(&self, header: &str) -> Option<Column> {
        let _ = header;
        unimplemented!()
    }
}
