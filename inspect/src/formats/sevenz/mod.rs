//! 7z archives: stored, LZMA, LZMA2, deflate, bzip2 and zstd, with one filter; members as objects.
//!
//! PPMd, BCJ2 and chains of filters are told as unsupported, archives whose password is not among those given as
//! encrypted; the names of their members are told all the same. It is read apart (`crate::extract`): this is what the other side does.

mod header;
mod lock;
#[cfg(test)]
mod tests;
mod unpack;

use std::ops::Range;
use std::time::Instant;

use chot_model::{OpaqueReason, Secret};
use flate2::Crc;

use super::telling::{self, Stop};
use super::{Format, Room};
use crate::extract::{self, Bounds, Kind, Piece};
use header::{File, Folder, Header, Streams};
use lock::Keys;
use unpack::Unpack;

/// The signature (7zFormat.txt of the LZMA SDK).
pub(crate) const MARK: &[u8] = b"7z\xbc\xaf\x27\x1c";

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-7z-compressed",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::SevenZip, source, place, inquiry)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/solid.7z").to_vec(),
};

/// Bytes of the signature header; all offsets count from its end.
const START: usize = 32;
/// A header of this size names a million files.
const HEADER_MAX: u64 = 64 << 20;
/// Headers packed within packed headers.
const HEADERS_MAX: usize = 4;

/// Reads an archive and tells `each` what it holds, until that says stop.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(
    bytes: &[u8],
    bounds: &Bounds,
    passwords: &[Secret],
    each: &mut dyn FnMut(Piece<'_>) -> bool,
) -> Result<(), OpaqueReason> {
    let until = Instant::now().checked_add(bounds.time_max);
    let keys = Keys::new(passwords, until);
    telling::ended(
        Archive { bytes, until, keys, left: bounds.decoded_bytes_max, spans: Vec::new(), besides: Vec::new(), each }
            .read(),
    )
}

struct Archive<'a, 'e> {
    bytes: &'a [u8],
    until: Option<Instant>,
    keys: Keys<'e>,
    /// Bytes that may still be unpacked.
    left: u64,
    /// Where in the archive something was read.
    spans: Vec<Range<usize>>,
    /// What headers say that nobody needs.
    besides: Vec<u8>,
    each: &'e mut dyn FnMut(Piece<'_>) -> bool,
}

/// The packed streams of folders that were read, and their bytes.
#[derive(Default)]
struct Before {
    streams: usize,
    bytes: u64,
}

impl<'a> Archive<'a, '_> {
    fn read(mut self) -> Result<(), Stop> {
        let told = self.header().map_err(Stop::from).and_then(|header| match header {
            Some((streams, files)) => self.files(&streams, &files),
            None => Ok(()),
        });
        if matches!(told, Err(Stop::Closed)) {
            return told;
        }
        // Where the header cannot be read, all of the archive belongs to nothing; where it is locked, what stands behind.
        let is_locked = matches!(told, Err(Stop::Bound(OpaqueReason::Encrypted)));
        self.between(is_locked)?;
        told
    }

    fn tell(&mut self, piece: Piece<'_>) -> Result<(), Stop> {
        if (self.each)(piece) { Ok(()) } else { Err(Stop::Closed) }
    }

    /// The header, unpacked as often as it is packed; `None` in an archive of nothing.
    fn header(&mut self) -> Result<Option<(Streams, Vec<File>)>, OpaqueReason> {
        let mut header = Header::read(self.last()?, &mut self.besides)?;
        for _ in 0..HEADERS_MAX {
            let streams = match header {
                Header::Empty => return Ok(None),
                Header::Plain(streams, files) => return Ok(Some((streams, files))),
                Header::Packed(streams) => streams,
            };
            let [folder] = streams.folders.as_slice() else { return Err(OpaqueReason::ParseError) };
            if folder.size() > HEADER_MAX.min(self.left) {
                return Err(OpaqueReason::TooLarge);
            }
            self.left -= folder.size();
            let packed = self.packed(&streams, &mut Before::default(), folder)?;
            let (mut unpack, mut unpacked) = (Unpack::new(folder, packed, &mut self.keys)?, Vec::new());
            while let Some(some) = unpack.next(usize::MAX)? {
                unpacked.extend_from_slice(some);
            }
            header = Header::read(&unpacked, &mut self.besides)?;
        }
        Err(OpaqueReason::TooDeep)
    }

    /// The bytes of the header at the end, which the signature header points to.
    fn last(&mut self) -> Result<&'a [u8], OpaqueReason> {
        let read = || {
            let at = |n: usize| Some(u64::from_le_bytes(*self.bytes.get(n..)?.first_chunk()?));
            let from = usize::try_from(at(12)?).ok()?.checked_add(START)?;
            let to = from.checked_add(usize::try_from(at(20)?).ok()?)?;
            Some(from..to)
        };
        // Read once more from here, it would be an archive within itself.
        self.spans.push(0..START.min(self.bytes.len()));
        let span = read().ok_or(OpaqueReason::ParseError)?;
        // The first volume of several: the header is at the end of the last one.
        let header = self.bytes.get(span.clone()).ok_or(OpaqueReason::Partial)?;
        self.spans.push(span);
        Ok(header)
    }

    /// The packed bytes of the folder behind those `before`, which becomes one of them.
    fn packed(&mut self, streams: &Streams, before: &mut Before, folder: &Folder) -> Result<&'a [u8], OpaqueReason> {
        let first = before.streams;
        before.streams += folder.packed_streams();
        let mut read = || {
            let sizes = streams.packed.get(first..before.streams)?;
            let from = before.bytes.checked_add(streams.start)?.checked_add(START as u64)?;
            let to = sizes.iter().try_fold(from, |to, size| to.checked_add(*size))?;
            before.bytes += to - from;
            let span = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
            Some((span.clone(), self.bytes.get(span)?))
        };
        let (span, packed) = read().ok_or(OpaqueReason::ParseError)?;
        self.spans.push(span);
        Ok(packed)
    }

    fn files(&mut self, streams: &Streams, files: &[File]) -> Result<(), Stop> {
        let mut full = files.iter().filter(|file| file.has_stream);
        let mut before = Before::default();
        for folder in &streams.folders {
            let names: Vec<&str> = full.by_ref().take(folder.streams.len()).map(|f| f.name.as_str()).collect();
            let packed = self.packed(streams, &mut before, folder);
            if names.len() < folder.streams.len() {
                // Bytes that belong to no file.
                return Err(OpaqueReason::Ambiguous.into());
            }
            let mut told = 0;
            let unpacked = match packed.and_then(|packed| Unpack::new(folder, packed, &mut self.keys)) {
                Ok(unpack) => self.folder(folder, unpack, &names, &mut told),
                Err(reason) => Err(reason.into()),
            };
            match unpacked {
                Ok(()) => {}
                Err(Stop::Bound(reason)) if !matches!(reason, OpaqueReason::TimeLimit | OpaqueReason::TooLarge) => {
                    if told == folder.streams.len() {
                        // There is more in it than its files.
                        self.tell(Piece::Opaque { part: names.last().unwrap_or(&""), reason, bytes: 1 })?;
                    }
                    for (name, stream) in names.iter().zip(&folder.streams).skip(told) {
                        self.tell(Piece::Member { name })?;
                        self.tell(Piece::Opaque { part: name, reason, bytes: stream.size })?;
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        for file in files.iter().filter(|file| !file.has_stream) {
            self.tell(Piece::Member { name: &file.name })?;
        }
        if full.next().is_some() { Err(OpaqueReason::ParseError.into()) } else { Ok(()) }
    }

    /// Unpacks a folder; tells how many of its files are done with.
    fn folder(
        &mut self,
        folder: &Folder,
        mut unpack: Unpack<'_>,
        names: &[&str],
        told: &mut usize,
    ) -> Result<(), Stop> {
        for (stream, name) in folder.streams.iter().zip(names) {
            self.tell(Piece::Member { name })?;
            let (mut left, mut crc) = (stream.size, Crc::new());
            while left > 0 {
                if self.until.is_some_and(|until| Instant::now() >= until) {
                    return Err(OpaqueReason::TimeLimit.into());
                }
                let some = unpack.next(usize::try_from(left).unwrap_or(usize::MAX))?.ok_or(OpaqueReason::ParseError)?;
                let len = some.len() as u64;
                self.left = self.left.checked_sub(len).ok_or(OpaqueReason::TooLarge)?;
                left -= len;
                crc.update(some);
                if !(self.each)(Piece::Bytes(some)) {
                    return Err(Stop::Closed);
                }
            }
            if stream.crc.is_some_and(|told| told != crc.sum()) {
                self.tell(Piece::Opaque { part: name, reason: OpaqueReason::ParseError, bytes: stream.size })?;
            }
            *told += 1;
        }
        // More than its files take would be seen by nobody.
        let more = unpack.next(1).map(|more| more.map(drop));
        if !unpack.aside.is_empty() {
            let text = String::from_utf8_lossy(&unpack.aside).replace(|c: char| c.is_control(), "\n");
            self.tell(Piece::Text { part: names.last().unwrap_or(&""), text: &text, again: false })?;
        }
        match more {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(OpaqueReason::Ambiguous.into()),
        }
    }

    /// Bytes that belong to nothing, as objects of their own.
    fn between(&mut self, is_locked: bool) -> Result<(), Stop> {
        let besides = std::mem::take(&mut self.besides);
        if !besides.is_empty() {
            self.tell(Piece::Member { name: "between" })?;
            self.tell(Piece::Bytes(&besides))?;
        }
        let mut spans = std::mem::take(&mut self.spans);
        if is_locked {
            let end = spans.iter().map(|span| span.end).max();
            spans.push(0..end.unwrap_or_default());
        }
        spans.sort_by_key(|span| span.start);
        spans.push(self.bytes.len()..self.bytes.len());
        let mut at = 0;
        for span in spans {
            if let Some(gap) = self.bytes.get(at..span.start).filter(|gap| gap.iter().any(|b| *b != 0)) {
                self.tell(Piece::Member { name: "between" })?;
                self.tell(Piece::Bytes(gap))?;
            }
            at = at.max(span.end);
        }
        Ok(())
    }
}
