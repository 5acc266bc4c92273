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
mod drawing;
mod filter;
mod font;
mod glyphs;
mod inline;
pub(super) mod layout;
mod lex;
mod outlines;
mod picture;
mod program;
mod rest;
mod tables;
#[cfg(test)]
mod tests;
mod walk;

use chot_model::{OpaqueReason, Secret};

use super::{Format, Room};
use crate::Hint;
use crate::extract::{self, Bounds, Kind, Piece};
use crate::inquiry::{Inquiry, Place};
use crate::object::{enter, section};
use crate::redact::Origin;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pdf",
    matches: |head| match mark(head.bytes) {
        Some(0) => true,
        // A picture that carries one is both, and its room reads it.
        Some(_) => !super::all().any(|format| is_picture(format) && (format.matches)(head)),
        None => false,
    },
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Pdf, source, place, inquiry)),
    #[cfg(test)]
    example: || "%PDF-1.7\n1 0 obj (Số CCCD 001090123456) endobj".into(),
};

const MARK: &[u8] = b"%PDF-";

/// Where a file begins: readers accept the mark anywhere in the first kilobyte (ISO 32000-2, annex I).
fn mark(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(..bytes.len().min(1_024)).unwrap_or_default(), MARK)
}

fn is_picture(format: &Format) -> bool {
    format.media_type.starts_with("image/") && matches!(format.room, Room::Whole(_))
}

/// Reads the file that a picture is to readers of PDF, if it is one.
pub(super) fn carried(picture: &[u8], place: &Place, inquiry: &mut Inquiry) {
    if let Some(at) = mark(picture).filter(|at| *at > 0) {
        let member = place.member("pdf", Origin::Lost);
        if enter("", &member, inquiry) {
            section(&picture.to_vec(), at as u64, picture.len() as u64, Hint::default(), member, inquiry);
        }
    }
}

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
