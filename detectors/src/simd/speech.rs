//! Where numbers may be written in words, `không một chín …`: a first look, so that the words of most texts are never
//! read.
//!
//! The ten words begin with few letters, and each of these goes on with few others. Nine such words, or digits on
//! their own, with a sign or two between them stand nowhere by chance. What is passed over here holds none; what is
//! told has to be read (`spoken.rs`).

use std::ops::Range;

use super::{BLOCK, SEEN, padded};

/// How far behind a stretch is listened, so that a number that begins in it is whole.
const BEHIND: usize = 2 * BLOCK;
const _: () = assert!(crate::spoken::SPOKEN_BYTES_MAX < BEHIND);
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

/// Tells `found` the stretches of `text[range]` in which a number in words may begin.
pub(crate) fn speech(text: &[u8], range: Range<usize>, mut found: impl FnMut(Range<usize>)) {
    let heard = text.get(range.start..text.len().min(range.end.saturating_add(BEHIND))).unwrap_or_default();
    let mut rows = Rows::default();
    hear(heard, &mut rows);
    for row in rows.enough {
        let stretch = range.start + row.start..(range.start + row.end).min(range.end);
        if !stretch.is_empty() {
            found(stretch);
        }
    }
}

/// Bytes in a row that may belong to a number in words, and the words that begin there.
#[derive(Default)]
pub(super) struct Rows {
    /// Rows with enough words. Hardly a text has any.
    enough: Vec<Range<usize>>,
    /// The row that reaches the end of what was heard: where it begins, its words.
    begun: usize,
    words: u32,
}

impl Rows {
    /// A block more, at `base`: its bytes that may belong to such a number, and where words begin among them.
    #[inline(always)]
    fn add(&mut self, base: usize, row: u64, begins: u64) {
        if self.words + begins.count_ones() >= WORDS {
            self.close(base, row, begins);
        }
        let tail = row.leading_ones();
        let words = (begins & !u64::MAX.checked_shr(tail).unwrap_or(0)).count_ones();
        (self.begun, self.words) =
            if tail == u64::BITS { (self.begun, self.words + words) } else { (base + BLOCK - tail as usize, words) };
    }

    /// Keeps the rows with enough words that end in a block.
    #[cold]
    fn close(&mut self, base: usize, row: u64, begins: u64) {
        let (mut begun, mut words, mut at) = (self.begun, self.words, 0);
        while at < BLOCK {
            let len = (row >> at).trailing_ones() as usize;
            let end = at + len;
            if end >= BLOCK {
                break;
            }
            let within = u64::MAX.checked_shr((BLOCK - len) as u32).unwrap_or(0);
            words += (begins >> at & within).count_ones();
            if words >= WORDS {
                self.enough.push(begun..base + end);
            }
            at = end + (row >> end).trailing_zeros() as usize;
            (begun, words) = (base + at, 0);
        }
    }

    /// Nothing follows.
    fn end(&mut self, base: usize) {
        if self.words >= WORDS {
            self.enough.push(self.begun..base);
        }
    }
}

/// Listens to `text`.
fn hear(text: &[u8], rows: &mut Rows) {
    #[cfg(target_arch = "x86_64")]
    return super::x86::voices(text, rows);
    #[cfg(target_arch = "aarch64")]
    return super::neon::voices(text, rows);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_voice(text, rows, super::scalar::voice);
}

/// Looks at every block with `kernel`; behind the end stands nothing.
#[inline(always)]
pub(super) fn each_voice(text: &[u8], rows: &mut Rows, kernel: impl Fn(&[u8; SEEN]) -> Voice) {
    let (mut run, mut rest, mut base) = (Run::default(), text, 0);
    while !rest.is_empty() {
        let (row, begins) = run.next(match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None => kernel(&padded(rest)),
        });
        rows.add(base, row, begins);
        rest = rest.get(BLOCK..).unwrap_or_default();
        base += BLOCK;
    }
    rows.end(base);
}

/// What the block before leaves to the next.
#[derive(Default)]
struct Run {
    voice: Voice,
    begins: u64,
}

impl Run {
    /// The bytes that may belong to such a number, and where words begin among them.
    #[inline(always)]
    fn next(&mut self, voice: Voice) -> (u64, u64) {
        /// `bits`, each one place later, and what comes in from the block before.
        #[inline(always)]
        const fn later(bits: u64, before: u64) -> u64 {
            bits << 1 | before >> (BLOCK - 1)
        }
        let last = self.voice;
        let is_part = |v: &Voice| v.letter | v.digit | v.high;
        let part = is_part(&voice);
        let begins = part & !later(part, is_part(&last));
        // Judged at the second byte of each word.
        let first = later(voice.first, last.first);
        let hard = later(voice.hard, last.hard);
        let digit = later(voice.digit, last.digit);
        let good = first & (voice.vowel | voice.high) | hard & (voice.breath | voice.high) | digit & !part;
        let bad = later(begins, self.begins) & !good;
        let row = (part | voice.sign) & !(bad | bad >> 1);
        *self = Self { voice, begins };
        (row, row & begins)
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
