//! The cells of a line, cut in one way.

use std::ops::Range;

use super::cut::{Cut, bullet, ends_with_side, item_begins, side, unquoted, ways};
use super::items::{given_and_number, name_and_number};
use super::piece::{Line, Piece};
use super::spaced::begins_register;
use super::wiki;
use crate::scanned::is_code;
use crate::view::View;

/// The cells of a line.
pub(super) struct Cells {
    pub(super) cut: Cut,
    pub(super) row: Vec<Piece>,
    /// Where blanks cut: from which to which character the cells reach on the line.
    pub(super) places: Vec<Range<usize>>,
    /// What stands around them all was taken for a frame; it may be the signs of two empty cells.
    pub(super) framed: bool,
}

impl Cells {
    /// A block of lines.
    pub(super) const fn lines(row: Vec<Piece>) -> Self {
        Self { cut: Cut::Lines, row, places: Vec::new(), framed: false }
    }

    /// Lines that are a row.
    pub(super) const fn stacked(row: Vec<Piece>) -> Self {
        Self { cut: Cut::Stacked, row, places: Vec::new(), framed: false }
    }

    /// A line under one that is drawn.
    pub(super) const fn ruled(row: Vec<Piece>) -> Self {
        Self { cut: Cut::Ruled, row, places: Vec::new(), framed: false }
    }

    /// Of a line that signs or blanks may cut, the first way that does.
    pub(super) fn in_any_way(line: &Piece, view: &View) -> Option<Self> {
        let cuts = [Cut::Tab, Cut::Box, Cut::Pipe, Cut::Semicolon, Cut::Blanks];
        let may_cut = ways(line.text(view));
        cuts.into_iter().zip(may_cut).filter(|(_, may)| *may).find_map(|(cut, _)| Self::of(line, cut, view))
    }

    /// Of a line; `None` when it is not cut this way.
    pub(super) fn of(line: &Piece, cut: Cut, view: &View) -> Option<Self> {
        let text = line.text(view).trim_ascii_end();
        let lead = text.len() - text.trim_ascii_start().len();
        if cut == Cut::Pipe
            && let Some((signs, frame)) = wiki::signs_of(text.get(lead..)?)
        {
            let ends = if text.ends_with(b"||") { 2 } else { 0 };
            return Self::parted(line, lead + frame..text.len() - ends, signs, view);
        }
        // What stands around all cells sets none apart.
        let frame = match (cut, text.get(lead..)?) {
            (Cut::Pipe, [b'|', .., b'|']) => 1,
            (Cut::Box, framed) => side(framed).filter(|_| ends_with_side(framed))?,
            _ => 0,
        };
        let text = text.get(..text.len() - frame)?;
        // A row may begin with an empty cell.
        let mut start = match cut {
            Cut::Tab => 0,
            Cut::Dashes => lead + bullet(text.get(lead..)?),
            _ => lead + frame,
        };
        // Most lines of most texts are not cut at all.
        let mut next = cut.next(text, start)?;
        if cut == Cut::Pipe && is_code(text) {
            return None;
        }
        // One semicolon is punctuation.
        if cut == Cut::Semicolon && cut.next(text, next + 1).is_none() {
            return None;
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        loop {
            let width = cut.width(text.get(next..).unwrap_or_default());
            let end = next + width.unwrap_or(1);
            if width.is_some() {
                ranges.push(start..next);
                start = end;
            }
            match cut.next(text, end) {
                Some(at) => next = at,
                None => break,
            }
        }
        ranges.push(start..text.len());
        if ranges.len() < 2 {
            return None;
        }
        if cut == Cut::Comma {
            ranges.iter_mut().for_each(|range| *range = unquoted(text, range));
        }
        let places = if cut == Cut::Blanks { places(text, &ranges) } else { Vec::new() };
        let row = ranges.into_iter().map(|range| line.part(range, view)).collect();
        Some(Self { cut, row, places, framed: cut == Cut::Pipe && frame > 0 })
    }

    /// Of what stands between two signs of a kind each.
    fn parted(line: &Piece, within: Range<usize>, signs: &[u8], view: &View) -> Option<Self> {
        let mut row = Vec::new();
        let mut start = within.start;
        for at in memchr::memmem::find_iter(line.text(view).get(within.clone())?, signs) {
            row.push(line.part(start..within.start + at, view));
            start = within.start + at + signs.len();
        }
        row.push(line.part(start..within.end, view));
        (row.len() > 1).then_some(Self { cut: Cut::Pipe, row, places: Vec::new(), framed: false })
    }

    /// Of a line that is an item of a list of given names.
    pub(super) fn given(line: &Piece, view: &View) -> Option<Self> {
        let (name, number) = given_and_number(line.text(view), item_begins(line.text(view))?)?;
        Some(Self::pair(Cut::Given, line, [name, number], view))
    }

    /// Of a line that is an item of a list.
    pub(super) fn item(line: &Piece, known: bool, view: &View) -> Option<Self> {
        let text = line.text(view);
        let (name, number) = name_and_number(text, item_begins(text)?, known)?;
        Some(Self::pair(Cut::Items, line, [name, number], view))
    }

    fn pair(cut: Cut, line: &Piece, cells: [Range<usize>; 2], view: &View) -> Self {
        let row = cells.into_iter().map(|cell| line.part(cell, view)).collect();
        Self { cut, row, places: Vec::new(), framed: false }
    }

    /// The same cells once more.
    pub(super) fn twin(&self) -> Self {
        let Self { cut, row, places, framed } = self;
        Self { cut: *cut, row: row.iter().map(Piece::twin).collect(), places: places.clone(), framed: *framed }
    }

    /// Takes the frame for the signs of an empty cell before all others and one behind them.
    pub(super) fn unframe(&mut self, view: &View) {
        if let (Some(first), Some(last)) = (self.row.first(), self.row.last()) {
            let (first, last) = (first.part(0..0, view), last.part(last.len()..last.len(), view));
            self.row.insert(0, first);
            self.row.push(last);
        }
        self.framed = false;
    }

    /// Whether a block of lines begins as the headings of a register do.
    pub(super) fn begins_register(&self, view: &View) -> bool {
        self.cut == Cut::Lines && self.row.first().is_some_and(|cell| begins_register(cell.text(view)))
    }

    /// Whether these may be the headings of a line whose last cells are empty: of remarks, nearly always.
    pub(super) fn heads_more_than(&self, cells: &Self, view: &View) -> bool {
        let has_digit = |cell: &Piece| cell.text(view).iter().any(u8::is_ascii_digit);
        self.cut.leaves_out(self.row.len(), cells.row.len())
            && !self.row.iter().any(has_digit)
            && cells.row.iter().any(has_digit)
    }

    /// Whether these head the cells of a line but for the first, above which nothing stands: programs number rows so.
    pub(super) fn heads_all_but_first(&self, cells: &Self) -> bool {
        let [first, others @ ..] = cells.places.as_slice() else { return false };
        let above = |(a, b): (&Range<usize>, &Range<usize>)| a.start < b.end && b.start < a.end;
        self.cut == Cut::Blanks
            && others.len() == self.places.len()
            && self.places.first().is_some_and(|place| first.end <= place.start)
            && self.places.iter().zip(others).all(above)
    }

    /// Puts an empty cell before all others.
    pub(super) fn put_empty_first(&mut self, view: &View) {
        if let Some(empty) = self.row.first().map(|piece| piece.part(0..0, view)) {
            self.row.insert(0, empty);
            self.places.insert(0, 0..0);
        }
    }

    /// The line they make, one behind the other.
    pub(super) fn into_line(self) -> Line {
        Line::under(self.row, Vec::new())
    }
}

/// Where ranges of a line, one behind the other, stand as a reader sees them: in characters, marks on letters (U+0300
/// to U+036F) not counted.
fn places(text: &[u8], ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut seen, mut at) = (0, 0);
    let mut upto = |end: usize| {
        let letter = |b: &&u8| !(0x80..0xc0).contains(*b) && !matches!(b, 0xcc | 0xcd);
        seen += text.get(at..end).unwrap_or_default().iter().filter(letter).count();
        at = end;
        seen
    };
    ranges.iter().map(|range| upto(range.start)..upto(range.end)).collect()
}
