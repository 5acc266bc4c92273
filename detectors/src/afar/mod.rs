//! What announces a number from afar: the subject of a mail, the name of a file, the title of a form.
//!
//! Such a text stands in another place than the number, so it is only a hint. [`Papers::said`] reads what it announces;
//! [`Detectors::scan_afar`] looks for numbers of these papers on lines that say nothing else of them: the line is read once
//! more as if the announcement stood at its head, and what comes of that is of medium confidence at most. A number that has
//! another reading, that its own words call something else, or that stands in a sentence, is left alone.
//!
//! Nothing here is asked of a text that nothing announces.

mod said;
mod talk;
#[cfg(test)]
mod tests;

use std::ops::Range;

use chot_model::{Confidence, DetectorId};

use crate::context::{Columns, Firm, Memory, Near};
use crate::province::{is_insurer, is_province};
use crate::spoken::may_speak;
use crate::{Column, Context, Detectors, Hit};
pub use said::Said;

/// Papers of persons that something announces from afar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Papers(u8);

/// A paper: how a line that holds its number would begin, and what is found on it.
struct Paper {
    papers: Papers,
    head: &'static str,
    found: &'static [DetectorId],
}

const ALL: &[Paper] = &[
    Paper { papers: Papers::CCCD, head: "Số CCCD/CMND: ", found: &[DetectorId::Cccd, DetectorId::Cmnd] },
    Paper { papers: Papers::CMND, head: "Số CMND: ", found: &[DetectorId::Cmnd, DetectorId::Cccd] },
    Paper { papers: Papers::BHXH, head: "Mã số BHXH: ", found: &[DetectorId::Bhxh, DetectorId::Cccd] },
    Paper {
        papers: Papers::BHYT,
        head: "Mã thẻ BHYT: ",
        found: &[DetectorId::Bhyt, DetectorId::Bhxh, DetectorId::Cccd],
    },
    Paper { papers: Papers::PASSPORT, head: "Số hộ chiếu: ", found: &[DetectorId::Passport] },
];

/// What is no paper: a number that its own words call so is nothing else.
const OTHERS: Columns = Columns::of(&[
    Column::Negative,
    Column::Neutral,
    Column::Record,
    Column::Tax,
    Column::Bank,
    Column::Phone,
    Column::Household,
    Column::Claim,
    Column::Plate,
    Column::DriverLicence,
    Column::BirthDate,
    Column::BirthYear,
]);

/// Digits of the shortest number, that of a passport.
const DIGITS_MIN: usize = 7;
/// A longer line is read in pieces of so many bytes.
const PIECE_MAX: usize = 96;
/// What stands further before a number on its line is not looked at.
const LINE_MAX: usize = 512;

impl Papers {
    /// None.
    pub const NONE: Self = Self(0);
    /// Citizen numbers.
    pub const CCCD: Self = Self(1);
    /// Numbers of the old identity card.
    pub const CMND: Self = Self(1 << 1);
    /// Social insurance numbers.
    pub const BHXH: Self = Self(1 << 2);
    /// Health insurance cards.
    pub const BHYT: Self = Self(1 << 3);
    /// Passports.
    pub const PASSPORT: Self = Self(1 << 4);

    /// Whether there is none.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// These as bits, for hashes.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// These and the others.
    const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Detectors {
    /// Adds to `hits`, which are all of `core`, the numbers of `papers` that nothing but an announcement from afar names,
    /// and makes those sure enough that were doubted for want of a word.
    pub fn scan_afar(&self, text: &[u8], core: Range<usize>, papers: Papers, hits: &mut Vec<Hit>) {
        let first = hits.len();
        let mut line_as_announced = Vec::new();
        for (begins, line) in lines(text, &core) {
            let Some(bytes) = text.get(line.clone()) else { continue };
            if bytes.iter().filter(|b| b.is_ascii_digit()).count() < DIGITS_MIN && !may_speak(bytes) {
                continue;
            }
            for paper in ALL.iter().filter(|paper| papers.has(paper.papers)) {
                line_as_announced.clear();
                line_as_announced.extend_from_slice(paper.head.as_bytes());
                line_as_announced.extend_from_slice(bytes);
                let head = paper.head.len();
                let mut told = Vec::new();
                self.scan(&line_as_announced, head..line_as_announced.len(), Context::default(), &mut told);
                self.scan_said(&line_as_announced, &mut told);
                for hit in told.into_iter().filter(|hit| paper.found.contains(&hit.detector)) {
                    let range = line.start + hit.range.start - head..line.start + hit.range.end - head;
                    let own = hit.confidence > Confidence::Low && core.contains(&range.start);
                    if own && self.is_of(text, begins, &range, &hit) {
                        add(Hit { range, confidence: Confidence::Medium, ..hit }, hits);
                    }
                }
            }
        }
        if hits.len() > first {
            hits.sort_by_key(|hit| hit.range.start);
        }
    }

    /// Whether a number at `range` of a line is what was announced: nothing says otherwise, and its line says nothing else.
    fn is_of(&self, text: &[u8], line: usize, range: &Range<usize>, hit: &Hit) -> bool {
        let value = hit.value.reveal_bytes();
        // Without the structure that it should have a number is anything.
        let is_one = match hit.detector {
            DetectorId::Cccd => value.first() == Some(&b'0') && value.get(1..3).is_some_and(is_province),
            DetectorId::Bhxh => value.get(..2).is_some_and(is_insurer),
            DetectorId::Cmnd => value.get(..2).is_some_and(|issuer| (b"01".as_slice()..=b"38").contains(&issuer)),
            _ => true,
        };
        if !is_one {
            return false;
        }
        let line = line.max(range.start.saturating_sub(LINE_MAX));
        let before = text.get(line..range.start).unwrap_or_default();
        let behind = text.get(range.end..).unwrap_or_default();
        if !talk::stands_alone(before, behind) {
            return false;
        }
        let mut memory = Memory::default();
        let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
        let mut near = Near::new(text, &self.words, None, range.clone(), digits, self.this_year, &mut memory);
        let said = near.announced();
        !said.amount && said.firm(OTHERS) == Firm::Not
    }
}

/// Adds a hit, but where the same bytes were read as something else.
fn add(hit: Hit, hits: &mut Vec<Hit>) {
    let overlaps = |other: &Hit| other.range.start < hit.range.end && hit.range.start < other.range.end;
    match hits.iter_mut().find(|other| overlaps(other)) {
        Some(other) if other.detector == hit.detector && other.range == hit.range => {
            other.confidence = other.confidence.max(hit.confidence);
        }
        // What is said of a whole line, such as an address, or is not believed itself.
        Some(other) if other.confidence == Confidence::Low || other.detector == DetectorId::Address => hits.push(hit),
        Some(_) => {}
        None => hits.push(hit),
    }
}

/// The lines of which `core` holds anything: where each begins, and what of it is read at a time. An announcement is heard
/// as far as a sentence goes, so the cells of a long row are read a few at a time.
fn lines(text: &[u8], core: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let reach = core.start.saturating_sub(LINE_MAX);
    let above = text.get(reach..core.start).unwrap_or_default();
    let mut at = above.iter().rposition(is_end).map_or(reach, |end| reach + end + 1);
    let mut begins = at;
    let last = core.end.min(text.len());
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|_| at < last)?;
        let near = rest.get(..PIECE_MAX).unwrap_or(rest);
        let cut = || near.iter().rposition(|b| b"|;,\t".contains(b)).or_else(|| near.iter().rposition(|b| *b == b' '));
        let end = near.iter().position(is_end);
        let len = match end {
            Some(len) => len,
            None if near.len() == rest.len() => near.len(),
            None => cut().unwrap_or(near.len()),
        };
        let line = (begins, at..at + len);
        at += len + 1;
        if end.is_some() {
            begins = at;
        }
        Some(line)
    })
}
