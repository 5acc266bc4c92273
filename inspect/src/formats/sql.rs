//! SQL dumps: running text, and the tables in it, whose columns `INSERT INTO t (a, b) VALUES` and PostgreSQL's
//! `COPY t (a, b) FROM stdin` name.
//!
//! A row that has as many values as the list has columns is read as a row and nothing else; all other bytes are text.

use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::sniff::Head;
use crate::table::Table;
use crate::text::Text;
use crate::view::View;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/sql",
    matches: is_sql,
    room: Room::Stream(|head, place| Box::new(Sql::new(legible(head, place)))),
    #[cfg(test)]
    example: || "INSERT INTO nguoi (id, so_cccd) VALUES (1, '001090123456');".into(),
};

/// A statement that names columns, at the beginning of a line.
fn is_sql(head: &Head<'_>) -> bool {
    let statement = |line: &[u8]| {
        let starts = |word: &[u8]| line.get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word));
        starts(b"INSERT INTO ") || starts(b"REPLACE INTO ") || starts(b"INSERT IGNORE INTO ") || {
            line.starts_with(b"COPY ") && memchr::memmem::find(line, b" FROM stdin").is_some()
        }
    };
    let (mut from, ends) = (0, memchr::memchr_iter(b'\n', head.bytes).chain([head.bytes.len()]));
    let mut lines = ends.map(|end| head.bytes.get(std::mem::replace(&mut from, end + 1)..end).unwrap_or_default());
    head.is_ascii_based() && lines.any(|line| statement(line.trim_ascii_start()))
}

/// Longest name of a table and list of columns.
const HEAD_MAX: usize = 1 << 14;
/// Longest row; what is longer is a file packed into the dump.
const ROW_MAX: usize = 1 << 17;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of any statement of interest.
    Search,
    /// Behind `INSERT INTO` or `COPY`, before the columns.
    Name,
    Columns,
    /// Between rows.
    Between,
    Values,
    Quoted,
    /// A quote within quotes: doubled it stands for itself, else it ends them.
    Quote,
    /// A backslash within quotes.
    Escape,
    /// Behind the columns of `COPY`, to the end of the line.
    Stdin,
    Lines,
}

struct Sql {
    text: Text,
    /// Rows were left out of the text since something was added to it.
    broken: bool,
    /// The row being read as it stands, in case it turns out to be none, and where it begins.
    raw: Vec<u8>,
    raw_at: u64,
    /// A row has ended with this byte, and whether it was one.
    taken: Option<bool>,
    place: Place,
    table: Table,
    state: State,
    copy: bool,
    word: Vec<u8>,
    inserting: bool,
    /// Bytes of the statement's head or of the row.
    len: usize,
    /// Brackets open within a row.
    open: u32,
    header: Vec<Vec<u8>>,
    row: Vec<(usize, View)>,
    cell: View,
    rows: u64,
}

impl Sql {
    fn new(place: Place) -> Self {
        Self {
            text: Text::prose(place.clone()),
            broken: false,
            raw: Vec::new(),
            raw_at: 0,
            taken: None,
            table: Table::new(place.clone()),
            state: State::Search,
            copy: false,
            word: Vec::new(),
            inserting: false,
            len: 0,
            open: 0,
            header: Vec::new(),
            row: Vec::new(),
            cell: View::new(place.charset),
            rows: 0,
            place,
        }
    }

    /// Takes a word; tells whether columns may follow.
    fn word(&mut self) -> bool {
        let word = std::mem::take(&mut self.word).to_ascii_uppercase();
        match word.as_slice() {
            b"INSERT" | b"REPLACE" => self.inserting = true,
            b"IGNORE" => {}
            b"INTO" if self.inserting => {
                self.inserting = false;
                self.copy = false;
                return true;
            }
            b"COPY" => {
                self.copy = true;
                return true;
            }
            _ => self.inserting = false,
        }
        false
    }

    fn end_cell(&mut self) {
        let mut cell = std::mem::replace(&mut self.cell, View::new(self.place.charset));
        let blank = cell.text.iter().take_while(|b| b.is_ascii_whitespace()).count();
        cell.trim(blank);
        if matches!(cell.text.as_slice(), b"NULL" | b"null" | b"\\N") {
            cell.clear();
        }
        self.row.push((self.row.len(), cell));
    }

    fn end_row(&mut self, inquiry: &mut Inquiry) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        let fits = row.len() == self.header.len();
        self.taken = Some(fits);
        if fits {
            self.rows += 1;
            self.table.row(self.rows, row, inquiry);
        }
        self.len = 0;
    }

    /// The columns are read: rows of the same table go on with it.
    fn end_columns(&mut self, inquiry: &mut Inquiry) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        let header: Vec<Vec<u8>> = row.iter().map(|(_, view)| view.text.clone()).collect();
        if header != self.header {
            self.table.finish(inquiry);
            self.header = header;
            self.rows = 1;
            self.table.row(1, row, inquiry);
        }
        self.len = 0;
        self.state = if self.copy { State::Stdin } else { State::Between };
    }

    fn leave(&mut self) {
        self.row.clear();
        self.cell.clear();
        self.state = State::Search;
        (self.len, self.open) = (0, 0);
    }

    fn byte(&mut self, b: u8, at: u64, inquiry: &mut Inquiry) {
        const WORD_MAX: usize = 16;
        self.len += 1;
        let most = if matches!(self.state, State::Name | State::Columns | State::Stdin) { HEAD_MAX } else { ROW_MAX };
        if self.len > most && self.state != State::Search {
            self.leave();
        }
        match self.state {
            State::Search => {
                if b.is_ascii_alphanumeric() || b == b'_' {
                    if self.word.len() < WORD_MAX {
                        self.word.push(b);
                    }
                } else if !self.word.is_empty() && self.word() {
                    self.state = State::Name;
                    self.len = 0;
                }
            }
            State::Name => match b {
                b'(' if self.word.eq_ignore_ascii_case(b"VALUES") => self.leave(),
                b'(' => {
                    self.word.clear();
                    self.state = State::Columns;
                }
                b';' => self.leave(),
                b if (b.is_ascii_alphanumeric() || b == b'_') && self.word.len() < WORD_MAX => self.word.push(b),
                b if b.is_ascii_whitespace() && self.word.eq_ignore_ascii_case(b"VALUES") => self.leave(),
                b if b.is_ascii_whitespace() => self.word.clear(),
                _ => {}
            },
            State::Columns => match b {
                b')' => self.end_columns(inquiry),
                b',' => self.end_cell(),
                b'`' | b'"' | b'[' | b']' => {}
                _ => self.put(b, at),
            },
            State::Between => match b {
                b'(' => {
                    (self.state, self.open, self.len) = (State::Values, 0, 0);
                }
                b';' => self.leave(),
                _ => {}
            },
            State::Values => match b {
                b'\'' => {
                    // `N'…'`, `E'…'`: the letter says how the text is written.
                    if self.cell.text.trim_ascii().len() <= 1 {
                        self.cell.clear();
                    }
                    self.state = State::Quoted;
                }
                b',' if self.open == 0 => self.end_cell(),
                b')' if self.open == 0 => {
                    self.end_row(inquiry);
                    self.state = State::Between;
                }
                b')' => self.open -= 1,
                b'(' => self.open += 1,
                _ => self.put(b, at),
            },
            State::Quoted => match b {
                b'\'' => self.state = State::Quote,
                b'\\' => self.state = State::Escape,
                _ => self.put(b, at),
            },
            State::Quote if b == b'\'' => {
                self.put(b, at);
                self.state = State::Quoted;
            }
            State::Quote => {
                self.state = State::Values;
                self.byte(b, at, inquiry);
            }
            State::Escape => {
                // Numbers of characters mean what they do elsewhere; before anything else the sign is none.
                if matches!(b, b'x' | b'u' | b'0'..=b'9') {
                    self.put(b'\\', at.saturating_sub(1));
                }
                self.put(b, at);
                self.state = State::Quoted;
            }
            State::Stdin => {
                if b == b'\n' {
                    self.state = State::Lines;
                    self.len = 0;
                }
            }
            State::Lines => match b {
                b'\t' => self.end_cell(),
                b'\n' if self.cell.text == b"\\." => self.leave(),
                b'\n' => self.end_row(inquiry),
                b'\r' => {}
                _ => self.put(b, at),
            },
        }
    }

    /// Whether the bytes that follow are a row's.
    const fn in_row(&self) -> bool {
        matches!(self.state, State::Values | State::Quoted | State::Quote | State::Escape | State::Lines)
    }

    /// Adds bytes that are no row's to the text.
    fn text(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let sign = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'(' | b')' | b',' | b';');
        if self.broken && bytes.iter().all(sign) {
            return;
        }
        if std::mem::take(&mut self.broken) {
            self.text.finish(inquiry);
            self.text.view.base = at;
        }
        self.text.push(bytes, at, inquiry);
    }

    /// The row is none.
    fn give_back(&mut self, inquiry: &mut Inquiry) {
        let raw = std::mem::take(&mut self.raw);
        self.text(&raw, self.raw_at, inquiry);
    }

    fn put(&mut self, b: u8, at: u64) {
        if self.cell.text.is_empty() {
            self.cell.base = at;
        }
        self.cell.push(&[b], at);
    }
}

impl Stream for Sql {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        // Where the text begins that was not added yet.
        let mut from = 0;
        for (n, b) in bytes.iter().enumerate() {
            let here = at + n as u64;
            let before = self.in_row();
            self.taken = None;
            self.byte(*b, here, inquiry);
            match (before, self.in_row()) {
                (false, false) => continue,
                (false, true) => {
                    self.text(bytes.get(from..=n).unwrap_or_default(), at + from as u64, inquiry);
                    self.raw_at = here + 1;
                    continue;
                }
                (true, true) => {
                    self.raw.push(*b);
                    if self.taken.is_none() {
                        continue;
                    }
                }
                (true, false) => from = n,
            }
            if self.taken == Some(true) {
                self.raw.clear();
                self.broken = true;
            } else {
                self.give_back(inquiry);
            }
            self.raw_at = here + 1;
        }
        if !self.in_row() {
            self.text(bytes.get(from..).unwrap_or_default(), at + from as u64, inquiry);
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.give_back(inquiry);
        self.text.finish(inquiry);
        self.table.finish(inquiry);
    }
}
