//! The inspection engine as channels use it: begin, feed, finish, redact.

use std::hash::RandomState;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chot_detectors::Detectors;
use chot_model::{DetectorId, Finding, Inspection, Masked, OpaqueReason, Secret};

use crate::extract::{Extractor, InProcess};
use crate::inquiry::{Cache, Inquiry, Place, Tallies};
use crate::lore::{Done, Memo, Shelf};
use crate::mask::{mask, mask_only};
use crate::object::{Object, feed};
use crate::redact::{Edits, NotRedactable, Origin};
use crate::sought::Sought;
use crate::source::{Source, Splice};
use crate::text;

/// Bounds of one inspection. Reaching one makes the rest opaque with its reason, never clean.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Containers within containers.
    pub depth_max: u32,
    /// Members of all containers together.
    pub members_max: u64,
    /// Bytes that decompression may produce, all members together. A small message is allowed less: in
    /// proportion to its own bytes.
    pub inflated_bytes_max: u64,
    /// Time spent on the whole inspection, waiting for bytes not counted, in excess of a second for every 4 MiB.
    pub time_max: Duration,
    /// Time that reading the writing on pictures may take, all pictures of a message together, where a reader is
    /// installed ([`crate::reads_print`]). Unread, such a picture is opaque; nothing is read in no time.
    pub print_time_max: Duration,
    /// Whether a number of JSON may be masked, as zero: its readers may compute with it. Otherwise an object in which
    /// one would have to be cannot be redacted.
    pub zero_numbers: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: 16,
            members_max: 10_000,
            inflated_bytes_max: 4 << 30,
            time_max: Duration::from_secs(60),
            print_time_max: Duration::from_secs(10),
            zero_numbers: true,
        }
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
    detectors: Arc<Detectors>,
    limits: Limits,
    /// Key of the hashes that stand for values. It lives only in this process.
    key: RandomState,
    extractor: Arc<dyn Extractor>,
    passwords: Arc<[Secret]>,
    pub(crate) cache: Option<Arc<Cache>>,
    shelf: Arc<Shelf>,
    memo: Arc<Memo>,
    /// See [`Inquiry::careful`].
    #[cfg(test)]
    pub(crate) careful: bool,
}

impl Inspector {
    /// Builds the detectors. `this_year` bounds plausible birth years.
    pub fn new(limits: Limits, this_year: u16) -> Self {
        Self {
            detectors: Arc::new(Detectors::new(this_year)),
            limits,
            key: RandomState::new(),
            extractor: Arc::new(InProcess),
            passwords: Arc::default(),
            cache: None,
            shelf: Arc::default(),
            memo: Arc::default(),
            #[cfg(test)]
            careful: false,
        }
    }

    /// Remembers what containers (archives, documents, mails) were found to hold, in bounded memory: equal content is
    /// judged once. Inspections with and without are the same.
    #[must_use]
    pub fn cached(self) -> Self {
        Self { cache: Some(Arc::default()), ..self }
    }

    /// Runs the readers of complicated formats there instead of in this process.
    #[must_use]
    pub fn extracting(self, extractor: Arc<dyn Extractor>) -> Self {
        Self { extractor, ..self }.forgetting()
    }

    /// Tries these on whatever is locked with a password. More than a few make locked documents slow to refuse: each
    /// is about a tenth of a second.
    #[must_use]
    pub fn unlocking(self, passwords: impl IntoIterator<Item = Secret>) -> Self {
        Self { passwords: passwords.into_iter().collect(), ..self }.forgetting()
    }

    /// With nothing remembered: what was found before was found otherwise.
    fn forgetting(self) -> Self {
        Self { cache: self.cache.map(|_| Arc::default()), memo: Arc::default(), ..self }
    }

    /// Begins the inspection of one message.
    pub fn begin(&self, hint: Hint) -> Inspecting {
        self.start(hint, None)
    }

    /// As [`Self::begin`], telling `sink` every finding as it is made.
    pub fn begin_with(&self, hint: Hint, sink: Box<dyn FnMut(Finding) + Send>) -> Inspecting {
        self.start(hint, Some(sink))
    }

    /// Inspects a whole source at once.
    pub fn inspect(&self, hint: Hint, source: &dyn Source) -> Inspected {
        self.begin(hint).read(source)
    }

    /// As [`Self::inspect`], and these values, which this inspector found in the same message before, are findings wherever they
    /// stand.
    pub fn inspect_seeking(&self, hint: Hint, source: &dyn Source, sought: Sought) -> Inspected {
        let mut inspecting = self.begin(hint);
        inspecting.inquiry.seek(Arc::new(sought));
        inspecting.read(source)
    }

    /// As [`Self::inspect`], telling `sink` every finding as it is made.
    pub fn inspect_with(&self, hint: Hint, source: &dyn Source, sink: Box<dyn FnMut(Finding) + Send>) -> Inspected {
        self.begin_with(hint, sink).read(source)
    }

    /// Replaces every identifier and name of a data subject in a free text (file name, URL, subject) by bullets.
    pub fn mask(&self, text: &str) -> Masked {
        self.masked(Done::Mask, text, || mask(&self.detectors, text))
    }

    /// Replaces identifiers in a host or a mail address by bullets, and nothing else: who was meant stays readable.
    pub fn mask_identifiers(&self, address: &str) -> Masked {
        let mask = || mask_only(&self.detectors, address, DetectorId::is_identifier);
        self.masked(Done::MaskIdentifiers, address, mask)
    }

    /// A text in which nothing had to be masked before stays as it is.
    fn masked(&self, done: Done, text: &str, mask: impl FnOnce() -> Masked) -> Masked {
        let hashed = self.memo.hash(done, [("", text.as_bytes())].into_iter());
        if self.memo.knows(hashed) {
            return Masked::danger_assume_masked(text);
        }
        let masked = mask();
        if masked.as_str() == text {
            self.memo.learn(hashed);
        }
        masked
    }

    /// A new inquiry of nothing yet.
    pub(crate) fn inquiry(&self, sink: Option<Box<dyn FnMut(Finding) + Send>>) -> Inquiry {
        Inquiry::new(
            self.detectors.clone(),
            self.limits.clone(),
            self.key.clone(),
            (self.extractor.clone(), self.passwords.clone()),
            sink,
            self.cache.clone(),
            self.shelf.take(),
        )
    }

    fn start(&self, hint: Hint, sink: Option<Box<dyn FnMut(Finding) + Send>>) -> Inspecting {
        let begun = Instant::now();
        let mut inquiry = self.inquiry(sink);
        #[cfg(test)]
        {
            inquiry.careful = self.careful;
        }
        let name = hint.name.as_deref().map(|n| self.mask(n)).unwrap_or_default();
        if let Some(name) = &hint.name {
            let marks = text::aside(&Place::top(Origin::Lost), "", name.as_bytes(), &mut inquiry);
            inquiry.people.record(&marks, false);
        }
        let object = Object::from_source(hint, Place::top(Origin::Raw(0)));
        let (shelf, memo) = (Arc::clone(&self.shelf), Arc::clone(&self.memo));
        Inspecting { inquiry, object, name, shelf, memo, spent: begun.elapsed(), bytes: 0, failed: false }
    }
}

/// One inspection under way. Feed it the bytes as they arrive, then call [`Self::finish`].
pub struct Inspecting {
    inquiry: Inquiry,
    object: Object,
    name: Masked,
    shelf: Arc<Shelf>,
    memo: Arc<Memo>,
    /// Time spent here; waiting for bytes is not counted.
    spent: Duration,
    bytes: u64,
    failed: bool,
}

impl Inspecting {
    /// Inspects a side field of the message: URL, query, header value, cookie, envelope address, trailer. `name` is
    /// the field's name (`url`, `header Cookie`) and gives context. What is found there cannot be redacted.
    pub fn field(&mut self, name: &str, value: &[u8]) {
        self.inquiry.given += value.len() as u64;
        let hashed = self.memo.hash(Done::Field, [(name, value)].into_iter());
        if self.memo.knows(hashed) {
            return self.inquiry.passed(value.len());
        }
        let before = self.inquiry.trace();
        self.guarded(|this| crate::formats::field(name, value, &mut this.inquiry));
        if !self.failed && self.inquiry.is_whole() && self.inquiry.trace() == before {
            self.memo.learn(hashed);
        }
    }

    /// As [`Self::field`], of several that come together again and again, such as the headers of a client: what was all
    /// said before with nothing in it is not looked at one by one.
    pub fn fields<'f>(&mut self, fields: impl Iterator<Item = (&'f str, &'f [u8])> + Clone) {
        let hashed = self.memo.hash(Done::Fields, fields.clone());
        if self.memo.knows(hashed) {
            let bytes = fields.map(|(_, value)| value.len()).sum();
            self.inquiry.given += bytes as u64;
            return self.inquiry.passed(bytes);
        }
        let before = self.inquiry.trace();
        fields.for_each(|(name, value)| self.field(name, value));
        if !self.failed && self.inquiry.is_whole() && self.inquiry.trace() == before {
            self.memo.learn(hashed);
        }
    }

    /// Notes a part that the channel itself could not understand, such as a body in an unknown content coding.
    pub fn opaque(&mut self, part: &str, reason: OpaqueReason) {
        let place = Place::top(Origin::Lost).named(part);
        self.inquiry.refuse(&place, reason, 1);
    }

    /// Takes the next bytes of the object. Text, JSON, CSV, gzip and the like are scanned at once; formats that need
    /// their end first (zip) wait for [`Self::finish`].
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.guarded(|this| this.object.push(bytes, &mut this.inquiry));
    }

    /// Whether the object is read as it comes: to finish it is no more work than to take a block of it.
    pub fn is_read_along(&self) -> bool {
        self.object.is_read_along()
    }

    /// Completes the inspection. `source` holds exactly the bytes that were pushed. May take long, unless
    /// [`Self::is_read_along`]: call it on a blocking thread.
    pub fn finish(mut self, source: &dyn Source) -> Inspected {
        if source.len() == self.bytes {
            return self.read(source);
        }
        self.failed = true;
        self.conclude()
    }

    /// As [`Self::finish`], where `source` only begins with what was pushed: the rest is read from it.
    pub fn read(mut self, source: &dyn Source) -> Inspected {
        let pushed = std::mem::replace(&mut self.bytes, source.len());
        self.guarded(|this| {
            if pushed <= source.len() && feed(source, pushed, &mut this.object, &mut this.inquiry) {
                this.object.finish(Some(source), &mut this.inquiry);
            } else {
                this.failed = true;
            }
        });
        self.conclude()
    }

    fn conclude(mut self) -> Inspected {
        if !self.failed && self.inquiry.is_whole() {
            self.shelf.put(self.inquiry.learned());
        }
        let top = Place::top(Origin::Lost);
        self.inquiry.settle();
        if self.failed {
            self.inquiry.refuse(&top, OpaqueReason::Failed, self.bytes);
        }
        let (mut inspection, edits, tallies) = self.inquiry.conclude(self.bytes, self.name, self.object.media_type());
        inspection.elapsed_us = u64::try_from(self.spent.as_micros()).unwrap_or(u64::MAX);
        Inspected { inspection, edits, tallies }
    }

    /// Runs a step. A fault of ours must not take the process down with every other message in it, nor pass for
    /// clean: it ends this inspection as opaque.
    fn guarded(&mut self, step: impl FnOnce(&mut Self)) {
        if self.failed {
            return;
        }
        let begun = Instant::now();
        // Reading takes its time: only work beyond what so many bytes deserve is suspect.
        let due = self.inquiry.limits.time_max.saturating_add(Duration::from_secs(self.bytes / BYTES_PER_S));
        self.inquiry.allow(due.saturating_sub(self.spent));
        if catch_unwind(AssertUnwindSafe(|| step(self))).is_err() {
            self.failed = true;
        }
        self.spent += begun.elapsed();
    }
}

/// How fast any object is read at least, on a busy machine.
const BYTES_PER_S: u64 = 4 << 20;

/// An inspection and what is needed to redact the object.
pub struct Inspected {
    /// What was found.
    pub inspection: Inspection,
    edits: Edits,
    tallies: Tallies,
}

impl Inspected {
    /// The identifiers of these kinds that were found, to be looked for elsewhere in the same message. Of more than ten
    /// thousand of a kind, so many.
    pub fn values(&self, detectors: &[DetectorId]) -> Sought {
        self.tallies.sought(detectors)
    }

    /// The replacements, ordered and disjoint, that mask every finding of `detectors` (any confidence from medium).
    /// `source` holds the bytes that were inspected. Containers around a finding are unpacked and packed again, which
    /// may take as long as their inspection.
    ///
    /// # Errors
    /// When any of these findings cannot be replaced safely.
    pub fn redact(&self, detectors: &[DetectorId], source: &dyn Source) -> Result<Vec<Splice>, NotRedactable> {
        self.edits.splices(detectors, source)
    }
}
