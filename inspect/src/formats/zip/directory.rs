//! The central directory of a ZIP archive (PKWARE APPNOTE 6.3), checked against the local headers.

use std::ops::Range;

use crate::formats::locked::zip::Lock;
use crate::source::{Source, read_range};

/// What the directory says of one member, and where its data lies.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) method: u16,
    pub(crate) encrypted: bool,
    /// The cipher and the true method, where we know how to open it.
    pub(crate) lock: Option<(Lock, u16)>,
    pub(crate) crc: u32,
    pub(crate) packed: u64,
    pub(crate) size: u64,
    /// `None` when the local header is missing or cut.
    pub(crate) data: Option<Range<u64>>,
    /// LZMA: the stream says itself where it ends.
    pub(crate) end_marked: bool,
    /// Where its local header begins, and its record in the directory.
    pub(crate) header: u64,
    pub(crate) record: u64,
    /// Its number in the directory.
    pub(crate) number: u32,
    /// Its sizes stand behind its data.
    pub(crate) descriptor: bool,
    /// Where its record in the directory says them.
    pub(crate) slots: Slots,
    /// The pieces that follow it.
    pub(crate) more: Vec<Self>,
}

/// A number in a header: in four bytes, or in eight of a field of its own where it did not fit (ZIP64).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    pub(crate) at: u64,
    pub(crate) wide: bool,
}

/// The numbers of a header that depend on how a member is packed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    pub(crate) size: Slot,
    pub(crate) packed: Slot,
    pub(crate) header: Slot,
}

impl Slots {
    /// Of a header whose extra fields begin at `at`. `slots` are those of four bytes each, with what stands there.
    pub(super) fn read(slots: [(u64, u32); 3], extra: &[u8], mut at: u64) -> Option<Self> {
        let mut found = slots.map(|(at, _)| Slot { at, wide: false });
        for (id, field) in fields(extra) {
            if id == 1 {
                // Only the numbers that did not fit, in this order (APPNOTE 4.5.3).
                let wide = found.iter_mut().zip(slots).filter(|(_, (_, said))| *said == u32::MAX);
                for (n, (slot, _)) in wide.enumerate() {
                    field.get(8 * n..8 * n + 8)?;
                    *slot = Slot { at: at + 4 + 8 * n as u64, wide: true };
                }
            }
            at += 4 + field.len() as u64;
        }
        let [size, packed, header] = found;
        Some(Self { size, packed, header })
    }

    fn moved(self, by: u64) -> Self {
        let moved = |slot: Slot| Slot { at: slot.at + by, ..slot };
        Self { size: moved(self.size), packed: moved(self.packed), header: moved(self.header) }
    }
}

/// The extra fields of a header: their numbers and contents.
pub(super) fn fields(mut extra: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (id, len) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let field = extra.get(4..)?;
        let field = field.get(..len).unwrap_or(field);
        extra = extra.get(4 + len..).unwrap_or_default();
        Some((id, field))
    })
}

impl Entry {
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with('/') && self.size == 0 && self.packed == 0
    }
}

/// An archive's members in the order of the directory.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) entries: Vec<Entry>,
    /// Two readers may see different members.
    pub(crate) ambiguous: bool,
    /// Bytes that belong to no member and not to the directory.
    pub(crate) gaps: Vec<Range<u64>>,
    /// Bytes beside the members that nobody needs to unpack them: comments, and fields of programs we do not know.
    pub(crate) remarks: Vec<Range<u64>>,
    /// Where the directory begins.
    pub(crate) start: u64,
    /// The numbers at the end that say so.
    pub(crate) starts: Vec<Slot>,
    /// Where the larger record at the end begins, and the number that says so (ZIP64).
    pub(crate) larger: Option<(u64, Slot)>,
}

/// The end record with the longest comment (APPNOTE 4.3.16).
const END_MAX: u64 = 22 + 65_535;
/// More than any archive that is sent: the directory is read into memory.
const DIRECTORY_MAX: u64 = 64 << 20;

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

struct End {
    /// Of the record itself.
    at: u64,
    comment: Range<u64>,
    offset: u64,
    size: u64,
    entries: u64,
    starts: Vec<Slot>,
    larger: Option<(u64, Slot)>,
    /// What stands between the larger record and what points to it.
    gap: Range<u64>,
}

impl Directory {
    /// Reads it; `None` when there is none or it is cut.
    pub(crate) fn read(source: &dyn Source) -> Option<Self> {
        let end = end(source)?;
        if end.size > DIRECTORY_MAX {
            return None;
        }
        // An archive with bytes in front of it: offsets count from where it truly begins.
        let start = end.at.checked_sub(end.size)?;
        let shift = start.checked_sub(end.offset)?;
        let bytes = read_range(source, start..end.at).ok()?;
        let (starts, larger) = (end.starts.clone(), end.larger);
        let mut directory = Self { start, starts, larger, ..Self::default() };
        let mut at = 0;
        while let Some(record) = bytes.get(at..).filter(|r| r.starts_with(b"PK\x01\x02")) {
            let (mut entry, len) = central(record, shift)?;
            (entry.record, entry.number) = (start + at as u64, directory.entries.len() as u32);
            directory.remarks.extend(remarks(record, entry.record, len));
            entry.slots = entry.slots.moved(entry.record);
            directory.entries.push(entry);
            at += len;
        }
        if at != bytes.len() || directory.entries.len() as u64 != end.entries {
            directory.ambiguous = true;
        }
        for entry in &mut directory.entries {
            directory.ambiguous |= !local(source, entry, &mut directory.remarks);
        }
        directory.account(start, &end, source.len());
        Some(directory)
    }

    /// Finds overlaps and gaps.
    fn account(&mut self, start: u64, end: &End, len: u64) {
        let mut spans: Vec<Range<u64>> =
            self.entries.iter().filter_map(|e| e.data.as_ref().map(|d| e.header..d.end)).collect();
        spans.sort_by_key(|s| s.start);
        let descriptors = self.entries.iter().any(|e| e.descriptor);
        let mut at = 0;
        for span in spans {
            if span.start < at {
                self.ambiguous = true;
            }
            self.gap(at..span.start, descriptors);
            at = at.max(span.end);
        }
        if at > start {
            self.ambiguous = true;
        }
        self.gap(at..start, descriptors);
        self.gap(end.gap.clone(), false);
        self.gap(end.comment.clone(), false);
        self.gap(end.comment.end..len, false);
        let mut names: Vec<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
        names.sort_unstable();
        self.ambiguous |= names.windows(2).any(|w| matches!(w, [a, b] if a == b));
    }

    fn gap(&mut self, gap: Range<u64>, descriptors: bool) {
        // A data descriptor takes 12 to 24 bytes (APPNOTE 4.3.9).
        const DESCRIPTOR_MAX: u64 = 24;
        if gap.start < gap.end && !(descriptors && gap.end - gap.start <= DESCRIPTOR_MAX) {
            self.gaps.push(gap);
        }
    }
}

/// The end record: the last one whose comment ends with the file, else the last one of all.
fn end(source: &dyn Source) -> Option<End> {
    let len = source.len();
    let from = len.saturating_sub(END_MAX);
    let tail = read_range(source, from..len).ok()?;
    let mut best = None;
    for n in memchr::memmem::rfind_iter(&tail, b"PK\x05\x06") {
        let Some(comment) = u16_at(&tail, n + 20) else { continue };
        let fits = n + 22 + usize::from(comment) == tail.len();
        if fits || best.is_none() {
            best = Some((n, comment));
        }
        if fits {
            break;
        }
    }
    let (n, comment) = best?;
    let at = from + n as u64;
    let comment = at + 22..(at + 22 + u64::from(comment)).min(len);
    let slot = |at, wide| Slot { at, wide };
    let (entries, size, offset) = (u16_at(&tail, n + 10)?, u32_at(&tail, n + 12)?, u32_at(&tail, n + 16)?);
    if entries == u16::MAX || size == u32::MAX || offset == u32::MAX {
        // ZIP64: a locator stands right before, and points to the larger record.
        let locator = read_range(source, at.checked_sub(20)?..at).ok()?;
        if locator.starts_with(b"PK\x06\x07") {
            let record_at = u64_at(&locator, 8)?;
            let record_end = record_at.checked_add(56).filter(|end| *end <= at - 20)?;
            let record = read_range(source, record_at..record_end).ok()?;
            if !record.starts_with(b"PK\x06\x06") {
                return None;
            }
            return Some(End {
                at: record_at,
                comment,
                offset: u64_at(&record, 48)?,
                size: u64_at(&record, 40)?,
                entries: u64_at(&record, 32)?,
                starts: [(offset < u32::MAX).then(|| slot(at + 16, false)), Some(slot(record_at + 48, true))]
                    .into_iter()
                    .flatten()
                    .collect(),
                larger: Some((record_at, slot(at - 12, true))),
                gap: record_end..at - 20,
            });
        }
    }
    let (starts, gap) = (vec![slot(at + 16, false)], at..at);
    let (offset, size, entries) = (offset.into(), size.into(), entries.into());
    Some(End { at, comment, offset, size, entries, starts, larger: None, gap })
}

/// The extra field and the method of members encrypted as WinZip does.
const AES: u16 = 0x9901;
const AES_METHOD: u16 = 99;

/// One record of the directory, and its length.
fn central(record: &[u8], shift: u64) -> Option<(Entry, usize)> {
    let flags = u16_at(record, 8)?;
    let (name_len, extra_len, comment_len) = (u16_at(record, 28)?, u16_at(record, 30)?, u16_at(record, 32)?);
    let name_end = 46 + usize::from(name_len);
    let extra_end = name_end + usize::from(extra_len);
    let len = extra_end + usize::from(comment_len);
    record.get(..len)?;
    let name = String::from_utf8_lossy(record.get(46..name_end)?).into_owned();
    let extra = record.get(name_end..extra_end)?;
    let said = [24, 20, 42].map(|at| Some((at as u64, u32_at(record, at)?)));
    let [Some(size), Some(packed), Some(header)] = said else { return None };
    let slots = Slots::read([size, packed, header], extra, name_end as u64)?;
    let number = |slot: Slot| {
        let at = slot.at as usize;
        if slot.wide { u64_at(record, at) } else { u32_at(record, at).map(u64::from) }
    };
    let (size, packed, header) = (number(slots.size)?, number(slots.packed)?, number(slots.header)?);
    let mut lock = fields(extra).filter(|(id, _)| *id == AES).last().and_then(|(_, field)| Lock::aes(field));
    let method = u16_at(record, 10)?;
    if flags & 0x41 == 1 && method != AES_METHOD {
        // What the last byte of the cipher's header is: of the checksum, or of the time where that comes behind.
        let check = [*record.get(19)?, *record.get(13)?];
        lock = Some((Lock::Old { check }, method));
    }
    let entry = Entry {
        name,
        method,
        // Bit 0: encrypted; bit 6: strong encryption; method 99: AES.
        encrypted: flags & 0x41 != 0 || method == AES_METHOD,
        lock,
        crc: u32_at(record, 16)?,
        packed,
        size,
        data: None,
        header: header.checked_add(shift)?,
        record: 0,
        number: 0,
        end_marked: flags & 2 != 0,
        descriptor: flags & 8 != 0,
        slots,
        more: Vec::new(),
    };
    Some((entry, len))
}

/// Fields that unpack a member, or tell its times and owners (APPNOTE 4.5.2; Info-ZIP, proginfo/extrafld.txt): the
/// larger numbers, NTFS, times, UNIX owners of three generations, AES, and the padding that Android sets in.
const KNOWN_FIELDS: [u16; 8] = [1, 0x000a, 0x5455, 0x5855, 0x7855, 0x7875, AES, 0xd935];

/// Where the fields of programs we do not know stand, of extra fields that begin at `at`.
fn unknown_fields(extra: &[u8], mut at: u64) -> Vec<Range<u64>> {
    let mut unknown = Vec::new();
    let end = at + extra.len() as u64;
    for (id, field) in fields(extra) {
        let next = at + 4 + field.len() as u64;
        if !KNOWN_FIELDS.contains(&id) && !field.is_empty() {
            unknown.push(at + 4..next);
        }
        at = next;
    }
    // What is too short to be a field.
    if at < end {
        unknown.push(at..end);
    }
    unknown
}

/// What a record of the directory, `len` bytes at `at`, says beside what unpacking needs.
fn remarks(record: &[u8], at: u64, len: usize) -> Vec<Range<u64>> {
    let (name_len, comment_len) = (u16_at(record, 28).unwrap_or_default(), u16_at(record, 32).unwrap_or_default());
    let (from, to) = (46 + usize::from(name_len), len.saturating_sub(comment_len.into()));
    let mut remarks = unknown_fields(record.get(from..to).unwrap_or_default(), at + from as u64);
    if comment_len > 0 {
        remarks.push(at + to as u64..at + len as u64);
    }
    remarks
}

/// Finds a member's data through its local header; false when the two disagree.
fn local(source: &dyn Source, entry: &mut Entry, remarks: &mut Vec<Range<u64>>) -> bool {
    let Some(end) = entry.header.checked_add(30) else { return false };
    let Ok(fixed) = read_range(source, entry.header..end.min(source.len())) else { return false };
    let read = || {
        Some((u16_at(&fixed, 6)?, u16_at(&fixed, 8)?, u32_at(&fixed, 18)?, u16_at(&fixed, 26)?, u16_at(&fixed, 28)?))
    };
    let Some((flags, method, packed, name_len, extra_len)) = read() else { return false };
    if !fixed.starts_with(b"PK\x03\x04") {
        return false;
    }
    let name_end = end + u64::from(name_len);
    let start = name_end + u64::from(extra_len);
    let Some(data_end) = start.checked_add(entry.packed).filter(|e| *e <= source.len()) else { return false };
    entry.data = Some(start..data_end);
    let Ok(words) = read_range(source, end..start) else { return false };
    let (name, extra) = words.split_at_checked(name_len.into()).unwrap_or((&words, &[]));
    remarks.extend(unknown_fields(extra, name_end));
    let same_name = String::from_utf8_lossy(name) == entry.name;
    let sized = flags & 8 != 0 || packed == u32::MAX || u64::from(packed) == entry.packed;
    entry.encrypted |= flags & 1 != 0;
    same_name && sized && method == entry.method
}

/// The archives that all tests of this crate make.
#[cfg(test)]
#[path = "../../../tests/archive/mod.rs"]
mod made;

/// An archive of stored members, for tests.
#[cfg(test)]
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(name, data)| (*name, *data, made::How::Stored)).collect();
    made::zip_how(&members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_and_everything_is_accounted_for() {
        let bytes = archive(&[("a.txt", b"one"), ("b/c.txt", b"three")]);
        let directory = Directory::read(&bytes).expect("an archive");
        let names: Vec<_> = directory.entries.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b/c.txt"]);
        assert!(!directory.ambiguous && directory.gaps.is_empty(), "{directory:?}");
        let data = directory.entries[1].data.clone().expect("data");
        assert_eq!(&bytes[data.start as usize..data.end as usize], b"three");
    }

    #[test]
    fn bytes_in_front_are_a_gap_and_change_no_member() {
        let mut bytes = b"in front".to_vec();
        bytes.extend(archive(&[("a.txt", b"one")]));
        let directory = Directory::read(&bytes).expect("an archive");
        assert_eq!(directory.gaps, vec![0..8]);
        assert_eq!(directory.entries[0].data, Some(8 + 35..8 + 38));
    }

    #[test]
    fn headers_that_disagree_are_ambiguous() {
        let good = archive(&[("a.txt", b"one"), ("b.txt", b"two")]);
        let local_name = 30;
        let mut renamed = good.clone();
        renamed[local_name] = b'x';
        let mut twice = archive(&[("a.txt", b"one"), ("a.txt", b"two")]);
        assert!(Directory::read(&renamed).expect("an archive").ambiguous);
        assert!(Directory::read(&twice).expect("an archive").ambiguous);
        let end = twice.len() - 12;
        twice[end] = 9;
        assert!(Directory::read(&twice).expect("an archive").ambiguous);
        assert!(!Directory::read(&good).expect("an archive").ambiguous);
    }
}
