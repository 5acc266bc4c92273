//! LZMA in its three coats: xz, the older `.lzma`, and the raw streams of other archives.
//!
//! The decoder is the crate's, without its optimisations: those are `unsafe`. lzip is not read.

use std::io;

use chot_model::OpaqueReason;
use lzma_rust2::{Action, FilterConfig, Lzma2Stream, LzmaStream, Status, XzStream};

use super::{Codec, Step, WINDOW_MAX};

/// The xz file format 1.1, §2.1.1.1.
pub(super) const XZ_MARK: &[u8] = b"\xfd7zXZ\0";

const WINDOW_MAX_KIB: u32 = (WINDOW_MAX >> 10) as u32;

/// A `.lzma` file has no mark: properties as everybody writes them, a window of a usual size, a length that is unknown
/// or sensible, and the zero that every range coder begins with.
pub(super) fn is_alone(bytes: &[u8]) -> bool {
    const LENGTH_MAX: u64 = 1 << 40;
    let Some((&[0x5d, a, b, c, d, ref length @ ..], [0, ..])) = bytes.split_first_chunk::<13>() else { return false };
    let window = u32::from_le_bytes([a, b, c, d]);
    let usual =
        window >= 1 << 12 && (window.is_power_of_two() || (window / 3 * 2).is_power_of_two() && window % 3 == 0);
    let length = length.first_chunk().map_or(0, |l| u64::from_le_bytes(*l));
    (usual || window == u32::MAX) && (length == u64::MAX || length < LENGTH_MAX)
}

fn reason(error: &io::Error) -> OpaqueReason {
    match error.kind() {
        io::ErrorKind::OutOfMemory => OpaqueReason::TooLarge,
        io::ErrorKind::Unsupported => OpaqueReason::UnsupportedFormat,
        _ => OpaqueReason::ParseError,
    }
}

const fn action(last: bool) -> Action {
    if last { Action::Finish } else { Action::Run }
}

/// xz: streams behind each other and the padding between belong to one file.
pub(crate) struct Xz {
    stream: XzStream,
    ended: bool,
    started: bool,
}

impl Xz {
    pub(crate) fn new() -> Self {
        Self { stream: XzStream::new_mem_limit(true, WINDOW_MAX_KIB), ended: false, started: false }
    }
}

impl Codec for Xz {
    fn step(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        self.started |= !input.is_empty();
        if self.ended || !self.started {
            return Ok(Step::default());
        }
        let done = self.stream.process(input, out, action(last)).map_err(|e| reason(&e))?;
        self.ended = done.status == Status::StreamEnd;
        Ok(Step { read: done.bytes_consumed, written: done.bytes_produced })
    }

    fn is_complete(&self) -> bool {
        self.ended
    }

    fn memory(&self) -> u64 {
        self.stream.memory_usage().map_or(0, |kib| u64::from(kib) << 10)
    }
}

/// One stream of LZMA.
pub(crate) struct Lzma {
    stream: LzmaStream,
    memory: u64,
    ended: bool,
}

impl Lzma {
    /// As a `.lzma` file, with its header.
    pub(crate) fn alone() -> Self {
        Self { stream: LzmaStream::new_mem_limit(WINDOW_MAX_KIB, None), memory: 0, ended: false }
    }

    /// Without a header, of so many bytes unpacked (all ones: until it says it ends).
    ///
    /// # Errors
    /// When the properties are impossible.
    pub(crate) fn raw(len: u64, properties: u8, window: u32) -> Result<Self, OpaqueReason> {
        let stream = LzmaStream::new_with_props(len, properties, window, None).map_err(|e| reason(&e))?;
        Ok(Self { stream, memory: window.into(), ended: false })
    }

    /// Undoes a filter behind it.
    ///
    /// # Errors
    /// When its parameters are impossible.
    pub(crate) fn filtered(mut self, filter: FilterConfig) -> Result<Self, OpaqueReason> {
        self.stream.set_filters(&[filter]).map_err(|e| reason(&e))?;
        Ok(self)
    }
}

impl Codec for Lzma {
    fn step(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        if self.ended {
            return Ok(Step::default());
        }
        let done = self.stream.process(input, out, action(last)).map_err(|e| reason(&e))?;
        if done.status == Status::StreamEnd {
            self.ended = true;
            if !self.stream.unused_input().is_empty() {
                return Err(OpaqueReason::ParseError);
            }
        }
        Ok(Step { read: done.bytes_consumed, written: done.bytes_produced })
    }

    fn is_complete(&self) -> bool {
        self.ended
    }

    fn waiting(&self) -> &[u8] {
        self.stream.unused_input()
    }

    fn memory(&self) -> u64 {
        self.memory.max(self.stream.memory_usage().map_or(0, |kib| u64::from(kib) << 10))
    }
}

/// One stream of LZMA2, as 7z has it.
pub(crate) struct Lzma2 {
    stream: Lzma2Stream,
    window: u32,
    ended: bool,
}

impl Lzma2 {
    pub(crate) fn new(window: u32) -> Self {
        Self { stream: Lzma2Stream::new(window), window, ended: false }
    }

    /// Undoes a filter behind it.
    ///
    /// # Errors
    /// When its parameters are impossible.
    pub(crate) fn filtered(mut self, filter: FilterConfig) -> Result<Self, OpaqueReason> {
        self.stream.set_filters(&[filter]).map_err(|e| reason(&e))?;
        Ok(self)
    }
}

impl Codec for Lzma2 {
    fn step(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        if self.ended {
            return Ok(Step::default());
        }
        let done = self.stream.process(input, out, action(last)).map_err(|e| reason(&e))?;
        self.ended = done.status == Status::StreamEnd;
        Ok(Step { read: done.bytes_consumed, written: done.bytes_produced })
    }

    fn is_complete(&self) -> bool {
        self.ended
    }

    fn memory(&self) -> u64 {
        self.window.into()
    }
}
