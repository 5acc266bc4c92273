//! Three finders that may belong to one code: its upper left, upper right and lower left corner.

use super::finder::Finder;
use super::frame::Point;

/// Three finders, turned so that `right` and `below` lie to the right of and below `corner` when the code is upright.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triple {
    pub(super) corner: Finder,
    pub(super) right: Finder,
    pub(super) below: Finder,
    /// How many modules wide the code seems to be.
    pub(super) size: f32,
    /// How little it looks like a square; less is better.
    pub(super) odd: f32,
}

/// Most that are told.
const TRIPLES_MAX: usize = 600;
/// Modules between two finders of a code, with room for what is measured badly.
const LEG: std::ops::Range<f32> = 11.0..200.0;

/// The triples among these finders, the most square first. Whichever of its finders is the corner, the other two are as
/// many of their own modules away as they are from each other: a finder's diagonal is longer by what that of the code is.
pub(super) fn triples(finders: &[Finder]) -> Vec<Triple> {
    let legs: Vec<Vec<f32>> =
        finders.iter().map(|a| finders.iter().map(|b| leg(a, b).unwrap_or_default()).collect()).collect();
    let between = |i: usize, j: usize| legs.get(i).and_then(|row| row.get(j)).copied().filter(|leg| *leg > 0.0);
    let mut triples = Vec::new();
    for (i, a) in finders.iter().enumerate() {
        for (j, b) in finders.iter().enumerate().skip(i + 1) {
            let Some(ab) = between(i, j) else { continue };
            for (k, c) in finders.iter().enumerate().skip(j + 1) {
                if let (Some(bc), Some(ca)) = (between(j, k), between(i, k)) {
                    triples.extend(triple([*a, *b, *c], [ab, bc, ca]));
                }
            }
        }
    }
    triples.sort_by(|a: &Triple, b| a.odd.total_cmp(&b.odd));
    triples.truncate(TRIPLES_MAX);
    triples
}

/// Modules between two finders, if they may be of one code.
pub(super) fn leg(a: &Finder, b: &Finder) -> Option<f32> {
    // As large as each other, as far as perspective leaves them so; where rays do not tell, a little less.
    let most = if a.star.good.min(b.star.good) > 0 { 2.2 } else { 1.7 };
    let is_alike = |a: f32, b: f32| a <= b * most && b <= a * most;
    if a.light != b.light || !is_alike(a.module, b.module) {
        return None;
    }
    // Modules shrink along the way as the square of how far off they are: their mean is that of the ends' product.
    let module = (a.towards((b.x, b.y)) * b.towards((a.x, a.y))).sqrt();
    Some((a.x - b.x).hypot(a.y - b.y) / module).filter(|leg| LEG.contains(leg))
}

fn triple(finders: [Finder; 3], legs: [f32; 3]) -> Option<Triple> {
    let [a, b, c] = finders;
    let [ab, bc, ca] = legs;
    let most = ab.max(bc).max(ca);
    let least = ab.min(bc).min(ca);
    let is_guessed = finders.iter().any(|finder| finder.star.good == 0);
    if most > least * if is_guessed { 2.2 } else { 1.45 } {
        return None;
    }
    let far = |p: Finder, q: Finder| (p.x - q.x).hypot(p.y - q.y);
    // The corner lies opposite the longest side.
    let (corner, p, q, legs) = if far(a, b) >= far(b, c) && far(a, b) >= far(c, a) {
        (c, a, b, bc + ca)
    } else if far(b, c) >= far(c, a) {
        (a, b, c, ab + ca)
    } else {
        (b, c, a, ab + bc)
    };
    Triple::new(corner, p, q, legs / 2.0, (most / least).ln())
}

impl Triple {
    fn new(corner: Finder, p: Finder, q: Finder, leg: f32, uneven: f32) -> Option<Self> {
        let turn = (p.x - corner.x) * (q.y - corner.y) - (p.y - corner.y) * (q.x - corner.x);
        let (right, below) = if turn > 0.0 { (p, q) } else { (q, p) };
        let (one, two) = ((right.x - corner.x, right.y - corner.y), (below.x - corner.x, below.y - corner.y));
        let cosine = ((one.0 * two.0 + one.1 * two.1) / one.0.hypot(one.1) / two.0.hypot(two.1)).abs();
        let modules = [corner, right, below].map(|f| f.module);
        let spread = modules.iter().copied().fold(0.0, f32::max) / modules.iter().copied().fold(f32::MAX, f32::min);
        (cosine < 0.85).then(|| Self {
            corner,
            right,
            below,
            size: leg + 7.0,
            odd: uneven + spread.ln() + cosine * 0.3,
        })
    }

    /// Where these points of a code so many modules wide lie: the middles of its finders, and what would be the middle
    /// of a fourth. How modules shrink from one finder to the next says how much farther off that is.
    pub(super) fn corners(&self) -> [Point; 4] {
        let Self { corner, right, below, size: _, odd: _ } = self;
        let at = |f: &Finder| (f.x, f.y);
        // How much farther off the ends are than the corner.
        let farther = |end: &Finder| (corner.towards(at(end)) / end.towards(at(corner))).sqrt().clamp(0.6, 1.6);
        let (one, two) = (farther(right), farther(below));
        let last = (one + two - 1.0).max(0.3);
        let sum = |a: f32, b: f32, c: f32| (b * one + c * two - a) / last;
        [at(corner), at(right), at(below), (sum(corner.x, right.x, below.x), sum(corner.y, right.y, below.y))]
    }

    /// The same with another of its finders as the corner.
    pub(super) fn turned(&self) -> Option<Self> {
        Self::new(self.right, self.below, self.corner, self.size - 7.0, 0.0)
    }
}
