//! `winmail.dat`: a message of Outlook in one attachment (MS-OXTNEF). Attributes one behind the other, most of them lists
//! of properties.

use chot_model::OpaqueReason;

use super::{Properties, Property, fixed_size, id, joined, kind, tag};
use crate::extract::{self, Bounds, Kind, Piece};
use crate::formats::compound::tell::{Stop, Tell};
use crate::formats::le::{u16_at, u32_at};
use crate::formats::{Format, Room};

const MARK: &[u8] = b"\x78\x9f\x3e\x22";

pub(in crate::formats) const FORMAT: Format = Format {
    media_type: "application/ms-tnef",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Tnef, source, place, inquiry)),
    #[cfg(test)]
    example: || attributes(&[(1, 0x0002_800c, "Số CCCD 001090123456\0".as_bytes())]),
};

/// Numbers of attributes (§2.1.3.1), without what they are made of.
mod attribute {
    pub(super) const BODY: u32 = 0x800c;
    pub(super) const CODE_PAGE: u32 = 0x9007;
    pub(super) const TITLE: u32 = 0x8010;
    pub(super) const DATA: u32 = 0x800f;
    pub(super) const NEW_ATTACHMENT: u32 = 0x9002;
    pub(super) const MESSAGE: u32 = 0x9003;
    pub(super) const RECIPIENTS: u32 = 0x9004;
    pub(super) const ATTACHMENT: u32 = 0x9005;
}

/// Messages within messages.
const DEPTH_MAX: u32 = 16;
/// More properties than anything has.
const PROPERTIES_MAX: u32 = 100_000;

/// Reads it and tells what it holds.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(bytes: &[u8], bounds: &Bounds, each: &mut dyn FnMut(Piece<'_>) -> bool) -> Result<(), OpaqueReason> {
    let mut tell = Tell::new(bytes.len(), bounds, &[], each);
    match message("", bytes, 0, &mut tell) {
        Ok(()) | Err(Stop::Closed) => Ok(()),
        Err(Stop::Bound(reason)) => Err(reason),
    }
}

/// An attachment under way.
#[derive(Default)]
struct Attachment {
    title: Vec<u8>,
    data: Vec<u8>,
    properties: Properties,
}

fn message(part: &str, bytes: &[u8], depth: u32, tell: &mut Tell<'_>) -> Result<(), Stop> {
    if !bytes.starts_with(MARK) {
        return tell.strings(part, bytes);
    }
    if depth > DEPTH_MAX {
        return tell.opaque(part, OpaqueReason::TooDeep, bytes.len());
    }
    let (mut at, mut page, mut attachment) = (6, 1_258, None);
    while let Some((number, len)) = u32_at(bytes, at + 1).zip(u32_at(bytes, at + 5)) {
        let data = bytes.get(at + 9..).unwrap_or_default();
        let Some(data) = data.get(..len as usize) else {
            tell.strings(part, data)?;
            return tell.opaque(part, OpaqueReason::ParseError, data.len());
        };
        at += 9 + data.len() + 2;
        tell.spend(data.len())?;
        match number & 0xffff {
            attribute::CODE_PAGE => page = u16_at(data, 0).unwrap_or(page),
            attribute::BODY => {
                let text = super::code_page(page).decode_without_bom_handling(data).0;
                tell.text(part, text.trim_end_matches('\0'))?;
                tell.text(part, "\n")?;
            }
            attribute::MESSAGE => {
                let mut properties = properties(data, page);
                properties.code_page = properties.told_code_page().unwrap_or(page);
                properties.tell(part, tell)?;
            }
            attribute::RECIPIENTS => {
                let rows = u32_at(data, 0).unwrap_or(0);
                let mut rest = data.get(4..).unwrap_or_default();
                for _ in 0..rows.min(PROPERTIES_MAX) {
                    let (row, left) = list(rest, page);
                    row.tell(part, tell)?;
                    if left.len() == rest.len() || left.is_empty() {
                        break;
                    }
                    rest = left;
                }
            }
            attribute::NEW_ATTACHMENT => {
                end(part, attachment.replace(Attachment::default()), page, depth, tell)?;
            }
            attribute::TITLE => attachment.get_or_insert_with(Attachment::default).title = data.to_vec(),
            attribute::DATA => attachment.get_or_insert_with(Attachment::default).data = data.to_vec(),
            attribute::ATTACHMENT => {
                attachment.get_or_insert_with(Attachment::default).properties = properties(data, page);
            }
            _ => tell.strings(part, data)?,
        }
    }
    end(part, attachment, page, depth, tell)?;
    tell.strings(part, bytes.get(at..).unwrap_or_default())
}

fn end(part: &str, attachment: Option<Attachment>, page: u16, depth: u32, tell: &mut Tell<'_>) -> Result<(), Stop> {
    let Some(Attachment { title, data, properties }) = attachment else { return Ok(()) };
    let title = super::code_page(page).decode_without_bom_handling(&title).0;
    let title = title.trim_end_matches('\0');
    let named = properties.get(id::LONG_FILE_NAME).is_some() || title.is_empty();
    let name = joined(part, &if named { properties.file_name() } else { title.to_owned() });
    properties.tell(&name, tell)?;
    if !data.is_empty() {
        tell.member(&name, &data)?;
    }
    match properties.get(id::DATA) {
        // A message within, behind the number of its interface.
        Some(object) if object.kind == kind::OBJECT && object.value.get(16..20) == Some(MARK) => {
            message(&name, object.value.get(16..).unwrap_or_default(), depth + 1, tell)
        }
        Some(object) if object.kind == kind::OBJECT => tell.member(&name, object.value.get(16..).unwrap_or_default()),
        Some(binary) if data.is_empty() => tell.member(&name, &binary.value),
        _ => Ok(()),
    }
}

fn properties(data: &[u8], page: u16) -> Properties {
    list(data, page).0
}

/// Reads a list of properties (§2.1.3.4) and gives back what follows it.
fn list(data: &[u8], code_page: u16) -> (Properties, &[u8]) {
    let mut properties = Properties { list: Vec::new(), code_page };
    let count = u32_at(data, 0).unwrap_or(0).min(PROPERTIES_MAX);
    let mut rest = data.get(4..).unwrap_or_default();
    for _ in 0..count {
        let Some(left) = property(rest, &mut properties) else { break };
        rest = left;
    }
    (properties, rest)
}

fn property<'d>(bytes: &'d [u8], properties: &mut Properties) -> Option<&'d [u8]> {
    let (type_, number) = tag(bytes, 0)?;
    let mut rest = bytes.get(4..)?;
    if number >= 0x8000 {
        // Named: a set, then a number or a name.
        let is_name = u32_at(rest, 16)? == 1;
        let len = u32_at(rest, 20)? as usize;
        rest = if is_name { rest.get(24..)?.get(len.checked_next_multiple_of(4)?..)? } else { rest.get(24..)? };
    }
    if let Some(size) = fixed_size(type_) {
        let value = rest.get(..size)?.to_vec();
        properties.list.push(Property { id: number, kind: type_, value });
        return rest.get(size.next_multiple_of(4)..);
    }
    let count = u32_at(rest, 0)?;
    rest = rest.get(4..)?;
    for _ in 0..count {
        let len = match fixed_size(type_ & !kind::MANY) {
            Some(size) => size,
            None => {
                let len = u32_at(rest, 0)? as usize;
                rest = rest.get(4..)?;
                len
            }
        };
        let value = rest.get(..len)?.to_vec();
        if len == 0 && rest.is_empty() {
            break;
        }
        properties.list.push(Property { id: number, kind: type_, value });
        rest = rest.get(len.checked_next_multiple_of(4)?.min(rest.len())..)?;
    }
    Some(rest)
}

/// A stream of attributes, for tests.
#[cfg(test)]
pub(in crate::formats) fn attributes(all: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let mut out = [MARK, &[1, 0]].concat();
    for (level, number, data) in all {
        out.push(*level);
        out.extend(number.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend_from_slice(data);
        out.extend(data.iter().fold(0u16, |sum, b| sum.wrapping_add(u16::from(*b))).to_le_bytes());
    }
    out
}
