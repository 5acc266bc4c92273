//! Rows and columns, whatever format they came from: the header gives each column its meaning, a row is a record.
//!
//! A table without a header is read row by row as running text, but for columns whose cells are plainly of one kind. A
//! table whose first column holds the headings is read sideways.

mod comb;
mod cut;
mod fields;
mod gathered;
mod heading;
mod insured;
mod line;
mod met;
mod persons;
mod plain;
mod prose;
mod sections;
mod sums;
mod taxed;
#[cfg(test)]
mod tests;
mod titles;
mod typed;
mod upright;
mod weight;

use std::sync::Arc;

use chot_detectors::{Column, Papers, Usual, follows, is_most};
use chot_model::{Confidence, DetectorId};

use crate::inquiry::{Found, Inquiry, Place};
use crate::joined::Joined;
use crate::people::{Listed, Mark};
use crate::text;
use crate::view::View;
pub(crate) use comb::{BOXES, Said, read as boxes};
use cut::Cut;
pub(crate) use gathered::Gathered;
pub(crate) use heading::Heading;
use heading::{announce, coherent};
pub(crate) use insured::{is_title, is_title_of_papers, may_be_title};
use line::Lines;
pub(crate) use line::{Cell, Line};
pub(crate) use met::Met;
pub(crate) use plain::{CELLS_MAX, Plain};
pub(crate) use sections::{Known, are_headings};
pub(crate) use titles::Titles;
use typed::Typed;

/// A row: its cells with their column numbers.
pub(crate) type Row = Vec<(usize, View)>;

/// Rows held until the header is decided, and of narrow ones, the titles above it, so many besides.
const HELD_ROWS: usize = 10;
const TITLE_ROWS: usize = 30;
/// Cells held until then.
const HELD_CELLS: usize = 4_096;
/// Rows whose findings are held until unannounced columns are judged.
const JUDGED_ROWS: usize = 32;
/// A heading reaches over so many columns without one.
const REACH_MAX: usize = 12;
/// Fewer rows that seem to name people are no list.
const LISTED_MIN: u64 = 4;
/// Findings of a form held until its end.
const FORM_MAX: usize = 1_024;
/// Columns told apart; those beyond are one.
const COLUMNS_MAX: usize = 1_024;

pub(crate) struct Table {
    place: Place,
    /// How a cell is called, given row and column.
    name: Option<Box<dyn Fn(u64, usize) -> String + Send>>,
    only_headed: bool,
    held: Vec<(u64, Row)>,
    held_cells: usize,
    /// How many cells of each of them are filled.
    widths: Vec<usize>,
    shape: Option<Shape>,
    /// Its rows are lines of a list, each in one cell.
    cut: Option<Cut>,
    /// A row with a name and something beside it is a person.
    people: bool,
    rows: u64,
    stats: Vec<Stat>,
    judged: u64,
    waiting: Vec<Waiting>,
    /// Where a row may go on with the one before: the rows about one person, so far.
    record: Option<Waiting>,
    /// Read sideways: the findings of each column.
    sideways: Vec<Vec<Mark>>,
    /// Findings of lines of a form.
    form: Vec<Mark>,
    /// Of the rows without a header, those that seem to name a person and tell something of them.
    listed: u64,
    scratch: Vec<Found>,
    lines: Option<Box<Lines>>,
    /// What announces a row of boxes with a digit each.
    said: Said,
    /// A row of the table that is a title which speaks of insurance, with the end of its line.
    title: Option<Vec<u8>>,
    /// The column that is of insurance numbers for no more than such a title.
    titled: Option<usize>,
    /// Numbers written down a column.
    uprights: upright::Uprights,
    known: Known,
}

enum Shape {
    /// Columns with a header.
    Headed(Header),
    /// The first cell of each row is its heading.
    Sideways,
    /// Headings stand side by side, each before its value.
    Form,
    /// No header at all; some columns speak for themselves.
    Bare(Vec<Option<Column>>),
}

/// What the header says of each column.
#[derive(Default)]
struct Header {
    columns: Vec<Option<Column>>,
    /// What is written above them, whatever the cells say.
    announced: Vec<Option<Column>>,
    /// Which of the people of a row each column is about, where there are several.
    about: Vec<u8>,
    /// The same, a heading reaching over the columns without one to its right: the parts of one number.
    reach: Vec<Option<Column>>,
    /// What cells are read by that stand in a text as they are.
    plan: Vec<Planned>,
    /// A column whose cells say what the numbers in another are.
    typed: Option<Typed>,
    /// The column of tax codes that are the numbers of citizens, without the zeros that a spreadsheet drops.
    taxed: Option<usize>,
}

/// A column as cells under it are read.
#[derive(Clone, Copy)]
struct Planned {
    usual: Usual,
    /// They may be parts of an identifier.
    joins: bool,
}

impl Header {
    /// Of what is announced for the columns, and how far each heading reaches.
    fn new(columns: Vec<Option<Column>>, reach: Vec<Option<Column>>) -> Self {
        let told = |of: &[Option<Column>], at: usize| of.get(at).copied().flatten();
        let planned = |at| Planned {
            usual: Usual::of(told(&columns, at)),
            joins: told(&reach, at).is_some_and(Column::is_identifier),
        };
        let plan = (0..columns.len().max(reach.len())).map(planned).collect();
        Self { columns, announced: Vec::new(), about: Vec::new(), reach, plan, typed: None, taxed: None }
    }
}

/// A row whose findings wait for the judgement of its columns.
struct Waiting {
    found: Vec<(usize, Found, bool)>,
    /// The row names a person and tells something more of them.
    named: Option<Listed>,
    /// It seems to, which counts when most rows do.
    listed: Option<Listed>,
    /// Who stands under the header of names.
    who: Option<u64>,
    /// The row is a record; otherwise it may be one line of a form.
    record: bool,
}

/// What an unannounced column looks like.
#[derive(Clone, Copy, Default)]
struct Stat {
    /// Cells that are one long number.
    numbers: u32,
    /// Of these, taken for an identifier.
    hits: u32,
    /// The last of them, and how many closely follow the one before: those were counted up.
    last: u64,
    counted: u32,
}

impl Stat {
    fn count(&mut self, number: &[u8], hit: bool) {
        let digits = number.iter().filter(|b| b.is_ascii_digit());
        let number = digits.fold(0, |n: u64, b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0')));
        self.numbers += 1;
        self.hits += u32::from(hit);
        self.counted += u32::from(follows(self.last, number));
        self.last = number;
    }
}

impl Table {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            name: None,
            only_headed: false,
            held: Vec::new(),
            held_cells: 0,
            widths: Vec::new(),
            shape: None,
            cut: None,
            people: true,
            rows: 0,
            stats: Vec::new(),
            judged: 0,
            waiting: Vec::new(),
            record: None,
            sideways: Vec::new(),
            form: Vec::new(),
            listed: 0,
            scratch: Vec::new(),
            lines: None,
            said: Said::default(),
            title: None,
            titled: None,
            uprights: upright::Uprights::default(),
            known: Known::default(),
        }
    }

    /// Takes what stands before the table.
    pub(crate) fn under(&mut self, text: &[u8]) {
        self.said.take(text);
    }

    /// Findings are said to stand in the cell that `name` gives, instead of in the part.
    pub(crate) fn with_names(place: Place, name: Box<dyn Fn(u64, usize) -> String + Send>) -> Self {
        Self { name: Some(name), ..Self::new(place) }
    }

    /// A table in text that was read already: only a header adds anything.
    pub(crate) fn second_look(place: Place) -> Self {
        Self { only_headed: true, ..Self::new(place) }
    }

    /// Takes row number `number` (from 1). What it gives back is for the next row to be written over.
    pub(crate) fn row(&mut self, number: u64, cells: Row, inquiry: &mut Inquiry) -> Row {
        let filled = filled(&cells);
        if filled == 0 {
            return cells;
        }
        let cells = match self.cut.filter(|_| filled == 1) {
            Some(cut) => cut.row(&cells),
            None => cells,
        };
        if !self.only_headed {
            let found = self.uprights.row(number, &cells, &self.place, inquiry);
            self.stand_upright(found, inquiry);
        }
        let anew = self.begins_anew(cells.iter().map(|(at, view)| (*at, view.text.as_slice())), inquiry);
        if anew {
            self.close(inquiry);
        }
        if self.shape.is_some() {
            self.read(number, &cells, inquiry);
            return cells;
        }
        self.held_cells += cells.len();
        self.held.push((number, cells));
        self.widths.push(filled);
        if self.has_seen_enough() {
            self.decide_all(inquiry);
        }
        Row::new()
    }

    /// Whether the rows held are as many as a header is looked for in. Those far narrower than others are titles.
    fn has_seen_enough(&self) -> bool {
        let widest = self.widths.iter().copied().max().unwrap_or_default();
        let wide = self.widths.iter().filter(|width| widest > 1 && **width * 2 >= widest).count();
        wide >= HELD_ROWS || self.held.len() >= HELD_ROWS + TITLE_ROWS || self.held_cells >= HELD_CELLS
    }

    /// Takes what was written above from another table of the same text.
    pub(crate) fn knowing(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// Who was named in it, for the next table of the same text.
    pub(crate) fn known(&mut self) -> Known {
        std::mem::take(&mut self.known)
    }

    /// Decides what the rows held are, with the tables that end among them.
    fn decide_all(&mut self, inquiry: &mut Inquiry) {
        if let Some(rest) = self.decide(inquiry) {
            self.close(inquiry);
            self.held_cells = rest.iter().map(|(_, row)| row.len()).sum();
            self.widths.extend(rest.iter().map(|(_, row)| filled(row)));
            self.held = rest;
        }
    }

    pub(crate) fn finish(&mut self, inquiry: &mut Inquiry) {
        let found = self.uprights.end(&self.place, inquiry);
        self.stand_upright(found, inquiry);
        while self.shape.is_none() && !self.held.is_empty() {
            self.decide_all(inquiry);
        }
        self.close(inquiry);
    }

    /// Ends the table at hand; another may follow.
    fn close(&mut self, inquiry: &mut Inquiry) {
        if let Some(record) = self.record.take() {
            self.wait(record, inquiry);
        }
        self.judge(inquiry);
        let mut sideways = std::mem::take(&mut self.sideways);
        let mut form = std::mem::take(&mut self.form);
        sideways.retain(|marks| !marks.is_empty());
        if let [one] = sideways.as_mut_slice() {
            // A form about one person; some of its headings are unknown.
            one.append(&mut form);
        }
        for marks in sideways.iter().chain([&form]) {
            inquiry.people.record(marks, true);
        }
        (self.shape, self.title, self.titled) = (None, None, None);
        self.stats.clear();
        self.known.next();
        (self.rows, self.judged, self.listed, self.held_cells) = (0, 0, 0, 0);
    }

    /// Decides what the rows held are, or those before the ones given back, which are of another table.
    fn decide(&mut self, inquiry: &mut Inquiry) -> Option<Vec<(u64, Row)>> {
        let mut held = std::mem::take(&mut self.held);
        self.widths.clear();
        if self.cut.is_none() && !self.only_headed {
            self.cut = Cut::of(&held, inquiry);
            if let Some(cut) = self.cut {
                held.iter_mut().for_each(|(_, row)| *row = cut.row(row));
            }
        }
        let rest = sections::second(&held, inquiry).map(|at| held.split_off(at));
        let cells = held.iter().map(|(_, row)| row.iter().map(|(_, view)| view.text.as_slice()));
        let heading = Heading::of(cells, inquiry);
        let header = heading.header;
        let wide = held.iter().any(|(_, row)| row.len() > 1);
        let body = held.get(header.map_or(0, |at| at + 1)..).unwrap_or_default();
        let mut plain = if wide { coherent(body, inquiry) } else { Vec::new() };
        self.titled = if wide && header.is_none() { insured::name(&mut plain, &held, inquiry) } else { None };
        let speaks = plain.iter().any(Option::is_some);
        self.shape = Some(match header {
            Some(at) => {
                let Some((_, cells)) = held.get(at) else { return rest };
                let mut columns = heading.columns(cells.iter().map(|(at, _)| *at));
                heading.complete(&mut columns, &held, at);
                let announced = columns.clone();
                for (at, told) in plain.into_iter().enumerate().filter(|(_, told)| told.is_some()) {
                    columns.resize((at + 1).max(columns.len()), None);
                    columns[at] = columns[at].or(told);
                }
                let typed = Typed::of(&mut columns, body, inquiry);
                weight::loosen(&mut columns, cells, heading.is_among_people(), body, inquiry);
                weight::weigh(&mut columns, body, inquiry);
                weight::compare(&mut columns, body);
                insured::name_mere_number(&mut columns, held.get(..at).unwrap_or_default(), cells, body);
                sums::unname(&mut columns, cells, body);
                sums::unname_codes(&mut columns, body);
                let about = persons::about(cells, &announced);
                let taxed = taxed::column(&columns, body);
                let blank = |at: usize| cells.iter().all(|(c, view)| *c != at || view.text.trim_ascii().is_empty());
                let mut reach: Vec<Option<Column>> = Vec::new();
                for at in 0..announced.len() + REACH_MAX {
                    // What only its cells say of a column reaches no further.
                    let own =
                        columns.get(at).copied().flatten().filter(|_| announced.get(at).is_some_and(Option::is_some));
                    let before = reach.last().copied().flatten().filter(|_| blank(at));
                    reach.push(own.or(before));
                }
                Shape::Headed(Header { announced, about, typed, taxed, ..Header::new(columns, reach) })
            }
            None if heading.paired => Shape::Form,
            // A title is no heading of its row.
            None if self.titled.is_some() && !self.only_headed => Shape::Bare(plain),
            None if wide && heading.rows > usize::from(self.only_headed) => Shape::Sideways,
            None if self.only_headed && speaks => Shape::Headed(Header::new(plain, Vec::new())),
            None => Shape::Bare(plain),
        });
        if self.only_headed && header.is_none() && !speaks && !matches!(self.shape, Some(Shape::Sideways | Shape::Form))
        {
            return rest;
        }
        // A title that was taken for a header makes no list of people.
        self.people = match &self.shape {
            Some(Shape::Headed(header)) if self.only_headed => {
                header.columns.iter().flatten().any(|c| c.describes_person() || c.is_identifier())
            }
            _ => true,
        };
        for (n, (number, row)) in held.iter().enumerate() {
            match header {
                Some(at) if n <= at && self.only_headed => {}
                // Titles and the header itself are text.
                Some(at) if n <= at => self.prose(*number, row, false, inquiry),
                _ => self.read(*number, row, inquiry),
            }
        }
        rest
    }

    fn read(&mut self, number: u64, row: &Row, inquiry: &mut Inquiry) {
        self.rows += 1;
        match &self.shape {
            Some(Shape::Headed(_)) => {
                if self.only_headed && self.names_itself(row, inquiry) {
                    return;
                }
                let mut found = Vec::with_capacity(row.len());
                self.join(number, row, None, inquiry, &mut found);
                let (told, goes_on) = self.told(row, inquiry);
                for (at, view) in row {
                    let told = told.filter(|(value, _)| value == at).map(|(_, column)| column);
                    let column = told.or_else(|| self.announced(*at));
                    self.stats.resize((at + 1).min(COLUMNS_MAX).max(self.stats.len()), Stat::default());
                    let judged = column.is_none() && is_number(&view.text);
                    // Numbers of twelve digits are counted wherever nothing announces them.
                    let plain = !judged && !view.number;
                    if plain && inquiry.is_known_to_be_nothing(&view.text, column, &self.place) {
                        inquiry.looked_at(&self.place, view.text.len());
                        continue;
                    }
                    let first = found.len();
                    self.cell(number, *at, view, column, inquiry, &mut found);
                    if self.may_be_citizen(*at, &view.text) {
                        self.citizen(number, *at, view, first, inquiry, &mut found);
                    }
                    if plain && found.len() == first {
                        inquiry.found_nothing(&view.text, column);
                    }
                    let number = judged.then_some(view.text.as_slice());
                    self.note(*at, number, found.get(first..).unwrap_or_default());
                }
                let names = row.iter().filter(|(at, _)| self.announced(*at) == Some(Column::Name));
                if sums::is_sample(names.map(|(_, view)| view.text.as_slice())) {
                    let shown = |at: usize| row.iter().any(|(c, view)| *c == at && sums::counts_up(&view.text));
                    found.retain(|(at, f, _)| !f.finding.detector.is_identifier() || !shown(*at));
                }
                let hash = |at: usize, detectors: &[DetectorId]| {
                    let found = found.iter().find(|(c, f, _)| *c == at && detectors.contains(&f.finding.detector));
                    found.map(|(_, f, _)| inquiry.hash(&f.finding))
                };
                let named = self.named(row.iter().map(|(at, view)| (*at, view.text.as_slice())), hash, inquiry);
                let who = self.who(row, inquiry);
                let row = Waiting { found, named, listed: None, who, record: true };
                match goes_on {
                    Some(goes_on) => self.gather(row, goes_on, inquiry),
                    None => self.wait(row, inquiry),
                }
            }
            Some(Shape::Sideways) => self.across(number, row, inquiry),
            Some(Shape::Form) => self.fields(number, row, inquiry),
            _ if self.only_headed => {}
            Some(Shape::Bare(_)) | None => self.prose(number, row, true, inquiry),
        }
    }

    /// Whether a row of two cells has a heading of its own, where the header has none: `- SĐT: 0912345678` in a list of
    /// other numbers.
    fn names_itself(&self, row: &Row, inquiry: &mut Inquiry) -> bool {
        let [(at, label), _] = row.as_slice() else { return false };
        self.announced(*at).is_none() && announce(&label.text, inquiry).is_some()
    }

    /// What the header says of a column.
    fn announced(&self, at: usize) -> Option<Column> {
        match &self.shape {
            Some(Shape::Headed(header)) => header.columns.get(at).copied().flatten(),
            _ => None,
        }
    }

    /// The part in which a cell stands.
    fn part(&self, number: u64, at: usize) -> Arc<str> {
        match &self.name {
            Some(name) => {
                let at = self.cut.map_or(at, |cut| cut.column);
                self.place.named(&name(number, at)).part
            }
            None => self.place.part.clone(),
        }
    }

    fn note(&mut self, at: usize, number: Option<&[u8]>, found: &[(usize, Found, bool)]) {
        if let (Some(stat), Some(number)) = (self.stats.get_mut(at), number) {
            stat.count(number, found.iter().any(|(_, f, _)| is_counted(f)));
        }
    }

    /// Numbers written over several cells of a row, given the heading of the row or else of the columns.
    fn join(
        &self,
        number: u64,
        row: &[(usize, View)],
        heading: Option<Column>,
        inquiry: &mut Inquiry,
        out: &mut Vec<(usize, Found, bool)>,
    ) {
        let (mut joined, mut found) = (Joined::default(), Vec::new());
        let mut before = None;
        for (at, view) in row {
            if before.is_some_and(|before| before + 1 != *at) {
                joined.end(&self.place, inquiry, &mut found);
            }
            let reach = match &self.shape {
                Some(Shape::Headed(header)) => header.reach.get(*at).copied().flatten(),
                _ => None,
            };
            joined.next(&self.place, view, heading.or(reach), inquiry, &mut found);
            self.called(number, before.unwrap_or(*at), false, inquiry, &mut found, out);
            before = Some(*at);
        }
        joined.end(&self.place, inquiry, &mut found);
        self.called(number, before.unwrap_or(0), false, inquiry, &mut found, out);
    }

    /// Names the cell in which things were found.
    fn called(
        &self,
        number: u64,
        at: usize,
        whole: bool,
        inquiry: &Inquiry,
        found: &mut Vec<Found>,
        out: &mut Vec<(usize, Found, bool)>,
    ) {
        for mut f in found.drain(..) {
            if self.name.is_some() && inquiry.asks_where(&self.place) {
                f.finding.part = self.part(number, at);
            }
            out.push((at, f, whole));
        }
    }

    fn cell(
        &mut self,
        number: u64,
        at: usize,
        view: &View,
        column: Option<Column>,
        inquiry: &mut Inquiry,
        out: &mut Vec<(usize, Found, bool)>,
    ) {
        let mut found = std::mem::take(&mut self.scratch);
        let whole = column.is_none() && is_number(&view.text);
        // A heading that is not known is that of something else than the name of the file says.
        let named = column.is_none() && matches!(self.shape, Some(Shape::Headed(_)));
        let afar = self.place.afar;
        if named {
            self.place.afar = Papers::NONE;
        }
        match padded(view, column) {
            Some(view) => text::value(&self.place, &view, column, inquiry, &mut found),
            None => text::value(&self.place, view, column, inquiry, &mut found),
        }
        self.place.afar = afar;
        self.called(number, at, whole, inquiry, &mut found, out);
        self.scratch = found;
    }

    /// Holds the findings of a row until enough is known of the columns.
    fn wait(&mut self, row: Waiting, inquiry: &mut Inquiry) {
        self.judged += 1;
        self.listed += u64::from(row.listed.is_some());
        self.waiting.push(row);
        if self.judged as usize >= JUDGED_ROWS {
            self.judge(inquiry);
        }
    }

    fn judge(&mut self, inquiry: &mut Inquiry) {
        // One odd name among many is a name.
        let list = self.listed >= LISTED_MIN && self.listed * 2 >= self.judged;
        let about = self.about();
        for Waiting { found, named, listed, who, record } in std::mem::take(&mut self.waiting) {
            let (mut marks, mut others) = (Vec::new(), Vec::new());
            for (at, found, alone) in found {
                let Some(mark) = inquiry.report(self.doubted(at, found, alone)) else { continue };
                match about.get(at).copied().unwrap_or(0) {
                    0 => marks.push(mark),
                    other => others.push((other, mark)),
                }
            }
            others.sort_by_key(|(other, _)| *other);
            for other in others.chunk_by(|(a, _), (b, _)| a == b) {
                let marks: Vec<Mark> = other.iter().map(|(_, mark)| *mark).collect();
                inquiry.people.record(&marks, self.people);
            }
            if !record {
                self.form.extend(marks);
                if self.form.len() >= FORM_MAX {
                    inquiry.people.record(&std::mem::take(&mut self.form), true);
                }
                continue;
            }
            if inquiry.people.record(&marks, self.people) == 0
                && let Some(named) = named.or_else(|| listed.filter(|_| list))
            {
                inquiry.people.listed(&named);
                marks = vec![named.mark()];
            }
            let counted = named.map(|named| named.mark());
            marks.retain(|mark| mark.detector.is_identifier() || Some(*mark) == counted);
            if let (Some(own), Some(who)) = (marks.first().copied(), who)
                && let Some(met) = self.known.meet(who, &marks)
            {
                inquiry.people.person([met, own].iter());
            }
        }
    }

    /// Among random numbers one in sixty looks like a citizen's. A column that nobody announced is one of identifiers
    /// only when most of it is, and was not counted up.
    fn doubted(&self, at: usize, mut found: Found, alone: bool) -> Found {
        let stat = self.stats.get(at).copied().unwrap_or_default();
        let stray = alone
            && stat.numbers >= 6
            && (stat.hits * 2 < stat.numbers || is_most(stat.counted as usize + 1, stat.numbers as usize));
        if stray && found.finding.confidence == Confidence::Medium {
            found.doubt();
        }
        if self.titled == Some(at) && found.finding.detector == DetectorId::Bhxh {
            found.finding.confidence = found.finding.confidence.min(Confidence::Medium);
        }
        found
    }
}

/// A spreadsheet's number with the zeros in front that its column says it had.
fn padded(view: &View, column: Option<Column>) -> Option<View> {
    let zeros = lost_zeros(&view.text, column).filter(|_| view.number)?;
    let mut padded = View::default();
    padded.push_joint(zeros);
    padded.push_view(view, 0..view.text.len());
    (padded.base, padded.number) = (view.base, view.number);
    Some(padded)
}

/// The zeros that a spreadsheet's number has lost.
fn lost_zeros(number: &[u8], column: Option<Column>) -> Option<&'static [u8]> {
    let digits = match column? {
        Column::Cccd | Column::IdNumber => 10..12,
        Column::Bhxh | Column::Tax => 9..10,
        Column::Cmnd => 8..9,
        _ => return None,
    };
    let lost = digits.contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    if lost { b"00".get(number.len() + 2 - digits.end..) } else { None }
}

fn is_counted(found: &Found) -> bool {
    found.finding.detector.is_identifier() && found.finding.confidence >= Confidence::Medium
}

/// The letters of a column, as spreadsheets call it.
pub(crate) fn letters(column: usize) -> String {
    let mut out = Vec::new();
    let mut n = column + 1;
    while n > 0 {
        out.push(b'A' + ((n - 1) % 26) as u8);
        n = (n - 1) / 26;
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}

/// Digits of the shortest number that stands for somebody.
const NUMBER_MIN: usize = 9;

/// How many digits there are.
pub(crate) fn digits(text: &[u8]) -> usize {
    // So few at a time that a byte holds their number: as many are counted at once as a vector has bytes.
    let parts = text.chunks(usize::from(u8::MAX));
    parts.map(|part| usize::from(part.iter().map(|b| u8::from(b.is_ascii_digit())).sum::<u8>())).sum()
}

/// Digits of the longest, and the signs between them.
const DIGITS_MAX: usize = 15;
const SIGNS_MAX: usize = 4;
/// A longer text is no number, whatever stands in it.
pub(crate) const NUMBER_BYTES_MAX: usize = DIGITS_MAX + SIGNS_MAX;

/// How many cells of a row hold anything.
fn filled(row: &Row) -> usize {
    row.iter().filter(|(_, view)| !is_blank(&view.text)).count()
}

/// Whether nothing visible stands in a cell.
fn is_blank(text: &[u8]) -> bool {
    !text.first().is_some_and(u8::is_ascii_graphic)
        && (text.trim_ascii().is_empty() || std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty()))
}

/// A cell that is nothing but one number as long as identifiers are.
pub(crate) fn is_number(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    if text.len() > NUMBER_BYTES_MAX || !text.iter().take(SIGNS_MAX + 1).any(u8::is_ascii_digit) {
        return false;
    }
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    (NUMBER_MIN..=DIGITS_MAX).contains(&digits) && text.len() <= digits + SIGNS_MAX
}
