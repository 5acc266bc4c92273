//! Images of discs (ISO 9660 with Joliet and Rock Ridge): files as objects, under each of their names.
//!
//! UDF, which most systems prefer where an image has both, and interleaved files are not read, and told. What belongs
//! to no file is an object of its own.

mod tree;

use std::collections::BTreeMap;

use chot_model::OpaqueReason;

use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};
use tree::{File, Naming, Walk};

/// Bytes of a sector (ECMA-119, §6.1.2).
const SECTOR: u64 = 2_048;
/// Descriptors begin behind the part left to the system.
const SYSTEM: u64 = 16 * SECTOR;
/// Bytes of a descriptor up to what is left to programs (ECMA-119, §8.4), of one that tells how to start a computer (El
/// Torito, §2.0), and of one that says no more than what it is.
const VOLUME: u64 = 883;
const BOOT: u64 = 75;
const MARKED: u64 = 7;
/// How often the bytes of an image may stand in files of it that are not the same: some guard against copies so.
const SHARED_MAX: u64 = 4;
/// More descriptors than any image has.
const DESCRIPTORS_MAX: u64 = 64;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-iso9660-image",
    matches: |head| head.bytes.get(SYSTEM as usize + 1..).is_some_and(|at| at.starts_with(b"CD001")),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || tests::gunzip(include_bytes!("../../tests/packed/dia.iso.gz")),
};

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let mut walk = Walk::default();
    let mut ended = false;
    for at in (0..DESCRIPTORS_MAX).map(|n| SYSTEM + n * SECTOR) {
        let Ok(sector) = read_range(source, at..at + SECTOR) else { break };
        // How much of it is understood: the rest is most often zeros, or words of whoever made it.
        let known = match (sector.first(), sector.get(1..6)) {
            (Some(1), Some(b"CD001")) if !ended => {
                walk.volume(source, &sector, Naming::Plain);
                VOLUME
            }
            (Some(2), Some(b"CD001")) if !ended => {
                // Joliet says so by the sets of characters it names (Joliet specification, 1995).
                let is_joliet = matches!(sector.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"));
                walk.volume(source, &sector, if is_joliet { Naming::Joliet } else { Naming::Plain });
                VOLUME
            }
            (Some(255), Some(b"CD001")) => {
                ended = true;
                MARKED
            }
            (Some(0), Some(b"CD001")) => BOOT,
            (_, Some(b"NSR02" | b"NSR03")) => {
                inquiry.refuse(place, OpaqueReason::UnsupportedFormat, source.len());
                MARKED
            }
            (_, Some(b"CD001" | b"BEA01" | b"TEA01" | b"BOOT2" | b"CDW02")) => MARKED,
            _ => break,
        };
        walk.spans.insert(at, at + known);
        let filling = sector.iter().rev().take_while(|b| matches!(b, 0 | b' ')).count() as u64;
        walk.spans.insert(at + known.max(SECTOR - filling), at + SECTOR);
    }
    walk.path_tables(source);
    if !ended || walk.damaged {
        inquiry.refuse(place, OpaqueReason::ParseError, source.len());
    }
    for (from, to) in &walk.spans {
        // Their names are told with the files; what else they say is not.
        let from = (*from).min(source.len());
        scan_strings(source, from..(*to).min(source.len()), place, inquiry);
    }
    let (mut read, mut left) = (BTreeMap::new(), source.len().saturating_mul(SHARED_MAX));
    for File { path, from, to, interleaved } in std::mem::take(&mut walk.files) {
        let member = place.member(&path, Origin::Lost);
        if !object::enter(&path, &member, inquiry) {
            return None;
        }
        if interleaved || to > source.len() {
            let reason = if interleaved { OpaqueReason::UnsupportedFormat } else { OpaqueReason::ParseError };
            inquiry.refuse(&member, reason, to.saturating_sub(from));
            continue;
        }
        // The trees have the same files under different names.
        if read.insert((from, to), ()).is_none() {
            let Some(less) = left.checked_sub(to.saturating_sub(from)) else {
                inquiry.refuse(&member, OpaqueReason::Ambiguous, to.saturating_sub(from));
                continue;
            };
            left = less;
            walk.spans.entry(from).and_modify(|end| *end = to.max(*end)).or_insert(to);
            object::section(source, from, to, Hint { name: Some(path), content_type: None }, member, inquiry);
        }
    }
    between(source, &walk.spans, place, inquiry);
    None
}

/// What belongs to nothing, in objects of their own.
fn between(source: &dyn Source, spans: &BTreeMap<u64, u64>, place: &Place, inquiry: &mut Inquiry) {
    let mut at = 0;
    for (from, to) in spans.iter().chain([(&source.len(), &source.len())]) {
        let gap = at..(*from).min(source.len());
        // The rest of a sector is mostly zeros, and so is the end of the image.
        if gap.start < gap.end && !super::is_zero(source, gap.clone()) {
            let place = place.member("between", Origin::Lost);
            object::section(source, gap.start, gap.end, Hint::default(), place, inquiry);
        }
        at = at.max(*to);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    pub(super) fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("a sound file");
        out
    }

    fn image() -> Vec<u8> {
        gunzip(include_bytes!("../../tests/packed/dia.iso.gz"))
    }

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn files_are_read_once_and_all_their_names() {
        let inspection = inspect(&image());
        // The list, and a number in a name that only Joliet and Rock Ridge have room for.
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (302, 0), "{inspection:?}");
        assert_eq!(inspection.persons, 302, "{inspection:?}");
    }

    #[test]
    fn what_belongs_to_no_file_is_looked_at() {
        let mut image = image();
        image[100..122].copy_from_slice(b"CCCD 001190123456 2222");
        let end = image.len() - 1_000;
        image[end..end + 18].copy_from_slice(b" CCCD 001290123456");
        assert_eq!(inspect(&image).distinct(DetectorId::Cccd), 304);
    }

    /// A directory record, and what stands behind it for Rock Ridge.
    fn record(name: &[u8], sector: usize, len: usize, flags: u8, ridge: &[u8]) -> Vec<u8> {
        let both = |n: usize| [(n as u32).to_le_bytes(), (n as u32).to_be_bytes()].concat();
        let name = [&[name.len() as u8], name, &[0][..(name.len() + 1) % 2]].concat();
        let body = [&[0], &both(sector)[..], &both(len), &[0; 7], &[flags, 0, 0, 1, 0, 0, 1], &name, ridge].concat();
        [&[body.len() as u8 + 1], &body[..]].concat()
    }

    /// An image of one directory of so many files, which go from one of so many sectors to the end.
    fn shared(files: usize, sectors: usize, ridge: &[u8], end: &[u8]) -> Vec<u8> {
        const SECTOR: usize = super::SECTOR as usize;
        let at = 18 + files.div_ceil(10);
        let from = |n: usize| (at + n % sectors, (sectors - n % sectors) * SECTOR + end.len());
        let file = |n: usize| record(format!("F{n}").as_bytes(), from(n).0, from(n).1, 0, ridge);
        let directory: Vec<Vec<u8>> = (0..files).map(file).collect();
        let directory: Vec<u8> = directory
            .chunks(10)
            .map(<[Vec<u8>]>::concat)
            .flat_map(|mut sector| {
                sector.resize(SECTOR, 0);
                sector
            })
            .collect();
        let mut image = vec![0; 18 * SECTOR];
        image[16 * SECTOR..16 * SECTOR + 6].copy_from_slice(b"\x01CD001");
        image[16 * SECTOR + 156..16 * SECTOR + 190].copy_from_slice(&record(&[0], 18, directory.len(), 2, &[]));
        image[17 * SECTOR..17 * SECTOR + 6].copy_from_slice(b"\xffCD001");
        [image, directory, b"hang hoa\n".repeat(sectors * SECTOR)[..sectors * SECTOR].to_vec(), end.to_vec()].concat()
    }

    #[test]
    fn files_of_the_same_bytes_are_not_read_any_number_of_times() {
        let inspection = inspect(&shared(3, 3, &[], b"CCCD 001190123456"));
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
        let inspection = inspect(&shared(60, 60, &[], b"CCCD 001190123456"));
        assert!(inspection.is_opaque(OpaqueReason::Ambiguous), "{inspection:?}");
        assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
    }

    #[test]
    fn names_that_many_files_share_are_not_kept_for_each() {
        let sectors = |at: usize| [(at as u32).to_le_bytes(), (at as u32).to_be_bytes()].concat();
        let continues =
            |at: usize, len: usize| [&[b'C', b'E', 28, 1][..], &sectors(at), &sectors(0), &sectors(len)].concat();
        // Behind the files: a name as long as one may be.
        let (files, piece) = (5_000, [&[b'N', b'M', 255, 1, 1], &[b'x'; 250][..]].concat());
        let at = 18 + files / 10 + 1;
        let areas: Vec<u8> = (1..=8)
            .flat_map(|n| {
                let mut area = [piece.repeat(7), continues(at + n, 2_048)].concat();
                area.resize(2_048, 0);
                area
            })
            .collect();
        let limits = Limits { members_max: 3, ..Limits::default() };
        let image = shared(files, 1, &continues(at, 2_048), &areas);
        let inspection = Inspector::new(limits, 2026).inspect(Hint::default(), &image).inspection;
        assert!(inspection.is_opaque(OpaqueReason::ParseError), "{inspection:?}");
    }

    #[test]
    fn damaged_images_are_told() {
        let image = image();
        assert!(inspect(&image[..40_000]).is_opaque(OpaqueReason::ParseError));
        let mut turning = image.clone();
        // The first directory becomes a file in itself, then of impossible length.
        for at in (0..image.len()).step_by(97) {
            turning[at] ^= 0xff;
        }
        assert!(!inspect(&turning).opaque.is_empty());
    }

    #[test]
    fn what_no_directory_says_is_told_where_one_could() {
        let sector = |n: usize| n * super::SECTOR as usize;
        let binary = [0xf0, 0xf1, 0, 0xf2].repeat(9);
        for (what, at) in [
            ("room for programs in a descriptor", sector(16) + 900),
            ("behind the last descriptor", sector(18) + 9),
            ("behind the last record of a directory", sector(28) + 1_000),
            ("behind a continuation", sector(32) + 1_500),
            ("a table of paths", sector(20) + 26),
        ] {
            let mut changed = image();
            changed[at..at + binary.len()].copy_from_slice(&binary);
            if what == "a table of paths" {
                // Longer in both of its notations.
                changed[sector(16) + 132..sector(16) + 140].copy_from_slice(&[62, 0, 0, 0, 0, 0, 0, 62]);
            }
            let inspection = inspect(&changed);
            assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{what}: {inspection:?}");
            assert_eq!(inspection.distinct(DetectorId::Cccd), 302, "{what}");
        }
        let mut nameless = image();
        // The name of the file is longer than its record.
        let at = sector(28) + nameless[sector(28)] as usize;
        let at = at + nameless[at] as usize;
        nameless[at + 32] = 255;
        assert!(inspect(&nameless).is_opaque(OpaqueReason::ParseError));
    }
}
