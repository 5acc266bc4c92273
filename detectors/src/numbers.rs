//! Candidates: the one pass over a text that finds every run of digits that could be a number of ours.
//!
//! It judges nothing and knows no identifier, only lengths and layouts. Every group of digits is looked at a bounded
//! number of times and every decision depends on at most [`NUMBER_BYTES_MAX`] bytes to either side, so cost is linear
//! and a window of the text gives the same candidates as the whole.

use std::ops::Range;

use crate::digits::{Gap, Group, Hidden, NUMBER_BYTES_MAX, digit, gap, group};
use crate::simd::{Look, Stretch};

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

/// Passes over `text[range]` and tells `found` every candidate that starts there, roughly in order; of numbers those
/// whose length is in the set of bits `lengths`.
pub(crate) fn candidates(text: &[u8], range: Range<usize>, lengths: u32, mut found: impl FnMut(Candidate)) {
    let mut look = Look::new(text, range.start);
    let mut chain = Chain { links: Vec::new(), done: 0, lengths };
    let mut at = range.start;
    while let Some(busy) = look.busy(at).filter(|busy| *busy < range.end) {
        match look.stretch(busy) {
            Stretch::Few(end) => {
                at = end;
                continue;
            }
            Stretch::Plain(end, digits) => {
                plain(text, busy, digits, range.end, &mut chain, &mut found);
                at = end;
                continue;
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
        let Some(mut current) = read(text, at, &mut look) else {
            at += 1;
            continue;
        };
        loop {
            at = current.end;
            around(text, &current, &mut found);
            let (kind, next) = if current.is_too_long() { (Gap::Break, at) } else { gap(text, at) };
            chain.push(current, kind, text, &mut found);
            if kind == Gap::Break {
                break;
            }
            let Some(following) = read(text, next, &mut look) else { break };
            current = following;
        }
    }
}

/// The same for a stretch of ASCII at `base`, whose digits are known: no group is longer than it looks.
fn plain(text: &[u8], base: usize, mut digits: u64, end: usize, chain: &mut Chain, found: &mut impl FnMut(Candidate)) {
    let mut last = Gap::Break;
    while digits != 0 {
        let start = digits.trailing_zeros() as usize;
        if last == Gap::Break && base + start >= end {
            return;
        }
        let len = (digits >> start).trailing_ones() as usize;
        digits &= u64::MAX << start << (len - 1) << 1;
        let group = Group::plain(base + start, len);
        around(text, &group, found);
        (last, _) = if group.is_too_long() { (Gap::Break, 0) } else { gap(text, group.end) };
        chain.push(group, last, text, found);
    }
}

/// How far to go on where no digit is near.
const STEP: usize = 32;

/// The group of digits at `at`.
#[inline]
fn read(text: &[u8], at: usize, look: &mut Look<'_>) -> Option<Group> {
    let len = look.digits(at);
    let plain = (1..64).contains(&len) && text.get(at + len).is_none_or(|b| *b < 0x80);
    if plain { Some(Group::plain(at, len)) } else { group(text, at) }
}

/// What the letters around a group make of it.
fn around(text: &[u8], group: &Group, found: &mut impl FnMut(Candidate)) {
    let before = text.get(..group.start).and_then(|t| t.last()).copied().unwrap_or(b' ');
    if before == b'M' && group.len() >= 10 {
        found(Candidate::Zone(group.start));
    }
    let after = text.get(group.end).copied().unwrap_or(b' ');
    if is_lookalike(before) || is_lookalike(after) {
        found(Candidate::Lookalikes(group.start));
    }
}

/// Whether a byte is, or ends or begins, a letter that passes for a digit; D0 and 9E are halves of the Cyrillic О.
pub(crate) const fn is_lookalike(byte: u8) -> bool {
    matches!(byte, b'O' | b'o' | b'l' | b'I' | b'S' | b'B' | b'Z' | 0xd0 | 0x9e | 0xbe)
}

/// Groups with gaps between them, and how many of them have been looked at.
struct Chain {
    links: Vec<(Group, Gap)>,
    done: usize,
    lengths: u32,
}

/// Groups ahead that a number may take: every digit on its own, and one to know what follows.
const AHEAD: usize = NUMBER_DIGITS_MAX + 2;
/// Groups behind that say whether a layout goes on to the left.
const BEHIND: usize = 2;

impl Chain {
    fn push(&mut self, group: Group, after: Gap, text: &[u8], found: &mut impl FnMut(Candidate)) {
        if after == Gap::Break && self.links.is_empty() {
            // Most numbers of most texts stand alone.
            return Links { links: &[(group, after)], lengths: self.lengths }.from(0, text, found);
        }
        self.links.push((group, after));
        if after == Gap::Break {
            self.look(self.links.len(), text, found);
            self.links.clear();
            self.done = 0;
        } else if self.links.len() >= 4 * AHEAD {
            let upto = self.links.len() - AHEAD;
            self.look(upto, text, found);
            self.links.drain(..upto - BEHIND);
            self.done = BEHIND;
        }
    }

    fn look(&mut self, upto: usize, text: &[u8], found: &mut impl FnMut(Candidate)) {
        for first in self.done..upto {
            Links { links: &self.links, lengths: self.lengths }.from(first, text, found);
        }
        self.done = upto;
    }
}

/// Groups side by side, each with the gap behind it, and the lengths of numbers asked for.
struct Links<'l> {
    links: &'l [(Group, Gap)],
    lengths: u32,
}

impl Links<'_> {
    fn gap_before(&self, n: usize) -> Gap {
        n.checked_sub(1).and_then(|n| self.links.get(n)).map_or(Gap::Break, |link| link.1)
    }

    /// Every candidate that begins with group `first`.
    fn from(&self, first: usize, text: &[u8], found: &mut impl FnMut(Candidate)) {
        let Some(&(group, separator)) = self.links.get(first) else { return };
        if group.is_too_long() {
            return;
        }
        let before = self.gap_before(first);
        if self.lengths & SOLID & 1 << group.len() != 0
            && let Some(number) = self.number(first, first, Layout::Solid, text)
        {
            found(Candidate::Number(number));
        }
        if separator == Gap::Break {
            return;
        }
        // A layout may begin where its separator begins, or one group later: the first group may belong to what
        // stands before, as the year does in `5/4/1987 001 090 123 456`.
        let begins = before != separator || first < 2 || self.gap_before(first - 1) != separator;
        let leads = before == Gap::Break || text.get(..group.start).is_some_and(|t| t.ends_with(b"+"));
        if !begins && !leads {
            return;
        }
        let (mut sum, mut uniform) = (group.len(), true);
        for last in first + 1..(first + AHEAD).min(self.links.len()) {
            let Some(&(next, after)) = self.links.get(last) else { return };
            uniform &= self.gap_before(last) == separator && separator != Gap::Wrap && separator != Gap::Bracket;
            if !uniform && !leads {
                return;
            }
            sum += next.len();
            if sum > GROUPED_MAX || next.is_too_long() || next.end - group.start > NUMBER_BYTES_MAX {
                return;
            }
            // Eight digits in groups are a date, unless they are a hotline: `1900 1234`.
            let short = sum == 8 && !(last == first + 1 && is_hotline(text, &group));
            if self.lengths & GROUPED & 1 << sum == 0 || short {
                continue;
            }
            let ends = after != separator || self.links.get(last + 1).is_none_or(|(_, beyond)| *beyond != separator);
            let layout = if uniform && begins && ends { self.layout(first, last) } else { Layout::Mixed };
            if (layout != Layout::Mixed || leads)
                && let Some(number) = self.number(first, last, layout, text)
            {
                found(Candidate::Number(number));
            }
        }
    }

    fn layout(&self, first: usize, last: usize) -> Layout {
        let sizes = || self.links.iter().take(last + 1).skip(first).map(|(group, _)| group.len());
        if sizes().all(|n| n == 1) {
            return Layout::Spread;
        }
        // Equal groups, but the last may be longer or shorter: 3-3-3-3, 4-4-4, 3-3-3-1, 3-3-6, 4-3-3, 4-6, 3-9.
        let size = sizes().next().unwrap_or_default();
        let inner = sizes().skip(1).take(last - first - 1);
        let head = size.min(4);
        let regular =
            size > 1 && inner.clone().all(|n| n == head || n == 3) && sizes().next_back().is_some_and(|n| n != 2);
        if regular { Layout::Regular } else { Layout::Uneven }
    }

    fn number(&self, first: usize, last: usize, layout: Layout, text: &[u8]) -> Option<Number> {
        let links = self.links.get(first..=last)?;
        let (head, tail) = (links.first()?, links.last()?);
        let (mut digits, mut len, mut hidden) = ([0; NUMBER_DIGITS_MAX], 0, Hidden::No);
        for (group, _) in links {
            group.write(text, digits.get_mut(len..)?)?;
            len += group.len();
            hidden = hidden.max(group.hidden);
        }
        Some(Number {
            range: head.0.start..tail.0.end,
            digits,
            len: len as u8,
            layout,
            first_group: head.0.len(),
            separator: if first == last { Gap::Break } else { head.1 },
            before: self.gap_before(first),
            after: tail.1,
            hidden: hidden.name().or(match layout {
                Layout::Spread => Some("spread-digits"),
                Layout::Uneven | Layout::Mixed => Some("odd-grouping"),
                Layout::Solid | Layout::Regular => None,
            }),
        })
    }
}

/// Whether the four digits before a space or dot begin a hotline: `1900 1234`.
fn is_hotline(text: &[u8], group: &Group) -> bool {
    let mut digits = [0; 4];
    group.len() == 4 && group.write(text, &mut digits).is_some() && matches!(digits, [b'1', b'8' | b'9', b'0', b'0'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &str) -> Vec<(String, Layout)> {
        let mut all = Vec::new();
        candidates(text.as_bytes(), 0..text.len(), u32::MAX, |candidate| {
            if let Candidate::Number(n) = candidate {
                all.push((String::from_utf8(n.digits().to_vec()).expect("digits"), n.layout));
            }
        });
        all
    }

    fn has(text: &str, digits: &str, layout: Layout) {
        assert!(numbers(text).contains(&(digits.to_owned(), layout)), "{text}: {:?}", numbers(text));
    }

    /// The pass without a look ahead: every group of digits is read, whatever stands around.
    fn plain(text: &[u8], range: Range<usize>, mut found: impl FnMut(Candidate)) {
        let mut chain = Chain { links: Vec::new(), done: 0, lengths: u32::MAX };
        let mut at = range.start;
        while at < range.end {
            let Some(mut current) = group(text, at) else {
                at += 1;
                continue;
            };
            loop {
                at = current.end;
                around(text, &current, &mut found);
                let (kind, next) = if current.is_too_long() { (Gap::Break, at) } else { gap(text, at) };
                chain.push(current, kind, text, &mut found);
                if kind == Gap::Break {
                    break;
                }
                let Some(following) = group(text, next) else { break };
                current = following;
            }
        }
    }

    /// Both passes offer the same, but for letters that pass for digits: there only what can be read matters.
    fn agree(text: &[u8], from: usize, to: usize) {
        let said = |candidate: Candidate| match candidate {
            Candidate::Lookalikes(at) => crate::lookalike::read(text, at).map(|n| format!("{n:?}")),
            other => Some(format!("{other:?}")),
        };
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        candidates(text, from..to, u32::MAX, |candidate| fast.extend(said(candidate)));
        plain(text, from..to, |candidate| slow.extend(said(candidate)));
        assert_eq!(fast, slow, "{}", String::from_utf8_lossy(text));
    }

    fn piece() -> impl Strategy<Value = String> {
        let signs = [
            " ",
            "  ",
            ".",
            "-",
            "/",
            ",",
            ") ",
            " - ",
            "\n",
            "\r\n  > ",
            "-\n",
            "+",
            ":",
            "x",
            "é",
            "ế",
            "O",
            "l",
            "S",
            "Q",
            "\u{200b}",
            "\u{ad}",
            "\u{a0}",
            "\u{2009}",
            "–",
            "•",
            "．",
            "０",
            "９",
            "٣",
            "𝟎",
            "О",
            "і",
            "\u{e0020}",
            "中",
            "ไทย",
            "IDVNM",
            "DN",
            "1900 ",
            "không ",
        ];
        prop_oneof![
            3 => prop::sample::select(signs.to_vec()).prop_map(str::to_owned),
            3 => "[0-9]{1,4}",
            1 => "[0-9]{7,22}",
            1 => "[a-zđơư ]{1,40}",
            1 => "[0-9OlISBZ]{5,14}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_look_ahead_misses_nothing(pieces in prop::collection::vec(piece(), 1..200), a in 0..300_usize, b in 0..300_usize) {
            let text = pieces.concat();
            let (from, to) = (a.min(text.len()), text.len().saturating_sub(b));
            agree(text.as_bytes(), 0, text.len());
            agree(text.as_bytes(), from, to.max(from));
        }

        #[test]
        fn nor_among_any_bytes(
            bytes in prop::collection::vec(prop_oneof![3 => b'0'..=b'9', 1 => Just(b' '), 2 => any::<u8>()], 0..200),
            before in 4_000..4_200_usize,
        ) {
            agree(&bytes, 0, bytes.len());
            // Across the end of what is looked at in one go.
            let text = [&b"x".repeat(before), bytes.as_slice()].concat();
            agree(&text, 0, text.len());
        }
    }

    #[test]
    fn every_layout_is_offered() {
        has("001090123456", "001090123456", Layout::Solid);
        has("x001 090 123 456y", "001090123456", Layout::Regular);
        has("0010.9012.3456", "001090123456", Layout::Regular);
        has("001 090 123456", "001090123456", Layout::Regular);
        has("0 0 1 0 9 0 1 2 3 4 5 6", "001090123456", Layout::Spread);
        has("0-0-1-0-9-0-1-2-3-4-5-6", "001090123456", Layout::Spread);
        has("00 10901 234 56", "001090123456", Layout::Uneven);
        has("00-109.01234 56", "001090123456", Layout::Mixed);
        has("001090\n123456", "001090123456", Layout::Mixed);
        has("5/4/1987 001 090 123 456", "001090123456", Layout::Regular);
        has("001 090 123 456 5/4/1987", "001090123456", Layout::Regular);
        has("001 090 123 456\n002 090 123 456", "002090123456", Layout::Regular);
        has("0912.345.678", "0912345678", Layout::Regular);
        has("+84 912 345 678", "84912345678", Layout::Regular);
        has("(028) 3822.1234", "02838221234", Layout::Mixed);
    }

    #[test]
    fn longer_runs_offer_nothing_inside() {
        for text in ["0010901234567890123", "00109012345678901234567890", "12.345.678.901.234.567.890.123.456"] {
            assert!(numbers(text).iter().all(|(_, layout)| *layout == Layout::Mixed), "{text}: {:?}", numbers(text));
        }
    }

    #[test]
    fn short_groups_stay_cheap() {
        // Every group is offered a bounded number of times, however long the list.
        let text = "12 345 67 8901 ".repeat(4_000);
        let mut n = 0;
        candidates(text.as_bytes(), 0..text.len(), u32::MAX, |_| n += 1);
        assert!(n < 16, "{n}");
        let text = "12 345-67.8901/".repeat(4_000);
        let mut n = 0;
        candidates(text.as_bytes(), 0..text.len(), u32::MAX, |_| n += 1);
        assert!(n < 16_000, "{n}");
    }
}
