//! `ar` archives, which Debian packages are: members as objects.
//!
//! Names of the BSD and GNU kinds are read; the table of symbols is a member like any other.

use std::ops::Range;

use chot_model::OpaqueReason;

use super::{Format, Room};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};

const MARK: &[u8] = b"!<arch>\n";
/// Bytes of the header of a member.
const HEADER: u64 = 60;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-archive",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || archive(&[("so.txt/", "Số CCCD 001090123456\n".as_bytes())]),
};

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    const NAMES_MAX: u64 = 1 << 20;
    let (mut at, mut names) = (MARK.len() as u64, Vec::new());
    while at < source.len() {
        let header = read_range(source, at..at + HEADER).ok().filter(|header| header.ends_with(b"`\n"));
        let header = header.as_deref().unwrap_or_default();
        let field = |range: Range<usize>| header.get(range).unwrap_or_default().trim_ascii();
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<u64>().ok();
        let size = number(field(48..58));
        let data = at + HEADER;
        let Some(end) = size.and_then(|size| data.checked_add(size)).filter(|end| *end <= source.len()) else {
            inquiry.refuse(place, OpaqueReason::ParseError, source.len() - at);
            super::scan_strings(source, at..source.len(), place, inquiry);
            return None;
        };
        let (name, mut from) = (field(0..16), data);
        let name = if name == b"//" && end - data <= NAMES_MAX {
            names = read_range(source, data..end).unwrap_or_default();
            name.to_vec()
        } else if let Some(offset) = name.strip_prefix(b"/").and_then(number) {
            let rest = usize::try_from(offset).ok().and_then(|at| names.get(at..)).unwrap_or_default();
            rest.split(|b| matches!(b, b'\n' | 0)).next().unwrap_or_default().to_vec()
        } else if let Some(len) =
            name.strip_prefix(b"#1/").and_then(number).filter(|len| *len <= (end - data).min(NAMES_MAX))
        {
            from = data + len;
            read_range(source, data..from).unwrap_or_default()
        } else {
            name.to_vec()
        };
        let name = String::from_utf8_lossy(&name);
        let name = name.trim_end_matches(['/', '\0']);
        let member = place.member(name, Origin::Lost);
        if !object::enter(name, &member, inquiry) {
            return None;
        }
        object::section(source, from, end, Hint { name: Some(name.to_owned()), content_type: None }, member, inquiry);
        at = end + end % 2;
    }
    None
}

#[cfg(test)]
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = MARK.to_vec();
    for (name, bytes) in members {
        out.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len()).bytes());
        out.extend(*bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use super::archive;
    use crate::{Hint, Inspector, Limits};

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn a_package_is_opened_to_its_files() {
        let inspection = inspect(include_bytes!("../../tests/packed/goi.deb"));
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (301, 0), "{inspection:?}");
    }

    #[test]
    fn long_names_are_looked_at() {
        let gnu = archive(&[("//", b"CCCD 001090123456 danh sach.txt/\n"), ("/0", b"x\n")]);
        let bsd = archive(&[("#1/32", b"CCCD 001090123456 danh sach.txt\0x\n")]);
        for bytes in [gnu, bsd] {
            let inspection = inspect(&bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
        }
    }

    #[test]
    fn what_is_cut_is_told_and_scanned() {
        let bytes = archive(&[("a.txt/", b"CCCD 001090123456\n")]);
        let inspection = inspect(&bytes[..bytes.len() - 1]);
        assert!(inspection.is_opaque(OpaqueReason::ParseError));
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1);
    }
}
