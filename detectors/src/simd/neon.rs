//! The classes with NEON, which is part of every 64-bit ARM.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads `BLOCK` bytes at offset 0 or 1 of an array of `SEEN` = `BLOCK` + 1 bytes, in whole
// vectors; NEON is part of 64-bit ARM.

use std::arch::aarch64::*;
use std::array;

use super::alive::Raw;
use super::look::{Look, fill};
use super::speech::{Hearing, Voice, each_voice, pack};
use super::tables::{DIGITS, FIRST_HIGH, FIRST_LOW, HIGH, LIKE, LOW, SECOND_ANY, SECOND_HIGH, SECOND_LOW};
use super::{BLOCK, Masks, SEEN, each_block};

/// Vectors of a block.
const VECTORS: usize = BLOCK / 16;

/// Writes the classes of `text`, a block each, to `out`.
pub(super) fn classify(text: &[u8], out: &mut [Masks]) {
    // SAFETY: the feature is part of the architecture.
    unsafe { neon(text, out) }
}

#[target_feature(enable = "neon")]
fn neon(text: &[u8], out: &mut [Masks]) {
    each_block(text, out, |seen| block(seen));
}

#[target_feature(enable = "neon")]
#[inline]
fn block(seen: &[u8; SEEN]) -> Masks {
    let block = Block::new(seen);
    let vietnamese = |v, next| {
        let additional = vandq_u8(is(v, 0xe1), vcgeq_u8(next, vdupq_n_u8(0xb8)));
        vorrq_u8(additional, within(v, 0xc3, 0xc6))
    };
    Masks {
        digit: block.bits(|v, _| within(v, b'0', b'9')),
        letter: block.bits(|v, _| {
            let letter = within(vorrq_u8(v, vdupq_n_u8(0x20)), b'a', b'z');
            vorrq_u8(vorrq_u8(within(v, b'0', b'9'), letter), vcgeq_u8(v, vdupq_n_u8(0x80)))
        }),
        capital: block.bits(|v, next| {
            // Most small letters beyond ASCII are told by the byte behind.
            let of_c3 = vandq_u8(is(v, 0xc3), vcgeq_u8(next, vdupq_n_u8(0xa0)));
            let odd = vandq_u8(within(v, 0xc4, 0xc5), vtstq_u8(next, vdupq_n_u8(1)));
            let large = vbicq_u8(vietnamese(v, next), vorrq_u8(of_c3, odd));
            vorrq_u8(large, within(v, b'A', b'Z'))
        }),
        mark: block.bits(|v, _| vorrq_u8(is(v, b':'), is(v, b'@'))),
        odd: block.bits(|v, next| {
            let foreign = vbicq_u8(vcgeq_u8(v, vdupq_n_u8(0xc0)), vietnamese(v, next));
            vorrq_u8(foreign, is(v, b'@'))
        }),
    }
}

/// Takes a look at `text`.
pub(super) fn look<const N: usize>(text: &[u8], look: &mut Look<'_>) {
    #[target_feature(enable = "neon")]
    fn neon<const N: usize>(text: &[u8], look: &mut Look<'_>) {
        fill!(N, look, text, seen => raw(seen), voice(seen), pack);
    }
    // SAFETY: the feature is part of the architecture.
    unsafe { neon::<N>(text, look) }
}

#[target_feature(enable = "neon")]
#[inline]
fn raw(seen: &[u8; SEEN]) -> Raw {
    let (high, low) = (table(&HIGH), table(&LOW));
    let ones = |v: uint8x16_t, of: u8| vtstq_u8(v, vdupq_n_u8(of));
    let classes = Block::new(seen).0.map(|(v, next)| {
        let halves = (vshrq_n_u8::<4>(v), vandq_u8(v, vdupq_n_u8(0xf)));
        let class = vandq_u8(vqtbl1q_u8(high, halves.0), vqtbl1q_u8(low, halves.1));
        let (any, above) = (vtstq_u8(class, class), vcgeq_u8(v, vdupq_n_u8(0x80)));
        let (digit, like) = (ones(class, DIGITS), vbicq_u8(ones(class, LIKE), above));
        let goes_on = within(next, 0x80, 0xbf);
        let vietnamese = vandq_u8(is(v, 0xe1), vcgeq_u8(next, vdupq_n_u8(0xb8)));
        let sign = vbicq_u8(any, vorrq_u8(above, vorrq_u8(digit, like)));
        [digit, like, sign, vbicq_u8(vandq_u8(vandq_u8(any, above), goes_on), vietnamese)]
    });
    let bits = |n: usize| together(classes.map(|of| of[n]));
    let follow = Block::new(seen).bits(|v, _| within(v, 0x80, 0xbf));
    Raw { digit: bits(0), like: bits(1), sign: bits(2), foreign: bits(3), follow }
}

/// Listens to `text`.
pub(super) fn voices(text: &[u8], hearing: &mut Hearing) {
    #[target_feature(enable = "neon")]
    fn neon(text: &[u8], hearing: &mut Hearing) {
        each_voice(text, hearing, |seen| voice(seen), pack);
    }
    // SAFETY: the feature is part of the architecture.
    unsafe { neon(text, hearing) }
}

#[target_feature(enable = "neon")]
#[inline]
fn voice(seen: &[u8; SEEN]) -> Voice {
    let tables = [&FIRST_HIGH, &FIRST_LOW, &SECOND_HIGH, &SECOND_LOW, &SECOND_ANY].map(|of| table(of));
    let block = Block::new(seen);
    let halves = |v| (vshrq_n_u8::<4>(v), vandq_u8(v, vdupq_n_u8(0xf)));
    Voice {
        part: block.bits(|v, _| vcgeq_u8(v, vdupq_n_u8(b'0'))),
        stop: block.bits(|v, _| vcltq_u8(v, vdupq_n_u8(b' '))),
        first: block.bits(|v, next| {
            let [first_high, first_low, second_high, second_low, any] = tables;
            let ((high, low), (next_high, next_low)) = (halves(v), halves(next));
            let first = vandq_u8(vqtbl1q_u8(first_high, high), vqtbl1q_u8(first_low, low));
            let second = vandq_u8(vqtbl1q_u8(second_high, next_high), vqtbl1q_u8(second_low, next_low));
            vtstq_u8(first, vorrq_u8(second, vqtbl1q_u8(any, next_high)))
        }),
    }
}

/// What [`voices`] makes of a block.
#[cfg(test)]
pub(super) fn voice_kernel(seen: &[u8; SEEN]) -> Voice {
    // SAFETY: the feature is part of the architecture.
    unsafe { voice(seen) }
}

#[target_feature(enable = "neon")]
#[inline]
fn table(table: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the array has 16 bytes.
    unsafe { vld1q_u8(table.as_ptr()) }
}

/// What a single block holds.
pub(super) fn raw_of(seen: &[u8; SEEN]) -> Raw {
    // SAFETY: the feature is part of the architecture.
    unsafe { raw(seen) }
}

/// A bit for each byte of ones, the lowest for the first.
#[target_feature(enable = "neon")]
#[inline]
fn together(classes: [uint8x16_t; VECTORS]) -> u64 {
    const PLACES: u64 = 0x8040_2010_0804_0201;
    let places = vreinterpretq_u8_u64(vdupq_n_u64(PLACES));
    // One bit of each byte; adding neighbours three times makes a byte of eight.
    let [a, b, c, d] = classes.map(|class| vandq_u8(class, places));
    let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
}

/// The bytes of a block, and the same one further.
pub(super) struct Block([(uint8x16_t, uint8x16_t); VECTORS]);

impl Block {
    /// Loads it.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn new(seen: &[u8; SEEN]) -> Self {
        Self(array::from_fn(|n| {
            // SAFETY: `n` is at most 3, so the last byte read is 3 * 16 + 1 + 15 = `BLOCK`, the last of the array.
            unsafe {
                let from = seen.as_ptr().add(n * 16);
                (vld1q_u8(from), vld1q_u8(from.add(1)))
            }
        }))
    }

    /// A bit for each byte of which `class` makes ones, the lowest for the first.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn bits(&self, class: impl Fn(uint8x16_t, uint8x16_t) -> uint8x16_t) -> u64 {
        together(self.0.map(|(v, next)| class(v, next)))
    }
}

/// Ones where a byte is `b`.
#[target_feature(enable = "neon")]
#[inline]
pub(super) fn is(v: uint8x16_t, b: u8) -> uint8x16_t {
    vceqq_u8(v, vdupq_n_u8(b))
}

/// Ones where a byte is from `low` to `high`.
#[target_feature(enable = "neon")]
#[inline]
pub(super) fn within(v: uint8x16_t, low: u8, high: u8) -> uint8x16_t {
    vcleq_u8(vsubq_u8(v, vdupq_n_u8(low)), vdupq_n_u8(high - low))
}
