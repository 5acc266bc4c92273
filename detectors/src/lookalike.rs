//! Letters that pass for digits: `OO1O9O123456`, `00l090l23456`.
//!
//! Read only where digits and such letters share a word, and believed only with a word directly before: product
//! codes are full of both.

use std::ops::Range;

use crate::fold::{last_char, next_char};
use crate::numbers::Number;

/// Most bytes of such a word: fifteen characters of a card number, the Cyrillic ones of two bytes, some to spare.
const WORD_BYTES_MAX: usize = 48;

/// What a word reads as.
struct Digits {
    digits: [u8; WORD_BYTES_MAX],
    len: usize,
}

impl Digits {
    fn push(&mut self, digit: u8) -> Option<()> {
        *self.digits.get_mut(self.len)? = digit;
        self.len += 1;
        Some(())
    }

    fn read(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

/// The digit a letter passes for.
pub(crate) const fn plain(c: char) -> Option<u8> {
    Some(match c {
        '0'..='9' => c as u8,
        'O' | 'o' | 'О' | 'о' | 'Ο' | 'ο' | 'Q' => b'0',
        'l' | 'I' | 'і' | 'І' => b'1',
        'S' => b'5',
        'B' => b'8',
        'Z' => b'2',
        _ => return None,
    })
}

/// The numbers in the word around `place`, where digits stand: read whole, and as a card number behind two letters.
/// `None` for each that has too few true digits. Only the first group of digits of a word answers.
pub(crate) fn read(text: &[u8], place: usize) -> Option<Number> {
    let start = begins(text, place)?;
    read_word(text, start).or_else(|| read_groups(text, start))
}

fn read_word(text: &[u8], start: usize) -> Option<Number> {
    let word = text.get(start..)?;
    // Two letters first: a card. `SV`, `HS` and others begin with letters that pass for digits.
    let card =
        matches!(word, [a, b, c, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !c.is_ascii_lowercase());
    if card
        && let Some((range, digits)) = run(text, start + 2)
        && digits.len == 13
    {
        return Number::disguised(range, digits.read(), "look-alike-letters");
    }
    let (range, digits) = run(text, start)?;
    matches!(digits.len, 9 | 10 | 12).then(|| Number::disguised(range, digits.read(), "look-alike-letters")).flatten()
}

/// The number in groups of which the word at `start` is one, `O17 158 O88 462`: one sign between each two, and all as long as
/// each other but for the last. Only the first that has letters answers.
fn read_groups(text: &[u8], start: usize) -> Option<Number> {
    const SIGNS: &[u8] = b" .-/";
    const LEN: std::ops::RangeInclusive<usize> = 2..=6;
    const GROUPS_MAX: usize = 5;
    let letter = |b: &u8| b.is_ascii() && plain(char::from(*b)).is_some();
    let len = text.get(start..)?.iter().take_while(|b| letter(b)).count();
    let sign_at = |at: Option<usize>| text.get(at?).filter(|b| SIGNS.contains(b));
    let sign = sign_at(Some(start + len)).or_else(|| sign_at(start.checked_sub(1)))?;
    let is_end = |b: Option<&u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let digits = |group: &[u8]| group.iter().all(u8::is_ascii_digit);
    let mut from = start;
    // What stands before has no letters, or has answered; the last one may be shorter.
    while let Some(before) = from.checked_sub(1).filter(|at| text.get(*at) == Some(sign)).and_then(|at| text.get(..at))
    {
        let group = before.iter().rev().take_while(|b| letter(b)).count();
        let first = before.len() - group;
        if group < len || !LEN.contains(&group) || !is_end(first.checked_sub(1).and_then(|at| text.get(at))) {
            break;
        }
        if !digits(text.get(first..before.len())?) {
            return None;
        }
        from = first;
    }
    let (mut number, mut true_digits, mut at, mut whole) =
        (Digits { digits: [0; WORD_BYTES_MAX], len: 0 }, 0, from, None);
    for _ in 0..GROUPS_MAX {
        let group = text.get(at..)?;
        let group = group.get(..group.iter().take_while(|b| letter(b)).count())?;
        if group.is_empty() || whole.is_some_and(|len| group.len() > len) || !is_end(text.get(at + group.len())) {
            return None;
        }
        for b in group {
            number.push(plain(char::from(*b))?)?;
            true_digits += usize::from(b.is_ascii_digit());
        }
        at += group.len();
        let is_last = whole.is_some_and(|len| group.len() < len) || text.get(at) != Some(sign);
        let next = text.get(at + 1);
        if is_last || !next.is_some_and(letter) {
            break;
        }
        // A word that begins with such a letter, as many do, is no group.
        let goes_on = text.get(at + 1..)?.iter().take_while(|b| b.is_ascii_alphanumeric() || **b >= 0x80);
        if !goes_on.clone().all(letter) || !goes_on.clone().any(u8::is_ascii_digit) {
            break;
        }
        if whole.is_none() {
            whole = Some(group.len()).filter(|len| LEN.contains(len));
            whole?;
        }
        at += 1;
    }
    let believable = whole.is_some() && true_digits * 2 >= number.len && matches!(number.len, 9 | 10 | 12);
    believable.then(|| Number::disguised(from..at, number.read(), "look-alike-letters")).flatten()
}

/// Where the word around `place` begins, unless another group of digits stands before in the same word.
fn begins(text: &[u8], place: usize) -> Option<usize> {
    let mut at = place;
    while place - at <= WORD_BYTES_MAX {
        match last_char(text.get(..at)?) {
            Some((Some(c), _)) if c.is_ascii_digit() => return None,
            Some((Some(c), len)) if c.is_alphabetic() => at -= len,
            _ => return Some(at),
        }
    }
    None
}

/// Look-alikes and digits from `start` to the end of the word, at least a third of them digits and not all.
fn run(text: &[u8], start: usize) -> Option<(Range<usize>, Digits)> {
    let (mut at, mut digits, mut true_digits) = (start, Digits { digits: [0; WORD_BYTES_MAX], len: 0 }, 0);
    while at - start <= WORD_BYTES_MAX {
        match text.get(at..).and_then(next_char) {
            Some((Some(c), len)) if c.is_alphanumeric() => {
                digits.push(plain(c)?)?;
                true_digits += usize::from(c.is_ascii_digit());
                at += len;
            }
            _ => break,
        }
    }
    let believable = true_digits * 3 >= digits.len && true_digits < digits.len;
    believable.then_some((start..at, digits))
}
