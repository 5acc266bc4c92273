//! SQL dumps: running text, and the tables in it, whose columns `INSERT INTO t (a, b) VALUES` and PostgreSQL's
//! `COPY t (a, b) FROM stdin` name, or a `CREATE TABLE t (a …, b …)` before `INSERT INTO t VALUES`.
//!
//! A row that has as many values as the list has columns is read as a row and nothing else; all other bytes are text.

mod schema;
mod statement;

use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::table::{Row, Table};
use crate::text::Text;
use crate::view::View;
use schema::{Creation, Schemas, Step};
pub(super) use statement::tells;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/sql",
    matches: statement::is_sql,
    room: Room::Stream(|head, place| Box::new(Sql::new(legible(head, place)))),
    #[cfg(test)]
    example: || "INSERT INTO nguoi (id, so_cccd) VALUES (1, '001090123456');".into(),
};

/// Longest name of a table and list of columns.
const HEAD_MAX: usize = 1 << 14;
/// Longest row; what is longer is a file packed into the dump.
const ROW_MAX: usize = 1 << 17;

/// Longest word that is understood.
const WORD_MAX: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Outside of any statement of interest.
    Search,
    /// Behind `INSERT INTO` or `COPY`, before the columns.
    Name,
    /// Behind `CREATE TABLE`.
    Create,
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
    creating: bool,
    /// The table that is created, and the columns of those that were.
    creation: Creation,
    schemas: Schemas,
    /// The name behind `INSERT INTO`, as it is written.
    name: Vec<u8>,
    /// Bytes of the statement's head or of the row.
    len: usize,
    /// Brackets open within a row.
    open: u32,
    /// What ends the name of a column that is quoted: commas and brackets may stand in it.
    quote: Option<u8>,
    header: Vec<Vec<u8>>,
    /// The created table whose columns the values that follow have, and the one whose columns are the header.
    of: Option<usize>,
    headed: Option<usize>,
    row: Row,
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
            creating: false,
            creation: Creation::default(),
            schemas: Schemas::default(),
            name: Vec::new(),
            len: 0,
            open: 0,
            quote: None,
            header: Vec::new(),
            of: None,
            headed: None,
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
            b"CREATE" => {
                self.creating = true;
                return false;
            }
            b"TABLE" if self.creating => {
                self.creating = false;
                self.creation.clear();
                self.state = State::Create;
                return true;
            }
            b"TEMPORARY" | b"TEMP" | b"UNLOGGED" if self.creating => return false,
            _ => self.creating = false,
        }
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
        let width = self.of.map_or(self.header.len(), |of| self.schemas.columns(of).len());
        let fits = row.len() == width && self.has_header(inquiry);
        self.taken = Some(fits);
        if fits {
            self.rows += 1;
            self.table.row(self.rows, row, inquiry);
        }
        self.len = 0;
    }

    /// The columns are read.
    fn end_columns(&mut self, inquiry: &mut Inquiry) {
        self.end_cell();
        let row = std::mem::take(&mut self.row);
        if !row.iter().map(|(_, view)| &view.text).eq(&self.header) {
            self.begin_table(row, inquiry);
        }
        (self.of, self.headed, self.len) = (None, None, 0);
        self.state = if self.copy { State::Stdin } else { State::Between };
    }

    /// Rows follow whose columns are those of the table when it was created, if that is known.
    fn values(&mut self) {
        let name = self.name.len().saturating_sub(self.word.len());
        self.of = self.schemas.find(self.name.get(..name).unwrap_or_default());
        if self.of.is_none() {
            return self.leave();
        }
        self.word.clear();
        (self.state, self.len) = (State::Between, 0);
    }

    /// Whether a row that has as many values as its table has columns stands under them. Those of a created table become
    /// the header with its first such row: a statement may name any table in a few bytes.
    fn has_header(&mut self, inquiry: &mut Inquiry) -> bool {
        let Some(of) = self.of.filter(|_| self.of != self.headed) else { return true };
        if self.schemas.columns(of) != self.header {
            let Some(row) = self.schemas.header(of) else { return false };
            self.begin_table(row, inquiry);
        }
        self.headed = Some(of);
        true
    }

    /// Rows under another header follow.
    fn begin_table(&mut self, row: Row, inquiry: &mut Inquiry) {
        self.table.finish(inquiry);
        self.header = row.iter().map(|(_, view)| view.text.clone()).collect();
        self.rows = 1;
        self.table.row(1, row, inquiry);
    }

    fn leave(&mut self) {
        self.row.clear();
        self.cell.clear();
        self.state = State::Search;
        (self.len, self.open, self.quote) = (0, 0, None);
    }

    /// Takes a byte of the names of columns.
    fn column(&mut self, b: u8, at: u64, inquiry: &mut Inquiry) {
        if let Some(end) = self.quote {
            if b == end {
                self.quote = None;
            } else {
                self.put(b, at);
            }
            return;
        }
        match b {
            b')' => self.end_columns(inquiry),
            b',' => self.end_cell(),
            b'`' | b'"' | b'[' if self.cell.text.trim_ascii().is_empty() => {
                self.quote = Some(if b == b'[' { b']' } else { b });
            }
            b'`' | b'"' | b'[' | b']' => {}
            _ => self.put(b, at),
        }
    }

    /// Takes a byte outside of any statement of interest.
    fn search(&mut self, b: u8) {
        if b.is_ascii_alphanumeric() || b == b'_' {
            if self.word.len() < WORD_MAX {
                self.word.push(b);
            }
        } else if !self.word.is_empty() && self.word() {
            if self.state == State::Search {
                self.state = State::Name;
            }
            self.name.clear();
            self.len = 0;
        } else if b == b'[' && self.inserting {
            // `INSERT [dbo].[t] (…)`, as SQL Server scripts it.
            (self.inserting, self.copy) = (false, false);
            self.state = State::Name;
            self.name.clear();
            self.name.push(b);
            self.len = 0;
        }
    }

    fn byte(&mut self, b: u8, at: u64, inquiry: &mut Inquiry) {
        self.len += 1;
        let is_head = matches!(self.state, State::Name | State::Create | State::Columns | State::Stdin);
        let most = if is_head { HEAD_MAX } else { ROW_MAX };
        if self.len > most && self.state != State::Search {
            self.leave();
        }
        match self.state {
            State::Search => self.search(b),
            State::Create => match self.creation.byte(b) {
                Step::Within => {}
                Step::End => {
                    self.schemas.learn(&mut self.creation);
                    self.headed = None;
                    self.leave();
                }
                Step::Broken => {
                    self.leave();
                    let creation = std::mem::take(&mut self.creation);
                    for word in creation.statement() {
                        self.word = word.to_vec();
                        self.search(b' ');
                    }
                }
            },
            State::Name => match b {
                b'(' if self.word.eq_ignore_ascii_case(b"VALUES") => {
                    self.values();
                    if self.state == State::Between {
                        self.byte(b, at, inquiry);
                    }
                }
                b'(' => {
                    self.word.clear();
                    self.state = State::Columns;
                }
                b';' => self.leave(),
                b if b.is_ascii_whitespace() && self.word.eq_ignore_ascii_case(b"VALUES") => self.values(),
                b if b.is_ascii_whitespace() => self.word.clear(),
                b => {
                    self.name.push(b);
                    if (b.is_ascii_alphanumeric() || b == b'_') && self.word.len() < WORD_MAX {
                        self.word.push(b);
                    }
                }
            },
            State::Columns => self.column(b, at, inquiry),
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

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn quoted_names_of_columns_hold_commas_and_brackets() {
        for (columns, found) in [
            ("`STT`, `Họ, tên chủ hộ`, `Mã số BHXH`, `Số tiền (đồng)`", 12),
            (r#""STT","Họ, tên","Mã số BHXH (10 số)","Ghi chú""#, 12),
            ("[STT], [Họ (đệm), tên], [Mã số BHXH], [Ghi chú]", 12),
            ("STT, ho_ten, ma_so_bhxh, ghi_chu", 12),
            ("`STT`, `Họ, tên`, `Mã hóa đơn`, `Mã số BHXH, nếu có`", 0),
            // A quote that ends nothing.
            ("STT, ho`ten, ma_so_bhxh, ghi_chu", 12),
        ] {
            let row = |n: u32| format!("({n}, 'x', '79012345{n}', '')");
            let rows: Vec<String> = (10..22).map(row).collect();
            let text = format!("INSERT INTO t ({columns}) VALUES\n{};\n", rows.join(",\n"));
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
            assert_eq!(inspection.inspection.distinct(DetectorId::Bhxh), found, "{columns}");
        }
    }
}
