//! Makes writing ready for a reader of print: its lines level and its letters as high as such a reader likes them.
//!
//! Which way up it is, of the two that are left then, is not told here: that takes reading. Nor is a page told from a
//! meadow.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

use super::gray::Gray;

/// Height of small letters that is read well.
const LETTER: f32 = 22.0;
/// Side of a page for the reader: larger takes longer and reads no better.
pub(super) const SIDE_MAX: usize = 2_400;
/// More than so much smaller or larger is no use.
const LARGER_MAX: f32 = 2.0;
/// Side of the picture in which lines are looked for.
const SIDE: usize = 1_000;
/// A smaller change from one dot to the next is paper.
const STEEP: u8 = 16;
/// So many times as many strokes one way tell which way writing runs.
const MORE_STROKES: f32 = 1.06;
/// Lines that lean less are level.
const LEVEL: f32 = 0.02;

/// The picture with its lines of writing level, and scaled.
pub(super) fn page(gray: &Gray) -> Gray {
    let small = gray.shrunk(SIDE);
    if small.width().min(small.height()) < 8 {
        return gray.clone().stretched();
    }
    let lean = lean(&small);
    let level = if lean.abs() < LEVEL { small.clone() } else { turned(&small, lean, 1.0) };
    let side = level.turned();
    let (along, down) = (Profile::of(&level), Profile::of(&side));
    let (strokes, turned_strokes) = (strokes(&level), strokes(&side));
    // Columns of a table part it more clearly than its lines do, so the letters are asked first.
    let is_turned = match () {
        () if strokes > turned_strokes * MORE_STROKES => false,
        () if turned_strokes > strokes * MORE_STROKES => true,
        () => down.contrast > along.contrast,
    };
    let (profile, lean) = if is_turned { (down, lean + FRAC_PI_2) } else { (along, lean) };
    let by = gray.width() as f32 / small.width() as f32;
    let most = SIDE_MAX as f32 / gray.width().max(gray.height()) as f32;
    let scale = profile.letter.map_or(1.0, |letter| LETTER / (letter * by)).min(LARGER_MAX).min(most);
    let mut source = gray.clone();
    let mut left = scale;
    while left < 0.6 {
        source = source.half();
        left *= 2.0;
    }
    // What is level stays so: a screen's letters are read best on the grid that they were drawn on.
    let lean = if (lean - if is_turned { FRAC_PI_2 } else { 0.0 }).abs() < LEVEL {
        if is_turned { FRAC_PI_2 } else { 0.0 }
    } else {
        lean
    };
    if lean == 0.0 && (left - 1.0).abs() < 0.1 {
        return source.stretched();
    }
    turned(&source, lean, left).stretched()
}

/// By how much the strokes lean from the sides of the picture, at most an eighth of a turn: most stand upright on their
/// line or lie along it.
fn lean(gray: &Gray) -> f32 {
    const STEPS: usize = 90;
    /// Less steep is paper.
    const STEEP: i32 = 160;
    let mut counts = [0u64; STEPS];
    let rows: Vec<&[u8]> = gray.pixels().chunks_exact(gray.width().max(1)).collect();
    for three in rows.windows(3) {
        let [above, here, below] = three else { continue };
        for ((a, b), c) in above.windows(3).zip(here.windows(3)).zip(below.windows(3)) {
            let ([a, b, c], [d, _, e], [f, g, h]) = (a, b, c) else { continue };
            let [a, b, c, d, e, f, g, h] = [a, b, c, d, e, f, g, h].map(|shade| i32::from(*shade));
            let (across, down) = (c + 2 * e + h - a - 2 * d - f, f + 2 * g + h - a - 2 * b - c);
            if across.abs() + down.abs() >= STEEP {
                let angle = (down as f32).atan2(across as f32);
                // Each step is around its angle, so that what is level is of one.
                let at = (angle.rem_euclid(FRAC_PI_2) / FRAC_PI_2 * STEPS as f32 + 0.5) as usize % STEPS;
                if let Some(count) = counts.get_mut(at) {
                    *count += 1;
                }
            }
        }
    }
    // Weighed, so that the middle of a peak is the best of it.
    let near = |at: usize| -> u64 {
        let weighed = [1, 2, 3, 2, 1].into_iter().enumerate();
        weighed.map(|(n, by)| by * counts.get((at + n + STEPS - 2) % STEPS).copied().unwrap_or_default()).sum()
    };
    let best = (0..STEPS).max_by_key(|at| near(*at)).unwrap_or_default();
    let angle = best as f32 * FRAC_PI_2 / STEPS as f32;
    if angle > FRAC_PI_4 { angle - FRAC_PI_2 } else { angle }
}

/// The picture turned so that what leaned by `lean` is level, made larger by `scale`. The ground goes on outside.
fn turned(gray: &Gray, lean: f32, scale: f32) -> Gray {
    let (sin, cos) = lean.sin_cos();
    let (width, height) = (gray.width() as f32, gray.height() as f32);
    let most = SIDE_MAX as f32;
    let wide = ((width * cos.abs() + height * sin.abs()) * scale).min(most) as usize;
    let high = ((width * sin.abs() + height * cos.abs()) * scale).min(most) as usize;
    let sum: u64 = gray.pixels().iter().map(|shade| u64::from(*shade)).sum();
    let ground = (sum / gray.pixels().len().max(1) as u64) as u8;
    let mut pixels = Vec::with_capacity(wide * high);
    for y in 0..high {
        let dy = (y as f32 + 0.5 - high as f32 / 2.0) / scale;
        for x in 0..wide {
            let dx = (x as f32 + 0.5 - wide as f32 / 2.0) / scale;
            let (x, y) = (width / 2.0 + dx * cos - dy * sin, height / 2.0 + dx * sin + dy * cos);
            let is_in = x >= 0.0 && y >= 0.0 && x < width && y < height;
            pixels.push(if is_in { gray.at(x, y) as u8 } else { ground });
        }
    }
    Gray::new(wide, pixels)
}

/// How much rows change along their way, without rules and borders: letters have more upright strokes than level ones.
fn strokes(gray: &Gray) -> f32 {
    /// No letter is as high.
    const HIGH: u32 = 48;
    #[derive(Clone, Copy, Default)]
    struct Edge {
        rises: bool,
        rows: u32,
        sum: u32,
    }
    let mut edges = vec![Edge::default(); gray.width().saturating_sub(1)];
    let mut all = 0u64;
    let mut end = |edge: Edge| all += if edge.rows < HIGH { u64::from(edge.sum) } else { 0 };
    for row in gray.pixels().chunks_exact(gray.width().max(1)) {
        for (edge, two) in edges.iter_mut().zip(row.windows(2)) {
            let [left, right] = two else { continue };
            let (step, rises) = (left.abs_diff(*right), right > left);
            if step < STEEP || edge.rises != rises {
                end(std::mem::take(edge));
            }
            if step >= STEEP {
                *edge = Edge { rises, rows: edge.rows + 1, sum: edge.sum + u32::from(step) };
            }
        }
    }
    edges.into_iter().for_each(end);
    all as f32
}

/// What the rows of a picture tell of lines.
struct Profile {
    /// How much busy rows differ from those between.
    contrast: f32,
    /// Height of small letters, if there are lines.
    letter: Option<f32>,
}

impl Profile {
    fn of(gray: &Gray) -> Self {
        let busy = busy(gray);
        let mean = busy.iter().sum::<f32>() / busy.len().max(1) as f32;
        // From one row to the next, so that a dark side of the picture is no line.
        let steps = busy.windows(2).map(|two| if let [a, b] = two { (a - b).abs() } else { 0.0 });
        let contrast = steps.sum::<f32>() / (mean.max(1e-3) * busy.len().max(1) as f32);
        let (mut runs, mut run) = (Vec::new(), 0usize);
        for row in busy.iter().chain([&0.0]) {
            if *row > mean {
                run += 1;
            } else if run > 0 {
                runs.push(run);
                run = 0;
            }
        }
        runs.retain(|run| *run >= 2);
        runs.sort_unstable();
        Self { contrast, letter: runs.get(runs.len() / 2).map(|run| *run as f32) }
    }
}

/// How much each row changes along its way.
pub(super) fn busy(gray: &Gray) -> Vec<f32> {
    let row = |row: &[u8]| {
        let steps = row.windows(2).map(|two| if let [a, b] = two { a.abs_diff(*b) } else { 0 });
        steps.filter(|step| *step >= STEEP).map(f32::from).sum::<f32>()
    };
    gray.pixels().chunks_exact(gray.width().max(1)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of strokes, `size` high and twice as far apart.
    fn lines(size: usize) -> Gray {
        let shade = |n: usize| {
            let (x, y) = (n % 600, n / 600);
            let is_in = (60..540).contains(&x) && (40..360).contains(&y);
            let row = y % (size * 2);
            // Strokes of one line do not stand above those of the next.
            let along = x + y / (size * 2) * 3;
            let stroke = row < size && (along % 7 < 2 || row < 2 && along % 24 < 12);
            if is_in && stroke { 20 } else { 240 }
        };
        Gray::new(600, (0..600 * 400).map(shade).collect())
    }

    #[test]
    fn lines_that_lean_are_made_level() {
        for degrees in [-40i8, -20, -7, 3, 12, 30, 43] {
            let leaning = turned(&lines(16), -f32::from(degrees).to_radians(), 1.0);
            let found = lean(&leaning).to_degrees();
            assert!((found - f32::from(degrees)).abs() < 3.5, "{degrees}: {found}");
        }
    }

    #[test]
    fn a_page_comes_back_level_and_in_the_size_that_is_read() {
        for (page_in, what) in [
            (lines(10), "as it is"),
            (lines(10).turned(), "on its side"),
            (lines(10).double(), "large"),
            (turned(&lines(10), 0.3, 1.0), "leaning"),
        ] {
            let page = page(&page_in);
            let profile = Profile::of(&page);
            assert!(profile.contrast > Profile::of(&page.turned()).contrast, "{what}");
            let letter = profile.letter.unwrap_or_default();
            assert!((8.0..30.0).contains(&letter), "{what}: {letter}");
        }
    }

    #[test]
    fn pictures_of_any_size_are_fine() {
        for (width, height) in [(0, 0), (1, 1), (9, 9), (3_000, 8), (8, 3_000)] {
            page(&Gray::new(width, vec![77; width * height]));
        }
    }
}
