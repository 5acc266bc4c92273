//! Whether two letters of rare words stand side by side among 64 bytes: a first look for those who read words.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "vector loads, and a feature of the processor"))]
// Why it is sound: sixteen bytes are loaded from the first or second on of arrays of seventeen, and twice as many of
// arrays of 33; SSE2 is part of x86-64, and AVX2 is asked for.

#[cfg(target_arch = "x86_64")]
use super::BLOCK;
use super::SEEN;

/// A bit for each of the first 64 bytes that one of `pairs` begins with, small letters and signs, letters in either case;
/// signs may be taken for control characters.
#[inline]
pub(crate) fn any_pairs<const N: usize>(seen: &[u8; SEEN], pairs: [[u8; 2]; N]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        return unsafe { avx2_any(seen, pairs) };
    }
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2_any(seen, pairs) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain_any(seen, pairs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_any<const N: usize>(seen: &[u8; SEEN], pairs: [[u8; 2]; N]) -> u64 {
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
fn avx2_any<const N: usize>(seen: &[u8; SEEN], pairs: [[u8; 2]; N]) -> u64 {
    use std::arch::x86_64::*;
    let small = _mm256_set1_epi8(0x20);
    (0..BLOCK).step_by(32).fold(0, |mask, at| {
        let Some(chunk) = seen.get(at..).and_then(<[u8]>::first_chunk::<33>) else { return mask };
        // SAFETY: it reads 32 bytes from the first and from the second of an array of 33.
        let (v, next) =
            unsafe { (_mm256_loadu_si256(chunk.as_ptr().cast()), _mm256_loadu_si256(chunk.as_ptr().add(1).cast())) };
        let (v, next) = (_mm256_or_si256(v, small), _mm256_or_si256(next, small));
        let found = pairs.iter().fold(_mm256_setzero_si256(), |found, [a, b]| {
            let [a, b] = [a, b].map(|byte| _mm256_set1_epi8(*byte as i8));
            _mm256_or_si256(found, _mm256_and_si256(_mm256_cmpeq_epi8(v, a), _mm256_cmpeq_epi8(next, b)))
        });
        mask | u64::from(_mm256_movemask_epi8(found) as u32) << at
    })
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain_any<const N: usize>(seen: &[u8; SEEN], pairs: [[u8; 2]; N]) -> u64 {
    let is = |two: &[u8]| pairs.iter().any(|pair| two.iter().zip(pair).all(|(byte, of)| byte | 0x20 == *of));
    seen.windows(2).rev().fold(0, |mask, two| mask << 1 | u64::from(is(two)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_plain_code_tell_the_same(at in 0..SEEN - 1, pair in prop::sample::select(vec!["si", "Sn", "S.", "b.", "iS"])) {
            let mut seen = [b'x'; SEEN];
            seen[at..at + 2].copy_from_slice(pair.as_bytes());
            let pairs = [*b"si", *b"sn", *b"s."];
            let expected = u64::from(matches!(pair, "si" | "Sn" | "S.")) << at;
            prop_assert_eq!(any_pairs(&seen, pairs), expected);
            prop_assert_eq!(plain_any(&seen, pairs), expected);
            // SAFETY: the feature is part of the architecture.
            #[cfg(target_arch = "x86_64")]
            prop_assert_eq!(unsafe { sse2_any(&seen, pairs) }, expected);
        }
    }
}
