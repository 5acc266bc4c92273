//! What the words around a candidate say it is.
//!
//! Words are looked up only here, only near a candidate, and only when a detector asks: never over the whole text.
//! Nothing further than [`LEFT_BYTES`] before a candidate or [`RIGHT_BYTES`] behind it has a say.
//!
//! [`Near`] is what detectors ask. Words before a candidate are read in `left`, those behind in `right`, and what they
//! announce is told by the phrases of `words`; `heard` tells cheaply that nothing can have been announced, and `memory`
//! goes from one candidate to the next.

mod announced;
mod clause;
mod codes;
mod heard;
mod left;
mod memory;
mod mixed;
mod refrain;
mod right;
#[cfg(test)]
mod tests;
mod words;
mod written;

use std::ops::Range;

use crate::Column;
pub(crate) use announced::{Announced, Columns, Firm};
use clause::has_letters;
pub(crate) use heard::Hint;
pub(crate) use memory::Memory;
use memory::{Last, Told};
pub(crate) use mixed::MIXED_BYTES;
pub(crate) use words::Words;
use words::{PAPERS, papers_of};
pub(crate) use written::{ends_a_name, says, unfolded};

/// How far to the left words are looked for.
pub(crate) const LEFT_BYTES: usize = 112;
/// How far to the right.
pub(crate) const RIGHT_BYTES: usize = 64;

/// Folded bytes between a word and a number for the word to stand *directly* before it: `mã số BHXH vẫn là …`.
const DIRECT: usize = 24;
/// The same for a word that speaks of the number at all.
const NEAR: usize = 72;
/// Folded bytes between two words of one announcement: `Số CCCD/CMND`, `BHXH hoặc CCCD`.
const LINK: usize = 8;
/// Digits in a row that make a number of its own, behind which words no longer speak of the next number.
const OTHER_NUMBER_DIGITS: usize = 6;

/// A longer text is no cell with one value. Equal to the context a window has, so that a window of a longer text is
/// never mistaken for a cell.
const CELL_BYTES_MAX: usize = crate::CONTEXT_BYTES;

/// Looks words up around one candidate, at most once however many detectors ask.
pub(crate) struct Near<'t> {
    text: &'t [u8],
    words: &'t Words,
    column: Option<Column>,
    range: Range<usize>,
    digits: usize,
    this_year: u16,
    /// Where the words begin that may speak of it, and what those before it hint at: anything, while nobody has asked.
    own: Option<usize>,
    left: Hint,
    hint: Option<Hint>,
    found: Option<Announced>,
    /// The name found last, and its points.
    named: Option<(Range<usize>, i32)>,
    memory: &'t mut Memory,
}

impl<'t> Near<'t> {
    /// For the candidate at `range`, which has so many digits.
    pub(crate) const fn new(
        text: &'t [u8],
        words: &'t Words,
        column: Option<Column>,
        range: Range<usize>,
        digits: usize,
        this_year: u16,
        memory: &'t mut Memory,
    ) -> Self {
        Self {
            text,
            words,
            column,
            range,
            digits,
            this_year,
            own: None,
            left: Hint::ANYTHING,
            hint: None,
            found: None,
            named: None,
            memory,
        }
    }

    /// Knowing which name was found last, and its points.
    pub(crate) fn knowing(self, named: Option<(Range<usize>, i32)>) -> Self {
        Self { named, ..self }
    }

    /// The name found last, if that is known, and its points.
    pub(crate) const fn name_before(&self) -> Option<&(Range<usize>, i32)> {
        self.named.as_ref()
    }

    /// The text all of this is about.
    pub(crate) const fn text(&self) -> &'t [u8] {
        self.text
    }

    /// The present year, for plausible births.
    pub(crate) const fn this_year(&self) -> u16 {
        self.this_year
    }

    /// The column given by the caller.
    pub(crate) const fn column(&self) -> Option<Column> {
        self.column
    }

    /// Whether the candidate is all there is, but for signs and the letters of a card or passport.
    fn is_cell(&self) -> bool {
        let letters = |b: &[u8]| b.iter().filter(|b| b.is_ascii_alphanumeric()).count();
        let around = [self.text.get(..self.range.start), self.text.get(self.range.end..)];
        self.text.len() <= CELL_BYTES_MAX && around.iter().flatten().map(|part| letters(part)).sum::<usize>() <= 2
    }

    /// What was announced.
    pub(crate) fn announced(&mut self) -> Announced {
        if let Some(found) = self.found {
            return found;
        }
        let (as_any_of, firm) = match self.column.filter(|c| c.speaks_of_numbers()).map(Column::spoken) {
            Some(column) if self.is_cell() => (Columns::of(&[column]), Firm::Column),
            Some(column) => self.beside_words(column),
            // What nothing hints at, nobody announced.
            None if self.hint.is_some_and(|hint| hint.is_nothing(self.digits > 0)) => (Columns::default(), Firm::Not),
            None => match self.issuer().or_else(|| self.right_behind_digits()) {
                Some(said) => said,
                None if self.hint().is_nothing(self.digits > 0) => (Columns::default(), Firm::Not),
                None => self.around(),
            },
        };
        // No amount begins with a zero.
        let zero = self.text.get(self.range.start) == Some(&b'0');
        let paper = zero && firm >= Firm::Direct && as_any_of.meets(PAPERS);
        let amount = !paper && self.amount_follows();
        let found = Announced { as_any_of, firm, amount };
        self.found = Some(found);
        found
    }

    /// The same of a value that begins with letters before the digits: none of them belongs to the words before it.
    pub(crate) fn announced_from(&mut self, start: usize) -> Announced {
        let Self { text, words, column, digits, this_year, .. } = *self;
        Near::new(text, words, column, start..self.range.end, digits, this_year, self.memory).announced()
    }

    /// What is announced in a cell that holds more than the number. A paper that is named there is that paper, under
    /// whatever header; else the header is only the nearest word, but for one that nothing but its own words outweighs.
    fn beside_words(&mut self, column: Column) -> (Columns, Firm) {
        /// Papers of a person that have no ten digits: a mere `BHXH` before such a number is another one beside them.
        const NEVER_TEN: Columns = Columns::of(&[Column::Cccd, Column::Cmnd, Column::IdNumber, Column::Passport]);
        /// What may stand behind a paper that is named as well: numbers of one length share their announcement.
        const SHARED: Columns = PAPERS.and(Column::Phone);
        let header = Columns::of(&[column]);
        if column == Column::Negative {
            return match self.around() {
                (said, Firm::Direct) if said.meets(PAPERS) => (said, Firm::Direct),
                _ => (header, Firm::Column),
            };
        }
        if self.hint().is_no_paper() {
            return (header, Firm::Direct);
        }
        match self.left() {
            (said, Firm::Direct) if said.meets(PAPERS) && header.meets(SHARED) => (said.or(header), Firm::Direct),
            (said, Firm::Direct) if said.meets(PAPERS) => (said, Firm::Direct),
            (said, Firm::Weak) if self.digits == 10 && header.meets(NEVER_TEN) && said.meets(papers_of(10)) => {
                (said, Firm::Weak)
            }
            _ => (header, Firm::Direct),
        }
    }

    /// Whether it was directly announced as the name of a person, or its header says so.
    pub(crate) fn is_named(&mut self) -> bool {
        let told = self.column.is_some_and(Column::speaks_of_numbers) || self.hint().is_no_name();
        let name = Columns::of(&[Column::Name]);
        self.column == Some(Column::Name) || !told && self.announced().firm(name) >= Firm::Direct
    }

    /// Whether it is certain, with little reading, that no paper of a person was announced.
    pub(crate) fn is_silent(&mut self) -> bool {
        !self.column.is_some_and(Column::speaks_of_numbers) && self.hint().is_no_paper()
    }

    /// Whether it is certain, likewise, that nothing was announced that speaks of a number.
    pub(crate) fn is_unannounced(&mut self) -> bool {
        !self.column.is_some_and(Column::speaks_of_numbers) && self.hint().is_no_number()
    }

    /// Whether it is certain, likewise, that no other number was announced.
    pub(crate) fn is_no_other(&mut self) -> bool {
        !self.column.is_some_and(Column::speaks_of_numbers) && self.hint().is_no_other()
    }

    /// Whether words of [`MIXED_BYTES`] and more that letters and digits are mixed in may stand so near.
    pub(crate) fn is_near_mixed(&mut self, bytes: usize) -> bool {
        let Self { text, range, memory, .. } = self;
        let around = range.start.saturating_sub(bytes)..text.len().min(range.end.saturating_add(bytes));
        !memory.mixed.is_none_in(text, around)
    }

    /// What the words around may be about.
    fn hint(&mut self) -> Hint {
        if let Some(hint) = self.hint {
            return hint;
        }
        if let Some(told) = self.memory.told.as_ref().filter(|t| t.range == self.range && t.digits == self.digits) {
            (self.own, self.left, self.hint) = (told.own, told.left, Some(told.hint));
            return told.hint;
        }
        if self.is_quiet() {
            return Hint::NOTHING;
        }
        let left = self.left_hint();
        let behind = self.words_behind();
        let hint = if has_letters(behind) { left.and(self.words.watched.of(behind)) } else { left };
        (self.left, self.hint) = (left, Some(hint));
        if hint != Hint::NOTHING {
            let (range, digits, own) = (self.range.clone(), self.digits, self.own);
            self.memory.told = Some(Told { range, digits, own, left, hint });
        }
        hint
    }

    /// Whether it is certain, by what was read on the way, that no word on either side says anything.
    fn is_quiet(&mut self) -> bool {
        let Self { text, words, range, digits, memory, .. } = self;
        let quiet = *digits > 0 && memory.is_quiet(text, range, &words.watched);
        if quiet {
            (self.own, self.left, self.hint) = (Some(range.start), Hint::NOTHING, Some(Hint::NOTHING));
        }
        quiet
    }

    /// Remembers the candidate, a run of plain digits with nothing but signs around, for the numbers behind it.
    pub(crate) fn pass(&mut self) {
        if self.digits >= OTHER_NUMBER_DIGITS {
            let own = self.own.unwrap_or_else(|| self.own_words_from());
            self.memory.keep(Last { end: self.range.end, digits: self.digits, own, said: self.left });
        }
    }

    /// What the words around announce: those before the candidate, else those behind.
    fn around(&mut self) -> (Columns, Firm) {
        // Where a form has its labels in brackets below, what stands above speaks of something else.
        let below = if self.is_bracketed_below() { self.right() } else { (Columns::default(), Firm::Not) };
        if below.1 != Firm::Not {
            return below;
        }
        match self.left() {
            (_, Firm::Not) => self.right(),
            // A line above that names no paper with as many digits speaks of it less than what follows on its own, and any
            // line less than `là …`.
            left if self.begins_its_line()
                && !self.is_beside_a_label()
                && (!left.0.meets(papers_of(self.digits)) || self.says_what_it_is()) =>
            {
                match self.right() {
                    right @ (_, Firm::Direct) => right,
                    _ => left,
                }
            }
            left => left,
        }
    }

    /// Whether nothing was said on its line before it.
    fn begins_its_line(&self) -> bool {
        let before = self.text.get(..self.range.start).unwrap_or_default().iter().rev().take(LEFT_BYTES);
        before.take_while(|b| !b.is_ascii_alphanumeric() && **b < 0x80).any(|b| *b == b'\n')
    }
}
