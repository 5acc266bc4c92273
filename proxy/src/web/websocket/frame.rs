//! Frames of a WebSocket (RFC 6455 §5.2): heads, masks, close codes. Bytes in, facts out; no I/O.

use bytes::{BufMut, BytesMut};

/// Most bytes a control frame carries.
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Whether it may stand between the frames of a message.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Who sends: clients mask, servers do not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The last of its message.
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of payload behind the head.
    pub(super) len: u64,
}

/// A frame nobody may send here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Head {
    /// The head that `bytes` begin with and its length; `None` when more are needed. Reserved bits are for extensions,
    /// and none was agreed.
    pub(super) fn read(bytes: &[u8], sender: Sender) -> Result<Option<(Self, usize)>, Malformed> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = Opcode::of(first & 0x0f).ok_or(Malformed)?;
        let (is_last, is_masked) = (first & 0x80 != 0, second & 0x80 != 0);
        if first & 0x70 != 0 || is_masked != (sender == Sender::Client) {
            return Err(Malformed);
        }
        let (len, rest) = match (second & 0x7f, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (127, rest) => match rest.split_first_chunk() {
                Some((len, rest)) => (u64::from_be_bytes(*len), rest),
                None => return Ok(None),
            },
            (126, _) => return Ok(None),
            (len, rest) => (u64::from(len), rest),
        };
        // The shortest form is the only one; the highest bit is never set.
        let is_shortest = match second & 0x7f {
            126 => len > 125,
            127 => len > 0xffff && len >> 63 == 0,
            _ => true,
        };
        if !is_shortest || opcode.is_control() && (!is_last || len > CONTROL_BYTES_MAX as u64) {
            return Err(Malformed);
        }
        let (mask, rest) = match (sender, rest.split_first_chunk()) {
            (Sender::Server, _) => (None, rest),
            (Sender::Client, Some((mask, rest))) => (Some(*mask), rest),
            (Sender::Client, None) => return Ok(None),
        };
        Ok(Some((Self { is_last, opcode, mask, len }, bytes.len() - rest.len())))
    }

    /// Writes the head.
    pub(super) fn write(self, out: &mut BytesMut) {
        out.put_u8(u8::from(self.is_last) << 7 | self.opcode.bits());
        let masked = u8::from(self.mask.is_some()) << 7;
        match self.len {
            len @ 0..=125 => out.put_u8(masked | len as u8),
            len @ 126..=0xffff => {
                out.put_u8(masked | 126);
                out.put_u16(len as u16);
            }
            len => {
                out.put_u8(masked | 127);
                out.put_u64(len);
            }
        }
        out.put_slice(self.mask.as_ref().map_or(&[], <[u8; 4]>::as_slice));
    }
}

/// Masks `bytes`, or takes the mask off, where `at` bytes of the payload came before.
pub(super) fn apply(mask: [u8; 4], at: u64, bytes: &mut [u8]) {
    let mut mask = mask;
    mask.rotate_left((at % 4) as usize);
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

/// A whole frame with a payload of no more than a control frame's.
pub(super) fn small(opcode: Opcode, mask: Option<[u8; 4]>, payload: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(14 + payload.len());
    Head { is_last: true, opcode, mask, len: payload.len() as u64 }.write(&mut out);
    let mut payload = BytesMut::from(payload);
    if let Some(mask) = mask {
        apply(mask, 0, &mut payload);
    }
    out.unsplit(payload);
    out
}

/// The payload of a close frame: its code, and as much of the reason as fits.
pub(super) fn closing(code: u16, reason: &str) -> Vec<u8> {
    let fits = reason.floor_char_boundary(CONTROL_BYTES_MAX - 2);
    [&code.to_be_bytes(), reason.get(..fits).unwrap_or_default().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn heads_that_no_standard_allows_are_malformed() {
        for (bytes, sender) in [
            // Reserved bits.
            (&[0xc1, 0x80, 0, 0, 0, 0][..], Sender::Client),
            (&[0xa1, 0x80, 0, 0, 0, 0], Sender::Client),
            (&[0x91, 0x80, 0, 0, 0, 0], Sender::Client),
            // Opcodes without a meaning.
            (&[0x83, 0x80, 0, 0, 0, 0], Sender::Client),
            (&[0x8b, 0x80, 0, 0, 0, 0], Sender::Client),
            // A mask missing, and one too many.
            (&[0x81, 0x05], Sender::Client),
            (&[0x81, 0x85, 0, 0, 0, 0], Sender::Server),
            // Control frames in pieces, or too long.
            (&[0x08, 0x80, 0, 0, 0, 0], Sender::Client),
            (&[0x89, 0xfe, 0, 126, 0, 0, 0, 0], Sender::Client),
            // Lengths in a longer form than needed, or negative.
            (&[0x82, 0xfe, 0, 125, 0, 0, 0, 0], Sender::Client),
            (&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0], Sender::Client),
            (&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Sender::Client),
        ] {
            assert_eq!(Head::read(bytes, sender), Err(Malformed), "{bytes:x?}");
        }
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        for len in 0..200 {
            let payload = closing(1008, &"ữ".repeat(len));
            assert!(payload.len() <= CONTROL_BYTES_MAX && std::str::from_utf8(&payload[2..]).is_ok());
        }
    }

    proptest! {
        #[test]
        fn heads_are_read_as_they_were_written(
            is_last: bool,
            bits in prop_oneof![0u8..3, 8u8..11],
            len in prop_oneof![0u64..200, 65_500u64..65_600, 0..=u64::MAX >> 1],
            mask: Option<[u8; 4]>,
        ) {
            let opcode = Opcode::of(bits).expect("an opcode");
            let head = if opcode.is_control() {
                Head { is_last: true, opcode, mask, len: len % 126 }
            } else {
                Head { is_last, opcode, mask, len }
            };
            let sender = if mask.is_some() { Sender::Client } else { Sender::Server };
            let mut bytes = BytesMut::new();
            head.write(&mut bytes);
            for cut in 0..bytes.len() {
                prop_assert_eq!(Head::read(&bytes[..cut], sender), Ok(None));
            }
            bytes.put_slice(b"behind");
            prop_assert_eq!(Head::read(&bytes, sender), Ok(Some((head, bytes.len() - 6))));
        }

        #[test]
        fn any_bytes_are_a_head_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            for sender in [Sender::Client, Sender::Server] {
                if let Ok(Some((head, len))) = Head::read(&bytes, sender) {
                    let mut written = BytesMut::new();
                    head.write(&mut written);
                    prop_assert_eq!(&written[..], &bytes[..len]);
                }
            }
        }

        #[test]
        fn masks_go_on_where_they_stopped(
            mask: [u8; 4],
            mut bytes in proptest::collection::vec(any::<u8>(), 0..60),
            cut in 0usize..60,
        ) {
            let expected: Vec<u8> = bytes.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            let cut = cut.min(bytes.len());
            let (first, second) = bytes.split_at_mut(cut);
            apply(mask, 0, first);
            apply(mask, cut as u64, second);
            prop_assert_eq!(bytes, expected);
        }
    }
}
