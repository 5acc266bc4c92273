//! Workbooks laid flat: a package of Office in one file of XML, whose cells stand under their headings.
//!
//! Cells refer to strings that may stand behind them, so it is read twice; all but sheets and strings is read as words.

use super::elements::{column, number};
use super::words::Words;
use super::{attributes, typed};
use crate::formats::{Format, Room};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Reader, Tag};
use crate::object::BLOCK;
use crate::source::Source;
use crate::table::{Table, letters};
use crate::text::Text;
use crate::view::View;
use chot_model::OpaqueReason;

pub(crate) const LAID: Format = Format {
    media_type: "application/vnd.ms-excel2006ml",
    matches: |head| {
        let start = head.trimmed.get(..head.trimmed.len().min(super::flat::SEEN)).unwrap_or_default();
        (super::flat::PACKAGE.matches)(head) && memchr::memmem::find(start, b"xl/").is_some()
    },
    room: Room::Whole(read),
    #[cfg(test)]
    example: || {
        "<?xml version='1.0'?><pkg:package xmlns:pkg='http://schemas.microsoft.com/office/2006/xmlPackage'><pkg:part \
         pkg:name='/xl/worksheets/sheet1.xml'><pkg:xmlData><worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is>\
         <t>Số CCCD</t></is></c></row><row r='2'><c r='A2'><v>1090123456</v></c></row></sheetData></worksheet>\
         </pkg:xmlData></pkg:part></pkg:package>"
            .into()
    },
};

/// Strings that cells refer to, and bytes of them; more is a workbook that nobody lays flat.
const STRINGS_MAX: usize = 1 << 20;
const BYTES_MAX: usize = 32 << 20;
/// A cell as long as a page is text.
const CELL_MAX: usize = 1 << 16;

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let mut laid = Laid::new(place);
    pass(source, place, &mut laid, inquiry);
    laid.turn(inquiry);
    pass(source, place, &mut laid, inquiry);
    laid.finish(inquiry);
    None
}

fn pass(source: &dyn Source, place: &Place, laid: &mut Laid, inquiry: &mut Inquiry) {
    let mut markup = Markup::new(None);
    let (mut at, mut buffer) = (0, vec![0; BLOCK]);
    while at < source.len() && !inquiry.is_late(place) {
        match source.read_at(at, &mut buffer) {
            Ok(n @ 1..) => {
                markup.block(buffer.get(..n).unwrap_or_default(), at, laid, inquiry);
                at += n as u64;
            }
            Ok(0) | Err(_) => {
                inquiry.refuse(place, OpaqueReason::Failed, source.len() - at);
                break;
            }
        }
    }
    markup.finish(laid, inquiry);
}

/// What a part holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Other,
    Sheet,
    Strings,
}

/// What the value of a cell is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Shared,
    Text,
}

struct Laid {
    place: Place,
    words: Words,
    /// Only strings are looked for yet.
    is_first: bool,
    part: Part,
    strings: Vec<View>,
    /// Which of them cells show.
    shown: Vec<bool>,
    bytes: usize,
    are_too_many: bool,
    table: Table,
    row: Vec<(usize, View)>,
    row_number: u64,
    column: usize,
    kind: Kind,
    in_value: bool,
    value: Text,
}

impl Laid {
    fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            words: Words::new(place.clone()),
            is_first: true,
            part: Part::Other,
            strings: Vec::new(),
            shown: Vec::new(),
            bytes: 0,
            are_too_many: false,
            table: Table::new(place.clone()),
            row: Vec::new(),
            row_number: 0,
            column: 0,
            kind: Kind::Number,
            in_value: false,
            value: Text::new(place.clone()),
        }
    }

    /// All strings are known.
    fn turn(&mut self, inquiry: &mut Inquiry) {
        (self.is_first, self.part, self.in_value) = (false, Part::Other, false);
        self.value.view.clear();
        self.shown = vec![false; self.strings.len()];
        if self.are_too_many {
            inquiry.refuse(&self.place, OpaqueReason::TooLarge, 1);
        }
    }

    fn end_string(&mut self) {
        let view = std::mem::take(&mut self.value.view);
        self.bytes += view.text.len();
        self.are_too_many |= self.strings.len() >= STRINGS_MAX || self.bytes > BYTES_MAX;
        if !self.are_too_many {
            self.strings.push(view);
        }
    }

    fn end_cell(&mut self) {
        let mut view = std::mem::take(&mut self.value.view);
        view.trim(0);
        let shared = number(&view.text).filter(|_| self.kind == Kind::Shared);
        let view = match (self.kind, shared.and_then(|n| Some((self.strings.get(n)?, self.shown.get_mut(n)?)))) {
            (Kind::Shared, Some((string, shown))) => {
                *shown = true;
                let mut copy = View::default();
                copy.push_view(string, 0..string.text.len());
                copy
            }
            (Kind::Number, _) => typed(view),
            _ => view,
        };
        if !view.text.is_empty() {
            self.row.push((self.column, view));
        }
        self.column += 1;
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if !self.row.is_empty() {
            let row = std::mem::take(&mut self.row);
            self.table.cells(self.row_number, row, inquiry);
        }
    }

    fn end_part(&mut self, inquiry: &mut Inquiry) {
        self.end_row(inquiry);
        self.table.finish(inquiry);
        (self.part, self.row_number, self.in_value) = (Part::Other, 0, false);
    }

    fn finish(mut self, inquiry: &mut Inquiry) {
        self.end_part(inquiry);
        // What no cell shows is text all the same.
        for (string, _) in self.strings.iter().zip(&self.shown).filter(|(_, shown)| !**shown) {
            let side = self.words.side();
            side.joint(b"\n");
            side.view.push_view(string, 0..string.text.len());
            side.advance(inquiry);
        }
        self.value.finish(inquiry);
        self.words.finish(inquiry);
    }

    fn begin_part(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        self.end_part(inquiry);
        let name = tag.string(b"name").unwrap_or_default().to_ascii_lowercase();
        self.part = if name.contains("xl/sharedstrings") {
            Part::Strings
        } else if name.contains("xl/worksheets/") && name.ends_with(".xml") {
            Part::Sheet
        } else {
            Part::Other
        };
        let title = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".xml").to_owned();
        let name = move |row: u64, column: usize| format!("{title}!{}{row}", letters(column));
        self.table = Table::with_names(self.place.clone(), Box::new(name));
    }
}

impl Reader for Laid {
    fn text(&mut self) -> &mut Text {
        match self.part {
            Part::Other => self.words.text(),
            _ if self.in_value => &mut self.value,
            _ => self.words.side(),
        }
    }

    fn side(&mut self) -> &mut Text {
        self.words.side()
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn take(&mut self, raw: &[u8], at: u64) -> bool {
        // Strings are taken the first time, and all else the second.
        match self.part {
            Part::Other => self.is_first || self.words.take(raw, at),
            Part::Sheet => self.is_first,
            Part::Strings => !(self.is_first && self.in_value),
        }
    }

    fn elements(&mut self, rest: &[u8], at: u64, inquiry: &mut Inquiry) -> usize {
        if self.is_first || self.part != Part::Other { 0 } else { self.words.elements(rest, at, inquiry) }
    }

    fn advance(&mut self, inquiry: &mut Inquiry) {
        if self.is_first {
            // Comments are read the second time.
            self.words.side().view.clear();
            return;
        }
        if self.part == Part::Sheet && self.value.view.text.len() > CELL_MAX {
            let view = std::mem::take(&mut self.value.view);
            self.words.side().view.push_view(&view, 0..view.text.len());
        }
        self.words.advance(inquiry);
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        match (self.part, tag.name) {
            (_, b"part") => self.begin_part(tag, inquiry),
            (Part::Strings, b"t") => self.in_value = self.is_first,
            (Part::Sheet, b"row") if !self.is_first => {
                self.end_row(inquiry);
                let said = tag.string(b"r").and_then(|n| n.trim().parse().ok());
                (self.row_number, self.column) = (said.unwrap_or(self.row_number + 1), 0);
            }
            (Part::Sheet, b"c") if !self.is_first => {
                let said = tag.string(b"r").and_then(|reference| column(reference.as_bytes()));
                self.column = said.unwrap_or(self.column);
                self.kind = match tag.string(b"t").as_deref() {
                    Some("s") => Kind::Shared,
                    None | Some("n") => Kind::Number,
                    Some(_) => Kind::Text,
                };
            }
            (Part::Sheet, b"v" | b"t") => self.in_value = !self.is_first,
            (Part::Other, _) if !self.is_first => return self.words.open(tag, inquiry),
            _ => {}
        }
        if !self.is_first {
            attributes(tag, false, self.words.side(), inquiry);
        }
    }

    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry) {
        match (self.part, name) {
            (_, b"part") => self.end_part(inquiry),
            (Part::Strings, b"si") if self.is_first => self.end_string(),
            (Part::Strings | Part::Sheet, b"v" | b"t") => self.in_value = false,
            (Part::Sheet, b"c") if !self.is_first => self.end_cell(),
            (Part::Sheet, b"row") => self.end_row(inquiry),
            (Part::Sheet, _) if !self.is_first => self.words.side().joint(b"\n"),
            (Part::Other, _) if !self.is_first => self.words.close(name, inquiry),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection};

    use crate::{Hint, Inspector, Limits};

    const PEOPLE: [&str; 6] = ["7912345610", "7912345611", "7912345612", "7912345613", "7912345614", "7912345615"];

    fn package(parts: &[(&str, &str)]) -> String {
        let part = |(name, xml): &(&str, &str)| {
            format!("<pkg:part pkg:name='{name}'><pkg:xmlData>{xml}</pkg:xmlData></pkg:part>")
        };
        let parts: String = parts.iter().map(part).collect();
        format!(
            "<?xml version='1.0'?><pkg:package xmlns:pkg='http://schemas.microsoft.com/office/2006/xmlPackage'>\
             {parts}</pkg:package>"
        )
    }

    fn inspect(file: &str) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &file.as_bytes().to_vec()).inspection
    }

    fn sheet(cell: impl Fn(usize, &str) -> String) -> String {
        let row =
            |n: usize, cells: [&str; 2]| format!("<row>{}{}</row>", cell(2 * n, cells[0]), cell(2 * n + 1, cells[1]));
        let rows: String = PEOPLE.iter().enumerate().map(|(n, number)| row(n + 1, ["Nguyễn Văn An", number])).collect();
        format!("<worksheet><sheetData>{}{rows}</sheetData></worksheet>", row(0, ["Họ và tên", "Mã số BHXH"]))
    }

    #[test]
    fn cells_stand_under_their_headings() {
        let inline = sheet(|_, text| format!("<c t='inlineStr'><is><t>{text}</t></is></c>"));
        let shared = sheet(|n, _| format!("<c t='s'><v>{n}</v></c>"));
        let numbers = sheet(|_, text| match text.parse::<u64>() {
            Ok(_) => format!("<c><v>{text}</v></c>"),
            Err(_) => format!("<c t='str'><v>{text}</v></c>"),
        });
        let mut strings = String::new();
        for pair in std::iter::once(["Họ và tên", "Mã số BHXH"]).chain(PEOPLE.map(|n| ["Nguyễn Văn An", n])) {
            strings.extend(pair.map(|text| {
                let (first, rest) = text.split_at(text.char_indices().nth(3).map_or(0, |(at, _)| at));
                format!("<si><r><t>{first}</t></r><r><t>{rest}</t></r></si>")
            }));
        }
        let strings = format!("<sst>{strings}<si><t>Số CCCD 001090123456</t></si></sst>");
        const SHEET: &str = "/xl/worksheets/sheet1.xml";
        const STRINGS: &str = "/xl/sharedStrings.xml";
        for (what, file, unseen) in [
            ("inline", package(&[(SHEET, &inline)]), 0),
            ("numbers", package(&[(SHEET, &numbers)]), 0),
            ("strings before", package(&[(STRINGS, &strings), (SHEET, &shared)]), 1),
            ("strings behind", package(&[(SHEET, &shared), (STRINGS, &strings)]), 1),
        ] {
            let inspection = inspect(&file);
            let found = (inspection.distinct(DetectorId::Bhxh), inspection.distinct(DetectorId::Cccd));
            assert_eq!(found, (6, unseen), "{what}: {inspection:?}");
            assert!(inspection.opaque.is_empty(), "{what}: {inspection:?}");
        }
    }

    #[test]
    fn amounts_are_no_numbers_of_people_and_words_beside_are_read() {
        let amounts = sheet(|n, text| {
            if n == 1 {
                "<c t='str'><v>Số tiền</v></c>".to_owned()
            } else {
                format!("<c t='str'><v>{text}</v></c>")
            }
        });
        let note = "<w:p><w:r><w:t>Số CCCD 0010</w:t></w:r><w:r><w:t>90123456</w:t></w:r></w:p>";
        let file = package(&[("/xl/worksheets/sheet1.xml", &amounts), ("/xl/drawings/drawing1.xml", note)]);
        let inspection = inspect(&file);
        let found = (inspection.distinct(DetectorId::Bhxh), inspection.distinct(DetectorId::Cccd));
        assert_eq!(found, (0, 1), "{inspection:?}");
    }
}
