//! Cabinets (MS-CAB): stored and MSZIP folders unpacked, members as objects.
//!
//! LZX and Quantum folders are told as unsupported, members that begin or end in another cabinet as partial; names are
//! looked at in any case.

mod folder;
mod header;

use std::ops::Range;

use chot_model::OpaqueReason;

use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::Origin;
use crate::source::Source;
use folder::Unpack;
use header::{Cabinet, File, MARK};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/vnd.ms-cab-compressed",
    // Four bytes that mean nothing yet must be zero.
    matches: |head| head.bytes.starts_with(MARK) && head.bytes.get(4..8) == Some(&[0; 4]),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || include_bytes!("../../tests/packed/stored.cab").to_vec(),
};

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let Some(cabinet) = Cabinet::read(source) else {
        inquiry.refuse(place, OpaqueReason::ParseError, source.len());
        scan_strings(source, 0..source.len(), place, inquiry);
        return None;
    };
    // What names the cabinets before and after, and room that programs reserve for themselves.
    scan_strings(source, 0..cabinet.header_end, place, inquiry);
    let mut spans = cabinet.header_spans.clone();
    spans.push(cabinet.files_span.clone());
    let mut files: Vec<Vec<&File>> = cabinet.folders.iter().map(|_| Vec::new()).collect();
    for file in &cabinet.files {
        if let Some(folder) = file.folder.and_then(|n| files.get_mut(n)) {
            folder.push(file);
        }
    }
    let mut left = source.len();
    for (folder, files) in cabinet.folders.iter().zip(files) {
        if inquiry.is_late(place) {
            return None;
        }
        match Unpack::new(source, folder, cabinet.data_reserve) {
            Ok(mut unpack) => {
                members(&mut unpack, &files, place, inquiry)?;
                spans.push(folder.start..unpack.at);
                left = left.checked_sub(unpack.at.saturating_sub(folder.start)).or_else(|| shared(place, inquiry))?;
                reserved(&unpack.reserved, place, inquiry);
            }
            Err(reason) => {
                if files.is_empty() {
                    inquiry.refuse(place, reason, 1);
                }
                for file in files {
                    enter(file, place, inquiry).map(|member| inquiry.refuse(&member, reason, file.len))?;
                }
                // How much of it there is is told by the blocks alone.
                let span = folder.start..folder::end(source, folder, cabinet.data_reserve);
                scan_strings(source, span.clone(), place, inquiry);
                left = left.checked_sub(span.end.saturating_sub(span.start)).or_else(|| shared(place, inquiry))?;
                spans.push(span);
            }
        }
    }
    for file in cabinet.files.iter().filter(|file| file.folder.is_none()) {
        let member = enter(file, place, inquiry)?;
        inquiry.refuse(&member, OpaqueReason::Partial, file.len);
    }
    between(source, spans, place, inquiry);
    None
}

/// Folders together take more bytes than there are: any number of them may be the same blocks, and no packer makes them so.
fn shared(place: &Place, inquiry: &mut Inquiry) -> Option<u64> {
    inquiry.refuse(place, OpaqueReason::Ambiguous, 1);
    None
}

fn enter(file: &File, place: &Place, inquiry: &mut Inquiry) -> Option<Place> {
    let member = place.member(&file.name, Origin::Lost);
    object::enter(&file.name, &member, inquiry).then_some(member)
}

/// Unpacks a folder into its members; `None` when there are too many.
fn members(unpack: &mut Unpack<'_>, files: &[&File], place: &Place, inquiry: &mut Inquiry) -> Option<()> {
    let mut files = files.to_vec();
    files.sort_by_key(|file| file.start);
    let mut rest = files.into_iter();
    let mut failed = None;
    for file in rest.by_ref() {
        let member = enter(file, place, inquiry)?;
        if file.start < unpack.told {
            // Two members of the same bytes: the second is not read again.
            inquiry.refuse(&member, OpaqueReason::Ambiguous, file.len);
            continue;
        }
        let mut object = Object::new(Hint { name: Some(file.name.clone()), content_type: None }, member.clone());
        let read =
            unpack.skip(file.start, place, inquiry).and_then(|()| unpack.read(file.len, &mut object, place, inquiry));
        object.finish(None, inquiry);
        if let Err(reason) = read {
            inquiry.refuse(&member, reason, file.len);
            failed = Some(reason);
            break;
        }
    }
    for file in rest {
        let member = enter(file, place, inquiry)?;
        inquiry.refuse(&member, failed.unwrap_or(OpaqueReason::ParseError), file.len);
    }
    if failed.is_none() && unpack.skip(u64::MAX, place, inquiry).is_err() {
        inquiry.refuse(place, OpaqueReason::ParseError, 1);
    }
    Some(())
}

/// Room in blocks of data, which nothing is known to use.
fn reserved(bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    if bytes.iter().any(|b| *b != 0) {
        let mut object = Object::new(Hint::default(), place.member("between", Origin::Lost));
        object.push(bytes, inquiry);
        object.finish(None, inquiry);
    }
}

/// What belongs to nothing, such as signatures, in objects of their own.
fn between(source: &dyn Source, mut spans: Vec<Range<u64>>, place: &Place, inquiry: &mut Inquiry) {
    spans.sort_by_key(|span| span.start);
    spans.push(source.len()..source.len());
    let mut at = 0;
    for span in spans {
        let end = span.start.min(source.len());
        if at < end && !super::is_zero(source, at..end) {
            let place = place.member("between", Origin::Lost);
            object::section(source, at, end, Hint::default(), place, inquiry);
        }
        at = at.max(span.end);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    const STORED: &[u8] = include_bytes!("../../tests/packed/stored.cab");
    const PACKED: &[u8] = include_bytes!("../../tests/packed/packed.cab");

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    #[test]
    fn members_are_read() {
        for (bytes, found) in [(STORED, 1), (PACKED, 301)] {
            let inspection = inspect(bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (found, 0), "{inspection:?}");
        }
    }

    #[test]
    fn other_ways_of_packing_are_told() {
        let mut lzx = PACKED.to_vec();
        lzx[42] = 3;
        let inspection = inspect(&lzx);
        let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        assert_eq!(reasons, [OpaqueReason::UnsupportedFormat; 2]);
    }

    #[test]
    fn what_is_cut_changed_or_goes_on_is_told() {
        assert_eq!(inspect(&[STORED, b"CCCD 001190123456"].concat()).distinct(DetectorId::Cccd), 2);
        for len in [8, 36, 50, STORED.len() - 1] {
            assert!(!inspect(&STORED[..len]).opaque.is_empty(), "{len}");
        }
        for at in (8..PACKED.len()).step_by(11) {
            let mut changed = PACKED.to_vec();
            changed[at] ^= 0x55;
            let inspection = inspect(&changed);
            // Dates and attributes mean nothing here.
            let same = inspection.distinct(DetectorId::Cccd) == 301;
            assert!(same || !inspection.opaque.is_empty(), "byte {at}: {inspection:?}");
        }
    }

    const NUMBER: &[u8] = b"\nCCCD 001190123456\n";

    /// A cabinet of one folder with one stored file or none, and room in header, folder and block.
    fn cabinet(packing: u16, has_file: bool, room: [&[u8]; 3]) -> Vec<u8> {
        let [header, folder, block] = room;
        let folder_at = 40 + header.len();
        let files_at = folder_at + 8 + folder.len();
        let data_at = files_at + if has_file { 18 } else { 0 };
        let mut bytes = b"MSCF\0\0\0\0".to_vec();
        bytes.extend([0; 8]);
        bytes.extend((files_at as u32).to_le_bytes());
        bytes.extend([0, 0, 0, 0, 3, 1, 1, 0, u8::from(has_file), 0, 4, 0, 0, 0, 0, 0]);
        bytes.extend([header.len() as u8, 0, folder.len() as u8, block.len() as u8]);
        bytes.extend(header);
        bytes.extend((data_at as u32).to_le_bytes());
        bytes.extend([&[1, 0][..], &packing.to_le_bytes(), folder].concat());
        if has_file {
            bytes.extend(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x20\0a\0");
        }
        bytes.extend([&[0, 0, 0, 0, 1, 0, 1, 0][..], block, b"x"].concat());
        bytes
    }

    #[test]
    fn reserved_room_is_looked_at_and_what_is_no_text_there_told() {
        let binary = [0xf0, 0xf1, 0, 0xf2].repeat(6);
        let told = |bytes: &[u8]| inspect(bytes).opaque.iter().map(|o| o.reason).collect::<Vec<_>>();
        assert_eq!(told(&cabinet(0, true, [&[0; 30]; 3])), []);
        assert_eq!(told(&cabinet(0, true, [&binary[..20], b"", b""])), [], "where a signature is");
        for at in 0..3 {
            let room = |bytes| std::array::from_fn(|n| if n == at { bytes } else { &b""[..] });
            let found = inspect(&cabinet(0, true, room(NUMBER)));
            assert_eq!(found.distinct(DetectorId::Cccd), 1, "{at}: {found:?}");
            assert_eq!(told(&cabinet(0, true, room(&binary))), [OpaqueReason::UnsupportedFormat], "{at}");
        }
    }

    #[test]
    fn folders_of_the_same_blocks_are_not_read_any_number_of_times() {
        let one = cabinet(0, true, [b"", b"", b""]);
        let folders = |n: u16| {
            let mut bytes = one[..26].to_vec();
            // Sixty folders more, each of which is the one block there is.
            bytes.extend(n.to_le_bytes());
            bytes.extend(&one[28..40]);
            let at = one.len() as u32 - 9 + 8 * (u32::from(n) - 1);
            (0..n).for_each(|_| bytes.extend([&at.to_le_bytes()[..], &[1, 0, 0, 0]].concat()));
            bytes[16..20].copy_from_slice(&(40 + 8 * u32::from(n)).to_le_bytes());
            [&bytes, &one[48..]].concat()
        };
        assert!(inspect(&folders(1)).opaque.is_empty());
        let inspection = inspect(&folders(100));
        assert!(inspection.is_opaque(OpaqueReason::Ambiguous), "{inspection:?}");
    }

    #[test]
    fn a_folder_that_cannot_be_unpacked_is_told_though_it_has_no_file() {
        let inspection = inspect(&cabinet(3, false, [b"", b"", b""]));
        assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat), "{inspection:?}");
    }
}
