//! BMP: uncompressed bitmaps of any depth. Run-length and embedded codings are recognised and not read.

use std::ops::Range;

use chot_model::OpaqueReason;

use super::Text;
use super::frames::{Frames, luma};
use crate::formats::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "image/bmp",
    // Two letters alone are no mark: the reserved words are zero, and headers have few lengths.
    matches: |head| {
        let length = head.bytes.get(14..18);
        head.bytes.starts_with(b"BM")
            && head.bytes.get(6..10) == Some(&[0; 4])
            && matches!(length, Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
    },
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0S\xe1\xbb\x91 CCCD 001090123456\0".to_vec(),
};

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    let cut = || OpaqueReason::ParseError;
    let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let data = u32_at(10).ok_or_else(cut)? as usize;
    let header = u32_at(14).ok_or_else(cut)? as usize;
    let (width, height, depth, packing, colors) = if header == 12 {
        let height = u16_at(20).ok_or_else(cut)?;
        (u32::from(u16_at(18).ok_or_else(cut)?), u32::from(height).cast_signed(), u16_at(24).ok_or_else(cut)?, 0, 0)
    } else {
        let height = u32_at(22).ok_or_else(cut)?.cast_signed();
        let (packing, colors) = (u32_at(30).ok_or_else(cut)?, u32_at(46).ok_or_else(cut)?);
        (u32_at(18).ok_or_else(cut)?, height, u16_at(28).ok_or_else(cut)?, packing, colors)
    };
    let pixels = frames.admit(width, height.unsigned_abs())?;
    let (width, depth) = (width as usize, usize::from(depth));
    // 0: none, 3 and 6: the place of each colour is told by masks (MS-WMF, 2.1.1.7).
    if !matches!((packing, depth), (0, 1 | 4 | 8 | 16 | 24 | 32) | (3 | 6, 16 | 32)) {
        return Err(OpaqueReason::UnsupportedFormat);
    }
    let palette = if depth <= 8 {
        let (start, entry) = (14 + header, if header == 12 { 3 } else { 4 });
        let count = if colors == 0 { 1 << depth } else { (colors as usize).min(1 << depth) };
        let table = bytes.get(start..bytes.len().min(start + count * entry)).unwrap_or_default();
        table.chunks_exact(entry).map(|c| if let [b, g, r, ..] = c { luma(*r, *g, *b) } else { 0 }).collect()
    } else {
        Vec::new()
    };
    let masks = match (packing, depth) {
        (0, 16) => [0x7c00, 0x03e0, 0x001f],
        (0, _) => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff],
        _ => [54, 58, 62].map(|at| u32_at(at).unwrap_or_default()),
    };
    let channel = |pixel: u32, mask: u32| {
        let most = mask.checked_shr(mask.trailing_zeros()).unwrap_or_default();
        let value = (pixel & mask).checked_shr(mask.trailing_zeros()).unwrap_or_default();
        (u64::from(value) * 255).checked_div(most.into()).unwrap_or_default() as u8
    };
    let shade = |row: &[u8], x: usize| {
        let byte = |at: usize| row.get(at).copied().unwrap_or_default();
        match depth {
            24 => luma(byte(x * 3 + 2), byte(x * 3 + 1), byte(x * 3)),
            16 | 32 => {
                let n = depth / 8;
                let pixel = (0..n).rev().fold(0, |pixel, at| pixel << 8 | u32::from(byte(x * n + at)));
                let [r, g, b] = masks.map(|mask| channel(pixel, mask));
                luma(r, g, b)
            }
            _ => {
                let value = byte(x * depth / 8) >> (8 - depth - x * depth % 8) & ((1u16 << depth) - 1) as u8;
                palette.get(usize::from(value)).copied().unwrap_or_default()
            }
        }
    };
    let stride = (width * depth).div_ceil(32) * 4;
    let rows = bytes.get(data..).ok_or_else(cut)?.chunks_exact(stride.max(1)).take(height.unsigned_abs() as usize);
    if rows.len() < height.unsigned_abs() as usize {
        return Err(OpaqueReason::ParseError);
    }
    let mut shades = Vec::with_capacity(pixels);
    let mut put = |row: &[u8]| shades.extend((0..width).map(|x| shade(row, x)));
    // The last row comes first, unless the height is negative.
    if height > 0 {
        rows.rev().for_each(&mut put)
    } else {
        rows.for_each(&mut put)
    }
    frames.show_samples(width, 1, shades)
}

/// What stands between its header and its pixels, and behind them; its words are scanned as they are.
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let Some((header, data)) = spans(bytes) else { return Vec::new() };
    let between = bytes.get(header..data.start).unwrap_or_default();
    let behind = bytes.get(data.end..).unwrap_or_default();
    vec![Text::rest("gap", between), Text::rest("appended", behind)]
}

/// Where the header ends with all that belongs to it, and where the pixels stand, with a profile of colours behind them.
fn spans(bytes: &[u8]) -> Option<(usize, Range<usize>)> {
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let u16_at = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let (data, header) = (u32_at(10)?, u32_at(14)?);
    let (width, height, depth, packing, packed, colors, entry) = if header == 12 {
        (u16_at(18)?, u16_at(20)?, u16_at(24)?, 0, 0, 0, 3)
    } else {
        let height = u32_at(22)? as u32;
        let height = height.cast_signed().unsigned_abs() as usize;
        (u32_at(18)?, height, u16_at(28)?, u32_at(30)?, u32_at(34)?, u32_at(46)?, 4)
    };
    let masks = if header == 40 && matches!(packing, 3 | 6) { 16 } else { 0 };
    let table = if depth <= 8 && colors == 0 { 1 << depth } else { colors };
    let is_open = matches!(packing, 0 | 3 | 6);
    let len =
        if is_open { width.checked_mul(depth)?.div_ceil(32).checked_mul(4)?.checked_mul(height)? } else { packed };
    let mut end = data.checked_add(len)?;
    // MS-WMF, 2.2.2.5: a profile that is embedded, or the name of one.
    if header == 124 && matches!(bytes.get(70..74), Some(b"DEBM" | b"KNIL")) {
        const ALIGNED: usize = 4;
        let (profile, len) = (u32_at(126)?.checked_add(14)?, u32_at(130)?);
        if (end..end + ALIGNED).contains(&profile) {
            end = profile.checked_add(len)?;
        }
    }
    let header = 14usize.checked_add(header)?.checked_add(masks)?.checked_add(table.checked_mul(entry)?)?;
    Some((header, data..end))
}
