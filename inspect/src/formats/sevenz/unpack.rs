//! What a folder of a 7z archive is packed with, undone piece by piece.

use std::borrow::Cow;

use chot_model::OpaqueReason;
use flate2::{Decompress, FlushDecompress, Status};
use lzma_rust2::FilterConfig;

use super::header::{Coder, Folder};
use super::lock::{self, Keys};
use crate::formats::packed::{Codec, Lzma, Lzma2, Step, Zstd, skipped};
use crate::object::BLOCK;

/// Windows of archives made at the highest level for the largest files.
const WINDOW_MAX: u64 = 256 << 20;

/// A folder being unpacked.
pub(super) struct Unpack<'a> {
    codec: Box<dyn Codec>,
    packed: Cow<'a, [u8]>,
    /// Packed bytes that were read.
    read: usize,
    /// What came out, of which so much was taken.
    out: Vec<u8>,
    ready: usize,
    taken: usize,
    /// Bytes that are still to come out of it.
    left: u64,
    /// What was read that stands for nothing.
    pub(super) aside: Vec<u8>,
}

impl<'a> Unpack<'a> {
    /// # Errors
    /// `encrypted`, or what of it is not known.
    pub(super) fn new(folder: &Folder, packed: &'a [u8], keys: &mut Keys<'_>) -> Result<Self, OpaqueReason> {
        if lock::is_locked(folder) {
            return keys.open(folder, packed);
        }
        Self::chained(&folder.chain().ok_or(OpaqueReason::UnsupportedFormat)?, packed.into())
    }

    /// Given the coders and the bytes each makes.
    ///
    /// # Errors
    /// When one of them is not known.
    pub(super) fn chained(chain: &[(&Coder, u64)], packed: Cow<'a, [u8]>) -> Result<Self, OpaqueReason> {
        let (codec, left) = match *chain {
            [(coder, size)] => (codec(coder, size, None)?, size),
            [(coder, size), (behind, left)] => (codec(coder, size, Some(filter(behind)?))?, left),
            // Nothing but the password.
            [] => (Box::new(Stored) as Box<dyn Codec>, packed.len() as u64),
            _ => return Err(OpaqueReason::UnsupportedFormat),
        };
        Ok(Self { codec, packed, read: 0, out: vec![0; BLOCK], ready: 0, taken: 0, left, aside: Vec::new() })
    }

    /// The next bytes, at most so many; `None` at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<&[u8]>, OpaqueReason> {
        while self.taken == self.ready {
            let packed = self.packed.get(self.read..).unwrap_or_default();
            if self.left == 0 {
                return if packed.is_empty() && !self.goes_on() { Ok(None) } else { Err(OpaqueReason::Ambiguous) };
            }
            let Step { read, written } = self.codec.step(packed, true, &mut self.out)?;
            self.read += read;
            for frame in self.codec.skipped(false) {
                match skipped::kind(&frame) {
                    skipped::Kind::Index => {}
                    skipped::Kind::Words => {
                        self.aside.extend_from_slice(&frame);
                        self.aside.push(b'\n');
                    }
                    skipped::Kind::Other => return Err(OpaqueReason::UnsupportedFormat),
                }
            }
            if read == 0 && written == 0 {
                return Err(OpaqueReason::ParseError);
            }
            // What a coder makes beyond its size is no part of any file, and would be seen by nobody.
            self.left = self.left.checked_sub(written as u64).ok_or(OpaqueReason::Ambiguous)?;
            (self.ready, self.taken) = (written, 0);
        }
        let from = self.taken;
        self.taken = self.ready.min(from.saturating_add(most));
        Ok(self.out.get(from..self.taken))
    }

    /// Whether more comes out, or was read, though all has come out that should.
    fn goes_on(&mut self) -> bool {
        !self.codec.waiting().is_empty() || self.codec.step(&[], true, &mut self.out).is_ok_and(|step| step.written > 0)
    }
}

/// A coder that reads packed bytes.
fn codec(coder: &Coder, size: u64, filter: Option<FilterConfig>) -> Result<Box<dyn Codec>, OpaqueReason> {
    // No more of a window is used than comes out.
    let window = |window: u64| match window.min(size.max(1 << 12)) {
        window if window <= WINDOW_MAX => u32::try_from(window).map_err(|_| OpaqueReason::TooLarge),
        _ => Err(OpaqueReason::TooLarge),
    };
    Ok(match (coder.id.as_slice(), filter) {
        (b"\x03\x01\x01", filter) => {
            let &[properties, a, b, c, d] = coder.properties.as_slice() else { return Err(OpaqueReason::ParseError) };
            let lzma = Lzma::raw(size, properties, window(u32::from_le_bytes([a, b, c, d]).into())?)?;
            match filter {
                Some(filter) => Box::new(lzma.filtered(filter)?),
                None => Box::new(lzma),
            }
        }
        (b"\x21", filter) => {
            let &[bits @ 0..=40] = coder.properties.as_slice() else { return Err(OpaqueReason::ParseError) };
            let lzma = Lzma2::new(window((2 | u64::from(bits & 1)) << (bits / 2 + 11))?);
            match filter {
                Some(filter) => Box::new(lzma.filtered(filter)?),
                None => Box::new(lzma),
            }
        }
        (b"\0", None) => Box::new(Stored),
        (b"\x04\x01\x08", None) => Box::new(Deflate(Decompress::new(false))),
        (b"\x04\x02\x02", None) => Box::new(Bzip2(None)),
        (b"\x04\xf7\x11\x01", None) => Box::new(Zstd::new()),
        _ => return Err(OpaqueReason::UnsupportedFormat),
    })
}

/// A filter behind a coder (Methods.txt of the LZMA SDK).
fn filter(coder: &Coder) -> Result<FilterConfig, OpaqueReason> {
    Ok(match (coder.id.as_slice(), coder.properties.as_slice()) {
        (b"\x03", [distance]) => FilterConfig::new_delta(u32::from(*distance) + 1),
        (b"\x04" | b"\x03\x03\x01\x03", []) => FilterConfig::new_bcj_x86(0),
        (b"\x05" | b"\x03\x03\x02\x05", []) => FilterConfig::new_bcj_ppc(0),
        (b"\x06" | b"\x03\x03\x04\x01", []) => FilterConfig::new_bcj_ia64(0),
        (b"\x07" | b"\x03\x03\x05\x01", []) => FilterConfig::new_bcj_arm(0),
        (b"\x08" | b"\x03\x03\x07\x01", []) => FilterConfig::new_bcj_arm_thumb(0),
        (b"\x09" | b"\x03\x03\x08\x05", []) => FilterConfig::new_bcj_sparc(0),
        (b"\x0a", []) => FilterConfig::new_bcj_arm64(0),
        _ => return Err(OpaqueReason::UnsupportedFormat),
    })
}

struct Stored;

impl Codec for Stored {
    fn step(&mut self, input: &[u8], _last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let n = input.len().min(out.len());
        out.iter_mut().zip(input).for_each(|(to, b)| *to = *b);
        Ok(Step { read: n, written: n })
    }

    fn is_complete(&self) -> bool {
        true
    }

    fn memory(&self) -> u64 {
        0
    }
}

struct Deflate(Decompress);

impl Codec for Deflate {
    fn step(&mut self, input: &[u8], _last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let before = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out, FlushDecompress::None).map_err(|_| OpaqueReason::ParseError)?;
        let step =
            Step { read: (self.0.total_in() - before.0) as usize, written: (self.0.total_out() - before.1) as usize };
        if status == Status::StreamEnd && step.read < input.len() {
            return Err(OpaqueReason::Ambiguous);
        }
        Ok(step)
    }

    fn is_complete(&self) -> bool {
        true
    }

    fn memory(&self) -> u64 {
        1 << 15
    }
}

/// bzip2: packers that use several processors write several streams.
struct Bzip2(Option<bzip2::Decompress>);

impl Codec for Bzip2 {
    fn step(&mut self, input: &[u8], _last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let stream = self.0.get_or_insert_with(|| bzip2::Decompress::new(false));
        let before = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, out).map_err(|_| OpaqueReason::ParseError)?;
        let step =
            Step { read: (stream.total_in() - before.0) as usize, written: (stream.total_out() - before.1) as usize };
        if status == bzip2::Status::StreamEnd {
            self.0 = None;
        }
        Ok(step)
    }

    fn is_complete(&self) -> bool {
        self.0.is_none()
    }

    fn memory(&self) -> u64 {
        8 << 20
    }
}
