//! Bytes of a format that no room opens: runs of printable characters are scanned, the whole is opaque.

use chot_model::OpaqueReason;

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, Object};
use crate::redact::Origin;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: OCTETS,
    matches: |_| true,
    room: Room::Stream(|_, place| Box::new(Unknown { strings: Strings::new(place), appended: Appended::new(place) })),
    #[cfg(test)]
    example: || b"\x00\x01\x02\xff\xfe\xfdS\xe1\xbb\x91 CCCD 001090123456\x00\x00\x05\x06\x07\x08".to_vec(),
};

/// Scans the printable runs of bytes, as they are and as UTF-16. The owner says what is opaque.
pub(crate) struct Strings {
    place: Place,
    narrow: Text,
    wide: Text,
    /// The last byte was printable, and its pair is not complete.
    half: Option<u8>,
    bytes: u64,
    /// A compound file that says it holds an encrypted package (MS-OFFCRYPTO §2.3.2).
    encrypted: bool,
    compound: bool,
}

impl Strings {
    pub(crate) fn new(place: &Place) -> Self {
        let lost = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        let wide = Place { again: true, ..lost.clone() };
        Self {
            place: place.clone(),
            narrow: Text::new(lost),
            wide: Text::new(wide),
            half: None,
            bytes: 0,
            encrypted: false,
            compound: false,
        }
    }

    pub(crate) fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        self.compound |= self.bytes == 0 && bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        if self.compound && !self.encrypted {
            // A name in the directory lies within one sector, and sectors within one block.
            let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            self.encrypted = memchr::memmem::find(bytes, &name).is_some();
        }
        self.bytes += bytes.len() as u64;
        let shown = |b: &u8| *b >= 0x20 && *b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r');
        let narrow: Vec<u8> = bytes.iter().map(|b| if shown(b) { *b } else { b'\n' }).collect();
        self.narrow.push(&narrow, 0, inquiry);
        let mut wide = Vec::new();
        for b in bytes {
            match (self.half.take(), *b) {
                (Some(low), 0) => wide.push(low),
                (Some(_), b) if shown(&b) && b.is_ascii() => {
                    if wide.last() != Some(&b'\n') {
                        wide.push(b'\n');
                    }
                    self.half = Some(b);
                }
                (None, b) if shown(&b) && b.is_ascii() => self.half = Some(b),
                (None, 0) => {}
                _ => wide.push(b'\n'),
            }
        }
        if wide.iter().any(|b| *b != b'\n') {
            self.wide.push(&wide, 0, inquiry);
        }
    }

    pub(crate) fn end(mut self, inquiry: &mut Inquiry) {
        self.narrow.finish(inquiry);
        self.wide.finish(inquiry);
    }
}

struct Unknown {
    strings: Strings,
    appended: Appended,
}

impl Stream for Unknown {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.strings.read(bytes, inquiry);
        self.appended.read(bytes, inquiry);
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        let Self { strings, appended } = *self;
        let reason = if strings.encrypted { OpaqueReason::Encrypted } else { OpaqueReason::UnsupportedFormat };
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
        let has =
            |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some() || memchr::memmem::find(&edge, mark).is_some();
        self.ended |= has(b"PK\x05\x06");
        match &mut self.archive {
            Some(archive) => archive.push(bytes, inquiry),
            None if self.place.depth < inquiry.limits.depth_max => {
                let begin: &[u8] = b"PK\x03\x04";
                let start = memchr::memmem::find(&edge, begin).map(|at| (edge.get(at..self.carry.len()), bytes));
                let start = start.or_else(|| Some((None, bytes.get(memchr::memmem::find(bytes, begin)?..)?)));
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
