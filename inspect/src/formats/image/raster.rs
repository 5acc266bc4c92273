//! Areas of a drawing, laid on a grid as fine as the modules of a code may be.
//!
//! How fine that is, the areas say themselves: most of those of a code begin a module after another or are one wide. What
//! else is drawn, frames and letters, does not change that. A cell has the colour that is painted last over its middle.

use super::drawn;

/// A place in a drawing.
pub(crate) type Point = [f64; 2];

/// Points of all areas of a drawing, and how many rows their edges cross.
const POINTS_MAX: usize = 1 << 19;
const CROSSINGS_MAX: usize = 1 << 22;
/// Cells painted: large areas over each other.
const PAINTED_MAX: usize = 1 << 26;

/// Areas painted at once.
struct Area {
    is_dark: bool,
    is_even_odd: bool,
    /// Where its chains end.
    chains: usize,
}

#[derive(Default)]
pub(crate) struct Raster {
    points: Vec<[f32; 2]>,
    /// Where each chain of points ends.
    chains: Vec<usize>,
    areas: Vec<Area>,
    /// Points that were kept or not, and chains.
    taken: usize,
    are_too_many: bool,
}

/// Where a grid begins and how far its lines are from each other, in one direction.
#[derive(Clone, Copy, Debug)]
struct Lines {
    from: f64,
    apart: f64,
}

impl Raster {
    /// Takes a chain of points around a part of an area; `paint` ends the area.
    pub(crate) fn chain(&mut self, chain: impl IntoIterator<Item = Point>) {
        if self.are_too_many {
            return;
        }
        let from = self.points.len();
        let points = chain.into_iter().map(|[x, y]| [x as f32, y as f32]);
        self.points.extend(points.take(POINTS_MAX));
        // What is not kept is work as well.
        self.taken += self.points.len() - from + 1;
        if self.taken > POINTS_MAX {
            self.are_too_many = true;
            self.points.truncate(from);
        }
        // What is nowhere is not drawn, nor is a point: chains are as bounded as points are.
        let is_somewhere = |point: &[f32; 2]| point.iter().all(|n| n.abs() < 1e9);
        if self.points.get(from..).is_some_and(|chain| chain.len() > 1 && chain.iter().all(is_somewhere)) {
            self.chains.push(self.points.len());
        } else {
            self.points.truncate(from);
        }
    }

    /// More is drawn than was taken.
    pub(crate) const fn lacks(&mut self) {
        self.are_too_many = true;
    }

    /// Whether there is nothing to look at.
    pub(crate) const fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Whether no more is taken.
    pub(crate) const fn is_full(&self) -> bool {
        self.are_too_many
    }

    pub(crate) fn paint(&mut self, is_dark: bool, is_even_odd: bool) {
        if self.chains.len() > self.areas.last().map_or(0, |area| area.chains) {
            self.areas.push(Area { is_dark, is_even_odd, chains: self.chains.len() });
        }
    }

    /// Shows `look` the grids that the areas may lie on until it finds a code there; false when there was too much to
    /// look at all.
    pub(crate) fn look(&self, mut look: impl FnMut(&[Vec<bool>]) -> bool) -> bool {
        // A code has some hundred edges of modules at least.
        const POINTS_MIN: usize = 256;
        if self.points.len() < POINTS_MIN || [0, 1].iter().any(|at| !self.has_lines(*at)) {
            return !self.are_too_many;
        }
        let boxes = self.boxes();
        let mut is_whole = !self.are_too_many;
        let mut seen: Vec<[Lines; 2]> = Vec::new();
        for lines in self.lines(&boxes) {
            let is_seen =
                |old: &[Lines; 2]| old.iter().zip(&lines).all(|(a, b)| (a.apart - b.apart).abs() < 0.01 * b.apart);
            if seen.iter().any(is_seen) {
                continue;
            }
            seen.push(lines);
            match self.grid(&boxes, lines) {
                Some(rows) if look(&inked(&rows)) => return is_whole,
                Some(_) => {}
                None => is_whole = false,
            }
        }
        is_whole
    }

    fn chained(&self) -> impl Iterator<Item = &[[f32; 2]]> {
        let mut from = 0;
        self.chains.iter().map(move |end| self.points.get(std::mem::replace(&mut from, *end)..*end).unwrap_or_default())
    }

    /// Least and greatest numbers of each chain, in both directions.
    fn boxes(&self) -> Vec<[[f64; 2]; 2]> {
        let span = |chain: &[[f32; 2]], at: usize| {
            let least = chain.iter().map(|p| p[at]).fold(f32::MAX, f32::min);
            [least.into(), chain.iter().map(|p| p[at]).fold(f32::MIN, f32::max).into()]
        };
        self.chained().map(|chain| [0, 1].map(|at| span(chain, at))).collect()
    }

    /// Whether areas begin and end at as many places in one direction as a code has lines at least: twelve of its
    /// finders, and those between the modules that alternate from one finder to the next. Few pages of text have.
    fn has_lines(&self, at: usize) -> bool {
        const LINES_MIN: usize = 16;
        let mut places: Vec<f32> = self.points.iter().map(|point| point[at]).collect();
        places.sort_unstable_by(f32::total_cmp);
        places.dedup();
        places.len() >= LINES_MIN
    }

    /// Grids there may be, the likeliest first.
    fn lines(&self, boxes: &[[[f64; 2]; 2]]) -> Vec<[Lines; 2]> {
        let both = |of: &dyn Fn(usize) -> Option<Lines>| Some([of(0)?, of(1)?]);
        let begins = |at: usize| boxes.iter().map(|one| one[at][0]).collect::<Vec<_>>();
        let corners = |at: usize| self.points.iter().map(|point| point[at].into()).collect::<Vec<f64>>();
        let mut all: Vec<[Lines; 2]> =
            [both(&|at| steps(begins(at))), both(&|at| steps(corners(at)))].into_iter().flatten().collect();
        // Or as the sizes of the areas say: the commonest, and the least.
        let sizes: Vec<f64> = boxes.iter().flatten().map(|[from, to]| to - from).filter(|n| *n > 0.0).collect();
        let first = |at: usize| boxes.iter().map(|one| one[at][0]).fold(f64::MAX, f64::min);
        for apart in [commonest(sizes.clone()).map(|(size, _)| size), sizes.iter().copied().reduce(f64::min)] {
            all.extend(apart.map(|apart| [0, 1].map(|at| Lines { from: first(at), apart })));
        }
        all
    }

    /// What is painted over the middle of each cell, as far as cells are near most of the areas.
    fn grid(&self, boxes: &[[[f64; 2]; 2]], lines: [Lines; 2]) -> Option<Vec<Vec<bool>>> {
        let [(left, width), (top, height)] = [0, 1].map(|at| extent(boxes.iter().map(|one| one[at]), lines[at]));
        let mut rows = vec![vec![false; width]; height];
        let (mut chains, mut from, mut painted, mut crossed) = (self.chained(), 0, 0, 0);
        let mut edges: Vec<(usize, f64, i32)> = Vec::new();
        for area in &self.areas {
            edges.clear();
            for chain in chains.by_ref().take(area.chains - from) {
                for (n, a) in chain.iter().enumerate() {
                    let b = chain.get(n + 1).or_else(|| chain.first()).unwrap_or(a);
                    cross(*a, *b, [left, top], lines, height, &mut edges);
                    if crossed + edges.len() > CROSSINGS_MAX {
                        return None;
                    }
                }
            }
            (from, crossed) = (area.chains, crossed + edges.len());
            edges.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut wound = 0;
            for pair in edges.windows(2) {
                let [(row, x, turn), (next, to, _)] = pair else { continue };
                wound += turn;
                if row != next {
                    wound = 0;
                    continue;
                }
                let is_within = if area.is_even_odd { wound % 2 != 0 } else { wound != 0 };
                // Cells whose middle is between.
                let [x, to] = [*x, *to].map(|x| (x - 0.5).ceil().clamp(0.0, width as f64) as usize);
                if let Some(cells) = rows.get_mut(*row).and_then(|row| row.get_mut(x..to)).filter(|_| is_within) {
                    painted += cells.len();
                    if painted > PAINTED_MAX {
                        return None;
                    }
                    cells.fill(area.is_dark);
                }
            }
        }
        Some(rows)
    }
}

/// The part of a grid in which anything is dark: a ground may be as large as it likes.
fn inked(rows: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let has_ink = |row: &Vec<bool>| row.contains(&true);
    let (first, last) = (rows.iter().position(has_ink), rows.iter().rposition(has_ink));
    let rows = rows.get(first.unwrap_or(0)..last.map_or(0, |last| last + 1)).unwrap_or_default();
    let left = rows.iter().filter_map(|row| row.iter().position(|ink| *ink)).min().unwrap_or(0);
    let right = rows.iter().filter_map(|row| row.iter().rposition(|ink| *ink)).max().unwrap_or(0);
    rows.iter().map(|row| row.get(left..=right).unwrap_or_default().to_vec()).collect()
}

/// Where an edge crosses the middles of rows: the row, where in it, and in which direction.
fn cross(
    a: [f32; 2],
    b: [f32; 2],
    begin: [f64; 2],
    lines: [Lines; 2],
    height: usize,
    edges: &mut Vec<(usize, f64, i32)>,
) {
    let place = |point: [f32; 2], at: usize| (f64::from(point[at]) - begin[at]) / lines[at].apart;
    let ([ax, ay], [bx, by]) = ([place(a, 0), place(a, 1)], [place(b, 0), place(b, 1)]);
    let [first, end] = [ay.min(by), ay.max(by)].map(|y| (y - 0.5).ceil().clamp(0.0, height as f64) as usize);
    for row in first..end {
        let part = (row as f64 + 0.5 - ay) / (by - ay);
        edges.push((row, ax + part * (bx - ax), if ay < by { 1 } else { -1 }));
    }
}

/// Where the grid begins near most of the areas, and how many cells it has.
fn extent(spans: impl Iterator<Item = [f64; 2]>, lines: Lines) -> (f64, usize) {
    const HALF: f64 = drawn::SIDE_MAX as f64 / 2.0;
    let place = |n: f64| ((n - lines.from) / lines.apart).round();
    let mut cells: Vec<[f64; 2]> = spans.map(|span| span.map(place)).collect();
    let middle = cells.len() / 2;
    let (_, &mut [median, _], _) = cells.select_nth_unstable_by(middle, |a, b| a[0].total_cmp(&b[0]));
    let near = || cells.iter().filter(|span| (span[0] - median).abs() < HALF);
    let first = near().map(|span| span[0]).fold(f64::MAX, f64::min);
    let last = near().map(|span| span[1]).fold(first + 1.0, f64::max);
    (lines.from + first * lines.apart, (last - first).min(drawn::SIDE_MAX as f64) as usize)
}

/// The commonest step between different numbers.
fn steps(mut numbers: Vec<f64>) -> Option<Lines> {
    numbers.sort_by(f64::total_cmp);
    let (least, greatest) = (*numbers.first()?, *numbers.last()?);
    // Closer than these are the same, but for how they are written.
    let same = (greatest - least) / 1e5;
    numbers.dedup_by(|b, a| *b - *a <= same);
    let steps = numbers.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
    let (apart, n) = commonest(steps)?;
    let from =
        *numbers.windows(2).filter(|pair| matches!(pair, [a, b] if is_same(b - a, apart))).nth(n / 2)?.first()?;
    Some(Lines { from, apart })
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 0.01 * b
}

/// The commonest of numbers and how often it is there.
fn commonest(mut numbers: Vec<f64>) -> Option<(f64, usize)> {
    numbers.sort_by(f64::total_cmp);
    let mut best: Option<(f64, usize)> = None;
    let mut rest = numbers.as_slice();
    while let Some(first) = rest.first() {
        let len = rest.iter().take_while(|n| is_same(**n, *first)).count().max(1);
        if best.is_none_or(|(_, most)| len > most) {
            best = rest.get(len / 2).map(|middle| (*middle, len));
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    best
}
