//! Text in UTF-16 within text of single bytes, as shells append it.

use std::ops::Range;

use super::rewrite::Sign;
use crate::sniff::wide_run;
use crate::view::View;

/// A zero between two letters of ASCII, and another behind the second.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let is_plain = |at: usize| text.get(at).is_some_and(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    let beside = at.checked_sub(1).is_some_and(is_plain) || is_plain(at + 3);
    (is_plain(at + 1) && text.get(at + 2) == Some(&0) && beside).then_some(("utf-16", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    let (mut at, mut plain) = (core.start, core.start);
    while at < core.end {
        let Some(run) = wide_run(&view.text, at) else {
            at += 1;
            continue;
        };
        out.push_view(view, plain..at);
        let units = run.units.clone().step_by(2).filter_map(|at| run.order.unit(&view.text, at));
        at = run.units.start;
        for letter in char::decode_utf16(units) {
            let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
            let end = at + 2 * letter.len_utf16();
            let (mut utf8, span) = ([0; 4], view.object_span(&(at..end)));
            let letter = letter.encode_utf8(&mut utf8).as_bytes();
            match span {
                Some(span) => out.push_escape(letter, span.start, span.end - span.start),
                None => out.push_joint(letter),
            }
            at = end;
        }
        plain = at;
    }
    if plain < at {
        out.push_view(view, plain..at);
    }
    at
}
