//! A picture in shades of grey, and the few ways of looking at one that reading codes and telling cards need.

/// Pixels row by row, one byte each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gray {
    width: usize,
    pixels: Vec<u8>,
}

impl Gray {
    /// A picture of these pixels; what is over a whole number of rows is dropped.
    pub(crate) fn new(width: usize, mut pixels: Vec<u8>) -> Self {
        let rows = pixels.len().checked_div(width).unwrap_or_default();
        pixels.truncate(rows * width);
        Self { width, pixels }
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width).unwrap_or_default()
    }

    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// A part of it, as far as it lies within.
    pub(crate) fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        let left = left.min(self.width);
        let width = width.min(self.width - left);
        let rows = self.pixels.chunks_exact(self.width.max(1)).skip(top).take(height);
        Self { width, pixels: rows.flat_map(|row| row.get(left..left + width).unwrap_or_default()).copied().collect() }
    }

    /// With its darkest shades made black and its lightest white.
    pub(crate) fn stretched(mut self) -> Self {
        let mut counts = [0usize; 256];
        for pixel in &self.pixels {
            if let Some(count) = counts.get_mut(usize::from(*pixel)) {
                *count += 1;
            }
        }
        // A hundredth on either side may be specks.
        let most = self.pixels.len() / 100;
        let edge = |shades: &mut dyn Iterator<Item = (usize, &usize)>| {
            let mut sum = 0;
            for (shade, count) in shades {
                sum += count;
                if sum > most {
                    return shade;
                }
            }
            0
        };
        let (low, high) = (edge(&mut counts.iter().enumerate()), edge(&mut counts.iter().enumerate().rev()));
        if high > low {
            for pixel in &mut self.pixels {
                *pixel = (usize::from(*pixel).saturating_sub(low) * 255 / (high - low)).min(255) as u8;
            }
        }
        self
    }

    /// Turned by a quarter, to the right.
    pub(crate) fn turned(&self) -> Self {
        let (width, height) = (self.width, self.height());
        let pixel = |x: usize, y: usize| self.pixels.get(y * width + x).copied().unwrap_or_default();
        Self { width: height, pixels: (0..width).flat_map(|x| (0..height).rev().map(move |y| pixel(x, y))).collect() }
    }

    /// The shade at a point, between the four pixels around it; the border goes on outside.
    #[inline]
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        // Within the picture, where nearly all of it is asked for.
        let (left, top) = ((x - 0.5) as usize, (y - 0.5) as usize);
        let first = top.saturating_mul(self.width).saturating_add(left);
        if x >= 0.5
            && y >= 0.5
            && left + 1 < self.width
            && let Some([a, b]) = self.pixels.get(first..).and_then(<[u8]>::first_chunk)
            && let Some([c, d]) = self.pixels.get(first + self.width..).and_then(<[u8]>::first_chunk)
        {
            let (fx, fy) = (x - 0.5 - left as f32, y - 0.5 - top as f32);
            let [a, b, c, d] = [a, b, c, d].map(|shade| f32::from(*shade));
            let above = a + (b - a) * fx;
            return above + (c + (d - c) * fx - above) * fy;
        }
        self.at_border(x, y)
    }

    /// The same where not all four pixels are there.
    fn at_border(&self, x: f32, y: f32) -> f32 {
        let (width, height) = (self.width, self.height());
        let (x, y) = (
            (x - 0.5).clamp(0.0, width.saturating_sub(1) as f32),
            (y - 0.5).clamp(0.0, height.saturating_sub(1) as f32),
        );
        let (left, top) = (x as usize, y as usize);
        let (right, low) = ((left + 1).min(width.saturating_sub(1)), (top + 1).min(height.saturating_sub(1)));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let pixel = |x: usize, y: usize| f32::from(self.pixels.get(y * width + x).copied().unwrap_or_default());
        let above = pixel(left, top) + (pixel(right, top) - pixel(left, top)) * fx;
        let below = pixel(left, low) + (pixel(right, low) - pixel(left, low)) * fx;
        above + (below - above) * fy
    }

    /// Half as wide and high: each pixel the mean of four.
    pub(crate) fn half(&self) -> Self {
        let width = self.width / 2;
        let mut pixels = Vec::with_capacity(width * (self.height() / 2));
        if width > 0 {
            for rows in self.pixels.chunks_exact(self.width * 2) {
                let (above, below) = rows.split_at(self.width);
                pixels.extend(above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0).map(|([a, b], [c, d])| {
                    let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
                    ((sum + 2) >> 2) as u8
                }));
            }
        }
        Self { width, pixels }
    }

    /// Made smaller until neither side is longer than `side`: halved, then smooth between the pixels.
    pub(crate) fn shrunk(&self, side: usize) -> Self {
        let most = self.width.max(self.height());
        if most <= side {
            return self.clone();
        }
        if most >= side * 2 {
            return self.half().shrunk(side);
        }
        let by = most as f32 / side.max(1) as f32;
        let (width, height) = ((self.width as f32 / by) as usize, (self.height() as f32 / by) as usize);
        let pixel = |n: usize| self.at(((n % width) as f32 + 0.5) * by, ((n / width) as f32 + 0.5) * by) as u8;
        Self { width, pixels: (0..width * height).map(pixel).collect() }
    }

    /// Twice as wide and high, smooth between the pixels.
    pub(crate) fn double(&self) -> Self {
        let width = self.width * 2;
        let mut pixels = Vec::with_capacity(self.pixels.len() * 4);
        for y in 0..self.height() * 2 {
            pixels.extend((0..width).map(|x| self.at((x as f32 + 0.5) / 2.0, (y as f32 + 0.5) / 2.0) as u8));
        }
        Self { width, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_are_odd_or_nothing_are_fine() {
        for (width, len) in [(0, 0), (0, 9), (1, 1), (1, 7), (3, 8), (5, 25)] {
            let gray = Gray::new(width, vec![200; len]);
            let half = gray.half();
            let high = if width < 2 { 0 } else { gray.height() / 2 };
            assert_eq!((half.width(), half.height()), (width / 2, high));
            assert!(half.pixels().iter().chain(gray.double().pixels()).all(|p| *p == 200));
        }
    }

    #[test]
    fn parts_and_turns() {
        let gray = Gray::new(3, vec![1, 2, 3, 4, 5, 6]);
        assert_eq!(gray.crop(1, 0, 9, 9), Gray::new(2, vec![2, 3, 5, 6]));
        assert_eq!(gray.crop(5, 5, 9, 9), Gray::default());
        assert_eq!(gray.turned(), Gray::new(2, vec![4, 1, 5, 2, 6, 3]));
        assert_eq!(Gray::new(2, vec![100, 120, 140, 140]).stretched(), Gray::new(2, vec![0, 127, 255, 255]));
    }

    #[test]
    fn between_pixels_lies_what_is_between() {
        let gray = Gray::new(2, vec![0, 100, 50, 150]);
        for (x, y, shade) in [(0.5, 0.5, 0.0), (1.0, 0.5, 50.0), (1.0, 1.0, 75.0), (9.0, 9.0, 150.0), (-9.0, -9.0, 0.0)]
        {
            assert!((gray.at(x, y) - shade).abs() < 0.01, "{x} {y}");
        }
    }
}
