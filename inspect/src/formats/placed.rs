//! Letters that are each put at a place of their own, in any order: read line by line as they are seen.
//!
//! A second look at lines whose letters do not come in the order in which they are seen; all others read well as they come.

use std::sync::Arc;

use crate::inquiry::{Inquiry, Place};
use crate::text::Text;
use crate::view::View;

/// A letter, or a few, and where it stands.
struct Letter<T> {
    /// Across the lines, downwards.
    line: f64,
    /// Along them.
    along: f64,
    what: T,
}

/// Letters of one page.
pub(crate) struct Placed<T> {
    letters: Vec<Letter<T>>,
}

/// So many letters are put in order at once; of a page with more, those behind are put in order by themselves.
const LETTERS_MAX: usize = 8_192;

impl<T> Default for Placed<T> {
    fn default() -> Self {
        Self { letters: Vec::new() }
    }
}

impl<T> Placed<T> {
    pub(crate) fn push(&mut self, along: f64, line: f64, what: T) {
        if along.is_finite() && line.is_finite() {
            self.letters.push(Letter { line, along, what });
        }
    }

    /// Whether they are to be put in order now, before there are too many.
    pub(crate) const fn are_many(&self) -> bool {
        self.letters.len() >= LETTERS_MAX
    }

    /// The lines whose letters come in another order than they stand, and forgets all. Letters stand on one line if they
    /// are no further apart than `height`.
    pub(crate) fn lines(&mut self, height: f64) -> Vec<Vec<T>> {
        const LETTERS_MIN: usize = 4;
        let mut letters: Vec<(usize, Letter<T>)> = std::mem::take(&mut self.letters).into_iter().enumerate().collect();
        letters.sort_by(|(_, a), (_, b)| a.line.total_cmp(&b.line));
        let mut lines: Vec<Vec<(usize, Letter<T>)>> = Vec::new();
        for (n, letter) in letters {
            match lines.last_mut() {
                Some(line) if line.first().is_some_and(|(_, first)| letter.line - first.line <= height) => {
                    line.push((n, letter));
                }
                _ => lines.push(vec![(n, letter)]),
            }
        }
        for line in &mut lines {
            line.sort_by(|(n, a), (m, b)| a.along.total_cmp(&b.along).then(n.cmp(m)));
        }
        lines.retain(|line| line.len() >= LETTERS_MIN && !line.is_sorted_by_key(|(n, _)| *n));
        lines.into_iter().map(|line| line.into_iter().map(|(_, letter)| letter.what).collect()).collect()
    }
}

/// The text of a box, and what was read before it and may say what it is.
pub(crate) struct Letters {
    pub(crate) text: View,
    pub(crate) lead: Option<Arc<View>>,
}

impl Placed<Letters> {
    /// Reads the lines whose letters come in another order than they stand. Letters by themselves are one word, what is
    /// longer is set apart: pictures of a slide have numbers in all corners.
    pub(crate) fn read(&mut self, height: f64, place: &Place, inquiry: &mut Inquiry) {
        let lines = self.lines(height);
        if lines.is_empty() {
            return;
        }
        let is_letter = |view: &View| str::from_utf8(&view.text).is_ok_and(|text| text.trim().chars().count() <= 1);
        let all = |view: &View| 0..view.text.len();
        let mut text = Text::prose(Place { again: true, charset: None, ..place.clone() });
        for line in lines {
            let mut letter = false;
            if let Some(lead) = line.iter().find_map(|letters| letters.lead.as_deref()) {
                text.view.push_view(lead, all(lead));
            }
            for Letters { text: letters, .. } in &line {
                if !(letter && is_letter(letters)) {
                    text.joint(b" ");
                }
                letter = is_letter(letters);
                text.view.push_view(letters, all(letters));
            }
            text.joint(b"\n");
        }
        text.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_out_of_order_is_read_again() {
        let lay = |letters: &[(f64, f64, char)]| {
            let mut placed = Placed::default();
            letters.iter().for_each(|(x, y, c)| placed.push(*x, *y, *c));
            placed.lines(2.0).into_iter().map(String::from_iter).collect::<Vec<_>>()
        };
        let line = [(0.0, 9.0, 'a'), (5.0, 9.5, 'b'), (10.0, 8.5, 'c'), (15.0, 9.0, 'd')];
        assert_eq!(lay(&line), Vec::<String>::new());
        let [a, b, c, d] = line;
        assert_eq!(lay(&[d, b, (3.0, 40.0, 'x'), a, c]), ["abcd"]);
        assert_eq!(lay(&[(f64::NAN, 0.0, 'x'), d, c, b, a]), ["abcd"]);
    }
}
