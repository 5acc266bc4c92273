//! Rich Text Format (specification 1.9.1): the text without its control words, tables row by row.
//!
//! Objects and pictures are members. Destinations that hold no text of the document (fonts, properties) are read as they
//! stand.

mod data;

use data::{Data, Kind};

use chot_model::OpaqueReason;

use super::{Format, Room, Stream, rest};
use crate::charset::Charset;
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::table::Table;
use crate::text::Text;
use crate::view::View;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/rtf",
    matches: |head| head.trimmed.starts_with(b"{\\rtf"),
    room: Room::Stream(|_, place| Box::new(Rtf::new(place))),
    #[cfg(test)]
    example: || r"{\rtf1\ansi S\u7889? {\b CCCD} 0010\b0 90123456\par}".into(),
};

/// Deeper groups are read as their parents.
const GROUPS_MAX: usize = 256;

#[derive(Clone, Copy)]
struct Group {
    /// Not text of the document.
    aside: bool,
    /// A picture for programs that cannot show the one beside it.
    copy: bool,
    /// The digits of a file.
    data: bool,
    /// Characters that stand for a Unicode character to old readers.
    skip: u32,
}

struct Rtf {
    text: Text,
    cell: Text,
    side: Text,
    table: Table,
    row: Vec<(usize, View)>,
    rows: u64,
    in_table: bool,
    groups: Vec<Group>,
    deeper: u64,
    group: Group,
    /// A control word so far, from its backslash on, and where that stands.
    word: Vec<u8>,
    word_at: u64,
    /// The group has just begun: `\*` or a destination may follow.
    fresh: bool,
    /// Characters still to be passed over.
    skip: u32,
    /// The first half of a character beyond sixteen bits, and where it stands.
    high: Option<(u32, u64)>,
    charset: &'static Charset,
    place: Place,
    /// The file under way, how many there were, and how many bytes of it stand as they are.
    data: Option<Data>,
    files: u32,
    raw: u64,
    /// What stands behind the end, once that was met; it is text like all before it, and may be something else.
    behind: Option<Vec<u8>>,
}

/// Bytes behind the end that are looked at.
const BEHIND_MAX: usize = 16 << 20;

impl Rtf {
    fn new(place: &Place) -> Self {
        let place = Place { charset: None, ..place.clone() };
        Self {
            text: Text::prose(place.clone()),
            cell: Text::new(place.clone()),
            side: Text::new(place.clone()),
            table: Table::new(place.clone()),
            place,
            data: None,
            files: 0,
            raw: 0,
            behind: None,
            row: Vec::new(),
            rows: 0,
            in_table: false,
            groups: Vec::new(),
            deeper: 0,
            group: Group { aside: false, copy: false, data: false, skip: 1 },
            word: Vec::new(),
            word_at: 0,
            fresh: false,
            skip: 0,
            high: None,
            charset: Charset::windows_1258(),
        }
    }

    fn here(&mut self) -> &mut Text {
        if self.group.aside {
            &mut self.side
        } else if self.in_table {
            &mut self.cell
        } else {
            &mut self.text
        }
    }

    fn byte(&mut self, b: u8, at: u64, inquiry: &mut Inquiry) {
        // One more than is looked at, so that it is told.
        if let Some(behind) = self.behind.as_mut().filter(|behind| behind.len() <= BEHIND_MAX) {
            behind.push(b);
        }
        if self.raw > 0 {
            self.raw -= 1;
            match &mut self.data {
                Some(data) => data.byte(b, inquiry),
                None => self.side.view.push(&[b], at),
            }
            return;
        }
        if !self.word.is_empty() {
            if self.goes_on(b) {
                self.word.push(b);
                // `\'` and two digits are complete.
                if self.word.len() == 4 && self.word.starts_with(b"\\'") {
                    self.end_word(at + 1, inquiry);
                }
                return;
            }
            if self.word.len() == 1 {
                self.word.push(b);
                self.end_word(at + 1, inquiry);
                return;
            }
            let blank = b == b' ';
            self.end_word(at + u64::from(blank), inquiry);
            if blank {
                return;
            }
        }
        match b {
            b'\\' => {
                self.word.push(b);
                self.word_at = at;
            }
            b'{' => {
                if self.groups.len() < GROUPS_MAX {
                    self.groups.push(self.group);
                } else {
                    self.deeper += 1;
                }
                self.fresh = true;
            }
            b'}' => {
                if self.deeper > 0 {
                    self.deeper -= 1;
                } else if let Some(group) = self.groups.pop() {
                    if self.group.aside && !group.aside {
                        self.side.joint(b"\n");
                    }
                    if self.group.data && !group.data {
                        self.end_data(inquiry);
                    }
                    self.group = group;
                    if self.groups.is_empty() && self.behind.is_none() {
                        self.behind = Some(Vec::new());
                    }
                }
                self.fresh = false;
                self.skip = 0;
            }
            b'\r' | b'\n' if !self.group.aside => {}
            _ if self.group.data => {
                if let Some(data) = &mut self.data {
                    data.digit(b, inquiry);
                }
            }
            _ if self.skip > 0 => self.skip -= 1,
            _ => {
                self.fresh = false;
                self.here().view.push(&[b], at);
            }
        }
    }

    /// Whether the control word goes on with `b`.
    fn goes_on(&self, b: u8) -> bool {
        const WORD_MAX: usize = 40;
        let word = self.word.as_slice();
        match word {
            [b'\\'] => b.is_ascii_alphabetic() || b == b'\'',
            [b'\\', b'\'', digits @ ..] => digits.len() < 2 && b.is_ascii_hexdigit(),
            _ if word.len() > WORD_MAX => false,
            [.., last] if last.is_ascii_alphabetic() => b.is_ascii_alphanumeric() || b == b'-',
            _ => b.is_ascii_digit(),
        }
    }

    fn end_word(&mut self, end: u64, inquiry: &mut Inquiry) {
        let word = std::mem::take(&mut self.word);
        let at = self.word_at;
        let len = end - at;
        let control = word.get(1..).unwrap_or_default();
        let letters = control.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let (name, number) = control.split_at(letters.min(control.len()));
        let number = str::from_utf8(number).ok().and_then(|n| n.parse::<i64>().ok());
        let fresh = std::mem::take(&mut self.fresh);
        let show = |this: &mut Self, c: char| {
            if this.skip > 0 {
                this.skip -= 1;
            } else {
                let mut utf8 = [0; 4];
                this.here().view.push_escape(c.encode_utf8(&mut utf8).as_bytes(), at, len);
            }
        };
        match (name, control.first()) {
            (b"", Some(b'\'')) => {
                let code = control.get(1..3).and_then(|d| str::from_utf8(d).ok());
                if self.skip > 0 {
                    self.skip -= 1;
                } else if let Some(byte) = code.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                    let c = self.charset.decode(byte);
                    show(self, c);
                }
            }
            (b"", Some(b'*')) if fresh => self.group.aside = true,
            (b"", Some(b'~')) => show(self, '\u{a0}'),
            (b"", Some(b'_')) => show(self, '-'),
            (b"", Some(c @ (b'\\' | b'{' | b'}'))) => show(self, char::from(*c)),
            (b"u", _) => {
                self.skip = 0;
                // Negative numbers stand for the upper half of sixteen bits.
                let code = number.map_or(0xfffd, |n| (n & 0xffff) as u32);
                match (code, self.high.take()) {
                    (0xd800..0xdc00, _) => self.high = Some((code, at)),
                    (0xdc00..0xe000, Some((high, start))) => {
                        let whole = 0x10000 + ((high - 0xd800) << 10 | (code - 0xdc00));
                        let c = char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER);
                        self.here().view.push_escape(c.encode_utf8(&mut [0; 4]).as_bytes(), start, end - start);
                    }
                    _ => show(self, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
                self.skip = self.group.skip;
            }
            (b"uc", _) => self.group.skip = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(1).min(8),
            (b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"themedata" | b"datastore", _) if fresh => {
                self.group.aside = true;
            }
            (b"objdata", _) => self.begin_data(Kind::Object, inquiry),
            // Where there is a better copy beside it, it is left as it stands.
            (b"nonshppict", _) => (self.group.aside, self.group.copy) = (true, true),
            (b"pict", _) if fresh && !self.group.copy => self.begin_data(Kind::Picture, inquiry),
            (b"bin", _) => self.raw = number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            (b"par" | b"line" | b"sect" | b"page", _) => self.here().joint(b"\n"),
            (b"tab", _) => self.here().joint(b"\t"),
            (b"emdash" | b"endash", _) => self.here().joint(b"-"),
            (b"trowd" | b"intbl", _) => self.in_table = true,
            (b"pard", _) if self.row.is_empty() && self.cell.view.text.is_empty() => self.in_table = false,
            (b"cell" | b"nestcell", _) => {
                let view = std::mem::take(&mut self.cell.view);
                self.row.push((self.row.len(), view));
            }
            (b"row" | b"nestrow", _) => self.end_row(inquiry),
            _ => {}
        }
    }

    fn begin_data(&mut self, kind: Kind, inquiry: &mut Inquiry) {
        self.end_data(inquiry);
        self.files = self.files.saturating_add(1);
        self.data = Some(Data::new(kind, self.files));
        self.group.aside = true;
        self.group.data = true;
    }

    fn end_data(&mut self, inquiry: &mut Inquiry) {
        if let Some(data) = self.data.take() {
            data.end(&self.place, inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        let row = std::mem::take(&mut self.row);
        if !row.is_empty() {
            self.rows += 1;
            self.table.cells(self.rows, row, inquiry);
        }
    }
}

impl Stream for Rtf {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        const CELL_MAX: usize = 1 << 16;
        const CELLS_MAX: usize = 1 << 12;
        for (n, b) in bytes.iter().enumerate() {
            self.byte(*b, at + n as u64, inquiry);
            if self.cell.view.text.len() > CELL_MAX {
                // A cell as long as a page is text.
                let view = std::mem::take(&mut self.cell.view);
                self.text.view.push_view(&view, 0..view.text.len());
                self.text.advance(inquiry);
            }
            if self.row.len() > CELLS_MAX {
                self.end_row(inquiry);
            }
        }
        self.text.advance(inquiry);
        self.side.advance(inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.end_data(inquiry);
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
        self.cell.finish(inquiry);
        self.side.finish(inquiry);
        let behind = self.behind.take().unwrap_or_default();
        if behind.len() > BEHIND_MAX {
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
        }
        rest::inspect(&behind, &self.place.member("appended", Origin::Lost), inquiry);
    }
}
