//! WebP, lossy, lossless and animated, and its EXIF and XMP chunks.

use std::io::Cursor;

use chot_model::OpaqueReason;
use image_webp::{DecodingError, WebPDecoder};

use super::Text;
use super::frames::Frames;
use crate::formats::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "image/webp",
    matches: |head| head.bytes.starts_with(b"RIFF") && head.bytes.get(8..12) == Some(b"WEBP"),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"RIFF\x28\0\0\0WEBPXMP \x18\0\0\0S\xe1\xbb\x91 CCCD 001090123456\0".to_vec(),
};

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    let (width, height) = decoder.dimensions();
    frames.admit(width, height)?;
    decoder.set_memory_limit(frames.bytes_max());
    let mut buffer = frames.buffer(decoder.output_buffer_size())?;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    if !decoder.is_animated() {
        decoder.read_image(&mut buffer).map_err(reason)?;
        return frames.show_samples(width as usize, samples, buffer);
    }
    for frame in 0..decoder.num_frames() {
        if frame > 0 {
            frames.admit(width, height)?;
        }
        match decoder.read_frame(&mut buffer) {
            Ok(_) => frames.show_samples(width as usize, samples, buffer.clone())?,
            Err(DecodingError::NoMoreFrames) => break,
            Err(error) => return Err(reason(error)),
        }
    }
    Ok(())
}

fn reason(error: DecodingError) -> OpaqueReason {
    match error {
        DecodingError::MemoryLimitExceeded | DecodingError::ImageTooLarge => OpaqueReason::TooLarge,
        DecodingError::UnsupportedFeature(_) => OpaqueReason::UnsupportedFormat,
        _ => OpaqueReason::ParseError,
    }
}

/// Chunks of words, and what stands behind the last (RFC 9649, 2.3).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let mut texts = Vec::new();
    let told = bytes.get(4..8).and_then(|len| <[u8; 4]>::try_from(len).ok()).map_or(0, u32::from_le_bytes);
    let end = (told as usize).saturating_add(8).min(bytes.len());
    let mut at = 12;
    while let Some([kind @ .., a, b, c, d]) = bytes.get(at..at + 8) {
        if at >= end {
            break;
        }
        let len = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let next = (at + 8).saturating_add(len);
        let data = bytes.get(at + 8..next.min(bytes.len())).unwrap_or_default();
        match kind {
            b"EXIF" => texts.push(Text::new("exif", data)),
            b"XMP " => texts.push(Text::new("xmp", data)),
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => {}
            _ => texts.push(Text::rest("chunk", data)),
        }
        at = next.saturating_add(next % 2);
    }
    if let Some(behind) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        texts.push(Text::rest("appended", behind));
    }
    texts
}
