//! gRPC: frames, each with a message of Protocol Buffers, which [`super::protobuf`] reads, compressed or not.
//!
//! What stands in a frame has no place that could be rewritten, for its length stands before it.
//!
//! Formats: gRPC over HTTP/2 "Length-Prefixed-Message"; gRPC-Web (a frame of trailers).

use std::io::Read;

use chot_model::OpaqueReason;

#[cfg(test)]
use super::protobuf::field;
use super::protobuf::{MESSAGE_MAX, Reader, fields, is_text};
use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, enter, section};
use crate::redact::Origin;
use crate::sniff::{self, Head};
use crate::source::{Source, read_range};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/grpc",
    matches: |head| is_frames(head),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry)),
    #[cfg(test)]
    example: || frame(0, &field(1, "Số CCCD 001090123456".as_bytes())),
};

/// Of a frame: a byte of flags, four of length.
const HEAD: usize = 5;
/// The message is compressed, or the frame holds trailers (gRPC-Web).
const COMPRESSED: u8 = 0x01;
const TRAILERS: u8 = 0x80;
/// Bytes inflated at once.
const STEP: usize = 64 << 10;

/// Whether frames are declared and may begin so, or stand here in so far as can be seen.
fn is_frames(head: &Head<'_>) -> bool {
    let Some((flags, len)) = frame_head(head.bytes) else { return false };
    if head.declared().starts_with("application/grpc") {
        return true;
    }
    let body = head.bytes.get(HEAD..).unwrap_or_default();
    let len = len as usize;
    // Unasked, it must be one whole message, or several.
    flags == 0 && len > 0 && body.len() >= len && body.get(..len).is_some_and(|message| fields(message).is_some()) && {
        let rest = body.get(len..).unwrap_or_default();
        rest.is_empty() || frame_head(rest).is_some()
    }
}

/// Flags and length.
fn frame_head(bytes: &[u8]) -> Option<(u8, u32)> {
    let [flags, a, b, c, d, ..] = *bytes else { return None };
    (flags & !(COMPRESSED | TRAILERS) == 0).then(|| (flags, u32::from_be_bytes([a, b, c, d])))
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let lost = Place { origin: Origin::Lost, ..place.clone() };
    let mut reader = Reader::new(&lost);
    let (mut at, mut n) = (0, 0);
    while at < source.len() && !inquiry.is_late(place) {
        let head = read_range(source, at..source.len().min(at + HEAD as u64)).ok();
        let framed = head.as_deref().and_then(frame_head);
        let from = at + HEAD as u64;
        let Some((flags, to)) =
            framed.map(|(flags, len)| (flags, from + u64::from(len))).filter(|(_, to)| *to <= source.len())
        else {
            return broken(source, at, place, reader, inquiry);
        };
        (at, n) = (to, n + 1);
        let name = format!("message {n}");
        if to - from > MESSAGE_MAX {
            scan_strings(source, from..to, place, inquiry);
            inquiry.refuse(place, OpaqueReason::TooLarge, to - from);
            continue;
        }
        let Ok(message) = read_range(source, from..to) else { return broken(source, from, place, reader, inquiry) };
        let message = match flags & COMPRESSED != 0 && !message.is_empty() {
            false => message,
            true => match inflated(&message, inquiry) {
                Ok(inflated) => inflated,
                Err(Packed::Unknown) => {
                    // Of another coding: whatever opens it says what is in it.
                    let member = lost.member(&name, Origin::Lost);
                    if enter("", &member, inquiry) {
                        section(source, from, to, Hint::default(), member, inquiry);
                    }
                    continue;
                }
                Err(Packed::Broken(reason)) => {
                    inquiry.refuse(place, reason, to - from);
                    continue;
                }
            },
        };
        match (flags & TRAILERS != 0).then_some(()).map_or_else(|| fields(&message), |()| None) {
            Some(fields) => reader.message(&fields, 0, inquiry),
            // Trailers are lines of text; JSON over gRPC is a text too.
            None if is_text(&message) => reader.cell(&message, inquiry),
            None => {
                let member = lost.member(&name, Origin::Lost);
                if enter("", &member, inquiry) {
                    section(&message, 0, message.len() as u64, Hint::default(), member, inquiry);
                }
            }
        }
        reader.end_message(&name, inquiry);
    }
    reader.finish(inquiry);
    None
}

/// No frames after all: what there is of text is scanned, and the rest is opaque as any unknown format is.
fn broken(source: &dyn Source, at: u64, place: &Place, reader: Reader, inquiry: &mut Inquiry) -> Option<&'static str> {
    reader.finish(inquiry);
    scan_strings(source, at..source.len(), place, inquiry);
    inquiry.opaque(place, OpaqueReason::UnsupportedFormat, source.len() - at);
    Some(OCTETS)
}

/// Why a compressed message was not inflated.
enum Packed {
    Unknown,
    Broken(OpaqueReason),
}

/// Inflates gzip and zlib, which gRPC calls `deflate`.
fn inflated(message: &[u8], inquiry: &mut Inquiry) -> Result<Vec<u8>, Packed> {
    let mut inflating: Box<dyn Read + '_> = if message.starts_with(b"\x1f\x8b\x08") {
        Box::new(flate2::read::MultiGzDecoder::new(message))
    } else if sniff::is_zlib(message) {
        Box::new(flate2::read::ZlibDecoder::new(message))
    } else {
        return Err(Packed::Unknown);
    };
    let (mut out, mut step) = (Vec::new(), vec![0; STEP]);
    loop {
        let n = inflating.read(&mut step).map_err(|_| Packed::Broken(OpaqueReason::ParseError))?;
        if n == 0 {
            return Ok(out);
        }
        if !inquiry.inflate(n) || out.len() + n > MESSAGE_MAX as usize {
            return Err(Packed::Broken(OpaqueReason::TooLarge));
        }
        out.extend_from_slice(step.get(..n).unwrap_or_default());
    }
}

#[cfg(test)]
use tests::frame;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::LazyLock;

    use chot_model::DetectorId;
    use proptest::prelude::*;

    use super::*;
    use crate::{Inspector, Limits};

    pub(super) fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
        [&[flags][..], &(message.len() as u32).to_be_bytes(), message].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(bytes).expect("memory");
        gz.finish().expect("memory")
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(bytes).expect("memory");
        zlib.finish().expect("memory")
    }

    fn inspect(bytes: &[u8]) -> chot_model::Inspection {
        let hint = Hint { name: None, content_type: Some("application/grpc+proto".to_owned()) };
        static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| Inspector::new(Limits::default(), 2026));
        INSPECTOR.inspect(hint, &bytes.to_vec()).inspection
    }

    #[test]
    fn a_number_is_found_however_it_is_wrapped() {
        let number = b"001090123456";
        let said = "Số căn cước công dân: 001090123456".as_bytes();
        // Lengths that are digits themselves: 49 bytes are `1`.
        let long = format!("001090123456 la so can cuoc cua toi, {:>12}", "xin cam on");
        assert_eq!(long.len(), 49);
        let label = field(1, "Số CCCD".as_bytes());
        let nested = |content: &[u8]| field(2, &field(7, &[field(1, b"Vi Thu"), field(3, content)].concat()));
        let picture = [&[0x89, 0xff, 0, 1][..], &[7; 100], said, &[0; 40]].concat();
        for (what, bytes) in [
            ("a field", frame(0, &field(1, said))),
            ("a field beside its label", frame(0, &[label.clone(), field(2, number)].concat())),
            ("a message within", frame(0, &nested(said))),
            ("a length that is a digit", frame(0, &[label, field(4, long.as_bytes())].concat())),
            ("the second message", [frame(0, &field(1, b"xin")), frame(0, &field(1, said))].concat()),
            ("behind an empty one", [frame(0, b""), frame(0, &field(1, said))].concat()),
            ("gzip", frame(1, &gzip(&nested(said)))),
            ("zlib", frame(1, &zlib(&nested(said)))),
            ("JSON", frame(0, format!("{{\"so_cccd\":\"{}\"}}", "001090123456").as_bytes())),
            ("bytes", frame(0, &field(9, &picture))),
            ("a document", frame(0, &field(9, &crate::formats::archive(&[("a.txt", said)])))),
            ("trailers", [frame(0, &field(1, b"xin")), frame(0x80, b"x-cccd: so cccd 001090123456\r\n")].concat()),
            ("frames that break off", [frame(0, &field(1, b"xin")), frame(0, said)[..30].to_vec()].concat()),
        ] {
            let inspection = inspect(&bytes);
            assert_eq!(
                inspection.distinct(DetectorId::Cccd),
                usize::from(what != "frames that break off") as u64,
                "{what}: {inspection:?}"
            );
        }
    }

    #[test]
    fn what_is_not_read_is_opaque() {
        let fine = frame(0, &field(1, b"xin chao"));
        assert!(inspect(&fine).opaque.is_empty());
        let broken = frame(1, &gzip(b"xin chao")[..12]);
        for (bytes, reason) in [
            (broken, OpaqueReason::ParseError),
            ([fine.as_slice(), &[0, 0, 0, 9, 9]].concat(), OpaqueReason::UnsupportedFormat),
            (frame(1, b"no coding that anybody knows \x00\xff"), OpaqueReason::UnsupportedFormat),
        ] {
            let inspection = inspect(&bytes);
            assert!(inspection.opaque.iter().any(|part| part.reason == reason), "{inspection:?}");
        }
    }

    #[test]
    fn people_of_one_answer_are_counted() {
        let person = |n: u32| {
            let number = format!("0010901234{:02}", n + 10);
            field(3, &[field(1, format!("Vi Thi Thu {n}").as_bytes()), field(2, number.as_bytes())].concat())
        };
        let all: Vec<u8> = (0..30).flat_map(person).collect();
        let inspection = inspect(&frame(0, &[field(1, "Danh sách số CCCD".as_bytes()), all].concat()));
        assert_eq!(inspection.distinct(DetectorId::Cccd), 30, "{inspection:?}");
        assert!(inspection.persons >= 30, "{inspection:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), flags in 0u8..2) {
            let inspection = inspect(&frame(flags, &bytes));
            prop_assert!(inspection.object.bytes_inspected <= inspection.object.bytes);
            let _ = inspect(&bytes);
        }

        #[test]
        fn a_field_is_found_among_others(before in proptest::collection::vec(any::<u8>(), 0..60), after in proptest::collection::vec(any::<u8>(), 0..60)) {
            let message = [field(1, &before), field(2, "Số CCCD: 001090123456".as_bytes()), field(3, &after)].concat();
            prop_assert_eq!(inspect(&frame(0, &message)).distinct(DetectorId::Cccd), 1);
        }
    }
}
