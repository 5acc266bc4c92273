//! The directories of an image, walked from the root; each is read once, however often it is named.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::SECTOR;
use crate::source::{Source, read_range};

/// How a tree writes its names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// ASCII of sorts, and Rock Ridge beside it.
    Plain,
    /// UTF-16, the larger half first.
    Joliet,
}

/// A file: its path in one of the trees, and where its bytes lie.
pub(super) struct File {
    pub(super) path: String,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Its bytes lie in pieces.
    pub(super) interleaved: bool,
}

#[derive(Default)]
pub(super) struct Walk {
    pub(super) files: Vec<File>,
    /// What was read: from where to where.
    pub(super) spans: BTreeMap<u64, u64>,
    /// A directory is missing or cut.
    pub(super) damaged: bool,
    bytes: u64,
    /// Bytes of all paths made so far.
    names: usize,
    /// Where directories lie, and their names.
    directories: HashSet<(u64, Vec<u8>)>,
    /// Tables that say both again, and whether the larger half of a number stands first in them.
    tables: Vec<(Range<u64>, bool)>,
}

/// Directories in directories.
const DEPTH_MAX: usize = 64;
/// More than the directories of any image take, and what goes on elsewhere in them.
const BYTES_MAX: u64 = 64 << 20;
/// The same of their paths: names that are written once may stand in each of them.
const NAMES_MAX: usize = BYTES_MAX as usize;
/// Files of one image; what is beyond is for the bound of members to tell.
const FILES_MAX: usize = 1 << 20;

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

impl Walk {
    /// Walks the tree of a volume, given its descriptor.
    pub(super) fn volume(&mut self, source: &dyn Source, descriptor: &[u8], naming: Naming) {
        let root = descriptor.get(156..190).unwrap_or_default();
        for at in [140, 144, 148, 152] {
            let sector = descriptor.get(at..at + 4).and_then(|b| b.first_chunk()).copied().unwrap_or_default();
            let sector = if at < 148 { u32::from_le_bytes(sector) } else { u32::from_be_bytes(sector) };
            let len = u32_at(descriptor, 132).unwrap_or(0).min(BYTES_MAX);
            if sector != 0 {
                let from = u64::from(sector) * SECTOR;
                self.tables.push((from..from + len, at >= 148));
            }
        }
        if let Some(sector) = u32_at(root, 2) {
            self.directories.insert((sector, vec![0]));
        }
        let mut left = vec![(String::new(), root.to_vec(), 0)];
        let mut seen = HashSet::new();
        while let Some((path, record, depth)) = left.pop() {
            let (Some(sector), Some(len)) = (u32_at(&record, 2), u32_at(&record, 10)) else {
                self.damaged = true;
                continue;
            };
            if !seen.insert(sector) {
                continue;
            }
            let from = sector * SECTOR;
            self.bytes += len;
            let bytes = read_range(source, from..(from + len).min(source.len().max(from)));
            let Ok(bytes) = bytes.map_err(drop).and_then(|b| if b.len() as u64 == len { Ok(b) } else { Err(()) })
            else {
                self.damaged = true;
                continue;
            };
            if depth > DEPTH_MAX || self.bytes > BYTES_MAX || self.names > NAMES_MAX {
                self.damaged = true;
                return;
            }
            self.directory(source, (from, &bytes), (&path, depth), naming, &mut left);
        }
    }

    /// The long name beside a record, if there is one.
    fn rock_ridge(&mut self, source: &dyn Source, record: &[u8], naming: Naming) -> Option<String> {
        const AREAS_MAX: usize = 8;
        if naming == Naming::Joliet {
            return None;
        }
        let len = usize::from(*record.get(32)?);
        let mut long = Vec::new();
        let (mut more, _) = entries(record.get(33 + len + (len + 1) % 2..)?, &mut long);
        for _ in 0..AREAS_MAX {
            let Some(area) = more.take() else { break };
            let Ok(bytes) = read_range(source, area.clone()) else { break };
            self.bytes += bytes.len() as u64;
            let (next, read) = entries(&bytes, &mut long);
            self.spans.insert(area.start, area.start + read as u64);
            more = next;
        }
        (!long.is_empty()).then(|| String::from_utf8_lossy(&long).into_owned())
    }

    fn directory(
        &mut self,
        source: &dyn Source,
        (mut at, bytes): (u64, &[u8]),
        (path, depth): (&str, usize),
        naming: Naming,
        left: &mut Vec<(String, Vec<u8>, usize)>,
    ) {
        let mut pieces: Option<File> = None;
        for sector in bytes.chunks(SECTOR as usize) {
            let mut rest = sector;
            while let Some(len @ 1..) = rest.first().map(|b| usize::from(*b)) {
                let Some((record, after)) = rest.split_at_checked(len).filter(|_| len >= 34) else {
                    self.damaged = true;
                    break;
                };
                rest = after;
                let long = self.rock_ridge(source, record, naming);
                let bare = record.get(32).and_then(|len| record.get(33..33 + usize::from(*len)));
                let Some(bare) = bare else {
                    self.damaged = true;
                    continue;
                };
                let Some(name) = plain(bare, naming).map(|plain| long.unwrap_or(plain)) else { continue };
                let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                self.names += path.len();
                if self.names > NAMES_MAX || self.bytes > BYTES_MAX {
                    self.damaged = true;
                    self.files.extend(pieces);
                    return;
                }
                let flags = record.get(25).copied().unwrap_or_default();
                if flags & 2 != 0 {
                    self.directories.extend(u32_at(record, 2).map(|sector| (sector, bare.to_vec())));
                    left.push((path, record.to_vec(), depth + 1));
                    continue;
                }
                let (Some(sector), Some(len)) = (u32_at(record, 2), u32_at(record, 10)) else { continue };
                // An extended attribute record stands before the bytes.
                let from = (sector + u64::from(record.get(1).copied().unwrap_or_default())) * SECTOR;
                let interleaved = record.get(26..28).is_some_and(|gaps| gaps != [0, 0]);
                let file = match pieces.take() {
                    // Large files are several records in a row.
                    Some(first) if first.path == path && first.to == from => File { to: from + len, ..first },
                    Some(first) if first.path == path => File { interleaved: true, ..first },
                    other => {
                        self.files.extend(other);
                        File { path, from, to: from + len, interleaved }
                    }
                };
                if flags & 0x80 != 0 {
                    pieces = Some(file);
                } else if self.files.len() < FILES_MAX {
                    self.files.push(file);
                }
            }
            // What follows the last record of a sector is no part of the directory.
            self.spans.insert(at, at + (sector.len() - rest.len()) as u64);
            at += SECTOR;
        }
        self.files.extend(pieces);
    }

    /// Looks at the tables of paths: those that say no more than the directories need no further look.
    pub(super) fn path_tables(&mut self, source: &dyn Source) {
        for (range, big) in std::mem::take(&mut self.tables) {
            self.bytes += range.end - range.start;
            if self.bytes > BYTES_MAX {
                break;
            }
            let bytes = read_range(source, range.clone()).unwrap_or_default();
            if self.are_known(&bytes, big).is_some() {
                self.spans.insert(range.start, range.end);
            }
        }
    }

    /// Whether each entry of a table is a directory (ECMA-119, §9.4).
    fn are_known(&self, mut bytes: &[u8], big: bool) -> Option<()> {
        while !bytes.is_empty() {
            let &[len, _, a, b, c, d, _, _, ref rest @ ..] = bytes else { return None };
            let sector = if big { u32::from_be_bytes([a, b, c, d]) } else { u32::from_le_bytes([a, b, c, d]) };
            let (name, behind) = rest.split_at_checked(usize::from(len))?;
            self.directories.get(&(sector.into(), name.to_vec()))?;
            // Filled up to an even length.
            bytes = if len % 2 == 1 { behind.strip_prefix(&[0])? } else { behind };
        }
        Some(())
    }
}

/// A name as it is read; `None` for the directory itself and the one above.
fn plain(bytes: &[u8], naming: Naming) -> Option<String> {
    if matches!(bytes, [0 | 1]) {
        return None;
    }
    if naming == Naming::Joliet {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|u| u16::from_be_bytes([u[0], u[1]])).collect();
        let name = String::from_utf16_lossy(&units);
        return Some(name.strip_suffix(";1").map_or_else(|| name.clone(), str::to_owned));
    }
    Some(String::from_utf8_lossy(bytes.strip_suffix(b";1").unwrap_or(bytes)).into_owned())
}

/// Reads entries of Rock Ridge (IEEE P1282): adds pieces of the long name, and tells where more entries lie and how many bytes
/// were entries.
fn entries(all: &[u8], long: &mut Vec<u8>) -> (Option<Range<u64>>, usize) {
    let mut rest = all;
    let mut more = None;
    while let [a, b, size, _, ..] = *rest {
        let Some((entry, after)) = rest.split_at_checked(usize::from(size)).filter(|_| size >= 4) else { break };
        match &[a, b] {
            b"NM" => long.extend_from_slice(entry.get(5..).unwrap_or_default()),
            b"CE" => {
                let place = || Some((u32_at(entry, 4)? * SECTOR + u32_at(entry, 12)?, u32_at(entry, 20)?));
                more = place().map(|(from, len)| from..from + len.min(SECTOR));
            }
            _ => {}
        }
        rest = after;
    }
    (more, all.len() - rest.len())
}
