//! The lines of running text and their cells, as places: nothing is copied before a table seems to be there.

use std::ops::Range;
use std::sync::LazyLock;

use chot_detectors::{Column, Detectors};

use super::items::{given_and_number, name_and_number};
use super::spaced::begins_register;
use super::{aligned, ruled};
use crate::scanned::is_code;
use crate::table::Row;
use crate::view::View;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Tab,
    Pipe,
    /// Lines of a drawn box.
    Box,
    Semicolon,
    Blanks,
    /// Dashes between blanks, as people write tables into a chat.
    Dashes,
    /// Commas, under a line of headings.
    Comma,
    /// Items of a list with a name and a number each, under a line that ends in a colon.
    Items,
    /// The same with given names alone, under a line that names what the numbers are.
    Given,
    /// Single blanks, under a line that is made of headings.
    Spaces,
    /// One value a line, a blank line after each record.
    Lines,
    /// Nothing but a number a line.
    Numbers,
    /// Columns told by a drawn line.
    Ruled,
    /// A cell a line, no line set apart.
    Stacked,
}

impl Cut {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Stacked as usize + 1;

    /// Where the next sign stands, from `at` on, that may part cells.
    fn next(self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let next = match self {
            Self::Tab => memchr::memchr(b'\t', rest),
            Self::Pipe => memchr::memchr(b'|', rest),
            Self::Semicolon => memchr::memchr(b';', rest),
            Self::Comma => comma(rest),
            Self::Blanks => WIDE.find(rest),
            Self::Dashes => memchr::memchr(b' ', rest),
            Self::Box => memchr::memchr(SIDE, rest),
            Self::Lines | Self::Numbers | Self::Items | Self::Given | Self::Ruled | Self::Stacked | Self::Spaces => {
                None
            }
        };
        next.map(|next| at + next)
    }

    /// How long what parts cells is that a text begins with, at such a sign.
    fn width(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Blanks => Some(text.iter().take_while(|b| **b == b' ').count()),
            Self::Box => side(text),
            Self::Dashes => Some(1 + dash(text.get(1..)?)?),
            _ => Some(1),
        }
    }

    /// Whether a line of `cells` may be one of `whole` without its last: what cuts is exact, so that those before stand
    /// under their own headings.
    const fn leaves_out(self, whole: usize, cells: usize) -> bool {
        /// More are another table.
        const LEFT_OUT_MAX: usize = 3;
        matches!(self, Self::Tab | Self::Pipe | Self::Semicolon)
            && cells >= 2
            && cells < whole
            && whole - cells <= LEFT_OUT_MAX
    }
}

/// Where an item of a list begins behind its sign, and those of an answer that quotes it.
fn item_begins(text: &[u8]) -> Option<usize> {
    let begins = text.iter().take_while(|b| **b == b'>' || b.is_ascii_whitespace()).count();
    let rest = text.get(begins..)?;
    let sign = bullet(rest);
    Some(begins + if sign == 0 { picture(rest) } else { sign })
}

/// Bytes of a small picture that begins an item, with the blanks behind: `👉 Nguyễn Văn Mai - 79…`. None for any other line.
fn picture(text: &[u8]) -> usize {
    /// Arrows, marks and small squares begin with the first of these, what came later with the other.
    const BEGINS: [u8; 2] = [0xe2, 0xf0];
    const SELECTOR: char = '\u{fe0f}';
    if !text.first().is_some_and(|b| BEGINS.contains(b)) {
        return 0;
    }
    let mut chars = String::from_utf8_lossy(text.get(..16).unwrap_or(text)).into_owned();
    let whole = chars.len();
    let Some(first) = chars.chars().next().filter(|c| !c.is_alphanumeric() && *c != char::REPLACEMENT_CHARACTER) else {
        return 0;
    };
    chars.drain(..first.len_utf8());
    let rest = chars.trim_start_matches(SELECTOR);
    let behind = rest.trim_start_matches(' ');
    if behind.len() < rest.len() { whole - behind.len() } else { 0 }
}

/// A line or a cell: a place in the window, or a copy once the window moves on.
pub(super) struct Piece {
    /// Where it begins in the whole text.
    base: u64,
    len: usize,
    kept: Option<Box<View>>,
}

impl From<View> for Piece {
    fn from(view: View) -> Self {
        Self { base: view.base, len: view.text.len(), kept: Some(Box::new(view)) }
    }
}

impl Piece {
    /// A range of the window.
    pub(super) fn of(view: &View, range: Range<usize>) -> Self {
        Self { base: view.base + range.start as u64, len: range.len(), kept: None }
    }

    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Where it ends in the whole text.
    pub(super) const fn end(&self) -> u64 {
        self.base + self.len as u64
    }

    /// Its bytes, given the window.
    pub(super) fn text<'t>(&'t self, view: &'t View) -> &'t [u8] {
        match &self.kept {
            Some(kept) => &kept.text,
            None => view.text.get(self.within(view)).unwrap_or_default(),
        }
    }

    pub(super) fn within(&self, view: &View) -> Range<usize> {
        let start = self.base.saturating_sub(view.base) as usize;
        start..start + self.len
    }

    /// The same piece once more.
    pub(super) fn twin(&self) -> Self {
        let Self { base, len, kept } = self;
        Self { base: *base, len: *len, kept: kept.as_ref().map(|kept| Box::new(copy(kept, 0..*len, *base))) }
    }

    /// A part of it without the blanks around.
    pub(super) fn part(&self, range: Range<usize>, view: &View) -> Self {
        let bytes = self.text(view).get(range.clone()).unwrap_or_default();
        let blank = bytes.len() - bytes.trim_ascii_start().len();
        let len = bytes.trim_ascii().len();
        let (start, base) = (range.start + blank, self.base + (range.start + blank) as u64);
        let kept = self.kept.as_ref().map(|kept| Box::new(copy(kept, start..start + len, base)));
        Self { base, len, kept }
    }

    /// Drops the blanks at its end.
    pub(super) fn trim(&mut self, view: &View) {
        self.len = self.text(view).trim_ascii_end().len();
        if let Some(kept) = &mut self.kept {
            kept.trim(0);
        }
    }

    /// Copies it out of the window.
    pub(super) fn keep(&mut self, view: &View) {
        if self.kept.is_none() {
            self.kept = Some(Box::new(copy(view, self.within(view), self.base)));
        }
    }

    /// A copy of it.
    pub(super) fn to_view(&self, view: &View) -> View {
        match &self.kept {
            Some(kept) => copy(kept, 0..self.len, self.base),
            None => copy(view, self.within(view), self.base),
        }
    }

    fn into_view(self, view: &View) -> View {
        match self.kept {
            Some(kept) => *kept,
            None => copy(view, self.within(view), self.base),
        }
    }
}

fn copy(view: &View, range: Range<usize>, base: u64) -> View {
    let mut copy = View::default();
    copy.push_view(view, range);
    copy.base = base;
    copy
}

/// Where the first comma stands that is not in the quotes a text begins with.
fn comma(text: &[u8]) -> Option<usize> {
    let quoted = match text.split_first() {
        Some((b'"', within)) => match memchr::memmem::find(within, b"\",") {
            Some(len) => len + 2,
            None if within.ends_with(b"\"") => return None,
            None => 0,
        },
        _ => 0,
    };
    memchr::memchr(b',', text.get(quoted..)?).map(|at| quoted + at)
}

/// What stands within the quotes of a cell.
fn unquoted(text: &[u8], cell: &Range<usize>) -> Range<usize> {
    match text.get(cell.clone()) {
        Some([b'"', .., b'"']) => cell.start + 1..cell.end - 1,
        _ => cell.clone(),
    }
}

/// Whether anything in a line cuts it.
pub(super) fn is_cut(line: &[u8]) -> bool {
    memchr::memchr3(b'\t', b'|', b';', line).is_some() || WIDE.find(line.trim_ascii()).is_some()
}

/// Whether dashes may cut a line: most are written without any.
pub(super) fn has_dashes(line: &[u8]) -> bool {
    memchr::memchr2_iter(b'-', DASH, line).any(|at| {
        let (before, behind) = line.split_at(at);
        before.last() == Some(&b' ') && dash(behind).is_some()
    })
}

/// Whether a line may be cut by tabs, the sides of boxes, pipes, semicolons and wide blanks. Most that anything may cut
/// are paragraphs with a semicolon.
fn ways(line: &[u8]) -> [bool; 5] {
    let begins = line.trim_ascii_start();
    let [tab, pipe] = match memchr::memchr2(b'\t', b'|', line) {
        Some(at) => [b'\t', b'|'].map(|sign| line.get(at..).is_some_and(|rest| memchr::memchr(sign, rest).is_some())),
        None => [false; 2],
    };
    // One alone is punctuation.
    let semicolon = memchr::memchr_iter(b';', line).nth(1).is_some();
    // A header of MediaWiki has signs of its own. Blanks are looked for where nothing else has cut.
    [tab, begins.first() == Some(&SIDE), pipe || begins.first() == Some(&b'!'), semicolon, true]
}

/// First byte of those that are not ASCII.
const DASH: u8 = 0xe2;

/// The length of a dash that a blank follows. The blank may stand before another: nothing is between them.
fn dash(text: &[u8]) -> Option<usize> {
    let len = DASHES.iter().find(|dash| text.starts_with(dash.as_bytes()))?.len();
    matches!(text.get(len), Some(b' ') | None).then_some(len)
}

/// A hyphen, and those that programs make of it: en dash and em dash.
const DASHES: [&str; 3] = ["-", "\u{2013}", "\u{2014}"];

/// How long the sign is that begins an item of a list, with the blanks behind: `- `, `* `, `12. `, `3) `.
fn bullet(text: &[u8]) -> usize {
    const DIGITS_MAX: usize = 4;
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let signs = match text.get(digits..).unwrap_or_default() {
        [b'.' | b')' | b'/', ..] if (1..=DIGITS_MAX).contains(&digits) => digits + 1,
        [b'*' | b'+', ..] if digits == 0 => 1,
        rest if digits == 0 => {
            ["\u{2022}"].iter().chain(&DASHES).find(|s| rest.starts_with(s.as_bytes())).map_or(0, |s| s.len())
        }
        _ => 0,
    };
    let blanks = text.get(signs..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
    if signs > 0 && blanks > 0 { signs + blanks } else { 0 }
}

/// The first byte of lines of a drawn box.
const SIDE: u8 = 0xe2;
/// Those that part cells: │ ┃ ║.
const SIDES: [&[u8]; 3] = ["│".as_bytes(), "┃".as_bytes(), "║".as_bytes()];

/// Whether a line begins with the side of a box.
pub(super) fn begins_in_a_box(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&SIDE) && side(line.trim_ascii_start()).is_some()
}

/// The length of the line of a box that a text begins with.
fn side(text: &[u8]) -> Option<usize> {
    SIDES.iter().find(|side| text.starts_with(side)).map(|side| side.len())
}

fn ends_with_side(text: &[u8]) -> bool {
    SIDES.iter().any(|side| text.ends_with(side) && text.len() > side.len())
}

/// What parts the cells of a line as wikis write them, and how many signs stand before the first: `! a !! b` and
/// `| a || b` (MediaWiki), `||a||b||` (a header of Jira). An empty cell of other tables stands among cells that one
/// sign parts.
fn wiki(line: &[u8]) -> Option<(&'static [u8], usize)> {
    let signs = |signs: &'static [u8], frame: usize| {
        memchr::memmem::find(line.get(frame..)?, signs).is_some().then_some((signs, frame))
    };
    match line {
        [b'!', b' ', ..] => signs(b"!!", 1).or_else(|| signs(b"||", 1)),
        [b'|', b'|', within @ .., b'|', b'|'] if !within.is_empty() && only_doubled(within) => signs(b"||", 2),
        [b'|', within @ .., last] if *last != b'|' && only_doubled(within) => signs(b"||", 1),
        _ => None,
    }
}

/// Whether no `|` stands alone, nor three of them together.
fn only_doubled(text: &[u8]) -> bool {
    text.chunk_by(|a, b| (*a == b'|') == (*b == b'|')).all(|run| run.first() != Some(&b'|') || run.len() == 2)
}

/// Whether a line heads a table of MediaWiki.
pub(super) fn begins_as_wiki(line: &[u8]) -> bool {
    line.starts_with(b"! ") && memchr::memmem::find(line, b"!!").is_some()
}

/// Whether a table of MediaWiki or AsciiDoc is open behind a line that sets others apart, given whether one was.
pub(super) fn is_wiki_rule(line: &[u8], open: bool) -> bool {
    match line.trim_ascii() {
        b"|===" => !open,
        [b'{', b'|', ..] => true,
        [b'|', b'}'] => false,
        _ => open,
    }
}

/// Where the only cell of a line of such a table begins: `| a`, `! a`, `|a`, and behind how it looks: `| style="…" | a`.
pub(super) fn wiki_cell(line: &[u8]) -> Option<usize> {
    let lead = line.len() - line.trim_ascii_start().len();
    let (b'|' | b'!', cell) = line.get(lead..)?.split_first()? else { return None };
    let looks = memchr::memchr(b'|', cell).filter(|at| {
        let looks = cell.get(..*at).unwrap_or_default();
        memchr::memmem::find(looks, b"=\"").is_some() && looks.trim_ascii_end().ends_with(b"\"")
    });
    let begins = looks.map_or(0, |at| at + 1);
    // The title of the table.
    if cell.starts_with(b"+") {
        return None;
    }
    memchr::memchr3(b'|', b'!', b'\t', cell.get(begins..)?).is_none().then_some(lead + 1 + begins)
}

/// Whether a line only sets others apart: `---`, `+----+`, `|:--|`, lines of box drawing (U+2500 to U+257F).
pub(super) fn is_rule(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    // A table of MediaWiki begins, goes on with a row, ends.
    if let [b'{', b'|', rest @ ..] | [b'|', b'-', rest @ ..] | [b'|', b'}', rest @ ..] = line
        && rest.first().is_none_or(|b| *b == b' ' || line.starts_with(b"{"))
        && memchr::memchr(b'|', rest).is_none()
    {
        return true;
    }
    let sign = |b: &u8| matches!(b, b'-' | b'=' | b'+' | b'|' | b':' | b'_' | b' ' | 0xe2 | 0x80..=0xbf);
    let signs = line.iter().all(sign)
        && line.iter().filter(|b| **b == 0xe2).count() * 2 == line.iter().filter(|b| (0x80..0xc0).contains(*b)).count();
    line.len() >= 3 && signs
}

/// Blanks that cut.
pub(super) static WIDE: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new("  "));

/// The cells of a line.
pub(super) struct Cells {
    pub(super) cut: Cut,
    pub(super) row: Vec<Piece>,
    /// Where blanks cut: from which to which character the cells reach on the line.
    pub(super) places: Vec<Range<usize>>,
    /// What stands around them all was taken for a frame; it may be the signs of two empty cells.
    framed: bool,
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
            && let Some((signs, frame)) = wiki(text.get(lead..)?)
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
    fn unframe(&mut self, view: &View) {
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

/// A row of a table that is still where it was found.
pub(super) enum Line {
    /// Of one cell in the first column: most that are read once more have nothing else, and none of them asks for memory.
    One(Piece),
    Several {
        cells: Vec<Piece>,
        /// The columns they stand in, when it is not one behind the other.
        columns: Vec<usize>,
    },
}

impl Line {
    /// A line above items of a list, which says what their numbers are.
    pub(super) fn above_items(line: &Piece) -> Self {
        Self::under(vec![line.twin()], vec![1])
    }

    /// Cells and the columns they stand in.
    pub(super) const fn under(cells: Vec<Piece>, columns: Vec<usize>) -> Self {
        Self::Several { cells, columns }
    }

    fn pieces(&self) -> &[Piece] {
        match self {
            Self::One(cell) => std::slice::from_ref(cell),
            Self::Several { cells, .. } => cells,
        }
    }

    /// The cells, each with its column.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &Piece)> + Clone {
        let columns = match self {
            Self::One(_) => &[],
            Self::Several { columns, .. } => columns.as_slice(),
        };
        let column = |(n, cell)| (columns.get(n).copied().unwrap_or(n), cell);
        self.pieces().iter().enumerate().map(column)
    }

    pub(super) fn first(&self) -> Option<&Piece> {
        self.pieces().first()
    }

    pub(super) fn last(&self) -> Option<&Piece> {
        self.pieces().last()
    }

    pub(super) fn len(&self) -> usize {
        self.pieces().len()
    }

    /// Drops what stands in it.
    pub(super) fn clear(&mut self) {
        *self = Self::under(Vec::new(), Vec::new());
    }

    /// Copies it out of the window.
    pub(super) fn keep(&mut self, view: &View) {
        match self {
            Self::One(cell) => cell.keep(view),
            Self::Several { cells, .. } => cells.iter_mut().for_each(|cell| cell.keep(view)),
        }
    }

    /// The same for a table.
    pub(super) fn into_row(self, view: &View) -> Row {
        match self {
            Self::One(cell) => [(0, cell.into_view(view))].into_iter().collect(),
            Self::Several { cells, columns } => {
                let column = |(n, cell): (usize, Piece)| (columns.get(n).copied().unwrap_or(n), cell.into_view(view));
                cells.into_iter().enumerate().map(column).collect()
            }
        }
    }
}

impl From<Piece> for Line {
    fn from(piece: Piece) -> Self {
        Self::One(piece)
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

/// The layout of the table that lines are added to.
pub(super) struct Open {
    pub(super) cut: Cut,
    pub(super) cells: usize,
    places: Vec<Range<usize>>,
    /// What the headings say, where nothing else tells the cells apart.
    pub(super) headings: Vec<Column>,
    pub(super) misfits: usize,
}

impl Open {
    pub(super) fn with(first: &Cells) -> Self {
        Self { cut: first.cut, cells: first.row.len(), places: first.places.clone(), headings: Vec::new(), misfits: 0 }
    }

    /// Columns that a drawn line tells.
    pub(super) const fn ruled(places: Vec<Range<usize>>) -> Self {
        Self { cut: Cut::Ruled, cells: places.len(), places, headings: Vec::new(), misfits: 0 }
    }

    /// The row that a line makes in such columns.
    pub(super) fn ruled_row(&mut self, line: &Piece, view: &View) -> Option<Line> {
        let row = ruled::cut(line, &self.places, view)?.into_line();
        self.misfits = 0;
        Some(row)
    }

    /// Whether a drawn line tells the same columns.
    pub(super) fn is_ruled_as(&self, places: &[Range<usize>]) -> bool {
        self.cut == Cut::Ruled && self.places == places
    }

    /// One column of numbers.
    pub(super) const fn numbers() -> Self {
        Self { cut: Cut::Numbers, cells: 1, places: Vec::new(), headings: Vec::new(), misfits: 0 }
    }

    /// Cells that single blanks part, under such headings.
    pub(super) const fn spaced(headings: Vec<Column>) -> Self {
        Self { cut: Cut::Spaces, cells: headings.len(), places: Vec::new(), headings, misfits: 0 }
    }

    /// The same, given what its headings say.
    pub(super) fn under(self, headings: Vec<Column>) -> Self {
        Self { headings, ..self }
    }

    /// Where cells stand on a line says nothing: those of its rows do not stand below each other.
    pub(super) fn forget_places(&mut self) {
        self.places.clear();
    }

    /// Whether a line under these headings is made of others.
    pub(super) fn is_headed_otherwise(&self, cells: &Cells, view: &View, detectors: &Detectors) -> bool {
        !self.headings.is_empty()
            && aligned::headings(cells, view, detectors).is_some_and(|headings| headings != self.headings)
    }

    /// The row that a line makes, when its cells fit the columns.
    pub(super) fn fit(&mut self, mut cells: Cells, view: &View) -> Option<Line> {
        if cells.cut != self.cut {
            return None;
        }
        if cells.framed && cells.row.len() + 2 == self.cells {
            cells.unframe(view);
        }
        let row = if cells.row.len() == self.cells {
            for (place, own) in self.places.iter_mut().zip(&cells.places) {
                *place = place.start.min(own.start)..place.end.max(own.end);
            }
            cells.into_line()
        } else if !self.headings.is_empty() && aligned::is_sum(&cells, view) {
            return None;
        } else {
            let prefix = || self.cut.leaves_out(self.cells, cells.row.len()).then(|| (0..cells.row.len()).collect());
            let columns = self.assign(&cells.places).or_else(prefix);
            // Tabs and pipes stand for empty cells as well, but for the last. Those of a page are set by what one sees.
            let exact = columns.is_some() && matches!(self.cut, Cut::Tab | Cut::Pipe);
            let slack = if exact { aligned::BETTER } else { 0 };
            match aligned::row(&cells, &self.headings, (columns.as_deref(), slack), view) {
                Some(row) => row,
                None => Line::under(cells.row, columns?),
            }
        };
        self.misfits = 0;
        Some(row)
    }

    /// The columns that the cells of a line with fewer of them stand under; `None` when one stands under none or two.
    pub(super) fn assign(&self, cells: &[Range<usize>]) -> Option<Vec<usize>> {
        if cells.len() < 2 || cells.len() >= self.cells {
            return None;
        }
        let mut columns: Vec<usize> = Vec::with_capacity(cells.len());
        for cell in cells {
            let mut under = self.places.iter().enumerate().filter(|(_, p)| p.start < cell.end && cell.start < p.end);
            let (at, _) = under.next()?;
            if under.next().is_some() || columns.last().is_some_and(|last| *last >= at) {
                return None;
            }
            columns.push(at);
        }
        Some(columns)
    }
}
