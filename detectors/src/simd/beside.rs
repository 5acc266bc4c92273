//! Where two bytes stand side by side: the beginning or end of a mark that is looked for in all bytes that pass.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector loads, and calls of functions that need features of the processor")
)]
// Why it is sound: every load reads a whole vector at an offset that leaves it within an array that is one byte longer
// than all vectors together; functions that need a feature are called only behind a check for it.

/// The first place in `text` from `from` on at which `pair` stands.
#[inline]
pub fn first_pair(text: &[u8], from: usize, pair: [u8; 2]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        return unsafe { x86::avx512(text, from, pair) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        return unsafe { x86::avx2(text, from, pair) };
    }
    plain(text, from, pair)
}

/// The same with what others have made for it.
fn plain(text: &[u8], from: usize, pair: [u8; 2]) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, &pair).map(|at| from + at)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::super::x86::ask_ahead;
    use super::plain;

    /// The same steps for vectors of 32 and 64 bytes: `$many` of them at a time, and one byte more.
    macro_rules! first_pair {
        ($name:ident $lanes:literal $many:literal $feature:literal, $splat:ident, $load:ident, $both:expr, $any:expr,
         $mask:expr) => {
            #[target_feature(enable = $feature)]
            pub(super) fn $name(text: &[u8], from: usize, pair: [u8; 2]) -> Option<usize> {
                let [first, second] = pair.map(|b| $splat(b as i8));
                let mut at = from;
                while let Some(seen) = text.get(at..).and_then(<[u8]>::first_chunk::<{ $lanes * $many + 1 }>) {
                    let vector = |n: usize| {
                        // Nobody has read these bytes before.
                        ask_ahead(seen.as_ptr().wrapping_add(n * $lanes));
                        // SAFETY: the last byte is that behind `n` + 1 vectors, of which there are `$many`.
                        let (v, next) = unsafe {
                            let from = seen.as_ptr().add(n * $lanes);
                            ($load(from.cast()), $load(from.add(1).cast()))
                        };
                        $both(v, next, first, second)
                    };
                    let vectors: [_; $many] = std::array::from_fn(vector);
                    if $any(vectors) {
                        let masks = vectors.into_iter().map(|v| u64::from($mask(v)));
                        let mut found = masks.enumerate().filter(|(_, mask)| *mask != 0);
                        return found.next().map(|(n, mask)| at + n * $lanes + mask.trailing_zeros() as usize);
                    }
                    at += $lanes * $many;
                }
                plain(text, at, pair)
            }
        };
    }

    first_pair!(
        avx2 32 4 "avx2", _mm256_set1_epi8, _mm256_loadu_si256,
        |v, next, first, second| _mm256_and_si256(_mm256_cmpeq_epi8(v, first), _mm256_cmpeq_epi8(next, second)),
        |[a, b, c, d]: [__m256i; 4]| {
            let all = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
            _mm256_testz_si256(all, all) == 0
        },
        |v| _mm256_movemask_epi8(v) as u32
    );
    first_pair!(
        avx512 64 4 "avx512bw", _mm512_set1_epi8, _mm512_loadu_si512,
        |v, next, first, second| _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(v, first), next, second),
        |[a, b, c, d]: [__mmask64; 4]| (a | b) | (c | d) != 0,
        |mask: __mmask64| mask
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tells where a pair stands.
    type Kernel = fn(&[u8], usize, [u8; 2]) -> Option<usize>;

    fn kernels() -> Vec<(&'static str, Kernel)> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "others have vectors of their own"))]
        let mut kernels: Vec<(&'static str, Kernel)> = vec![("any", first_pair), ("plain", plain)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the feature is there.
                kernels.push(("avx2", |text, from, pair| unsafe { x86::avx2(text, from, pair) }));
            }
            if is_x86_feature_detected!("avx512bw") {
                // SAFETY: the feature is there.
                kernels.push(("avx512", |text, from, pair| unsafe { x86::avx512(text, from, pair) }));
            }
        }
        kernels
    }

    proptest! {
        #[test]
        fn pairs_are_found_wherever_they_stand(
            text in "[GPK ]{0,9}|[ GK]{0,600}(GP)?[ GPK]{0,300}",
            from in 0_usize..700,
        ) {
            let text = text.as_bytes();
            let expected = (from..text.len().saturating_sub(1)).find(|at| text[*at..].starts_with(b"GP"));
            for (name, kernel) in kernels() {
                prop_assert_eq!(kernel(text, from, *b"GP"), expected, "{}", name);
            }
        }
    }
}
