//! What the schema says of tables: their roots, and the names and order of their columns as `CREATE TABLE` has them.

use super::carve::{Row, Shape};
use super::record::Value;
use super::statement::{self, Columns};

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
        let Columns { names: columns, bytes, rowid, order } = statement::columns(statement);
        let seen = bytes.into_iter().map(|bytes| Seen { bytes, ..Seen::default() }).collect();
        Self { name: name.to_owned(), root, columns, rowid, order, seen }
    }

    /// Whether its rows may be of this kind.
    pub(super) fn has(&self, kind: Row) -> bool {
        kind == Row::Unknown || (kind == Row::Bare) == self.order.is_some()
    }

    /// What the cells of its rows look like.
    pub(super) fn shape(&self) -> Shape {
        Shape { columns: self.columns.len(), begins_with_rowid: self.rowid == Some(0) && self.order.is_none() }
    }

    /// Its names as a row; what a record has in place of its row's number stands behind them under the same name.
    pub(super) fn header(&self) -> Vec<(usize, bool, String)> {
        let again = self.rowid.and_then(|at| self.columns.get(at));
        self.columns.iter().chain(again).enumerate().map(|(at, name)| (at, false, name.clone())).collect()
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
        let number = Value::Number(rowid.to_string());
        let apart = match self.rowid.and_then(|at| values.get_mut(at)) {
            // The number of the row is what a query shows; what the record has in its place is shown to nobody.
            Some(slot) => Some(std::mem::replace(slot, number.clone())).filter(|kept| *kept != number),
            // A number that a person might have: kept where no column shows it.
            None => Some(number).filter(|_| rowid.unsigned_abs() >= 100_000_000),
        };
        if let Some(apart) = apart.filter(|apart| *apart != Value::Null) {
            values.resize(values.len().max(self.columns.len()), Value::Null);
            values.push(apart);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let rows = Table::new("a", 2, statement).arranged(vec![number("2"), number("3")], 7);
            assert_eq!(rows, [number("2"), number("7"), number("3")], "{statement}");
        }
    }
}
