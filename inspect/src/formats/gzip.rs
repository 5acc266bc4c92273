//! gzip and zlib: inflated as they arrive, the content inspected as an object.
//!
//! Members of a multi-member gzip file are one content, as gunzip has it. The name, comment and extra field in the
//! header of each (RFC 1952 §2.3.1) are looked at too: nobody sees them, and they carry what one likes.

use std::io::{self, Write};

use chot_model::OpaqueReason;
use flate2::write::{GzDecoder, ZlibDecoder};

use super::unknown::{Appended, Strings};
use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::{Origin, Packing};
use crate::{sniff, text};

pub(crate) const GZIP: Format = Format {
    media_type: "application/gzip",
    matches: |head| head.bytes.starts_with(b"\x1f\x8b\x08"),
    room: Room::Stream(|head, place| Box::new(Inflating::new(Inflater::gzip(Vec::new()), head.hint, place))),
    #[cfg(test)]
    example: || {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all("Số CCCD 001090123456".as_bytes()).expect("memory");
        gz.finish().expect("memory")
    },
};

pub(crate) const ZLIB: Format = Format {
    media_type: "application/zlib",
    matches: |head| sniff::is_zlib(head.bytes) && head.text.is_none(),
    room: Room::Stream(|head, place| {
        Box::new(Inflating::new(Inflater::Zlib(ZlibDecoder::new(Vec::new())), head.hint, place))
    }),
    #[cfg(test)]
    example: || {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all("Số CCCD 001090123456".as_bytes()).expect("memory");
        zlib.finish().expect("memory")
    },
};

enum Inflater {
    Gzip {
        member: GzDecoder<Vec<u8>>,
        /// Its header was looked at.
        is_seen: bool,
    },
    Zlib(ZlibDecoder<Vec<u8>>),
}

impl Inflater {
    fn gzip(out: Vec<u8>) -> Self {
        Self::Gzip { member: GzDecoder::new(out), is_seen: false }
    }

    /// Inflates the next bytes, handing texts of headers to `aside`.
    fn write(&mut self, mut bytes: &[u8], aside: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = match self {
                Self::Zlib(zlib) => return zlib.write_all(bytes),
                Self::Gzip { member, is_seen } => {
                    let n = member.write(bytes)?;
                    if let Some(header) = member.header().filter(|_| !*is_seen) {
                        *is_seen = true;
                        [header.filename(), header.comment(), header.extra()]
                            .into_iter()
                            .flatten()
                            .for_each(&mut *aside);
                    }
                    n
                }
            };
            if n == 0 {
                // The member has ended and another begins.
                self.finish()?;
                let out = std::mem::take(self.out());
                *self = Self::gzip(out);
            }
            bytes = bytes.get(n..).unwrap_or_default();
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip { member, .. } => member.try_finish(),
            Self::Zlib(zlib) => zlib.try_finish(),
        }
    }

    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Gzip { member, .. } => member.get_mut(),
            Self::Zlib(zlib) => zlib.get_mut(),
        }
    }
}

struct Inflating {
    inflater: Inflater,
    place: Place,
    /// Made with the first block.
    content: Option<Box<Object>>,
    hint: Hint,
    /// Where the content stands.
    origin: Origin,
    failed: bool,
    /// What came out of it reads as something, where it may be chance.
    means: bool,
    read: u64,
    /// Bytes behind what failed.
    unread: u64,
    /// What stands there all the same: programs pass over it with a word at most.
    behind: Option<Box<(Strings, Appended)>>,
}

/// Compressed bytes given to the inflater at a time; deflate expands them 1,032 times at most.
const STEP: usize = 1 << 10;

impl Inflating {
    fn new(inflater: Inflater, hint: &Hint, place: &Place) -> Self {
        let name = hint.name.as_deref().and_then(|n| n.strip_suffix(".gz")).unwrap_or_default();
        let inner = Hint { name: (!name.is_empty()).then(|| name.to_owned()), content_type: None };
        let (place, origin) = (place.clone(), Origin::Lost);
        let (failed, means) = (false, false);
        Self { inflater, place, content: None, hint: inner, origin, failed, means, read: 0, unread: 0, behind: None }
    }

    fn content(&mut self, inquiry: &mut Inquiry) -> &mut Object {
        let Self { content, hint, origin, inflater, place, .. } = self;
        content.get_or_insert_with(|| {
            let packing = match inflater {
                Inflater::Gzip { .. } => Packing::Gzip,
                Inflater::Zlib(_) => Packing::Zlib,
            };
            // How long the container is, is known at its end.
            *origin = inquiry.edits.unpacked(&place.origin, 0, packing);
            Box::new(Object::new(std::mem::take(hint), place.member("", origin.clone())))
        })
    }

    fn drain(&mut self, inquiry: &mut Inquiry) {
        let bytes = std::mem::take(self.inflater.out());
        if !inquiry.inflate(bytes.len()) {
            self.failed = true;
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
            return;
        }
        if !self.means && self.place.again {
            self.means = sniff::is_plausible(&bytes);
        }
        self.content(inquiry).push(&bytes, inquiry);
    }

    /// So many bytes could not be inflated. Within an encoding that is told of what is certainly no chance: two bytes begin
    /// zlib, and runs of letters come to those.
    fn broken(&self, bytes: u64, inquiry: &mut Inquiry) {
        if self.means || matches!(self.inflater, Inflater::Gzip { .. }) {
            inquiry.broken(&self.place, bytes);
        } else {
            inquiry.opaque(&self.place, OpaqueReason::ParseError, bytes);
        }
    }

    /// Looks at bytes behind what failed.
    fn behind(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        let place = &self.place;
        let behind = self.behind.get_or_insert_with(|| {
            let place = Place { origin: Origin::Lost, ..place.clone() };
            Box::new((Strings::new(&place), Appended::new(&place)))
        });
        behind.0.read(bytes, inquiry);
        behind.1.read(bytes, inquiry);
    }
}

impl Stream for Inflating {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        for step in bytes.chunks(STEP) {
            if self.failed || inquiry.is_late(&self.place) {
                self.unread += step.len() as u64;
                if self.behind.is_some() {
                    self.behind(step, inquiry);
                }
                continue;
            }
            self.read += step.len() as u64;
            let place = &self.place;
            let written = self.inflater.write(step, &mut |text| {
                let marks = text::aside(place, "", text, inquiry);
                inquiry.people.record(&marks, false);
            });
            self.drain(inquiry);
            if written.is_err() && !self.failed {
                self.failed = true;
                self.broken(step.len() as u64, inquiry);
                self.behind(step, inquiry);
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if !self.failed {
            let ended = self.inflater.finish();
            self.drain(inquiry);
            if ended.is_err() {
                self.broken(1, inquiry);
            }
        }
        inquiry.edits.container_ends(&self.origin, self.read + self.unread);
        if let Some((strings, appended)) = self.behind.take().map(|behind| *behind) {
            strings.end(inquiry);
            appended.end(inquiry);
        }
        let (read, unread) = (self.read, self.unread);
        self.content(inquiry).finish_packed(None, read, inquiry);
        inquiry.miss(unread);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;
    use flate2::{Compression, GzBuilder};

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_headers_say_is_looked_at_in_every_member() {
        let member = |builder: GzBuilder| builder.buf_read(&b"nothing"[..], Compression::default());
        let read = |gz: flate2::bufread::GzEncoder<&[u8]>| std::io::Read::bytes(gz).collect::<Result<Vec<u8>, _>>();
        let plain = || read(member(GzBuilder::new())).expect("memory");
        for header in [
            GzBuilder::new().filename("CCCD 001090123456.txt"),
            GzBuilder::new().comment("CCCD 001090123456"),
            GzBuilder::new().extra(&b"CCCD 001090123456"[..]),
        ] {
            let hiding = read(member(header)).expect("memory");
            for bytes in [hiding.clone(), [plain(), hiding.clone()].concat(), [plain(), hiding, plain()].concat()] {
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
            }
        }
    }

    #[test]
    fn what_stands_behind_the_last_member_is_told_and_looked_at() {
        let gz = (super::GZIP.example)();
        let text = "Số CCCD 079090123457".as_bytes();
        let zip = crate::formats::archive(&[("a.txt", text)]);
        // Also where the member ends with the block that was given to the inflater.
        let long = gzip_of(&(0..3 * super::STEP).map(|n| (n * n % 251) as u8).collect::<Vec<u8>>());
        for (bytes, count) in [(&gz, 2), (&long, 1)] {
            for behind in [text, &zip, &[b"\n", text].concat()] {
                let bytes = [bytes, behind].concat();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert!(inspection.is_opaque(chot_model::OpaqueReason::ParseError), "{inspection:?}");
                assert_eq!(inspection.distinct(DetectorId::Cccd), count, "{inspection:?}");
            }
        }
    }

    fn gzip_of(bytes: &[u8]) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        std::io::Write::write_all(&mut gz, bytes).expect("memory");
        gz.finish().expect("memory")
    }
}
