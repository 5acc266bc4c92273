//! Cells under `Họ và tên` that are a name as most are: two to seven words of Vietnamese letters, each with a capital.
//!
//! What is known of a syllable is remembered, so that it is folded and looked up once a message. Anything else a name's
//! room knows (titles, bodies, small letters) is left to it.

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use super::memo::{self, Memo};
use super::{CELL_BYTES_MAX, FIRST_BYTES, Told, Values};
use crate::person_name::{self, Syllable};
use crate::simd::BLOCK;
use crate::simd::among::among;

const _: () = assert!(CELL_BYTES_MAX == BLOCK, "a bit for each byte of a cell");

/// Longest syllable read here.
const SYLLABLE_BYTES: usize = 12;
/// Most syllables of a name.
const SYLLABLES_MAX: usize = 7;

/// What is known of syllables.
pub(super) type Syllables = Memo<Known>;

#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// Its bytes, nothing behind them; 0 for an empty slot.
    key: u128,
    /// Its capitals, and the blank before the next.
    capitals: [u8; 16],
    len: u8,
    /// What [`Syllable`] tells, a bit each.
    is: u16,
}

const PLAIN: u16 = 1;
const SURNAME: u16 = 1 << 1;
const GIVEN: u16 = 1 << 2;
const TITLE: u16 = 1 << 3;
const BODY: u16 = 1 << 4;
const HEAD: u16 = 1 << 5;
const HEXADECIMAL: u16 = 1 << 6;
const ALONE: u16 = 1 << 7;
const SECOND: u16 = 1 << 8;

pub(super) fn judge(text: &[u8], cell: Range<usize>, syllables: &mut Syllables, values: &mut Values) -> Told {
    if cell.len() > CELL_BYTES_MAX {
        return Told::Unusual;
    }
    values.begin();
    let told = read(text, cell, syllables, values);
    if told == Told::Unusual {
        values.undo();
    }
    told
}

fn read(text: &[u8], cell: Range<usize>, syllables: &mut Syllables, values: &mut Values) -> Told {
    let len = cell.len();
    let room;
    let bytes = match text.get(cell.start..cell.start + ROOM).and_then(<[u8]>::first_chunk::<ROOM>) {
        Some(bytes) => bytes,
        None => {
            room = copied(text.get(cell.clone()).unwrap_or_default());
            &room
        }
    };
    let Some(block) = bytes.first_chunk() else { return Told::Unusual };
    // The blanks, a bit each.
    let signs = among(block, [b' '; 4]) & (u64::MAX >> (BLOCK - len.clamp(1, BLOCK)));
    let (mut left, mut at, mut n) = (signs, 0, 0);
    let (mut any, mut all, mut kinds) = (0, u16::MAX, [0; SYLLABLES_MAX]);
    let last = loop {
        let end = len.min(left.trailing_zeros() as usize);
        let (Some(key), Some(kind)) = (syllable(bytes, at, end), kinds.get_mut(n)) else { return Told::Unusual };
        let Known { capitals, len: letters, is, .. } = syllables.know(key, end - at);
        *kind = *is;
        any |= is;
        all &= is;
        values.extend_chunk(capitals, usize::from(*letters));
        n += 1;
        if end >= len {
            values.pop();
            break *is;
        }
        left &= left - 1;
        at = end + 1;
    };
    let [first, behind @ ..] = kinds;
    if n < 2 || all & PLAIN == 0 || any & (TITLE | HEXADECIMAL) != 0 && is_odd(first, behind.get(..n - 1)) {
        return Told::Unusual;
    }
    // Hardly a syllable with which the name of a body may begin is followed by one with which that goes on.
    let bodies = any & BODY | first & HEAD != 0 && names_a_body(&kinds);
    if bodies && text.get(cell).and_then(|name| str::from_utf8(name).ok()).is_none_or(person_name::names_a_body) {
        return Told::Unusual;
    }
    if first & SURNAME | last & GIVEN != 0 {
        values.whole(DetectorId::PersonName, Confidence::High, signs)
    } else if any & SURNAME == 0 {
        values.whole(DetectorId::PersonName, Confidence::Medium, signs)
    } else {
        // A shorter name may be read in it.
        Told::Unusual
    }
}

/// Whether more than a name may be in these syllables: `Ông` and the like may be titles, of a name that begins behind them;
/// pairs of hexadecimal digits may hide something.
#[cold]
fn is_odd(first: u16, behind: Option<&[u16]>) -> bool {
    let behind = behind.unwrap_or_default();
    let (mut titled, mut any) = (false, first);
    for is in behind {
        titled |= any & TITLE != 0 && is & SURNAME != 0;
        any |= is;
    }
    let within = behind.split_last().map_or(0, |(_, within)| within.iter().fold(0, |any, is| any | is));
    titled && behind.len() > 2 || within & HEXADECIMAL != 0
}

/// Whether syllables may be the name of a body, as far as one and the next tell.
#[inline(never)]
fn names_a_body(kinds: &[u16; SYLLABLES_MAX]) -> bool {
    let goes_on = |is: u16, next: u16| is & ALONE != 0 || next & SECOND != 0;
    let pairs = || kinds.iter().zip(kinds.iter().skip(1).chain([&0]));
    pairs().any(|(is, next)| is & BODY != 0 && goes_on(*is, *next))
        || pairs().take(1).any(|(is, next)| is & HEAD != 0 && goes_on(*is, *next))
}

/// A cell, and what a syllable at its end is read with.
const ROOM: usize = CELL_BYTES_MAX + 16;

/// A cell at the end of a text, with nothing behind.
#[inline(never)]
fn copied(cell: &[u8]) -> [u8; ROOM] {
    let mut room = [0; ROOM];
    room.iter_mut().zip(cell).for_each(|(to, b)| *to = *b);
    room
}

/// The bytes of the syllable that stands there, with nothing behind.
#[inline]
fn syllable(bytes: &[u8; ROOM], at: usize, end: usize) -> Option<u128> {
    let len = end.checked_sub(at)?;
    let mask = FIRST_BYTES.get(len).filter(|mask| **mask != 0 && len <= SYLLABLE_BYTES)?;
    Some(u128::from_le_bytes(*bytes.get(at..)?.first_chunk()?) & mask)
}

impl memo::Known for Known {
    fn key(&self) -> u128 {
        self.key
    }

    fn new(key: u128, len: usize) -> Self {
        let bytes = key.to_le_bytes();
        let mut known = Self { key, ..Self::default() };
        if let Some(text) = bytes.get(..len).and_then(|bytes| str::from_utf8(bytes).ok()) {
            let capitals = text.to_uppercase();
            if let Some((blank, room)) = known.capitals.get_mut(..=capitals.len()).and_then(<[u8]>::split_last_mut) {
                room.copy_from_slice(capitals.as_bytes());
                *blank = b' ';
                known.len = capitals.len() as u8 + 1;
                let syllable = Syllable::of(text);
                for (is, flag) in [
                    (syllable.plain, PLAIN),
                    (syllable.surname, SURNAME),
                    (syllable.given, GIVEN),
                    (syllable.title, TITLE),
                    (syllable.body, BODY),
                    (syllable.head, HEAD),
                    (syllable.hexadecimal, HEXADECIMAL),
                    (syllable.alone, ALONE),
                    (syllable.second, SECOND),
                ] {
                    known.is |= if is { flag } else { 0 };
                }
            }
        }
        known
    }
}
