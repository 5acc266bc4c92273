//! Rows that stand in a text as they are, under a header that is decided: a register of a million people is these.
//!
//! What the columns mean is known, so each cell is told from its bytes alone; a view is made only of a cell in which
//! something unusual stands. Everything found is what [`Table::row`] would find, in the same order, and a property test
//! holds that.
//!
//! Most rows of a list with delimiters never come here: see `plain.rs`.

use std::ops::Range;

use chot_detectors::{Column, Told, Usual, Whole};
use chot_model::{Confidence, DetectorId};

use super::met::{Is, Met};
use super::{
    COLUMNS_MAX, Found, Header, JUDGED_ROWS, NUMBER_MIN, Planned, Row, Shape, Stat, Table, is_number, lost_zeros,
};
use crate::inquiry::{Inquiry, NOWHERE, Sole, Stand};
use crate::joined;
use crate::people::Mark;
use crate::view::View;

/// A row in a text.
pub(crate) struct Line<'t> {
    /// The number of the row, from 1.
    pub(crate) number: u64,
    pub(crate) text: &'t [u8],
    /// Where the text begins in the object; `None` when it stands nowhere.
    pub(crate) at: Option<u64>,
    pub(crate) cells: &'t [Cell],
}

/// A cell of a row. There are millions of them: it is small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) column: u32,
    /// Where it stands in the text of its row, which no reader lets grow to gigabytes.
    start: u32,
    end: u32,
    /// The cell is a number of a spreadsheet, not text.
    pub(crate) number: bool,
    /// Only what its text comes to is at hand, and how long it is.
    lacks_text: bool,
    /// How many bytes a number takes that stands elsewhere.
    len: u8,
    /// Where it stands in the object, if not where it does in the text: [`ELSEWHERE`] when it does.
    at: u64,
    /// What its text is known to come to, if others show it as well.
    met: Met,
    /// What its text is called among those that several cells show; [`ALONE`] when none but this may.
    text: u32,
}

/// No text that several cells show.
const ALONE: u32 = u32::MAX;

/// No address: a cell stands where its text does.
const ELSEWHERE: u64 = NOWHERE;

impl Cell {
    #[inline]
    pub(crate) const fn new(column: usize, start: usize, end: usize) -> Self {
        Self {
            column: column as u32,
            start: start as u32,
            end: end as u32,
            number: false,
            lacks_text: false,
            len: 0,
            at: ELSEWHERE,
            met: Met::UNKNOWN,
            text: ALONE,
        }
    }

    /// A cell of so many bytes that shows a text of which is known what it comes to under its column; it may be asked for
    /// yet, see [`Self::lacks`].
    #[inline]
    pub(crate) const fn known(column: usize, len: usize, at: u64, (text, met): (u32, Met)) -> Self {
        Self { lacks_text: true, at, ..Self::new(column, 0, len) }.showing(text, met)
    }

    /// The same cell, its text at hand.
    pub(crate) const fn with_text(self, start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, lacks_text: false, ..self }
    }

    /// Which text it lacks.
    #[inline]
    pub(crate) fn lacks(&self) -> Option<u32> {
        self.lacks_text.then_some(self.text)
    }

    /// The cell shows the text of this number, as others may, of which that much is known.
    #[inline]
    pub(crate) const fn showing(self, text: u32, met: Met) -> Self {
        Self { text, met, ..self }
    }

    /// The cell stands at this address of the object.
    #[inline]
    pub(crate) fn standing(self, at: Option<u64>) -> Self {
        Self { at: at.unwrap_or(ELSEWHERE), ..self }
    }

    /// The cell is a number, which takes so many bytes of the object if it stands elsewhere than its text.
    #[inline]
    pub(crate) const fn number(self, len: u8) -> Self {
        Self { number: true, len, ..self }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Where it stands in the text of its row.
    #[inline]
    pub(crate) const fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Where it stands in the object, if not where it does in the text.
    #[inline]
    fn elsewhere(&self) -> Option<u64> {
        (self.at != ELSEWHERE).then_some(self.at)
    }
}

impl<'t> Line<'t> {
    /// Whether the text of a cell is not at hand.
    #[inline]
    pub(crate) fn lacks_text(&self) -> bool {
        self.cells.iter().any(|cell| cell.lacks_text)
    }

    fn bytes(&self, cell: &Cell) -> &'t [u8] {
        debug_assert!(!cell.lacks_text, "nothing is asked of a text that is not at hand");
        self.text.get(cell.range()).unwrap_or_default()
    }

    fn stand(&self, cell: &Cell) -> Stand<'t> {
        let at = self.at.map(|at| at + u64::from(cell.start));
        let Cell { number, len, .. } = *cell;
        Stand { cell: self.bytes(cell), start: at.unwrap_or(0), at: cell.elsewhere().or(at), number, len }
    }

    /// A finding that is all of cell number `n`.
    #[inline(always)]
    fn sole(&self, cell: &Cell, n: usize, whole: Whole) -> Sole {
        let at = match self.at {
            _ if cell.number => NOWHERE,
            // It may stand elsewhere, and a text that stands nowhere has cells that stand somewhere.
            Some(at) if cell.at == ELSEWHERE => at + u64::from(cell.start),
            _ => cell.at,
        };
        let (start, len) = (cell.start, cell.end.saturating_sub(cell.start));
        Sole { whole, cell: n as u32, start, len, at, hash: None }
    }

    /// The same row, cell by cell.
    pub(crate) fn row(&self) -> Row {
        let view = |cell: &Cell| {
            let mut view = View::default();
            self.view(cell, &mut view);
            (cell.column as usize, view)
        };
        self.cells.iter().map(view).collect()
    }

    /// A cell as it is read anywhere else.
    fn view(&self, cell: &Cell, view: &mut View) {
        let Stand { cell: bytes, start, at, number, len } = self.stand(cell);
        view.clear();
        match at {
            Some(at) if number => view.push_number(bytes, at, len.into()),
            Some(at) => view.push(bytes, at),
            None => view.push_joint(bytes),
        }
        view.base = start;
        view.number = number;
    }
}

/// How far cells were usual ones.
enum Next {
    /// All of them.
    End,
    /// Up to this one.
    Odd(Odd),
    /// Up to one that may be a part of a number.
    Joined,
    /// Up to one whose text has to be at hand.
    Lacking,
}

/// A cell that is not one of the usual.
struct Odd {
    /// Which of its row.
    at: usize,
    column: Option<Column>,
    /// Nobody announced its column, and it is a number and nothing else.
    alone: bool,
    /// Nothing can be found in it.
    nothing: bool,
}

/// A finding in a cell that is not one of the usual.
struct Other {
    /// Before which of those that are all of their cells.
    before: usize,
    column: usize,
    detector: DetectorId,
    hash: u64,
}

/// What was found in the row at hand, and room for it.
#[derive(Default)]
pub(super) struct Lines {
    /// The cells that were found to be all of a finding.
    pub(super) whole: Vec<Sole>,
    /// Other findings, before which of the others they were made.
    other: Vec<(usize, (usize, Found, bool))>,
    pub(super) marks: Vec<Mark>,
    /// What of these was reported.
    told: Vec<Other>,
    /// What was found in a cell that is not one of the usual.
    found: Vec<(usize, Found, bool)>,
    view: View,
    /// What was learned of texts that several cells show, by their numbers.
    learned: Vec<(u32, Met)>,
    /// Room for a row whose cells were read one by one.
    text: Vec<u8>,
    pub(super) cells: Vec<Cell>,
}

impl Table {
    /// Whether rows are better given to [`Self::line`].
    pub(crate) fn takes_lines(&self, inquiry: &Inquiry) -> bool {
        let each_by_header =
            |header: &Header| header.typed.is_none() && header.about.is_empty() && header.taxed.is_none();
        matches!(&self.shape, Some(Shape::Headed(header)) if each_by_header(header))
            && self.cut.is_none()
            && self.judged as usize >= JUDGED_ROWS
            && self.place.charset.is_none()
            && !inquiry.reads_all(&self.place)
    }

    /// Takes a row as it stands. False when it is better given to [`Self::row`], or once more when texts of it are at hand
    /// that it lacks: nothing was done then.
    pub(crate) fn line(&mut self, line: &Line<'_>, inquiry: &mut Inquiry) -> bool {
        if !self.takes_lines(inquiry) {
            return false;
        }
        if line.cells.iter().all(Cell::is_empty) || inquiry.is_late(&self.place) {
            return true;
        }
        if self.begins_anew_with(line, inquiry) {
            return false;
        }
        let begun = inquiry.begin_row();
        let mut lines = self.lines.take().unwrap_or_default();
        let mut next = self.usual(line, 0, &mut lines, inquiry);
        let left = match &next {
            // Who is named is told by the texts, where no identifier tells whom the row is about.
            Next::End => !lines.is_about_somebody() && line.lacks_text(),
            Next::Joined | Next::Lacking => true,
            // Once a cell was read it is too late to ask the others.
            Next::Odd(odd) => line.lacks_text() || self.is_joined_behind(line, odd.at),
        };
        if left {
            lines.whole.clear();
        } else {
            inquiry.looked_at(&self.place, line.cells.iter().map(Cell::len).sum());
            self.rows += 1;
            self.judged += 1;
            while let Next::Odd(odd) = next {
                let behind = odd.at + 1;
                self.tell(line, odd, &mut lines, inquiry);
                next = self.usual(line, behind, &mut lines, inquiry);
            }
            self.settle(line, &mut lines, inquiry);
        }
        self.lines = Some(lines);
        inquiry.end_row(begun);
        !left
    }

    /// Whether what is known of a text is all that is asked of a cell which shows it. Elsewhere each finding is told by itself.
    #[inline]
    fn remembers(&self, inquiry: &Inquiry) -> bool {
        inquiry.begins_plain(&self.place).is_some()
    }

    /// Whether a cell in this column of which that much is known need not have its text.
    #[inline]
    pub(crate) fn knows(&self, column: usize, met: Met) -> bool {
        let Some(Shape::Headed(header)) = &self.shape else { return false };
        header.plan.get(column).is_some_and(|planned| !planned.joins && met.is_known(planned.usual.column()))
    }

    /// Whether [`Self::knows`] may be asked.
    pub(crate) fn takes_known(&self, inquiry: &Inquiry) -> bool {
        self.takes_lines(inquiry) && self.remembers(inquiry)
    }

    /// Whether a cell behind number `at` may be a part of a number.
    #[inline(never)]
    fn is_joined_behind(&self, line: &Line<'_>, at: usize) -> bool {
        let Some(Shape::Headed(header)) = &self.shape else { return false };
        line.cells.iter().skip(at + 1).any(|cell| {
            header.plan.get(cell.column as usize).is_some_and(|planned| planned.joins)
                && joined::is_part_of_cell(line.bytes(cell))
        })
    }

    /// Reads the cells from number `next` on, as far as they are usual ones.
    #[inline(never)]
    fn usual(&self, line: &Line<'_>, next: usize, lines: &mut Lines, inquiry: &mut Inquiry) -> Next {
        let Some(Shape::Headed(header)) = &self.shape else { return Next::End };
        let plan = header.plan.as_slice();
        let Lines { whole: found, learned, .. } = lines;
        let remembers = self.remembers(inquiry);
        for (at, cell) in (next..).zip(line.cells.get(next..).unwrap_or_default()) {
            if cell.is_empty() {
                continue;
            }
            let unplanned = Planned { usual: Usual::of(None), joins: false };
            let Planned { usual, joins } = plan.get(cell.column as usize).copied().unwrap_or(unplanned);
            let column = usual.column();
            if joins {
                if cell.lacks_text {
                    return Next::Lacking;
                }
                if joined::is_part_of_cell(line.bytes(cell)) {
                    return Next::Joined;
                }
            }
            match cell.met.under(column) {
                Some(is) if remembers && cell.at != ELSEWHERE => {
                    if let Is::Whole(whole, hash) = is {
                        found.push(Sole { hash: Some(hash), len: 0, ..line.sole(cell, at, whole) });
                    }
                    continue;
                }
                _ if cell.lacks_text => return Next::Lacking,
                _ => {}
            }
            let mut alone = false;
            if column.is_none() || cell.number {
                alone = column.is_none() && cell.len() >= NUMBER_MIN && is_number(line.bytes(cell));
                // Numbers of twelve digits are counted wherever nothing announces them.
                if alone && cell.len() >= 12 || cell.number && lost_zeros(line.bytes(cell), column).is_some() {
                    return Next::Odd(Odd { at, column, alone, nothing: false });
                }
            }
            match inquiry.told(line.text, cell.range(), column) {
                Told::Nothing if !alone => {
                    if cell.text != ALONE {
                        learned.push((cell.text, Met::nothing(column)));
                    }
                }
                Told::Whole(whole) if column.is_some() => found.push(line.sole(cell, at, whole)),
                told => return Next::Odd(Odd { at, column, alone, nothing: told == Told::Nothing }),
            }
        }
        Next::End
    }

    /// Takes row number `number`, whose cells were read one by one: as a line if each stands in one piece.
    pub(crate) fn cells(&mut self, number: u64, row: Row, inquiry: &mut Inquiry) -> Row {
        if !self.takes_lines(inquiry) {
            return self.row(number, row, inquiry);
        }
        let mut lines = self.lines.take().unwrap_or_default();
        let (mut text, mut cells) = (std::mem::take(&mut lines.text), std::mem::take(&mut lines.cells));
        text.clear();
        cells.clear();
        let mut in_pieces = false;
        for (column, view) in row.iter().filter(|(_, view)| !view.text.is_empty()) {
            let at = view.sole().filter(|_| !view.number);
            in_pieces |= at.is_none();
            let start = text.len();
            text.extend_from_slice(&view.text);
            cells.push(Cell::new(*column, start, text.len()).standing(at));
        }
        self.lines = Some(lines);
        let taken = !in_pieces && self.line(&Line { number, text: &text, at: None, cells: &cells }, inquiry);
        if let Some(lines) = &mut self.lines {
            (lines.text, lines.cells) = (text, cells);
        }
        if taken { row } else { self.row(number, row, inquiry) }
    }

    /// Reads a cell that is not one of the usual.
    fn tell(&mut self, line: &Line<'_>, odd: Odd, lines: &mut Lines, inquiry: &mut Inquiry) {
        let Odd { at, column, alone, nothing } = odd;
        let Some(cell) = line.cells.get(at) else { return };
        let under = cell.column as usize;
        if alone {
            self.stats.resize((under + 1).min(COLUMNS_MAX).max(self.stats.len()), Stat::default());
        }
        if nothing {
            return self.note(under, alone.then(|| line.bytes(cell)), &[]);
        }
        line.view(cell, &mut lines.view);
        self.cell(line.number, under, &lines.view, column, inquiry, &mut lines.found);
        self.note(under, alone.then(|| line.bytes(cell)), &lines.found);
        if lines.found.is_empty() && !alone {
            inquiry.found_nothing(line.bytes(cell), column);
        }
        let before = lines.whole.len();
        lines.other.extend(lines.found.drain(..).map(|found| (before, found)));
    }

    /// Reports some of the findings that are all of their cells.
    #[inline]
    fn report(&self, line: &Line<'_>, some: Range<usize>, lines: &mut Lines, inquiry: &mut Inquiry) {
        let Lines { whole, marks, .. } = lines;
        let some = whole.get_mut(some).unwrap_or_default();
        match inquiry.begins_plain(&self.place) {
            Some(base) if some.iter().all(|sole| sole.at != NOWHERE) => {
                inquiry.report_plain(line.text, some, base, marks);
            }
            Some(base) => {
                for run in some.chunk_by_mut(|a, b| (a.at == NOWHERE) == (b.at == NOWHERE)) {
                    if run.first().is_some_and(|sole| sole.at == NOWHERE) {
                        self.report_each(line, run, marks, inquiry);
                    } else {
                        inquiry.report_plain(line.text, run, base, marks);
                    }
                }
            }
            None => self.report_each(line, some, marks, inquiry),
        }
    }

    #[inline(never)]
    fn report_each(&self, line: &Line<'_>, some: &[Sole], marks: &mut Vec<Mark>, inquiry: &mut Inquiry) {
        for sole in some {
            let Some(cell) = line.cells.get(sole.cell as usize) else { continue };
            let part = || self.part(line.number, cell.column as usize);
            marks.extend(inquiry.report_whole(&self.place, &sole.whole, line.stand(cell), part));
        }
    }

    /// Reports what was found in a row, which is a record.
    fn settle(&self, line: &Line<'_>, lines: &mut Lines, inquiry: &mut Inquiry) {
        let mut done = 0;
        // Nearly always there are no others.
        if !lines.other.is_empty() {
            done = self.report_others(line, lines, inquiry);
        }
        self.report(line, done..lines.whole.len(), lines, inquiry);
        if inquiry.people.record(&lines.marks, self.people) == 0 {
            self.name(line, lines, inquiry);
        }
        self.learn(line, lines);
        lines.marks.clear();
        lines.told.clear();
        lines.whole.clear();
    }

    /// Takes note of what the texts of a row come to that other cells may show.
    #[inline]
    fn learn(&self, line: &Line<'_>, lines: &mut Lines) {
        let Lines { whole, learned, .. } = lines;
        for Sole { whole, cell, hash, .. } in whole {
            let Some(cell) = line.cells.get(*cell as usize).filter(|cell| cell.text != ALONE) else { continue };
            let column = self.announced(cell.column as usize);
            if let Some(hash) = *hash
                && !cell.met.is_known(column)
                && let Some(met) = Met::whole(column, whole, hash)
            {
                learned.push((cell.text, met));
            }
        }
    }

    /// What was learned of texts that several cells show, by their numbers.
    pub(crate) fn learned(&mut self) -> impl Iterator<Item = (u32, Met)> {
        self.lines.iter_mut().flat_map(|lines| lines.learned.drain(..))
    }

    /// Counts a person whom a row names in which no identifier stands.
    pub(super) fn name(&self, line: &Line<'_>, lines: &Lines, inquiry: &mut Inquiry) {
        let cells = line.cells.iter().map(|cell| (cell.column as usize, line.bytes(cell)));
        let hash = |at: usize, detectors: &[DetectorId]| lines.hash(line, at, detectors, inquiry);
        if let Some(named) = self.named(cells, hash, inquiry) {
            inquiry.people.listed(&named);
        }
    }

    /// Reports the others, and those that stand before them: so many.
    #[inline(never)]
    fn report_others(&self, line: &Line<'_>, lines: &mut Lines, inquiry: &mut Inquiry) -> usize {
        let (mut others, mut done) = (std::mem::take(&mut lines.other), 0);
        for (before, (at, found, alone)) in others.drain(..) {
            self.report(line, done..before, lines, inquiry);
            done = before;
            let other =
                Other { before, column: at, detector: found.finding.detector, hash: inquiry.hash(&found.finding) };
            lines.told.push(other);
            lines.marks.extend(inquiry.report(self.doubted(at, found, alone)));
        }
        lines.other = others;
        done
    }
}

impl Lines {
    /// Whether an identifier stands in the row at hand that counts.
    fn is_about_somebody(&self) -> bool {
        let counts = |whole: &Whole| whole.detector.is_identifier() && whole.confidence >= Confidence::Medium;
        self.whole.iter().any(|sole| counts(&sole.whole))
    }

    /// The hash of the first that one of `detectors` found in a column of the row at hand.
    fn hash(&self, line: &Line<'_>, column: usize, detectors: &[DetectorId], inquiry: &Inquiry) -> Option<u64> {
        let told = self.told.iter().find(|told| told.column == column && detectors.contains(&told.detector));
        let before = told.map_or(self.whole.len(), |told| told.before);
        let mut whole =
            self.whole.get(..before).unwrap_or_default().iter().filter_map(|Sole { whole, cell, hash, .. }| {
                let cell = line.cells.get(*cell as usize).filter(|cell| cell.column as usize == column)?;
                let hash = || hash.unwrap_or_else(|| inquiry.hash_of_whole(whole, line.bytes(cell)));
                detectors.contains(&whole.detector).then(hash)
            });
        whole.next().or_else(|| told.map(|told| told.hash))
    }
}
