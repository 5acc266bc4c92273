//! PNG: what stands written in it (text chunks, also compressed ones). The picture itself is opaque.

use chot_model::OpaqueReason;

use super::unknown::{Appended, Strings};
use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) const FORMAT: Format = Format {
    media_type: "image/png",
    matches: |head| head.bytes.starts_with(SIGNATURE),
    room: Room::Stream(|_, place| Box::new(Png::new(place))),
    #[cfg(test)]
    example: || {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, "Số CCCD 001090123456".as_bytes()).expect("memory");
        let text = [b"Comment\0\0", &*zlib.finish().expect("memory")].concat();
        let len = (text.len() as u32).to_be_bytes();
        [SIGNATURE, &len, b"zTXt", &text, b"\0\0\0\0", &[0; 4], b"IEND", &[0; 4]].concat()
    },
};

/// A longer text is none that a person reads.
const TEXT_MAX: usize = 1 << 20;
/// Length and type before the data of a chunk, the check sum after it (PNG specification, 5.3).
const HEAD: usize = 8;
const CHECK: u64 = 4;

struct Png {
    strings: Strings,
    appended: Appended,
    place: Place,
    bytes: u64,
    /// Bytes still to be passed over.
    skip: u64,
    head: Vec<u8>,
    /// A compressed text, and how many bytes of it are missing.
    text: Option<(Vec<u8>, usize)>,
}

impl Png {
    fn new(place: &Place) -> Self {
        Self {
            strings: Strings::new(place),
            appended: Appended::new(place),
            place: place.clone(),
            bytes: 0,
            skip: SIGNATURE.len() as u64,
            head: Vec::new(),
            text: None,
        }
    }

    fn chunks(&mut self, mut bytes: &[u8], inquiry: &mut Inquiry) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let n = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip -= n as u64;
                bytes = bytes.get(n..).unwrap_or_default();
            } else if let Some((text, missing)) = &mut self.text {
                let (some, rest) = bytes.split_at((*missing).min(bytes.len()));
                text.extend_from_slice(some);
                *missing -= some.len();
                bytes = rest;
                if *missing == 0 {
                    let text = self.text.take().map(|(text, _)| text).unwrap_or_default();
                    self.open(&text, inquiry);
                    self.skip = CHECK;
                }
            } else {
                let (some, rest) = bytes.split_at((HEAD - self.head.len()).min(bytes.len()));
                self.head.extend_from_slice(some);
                bytes = rest;
                if let [a, b, c, d, kind @ ..] = self.head.as_slice()
                    && kind.len() == HEAD - 4
                {
                    let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                    if matches!(kind, b"zTXt" | b"iTXt" | b"iCCP" | b"eXIf") && len <= TEXT_MAX {
                        self.text = Some((Vec::new(), len));
                    } else {
                        self.skip = len as u64 + CHECK;
                    }
                    self.head.clear();
                }
            }
        }
    }

    /// Inspects the compressed part of a text chunk: it begins behind the keyword and, in `iTXt`, a language.
    fn open(&self, text: &[u8], inquiry: &mut Inquiry) {
        const START_MAX: usize = 200;
        let start = (0..text.len().min(START_MAX)).find(|at| text.get(*at..).is_some_and(sniff::is_zlib));
        let keyword = text.split(|b| *b == 0).next().unwrap_or_default();
        let place = self.place.member(&String::from_utf8_lossy(keyword), Origin::Lost);
        if let Some(packed) = start.and_then(|at| text.get(at..))
            && place.depth <= inquiry.limits.depth_max
        {
            // What only looks packed is none of it: no reason to call it opaque.
            let mut object = Object::new(Hint::default(), Place { again: true, ..place });
            object.push(packed, inquiry);
            object.finish(None, inquiry);
        }
    }
}

impl Stream for Png {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.bytes += bytes.len() as u64;
        self.strings.read(bytes, inquiry);
        self.appended.read(bytes, inquiry);
        self.chunks(bytes, inquiry);
    }

    fn finish(self: Box<Self>, inquiry: &mut Inquiry) {
        inquiry.opaque(&self.place, OpaqueReason::UnsupportedFormat, self.bytes);
        self.strings.end(inquiry);
        self.appended.end(inquiry);
    }
}
