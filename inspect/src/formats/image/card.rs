//! Whether a picture shows a card: a rectangle of the proportions of ISO/IEC 7810 ID-1 whose inside is laid out like a
//! document of identity – a few lines of writing in the size of a card's, with a portrait beside them, a
//! machine-readable zone below them, or a plain border around them.
//!
//! It reads nothing and tells no one card from another: a driving licence looks like an identity card, and so may a
//! bank card. It errs towards no where only the shape speaks for a card: screens and slides have that shape too.

use std::ops::Range;

use super::gray::Gray;
use super::lines::{self, Quad, Seen};
use super::writing::{self, TILE};

/// 85.60 by 53.98 millimetres (ISO/IEC 7810, 5.1).
const ASPECT: f32 = 85.60 / 53.98;

/// Side of the picture in which borders are looked for, and of the one from which cards are taken.
const SIDE: usize = 400;
const FINE_SIDE: usize = 2_000;
/// A picture smaller than this is an icon.
const SIDE_MIN: usize = 120;
/// Cards told of one picture.
const CARDS_MAX: usize = 4;

/// A card laid flat, in tiles, so that its letters are about as high as one.
const ACROSS: usize = 30;
const DOWN: usize = 19;

/// A card in a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub(super) quad: Quad,
    /// Nothing runs over its border: what stands within and what stands beside may be read apart.
    pub(super) is_apart: bool,
}

/// The cards that a picture shows.
pub(super) fn find(gray: &Gray) -> Vec<Card> {
    if gray.width().min(gray.height()) < SIDE_MIN {
        return Vec::new();
    }
    let fine = gray.shrunk(FINE_SIDE);
    let small = fine.shrunk(SIDE).stretched();
    let scale = fine.width() as f32 / small.width().max(1) as f32;
    let up = gray.width() as f32 / fine.width().max(1) as f32;
    // A card cut out along its border has none to be seen.
    let whole = Seen { quad: Quad::of(small.width() as f32, small.height() as f32), sure: 0.0 };
    let mut cards: Vec<Card> = Vec::new();
    for seen in
        lines::quads(&small, ASPECT, CARD).into_iter().chain(CARD_WHOLE.contains(&whole.quad.aspect()).then_some(whole))
    {
        if cards.len() < CARDS_MAX && !cards.iter().any(|card| card.quad.overlaps(&seen.quad)) {
            let flat = flat(&fine, &seen.quad.scaled(scale), ACROSS * TILE, DOWN * TILE);
            let layout = Layout::of(&flat);
            // Letters larger than a card's are no writing to it, but they are rough.
            let is_apart = Layout::sides(&layout.rough).iter().all(|share| *share < CROSSED);
            if layout.shows_card(&seen.quad, seen.sure) {
                cards.push(Card { quad: seen.quad, is_apart });
            }
        }
    }
    cards.into_iter().map(|card| Card { quad: card.quad.scaled(scale * up), ..card }).collect()
}

/// What lies within four corners, laid flat with its long side across.
pub(super) fn flat(gray: &Gray, quad: &Quad, width: usize, height: usize) -> Gray {
    let quad = quad.lying();
    let at = |n: usize| {
        let (x, y) = quad.at(((n % width) as f32 + 0.5) / width as f32, ((n / width) as f32 + 0.5) / height as f32);
        gray.at(x, y) as u8
    };
    Gray::new(width, (0..width * height).map(at).collect()).stretched()
}

/// What kinds of tiles stand where on a card laid flat.
#[derive(Debug)]
struct Layout {
    /// Strokes of writing.
    written: Vec<bool>,
    /// Neither flat nor light: a portrait, a chip, a code, a fingerprint; writing too.
    rough: Vec<bool>,
    /// Lines of writing one above the other.
    lines: usize,
}

/// How long a card looks that is held at an angle.
const CARD: Range<f32> = 1.38..1.80;
/// How long one looks that was cut out.
const CARD_WHOLE: Range<f32> = 1.5..1.68;

/// What is on a card keeps off its border: share of the tiles along three sides on which something is written.
const BORDER_MAX: f32 = 0.05;
/// Where more of a side is rough, something runs over it.
const CROSSED: f32 = 0.15;
/// Share of the border that has to be seen where there is no portrait: with a zone, with nothing but lines, and of a border
/// that lies as level in the picture as windows on a screen do.
const SURE_ZONE: f32 = 0.79;
const SURE_PLAIN: f32 = 0.865;
const SURE_LEVEL: f32 = 0.92;

impl Layout {
    fn of(flat: &Gray) -> Self {
        let mut rough = Vec::with_capacity(ACROSS * DOWN);
        for top in 0..DOWN {
            for left in 0..ACROSS {
                let tile = flat.crop(left * TILE, top * TILE, TILE, TILE);
                let count = tile.pixels().len().max(1) as f32;
                let mean = tile.pixels().iter().map(|p| f32::from(*p)).sum::<f32>() / count;
                let spread = tile.pixels().iter().map(|p| (f32::from(*p) - mean).powi(2)).sum::<f32>() / count;
                rough.push(spread > 150.0 || mean < 110.0);
            }
        }
        Self { written: writing::tiles(flat), rough, lines: lines_of_writing(flat) }
    }

    /// Whether it is that of a card, either way up.
    fn shows_card(mut self, quad: &Quad, sure: f32) -> bool {
        let written = Self::share(&self.written, 0, 0, ACROSS, DOWN);
        let (mut portrait, mut zone) = (self.portrait(), self.zone());
        self.written.reverse();
        self.rough.reverse();
        portrait = portrait.max(self.portrait());
        zone = zone.max(self.zone());
        let aspect = quad.aspect();
        let is_whole = sure <= 0.0;
        let (border, is_level) = (self.border(), quad.is_level());
        let is_seen = |least: f32| is_whole || border < BORDER_MAX && sure > if is_level { SURE_LEVEL } else { least };
        let with_portrait = portrait >= 0.5 && (0.08..0.25).contains(&written) && (3..=14).contains(&self.lines);
        let with_zone =
            zone >= 0.5 && (0.22..0.42).contains(&written) && (4..=8).contains(&self.lines) && aspect > 1.45;
        let is_plain = (0.17..0.26).contains(&written) && (6..=9).contains(&self.lines) && CARD_WHOLE.contains(&aspect);
        with_portrait && border < BORDER_MAX * 3.0 || with_zone && is_seen(SURE_ZONE) || is_plain && is_seen(SURE_PLAIN)
    }

    fn share(of: &[bool], left: usize, top: usize, width: usize, height: usize) -> f32 {
        let rows = of.chunks_exact(ACROSS).skip(top).take(height);
        let count = rows.flat_map(|row| row.iter().skip(left).take(width)).filter(|tile| **tile).count();
        count as f32 / (width * height).max(1) as f32
    }

    /// Shares of such tiles along each side.
    fn sides(of: &[bool]) -> [f32; 4] {
        let sides = [(0, 0, ACROSS, 1), (0, DOWN - 1, ACROSS, 1), (0, 0, 1, DOWN), (ACROSS - 1, 0, 1, DOWN)];
        sides.map(|(left, top, width, height)| Self::share(of, left, top, width, height))
    }

    /// Share of the tiles along the border on which something is written.
    fn border(&self) -> f32 {
        let mut shares = Self::sides(&self.written);
        shares.sort_by(f32::total_cmp);
        shares.iter().take(3).sum::<f32>() / 3.0
    }

    /// How much the best place on the left looks like a portrait beside lines of writing.
    fn portrait(&self) -> f32 {
        let mut best = 0.0f32;
        for (width, height) in [(6, 8), (6, 10), (7, 9)] {
            for left in 0..=5 {
                for top in 4..=DOWN - height {
                    let rough = Self::share(&self.rough, left, top, width, height);
                    let within = Self::share(&self.written, left, top, width, height);
                    let beside = Self::share(&self.written, left + width + 1, top, ACROSS - left - width - 2, height);
                    best = best.max((rough - 1.5 * within).min(beside * 2.5));
                }
            }
        }
        best
    }

    /// How much the lower part looks like a machine-readable zone: written from side to side.
    fn zone(&self) -> f32 {
        let across = |top: usize| Self::share(&self.written, 1, top, ACROSS - 2, 5);
        (DOWN / 2 + 1..DOWN - 5).map(across).fold(0.0, f32::max)
    }
}

/// Lines of writing that stand one above the other, where most do.
fn lines_of_writing(flat: &Gray) -> usize {
    const STRIP: usize = ACROSS * TILE / 4;
    const DIFFERENT: u8 = 48;
    let is_turn = |three: &[u8]| matches!(three, [a, _, c] if a.abs_diff(*c) > DIFFERENT);
    let of_strip = |n: usize| {
        let strip = flat.crop(n * STRIP, 0, STRIP, DOWN * TILE);
        let (mut lines, mut is_in, mut other) = (0, false, 0);
        for row in strip.pixels().chunks_exact(STRIP) {
            let is_busy = row.windows(3).filter(|three| is_turn(three)).count() >= STRIP / 8;
            other = if is_busy == is_in { 0 } else { other + 1 };
            // One row may err.
            if other == 2 {
                (is_in, other) = (is_busy, 0);
                lines += usize::from(is_in);
            }
        }
        lines
    };
    (0..4).map(of_strip).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = 856;
    const HIGH: usize = 540;

    /// Letters, `size` high: strokes and gaps, some of them crossed.
    fn letters(x: usize, y: usize, size: usize) -> bool {
        let stroke = (size / 6).max(1);
        y < size && (x / stroke).is_multiple_of(3) && !(x / size + y / stroke).is_multiple_of(4)
    }

    /// A card: a heading, a portrait, lines beside it.
    fn card(x: usize, y: usize) -> u8 {
        let portrait = (40..220).contains(&x) && (190..430).contains(&y);
        let line = (260..780).contains(&x) && (190..500).contains(&y) && letters(x - 260, (y - 190) % 60, 24);
        let heading = (250..700).contains(&x) && (40..110).contains(&y) && letters(x - 250, (y - 40) % 45, 26);
        match () {
            () if portrait => 60 + ((x / 30 + y / 40) % 3 * 50) as u8,
            () if line || heading => 40,
            () => 215,
        }
    }

    /// A dark table, on which something light lies, leaning.
    fn lying(lean: f32, thing: impl Fn(usize, usize) -> u8, long: usize, high: usize) -> Gray {
        let (width, height) = (1_600, 1_200);
        let (sin, cos) = lean.sin_cos();
        let shade = |n: usize| {
            let (dx, dy) = ((n % width) as f32 - width as f32 / 2.0, (n / width) as f32 - height as f32 / 2.0);
            let (x, y) = (dx * cos + dy * sin + long as f32 / 2.0, dy * cos - dx * sin + high as f32 / 2.0);
            let is_on = x >= 0.0 && y >= 0.0 && x < long as f32 && y < high as f32;
            if is_on { thing(x as usize, y as usize) } else { 70 + (n % width / 200) as u8 }
        };
        Gray::new(width, (0..width * height).map(shade).collect())
    }

    #[test]
    fn a_card_is_seen_however_it_lies_and_when_it_fills_the_picture() {
        for degrees in [0i16, 4, -17, 45, 90, 178, 247] {
            let found = find(&lying(f32::from(degrees).to_radians(), card, LONG, HIGH));
            assert_eq!(found.len(), 1, "{degrees}");
            let aspect = found[0].quad.aspect();
            assert!((aspect / ASPECT - 1.0).abs() < 0.06, "{degrees}: {aspect}");
        }
        let whole = Gray::new(LONG, (0..LONG * HIGH).map(|n| card(n % LONG, n / LONG)).collect());
        assert_eq!(find(&whole).len(), 1);
        assert_eq!(find(&whole.turned()).len(), 1);
    }

    #[test]
    fn other_things_of_its_shape_are_none() {
        let page = |x: usize, y: usize| if x > 40 && y > 30 && letters(x, y % 16, 9) { 40 } else { 235 };
        let scene = |x: usize, y: usize| (90 + x / 9 + y / 7) as u8;
        for (what, picture) in [
            ("nothing", lying(0.2, |_, _| 220, LONG, HIGH)),
            ("a scene", lying(0.2, scene, LONG, HIGH)),
            ("a page of small print", lying(0.2, page, LONG, HIGH)),
            ("a page upright", lying(0.1, page, 700, 990)),
            ("a long slip", lying(0.3, card, LONG, 300)),
        ] {
            assert!(find(&picture).is_empty(), "{what}");
        }
    }

    #[test]
    fn pictures_of_any_size_are_fine() {
        for (width, height) in [(0, 0), (1, 1), (120, 120), (3_000, 121), (121, 3_000)] {
            let noise = |n: usize| (n.wrapping_mul(2_654_435_761) >> 7) as u8;
            assert!(find(&Gray::new(width, (0..width * height).map(noise).collect())).is_empty(), "{width} {height}");
        }
    }
}
