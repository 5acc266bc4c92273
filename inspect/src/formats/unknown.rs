//! Bytes of a format that no room opens: runs of printable characters are scanned, the whole is opaque.

use chot_model::OpaqueReason;

use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::object::OCTETS;
use crate::redact::Origin;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: OCTETS,
    matches: |_| true,
    room: Room::Stream(|_, place| Box::new(Strings::new(place))),
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

impl Stream for Strings {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.read(bytes, inquiry);
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        let reason = if self.encrypted { OpaqueReason::Encrypted } else { OpaqueReason::UnsupportedFormat };
        inquiry.opaque(&self.place, reason, self.bytes);
        self.end(inquiry);
    }
}
