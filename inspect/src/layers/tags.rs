//! Digits with tags or comments between them, in text that is no HTML: `0010<b>90</b>123456`, `001<!-- x -->090`.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// A longer tag or comment is left alone.
const TAG_MAX: usize = 200;
/// Tags side by side.
const TAGS_MAX: usize = 8;

pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    between(text, at).is_some().then_some(("tags", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| match text.get(at) {
        Some(b'<' | b'/') => between(text, at).map(|len| (len, Vec::new())),
        _ => None,
    })
}

/// The length of the tags at `at`, when a digit stands on either side.
fn between(text: &[u8], at: usize) -> Option<usize> {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    if !at.checked_sub(1).is_some_and(digit) {
        return None;
    }
    let mut end = at;
    for _ in 0..TAGS_MAX {
        let rest = text.get(end..)?;
        let rest = rest.get(..rest.len().min(TAG_MAX))?;
        end += match rest {
            [b'<', b'!', b'-', b'-', ..] => memchr::memmem::find(rest, b"-->")? + 3,
            [b'<', first, ..] if first.is_ascii_alphabetic() || *first == b'/' => {
                let len = memchr::memchr(b'>', rest)? + 1;
                if rest.get(1..len)?.contains(&b'<') {
                    return None;
                }
                len
            }
            [b'/', b'*', ..] => memchr::memmem::find(rest.get(2..)?, b"*/")? + 4,
            _ => return None,
        };
        if digit(end) {
            return Some(end - at);
        }
    }
    None
}
