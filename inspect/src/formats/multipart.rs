//! multipart bodies: forms with files, and any other multipart type, each part an object.
//!
//! The boundary comes from the declared type, or from the first line when that is silent or wrong.

use std::ops::Range;

use chot_detectors::Papers;
use chot_model::OpaqueReason;

use super::json::{is_body, is_subject};
use super::{Format, Room};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::numbering::Numbering;
use crate::object::{self, BLOCK};
use crate::people::Mark;
use crate::redact::Origin;
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::text::{self, Text};
use crate::view::View;

pub(crate) const FORMAT: Format = Format {
    media_type: "multipart/form-data",
    matches: |head| discovered(head.bytes).is_some() || declared_and_there(head),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || b"--x\r\nContent-Disposition: form-data; name=\"soCCCD\"\r\n\r\n001090123456\r\n--x--\r\n".to_vec(),
};

/// RFC 2046 §5.1.1 allows 70 characters; browsers keep to it.
const BOUNDARY_MAX: usize = 200;
const HEADERS_MAX: usize = 1 << 14;

fn declared_and_there(head: &Head<'_>) -> bool {
    head.declared().starts_with("multipart/") && head.bytes.windows(3).any(|w| w == b"\n--" || w.starts_with(b"--"))
}

/// The boundary when the first line is one, followed by a part's headers.
fn discovered(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    let line = bytes.get(..bytes.len().min(BOUNDARY_MAX + 4))?.split(|b| *b == b'\n').next()?;
    let rest = bytes.get(line.len() + 1..)?;
    let boundary = line.trim_ascii_end().strip_prefix(b"--").filter(|b| !b.is_empty())?;
    let header = rest.get(..8).is_some_and(|h| h.eq_ignore_ascii_case(b"content-"));
    header.then(|| boundary.to_vec())
}

/// The first boundary of a body that begins with a preamble.
fn after_preamble(bytes: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find_iter(bytes, b"\n--").find_map(|at| discovered(bytes.get(at + 1..)?))
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let start = read_range(source, 0..source.len().min(BLOCK as u64)).unwrap_or_default();
    let Some(boundary) = discovered(&start).or_else(|| after_preamble(&start)) else {
        // Declared as one, but it is none: text with lines of dashes.
        let mut text = Text::new(place.clone());
        through(source, 0..source.len(), place, &mut text, inquiry);
        text.finish(inquiry);
        inquiry.opaque(place, OpaqueReason::ParseError, source.len());
        return None;
    };
    let mut form = Form::default();
    let mut n = 0u64;
    let delimiter = [b"\n--", boundary.as_slice()].concat();
    // The first delimiter may stand at the very beginning.
    let first = start.strip_prefix(b"--").is_some_and(|s| s.starts_with(&boundary));
    // What a field says of the parts behind it is announced of these.
    let mut announced = place.clone();
    let mut next = if first { Some(0) } else { find(source, 0, &delimiter) };
    let mut closed = false;
    while let Some(at) = next {
        let skip = if at == 0 && first { delimiter.len() as u64 - 1 } else { delimiter.len() as u64 };
        if n == 0 {
            outside(source, 0..at, place, inquiry);
        }
        let after = at + skip;
        let end = find(source, after, &delimiter);
        let tail = read_range(source, after..(after + 2).min(source.len())).unwrap_or_default();
        closed = tail == b"--";
        let part = after..end.unwrap_or_else(|| source.len());
        if closed {
            let behind = read_range(source, after + 2..(after + 4).min(source.len())).unwrap_or_default();
            let line_end = behind.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count() as u64;
            outside(source, (after + 2 + line_end).min(part.end)..part.end, place, inquiry);
        } else {
            n += 1;
            if !self::part(source, part.clone(), n, &mut announced, &mut form, inquiry) {
                break;
            }
        }
        next = end;
    }
    if !closed {
        // A form cut short may have lost its last part.
        inquiry.note("unterminated-multipart");
    }
    let Form { mut fields, mut joined, pieces } = form;
    pieces.end(inquiry);
    let mut found = Vec::new();
    joined.end(place, inquiry, &mut found);
    fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    inquiry.people.record(&fields, false);
    None
}

/// What the parts come to together.
#[derive(Default)]
struct Form {
    fields: Vec<Mark>,
    joined: Joined,
    pieces: Pieces,
}

/// What the fields of a form say of its files, before them or behind: that they are pieces of an upload.
#[derive(Default)]
struct Pieces {
    numbering: Numbering,
    /// The first file, else the longest field, and the bytes of all of that kind.
    file: Option<(Place, u64)>,
    longest: Option<(Place, u64)>,
}

impl Pieces {
    fn file(&mut self, member: &Place, bytes: u64) {
        if bytes > 0 {
            self.file.get_or_insert_with(|| (member.clone(), 0)).1 += bytes;
        }
    }

    fn field(&mut self, name: &[u8], value: &[u8], member: &Place) {
        // A piece is written into a field where it is base64.
        const PIECE_MIN: u64 = 256;
        self.numbering.field(name, value);
        let bytes = value.len() as u64;
        if bytes >= PIECE_MIN && self.longest.as_ref().is_none_or(|(_, longest)| *longest < bytes) {
            self.longest = Some((member.clone(), bytes));
        }
    }

    /// Tells that what was seen is not all of it. Whoever joins the pieces knows how long each is: they are not
    /// rewritten.
    fn end(self, inquiry: &mut Inquiry) {
        if let Some((member, bytes)) = self.file.or(self.longest).filter(|_| self.numbering.is_piece()) {
            inquiry.refuse(&member, OpaqueReason::Partial, bytes);
            inquiry.keep_as_it_is(&member);
        }
    }
}

/// What stands before the first part or behind the last: nobody shows it, and anything can be there.
fn outside(source: &dyn Source, range: Range<u64>, place: &Place, inquiry: &mut Inquiry) {
    if !range.is_empty() {
        let member = place.member("", place.origin.shifted(range.start));
        object::section(source, range.start, range.end, Hint::default(), member, inquiry);
    }
}

/// Reads one part: headers, blank line, content.
fn part(
    source: &dyn Source,
    range: Range<u64>,
    n: u64,
    place: &mut Place,
    form: &mut Form,
    inquiry: &mut Inquiry,
) -> bool {
    let head = read_range(source, range.start..range.end.min(range.start + HEADERS_MAX as u64)).unwrap_or_default();
    let blank = [&b"\r\n\r\n"[..], b"\n\n", b"\n\r\n"]
        .iter()
        .filter_map(|b| Some((memchr::memmem::find(&head, b)?, b.len())))
        .min();
    let (headers, body) = match blank {
        Some((at, len)) => (head.get(..at).unwrap_or_default(), range.start + (at + len) as u64),
        None => (&b""[..], range.start),
    };
    let mut end = range.end;
    // The line break before the delimiter belongs to it.
    if end > body && end < source.len() && read_range(source, end - 1..end).is_ok_and(|b| b == b"\r") {
        end -= 1;
    }
    let text = String::from_utf8_lossy(headers).replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |name: &str| {
        let of =
            |l: &str| Some(l.split_once(':')?.1.trim().to_owned()).filter(|_| l.to_ascii_lowercase().starts_with(name));
        text.lines().find_map(|l| of(l.trim()))
    };
    let disposition = header("content-disposition").unwrap_or_default();
    let (field, file) = (parameter(&disposition, "name"), parameter(&disposition, "filename"));
    let called = file.clone().or_else(|| field.clone()).unwrap_or_else(|| format!("part {n}"));
    let mut member = place.member(&called, place.origin.shifted(body));
    if file.is_none() && !is_body(field.as_deref().unwrap_or_default()) {
        member.afar = Papers::NONE;
    }
    if !object::enter("", &member, inquiry) {
        return false;
    }
    // Names and all other headers, as they stand.
    let mut head_view = View::default();
    head_view.push(headers, range.start);
    let mut found = Vec::new();
    text::value(place, &head_view, None, inquiry, &mut found);
    let column = field.as_deref().and_then(|f| inquiry.column(f));
    const VALUE_MAX: u64 = 1 << 16;
    let len = end.saturating_sub(body);
    if file.is_none() && len <= VALUE_MAX {
        let bytes = read_range(source, body..end).unwrap_or_default();
        let name = field.as_deref().unwrap_or_default().as_bytes();
        form.pieces.field(name, &bytes, &member);
        let mut view = View::default();
        view.push(&bytes, 0);
        let is_text = header("content-type").is_none() && std::str::from_utf8(&bytes).is_ok();
        if is_text && !matches!(bytes.first(), Some(b'{' | b'[' | b'<')) {
            text::value(&member, &view, column, inquiry, &mut found);
            let mut value = View::default();
            value.push(&bytes, body);
            form.joined.field(place, name, &value, column, inquiry, &mut found);
            form.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
            if field.as_deref().is_some_and(is_subject) {
                *place = place.clone().announced(&String::from_utf8_lossy(&bytes));
            }
            return true;
        }
    } else {
        form.pieces.file(&member, len);
    }
    form.fields.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    let encoding = header("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
    let hint = Hint { name: file, content_type: header("content-type") };
    if encoding.contains("base64") || encoding.contains("quoted") {
        super::mail::leaf(source, body..end, &encoding, hint, member, inquiry);
    } else {
        object::section(source, body, end, hint, member, inquiry);
    }
    true
}

/// A parameter of a header, quoted or not; `name*` of RFC 5987 wins.
pub(crate) fn parameter(header: &str, name: &str) -> Option<String> {
    let mut plain = None;
    let mut rest = header.split_once(';')?.1;
    loop {
        let trimmed = rest.trim_start_matches([';', ' ', '\t']);
        let (key, after) = trimmed.split_once('=')?;
        let key = key.trim();
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let mut value = String::new();
                let mut chars = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((at, c)) = chars.next() {
                    match c {
                        '\\' => value.extend(chars.next().map(|(_, c)| c)),
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        c => value.push(c),
                    }
                }
                (value, quoted.get(end..).unwrap_or_default())
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after.get(..end).unwrap_or_default().trim().to_owned(), after.get(end..).unwrap_or_default())
            }
        };
        if key.eq_ignore_ascii_case(name) {
            plain.get_or_insert(value);
        } else if key.len() == name.len() + 1 && key.ends_with('*') && key.get(..name.len())?.eq_ignore_ascii_case(name)
        {
            let encoded = value.splitn(3, '\'').last().unwrap_or_default();
            let mut view = View::default();
            view.push(encoded.as_bytes(), 0);
            let decoded = crate::layers::unescaped(&view).unwrap_or(view);
            return Some(String::from_utf8_lossy(&decoded.text).into_owned());
        }
        rest = next;
        if rest.trim_matches([';', ' ', '\t']).is_empty() {
            return plain;
        }
    }
}

/// Finds `needle` from `from` on, reading in bounded pieces.
fn find(source: &dyn Source, from: u64, needle: &[u8]) -> Option<u64> {
    // Small at first, since most parts are; then larger and larger.
    let mut buffer = vec![0; (4 << 10).max(2 * needle.len())];
    let finder = memchr::memmem::Finder::new(needle);
    let mut at = from;
    let mut kept = 0;
    loop {
        let n = source.read_at(at + kept as u64, buffer.get_mut(kept..)?).ok()?;
        let filled = buffer.get(..kept + n)?;
        if let Some(found) = finder.find(filled) {
            return Some(at + found as u64);
        }
        if n == 0 {
            return None;
        }
        let keep = filled.len().min(needle.len() - 1);
        let drop = filled.len() - keep;
        buffer.copy_within(drop..drop + keep, 0);
        at += drop as u64;
        kept = keep;
        buffer.resize((2 * buffer.len()).min(4 * BLOCK).max(buffer.len()), 0);
    }
}

/// Scans a range as text.
fn through(source: &dyn Source, range: Range<u64>, place: &Place, text: &mut Text, inquiry: &mut Inquiry) {
    let mut buffer = vec![0; BLOCK];
    let mut at = range.start;
    while at < range.end && !inquiry.is_late(place) {
        let want = (range.end - at).min(BLOCK as u64) as usize;
        match source.read_at(at, buffer.get_mut(..want).unwrap_or_default()) {
            Ok(n @ 1..) => {
                text.push(buffer.get(..n).unwrap_or_default(), at, inquiry);
                at += n as u64;
            }
            Ok(0) | Err(_) => {
                inquiry.refuse(&Place { origin: Origin::Lost, ..place.clone() }, OpaqueReason::Failed, range.end - at);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(form: &str) -> crate::Inspected {
        let hint = Hint { name: None, content_type: Some("multipart/form-data; boundary=x".to_owned()) };
        crate::Inspector::new(crate::Limits::default(), 2026).inspect(hint, &form.as_bytes().to_vec())
    }

    #[test]
    fn a_file_whose_fields_number_it_is_a_piece_wherever_they_stand() {
        let part =
            |head: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
        let file =
            |content: &str| part("name=\"file\"; filename=\"blob\"\r\nContent-Type: application/octet-stream", content);
        let fields = |total: &str| {
            // .NET and Java say of every field that it is text.
            part("name=\"dzchunkindex\"\r\nContent-Type: text/plain; charset=UTF-8", "0")
                + &part("name=\"dztotalchunkcount\"\r\nContent-Type: text/plain; charset=UTF-8", total)
        };
        let content = "ho ten, ngay sinh, dia chi\r\nso CCCD 001090";
        for (what, form, is_piece) in [
            ("before", fields("2") + &file(content), true),
            ("behind", file(content) + &fields("2"), true),
            ("of one", fields("1") + &file(content), false),
            ("no file", fields("2"), false),
            ("an empty file", fields("2") + &file(""), false),
            ("no fields", file(content), false),
            ("base64 in a field", fields("2") + &part("name=\"data\"", &"bmdheSBoYW5nIHRoYW5n".repeat(20)), true),
        ] {
            let inspected = inspected(&(form + "--x--\r\n"));
            assert_eq!(inspected.inspection.is_opaque(OpaqueReason::Partial), is_piece, "{what}");
        }
        // What is found in a piece cannot be cut out of it.
        let whole = "so CCCD 001090123456";
        for (total, can_be_redacted) in [("2", false), ("1", true)] {
            let form = fields(total) + &file(whole) + "--x--\r\n";
            let inspected = inspected(&form);
            assert_eq!(inspected.inspection.distinct(chot_model::DetectorId::Cccd), 1, "{total}");
            let splices = inspected.redact(&[chot_model::DetectorId::Cccd], &form.into_bytes());
            assert_eq!(splices.is_ok(), can_be_redacted, "{total}");
        }
    }

    #[test]
    fn parameters_are_read_as_browsers_write_them() {
        let header = r#"form-data; name="so \"CCCD\""; filename="a;b.txt"; x=y"#;
        assert_eq!(parameter(header, "name").as_deref(), Some("so \"CCCD\""));
        assert_eq!(parameter(header, "filename").as_deref(), Some("a;b.txt"));
        assert_eq!(parameter(header, "x").as_deref(), Some("y"));
        assert_eq!(parameter("attachment; filename*=UTF-8''s%E1%BB%91.txt", "filename").as_deref(), Some("số.txt"));
    }

    /// Who receives a form does not decode its parts, whatever they say (RFC 7578 §4.7).
    #[test]
    fn an_encoding_hides_no_field_that_stands_as_it_is() {
        for value in
            ["001090123456", "so CCCD 001090123456 cua ong Thu", "c28gQ0NDRCAwMDEwOTAxMjM0NTYgY3VhIG9uZyBUaHU="]
        {
            let form = format!(
                "--x\r\nContent-Disposition: form-data; name=\"soCCCD\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{value}\r\n--x--\r\n"
            );
            assert_eq!(inspected(&form).inspection.distinct(chot_model::DetectorId::Cccd), 1, "{value}");
        }
    }
}
