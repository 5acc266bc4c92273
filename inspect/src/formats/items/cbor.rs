//! CBOR (RFC 8949), and items behind each other (RFC 8742).

use super::{Item, Kind, Stop, byte, deeper, key, number, take};

pub(super) const KIND: Kind = Kind { names: ["cbor", "cose"], opens, read: |rest, each| item(rest, 0, each) };

const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
/// What ends a list of no told length.
const BREAK: u8 = 0xff;
/// Tags: numbers of any size, the same below zero; texts said before that are told by their number.
const BIG: u64 = 2;
const BIG_BELOW_ZERO: u64 = 3;
const SAID_BEFORE: u64 = 25;
/// Tags behind each other: there is no use for more.
const TAGS_MAX: usize = 8;

/// A list or map, with tags before it or without.
fn opens(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for _ in 0..TAGS_MAX {
        let Ok((major, _)) = head(&mut rest) else { return false };
        match major {
            LIST | MAP => return true,
            TAG => {}
            _ => return false,
        }
    }
    false
}

/// The kind of an item and its number: a value, a length, a count; `None`: none is told.
fn head(rest: &mut &[u8]) -> Result<(u8, Option<u64>), Stop> {
    let first = byte(rest)?;
    let argument = match first & 31 {
        small @ 0..=23 => Some(u64::from(small)),
        size @ 24..=27 => Some(number(rest, 1 << (size - 24))?),
        31 if !matches!(first >> 5, 0 | 1 | TAG) => None,
        _ => return Err(Stop::NoItem),
    };
    Ok((first >> 5, argument))
}

fn item(rest: &mut &[u8], depth: u32, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Stop> {
    let before = *rest;
    let (major, argument) = head(rest)?;
    match (major, argument) {
        (0, Some(value)) => each(Item::Whole(value.into())),
        (1, Some(value)) => each(Item::Whole(-1 - i128::from(value))),
        (2, Some(len)) => each(Item::Bytes(take(rest, len)?)),
        (3, Some(len)) => each(Item::Text(text(take(rest, len)?)?)),
        (2 | 3, None) => {
            let whole = pieces(rest, major)?;
            each(if major == 2 { Item::Bytes(&whole) } else { Item::Text(text(&whole)?) });
        }
        (LIST | MAP, count) => {
            let depth = deeper(depth)?;
            each(if major == LIST { Item::List } else { Item::Map });
            let mut left = count;
            while left != Some(0) {
                if count.is_none() && rest.first() == Some(&BREAK) {
                    byte(rest)?;
                    break;
                }
                if major == MAP {
                    key(rest, each, |rest, each| item(rest, depth, each))?;
                }
                item(rest, depth, each)?;
                left = left.map(|left| left - 1);
            }
            each(Item::End);
        }
        (TAG, Some(tag)) => return tagged(rest, tag, depth, each),
        (7, Some(_)) => each(simple(before)?),
        _ => return Err(Stop::NoItem),
    }
    Ok(())
}

fn tagged(rest: &mut &[u8], tag: u64, depth: u32, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Stop> {
    let depth = deeper(depth)?;
    match tag {
        BIG | BIG_BELOW_ZERO => item(rest, depth, &mut |item| match item {
            Item::Bytes(bytes) if bytes.len() < 16 => {
                let value = bytes.iter().fold(0i128, |value, byte| value << 8 | i128::from(*byte));
                each(Item::Whole(if tag == BIG { value } else { -1 - value }));
            }
            other => each(other),
        }),
        SAID_BEFORE => item(rest, depth, &mut |_| ()).map(|()| each(Item::Unread)),
        _ => item(rest, depth, each),
    }
}

/// A text or bytes in pieces, joined.
fn pieces(rest: &mut &[u8], kind: u8) -> Result<Vec<u8>, Stop> {
    let mut whole = Vec::new();
    while rest.first() != Some(&BREAK) {
        match head(rest)? {
            (major, Some(len)) if major == kind => whole.extend_from_slice(take(rest, len)?),
            _ => return Err(Stop::NoItem),
        }
    }
    byte(rest)?;
    Ok(whole)
}

fn text(bytes: &[u8]) -> Result<&[u8], Stop> {
    if std::str::from_utf8(bytes).is_ok() { Ok(bytes) } else { Err(Stop::NoItem) }
}

/// A word or a number with a point.
fn simple(bytes: &[u8]) -> Result<Item<'static>, Stop> {
    Ok(match bytes {
        [0xf9, a, b, ..] => Item::Real(half(u16::from_be_bytes([*a, *b]))),
        [0xfa, bits @ ..] => Item::Real(f32::from_be_bytes(*bits.first_chunk().ok_or(Stop::Cut)?).into()),
        [0xfb, bits @ ..] => Item::Real(f64::from_be_bytes(*bits.first_chunk().ok_or(Stop::Cut)?)),
        [0xf4, ..] => Item::Word("false"),
        [0xf5, ..] => Item::Word("true"),
        // Values nobody has given a meaning, and those of one byte in two.
        [0xf8, 0..32, ..] => return Err(Stop::NoItem),
        _ => Item::Word("null"),
    })
}

/// A number of two bytes (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1_023));
    let value = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1_024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}
