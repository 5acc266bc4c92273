//! What the words before a candidate say of it, as far as [`LEFT_BYTES`].

use memchr::memmem;

use crate::fold::spread_words;
use crate::simd::{BLOCK, Classes, classes, letters_and_digits_from};

use super::announced::{Columns, Firm};
use super::clause::{
    answers, clause_begins, ending, ends_with_colon, first_of_its_list, has_letters, is_mere_label, is_speaker,
    last_number, speaks,
};
use super::codes::without_codes;
use super::memory::{Last, Memory};
use super::right::both_in_brackets;
use super::words::{DIGITS_IN_A_PHRASE, Ending, PAPERS, Said};
use super::{Hint, LEFT_BYTES, NEAR, Near, refrain};

impl Near<'_> {
    /// What the words before may be about.
    pub(super) fn left_hint(&mut self) -> Hint {
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
    pub(super) fn own_words_from(&self) -> usize {
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

    /// What the words announce that only digits part from those before, if no others have a say: no phrase goes on behind
    /// digits, and the nearest one decides. They are the keys of records, which come again and again.
    pub(super) fn right_behind_digits(&mut self) -> Option<(Columns, Firm)> {
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
    pub(super) fn left(&mut self) -> (Columns, Firm) {
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
        let written = before.get(begin..other.start).unwrap_or_default();
        spread_words(written, &mut self.memory.scratch);
        let (said, firm) = self.words.asked(Said { written, folded: &self.memory.scratch });
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
            let words = Said { written: speaking, folded: &self.memory.scratch };
            let said = self.words.nearest(words, 0, self.stands_right_below(speaking), false);
            return if said.1 == Firm::Not { self.said_of_the_first(speaking) } else { said };
        }
        spread_words(clause, &mut self.memory.scratch);
        let colon = ends_with_colon(clause);
        let said = self.words.nearest(Said { written: clause, folded: &self.memory.scratch }, 0, true, colon);
        if said.1 != Firm::Not {
            return said;
        }
        let first = self.said_of_the_first(clause);
        if first.1 != Firm::Not {
            return first;
        }
        spread_words(clause, &mut self.memory.scratch);
        // Who answers in a chat is no label of what they say.
        let speaker = colon && is_speaker(clause);
        let away = if speaker { 0 } else { self.memory.scratch.len() };
        // `Lũy kế: …` has its own label, whatever it means.
        if colon && !speaker && !is_mere_label(&self.memory.scratch) {
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
        let (columns, firm) =
            self.words.nearest(Said { written: earlier, folded: &self.memory.scratch }, away, false, false);
        (columns, firm.min(Firm::Near))
    }

    /// What the words announce before the first number of a list whose last the candidate is: a hint speaks of the first
    /// number behind it, and so of those behind that.
    fn said_of_the_first(&mut self, clause: &[u8]) -> (Columns, Firm) {
        let Some(first) = first_of_its_list(clause, self.digits) else { return (Columns::default(), Firm::Not) };
        let written = clause.get(..first).unwrap_or_default();
        spread_words(written, &mut self.memory.scratch);
        self.words.nearest(Said { written, folded: &self.memory.scratch }, 0, true, false)
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
}
