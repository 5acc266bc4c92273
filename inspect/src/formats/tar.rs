//! tar archives (POSIX ustar and GNU long names): members as objects.
//!
//! Sparse files and pax overrides of size are not applied; a member they concern is told as ambiguous.

use chot_model::OpaqueReason;

use super::{Format, Room};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Packing;
use crate::source::{Source, read_range};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-tar",
    matches: |head| head.bytes.get(257..262) == Some(b"ustar") && head.bytes.get(..512).and_then(checked).is_some(),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || {
        let data = "Số CCCD 001090123456".as_bytes();
        let mut header = vec![0; 512];
        header[..6].copy_from_slice(b"ds.txt");
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        header.extend_from_slice(data);
        header.resize(2_048, 0);
        header
    },
};

fn octal(field: &[u8]) -> Option<u64> {
    // GNU writes sizes above 8 GiB in binary.
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let high = u64::from(first & 0x7f);
        return rest.iter().try_fold(high, |n, b| n.checked_mul(256)?.checked_add(u64::from(*b)));
    }
    let digits = field.iter().skip_while(|b| **b == b' ').take_while(|b| (b'0'..=b'7').contains(b));
    digits.into_iter().try_fold(0u64, |n, b| n.checked_mul(8)?.checked_add(u64::from(b - b'0')))
}

/// The size of a member whose header's sum is right.
fn checked(header: &[u8]) -> Option<u64> {
    let sum: u64 =
        header.iter().enumerate().map(|(n, b)| if (148..156).contains(&n) { 32 } else { u64::from(*b) }).sum();
    (octal(header.get(148..156)?)? == sum).then(|| octal(header.get(124..136)?))?
}

fn string(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    const LONG_NAME_MAX: u64 = 1 << 16;
    let (mut at, mut long_name) = (0u64, None);
    while at < source.len() {
        let Ok(header) = read_range(source, at..at + 512) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            return None;
        };
        if header.iter().all(|b| *b == 0) {
            at += 512;
            continue;
        }
        let Some(size) = checked(&header) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            return None;
        };
        let data = at + 512;
        let Some(end) = data.checked_add(size).filter(|e| *e <= source.len()) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            return None;
        };
        at = end.next_multiple_of(512);
        match header.get(156) {
            Some(b'L') if size <= LONG_NAME_MAX => {
                long_name = read_range(source, data..end).ok().map(|n| string(&n));
                continue;
            }
            Some(b'S') => inquiry.refuse(place, OpaqueReason::Ambiguous, 1),
            _ => {}
        }
        let prefix = string(header.get(345..500).unwrap_or_default());
        let short = string(header.get(..100).unwrap_or_default());
        let name =
            long_name.take().unwrap_or_else(|| if prefix.is_empty() { short } else { format!("{prefix}/{short}") });
        let origin = inquiry.edits.unpacked(&place.origin.shifted(data), size, Packing::Same);
        let member = place.member(&name, origin);
        if !object::enter(&name, &member, inquiry) {
            return None;
        }
        let hint = Hint { name: Some(name), content_type: None };
        object::section(source, data, end, hint, member, inquiry);
    }
    None
}
