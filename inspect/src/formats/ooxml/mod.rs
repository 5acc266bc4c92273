//! Office Open XML (ECMA-376): workbooks, documents and presentations, read from the members of their archive; drawings
//! of Visio and printed pages (XPS) are kept in the same way.
//!
//! Every member is read: those of a known kind as sheets, paragraphs and pivot caches, other XML as XML, the rest as
//! objects. What a member is, its declared content type says, else its name. Hidden sheets, rows, columns, slides and
//! text are read like all others. Macros are scanned, not understood.

mod binary;
mod boxes;
mod changes;
mod driver;
mod elements;
mod flat;
mod formula;
mod gaps;
mod header;
mod laid;
mod parts;
mod pivot;
mod sheet;
mod strings;
mod words;

use chot_detectors::Told;
use chot_model::OpaqueReason;
use driver::Driver;
pub(crate) use flat::{LETTER, PACKAGE, WORKBOOK};
pub(crate) use laid::LAID;
use parts::{Kind, Parts};

use super::numeral::shown;
use super::rest;
use super::wide::{Decoder, Width};
use super::xml::Xml;
use super::zip::{self, Directory, Entry};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader, Tag};
use crate::object::{self, Object};
use crate::redact::{Origin, Packing};
use crate::source::Source;
use crate::text::{self, Text};
use crate::view::View;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const XLSB: &str = "application/vnd.ms-excel.sheet.binary.macroenabled.12";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const VSDX: &str = "application/vnd.ms-visio.drawing";
const XPS: &str = "application/vnd.ms-xpsdocument";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Reads the archive as an Office document; `None` when it is none.
pub(crate) fn read(
    source: &dyn Source,
    directory: &Directory,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<&'static str> {
    let parts = Parts::read(source, directory, inquiry)?;
    let media_type = parts.media_type()?;
    let workbook = (media_type == XLSX).then(|| sheet::Workbook::read(source, directory, inquiry));
    let mut binary = binary::is_one(directory).then(|| binary::Book::read(source, directory, place, inquiry));
    let mut fields = pivot::Fields::default();
    let mut table = None;
    // Sheets refer to the shared strings, records to the fields of their cache.
    let rank = |entry: &&Entry| match parts.kind(&entry.name) {
        Kind::Strings => 0,
        Kind::PivotFields => 1,
        _ => 2,
    };
    let mut entries: Vec<&Entry> = directory.entries.iter().collect();
    entries.sort_by_key(rank);
    for (n, entry) in entries.iter().copied().enumerate() {
        let member = zip::member(source, entry, place, inquiry);
        let member = Place { stock: parts.is_stock(&entry.name), ..member };
        if !object::enter(&entry.name, &member, inquiry) {
            zip::leave(entries.iter().copied().skip(n), inquiry);
            break;
        }
        if entry.is_folder() {
            continue;
        }
        let mut kind = parts.kind(&entry.name);
        if kind == Kind::Driver && rest::is_marked(&zip::begins(source, entry)) {
            // No driver's, whatever it is called.
            kind = Kind::Object;
        }
        let is_markup = is_markup(&entry.name) || !matches!(kind, Kind::Object | Kind::Driver);
        let part = Part::of(source, entry, member, is_markup, inquiry);
        let result = match kind {
            Kind::Object if binary.is_some() && binary::Book::takes(&entry.name) => match &mut binary {
                Some(book) => book.member(source, entry, &part.place, inquiry),
                None => Ok(()),
            },
            Kind::Strings if table.is_none() => {
                table = Some(strings::Shared::read(source, &part, inquiry));
                Ok(())
            }
            Kind::Sheet => {
                let title = workbook.as_ref().and_then(|w| w.title(&entry.name)).unwrap_or(&entry.name);
                let styles = workbook.as_ref().map(|w| w.styles.clone()).unwrap_or_default();
                let (absolute, _) = part.absolute();
                let place = Place { depth: place.depth + 1, origin: absolute.origin, ..place.clone() };
                let mut reader = sheet::Sheet::new(place, title, table.as_mut(), styles);
                let result = markup(source, &part, true, &mut reader, inquiry);
                reader.finish(inquiry);
                result
            }
            Kind::PivotFields => {
                let mut reader = pivot::Definition::new(part.place.clone(), &entry.name, &mut fields);
                let result = markup(source, &part, false, &mut reader, inquiry);
                reader.finish(inquiry);
                result
            }
            Kind::PivotRecords => {
                let mut reader = pivot::Records::new(part.place.clone(), fields.of(&entry.name));
                let result = markup(source, &part, false, &mut reader, inquiry);
                reader.finish(inquiry);
                result
            }
            Kind::Words => {
                let mut reader = words::Words::new(part.place.clone());
                let result = markup(source, &part, false, &mut reader, inquiry);
                reader.finish(inquiry);
                result
            }
            Kind::Xml | Kind::Strings => xml(source, &part, inquiry),
            Kind::Driver => {
                // No document holds its content there, and nearly every workbook has one.
                let mut driver = Driver::new(&part.place);
                let result = zip::stream(source, entry, inquiry, &mut |bytes, inquiry| driver.read(bytes, inquiry));
                driver.end(inquiry);
                result
            }
            Kind::Object => {
                let place = Place { preview: is_preview(&entry.name), ..part.place.clone() };
                zip::inspect(source, entry, place, inquiry);
                Ok(())
            }
        };
        if let Err(reason) = result {
            inquiry.refuse(&part.place, reason, entry.packed);
        }
    }
    if let Some(table) = table {
        table.rest(inquiry);
    }
    if let Some(book) = binary {
        book.rest(inquiry);
        return Some(XLSB);
    }
    Some(media_type)
}

/// Whether programs keep a small picture of the first page under this name: Office, and what prints to XPS.
fn is_preview(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("docprops/thumbnail.") || name.starts_with("metadata/thumbnail.")
}

/// Whether a member is markup by its name.
fn is_markup(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xml", ".rels", ".vml", ".rdf", ".fpage"].iter().any(|ending| name.ends_with(ending))
}

/// A member and where it stands.
pub(crate) struct Part<'e> {
    pub(crate) entry: &'e Entry,
    pub(crate) place: Place,
    /// How its letters are laid down, if it is markup of more than a byte a letter.
    wide: Option<Width>,
}

impl<'e> Part<'e> {
    /// A member that is what its name says.
    pub(crate) fn new(source: &dyn Source, entry: &'e Entry, place: Place, inquiry: &mut Inquiry) -> Self {
        Self::of(source, entry, place, is_markup(&entry.name), inquiry)
    }

    fn of(source: &dyn Source, entry: &'e Entry, place: Place, is_markup: bool, inquiry: &mut Inquiry) -> Self {
        let wide = if is_markup { Width::of_markup(&zip::begins(source, entry)) } else { None };
        let place = match wide {
            Some(width) => {
                let origin = inquiry.edits.unpacked(&place.origin, entry.size, Packing::Wide(width));
                Place { origin, ..place }
            }
            None => place,
        };
        Self { entry, place, wide }
    }

    /// The place of readers that know the address of each of their bytes, as those must whose text comes from several
    /// members; and the address of the first byte of this one.
    fn absolute(&self) -> (Place, u64) {
        match self.place.origin {
            Origin::Raw(base) => (Place { origin: Origin::Raw(0), ..self.place.clone() }, base),
            _ => (Place { origin: Origin::Lost, ..self.place.clone() }, 0),
        }
    }
}

/// Reads a member as markup; one that is not in an encoding of ASCII's as an object. `absolute`: the reader is told
/// addresses, not offsets.
pub(crate) fn markup(
    source: &dyn Source,
    part: &Part<'_>,
    absolute: bool,
    reader: &mut impl Reader,
    inquiry: &mut Inquiry,
) -> Result<(), OpaqueReason> {
    let mut markup = Markup::new(None);
    let (_, base) = part.absolute();
    let mut at = if absolute { base } else { 0 };
    let (mut other, mut begun) = (None, false);
    let mut decoder = part.wide.map(Decoder::new);
    let result = zip::stream(source, part.entry, inquiry, &mut |bytes, inquiry| {
        let bytes = match &mut decoder {
            Some(decoder) => decoder.decode(bytes, false).as_bytes(),
            None => bytes,
        };
        if !std::mem::replace(&mut begun, true) && part.wide.is_none() && super::xml::hides_digits(bytes) {
            other = Some(Object::new(Hint::default(), part.place.clone()));
        }
        match &mut other {
            Some(object) => object.push(bytes, inquiry),
            None => markup.block(bytes, at, reader, inquiry),
        }
        at += bytes.len() as u64;
    });
    if let Some(mut decoder) = decoder {
        markup.block(decoder.decode(b"", true).as_bytes(), at, reader, inquiry);
    }
    markup.finish(reader, inquiry);
    if let Some(mut object) = other {
        object.finish_packed(None, part.entry.packed, inquiry);
    }
    result
}

/// Reads a member for what it says of others; it is inspected in its turn.
pub(crate) fn aside(
    source: &dyn Source,
    entry: &Entry,
    reader: &mut impl Reader,
    inquiry: &mut Inquiry,
) -> Result<(), OpaqueReason> {
    let part = Part::new(source, entry, Place::top(Origin::Lost), inquiry);
    markup(source, &part, false, reader, inquiry)
}

/// Reads a member as XML of any vocabulary.
pub(crate) fn xml(source: &dyn Source, part: &Part<'_>, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    let mut reader = Xml::typed(part.place.clone());
    let result = markup(source, part, false, reader.document(), inquiry);
    reader.end(inquiry);
    result
}

/// Scans the attributes of a tag for what people write into them; unless it is known for that, only those that may hold
/// a number or a name.
///
/// Tells whether nothing is in them, as far as their bytes tell that.
pub(crate) fn attributes(tag: &Tag<'_>, always: bool, text: &mut Text, inquiry: &mut Inquiry) -> bool {
    if !always && !tag.is_telling() {
        return true;
    }
    let (mut found, mut nothing) = (Vec::new(), true);
    for ((_, written, _), (_, value)) in tag.pairs().zip(tag.attributes()) {
        if is_nothing(written, &text.place, inquiry) {
            continue;
        }
        nothing = false;
        let before = found.len();
        text::value(&text.place, &typed(value), None, inquiry, &mut found);
        if found.len() == before && is_word(written) {
            inquiry.found_nothing(written, None);
        }
    }
    let marks = found.into_iter().filter_map(|f| inquiry.report(f)).collect();
    text.mark(marks);
    nothing
}

/// Whether there is nothing in the value of an attribute, told from its bytes: most are the numbers of things.
fn is_nothing(written: &[u8], place: &Place, inquiry: &mut Inquiry) -> bool {
    // Numbers of twelve digits are counted.
    let nothing = is_word(written)
        && written.len() != 12
        && !inquiry.reads_all(place)
        && place.charset.is_none()
        && inquiry.told(written, 0..written.len(), None) == Told::Nothing;
    if nothing {
        inquiry.looked_at(place, written.len());
    }
    nothing
}

/// Whether a value stands for itself: no reference to a character, nothing encoded, no number with a fraction or exponent.
fn is_word(written: &[u8]) -> bool {
    written.iter().all(u8::is_ascii_alphanumeric) && exponential(written) != Some(true)
}

/// Whether digits around an `e` are a number as programs write one, with a point or one digit before and a sign or two digits
/// behind: other such are the numbers of paragraphs and the like, in hexadecimal (`055000E4`). `None` without one.
fn exponential(written: &[u8]) -> Option<bool> {
    let at = memchr::memchr2(b'e', b'E', written)?;
    let (before, behind) = written.split_at(at);
    let is_digit = |rest: &[u8]| matches!(rest, [b'0'..=b'9'] | [b'-', b'0'..=b'9']);
    Some((before.contains(&b'.') || is_digit(before)) && (behind.len() <= 3 || matches!(behind, [_, b'+' | b'-', ..])))
}

/// The value of an attribute, which must stay a number if it is one.
pub(crate) fn typed(value: View) -> View {
    let number = value.text.iter().all(|b| b.is_ascii_digit() || b"+-.eE".contains(b))
        && exponential(&value.text) != Some(false);
    match value.object_span(&(0..value.text.len())) {
        Some(span) if number => {
            let (mut typed, mut text) = (View::default(), Vec::new());
            shown(&value.text, 0, &mut text);
            typed.push_number(&text, span.start, span.end - span.start);
            typed.number = true;
            typed
        }
        _ => value,
    }
}
