//! UTF-16 text of either byte order, with and without a byte order mark: decoded, then inspected as what it then is.
//!
//! It cannot be redacted: the decoded text is an object of its own.

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff::Encoding;

pub(crate) const LITTLE: Format = Format {
    media_type: "text/plain; charset=utf-16le",
    matches: |head| head.text == Some(Encoding::Utf16Le),
    room: Room::Stream(|head, place| Box::new(Wide::new(encoding_rs::UTF_16LE, head.hint, place))),
    #[cfg(test)]
    example: || "Số CCCD 001090123456".encode_utf16().flat_map(u16::to_le_bytes).collect(),
};

pub(crate) const BIG: Format = Format {
    media_type: "text/plain; charset=utf-16be",
    matches: |head| head.text == Some(Encoding::Utf16Be),
    room: Room::Stream(|head, place| Box::new(Wide::new(encoding_rs::UTF_16BE, head.hint, place))),
    #[cfg(test)]
    example: || "Số CCCD 001090123456".encode_utf16().flat_map(u16::to_be_bytes).collect(),
};

struct Wide {
    decoder: encoding_rs::Decoder,
    text: Box<Object>,
    buffer: Vec<u8>,
}

impl Wide {
    fn new(encoding: &'static encoding_rs::Encoding, hint: &Hint, place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, ..place.clone() };
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { decoder, text: Box::new(Object::new(hint.clone(), place)), buffer: vec![0; 1 << 16] }
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, inquiry: &mut Inquiry) {
        loop {
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.buffer, last);
            self.text.push(self.buffer.get(..written).unwrap_or_default(), inquiry);
            bytes = bytes.get(read..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return;
            }
        }
    }
}

impl Stream for Wide {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.decode(bytes, false, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.decode(&[], true, inquiry);
        self.text.finish(None, inquiry);
    }
}
