//! What stands on a line of the page, parted where cells may be.

use std::ops::Range;

use super::super::columns::{Held, Spot};
use super::super::{Cell, LONG, Line as CellLine};

/// A page line by line, from the top.
pub(super) struct Page {
    pub(super) lines: Vec<Line>,
    /// Runs as they stand.
    pub(super) runs: Vec<usize>,
}

#[derive(Clone)]
pub(super) struct Line {
    pub(super) base: f64,
    pub(super) size: f64,
    /// From left to right.
    pub(super) segments: Vec<Segment>,
}

/// Text of a line that is of one cell.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) text: String,
    /// Its runs as they stand.
    pub(super) runs: Range<usize>,
    /// The first of them that was drawn.
    pub(super) drawn: usize,
    base: f64,
    size: f64,
    /// The last run that was put to it.
    last: usize,
    /// Its words, where they were told one by one.
    words: Vec<Word>,
}

/// A word, and where its text begins.
#[derive(Clone, Copy)]
struct Word {
    from: f64,
    to: f64,
    at: usize,
}

/// Runs stand on one line.
const LINE: f64 = 0.3;
/// Gaps that part words, and gaps that always part cells.
const GAP: Range<f64> = 0.16..0.9;
/// A gap between groups of digits that always parts numbers.
const GROUPS: f64 = 0.5;
/// A run of so few letters may be one of a word that was drawn in pieces.
const LETTERS_MAX: usize = 4;

impl Page {
    /// Texts that go the way most of them do.
    pub(super) fn of(held: &Held, begins: &[bool]) -> Self {
        let mut spots: Vec<Spot> = held.runs().enumerate().filter_map(|(n, run)| Spot::of(n, &run)).collect();
        spots.sort_by_key(|spot| spot.turn);
        let turn = spots.chunk_by(|a, b| a.turn == b.turn).max_by_key(|same| same.len()).and_then(<[Spot]>::first);
        let turn = turn.map_or(0, |spot| spot.turn);
        spots.retain(|spot| spot.turn == turn);
        spots.sort_by(|a, b| b.base.total_cmp(&a.base));
        let (mut lines, mut runs) = (Vec::new(), Vec::new());
        let mut rest = spots.as_mut_slice();
        while let Some(first) = rest.first() {
            let on_line = |s: &&Spot| first.base - s.base <= LINE * s.size.max(first.size);
            let len = rest.iter().take_while(on_line).count().max(1);
            let Some((line, behind)) = std::mem::take(&mut rest).split_at_mut_checked(len) else { break };
            line.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.run.cmp(&b.run)));
            lines.extend(Line::of(held, line, begins, &mut runs));
            rest = behind;
        }
        Self { lines, runs }
    }
}

impl Line {
    fn of(held: &Held, spots: &[Spot], begins: &[bool], runs: &mut Vec<usize>) -> Option<Self> {
        let mut segments: Vec<Segment> = Vec::new();
        for spot in spots {
            let text = held.text(spot.run);
            let begins = begins.get(spot.run).copied().unwrap_or_default();
            match segments.last_mut().filter(|last| !begins && last.goes_on(spot, text)) {
                Some(last) => last.push(spot, text),
                None if text.trim().is_empty() => {}
                None => segments.push(Segment::of(spot, text, runs.len())),
            }
            runs.push(spot.run);
            if let Some(last) = segments.last_mut() {
                last.runs.end = runs.len();
            }
        }
        let size = segments.iter().map(|s| s.size).fold(0.0, f64::max);
        let base = segments.first()?.base;
        Some(Self { base, size, segments })
    }
}

impl Line {
    /// The line, its texts parted where they go over the edge of a column; of one text alone nobody knows.
    pub(super) fn parted(&self, columns: &[(f64, f64)]) -> Self {
        if self.segments.len() < 2 {
            return self.clone();
        }
        let parts = self.segments.iter().flat_map(|s| s.parted(columns).unwrap_or_else(|| vec![s.clone()]));
        Self { segments: parts.collect(), ..*self }
    }
}

impl Segment {
    fn of(spot: &Spot, text: &str, at: usize) -> Self {
        Self {
            from: spot.from,
            to: spot.to,
            text: text.to_owned(),
            runs: at..at,
            drawn: spot.run,
            base: spot.base,
            size: spot.size,
            last: spot.run,
            words: vec![Word { from: spot.from, to: spot.to, at: 0 }],
        }
    }

    /// Whether a run on its line goes on with it: as words do, one drawn behind the other.
    fn goes_on(&self, spot: &Spot, text: &str) -> bool {
        let gap = (spot.from - self.to) / self.size.max(spot.size);
        let is_few = |text: &str| text.chars().nth(LETTERS_MAX).is_none();
        let is_next = spot.run == self.last + 1 || gap < GAP.start && is_few(text);
        let is_twice = self.is_twice(spot, text);
        let before = self.text.bytes().rev().take(LONG).take_while(u8::is_ascii_digit).count();
        let behind = text.bytes().take(LONG).take_while(u8::is_ascii_digit).count();
        let are_numbers = before.min(behind) > 5 && gap >= GAP.start || before.min(behind) == LONG;
        let max = if before > 0 && behind > 0 { GROUPS } else { GAP.end };
        is_twice || is_next && !are_numbers && (-1.5..max).contains(&gap)
    }

    /// Whether a run is the same text printed twice to look bold.
    fn is_twice(&self, spot: &Spot, text: &str) -> bool {
        (spot.from - self.from).abs() < 0.2 * self.size && self.words() == text.trim()
    }

    fn push(&mut self, spot: &Spot, text: &str) {
        let gap = (spot.from - self.to) / self.size.max(spot.size);
        self.drawn = self.drawn.min(spot.run);
        self.last = spot.run;
        if self.is_twice(spot, text) {
            return;
        }
        let is_blank = text.trim().is_empty();
        if (is_blank || gap >= GAP.start) && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        self.to = self.to.max(spot.to);
        self.size = self.size.max(spot.size);
        if !is_blank {
            self.words.push(Word { from: spot.from, to: spot.to, at: self.text.len() });
            self.text.push_str(text);
        }
    }

    /// Its parts in each of the columns, where an edge of those goes between two of its words and through none.
    fn parted(&self, columns: &[(f64, f64)]) -> Option<Vec<Self>> {
        let column = |word: &Word| {
            let overlap = |c: &(f64, f64)| c.1.min(word.to) - c.0.max(word.from);
            let mut met = columns.iter().enumerate().filter(|(_, c)| overlap(c) > 0.0);
            let first = met.next();
            if met.next().is_some() { None } else { first.map(|(n, _)| n) }
        };
        let mut parts: Vec<(usize, Self)> = Vec::new();
        for (n, word) in self.words.iter().enumerate() {
            let end = self.words.get(n + 1).map_or(self.text.len(), |next| next.at);
            let text = self.text.get(word.at..end)?;
            let column = column(word)?;
            match parts.last_mut() {
                Some((last, part)) if *last == column => {
                    part.text.push_str(text);
                    part.to = part.to.max(word.to);
                }
                _ => {
                    let (text, words) = (text.to_owned(), Vec::new());
                    parts.push((column, Self { from: word.from, to: word.to, text, words, ..self.clone() }));
                }
            }
        }
        (parts.len() > 1).then(|| parts.into_iter().map(|(_, part)| part).collect())
    }

    pub(super) fn words(&self) -> &str {
        self.text.trim()
    }

    pub(super) fn line(&self) -> CellLine {
        CellLine { text: self.text.clone(), from: self.from, to: self.to, base: self.base, size: self.size }
    }

    /// The cell of this text alone.
    pub(super) fn cell(&self) -> Cell {
        Cell { lines: vec![self.line()], span: None }
    }
}
