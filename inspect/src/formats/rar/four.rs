//! Blocks of RAR 1.5 to 4.

use super::{Block, How, Member, What};
use crate::formats::le::{u16_at, u32_at};
use crate::source::{Source, read_range};

pub(super) const MARK: &[u8] = b"Rar!\x1a\x07\0";

/// Bytes of the shortest header.
const SHORT: u64 = 7;

pub(super) fn next(source: &dyn Source, at: u64) -> Option<Block> {
    let len = body(&read_range(source, at..at + SHORT).ok()?)?;
    block(&read_range(source, at..at + len).ok()?, at + len)
}

/// The length of a header.
pub(super) fn body(first: &[u8]) -> Option<u64> {
    Some(u64::from(u16_at(first, 5)?).max(SHORT))
}

/// The block of this header, with data from `data` on.
pub(super) fn block(header: &[u8], data: u64) -> Option<Block> {
    let (kind, flags) = (*header.get(2)?, u16_at(header, 3)?);
    let more = || Some(if flags & 0x8000 != 0 { u64::from(u32_at(header, SHORT as usize)?) } else { 0 });
    let mut size = 0;
    let what = match kind {
        // The main header may say that all others are encrypted.
        0x73 if flags & 0x80 != 0 => What::Encrypted,
        // It may also hold a remark, which is packed.
        0x73 if flags & 2 != 0 => What::Member(Member::remark()),
        0x7b => {
            size = more()?;
            // A checksum, the number of the volume, and room for the next one.
            let fields = [(2, 4), (8, 2), (4, 7)].map(|(flag, len)| if flags & flag != 0 { len } else { 0 });
            What::End { more: (header.len() as u64).saturating_sub(SHORT + fields.iter().sum::<u64>()) }
        }
        // Files, and comments and the like, which are stored as files are.
        0x74 | 0x7a => {
            size = u64::from(u32_at(header, 7)?);
            let (method, name_len) = (*header.get(25)?, usize::from(u16_at(header, 26)?));
            let mut name_at = 32;
            if flags & 0x100 != 0 {
                size |= u64::from(u32_at(header, 32)?) << 32;
                name_at += 8;
            }
            let name = header.get(name_at..name_at + name_len)?;
            let how = if flags & 0x03 != 0 {
                How::Split
            } else if flags & 0x04 != 0 {
                How::Locked
            } else if method != 0x30 && size > 0 {
                How::Packed
            } else {
                How::Stored
            };
            let name = if flags & 0x200 != 0 { wide(name) } else { String::from_utf8_lossy(name).into_owned() };
            // A link is a file of what it points to.
            let (is_file, link) = (kind == 0x74, None);
            What::Member(Member { name, how, is_file, link, has_remark: is_file && flags & 0x08 != 0 })
        }
        0x72 | 0x73 => What::Other,
        // Remarks of old, signatures, recovery: their headers are part of what they say.
        _ => {
            size = more()?;
            What::Unknown
        }
    };
    Some(Block { what, data, end: data.checked_add(size)? })
}

/// A name with its letters beyond ASCII behind a zero: most often only what differs from the plain name before it.
pub(super) fn wide(name: &[u8]) -> String {
    let mut halves = name.splitn(2, |b| *b == 0);
    let plain = halves.next().unwrap_or_default();
    let Some((high, rest)) = halves.next().and_then(<[u8]>::split_first) else {
        return String::from_utf8_lossy(plain).into_owned();
    };
    let high = u16::from(*high) << 8;
    let (mut rest, mut flags, mut bits) = (rest.iter().copied(), 0, 0);
    let mut name: Vec<u16> = Vec::with_capacity(plain.len());
    // One name is no longer than its header.
    loop {
        if bits == 0 {
            let Some(next) = rest.next() else { break };
            (flags, bits) = (next, 8);
        }
        bits -= 2;
        if piece(flags >> bits & 3, high, plain, &mut rest, &mut name).is_none() {
            break;
        }
    }
    String::from_utf16_lossy(&name)
}

/// One piece of such a name: a letter, or some of the plain name.
fn piece(kind: u8, high: u16, plain: &[u8], rest: &mut impl Iterator<Item = u8>, name: &mut Vec<u16>) -> Option<()> {
    let first = rest.next()?;
    match kind {
        0 => name.push(first.into()),
        1 => name.push(u16::from(first) | high),
        2 => name.push(u16::from_le_bytes([first, rest.next()?])),
        _ => {
            let moved = if first & 0x80 != 0 { Some(rest.next()?) } else { None };
            let same = plain.iter().skip(name.len()).take(usize::from(first & 0x7f) + 2);
            name.extend(same.map(|b| match moved {
                Some(by) => u16::from(b.wrapping_add(by)) | high,
                None => u16::from(*b),
            }));
        }
    }
    Some(())
}
