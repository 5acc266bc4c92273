//! The same with NEON, by the means of the room above.
#![expect(unsafe_code, reason = "calls of functions that need features of the processor")]
// Why it is sound: NEON is part of 64-bit ARM. Loads are the room's above.

use std::arch::aarch64::*;

use super::super::neon::{Block, is, within};
use super::{SEEN, Sheet, Shown, Signs, each_block};

/// Writes the signs of `text`, a block each, to `out`.
pub(super) fn signs(text: &[u8], out: &mut [Signs]) {
    #[target_feature(enable = "neon")]
    fn neon(text: &[u8], out: &mut [Signs]) {
        each_block(text, out, |seen| sign_block(seen));
    }
    // SAFETY: the feature is part of the architecture.
    unsafe { neon(text, out) }
}

/// Fills a sheet with the signs of `text`.
pub(super) fn look<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
    #[target_feature(enable = "neon")]
    fn neon<const N: usize>(text: &[u8], sheet: &mut Sheet<N>) {
        sheet.fill(text, |seen| sign_block(seen));
    }
    // SAFETY: the feature is part of the architecture.
    unsafe { neon(text, sheet) }
}

/// Writes what of `bytes` can be shown, a block each, to `out`.
pub(super) fn shown(bytes: &[u8], out: &mut [Shown]) {
    #[target_feature(enable = "neon")]
    fn neon(bytes: &[u8], out: &mut [Shown]) {
        each_block(bytes, out, |seen| shown_block(seen));
    }
    // SAFETY: the feature is part of the architecture.
    unsafe { neon(bytes, out) }
}

#[target_feature(enable = "neon")]
#[inline]
fn sign_block(seen: &[u8; SEEN]) -> Signs {
    let block = Block::new(seen);
    let lower = |v| vorrq_u8(v, vdupq_n_u8(0x20));
    let digit = |v| within(v, b'0', b'9');
    Signs {
        sign: block.bits(|v, next| {
            let pairs = vorrq_u8(within(v, b'%', b'&'), within(v, b'<', b'='));
            let single = any([
                pairs,
                is(v, b'\\'),
                is(v, b'^'),
                is(v, b'('),
                is(v, b'+'),
                is(v, 0xc2),
                is(v, 0),
                within(v, 0x15, 0x16),
                is(v, 0x18),
                is(v, 0x1b),
            ]);
            let comment = vandq_u8(is(v, b'/'), is(next, b'*'));
            let hexed = vandq_u8(is(v, b'0'), is(lower(next), b'x'));
            let letter = vandq_u8(is(v, 0xc3), any([is(next, 0x91), is(next, 0x96), is(next, 0xb1), is(next, 0xb6)]));
            let punctuation = vandq_u8(is(v, 0xe2), is(next, 0x80));
            any([single, comment, hexed, letter, punctuation])
        }),
        word: block.bits(|v, _| {
            let alphanumeric = vorrq_u8(digit(v), within(lower(v), b'a', b'z'));
            any([alphanumeric, is(v, b'+'), is(v, b'/'), is(v, b'-'), is(v, b'_')])
        }),
        graphic: block.bits(|v, _| within(v, b'!', b'~')),
        hex: block.bits(|v, _| vorrq_u8(digit(v), within(lower(v), b'a', b'f'))),
        digit: block.bits(|v, _| digit(v)),
        shift: block.bits(|v, next| vandq_u8(is(v, b'+'), any([is(next, b'A'), within(next, b'H', b'I')]))),
        safe: block.bits(|v, _| vorrq_u8(is(v, b'-'), is(v, b'_'))),
        line: block.bits(|v, _| is(v, b'\n')),
        cut: block.bits(|v, next| any([is(v, b'\t'), is(v, b'|'), is(v, b';'), vandq_u8(is(v, b' '), is(next, b' '))])),
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn shown_block(seen: &[u8; SEEN]) -> Shown {
    let block = Block::new(seen);
    Shown {
        plain: block.bits(|v, _| any([within(v, b' ', b'~'), within(v, b'\t', b'\n'), is(v, b'\r')])),
        zero: block.bits(|v, _| is(v, 0)),
        high: block.bits(|v, _| vcgeq_u8(v, vdupq_n_u8(0x80))),
    }
}

/// Ones where any of `classes` has ones.
#[target_feature(enable = "neon")]
#[inline]
fn any<const N: usize>(classes: [uint8x16_t; N]) -> uint8x16_t {
    classes.into_iter().fold(vdupq_n_u8(0), |all, class| vorrq_u8(all, class))
}
