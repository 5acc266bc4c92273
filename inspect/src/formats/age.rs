//! What `age` encrypts (age-encryption.org/v1), told by its first line; the armoured form is base64 of it. Nobody reads it.

use chot_model::OpaqueReason;

use super::unknown::Unknown;
use super::{Format, Room};

/// Its first line.
pub(crate) const MARK: &[u8] = b"age-encryption.org/v1\n";

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-age-encryption",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::Encrypted))),
    #[cfg(test)]
    example: || {
        [MARK, b"-> X25519 \x01\x92\x03\xf4\xff\x06\x87\x08\0\x01\xfe", "Số CCCD 001090123456".as_bytes()].concat()
    },
};
