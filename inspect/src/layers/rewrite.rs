//! Text that means something else than it says, read in place: each kind of writing is undone into a view that
//! remembers where every letter stands.
//!
//! A kind is told by its signs. Some are believed at once, some only when several stand near each other. What it finds
//! is a second look; it drops nothing from the first.

use std::ops::Range;

use super::isles::{Isle, NEAR};
use super::{code, escape, old, program, tags, terminal, turned, twice, utf7, viqr, wide};
use crate::inquiry::{Inquiry, Place};
use crate::view::View;

/// The name of a way of writing, and how much a byte is in favour of it.
pub(super) type Sign = (&'static str, u32);

/// Tells the name of a way by what stands around its signs.
type Sure = fn(text: &[u8], signs: Range<usize>) -> Option<&'static str>;

/// A way of writing.
struct Kind {
    /// Whether the byte at `at` is a sign of it.
    sign: fn(text: &[u8], at: usize) -> Option<Sign>,
    /// As much must be in favour of it.
    least: u32,
    /// What it is written in need not be text as it stands.
    broken: bool,
    /// Worn once at most: what was undone has nothing left of its kind.
    once: bool,
    /// Makes sure of the way where enough is in favour of it, by what stands around; returns its name.
    sure: Option<Sure>,
    /// Appends `core` of a view with everything of this kind that begins there undone; returns where it stopped.
    undo: fn(view: &View, core: Range<usize>, name: &'static str, out: &mut View) -> usize,
}

const KINDS: [Kind; 12] = [
    Kind { sign: tags::sign, least: 1, broken: false, once: true, sure: None, undo: tags::undo },
    Kind { sign: utf7::sign, least: 1, broken: false, once: true, sure: None, undo: utf7::undo },
    Kind { sign: viqr::sign, least: 2, broken: false, once: true, sure: None, undo: viqr::undo },
    Kind { sign: old::sign, least: 2, broken: false, once: true, sure: Some(old::set_around), undo: old::undo },
    Kind { sign: twice::sign, least: 2, broken: false, once: true, sure: None, undo: twice::undo },
    Kind { sign: code::sign, least: 3, broken: false, once: true, sure: None, undo: code::undo },
    Kind { sign: escape::sign, least: 1, broken: false, once: false, sure: None, undo: escape::undo },
    Kind {
        sign: escape::printable_sign,
        least: escape::PRINTABLE_MIN,
        broken: false,
        once: false,
        sure: None,
        undo: escape::printable_undo,
    },
    Kind { sign: program::sign, least: 1, broken: false, once: true, sure: None, undo: program::undo },
    Kind { sign: turned::sign, least: 1, broken: false, once: true, sure: None, undo: turned::undo },
    Kind { sign: wide::sign, least: 2, broken: true, once: true, sure: None, undo: wide::undo },
    Kind { sign: terminal::sign, least: 1, broken: false, once: true, sure: None, undo: terminal::undo },
];

/// The kinds that a byte may be a sign of.
fn of(byte: u8) -> &'static [usize] {
    match byte {
        b'<' | b'/' => &[0],
        b'+' => &[0, 1, 2],
        b'^' => &[2],
        b'(' => &[2, 8],
        0xc2 => &[3, 4],
        0xc3 => &[3],
        0xe2 => &[9],
        0 => &[10],
        0x1b => &[11],
        b'\\' => &[0, 5, 6],
        b'%' => &[5, 6],
        b'&' => &[6],
        b'=' => &[7, 8],
        _ => &[],
    }
}

/// Whether bytes are text and not the strings of a binary, which is opaque anyway and shows every sign by chance. Text
/// in an old character set has been decoded before it comes here.
fn is_text(bytes: &[u8]) -> bool {
    const BROKEN_SHARE: usize = 16;
    // Before a short text in a binary stand a few bytes that are none.
    const LEN_MIN: usize = 64;
    let broken: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    broken * BROKEN_SHARE <= bytes.len().max(LEN_MIN)
}

/// No kind needs more signs than this.
const RECENT: usize = 3;

/// One kind at work in one text. Places are those of the whole text.
#[derive(Default)]
struct State {
    /// The last signs that were not enough yet, and what each is in favour of the kind.
    recent: [(u64, u32); RECENT],
    isle: Option<(Isle, &'static str)>,
    /// Copied already up to here.
    done: u64,
    /// Nothing is made sure of before here, and how far off the next such place is: that is not for nothing.
    unsure_until: u64,
    unsure_by: u64,
}

/// All kinds at work in one text.
#[derive(Default)]
pub(super) struct Rewrites([State; KINDS.len()]);

impl Rewrites {
    /// Reads the next `core` of a text, whose `signs` were found.
    pub(super) fn read(
        &mut self,
        view: &View,
        core: &Range<usize>,
        signs: &[usize],
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        for &at in signs {
            for &n in view.text.get(at).map_or(&[][..], |b| of(*b)) {
                let (Some(kind), Some(state)) = (KINDS.get(n), self.0.get_mut(n)) else { continue };
                if kind.once && place.undone >> n & 1 == 1 {
                    continue;
                }
                // What was undone once has nothing left of its name, or never ends.
                let sign = (kind.sign)(&view.text, at).filter(|(name, _)| !kind.once || place.disguise != Some(*name));
                if let Some((name, favour)) = sign {
                    state.sign(view, at, n, name, favour, place, inquiry);
                }
            }
        }
        for (state, kind) in self.0.iter_mut().zip(&KINDS) {
            state.go_on(view, core.end, kind, inquiry);
        }
    }

    pub(super) fn finish(&mut self, inquiry: &mut Inquiry) {
        for state in &mut self.0 {
            if let Some((isle, _)) = state.isle.take() {
                isle.finish(inquiry);
            }
            *state = State::default();
        }
    }
}

impl State {
    #[expect(clippy::too_many_arguments, reason = "one call, in the loop over all signs")]
    fn sign(
        &mut self,
        view: &View,
        at: usize,
        n: usize,
        name: &'static str,
        favour: u32,
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let Some(kind) = KINDS.get(n) else { return };
        let sign = view.base + at as u64;
        if let Some((isle, _)) = &mut self.isle {
            if isle.join(sign) {
                return;
            }
            self.go_on(view, at, kind, inquiry);
            if let Some((isle, _)) = &mut self.isle {
                // One word reaches from there to here.
                return isle.stretch(sign);
            }
        }
        self.recent.rotate_left(1);
        self.recent[RECENT - 1] = (sign, favour);
        let near = || self.recent.iter().filter(|(at, favour)| *favour > 0 && at + NEAR >= sign);
        let first = near().map(|(at, _)| *at).min().unwrap_or(sign);
        if near().map(|(_, favour)| favour).sum::<u32>() < kind.least {
            return;
        }
        let first_at = at - usize::try_from(sign - first).unwrap_or_default().min(at);
        let around = first_at.saturating_sub(NEAR as usize)..at + 1;
        if !kind.broken && !is_text(view.text.get(around).unwrap_or_default()) {
            return;
        }
        let name = match kind.sure {
            None => name,
            Some(_) if sign < self.unsure_until => return,
            Some(sure) => match sure(&view.text, first_at..at + 1).filter(|name| place.disguise != Some(*name)) {
                Some(name) => name,
                None => {
                    const BY_MIN: u64 = 1 << 12;
                    const BY_MAX: u64 = 1 << 16;
                    self.unsure_by = (2 * self.unsure_by).clamp(BY_MIN, BY_MAX);
                    self.unsure_until = sign + self.unsure_by;
                    return;
                }
            },
        };
        let undone = place.undone | 1 << n;
        let (disguise, depth) = (Some(name), place.depth + 1);
        let place = Place { disguise, again: true, depth, charset: None, undone, ..place.clone() };
        let mut isle = Isle::new(view, first, self.done, place, &kind.undo(name));
        isle.join(sign);
        self.isle = Some((isle, name));
        (self.recent, self.unsure_by) = ([(0, 0); RECENT], 0);
    }

    fn go_on(&mut self, view: &View, end: usize, kind: &Kind, inquiry: &mut Inquiry) {
        if let Some((isle, name)) = &mut self.isle
            && let Some(done) = isle.go_on(view, end, &kind.undo(name), inquiry)
        {
            (self.isle, self.done) = (None, done);
        }
    }
}

impl Kind {
    fn undo(&self, name: &'static str) -> impl Fn(&View, Range<usize>, &mut View) -> usize + use<> {
        let undo = self.undo;
        move |view, core, out| undo(view, core, name, out)
    }
}

/// Appends `core` of `view` with pieces replaced: `piece` tells how long the piece that begins a text is, and appends
/// what it means. Returns where it stopped, which may be behind `core`.
pub(super) fn replace(
    view: &View,
    core: Range<usize>,
    out: &mut View,
    mut piece: impl FnMut(&[u8], usize) -> Option<(usize, Vec<u8>)>,
) -> usize {
    let (mut at, mut plain) = (core.start, core.start);
    while at < core.end {
        let Some((taken, bytes)) = piece(&view.text, at).filter(|(taken, _)| *taken > 0) else {
            at += 1;
            continue;
        };
        out.push_view(view, plain..at);
        if !bytes.is_empty() {
            match view.object_span(&(at..at + taken)) {
                Some(span) => out.push_escape(&bytes, span.start, span.end - span.start),
                None => out.push_joint(&bytes),
            }
        }
        at += taken;
        plain = at;
    }
    if plain < at {
        out.push_view(view, plain..at);
    }
    at
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chot_detectors::{Context, Detectors};
    use chot_model::{Confidence, DetectorId};
    use proptest::prelude::*;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    /// What is found in a text of any length, each value once.
    fn found(detectors: &Detectors, text: &[u8], all: &mut BTreeSet<(DetectorId, String)>) {
        let mut hits = Vec::new();
        detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
        let counted = hits.into_iter().filter(|hit| hit.confidence >= Confidence::Medium);
        all.extend(counted.map(|hit| (hit.detector, hit.value.reveal().to_owned())));
    }

    fn phrase() -> impl Strategy<Value = String> {
        let digits = "[0-9]{6}";
        prop_oneof![
            (digits, 0usize..12).prop_map(|(d, at)| {
                let number = format!("001190{d}");
                let escaped = format!("%3{}", number.get(at..=at).unwrap_or_default());
                format!(
                    "Số CCCD {}{escaped}{} ",
                    number.get(..at).unwrap_or_default(),
                    number.get(at + 1..).unwrap_or_default()
                )
            }),
            ("[0-9]{3}", "[0-9]{4}").prop_map(|(c, d)| format!("S%E1%BB%91 CCCD: 0011-9{c}-{d} ")),
            digits.prop_map(|d| format!("số đơn hàng%20 0011901{d} ")),
            ("[0-9]{3}", "[0-9]{3}").prop_map(|(c, d)| format!("%43%43%43%44 001 190 {c} {d} ")),
            digits.prop_map(|d| format!("điện thoại 0912{d}, ")),
            digits.prop_map(|d| format!("Bà Nguyễn Th%E1%BB%8B Bình sinh ngày 01/02/1990 số BHXH 7911{d}. ")),
            (0usize..3_000).prop_map(|n| "Kính gửi quý đơn vị, xin cảm ơn. ".repeat(n / 30)),
            (0usize..900).prop_map(|n| "ab+cd/1".repeat(n)),
            Just("\n".to_owned()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn the_neighbourhood_of_signs_tells_as_much_as_the_whole(phrases in proptest::collection::vec(phrase(), 1..60)) {
            let text = phrases.concat();
            let mut view = View::default();
            view.push(text.as_bytes(), 0);
            let mut whole = View::default();
            escape::undo(&view, 0..text.len(), "percent", &mut whole);
            let detectors = Detectors::new(2026);
            let mut expected = BTreeSet::new();
            found(&detectors, text.as_bytes(), &mut expected);
            found(&detectors, &whole.text, &mut expected);
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
            for detector in [DetectorId::Cccd, DetectorId::Bhxh, DetectorId::Phone, DetectorId::PersonName, DetectorId::DateOfBirth] {
                let of = expected.iter().filter(|(id, _)| *id == detector).count() as u64;
                prop_assert_eq!(inspection.distinct(detector), of, "{:?}", detector);
            }
        }
    }
}
