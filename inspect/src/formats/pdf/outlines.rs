//! Numbers turned into outlines: areas that stand beside each other as digits do.
//!
//! Nothing is read of them. Digits are known by how they stand: as high as each other, on one line, each as far from
//! the last as the others are, and not all alike. Letters of words are of many widths, dots and marks of charts alike,
//! bars and boxes have four corners.

use std::collections::VecDeque;

use crate::formats::raster::Point;

/// Digits of the shortest number of a person; hotlines in letterheads have eight.
const DIGITS_MIN: usize = 9;
/// Digits that are looked at together; a longer row goes on with the next.
const ROW_MAX: usize = 24;
/// Shapes among them: numbers of two digits in turn are hardly any.
const SHAPES_MIN: usize = 3;

/// Whether there are any, upright or along the side of the page.
#[derive(Default)]
pub(super) struct Outlines {
    rows: [Row; 2],
    pub(super) are_there: bool,
}

/// What stands beside each other in one direction.
#[derive(Default)]
struct Row(VecDeque<Shape>);

#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Least and greatest, along the line and across it.
    along: [f64; 2],
    across: [f64; 2],
    corners: usize,
}

impl Shape {
    fn width(&self) -> f64 {
        self.along[1] - self.along[0]
    }

    fn height(&self) -> f64 {
        self.across[1] - self.across[0]
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.along[0], self.along[1])
    }

    fn is_within(&self, other: &Self) -> bool {
        let within = |a: [f64; 2], b: [f64; 2]| a[0] >= b[0] && a[1] <= b[1];
        within(self.along, other.along) && within(self.across, other.across)
    }

    /// About as high, on the same line.
    fn is_beside(&self, other: &Self) -> bool {
        let off = |at: usize| (self.across[at] - other.across[at]).abs();
        off(0).max(off(1)) <= 0.1 * other.height()
    }
}

impl Outlines {
    /// Takes the chain around an area.
    pub(super) fn push(&mut self, chain: &[Point]) {
        if self.are_there {
            return;
        }
        let span = |at: usize| {
            let least = chain.iter().map(|p| p[at]).fold(f64::MAX, f64::min);
            [least, chain.iter().map(|p| p[at]).fold(f64::MIN, f64::max)]
        };
        // The last point may be the first again.
        let corners = chain.len() - usize::from(chain.first() == chain.last());
        let (x, y) = (span(0), span(1));
        for (row, [along, across]) in self.rows.iter_mut().zip([[x, y], [y, x]]) {
            self.are_there |= row.push(Shape { along, across, corners });
        }
    }
}

impl Row {
    /// Whether the shapes up to this one are digits.
    fn push(&mut self, shape: Shape) -> bool {
        let height = shape.height();
        if !(height > 0.0 && height.is_finite() && shape.width().is_finite()) {
            return false;
        }
        let Some(last) = self.0.back_mut() else {
            self.begin(shape);
            return false;
        };
        if shape.is_within(last) {
            // The hole of a digit.
            last.corners += shape.corners;
            return false;
        }
        if last.is_within(&shape) {
            *last = Shape { corners: last.corners + shape.corners, ..shape };
            return false;
        }
        let is_between = shape.across[0] >= last.across[0] - 0.2 * last.height() && shape.across[1] <= last.across[1];
        if height < 0.4 * last.height() && is_between {
            // A point or a dash between digits.
            return false;
        }
        let step = (shape.middle() - last.middle()).abs() / height;
        if !(shape.is_beside(last) && shape.width() <= 1.1 * height && (0.3..=2.6).contains(&step)) {
            self.begin(shape);
            return false;
        }
        if self.0.len() >= ROW_MAX {
            self.0.pop_front();
        }
        self.0.push_back(shape);
        self.are_digits()
    }

    fn begin(&mut self, shape: Shape) {
        self.0.clear();
        if shape.width() <= 1.1 * shape.height() {
            self.0.push_back(shape);
        }
    }

    fn are_digits(&self) -> bool {
        let from = self.0.len().saturating_sub(DIGITS_MIN);
        let digits: Vec<Shape> = self.0.range(from..).copied().collect();
        let mut steps: Vec<f64> = digits.array_windows::<2>().map(|[a, b]| b.middle() - a.middle()).collect();
        if digits.len() < DIGITS_MIN || steps.iter().any(|step| step.signum() != steps[0].signum()) {
            return false;
        }
        steps.iter_mut().for_each(|step| *step = step.abs());
        steps.sort_unstable_by(f64::total_cmp);
        let pitch = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
        let is_even = |step: f64| (step - pitch).abs() <= 0.12 * pitch;
        // Blanks between groups of digits are wider.
        let is_gap = |step: f64| step > 1.25 * pitch && step <= 2.6 * pitch;
        let (even, gaps) =
            (steps.iter().filter(|s| is_even(**s)).count(), steps.iter().filter(|s| is_gap(**s)).count());
        let bent = digits.iter().filter(|digit| digit.corners > 6).count();
        even + gaps == steps.len() && gaps <= steps.len() / 3 && bent * 2 >= digits.len() && are_many(&digits)
    }
}

/// Whether there are as many shapes among them as digits of a number have.
fn are_many(digits: &[Shape]) -> bool {
    let is_same = |a: &Shape, b: &Shape| a.corners == b.corners && (a.width() - b.width()).abs() <= 0.02 * a.height();
    let mut kinds: Vec<Shape> = Vec::new();
    for digit in digits {
        if !kinds.iter().any(|kind| is_same(kind, digit)) {
            kinds.push(*digit);
        }
    }
    kinds.len() >= SHAPES_MIN
}
