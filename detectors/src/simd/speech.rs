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
/// Looks overlap by so much, so that each number is whole in one of them.
const OVERLAP: usize = 2 * BLOCK;
const _: () = assert!(SHORTEST == 20 && crate::spoken::SPOKEN_BYTES_MAX < OVERLAP);
/// Fewest words of such a number.
const WORDS: u32 = 9;

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

/// Tells `found` the stretches of `text[range]` in which a number in words may begin; two may overlap.
pub(crate) fn speech(text: &[u8], range: Range<usize>, mut found: impl FnMut(Range<usize>)) {
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..).unwrap_or_default();
        let rest = rest.get(..BLOCKS * BLOCK).unwrap_or(rest);
        let mut heard =
            Spoken { part: [0; BLOCKS], words: [0; BLOCKS], counts: [0; BLOCKS], ends: [0; BLOCKS], any: 0 };
        hear(rest, &mut heard);
        let mut upto = 0;
        while heard.any != 0 {
            let block = heard.any.trailing_zeros() as usize * BLOCK;
            heard.any &= heard.any - 1;
            if heard.words_near(block / BLOCK) < WORDS {
                continue;
            }
            // Each row of which so many bytes end here.
            let mut ends = heard.ends.get(block / BLOCK).copied().unwrap_or_default();
            while ends != 0 {
                let end = block + ends.trailing_zeros() as usize;
                let row = end + 1 - heard.row_before(end + 1)..end + heard.row(end);
                if row.end > upto && heard.words(&row) >= WORDS {
                    found((at + row.start).max(range.start)..(at + row.end).min(range.end).max(range.start));
                    upto = row.end;
                }
                let passed = (row.end - block).min(BLOCK - 1);
                ends &= u64::MAX << passed;
                if row.end >= block + BLOCK {
                    break;
                }
            }
        }
        if rest.len() < BLOCKS * BLOCK {
            break;
        }
        at += rest.len() - OVERLAP;
    }
}

/// What was heard in one go.
pub(super) struct Spoken {
    /// Bytes that may belong to such a number.
    part: [u64; BLOCKS],
    /// Where words begin that may.
    words: [u64; BLOCKS],
    /// How many do in each block: counted with the instructions of the kernel, since the least of processors have none.
    counts: [u8; BLOCKS],
    /// Where `SHORTEST` bytes in a row end that may belong to a number.
    ends: [u64; BLOCKS],
    /// Blocks in which `SHORTEST` bytes in a row end that may.
    any: u64,
}

impl Spoken {
    /// How many bytes in a row from `at` on may belong to a number, as far as one reaches.
    fn row(&self, at: usize) -> usize {
        let part = |n: usize| self.part.get(n).copied().unwrap_or_default();
        let (mut n, shift) = (at / BLOCK, at % BLOCK);
        let mut len = (part(n) >> shift).trailing_ones() as usize;
        while (shift + len).is_multiple_of(BLOCK) && len > 0 && len < 2 * OVERLAP {
            n += 1;
            len += part(n).trailing_ones() as usize;
            if part(n) != u64::MAX {
                break;
            }
        }
        len
    }

    /// How many before `at` do, likewise.
    fn row_before(&self, at: usize) -> usize {
        let mut len = 0;
        while len < OVERLAP
            && let Some(last) = (at - len).checked_sub(1)
            && let Some(part) = self.part.get(last / BLOCK)
        {
            let shift = BLOCK - 1 - last % BLOCK;
            let ones = (part << shift).leading_ones() as usize;
            len += ones;
            if ones < BLOCK - shift {
                break;
            }
        }
        len
    }

    /// How many words begin in block `n` and as far around as a number with words there reaches.
    fn words_near(&self, n: usize) -> u32 {
        let reach = OVERLAP / BLOCK;
        let near = self.counts.get(n.saturating_sub(reach)..BLOCKS.min(n + reach + 1)).unwrap_or_default();
        near.iter().map(|count| u32::from(*count)).sum()
    }

    fn words(&self, row: &Range<usize>) -> u32 {
        let mut words = 0;
        for n in row.start / BLOCK..row.end.div_ceil(BLOCK) {
            let begins = self.words.get(n).copied().unwrap_or_default();
            let from = row.start.saturating_sub(n * BLOCK);
            let to = BLOCK - (row.end - n * BLOCK).min(BLOCK);
            words += (begins >> from << from << to >> to).count_ones();
        }
        words
    }
}

/// Listens to `text`.
fn hear(text: &[u8], heard: &mut Spoken) {
    #[cfg(target_arch = "x86_64")]
    return super::x86::voices(text, heard);
    #[cfg(target_arch = "aarch64")]
    return super::neon::voices(text, heard);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_voice(text, heard, super::scalar::voice);
}

/// Looks at every block with `kernel`; behind the end stands nothing.
#[inline(always)]
pub(super) fn each_voice(text: &[u8], heard: &mut Spoken, kernel: impl Fn(&[u8; SEEN]) -> Voice) {
    let (mut run, mut rest) = (Run::default(), text);
    let rows = heard.part.iter_mut().zip(&mut heard.words).zip(&mut heard.counts).zip(&mut heard.ends);
    for (n, (((part, words), count), ends)) in rows.enumerate() {
        let voice = match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None if rest.is_empty() => break,
            None => kernel(&padded(rest)),
        };
        rest = rest.get(BLOCK..).unwrap_or_default();
        *ends = run.next(voice);
        heard.any |= u64::from(*ends != 0) << n;
        (*part, *words) = (run.rows[0], run.rows[0] & run.begins);
        *count = words.count_ones() as u8;
    }
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
        let one = (part | voice.sign) & !(bad | bad >> 1);
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
