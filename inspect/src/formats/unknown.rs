//! Bytes of a format that no room opens: runs of printable characters are scanned, the whole is opaque.

use chot_model::OpaqueReason;

pub(crate) use super::strings::Strings;
use super::{Format, Room, Stream, zip};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, Object};

pub(crate) const FORMAT: Format = Format {
    media_type: OCTETS,
    matches: |_| true,
    room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::UnsupportedFormat))),
    #[cfg(test)]
    example: || b"\x00\x01\x02\xff\xfe\xfdS\xe1\xbb\x91 CCCD 001090123456\x00\x00\x05\x06\x07\x08".to_vec(),
};

/// Bytes that are searched and opaque all the same.
pub(crate) struct Unknown {
    reason: OpaqueReason,
    strings: Strings,
    appended: Appended,
    /// The last bytes.
    tail: Vec<u8>,
}

impl Unknown {
    pub(crate) fn new(place: &Place, reason: OpaqueReason) -> Self {
        Self { reason, strings: Strings::new(place), appended: Appended::new(place), tail: Vec::new() }
    }
}

impl Stream for Unknown {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.strings.read(bytes, inquiry);
        self.appended.read(bytes, inquiry);
        self.tail.extend_from_slice(bytes.get(bytes.len().saturating_sub(zip::TAIL)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(zip::TAIL));
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        let Self { reason, strings, appended, tail } = *self;
        // The last of several files of an archive begins in the middle of something.
        let reason = if zip::ends_segments(&tail) { OpaqueReason::Partial } else { reason };
        inquiry.opaque(&strings.place, reason, strings.bytes);
        strings.end(inquiry);
        appended.end(inquiry);
    }
}

/// A ZIP archive behind something else, as in programs that unpack themselves and pictures that carry more.
///
/// Programs find an archive by its end, so whatever stands before it does not matter to them.
pub(crate) struct Appended {
    place: Place,
    archive: Option<Box<Object>>,
    ended: bool,
    /// The last bytes of the block before, in which a mark may have begun.
    carry: Vec<u8>,
}

impl Appended {
    pub(crate) fn new(place: &Place) -> Self {
        Self { place: place.clone(), archive: None, ended: false, carry: Vec::new() }
    }

    pub(crate) fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        const MARK: usize = 4;
        let edge = [self.carry.as_slice(), bytes.get(..bytes.len().min(MARK - 1)).unwrap_or_default()].concat();
        let (mut start, mut edge_start) = (None, None);
        for (bytes, start) in [(edge.as_slice(), &mut edge_start), (bytes, &mut start)] {
            for at in memchr::memmem::find_iter(bytes, b"PK") {
                match bytes.get(at + 2..at + MARK) {
                    Some(b"\x03\x04") if start.is_none() => *start = Some(at),
                    Some(b"\x05\x06") => self.ended = true,
                    _ => {}
                }
            }
        }
        match &mut self.archive {
            Some(archive) => archive.push(bytes, inquiry),
            None if self.place.depth < inquiry.limits.depth_max => {
                let start = match edge_start {
                    Some(at) => Some((edge.get(at..self.carry.len()), bytes)),
                    None => start.and_then(|at| Some((None, bytes.get(at..)?))),
                };
                if let Some((carried, rest)) = start {
                    let mut archive = Object::new(Hint::default(), self.place.disguised("appended"));
                    archive.push(carried.unwrap_or_default(), inquiry);
                    archive.push(rest, inquiry);
                    self.archive = Some(Box::new(archive));
                }
            }
            None => {}
        }
        self.carry.extend_from_slice(bytes.get(bytes.len().saturating_sub(MARK - 1)..).unwrap_or_default());
        let old = self.carry.len().saturating_sub(MARK - 1);
        self.carry.drain(..old);
    }

    pub(crate) fn end(self, inquiry: &mut Inquiry) {
        match self.archive {
            // Without an end it is no archive to anybody.
            Some(mut archive) if self.ended => archive.finish(None, inquiry),
            Some(archive) => archive.forget(inquiry),
            None => {}
        }
    }
}
