//! Text in which there is nothing, told at one look: no number, no surname, stamp or word that announces a name or place.
//!
//! What interfaces say again and again (`Đang chờ đơn vị xác nhận`) is remembered as it stands. Shorter text is
//! remembered by its shape (`shapes.rs`).

use super::shapes::SHAPE_BYTES;
use crate::numbers::{Candidate, candidates_of, parted};
use crate::simd::{Look, Map, speech};
use crate::{Column, Detectors, anchor, lookalike, spoken};

/// Longer text is scanned for what it holds.
pub(super) const QUIET_BYTES_MAX: usize = 192;
const SLOTS: usize = 128;

/// Texts in which there is nothing.
#[derive(Default)]
pub(super) struct Texts(Vec<Text>);

#[derive(Clone, Default)]
struct Text {
    /// Empty for an empty slot.
    bytes: Vec<u8>,
    column: Option<Column>,
}

impl Texts {
    pub(super) fn knows(&self, text: &[u8], column: Option<Column>) -> bool {
        if self.0.is_empty() || text.len() <= SHAPE_BYTES {
            return false;
        }
        let at = slot(text, column);
        [at, at ^ 1].iter().any(|at| self.0[*at].column == column && self.0[*at].bytes == text)
    }

    /// Learns that there is nothing in a text.
    pub(super) fn learn(&mut self, text: &[u8], column: Option<Column>) {
        // What has digits is seldom said twice; and numbers of twelve are counted, whether or not they are anybody's.
        if text.len() <= SHAPE_BYTES || text.len() > QUIET_BYTES_MAX || text.iter().any(u8::is_ascii_digit) {
            return;
        }
        if self.0.is_empty() {
            self.0.resize(SLOTS, Text::default());
        }
        // Two share two places before one has to go.
        let at = slot(text, column);
        self.0.swap(at, at ^ 1);
        let Text { bytes, column: under } = &mut self.0[at];
        bytes.clear();
        bytes.extend_from_slice(text);
        *under = column;
    }
}

/// The first of the two places where a text may stand, by its length, its column and sixteen bytes of its beginning and end.
fn slot(text: &[u8], column: Option<Column>) -> usize {
    let word = |bytes: Option<&[u8; 16]>| bytes.map_or(0, |bytes| u128::from_le_bytes(*bytes));
    let both = word(text.first_chunk()) ^ word(text.last_chunk()).rotate_left(67) ^ text.len() as u128;
    let both = both as u64 ^ (both >> 64) as u64 ^ column.map_or(0, |c| c as u64 + 1);
    (both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (SLOTS / 2) * 2
}

/// Whether a text is the name of a thing in small hexadecimal digits, as most identifiers of records are, and no more than
/// that: `63d4b27a-7d48-4c1e-a9f0-5b7c12ad9e3f`. What is judged in a text needs seven digits that belong together, a capital,
/// a word with other letters, or eight words; what is hidden in it, a sign, or pairs of digits set apart. In a UUID no digits
/// belong together (`shape.rs`), but for a telephone number as it is dialled from abroad.
pub(super) fn is_code(text: &[u8]) -> bool {
    if let Ok(text) = text.try_into()
        && is_number_of_a_thing(text)
    {
        return true;
    }
    const BYTES: std::ops::RangeInclusive<usize> = 16..=64;
    const GROUP: usize = 4;
    const GROUPS: usize = 7;
    const DIGITS: usize = 7;
    if !BYTES.contains(&text.len()) {
        return false;
    }
    let (mut group, mut groups, mut digits) = (0, 1, 0);
    for b in text {
        match b {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'f' => digits = 0,
            b'-' if group >= GROUP => {
                groups += 1;
                group = 0;
                continue;
            }
            _ => return false,
        }
        group += 1;
        if digits >= DIGITS {
            return false;
        }
    }
    group >= GROUP && groups <= GROUPS
}

/// Whether a text is a number of 32 bits as Word numbers paragraphs and revisions: eight hexadecimal digits, capitals, a
/// digit and three letters at least. A passport has one letter, a plate two; and a name has two words.
fn is_number_of_a_thing(text: &[u8; 8]) -> bool {
    let letters = text.iter().filter(|b| matches!(b, b'A'..=b'F')).count();
    (3..8).contains(&letters) && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

/// Whether a text is a UUID in small letters, one at least (RFC 9562, section 4), no part of which begins as what is dialled
/// from abroad: where nothing announces it, nothing is in it.
pub fn is_uuid(text: &[u8; 36]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // Eight bytes from each of these places see all, and these high bits those of the hyphens.
    const SEEN: [(usize, u64); 5] = [(0, 0), (8, 0x80 | 0x80 << 40), (16, 0x80 << 16 | 0x80 << 56), (24, 0), (28, 0)];
    let mut letters = 0;
    let fits = SEEN.iter().all(|(at, hyphens)| {
        let Some(eight) = text.get(*at..).and_then(<[u8]>::first_chunk) else { return false };
        let eight = u64::from_le_bytes(*eight);
        // The high bit of each byte of ASCII that is at least the first and less than the last.
        let within = |first: u8, last: u8| {
            let from = |b: u8| eight + ONES * u64::from(0x80 - b);
            from(first) & !from(last) & HIGH
        };
        if eight & HIGH != 0 {
            return false;
        }
        let small = within(b'a', b'g');
        letters |= small;
        small | within(b'0', b':') == HIGH & !hyphens
    });
    let abroad = |at: &usize| matches!(text.get(*at..at + 2), Some(b"84" | b"00"));
    fits && letters != 0 && [8, 13, 18, 23].iter().all(|at| text[*at] == b'-') && ![0, 9, 14, 19, 24].iter().any(abroad)
}

/// Whether a scan would find nothing, because there is nothing to be judged. It makes the steps of a scan one by one and
/// gives up where one of them meets anything, so that it errs on one side only.
pub(super) fn is_quiet(detectors: &Detectors, text: &[u8], column: Option<Column>) -> bool {
    // What these hold need not show.
    let reads_words = matches!(
        column,
        Some(
            Column::Address
                | Column::Health
                | Column::Name
                | Column::BirthDate
                | Column::BirthYear
                | Column::Claim
                | Column::Secrecy
        )
    );
    if reads_words || text.len() > QUIET_BYTES_MAX {
        return false;
    }
    let (all, map) = (0..text.len(), Map::new(text, 0..text.len()));
    let (mut any, mut heard) = (false, None);
    if map.has_numbers() {
        // Under a header, digits and letters may be a value that no number gives away.
        if column.is_some() {
            return false;
        }
        let mut look = Look::hearing(text, 0);
        candidates_of(&mut look, text, all.clone(), &detectors.bare_numbers, &mut |candidate| {
            any |= match candidate {
                Candidate::Lookalikes(place) => lookalike::read(text, place).is_some(),
                _ => true,
            };
        });
        if !any {
            let all_heard = look.heard();
            if detectors.anchors.has_numbers() {
                parted::numbers(text, &all_heard.groups, all.clone(), |_| any = true);
            }
            heard = Some(all_heard);
        }
    }
    if !any {
        anchor::candidates(text, all.clone(), &map, detectors.anchors, &mut |_| any = true);
    }
    if !any && text.len() >= spoken::SPOKEN_BYTES_MIN {
        let number = |stretch| spoken::numbers(text, stretch, &map, spoken::Hearing::Strict, |_| any = true);
        match heard {
            Some(heard) => heard.speech(all.end).for_each(number),
            None => speech(text, all, number),
        }
    }
    !any
}
