//! Everything in a file that no page leads to: strings of all objects, attached files, pictures, older versions, and
//! bytes between objects.
//!
//! A reader that follows only what is shown misses what can be dug out again. What is of no text by its nature (font
//! programs, colour profiles, functions) is passed over by its role.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use chot_model::OpaqueReason;

use super::MARK;
use super::budget::Stop;
use super::content::Interpreter;
use super::document::STREAM_MAX;
use super::filter::Decoded;
use super::glyphs::text_string;
use super::lex::{Dict, Object, Stream};
use super::picture;
use super::walk::{Walk, unread};
use crate::extract::Piece;

/// What a stream is for, told by whoever refers to it.
#[derive(Clone, Debug)]
enum Role {
    /// An attached file and its name.
    File(String),
    Xml,
    Script,
    /// It holds no text by its nature.
    Quiet,
}

/// What the first look at all objects collects.
#[derive(Default)]
struct Harvest {
    strings: String,
    roles: HashMap<u32, Role>,
}

/// Strings are handed on in pieces of about this size.
const PIECE: usize = 1 << 16;
/// Attached bytes are handed on in pieces of this size.
const BYTES: usize = 1 << 18;
/// Longer names of files are cut.
const LABEL_MAX: usize = 1_024;
/// Names and keys as long as a number of a person.
const NAME_DIGITS_MIN: usize = 9;

pub(super) fn read(walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let document = walk.document;
    let mut harvest = Harvest::default();
    info(walk)?;
    xfa(walk, &mut harvest)?;
    for number in document.numbers() {
        let object = document.get(number)?;
        strings(&object, &mut harvest)?;
        hand_on(walk, &mut harvest, PIECE, false)?;
    }
    hand_on(walk, &mut harvest, 0, false)?;
    let strays = document.strays();
    for at in &strays {
        if let Some((_, object)) = document.parse_at(*at)? {
            strings(&object, &mut harvest)?;
            hand_on(walk, &mut harvest, PIECE, true)?;
        }
    }
    hand_on(walk, &mut harvest, 0, true)?;

    for number in document.numbers() {
        if let Object::Stream(held) = document.get(number)? {
            stream(walk, &mut harvest, number, &held)?;
        }
    }
    walk.layout.end_page();
    walk.flush(0)?;
    for at in &strays {
        if let Some((_, Object::Stream(held))) = document.parse_at(*at)? {
            stream(walk, &mut harvest, u32::MAX, &held)?;
        }
    }
    walk.layout.end_page();
    // An older version mostly says what the newer one says.
    let text = walk.layout.take_text(0).unwrap_or_default();
    walk.tell(Piece::Text { part: "older version", text: &text, again: true })?;
    walk.flush(0)?;
    hand_on(walk, &mut harvest, 0, true)?;
    let asides = std::mem::take(&mut walk.seen.asides);
    walk.tell(Piece::Text { part: "replacement text", text: &asides, again: true })?;
    inline(walk)?;
    gaps(walk)?;
    document.lack().map_or(Ok(()), |lack| walk.opaque("", lack, 1))
}

/// The pictures within the contents that were run last.
pub(super) fn inline(walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let document = walk.document;
    for (n, dict, bytes) in walk.seen.inline.take() {
        let filters = document.filters(&dict)?;
        let decoded = super::filter::decode(&bytes, &filters, document.budget.decoded_max(STREAM_MAX));
        document.budget.decoded(decoded.bytes.len())?;
        picture(walk, &format!("inline picture {n}"), &dict, decoded)?;
    }
    Ok(())
}

/// The properties of the file (14.3.3), each with its name.
fn info(walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    let document = walk.document;
    let info = document.key(&document.trailer, b"Info")?;
    for (key, value) in info.dict().into_iter().flatten() {
        if let Some(value) = document.resolve(value)?.string().and_then(text_string) {
            let name = String::from_utf8_lossy(key);
            walk.tell(Piece::Field { part: "properties", name: &name, value: &value })?;
        }
    }
    Ok(())
}

/// A form in XML (12.7.8), whole or in packets.
fn xfa(walk: &mut Walk<'_, '_>, harvest: &mut Harvest) -> Result<(), Stop> {
    let document = walk.document;
    let form = document.key(&walk.root()?, b"AcroForm")?;
    let Some(form) = form.dict() else { return Ok(()) };
    let packets = match form.get(b"XFA".as_slice()) {
        Some(Object::Array(packets)) => packets.to_vec(),
        Some(one) => match document.resolve(one)? {
            Object::Array(packets) => packets.to_vec(),
            _ => vec![one.clone()],
        },
        None => return Ok(()),
    };
    let mut xml = Vec::new();
    for packet in &packets {
        if let Object::Stream(stream) = document.resolve(packet)? {
            if let Object::Ref(number) = packet {
                harvest.roles.insert(*number, Role::Quiet);
            }
            let decoded = document.decode_within(&stream, STREAM_MAX.saturating_sub(xml.len()))?;
            if let Some(reason) = unread(decoded.state, decoded.bytes.is_empty()) {
                walk.opaque("form.xml", reason, stream.range.len())?;
            }
            xml.extend_from_slice(&decoded.bytes);
        }
    }
    if xml.is_empty() { Ok(()) } else { member(walk, "form.xml", &xml) }
}

fn hand_on(walk: &mut Walk<'_, '_>, harvest: &mut Harvest, min: usize, again: bool) -> Result<(), Stop> {
    if harvest.strings.len() > min {
        let text = std::mem::take(&mut harvest.strings);
        walk.tell(Piece::Text { part: "properties", text: &text, again })?;
    }
    Ok(())
}

/// Collects the strings of an object, and what it says of streams.
fn strings(object: &Object, harvest: &mut Harvest) -> Result<(), Stop> {
    match object {
        Object::String(bytes) => {
            if let Some(text) = text_string(bytes).filter(|t| !t.trim().is_empty()) {
                harvest.strings.push_str(&text);
                harvest.strings.push('\n');
            }
        }
        Object::Name(name) => digits_of(name, harvest),
        Object::Array(items) => {
            if let (Some(Object::Name(space)), Some(last)) = (items.first(), items.last())
                && matches!(&**space, b"ICCBased" | b"Indexed")
            {
                quiet(last, harvest);
            }
            for item in items.iter() {
                strings(item, harvest)?;
            }
        }
        Object::Dict(dict) => dictionary(dict, harvest)?,
        Object::Stream(stream) => dictionary(&stream.dict, harvest)?,
        _ => {}
    }
    Ok(())
}

fn digits_of(name: &[u8], harvest: &mut Harvest) {
    if name.iter().filter(|b| b.is_ascii_digit()).count() >= NAME_DIGITS_MIN {
        harvest.strings.push_str(&String::from_utf8_lossy(name));
        harvest.strings.push('\n');
    }
}

fn quiet(object: &Object, harvest: &mut Harvest) {
    if let Object::Ref(number) = object {
        harvest.roles.entry(*number).or_insert(Role::Quiet);
    }
}

fn dictionary(dict: &Dict, harvest: &mut Harvest) -> Result<(), Stop> {
    let is_field = dict.contains_key(b"T".as_slice()) && dict.contains_key(b"V".as_slice());
    for (key, value) in dict {
        digits_of(key, harvest);
        match &**key {
            // Read with their names.
            b"V" | b"DV" if is_field => continue,
            b"FontFile" | b"FontFile2" | b"FontFile3" | b"ToUnicode" | b"CIDToGIDMap" | b"CIDSet" | b"Encoding"
            | b"DestOutputProfile" => quiet(value, harvest),
            b"Metadata" => {
                if let Object::Ref(number) = value {
                    harvest.roles.insert(*number, Role::Xml);
                }
            }
            b"JS" => {
                if let Object::Ref(number) = value {
                    harvest.roles.insert(*number, Role::Script);
                }
            }
            b"EF" => {
                let name = [b"UF".as_slice(), b"F"].into_iter().find_map(|k| dict.get(k)?.string());
                let name = name.and_then(text_string).unwrap_or_else(|| "attachment".to_owned());
                let name: String = name.chars().take(LABEL_MAX).collect();
                for file in value.dict().into_iter().flat_map(|d| d.values()) {
                    if let Object::Ref(number) = file {
                        harvest.roles.insert(*number, Role::File(name.clone()));
                    }
                }
            }
            _ => {}
        }
        strings(value, harvest)?;
    }
    Ok(())
}

/// Reads one stream by what it is; `number` is that of its object, if tables lead to it.
fn stream(walk: &mut Walk<'_, '_>, harvest: &mut Harvest, number: u32, stream: &Stream) -> Result<(), Stop> {
    let document = walk.document;
    let dict = &stream.dict;
    let name = |key: &[u8]| Ok::<_, Stop>(document.key(dict, key)?.name().unwrap_or_default().to_vec());
    let (kind, subtype) = (name(b"Type")?, name(b"Subtype")?);
    let role = harvest.roles.get(&number).cloned();
    let has = |key: &[u8]| dict.contains_key(key);
    let label = if number == u32::MAX { format!("byte {}", stream.range.start) } else { format!("object {number}") };
    match (role, kind.as_slice(), subtype.as_slice()) {
        (_, b"XRef", _) => Ok(()),
        (_, b"ObjStm", _) => document.hidden(number, stream, |object| {
            strings(object, harvest)?;
            hand_on(walk, harvest, PIECE, true)
        }),
        // Small pictures of pages have no kind (12.3.4).
        (_, _, b"Image") | (None, b"", b"") if is_image(&subtype, dict) => {
            if picture::is_speck(document, dict)? {
                return Ok(());
            }
            let decoded = document.decode_file(stream)?;
            picture(walk, &format!("picture {label}"), dict, decoded)
        }
        (Some(Role::File(name)), _, _) => attached(walk, &name, stream),
        (_, b"EmbeddedFile", _) => attached(walk, "attachment", stream),
        (Some(Role::Xml), _, _) | (_, b"Metadata", _) | (_, _, b"XML") => attached(walk, "metadata.xml", stream),
        (Some(Role::Script), _, _) => attached(walk, "script.js", stream),
        _ if walk.seen.runs.contains_key(&stream.range.start) => Ok(()),
        (Some(Role::Quiet), _, _) | (_, b"CMap", _) | (_, _, b"Type1C" | b"CIDFontType0C" | b"OpenType") => Ok(()),
        _ if [b"FunctionType".as_slice(), b"ShadingType", b"HalftoneType", b"Length1", b"Length2"]
            .into_iter()
            .any(has) =>
        {
            Ok(())
        }
        // The hints of a file made for the web (annex F).
        (None, b"", b"") if has(b"S") && document.key(dict, b"S")?.int().is_some() => Ok(()),
        (_, _, b"Form") => content(walk, &label, stream),
        _ if has(b"PatternType") => content(walk, &label, stream),
        _ => unknown(walk, &label, stream),
    }
}

fn is_image(subtype: &[u8], dict: &Dict) -> bool {
    let sides = [b"Width".as_slice(), b"Height", b"BitsPerComponent"];
    subtype == b"Image" || sides.iter().all(|key| dict.contains_key(*key))
}

/// Runs what no page shows as if one did.
fn content(walk: &mut Walk<'_, '_>, label: &str, stream: &Stream) -> Result<(), Stop> {
    let document = walk.document;
    let mut interpreter = Interpreter::new(document, &mut walk.layout, &mut walk.seen);
    interpreter.form(stream, &Rc::default())?;
    let (mut tally, drawing) = (interpreter.tally, interpreter.drawing);
    walk.layout.end_page();
    // Strokes that no page shows are mostly patterns.
    tally.strokes = 0;
    walk.drawn(label, tally, &drawing, stream.range.len())
}

fn attached(walk: &mut Walk<'_, '_>, name: &str, stream: &Stream) -> Result<(), Stop> {
    let decoded = walk.document.decode_file(stream)?;
    if let Some(reason) = unread(decoded.state, decoded.bytes.is_empty() && !stream.range.is_empty()) {
        walk.opaque(name, reason, stream.range.len())?;
    }
    member(walk, name, &decoded.bytes)
}

fn member(walk: &mut Walk<'_, '_>, name: &str, bytes: &[u8]) -> Result<(), Stop> {
    walk.tell(Piece::Member { name })?;
    bytes.chunks(BYTES).try_for_each(|chunk| walk.tell(Piece::Bytes(chunk)))
}

fn picture(walk: &mut Walk<'_, '_>, label: &str, dict: &Dict, decoded: Decoded) -> Result<(), Stop> {
    if picture::is_speck(walk.document, dict)? {
        return Ok(());
    }
    if let Some(reason) = unread(decoded.state, decoded.bytes.is_empty()) {
        return walk.opaque(label, reason, decoded.bytes.len().max(1));
    }
    let len = decoded.bytes.len().max(1);
    match picture::file(walk.document, dict, decoded)? {
        Some(file) => member(walk, &format!("{label}.{}", file.extension), &file.bytes),
        None => walk.opaque(label, OpaqueReason::UnsupportedFormat, len),
    }
}

/// A stream that nothing says anything of: content left over, or bytes of whoever made the file.
fn unknown(walk: &mut Walk<'_, '_>, label: &str, stream: &Stream) -> Result<(), Stop> {
    let decoded = walk.document.decode(stream)?;
    if let Some(reason) = unread(decoded.state, decoded.bytes.is_empty() && !stream.range.is_empty()) {
        walk.opaque(label, reason, stream.range.len())?;
    }
    let document = walk.document;
    // What letters mean that no font at hand shows (9.7.5): a program, whose words are looked at like any other.
    let has = |word: &[u8]| memchr::memmem::find(&decoded.bytes, word).is_some();
    if decoded.bytes.starts_with(b"%!PS-Adobe-3.0 Resource-CMap") && has(b"begincmap") && has(b"endcmap") {
        let text = String::from_utf8_lossy(&decoded.bytes);
        return walk.tell(Piece::Text { part: label, text: &text, again: true });
    }
    let plain = |b: &u8| b.is_ascii_graphic() || b.is_ascii_whitespace();
    let shown = decoded.bytes.iter().filter(|b| plain(b)).count();
    if decoded.picture.is_none() && shown * 10 >= decoded.bytes.len() * 7 {
        let mut interpreter = Interpreter::new(document, &mut walk.layout, &mut walk.seen);
        interpreter.run(&decoded.bytes, &Rc::default())?;
        let tally = interpreter.tally;
        walk.layout.end_page();
        if tally.glyphs > 0 || tally.strokes > 0 {
            if let Some(lack) = tally.lack {
                walk.opaque(label, lack, stream.range.len())?;
            }
            inline(walk)?;
            walk.flush(PIECE)?;
            return Ok(());
        }
    }
    // What is smaller says nothing.
    const BYTES_MIN: usize = 9;
    if decoded.bytes.len() < BYTES_MIN { Ok(()) } else { member(walk, label, &decoded.bytes) }
}

/// Bytes between objects: comments, remains, and whatever was put behind the end.
fn gaps(walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
    /// More bytes than the marks and blanks that belong there.
    const REMAINS_MIN: usize = 128;
    let mut text = String::new();
    // With its mark, what stands before the file would be one again.
    let mark = memchr::memmem::find(walk.document.bytes, MARK).map_or(0..0, |at| at..at + MARK.len());
    let apart = |gap: Range<usize>| {
        let is_around = !mark.is_empty() && gap.start <= mark.start && mark.end <= gap.end;
        if is_around { [gap.start..mark.start, mark.end..gap.end] } else { [gap, 0..0] }
    };
    for gap in walk.document.gaps().into_iter().flat_map(apart).filter(|gap| !gap.is_empty()) {
        let bytes = walk.document.bytes.get(gap.clone()).unwrap_or_default().trim_ascii();
        walk.document.budget.spend(bytes.len())?;
        let plain = bytes.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
        if bytes.len() >= REMAINS_MIN && plain * 10 < bytes.len() * 7 {
            member(walk, &format!("bytes from {}", gap.start), bytes)?;
            continue;
        }
        for line in bytes.split(|b| matches!(b, b'\n' | b'\r')) {
            // Tables of places in the file are numbers of no person.
            let is_place = line.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'n' | b'f'));
            if is_place || line.is_empty() {
                continue;
            }
            let mut rest = line;
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(end_of_letter(rest, PIECE));
                rest = behind;
                text.push_str(&String::from_utf8_lossy(piece));
                if text.len() > PIECE {
                    let text = std::mem::take(&mut text);
                    walk.tell(Piece::Text { part: "between objects", text: &text, again: true })?;
                }
            }
            text.push('\n');
        }
    }
    walk.tell(Piece::Text { part: "between objects", text: &text, again: true })
}

/// Where the last letter of UTF-8 ends within so many bytes.
fn end_of_letter(bytes: &[u8], max: usize) -> usize {
    /// Bytes of a letter behind its first.
    const MORE: usize = 3;
    let goes_on = |at: &usize| bytes.get(*at).is_some_and(|b| b & 0xc0 == 0x80);
    if bytes.len() <= max {
        return bytes.len();
    }
    (max.saturating_sub(MORE)..=max).rev().find(|at| !goes_on(at)).unwrap_or(max)
}
