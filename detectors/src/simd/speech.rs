//! Where numbers may be written in words, `không một chín …`: a first look, so that the words of most texts are never
//! read.
//!
//! The ten words begin with few letters, and each of these goes on with few others. Nine such words, or digits on
//! their own, with a sign or two between them stand nowhere by chance. What is passed over here holds none; what is
//! told has to be read (`spoken.rs`).

use std::ops::Range;

use super::{BLOCK, SEEN, padded};

/// Blocks looked at in one go.
const BLOCKS: usize = 64;
/// Bytes that such a number has at least.
const SHORTEST: usize = crate::spoken::SPOKEN_BYTES_MIN;
/// Looks overlap by so much, so that each number is whole where it begins.
const OVERLAP: usize = BLOCK / 2;
const _: () = assert!(SHORTEST == 20 && SHORTEST < OVERLAP);

/// What a kernel tells of a block; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    /// `b h k l m n s t`.
    pub(super) first: u64,
    /// `c k`.
    pub(super) hard: u64,
    /// `a o u`.
    pub(super) vowel: u64,
    /// `h`.
    pub(super) breath: u64,
    /// Digits.
    pub(super) digit: u64,
    /// What parts the words: `␣ , - .`.
    pub(super) sign: u64,
    /// All letters of ASCII.
    pub(super) letter: u64,
    /// Everything from 80 on.
    pub(super) high: u64,
}

/// Tells `found` the stretches of `text[range]` in which a number in words may begin.
pub(crate) fn speech(text: &[u8], range: Range<usize>, mut found: impl FnMut(Range<usize>)) {
    let (mut at, mut pending) = (range.start, None::<Range<usize>>);
    while at < range.end {
        let rest = text.get(at..).unwrap_or_default();
        let rest = rest.get(..BLOCKS * BLOCK).unwrap_or(rest);
        let mut any = spoken_blocks(rest);
        while any != 0 {
            let block = at + any.trailing_zeros() as usize * BLOCK;
            any &= any - 1;
            // It ends its first twenty bytes in this block.
            let stretch = block.saturating_sub(OVERLAP).max(range.start)..(block + BLOCK).min(range.end);
            match &mut pending {
                Some(before) if stretch.start <= before.end => before.end = stretch.end,
                _ => pending.replace(stretch).into_iter().for_each(&mut found),
            }
        }
        if rest.len() < BLOCKS * BLOCK {
            break;
        }
        at += rest.len() - OVERLAP;
    }
    pending.into_iter().for_each(&mut found);
}

/// The blocks of `text` in which twenty bytes of such a number may end.
fn spoken_blocks(text: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    return super::x86::voices(text);
    #[cfg(target_arch = "aarch64")]
    return super::neon::voices(text);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_voice(text, super::scalar::voice);
}

/// Looks at every block with `kernel`; behind the end stands nothing.
#[inline(always)]
pub(super) fn each_voice(text: &[u8], kernel: impl Fn(&[u8; SEEN]) -> Voice) -> u64 {
    let (mut run, mut rest, mut any) = (Run::default(), text, 0);
    for n in 0..BLOCKS {
        let voice = match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None if rest.is_empty() => break,
            None => kernel(&padded(rest)),
        };
        rest = rest.get(BLOCK..).unwrap_or_default();
        any |= u64::from(run.next(voice) != 0) << n;
    }
    any
}

/// What the block before leaves to the next.
#[derive(Default)]
struct Run {
    voice: Voice,
    begins: u64,
    /// Two bytes in a row that may belong to such a number, four, eight, sixteen.
    rows: [u64; 5],
}

impl Run {
    /// Where twenty bytes end that may belong to such a number.
    #[inline(always)]
    fn next(&mut self, voice: Voice) -> u64 {
        /// `bits`, each `by` places later, and what comes in from the block before.
        #[inline(always)]
        const fn later(bits: u64, before: u64, by: usize) -> u64 {
            bits << by | before >> (BLOCK - by)
        }
        let last = self.voice;
        let is_part = |v: &Voice| v.letter | v.digit | v.high;
        let part = is_part(&voice);
        let begins = part & !later(part, is_part(&last), 1);
        // Judged at the second byte of each word.
        let first = later(voice.first, last.first, 1);
        let hard = later(voice.hard, last.hard, 1);
        let digit = later(voice.digit, last.digit, 1);
        let good = first & (voice.vowel | voice.high) | hard & (voice.breath | voice.high) | digit & !part;
        let bad = later(begins, self.begins, 1) & !good;
        let one = (part | voice.sign) & !bad;
        let [last_one, last_two, last_four, last_eight, last_sixteen] = self.rows;
        let two = one & later(one, last_one, 1);
        let four = two & later(two, last_two, 2);
        let eight = four & later(four, last_four, 4);
        let sixteen = eight & later(eight, last_eight, 8);
        let twenty = sixteen & later(sixteen, last_sixteen, SHORTEST - 16);
        *self = Self { voice, begins, rows: [one, two, four, eight, sixteen] };
        twenty
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{Map, scalar};

    fn agree(text: &[u8]) {
        for at in (0..text.len()).step_by(BLOCK) {
            let seen = padded(text.get(at..text.len().min(at + SEEN)).unwrap_or_default());
            #[cfg(target_arch = "x86_64")]
            for (name, kernel) in crate::simd::x86::voice_kernels() {
                assert_eq!(kernel(&seen), scalar::voice(&seen), "{name}");
            }
            #[cfg(target_arch = "aarch64")]
            assert_eq!(crate::simd::neon::voice_kernel(&seen), scalar::voice(&seen));
            let _ = seen;
        }
    }

    #[test]
    fn every_byte_is_heard_alike() {
        agree(&(0..=255u8).collect::<Vec<_>>());
    }

    fn numbers(text: &[u8], range: Range<usize>, map: &Map) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        crate::spoken::numbers(text, range, map, |number| all.push(number.range));
        all
    }

    fn word() -> impl Strategy<Value = String> {
        let words = [
            "không",
            "Không",
            "khong",
            "KHÔNG",
            "kho\u{302}ng",
            "ko",
            "một",
            "mootj",
            "mo\u{323}\u{302}t",
            "hai",
            "ba",
            "bốn",
            "tư",
            "tuw",
            "năm",
            "lăm",
            "nawm",
            "sáu",
            "saus",
            "bảy",
            "bayr",
            "tám",
            "chín",
            "chisn",
            "0",
            "7",
            "12",
            "và",
            "người",
            "k\u{200b}o",
        ];
        let signs = [" ", " ", " ", "-", ", ", ".", "\n", ":", "  "];
        let (words, signs) = (prop::sample::select(words.to_vec()), prop::sample::select(signs.to_vec()));
        (words, signs).prop_map(|(word, sign)| format!("{word}{sign}"))
    }

    proptest! {
        #[test]
        fn vectors_and_plain_code_agree(text in prop::collection::vec(any::<u8>(), 0..300)) {
            agree(&text);
        }

        #[test]
        fn no_number_in_words_is_passed_over(
            words in prop::collection::vec(word(), 0..60),
            before in prop_oneof![Just(0), 3_900..4_200_usize],
            cut in 0..100_usize,
        ) {
            let text = format!("{}{}", "x ".repeat(before / 2), words.concat());
            let text = text.as_bytes();
            let range = (before + cut).min(text.len())..text.len();
            let map = Map::new(text, 0..text.len());
            let mut heard = Vec::new();
            speech(text, range.clone(), |stretch| {
                assert!(range.start <= stretch.start && stretch.end <= range.end, "{stretch:?}");
                heard.extend(numbers(text, stretch, &map));
            });
            let all = numbers(text, range.clone(), &map);
            for number in all.iter().filter(|number| range.contains(&number.start)) {
                prop_assert!(heard.contains(number), "{number:?} {heard:?}");
            }
        }
    }
}
