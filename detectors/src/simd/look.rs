//! The first look for numbers: where a stretch begins that holds enough of what numbers are written with.
//!
//! A number of ours is at least seven bytes of digits and signs, digits of other scripts or letters that pass for
//! digits. Most of most texts has no such stretch, and nothing more is done there. It errs on one side only: whatever
//! may be part of a number is seen, and much that is not. On the way it listens for numbers in words (`speech.rs`), if
//! it is asked to: every block of 64 bytes is read once for both.

use std::ops::Range;

use super::alive::{BLOCKS, FEW, Here, Raw, Seen, TAIL};
use super::groups::Groups;
use super::speech::Hearing;
use super::{BLOCK, SEEN, padded};

/// What stands together somewhere.
pub(crate) enum Stretch {
    /// Too little for any number, up to this place.
    Few(usize),
    /// Nothing but ASCII, up to this place; its digits and the letters that pass for some, from the lowest bit on.
    Plain(usize, [u64; 2]),
    /// The same of 64 bytes with more behind them.
    Open([u64; 2]),
    /// Anything.
    Any,
}

/// The blocks from `base` on.
pub(crate) struct Look<'t> {
    pub(super) text: &'t [u8],
    start: usize,
    base: usize,
    /// How many of the bytes from there were looked at.
    len: usize,
    pub(super) seen: Seen,
    pub(super) hearing: Option<Hearing>,
    pub(super) groups: Groups,
}

/// What a whole text may hold besides numbers in plain digits.
pub(crate) struct Heard {
    start: usize,
    speech: Hearing,
    /// First digits of what may be a number in groups that anything parts, or one written as bytes, in order.
    pub(crate) groups: Vec<usize>,
}

impl Heard {
    /// The stretches up to `end` in which a number in words may begin.
    pub(crate) fn speech(&self, end: usize) -> impl Iterator<Item = Range<usize>> {
        self.speech.rows(self.start..end)
    }
}

impl<'t> Look<'t> {
    /// Looks at `text` from `start` on.
    pub(crate) fn new(text: &'t [u8], start: usize) -> Self {
        Self { text, start, base: start, len: 0, seen: Seen::new(), hearing: None, groups: Groups::new(start) }
    }

    /// Looks at `text` from `start` on, and listens for numbers in words.
    pub(crate) fn hearing(text: &'t [u8], start: usize) -> Self {
        Self { hearing: Some(Hearing::default()), ..Self::new(text, start) }
    }

    /// The first place from `at` on where a number may begin: `start`, or a place not before the last one told.
    #[inline(always)]
    pub(crate) fn busy(&mut self, at: usize) -> Option<usize> {
        loop {
            let end = (at + TAIL).saturating_sub(self.base);
            let (n, shift) = (end / BLOCK, end % BLOCK);
            // Behind what was looked at stands what an earlier look left.
            if let Some(busy) = self.seen.busy.get(n).filter(|_| n * BLOCK < self.len) {
                let here = busy & u64::MAX << shift;
                if here != 0 {
                    return Some(self.base + n * BLOCK + here.trailing_zeros() as usize - TAIL);
                }
                // The blocks behind this one.
                let later = self.seen.any & u64::MAX << 1 << n;
                if later != 0 {
                    let n = later.trailing_zeros() as usize;
                    let first = self.seen.busy.get(n)?.trailing_zeros() as usize;
                    return Some(self.base + n * BLOCK + first - TAIL);
                }
            }
            if !self.goes_on() {
                return None;
            }
        }
    }

    /// The first digit or foreign character from `at` on, within the 64 bytes from there.
    #[inline]
    pub(crate) fn number(&self, at: usize) -> Option<usize> {
        let seen = self.here(at);
        let found = seen.digit | seen.foreign;
        (found != 0).then(|| at + found.trailing_zeros() as usize)
    }

    /// What stands together from `at` on, a place that [`Self::busy`] told.
    #[inline(always)]
    pub(crate) fn stretch(&self, at: usize) -> Stretch {
        let seen = self.here(at);
        let len = seen.alive.trailing_ones();
        let within = 1_u64.checked_shl(len).map_or(u64::MAX, |end| end - 1);
        let heads = seen.head & within;
        // Eight in groups can only be a hotline; nothing else has fewer than seven in a row or nine together.
        let two = heads & heads >> 1;
        let four = two & two >> 2;
        let seven = four & four >> 3;
        let foreign = seen.foreign & heads != 0;
        let enough = foreign
            || seven != 0
            || heads.count_ones() >= 9
            || heads.count_ones() == 8 && self.text.get(at) == Some(&b'1');
        let end = at + len as usize;
        let digits = [seen.digit & within, heads & !seen.digit];
        match (enough, foreign) {
            (_, true) => Stretch::Any,
            _ if within == u64::MAX => Stretch::Open(digits),
            (false, _) => Stretch::Few(end),
            _ => Stretch::Plain(end, digits),
        }
    }

    /// Goes on to the end, and what was heard there and before, if it listened.
    pub(crate) fn heard(mut self) -> Heard {
        while self.goes_on() {}
        let Self { start, hearing, groups, .. } = self;
        Heard { start, speech: hearing.unwrap_or_default(), groups: groups.places() }
    }

    /// The 64 bytes from `at` on, of which the first is no second byte of a character.
    #[inline(always)]
    fn here(&self, at: usize) -> Here {
        let from = at.wrapping_sub(self.base);
        let (n, shift) = (from / BLOCK, from % BLOCK);
        // Behind what was looked at something may stand, unless the text ends there.
        let whole = from < self.len && (from + BLOCK <= self.len || self.base + self.len == self.text.len());
        if !whole || n >= BLOCKS {
            return self.here_apart(at);
        }
        self.seen.here(n, shift)
    }

    /// The same where a look ends.
    #[cold]
    #[inline(never)]
    fn here_apart(&self, at: usize) -> Here {
        let rest = self.text.get(at..).unwrap_or_default();
        let raw = rest.first_chunk().map_or_else(|| raw_of(&padded(rest)), raw_of);
        Here { digit: raw.digit, foreign: raw.foreign, head: raw.head(), alive: raw.alive() }
    }

    /// Looks at the next blocks, if there are any.
    #[cold]
    #[inline(never)]
    fn goes_on(&mut self) -> bool {
        let at = self.base + self.len;
        let rest = self.text.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        (self.base, self.len) = (at, rest.len().min(BLOCKS * BLOCK));
        self.seen.go_on();
        // One byte more, by which the last one is judged.
        let rest = rest.get(..BLOCKS * BLOCK + 1).unwrap_or(rest);
        if rest.len() <= FEW * BLOCK {
            look::<{ FEW + 1 }>(rest, self)
        } else {
            look::<{ BLOCKS + 1 }>(rest, self)
        }
        true
    }
}

/// Fills a look at fewer than `N` blocks with the kernels of a processor, those that listen if it does: a macro, since a closure that
/// is written once and called twice is part of neither loop. All is kept for later that vectors do for many blocks at once.
macro_rules! fill {
    ($n:ident, $look:ident, $text:ident, $seen:ident => $raw:expr, $voice:expr, $pack:expr) => {{
        use crate::simd::alive::each_of;
        let crate::simd::look::Look { seen: kept, hearing, groups, text, .. } = $look;
        let blocks = match hearing.as_mut() {
            None => each_of::<$n>($text, |n, $seen| kept.set(n, $raw)),
            Some(hearing) => {
                let (mut run, mut rows, joins) = (hearing.run, [0; $n], groups.joins());
                let blocks = each_of::<$n>($text, |n, $seen| {
                    let (raw, voice) = ($raw, $voice);
                    kept.set(n, raw);
                    joins[n] = raw.sign & !voice.part;
                    rows[n - 1] = run.next(voice, $pack);
                });
                hearing.heard(run, blocks, &rows);
                blocks
            }
        };
        kept.take::<$n>(blocks);
        if hearing.is_some() {
            groups.take::<$n>(text, kept, blocks);
        }
    }};
}
pub(super) use fill;

/// Takes a look at fewer than `N` blocks.
fn look<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    #[cfg(target_arch = "x86_64")]
    super::x86::look::<N>(text, look);
    #[cfg(target_arch = "aarch64")]
    super::neon::look::<N>(text, look);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fill!(N, look, text, seen => super::scalar::raw(seen), super::scalar::voice(seen), super::speech::pack);
}

/// What a block holds.
#[inline]
fn raw_of(seen: &[u8; SEEN]) -> Raw {
    #[cfg(target_arch = "x86_64")]
    return super::x86::raw(seen);
    #[cfg(target_arch = "aarch64")]
    return super::neon::raw_of(seen);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return super::scalar::raw(seen);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{padded, scalar};

    /// What a kernel tells of every block of a text.
    fn raw(text: &[u8], kernel: impl Fn(&[u8; SEEN]) -> Raw) -> Vec<Raw> {
        (0..text.len()).step_by(BLOCK).map(|at| kernel(&padded(&text[at..text.len().min(at + SEEN)]))).collect()
    }

    fn agree(text: &[u8]) {
        let expected = raw(text, scalar::raw);
        #[cfg(target_arch = "x86_64")]
        for (name, kernel) in crate::simd::x86::raw_kernels() {
            assert_eq!(raw(text, kernel), expected, "{name}");
        }
        #[cfg(target_arch = "aarch64")]
        assert_eq!(raw(text, crate::simd::neon::raw_of), expected);
        let _ = expected;
    }

    #[test]
    fn every_byte_is_seen_alike_behind_and_before_every_other() {
        let text: Vec<u8> = (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| [a, b])).collect();
        agree(&text);
        agree(&text[1..]);
    }

    #[test]
    fn all_that_numbers_are_written_with_is_seen() {
        use crate::digits::digit;
        use crate::fold::is_invisible;
        for c in ('\u{80}'..'\u{20000}').chain('\u{e0000}'..='\u{e01ff}') {
            let mut utf8 = [0; 4];
            let bytes = c.encode_utf8(&mut utf8).as_bytes();
            let seen = scalar::raw(&padded(bytes)).foreign & 1 == 1;
            let lookalike = crate::lookalike::plain(c).is_some();
            if digit(bytes).is_some() || crate::digits::is_gap(c) || is_invisible(c) || lookalike {
                assert!(seen, "{c:?} {bytes:x?}");
            }
        }
        for c in '\0'..'\u{80}' {
            let raw = scalar::raw(&padded(&[c as u8]));
            assert_eq!(raw.digit & 1 == 1, c.is_ascii_digit());
            assert_eq!(raw.sign & 1 == 1, crate::digits::is_gap(c), "{c:?}");
            assert_eq!(raw.like & 1 == 1, crate::lookalike::plain(c).is_some() && !c.is_ascii_digit(), "{c:?}");
        }
    }

    #[test]
    fn nothing_is_left_of_an_earlier_look() {
        for len in (4_000..9_000).step_by(37) {
            let text = b"1234567 90123456, ".repeat(500);
            let text = [text.get(..len).unwrap_or_default(), b"xyz".repeat(30).as_slice()].concat();
            let (mut look, mut next) = (Look::new(&text, 0), 0);
            while let Some(found) = look.busy(next) {
                assert!(found < len, "{found} of {len}");
                next = if let Stretch::Few(end) = look.stretch(found) { end } else { found } + 1;
            }
        }
    }

    proptest! {
        #[test]
        fn vectors_and_plain_code_agree(text in proptest::collection::vec(any::<u8>(), 0..700)) {
            agree(&text);
        }

        #[test]
        fn places_are_found_one_by_one(
            text in proptest::collection::vec(prop_oneof![
                8 => b'0'..=b'9', 2 => Just(b' '), 1 => Just(b'A'), 1 => Just(b'l'), 1 => Just(b'.'), 1 => Just(0xc2), 1 => Just(0xa0),
                1 => any::<u8>(),
            ], 0..300),
            from in 0usize..200,
            before in prop_oneof![Just(0), 3_900..4_200_usize],
        ) {
            // Across the end of what is looked at in one go.
            let text = [&b"x".repeat(before), text.as_slice()].concat();
            let from = from.min(text.len());
            let mut look = Look::new(&text, from);
            let seen: Vec<_> =
                (0..text.len()).map(|at| scalar::raw(&padded(&text[at..text.len().min(at + 2)]))).collect();
            let at = |n: usize| seen.get(n).copied().unwrap_or_default();
            let foreign = |n: usize| at(n).foreign & 1 == 1;
            let follow = |n: usize| at(n).follow & 1 == 1;
            let head = |n: usize| (at(n).digit | at(n).like | at(n).foreign) & 1 == 1;
            // Whether a number may begin at a place, with what foreign characters from `since` on make alive.
            let begins = |since: usize, n: usize| {
                let alive = |n: usize| {
                    let goes_on = |by| n >= since + by && foreign(n - by) && (n + 2 - by..=n).all(follow);
                    head(n) || at(n).sign & 1 == 1 || (1..4).any(goes_on)
                };
                head(n) && (n..=n + TAIL).all(alive)
            };
            let mut next = from;
            while let Some(found) = look.busy(next) {
                prop_assert!(found >= next && begins(from, found));
                prop_assert!(!(next..found).any(|n| n + TAIL < text.len() && begins(n, n)));
                let first = (found..text.len()).take(64).find(|n| (at(*n).digit | at(*n).foreign) & 1 == 1);
                prop_assert_eq!(look.number(found), first);
                next = found + 1;
            }
            prop_assert!(!(next..text.len()).any(|n| n + TAIL < text.len() && begins(n, n)));
        }
    }
}
