//! JPEG: baseline and progressive. Only its shades are decoded; arithmetic and lossless coding are not.

use chot_model::OpaqueReason;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::Text;
use super::frames::Frames;
use crate::formats::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "image/jpeg",
    matches: |head| head.bytes.starts_with(b"\xff\xd8\xff"),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"\xff\xd8\xff\xfe\x00\x1cS\xe1\xbb\x91 CCCD 001090123456\xff\xd9".to_vec(),
};

/// A progressive picture is kept whole until its last scan, two bytes for each of its three colours.
const PROGRESSIVE_PIXELS_MAX: usize = 24_000_000;
/// Work that a progressive picture may make: pixels times scans. Cameras and browsers make ten scans.
const SCANNED_PIXELS_MAX: usize = 600_000_000;

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default().set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(reason)?;
    let (width, height) = decoder.dimensions().ok_or(OpaqueReason::ParseError)?;
    let pixels = frames.admit(width as u64, height as u64)?;
    if pixels > PROGRESSIVE_PIXELS_MAX && is_progressive(bytes) {
        return Err(OpaqueReason::TooLarge);
    }
    let (space, samples) = match decoder.input_colorspace() {
        Some(ColorSpace::YCbCr | ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let scans = (SCANNED_PIXELS_MAX / pixels).clamp(10, 100);
    decoder.set_options(options.jpeg_set_out_colorspace(space).jpeg_set_max_scans(scans));
    let shades = decoder.decode().map_err(reason)?;
    frames.show_samples(width, samples, shades)
}

/// Whether it comes in scans (ITU T.81, B.1.1.3: the frame is SOF2, before the first scan). When in doubt, yes.
fn is_progressive(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xc0 | 0xc1 => return false,
            0xc2 | 0xda => return true,
            _ => at += 2 + usize::from(u16::from_be_bytes([*high, *low])).max(2),
        }
    }
    true
}

fn reason(error: DecodeErrors) -> OpaqueReason {
    match error {
        DecodeErrors::Unsupported(_) => OpaqueReason::UnsupportedFormat,
        DecodeErrors::LargeDimensions(_) => OpaqueReason::TooLarge,
        _ => OpaqueReason::ParseError,
    }
}

/// Application segments and comments, and what stands behind the picture (ITU-T T.81, B.1).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let mut texts = Vec::new();
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let data = bytes.get(at + 4..(at + 2 + len).min(bytes.len())).unwrap_or_default();
        match marker {
            0xe1 if let Some(xmp) = data.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") => {
                texts.push(Text::new("xmp", xmp));
            }
            0xe1 if let Some(exif) = data.strip_prefix(b"Exif\0\0") => texts.push(Text::new("exif", exif)),
            0xe1 => texts.push(Text::new("app1", data)),
            0xed => texts.extend([Text::new("iptc", data), Text::notes("iptc", data)]),
            0xe0..=0xef => texts.push(Text::notes(&format!("app{}", marker & 15), data)),
            0xfe => texts.push(Text::new("comment", data)),
            // The scan: what is behind it is found from the end.
            0xda | 0xd9 => break,
            _ => {}
        }
        at += 2 + len.max(2);
    }
    let rest = bytes.get(at..).unwrap_or_default();
    // Within a scan no FF D9 stands but its end; programs that show the first picture stop there.
    if let Some(end) = memchr::memmem::find(rest, b"\xff\xd9")
        && let Some(behind) = rest.get(end + 2..)
        && !behind.is_empty()
    {
        texts.push(Text::rest("appended", behind));
    }
    texts
}
