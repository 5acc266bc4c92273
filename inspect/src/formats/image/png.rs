//! PNG, animated ones included: its frames drawn one over the other, and its text chunks, also compressed ones.

use std::io::{BufRead, Read};

use chot_model::OpaqueReason;
use png::{BlendOp, Decoder, DecodingError, DisposeOp, Limits, Transformations};

use super::Text;
use super::frames::{Area, Canvas, Frames};
use crate::formats::{Format, Room, rest};

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

/// Chunks that say how pixels are coded and shown (PNG, third edition, 11; its extensions; APNG).
const KNOWN: [&[u8]; 27] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
    b"bKGD", b"hIST", b"pHYs", b"sPLT", b"tIME", b"acTL", b"fcTL", b"fdAT", b"oFFs", b"pCAL", b"sCAL", b"gIFg",
    b"gIFx", b"sTER", b"dSIG",
];

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
        let rows = packed_len(reader.info());
        frames.show_samples(width as usize, samples, buffer)?;
        return if holds_more(bytes, rows) { Err(OpaqueReason::Partial) } else { Ok(()) };
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

/// Bytes that the pixels take before they are packed: rows of each pass, and the filter of each row (PNG, third edition, 7 and
/// 8: a pass begins at a place in squares of eight, and takes each so many).
fn packed_len(info: &png::Info<'_>) -> u64 {
    let rows = |width: u32, height: u32| match width {
        0 => 0,
        _ => (info.raw_row_length_from_width(width) as u64).saturating_mul(height.into()),
    };
    if !info.interlaced {
        return rows(info.width, info.height);
    }
    let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let pass = |(left, top, across, down): (u32, u32, u32, u32)| {
        rows(info.width.saturating_sub(left).div_ceil(across), info.height.saturating_sub(top).div_ceil(down))
    };
    passes.into_iter().map(pass).sum()
}

/// Whether the data of the pixels go on behind them, packed or not.
fn holds_more(bytes: &[u8], rows: u64) -> bool {
    let most = rows + rest::SLACK as u64;
    let data = chunks(bytes).filter(|chunk| chunk.kind == b"IDAT").map(|chunk| chunk.data);
    let mut zlib = flate2::bufread::ZlibDecoder::new(Pieces { piece: &[], behind: data });
    let more = std::io::copy(&mut zlib.by_ref().take(most + 1), &mut std::io::sink());
    // What ends in an error was enough for the pixels.
    let Pieces { piece, behind } = zlib.into_inner();
    more.is_ok_and(|len| len > most) || piece.len() + behind.map(<[u8]>::len).sum::<usize>() > rest::SLACK
}

/// Pieces read as one.
struct Pieces<'a, I> {
    piece: &'a [u8],
    behind: I,
}

impl<'a, I: Iterator<Item = &'a [u8]>> BufRead for Pieces<'a, I> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.piece.is_empty() {
            let Some(next) = self.behind.next() else { break };
            self.piece = next;
        }
        Ok(self.piece)
    }

    fn consume(&mut self, len: usize) {
        self.piece = self.piece.get(len..).unwrap_or_default();
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Read for Pieces<'a, I> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let len = self.fill_buf()?.read(out)?;
        self.consume(len);
        Ok(len)
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

/// A part of the file.
struct Chunk<'a> {
    kind: &'a [u8],
    data: &'a [u8],
    /// Where it ends.
    end: usize,
}

/// Its chunks, up to the last (PNG specification, 5.3).
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    // Length and type before the data of a chunk, the check sum after it.
    const HEAD: usize = 8;
    const CHECK: usize = 4;
    let mut next = Some(SIGNATURE.len());
    std::iter::from_fn(move || {
        let at = next.take()?;
        let [a, b, c, d, kind @ ..] = bytes.get(at..at.checked_add(HEAD)?)? else { return None };
        let end = (at + HEAD).saturating_add(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        let data = bytes.get(at + HEAD..end.min(bytes.len())).unwrap_or_default();
        let end = end.saturating_add(CHECK);
        next = (kind != b"IEND").then_some(end);
        Some(Chunk { kind, data, end })
    })
}

/// Text chunks, EXIF, chunks that nobody knows, and what stands behind the end (PNG specification, 11.3).
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let mut texts = Vec::new();
    let mut at = SIGNATURE.len();
    for Chunk { kind, data, end } in chunks(bytes) {
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
            kind if KNOWN.contains(&kind) => {}
            kind => texts.push(Text::rest(&String::from_utf8_lossy(kind), data)),
        }
        at = end;
    }
    if let Some(behind) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        texts.push(Text::rest("appended", behind));
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
    fn data_behind_the_pixels_are_told_and_so_are_chunks_of_no_known_kind() {
        let hidden: Vec<u8> = (0..900u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8 | 0x80).collect();
        let picture = |interlaced: u8, pixels: &[u8], behind: &[u8], more: &[u8]| {
            let head = [&8u32.to_be_bytes()[..], &8u32.to_be_bytes(), &[8, 0, 0, 0, interlaced]].concat();
            let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            zlib.write_all(&[pixels, behind].concat()).expect("memory");
            let data = [zlib.finish().expect("memory"), more.to_vec()].concat();
            let (first, second) = data.split_at(9);
            let mut bytes = SIGNATURE.to_vec();
            for (kind, data) in [(b"IHDR", &head[..]), (b"IDAT", first), (b"IDAT", second), (b"IEND", &[])] {
                let mut crc = flate2::Crc::new();
                crc.update(kind);
                crc.update(data);
                bytes.extend([&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat());
            }
            Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection
        };
        // Eight rows of eight and a filter each; in seven passes of 15 rows.
        for (interlaced, len) in [(0, 72), (1, 79)] {
            let pixels = vec![0; len];
            assert!(picture(interlaced, &pixels, b"", b"").opaque.is_empty(), "{interlaced}");
            assert!(picture(interlaced, &pixels, &[7; 9], &[7; 9]).opaque.is_empty(), "{interlaced}");
            for (behind, more) in [(&hidden[..], &b""[..]), (b"", &hidden)] {
                let told = picture(interlaced, &pixels, behind, more);
                assert!(told.is_opaque(OpaqueReason::Partial), "{interlaced}: {told:?}");
            }
        }
        let is_told = |kind: &[u8]| inspect(&[chunk(kind, &hidden)]).is_opaque(OpaqueReason::UnsupportedFormat);
        assert_eq!((is_told(b"prIv"), is_told(b"sPLT")), (true, false));
    }

    #[test]
    fn more_texts_than_are_read_are_told() {
        let one = chunk(b"zTXt", &[b"a\0\0".to_vec(), packed("nothing")].concat());
        let many = inspect(&vec![one; 1_001]);
        assert!(many.opaque.iter().any(|o| o.reason == OpaqueReason::TooMany), "{many:?}");
    }
}
