//! What Writer of LibreOffice keeps of its pages: at which paragraph each begins (`sw/source/core/layout/laycache.cxx`).

use chot_model::OpaqueReason;

use super::super::le::u32_at;
use super::super::scan_strings;
use super::super::zip::{self, Entry};
use crate::inquiry::{Inquiry, Place};
use crate::source::Source;

/// The member that holds it.
pub(super) const NAME: &str = "layout-cache";
/// That of a thousand pages is no longer.
pub(super) const BYTES_MAX: u64 = 1 << 16;

/// Reads the member: numbers, which are searched as any bytes.
///
/// # Errors
/// When it cannot be unpacked, or is something else.
pub(super) fn read(
    source: &dyn Source,
    entry: &Entry,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Result<(), OpaqueReason> {
    let mut bytes = Vec::new();
    zip::stream(source, entry, inquiry, &mut |some, _| {
        let room = (BYTES_MAX as usize + 1).saturating_sub(bytes.len()).min(some.len());
        bytes.extend_from_slice(some.get(..room).unwrap_or_default());
    })?;
    scan_strings(&bytes, 0..bytes.len() as u64, place, inquiry);
    if is_one(&bytes) { Ok(()) } else { Err(OpaqueReason::UnsupportedFormat) }
}

/// Behind a version stands a record of pages, and in that records of paragraphs, tables and floating frames, each of a few
/// numbers.
fn is_one(bytes: &[u8]) -> bool {
    /// Flags, and five numbers.
    const SINGLE_MAX: usize = 21;
    let Some(mut rest) = bytes.strip_prefix(&[1, 0]).and_then(|rest| rest.get(2..)) else { return false };
    let Some((b'p', [_flags, pages @ ..])) = record(&mut rest) else { return false };
    let mut pages = pages;
    while !pages.is_empty() {
        match record(&mut pages) {
            Some((b'P' | b'T' | b'F', single)) if single.len() <= SINGLE_MAX => {}
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Takes a record: its kind in the first byte, its length, the head included, in three.
fn record<'b>(rest: &mut &'b [u8]) -> Option<(u8, &'b [u8])> {
    let head = u32_at(rest, 0)?;
    let (record, behind) = rest.split_at_checked((head >> 8) as usize)?;
    *rest = behind;
    Some(((head & 0xff) as u8, record.get(4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_of_pages_are_told_from_other_bytes() {
        let page = [b'P', 9, 0, 0, 4, 0xe6, 0, 0, 0];
        let table = [b'T', 13, 0, 0, 8, 0x8c, 0, 0, 0, 0xff, 0xff, 0, 0];
        let pages = |records: &[u8]| [&[1, 0, 1, 0, b'p', 5 + records.len() as u8, 0, 0, 0][..], records].concat();
        let whole = pages(&[&page[..], &table].concat());
        assert!(is_one(&whole) && is_one(&pages(&[])));
        let long = [&[b'P', 40, 0, 0][..], &[7; 36]].concat();
        for other in [&whole[..whole.len() - 1], &[&whole[..], b"x"].concat(), &pages(&long), b"Not a layout", b""] {
            assert!(!is_one(other), "{other:?}");
        }
    }
}
