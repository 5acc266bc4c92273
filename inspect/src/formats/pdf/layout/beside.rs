//! A sheet too wide for its page goes on beside it on the next one: its rows stand there at the same heights.

use std::ops::Range;

use super::Table;

/// Where the lines of a page stand.
#[derive(Default)]
pub(super) struct Sheet {
    /// Where its text begins.
    pub(super) from: usize,
    lines: Vec<Shown>,
    /// Pages that were put beside it.
    joined: usize,
}

struct Shown {
    base: f64,
    size: f64,
    /// Where it stands in the text.
    at: Range<usize>,
}

/// A sheet whose pages stand beside each other: what was learned of the first ones tells the headings of those below.
#[derive(Default)]
pub(super) struct Wide {
    /// The table of each page, from the left; the first with the headings of all.
    tables: Vec<Table>,
}

impl Wide {
    /// A page was put beside those before.
    pub(super) fn widen(&mut self, left: Table, headings: &str, page: Table) {
        if self.tables.is_empty() {
            self.tables.push(left);
        }
        if let Some(first) = self.tables.first_mut() {
            first.header = headings.split('\t').map(str::to_owned).collect();
        }
        self.tables.push(page);
    }

    /// The table of the page behind one that has so many beside it; none where no page ever had one.
    pub(super) fn next(&self, joined: usize) -> Option<&Table> {
        self.tables.get((joined + 1) % self.tables.len().max(1))
    }

    /// Whether a page goes on beside one that has so many beside it.
    pub(super) const fn goes_on(&self, joined: usize) -> bool {
        joined + 1 < self.tables.len()
    }
}

/// A heading and two rows.
const LINES_MIN: usize = 3;
/// Lines at one height, in heights of letters.
const LEVEL: f64 = 0.05;
/// A page with more lines is no page of a sheet.
const SHOWN_MAX: usize = 20_000;
/// Pages beside each other; each is put into the text of all.
const PAGES_MAX: usize = 32;

impl Sheet {
    pub(super) fn new(from: usize) -> Self {
        Self { from, ..Self::default() }
    }

    pub(super) fn show(&mut self, base: f64, size: f64, at: Range<usize>) {
        if self.lines.len() <= SHOWN_MAX {
            self.lines.push(Shown { base, size, at });
        }
    }

    /// What stands at `from` or behind it in the text moves by so much.
    pub(super) fn move_from(&mut self, from: usize, by: isize) {
        let moved = |at: usize| if at >= from { at.saturating_add_signed(by) } else { at };
        self.from = moved(self.from);
        for line in &mut self.lines {
            line.at = moved(line.at.start)..moved(line.at.end);
        }
    }

    /// Puts the lines of `page`, the last of `text`, behind those of this one, if it is the page beside it: the first, with
    /// headings of its own, of which the line is told, or one of a sheet whose pages stood beside each other before.
    pub(super) fn join(&mut self, page: &Self, goes_on: bool, text: &mut String) -> Option<String> {
        let places = self.places(page, goes_on, text)?;
        let first = *places.first()?;
        let mut whole = String::with_capacity(text.len() - self.from);
        // The headings that were put before its rows.
        let head = self.lines.first().map_or(self.from, |line| line.at.start);
        whole.push_str(text.get(self.from..head).filter(|_| goes_on).unwrap_or_default());
        let mut behind = page.lines.iter().zip(places).peekable();
        for (n, line) in self.lines.iter_mut().enumerate() {
            let from = self.from + whole.len();
            whole.push_str(text.get(line.at.clone()).unwrap_or_default());
            while let Some((more, _)) = behind.next_if(|(_, place)| *place == n) {
                whole.push('\t');
                whole.push_str(text.get(more.at.clone()).unwrap_or_default());
            }
            line.at = from..self.from + whole.len();
            whole.push('\n');
        }
        text.truncate(self.from);
        text.push_str(&whole);
        self.joined += 1;
        Some(text.get(self.lines.get(first)?.at.clone())?.to_owned())
    }

    /// Pages that were put beside it.
    pub(super) const fn joined(&self) -> usize {
        self.joined
    }

    /// Behind which line each of `page` belongs; nothing when it is a page of its own.
    fn places(&self, page: &Self, goes_on: bool, text: &str) -> Option<Vec<usize>> {
        let lines_min = if goes_on { 1 } else { LINES_MIN };
        let is_sheet = (lines_min..=self.lines.len().min(SHOWN_MAX)).contains(&page.lines.len());
        if !is_sheet || self.lines.len() > SHOWN_MAX || self.joined >= PAGES_MAX {
            return None;
        }
        let said = |line: &Shown| text.get(line.at.clone()).unwrap_or_default();
        let mut lines = self.lines.iter().enumerate();
        let place = |line: &Shown| {
            let level = |(_, l): &(usize, &Shown)| (l.base - line.base).abs() <= LEVEL * line.size.max(l.size);
            let (n, row) = lines.by_ref().find(level)?;
            said(row).contains('\t').then_some(n)
        };
        let places: Vec<usize> = page.lines.iter().map(place).collect::<Option<_>>()?;
        if goes_on {
            return Some(places);
        }
        // Headings of their own stand over both: a table that goes on has a row of it there, or its heading again.
        let (header, first) = (self.lines.get(*places.first()?)?, page.lines.first()?);
        let is_heading = |line: &str| !line.bytes().any(|b| b.is_ascii_digit());
        let name = |line: &Shown| said(line).split('\t').next().map(str::to_owned);
        let are_headed = is_heading(said(header)) && is_heading(said(first)) && name(header) != name(first);
        are_headed.then_some(places)
    }
}
