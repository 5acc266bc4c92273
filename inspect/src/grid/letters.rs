//! A letter a line, and a letter a cell: a number that somebody wrote so, or that a program set box by box.
//!
//! What is said before the letters, on their line or the one above, must make a number of them.

use super::Piece;
use crate::inquiry::{Inquiry, Place};
use crate::table::{BOXES, Row, Said, boxes};
use crate::view::View;

#[derive(Default)]
pub(super) struct Letters {
    /// Lines of one letter each, one below the other.
    lines: Vec<Piece>,
    /// The last line of more than that, and the one before.
    said: Option<Piece>,
    before: Option<Piece>,
    /// What is to be read, and what stands before it.
    found: Vec<(Row, Said)>,
}

fn is_letter(text: &[u8]) -> bool {
    matches!(text.trim_ascii(), [b] if b.is_ascii_alphanumeric())
}

/// What may stand between a letter and the words around it.
const fn is_sign(b: u8) -> bool {
    b.is_ascii_punctuation() || b == b' '
}

impl Letters {
    /// Takes a line that is not blank.
    pub(super) fn line(&mut self, line: &Piece, view: &View) {
        let text = line.text(view);
        if is_letter(text) {
            // One more than fits is enough to know that it does not.
            if self.lines.len() <= *BOXES.end() {
                self.lines.push(line.part(0..text.len(), view));
            }
            return;
        }
        if !self.lines.is_empty() {
            self.end(view);
        }
        self.before = self.said.replace(line.twin());
    }

    fn said(line: Option<&Piece>, view: &View) -> Said {
        let mut said = Said::default();
        if let Some(line) = line {
            said.take(line.text(view).trim_ascii_start());
        }
        said
    }

    /// No line of one letter follows.
    pub(super) fn end(&mut self, view: &View) {
        if BOXES.contains(&self.lines.len()) {
            let row = self.lines.iter().map(|line| line.to_view(view)).enumerate().collect();
            self.found.push((row, Self::said(self.said.as_ref(), view)));
        }
        self.lines.clear();
    }

    /// Takes the cells of the line that was taken last. The first of the letters may end what stands before them, and the last begin what
    /// stands behind.
    pub(super) fn cells(&mut self, cells: &[Piece], view: &View) {
        let letters = cells.len() >= *BOXES.start() - 2;
        if !letters || cells.iter().filter(|cell| is_letter(cell.text(view))).count() < *BOXES.start() - 2 {
            return;
        }
        let mut row = Row::new();
        let mut push = |cell: Piece| row.push((row.len(), cell.to_view(view)));
        let mut begun = false;
        for cell in cells {
            let text = cell.text(view);
            let goes_on = std::mem::replace(&mut begun, is_letter(text));
            match text {
                [first, sign, ..] if goes_on && first.is_ascii_alphanumeric() && is_sign(*sign) => {
                    push(cell.part(0..1, view));
                    push(cell.part(1..text.len(), view));
                }
                [.., sign, last] if last.is_ascii_alphanumeric() && is_sign(*sign) => {
                    push(cell.part(0..text.len() - 1, view));
                    push(cell.part(text.len() - 1..text.len(), view));
                }
                _ => push(cell.part(0..text.len(), view)),
            }
        }
        // The most letters side by side, and the cell before them.
        let (mut longest, mut start) = (0..0, 0);
        for n in 0..=row.len() {
            if row.get(n).is_none_or(|(_, cell)| !is_letter(&cell.text)) {
                if n - start > longest.len() {
                    longest = start..n;
                }
                start = n + 1;
            }
        }
        row.truncate(longest.end);
        row.drain(..longest.start.saturating_sub(1));
        self.found.push((row, Self::said(self.before.as_ref(), view)));
    }

    /// Copies out of the window what is still needed.
    pub(super) fn keep(&mut self, view: &View) {
        self.lines.iter_mut().chain(&mut self.said).chain(&mut self.before).for_each(|line| line.keep(view));
    }

    /// Reads what was found.
    pub(super) fn tell(&mut self, place: &Place, inquiry: &mut Inquiry) {
        for (row, said) in self.found.drain(..) {
            let found = boxes(place, &row, &said, false, inquiry);
            for f in found.into_iter().flat_map(|(_, found)| found) {
                if let Some(mark) = inquiry.report(f) {
                    inquiry.people.record(&[mark], false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn letters_apart_are_a_number_when_it_is_said_so() {
        let each = |apart: &str| "001090123456".chars().map(String::from).collect::<Vec<_>>().join(apart);
        for (text, found) in [
            (format!("Số CCCD:\n{}\nxin cảm ơn", each("\n")), 1),
            (format!("Số CCCD:\n\n{}", each("\n\n")), 1),
            (format!("Số CCCD: {}", each("|")), 1),
            (format!("| Số CCCD | {} |", each(" | ")), 1),
            (format!("Số CCCD\n{}", each("\t")), 1),
            (format!("Số CCCD:\t{}", each("\t")), 1),
            (format!("Số CCCD: {} nhé anh", each(" | ")), 1),
            (format!("Số CCCD: {}", each(";")), 1),
            (format!("Số CCCD: {}", each("  ")), 1),
            // Marks, scores and the lines of a form.
            (format!("Điểm từng câu: {}", each("|")), 0),
            (format!("Kết quả\n{}", each("\n")), 0),
            (format!("Số đơn hàng\n{}", each("\n")), 0),
            (each("\n"), 0),
            (each("\t"), 0),
        ] {
            for wrapped in [text.clone(), format!("{}{text}\n", "Chữ thường. \n".repeat(9_000))] {
                let bytes = wrapped.into_bytes();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text:?}");
            }
        }
    }
}
