//! What the words around a candidate say it is.
//!
//! Words are looked up only here, only near a candidate, and only when a detector asks: never over the whole text.
//! Nothing further than [`LEFT_BYTES`] before a candidate or [`RIGHT_BYTES`] behind it has a say.

mod codes;
mod heard;
mod refrain;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use memchr::memmem;

use crate::Column;
use crate::fold::spread_words;
use crate::simd::{BLOCK, Classes, classes, first_end, letters_and_digits_from};
use codes::without_codes;
pub(crate) use heard::{Heard, Hint};
use refrain::Refrains;
pub(crate) use words::Words;
use words::{DIGITS_IN_A_PHRASE, Ending, PAPERS};

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

/// Whether no words behind a byte speak of the number before it.
const fn ends_words(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b'|' | b';' | b',')
}

/// A longer text is no cell with one value. Equal to the context a window has, so that a window of a longer text is
/// never mistaken for a cell.
const CELL_BYTES_MAX: usize = crate::CONTEXT_BYTES;

/// How firmly something was announced, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Firm {
    /// Nothing was said.
    Not,
    /// A word that also stands in a hundred other places (`BHXH`), directly before.
    Weak,
    /// A word that names it, some words away.
    Near,
    /// A word that names it, directly before or after.
    Direct,
    /// The header of its column or its key.
    Column,
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(u32);

impl Columns {
    pub(crate) const fn of(columns: &[Column]) -> Self {
        let mut set = 0;
        let mut n = 0;
        while n < columns.len() {
            set |= 1 << columns[n] as u32;
            n += 1;
        }
        Self(set)
    }

    const fn and(self, column: Column) -> Self {
        Self(self.0 | 1 << column as u32)
    }

    fn insert(&mut self, column: Column) {
        *self = self.and(column);
    }

    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a candidate was announced as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    as_any_of: Columns,
    firm: Firm,
    /// A currency or unit stands right behind: it is an amount.
    pub(crate) amount: bool,
}

impl Announced {
    /// How firmly it was announced as any of `columns`.
    pub(crate) const fn firm(self, columns: Columns) -> Firm {
        if self.as_any_of.meets(columns) { self.firm } else { Firm::Not }
    }
}

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
    memory: &'t mut Memory,
}

/// What goes from one candidate of a text to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    heard: Heard,
    /// The last two numbers judged that stand by themselves, and which of them is the last one. Where that also begins a
    /// number of several groups, the one before it is asked for.
    last: [Last; 2],
    newest: usize,
    /// What words between digits and a number announce that decide by themselves.
    endings: Refrains<Option<Ending>>,
    /// Where words are folded.
    scratch: Vec<u8>,
    /// The words before a number, without what only codes spell.
    plain: Vec<u8>,
}

/// A run of digits long enough to be a number of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    end: usize,
    digits: usize,
    /// Where the words begin that may speak of it, and what those before it hint at.
    own: usize,
    said: Hint,
}

impl Last {
    /// Whether a candidate behind it has another length, or words of its own between.
    fn speaks_apart(self, near: &Near<'_>) -> bool {
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
    fn keep(&mut self, last: Last) {
        self.newest ^= 1;
        if let Some(slot) = self.last.get_mut(self.newest) {
            *slot = last;
        }
    }

    /// Where the words begin that may speak of a number at `start`, and what they hint at, if one sign parts it from the
    /// last one, as most neighbours in a row are: nothing speaks of it, or what spoke of that one.
    fn beside_the_last(&self, text: &[u8], start: usize, digits: usize) -> Option<(usize, Hint)> {
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
            memory,
        }
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

    /// What is announced in a cell that holds more than the number. A paper that is named there is that paper, under
    /// whatever header; else the header is only the nearest word, but for one that nothing but its own words outweighs.
    fn beside_words(&mut self, column: Column) -> (Columns, Firm) {
        let header = Columns::of(&[column]);
        match column {
            Column::Negative => match self.around() {
                (said, Firm::Direct) if said.meets(PAPERS) => (said, Firm::Direct),
                _ => (header, Firm::Column),
            },
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

    /// What the words around may be about.
    fn hint(&mut self) -> Hint {
        if let Some(hint) = self.hint {
            return hint;
        }
        let left = self.left_hint();
        self.left = left;
        let behind = self.words_behind();
        let hint = if has_letters(behind) { left.and(self.words.watched.of(behind)) } else { left };
        self.hint = Some(hint);
        hint
    }

    /// What the words before may be about.
    fn left_hint(&mut self) -> Hint {
        let watched = &self.words.watched;
        let to = self.range.start;
        if self.digits == 0 || !self.text.get(to).is_some_and(u8::is_ascii_digit) {
            let from = self.left_begins();
            return self.memory.heard.between(self.text, from, to, watched);
        }
        if let Some((own, said)) = self.memory.beside_the_last(self.text, to, self.digits) {
            self.own = Some(own);
            return said;
        }
        let from = self.own_words_from();
        self.own = Some(from);
        self.memory.heard.before_number(self.text, from, to, watched)
    }

    /// Where the words begin that may speak of a number, or before: see [`Self::own_words_begin`], which goes back from
    /// number to number until one has another length or something was said behind it. So what was said before the last
    /// number of another length is of no consequence, nor before one of the same length behind which a letter stands that
    /// no silent word has; and behind one of the same length without such a letter only what spoke of that one too.
    /// Numbers that nobody judged are not known here, which makes the stretch longer than it need be.
    fn own_words_from(&self) -> usize {
        let from = self.range.start.saturating_sub(LEFT_BYTES);
        let Some(last) = self.last().filter(|last| last.end > from) else { return from };
        from.max(if last.speaks_apart(self) { last.end } else { last.own })
    }

    /// The sign before the last number, if it is known that no word before that number has a say. Not if a code may go on
    /// across the sign: what its parts mean is told by the whole.
    fn last_begins(&self) -> usize {
        let Some(last) = self.last().filter(|last| last.speaks_apart(self)) else { return 0 };
        let sign = (last.end - last.digits).saturating_sub(1);
        let parts = |b: &u8| b.is_ascii() && !b.is_ascii_alphanumeric() && !b"-:".contains(b);
        if self.text.get(sign).is_some_and(parts) { sign } else { 0 }
    }

    /// The last number that ended before the candidate.
    fn last(&self) -> Option<Last> {
        let Memory { last, newest, .. } = &*self.memory;
        let ends_before = |last: &&Last| last.digits > 0 && last.end <= self.range.start;
        [*newest, *newest ^ 1].into_iter().find_map(|n| last.get(n).filter(ends_before)).copied()
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
            // A line above speaks of it less than what follows on its own.
            left if self.begins_its_line() && self.label_below().is_none() => match self.right() {
                right @ (_, Firm::Direct) => right,
                _ => left,
            },
            left => left,
        }
    }

    /// Whether nothing was said on its line before it.
    fn begins_its_line(&self) -> bool {
        let before = self.text.get(..self.range.start).unwrap_or_default().iter().rev().take(LEFT_BYTES);
        before.take_while(|b| !b.is_ascii_alphanumeric() && **b < 0x80).any(|b| *b == b'\n')
    }

    /// What HL7 names as the issuer of a number, behind it: `7912345678^^^BHXH~001…`.
    fn issuer(&mut self) -> Option<(Columns, Firm)> {
        let parted = self.text.get(self.range.end) == Some(&b'^');
        let issuer = parted.then(|| self.words_behind()).and_then(|behind| behind.strip_prefix(b"^^^"))?;
        spread_words(issuer, &mut self.memory.scratch);
        Some(self.words.first(&self.memory.scratch)).filter(|said| said.1 != Firm::Not)
    }

    /// What the words announce that only digits part from those before, if no others have a say: no phrase goes on behind
    /// digits, and the nearest one decides. They are the keys of records, which come again and again.
    fn right_behind_digits(&mut self) -> Option<(Columns, Firm)> {
        let (text, range) = (self.text, &self.range);
        // In a row of a table one sign parts a number from the one before.
        text.get(range.start.checked_sub(2)?).filter(|b| !b.is_ascii_digit())?;
        let (letter, digit) = letters_and_digits_from(text, range.start.checked_sub(BLOCK)?);
        let len = digit.leading_zeros();
        if !(1..=refrain::BYTES).contains(&(len as usize)) || letter >> (u64::BITS - len) == 0 {
            return None;
        }
        let end = text.get(range.start - len as usize..)?;
        // A letter that touches the digits may be part of a code, and so may those behind these signs.
        end.first().filter(|b| b.is_ascii() && !b.is_ascii_alphabetic() && !b"-:".contains(b))?;
        if both_in_brackets(end, text.get(range.end..).unwrap_or_default()) || self.is_bracketed_below() {
            return None;
        }
        let Memory { endings, scratch, .. } = &mut *self.memory;
        let hear = || ending(end.get(..len as usize).unwrap_or_default(), self.words, scratch);
        let Ending { said, linked_within } = endings.said(end, len as usize, hear)?;
        // The digits behind the last letter before, with the spaces they are folded with.
        let before = letter & u64::MAX >> len;
        let digits = digit & !u64::MAX.unbounded_shr(before.leading_zeros());
        let apart = digits.count_ones() + 2 * (digits & !(digits << 1)).count_ones();
        (apart as usize >= linked_within + DIGITS_IN_A_PHRASE).then_some(said)
    }

    /// Words before the candidate, nearest first.
    fn left(&mut self) -> (Columns, Firm) {
        let from = self.left_begins().max(self.last_begins());
        let before = self.text.get(from..self.range.start).unwrap_or_default();
        let mut plain = std::mem::take(&mut self.memory.plain);
        let classes = classes(before);
        // Behind a number of another kind nothing before it matters.
        let last = last_number(classes.digit, before.len()).filter(|last| last.len() != self.digits);
        without_codes(before, &classes, last.map_or(0, |last| last.end), &mut plain);
        let said = self.said_before(&plain, &classes);
        self.memory.plain = plain;
        said
    }

    fn said_before(&mut self, before: &[u8], classes: &Classes) -> (Columns, Firm) {
        match self.said_of_it(before, classes) {
            (_, Firm::Not) => self.asked_together(before, classes),
            said => said,
        }
    }

    /// What announced several papers at once, of which the number before is another: `số căn cước với mã BHXH nhé` and both
    /// numbers, one behind the other or each in a line of its own.
    fn asked_together(&mut self, before: &[u8], classes: &Classes) -> (Columns, Firm) {
        let none = (Columns::default(), Firm::Not);
        let Some(other) = last_number(classes.digit, before.len()).filter(|other| other.len() != self.digits) else {
            return none;
        };
        let between = before.get(other.end..).unwrap_or_default();
        if !matches!(other.len(), 9 | 10 | 12) || !answers(between) {
            return none;
        }
        let begin = last_number(classes.digit, other.start).map_or(0, |number| number.end);
        spread_words(before.get(begin..other.start).unwrap_or_default(), &mut self.memory.scratch);
        let (said, firm) = self.words.nearest(&self.memory.scratch, 0, true, false);
        if said.meets(PAPERS) && said.0.count_ones() > 1 { (said, firm.min(Firm::Near)) } else { none }
    }

    /// What the words announce that speak of it and of no other number.
    fn said_of_it(&mut self, before: &[u8], classes: &Classes) -> (Columns, Firm) {
        let begin = self.own_words_begin(before, classes);
        let begin = begin + if begin > 0 { self.others_bracket(before.get(begin..).unwrap_or_default()) } else { 0 };
        let speaking = before.get(begin..).unwrap_or_default();
        let cut = clause_begins(speaking, classes.border.checked_shr(begin as u32).unwrap_or_default());
        let (earlier, clause) = speaking.split_at_checked(cut).unwrap_or((&[], speaking));
        if !speaks(clause, &mut self.memory.scratch) {
            // Nothing but signs since the line or sentence began: a label above, a list under its heading. Behind an empty
            // line only what follows at once, or others like it.
            if !has_letters(speaking) || self.stands_apart(speaking) {
                return (Columns::default(), Firm::Not);
            }
            spread_words(speaking, &mut self.memory.scratch);
            return self.words.nearest(&self.memory.scratch, 0, self.stands_right_below(speaking), false);
        }
        spread_words(clause, &mut self.memory.scratch);
        let colon = ends_with_colon(clause);
        let said = self.words.nearest(&self.memory.scratch, 0, true, colon);
        if said.1 != Firm::Not {
            return said;
        }
        let away = self.memory.scratch.len();
        // `Lũy kế: …` has its own label, whatever it means.
        if colon && !is_mere_label(&self.memory.scratch) {
            return (Columns::default(), Firm::Not);
        }
        // An empty line ends what was said before it, but for an answer.
        let answer = matches!(self.memory.scratch.trim_ascii(), b"dap" | b"tra  loi");
        let empty = if answer { None } else { memmem::rfind(earlier, b"\n\n") };
        let earlier = empty.map_or(earlier, |at| earlier.get(at..).unwrap_or_default());
        if away > NEAR || !has_letters(earlier) {
            return (Columns::default(), Firm::Not);
        }
        spread_words(earlier, &mut self.memory.scratch);
        let (columns, firm) = self.words.nearest(&self.memory.scratch, away, false, false);
        (columns, firm.min(Firm::Near))
    }

    /// Where the words begin that may speak of the candidate. Half a word says nothing; only of text without blanks that
    /// is not known to be half a word.
    fn left_begins(&self) -> usize {
        const WORD_BYTES_MAX: usize = 24;
        let from = self.range.start.saturating_sub(LEFT_BYTES);
        let letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
        if !from.checked_sub(1).and_then(|at| self.text.get(at)).is_some_and(letter) {
            return from;
        }
        let rest = self.text.get(from..self.range.start).unwrap_or_default();
        let half = rest.iter().take(WORD_BYTES_MAX + 1).take_while(|b| letter(b)).count();
        if half <= WORD_BYTES_MAX { from + half } else { from }
    }

    /// Whether only a line end and numbers of the same length part the number from the words before it. Words that
    /// speak against a number reach no further: the lines between may be cells of other columns.
    fn stands_right_below(&self, speaking: &[u8]) -> bool {
        let tail = speaking.iter().rposition(|b| b.is_ascii_alphabetic() || *b >= 0x80).map_or(0, |at| at + 1);
        let tail = speaking.get(tail..).unwrap_or_default();
        let mut numbers = tail.split(|b| !b.is_ascii_digit()).filter(|run| !run.is_empty());
        let lines = tail.iter().filter(|b| **b == b'\n').count();
        let like_this = numbers.clone().all(|run| run.len() == self.digits);
        like_this && lines <= 1 + numbers.by_ref().count()
    }

    /// Whether an empty line and a number of another kind part the number from the words before it.
    fn stands_apart(&self, speaking: &[u8]) -> bool {
        let tail = speaking.iter().rposition(|b| b.is_ascii_alphabetic() || *b >= 0x80).map_or(0, |at| at + 1);
        let tail = speaking.get(tail..).unwrap_or_default();
        let mut numbers = tail.split(|b| !b.is_ascii_digit()).filter(|run| !run.is_empty());
        let empty = memmem::find(tail, b"\n\n").or_else(|| memmem::find(tail, b"\n\r\n"));
        empty.is_some() && numbers.any(|run| run.len() != self.digits)
    }

    /// Where the words begin that can speak of this number: behind the number before it. Numbers of the same length
    /// with nothing said between them share their announcement.
    fn own_words_begin(&mut self, before: &[u8], classes: &Classes) -> usize {
        let mut upto = before.len();
        while let Some(other) = last_number(classes.digit, upto) {
            if other.len() != self.digits
                || speaks(before.get(other.end..upto).unwrap_or_default(), &mut self.memory.scratch)
            {
                return other.end;
            }
            upto = other.start;
        }
        0
    }

    /// Bytes of what stands in brackets right behind the number before, where the candidate has such words itself:
    /// `001090123456 (CCCD); 012345678 (CMND cũ)`.
    fn others_bracket(&self, behind: &[u8]) -> usize {
        if both_in_brackets(behind, self.behind()) {
            behind.iter().position(|b| *b == b')').map_or(0, |at| at + 1)
        } else {
            0
        }
    }

    /// Words behind the candidate: `7912345678 (mã BHXH)`, `… là số căn cước của em`.
    fn right(&mut self) -> (Columns, Firm) {
        let words = self.words_behind();
        if !has_letters(words) {
            return (Columns::default(), Firm::Not);
        }
        spread_words(words, &mut self.memory.scratch);
        match self.words.first(&self.memory.scratch) {
            // The next line may go on with anything.
            (_, Firm::Weak) if self.label_below().is_some() => (Columns::default(), Firm::Not),
            said => said,
        }
    }

    /// The text behind that speaks of the candidate: up to the end of its cell or clause, none before another number but for
    /// those of one list: `7912045873, 7913155984 và 7914265095 là mã số BHXH`.
    fn words_behind(&self) -> &'t [u8] {
        let behind = list_goes_on(self.behind(), self.digits);
        if behind.first().is_some_and(|b| b.is_ascii_digit() || *b == b'\r' || ends_words(*b)) {
            return self.label_below().unwrap_or_default();
        }
        if let Some(bracket) = in_brackets(behind) {
            return bracket;
        }
        match first_end(behind) {
            // Another number follows: the words are its own.
            Some(at) if behind.get(at).is_some_and(u8::is_ascii_digit) => &[],
            ends => behind.get(..ends.unwrap_or(behind.len())).unwrap_or_default(),
        }
    }

    /// Whether the next line begins with a bracket.
    fn is_bracketed_below(&self) -> bool {
        next_line(self.behind()).is_some_and(|line| line.starts_with(b"("))
    }

    /// The next line, where the candidate has one to itself and that line speaks of it: one in brackets, as forms have it
    /// below what is filled in, or one with neither a value of its own nor one below.
    fn label_below(&self) -> Option<&'t [u8]> {
        let behind = self.behind();
        let below = next_line(behind)?;
        let before = self.text.get(..self.range.start).unwrap_or_default();
        let mut before = before.iter().rev().take(LEFT_BYTES);
        if below.first()?.is_ascii_digit() || before.find(|b| !b" \t>".contains(b)).is_some_and(|b| *b != b'\n') {
            return None;
        }
        let len = memchr::memchr(b'\n', below);
        let ends = self.range.end + behind.len() == self.text.len();
        let line = below.get(..len.or_else(|| ends.then_some(below.len()))?)?.trim_ascii();
        if let Some(inner) = line.strip_prefix(b"(").and_then(|line| line.strip_suffix(b")")) {
            return Some(inner);
        }
        let next = len.and_then(|len| next_line(below.get(len..)?)).unwrap_or_default();
        let is_value = |b: &u8| b.is_ascii_digit() || b":;|\t=".contains(b);
        (!line.iter().any(is_value) && !next.first().is_some_and(u8::is_ascii_digit)).then_some(line)
    }

    fn behind(&self) -> &'t [u8] {
        let to = self.text.len().min(self.range.end.saturating_add(RIGHT_BYTES));
        self.text.get(self.range.end..to).unwrap_or_default()
    }

    fn amount_follows(&mut self) -> bool {
        let behind = self.behind();
        let head = behind.get(..16).unwrap_or(behind);
        // `'001090123456','MS4…` is a list, not milliseconds.
        let head = head.strip_prefix(b" ").unwrap_or(head);
        if !head.first().is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80) {
            return false;
        }
        spread_words(head, &mut self.memory.scratch);
        const UNITS: &[&[u8]] = &[
            b"vnd", b"d", b"usd", b"kwh", b"ms", b"byte", b"bytes", b"kb", b"mb", b"ty", b"trieu", b"mg", b"ml", b"kg",
        ];
        let word = self.memory.scratch.split(|b| *b == b' ').find(|w| !w.is_empty()).unwrap_or_default();
        // `đóng` (to pay in) folds to the same, and is what follows insurance numbers.
        let dong =
            || ["đồng", "đo\u{302}\u{300}ng", "ĐỒNG"].iter().any(|d| head.trim_ascii_start().starts_with(d.as_bytes()));
        const COUNTED: [&[u8]; 4] = [b"ban  ghi ", b"luot ", b"records ", b"rows "];
        if COUNTED.iter().any(|what| self.memory.scratch.trim_ascii_start().starts_with(what)) {
            return true;
        }
        // `MB Bank` is a bank.
        let bank = word == b"mb" && head.windows(4).any(|w| w.eq_ignore_ascii_case(b"bank"));
        UNITS.contains(&word) && !bank || word == b"dong" && dong()
    }
}

/// The last run of digits before `upto` long enough to be a number of its own, of the places `digits`.
fn last_number(digits: u128, upto: usize) -> Option<Range<usize>> {
    const { assert!(OTHER_NUMBER_DIGITS == 6 && LEFT_BYTES < 128) };
    let digits = digits & !u128::MAX.checked_shl(upto as u32).unwrap_or_default();
    let two = digits & digits >> 1;
    let four = two & two >> 2;
    let six = four & two >> 4;
    let end = six.checked_ilog2()? as usize + OTHER_NUMBER_DIGITS;
    let len = (digits << (128 - end)).leading_ones() as usize;
    Some(end - len..end)
}

/// Where the clause at the end of `text` begins: behind the last line end, cell border or end of a sentence, which are
/// some of the places `borders`.
fn clause_begins(text: &[u8], mut borders: u128) -> usize {
    while let Some(last) = borders.checked_ilog2() {
        let at = last as usize;
        let sentence = matches!(text.get(at), Some(b'.' | b'!' | b'?'));
        if !sentence || text.get(at + 1) == Some(&b' ') {
            return at + 1;
        }
        borders &= !(1 << last);
    }
    0
}

/// What follows behind the numbers of as many digits that a list goes on with behind one of them, as people write it:
/// a comma and a blank, or `và`.
fn list_goes_on(behind: &[u8], digits: usize) -> &[u8] {
    const PARTS: [&[u8]; 6] = [b", ", b"; ", " và ".as_bytes(), b" va ", ", và ".as_bytes(), b" & "];
    let mut rest = behind;
    if digits < OTHER_NUMBER_DIGITS || !matches!(rest, [b',' | b';' | b' ', ..]) {
        return behind;
    }
    while let Some(next) = PARTS.iter().find_map(|part| rest.strip_prefix(*part)) {
        let len = next.iter().take_while(|b| b.is_ascii_digit()).count();
        if len != digits {
            break;
        }
        rest = next.get(len..).unwrap_or_default();
    }
    // Cut off within it, nothing is known of what speaks of them.
    if rest.is_empty() { behind } else { rest }
}

/// The line below an end of one, without the signs of who quotes it; an empty one between tells nothing.
fn next_line(behind: &[u8]) -> Option<&[u8]> {
    if !matches!(behind, [b'\n', ..] | [b'\r', b'\n', ..]) {
        return None;
    }
    let begin = behind.iter().position(|b| !b"\r\n> ".contains(b))?;
    behind.get(begin..)
}

/// What stands in brackets right behind a number and holds no other: its own words, whatever follows. `304769817 (CMND)`
fn in_brackets(behind: &[u8]) -> Option<&[u8]> {
    /// Bytes of a name with an explanation: `(số CMND cũ)`.
    const BYTES_MAX: usize = 32;
    let inner = behind.strip_prefix(b" ").unwrap_or(behind).strip_prefix(b"(")?;
    let len = inner.iter().take(BYTES_MAX).position(|b| *b == b')' || b.is_ascii_digit() || ends_words(*b))?;
    if inner.get(len) == Some(&b')') { inner.get(..len) } else { None }
}

/// Whether the words behind each of two numbers stand in brackets.
fn both_in_brackets(behind: &[u8], behind_next: &[u8]) -> bool {
    in_brackets(behind).is_some() && in_brackets(behind_next).is_some()
}

/// Whether what parts two numbers is what parts the answers to one question: signs and `và`, or the line in which a program
/// tells who says the next, and when.
fn answers(between: &[u8]) -> bool {
    /// Of such a line, with its ends.
    const LINE_BYTES: usize = 48;
    if between.len() > LINE_BYTES {
        return false;
    }
    if !speaks(between, &mut Vec::new()) {
        return true;
    }
    let time = between.windows(3).any(|w| matches!(w, [a, b':', b] if a.is_ascii_digit() && b.is_ascii_digit()));
    // Who quotes, puts a sign before every line.
    let quoted = between.iter().rposition(|b| !b"> ".contains(b)).map_or(0, |at| at + 1);
    let lines = between.get(..quoted).unwrap_or_default();
    let lines = lines.strip_prefix(b"\r").unwrap_or(lines);
    time && lines.starts_with(b"\n") && lines.ends_with(b"\n")
}

/// Whether there is anything in `text` that could be a word: no phrase of the lists is all digits.
fn has_letters(text: &[u8]) -> bool {
    text.iter().fold(false, |any, b| any | b.is_ascii_alphabetic() | (*b >= 0x80))
}

/// Whether a byte is a plain letter that is in none of the silent words.
fn is_telling(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() && !b"vahoicndrlgup".contains(&(byte | 0x20))
}

/// Whether a clause leads to what follows.
fn ends_with_colon(clause: &[u8]) -> bool {
    clause.trim_ascii_end().ends_with(b":")
}

/// Whether the words of `text` say more than `và`.
fn speaks(text: &[u8], scratch: &mut Vec<u8>) -> bool {
    if !has_letters(text) {
        return false;
    }
    if text.iter().any(is_telling) {
        return true;
    }
    spread_words(text, scratch);
    !is_silent(scratch)
}

/// What the clause at the end of `text` announces by itself, in which no digit stands.
fn ending(text: &[u8], words: &Words, scratch: &mut Vec<u8>) -> Option<Ending> {
    let clause = text.get(clause_begins(text, classes(text).border)..).unwrap_or_default();
    if !speaks(clause, scratch) {
        return None;
    }
    spread_words(clause, scratch);
    words.nearest_in_the_end(scratch, ends_with_colon(clause))
}

/// Whether the folded words before a colon name nothing: `Số:`, `của mẹ em là:`.
fn is_mere_label(folded: &[u8]) -> bool {
    const MERE: &[&[u8]] = &[
        b"so", b"ma", b"la", b"no", b"id", b"number", b"nhu", b"sau", b"day", b"duoi", b"nay", b"do", b"cua", b"em",
        b"anh", b"chi", b"me", b"bo", b"con", b"vo", b"chong", b"toi", b"minh", b"ong", b"ba", b"a", b"e", b"c",
        b"nhe", b"va", b"moi", b"cu", b"gom", b"ds", b"danh", b"sach", b"dap", b"tra", b"loi",
    ];
    folded
        .split(|b| *b == b' ')
        .filter(|w| !w.is_empty())
        .all(|w| MERE.contains(&w) || w.iter().all(u8::is_ascii_digit))
}

/// Whether folded words say nothing that could speak of a number, such as the `và` between two of them, or `đúng là`
/// where the second puts the first right.
fn is_silent(folded: &[u8]) -> bool {
    folded.split(|b| *b == b' ').filter(|w| !w.is_empty()).all(|w| {
        matches!(w, b"va" | b"hoac" | b"voi" | b"and" | b"or" | b"dung" | b"phai" | b"la")
            || w.iter().all(u8::is_ascii_digit)
    })
}

impl Column {
    /// What a phrase for it says of a number where there is no table: then no rows speak against it.
    pub(crate) const fn spoken(self) -> Self {
        match self {
            Self::Neutral | Self::Record | Self::Claim => Self::Negative,
            other => other,
        }
    }

    /// Whether a header of this kind says what the *numbers* under it are; under `Họ tên` or `Địa chỉ` a number
    /// still has to be judged by its own words.
    pub(crate) const fn speaks_of_numbers(self) -> bool {
        !matches!(
            self,
            Self::Name
                | Self::Surname
                | Self::GivenName
                | Self::Sex
                | Self::Address
                | Self::Email
                | Self::Health
                | Self::RowNumber
        )
    }
}
