//! Tracked changes: a text is read as it is now, and as it was before.
//!
//! What was deleted may stand in the middle of what took its place, and what was inserted in the middle of what was there
//! before. A line of running text is short of context only where something was struck out; of a cell there are two readings.

use std::ops::Range;

use super::words::CELL_MAX;
use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table};
use crate::text::Text;
use crate::view::View;

/// Text before what was struck out that announces it.
const BEFORE_MAX: usize = 80;
/// Digits that may be the beginning of a number that was struck out, or its end: more are one by themselves.
const DIGITS_MAX: usize = 8;
/// Insertions of a line that are remembered; only the last ones matter.
const INSERTED_MAX: usize = 64;

/// What was struck out of running text.
pub(super) struct Struck {
    pub(super) text: Text,
    place: Place,
    /// Where insertions of the line stand, in the whole text.
    inserted: Vec<Range<u64>>,
    /// Where the one at hand began.
    insertion: Option<u64>,
    /// From here on the text may go on with what was struck out.
    rest: Option<u64>,
    /// Where what is being struck out begins, and how it is announced as it is shown, if something was inserted before it.
    from: u64,
    shown: Option<View>,
}

fn end_of(view: &View) -> u64 {
    view.base + view.text.len() as u64
}

fn digits_before(text: &[u8]) -> usize {
    text.iter().rev().take(DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count()
}

impl Struck {
    pub(super) fn new(place: &Place) -> Self {
        Self {
            text: Text::new(place.clone()),
            place: Place { again: true, ..place.clone() },
            inserted: Vec::new(),
            insertion: None,
            rest: None,
            from: 0,
            shown: None,
        }
    }

    /// Something is struck out behind `running`: what stands before it on the line announces it, and may be its beginning.
    pub(super) fn begin(&mut self, running: &View, inquiry: &mut Inquiry) {
        self.follow(running);
        let goes_on = self.rest.take().is_some() && self.insertion.is_none();
        if !goes_on {
            self.text.finish(inquiry);
            let own = self.own(running);
            self.shown = None;
            if self.inserted.last().is_some_and(|range| range.end == end_of(running) && !range.is_empty()) {
                let mut shown = View::default();
                shown.push_view(running, line(running)..running.text.len());
                self.shown = Some(shown);
            }
            let begins = own.first().map_or(running.text.len(), |piece| piece.start);
            self.text.view.push_view(running, line(running).min(begins)..begins);
            self.text.settle();
            own.into_iter().for_each(|piece| self.text.view.push_view(running, piece));
        }
        self.from = end_of(&self.text.view);
    }

    /// The digits before, without those that were inserted: what stood there when the rest was not struck out.
    fn own(&self, running: &View) -> Vec<Range<usize>> {
        let (mut end, mut digits, mut own) = (running.text.len(), 0, Vec::new());
        loop {
            let is_here = |range: &&Range<u64>| range.end == running.base + end as u64 && range.start < range.end;
            if let Some(range) = self.inserted.iter().rev().find(is_here) {
                end = range.start.saturating_sub(running.base) as usize;
                continue;
            }
            let floor = self.inserted.iter().filter(|range| range.end < running.base + end as u64);
            let floor = floor.map(|range| range.end.saturating_sub(running.base) as usize).max().unwrap_or(0);
            let n = digits_before(running.text.get(floor..end).unwrap_or_default());
            digits += n;
            if digits > DIGITS_MAX {
                return Vec::new();
            }
            if n > 0 {
                own.insert(0, end - n..end);
            }
            end -= n;
            if end != floor || end == 0 {
                return own;
            }
        }
    }

    /// What was struck out ends.
    pub(super) fn end(&mut self, running: &View, inquiry: &mut Inquiry) {
        let view = &self.text.view;
        let piece = self.from.saturating_sub(view.base) as usize..view.text.len();
        if let Some(mut shown) = self.shown.take() {
            shown.push_view(view, piece.clone());
            let mut text = Text::new(self.place.clone());
            text.view = shown;
            text.finish(inquiry);
        }
        let is_number = digits_before(view.text.get(piece).unwrap_or_default()) > DIGITS_MAX;
        self.rest = (!is_number).then(|| end_of(running));
    }

    /// Takes the digits that go on with what was struck out.
    pub(super) fn follow(&mut self, running: &View) {
        let Some(from) = self.rest.filter(|_| self.insertion.is_none()) else { return };
        let from = from.saturating_sub(running.base) as usize;
        let rest = running.text.get(from..).unwrap_or_default();
        let n = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.rest = (n == rest.len()).then(|| end_of(running));
        // A number of its own is none of the other's.
        if n <= DIGITS_MAX {
            self.text.view.push_view(running, from..from + n);
        } else {
            self.rest = None;
        }
    }

    /// Something is inserted behind `running`.
    pub(super) fn insert(&mut self, running: &View) {
        self.follow(running);
        self.insertion = Some(end_of(running));
    }

    /// What was inserted ends: what goes on stands behind it.
    pub(super) fn inserted(&mut self, running: &View) {
        let Some(from) = self.insertion.take() else { return };
        if self.inserted.len() >= INSERTED_MAX {
            self.inserted.drain(..INSERTED_MAX / 2);
        }
        self.inserted.push(from..end_of(running));
        self.rest = self.rest.map(|_| end_of(running));
    }

    /// The line ends.
    pub(super) fn end_line(&mut self, running: &View) {
        self.follow(running);
        self.rest = None;
        self.inserted.clear();
    }
}

/// Where the line at the end of `running` begins, as far as it announces anything.
fn line(running: &View) -> usize {
    let text = &running.text;
    let from = text.len().saturating_sub(BEFORE_MAX);
    text.get(from..).and_then(|tail| memchr::memrchr(b'\n', tail)).map_or(from, |at| from + at + 1)
}

/// Of which reading a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Both,
    Now,
    Before,
}

/// The changes within a cell: from where on its text is of which reading.
#[derive(Default)]
pub(super) struct Changes(Vec<(usize, Reading)>);

impl Changes {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text goes on at `at` within so many deletions and insertions.
    pub(super) fn turn(&mut self, at: usize, strikes: u32, inserts: u32) {
        let reading = match (strikes, inserts) {
            (0, 0) => Reading::Both,
            (0, _) => Reading::Now,
            _ => Reading::Before,
        };
        if self.0.last().map_or(Reading::Both, |(_, last)| *last) != reading {
            self.0.push((at, reading));
        }
    }

    /// The two readings of a cell, as it is now and as it was before.
    pub(super) fn part(&mut self, cell: &View) -> (View, View) {
        let (mut now, mut before) = (View::new(cell.charset), View::new(cell.charset));
        let ends = self.0.iter().skip(1).map(|(at, _)| *at).chain([cell.text.len()]);
        let first = self.0.first().map_or(cell.text.len(), |(at, _)| *at);
        let pieces = self.0.iter().zip(ends).map(|((at, reading), end)| (*at..end, *reading));
        for (range, reading) in std::iter::once((0..first, Reading::Both)).chain(pieces) {
            if reading != Reading::Before {
                now.push_view(cell, range.clone());
            }
            if reading != Reading::Now {
                before.push_view(cell, range);
            }
        }
        self.0.clear();
        (now, before)
    }
}

/// The cells of a row as they were before, where that is something else.
#[derive(Default)]
pub(super) struct Before {
    cells: Row,
    len: usize,
}

/// Fewer digits in a row announce something at most: another heading of a column is no row of its own.
const ROW_DIGITS_MIN: usize = 6;

impl Before {
    /// Adds a cell; false where they are as many as one row may have.
    pub(super) fn push(&mut self, column: usize, cell: View) -> bool {
        self.len += cell.text.len();
        self.cells.push((column, cell));
        self.len <= CELL_MAX
    }

    /// Gives the row to its table, behind the one it was; `label` begins both. What is no row is text.
    pub(super) fn give(
        &mut self,
        number: u64,
        label: Option<(usize, View)>,
        table: &mut Table,
        struck: &mut Struck,
        inquiry: &mut Inquiry,
    ) {
        let Self { mut cells, .. } = std::mem::take(self);
        let digits = cells.iter().flat_map(|(_, cell)| &cell.text).filter(|b| b.is_ascii_digit()).count();
        if digits < ROW_DIGITS_MIN {
            struck.text.finish(inquiry);
            for (_, cell) in &cells {
                struck.text.view.push_view(cell, 0..cell.text.len());
                struck.text.joint(b"\n");
            }
            return struck.text.finish(inquiry);
        }
        let is_first = |(column, label): &(usize, View)| {
            cells.iter().all(|(at, _)| at > column) && !label.text.iter().any(u8::is_ascii_digit)
        };
        if let Some(label) = label.filter(is_first) {
            cells.insert(0, label);
        }
        table.row(number, cells, inquiry);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}
