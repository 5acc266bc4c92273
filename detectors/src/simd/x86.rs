//! The classes with SSE2, AVX2 and AVX-512.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads `BLOCK` bytes at offset 0 or 1 of an array of `SEEN` = `BLOCK` + 1 bytes, in whole
// vectors; functions that need a feature are called only behind a check for it, and SSE2 is part of x86-64.

use std::arch::x86_64::*;

use super::{BLOCK, Masks, SEEN, each_block};

/// Writes the classes of `text`, a block each, to `out`.
pub(super) fn classify(text: &[u8], out: &mut [Masks]) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512(text, out) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2(text, out) }
    } else {
        sse2(text, out)
    }
}

fn sse2(text: &[u8], out: &mut [Masks]) {
    each_block(text, out, sse2_block);
}

#[target_feature(enable = "avx2")]
fn avx2(text: &[u8], out: &mut [Masks]) {
    each_block(text, out, |seen| avx2_block(seen));
}

#[target_feature(enable = "avx512bw")]
fn avx512(text: &[u8], out: &mut [Masks]) {
    each_block(text, out, |seen| avx512_block(seen));
}

/// The same steps for vectors of 16 and 32 bytes, whose functions differ in their names.
macro_rules! block {
    ($name:ident $lanes:literal $($feature:literal)?, $splat:ident, $load:ident, $sub:ident, $min:ident, $max:ident,
     $eq:ident, $or:ident, $and:ident, $andnot:ident, $mask:ident, $unsigned:ty) => {
        $(#[target_feature(enable = $feature)])?
        #[inline]
        fn $name(seen: &[u8; SEEN]) -> Masks {
            let mut masks = Masks::default();
            for at in (0..BLOCK).step_by($lanes) {
                // SAFETY: `at` + 1 + lanes is at most `SEEN`.
                let (v, next) = unsafe {
                    let from = seen.as_ptr().add(at);
                    ($load(from.cast()), $load(from.add(1).cast()))
                };
                // SAFETY: no memory is touched, and the features are those of this function.
                #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
                let [digit, letter, capital, sign, odd, colon] = unsafe {
                    let splat = |b: u8| $splat(b as i8);
                    let is = |b: u8| $eq(v, splat(b));
                    let within = |v, low: u8, high: u8| {
                        let from_low = $sub(v, splat(low));
                        $eq($min(from_low, splat(high - low)), from_low)
                    };
                    let at_least = |v, low: u8| $eq($max(v, splat(low)), v);
                    let digit = within(v, b'0', b'9');
                    let letter = $or(digit, within($or(v, splat(0x20)), b'a', b'z'));
                    let additional = $and(is(0xe1), at_least(next, 0xb8));
                    let vietnamese = $or(additional, within(v, 0xc3, 0xc6));
                    let capital = $or(vietnamese, within(v, b'A', b'Z'));
                    let ends = $or(is(b'\n'), is(b'\r'));
                    let sign = $or($or($or(ends, is(b' ')), within(v, b',', b'/')), $or(is(b')'), is(b'>')));
                    let odd = $or($andnot(vietnamese, at_least(v, 0xc0)), is(b'@'));
                    // From 80 on: the highest bit itself.
                    let letter = $or(letter, v);
                    let bits = |m| u64::from($mask(m) as $unsigned);
                    [bits(digit), bits(letter), bits(capital), bits(sign), bits(odd), bits(is(b':'))]
                };
                masks.digit |= digit << at;
                masks.letter |= letter << at;
                masks.capital |= capital << at;
                masks.sign |= sign << at;
                masks.odd |= odd << at;
                masks.colon |= colon << at;
            }
            masks
        }
    };
}

block!(
    sse2_block 16, _mm_set1_epi8, _mm_loadu_si128, _mm_sub_epi8, _mm_min_epu8, _mm_max_epu8, _mm_cmpeq_epi8,
    _mm_or_si128, _mm_and_si128, _mm_andnot_si128, _mm_movemask_epi8, u16
);
block!(
    avx2_block 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, _mm256_sub_epi8, _mm256_min_epu8, _mm256_max_epu8,
    _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256, _mm256_andnot_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
#[inline]
fn avx512_block(seen: &[u8; SEEN]) -> Masks {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let is = |b: u8| _mm512_cmpeq_epi8_mask(v, splat(b));
    let within = |v, low: u8, high: u8| _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(low)), splat(high - low));
    let digit = within(v, b'0', b'9');
    let letter = digit | within(_mm512_or_si512(v, splat(0x20)), b'a', b'z') | _mm512_movepi8_mask(v);
    let additional = is(0xe1) & _mm512_cmpge_epu8_mask(next, splat(0xb8));
    let vietnamese = additional | within(v, 0xc3, 0xc6);
    let capital = vietnamese | within(v, b'A', b'Z');
    let sign = is(b'\n') | is(b'\r') | is(b' ') | within(v, b',', b'/') | is(b')') | is(b'>');
    let odd = _mm512_cmpge_epu8_mask(v, splat(0xc0)) & !vietnamese | is(b'@');
    Masks { digit, letter, capital, sign, odd, colon: is(b':') }
}

/// Writes the classes of a text.
#[cfg(test)]
type Kernel = fn(&[u8], &mut [Masks]);

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn kernels() -> Vec<(&'static str, Kernel)> {
    let mut kernels: Vec<(&'static str, Kernel)> = vec![("sse2", sse2)];
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |text, out| unsafe { avx2(text, out) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |text, out| unsafe { avx512(text, out) }));
    }
    kernels
}
