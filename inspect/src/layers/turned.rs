//! Text that is shown from right to left whatever it is (U+202E, and its end U+202C): read as it is shown.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// The sign that turns what stands behind it, in UTF-8.
pub(super) const TURN: &[u8] = "\u{202e}".as_bytes();
const END: char = '\u{202c}';
/// Letters that are turned at a time.
const LETTERS_MAX: usize = 256;

pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    text.get(at..)?.starts_with(TURN).then_some(("reversed", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| {
        let shown = text.get(at..)?.strip_prefix(TURN)?;
        let shown = shown.get(..shown.len().min(4 * LETTERS_MAX))?;
        let shown = shown.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let end = shown.find([END, '\n']).unwrap_or(shown.len());
        let letters: String = shown.get(..end)?.chars().take(LETTERS_MAX).collect();
        let turned: String = letters.chars().rev().collect();
        Some((TURN.len() + letters.len(), turned.into_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_is_shown_the_other_way_round_is_read_so() {
        for (text, found) in [
            // Both as it stands and as it is shown.
            ("Số CCCD: \u{202e}654321090100\u{202c} nhé", 2),
            ("Số CCCD: \u{202e}654 321 090 100", 1),
            ("\u{202e}654321090100 :DCCC ốS\u{202c}", 1),
            ("Số đơn hàng: \u{202e}654321090100\u{202c}", 0),
            ("\u{202e}\u{202c}\u{202e}", 0),
        ] {
            for text in [text.to_owned(), format!("{}{text}", "Chữ thường. \n".repeat(9_000))] {
                let bytes = text.into_bytes();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{inspection:?}");
            }
        }
    }
}
