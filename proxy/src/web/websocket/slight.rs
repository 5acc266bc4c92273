//! Binary messages that hold nothing besides text: heartbeats and control packets, which pages send all the time and
//! without which they hang up.
//!
//! A number of nine digits takes 30 bits, so what has fewer that its sender is free to choose holds none. The text of such
//! a message is inspected as any; everything else is inspected as the bytes it is. How long texts are and which of three
//! qualities a subscription asks for could be a cipher, as could the words of any text: nobody's reader reads that.

/// Larger ones are no heartbeats.
pub(super) const BYTES_MAX: usize = 16 << 10;
/// Bytes that cannot hold a number.
const FREE_BYTES_MAX: usize = 3;
/// What a frame of Zalo begins with: its version. Behind it, a command of two bytes and one of one byte.
const ZALO_VERSION: u8 = 1;

/// The text of a message that holds nothing else.
pub(super) fn text_of(message: &[u8]) -> Option<Vec<u8>> {
    mqtt(message).or_else(|| behind_a_head(message))
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

/// The text of an MQTT packet that carries no message (MQTT 3.1.1 §2 and §3, without properties of 5.0): of CONNECT,
/// SUBSCRIBE, UNSUBSCRIBE, and of answers, which hold an identifier of two bytes.
fn mqtt(packet: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = packet.split_first()?;
    let mut body = Bytes(rest);
    if body.length()? != body.0.len() {
        return None;
    }
    let mut text = Vec::new();
    match first {
        0x10 => {
            if body.string()? != b"MQTT" || body.byte()? != 4 {
                return None;
            }
            let flags = body.byte()?;
            body.take(2)?; // seconds between heartbeats
            let will = flags & 0x04 != 0;
            let strings = 1 + 2 * usize::from(will) + usize::from(flags & 0x80 != 0) + usize::from(flags & 0x40 != 0);
            for _ in 0..strings {
                body.line(&mut text)?;
            }
        }
        0x82 | 0xa2 => {
            body.take(2)?;
            while !body.0.is_empty() {
                body.line(&mut text)?;
                if *first == 0x82 && body.byte()? > 2 {
                    return None;
                }
            }
        }
        // PUBACK, PUBREC, PUBREL, PUBCOMP
        0x40 | 0x50 | 0x62 | 0x70 => {
            body.take(2)?;
        }
        // PINGREQ, DISCONNECT
        0xc0 | 0xe0 => {}
        _ => return None,
    }
    body.0.is_empty().then_some(text)
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
        let [high, low] = *self.take(2)? else { return None };
        self.take(usize::from(u16::from_be_bytes([high, low])))
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
        ] {
            assert_eq!(text_of(message).as_deref(), text, "{what}");
        }
    }
}
