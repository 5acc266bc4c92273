//! Metafiles: drawings as the calls that draw them. Windows keeps them as EMF and WMF, LibreOffice as SVM.
//!
//! A table that was pasted as a picture is one, and so is what a document shows in place of an object within it. Their
//! texts are put in order as they are seen, line by line, and read as any text; pictures within are objects of their own.
//! Outlines that may be letters, and letters told by the number of their shape, make a metafile opaque.
//!
//! Formats: MS-EMF, MS-EMFPLUS, MS-WMF; `vcl/source/gdi/svmreader.cxx` of LibreOffice for SVM.

mod enhanced;
mod plane;
mod plus;
mod star;
#[cfg(test)]
mod tests;
mod windows;

use chot_model::OpaqueReason;

use self::plane::Plane;
use super::{Format, Room, image, pdf, rest};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{enter, section};
use crate::redact::Origin;
use crate::source::{Source, read_range};
use crate::text::Text;

pub(crate) const ENHANCED: Format = Format {
    media_type: "image/emf",
    matches: |head| head.bytes.starts_with(&[1, 0, 0, 0]) && head.bytes.get(40..44) == Some(b" EMF"),
    room: Room::Whole(|source, place, inquiry| inspect(source, place, inquiry, enhanced::read)),
    #[cfg(test)]
    example: || tests::enhanced(&[tests::said(10, 10, "Số CCCD 001090123456")]),
};

pub(crate) const WINDOWS: Format = Format {
    media_type: "image/wmf",
    matches: |head| windows::is_one(head.bytes),
    room: Room::Whole(|source, place, inquiry| inspect(source, place, inquiry, windows::read)),
    #[cfg(test)]
    example: || tests::windows(&[tests::written(10, 10, b"So CCCD 001090123456")]),
};

pub(crate) const STAR: Format = Format {
    media_type: "image/x-svm",
    matches: |head| head.bytes.starts_with(star::MARK),
    room: Room::Whole(|source, place, inquiry| inspect(source, place, inquiry, star::read)),
    #[cfg(test)]
    example: || tests::star(&[tests::shown_at(10, 10, "Số CCCD 001090123456")]),
};

/// A larger file is not held.
const BYTES_MAX: u64 = 64 << 20;
/// Pictures of one metafile that are looked at.
const PICTURES_MAX: usize = 256;
/// Curves of one metafile from which on they may be the outlines of letters.
const CURVES_MAX: usize = 400;

/// What reads the records of one kind of metafile. Tells why it could not read on.
type Read = fn(&[u8], &mut Drawing, &mut Inquiry) -> Result<(), OpaqueReason>;

fn inspect(source: &dyn Source, place: &Place, inquiry: &mut Inquiry, read: Read) -> Option<&'static str> {
    let len = source.len();
    let bytes = if len > BYTES_MAX { None } else { read_range(source, 0..len).ok() };
    // Comments are for programs, and something else may stand behind.
    image::scan_bytes(source, &Place { again: bytes.is_some(), ..place.clone() }, inquiry);
    let Some(bytes) = bytes else {
        inquiry.refuse(place, if len > BYTES_MAX { OpaqueReason::TooLarge } else { OpaqueReason::Failed }, len);
        return None;
    };
    let mut drawing = Drawing::new(place);
    match read(&bytes, &mut drawing, inquiry) {
        Ok(()) => {
            let behind = bytes.get(drawing.end..).unwrap_or_default();
            rest::inspect(behind, &place.member("appended", Origin::Lost), inquiry);
        }
        Err(reason) => inquiry.refuse(place, reason, len),
    }
    // It may be one in ways of its own, unless all of that stands in one place and was read there.
    let objects = |bytes: &[u8]| memchr::memmem::find_iter(bytes, b"endobj").count();
    if drawing.objects.is_none_or(|read| read != objects(&bytes)) {
        pdf::carried(&bytes, place, inquiry);
    }
    drawing.finish(len, inquiry);
    None
}

/// What has been read of a metafile.
struct Drawing {
    place: Place,
    text: Text,
    plane: Plane,
    pictures: usize,
    curves: usize,
    /// Letters were told by the numbers of their shapes.
    shapes: bool,
    /// How many objects of PDF it holds that were read as such.
    objects: Option<usize>,
    /// Where its last record ends.
    end: usize,
}

impl Drawing {
    fn new(place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        Self {
            text: Text::prose(place.clone()),
            place,
            plane: Plane::default(),
            pictures: 0,
            curves: 0,
            shapes: false,
            objects: None,
            end: 0,
        }
    }

    /// Puts a text at its place.
    fn write(&mut self, spot: plane::Spot, text: String, inquiry: &mut Inquiry) {
        if self.plane.write(spot, text) {
            self.page(inquiry);
        }
    }

    /// Reads what was written so far.
    fn page(&mut self, inquiry: &mut Inquiry) {
        self.plane.read(&self.place, &mut self.text, inquiry);
    }

    /// Looks at a picture, or another drawing, within.
    fn picture(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        self.pictures += 1;
        if self.pictures > PICTURES_MAX {
            return inquiry.refuse(&self.place, OpaqueReason::TooMany, bytes.len() as u64);
        }
        let member = self.place.member(&format!("picture {}", self.pictures), Origin::Lost);
        if enter("", &member, inquiry) {
            section(&bytes.to_vec(), 0, bytes.len() as u64, Hint::default(), member, inquiry);
        }
    }

    /// As [`Self::picture`], of a bitmap without the header of a file: its own header with its colours, and its rows.
    fn bitmap(&mut self, header: &[u8], rows: &[u8], inquiry: &mut Inquiry) {
        const FILE_HEADER: usize = 14;
        let start = FILE_HEADER + header.len();
        let mut file = b"BM".to_vec();
        for number in [start + rows.len(), 0, start] {
            file.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        file.extend_from_slice(header);
        file.extend_from_slice(rows);
        self.picture(&file, inquiry);
    }

    fn finish(mut self, len: u64, inquiry: &mut Inquiry) {
        self.page(inquiry);
        self.text.finish(inquiry);
        if self.shapes || self.curves > CURVES_MAX {
            inquiry.refuse(&self.place, OpaqueReason::UnsupportedFormat, len);
        }
    }
}
