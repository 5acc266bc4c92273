//! cpio archives (new ASCII, old ASCII, old binary of both byte orders): members as objects.
//!
//! Several behind each other, as the images of kernels are made, are one.

use chot_model::OpaqueReason;

use super::{Format, Room};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-cpio",
    matches: |head| Kind::of(head.bytes).is_some() && header(head.bytes).is_some(),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || include_bytes!("../../tests/packed/newc.cpio").to_vec(),
};

#[derive(Clone, Copy)]
enum Kind {
    /// Hexadecimal, names and data padded to four bytes.
    New,
    /// Octal, no padding.
    Old,
    /// Words of sixteen bits, padded to two bytes.
    Little,
    Big,
}

struct Header {
    size: u64,
    name: u64,
    /// Bytes of the header itself, and what names and data are padded to.
    len: u64,
    pad: u64,
}

/// The longest header.
const HEADER_MAX: u64 = 110;
/// A longer name is none.
const NAME_MAX: u64 = 1 << 16;

impl Kind {
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes.get(..6)? {
            b"070701" | b"070702" => Self::New,
            b"070707" => Self::Old,
            [0xc7, 0x71, ..] => Self::Little,
            [0x71, 0xc7, ..] => Self::Big,
            _ => return None,
        })
    }
}

fn header(bytes: &[u8]) -> Option<Header> {
    let digits = |range, radix| {
        let text = std::str::from_utf8(bytes.get(range)?).ok().filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u64::from_str_radix(text, radix).ok()
    };
    let word = |at: usize, little: bool| {
        let pair = *bytes.get(at..at + 2)?.first_chunk()?;
        Some(u64::from(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }))
    };
    let binary = |little| {
        let size = word(22, little)? << 16 | word(24, little)?;
        Some(Header { size, name: word(20, little)?, len: 26, pad: 2 })
    };
    let header = match Kind::of(bytes)? {
        Kind::New => Header { size: digits(54..62, 16)?, name: digits(94..102, 16)?, len: 110, pad: 4 },
        Kind::Old => Header { size: digits(65..76, 8)?, name: digits(59..65, 8)?, len: 76, pad: 1 },
        Kind::Little => binary(true)?,
        Kind::Big => binary(false)?,
    };
    (1..=NAME_MAX).contains(&header.name).then_some(header)
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    const TRAILER: &str = "TRAILER!!!";
    let mut at = 0;
    while at < source.len() {
        let bytes = read_range(source, at..source.len().min(at + HEADER_MAX)).unwrap_or_default();
        if let Some(zeros @ 1..) = bytes.iter().position(|b| *b != 0).or(Some(bytes.len())) {
            // Between archives, and up to the end of a block of a tape.
            at += zeros as u64;
            continue;
        }
        let found = header(&bytes).and_then(|header| {
            let named = at + header.len + header.name;
            let from = if header.pad == 4 {
                at + (header.len + header.name).next_multiple_of(4)
            } else {
                named.next_multiple_of(header.pad)
            };
            let end = from.checked_add(header.size).filter(|end| *end <= source.len())?;
            let name = read_range(source, at + header.len..named).ok()?;
            Some((name, from, end, header.pad))
        });
        let Some((name, from, end, pad)) = found else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            super::scan_strings(source, at..source.len(), place, inquiry);
            return None;
        };
        at = from + (end - from).next_multiple_of(pad);
        let name = String::from_utf8_lossy(&name);
        let name = name.trim_end_matches('\0');
        if name == TRAILER && from == end {
            continue;
        }
        let member = place.member(name, Origin::Lost);
        if !object::enter(name, &member, inquiry) {
            return None;
        }
        object::section(source, from, end, Hint { name: Some(name.to_owned()), content_type: None }, member, inquiry);
    }
    None
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn every_kind_is_read_and_several_are_one() {
        let kinds: [&[u8]; 3] = [
            include_bytes!("../../tests/packed/newc.cpio"),
            include_bytes!("../../tests/packed/odc.cpio"),
            include_bytes!("../../tests/packed/bin.cpio"),
        ];
        for kind in kinds {
            for bytes in [kind.to_vec(), kind.repeat(2)] {
                let inspection = inspect(&bytes);
                assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
            }
            assert!(inspect(&kind[..kind.len() / 3]).is_opaque(OpaqueReason::ParseError));
            assert!(inspect(&[kind, b"x"].concat()).is_opaque(OpaqueReason::ParseError));
        }
    }
}
