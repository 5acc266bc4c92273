//! Blocks of RAR 5.

use flate2::Crc;

use super::{Block, How, Member, What};
use crate::source::{Source, read_range};

pub(super) const MARK: &[u8] = b"Rar!\x1a\x07\x01\0";

/// The longest header (technote, "Archive blocks"), with its checksum and length.
const HEADER_MAX: u64 = (2 << 20) + 7;

/// A number of seven bits a byte, lowest first.
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
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
    let (start, len) = body(&first)?;
    let start = at + start;
    let header = read_range(source, start..start.checked_add(len)?).ok()?;
    block(&header, start + len)
}

/// Where behind its beginning the body of a header begins, and its length.
pub(super) fn body(first: &[u8]) -> Option<(u64, u64)> {
    let mut rest = first.get(4..)?;
    let len = number(&mut rest).filter(|len| (1..=HEADER_MAX).contains(len))?;
    Some(((first.len() - rest.len()) as u64, len))
}

/// The block whose header has this body, and data from `data` on.
pub(super) fn block(header: &[u8], data: u64) -> Option<Block> {
    let rest = &mut &*header;
    let (kind, flags) = (number(rest)?, number(rest)?);
    let extra = if flags & 1 != 0 { number(rest)? } else { 0 };
    let size = if flags & 2 != 0 { number(rest)? } else { 0 };
    let what = match kind {
        1 => What::Other,
        4 => What::Encrypted,
        5 => {
            // Some end without any flags.
            number(rest);
            What::End { more: rest.len() as u64 }
        }
        // Files, and comments and the like, which are stored as files are.
        2 | 3 => {
            let file = number(rest)?;
            let (_size, _attributes) = (number(rest)?, number(rest)?);
            let skipped = if file & 2 != 0 { 4 } else { 0 } + if file & 4 != 0 { 4 } else { 0 };
            *rest = rest.get(skipped..)?;
            let (packing, _system, name_len) = (number(rest)?, number(rest)?, usize::try_from(number(rest)?).ok()?);
            let name = String::from_utf8_lossy(rest.get(..name_len)?).into_owned();
            let extra = header.len().checked_sub(usize::try_from(extra).ok()?)?;
            let records = header.get(extra..)?;
            let how = if flags & 0x18 != 0 {
                How::Split
            } else if record(records, 1).is_some() {
                How::Locked
            } else if packing >> 7 & 7 != 0 && size > 0 {
                How::Packed
            } else {
                How::Stored
            };
            let link = record(records, 5).and_then(link);
            What::Member(Member { name, how, is_file: kind == 2, link, has_remark: false })
        }
        _ => What::Unknown,
    };
    Some(Block { what, data, end: data.checked_add(size)? })
}

/// Bytes that a packed stream takes up of `data`, as its blocks tell their lengths: two bytes and up to three of length,
/// then that many. `None` where they break off before the last one.
pub(super) fn packed_len(data: &[u8]) -> Option<usize> {
    const SEED: u8 = 0x5a;
    const LAST: u8 = 0x40;
    let mut rest = data;
    loop {
        let (&[flags, sum], behind) = rest.split_first_chunk()?;
        let (len, behind) =
            behind.split_at_checked(usize::from(flags >> 3 & 3) + 1).filter(|(len, _)| len.len() < 4)?;
        if len.iter().fold(SEED ^ flags, |sum, b| sum ^ b) != sum {
            return None;
        }
        let len = len.iter().rev().fold(0, |len, b| len << 8 | usize::from(*b));
        rest = behind.get(len..)?;
        if flags & LAST != 0 {
            return Some(data.len() - rest.len());
        }
    }
}

/// Whether `list`, of an archive whose list begins at `at`, says again what stands before it, and nothing else: headers, at
/// their distances (technote, "Quick open header").
pub(super) fn is_said_before(source: &dyn Source, at: u64, mut list: &[u8]) -> bool {
    while !list.is_empty() {
        let mut record = || {
            let (sum, summed) = list.split_first_chunk()?;
            let mut rest = summed;
            let len = usize::try_from(number(&mut rest)?).ok()?;
            let (mut record, behind) = rest.split_at_checked(len)?;
            let mut crc = Crc::new();
            crc.update(summed.get(..summed.len() - behind.len())?);
            let (flags, distance, len) = (number(&mut record)?, number(&mut record)?, number(&mut record)?);
            let from = at.checked_sub(distance)?;
            let said = read_range(source, from..from.checked_add(len)?.min(at)).ok()?;
            list = behind;
            Some(crc.sum().to_le_bytes() == *sum && flags == 0 && len > 0 && said == record)
        };
        if record() != Some(true) {
            return false;
        }
    }
    true
}

/// The first record of a kind beside the header.
pub(super) fn record(mut records: &[u8], kind: u64) -> Option<&[u8]> {
    while let Some(len) = number(&mut records) {
        let (mut record, rest) = usize::try_from(len).ok().and_then(|len| records.split_at_checked(len))?;
        if number(&mut record) == Some(kind) {
            return Some(record);
        }
        records = rest;
    }
    None
}

/// What a link points to, given its record.
fn link(mut record: &[u8]) -> Option<String> {
    let (_kind, _flags, len) = (number(&mut record)?, number(&mut record)?, number(&mut record)?);
    Some(String::from_utf8_lossy(record.get(..usize::try_from(len).ok()?)?).into_owned())
}
