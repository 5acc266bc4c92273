//! Encodings within a text: base64, base32, hexadecimal, percent, quoted-printable, character references, escapes.
//!
//! A second look: the text itself has been scanned. What does not decode to text or to a known container is dropped
//! without a word, since most long runs of letters and digits are keys, hashes and identifiers of machines.

mod base85;
mod blocks;
mod carried;
mod code;
mod deflate;
mod dump;
mod encoded;
mod escape;
mod isles;
mod lists;
mod look;
mod old;
mod pairs;
mod program;
mod rewrite;
mod runs;
mod sealed;
mod tags;
mod terminal;
mod turned;
mod twice;
mod utf7;
mod uu;
mod viqr;
mod wide;

use std::ops::Range;

use crate::inquiry::{Inquiry, Place};
use crate::object::is_armoured;
use crate::view::View;

pub(crate) use escape::{entity, unescaped};
pub(crate) use lists::Written;
pub(crate) use look::{Look, Room, Suspects, is_meaningless};
pub(crate) use uu::is_uuencoded;

/// As much of a line that begins an encrypted text may stand before a window.
const ARMOUR_BEFORE: usize = 32;

/// The second look at one text.
pub(crate) struct Layers {
    runs: runs::Runs,
    files: uu::Uuencoded,
    pairs: pairs::Pairs,
    dump: dump::Dump,
    drawn: blocks::Drawn,
    rewrites: rewrite::Rewrites,
    base85: base85::Base85,
    lists: lists::Lists,
    carried: carried::Carried,
    place: Place,
}

impl Layers {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            runs: runs::Runs::default(),
            files: uu::Uuencoded::default(),
            pairs: pairs::Pairs::default(),
            dump: dump::Dump::default(),
            drawn: blocks::Drawn::default(),
            rewrites: rewrite::Rewrites::default(),
            base85: base85::Base85::default(),
            lists: lists::Lists::default(),
            carried: carried::Carried::default(),
            place: place.clone(),
        }
    }

    /// Reads the next window of the text, which was looked at.
    pub(crate) fn read(&mut self, view: &View, core: &Range<usize>, look: &Look, inquiry: &mut Inquiry) {
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
        let (text, place) = (&view.text, &self.place);
        self.runs.read(text, core, &look.words, place, inquiry);
        sealed::read(text, &look.words, place, inquiry);
        self.files.read(text, core, look.file, place, inquiry);
        self.pairs.read(text, core, &look.pairs, place, inquiry);
        self.dump.read(text, core, look.dump, place, inquiry);
        self.drawn.read(text, core, look.drawn, place, inquiry);
        self.base85.read(text, core, &look.marked, place, inquiry);
        let mut file = None;
        // What was undone is looked at for all of these characters, as a look does for some.
        let is_raw = || text.get(core.clone()).unwrap_or_default().iter().any(|b| carried::is_control(*b));
        if look.raw || self.carried.is_open() || place.undone != 0 && is_raw() {
            file = self.carried.read(view, core, place, inquiry);
        }
        match file {
            None => self.rewrites.read(view, core, &look.signs, place, inquiry),
            // Bytes of a file are no signs of anything.
            Some(file) => {
                let signs: Vec<usize> = look.signs.iter().copied().filter(|at| !file.contains(at)).collect();
                self.rewrites.read(view, core, &signs, place, inquiry);
            }
        }
        self.lists.read(text, core, place, inquiry);
        if place.undone != 0
            && is_armoured(text.get(core.start.saturating_sub(ARMOUR_BEFORE)..core.end).unwrap_or_default())
        {
            inquiry.refuse(place, chot_model::OpaqueReason::Encrypted, 1);
        }
    }

    /// The text ends.
    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        self.runs.end(&self.place, inquiry);
        self.files.finish(&self.place, inquiry);
        self.pairs.end(&self.place, inquiry);
        self.dump.end(&self.place, inquiry);
        self.drawn.end(&self.place, inquiry);
        self.base85.end(&self.place, inquiry);
        self.rewrites.finish(inquiry);
        self.lists.end(&self.place, inquiry);
        self.carried.end(&self.place, inquiry);
    }
}
