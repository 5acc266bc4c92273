//! What the schema says of tables: their roots, and the names and order of their columns as `CREATE TABLE` has them.

use super::record::Value;

#[derive(Default)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) root: usize,
    pub(super) columns: Vec<String>,
    /// The column whose values are the numbers of the rows.
    rowid: Option<usize>,
    /// The order in which values are kept, where that differs.
    order: Option<Vec<usize>>,
}

impl Schema {
    /// Takes a row of the schema: type, name, table, root, statement.
    pub(super) fn add(&mut self, row: &[Value<'_>]) {
        let [kind, name, _, root, rest @ ..] = row else { return };
        // Indexes say again what tables say; a stray value of theirs is found with the pages that belong to nothing.
        if kind.text() != Some("table") {
            return;
        }
        let (Some(name), Some(root @ 1..)) = (name.text(), root.number()) else { return };
        let statement = rest.first().and_then(Value::text).unwrap_or_default();
        self.tables.push(Table::new(name, root, statement));
    }
}

impl Table {
    fn new(name: &str, root: usize, statement: &str) -> Self {
        let definitions = definitions(statement);
        let (mut columns, mut rowid, mut keys) = (Vec::new(), None, Vec::new());
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
        Self { name: name.to_owned(), root, columns, rowid, order }
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
