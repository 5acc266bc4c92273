//! Frames that stand for nothing, of zstd and LZ4 alike: whoever unpacks passes over them, whatever they hold.

use crate::formats::rest;
use crate::formats::strings::Strings;
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::text;

/// Longer ones are looked at in pieces.
const PIECE: usize = 1 << 20;

/// What such frames hold, as far as nobody has looked at it.
#[derive(Default)]
pub(crate) struct Skipped {
    frame: Vec<u8>,
    whole: Vec<Vec<u8>>,
}

impl Skipped {
    /// Whether a frame begins with such a mark.
    pub(crate) const fn begins(magic: u32) -> bool {
        magic & 0xffff_fff0 == 0x184d_2a50
    }

    /// Takes what there is of the `left` bytes of a frame; how many that were.
    pub(crate) fn take(&mut self, bytes: &[u8], left: u32) -> u32 {
        let room = (PIECE - self.frame.len()) as u32;
        let n = left.min(room).min(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.frame.extend_from_slice(bytes.get(..n as usize).unwrap_or_default());
        if n == left || self.frame.len() == PIECE {
            self.whole.push(std::mem::take(&mut self.frame));
        }
        n
    }

    /// The frames that are whole; at the `end` the one that is not as well.
    pub(crate) fn told(&mut self, end: bool) -> Vec<Vec<u8>> {
        if end && !self.frame.is_empty() {
            self.whole.push(std::mem::take(&mut self.frame));
        }
        std::mem::take(&mut self.whole)
    }
}

/// What a frame holds.
pub(crate) enum Kind {
    /// Where other frames are, and nothing else.
    Index,
    /// Text.
    Words,
    /// A file, or bytes of no kind.
    Other,
}

/// Tells what a frame holds.
pub(crate) fn kind(frame: &[u8]) -> Kind {
    match frame {
        _ if is_index(frame) => Kind::Index,
        _ if rest::is_text(frame) => Kind::Words,
        _ => Kind::Other,
    }
}

/// Inspects what a frame holds.
pub(super) fn inspect(frame: &[u8], place: &Place, inquiry: &mut Inquiry) {
    match kind(frame) {
        Kind::Index => {}
        Kind::Words => {
            let marks = text::aside(place, "", frame, inquiry);
            inquiry.people.record(&marks, false);
        }
        Kind::Other => {
            let place = place.member("", Origin::Lost);
            let mut strings = Strings::new(&place);
            strings.read(frame, inquiry);
            strings.end(inquiry);
            rest::inspect(frame, &place, inquiry);
        }
    }
}

/// Whether it is the table of a seekable file: where its frames are (`zstd_seekable_compression_format.md` of zstd: entries of
/// eight or twelve bytes, how many, which, and a mark).
fn is_index(frame: &[u8]) -> bool {
    let Some((entries, &[a, b, c, d, kind, 0xb1, 0xea, 0x92, 0x8f])) = frame.split_last_chunk::<9>() else {
        return false;
    };
    let size = if kind & 0x80 == 0 { 8 } else { 12 };
    u64::from(u32::from_le_bytes([a, b, c, d])) * size == entries.len() as u64
}
