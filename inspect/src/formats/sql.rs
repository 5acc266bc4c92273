//! SQL dumps: running text, and besides the tables in it, whose columns `INSERT INTO t (a, b) VALUES` and PostgreSQL's
//! `COPY t (a, b) FROM stdin` name.
//!
//! Statements without a list of columns are read as text only.

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
    head.is_ascii_based() && head.bytes.split(|b| *b == b'\n').any(|line| statement(line.trim_ascii_start()))
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
        let again = Place { again: true, ..place.clone() };
        Self {
            text: Text::prose(place),
            table: Table::second_look(again.clone()),
            state: State::Search,
            copy: false,
            word: Vec::new(),
            inserting: false,
            len: 0,
            open: 0,
            header: Vec::new(),
            row: Vec::new(),
            cell: View::new(again.charset),
            rows: 0,
            place: again,
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
        if row.len() == self.header.len() {
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

    fn put(&mut self, b: u8, at: u64) {
        if self.cell.text.is_empty() {
            self.cell.base = at;
        }
        self.cell.push(&[b], at);
    }
}

impl Stream for Sql {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.text.push(bytes, at, inquiry);
        if inquiry.is_enough() {
            return;
        }
        for (n, b) in bytes.iter().enumerate() {
            self.byte(*b, at + n as u64, inquiry);
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.text.finish(inquiry);
        self.table.finish(inquiry);
    }
}
