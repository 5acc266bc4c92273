//! Messages of OpenPGP in their binary form (RFC 9580): recognised by their first packet, exactly, and opaque.
//!
//! Armoured ones are recognised wherever they are pasted (`crate::object`). No key is ever looked for.

use chot_model::OpaqueReason;

use super::unknown::Unknown;
use super::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pgp-encrypted",
    matches: |head| is_sealed(head.bytes),
    room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::Encrypted))),
    #[cfg(test)]
    example: || [b"\x8c\x0d\x04\x09\x03\x0212345678\x60\xd2\x10", "Số CCCD 001090123456".as_bytes()].concat(),
};

/// Packets that begin an encrypted message (§10.3): a session key for somebody's key, one for a password.
const FOR_KEY: u8 = 1;
const FOR_PASSWORD: u8 = 3;

/// Whether the first packet is a session key, and a packet follows it.
pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    sealed(bytes).is_some()
}

fn sealed(bytes: &[u8]) -> Option<()> {
    let (tag, start, len) = packet(bytes)?;
    let body = bytes.get(start..start + len)?;
    let is_key = match (tag, body) {
        (FOR_KEY, [3, _, _, _, _, _, _, _, _, algorithm, ..]) => matches!(algorithm, 1..=3 | 16..=20 | 25..=27),
        (FOR_KEY, [6, ..]) => len > 20,
        (FOR_PASSWORD, [4, cipher, derivation, ..]) => {
            matches!((cipher, derivation), (1..=13, 0 | 1 | 3 | 4)) && len < 128
        }
        (FOR_PASSWORD, [5 | 6, ..]) => (20..128).contains(&len),
        _ => false,
    };
    // What follows is another session key or the message.
    let next = bytes.get(start + len..).and_then(packet_tag)?;
    (is_key && matches!(next, FOR_KEY | FOR_PASSWORD | 9 | 18 | 20)).then_some(())
}

fn packet_tag(bytes: &[u8]) -> Option<u8> {
    match bytes.first()? {
        first @ 0xc0.. => Some(first & 0x3f),
        first @ 0x80.. => Some(first >> 2 & 0xf),
        _ => None,
    }
}

/// Tag, where the body begins, and how long it is (§4.2); session keys have a length that is told.
fn packet(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let tag = packet_tag(bytes)?;
    let byte = |at: usize| bytes.get(at).map(|b| usize::from(*b));
    let (start, len) = match bytes.first()? {
        0xc0.. => match byte(1)? {
            len @ ..192 => (2, len),
            first @ 192..224 => (3, ((first - 192) << 8) + byte(2)? + 192),
            _ => return None,
        },
        first => match first & 3 {
            0 => (2, byte(1)?),
            1 => (3, byte(1)? << 8 | byte(2)?),
            _ => return None,
        },
    };
    Some((tag, start, len))
}
