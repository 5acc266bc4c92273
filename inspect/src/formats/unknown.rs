//! Bytes of a format that no room opens: runs of printable characters are scanned, the whole is opaque.

use chot_detectors::first_pair;
use chot_model::OpaqueReason;

pub(crate) use super::strings::Strings;
use super::{Format, Room, Stream, zip};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, Object};

pub(crate) const FORMAT: Format = Format {
    media_type: OCTETS,
    matches: |_| true,
    room: Room::Stream(|head, place| {
        let reason = if is_piece(head.extension()) { OpaqueReason::Partial } else { OpaqueReason::UnsupportedFormat };
        Box::new(Unknown::new(place, reason))
    }),
    #[cfg(test)]
    example: || b"\x00\x01\x02\xff\xfe\xfdS\xe1\xbb\x91 CCCD 001090123456\x00\x00\x05\x06\x07\x08".to_vec(),
};

/// Whether a file is called as one of several that are pieces of an archive: `a.z02`, `a.r00`, `a.7z.002`, `a.003`. Only its
/// name tells, as it begins in the middle.
fn is_piece(extension: &str) -> bool {
    let number = |digits: &str, len: usize| digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
    number(extension, 3) || extension.strip_prefix(['z', 'r', 's']).is_some_and(|digits| number(digits, 2))
}

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
        match reason {
            // By a mark that no chance has: it is told of what stands in a text as well.
            OpaqueReason::Encrypted => inquiry.refuse(&strings.place, reason, strings.bytes),
            reason => inquiry.opaque(&strings.place, reason, strings.bytes),
        }
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
            let mut from = 0;
            while let Some(at) = first_pair(bytes, from, *b"PK") {
                from = at + 2;
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

#[cfg(test)]
mod tests {
    use chot_model::OpaqueReason;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn pieces_of_archives_are_told_as_such_by_their_names() {
        let bytes: Vec<u8> = (0..4_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for (name, reason) in [
            ("ho-so.z02", OpaqueReason::Partial),
            ("ho-so.7z.002", OpaqueReason::Partial),
            ("ho-so.zip.010", OpaqueReason::Partial),
            ("HO-SO.R00", OpaqueReason::Partial),
            ("ho-so.2024", OpaqueReason::UnsupportedFormat),
            ("ho-so.zip", OpaqueReason::UnsupportedFormat),
            ("ho-so", OpaqueReason::UnsupportedFormat),
        ] {
            let hint = Hint { name: Some(name.to_owned()), content_type: None };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &bytes).inspection;
            let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
            assert_eq!((reasons, inspection.object.bytes_inspected), (vec![reason], 0), "{name}");
        }
    }
}
