//! Delimited tables: commas, semicolons, tabs, pipes (also as Markdown writes them), quoted cells as in RFC 4180.
//!
//! Rows need not agree with each other, and titles may stand above the header.

mod cuts;

use std::ops::Range;

use chot_detectors::{BLOCK, among};

use super::plain::legible;
use super::{Format, Room, Stream, returns};
use crate::inquiry::{Inquiry, Place};
use crate::layers;
use crate::scanned::is_code;
use crate::sniff::Head;
use crate::table::{Cell, Line, Plain, Row, Table};
use crate::view::View;
use cuts::Cuts;

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

/// Most lines have the same number of delimiters. What nearly every text lacks is asked first.
fn is_table(head: &Head<'_>, delimiter: u8) -> bool {
    const LINES: usize = 40;
    if !head.is_ascii_based() || memchr::memchr(delimiter, head.trimmed).is_none() {
        return false;
    }
    let end = head.line_end();
    let lines = || records(head.trimmed, end, delimiter).filter(|l| !l.trim_ascii().is_empty()).take(LINES);
    let counts: Vec<usize> = lines().map(|line| delimiters(line, delimiter)).collect();
    let usual = |n: usize| counts.iter().filter(|c| **c == n).count();
    let Some(most) = counts.iter().copied().filter(|n| *n > 0).max_by_key(|n| (usual(*n), *n)) else { return false };
    let said = matches!(head.extension(), "csv" | "tsv" | "tab" | "psv")
        || matches!(head.declared(), "text/csv" | "text/tab-separated-values" | "application/csv");
    // Sentences have commas too.
    let (columns, rows) = match (said, delimiter) {
        (true, _) => (1, 1),
        (false, b'\t') => (1, 2),
        (false, b',') => (2, 3),
        _ => (2, 2),
    };
    // Columns set apart by blanks, with commas in the addresses: running text knows such tables.
    let blanks = |l: &&[u8]| has_wide_blanks(l, delimiter);
    // A second table of the file has columns of its own.
    let other = counts.iter().copied().filter(|n| said && *n > 0 && *n != most).map(usual).max().unwrap_or(0);
    // What hardly a program puts between values must do so all through.
    let share = if b"^~#".contains(&delimiter) { 9 } else { 5 };
    most >= columns
        && usual(most) >= rows
        && ((usual(most) + other) * 10 >= counts.len() * share || delimiter == b'\t' && are_trimmed(&counts))
        && (said || lines().filter(blanks).count() * 2 <= counts.len())
        && (said || !are_spaced(lines(), delimiter) || are_alike(&counts, most, delimiter))
        && (said || most > 1 || !is_announced(head.trimmed))
        && !(delimiter == b',' && is_list(head.trimmed))
        && !(matches!(delimiter, b'|' | b',') && is_wiki(head.trimmed))
        && !are_codes(lines())
        && !layers::is_uuencoded(head.trimmed)
}

/// Whether a table of a wiki begins here, whose header has other signs between its cells: running text knows such. Addresses
/// in it have commas.
fn is_wiki(text: &[u8]) -> bool {
    let Some((before, behind)) = memchr::memchr(b'|', text).and_then(|sign| text.split_at_checked(sign)) else {
        return false;
    };
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = before.len() + memchr::memchr(b'\n', behind).unwrap_or(behind.len());
    let first = text.get(start..end).unwrap_or_default().trim_ascii();
    first.starts_with(b"{|") || first.len() > 4 && first.starts_with(b"||") && first.ends_with(b"||")
}

/// Whether the lines with a `|` are the texts of the codes on cards, as a scanner writes them: no row of a table, but each
/// a person's card.
fn are_codes<'t>(lines: impl Iterator<Item = &'t [u8]>) -> bool {
    let mut piped = lines.filter(|line| line.contains(&b'|')).map(is_code).peekable();
    // A table of the same fields has a header. What was written between them may have a `|` as well.
    let (mut codes, mut others) = (0, 0);
    piped.peek() == Some(&true) && {
        piped.for_each(|is_code| *(if is_code { &mut codes } else { &mut others }) += 1);
        codes >= 4 * others
    }
}

/// The records of a text: its lines, but that one with a quote left open goes on to where it is closed. One that goes on
/// for longer was never meant as one.
fn records(text: &[u8], end: u8, delimiter: u8) -> impl Iterator<Item = &[u8]> {
    const LINES_MAX: usize = 8;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line = memchr::memchr(end, rest).unwrap_or(rest.len());
        let mut ends = memchr::memchr_iter(end, rest).chain([rest.len()]).take(LINES_MAX);
        // Hardly a line has a quote.
        let whole = match rest.get(..line).map(|line| memchr::memchr(b'"', line)) {
            Some(Some(_)) => ends.find(|at| rest.get(..*at).is_some_and(|all| !leaves_open(all, delimiter))),
            _ => Some(line),
        };
        let (record, behind) = rest.split_at(whole.unwrap_or(line));
        rest = behind.get(1..).unwrap_or_default();
        Some(record)
    })
}

/// Whether the last cell of a text begins with a quote that nothing closes.
fn leaves_open(text: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut begins) = (false, true);
    for b in text {
        match *b {
            b'"' if quoted || begins => (quoted, begins) = (!quoted, quoted),
            b' ' => {}
            b => begins = b == delimiter || b == b'\n' || b == b'\r',
        }
    }
    quoted
}

/// Whether the first line says of what a list below it is: `Số CMND của các bác:`. Running text knows such.
fn is_announced(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').next().is_some_and(|line| line.trim_ascii_end().ends_with(b":"))
}

/// Whether all lines have as many delimiters, but for titles. Those of addresses stand in every line of a list but its
/// header.
fn are_alike(counts: &[usize], most: usize, delimiter: u8) -> bool {
    counts.iter().all(|n| *n == most || delimiter == b';' && *n * 2 < most)
}

/// Whether a blank follows each delimiter, as people write: between the parts of an address, or the cells of a row from
/// which empty ones are left out. Running text tells what stands under which heading there.
fn are_spaced<'t>(mut lines: impl Iterator<Item = &'t [u8]>, delimiter: u8) -> bool {
    matches!(delimiter, b',' | b';')
        && lines.all(|line| {
            memchr::memchr_iter(delimiter, line).filter_map(|at| line.get(at + 1)).all(|b| matches!(b, b' ' | b'\r'))
        })
}

/// Whether words of a line stand wide blanks apart, and not only on either side of an empty cell.
fn has_wide_blanks(line: &[u8], delimiter: u8) -> bool {
    let mut cells = line.split(|b| *b == delimiter).map(<[u8]>::trim_ascii);
    let wide = |cell: &[u8]| cell.windows(2).filter(|w| *w == b"  ").count();
    let mut n = 0;
    cells.any(|cell| {
        n += wide(cell);
        n >= 2
    })
}

/// Whether most lines have as many tabs as the widest, but for a few at their end: those of empty cells are often cut
/// off.
fn are_trimmed(counts: &[usize]) -> bool {
    const LEFT_OUT_MAX: usize = 3;
    const COLUMNS_MIN: usize = 2 * LEFT_OUT_MAX;
    let widest = counts.iter().copied().max().unwrap_or(0);
    let whole = |n: &&usize| **n + LEFT_OUT_MAX >= widest;
    widest >= COLUMNS_MIN && counts.iter().filter(whole).count() * 2 >= counts.len()
}

/// How many of a line's delimiters stand outside of quotes.
fn delimiters(line: &[u8], delimiter: u8) -> usize {
    let Some(quoted) = memchr::memchr(b'"', line) else { return line.iter().filter(|b| **b == delimiter).count() };
    let (plain, rest) = line.split_at(quoted);
    let (mut quoted, mut n) = (false, plain.iter().filter(|b| **b == delimiter).count());
    for b in rest {
        quoted ^= *b == b'"';
        n += usize::from(*b == delimiter && !quoted);
    }
    n
}

/// Whether most lines are items of a list of numbers that a program holds, `{0x30, 0x31,`: each ends in a comma, and a
/// bracket stands before them.
fn is_list(text: &[u8]) -> bool {
    const LINES: usize = 40;
    let listed = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b',' | b'x' | b'X' | b' ' | b'\t');
    let lines = || text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).take(LINES);
    let items = |line: &&[u8]| line.ends_with(b",") && line.iter().all(listed);
    let bracket = |line: &&[u8]| line.ends_with(b"{") || line.ends_with(b"[") || line.ends_with(b"(");
    lines().take_while(|line| !items(line)).any(|line| bracket(&line))
        && lines().filter(items).count() * 2 >= lines().count()
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

/// The delimiters, quotes and parts of line ends in a text, one behind the other, as far as whole blocks reach: near
/// its end, rows are read like those that are cut by it.
struct Marks<'b> {
    bytes: &'b [u8],
    /// Where the block begins, and which bytes of it are still to be told.
    block: usize,
    left: u64,
    signs: [u8; 4],
}

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8], from: usize, delimiter: u8) -> Self {
        let signs = [delimiter, b'"', b'\n', b'\r'];
        let left = bytes.get(from..).and_then(<[u8]>::first_chunk).map_or(0, |block| among(block, signs));
        Self { bytes, block: from, left, signs }
    }

    /// The next one of a row that begins at `row`.
    #[inline(always)]
    fn next(&mut self, row: usize) -> Option<usize> {
        while self.left == 0 {
            let block = self.bytes.get(self.block + BLOCK..)?.first_chunk()?;
            self.block += BLOCK;
            self.left = among(block, self.signs);
            // No further than a row may.
            if self.block - row >= ROW_MAX {
                return None;
            }
        }
        let at = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }
}

/// Splits the row that begins at `row`, of which no mark was told yet, into cells and tells where the next begins;
/// `None` when its end is not there, or a cell is not what stands between two delimiters or quotes.
#[inline(never)]
fn split(marks: &mut Marks<'_>, row: usize, cells: &mut Vec<Cell>) -> Option<usize> {
    cells.clear();
    // A copy of its own stays in registers.
    let mut own = Marks { ..*marks };
    let (bytes, [delimiter, ..], mut start) = (own.bytes, own.signs, row);
    loop {
        let at = own.next(row)?;
        let b = *bytes.get(at)?;
        if b == delimiter {
            push(bytes, row, start..at, cells);
            start = at + 1;
        } else if b == b'\n' {
            push(bytes, row, start..at, cells);
            *marks = own;
            return (at - row < ROW_MAX).then_some(at + 1);
        } else if b == b'"' && at == start {
            *marks = own;
            let (behind, ends) = quoted(marks, row, start, cells)?;
            if ends {
                return (behind - row <= ROW_MAX).then_some(behind);
            }
            start = behind;
            own = Marks { ..*marks };
        } else if b != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            // Before the line end it is a blank; elsewhere it is dropped.
            return None;
        }
    }
}

/// Reads the cell whose quote stands at `start`; where the next begins, and whether that is a row.
#[inline(never)]
fn quoted(marks: &mut Marks<'_>, row: usize, start: usize, cells: &mut Vec<Cell>) -> Option<(usize, bool)> {
    let (bytes, [delimiter, ..]) = (marks.bytes, marks.signs);
    let close = loop {
        let at = marks.next(row)?;
        if bytes.get(at) == Some(&b'"') {
            break at;
        }
    };
    push(bytes, row, start + 1..close, cells);
    let (mut behind, mut next) = (marks.next(row)?, close + 1);
    if let Some(b"\r\n") = bytes.get(next..next + 2) {
        behind = marks.next(row)?;
        next += 1;
    }
    match *bytes.get(behind)? {
        // Nothing stands between.
        _ if behind != next => None,
        b'\n' => Some((behind + 1, true)),
        b if b == delimiter => Some((behind + 1, false)),
        _ => None,
    }
}

#[inline(always)]
fn push(bytes: &[u8], row: usize, cell: Range<usize>, cells: &mut Vec<Cell>) {
    let Range { start, end } = trimmed(bytes, cell.start, cell.end);
    cells.push(Cell::new(cells.len(), start - row, end - row));
}

/// What stands between two places, without the blanks around it.
#[inline(always)]
fn trimmed(bytes: &[u8], start: usize, end: usize) -> Range<usize> {
    let blank = |at: usize| bytes.get(at).is_some_and(|b| *b <= b' ');
    // Hardly a cell has any.
    if start < end && (blank(start) || blank(end - 1)) { without_blanks(bytes, start, end) } else { start..end }
}

#[inline(never)]
fn without_blanks(bytes: &[u8], start: usize, end: usize) -> Range<usize> {
    let cell = bytes.get(start..end).unwrap_or_default();
    let start = start + cell.len() - cell.trim_ascii_start().len();
    start..start + cell.trim_ascii().len()
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
                self.row_bytes += plain;
                n += plain;
                if self.row_bytes >= ROW_MAX {
                    self.end_row(inquiry);
                }
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
                b if self.quoted && !self.quote || b == b'"' => {
                    self.cell.push(&[b], at + n as u64);
                    self.row_bytes += 1;
                }
                b'\n' => self.end_row(inquiry),
                b'\r' => {}
                _ => {
                    self.quoted = false;
                    self.end_cell();
                }
            }
            n += 1;
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
    use super::*;

    #[test]
    fn codes_of_cards_a_line_each_are_no_table() {
        use chot_model::DetectorId::{BhytQr, Cccd, CccdQr};
        let citizens = "001090123456|012345678|Vi Thị Thử|01021990|Nữ|Xóm 1, xã A, Hà Nội|16122022\n\
                        079190123457||Y Thử Niê|03041990|Nam|Xóm 2, xã B, Hà Nội|19122021\n\
                        031090123458||Lò Văn Mẫu|05061990|Nam|Xóm 3, xã C, Hà Nội|19122021\n";
        let insured = "DN4790123456789|4ce1baa169205468e1bb8b|18/11/1985|2|58c3b36d203130|54 - 605|01/01/2026|-|$\n\
                       HC4790123456780|59204268c4836d20|12/04/1972|1|4b687520|19 - 785|01/01/2026|-|$\n";
        let headed = format!("CCCD|CMND|Họ tên|Ngày sinh|Giới tính|Địa chỉ|Ngày cấp\n{citizens}");
        for (text, found, persons) in [
            (citizens, [3, 0, 0], 3),
            (insured, [0, 2, 0], 2),
            // Two cards of different kinds behind each other may be one person's.
            (&[citizens, insured].concat(), [3, 2, 0], 4),
            // A table of the same fields says so.
            (&headed, [0, 0, 3], 3),
        ] {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.as_bytes().to_vec()).inspection;
            let count = [CccdQr, BhytQr, Cccd].map(|id| inspection.distinct(id));
            assert_eq!((count, inspection.persons), (found, persons), "{text} {inspection:?}");
        }
    }

    #[test]
    fn records_count_and_not_lines() {
        use chot_model::DetectorId::{Bhxh, Cccd, Cmnd};
        let names = ["Nguyễn Văn An", "Lê Thị Bình", "TRẦN QUỐC CƯỜNG"];
        let quoted = |cut: &str, heading: &str, row: fn(usize, &str) -> [String; 4]| {
            let rows = names.iter().enumerate().map(|(n, name)| row(n, name).join(cut));
            [["STT", "Họ và tên", heading, "Mã số BHXH"].join(cut)]
                .into_iter()
                .chain(rows)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let two = |n: usize, name: &str| {
            [
                format!("{n}"),
                name.into(),
                format!("\"12618207{n}\n07208088836{n}\""),
                format!("{}", 6_092_839_638_u64 + n as u64 * 7_654_321),
            ]
        };
        let born = |n: usize, name: &str| {
            [
                format!("{n}"),
                format!("\"{name}\n01/02/1980\""),
                format!("12618207{n}"),
                format!("{}", 6_092_839_638_u64 + n as u64 * 7_654_321),
            ]
        };
        for (text, found) in [
            (quoted("\t", "Số CMND/CCCD", two), [3, 3, 3]),
            (quoted("\t", "\"Số CMND/\nCCCD\"", two), [3, 3, 3]),
            (quoted(",", "\"Số CMND/\nCCCD\"", two), [3, 3, 3]),
            (quoted(",", "\"Số CMND/\r\nCCCD\"", two), [3, 3, 3]),
            (quoted("\t", "Số CMND", born), [3, 0, 3]),
        ] {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.clone().into_bytes()).inspection;
            let count = [Cmnd, Cccd, Bhxh].map(|id| inspection.distinct(id));
            assert_eq!((count, inspection.persons), (found, 3), "{text}");
        }
    }

    #[test]
    fn records_are_lines_where_no_quote_goes_on() {
        let told = |text: &str| records(text.as_bytes(), b'\n', b',').map(<[u8]>::len).collect::<Vec<_>>();
        for (text, lens) in [
            ("a,b\nc,d\n", &[3, 3][..]),
            ("a,\"b\nc\"\nd", &[7, 1]),
            // Said twice, a quote stands for itself; within a cell it opens nothing.
            ("\"a\"\"\nb\",c\nd", &[9, 1]),
            ("3.5\" x,b\nc,6\"", &[8, 4]),
            // Forgotten.
            ("a,\"b\n1\n2\n3\n4\n5\n6\n7\n8\n9", &[4, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ] {
            assert_eq!(told(text), lens, "{text:?}");
        }
    }

    #[test]
    fn tabs_at_the_end_of_a_row_may_be_cut_off_and_written_rows_are_text() {
        let row = |cut: &str, n: usize| {
            let cells = ["Lê Thị", "Hoa", "01/02/2014", "x", "BHXH", "3A2", "Thôn 3, xã An Lão, Lào Cai", "Đã nộp"];
            let cells: Vec<_> = cells
                .iter()
                .filter(|c| n.is_multiple_of(2) || **c != "Đã nộp" && (**c != "x" || cut == "\t"))
                .collect();
            let cells = cells.iter().map(|c| c.replace("BHXH", &format!("{}", 4_812_345_678_u64 + n as u64 * 54_321)));
            format!("{}{cut}{}\n", n + 1, cells.collect::<Vec<_>>().join(cut))
        };
        for (cut, heading, media_type, found) in [
            ("\t", "Mã số BHXH", "text/tab-separated-values", 12),
            ("; ", "Mã số BHXH", "text/plain", 12),
            ("\t", "Số hóa đơn", "text/tab-separated-values", 0),
            ("; ", "Số hóa đơn", "text/plain", 0),
        ] {
            let header = ["TT", "Họ và tên đệm", "Tên", "Ngày sinh", "Nữ", heading, "Lớp", "Địa chỉ", "Ghi chú"];
            let rows: String = (0..12).map(|n| row(cut, n)).collect();
            let text = format!("{}\n{rows}", header.join(cut));
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.clone().into_bytes()).inspection;
            let count = inspection.distinct(chot_model::DetectorId::Bhxh);
            assert_eq!((&*inspection.object.media_type, count), (media_type, found), "{text}");
        }
    }

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

    #[test]
    fn rows_are_split_where_they_stand_as_they_are() {
        let behind = format!("\n a row behind it{}\n", " that goes on".repeat(BLOCK));
        for (row, cells) in [
            ("1,001090123456,x", Some(&["1", "001090123456", "x"][..])),
            (" 1 ,,x\r", Some(&["1", "", "x"])),
            ("\"a,b\",\"c\nd\",\" e \"\r", Some(&["a,b", "c\nd", "e"])),
            ("\"\",\"\"", Some(&["", ""])),
            ("a\"b,c", None),
            ("\"a\"\"b\",c", None),
            ("\"a\" ,c", None),
            ("a\rb,c", None),
        ] {
            let text = format!("{row}{behind}");
            let mut found = Vec::new();
            let end = split(&mut Marks::new(text.as_bytes(), 0, b','), 0, &mut found);
            let found: Vec<_> = found.iter().map(|c| text.get(c.range()).unwrap()).collect();
            assert_eq!(end, cells.map(|_| row.len() + 1), "{row:?}");
            assert!(cells.is_none_or(|cells| cells == found), "{row:?}: {found:?}");
        }
        let cut = "no end of this row in sight ".repeat(BLOCK);
        assert_eq!(split(&mut Marks::new(cut.as_bytes(), 0, b','), 0, &mut Vec::new()), None);
    }
}
