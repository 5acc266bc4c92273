//! The columns and rows of a table by where its texts stand.

use super::lines::{Line, Segment};
use super::order::{Drawn, is_torn};
use super::white;
use super::{LEADING_MAX, Row};
use crate::formats::pdf::layout::{Cell, is_number};

/// Lines that columns do not go through, of a hundred: titles, sums and signatures.
const ACROSS_PERCENT: usize = 20;
/// On a picture, whose cells may have a line in five: what is left of titles where texts alone on a line are looked at.
const ACROSS_ON_PICTURE_PERCENT: usize = 8;
/// A text alone on its line that is no wider may be one of a cell.
const CELL_EM: f64 = 12.0;
/// Columns of one table.
const COLUMNS_MAX: usize = 128;
/// Cells of one page: no page that people read has more, and each row has all columns.
const CELLS_MAX: usize = 1 << 20;
/// What a text has less of its column at either end when columns are sought: those that are full touch each other.
const EDGE_EM: f64 = 0.1;
/// A heading stands no further from the numbers of its column that are set to the other edge.
const HEADING_EM: f64 = 6.0;
/// Texts at one height, in heights of letters.
const LEVEL: f64 = 0.3;

/// Rows that nothing counts are no higher; what is has no white between its rows.
const ROW_EM: f64 = 8.0;
/// Rows are counted up to here.
const COUNT_MAX: u32 = 100_000;
/// A number of so many signs may be a person's, whole.
const WHOLE_MIN: usize = 8;

/// A text and where it belongs.
pub(super) struct Text<'l> {
    pub(super) segment: &'l Segment,
    pub(super) base: f64,
    /// `None` when it stands across several.
    pub(super) column: Option<usize>,
    /// The height of its row.
    pub(super) row: f64,
}

/// The rows of a table, if these lines are one that was not drawn row by row; on a picture, one whose numbers are broken.
pub(super) fn read(lines: &[Line], picture: bool) -> Option<Vec<Row>> {
    let drawn = lines.iter().flat_map(|line| &line.segments).map(|segment| segment.drawn);
    if drawn.is_sorted() && !(0..lines.len()).any(|n| may_tear(lines.get(n..).unwrap_or_default(), picture)) {
        return None;
    }
    let size = if picture { middle(lines) } else { lines.iter().map(|line| line.size).fold(0.0, f64::max) };
    let columns = columns(lines, size, picture);
    let parted: Vec<Line>;
    let lines = if picture {
        parted = lines.iter().map(|line| line.parted(&columns)).collect();
        &parted
    } else {
        lines
    };
    if columns.len() < 2 || columns.len() > COLUMNS_MAX || columns.len() * lines.len() > CELLS_MAX {
        return None;
    }
    let mut texts: Vec<Text<'_>> = Vec::new();
    for line in lines {
        let from = texts.len();
        let of = |s| Text { segment: s, base: line.base, column: column(s, &columns), row: f64::NAN };
        texts.extend(line.segments.iter().map(of));
        let line = texts.get_mut(from..).unwrap_or_default();
        if line.iter().any(|text| text.column.is_none()) {
            line.iter_mut().for_each(|text| (text.column, text.row) = (None, text.base));
        }
    }
    let mut by_column: Vec<Vec<usize>> = vec![Vec::new(); columns.len()];
    for (n, text) in texts.iter().enumerate() {
        if let Some(column) = text.column.and_then(|column| by_column.get_mut(column)) {
            column.push(n);
        }
    }
    let numbers: Vec<bool> = by_column.iter().map(|column| holds_numbers(column, &texts, picture)).collect();
    if !numbers.contains(&true) {
        return None;
    }
    let tight = if picture { white::tight_on_picture(&by_column, &texts, size) } else { None };
    let mut rows =
        Rows { size, texts: &mut texts, columns: &by_column, tight: tight.unwrap_or(LEADING_MAX * size), picture };
    match tight {
        Some(_) => rows.find_on_picture(&numbers),
        None => rows.find(),
    }
    texts.sort_by(|a, b| {
        b.row
            .total_cmp(&a.row)
            .then(a.column.cmp(&b.column))
            .then(b.base.total_cmp(&a.base))
            .then(a.segment.from.total_cmp(&b.segment.from))
    });
    let are_two = |row: &[Text<'_>]| {
        row.chunk_by(|a, b| a.column == b.column)
            .any(|c| c[0].column.is_some() && c.iter().filter(|t| is_whole(t.segment.words())).count() > 1)
    };
    if texts.chunk_by(|a, b| a.row == b.row).any(are_two) {
        return None;
    }
    let mut drawn = Vec::with_capacity(texts.len());
    for (row, same) in texts.chunk_by(|a, b| a.row == b.row).enumerate() {
        let of = |text: &Text<'_>| {
            let column = text.column.unwrap_or_default();
            let is_number = text.column.is_some() && numbers.get(column) == Some(&true);
            let is_number = is_number && is_piece(text.segment.words());
            Drawn { drawn: text.segment.drawn, row, column, is_number }
        };
        drawn.extend(same.iter().map(of));
    }
    drawn.sort_by_key(|text| text.drawn);
    (picture || is_torn(&drawn))
        .then(|| texts.chunk_by(|a, b| a.row == b.row).map(|row| self::row(row, &columns)).collect())
}

/// The size of most lines: what a reader of print makes of a border may be of any.
fn middle(lines: &[Line]) -> f64 {
    let mut sizes: Vec<f64> = lines.iter().map(|line| line.size).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(1.0)
}

/// Whether pieces of a number stand on the first line and on one tightly below, in one cell.
fn may_tear(lines: &[Line], picture: bool) -> bool {
    /// Lines of other cells of the row, set to other heights, stand between.
    const BETWEEN_MAX: usize = 4;
    let Some((upper, behind)) = lines.split_first() else { return false };
    // The end of a number may make another of what is whole by itself.
    let piece = |s: &&Segment| is_piece(s.words()) && (picture || !is_whole(s.words()));
    let mut above = upper.segments.iter().filter(piece).peekable();
    if above.peek().is_none() {
        return false;
    }
    let above: Vec<&Segment> = above.collect();
    let is_tight = |line: &&Line| upper.base - line.base <= LEADING_MAX * upper.size.max(line.size);
    let rest = |s: &&Segment| is_piece(s.words()) && !is_whole(s.words()) || picture && is_rest(s.words());
    let mut below = behind.iter().take(BETWEEN_MAX).take_while(is_tight).flat_map(|line| &line.segments).filter(rest);
    below.any(|b| above.get(above.partition_point(|a| a.to <= b.from)).is_some_and(|a| a.from < b.to))
}

/// The cells of a row; those of a table have all columns.
fn row(texts: &[Text<'_>], columns: &[(f64, f64)]) -> Row {
    let is_across = texts.iter().any(|text| text.column.is_none());
    let parts = texts.chunk_by(|a, b| a.column == b.column).count();
    if is_across || parts < 2 {
        let cells = match is_across {
            true => texts.iter().map(|text| text.segment.cell()).collect(),
            false => vec![Cell { lines: texts.iter().map(|text| text.segment.line()).collect(), span: None }],
        };
        return Row { cells, is_across: true };
    }
    let mut cells: Vec<Cell> = columns.iter().map(|span| Cell { lines: Vec::new(), span: Some(*span) }).collect();
    for text in texts {
        if let Some(cell) = text.column.and_then(|column| cells.get_mut(column)) {
            match cell.lines.last_mut().filter(|line| line.base == text.base) {
                Some(line) => {
                    line.text.push(' ');
                    line.text.push_str(text.segment.words());
                    line.to = line.to.max(text.segment.to);
                }
                None => cell.lines.push(text.segment.line()),
            }
        }
    }
    Row { cells, is_across: false }
}

/// Strips that texts of lines with several of them stand in. On a `picture`, of all: the lines of cells that are set to the
/// middle of their rows stand by themselves.
fn columns(lines: &[Line], size: f64, picture: bool) -> Vec<(f64, f64)> {
    let is_cell = |line: &Line| line.segments.iter().all(|s| s.to - s.from <= CELL_EM * size);
    let several: Vec<&Line> = lines.iter().filter(|line| line.segments.len() > 1 || picture && is_cell(line)).collect();
    let few = several.len() * if picture { ACROSS_ON_PICTURE_PERCENT } else { ACROSS_PERCENT } / 100;
    let mut ends: Vec<(f64, bool)> = Vec::new();
    let edge = |s: &Segment| (EDGE_EM * size).min((s.to - s.from) / 4.0);
    for segment in several.iter().flat_map(|line| &line.segments) {
        ends.push((segment.from + edge(segment), true));
        ends.push((segment.to - edge(segment), false));
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut columns = strips(&ends, few);
    if columns.len() > COLUMNS_MAX {
        return columns;
    }
    // Columns in which hardly anything stands.
    let is_alone = |s: &&&Segment| columns.iter().all(|c| s.to <= c.0 || s.from >= c.1);
    let mut rest: Vec<(f64, bool)> = Vec::new();
    let all: Vec<&Segment> = several.iter().flat_map(|line| &line.segments).collect();
    for segment in all.iter().filter(is_alone) {
        rest.extend([(segment.from, true), (segment.to, false)]);
    }
    rest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    columns.extend(strips(&rest, 0));
    columns.sort_by(|a, b| a.0.total_cmp(&b.0));
    united(&columns, lines, size)
}

/// Puts a heading that stands at one edge of its column to what stands at the other below it.
fn united(columns: &[(f64, f64)], lines: &[Line], size: f64) -> Vec<(f64, f64)> {
    // The highest and the lowest line of each.
    let mut heights = vec![(f64::NEG_INFINITY, f64::INFINITY); columns.len()];
    for line in lines.iter().filter(|line| line.segments.len() > 1) {
        for n in line.segments.iter().filter_map(|segment| column(segment, columns)) {
            if let Some(height) = heights.get_mut(n) {
                *height = (height.0.max(line.base), height.1.min(line.base));
            }
        }
    }
    let mut united: Vec<((f64, f64), (f64, f64))> = Vec::new();
    for (span, height) in columns.iter().zip(heights) {
        match united.last_mut() {
            Some((left, before))
                if (before.1 > height.0 || height.1 > before.0) && span.0 - left.1 <= HEADING_EM * size =>
            {
                left.1 = span.1;
                *before = (before.0.max(height.0), before.1.min(height.1));
            }
            _ => united.push((*span, height)),
        }
    }
    united.into_iter().map(|(span, _)| span).collect()
}

/// Where more than `few` stand.
fn strips(ends: &[(f64, bool)], few: usize) -> Vec<(f64, f64)> {
    let (mut strips, mut open, mut from) = (Vec::new(), 0, None);
    for (at, begins) in ends {
        open = if *begins { open + 1 } else { open - 1 };
        match from {
            None if open > few => from = Some(*at),
            Some(start) if open <= few => {
                strips.push((start, *at));
                from = None;
            }
            _ => {}
        }
    }
    strips
}

/// The column of a text; none when it stands across two.
fn column(segment: &Segment, columns: &[(f64, f64)]) -> Option<usize> {
    let first = columns.partition_point(|c| c.1 <= segment.from);
    let met = columns.iter().enumerate().skip(first).take_while(|(_, c)| c.0 < segment.to);
    let overlap = |c: &(f64, f64)| c.1.min(segment.to) - c.0.max(segment.from);
    let crossed = met.clone().filter(|(_, c)| overlap(c) * 2.0 > c.1 - c.0).count();
    if crossed > 1 {
        return None;
    }
    let most = met.max_by(|(_, a), (_, b)| overlap(a).total_cmp(&overlap(b)));
    most.map(|(n, _)| n)
}

/// Whether a text is a number or a piece of one.
fn is_piece(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    digits > 2 && letters <= 2 && !text.contains(['/', ':'])
}

/// Whether a text may be the end of a number, of which there is hardly anything.
fn is_rest(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether most of a column are numbers or pieces of them; on a `picture` ends of one or two digits are pieces as well.
fn holds_numbers(column: &[usize], texts: &[Text<'_>], picture: bool) -> bool {
    let words = || column.iter().filter_map(|n| texts.get(*n)).map(|text| text.segment.words());
    let pieces = words().filter(|text| is_piece(text)).count();
    let rests = if picture { words().filter(|text| is_rest(text)).count() } else { 0 };
    pieces > 1 && (pieces + rests.min(pieces)) * 2 > column.len()
}

/// Which texts stand in one row.
pub(super) struct Rows<'r, 'l> {
    pub(super) size: f64,
    pub(super) texts: &'r mut Vec<Text<'l>>,
    /// The texts of each column, from the top.
    pub(super) columns: &'r [Vec<usize>],
    /// Lines of one cell are no further apart.
    pub(super) tight: f64,
    pub(super) picture: bool,
}

impl Rows<'_, '_> {
    pub(super) fn find(&mut self) {
        let broken = if self.picture { self.broken() } else { None };
        // Between the numbers of such a column stand their own ends.
        let is_broken = broken.is_some();
        let Some((column, mut anchors)) = broken.or_else(|| self.anchors()) else { return self.by_white() };
        if !is_broken {
            self.break_at_words(column, &anchors);
        }
        // Its heading, which may have several lines, stands for a row as well; or a line over most of the columns.
        let first = anchors.first().copied().unwrap_or_default();
        let above = self.above(column, first).or_else(|| self.over_most(first));
        anchors.splice(0..0, above);
        let breaks: Vec<f64> = self.texts.iter().filter(|text| text.column.is_none()).map(|text| text.base).collect();
        let sinks = self.sinks(&anchors);
        for n in 0..self.columns.len() {
            self.assign(n, &anchors, &breaks, sinks);
        }
        self.by_white();
    }

    pub(super) fn base(&self, text: usize) -> f64 {
        self.texts.get(text).map_or(f64::NAN, |text| text.base)
    }

    pub(super) fn words(&self, text: usize) -> &str {
        self.texts.get(text).map_or("", |text| text.segment.words())
    }

    /// A column of numbers that are all broken alike: full lines, and a shorter one at the end of each.
    fn broken(&self) -> Option<(usize, Vec<f64>)> {
        /// Fewer numbers are no column of them.
        const NUMBERS_MIN: usize = 2;
        let numbers = self.columns.iter().enumerate().map(|(n, column)| {
            let is_end = |text: usize, full: usize| self.words(text).len() < full;
            let is_code = |text: &usize| self.words(*text).bytes().all(|b| b.is_ascii_alphanumeric());
            let has_digits = |text: &usize| self.words(*text).bytes().any(|b| b.is_ascii_digit());
            let pieces: Vec<usize> = column.iter().copied().filter(|t| is_code(t) && has_digits(t)).collect();
            let full = pieces.iter().map(|text| self.words(*text).len()).max().unwrap_or_default();
            let groups: Vec<&[usize]> =
                pieces.chunk_by(|above, _| !is_end(*above, full)).filter(|group| group.len() > 1).collect();
            let is_whole = |group: &&&[usize]| is_number(&group.iter().map(|t| self.words(*t)).collect::<String>());
            let whole = groups.iter().filter(is_whole).count();
            let heads = groups.iter().filter_map(|group| group.first()).map(|text| self.base(*text));
            (whole, groups.len(), n, heads.collect::<Vec<f64>>())
        });
        let best = numbers.max_by_key(|(whole, ..)| *whole);
        let (_, _, n, heads) = best.filter(|(whole, all, ..)| *whole >= NUMBERS_MIN && whole * 3 >= all * 2)?;
        Some((n, heads))
    }

    /// A column with one line a row, and where these stand: it counts them, or has whole numbers or days.
    fn anchors(&self) -> Option<(usize, Vec<f64>)> {
        let counted = self.columns.iter().enumerate().filter_map(|(n, column)| {
            let counts =
                |text: &usize| self.words(*text).trim_end_matches('.').parse::<u32>().ok().filter(|n| *n < COUNT_MAX);
            let numbers: Vec<(u32, usize)> = column.iter().filter_map(|text| Some((counts(text)?, *text))).collect();
            let steps = numbers.windows(2).filter(|pair| matches!(pair, [a, b] if b.0 == a.0 + 1)).count();
            let is_count = numbers.len() > 1 && steps * 5 >= (numbers.len() - 1) * 4;
            is_count.then(|| (n, numbers.iter().map(|(_, text)| self.base(*text)).collect::<Vec<f64>>()))
        });
        let counted = counted.max_by_key(|(_, rows)| rows.len());
        counted.or_else(|| {
            let is_whole = |text: &&usize| {
                let text = self.words(**text);
                is_day(text) || is_whole(text)
            };
            let whole = self.columns.iter().enumerate().map(|(n, column)| {
                let whole: Vec<f64> = column.iter().filter(is_whole).map(|text| self.base(*text)).collect();
                (n, column.len(), whole)
            });
            let most = whole.filter(|(_, all, whole)| whole.len() > 1 && whole.len() * 5 >= (all - 1) * 4);
            most.max_by_key(|(_, _, whole)| whole.len()).map(|(n, _, whole)| (n, whole))
        })
    }

    /// Words between the numbers of the column that counts rows are no row of it, and part those above and below.
    fn break_at_words(&mut self, column: usize, anchors: &[f64]) {
        let (Some(first), Some(last)) = (anchors.first(), anchors.last()) else { return };
        let is_row = |base: f64| anchors.get(anchors.partition_point(|row| *row > base)) == Some(&base);
        let between = |base: f64| base < *first && base > *last && !is_row(base);
        for n in self.columns.get(column).into_iter().flatten() {
            if let Some(text) = self.texts.get_mut(*n).filter(|text| between(text.base)) {
                (text.column, text.row) = (None, text.base);
            }
        }
    }

    /// The middle of the lines that stand tightly in a column above its first row.
    fn above(&self, column: usize, first: f64) -> Option<f64> {
        let above =
            self.columns.get(column)?.iter().map(|n| self.base(*n)).filter(|base| *base > first + LEVEL * self.size);
        let above: Vec<f64> = above.collect();
        let foot = above.last()?;
        let mut head = foot;
        for base in above.iter().rev() {
            if base - head > LEADING_MAX * self.size {
                break;
            }
            head = base;
        }
        Some((head + foot) / 2.0)
    }

    /// The lowest line above the first row that stands over most of the columns.
    fn over_most(&self, first: f64) -> Option<f64> {
        let above = self.texts.iter().filter(|text| text.column.is_some() && text.base > first + LEVEL * self.size);
        let above: Vec<f64> = above.map(|text| text.base).collect();
        let lines = above.chunk_by(|a, b| (a - b).abs() < LEVEL * self.size);
        lines.rev().find(|line| line.len() * 2 > self.columns.len())?.first().copied()
    }

    /// Whether cells begin with the line of their row: then something stands tightly below the last one.
    fn sinks(&self, anchors: &[f64]) -> bool {
        let Some(last) = anchors.last() else { return true };
        let below = (LEVEL * self.size)..(LEADING_MAX * self.size);
        self.texts.iter().any(|text| text.column.is_some() && below.contains(&(last - text.base)))
    }

    fn set(&mut self, text: usize, row: f64) {
        if let Some(text) = self.texts.get_mut(text).filter(|text| text.column.is_some()) {
            text.row = row;
        }
    }

    /// Puts the texts of a column to the rows: those between two belong together where the least white is.
    fn assign(&mut self, column: usize, anchors: &[f64], breaks: &[f64], sinks: bool) {
        let Some(column) = self.columns.get(column) else { return };
        let level = LEVEL * self.size;
        let mut rest = column.as_slice();
        let mut above: Option<f64> = None;
        for anchor in anchors.iter().map(|anchor| Some(*anchor)).chain([None]) {
            let floor = anchor.map_or(f64::NEG_INFINITY, |anchor| anchor + level);
            let between = rest.iter().take_while(|n| self.base(**n) > floor).count();
            let (texts, behind) = rest.split_at(between);
            self.between(texts, above, anchor, breaks, sinks);
            let ceiling = anchor.map_or(f64::INFINITY, |anchor| anchor - level);
            let here = behind.iter().take_while(|n| self.base(**n) >= ceiling).count();
            let (texts, behind) = behind.split_at(here);
            if let Some(anchor) = anchor {
                texts.iter().for_each(|text| self.set(*text, anchor));
            }
            (rest, above) = (behind, anchor);
        }
    }

    fn between(&mut self, texts: &[usize], above: Option<f64>, below: Option<f64>, breaks: &[f64], sinks: bool) {
        let bases: Vec<f64> = texts.iter().map(|n| self.base(*n)).collect();
        let cut = match (above, below) {
            (Some(above), Some(below)) => {
                let parted = breaks.get(breaks.partition_point(|base| *base >= above)).filter(|base| **base > below);
                match parted {
                    Some(base) => bases.iter().take_while(|b| *b > base).count(),
                    None => cut(above, &bases, below, sinks),
                }
            }
            (Some(above), None) => tight(above, bases.iter().copied(), self.size),
            (None, Some(below)) => bases.len() - tight(below, bases.iter().rev().copied(), self.size),
            (None, None) => 0,
        };
        let (upper, lower) = texts.split_at_checked(cut).unwrap_or_default();
        if let Some(row) = above {
            upper.iter().for_each(|text| self.set(*text, row));
        }
        if let Some(row) = below {
            lower.iter().for_each(|text| self.set(*text, row));
        }
    }

    /// Puts those that have no row yet together where no white goes through all columns.
    pub(super) fn by_white(&mut self) {
        let mut blocks: Vec<(f64, f64, Vec<usize>)> = Vec::new();
        for column in self.columns {
            let mut open: Option<(f64, f64, Vec<usize>)> = None;
            for n in column.iter().filter(|n| self.texts.get(**n).is_some_and(|text| text.row.is_nan())) {
                let base = self.base(*n);
                match open.as_mut().filter(|(_, foot, _)| *foot - base <= self.tight) {
                    Some((_, foot, texts)) => {
                        *foot = base;
                        texts.push(*n);
                    }
                    None => blocks.extend(open.replace((base, base, vec![*n]))),
                }
            }
            blocks.extend(open);
        }
        blocks.sort_by(|a, b| b.0.total_cmp(&a.0));
        let reach = 0.6 * self.size;
        let mut rest = blocks.as_slice();
        while let Some((head, foot, _)) = rest.first() {
            let mut foot = *foot;
            let mut len = 0;
            for block in rest {
                if block.0 + reach < foot {
                    break;
                }
                foot = foot.min(block.1);
                len += 1;
            }
            let (row, behind) = rest.split_at(len);
            let texts: Vec<usize> = row.iter().flat_map(|(_, _, texts)| texts.iter().copied()).collect();
            self.one_row(&texts, *head);
            rest = behind;
        }
    }

    /// Texts without white between are one row, unless two of a column are whole numbers or it would be
    /// too high: then each height is one.
    fn one_row(&mut self, texts: &[usize], head: f64) {
        let is_whole = |text: &usize| is_whole(self.words(*text));
        let mut whole: Vec<Option<usize>> =
            texts.iter().filter(|n| is_whole(n)).filter_map(|n| Some(self.texts.get(*n)?.column)).collect();
        let numbers = whole.len();
        whole.sort_unstable();
        whole.dedup();
        let foot = texts.iter().map(|text| self.base(*text)).fold(f64::INFINITY, f64::min);
        let are_several = whole.len() < numbers || head - foot > ROW_EM * self.size;
        let mut texts = texts.to_vec();
        texts.sort_by(|a, b| self.base(*b).total_cmp(&self.base(*a)));
        let mut row = head;
        for text in texts {
            let base = self.base(text);
            if are_several && row - base > 0.5 * self.size {
                row = base;
            }
            self.set(text, row);
        }
    }
}

/// How many of the lines between two rows belong to the upper one: the widest white parts them.
fn cut(above: f64, bases: &[f64], below: f64, sinks: bool) -> usize {
    let points: Vec<f64> = [above].into_iter().chain(bases.iter().copied()).chain([below]).collect();
    let gaps: Vec<f64> = points.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let widest = gaps.iter().copied().fold(0.0, f64::max) * 0.9;
    let cut =
        if sinks { gaps.iter().rposition(|gap| *gap >= widest) } else { gaps.iter().position(|gap| *gap >= widest) };
    cut.unwrap_or_default()
}

/// How many lines stand tightly behind each other from a row on.
fn tight(from: f64, bases: impl Iterator<Item = f64>, size: f64) -> usize {
    let mut last = from;
    bases.take_while(|base| (std::mem::replace(&mut last, *base) - base).abs() <= LEADING_MAX * size).count()
}

/// Whether a text is a whole number of a person, as far as its length tells.
fn is_whole(text: &str) -> bool {
    text.len() >= WHOLE_MIN && is_number(text)
}

/// Whether a text is a day as people write it.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let are_digits = parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    parts.len() == 3 && are_digits && text.len() >= 8
}
