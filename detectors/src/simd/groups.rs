//! Where a number may begin whose groups are parted by what parts no others, `0171**5808**8462`, or whose digits are
//! written as bytes: told by where digits stand, and little else, for many blocks at a stroke.
//!
//! It errs on one side only: whatever is passed over is no such number. What is told has to be read
//! (`numbers/parted.rs`).

use std::ops::Range;

use super::alive::Raws;
use super::{BLOCK, places};
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

/// Such places in a text that is looked at from its beginning.
#[derive(Default)]
pub(super) struct Groups {
    /// Where the text begins, and the next block.
    start: usize,
    next: usize,
    last: Last,
    places: Vec<usize>,
}

/// The last word of each kind.
#[derive(Default)]
struct Last {
    digit: u64,
    join: u64,
    follow: u64,
    begin: u64,
    five: u64,
    nine: u64,
    long: u64,
    alive: [u64; 4],
    end: [u64; 3],
}

/// The bits of the block `n`, so many places later.
#[inline(always)]
const fn late<const BY: usize, const N: usize>(bits: &[u64; N], n: usize) -> u64 {
    bits[n] << BY | bits[n - 1] >> (BLOCK - BY)
}

impl Groups {
    /// Of a text that begins at `start`.
    pub(super) fn new(start: usize) -> Self {
        Self { start, next: start, ..Self::default() }
    }

    /// Takes the next blocks of `text`, of which `joins` are the signs that part no such groups where a digit stands
    /// right behind; fewer than `N` less one only where the text ends.
    #[inline(always)]
    pub(super) fn take<const N: usize>(&mut self, text: &[u8], raws: &mut Raws<N>, joins: &mut [u64; N]) {
        const { assert!(FIRST_DIGITS == 4 && NEAR_BYTES == 11 && AHEAD == 2 && GAP_BYTES == 8 && LONG_DIGITS == 18) };
        let Raws { digit, follow, .. } = raws;
        let last = &mut self.last;
        (digit[0], follow[0], joins[0]) = (last.digit, last.follow, last.join);
        let (mut begin, mut five, mut alive) = ([last.begin; N], [last.five; N], [last.alive[0]; N]);
        let (mut end, mut apart) = ([last.end[0]; N], [0; N]);
        for n in 1..N {
            let here = digit[n];
            let [one, two, three, four] =
                [late::<1, N>(digit, n), late::<2, N>(digit, n), late::<3, N>(digit, n), late::<4, N>(digit, n)];
            (begin[n], end[n], apart[n]) = (here & !one, one & !here, here & !one & !two & !three);
            five[n] = here & one & two & three & four;
            // Digits, one byte between two, and two bytes: what is told of the byte two places before.
            alive[n] = two | three & (one & !late::<2, N>(joins, n) | !one & here) | four & !three & one;
        }
        let (mut two, mut end_2, mut nine) = ([last.alive[1]; N], [last.end[1]; N], [last.nine; N]);
        for n in 1..N {
            two[n] = alive[n] & late::<1, N>(&alive, n);
            end_2[n] = end[n] | late::<1, N>(&end, n);
            nine[n] = five[n] & late::<4, N>(&five, n);
        }
        let (mut four, mut end_4) = ([last.alive[2]; N], [last.end[2]; N]);
        for n in 1..N {
            four[n] = two[n] & late::<2, N>(&two, n);
            end_4[n] = end_2[n] | late::<2, N>(&end_2, n);
        }
        let mut eight = [last.alive[3]; N];
        for n in 1..N {
            eight[n] = four[n] & late::<4, N>(&four, n);
        }
        let (mut near, mut wide, mut long, mut any) = ([0; N], [0; N], [last.long; N], 0);
        for n in 1..N {
            let enough = eight[n] & late::<3, N>(&eight, n);
            near[n] = enough & late::<12, N>(&begin, n) & !late::<8, N>(&five, n);
            // From three bytes to eight behind a group, the last but one or the last of which goes on with a character.
            let behind = late::<3, N>(&end_4, n) | late::<5, N>(&end_4, n);
            wide[n] = apart[n] & behind & (late::<1, N>(follow, n) | late::<2, N>(follow, n));
            long[n] = nine[n] & late::<9, N>(&nine, n);
            any |= near[n] | wide[n] | long[n];
        }
        if any != 0 {
            for n in (1..N).filter(|n| near[*n] | wide[*n] | long[*n] != 0) {
                let seconds = wide[n] & followed(wide[n], wide.get(n + 1).copied());
                let first = long[n] & !late::<1, N>(&long, n);
                self.add(text, self.next + (n - 1) * BLOCK, [near[n], seconds, first]);
            }
        }
        self.next += (N - 1) * BLOCK;
        let of = |all: &[u64; N]| all[N - 1];
        self.last = Last {
            digit: of(digit),
            join: of(joins),
            follow: of(follow),
            begin: of(&begin),
            five: of(&five),
            nine: of(&nine),
            long: of(&long),
            alive: [of(&alive), of(&two), of(&four), of(&eight)],
            end: [of(&end), of(&end_2), of(&end_4)],
        };
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
    pub(super) fn places(mut self, text: &[u8]) -> Vec<usize> {
        if self.last.digit >> (BLOCK - NEAR_BYTES - AHEAD) != 0 {
            // What is known behind the last block.
            let (mut raws, mut joins) = (Raws::<2>::NOTHING, [0; 2]);
            self.take(text, &mut raws, &mut joins);
        }
        self.places.sort_unstable();
        self.places
    }
}

/// Those of a word that others follow as far away as the next group begins; what stands behind the next word is not
/// known.
fn followed(word: u64, next: Option<u64>) -> u64 {
    let both = u128::from(word) | u128::from(next.unwrap_or(u64::MAX)) << BLOCK;
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
