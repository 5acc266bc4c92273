//! Bytes that a format has no use for: behind its end, between its parts, in parts that nobody knows.
//!
//! Programs pass over them, so anything may stand there: a file of its own, which is read as one, or what is no file, which
//! is opaque. The owner has looked for words among them.

use chot_model::OpaqueReason;

use super::of;
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, OCTETS, Object};
use crate::sniff::{Encoding, Head};

/// So few bytes hold nothing: fields and sums of programs are as long, and no packed list.
pub(crate) const SLACK: usize = 64;
/// How files begin that cameras and people put behind others.
const MARKS: &[&[u8]] = &[
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"MSCF",
    b"%PDF-",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"SQLite format 3\0",
];
/// Places where each of them stands that are asked whether a file begins there. Where none of these does, the bytes are told.
const TRIES_MAX: usize = 4;
/// Items behind a photograph; no telephone makes more than ten.
const ITEMS_MAX: usize = 64;

/// Inspects such bytes.
pub(crate) fn inspect(bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    if let Some(items) = samsung(bytes) {
        for item in items {
            inspect_one(item, place, inquiry);
        }
    } else {
        inspect_one(bytes, place, inquiry);
    }
}

fn inspect_one(bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    let bytes = without_padding(bytes);
    // A few bytes that are no text look like the beginning of many things.
    let at = if bytes.len() > SLACK || is_text(bytes) { begins(bytes) } else { first_mark(bytes) };
    let Some(at) = at else { return tell(bytes, place, inquiry) };
    let (before, file) = bytes.split_at(at);
    tell(before, place, inquiry);
    // Words were looked at where they stand.
    let again = place.again || is_text(file);
    let mut object = Object::new(Hint::default(), Place { again, ..place.clone() });
    object.push(file, inquiry);
    object.finish(None, inquiry);
}

/// Tells bytes of no kind, unless they fill room at the end.
fn tell(bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    let len = bytes.iter().rposition(|b| !fills(*b)).map_or(0, |last| last + 1);
    if len > SLACK {
        inquiry.opaque(place, OpaqueReason::UnsupportedFormat, len as u64);
    }
}

/// The file that such bytes are, behind what fills room, if it begins with a mark.
pub(crate) fn marked(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = without_padding(bytes);
    MARKS.iter().any(|mark| bytes.starts_with(mark)).then_some(bytes)
}

/// The file that stands somewhere in bytes whose meaning only their makers know, from its mark on.
pub(crate) fn within(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(first_mark(bytes)?..)
}

/// Whether a member that begins so begins with a mark, as far as that can be seen.
pub(crate) fn is_marked(head: &[u8]) -> bool {
    const SEEN: usize = 3;
    /// Of an archive with members; behind other bytes it is looked for by its end.
    const ZIP: &[u8] = b"PK\x03\x04";
    head.len() >= SEEN && MARKS.iter().chain([&ZIP]).any(|mark| mark.iter().zip(head).all(|(a, b)| a == b))
}

/// Whether bytes look like chance, as what is packed or encrypted does and what programs write does not: no byte is much more
/// frequent than others.
pub(crate) fn is_chance(bytes: &[u8]) -> bool {
    /// Of fewer nothing can be said.
    const LEN_MIN: usize = 256;
    /// Of 256 kinds, each would be one in 256; what stands there most often in programs' bytes is one in ten.
    const OFTEN: usize = 16;
    let len = bytes.iter().rposition(|b| !fills(*b)).map_or(0, |last| last + 1);
    let bytes = without_padding(bytes.get(..len).unwrap_or_default());
    let mut counts = [0usize; 256];
    bytes.iter().for_each(|b| counts[usize::from(*b)] += 1);
    bytes.len() >= LEN_MIN && counts.iter().max().is_some_and(|most| most * OFTEN < bytes.len())
}

/// Inspects bytes that should be text, and were looked at as such: what begins in the middle of them as something else.
pub(crate) fn among(bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    let is_control = |b: &u8| matches!(*b, 0..8 | 0x0e..0x1b | 0x7f);
    let Some(first) = bytes.iter().position(is_control) else { return };
    let line = memchr::memrchr(b'\n', bytes.get(..first).unwrap_or_default()).map_or(0, |end| end + 1);
    let binary = bytes.get(line..).unwrap_or_default();
    if !is_text(binary) {
        inspect(binary, place, inquiry);
    }
}

/// Where a file begins in them: at once, or at the first mark of one.
fn begins(bytes: &[u8]) -> Option<usize> {
    if is_file(bytes) { Some(0) } else { first_mark(bytes) }
}

pub(crate) fn first_mark(bytes: &[u8]) -> Option<usize> {
    let begins = |at: &usize| is_file(bytes.get(*at..).unwrap_or_default());
    let first = |mark: &&[u8]| memchr::memmem::find_iter(bytes, *mark).take(TRIES_MAX).find(begins);
    MARKS.iter().filter_map(first).min()
}

fn is_file(bytes: &[u8]) -> bool {
    let hint = Hint::default();
    let head = Head::new(bytes.get(..BLOCK).unwrap_or(bytes), &hint);
    !bytes.is_empty() && of(&head).is_some_and(|format| format.media_type != OCTETS)
}

/// Whether bytes are text of a byte a letter, as far as they begin with.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..BLOCK).unwrap_or(bytes);
    matches!(crate::sniff::encoding(head), Some(Encoding::Utf8 | Encoding::Legacy))
}

const fn fills(b: u8) -> bool {
    matches!(b, 0 | 0xff | b' ' | b'\r' | b'\n')
}

/// What is left when bytes that only fill room are taken away before it.
fn without_padding(mut bytes: &[u8]) -> &[u8] {
    // A picture begins with what may fill as well.
    while let [first, rest @ ..] = bytes
        && fills(*first)
        && !bytes.starts_with(b"\xff\xd8\xff")
    {
        bytes = rest;
    }
    bytes
}

/// The items that telephones of Samsung put behind a photograph, and what stands before them. At the very end is a list of
/// them: `SEFH`, its version, how many, for each a kind and how far before the list and how long it is; the length of the
/// list, and `SEFT`. An item says its kind, its name, and what it holds. (Known from files, and from ExifTool's `Samsung.pm`.)
fn samsung(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    const HEAD: usize = 12;
    const ENTRY: usize = 12;
    let number = |bytes: &[u8], at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let body = bytes.strip_suffix(b"SEFT")?;
    let list_len = number(body, body.len().checked_sub(4)?)?;
    let start = (body.len() - 4).checked_sub(list_len)?;
    let list = bytes.get(start..start + list_len)?;
    let count = list.starts_with(b"SEFH").then(|| number(list, 8))??;
    if count > ITEMS_MAX || list_len != HEAD + count * ENTRY {
        return None;
    }
    let (mut items, mut from) = (Vec::new(), start);
    let mut upto = start;
    // Each stands right before the one behind it, so none is listed twice and none left out.
    for entry in list.get(HEAD..)?.chunks_exact(ENTRY).rev() {
        let at = start.checked_sub(number(entry, 4)?)?;
        if at.checked_add(number(entry, 8)?)? != upto {
            return None;
        }
        let item = bytes.get(at..upto)?;
        let name_len = number(item, 4)?;
        items.push(item.get(8usize.checked_add(name_len)?..)?);
        (from, upto) = (at, at);
    }
    items.push(bytes.get(..from)?);
    Some(items)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Inspector, Limits};

    const JPEG: &[u8] = b"\xff\xd8\xff\xda\0\x02\x11\x22\xff\xd9";

    fn gzip() -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, "Số CCCD 001090123456\n".as_bytes()).expect("memory");
        gzip.finish().expect("memory")
    }

    fn noise(len: u32) -> Vec<u8> {
        (0..len).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8 | 0x80).collect()
    }

    fn item(name: &[u8], data: &[u8]) -> Vec<u8> {
        [b"\0\0\x01\x0a", &(name.len() as u32).to_le_bytes()[..], name, data].concat()
    }

    fn trailer(items: &[Vec<u8>]) -> Vec<u8> {
        let mut list = [b"SEFH\x6b\0\0\0", &(items.len() as u32).to_le_bytes()[..]].concat();
        for n in 0..items.len() {
            let before: usize = items[n..].iter().map(Vec::len).sum();
            list.extend([b"\0\0\x01\x0a", &(before as u32).to_le_bytes()[..]].concat());
            list.extend((items[n].len() as u32).to_le_bytes());
        }
        [&items.concat(), &list, &(list.len() as u32).to_le_bytes()[..], b"SEFT"].concat()
    }

    #[test]
    fn of_what_only_makers_know_files_are_read() {
        let gzip = &*gzip();
        // A segment of a JPEG, and the notes of a camera in its properties.
        let segment = |kind: u8, data: &[u8]| {
            [&[0xff, 0xd8, 0xff, kind], &(data.len() as u16 + 2).to_be_bytes()[..], data, &JPEG[2..]].concat()
        };
        let notes = |data: &[u8]| {
            let len = (data.len() as u32).to_le_bytes();
            let entry = [&37_500u16.to_le_bytes()[..], &7u16.to_le_bytes(), &len, &26u32.to_le_bytes()].concat();
            [b"Exif\0\0II*\0\x08\0\0\0\x01\0", &entry[..], &[0; 4], data].concat()
        };
        for (what, bytes, found) in [
            ("a segment", segment(0xe7, &[b"Program\0", gzip].concat()), 1),
            ("resources", segment(0xed, &[b"Photoshop 3.0\08BIM\x04\x0c", gzip].concat()), 1),
            ("notes", segment(0xe1, &notes(gzip)), 1),
            ("other notes", segment(0xe1, &notes(&noise(900))), 0),
            ("another segment", segment(0xe7, &noise(900)), 0),
        ] {
            let mut inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            inspection.opaque.retain(|opaque| !opaque.part.as_str().is_empty());
            let said = (inspection.distinct(DetectorId::Cccd), inspection.opaque.len());
            assert_eq!(said, (found, 0), "{what}: {inspection:?}");
        }
    }

    /// Every format, with bytes of no kind behind its end: told, unless its example tells something already or is text.
    #[test]
    fn what_stands_behind_any_format_is_told() {
        // What a text of two bytes a letter and news go on with are letters of theirs.
        const GO_ON: [&str; 2] = ["text/plain; charset=utf-16", "application/x-yenc"];
        let inspector = Inspector::new(Limits::default(), 2026);
        let mut silent = Vec::new();
        for format in crate::formats::all().filter(|format| !GO_ON.contains(&format.media_type)) {
            let example = (format.example)();
            let with = [&example[..], &noise(3_000)].concat();
            let inspection = inspector.inspect(Hint::default(), &with).inspection;
            if inspection.opaque.is_empty() && inspection.object.bytes_inspected == inspection.object.bytes {
                silent.push(format!("{} as {}", format.media_type, inspection.object.media_type));
            }
        }
        assert!(silent.is_empty(), "{silent:#?}");
    }

    #[test]
    fn what_stands_behind_a_picture_is_read_or_told_or_fills() {
        let gzip = &*gzip();
        let time = item(b"Image_UTC_Data", b"1458170015363");
        for (what, rest, found, told) in [
            ("nothing", Vec::new(), 0, false),
            ("fill", vec![0; 4_000], 0, false),
            ("a field", noise(SLACK as u32), 0, false),
            ("few words", "Số CCCD 001\u{2009}090\u{2009}123\u{2009}456".into(), 1, false),
            ("numbers", vec![0, 0, 0, 91, 0, 0, 0, 69, 1], 0, false),
            ("bytes of no kind", noise(3_000), 0, true),
            ("words", "\nSố CCCD 001090123456\n".repeat(9).into_bytes(), 1, false),
            ("a file", gzip.to_vec(), 1, false),
            ("fill and a file", [&[0; 5][..], gzip].concat(), 1, false),
            ("bytes and a file", [&noise(9)[..], gzip].concat(), 1, false),
            ("more bytes and a file", [&noise(900)[..], gzip].concat(), 1, true),
            ("a picture and a file", [&[0; 9], JPEG, gzip].concat(), 1, true),
            ("a telephone's time", trailer(std::slice::from_ref(&time)), 0, false),
            ("many times", trailer(&vec![time.clone(); 20]), 0, false),
            ("a telephone's file", trailer(&[time.clone(), item(b"More", gzip)]), 1, false),
            ("a telephone's bytes", trailer(&[item(b"More", &noise(300)), time.clone()]), 0, true),
            ("bytes before a telephone's", [noise(300), trailer(&[time])].concat(), 0, true),
        ] {
            let bytes = [JPEG, &rest].concat();
            let mut inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            // The picture itself is none.
            inspection.opaque.retain(|opaque| !opaque.part.as_str().is_empty());
            let said = (inspection.distinct(DetectorId::Cccd), !inspection.opaque.is_empty());
            assert_eq!(said, (found, told), "{what}: {inspection:?}");
        }
    }
}
