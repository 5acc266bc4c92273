//! UTF-32 text of either byte order: decoded, then inspected as what it then is.
//!
//! It cannot be redacted: the decoded text is an object of its own.

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff::Encoding;

pub(crate) const LITTLE: Format = Format {
    media_type: "text/plain; charset=utf-32le",
    matches: |head| head.text == Some(Encoding::Utf32Le),
    room: Room::Stream(|head, place| Box::new(Wider::new(u32::from_le_bytes, head.hint, place))),
    #[cfg(test)]
    example: || "Số CCCD 001090123456".chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
};

pub(crate) const BIG: Format = Format {
    media_type: "text/plain; charset=utf-32be",
    matches: |head| head.text == Some(Encoding::Utf32Be),
    room: Room::Stream(|head, place| Box::new(Wider::new(u32::from_be_bytes, head.hint, place))),
    #[cfg(test)]
    example: || "Số CCCD 001090123456".chars().flat_map(|c| (c as u32).to_be_bytes()).collect(),
};

struct Wider {
    unit: fn([u8; 4]) -> u32,
    /// The beginning of a unit that the last block cut.
    carry: Vec<u8>,
    text: Box<Object>,
}

impl Wider {
    fn new(unit: fn([u8; 4]) -> u32, hint: &Hint, place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, ..place.clone() };
        Self { unit, carry: Vec::new(), text: Box::new(Object::new(hint.clone(), place)) }
    }
}

impl Stream for Wider {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.carry.extend_from_slice(bytes);
        let mut units = self.carry.chunks_exact(4);
        let read: String = units
            .by_ref()
            .filter_map(|u| u.try_into().ok())
            .map(|u| char::from_u32((self.unit)(u)).unwrap_or(char::REPLACEMENT_CHARACTER))
            .filter(|c| *c != '\u{feff}')
            .collect();
        let rest = units.remainder().to_vec();
        self.text.push(read.as_bytes(), inquiry);
        self.carry = rest;
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.text.finish(None, inquiry);
    }
}
