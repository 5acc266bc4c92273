//! The numbers that groups of digits side by side make: each alone, and those that it and groups behind it may be.
//!
//! It reads no text but the digits of what it tells, and looks at each group a bounded number of times.

use super::{Asked, Finder, GROUPED, GROUPED_MAX, Layout, NUMBER_DIGITS_MAX, Number, SOLID};
use crate::digits::{Gap, Group, Hidden, NUMBER_BYTES_MAX};
use crate::shape::{ends_like_a_day, ends_with_a_day};

/// Groups with gaps between them, and how many of them have been looked at.
pub(super) struct Chain<'a> {
    links: Vec<(Group, Gap)>,
    done: usize,
    asked: &'a Asked,
}

/// Groups ahead that a number may take: every digit on its own, and one to know what follows.
const AHEAD: usize = NUMBER_DIGITS_MAX + 2;
/// Groups behind that say whether a layout goes on to the left.
const BEHIND: usize = 2;

/// Digits before a dot and at most so many zeros behind it that are a decimal and no groups of one number: nobody parts
/// numbers so. Other places than zeros are no program's doing.
const DECIMAL_DIGITS: usize = 8;
const PLACES_MAX: usize = 2;

impl<'a> Chain<'a> {
    pub(super) const fn new(asked: &'a Asked) -> Self {
        Self { links: Vec::new(), done: 0, asked }
    }

    /// The next group, and what stands behind it.
    pub(super) fn push(&mut self, group: Group, after: Gap, text: &[u8], found: &mut impl Finder) {
        if after == Gap::Break && self.links.is_empty() {
            // Most numbers of most texts stand alone.
            return Links { links: &[(group, after)], asked: self.asked }.from(0, text, found);
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

    fn look(&mut self, upto: usize, text: &[u8], found: &mut impl Finder) {
        for first in self.done..upto {
            Links { links: &self.links, asked: self.asked }.from(first, text, found);
        }
        self.done = upto;
    }
}

/// Groups side by side, each with the gap behind it, and the numbers asked for.
pub(super) struct Links<'l> {
    pub(super) links: &'l [(Group, Gap)],
    pub(super) asked: &'l Asked,
}

impl Links<'_> {
    fn gap_before(&self, n: usize) -> Gap {
        n.checked_sub(1).and_then(|n| self.links.get(n)).map_or(Gap::Break, |link| link.1)
    }

    /// Every candidate that begins with group `first`.
    fn from(&self, first: usize, text: &[u8], found: &mut impl Finder) {
        // By reference: what was just written byte by byte is slow to read as a whole.
        let Some((group, separator)) = self.links.get(first) else { return };
        if group.is_too_long() {
            return;
        }
        self.run(first, group, *separator, text, found);
        // In a list of long numbers there is no room left for the next.
        if self.links.get(first + 1).is_some_and(|(next, _)| group.len() + next.len() <= GROUPED_MAX) {
            self.row(first, group, *separator, text, found);
        }
    }

    /// The number that this group alone may be.
    #[inline]
    pub(super) fn run(&self, first: usize, group: &Group, after: Gap, text: &[u8], found: &mut impl Finder) {
        let mut digits = [0; NUMBER_DIGITS_MAX];
        if SOLID & 1 << group.len() != 0
            && self.asked.of_run(text, group.start..group.end) & 1 << group.len() != 0
            && !found.is_idle(group.start..group.end, group.len())
            && group.write(text, &mut digits).is_some()
        {
            found.number(&Number {
                range: group.start..group.end,
                digits,
                len: group.len() as u8,
                layout: Layout::Solid,
                first_group: group.len(),
                separator: Gap::Break,
                before: self.gap_before(first),
                after,
                hidden: group.hidden.name(),
            });
        }
    }

    /// Those that it and groups behind it may be.
    pub(super) fn row(&self, first: usize, group: &Group, separator: Gap, text: &[u8], found: &mut impl Finder) {
        if separator == Gap::Break {
            return;
        }
        let before = self.gap_before(first);
        // A layout may begin where its separator begins, or one group later: the first group may belong to what
        // stands before, as the year does in `5/4/1987 001 090 123 456`.
        let begins = before != separator || first < 2 || self.gap_before(first - 1) != separator;
        let leads = before == Gap::Break || text.get(..group.start).is_some_and(|t| t.ends_with(b"+"));
        if !begins && !leads {
            return;
        }
        let asked = self.asked.at(text, group.start) & GROUPED;
        let (mut sum, mut sums) = (group.len(), 0_u32);
        for (next, _) in self.links.iter().skip(first + 1).take(AHEAD) {
            sum += next.len();
            if sum > GROUPED_MAX {
                break;
            }
            sums |= 1 << sum;
        }
        if sums & asked == 0 {
            return;
        }
        let (mut sum, mut uniform) = (group.len(), true);
        for last in first + 1..(first + AHEAD).min(self.links.len()) {
            let Some((next, after)) = self.links.get(last) else { return };
            let after = *after;
            uniform &= self.gap_before(last) == separator && separator != Gap::Wrap && separator != Gap::Bracket;
            if !uniform && !leads {
                return;
            }
            sum += next.len();
            if sum > GROUPED_MAX || next.is_too_long() || next.end - group.start > NUMBER_BYTES_MAX {
                return;
            }
            if asked & 1 << sum == 0 {
                continue;
            }
            // Eight digits in groups are a date, unless they are a hotline: `1900 1234`.
            let is_hotline = last == first + 1 && group.len() == 4;
            if sum == 8 && !(is_hotline && found.by_digits(|| super::is_hotline(text, group))) {
                continue;
            }
            // A program that lacks some numbers of a column writes the others as decimals, `1090123456.0`.
            let places = || text.get(next.start..next.end).unwrap_or_default();
            if separator == Gap::Dot
                && last == first + 1
                && group.len() >= DECIMAL_DIGITS
                && next.len() <= PLACES_MAX
                && found.by_digits(|| places().iter().all(|b| *b == b'0'))
            {
                continue;
            }
            let goes_on = separator != Gap::Space && (before == separator || after == separator);
            if goes_on && self.asked.apart & 1 << sum != 0 {
                continue;
            }
            if found.is_idle(group.start..next.end, sum) {
                continue;
            }
            let ends = after != separator || self.links.get(last + 1).is_none_or(|(_, beyond)| *beyond != separator);
            let layout = if uniform && begins && ends { self.layout(first, last) } else { Layout::Mixed };
            let shown = text.get(group.start..next.end).unwrap_or_default();
            let mut has_day = || ends_like_a_day(shown) && found.by_digits(|| ends_with_a_day(shown));
            if (layout != Layout::Mixed || leads && !has_day())
                && let Some(number) = self.number(first, last, layout, text)
            {
                found.number(&number);
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

    /// The number that the groups from `first` to `last` make, of which there are several.
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
            separator: head.1,
            before: self.gap_before(first),
            after: tail.1,
            hidden: hidden.name().or_else(|| layout.hides()),
        })
    }
}
