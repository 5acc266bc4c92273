//! Plain text: UTF-8, or an old one-byte code page.

use super::{Format, Room, Stream, returns};
use crate::charset::Charset;
use crate::inquiry::{Inquiry, Place};
use crate::sniff::{Encoding, Head};
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "text/plain",
    matches: |head| head.is_ascii_based(),
    room: Room::Stream(|head, place| returns::read(head, Box::new(Plain { text: Text::prose(legible(head, place)) }))),
    #[cfg(test)]
    example: || "Số CCCD 001090123456".into(),
};

/// The place with the character set of its text.
pub(crate) fn legible(head: &Head<'_>, place: &Place) -> Place {
    let charset = (head.text == Some(Encoding::Legacy)).then(|| Charset::of(head.bytes));
    Place { charset, ..place.clone() }
}

struct Plain {
    text: Text,
}

impl Stream for Plain {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.text.push(bytes, at, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
    }
}
