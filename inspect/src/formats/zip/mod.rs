//! ZIP archives, and what is made of them: Office documents go to `ooxml`, other members are objects.
//!
//! Only the central directory says what the members are, as it does for the programs people open archives with; a
//! local header that disagrees, members that overlap, and bytes that belong to none are told.

mod directory;
mod pack;
mod pieces;

use std::ops::Range;

use chot_model::OpaqueReason;
use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::locked::zip::Lock;
use super::packed::{Codec, Lzma, Step, WINDOW_MAX, Xz, Zstd};
use super::{Format, Room, locked, odf, ooxml, rest, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, BLOCK, Object};
use crate::redact::{Origin, Packing};
use crate::source::{Source, read_range};
#[cfg(test)]
pub(crate) use directory::archive;
pub(crate) use directory::{Directory, Entry};
pub(crate) use pack::{pack, unpack};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/zip",
    matches: |head| [b"PK\x03\x04", b"PK\x05\x06", SEGMENT].iter().any(|mark| head.bytes.starts_with(*mark)),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || archive(&[("ds.txt", "Số CCCD 001090123456".as_bytes())]),
};

/// What the first segment of an archive in several files begins with (APPNOTE 8.5.3).
const SEGMENT: &[u8; 4] = b"PK\x07\x08";

/// Whether these are the last bytes of the last segment of such an archive, which has a number (APPNOTE 4.3.16).
pub(crate) fn ends_segments(tail: &[u8]) -> bool {
    let number = memchr::memmem::rfind(tail, b"PK\x05\x06").and_then(|at| tail.get(at + 4..at + 6));
    number.is_some_and(|number| number != [0, 0])
}

/// Bytes at the end in which such a number is looked for.
pub(crate) const TAIL: usize = 256;

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let tail = read_range(source, source.len().saturating_sub(TAIL as u64)..source.len()).unwrap_or_default();
    let is_segment = read_range(source, 0..4.min(source.len())).is_ok_and(|mark| mark == SEGMENT);
    let directory = match Directory::read(source) {
        // What it lists lies in files that are not here.
        _ if ends_segments(&tail) => Err(OpaqueReason::Partial),
        None if is_segment => Err(OpaqueReason::Partial),
        None => Err(OpaqueReason::ParseError),
        Some(directory) => Ok(directory),
    };
    let directory = match directory {
        Ok(directory) => directory,
        Err(reason) => {
            inquiry.refuse(place, reason, source.len());
            scan_strings(source, 0..source.len(), place, inquiry);
            return None;
        }
    };
    if directory.ambiguous {
        inquiry.refuse(place, OpaqueReason::Ambiguous, 1);
    }
    let (directory, is_cut) = pieces::parts(directory);
    if is_cut {
        inquiry.refuse(place, OpaqueReason::Partial, 1);
    }
    let document = ooxml::read(source, &directory, place, inquiry);
    if let Some(media_type) = document.or_else(|| odf::read(source, &directory, place, inquiry)) {
        around(source, &directory, place, inquiry);
        return Some(media_type);
    }
    for (n, entry) in directory.entries.iter().enumerate() {
        let member = member(source, entry, place, inquiry);
        if !object::enter(&entry.name, &member, inquiry) {
            leave(directory.entries.iter().skip(n), inquiry);
            break;
        }
        inspect(source, entry, member, inquiry);
    }
    around(source, &directory, place, inquiry);
    None
}

/// Counts members that are not looked at.
pub(crate) fn leave<'e>(entries: impl Iterator<Item = &'e Entry>, inquiry: &mut Inquiry) {
    inquiry.miss(entries.fold(0, |sum, entry| sum.saturating_add(entry.packed)));
}

/// Where a member and what comes out of it stand.
pub(crate) fn member(source: &dyn Source, entry: &Entry, place: &Place, inquiry: &mut Inquiry) -> Place {
    let origin = if entry.more.is_empty() {
        inquiry.edits.unpacked(&place.origin, source.len(), Packing::Zip(entry.number))
    } else {
        // What stands over the border of two pieces is in none.
        Origin::Lost
    };
    place.member(&entry.name, origin)
}

/// The first bytes of a member; none, if it cannot be read so easily.
pub(crate) fn begins(source: &dyn Source, entry: &Entry) -> Vec<u8> {
    // The codes of a block alone may take some hundred bytes (RFC 1951, 3.2.7).
    const PACKED: u64 = 1 << 10;
    let Some(data) = entry.data.clone().filter(|_| !entry.encrypted) else { return Vec::new() };
    let packed = read_range(source, data.start..data.end.min(data.start + PACKED)).unwrap_or_default();
    let mut head = Vec::with_capacity(4);
    match entry.method {
        0 => head.extend(packed.iter().take(4)),
        // What is wrong with it is told when it is read.
        8 => drop(Decompress::new(false).decompress_vec(&packed, &mut head, FlushDecompress::None)),
        _ => {}
    }
    head
}

/// Inspects a member as an object.
pub(crate) fn inspect(source: &dyn Source, entry: &Entry, place: Place, inquiry: &mut Inquiry) {
    if entry.is_folder() {
        return;
    }
    let hint = Hint { name: Some(entry.name.clone()), content_type: None };
    let mut member = Object::new(hint, place.clone());
    let read = stream(source, entry, inquiry, &mut |bytes, inquiry| member.push(bytes, inquiry));
    // What was read of a member that could not be read to its end is searched, and opaque like the rest.
    member.finish_packed(None, if read.is_ok() { entry.packed } else { 0 }, inquiry);
    if let Err(reason) = read {
        inquiry.refuse(&place, reason, entry.packed);
        if let Some(data) = entry.data.clone().filter(|_| reason == OpaqueReason::UnsupportedFormat) {
            scan_strings(source, data, &place, inquiry);
        }
    }
}

/// The method of LZMA.
const LZMA: u16 = 14;

/// How a member is unpacked (APPNOTE 4.4.5: methods 8, 12, 14, 93 and 95). Deflate64 and PPMd are not.
enum Unpack {
    Deflate(Decompress),
    Bzip2(bzip2::Decompress),
    Codec(Box<dyn Codec>),
}

impl Unpack {
    /// Of a member whose packed bytes lie there, under a lock or none.
    fn new(
        source: &dyn Source,
        entry: &Entry,
        method: u16,
        data: &mut Range<u64>,
        opened: Option<&mut locked::zip::Opened>,
    ) -> Result<Option<Self>, OpaqueReason> {
        Ok(Some(match method {
            0 => return Ok(None),
            8 => Self::Deflate(Decompress::new(false)),
            12 => Self::Bzip2(bzip2::Decompress::new(false)),
            LZMA => {
                // Before the stream stand a version, the length of the properties, and these (APPNOTE 5.8.8).
                let head = data.start..data.start.saturating_add(9).min(data.end);
                let mut head = read_range(source, head).map_err(|_| OpaqueReason::ParseError)?;
                if let Some(opened) = opened {
                    opened.apply(&mut head);
                }
                let &[_, _, 5, 0, properties, a, b, c, d] = head.as_slice() else {
                    return Err(OpaqueReason::ParseError);
                };
                data.start += head.len() as u64;
                let len = if entry.end_marked { u64::MAX } else { entry.size };
                let window = u64::from(u32::from_le_bytes([a, b, c, d])).min(entry.size.max(1 << 12));
                let window = u32::try_from(window).ok().filter(|window| u64::from(*window) <= WINDOW_MAX);
                Self::Codec(Box::new(Lzma::raw(len, properties, window.ok_or(OpaqueReason::TooLarge)?)?))
            }
            93 => Self::Codec(Box::new(Zstd::new())),
            95 => Self::Codec(Box::new(Xz::new())),
            _ => return Err(OpaqueReason::UnsupportedFormat),
        }))
    }

    /// Whether what was written may be all that comes of what was read.
    const fn is_done(&self, read: usize, written: usize, rest: usize, room: usize) -> bool {
        match self {
            Self::Codec(_) => read == 0 && written == 0,
            _ => read == 0 && written == 0 || rest == 0 && written < room,
        }
    }

    fn memory(&self) -> u64 {
        if let Self::Codec(codec) = self { codec.memory() } else { 0 }
    }

    /// One step: how many bytes went in, how many came out, and whether that was the end.
    fn step(&mut self, bytes: &[u8], last: bool, out: &mut [u8]) -> Result<(usize, usize, bool), OpaqueReason> {
        if let Self::Codec(codec) = self {
            let Step { read, written } = codec.step(bytes, last, out)?;
            // Only what is behind the end of a stream cannot be taken.
            let ended = read == 0 && written == 0 && codec.is_complete();
            return Ok((read, written, ended));
        }
        let totals = |of: &Self| match of {
            Self::Deflate(inflate) => (inflate.total_in(), inflate.total_out()),
            Self::Bzip2(stream) => (stream.total_in(), stream.total_out()),
            Self::Codec(_) => (0, 0),
        };
        let before = totals(self);
        let ended = match self {
            Self::Deflate(inflate) => {
                inflate.decompress(bytes, out, FlushDecompress::None).ok().map(|status| status == Status::StreamEnd)
            }
            Self::Bzip2(stream) => stream.decompress(bytes, out).ok().map(|status| status == bzip2::Status::StreamEnd),
            Self::Codec(_) => None,
        };
        let after = totals(self);
        let ended = ended.ok_or(OpaqueReason::ParseError)?;
        Ok(((after.0 - before.0) as usize, (after.1 - before.1) as usize, ended))
    }
}

/// Finds the password that opens a member: where its data lies, how it is compressed, and its key stream.
fn unlock(
    source: &dyn Source,
    entry: &Entry,
    data: &Range<u64>,
    inquiry: &Inquiry,
) -> Option<(Range<u64>, u16, locked::zip::Opened)> {
    let (lock, method) = entry.lock?;
    let (data, opened) = locked::zip::open(source, data, lock, &inquiry.passwords)?;
    let end = data.end.min(data.start + BLOCK as u64);
    let head = read_range(source, data.start..end).ok()?;
    // The check of a password is a byte or two. What is no beginning of compressed data was opened by chance.
    let is_sound = |opened: &locked::zip::Opened| {
        let mut head = head.clone();
        opened.clone().apply(&mut head);
        match method {
            8 => Unpack::Deflate(Decompress::new(false)).step(&head, false, &mut vec![0; BLOCK]).is_ok(),
            0 if end == data.end && entry.crc != 0 => {
                let mut crc = Crc::new();
                crc.update(&head);
                crc.sum() == entry.crc
            }
            _ => true,
        }
    };
    opened.into_iter().find(is_sound).map(|opened| (data, method, opened))
}

/// Unpacks a member in bounded pieces.
///
/// # Errors
/// Why it, or the rest of it, cannot be read.
pub(crate) fn stream(
    source: &dyn Source,
    entry: &Entry,
    inquiry: &mut Inquiry,
    each: &mut dyn FnMut(&[u8], &mut Inquiry),
) -> Result<(), OpaqueReason> {
    let mut held = 0;
    let read = decompress(source, entry, &mut held, inquiry, each);
    inquiry.held = inquiry.held.saturating_sub(held);
    read?;
    entry.more.iter().try_for_each(|piece| stream(source, piece, inquiry, each))
}

/// Bytes that come out at a time. Between two steps the inflater copies its window, 32 KiB: of less room that was a tenth of
/// its time, of more there is less in the processor's nearer caches.
const OUT_MAX: usize = 4 * BLOCK;

/// As [`stream`]; `held` is the memory accounted for.
fn decompress(
    source: &dyn Source,
    entry: &Entry,
    held: &mut u64,
    inquiry: &mut Inquiry,
    each: &mut dyn FnMut(&[u8], &mut Inquiry),
) -> Result<(), OpaqueReason> {
    let data = entry.data.clone().ok_or(OpaqueReason::ParseError)?;
    if entry.size > 0 && inquiry.inflate_left() == 0 {
        // A thousand more members would be begun in vain.
        return Err(OpaqueReason::TooLarge);
    }
    let (mut data, method, mut opened) = if entry.encrypted {
        // Each password takes about a millisecond for each member.
        if inquiry.time_left().is_zero() {
            return Err(OpaqueReason::TimeLimit);
        }
        let (data, method, opened) = unlock(source, entry, &data, inquiry).ok_or(OpaqueReason::Encrypted)?;
        (data, method, Some(opened))
    } else {
        (data, entry.method, None)
    };
    let mut unpack = Unpack::new(source, entry, method, &mut data, opened.as_mut())?;
    let (mut crc, mut at, mut total) = (Crc::new(), data.start, 0u64);
    let room = usize::try_from(entry.size).unwrap_or(OUT_MAX).clamp(BLOCK, OUT_MAX);
    let (mut input, mut out) = (vec![0; BLOCK], vec![0; room]);
    let top = Place::top(Origin::Lost);
    while at < data.end {
        let want = (data.end - at).min(BLOCK as u64) as usize;
        let n = source.read_at(at, input.get_mut(..want).unwrap_or_default()).map_err(|_| OpaqueReason::Failed)?;
        if n == 0 {
            return Err(OpaqueReason::ParseError);
        }
        at += n as u64;
        if let (Some(opened), Some(sealed)) = (&mut opened, input.get_mut(..n)) {
            opened.apply(sealed);
        }
        let mut packed = input.get(..n).unwrap_or_default();
        let mut take = |bytes: &[u8], inquiry: &mut Inquiry| {
            crc.update(bytes);
            total += bytes.len() as u64;
            each(bytes, inquiry);
            if !inquiry.inflate(bytes.len()) {
                return Err(OpaqueReason::TooLarge);
            }
            if inquiry.is_late(&top) { Err(OpaqueReason::TimeLimit) } else { Ok(()) }
        };
        let Some(unpack) = &mut unpack else {
            take(packed, inquiry)?;
            continue;
        };
        loop {
            let (read, written, ended) = unpack.step(packed, at >= data.end, &mut out)?;
            packed = packed.get(read..).unwrap_or_default();
            if let more @ 1.. = unpack.memory().saturating_sub(*held) {
                if !inquiry.hold(usize::try_from(more).unwrap_or(usize::MAX)) {
                    return Err(OpaqueReason::TooLarge);
                }
                *held += more;
            }
            take(out.get(..written).unwrap_or_default(), inquiry)?;
            if ended {
                // Bytes of the member after its end would be seen by nobody.
                if at < data.end || !packed.is_empty() {
                    return Err(OpaqueReason::Ambiguous);
                }
                break;
            }
            if unpack.is_done(read, written, packed.len(), out.len()) {
                break;
            }
        }
    }
    // With AES the digest behind may stand for the checksum.
    let is_summed = matches!(entry.lock, Some((Lock::Aes { .. }, _))) && entry.crc == 0;
    if total != entry.size || crc.sum() != entry.crc && !is_summed {
        return Err(OpaqueReason::ParseError);
    }
    Ok(())
}

/// Longer gaps are not read; where members are padded to begin at even places, they are short.
const GAP_MAX: u64 = 16 << 20;

/// Bytes that belong to no member: before, between, comments, fields of unknown use.
fn around(source: &dyn Source, directory: &Directory, place: &Place, inquiry: &mut Inquiry) {
    for gap in &directory.gaps {
        let Ok(start) = read_range(source, gap.start..gap.end.min(gap.start + BLOCK as u64)) else { continue };
        let hides = memchr::memmem::find(&start, b"PK\x03\x04").is_some();
        scan_strings(source, gap.clone(), place, inquiry);
        let len = gap.end - gap.start;
        match read_range(source, gap.start..gap.end.min(gap.start + GAP_MAX)) {
            // A member that the directory does not list, and that some programs show all the same.
            _ if hides => inquiry.refuse(place, OpaqueReason::Ambiguous, len),
            Ok(bytes) if len <= GAP_MAX => rest::inspect(&bytes, &place.member("gap", Origin::Lost), inquiry),
            _ => inquiry.refuse(place, OpaqueReason::TooLarge, len),
        }
    }
    for remark in &directory.remarks {
        if inquiry.is_late(place) {
            break;
        }
        scan_strings(source, remark.clone(), place, inquiry);
        match read_range(source, remark.clone()) {
            Ok(bytes) => rest::inspect(&bytes, &place.member("comment", Origin::Lost), inquiry),
            Err(_) => inquiry.refuse(place, OpaqueReason::Failed, remark.end - remark.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::directory::archive;
    use crate::formats::bzip2::packed;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn members_packed_in_newer_ways_are_read_or_told() {
        for (name, bytes, found, opaque) in [
            ("LZMA", &include_bytes!("../../../tests/packed/lzma.zip")[..], 301, 0),
            ("xz", include_bytes!("../../../tests/packed/xz.zip"), 301, 0),
            ("deflate64", include_bytes!("../../../tests/packed/deflate64.zip"), 1, 1),
            ("PPMd", include_bytes!("../../../tests/packed/ppmd.zip"), 1, 1),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection;
            let told = (inspection.distinct(DetectorId::Cccd), inspection.opaque.len());
            assert_eq!(told, (found, opaque), "{name}: {inspection:?}");
        }
    }

    #[test]
    fn members_packed_with_bzip2_are_read() {
        let text = "Số CCCD 001090123456\n".as_bytes();
        let mut bytes = archive(&[("a.txt", &packed(text))]);
        let mut crc = flate2::Crc::new();
        crc.update(text);
        // Method, checksum and size, in the header of the member and in the directory.
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").expect("a directory");
        for at in [8, central + 10] {
            bytes[at] = 12;
            bytes[at + 6..at + 10].copy_from_slice(&crc.sum().to_le_bytes());
            bytes[at + 14..at + 18].copy_from_slice(&(text.len() as u32).to_le_bytes());
        }
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
    }

    #[test]
    fn what_stands_beside_a_member_is_looked_at() {
        const SAID: &[u8] = "Số CCCD 001090123456".as_bytes();
        let plain = archive(&[("a.txt", b"nothing")]);
        let at = memchr::memmem::find(&plain, b"PK\x01\x02").expect("a directory");
        let len = (SAID.len() as u16).to_le_bytes();
        // A field of an unknown program, and a name for those who read Unicode (Info-ZIP's 0x7075).
        let field = [&[0x99, 0x99], &len[..], SAID].concat();
        let name = [&[0x75, 0x70], &(SAID.len() as u16 + 5).to_le_bytes()[..], &[1, 0, 0, 0, 0], SAID].concat();
        // Behind the name in the directory, with where its length is said; and in the header of the member.
        let beside = |said: &[u8], length: usize| {
            let mut bytes = plain.clone();
            bytes[at + length..at + length + 2].copy_from_slice(&(said.len() as u16).to_le_bytes());
            bytes.splice(at + 46 + 5..at + 46 + 5, said.to_vec());
            let end = bytes.len() - 22;
            let size = (end - at) as u32;
            bytes[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
            bytes
        };
        let mut local = plain.clone();
        local[28..30].copy_from_slice(&(field.len() as u16).to_le_bytes());
        local.splice(30 + 5..30 + 5, field.clone());
        let end = local.len() - 22;
        local[end + 16..end + 20].copy_from_slice(&((at + field.len()) as u32).to_le_bytes());
        for (what, bytes) in [
            ("a comment", beside(SAID, 32)),
            ("a field", beside(&field, 30)),
            ("a name", beside(&name, 30)),
            ("rest of a field", beside(&[&field[..], &[1, 2]].concat(), 30)),
            ("a field in the header of the member", local),
        ] {
            let found = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes);
            let told = (found.inspection.distinct(DetectorId::Cccd), found.inspection.opaque.len());
            assert_eq!(told, (1, 0), "{what}: {:?}", found.inspection);
            assert!(found.redact(&[DetectorId::Cccd], &bytes).is_err(), "{what} cannot be masked");
        }
        let times = [0x55, 0x54, 5, 0, 3, 0, 0, 0, 0];
        let directory = super::Directory::read(&beside(&times, 30)).expect("an archive");
        assert!(directory.remarks.is_empty(), "times are known: {directory:?}");
    }
}
