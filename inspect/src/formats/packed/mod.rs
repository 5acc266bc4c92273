//! One file packed into one stream (xz, lzma, lz4, zstd, compress): unpacked as it arrives, the content inspected
//! as an object.
//!
//! Streams behind each other are one content, as the tools have it. What stands behind the last, or cannot be
//! unpacked, is opaque, and its bytes are scanned as they are. Checksums are left to the decoders that know them.

mod compress;
mod lz4;
mod lzma;
pub(crate) mod skipped;
#[cfg(test)]
mod tests;
mod zstd;

use chot_model::OpaqueReason;

pub(crate) use lzma::{Lzma, Lzma2, Xz};
pub(crate) use zstd::Zstd;

use super::unknown::Strings;
use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, Object};
use crate::redact::Origin;
use crate::sniff::{self, Head};

pub(crate) const XZ: Format = Format {
    media_type: "application/x-xz",
    matches: |head| head.bytes.starts_with(lzma::XZ_MARK),
    room: Room::Stream(|head, place| Unpacking::open(Box::new(Xz::new()), ".xz", head, place)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/so.txt.xz").to_vec(),
};

pub(crate) const LZMA: Format = Format {
    media_type: "application/x-lzma",
    matches: |head| lzma::is_alone(head.bytes) && head.text.is_none(),
    room: Room::Stream(|head, place| Unpacking::open(Box::new(Lzma::alone()), ".lzma", head, place)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/so.txt.lzma").to_vec(),
};

pub(crate) const LZ4: Format = Format {
    media_type: "application/x-lz4",
    matches: |head| lz4::is_marked(head.bytes),
    room: Room::Stream(|head, place| Unpacking::open(Box::new(lz4::Lz4::default()), ".lz4", head, place)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/so.txt.lz4").to_vec(),
};

pub(crate) const ZSTD: Format = Format {
    media_type: "application/zstd",
    matches: |head| zstd::is_marked(head.bytes),
    room: Room::Stream(|head, place| Unpacking::open(Box::new(Zstd::new()), ".zst", head, place)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/so.txt.zst").to_vec(),
};

pub(crate) const COMPRESS: Format = Format {
    media_type: "application/x-compress",
    matches: |head| head.bytes.starts_with(compress::MARK),
    room: Room::Stream(|head, place| Unpacking::open(Box::new(compress::Compress::default()), ".Z", head, place)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/so.txt.Z").to_vec(),
};

/// A way of packing, undone piece by piece.
pub(crate) trait Codec: Send {
    /// Takes some of `input` and writes some of what it stands for to `out`. Nothing taken and nothing written: it
    /// cannot go on, for want of input or because the stream has ended. `last`: no input comes behind this.
    ///
    /// # Errors
    /// Why the rest cannot be unpacked.
    fn step(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason>;

    /// Whether the bytes so far may be all there are.
    fn is_complete(&self) -> bool;

    /// Bytes of memory its window takes.
    fn memory(&self) -> u64;

    /// Bytes taken that nothing was made of yet.
    fn waiting(&self) -> &[u8] {
        &[]
    }

    /// Parts of the stream that stand for nothing and may hold something all the same, as far as they are whole; at its
    /// `end` one that is cut, too.
    fn skipped(&mut self, end: bool) -> Vec<Vec<u8>> {
        let _ = end;
        Vec::new()
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) read: usize,
    pub(crate) written: usize,
}

/// Windows of all streams under way, one within the other, take at most this much.
pub(crate) const WINDOW_MAX: u64 = 100 << 20;

struct Unpacking {
    codec: Box<dyn Codec>,
    out: Vec<u8>,
    place: Place,
    content: Box<Object>,
    unpacked: u64,
    /// Memory accounted for.
    held: u64,
    /// Bytes that were unpacked, and those behind.
    read: u64,
    unread: u64,
    /// What could not be unpacked.
    rest: Option<Strings>,
}

impl Unpacking {
    fn open(codec: Box<dyn Codec>, suffix: &str, head: &Head<'_>, place: &Place) -> Box<dyn Stream> {
        let name = head.hint.name.as_deref().and_then(|n| n.strip_suffix(suffix)).unwrap_or_default();
        let inner = Hint { name: (!name.is_empty()).then(|| name.to_owned()), content_type: None };
        let content = Box::new(Object::new(inner, place.member("", Origin::Lost)));
        Box::new(Self {
            codec,
            out: vec![0; BLOCK],
            place: place.clone(),
            content,
            unpacked: 0,
            held: 0,
            read: 0,
            unread: 0,
            rest: None,
        })
    }

    /// Unpacks `bytes`, and tells how many of them were taken.
    fn unpack(&mut self, bytes: &[u8], last: bool, inquiry: &mut Inquiry) -> (usize, Result<(), OpaqueReason>) {
        let mut at = 0;
        loop {
            if inquiry.is_late(&self.place) {
                return (at, Err(OpaqueReason::TimeLimit));
            }
            let step = match self.codec.step(bytes.get(at..).unwrap_or_default(), last, &mut self.out) {
                Ok(step) => step,
                Err(reason) => return (at, Err(reason)),
            };
            at += step.read;
            if let Err(reason) = self.tell(step.written, inquiry) {
                return (at, Err(reason));
            }
            if step == Step::default() {
                let stuck = at < bytes.len() || last && !self.codec.is_complete();
                return (at, if stuck { Err(OpaqueReason::ParseError) } else { Ok(()) });
            }
        }
    }

    fn tell(&mut self, written: usize, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        // A window is as large as what was written to it.
        self.unpacked += written as u64;
        let memory = self.codec.memory().min(self.unpacked);
        if memory > self.held {
            let more = usize::try_from(memory - self.held).unwrap_or(usize::MAX);
            if !inquiry.hold(more) {
                return Err(OpaqueReason::TooLarge);
            }
            self.held = memory;
        }
        self.look_aside(false, inquiry);
        if !inquiry.inflate(written) {
            return Err(OpaqueReason::TooLarge);
        }
        self.content.push(self.out.get(..written).unwrap_or_default(), inquiry);
        Ok(())
    }

    fn look_aside(&mut self, end: bool, inquiry: &mut Inquiry) {
        for frame in self.codec.skipped(end) {
            skipped::inspect(&frame, &self.place, inquiry);
        }
    }

    fn take(&mut self, bytes: &[u8], last: bool, inquiry: &mut Inquiry) {
        if let Some(rest) = &mut self.rest {
            self.unread += bytes.len() as u64;
            return rest.read(bytes, inquiry);
        }
        let (at, unpacked) = self.unpack(bytes, last, inquiry);
        self.read += at as u64;
        let Err(reason) = unpacked else { return };
        let left = (bytes.len() - at).max(1) as u64;
        match reason {
            OpaqueReason::ParseError | OpaqueReason::UnsupportedFormat => inquiry.opaque(&self.place, reason, left),
            _ => inquiry.refuse(&self.place, reason, left),
        }
        self.look_aside(true, inquiry);
        let mut rest = Strings::new(&self.place);
        rest.read(self.codec.waiting(), inquiry);
        rest.read(bytes.get(at..).unwrap_or_default(), inquiry);
        self.rest = Some(rest);
    }
}

impl Stream for Unpacking {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.take(bytes, false, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.take(b"", true, inquiry);
        inquiry.held = inquiry.held.saturating_sub(self.held);
        self.content.finish_packed(None, self.read, inquiry);
        inquiry.miss(self.unread);
        if let Some(rest) = self.rest {
            rest.end(inquiry);
        }
    }
}

/// Whether bytes begin as one of these that is marked well enough to be looked for anywhere.
pub(crate) fn is_marked(bytes: &[u8]) -> bool {
    bytes.starts_with(lzma::XZ_MARK) || lz4::is_marked(bytes) || zstd::is_marked(bytes) || sniff::is_bzip2(bytes)
        // Blocks, and codes of up to sixteen bits: the mark alone is two bytes.
        || matches!(bytes, [0x1f, 0x9d, 0x89..=0x90, ..])
}
