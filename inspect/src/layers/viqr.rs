//! VIQR (RFC 1456): Vietnamese in ASCII, marks behind their letters: `So^' ca(n cu+o+'c`.
//!
//! Words are compared without their marks, so marks are only taken away.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// Letters with a hat, bowl or horn; one alone is a formula.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let letter = at.checked_sub(1).and_then(|b| text.get(b)).copied().unwrap_or_default();
    let goes_on = match text.get(at + 1..).unwrap_or_default() {
        [] => true,
        // Base64 is full of `o+n`: only the horns of `u+o+` stand side by side.
        [b'o' | b'O', b'+', ..] => true,
        [next, ..] if next.is_ascii_alphabetic() => text.get(at) != Some(&b'+'),
        [next, ..] => is_tone(*next) || next.is_ascii_whitespace(),
    };
    (goes_on && is_shape(letter, text.get(at).copied())).then_some(("viqr", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| {
        let before = at.checked_sub(1).and_then(|b| text.get(b)).copied()?;
        let shape = usize::from(is_shape(before, text.get(at).copied()));
        let vowel = b"aeiouyAEIOUY".contains(&before);
        let tone = usize::from(vowel && text.get(at + shape).is_some_and(|b| is_tone(*b)));
        let second_d = usize::from(matches!((before, text.get(at)), (b'd', Some(b'd')) | (b'D', Some(b'D' | b'd'))));
        Some((shape + tone + second_d, Vec::new()))
    })
}

/// Whether a mark that changes the letter belongs to `letter`.
fn is_shape(letter: u8, mark: Option<u8>) -> bool {
    match mark {
        Some(b'^') => b"aeoAEO".contains(&letter),
        Some(b'(') => b"aA".contains(&letter),
        Some(b'+') => b"ouOU".contains(&letter),
        _ => false,
    }
}

fn is_tone(b: u8) -> bool {
    matches!(b, b'`' | b'\'' | b'?' | b'~' | b'.')
}
