//! Cells of digits alone, and cards: what each combination of length, structure and check digits comes to under its
//! column is scanned once and remembered for good.
//!
//! No number is remembered, only what its digits show.

use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chot_model::{Confidence, DetectorId};

use super::heads::Heads;
use super::{Told, Values, Whole, all_digits, under};
use crate::cccd::{Structure, structure};
use crate::mst::has_check_digit;
use crate::province::{is_insurer, is_province};
use crate::shape::{is_filler, is_moment, is_round};
use crate::{Column, Context, Detectors, bhyt, phone};

/// Fewer digits are no number and more are seldom met.
pub(super) const LENGTHS: RangeInclusive<usize> = 7..=13;

/// Letters and digits of a card number.
const CARD: usize = 15;

/// The verdicts of all messages.
pub(crate) struct Verdicts {
    /// What is shown, and what that comes to. Of two that share a slot the last stays.
    slots: Box<[AtomicU64]>,
    pub(super) heads: Heads,
}

const SLOTS: usize = 1 << 12;

impl Default for Verdicts {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), heads: Heads::default() }
    }
}

/// What a cell comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Nothing,
    Whole(DetectorId, Confidence, Written),
    Unusual,
}

/// How the value is written, given the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    AsIs,
    /// With so many zeros in front.
    Padded(u8),
    /// `84…` as it is dialled at home.
    National,
}

const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];
const WRITTEN: [Written; 4] = [Written::AsIs, Written::Padded(1), Written::Padded(2), Written::National];

impl Verdict {
    fn pack(self) -> u64 {
        match self {
            Self::Nothing => 1,
            Self::Unusual => 2,
            Self::Whole(detector, confidence, written) => {
                let written = WRITTEN.iter().position(|w| *w == written).unwrap_or_default() as u64;
                3 + (detector as u64) * 16 + (confidence as u64) * 4 + written
            }
        }
    }

    fn unpack(packed: u64) -> Option<Self> {
        Some(match packed {
            0 => return None,
            1 => Self::Nothing,
            2 => Self::Unusual,
            _ => {
                let packed = packed - 3;
                let detector = *DetectorId::ALL.get(usize::try_from(packed / 16).ok()?)?;
                let confidence = *CONFIDENCES.get(usize::try_from(packed / 4 % 4).ok()?)?;
                Self::Whole(detector, confidence, *WRITTEN.get(usize::try_from(packed % 4).ok()?)?)
            }
        })
    }
}

/// Judges a cell of digits alone, of which `eight` are the first.
#[inline(always)]
pub(super) fn judge(
    detectors: &Detectors,
    (text, range, eight): (&[u8], Range<usize>, u64),
    column: Option<Column>,
    values: &mut Values,
) -> Told {
    let cell = text.get(range).unwrap_or_default();
    if matches!(cell, [.., b'0' | b'1']) && speaks_by_its_end(cell) {
        return judge_shown(detectors, cell, column, values);
    }
    match detectors.verdicts.heads.told(eight, cell.len(), under(column), detectors.this_year) {
        Told::Unusual => unknown(detectors, cell, column, values),
        told => told,
    }
}

/// Whether more than the first digits says what a number may be: millions, and patterns of bits.
#[inline(never)]
pub(super) fn speaks_by_its_end(cell: &[u8]) -> bool {
    is_round(cell) || is_bits(cell)
}

fn is_bits(cell: &[u8]) -> bool {
    cell.iter().all(|b| matches!(b, b'0' | b'1'))
}

#[inline(never)]
fn unknown(detectors: &Detectors, cell: &[u8], column: Option<Column>, values: &mut Values) -> Told {
    let told = judge_shown(detectors, cell, column, values);
    detectors.verdicts.heads.learn(cell, column, told, detectors.this_year);
    told
}

/// Judges a cell of digits alone, or a card, by what it shows.
pub(super) fn judge_shown(detectors: &Detectors, cell: &[u8], column: Option<Column>, values: &mut Values) -> Told {
    match verdict(detectors, cell, column) {
        Verdict::Nothing => Told::Nothing,
        Verdict::Unusual => Told::Unusual,
        Verdict::Whole(detector, confidence, Written::AsIs) => Told::Whole(Whole::as_it_stands(detector, confidence)),
        Verdict::Whole(detector, confidence, written) => {
            values.begin();
            write(cell, written, values);
            values.whole(detector, confidence, 0)
        }
    }
}

/// What a cell comes to by what it shows, which was scanned once.
fn verdict(detectors: &Detectors, cell: &[u8], column: Option<Column>) -> Verdict {
    let shown = shown(cell, column, detectors.this_year);
    let slot = detectors.verdicts.slots.get((shown.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize % SLOTS);
    let known = slot.map_or(0, |slot| slot.load(Relaxed));
    let verdict = if known >> 16 == shown { Verdict::unpack(known & 0xffff) } else { None };
    verdict.unwrap_or_else(|| {
        let verdict = scan(detectors, cell, column);
        if let Some(slot) = slot {
            slot.store(shown << 16 | verdict.pack(), Relaxed);
        }
        verdict
    })
}

fn write(cell: &[u8], written: Written, values: &mut Values) {
    let cell = match written {
        Written::AsIs => cell,
        Written::Padded(zeros) => {
            (0..zeros).for_each(|_| values.push(b'0'));
            cell
        }
        Written::National => {
            values.push(b'0');
            cell.get(2..).unwrap_or_default()
        }
    };
    values.extend(cell);
}

fn scan(detectors: &Detectors, cell: &[u8], column: Option<Column>) -> Verdict {
    let mut hits = Vec::new();
    detectors.scan(cell, 0..cell.len(), Context { column }, &mut hits);
    let hit = match hits.as_slice() {
        [] => return Verdict::Nothing,
        [hit] if hit.range == (0..cell.len()) && hit.disguise.is_none() => hit,
        _ => return Verdict::Unusual,
    };
    let mut values = Values::default();
    let written = WRITTEN.into_iter().find(|written| {
        values.begin();
        write(cell, *written, &mut values);
        values.bytes.get(values.start..values.len) == Some(hit.value.reveal().as_bytes())
    });
    written.map_or(Verdict::Unusual, |written| Verdict::Whole(hit.detector, hit.confidence, written))
}

/// Two capitals and thirteen digits.
pub(super) fn is_card(cell: &[u8]) -> bool {
    cell.len() == CARD
        && matches!(cell, [a, b, digits @ ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && all_digits(digits))
}

/// Everything about a cell that any detector's verdict on it depends on, as far as digits alone go; never 0.
pub(super) fn shown(cell: &[u8], column: Option<Column>, this_year: u16) -> u64 {
    let mut shown = Shown(1);
    shown.add(column.map_or(0, |c| c as u64 + 1), 5);
    shown.add(cell.len() as u64, 4);
    let head = |n: usize| cell.get(..n).unwrap_or_default();
    if let (CARD, Some((kind, digits))) = (cell.len(), cell.split_at_checked(2)) {
        let pair = |at: usize| digits.get(at..at + 2).unwrap_or_default();
        let tail = digits.get(3..).unwrap_or_default();
        shown.flag(bhyt::is_kind(kind));
        shown.flag(matches!(digits.first(), Some(b'1'..=b'5')));
        shown.flag(is_insurer(pair(1)));
        shown.flag(is_province(pair(3)));
        shown.flag(tail.iter().all(|d| Some(d) == tail.first()));
        // An amount is no card.
        shown.flag(tail.windows(7).any(|seven| seven == b"0000000"));
        // `S1`, `MD`: letters that something else begins with.
        kind.iter().for_each(|b| shown.add(u64::from(*b), 8));
        return shown.0;
    }
    // A filler begins with the same digit twice, or with `12`.
    let filler = matches!(cell, [a, b, ..] if a == b || *a == b'1') && is_filler(cell);
    let zero = cell.first() == Some(&b'0');
    shown.flag(is_round(cell));
    shown.flag(is_bits(cell));
    shown.flag(filler);
    shown.flag(filler && zero);
    shown.flag(zero);
    shown.flag(cell.starts_with(b"84"));
    shown.add(phone::plan(cell), 2);
    match cell.len() {
        8 => shown.flag(head(4) == b"1800" || head(4) == b"1900"),
        9 => {
            shown.flag((b"01".as_slice()..=b"38").contains(&head(2)));
            shown.flag(matches!(cell.first(), Some(first) if is_insurer(&[b'0', *first])));
        }
        10 | 11 => {
            shown.flag(is_insurer(head(2)));
            // Under any other header it makes no difference.
            shown.flag(column == Some(Column::Tax) && has_check_digit(head(10)));
            let mut padded = [b'0'; 12];
            if let Some(room) = padded.get_mut(12 - cell.len()..) {
                room.copy_from_slice(cell);
            }
            shown.structure(&padded, this_year);
        }
        12 => {
            shown.structure(cell, this_year);
            // A moment has a year, or a day and month where a number has its place.
            let dated = !zero || matches!(cell.get(4..6), Some(b"19" | b"20"));
            shown.flag(dated && is_moment(cell));
        }
        13 => {
            shown.flag(has_check_digit(head(10)));
            shown.flag(cell.ends_with(b"000"));
        }
        _ => {}
    }
    shown.0
}

/// Bits, one beside the other.
struct Shown(u64);

impl Shown {
    fn add(&mut self, bits: u64, width: u32) {
        self.0 = self.0 << width | bits;
    }

    fn flag(&mut self, flag: bool) {
        self.add(u64::from(flag), 1);
    }

    fn structure(&mut self, digits: &[u8], this_year: u16) {
        let structure = match structure(digits, this_year) {
            Structure::None => 0,
            Structure::Province => 1,
            Structure::Abroad => 2,
        };
        self.add(structure, 2);
    }
}
