//! PNG, animated ones included: its frames drawn one over the other, and its text chunks, also compressed ones.

use chot_model::OpaqueReason;
use png::{BlendOp, Decoder, DecodingError, DisposeOp, Limits, Transformations};

use super::Text;
use super::frames::{Area, Canvas, Frames};
use crate::formats::{Format, Room};
use crate::sniff;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) const FORMAT: Format = Format {
    media_type: "image/png",
    matches: |head| head.bytes.starts_with(SIGNATURE),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, decode, texts)),
    #[cfg(test)]
    example: || {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, "Số CCCD 001090123456".as_bytes()).expect("memory");
        let text = [b"Comment\0\0", &*zlib.finish().expect("memory")].concat();
        let len = (text.len() as u32).to_be_bytes();
        [SIGNATURE, &len, b"zTXt", &text, b"\0\0\0\0", &[0; 4], b"IEND", &[0; 4]].concat()
    },
};

fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
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
    let mut buffer = vec![0; reader.output_buffer_size().ok_or(OpaqueReason::TooLarge)?];
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

/// The compressed parts of text chunks, EXIF, and what stands behind the end (PNG specification, 5.3 and 11.3).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    // Length and type before the data of a chunk, the check sum after it.
    const HEAD: usize = 8;
    const CHECK: usize = 4;
    const KEYWORD_MAX: usize = 200;
    let mut texts = Vec::new();
    let mut at = SIGNATURE.len();
    while let Some([a, b, c, d, kind @ ..]) = bytes.get(at..at + HEAD) {
        let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let end = (at + HEAD).saturating_add(len);
        let data = bytes.get(at + HEAD..end.min(bytes.len())).unwrap_or_default();
        match kind {
            b"zTXt" | b"iTXt" | b"iCCP" => {
                // The compressed part begins behind the keyword and, in `iTXt`, a language.
                let keyword = data.split(|b| *b == 0).next().unwrap_or_default();
                let packed = (0..data.len().min(KEYWORD_MAX)).find(|n| data.get(*n..).is_some_and(sniff::is_zlib));
                let name = String::from_utf8_lossy(keyword);
                texts.push(Text::new(&name, data.get(packed.unwrap_or_default()..).unwrap_or_default()));
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
