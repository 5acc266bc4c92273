//! Delimited tables: commas, semicolons, tabs, pipes (also as Markdown writes them), quoted cells as in RFC 4180.
//!
//! Rows need not agree with each other, and titles may stand above the header.

mod cuts;
mod looks;
mod split;

use super::plain::legible;
use super::{Format, Room, Stream, returns};
use crate::inquiry::{Inquiry, Place};
use crate::table::{Cell, Line, Plain, Row, Table};
use crate::view::View;
use cuts::Cuts;
use looks::is_table;
use split::{Marks, split};

macro_rules! delimited {
    ($($name:ident $delimiter:literal $media_type:literal $example:literal;)*) => {$(
        pub(crate) const $name: Format = Format {
            media_type: $media_type,
            matches: |head| is_table(head, $delimiter),
            room: Room::Stream(|head, place| {
                returns::read(head, Box::new(Delimited::new($delimiter, legible(head, place))))
            }),
            #[cfg(test)]
            example: || $example.into(),
        };
    )*};
}

delimited! {
    TABS b'\t' "text/tab-separated-values" "STT\tSố CCCD\n1\t001090123456\n2\t001190123457\n";
    SEMICOLONS b';' "text/csv" "STT;Số CCCD;Tỉnh\n1;001090123456;x\n2;001190123457;x\n";
    PIPES b'|' "text/csv" "STT | Số CCCD | x\n1 | 001090123456 | x\n2 | 001190123457 | x\n";
    CARETS b'^' "text/csv" "STT^Số CCCD^x\n1^001090123456^x\n2^001190123457^x\n";
    TILDES b'~' "text/csv" "STT~Số CCCD~x\n1~001090123456~x\n2~001190123457~x\n";
    HASHES b'#' "text/csv" "STT#Số CCCD#x\n1#001090123456#x\n2#001190123457#x\n";
    COMMAS b',' "text/csv" "STT,Số CCCD,Tỉnh\n1,001090123456,x\n2,001190123457,x\n";
}

struct Delimited {
    delimiter: u8,
    table: Table,
    place: Place,
    row: Row,
    /// Cells of rows that are done with, to be written over.
    spare: Row,
    /// Cells of a row that stands as it is.
    cells: Vec<Cell>,
    cell: View,
    column: usize,
    quoted: bool,
    /// A quote within quotes: doubled it stands for itself, else it ends them.
    quote: bool,
    row_bytes: usize,
    rows: u64,
    /// The next byte begins a row.
    begins: bool,
}

/// Cells kept for the next row.
const SPARE_MAX: usize = 64;

/// A longer row is cut: somebody forgot a quote.
const ROW_MAX: usize = 1 << 17;

impl Delimited {
    fn new(delimiter: u8, place: Place) -> Self {
        Self {
            delimiter,
            table: Table::new(place.clone()),
            cell: View::new(place.charset),
            place,
            row: Row::new(),
            spare: Row::new(),
            cells: Vec::new(),
            column: 0,
            quoted: false,
            quote: false,
            row_bytes: 0,
            rows: 0,
            begins: false,
        }
    }

    fn end_cell(&mut self) {
        let next = match self.spare.pop() {
            Some((_, mut spare)) => {
                spare.clear();
                spare
            }
            None => View::new(self.place.charset),
        };
        let mut cell = std::mem::replace(&mut self.cell, next);
        let blank = cell.text.iter().take_while(|b| b.is_ascii_whitespace()).count();
        cell.trim(blank);
        self.row.push((self.column, cell));
        self.column += 1;
        self.quote = false;
    }

    /// Ends a cell whose quote was never closed, as far as it came: nobody meant one, and rows stand behind it.
    fn end_unclosed(&mut self, inquiry: &mut Inquiry) {
        let text = std::mem::replace(&mut self.cell, View::new(self.place.charset));
        let (mut start, delimiter) = (0, self.delimiter);
        for line in text.text.split_inclusive(|b| *b == b'\n') {
            for cell in line.split(|b| *b == delimiter) {
                self.cell.base = text.base + start as u64;
                self.cell.push_view(&text, start..start + cell.len());
                start += cell.len() + 1;
                self.end_cell();
            }
            // Nothing stands behind the last.
            start -= 1;
            self.put_row(inquiry);
        }
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        if self.quoted && !self.quote && self.cell.text.contains(&b'\n') {
            return self.end_unclosed(inquiry);
        }
        self.end_cell();
        self.put_row(inquiry);
    }

    /// Counts bytes of the row at hand, which ends where it grows too long.
    fn grow(&mut self, bytes: usize, inquiry: &mut Inquiry) {
        self.row_bytes += bytes;
        if self.row_bytes >= ROW_MAX {
            self.end_row(inquiry);
        }
    }

    fn put_row(&mut self, inquiry: &mut Inquiry) {
        self.rows += 1;
        let row = std::mem::take(&mut self.row);
        let rule = row.iter().all(|(_, view)| is_ruled(&view.text));
        let mut done = if rule { row } else { self.table.row(self.rows, row, inquiry) };
        if self.spare.is_empty() {
            self.spare = done;
        } else {
            self.spare.append(&mut done);
        }
        // As many as a row has, however many one row had.
        self.spare.truncate(SPARE_MAX);
        (self.column, self.row_bytes, self.quoted, self.begins) = (0, 0, false, true);
    }
}

impl Delimited {
    /// Reads rows that stand in the block from `n` on as they are; returns where one begins that does not.
    fn lines(&mut self, bytes: &[u8], mut n: usize, at: u64, inquiry: &mut Inquiry) -> usize {
        // Where one row is not plain, the next may not be either.
        const OTHERS_MAX: usize = 64;
        let mut others = 1;
        loop {
            let begins = n;
            if self.table.takes_plain(inquiry) {
                n = self.plain(bytes, n, at, inquiry);
            }
            others = if n > begins { 1 } else { OTHERS_MAX.min(2 * others) };
            let (next, ends) = self.others(bytes, n, at, others, inquiry);
            n = next;
            if ends {
                return n;
            }
        }
    }

    /// Reads plain rows; returns where one begins that is none.
    fn plain(&mut self, bytes: &[u8], mut n: usize, at: u64, inquiry: &mut Inquiry) -> usize {
        let mut cuts = Cuts::new(bytes, n, self.delimiter);
        while let Some((ends, next)) = cuts.next(n) {
            let text = bytes.get(n..).unwrap_or_default();
            if !self.table.plain(&Plain { text, at: at + n as u64, ends }, inquiry) {
                break;
            }
            self.rows += 1;
            n = next;
        }
        n
    }

    /// Reads so many rows, with quotes or without; returns where the next begins, and whether that is better read otherwise.
    fn others(&mut self, bytes: &[u8], mut n: usize, at: u64, rows: usize, inquiry: &mut Inquiry) -> (usize, bool) {
        let mut cells = std::mem::take(&mut self.cells);
        let (mut marks, mut left) = (Marks::new(bytes, n, self.delimiter), rows);
        while left > 0
            && let Some(end) = split(&mut marks, n, &mut cells)
        {
            let text = bytes.get(n..).unwrap_or_default();
            let line = Line { number: self.rows + 1, text, at: Some(at + n as u64), cells: &cells };
            if !is_rule(text, &cells) && !self.table.line(&line, inquiry) {
                break;
            }
            self.rows += 1;
            n = end;
            left -= 1;
        }
        self.cells = cells;
        (n, left > 0)
    }
}

/// Whether all cells are lines drawn under a header.
#[inline]
fn is_rule(bytes: &[u8], cells: &[Cell]) -> bool {
    // Nearly always the first is none.
    let begins = |cell: &Cell| cell.is_empty() || bytes.get(cell.range().start).is_some_and(|b| is_line(*b));
    cells.first().is_none_or(begins) && cells.iter().all(|cell| bytes.get(cell.range()).is_some_and(is_ruled))
}

fn is_ruled(cell: &[u8]) -> bool {
    cell.iter().copied().all(is_line)
}

const fn is_line(byte: u8) -> bool {
    matches!(byte, b'-' | b':' | b' ' | b'=')
}

impl Stream for Delimited {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = 0;
        if at == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            n = 3;
        }
        while n < bytes.len() {
            // Asked once a row.
            if std::mem::take(&mut self.begins) && self.table.takes_lines(inquiry) {
                n = self.lines(bytes, n, at, inquiry);
            }
            let Some(rest @ [b, ..]) = bytes.get(n..) else { break };
            let delimiter = self.delimiter;
            let special = |b: &u8| *b == delimiter || matches!(b, b'"' | b'\n' | b'\r');
            let plain = rest.iter().take_while(|b| !special(b)).count().min(ROW_MAX);
            if plain > 0 {
                if self.quote {
                    (self.quote, self.quoted) = (false, false);
                }
                if self.cell.text.is_empty() {
                    self.cell.base = at + n as u64;
                }
                self.cell.push(rest.get(..plain).unwrap_or_default(), at + n as u64);
                n += plain;
                self.grow(plain, inquiry);
                continue;
            }
            // A quoted cell may begin with the end of a line, or a quote that was doubled.
            if self.cell.text.is_empty() {
                self.cell.base = at + n as u64;
            }
            match *b {
                b'"' if self.quote => {
                    self.quote = false;
                    self.cell.push_escape(b"\"", at + n as u64, 1);
                }
                b'"' if self.quoted => self.quote = true,
                b'"' if self.cell.text.trim_ascii().is_empty() => self.quoted = true,
                b if self.quoted && !self.quote || b == b'"' => self.cell.push(&[b], at + n as u64),
                b'\n' => {
                    self.end_row(inquiry);
                    n += 1;
                    continue;
                }
                b'\r' => {}
                _ => {
                    self.quoted = false;
                    self.end_cell();
                }
            }
            n += 1;
            // Signs hold memory as letters do: each ends a cell, or is a piece of one.
            self.grow(1, inquiry);
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if !self.row.is_empty() || !self.cell.text.is_empty() {
            self.end_row(inquiry);
        }
        self.table.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_behind_a_forgotten_quote_are_rows() {
        let rows: String = (10..40).map(|n| format!("Nguyễn Văn An,79123456{n},x\n")).collect();
        let inspect = |text: &str| {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let hint = crate::Hint { name: Some("a.csv".to_owned()), content_type: None };
            inspector.inspect(hint, &text.as_bytes().to_vec()).inspection.distinct(chot_model::DetectorId::Bhxh)
        };
        let header = "Họ và tên,Mã số BHXH,Ghi chú\n";
        for (before, behind, found) in [
            ("", "", 30),
            ("\"Lê An,1,x\n", "", 30),
            ("Lê An,1,\"x\n", "", 30),
            // So many that the row is cut before it ends.
            ("Lê An,1,\"x\n", &"Lê An,,x\n".repeat(20_000), 30),
            // What is meant as one cell is one.
            ("Lê An,1,\"x\n", "y\"\n", 0),
        ] {
            assert_eq!(inspect(&format!("{header}{before}{rows}{behind}")), found, "{before:?}");
        }
    }
}
