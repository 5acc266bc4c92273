//! GIF: every frame as it is shown, and comments put together from their blocks of 255 bytes.

use chot_model::OpaqueReason;
use gif::{ColorOutput, DecodeOptions, DecodingError, DisposalMethod, MemoryLimit};

use super::Text;
use super::frames::{Area, Canvas, Frames};
use crate::formats::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "image/gif",
    matches: |head| head.bytes.starts_with(b"GIF87a") || head.bytes.starts_with(b"GIF89a"),
    room: Room::Whole(|source, place, inquiry| super::inspect(source, place, inquiry, texts)),
    #[cfg(test)]
    example: || b"GIF89a\x01\0\x01\0\0\0\0!\xfe\x18S\xe1\xbb\x91 CCCD 001090123456\0;".to_vec(),
};

pub(super) fn decode(bytes: &[u8], frames: &mut Frames<'_>) -> Result<(), OpaqueReason> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(
        std::num::NonZeroU64::new(frames.bytes_max() as u64).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes),
    );
    let mut decoder = options.read_info(bytes).map_err(reason)?;
    let (width, height) = (decoder.width(), decoder.height());
    let pixels = frames.admit(width, height)?;
    let mut canvas = Canvas::new(width.into(), pixels);
    while let Some(frame) = decoder.next_frame_info().map_err(reason)? {
        // A frame may claim to be larger than the screen it is shown on.
        frames.admit(u64::from(frame.width).max(width.into()), u64::from(frame.height).max(height.into()))?;
        let buffer = frames.buffer(Some(decoder.buffer_size()))?;
        let Some(frame) = decoder_frame(&mut decoder, buffer)? else { break };
        let area = Area { left: frame.left.into(), top: frame.top.into(), width: frame.width.into() };
        let before = (frame.dispose == DisposalMethod::Previous).then(|| canvas.pixels().to_vec());
        canvas.draw(area, 4, &frame.buffer);
        frames.show(canvas.picture());
        match (frame.dispose, before) {
            (DisposalMethod::Background, _) => canvas.clear(area, frame.height.into()),
            (_, Some(before)) => canvas.restore(before),
            _ => {}
        }
    }
    Ok(())
}

/// The frame whose head was just read.
fn decoder_frame(
    decoder: &mut gif::Decoder<&[u8]>,
    mut buffer: Vec<u8>,
) -> Result<Option<gif::Frame<'static>>, OpaqueReason> {
    let Some(mut frame) = decoder.current_frame_info().cloned() else { return Ok(None) };
    decoder.read_into_buffer(&mut buffer).map_err(reason)?;
    frame.buffer = buffer.into();
    Ok(Some(frame))
}

fn reason(error: DecodingError) -> OpaqueReason {
    match error {
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => OpaqueReason::TooLarge,
        _ => OpaqueReason::ParseError,
    }
}

/// Comments, plain text and application data, each in one piece, and what stands behind the picture.
fn texts(bytes: &[u8]) -> Vec<Text<'_>> {
    let (comments, end) = walk(bytes);
    let behind = bytes.get(end..).filter(|rest| !rest.is_empty());
    let comments =
        comments.into_iter().flat_map(|said| [Text::notes("comment", said.clone()), Text::new("comment", said)]);
    comments.chain(behind.map(|rest| Text::rest("appended", rest))).collect()
}

/// Extensions in one piece each, and where the picture ends (GIF89a specification, 12 to 27).
fn walk(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + bytes.get(10).map_or(0, |flags| table(*flags));
    let mut extensions = Vec::new();
    loop {
        match bytes.get(at) {
            Some(0x21) => {
                let graphic = bytes.get(at + 1) == Some(&0xf9);
                let (data, end) = blocks(bytes, at + 2);
                // One more than is read, so that it is told.
                if !graphic && extensions.len() <= super::TEXTS_MAX {
                    extensions.push(data);
                }
                at = end;
            }
            Some(0x2c) => {
                let flags = bytes.get(at + 9).copied().unwrap_or_default();
                at = blocks(bytes, at + 11 + table(flags)).1;
            }
            Some(0x3b) => return (extensions, at + 1),
            _ => return (extensions, at.min(bytes.len())),
        }
    }
}

/// The data of sub-blocks, and where they end.
fn blocks(bytes: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut data = Vec::new();
    while let Some(len) = bytes.get(at).filter(|len| **len > 0) {
        let end = at + 1 + usize::from(*len);
        data.extend_from_slice(bytes.get(at + 1..end.min(bytes.len())).unwrap_or_default());
        at = end;
    }
    (data, at + 1)
}
