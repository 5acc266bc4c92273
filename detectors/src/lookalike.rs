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
    let (range, digits) = run(text, start)?;
    matches!(digits.len, 9 | 10 | 12).then(|| Number::disguised(range, digits.read(), "look-alike-letters")).flatten()
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
