//! The columns of tables, as `CREATE TABLE` names them: most dumps name them nowhere else.

use crate::table::Row;
use crate::view::View;

/// Tables remembered.
const TABLES_MAX: usize = 256;
/// Columns of one.
const COLUMNS_MAX: usize = 1_024;
/// Columns of created tables that are made headers, in a dump that goes from one table to another and back. A statement
/// that names its columns has bytes for each.
const JUDGED_MAX: usize = 1 << 16;
/// Longest name.
const NAME_MAX: usize = 128;
/// Words that begin a line of a table's definition which is no column.
const CONSTRAINTS: [&[u8]; 11] = [
    b"PRIMARY",
    b"KEY",
    b"UNIQUE",
    b"INDEX",
    b"CONSTRAINT",
    b"FOREIGN",
    b"CHECK",
    b"FULLTEXT",
    b"SPATIAL",
    b"EXCLUDE",
    b"PERIOD",
];

/// What begins a line of no definition: the one before was not understood.
const STATEMENTS: [&[u8]; 4] = [b"INSERT INTO ", b"INSERT IGNORE ", b"REPLACE INTO ", b"CREATE TABLE "];
/// The same within quotes, where it is no column's name.
const COPY: &[u8] = b"COPY ";
/// Bytes of the longest of these.
const STATEMENT_MAX: usize = 14;

/// What a byte of a definition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Within,
    End,
    /// It was none: another statement is under way, [`Creation::statement`].
    Broken,
}

/// Comments, which are a blank.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Comment {
    #[default]
    None,
    /// To the end of the line.
    Line,
    /// To `*/`.
    Block,
}

/// The table that is being created.
#[derive(Default)]
pub(super) struct Creation {
    name: Vec<u8>,
    /// The name stands before the first bracket.
    named: bool,
    /// Brackets open within its definition.
    open: u32,
    quote: Option<u8>,
    /// The byte behind a backslash is the next.
    escaped: bool,
    comment: Comment,
    /// The byte before, of which a comment may begin or end; of quotes none.
    before: u8,
    /// How the line begins, behind its blanks.
    line: Vec<u8>,
    /// The line is longer, or no statement.
    passed: bool,
    column: Vec<u8>,
    /// The first word of the column is complete.
    complete: bool,
    /// It stood in quotes: no word of the language.
    quoted: bool,
    columns: Vec<Vec<u8>>,
}

impl Creation {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes a byte.
    pub(super) fn byte(&mut self, b: u8) -> Step {
        if self.begins_statement(b) {
            return Step::Broken;
        }
        if let Some(quote) = self.quote {
            if std::mem::take(&mut self.escaped) {
                self.put(b);
            } else if b == quote {
                self.quote = None;
                self.complete |= self.named && !self.column.is_empty();
            } else if b == b'\\' && quote == b'\'' {
                self.escaped = true;
            } else {
                self.put(b);
            }
            return Step::Within;
        }
        let before = std::mem::replace(&mut self.before, b);
        match (self.comment, before, b) {
            (Comment::Line, _, b'\n') | (Comment::Block, b'*', b'/') => {
                (self.comment, self.before) = (Comment::None, b' ');
                return self.sign(b' ');
            }
            (Comment::Line | Comment::Block, ..) => return Step::Within,
            (Comment::None, b'-', b'-') => self.comment = Comment::Line,
            (Comment::None, b'/', b'*') => (self.comment, self.before) = (Comment::Block, b' '),
            // Names may hold the sign, and those of SQL Server begin with it where no column does.
            (Comment::None, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b',', b'#') if self.named => {
                self.comment = Comment::Line;
                return Step::Within;
            }
            (Comment::None, ..) => return self.sign(b),
        }
        // The first of the two signs was taken for a letter.
        let to = if self.named { &mut self.column } else { &mut self.name };
        to.pop_if(|last| *last == before);
        Step::Within
    }

    /// Whether this byte completes the first words of another statement at the beginning of a line.
    fn begins_statement(&mut self, b: u8) -> bool {
        match b {
            b'\n' => {
                self.line.clear();
                self.passed = false;
            }
            b' ' | b'\t' if self.line.is_empty() => {}
            _ if self.passed => {}
            _ => {
                self.line.push(b.to_ascii_uppercase());
                self.passed = self.line.len() >= STATEMENT_MAX;
                return STATEMENTS.contains(&self.line.as_slice()) || self.quote.is_some() && self.line == COPY;
            }
        }
        false
    }

    /// The words of the statement that breaks the definition off.
    pub(super) fn statement(&self) -> impl Iterator<Item = &[u8]> {
        self.line.trim_ascii_end().split(|b| *b == b' ')
    }

    /// Takes a byte outside of quotes and comments.
    fn sign(&mut self, b: u8) -> Step {
        match b {
            b'`' | b'"' | b'\'' | b'[' => {
                self.quote = Some(if b == b'[' { b']' } else { b });
                self.quoted |= self.named && self.column.is_empty() && !self.complete;
            }
            b'(' if !self.named => self.named = true,
            b'(' => {
                self.open += 1;
                self.complete |= !self.column.is_empty();
            }
            b')' if self.open > 0 => self.open -= 1,
            b')' if self.named => {
                self.end_column();
                return Step::End;
            }
            b',' if self.named && self.open == 0 => self.end_column(),
            b';' => return Step::End,
            b if b.is_ascii_whitespace() => {
                if self.named {
                    self.complete |= !self.column.is_empty();
                } else if !self.name.is_empty() {
                    // `IF NOT EXISTS` stands before the name, and nothing behind it.
                    self.name.push(b' ');
                }
            }
            b => self.put(b),
        }
        Step::Within
    }

    fn put(&mut self, b: u8) {
        let to = if self.named { &mut self.column } else { &mut self.name };
        if to.len() < NAME_MAX && !(self.named && (self.complete || self.open > 0)) {
            to.push(b);
        }
    }

    fn end_column(&mut self) {
        let column = std::mem::take(&mut self.column);
        let is_word = !self.quoted && CONSTRAINTS.iter().any(|word| column.eq_ignore_ascii_case(word));
        (self.complete, self.quoted) = (false, false);
        if !is_word && !column.is_empty() && self.columns.len() < COLUMNS_MAX {
            self.columns.push(column);
        }
    }
}

/// A name without its schema, quotes and the words before it.
fn bare(name: &[u8]) -> Vec<u8> {
    let last = name.trim_ascii().rsplit(|b| matches!(b, b'.' | b' ')).next().unwrap_or_default();
    last.iter().filter(|b| !b"`\"[]".contains(b)).map(u8::to_ascii_lowercase).collect()
}

/// The columns of the tables that were created.
pub(super) struct Schemas {
    tables: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Columns that may still be made headers.
    left: usize,
}

impl Default for Schemas {
    fn default() -> Self {
        Self { tables: Vec::new(), left: JUDGED_MAX }
    }
}

impl Schemas {
    pub(super) fn learn(&mut self, creation: &mut Creation) {
        let name = bare(&creation.name);
        let columns = std::mem::take(&mut creation.columns);
        if let Some((_, known)) = self.tables.iter_mut().find(|(known, _)| *known == name) {
            *known = columns;
        } else if self.tables.len() < TABLES_MAX && !columns.is_empty() {
            self.tables.push((name, columns));
        }
    }

    /// The table of this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let name = bare(name.get(..name.len().min(2 * NAME_MAX))?);
        self.tables.iter().position(|(known, columns)| *known == name && !columns.is_empty())
    }

    pub(super) fn columns(&self, table: usize) -> &[Vec<u8>] {
        self.tables.get(table).map_or(&[], |(_, columns)| columns)
    }

    /// The header of a table, which stands elsewhere and is nothing to be found again; `None` when there were too many.
    pub(super) fn header(&mut self, table: usize) -> Option<Row> {
        self.left = self.left.checked_sub(self.columns(table).len())?;
        let view = |column: &Vec<u8>| {
            let mut view = View::default();
            view.push_joint(column);
            view
        };
        Some(self.columns(table).iter().map(view).enumerate().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_that_is_not_understood_ends_before_the_next_statement() {
        for definition in [
            "nguoi (id int DEFAULT 'x,\n ten text);\ninsert into nguoi (id) VALUES (1)",
            "nguoi (id int, /* x\n  INSERT IGNORE INTO nguoi (id) VALUES (1)",
            "nguoi (ten text DEFAULT '\\'::text\n)\nCOPY nguoi (ten) FROM stdin",
            "nguoi\nCREATE TABLE t (a int)",
        ] {
            let mut creation = Creation::default();
            let end = definition.bytes().map(|b| creation.byte(b)).find(|step| *step != Step::Within);
            assert_eq!(end, Some(Step::Broken), "{definition}");
        }
    }

    #[test]
    fn so_many_columns_are_made_headers_and_no_more() {
        let (mut creation, mut schemas) = (Creation::default(), Schemas::default());
        let definition = format!("t ({})", "c int,".repeat(COLUMNS_MAX));
        assert!(definition.bytes().any(|b| creation.byte(b) == Step::End));
        schemas.learn(&mut creation);
        let made = (0..2 * JUDGED_MAX / COLUMNS_MAX).filter(|_| schemas.header(0).is_some());
        assert_eq!(made.count(), JUDGED_MAX / COLUMNS_MAX);
    }

    #[test]
    fn columns_are_what_a_definition_lists_but_its_keys() {
        for (definition, table, columns) in [
            ("`nguoi` (`id` int(11) NOT NULL, `so_cccd` varchar(12) DEFAULT 'a,b)', PRIMARY KEY (`id`))", "nguoi", 2),
            ("IF NOT EXISTS nguoi(id int primary key,so_cccd text check (so_cccd <> '')) ;", "Nguoi", 2),
            (
                "[dbo].[Nguoi]([ID] [int] NOT NULL,\n\t[So CCCD] [varchar](12) NULL, CONSTRAINT x UNIQUE (id))",
                "nguoi",
                2,
            ),
            ("public.nguoi (\n id bigint,\n \"key\" text,\n EXCLUDE (id))", "public.nguoi", 2),
            ("nguoi ()", "nguoi", 0),
            (
                "nguoi ( -- the user's, (all\n id int, # it's, (his\n so_cccd text /* người's, (số */,/**/ten text)",
                "nguoi",
                3,
            ),
            ("nguoi -- (x\n/* y (*/ (id int,--x,y\n--\n ten text)", "nguoi", 2),
            ("#nguoi (id# int, ten text)", "#nguoi", 2),
            ("nguoi (id int DEFAULT 'it\\'s (', ten text DEFAULT '\\\\', so text)", "nguoi", 3),
        ] {
            let (mut creation, mut schemas) = (Creation::default(), Schemas::default());
            assert!(definition.bytes().any(|b| creation.byte(b) == Step::End), "{definition}");
            schemas.learn(&mut creation);
            let found = schemas.find(table.as_bytes()).map_or(0, |table| schemas.columns(table).len());
            assert_eq!(found, columns, "{definition}");
        }
    }
}
