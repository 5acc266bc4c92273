//! Encodings within a text: base64, base32, hexadecimal, percent, quoted-printable, character references, escapes.
//!
//! A second look: the text itself has been scanned. What does not decode to text or to a known container is dropped
//! without a word, since most long runs of letters and digits are keys, hashes and identifiers of machines.

mod base85;
mod code;
mod escape;
mod old;
mod rewrite;
mod runs;
mod tags;
mod twice;
mod utf7;
mod uu;
mod viqr;

use std::ops::Range;

use crate::inquiry::{Inquiry, Place};
use crate::text::Text;
use crate::view::View;

pub(crate) use escape::{entity, unescaped};
use runs::{Pairs, Runs};

/// The second look at one text.
pub(crate) struct Layers {
    runs: Runs,
    files: uu::Uuencoded,
    pairs: Pairs,
    escapes: Option<Text>,
    rewrites: rewrite::Rewrites,
    base85: base85::Base85,
    place: Place,
    /// Bytes at the beginning of the next window that an escape has already taken.
    taken: usize,
}

impl Layers {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            runs: Runs::default(),
            files: uu::Uuencoded::default(),
            pairs: Pairs::default(),
            escapes: None,
            rewrites: rewrite::Rewrites::default(),
            base85: base85::Base85::default(),
            place: place.clone(),
            taken: 0,
        }
    }

    /// Whether `core` may hold an encoding, or ends within what may become one.
    pub(crate) fn suspects(text: &[u8], core: &Range<usize>) -> bool {
        let bytes = text.get(core.clone()).unwrap_or_default();
        // A run may begin with the word that a window ends with.
        let run = runs::next_run(bytes, 0);
        let tail = bytes.len() - run;
        tail >= runs::RUN_MIN
            || tail > 0 && core.end < text.len()
            || memchr::memchr3(b'%', b'&', b'\\', bytes).is_some()
            || memchr::memchr(b'=', bytes).is_some()
            || Pairs::suspects(bytes)
            || uu::Uuencoded::suspects(bytes)
            || rewrite::suspects(bytes)
            || base85::Base85::suspects(text, core)
    }

    /// Reads the next window of the text.
    pub(crate) fn read(&mut self, view: &View, core: Range<usize>, inquiry: &mut Inquiry) {
        if self.place.depth >= inquiry.limits.depth_max {
            if self.place.disguise.is_some() {
                inquiry.refuse(&self.place, chot_model::OpaqueReason::TooDeep, 1);
            }
            return;
        }
        if inquiry.is_enough() {
            inquiry.refuse(&self.place, chot_model::OpaqueReason::TooLarge, 1);
            return;
        }
        let bytes = view.text.get(core.clone()).unwrap_or_default();
        self.runs.read(bytes, &self.place, inquiry);
        self.files.read(bytes, &self.place, inquiry);
        self.pairs.read(bytes, &self.place, inquiry);
        self.base85.read(bytes, &self.place, inquiry);
        self.rewrites.read(view, &core, &self.place, inquiry);
        self.escapes(view, core, inquiry);
    }

    fn escapes(&mut self, view: &View, core: Range<usize>, inquiry: &mut Inquiry) {
        let from = core.start + std::mem::take(&mut self.taken);
        let first = escape::first(&view.text, from..core.end);
        if first.is_none() && self.escapes.is_none() {
            return;
        }
        let text = self.escapes.get_or_insert_with(|| {
            let how = first.map_or("percent", escape::Kind::name);
            Text::new(Place {
                disguise: Some(how),
                again: true,
                depth: self.place.depth + 1,
                charset: None,
                ..self.place.clone()
            })
        });
        let end = escape::expand(
            view,
            from..core.end,
            text.place.disguise == Some(escape::Kind::QuotedPrintable.name()),
            &mut text.view,
        );
        self.taken = end.saturating_sub(core.end);
        text.advance(inquiry);
        if first.is_none() {
            text.finish(inquiry);
            self.escapes = None;
        }
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        self.runs.end(&self.place, inquiry);
        self.files.finish(&self.place, inquiry);
        self.pairs.end(&self.place, inquiry);
        self.base85.end(&self.place, inquiry);
        if let Some(mut text) = self.escapes.take() {
            text.finish(inquiry);
        }
        self.rewrites.finish(inquiry);
    }
}
