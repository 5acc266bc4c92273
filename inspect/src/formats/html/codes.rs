//! Codes drawn by areas: paths and rectangles of a drawing, coloured cells of a table.
//!
//! Areas are gathered and laid on a grid (`image/raster.rs`); whether they draw a code, and which, is asked of `drawn`.

mod paint;
mod path;

use std::collections::HashMap;

use chot_model::OpaqueReason;

use crate::formats::drawn;
use crate::formats::raster::{Point, Raster};
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;
use paint::{Colour, Paint, Rules, number};

/// Codes of a page; each costs what a small picture does.
const CODES_MAX: u32 = 32;
/// Points of the areas that a page says how to paint once and shows again (`use`), and bytes of what each is called.
const MODELS_MAX: usize = 1 << 17;
const ID_MAX: usize = 256;
/// Elements within each other.
const DEPTH_MAX: usize = 64;

/// How places within an element become those of the drawing: x is `[0]·x + [2]·y + [4]`.
type Matrix = [f64; 6];

/// An element that others stand in.
struct Group {
    name: Vec<u8>,
    paint: Paint,
    matrix: Matrix,
    /// Nothing within is shown but where it is used.
    is_model: bool,
    id: Option<String>,
}

/// An area as it is shown where it is used, and its own paint.
struct Model {
    chain: Vec<Point>,
    paint: Paint,
}

#[derive(Default)]
pub(super) struct Codes {
    drawing: Raster,
    groups: Vec<Group>,
    /// Elements that are open beyond the depth that is followed.
    deeper: u32,
    models: HashMap<String, Vec<Model>>,
    /// Points of all of them.
    modelled: usize,
    rules: Rules,
    /// Rows of the cells of a table: whether each is dark, and whether it has the class.
    rows: Vec<Vec<[bool; 2]>>,
    /// The class of its first cell, where only classes tell them apart.
    class: Option<String>,
    codes: u32,
}

impl Codes {
    /// A part of a sheet.
    pub(super) fn sheet(&mut self, bytes: &[u8]) {
        self.rules.read(bytes);
    }

    /// An element begins, its name in lower case.
    pub(super) fn open(&mut self, tag: &Tag<'_>, name: &[u8], place: &Place, inquiry: &mut Inquiry) {
        match name {
            b"table" => self.end_table(place, inquiry),
            b"tr" => self.row(place, inquiry),
            b"td" | b"th" => self.cell(tag),
            b"svg" => self.group(tag, name),
            _ if self.groups.is_empty() => {}
            b"g" | b"a" | b"defs" | b"symbol" | b"clippath" | b"mask" | b"pattern" | b"marker" => self.group(tag, name),
            b"use" => self.used(tag),
            _ => self.area(tag, name),
        }
    }

    /// An element ends, its name in lower case.
    pub(super) fn close(&mut self, name: &[u8], place: &Place, inquiry: &mut Inquiry) {
        match name {
            b"table" => self.end_table(place, inquiry),
            b"svg" | b"g" | b"a" | b"defs" | b"symbol" | b"clippath" | b"mask" | b"pattern" | b"marker" => {
                if let (Some(less), true) = (self.deeper.checked_sub(1), self.groups.len() >= DEPTH_MAX) {
                    self.deeper = less;
                } else if let Some(at) = self.groups.iter().rposition(|group| group.name == name) {
                    self.groups.truncate(at);
                }
                if name == b"svg" {
                    self.end_drawing(place, inquiry);
                }
            }
            _ => {}
        }
    }

    fn row(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.rows.len() >= drawn::SIDE_MAX {
            self.read_rows(place, inquiry);
            // A code may stand on the border.
            self.rows.drain(..drawn::SIDE_MAX / 2);
        }
        self.rows.push(Vec::new());
    }

    fn cell(&mut self, tag: &Tag<'_>) {
        let Some(row) = self.rows.last_mut() else { return };
        let (mut ink, mut columns) = ([false; 2], 1);
        if tag.has_attributes() {
            columns = tag.string(b"colspan").and_then(|n| n.trim().parse().ok()).unwrap_or(1usize);
            let style = tag.string(b"style").and_then(|style| ground(&style));
            let said = style.or_else(|| tag.string(b"bgcolor").and_then(|said| paint::colour(&said)));
            // Which of two classes is dark is seen by the code.
            let class = tag.string(b"class").filter(|_| said.is_none());
            let has_class = class.is_some_and(|class| *self.class.get_or_insert_with(|| class.clone()) == class);
            ink = [said == Some(Colour::Dark), has_class];
        }
        // Further to the right stands no code.
        row.extend((0..columns.min(drawn::SIDE_MAX.saturating_sub(row.len()))).map(|_| ink));
    }

    /// The innermost group, as an element within it begins.
    fn within(&self, tag: &Tag<'_>) -> (Paint, Matrix, bool) {
        let (paint, matrix, is_model) = self
            .groups
            .last()
            .map_or_else(|| (Paint::default(), UNMOVED, false), |group| (group.paint, group.matrix, group.is_model));
        let moved = tag.string(b"transform").map_or(matrix, |transform| moved(matrix, &transform));
        (paint.within(tag, &self.rules), moved, is_model)
    }

    fn group(&mut self, tag: &Tag<'_>, name: &[u8]) {
        if self.groups.len() >= DEPTH_MAX {
            self.deeper += 1;
            return;
        }
        let (paint, matrix, is_model) = self.within(tag);
        let is_model = is_model || !matches!(name, b"svg" | b"g" | b"a");
        self.groups.push(Group {
            name: name.to_vec(),
            paint,
            matrix,
            is_model,
            id: tag.string(b"id").filter(|id| id.len() <= ID_MAX),
        });
    }

    fn area(&mut self, tag: &Tag<'_>, name: &[u8]) {
        let mut chains = Vec::new();
        if !outline(tag, name, &mut chains) {
            return;
        }
        let (paint, matrix, is_model) = self.within(tag);
        let id = tag.string(b"id");
        let outer =
            self.groups.iter().filter(|group| group.is_model || is_model).filter_map(|group| group.id.as_deref());
        let ids: Vec<&str> = outer.chain(id.as_deref()).collect();
        for id in ids.into_iter().filter(|id| id.len() <= ID_MAX && paint.fill != Colour::Clear) {
            for chain in &chains {
                // What has no points costs something, too.
                self.modelled += chain.len() + 1;
                if self.modelled > MODELS_MAX {
                    break;
                }
                self.models.entry(id.to_owned()).or_default().push(Model { chain: chain.clone(), paint });
            }
        }
        if is_model {
            return;
        }
        let areas = chains.iter().filter(|chain| chain.len() > 2 && paint.fill != Colour::Clear && name != b"line");
        let has_area = areas.clone().next().is_some();
        if has_area {
            areas.for_each(|chain| self.drawing.chain(chain.iter().map(|p| at(matrix, *p))));
            self.drawing.paint(paint.fill == Colour::Dark, paint.is_even_odd);
        } else if paint.stroke != Colour::Clear {
            // Around an area it changes nothing of what is seen in its middle.
            let lines = chains.iter().flat_map(|chain| chain.windows(2));
            lines.for_each(|line| self.drawing.chain(stroke(line, paint.width).map(|p| at(matrix, p))));
            self.drawing.paint(paint.stroke == Colour::Dark, false);
        }
    }

    fn used(&mut self, tag: &Tag<'_>) {
        if self.modelled > MODELS_MAX {
            self.drawing.lacks();
        }
        let Some(models) = tag.string(b"href").and_then(|href| self.models.get(href.trim().strip_prefix('#')?)) else {
            return;
        };
        let (paint, matrix, is_model) = self.within(tag);
        let place = |name: &[u8]| tag.string(name).and_then(|n| number(&n)).unwrap_or(0.0);
        let matrix = joined(matrix, [1.0, 0.0, 0.0, 1.0, place(b"x"), place(b"y")]);
        if is_model {
            return;
        }
        for model in models {
            if self.drawing.is_full() {
                return;
            }
            self.drawing.chain(model.chain.iter().map(|p| at(matrix, *p)));
            // An element that says nothing of its own is painted as where it is used.
            let own = if model.paint == Paint::default() { paint } else { model.paint };
            self.drawing.paint(own.fill == Colour::Dark, own.is_even_odd);
        }
    }

    /// A table ends.
    pub(super) fn end_table(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.read_rows(place, inquiry);
        self.rows.clear();
        self.class = None;
    }

    fn read_rows(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.rows.len() < drawn::SIDE_MIN {
            return;
        }
        // Classes tell cells apart where colours do not.
        for way in [0, 1] {
            if self.rows.iter().flatten().any(|cell| cell[way]) {
                let rows: Vec<Vec<bool>> =
                    self.rows.iter().map(|row| row.iter().map(|cell| cell[way]).collect()).collect();
                self.read(&rows, place, inquiry);
                return;
            }
        }
    }

    /// A drawing ends.
    pub(super) fn end_drawing(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let drawing = std::mem::take(&mut self.drawing);
        if !drawing.look(|rows| self.read(rows, place, inquiry)) {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
        }
    }

    /// Whether there was a code.
    fn read(&mut self, rows: &[Vec<bool>], place: &Place, inquiry: &mut Inquiry) -> bool {
        if self.codes >= CODES_MAX {
            return false;
        }
        let is_code = drawn::read(rows, place, inquiry);
        self.codes += u32::from(is_code);
        if self.codes == CODES_MAX {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
        }
        is_code
    }
}

/// The chains of points around an element; false for one that is no area.
fn outline(tag: &Tag<'_>, name: &[u8], chains: &mut Vec<Vec<Point>>) -> bool {
    let named = |name: &[u8]| tag.string(name).and_then(|n| number(&n));
    let place = |name: &[u8]| named(name).unwrap_or(0.0);
    match name {
        b"rect" => {
            let side = |name: &[u8]| {
                // A share of a drawing whose size is not known: larger than that.
                const ALL: f64 = 1e6;
                let is_share = tag.string(name).is_some_and(|n| n.trim_end().ends_with('%'));
                if is_share { Some(ALL) } else { named(name).filter(|n| *n > 0.0) }
            };
            let ([x, y], Some(width), Some(height)) = ([place(b"x"), place(b"y")], side(b"width"), side(b"height"))
            else {
                return false;
            };
            chains.push(vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]]);
        }
        b"circle" | b"ellipse" => {
            const CORNERS: u32 = 8;
            let radius = |name: &[u8]| named(name).or_else(|| named(b"r")).unwrap_or(0.0);
            let ([x, y], [rx, ry]) = ([place(b"cx"), place(b"cy")], [radius(b"rx"), radius(b"ry")]);
            let corner = |n: u32| f64::from(n) * std::f64::consts::TAU / f64::from(CORNERS);
            chains.push((0..CORNERS).map(|n| [x + rx * corner(n).cos(), y + ry * corner(n).sin()]).collect());
        }
        b"line" => chains.push(vec![[place(b"x1"), place(b"y1")], [place(b"x2"), place(b"y2")]]),
        b"polygon" | b"polyline" => {
            let points = tag.string(b"points").unwrap_or_default();
            chains.push(path::numbers(&points).as_chunks().0.to_vec());
        }
        b"path" => {
            let data = tag.string(b"d").unwrap_or_default();
            path::chains(&data, &mut |chain| chains.push(chain.to_vec()));
        }
        _ => return false,
    }
    true
}

/// The area of a line that is so wide.
fn stroke(line: &[Point], width: f64) -> [Point; 4] {
    let [[ax, ay], [bx, by]] = *line else { return [[f64::NAN; 2]; 4] };
    let half = width / 2.0 / (bx - ax).hypot(by - ay);
    let (dx, dy) = ((by - ay) * half, (bx - ax) * half);
    [[ax + dx, ay - dy], [bx + dx, by - dy], [bx - dx, by + dy], [ax - dx, ay + dy]]
}

/// The colour of the ground of a cell, if its style names one.
fn ground(style: &str) -> Option<Colour> {
    let mut declared = style.rsplit(';').filter_map(|one| one.split_once(':'));
    let of = |(name, value): (&str, &str)| {
        let is_ground = ["background", "background-color"].iter().any(|own| name.trim().eq_ignore_ascii_case(own));
        let words = || value.split_whitespace().find_map(paint::colour);
        if is_ground { paint::colour(value).filter(|_| value.contains('(')).or_else(words) } else { None }
    };
    declared.find_map(of)
}

const UNMOVED: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn at([a, b, c, d, e, f]: Matrix, [x, y]: Point) -> Point {
    [a * x + c * y + e, b * x + d * y + f]
}

/// What is moved by one and then by the other around it.
fn joined(outer: Matrix, [a, b, c, d, e, f]: Matrix) -> Matrix {
    let part = |x: f64, y: f64| [outer[0] * x + outer[2] * y, outer[1] * x + outer[3] * y];
    let ([a, b], [c, d], [e, f]) = (part(a, b), part(c, d), at(outer, [e, f]));
    [a, b, c, d, e, f]
}

/// A matrix within which something is moved, turned or scaled.
fn moved(matrix: Matrix, transform: &str) -> Matrix {
    let one = |matrix: Matrix, (name, numbers): (&str, &str)| {
        let numbers = path::numbers(numbers);
        let inner = match (name.trim_matches([' ', ',', '\n', '\t']), numbers.as_slice()) {
            ("translate", [x]) => [1.0, 0.0, 0.0, 1.0, *x, 0.0],
            ("translate", [x, y]) => [1.0, 0.0, 0.0, 1.0, *x, *y],
            ("scale", [n]) => [*n, 0.0, 0.0, *n, 0.0, 0.0],
            ("scale", [x, y]) => [*x, 0.0, 0.0, *y, 0.0, 0.0],
            ("rotate", [angle, centre @ ..]) => {
                let (sin, cos) = angle.to_radians().sin_cos();
                let [x, y] = centre.first_chunk().copied().unwrap_or_default();
                [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y]
            }
            ("matrix", [a, b, c, d, e, f]) => [*a, *b, *c, *d, *e, *f],
            _ => UNMOVED,
        };
        joined(matrix, inner)
    };
    transform.split(')').filter_map(|one| one.split_once('(')).fold(matrix, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_is_where_it_is_seen() {
        for (transform, place) in [
            ("", [1.0, 2.0]),
            ("translate(4,4.5)", [5.0, 6.5]),
            ("translate(4) scale(2 -1)", [6.0, -2.0]),
            ("scale(2),translate(1 1)", [4.0, 6.0]),
            ("rotate(90)", [-2.0, 1.0]),
            ("rotate(180 1 1)", [1.0, 0.0]),
            ("matrix(0 1 1 0 3 4)", [5.0, 5.0]),
        ] {
            let [x, y] = at(moved(UNMOVED, transform), [1.0, 2.0]);
            assert!((x - place[0]).abs() + (y - place[1]).abs() < 1e-9, "{transform}: {x} {y}");
        }
    }
}
