//! A text being scanned as it comes: prose of any length, or the value of a cell or field.
//!
//! It is scanned in windows that overlap, so memory is bounded and a number on a border is found once. Encodings
//! within it go to `layers`.

use std::ops::Range;
use std::sync::LazyLock;

use chot_detectors::{CONTEXT_BYTES, Column, Context};
use memchr::memmem::Finder;

use crate::asked;
use crate::grid::{Ended, Grid, Pending};
use crate::inquiry::{Found, Inquiry, Place, Scope};
use crate::layers::{Layers, Look};
use crate::object::BLOCK;
use crate::people::Mark;
use crate::roster::Roster;
use crate::view::View;

/// How much is scanned at a time: with its context a block of an object, so that little of a block is left over and
/// moved.
const WINDOW: usize = BLOCK - CONTEXT_BYTES;

/// How much of a window stays as context for the next: writings are undone from some way before their signs on.
const KEPT: usize = 1 << 11;

/// Identifiers farther apart than this in running text are not taken for one person's.
const SENTENCE_BYTES: u64 = 600;

/// A text and its scanner.
pub(crate) struct Text {
    pub(crate) place: Place,
    pub(crate) view: View,
    pub(crate) context: Context,
    /// What it is the value of, if that has a name: a hash.
    pub(crate) name: u64,
    /// Bytes of the window already scanned; they stay as context.
    done: usize,
    layers: Option<Box<Layers>>,
    /// Tables within; only in text that is more than a value.
    grid: Option<Box<Grid>>,
    pending: Vec<Pending>,
    /// Where the last finding ended, and what has ended since.
    found_end: u64,
    ended: Ended,
    roster: Roster,
    group: Vec<Mark>,
    /// Where in the group the marks of each line begin, and whether the next mark begins one.
    lines: Vec<usize>,
    line_due: bool,
    group_end: u64,
}

impl Text {
    pub(crate) fn new(place: Place) -> Self {
        let view = View::new(place.charset);
        Self {
            place,
            view,
            context: Context::default(),
            name: 0,
            done: 0,
            layers: None,
            grid: None,
            pending: Vec::new(),
            found_end: 0,
            ended: Ended::Nothing,
            roster: Roster::default(),
            group: Vec::new(),
            lines: Vec::new(),
            line_due: false,
            group_end: 0,
        }
    }

    /// Running text, in which tables are looked for.
    pub(crate) fn prose(place: Place) -> Self {
        let grid = Some(Box::new(Grid::new(&place)));
        Self { grid, ..Self::new(place) }
    }

    /// Reads a running text that is all there already.
    pub(crate) fn read(place: Place, view: View, inquiry: &mut Inquiry) {
        let mut text = Self { view, ..Self::prose(place) };
        text.finish(inquiry);
    }

    /// A value turns out to be as long as a document: tables are looked for in it as in running text, as far as it has not
    /// been scanned.
    pub(crate) fn becomes_prose(&mut self) {
        if self.grid.is_none() {
            self.grid = Some(Box::new(Grid::new(&self.place)));
        }
    }

    /// Ends such a value; what follows may be short again.
    pub(crate) fn finish_prose(&mut self, inquiry: &mut Inquiry) {
        self.finish(inquiry);
        self.grid = None;
    }

    /// Appends bytes as they stand in the object.
    pub(crate) fn push(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.view.push(bytes, at);
        self.advance(inquiry);
    }

    /// Appends text that stands nowhere.
    pub(crate) fn joint(&mut self, bytes: &[u8]) {
        self.view.push_joint(bytes);
    }

    /// Scans what is far enough from the end of the window.
    pub(crate) fn advance(&mut self, inquiry: &mut Inquiry) {
        while self.view.text.len() >= self.done + WINDOW + CONTEXT_BYTES {
            let end = self.done + WINDOW;
            let mut found = Vec::new();
            let look = self.scan(end, inquiry, &mut found);
            self.set_aside(found, end, look.is_some_and(|look| look.scope().encoded));
            self.tell(inquiry);
            if let Some(grid) = &mut self.grid {
                grid.keep(&self.view);
            }
            let gone = end.saturating_sub(KEPT);
            self.view.drain(gone);
            self.done = end - gone;
        }
    }

    fn scan(&mut self, end: usize, inquiry: &mut Inquiry, found: &mut Vec<Found>) -> Option<Look> {
        let core = self.done..end;
        if core.is_empty() || inquiry.is_late(&self.place) {
            return None;
        }
        let look = Look::of_window(&self.view.text, &core);
        let scope = Scope { name: self.name, ..look.scope() };
        inquiry.scan_for(scope, &self.place, &self.view, core.clone(), self.context, |_, f, _| found.push(f));
        if self.grid.is_some() {
            asked::look(&self.place, &self.view, &core, &look, inquiry, found);
            if !scope.encoded {
                asked::undressed(&self.place, &self.view, &core, inquiry);
            }
        }
        if self.layers.is_some() || !look.is_empty() {
            let layers = self.layers.get_or_insert_with(|| Box::new(Layers::new(&self.place)));
            layers.read(&self.view, &core, &look, inquiry);
        }
        if let Some(grid) = &mut self.grid {
            grid.read(&self.view, core, &look, &inquiry.detectors);
        }
        Some(look)
    }

    /// Sets the findings of a window that ends at `end` aside. `running` says that no line of it is empty and no row of a
    /// statement ends in it, as in an encoding.
    fn set_aside(&mut self, found: Vec<Found>, end: usize, running: bool) {
        let mut from = self.found_end.max(self.view.base + self.done as u64);
        for f in found {
            let range = f.finding.range.clone();
            let ended = self.ended(from..range.start, running);
            self.ended = Ended::Nothing;
            from = from.max(range.end);
            self.pending.push(Pending { found: f, ended, tabled: false });
        }
        self.ended = self.ended(from..self.view.base + end as u64, running);
        self.found_end = from;
    }

    /// What has ended at the end of `range`, given in the whole text.
    fn ended(&self, range: Range<u64>, running: bool) -> Ended {
        if self.ended == Ended::Block {
            return Ended::Block;
        }
        let at = |offset: u64| offset.saturating_sub(self.view.base) as usize;
        let between = self.view.text.get(at(range.start)..at(range.end)).unwrap_or_default();
        // Between two findings there may be a thousand lines.
        static SIGNS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| ["\n\n", "\n\r\n", "),("].map(Finder::new));
        let [blank, blank_with_returns, row] = &*SIGNS;
        let has = |sign: &Finder<'_>| !running && sign.find(between).is_some();
        match memchr::memchr(b'\n', between) {
            Some(_) if has(blank) || has(blank_with_returns) => Ended::Block,
            Some(_) => Ended::Line,
            None if self.ended == Ended::Nothing && has(row) => Ended::Line,
            None => self.ended,
        }
    }

    /// Reports the findings that no table will judge any more and groups them into people.
    fn tell(&mut self, inquiry: &mut Inquiry) {
        let settled = match &mut self.grid {
            Some(grid) => grid.settle(&self.view, &mut self.pending, inquiry),
            None => u64::MAX,
        };
        let mut pending = std::mem::take(&mut self.pending);
        let ready = pending.partition_point(|p| p.found.finding.range.start < settled);
        for Pending { found: f, ended, tabled } in pending.drain(..ready) {
            let range = f.finding.range.clone();
            if range.start > self.group_end + SENTENCE_BYTES {
                self.part(inquiry);
            }
            if !tabled {
                self.roster.next(&f, ended, inquiry);
            }
            self.line_due |= ended > Ended::Nothing;
            if let Some(mark) = inquiry.report(f) {
                if std::mem::take(&mut self.line_due) {
                    self.lines.push(self.group.len());
                }
                self.group.push(mark);
                self.group_end = range.end;
                // A long list in prose: enough for any one person.
                if self.group.len() >= 4_096 {
                    self.part(inquiry);
                }
            }
        }
        self.pending = pending;
        if let Some(grid) = &mut self.grid {
            grid.look_again(&self.view, inquiry);
        }
    }

    /// Adds findings made beside the text, at its present end.
    pub(crate) fn mark(&mut self, marks: Vec<Mark>) {
        if !marks.is_empty() {
            self.group.extend(marks);
            self.group_end = self.view.base + self.view.text.len() as u64;
        }
    }

    /// Ends the group of findings that may belong together.
    fn part(&mut self, inquiry: &mut Inquiry) {
        let Self { group, lines, .. } = self;
        let ends = lines.iter().copied().skip(1).chain([group.len()]);
        let line = |(start, end): (&usize, usize)| group.get(*start..end).unwrap_or_default();
        let first = group.get(..lines.first().copied().unwrap_or(group.len())).unwrap_or_default();
        inquiry.people.lines([first].into_iter().chain(lines.iter().zip(ends).map(line)));
        group.clear();
        lines.clear();
    }

    /// Begins a text at `base` of the one it is a copy of.
    pub(crate) fn begin(&mut self, base: u64) {
        self.view.base = base;
    }

    /// Takes what was appended so far as context only.
    pub(crate) fn settle(&mut self) {
        self.done = self.view.text.len();
    }

    /// Ends a running text.
    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        self.finish_at(self.view.text.len(), inquiry);
    }

    /// Ends a running text at `end` of the window; what stands behind is context only.
    pub(crate) fn finish_at(&mut self, end: usize, inquiry: &mut Inquiry) {
        let (mut found, is_all) = (Vec::new(), self.done == 0);
        let look = self.scan(end, inquiry, &mut found);
        self.set_aside(found, end, look.as_ref().is_some_and(|look| look.scope().encoded));
        if let Some(grid) = &mut self.grid {
            grid.end(&self.view, &inquiry.detectors);
        } else if let Some(look) = look.filter(|look| is_all && (look.has_cells() || look.has_items())) {
            Grid::look(&self.place, &self.view, &look, inquiry);
        }
        self.tell(inquiry);
        self.roster.end(inquiry);
        self.part(inquiry);
        self.reset(inquiry);
    }

    /// Ends the value of a cell or field, whose findings belong to a record of the caller's.
    pub(crate) fn finish_value(&mut self, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        let look = self.scan(self.view.text.len(), inquiry, found);
        if let Some(look) = look.filter(|look| self.done == 0 && (look.has_cells() || look.has_items())) {
            Grid::look(&self.place, &self.view, &look, inquiry);
        }
        self.reset(inquiry);
    }

    fn reset(&mut self, inquiry: &mut Inquiry) {
        if let Some(mut layers) = self.layers.take() {
            layers.finish(inquiry);
        }
        self.view.clear();
        (self.done, self.group_end, self.found_end, self.ended) = (0, 0, 0, Ended::Nothing);
    }
}

/// Rows of a table within a value.
const ROWS_MIN: usize = 3;

/// Scans one short value.
pub(crate) fn value(place: &Place, view: &View, column: Option<Column>, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
    value_behind(place, view, 0, column, inquiry, found);
}

/// Nothing that is found is shorter. A table may have millions of such cells.
const FOUND_MIN: usize = 3;

/// Scans one that begins at `above`; what stands before was read, and is context only.
pub(crate) fn value_behind(
    place: &Place,
    view: &View,
    above: usize,
    column: Option<Column>,
    inquiry: &mut Inquiry,
    found: &mut Vec<Found>,
) {
    let core = above..view.text.len();
    if core.is_empty() || inquiry.is_late(place) {
        return;
    }
    if core.len() < FOUND_MIN {
        return inquiry.looked_at(place, core.len());
    }
    let look = Look::of(&view.text, &core);
    if look.has_cells() && look.line_ends().len() >= ROWS_MIN {
        // Somebody pasted a table: its lines are no record of the caller's.
        let mut text =
            Text { view: view.copy(), done: above, context: Context { column }, ..Text::prose(place.clone()) };
        return text.finish(inquiry);
    }
    inquiry.scan_for(look.scope(), place, view, core.clone(), Context { column }, |_, f, _| found.push(f));
    if !look.is_empty() {
        let mut layers = Layers::new(place);
        layers.read(view, &core, &look, inquiry);
        layers.finish(inquiry);
    }
    if look.has_cells() || look.has_items() {
        Grid::look(place, view, &look, inquiry);
    }
}

/// Scans a text that stands nowhere in the object, such as a file name.
pub(crate) fn aside(place: &Place, name: &str, bytes: &[u8], inquiry: &mut Inquiry) -> Vec<Mark> {
    let place = Place { origin: crate::redact::Origin::Lost, ..place.clone() };
    let column = inquiry.column(name);
    let mut view = View::default();
    view.push_joint(bytes);
    let mut found = Vec::new();
    value(&place, &view, column, inquiry, &mut found);
    found.into_iter().filter_map(|f| inquiry.report(f)).collect()
}
