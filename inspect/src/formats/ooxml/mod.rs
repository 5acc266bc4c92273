//! Office Open XML (ECMA-376): workbooks and documents, read from the members of their archive.
//!
//! Every member is read: those of a known kind as sheets and paragraphs, other XML as XML, the rest as objects.
//! Hidden sheets, rows, columns and text are read like all others. Charts, pictures and macros are objects.

mod binary;
mod sheet;
mod strings;
mod words;

use chot_model::OpaqueReason;

use super::Stream;
use super::unknown::Strings;
use super::xml::Xml;
use super::zip::{self, Directory, Entry};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader};
use crate::object;
use crate::redact::Origin;
use crate::source::Source;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const XLSB: &str = "application/vnd.ms-excel.sheet.binary.macroenabled.12";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Reads the archive as an Office document; `None` when it is none.
pub(crate) fn read(
    source: &dyn Source,
    directory: &Directory,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<&'static str> {
    let has = |name: &str| directory.entries.iter().any(|e| e.name.eq_ignore_ascii_case(name));
    let starts = |prefix: &str| directory.entries.iter().any(|e| e.name.starts_with(prefix));
    if !has("[Content_Types].xml") {
        return None;
    }
    let media_type = if starts("xl/") {
        XLSX
    } else if starts("word/") {
        DOCX
    } else if starts("ppt/") {
        PPTX
    } else {
        return None;
    };
    let workbook = (media_type == XLSX).then(|| sheet::Workbook::read(source, directory, inquiry));
    let mut binary = binary::is_one(directory).then(|| binary::Book::read(source, directory, place, inquiry));
    let mut table = None;
    if let Some(entry) = directory.entries.iter().find(|e| e.name == "xl/sharedStrings.xml") {
        table = Some(strings::Shared::read(source, entry, place, inquiry));
    }
    for entry in &directory.entries {
        let member = place.member(&entry.name, Origin::Lost);
        if !object::enter(&entry.name, &member, inquiry) {
            break;
        }
        if entry.is_folder() || table.is_some() && entry.name == "xl/sharedStrings.xml" {
            continue;
        }
        let name = entry.name.to_ascii_lowercase();
        let result = if let Some(book) = binary.as_mut().filter(|_| binary::Book::takes(&name)) {
            book.member(source, entry, &member, inquiry)
        } else if name.starts_with("xl/worksheets/") && name.ends_with(".xml") {
            let title = workbook.as_ref().and_then(|w| w.title(&entry.name)).unwrap_or(&entry.name);
            let place = Place { depth: place.depth + 1, origin: Origin::Lost, ..place.clone() };
            let formats = workbook.as_ref().map(|w| w.widths.clone()).unwrap_or_default();
            let mut reader = sheet::Sheet::new(place, title, table.as_mut(), formats);
            let result = markup(source, entry, &mut reader, inquiry);
            reader.finish(inquiry);
            result
        } else if (name.starts_with("word/") || name.starts_with("ppt/") || name.starts_with("xl/drawings/"))
            && name.ends_with(".xml")
            && !is_plain(&name)
        {
            let mut reader = words::Words::new(member.clone());
            let result = markup(source, entry, &mut reader, inquiry);
            reader.finish(inquiry);
            result
        } else if name.ends_with(".xml") || name.ends_with(".rels") || name.ends_with(".vml") {
            let mut xml = Box::new(Xml::new(member.clone()));
            let mut at = 0;
            let result = zip::stream(source, entry, inquiry, &mut |bytes, inquiry| {
                xml.block(bytes, at, inquiry);
                at += bytes.len() as u64;
            });
            xml.finish(inquiry);
            result
        } else if name.contains("printersettings") || name.ends_with(".odttf") {
            // Settings of a printer driver and embedded fonts: no document holds its content there, and nearly every
            // workbook has one. Looked through, not called opaque.
            let mut strings = Strings::new(&Place { again: true, ..member.clone() });
            let result = zip::stream(source, entry, inquiry, &mut |bytes, inquiry| strings.read(bytes, inquiry));
            strings.end(inquiry);
            result
        } else {
            zip::inspect(source, entry, member.clone(), inquiry);
            Ok(())
        };
        if let Err(reason) = result {
            inquiry.refuse(&member, reason, entry.packed);
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

/// Parts of a document that hold no running text.
fn is_plain(name: &str) -> bool {
    ["styles", "theme", "settings", "fonttable", "numbering", "websettings"].iter().any(|p| name.contains(p))
}

/// Reads a member as markup.
fn markup(
    source: &dyn Source,
    entry: &Entry,
    reader: &mut impl Reader,
    inquiry: &mut Inquiry,
) -> Result<(), OpaqueReason> {
    let mut markup = Markup::new(None);
    let mut at = 0;
    let result = zip::stream(source, entry, inquiry, &mut |bytes, inquiry| {
        markup.block(bytes, at, reader, inquiry);
        at += bytes.len() as u64;
    });
    markup.finish(reader, inquiry);
    result
}
