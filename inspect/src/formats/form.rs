//! URL-encoded forms: `name=value&…`, percent and plus signs decoded, each name announcing its value.
//!
//! Also the query of a URL and other side fields of a message.

use std::ops::Range;

use chot_detectors::Papers;
use chot_model::OpaqueReason;

use super::json::{is_body, is_subject};
use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::joined::Joined;
use crate::layers::unescaped;
use crate::object::is_armoured;
use crate::people::Mark;
use crate::redact::Origin;
use crate::sniff::Head;
use crate::text::{self, Text};
use crate::view::View;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-www-form-urlencoded",
    matches: is_form,
    room: Room::Stream(|head, place| Box::new(Form::new(legible(head, place)))),
    #[cfg(test)]
    example: || "ten=Nguy%E1%BB%85n&soCCCD=001090123456".into(),
};

/// Declared as one, or of its shape: names, equals signs, ampersands, nothing that would have to be encoded.
fn is_form(head: &Head<'_>) -> bool {
    let shaped = || {
        let bytes = head.trimmed.trim_ascii_end();
        let encoded = bytes.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'{' | b'}'));
        let mut fields = bytes.split(|b| *b == b'&');
        let named = |f: &[u8]| {
            let name = f.iter().position(|b| *b == b'=').unwrap_or(0);
            name > 0 && f.iter().take(name).all(|b| b.is_ascii_alphanumeric() || b"_-.[]%+".contains(b))
        };
        let count = fields.clone().count();
        encoded && (count >= 2 || bytes.contains(&b'%')) && fields.all(named)
    };
    head.is_ascii_based() && head.trimmed.contains(&b'=') && (head.declared() == FORMAT.media_type || shaped())
}

/// A longer field is read as running text.
const FIELD_MAX: usize = 1 << 17;

struct Form {
    place: Place,
    raw: View,
    at: u64,
    marks: Vec<Mark>,
    joined: Joined,
    /// The rest of a field too long to be held.
    long: Option<Text>,
}

impl Form {
    fn new(place: Place) -> Self {
        Self { raw: View::new(place.charset), place, at: 0, marks: Vec::new(), joined: Joined::default(), long: None }
    }

    /// Reads what there is of a field too long to be held, but for an escape that may go on.
    fn lengthen(&mut self, inquiry: &mut Inquiry) {
        const ESCAPE_MAX: usize = 12;
        let raw = std::mem::replace(&mut self.raw, View::new(self.place.charset));
        let len = raw.text.len();
        let tail = len.saturating_sub(ESCAPE_MAX);
        let cut = raw.text.get(tail..).and_then(|last| memchr::memrchr2(b'%', b'\\', last)).map_or(len, |at| tail + at);
        self.raw.push_view(&raw, cut..len);
        let text = self.long.get_or_insert_with(|| {
            let mut text = Text::prose(self.place.clone());
            let name = raw.text.split(|b| *b == b'=').next().unwrap_or_default();
            text.context.column = inquiry.column(String::from_utf8_lossy(name).trim());
            text
        });
        let decoded = decoded(&raw, 0..cut);
        if is_armoured(&decoded.text) {
            inquiry.refuse(&self.place, OpaqueReason::Encrypted, 1);
        }
        text.view.push_view(&decoded, 0..decoded.text.len());
        text.advance(inquiry);
    }

    fn end(&mut self, inquiry: &mut Inquiry) {
        let mut raw = std::mem::replace(&mut self.raw, View::new(self.place.charset));
        raw.base = self.at;
        if let Some(mut text) = self.long.take() {
            let rest = decoded(&raw, 0..raw.text.len());
            text.view.push_view(&rest, 0..rest.text.len());
            text.finish(inquiry);
            return;
        }
        field(&mut self.place, &raw, inquiry, &mut self.joined, &mut self.marks);
    }
}

/// What a range of a field stands for.
fn decoded(raw: &View, range: Range<usize>) -> View {
    let mut part = View::default();
    let mut from = range.start;
    for at in memchr::memchr_iter(b'+', raw.text.get(range.clone()).unwrap_or_default()).map(|at| range.start + at) {
        part.push_view(raw, from..at);
        // A blank that is written otherwise: between digits that are masked it stays as it is.
        match raw.object_span(&(at..at + 1)) {
            Some(span) => part.push_escape(b" ", span.start, 1),
            None => part.push_joint(b" "),
        }
        from = at + 1;
    }
    part.push_view(raw, from..range.end);
    let mut out = unescaped(&part).unwrap_or(part);
    out.base = raw.base + range.start as u64;
    out
}

/// Reads one `name=value`. What a subject announces is announced of the fields behind it.
fn field(place: &mut Place, raw: &View, inquiry: &mut Inquiry, joined: &mut Joined, marks: &mut Vec<Mark>) {
    let split = raw.text.iter().position(|b| *b == b'=');
    let (name, value) = split.map_or((0..0, 0..raw.text.len()), |at| (0..at, at + 1..raw.text.len()));
    let name = decoded(raw, name);
    let mut found = Vec::new();
    let column = inquiry.column(String::from_utf8_lossy(&name.text).trim());
    text::value(place, &name, None, inquiry, &mut found);
    let value = decoded(raw, value);
    // As it stands, its blanks are plus signs.
    if is_armoured(&value.text) {
        inquiry.refuse(place, OpaqueReason::Encrypted, 1);
    }
    let silent = !place.afar.is_none() && !is_body(String::from_utf8_lossy(&name.text).trim());
    let own = if silent { &Place { afar: Papers::NONE, ..place.clone() } } else { &*place };
    text::value(own, &value, column, inquiry, &mut found);
    joined.field(place, &name.text, &value, column, inquiry, &mut found);
    marks.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    if is_subject(String::from_utf8_lossy(&name.text).trim()) {
        *place = place.clone().announced(&String::from_utf8_lossy(&value.text));
    }
}

impl Stream for Form {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|r| !r.is_empty()) {
            let plain = memchr::memchr(b'&', rest).unwrap_or(rest.len());
            if self.raw.text.is_empty() {
                self.at = at + n as u64;
            }
            self.raw.push(rest.get(..plain).unwrap_or_default(), at + n as u64);
            if self.raw.text.len() > FIELD_MAX {
                self.lengthen(inquiry);
            }
            n += plain;
            if n < bytes.len() {
                self.end(inquiry);
                n += 1;
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.end(inquiry);
        let mut found = Vec::new();
        self.joined.end(&self.place, inquiry, &mut found);
        self.marks.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
        inquiry.people.record(&self.marks, false);
    }
}

/// Reads a side field of a message: as text under its name, and as a form when it looks like a query or cookie.
pub(crate) fn side(name: &str, value: &[u8], inquiry: &mut Inquiry) {
    let place = Place::top(Origin::Lost).named(name);
    let name = name.strip_prefix("header ").unwrap_or(name);
    let mut marks = text::aside(&place, name, value, inquiry);
    let mut again = Place { again: true, ..place };
    let mut joined = Joined::default();
    for part in value.split(|b| matches!(b, b'?' | b'&' | b';' | b'#')).take(1_000).filter(|p| p.contains(&b'=')) {
        let mut raw = View::default();
        raw.push_joint(part.trim_ascii());
        field(&mut again, &raw, inquiry, &mut joined, &mut marks);
    }
    let mut found = Vec::new();
    joined.end(&again, inquiry, &mut found);
    marks.extend(found.into_iter().filter_map(|f| inquiry.report(f)));
    inquiry.people.record(&marks, false);
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    fn row(n: u32) -> [String; 2] {
        ["Nguyễn Văn An".to_owned(), format!("79{:08}", 12_345_678 + n * 7_919)]
    }

    fn percent(text: &str) -> String {
        let byte = |b: &u8| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("%{b:02X}") };
        text.as_bytes().iter().map(byte).collect::<String>().replace("%20", "+")
    }

    /// A member of JSON with this value.
    fn member(value: &str) -> String {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        format!("{{\"content\": \"{value}\", \"so\": 1}}")
    }

    fn found(message: String) -> u64 {
        let inspector = Inspector::new(Limits::default(), 2026);
        inspector.inspect(Hint::default(), &message.into_bytes()).inspection.distinct(DetectorId::Bhxh)
    }

    #[test]
    fn tables_in_long_values_are_tables() {
        for (cut, rows) in [("\t", 100), ("\t", 3_000), (",", 3_000)] {
            let lines: String = (0..rows).map(|n| row(n).join(cut) + cut + "x\n").collect();
            let header = ["Họ và tên", "Mã số BHXH", "Ghi chú"].join(cut);
            let text = format!("Tính giúp tôi:\n\n{header}\n{lines}\nCảm ơn bạn.\n");
            for message in [
                member(&text),
                member(&member(&text)),
                format!("model=a&noiDung={}&n=1", percent(&text)),
                format!("Gửi anh xem\nq={}\nCảm ơn", percent(&text).replace('+', "%20")),
            ] {
                assert_eq!(found(message), rows.into(), "{cut:?} {rows}");
            }
        }
    }

    #[test]
    fn pages_in_values_are_pages() {
        for rows in [5, 3_000] {
            let cells =
                |cells: [String; 2]| format!("<tr>{}</tr>", cells.map(|cell| format!("<td>{cell}</td>")).concat());
            let lines: String = (0..rows).map(|n| cells(row(n))).collect();
            let table = cells(["Họ và tên".to_owned(), "Mã số BHXH".to_owned()]) + &lines;
            for page in [
                format!("<table>{table}</table>"),
                format!("Gửi anh,<br><TABLE border=\"1\">{table}</TABLE>"),
                format!("<html><body><p>Gửi anh</p><table>{table}</table></body></html>"),
            ] {
                assert_eq!(found(member(&page)), rows.into(), "{rows}");
            }
        }
    }
}
