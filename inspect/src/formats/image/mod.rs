//! Pictures: the codes on them, the words in them as far as a reader is installed, and what is written beside them.
//!
//! Pixels are decoded apart ([`read`], `crate::extract`): what comes back are texts of codes and pages of grey. What is
//! written beside the pixels is inspected here. Nothing on a picture can be redacted.

mod bmp;
mod frames;
mod gif;
mod gray;
mod heif;
mod jpeg;
mod mrz;
mod ocr;
mod png;
mod qr;
mod tiff;
mod webp;
mod writing;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use chot_model::OpaqueReason;

use super::Format;
use super::unknown::{Appended, Strings};
use crate::Hint;
use crate::extract::{Bounds, Kind, Piece};
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, Object};
use crate::redact::Origin;
use crate::source::{Source, read_range};
use frames::{Budget, Frames};
use gray::Gray;

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
/// Time for the pictures of one file.
const TIME_MAX: Duration = Duration::from_secs(10);
/// Texts beside the pixels, and bytes of one: longer is none that a person reads.
const TEXTS_MAX: usize = 1_000;
const TEXT_MAX: usize = 16 << 20;

/// Shows the frames of a file, or tells why it cannot.
type Decode = fn(&[u8], &mut Frames<'_>) -> Result<(), OpaqueReason>;
/// Finds what is written beside the pixels.
type Texts = fn(&[u8]) -> Vec<Text<'_>>;

/// Something written beside the pixels: a comment, a property, what stands behind the end.
struct Text<'a> {
    name: String,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Text<'a> {
    fn new(name: &str, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.to_owned(), bytes: bytes.into() }
    }
}

/// What reading pictures tells.
#[derive(Debug)]
enum Event {
    /// The text of a code.
    Code(Vec<u8>),
    /// Something that looks like writing, ready for a reader of print.
    Print(Gray),
    /// Something is not understood.
    Opaque(OpaqueReason),
}

/// Names of what is told: the text of a code; a page, behind its width in four bytes, little end first.
const CODE: &str = "qr";
const PRINT: &str = "print";
/// Bytes told at a time.
const PIECE: usize = 1 << 16;

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

/// Reads the pictures of a file and tells `each` what they hold, until that says stop.
///
/// # Errors
/// Never: what is not understood is told.
pub(crate) fn read(bytes: &[u8], bounds: &Bounds, each: &mut dyn FnMut(Piece<'_>) -> bool) -> Result<(), OpaqueReason> {
    let deadline = Instant::now().checked_add(bounds.time_max.min(TIME_MAX));
    for event in events(bytes, &Budget { deadline, ..Budget::default() }) {
        let (name, content) = match event {
            Event::Opaque(reason) => {
                if !each(Piece::Opaque { part: "", reason }) {
                    break;
                }
                continue;
            }
            Event::Code(text) => (CODE, text),
            Event::Print(page) => {
                let width = u32::try_from(page.width()).unwrap_or_default().to_le_bytes();
                (PRINT, [&width, page.pixels()].concat())
            }
        };
        if !(each(Piece::Member { name }) && content.chunks(PIECE).all(|some| each(Piece::Bytes(some)))) {
            break;
        }
    }
    Ok(())
}

/// What was told, put together. It is a stranger's: what makes no sense is nothing.
#[derive(Default)]
struct Told {
    members: Vec<(bool, Vec<u8>)>,
    opaque: Vec<OpaqueReason>,
    bytes: usize,
}

impl Told {
    const BYTES_MAX: usize = PRINTS_MAX * (PRINT_SIDE_MAX * PRINT_SIDE_MAX + 4) + (1 << 20);
    const MEMBERS_MAX: usize = 1_000;

    /// Takes a piece; false when it is too much.
    fn take(&mut self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Member { name } => self.members.push((name == PRINT, Vec::new())),
            Piece::Bytes(bytes) => {
                self.bytes += bytes.len();
                if let Some((_, member)) = self.members.last_mut().filter(|_| self.bytes <= Self::BYTES_MAX) {
                    member.extend_from_slice(bytes);
                }
            }
            Piece::Opaque { reason, part: _ } => self.opaque.push(reason),
            Piece::Text { .. } | Piece::Row { .. } | Piece::Field { .. } => {}
        }
        let fits = self.bytes <= Self::BYTES_MAX && self.members.len() + self.opaque.len() <= Self::MEMBERS_MAX;
        if !fits {
            self.opaque.push(OpaqueReason::TooLarge);
        }
        fits
    }

    fn events(self) -> impl Iterator<Item = Event> {
        let members = self.members.into_iter().map(|(is_print, bytes)| match bytes.split_first_chunk::<4>() {
            Some((width, pixels)) if is_print => {
                Event::Print(Gray::new(u32::from_le_bytes(*width) as usize, pixels.to_vec()))
            }
            _ => Event::Code(bytes),
        });
        self.opaque.into_iter().map(Event::Opaque).chain(members)
    }
}

/// Pages of print told of one file.
const PRINTS_MAX: usize = 8;
/// Side of a page that a reader of print gets: larger takes longer and reads no better.
const PRINT_SIDE_MAX: usize = 2_400;
/// Side below which it reads better what is made twice as large.
const PRINT_SIDE_MIN: usize = 1_000;

/// Reads the pictures of a file: the codes first, then what looks like writing. A picture on which nothing does is
/// understood: there is nothing to read.
fn events(bytes: &[u8], budget: &Budget) -> Vec<Event> {
    let decode = decoder(bytes);
    let mut codes: Vec<Vec<u8>> = Vec::new();
    let (mut prints, mut opaque) = (Vec::new(), Vec::new());
    let mut each = |gray: &Gray| {
        let read = qr::read(gray, budget.deadline);
        if read.late {
            opaque.push(OpaqueReason::TimeLimit);
        }
        let is_card = read.found.iter().any(|symbol| is_card(&symbol.text));
        for symbol in read.found {
            // Frames of a film show the same code again.
            if !codes.contains(&symbol.text) {
                codes.push(symbol.text);
            }
        }
        match writing::find(gray) {
            // The code of a card says what is printed on it; what else is on the picture stays unread.
            Some(region) if !is_card && prints.len() < PRINTS_MAX => prints.push(print(gray, region)),
            Some(_) => opaque.push(OpaqueReason::UnsupportedFormat),
            None => {}
        }
    };
    // Decoders are other people's, and a file may find what they did not think of.
    let shown = catch_unwind(AssertUnwindSafe(|| decode(bytes, &mut Frames::new(budget, &mut each))));
    match shown {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => opaque.push(reason),
        Err(_) => opaque.push(OpaqueReason::Failed),
    }
    opaque.sort();
    opaque.dedup();
    let opaque = opaque.into_iter().map(Event::Opaque);
    codes.into_iter().map(Event::Code).chain(opaque).chain(prints.into_iter().map(Event::Print)).collect()
}

/// Whether the text of a code is that of an identity or insurance card: fields between bars.
fn is_card(text: &[u8]) -> bool {
    text.iter().filter(|b| **b == b'|').count() >= 4
}

/// The part of a picture where writing seems to be, as a reader of print likes it.
fn print(gray: &Gray, region: writing::Region) -> Gray {
    let mut part = gray.crop(region.left, region.top, region.width, region.height);
    while part.width().max(part.height()) > PRINT_SIDE_MAX {
        part = part.half();
    }
    if part.width().max(part.height()) < PRINT_SIDE_MIN {
        part = part.double();
    }
    part.stretched()
}

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
    for (n, text) in texts(&bytes).into_iter().enumerate() {
        if n >= TEXTS_MAX {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
            break;
        }
        let text_place = Place { again: true, ..place.member(&text.name, Origin::Lost) };
        if text.bytes.len() <= TEXT_MAX || text.name == "appended" {
            object(&text.bytes, text_place, inquiry);
        } else {
            inquiry.refuse(&text_place, OpaqueReason::TooLarge, text.bytes.len() as u64);
        }
    }
    let deadline = Instant::now() + TIME_MAX;
    let deadline = inquiry.deadline().map_or(deadline, |end| end.min(deadline));
    let bounds = Bounds { decoded_bytes_max: u64::MAX, time_max: inquiry.time_left().min(TIME_MAX) };
    let extractor = inquiry.extractor.clone();
    let mut told = Told::default();
    if let Err(reason) = extractor.extract(Kind::Picture, &bytes, bounds, &[], &mut |piece| told.take(piece)) {
        inquiry.refuse(place, reason, source.len());
    }
    let may_read = inquiry.limits.print && ocr::is_installed();
    let mut codes = 0;
    for event in told.events() {
        match event {
            Event::Code(text) => {
                codes += 1;
                let name = if codes == 1 { "qr".to_owned() } else { format!("qr{codes}") };
                object(&text, place.member(&name, Origin::Lost), inquiry);
            }
            Event::Print(page) => {
                let page = if may_read { read_print(page, deadline) } else { ocr::Page::default() };
                if !page.text.is_empty() {
                    object(page.text.as_bytes(), place.member("ocr", Origin::Lost), inquiry);
                }
                if !page.is_read() {
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
    None
}

/// Reads a page of print whichever way up it is, as long as there is time.
fn read_print(mut page: Gray, deadline: Instant) -> ocr::Page {
    let mut best = ocr::Page::default();
    for _ in 0..4 {
        let Some(read) = ocr::read(&page, deadline) else { break };
        if read.sure > best.sure {
            best = read;
        }
        if best.is_read() {
            break;
        }
        page = page.turned();
    }
    best
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
fn scan_bytes(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) {
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
