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
    /// Where the directory begins, and the record at its end.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Numbers stand in fields of their own, as in archives of more than 4 GiB.
    pub(crate) zip64: bool,
}

/// The end record with the longest comment (APPNOTE 4.3.16).
const END_MAX: u64 = 22 + 65_535;
/// More than any archive that is sent: the directory is read into memory.
const DIRECTORY_MAX: u64 = 64 << 20;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

struct End {
    /// Of the record itself.
    at: u64,
    comment: Range<u64>,
    offset: u64,
    size: u64,
    entries: u64,
    zip64: bool,
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
        let mut directory = Self { start, end: end.at, zip64: end.zip64, ..Self::default() };
        let mut at = 0;
        while let Some(record) = bytes.get(at..).filter(|r| r.starts_with(b"PK\x01\x02")) {
            let (mut entry, len, wide) = central(record, shift)?;
            (entry.record, entry.number) = (start + at as u64, directory.entries.len() as u32);
            directory.entries.push(entry);
            directory.zip64 |= wide;
            at += len;
        }
        if at != bytes.len() || directory.entries.len() as u64 != end.entries {
            directory.ambiguous = true;
        }
        for entry in &mut directory.entries {
            directory.ambiguous |= !local(source, entry);
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
    let (entries, size, offset) = (u16_at(&tail, n + 10)?, u32_at(&tail, n + 12)?, u32_at(&tail, n + 16)?);
    if entries == u16::MAX || size == u32::MAX || offset == u32::MAX {
        // ZIP64: a locator stands right before, and points to the larger record.
        let locator = read_range(source, at.checked_sub(20)?..at).ok()?;
        if locator.starts_with(b"PK\x06\x07") {
            let record_at = u64_at(&locator, 8)?;
            let record = read_range(source, record_at..record_at.checked_add(56)?).ok()?;
            if !record.starts_with(b"PK\x06\x06") {
                return None;
            }
            return Some(End {
                at: record_at,
                comment,
                offset: u64_at(&record, 48)?,
                size: u64_at(&record, 40)?,
                entries: u64_at(&record, 32)?,
                zip64: true,
            });
        }
    }
    Some(End { at, comment, offset: offset.into(), size: size.into(), entries: entries.into(), zip64: false })
}

/// The extra field and the method of members encrypted as WinZip does.
const AES: u16 = 0x9901;
const AES_METHOD: u16 = 99;

/// One record of the directory, its length, and whether its numbers did not fit.
fn central(record: &[u8], shift: u64) -> Option<(Entry, usize, bool)> {
    let flags = u16_at(record, 8)?;
    let (name_len, extra_len, comment_len) = (u16_at(record, 28)?, u16_at(record, 30)?, u16_at(record, 32)?);
    let name_end = 46 + usize::from(name_len);
    let extra_end = name_end + usize::from(extra_len);
    let len = extra_end + usize::from(comment_len);
    record.get(..len)?;
    let name = String::from_utf8_lossy(record.get(46..name_end)?).into_owned();
    let (mut packed, mut size, mut header) =
        (u64::from(u32_at(record, 20)?), u64::from(u32_at(record, 24)?), u64::from(u32_at(record, 42)?));
    let wide = [packed, size, header].contains(&u32::MAX.into());
    let mut extra = record.get(name_end..extra_end)?;
    let mut lock = None;
    while let (Some(id), Some(n)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let field = extra.get(4..4 + usize::from(n)).unwrap_or_default();
        if id == AES {
            lock = Lock::aes(field);
        }
        if id == 1 {
            // ZIP64: only the fields that did not fit, in this order.
            let mut at = 0;
            for slot in [&mut size, &mut packed, &mut header] {
                if *slot == u64::from(u32::MAX) {
                    *slot = u64_at(field, at)?;
                    at += 8;
                }
            }
        }
        extra = extra.get(4 + usize::from(n)..).unwrap_or_default();
    }
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
    };
    Some((entry, len, wide))
}

/// Finds a member's data through its local header; false when the two disagree.
fn local(source: &dyn Source, entry: &mut Entry) -> bool {
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
    let same_name = read_range(source, end..name_end).is_ok_and(|n| String::from_utf8_lossy(&n) == entry.name);
    let sized = flags & 8 != 0 || packed == u32::MAX || u64::from(packed) == entry.packed;
    entry.encrypted |= flags & 1 != 0;
    same_name && sized && method == entry.method
}

/// An archive of stored members, for tests.
#[cfg(test)]
pub(crate) fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let at = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*data);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&common);
        central.extend([0; 10]);
        central.extend(at.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let at = out.len() as u32;
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        out.extend((members.len() as u16).to_le_bytes());
    }
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
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
