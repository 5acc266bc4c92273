//! The classes with SSE2, AVX2 and AVX-512.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads `BLOCK` bytes at offset 0 or 1 of an array of `SEEN` = `BLOCK` + 1 bytes, in whole
// vectors; functions that need a feature are called only behind a check for it, and SSE2 is part of x86-64.

use std::arch::x86_64::*;
use std::hint::black_box;

use super::alive::Raw;
use super::look::{Look, fill};
use super::speech::{Hearing, Voice, each_voice, pack};
use super::tables::{
    FIRST_HIGH, FIRST_LOW, FOREIGN_BELOW, GOES_ON, HIGH, HIGH_DIGIT, HIGH_FOREIGN, HIGH_LIKE, HIGH_SIGN, LIKE, LOW,
    SECOND_ANY, SECOND_HIGH, SECOND_LOW, SIGNS,
};
use super::{BLOCK, Masks, SEEN, Work, each_block};

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

/// Whether bits are counted and shifted in one step each: all processors with AVX2 do, but none need.
pub(super) fn handles_bits() -> bool {
    is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

/// Does `work` with the instructions of processors of the last ten years, if this is one.
#[inline]
pub(super) fn widest(work: impl Work) {
    #[target_feature(enable = "avx2,popcnt,lzcnt,bmi1,bmi2")]
    fn wide(work: impl Work) {
        work.run();
    }
    if is_x86_feature_detected!("avx2") && handles_bits() {
        // SAFETY: the features are there.
        unsafe { wide(work) }
    } else {
        work.run();
    }
}

/// Asks for what stands two pages behind a block before it is its turn: the processor itself looks ahead only within a
/// page, and one page is gone through faster than memory answers.
#[inline(always)]
pub(super) fn ask_ahead(block: *const u8) {
    const AHEAD: usize = 1 << 13;
    // SAFETY: a hint, of no effect whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD).cast()) }
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

/// The same steps for vectors of 16 and 32 bytes, whose functions differ in their names. A vector at a time, and each for
/// itself: across several, the compiler makes vectors of single bits again, at ten times the cost.
macro_rules! block {
    ($name:ident $part:ident $lanes:literal $($feature:literal)?, $splat:ident, $load:ident, $sub:ident, $min:ident,
     $max:ident, $eq:ident, $or:ident, $and:ident, $andnot:ident, $mask:ident, $unsigned:ty) => {
        $(#[target_feature(enable = $feature)])?
        #[inline(never)]
        fn $part(seen: &[u8; $lanes + 1]) -> [$unsigned; 5] {
            // SAFETY: a vector from the first byte and one from the second are all of the array.
            let (v, next) = unsafe {
                let from = seen.as_ptr();
                ($load(from.cast()), $load(from.add(1).cast()))
            };
            // SAFETY: no memory is touched, and the features are those of this function.
            #[allow(unused_unsafe, reason = "some of these functions are safe by now")]
            unsafe {
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
                // Most small letters beyond ASCII are told by the byte behind: those of C3 by a bit, the others are odd.
                let odd_next = $eq($and(next, splat(1)), splat(1));
                let small = $or(
                    $and(is(0xc3), at_least(next, 0xa0)),
                    $and(within(v, 0xc4, 0xc5), odd_next),
                );
                let capital = $or($andnot(small, vietnamese), within(v, b'A', b'Z'));
                let odd = $or($andnot(vietnamese, at_least(v, 0xc0)), is(b'@'));
                // From 80 on: the highest bit itself.
                let letter = $or(letter, v);
                let mark = $or(is(b':'), is(b'@'));
                [digit, letter, capital, odd, mark].map(|m| $mask(m) as $unsigned)
            }
        }

        $(#[target_feature(enable = $feature)])?
        #[inline]
        fn $name(seen: &[u8; SEEN]) -> Masks {
            let mut masks = Masks::default();
            for at in (0..BLOCK).step_by($lanes) {
                let Some(part) = seen.get(at..).and_then(<[u8]>::first_chunk) else { break };
                let [digit, letter, capital, odd, mark] = $part(part).map(u64::from);
                masks.digit |= digit << at;
                masks.letter |= letter << at;
                masks.capital |= capital << at;
                masks.odd |= odd << at;
                masks.mark |= mark << at;
            }
            masks
        }
    };
}

block!(
    sse2_block sse2_part 16, _mm_set1_epi8, _mm_loadu_si128, _mm_sub_epi8, _mm_min_epu8, _mm_max_epu8, _mm_cmpeq_epi8,
    _mm_or_si128, _mm_and_si128, _mm_andnot_si128, _mm_movemask_epi8, u16
);
block!(
    avx2_block avx2_part 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, _mm256_sub_epi8, _mm256_min_epu8,
    _mm256_max_epu8, _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256, _mm256_andnot_si256, _mm256_movemask_epi8, u32
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
    let odd_next = _mm512_test_epi8_mask(next, splat(1));
    let small = is(0xc3) & _mm512_cmpge_epu8_mask(next, splat(0xa0)) | within(v, 0xc4, 0xc5) & odd_next;
    let capital = vietnamese & !small | within(v, b'A', b'Z');
    let odd = _mm512_cmpge_epu8_mask(v, splat(0xc0)) & !vietnamese | is(b'@');
    Masks { digit, letter, capital, odd, mark: is(b':') | is(b'@') }
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

/// Takes a look at `text` with the widest vectors there are.
pub(super) fn look<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    let bits = handles_bits();
    if is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512bw") && bits {
        // SAFETY: the features are there.
        unsafe { look_vbmi::<N>(text, look) }
    } else if is_x86_feature_detected!("avx512bw") && bits {
        // SAFETY: the features are there.
        unsafe { look_avx512::<N>(text, look) }
    } else if is_x86_feature_detected!("avx2") && bits {
        // SAFETY: the features are there.
        unsafe { look_avx2::<N>(text, look) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { look_ssse3::<N>(text, look) }
    } else {
        fill!(N, look, text, seen => super::scalar::raw(seen), super::scalar::voice(seen), pack);
    }
}

#[target_feature(enable = "ssse3")]
fn look_ssse3<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    fill!(N, look, text, seen => raw_ssse3(seen), voice_ssse3(seen), pack);
}

#[target_feature(enable = "avx2,popcnt,lzcnt,bmi1,bmi2")]
fn look_avx2<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    // What follows is done with bits, whatever the compiler would rather make of it.
    let pack = |bits, of| _pext_u64(bits, of);
    fill!(N, look, text, seen => { ask_ahead(seen.as_ptr()); black_box(raw_avx2(seen)) }, black_box(voice_avx2(seen)), pack);
}

#[target_feature(enable = "avx512bw,popcnt,lzcnt,bmi1,bmi2")]
fn look_avx512<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    fill!(N, look, text, seen => { ask_ahead(seen.as_ptr()); raw_avx512(seen) }, voice_avx512(seen), |bits, of| _pext_u64(bits, of));
}

#[target_feature(enable = "avx512bw,avx512vbmi,popcnt,lzcnt,bmi1,bmi2")]
fn look_vbmi<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    fill!(N, look, text, seen => { ask_ahead(seen.as_ptr()); raw_vbmi(seen) }, voice_avx512(seen), |bits, of| _pext_u64(bits, of));
}

/// What a single block holds.
#[inline]
pub(super) fn raw(seen: &[u8; SEEN]) -> Raw {
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        unsafe { raw_avx512(seen) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        unsafe { raw_avx2(seen) }
    } else {
        super::scalar::raw(seen)
    }
}

/// The same steps for vectors of 16 and 32 bytes.
macro_rules! raw {
    ($name:ident $lanes:literal $feature:literal, $splat:ident, $load:ident, $table:ident, $shuffle:ident, $shift:ident,
     $eq:ident, $gt:ident, $and:ident, $andnot:ident, $mask:ident, $unsigned:ty) => {
        #[target_feature(enable = $feature)]
        #[inline]
        fn $name(seen: &[u8; SEEN]) -> Raw {
            // Each class from a table of its own, so that no masks have to be put together.
            let (mut not, mut follow) = ([0_u64; 4], 0_u64);
            for at in (0..BLOCK).step_by($lanes) {
                // SAFETY: `at` + 1 + lanes is at most `SEEN`.
                let (v, next) = unsafe {
                    let from = seen.as_ptr().add(at);
                    ($load(from.cast()), $load(from.add(1).cast()))
                };
                let splat = |b: u8| $splat(b as i8);
                let half = splat(0xf);
                let high = $and($shift::<4>(v), half);
                let low = $shuffle($table(&LOW), $and(v, half));
                let class = |table| $and($shuffle($table(table), high), low);
                let goes_on = $shuffle($table(&GOES_ON), $and($shift::<4>(next), half));
                let vietnamese = $and($eq(v, splat(0xe1)), $gt(next, splat(0xb7)));
                let foreign = $andnot(vietnamese, $and(class(&HIGH_FOREIGN), goes_on));
                let classes = [class(&HIGH_DIGIT), class(&HIGH_LIKE), class(&HIGH_SIGN), foreign];
                for (not, class) in not.iter_mut().zip(classes) {
                    *not |= u64::from($mask($eq(class, splat(0))) as $unsigned) << at;
                }
                follow |= u64::from($mask($gt(splat(0xc0), v)) as $unsigned) << at;
            }
            let [digit, like, sign, foreign] = not.map(|not| !not);
            Raw { digit, like, sign, foreign, follow }
        }
    };
}

/// A table for each lane of 16 bytes.
#[target_feature(enable = "ssse3")]
#[inline]
pub(super) fn table16(table: &[u8; 16]) -> __m128i {
    // SAFETY: the array has 16 bytes.
    unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn table32(table: &[u8; 16]) -> __m256i {
    _mm256_broadcastsi128_si256(table16(table))
}

raw!(
    raw_ssse3 16 "ssse3", _mm_set1_epi8, _mm_loadu_si128, table16, _mm_shuffle_epi8, _mm_srli_epi16, _mm_cmpeq_epi8,
    _mm_cmpgt_epi8, _mm_and_si128, _mm_andnot_si128, _mm_movemask_epi8, u16
);
raw!(
    raw_avx2 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, table32, _mm256_shuffle_epi8, _mm256_srli_epi16,
    _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_and_si256, _mm256_andnot_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
#[inline]
fn raw_avx512(seen: &[u8; SEEN]) -> Raw {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let table = |table| _mm512_broadcast_i32x4(table16(table));
    let half = splat(0xf);
    let high = _mm512_shuffle_epi8(table(&HIGH), _mm512_and_si512(_mm512_srli_epi16::<4>(v), half));
    let class = _mm512_and_si512(high, _mm512_shuffle_epi8(table(&LOW), _mm512_and_si512(v, half)));
    // What one unit of the processor alone does is what this takes as long as: comparing, and looking up. Others move the
    // highest bits, and handle masks.
    let above = _mm512_movepi8_mask(v);
    let leads = _mm512_mask_test_epi8_mask(above, class, class);
    let vietnamese = _mm512_mask_cmpgt_epi8_mask(_mm512_cmpeq_epi8_mask(v, splat(0xe1)), next, splat(0xb7));
    Raw {
        digit: _mm512_movepi8_mask(class),
        like: _mm512_test_epi8_mask(class, splat(LIKE)) & !above,
        sign: _mm512_test_epi8_mask(class, splat(SIGNS)) & !above,
        foreign: _mm512_mask_cmplt_epi8_mask(leads, next, splat(0xc0)) & !vietnamese,
        follow: _mm512_cmplt_epi8_mask(v, splat(0xc0)),
    }
}

/// The same where bytes are looked up by six bits: what foreign characters begin with in one step, with what they go on with.
#[target_feature(enable = "avx512bw,avx512vbmi")]
#[inline]
fn raw_vbmi(seen: &[u8; SEEN]) -> Raw {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    // SAFETY: the table has 64 bytes.
    let below = unsafe { _mm512_loadu_si512(FOREIGN_BELOW.as_ptr().cast()) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let table = |table| _mm512_broadcast_i32x4(table16(table));
    let high = _mm512_and_si512(_mm512_srli_epi16::<4>(v), splat(0xf));
    // Bytes beyond ASCII have no low half there.
    let class = _mm512_and_si512(_mm512_shuffle_epi8(table(&HIGH), high), _mm512_shuffle_epi8(table(&LOW), v));
    let leads = _mm512_cmpge_epu8_mask(v, splat(0xc0));
    Raw {
        digit: _mm512_movepi8_mask(class),
        like: _mm512_test_epi8_mask(class, splat(LIKE)),
        sign: _mm512_test_epi8_mask(class, splat(SIGNS)),
        foreign: _mm512_mask_cmplt_epi8_mask(leads, next, _mm512_permutexvar_epi8(v, below)),
        follow: _mm512_cmplt_epi8_mask(v, splat(0xc0)),
    }
}

/// Tells what a block holds.
#[cfg(test)]
type RawKernel = fn(&[u8; SEEN]) -> Raw;

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn raw_kernels() -> Vec<(&'static str, RawKernel)> {
    let mut kernels: Vec<(&'static str, RawKernel)> = Vec::new();
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", |seen| unsafe { raw_ssse3(seen) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |seen| unsafe { raw_avx2(seen) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |seen| unsafe { raw_avx512(seen) }));
    }
    if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi") {
        // SAFETY: the features are there.
        kernels.push(("vbmi", |seen| unsafe { raw_vbmi(seen) }));
    }
    kernels
}

/// Listens to `text` with the widest vectors there are.
pub(super) fn voices(text: &[u8], hearing: &mut Hearing) {
    let bits = handles_bits();
    if is_x86_feature_detected!("avx512bw") && bits {
        // SAFETY: the features are there.
        unsafe { voices_avx512(text, hearing) }
    } else if is_x86_feature_detected!("avx2") && bits {
        // SAFETY: the features are there.
        unsafe { voices_avx2(text, hearing) }
    } else if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        unsafe { voices_ssse3(text, hearing) }
    } else {
        each_voice(text, hearing, super::scalar::voice, pack);
    }
}

#[target_feature(enable = "ssse3")]
fn voices_ssse3(text: &[u8], hearing: &mut Hearing) {
    each_voice(text, hearing, |seen| voice_ssse3(seen), pack);
}

#[target_feature(enable = "avx2,popcnt,lzcnt,bmi1,bmi2")]
fn voices_avx2(text: &[u8], hearing: &mut Hearing) {
    each_voice(text, hearing, |seen| voice_avx2(seen), |bits, of| _pext_u64(bits, of));
}

#[target_feature(enable = "avx512bw,popcnt,lzcnt,bmi1,bmi2")]
fn voices_avx512(text: &[u8], hearing: &mut Hearing) {
    each_voice(text, hearing, |seen| voice_avx512(seen), |bits, of| _pext_u64(bits, of));
}

/// The same steps for vectors of 16 and 32 bytes.
macro_rules! voice {
    ($name:ident $lanes:literal $feature:literal, $splat:ident, $load:ident, $table:ident, $shuffle:ident, $shift:ident,
     $min:ident, $max:ident, $eq:ident, $or:ident, $and:ident, $mask:ident, $unsigned:ty) => {
        #[target_feature(enable = $feature)]
        #[inline]
        fn $name(seen: &[u8; SEEN]) -> Voice {
            let (mut voice, mut not_first) = (Voice::default(), 0_u64);
            for at in (0..BLOCK).step_by($lanes) {
                // SAFETY: `at` + 1 + lanes is at most `SEEN`.
                let (v, next) = unsafe {
                    let from = seen.as_ptr().add(at);
                    ($load(from.cast()), $load(from.add(1).cast()))
                };
                let splat = |b: u8| $splat(b as i8);
                let bits = |m| u64::from($mask(m) as $unsigned) << at;
                let half = splat(0xf);
                let high = |v| $and($shift::<4>(v), half);
                let low = |v| $and(v, half);
                let first = $and($shuffle($table(&FIRST_HIGH), high(v)), $shuffle($table(&FIRST_LOW), low(v)));
                let next_high = high(next);
                let second = $and($shuffle($table(&SECOND_HIGH), next_high), $shuffle($table(&SECOND_LOW), low(next)));
                let second = $or(second, $shuffle($table(&SECOND_ANY), next_high));
                voice.part |= bits($eq($max(v, splat(b'0')), v));
                voice.stop |= bits($eq($min(v, splat(b' ' - 1)), v));
                not_first |= bits($eq($and(first, second), splat(0)));
            }
            voice.first = !not_first;
            voice
        }
    };
}

voice!(
    voice_ssse3 16 "ssse3", _mm_set1_epi8, _mm_loadu_si128, table16, _mm_shuffle_epi8, _mm_srli_epi16, _mm_min_epu8,
    _mm_max_epu8, _mm_cmpeq_epi8, _mm_or_si128, _mm_and_si128, _mm_movemask_epi8, u16
);
voice!(
    voice_avx2 32 "avx2", _mm256_set1_epi8, _mm256_loadu_si256, table32, _mm256_shuffle_epi8, _mm256_srli_epi16,
    _mm256_min_epu8, _mm256_max_epu8, _mm256_cmpeq_epi8, _mm256_or_si256, _mm256_and_si256, _mm256_movemask_epi8, u32
);

#[target_feature(enable = "avx512bw")]
#[inline]
fn voice_avx512(seen: &[u8; SEEN]) -> Voice {
    // SAFETY: both lie within the array.
    let (v, next) =
        unsafe { (_mm512_loadu_si512(seen.as_ptr().cast()), _mm512_loadu_si512(seen.as_ptr().add(1).cast())) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let half = splat(0xf);
    let high = |v| _mm512_and_si512(_mm512_srli_epi16::<4>(v), half);
    let of = |table, halves| _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table16(table)), halves);
    // Bytes beyond ASCII have no low half there, nor are they any of these by their high half.
    let first = _mm512_and_si512(of(&FIRST_HIGH, high(v)), of(&FIRST_LOW, v));
    let second = _mm512_and_si512(of(&SECOND_HIGH, high(next)), of(&SECOND_LOW, _mm512_and_si512(next, half)));
    let second = _mm512_or_si512(second, of(&SECOND_ANY, high(next)));
    Voice {
        part: _mm512_cmpge_epu8_mask(v, splat(b'0')),
        stop: _mm512_cmplt_epu8_mask(v, splat(b' ')),
        first: _mm512_test_epi8_mask(first, second),
    }
}

/// Tells the letters of a block.
#[cfg(test)]
type VoiceKernel = fn(&[u8; SEEN]) -> Voice;

/// Everything this processor can run.
#[cfg(test)]
pub(super) fn voice_kernels() -> Vec<(&'static str, VoiceKernel)> {
    let mut kernels: Vec<(&'static str, VoiceKernel)> = Vec::new();
    if is_x86_feature_detected!("ssse3") {
        // SAFETY: the feature is there.
        kernels.push(("ssse3", |seen| unsafe { voice_ssse3(seen) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        kernels.push(("avx2", |seen| unsafe { voice_avx2(seen) }));
    }
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        kernels.push(("avx512", |seen| unsafe { voice_avx512(seen) }));
    }
    kernels
}
