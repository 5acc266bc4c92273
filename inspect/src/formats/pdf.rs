//! PDF: recognised, not read yet. Its bytes are looked through as they are, and the whole is opaque.

use chot_model::OpaqueReason;

use super::unknown::Strings;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pdf",
    // Readers accept the mark anywhere in the first kilobyte (ISO 32000-2, annex I).
    matches: |head| {
        memchr::memmem::find(head.bytes.get(..head.bytes.len().min(1_024)).unwrap_or_default(), b"%PDF-").is_some()
    },
    room: Room::Stream(|_, place| Box::new(Pdf { strings: Strings::new(place), place: place.clone(), bytes: 0 })),
    #[cfg(test)]
    example: || "%PDF-1.7\n1 0 obj (Số CCCD 001090123456) endobj".into(),
};

struct Pdf {
    strings: Strings,
    place: Place,
    bytes: u64,
}

impl Stream for Pdf {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.bytes += bytes.len() as u64;
        self.strings.read(bytes, inquiry);
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        inquiry.refuse(&self.place, OpaqueReason::UnsupportedFormat, self.bytes);
        self.strings.end(inquiry);
    }
}
