//! Blocks of RAR 5.

use chot_model::OpaqueReason;

use super::{Block, What};
use crate::source::{Source, read_range};

pub(super) const MARK: &[u8] = b"Rar!\x1a\x07\x01\0";

/// The longest header (technote, "Archive blocks"), with its checksum and length.
const HEADER_MAX: u64 = (2 << 20) + 7;

/// A number of seven bits a byte, lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

pub(super) fn next(source: &dyn Source, at: u64) -> Option<Block> {
    let first = read_range(source, at..source.len().min(at + 7)).ok()?;
    let mut rest = first.get(4..)?;
    let len = number(&mut rest)?;
    let start = at + (first.len() - rest.len()) as u64;
    if len == 0 || len > HEADER_MAX {
        return None;
    }
    let header = read_range(source, start..start.checked_add(len)?).ok()?;
    let rest = &mut header.as_slice();
    let (kind, flags) = (number(rest)?, number(rest)?);
    let extra = if flags & 1 != 0 { number(rest)? } else { 0 };
    let size = if flags & 2 != 0 { number(rest)? } else { 0 };
    let data = start + len;
    let what = match kind {
        4 => What::Encrypted,
        5 => What::End,
        // Files, and comments and the like, which are stored as files are.
        2 | 3 => {
            let file = number(rest)?;
            let (_size, _attributes) = (number(rest)?, number(rest)?);
            let skipped = if file & 2 != 0 { 4 } else { 0 } + if file & 4 != 0 { 4 } else { 0 };
            *rest = rest.get(skipped..)?;
            let (packing, _system, name_len) = (number(rest)?, number(rest)?, usize::try_from(number(rest)?).ok()?);
            let name = String::from_utf8_lossy(rest.get(..name_len)?).into_owned();
            let extra = header.len().checked_sub(usize::try_from(extra).ok()?)?;
            let reason = if is_encrypted(header.get(extra..)?) {
                Some(OpaqueReason::Encrypted)
            } else if flags & 0x18 != 0 {
                Some(OpaqueReason::Partial)
            } else {
                (packing >> 7 & 7 != 0 && size > 0).then_some(OpaqueReason::UnsupportedFormat)
            };
            What::File(name, reason)
        }
        _ => What::Other,
    };
    Some(Block { what, data, end: data.checked_add(size)? })
}

/// Whether a record beside the header says that the data is encrypted.
fn is_encrypted(mut records: &[u8]) -> bool {
    while let Some(len) = number(&mut records) {
        let Some((mut record, rest)) = usize::try_from(len).ok().and_then(|len| records.split_at_checked(len)) else {
            return false;
        };
        if number(&mut record) == Some(1) {
            return true;
        }
        records = rest;
    }
    false
}
