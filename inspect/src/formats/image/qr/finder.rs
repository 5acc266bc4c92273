//! Finder patterns: the three squares of a code, seen as 1:1:3:1:1 along any line through their middle.

use super::super::gray::Gray;

/// A square that may be a finder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finder {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Pixels a module, along rows and columns.
    pub(super) module: f32,
    /// Rows in which it was seen.
    pub(super) rows: u32,
    /// Its middle is light: the code stands light on dark.
    pub(super) light: bool,
}

/// Dark and light, pixel by pixel.
struct Binary {
    width: usize,
    dark: Vec<bool>,
}

/// Side of the blocks over which shades are averaged.
const BLOCK: usize = 8;
/// Blocks to either side that make the mean a pixel is held against: wider than a finder at the sizes looked for.
const AROUND: usize = 2;

impl Binary {
    /// Dark is what is darker than its surroundings.
    fn new(gray: &Gray) -> Self {
        let (width, height) = (gray.width(), gray.height());
        let (across, down) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        // Sums of whole blocks; those cut off at the border are made up from what there is of them.
        let mut means = Vec::with_capacity(across * down);
        for rows in gray.pixels().chunks(width.max(1) * BLOCK) {
            let mut sums = vec![0u32; across];
            for row in rows.chunks_exact(width.max(1)) {
                for (sum, block) in sums.iter_mut().zip(row.chunks(BLOCK)) {
                    *sum += block.iter().map(|p| u32::from(*p)).sum::<u32>();
                }
            }
            let high = (rows.len() / width.max(1)).max(1) as u32;
            let last = across.saturating_sub(1);
            means.extend(sums.iter().enumerate().map(|(n, sum)| {
                let wide = if n == last { width - n * BLOCK } else { BLOCK };
                (sum * 16 / (wide as u32 * high)) as u16
            }));
        }
        let limits = smooth(&means, across);
        let mut dark = Vec::with_capacity(width * height);
        for (rows, limits) in gray.pixels().chunks(width.max(1) * BLOCK).zip(limits.chunks_exact(across.max(1))) {
            for row in rows.chunks_exact(width.max(1)) {
                for (block, limit) in row.chunks(BLOCK).zip(limits) {
                    dark.extend(block.iter().map(|p| u16::from(*p) * 16 < *limit));
                }
            }
        }
        Self { width, dark }
    }

    fn is_dark(&self, x: usize, y: usize) -> Option<bool> {
        if x < self.width { self.dark.get(y * self.width + x).copied() } else { None }
    }

    /// Lengths of the five stripes through a point whose middle one is `dark`, along rows or columns, and where the
    /// middle of the middle one lies. `most` bounds each stripe.
    fn stripes(&self, x: usize, y: usize, down: bool, dark: bool, most: usize) -> Option<([f32; 5], f32)> {
        let at = |n: isize| {
            let (x, y) = if down { (x, y.checked_add_signed(n)?) } else { (x.checked_add_signed(n)?, y) };
            self.is_dark(x, y)
        };
        if at(0) != Some(dark) {
            return None;
        }
        let side = |step: isize| {
            let (mut n, mut runs) = (step, [0usize; 3]);
            for (run, color) in runs.iter_mut().zip([dark, !dark, dark]) {
                while at(n) == Some(color) {
                    *run += 1;
                    n += step;
                    if *run > most {
                        return None;
                    }
                }
            }
            Some(runs)
        };
        let ([before, b, a], [after, d, e]) = (side(-1)?, side(1)?);
        let middle = (after as f32 - before as f32) / 2.0 + 0.5;
        let along = if down { y } else { x } as f32 + middle;
        Some(([a as f32, b as f32, (before + after + 1) as f32, d as f32, e as f32], along))
    }
}

/// Means over the blocks around each.
fn smooth(means: &[u16], across: usize) -> Vec<u16> {
    let down = means.len().checked_div(across).unwrap_or_default();
    let window = |n: usize, count: usize| n.saturating_sub(AROUND)..(n + AROUND + 1).min(count);
    let mut limits = Vec::with_capacity(means.len());
    for y in 0..down {
        let rows = window(y, down);
        let high = rows.len() as u32;
        let rows = means.get(rows.start * across..rows.end * across).unwrap_or_default();
        let mut columns = vec![0u32; across];
        for row in rows.chunks_exact(across) {
            for (column, mean) in columns.iter_mut().zip(row) {
                *column += u32::from(*mean);
            }
        }
        for x in 0..across {
            let range = window(x, across);
            let wide = range.len() as u32;
            let sum: u32 = columns.get(range).unwrap_or_default().iter().sum();
            limits.push((sum / (wide * high)) as u16);
        }
    }
    limits
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
const FINDERS_MAX: usize = 64;
/// Most that are looked at before the best are chosen.
const SEEN_MAX: usize = 20_000;
/// Larger modules are looked for in the picture made smaller.
const MODULE_MAX: f32 = 24.0;

/// The finders of a picture, those seen in most rows first.
pub(super) fn finders(gray: &Gray) -> Vec<Finder> {
    let binary = Binary::new(gray);
    let mut seen: Vec<Finder> = Vec::new();
    for (y, row) in binary.dark.chunks_exact(binary.width.max(1)).enumerate().step_by(2) {
        let mut runs = [0f32; 5];
        let (mut color, mut start) = (row.first().copied().unwrap_or_default(), 0);
        let mut ends = Vec::new();
        for (x, dark) in row.iter().enumerate() {
            if *dark != color {
                color = *dark;
                ends.push(x);
            }
        }
        for end in ends.into_iter().chain([row.len()]) {
            runs.rotate_left(1);
            runs[4] = (end - start) as f32;
            start = end;
            let Some(module) = module(runs).filter(|m| *m <= MODULE_MAX) else { continue };
            let [.., c, d, e] = runs;
            let x = end as f32 - e - d - c / 2.0;
            if seen.len() < SEEN_MAX
                && let Some(finder) = check(&binary, x, y, module)
            {
                add(&mut seen, finder);
            }
        }
    }
    seen.sort_by(|a, b| b.rows.cmp(&a.rows).then(b.module.total_cmp(&a.module)));
    seen.truncate(FINDERS_MAX);
    seen
}

/// A finder whose row was seen, looked at along its column and then its row through the true middle.
fn check(binary: &Binary, x: f32, y: usize, across: f32) -> Option<Finder> {
    let most = (across * 6.0) as usize + 2;
    let dark = binary.is_dark(x as usize, y)?;
    let (stripes, middle_y) = binary.stripes(x as usize, y, true, dark, most)?;
    let down = module(stripes)?;
    let (stripes, middle_x) = binary.stripes(x as usize, middle_y as usize, false, dark, most)?;
    let again = module(stripes)?;
    let alike = |a: f32, b: f32| a <= b * 1.8 + 0.5 && b <= a * 1.8 + 0.5;
    (alike(across, down) && alike(again, down)).then_some(Finder {
        x: middle_x,
        y: middle_y,
        module: (again + down) / 2.0,
        rows: 1,
        light: !dark,
    })
}

/// Adds a sight, to the finder it is of when that was seen before.
fn add(seen: &mut Vec<Finder>, new: Finder) {
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
