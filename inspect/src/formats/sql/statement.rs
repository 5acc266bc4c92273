//! The statements that give a dump away, at the beginning of a line, and one that a line of a log or a value tells of.

use super::super::csv;
use crate::sniff::Head;

/// Longest name, and parts of one: database, schema, table.
const NAME_MAX: usize = 128;
const PARTS_MAX: usize = 3;

/// Whether a statement that names columns, or makes room for one, begins a line.
pub(super) fn is_sql(head: &Head<'_>) -> bool {
    let (mut from, ends) = (0, memchr::memchr_iter(b'\n', head.bytes).chain([head.bytes.len()]));
    let mut lines = ends.map(|end| {
        let line = head.bytes.get(std::mem::replace(&mut from, end + 1)..end).unwrap_or_default().trim_ascii_start();
        (line, head.bytes.get(end - line.len()..).unwrap_or_default())
    });
    // A table may tell of one in a cell.
    let tables = [&csv::TABS, &csv::SEMICOLONS, &csv::PIPES, &csv::COMMAS];
    let is_table = || tables.into_iter().any(|table| (table.matches)(head));
    head.is_ascii_based() && (lines.any(|(line, text)| begins(line, text)) || tells(head.bytes) && !is_table())
}

/// Whether somewhere in `text` stands `INSERT INTO t (a, b) VALUES (`, as servers log what they were asked to do.
pub(crate) fn tells(text: &[u8]) -> bool {
    /// Of the statement before its columns.
    const HEAD: &[u8] = b"insert into ";
    /// Bytes of the columns looked at.
    const COLUMNS_MAX: usize = 4096;
    const SHORTEST: usize = b"insert into t(a) values(1)".len();
    if text.len() < SHORTEST {
        return false;
    }
    let intos = memchr::memmem::find_iter(text, b" into ").chain(memchr::memmem::find_iter(text, b" INTO "));
    let mut heads = intos.filter_map(|at| {
        let end = at + b" into ".len();
        let head = text.get(end.checked_sub(HEAD.len())?..end)?;
        if head.eq_ignore_ascii_case(HEAD) { text.get(end..) } else { None }
    });
    heads.any(|text| {
        let columns = behind_name(text.trim_ascii_start()).and_then(|text| text.strip_prefix(b"(")).unwrap_or_default();
        let end = columns.iter().take(COLUMNS_MAX).position(|b| matches!(b, b'(' | b')'));
        let values = end.and_then(|end| columns.get(end..)).and_then(|text| text.strip_prefix(b")"));
        values.and_then(|text| behind(text.trim_ascii_start(), b"VALUES")).is_some_and(|text| text.starts_with(b"("))
    })
}

/// Whether a statement begins with this line, the first of `text`.
fn begins(line: &[u8], text: &[u8]) -> bool {
    let copies = || line.starts_with(b"COPY ") && memchr::memmem::find(line, b" FROM stdin").is_some();
    inserts(text) || creates(text).is_some() || copies() || drops(text)
}

fn inserts(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 4] = [b"INSERT INTO ", b"REPLACE INTO ", b"INSERT IGNORE INTO ", b"INSERT ["];
    WORDS.into_iter().any(|word| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word)))
}

/// `CREATE TABLE t (`: prose has no bracket there.
fn creates(text: &[u8]) -> Option<()> {
    let mut text = behind(text, b"CREATE")?;
    for word in [b"GLOBAL".as_slice(), b"LOCAL", b"TEMPORARY", b"TEMP", b"UNLOGGED"] {
        text = behind(text, word).unwrap_or(text);
    }
    let text = behind(text, b"TABLE")?;
    let new = behind(text, b"IF").and_then(|text| behind(text, b"NOT")).and_then(|text| behind(text, b"EXISTS"));
    behind_name(new.unwrap_or(text))?.strip_prefix(b"(").map(|_| ())
}

/// `DROP TABLE t;` and nothing behind it, or another statement.
fn drops(mut text: &[u8]) -> bool {
    while let Some(behind) = behind_drop(text) {
        text = behind.trim_ascii_start();
        let blanks = behind.get(..behind.len() - text.len()).unwrap_or_default();
        if text.is_empty() || blanks.contains(&b'\n') || text.starts_with(b"--") || text.starts_with(b"/*") {
            return true;
        }
        if inserts(text) || creates(text).is_some() {
            return true;
        }
    }
    false
}

fn behind_drop(text: &[u8]) -> Option<&[u8]> {
    let text = behind(behind(text, b"DROP")?, b"TABLE")?;
    let old = behind(text, b"IF").and_then(|text| behind(text, b"EXISTS"));
    let mut text = behind_name(old.unwrap_or(text))?;
    for word in [b"CASCADE".as_slice(), b"CONSTRAINTS", b"RESTRICT", b"PURGE"] {
        text = behind(text, word).unwrap_or(text);
    }
    text.strip_prefix(b";")
}

/// What stands behind this word and blanks.
fn behind<'t>(text: &'t [u8], word: &[u8]) -> Option<&'t [u8]> {
    let (begin, rest) = text.split_at_checked(word.len())?;
    let is_it = begin.eq_ignore_ascii_case(word) && !rest.first().is_some_and(in_name);
    is_it.then(|| rest.trim_ascii_start())
}

/// What stands behind a name, with those before its dots, and blanks.
fn behind_name(mut text: &[u8]) -> Option<&[u8]> {
    for _ in 0..PARTS_MAX {
        let first = *text.first()?;
        let len = match first {
            b'`' | b'"' | b'[' => {
                let end = if first == b'[' { b']' } else { first };
                text.iter().skip(1).take(NAME_MAX).position(|b| *b == end)? + 2
            }
            b if in_name(&b) && !b.is_ascii_digit() => text.iter().take_while(|b| in_name(b)).count(),
            _ => return None,
        };
        text = text.get(len..)?;
        match text.strip_prefix(b".") {
            Some(rest) => text = rest,
            None => return Some(text.trim_ascii_start()),
        }
    }
    None
}

fn in_name(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#') || !b.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hint;

    #[test]
    fn statements_are_told_from_prose() {
        for (text, is) in [
            ("CREATE TABLE nguoi (id int);", true),
            ("\n  create temporary table if not exists `q l`.[ng.uoi]\n(id int);", true),
            ("CREATE TABLE public.\"người\"(id int);", true),
            ("create table of contents:\nHọ tên;Số CMND\n", false),
            ("Create table 5 (cho khách)\n", false),
            ("DROP TABLE IF EXISTS `nguoi`;\n", true),
            ("drop table nguoi cascade ;", true),
            ("DROP TABLE a; DROP TABLE b; CREATE TABLE c (id int)", true),
            ("DROP TABLE a; -- x", true),
            ("Drop table 5 vì khách hủy\n", false),
            ("Drop table 5,x\n", false),
            ("drop table vip;Họ tên;Số CMND\n", false),
            ("x\nINSERT INTO nguoi VALUES (1)", true),
            ("COPY nguoi (id) FROM stdin;", true),
            ("Copy that\n", false),
            ("10:00:00 ERROR dup key: insert into ql.nguoi(so, ten) values ('1', 'x')\n", true),
            ("10:00:00 ERROR dup key: INSERT INTO `nguoi` (so,\n ten)\nVALUES ('1', 'x')\n", true),
            ("Please insert into the form (all fields) values (as given)\n", false),
            ("ta viết insert into nguoi (so) rồi values\n", false),
            ("x insert into nguoi(so) select 1\n", false),
        ] {
            assert_eq!(is_sql(&Head::new(text.as_bytes(), &Hint::default())), is, "{text}");
        }
    }
}
