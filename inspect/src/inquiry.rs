//! What one inspection knows so far: tallies, persons, opaque parts, edits, and how much of each limit is used.
//!
//! Formats call it; it knows none of them.

mod afar;
mod cache;
mod crowd;
mod cut;
mod headings;
mod lost;
mod outcome;
mod pathed;
mod taken;
mod tallies;
mod whole;

use std::hash::RandomState;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chot_detectors::{Cells, Column, Context, Detectors, Hit, Papers};
use chot_model::{Confidence, DetectorId, Finding, Inspection, Masked, OpaqueReason, Secret, Tally};

use crate::Limits;
use crate::charset::Charset;
use crate::count::Key;
use crate::extract::Extractor;
use crate::formats::{Ciphers, Keys};
use crate::layers;
use crate::layers::Room;
use crate::lore::Lore;
use crate::markup::characters;
use crate::mask::mask;
use crate::people::{Mark, People};
use crate::redact::{Change, Edits, Origin};
use crate::sought::Sought;
use crate::spelled;
use crate::view::View;
pub(crate) use cache::Cache;
pub(crate) use crowd::Twelves;
use crowd::{Crowd, twelves};
use cut::Cut;
pub(crate) use cut::Watch;
pub(crate) use headings::Headings;
use tallies::Added;
pub(crate) use tallies::Tallies;
pub(crate) use whole::{NOWHERE, Sole, Stand};

/// Where a text stands: the part it belongs to and the way back to the bytes sent.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Path of the part; empty for the object itself.
    pub(crate) part: Arc<str>,
    pub(crate) origin: Origin,
    /// Containers and encodings around it.
    pub(crate) depth: u32,
    /// The encoding it was hidden in, when that was no part of a format.
    pub(crate) disguise: Option<&'static str>,
    /// A second look at bytes already looked at: what it cannot read is not opaque, what it finds again not counted.
    pub(crate) again: bool,
    pub(crate) charset: Option<&'static Charset>,
    /// The kinds of rewriting already undone on the way here, a bit each: none is worn twice, and undoing each within
    /// each other would multiply the work at every level.
    pub(crate) undone: u16,
    /// Within something found in an encoding that begins as no chance does: what cannot be read of it is opaque, second look
    /// or not.
    pub(crate) marked: bool,
    /// A small picture of the document around it, which shows what is read there.
    pub(crate) preview: bool,
    /// Its words are a program's own, as the names of styles and fonts: none of them is the name of a person.
    pub(crate) stock: bool,
    /// Its lines are messages of a chat, without who said them and when.
    pub(crate) chat: bool,
    /// What the name of an object around it or the subject of its mail announces of numbers in it.
    pub(crate) afar: Papers,
}

impl Place {
    pub(crate) fn top(origin: Origin) -> Self {
        Self {
            part: "".into(),
            origin,
            depth: 0,
            disguise: None,
            again: false,
            charset: None,
            undone: 0,
            marked: false,
            preview: false,
            stock: false,
            chat: false,
            afar: Papers::NONE,
        }
    }

    /// A named part of this one, whose bytes have `origin`.
    pub(crate) fn member(&self, name: &str, origin: Origin) -> Self {
        let (depth, part) = (self.depth + 1, self.joined(name));
        Self { part, origin, depth, charset: None, preview: false, stock: false, ..self.clone() }
    }

    /// The same bytes under the name of a cell, field or property.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { part: self.joined(name), ..self.clone() }
    }

    fn joined(&self, name: &str) -> Arc<str> {
        // Names come from strangers: a path stays short however long they are.
        const NAME_MAX: usize = 400;
        let mut chars = name.chars().filter(|c| !c.is_control());
        let mut name: String = chars.by_ref().take(NAME_MAX).collect();
        if chars.next().is_some() {
            // Half a number would no longer be recognised and masked.
            name.truncate(name.trim_end_matches(|c: char| !c.is_alphabetic()).len());
        }
        if self.part.is_empty() {
            name.into()
        } else if name.is_empty() || self.part.len() > 8 * NAME_MAX {
            self.part.clone()
        } else {
            format!("{}/{name}", self.part).into()
        }
    }

    /// What an encoding found within a text decodes to.
    pub(crate) fn disguised(&self, how: &'static str) -> Self {
        let depth = self.depth + 1;
        Self { depth, disguise: Some(how), again: true, marked: false, origin: Origin::Lost, ..self.clone() }
    }
}

/// How a text is scanned, by a look at it.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    /// It is nothing but an encoding, which has nothing but numbers.
    pub(crate) encoded: bool,
    /// How many numbers of twelve digits stand in it.
    pub(crate) twelves: u64,
    /// What it is the value of, if that has a name: a hash.
    pub(crate) name: u64,
}

/// A finding before it is reported: a table may yet judge its column.
pub(crate) struct Found {
    pub(crate) finding: Finding,
    /// What masks it; `None`: it cannot be rewritten.
    change: Option<Change>,
    again: bool,
    /// It is no finding, though it looks like one; what it was found in is not known to hold nothing.
    idle: bool,
    /// It was found elsewhere, and nothing around it says otherwise.
    known: bool,
}

/// State of one inspection.
pub(crate) struct Inquiry {
    pub(crate) detectors: Arc<Detectors>,
    pub(crate) limits: Limits,
    pub(crate) key: RandomState,
    /// Runs the readers of formats that are read apart.
    pub(crate) extractor: Arc<dyn Extractor>,
    /// Tried on what is locked.
    pub(crate) passwords: Arc<[Secret]>,
    /// Of the hashes of values.
    values: Key,
    /// When the step under way must end; `None` when that is too far away to be told.
    deadline: Option<Instant>,
    pub(crate) inspection: Inspection,
    tallies: Tallies,
    pub(crate) people: People,
    pub(crate) edits: Edits,
    sink: Option<Box<dyn FnMut(Finding) + Send>>,
    headings: Headings,
    /// What the keys of JSON announce.
    pub(crate) keys: Keys,
    opaque_bytes: u64,
    pub(crate) members: u64,
    /// Bytes of the message itself, as far as they came.
    pub(crate) given: u64,
    inflated: u64,
    /// Bytes of nested containers held in memory at this moment.
    pub(crate) held: u64,
    /// The most that were.
    held_most: u64,
    /// Time that reading print may still take.
    pub(crate) print_left: Duration,
    /// Outcomes of containers; `None` when none are kept.
    cache: Option<Arc<Cache>>,
    /// Bytes of text scanned for the first time, and on second looks.
    first: u64,
    second: u64,
    hits: Vec<Hit>,
    /// Findings told, those that counted for nothing included.
    found: u64,
    /// For asking whether runs of characters mean anything.
    room: Room,
    /// What is remembered of the cells of tables.
    cells: Cells,
    crowd: Crowd,
    late: bool,
    calls: u32,
    /// What of an encoding is read that something cuts.
    cut: Cut,
    /// Bytes in encodings that nobody can tell from chance.
    pub(crate) ciphers: Ciphers,
    /// Values that are findings wherever they stand.
    sought: Option<Arc<Sought>>,
    /// Every cell is scanned, also where what it holds can be told without: for tests that compare.
    pub(crate) careful: bool,
}

/// A header is a few words; a paragraph announces nothing.
pub(crate) const HEADER_MAX: usize = 200;
const SAMPLES_MAX: usize = 5;

/// Bytes that may come out of a decompression however few went in.
const INFLATED_FREE_BYTES: u64 = 16 << 20;
/// Beyond that, bytes that may come out for each byte of the message. Deflate reaches 1,032 on zeroes, and that again
/// for each layer; tables and text stay below 100.
const INFLATED_RATIO_MAX: u64 = 200;

/// Nested containers that must be read at random are held in memory; all together at most this much.
const HELD_MAX: u64 = 128 << 20;

/// Second looks are free up to this many bytes.
const SECOND_MIN: u64 = 2 << 20;

impl Inquiry {
    pub(crate) fn new(
        detectors: Arc<Detectors>,
        limits: Limits,
        key: RandomState,
        (extractor, passwords): (Arc<dyn Extractor>, Arc<[Secret]>),
        sink: Option<Box<dyn FnMut(Finding) + Send>>,
        cache: Option<Arc<Cache>>,
        lore: Lore,
    ) -> Self {
        Self {
            detectors,
            print_left: limits.print_time_max,
            limits,
            values: Key::new(&key),
            key,
            extractor,
            passwords,
            deadline: None,
            inspection: Inspection::default(),
            tallies: Tallies::default(),
            people: People::default(),
            edits: Edits::default(),
            sink,
            headings: lore.headings,
            keys: lore.keys,
            opaque_bytes: 0,
            members: 0,
            given: 0,
            inflated: 0,
            held: 0,
            held_most: 0,
            cache,
            first: 0,
            second: 0,
            hits: Vec::new(),
            found: 0,
            room: Room::default(),
            cells: lore.cells,
            crowd: Crowd::default(),
            late: false,
            calls: 0,
            cut: Cut::default(),
            ciphers: Ciphers::default(),
            sought: None,
            careful: false,
        }
    }

    /// Finds these values wherever they stand, however they are announced. Nothing is remembered of it or taken from what is.
    pub(crate) fn seek(&mut self, sought: Arc<Sought>) {
        (self.sought, self.cache, self.careful) = (Some(sought), None, true);
    }

    /// Gives back what was learned, for the next inspection.
    pub(crate) fn learned(&mut self) -> Lore {
        let (cells, headings) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.headings));
        Lore { cells, headings, keys: std::mem::take(&mut self.keys) }
    }

    /// Everything that changes when something is found, not understood, or costs of what is limited.
    pub(crate) fn trace(&self) -> impl PartialEq + use<> {
        let Inspection { opaque, disguises, .. } = &self.inspection;
        let noted = (self.found, opaque.len(), disguises.len(), self.opaque_bytes);
        (noted, self.members, self.inflated, self.print_left, self.late, self.is_enough())
    }

    /// Whether all so far was read as far as it should be: what was given up for want of time or work may hold anything, and
    /// nothing is to be learnt from its silence.
    pub(crate) fn is_whole(&self) -> bool {
        !self.late && !self.is_enough()
    }

    /// Counts bytes of a text that is known to hold nothing.
    pub(crate) fn passed(&mut self, bytes: usize) {
        self.first += bytes as u64;
    }

    /// Begins a step of the inspection, which may take this long.
    pub(crate) fn allow(&mut self, time: Duration) {
        self.deadline = Instant::now().checked_add(time);
    }

    /// When the step under way must end, for readers that look at the clock themselves.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the time is over; says so the first time.
    pub(crate) fn is_late(&mut self, place: &Place) -> bool {
        // Asked for every cell of a table: the clock is not free.
        const CALLS_A_LOOK: u32 = 64;
        if !self.late && self.calls.is_multiple_of(CALLS_A_LOOK) && self.deadline.is_some_and(|d| Instant::now() >= d) {
            self.late = true;
            self.refuse(place, OpaqueReason::TimeLimit, 1);
        }
        self.calls = self.calls.wrapping_add(1);
        self.late
    }

    /// Counts what came out of a decompression. False when it is more than the limits allow: a thousand bytes must
    /// not be a minute's work.
    pub(crate) fn inflate(&mut self, bytes: usize) -> bool {
        self.inflated = self.inflated.saturating_add(bytes as u64);
        self.inflated <= self.inflated_max()
    }

    /// What decompression may still make.
    pub(crate) fn inflate_left(&self) -> u64 {
        self.inflated_max().saturating_sub(self.inflated)
    }

    /// How long the step under way may still take.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.map_or(self.limits.time_max, |d| d.saturating_duration_since(Instant::now()))
    }

    /// What decompression may make of the bytes that came so far.
    fn inflated_max(&self) -> u64 {
        let grown = INFLATED_FREE_BYTES.saturating_add(self.given.saturating_mul(INFLATED_RATIO_MAX));
        self.limits.inflated_bytes_max.min(grown)
    }

    /// Whether second looks have taken more than any honest text needs. Encodings within encodings, each also read as
    /// it stands, would multiply the work at every level.
    pub(crate) fn is_enough(&self) -> bool {
        const SECOND_PER_FIRST: u64 = 16;
        // What a container holds is a second look when the container was found in a text, and large by right.
        let due = self.first.saturating_mul(SECOND_PER_FIRST).saturating_add(self.inflated.saturating_mul(2));
        self.second > SECOND_MIN.saturating_add(due)
    }

    /// States that `bytes` bytes at `place` were not understood.
    pub(crate) fn opaque(&mut self, place: &Place, reason: OpaqueReason, bytes: u64) {
        if !place.again || place.marked {
            self.refuse(place, reason, bytes);
        }
    }

    /// As [`Self::opaque`], also for second looks: a limit was reached.
    pub(crate) fn refuse(&mut self, place: &Place, reason: OpaqueReason, bytes: u64) {
        // What damage looks like may be the end of a piece.
        let may_be_cut = matches!(reason, OpaqueReason::ParseError | OpaqueReason::Partial | OpaqueReason::Ambiguous);
        if may_be_cut && self.cut.holds_back(reason) {
            return;
        }
        self.opaque_bytes = self.opaque_bytes.saturating_add(bytes.max(1));
        let part = mask(&self.detectors, &place.part);
        if !self.inspection.opaque.iter().any(|o| o.reason == reason && o.part == part) {
            self.inspection.add_opaque(part, reason);
        }
    }

    /// As [`Self::opaque`], of what begins with a mark that no chance has and is broken: within an encoding that is told too.
    /// In a copy of a text whose writing was undone it may be that which broke it.
    pub(crate) fn broken(&mut self, place: &Place, bytes: u64) {
        if self.cut.holds_back(OpaqueReason::ParseError) {
            return;
        }
        if place.disguise.is_some() && (place.undone == 0 || self.cut.is_watched()) {
            self.refuse(place, OpaqueReason::ParseError, bytes);
        } else {
            self.opaque(place, OpaqueReason::ParseError, bytes);
        }
    }

    /// Counts bytes that were not understood for a reason already told.
    pub(crate) fn miss(&mut self, bytes: u64) {
        self.opaque_bytes = self.opaque_bytes.saturating_add(bytes);
    }

    /// Bytes not understood so far, in the measure of what is being read.
    pub(crate) const fn opaque_bytes(&self) -> u64 {
        self.opaque_bytes
    }

    /// Puts what became opaque since `before`, within `len` bytes that take up `packed` bytes of what holds them, in the
    /// measure of the latter: no more than there are, and not nothing.
    pub(crate) fn share(&mut self, before: u64, len: u64, packed: u64) {
        if let opaque @ 1.. = self.opaque_bytes.saturating_sub(before).min(len.max(1)) {
            let share = u128::from(opaque) * u128::from(packed) / u128::from(len.max(1));
            self.opaque_bytes = before + u64::try_from(share).unwrap_or(u64::MAX).max(1);
        }
    }

    /// Accounts for `bytes` more to be held; false when that is too much.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let held = self.held + bytes as u64;
        if held > HELD_MAX {
            return false;
        }
        self.held = held;
        self.held_most = self.held_most.max(held);
        true
    }

    /// Notes a technique of hiding.
    pub(crate) fn note(&mut self, disguise: &'static str) {
        if !self.inspection.disguises.contains(&disguise) {
            self.inspection.disguises.push(disguise);
        }
    }

    /// What a header or key announces.
    pub(crate) fn column(&mut self, header: &str) -> Option<Column> {
        self.announced(header.as_bytes())
    }

    /// As [`Self::column`], of what may not be text.
    pub(crate) fn announced(&mut self, header: &[u8]) -> Option<Column> {
        if header.is_empty() || header.len() > HEADER_MAX {
            return None;
        }
        let hash = self.values.text(Headings::KIND, header);
        self.headings.told(hash, || {
            let detectors = &self.detectors;
            let path = if header.ends_with(b"]") { str::from_utf8(header).unwrap_or_default() } else { "" };
            if let Some(column) = pathed::parts(path).find_map(|part| detectors.column(part)) {
                return Some(column);
            }
            let is_plain = |b: &u8| b.is_ascii() && !matches!(b, b'?' | b'&' | b'\\' | b'=');
            let may_be = detectors.may_announce(header);
            let is_spelled = spelled::is(header);
            if !may_be && !is_spelled && header.iter().all(is_plain) {
                return None;
            }
            let text = str::from_utf8(header).ok()?;
            let column = |text: String| detectors.column(&text);
            let unescaped = || {
                let mut view = View::default();
                characters(header, 0, &mut view);
                let view = layers::unescaped(&view).unwrap_or(view);
                let view = spelled::read(&view).unwrap_or(view);
                (view.text != header).then(|| String::from_utf8_lossy(&view.text).into_owned())
            };
            // What escapes leave of its words may announce something else.
            let escaped = is_spelled || header.iter().any(|b| matches!(b, b'&' | b'\\' | b'='));
            let told = escaped
                .then(unescaped)
                .flatten()
                .and_then(column)
                .or_else(|| if may_be { detectors.column(text) } else { None });
            told.or_else(|| lost::restored(text).and_then(column)).or_else(|| taken::readings(text).find_map(column))
        })
    }

    /// Counts bytes of text that are scanned, or known not to need it.
    pub(crate) fn looked_at(&mut self, place: &Place, bytes: usize) {
        *if place.again { &mut self.second } else { &mut self.first } += bytes as u64;
    }

    /// Scans `core` of a view and hands each finding over with its range in the window.
    pub(crate) fn scan(
        &mut self,
        place: &Place,
        view: &View,
        core: Range<usize>,
        context: Context,
        each: impl FnMut(&mut Self, Found, Range<usize>),
    ) {
        let twelves = twelves(view.text.get(core.clone()).unwrap_or_default());
        self.scan_for(Scope { encoded: false, twelves, name: 0 }, place, view, core, context, each);
    }

    /// As [`Self::scan`], of what was looked at.
    pub(crate) fn scan_for(
        &mut self,
        scope: Scope,
        place: &Place,
        view: &View,
        core: Range<usize>,
        context: Context,
        mut each: impl FnMut(&mut Self, Found, Range<usize>),
    ) {
        self.looked_at(place, core.len());
        let mut hits = std::mem::take(&mut self.hits);
        if scope.encoded {
            self.detectors.scan_encoded(&view.text, core.clone(), context, &mut hits);
        } else {
            self.detectors.scan(&view.text, core.clone(), context, &mut hits);
        }
        if context.column.is_none() {
            let text = (view.text.as_slice(), core.clone());
            if !scope.encoded && core == (0..view.text.len()) {
                self.detectors.scan_said(&view.text, &mut hits);
            }
            self.crowd.judge(&place.part, text, (scope.twelves, scope.name), &self.values, &mut hits);
        }
        if !place.afar.is_none() && matches!(context.column, None | Some(Column::Neutral)) {
            self.detectors.scan_afar(&view.text, core.clone(), place.afar, &mut hits);
        }
        if let Some(sought) = &self.sought {
            sought.find(&view.text, core, &self.values, &mut hits);
        }
        for hit in hits.drain(..) {
            let range = hit.range.clone();
            let found = self.found_of(hit, place, view);
            each(self, found, range);
        }
        self.hits = hits;
    }

    /// What a hit of a window is as a finding.
    pub(crate) fn found_of(&self, hit: Hit, place: &Place, view: &View) -> Found {
        let Hit { detector, range, confidence, value, disguise } = hit;
        let is_fixed = !self.limits.zero_numbers && view.is_json_number();
        let change = if is_fixed { None } else { Change::of(view, &range, &place.origin, detector) };
        let start = view.base + range.start as u64;
        let finding = Finding {
            detector,
            part: place.part.clone(),
            range: start..start + range.len() as u64,
            confidence,
            value,
            disguise: disguise.or(place.disguise),
        };
        let idle = place.stock && detector == DetectorId::PersonName;
        let known = self.sought.as_ref().is_some_and(|sought| sought.holds(&finding, &self.values));
        Found { finding, change, again: place.again, idle, known }
    }

    /// The keyed hash of what was found.
    pub(crate) fn hash(&self, finding: &Finding) -> u64 {
        self.values.value(finding.detector, finding.value.reveal_bytes())
    }

    /// Whether it matters which cell a finding at `place` stands in: somebody listens, or is told that it cannot be
    /// rewritten. Names of a million cells cost more than the cells.
    pub(crate) fn asks_where(&self, place: &Place) -> bool {
        self.sink.is_some() || !matches!(place.origin, Origin::Raw(_))
    }

    /// Counts a finding and tells what it says about persons.
    pub(crate) fn report(&mut self, found: Found) -> Option<Mark> {
        let Found { finding, change, again, idle, known: _ } = found;
        self.found += 1;
        if idle {
            return None;
        }
        if finding.confidence >= Confidence::Medium {
            match change {
                Some(change) => self.edits.change(finding.detector, change),
                None => self.lose(finding.detector, &finding.part),
            }
        }
        let value = finding.value.reveal_bytes();
        let hash = self.values.value(finding.detector, value);
        let mark = Mark::of(&self.values, hash, finding.detector, finding.confidence, value);
        let added = self.tallies.add(finding.detector, finding.confidence, hash, again);
        if added == Added::Sample {
            self.tallies.of(finding.detector).0.samples.push(finding.value.masked());
        }
        if added != Added::Nothing {
            if let Some(disguise) = finding.disguise {
                self.note(disguise);
            }
            if let Some(sink) = &mut self.sink {
                sink(finding);
            }
        }
        mark
    }

    /// Counts something that is seen and not read, and cannot be rewritten; `value` tells one from another.
    pub(crate) fn seen(&mut self, detector: DetectorId, place: &Place, value: String) {
        let finding = Finding {
            detector,
            part: place.part.clone(),
            range: 0..0,
            confidence: Confidence::Medium,
            value: Secret::new(value),
            disguise: place.disguise,
        };
        self.report(Found { finding, change: None, again: place.again, idle: false, known: false });
    }

    /// Identifiers counted so far, every time they were found.
    pub(crate) fn identifiers(&self) -> u64 {
        self.tallies.iter().filter(|(detector, _)| detector.is_identifier()).map(|(_, (tally, _))| tally.count).sum()
    }

    /// States that nothing may be rewritten: what is at `place` must keep its bytes where they are.
    pub(crate) fn keep_as_it_is(&mut self, place: &Place) {
        DetectorId::ALL.iter().for_each(|detector| self.lose(*detector, &place.part));
    }

    /// Notes that what a detector found in a part cannot be rewritten.
    fn lose(&mut self, detector: DetectorId, part: &str) {
        let detectors = &self.detectors;
        self.edits.lose(detector, || mask(detectors, part));
    }

    /// The inspection of an object of `bytes` bytes.
    pub(crate) fn conclude(mut self, bytes: u64, name: Masked, media_type: &str) -> (Inspection, Edits, Tallies) {
        let mut inspection = std::mem::take(&mut self.inspection);
        self.people.join_alike();
        inspection.persons = self.people.count();
        inspection.bulk = inspection.persons >= BULK_PERSONS;
        for (detector, (tally, distinct)) in self.tallies.iter().filter(|(_, (tally, _))| tally.confidence.is_some()) {
            let tally = Tally { distinct: distinct.count(), ..tally.clone() };
            inspection.tallies.insert(detector, tally);
        }
        inspection.object.name = name;
        media_type.clone_into(&mut inspection.object.media_type);
        inspection.object.bytes = bytes;
        inspection.object.bytes_inspected = if inspection.opaque.is_empty() {
            bytes
        } else {
            // At least one byte is missing: equal numbers mean that everything was understood.
            bytes.saturating_sub(self.opaque_bytes.max(1))
        };
        (inspection, self.edits, self.tallies)
    }
}

/// Records about this many people are bulk; how many it takes to act is the policy's to say.
const BULK_PERSONS: u64 = 5;

impl Found {
    /// Lowers the confidence: what stands around it speaks against it.
    pub(crate) fn doubt(&mut self) {
        if !self.known {
            self.finding.confidence = Confidence::Low;
        }
    }
}
