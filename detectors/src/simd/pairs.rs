//! Whether two letters of rare words stand side by side among 64 bytes: a first look for those who read words.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "vector loads, and a feature of the processor"))]
// Why it is sound: sixteen bytes are loaded from the first or second on of arrays of seventeen, and twice as many of
// arrays of 33; SSE2 is part of x86-64, and AVX2 is asked for.

use std::ops::Range;

use super::{BLOCK, SEEN, padded};

/// Pairs of small letters and signs that are looked for together.
pub(crate) struct Pairs<const N: usize> {
    all: [[u8; 2]; N],
    /// A bit for each pair, by the low and the high half of its first byte, and of its second: it stands only where all
    /// four agree.
    #[cfg(target_arch = "x86_64")]
    halves: [[u8; 16]; 4],
}

impl<const N: usize> Pairs<N> {
    /// No more than a byte has bits.
    pub(crate) const fn new(all: [[u8; 2]; N]) -> Self {
        assert!(N <= u8::BITS as usize);
        Self {
            all,
            #[cfg(target_arch = "x86_64")]
            halves: halves(&all),
        }
    }
}

#[cfg(target_arch = "x86_64")]
const fn halves(all: &[[u8; 2]]) -> [[u8; 16]; 4] {
    let (mut halves, mut n) = ([[0; 16]; 4], 0);
    while n < all.len() {
        let [first, second] = all[n];
        assert!(first & 0x20 != 0 && second & 0x20 != 0 && first < 0x80 && second < 0x80);
        halves[0][(first & 0xf) as usize] |= 1 << n;
        halves[1][(first >> 4) as usize] |= 1 << n;
        halves[2][(second & 0xf) as usize] |= 1 << n;
        halves[3][(second >> 4) as usize] |= 1 << n;
        n += 1;
    }
    halves
}

/// A bit for each of the first 64 bytes that one of `pairs` begins with, letters in either case; signs may be taken for
/// control characters.
#[inline]
pub(crate) fn any_pairs<const N: usize>(seen: &[u8; SEEN], pairs: &Pairs<N>) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        return unsafe { avx2_any(seen, &pairs.halves) };
    }
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2_any(seen, &pairs.all) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain_any(seen, &pairs.all);
}

/// Where pairs of letters were seen last in a text that is gone through from its beginning to its end. Only where somebody
/// asks at places close together all of it is looked at, and then each block once.
#[derive(Default)]
pub(crate) struct Sightings {
    seen: Range<usize>,
    /// Behind the first letter of the last pair in it.
    last: usize,
}

impl Sightings {
    /// Whether one of `pairs`, always the same, begins within the `reach` bytes before `at`; `None` where not all of these
    /// were looked at.
    #[inline(always)]
    pub(crate) fn since<const N: usize>(
        &mut self,
        text: &[u8],
        at: usize,
        reach: usize,
        pairs: &Pairs<N>,
    ) -> Option<bool> {
        let from = at.saturating_sub(reach);
        let is_seen = self.seen.start <= from && at <= self.seen.end || self.look(text, at, pairs, from);
        is_seen.then_some(self.last > from)
    }

    /// Looks at the bytes before `at` as well, and whether those from `from` on were looked at then.
    #[inline(never)]
    fn look<const N: usize>(&mut self, text: &[u8], at: usize, pairs: &Pairs<N>, from: usize) -> bool {
        if !(self.seen.start..=self.seen.end + BLOCK).contains(&at) {
            *self = Self { seen: at..at, last: 0 };
        } else if self.seen.end < at {
            let Some(block) = text.get(self.seen.end..).and_then(<[u8]>::first_chunk) else { return false };
            let found = any_pairs(block, pairs);
            if found != 0 {
                self.last = self.seen.end + BLOCK - found.leading_zeros() as usize;
            }
            self.seen.end += BLOCK;
        }
        self.seen.start <= from
    }
}

/// Where a rare pair of letters stands in a text that is gone through from its beginning to its end. Only where
/// somebody asks at places close together all of it is looked at, once, some way ahead.
#[derive(Default)]
pub(crate) struct Rare {
    seen: Range<usize>,
    /// Behind the first letter of the last pair before the last place asked about.
    last: usize,
    /// Where the next one begins, or the end of what was seen.
    next: usize,
}

/// How far ahead.
const AHEAD: usize = 8 * BLOCK;

impl Rare {
    /// Whether `pair`, always the same, may begin within the `reach` bytes before `at`.
    #[inline(always)]
    pub(crate) fn may_stand<const N: usize>(&mut self, text: &[u8], at: usize, reach: usize, pair: &Pairs<N>) -> bool {
        let from = at.saturating_sub(reach);
        let is_seen = self.seen.start <= from && at <= self.next || self.look(text, from, at, pair);
        !is_seen || self.last > from
    }

    /// Goes on as far as `at`, and whether all was seen from `from` on.
    #[inline(never)]
    fn look<const N: usize>(&mut self, text: &[u8], from: usize, at: usize, pair: &Pairs<N>) -> bool {
        if !(self.seen.start..=self.seen.end + AHEAD).contains(&at) {
            *self = Self { seen: at..at, last: 0, next: at };
        }
        while self.next < at {
            let begin = if self.next < self.seen.end {
                self.last = self.next + 1;
                self.last
            } else {
                self.seen.end += AHEAD;
                self.next
            };
            self.next = next_pair(text, begin..self.seen.end, pair);
        }
        self.seen.start <= from
    }
}

/// Where the next pair begins in `range`, or its end.
fn next_pair<const N: usize>(text: &[u8], range: Range<usize>, pair: &Pairs<N>) -> usize {
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..).unwrap_or_default();
        let found = rest.first_chunk().map_or_else(|| any_pairs(&padded(rest), pair), |block| any_pairs(block, pair));
        if found != 0 {
            return range.end.min(at + found.trailing_zeros() as usize);
        }
        at += BLOCK;
    }
    range.end
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_any(seen: &[u8; SEEN], pairs: &[[u8; 2]]) -> u64 {
    use std::arch::x86_64::*;
    let small = _mm_set1_epi8(0x20);
    (0..BLOCK).step_by(16).fold(0, |mask, at| {
        let Some(chunk) = seen.get(at..).and_then(<[u8]>::first_chunk::<17>) else { return mask };
        // SAFETY: it reads sixteen bytes from the first and from the second of an array of seventeen.
        let (v, next) =
            unsafe { (_mm_loadu_si128(chunk.as_ptr().cast()), _mm_loadu_si128(chunk.as_ptr().add(1).cast())) };
        let (v, next) = (_mm_or_si128(v, small), _mm_or_si128(next, small));
        let found = pairs.iter().fold(_mm_setzero_si128(), |found, [a, b]| {
            let [a, b] = [a, b].map(|byte| _mm_set1_epi8(*byte as i8));
            _mm_or_si128(found, _mm_and_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(next, b)))
        });
        mask | u64::from(_mm_movemask_epi8(found) as u16) << at
    })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2_any(seen: &[u8; SEEN], halves: &[[u8; 16]; 4]) -> u64 {
    use std::arch::x86_64::*;
    // SAFETY: it reads sixteen bytes of an array of sixteen.
    let twice = |table: &[u8; 16]| _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) });
    let [first_low, first_high, second_low, second_high] = halves.each_ref().map(twice);
    let (small, half) = (_mm256_set1_epi8(0x20), _mm256_set1_epi8(0xf));
    (0..BLOCK).step_by(32).fold(0, |mask, at| {
        let Some(chunk) = seen.get(at..).and_then(<[u8]>::first_chunk::<33>) else { return mask };
        // SAFETY: it reads 32 bytes from the first and from the second of an array of 33.
        let (v, next) =
            unsafe { (_mm256_loadu_si256(chunk.as_ptr().cast()), _mm256_loadu_si256(chunk.as_ptr().add(1).cast())) };
        // Beyond ASCII a low half is looked up as nothing, so that the highest bit need not be masked.
        let agree = |v, low, high| {
            let v = _mm256_or_si256(v, small);
            let above = _mm256_and_si256(_mm256_srli_epi16::<4>(v), half);
            _mm256_and_si256(_mm256_shuffle_epi8(low, v), _mm256_shuffle_epi8(high, above))
        };
        let found = _mm256_and_si256(agree(v, first_low, first_high), agree(next, second_low, second_high));
        let none = _mm256_cmpeq_epi8(found, _mm256_setzero_si256());
        mask | u64::from(!_mm256_movemask_epi8(none) as u32) << at
    })
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain_any(seen: &[u8; SEEN], pairs: &[[u8; 2]]) -> u64 {
    let is = |two: &[u8]| pairs.iter().any(|pair| two.iter().zip(pair).all(|(byte, of)| byte | 0x20 == *of));
    seen.windows(2).rev().fold(0, |mask, two| mask << 1 | u64::from(is(two)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_seen_is_what_stands_there(
            text in "[lk. ]{0,400}|(lk|[a-z ]{40}){0,9}",
            places in prop::collection::vec((0..400_usize, 0..120_usize), 1..40),
            sorted in any::<bool>(),
        ) {
            let (mut sightings, mut places) = (Sightings::default(), places);
            if sorted {
                places.sort_unstable();
            }
            for (at, reach) in places {
                let at = at.min(text.len());
                static PAIRS: Pairs<2> = Pairs::new([*b"lk", *b"k."]);
                let from = at.saturating_sub(reach);
                // The second letter may stand behind.
                let begins = |n: usize| text.get(n..n + 2).is_some_and(|two| two == "lk" || two == "k.");
                let told = sightings.since(text.as_bytes(), at, reach, &PAIRS);
                prop_assert!(told.is_none_or(|told| told || !(from..at).any(begins)));
                // Nor is one seen where there is none, but behind `at` in what was looked at.
                prop_assert!(!sorted || told != Some(true) || (from..at + BLOCK).any(begins));
            }
        }

        #[test]
        fn a_rare_pair_is_seen_where_it_stands(
            text in "[lk. ]{0,300}|(lK|[a-z ]{40}){0,9}|[a-j ]{0,300}[kl]{0,3}[a-j ]{0,150}",
            places in prop::collection::vec((0..500_usize, 0..120_usize), 1..40),
            sorted in any::<bool>(),
        ) {
            static PAIR: Pairs<1> = Pairs::new([*b"lk"]);
            let (mut rare, mut places) = (Rare::default(), places);
            if sorted {
                places.sort_unstable();
            }
            for (n, (at, reach)) in places.into_iter().enumerate() {
                let (at, reach) = (at.min(text.len()), if sorted { 100 } else { reach });
                let from = at.saturating_sub(reach);
                let begins = |n: usize| text.get(n..n + 2).is_some_and(|two| two.eq_ignore_ascii_case("lk"));
                let (told, expected) = (rare.may_stand(text.as_bytes(), at, reach, &PAIR), (from..at).any(begins));
                // Where all was seen, it is told exactly.
                let exact = sorted && rare.seen.start <= from;
                prop_assert!(told == expected || told && !exact, "{} {} {}", n, from, at);
            }
        }

        #[test]
        fn vectors_and_plain_code_tell_the_same(
            text in prop::collection::vec(prop_oneof![
                2 => prop::sample::select(b"siSIsNn.bBo\x0e\x13\xf3\xe9 ".to_vec()), 1 => any::<u8>(),
            ], SEEN),
        ) {
            static PAIRS: Pairs<4> = Pairs::new([*b"si", *b"sn", *b"s.", *b"bo"]);
            let seen: &[u8; SEEN] = text.first_chunk().expect("as many");
            let expected = plain_any(seen, &PAIRS.all);
            prop_assert_eq!(any_pairs(seen, &PAIRS), expected);
            // SAFETY: the feature is part of the architecture.
            #[cfg(target_arch = "x86_64")]
            prop_assert_eq!(unsafe { sse2_any(seen, &PAIRS.all) }, expected);
        }
    }

    #[test]
    fn pairs_are_seen_at_every_place() {
        static PAIRS: Pairs<3> = Pairs::new([*b"si", *b"sn", *b"s."]);
        for (pair, is_one) in [("si", true), ("Sn", true), ("S.", true), ("b.", false), ("iS", false)] {
            for at in 0..SEEN - 1 {
                let mut seen = [b'x'; SEEN];
                seen[at..at + 2].copy_from_slice(pair.as_bytes());
                assert_eq!(any_pairs(&seen, &PAIRS), u64::from(is_one) << at, "{pair}");
            }
        }
    }
}
