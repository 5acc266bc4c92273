//! What stands behind a candidate, as far as [`RIGHT_BYTES`]: words that speak of it, its issuer, its unit.

use crate::fold::{fold, is_capital, spread_words};
use crate::simd::first_end;

use super::announced::{Columns, Firm};
use super::clause::{ends_words, has_letters};
use super::{LEFT_BYTES, Near, OTHER_NUMBER_DIGITS, RIGHT_BYTES};

impl<'t> Near<'t> {
    /// What HL7 names as the issuer of a number, behind it: `7912345678^^^BHXH~001…`.
    pub(super) fn issuer(&mut self) -> Option<(Columns, Firm)> {
        let parted = self.text.get(self.range.end) == Some(&b'^');
        let issuer = parted.then(|| issuer(self.behind())).flatten()?;
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
        match self.words.first(&self.memory.scratch) {
            // The next line may go on with anything.
            (_, Firm::Weak) if self.label_below().is_some() => (Columns::default(), Firm::Not),
            said => said,
        }
    }

    /// The text behind that speaks of the candidate, none before another number but for those of one list:
    /// `7912045873, 7913155984 và 7914265095 là mã số BHXH`.
    pub(super) fn words_behind(&self) -> &'t [u8] {
        let behind = list_goes_on(self.behind(), self.digits);
        if behind.first().is_some_and(|b| b.is_ascii_digit() || *b == b'\r' || ends_words(*b)) {
            return self.label_below().unwrap_or_default();
        }
        words_behind(behind)
    }

    /// Whether what follows is a sentence about it, and no label of something else.
    pub(super) fn says_what_it_is(&self) -> bool {
        let words = self.words_behind().trim_ascii_start();
        ["là ", "la "].iter().any(|is| words.starts_with(is.as_bytes()))
    }

    /// Whether what follows is the label of what the next line holds, or is one itself.
    pub(super) fn is_beside_a_label(&self) -> bool {
        let behind = self.behind();
        let line = memchr::memchr(b'\n', behind).and_then(|end| next_line(behind.get(end..)?));
        line.and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit) || self.label_below().is_some()
    }

    /// Whether the next line begins with a bracket.
    pub(super) fn is_bracketed_below(&self) -> bool {
        next_line(self.behind()).is_some_and(|line| line.starts_with(b"("))
    }

    /// The next line, where the candidate has one to itself and that line speaks of it: one in brackets, as forms have it
    /// below what is filled in, or one with neither a value of its own nor one below.
    pub(super) fn label_below(&self) -> Option<&'t [u8]> {
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
        UNITS.contains(&word) && !bank && !begins_a_name(head, word) || word == b"dong" && dong()
    }
}

/// Whether what folds to a million is the surname of somebody whose name follows: `022085372729 Triệu Đức An`.
fn begins_a_name(head: &[u8], folded: &[u8]) -> bool {
    const UNITS: [&str; 4] = ["dong", "do", "vnd", "usd"];
    let mut words = head.trim_ascii_start().split(|b| *b == b' ');
    let [first, second] = [words.next(), words.next()].map(|word| String::from_utf8_lossy(word.unwrap_or_default()));
    let capital = |word: &str| word.chars().next().is_some_and(is_capital);
    folded == b"trieu" && capital(&first) && capital(&second) && !UNITS.contains(&fold(&second).as_str())
}

/// Whether what speaks of a number may stand behind more than the end of its clause: behind others of its list, or on the next
/// line.
pub(super) fn goes_on(behind: &[u8]) -> bool {
    matches!(behind, [b',' | b';' | b'\r' | b'\n', ..] | [b' ', b'v' | b'&', ..] | [b')', b',' | b';', ..])
}

/// What follows behind the numbers of as many digits that a list goes on with behind one of them, as people write it:
/// a comma and a blank, or `và`; between those in brackets a name.
fn list_goes_on(behind: &[u8], digits: usize) -> &[u8] {
    const PARTS: [&[u8]; 6] = [b", ", b"; ", " và ".as_bytes(), b" va ", ", và ".as_bytes(), b" & "];
    let mut rest = behind;
    if digits < OTHER_NUMBER_DIGITS
        || !matches!(rest, [b',' | b';', b' ', ..] | [b' ', b'v' | b'&', ..] | [b')', b',' | b';', ..])
    {
        return behind;
    }
    while let Some(next) = PARTS.iter().find_map(|part| rest.strip_prefix(*part)).or_else(|| behind_name(rest)) {
        let len = next.iter().take_while(|b| b.is_ascii_digit()).count();
        if len != digits {
            break;
        }
        rest = next.get(len..).unwrap_or_default();
    }
    // Cut off within it, nothing is known of what speaks of them.
    if rest.is_empty() { behind } else { rest }
}

/// What follows the bracket behind the next name of a list: `), Nguyễn Thị Phượng (6644459686)`.
fn behind_name(rest: &[u8]) -> Option<&[u8]> {
    const NAME_BYTES_MAX: usize = 48;
    let name = [b"), ", b"); "].iter().find_map(|part| rest.strip_prefix(*part))?;
    let len = name.iter().take(NAME_BYTES_MAX).position(|b| !b.is_ascii_alphabetic() && *b < 0x80 && *b != b' ')?;
    name.get(..len)?.ends_with(b" ").then_some(())?;
    name.get(len..)?.strip_prefix(b"(")
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
pub(super) fn both_in_brackets(behind: &[u8], behind_next: &[u8]) -> bool {
    in_brackets(behind).is_some() && in_brackets(behind_next).is_some()
}

/// What HL7 names behind a number as its issuer; what follows is of its kind, or the next number.
fn issuer(behind: &[u8]) -> Option<&[u8]> {
    behind.strip_prefix(b"^^^")?.split(|b| b"^~|&\r\n".contains(b)).next()
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
    if let Some(own) = in_brackets(behind).or_else(|| issuer(behind)) {
        return own;
    }
    match first_end(behind) {
        // Another number follows: the words are its own.
        Some(at) if behind.get(at).is_some_and(u8::is_ascii_digit) => &[],
        ends => behind.get(..ends.unwrap_or(behind.len())).unwrap_or_default(),
    }
}
