//! Where two bytes stand side by side among 64: the last digits of a year on a line of numbers.
//!
//! A first look for those who read dates. It knows no date.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "vector loads, and a feature of the processor"))]
// Why it is sound: sixteen bytes are loaded from the first or second on of arrays of seventeen, and SSE2 is part of x86-64.

use super::{BLOCK, SEEN};

/// A bit for each of the first 64 bytes that is `first` and has `second` behind it, the lowest for the first byte.
#[inline]
pub(crate) fn pairs(seen: &[u8; SEEN], first: u8, second: u8) -> u64 {
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2(seen, first, second) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain(seen, first, second);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2(seen: &[u8; SEEN], first: u8, second: u8) -> u64 {
    use std::arch::x86_64::*;
    let [a, b] = [first, second].map(|byte| _mm_set1_epi8(byte as i8));
    (0..BLOCK).step_by(16).fold(0, |mask, at| {
        let Some(chunk) = seen.get(at..).and_then(<[u8]>::first_chunk::<17>) else { return mask };
        // SAFETY: it reads sixteen bytes from the first and from the second of an array of seventeen.
        let (v, next) =
            unsafe { (_mm_loadu_si128(chunk.as_ptr().cast()), _mm_loadu_si128(chunk.as_ptr().add(1).cast())) };
        let both = _mm_and_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(next, b));
        mask | u64::from(_mm_movemask_epi8(both) as u16) << at
    })
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain(seen: &[u8; SEEN], first: u8, second: u8) -> u64 {
    let is = |n: usize| u64::from((seen[n] == first) & (seen[n + 1] == second));
    (0..BLOCK).fold(0, |mask, n| mask | is(n) << n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_plain_code_tell_the_same(
            bytes in prop::collection::vec(prop_oneof![3 => b'0'..=b'3', 1 => any::<u8>()], SEEN),
            (first, second) in (b'0'..=b'3', b'0'..=b'3'),
        ) {
            let seen: [u8; SEEN] = bytes.try_into().expect("so many");
            let expected = (0..BLOCK).filter(|n| seen[*n..].starts_with(&[first, second]));
            let expected = expected.fold(0, |mask, n| mask | 1 << n);
            prop_assert_eq!(pairs(&seen, first, second), expected);
            prop_assert_eq!(plain(&seen, first, second), expected);
        }
    }
}
