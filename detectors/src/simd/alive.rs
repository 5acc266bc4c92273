//! Which bytes may be part of a number, from what a kernel tells of many blocks: in whole words of bits, so that vectors
//! take several blocks at a stroke, and no block waits for the one before.
//!
//! It reads no byte, and knows nothing of what stands in a number.

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

/// What is remembered of many blocks, each for itself: a word for each, one more of nothing, so that 64 bits can be taken
/// from anywhere.
pub(super) struct Seen {
    pub(super) digit: [u64; BLOCKS + 1],
    pub(super) foreign: [u64; BLOCKS + 1],
    /// What numbers begin with: digits, foreign characters, letters that pass for digits.
    pub(super) head: [u64; BLOCKS + 1],
    /// Whatever may be part of a number.
    pub(super) alive: [u64; BLOCKS + 1],
    /// The bytes with which `TAIL` others before them, the first of them a head, are alive; nothing is added.
    pub(super) busy: [u64; BLOCKS],
    /// The blocks that have such bytes.
    pub(super) any: u64,
    run: Run,
}

/// What the block before leaves to the next: its last bytes.
#[derive(Clone, Copy, Default)]
struct Run {
    head: u64,
    alive: u64,
    /// First bytes of foreign characters, their second ones, their third ones.
    foreign: [u64; 3],
    /// Two in a row that are alive, four in a row.
    two: u64,
    four: u64,
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

/// What a kernel tells of many blocks, a word for each: before the first the word of the block before, behind the last of a
/// text nothing.
pub(super) struct Raws<const N: usize> {
    pub(super) digit: [u64; N],
    like: [u64; N],
    sign: [u64; N],
    foreign: [u64; N],
    pub(super) follow: [u64; N],
}

impl<const N: usize> Raws<N> {
    pub(super) const NOTHING: Self =
        Self { digit: [0; N], like: [0; N], sign: [0; N], foreign: [0; N], follow: [0; N] };

    /// Keeps what was told of the block `n`, which is less than `N`.
    #[inline(always)]
    pub(super) fn set(&mut self, n: usize, raw: Raw) {
        let Raw { digit, like, sign, foreign, follow } = raw;
        (self.digit[n], self.like[n], self.sign[n]) = (digit, like, sign);
        (self.foreign[n], self.follow[n]) = (foreign, follow);
    }
}

/// Each of `bits`, `BY` places later with what comes in from the one before, as `with` makes it of that and the number of
/// the block, but for the first, which is `before`.
#[inline(always)]
fn later<const BY: usize, const N: usize>(bits: &[u64; N], before: u64, with: impl Fn(usize, u64) -> u64) -> [u64; N] {
    let mut all = [before; N];
    // A count known beforehand, so that nothing is left for a loop without vectors.
    for n in 1..N {
        all[n] = with(n, bits[n] << BY | bits[n - 1] >> (BLOCK - BY));
    }
    all
}

impl Seen {
    pub(super) const fn new() -> Self {
        const NONE: [u64; BLOCKS + 1] = [0; BLOCKS + 1];
        let run = Run { head: 0, alive: 0, foreign: [0; 3], two: 0, four: 0 };
        Self { digit: NONE, foreign: NONE, head: NONE, alive: NONE, busy: [0; BLOCKS], any: 0, run }
    }

    /// Takes the next blocks; fewer than `N` less one only where the text ends.
    #[inline(always)]
    pub(super) fn take<const N: usize>(&mut self, raws: &mut Raws<N>) {
        const { assert!(N <= BLOCKS + 1 && BLOCKS == u64::BITS as usize && TAIL == 6) };
        let Self { digit, foreign, head, alive, busy, any, run } = self;
        let Raws { digit: digits, like, sign, foreign: firsts, follow } = raws;
        // A foreign character is alive with all that goes on with it, four bytes at the most.
        let [first, second, third] = run.foreign;
        firsts[0] = first;
        let seconds = later::<1, N>(firsts, second, |_, bits| bits);
        let thirds = later::<1, N>(&seconds, third, |n, bits| bits & follow[n]);
        let fourths = later::<1, N>(&thirds, 0, |n, bits| bits & follow[n]);
        let (mut heads, mut alives) = ([run.head; N], [run.alive; N]);
        for n in 1..N {
            heads[n] = digits[n] | like[n] | firsts[n];
            alives[n] = heads[n] | sign[n] | seconds[n] | thirds[n] | fourths[n];
        }
        // Two in a row, four, seven, of which the first is a head.
        let two = later::<1, N>(&alives, run.two, |n, bits| bits & alives[n]);
        let four = later::<2, N>(&two, run.four, |n, bits| bits & two[n]);
        let seven = later::<3, N>(&four, 0, |n, bits| bits & four[n]);
        let begun = later::<TAIL, N>(&heads, 0, |n, bits| bits & seven[n]);
        for (all, of) in [(digit, &*digits), (foreign, &*firsts), (head, &heads), (alive, &alives)] {
            // Behind the end of a text something may stand that an earlier look left.
            all[..N - 1].copy_from_slice(&of[1..]);
            all[N - 1] = 0;
        }
        busy[..N - 1].copy_from_slice(&begun[1..]);
        *any = busy[..N - 1].iter().enumerate().fold(0, |any, (n, busy)| any | u64::from(*busy != 0) << n);
        let last = |of: &[u64; N]| of[N - 1];
        *run = Run {
            head: last(&heads),
            alive: last(&alives),
            foreign: [last(firsts), last(&seconds), last(&thirds)],
            two: last(&two),
            four: last(&four),
        };
    }
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

    /// Takes blocks, fewer than `N` at a time.
    fn taken<const N: usize>(all: &[Raw]) -> Vec<[u64; 5]> {
        let (mut seen, mut told) = (Seen::new(), Vec::new());
        for blocks in all.chunks(N - 1) {
            let mut raws = Raws::<N>::NOTHING;
            blocks.iter().enumerate().for_each(|(n, raw)| raws.set(n + 1, *raw));
            seen.take(&mut raws);
            let Seen { digit, foreign, head, alive, busy, .. } = &seen;
            told.extend((0..blocks.len()).map(|n| [digit[n], foreign[n], head[n], alive[n], busy[n]]));
            assert!([digit, foreign, head, alive].iter().all(|of| of[blocks.len()] & !0b111 == 0), "behind the end");
            assert!((0..N - 1).all(|n| seen.any >> n & 1 == u64::from(busy[n] != 0)));
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
            prop_assert_eq!(&told, &taken::<{ FEW + 1 }>(&all));
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
