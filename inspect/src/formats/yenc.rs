//! yEnc (yenc.org, 2002): files in news articles and mails as bytes moved by 42, between `=ybegin` and `=yend`.
//!
//! Text around the files is text. Parts of a file in several articles are looked at one by one.

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff::Head;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-yenc",
    matches: |head| begin(head).is_some(),
    room: Room::Stream(|_, place| Box::new(Yenc::new(place))),
    #[cfg(test)]
    example: || {
        let plain = "Số CCCD 001090123456".as_bytes();
        let moved: Vec<u8> = plain.iter().map(|b| b.wrapping_add(42)).collect();
        [b"xin chao\r\n=ybegin line=128 size=22 name=a.txt\r\n", &moved[..], b"\r\n=yend size=22\r\n"].concat()
    },
};

fn begin(head: &Head<'_>) -> Option<usize> {
    memchr::memmem::find_iter(head.bytes, b"=ybegin ").find(|at| {
        let starts_line = at.checked_sub(1).is_none_or(|b| head.bytes.get(b) == Some(&b'\n'));
        let line = head.bytes.get(*at..).unwrap_or_default().split(|b| *b == b'\n').next().unwrap_or_default();
        starts_line && memchr::memmem::find(line, b" name=").is_some()
    })
}

/// A longer line is taken in pieces.
const LINE_MAX: usize = 1 << 14;

struct Yenc {
    place: Place,
    text: Text,
    file: Option<Box<Object>>,
    line: Vec<u8>,
    at: u64,
    /// The line goes on from a piece before, which ended with an escape.
    goes_on: Option<bool>,
}

impl Yenc {
    fn new(place: &Place) -> Self {
        let text = Text::prose(Place { charset: None, ..place.clone() });
        Self { place: place.clone(), text, file: None, line: Vec::new(), at: 0, goes_on: None }
    }

    fn end_line(&mut self, whole: bool, inquiry: &mut Inquiry) {
        let line = std::mem::take(&mut self.line);
        let goes_on = self.goes_on.take();
        match &mut self.file {
            None if goes_on.is_none() && line.starts_with(b"=ybegin ") => {
                let head = String::from_utf8_lossy(&line);
                let name = head.split_once(" name=").map_or("", |(_, name)| name.trim());
                let place = Place { disguise: Some("yenc"), ..self.place.member(name, Origin::Lost) };
                let hint = Hint { name: Some(name.to_owned()), content_type: None };
                self.file = Some(Box::new(Object::new(hint, place)));
            }
            None => self.text.push(&line, self.at, inquiry),
            Some(file) if goes_on.is_none() && line.starts_with(b"=yend") => {
                file.finish(None, inquiry);
                self.file = None;
            }
            Some(_) if goes_on.is_none() && line.starts_with(b"=ypart ") => {}
            Some(file) => {
                let mut escaped = goes_on.unwrap_or(false);
                let mut bytes = Vec::with_capacity(line.len());
                for b in line.iter().filter(|b| !matches!(b, b'\r' | b'\n')) {
                    if escaped {
                        bytes.push(b.wrapping_sub(64 + 42));
                        escaped = false;
                    } else if *b == b'=' {
                        escaped = true;
                    } else {
                        bytes.push(b.wrapping_sub(42));
                    }
                }
                file.push(&bytes, inquiry);
                self.goes_on = Some(escaped);
            }
        }
        if whole {
            self.goes_on = None;
        } else {
            self.goes_on.get_or_insert(false);
        }
        self.at += line.len() as u64;
    }
}

impl Stream for Yenc {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            for piece in piece.chunks(LINE_MAX) {
                self.line.extend_from_slice(piece);
                let whole = piece.ends_with(b"\n");
                if whole || self.line.len() >= LINE_MAX {
                    self.end_line(whole, inquiry);
                }
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if !self.line.is_empty() {
            self.end_line(true, inquiry);
        }
        if let Some(mut file) = self.file.take() {
            file.finish(None, inquiry);
        }
        self.text.finish(inquiry);
    }
}
