//! One look at a window of text for everything that may be hidden in it: where a writing may begin, and which runs of
//! characters are long enough to be an encoding.
//!
//! Most texts show nothing, and nothing is then read a second time. It decodes nothing itself.

use std::ops::Range;

use chot_detectors::{BLOCK, Blocks, Sheet, Signs, signs};

use super::encoded::{self, Lines};
use super::{base85, carried, escape, runs, turned, uu};
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
    /// Where a code may begin that letters draw.
    pub(super) drawn: Option<usize>,
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
    /// Characters of control stand in it, as in a file whose bytes are its letters.
    pub(super) raw: bool,
}

/// What is needed to tell whether runs of characters mean anything.
#[derive(Default)]
pub(crate) struct Room {
    /// What one decodes to.
    decoded: Vec<u8>,
    /// What beginnings are known to mean.
    beginnings: base85::Beginnings,
}

/// Blocks looked at together, one more than is judged.
const MANY: usize = 64 + 1;
/// Blocks of a value.
const FEW: usize = 3 + 1;
/// Bytes of a line of running text, or not many fewer.
const LINE_BYTES: usize = 128;

impl Look {
    /// Looks at `core`; what stands behind it tells how long a run is that reaches its end.
    pub(crate) fn of(text: &[u8], core: &Range<usize>) -> Self {
        // A value has few lines, if any.
        let is_value = core.len() <= (FEW - 1) * BLOCK;
        let lines = if core.len() < MANY * BLOCK { Vec::new() } else { Vec::with_capacity(core.len() / LINE_BYTES) };
        let may_hold_file = uu::may_hold_file(text, core);
        let mut reading = Reading {
            text,
            core,
            look: Self { lines, ..Self::default() },
            words: Runs::new(runs::RUN_MIN),
            marked: Runs::new(base85::RUN_MIN),
            twelves: Twelves::default(),
            is_cut: false,
            may_hold_file,
        };
        if is_value {
            reading.sheets::<FEW>()
        } else {
            reading.sheets::<MANY>()
        }
        let Reading { mut look, mut words, mut marked, twelves, .. } = reading;
        let seen = core.start + core.len().next_multiple_of(BLOCK);
        words.end(text, seen, core.end, runs::in_run, |_| true, &mut look.words);
        marked.end(text, seen, core.end, |b| b.is_ascii_graphic(), |b| !runs::in_run(b), &mut look.marked);
        if may_hold_file && look.file.is_none() {
            // That of a file that begins at the very end may stand behind all this.
            let mut behind = seen..text.len().min(uu::mode_ends(core.end));
            look.file = behind.find_map(|at| uu::begin_of(text, at).filter(|at| core.contains(at)));
        }
        look.pairs.sort_unstable();
        // A short file may have none of the others.
        let beginning = text.get(core.start..core.end.min(core.start + 4)).unwrap_or_default();
        look.raw |= beginning.iter().any(|b| carried::is_control(*b));
        look.twelves = twelves.end();
        look.dump = super::dump::begin(text, core, look.lines.iter().map(|(end, _)| *end));
        look.drawn = super::blocks::begin(text, core, look.lines.iter().map(|(end, _)| *end));
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
        Scope { encoded: self.encoded, twelves: self.twelves, name: 0 }
    }

    /// Whether there is nothing to look into.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            signs,
            words,
            marked,
            pairs,
            file,
            dump,
            drawn,
            lines: _,
            cuts: _,
            long: _,
            twelves: _,
            encoded: _,
            raw,
        } = self;
        signs.is_empty()
            && words.is_empty()
            && marked.is_empty()
            && pairs.is_empty()
            && file.is_none()
            && dump.is_none()
            && drawn.is_none()
            && !raw
    }

    /// Whether all that shows comes to nothing, all of `text` looked at: too few pairs, and runs of characters that mean
    /// nothing.
    pub(crate) fn is_in_vain(&self, text: &[u8], room: &mut Room) -> bool {
        let Self {
            signs,
            words,
            marked,
            pairs,
            file,
            dump,
            drawn,
            lines: _,
            cuts: _,
            long: _,
            twelves: _,
            encoded: _,
            raw,
        } = self;
        let run = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        signs.is_empty()
            && file.is_none()
            && dump.is_none()
            && drawn.is_none()
            && !raw
            && (pairs.is_empty() || super::pairs::are_too_few(text))
            && marked.iter().map(run).all(|run| base85::means_nothing(run, &mut room.beginnings))
            // A run may go on behind a line end.
            && (words.is_empty() || memchr::memchr2(b'\n', b'\r', text).is_none())
            && words.iter().map(run).all(|word| runs::mean_nothing(word, &mut room.decoded))
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

    /// Notes where a writing may begin, by the signs of a block.
    fn signs(&mut self, text: &[u8], base: usize, signs: u64) {
        for at in places(signs, base) {
            if text.get(at) == Some(&b'0') {
                if text.get(at + 2..at + 4).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)) {
                    self.pairs.push(at);
                }
            } else {
                // Those of control that are looked for among all signs, but for the one that terminals have.
                self.raw |= matches!(text.get(at), Some(0 | 0x15 | 0x16 | 0x18));
                if begins(text, at) {
                    self.signs.push(at);
                }
            }
        }
    }

    /// Notes where three pairs of hexadecimal digits begin with the same sign between.
    fn pairs(&mut self, text: &[u8], base: usize, pairs: u64) {
        for at in places(pairs, base) {
            let parts = [2, 5].map(|by| text.get(at + by).copied());
            if parts[0] == parts[1] && parts[0].is_some_and(|b| matches!(b, b' ' | b':' | b',' | b'-')) {
                self.pairs.push(at);
            }
        }
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
}

/// A look being taken.
struct Reading<'t> {
    text: &'t [u8],
    core: &'t Range<usize>,
    look: Look,
    words: Runs,
    marked: Runs,
    twelves: Twelves,
    is_cut: bool,
    may_hold_file: bool,
}

impl Reading<'_> {
    /// Looks at fewer than `N` blocks at a time.
    fn sheets<const N: usize>(&mut self) {
        let mut sheet = Sheet::<N>::default();
        for base in self.core.clone().step_by((N - 1) * BLOCK) {
            sheet.look(self.text.get(base..).unwrap_or_default());
            self.sheet(base, &sheet);
        }
    }

    /// Notes what stands in the blocks from `base` on, as far as the core goes: each class in turn, in the blocks that have any.
    fn sheet<const N: usize>(&mut self, base: usize, sheet: &Sheet<N>) {
        let Self { text, core, look, words, marked, twelves, is_cut, may_hold_file } = self;
        let left = core.end - base;
        let len = left.div_ceil(BLOCK).min(N - 1);
        let judged = u64::MAX >> (BLOCK - len);
        // The last block may go on behind the core.
        let within = |n: usize| if left - n * BLOCK < BLOCK { (1 << (left - n * BLOCK)) - 1 } else { u64::MAX };
        let blocks = |of: u64| places(of & judged, 0).map(move |n| (n, base + n * BLOCK));
        let Blocks { sign, line, cut, pairs, modes, four, words: full, graphics, .. } = sheet.blocks;
        twelves.sheet(four, len, |n| sheet.digit[n] & within(n), |n| look.long.push(base + n * BLOCK));
        for (n, at) in blocks(line | cut) {
            *is_cut = look.lines(at, sheet.line[n] & within(n), sheet.cut[n], *is_cut);
        }
        for (n, _) in blocks(cut) {
            look.cuts += (sheet.cut[n] & within(n)).count_ones();
        }
        for (n, at) in blocks(sign) {
            look.signs(text, at, sheet.sign[n] & within(n));
        }
        for (n, at) in blocks(pairs) {
            look.pairs(text, at, sheet.pairs[n] & within(n));
        }
        if *may_hold_file && look.file.is_none() {
            let file = |at: usize| uu::begin_of(text, at).filter(|at| core.contains(at));
            look.file = blocks(modes).find_map(|(n, at)| places(sheet.modes[n], at).find_map(file));
        }
        words.sheet(base, len, full & judged, |n| (sheet.word[n], u64::MAX), core.end, &mut look.words);
        let marks = |n: usize| (sheet.graphic[n], sheet.graphic[n] & !sheet.word[n]);
        marked.sheet(base, len, graphics & judged, marks, core.end, &mut look.marked);
    }
}

/// Whether the runs of visible characters in a short text mean nothing, neither in base85 nor those of the alphabets of
/// base64: what a look shows of a text does not depend on which digits stand in it, and this does.
pub(crate) fn is_meaningless(text: &[u8], room: &mut Room) -> bool {
    // As the identifiers of records are.
    if text.iter().all(|b| runs::in_run(*b)) {
        return text.len() < runs::RUN_MIN || runs::mean_nothing(text, &mut room.decoded);
    }
    if text.len() <= BLOCK {
        return is_short_and_meaningless(text, room);
    }
    // A run may go on behind a line end.
    let Room { decoded, beginnings } = room;
    let mut word = |word: &[u8]| {
        word.len() < runs::RUN_MIN || memchr::memchr2(b'\n', b'\r', text).is_none() && runs::mean_nothing(word, decoded)
    };
    text.split(|b| !b.is_ascii_graphic()).filter(|run| run.len() >= runs::RUN_MIN).all(|run| {
        let nothing = |run: &[u8]| run.len() < base85::RUN_MIN || run.iter().all(|b| runs::in_run(*b));
        (nothing(run) || base85::means_nothing(run, beginnings)) && run.split(|b| !runs::in_run(*b)).all(&mut word)
    })
}

/// The same of no more than a block, as nearly all of such texts are.
fn is_short_and_meaningless(text: &[u8], room: &mut Room) -> bool {
    let mut block = [Signs::default()];
    signs(text, &mut block);
    let [Signs { word, graphic, .. }] = block;
    let long = |class: u64, min: usize, nothing: &mut dyn FnMut(&[u8], u64) -> bool| {
        stretches(class, min).all(|run| nothing(text.get(run.clone()).unwrap_or_default(), mask(&run)))
    };
    let Room { decoded, beginnings } = room;
    let marked = &mut |run: &[u8], within| word & within == within || base85::means_nothing(run, beginnings);
    long(graphic, base85::RUN_MIN, marked)
        // A run may go on behind a line end.
        && long(word, runs::RUN_MIN, &mut |run, _| {
            memchr::memchr2(b'\n', b'\r', text).is_none() && runs::mean_nothing(run, decoded)
        })
}

/// Which runs of a short text have to be decoded to tell that it means nothing, whatever digits stand in it: one of visible
/// characters, and one of those of base64. Most texts that have to be asked about have no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspects {
    marked: [u8; 2],
    word: [u8; 2],
    /// There are signs that may stand around an encoding.
    framed: bool,
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
        let means = |run: &Range<usize>| !runs::is_chance_whatever_digits(text.get(run.clone()).unwrap_or_default());
        let word = sole(&mut stretches(word, runs::RUN_MIN).filter(means))?;
        Some(Self { marked, word, framed: marked != [0; 2] && base85::may_be_framed(text) })
    }

    /// What [`is_meaningless`] says of a text that differs from the one asked about in digits alone.
    pub(crate) fn mean_nothing(self, text: &[u8], room: &mut Room) -> bool {
        let run = |[start, end]: [u8; 2]| text.get(usize::from(start)..usize::from(end)).unwrap_or_default();
        let (marked, word) = (run(self.marked), run(self.word));
        let means_nothing = if self.framed { base85::means_nothing } else { base85::bare_means_nothing };
        (marked.is_empty() || means_nothing(marked, &mut room.beginnings))
            && (word.is_empty() || runs::mean_nothing(word, &mut room.decoded))
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
        // UTF-16 has a zero in every other byte.
        Some(0) => text.get(at + 2) == Some(&0),
        // Other characters of control are seen beside the one that matters.
        Some(0x01..0x20) => text.get(at) == Some(&0x1b) && next == b'[',
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

/// Runs of one class, from masks.
struct Runs {
    /// Shorter ones are none. So long that a run covers eight bytes that begin at a multiple of eight: two blocks without
    /// are passed over.
    min: u32,
    /// Where the run began that the last block ended in, if that is long enough.
    open: Option<usize>,
    /// It has a mark.
    marked: bool,
    /// The last block: the class, and marks.
    before: (u64, u64),
    /// Whether it had eight bytes that a run may cover.
    full: bool,
}

impl Runs {
    const fn new(min: usize) -> Self {
        assert!(16 <= min && min <= 32, "what `ends` can tell");
        Self { min: min as u32, open: None, marked: false, before: (0, 0), full: false }
    }

    /// Reads so many blocks from `base` on, of which those of `full` have eight bytes that a run may cover: the bytes of the
    /// class, and marks of which a run must have one.
    fn sheet(
        &mut self,
        base: usize,
        len: usize,
        full: u64,
        block: impl Fn(usize) -> (u64, u64),
        end: usize,
        found: &mut Vec<Range<usize>>,
    ) {
        let first = self.full || self.open.is_some();
        let mut due = full | full << 1 | u64::from(first);
        let due_within = u64::MAX >> (BLOCK - len);
        due &= due_within;
        while due != 0 {
            let n = due.trailing_zeros() as usize;
            due &= due - 1;
            if n > 0 {
                self.before = block(n - 1);
            }
            let (class, marks) = block(n);
            self.runs(base + n * BLOCK, class, marks, end, found);
            if self.open.is_some() {
                due |= 2 << n & due_within;
            }
        }
        self.before = block(len - 1);
        self.full = full >> (len - 1) & 1 == 1;
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
        let two = class & class << 1;
        let four = two & two << 2;
        let eight = four & four << 4;
        let sixteen = eight & eight << 8;
        let within = sixteen & sixteen << (self.min - 16);
        // Those of a run that goes on from the block before, of which no more than the whole block is known.
        let (tail, head) = (self.before.0.leading_ones(), class.trailing_ones());
        let below = |n: u32| !u64::MAX.unbounded_shl(n);
        within | below(head) & !below((self.min - 1).saturating_sub(tail))
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
        fn long_numbers_are_those_of_every_block_in_turn(
            text in "([0-9]{1,13}|[0-9]{12}|[ x]{0,7}|[ x]{60}|[0-9]{64}|[0-9]{4} [0-9]{9}){0,40}",
            before in prop::sample::select(vec![0_usize, 40, 4_000, 4_090]),
            end in 0..200_usize,
        ) {
            let text = [" ".repeat(before), text].concat().into_bytes();
            let core = 0..text.len().saturating_sub(end);
            let look = Look::of(&text, &core);
            let (mut twelves, mut long) = (Twelves::default(), Vec::new());
            for (n, block) in text[core].chunks(BLOCK).enumerate() {
                let digit = block.iter().rev().fold(0, |bits, b| bits << 1 | u64::from(b.is_ascii_digit()));
                if twelves.add(digit) {
                    long.push(n * BLOCK);
                }
            }
            prop_assert_eq!(look.long_numbers(), long.as_slice());
            prop_assert_eq!(look.scope().twelves, twelves.end());
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
