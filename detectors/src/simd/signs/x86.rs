//! The same with SSSE3, AVX2 and AVX-512; what can be shown also with SSE2.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads a whole vector at offset 0 or 1 of an array that is one byte longer; functions
// that need a feature are called only behind a check for it, and SSE2 is part of x86-64.

use std::arch::x86_64::*;

use super::super::x86::{table16, table32};
use super::tables::{
    FIRST_HIGH, FIRST_LOW, HEX, HIGH, LOW, NEXT_HIGH, NEXT_LOW, NUMERAL, PAIR, SAFE, SHIFT, SIGN, UNDERSCORE, WORD,
};
use super::{BLOCK, SEEN, Sheet, Shown, Signs, each_block, plain_signs};

/// Writes the signs of `text`, a block each, to `out`.
pub(super) fn signs(text: &[u8], out: &mut [Signs]) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512_signs(text, out) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2_signs(text, out) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { ssse3_signs(text, out) }
    } else {
        each_block(text, out, plain_signs)
    }
}

/// Fills a sheet with the signs of `text`.
pub(super) fn look<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { avx512_sheet(text, sheet) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { avx2_sheet(text, sheet) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { ssse3_sheet(text, sheet) }
    } else {
        sheet.fill(text, plain_signs);
    }
}

#[target_feature(enable = "ssse3")]
fn ssse3_sheet<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
    sheet.fill(text, |seen| ssse3_sign_block(seen));
}

#[target_feature(enable = "avx2")]
fn avx2_sheet<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
    sheet.fill(text, |seen| avx2_sign_block(seen));
}

#[target_feature(enable = "avx512bw")]
fn avx512_sheet<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
    sheet.fill(text, |seen| avx512_sign_block(seen));
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

#[target_feature(enable = "ssse3")]
fn ssse3_signs(text: &[u8], out: &mut [Signs]) {
    each_block(text, out, |seen| ssse3_sign_block(seen));
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
macro_rules! signs {
    ($signs:ident $lane:ident $lanes:literal $feature:literal, $splat:ident, $load:ident, $table:ident, $shuffle:ident,
     $shift:ident, $sub:ident, $min:ident, $eq:ident, $or:ident, $and:ident, $mask:ident, $unsigned:ty) => {
        #[target_feature(enable = $feature)]
        #[inline]
        fn $signs(seen: &[u8; SEEN]) -> Signs {
            let mut signs = Signs::default();
            for at in (0..BLOCK).step_by($lanes) {
                let Some(lane) = seen.get(at..).and_then(<[u8]>::first_chunk) else { continue };
                let [sign, word, graphic, hex, digit, shift, safe, line, cut] = $lane(lane).map(u64::from);
                signs.sign |= sign << at;
                signs.word |= word << at;
                signs.graphic |= graphic << at;
                signs.hex |= hex << at;
                signs.digit |= digit << at;
                signs.shift |= shift << at;
                signs.safe |= safe << at;
                signs.line |= line << at;
                signs.cut |= cut << at;
            }
            signs
        }

        // Inlined, the masks of two vectors are joined in ways that take ten times as long.
        #[target_feature(enable = $feature)]
        #[inline(never)]
        fn $lane(seen: &[u8; $lanes + 1]) -> [$unsigned; 9] {
            // SAFETY: both lie within the array.
            let (v, next) = unsafe { ($load(seen.as_ptr().cast()), $load(seen.as_ptr().add(1).cast())) };
            let splat = |b: u8| $splat(b as i8);
            let half = splat(0xf);
            let high = |v| $and($shift::<4>(v), half);
            let (v_high, v_low, next_high) = (high(v), $and(v, half), high(next));
            let of = |high, low, v_high, v_low| $and($shuffle($table(high), v_high), $shuffle($table(low), v_low));
            let class = of(&HIGH, &LOW, v_high, v_low);
            let first = of(&FIRST_HIGH, &FIRST_LOW, v_high, v_low);
            let pair = $and(first, of(&NEXT_HIGH, &NEXT_LOW, next_high, $and(next, half)));
            let none = |class, bits: u8| $eq($and(class, splat(bits)), splat(0));
            let lacks = |class, bits: u8| $mask(none(class, bits)) as $unsigned;
            let both = |a, b| $mask($and(a, b)) as $unsigned;
            let sign = both(none(class, SIGN), none(pair, PAIR));
            let word = both(none(class, WORD), none(first, UNDERSCORE));
            let from_visible = $sub(v, splat(b'!'));
            let graphic = $mask($eq($min(from_visible, splat(b'~' - b'!')), from_visible)) as $unsigned;
            let is = |v, b: u8| $eq(v, splat(b));
            let foreign = $mask(is(v, 0xc2)) as $unsigned;
            let cell = $or($or(is(v, b'\t'), is(v, b'|')), is(v, b';'));
            let wide = $and(is(v, b' '), is(next, b' '));
            [
                !sign | foreign,
                !word,
                graphic,
                !lacks(class, HEX),
                !lacks(class, NUMERAL),
                !lacks(pair, SHIFT),
                !lacks(first, SAFE),
                $mask(is(v, b'\n')) as $unsigned,
                $mask($or(cell, wide)) as $unsigned,
            ]
        }
    };
}

signs!(
    ssse3_sign_block ssse3_sign_lane 16 "ssse3", _mm_set1_epi8, _mm_loadu_si128, table16, _mm_shuffle_epi8,
    _mm_srli_epi16, _mm_sub_epi8, _mm_min_epu8, _mm_cmpeq_epi8, _mm_or_si128, _mm_and_si128, _mm_movemask_epi8,
    u16
);
signs!(
    avx2_sign_block avx2_sign_lane 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, table32, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_sub_epi8, _mm256_min_epu8, _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256,
    _mm256_movemask_epi8, u32
);

/// The same steps for vectors of 16 and 32 bytes.
macro_rules! shown {
    ($shown:ident $shown_lane:ident $lanes:literal $($feature:literal)?, $splat:ident, $load:ident, $sub:ident, $min:ident,
     $eq:ident, $or:ident, $mask:ident, $unsigned:ty) => {
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

shown!(
    sse2_shown_block sse2_shown_lane 16, _mm_set1_epi8, _mm_loadu_si128, _mm_sub_epi8, _mm_min_epu8, _mm_cmpeq_epi8,
    _mm_or_si128, _mm_movemask_epi8, u16
);
shown!(
    avx2_shown_block avx2_shown_lane 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, _mm256_sub_epi8, _mm256_min_epu8,
    _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
#[inline]
fn avx512_sign_block(seen: &[u8; SEEN]) -> Signs {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let half = splat(0xf);
    let high = |v| _mm512_and_si512(_mm512_srli_epi16::<4>(v), half);
    let table = |table, halves| _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table16(table)), halves);
    let (v_high, v_low) = (high(v), _mm512_and_si512(v, half));
    let class = _mm512_and_si512(table(&HIGH, v_high), table(&LOW, v_low));
    let first = _mm512_and_si512(table(&FIRST_HIGH, v_high), table(&FIRST_LOW, v_low));
    let second = _mm512_and_si512(table(&NEXT_HIGH, high(next)), table(&NEXT_LOW, _mm512_and_si512(next, half)));
    let pair = _mm512_and_si512(first, second);
    let has = |class, bits: u8| _mm512_test_epi8_mask(class, splat(bits));
    let is = |v, b: u8| _mm512_cmpeq_epi8_mask(v, splat(b));
    Signs {
        sign: has(class, SIGN) | has(pair, PAIR) | is(v, 0xc2),
        word: has(class, WORD) | has(first, UNDERSCORE),
        graphic: _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(b'!')), splat(b'~' - b'!')),
        hex: has(class, HEX),
        digit: has(class, NUMERAL),
        shift: has(pair, SHIFT),
        safe: has(first, SAFE),
        line: is(v, b'\n'),
        cut: is(v, b'\t') | is(v, b'|') | is(v, b';') | is(v, b' ') & is(next, b' '),
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
        (|text, out| each_block(text, out, plain_signs), |bytes, out| each_block(bytes, out, sse2_shown_block));
    let mut kernels = vec![("sse2", sse2)];
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", (|text, out| unsafe { ssse3_signs(text, out) }, sse2.1)));
    }
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

/// Fills a sheet.
#[cfg(test)]
type SheetKernel<const N: usize> = fn(&[u8], &mut Sheet<N>);

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn sheet_kernels<const N: usize>() -> Vec<(&'static str, SheetKernel<N>)> {
    let mut kernels: Vec<(&'static str, SheetKernel<N>)> = Vec::new();
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", |text, sheet| unsafe { ssse3_sheet(text, sheet) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |text, sheet| unsafe { avx2_sheet(text, sheet) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |text, sheet| unsafe { avx512_sheet(text, sheet) }));
    }
    kernels
}
