//! The same with SSE2, AVX2 and AVX-512.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads a whole vector at offset 0 or 1 of an array that is one byte longer; functions
// that need a feature are called only behind a check for it, and SSE2 is part of x86-64.

use std::arch::x86_64::*;

use super::{BLOCK, SEEN, Shown, Signs, each_block};

/// Writes the signs of `text`, a block each, to `out`.
pub(super) fn signs(text: &[u8], out: &mut [Signs]) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512_signs(text, out) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2_signs(text, out) }
    } else {
        each_block(text, out, sse2_sign_block)
    }
}

/// Writes what of `bytes` can be shown, a block each, to `out`.
pub(super) fn shown(bytes: &[u8], out: &mut [Shown]) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512_shown(bytes, out) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2_shown(bytes, out) }
    } else {
        each_block(bytes, out, sse2_shown_block)
    }
}

#[target_feature(enable = "avx2")]
fn avx2_signs(text: &[u8], out: &mut [Signs]) {
    each_block(text, out, |seen| avx2_sign_block(seen));
}

#[target_feature(enable = "avx2")]
fn avx2_shown(bytes: &[u8], out: &mut [Shown]) {
    each_block(bytes, out, |seen| avx2_shown_block(seen));
}

#[target_feature(enable = "avx512bw")]
fn avx512_signs(text: &[u8], out: &mut [Signs]) {
    each_block(text, out, |seen| avx512_sign_block(seen));
}

#[target_feature(enable = "avx512bw")]
fn avx512_shown(bytes: &[u8], out: &mut [Shown]) {
    each_block(bytes, out, |seen| avx512_shown_block(seen));
}

/// The same steps for vectors of 16 and 32 bytes, whose functions differ in their names.
macro_rules! blocks {
    ($signs:ident $sign_lane:ident $shown:ident $shown_lane:ident $lanes:literal $($feature:literal)?, $splat:ident, $load:ident, $sub:ident, $min:ident,
     $eq:ident, $or:ident, $and:ident, $mask:ident, $unsigned:ty) => {
        $(#[target_feature(enable = $feature)])?
        #[inline]
        fn $signs(seen: &[u8; SEEN]) -> Signs {
            let mut signs = Signs::default();
            for at in (0..BLOCK).step_by($lanes) {
                let Some(lane) = seen.get(at..).and_then(<[u8]>::first_chunk) else { continue };
                let [sign, word, graphic, hex] = $sign_lane(lane).map(u64::from);
                signs.sign |= sign << at;
                signs.word |= word << at;
                signs.graphic |= graphic << at;
                signs.hex |= hex << at;
            }
            signs
        }

        // Inlined, the masks of two vectors are joined in ways that take ten times as long.
        $(#[target_feature(enable = $feature)])?
        #[inline(never)]
        fn $sign_lane(seen: &[u8; $lanes + 1]) -> [u32; 4] {
            // SAFETY: both lie within the array.
            let (v, next) = unsafe { ($load(seen.as_ptr().cast()), $load(seen.as_ptr().add(1).cast())) };
            // SAFETY: no memory is touched, and the features are those of this function.
            #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
            unsafe {
                let splat = |b: u8| $splat(b as i8);
                let is = |b: u8| $eq(v, splat(b));
                let goes_on = |b: u8| $eq(next, splat(b));
                let within = |v, low: u8, high: u8| {
                    let from_low = $sub(v, splat(low));
                    $eq($min(from_low, splat(high - low)), from_low)
                };
                let (plus, slash, lower) = (is(b'+'), is(b'/'), $or(v, splat(0x20)));
                let digit = within(v, b'0', b'9');
                let single = $or($or($or(within(v, b'%', b'&'), within(v, b'<', b'=')), $or(is(b'\\'), is(b'^'))),
                    $or($or(is(b'('), plus), is(0xc2)));
                let comment = $and(slash, goes_on(b'*'));
                let hexed = $and(is(b'0'), $eq($or(next, splat(0x20)), splat(b'x')));
                let letter = $and(is(0xc3), $or($or(goes_on(0x91), goes_on(0xb1)), goes_on(0xb6)));
                let sign = $or($or(single, comment), $or(hexed, letter));
                let alphanumeric = $or(digit, within(lower, b'a', b'z'));
                let word = $or($or(alphanumeric, plus), $or(slash, $or(is(b'-'), is(b'_'))));
                let graphic = within(v, b'!', b'~');
                let hex = $or(digit, within(lower, b'a', b'f'));
                let bits = |m| u32::from($mask(m) as $unsigned);
                [bits(sign), bits(word), bits(graphic), bits(hex)]
            }
        }

        $(#[target_feature(enable = $feature)])?
        #[inline]
        fn $shown(seen: &[u8; SEEN]) -> Shown {
            let mut shown = Shown::default();
            for at in (0..BLOCK).step_by($lanes) {
                let Some(lane) = seen.get(at..).and_then(<[u8]>::first_chunk) else { continue };
                let [plain, zero, high] = $shown_lane(lane).map(u64::from);
                shown.plain |= plain << at;
                shown.zero |= zero << at;
                shown.high |= high << at;
            }
            shown
        }

        $(#[target_feature(enable = $feature)])?
        #[inline(never)]
        fn $shown_lane(seen: &[u8; $lanes]) -> [u32; 3] {
            // SAFETY: it lies within the array.
            let v = unsafe { $load(seen.as_ptr().cast()) };
            // SAFETY: no memory is touched, and the features are those of this function.
            #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
            unsafe {
                let splat = |b: u8| $splat(b as i8);
                let is = |b: u8| $eq(v, splat(b));
                let within = |low: u8, high: u8| {
                    let from_low = $sub(v, splat(low));
                    $eq($min(from_low, splat(high - low)), from_low)
                };
                let plain = $or(within(b' ', b'~'), $or(within(b'\t', b'\n'), is(b'\r')));
                let bits = |m| u32::from($mask(m) as $unsigned);
                // From 80 on: the highest bit itself.
                [bits(plain), bits(is(0)), bits(v)]
            }
        }
    };
}

blocks!(
    sse2_sign_block sse2_sign_lane sse2_shown_block sse2_shown_lane 16, _mm_set1_epi8, _mm_loadu_si128, _mm_sub_epi8, _mm_min_epu8, _mm_cmpeq_epi8,
    _mm_or_si128, _mm_and_si128, _mm_movemask_epi8, u16
);
blocks!(
    avx2_sign_block avx2_sign_lane avx2_shown_block avx2_shown_lane 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, _mm256_sub_epi8, _mm256_min_epu8,
    _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
#[inline]
fn avx512_sign_block(seen: &[u8; SEEN]) -> Signs {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let is = |b: u8| _mm512_cmpeq_epi8_mask(v, splat(b));
    let goes_on = |b: u8| _mm512_cmpeq_epi8_mask(next, splat(b));
    let within = |v, low: u8, high: u8| _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(low)), splat(high - low));
    let (plus, slash, lower) = (is(b'+'), is(b'/'), _mm512_or_si512(v, splat(0x20)));
    let digit = within(v, b'0', b'9');
    let single = within(v, b'%', b'&') | within(v, b'<', b'=') | is(b'\\') | is(b'^') | is(b'(') | plus | is(0xc2);
    let hexed = is(b'0') & _mm512_cmpeq_epi8_mask(_mm512_or_si512(next, splat(0x20)), splat(b'x'));
    let letter = is(0xc3) & (goes_on(0x91) | goes_on(0xb1) | goes_on(0xb6));
    Signs {
        sign: single | slash & goes_on(b'*') | hexed | letter,
        word: digit | within(lower, b'a', b'z') | plus | slash | is(b'-') | is(b'_'),
        graphic: within(v, b'!', b'~'),
        hex: digit | within(lower, b'a', b'f'),
    }
}

#[target_feature(enable = "avx512bw")]
#[inline]
fn avx512_shown_block(seen: &[u8; SEEN]) -> Shown {
    // SAFETY: it lies within the array.
    let v = unsafe { _mm512_loadu_si512(seen.as_ptr().cast()) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let is = |b: u8| _mm512_cmpeq_epi8_mask(v, splat(b));
    let within = |low: u8, high: u8| _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(low)), splat(high - low));
    Shown { plain: within(b' ', b'~') | within(b'\t', b'\n') | is(b'\r'), zero: is(0), high: _mm512_movepi8_mask(v) }
}

/// Writes the signs of a text, and what of a binary can be shown.
#[cfg(test)]
type Kernels = (fn(&[u8], &mut [Signs]), fn(&[u8], &mut [Shown]));

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn kernels() -> Vec<(&'static str, Kernels)> {
    let sse2: Kernels =
        (|text, out| each_block(text, out, sse2_sign_block), |bytes, out| each_block(bytes, out, sse2_shown_block));
    let mut kernels = vec![("sse2", sse2)];
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        let avx2: Kernels = (|t, out| unsafe { avx2_signs(t, out) }, |b, out| unsafe { avx2_shown(b, out) });
        kernels.push(("avx2", avx2));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        let avx512: Kernels = (|t, out| unsafe { avx512_signs(t, out) }, |b, out| unsafe { avx512_shown(b, out) });
        kernels.push(("avx512", avx512));
    }
    kernels
}
