//! `CREATE TABLE` (sqlite.org/lang_createtable.html), as far as it says which values a row has and what they are called.

use std::collections::{HashMap, HashSet};

/// The columns that a statement makes.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    /// Which of them may hold bytes.
    pub(super) bytes: Vec<bool>,
    /// The column whose values are the numbers of the rows.
    pub(super) rowid: Option<usize>,
    /// The order in which values are kept, where that differs.
    pub(super) order: Option<Vec<usize>>,
}

/// Reads the columns of a statement.
pub(super) fn columns(statement: &str) -> Columns {
    let tokens = tokens(statement);
    let (definitions, end) = definitions(&tokens);
    let (mut columns, mut integers) = (Columns::default(), Vec::new());
    let (mut keys, mut may_number) = (Vec::new(), true);
    for definition in definitions {
        let [first, rest @ ..] = definition else { continue };
        if is_constraint(first) {
            keys = primary(definition).map_or(keys, listed);
            continue;
        }
        let Some(name) = first.name().filter(|_| !is_computed(rest)) else { continue };
        if let Some(behind) = primary(rest) {
            keys = vec![name];
            // By an old fault of the program this one is a column like others.
            may_number = behind.first().is_none_or(|token| !token.is("DESC"));
        }
        let kind = kind(rest);
        integers.push(matches!(kind, [kind] if kind.name().is_some_and(|kind| kind.eq_ignore_ascii_case("INTEGER"))));
        columns.bytes.push(holds_bytes(kind));
        columns.names.push(name.to_owned());
    }
    let places: HashMap<String, usize> =
        columns.names.iter().enumerate().rev().map(|(at, name)| (lower(name), at)).collect();
    let keys: Vec<usize> = keys.iter().filter_map(|key| places.get(&lower(key)).copied()).collect();
    if end.iter().any(|token| token.is("WITHOUT")) {
        let mut seen = HashSet::new();
        let all = keys.into_iter().chain(0..columns.names.len());
        columns.order = Some(all.filter(|at| seen.insert(*at)).collect());
    } else if let [key] = *keys {
        columns.rowid = Some(key).filter(|key| may_number && integers.get(*key) == Some(&true));
    }
    columns
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whether a definition is none of a column.
fn is_constraint(first: &Token) -> bool {
    ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"].iter().any(|word| first.is(word))
}

/// What stands behind `PRIMARY KEY`.
fn primary(definition: &[Token]) -> Option<&[Token]> {
    let at = definition.windows(2).position(|pair| matches!(pair, [a, b] if a.is("PRIMARY") && b.is("KEY")))?;
    definition.get(at + 2..)
}

/// The names between brackets.
fn listed(tokens: &[Token]) -> Vec<&str> {
    let (names, _) = definitions(tokens);
    names.into_iter().filter_map(|name| name.first().and_then(Token::name)).collect()
}

/// The type of a column: the words before its first constraint. Without brackets behind them they are all of it.
fn kind(rest: &[Token]) -> &[Token] {
    const CONSTRAINTS: &[&str] = &[
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "GENERATED",
        "AS",
    ];
    let is_of_type = |token: &&Token| !CONSTRAINTS.iter().any(|word| token.is(word));
    rest.get(..rest.iter().take_while(is_of_type).count()).unwrap_or_default()
}

/// Whether a column is one for bytes, by its type or because it has none.
fn holds_bytes(kind: &[Token]) -> bool {
    const NAMES: &[&str] = &["BLOB", "BINARY", "BYTE", "IMAGE"];
    let has = |kind: &str| NAMES.iter().any(|name| kind.to_ascii_uppercase().contains(name));
    kind.is_empty() || kind.iter().filter_map(Token::name).any(has)
}

/// Whether a column is computed when it is read: rows have no value of it.
fn is_computed(rest: &[Token]) -> bool {
    let Some(at) = rest.iter().position(|token| token.is("AS")) else { return false };
    let behind = rest.get(at + 1..).unwrap_or_default();
    behind.first() == Some(&Token::Sign('(')) && !behind.iter().any(|token| token.is("STORED"))
}

/// The definitions between the outer brackets of a statement, and what stands behind these.
fn definitions(tokens: &[Token]) -> (Vec<&[Token]>, &[Token]) {
    let (mut all, mut depth, mut from) = (Vec::new(), 0u32, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => {
                depth += 1;
                from = if depth == 1 { at + 1 } else { from };
            }
            Token::Sign(')') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 1 => {}
            _ => continue,
        }
        let ends = depth == 0 && *token == Token::Sign(')');
        if ends || depth == 1 && *token == Token::Sign(',') {
            all.extend(tokens.get(from..at));
            from = at + 1;
        }
        if ends {
            return (all, tokens.get(from..).unwrap_or_default());
        }
    }
    if depth > 0 {
        all.extend(tokens.get(from..));
    }
    (all, &[])
}

/// What a statement consists of.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A name or a text.
    Quoted(String),
    Sign(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            Self::Sign(_) => None,
        }
    }
}

/// Reads what a statement consists of, but blanks and remarks.
fn tokens(statement: &str) -> Vec<Token> {
    let (mut all, mut rest) = (Vec::new(), statement);
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        if rest.starts_with("--") {
            rest = behind.split_once('\n').map_or("", |(_, behind)| behind);
        } else if let Some(remark) = rest.strip_prefix("/*") {
            rest = remark.split_once("*/").map_or("", |(_, behind)| behind);
        } else if let Some(end) = closing(c) {
            let (name, left) = quoted(behind, end);
            all.push(Token::Quoted(name));
            rest = left;
        } else if is_of_word(c) {
            let (word, left) = rest.split_at(rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()));
            all.push(Token::Word(word.to_owned()));
            rest = left;
        } else {
            if !c.is_whitespace() {
                all.push(Token::Sign(c));
            }
            rest = behind;
        }
    }
    all
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The sign that ends what begins with this quote.
const fn closing(c: char) -> Option<char> {
    match c {
        '"' | '`' | '\'' => Some(c),
        '[' => Some(']'),
        _ => None,
    }
}

/// What stands before a closing quote, and behind it: two of them are one that is meant.
fn quoted(text: &str, end: char) -> (String, &str) {
    let (mut name, mut rest) = (String::new(), text);
    while let Some((part, behind)) = rest.split_once(end) {
        name.push_str(part);
        match behind.strip_prefix(end).filter(|_| end != ']') {
            Some(more) => rest = more,
            None => return (name, behind),
        }
        name.push(end);
    }
    name.push_str(rest);
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_the_statement_names_them() {
        for (statement, names) in [
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
            ("CREATE TABLE a -- b, (c)\n(b TEXT, -- mã, do phòng cấp\nc, d)", vec!["b", "c", "d"]),
            ("CREATE TABLE a (b -- worker's\n, c /* d, ' e */, f--", vec!["b", "c", "f"]),
            ("CREATE TABLE a (b/* remark */TEXT,\"c\"TEXT,[d]TEXT)", vec!["b", "c", "d"]),
            (
                "CREATE TABLE a (\"b\"\"c\", 'd''e', \"f, g\", \"unique\", \"-- h\")",
                vec!["b\"c", "d'e", "f, g", "unique", "-- h"],
            ),
            // What is computed when it is read is not in the rows.
            ("CREATE TABLE a (b, c AS (b || 'x, y'), d GENERATED ALWAYS AS (b) STORED, e)", vec!["b", "d", "e"]),
            ("CREATE TABLE a (b DEFAULT ((1)), c)", vec!["b", "c"]),
            ("CREATE TABLE a", vec![]),
        ] {
            assert_eq!(columns(statement).names, names, "{statement}");
        }
    }

    #[test]
    fn the_number_of_the_row_is_a_column_where_the_statement_says_so() {
        for (statement, rowid) in [
            ("CREATE TABLE a (b, id integer not null primary /* x */ key autoincrement)", Some(1)),
            ("CREATE TABLE a (b, \"id\"INTEGER, PRIMARY KEY (\"ID\" DESC))", Some(1)),
            ("CREATE TABLE a (id INTEGER PRIMARY KEY DESC, b)", None),
            ("CREATE TABLE a (id INT PRIMARY KEY, b)", None),
            ("CREATE TABLE a (id INTEGER DEFAULT 'PRIMARY KEY', b)", None),
            ("CREATE TABLE a (id INTEGER, -- PRIMARY KEY\n b)", None),
            ("CREATE TABLE a (id INTEGER, b, PRIMARY KEY (id, b))", None),
            ("CREATE TABLE a (id INTEGER PRIMARY KEY, b) WITHOUT ROWID", None),
        ] {
            assert_eq!(columns(statement).rowid, rowid, "{statement}");
        }
    }

    #[test]
    fn rows_without_numbers_begin_with_their_key() {
        for (statement, order) in [
            ("CREATE TABLE a (b, c, d, PRIMARY KEY (\"d\", B, d)) STRICT, WITHOUT ROWID", Some(vec![2, 0, 1])),
            ("CREATE TABLE a (b, c PRIMARY KEY) WITHOUT -- remark)\n ROWID", Some(vec![1, 0])),
            ("CREATE TABLE a (b, c PRIMARY KEY) -- WITHOUT ROWID", None),
            ("CREATE TABLE a (b, c, C, PRIMARY KEY (C)) WITHOUT ROWID", Some(vec![1, 0, 2])),
        ] {
            assert_eq!(columns(statement).order, order, "{statement}");
        }
    }

    #[test]
    fn a_column_without_a_type_may_hold_bytes() {
        let columns = columns("CREATE TABLE a (b, c NOT NULL, d TEXT, e VARBINARY(16), f TEXT DEFAULT 'BLOB')");
        assert_eq!(columns.bytes, [true, true, false, true, false]);
    }
}
