//! Whether words spell `ten` or `name` somewhere, by the letters all of them have.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector loads, and calls of functions that need features of the processor")
)]
// Why it is sound: every load reads a whole vector of an array of 64 bytes; functions that need a feature are called only
// behind a check for it.

use super::{BLOCK, places};

/// Most bytes that are looked at.
pub(crate) const SPELLED_MAX: usize = 2 * BLOCK;

/// First byte of full-width letters.
const FULL_WIDTH: u8 = 0xef;

/// Which bytes of a block are which letters, in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Letters {
    t: u64,
    n: u64,
    m: u64,
    /// `e` and `a`, each with everything outside ASCII.
    e: u64,
    a: u64,
    full_width: u64,
}

/// Whether no more than [`SPELLED_MAX`] bytes may hold `ten` at the end of a word, or `name` anywhere. Vowels with marks are
/// no ASCII, nor is what leaves no trace: both are passed over. Of full-width letters nothing is told, nor of longer texts.
pub(crate) fn may_spell_name(words: &[u8]) -> bool {
    let mut room = [0; SPELLED_MAX];
    let Some(seen) = room.get_mut(..words.len()) else { return true };
    seen.copy_from_slice(words);
    let (blocks, _) = room.as_chunks::<BLOCK>();
    let [first, second] = blocks else { return true };
    let first = letters(first);
    let second = if words.len() > BLOCK { letters(second) } else { Letters::default() };
    let both = |of: fn(&Letters) -> u64| u128::from(of(&first)) | u128::from(of(&second)) << BLOCK;
    // The sum carries what begins behind a letter through the vowels there, to the byte behind them.
    let behind = |letter: u128, vowel: u128| vowel.wrapping_add(letter << 1 & vowel) & !vowel;
    let (n, e) = (both(|l| l.n), both(|l| l.e));
    let name = behind(n, both(|l| l.a)) & both(|l| l.m) & e >> 1;
    let ten = behind(both(|l| l.t), e) & n;
    let ends = |at: usize| !words.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    (first.full_width | second.full_width) != 0
        || name != 0
        || ten != 0 && (places(0, ten as u64).any(ends) || places(BLOCK, (ten >> BLOCK) as u64).any(ends))
}

#[inline]
fn letters(block: &[u8; BLOCK]) -> Letters {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: the feature is there.
        return unsafe { x86::avx512(block) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature is there.
        return unsafe { x86::avx2(block) };
    }
    plain(block)
}

fn plain(block: &[u8; BLOCK]) -> Letters {
    let of = |is: &dyn Fn(u8) -> bool| block.iter().rev().fold(0, |mask, b| mask << 1 | u64::from(is(*b)));
    let letter = |letter: u8| of(&|b| b | 0x20 == letter);
    let beyond = of(&|b| b >= 0x80);
    Letters {
        t: letter(b't'),
        n: letter(b'n'),
        m: letter(b'm'),
        e: letter(b'e') | beyond,
        a: letter(b'a') | beyond,
        full_width: of(&|b| b == FULL_WIDTH),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{BLOCK, FULL_WIDTH, Letters};

    #[target_feature(enable = "avx512bw")]
    pub(super) fn avx512(block: &[u8; BLOCK]) -> Letters {
        // SAFETY: the array has 64 bytes.
        let v = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let small = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
        let of = |letter: u8| _mm512_cmpeq_epi8_mask(small, _mm512_set1_epi8(letter as i8));
        let beyond = _mm512_movepi8_mask(v);
        Letters {
            t: of(b't'),
            n: of(b'n'),
            m: of(b'm'),
            e: of(b'e') | beyond,
            a: of(b'a') | beyond,
            full_width: _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(FULL_WIDTH as i8)),
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(block: &[u8; BLOCK]) -> Letters {
        let (halves, _) = block.as_chunks::<32>();
        halves.iter().rev().fold(Letters::default(), |all, half| {
            // SAFETY: the array has 32 bytes.
            let v = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
            let small = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
            let mask = |v| u64::from(_mm256_movemask_epi8(v) as u32);
            let of = |letter: u8| mask(_mm256_cmpeq_epi8(small, _mm256_set1_epi8(letter as i8)));
            let beyond = mask(v);
            let Letters { t, n, m, e, a, full_width } = all;
            Letters {
                t: t << 32 | of(b't'),
                n: n << 32 | of(b'n'),
                m: m << 32 | of(b'm'),
                e: e << 32 | of(b'e') | beyond,
                a: a << 32 | of(b'a') | beyond,
                full_width: full_width << 32 | mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(FULL_WIDTH as i8))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, letter by letter.
    fn slowly(words: &[u8]) -> bool {
        let vowel = |b: u8, vowel: u8| b >= 0x80 || b | 0x20 == vowel;
        let is = |at: usize, letter: u8| words.get(at).is_some_and(|b| b | 0x20 == letter);
        let behind = |at: usize, letter: u8| at + 1 + words[at + 1..].iter().take_while(|b| vowel(**b, letter)).count();
        let ten = |at: usize| {
            let n = behind(at, b'e');
            is(at, b't') && n > at + 1 && is(n, b'n') && !words.get(n + 1).is_some_and(u8::is_ascii_lowercase)
        };
        let name = |at: usize| {
            let m = behind(at, b'a');
            is(at, b'n') && m > at + 1 && is(m, b'm') && words.get(m + 1).is_some_and(|b| vowel(*b, b'e'))
        };
        words.contains(&FULL_WIDTH) || (0..words.len()).any(|at| ten(at) || name(at))
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_what_stands_there(
            pieces in prop::collection::vec(prop_oneof![
                4 => "[tTnNmMeEaA]{1,4}", 3 => "[b-d ê\u{300}.]{1,3}", 1 => "tên|name|TÊN ", 1 => "[a-z]{1,70}", 1 => "\u{ff41}"
            ], 0..30),
            cut in 0..=SPELLED_MAX,
        ) {
            let text = pieces.concat().into_bytes();
            let words = &text[..text.len().min(cut)];
            prop_assert_eq!(may_spell_name(words), slowly(words), "{}", String::from_utf8_lossy(words));
        }

        #[test]
        fn letters_are_told_alike(bytes in prop::collection::vec(prop_oneof![any::<u8>(), "[a-zA-Z]".prop_map(|s| s.as_bytes()[0])], BLOCK)) {
            let block: &[u8; BLOCK] = bytes.first_chunk().expect("a block");
            prop_assert_eq!(letters(block), plain(block));
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the feature is there.
                prop_assert_eq!(unsafe { x86::avx2(block) }, plain(block));
            }
        }
    }

    #[test]
    fn of_longer_texts_nothing_is_told() {
        assert!(may_spell_name(&[b'x'; SPELLED_MAX + 1]) && !may_spell_name(&[b'x'; SPELLED_MAX]));
    }
}
