//! Blocks of RAR 1.5 to 4.

use super::{Block, How, Member, What};
use crate::source::{Source, read_range};

pub(super) const MARK: &[u8] = b"Rar!\x1a\x07\0";

/// Bytes of the shortest header.
const SHORT: u64 = 7;

pub(super) fn next(source: &dyn Source, at: u64) -> Option<Block> {
    let short = read_range(source, at..at + SHORT).ok()?;
    let &[_, _, kind, flags, more_flags, len, more_len] = short.as_slice() else { return None };
    let (flags, len) = (u16::from_le_bytes([flags, more_flags]), u16::from_le_bytes([len, more_len]));
    let header = read_range(source, at..at + u64::from(len).max(SHORT)).ok()?;
    let u16_at = |at: usize| Some(u16::from_le_bytes(*header.get(at..)?.first_chunk()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(*header.get(at..)?.first_chunk()?));
    let mut data = at + header.len() as u64;
    let end = data;
    let (mut what, mut size) = (What::Other, 0);
    match kind {
        // The main header may say that all others are encrypted.
        0x73 if flags & 0x80 != 0 => what = What::Encrypted,
        // It may also hold a remark, which is packed.
        0x73 if flags & 2 != 0 => what = What::Member(Member::remark()),
        0x7b => {
            // A checksum, the number of the volume, and room for the next one.
            let fields = [(2, 4), (8, 2), (4, 7)].map(|(flag, len)| if flags & flag != 0 { len } else { 0 });
            data = end.min(at + SHORT + fields.iter().sum::<u64>());
            what = What::End;
        }
        // Files, and comments and the like, which are stored as files are.
        0x74 | 0x7a => {
            size = u64::from(u32_at(7)?);
            let (method, name_len) = (*header.get(25)?, usize::from(u16_at(26)?));
            let mut name_at = 32;
            if flags & 0x100 != 0 {
                size |= u64::from(u32_at(32)?) << 32;
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
            what = What::Member(Member { name, how, is_file: kind == 0x74 });
        }
        0x72 | 0x73 => {}
        // Remarks of old, signatures, recovery: their headers are part of what they say.
        _ => {
            data = at + SHORT;
            size = if flags & 0x8000 != 0 { u64::from(u32_at(7)?) } else { 0 };
        }
    }
    Some(Block { what, data, end: end.checked_add(size)? })
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
