//! Lines that are folded: vCards (RFC 6350, and 2.1 of before), calendars (RFC 5545), directory entries (RFC 2849).
//!
//! A line goes on with the next one that begins with a blank, also within a number. Files in base64 within a line are
//! opened by `layers`, once the line is whole. What a property is called means no more than a word before a number.

use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::sniff::Head;
use crate::text::Text;

pub(crate) const VCARD: Format = Format {
    media_type: "text/vcard",
    matches: |head| begins(head, b"begin:vcard"),
    room: Room::Stream(|head, place| Box::new(Lines::new(legible(head, place), true))),
    #[cfg(test)]
    example: || "BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:Số CCCD 00109\r\n 0123456\r\nEND:VCARD\r\n".into(),
};

pub(crate) const CALENDAR: Format = Format {
    media_type: "text/calendar",
    matches: |head| begins(head, b"begin:vcalendar"),
    room: Room::Stream(|head, place| Box::new(Lines::new(legible(head, place), true))),
    #[cfg(test)]
    example: || "BEGIN:VCALENDAR\r\nSUMMARY:Số CCCD 00109\r\n 0123456\r\nEND:VCALENDAR\r\n".into(),
};

pub(crate) const LDIF: Format = Format {
    media_type: "text/x-ldif",
    matches: |head| begins(head, b"dn: ") || begins(head, b"dn:: ") || begins(head, b"version: 1\n"),
    room: Room::Stream(|head, place| Box::new(Lines::new(legible(head, place), false))),
    #[cfg(test)]
    example: || "dn: cn=a\ndescription: CCCD 00109\n 0123456\n".into(),
};

fn begins(head: &Head<'_>, mark: &[u8]) -> bool {
    head.is_ascii_based() && head.trimmed.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Within a line.
    Line,
    /// Behind a carriage return, which may be half of a line end.
    Return,
    /// Behind a line end: what comes tells whether the line goes on.
    End,
    /// Behind a sign that may begin an escape; its place.
    Escape(u64),
    /// Behind the equals sign of quoted-printable and perhaps a digit; its place.
    Quoted(u64, Option<u8>),
    /// Behind such a sign and a carriage return.
    Soft(u64),
}

/// The beginning of a line tells how its value is written.
const NAME_MAX: usize = 200;

struct Lines {
    text: Text,
    at: At,
    /// Values have escapes, and may be quoted-printable.
    has_escapes: bool,
    /// The beginning of the line, up to its value.
    name: Vec<u8>,
    in_name: bool,
    is_quoted: bool,
}

impl Lines {
    fn new(place: Place, has_escapes: bool) -> Self {
        let (text, name) = (Text::prose(place), Vec::new());
        Self { text, at: At::Line, has_escapes, name, in_name: true, is_quoted: false }
    }

    fn byte(&mut self, byte: u8, at: u64, inquiry: &mut Inquiry) {
        match (self.at, byte) {
            (At::Line, b'\r') => self.at = At::Return,
            (At::Line | At::Return, b'\n') => self.at = At::End,
            (At::Line, b'\\') if self.has_escapes => self.at = At::Escape(at),
            (At::Line, b'=') if self.is_quoted => self.at = At::Quoted(at, None),
            (At::Line, _) => self.plain(byte, at),
            (At::Return, _) => {
                self.at = At::End;
                self.byte(byte, at, inquiry);
            }
            (At::End, b' ' | b'\t') => self.at = At::Line,
            (At::End, _) => {
                self.text.joint(b"\n");
                self.end_line(inquiry);
                self.at = At::Line;
                self.byte(byte, at, inquiry);
            }
            // The only escapes (RFC 6350, 3.4); what else stands behind the sign stands for itself, sign and all.
            (At::Escape(from), b'n' | b'N') => self.escape(b"\n", from, 2),
            (At::Escape(from), b',' | b';' | b':' | b'\\') => self.escape(&[byte], from, 2),
            (At::Escape(from), _) => self.again(b"\\", from, byte, at, inquiry),
            (At::Quoted(from, None), b'\r') => self.at = At::Soft(from),
            (At::Quoted(_, None) | At::Soft(_), b'\n') => self.at = At::Line,
            (At::Soft(from), _) => {
                self.again(b"=", from, b'\r', from + 1, inquiry);
                self.byte(byte, at, inquiry);
            }
            (At::Quoted(from, None), _) if byte.is_ascii_hexdigit() => self.at = At::Quoted(from, Some(byte)),
            (At::Quoted(from, None), _) => self.again(b"=", from, byte, at, inquiry),
            (At::Quoted(from, Some(first)), _) => {
                let digit = |b: u8| char::from(b).to_digit(16);
                match (digit(first), digit(byte)) {
                    (Some(high), Some(low)) => self.escape(&[(high << 4 | low) as u8], from, 3),
                    _ => {
                        self.plain(b'=', from);
                        self.again(&[first], from + 1, byte, at, inquiry);
                    }
                }
            }
        }
    }

    fn plain(&mut self, byte: u8, at: u64) {
        self.text.view.push(&[byte], at);
        if self.in_name {
            if byte == b':' || self.name.len() >= NAME_MAX {
                self.in_name = false;
                self.is_quoted = self.has_escapes && contains(&self.name, b"quoted-printable");
            } else {
                self.name.push(byte.to_ascii_lowercase());
            }
        }
    }

    fn escape(&mut self, meaning: &[u8], at: u64, len: u64) {
        self.text.view.push_escape(meaning, at, len);
        self.at = At::Line;
    }

    /// What seemed to begin an escape stands for itself, and so does what comes behind it.
    fn again(&mut self, sign: &[u8], from: u64, byte: u8, at: u64, inquiry: &mut Inquiry) {
        self.text.view.push(sign, from);
        self.at = At::Line;
        self.byte(byte, at, inquiry);
    }

    fn end_line(&mut self, inquiry: &mut Inquiry) {
        // Each card and each entry is about somebody else.
        if self.name.starts_with(b"end") {
            self.text.joint(b"\n");
        }
        self.name.clear();
        (self.in_name, self.is_quoted) = (true, false);
        self.text.advance(inquiry);
    }
}

fn contains(name: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(name, word).is_some()
}

impl Stream for Lines {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = 0;
        while let Some(rest @ [first, ..]) = bytes.get(n..) {
            // Most of a line is taken at once.
            let plain = |b: &u8| !matches!(b, b'\r' | b'\n' | b'\\' | b'=');
            let run =
                if self.at == At::Line && !self.in_name { rest.iter().take_while(|b| plain(b)).count() } else { 0 };
            if run > 0 {
                self.text.push(rest.get(..run).unwrap_or_default(), at + n as u64, inquiry);
                n += run;
            } else {
                self.byte(*first, at + n as u64, inquiry);
                n += 1;
            }
        }
        self.text.advance(inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        match self.at {
            At::Escape(from) => self.text.view.push(b"\\", from),
            At::Quoted(from, first) => {
                self.text.view.push(b"=", from);
                self.text.view.push(first.as_slice(), from + 1);
            }
            At::Soft(from) => self.text.view.push(b"=", from),
            At::Line | At::Return | At::End => {}
        }
        self.text.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    /// Inspects, redacts and tells how many numbers were found and what is left.
    fn redacted(text: &str) -> (u64, String) {
        let inspected = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
        let mut bytes = text.as_bytes().to_vec();
        for splice in inspected.redact(&[DetectorId::Cccd], &bytes).expect("can be redacted") {
            bytes[splice.range.start as usize..splice.range.end as usize].copy_from_slice(&splice.bytes);
        }
        (inspected.inspection.distinct(DetectorId::Cccd), String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn numbers_over_folds_are_found_and_masked() {
        for (text, left) in [
            (
                "BEGIN:VCARD\r\nNOTE:CCCD 00109\r\n 0123456\r\nEND:VCARD\r\n",
                "BEGIN:VCARD\r\nNOTE:CCCD *****\r\n *******\r\nEND:VCARD\r\n",
            ),
            (
                "begin:vcard\nNOTE:CCCD 00109\n\t0123456\nend:vcard",
                "begin:vcard\nNOTE:CCCD *****\n\t*******\nend:vcard",
            ),
            (
                "BEGIN:VCALENDAR\r\nSUMMARY:CCCD 0\r\n 01090123456\\nngày mai\r\n",
                "BEGIN:VCALENDAR\r\nSUMMARY:CCCD *\r\n ***********\\nngày mai\r\n",
            ),
            (
                "BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:S=E1=BB=91 CCCD 001=30=\r\n90123456\r\nEND:VCARD",
                "BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:S=E1=BB=91 CCCD ******=\r\n********\r\nEND:VCARD",
            ),
            ("dn: cn=a\nnote: CCCD 001090\n 123456\n", "dn: cn=a\nnote: CCCD ******\n ******\n"),
        ] {
            assert_eq!(redacted(text), (1, left.to_owned()));
        }
    }

    #[test]
    fn what_only_begins_an_escape_stands_for_itself() {
        for text in [
            "BEGIN:VCARD\nNOTE:a\\CCCD 001090123456\\",
            "BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:a=\rCCCD 001090123456=",
            "BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:a=4xCCCD 001090123456=3",
        ] {
            assert_eq!(redacted(text).0, 1, "{text:?}");
        }
    }

    #[test]
    fn each_card_is_a_person() {
        let cards: String = ["001080100003", "001081107922", "001082115841"]
            .iter()
            .map(|number| format!("BEGIN:VCARD\r\nFN:Vi Thị Thử\r\nNOTE:CCCD {number}\r\nEND:VCARD\r\n"))
            .collect();
        let inspector = Inspector::new(Limits::default(), 2026);
        assert_eq!(inspector.inspect(Hint::default(), &cards.into_bytes()).inspection.persons, 3);
    }
}
