//! Boxes of text that are each put at a place of their own: text boxes of documents and slides, elements of pages.
//!
//! A few letters in each, in any order, are one line where they are seen. Boxes within each other move with the one around
//! them; none is turned.

use std::sync::Arc;

use super::placed::{Letters, Placed};
use crate::inquiry::{Inquiry, Place};
use crate::view::View;

/// Boxes within each other; those deeper are part of the last.
const BOXES_MAX: usize = 64;
/// A longer text is no letter, but says what letters are.
pub(super) const LETTERS_MAX: usize = 16;
/// A longer text is a paragraph.
const WORDS_MAX: usize = 80;
/// Letters of one line are no further apart upright, in points.
const LINE_HEIGHT: f64 = 6.0;

/// A box that is open.
struct Open {
    /// Where it stands in the one around it, once that is known.
    at: Option<(f64, f64)>,
    /// Where its text begins in what is read.
    start: u64,
    /// It has a box within, and is no letter.
    holds: bool,
}

/// The boxes of a page or part.
#[derive(Default)]
pub(crate) struct Boxes {
    open: Vec<Open>,
    /// So many more are open.
    deeper: u64,
    letters: Placed<Letters>,
    /// What was read before the boxes that follow each other now, and where the last of them ended.
    lead: Option<Arc<View>>,
    ended: u64,
}

impl Boxes {
    /// A box begins at the end of what was read.
    pub(crate) fn open(&mut self, read: &View) {
        if self.open.len() < BOXES_MAX {
            self.open.push(Open { at: None, start: read.base + read.text.len() as u64, holds: false });
        } else {
            self.deeper += 1;
        }
    }

    /// Whether any box is open.
    pub(crate) const fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The innermost box stands so far along and down in the one around it.
    pub(crate) fn place(&mut self, along: Option<f64>, down: Option<f64>) {
        if let Some(open) = self.open.last_mut().filter(|_| self.deeper == 0) {
            if along.or(down).is_none() {
                return;
            }
            let (x, y) = open.at.unwrap_or_default();
            open.at = Some((along.unwrap_or(x), down.unwrap_or(y)));
        }
    }

    /// The innermost box ends.
    pub(crate) fn close(&mut self, read: &View) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(Open { at, start, holds }) = self.open.pop() else { return };
        let Some((along, down)) = at else { return };
        if let Some(around) = self.open.last_mut() {
            around.holds = true;
        }
        let from = start.checked_sub(read.base).and_then(|from| usize::try_from(from).ok());
        let Some((from, text)) = from.and_then(|from| read.text.get(from..).map(|text| (from, text.trim_ascii())))
        else {
            return;
        };
        if holds || text.is_empty() || text.len() > WORDS_MAX {
            return;
        }
        if text.len() <= LETTERS_MAX {
            self.follow(read, from);
        }
        let lead = self.lead.clone().filter(|_| text.len() <= LETTERS_MAX);
        let blank = read.text.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
        let mut view = View::default();
        view.push_view(read, from + blank..from + blank + text.len());
        let around = self.open.iter().filter_map(|open| open.at);
        let (x, y) = around.fold((along, down), |(x, y), (left, top)| (x + left, y + top));
        self.letters.push(x, y, Letters { text: view, lead });
    }

    /// A box of letters that begins at `from` follows the last one, or something that was read before it and leads it.
    fn follow(&mut self, read: &View, from: usize) {
        let ended = self.ended.checked_sub(read.base).and_then(|ended| usize::try_from(ended).ok());
        let between = ended.and_then(|ended| read.text.get(ended..from));
        self.ended = read.base + read.text.len() as u64;
        if self.lead.is_some() && between.is_some_and(|between| between.trim_ascii().is_empty()) {
            return;
        }
        let end = read.text.get(..from).unwrap_or_default().trim_ascii_end().len();
        let mut start = end.saturating_sub(WORDS_MAX);
        start += read.text.get(start..end).unwrap_or_default().iter().take_while(|b| (0x80..0xc0).contains(*b)).count();
        let mut lead = View::default();
        lead.push_view(read, start..end);
        self.lead = Some(Arc::new(lead));
    }

    /// Reads the lines whose boxes came out of order, once there are many boxes.
    pub(crate) fn advance(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.letters.are_many() {
            self.letters.read(LINE_HEIGHT, place, inquiry);
        }
    }

    /// The page ends: reads the lines whose boxes came out of order.
    pub(crate) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.open, self.deeper) = (Vec::new(), 0);
        self.letters.read(LINE_HEIGHT, place, inquiry);
    }
}

/// A length of style sheets and drawings, in points.
pub(crate) fn points(said: &str) -> Option<f64> {
    let said = said.trim();
    let end = said.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(said.len());
    let (number, unit) = said.split_at_checked(end)?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "in" => 72.0,
        "cm" => 72.0 / 2.54,
        "mm" => 72.0 / 25.4,
        "pc" | "em" | "rem" | "ch" => 12.0,
        "%" | "vw" | "vh" => 6.0,
        "pt" => 1.0,
        _ => 0.75,
    };
    number.parse::<f64>().ok().map(|number| number * unit)
}

/// Where a style puts an element: so far along and down.
pub(crate) fn styled(style: &str) -> Option<(Option<f64>, Option<f64>)> {
    let (mut along, mut down, mut positioned) = (None, None, false);
    for (name, value) in style.split(';').filter_map(|said| said.split_once(':')) {
        let length = || points(value);
        let sum = |so_far: Option<f64>, more: Option<f64>| more.map(|more| so_far.unwrap_or(0.0) + more).or(so_far);
        match name.trim().to_ascii_lowercase().as_str() {
            "position" => positioned = !value.trim().eq_ignore_ascii_case("static"),
            "left" | "margin-left" => along = sum(along, length()),
            "right" => along = sum(along, length().map(|n| -n)),
            "top" | "margin-top" => down = sum(down, length()),
            "bottom" => down = sum(down, length().map(|n| -n)),
            _ => {}
        }
    }
    positioned.then_some((along, down))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_say_where_an_element_stands() {
        for (style, expected) in [
            ("position:absolute;left:8px;top:4px", Some((Some(6.0), Some(3.0)))),
            ("Position : fixed; RIGHT: 1in", Some((Some(-72.0), None))),
            ("position:absolute;margin-left:10pt;margin-top:-2.5pt;z-index:1", Some((Some(10.0), Some(-2.5)))),
            ("position:absolute;left:10pt;margin-left:2pt", Some((Some(12.0), None))),
            ("left:8px;top:4px", None),
            ("position:static;left:8px", None),
            ("position:absolute;left:calc(1px)", Some((None, None))),
        ] {
            assert_eq!(styled(style), expected, "{style}");
        }
    }
}
