//! PDF: everything in a file that says something, wherever it stands (ISO 32000-2).
//!
//! Shown text in the order of the content streams, form fields, annotations, bookmarks and properties, attached files
//! and pictures as members, older versions of changed pages, and bytes that belong to nothing. Nothing is drawn, no
//! script is run, no reference leaves the file. It is read apart (`crate::extract`): this is what the other side does.

mod boxes;
mod budget;
mod cmap;
mod content;
mod crypt;
mod document;
mod filter;
mod font;
mod glyphs;
pub(super) mod layout;
mod lex;
mod picture;
mod program;
mod rest;
mod tables;
#[cfg(test)]
mod tests;
mod walk;

use chot_model::{OpaqueReason, Secret};

use super::{Format, Room};
use crate::extract::{self, Bounds, Kind, Piece};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pdf",
    // Readers accept the mark anywhere in the first kilobyte (ISO 32000-2, annex I).
    matches: |head| {
        memchr::memmem::find(head.bytes.get(..head.bytes.len().min(1_024)).unwrap_or_default(), b"%PDF-").is_some()
    },
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Pdf, source, place, inquiry)),
    #[cfg(test)]
    example: || "%PDF-1.7\n1 0 obj (Số CCCD 001090123456) endobj".into(),
};

/// Reads a file and tells `each` what it holds, until that says stop.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(
    bytes: &[u8],
    bounds: &Bounds,
    passwords: &[Secret],
    each: &mut dyn FnMut(Piece<'_>) -> bool,
) -> Result<(), OpaqueReason> {
    let budget = budget::Budget::new(bytes.len(), bounds);
    match walk::walk(bytes, &budget, passwords, each) {
        // Whoever wants no more has said why.
        Ok(()) | Err(budget::Stop::Closed) => Ok(()),
        Err(budget::Stop::Bound(reason)) => Err(reason),
    }
}
