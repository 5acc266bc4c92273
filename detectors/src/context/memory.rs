//! What goes from one candidate of a text to the next, so that words between numbers are read once.

use std::ops::Range;

use crate::simd::first_end;

use super::clause::{answers, ends_words, is_telling, speaks};
use super::heard::{Heard, Hint, Watched, is_inside_a_word};
use super::mixed::Mixed;
use super::refrain::Refrains;
use super::right::{behind, goes_on};
use super::words::{Ending, Words};
use super::{LEFT_BYTES, Near, OTHER_NUMBER_DIGITS, RIGHT_BYTES};

/// What goes from one candidate of a text to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(super) heard: Heard,
    /// The last two numbers judged that stand by themselves, and which of them is the last one. Where that also begins a
    /// number of several groups, the one before it is asked for.
    pub(super) last: [Last; 2],
    pub(super) newest: usize,
    /// What words may be about one candidate: who asks whether anything comes of a number asks again if it does.
    pub(super) told: Option<Told>,
    /// What words between digits and a number announce that decide by themselves.
    pub(super) endings: Refrains<Option<Ending>>,
    /// Where no hashes stand.
    pub(super) mixed: Mixed,
    /// Where words are folded.
    pub(super) scratch: Vec<u8>,
    /// The words before a number, without what only codes spell.
    pub(super) plain: Vec<u8>,
}

/// The candidate of so many digits at a range, where the words begin that may speak of it, what those before it hint at,
/// and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) range: Range<usize>,
    pub(super) digits: usize,
    pub(super) own: Option<usize>,
    pub(super) left: Hint,
    pub(super) hint: Hint,
}

/// A run of digits long enough to be a number of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    pub(super) end: usize,
    pub(super) digits: usize,
    /// Where the words begin that may speak of it, and what those before it hint at.
    pub(super) own: usize,
    pub(super) said: Hint,
}

impl Last {
    /// Whether a candidate behind it has another length, or words of its own between.
    pub(super) fn speaks_apart(self, near: &Near<'_>) -> bool {
        let between = || near.text.get(self.end..near.range.start).unwrap_or_default();
        if self.digits == near.digits {
            between().iter().any(is_telling) || speaks(between(), &mut Vec::new())
        } else {
            // Both may have been asked for at once.
            self.said.is_no_paper() || !answers(between())
        }
    }
}

impl Memory {
    pub(super) fn keep(&mut self, last: Last) {
        self.newest ^= 1;
        if let Some(slot) = self.last.get_mut(self.newest) {
            *slot = last;
        }
    }

    /// Where the words begin that may speak of a number at `start`, and what they hint at, if one sign parts it from the
    /// last one, as most neighbours in a row are: nothing speaks of it, or what spoke of that one.
    pub(super) fn beside_the_last(&self, text: &[u8], start: usize, digits: usize) -> Option<(usize, Hint)> {
        let last = self.last.get(self.newest).filter(|last| last.digits > 0 && last.end + 1 == start)?;
        text.get(last.end).filter(|b| b.is_ascii() && !b.is_ascii_alphabetic())?;
        if last.digits != digits && last.said.is_no_paper() {
            return Some((last.end, Hint::NOTHING));
        }
        // Where one looks back less far than for that one, a word that was heard whole may be cut.
        let as_far = last.own + LEFT_BYTES >= start;
        (as_far && last.said != Hint::ANYTHING).then_some((last.own, last.said))
    }

    /// Whether nothing comes of a run of digits in a row, as `is_idle` tells by what the words hint at. It is remembered then
    /// for those behind it.
    pub(crate) fn passes(
        &mut self,
        text: &[u8],
        range: &Range<usize>,
        digits: usize,
        is_idle: impl Fn(Hint) -> bool,
    ) -> bool {
        let behind = text.get(range.end..).unwrap_or_default();
        // A list may go on there, or what the next line says speak of it.
        let ends = match behind {
            [b',' | b';', b' ', ..] => false,
            [b'\n', b, ..] => b.is_ascii_digit() || text.get(range.start.wrapping_sub(1)) != Some(&b'\n'),
            [b, ..] => ends_words(*b),
            [] => true,
        };
        let beside = if ends { self.beside_the_last(text, range.start, digits) } else { None };
        let Some((own, said)) = beside.filter(|(_, said)| is_idle(*said)) else { return false };
        if digits >= OTHER_NUMBER_DIGITS {
            self.keep(Last { end: range.end, digits, own, said });
        }
        true
    }

    /// Whether it is certain, by what was read on the way, that no word before or behind a number says anything. Of what
    /// begins or ends within a word half of it may be read as a whole one.
    pub(super) fn is_quiet(&mut self, text: &[u8], range: &Range<usize>, watched: &Watched) -> bool {
        let digit = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
        let to = text.len().min(range.end.saturating_add(RIGHT_BYTES));
        digit(Some(range.start))
            && digit(range.end.checked_sub(1))
            && self.heard.is_quiet(text, range.start.saturating_sub(LEFT_BYTES)..to, watched)
            // What is said behind it ends before that, mostly.
            && (!is_inside_a_word(text, to) || {
                let behind = behind(text, range.end);
                first_end(behind).is_some() && !goes_on(behind)
            })
    }

    /// Whether no word before or behind the number of so many digits at `range` says anything, as far as that is told with
    /// a look. One in a row is remembered then for those behind it.
    pub(crate) fn passes_quietly(&mut self, text: &[u8], range: &Range<usize>, digits: usize, words: &Words) -> bool {
        let quiet = self.is_quiet(text, range, &words.watched);
        if quiet && digits >= OTHER_NUMBER_DIGITS && range.len() == digits {
            self.keep(Last { end: range.end, digits, own: range.start, said: Hint::NOTHING });
        }
        quiet
    }
}
