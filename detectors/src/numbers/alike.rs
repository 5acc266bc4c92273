//! Stretches that are laid out alike: the lines of a log, the rows of a table. Where digits, signs and letters stand in
//! the same places, the same numbers may stand, whichever digits they are, so that each layout is read once.
//!
//! It reads nothing itself: it listens when a stretch is read, and says the same again.

use std::ops::Range;

use super::{Asked, BLOCK, Candidate, Finder, Groups, Layout, NUMBER_DIGITS_MAX, Number, is_lookalike, plain};
use crate::digits::{Gap, Group};

/// Layouts kept, a power of two: those of a few kinds of lines whose numbers have several lengths each. Most places stay empty,
/// so that what is asked for fits into the nearest cache.
const KEPT: usize = 256;
/// How often others may come in its place before one that came again has to go: the hashes in a log are each laid out
/// otherwise.
const SPARED: u8 = 3;
/// Stretches after which it is worth while to keep layouts.
const FEW: usize = 8;
/// Most things told of one stretch that are kept.
const STEPS: usize = 12;

/// Something told of a stretch, by places from its beginning.
#[derive(Clone, Copy)]
enum Step {
    Number(Placed),
    Zone(u8),
    Lookalikes(u8),
}

/// A number without its digits.
#[derive(Clone, Copy)]
struct Placed {
    start: u8,
    end: u8,
    len: u8,
    first_group: u8,
    layout: Layout,
    separator: Gap,
    before: Gap,
    after: Gap,
}

/// A layout, and what such a stretch holds.
struct Slot {
    /// Where the digits stand; 0 where nothing is kept.
    digits: u64,
    /// Bytes of the stretch, 0 while it was met only once: most layouts of most texts never come again.
    len: usize,
    /// The bytes before and behind it.
    around: [u8; 2],
    bytes: [u8; BLOCK],
    /// All bits for the bytes of the stretch that are no digits.
    signs: [u8; BLOCK],
    steps: [Step; STEPS],
    n: usize,
    /// How many others are still turned away for its sake.
    spared: u8,
}

impl Slot {
    const EMPTY: Self = Self {
        digits: 0,
        len: 0,
        around: [0; 2],
        bytes: [0; BLOCK],
        signs: [0; BLOCK],
        steps: [Step::Zone(0); STEPS],
        n: 0,
        spared: 0,
    };

    /// Whether it stays where another layout comes in its place.
    #[inline]
    const fn is_spared(&mut self) -> bool {
        let spared = self.spared > 0;
        self.spared = self.spared.saturating_sub(1);
        spared
    }
}

/// The layouts of a text.
#[derive(Default)]
pub(super) struct Alike {
    slots: Vec<Slot>,
    met: usize,
}

impl Alike {
    /// Tells `found` what stands in a stretch of ASCII; `digits` are the places of its digits, and of letters that pass for
    /// some.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        text: &[u8],
        stretch: Range<usize>,
        digits: [u64; 2],
        asked: &Asked,
        groups: &mut Groups,
        found: &mut impl Finder,
    ) {
        let base = stretch.start;
        let Some(slot) = self.slot(text, stretch.clone(), digits, asked, groups) else {
            plain(text, base, digits, stretch.end, asked, groups, found);
            return;
        };
        for step in slot.steps.iter().take(slot.n) {
            match step {
                Step::Number(placed) => placed.tell(text, base, found),
                Step::Zone(at) => found.candidate(Candidate::Zone(base + usize::from(*at))),
                Step::Lookalikes(at) => found.candidate(Candidate::Lookalikes(base + usize::from(*at))),
            }
        }
    }

    /// The layout of a stretch, if it is kept.
    #[inline(always)]
    fn slot(
        &mut self,
        text: &[u8],
        stretch: Range<usize>,
        digits: [u64; 2],
        asked: &Asked,
        groups: &mut Groups,
    ) -> Option<&Slot> {
        if self.slots.is_empty() {
            self.met += 1;
            if self.met > FEW {
                self.slots.resize_with(KEPT, || Slot::EMPTY);
            }
            return None;
        }
        let block = text.get(stretch.start..)?.first_chunk()?;
        let at = digits[0].wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - KEPT.trailing_zeros());
        let slot = self.slots.get_mut(at as usize)?;
        if slot.digits != digits[0] {
            if !slot.is_spared() {
                (slot.digits, slot.len) = (digits[0], 0);
            }
            return None;
        }
        let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or_default();
        // Of what ends a stretch, only these are more than an end.
        let behind = Some(byte(Some(stretch.end))).filter(|b| *b == b'|' || is_lookalike(*b));
        let around = [byte(stretch.start.checked_sub(1)), behind.unwrap_or_default()];
        if slot.len == 0 {
            (slot.len, slot.around, slot.bytes, slot.n) = (stretch.len(), around, *block, 0);
            for (n, sign) in slot.signs.iter_mut().enumerate() {
                *sign = if n < stretch.len() && digits[0] >> n & 1 == 0 { u8::MAX } else { 0 };
            }
            let mut listener = Listener { slot, base: stretch.start, fits: true };
            plain(text, stretch.start, digits, stretch.end, asked, groups, &mut listener);
            if !listener.fits {
                slot.len = 0;
                return None;
            }
        } else if slot.len != stretch.len() || slot.around != around || !slot.has_signs_of(block) {
            if !slot.is_spared() {
                slot.len = 0;
            }
            return None;
        } else {
            slot.spared = SPARED;
        }
        Some(slot)
    }
}

impl Slot {
    /// Whether all but the digits is as in `block`. Without a branch a byte, so that it is done with vectors.
    #[inline(always)]
    fn has_signs_of(&self, block: &[u8; BLOCK]) -> bool {
        let both = self.bytes.iter().zip(block).zip(&self.signs);
        both.fold(0, |others, ((a, b), sign)| others | (a ^ b) & sign) == 0
    }
}

impl Placed {
    #[inline]
    fn tell(&self, text: &[u8], base: usize, found: &mut impl Finder) {
        let range = base + usize::from(self.start)..base + usize::from(self.end);
        if found.is_idle(range.clone(), usize::from(self.len)) {
            return;
        }
        let mut digits = [0; NUMBER_DIGITS_MAX];
        if self.layout == Layout::Solid {
            if Group::plain(range.start, range.len()).write(text, &mut digits).is_none() {
                return;
            }
        } else {
            // Without a branch a byte: what is no digit is written over.
            let mut n = 0;
            for byte in text.get(range.clone()).unwrap_or_default() {
                if let Some(slot) = digits.get_mut(n) {
                    *slot = *byte;
                }
                n += usize::from(byte.is_ascii_digit());
            }
        }
        found.number(&Number {
            range,
            digits,
            len: self.len,
            layout: self.layout,
            first_group: usize::from(self.first_group),
            separator: self.separator,
            before: self.before,
            after: self.after,
            hidden: self.layout.hides(),
        });
    }
}

/// Keeps what it is told.
struct Listener<'s> {
    slot: &'s mut Slot,
    base: usize,
    /// Whether there was room for everything, and the digits made no difference.
    fits: bool,
}

impl Listener<'_> {
    fn keep(&mut self, step: Step) {
        match self.slot.steps.get_mut(self.slot.n) {
            Some(slot) => (*slot, self.slot.n) = (step, self.slot.n + 1),
            None => self.fits = false,
        }
    }
}

impl Finder for Listener<'_> {
    fn by_digits(&mut self, _tell: impl FnOnce() -> bool) -> bool {
        self.fits = false;
        false
    }

    fn number(&mut self, number: &Number) {
        let place = |at: usize| (at - self.base) as u8;
        self.keep(Step::Number(Placed {
            start: place(number.range.start),
            end: place(number.range.end),
            len: number.len,
            first_group: number.first_group as u8,
            layout: number.layout,
            separator: number.separator,
            before: number.before,
            after: number.after,
        }));
    }

    fn candidate(&mut self, candidate: Candidate) {
        match candidate {
            Candidate::Zone(at) => self.keep(Step::Zone((at - self.base) as u8)),
            Candidate::Lookalikes(at) => self.keep(Step::Lookalikes((at - self.base) as u8)),
            _ => self.fits = false,
        }
    }
}
