//! Which of 64 bytes are one of four: the separators of a table, the quotes and escapes of a string. And which are digits.
//!
//! For those who cut a text before anything is detected, or count in it. It knows no format.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "vector loads, and a feature of the processor"))]
// Why it is sound: sixteen bytes are loaded from arrays of sixteen, and SSE2 is part of x86-64.

use super::BLOCK;

/// A bit for each byte of `block` that is one of `signs`, the lowest for the first.
#[inline]
pub fn among(block: &[u8; BLOCK], signs: [u8; 4]) -> u64 {
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2(block, signs) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain(block, signs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2(block: &[u8; BLOCK], signs: [u8; 4]) -> u64 {
    use std::arch::x86_64::*;
    let [a, b, c, d] = signs.map(|sign| _mm_set1_epi8(sign as i8));
    let sixteen = |chunk: &[u8; 16]| {
        // SAFETY: it reads sixteen bytes of an array of sixteen.
        let v = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
        let one = _mm_or_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(v, b));
        let other = _mm_or_si128(_mm_cmpeq_epi8(v, c), _mm_cmpeq_epi8(v, d));
        u64::from(_mm_movemask_epi8(_mm_or_si128(one, other)) as u16)
    };
    block.as_chunks::<16>().0.iter().rev().fold(0, |mask, chunk| mask << 16 | sixteen(chunk))
}

/// A bit for each byte of `block` that is a digit, the lowest for the first.
#[inline]
pub fn digits(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2_digits(block) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain_digits(block);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_digits(block: &[u8; BLOCK]) -> u64 {
    use std::arch::x86_64::*;
    block.as_chunks::<16>().0.iter().rev().fold(0, |mask, chunk| {
        // SAFETY: it reads sixteen bytes of an array of sixteen.
        let v = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
        let from_0 = _mm_sub_epi8(v, _mm_set1_epi8(b'0' as i8));
        let digit = _mm_cmpeq_epi8(_mm_min_epu8(from_0, _mm_set1_epi8(9)), from_0);
        mask << 16 | u64::from(_mm_movemask_epi8(digit) as u16)
    })
}

/// Bytes compared at a time.
pub const PIECE: usize = 32;

/// A bit for each byte of a piece that is the one of `own` in its place, or a digit where that is `0`.
#[inline]
pub fn alike_but_digits(own: &[u8; PIECE], theirs: &[u8; PIECE]) -> u32 {
    // SAFETY: the feature is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    return unsafe { sse2_alike(own, theirs) };
    #[cfg(not(target_arch = "x86_64"))]
    return plain_alike(own, theirs);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sse2_alike(own: &[u8; PIECE], theirs: &[u8; PIECE]) -> u32 {
    use std::arch::x86_64::*;
    let half = |at: usize| {
        let chunk =
            |bytes: &[u8; PIECE]| bytes.get(at..).and_then(<[u8]>::first_chunk::<16>).copied().unwrap_or_default();
        let (own, theirs) = (chunk(own), chunk(theirs));
        // SAFETY: it reads sixteen bytes of each of two arrays of sixteen.
        let (own, v) = unsafe { (_mm_loadu_si128(own.as_ptr().cast()), _mm_loadu_si128(theirs.as_ptr().cast())) };
        let zero = _mm_set1_epi8(b'0' as i8);
        let from_0 = _mm_sub_epi8(v, zero);
        let digit = _mm_cmpeq_epi8(_mm_min_epu8(from_0, _mm_set1_epi8(9)), from_0);
        let alike = _mm_or_si128(_mm_cmpeq_epi8(v, own), _mm_and_si128(digit, _mm_cmpeq_epi8(own, zero)));
        u32::from(_mm_movemask_epi8(alike) as u16)
    };
    half(0) | half(16) << 16
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain_alike(own: &[u8; PIECE], theirs: &[u8; PIECE]) -> u32 {
    let alike = |(own, b): (&u8, &u8)| own == b || *own == b'0' && b.is_ascii_digit();
    own.iter().zip(theirs).rev().fold(0, |mask, pair| mask << 1 | u32::from(alike(pair)))
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain_digits(block: &[u8; BLOCK]) -> u64 {
    block.iter().rev().fold(0, |mask, b| mask << 1 | u64::from(b.is_ascii_digit()))
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain(block: &[u8; BLOCK], signs: [u8; 4]) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const LOW: u64 = ONES * 0x7f;
    // A byte is no zero if its low bits carry into the high one or that is set.
    let others = |eight: u64, byte: u8| {
        let differs = eight ^ (ONES * u64::from(byte));
        ((differs & LOW) + LOW) | differs
    };
    block.as_chunks::<8>().0.iter().rev().fold(0, |mask, chunk| {
        let eight = u64::from_le_bytes(*chunk);
        let high = !signs.iter().fold(u64::MAX, |all, sign| all & others(eight, *sign)) & !LOW;
        // The product has the high bits of all eight in its highest byte.
        mask << 8 | (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn vectors_and_plain_code_tell_the_same(
            near in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], BLOCK),
            sign in any::<u8>(),
        ) {
            let block: [u8; BLOCK] = near.try_into().expect("a block");
            let signs = [sign, b'"', b'\n', b'\r'];
            let expected = (0..BLOCK).fold(0, |mask, n| mask | u64::from(signs.contains(&block[n])) << n);
            prop_assert_eq!(among(&block, signs), expected);
            prop_assert_eq!(plain(&block, signs), expected);
            let (piece, _) = block.split_first_chunk().expect("a piece");
            let own = piece.map(|b| if b.is_ascii_digit() { b'0' } else { b ^ (sign & 1) });
            prop_assert_eq!(alike_but_digits(&own, piece), plain_alike(&own, piece));
        }
    }

    #[test]
    fn every_byte_is_told_in_every_place() {
        for byte in 0..=255u8 {
            for at in 0..BLOCK {
                let mut block = [byte ^ 1; BLOCK];
                block[at] = byte;
                let signs = [byte; 4];
                assert_eq!((among(&block, signs), plain(&block, signs)), (1 << at, 1 << at), "{byte} at {at}");
                assert_eq!(digits(&block), plain_digits(&block), "{byte} at {at}");
                let Some((piece, _)) = block.split_first_chunk() else { continue };
                for own in [[b'0'; PIECE], piece.map(|b| b ^ 1), *piece] {
                    assert_eq!(alike_but_digits(&own, piece), plain_alike(&own, piece), "{byte} at {at}");
                }
            }
        }
    }
}
