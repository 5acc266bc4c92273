//! gzip and zlib: inflated as they arrive, the content inspected as an object.
//!
//! Members of a multi-member gzip file are one content; what follows the last one is looked at as bytes of its own.

use std::io::Write;

use chot_model::OpaqueReason;
use flate2::write::{MultiGzDecoder, ZlibDecoder};

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff;

pub(crate) const GZIP: Format = Format {
    media_type: "application/gzip",
    matches: |head| head.bytes.starts_with(b"\x1f\x8b\x08"),
    room: Room::Stream(|head, place| {
        Box::new(Inflating::new(Inflater::Gzip(MultiGzDecoder::new(Vec::new())), head.hint, place))
    }),
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
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
}

struct Inflating {
    inflater: Inflater,
    place: Place,
    content: Box<Object>,
    failed: bool,
    read: u64,
}

/// Compressed bytes given to the inflater at a time; deflate expands them 1,032 times at most.
const STEP: usize = 1 << 10;

impl Inflating {
    fn new(inflater: Inflater, hint: &Hint, place: &Place) -> Self {
        let name = hint.name.as_deref().and_then(|n| n.strip_suffix(".gz")).unwrap_or_default();
        let inner = Hint { name: (!name.is_empty()).then(|| name.to_owned()), content_type: None };
        let content = Object::new(inner, place.member("", Origin::Lost));
        Self { inflater, place: place.clone(), content: Box::new(content), failed: false, read: 0 }
    }

    fn drain(&mut self, inquiry: &mut Inquiry) {
        let out = match &mut self.inflater {
            Inflater::Gzip(gz) => gz.get_mut(),
            Inflater::Zlib(zlib) => zlib.get_mut(),
        };
        let bytes = std::mem::take(out);
        if !inquiry.inflate(bytes.len()) {
            self.failed = true;
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
            return;
        }
        self.content.push(&bytes, inquiry);
    }
}

impl Stream for Inflating {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        for step in bytes.chunks(STEP) {
            if self.failed || inquiry.is_late(&self.place) {
                return;
            }
            self.read += step.len() as u64;
            let written = match &mut self.inflater {
                Inflater::Gzip(gz) => gz.write_all(step),
                Inflater::Zlib(zlib) => zlib.write_all(step),
            };
            self.drain(inquiry);
            if written.is_err() && !self.failed {
                self.failed = true;
                inquiry.opaque(&self.place, OpaqueReason::ParseError, step.len() as u64);
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if !self.failed {
            let ended = match &mut self.inflater {
                Inflater::Gzip(gz) => gz.try_finish(),
                Inflater::Zlib(zlib) => zlib.try_finish(),
            };
            self.drain(inquiry);
            if ended.is_err() {
                inquiry.opaque(&self.place, OpaqueReason::ParseError, 1);
            }
        }
        self.content.finish(None, inquiry);
    }
}
