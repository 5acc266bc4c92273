//! Formats read apart: the door between a reader that may be fooled and the inspection that may not.
//!
//! Readers of complicated formats get bytes and tell pieces: text, fields, files within. They know nothing of detectors
//! or policies, so they may run in a process that can do nothing else. What they tell is believed only as far as it is
//! text to be searched. Where they run is the `Extractor`'s to say; without one they run right here.

use std::time::Duration;

use chot_model::OpaqueReason;

use crate::Hint;
use crate::formats;
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::object::{self, Object};
use crate::people::Mark;
use crate::redact::Origin;
use crate::source::{Source, read_range};
use crate::text::{self, Text};
use crate::view::View;

/// A format that is read apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `application/pdf`
    Pdf,
    /// `image/*`
    Picture,
    /// `application/x-7z-compressed`
    SevenZip,
}

impl Kind {
    /// Every one.
    pub const ALL: &[Self] = &[Self::Pdf, Self::Picture, Self::SevenZip];
}

/// What reading one object may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes that decompression may make.
    pub decoded_bytes_max: u64,
    /// Time, waiting for the listener included.
    pub time_max: Duration,
}

/// What a reader tells. All of it is from a stranger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Running text, in which tables stand as lines with tabs. Pieces of one part are one text.
    Text {
        /// Where it stands; empty for the object itself.
        part: &'a str,
        /// The text.
        text: &'a str,
        /// It says again, or in other words, what was said before.
        again: bool,
    },
    /// A value with the name that announces it.
    Field {
        /// Where it stands.
        part: &'a str,
        /// The name.
        name: &'a str,
        /// The value.
        value: &'a str,
    },
    /// A file within; its bytes follow.
    Member {
        /// Its name.
        name: &'a str,
    },
    /// The next bytes of the member.
    Bytes(&'a [u8]),
    /// A part that could not be read.
    Opaque {
        /// Which; empty for the object itself.
        part: &'a str,
        /// Why.
        reason: OpaqueReason,
    },
}

/// Runs readers: in this process, or in one of their own.
pub trait Extractor: Send + Sync {
    /// Reads an object and tells `each` what it holds. When `each` says false, nothing more is told.
    ///
    /// # Errors
    /// Why the object, or the rest of it, could not be read.
    fn extract(
        &self,
        kind: Kind,
        object: &[u8],
        bounds: Bounds,
        each: &mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Result<(), OpaqueReason>;
}

/// Runs readers in this process: for libraries, tests, and the far side of the door.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Extractor for InProcess {
    fn extract(
        &self,
        kind: Kind,
        object: &[u8],
        bounds: Bounds,
        each: &mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Result<(), OpaqueReason> {
        match kind {
            Kind::Pdf => formats::read_pdf(object, &bounds, each),
            Kind::Picture => formats::read_picture(object, &bounds, each),
            Kind::SevenZip => formats::read_seven_zip(object, &bounds, each),
        }
    }
}

/// A larger object is not held in memory twice.
const OBJECT_MAX: u64 = 256 << 20;

/// Reads an object apart and inspects what it is told.
pub(crate) fn read(kind: Kind, source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let len = source.len();
    if len > OBJECT_MAX {
        inquiry.refuse(place, OpaqueReason::TooLarge, len);
        return None;
    }
    let Ok(bytes) = read_range(source, 0..len) else {
        inquiry.refuse(place, OpaqueReason::Failed, len);
        return None;
    };
    let extractor = inquiry.extractor.clone();
    let bounds = Bounds { decoded_bytes_max: inquiry.inflate_left(), time_max: inquiry.time_left() };
    let mut told = Told::new(place);
    let ended = extractor.extract(kind, &bytes, bounds, &mut |piece| told.take(piece, inquiry));
    told.end(inquiry);
    if let Err(reason) = ended {
        inquiry.refuse(place, reason, len);
    }
    // Programs find an archive by its end, whatever stands before it.
    let mut appended = formats::Appended::new(place);
    appended.read(&bytes, inquiry);
    appended.end(inquiry);
    None
}

/// Takes what a reader tells.
struct Told {
    place: Place,
    /// Texts under way: part, whether it is a second look.
    texts: Vec<(String, bool, Box<Text>)>,
    member: Option<(Place, Box<Object>)>,
    fields: Vec<Mark>,
    joined: Joined,
    parts: u64,
}

/// Changes from one part to another; each costs a scan of its own.
const PARTS_MAX: u64 = 1_000_000;
/// Texts under way at a time.
const TEXTS_MAX: usize = 4;

impl Told {
    fn new(place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        Self { place, texts: Vec::new(), member: None, fields: Vec::new(), joined: Joined::default(), parts: 0 }
    }

    /// Takes a piece; false when no more is wanted.
    fn take(&mut self, piece: Piece<'_>, inquiry: &mut Inquiry) -> bool {
        if inquiry.is_late(&self.place) {
            return false;
        }
        self.parts += 1;
        if self.parts > PARTS_MAX {
            inquiry.refuse(&self.place, OpaqueReason::TooMany, 1);
            return false;
        }
        if !matches!(piece, Piece::Bytes(_)) {
            self.end_member(inquiry);
        }
        match piece {
            Piece::Text { part, text, again } => self.text(part, text, again, inquiry),
            Piece::Field { part, name, value } => {
                self.field(part, name, value, inquiry);
                true
            }
            Piece::Member { name } => self.begin(name, inquiry),
            Piece::Bytes(bytes) => self.bytes(bytes, inquiry),
            Piece::Opaque { part, reason } => {
                inquiry.refuse(&self.place.named(part), reason, 1);
                true
            }
        }
    }

    fn inflated(&self, bytes: usize, inquiry: &mut Inquiry) -> bool {
        let may = inquiry.inflate(bytes);
        if !may {
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
        }
        may
    }

    fn text(&mut self, part: &str, text: &str, again: bool, inquiry: &mut Inquiry) -> bool {
        if text.is_empty() {
            return true;
        }
        if !self.texts.iter().any(|(open, kind, _)| open == part && *kind == again) {
            if self.texts.len() >= TEXTS_MAX {
                let (_, _, mut first) = self.texts.remove(0);
                first.finish(inquiry);
            }
            let place = Place { again: self.place.again || again, ..self.place.named(part) };
            self.texts.push((part.to_owned(), again, Box::new(Text::prose(place))));
        }
        if let Some((_, _, open)) = self.texts.iter_mut().find(|(open, kind, _)| open == part && *kind == again) {
            for some in text.as_bytes().chunks(1 << 16) {
                open.joint(some);
                open.advance(inquiry);
            }
        }
        self.inflated(text.len(), inquiry)
    }

    fn field(&mut self, part: &str, name: &str, value: &str, inquiry: &mut Inquiry) {
        let place = self.place.named(part);
        let mut found = Vec::new();
        let mut view = View::default();
        view.push_joint(name.as_bytes());
        text::value(&place, &view, None, inquiry, &mut found);
        let column = inquiry.column(name.trim());
        let mut view = View::default();
        view.push_joint(value.as_bytes());
        text::value(&place, &view, column, inquiry, &mut found);
        self.joined.next(&place, &view, column, inquiry, &mut found);
        self.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    }

    fn begin(&mut self, name: &str, inquiry: &mut Inquiry) -> bool {
        let place = self.place.member(name, Origin::Lost);
        if !object::enter(name, &place, inquiry) {
            return false;
        }
        let hint = Hint { name: Some(name.to_owned()), content_type: None };
        self.member = Some((place.clone(), Box::new(Object::new(hint, place))));
        true
    }

    fn bytes(&mut self, bytes: &[u8], inquiry: &mut Inquiry) -> bool {
        let may = self.inflated(bytes.len(), inquiry);
        if let Some((_, member)) = self.member.as_mut().filter(|_| may) {
            member.push(bytes, inquiry);
        }
        may
    }

    fn end_member(&mut self, inquiry: &mut Inquiry) {
        if let Some((_, mut member)) = self.member.take() {
            member.finish(None, inquiry);
        }
    }

    fn end(mut self, inquiry: &mut Inquiry) {
        self.end_member(inquiry);
        for (_, _, mut text) in std::mem::take(&mut self.texts) {
            text.finish(inquiry);
        }
        let mut found = Vec::new();
        self.joined.end(&self.place, inquiry, &mut found);
        self.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
        inquiry.people.record(&self.fields, false);
    }
}
