//! Straight lines in a picture, and the four-sided shapes they enclose: sheets and cards on a table.
//!
//! A line is told by the slopes of shade along it, which point to the same side: the border of something light on
//! something dark, or the other way round. What lies within a shape is not looked at here.

use std::f32::consts::PI;
use std::ops::Range;

use super::gray::Gray;

/// Four corners, clockwise or not, each beside the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quad([(f32, f32); 4]);

/// Directions told apart, half around: what is lighter on one side of a line may be darker further along it, where
/// something else lies beneath.
const DIRECTIONS: usize = 90;
/// Distances told apart are this many pixels wide.
const STEP: f32 = 2.0;
/// Lines looked at.
const LINES_MAX: usize = 60;
/// Shapes whose sides are looked at.
const TRIES_MAX: usize = 40_000;
/// Shapes told.
const QUADS_MAX: usize = 8;
/// Share of the picture that a shape covers at least.
const AREA_MIN: f32 = 0.02;
/// Sides that face each other, and sides that meet: how far they may be from parallel and from square.
const PARALLEL: f32 = 0.21;
const SQUARE: f32 = 0.30;
/// Share of a side that lies on slopes.
const SIDE_MIN: f32 = 0.40;
const SIDES_MIN: f32 = 0.62;

impl Quad {
    /// By its corners, one behind another around it.
    pub(super) const fn new(corners: [(f32, f32); 4]) -> Self {
        Self(corners)
    }

    /// A whole picture.
    pub(super) const fn of(width: f32, height: f32) -> Self {
        Self([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)])
    }

    pub(super) fn scaled(&self, by: f32) -> Self {
        Self(self.0.map(|(x, y)| (x * by, y * by)))
    }

    /// Mean lengths of the two pairs of sides that face each other.
    fn sides(&self) -> (f32, f32) {
        let [a, b, c, d] = self.0;
        ((apart(a, b) + apart(c, d)) / 2.0, (apart(b, c) + apart(d, a)) / 2.0)
    }

    /// The longer side by the shorter.
    pub(super) fn aspect(&self) -> f32 {
        let (one, other) = self.sides();
        one.max(other) / one.min(other).max(1.0)
    }

    /// Whether its sides are those of the picture, as far as lines are told apart.
    pub(super) fn is_level(&self) -> bool {
        const LEVEL: f32 = 0.02;
        let [a, b, c, d] = self.0;
        [(a, b), (b, c), (c, d), (d, a)].into_iter().all(|(from, to)| {
            let (x, y) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
            x.min(y) <= LEVEL * x.max(y)
        })
    }

    /// The corners in such an order that a long side comes first, and clockwise.
    pub(super) fn lying(&self) -> Self {
        let [a, b, c, d] = self.0;
        let [a, b, c, d] = if self.area() >= 0.0 { [a, b, c, d] } else { [a, d, c, b] };
        let (one, other) = Self([a, b, c, d]).sides();
        Self(if one >= other { [a, b, c, d] } else { [b, c, d, a] })
    }

    /// Twice the half: positive when the corners go round clockwise on a screen.
    pub(super) fn area(&self) -> f32 {
        let [a, b, c, d] = self.0;
        ((c.0 - a.0) * (d.1 - b.1) - (d.0 - b.0) * (c.1 - a.1)) / 2.0
    }

    /// The point at these shares of the way along the first side and down from it, as seen by a lens: straight lines
    /// stay straight (Heckbert, Fundamentals of Texture Mapping, 2.2.3).
    pub(super) fn at(&self, u: f32, v: f32) -> (f32, f32) {
        let [a, b, c, d] = self.0;
        let (sx, sy) = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
        let (dx1, dy1, dx2, dy2) = (b.0 - c.0, b.1 - c.1, d.0 - c.0, d.1 - c.1);
        let whole = dx1 * dy2 - dx2 * dy1;
        let (g, h) = if whole.abs() < 1e-3 {
            (0.0, 0.0)
        } else {
            ((sx * dy2 - dx2 * sy) / whole, (dx1 * sy - sx * dy1) / whole)
        };
        let by = (g * u + h * v + 1.0).max(1e-3);
        let x = (b.0 - a.0 + g * b.0) * u + (d.0 - a.0 + h * d.0) * v + a.0;
        let y = (b.1 - a.1 + g * b.1) * u + (d.1 - a.1 + h * d.1) * v + a.1;
        (x / by, y / by)
    }

    /// The same around its middle, so much larger.
    pub(super) fn wider(&self, by: f32) -> Self {
        let (x, y) = self.middle();
        Self(self.0.map(|corner| (x + (corner.0 - x) * by, y + (corner.1 - y) * by)))
    }

    /// From where to where it lies on a row.
    pub(super) fn across(&self, y: f32) -> Range<f32> {
        let [a, b, c, d] = self.0;
        let mut within = f32::MAX..f32::MIN;
        for (from, to) in [(a, b), (b, c), (c, d), (d, a)] {
            if (from.1 <= y) != (to.1 <= y) {
                let x = from.0 + (to.0 - from.0) * (y - from.1) / (to.1 - from.1);
                within = within.start.min(x)..within.end.max(x);
            }
        }
        within
    }

    fn middle(&self) -> (f32, f32) {
        let (x, y) = self.0.iter().fold((0.0, 0.0), |(x, y), corner| (x + corner.0, y + corner.1));
        (x / 4.0, y / 4.0)
    }

    /// Whether the middle of one lies within the other.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let holds = |one: &Self, (x, y): (f32, f32)| one.across(y).contains(&x);
        holds(self, other.middle()) || holds(other, self.middle())
    }

    /// Whether the two are about the same.
    fn is_near(&self, other: &Self) -> bool {
        let (one, two) = (self.area().abs().sqrt(), other.area().abs().sqrt());
        apart(self.middle(), other.middle()) < one.min(two) * 0.25
    }
}

fn apart(a: (f32, f32), b: (f32, f32)) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// How steep each pixel is, and towards where its shade rises, in [`DIRECTIONS`]; `None` where it is flat.
struct Slopes {
    width: usize,
    height: usize,
    towards: Vec<Option<u8>>,
}

impl Slopes {
    fn of(gray: &Gray) -> Self {
        let (width, height) = (gray.width(), gray.height());
        let mut slopes = vec![(0i32, 0i32); width * height];
        let rows: Vec<&[u8]> = gray.pixels().chunks_exact(width.max(1)).collect();
        for (y, three) in rows.windows(3).enumerate() {
            let [above, here, below] = three else { continue };
            for x in 1..width.saturating_sub(1) {
                let shade = |row: &[u8], x: usize| row.get(x).copied().map_or(0, i32::from);
                let dx = shade(above, x + 1) + 2 * shade(here, x + 1) + shade(below, x + 1)
                    - (shade(above, x - 1) + 2 * shade(here, x - 1) + shade(below, x - 1));
                let dy = shade(below, x - 1) + 2 * shade(below, x) + shade(below, x + 1)
                    - (shade(above, x - 1) + 2 * shade(above, x) + shade(above, x + 1));
                if let Some(slope) = slopes.get_mut((y + 1) * width + x) {
                    *slope = (dx, dy);
                }
            }
        }
        // The steepest seventh, and nothing that hardly rises.
        let mut counts = [0usize; 2_048];
        for (dx, dy) in &slopes {
            if let Some(count) = counts.get_mut((dx.abs() + dy.abs()) as usize) {
                *count += 1;
            }
        }
        let (mut steep, mut left) = (2_047, slopes.len() / 4);
        while steep > 24 && left > 0 {
            left = left.saturating_sub(counts.get(steep).copied().unwrap_or_default());
            steep -= 1;
        }
        let towards = slopes.iter().map(|(dx, dy)| {
            let is_steep = dx.abs() + dy.abs() > steep as i32;
            is_steep.then(|| direction((*dy as f32).atan2(*dx as f32)))
        });
        Self { width, height, towards: towards.collect() }
    }

    fn at(&self, x: f32, y: f32) -> Option<u8> {
        let is_in = x >= 0.0 && y >= 0.0 && x < self.width as f32 && y < self.height as f32;
        *is_in.then(|| self.towards.get(y as usize * self.width + x as usize)).flatten()?
    }
}

/// The number of a direction.
fn direction(angle: f32) -> u8 {
    ((angle.rem_euclid(PI) / PI * DIRECTIONS as f32) as usize % DIRECTIONS) as u8
}

/// How far two directions are apart, in their steps.
fn turn(a: u8, b: u8) -> usize {
    let apart = usize::from(a.abs_diff(b));
    apart.min(DIRECTIONS - apart)
}

/// A line: where shade rises to, and how far that way it lies from the corner of the picture.
#[derive(Clone, Copy, Debug)]
struct Line {
    angle: f32,
    distance: f32,
}

impl Line {
    fn meets(&self, other: &Self) -> Option<(f32, f32)> {
        let ((s, c), (t, d)) = (self.angle.sin_cos(), other.angle.sin_cos());
        let whole = c * t - s * d;
        (whole.abs() > 0.2).then(|| {
            ((self.distance * t - other.distance * s) / whole, (other.distance * c - self.distance * d) / whole)
        })
    }

    /// How far two are from parallel, whichever way they rise.
    fn slant(&self, other: &Self) -> f32 {
        let apart = (self.angle - other.angle).rem_euclid(PI);
        apart.min(PI - apart)
    }
}

/// The lines that most slopes lie on (Hough, with the direction of the slope known).
fn lines(slopes: &Slopes) -> Vec<Line> {
    // Slopes of a line differ by noise and by the grid of pixels.
    const FUZZ: i32 = 2;
    let most = (slopes.width as f32).hypot(slopes.height as f32);
    let distances = (2.0 * most / STEP) as usize + 2;
    let mut votes = vec![0u16; DIRECTIONS * distances];
    let angle = |n: usize| (n as f32 + 0.5) * PI / DIRECTIONS as f32;
    let waves: Vec<(f32, f32)> = (0..DIRECTIONS).map(|n| angle(n).sin_cos()).collect();
    for (n, towards) in slopes.towards.iter().enumerate() {
        let Some(towards) = towards else { continue };
        let (x, y) = ((n % slopes.width) as f32 + 0.5, (n / slopes.width) as f32 + 0.5);
        for fuzz in -FUZZ..=FUZZ {
            let way = (i32::from(*towards) + fuzz).rem_euclid(DIRECTIONS as i32) as usize;
            let Some((sin, cos)) = waves.get(way) else { continue };
            let at = way * distances + ((x * cos + y * sin + most) / STEP) as usize;
            if let Some(vote) = votes.get_mut(at) {
                *vote = vote.saturating_add(1);
            }
        }
    }
    let few = (slopes.width.min(slopes.height) / 12).max(12) as u16;
    let mut order: Vec<usize> = votes.iter().enumerate().filter(|(_, vote)| **vote >= few).map(|(at, _)| at).collect();
    order.sort_unstable_by_key(|at| std::cmp::Reverse(votes.get(*at).copied()));
    let mut found: Vec<(u8, usize)> = Vec::new();
    for at in order {
        let (way, distance) = ((at / distances) as u8, at % distances);
        let is_new = |(other, far): &(u8, usize)| {
            // Beyond the last direction the first comes again, seen from the other side.
            let is_over = usize::from(other.abs_diff(way)) > DIRECTIONS / 2;
            let far = if is_over { distances.saturating_sub(*far + 1) } else { *far };
            turn(*other, way) > 4 || far.abs_diff(distance) > 3
        };
        if found.iter().all(is_new) {
            found.push((way, distance));
            if found.len() == LINES_MAX {
                break;
            }
        }
    }
    let line = |(way, distance): (u8, usize)| Line {
        angle: angle(usize::from(way)),
        distance: (distance as f32 + 0.5) * STEP - most,
    };
    found.into_iter().map(line).collect()
}

/// The share of the way from one corner to the next that lies on slopes of a line.
fn covered(slopes: &Slopes, from: (f32, f32), to: (f32, f32), line: &Line) -> f32 {
    const POINTS: usize = 40;
    let way = direction(line.angle);
    let (sin, cos) = line.angle.sin_cos();
    // Corners may be round.
    let hits = (0..POINTS).filter(|n| {
        let share = 0.06 + 0.88 * (*n as f32 + 0.5) / POINTS as f32;
        let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        (-2i8..=2).any(|far| {
            let far = f32::from(far);
            slopes.at(x + cos * far, y + sin * far).is_some_and(|towards| turn(towards, way) <= 5)
        })
    });
    hits.count() as f32 / POINTS as f32
}

/// A shape, and how surely it is one: the share of its sides that lies on slopes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) quad: Quad,
    pub(super) sure: f32,
}

/// Shapes of four sides whose longer is about `aspect` of the shorter, the surest first.
pub(super) fn quads(gray: &Gray, aspect: f32, aspects: Range<f32>) -> Vec<Seen> {
    let slopes = Slopes::of(gray);
    let lines = lines(&slopes);
    let (width, height) = (gray.width() as f32, gray.height() as f32);
    let margin = width.max(height) * 0.04;
    let mut pairs = Vec::new();
    for (n, one) in lines.iter().enumerate() {
        for other in lines.iter().skip(n + 1) {
            if one.slant(other) <= PARALLEL {
                pairs.push((one, other));
            }
        }
    }
    let (mut found, mut tries): (Vec<(f32, Seen)>, usize) = (Vec::new(), 0);
    for (n, (a, c)) in pairs.iter().enumerate() {
        for (b, d) in pairs.iter().skip(n + 1) {
            if (a.slant(b) - PI / 2.0).abs() > SQUARE {
                continue;
            }
            let corners = (a.meets(b), a.meets(d), c.meets(d), c.meets(b));
            let (Some(ab), Some(ad), Some(cd), Some(cb)) = corners else { continue };
            let quad = Quad([ab, ad, cd, cb]);
            let is_in =
                |(x, y): &(f32, f32)| *x > -margin && *y > -margin && *x < width + margin && *y < height + margin;
            if !aspects.contains(&quad.aspect())
                || quad.area().abs() < AREA_MIN * width * height
                || !quad.0.iter().all(is_in)
            {
                continue;
            }
            let sides = [(ab, ad, a), (ad, cd, d), (cd, cb, c), (cb, ab, b)];
            tries += 1;
            if tries > TRIES_MAX {
                break;
            }
            let mut sum = 0.0;
            let is_whole = sides.iter().all(|(from, to, line)| {
                let share = covered(&slopes, *from, *to, line);
                sum += share;
                share >= SIDE_MIN
            });
            if is_whole && sum >= SIDES_MIN * 4.0 {
                let strange = (quad.aspect() / aspect).ln().abs();
                let rank = sum * quad.area().abs().sqrt() * (1.0 - 2.0 * strange);
                found.push((rank, Seen { quad, sure: sum / 4.0 }));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut told: Vec<Seen> = Vec::new();
    for (_, seen) in found {
        let same = told.iter().filter(|other| seen.quad.is_near(&other.quad)).count();
        if same < 2 {
            told.push(seen);
        }
        if told.len() == QUADS_MAX {
            break;
        }
    }
    told
}
