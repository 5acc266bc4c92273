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
    let word = run(text, start).filter(|(_, digits)| matches!(digits.len, 9 | 10 | 12));
    let (range, digits) = word.or_else(|| groups(text, start))?;
    Number::disguised(range, digits.read(), "look-alike-letters")
}

/// Digits of the largest group of a number in groups.
const GROUP_MAX: usize = 6;

/// What the groups around the word at `start` read as, one sign between each and the next, if it is the first of them
/// that has a letter: `O17 158 O88 462`.
fn groups(text: &[u8], start: usize) -> Option<(Range<usize>, Digits)> {
    let sign = |at: usize| text.get(at).copied().filter(|b| b" .-".contains(b));
    group(text, start)?;
    // Back to where they begin, past groups of digits alone.
    let (mut begin, mut apart) = (start, None);
    while let Some(at) = begin.checked_sub(1)
        && let Some(parts) = sign(at).filter(|b| apart.is_none_or(|apart| apart == *b))
    {
        let len = text.get(..at)?.iter().rev().take(GROUP_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
        if !(1..=GROUP_MAX).contains(&len) || start - begin > WORD_BYTES_MAX {
            break;
        }
        let touches = at.checked_sub(len + 1).and_then(|at| last_char(text.get(..=at)?)).and_then(|(c, _)| c);
        if touches.is_some_and(char::is_alphanumeric) {
            // A group with a letter answers for itself, and for this one.
            return None;
        }
        (begin, apart) = (at - len, Some(parts));
    }
    let mut all = Digits { digits: [0; WORD_BYTES_MAX], len: 0 };
    let (mut at, mut true_digits, mut count) = (begin, 0, 0);
    loop {
        let (end, digits) = group(text, at)?;
        digits.read().iter().try_for_each(|digit| all.push(*digit))?;
        true_digits += text.get(at..end)?.iter().filter(|b| b.is_ascii_digit()).count();
        (at, count) = (end, count + 1);
        match sign(end) {
            Some(parts)
                if apart.is_none_or(|apart| apart == parts) && group(text, end + 1).is_some() && all.len < 12 =>
            {
                (apart, at) = (Some(parts), end + 1);
            }
            _ => break,
        }
    }
    // Words of letters that pass for digits stand in lists of codes, too.
    let believable = true_digits * 3 >= all.len * 2 && true_digits < all.len && count > 1;
    (believable && matches!(all.len, 9 | 10 | 12)).then_some((begin..at, all))
}

/// A group of digits and letters that pass for some, one digit at least, and where it ends.
fn group(text: &[u8], start: usize) -> Option<(usize, Digits)> {
    let (mut at, mut digits, mut any) = (start, Digits { digits: [0; WORD_BYTES_MAX], len: 0 }, false);
    while let Some((Some(c), len)) = text.get(at..).and_then(next_char)
        && c.is_alphanumeric()
    {
        if digits.len == GROUP_MAX {
            return None;
        }
        digits.push(plain(c)?)?;
        any |= c.is_ascii_digit();
        at += len;
    }
    any.then_some((at, digits))
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
