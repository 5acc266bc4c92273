//! UTF-8 that some program took for Western European and wrote as UTF-8 once more: `sá»‘` for `số`.

use std::ops::Range;

use super::old::western;
use super::rewrite::replace;
use crate::view::View;

/// Fewer are a slip of somebody's keyboard.
const LETTERS_MIN: usize = 2;

pub(super) fn shows(text: &[u8]) -> Option<&'static str> {
    // The letters of Vietnamese begin with one of four bytes, which became `Ã`, `Ä`, `Æ` and `á`.
    let letters = memchr::memchr2_iter(0xc3, 0xc6, text).filter(|at| letter(text, *at).is_some());
    (letters.take(LETTERS_MIN).count() == LETTERS_MIN).then_some("mojibake")
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, letter)
}

/// The letter at `at` that was taken apart: how many bytes it takes now, and what it was.
fn letter(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let (first, mut taken) = western(text, at)?;
    let len = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = vec![first];
    while bytes.len() < len {
        let (byte, n) = western(text, at + taken)?;
        bytes.push(byte);
        taken += n;
    }
    str::from_utf8(&bytes).is_ok().then_some((taken, bytes))
}
