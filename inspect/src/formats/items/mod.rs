//! Data of programs in bytes: CBOR, MessagePack and BSON. What they hold is written as JSON, and read as that.
//!
//! They have no mark. What nobody declares is one of them if it is lists and maps to its last byte, with a text in
//! them, and no text in UTF-8. One in an old character set can look like items, for nearly every letter is one, so the
//! bytes are searched as they stand as well. Nothing can be rewritten: lengths stand before every text.

mod bson;
mod cbor;
mod json;
mod messagepack;
#[cfg(test)]
mod tests;

use chot_model::OpaqueReason;

use self::json::Json;
use super::protobuf::is_text;
use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, Object, enter, section};
use crate::redact::Origin;
use crate::sniff::{Encoding, Head};
use crate::source::{Source, read_range};

pub(crate) const CBOR: Format = Format {
    media_type: "application/cbor",
    matches: |head| begins(head, &cbor::KIND),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry, &cbor::KIND)),
    #[cfg(test)]
    example: || tests::cbor(&tests::example()),
};

pub(crate) const MESSAGE_PACK: Format = Format {
    media_type: "application/vnd.msgpack",
    matches: |head| begins(head, &messagepack::KIND),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry, &messagepack::KIND)),
    #[cfg(test)]
    example: || tests::messagepack(&tests::example()),
};

pub(crate) const BSON: Format = Format {
    media_type: "application/bson",
    matches: |head| begins(head, &bson::KIND),
    room: Room::Whole(|source, place, inquiry| read(source, place, inquiry, &bson::KIND)),
    #[cfg(test)]
    example: || tests::bson(&tests::example()),
};

/// Larger files are not held and read item by item.
const BYTES_MAX: u64 = 64 << 20;
/// Lists within lists; JSON is read as deep as that, and no data goes so far.
const DEPTH_MAX: u32 = 128;
/// Bytes that may be an object; shorter ones are keys and digests.
const OBJECT_BYTES_MIN: usize = 64;

/// One of the formats.
struct Kind {
    /// What declared types hold, and extensions are.
    names: [&'static str; 2],
    /// Whether a list or map may begin with these bytes.
    opens: fn(&[u8]) -> bool,
    read: Read,
}

/// Reads one item with all that is in it, and goes past it.
type Read = fn(&mut &[u8], &mut dyn FnMut(Item<'_>)) -> Result<(), Stop>;

/// What stands in an item, in the order it stands. In a map every second one is a key, which is no list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Item<'a> {
    List,
    Map,
    /// The list or map ends.
    End,
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Whole(i128),
    Real(f64),
    /// A word of JSON.
    Word(&'static str),
    /// Something stands there that is not read.
    Unread,
}

/// Why no more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The bytes end within an item.
    Cut,
    NoItem,
    TooDeep,
}

impl Stop {
    const fn reason(self) -> OpaqueReason {
        match self {
            Self::Cut => OpaqueReason::Partial,
            Self::NoItem => OpaqueReason::ParseError,
            Self::TooDeep => OpaqueReason::TooDeep,
        }
    }
}

/// Whether an object begins so. A mail or a text in an old character set hardly ends where its first item does.
fn begins(head: &Head<'_>, kind: &Kind) -> bool {
    if !(kind.opens)(head.bytes) {
        return false;
    }
    let is_declared = kind.names.iter().any(|name| head.declared().contains(name) || head.extension() == *name);
    // "Đ" opens a list of sixteen, and nearly every letter is an item. No text has a zero, and all of BSON has.
    if !is_declared && head.text == Some(Encoding::Utf8) && !head.bytes.contains(&0) {
        return false;
    }
    let (mut rest, mut has_text) = (head.bytes, false);
    let mut each = |item: Item<'_>| {
        has_text |= matches!(item, Item::Text(t @ [_, _, ..]) | Item::Bytes(t @ [_, _, ..]) if is_text(t))
    };
    while !rest.is_empty() {
        match (kind.opens)(rest).then(|| (kind.read)(&mut rest, &mut each)) {
            Some(Ok(())) if is_declared => return true,
            Some(Ok(())) => {}
            Some(Err(Stop::Cut)) => return is_declared || has_text && head.bytes.len() >= BLOCK,
            // A few bytes over and over may be a list in a list without end: nothing ever stands in it.
            Some(Err(Stop::TooDeep)) => return is_declared || !repeats_itself(head.bytes),
            Some(Err(Stop::NoItem)) | None => return false,
        }
    }
    has_text
}

/// Whether all bytes are the same few over and over, as one letter is in a text, and what an encoding makes of it.
fn repeats_itself(bytes: &[u8]) -> bool {
    const PERIOD_MAX: usize = 8;
    (1..=PERIOD_MAX).any(|period| bytes.get(period..).is_some_and(|behind| bytes.starts_with(behind)))
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry, kind: &Kind) -> Option<&'static str> {
    let len = source.len();
    if len > BYTES_MAX {
        scan_strings(source, 0..len, place, inquiry);
        inquiry.refuse(place, OpaqueReason::TooLarge, len);
        return None;
    }
    let Ok(bytes) = read_range(source, 0..len) else {
        inquiry.refuse(place, OpaqueReason::Failed, len);
        return None;
    };
    let mut told = Told::new(place);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() && !inquiry.is_late(place) {
        let before = rest.len();
        if let Err(stop) = (kind.read)(&mut rest, &mut |item| told.item(item, inquiry)) {
            inquiry.refuse(place, stop.reason(), before as u64);
            break;
        }
    }
    told.end(len, inquiry);
    scan_strings(source, 0..len, &Place { again: true, ..place.clone() }, inquiry);
    None
}

/// Inspects what items tell.
struct Told {
    place: Place,
    json: Json,
    object: Object,
    has_unread: bool,
}

impl Told {
    fn new(place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        let hint = Hint { name: None, content_type: Some("application/json".to_owned()) };
        let object = Object::new(hint, Place { depth: place.depth + 1, ..place.clone() });
        Self { place, json: Json::default(), object, has_unread: false }
    }

    fn item(&mut self, item: Item<'_>, inquiry: &mut Inquiry) {
        // All there is may be one item.
        if inquiry.is_late(&self.place) {
            return;
        }
        if let Item::Bytes(bytes) = item
            && bytes.len() >= OBJECT_BYTES_MIN
            && !is_text(bytes)
        {
            let member = self.place.member("", Origin::Lost);
            if enter("", &member, inquiry) {
                section(&bytes.to_vec(), 0, bytes.len() as u64, Hint::default(), member, inquiry);
            }
        }
        self.has_unread |= item == Item::Unread;
        self.json.item(item);
        if self.json.text.len() >= BLOCK {
            self.object.push(&self.json.text, inquiry);
            self.json.text.clear();
        }
    }

    fn end(mut self, len: u64, inquiry: &mut Inquiry) {
        self.object.push(&self.json.text, inquiry);
        self.object.finish_packed(None, len, inquiry);
        if self.has_unread {
            inquiry.refuse(&self.place, OpaqueReason::UnsupportedFormat, 1);
        }
    }
}

/// Goes past so many bytes. A length that no file has comes of chance, where any bytes are asked what they are.
fn take<'b>(rest: &mut &'b [u8], len: u64) -> Result<&'b [u8], Stop> {
    let len = usize::try_from(len).ok().filter(|len| *len as u64 <= BYTES_MAX).ok_or(Stop::NoItem)?;
    let (taken, behind) = rest.split_at_checked(len).ok_or(Stop::Cut)?;
    *rest = behind;
    Ok(taken)
}

/// Goes past a number of up to eight bytes, the high one first.
fn number(rest: &mut &[u8], len: u64) -> Result<u64, Stop> {
    Ok(take(rest, len)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// Goes past one byte.
fn byte(rest: &mut &[u8]) -> Result<u8, Stop> {
    let (first, behind) = rest.split_first().ok_or(Stop::Cut)?;
    *rest = behind;
    Ok(*first)
}

/// A level deeper, if there may be one.
const fn deeper(depth: u32) -> Result<u32, Stop> {
    if depth >= DEPTH_MAX { Err(Stop::TooDeep) } else { Ok(depth + 1) }
}

/// Tells a key, which may be any item that is no list.
fn key<'b>(
    rest: &mut &'b [u8],
    each: &mut dyn FnMut(Item<'_>),
    read: impl Fn(&mut &'b [u8], &mut dyn FnMut(Item<'_>)) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut is_list = false;
    let mut only = |item: Item<'_>| {
        if matches!(item, Item::List | Item::Map | Item::End) {
            is_list = true;
        } else if !is_list {
            each(item);
        }
    };
    read(rest, &mut only)?;
    if is_list { Err(Stop::NoItem) } else { Ok(()) }
}
