//! RTF: recognised, not read yet. Its bytes are scanned as they are, and the whole is opaque: formatting may stand
//! between the digits of a number.

use super::unknown::Strings;
use super::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/rtf",
    matches: |head| head.trimmed.starts_with(b"{\\rtf"),
    room: Room::Stream(|_, place| Box::new(Strings::new(place))),
    #[cfg(test)]
    example: || b"{\\rtf1\\ansi so CCCD 001090123456\\par}".to_vec(),
};
