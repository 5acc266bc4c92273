//! A letter a line, and a letter a cell: a number that somebody wrote so, or that a program set box by box.
//!
//! What is said before the letters, on their line or the one above, must make a number of them.

use std::ops::Range;

use super::Piece;
use crate::inquiry::{Inquiry, Place};
use crate::joined::PART_DIGITS_MAX;
use crate::table::{BOXES, Row, Said, boxes};
use crate::view::View;

#[derive(Default)]
pub(super) struct Letters {
    /// Lines of one letter each, one below the other.
    lines: Vec<Piece>,
    /// The last line of more than that, and the one before.
    said: Option<Piece>,
    before: Option<Piece>,
    /// Items of a list, one below the other, each a part of a number.
    items: Vec<Piece>,
    /// What is to be read, and what stands before it.
    found: Vec<(Row, Said)>,
}

fn is_letter(text: &[u8]) -> bool {
    // Nearly every line has two letters side by side at its beginning.
    !matches!(text, [a, b, ..] if !a.is_ascii_whitespace() && !b.is_ascii_whitespace())
        && matches!(text.trim_ascii(), [b] if b.is_ascii_alphanumeric())
}

/// The digits of an item of a list that may be a part of a number: `- "0010"`.
fn item(text: &[u8]) -> Option<Range<usize>> {
    if !matches!(text, [b'-', b' ', ..] | [b' ' | b'\t', ..]) {
        return None;
    }
    let blanks = |from: usize| from + text.iter().skip(from).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let sign = blanks(0);
    let start = blanks(sign + 1);
    let quote = text.get(start).filter(|b| matches!(b, b'"' | b'\''));
    let start = start + usize::from(quote.is_some());
    let rest = text.get(start..).filter(|_| text.get(sign) == Some(&b'-'))?;
    let digits = rest.iter().take(PART_DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    let behind = rest.get(digits..)?;
    let ends = match quote {
        Some(quote) => behind.strip_prefix(std::slice::from_ref(quote))?,
        None => behind,
    };
    ((1..=PART_DIGITS_MAX).contains(&digits) && ends.trim_ascii().is_empty()).then_some(start..start + digits)
}

/// What may stand between a letter and the words around it.
const fn is_sign(b: u8) -> bool {
    b.is_ascii_punctuation() || b == b' '
}

/// The letter that ends a line, set apart from what stands before it.
fn last_letter(line: &Piece, view: &View) -> Option<Piece> {
    let text = line.text(view).trim_ascii_end();
    let is_one = matches!(text, [.., sign, last] if last.is_ascii_alphanumeric() && is_sign(*sign));
    is_one.then(|| line.part(text.len() - 1..text.len(), view))
}

/// The letter that begins a line, set apart from what stands behind it.
fn first_letter(line: &Piece, view: &View) -> Option<Piece> {
    let is_one = matches!(line.text(view), [first, sign, ..] if first.is_ascii_alphanumeric() && is_sign(*sign));
    is_one.then(|| line.part(0..1, view))
}

impl Letters {
    /// Takes a line that is not blank.
    pub(super) fn line(&mut self, line: &Piece, view: &View) {
        let text = line.text(view);
        if matches!(text.last(), Some(b']' | b')')) {
            self.brackets(line, view);
        }
        if is_letter(text) {
            // One more than fits is enough to know that it does not.
            if self.lines.len() <= *BOXES.end() {
                self.lines.push(line.part(0..text.len(), view));
            }
            return;
        }
        if !self.lines.is_empty() {
            self.end_before(Some(line), view);
        }
        if let Some(part) = item(text) {
            // One more than fits is enough to know that it does not.
            if self.items.len() <= *BOXES.end() {
                self.items.push(line.part(part, view));
            }
            return;
        }
        if !self.items.is_empty() {
            self.end_items(view);
        }
        self.before = self.said.replace(line.twin());
    }

    /// The line that was taken last.
    pub(super) const fn last_line(&self) -> Option<&Piece> {
        self.said.as_ref()
    }

    /// The line before the one that was taken last.
    pub(super) const fn line_before(&self) -> Option<&Piece> {
        self.before.as_ref()
    }

    /// No line of one letter follows.
    pub(super) fn end(&mut self, view: &View) {
        self.end_before(None, view);
        self.end_items(view);
    }

    /// The items end that are parts of a number, if the line above names it and nothing else.
    fn end_items(&mut self, view: &View) {
        let items = std::mem::take(&mut self.items);
        let digits: usize = items.iter().map(Piece::len).sum();
        let said = self.said.as_ref().map(|said| said.text(view).trim_ascii_end()).unwrap_or_default();
        if items.len() < 2 || !BOXES.contains(&digits) || said.last() != Some(&b':') {
            return;
        }
        let each =
            |item: &Piece| (0..item.len()).map(|at| item.part(at..at + 1, view).to_view(view)).collect::<Vec<_>>();
        let row = items.iter().flat_map(each).enumerate().collect();
        let mut above = Said::default();
        above.take(said.trim_ascii_start());
        self.found.push((row, above));
    }

    /// The lines of one letter end before this one. The first letter may end the line above them, and the last begin the line
    /// below.
    fn end_before(&mut self, below: Option<&Piece>, view: &View) {
        let lines = std::mem::take(&mut self.lines);
        let fits = |len: usize| BOXES.contains(&len);
        if !fits(lines.len()) && !fits(lines.len() + 1) && !fits(lines.len() + 2) {
            return;
        }
        let above = self.said.as_ref().map(|said| said.text(view).trim_ascii()).unwrap_or_default();
        let first = self.said.as_ref().and_then(|said| last_letter(said, view));
        let last = below.and_then(|below| first_letter(below, view));
        for (with_first, with_last) in [(false, false), (true, false), (false, true), (true, true)] {
            let (first, last) = (first.as_ref().filter(|_| with_first), last.as_ref().filter(|_| with_last));
            let row: Vec<View> = first.into_iter().chain(&lines).chain(last).map(|line| line.to_view(view)).collect();
            let is_one = first.is_some() == with_first && last.is_some() == with_last;
            if is_one && fits(row.len()) {
                let mut said = Said::default();
                said.take(above.get(..above.len() - usize::from(with_first)).unwrap_or_default());
                self.found.push((row.into_iter().enumerate().collect(), said));
            }
        }
    }

    /// Takes the cells of the line that was taken last. The first of the letters may end what stands before them, and the last begin what
    /// stands behind.
    pub(super) fn cells(&mut self, cells: &[Piece], view: &View) {
        self.groups(cells, view);
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
        let mut said = Said::default();
        if let Some(line) = &self.before {
            said.take(line.text(view).trim_ascii_start());
        }
        self.found.push((row, said));
    }

    /// Letters in brackets at the end of a line, `Số CCCD: [0] [7] [9] …`, each with a blank before.
    fn brackets(&mut self, line: &Piece, view: &View) {
        let text = line.text(view);
        let mut letters = Vec::new();
        let mut rest = text;
        while let [head @ .., open @ (b'[' | b'('), letter, close] = rest
            && matches!((open, close), (b'[', b']') | (b'(', b')'))
            && letter.is_ascii_alphanumeric()
            && letters.len() <= *BOXES.end()
        {
            letters.push(line.part(head.len() + 1..head.len() + 2, view));
            rest = head.trim_ascii_end();
        }
        if BOXES.contains(&letters.len()) {
            let label = line.part(0..rest.len(), view);
            let row = [label].into_iter().chain(letters.into_iter().rev()).map(|piece| piece.to_view(view));
            self.found.push((row.enumerate().collect(), Said::default()));
        }
    }

    /// The groups of a citizen number, set apart as cells are: `Số CCCD: 001<tab>090<tab>123<tab>456`. No count begins with
    /// a zero; other numbers may be several of a row.
    fn groups(&mut self, cells: &[Piece], view: &View) {
        const DIGITS: usize = 12;
        const GROUP: std::ops::RangeInclusive<usize> = 2..=6;
        let is_group = |cell: &&Piece| {
            let text = cell.text(view);
            GROUP.contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
        };
        // Words may follow the last group: `4109 - Hà Nội`.
        let tail = cells.last().filter(|last| !is_group(last)).and_then(|last| {
            let text = last.text(view);
            let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
            let ends = text.get(digits).is_some_and(|b| is_sign(*b));
            (GROUP.contains(&digits) && ends).then(|| last.part(0..digits, view))
        });
        let cells = cells.get(..cells.len() - usize::from(tail.is_some())).unwrap_or_default();
        let groups = cells.iter().rev().take_while(is_group).count();
        let Some((before, groups)) = cells.split_at_checked(cells.len() - groups) else { return };
        let groups = || groups.iter().chain(&tail);
        let Some(label) = before.last().filter(|_| groups().next().is_some()) else { return };
        let said = label.text(view);
        // The first group may stand behind what announces it.
        let own = said.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let rest = said.get(..said.len() - own).unwrap_or_default();
        let digits = own + groups().map(Piece::len).sum::<usize>();
        let first =
            if own > 0 { said.get(rest.len()) } else { groups().next().and_then(|cell| cell.text(view).first()) };
        if digits != DIGITS || first != Some(&b'0') || !rest.last().is_some_and(|b| own == 0 || is_sign(*b)) {
            return;
        }
        let each = |piece: &Piece, from: usize| (from..piece.len()).map(|at| piece.part(at..at + 1, view)).collect();
        let own: Vec<Piece> = each(label, rest.len());
        let groups = groups().flat_map(|group| -> Vec<Piece> { each(group, 0) });
        let row = [label.part(0..rest.len(), view)].into_iter().chain(own).chain(groups);
        let row = row.map(|piece| piece.to_view(view)).enumerate().collect();
        self.found.push((row, Said::default()));
    }

    /// Copies out of the window what is still needed.
    pub(super) fn keep(&mut self, view: &View) {
        self.lines
            .iter_mut()
            .chain(&mut self.items)
            .chain(&mut self.said)
            .chain(&mut self.before)
            .for_each(|line| line.keep(view));
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
            (format!("Số CCCD: [{}]", each("] [")), 1),
            (format!("Số CCCD: ({})", each(")  (")), 1),
            (format!("Số CCCD: [{}] [7] [8] [9] [1]", each("] [")), 0),
            (format!("Đáp án: [{}]", each("] [")), 0),
            ("Số CCCD: 001\t090\t123\t456".into(), 1),
            ("Căn cước công dân:\t0010\t9012\t3456".into(), 1),
            ("Số lượng thẻ:\t0010\t9012\t3456".into(), 0),
            ("Số CCCD cấp mới:\t1010\t9012\t3456".into(), 0),
            ("so_cccd:\n  - \"0010\"\n  - \"9012\"\n  - \"3456\"\nten: An\n".into(), 1),
            ("Số CCCD:\n- 001\n- 090\n- 123\n- 456".into(), 1),
            (format!("so_cccd:\n- {}", each("\n- ")), 1),
            ("cong:\n  - 0010\n  - 9012\n  - 3456\n".into(), 0),
            ("so_cccd\n  - 0010\n  - 9012\n  - 3456\n".into(), 0),
            ("so_cccd:\n  - 0010\n  - 9012\n  - 3456\n  - 7\n".into(), 0),
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

    #[test]
    fn the_lines_around_hold_the_first_letter_and_the_last() {
        let card = "HK3844244543499".chars().map(String::from).collect::<Vec<_>>().join("\n");
        for (text, found) in [
            (format!("Số thẻ BHYT: {card} nhé"), 1),
            (format!("Số thẻ BHYT: {card}\nnhé"), 1),
            (format!("Số thẻ BHYT:\n{card}, cảm ơn"), 1),
            (format!("Số thẻ BHYT: loại {card}5\nnhé"), 0),
            (format!("Mã lô hàng: {card} nhé"), 0),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhyt), found, "{text:?}");
        }
    }
}
