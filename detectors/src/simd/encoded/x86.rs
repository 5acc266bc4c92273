//! The same with SSSE3, AVX2 and AVX-512.
#![expect(unsafe_code, reason = "vector loads from arrays, and calls of functions that need features of the processor")]
// Why it is sound: every load reads a whole vector at an offset that leaves it within an array of `SEEN` bytes; functions
// that need a feature are called only behind a check for it.

use std::arch::x86_64::*;

use super::super::base64::{NONE_HIGH, NONE_LOW};
use super::super::x86::{table16, table32};
use super::super::{BLOCK, SEEN};
use super::{Encoded, Plain};

/// Fills a look at `text`.
pub(super) fn look(text: &[u8], seen: &mut Encoded) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512(text, seen) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2(text, seen) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { ssse3(text, seen) }
    } else {
        seen.fill(text, plain)
    }
}

/// A block without vectors wide enough.
fn plain(seen: &[u8; SEEN]) -> Plain {
    let mut plain = Plain::default();
    for (n, pair) in seen.windows(2).enumerate() {
        let &[byte, next] = pair else { continue };
        let bit = |is: bool| u64::from(is) << n;
        plain.line |= bit(byte == b'\n');
        plain.digit |= bit(byte.is_ascii_digit());
        plain.shift |= bit(byte == b'+' && matches!(next, b'A' | b'H' | b'I'));
        plain.other |= bit(!(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'\n')));
    }
    plain
}

/// The same steps for vectors of 16 and 32 bytes, whose functions differ in their names.
macro_rules! encoded {
    ($look:ident $block:ident $lanes:literal $feature:literal, $splat:ident, $zero:ident, $load:ident, $table:ident,
     $shuffle:ident, $shift:ident, $sub:ident, $min:ident, $eq:ident, $or:ident, $and:ident, $mask:ident, $unsigned:ty) => {
        #[target_feature(enable = $feature)]
        fn $look(text: &[u8], seen: &mut Encoded) {
            seen.fill(text, |seen| $block(seen));
        }

        // Inlined, the masks of two vectors are joined in ways that take ten times as long.
        #[target_feature(enable = $feature)]
        #[inline(never)]
        fn $block(seen: &[u8; SEEN]) -> Plain {
            let mut plain = Plain::default();
            let mut letters = 0;
            for at in (0..BLOCK).step_by($lanes) {
                // SAFETY: `at` + 1 + lanes is at most `SEEN`.
                let (v, next) = unsafe {
                    let from = seen.as_ptr().add(at);
                    ($load(from.cast()), $load(from.add(1).cast()))
                };
                let splat = |b: u8| $splat(b as i8);
                let is = |v, b: u8| $eq(v, splat(b));
                let half = splat(0xf);
                let high = $shuffle($table(&NONE_HIGH), $and($shift::<4>(v), half));
                let none = $and(high, $shuffle($table(&NONE_LOW), $and(v, half)));
                let from_0 = $sub(v, splat(b'0'));
                let bits = |m| u64::from($mask(m) as $unsigned) << at;
                letters |= bits($eq(none, $zero()));
                plain.line |= bits(is(v, b'\n'));
                plain.digit |= bits($eq($min(from_0, splat(9)), from_0));
                let begins = $or(is(next, b'A'), $or(is(next, b'H'), is(next, b'I')));
                plain.shift |= bits($and(is(v, b'+'), begins));
            }
            plain.other = !(letters | plain.line);
            plain
        }
    };
}

encoded!(
    ssse3 ssse3_block 16 "ssse3", _mm_set1_epi8, _mm_setzero_si128, _mm_loadu_si128, table16, _mm_shuffle_epi8,
    _mm_srli_epi16, _mm_sub_epi8, _mm_min_epu8, _mm_cmpeq_epi8, _mm_or_si128, _mm_and_si128, _mm_movemask_epi8, u16
);
encoded!(
    avx2 avx2_block 32 "avx2", _mm256_set1_epi8, _mm256_setzero_si256, _mm256_loadu_si256, table32, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_sub_epi8, _mm256_min_epu8, _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256,
    _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
fn avx512(text: &[u8], seen: &mut Encoded) {
    seen.fill(text, |seen| {
        // SAFETY: both lie within the array.
        let (v, next) =
            unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
        let splat = |b: u8| _mm512_set1_epi8(b as i8);
        let half = splat(0xf);
        let table = |table, halves| _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table16(table)), halves);
        let high = table(&NONE_HIGH, _mm512_and_si512(_mm512_srli_epi16::<4>(v), half));
        let none = _mm512_test_epi8_mask(high, table(&NONE_LOW, _mm512_and_si512(v, half)));
        let line = _mm512_cmpeq_epi8_mask(v, splat(b'\n'));
        let plus = _mm512_cmpeq_epi8_mask(v, splat(b'+'));
        let begins = |b: u8| _mm512_mask_cmpeq_epi8_mask(plus, next, splat(b));
        Plain {
            line,
            digit: _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(b'0')), splat(9)),
            shift: begins(b'A') | begins(b'H') | begins(b'I'),
            other: none & !line,
        }
    });
}

/// Fills a look.
#[cfg(test)]
pub(super) type Kernel = fn(&[u8], &mut Encoded);

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn kernels() -> Vec<(&'static str, Kernel)> {
    let mut kernels: Vec<(&'static str, Kernel)> = vec![("plain", |text, seen| seen.fill(text, plain))];
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", |text, seen| unsafe { ssse3(text, seen) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |text, seen| unsafe { avx2(text, seen) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |text, seen| unsafe { avx512(text, seen) }));
    }
    kernels
}
