//! A picture in black and white: dark is what is darker than its surroundings.

use super::super::gray::Gray;

/// Dark and light, pixel by pixel.
pub(super) struct Binary {
    width: usize,
    dark: Vec<bool>,
}

/// Side of the blocks over which shades are averaged.
const BLOCK: usize = 8;
/// Blocks to either side that make the mean a pixel is held against: wider than a finder at the sizes looked for.
const AROUND: usize = 2;

impl Binary {
    pub(super) fn new(gray: &Gray) -> Self {
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

    pub(super) fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks_exact(self.width.max(1))
    }

    pub(super) fn is_dark(&self, x: usize, y: usize) -> Option<bool> {
        if x < self.width { self.dark.get(y * self.width + x).copied() } else { None }
    }

    /// Lengths of the five stripes through a point whose middle one is `dark`, along rows or columns, and where the
    /// middle of the middle one lies. `most` bounds each stripe.
    pub(super) fn stripes(&self, x: usize, y: usize, down: bool, dark: bool, most: usize) -> Option<([f32; 5], f32)> {
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
