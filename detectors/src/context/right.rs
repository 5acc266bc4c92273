//! What stands behind a candidate, as far as [`RIGHT_BYTES`]: words that speak of it, its issuer, its unit.

use crate::fold::spread_words;
use crate::simd::first_end;

use super::announced::{Columns, Firm};
use super::clause::{ends_words, has_letters};
use super::{Near, RIGHT_BYTES};

impl<'t> Near<'t> {
    /// What HL7 names as the issuer of a number, behind it: `7912345678^^^BHXH~001…`.
    pub(super) fn issuer(&mut self) -> Option<(Columns, Firm)> {
        let parted = self.text.get(self.range.end) == Some(&b'^');
        let issuer = parted.then(|| self.words_behind()).and_then(|behind| behind.strip_prefix(b"^^^"))?;
        spread_words(issuer, &mut self.memory.scratch);
        Some(self.words.first(&self.memory.scratch)).filter(|said| said.1 != Firm::Not)
    }

    /// Words behind the candidate: `7912345678 (mã BHXH)`, `… là số căn cước của em`.
    pub(super) fn right(&mut self) -> (Columns, Firm) {
        let words = self.words_behind();
        if !has_letters(words) {
            return (Columns::default(), Firm::Not);
        }
        spread_words(words, &mut self.memory.scratch);
        self.words.first(&self.memory.scratch)
    }

    /// The text behind that speaks of the candidate.
    pub(super) fn words_behind(&self) -> &'t [u8] {
        words_behind(self.behind())
    }

    pub(super) fn behind(&self) -> &'t [u8] {
        behind(self.text, self.range.end)
    }

    pub(super) fn amount_follows(&mut self) -> bool {
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

/// What stands in brackets right behind a number and holds no other: its own words, whatever follows. `304769817 (CMND)`
fn in_brackets(behind: &[u8]) -> Option<&[u8]> {
    /// Bytes of a name with an explanation: `(số CMND cũ)`.
    const BYTES_MAX: usize = 32;
    let inner = behind.strip_prefix(b" ").unwrap_or(behind).strip_prefix(b"(")?;
    let len = inner.iter().take(BYTES_MAX).position(|b| *b == b')' || b.is_ascii_digit() || ends_words(*b))?;
    if inner.get(len) == Some(&b')') { inner.get(..len) } else { None }
}

/// Whether the words behind each of two numbers stand in brackets.
pub(super) fn both_in_brackets(behind: &[u8], behind_next: &[u8]) -> bool {
    in_brackets(behind).is_some() && in_brackets(behind_next).is_some()
}

/// What stands behind a candidate that ends at `at`, as far as words are looked for.
pub(super) fn behind(text: &[u8], at: usize) -> &[u8] {
    text.get(at..text.len().min(at.saturating_add(RIGHT_BYTES))).unwrap_or_default()
}

/// Of what stands behind a candidate, what speaks of it: up to the end of its cell or clause, none before another number.
pub(super) fn words_behind(behind: &[u8]) -> &[u8] {
    if behind.first().is_some_and(|b| b.is_ascii_digit() || ends_words(*b)) {
        return &[];
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
