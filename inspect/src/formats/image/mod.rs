//! Pictures: the codes on them, the words in them as far as a reader is installed, and what is written beside them.
//!
//! Pixels are decoded apart ([`read`], `crate::extract`): what comes back are texts of codes and pages of grey. What is
//! written beside the pixels is inspected here. Nothing on a picture can be redacted.

mod bmp;
mod card;
pub(crate) mod drawn;
mod frames;
mod gif;
mod gray;
mod heif;
mod jpeg;
mod lines;
mod look;
mod mend;
mod mrz;
mod ocr;
mod pages;
mod passes;
mod png;
mod qr;
pub(crate) mod raster;
mod set;
mod tiff;
mod told;
mod upright;
mod webp;
mod writing;

use std::borrow::Cow;
use std::time::Duration;

use chot_model::{DetectorId, OpaqueReason};
use sha2::{Digest, Sha256};

use super::Format;
use super::pdf;
use super::rest;
use super::unknown::{Appended, Strings};
use crate::Hint;
use crate::extract::{Bounds, Kind, Piece};
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, Object};
use crate::redact::Origin;
use crate::source::{Source, read_range};
pub(super) use frames::PIXELS_MAX;
use frames::{Budget, Frames};
use passes::Passes;
use told::{Event, Print, Told};

/// The formats of pictures.
pub(crate) const JPEG: &Format = &jpeg::FORMAT;
pub(crate) const PNG: &Format = &png::FORMAT;
pub(crate) const WEBP: &Format = &webp::FORMAT;
pub(crate) const GIF: &Format = &gif::FORMAT;
pub(crate) const BMP: &Format = &bmp::FORMAT;
pub(crate) const TIFF: &Format = &tiff::FORMAT;
pub(crate) const HEIF: &Format = &heif::FORMAT;

pub use ocr::is_installed as reads_print;

/// A larger file is not decoded; no camera makes one.
const BYTES_MAX: u64 = 100 << 20;
/// Texts beside the pixels, and bytes of one: longer is none that a person reads.
const TEXTS_MAX: usize = 1_000;
const TEXT_MAX: usize = 16 << 20;

/// Shows the frames of a file, or tells why it cannot.
type Decode = fn(&[u8], &mut Frames<'_>) -> Result<(), OpaqueReason>;
/// Finds what is written beside the pixels.
type Texts = fn(&[u8]) -> Vec<Text<'_>>;

/// Something beside the pixels.
struct Text<'a> {
    name: String,
    bytes: Cow<'a, [u8]>,
    kind: Beside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// A comment, a property.
    Text,
    /// A smaller picture of the same.
    Preview,
    /// What a program that shows the picture has no use for.
    Rest,
    /// What only its makers know: a camera's notes, a program's settings. A file may stand in it.
    Notes,
    /// Another picture, which is not decoded.
    Picture,
}

impl<'a> Text<'a> {
    fn new(name: &str, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.to_owned(), bytes: bytes.into(), kind: Beside::Text }
    }

    /// What only its makers know.
    fn notes(name: &str, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { kind: Beside::Notes, ..Self::new(name, bytes) }
    }

    /// What stands behind the picture, or in a part of its file that nobody knows.
    fn rest(name: &str, bytes: &'a [u8]) -> Self {
        Self { kind: Beside::Rest, ..Self::new(name, bytes) }
    }
}

/// How to decode what begins so.
fn decoder(bytes: &[u8]) -> Decode {
    match bytes {
        [0xff, 0xd8, ..] => jpeg::decode,
        [0x89, b'P', ..] => png::decode,
        [b'G', b'I', b'F', ..] => gif::decode,
        [b'R', b'I', b'F', b'F', ..] => webp::decode,
        [b'B', b'M', ..] => bmp::decode,
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff::decode,
        _ => heif::decode,
    }
}

/// Reads the pictures of a file and tells `each` what they hold, until that says stop. Its work is counted and not timed,
/// so that a machine under load says the same of a picture as one at rest.
///
/// # Errors
/// Never: what is not understood is told.
pub(crate) fn read(bytes: &[u8], each: &mut dyn FnMut(Piece<'_>) -> bool) -> Result<(), OpaqueReason> {
    told::tell(look::events(bytes, decoder(bytes), &Budget::default()), each);
    Ok(())
}

/// Letters of a preview that may be large ones.
const PREVIEW_TEXT_MAX: usize = 120;

/// Inspects a file of pictures.
fn inspect(source: &dyn Source, place: &Place, inquiry: &mut Inquiry, texts: Texts) -> Option<&'static str> {
    scan_bytes(source, place, inquiry);
    if source.len() > BYTES_MAX {
        inquiry.refuse(place, OpaqueReason::TooLarge, source.len());
        return None;
    }
    let Ok(bytes) = read_range(source, 0..source.len()) else {
        inquiry.refuse(place, OpaqueReason::Failed, source.len());
        return None;
    };
    pdf::carried(&bytes, place, inquiry);
    for (n, text) in texts(&bytes).into_iter().enumerate() {
        if n >= TEXTS_MAX {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
            break;
        }
        let member = place.member(&text.name, Origin::Lost);
        let text_place = Place { again: true, preview: text.kind != Beside::Text, ..member };
        match text.kind {
            Beside::Notes => {
                if let Some(file) = rest::within(&text.bytes) {
                    object(file, text_place, inquiry);
                }
            }
            Beside::Rest => rest::inspect(&text.bytes, &place.member(&text.name, Origin::Lost), inquiry),
            Beside::Picture => inquiry.opaque(place, OpaqueReason::UnsupportedFormat, text.bytes.len() as u64),
            Beside::Text | Beside::Preview if text.bytes.len() <= TEXT_MAX => object(&text.bytes, text_place, inquiry),
            Beside::Text | Beside::Preview => {
                inquiry.refuse(&text_place, OpaqueReason::TooLarge, text.bytes.len() as u64);
            }
        }
    }
    let bounds = Bounds { decoded_bytes_max: u64::MAX, time_max: inquiry.time_left() };
    let extractor = inquiry.extractor.clone();
    let mut told = Told::default();
    if let Err(reason) = extractor.extract(Kind::Picture, &bytes, bounds, &[], &mut |piece| told.take(piece)) {
        inquiry.refuse(place, reason, source.len());
    }
    let (mut codes, mut cards) = (0, 0);
    let mut passes = Passes::default();
    let before = inquiry.identifiers();
    let events: Vec<Event> = told.events().collect();
    let is_small = events.iter().all(|event| !matches!(event, Event::Print(print) if !print.small));
    for event in events {
        match event {
            Event::Code(text) => {
                codes += 1;
                let name = if codes == 1 { "qr".to_owned() } else { format!("qr{codes}") };
                object(&text, place.member(&name, Origin::Lost), inquiry);
            }
            // A page of so few dots looks like a card, and is in the document.
            Event::Card if place.preview && is_small => {}
            Event::Card => {
                cards += 1;
                inquiry.seen(DetectorId::CardImage, place, card_value(&bytes, cards));
            }
            Event::Print(Print { page, small, card }) => {
                let may_read = ocr::is_installed() && inquiry.limits.print_time_max > Duration::ZERO;
                let mut time = ocr::Time { left: inquiry.print_left, deadline: inquiry.deadline() };
                let page = if may_read { pages::read(page, &mut time) } else { ocr::Page::default() };
                inquiry.print_left = time.left;
                let set = set::set(&page.said, page.is_read());
                // Of a page shown so small digits are guessed; letters of which a preview has room for a line are not.
                let is_guessed = place.preview && small && set.text.chars().count() > PREVIEW_TEXT_MAX;
                if !set.text.is_empty() && !is_guessed {
                    passes.add(set.text, card);
                }
                if place.preview && small {
                    // Nobody reads more of it, and what it shows stands in the document.
                } else if may_read && time.is_over() {
                    inquiry.refuse(place, OpaqueReason::TimeLimit, source.len());
                } else if !page.is_read() || set.is_torn {
                    inquiry.refuse(place, OpaqueReason::UnsupportedFormat, source.len());
                }
            }
            // Writing that is there and was not read is so however the picture was come by.
            Event::Opaque(OpaqueReason::UnsupportedFormat) => {
                inquiry.refuse(place, OpaqueReason::UnsupportedFormat, source.len());
            }
            Event::Opaque(reason) => inquiry.opaque(place, reason, source.len()),
        }
    }
    for text in passes.agreed() {
        object(text.as_bytes(), place.member("ocr", Origin::Lost), inquiry);
    }
    // A card on which no number was read was not read, however sure the reader is of its words.
    if cards > 0 && inquiry.identifiers() == before {
        inquiry.refuse(place, OpaqueReason::UnsupportedFormat, source.len());
    }
    None
}

/// What stands for a card whose number nobody read: the file it is on, and which of its cards it is.
fn card_value(file: &[u8], n: usize) -> String {
    let hash = Sha256::digest(file);
    let short = hash.iter().take(8).fold(0u64, |short, byte| short << 8 | u64::from(*byte));
    format!("{short:016x}/{n}")
}

/// Inspects what a picture carries as an object of its own.
fn object(bytes: &[u8], place: Place, inquiry: &mut Inquiry) {
    if place.depth > inquiry.limits.depth_max {
        return inquiry.refuse(&place, OpaqueReason::TooDeep, bytes.len() as u64);
    }
    let mut object = Object::new(Hint::default(), place);
    object.push(bytes, inquiry);
    object.finish(None, inquiry);
}

/// Looks at the bytes as they are: words that stand open among them, an archive behind them.
pub(super) fn scan_bytes(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) {
    let (mut strings, mut appended) = (Strings::new(place), Appended::new(place));
    let mut buffer = vec![0; BLOCK];
    let mut at = 0;
    while at < source.len() && !inquiry.is_late(place) {
        match source.read_at(at, &mut buffer) {
            Ok(n @ 1..) => {
                let bytes = buffer.get(..n).unwrap_or_default();
                strings.read(bytes, inquiry);
                appended.read(bytes, inquiry);
                at += n as u64;
            }
            Ok(0) | Err(_) => {
                inquiry.refuse(place, OpaqueReason::Failed, source.len() - at);
                break;
            }
        }
    }
    strings.end(inquiry);
    appended.end(inquiry);
}
