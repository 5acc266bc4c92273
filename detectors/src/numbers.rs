//! Candidates: the one pass over a text that finds every run of digits that could be a number of ours.
//!
//! It judges nothing and knows no identifier, only lengths and layouts. Every group of digits is looked at a bounded
//! number of times and every decision depends on at most [`NUMBER_BYTES_MAX`] bytes to either side, so cost is linear
//! and a window of the text gives the same candidates as the whole.

use std::num::NonZeroU64;
use std::ops::Range;

use crate::digits::{GROUP_DIGITS_MAX, Gap, Group, digit, gap, group};
use crate::simd::{BLOCK, Look, Stretch, Work, widest};

mod alike;
pub(crate) mod encoded;
mod links;
pub(crate) mod parted;
#[cfg(test)]
mod tests;

use alike::Alike;
use links::{Chain, Links};

/// How the digits of a number are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    /// One run.
    Solid,
    /// Groups of equal size or falling in a familiar pattern, one kind of separator.
    Regular,
    /// Every digit on its own.
    Spread,
    /// One kind of separator, groups of any size.
    Uneven,
    /// Several kinds of separator, or a line end between the digits. Only a word directly before makes it a number.
    Mixed,
}

impl Layout {
    /// What plain digits hide behind, if they are laid out like this.
    const fn hides(self) -> Option<&'static str> {
        match self {
            Self::Spread => Some("spread-digits"),
            Self::Uneven | Self::Mixed => Some("odd-grouping"),
            Self::Solid | Self::Regular => None,
        }
    }
}

/// Most digits of a number: a health insurance card's thirteen with the five of a facility behind.
const NUMBER_DIGITS_MAX: usize = 18;

/// A run of digits that could be a number.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    /// From its first to its last digit.
    pub(crate) range: Range<usize>,
    digits: [u8; NUMBER_DIGITS_MAX],
    len: u8,
    pub(crate) layout: Layout,
    /// Sizes of the groups begin with this one.
    pub(crate) first_group: usize,
    /// The separator within, `Break` for a solid number.
    pub(crate) separator: Gap,
    /// What stands between it and the digits before and after it.
    pub(crate) before: Gap,
    pub(crate) after: Gap,
    pub(crate) hidden: Option<&'static str>,
}

impl Number {
    /// The digits as ASCII.
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether it is a run of ASCII digits, all that stand there.
    pub(crate) fn is_plain(&self) -> bool {
        self.layout == Layout::Solid && self.range.len() == self.len()
    }

    /// The same number at another place, in a text that says the same.
    pub(crate) fn at(&self, range: Range<usize>) -> Self {
        Self { range, ..self.clone() }
    }

    /// A number read by other means, such as through look-alike letters.
    pub(crate) fn disguised(range: Range<usize>, plain: &[u8], how: &'static str) -> Option<Self> {
        let mut digits = [0; NUMBER_DIGITS_MAX];
        digits.get_mut(..plain.len())?.copy_from_slice(plain);
        let len = plain.len() as u8;
        let (separator, before, after) = (Gap::Break, Gap::Break, Gap::Break);
        let layout = Layout::Mixed;
        Some(Self { range, digits, len, layout, first_group: plain.len(), separator, before, after, hidden: Some(how) })
    }
}

/// What the pass found.
#[derive(Debug)]
pub(crate) enum Candidate {
    /// Digits.
    Number(Number),
    /// An `@`, at this place.
    At(usize),
    /// The digits after `IDVNM`, at this place: the first line of a machine-readable zone.
    Zone(usize),
    /// Capitalised syllables that a surname begins.
    Name(Range<usize>),
    /// A secrecy grade in capitals.
    Marking(Range<usize>),
    /// A word that announces something, and where it stands.
    Word(crate::trigger::Trigger, Range<usize>),
    /// What stands before the hyphen of a plate.
    Hyphen(Range<usize>),
    /// The whole value of a cell or field.
    Cell(Range<usize>),
    /// Digits and letters that look like digits in one word, which begins at this place.
    Lookalikes(usize),
}

/// Lengths a number may have, as a set of bits: 7 (passport), 8 to 14, 18 (card and facility).
const SOLID: u32 = 1 << 7 | 0b111_1111 << 8 | 1 << 18;
/// Lengths a number in groups may have; eight is a hotline's.
const GROUPED: u32 = 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13;
const GROUPED_MAX: usize = GROUPED.ilog2() as usize;

/// Which numbers are asked for, by their lengths as sets of bits.
pub(crate) struct Asked {
    /// Of one run of digits with a `|` behind.
    lengths: u32,
    /// Of others, by the byte before.
    behind: [u32; 256],
    /// Of numbers in groups, those of which nothing comes where the sign that parts them, other than a blank, stands
    /// before or behind with more digits.
    apart: u32,
}

impl Asked {
    /// All that is to be had of so many digits.
    pub(crate) const fn all(lengths: u32) -> Self {
        Self { lengths, behind: [lengths; 256], apart: 0 }
    }

    /// Of `lengths` only those of some use, by the byte before and in a row that goes on.
    pub(crate) fn some(lengths: u32, behind: impl Fn(u8) -> u32, apart: u32) -> Self {
        let mut table = [0; 256];
        table.iter_mut().zip(0..=u8::MAX).for_each(|(slot, byte)| *slot = behind(byte) & lengths);
        Self { lengths, behind: table, apart }
    }

    /// Those that may begin at `start`.
    #[inline]
    fn at(&self, text: &[u8], start: usize) -> u32 {
        let before = start.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or_default();
        self.behind[usize::from(before)]
    }

    /// Those that one run of digits may be.
    #[inline]
    fn of_run(&self, text: &[u8], range: Range<usize>) -> u32 {
        if text.get(range.end) == Some(&b'|') { self.lengths } else { self.at(text, range.start) }
    }
}

/// Numbers of any length.
pub(crate) static EVERY_NUMBER: Asked = Asked::all(u32::MAX);

/// Who is told what the pass finds.
pub(crate) trait Finder {
    /// Whether nothing comes of a number of so many digits at `range`, whichever they are and however they are laid out.
    fn is_idle(&mut self, range: Range<usize>, digits: usize) -> bool {
        let _ = (range, digits);
        false
    }

    /// What digits tell of themselves: all else there is to know of a candidate is told by how they are laid out.
    fn by_digits(&mut self, tell: impl FnOnce() -> bool) -> bool {
        tell()
    }

    /// A run of digits.
    fn number(&mut self, number: &Number);

    /// Anything else.
    fn candidate(&mut self, candidate: Candidate);
}

impl<F: FnMut(Candidate)> Finder for F {
    fn number(&mut self, number: &Number) {
        self(Candidate::Number(number.clone()));
    }

    fn candidate(&mut self, candidate: Candidate) {
        self(candidate);
    }
}

/// Room for a stretch: at most every other of 64 bytes begins a group.
type Groups = [(Group, Gap); BLOCK / 2];

/// Passes over `text[range]` and tells `found` every candidate that starts there, roughly in order; of numbers those
/// that are asked for.
#[cfg(test)]
pub(crate) fn candidates(text: &[u8], range: Range<usize>, asked: &Asked, found: &mut impl Finder) {
    let mut look = Look::new(text, range.start);
    candidates_of(&mut look, text, range, asked, found);
}

/// As [`candidates`], by a look at `text` from the beginning of the range on.
pub(crate) fn candidates_of(
    look: &mut Look<'_>,
    text: &[u8],
    range: Range<usize>,
    asked: &Asked,
    found: &mut impl Finder,
) {
    widest(Pass { look, text, range, asked, found });
}

/// One call of [`candidates_of`].
struct Pass<'p, 't, F> {
    look: &'p mut Look<'t>,
    text: &'p [u8],
    range: Range<usize>,
    asked: &'p Asked,
    found: &'p mut F,
}

impl<F: Finder> Work for Pass<'_, '_, F> {
    #[inline(always)]
    fn run(self) {
        let Self { look, text, range, asked, found } = self;
        let mut chain = Chain::new(asked);
        let mut links = [(Group::plain(0, 0), Gap::Break); BLOCK / 2];
        let mut alike = Alike::default();
        let mut at = range.start;
        while let Some(busy) = look.busy(at).filter(|busy| *busy < range.end) {
            match look.stretch(busy) {
                Stretch::Few(end) => {
                    at = end;
                    continue;
                }
                Stretch::Plain(end, digits) if end <= range.end => {
                    alike.read(text, busy..end, digits, asked, &mut links, found);
                    at = end;
                    continue;
                }
                Stretch::Plain(end, digits) => {
                    plain(text, busy, digits, range.end, asked, &mut links, found);
                    at = end;
                    continue;
                }
                Stretch::Open(digits) => {
                    at = plain(text, busy, digits, range.end, asked, &mut links, found);
                    if at > busy {
                        continue;
                    }
                }
                Stretch::Any => {}
            }
            // Foreign characters may be no digits, and a digit may stand behind them in the same word.
            let is_digit = |place: usize| text.get(place..).and_then(digit).is_some();
            let mut first = look.number(busy);
            while let Some(place) = first.filter(|place| !is_digit(*place)) {
                first = look.number(place + 1).filter(|next| *next < busy + 2 * STEP);
            }
            let Some(first) = first else {
                // Half of what was seen may belong to a word that has a digit.
                at = busy + STEP;
                continue;
            };
            at = first;
            if at >= range.end {
                break;
            }
            let Some(mut current) = read(text, at) else {
                at += 1;
                continue;
            };
            loop {
                at = current.end;
                around(text, current.start..current.end, current.len(), found);
                let (kind, next) = if current.is_too_long() { (Gap::Break, at) } else { gap(text, at) };
                chain.push(current, kind, text, found);
                if kind == Gap::Break {
                    break;
                }
                let Some(following) = read(text, next) else { break };
                current = following;
            }
        }
    }
}

/// The same for a stretch of ASCII at `base`, whose digits are known: no group is longer than it looks, but for one that
/// all 64 bytes end with. Tells where to go on if the stretch is longer than that: `base` itself if its groups are one
/// row without end.
fn plain(
    text: &[u8],
    base: usize,
    [digits, likes]: [u64; 2],
    end: usize,
    asked: &Asked,
    links: &mut Groups,
    found: &mut impl Finder,
) -> usize {
    // Where groups begin and where they have ended, in turns; the end of one that the 64 bytes cut is missing.
    let mut edges = digits ^ digits << 1;
    // No letter that touches a group makes it anything but a number, but for those that pass for digits.
    let odd = edges & (digits & likes << 1 | !digits & likes);
    let (mut n, mut touched, mut first, mut done) = (0, 0_u32, 0, base);
    while let Some(start) = NonZeroU64::new(edges) {
        let start = start.trailing_zeros() as usize;
        edges &= edges - 1;
        if n == 0 {
            if base + start >= end {
                return end;
            }
            first = start;
            // What touches the first of all is not known.
            touched = u32::from(start == 0);
        }
        let Some(stop) = NonZeroU64::new(edges) else {
            n += 1;
            break;
        };
        let stop = stop.trailing_zeros() as usize;
        edges &= edges - 1;
        if odd != 0 && (odd >> start | odd >> stop) & 1 != 0 {
            touched |= 1 << n;
        }
        let after = if stop - start > GROUP_DIGITS_MAX { Gap::Break } else { gap(text, base + stop).0 };
        let Some(link) = links.get_mut(n) else { return base };
        *link = (Group::plain(base + start, stop - start), after);
        n += 1;
        if after == Gap::Break {
            done = base + stop;
            row(text, links.get(..n).unwrap_or_default(), touched, asked, found);
            (n, touched) = (0, 0);
        }
    }
    if n == 0 {
        // Half of what was seen may belong to a word that has a digit.
        return done.max(base + STEP);
    }
    // A row that goes on behind all this is read from its beginning, with the letters that may belong to it.
    let letters = ((digits | likes) << (BLOCK - 1 - first) << 1).leading_ones() as usize;
    done.max(base + first - letters.min(first))
}

/// Tells what there is in a whole row of groups; letters that pass for digits touch those of `touched`.
#[inline]
fn row(text: &[u8], links: &[(Group, Gap)], mut touched: u32, asked: &Asked, found: &mut impl Finder) {
    while touched != 0 {
        if let Some((group, _)) = links.get(touched.trailing_zeros() as usize) {
            around(text, group.start..group.end, group.len(), found);
        }
        touched &= touched - 1;
    }
    let all = Links { links, asked };
    let mut rest = links;
    while let [(group, after), behind @ ..] = rest {
        let first = links.len() - rest.len();
        if asked.lengths & SOLID & 1 << group.len() != 0 {
            all.run(first, group, *after, text, found);
        }
        // Mostly there is no room left in a number for the next.
        if *after != Gap::Break && behind.first().is_some_and(|(next, _)| group.len() + next.len() <= GROUPED_MAX) {
            all.row(first, group, *after, text, found);
        }
        rest = behind;
    }
}

/// How far to go on where no digit is near.
const STEP: usize = 32;

/// The group of digits at `at`.
#[inline(always)]
fn read(text: &[u8], at: usize) -> Option<Group> {
    let len = plain_digits(text.get(at..).unwrap_or_default());
    let plain = (1..BLOCK).contains(&len) && text.get(at + len).is_none_or(|b| *b < 0x80);
    if plain { Some(Group::plain(at, len)) } else { group(text, at) }
}

/// How many plain digits `text` begins with, [`BLOCK`] or more for more. Eight at a time: no processor guesses how many there
/// are.
#[inline(always)]
fn plain_digits(text: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 0xff;
    let (chunks, rest) = text.get(..BLOCK).unwrap_or(text).as_chunks::<8>();
    for (n, chunk) in chunks.iter().enumerate() {
        // From 0 to 9 for digits, and more for all else; what is carried on from one byte comes behind the first other one.
        let value = u64::from_le_bytes(*chunk) ^ (EACH * u64::from(b'0'));
        let others = (value.wrapping_add(EACH * (0x80 - 10)) | value) & (EACH * 0x80);
        if others != 0 {
            return 8 * n + others.trailing_zeros() as usize / 8;
        }
    }
    8 * chunks.len() + rest.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// What the letters around a group make of it. Nearly always there are none that matter.
#[inline(always)]
fn around(text: &[u8], range: Range<usize>, digits: usize, found: &mut impl Finder) {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or(b' ');
    let after = text.get(range.end).copied().unwrap_or(b' ');
    if MATTERS[usize::from(before)] || MATTERS[usize::from(after)] {
        told_by(before, after, range.start, digits, found);
    }
}

#[cold]
#[inline(never)]
fn told_by(before: u8, after: u8, at: usize, digits: usize, found: &mut impl Finder) {
    if matches!(before, b'M' | b'm') && digits >= 10 {
        found.candidate(Candidate::Zone(at));
    }
    if is_lookalike(before) || is_lookalike(after) {
        found.candidate(Candidate::Lookalikes(at));
    }
}

/// Whether a byte beside a group may make anything of it.
static MATTERS: [bool; 256] = {
    let mut matters = [false; 256];
    let mut byte = 0;
    while byte < matters.len() {
        matters[byte] = matches!(byte as u8, b'M' | b'm') || is_lookalike(byte as u8);
        byte += 1;
    }
    matters
};

/// Whether a byte is, or ends or begins, a letter that passes for a digit; those beyond ASCII are Greek and Cyrillic.
pub(crate) const fn is_lookalike(byte: u8) -> bool {
    matches!(byte, b'O' | b'o' | b'l' | b'I' | b'S' | b'B' | b'Z' | b'Q')
        || matches!(byte, 0xce | 0xd0 | 0xd1 | 0x86 | 0x96 | 0x9e | 0x9f | 0xbe | 0xbf)
}

/// Whether the four digits before a space or dot begin a hotline: `1900 1234`.
fn is_hotline(text: &[u8], group: &Group) -> bool {
    let mut digits = [0; 4];
    group.len() == 4 && group.write(text, &mut digits).is_some() && matches!(digits, [b'1', b'8' | b'9', b'0', b'0'])
}
