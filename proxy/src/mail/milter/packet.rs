//! The packets of the milter protocol, version 6: a length of four bytes, a letter, and what belongs to it.
//!
//! Written after sendmail's `include/libmilter/mfdef.h` and Postfix's `src/milter/milter8.c`, its two speakers. This
//! file reads and writes; which packet may come when is the conversation's business.

use std::net::IpAddr;

/// Longest packet taken. Bodies come in pieces of 64 KiB; a header field is as long as the mail server allows, 100 KiB
/// in Postfix.
pub(super) const PACKET_BYTES_MAX: usize = 2 << 20;
/// Longest piece of a body that a filter may send: `MILTER_CHUNK_SIZE`.
pub(super) const PIECE_BYTES_MAX: usize = 65_535;

/// What a filter may ask of the mail server (`SMFIF_*`).
pub(super) mod action {
    pub(in super::super) const ADD_HEADERS: u32 = 0x01;
    pub(in super::super) const CHANGE_BODY: u32 = 0x02;
    pub(in super::super) const CHANGE_HEADERS: u32 = 0x10;
    pub(in super::super) const QUARANTINE: u32 = 0x20;
}

/// Steps that are left out, and replies that are (`SMFIP_*`).
pub(super) mod step {
    pub(in super::super) const NO_HELO: u32 = 0x02;
    pub(in super::super) const NO_UNKNOWN: u32 = 0x100;
    pub(in super::super) const NO_DATA: u32 = 0x200;
    pub(in super::super) const NO_REPLY_TO_HEADER: u32 = 0x80;
    pub(in super::super) const NO_REPLY_TO_CONNECT: u32 = 0x1000;
    pub(in super::super) const NO_REPLY_TO_END_OF_HEADER: u32 = 0x4_0000;
    pub(in super::super) const NO_REPLY_TO_BODY: u32 = 0x8_0000;
    /// Values of header fields with the space behind the colon.
    pub(in super::super) const LEADING_SPACE: u32 = 0x10_0000;
}

/// It is no packet, or none that belongs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What was offered, or agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) version: u32,
    pub(super) actions: u32,
    pub(super) steps: u32,
}

/// What the mail server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    Negotiate(Terms),
    /// The address of its client, where it has one.
    Connect(Option<IpAddr>),
    Helo,
    /// The step it belongs to, and pairs of name and value.
    Macros(u8, Vec<(&'a [u8], &'a [u8])>),
    /// The path in angle brackets, then parameters.
    Mail(Vec<&'a [u8]>),
    Rcpt(Vec<&'a [u8]>),
    Data,
    Header(&'a [u8], &'a [u8]),
    EndOfHeader,
    Body(&'a [u8]),
    /// With the last piece of the body.
    EndOfBody(&'a [u8]),
    Abort,
    /// A command it does not know.
    Unknown,
    Quit,
    /// The connection serves another client from now on.
    QuitForNext,
}

impl<'a> Event<'a> {
    /// Reads the letter and what follows it.
    pub(super) fn read(packet: &'a [u8]) -> Result<Self, Malformed> {
        let (letter, rest) = packet.split_first().ok_or(Malformed)?;
        Ok(match letter {
            b'O' => {
                let (version, rest) = number(rest)?;
                let (actions, rest) = number(rest)?;
                // What follows are lists of macros, or what later versions say.
                let (steps, _) = number(rest)?;
                Self::Negotiate(Terms { version, actions, steps })
            }
            b'C' => Self::Connect(client(rest)?),
            b'H' => Self::Helo,
            b'D' => {
                let (step, rest) = rest.split_first().ok_or(Malformed)?;
                let texts = texts(rest)?;
                let pairs = texts.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
                let all = pairs.collect();
                if texts.len() % 2 == 0 { Self::Macros(*step, all) } else { return Err(Malformed) }
            }
            b'M' | b'R' => {
                let texts = texts(rest)?;
                if texts.is_empty() {
                    return Err(Malformed);
                }
                if *letter == b'M' { Self::Mail(texts) } else { Self::Rcpt(texts) }
            }
            b'T' => Self::Data,
            b'L' => match texts(rest)?.as_slice() {
                [name, value] => Self::Header(name, value),
                _ => return Err(Malformed),
            },
            b'N' => Self::EndOfHeader,
            b'B' => Self::Body(rest),
            b'E' => Self::EndOfBody(rest),
            b'A' => Self::Abort,
            b'U' => Self::Unknown,
            b'Q' => Self::Quit,
            b'K' => Self::QuitForNext,
            _ => return Err(Malformed),
        })
    }
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or(Malformed)?;
    Ok((u32::from_be_bytes(*head), rest))
}

/// Texts that each end in NUL.
fn texts(bytes: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    match bytes.split_last() {
        None => Ok(Vec::new()),
        Some((0, all)) => Ok(all.split(|byte| *byte == 0).collect()),
        Some(_) => Err(Malformed),
    }
}

/// Host name, family, port and address.
fn client(bytes: &[u8]) -> Result<Option<IpAddr>, Malformed> {
    let name_end = memchr::memchr(0, bytes).ok_or(Malformed)?;
    let (family, rest) = bytes.get(name_end + 1..).and_then(<[u8]>::split_first).ok_or(Malformed)?;
    if !matches!(family, b'4' | b'6') {
        // A local socket, or unknown.
        return Ok(None);
    }
    let address = rest.get(2..).and_then(|text| text.strip_suffix(b"\0")).ok_or(Malformed)?;
    let address = std::str::from_utf8(address).map_err(|_| Malformed)?;
    let bare = match address.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => address.get(5..).unwrap_or_default(),
        _ => address,
    };
    bare.parse::<IpAddr>().map(|address| Some(address.to_canonical())).map_err(|_| Malformed)
}

/// Takes packets out of bytes as they come.
#[derive(Debug, Default)]
pub(super) struct PacketReader {
    bytes: Vec<u8>,
    /// Taken of `bytes`.
    taken: usize,
}

impl PacketReader {
    /// Room for what is read next, behind what was.
    pub(super) fn spare(&mut self) -> &mut Vec<u8> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        &mut self.bytes
    }

    /// The next packet when it is whole: its letter and what follows.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Malformed> {
        let left = self.bytes.get(self.taken..).unwrap_or_default();
        let Ok((len, _)) = number(left) else { return Ok(None) };
        let len = len as usize;
        if len == 0 || len > PACKET_BYTES_MAX {
            return Err(Malformed);
        }
        if left.len() - 4 < len {
            return Ok(None);
        }
        let begin = self.taken + 4;
        self.taken = begin + len;
        Ok(self.bytes.get(begin..self.taken))
    }
}

/// Appends a packet of this letter and these parts.
pub(super) fn put(out: &mut Vec<u8>, letter: u8, parts: &[&[u8]]) {
    let len = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    // Nothing of ours comes near four gigabytes.
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    out.push(letter);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// What was agreed on.
pub(super) fn put_terms(out: &mut Vec<u8>, terms: Terms) {
    put(out, b'O', &[&terms.version.to_be_bytes(), &terms.actions.to_be_bytes(), &terms.steps.to_be_bytes()]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn events_are_read() {
        let four = |text: &str| Some(text.parse::<IpAddr>().expect(text));
        for (packet, event) in [
            (
                &b"O\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"[..],
                Ok(Event::Negotiate(Terms { version: 6, actions: 0x1ff, steps: 0x1f_ffff })),
            ),
            (b"O\0\0\0\x06\0\0", Err(Malformed)),
            (b"Cpc.example\x004\x01\x0210.1.2.3\0", Ok(Event::Connect(four("10.1.2.3")))),
            (b"Cpc\x006\x01\x02IPv6:2001:db8::1\0", Ok(Event::Connect(four("2001:db8::1")))),
            (b"Cpc\x006\x01\x02::ffff:10.1.2.3\0", Ok(Event::Connect(four("10.1.2.3")))),
            (b"Clocalhost\0U", Ok(Event::Connect(None))),
            (b"Clocalhost\0L\0\0/var/run/x\0", Ok(Event::Connect(None))),
            (b"Cpc.example", Err(Malformed)),
            (b"Cpc\x004\x01\x02host\0", Err(Malformed)),
            (b"Cpc\x004\x01\x0210.1.2.3", Err(Malformed)),
            (b"Hpc.example\0", Ok(Event::Helo)),
            (b"DM", Ok(Event::Macros(b'M', vec![]))),
            (
                b"DMi\x004XyZ\0{auth_authen}\0an\0",
                Ok(Event::Macros(b'M', vec![(b"i", b"4XyZ"), (b"{auth_authen}", b"an")])),
            ),
            (b"DMi\0", Err(Malformed)),
            (b"D", Err(Malformed)),
            (b"M<a@b.vn>\0SIZE=1\0", Ok(Event::Mail(vec![b"<a@b.vn>", b"SIZE=1"]))),
            (b"M", Err(Malformed)),
            (b"R<a@b.vn>\0", Ok(Event::Rcpt(vec![b"<a@b.vn>"]))),
            (b"R<a@b.vn>", Err(Malformed)),
            (b"T", Ok(Event::Data)),
            (b"LSubject\0 x\n y\0", Ok(Event::Header(b"Subject", b" x\n y"))),
            (b"LSubject\0\0", Ok(Event::Header(b"Subject", b""))),
            (b"LSubject\0x\0y\0", Err(Malformed)),
            (b"LSubject\0", Err(Malformed)),
            (b"N", Ok(Event::EndOfHeader)),
            (b"Bx\0y", Ok(Event::Body(b"x\0y"))),
            (b"E", Ok(Event::EndOfBody(b""))),
            (b"A", Ok(Event::Abort)),
            (b"Uxyz\0", Ok(Event::Unknown)),
            (b"Q", Ok(Event::Quit)),
            (b"K", Ok(Event::QuitForNext)),
            (b"x", Err(Malformed)),
            (b"", Err(Malformed)),
        ] {
            assert_eq!(Event::read(packet), event, "{:?}", String::from_utf8_lossy(packet));
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused_before_anything_is_kept() {
        for (bytes, next) in [
            (&b""[..], Ok(None)),
            (b"\0\0\0", Ok(None)),
            (b"\0\0\0\x02B", Ok(None)),
            (b"\0\0\0\x02Bx", Ok(Some(&b"Bx"[..]))),
            (b"\0\0\0\0", Err(Malformed)),
            (b"\xff\xff\xff\xff", Err(Malformed)),
            (b"EHLO x\r\n", Err(Malformed)),
        ] {
            let mut reader = PacketReader::default();
            reader.spare().extend_from_slice(bytes);
            assert_eq!(reader.next(), next, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn splitting_the_bytes_changes_nothing(
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
            cut in 1usize..30,
        ) {
            let mut bytes = Vec::new();
            for packet in &packets {
                put(&mut bytes, packet[0], &[&packet[1..]]);
            }
            let (mut reader, mut seen) = (PacketReader::default(), Vec::new());
            for piece in bytes.chunks(cut) {
                reader.spare().extend_from_slice(piece);
                while let Some(packet) = reader.next().expect("sound") {
                    seen.push(packet.to_vec());
                }
            }
            prop_assert_eq!(seen, packets);
        }

        #[test]
        fn any_bytes_are_an_event_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Event::read(&bytes);
        }
    }
}
