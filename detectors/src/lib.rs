//! Text in, findings out: a room per Vietnamese identifier.
//!
//! One pass over the bytes finds *candidates* (runs of digits, `@`); each detector judges those it knows; words are
//! looked up around a candidate only when a verdict depends on them. It opens no files, decodes no encodings, knows
//! no clock and keeps nothing between calls. The README beside this tells the scores and what was measured.

use std::ops::Range;

use chot_model::{Confidence, DetectorId, Secret};

mod address;
mod afar;
mod anchor;
mod bank_account;
mod bhxh;
mod bhyt;
mod bhyt_qr;
mod card;
mod cccd;
mod cccd_qr;
mod cell;
mod claim_record;
mod cmnd;
mod coherence;
mod column;
mod context;
mod date_of_birth;
mod diagnosis;
mod digits;
mod dossier;
mod driver_licence;
mod email;
mod fold;
mod household;
mod lookalike;
mod mrz;
mod mst;
mod numbers;
mod passport;
mod person_name;
mod phone;
mod phrases;
mod plate;
mod province;
mod shape;
mod simd;
mod spoken;
mod state_secret;
mod stream;
#[cfg(test)]
mod tests;
mod trigger;
mod unannounced;

pub use afar::{Papers, Said};
pub use bhyt::is_kind as is_insured_kind;
pub use card::Card;
pub use cell::{Begun, Cells, Told, Usual, Whole, is_uuid};
pub use coherence::{are_counted, are_insured, are_insured_below, are_uninsured, follows, is_most};
pub use column::Column;
pub use fold::fold;
pub use person_name::{begins_names, names_nobody};
pub use simd::among::{PIECE, alike_but_digits, among, digits};
pub use simd::base64::decode_base64;
pub use simd::beside::first_pair;
pub use simd::encoded::Encoded;
pub use simd::signs::{BLOCK, Blocks, Sheet, Shown, Signs, plain_and_zeros, shown, signs};
pub use spoken::may_speak;
pub use stream::Stream;

use card::{Detector, Found, Value, confidence};
use context::{Hint, Memory, Near, Words};
use numbers::{Asked, Candidate, Finder, Number, candidates_of, encoded, parted};
use simd::{Look, Map, busy};
use spoken::{Hearing, SPOKEN_BYTES_MIN};
use trigger::Trigger;
use unannounced::Unannounced;

/// Bytes of context on either side of `core` after which a wider window changes nothing.
pub const CONTEXT_BYTES: usize = 256;

/// Bytes behind `core` in which something may begin that overlaps what began in it.
const OVERLAP_BYTES: usize = spoken::SPOKEN_BYTES_MAX;

/// A longer text is no message somebody speaks.
const SHORT_BYTES: usize = 1_024;

/// Bytes scanned at a time.
const WINDOW_BYTES: usize = 1 << 16;

/// Every detector. Adding one is a folder and a line here.
const ALL: &[&dyn Detector] = &[
    &cccd_qr::CccdQr,
    &bhyt_qr::BhytQr,
    &mrz::Mrz,
    &dossier::Dossier,
    &cccd::Cccd,
    &cmnd::Cmnd,
    &bhxh::Bhxh,
    &bhyt::Bhyt,
    &mst::Mst,
    &passport::Passport,
    &driver_licence::DriverLicence,
    &phone::Phone,
    &bank_account::BankAccount,
    &household::Household,
    &email::Email,
    &person_name::PersonName,
    &state_secret::StateSecret,
    &date_of_birth::DateOfBirth,
    &plate::Plate,
    &address::Address,
    &diagnosis::Diagnosis,
    &claim_record::ClaimRecord,
];

/// The cards of all detectors, for manuals and tests.
pub fn cards() -> impl Iterator<Item = &'static Card> {
    ALL.iter().map(|detector| detector.card())
}

/// The compiled detectors. Cheap to share behind an `Arc`; holds no state of any message.
pub struct Detectors {
    words: Words,
    this_year: u16,
    /// Those asked for, in the order of [`ALL`].
    asked: Vec<&'static dyn Detector>,
    /// Of these, by the number of digits, those that judge such numbers.
    by_length: [Vec<&'static dyn Detector>; LENGTHS],
    /// The same without those that judge them only under a header, or with a `|` behind.
    by_bare_length: [Vec<&'static dyn Detector>; LENGTHS],
    /// Of these, those that may take numbers that nothing announced, where others do not.
    by_silent_length: [Option<Vec<&'static dyn Detector>>; LENGTHS],
    /// The numbers any of them judges; then those without a header.
    numbers: Asked,
    bare_numbers: Asked,
    /// Of these without a header, the lengths of those that must have been announced as a paper of a person.
    announced: u32,
    /// Likewise of those that must have been announced at all.
    spoken: u32,
    /// The others of which anybody may take some that were not.
    unannounced: Unannounced,
    /// Of these, by the word that announces, the one that reads on from it.
    by_trigger: [Vec<&'static dyn Detector>; Trigger::COUNT],
    /// Of these, those that have something to say about a name.
    by_name: Vec<&'static dyn Detector>,
    anchors: anchor::Wanted,
    /// What cells of digits come to.
    verdicts: cell::Verdicts,
}

/// Lengths of numbers told apart.
const LENGTHS: usize = 20;

/// One hit of one detector in the text it was given.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Which detector.
    pub detector: DetectorId,
    /// Byte range in the text.
    pub range: Range<usize>,
    /// How sure.
    pub confidence: Confidence,
    /// The normalised value: separators and disguises removed, letters upper-case.
    pub value: Secret,
    /// How the value was hidden, such as `zero-width`, when it was.
    pub disguise: Option<&'static str>,
}

/// What is known about a text besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The text is a value under this header or key.
    pub column: Option<Column>,
}

impl Detectors {
    /// Builds the automata. `this_year` bounds plausible birth years.
    pub fn new(this_year: u16) -> Self {
        Self::only(cards().map(|card| card.id), this_year)
    }

    /// As [`Self::new`], with only the detectors of `ids`. Words still mean what all of them say they mean: a number
    /// announced as something else is left alone whether or not that is looked for.
    pub fn only(ids: impl IntoIterator<Item = DetectorId>, this_year: u16) -> Self {
        let ids: Vec<_> = ids.into_iter().collect();
        let asked: Vec<_> = ALL.iter().copied().filter(|detector| ids.contains(&detector.card().id)).collect();
        let of = |ids: &[DetectorId]| asked.iter().copied().filter(|d| ids.contains(&d.card().id)).collect();
        let announced = |n: usize| Trigger::all().nth(n).map_or_else(Vec::new, |trigger| of(&[trigger.detector()]));
        let of_length = |len: usize| asked.iter().copied().filter(|d| d.lengths() >> len & 1 == 1).collect();
        let bare = |d: &&dyn Detector| d.lengths() & !d.cell_lengths();
        let union = |of: &dyn Fn(&dyn Detector) -> u32| asked.iter().fold(0, |all, d| all | of(*d));
        let lengths = union(&|d| d.lengths());
        let bare_lengths = union(&|d| bare(&d));
        // What is true of all that judge a length is true of that.
        let all_agree = |of: &dyn Fn(&dyn Detector) -> u32| bare_lengths & !union(&|d| bare(&d) & !of(d));
        let apart = all_agree(&|d| d.lengths_apart());
        // All bytes there are before a number; those that need a `|` behind it take none of these.
        let behind_any = |d: &dyn Detector| (0..=u8::MAX).fold(0, |all, before| all | d.lengths_behind(before));
        let of_bare_length =
            |len: usize| asked.iter().copied().filter(|d| (bare(d) & behind_any(*d)) >> len & 1 == 1).collect();
        let of_silent_length = |len: usize| {
            let (spoken, free): (Vec<_>, Vec<_>) = asked
                .iter()
                .copied()
                .filter(|d| bare(d) >> len & 1 == 1)
                .partition(|d| d.lengths_spoken() >> len & 1 == 1);
            // One looks for itself.
            (spoken.len() > 1).then_some(free)
        };
        Self {
            words: Words::new(cards().flat_map(|card| card.words)),
            this_year,
            by_length: std::array::from_fn(of_length),
            by_bare_length: std::array::from_fn(of_bare_length),
            by_silent_length: std::array::from_fn(of_silent_length),
            numbers: Asked::all(lengths),
            bare_numbers: Asked::some(bare_lengths, |before| union(&|d| d.lengths_behind(before)), apart),
            announced: all_agree(&|d| d.lengths_announced()),
            spoken: all_agree(&|d| d.lengths_spoken()),
            unannounced: Unannounced::new(&asked, this_year),
            by_trigger: std::array::from_fn(announced),
            by_name: of(&[DetectorId::PersonName, DetectorId::DateOfBirth]),
            asked,
            anchors: anchor::Wanted::new(&ids, this_year),
            verdicts: cell::Verdicts::default(),
        }
    }

    /// Appends every hit that starts within `core`, ordered by start. Bytes of `text` outside `core` are context
    /// only, so a caller may scan a long text in windows and get each hit once: [`CONTEXT_BYTES`] on either side
    /// are enough.
    pub fn scan(&self, text: &[u8], core: Range<usize>, context: Context, hits: &mut Vec<Hit>) {
        self.scan_for(Some(self.anchors), text, core, context, hits);
    }

    /// As [`Self::scan`], for texts of letters, digits, `+`, `/` and line ends, as encodings are: numbers in digits. Words
    /// have no room there, and no number can be written in words without a blank or a sign between them.
    pub fn scan_encoded(&self, text: &[u8], core: Range<usize>, context: Context, hits: &mut Vec<Hit>) {
        self.scan_for(None, text, core, context, hits);
    }

    fn scan_for(
        &self,
        anchors: Option<anchor::Wanted>,
        text: &[u8],
        core: Range<usize>,
        context: Context,
        hits: &mut Vec<Hit>,
    ) {
        let text = text.get(..text.len().min(core.end.saturating_add(CONTEXT_BYTES))).unwrap_or_default();
        let core = core.start..core.end.min(text.len());
        let from = core.start.saturating_sub(CONTEXT_BYTES);
        // What a cell holds may overlap all of it.
        let cell = context.column.and_then(|_| cell(text));
        let to = if cell.is_some() { text.len() } else { text.len().min(core.end.saturating_add(OVERLAP_BYTES)) };
        if core.len() > WINDOW_BYTES {
            // A map of what stands where takes its share of memory.
            for start in core.clone().step_by(WINDOW_BYTES) {
                self.scan_for(anchors, text, start..core.end.min(start + WINDOW_BYTES), context, hits);
            }
            return;
        }
        let mut scan = Scan { detectors: self, text, context, found: Vec::new(), memory: Memory::default() };
        let has_words = anchors.is_some();
        let reads_groups = anchors.is_some_and(anchor::Wanted::has_numbers);
        let anchors = anchors.filter(|wanted| !wanted.is_empty());
        let map = anchors.map(|_| Map::new(text, from..to.saturating_add(spoken::STEP)));
        if text.len() < SPOKEN_BYTES_MIN && context.column.is_none() && map.as_ref().is_some_and(Map::is_dull) {
            return;
        }
        let numbers = if context.column.is_some() { &self.numbers } else { &self.bare_numbers };
        if has_words {
            let mut look = Look::hearing(text, from);
            candidates_of(&mut look, text, from..to, numbers, &mut scan);
            let heard = look.heard();
            for stretch in heard.speech(to) {
                let number = |number: Number| scan.spoken(&number);
                match &map {
                    Some(map) => spoken::numbers(text, stretch, map, Hearing::Strict, number),
                    None => {
                        let map = Map::new(text, stretch.start..stretch.end + spoken::STEP);
                        spoken::numbers(text, stretch, &map, Hearing::Strict, number);
                    }
                }
            }
            if reads_groups && !heard.groups.is_empty() {
                // What was heard on the way to the last number is no help in going back.
                scan.memory = Memory::default();
                parted::numbers(text, &heard.groups, from..to, |number| scan.number(&number));
            }
        } else {
            // Nearly nowhere in an encoding is enough for a number.
            for part in busy(text, from..to) {
                let seen = text.get(..part.end + simd::BLOCK).unwrap_or(text);
                candidates_of(&mut Look::new(seen, part.start), text, part, numbers, &mut scan);
            }
        }
        if let (Some(map), Some(anchors)) = (&map, anchors) {
            // From the beginning once more, as well.
            scan.memory = Memory::default();
            anchor::candidates(text, from..to, map, anchors, &mut |candidate| scan.judge(&candidate));
        }
        if let Some(cell) = cell {
            scan.judge(&Candidate::Cell(cell));
        }
        tell(scan.found, text, &core, hits);
    }

    /// Adds to `hits`, which are all of a short text, the numbers in words that are said in whatever way: in hundreds, with what
    /// stands between groups, half in figures. No first look tells where those are, so a longer text is not read so.
    pub fn scan_said(&self, text: &[u8], hits: &mut Vec<Hit>) {
        if text.len() > SHORT_BYTES || !may_speak(text) {
            return;
        }
        let map = Map::new(text, 0..text.len() + spoken::STEP);
        let context = Context::default();
        let mut scan = Scan { detectors: self, text, context, found: Vec::new(), memory: Memory::default() };
        spoken::numbers(text, 0..text.len(), &map, Hearing::Loose, |number| scan.spoken(&number));
        let mut said = Vec::new();
        tell(scan.found, text, &(0..text.len()), &mut said);
        for hit in said {
            let overlaps = |other: &Hit| other.range.start < hit.range.end && hit.range.start < other.range.end;
            // Part of it may have been read as something else.
            if !hits.iter().any(|other| overlaps(other) && other.range.len() >= hit.range.len()) {
                hits.retain(|other| !overlaps(other));
                let at = hits.partition_point(|other| other.range.start <= hit.range.start);
                hits.insert(at, hit);
            }
        }
    }

    /// Whether every detector there is was asked for.
    fn is_whole(&self) -> bool {
        self.asked.len() == ALL.len()
    }

    /// Whether [`Self::column`] may say anything of `header`; costs little.
    pub fn may_announce(&self, header: &[u8]) -> bool {
        self.words.may_announce(header)
    }

    /// What `header` announces, if anything: a table header, JSON key, XML tag or form field name in any spelling.
    pub fn column(&self, header: &str) -> Option<Column> {
        self.words.column(header)
    }

    /// Which of the beginnings of `text` that end at `ends`, one behind the other and no more than eight, is the longest
    /// that is a whole table header and nothing more, in any spelling, and what it announces.
    pub fn longest_heading(&self, text: &str, ends: &[usize]) -> Option<(usize, Column)> {
        self.words.longest_heading(text, ends)
    }
}

/// One call of [`Detectors::scan`].
struct Scan<'t> {
    detectors: &'t Detectors,
    text: &'t [u8],
    context: Context,
    found: Vec<(DetectorId, Found)>,
    memory: Memory,
}

impl Scan<'_> {
    fn judge(&mut self, candidate: &Candidate) {
        let range = match candidate {
            Candidate::Number(number) => return self.number(number),
            Candidate::Name(range)
            | Candidate::Marking(range)
            | Candidate::Word(_, range)
            | Candidate::Hyphen(range)
            | Candidate::Cell(range) => range.clone(),
            Candidate::At(place) | Candidate::Zone(place) => *place..*place,
            Candidate::Lookalikes(place) => {
                if let Some(number) = lookalike::read(self.text, *place) {
                    self.number(&number);
                }
                return;
            }
        };
        let Self { detectors, text, context, found, memory } = self;
        let near = Near::new(text, &detectors.words, context.column, range, 0, detectors.this_year, memory);
        let mut near = match candidate {
            // The same name may have been found without the word.
            Candidate::Word(Trigger::Person, _) => {
                let name = found.last().filter(|(id, _)| *id == DetectorId::PersonName);
                near.knowing(name.map(|(_, name)| (name.range.clone(), name.score)))
            }
            _ => near,
        };
        let asked = match candidate {
            Candidate::Name(_) => &detectors.by_name,
            Candidate::Word(trigger, _) => detectors.by_trigger.get(*trigger as usize).unwrap_or(&detectors.asked),
            _ => &detectors.asked,
        };
        for detector in asked {
            let judged = match candidate {
                Candidate::Name(range) => detector.name(range.clone(), &mut near),
                Candidate::Marking(range) => detector.marking(range.clone(), &mut near),
                Candidate::Word(word, range) => detector.word(*word, range.clone(), &mut near),
                Candidate::Hyphen(range) => detector.hyphen(range.clone(), &mut near),
                Candidate::Cell(range) => detector.cell(range.clone(), &mut near),
                Candidate::At(place) => detector.at(*place, &mut near),
                Candidate::Zone(place) => detector.zone(*place, &mut near),
                Candidate::Number(_) | Candidate::Lookalikes(_) => None,
            };
            if let Some(judged) = judged.filter(|f| confidence(f.score).is_some()) {
                found.push((detector.card().id, judged));
            }
        }
    }

    /// A number in words. What announces one that was typed without a program that puts the marks on was typed so, too.
    fn spoken(&mut self, number: &Number) {
        let told = self.found.len();
        self.number(number);
        if self.found.len() > told {
            return;
        }
        let Some((text, range)) = spoken::without_keys(self.text, &number.range) else { return };
        let Self { detectors, context, .. } = *self;
        let mut scan = Scan { detectors, text: &text, context, found: Vec::new(), memory: Memory::default() };
        scan.number(&number.at(range.clone()));
        let same = scan.found.into_iter().filter(|(_, found)| found.range == range);
        self.found.extend(same.map(|(id, found)| (id, Found { range: number.range.clone(), ..found })));
    }

    /// What is asked of the words around a number.
    fn near(&mut self, range: Range<usize>, digits: usize) -> Near<'_> {
        let Self { detectors, text, context, memory, .. } = self;
        Near::new(text, &detectors.words, context.column, range, digits, detectors.this_year, memory)
    }
}

/// Whether what is no word may speak of a number, told by the bytes beside it.
#[inline]
fn may_be_told(text: &[u8], range: &Range<usize>, digits: usize) -> bool {
    bhxh::may_be_told(text, range, digits) || cmnd::is_told_behind(text, range, digits)
}

impl Finder for Scan<'_> {
    fn is_idle(&mut self, range: Range<usize>, digits: usize) -> bool {
        let Detectors { announced, spoken, unannounced, by_silent_length, .. } = self.detectors;
        let [announced, spoken] = [announced, spoken].map(|lengths| lengths >> digits & 1 == 1);
        if self.context.column.is_some() || self.text.get(range.end) == Some(&b'|') {
            return false;
        }
        if !spoken && unannounced.takes(self.text, &range, digits) {
            return false;
        }
        let run = range.len() == digits;
        if may_be_told(self.text, &range, digits) {
            return false;
        }
        let is_idle = |said: Hint| if announced { said.is_no_paper() } else { said.is_no_number() };
        if run && self.memory.passes(self.text, &range, digits, is_idle) {
            return true;
        }
        if self.memory.passes_quietly(self.text, &range, digits, &self.detectors.words) {
            return true;
        }
        // Where nobody might ask what words speak of it, it is not found out with more than a look.
        if !spoken && by_silent_length.get(digits).is_none_or(Option::is_none) {
            return false;
        }
        let mut near = self.near(range, digits);
        let idle = if announced { near.is_silent() } else { near.is_unannounced() };
        if idle && run {
            near.pass();
        }
        idle
    }

    fn number(&mut self, number: &Number) {
        let bytes = encoded::in_pairs(self.text, number);
        let number = bytes.as_ref().unwrap_or(number);
        let Self { detectors, text, context, found, memory } = self;
        let (range, digits) = (number.range.clone(), number.len());
        let (bare, card) = (context.column.is_none(), text.get(range.end) == Some(&b'|'));
        let mut near = Near::new(text, &detectors.words, context.column, range, digits, detectors.this_year, memory);
        let silent = detectors.by_silent_length.get(digits).and_then(Option::as_ref);
        let of_length = match silent {
            Some(_) if bare && may_be_told(text, &number.range, digits) => detectors.by_bare_length.get(digits),
            Some(silent) if bare && !card && near.is_unannounced() => Some(silent),
            _ if bare && !card => detectors.by_bare_length.get(digits),
            _ => detectors.by_length.get(digits),
        };
        for detector in of_length.unwrap_or(&detectors.asked) {
            let Some(judged) = detector.number(number, &mut near) else { continue };
            if confidence(judged.score).is_some() {
                let id = detector.card().id;
                match judged.value {
                    // All there is to move, without a look at room that nobody wrote to.
                    Value::There => found.push((id, Found { value: Value::There, ..judged })),
                    _ => found.push((id, judged)),
                }
            }
        }
        if number.is_plain() {
            near.pass();
        }
    }

    fn candidate(&mut self, candidate: Candidate) {
        self.judge(&candidate);
    }
}

/// Adds what was found in `core` to `hits`, but for what something else there beats.
fn tell(mut found: Vec<(DetectorId, Found)>, text: &[u8], core: &Range<usize>, hits: &mut Vec<Hit>) {
    // In one order wherever a window begins.
    found.sort_by_key(|(detector, f)| (f.range.start, *detector));
    let first = hits.len();
    let mut reached = 0;
    for n in 0..found.len() {
        let Some((detector, f)) = found.get(n) else { continue };
        let Some(confidence) = confidence(f.score) else { continue };
        // Most stand alone.
        let beside = found.get(n + 1).is_some_and(|(_, next)| next.range.start < f.range.end);
        let overlaps = reached > f.range.start || beside;
        reached = reached.max(f.range.end);
        if !core.contains(&f.range.start) || overlaps && is_beaten(n, &found, text) {
            continue;
        }
        let (detector, range, disguise) = (*detector, f.range.clone(), f.hidden);
        let value = found.get_mut(n).map(|(_, f)| std::mem::take(&mut f.value)).unwrap_or_default();
        let (told, len) = (text.get(range.start..).unwrap_or_default(), range.len());
        hits.push(Hit { detector, range, confidence, value: Secret::EMPTY, disguise });
        if let Some(hit) = hits.last_mut() {
            value.tell(told, len, &mut hit.value);
        }
    }
    debug_assert!(hits.get(first..).is_some_and(|new| new.is_sorted_by_key(|h| h.range.start)));
}

/// What a cell holds, without the blanks around; `None` when the text is longer than any value. A window of a longer
/// text is never taken for a cell, since it comes with its context.
fn cell(text: &[u8]) -> Option<Range<usize>> {
    let held = text.trim_ascii_end();
    let start = held.len() - held.trim_ascii_start().len();
    (text.len() <= CONTEXT_BYTES && start < held.len()).then_some(start..held.len())
}

/// Whether a better reading of the same bytes was found: more points, then longer, then registered earlier. Only
/// what overlaps counts, not what beats the better one in turn, so that a window decides as the whole text does.
fn is_beaten(n: usize, found: &[(DetectorId, Found)], text: &[u8]) -> bool {
    let Some((detector, mine)) = found.get(n) else { return false };
    // An address holds numbers and names of streets; they are read beside it.
    if *detector == DetectorId::Address {
        return false;
    }
    // So are name and birth beside the text of the card that holds them.
    let field = match detector {
        DetectorId::PersonName => Some(2),
        DetectorId::DateOfBirth => Some(3),
        _ => None,
    };
    let beside = |other: DetectorId, f: &Found| {
        let stands_in = |n: usize| {
            let before = text.get(f.range.start..mine.range.start).unwrap_or_default();
            before.iter().filter(|b| **b == b'|').count() == n
        };
        other == DetectorId::Address || other == DetectorId::CccdQr && field.is_some_and(stands_in)
    };
    // Nine words that are digits are no name, whatever their first letters are.
    let rank =
        |at: usize, f: &Found| (f.hidden == Some(spoken::DISGUISE), f.score, f.range.len(), std::cmp::Reverse(at));
    let overlaps = |f: &Found| f.range.start < mine.range.end && mine.range.start < f.range.end;
    let reach = cccd_qr::QR_BYTES_MAX;
    let before =
        found.iter().enumerate().take(n).rev().take_while(|(_, (_, f))| f.range.start + reach >= mine.range.start);
    let after = found.iter().enumerate().skip(n + 1).take_while(|(_, (_, f))| f.range.start < mine.range.end);
    before.chain(after).any(|(at, (detector, f))| !beside(*detector, f) && overlaps(f) && rank(at, f) > rank(n, mine))
}
