//! Documents within values: strings that are JSON themselves or hold a statement of SQL, and files as lists of their bytes, `[80,75,3,4,…]`.

use std::ops::Range;

use super::Json;
use crate::Hint;
use crate::formats::sql;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::view::View;

/// A document in a value: its bytes, and where they came from.
pub(super) struct Document {
    text: Vec<u8>,
    origin: Origin,
}

impl Document {
    pub(super) fn of(view: &View, range: Range<usize>, place: &Place) -> Self {
        let text = view.text.get(range.clone()).unwrap_or_default().to_vec();
        Self { text, origin: view.origin(&range, &place.origin) }
    }
}

/// The strings of a list that may be the lines of one text: each but the last ends one, or they are markup, or pieces of
/// base64. Notebooks are written so.
#[derive(Default)]
pub(super) struct Lines {
    view: View,
    count: usize,
    /// The last one ended none.
    ended: bool,
    /// They are pieces of base64.
    coded: bool,
}

/// Bytes of such a text; of a longer one what follows is a text of its own.
pub(super) const LINES_MAX: usize = 1 << 20;

/// Whether a value is a piece of base64, or the rest of one behind others: whole groups of four, capitals, small letters and
/// digits among them. Hashes in hexadecimal digits are none.
fn is_coded(text: &[u8], rest: bool) -> bool {
    const PIECE_MIN: usize = 16;
    let has = |is: fn(&u8) -> bool| text.iter().any(is);
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let mixed = || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    text.len().is_multiple_of(4)
        && (rest && !text.is_empty() || text.len() >= PIECE_MIN && mixed())
        && text.iter().all(sign)
}

/// Whether a page with a table stands in a text, as programs send mails and notes.
fn holds_table(text: &[u8]) -> bool {
    const TABLE: &[u8] = b"<table";
    let is_table = |at: usize| text.get(at..at + TABLE.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(TABLE));
    memchr::memchr_iter(b'<', text).any(is_table)
}

/// A number that may be a byte or character.
pub(super) fn small(text: &[u8]) -> Option<u32> {
    const DIGITS_MAX: usize = 6;
    let is_one = (1..=DIGITS_MAX).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    is_one.then(|| text.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

impl Json {
    /// Adds a value to the file that the list at hand may be.
    pub(super) fn listed(&mut self, number: Option<u32>, inquiry: &mut Inquiry) {
        let Some(mut file) = self.file.take() else { return };
        if number.is_some_and(|number| file.add(number, &self.value.place, inquiry)) {
            self.file = Some(file);
        } else {
            file.end(&self.value.place, inquiry);
        }
    }

    /// The value, if it is a document itself: programs send those within strings.
    pub(super) fn nested(&self) -> Option<Document> {
        const NESTED_MIN: usize = 8;
        let view = &self.value.view;
        let text = view.text.trim_ascii();
        let is_one = match text {
            [b'{', rest @ .., b'}'] => rest.trim_ascii_start().starts_with(b"\""),
            [b'[', rest @ .., b']'] => matches!(rest.trim_ascii_start(), [b'{' | b'[' | b'"', ..]),
            text => sql::tells(text) || holds_table(text),
        };
        let start = view.text.len() - view.text.trim_ascii_start().len();
        (is_one && !self.key && text.len() >= NESTED_MIN)
            .then(|| Document::of(view, start..start + text.len(), &self.value.place))
    }

    /// Adds a value to the lines that the list at hand may be.
    pub(super) fn line(&mut self, inquiry: &mut Inquiry) {
        let view = &self.value.view;
        let Some(lines) = self.lines.as_mut().filter(|lines| !lines.ended && !self.long) else {
            self.lines = None;
            return;
        };
        // Where markup breaks into lines does not matter.
        let is_markup = |view: &View| view.text.starts_with(b"<");
        let coded = is_coded(&view.text, lines.coded) && (lines.coded || lines.count == 0);
        lines.coded = coded;
        lines.ended = !view.text.ends_with(b"\n") && !coded && !is_markup(view) && !is_markup(&lines.view);
        lines.count += 1;
        if lines.ended && lines.count == 1 {
            self.lines = None;
            return;
        }
        lines.view.push_view(view, 0..view.text.len());
        if lines.view.text.len() > LINES_MAX {
            self.end_lines(inquiry);
            self.lines = Some(Lines::default());
        }
    }

    /// Whether this value, which is plain, may be a line behind the strings before it; if not, it ends them.
    pub(super) fn goes_on_lines(&mut self, value: &[u8]) -> bool {
        let goes_on = self
            .lines
            .as_ref()
            .is_some_and(|lines| lines.count > 0 || value.starts_with(b"<") || is_coded(value, false));
        if !goes_on {
            self.lines = None;
        }
        goes_on
    }

    /// The list at hand ends: were its strings the lines of a text?
    pub(super) fn end_lines(&mut self, inquiry: &mut Inquiry) {
        if let Some(lines) = self.lines.take().filter(|lines| lines.count > 1) {
            let document = Document::of(&lines.view, 0..lines.view.text.len(), &self.value.place);
            self.document_within(document, inquiry);
        }
    }

    /// Reads a document within a value once more as what it is.
    pub(super) fn document_within(&self, document: Document, inquiry: &mut Inquiry) {
        let Document { text, origin } = document;
        if let Some(mut object) = self.object_within(origin, inquiry) {
            object.push(&text, inquiry);
            object.finish(None, inquiry);
        }
    }

    fn object_within(&self, origin: Origin, inquiry: &Inquiry) -> Option<Object> {
        let place = &self.value.place;
        let within = Place { origin, again: true, depth: place.depth + 1, ..place.clone() };
        (place.depth < inquiry.limits.depth_max)
            .then(|| Object::new(Hint::default(), Place { charset: None, ..within }))
    }

    /// The value turns out to be long: it may be a document by how it begins, which is read along then.
    pub(super) fn begin_document(&mut self, inquiry: &Inquiry) {
        let begins = match self.value.view.text.trim_ascii_start() {
            [b'{', rest @ ..] => rest.trim_ascii_start().starts_with(b"\""),
            [b'[', rest @ ..] => matches!(rest.trim_ascii_start(), [b'{' | b'[' | b'"', ..]),
            text => text.first() == Some(&b'<') || holds_table(text),
        };
        self.document =
            if begins { self.object_within(Origin::Lost, inquiry).map(|object| (Box::new(object), 0)) } else { None };
    }

    /// Reads what came of such a document.
    pub(super) fn read_document(&mut self, inquiry: &mut Inquiry) {
        let view = &self.value.view;
        if let Some((object, read)) = &mut self.document {
            let from = usize::try_from(read.saturating_sub(view.base)).unwrap_or(usize::MAX);
            object.push(view.text.get(from..).unwrap_or_default(), inquiry);
            *read = view.base + view.text.len() as u64;
        }
    }

    /// The long value ends.
    pub(super) fn end_document(&mut self, inquiry: &mut Inquiry) {
        self.read_document(inquiry);
        if let Some((mut object, _)) = self.document.take() {
            object.finish(None, inquiry);
        }
    }

    /// The list at hand ends, or holds something else.
    pub(super) fn end_file(&mut self, inquiry: &mut Inquiry) {
        if let Some(file) = self.file.take().filter(|file| !file.is_empty()) {
            file.end(&self.value.place, inquiry);
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn a_list_of_bytes_is_a_file() {
        let said = "Kính gửi quý đơn vị. Số CCCD: 001090123456 của ông An.\n";
        let bytes = |times: usize| said.repeat(times).bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", ");
        let units = said.encode_utf16().map(|unit| unit.to_string()).collect::<Vec<_>>().join(",");
        for (text, found) in [
            (format!(r#"{{"type":"Buffer","data":[{}]}}"#, bytes(1)), 1),
            (format!("[{}]", bytes(2_000)), 1),
            (format!(r#"{{"a":[1,2,[{units}]],"b":1}}"#), 1),
            (format!(r#"{{"a":[{}"#, bytes(1)), 1),
            // Ages, and what is no list of one file.
            (r#"{"tuoi":[48,48,49,48,57,48,49,50,51,52,53,54,33,35,40,50]}"#.to_owned(), 0),
            (format!(r#"{{"a":[{},null]}}"#, bytes(1).replace(", 48", ", 48, null")), 0),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{}", text.get(..60).unwrap_or(&text));
        }
    }

    #[test]
    fn strings_that_end_lines_are_one_text() {
        let list = |lines: &[&str]| {
            let quoted = lines.iter().map(|line| format!("\"{}\"", line.replace('\n', "\\n")));
            format!(r#"{{"source": [{}], "n": 1}}"#, quoted.collect::<Vec<_>>().join(", "))
        };
        let rows = [
            "Trần Văn An | 7912345001\n",
            "Lê Thị Bé | 7912345038\n",
            "Phạm Văn Em | 7912345075\n",
            "Hồ Thị Dung | 7912345112",
        ];
        let under = |heading: &'static str| [&[heading][..], &rows].concat();
        let long = "Họ tên | Mã số BHXH\n".repeat(70_000);
        for (text, found) in [
            (list(&under("Họ tên | Mã số BHXH\n")), 4),
            (list(&["<table><tr><td>Mã số BHXH</td></tr>", "<tr><td>7912345001</td></tr>", "</table>"]), 1),
            (list(&[long.as_str(), "Trần Văn An | 7912345001\n"]), 0),
            (list(&["TcOjIHPhu5EgQkhY", "SDogNzkxMjM0NTY3", "OA=="]), 1),
            (list(&["TcOjIHPhu5EgQkhY", "SDogNzkxMjM0NTY3", "x", "OA=="]), 0),
            // No lines: each is something of its own.
            (list(&under("Họ tên | Mã số BHXH")), 0),
            (list(&under("Họ tên | Mã đơn hàng\n")), 0),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            let told = text.get(..60).unwrap_or(&text);
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{told}: {:?}", inspection.tallies);
        }
    }
}
