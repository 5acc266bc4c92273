//! Where the digits of a year stand among 64 bytes, and where lines end: a first look for those who read dates beside a
//! number. It knows no date.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector loads, and calls of functions that need features")
)]
// Why it is sound: vectors of 64 bytes are loaded from the first five bytes of an array of 68, those of 32 from the same
// and from 32 bytes behind; functions that need a feature are called only behind a check for it.

use super::BLOCK;

/// Bytes a block is judged by: two before its own and two behind.
pub(crate) const YEARS_SEEN: usize = BLOCK + 4;

/// Of the 64 bytes behind the first two, a bit for each with which the last two digits of a year begin, behind the first two
/// or parted from other digits on both sides; and a bit for each that ends a line.
#[inline]
pub(crate) fn years(seen: &[u8; YEARS_SEEN], year: [u8; 4]) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        return unsafe { avx512(seen, year) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        return unsafe { avx2(seen, year) };
    }
    plain(seen, year)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn avx512(seen: &[u8; YEARS_SEEN], year: [u8; 4]) -> (u64, u64) {
    use std::arch::x86_64::*;
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    // SAFETY: the array has four bytes more than a vector.
    let from: [_; 5] = std::array::from_fn(|n| unsafe { _mm512_loadu_si512(seen.as_ptr().add(n).cast()) });
    let is = |n: usize, byte| _mm512_cmpeq_epi8_mask(from[n], splat(byte));
    let digit = |n: usize| _mm512_cmple_epu8_mask(_mm512_sub_epi8(from[n], splat(b'0')), splat(9));
    let [a, b, c, d] = year;
    let shown = is(2, c) & is(3, d) & (is(0, a) & is(1, b) | !digit(1) & !digit(4));
    (shown, is(2, b'\n') | is(2, b'\r'))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(seen: &[u8; YEARS_SEEN], year: [u8; 4]) -> (u64, u64) {
    use std::arch::x86_64::*;
    let splat = |b: u8| _mm256_set1_epi8(b as i8);
    let [a, b, c, d] = year;
    [0, 32].into_iter().fold((0, 0), |(shown, ends), at| {
        // SAFETY: the array has four bytes more than two vectors.
        let from: [_; 5] = std::array::from_fn(|n| unsafe { _mm256_loadu_si256(seen.as_ptr().add(at + n).cast()) });
        let is = |n: usize, byte| _mm256_cmpeq_epi8(from[n], splat(byte));
        let and = |a, b| _mm256_and_si256(a, b);
        let or = |a, b| _mm256_or_si256(a, b);
        let digit = |n: usize| {
            let from_0 = _mm256_sub_epi8(from[n], splat(b'0'));
            _mm256_cmpeq_epi8(_mm256_min_epu8(from_0, splat(9)), from_0)
        };
        let whole = and(is(0, a), is(1, b));
        let parted = or(digit(1), digit(4));
        let bits = |v| u64::from(_mm256_movemask_epi8(v) as u32) << at;
        let both = and(is(2, c), is(3, d));
        let all = or(and(both, whole), _mm256_andnot_si256(parted, both));
        (shown | bits(all), ends | bits(or(is(2, b'\n'), is(2, b'\r'))))
    })
}

fn plain(seen: &[u8; YEARS_SEEN], year: [u8; 4]) -> (u64, u64) {
    let mut bits = (0, 0);
    for (n, window) in seen.windows(5).enumerate() {
        let &[p, q, r, s, t] = window else { break };
        let parted = !q.is_ascii_digit() & !t.is_ascii_digit();
        let shown = ([r, s] == year[2..]) & (([p, q] == year[..2]) | parted);
        bits.0 |= u64::from(shown) << n;
        bits.1 |= u64::from(matches!(r, b'\n' | b'\r')) << n;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_plain_code_tell_the_same(
            bytes in prop::collection::vec(prop_oneof![
                6 => prop::sample::select(b"1987".to_vec()),
                2 => prop::sample::select(b"/ \n\r:x".to_vec()),
                1 => any::<u8>(),
            ], YEARS_SEEN),
        ) {
            let seen: [u8; YEARS_SEEN] = bytes.try_into().expect("so many");
            prop_assert_eq!(years(&seen, *b"1987"), plain(&seen, *b"1987"));
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the feature is there.
                prop_assert_eq!(unsafe { avx2(&seen, *b"1987") }, plain(&seen, *b"1987"));
            }
        }
    }

    #[test]
    fn years_are_told_in_full_and_in_two_digits() {
        for (text, shown) in
            [("1987", true), ("87", true), (" 87/", true), ("187", false), ("870", false), ("21987", true)]
        {
            let mut seen = [b' '; YEARS_SEEN];
            seen[2..2 + text.len()].copy_from_slice(text.as_bytes());
            assert_eq!(years(&seen, *b"1987").0 != 0, shown, "{text}");
        }
    }
}
