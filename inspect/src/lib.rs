//! Object in, inspection out: opens formats and encodings, runs detectors, counts persons, redacts.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chot_model::{DetectorId, Finding, Inspection, Masked};

/// Bytes that can be read at any place: a held body, a file. Implemented by the proxy's spool and by files.
pub trait Source: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at `offset` into `buf`; returns how many bytes were read, 0 only at the end.
    ///
    /// # Errors
    /// When the storage behind it fails.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl Source for [u8] {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|o| self.get(o..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(n)
    }
}

impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }
}

/// Bounds of one inspection. Reaching one makes the rest opaque with its reason, never clean.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Containers within containers.
    pub depth_max: u32,
    /// Members of all containers together.
    pub members_max: u64,
    /// Bytes that decompression may produce, all members together.
    pub inflated_bytes_max: u64,
    /// Wall time of the whole inspection.
    pub time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: 16, members_max: 10_000, inflated_bytes_max: 4 << 30, time_max: Duration::from_secs(60) }
    }
}

/// What the channel knows about an object before reading it. Only hints: the true type is decided by content.
#[derive(Clone, Debug, Default)]
pub struct Hint {
    /// File name, as sent.
    pub name: Option<String>,
    /// The declared Content-Type with its parameters, as sent (`multipart/form-data; boundary=x`).
    pub content_type: Option<String>,
}

/// The inspection engine: detectors and limits. Clones share it.
#[derive(Clone)]
pub struct Inspector {
    _shared: Arc<Limits>,
}

impl Inspector {
    /// Builds the detectors. `this_year` bounds plausible birth years.
    pub fn new(limits: Limits, this_year: u16) -> Self {
        let _ = this_year;
        Self { _shared: Arc::new(limits) }
    }

    /// Begins the inspection of one message.
    pub fn begin(&self, hint: Hint) -> Inspecting {
        let _ = hint;
        unimplemented!()
    }

    /// As [`Self::begin`], telling `sink` every finding as it is made.
    pub fn begin_with(&self, hint: Hint, sink: Box<dyn FnMut(Finding) + Send>) -> Inspecting {
        let _ = (hint, sink);
        unimplemented!()
    }

    /// Inspects a whole source at once.
    pub fn inspect(&self, hint: Hint, source: &dyn Source) -> Inspected {
        let _ = (hint, source);
        unimplemented!()
    }

    /// Replaces every identifier and name of a data subject in a free text (file name, URL, subject) by bullets.
    pub fn mask(&self, text: &str) -> Masked {
        let _ = text;
        unimplemented!()
    }
}

/// One inspection under way. Feed it the bytes as they arrive, then call [`Self::finish`].
pub struct Inspecting {}

impl Inspecting {
    /// Inspects a side field of the message: URL, query, header value, cookie, envelope address, trailer. `name` is
    /// the field's name (`url`, `header Cookie`) and gives context. What is found there cannot be redacted.
    pub fn field(&mut self, name: &str, value: &[u8]) {
        let _ = (name, value);
        unimplemented!()
    }

    /// Takes the next bytes of the object. Text, JSON, CSV, gzip and the like are scanned at once; formats that need
    /// their end first (zip) wait for [`Self::finish`].
    pub fn push(&mut self, bytes: &[u8]) {
        let _ = bytes;
        unimplemented!()
    }

    /// Notes that the caller itself could not understand a part, such as an unknown content coding.
    pub fn opaque(&mut self, part: &str, reason: chot_model::OpaqueReason) {
        let _ = (part, reason);
        unimplemented!()
    }

    /// Completes the inspection. `source` holds exactly the bytes that were pushed. May take long: call it on a
    /// blocking thread.
    pub fn finish(self, source: &dyn Source) -> Inspected {
        let _ = source;
        unimplemented!()
    }
}

/// An inspection and what is needed to redact the object.
pub struct Inspected {
    /// What was found.
    pub inspection: Inspection,
}

/// A replacement of bytes of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes replaced.
    pub range: Range<u64>,
    /// What stands there instead.
    pub bytes: Vec<u8>,
}

/// Why an object cannot be redacted. The caller blocks instead.
#[derive(Debug, thiserror::Error)]
pub enum NotRedactable {
    /// A finding lies in a part that cannot be rewritten.
    #[error("a {detector} lies in {part}, which cannot be rewritten")]
    Part {
        /// What was found there.
        detector: DetectorId,
        /// Where.
        part: Masked,
    },
    /// More findings than a redaction keeps.
    #[error("more findings than can be redacted")]
    TooMany,
}

impl Inspected {
    /// The replacements, ordered and disjoint, that mask every finding of `detectors` (any confidence from medium).
    ///
    /// # Errors
    /// When any of these findings cannot be replaced safely.
    pub fn redact(&self, detectors: &[DetectorId]) -> Result<Vec<Splice>, NotRedactable> {
        let _ = detectors;
        unimplemented!()
    }
}

/// A source with replacements applied, itself a source: its length is known before a byte is read.
pub struct Spliced<S> {
    _source: S,
}

impl<S: std::ops::Deref<Target: Source> + Send + Sync> Spliced<S> {
    /// Lays `splices` (ordered, disjoint) over `source`.
    pub fn new(source: S, splices: Vec<Splice>) -> Self {
        let _ = splices;
        Self { _source: source }
    }
}

impl<S: std::ops::Deref<Target: Source> + Send + Sync> Source for Spliced<S> {
    fn len(&self) -> u64 {
        unimplemented!()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let _ = (offset, buf);
        unimplemented!()
    }
}
