//! zstd (RFC 8878) in push style, block by block.

use std::io::Read;

use chot_model::OpaqueReason;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Broken;

/// Largest window of a zstd frame in a content coding (RFC 9659 §3).
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;
/// A zstd block of the largest size with its header and a checksum (RFC 8878 §3.1.1.2.4); a frame header is shorter.
const ZSTD_UNIT_BYTES_MAX: usize = (128 << 10) + 3 + 4;

pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// Bytes that do not make a whole header or block yet.
    waiting: Vec<u8>,
    state: ZstdState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ZstdState {
    BetweenFrames,
    InFrame {
        has_checksum: bool,
    },
    /// All blocks are decoded, the end of the output waits to be taken.
    LastBlock,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES_MAX);
        Self { decoder, waiting: Vec::new(), state: ZstdState::BetweenFrames }
    }

    pub(super) fn is_between_frames(&self) -> bool {
        self.state == ZstdState::BetweenFrames && self.waiting.is_empty()
    }

    /// Decodes at most one block before its output is taken: a block of five bytes may stand for 128 KiB.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Broken> {
        let taken = input.len().min(ZSTD_UNIT_BYTES_MAX.saturating_sub(self.waiting.len()));
        self.waiting.extend_from_slice(input.get(..taken).unwrap_or_default());
        loop {
            if matches!(self.state, ZstdState::InFrame { .. } | ZstdState::LastBlock) {
                let produced = self.decoder.read(output).map_err(|_| OpaqueReason::ParseError)?;
                if produced > 0 {
                    return Ok((taken, produced));
                }
            }
            if self.state == ZstdState::LastBlock {
                let told = self.decoder.get_checksum_from_data();
                if told.is_some() && told != self.decoder.get_calculated_checksum() {
                    return Err(OpaqueReason::ParseError);
                }
                self.state = ZstdState::BetweenFrames;
            }
            let used = self.advance()?;
            if used == 0 {
                return Ok((taken, 0));
            }
            self.waiting.drain(..used);
        }
    }

    /// Takes one unit (header or block) from the front of the waiting bytes, if it is whole.
    fn advance(&mut self) -> Result<usize, Broken> {
        match self.state {
            ZstdState::BetweenFrames => self.advance_to_frame(),
            ZstdState::InFrame { has_checksum } => self.advance_in_frame(has_checksum),
            ZstdState::LastBlock => Ok(0),
        }
    }

    /// A frame header, RFC 8878 §3.1.1 and §3.1.2.
    fn advance_to_frame(&mut self) -> Result<usize, Broken> {
        let Some(magic) = self.waiting.first_chunk::<4>() else { return Ok(0) };
        if u32::from_le_bytes(*magic) & 0xffff_fff0 == 0x184d_2a50 {
            // A skippable frame: bytes that decode to nothing and would leave uninspected.
            return Err(OpaqueReason::Ambiguous);
        }
        let Some(descriptor) = self.waiting.get(4) else { return Ok(0) };
        let is_single_segment = descriptor & 0x20 != 0;
        let window = usize::from(!is_single_segment);
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content_size = [usize::from(is_single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
        let header = 5 + window + dictionary + content_size;
        let Some(mut bytes) = self.waiting.get(..header) else { return Ok(0) };
        self.decoder.reset(&mut bytes).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => OpaqueReason::TooLarge,
            _ => OpaqueReason::ParseError,
        })?;
        self.state = ZstdState::InFrame { has_checksum: descriptor & 4 != 0 };
        Ok(header)
    }

    /// A block, RFC 8878 §3.1.1.2, the last one together with the checksum.
    fn advance_in_frame(&mut self, has_checksum: bool) -> Result<usize, Broken> {
        let Some(&[a, b, c]) = self.waiting.first_chunk::<3>() else { return Ok(0) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind, size) = (header & 1 != 0, header >> 1 & 3, (header >> 3) as usize);
        let content = if kind == 1 { 1 } else { size };
        let unit = 3 + content + if is_last && has_checksum { 4 } else { 0 };
        if unit > ZSTD_UNIT_BYTES_MAX {
            return Err(OpaqueReason::ParseError);
        }
        let Some(bytes) = self.waiting.get(..unit) else { return Ok(0) };
        let strategy = BlockDecodingStrategy::UptoBlocks(1);
        self.decoder.decode_blocks(bytes, strategy).map_err(|_| OpaqueReason::ParseError)?;
        if is_last {
            self.state = ZstdState::LastBlock;
        }
        Ok(unit)
    }
}
