//! Text that means something else than it says, read in place: each kind of writing is undone into a view that
//! remembers where every letter stands.
//!
//! A kind says cheaply whether a text may hold it. What it finds is a second look; it drops nothing from the first.

use std::ops::Range;

use super::{code, old, tags, twice, utf7, viqr};
use crate::inquiry::{Inquiry, Place};
use crate::text::Text;
use crate::view::View;

/// A way of writing.
struct Kind {
    /// Its name, if `text` shows it.
    shows: fn(text: &[u8]) -> Option<&'static str>,
    /// Appends `core` of a view with everything of this kind that begins there undone; returns where it stopped.
    undo: fn(view: &View, core: Range<usize>, name: &'static str, out: &mut View) -> usize,
}

const KINDS: [Kind; 6] = [
    Kind { shows: tags::shows, undo: tags::undo },
    Kind { shows: utf7::shows, undo: utf7::undo },
    Kind { shows: viqr::shows, undo: viqr::undo },
    Kind { shows: old::shows, undo: old::undo },
    Kind { shows: twice::shows, undo: twice::undo },
    Kind { shows: code::shows, undo: code::undo },
];

/// How the letters of Vietnamese begin when UTF-8 was taken for something else.
const TWICE: [&str; 3] = ["á»", "áº", "Æ°"];

/// Whether any kind may be in `text`: a few searches for bytes that honest text seldom has.
pub(super) fn suspects(text: &[u8]) -> bool {
    memchr::memchr3_iter(b'+', b'<', b'^', text).any(|at| {
        let next = text.get(at + 1).copied().unwrap_or_default();
        match text.get(at) {
            Some(b'+') => matches!(next, b'A' | b'H' | b'I') || next.is_ascii_lowercase(),
            Some(b'<') => at.checked_sub(1).and_then(|b| text.get(b)).is_some_and(u8::is_ascii_digit),
            _ => true,
        }
    }) || old::suspects(text)
        || TWICE.iter().any(|mark| memchr::memmem::find(text, mark.as_bytes()).is_some())
}

/// Whether bytes are text and not the strings of a binary, which is opaque anyway and shows every sign by chance. Text
/// in an old character set has been decoded before it comes here.
fn is_text(bytes: &[u8]) -> bool {
    const BROKEN_SHARE: usize = 16;
    let broken: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    broken * BROKEN_SHARE <= bytes.len()
}

/// One kind at work in one text.
#[derive(Default)]
struct State {
    text: Option<Box<Text>>,
    /// Bytes at the beginning of the next window that are read already.
    taken: usize,
}

/// All kinds at work in one text.
#[derive(Default)]
pub(super) struct Rewrites([State; KINDS.len()]);

impl Rewrites {
    pub(super) fn read(&mut self, view: &View, core: &Range<usize>, place: &Place, inquiry: &mut Inquiry) {
        let mut text = None;
        for (n, (kind, state)) in KINDS.iter().zip(&mut self.0).enumerate() {
            if place.undone >> n & 1 == 1 {
                continue;
            }
            let from = core.start + std::mem::take(&mut state.taken);
            let shown = (kind.shows)(view.text.get(from.min(core.end)..core.end).unwrap_or_default());
            // What was undone once has nothing left of its kind, or never ends.
            let shown = shown.filter(|name| place.disguise != Some(*name));
            if shown.is_none() && state.text.is_none() {
                continue;
            }
            if !*text.get_or_insert_with(|| is_text(view.text.get(core.clone()).unwrap_or_default())) {
                if let Some(mut text) = state.text.take() {
                    text.finish(inquiry);
                }
                continue;
            }
            let text = state.text.get_or_insert_with(|| {
                let (disguise, depth, undone) = (shown, place.depth + 1, place.undone | 1 << n);
                Box::new(Text::new(Place { disguise, again: true, depth, charset: None, undone, ..place.clone() }))
            });
            let name = shown.or(text.place.disguise).unwrap_or_default();
            let end = (kind.undo)(view, from..core.end, name, &mut text.view);
            state.taken = end.saturating_sub(core.end);
            text.advance(inquiry);
            if shown.is_none() {
                text.finish(inquiry);
                state.text = None;
            }
        }
    }

    pub(super) fn finish(&mut self, inquiry: &mut Inquiry) {
        for state in &mut self.0 {
            state.taken = 0;
            if let Some(mut text) = state.text.take() {
                text.finish(inquiry);
            }
        }
    }
}

/// Appends `core` of `view` with pieces replaced: `piece` tells how long the piece that begins a text is, and appends
/// what it means. Returns where it stopped, which may be behind `core`.
pub(super) fn replace(
    view: &View,
    core: Range<usize>,
    out: &mut View,
    mut piece: impl FnMut(&[u8], usize) -> Option<(usize, Vec<u8>)>,
) -> usize {
    let (mut at, mut plain) = (core.start, core.start);
    while at < core.end {
        let Some((taken, bytes)) = piece(&view.text, at).filter(|(taken, _)| *taken > 0) else {
            at += 1;
            continue;
        };
        out.push_view(view, plain..at);
        if !bytes.is_empty() {
            match view.object_span(&(at..at + taken)) {
                Some(span) => out.push_escape(&bytes, span.start, span.end - span.start),
                None => out.push_joint(&bytes),
            }
        }
        at += taken;
        plain = at;
    }
    if plain < at {
        out.push_view(view, plain..at);
    }
    at
}
