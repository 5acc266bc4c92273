//! BSON (bsonspec.org 1.1), also one document behind another, as `mongodump` writes them.

use super::{Item, Kind, Stop, byte, deeper, take};
use crate::formats::le::u32_at;
use crate::formats::shown::Style;

pub(super) const KIND: Kind =
    Kind { names: ["bson", "x-bson"], opens, read: |rest, each| document(rest, 0, false, each) };

/// The shortest document: its length and its end.
const LEN_MIN: u32 = 5;
/// What no server takes a larger one than, and some room.
const LEN_MAX: u32 = 17 << 20;
/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// As workbooks count days ([`Style`]), that of 1970-01-01.
const EPOCH: f64 = 25_569.0;

/// A length that may be, and an element of a kind there is.
fn opens(bytes: &[u8]) -> bool {
    let kind = bytes.get(4).copied();
    u32_at(bytes, 0).is_some_and(|len| (LEN_MIN..LEN_MAX).contains(&len))
        && matches!(kind, Some(0x01..=0x13 | 0x7f | 0xff))
}

fn document(rest: &mut &[u8], depth: u32, is_list: bool, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Stop> {
    let depth = deeper(depth)?;
    let len = u32_at(rest, 0).ok_or(Stop::Cut)?;
    if !(LEN_MIN..LEN_MAX).contains(&len) {
        return Err(Stop::NoItem);
    }
    let is_cut = rest.len() < len as usize;
    let (mut inner, behind) = rest.split_at(rest.len().min(len as usize));
    take(&mut inner, 4)?;
    each(if is_list { Item::List } else { Item::Map });
    loop {
        let kind = byte(&mut inner).map_err(|_| if is_cut { Stop::Cut } else { Stop::NoItem })?;
        if kind == 0 {
            break;
        }
        let element = name(&mut inner).and_then(|name| {
            if !is_list {
                each(Item::Text(name));
            }
            value(kind, &mut inner, depth, each)
        });
        // What is too long for its document is none, unless all of it breaks off.
        element.map_err(|stop| if stop == Stop::Cut && !is_cut { Stop::NoItem } else { stop })?;
    }
    if is_cut || !inner.is_empty() {
        return Err(if is_cut { Stop::Cut } else { Stop::NoItem });
    }
    each(Item::End);
    *rest = behind;
    Ok(())
}

fn value(kind: u8, rest: &mut &[u8], depth: u32, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Stop> {
    let item = match kind {
        0x01 => Item::Real(f64::from_bits(little(rest, 8)? as u64)),
        0x02 | 0x0d | 0x0e => Item::Text(text(rest)?),
        0x03 | 0x04 => return document(rest, depth, kind == 0x04, each),
        0x05 => {
            let len = little(rest, 4)?;
            byte(rest)?;
            Item::Bytes(take(rest, len as u64)?)
        }
        0x08 => Item::Word(if byte(rest)? == 0 { "false" } else { "true" }),
        0x09 => {
            let days = (little(rest, 8)? as u64).cast_signed() as f64 / 1_000.0 / DAY;
            let (date, _) = Style::Date.show(days.floor() + EPOCH, false);
            each(Item::Text(date.as_bytes()));
            return Ok(());
        }
        0x06 | 0x0a | 0x7f | 0xff => Item::Word("null"),
        0x0b => {
            let (pattern, _) = (name(rest)?, name(rest)?);
            Item::Text(pattern)
        }
        0x0c => {
            let to = text(rest)?;
            take(rest, 12)?;
            Item::Text(to)
        }
        // Numbers that a server gave out, and moments within it.
        0x07 => take(rest, 12).map(|_| Item::Word("null"))?,
        0x11 => take(rest, 8).map(|_| Item::Word("null"))?,
        0x0f => {
            take(rest, 4)?;
            let code = text(rest)?;
            each(Item::List);
            each(Item::Text(code));
            document(rest, depth, false, each)?;
            Item::End
        }
        0x10 => Item::Whole((little(rest, 4)? as u32).cast_signed().into()),
        0x12 => Item::Whole((little(rest, 8)? as u64).cast_signed().into()),
        0x13 => decimal(little(rest, 16)?),
        _ => return Err(Stop::NoItem),
    };
    each(item);
    Ok(())
}

/// A number, the low byte first.
fn little(rest: &mut &[u8], len: u64) -> Result<u128, Stop> {
    Ok(take(rest, len)?.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte)))
}

/// A text that ends with a zero.
fn name<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], Stop> {
    let len = memchr::memchr(0, rest).ok_or(Stop::Cut)?;
    let name = take(rest, len as u64)?;
    byte(rest)?;
    if std::str::from_utf8(name).is_ok() { Ok(name) } else { Err(Stop::NoItem) }
}

/// A text behind its length, with a zero behind it.
fn text<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], Stop> {
    let len = little(rest, 4)?;
    let text = take(rest, len as u64)?;
    match text.split_last() {
        Some((0, text)) if std::str::from_utf8(text).is_ok() => Ok(text),
        _ => Err(Stop::NoItem),
    }
}

/// A decimal number of 128 bits (IEEE 754, binary integer coding).
fn decimal(bits: u128) -> Item<'static> {
    /// Bits of the digits, and what the exponent is too large by.
    const DIGITS: u32 = 113;
    const BIAS: i32 = 6_176;
    if bits >> 125 & 3 == 3 {
        // Infinite, no number, or larger than one may be.
        return Item::Word("null");
    }
    let digits = (bits & ((1 << DIGITS) - 1)).cast_signed();
    let digits = if bits >> 127 == 0 { digits } else { -digits };
    let exponent = (bits >> DIGITS & 0x3fff) as i32 - BIAS;
    let whole = u32::try_from(exponent).ok().and_then(|e| digits.checked_mul(10i128.checked_pow(e)?));
    whole.map_or_else(|| Item::Real(digits as f64 * 10f64.powi(exponent)), Item::Whole)
}
