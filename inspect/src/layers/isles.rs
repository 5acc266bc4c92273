//! A text read once more where it was written in another way: copies of the places that say so, and of what stands
//! around them, with the writing undone.
//!
//! A detector decides by what stands within [`CONTEXT_BYTES`] of a finding. So what is farther from any change says
//! the same as in the first look, and is left out; what is nearer is scanned with as much on either side as it takes.

use chot_detectors::CONTEXT_BYTES;

use super::runs::in_run;
use crate::inquiry::{Inquiry, Place};
use crate::object::BLOCK;
use crate::text::Text;
use crate::view::View;

/// A finding that a change may make begins within so many bytes of it.
const REACH: u64 = CONTEXT_BYTES as u64;
/// Signs nearer than this to each other are copied together.
const JOIN: u64 = 4 * REACH;
/// Where several signs are needed, so far may the first be from the last.
pub(super) const NEAR: u64 = 2 * REACH;

/// How a kind of writing is undone: appends `core` of a view to `out`, with everything that begins there undone, and
/// returns where it stopped, which may be behind `core`.
pub(super) type Undo<'u> = &'u dyn Fn(&View, std::ops::Range<usize>, &mut View) -> usize;

/// One stretch being copied. Places are those of the whole text, not of its window.
pub(super) struct Isle {
    text: Box<Text>,
    /// The last sign.
    last: u64,
    /// Copied so far.
    upto: u64,
}

impl Isle {
    /// Begins a copy at the sign `first`, of nothing before `done`. `place` is that of the copy.
    pub(super) fn new(view: &View, first: u64, done: u64, place: Place, undo: Undo<'_>) -> Self {
        let window = |at: u64| usize::try_from(at.saturating_sub(view.base)).unwrap_or(usize::MAX).min(view.text.len());
        let floor = done.max(view.base);
        let mut core = window(first.saturating_sub(REACH).max(floor));
        // An encoding makes sense from its beginning only.
        let floor = window(floor);
        core -= view.text.get(floor..core).unwrap_or_default().iter().rev().take_while(|b| in_run(**b)).count();
        let start = core.saturating_sub(CONTEXT_BYTES);
        let mut text = Box::new(Text::new(place));
        text.begin(view.base + start as u64);
        let upto = undo(view, start..core, &mut text.view);
        text.settle();
        Self { text, last: first, upto: view.base + upto as u64 }
    }

    /// Takes another sign; false when it is too far away.
    pub(super) fn join(&mut self, sign: u64) -> bool {
        let near = sign <= self.last + JOIN;
        if near {
            self.last = self.last.max(sign);
        }
        near
    }

    /// Takes another sign, however far away.
    pub(super) fn stretch(&mut self, sign: u64) {
        self.last = sign;
    }

    /// Copies on, up to `end` of the window at most. When everything is copied that its signs bear on, scans it and
    /// returns where the copy ended.
    pub(super) fn go_on(&mut self, view: &View, end: usize, undo: Undo<'_>, inquiry: &mut Inquiry) -> Option<u64> {
        let window = |at: u64| usize::try_from(at.saturating_sub(view.base)).unwrap_or(usize::MAX).min(view.text.len());
        let from = window(self.upto);
        let limit = window(self.last + REACH + 1).max(from);
        let word = view.text.get(limit..end).unwrap_or_default().iter().take_while(|b| in_run(**b)).count();
        let closes = limit + word < end;
        let to = if closes { limit + word } else { end };
        let copied = if from < to { undo(view, from..to, &mut self.text.view) } else { from };
        self.upto = view.base + copied as u64;
        if !closes {
            // What goes on beyond a window may be a table that does.
            if self.text.view.text.len() >= BLOCK {
                self.text.becomes_prose();
            }
            self.text.advance(inquiry);
            return None;
        }
        let core = self.text.view.text.len();
        let behind = view.text.len().min(copied + CONTEXT_BYTES);
        if copied < behind {
            undo(view, copied..behind, &mut self.text.view);
        }
        self.text.finish_at(core, inquiry);
        Some(self.upto)
    }

    /// The text ends.
    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
    }
}
