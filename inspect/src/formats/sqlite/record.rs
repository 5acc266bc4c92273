//! Records: the values of a row (§2.1 of the format).

use super::page::varint;

/// How text is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(super) fn of(database: &[u8]) -> Self {
        match database.get(59) {
            Some(2) => Self::Utf16Le,
            Some(3) => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    fn text(self, bytes: &[u8]) -> String {
        let units = |pair: fn([u8; 2]) -> u16| {
            let units: Vec<u16> = bytes.as_chunks().0.iter().map(|unit| pair(*unit)).collect();
            String::from_utf16_lossy(&units)
        };
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16Le => units(u16::from_le_bytes),
            Self::Utf16Be => units(u16::from_be_bytes),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Number(String),
    Text(String),
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// How many bytes a value of this kind has; `None` for kinds that nobody uses.
    pub(super) fn len(kind: u64) -> Option<usize> {
        match kind {
            0 | 8 | 9 => Some(0),
            1..=4 => Some(kind as usize),
            5 => Some(6),
            6 | 7 => Some(8),
            10 | 11 => None,
            _ => usize::try_from((kind - 12) / 2).ok(),
        }
    }

    /// A value of this kind.
    pub(super) fn of(kind: u64, bytes: &'a [u8], encoding: Encoding) -> Self {
        match kind {
            0 => Self::Null,
            1..=6 => Self::Number(integer(bytes).to_string()),
            7 => Self::Number(float(bytes)),
            8 => Self::Number("0".to_owned()),
            9 => Self::Number("1".to_owned()),
            _ if kind.is_multiple_of(2) => Self::Blob(bytes),
            _ => Self::Text(encoding.text(bytes)),
        }
    }

    /// A value whose kind is lost.
    pub(super) fn guessed(bytes: &'a [u8], encoding: Encoding) -> Self {
        match bytes.len() {
            0 => Self::Null,
            1..=4 | 6 | 8 if bytes.iter().any(|b| *b < 0x20) => Self::Number(integer(bytes).to_string()),
            _ => Self::Text(encoding.text(bytes)),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How many digits it has, if it is nothing else.
    pub(super) fn digits(&self) -> Option<usize> {
        match self {
            Self::Text(text) | Self::Number(text) => (1..30)
                .contains(&text.len())
                .then_some(text)
                .filter(|t| t.bytes().all(|b| b.is_ascii_digit()))
                .map(String::len),
            Self::Null | Self::Blob(_) => None,
        }
    }

    pub(super) fn number(&self) -> Option<usize> {
        match self {
            Self::Number(number) => number.parse().ok(),
            _ => None,
        }
    }
}

/// A record, as far as it is there.
pub(super) struct Record<'a> {
    pub(super) values: Vec<Value<'a>>,
    /// Its values are all of it.
    pub(super) is_whole: bool,
}

/// Reads a record; `None` when it is none.
pub(super) fn record(payload: &[u8], encoding: Encoding) -> Option<Record<'_>> {
    let (header, mut at) = varint(payload)?;
    let header = usize::try_from(header).ok().filter(|header| *header >= at && *header <= payload.len())?;
    let (mut values, mut body) = (Vec::new(), header);
    while at < header {
        let (kind, n) = varint(payload.get(at..header)?)?;
        at += n;
        let len = Value::len(kind)?;
        let Some(bytes) = body.checked_add(len).and_then(|end| payload.get(body..end)) else {
            // What of a text is there is there.
            if kind >= 12
                && let Some(rest) = payload.get(body..)
            {
                values.push(if kind % 2 == 0 { Value::Blob(rest) } else { Value::Text(encoding.text(rest)) });
            }
            return Some(Record { values, is_whole: false });
        };
        body += len;
        values.push(Value::of(kind, bytes, encoding));
    }
    Some(Record { values, is_whole: body == payload.len() })
}

fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |n, b| n << 8 | i64::from(*b))
}

fn float(bytes: &[u8]) -> String {
    // Printed without an exponent: a number of twelve digits stays one.
    bytes.first_chunk().map(|b| format!("{}", f64::from_be_bytes(*b))).unwrap_or_default()
}
