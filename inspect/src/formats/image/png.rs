//! PNG, animated ones included: its frames drawn one over the other, and its text chunks, also compressed ones.

use chot_model::OpaqueReason;
use png::{BlendOp, Decoder, DecodingError, DisposeOp, Limits, Transformations};

use super::Text;
use super::frames::{Area, Canvas, Frames};
use crate::formats::{Format, Room};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) const FORMAT: Format = Format {
    media_type: "image/png",
    matches: |head| head.bytes.starts_with(SIGNATURE),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, "Số CCCD 001090123456".as_bytes()).expect("memory");
        let text = [b"Comment\0\0", &*zlib.finish().expect("memory")].concat();
        let len = (text.len() as u32).to_be_bytes();
        [SIGNATURE, &len, b"zTXt", &text, b"\0\0\0\0", &[0; 4], b"IEND", &[0; 4]].concat()
    },
};

/// The last chunk, which says nothing.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    // Some programs leave it away, and viewers do without.
    let ended = memchr::memmem::rfind(bytes, b"IEND").is_none().then(|| [bytes, END].concat());
    let bytes = ended.as_deref().unwrap_or(bytes);
    let limits = Limits { bytes: frames.bytes_max() };
    let mut decoder = Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    // Their texts are read by us.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(reason)?;
    let (width, height) = reader.info().size();
    let pixels = frames.admit(width, height)?;
    let animated = reader.info().animation_control().map_or(1, |control| control.num_frames.max(1));
    let (color, _) = reader.output_color_type();
    let samples = color.samples();
    let mut buffer = frames.buffer(reader.output_buffer_size())?;
    if animated == 1 {
        reader.next_frame(&mut buffer).map_err(reason)?;
        return frames.show_samples(width as usize, samples, buffer);
    }
    let mut canvas = Canvas::new(width as usize, pixels);
    let mut first = true;
    loop {
        let shown = match reader.next_frame(&mut buffer) {
            Ok(shown) => shown,
            Err(DecodingError::Parameter(_)) if !first => return Ok(()),
            Err(error) => return Err(reason(error)),
        };
        if !std::mem::take(&mut first) {
            frames.admit(width, height)?;
        }
        let control = reader.info().frame_control;
        let (left, top) = control.map_or((0, 0), |c| (c.x_offset as usize, c.y_offset as usize));
        let area = Area { left, top, width: shown.width as usize };
        if control.is_some_and(|c| c.blend_op == BlendOp::Source) {
            canvas.clear(area, shown.height as usize);
        }
        let before = canvas.pixels().to_vec();
        canvas.draw(area, samples, buffer.get(..shown.buffer_size()).unwrap_or_default());
        frames.show(canvas.picture());
        match control.map(|c| c.dispose_op) {
            Some(DisposeOp::Background) => canvas.clear(area, shown.height as usize),
            Some(DisposeOp::Previous) => canvas.restore(before),
            _ => {}
        }
    }
}

fn reason(error: DecodingError) -> OpaqueReason {
    match error {
        DecodingError::LimitsExceeded => OpaqueReason::TooLarge,
        _ => OpaqueReason::ParseError,
    }
}

/// The text of a chunk, perhaps compressed (PNG, third edition, 11.3.2 and 11.3.3): behind the keyword and the method,
/// in `iTXt` behind a flag, the method, a language and a translated keyword.
fn content<'d>(kind: &[u8], data: &'d [u8]) -> Option<&'d [u8]> {
    let behind_zero = |data: &'d [u8]| data.get(memchr::memchr(0, data)? + 1..);
    let rest = behind_zero(data)?;
    if kind == b"iTXt" { behind_zero(behind_zero(rest.get(2..)?)?) } else { rest.get(1..) }
}

/// Text chunks, EXIF, and what stands behind the end (PNG specification, 5.3 and 11.3).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    // Length and type before the data of a chunk, the check sum after it.
    const HEAD: usize = 8;
    const CHECK: usize = 4;
    let mut texts = Vec::new();
    let mut at = SIGNATURE.len();
    while let Some([a, b, c, d, kind @ ..]) = bytes.get(at..at + HEAD) {
        let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let end = (at + HEAD).saturating_add(len);
        let data = bytes.get(at + HEAD..end.min(bytes.len())).unwrap_or_default();
        match kind {
            b"zTXt" | b"iTXt" | b"iCCP" => {
                let keyword = data.split(|b| *b == 0).next().unwrap_or_default();
                let name = String::from_utf8_lossy(keyword);
                let content = content(kind, data).unwrap_or(data);
                texts.push(Text::new(&name, content));
            }
            // Not packed, and scanned with all other bytes; here it is read as the text it is.
            b"tEXt" => {
                let at = memchr::memchr(0, data).map_or(0, |zero| zero + 1);
                let keyword = String::from_utf8_lossy(data.get(..at.saturating_sub(1)).unwrap_or_default());
                texts.push(Text::new(&keyword, data.get(at..).unwrap_or_default()));
            }
            b"eXIf" => texts.push(Text::new("exif", data)),
            _ => {}
        }
        at = end.saturating_add(CHECK);
        if kind == b"IEND" {
            break;
        }
    }
    if let Some(behind) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        texts.push(Text::new("appended", behind));
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chot_model::{DetectorId, OpaqueReason};

    use super::*;
    use crate::{Hint, Inspector, Limits};

    fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat()
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(text.as_bytes()).expect("memory");
        zlib.finish().expect("memory")
    }

    fn inspect(chunks: &[Vec<u8>]) -> chot_model::Inspection {
        let bytes = [SIGNATURE, &chunks.concat(), &chunk(b"IEND", b"")].concat();
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection
    }

    #[test]
    fn the_last_chunk_may_be_missing_and_no_other() {
        let mut file = Vec::new();
        let mut writer = png::Encoder::new(&mut file, 8, 8).write_header().expect("a header");
        writer.write_image_data(&[200; 64]).expect("its dots");
        writer.finish().expect("written");
        let inspector = Inspector::new(Limits::default(), 2026);
        for (cut, is_read) in [(0, true), (END.len(), true), (END.len() + 6, false)] {
            let bytes = file[..file.len() - cut].to_vec();
            let inspection = inspector.inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.opaque.is_empty(), is_read, "{cut}: {:?}", inspection.opaque);
        }
    }

    #[test]
    fn compressed_text_is_found_behind_any_keyword_and_language() {
        let text = packed("Số CCCD 001090123456");
        let language = vec![b'x'; 3_000];
        for (kind, head) in [
            (b"zTXt", b"Comment\0\0".to_vec()),
            (b"iCCP", b"profile\0\0".to_vec()),
            (b"iTXt", [b"Comment\0\x01\0", &language[..], b"\0more\0"].concat()),
        ] {
            let found = inspect(&[chunk(kind, &[head, text.clone()].concat())]);
            assert_eq!(found.distinct(DetectorId::Cccd), 1, "{}", String::from_utf8_lossy(kind));
        }
    }

    #[test]
    fn more_texts_than_are_read_are_told() {
        let one = chunk(b"zTXt", &[b"a\0\0".to_vec(), packed("nothing")].concat());
        let many = inspect(&vec![one; 1_001]);
        assert!(many.opaque.iter().any(|o| o.reason == OpaqueReason::TooMany), "{many:?}");
    }
}
