//! What the schema says of tables: their roots, and the names and order of their columns as `CREATE TABLE` has them.

use super::carve::Shape;
use super::record::Value;

#[derive(Default)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    /// First pages of indexes.
    pub(super) indexes: Vec<usize>,
}

pub(super) struct Table {
    pub(super) name: String,
    /// Its first page; 0 when it was deleted.
    pub(super) root: usize,
    pub(super) columns: Vec<String>,
    /// The column whose values are the numbers of the rows.
    rowid: Option<usize>,
    /// The order in which values are kept, where that differs.
    order: Option<Vec<usize>>,
    /// What its rows have in each column.
    seen: Vec<Seen>,
}

/// What the rows of a table have in a column.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Values that are neither text nor number.
    bytes: bool,
    /// How many digits its numbers have, a bit for each count.
    digits: u32,
}

impl Schema {
    /// Takes a row of the schema: type, name, table, root, statement.
    pub(super) fn add(&mut self, row: &[Value<'_>]) {
        let [kind, name, _, root, rest @ ..] = row else { return };
        let (Some(name), Some(root @ 1..)) = (name.text(), root.number()) else { return };
        if kind.text() == Some("index") {
            self.indexes.push(root);
        }
        if kind.text() != Some("table") {
            return;
        }
        let statement = rest.first().and_then(Value::text).unwrap_or_default();
        self.tables.push(Table::new(name, root, statement));
    }

    /// Takes a deleted row of the schema: a table that is there no more, but for its rows.
    pub(super) fn add_deleted(&mut self, row: &[Value<'_>]) {
        let [_, name, _, _, statement] = row else { return };
        let (Some(name), Some(statement)) = (name.text(), statement.text()) else { return };
        if !statement.trim_start().to_ascii_uppercase().starts_with("CREATE TABLE") {
            return;
        }
        let table = Table::new(name, 0, statement);
        if !table.columns.is_empty() && self.tables.iter().all(|t| t.columns != table.columns) {
            self.tables.push(table);
        }
    }
}

impl Table {
    fn new(name: &str, root: usize, statement: &str) -> Self {
        let definitions = definitions(statement);
        let (mut columns, mut rowid, mut keys, mut seen) = (Vec::new(), None, Vec::new(), Vec::new());
        for definition in &definitions {
            let (column, rest) = first_word(definition);
            let upper = rest.to_ascii_uppercase();
            let is_constraint = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"]
                .iter()
                .any(|word| column.eq_ignore_ascii_case(word) && !definition.starts_with(['"', '`', '[', '\'']));
            if is_constraint {
                let whole = definition.to_ascii_uppercase();
                if let Some((_, list)) =
                    whole.find("PRIMARY").and_then(|at| definition.get(at..)).and_then(|d| d.split_once('('))
                {
                    keys = list.split(')').next().unwrap_or_default().split(',').map(|key| first_word(key).0).collect();
                }
                continue;
            }
            if upper.contains("PRIMARY KEY") {
                keys.push(column.clone());
                if upper.trim_start().starts_with("INTEGER") {
                    rowid = Some(columns.len());
                }
            }
            columns.push(column);
            seen.push(Seen { bytes: declares_bytes(&upper), ..Seen::default() });
        }
        let is_key = |key: &String| columns.iter().position(|column| column.eq_ignore_ascii_case(key));
        let keys: Vec<usize> = keys.iter().filter_map(is_key).collect();
        let without_rowid =
            statement.to_ascii_uppercase().rsplit(')').next().is_some_and(|end| end.contains("WITHOUT"));
        let order = without_rowid.then(|| {
            let rest = (0..columns.len()).filter(|at| !keys.contains(at));
            keys.iter().copied().chain(rest).collect()
        });
        if rowid.is_none()
            && let [key] = *keys.as_slice()
        {
            // The key named apart from its column.
            let declared = definitions.get(key).map(|d| first_word(d).1.trim_start().to_ascii_uppercase());
            rowid = declared.is_some_and(|d| d.starts_with("INTEGER")).then_some(key);
        }
        seen.truncate(columns.len());
        Self { name: name.to_owned(), root, columns, rowid, order, seen }
    }

    /// What the cells of its rows look like.
    pub(super) fn shape(&self) -> Shape {
        Shape { columns: self.columns.len(), begins_with_rowid: self.rowid == Some(0) && self.order.is_none() }
    }

    /// Its names as a row.
    pub(super) fn header(&self) -> Vec<(usize, bool, String)> {
        self.columns.iter().enumerate().map(|(at, name)| (at, false, name.clone())).collect()
    }

    /// Learns from a row what its numbers look like.
    pub(super) fn learn(&mut self, values: &[Value<'_>]) {
        for (value, seen) in values.iter().zip(&mut self.seen) {
            seen.bytes |= matches!(value, Value::Blob(_));
            seen.digits |= value.digits().map_or(0, |n| 1 << n);
        }
    }

    /// Whether values that are bytes stand where the table has such, or says that it may.
    pub(super) fn may_hold_bytes(&self, values: &[Value<'_>]) -> bool {
        let are_bytes = |value: &Value<'_>| matches!(value, Value::Blob(_));
        values.iter().zip(&self.seen).all(|(value, seen)| !are_bytes(value) || seen.bytes)
    }

    /// Whether a row of no table may have been one of this: as many values, and numbers as long as those there are.
    pub(super) fn may_hold(&self, values: &[Value<'_>]) -> bool {
        let is_alike = |(value, seen): (&Value<'_>, &Seen)| {
            // A number may have lost a zero.
            value.digits().is_none_or(|n| seen.digits == 0 || n < 4 || seen.digits & (0b111 << n >> 1) != 0)
        };
        let rowid = self.rowid.and_then(|at| values.get(at));
        values.len() == self.columns.len()
            && rowid.is_none_or(|value| *value == Value::Null)
            && values.iter().zip(&self.seen).all(is_alike)
            && self.may_hold_bytes(values)
    }

    /// The values of a row in the order of the columns.
    pub(super) fn arranged<'v>(&self, mut values: Vec<Value<'v>>, rowid: i64) -> Vec<Value<'v>> {
        if let Some(order) = &self.order {
            let mut arranged = vec![Value::Null; self.columns.len().max(values.len())];
            for (n, value) in values.into_iter().enumerate() {
                let at = order.get(n).copied().unwrap_or(n);
                if let Some(slot) = arranged.get_mut(at) {
                    *slot = value;
                }
            }
            return arranged;
        }
        if let Some(Value::Null) = self.rowid.and_then(|at| values.get(at))
            && let Some(slot) = self.rowid.and_then(|at| values.get_mut(at))
        {
            *slot = Value::Number(rowid.to_string());
        } else if self.rowid.is_none() && rowid.unsigned_abs() >= 100_000_000 {
            // A number that a person might have: kept where no column shows it.
            values.push(Value::Number(rowid.to_string()));
        }
        values
    }
}

/// Whether a column is one for bytes, by its type or because it has none.
fn declares_bytes(definition: &str) -> bool {
    const NAMES: &[&str] = &["BLOB", "BINARY", "BYTE", "IMAGE"];
    let kind = definition.trim();
    kind.is_empty() || NAMES.iter().any(|name| kind.contains(name))
}

/// The definitions between the outer brackets of a statement.
fn definitions(statement: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut quote) = (Vec::new(), String::new(), 0u32, None);
    for c in statement.chars() {
        match (quote, c) {
            (Some(end), _) => {
                if c == end {
                    quote = None;
                }
                one.push(c);
                continue;
            }
            (None, '"' | '`' | '\'') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (None, '(') => {
                depth += 1;
                if depth == 1 {
                    one.clear();
                    continue;
                }
            }
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            (None, ',') if depth == 1 => {
                all.push(std::mem::take(&mut one).trim().to_owned());
                continue;
            }
            _ => {}
        }
        one.push(c);
    }
    if !one.trim().is_empty() {
        all.push(one.trim().to_owned());
    }
    all
}

/// The first name of a definition, without its quotes, and what follows.
fn first_word(definition: &str) -> (String, &str) {
    let definition = definition.trim();
    let mut chars = definition.chars();
    let end = match chars.next() {
        Some(quote @ ('"' | '`' | '\'')) => Some(quote),
        Some('[') => Some(']'),
        _ => None,
    };
    match end {
        Some(end) => {
            let (word, rest) = chars.as_str().split_once(end).unwrap_or((chars.as_str(), ""));
            (word.to_owned(), rest)
        }
        None => {
            let (word, rest) = definition.split_once(char::is_whitespace).unwrap_or((definition, ""));
            (word.to_owned(), rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_the_statement_names_them() {
        for (statement, columns) in [
            ("CREATE TABLE a(b, c)", vec!["b", "c"]),
            (
                "CREATE TABLE \"a(\" (\"so cccd\" TEXT DEFAULT 'x,(y', [ho ten] DECIMAL(10, 2), `c`)",
                vec!["so cccd", "ho ten", "c"],
            ),
            (
                "CREATE TABLE a (id INTEGER PRIMARY KEY, b CHECK (b IN (1, 2)), UNIQUE (b), FOREIGN KEY (b) REFERENCES c(d))",
                vec!["id", "b"],
            ),
            ("CREATE TABLE a (id, PRIMARY KEY (id)) WITHOUT ROWID", vec!["id"]),
        ] {
            assert_eq!(Table::new("a", 2, statement).columns, columns, "{statement}");
        }
    }

    #[test]
    fn values_come_in_the_order_of_the_columns() {
        let number = |n: &str| Value::Number(n.to_owned());
        let keyed = Table::new("a", 2, "CREATE TABLE a (b, id INTEGER, c, PRIMARY KEY (id)) WITHOUT ROWID");
        assert_eq!(
            keyed.arranged(vec![number("1"), number("2"), number("3")], 0),
            [number("2"), number("1"), number("3")]
        );
        for statement in
            ["CREATE TABLE a (b, id INTEGER PRIMARY KEY)", "CREATE TABLE a (b, id INTEGER, PRIMARY KEY(id))"]
        {
            let rows = Table::new("a", 2, statement).arranged(vec![number("2"), Value::Null], 7);
            assert_eq!(rows, [number("2"), number("7")], "{statement}");
        }
    }
}
