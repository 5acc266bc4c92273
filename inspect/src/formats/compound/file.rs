//! A compound file as its storages and streams (MS-CFB): sector chains, the mini stream, the directory, and the sectors
//! that belong to nothing.
//!
//! What the streams mean is not known here. Chains that loop or lead outside end there, sizes are believed as far as
//! the file goes, and all streams together cost no more than a few times the file.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::super::le::{u16_at, u32_at, u64_at};
use super::tell::Stop;
use chot_model::OpaqueReason;

/// The first eight bytes.
pub(super) const MARK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Sector numbers from here on mean something else (MS-CFB §2.1).
const REGULAR_MAX: u32 = 0xffff_fffa;
const NO_ENTRY: u32 = 0xffff_ffff;
const ENTRY_BYTES: usize = 128;
/// Streams may share sectors in a file that lies: together they are read as often as this.
const READ_RATIO_MAX: usize = 4;

/// What an entry of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Storage,
    Stream,
}

/// An entry of the directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    pub(super) size: u64,
}

/// A compound file.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    mini_sector: usize,
    mini_cutoff: u64,
    /// The sector after each.
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini: Vec<u8>,
    entries: Vec<Option<Entry>>,
    /// Sectors that something leads to.
    used: RefCell<Vec<bool>>,
    /// Bytes of streams read so far.
    read: Cell<usize>,
}

impl<'a> Compound<'a> {
    /// Reads the tables and the directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Stop> {
        let damaged = Stop::Bound(OpaqueReason::ParseError);
        let shifts = u16_at(bytes, 30).zip(u16_at(bytes, 32));
        let (shift, mini_shift) = shifts.filter(|_| bytes.starts_with(MARK)).ok_or(damaged)?;
        if !(7..=16).contains(&shift) || !(4..shift).contains(&mini_shift) {
            return Err(damaged);
        }
        let sector = 1usize << shift;
        let mut file = Self {
            bytes,
            sector,
            mini_sector: 1 << mini_shift,
            mini_cutoff: u32_at(bytes, 56).unwrap_or(4_096).into(),
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Vec::new(),
            entries: Vec::new(),
            used: RefCell::new(vec![false; bytes.len() / sector + 1]),
            read: Cell::new(0),
        };
        file.tables();
        let field = |at| u32_at(bytes, at).unwrap_or(NO_ENTRY);
        let directory = file.chain(field(48), usize::MAX);
        file.entries = directory.chunks_exact(ENTRY_BYTES).map(|e| entry(e, sector)).collect();
        let table = file.chain(field(60), usize::MAX);
        file.mini_fat = table.chunks_exact(4).filter_map(|n| u32_at(n, 0)).collect();
        if let Some(Some(root)) = file.entries.first() {
            file.mini = file.chain(root.start, usize::try_from(root.size).unwrap_or(usize::MAX));
        }
        Ok(file)
    }

    fn sectors(&self) -> usize {
        (self.bytes.len() / self.sector).saturating_sub(1) + 1
    }

    fn range(&self, number: u32) -> Option<Range<usize>> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        (start < self.bytes.len()).then(|| start..(start + self.sector).min(self.bytes.len()))
    }

    fn sector_of(&self, number: u32) -> Option<&'a [u8]> {
        if number >= REGULAR_MAX {
            return None;
        }
        let bytes = self.bytes.get(self.range(number)?)?;
        if let Some(used) = self.used.borrow_mut().get_mut(number as usize) {
            *used = true;
        }
        Some(bytes)
    }

    /// The table of sectors, whose own sectors are listed in the header and in a chain from there on.
    fn tables(&mut self) {
        let per_sector = self.sector / 4;
        // Every sector of the table describes others: more of them than sectors there are none.
        let tables_max = self.sectors() / per_sector + 2;
        let mut numbers: Vec<u32> = (0..109).filter_map(|n| u32_at(self.bytes, 76 + 4 * n)).collect();
        let (mut next, mut left) = (u32_at(self.bytes, 68).unwrap_or(NO_ENTRY), self.sectors());
        while let Some(sector) = self.sector_of(next).filter(|_| left > 0 && numbers.len() < tables_max + 109) {
            let (list, last) = sector.split_at(sector.len().saturating_sub(4) / 4 * 4);
            numbers.extend(list.chunks_exact(4).filter_map(|n| u32_at(n, 0)));
            next = u32_at(last, 0).unwrap_or(NO_ENTRY);
            left -= 1;
        }
        for number in numbers.into_iter().filter(|n| *n < REGULAR_MAX).take(tables_max) {
            let sector = self.sector_of(number).unwrap_or_default();
            self.fat.extend(sector.chunks_exact(4).filter_map(|n| u32_at(n, 0)));
        }
    }

    /// The bytes of a chain of sectors, as far as it goes.
    fn chain(&self, start: u32, len_max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let (mut next, mut left) = (start, self.sectors());
        while let Some(sector) = self.sector_of(next).filter(|_| left > 0 && out.len() < len_max) {
            out.extend_from_slice(sector);
            next = self.fat.get(next as usize).copied().unwrap_or(NO_ENTRY);
            left -= 1;
        }
        out.truncate(len_max);
        out
    }

    /// The bytes of a stream, and whether they are as many as it says.
    pub(super) fn stream(&self, id: usize) -> Result<(Vec<u8>, bool), Stop> {
        let Some(Some(entry)) = self.entries.get(id) else { return Ok((Vec::new(), false)) };
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let bytes = if entry.size < self.mini_cutoff {
            self.mini_chain(entry.start, size)
        } else {
            self.chain(entry.start, size)
        };
        let read = self.read.get() + bytes.len();
        self.read.set(read);
        if read > self.bytes.len().saturating_mul(READ_RATIO_MAX).saturating_add(1 << 20) {
            return Err(Stop::Bound(OpaqueReason::TooLarge));
        }
        let is_whole = bytes.len() as u64 == entry.size;
        Ok((bytes, is_whole))
    }

    fn mini_chain(&self, start: u32, len_max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let (mut next, mut left) = (start, self.mini.len() / self.mini_sector + 1);
        while next < REGULAR_MAX && left > 0 && out.len() < len_max {
            let from = (next as usize).saturating_mul(self.mini_sector);
            let Some(rest) = self.mini.get(from..) else { break };
            out.extend_from_slice(rest.get(..self.mini_sector.min(rest.len())).unwrap_or_default());
            next = self.mini_fat.get(next as usize).copied().unwrap_or(NO_ENTRY);
            left -= 1;
        }
        out.truncate(len_max);
        out
    }

    pub(super) fn entry(&self, id: usize) -> Option<&Entry> {
        self.entries.get(id)?.as_ref()
    }

    /// The members of a storage, in the order of the file. `seen` holds all entries met so far: none belongs to two.
    pub(super) fn children(&self, id: usize, seen: &mut [bool]) -> Vec<usize> {
        let (mut todo, mut found) = (vec![self.entry(id).map_or(NO_ENTRY, |e| e.child)], Vec::new());
        while let Some(next) = todo.pop() {
            let next = next as usize;
            let (Some(entry), Some(seen)) = (self.entry(next), seen.get_mut(next)) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            found.push(next);
            todo.extend([entry.left, entry.right]);
        }
        found.sort_unstable();
        found
    }

    /// How many entries the directory has.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of sectors that nothing leads to: what was deleted, or never belonged.
    pub(super) fn rest(&self) -> Vec<Range<usize>> {
        let used = self.used.borrow();
        let mut out: Vec<Range<usize>> = Vec::new();
        for number in (0..self.sectors() as u32).filter(|n| used.get(*n as usize) != Some(&true)) {
            let Some(range) = self.range(number) else { continue };
            match out.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => out.push(range),
            }
        }
        out
    }
}

/// Reads an entry; `None` when it is free.
fn entry(bytes: &[u8], sector: usize) -> Option<Entry> {
    let kind = match bytes.get(66)? {
        1 | 5 => Kind::Storage,
        2 => Kind::Stream,
        _ => return None,
    };
    let len = usize::from(u16_at(bytes, 64)?).min(64).saturating_sub(2);
    let units = bytes.get(..len)?.chunks_exact(2).filter_map(|u| u16_at(u, 0));
    let name = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    // Files with small sectors have sizes of 32 bits; what stands above them may be left over (§2.6.1).
    let size = u64_at(bytes, 120)?;
    let size = if sector <= 512 { size & 0xffff_ffff } else { size };
    Some(Entry {
        name,
        kind,
        left: u32_at(bytes, 68)?,
        right: u32_at(bytes, 72)?,
        child: u32_at(bytes, 76)?,
        start: u32_at(bytes, 116)?,
        size,
    })
}
