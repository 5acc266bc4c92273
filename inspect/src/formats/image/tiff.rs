//! TIFF, as scanners and fax programs make it: every page, in grey, colour or black and white.

use std::io::Cursor;

use chot_model::OpaqueReason;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::frames::{Frames, over};
use super::{Beside, Text};
use crate::formats::{Format, Room};

mod directory;

use directory::Parts;

/// Programs begin what a directory refers to at even places, and no file is as short.
const GAP_MIN: usize = 16;

pub(crate) const FORMAT: Format = Format {
    media_type: "image/tiff",
    matches: |head| [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|mark| head.bytes.starts_with(*mark)),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"II*\0\x08\0\0\0\0\0S\xe1\xbb\x91 CCCD 001090123456\0".to_vec(),
};

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = frames.bytes_max();
    limits.intermediate_buffer_size = frames.bytes_max();
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(reason)?.with_limits(limits);
    loop {
        let (width, height) = decoder.dimensions().map_err(reason)?;
        frames.admit(width, height)?;
        let color = decoder.colortype().map_err(reason)?;
        let shades = match decoder.read_image().map_err(reason)? {
            DecodingResult::U8(shades) => shades,
            DecodingResult::U16(shades) => shades.iter().map(|s| (s >> 8) as u8).collect(),
            _ => return Err(OpaqueReason::UnsupportedFormat),
        };
        let width = width as usize;
        match color {
            ColorType::Gray(bits @ (1 | 2 | 4)) => {
                frames.show_samples(width, 1, unpacked(&shades, width, bits.into()))?
            }
            ColorType::Gray(8 | 16) => frames.show_samples(width, 1, shades)?,
            ColorType::GrayA(_) => frames.show_samples(width, 2, shades)?,
            ColorType::RGB(_) => frames.show_samples(width, 3, shades)?,
            ColorType::RGBA(_) => frames.show_samples(width, 4, shades)?,
            // Brightness comes first; the crate hands the three on as they are.
            ColorType::YCbCr(8) => {
                let bright = shades.as_chunks::<3>().0.iter().map(|[y, ..]| *y).collect();
                frames.show_samples(width, 1, bright)?;
            }
            ColorType::CMYK(_) => {
                let inks = shades.as_chunks::<4>().0;
                // Each ink takes its colour from white, and black from what is left.
                let rgb =
                    inks.iter().flat_map(|[c, m, y, k]| [c, m, y].map(|ink| over(255 - ink, 255 - k, 0))).collect();
                frames.show_samples(width, 3, rgb)?;
            }
            _ => return Err(OpaqueReason::UnsupportedFormat),
        }
        if !decoder.more_images() {
            return Ok(());
        }
        decoder.next_image().map_err(reason)?;
    }
}

/// Shades of less than a byte, in rows that begin with one.
fn unpacked(bytes: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let most = (1u16 << bits) - 1;
    let shade = |row: &[u8], x: usize| {
        let byte = row.get(x * bits / 8).copied().unwrap_or_default();
        let value = u16::from(byte) >> (8 - bits - x * bits % 8) & most;
        (value * 255 / most) as u8
    };
    let rows = bytes.chunks_exact((width * bits).div_ceil(8).max(1));
    rows.flat_map(|row| (0..width).map(move |x| shade(row, x))).collect()
}

fn reason(error: TiffError) -> OpaqueReason {
    match error {
        TiffError::LimitsExceeded => OpaqueReason::TooLarge,
        TiffError::UnsupportedError(_) => OpaqueReason::UnsupportedFormat,
        _ => OpaqueReason::ParseError,
    }
}

/// What no directory refers to, the previews, and pictures within pictures; words are scanned as they stand.
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let Some(Parts { mut spans, previews, notes, mut is_whole }) = directory::parts(bytes) else { return Vec::new() };
    spans.sort_unstable_by_key(|span| span.start);
    let (mut texts, mut at) = (Vec::new(), 0);
    for span in spans.into_iter().chain(std::iter::once(bytes.len()..bytes.len())) {
        let gap = bytes.get(at..span.start).filter(|gap| gap.len() >= GAP_MIN);
        // One more than is read, so that it is told.
        if let Some(gap) = gap.filter(|_| texts.len() <= super::TEXTS_MAX) {
            texts.push(Text::rest("gap", gap));
        }
        at = at.max(span.end);
    }
    texts.extend(notes.into_iter().filter_map(|notes| Some(Text::notes("notes", bytes.get(notes)?))));
    for preview in previews {
        match bytes.get(preview) {
            Some(jpeg) if jpeg.starts_with(b"\xff\xd8\xff") => {
                texts.push(Text { kind: Beside::Preview, ..Text::new("preview", jpeg) });
            }
            _ => is_whole = false,
        }
    }
    if !is_whole {
        texts.push(Text { kind: Beside::Picture, ..Text::new("", b"") });
    }
    texts
}
