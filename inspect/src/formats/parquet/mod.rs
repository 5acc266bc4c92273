//! Parquet (github.com/apache/parquet-format): every column under its name, row by row, a page of each at a time.
//!
//! Plain values and dictionaries, packed with snappy, gzip, zstd or not at all: what pandas, Spark and DuckDB write if
//! nobody asks for more. A column of other encodings is told as unsupported, and the others are read. It is read
//! apart (`crate::extract`): this is what the other side does.

mod page;
mod snappy;
#[cfg(test)]
mod tests;
mod thrift;

use chot_model::OpaqueReason;

use super::compound::strings_of;
use super::le::{u32_at, u64_at};
use super::shown::Style;
use super::telling::{self, Stop, Telling};
use super::{Format, Room};
use crate::extract::{self, Bounds, Cell, Kind, Piece};
use page::{Codec, Pages};
use thrift::Value;

/// Values of one row, of all its columns and lists.
const ROW_VALUES_MAX: usize = 1 << 17;
const MARK: &[u8] = b"PAR1";
/// The mark where what the file says of itself is encrypted as well.
const SEALED: &[u8] = b"PARE";

pub(crate) const FORMAT: Format = Format {
    media_type: "application/vnd.apache.parquet",
    matches: |head| head.text.is_none() && (head.bytes.starts_with(MARK) || head.bytes.starts_with(SEALED)),
    room: Room::Whole(|source, place, inquiry| extract::read(Kind::Parquet, source, place, inquiry)),
    #[cfg(test)]
    example: || include_bytes!("../../../tests/packed/nguoi.parquet").to_vec(),
};

/// Reads a file and tells `each` what it holds, until that says stop.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(bytes: &[u8], bounds: &Bounds, each: &mut dyn FnMut(Piece<'_>) -> bool) -> Result<(), OpaqueReason> {
    let mut telling = Telling::new(bounds, each);
    // The first is that of the names.
    telling.rows = 1;
    let told = file(bytes, &mut telling);
    if let Err(Stop::Bound(OpaqueReason::ParseError)) = told {
        let text = strings_of(bytes);
        let _ = telling.tell(Piece::Text { part: "", text: &text, again: true });
    }
    telling::ended(told)
}

/// A number of seven bits a byte, and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (n, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * n as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}

/// How values lie in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Physical {
    Fixed(usize),
    Bytes,
    /// A bit each.
    Bits,
}

impl Physical {
    fn of(column: &Value<'_>) -> Option<Self> {
        Some(match column.number(1)? {
            0 => Self::Bits,
            1 | 4 => Self::Fixed(4),
            2 | 5 => Self::Fixed(8),
            3 => Self::Fixed(12),
            6 => Self::Bytes,
            7 => Self::Fixed(column.size(2).filter(|len| *len > 0)?),
            _ => return None,
        })
    }

    /// The value at `at` in plain encoding.
    fn plain<'d>(self, data: &'d [u8], at: &mut usize) -> Option<&'d [u8]> {
        let len = match self {
            Self::Fixed(len) => len,
            Self::Bytes => {
                let len = u32_at(data, *at)? as usize;
                *at += 4;
                len
            }
            // Yes and no say nothing of anybody.
            Self::Bits => return Some(&[]),
        };
        let value = data.get(*at..)?.get(..len)?;
        *at += len;
        Some(value)
    }
}

/// What values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Text,
    /// Whole numbers.
    Whole,
    /// Whole numbers with this many digits behind the point; the high byte first where they have bytes of their own.
    Decimal(u32),
    Floating,
    /// Days since 1970, so many of these units each.
    Days(i64),
    /// Moments as Impala wrote them: nanoseconds, and a day of Julius Caesar's count.
    Julian,
}

impl Meaning {
    fn of(column: &Value<'_>) -> Self {
        const DAY_S: i64 = 86_400;
        let logical = column.field(10);
        let is = |id| logical.is_some_and(|kind| kind.field(id).is_some());
        let scale = |digits: Option<i64>| digits.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let unit = || {
            let unit = logical.and_then(|kind| kind.field(8)?.field(2));
            let has = |id| unit.is_some_and(|unit| unit.field(id).is_some());
            if has(1) {
                1_000
            } else if has(2) {
                1_000_000
            } else {
                1_000_000_000
            }
        };
        match (column.number(1).unwrap_or(-1), column.number(6)) {
            (1 | 2, Some(6)) => Self::Days(1),
            (1 | 2, _) if is(6) => Self::Days(1),
            (2, _) if is(8) => Self::Days(DAY_S * unit()),
            (2, Some(9)) => Self::Days(DAY_S * 1_000),
            (2, Some(10)) => Self::Days(DAY_S * 1_000_000),
            (1 | 2 | 6 | 7, Some(5)) => Self::Decimal(scale(column.number(7))),
            (1 | 2 | 6 | 7, _) if is(5) => Self::Decimal(scale(logical.and_then(|kind| kind.field(5)?.number(1)))),
            (1 | 2, _) => Self::Whole,
            (3, _) => Self::Julian,
            (4 | 5, _) => Self::Floating,
            _ => Self::Text,
        }
    }

    /// What a value shows, and whether that is a number; `None` for bytes that are no text. What `is_apart` has as many
    /// bytes as it takes.
    fn show(self, value: &[u8], is_apart: bool) -> Option<(String, bool)> {
        // As workbooks count days (`shown`): 1970-01-01 is 25,569.
        const EPOCH: i64 = 25_569;
        const JULIAN: i64 = 2_440_588;
        let whole = || match value.len() {
            4 => u32_at(value, 0).map(|n| i64::from(n as i32)),
            _ => u64_at(value, 0).map(|n| n as i64),
        };
        let date = |days: i64| Style::Date.show((days + EPOCH) as f64, false);
        Some(match self {
            Self::Text => (std::str::from_utf8(value).ok()?.to_owned(), false),
            Self::Whole => (whole()?.to_string(), true),
            Self::Decimal(scale) => {
                let whole = if is_apart { long(value)? } else { whole()?.into() };
                if scale == 0 { (whole.to_string(), true) } else { (decimal(whole, scale as usize), true) }
            }
            Self::Floating => {
                let number = match value.len() {
                    4 => f32::from_bits(u32_at(value, 0)?).into(),
                    _ => f64::from_bits(u64_at(value, 0)?),
                };
                Style::Plain.show(number, false)
            }
            Self::Days(units) => date(whole()?.div_euclid(units)),
            Self::Julian => date(i64::from(u32_at(value, 8)?) - JULIAN),
        })
    }
}

/// A number of up to sixteen bytes, the high byte first.
fn long(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { !0 };
    let (above, digits) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut number = [sign; 16];
    number.get_mut(16 - digits.len()..)?.copy_from_slice(digits);
    let number = i128::from_be_bytes(number);
    // Longer ones are no numbers of anybody, unless they are short within.
    (above.iter().all(|byte| *byte == sign) && (number < 0) == (sign != 0)).then_some(number)
}

/// A number with so many digits behind the point, as programs show it: without zeros at the end.
fn decimal(whole: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", whole.unsigned_abs(), width = scale.min(80) + 1);
    let (front, behind) = digits.split_at(digits.len() - scale.min(80));
    let behind = behind.trim_end_matches('0');
    let (sign, point) = (if whole < 0 { "-" } else { "" }, if behind.is_empty() { "" } else { "." });
    format!("{sign}{front}{point}{behind}")
}

/// A column of values.
struct Leaf {
    name: String,
    physical: Option<Physical>,
    meaning: Meaning,
    /// Values have as many bytes as they take, and are no numbers of the machine.
    is_apart: bool,
    /// The most that a value is repeated and defined.
    levels: [u32; 2],
}

/// A node of the tree of names that has children.
struct Branch {
    /// Children that are not told yet.
    left: i64,
    name: String,
    levels: [u32; 2],
}

/// More columns than any table has.
const COLUMNS_MAX: usize = 4_096;
const DEPTH_MAX: usize = 64;

/// The columns of a tree of names, which is told parent before child.
fn leaves(schema: &[Value<'_>]) -> Option<Vec<Leaf>> {
    let (root, rest) = schema.split_first()?;
    let (mut leaves, mut path) =
        (Vec::new(), vec![Branch { left: root.number(5)?, name: String::new(), levels: [0, 0] }]);
    for node in rest {
        while path.last().is_some_and(|branch| branch.left <= 0) {
            path.pop();
        }
        let parent = path.last_mut()?;
        parent.left -= 1;
        let mut levels = parent.levels;
        match node.number(3) {
            Some(1) => levels[1] += 1,
            Some(2) => levels = levels.map(|level| level + 1),
            _ => {}
        }
        // Lists and maps have levels of their own, which everybody calls so.
        let own = node.text(4).unwrap_or_default();
        let is_frame = matches!(own.as_str(), "list" | "element" | "item" | "array" | "bag" | "key_value");
        let name = match (parent.name.as_str(), own) {
            ("", own) => own,
            (parent, _) if is_frame => parent.to_owned(),
            (parent, own) => format!("{parent}.{own}"),
        };
        match node.number(5) {
            Some(children @ 1..) if path.len() < DEPTH_MAX => path.push(Branch { left: children, name, levels }),
            Some(1..) => return None,
            _ if leaves.len() >= COLUMNS_MAX => return None,
            _ => {
                let (physical, meaning) = (Physical::of(node), Meaning::of(node));
                let is_apart = matches!(node.number(1), Some(6 | 7));
                leaves.push(Leaf { name, physical, meaning, is_apart, levels });
            }
        }
    }
    Some(leaves)
}

fn file(bytes: &[u8], telling: &mut Telling<'_>) -> Result<(), Stop> {
    const FOOTER_MAX: usize = 64 << 20;
    if bytes.ends_with(SEALED) || bytes.starts_with(SEALED) {
        return Err(OpaqueReason::Encrypted.into());
    }
    let about = || {
        let end = bytes.len().checked_sub(8).filter(|_| bytes.ends_with(MARK))?;
        let len = (u32_at(bytes, end)? as usize).min(FOOTER_MAX + 1);
        let from = end.checked_sub(len).filter(|_| len <= FOOTER_MAX)?;
        Some((from, bytes.get(from..end)?))
    };
    let (from, footer) = about().ok_or(OpaqueReason::ParseError)?;
    let (about, _) = thrift::structure(footer).ok_or(OpaqueReason::ParseError)?;
    let leaves = leaves(about.list(2)).ok_or(OpaqueReason::ParseError)?;
    for property in about.list(5) {
        let (name, value) = (property.text(1).unwrap_or_default(), property.text(2).unwrap_or_default());
        telling.take(value.len())?;
        telling.tell(Piece::Field { part: "properties", name: &name, value: &value })?;
    }
    // Least and greatest values, and whoever made it.
    extremes(&strings_of(footer), &leaves, telling)?;
    let headings = leaves.iter().zip(0..).map(|(leaf, column)| Cell { column, number: false, text: &leaf.name });
    telling.tell(Piece::Row { part: "", number: 1, cells: headings.collect() })?;
    let mut spans = vec![0..MARK.len(), from..bytes.len()];
    for group in about.list(4) {
        rows(bytes, group, &leaves, &mut spans, telling)?;
    }
    // What belongs to no column: indexes, filters, and what anybody likes.
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in spans {
        if let Some(gap) = bytes.get(at..span.start).filter(|gap| !gap.is_empty()) {
            let text = strings_of(gap);
            telling.tell(Piece::Text { part: "between", text: &text, again: true })?;
        }
        at = at.max(span.end);
    }
    Ok(())
}

/// Tells the strings of what the file says of itself. The least and greatest values of columns are of different people:
/// each is a text of its own, under the name of its column.
fn extremes(rest: &str, leaves: &[Leaf], telling: &mut Telling<'_>) -> Result<(), Stop> {
    /// Of more, nobody tells people apart.
    const LINES_MAX: usize = 4_096;
    const NAMES_MAX: usize = 256;
    if rest.lines().nth(LINES_MAX).is_some() || leaves.len() > NAMES_MAX {
        return telling.tell(Piece::Text { part: "properties", text: rest, again: true });
    }
    let names: Vec<&str> = leaves.iter().filter_map(|leaf| leaf.name.rsplit('.').next()).collect();
    let mut heading = "";
    for (n, line) in rest.lines().enumerate() {
        heading = names.iter().find(|name| line.contains(**name)).copied().unwrap_or(heading);
        let (part, text) = (format!("properties {}", n + 1), format!("{heading}\n{line}\n"));
        telling.tell(Piece::Text { part: &part, text: &text, again: true })?;
    }
    Ok(())
}

/// A column of a group, and what is the matter with it.
struct Reading<'a> {
    pages: Option<Pages<'a>>,
    leaf: &'a Leaf,
    packed: u64,
}

/// Tells the rows of a group.
fn rows(
    bytes: &[u8],
    group: &Value<'_>,
    leaves: &[Leaf],
    spans: &mut Vec<std::ops::Range<usize>>,
    telling: &mut Telling<'_>,
) -> Result<(), Stop> {
    let mut columns = Vec::new();
    let chunks = group.list(1);
    if chunks.len() != leaves.len() {
        return Err(OpaqueReason::ParseError.into());
    }
    for (chunk, leaf) in chunks.iter().zip(leaves) {
        let pages = pages(bytes, chunk, leaf, spans);
        let packed = chunk.field(3).and_then(|about| about.size(7)).unwrap_or(1) as u64;
        let (pages, reason) = match pages {
            Ok(pages) => (Some(pages), None),
            Err(reason) => (None, Some(reason)),
        };
        if let Some(reason) = reason {
            telling.tell(Piece::Opaque { part: &leaf.name, reason, bytes: packed.max(1) })?;
        }
        columns.push(Reading { pages, leaf, packed });
    }
    loop {
        let (mut cells, mut is_row): (Vec<(u32, Vec<Said>)>, _) = (Vec::new(), false);
        let mut count = 0;
        let mut files: Vec<(usize, Vec<u8>)> = Vec::new();
        for (n, column) in columns.iter_mut().enumerate() {
            let Some(pages) = &mut column.pages else { continue };
            let mut values = Vec::new();
            let read = pages.row(&mut values);
            telling.take(std::mem::take(&mut pages.unpacked))?;
            match read {
                Ok(Some(())) => is_row = true,
                Ok(None) => {}
                Err(reason) => {
                    column.pages = None;
                    let (part, bytes) = (&column.leaf.name, column.packed.max(1));
                    telling.tell(Piece::Opaque { part, reason, bytes })?;
                }
            }
            count += values.len();
            if count > ROW_VALUES_MAX {
                return Err(OpaqueReason::TooLarge.into());
            }
            let mut shown = Vec::with_capacity(values.len());
            for value in values {
                match column.leaf.meaning.show(&value, column.leaf.is_apart).filter(|_| !value.is_empty()) {
                    Some(said) => shown.push(said),
                    None if value.is_empty() => shown.push((String::new(), false)),
                    None => {
                        shown.push((String::new(), false));
                        files.push((n, value));
                    }
                }
            }
            cells.push((n as u32, shown));
        }
        if !is_row {
            return Ok(());
        }
        for cells in records(cells) {
            // The number of a row says where it stands, and no more.
            telling.rows = telling.rows.saturating_add(1);
            if telling.rows.is_multiple_of(1_024) {
                telling.look_at_the_clock()?;
            }
            telling.take(8 + cells.iter().map(|(_, (text, _))| text.len()).sum::<usize>())?;
            let cells = cells.iter().map(|(column, (text, number))| Cell { column: *column, number: *number, text });
            let number = telling.rows;
            telling.tell(Piece::Row { part: "", number, cells: cells.collect() })?;
        }
        for (n, bytes) in files {
            file_within(leaves.get(n).map_or("", |leaf| &leaf.name), &bytes, telling)?;
        }
    }
}

/// What a value shows, and whether that is a number.
type Said = (String, bool);

/// The rows that a row of lists comes to. Lists of one length are a list of records, each a row of its own; what there
/// is only one of stands in the first.
fn records(cells: Vec<(u32, Vec<Said>)>) -> Vec<Vec<(u32, Said)>> {
    let mut lists = cells.iter().map(|(_, said)| said.len()).filter(|len| *len > 1);
    let len = lists.next().filter(|len| lists.clone().next().is_some() && lists.all(|other| other == *len));
    let mut rows = Vec::new();
    rows.resize_with(len.unwrap_or(1), Vec::new);
    for (column, said) in cells {
        if len.is_none() || said.len() == 1 {
            let one = said.into_iter().filter(|(text, _)| !text.is_empty());
            let one = one.reduce(|(mut before, _), (text, _)| {
                before += "; ";
                before += &text;
                (before, false)
            });
            if let (Some(row), Some(one)) = (rows.first_mut(), one) {
                row.push((column, one));
            }
            continue;
        }
        for (row, said) in rows.iter_mut().zip(said).filter(|(_, (text, _))| !text.is_empty()) {
            row.push((column, said));
        }
    }
    rows
}

/// Bytes that are no text: a file of their own, if they are long enough to be one.
fn file_within(name: &str, bytes: &[u8], telling: &mut Telling<'_>) -> Result<(), Stop> {
    const FILE_MIN: usize = 64;
    telling.take(bytes.len())?;
    if bytes.len() < FILE_MIN {
        let text = strings_of(bytes);
        return telling.tell(Piece::Text { part: name, text: &text, again: true });
    }
    telling.tell(Piece::Member { name })?;
    telling.tell(Piece::Bytes(bytes))
}

/// The pages of a column of a group.
fn pages<'a>(
    bytes: &'a [u8],
    chunk: &Value<'_>,
    leaf: &Leaf,
    spans: &mut Vec<std::ops::Range<usize>>,
) -> Result<Pages<'a>, OpaqueReason> {
    // A column with a key of its own, or in a file of its own.
    if chunk.field(8).is_some() || chunk.field(9).is_some() {
        return Err(OpaqueReason::Encrypted);
    }
    if chunk.field(1).is_some() {
        return Err(OpaqueReason::Partial);
    }
    let about = chunk.field(3).ok_or(OpaqueReason::ParseError)?;
    let span = || {
        let data = about.size(9)?;
        let from = about.size(11).filter(|at| *at > 0).map_or(data, |dictionary| dictionary.min(data));
        let to = from.checked_add(about.size(7)?)?;
        Some((from..to, bytes.get(from..to)?))
    };
    let (span, packed) = span().ok_or(OpaqueReason::ParseError)?;
    spans.push(span);
    let codec = about.number(4).and_then(Codec::of).ok_or(OpaqueReason::UnsupportedFormat)?;
    let physical = leaf.physical.ok_or(OpaqueReason::ParseError)?;
    Ok(Pages::new(packed, codec, physical, leaf.levels))
}
