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

    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.width.max(1))
    }

    /// The shade at a point, between the four pixels around it; the border goes on outside.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
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
            assert_eq!((half.width(), half.height()), (width / 2, gray.height() / 2));
            assert!(half.pixels().iter().chain(gray.double().pixels()).all(|p| *p == 200));
        }
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
