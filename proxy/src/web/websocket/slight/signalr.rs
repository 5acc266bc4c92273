//! What SignalR says in MessagePack without a call: that it is there, that it goes, and how far it has heard.

use super::{Bytes, Free};

/// Ack and Sequence, which hold the number of a message.
const NUMBERED: [u8; 2] = [8, 9];

/// The text of such a message: none.
pub(super) fn text_of(message: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(message);
    if rest.length()? != rest.0.len() {
        return None;
    }
    let is_known = match *rest.0 {
        // Ping, and Close without words.
        [0x91, 6 | 7] | [0x92, 7, 0xc0] | [0x93, 7, 0xc0, 0xc2 | 0xc3] => true,
        [0x92, kind, ref number @ ..] if NUMBERED.contains(&kind) => {
            let number = match *number {
                [small @ 0..=0x7f] => u32::from(small),
                [0xcc, byte @ 0x80..=0xff] => u32::from(byte),
                [0xcd, high @ 1..=0xff, low] => u32::from(u16::from_be_bytes([high, low])),
                // Of four bytes, as long as they are few.
                [0xce, 0, high @ 1..=0xff, middle, low] => u32::from_be_bytes([0, high, middle, low]),
                _ => return None,
            };
            number < 1 << (Free::BITS - 4)
        }
        _ => false,
    };
    is_known.then(Vec::new)
}
