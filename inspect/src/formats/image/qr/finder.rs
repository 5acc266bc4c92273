//! Finder patterns: the three squares of a code, seen as 1:1:3:1:1 along any line through their middle.

use std::cmp::Reverse;

use super::super::gray::Gray;
use super::Work;
use super::binary::Binary;
use super::frame::Point;
use super::star::Star;

/// A square that may be a finder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finder {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Pixels a module.
    pub(super) module: f32,
    /// Its middle is light: the code stands light on dark.
    pub(super) light: bool,
    pub(super) star: Star,
}

impl Finder {
    /// Pixels a module towards a point.
    pub(super) fn towards(&self, (x, y): Point) -> f32 {
        self.star.towards((x - self.x, y - self.y))
    }
}

/// A place where something was seen that may be one.
#[derive(Clone, Copy, Debug)]
struct Sight {
    x: f32,
    y: f32,
    module: f32,
    /// Rows in which it was seen.
    rows: u32,
    light: bool,
}

/// The width of a module when five stripes are 1:1:3:1:1. Neighbours are judged together: ink and light that spread
/// make dark stripes wider by as much as they make light ones narrower.
fn module([a, b, c, d, e]: [f32; 5]) -> Option<f32> {
    let module = (a + b + c + d + e) / 7.0;
    let near = |length: f32, modules: f32| (length - modules * module).abs() <= 0.25 * modules * module + 0.6;
    let fits = a.min(b).min(d).min(e) >= 0.3 * module && c >= 1.8 * module && c <= 4.2 * module;
    (module >= 1.1 && fits && near(a + b, 2.0) && near(b + c, 4.0) && near(c + d, 4.0) && near(d + e, 2.0))
        .then_some(module)
}

/// Most finders that are told; a picture full of squares is no code.
const FINDERS_MAX: usize = 160;
/// Most that are told without looking like one along every ray.
const GUESSED_MAX: usize = 64;
/// Most that the best are chosen from.
const STARS_MAX: usize = 2_000;
/// Most sights that are looked at more closely.
const SEEN_MAX: usize = 40_000;
/// Shades that looking along rays may cost in one look at a picture: noise has sights by the ten thousand.
const STARS_WORK_MAX: u64 = 6_000_000;
/// Rows in which it is seen, for each pixel of a module: of three in every two, a fifth, as one that is turned
/// has its proportions only near the middle.
const ROWS_MIN: f32 = 0.3;
/// Larger modules are looked for in the picture made smaller.
const MODULE_MAX: f32 = 24.0;

/// The finders of a picture, those that are most like one first.
pub(super) fn finders(gray: &Gray, work: &Work) -> Vec<Finder> {
    let (mut finders, mut guessed): (Vec<Finder>, Vec<Sight>) = (Vec::new(), Vec::new());
    let before = work.left();
    for sight in sights(gray) {
        // What a middle is as high as shows in so many rows, unless it moved.
        let is_plain = sight.rows as f32 >= ROWS_MIN * sight.module
            && finders.len() < STARS_MAX
            && before - work.left() < STARS_WORK_MAX;
        match is_plain.then(|| Star::new(gray, (sight.x, sight.y), sight.module, sight.light, work)).flatten() {
            Some(star) => add_finder(&mut finders, star, star.module(), sight.light),
            None => guessed.push(sight),
        }
    }
    finders.sort_by(|a, b| b.star.good.cmp(&a.star.good).then(b.module.total_cmp(&a.module)));
    finders.truncate(FINDERS_MAX);
    guessed.sort_by(|a, b| b.rows.cmp(&a.rows).then(b.module.total_cmp(&a.module)));
    for sight in guessed.into_iter().take(GUESSED_MAX) {
        let star = Star::guessed((sight.x, sight.y), sight.module);
        add_finder(&mut finders, star, sight.module, sight.light);
    }
    finders
}

/// Adds a finder unless it is known.
fn add_finder(finders: &mut Vec<Finder>, star: Star, module: f32, light: bool) {
    let (x, y) = star.middle;
    let is_same = |old: &Finder| (old.x - x).abs().max((old.y - y).abs()) <= module && old.light == light;
    if !finders.iter().any(is_same) {
        finders.push(Finder { x, y, module, light, star });
    }
}

/// Where rows and columns are striped like a finder, those seen in most rows first.
fn sights(gray: &Gray) -> Vec<Sight> {
    let binary = Binary::new(gray);
    let mut seen: Vec<Sight> = Vec::new();
    let mut ends = Vec::new();
    for (y, row) in binary.rows().enumerate().step_by(2) {
        let mut runs = [0f32; 5];
        let (mut color, mut start) = (row.first().copied().unwrap_or_default(), 0);
        ends.clear();
        for (x, dark) in row.iter().enumerate() {
            if *dark != color {
                color = *dark;
                ends.push(x);
            }
        }
        ends.push(row.len());
        for end in &ends {
            runs.rotate_left(1);
            runs[4] = (end - start) as f32;
            start = *end;
            let Some(module) = module(runs).filter(|m| *m <= MODULE_MAX) else { continue };
            let [.., c, d, e] = runs;
            let x = *end as f32 - e - d - c / 2.0;
            if seen.len() < SEEN_MAX
                && let Some(sight) = check(&binary, x, y, module)
            {
                add(&mut seen, sight);
            }
        }
    }
    seen.sort_by_key(|sight| Reverse(sight.rows));
    seen
}

/// A finder whose row was seen, looked at along its column and then its row through the true middle.
fn check(binary: &Binary, x: f32, y: usize, across: f32) -> Option<Sight> {
    let most = (across * 6.0) as usize + 2;
    let dark = binary.is_dark(x as usize, y)?;
    let (stripes, middle_y) = binary.stripes(x as usize, y, true, dark, most)?;
    let down = module(stripes)?;
    let (stripes, middle_x) = binary.stripes(x as usize, middle_y as usize, false, dark, most)?;
    let again = module(stripes)?;
    let alike = |a: f32, b: f32| a <= b * 2.5 + 0.5 && b <= a * 2.5 + 0.5;
    (alike(across, down) && alike(again, down)).then_some(Sight {
        x: middle_x,
        y: middle_y,
        module: (again + down) / 2.0,
        rows: 1,
        light: !dark,
    })
}

/// Adds a sight, to the one it belongs to when that was seen before.
fn add(seen: &mut Vec<Sight>, new: Sight) {
    // Rows come from the top: what was seen lately is near the end.
    const LATELY: usize = 200;
    let old = seen.iter_mut().rev().take(LATELY).find(|old| {
        let far = (old.x - new.x).abs().max((old.y - new.y).abs());
        old.light == new.light
            && far <= new.module * 1.5
            && new.module <= old.module * 1.5
            && old.module <= new.module * 1.5
    });
    let Some(old) = old else { return seen.push(new) };
    let share = 1.0 / (old.rows + 1) as f32;
    old.x += (new.x - old.x) * share;
    old.y += (new.y - old.y) * share;
    old.module += (new.module - old.module) * share;
    old.rows += 1;
}
