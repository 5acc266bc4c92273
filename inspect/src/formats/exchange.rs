//! Sheets as old programs exchange them: SYLK (`.slk`) and DIF. Each cell stands on lines of its own, with its place.
//!
//! Cells are read under the headings of their columns, so that numbers which lost their zeros are found. All other lines are
//! read as text.

use super::plain::legible;
use super::{Format, Room, Stream, ooxml};
use crate::inquiry::{Inquiry, Place};
use crate::sniff::Head;
use crate::table::{Row, Table};
use crate::text::Text;
use crate::view::View;

pub(crate) const SYLK: Format = Format {
    media_type: "application/x-sylk",
    matches: |head| head.is_ascii_based() && head.trimmed.starts_with(b"ID;P"),
    room: Room::Stream(|head, place| Box::new(Sheet::new(Kind::Sylk, legible(head, place)))),
    #[cfg(test)]
    example: || "ID;PX\nC;Y1;X1;K\"Họ tên\"\nC;X2;K\"Số CCCD\"\nC;Y2;X1;K\"An\"\nC;X2;K79090123456\nE\n".into(),
};

pub(crate) const DIF: Format = Format {
    media_type: "application/x-dif",
    matches: is_dif,
    room: Room::Stream(|head, place| Box::new(Sheet::new(Kind::Dif, legible(head, place)))),
    #[cfg(test)]
    example: || {
        "TABLE\n0,1\n\"A\"\nDATA\n0,0\n\"\"\n-1,0\nBOT\n1,0\n\"Họ tên\"\n1,0\n\"Số CCCD\"\n-1,0\nBOT\n1,0\n\"An\"\n0,79090123456\nV\n\
         -1,0\nEOD\n"
            .into()
    },
};

/// A table, and the version of the format behind it.
fn is_dif(head: &Head<'_>) -> bool {
    const TABLE: &[u8] = b"TABLE";
    // Asked of every object, and nearly all begin otherwise.
    let mut lines = head.trimmed.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    head.trimmed.starts_with(TABLE)
        && head.is_ascii_based()
        && lines.next() == Some(TABLE)
        && lines.next() == Some(b"0,1")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sylk,
    Dif,
}

const ESC: u8 = 0x1b;
/// A longer line is read as text, piece by piece.
const LINE_MAX: usize = 1 << 16;
/// Columns of the widest sheet.
const COLUMNS_MAX: usize = 16_384;
/// Cells of a row; what is beyond is read as a row of its own.
const CELLS_MAX: usize = 4_096;

struct Sheet {
    kind: Kind,
    place: Place,
    /// The beginning of the line that the last block ended in, and where it stands.
    line: Vec<u8>,
    line_at: u64,
    table: Table,
    row: Row,
    /// Both from 1, as the formats count.
    number: u64,
    column: usize,
    /// Of DIF: the first line of a cell, as a value that waits for the second.
    value: Option<View>,
    /// The cells begin.
    in_data: bool,
    text: Text,
}

impl Sheet {
    fn new(kind: Kind, place: Place) -> Self {
        Self {
            kind,
            line: Vec::new(),
            line_at: 0,
            table: Table::new(place.clone()),
            row: Row::new(),
            number: 1,
            column: 1,
            value: None,
            in_data: kind == Kind::Sylk,
            text: Text::new(place.clone()),
            place,
        }
    }

    fn line(&mut self, line: &[u8], at: u64, inquiry: &mut Inquiry) {
        let line = line.trim_ascii_end();
        let is_cell = match self.kind {
            Kind::Sylk => self.record(line, at, inquiry),
            Kind::Dif => self.pair(line, at, inquiry),
        };
        if !is_cell {
            self.text.push(line, at, inquiry);
            self.text.joint(b"\n");
        }
    }

    /// A record of SYLK: `C;Y2;X1;K"…"`. Whether it is a cell.
    fn record(&mut self, line: &[u8], at: u64, inquiry: &mut Inquiry) -> bool {
        let Some(mut rest) = line.strip_prefix(b"C;") else { return false };
        let mut from = at + 2;
        while let [kind, field @ ..] = rest {
            // Within a value, a semicolon is written twice.
            let mut len = 0;
            loop {
                len += field.get(len..).and_then(|f| memchr::memchr(b';', f)).unwrap_or(field.len() - len);
                if field.get(len + 1) != Some(&b';') {
                    break;
                }
                len += 2;
            }
            let value = field.get(..len).unwrap_or_default();
            match kind {
                b'Y' => {
                    let number = whole(value).unwrap_or(self.number);
                    if number != self.number {
                        self.end_row(inquiry);
                    }
                    self.number = number;
                }
                b'X' => self.column = whole(value).and_then(|n| usize::try_from(n).ok()).unwrap_or(self.column),
                // Values, and what formulas and remarks say.
                b'K' => self.cell(value, from + 1, inquiry),
                _ => {
                    self.text.push(value, from + 1, inquiry);
                    self.text.joint(b"\n");
                }
            }
            rest = field.get(len + 1..).unwrap_or_default();
            from += len as u64 + 2;
        }
        true
    }

    /// One of the two lines of DIF that make a cell. Whether it is.
    fn pair(&mut self, line: &[u8], at: u64, inquiry: &mut Inquiry) -> bool {
        if !self.in_data {
            self.in_data = line == b"DATA";
            return false;
        }
        if let Some(value) = self.value.take() {
            match line {
                b"BOT" => {
                    self.end_row(inquiry);
                    (self.number, self.column) = (self.number.saturating_add(1), 0);
                }
                [b'"', ..] => {
                    self.column += 1;
                    self.cell(line, at, inquiry);
                }
                _ if !value.text.is_empty() => {
                    self.column += 1;
                    self.push(ooxml::typed(value), inquiry);
                }
                _ => return false,
            }
            return true;
        }
        let Some(comma) = memchr::memchr(b',', line) else { return false };
        let mut value = View::new(self.place.charset);
        if line.get(..comma) == Some(b"0") {
            value.push(line.get(comma + 1..).unwrap_or_default(), at + comma as u64 + 1);
        }
        self.value = Some(value);
        true
    }

    /// A value as it is written, in quotes or not.
    fn cell(&mut self, value: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut view = View::new(self.place.charset);
        let Some(text) = value.strip_prefix(b"\"") else {
            view.push(value, at);
            return self.push(ooxml::typed(view), inquiry);
        };
        let text = text.strip_suffix(b"\"").unwrap_or(text);
        let mut n = 0;
        while let Some(rest) = text.get(n..).filter(|rest| !rest.is_empty()) {
            let here = at + 1 + n as u64;
            let plain = memchr::memchr2(b';', ESC, rest).unwrap_or(rest.len());
            view.push(rest.get(..plain).unwrap_or_default(), here);
            let at = here + plain as u64;
            n += plain
                + match rest.get(plain..).unwrap_or_default() {
                    [b';', b';', ..] => {
                        view.push_escape(b";", at, 2);
                        2
                    }
                    // Any byte, as two halves: the end of a line is `ESC 20 3A`.
                    [ESC, high @ 0x20..=0x2f, low @ 0x30..=0x3f, ..] => {
                        view.push_escape(&[(high & 0x0f) << 4 | (low & 0x0f)], at, 3);
                        3
                    }
                    [other, ..] => {
                        view.push(&[*other], at);
                        1
                    }
                    [] => 0,
                };
        }
        self.push(view, inquiry);
    }

    fn push(&mut self, view: View, inquiry: &mut Inquiry) {
        self.row.push((self.column.clamp(1, COLUMNS_MAX) - 1, view));
        if self.row.len() > CELLS_MAX {
            self.end_row(inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        let mut row = std::mem::take(&mut self.row);
        if !row.is_empty() {
            row.sort_by_key(|(column, _)| *column);
            self.table.cells(self.number, row, inquiry);
        }
    }
}

/// A whole number.
fn whole(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.trim().parse().ok()
}

impl Stream for Sheet {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest);
            let len = end.unwrap_or(rest.len());
            let part = rest.get(..len).unwrap_or_default();
            let here = at + n as u64;
            n += len + 1;
            if self.line.is_empty() {
                if end.is_some() {
                    self.line(part, here, inquiry);
                    continue;
                }
                self.line_at = here;
            }
            self.line.extend_from_slice(part);
            if self.line.len() > LINE_MAX {
                let line = std::mem::take(&mut self.line);
                self.text.push(&line, self.line_at, inquiry);
            } else if end.is_some() {
                let line = std::mem::take(&mut self.line);
                self.line(&line, self.line_at, inquiry);
            }
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        let line = std::mem::take(&mut self.line);
        self.line(&line, self.line_at, inquiry);
        self.end_row(inquiry);
        self.table.finish(inquiry);
        self.text.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    fn citizens(bytes: &[u8], cut: usize) -> u64 {
        let mut inspecting = Inspector::new(Limits::default(), 2026).begin(Hint::default());
        bytes.chunks(cut).for_each(|chunk| inspecting.push(chunk));
        let inspection = inspecting.finish(&bytes.to_vec()).inspection;
        assert!(inspection.opaque.is_empty(), "{inspection:?}");
        inspection.distinct(DetectorId::Cccd)
    }

    #[test]
    fn cells_stand_under_their_headings_however_they_are_written() {
        let quoted = "ID;PX\r\nC;Y1;X1;K\"Số CCCD\"\r\nC;Y2;K\"0010;;90123456\"\r\nC;Y3;K\"001190654321\"\r\nE\r\n";
        let order = "ID;PX\nC;Y1;X1;K\"Số đơn hàng\"\nC;Y2;K79090123456\nE\n";
        for (bytes, found) in [
            ((SYLK.example)(), 1),
            ((DIF.example)(), 1),
            (quoted.into(), 1),
            (order.into(), 0),
            // Bytes as two halves: the end of a line, and digits.
            ("ID;PX\nC;Y1;X1;K\"Số CCCD 001190\x1b :654321\"\nE\n".into(), 1),
            ("ID;PX\nC;Y1;X1;K\"Số CCCD 00\x1b#1\x1b#190654321\"\nE\n".into(), 1),
            // Letters that the set of the program had not.
            ("ID;PX\nC;Y1;X1;K\"S? c?n c??c\"\nC;Y2;K79090123456\nE\n".into(), 1),
            ("ID;PX\nC;Y1;X1;K\"S? l??ng\"\nC;Y2;K79090123456\nE\n".into(), 0),
            ("ID;PX\nP;PGeneral\nNN;NCCCD;E\"Số CCCD 001190654321\"\nE\n".into(), 1),
        ] {
            for cut in [1, 7, 4_096] {
                assert_eq!(citizens(&bytes, cut), found, "{}", String::from_utf8_lossy(&bytes));
            }
        }
    }

    #[test]
    fn a_register_is_one() {
        let row = |n: u32| format!("C;Y{};X1;K{n}\nC;X2;K\"Nguyễn Văn An\"\nC;X3;K\"0011901000{n}\"\n", n - 8);
        let rows: String = (10..50).map(row).collect();
        let sheet = format!("ID;PX\nC;Y1;X1;K\"STT\"\nC;X2;K\"Họ và tên\"\nC;X3;K\"Số CCCD\"\n{rows}E\n");
        let inspection =
            Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &sheet.into_bytes()).inspection;
        assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.persons, inspection.bulk), (40, 40, true));
    }
}
