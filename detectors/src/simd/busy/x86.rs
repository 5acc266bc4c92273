//! The same with SSSE3, AVX2 and AVX-512. Of what is not ASCII all may be part of a number.
#![expect(unsafe_code, reason = "vector loads from arrays, and calls of functions that need features of the processor")]
// Why it is sound: every load reads a whole vector within an array of `SEEN` bytes; functions that need a feature are
// called only behind a check for it.

use std::arch::x86_64::*;

use super::super::tables::{HIGH, HIGH_HEAD, LOW, SIGNS};
use super::super::x86::{table16, table32};
use super::super::{BLOCK, SEEN};
use super::Busy;

/// Tells of each block whether a number may begin in it.
pub(super) fn look(text: &[u8], busy: &mut Busy) -> u64 {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512(text, busy) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2(text, busy) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { ssse3(text, busy) }
    } else {
        busy.look(text, super::of_raw)
    }
}

/// The same steps for vectors of 16 and 32 bytes, whose functions differ in their names.
macro_rules! busy {
    ($look:ident $block:ident $lanes:literal $feature:literal, $splat:ident, $zero:ident, $load:ident, $table:ident,
     $shuffle:ident, $shift:ident, $eq:ident, $and:ident, $mask:ident, $unsigned:ty) => {
        #[target_feature(enable = $feature)]
        fn $look(text: &[u8], busy: &mut Busy) -> u64 {
            busy.look(text, |seen| $block(seen))
        }

        // Inlined, the masks of two vectors are joined in ways that take ten times as long.
        #[target_feature(enable = $feature)]
        #[inline(never)]
        fn $block(seen: &[u8; SEEN]) -> [u64; 2] {
            let (mut dead, mut no_head, mut above) = (0_u64, 0_u64, 0_u64);
            for at in (0..BLOCK).step_by($lanes) {
                // SAFETY: `at` + lanes is at most `BLOCK`.
                let v = unsafe { $load(seen.as_ptr().add(at).cast()) };
                let half = $splat(0xf);
                let low = $shuffle($table(&LOW), $and(v, half));
                let high = $and($shift::<4>(v), half);
                let lacks = |table| $eq($and($shuffle($table(table), high), low), $zero());
                let bits = |m| u64::from($mask(m) as $unsigned) << at;
                dead |= bits(lacks(&HIGH));
                no_head |= bits(lacks(&HIGH_HEAD));
                above |= bits(v);
            }
            [!dead | above, !no_head | above]
        }
    };
}

busy!(
    ssse3 ssse3_block 16 "ssse3", _mm_set1_epi8, _mm_setzero_si128, _mm_loadu_si128, table16, _mm_shuffle_epi8,
    _mm_srli_epi16, _mm_cmpeq_epi8, _mm_and_si128, _mm_movemask_epi8, u16
);
busy!(
    avx2 avx2_block 32 "avx2", _mm256_set1_epi8, _mm256_setzero_si256, _mm256_loadu_si256, table32, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_cmpeq_epi8, _mm256_and_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
fn avx512(text: &[u8], busy: &mut Busy) -> u64 {
    busy.look(text, |seen| {
        // SAFETY: it lies within the array.
        let v = unsafe { _mm512_loadu_si512(seen.as_ptr().cast()) };
        let half = _mm512_set1_epi8(0xf);
        let table = |table| _mm512_broadcast_i32x4(table16(table));
        let high = _mm512_shuffle_epi8(table(&HIGH), _mm512_and_si512(_mm512_srli_epi16::<4>(v), half));
        let class = _mm512_and_si512(high, _mm512_shuffle_epi8(table(&LOW), _mm512_and_si512(v, half)));
        let above = _mm512_movepi8_mask(v);
        let head = _mm512_test_epi8_mask(class, _mm512_set1_epi8(!SIGNS as i8));
        [_mm512_test_epi8_mask(class, class) | above, head | above]
    })
}

/// Tells which blocks are busy.
#[cfg(test)]
pub(super) type Kernel = fn(&[u8], &mut Busy) -> u64;

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn kernels() -> Vec<(&'static str, Kernel)> {
    let mut kernels: Vec<(&'static str, Kernel)> = Vec::new();
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", |text, busy| unsafe { ssse3(text, busy) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |text, busy| unsafe { avx2(text, busy) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |text, busy| unsafe { avx512(text, busy) }));
    }
    kernels
}
