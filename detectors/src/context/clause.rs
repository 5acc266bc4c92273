//! Clauses and lines between numbers: where they begin, and whether their words say anything at all.

use std::ops::Range;

use crate::fold::spread_words;
use crate::simd::classes;

use super::words::{Ending, Said, Words};
use super::{LEFT_BYTES, OTHER_NUMBER_DIGITS};

/// Whether no words behind a byte speak of the number before it.
pub(super) const fn ends_words(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b'|' | b';' | b',')
}

/// The last run of digits before `upto` long enough to be a number of its own, of the places `digits`.
pub(super) fn last_number(digits: u128, upto: usize) -> Option<Range<usize>> {
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
pub(super) fn clause_begins(text: &[u8], mut borders: u128) -> usize {
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

/// Whether what parts two numbers is what parts the answers to one question: signs and `và`, or the line in which a program
/// tells who says the next, and when.
pub(super) fn answers(between: &[u8]) -> bool {
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
    time && lines.starts_with(b"\n") && (lines.ends_with(b"\n") || is_speaker(lines))
}

/// Whether a line begins with when somebody said what follows, and who, as programs copy it: `10:22 Minh: `,
/// `[10:22, 12/11/2026] Chị Hà: `.
pub(super) fn is_speaker(line: &[u8]) -> bool {
    /// Of the time with its day, and of a name.
    const LINE_BYTES: usize = 64;
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let hours = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let when = line.iter().take_while(|b| b.is_ascii_digit() || b" :/-,.]".contains(b)).count();
    let who = line.get(when..).and_then(|who| who.strip_suffix(b":")).unwrap_or_default();
    line.len() <= LINE_BYTES
        && matches!(line.get(hours..), Some([b':', b'0'..=b'9', b'0'..=b'9', ..]))
        && matches!(hours, 1 | 2)
        && !who.is_empty()
        && !who.iter().any(|b| b.is_ascii_digit() || b":;|=\"\n".contains(b))
}

/// Where the first number begins of a list that ends a clause, as people write several behind one word: `7912… và `.
pub(super) fn first_of_its_list(clause: &[u8], digits: usize) -> Option<usize> {
    const PARTS: [&str; 8] = [", ", "; ", " + ", "+", " & ", " và ", " va ", "/"];
    let mut first = None;
    let mut rest = clause;
    while let Some(head) = PARTS.iter().find_map(|part| rest.strip_suffix(part.as_bytes())) {
        let len = head.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        if len != digits || len < OTHER_NUMBER_DIGITS {
            break;
        }
        rest = head.get(..head.len() - len).unwrap_or_default();
        first = Some(rest.len());
    }
    first
}

/// Whether there is anything in `text` that could be a word: no phrase of the lists is all digits.
pub(super) fn has_letters(text: &[u8]) -> bool {
    text.iter().fold(false, |any, b| any | b.is_ascii_alphabetic() | (*b >= 0x80))
}

/// Whether a byte is a plain letter that is in none of the silent words.
pub(super) fn is_telling(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() && !b"vahoicndrlgup".contains(&(byte | 0x20))
}

/// Whether a clause leads to what follows.
pub(super) fn ends_with_colon(clause: &[u8]) -> bool {
    clause.trim_ascii_end().ends_with(b":")
}

/// Whether the words of `text` say more than `và`.
pub(super) fn speaks(text: &[u8], scratch: &mut Vec<u8>) -> bool {
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
pub(super) fn ending(text: &[u8], words: &Words, scratch: &mut Vec<u8>) -> Option<Ending> {
    let clause = text.get(clause_begins(text, classes(text).border)..).unwrap_or_default();
    if !speaks(clause, scratch) {
        return None;
    }
    spread_words(clause, scratch);
    words.nearest_in_the_end(Said { written: clause, folded: scratch }, ends_with_colon(clause))
}

/// Whether the folded words before a colon name nothing: `Số:`, `của mẹ em là:`.
pub(super) fn is_mere_label(folded: &[u8]) -> bool {
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
