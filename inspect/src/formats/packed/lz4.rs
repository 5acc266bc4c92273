//! LZ4 frames (format 1.6.4), the legacy frames of kernels, and the blocks in them.
//!
//! Checksums (xxHash) are stepped over: what a damaged block unpacks to is inspected all the same. Frames that need a
//! dictionary are not read.

use chot_model::OpaqueReason;

use super::skipped::Skipped;
use super::{Codec, Step};

const FRAME: u32 = 0x184d_2204;
const LEGACY: u32 = 0x184c_2102;
/// How far back a match may reach.
const WINDOW: usize = 1 << 16;
/// A block of the legacy format, unpacked.
const LEGACY_BLOCK: usize = 8 << 20;

pub(super) fn is_marked(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|m| matches!(u32::from_le_bytes(*m), FRAME | LEGACY))
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Between,
    Within {
        block_max: usize,
        /// Matches may reach into the blocks before.
        linked: bool,
        block_sum: bool,
        sum: bool,
    },
    Legacy,
    Skipping(u32),
}

#[derive(Default)]
pub(crate) struct Lz4 {
    waiting: Vec<u8>,
    state: State,
    /// Up to a window of what was unpacked before, then what waits to be taken from `taken` on.
    unpacked: Vec<u8>,
    taken: usize,
    skipped: Skipped,
}

impl Lz4 {
    /// Takes one unit from the front of the waiting bytes; 0 when it is not whole yet.
    fn advance(&mut self) -> Result<usize, OpaqueReason> {
        if let State::Skipping(left) = self.state {
            let n = self.skipped.take(&self.waiting, left);
            self.state = if n == left { State::Between } else { State::Skipping(left - n) };
            return Ok(n as usize);
        }
        let Some(word) = self.waiting.first_chunk().map(|w| u32::from_le_bytes(*w)) else { return Ok(0) };
        match self.state {
            State::Between | State::Skipping(_) => self.begin(word),
            State::Within { block_max, linked, block_sum, sum } => {
                if word == 0 {
                    let end = 4 + if sum { 4 } else { 0 };
                    if self.waiting.len() < end {
                        return Ok(0);
                    }
                    self.state = State::Between;
                    return Ok(end);
                }
                let (stored, len) = (word >> 31 != 0, (word & 0x7fff_ffff) as usize);
                if len > block_max {
                    return Err(OpaqueReason::ParseError);
                }
                let end = 4 + len + if block_sum { 4 } else { 0 };
                if self.waiting.len() < end {
                    return Ok(0);
                }
                self.forget(if linked { WINDOW } else { 0 });
                let Some(block) = self.waiting.get(4..4 + len) else { return Ok(0) };
                if stored {
                    self.unpacked.extend_from_slice(block);
                } else {
                    unpack(block, block_max, &mut self.unpacked)?;
                }
                Ok(end)
            }
            State::Legacy => {
                // The format has no end mark: a mark that begins another frame ends it.
                if matches!(word, FRAME | LEGACY) {
                    self.state = State::Between;
                    return self.begin(word);
                }
                let len = word as usize;
                // The worst that can be made of a block (LZ4_COMPRESSBOUND).
                if len > LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16 {
                    return Err(OpaqueReason::ParseError);
                }
                let Some(block) = self.waiting.get(4..4 + len) else { return Ok(0) };
                self.unpacked.clear();
                self.taken = 0;
                unpack(block, LEGACY_BLOCK, &mut self.unpacked)?;
                Ok(4 + len)
            }
        }
    }

    /// A frame header.
    fn begin(&mut self, magic: u32) -> Result<usize, OpaqueReason> {
        if Skipped::begins(magic) {
            let Some(len) = self.waiting.get(4..8).and_then(|l| l.first_chunk()) else { return Ok(0) };
            let len = u32::from_le_bytes(*len);
            self.state = if len == 0 { State::Between } else { State::Skipping(len) };
            return Ok(8);
        }
        match magic {
            LEGACY => self.state = State::Legacy,
            FRAME => {
                let Some(&[flags, sizes]) = self.waiting.get(4..6).and_then(|b| b.first_chunk()) else { return Ok(0) };
                if flags >> 6 != 1 || flags & 2 != 0 || sizes & 0x8f != 0 || sizes >> 4 < 4 {
                    return Err(OpaqueReason::ParseError);
                }
                if flags & 1 != 0 {
                    return Err(OpaqueReason::UnsupportedFormat);
                }
                let end = 7 + if flags & 8 != 0 { 8 } else { 0 };
                if self.waiting.len() < end {
                    return Ok(0);
                }
                let block_max = 1 << (8 + 2 * (sizes >> 4));
                let (linked, block_sum, sum) = (flags & 0x20 == 0, flags & 0x10 != 0, flags & 4 != 0);
                self.state = State::Within { block_max, linked, block_sum, sum };
                self.forget(0);
                return Ok(end);
            }
            _ => return Err(OpaqueReason::ParseError),
        }
        self.forget(0);
        Ok(4)
    }

    /// Forgets what was unpacked but for the last bytes.
    fn forget(&mut self, kept: usize) {
        self.unpacked.drain(..self.unpacked.len().saturating_sub(kept));
        self.taken = self.unpacked.len();
    }

    /// The bytes that the next unit must have at least, as far as is known.
    fn wanted(&self) -> usize {
        let word = self.waiting.first_chunk().map_or(0, |w| u32::from_le_bytes(*w) as usize);
        match self.state {
            State::Between | State::Skipping(_) => WINDOW,
            State::Within { block_max, .. } => (word & 0x7fff_ffff).min(block_max) + 8,
            State::Legacy => word.min(LEGACY_BLOCK * 2) + 4,
        }
    }
}

/// Unpacks a block behind what `out` holds, into which its matches may reach. At most `most` bytes come out.
fn unpack(mut block: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), OpaqueReason> {
    let end = out.len() + most;
    let length = |block: &mut &[u8], nibble: u8| -> Result<usize, OpaqueReason> {
        let mut len = usize::from(nibble);
        if nibble == 15 {
            loop {
                let (byte, rest) = block.split_first().ok_or(OpaqueReason::ParseError)?;
                *block = rest;
                len += usize::from(*byte);
                if *byte != 255 {
                    break;
                }
            }
        }
        Ok(len)
    };
    while let Some((token, rest)) = block.split_first() {
        block = rest;
        let literals = length(&mut block, token >> 4)?;
        let (some, rest) = block.split_at_checked(literals).ok_or(OpaqueReason::ParseError)?;
        if out.len() + literals > end {
            return Err(OpaqueReason::ParseError);
        }
        out.extend_from_slice(some);
        block = rest;
        let Some((offset, rest)) = block.split_first_chunk::<2>() else {
            // The last sequence has literals only.
            return if block.is_empty() { Ok(()) } else { Err(OpaqueReason::ParseError) };
        };
        block = rest;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let mut len = length(&mut block, token & 15)? + 4;
        if offset == 0 || offset > out.len() || out.len() + len > end {
            return Err(OpaqueReason::ParseError);
        }
        // A match may reach into itself: what it repeats doubles with every copy.
        while len > 0 {
            let from = out.len() - offset;
            let n = len.min(offset);
            out.extend_from_within(from..from + n);
            len -= n;
        }
    }
    Ok(())
}

impl Codec for Lz4 {
    fn step(&mut self, input: &[u8], _last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let mut read = 0;
        loop {
            if let Some(ready) = self.unpacked.get(self.taken..).filter(|ready| !ready.is_empty()) {
                let written = ready.len().min(out.len());
                out.iter_mut().zip(ready).for_each(|(to, b)| *to = *b);
                self.taken += written;
                return Ok(Step { read, written });
            }
            let used = self.advance()?;
            self.waiting.drain(..used);
            if used > 0 {
                continue;
            }
            let rest = input.get(read..).unwrap_or_default();
            // Never more than one unit, so that taking it from the front moves little.
            let n = rest.len().min(self.wanted().max(16).saturating_sub(self.waiting.len()).max(1));
            if n == 0 || rest.is_empty() {
                return Ok(Step { read, written: 0 });
            }
            self.waiting.extend_from_slice(rest.get(..n).unwrap_or_default());
            read += n;
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self.state, State::Between | State::Legacy) && self.waiting.is_empty()
    }

    fn memory(&self) -> u64 {
        (self.waiting.capacity() + self.unpacked.capacity()) as u64
    }

    fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    fn skipped(&mut self, end: bool) -> Vec<Vec<u8>> {
        self.skipped.told(end)
    }
}
