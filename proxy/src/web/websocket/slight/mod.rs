//! Binary messages that hold nothing besides text: heartbeats and control packets, which pages send all the time and
//! without which they hang up.
//!
//! There are 10⁹ numbers of nine digits, so a message whose numbers can be fewer holds none ([`Free`]). The text of such a
//! message is inspected as any; everything else is inspected as the bytes it is. How long texts are, how many packets come
//! together and which of three qualities a subscription asks for could be a cipher, as could the words of any text:
//! nobody's reader reads that. A time in milliseconds and an identifier of eight bytes are larger than a number of twelve digits: what
//! pings with one is no heartbeat here.

mod dgw;
mod mqtt;
mod signalr;

/// Larger ones are no heartbeats.
pub(super) const BYTES_MAX: usize = 16 << 10;
/// Bytes that cannot hold a number.
const FREE_BYTES_MAX: usize = 3;
/// What a frame of Zalo begins with: its version. Behind it, a command of two bytes and one of one byte.
const ZALO_VERSION: u8 = 1;

/// The text of a message that holds nothing else.
pub(super) fn text_of(message: &[u8]) -> Option<Vec<u8>> {
    mqtt::text_of(message)
        .or_else(|| dgw::text_of(message))
        .or_else(|| signalr::text_of(message))
        .or_else(|| behind_a_head(message))
}

/// A few bytes and then text, or nothing.
fn behind_a_head(message: &[u8]) -> Option<Vec<u8>> {
    let most = FREE_BYTES_MAX + usize::from(message.first() == Some(&ZALO_VERSION));
    (0..=most.min(message.len())).find_map(|len| plain(message.get(len..)?)).map(<[u8]>::to_vec)
}

/// Text without control characters.
fn plain(bytes: &[u8]) -> Option<&[u8]> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).then_some(bytes)
}

/// What the numbers of a message may still say: bits of a code of which no word is the beginning of another, so that no
/// more can be said than these bits tell apart.
struct Free(u32);

impl Free {
    /// 30 would be as much as there are numbers of nine digits.
    const BITS: u32 = 29;
    /// What many say: nothing, sizes and times people write, the most.
    const ORDINARY: [u32; 16] = [0, 1, 10, 15, 20, 30, 60, 90, 100, 120, 300, 600, 3_600, 86_400, 65_535, u32::MAX];

    /// A choice that takes so many bits.
    fn spend(&mut self, bits: u32) -> Option<()> {
        self.0 = self.0.checked_sub(bits)?;
        Some(())
    }

    /// A number of fifteen bits: how many it has, and all but the first, which is set.
    fn short(&mut self, number: u16) -> Option<()> {
        let width = Some(u16::BITS - number.leading_zeros()).filter(|width| *width < u16::BITS)?;
        self.spend(4 + width.saturating_sub(1))
    }

    /// Any number: an ordinary one, or how many bits it has, and all but the first.
    fn long(&mut self, number: u32) -> Option<()> {
        if Self::ORDINARY.contains(&number) {
            return self.spend(1 + 4);
        }
        let width = Some(u32::BITS - number.leading_zeros()).filter(|width| *width < u32::BITS)?;
        self.spend(1 + 5 + width.saturating_sub(1))
    }
}

/// What is left of a packet.
struct Bytes<'p>(&'p [u8]);

impl<'p> Bytes<'p> {
    fn take(&mut self, n: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn two(&mut self) -> Option<u16> {
        let [high, low] = *self.take(2)? else { return None };
        Some(u16::from_be_bytes([high, low]))
    }

    fn four(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Seven bits a byte, written as shortly as can be: a longer form would hold something else.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for n in 0..4 {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                return (n == 0 || byte != 0).then_some(length);
            }
        }
        None
    }

    fn string(&mut self) -> Option<&'p [u8]> {
        let len = self.two()?;
        self.take(usize::from(len))
    }

    /// Adds a string that is text as a line of its own.
    fn line(&mut self, text: &mut Vec<u8>) -> Option<()> {
        text.extend_from_slice(plain(self.string()?)?);
        text.push(b'\n');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_are_their_text() {
        for (what, message, text) in [
            ("nothing", &b""[..], Some(&b""[..])),
            ("a byte", b"\x00", Some(b"")),
            ("three bytes", b"\xff\x00\x9f", Some(b"")),
            ("four bytes are a number of nine digits", b"\xff\x00\x9f\x05", None),
            ("a frame of Zalo", b"\x01\x02\x00\x01{\"eventId\":17}", Some(b"{\"eventId\":17}")),
            ("text behind three bytes", b"\x02\x00\x01CCCD 1", Some(b"CCCD 1")),
            ("bytes behind text", b"\x02ping\x00\x01\x02\x03", None),
            ("PINGREQ", b"\xc0\x00", Some(b"")),
            ("PUBACK", b"\x40\x02\xab\xcd", Some(b"")),
            ("PUBACK with more", b"\x40\x03\xab\xcd\xff", None),
            ("a length in a longer form", b"\x40\x82\x00\xab\xcd", None),
            ("CONNECT", b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07client1", Some(b"client1\n")),
            (
                "CONNECT, user and password",
                b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x01p",
                Some(b"c\nu\np\n"),
            ),
            ("CONNECT with bytes for a name", b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04\xff\x00\x9f\x05", None),
            ("SUBSCRIBE", b"\x82\x08\x00\x01\x00\x03a/b\x01", Some(b"a/b\n")),
            ("SUBSCRIBE with a quality of nobody", b"\x82\x08\x00\x01\x00\x03a/b\x09", None),
            ("PUBLISH", b"\x30\x0a\x00\x03a/b\xff\x00\x9f\x05\x06", None),
            ("PUBACK of 5.0", b"\x40\x04\xab\xcd\x10\x00", Some(b"")),
            ("PUBACK of 5.0 with a code of nobody", b"\x40\x04\xab\xcd\x55\x00", None),
            ("DISCONNECT of 5.0", b"\xe0\x02\x04\x00", Some(b"")),
            ("DISCONNECT of 5.0 with a time", b"\xe0\x07\x00\x05\x11\x3b\x9a\xca\x01", None),
            ("CONNECT of 5.0", b"\x10\x14\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x07client1", Some(b"client1\n")),
            (
                "CONNECT of 5.0 as clients do",
                b"\x10\x1c\x00\x04MQTT\x05\x02\x00\x3c\x08\x11\x00\x00\x0e\x10\x21\x00\x14\x00\x07client1",
                Some(b"client1\n"),
            ),
            (
                "CONNECT of 5.0 with a number",
                b"\x10\x19\x00\x04MQTT\x05\x02\x00\x3c\x05\x11\x3b\x9a\xca\x01\x00\x07client1",
                None,
            ),
            (
                "CONNECT of 5.0 with words",
                b"\x10\x1c\x00\x04MQTT\x05\x02\x00\x3c\x08\x26\x00\x01a\x00\x02bc\x00\x07client1",
                Some(b"a\nbc\nclient1\n"),
            ),
            ("SUBSCRIBE of 5.0", b"\x82\x09\x00\x01\x00\x00\x03a/b\x05", Some(b"a/b\n")),
            ("Facebook: ping", b"\x09", Some(b"")),
            ("Facebook: an ack", b"\x0c\x01\x00\x02\x00\x00\x39\x05", Some(b"")),
            ("Facebook: the largest ack", b"\x0c\x00\x00\x02\x00\x00\xff\x7f", Some(b"")),
            ("Facebook: an ack of a number", b"\x0c\xab\xcd\x02\x00\x00\xff\x7f", None),
            (
                "Facebook: acks that together may be one",
                b"\x0c\x00\x00\x02\x00\x00\xff\x3f\x0c\x00\x00\x02\x00\x00\xff\x3f",
                None,
            ),
            (
                "Facebook: text",
                b"\x0c\x00\x00\x02\x00\x00\x03\x00\x0d\x00\x00\x07\x00\x00\x05\x80{\"a\"}",
                Some(b"{\"a\"}\n"),
            ),
            ("Facebook: bytes", b"\x0d\x00\x00\x06\x00\x00\x05\x80\xff\x00\x9f\x05", None),
            ("SignalR: ping", b"\x02\x91\x06", Some(b"")),
            ("SignalR: close", b"\x03\x92\x07\xc0", Some(b"")),
            ("SignalR: ack", b"\x05\x92\x08\xcd\x03\xe8", Some(b"")),
            ("SignalR: ack of a number", b"\x07\x92\x08\xce\x3b\x9a\xca\x01", None),
            ("a time in milliseconds", b"\x08\x80\xd0\x95\xff\xbc\x33", None),
            ("eight bytes", b"\x00\x00\x01\x9a\xb0\xc1\xd2\xe3", None),
        ] {
            assert_eq!(text_of(message).as_deref(), text, "{what}");
        }
    }

    #[test]
    fn what_numbers_may_say_is_counted_as_a_code() {
        let share = |say: &dyn Fn(&mut Free) -> Option<()>| {
            let mut free = Free(1_000);
            say(&mut free).map_or(0.0, |()| (f64::from(free.0) - 1_000.0).exp2())
        };
        // The shares of all words of a code are no more than all of it (Kraft).
        assert!((0..=u16::MAX).map(|n| share(&|free| free.short(n))).sum::<f64>() <= 1.0);
        let ordinary = Free::ORDINARY.iter().map(|n| share(&|free| free.long(*n))).sum::<f64>();
        let others = (0..u32::BITS).map(|last: u32| {
            // All others of one width cost the same.
            let of_width = 1u32 << last..=u32::MAX >> (31 - last);
            let one = of_width.rev().find(|n| !Free::ORDINARY.contains(n));
            one.map_or(0.0, |n| share(&|free| free.long(n)) * f64::from(last).exp2())
        });
        assert!(ordinary + others.sum::<f64>() <= 1.0);
        assert!(f64::from(Free::BITS).exp2() < 1e9);
    }
}
