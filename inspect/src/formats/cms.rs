//! Signed and encrypted messages of S/MIME (RFC 5652): what was signed is read, what is encrypted is opaque.
//!
//! Signatures and certificates are searched, not verified.

use chot_model::OpaqueReason;

use super::unknown::Strings;
use super::{Format, Room, rest};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::Origin;
use crate::source::{Source, read_range};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pkcs7-mime",
    matches: |head| is_one(head.bytes),
    room: Room::Whole(read),
    #[cfg(test)]
    example: tests::example,
};

/// `1.2.840.113549.1`, under which all kinds of content lie.
const PKCS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01";

/// What a message holds, by the rest of its number: `7` and a byte, or `9.16.1` and a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Data,
    Signed,
    Encrypted,
    Other,
}

/// Whether bytes begin as a message.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    Cursor { bytes }.enter(0x30).and_then(Cursor::content).is_some_and(|(content, _)| content != Content::Other)
}

/// The rest of a BER encoding.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// The tag, the length if it is told, and what follows them.
    fn head(self) -> Option<(u8, Option<usize>, &'a [u8])> {
        let (tag, rest) = self.bytes.split_first()?;
        let (first, rest) = rest.split_first()?;
        match usize::from(*first) {
            len @ ..0x80 => Some((*tag, Some(len), rest)),
            0x80 => Some((*tag, None, rest)),
            digits @ 0x81..=0x84 => {
                let (len, rest) = rest.split_at_checked(digits - 0x80)?;
                let len = len.iter().fold(0usize, |all, b| all << 8 | usize::from(*b));
                Some((*tag, Some(len), rest))
            }
            _ => None,
        }
    }

    /// Goes into an element.
    fn enter(self, tag: u8) -> Option<Self> {
        let (found, _, bytes) = self.head()?;
        (found == tag).then_some(Self { bytes })
    }

    /// Goes behind an element of a told length.
    fn skip(self, tag: u8) -> Option<Self> {
        let (found, len, bytes) = self.head()?;
        (found == tag).then_some(Self { bytes: bytes.get(len?..)? })
    }

    /// The number of a kind of content, and what follows it.
    fn content(self) -> Option<(Content, Self)> {
        let (tag, len, bytes) = self.head()?;
        let (number, bytes) = bytes.split_at_checked(len.filter(|_| tag == 6)?)?;
        let content = match number.strip_prefix(PKCS)? {
            [7, 1] => Content::Data,
            [7, 2] => Content::Signed,
            // Authenticated and encrypted (RFC 5083).
            [7, 3 | 6] | [9, 16, 1, 23] => Content::Encrypted,
            _ => Content::Other,
        };
        Some((content, Self { bytes }))
    }
}

/// What was signed, in pieces; `None` when it lies elsewhere.
fn signed(message: Cursor<'_>) -> Option<Vec<&[u8]>> {
    const EXPLICIT: u8 = 0xa0;
    const OCTETS: u8 = 4;
    let inner = message.enter(EXPLICIT)?.enter(0x30)?.skip(2)?.skip(0x31)?.enter(0x30)?;
    let (_, inner) = inner.content().or_else(|| Some((Content::Other, inner.skip(6)?)))?;
    let mut octets = inner.enter(EXPLICIT)?;
    let (tag, len, bytes) = octets.head()?;
    if tag == OCTETS {
        return Some(vec![bytes.get(..len?)?]);
    }
    octets = octets.enter(OCTETS | 0x20)?;
    let mut pieces = Vec::new();
    while let Some((OCTETS, Some(len), bytes)) = octets.head() {
        let (piece, rest) = bytes.split_at_checked(len)?;
        pieces.push(piece);
        octets.bytes = rest;
    }
    Some(pieces)
}

/// Blanks the moments at which somebody signed, and those from and to which certificates hold: their twelve digits, year,
/// month, day, hour, minute and second, may look like a citizen's number.
fn blank_times(bytes: &mut [u8]) {
    /// What stands before one (UTCTime of thirteen bytes), the digits, and `Z`.
    const LEN: usize = 15;
    let is_time = |at: &usize| match bytes.get(*at..*at + LEN) {
        Some([0x17, 13, digits @ .., b'Z']) if digits.iter().all(u8::is_ascii_digit) => {
            let mut pairs = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, b| n * 10 + b - b'0')).skip(1);
            let mut within = |range: std::ops::RangeInclusive<u8>| pairs.next().is_some_and(|n| range.contains(&n));
            within(1..=12) && within(1..=31) && within(0..=23) && within(0..=59) && within(0..=59)
        }
        _ => false,
    };
    let times: Vec<usize> = memchr::memchr_iter(0x17, bytes).filter(is_time).collect();
    for at in times {
        bytes.get_mut(at..at + LEN).unwrap_or_default().fill(0);
    }
}

/// A larger message is not held in memory.
const MESSAGE_MAX: u64 = 256 << 20;

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    if source.len() > MESSAGE_MAX {
        inquiry.refuse(place, OpaqueReason::TooLarge, source.len());
        return None;
    }
    let Ok(bytes) = read_range(source, 0..source.len()) else {
        inquiry.refuse(place, OpaqueReason::Failed, source.len());
        return None;
    };
    let whole = Cursor { bytes: &bytes };
    if let Some(Cursor { bytes }) = whole.skip(0x30) {
        rest::inspect(bytes, &place.member("appended", Origin::Lost), inquiry);
    }
    let message = whole.enter(0x30).and_then(Cursor::content);
    let mut media_type = None;
    match message {
        Some((Content::Encrypted, _)) => inquiry.refuse(place, OpaqueReason::Encrypted, source.len()),
        Some((Content::Signed, rest)) => match signed(rest) {
            Some(pieces) => {
                let member = place.member("content", Origin::Lost);
                if object::enter("content", &member, inquiry) {
                    let mut object = Object::new(Hint::default(), member);
                    pieces.iter().for_each(|piece| object.push(piece, inquiry));
                    object.finish(None, inquiry);
                }
            }
            None => media_type = Some("application/pkcs7-signature"),
        },
        _ => inquiry.refuse(place, OpaqueReason::UnsupportedFormat, source.len()),
    }
    let mut strings = Strings::new(&Place { again: true, ..place.clone() });
    let mut bytes = bytes;
    blank_times(&mut bytes);
    strings.read(&bytes, inquiry);
    strings.end(inquiry);
    media_type
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Inspector, Limits};

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x82], &(content.len() as u16).to_be_bytes()[..], content].concat()
    }

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let number = [&[6, 9], PKCS, &[7, kind]].concat();
        element(0x30, &[number, element(0xa0, content)].concat())
    }

    fn signed(octets: &[u8]) -> Vec<u8> {
        let data = [&[6, 9], PKCS, &[7, 1]].concat();
        let inner = element(0x30, &[data, element(0xa0, octets)].concat());
        message(2, &element(0x30, &[vec![2, 1, 1], element(0x31, b""), inner].concat()))
    }

    pub(super) fn example() -> Vec<u8> {
        signed(&element(4, "Số CCCD 001090123456".as_bytes()))
    }

    fn inspect(bytes: &[u8]) -> chot_model::Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn what_was_signed_is_read_in_one_piece_or_several() {
        let chunks = [element(4, "Số CCCD 0010901".as_bytes()), element(4, b"23456")].concat();
        for bytes in [example(), signed(&element(0x24, &chunks))] {
            let inspection = inspect(&bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
        }
    }

    #[test]
    fn the_moment_of_a_signature_is_no_number() {
        for (moment, is_time) in [
            ("261123020822Z", true),
            ("991231235959Z", true),
            // No month, no minute, no moment of this world's time, and cut off.
            ("261323020822Z", false),
            ("261123026022Z", false),
            ("261123020822+", false),
            ("001090123456", false),
        ] {
            let mut bytes = [&b"CCCD \x17\x0d"[..], moment.as_bytes()].concat();
            let before = bytes.clone();
            blank_times(&mut bytes);
            assert_eq!(bytes != before, is_time, "{moment}");
            assert_eq!(bytes.iter().filter(|b| b.is_ascii_digit()).count(), if is_time { 0 } else { 12 }, "{moment}");
        }
        let signed = [example(), b"\x17\x0d261123020822Z".to_vec()].concat();
        assert_eq!(inspect(&signed).distinct(DetectorId::Cccd), 1);
    }

    #[test]
    fn what_is_encrypted_is_opaque_and_a_signature_is_not() {
        let sealed = inspect(&message(3, &[0x55; 80]));
        assert!(sealed.is_opaque(OpaqueReason::Encrypted), "{sealed:?}");
        let detached =
            message(2, &element(0x30, &[vec![2, 1, 1], element(0x31, b""), element(0x30, &[6, 1, 1])].concat()));
        let detached = inspect(&detached);
        assert_eq!((detached.object.media_type.as_str(), detached.opaque.len()), ("application/pkcs7-signature", 0));
    }
}
