//! SVG drawings: their text, which may change its style or place within a number, their scripts, and what their
//! addresses hold. Text made of outlines is not read; letters that
//! are drawn by reference to their shapes, as programs do it that print to a drawing, make it opaque.

use super::html::Html;
use super::plain::legible;
use super::{Format, Room};
use crate::sniff::Head;

pub(crate) const FORMAT: Format = Format {
    media_type: "image/svg+xml",
    matches: is_drawing,
    room: Room::Stream(|head, place| Box::new(Html::new(legible(head, place)))),
    #[cfg(test)]
    example: || "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>CCCD 001<tspan>090123456</tspan></text></svg>".into(),
};

/// Its first element is `svg`, perhaps behind a declaration, a document type or comments.
fn is_drawing(head: &Head<'_>) -> bool {
    const SEEN: usize = 4_096;
    let mut rest = head.trimmed.get(..SEEN.min(head.trimmed.len())).unwrap_or_default();
    while head.is_ascii_based() {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            // A document type may hold declarations of its own, which hold more of these signs.
            [b'<', b'!' | b'?', ..] => b">",
            _ => return rest.starts_with(b"<svg") && rest.get(4).is_some_and(|b| !b.is_ascii_alphanumeric()),
        };
        let Some(at) = memchr::memmem::find(rest, end) else { return false };
        rest = rest.get(at + end.len()..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn letters_drawn_by_reference_are_told_and_icons_are_none() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let letter = |n: usize| format!("<use xlink:href='#glyph-0-{}' x='7'/>\n", n % 3);
        let letters = |n: usize| (0..n).map(letter).collect::<String>();
        for (inner, is_read) in [
            (format!("<g>{}</g>", letters(9)), false),
            (letters(8), true),
            // One shape alone is no text.
            (letter(1).repeat(99), true),
            ("<g><use href='#icon'/></g><path d='M0 0'/>".repeat(20), true),
            (format!("<g>{}</g>", letters(4)).repeat(3), false),
            (format!("<svg>{}</svg>", letters(4)).repeat(3), false),
            // Icons of a page, drawings of their own.
            (format!("</svg><p>Mục</p><svg>{}", letters(2)).repeat(9), true),
            (format!("</svg><p>Mục</p><svg>{}", letters(9)), false),
        ] {
            let bytes = format!("<svg xmlns='http://www.w3.org/2000/svg'>{inner}</svg>").into_bytes();
            let inspection = inspector.inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.opaque.is_empty(), is_read, "{inner}");
        }
    }
}
