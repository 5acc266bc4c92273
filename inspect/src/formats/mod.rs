//! The formats: a room each, one line of registration each, in the order they are asked.

mod age;
mod ar;
mod boxed;
mod buried;
mod bzip2;
mod cab;
mod cms;
mod compound;
mod contentline;
mod cpio;
mod csv;
mod dbf;
mod dicom;
mod exchange;
mod form;
mod grpc;
mod gzip;
mod html;
mod image;
mod iso;
mod items;
mod javascript;
mod json;
mod known;
mod le;
mod locked;
mod mail;
mod mapi;
mod marked;
mod mbox;
mod metafile;
mod multipart;
mod numeral;
mod odf;
mod ooxml;
mod openssl;
mod packed;
mod packing;
mod parquet;
mod pdf;
mod pgp;
mod placed;
mod plain;
mod protobuf;
mod rar;
mod rest;
mod returns;
mod rtf;
mod sevenz;
mod shown;
mod sql;
mod sqlite;
mod strings;
mod svg;
mod tar;
mod telling;
mod tex;
mod unknown;
mod vault;
mod wide;
mod xml;
mod yenc;
mod zip;

use std::ops::Range;

use crate::inquiry::{Inquiry, Place};
use crate::object::BLOCK;
use crate::sniff::Head;
use crate::source::{Source, read_range};

/// A format: how to recognise it and how to read it.
pub(crate) struct Format {
    pub(crate) media_type: &'static str,
    /// Whether this is the beginning of one.
    pub(crate) matches: fn(&Head<'_>) -> bool,
    pub(crate) room: Room,
    /// A small example, for tests that walk the registry.
    #[cfg(test)]
    pub(crate) example: fn() -> Vec<u8>,
}

/// How a format is read.
#[derive(Clone, Copy)]
pub(crate) enum Room {
    /// Block by block as it arrives.
    Stream(fn(&Head<'_>, &Place) -> Box<dyn Stream>),
    /// At random, once all of it is there. May tell a more exact media type.
    Whole(fn(&dyn Source, &Place, &mut Inquiry) -> Option<&'static str>),
}

pub(crate) use age::MARK as ENCRYPTED_BY_AGE;
pub(crate) use buried::{Buried, may_hold};
pub(crate) use cms::is_one as is_cms;
pub(crate) use compound::read as read_compound;
pub(crate) use form::side as field;
pub use image::reads_print;
pub(crate) use image::{drawn, raster, read as read_picture};
pub(crate) use json::Keys;
pub(crate) use mapi::tnef::read as read_tnef;
pub(crate) use openssl::MARK as ENCRYPTED_BY_OPENSSL;
pub(crate) use packed::is_marked as is_packed;
pub(crate) use packing::{pack, unpack};
pub(crate) use parquet::read as read_parquet;
pub(crate) use pdf::read as read_pdf;
pub(crate) use pgp::is_sealed;
pub(crate) use rar::unpack as unpack_rar;
pub(crate) use sevenz::read as read_seven_zip;
pub(crate) use sqlite::read as read_sqlite;
pub(crate) use strings::scan_strings;
pub(crate) use unknown::{Appended, Ciphers};
pub(crate) use wide::Width;
#[cfg(test)]
pub(crate) use zip::archive;

/// A reader that takes blocks as they come.
pub(crate) trait Stream: Send {
    /// Takes the next block, whose first byte is byte `at` of the object.
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry);

    /// The object ends.
    fn finish(self: Box<Self>, inquiry: &mut Inquiry);
}

/// The format that reads an object: the first that matches, but a mail before all. Mail programs take it for one whatever
/// else its header holds, and a mark of PDF may stand anywhere in the first kilobyte.
pub(crate) fn of(head: &Head<'_>) -> Option<&'static Format> {
    let mut mail = all().filter(|format| format.media_type == mail::FORMAT.media_type);
    mail.find(|mail| (mail.matches)(head)).or_else(|| all().find(|format| (format.matches)(head)))
}

/// Whether a format is known by a mark that no chance has, and is no picture: keys and hashes decode to whatever they do, and to two
/// bytes of a mark or to fields that happen to fit soon enough. What is told of pictures their room tells.
pub(crate) fn is_certain(format: &Format) -> bool {
    const CERTAIN: &[&str] = &[
        "application/zip",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/x-lz4",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/vnd.rar; version=4",
        "application/vnd.ms-cab-compressed",
        "application/x-iso9660-image",
        "application/x-archive",
        "application/x-tar",
        "application/vnd.sqlite3",
        "application/vnd.sqlite3-wal",
        "application/dicom",
        "application/vnd.apache.parquet",
        "application/pdf",
        "application/x-ole-storage",
        "application/pkcs7-mime",
        "application/x-age-encryption",
        "application/x-openssl-enc",
    ];
    CERTAIN.contains(&format.media_type) || known::BY_BYTES.iter().any(|known| known.media_type == format.media_type)
}

/// What a mail is to other programs: the first format with a mark of its own, though a mail is declared.
fn besides_mail(head: &Head<'_>) -> Option<&'static Format> {
    let mut before = all().take_while(|format| format.media_type != mail::FORMAT.media_type);
    before.find(|format| (format.matches)(head))
}

/// Whether bytes of a source are nothing but zeros.
fn is_zero(source: &dyn Source, Range { start: mut at, end }: Range<u64>) -> bool {
    while at < end {
        let upto = end.min(at + BLOCK as u64);
        if !read_range(source, at..upto).is_ok_and(|bytes| bytes.iter().all(|b| *b == 0)) {
            return false;
        }
        at = upto;
    }
    true
}

/// Every format, in the order in which they are asked.
pub(crate) fn all() -> impl Iterator<Item = &'static Format> {
    known::ALL.iter().chain(FORMATS).copied()
}

/// Those that are read: those with a mark of their own before those told by shape.
const FORMATS: &[&Format] = &[
    // It begins with its length, which may be any mark: one of 376 bytes begins like zlib.
    &items::BSON,
    &zip::FORMAT,
    &gzip::GZIP,
    &gzip::ZLIB,
    &bzip2::FORMAT,
    &packed::XZ,
    &packed::ZSTD,
    &packed::LZ4,
    &packed::LZMA,
    &packed::COMPRESS,
    &sevenz::FORMAT,
    &rar::FIVE,
    &rar::FOUR,
    &sqlite::FORMAT,
    &sqlite::LOG,
    &dbf::FORMAT,
    &dicom::FORMAT,
    &parquet::FORMAT,
    &grpc::FORMAT,
    &protobuf::FORMAT,
    &cab::FORMAT,
    &iso::FORMAT,
    &ar::FORMAT,
    &cpio::FORMAT,
    &tar::FORMAT,
    &pdf::FORMAT,
    &compound::FORMAT,
    &mapi::tnef::FORMAT,
    &cms::FORMAT,
    &age::FORMAT,
    &openssl::FORMAT,
    &vault::FORMAT,
    &pgp::FORMAT,
    image::JPEG,
    image::PNG,
    image::WEBP,
    image::GIF,
    image::BMP,
    image::TIFF,
    image::HEIF,
    &metafile::ENHANCED,
    &metafile::WINDOWS,
    &metafile::STAR,
    &items::CBOR,
    &items::MESSAGE_PACK,
    &rtf::FORMAT,
    &mbox::FORMAT,
    &mail::FORMAT,
    &multipart::FORMAT,
    // By their shape: most of an upload or mail may be such text.
    &wide::UTF16_LITTLE,
    &wide::UTF16_BIG,
    &wide::UTF32_LITTLE,
    &wide::UTF32_BIG,
    &yenc::FORMAT,
    &contentline::VCARD,
    &contentline::CALENDAR,
    &contentline::LDIF,
    &exchange::SYLK,
    &exchange::DIF,
    &svg::FORMAT,
    &ooxml::WORKBOOK,
    &ooxml::LETTER,
    &ooxml::LAID,
    &ooxml::PACKAGE,
    &html::FORMAT,
    &odf::FLAT,
    &xml::FORMAT,
    &json::FORMAT,
    &tex::FORMAT,
    &form::FORMAT,
    &javascript::FORMAT,
    &sql::FORMAT,
    &csv::TABS,
    &csv::SEMICOLONS,
    &csv::PIPES,
    &csv::CARETS,
    &csv::TILDES,
    &csv::HASHES,
    &csv::COMMAS,
    &plain::FORMAT,
    &unknown::FORMAT,
];

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    /// One is told by its declared type alone.
    fn hint(format: &Format) -> Hint {
        let is_declared = format.media_type == protobuf::FORMAT.media_type;
        Hint { name: None, content_type: is_declared.then(|| format.media_type.to_owned()) }
    }

    #[test]
    fn every_format_knows_its_example_and_finds_what_it_holds() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for format in all() {
            let bytes = (format.example)();
            let inspection = inspector.inspect(hint(format), &bytes).inspection;
            assert_eq!(inspection.object.media_type, format.media_type);
            assert!(inspection.distinct(DetectorId::Cccd) > 0, "{}: {inspection:?}", format.media_type);
        }
    }

    #[test]
    fn every_example_is_understood_to_its_last_byte_or_says_why_not() {
        use chot_model::OpaqueReason::{Encrypted, ParseError, UnsupportedFormat};
        let inspector = Inspector::new(Limits::default(), 2026);
        for format in all() {
            let inspection = inspector.inspect(hint(format), &(format.example)()).inspection;
            let why = match format.media_type {
                "application/octet-stream" | "image/heif" => Some(UnsupportedFormat),
                _ if known::ALL.iter().any(|known| known.media_type == format.media_type) => Some(UnsupportedFormat),
                "application/pgp-encrypted"
                | "application/x-openssl-enc"
                | "application/x-ansible-vault"
                | "application/x-age-encryption" => Some(Encrypted),
                // Their examples are no more than a mark.
                "application/pdf" => Some(ParseError),
                "image/svg+xml" | "image/emf" | "image/wmf" | "image/x-svm" => None,
                kind if kind.starts_with("image/") => Some(ParseError),
                _ => None,
            };
            let understood = if why.is_some() { 0 } else { inspection.object.bytes };
            assert_eq!(inspection.object.bytes_inspected, understood, "{}", format.media_type);
            let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
            assert_eq!(reasons, Vec::from_iter(why), "{}", format.media_type);
        }
    }

    #[test]
    fn every_format_has_its_row_and_section_in_the_manual_and_is_redacted_as_it_says() {
        let page = include_str!("../../../docs/formats.md");
        let anchor = |heading: &str| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        };
        let sections: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
        let inspector = Inspector::new(Limits::default(), 2026);
        let ids: Vec<DetectorId> = DetectorId::identifiers().collect();
        let mut wrong = Vec::new();
        for format in all() {
            let kind = format.media_type;
            // Type, what tells it, what becomes of a finding in it, and where it is described.
            let Some(row) = page.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))) else {
                wrong.push(format!("{kind}: not in the table"));
                continue;
            };
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [_, _, redacted, section] = cells.as_slice() else { panic!("{row}") };
            let section = section.split_once("(#").map(|(_, rest)| rest.trim_end_matches(')')).unwrap_or_default();
            if !sections.iter().any(|known| known == section) {
                wrong.push(format!("{kind}: no section {section}"));
            }
            let bytes = (format.example)();
            let edits = inspector.inspect(hint(format), &bytes).redact(&ids, &bytes);
            if edits.is_ok() != redacted.starts_with("yes") || edits.is_err() != (*redacted == "blocked") {
                wrong.push(format!("{kind}: {redacted}, but {edits:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn no_type_is_registered_twice_but_the_tables() {
        let types: Vec<_> = all().map(|f| f.media_type).filter(|t| *t != "text/csv").collect();
        assert!(types.iter().enumerate().all(|(n, t)| !types[n + 1..].contains(t)));
    }
}
