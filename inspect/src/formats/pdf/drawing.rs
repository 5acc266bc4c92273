//! What a page draws: areas that may be the modules of a code, or numbers turned into outlines (ISO 32000-2, 8.5).
//!
//! Areas are handed to those who know codes (`raster`, `drawn`); here is only how a page says where they are.

use std::collections::HashMap;

use super::content::Matrix;
use super::lex::Object;
use super::outlines::Outlines;
use crate::formats::raster::{Point, Raster};

/// Chords of a curve: what is drawn for a module is about as round.
const CHORDS: u32 = 4;
/// Points of the path under way; a longer one draws more than a page of codes.
const PATH_MAX: usize = 1 << 19;
/// Points of a form that is drawn again and again, and forms of a file that are kept for that.
const SHAPE_MAX: usize = 256;
const SHAPES_MAX: usize = 4_096;

/// How areas and lines are painted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    fill: Ink,
    stroke: Ink,
    width: f64,
}

impl Default for Pen {
    fn default() -> Self {
        Self { fill: Ink::default(), stroke: Ink::default(), width: 1.0 }
    }
}

/// A colour, as far as it matters.
#[derive(Clone, Copy, Debug)]
struct Ink {
    is_dark: bool,
    /// One number is how much ink there is, and not how much light.
    is_tint: bool,
}

impl Default for Ink {
    fn default() -> Self {
        Self { is_dark: true, is_tint: false }
    }
}

impl Ink {
    /// A colour in a space that was named before, or a pattern.
    fn paint(&mut self, operands: &[Object]) {
        let numbers: Vec<f64> = operands.iter().filter_map(Object::number).collect();
        self.is_dark = match numbers.as_slice() {
            [one] if self.is_tint => *one >= 0.5,
            [one] => *one < 0.5,
            [r, g, b] => r + g + b < 1.5,
            [c, m, y, k] => is_dark_print(*c, *m, *y, *k),
            [] => true,
            inks => inks.iter().sum::<f64>() >= 0.5,
        };
    }
}

fn is_dark_print(c: f64, m: f64, y: f64, k: f64) -> bool {
    [c, m, y].iter().map(|ink| 1.0 - (ink + k).min(1.0)).sum::<f64>() < 1.5
}

/// The areas of a form, in the places of whatever shows it.
#[derive(Debug, Default)]
pub(super) struct Shape {
    areas: Vec<Area>,
    /// It has no colour of its own.
    is_plain: bool,
}

#[derive(Clone, Debug)]
struct Area {
    chains: Vec<Vec<Point>>,
    is_dark: bool,
    is_even_odd: bool,
}

/// Forms that were run, by their place.
pub(super) type Shapes = HashMap<usize, Shape>;

/// Where a form began.
pub(super) struct Begin {
    areas: usize,
    points: usize,
    colours: u32,
    matrix: Matrix,
}

#[derive(Default)]
pub(super) struct Drawing {
    pub(super) raster: Raster,
    pub(super) outlines: Outlines,
    /// The path under way, chain by chain, on the page.
    chains: Vec<Vec<Point>>,
    chain: Vec<Point>,
    /// Where the pen is, in the places of the content, and where the chain began.
    at: Point,
    first: Point,
    points: usize,
    /// Areas within forms, for when those are shown again, and how many points they have.
    areas: Vec<Area>,
    held: usize,
    forms: u32,
    colours: u32,
}

impl Drawing {
    /// Runs an operator of paths or colours.
    pub(super) fn operate(&mut self, operator: &[u8], operands: &[Object], matrix: Matrix, pen: &mut Pen) {
        let n = |at: usize| operands.get(at).and_then(Object::number).unwrap_or(0.0);
        match operator {
            b"m" => {
                self.end_chain();
                (self.at, self.first) = ([n(0), n(1)], [n(0), n(1)]);
            }
            b"l" => self.line([n(0), n(1)], matrix),
            b"c" => self.curve([n(0), n(1)], [n(2), n(3)], [n(4), n(5)], matrix),
            b"v" => self.curve(self.at, [n(0), n(1)], [n(2), n(3)], matrix),
            b"y" => self.curve([n(0), n(1)], [n(2), n(3)], [n(2), n(3)], matrix),
            b"h" => self.close(matrix),
            b"re" => {
                self.end_chain();
                let [x, y, width, height] = [n(0), n(1), n(2), n(3)];
                (self.at, self.first) = ([x, y], [x, y]);
                for corner in [[x + width, y], [x + width, y + height], [x, y + height]] {
                    self.line(corner, matrix);
                }
                self.close(matrix);
            }
            b"f" | b"F" | b"B" | b"b" => self.fill(pen.fill.is_dark, false),
            b"f*" | b"B*" | b"b*" => self.fill(pen.fill.is_dark, true),
            b"s" => {
                self.close(matrix);
                self.stroke(*pen, matrix);
            }
            b"S" => self.stroke(*pen, matrix),
            b"n" => self.end_path(),
            b"w" => pen.width = n(0),
            b"g" => self.colour(&mut pen.fill, n(0) < 0.5),
            b"G" => self.colour(&mut pen.stroke, n(0) < 0.5),
            b"rg" => self.colour(&mut pen.fill, n(0) + n(1) + n(2) < 1.5),
            b"RG" => self.colour(&mut pen.stroke, n(0) + n(1) + n(2) < 1.5),
            b"k" => self.colour(&mut pen.fill, is_dark_print(n(0), n(1), n(2), n(3))),
            b"K" => self.colour(&mut pen.stroke, is_dark_print(n(0), n(1), n(2), n(3))),
            b"sc" | b"scn" => {
                self.colours += 1;
                pen.fill.paint(operands);
            }
            b"SC" | b"SCN" => {
                self.colours += 1;
                pen.stroke.paint(operands);
            }
            _ => {}
        }
    }

    /// A space of colours is named, which begins with black; in some a number is how much ink there is.
    pub(super) fn space(&mut self, is_fill: bool, is_tint: bool, pen: &mut Pen) {
        self.colours += 1;
        *(if is_fill { &mut pen.fill } else { &mut pen.stroke }) = Ink { is_dark: true, is_tint };
    }

    fn colour(&mut self, ink: &mut Ink, is_dark: bool) {
        self.colours += 1;
        *ink = Ink { is_dark, is_tint: false };
    }

    fn line(&mut self, to: Point, matrix: Matrix) {
        if self.points >= PATH_MAX {
            self.raster.lacks();
            return;
        }
        if self.chain.is_empty() {
            self.push(self.at, matrix);
        }
        self.push(to, matrix);
        self.at = to;
    }

    fn push(&mut self, point: Point, matrix: Matrix) {
        self.points += 1;
        self.chain.push(placed(point, matrix));
    }

    fn curve(&mut self, a: Point, b: Point, to: Point, matrix: Matrix) {
        let from = self.at;
        for n in 1..=CHORDS {
            let t = f64::from(n) / f64::from(CHORDS);
            let s = 1.0 - t;
            let at =
                |n: usize| s * s * s * from[n] + 3.0 * s * s * t * a[n] + 3.0 * s * t * t * b[n] + t * t * t * to[n];
            self.line([at(0), at(1)], matrix);
        }
    }

    /// The chain ends where it began, and what follows goes on from there.
    fn close(&mut self, matrix: Matrix) {
        if !self.chain.is_empty() && self.at != self.first {
            self.line(self.first, matrix);
        }
        self.end_chain();
        self.at = self.first;
    }

    fn end_chain(&mut self) {
        if self.chain.len() > 1 {
            self.chains.push(std::mem::take(&mut self.chain));
        }
        self.chain.clear();
    }

    fn end_path(&mut self) {
        self.chain.clear();
        self.chains.clear();
        self.points = 0;
    }

    fn fill(&mut self, is_dark: bool, is_even_odd: bool) {
        self.end_chain();
        self.chains.iter().for_each(|chain| self.outlines.push(chain));
        let area = Area { chains: std::mem::take(&mut self.chains), is_dark, is_even_odd };
        self.area(&area);
        if self.forms > 0 && self.held + self.points <= PATH_MAX {
            self.held += self.points;
            self.areas.push(area);
        }
        self.end_path();
    }

    fn area(&mut self, area: &Area) {
        for chain in &area.chains {
            // Rows stand below each other, as they do in a picture.
            self.raster.chain(chain.iter().map(|[x, y]| [*x, -y]));
        }
        self.raster.paint(area.is_dark, area.is_even_odd);
    }

    /// Lines as wide as modules draw them as well: those along the sides of the page.
    fn stroke(&mut self, pen: Pen, matrix: Matrix) {
        self.end_chain();
        let width = pen.width * (matrix[0] * matrix[3] - matrix[1] * matrix[2]).abs().sqrt();
        let is_straight = |[a, b]: &[Point; 2]| (a[0] == b[0]) != (a[1] == b[1]);
        for chain in std::mem::take(&mut self.chains) {
            for [a, b] in chain.array_windows::<2>().filter(|line| is_straight(line)) {
                let half = if a[0] == b[0] { [width / 2.0, 0.0] } else { [0.0, width / 2.0] };
                let corner = |p: &Point, by: f64| [p[0] + by * half[0], p[1] + by * half[1]];
                let chains = vec![vec![corner(a, -1.0), corner(b, -1.0), corner(b, 1.0), corner(a, 1.0)]];
                self.area(&Area { chains, is_dark: pen.stroke.is_dark, is_even_odd: false });
            }
        }
        self.end_path();
    }

    /// A form begins to be run.
    pub(super) fn begin_form(&mut self, matrix: Matrix) -> Begin {
        self.forms += 1;
        Begin { areas: self.areas.len(), points: self.held, colours: self.colours, matrix }
    }

    /// It ends, and is kept in case it is shown again.
    pub(super) fn end_form(&mut self, begin: &Begin, at: usize, shapes: &mut Shapes) {
        self.forms -= 1;
        let own = self.areas.get(begin.areas..).unwrap_or_default();
        if let Some(back) = inverse(begin.matrix)
            && !own.is_empty()
            && self.held - begin.points <= SHAPE_MAX
            && shapes.len() < SHAPES_MAX
        {
            let areas = own.iter().map(|area| area.moved(back)).collect();
            shapes.insert(at, Shape { areas, is_plain: self.colours == begin.colours });
        }
        if self.forms == 0 {
            self.areas.clear();
            self.held = 0;
        }
    }

    /// A form is shown once more.
    pub(super) fn show(&mut self, shape: &Shape, matrix: Matrix, pen: Pen) {
        if self.raster.is_full() {
            return;
        }
        for area in &shape.areas {
            let is_dark = if shape.is_plain { pen.fill.is_dark } else { area.is_dark };
            self.area(&Area { is_dark, ..area.moved(matrix) });
        }
    }
}

impl Area {
    fn moved(&self, matrix: Matrix) -> Self {
        let moved = |chain: &Vec<Point>| chain.iter().map(|point| placed(*point, matrix)).collect();
        Self { chains: self.chains.iter().map(moved).collect(), ..*self }
    }
}

fn placed([x, y]: Point, [a, b, c, d, e, f]: Matrix) -> Point {
    [a * x + c * y + e, b * x + d * y + f]
}

/// The matrix that undoes one, if there is one.
fn inverse([a, b, c, d, e, f]: Matrix) -> Option<Matrix> {
    let size = a * d - b * c;
    let [a, b, c, d] = [d / size, -b / size, -c / size, a / size];
    let back = [a, b, c, d, -(a * e + c * f), -(b * e + d * f)];
    back.iter().all(|n| n.is_finite()).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::super::content::times;
    use super::*;

    #[test]
    fn what_is_undone_is_where_it_was() {
        let matrix = [2.0, 1.0, -1.0, 3.0, 5.0, 7.0];
        assert_eq!(inverse([0.0; 6]), None);
        assert_eq!(times(matrix, inverse(matrix).expect("a size")).map(f64::round), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }
}
