//! Three finders that may belong to one code: its upper left, upper right and lower left corner.

use super::finder::Finder;

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
const TRIPLES_MAX: usize = 200;

/// The triples among these finders, the most square first.
pub(super) fn triples(finders: &[Finder]) -> Vec<Triple> {
    let mut triples = Vec::new();
    for (i, a) in finders.iter().enumerate() {
        for (j, b) in finders.iter().enumerate().skip(i + 1) {
            if a.light != b.light || !alike(a.module, b.module) {
                continue;
            }
            for c in finders.iter().skip(j + 1) {
                if c.light == a.light && alike(a.module, c.module) && alike(b.module, c.module) {
                    triples.extend(triple(*a, *b, *c));
                }
            }
        }
    }
    triples.sort_by(|a: &Triple, b| a.odd.total_cmp(&b.odd));
    triples.truncate(TRIPLES_MAX);
    triples
}

/// As large as each other, as far as perspective and slant leave them so.
fn alike(a: f32, b: f32) -> bool {
    a <= b * 1.7 && b <= a * 1.7
}

fn triple(a: Finder, b: Finder, c: Finder) -> Option<Triple> {
    let far = |p: Finder, q: Finder| (p.x - q.x).hypot(p.y - q.y);
    let (ab, bc, ca) = (far(a, b), far(b, c), far(c, a));
    // The corner lies opposite the longest side.
    let (corner, p, q) = if ab >= bc && ab >= ca {
        (c, a, b)
    } else if bc >= ca {
        (a, b, c)
    } else {
        (b, c, a)
    };
    let turn = (p.x - corner.x) * (q.y - corner.y) - (p.y - corner.y) * (q.x - corner.x);
    let (right, below) = if turn > 0.0 { (p, q) } else { (q, p) };
    let (one, two) = (far(corner, right), far(corner, below));
    if one < 1.0 || two < 1.0 {
        return None;
    }
    let cosine =
        ((right.x - corner.x) * (below.x - corner.x) + (right.y - corner.y) * (below.y - corner.y)) / one / two;
    let ratio = (one / two).ln().abs();
    // Along a row a square that is turned is wider than its side.
    let modules = |leg: f32, end: Finder| {
        let (dx, dy) = ((end.x - corner.x).abs() / leg, (end.y - corner.y).abs() / leg);
        leg / ((corner.module + end.module) / 2.0 * dx.max(dy)) + 7.0
    };
    let (wide, high) = (modules(one, right), modules(two, below));
    let size = (wide + high) / 2.0;
    let uneven = (wide / high).ln().abs();
    let spread = [corner, right, below].map(|f| f.module);
    let spread = (spread[0].max(spread[1]).max(spread[2]) / spread[0].min(spread[1]).min(spread[2])).ln();
    let fits = cosine.abs() < 0.5 && ratio < 0.6 && (17.0..200.0).contains(&size) && uneven < 0.5;
    fits.then_some(Triple { corner, right, below, size, odd: cosine.abs() + ratio + uneven + spread })
}
