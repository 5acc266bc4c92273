//! Where a number may begin whose groups are parted by what parts no others, `0171**5808**8462`, or whose digits are
//! written as bytes: told by where digits stand, and little else, for many blocks at a stroke.
//!
//! It errs on one side only: whatever is passed over is no such number. What is told has to be read
//! (`numbers/parted.rs`).

use std::ops::Range;

use super::alive::{BLOCKS, Pair, ROOM, Seen};
use super::{BLOCK, places};
use crate::digits::NUMBER_BYTES_MAX;
use crate::numbers::parted::{self, may_begin};

/// Fewest bytes of such a number whose gaps have two bytes at the most: nine digits in three groups.
const NEAR_BYTES: usize = 11;
/// Whether a byte stands between two digits is known so many bytes behind it.
const AHEAD: usize = 2;
/// Most bytes of any gap: two characters.
const GAP_BYTES: usize = 8;
/// Most digits of a first group.
const FIRST_DIGITS: usize = parted::GROUP_DIGITS_MAX;
/// Fewest digits that write a number as bytes.
const LONG_DIGITS: usize = 18;

/// From the second group to the third, which gaps as wide part as the first two.
const NEXT: Range<u32> = 4..21;

/// Fewest digits of any.
const DIGITS_MIN: u64 = 9;
/// Blocks that are passed over or looked at together.
const AT_ONCE: usize = 8;

/// Such places in a text that is looked at from its beginning.
pub(super) struct Groups {
    /// Where the text begins, and the next block.
    start: usize,
    next: usize,
    /// Signs that part no such groups where a digit stands right behind: a word for each block, as in [`Seen`].
    joins: [u64; ROOM],
    places: Vec<usize>,
}

impl Groups {
    /// Of a text that begins at `start`.
    pub(super) const fn new(start: usize) -> Self {
        Self { start, next: start, joins: [0; ROOM], places: Vec::new() }
    }

    /// Room for the signs of the next blocks, from 1 on, behind those of as many as there is room for.
    #[inline(always)]
    pub(super) const fn joins(&mut self) -> &mut [u64; ROOM] {
        self.joins[0] = self.joins[BLOCKS];
        &mut self.joins
    }

    /// Takes the next blocks of `text`, which were `seen`; fewer than `N` less one only where the text ends.
    #[inline(always)]
    pub(super) fn take<const N: usize>(&mut self, text: &[u8], seen: &Seen, blocks: usize) {
        // Hardly anywhere are enough digits in a number's reach: from the block before the one that tells it to the second
        // behind. Behind the last one anything may stand, unless the text ends there.
        const { assert!((N - 1).is_multiple_of(AT_ONCE) && NUMBER_BYTES_MAX <= 2 * BLOCK && LONG_DIGITS <= BLOCK) };
        self.joins[blocks + 1] = 0;
        let next = self.next + blocks * BLOCK;
        let ends = next >= text.len();
        let (mut counts, mut enough) = ([0; ROOM], 0_u64);
        for (count, digit) in counts.iter_mut().zip(&seen.digit).take(N) {
            *count = u64::from(digit.count_ones());
        }
        counts[N] = if ends { 0 } else { DIGITS_MIN };
        for n in 1..N {
            let within = counts[n - 1] + counts[n] + counts[n + 1] + counts[n + 2];
            enough |= u64::from(within >= DIGITS_MIN) << (n - 1);
        }
        for first in (1..N).step_by(AT_ONCE) {
            if enough >> (first - 1) & ((1 << AT_ONCE) - 1) != 0 {
                self.several(text, seen, first);
            }
        }
        self.next = next;
        if ends && seen.digit[blocks] >> (BLOCK - NEAR_BYTES - AHEAD) != 0 {
            // What is known behind the last block.
            self.add(text, next, self.told(seen, blocks + 1));
        }
    }

    /// Keeps what is told of several words.
    #[inline(always)]
    fn several(&mut self, text: &[u8], seen: &Seen, first: usize) {
        let (mut near, mut wide, mut long, mut any) = ([0; AT_ONCE], [0; AT_ONCE + 1], [0; AT_ONCE], 0);
        // Nothing is known of the one behind.
        wide[AT_ONCE] = u64::MAX;
        for n in 0..AT_ONCE {
            [near[n], wide[n], long[n]] = self.told(seen, first + n);
            any |= near[n] | wide[n] | long[n];
        }
        if any != 0 {
            for n in (0..AT_ONCE).filter(|n| near[*n] | wide[*n] | long[*n] != 0) {
                let seconds = wide[n] & followed(wide[n], wide[n + 1]);
                self.add(text, self.next + (first + n - 1) * BLOCK, [near[n], seconds, long[n]]);
            }
        }
    }

    /// What may begin as groups parted by a sign or two, by its byte 13; the second groups that more parts from the first;
    /// what is long enough to be written as bytes, by its byte 18.
    #[inline(always)]
    fn told(&self, seen: &Seen, n: usize) -> [u64; 3] {
        const { assert!(FIRST_DIGITS == 4 && NEAR_BYTES == 11 && AHEAD == 2 && GAP_BYTES == 8 && LONG_DIGITS == 18) };
        let [digit, follow, join] = [&seen.digit, &seen.follow, &self.joins].map(|of| Pair::of(of, n));
        let [one, two, three] = [digit.late::<1>(), digit.late::<2>(), digit.late::<3>()];
        let four = digit.late::<4>();
        let (begin, end) = (digit & !one, one & !digit);
        let five = digit & one & two & three & four;
        // Digits, one byte between two, and two bytes: what is told of the byte two places before.
        let alive = two | three & (one & !join.late::<2>() | !one & digit) | four & !three & one;
        let alive_2 = alive & alive.late::<1>();
        let alive_4 = alive_2 & alive_2.late::<2>();
        let alive_8 = alive_4 & alive_4.late::<4>();
        let enough = alive_8 & alive_8.late::<3>();
        let near = enough & begin.late::<12>() & !five.late::<8>();
        // From three bytes to eight behind a group, the last but one or the last of which goes on with a character.
        let end_2 = end | end.late::<1>();
        let end_4 = end_2 | end_2.late::<2>();
        let behind = end_4.late::<3>() | end_4.late::<5>();
        let wide = digit & !one & !two & !three & behind & (follow.late::<1>() | follow.late::<2>());
        let nine = five & five.late::<4>();
        let long = nine & nine.late::<9>();
        [near.here, wide.here, (long & !long.late::<1>()).here]
    }

    /// Keeps what begins in a block, by its last bytes that are needed to tell.
    #[cold]
    #[inline(never)]
    fn add(&mut self, text: &[u8], at: usize, [near, wide, long]: [u64; 3]) {
        let start = self.start;
        let begins = |at: &usize| may_begin(text, *at);
        self.places.extend(places(at, near).map(|at| at - (NEAR_BYTES - 1 + AHEAD)).filter(begins));
        self.places.extend(places(at, wide).filter_map(|at| group_before(text, start, at)).filter(begins));
        self.places.extend(places(at, long).map(|at| at - (LONG_DIGITS - 1)));
    }

    /// All of them, in order: first digits.
    pub(super) fn places(mut self) -> Vec<usize> {
        self.places.sort_unstable();
        self.places
    }
}

/// Those of a word that others follow as far away as the next group begins, in it or in the `next` one.
fn followed(word: u64, next: u64) -> u64 {
    let both = u128::from(word) | u128::from(next) << BLOCK;
    NEXT.fold(0, |all, by| all | (both >> by) as u64)
}

/// Where the last group before `at` begins, if it may be the first of a number; nothing is known before `start`.
fn group_before(text: &[u8], start: usize, at: usize) -> Option<usize> {
    let from = start.max(at.saturating_sub(GAP_BYTES + FIRST_DIGITS + 1));
    let before = text.get(from..at)?;
    let end = before.iter().rposition(u8::is_ascii_digit)? + 1;
    let digits = before.get(..end)?.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    (digits <= FIRST_DIGITS).then_some(from + end - digits)
}
