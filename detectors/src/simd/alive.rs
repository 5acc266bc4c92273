//! Which bytes may be part of a number, from what a kernel tells of many blocks: in whole words of bits, so that vectors
//! take several blocks at a stroke, and no block waits for the one before.
//!
//! It reads no byte, and knows nothing of what stands in a number.

use std::ops::{BitAnd, BitOr, Not};

use super::{BLOCK, SEEN, padded};

/// Blocks looked at in one go: as many as a word has bits, few enough for the nearest cache.
pub(super) const BLOCKS: usize = 64;
/// Blocks of a short text, for which less has to be made ready.
pub(super) const FEW: usize = 8;
/// Fewest bytes of a number, less one.
pub(super) const TAIL: usize = 6;

/// What a kernel tells of a block; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Raw {
    /// ASCII digits.
    pub(super) digit: u64,
    /// Letters that pass for digits: `B I O Q S Z l o`.
    pub(super) like: u64,
    /// What may stand between two digits of one number: `␣ , - . / ) >` and line ends.
    pub(super) sign: u64,
    /// First bytes of characters, outside ASCII and the letters of Vietnamese, that may be digits, signs, invisible, or
    /// letters that pass for digits.
    pub(super) foreign: u64,
    /// Bytes that go on with a character.
    pub(super) follow: u64,
}

impl Raw {
    /// What numbers begin with.
    pub(super) const fn head(self) -> u64 {
        self.digit | self.like | self.foreign
    }

    /// Whatever may be part of a number, of a block with nothing before it.
    pub(super) const fn alive(self) -> u64 {
        let seconds = self.foreign << 1;
        let thirds = seconds << 1 & self.follow;
        let fourths = thirds << 1 & self.follow;
        self.head() | self.sign | seconds | thirds | fourths
    }
}

/// Words kept of each kind: those of the blocks, one of the block before, one of nothing behind, and as many more as are
/// taken at a stroke from anywhere.
pub(super) const ROOM: usize = BLOCKS + 1 + FEW;

/// What is remembered of many blocks, a word for each: the first of the block before, and behind the last of a text nothing,
/// so that 64 bits can be taken from anywhere.
pub(super) struct Seen {
    pub(super) digit: [u64; ROOM],
    like: [u64; ROOM],
    sign: [u64; ROOM],
    foreign: [u64; ROOM],
    pub(super) follow: [u64; ROOM],
    /// The bytes with which `TAIL` others before them, the first of them a head, are alive; nothing is added.
    pub(super) busy: [u64; BLOCKS],
    /// The blocks that have such bytes.
    pub(super) any: u64,
}

/// A word and the one before it, which is known only as far back as bits come from in a step: enough for a few steps, of
/// 64 bytes together. So no block waits for what another made of its bits.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) before: u64,
    pub(super) here: u64,
}

impl Pair {
    /// The bits of word `n`, which is not the first.
    #[inline(always)]
    pub(super) fn of<const N: usize>(words: &[u64; N], n: usize) -> Self {
        Self { before: words[n - 1], here: words[n] }
    }

    /// All so many places later.
    #[inline(always)]
    pub(super) const fn late<const BY: usize>(self) -> Self {
        Self { before: self.before << BY, here: self.here << BY | self.before >> (BLOCK - BY) }
    }
}

impl BitAnd for Pair {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self { before: self.before & other.before, here: self.here & other.here }
    }
}

impl BitOr for Pair {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self { before: self.before | other.before, here: self.here | other.here }
    }
}

impl Not for Pair {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self { before: !self.before, here: !self.here }
    }
}

/// Gives `kernel` the blocks of `text`, fewer than `N`, each with its number, from 1 on, and the byte behind; behind the
/// end stands nothing. How many there were.
#[inline(always)]
pub(super) fn each_of<const N: usize>(text: &[u8], mut kernel: impl FnMut(usize, &[u8; SEEN])) -> usize {
    let mut rest = text;
    let mut tail;
    for n in 1..N {
        // One call for both, so that it is made part of the loop.
        let block = match rest.first_chunk() {
            Some(block) => block,
            None if rest.is_empty() => return n - 1,
            None => {
                tail = padded(rest);
                &tail
            }
        };
        kernel(n, block);
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
    N - 1
}

/// What stands from some byte on, in 64 bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Here {
    pub(super) digit: u64,
    pub(super) foreign: u64,
    /// What numbers begin with: digits, foreign characters, letters that pass for digits.
    pub(super) head: u64,
    /// Whatever may be part of a number.
    pub(super) alive: u64,
}

impl Seen {
    pub(super) const fn new() -> Self {
        const NONE: [u64; ROOM] = [0; ROOM];
        Self { digit: NONE, like: NONE, sign: NONE, foreign: NONE, follow: NONE, busy: [0; BLOCKS], any: 0 }
    }

    /// Makes room for the next blocks, behind the last of as many as there is room for.
    #[inline(always)]
    pub(super) fn go_on(&mut self) {
        for words in self.all() {
            words[0] = words[BLOCKS];
        }
    }

    const fn all(&mut self) -> [&mut [u64; ROOM]; 5] {
        let Self { digit, like, sign, foreign, follow, .. } = self;
        [digit, like, sign, foreign, follow]
    }

    /// Keeps what was told of the block `n`, from 1 on and no more than there are.
    #[inline(always)]
    pub(super) fn set(&mut self, n: usize, raw: Raw) {
        let Raw { digit, like, sign, foreign, follow } = raw;
        (self.digit[n], self.like[n], self.sign[n]) = (digit, like, sign);
        (self.foreign[n], self.follow[n]) = (foreign, follow);
    }

    /// Takes the next blocks, fewer than `N`; fewer than `N` less one only where the text ends.
    #[inline(always)]
    pub(super) fn take<const N: usize>(&mut self, blocks: usize) {
        const { assert!(N <= BLOCKS + 1 && BLOCKS == u64::BITS as usize && TAIL == 6) };
        // Behind the end of a text something may stand that an earlier look left.
        for words in self.all() {
            words[blocks + 1] = 0;
        }
        if blocks < N - 1 {
            self.digit[blocks + 1..].fill(0);
        }
        let Self { digit, like, sign, foreign, follow, busy, any } = self;
        // A count known beforehand, so that nothing is left for a loop without vectors.
        for n in 1..N {
            let [digit, like, sign] = [&*digit, like, sign].map(|of| Pair::of(of, n));
            let (foreign, follow) = (Pair::of(foreign, n), Pair::of(follow, n));
            let head = digit | like | foreign;
            let alive = head | sign | goes_on(foreign, follow);
            // Two in a row, four, seven, of which the first is a head.
            let two = alive & alive.late::<1>();
            let four = two & two.late::<2>();
            let seven = four & four.late::<3>();
            busy[n - 1] = (seven & head.late::<TAIL>()).here;
        }
        let blocks = u64::MAX >> (BLOCKS - blocks);
        *any = blocks & busy[..N - 1].iter().enumerate().fold(0, |any, (n, busy)| any | u64::from(*busy != 0) << n);
    }

    /// The 64 bytes from the byte `shift` of the block `n` on, counted from 0: one that was looked at.
    #[inline(always)]
    pub(super) fn here(&self, n: usize, shift: usize) -> Here {
        let Self { digit, like, sign, foreign, follow, .. } = self;
        let both = |first: u64, second: u64| first >> shift | second << 1 << (BLOCK - 1 - shift);
        let of = |words: &[u64; ROOM]| both(words[n + 1], words[n + 2]);
        let plain = foreign[n] | foreign[n + 1] | foreign[n + 2] == 0;
        let head = of(digit) | of(like) | of(foreign);
        let others = if plain {
            0
        } else {
            let of = |n| goes_on(Pair::of(foreign, n), Pair::of(follow, n)).here;
            both(of(n + 1), of(n + 2))
        };
        Here { digit: of(digit), foreign: of(foreign), head, alive: head | of(sign) | others }
    }
}

/// The bytes foreign characters go on with, four with the first ones at the most: all that are alive with these.
#[inline(always)]
fn goes_on(foreign: Pair, follow: Pair) -> Pair {
    let seconds = foreign.late::<1>();
    let thirds = seconds.late::<1>() & follow;
    seconds | thirds | thirds.late::<1>() & follow
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw() -> impl Strategy<Value = Raw> {
        // Long runs of what is alive, and few foreign characters.
        any::<[u64; 6]>().prop_map(|[a, b, c, d, e, f]| {
            let (digit, like) = (a | b, !(a | b) & c);
            let foreign = !(digit | like) & d & e & f;
            let follow = !(digit | like | foreign) & (d | e);
            Raw { digit, like, sign: !(digit | like | foreign | follow) & (e | f), foreign, follow }
        })
    }

    /// Takes blocks, fewer than `N` at a time: those that may be fewer only at the end.
    fn taken<const N: usize>(all: &[Raw]) -> Vec<[u64; 5]> {
        let (mut seen, mut told) = (Seen::new(), Vec::new());
        for blocks in all.chunks(N - 1) {
            seen.go_on();
            blocks.iter().enumerate().for_each(|(n, raw)| seen.set(n + 1, *raw));
            seen.take::<N>(blocks.len());
            let whole = |n: usize| seen.here(n, 0);
            told.extend((0..blocks.len()).map(|n| {
                let Here { digit, foreign, head, alive } = whole(n);
                [digit, foreign, head, alive, seen.busy[n]]
            }));
            for (n, shift) in [(0, 1), (blocks.len() - 1, 63), (blocks.len() / 2, 40)] {
                let bits = |of: fn(&Here) -> u64| {
                    let next = if n + 1 < blocks.len() { of(&whole(n + 1)) } else { 0 };
                    of(&whole(n)) >> shift | next << (BLOCK - shift)
                };
                let here = seen.here(n, shift);
                let (digit, foreign) = (bits(|here| here.digit), bits(|here| here.foreign));
                assert_eq!([here.digit, here.foreign, here.head], [digit, foreign, bits(|here| here.head)]);
                // What a foreign character goes on with may stand behind the end.
                let behind = if n + 1 < blocks.len() { 0 } else { 0b111 << (BLOCK - shift) };
                assert_eq!(here.alive & !behind, bits(|here| here.alive) & !behind);
            }
            assert!((0..N - 1).all(|n| seen.any >> n & 1 == u64::from(n < blocks.len() && seen.busy[n] != 0)));
        }
        told
    }

    proptest! {
        #[test]
        fn many_blocks_are_told_as_each_byte_is(all in prop::collection::vec(raw(), 1..90)) {
            let is = |of: fn(&Raw) -> u64, at: Option<usize>| {
                at.and_then(|at| all.get(at / BLOCK).map(|raw| of(raw) >> (at % BLOCK) & 1 == 1)).unwrap_or_default()
            };
            let head = |at: Option<usize>| is(|raw| raw.head(), at);
            let alive = |at: Option<usize>| {
                let back = |by: usize| at.and_then(|at| at.checked_sub(by));
                let follow = |by| is(|raw| raw.follow, back(by));
                let begun = |by| is(|raw| raw.foreign, back(by));
                head(at) || is(|raw| raw.sign, at) || begun(1) || begun(2) && follow(0)
                    || begun(3) && follow(1) && follow(0)
            };
            let told = taken::<{ BLOCKS + 1 }>(&all);
            let few = &all[..all.len().min(FEW)];
            prop_assert_eq!(&told[..few.len()], &taken::<{ FEW + 1 }>(few));
            for at in 0..all.len() * BLOCK {
                let bit = |n: usize| told[at / BLOCK][n] >> (at % BLOCK) & 1 == 1;
                prop_assert_eq!(bit(2), head(Some(at)));
                prop_assert_eq!(bit(3), alive(Some(at)), "{}", at);
                let busy = head(at.checked_sub(TAIL)) && (0..=TAIL).all(|by| alive(at.checked_sub(by)));
                prop_assert_eq!(bit(4), busy, "{}", at);
            }
            let first = all[0];
            prop_assert_eq!(first.alive(), told[0][3]);
        }
    }
}
