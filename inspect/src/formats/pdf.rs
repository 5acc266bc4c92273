//! PDF: the text that its content streams show, as far as simple fonts spell it. The whole stays opaque.
//!
//! Streams are found by their keyword and inflated; no cross-reference table, object stream or font is read, and so
//! neither are encrypted files nor fonts that number their glyphs. It is a look that finds what it can.

use chot_model::OpaqueReason;
use flate2::{Decompress, FlushDecompress, Status};

use super::unknown::Strings;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/pdf",
    // Readers accept the mark anywhere in the first kilobyte (ISO 32000-2, annex I).
    matches: |head| {
        memchr::memmem::find(head.bytes.get(..head.bytes.len().min(1_024)).unwrap_or_default(), b"%PDF-").is_some()
    },
    room: Room::Stream(|_, place| Box::new(Pdf::new(place))),
    #[cfg(test)]
    example: || "%PDF-1.7\n1 0 obj (Số CCCD 001090123456) endobj".into(),
};

struct Pdf {
    strings: Strings,
    place: Place,
    bytes: u64,
    /// The end of the last block, in which a keyword may have begun.
    carry: Vec<u8>,
    stream: Option<Content>,
}

/// A stream being inflated.
struct Content {
    inflate: Decompress,
    shown: Shown,
}

const KEYWORD: &[u8] = b"stream";

impl Pdf {
    fn new(place: &Place) -> Self {
        Self { strings: Strings::new(place), place: place.clone(), bytes: 0, carry: Vec::new(), stream: None }
    }

    fn end(&mut self, inquiry: &mut Inquiry) {
        if let Some(content) = self.stream.take() {
            content.shown.end(inquiry);
        }
    }

    /// Inflates what belongs to the stream; returns how many bytes that was.
    fn inflate(&mut self, bytes: &[u8], inquiry: &mut Inquiry) -> usize {
        let mut out = vec![0; 1 << 15];
        let mut taken = 0;
        while let Some(content) = &mut self.stream {
            let (before_in, before_out) = (content.inflate.total_in(), content.inflate.total_out());
            let rest = bytes.get(taken..).unwrap_or_default();
            let status = content.inflate.decompress(rest, &mut out, FlushDecompress::None);
            let read = (content.inflate.total_in() - before_in) as usize;
            let written = (content.inflate.total_out() - before_out) as usize;
            taken += read;
            let enough = !inquiry.inflate(written);
            if enough {
                inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
            }
            content.shown.read(out.get(..written).unwrap_or_default(), inquiry);
            let goes_on = matches!(status, Ok(Status::Ok | Status::BufError)) && (read > 0 || written > 0);
            if enough || inquiry.is_late(&self.place) || status.is_err() || matches!(status, Ok(Status::StreamEnd)) {
                self.end(inquiry);
            } else if !goes_on {
                break;
            }
        }
        taken
    }
}

impl Stream for Pdf {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.bytes += bytes.len() as u64;
        self.strings.read(bytes, inquiry);
        let mut at = 0;
        let joined;
        let mut bytes = bytes;
        if self.stream.is_none() && !self.carry.is_empty() {
            joined = [self.carry.as_slice(), bytes].concat();
            bytes = &joined;
        }
        self.carry.clear();
        while at < bytes.len() {
            if self.stream.is_some() {
                at += self.inflate(bytes.get(at..).unwrap_or_default(), inquiry);
                if self.stream.is_some() {
                    return;
                }
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr::memmem::find(rest, KEYWORD) else {
                self.carry
                    .extend_from_slice(rest.get(rest.len().saturating_sub(KEYWORD.len() + 3)..).unwrap_or_default());
                return;
            };
            let after = rest.get(found + KEYWORD.len()..).unwrap_or_default();
            if after.len() < 4 {
                self.carry.extend_from_slice(rest.get(found.saturating_sub(3)..).unwrap_or_default());
                return;
            }
            let line = after.iter().take_while(|b| matches!(b, b'\r' | b'\n' | b' ')).count();
            let ends = found >= 3 && rest.get(found - 3..found) == Some(b"end");
            at += found + KEYWORD.len() + line;
            if !ends && crate::sniff::is_zlib(after.get(line..).unwrap_or_default()) {
                self.stream = Some(Content { inflate: Decompress::new(true), shown: Shown::new(&self.place) });
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.end(inquiry);
        inquiry.refuse(&self.place, OpaqueReason::UnsupportedFormat, self.bytes);
        self.strings.end(inquiry);
    }
}

/// The text that the operators of a content stream show (ISO 32000-2, 9.4.3).
struct Shown {
    text: Text,
    state: State,
    /// Brackets open within a string.
    open: u32,
    /// Operands since the last operator were strings.
    word: Vec<u8>,
    number: Vec<u8>,
    in_array: bool,
}

enum State {
    Outside,
    Literal,
    /// A backslash, and the octal digits after it.
    Escape(Option<(u32, u8)>),
    Hex(Option<u8>),
}

impl Shown {
    fn new(place: &Place) -> Self {
        let place = Place { origin: Origin::Lost, charset: None, ..place.clone() };
        Self {
            text: Text::prose(place),
            state: State::Outside,
            open: 0,
            word: Vec::new(),
            number: Vec::new(),
            in_array: false,
        }
    }

    fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        for b in bytes {
            self.byte(*b);
        }
        self.text.advance(inquiry);
    }

    fn show(&mut self, b: u8) {
        match b {
            // The upper half differs by font; digits do not.
            0x20..=0x7e => self.text.joint(&[b]),
            0xa0..=0xff => {
                let mut utf8 = [0; 4];
                self.text.joint(char::from(b).encode_utf8(&mut utf8).as_bytes());
            }
            _ => {}
        }
    }

    fn byte(&mut self, b: u8) {
        self.state = match std::mem::replace(&mut self.state, State::Outside) {
            State::Outside => match b {
                b'(' => {
                    self.open = 1;
                    State::Literal
                }
                b'<' => State::Hex(None),
                _ => {
                    self.outside(b);
                    State::Outside
                }
            },
            State::Literal => match b {
                b'\\' => State::Escape(None),
                b')' if self.open == 1 => State::Outside,
                _ => {
                    self.open = match b {
                        b'(' => self.open + 1,
                        b')' => self.open - 1,
                        _ => self.open,
                    };
                    self.show(b);
                    State::Literal
                }
            },
            State::Escape(octal) => match (octal, b) {
                (None, b'0'..=b'7') => State::Escape(Some((u32::from(b - b'0'), 1))),
                (Some((code, n)), b'0'..=b'7') if n < 3 => State::Escape(Some((code * 8 + u32::from(b - b'0'), n + 1))),
                (Some((code, _)), _) => {
                    self.show(code as u8);
                    self.state = State::Literal;
                    return self.byte(b);
                }
                (None, b'n' | b'r' | b't' | b'\r' | b'\n') => State::Literal,
                (None, _) => {
                    self.show(b);
                    State::Literal
                }
            },
            State::Hex(high) => match (char::from(b).to_digit(16), high) {
                (Some(digit), None) => State::Hex(Some(digit as u8)),
                (Some(digit), Some(high)) => {
                    self.show(high << 4 | digit as u8);
                    State::Hex(None)
                }
                (None, _) if b == b'>' || b == b'<' => State::Outside,
                (None, high) => State::Hex(high),
            },
        };
    }

    /// Numbers, operators, brackets.
    fn outside(&mut self, b: u8) {
        const WORD_MAX: usize = 16;
        if matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+') && self.word.is_empty() {
            if self.number.len() < WORD_MAX {
                self.number.push(b);
            }
            return;
        }
        if b.is_ascii_alphabetic() || matches!(b, b'*' | b'\'' | b'"') {
            if self.word.len() < WORD_MAX {
                self.word.push(b);
            }
            return;
        }
        // A wide step back between two strings of an array is a blank (in thousandths of the font size).
        const BLANK: f64 = -180.0;
        let number = std::mem::take(&mut self.number);
        if self.in_array && str::from_utf8(&number).ok().and_then(|n| n.parse::<f64>().ok()).is_some_and(|n| n < BLANK)
        {
            self.text.joint(b" ");
        }
        match b {
            b'[' => self.in_array = true,
            b']' => self.in_array = false,
            _ => {}
        }
        match self.word.as_slice() {
            b"T*" | b"'" | b"\"" | b"ET" | b"TD" | b"Td" | b"Tm" => self.text.joint(b"\n"),
            _ => {}
        }
        self.word.clear();
    }

    fn end(mut self, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    fn pdf(content: &str) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(content.as_bytes()).expect("memory");
        let packed = zlib.finish().expect("memory");
        let head = format!("%PDF-1.4\n4 0 obj\n<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len());
        [head.as_bytes(), &packed, b"\nendstream\nendobj\ntrailer\n%%EOF"].concat()
    }

    #[test]
    fn text_is_read_however_it_is_shown() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (content, found) in [
            ("BT /F1 12 Tf 72 700 Td (So CCCD: 001090123456) Tj ET", 1),
            ("BT [(So CCCD: 0010)-20(9012)5(3456)] TJ ET", 1),
            ("BT (So CCCD:) Tj 0 -14 Td <303031303930313233343536> Tj ET", 1),
            (r"BT (So CCCD \(moi\): \060\060\061090123456) ' ET", 1),
            ("BT [(So)-250(CCCD)-250(001090123456)] TJ ET", 1),
            ("BT (So don hang: 001090123456) Tj ET", 0),
            ("1 0 0 1 001090 123456 cm 0010901 23456 l S", 0),
        ] {
            let bytes = pdf(content);
            let inspection = inspector.inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{content}: {inspection:?}");
            assert!(inspection.is_opaque(OpaqueReason::UnsupportedFormat));
        }
    }
}
