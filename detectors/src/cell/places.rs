//! Cells under `Địa chỉ` that are an address as most are: words of Vietnamese letters and small numbers, set apart by
//! blanks, commas, dots, hyphens and slashes.
//!
//! All of such a cell is the address, whatever its words say, and what has to be told is only that nothing else stands in
//! it. Each word is known by what it could begin or announce, once a message; of a cell in which one may, nothing is told.

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use super::memo::{Known, Memo};
use super::{FIRST_BYTES, Told, Values};
use crate::fold::fold;
use crate::person_name::{SYLLABLE_BYTES_MAX, addresses, is_vietnamese, surname};
use crate::simd::speech;
use crate::spoken;

/// Longest address read here.
pub(super) const ADDRESS_BYTES_MAX: usize = 192;
/// Longest word.
const WORD_BYTES: usize = 15;
/// Fewer digits, however they are set apart, are no number (`numbers.rs`).
const NUMBER_DIGITS: u32 = 7;
/// Visible characters in a row that may be an encoding (`layers` of the inspection): so many or more.
const RUN_BYTES: usize = 16;
/// Names of places have two words.
const WORDS_MIN: u32 = 2;

/// Words of an address; one with more is left to the scan.
const WORDS_MAX: usize = 48;

/// What is known of words.
pub(super) type Words = Memo<Word>;

#[derive(Clone, Copy, Default)]
pub(super) struct Word {
    /// Its bytes, nothing behind them; 0 for an empty slot.
    key: u128,
    /// Folded, in capitals.
    folded: [u8; 16],
    len: u8,
    /// Words it folds to that have a letter.
    words: u8,
    digits: u8,
    is: u32,
}

/// What a word may be that matters behind one which may be what stands sixteen bits higher.
const BEHIND: u32 = NUMBER | SURNAME | PAIR_FIRST | VEHICLE_LAST;
/// Its first byte is a digit.
const NUMBER: u32 = 1;
/// It begins with a capital.
const CAPITAL: u32 = NUMBER << 16;
/// A listed surname.
const SURNAME: u32 = 1 << 1;
/// What stands behind it is a person; `Ông` is a surname besides.
const TITLE: u32 = SURNAME << 16;
/// It begins with two hexadecimal digits, is two, ends with two.
const PAIR_FIRST: u32 = 1 << 2;
const PAIR: u32 = PAIR_FIRST << 16;
const PAIR_LAST: u32 = 1 << 5;
/// It begins as `tô` does, ends as `ô`.
const VEHICLE_LAST: u32 = 1 << 3;
const VEHICLE_FIRST: u32 = VEHICLE_LAST << 16;
/// Nothing in it is, begins or announces anything but an address.
const PLAIN: u32 = 1 << 6;
/// A surname before which a name may begin already: `Văn`, `Thị`.
const MIDDLE: u32 = 1 << 7;
/// Letters stand in it.
const LETTERS: u32 = 1 << 8;
const SIR: u32 = 1 << 9;

/// It is longer than a syllable of a name.
const LONG: u32 = 1 << 10;
/// Of a word in its cell: one blank and nothing else stands before it.
const NEAR: u32 = 1 << 11;
/// It begins further behind the word before than that is read from.
const FAR: u32 = 1 << 12;

/// Judges a cell under the header of addresses.
pub(super) fn judge(text: &[u8], cell: Range<usize>, words: &mut Words, values: &mut Values) -> Told {
    values.begin();
    let told = match read(text, cell, words, values) {
        Some(()) => values.whole(DetectorId::Address, Confidence::High, 0),
        None => Told::Unusual,
    };
    if told == Told::Unusual {
        values.undo();
    }
    told
}

/// Writes the address; `None` when something else may stand in the cell.
fn read(text: &[u8], cell: Range<usize>, words: &mut Words, values: &mut Values) -> Option<()> {
    let bytes = text.get(cell.clone())?;
    let mut at = cell.start;
    let (mut places, mut digits, mut run) = (0, 0, 0);
    let (mut read, mut n, mut stands) = ([0; WORDS_MAX], 0, 0);
    // What any word is and all are, and whether a word means something behind the one before.
    let (mut any, mut all, mut last, mut behind) = (0, u32::MAX, 0, 0);
    loop {
        let (key, len) = next(text, at, cell.end)?;
        let Word { folded, len: letters, words: more, digits: more_digits, is, .. } = words.know(key, len);
        *read.get_mut(n)? = is | stands;
        n += 1;
        any |= is | stands;
        all &= is;
        behind |= is & last >> 16;
        last = *is;
        digits += u32::from(*more_digits);
        run += len;
        if digits >= NUMBER_DIGITS || run >= RUN_BYTES {
            return None;
        }
        if is & LETTERS != 0 {
            digits = u32::from(*more_digits);
        }
        places += u32::from(*more);
        values.extend_chunk(folded, usize::from(*letters));
        let word_at = at;
        at += len;
        if at >= cell.end {
            break;
        }
        // Signs, and what they part.
        let signs = at;
        while let Some(b) = text.get(at).filter(|_| at < cell.end) {
            match b {
                b' ' => run = 0,
                b',' | b'.' | b'-' | b'/' => run += 1,
                // A letter, digit or a sign that is looked at with the word.
                b'0'.. => break,
                _ => return None,
            }
            at += 1;
        }
        if at >= cell.end {
            break;
        }
        values.push(b' ');
        stands = if at == signs + 1 && text.get(signs) == Some(&b' ') { NEAR } else { 0 };
        if at - word_at > WORD_BYTES + 1 {
            stands |= FAR;
        }
    }
    // Most words mean the same wherever they stand.
    let together = behind & BEHIND != 0 || any & (MIDDLE | SIR | FAR) != 0;
    if all & PLAIN == 0 || together && holds_more(read.get(..n)?) {
        return None;
    }
    let mut spoken = places < WORDS_MIN || run >= RUN_BYTES;
    if bytes.len() >= spoken::SPOKEN_BYTES_MIN {
        speech(bytes, 0..bytes.len(), |_| spoken = true);
    }
    (!spoken).then_some(())
}

/// Whether words, one behind the other, may be more than an address.
#[inline(never)]
fn holds_more(words: &[u32]) -> bool {
    // The two words before.
    let (mut before, mut last) = (0, 0);
    // A surname stands before, and what stands before that; a name goes on.
    let (mut surname, mut ahead, mut named) = (false, 0, false);
    for is in words.iter().copied() {
        let near = is & NEAR != 0;
        // Of a longer word before a middle name, only the end is read.
        if is & MIDDLE != 0 && near && last & LONG != 0 {
            return true;
        }
        // Names are those of streets and places, unless they are addressed: `bà Lê Thị Lan`, `ông Ông Văn Lợi`.
        let goes_on = near && is & CAPITAL != 0;
        let follows = goes_on && last & CAPITAL != 0;
        if surname && goes_on {
            if ahead & TITLE != 0 || last & SIR != 0 && is & SURNAME != 0 {
                return true;
            }
            named = true;
        } else if named && !goes_on {
            // Behind a name any date is a birth.
            named = false;
            if is & NUMBER != 0 {
                return true;
            }
        }
        // The name goes on with a surname right behind another.
        surname = is & (SURNAME | CAPITAL) == SURNAME | CAPITAL && !(follows && last & SURNAME != 0);
        if surname && is & MIDDLE != 0 && follows {
            // `Tràng Thi` begins with what is no surname.
            if (ahead | last) & TITLE != 0 {
                return true;
            }
            named = true;
        } else {
            // No further back is the word before read.
            ahead = if is & FAR == 0 { last } else { TITLE };
        }
        // Pairs of hexadecimal digits may hide something.
        if is & PAIR_FIRST != 0 && last & PAIR != 0 && before & PAIR_LAST != 0 {
            return true;
        }
        // `ô tô`: what follows may be a plate.
        if is & VEHICLE_LAST != 0 && last & VEHICLE_FIRST != 0 {
            return true;
        }
        (before, last) = (last, is);
    }
    false
}

/// The word at `at`, which ends before a sign or at `end`: its bytes with nothing behind, and their number.
fn next(text: &[u8], at: usize, end: usize) -> Option<(u128, usize)> {
    let room = end.checked_sub(at)?;
    let mut bytes = [0; 16];
    match text.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        Some(chunk) => bytes = *chunk,
        None => {
            let rest = text.get(at..end)?;
            let rest = rest.get(..16).unwrap_or(rest);
            bytes.get_mut(..rest.len())?.copy_from_slice(rest);
        }
    }
    let key = u128::from_le_bytes(bytes);
    const ONES: u128 = u128::MAX / 0xff;
    // The lowest byte below `0`: those above it may be wrong.
    let signs = key.wrapping_sub(ONES * b'0' as u128) & !key & ONES << 7;
    let len = (signs.trailing_zeros() as usize / 8).min(room);
    let mask = FIRST_BYTES.get(len).filter(|mask| **mask != 0 && len <= WORD_BYTES)?;
    Some((key & mask, len))
}

impl Known for Word {
    fn key(&self) -> u128 {
        self.key
    }

    fn new(key: u128, len: usize) -> Self {
        let bytes = key.to_le_bytes();
        let mut word = Self { key, ..Self::default() };
        let Some(text) = bytes.get(..len).and_then(|bytes| str::from_utf8(bytes).ok()) else { return word };
        let folded = fold(text);
        let parts = || folded.split(' ');
        let Some(room) = word.folded.get_mut(..folded.len()) else { return word };
        room.copy_from_slice(folded.to_ascii_uppercase().as_bytes());
        word.len = folded.len() as u8;
        word.words = parts().filter(|part| part.bytes().any(|b| b.is_ascii_alphabetic())).count() as u8;
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        word.digits = digits as u8;
        let hexadecimal = |pair: Option<&[u8]>| pair.is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let raw = text.as_bytes();
        let letters = digits < len;
        // A number of look-alikes has nine characters.
        let lookalike = letters && digits > 0 && len >= 9;
        let plain =
            text.chars().all(|c| c.is_ascii_digit() || is_vietnamese(c)) && !lookalike && !announces(text, &folded);
        for (is, flag) in [
            (plain, PLAIN),
            (text.chars().next().is_some_and(char::is_uppercase), CAPITAL),
            (surname(raw), SURNAME),
            (matches!(folded.as_str(), "van" | "thi"), MIDDLE),
            (parts().next_back().is_some_and(addresses), TITLE),
            (folded == "ong", SIR),
            (len > SYLLABLE_BYTES_MAX, LONG),
            (letters, LETTERS),
            (raw.first().is_some_and(u8::is_ascii_digit), NUMBER),
            (hexadecimal(raw.get(..2)), PAIR_FIRST),
            (hexadecimal(raw.len().checked_sub(2).and_then(|at| raw.get(at..))), PAIR_LAST),
            (raw.len() == 2 && hexadecimal(Some(raw)), PAIR),
            (["ô", "Ô", "o", "O"].iter().any(|o| text.ends_with(o)), VEHICLE_FIRST),
            (["tô", "Tô", "tÔ", "TÔ", "to", "To", "tO", "TO"].iter().any(|to| text.starts_with(to)), VEHICLE_LAST),
        ] {
            word.is |= if is { flag } else { 0 };
        }
        word
    }
}

/// Whether a word may announce something that would be found beside the address, or be it: names (`context/name.txt` has
/// no phrase without the word `tên` or `name` in a word), births, vehicles, illnesses, links of claims (`trigger.rs`), the
/// stamp of a secret, a hexadecimal number, a uuencoded file. Phrases of several words by one that all of them have.
fn announces(text: &str, folded: &str) -> bool {
    let plain = text.to_ascii_lowercase();
    let ends = ["sinh", "sn", "ns", "dob", "birth", "born", "xe", "bien", "chan", "malk"];
    let holds = ["bks", "bsx", "biển", "biỂn", "plate", "chẩn", "chẨn", "icd", "bệnh", "bỆnh", "benh", "diagnos"];
    let mut runs = plain.split(|c: char| c.is_ascii_digit());
    runs.clone().any(|run| ends.iter().any(|word| run.ends_with(word)))
        || holds.iter().any(|word| plain.contains(word))
        // Of `n.s` and `s.n`.
        || runs.any(|run| matches!(run, "n" | "s" | "begin"))
        || folded.split(' ').any(|part| part.ends_with("ten") || part.contains("name"))
        || plain.contains("0x")
        || text == "MẬT"
}
