//! DICOM: what is said of a patient and an examination, and its pictures.
//!
//! Texts stand behind their names, line by line; pictures are objects of their own, whose codes and writing are looked
//! for as in any other. Numbers of measurements are not read. Nothing can be rewritten: lengths stand before everything.
//!
//! Format: DICOM PS3.5 (data structures and encoding), PS3.10 (files).

mod pixels;
#[cfg(test)]
mod tests;

use std::io::Read;

use chot_model::OpaqueReason;

use self::pixels::Pixels;
use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{OCTETS, enter, section};
use crate::redact::Origin;
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/dicom",
    matches: |head| head.bytes.get(PREAMBLE..).is_some_and(|rest| rest.starts_with(MARK)),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry)),
    #[cfg(test)]
    example: || tests::file(tests::EXPLICIT, &tests::text(0x0010_0020, b"LO", "So CCCD 001090123456")),
};

/// Bytes before the mark, which belong to whoever wants them.
const PREAMBLE: usize = 128;
const MARK: &[u8] = b"DICM";
/// A larger file is not held.
const BYTES_MAX: u64 = 128 << 20;
/// Data within data.
const DEPTH_MAX: u32 = 16;
/// Pictures of one file that are looked at.
const FRAMES_MAX: usize = 64;

/// How a file says it is laid down.
const TRANSFER_SYNTAX: u32 = 0x0002_0010;
const BIRTH: u32 = 0x0010_0030;
const DOCUMENT: u32 = 0x0042_0011;
const PIXELS: u32 = 0x7fe0_0010;
/// Items of a sequence, and their ends.
const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
/// A length that nobody tells: an end stands behind.
const UNTOLD: u32 = u32::MAX;

/// What is said of a patient, as the detectors know it (PS3.6). The number of a patient has no name here: hospitals put
/// their own there, or that of a citizen or an insurance card.
const NAMES: [(u32, &str); 10] = [
    (0x0010_0010, "Họ và tên"),
    (BIRTH, "Ngày sinh"),
    (0x0010_0040, "Giới tính"),
    (0x0010_1001, "Họ và tên"),
    (0x0010_1005, "Họ và tên"),
    (0x0010_1040, "Địa chỉ"),
    (0x0010_1060, "Họ và tên mẹ"),
    (0x0010_2154, "Số điện thoại"),
    (0x0010_2297, "Họ và tên người thân"),
    (0x0008_0080, "Bệnh viện"),
];

/// How elements are laid down.
#[derive(Clone, Copy)]
struct Syntax {
    /// Each says what kind of value it has.
    explicit: bool,
    big: bool,
}

impl Syntax {
    const FILE: Self = Self { explicit: true, big: false };
    const IMPLICIT: Self = Self { explicit: false, big: false };

    /// That of a registered name; what is packed or compressed is laid down like a file's own beginning.
    fn of(name: &[u8]) -> Self {
        match name {
            b"1.2.840.10008.1.2" => Self::IMPLICIT,
            b"1.2.840.10008.1.2.2" => Self { explicit: true, big: true },
            _ => Self::FILE,
        }
    }

    fn short(self, rest: &mut &[u8]) -> Result<u16, OpaqueReason> {
        let bytes = take(rest, 2)?.first_chunk().copied().unwrap_or_default();
        Ok(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(self, rest: &mut &[u8]) -> Result<u32, OpaqueReason> {
        let bytes = take(rest, 4)?.first_chunk().copied().unwrap_or_default();
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

/// The deflated syntax.
const DEFLATED: &[u8] = b"1.2.840.10008.1.2.1.99";

fn take<'b>(rest: &mut &'b [u8], len: usize) -> Result<&'b [u8], OpaqueReason> {
    let (taken, behind) = rest.split_at_checked(len).ok_or(OpaqueReason::ParseError)?;
    *rest = behind;
    Ok(taken)
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let len = source.len();
    let bytes = if len > BYTES_MAX { None } else { read_range(source, 0..len).ok() };
    let Some(bytes) = bytes else {
        scan_strings(source, 0..len, place, inquiry);
        inquiry.refuse(place, if len > BYTES_MAX { OpaqueReason::TooLarge } else { OpaqueReason::Failed }, len);
        return None;
    };
    // Another format may begin in the preamble, and letters may stand in what measures.
    scan_strings(source, 0..len, &Place { again: true, ..place.clone() }, inquiry);
    let mut reader = Reader::new(place);
    if let Err(reason) = reader.file(bytes.get(PREAMBLE + MARK.len()..).unwrap_or_default(), inquiry) {
        inquiry.refuse(place, reason, len);
    }
    reader.text.finish(inquiry);
    None
}

/// An element: its tag, the kind of its value, and how long that is.
struct Element {
    tag: u32,
    kind: [u8; 2],
    len: u32,
}

impl Element {
    fn next(rest: &mut &[u8], syntax: Syntax) -> Result<Self, OpaqueReason> {
        let tag = u32::from(syntax.short(rest)?) << 16 | u32::from(syntax.short(rest)?);
        if !syntax.explicit || matches!(tag, ITEM | ITEM_END | SEQUENCE_END) {
            return Ok(Self { tag, kind: *b"  ", len: syntax.long(rest)? });
        }
        let kind = take(rest, 2)?.first_chunk().copied().unwrap_or_default();
        let len = match &kind {
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV" => {
                syntax.short(rest)?;
                syntax.long(rest)?
            }
            [b'A'..=b'Z', b'A'..=b'Z'] => syntax.short(rest)?.into(),
            _ => return Err(OpaqueReason::ParseError),
        };
        Ok(Self { tag, kind, len })
    }
}

/// Where elements or items stand.
#[derive(Clone, Copy, Default)]
struct Within {
    depth: u32,
    /// In what tells no length, and so has an end of its own.
    untold: bool,
}

impl Within {
    const fn deeper(self, untold: bool) -> Self {
        Self { depth: self.depth + 1, untold }
    }

    /// Takes the mark of an end, `own` when it is that of what is read. What stood behind one that is out of place
    /// would not be read.
    const fn end(self, own: bool, rest: &[u8]) -> Result<(), OpaqueReason> {
        if self.untold && own || rest.is_empty() { Ok(()) } else { Err(OpaqueReason::ParseError) }
    }
}

struct Reader {
    place: Place,
    text: Text,
    pixels: Pixels,
    frames: usize,
}

impl Reader {
    fn new(place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        Self { text: Text::prose(place.clone()), place, pixels: Pixels::default(), frames: 0 }
    }

    /// Reads what stands behind the mark.
    fn file(&mut self, bytes: &[u8], inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        const GROUP: [u8; 2] = [2, 0];
        let (mut rest, mut name) = (bytes, Vec::new());
        while rest.starts_with(&GROUP) {
            let Element { tag, len, .. } = Element::next(&mut rest, Syntax::FILE)?;
            let value = take(&mut rest, len as usize)?;
            if tag == TRANSFER_SYNTAX {
                name = value.trim_suffix_zeros().to_vec();
            }
            self.line(tag, value, inquiry);
        }
        if name != DEFLATED {
            return self.dataset(&mut rest, Syntax::of(&name), Within::default(), inquiry);
        }
        let most = inquiry.inflate_left().min(BYTES_MAX);
        let mut inflated = Vec::new();
        let mut packed = flate2::bufread::DeflateDecoder::new(rest);
        let read = packed.by_ref().take(most + 1).read_to_end(&mut inflated);
        if inflated.len() as u64 > most || !inquiry.inflate(inflated.len()) {
            return Err(OpaqueReason::TooLarge);
        }
        self.dataset(&mut inflated.as_slice(), Syntax::FILE, Within::default(), inquiry)?;
        // Only what fills it up stands behind.
        let is_all = read.is_ok() && packed.into_inner().trim_suffix_zeros().is_empty();
        if is_all { Ok(()) } else { Err(OpaqueReason::ParseError) }
    }

    /// Reads elements to their end, or that of the item they are.
    fn dataset(
        &mut self,
        rest: &mut &[u8],
        syntax: Syntax,
        within: Within,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        if within.depth > DEPTH_MAX {
            return Err(OpaqueReason::TooDeep);
        }
        while !rest.is_empty() {
            let Element { tag, kind, len } = Element::next(rest, syntax)?;
            if matches!(tag, ITEM_END | SEQUENCE_END) {
                return within.end(tag == ITEM_END, rest);
            }
            if inquiry.is_late(&self.place) {
                return Err(OpaqueReason::TimeLimit);
            }
            if tag == PIXELS && len == UNTOLD {
                self.fragments(rest, syntax, inquiry)?;
            } else if len == UNTOLD {
                // What is of no known kind is laid down without kinds.
                let syntax = if &kind == b"UN" { Syntax::IMPLICIT } else { syntax };
                self.sequence(rest, syntax, within.deeper(true), inquiry)?;
            } else {
                let value = take(rest, len as usize)?;
                let holds_items = value.starts_with(&[0xfe, 0xff, 0, 0xe0]);
                if &kind == b"SQ" || !syntax.explicit && holds_items {
                    self.sequence(&mut &*value, syntax, within.deeper(false), inquiry)?;
                } else {
                    self.value(tag, kind, value, syntax, inquiry);
                }
            }
        }
        Ok(())
    }

    /// Reads the items of a sequence.
    fn sequence(
        &mut self,
        rest: &mut &[u8],
        syntax: Syntax,
        within: Within,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        while !rest.is_empty() {
            let Element { tag, len, .. } = Element::next(rest, syntax)?;
            if tag != ITEM {
                return within.end(tag == SEQUENCE_END, rest);
            }
            // Another picture, whose samples lie in another way.
            let outer = std::mem::take(&mut self.pixels);
            if len == UNTOLD {
                self.dataset(rest, syntax, Within { untold: true, ..within }, inquiry)?;
            } else {
                let item = take(rest, len as usize)?;
                self.dataset(&mut &*item, syntax, Within { untold: false, ..within }, inquiry)?;
            }
            self.pixels = outer;
        }
        Ok(())
    }

    /// Reads pictures in the form of another format, each in one or more pieces.
    fn fragments(&mut self, rest: &mut &[u8], syntax: Syntax, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        const BEGINNINGS: [&[u8]; 3] = [b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP"];
        let (mut picture, mut is_first) = (Vec::new(), true);
        loop {
            let Element { tag, len, .. } = Element::next(rest, syntax)?;
            if tag == SEQUENCE_END {
                break;
            }
            let piece = take(rest, len as usize)?;
            if std::mem::take(&mut is_first) && is_table(piece) {
                continue;
            }
            if BEGINNINGS.iter().any(|beginning| piece.starts_with(beginning)) && !picture.is_empty() {
                self.picture(&std::mem::take(&mut picture), inquiry);
            }
            picture.extend_from_slice(piece);
        }
        if !picture.is_empty() {
            self.picture(&picture, inquiry);
        }
        Ok(())
    }

    fn value(&mut self, tag: u32, kind: [u8; 2], value: &[u8], syntax: Syntax, inquiry: &mut Inquiry) {
        self.pixels.take(tag, value, syntax.big);
        if tag == PIXELS || pixels::is_overlay(tag) {
            if let Err(reason) = self.pictures(tag, value, syntax.big, inquiry) {
                inquiry.refuse(&self.place, reason, value.len() as u64);
            }
            return;
        }
        match &kind {
            b"AE" | b"AS" | b"CS" | b"DA" | b"DS" | b"DT" | b"IS" | b"LO" | b"LT" | b"PN" | b"SH" | b"ST" | b"TM"
            | b"UC" | b"UI" | b"UR" | b"UT" => self.line(tag, value, inquiry),
            // A document, a picture, or bytes of a program.
            b"OB" | b"UN" if value.len() >= OBJECT_BYTES_MIN => self.object(value, inquiry),
            b"  " if tag == DOCUMENT && value.len() >= OBJECT_BYTES_MIN => self.object(value, inquiry),
            b"OD" | b"OF" | b"OL" | b"OV" | b"OW" if is_object(value) => self.object(value, inquiry),
            _ if super::protobuf::is_text(value.trim_suffix_zeros()) => self.line(tag, value, inquiry),
            // No kind is told, or one of numbers.
            _ if is_object(value) => self.object(value, inquiry),
            _ => {}
        }
    }

    /// Reads a text behind its name.
    fn line(&mut self, tag: u32, value: &[u8], inquiry: &mut Inquiry) {
        let name = NAMES.iter().find(|(known, _)| *known == tag).map_or("", |(_, name)| name);
        let value = value.trim_suffix_zeros();
        let said = std::str::from_utf8(value).map_or_else(|_| super::le::packed(value), str::to_owned);
        let said = match (said.get(..4), said.get(4..6), said.get(6..)) {
            (Some(year), Some(month), Some(day)) if tag == BIRTH && day.len() == 2 => format!("{year}-{month}-{day}"),
            // Parts of a name, its other spellings, several values.
            _ => said.replace('^', " ").replace(['=', '\\'], "; "),
        };
        let line = if name.is_empty() { format!("{said}\n") } else { format!("{name}: {said}\n") };
        self.text.joint(line.as_bytes());
        self.text.advance(inquiry);
    }

    /// Looks at samples, one picture at a time.
    fn pictures(&mut self, tag: u32, value: &[u8], big: bool, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        for frame in self.pixels.frames(tag, value, big)?.take((FRAMES_MAX + 1).saturating_sub(self.frames)) {
            self.picture(&frame, inquiry);
            if inquiry.is_late(&self.place) {
                return Err(OpaqueReason::TimeLimit);
            }
        }
        Ok(())
    }

    fn picture(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        self.frames += 1;
        if self.frames > FRAMES_MAX {
            inquiry.refuse(&self.place, OpaqueReason::TooMany, bytes.len() as u64);
        } else {
            self.object(bytes, inquiry);
        }
    }

    fn object(&self, bytes: &[u8], inquiry: &mut Inquiry) {
        let name = if self.frames > 0 { format!("frame {}", self.frames) } else { String::new() };
        let member = self.place.member(&name, Origin::Lost);
        if enter("", &member, inquiry) {
            section(&bytes.to_vec(), 0, bytes.len() as u64, Hint::default(), member, inquiry);
        }
    }
}

/// Whether a first piece tells where pictures begin: at nothing, then further and further.
fn is_table(piece: &[u8]) -> bool {
    let (offsets, []) = piece.as_chunks::<4>() else { return false };
    offsets.first().is_none_or(|first| *first == [0; 4]) && offsets.is_sorted_by_key(|four| u32::from_le_bytes(*four))
}

/// Bytes that may be an object.
const OBJECT_BYTES_MIN: usize = 64;

/// Whether what may also be numbers begins as something that is read, or known to be none.
fn is_object(value: &[u8]) -> bool {
    let hint = Hint::default();
    value.len() >= OBJECT_BYTES_MIN
        && super::of(&Head::new(value, &hint)).is_some_and(|format| format.media_type != OCTETS)
}

/// Texts are filled up with a blank or a zero.
trait Filled {
    fn trim_suffix_zeros(&self) -> &[u8];
}

impl Filled for [u8] {
    fn trim_suffix_zeros(&self) -> &[u8] {
        let filled = self.iter().rev().take_while(|b| matches!(b, 0 | b' ')).count();
        self.get(..self.len() - filled).unwrap_or_default()
    }
}
