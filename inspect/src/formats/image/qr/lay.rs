//! Laying the grid of a version on the picture, where what every code of that version has in common fits best.

use super::super::gray::Gray;
use super::Work;
use super::frame::{Frame, Point};
use super::symbol::{Marks, agreement};
use super::triple::Triple;

/// Laying the grid of one version on the picture.
pub(super) struct Lay<'a> {
    pub(super) gray: &'a Gray,
    pub(super) sign: f32,
    pub(super) marks: &'a Marks,
    pub(super) work: &'a Work,
}

impl Lay<'_> {
    /// The points of the code by which a grid is fixed: the middles of its finders and, where there is one, of the
    /// alignment pattern at the fourth corner.
    fn anchors(&self) -> [Point; 4] {
        let size = self.marks.version.size() as f32;
        let last = if self.marks.version.number() == 1 { size - 3.5 } else { size - 6.5 };
        [(3.5, 3.5), (size - 3.5, 3.5), (3.5, size - 3.5), (last, last)]
    }

    pub(super) fn frame(&self, points: [Point; 4]) -> Option<Frame> {
        Frame::new(self.anchors(), points)
    }

    fn fit(&self, points: [Point; 4]) -> f32 {
        self.frame(points).map_or(-1.0, |frame| self.agreement(|point| frame.at(point)))
    }

    /// How well the picture agrees with what should stand where `at` says that points of the code lie.
    fn agreement(&self, at: impl Fn(Point) -> Point) -> f32 {
        if !self.work.spend(self.marks.points.len()) {
            return -1.0;
        }
        let shade = |(u, v, mark): &(f32, f32, f32)| {
            let (x, y) = at((*u, *v));
            (*mark, self.gray.at(x, y))
        };
        agreement(self.marks.points.iter().map(shade)) * self.sign
    }

    /// How well dark and light take turns between the finders, as they would in this version: in the plane that the
    /// finders alone show, and only near them, where nothing has moved far.
    pub(super) fn timing(&self, triple: &Triple) -> f32 {
        const NEAR: usize = 8;
        self.outer(triple).map_or(0.0, |frame| self.turns(&frame, NEAR))
    }

    /// The same for so many modules from either finder.
    pub(super) fn turns(&self, frame: &Frame, near: usize) -> f32 {
        let legs = 7..self.marks.version.size() - 7;
        let near = legs.clone().take(near).chain(legs.rev().take(near));
        let modules = near.flat_map(|n| [(n as f32 + 0.5, 6.5), (6.5, n as f32 + 0.5)].map(|at| (n, at)));
        let shades = modules.map(|(n, at)| {
            let (x, y) = frame.at(at);
            (if n % 2 == 0 { -1.0 } else { 1.0 }, self.gray.at(x, y))
        });
        agreement(shades) * self.sign
    }

    /// The plane as the finders alone show it.
    fn outer(&self, triple: &Triple) -> Option<Frame> {
        let last = self.marks.version.size() as f32 - 3.5;
        Frame::new([(3.5, 3.5), (last, 3.5), (3.5, last), (last, last)], triple.corners())
    }

    /// Where the anchors seem to lie: the likeliest places first.
    pub(super) fn begin(&self, triple: &Triple) -> Vec<[Point; 4]> {
        /// Places of the fourth that are tried.
        const PLACES: usize = 3;
        let [corner, right, below, _] = triple.corners();
        let fourth = |p: Point| [corner, right, below, p];
        let size = self.marks.version.size() as f32;
        let Some(frame) = self.outer(triple) else { return Vec::new() };
        let [.., (last, _)] = self.anchors();
        // In a plane seen from straight ahead, the fourth stands where the other three say.
        let part = (last - 3.5) / (size - 7.0);
        let flat = |at: fn(Point) -> f32| at(corner) + part * (at(right) + at(below) - 2.0 * at(corner));
        let mut begins = vec![fourth((flat(|p| p.0), flat(|p| p.1))), fourth(frame.at((last, last)))];
        if self.marks.version.number() == 1 {
            return begins;
        }
        // Perspective moves the fourth corner; the alignment pattern is looked for by its own shape.
        let reach = ((4.0 + size * 0.06) * 2.0) as i16;
        let steps = || (-reach..=reach).map(|n| f32::from(n) * 0.5);
        self.work.spend((reach as usize * 2 + 1).pow(2) * 25);
        let agree = |u: f32, v: f32| {
            let modules = (-2i8..=2).flat_map(|y| (-2i8..=2).map(move |x| (x, y))).map(|(x, y)| {
                let (px, py) = frame.at((last + u + f32::from(x), last + v + f32::from(y)));
                (if x.abs().max(y.abs()) == 1 { 1.0 } else { -1.0 }, self.gray.at(px, py))
            });
            // Far from where it should be it has to look better.
            agreement(modules) * self.sign - 0.02 * u.abs().max(v.abs())
        };
        let mut places: Vec<_> =
            steps().flat_map(|v| steps().map(move |u| (u, v))).map(|(u, v)| (u, v, agree(u, v))).collect();
        places.sort_by(|a, b| b.2.total_cmp(&a.2));
        let mut chosen: Vec<Point> = Vec::new();
        for (u, v, _) in places {
            if chosen.iter().all(|(x, y)| (x - u).abs().max((y - v).abs()) > 1.5) {
                chosen.push((u, v));
                begins.push(fourth(frame.at((last + u, last + v))));
            }
            if chosen.len() == PLACES {
                break;
            }
        }
        begins
    }

    /// Moves the anchors as long as the grid fits better, by steps of so many modules.
    pub(super) fn refine(&self, mut points: [Point; 4], steps: &[f32]) -> ([Point; 4], f32) {
        const ROUNDS: usize = 3;
        let legs = self.marks.version.size() as f32 - 7.0;
        let [corner, right, ..] = points;
        let module = (right.0 - corner.0).hypot(right.1 - corner.1) / legs;
        let mut best = self.fit(points);
        for step in steps {
            for _ in 0..ROUNDS {
                let before = best;
                for n in 0..8 {
                    for by in [step * module, -step * module] {
                        let mut moved = points;
                        if let Some(point) = moved.get_mut(n / 2) {
                            *(if n % 2 == 0 { &mut point.0 } else { &mut point.1 }) += by;
                        }
                        let fit = self.fit(moved);
                        if fit > best {
                            (best, points) = (fit, moved);
                        }
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
        (points, best)
    }

    /// Bends the plane as long as the grid fits better: a card in a hand, a page of a book.
    pub(super) fn bent(&self, frame: Frame) -> (Bent, f32) {
        const ROUNDS: usize = 3;
        let mut bent = Bent { frame, half: self.marks.version.size() as f32 / 2.0, by: [0.0; 4] };
        let mut best = self.agreement(|point| bent.at(point));
        for step in [1.0, 0.5, 0.25, 0.12] {
            for _ in 0..ROUNDS {
                let before = best;
                for n in 0..bent.by.len() {
                    for by in [step, -step] {
                        let mut more = bent;
                        if let Some(part) = more.by.get_mut(n) {
                            *part += by;
                        }
                        let fit = self.agreement(|point| more.at(point));
                        if fit > best {
                            (best, bent) = (fit, more);
                        }
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
        (bent, best)
    }
}

/// A plane that is bent: squares of how far a point lies from the middle move it, in modules, and the finders stay where
/// they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bent {
    frame: Frame,
    half: f32,
    by: [f32; 4],
}

impl Bent {
    pub(super) fn at(&self, (u, v): Point) -> Point {
        let finder = (1.0 - 3.5 / self.half).powi(2);
        let [x, y] = [u, v].map(|at| (at / self.half - 1.0).powi(2) - finder);
        let [a, b, c, d] = self.by;
        self.frame.at((u + a * x + b * y, v + c * x + d * y))
    }
}
