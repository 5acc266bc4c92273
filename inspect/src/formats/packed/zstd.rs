//! zstd (RFC 8878), block by block.
//!
//! Frames that need a dictionary are not read: nobody has it here. Frames to be skipped stand for nothing, but what
//! they say is looked at.

use std::io::Read;

use chot_model::OpaqueReason;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::skipped::Skipped;
use super::{Codec, Step};

/// What `zstd --ultra` and `--long=26` make; the decoder's memory is up to twice its window.
const WINDOW_MAX: u64 = 64 << 20;
/// A block of the largest size with its header and a checksum (§3.1.1.2.4); a frame header is shorter.
const UNIT_MAX: usize = (128 << 10) + 3 + 4;

pub(super) fn is_marked(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x28\xb5\x2f\xfd")
        || bytes.first_chunk().is_some_and(|m| Skipped::begins(u32::from_le_bytes(*m)))
}

pub(crate) struct Zstd {
    decoder: FrameDecoder,
    /// Bytes that do not make a whole header or block yet.
    waiting: Vec<u8>,
    state: State,
    window: u64,
    skipped: Skipped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Within {
        has_checksum: bool,
    },
    /// All blocks are decoded, the end of the output waits to be taken.
    Last,
    /// So many bytes are skipped.
    Skipping(u32),
}

impl Zstd {
    pub(crate) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_MAX);
        Self { decoder, waiting: Vec::new(), state: State::Between, window: 0, skipped: Skipped::default() }
    }

    /// Takes one unit (header or block) from the front of the waiting bytes, if it is whole.
    fn advance(&mut self) -> Result<usize, OpaqueReason> {
        match self.state {
            State::Between => self.begin(),
            State::Within { has_checksum } => self.block(has_checksum),
            State::Last => Ok(0),
            State::Skipping(left) => {
                let n = self.skipped.take(&self.waiting, left);
                self.state = if n == left { State::Between } else { State::Skipping(left - n) };
                Ok(n as usize)
            }
        }
    }

    /// A frame header (§3.1.1).
    fn begin(&mut self) -> Result<usize, OpaqueReason> {
        const MAGIC: u32 = 0xfd2f_b528;
        let Some(magic) = self.waiting.first_chunk().map(|m| u32::from_le_bytes(*m)) else { return Ok(0) };
        if Skipped::begins(magic) {
            let Some(len) = self.waiting.get(4..8).and_then(|l| l.first_chunk()) else { return Ok(0) };
            let len = u32::from_le_bytes(*len);
            self.state = if len == 0 { State::Between } else { State::Skipping(len) };
            return Ok(8);
        }
        if magic != MAGIC {
            return Err(OpaqueReason::ParseError);
        }
        let Some(descriptor) = self.waiting.get(4) else { return Ok(0) };
        let single = descriptor & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = [usize::from(single), 2, 4, 8][usize::from(descriptor >> 6)];
        let header = 5 + usize::from(!single) + dictionary + size;
        let Some(mut bytes) = self.waiting.get(..header) else { return Ok(0) };
        self.decoder.reset(&mut bytes).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { .. } => OpaqueReason::TooLarge,
            FrameDecoderError::DictNotProvided { .. } => OpaqueReason::UnsupportedFormat,
            _ => OpaqueReason::ParseError,
        })?;
        // A window of its own, or all of a frame that is one segment.
        let window = match self.waiting.get(5) {
            Some(byte) if !single => {
                let base = 1_u64 << (10 + (byte >> 3));
                base + base / 8 * u64::from(byte & 7)
            }
            _ => self.decoder.content_size(),
        };
        self.window = self.window.max(window);
        self.state = State::Within { has_checksum: descriptor & 4 != 0 };
        Ok(header)
    }

    /// A block (§3.1.1.2), the last one together with the checksum.
    fn block(&mut self, has_checksum: bool) -> Result<usize, OpaqueReason> {
        let Some(&[a, b, c]) = self.waiting.first_chunk::<3>() else { return Ok(0) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind, size) = (header & 1 != 0, header >> 1 & 3, (header >> 3) as usize);
        let content = if kind == 1 { 1 } else { size };
        let unit = 3 + content + if is_last && has_checksum { 4 } else { 0 };
        if unit > UNIT_MAX {
            return Err(OpaqueReason::ParseError);
        }
        let Some(bytes) = self.waiting.get(..unit) else { return Ok(0) };
        let one = BlockDecodingStrategy::UptoBlocks(1);
        self.decoder.decode_blocks(bytes, one).map_err(|_| OpaqueReason::ParseError)?;
        if is_last {
            self.state = State::Last;
        }
        Ok(unit)
    }
}

impl Codec for Zstd {
    /// Decodes at most one block before its output is taken: a block of five bytes may stand for 128 KiB.
    fn step(&mut self, input: &[u8], _last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let read = input.len().min(UNIT_MAX.saturating_sub(self.waiting.len()));
        self.waiting.extend_from_slice(input.get(..read).unwrap_or_default());
        loop {
            if matches!(self.state, State::Within { .. } | State::Last) {
                let written = self.decoder.read(out).map_err(|_| OpaqueReason::ParseError)?;
                if written > 0 {
                    return Ok(Step { read, written });
                }
            }
            if self.state == State::Last {
                let told = self.decoder.get_checksum_from_data();
                if told.is_some() && told != self.decoder.get_calculated_checksum() {
                    return Err(OpaqueReason::ParseError);
                }
                self.state = State::Between;
            }
            let used = self.advance()?;
            if used == 0 {
                return Ok(Step { read, written: 0 });
            }
            self.waiting.drain(..used);
        }
    }

    fn is_complete(&self) -> bool {
        self.state == State::Between && self.waiting.is_empty()
    }

    fn memory(&self) -> u64 {
        self.window
    }

    fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    fn skipped(&mut self, end: bool) -> Vec<Vec<u8>> {
        self.skipped.told(end)
    }
}
