//! What a file of pictures shows, frame by frame, within bounds that are asked before memory is.

use chot_model::OpaqueReason;

use super::gray::Gray;

/// Pixels of one picture: twice what the largest telephones make.
pub(crate) const PIXELS_MAX: u64 = 50_000_000;

/// How much one file may ask for.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// Pixels of one picture.
    pub(crate) pixels_max: u64,
    /// Pixels of all frames or pages together.
    pub(crate) pixels_all: u64,
    /// Frames or pages.
    pub(crate) frames_max: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { pixels_max: PIXELS_MAX, pixels_all: 200_000_000, frames_max: 256 }
    }
}

/// Takes the frames of one file.
pub(super) struct Frames<'a> {
    budget: &'a Budget,
    pixels: u64,
    frames: u32,
    each: &'a mut dyn FnMut(&Gray),
    last: Option<Gray>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(budget: &'a Budget, each: &'a mut dyn FnMut(&Gray)) -> Self {
        Self { budget, pixels: 0, frames: 0, each, last: None }
    }

    /// Asks for a frame of this size, before anything is set aside for it. Returns its pixels.
    ///
    /// # Errors
    /// It is too large, or one too many.
    pub(super) fn admit(&mut self, width: impl Into<u64>, height: impl Into<u64>) -> Result<usize, OpaqueReason> {
        let (width, height) = (width.into(), height.into());
        if width == 0 || height == 0 {
            return Err(OpaqueReason::ParseError);
        }
        let pixels = width.saturating_mul(height);
        self.pixels = self.pixels.saturating_add(pixels);
        self.frames += 1;
        if pixels > self.budget.pixels_max || self.pixels > self.budget.pixels_all {
            return Err(OpaqueReason::TooLarge);
        }
        if self.frames > self.budget.frames_max {
            return Err(OpaqueReason::TooMany);
        }
        usize::try_from(pixels).map_err(|_| OpaqueReason::TooLarge)
    }

    /// Bytes a decoder may set aside: with the shades and what is made of them, a worker stays below 256 MiB.
    pub(super) const fn bytes_max(&self) -> usize {
        128 << 20
    }

    /// Sets so many bytes aside for a decoder.
    ///
    /// # Errors
    /// They are too many.
    pub(super) fn buffer(&self, bytes: Option<usize>) -> Result<Vec<u8>, OpaqueReason> {
        let bytes = bytes.filter(|bytes| *bytes <= self.bytes_max()).ok_or(OpaqueReason::TooLarge)?;
        Ok(vec![0; bytes])
    }

    /// Hands a frame over, unless it shows what the last one did.
    pub(super) fn show(&mut self, gray: Gray) {
        if self.last.as_ref() != Some(&gray) {
            (self.each)(&gray);
            self.last = Some(gray);
        }
    }

    /// Hands over a frame of so many samples a pixel: grey, grey and alpha, RGB, or RGBA. What is transparent is seen
    /// on white, and on black as well: either may be what makes it legible.
    pub(super) fn show_samples(&mut self, width: usize, samples: usize, bytes: Vec<u8>) -> Result<(), OpaqueReason> {
        let clear = |alpha: &u8| *alpha < 128;
        match samples {
            1 => self.show(Gray::new(width, bytes)),
            3 => {
                let shades = bytes.as_chunks::<3>().0.iter().map(|[r, g, b]| luma(*r, *g, *b)).collect();
                // What it was decoded to is large, and looking takes memory too.
                drop(bytes);
                self.show(Gray::new(width, shades));
            }
            2 | 4 => {
                let on = |ground: u8| -> Vec<u8> {
                    let pixels = bytes.chunks_exact(samples);
                    let shade = |pixel: &[u8]| match pixel {
                        [v, a] => over(*v, *a, ground),
                        [r, g, b, a] => over(luma(*r, *g, *b), *a, ground),
                        _ => ground,
                    };
                    pixels.map(shade).collect()
                };
                let on_white = on(255);
                let is_clear = bytes.chunks_exact(samples).filter_map(<[u8]>::last).any(clear);
                let on_black = is_clear.then(|| on(0));
                drop(bytes);
                self.show(Gray::new(width, on_white));
                if let Some(on_black) = on_black {
                    self.show(Gray::new(width, on_black));
                }
            }
            _ => return Err(OpaqueReason::UnsupportedFormat),
        }
        Ok(())
    }
}

/// The shade of a colour (ITU-R BT.601).
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b)) >> 8) as u8
}

/// A shade that lets through what is behind it.
pub(super) fn over(shade: u8, alpha: u8, ground: u8) -> u8 {
    ((u32::from(shade) * u32::from(alpha) + u32::from(ground) * (255 - u32::from(alpha))) / 255) as u8
}

/// A picture on which frames are drawn one over the other.
pub(super) struct Canvas {
    width: usize,
    pixels: Vec<u8>,
}

/// Where a frame lies on its canvas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
}

impl Canvas {
    /// A white one.
    pub(super) fn new(width: usize, pixels: usize) -> Self {
        Self { width, pixels: vec![255; pixels] }
    }

    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn restore(&mut self, pixels: Vec<u8>) {
        self.pixels = pixels;
    }

    /// Draws a frame of RGBA (or RGB, …) pixels; what would lie outside is left away.
    pub(super) fn draw(&mut self, area: Area, samples: usize, bytes: &[u8]) {
        self.each(area, bytes.chunks_exact(samples.max(1)), |old, new| match new {
            [v] => *old = *v,
            [v, a] => *old = over(*v, *a, *old),
            [r, g, b] => *old = luma(*r, *g, *b),
            [r, g, b, a] => *old = over(luma(*r, *g, *b), *a, *old),
            _ => {}
        });
    }

    /// Makes an area white again.
    pub(super) fn clear(&mut self, area: Area, height: usize) {
        self.each(area, std::iter::repeat_n((), area.width * height), |old, ()| *old = 255);
    }

    fn each<T>(&mut self, area: Area, mut pixels: impl Iterator<Item = T>, set: impl Fn(&mut u8, T)) {
        for row in self.pixels.chunks_exact_mut(self.width.max(1)).skip(area.top) {
            let from = area.left.min(row.len());
            let to = (area.left + area.width).min(row.len());
            let cells = row.get_mut(from..to).unwrap_or_default();
            let drawn = cells.len();
            for (old, new) in cells.iter_mut().zip(&mut pixels) {
                set(old, new);
            }
            // The rest of the frame's row lies beyond the border.
            for _ in drawn..area.width {
                pixels.next();
            }
        }
    }

    pub(super) fn picture(&self) -> Gray {
        Gray::new(self.width, self.pixels.clone())
    }
}
