//! Which texts say anything at all: most words announce nothing, and then nothing more is looked up around a number.
//!
//! A phrase can only stand where each of its words stands, so it is enough to watch for one word of each. What is said
//! here is "perhaps"; what exactly was announced is read as before, phrase by phrase.

mod plain;
mod silent;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::Column;
use crate::simd::{BLOCK, Hashes, Place, Word, letters_and_digits, letters_and_digits_from, words};

use super::refrain::Refrains;
use super::{Columns, LEFT_BYTES, PAPERS};
use plain::{Key, next_letter, plain_words};
use silent::Ahead;

/// What may have been announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint(u8);

impl Hint {
    pub(super) const NOTHING: Self = Self(0);
    /// A paper of a person.
    const PAPER: Self = Self(1);
    /// Another number.
    const NUMBER: Self = Self(2);
    /// What no digits tell: births, addresses.
    const WORD: Self = Self(4);
    /// The name of a person.
    const NAME: Self = Self(8);
    const KINDS: usize = 4;
    pub(super) const ANYTHING: Self = Self(15);

    fn of(column: Column) -> Self {
        if Columns::of(&[column]).meets(PAPERS) {
            Self::PAPER
        } else if column.speaks_of_numbers() {
            Self::NUMBER
        } else if column == Column::Name {
            Self::NAME
        } else {
            Self::WORD
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Notes the end of a word that hints at this.
    fn note<T: Copy>(self, ends: &mut [T; Self::KINDS], end: T) {
        for (n, last) in ends.iter_mut().enumerate() {
            if self.0 & 1 << n != 0 {
                *last = end;
            }
        }
    }

    const fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    /// Whether nothing was announced, or nothing that speaks of a number.
    pub(crate) const fn is_nothing(self, to_a_number: bool) -> bool {
        !self.has(Self::PAPER)
            && !self.has(Self::NUMBER)
            && (to_a_number || !self.has(Self::WORD) && !self.has(Self::NAME))
    }

    /// Whether nothing was announced that speaks of a number.
    pub(crate) const fn is_no_number(self) -> bool {
        self.is_nothing(true)
    }

    /// Whether no name of a person was announced.
    pub(crate) const fn is_no_name(self) -> bool {
        !self.has(Self::NAME)
    }

    /// Whether no other number was announced.
    pub(crate) const fn is_no_other(self) -> bool {
        !self.has(Self::NUMBER)
    }

    /// Whether no paper of a person was announced.
    pub(crate) const fn is_no_paper(self) -> bool {
        !self.has(Self::PAPER)
    }
}

/// A word of each phrase, or two that stand side by side, and what the phrases with it announce.
pub(super) struct Watched {
    /// Packed words and pairs, 0 where there is none; at the place their hash tells or behind it.
    slots: Vec<(u64, Hint)>,
    /// Letters of the shortest there is; of two words both.
    shortest: usize,
    /// The same words and pairs: nearly every word met is none of them.
    hashes: Hashes,
}

/// Room for words, a power of two: several times what the lists need, so that most misses end at once.
const SLOTS: usize = 1 << 12;

impl Watched {
    /// Watches for folded phrases, `" so  cccd "`, and what each announces.
    pub(super) fn new<'p>(phrases: impl Iterator<Item = (&'p [u8], Column)>) -> Self {
        let mut watched =
            Self { slots: vec![(0, Hint::NOTHING); SLOTS], shortest: usize::MAX, hashes: Hashes::new(&[], &[]) };
        let (mut alone, mut pairs) = (Vec::new(), Vec::new());
        for (phrase, column) in phrases {
            let words: Vec<_> = phrase.split(|b| *b == b' ').filter(|word| !word.is_empty()).collect();
            let spelled = |word: &[u8]| word.iter().all(u8::is_ascii_alphabetic);
            let packed = |word: &[u8]| word.iter().fold(Key::default(), |key, letter| key.with(*letter)).letters;
            // The longest are the rarest.
            let beside = words.windows(2).filter(|pair| pair.iter().all(|word| spelled(word)));
            let pair = beside.max_by_key(|pair| pair.iter().map(|word| word.len()).sum::<usize>());
            let key = match pair {
                Some([first, second]) => {
                    watched.shortest = watched.shortest.min(first.len() + second.len());
                    pairs.push([packed(first), packed(second)]);
                    side_by_side(packed(first), packed(second))
                }
                _ => {
                    let longest = words.iter().filter(|word| spelled(word)).max_by_key(|w| w.len());
                    let key = longest.map_or(0, |word| packed(word));
                    watched.shortest = watched.shortest.min(longest.map_or(0, |word| word.len()));
                    alone.push(key);
                    key
                }
            };
            debug_assert_ne!(key, 0, "no phrase is without a word");
            let mut at = hash(key);
            while watched.slots.get(at).is_some_and(|(held, _)| *held != 0 && *held != key) {
                at = (at + 1) % SLOTS;
            }
            if let Some((held, said)) = watched.slots.get_mut(at) {
                (*held, *said) = (key, said.and(Hint::of(column)));
            }
        }
        debug_assert!(watched.slots.iter().filter(|(held, _)| *held != 0).count() < SLOTS / 4);
        watched.hashes = Hashes::new(&alone, &pairs);
        watched
    }

    /// Whether a word says something, by itself or with the one before; 0 for none before.
    #[inline]
    fn says(&self, before: u64, word: u64) -> bool {
        self.hashes.may_hold(Hashes::spread(before), Hashes::spread(word)) && self.said(before, word) != Hint::NOTHING
    }

    /// What a word behind another hints at, by itself and with it; 0 for none before.
    #[cold]
    #[inline(never)]
    fn said(&self, before: u64, word: u64) -> Hint {
        let pair = if before == 0 { Hint::NOTHING } else { self.hint(side_by_side(before, word)) };
        self.hint(word).and(pair)
    }

    fn hint(&self, key: u64) -> Hint {
        let mut at = hash(key);
        while let Some(&(held, hint)) = self.slots.get(at) {
            if held == key {
                return hint;
            }
            if held == 0 {
                break;
            }
            at = (at + 1) % SLOTS;
        }
        Hint::NOTHING
    }

    /// What the words of `text` hint at.
    pub(super) fn of(&self, text: &[u8]) -> Hint {
        let mut hint = Hint::NOTHING;
        self.words(text, 0..text.len(), |_, said| hint = hint.and(said));
        hint
    }

    /// Tells `found` the end of each watched word of `text[range]`.
    fn words(&self, text: &[u8], range: Range<usize>, found: impl FnMut(usize, Hint)) {
        self.listen::<false>(text, range, found);
    }

    /// The same; from where to go on when more is read.
    fn words_that_go_on(&self, text: &[u8], range: Range<usize>, found: impl FnMut(usize, Hint)) -> usize {
        let end = range.end;
        let ([first, second], parted) = self.listen::<true>(text, range, found);
        // The last word may begin a pair, and one that the end cuts may end another.
        match (first, second) {
            (_, None) => end,
            _ if parted => end,
            (Some(first), Some(second)) if second.end == end => first.start,
            (_, Some(second)) => second.start,
        }
    }

    /// The same; the last two words, and whether digits part them from what follows. None where it does not `GO_ON`.
    #[inline]
    fn listen<const GO_ON: bool>(
        &self,
        text: &[u8],
        range: Range<usize>,
        found: impl FnMut(usize, Hint),
    ) -> ([Option<Range<usize>>; 2], bool) {
        let mut ear = Ear::<_, GO_ON> { watched: self, found, before: 0, spread: 0, last: [None; 2] };
        let end = range.end;
        let (at, parted) = words(text, range, |word| ear.hear(&word));
        let parted = if at < end { plain_words(text, at..end, parted, |word| ear.hear(&word)) } else { parted };
        (ear.last.map(|place| place.map(Place::range)), parted)
    }
}

/// Who hears one word after the other.
struct Ear<'w, F, const GO_ON: bool> {
    watched: &'w Watched,
    found: F,
    /// The word before, unless digits part it from what follows, and what hashes are made of.
    before: u64,
    spread: u64,
    /// Where the last two stand, likewise.
    last: [Option<Place>; 2],
}

impl<F: FnMut(usize, Hint), const GO_ON: bool> Ear<'_, F, GO_ON> {
    /// Part of the loop that reads the words, so that nothing of this is written to memory and read again.
    #[inline(always)]
    fn hear(&mut self, word: &Word) {
        if word.parted {
            (self.before, self.spread, self.last) = (0, 0, [None; 2]);
        }
        let spread = Hashes::spread(word.key);
        if self.watched.hashes.may_hold(self.spread, spread) {
            let hint = self.watched.said(self.before, word.key);
            if hint != Hint::NOTHING {
                (self.found)(word.place.range().end, hint);
            }
        }
        (self.before, self.spread) = (word.key, spread);
        if GO_ON {
            self.last = [self.last[1], Some(word.place)];
        }
    }
}

/// The key of a word of small letters of ASCII, if that is all that stands there; `None` as well for a long one.
#[inline]
fn small_word(text: &[u8], start: usize, len: usize) -> Option<u64> {
    /// The same in each byte.
    const fn each(byte: u8) -> u64 {
        byte as u64 * (u64::MAX / 0xff)
    }
    const HIGH: u64 = each(0x80);
    let letters = u64::from_le_bytes(*text.get(start..)?.first_chunk()?);
    let within = u64::MAX.checked_shr(8 * 8_u32.checked_sub(len as u32)?)?;
    // The high bit of each byte from `a` to `z`: no sum goes over into the next byte where none is beyond ASCII.
    let ascii = letters & !HIGH;
    let [from_a, behind_z] = [ascii + each(0x80 - b'a'), ascii + each(0x7f - b'z')];
    let small = from_a & !behind_z & !letters & HIGH;
    (small & within == HIGH & within).then_some(letters & within & each(0x1f))
}

/// One key for two words side by side.
const fn side_by_side(first: u64, second: u64) -> u64 {
    first.rotate_left(29).wrapping_mul(0xff51_afd7_ed55_8ccd) ^ second | 1 << 63
}

/// A hash of a key, the place of a slot.
const fn hash(key: u64) -> usize {
    (Hashes::spread(key) >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

/// What was heard on the way through a text. Numbers are met in order, so every byte is read about once, however many
/// numbers it stands before.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What was read, but for the last word, which may go on.
    since: usize,
    upto: usize,
    /// How far that was read with the last word.
    read: usize,
    /// Where the last words end that hint at each kind.
    ends: [usize; Hint::KINDS],
    refrains: Refrains<[u8; Hint::KINDS]>,
    ahead: Ahead,
    /// How much more often it was of no use to read ahead than it was.
    in_vain: usize,
}

/// So much more often in vain, and one reads ahead only now and then: letters of an office say something everywhere.
const IN_VAIN: usize = 32;
/// One time in so many.
const SELDOM: usize = 16;

impl Heard {
    /// What the words before the digit at `to` hint at, as far as `from`, or more than that. Words end at a digit, and no
    /// pair stands on both sides of one, so that nothing read here goes on behind it.
    pub(super) fn before_number(&mut self, text: &[u8], from: usize, to: usize, watched: &Watched) -> Hint {
        let stretch = text.get(..to).unwrap_or_default();
        if from < self.since {
            // Back to what was passed over.
            return watched.of(stretch.get(from..).unwrap_or_default());
        }
        if self.upto <= from {
            (self.since, self.upto) = (from, from);
            if is_inside_a_word(text, from) {
                // Half of it is heard, whatever was read ahead.
                self.ahead = Ahead::new(from);
            }
        } else if begins_within_a_long_word(stretch, from) {
            // Half a word is read as a whole one only where it is long.
            return Hint::ANYTHING;
        }
        if self.upto < to {
            match self.is_silent(text, to, watched) {
                true => {}
                false if self.refrains.come_again() => self.hear_apart(text, to, watched),
                false => self.hear(text, to, watched),
            }
            (self.upto, self.read) = (to, to);
        }
        self.ends(from)
    }

    /// Whether no word in `range` says anything, nor one that goes on behind it, as far as that is told quickly. A word
    /// that the beginning cuts is not asked for: what is told so has no word that is so long that half of it counts.
    #[inline]
    pub(super) fn is_quiet(&mut self, text: &[u8], range: Range<usize>, watched: &Watched) -> bool {
        if self.ahead.since <= range.start && range.end <= self.ahead.upto {
            return true;
        }
        self.turns_out_quiet(text, range, watched)
    }

    /// The same of what was not read yet.
    fn turns_out_quiet(&mut self, text: &[u8], range: Range<usize>, watched: &Watched) -> bool {
        if !self.reads_ahead() {
            return false;
        }
        if self.ahead.upto < range.start {
            self.ahead = Ahead::new(range.start);
        }
        if self.ahead.since > range.start {
            return false;
        }
        if self.ahead.upto < range.end {
            self.ahead.read(text, range.end, watched);
        }
        self.is_of_use(self.ahead.upto >= range.end)
    }

    /// Whether it is worth while to read ahead.
    #[inline]
    const fn reads_ahead(&mut self) -> bool {
        let often = self.in_vain < IN_VAIN;
        if !often {
            self.in_vain += 1;
        }
        often || self.in_vain.is_multiple_of(SELDOM)
    }

    /// Counts whether that was of use.
    #[inline]
    const fn is_of_use(&mut self, told: bool) -> bool {
        let lately = if self.in_vain < IN_VAIN { self.in_vain } else { IN_VAIN };
        self.in_vain = if told { lately.saturating_sub(1) } else { self.in_vain + 1 };
        told
    }

    /// Whether nothing is said up to the digit at `to`, as far as that is told quickly.
    #[inline]
    fn is_silent(&mut self, text: &[u8], to: usize, watched: &Watched) -> bool {
        if !self.reads_ahead() {
            return false;
        }
        // What stands behind may have been asked for first.
        if self.ahead.upto < self.upto || self.ahead.since > self.upto {
            self.ahead = Ahead::new(self.upto);
        }
        if self.ahead.upto < to {
            self.ahead.read(text, to, watched);
        }
        self.is_of_use(self.ahead.upto >= to)
    }

    /// Reads the words up to the digit at `to`, those between two digits each for themselves: of these, the same come
    /// again and again. A stretch begins with a letter and ends with the last one before a digit.
    fn hear_apart(&mut self, text: &[u8], to: usize, watched: &Watched) {
        let mut at = self.upto;
        while at < to {
            let within = u64::MAX >> BLOCK.saturating_sub(to - at);
            let (letter, digit) = letters_and_digits_from(text, at);
            // A letter between two digits is no word, and codes are full of them.
            let alone = if watched.shortest > 1 { digit << 1 & digit >> 1 } else { 0 };
            let (mut letter, digit) = (letter & within & !alone, digit & within);
            while letter != 0 {
                let start = letter.trailing_zeros();
                let ends = digit & u64::MAX << start;
                // Nothing but signs behind the last letter before a digit.
                let stretch = letter & ends.wrapping_sub(1) & !ends;
                if ends == 0 && to - at > BLOCK {
                    break;
                }
                let end = u64::BITS - stretch.leading_zeros();
                self.hear_one(text, at + start as usize, (end - start) as usize, watched);
                letter ^= stretch;
            }
            at = match letter.trailing_zeros() as usize {
                BLOCK => at + BLOCK,
                // It goes on behind these bytes, of which it is the last.
                start if start > 0 => at + start,
                _ => self.hear_long(text, at, to, watched),
            };
        }
    }

    /// Reads the words of a stretch that begins at `at` and is longer than a block; where it ends.
    #[cold]
    #[inline(never)]
    fn hear_long(&mut self, text: &[u8], at: usize, to: usize, watched: &Watched) -> usize {
        let stretch = text.get(at..to).unwrap_or_default();
        let end = stretch.iter().position(u8::is_ascii_digit).unwrap_or(stretch.len());
        let last = stretch.iter().take(end).rposition(|b| is_letter(*b)).map_or(0, |last| last + 1);
        self.hear_one(text, at, last, watched);
        at + end
    }

    /// Reads the words of a stretch between two digits.
    #[inline]
    fn hear_one(&mut self, text: &[u8], start: usize, len: usize, watched: &Watched) {
        const { assert!(LEFT_BYTES <= u8::MAX as usize) };
        // Most are one short word, which says nothing.
        if len < watched.shortest || small_word(text, start, len).is_some_and(|key| !watched.says(0, key)) {
            return;
        }
        let hear = || {
            let mut ends = [0; Hint::KINDS];
            watched.words(text, start..start + len, |end, said| said.note(&mut ends, (end - start) as u8));
            ends
        };
        let ends = self.refrains.said(text.get(start..).unwrap_or_default(), len, hear);
        for (last, end) in self.ends.iter_mut().zip(ends) {
            if end > 0 {
                *last = start + usize::from(end);
            }
        }
    }

    /// Reads the words up to `to`.
    fn hear(&mut self, text: &[u8], to: usize, watched: &Watched) {
        let ends = &mut self.ends;
        watched.words(text, self.upto..to, |end, said| said.note(ends, end));
    }

    /// The same; from where to go on.
    fn hear_on(&mut self, text: &[u8], to: usize, watched: &Watched) -> usize {
        let ends = &mut self.ends;
        watched.words_that_go_on(text, self.upto..to, |end, said| said.note(ends, end))
    }

    /// What hints behind `from`.
    #[inline]
    fn ends(&self, from: usize) -> Hint {
        let heard = self.ends.iter().enumerate().map(|(n, end)| Hint(u8::from(*end > from) << n));
        heard.fold(Hint::NOTHING, Hint::and)
    }

    /// What the words of `text[from..to]` hint at, the first and last perhaps cut.
    pub(super) fn between(&mut self, text: &[u8], from: usize, to: usize, watched: &Watched) -> Hint {
        let stretch = text.get(..to).unwrap_or_default();
        if from < self.since {
            // Back to what was passed over.
            return watched.of(stretch.get(from..).unwrap_or_default());
        }
        let mut hint = Hint::NOTHING;
        if self.upto <= from {
            (self.since, self.upto, self.read) = (from, from, from);
        } else if is_inside_a_word(stretch, from) {
            // A word that the beginning cuts was read whole, and as one of a pair.
            let cut = stretch.get(from..).unwrap_or_default();
            let letters = |from: usize, letters: bool| {
                let rest = cut.iter().skip(from);
                from + rest.take_while(|b| is_letter(**b) == letters).count()
            };
            let end = letters(letters(letters(0, true), false), true);
            hint = watched.of(cut.get(..end).unwrap_or_default());
        }
        if self.upto.max(self.read) > to && is_inside_a_word(text, to) {
            // So was one that the end cuts.
            let letters = |to: usize, letters: bool| {
                let before = stretch.iter().take(to).rev();
                to - before.take_while(|b| is_letter(**b) == letters).count()
            };
            let begins = letters(letters(letters(to, true), false), true).max(from);
            hint = hint.and(watched.of(stretch.get(begins..).unwrap_or_default()));
        }
        // Numbers often follow each other with no word between them.
        if self.upto < to && self.upto < self.read && self.read <= to {
            let (letter, parted) = next_letter(text, self.read..to);
            if letter.is_none() {
                self.read = to;
                if parted {
                    self.upto = to;
                }
            }
        }
        if self.upto < to && self.read != to {
            self.upto = self.hear_on(text, to, watched);
            self.read = to;
        }
        hint.and(self.ends(from))
    }
}

/// Whether letters stand before `at` and so many behind that half a word may be taken for a whole one.
fn begins_within_a_long_word(text: &[u8], at: usize) -> bool {
    is_inside_a_word(text, at)
        && text.get(at..).and_then(<[u8]>::first_chunk).is_some_and(|chunk| letters_and_digits(chunk).0 == u16::MAX)
}

/// Whether letters stand on both sides of `at`.
#[inline]
pub(super) fn is_inside_a_word(text: &[u8], at: usize) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|b| is_letter(*b));
    letter(at.checked_sub(1)) && letter(Some(at))
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}
