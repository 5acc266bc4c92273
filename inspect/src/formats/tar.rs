//! tar archives (POSIX ustar and GNU long names): members as objects.
//!
//! Sparse files and pax overrides of size are not applied; a member they concern is told as ambiguous.

use std::ops::Range;

use chot_model::OpaqueReason;

use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Packing;
use crate::source::{Source, read_range};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-tar",
    matches: |head| head.bytes.get(..512).is_some_and(|header| checked(header).is_some() && is_named(header)),
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

/// Archives of before POSIX have no mark: a name, and nothing where the mark would be.
fn is_named(header: &[u8]) -> bool {
    // Some programs write the numbers of a device all the same.
    let is_free = |(n, b): (usize, &u8)| *b == 0 || (329..345).contains(&(n + 257)) && *b == b'0';
    let old = header.get(257..).is_some_and(|rest| rest.iter().enumerate().all(is_free));
    let name = header.first().is_some_and(|b| *b >= b' ');
    header.get(257..262) == Some(b"ustar") || name && old
}

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
    // Hardly any other file has a number there; the sum itself is never 0.
    let said = octal(header.get(148..156)?).filter(|said| *said > 0)?;
    let sum: u64 =
        header.iter().enumerate().map(|(n, b)| if (148..156).contains(&n) { 32 } else { u64::from(*b) }).sum();
    (said == sum).then(|| octal(header.get(124..136)?))?
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
            scan_strings(source, at..source.len(), place, inquiry);
            return None;
        };
        if header.iter().all(|b| *b == 0) {
            at += 512;
            continue;
        }
        let Some(size) = checked(&header) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            scan_strings(source, at..source.len(), place, inquiry);
            return None;
        };
        // Owners, what links lead to, and whatever else stands where most programs write nothing.
        const BESIDE: Range<u64> = 157..512;
        scan_strings(source, at + BESIDE.start..at + BESIDE.end, place, inquiry);
        let data = at + 512;
        let Some(end) = data.checked_add(size).filter(|e| *e <= source.len()) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            scan_strings(source, at..source.len(), place, inquiry);
            return None;
        };
        at = end.next_multiple_of(512);
        // Members end with a block, and programs fill it up with nothing.
        let filling = read_range(source, end..at.min(source.len())).unwrap_or_default();
        if filling.iter().any(|b| *b != 0) {
            scan_strings(source, end..at.min(source.len()), place, inquiry);
        }
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

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn archives_without_a_mark_are_known_by_their_sum() {
        let mut old = (super::FORMAT.example)();
        old[257..262].fill(0);
        old[148..156].fill(b' ');
        let sum: u32 = old[..512].iter().map(|b| u32::from(*b)).sum();
        old[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let inspection = inspect(&old);
        assert_eq!(inspection.object.media_type, "application/x-tar");
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
    }

    #[test]
    fn what_is_cut_is_told_and_scanned() {
        let tar = (super::FORMAT.example)();
        let inspection = inspect(&tar[..512 + 22]);
        assert!(!inspection.is_opaque(OpaqueReason::ParseError), "{inspection:?}");
        let mut longer = tar;
        longer[124..135].copy_from_slice(b"00000077777");
        longer[148..156].fill(b' ');
        let sum: u32 = longer[..512].iter().map(|b| u32::from(*b)).sum();
        longer[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let inspection = inspect(&longer);
        assert!(inspection.is_opaque(OpaqueReason::ParseError), "{inspection:?}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1);
    }

    #[test]
    fn what_stands_beside_a_member_is_looked_at() {
        let plain = (super::FORMAT.example)();
        let said = b"so CCCD 079090123457";
        // What a link leads to, an owner, and what fills up the last block of the member.
        for at in [157, 265, 512 + 22] {
            let mut bytes = plain.clone();
            bytes[at..at + said.len()].copy_from_slice(said);
            bytes[148..156].fill(b' ');
            let sum: u32 = bytes[..512].iter().map(|b| u32::from(*b)).sum();
            bytes[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            let inspection = inspect(&bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (2, 0), "{inspection:?}");
        }
    }
}
