//! Where numbers may be written in words, `không một chín …`: a first look, so that the words of most texts are never
//! read.
//!
//! The ten words begin with few letters, and each of these goes on with few others. Nine such words, or digits on
//! their own, with a sign or two between them stand nowhere by chance. What is passed over here holds none; what is
//! told has to be read (`spoken.rs`).

use std::ops::Range;

use super::{BLOCK, SEEN, padded};

/// How far such a number reaches from any of its words.
const REACH: usize = 2 * BLOCK;
const _: () = assert!(crate::spoken::SPOKEN_BYTES_MAX < REACH);
/// Fewest words of such a number, less one: what touches the first may hide where that begins.
const WORDS: u32 = 8;

/// What a kernel tells of a block; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    /// Letters, digits and the signs among them: everything from `0` on.
    pub(super) part: u64,
    /// What stands in no number: everything before the space.
    pub(super) stop: u64,
    /// Bytes that begin one of the words if they begin a word, by the byte behind.
    pub(super) first: u64,
}

/// Tells `found` the stretches of `text[range]` in which a number in words may begin.
pub(crate) fn speech(text: &[u8], range: Range<usize>, found: impl FnMut(Range<usize>)) {
    let heard = text.get(range.start..text.len().min(range.end.saturating_add(REACH))).unwrap_or_default();
    let mut hearing = Hearing::default();
    hear(heard, &mut hearing);
    hearing.rows(range).for_each(found);
}

/// A text being listened to from its beginning.
#[derive(Default)]
pub(super) struct Hearing {
    /// Where the next block begins.
    base: usize,
    pub(super) run: Run,
    /// Where so many words stand side by side. Hardly a text has such a place.
    rows: Vec<Range<usize>>,
}

impl Hearing {
    /// Keeps what the next blocks left, and the stretches around those in which enough words in a row ended: what
    /// [`Run::next`] told of each.
    #[inline(always)]
    pub(super) fn heard<const N: usize>(&mut self, run: Run, blocks: usize, rows: &[u64; N]) {
        self.run = run;
        // Hardly a block has such words.
        if rows.iter().fold(false, |any, row| any | in_a_row(*row)) {
            self.add_all(rows);
        }
        self.base += BLOCK * blocks;
    }

    #[cold]
    #[inline(never)]
    fn add_all(&mut self, rows: &[u64]) {
        let base = self.base;
        for (n, _) in rows.iter().enumerate().filter(|(_, row)| in_a_row(**row)) {
            self.add(base + n * BLOCK);
        }
    }

    /// Keeps what reaches from the block at `base` to both sides.
    fn add(&mut self, base: usize) {
        let row = base.saturating_sub(REACH)..base + BLOCK + REACH;
        match self.rows.last_mut().filter(|last| last.end >= row.start) {
            Some(last) => last.end = row.end,
            None => self.rows.push(row),
        }
    }

    /// The stretches in which a number in words may begin, of a text that began and ended like `range`.
    pub(super) fn rows(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let within = move |row: Range<usize>| range.start + row.start..(range.start + row.end).min(range.end);
        self.rows.iter().cloned().map(within).filter(|stretch| !stretch.is_empty())
    }
}

/// Listens to `text`.
fn hear(text: &[u8], hearing: &mut Hearing) {
    #[cfg(target_arch = "x86_64")]
    return super::x86::voices(text, hearing);
    #[cfg(target_arch = "aarch64")]
    return super::neon::voices(text, hearing);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_voice(text, hearing, super::scalar::voice, pack);
}

/// Looks at every block with `kernel`; behind the end stands nothing.
#[inline(always)]
pub(super) fn each_voice(
    text: &[u8],
    hearing: &mut Hearing,
    kernel: impl Fn(&[u8; SEEN]) -> Voice,
    pack: impl Fn(u64, u64) -> u64,
) {
    let mut rest = text;
    while !rest.is_empty() {
        let voice = match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None => kernel(&padded(rest)),
        };
        let mut run = hearing.run;
        let row = run.next(voice, &pack);
        hearing.heard(run, 1, &[row]);
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
}

/// As many words as are not enough.
const KEPT: u32 = WORDS - 1;

/// What the blocks before leave to the next.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    /// Whether the last byte may belong to a word.
    part: u64,
    /// For each of the last words and stops whether it was such a word, the last in the highest bit.
    last: u64,
}

impl Run {
    /// Whether so many words in a row end in a block.
    #[cfg(test)]
    fn is_enough(&mut self, voice: Voice, pack: impl Fn(u64, u64) -> u64) -> bool {
        in_a_row(self.next(voice, pack))
    }

    /// The words and stops of a block behind the last ones before, a bit for each that is such a word.
    #[inline(always)]
    pub(super) fn next(&mut self, voice: Voice, pack: impl Fn(u64, u64) -> u64) -> u64 {
        let Voice { part, stop, first } = voice;
        let begins = part & !(part << 1 | self.part);
        self.part = part >> (BLOCK - 1);
        let words = begins & first;
        // One stop is as good as many.
        let stops = stop & !(stop << 1) | begins & !first;
        let all = words | stops;
        let (n, packed) = (all.count_ones(), pack(words, all));
        if n > u64::BITS - KEPT {
            let enough;
            (enough, self.last) = is_enough_of_many(self.last, packed, n);
            return if enough { u64::MAX } else { 0 };
        }
        // Those before in the lowest bits.
        let row = self.last | packed << KEPT;
        self.last = row >> n & ((1 << KEPT) - 1);
        row
    }
}

/// The same of more than there is room for beside the `last` ones: single letters with nothing but line ends between. And
/// which are the last now.
#[cold]
#[inline(never)]
fn is_enough_of_many(last: u64, packed: u64, n: u32) -> (bool, u64) {
    let row = u128::from(last) | u128::from(packed) << KEPT;
    let enough = in_a_row(row as u64) || in_a_row((row >> (u64::BITS - KEPT)) as u64);
    (enough, (row >> n) as u64 & ((1 << KEPT) - 1))
}

/// Whether `WORDS` bits in a row are set.
#[inline(always)]
const fn in_a_row(bits: u64) -> bool {
    const { assert!(WORDS == 8) };
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    four & four >> 4 != 0
}

/// [`each_voice`]'s `pack` in plain steps.
pub(super) fn pack(bits: u64, mut of: u64) -> u64 {
    let (mut packed, mut n) = (0, 0);
    while of != 0 {
        packed |= (bits >> of.trailing_zeros() & 1) << n;
        of &= of - 1;
        n += 1;
    }
    packed
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
        crate::spoken::numbers(text, range, map, crate::spoken::Hearing::Strict, |number| all.push(number.range));
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
            "mo65t",
            "linh",
            "le",
            "lẻ",
            "mươi",
            "mười",
            "muoi",
            "chục",
            "con",
            "0",
            "7",
            "12",
            "và",
            "người",
            "k\u{200b}o",
            "kô",
            "c\u{ad}hín",
            "c\u{200b}hin",
            "C\u{feff}HÍN",
        ];
        let signs = [" ", " ", " ", "-", ", ", ".", "\n", ":", "  "];
        let (words, signs) = (prop::sample::select(words.to_vec()), prop::sample::select(signs.to_vec()));
        (words, signs).prop_map(|(word, sign)| format!("{word}{sign}"))
    }

    proptest! {
        #[test]
        fn words_in_a_row_are_counted_across_blocks(
            blocks in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 1..8),
            sparse in 0..4_u32,
        ) {
            let (mut run, mut part_before, mut in_a_row) = (Run::default(), false, 0);
            for (part, stop, first) in blocks {
                let first = (0..sparse).fold(first, |first, n| first | first.rotate_left(n));
                let stop = (0..sparse).fold(stop, |stop, n| stop & stop.rotate_left(n));
                let (part, mut enough) = (part & !stop, false);
                for n in 0..BLOCK {
                    let is = |of: u64| of >> n & 1 == 1;
                    let begins = is(part) && !part_before;
                    part_before = is(part);
                    if is(stop) || begins && !is(first) {
                        in_a_row = 0;
                    } else if begins {
                        in_a_row += 1;
                        enough |= in_a_row >= WORDS;
                    }
                }
                prop_assert_eq!(run.is_enough(Voice { part, stop, first }, pack), enough);
            }
        }

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
