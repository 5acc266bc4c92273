//! UTF-8 that some program took for Western European and wrote as UTF-8 once more: `sá»‘` for `số`.

use std::ops::Range;

use super::old::western;
use super::rewrite::{Sign, replace};
use crate::view::View;

/// The letters of Vietnamese begin with one of four bytes, which became `Ã`, `Ä`, `Æ` and `á`, and nearly all go on with
/// a sign of Latin-1. One alone is a slip of somebody's keyboard.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let before = at.checked_sub(2)?;
    let begins = text.get(before) == Some(&0xc3) && letter(text, before).is_some();
    begins.then_some(("mojibake", 1))
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
    let mut bytes = [first, 0, 0, 0];
    for slot in bytes.get_mut(1..len)? {
        let (byte, n) = western(text, at + taken)?;
        *slot = byte;
        taken += n;
    }
    let bytes = bytes.get(..len)?;
    str::from_utf8(bytes).is_ok().then(|| (taken, bytes.to_vec()))
}
