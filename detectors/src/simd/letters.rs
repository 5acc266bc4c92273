//! Letters, digits, borders and ends among sixteen bytes or a block: with SSE2, and the first two with AVX2 and AVX-512.
#![expect(unsafe_code, reason = "vector loads from arrays, and calls of functions that need features of the processor")]
// Why it is sound: every load reads whole vectors of an array; functions that need a feature are called only behind a
// check for it, and SSE2 is part of x86-64.

use std::arch::x86_64::*;

use super::BLOCK;

/// Which of sixteen bytes are letters, or outside ASCII, and which are digits.
#[inline]
pub(super) fn letters_and_digits(chunk: &[u8; 16]) -> (u16, u16) {
    // SAFETY: the array has 16 bytes, and SSE2 is part of x86-64.
    #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
    unsafe {
        let v = _mm_loadu_si128(chunk.as_ptr().cast());
        let within = |v, low: u8, high: u8| {
            let from_low = _mm_sub_epi8(v, _mm_set1_epi8(low as i8));
            _mm_cmpeq_epi8(_mm_min_epu8(from_low, _mm_set1_epi8((high - low) as i8)), from_low)
        };
        let letters = _mm_or_si128(within(_mm_or_si128(v, _mm_set1_epi8(0x20)), b'a', b'z'), v);
        (_mm_movemask_epi8(letters) as u16, _mm_movemask_epi8(within(v, b'0', b'9')) as u16)
    }
}

/// The same of a block, where vectors are wider.
#[inline]
pub(super) fn letters_and_digits_of(block: &[u8; BLOCK]) -> Option<(u64, u64)> {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        Some(unsafe { letters_and_digits_avx512(block) })
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        Some(unsafe { letters_and_digits_avx2(block) })
    } else {
        None
    }
}

#[target_feature(enable = "avx512bw")]
fn letters_and_digits_avx512(block: &[u8; BLOCK]) -> (u64, u64) {
    // SAFETY: the array has 64 bytes.
    let v = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let within = |v, low: u8, high: u8| _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(low)), splat(high - low));
    let letters = within(_mm512_or_si512(v, splat(0x20)), b'a', b'z') | _mm512_movepi8_mask(v);
    (letters, within(v, b'0', b'9'))
}

#[target_feature(enable = "avx2")]
fn letters_and_digits_avx2(block: &[u8; BLOCK]) -> (u64, u64) {
    let (halves, _) = block.as_chunks::<32>();
    halves.iter().enumerate().fold((0, 0), |(letters, digits), (n, half)| {
        // SAFETY: the array has 32 bytes.
        let v = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
        let within = |v, low: u8, high: u8| {
            let from_low = _mm256_sub_epi8(v, _mm256_set1_epi8(low as i8));
            _mm256_cmpeq_epi8(_mm256_min_epu8(from_low, _mm256_set1_epi8((high - low) as i8)), from_low)
        };
        let letter = _mm256_or_si256(within(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), b'a', b'z'), v);
        let bits = |m| u64::from(_mm256_movemask_epi8(m) as u32) << (32 * n);
        (letters | bits(letter), digits | bits(within(v, b'0', b'9')))
    })
}

/// Which of sixteen bytes end clauses, lines or cells.
#[inline]
pub(super) fn borders(chunk: &[u8; 16]) -> u16 {
    // SAFETY: the array has 16 bytes, and SSE2 is part of x86-64.
    #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
    unsafe {
        let v = _mm_loadu_si128(chunk.as_ptr().cast());
        let is = |b: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(b as i8));
        let or = |a, b| _mm_or_si128(a, b);
        let cells = or(or(is(b'\n'), is(b'\t')), or(is(b'|'), is(b';')));
        _mm_movemask_epi8(or(cells, or(is(b'.'), or(is(b'!'), is(b'?'))))) as u16
    }
}

/// Which of sixteen bytes are digits or end what is said behind a number.
#[inline]
pub(super) fn ends(chunk: &[u8; 16]) -> u16 {
    // SAFETY: the array has 16 bytes, and SSE2 is part of x86-64.
    #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
    unsafe {
        let v = _mm_loadu_si128(chunk.as_ptr().cast());
        let is = |b: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(b as i8));
        let or = |a, b| _mm_or_si128(a, b);
        let from_0 = _mm_sub_epi8(v, _mm_set1_epi8(b'0' as i8));
        let digit = _mm_cmpeq_epi8(_mm_min_epu8(from_0, _mm_set1_epi8(9)), from_0);
        let cells = or(or(is(b'\n'), is(b'\t')), or(is(b'|'), is(b';')));
        _mm_movemask_epi8(or(cells, or(is(b','), digit))) as u16
    }
}
