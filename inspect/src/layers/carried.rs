//! Files that a text carries byte by byte: binary strings of programs (`"\u001f\u008b…"`), percent signs (`%1F%8B…`), references
//! (`&#31;`), quoted-printable. Where such writing was undone, the text holds the bytes themselves, or the letters up to U+00FF
//! that programs have in place of them.
//!
//! A file is known by its mark, and by characters of control near it, which no text has. Nothing is undone here.

use std::ops::Range;

use crate::Hint;
use crate::inquiry::{Inquiry, Place, Watch};
use crate::object::Object;
use crate::sniff;
use crate::view::View;

/// Bytes that tell whether a file begins.
const HEAD: usize = 64;
/// As many for what begins with a packet that tells its length.
const PACKET: usize = 1 << 10;
/// What ends before has no room for a number: programs name marks.
const LEN_MIN: usize = 32;
/// How far before a window its mark may stand.
const BEFORE: usize = 32;

/// Whether a byte is a character of control that texts do not have.
pub(super) const fn is_control(b: u8) -> bool {
    matches!(b, 0..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f)
}

/// The file being read, if there is one.
#[derive(Default)]
pub(super) struct Carried {
    open: Option<Open>,
    /// One ended in the last window.
    ended: bool,
}

struct Open {
    object: Box<Object>,
    watch: Watch,
    letters: bool,
    /// The first byte of a letter whose second has not come.
    lead: Option<u8>,
    /// The quote that it stands in.
    quote: Option<u8>,
}

impl Carried {
    /// Whether a file goes on.
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Reads the next `core` of a text; tells what of it is a file's, of several the last.
    pub(super) fn read(
        &mut self,
        view: &View,
        core: &Range<usize>,
        place: &Place,
        inquiry: &mut Inquiry,
    ) -> Option<Range<usize>> {
        let mut taken = None;
        let text = &view.text;
        let before = if std::mem::take(&mut self.ended) || self.is_open() { 0 } else { BEFORE };
        let mut at = core.start.saturating_sub(before);
        loop {
            if let Some(open) = &mut self.open {
                let end = open.end(view, at..core.end, place);
                open.push(text.get(at..end).unwrap_or_default(), inquiry);
                taken = Some(at..end);
                if end >= core.end {
                    return taken;
                }
                self.end(place, inquiry);
                (at, self.ended) = (end, true);
            }
            let Some((start, letters)) = find(text, at..core.end) else { return taken };
            let object = Box::new(Object::new(Hint::default(), place.disguised("binary-string")));
            let head = text.get(start..text.len().min(start + HEAD)).unwrap_or_default();
            let watch = Watch::new(head, false, place, inquiry);
            let quote = start.checked_sub(1).and_then(|b| text.get(b)).copied();
            let quote = quote.filter(|b| matches!(b, b'"' | b'\'' | b'`'));
            let open = Open { object, watch, letters, lead: None, quote };
            let least = start + LEN_MIN;
            if text.len() < least || open.end(view, start..least, place) < least {
                at = start + 1;
                continue;
            }
            self.open = Some(open);
            at = start;
        }
    }

    /// The text ends.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if let Some(Open { mut object, mut watch, .. }) = self.open.take() {
            inquiry.watch(&mut watch, |inquiry| object.finish(None, inquiry));
            inquiry.watched(watch, place);
        }
    }
}

impl Open {
    /// Where it ends in `range`: at what would have been written otherwise if it were of the file.
    fn end(&self, view: &View, range: Range<usize>, place: &Place) -> usize {
        // A value of its own is nothing else.
        if place.undone == 0 {
            return range.end;
        }
        let quote = self.quote;
        let ends = |b: u8| match (quote, place.disguise) {
            (Some(quote), _) => b == quote,
            (None, Some("percent")) => b.is_ascii_whitespace() || matches!(b, b'"' | b'<' | b'>' | b'&' | b'\''),
            (None, Some("html-entity")) => matches!(b, b'<' | b'>' | b'"'),
            _ => false,
        };
        let is_itself = |at: usize| view.object_span(&(at..at + 1)).is_some_and(|span| span.end - span.start == 1);
        let bytes = view.text.get(range.clone()).unwrap_or_default();
        let end = bytes.iter().enumerate().filter(|(_, b)| ends(**b)).map(|(by, _)| range.start + by);
        end.into_iter().find(|at| is_itself(*at)).unwrap_or(range.end)
    }

    fn push(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        let Self { object, watch, letters, lead, .. } = self;
        if !*letters {
            return inquiry.watch(watch, |inquiry| object.push(bytes, inquiry));
        }
        let mut out = Vec::with_capacity(bytes.len());
        for &b in bytes {
            match (lead.take(), b) {
                (Some(lead), 0x80..=0xbf) => out.push(lead << 6 | b & 0x3f),
                (None, 0xc2 | 0xc3) => *lead = Some(b),
                (_, b) => out.push(b),
            }
        }
        inquiry.watch(watch, |inquiry| object.push(&out, inquiry));
    }
}

/// Where in `range` a file begins, and whether letters stand for its bytes.
fn find(text: &[u8], range: Range<usize>) -> Option<(usize, bool)> {
    /// Marks have a byte beyond ASCII among their first, if any.
    const MARK: usize = 6;
    range.clone().zip(text.get(range)?).find_map(|(at, b)| {
        let rest = text.get(at..)?;
        // In wide text every other byte is a zero.
        if *b == 0 && rest.get(1) != Some(&1) {
            return None;
        }
        let lead = |b: &u8| matches!(b, 0xc2 | 0xc3);
        let begins = sniff::begins_container(*b) || lead(b);
        if begins && rest.iter().take(MARK).any(lead) && is_file_of_letters(rest) {
            return Some((at, true));
        }
        let head = rest.get(..rest.len().min(PACKET)).unwrap_or_default();
        let is_utf8 = || str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
        (sniff::begins_container(*b) && is_file(head)).then(|| (at, is_utf8()))
    })
}

/// As [`is_file`], of the bytes that letters stand for: a few of them tell, nearly always.
fn is_file_of_letters(text: &[u8]) -> bool {
    const FEW: usize = 16;
    let few = of_letters(text, FEW);
    let Some(first) = few.first().filter(|first| sniff::begins_container(**first)) else { return false };
    (sniff::is_container(&few) || matches!(first, 0x80.. | 0x30)) && is_file(&of_letters(text, PACKET))
}

/// Whether bytes begin a file, and no text that names one.
fn is_file(head: &[u8]) -> bool {
    // Objects of PDF may have nothing but letters at first.
    let is_document = |head: &[u8]| head.starts_with(b"%PDF-") && memchr::memmem::find(head, b" obj").is_some();
    sniff::is_container(head) && (head.iter().take(HEAD).any(|b| is_control(*b)) || is_document(head))
}

/// The first `len` bytes that letters stand for.
fn of_letters(text: &[u8], len: usize) -> Vec<u8> {
    let head = text.get(..text.len().min(2 * len)).unwrap_or_default();
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    valid.chars().map_while(|c| u8::try_from(u32::from(c)).ok()).take(len).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::io::Write as _;

    use chot_model::{DetectorId, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    fn gzip(text: &str) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(text.as_bytes()).expect("memory");
        gz.finish().expect("memory")
    }

    fn read(text: &str) -> (u64, Vec<OpaqueReason>) {
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
        let reasons = inspection.inspection.opaque.iter().map(|o| o.reason).collect();
        (inspection.inspection.distinct(DetectorId::Cccd), reasons)
    }

    fn each(bytes: &[u8], write: impl Fn(&mut String, u8)) -> String {
        let mut out = String::new();
        bytes.iter().for_each(|b| write(&mut out, *b));
        out
    }

    fn percent(bytes: &[u8]) -> String {
        each(bytes, |out, b| match b {
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => write!(out, "%{b:02X}").expect("memory"),
        })
    }

    /// As `JSON.stringify` writes a string whose letters are bytes.
    fn json(bytes: &[u8], raw: bool) -> String {
        each(bytes, |out, b| match b {
            b'"' | b'\\' => write!(out, "\\{}", char::from(b)).expect("memory"),
            b if b < 0x20 || b == 0x7f || b > 0x7f && !raw => write!(out, "\\u{b:04x}").expect("memory"),
            b => out.push(char::from(b)),
        })
    }

    /// The writings of `bytes`, each in what carries it.
    fn written(bytes: &[u8]) -> Vec<String> {
        let hex = each(bytes, |out, b| write!(out, "\\x{b:02x}").expect("memory"));
        let references = each(bytes, |out, b| write!(out, "&#{b};").expect("memory"));
        let utf8 = String::from_iter(bytes.iter().map(|b| char::from(*b)));
        vec![
            format!("a=1&data={}&b=2", percent(bytes)),
            format!("a=1&data={}&b=2", percent(utf8.as_bytes())),
            format!("Gửi anh data={} nhé, cảm ơn anh\n", percent(bytes)),
            format!("{{\"a\":1,\"data\":\"{}\",\"b\":[2]}}", json(bytes, true)),
            format!("{{\"a\":1,\"data\":\"{}\",\"b\":[2]}}", json(bytes, false)),
            format!("var a = 1; var data = \"{hex}\"; var b = 'x';\n"),
            format!("<?xml version=\"1.0\"?><r><a>1</a><data>{references}</data><b>2</b></r>"),
        ]
    }

    #[test]
    fn what_is_packed_and_written_byte_by_byte_is_read() {
        let people: String = (0..40u32)
            .map(|n| format!("{n};Nguyễn Thị Thử {n};0010901{:05}\n", n.wrapping_mul(7_919) % 100_000))
            .collect();
        let long: String = (0..40_000u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect();
        let list = format!("STT;Họ tên;Số CCCD\n{people}");
        let zip = crate::formats::archive(&[("ds.csv", list.as_bytes())]);
        for (n, bytes) in [gzip(&list), zip, gzip(&format!("{long}\n{list}\n{long}"))].iter().enumerate() {
            for text in written(bytes) {
                assert_eq!(read(&text), (40, vec![]), "{n} {}", text.chars().take(60).collect::<String>());
            }
        }
    }

    #[test]
    fn what_is_damaged_is_told() {
        let gz = gzip(&"Danh sách lớp, ".repeat(30));
        let flipped: Vec<u8> =
            gz.iter().enumerate().map(|(n, b)| if n == gz.len() / 2 { b ^ 0x5a } else { *b }).collect();
        for bytes in [&gz[..gz.len() - 12], &flipped] {
            for text in written(bytes) {
                assert_eq!(
                    read(&text),
                    (0, vec![OpaqueReason::ParseError]),
                    "{}",
                    text.chars().take(60).collect::<String>()
                );
            }
        }
    }

    #[test]
    fn texts_that_name_a_file_are_texts() {
        for text in [
            "a=1&data=PK%20%C4%91%E1%BA%BFn%20k%E1%BB%B3&b=2",
            "ghi_chu=x%5E2+%2B+y%5E2&b=Rar%21",
            "{\"a\":\"\\u0001PK\\u0002\", \"b\":\"\\u001f gzip\", \"c\":\"x\\u0001\"}",
            "{\"a\":\"BZh91AY&SY l\\u00e0 g\\u00ec? Salted__ \\u0111\\n\"}",
        ] {
            assert_eq!(read(text), (0, vec![]), "{text}");
        }
    }
}
