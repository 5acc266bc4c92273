//! MessagePack, as its specification on GitHub has it.

use super::{Item, Kind, Stop, byte, deeper, key, number, take};

pub(super) const KIND: Kind = Kind { names: ["msgpack", "messagepack"], opens, read: |rest, each| item(rest, 0, each) };

/// A list or map.
const fn opens(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80..=0x9f | 0xdc..=0xdf, ..])
}

fn item(rest: &mut &[u8], depth: u32, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Stop> {
    let first = byte(rest)?;
    // Lengths stand in the lowest bits, or in one to eight bytes behind.
    let mut sized = |base: u8| number(rest, 1 << (first - base));
    let told = match first {
        0x00..=0x7f => return tell(each, Item::Whole(first.into())),
        0xe0..=0xff => return tell(each, Item::Whole(i128::from(first.cast_signed()))),
        0xc0 => return tell(each, Item::Word("null")),
        0xc2 => return tell(each, Item::Word("false")),
        0xc3 => return tell(each, Item::Word("true")),
        0x80..=0x8f => Holds::Map(u64::from(first & 15)),
        0x90..=0x9f => Holds::List(u64::from(first & 15)),
        0xa0..=0xbf => Holds::Text(u64::from(first & 31)),
        0xc4..=0xc6 => Holds::Bytes(sized(0xc4)?),
        0xc7..=0xc9 => Holds::Other(sized(0xc7)?),
        0xca => return tell(each, Item::Real(f32::from_bits(number(rest, 4)? as u32).into())),
        0xcb => return tell(each, Item::Real(f64::from_bits(number(rest, 8)?))),
        0xcc..=0xcf => return tell(each, Item::Whole(sized(0xcc)?.into())),
        0xd0..=0xd3 => {
            let unused = 64 - (8 << (first - 0xd0));
            let value = (sized(0xd0)? << unused).cast_signed() >> unused;
            return tell(each, Item::Whole(value.into()));
        }
        0xd4..=0xd8 => Holds::Other(1 << (first - 0xd4)),
        0xd9..=0xdb => Holds::Text(sized(0xd9)?),
        0xdc | 0xdd => Holds::List(number(rest, 2 << (first - 0xdc))?),
        0xde | 0xdf => Holds::Map(number(rest, 2 << (first - 0xde))?),
        0xc1 => return Err(Stop::NoItem),
    };
    match told {
        Holds::Text(len) => {
            let bytes = take(rest, len)?;
            // Programs older than the difference write both in one way.
            each(if std::str::from_utf8(bytes).is_ok() { Item::Text(bytes) } else { Item::Bytes(bytes) });
        }
        Holds::Bytes(len) => each(Item::Bytes(take(rest, len)?)),
        Holds::Other(len) => {
            byte(rest)?;
            each(Item::Bytes(take(rest, len)?));
        }
        Holds::List(count) => {
            let depth = deeper(depth)?;
            each(Item::List);
            for _ in 0..count {
                item(rest, depth, each)?;
            }
            each(Item::End);
        }
        Holds::Map(count) => {
            let depth = deeper(depth)?;
            each(Item::Map);
            for _ in 0..count {
                key(rest, each, |rest, each| item(rest, depth, each))?;
                item(rest, depth, each)?;
            }
            each(Item::End);
        }
    }
    Ok(())
}

/// What an item holds, and how much of it.
enum Holds {
    Text(u64),
    Bytes(u64),
    /// Bytes of a kind that a program has agreed on with itself.
    Other(u64),
    List(u64),
    Map(u64),
}

fn tell(each: &mut dyn FnMut(Item<'_>), item: Item<'_>) -> Result<(), Stop> {
    each(item);
    Ok(())
}
