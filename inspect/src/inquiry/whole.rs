//! Findings that are all of their cell, as nearly all of a register are: judged and counted without a view, a string or
//! an edit of their own.

use std::ops::Range;
use std::sync::Arc;

use chot_detectors::{Begun, Column, Detectors, Told, Usual, Whole};
use chot_model::{Confidence, DetectorId, Finding, Secret};

use super::{Added, Inquiry, Place};
use crate::layers::{Look, Suspects, is_meaningless};
use crate::mask::mask;
use crate::people::Mark;
use crate::redact::{Origin, Patch, Stamp, masked_bytes};

/// A cell as it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand<'t> {
    pub(crate) cell: &'t [u8],
    /// Where it begins in its part.
    pub(crate) start: u64,
    /// Where it begins in its object; `None` when it stands nowhere.
    pub(crate) at: Option<u64>,
    /// A number that must stay one: masked, it is zero and blanks.
    pub(crate) number: bool,
    /// Of a number that stands otherwise than it shows, the bytes it takes: masked, they are zeros.
    pub(crate) len: u8,
}

/// A finding that is all of a cell, and where this stands in the text of its row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sole {
    pub(crate) whole: Whole,
    /// Which cell of the row.
    pub(crate) cell: u32,
    pub(crate) start: u32,
    pub(crate) len: u32,
    /// Where it begins in its object; [`NOWHERE`] when it stands nowhere, or is a number that must stay one.
    pub(crate) at: u64,
    /// The keyed hash of its value, once that was asked for. Of a text that another cell showed before it is known from the
    /// beginning: then the text was masked, and its value is no longer held.
    pub(crate) hash: Option<u64>,
}

/// No address.
pub(crate) const NOWHERE: u64 = u64::MAX;

impl Sole {
    #[inline(always)]
    fn cell<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or_default()
    }
}

impl Stand<'_> {
    /// What masks the cell, whose `signs` are kept.
    #[inline]
    fn mask(&self, signs: u64, at: u64, detector: DetectorId) -> Stamp {
        let stamp = Stamp::masking(self.cell, signs, at, detector);
        match self.len {
            0 if self.number => Stamp { fill: b' ', sign: b'0', signs: 1, ..stamp },
            0 => stamp,
            len => Stamp { fill: b'0', signs: 0, len, ..stamp },
        }
    }
}

impl Inquiry {
    /// What a cell under its column comes to, second looks included.
    #[inline(always)]
    pub(crate) fn told(&mut self, text: &[u8], cell: Range<usize>, column: Option<Column>) -> Told {
        match self.detectors.cell(text, cell.clone(), column, &mut self.cells) {
            told @ (Told::Quiet | Told::Coded) => self.looked_into(text.get(cell).unwrap_or_default(), column, told),
            told => told,
        }
    }

    /// Whether it is told of a cell without a scan that nothing is in it.
    pub(crate) fn is_known_to_be_nothing(&mut self, cell: &[u8], column: Option<Column>, place: &Place) -> bool {
        if self.reads_all(place) {
            return false;
        }
        let begun = self.begin_row();
        let told = self.told(cell, 0..cell.len(), column);
        self.end_row(begun);
        told == Told::Nothing
    }

    /// As [`Self::told`], where that is told at once; see [`Detectors::plain`].
    #[inline(always)]
    pub(crate) fn told_plain(&mut self, text: &[u8], start: usize, len: usize, usual: Usual) -> Told {
        self.detectors.plain(text, start, len, usual, &mut self.cells)
    }

    /// What a cell comes to in which a scan would find nothing.
    #[inline(never)]
    fn looked_into(&mut self, cell: &[u8], column: Option<Column>, told: Told) -> Told {
        let in_vain = if told == Told::Coded {
            is_meaningless(cell, &mut self.room)
        } else {
            let look = Look::of(cell, &(0..cell.len()));
            let in_vain = self.is_in_vain(&look, cell);
            if in_vain {
                self.learn(cell, column, !look.is_empty());
            }
            in_vain
        };
        if in_vain { Told::Nothing } else { Told::Unusual }
    }

    /// Whether all that a cell shows comes to nothing. One that may be cut into cells itself is a row of boxes, perhaps.
    fn is_in_vain(&mut self, look: &Look, cell: &[u8]) -> bool {
        !look.has_cells() && (look.is_empty() || look.is_in_vain(cell, &mut self.room))
    }

    /// What has to be decoded of every cell that differs from this one in its digits alone, to tell that nothing is in it;
    /// `None` when that is not known, or something may be.
    pub(crate) fn suspects(&self, cell: &[u8], column: Option<Column>) -> Option<Suspects> {
        match self.detectors.told_whatever_digits(cell, column, &self.cells) {
            Told::Nothing => Some(Suspects::default()),
            Told::Coded => Suspects::of(cell),
            _ => None,
        }
    }

    /// Whether nothing is in a cell of which this may mean something.
    pub(crate) fn is_nothing(&mut self, suspects: Suspects, cell: &[u8]) -> bool {
        suspects.mean_nothing(cell, &mut self.room)
    }

    /// A keyed hash of a text that is no value.
    pub(crate) fn hash_of_text(&self, text: &[u8]) -> u64 {
        self.values.text(0, text)
    }

    /// Begins a row. A cell of it may hold a table of its own.
    pub(crate) fn begin_row(&self) -> Begun {
        self.cells.begin()
    }

    /// Ends the row that began so: the values of its cells are forgotten.
    pub(crate) fn end_row(&mut self, begun: Begun) {
        self.cells.end(begun);
    }

    /// Remembers that a scan of a cell found nothing, and whether others of its shape may still be `coded`: in base85 and
    /// base64 every digit counts.
    fn learn(&mut self, cell: &[u8], column: Option<Column>, coded: bool) {
        // `0x` begins hexadecimal digits.
        let hexadecimal = || cell.windows(2).any(|w| matches!(w, [b'0'..=b'9', b'x' | b'X']));
        if Detectors::learns(cell) && !hexadecimal() {
            self.detectors.nothing(cell, column, coded, &mut self.cells);
        }
    }

    /// States that neither a scan of a cell nor a second look found anything.
    pub(crate) fn found_nothing(&mut self, cell: &[u8], column: Option<Column>) {
        if self.is_whole() && Detectors::learns(cell) {
            let look = Look::of(cell, &(0..cell.len()));
            if self.is_in_vain(&look, cell) {
                self.learn(cell, column, !look.is_empty());
            }
        }
    }

    /// The keyed hash of a finding that is all of its cell, before its row ends.
    pub(crate) fn hash_of_whole(&self, whole: &Whole, cell: &[u8]) -> u64 {
        self.values.value(whole.detector, self.cells.value(whole, cell))
    }

    /// Counts a finding that is all of its cell and tells what it says about persons. `part` names the cell.
    pub(crate) fn report_whole(
        &mut self,
        place: &Place,
        whole: &Whole,
        stand: Stand<'_>,
        part: impl Fn() -> Arc<str>,
    ) -> Option<Mark> {
        let Whole { detector, confidence, .. } = *whole;
        if confidence >= Confidence::Medium {
            self.edit_whole(place, whole, stand, &part);
        }
        self.found += 1;
        let value = self.cells.value(whole, stand.cell);
        let hash = self.values.value(detector, value);
        let mark = Mark::of(&self.values, hash, detector, confidence, value);
        let added = self.tallies.add(detector, confidence, hash, place.again);
        let told = added == Added::Nothing || added == Added::One && self.sink.is_none() && place.disguise.is_none();
        if !told {
            self.tell_whole(place, whole, stand, added, part());
        }
        mark
    }

    /// Where a part begins of which nothing but counts and masks is wanted, and neither is made a second time.
    #[inline]
    pub(crate) fn begins_plain(&self, place: &Place) -> Option<u64> {
        match place.origin {
            Origin::Raw(base) if self.sink.is_none() && !place.again && place.disguise.is_none() => Some(base),
            _ => None,
        }
    }

    /// As [`Self::report_whole`], of findings in the cells of a text, each of which has an address in such a part. Notes the
    /// hashes of their values.
    #[inline(never)]
    pub(crate) fn report_plain(&mut self, text: &[u8], some: &mut [Sole], base: u64, marks: &mut Vec<Mark>) {
        self.found += some.len() as u64;
        self.mask_plain(text, some, base);
        // Beside an identifier nothing else says who a row is about, but for who is named in another list as well.
        let named = |detector| matches!(detector, DetectorId::PersonName | DetectorId::DateOfBirth);
        let alone = self.people.is_full();
        let identified =
            |sole: &Sole| sole.whole.detector.is_identifier() && sole.whole.confidence >= Confidence::Medium;
        let identified = some.iter().any(identified);
        for sole in some {
            let (Whole { detector, confidence, .. }, cell) = (sole.whole, sole.cell(text));
            let value = self.cells.value(&sole.whole, cell);
            let hash = *sole.hash.get_or_insert_with(|| self.values.value(detector, value));
            if (!identified || detector.is_identifier() || !alone && named(detector))
                && let Some(mark) = Mark::of(&self.values, hash, detector, confidence, value)
            {
                marks.push(mark);
            }
            if self.tallies.add_first(detector, confidence, hash) == Added::Sample {
                self.sample(&sole.whole, cell);
            }
        }
    }

    /// Notes what masks the findings in cells of a text.
    #[inline]
    fn mask_plain(&mut self, text: &[u8], some: &[Sole], base: u64) {
        for sole in some.iter().filter(|sole| sole.whole.confidence >= Confidence::Medium && sole.hash.is_none()) {
            // One less is carried along once there is no room for any.
            if self.edits.lack_room() {
                break;
            }
            self.mask_whole(&sole.whole, (text, sole.start as usize), sole.cell(text), base + sole.at);
        }
    }

    /// Masks a cell, for which there is room.
    #[inline(always)]
    fn mask_whole(&mut self, whole: &Whole, (text, start): (&[u8], usize), cell: &[u8], address: u64) {
        match whole.detector {
            DetectorId::Address => self.edits.mask(text, start..start + cell.len(), address, DetectorId::Address),
            detector => self.edits.stamp_within(Stamp::masking(cell, self.cells.signs(whole), address, detector)),
        }
    }

    /// Keeps a sample.
    #[cold]
    fn sample(&mut self, whole: &Whole, cell: &[u8]) {
        let value = Secret::new(String::from_utf8_lossy(self.cells.value(whole, cell)));
        self.tallies.of(whole.detector).0.samples.push(value.masked());
    }

    /// Notes what masks a finding.
    fn edit_whole(&mut self, place: &Place, whole: &Whole, stand: Stand<'_>, part: &impl Fn() -> Arc<str>) {
        let detector = whole.detector;
        let stays = stand.number && stand.len == 0 && !self.limits.zero_numbers;
        match (&place.origin, stand.at.filter(|_| !stays)) {
            (Origin::Raw(base), Some(at)) => {
                if stand.number {
                    self.edits.stamp(stand.mask(self.cells.signs(whole), base + at, detector));
                } else if !self.edits.lack_room() {
                    self.mask_whole(whole, (stand.cell, 0), stand.cell, base + at);
                }
            }
            (Origin::Transfer(_) | Origin::Within(_), Some(at)) => {
                let patch = match detector {
                    DetectorId::Address => Patch { at, bytes: masked_bytes(stand.cell) },
                    _ => stand.mask(self.cells.signs(whole), at, detector).patch(),
                };
                match place.origin.lift(vec![patch]) {
                    Some(edits) => self.edits.add(detector, edits),
                    None => self.lose(detector, &part()),
                }
            }
            // The name of the cell is made for the first only.
            (Origin::Lost, _) | (_, None) => {
                let detectors = &self.detectors;
                self.edits.lose(detector, || mask(detectors, &part()));
            }
        }
    }

    /// Keeps a sample of a finding and tells whoever listens.
    #[cold]
    fn tell_whole(&mut self, place: &Place, whole: &Whole, stand: Stand<'_>, added: Added, part: Arc<str>) {
        let Whole { detector, confidence, .. } = *whole;
        if added == Added::Sample {
            self.sample(whole, stand.cell);
        }
        let value = Secret::new(String::from_utf8_lossy(self.cells.value(whole, stand.cell)));
        if let Some(sink) = &mut self.sink {
            let range = stand.start..stand.start + stand.cell.len() as u64;
            sink(Finding { detector, part, range, confidence, value, disguise: place.disguise });
        }
        if let Some(disguise) = place.disguise {
            self.note(disguise);
        }
    }
}
