//! Protocol Buffers: the texts of fields, each by itself, and what fields of bytes hold. They come declared, or in the
//! frames of [`super::grpc`].
//!
//! Nobody sends the names of fields, so every field is read as what it can be: a text, a message, an object of its own
//! (a picture, a document). A message is a line of its texts, so that what belongs to one person stands together. Numbers
//! are not read: no identifier begins with the zero that a number loses. What stands in a message has no place that could
//! be rewritten, for lengths stand around it at every level.
//!
//! Format: Protocol Buffers "Encoding"; and messages that each stand behind their length, as `writeDelimitedTo` of its
//! libraries has them.

use chot_model::OpaqueReason;

use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, enter, section};
use crate::redact::Origin;
use crate::source::{Source, read_range};
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-protobuf",
    matches: |head| is_declared(head.declared()) && begins(head.bytes),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry)),
    #[cfg(test)]
    example: || field(1, "Số CCCD 001090123456".as_bytes()),
};

/// Largest message that is read field by field. gRPC's own limit is 4 MiB unless both ends raise it.
pub(super) const MESSAGE_MAX: u64 = 16 << 20;
/// Messages within messages; protobuf's own limit is 100, and no text is needed that deep.
const DEPTH_MAX: u32 = 32;
/// Fields of bytes that may be objects; shorter ones are keys and digests.
const OBJECT_BYTES_MIN: usize = 64;

/// `application/x-protobuf`, `application/protobuf`, `application/vnd.google.protobuf` and what else it is called: no
/// name is registered. `application/json+protobuf` is JSON.
fn is_declared(kind: &str) -> bool {
    kind.contains("protobuf") && !kind.contains("json")
}

/// Whether a message may begin so, or one behind its length.
fn begins(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match next(&mut rest) {
            Ok(_) => {}
            Err(Stop::Cut) => break,
            Err(Stop::NoField) => return first_delimited(bytes).is_some(),
        }
    }
    !bytes.is_empty()
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    if source.len() > MESSAGE_MAX {
        scan_strings(source, 0..source.len(), place, inquiry);
        inquiry.refuse(place, OpaqueReason::TooLarge, source.len());
        return None;
    }
    let bytes = read_range(source, 0..source.len()).unwrap_or_default();
    // The length that stands before a message can look like a field's key, and it all like a message without: it is read as
    // both.
    let readings: Vec<_> =
        [fields(&bytes).map(|message| vec![message]), delimited(&bytes)].into_iter().flatten().collect();
    if readings.is_empty() {
        scan_strings(source, 0..source.len(), place, inquiry);
        inquiry.opaque(place, OpaqueReason::UnsupportedFormat, source.len());
        return Some(OCTETS);
    }
    let mut reader = Reader::new(&Place { origin: Origin::Lost, ..place.clone() });
    for messages in &readings {
        for (n, message) in messages.iter().enumerate() {
            reader.message(message, 0, inquiry);
            reader.end_message(&format!("message {}", n + 1), inquiry);
        }
    }
    reader.finish(inquiry);
    None
}

/// Makes lines of messages.
pub(super) struct Reader {
    place: Place,
    text: Text,
    /// Fields that are objects of their own.
    objects: Vec<Vec<u8>>,
    /// The line under way has a cell.
    has_cells: bool,
}

impl Reader {
    /// Of messages that stand at `place`, where nothing can be rewritten.
    pub(super) fn new(place: &Place) -> Self {
        Self { place: place.clone(), text: Text::prose(place.clone()), objects: Vec::new(), has_cells: false }
    }

    /// Reads the fields of a message.
    pub(super) fn message(&mut self, fields: &[&[u8]], depth: u32, inquiry: &mut Inquiry) {
        for content in fields {
            let inner = if depth < DEPTH_MAX { self::fields(content) } else { None };
            let is_text = is_text(content);
            if is_text {
                self.cell(content, inquiry);
            }
            // A text can look like a message, and a message whose lengths are letters like a text: it is read as both.
            match inner {
                Some(inner) if !inner.is_empty() => {
                    self.end_line();
                    self.message(&inner, depth + 1, inquiry);
                    self.end_line();
                }
                _ if !is_text => self.bytes(content, inquiry),
                _ => {}
            }
        }
    }

    /// Reads a text.
    pub(super) fn cell(&mut self, text: &[u8], inquiry: &mut Inquiry) {
        if std::mem::replace(&mut self.has_cells, true) {
            self.text.joint(b"\t");
        }
        self.text.joint(text);
        self.text.advance(inquiry);
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.has_cells) {
            self.text.joint(b"\n");
        }
    }

    /// A message is over: the objects in it are read.
    pub(super) fn end_message(&mut self, name: &str, inquiry: &mut Inquiry) {
        self.end_line();
        for object in std::mem::take(&mut self.objects) {
            let member = self.place.member(name, Origin::Lost);
            if !enter("", &member, inquiry) {
                return;
            }
            section(&object, 0, object.len() as u64, Hint::default(), member, inquiry);
        }
    }

    /// There are no more messages.
    pub(super) fn finish(mut self, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
    }

    /// Bytes that are neither: an object, or too short for one.
    fn bytes(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        if bytes.len() >= OBJECT_BYTES_MIN {
            self.objects.push(bytes.to_vec());
        } else {
            // Letters between other bytes are still letters.
            for run in bytes.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() > 3) {
                self.cell(run, inquiry);
            }
        }
    }
}

/// Whether bytes are a text as people and programs write it.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let is_fit = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_fit))
}

/// Why there is no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The bytes end within it.
    Cut,
    NoField,
}

/// The fields with a length of a message, if these bytes are one to the last of them.
pub(super) fn fields(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while !rest.is_empty() {
        found.extend(next(&mut rest).ok()?);
    }
    (!bytes.is_empty()).then_some(found)
}

/// Messages that each stand behind their length, if these bytes are nothing else.
fn delimited(bytes: &[u8]) -> Option<Vec<Vec<&[u8]>>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (message, behind) = first_delimited(rest)?;
        found.push(message);
        rest = behind;
    }
    Some(found)
}

/// The first message of such, and what stands behind it. One without fields says nothing.
fn first_delimited(bytes: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let mut rest = bytes;
    let len = usize::try_from(varint(&mut rest).ok()?).ok()?;
    let (message, behind) = rest.split_at_checked(len)?;
    let fields = if message.is_empty() { Vec::new() } else { fields(message)? };
    Some((fields, behind))
}

/// Goes past a field; its content when it has a length.
fn next<'b>(rest: &mut &'b [u8]) -> Result<Option<&'b [u8]>, Stop> {
    let key = varint(rest)?;
    // Field numbers are below 2^29 and not 0.
    if key >> 3 == 0 || key >> 32 != 0 {
        return Err(Stop::NoField);
    }
    let (len, is_told) = match key & 7 {
        0 => (varint(rest).map(|_| 0)?, false),
        1 => (8, false),
        5 => (4, false),
        2 => (varint(rest)?, true),
        // Groups have been out of use since 2008.
        _ => return Err(Stop::NoField),
    };
    let len = usize::try_from(len).map_err(|_| Stop::Cut)?;
    let (content, behind) = rest.split_at_checked(len).ok_or(Stop::Cut)?;
    *rest = behind;
    Ok(is_told.then_some(content))
}

fn varint(rest: &mut &[u8]) -> Result<u64, Stop> {
    let mut value = 0u64;
    for n in 0..10 {
        let (byte, after) = rest.split_first().ok_or(Stop::Cut)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Stop::NoField)
}

/// A field of text, bytes or a message.
#[cfg(test)]
pub(super) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = content.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    [out.as_slice(), content].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use chot_model::DetectorId;
    use proptest::prelude::*;

    use super::*;
    use crate::{Inspector, Limits};

    fn inspect(kind: &str, bytes: &[u8]) -> chot_model::Inspection {
        let hint = Hint { name: None, content_type: Some(kind.to_owned()) };
        static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| Inspector::new(Limits::default(), 2026));
        INSPECTOR.inspect(hint, &bytes.to_vec()).inspection
    }

    fn behind_its_length(message: &[u8]) -> Vec<u8> {
        // A field without its key.
        field(1, message).split_off(1)
    }

    #[test]
    fn a_number_is_found_in_every_kind_of_message() {
        let said = "Số căn cước công dân: 001090123456".as_bytes();
        let label = field(1, "Số CCCD".as_bytes());
        let number = field(2, b"001090123456");
        let one = [label.as_slice(), &number].concat();
        let numbers = b"\x08\x96\x01\x11\x01\x02\x03\x04\x05\x06\x07\x08\x1d\x01\x02\x03\x04";
        for kind in ["application/x-protobuf", "application/protobuf; proto=a.B", "application/vnd.google.protobuf"] {
            for (what, bytes) in [
                ("a field", field(1, said)),
                ("a field beside its label", one.clone()),
                ("behind numbers of all kinds", [&numbers[..], &one].concat()),
                ("a message within", field(2, &field(7, &one))),
                ("a document", field(9, &crate::formats::archive(&[("a.txt", said)]))),
                ("a large one", [field(4, &b"xin chao ".repeat(5_000)), one.clone()].concat()),
                ("behind its length", behind_its_length(&one)),
                (
                    "the second behind its length",
                    [behind_its_length(&field(1, b"xin")), behind_its_length(&one)].concat(),
                ),
                ("behind an empty one", [b"\0".to_vec(), behind_its_length(&one)].concat()),
            ] {
                let inspection = inspect(kind, &bytes);
                assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{what}: {inspection:?}");
                assert!(inspection.opaque.is_empty(), "{what}: {inspection:?}");
            }
        }
    }

    #[test]
    fn what_is_no_message_is_read_as_what_it_is() {
        let said = "Số CCCD: 001090123456";
        let json = format!("[[\"{said}\"],1]");
        let broken = [field(1, b"xin"), field(2, said.as_bytes())].concat();
        for (kind, bytes, is_opaque) in [
            ("application/json+protobuf", json.as_bytes(), false),
            ("application/x-protobuf", json.as_bytes(), false),
            ("application/x-protobuf", &crate::formats::archive(&[("a.txt", said.as_bytes())]), false),
            // It breaks off, behind the number.
            ("application/x-protobuf", &[&broken, &field(3, b"xin chao")[..5]].concat(), true),
            // A group, which nobody writes any more.
            ("application/x-protobuf", &[&b"\x0b"[..], &broken, b"\xff\xfe\0\x01\x02\x03"].concat(), true),
        ] {
            let inspection = inspect(kind, bytes);
            assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{kind} {}: {inspection:?}", bytes.escape_ascii());
            assert_eq!(!inspection.opaque.is_empty(), is_opaque, "{kind} {}: {inspection:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn people_of_one_message_are_counted() {
        let person = |n: u32| {
            let number = format!("0010901234{:02}", n + 10);
            field(3, &[field(1, format!("Vi Thi Thu {n}").as_bytes()), field(2, number.as_bytes())].concat())
        };
        let all: Vec<u8> = (0..30).flat_map(person).collect();
        let bytes = [field(1, "Danh sách số CCCD".as_bytes()), all].concat();
        let inspection = inspect("application/x-protobuf", &bytes);
        assert_eq!(inspection.distinct(DetectorId::Cccd), 30, "{inspection:?}");
        assert!(inspection.persons >= 30, "{inspection:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let inspection = inspect("application/x-protobuf", &bytes);
            prop_assert!(inspection.object.bytes_inspected <= inspection.object.bytes);
        }

        #[test]
        fn a_field_is_found_among_others(before in proptest::collection::vec(any::<u8>(), 0..60), after in proptest::collection::vec(any::<u8>(), 0..60)) {
            let message = [field(1, &before), field(2, "Số CCCD: 001090123456".as_bytes()), field(3, &after)].concat();
            prop_assert_eq!(inspect("application/x-protobuf", &message).distinct(DetectorId::Cccd), 1);
            prop_assert_eq!(inspect("application/x-protobuf", &behind_its_length(&message)).distinct(DetectorId::Cccd), 1);
        }
    }
}
