//! Archives put together again around edited members.
//!
//! Touched members are packed anew the way they were; every other byte stays, but for the sums, sizes and offsets that
//! follow from them. An archive that its readers may see otherwise is refused, and so is one that says of itself that
//! it must not change.

use std::io::{Read, Write};
use std::ops::Range;

use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::directory::{Directory, Entry, Slot, Slots, u16_at, u32_at, u64_at};
use crate::formats::packing::{Bytes, UNREADABLE};
use crate::object::BLOCK;
use crate::redact::{Patching, Why};
use crate::source::{Section, Source, Splice, read_range};

/// Gives away the content of a member.
pub(crate) fn unpack(
    archive: &dyn Source,
    member: u32,
    each: &mut dyn FnMut(&[u8]) -> Result<(), Why>,
) -> Result<(), Why> {
    let directory = Directory::read(archive).ok_or(UNREADABLE)?;
    content(archive, directory.entries.get(member as usize).ok_or(UNREADABLE)?, each)
}

/// The splices of an archive that put edited members in place.
pub(crate) fn pack(archive: &dyn Source, members: Vec<(u32, Vec<Splice>)>) -> Result<Vec<Splice>, Why> {
    let directory = Directory::read(archive).ok_or(UNREADABLE)?;
    may_change(&directory)?;
    let mut out = Vec::new();
    // How far what follows each touched member moves.
    let mut moves: Vec<(u64, i64)> = Vec::new();
    for (member, splices) in members {
        let entry = directory.entries.get(member as usize).ok_or(UNREADABLE)?;
        let data = entry.data.clone().ok_or(UNREADABLE)?;
        let (bytes, crc, size) = packed(archive, entry, splices)?;
        let (len, crc) = (bytes.len() as u64, crc.to_le_bytes());
        if entry.descriptor {
            out.push(descriptor(archive, entry, data.end, crc, [len, size])?);
        }
        header(archive, entry, crc, [len, size], &mut out)?;
        out.push(Splice { range: entry.record + 16..entry.record + 20, bytes: crc.to_vec() });
        out.push(number(entry.slots.packed, len)?);
        out.push(number(entry.slots.size, size)?);
        moves.push((entry.header, len as i64 - (data.end - data.start) as i64));
        out.push(Splice { range: data, bytes });
    }
    moves.sort_unstable();
    let moved = |at: u64| {
        let by: i64 = moves.iter().take_while(|(header, _)| *header < at).map(|(_, by)| by).sum();
        at.saturating_add_signed(by)
    };
    for entry in directory.entries.iter().filter(|e| moves.first().is_some_and(|(first, _)| e.header > *first)) {
        out.push(number(entry.slots.header, moved(entry.header))?);
    }
    for slot in &directory.starts {
        out.push(number(*slot, moved(directory.start))?);
    }
    if let Some((record, slot)) = directory.larger {
        out.push(number(slot, moved(record))?);
    }
    out.sort_by_key(|splice| splice.range.start);
    Ok(out)
}

/// Whether readers agree on what the archive holds, and nobody vouched for its bytes.
fn may_change(directory: &Directory) -> Result<(), Why> {
    const VOUCHED: [&str; 4] = [".rsa", ".dsa", ".ec", ".sf"];
    if directory.ambiguous {
        return Err("readers may see differently");
    }
    if directory.gaps.iter().any(|gap| gap.start < directory.start) {
        return Err("has bytes that belong to no member");
    }
    for name in directory.entries.iter().map(|e| e.name.to_ascii_lowercase()) {
        let vouches = name.starts_with("meta-inf/")
            && (name.contains("signature") || VOUCHED.iter().any(|ending| name.ends_with(ending)));
        if name.starts_with("_xmlsignatures/") || vouches {
            return Err("is signed");
        }
        let runs = name.ends_with("vbaproject.bin") || name.contains("/macrosheets/");
        if runs || name.starts_with("basic/") || name.starts_with("scripts/") {
            return Err("holds macros");
        }
    }
    Ok(())
}

/// A member packed with its splices: the bytes, the sum and the size of its content.
fn packed(archive: &dyn Source, entry: &Entry, splices: Vec<Splice>) -> Result<(Vec<u8>, u32, u64), Why> {
    let (mut patching, mut crc, mut size) = (Patching::new(splices), Crc::new(), 0);
    let mut stored = Vec::new();
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    let mut written = Ok(());
    content(archive, entry, &mut |bytes| {
        patching.copy(bytes, &mut |bytes| {
            crc.update(bytes);
            size += bytes.len() as u64;
            if entry.method == 0 {
                stored.extend_from_slice(bytes);
            } else if written.is_ok() {
                written = deflated.write_all(bytes);
            }
        });
        Ok(())
    })?;
    if written.is_err() || !patching.is_done() {
        return Err(UNREADABLE);
    }
    let bytes = if entry.method == 0 { stored } else { deflated.finish().map_err(|_| UNREADABLE)? };
    Ok((bytes, crc.sum(), size))
}

/// Unpacks a member and checks that it is what the directory says.
fn content(archive: &dyn Source, entry: &Entry, each: &mut dyn FnMut(&[u8]) -> Result<(), Why>) -> Result<(), Why> {
    let data: Range<u64> = entry.data.clone().ok_or(UNREADABLE)?;
    let section = Section { whole: archive, range: data };
    let raw = Bytes::new(&section, 0);
    let mut reader: Box<dyn Read> = match entry.method {
        _ if entry.encrypted => return Err("is encrypted"),
        0 => Box::new(raw),
        8 => Box::new(DeflateDecoder::new(raw)),
        _ => return Err("is packed in a way that is only read"),
    };
    let (mut buffer, mut crc, mut size) = (vec![0; BLOCK], Crc::new(), 0);
    loop {
        let n = reader.read(&mut buffer).map_err(|_| UNREADABLE)?;
        let bytes = buffer.get(..n).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        crc.update(bytes);
        size += n as u64;
        if size > entry.size {
            return Err(UNREADABLE);
        }
        each(bytes)?;
    }
    if size == entry.size && crc.sum() == entry.crc { Ok(()) } else { Err(UNREADABLE) }
}

/// The sum and sizes in a member's own header. Behind a descriptor the header may well hold nothing.
fn header(
    archive: &dyn Source,
    entry: &Entry,
    crc: [u8; 4],
    sizes: [u64; 2],
    out: &mut Vec<Splice>,
) -> Result<(), Why> {
    const FIXED: u64 = 30;
    let at = entry.header;
    let fixed = read_range(archive, at..at + FIXED).map_err(|_| UNREADABLE)?;
    let len = |n: usize| u16_at(&fixed, n).map(u64::from).ok_or(UNREADABLE);
    let said = |n: usize| u32_at(&fixed, n).ok_or(UNREADABLE);
    let extra_at = at + FIXED + len(26)?;
    let extra = read_range(archive, extra_at..extra_at + len(28)?).map_err(|_| UNREADABLE)?;
    let slots = Slots::read([(at + 22, said(22)?), (at + 18, said(18)?), (at, 0)], &extra, extra_at);
    let mut all = vec![slots.ok_or(UNREADABLE)?];
    // Some programs say the sizes twice, in case they do not fit.
    if let (false, Some(wide)) = (all.iter().any(|s| s.size.wide || s.packed.wide), wide(&extra, extra_at)) {
        all.push(wide);
    }
    let old = |slot: Slot| {
        let bytes = read_range(archive, slot.at..slot.at + if slot.wide { 8 } else { 4 }).map_err(|_| UNREADABLE)?;
        let value = if slot.wide { u64_at(&bytes, 0) } else { u32_at(&bytes, 0).map(u64::from) };
        value.ok_or(UNREADABLE)
    };
    for Slots { size, packed, .. } in all {
        match (old(packed)?, old(size)?) {
            (0, 0) if entry.descriptor => {}
            said if said == (entry.packed, entry.size) => {
                out.push(number(packed, sizes[0])?);
                out.push(number(size, sizes[1])?);
            }
            _ => return Err("says two things of its members"),
        }
    }
    if !entry.descriptor || said(14)? != 0 {
        out.push(Splice { range: at + 14..at + 18, bytes: crc.to_vec() });
    }
    Ok(())
}

/// The sizes in the field of large numbers, whether or not they are needed there.
fn wide(extra: &[u8], extra_at: u64) -> Option<Slots> {
    Slots::read([(0, u32::MAX), (0, u32::MAX), (0, 0)], extra, extra_at).filter(|slots| slots.size.wide)
}

/// The data descriptor behind a member, with new fields (APPNOTE 4.3.9): with or without its mark, sizes of four or of
/// eight bytes. Only one that says what the directory says is known for sure.
fn descriptor(archive: &dyn Source, entry: &Entry, at: u64, crc: [u8; 4], sizes: [u64; 2]) -> Result<Splice, Why> {
    const MARK: &[u8] = b"PK\x07\x08";
    const LEN_MAX: u64 = 24;
    let said = read_range(archive, at..archive.len().min(at + LEN_MAX)).map_err(|_| UNREADABLE)?;
    for mark in [MARK, b""] {
        for wide in [true, false] {
            let layout = |crc: [u8; 4], sizes: [u64; 2]| {
                let mut bytes = [mark, &crc].concat();
                for n in sizes {
                    bytes.extend_from_slice(n.to_le_bytes().get(..if wide { 8 } else { 4 }).unwrap_or_default());
                }
                bytes
            };
            let old = layout(entry.crc.to_le_bytes(), [entry.packed, entry.size]);
            if said.starts_with(&old) && (wide || sizes.iter().all(|n| *n < u64::from(u32::MAX))) {
                return Ok(Splice { range: at..at + old.len() as u64, bytes: layout(crc, sizes) });
            }
        }
    }
    Err("says two things of its members")
}

/// A number put in its place.
fn number(slot: Slot, n: u64) -> Result<Splice, Why> {
    if slot.wide {
        return Ok(Splice { range: slot.at..slot.at + 8, bytes: n.to_le_bytes().to_vec() });
    }
    let narrow = u32::try_from(n).ok().filter(|n| *n < u32::MAX).ok_or("would need the large layout of ZIP")?;
    Ok(Splice { range: slot.at..slot.at + 4, bytes: narrow.to_le_bytes().to_vec() })
}
