//! One look at a window of text for everything that may be hidden in it: where a writing may begin, and which runs of
//! characters are long enough to be an encoding.
//!
//! Most texts show nothing, and nothing is then read a second time. It decodes nothing itself.

use std::ops::Range;

use chot_detectors::{BLOCK, Signs, signs};

use super::encoded::{self, Lines};
use super::{base85, escape, runs, turned, uu};
use crate::inquiry::{Scope, Twelves};

/// What a window shows; places are those of the window, in order.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Bytes at which a way of writing may begin.
    pub(super) signs: Vec<usize>,
    /// Runs of the base64 alphabets.
    pub(super) words: Vec<Range<usize>>,
    /// Runs of visible characters, not all of them of the base64 alphabets.
    pub(super) marked: Vec<Range<usize>>,
    /// Where three pairs of hexadecimal digits follow each other, or one that is announced.
    pub(super) pairs: Vec<usize>,
    /// Where a uuencoded file may begin.
    pub(super) file: Option<usize>,
    /// Where a file may begin that is printed byte by byte.
    pub(super) dump: Option<usize>,
    /// Where its lines end, and whether anything in each may cut it into cells.
    lines: Vec<(usize, bool)>,
    /// How many places may cut a line into cells.
    cuts: u32,
    /// Where the blocks begin in which nine digits or more stand together.
    long: Vec<usize>,
    /// Numbers of twelve digits.
    twelves: u64,
    /// The window is nothing but base64.
    encoded: bool,
}

/// Blocks looked at together; few enough for the stack, one more than is judged.
const MANY: usize = 64 + 1;
/// Blocks of a value.
const FEW: usize = 3 + 1;
/// Bytes of a line of running text, or not many fewer.
const LINE_BYTES: usize = 128;

impl Look {
    /// Looks at `core`; what stands behind it tells how long a run is that reaches its end.
    pub(crate) fn of(text: &[u8], core: &Range<usize>) -> Self {
        // A value has few lines, if any.
        let lines = if core.len() < MANY * BLOCK { Vec::new() } else { Vec::with_capacity(core.len() / LINE_BYTES) };
        let mut look = Self { lines, ..Self::default() };
        let may_hold_file = uu::may_hold_file(text, core);
        let mut words = Runs::new(runs::RUN_MIN);
        let mut marked = Runs::new(base85::RUN_MIN);
        let (mut twelves, mut is_cut) = (Twelves::default(), false);
        let mut stretch = |at: usize, room: &mut [Signs]| {
            let end = text.len().min(at + room.len() * BLOCK);
            signs(text.get(at..end).unwrap_or_default(), room);
            // Behind the end stands nothing, whatever stood there before.
            if let Some(behind) = room.get_mut((end - at).div_ceil(BLOCK)) {
                *behind = Signs::default();
            }
            for (n, pair) in room.windows(2).enumerate() {
                let base = at + n * BLOCK;
                let ([block, next], true) = (pair, base < core.end) else { break };
                let within = if core.end - base < BLOCK { (1 << (core.end - base)) - 1 } else { u64::MAX };
                if twelves.add(block.digit & within) {
                    look.long.push(base);
                }
                is_cut = look.lines(base, block.line & within, block.cut, is_cut);
                // Counting bits takes long where the processor is not asked to, and there are hardly any.
                if block.cut & within != 0 {
                    look.cuts += (block.cut & within).count_ones();
                }
                look.places(text, base, block, next.hex, within);
                // The mode of a file stands behind a blank, and that behind an `n`; what is before the block is not known.
                let modes = block.digit & !(block.graphic << 1) & ((block.word & !block.hex) << 2 | 0b11);
                if modes != 0 && look.file.is_none() && may_hold_file {
                    look.file =
                        places(modes, base).find_map(|at| uu::begin_of(text, at).filter(|at| core.contains(at)));
                }
                words.step(base, block.word, u64::MAX, core.end, &mut look.words);
                marked.step(base, block.graphic, block.graphic & !block.word, core.end, &mut look.marked);
            }
        };
        if core.len() <= (FEW - 1) * BLOCK {
            stretch(core.start, &mut [Signs::default(); FEW]);
        } else {
            let mut room = [Signs::default(); MANY];
            core.clone().step_by((MANY - 1) * BLOCK).for_each(|at| stretch(at, &mut room));
        }
        let seen = core.start + core.len().next_multiple_of(BLOCK);
        words.end(text, seen, core.end, runs::in_run, |_| true, &mut look.words);
        marked.end(text, seen, core.end, |b| b.is_ascii_graphic(), |b| !runs::in_run(b), &mut look.marked);
        if may_hold_file && look.file.is_none() {
            // That of a file that begins at the very end may stand behind all this.
            let mut behind = seen..text.len().min(uu::mode_ends(core.end));
            look.file = behind.find_map(|at| uu::begin_of(text, at).filter(|at| core.contains(at)));
        }
        look.pairs.sort_unstable();
        look.twelves = twelves.end();
        look.dump = super::dump::begin(text, core, look.lines.iter().map(|(end, _)| *end));
        look
    }

    /// As [`Self::of`], with less of a look at windows that are nothing but base64.
    pub(crate) fn of_window(text: &[u8], core: &Range<usize>) -> Self {
        match encoded::lines(text, core) {
            Some(Lines { words, twelves }) => Self { words, twelves, encoded: true, ..Self::default() },
            None => Self::of(text, core),
        }
    }

    /// How the text is to be scanned: of nothing but base64 only numbers.
    pub(crate) const fn scope(&self) -> Scope {
        Scope { encoded: self.encoded, twelves: self.twelves }
    }

    /// Whether there is nothing to look into.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { signs, words, marked, pairs, file, dump, lines: _, cuts: _, long: _, twelves: _, encoded: _ } = self;
        signs.is_empty()
            && words.is_empty()
            && marked.is_empty()
            && pairs.is_empty()
            && file.is_none()
            && dump.is_none()
    }

    /// Whether all that shows comes to nothing, all of `text` looked at: too few pairs, and runs of characters that mean
    /// nothing. `room` is for what they decode to.
    pub(crate) fn is_in_vain(&self, text: &[u8], room: &mut Vec<u8>) -> bool {
        let Self { signs, words, marked, pairs, file, dump, lines: _, cuts: _, long: _, twelves: _, encoded: _ } = self;
        let run = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        signs.is_empty()
            && file.is_none()
            && dump.is_none()
            && (pairs.is_empty() || super::pairs::are_too_few(text))
            && marked.iter().map(run).all(base85::means_nothing)
            // A run may go on behind a line end.
            && (words.is_empty() || memchr::memchr2(b'\n', b'\r', text).is_none())
            && words.iter().map(run).all(|word| runs::mean_nothing(word, room))
    }

    /// Whether a value may be cut into as many cells as a number has letters, or a table has.
    pub(crate) const fn has_cells(&self) -> bool {
        const CUTS_MIN: u32 = 8;
        self.cuts >= CUTS_MIN
    }

    /// Whether a value has lines and a number that is somebody's: dashes may cut them into cells.
    pub(crate) const fn has_items(&self) -> bool {
        !self.lines.is_empty() && !self.long.is_empty()
    }

    /// Where the blocks begin in which nine digits or more stand together.
    pub(crate) fn long_numbers(&self) -> &[usize] {
        &self.long
    }

    /// Where the lines of the window end, and whether anything in each may cut it into cells. Nothing is told of a window
    /// of nothing but base64.
    pub(crate) fn line_ends(&self) -> &[(usize, bool)] {
        &self.lines
    }

    /// Notes the `ends` of lines in a block. `is_cut` says whether anything before may cut the line that goes on into it;
    /// returns the same for the next.
    #[inline]
    fn lines(&mut self, base: usize, mut ends: u64, mut cut: u64, mut is_cut: bool) -> bool {
        while ends != 0 {
            let end = ends.trailing_zeros();
            let before = (1 << end) - 1;
            self.lines.push((base + end as usize, is_cut || cut & before != 0));
            (cut, is_cut) = (cut & !before, false);
            ends &= ends - 1;
        }
        is_cut || cut != 0
    }

    /// Notes where something may begin in a block, of which `core` is looked at.
    fn places(&mut self, text: &[u8], base: usize, block: &Signs, next_hex: u64, core: u64) {
        for at in places(block.sign & core, base) {
            if text.get(at) == Some(&b'0') {
                if text.get(at + 2..at + 4).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)) {
                    self.pairs.push(at);
                }
            } else if begins(text, at) {
                self.signs.push(at);
            }
        }
        // Two pairs three apart, or what may be the first at the end of the block: nearly always there is neither.
        let two = block.hex & block.hex >> 1;
        if two & two >> 3 == 0 && two >> (BLOCK - 4) == 0 && block.hex >> (BLOCK - 1) & next_hex == 0 {
            return;
        }
        let hex = u128::from(block.hex) | u128::from(next_hex) << BLOCK;
        let two = hex & hex >> 1 & !(hex >> 2);
        let three = (two & two >> 3 & hex >> 6 & hex >> 7) as u64;
        for at in places(three & core, base) {
            let parts = [2, 5].map(|by| text.get(at + by).copied());
            if parts[0] == parts[1] && parts[0].is_some_and(|b| matches!(b, b' ' | b':' | b',' | b'-')) {
                self.pairs.push(at);
            }
        }
    }
}

/// Whether the runs of visible characters in a short text mean nothing, neither in base85 nor those of the alphabets of
/// base64: what a look shows of a text does not depend on which digits stand in it, and this does.
pub(crate) fn is_meaningless(text: &[u8], room: &mut Vec<u8>) -> bool {
    // As the identifiers of records are.
    if text.iter().all(|b| runs::in_run(*b)) {
        return text.len() < runs::RUN_MIN || runs::mean_nothing(text, room);
    }
    if text.len() <= BLOCK {
        return is_short_and_meaningless(text, room);
    }
    // A run may go on behind a line end.
    let mut word = |word: &[u8]| {
        word.len() < runs::RUN_MIN || memchr::memchr2(b'\n', b'\r', text).is_none() && runs::mean_nothing(word, room)
    };
    text.split(|b| !b.is_ascii_graphic()).filter(|run| run.len() >= runs::RUN_MIN).all(|run| {
        (run.len() < base85::RUN_MIN || run.iter().all(|b| runs::in_run(*b)) || base85::means_nothing(run))
            && run.split(|b| !runs::in_run(*b)).all(&mut word)
    })
}

/// The same of no more than a block, as nearly all of such texts are.
fn is_short_and_meaningless(text: &[u8], room: &mut Vec<u8>) -> bool {
    let mut block = [Signs::default()];
    signs(text, &mut block);
    let [Signs { word, graphic, .. }] = block;
    let long = |class: u64, min: usize, nothing: &mut dyn FnMut(&[u8], u64) -> bool| {
        stretches(class, min).all(|run| nothing(text.get(run.clone()).unwrap_or_default(), mask(&run)))
    };
    long(graphic, base85::RUN_MIN, &mut |run, within| word & within == within || base85::means_nothing(run))
        // A run may go on behind a line end.
        && long(word, runs::RUN_MIN, &mut |run, _| {
            memchr::memchr2(b'\n', b'\r', text).is_none() && runs::mean_nothing(run, room)
        })
}

/// Which runs of a short text have to be decoded to tell that it means nothing, whatever digits stand in it: one of visible
/// characters, and one of those of base64. Most texts that have to be asked about have no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspects {
    marked: [u8; 2],
    word: [u8; 2],
}

impl Suspects {
    /// None when there are others.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        if text.len() > BLOCK || memchr::memchr2(b'\n', b'\r', text).is_some() {
            return None;
        }
        let mut block = [Signs::default()];
        signs(text, &mut block);
        let [Signs { word, graphic, .. }] = block;
        let sole = |runs: &mut dyn Iterator<Item = Range<usize>>| match (runs.next(), runs.next()) {
            (run, None) => run.map_or(Some([0; 2]), |run| Some([run.start as u8, run.end as u8])),
            _ => None,
        };
        let marked = sole(&mut stretches(graphic, base85::RUN_MIN).filter(|run| word & mask(run) != mask(run)))?;
        Some(Self { marked, word: sole(&mut stretches(word, runs::RUN_MIN))? })
    }

    /// What [`is_meaningless`] says of a text that differs from the one asked about in digits alone.
    pub(crate) fn mean_nothing(self, text: &[u8], room: &mut Vec<u8>) -> bool {
        let run = |[start, end]: [u8; 2]| text.get(usize::from(start)..usize::from(end)).unwrap_or_default();
        let (marked, word) = (run(self.marked), run(self.word));
        (marked.is_empty() || base85::means_nothing(marked)) && (word.is_empty() || runs::mean_nothing(word, room))
    }
}

/// The stretches of so many set bits and more.
fn stretches(mut mask: u64, min: usize) -> impl Iterator<Item = Range<usize>> {
    std::iter::from_fn(move || {
        while mask != 0 {
            let start = mask.trailing_zeros();
            let len = (mask >> start).trailing_ones();
            mask &= u64::MAX.checked_shl(start + len).unwrap_or_default();
            if len as usize >= min {
                return Some(start as usize..(start + len) as usize);
            }
        }
        None
    })
}

/// The bits of a range that is not empty.
const fn mask(range: &Range<usize>) -> u64 {
    (u64::MAX >> (BLOCK - (range.end - range.start))) << range.start
}

/// Whether the byte at `at`, a sign, may begin something by what stands beside it.
fn begins(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|b| text.get(b)).copied().unwrap_or_default();
    let next = text.get(at + 1).copied().unwrap_or_default();
    match text.get(at) {
        Some(b'+') => {
            // A blank or a quote on either side: strings that a program puts together.
            let quoted = |b: u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`');
            matches!(next, b'A' | b'H' | b'I') || b"ouOU".contains(&before) || quoted(before) && quoted(next)
        }
        // A mark of VIQR, or a call: the last letters of the names that are known.
        Some(b'(') => b"abdefmnrstvwy".contains(&(before | 0x20)),
        Some(b'^') => b"aeoAEO".contains(&before),
        Some(b'=') => !escape::is_plain_value(text, at),
        Some(b'<' | b'/') => before.is_ascii_digit(),
        // What UTF-8 became that was taken for something else, and letters of the old sets.
        Some(0xc2) => matches!(next, 0xa8..=0xbf) || (0x80..=0xbf).contains(&before),
        Some(0xe2) => text.get(at..).is_some_and(|rest| rest.starts_with(turned::TURN)),
        _ => true,
    }
}

/// The places of set bits, the first of which is `base`.
pub(super) fn places(mut mask: u64, base: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < BLOCK).then_some(base + bit)
    })
}

/// A bit of each byte of a mask that is full, and perhaps of some above one that only seem so.
const fn full(mask: u64) -> u64 {
    (!mask).wrapping_sub(0x0101_0101_0101_0101) & mask & 0x8080_8080_8080_8080
}

/// Runs of one class, from masks.
struct Runs {
    /// Shorter ones are none. So long that a run covers eight bytes that begin at a multiple of eight: two blocks without
    /// are passed over.
    min: u32,
    /// Where the run began that the last block ended in, if that is long enough.
    open: Option<usize>,
    /// It has a mark.
    marked: bool,
    /// The last block, and what [`full`] says of its class.
    before: (u64, u64),
    full_before: u64,
}

impl Runs {
    const fn new(min: usize) -> Self {
        assert!(16 <= min && min <= 32, "what `ends` can tell");
        Self { min: min as u32, open: None, marked: false, before: (0, 0), full_before: 0 }
    }

    /// Reads a block: the bytes of the class, and marks of which a run must have one.
    #[inline]
    fn step(&mut self, base: usize, class: u64, marks: u64, end: usize, found: &mut Vec<Range<usize>>) {
        let full = full(class);
        if full | self.full_before != 0 || self.open.is_some() {
            self.runs(base, class, marks, end, found);
        }
        (self.before, self.full_before) = ((class, marks), full);
    }

    fn runs(&mut self, base: usize, class: u64, marks: u64, end: usize, found: &mut Vec<Range<usize>>) {
        let mut ends = self.ends(class);
        if let Some(start) = self.open {
            let len = ends.trailing_ones();
            let within = u64::MAX.checked_shr(u64::BITS - len).unwrap_or_default();
            self.marked |= marks & within != 0;
            if len == u64::BITS {
                return;
            }
            self.open = None;
            self.tell(start..base + len as usize, self.marked, end, found);
            ends &= !within;
        }
        while ends != 0 {
            // Where it is long enough, and how far it goes on from there.
            let first = ends.trailing_zeros();
            let len = (ends >> first).trailing_ones();
            let behind = first + len;
            let from = u64::BITS + 1 + first - self.min;
            let within = (u128::MAX >> (u128::BITS - (self.min - 1 + len))) << from;
            let marked = (u128::from(marks) << u64::BITS | u128::from(self.before.1)) & within != 0;
            let start = (base + first as usize + 1).saturating_sub(self.min as usize);
            if behind == u64::BITS {
                (self.open, self.marked) = (Some(start), marked);
                return;
            }
            self.tell(start..base + behind as usize, marked, end, found);
            ends &= u64::MAX << behind;
        }
    }

    /// The bytes of a block up to which a run is long enough.
    #[inline]
    fn ends(&self, class: u64) -> u64 {
        // What stands before both blocks is missing, and matters to none of the bytes of the second.
        let one = u128::from(class) << u64::BITS | u128::from(self.before.0);
        let two = one & one << 1;
        let four = two & two << 2;
        let eight = four & four << 4;
        let sixteen = eight & eight << 8;
        ((sixteen & sixteen << (self.min - 16)) >> u64::BITS) as u64
    }

    /// Takes up the run that the last block ended in, before `base`, however short.
    fn reopen(&mut self, base: usize) {
        let (class, marks) = self.before;
        let tail = class.leading_ones();
        if self.open.is_none() && tail > 0 {
            self.open = Some(base - tail as usize);
            self.marked = marks & !u64::MAX.checked_shr(tail).unwrap_or_default() != 0;
        }
    }

    fn tell(&self, run: Range<usize>, marked: bool, end: usize, found: &mut Vec<Range<usize>>) {
        if run.len() >= self.min as usize && marked && run.start < end {
            found.push(run.start..run.end.min(end));
        }
    }

    /// The last block ended at `at`, a run perhaps behind it.
    fn end(
        &mut self,
        text: &[u8],
        at: usize,
        end: usize,
        class: fn(u8) -> bool,
        mark: fn(u8) -> bool,
        found: &mut Vec<Range<usize>>,
    ) {
        self.reopen(at);
        if let Some(start) = self.open {
            let more = || text.get(at..).unwrap_or_default().iter().copied().take_while(|b| class(*b));
            self.tell(start..at + more().count(), self.marked || more().any(mark), end, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs of a class that begin in `core`, byte by byte.
    fn plain(
        text: &[u8],
        core: &Range<usize>,
        min: usize,
        class: fn(u8) -> bool,
        mark: fn(u8) -> bool,
    ) -> Vec<Range<usize>> {
        let (mut found, mut at) = (Vec::new(), core.start);
        while at < core.end {
            let len = text[at..].iter().take_while(|b| class(**b)).count();
            if len >= min && text[at..at + len].iter().any(|b| mark(*b)) {
                found.push(at..(at + len).min(core.end));
            }
            at += len.max(1);
        }
        found
    }

    proptest! {
        #[test]
        fn runs_are_those_of_a_plain_reading(
            pieces in proptest::collection::vec(
                prop_oneof![("[a-z0-9+]{0,80}", 1usize..2), ("[.:]", 1usize..30), (" ", 1usize..3), ("[a-z]{3} ", 1usize..90)],
                0..12,
            ),
            ends in (0usize..200, 0usize..200),
        ) {
            let text: String = pieces.iter().map(|(piece, n)| piece.repeat(*n)).collect();
            let text = text.as_bytes();
            let core = ends.0.min(text.len())..text.len().saturating_sub(ends.1).max(ends.0.min(text.len()));
            let look = Look::of(text, &core);
            prop_assert_eq!(&look.words, &plain(text, &core, runs::RUN_MIN, runs::in_run, |_| true));
            let graphic = |b: u8| b.is_ascii_graphic();
            prop_assert_eq!(&look.marked, &plain(text, &core, base85::RUN_MIN, graphic, |b| !runs::in_run(b)));
        }

        #[test]
        fn pairs_and_signs_are_told_wherever_they_stand(filler in 0usize..300, behind in 0usize..300) {
            for (shown, by) in [("53 e1 bb", 0), ("0x53", 0), ("x53:E1:BB", 1)] {
                let text = format!("{}{shown}{}", "z ".repeat(filler), " z".repeat(behind));
                let look = Look::of(text.as_bytes(), &(0..text.len()));
                prop_assert_eq!(&look.pairs, &[2 * filler + by]);
            }
            let text = format!("{}x%3\u{b7}{}", "z ".repeat(filler), " z".repeat(behind));
            let look = Look::of(text.as_bytes(), &(0..text.len()));
            prop_assert_eq!(&look.signs, &[2 * filler + 1, 2 * filler + 3]);
        }
    }

    proptest! {
        #[test]
        fn files_and_turns_are_those_of_a_plain_search(
            pieces in proptest::collection::vec(
                prop_oneof!["begin [0-9]", "[ =>xé]{0,2}begin ", " [0-9]{1,3}", "[\u{2028}-\u{202f}–“]", "[x ]{0,70}", "[bx ]{0,9}"],
                0..20,
            ),
            ends in (0usize..100, 0usize..100),
        ) {
            let text = pieces.concat();
            let text = text.as_bytes();
            let core = ends.0.min(text.len())..text.len().saturating_sub(ends.1).max(ends.0.min(text.len()));
            let look = Look::of(text, &core);
            let starts = |at: usize, with: &[u8]| text[at..].starts_with(with);
            let turns: Vec<usize> = core.clone().filter(|at| starts(*at, turned::TURN)).collect();
            let told: Vec<usize> = look.signs.iter().copied().filter(|at| text[*at] == 0xe2).collect();
            prop_assert_eq!(told, turns);
            prop_assert_eq!(look.file, uu::begin(text, core.start, core.end));
        }
    }

    #[test]
    fn everyday_text_shows_nothing() {
        for text in ["", "Kính gửi Ông (bà) An, số 12/QĐ-BHXH", "001090123456", "de 12", "a+b < c", "1,5 + 2 = "]
        {
            let look = Look::of(text.as_bytes(), &(0..text.len()));
            assert_eq!(look.is_empty(), !text.contains('='), "{text}: {look:?}");
        }
    }
}
