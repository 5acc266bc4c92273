//! Squares within squares, whichever way they lie: from the middle of a finder every ray goes through dark, light, dark
//! and light, and its edges lie at 3 : 5 : 7, as far out as the square reaches there.
//!
//! Texture that happens to be 1:1:3:1:1 along a row and a column is not so in sixteen directions. How far the rays
//! reach also tells how the square is slanted, and so how many modules lie between two finders.

use super::super::gray::Gray;
use super::Work;
use super::frame::Point;

/// Directions looked into.
pub(super) const RAYS: usize = 16;
/// Rays that have to be as they should: dirt, glare and the corner of another thing may lie over some.
const GOOD_MIN: usize = 9;
/// Steps along a ray, and how many make a module: the corner of a square seen from the side lies nine modules off.
const STEPS: usize = 36;
const STEPS_A_MODULE: f32 = 4.0;
/// Shades by which dark and light differ at least.
const CONTRAST_MIN: f32 = 4.0;

/// Share of the contrast by which a stripe stands out at least.
const TURN: f32 = 0.25;

/// What rays tell of a square.
#[derive(Clone, Copy, Debug)]
pub(super) struct Star {
    /// Its middle.
    pub(super) middle: Point,
    /// How far its outer edge lies off in each direction.
    pub(super) reach: [f32; RAYS],
    /// Rays that are as they should be.
    pub(super) good: usize,
}

impl Star {
    /// The square around a point, if there is one whose modules are about as large.
    pub(super) fn new(gray: &Gray, point: Point, module: f32, light: bool, work: &Work) -> Option<Self> {
        // Once more from its true middle.
        let first = Self::cast(gray, point, module, light, work)?;
        Self::cast(gray, first.middle, first.module(), light, work)
    }

    /// A square of which the rays tell nothing, for what moved is blurred along some of them: as rows and columns through
    /// its middle show it.
    pub(super) fn guessed(middle: Point, module: f32) -> Self {
        // A square that is turned is wider along a row than its side.
        let reach = std::array::from_fn(|n| {
            let (x, y) = direction(n);
            3.5 * module * x.abs().max(y.abs())
        });
        Self { middle, reach, good: 0 }
    }

    /// Pixels a module, on the whole.
    pub(super) fn module(&self) -> f32 {
        // The area between the rays, as that of a polygon, less what its corners stand over them.
        let next = self.reach.iter().cycle().skip(1);
        let twice: f32 = self.reach.iter().zip(next).map(|(a, b)| a * b).sum();
        (twice * 0.5 * direction(1).1 / 49.0).sqrt()
    }

    /// Pixels a module towards a point.
    pub(super) fn towards(&self, (dx, dy): Point) -> f32 {
        let turn = dy.atan2(dx) / std::f32::consts::TAU * RAYS as f32 + RAYS as f32;
        let (n, part) = (turn as usize, turn.fract());
        let at = |n: usize| self.reach.get(n % RAYS).copied().unwrap_or_default();
        (at(n) + (at(n + 1) - at(n)) * part) / 3.5
    }

    fn cast(gray: &Gray, (x, y): Point, module: f32, light: bool, work: &Work) -> Option<Self> {
        let step = module / STEPS_A_MODULE;
        let sign = if light { -1.0 } else { 1.0 };
        let ray = |n: usize| -> [f32; STEPS] {
            let (dx, dy) = direction(n);
            std::array::from_fn(|far| gray.at(x + dx * far as f32 * step, y + dy * far as f32 * step) * sign)
        };
        // Dark is the middle, light the lightest of a ray where its first light stripe should be: along rows and columns.
        const AXES: [usize; 4] = [0, RAYS / 4, RAYS / 2, RAYS * 3 / 4];
        let axes = AXES.map(ray);
        let within = (0.75 * STEPS_A_MODULE) as usize;
        let dark: f32 = axes.iter().flat_map(|ray| ray.iter().take(within)).sum::<f32>() / (axes.len() * within) as f32;
        let (from, to) = (STEPS_A_MODULE as usize, (4.0 * STEPS_A_MODULE) as usize);
        let lightest = |ray: &[f32; STEPS]| ray.iter().take(to).skip(from).copied().fold(f32::MIN, f32::max);
        let contrast = axes.iter().map(lightest).sum::<f32>() / axes.len() as f32 - dark;
        if contrast < CONTRAST_MIN || !work.spend(axes.len() * STEPS) {
            return None;
        }
        let (mut reach, mut good) = ([0f32; RAYS], RAYS);
        // The rays farthest from rows and columns first: texture fails there.
        for (n, aside) in [2, 1, 3, 0].into_iter().flat_map(|aside| AXES.map(|axis| (axis + aside, aside))) {
            let edge = match axes.get(n * 4 / RAYS) {
                Some(ray) if aside == 0 => edges(ray, dark, contrast * TURN),
                _ => edges(&ray(n), dark, contrast * TURN),
            };
            match (edge, reach.get_mut(n)) {
                (Some(far), Some(reach)) => *reach = far * step,
                _ => good -= 1,
            }
            if good < GOOD_MIN || aside != 0 && !work.spend(STEPS) {
                return None;
            }
        }
        // Either way from the middle it is as far, but for perspective.
        let (mut sum, mut pairs) = ((0.0, 0.0), 0.0);
        for n in 0..RAYS / 2 {
            let [one, two] = [n, n + RAYS / 2].map(|n| reach.get(n).copied().unwrap_or_default());
            if one > 0.0 && two > 0.0 {
                if one > two * 1.7 || two > one * 1.7 {
                    return None;
                }
                let (dx, dy) = direction(n);
                let by = (one - two) / 2.0;
                sum = (sum.0 + dx * by, sum.1 + dy * by);
                pairs += 1.0;
            }
        }
        // Where a ray fails, its opposite stands for it, or its neighbours do.
        let known = reach;
        for (n, far) in reach.iter_mut().enumerate().filter(|(_, far)| **far == 0.0) {
            let at = |by: usize| known.get((n + by) % RAYS).copied().filter(|far| *far > 0.0);
            let aside = (1..RAYS / 2).flat_map(|by| [by, RAYS - by]);
            *far = std::iter::once(RAYS / 2).chain(aside).find_map(at)?;
        }
        let (least, most) = reach.iter().fold((f32::MAX, 0f32), |(a, b), far| (a.min(*far), b.max(*far)));
        // Twice the shift along each of the directions is what the sum of their parts comes to.
        (pairs > 0.0 && most <= least * 4.0).then(|| {
            let middle = (x + sum.0 * 2.0 / pairs, y + sum.1 * 2.0 / pairs);
            Self { middle, reach, good }
        })
    }
}

/// Which way a ray goes.
fn direction(n: usize) -> Point {
    // A quarter of a circle: sines of no, one, two, three and four sixteenths.
    const SINES: [f32; 5] = [0.0, 0.382_683_43, std::f32::consts::FRAC_1_SQRT_2, 0.923_879_5, 1.0];
    let (quarter, part) = (n / 4 % 4, n % 4);
    let [sin, cos] = [part, 4 - part].map(|n| SINES.get(n).copied().unwrap_or_default());
    match quarter {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

/// The outer edge along a ray, in steps, if it is dark, light, dark and light as a finder is. Blur takes most from the
/// thin stripes: each edge is where its own two stripes meet, and a stripe begins where shades have turned by `turn`.
fn edges(ray: &[f32; STEPS], dark: f32, turn: f32) -> Option<f32> {
    let (mut light, mut light_at) = (dark, 0);
    let (mut ring, mut ring_at) = (f32::MAX, 0);
    for (at, shade) in ray.iter().copied().enumerate() {
        if ring_at == 0 {
            if shade > light {
                (light, light_at) = (shade, at);
            } else if shade < light - turn {
                (ring, ring_at) = (shade, at);
            }
        } else if shade < ring {
            (ring, ring_at) = (shade, at);
        } else if shade > ring + turn {
            break;
        }
    }
    if light < dark + turn || ring_at == 0 {
        return None;
    }
    let crossing = |from: usize, limit: f32, rises: bool| {
        ray.windows(2).enumerate().skip(from).find_map(|(at, pair)| {
            let [a, b] = pair else { return None };
            let is_over = if rises { *b > limit } else { *b < limit };
            is_over.then(|| at as f32 + ((limit - a) / (b - a)).clamp(0.0, 1.0))
        })
    };
    let first = crossing(0, f32::midpoint(dark, light), true)?;
    let limit = f32::midpoint(light, ring);
    let (second, third) = (crossing(light_at, limit, false)?, crossing(ring_at, limit, true)?);
    // What spreads into the other moves the first and third edge out and the second one in.
    let ratio = (first + second) / (second + third);
    let stripe = (second + third) / 12.0;
    let fits = (0.52..0.8).contains(&ratio)
        && (1.4 * stripe..4.2 * stripe).contains(&first)
        && second - first >= 0.7 * stripe
        && third - second >= 0.7 * stripe;
    fits.then_some(third)
}
