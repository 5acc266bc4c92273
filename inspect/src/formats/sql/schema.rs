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

/// The table that is being created.
#[derive(Default)]
pub(super) struct Creation {
    name: Vec<u8>,
    /// The name stands before the first bracket.
    named: bool,
    /// Brackets open within its definition.
    open: u32,
    quote: Option<u8>,
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

    /// Takes a byte; whether the definition ends with it.
    pub(super) fn byte(&mut self, b: u8) -> bool {
        if let Some(quote) = self.quote {
            if b == quote {
                self.quote = None;
                self.complete |= self.named && !self.column.is_empty();
            } else {
                self.put(b);
            }
            return false;
        }
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
                return true;
            }
            b',' if self.named && self.open == 0 => self.end_column(),
            b';' => return true,
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
        false
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
    fn so_many_columns_are_made_headers_and_no_more() {
        let (mut creation, mut schemas) = (Creation::default(), Schemas::default());
        let definition = format!("t ({})", "c int,".repeat(COLUMNS_MAX));
        assert!(definition.bytes().any(|b| creation.byte(b)));
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
        ] {
            let (mut creation, mut schemas) = (Creation::default(), Schemas::default());
            assert!(definition.bytes().any(|b| creation.byte(b)), "{definition}");
            schemas.learn(&mut creation);
            let found = schemas.find(table.as_bytes()).map_or(0, |table| schemas.columns(table).len());
            assert_eq!(found, columns, "{definition}");
        }
    }
}
