//! The shape of a file people write, and the walk that holds a parsed file against it.
//!
//! A [`Shape`] is a table of fields. The same table refuses unknown keys and wrong values, suggests the right ones,
//! and writes the JSON Schema for editors, so these cannot drift apart. What values mean together (groups that must
//! exist, rules that never match) is not known here.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Note, Problem, Report};

/// A table of the file.
pub(crate) struct Shape {
    /// Its keys.
    pub(crate) fields: &'static [Field],
}

/// A key of a table.
pub(crate) struct Field {
    /// The key.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// What it holds.
    pub(crate) kind: Kind,
    /// One sentence for editors.
    pub(crate) doc: &'static str,
}

/// What a key holds.
pub(crate) enum Kind {
    /// Any text but an empty one.
    Text,
    /// A name: letters, digits, `-`, `_`, `.`.
    Id,
    /// True or false.
    Flag,
    /// A whole number.
    Count {
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },
    /// The version of the file's shape.
    Version(u64),
    /// One of these words.
    Word(&'static Words),
    /// A text with a syntax of its own.
    Format(&'static Format),
    /// A list.
    List {
        /// Of what.
        of: &'static Self,
        /// Whether an empty list means something.
        may_be_empty: bool,
    },
    /// A table with these keys.
    Table(&'static Shape),
    /// A table with at least one of these keys.
    Filled(&'static Shape),
    /// `[[…]]`: any number of such tables.
    Tables(&'static Shape),
    /// A table whose keys are names the author chooses, or words.
    Map {
        /// The possible keys, of which there must be one; `None`: names of the author's choice.
        keys: Option<&'static Words>,
        /// What each holds.
        of: &'static Self,
    },
}

/// A closed set of words.
pub(crate) struct Words {
    /// What one of them is called.
    pub(crate) noun: &'static str,
    /// What to report for another word.
    pub(crate) problem: Problem,
    /// The words.
    pub(crate) all: &'static [&'static str],
}

/// A syntax of a text.
pub(crate) struct Format {
    /// What it is called, with an example.
    pub(crate) noun: &'static str,
    /// Tells what is wrong.
    pub(crate) check: fn(&str) -> Result<(), String>,
}

/// A table as the parser gives it.
pub(crate) type Table<'i> = DeTable<'i>;
/// A value as the parser gives it, with its place.
pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// How often a broken text is mended before the rest is given up.
const MENDED_MAX: usize = 4;

/// Tells every syntax error, and gives back the text with the broken lines turned into spaces: the parser loses much
/// more than the line it stumbled over. Every other byte keeps its place.
pub(crate) fn mend<'t>(text: &'t str, report: &mut Report<'_>) -> Cow<'t, str> {
    let (_, mut errors) = DeTable::parse_recoverable(text);
    report.syntax(&errors);
    let mut mended = Cow::Borrowed(text);
    for _ in 0..MENDED_MAX {
        if errors.is_empty() {
            break;
        }
        let mut broken: Vec<usize> = errors.iter().filter_map(|e| Some(e.span()?.start)).collect();
        broken.sort_unstable();
        mended = Cow::Owned(without(&mended, &broken));
        (_, errors) = DeTable::parse_recoverable(&mended);
    }
    mended
}

/// The text with the lines of these bytes, in ascending order, turned into spaces. With a header goes what stands under it, which would
/// otherwise belong to the table before.
fn without(text: &str, broken: &[usize]) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut start, mut lost_header) = (0, false);
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let is_broken = broken.get(broken.partition_point(|at| *at < start)).is_some_and(|at| *at < end);
        let is_header = line.trim_start().starts_with('[');
        lost_header = if is_header { is_broken } else { lost_header };
        if is_broken || lost_header {
            out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
        start = end;
    }
    out
}

/// Parses a mended text.
pub(crate) fn parse(mended: &str) -> Spanned<Table<'_>> {
    DeTable::parse_recoverable(mended).0
}

/// Holds `table` against `shape`. `place` says where we are, for messages; `header` is what to point at when
/// something is missing.
pub(crate) fn walk(table: &Table<'_>, header: Range<usize>, shape: &Shape, place: &str, report: &mut Report<'_>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        match shape.fields.iter().find(|f| f.name == name) {
            Some(field) => value_fits(value, &field.kind, &format!("`{name}` {place}"), report),
            None => {
                let known = shape.fields.iter().map(|f| f.name);
                let message = format!("unknown key `{}` {place}", shown(name));
                let note = Note::error(Problem::UnknownKey, key.span(), message).suggest(name, known.clone());
                report.push(note.help(format!("possible here: {}", list(known))));
            }
        }
    }
    for field in shape.fields.iter().filter(|f| f.required && !table.contains_key(f.name)) {
        let note = Note::error(Problem::Missing, header.clone(), format!("`{}` is missing {place}", field.name));
        report.push(note.help(field.doc));
    }
}

/// Holds one value against what it should be. `what` names it in messages: "`zone` in rule `x`".
fn value_fits(value: &Value<'_>, kind: &Kind, what: &str, report: &mut Report<'_>) {
    let span = value.span();
    match (kind, value.get_ref()) {
        (Kind::Text, DeValue::String(s)) => {
            if s.trim().is_empty() {
                report.push(Note::error(Problem::EmptyList, span, format!("{what} is empty")));
            }
        }
        (Kind::Id, DeValue::String(s)) => id_fits(s, span, what, report),
        (Kind::Flag, DeValue::Boolean(_)) => {}
        (Kind::Count { min, max }, DeValue::Integer(_)) => {
            let fits = number(value).is_some_and(|n| (*min..=*max).contains(&n));
            if !fits {
                let upper = if *max == u64::MAX { String::new() } else { format!(" and at most {max}") };
                let message = format!("{what} must be at least {min}{upper}");
                report.push(Note::error(Problem::OutOfRange, span, message));
            }
        }
        (Kind::Version(version), DeValue::Integer(_)) => {
            if number(value) != Some(*version) {
                let note = Note::error(Problem::Schema, span, format!("{what} is not one this build reads"));
                report.push(note.label(format!("write {version}")));
            }
        }
        (Kind::Word(words), DeValue::String(s)) => word_fits(s, words, span, what, report),
        (Kind::Format(format), DeValue::String(s)) => {
            if let Err(wrong) = (format.check)(s) {
                let message = format!("{what}: `{}` is not {}", shown(s), format.noun);
                report.push(Note::error(Problem::BadFormat, span, message).label(wrong));
            }
        }
        (Kind::List { of, may_be_empty }, DeValue::Array(items)) => {
            if items.is_empty() && !may_be_empty {
                let note = Note::error(Problem::EmptyList, span, format!("{what} is an empty list"));
                report.push(note.help("name at least one, or leave the key out"));
            }
            items.iter().for_each(|item| value_fits(item, of, what, report));
        }
        (Kind::Table(shape) | Kind::Filled(shape), DeValue::Table(table)) => {
            if table.is_empty() && matches!(kind, Kind::Filled(_)) {
                let note = Note::error(Problem::EmptyList, span.clone(), format!("{what} is empty"));
                report.push(note.help(format!("possible keys: {}", list(shape.fields.iter().map(|f| f.name)))));
            }
            walk(table, span, shape, &format!("of {what}"), report);
        }
        (Kind::Tables(shape), DeValue::Array(items)) => {
            for (n, item) in items.iter().enumerate() {
                match item.get_ref() {
                    DeValue::Table(table) => {
                        let place = titled(table, what, n);
                        walk(table, item.span(), shape, &place, report);
                    }
                    _ => wrong_type(item, kind, what, report),
                }
            }
        }
        (Kind::Map { keys, of }, DeValue::Table(table)) => {
            if table.is_empty() && keys.is_some() {
                report.push(Note::error(Problem::EmptyList, span, format!("{what} is empty")));
            }
            for (key, value) in table {
                let name: &str = key.get_ref();
                match keys {
                    Some(words) => word_fits(name, words, key.span(), what, report),
                    None => id_fits(name, key.span(), what, report),
                }
                value_fits(value, of, &format!("`{}` of {what}", shown(name)), report);
            }
        }
        _ => wrong_type(value, kind, what, report),
    }
}

/// "in rule `x`" for the tables of a list, by their id or name, else by their number.
fn titled(table: &Table<'_>, what: &str, n: usize) -> String {
    // `what` is "`rule` in the file" or "`test` in rule `x`".
    let noun = what.split('`').nth(1).unwrap_or("entry");
    let name = ["id", "name"].iter().find_map(|k| table.get(*k)).and_then(|v| v.get_ref().as_str());
    match name {
        Some(name) => format!("in {noun} `{}`", shown(name)),
        None => format!("in {noun} {}", n + 1),
    }
}

fn id_fits(id: &str, span: Range<usize>, what: &str, report: &mut Report<'_>) {
    let fits = !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if !fits {
        let message = format!("{what}: `{}` cannot be a name", shown(id));
        report.push(Note::error(Problem::BadId, span, message).help("use letters, digits, `-`, `_` and `.`"));
    }
}

fn word_fits(word: &str, words: &Words, span: Range<usize>, what: &str, report: &mut Report<'_>) {
    if !words.all.contains(&word) {
        let message = format!("{what} names an unknown {} `{}`", words.noun, shown(word));
        let note = Note::error(words.problem, span, message).suggest(word, words.all.iter().copied());
        report.push(note.help(format!("possible: {}", list(words.all.iter().copied()))));
    }
}

fn wrong_type(value: &Value<'_>, kind: &Kind, what: &str, report: &mut Report<'_>) {
    let wanted = match kind {
        Kind::Text | Kind::Id | Kind::Word(_) | Kind::Format(_) => "a text in quotes",
        Kind::Flag => "true or false",
        Kind::Count { .. } | Kind::Version(_) => "a whole number",
        Kind::List { .. } => "a list",
        Kind::Table(_) | Kind::Filled(_) | Kind::Map { .. } => "a table",
        Kind::Tables(_) => "written as a table with [[double brackets]]",
    };
    let is = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let note = Note::error(Problem::WrongType, value.span(), format!("{what} must be {wanted}, not {is}"));
    report.push(match (kind, value.get_ref()) {
        (Kind::List { .. }, DeValue::String(s)) => note.help(format!("write [\"{}\"]", shown(s))),
        (Kind::Count { .. } | Kind::Version(_) | Kind::Flag, DeValue::String(_)) => note.help("leave out the quotes"),
        (Kind::Table(shape) | Kind::Filled(shape), _) => {
            note.help(format!("possible keys: {}", list(shape.fields.iter().map(|f| f.name))))
        }
        _ => note,
    });
}

/// A text from the file as it may stand in a message: on one line, and short.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// `a`, `b`, `c`.
pub(crate) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// The value at a path of keys, if every step is there.
pub(crate) fn at<'v, 'i>(table: &'v Table<'i>, path: &[&str]) -> Option<&'v Value<'i>> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.get_ref().as_table()?, rest) }
}

/// The text at a path.
pub(crate) fn text<'v>(table: &'v Table<'_>, path: &[&str]) -> Option<&'v str> {
    at(table, path)?.get_ref().as_str()
}

/// The truth at a path.
pub(crate) fn flag(table: &Table<'_>, path: &[&str]) -> Option<bool> {
    at(table, path)?.get_ref().as_bool()
}

/// The count at a path.
pub(crate) fn count(table: &Table<'_>, path: &[&str]) -> Option<u64> {
    number(at(table, path)?)
}

/// A value as a count.
pub(crate) fn number(value: &Value<'_>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str().trim_start_matches('+'), integer.radix()).ok()
}

/// The texts of the list at a path, with their places. `None` when there is no list.
pub(crate) fn texts<'v>(table: &'v Table<'_>, path: &[&str]) -> Option<Vec<(&'v str, Range<usize>)>> {
    let items = at(table, path)?.get_ref().as_array()?;
    Some(items.iter().filter_map(|i| Some((i.get_ref().as_str()?, i.span()))).collect())
}

/// The tables of a `[[list]]`, with the place of their headers.
pub(crate) fn tables<'v, 'i>(table: &'v Table<'i>, key: &str) -> Vec<(&'v Table<'i>, Range<usize>)> {
    let items = table.get(key).and_then(|v| v.get_ref().as_array());
    let items = items.into_iter().flat_map(|a| a.iter());
    items.filter_map(|i| Some((i.get_ref().as_table()?, i.span()))).collect()
}
