//! The classes with NEON, which is part of every 64-bit ARM.
#![expect(unsafe_code, reason = "vector loads from slices, and calls of functions that need features of the processor")]
// Why it is sound: every load reads `BLOCK` bytes at offset 0 or 1 of an array of `SEEN` = `BLOCK` + 1 bytes, in whole
// vectors; NEON is part of 64-bit ARM.

use std::arch::aarch64::*;
use std::array;

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
        const PLACES: u64 = 0x8040_2010_0804_0201;
        let places = vreinterpretq_u8_u64(vdupq_n_u64(PLACES));
        // One bit of each byte; adding neighbours three times makes a byte of eight.
        let [a, b, c, d] = self.0.map(|(v, next)| vandq_u8(class(v, next), places));
        let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
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
