//! Cells under `Họ và tên` that are a name as most are: two to seven words of Vietnamese letters, each with a capital.
//!
//! What is known of a syllable is remembered, so that it is folded and looked up once a message. Anything else a name's
//! room knows (titles, bodies, small letters) is left to it.

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use super::{CELL_BYTES_MAX, FIRST_BYTES, Told, Values};
use crate::person_name::{self, Syllable};
use crate::simd::BLOCK;
use crate::simd::among::among;

const _: () = assert!(CELL_BYTES_MAX == BLOCK, "a bit for each byte of a cell");

const SLOTS: usize = 1024;
/// Longest syllable read here.
const SYLLABLE_BYTES: usize = 12;
/// Most syllables of a name.
const SYLLABLES_MAX: usize = 7;

/// What is known of syllables.
#[derive(Default)]
pub(super) struct Syllables(Vec<Known>);

#[derive(Clone, Copy, Default)]
struct Known {
    /// Its bytes, nothing behind them; 0 for an empty slot.
    key: u128,
    capitals: [u8; 16],
    len: u8,
    /// What [`Syllable`] tells, a bit each.
    is: u8,
}

const PLAIN: u8 = 1;
const SURNAME: u8 = 1 << 1;
const GIVEN: u8 = 1 << 2;
const TITLE: u8 = 1 << 3;
const BODY: u8 = 1 << 4;
const HEAD: u8 = 1 << 5;
const HEXADECIMAL: u8 = 1 << 6;

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
    let mut room = [0; ROOM];
    let bytes = match text.get(cell.start..).and_then(<[u8]>::first_chunk::<ROOM>) {
        Some(bytes) => bytes,
        None => {
            room.iter_mut().zip(text.get(cell.clone()).unwrap_or_default()).for_each(|(to, b)| *to = *b);
            &room
        }
    };
    let Some(block) = bytes.first_chunk() else { return Told::Unusual };
    // The blanks, a bit each.
    let signs = among(block, [b' '; 4]) & (u64::MAX >> (BLOCK - len.clamp(1, BLOCK)));
    let (mut left, mut at, mut n) = (signs, 0, 0);
    // What the first is, what any is, any but the first and last, and whether a surname stands behind a title.
    let (mut first, mut any, mut within, mut titled) = (0, 0, 0, false);
    let last = loop {
        let end = len.min(left.trailing_zeros() as usize);
        let Some(key) = syllable(bytes, at, end) else { return Told::Unusual };
        let known = syllables.know(key, end - at);
        let is = known.is;
        if is & PLAIN == 0 || n == SYLLABLES_MAX {
            return Told::Unusual;
        }
        values.extend_chunk(&known.capitals, usize::from(known.len));
        titled |= any & TITLE != 0 && is & SURNAME != 0;
        any |= is;
        if n == 0 {
            first = is;
        }
        n += 1;
        if end >= len {
            break is;
        }
        if n > 1 {
            within |= is;
        }
        values.push(b' ');
        left &= left - 1;
        at = end + 1;
    };
    // `Ông` and the like may be titles, of a name that begins behind them; pairs of hexadecimal digits may hide something.
    if n < 2 || titled && n > 3 || within & HEXADECIMAL != 0 {
        return Told::Unusual;
    }
    let bodies = any & BODY | first & HEAD != 0;
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

/// A cell, and what a syllable at its end is read with.
const ROOM: usize = CELL_BYTES_MAX + 16;

/// The bytes of the syllable that stands there, with nothing behind.
#[inline]
fn syllable(bytes: &[u8; ROOM], at: usize, end: usize) -> Option<u128> {
    let len = end.checked_sub(at)?;
    let mask = FIRST_BYTES.get(len).filter(|mask| **mask != 0 && len <= SYLLABLE_BYTES)?;
    Some(u128::from_le_bytes(*bytes.get(at..)?.first_chunk()?) & mask)
}

impl Syllables {
    fn know(&mut self, key: u128, len: usize) -> &Known {
        if self.0.is_empty() {
            self.0.resize(SLOTS, Known::default());
        }
        let mixed =
            u128::from(key as u64 ^ 0x9e37_79b9_7f4a_7c15) * u128::from((key >> 64) as u64 ^ 0xe703_7ed1_a0b4_28db);
        let at = (mixed as u64 ^ (mixed >> 64) as u64) as usize % (SLOTS / 2) * 2;
        if self.0[at].key != key {
            // Two share two places before one has to go.
            self.0.swap(at, at + 1);
            if self.0[at].key != key {
                self.0[at] = Known::new(key, len);
            }
        }
        &self.0[at]
    }
}

impl Known {
    fn new(key: u128, len: usize) -> Self {
        let bytes = key.to_le_bytes();
        let mut known = Self { key, ..Self::default() };
        if let Some(text) = bytes.get(..len).and_then(|bytes| str::from_utf8(bytes).ok()) {
            let capitals = text.to_uppercase();
            if let Some(room) = known.capitals.get_mut(..capitals.len()) {
                room.copy_from_slice(capitals.as_bytes());
                known.len = capitals.len() as u8;
                let syllable = Syllable::of(text);
                for (is, flag) in [
                    (syllable.plain, PLAIN),
                    (syllable.surname, SURNAME),
                    (syllable.given, GIVEN),
                    (syllable.title, TITLE),
                    (syllable.body, BODY),
                    (syllable.head, HEAD),
                    (syllable.hexadecimal, HEXADECIMAL),
                ] {
                    known.is |= if is { flag } else { 0 };
                }
            }
        }
        known
    }
}
