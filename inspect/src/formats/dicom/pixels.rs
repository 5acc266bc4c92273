//! Pictures of samples, as bitmaps that the room of pictures reads.

use chot_model::OpaqueReason;

use crate::formats::image::PIXELS_MAX;

/// The tags that tell how samples lie (PS3.3, C.7.6.3), and those of drawings laid over them.
const SAMPLES: u32 = 0x0028_0002;
const PLANES: u32 = 0x0028_0006;
const FRAMES: u32 = 0x0028_0008;
const ROWS: u32 = 0x0028_0010;
const COLUMNS: u32 = 0x0028_0011;
const BITS: u32 = 0x0028_0100;
const SIGNED: u32 = 0x0028_0103;
const OVERLAY_ROWS: u32 = 0x6000_0010;
const OVERLAY_COLUMNS: u32 = 0x6000_0011;
const OVERLAY: u32 = 0x6000_3000;

/// Frames of one picture; more are told as what could not be read.
const FRAMES_MAX: usize = 1 << 16;

/// How samples lie.
#[derive(Default)]
pub(super) struct Pixels {
    columns: usize,
    rows: usize,
    samples: usize,
    bits: usize,
    signed: bool,
    planes: bool,
    frames: Option<usize>,
    overlay: (usize, usize),
}

/// Whether it is a drawing of dots over the picture; there may be sixteen.
pub(super) const fn is_overlay(tag: u32) -> bool {
    tag & 0xff01_ffff == OVERLAY
}

impl Pixels {
    /// Takes note of what an element tells.
    pub(super) fn take(&mut self, tag: u32, value: &[u8], big: bool) {
        let short = || short(value, big).map_or(0, usize::from);
        match tag {
            SAMPLES => self.samples = short(),
            PLANES => self.planes = short() == 1,
            ROWS => self.rows = short(),
            COLUMNS => self.columns = short(),
            BITS => self.bits = short(),
            SIGNED => self.signed = short() == 1,
            FRAMES => {
                self.frames = std::str::from_utf8(value).ok().and_then(|n| n.trim_matches(['\0', ' ']).parse().ok());
            }
            _ if tag & 0xff01_ffff == OVERLAY_ROWS => self.overlay.1 = short(),
            _ if tag & 0xff01_ffff == OVERLAY_COLUMNS => self.overlay.0 = short(),
            _ => {}
        }
    }

    /// The frames that bytes of samples are.
    ///
    /// # Errors
    /// They are none that is understood, or too large to be looked at.
    pub(super) fn frames<'v>(
        &self,
        tag: u32,
        value: &'v [u8],
        big: bool,
    ) -> Result<impl Iterator<Item = Vec<u8>> + use<'v>, OpaqueReason> {
        let is_overlay = is_overlay(tag);
        let (columns, rows) = if is_overlay { self.overlay } else { (self.columns, self.rows) };
        let Self { samples, bits, signed, planes, .. } = *self;
        let dots = columns.saturating_mul(rows);
        // Each bit of a drawing becomes a byte.
        if dots as u64 > PIXELS_MAX {
            return Err(OpaqueReason::TooLarge);
        }
        let frames = if is_overlay { 1 } else { self.frames.unwrap_or(1) };
        let len = match (is_overlay, samples, bits) {
            (true, ..) => dots.div_ceil(8),
            (false, 1, 8) => dots,
            (false, 1, 16) => dots * 2,
            (false, 3, 8) => dots * 3,
            _ => return Err(OpaqueReason::UnsupportedFormat),
        };
        // What stands behind the last frame fills it up.
        let is_all = len.checked_mul(frames).is_some_and(|all| all <= value.len() && value.len() - all < 2);
        if dots == 0 || !is_all || frames > FRAMES_MAX {
            return Err(OpaqueReason::UnsupportedFormat);
        }
        Ok(value.chunks_exact(len).take(frames).map(move |frame| {
            let shades = match (is_overlay, samples, bits) {
                (true, ..) => (0..dots).map(|n| if bit(frame, n) { 255 } else { 0 }).collect(),
                (_, 3, _) if planes => frame.get(..dots).unwrap_or_default().to_vec(),
                (_, 3, _) => frame.as_chunks::<3>().0.iter().map(|dot| *dot.iter().max().unwrap_or(&0)).collect(),
                (_, _, 16) => narrow(frame, big, signed),
                _ => frame.to_vec(),
            };
            bitmap(columns, rows, &shades)
        }))
    }
}

fn bit(bytes: &[u8], n: usize) -> bool {
    bytes.get(n / 8).is_some_and(|byte| byte >> (n % 8) & 1 == 1)
}

fn short(bytes: &[u8], big: bool) -> Option<u16> {
    bytes.first_chunk().map(|two| if big { u16::from_be_bytes(*two) } else { u16::from_le_bytes(*two) })
}

/// Samples of two bytes as shades, the darkest black and the lightest white.
fn narrow(frame: &[u8], big: bool, signed: bool) -> Vec<u8> {
    let flip = if signed { 0x8000 } else { 0 };
    let wide = || frame.as_chunks::<2>().0.iter().map(|two| short(two, big).unwrap_or_default() ^ flip);
    let low = wide().min().unwrap_or_default();
    let range = u32::from(wide().max().unwrap_or_default() - low).max(1);
    wide().map(|sample| (u32::from(sample - low) * 255 / range) as u8).collect()
}

/// A bitmap of shades of grey.
fn bitmap(columns: usize, rows: usize, shades: &[u8]) -> Vec<u8> {
    const HEAD: usize = 14 + 40 + 256 * 4;
    let width = columns.next_multiple_of(4);
    let sides = [(columns as u32).to_le_bytes(), (rows as u32).to_le_bytes()].concat();
    let mut out = Vec::with_capacity(HEAD + width * rows);
    out.extend([b"BM\0\0\0\0\0\0\0\0", &(HEAD as u32).to_le_bytes()[..], b"\x28\0\0\0", &sides].concat());
    out.extend([1, 0, 8, 0]);
    out.extend([0; 24]);
    out.extend((0..=255u8).flat_map(|shade| [shade, shade, shade, 0]));
    // The lowest row stands first.
    for row in shades.chunks(columns).rev() {
        out.extend_from_slice(row);
        out.resize(out.len() + width - columns, 0);
    }
    out
}
