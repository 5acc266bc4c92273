//! A text being scanned as it comes: prose of any length, or the value of a cell or field.
//!
//! It is scanned in windows that overlap, so memory is bounded and a number on a border is found once. Encodings
//! within it go to `layers`.

use chot_detectors::{CONTEXT_BYTES, Column, Context};

use crate::grid::Grid;
use crate::inquiry::{Found, Inquiry, Place};
use crate::layers::{Layers, Look};
use crate::people::Mark;
use crate::view::View;

/// How much is scanned at a time.
const WINDOW: usize = 1 << 16;

/// How much of a window stays as context for the next: writings are undone from some way before their signs on.
const KEPT: usize = 1 << 11;

/// Identifiers farther apart than this in running text are not taken for one person's.
const SENTENCE_BYTES: u64 = 600;

/// A text and its scanner.
pub(crate) struct Text {
    pub(crate) place: Place,
    pub(crate) view: View,
    pub(crate) context: Context,
    /// Bytes of the window already scanned; they stay as context.
    done: usize,
    layers: Option<Box<Layers>>,
    /// Tables within; only in text that is more than a value.
    grid: Option<Box<Grid>>,
    group: Vec<Mark>,
    group_end: u64,
}

impl Text {
    pub(crate) fn new(place: Place) -> Self {
        let view = View::new(place.charset);
        Self {
            place,
            view,
            context: Context::default(),
            done: 0,
            layers: None,
            grid: None,
            group: Vec::new(),
            group_end: 0,
        }
    }

    /// Running text, in which tables are looked for.
    pub(crate) fn prose(place: Place) -> Self {
        let grid = Some(Box::new(Grid::new(&place)));
        Self { grid, ..Self::new(place) }
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
            self.scan(end, inquiry, &mut found);
            self.tell(found, inquiry);
            let gone = end.saturating_sub(KEPT);
            self.view.drain(gone);
            self.done = end - gone;
        }
    }

    fn scan(&mut self, end: usize, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        let core = self.done..end;
        if core.is_empty() || inquiry.is_late(&self.place) {
            return;
        }
        inquiry.scan(&self.place, &self.view, core.clone(), self.context, |_, f, _| found.push(f));
        let look = Look::of(&self.view.text, &core);
        if self.layers.is_some() || !look.is_empty() {
            let layers = self.layers.get_or_insert_with(|| Box::new(Layers::new(&self.place)));
            layers.read(&self.view, &core, &look, inquiry);
        }
        if let Some(grid) = &mut self.grid {
            grid.read(&self.view, core, inquiry);
        }
    }

    /// Reports findings of running text and groups them into people.
    fn tell(&mut self, found: Vec<Found>, inquiry: &mut Inquiry) {
        for f in found {
            let range = f.finding.range.clone();
            if range.start > self.group_end + SENTENCE_BYTES {
                self.part(inquiry);
            }
            if let Some(mark) = inquiry.report(f) {
                self.group.push(mark);
                self.group_end = range.end;
                // A long list in prose: enough for any one person.
                if self.group.len() >= 4_096 {
                    self.part(inquiry);
                }
            }
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
        inquiry.people.record(&self.group, false);
        self.group.clear();
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
        let mut found = Vec::new();
        self.scan(end, inquiry, &mut found);
        self.tell(found, inquiry);
        self.part(inquiry);
        self.reset(inquiry);
    }

    /// Ends the value of a cell or field, whose findings belong to a record of the caller's.
    pub(crate) fn finish_value(&mut self, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
        self.scan(self.view.text.len(), inquiry, found);
        self.reset(inquiry);
    }

    fn reset(&mut self, inquiry: &mut Inquiry) {
        if let Some(mut layers) = self.layers.take() {
            layers.finish(inquiry);
        }
        if let Some(grid) = &mut self.grid {
            grid.finish(inquiry);
        }
        self.view.clear();
        (self.done, self.group_end) = (0, 0);
    }
}

/// Scans one short value.
pub(crate) fn value(place: &Place, view: &View, column: Option<Column>, inquiry: &mut Inquiry, found: &mut Vec<Found>) {
    let core = 0..view.text.len();
    if core.is_empty() || inquiry.is_late(place) {
        return;
    }
    inquiry.scan(place, view, core.clone(), Context { column }, |_, f, _| found.push(f));
    let look = Look::of(&view.text, &core);
    if !look.is_empty() {
        let mut layers = Layers::new(place);
        layers.read(view, &core, &look, inquiry);
        layers.finish(inquiry);
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
