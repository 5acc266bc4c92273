//! Classes of bytes, 64 at a time: where digits, letters, capitals and signs stand in a text.
//!
//! The first look at every byte, so it is done with vectors, and plain code says the same where there are none. It
//! knows no identifier, only bytes; the one room of this crate that holds `unsafe`.

mod alive;
pub(crate) mod among;
pub(crate) mod base64;
mod beginnings;
pub(crate) mod beside;
mod busy;
pub(crate) mod encoded;
#[cfg(target_arch = "x86_64")]
mod folded;
mod groups;
#[cfg(target_arch = "x86_64")]
mod letters;
mod look;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pairs;
#[cfg_attr(target_arch = "aarch64", allow(dead_code, reason = "NEON does most of it; the tests hold it to this"))]
mod scalar;
pub(crate) mod signs;
mod speech;
mod spelled;
mod tables;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;
mod years;

use std::ops::Range;

pub(crate) use beginnings::{Beginnings, places};
pub(crate) use busy::busy;
pub(crate) use look::{Look, Stretch};
pub(crate) use pairs::{Pairs, Rare, Sightings, any_pairs};
pub(crate) use speech::speech;
pub(crate) use spelled::{SPELLED_MAX, may_spell_name};
pub(crate) use words::{Hashes, KEY_LETTERS, Place, Waiting, Word, wait, words};
pub(crate) use years::{YEARS_SEEN, years};

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;
/// Bytes a block is judged by: its own, and one behind for letters that two bytes tell apart.
pub(crate) const SEEN: usize = BLOCK + 1;

/// Something that is done much faster where bits are shifted and counted in one step each. What it calls is part of that
/// only if it is inlined.
pub(crate) trait Work {
    /// Does it: `#[inline(always)]`.
    fn run(self);
}

/// Does `work` with all that this processor can do.
#[inline]
pub(crate) fn widest(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    return x86::widest(work);
    #[cfg(not(target_arch = "x86_64"))]
    return work.run();
}

/// Which bytes of a block are what; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    /// ASCII digits.
    digit: u64,
    /// ASCII letters and digits, and everything from 80 on.
    letter: u64,
    /// Bytes that may begin a capital letter of Vietnamese, and some small ones of its.
    capital: u64,
    /// `@`, and bytes that begin a character that is neither ASCII nor a letter of Vietnamese.
    odd: u64,
    /// `:`, behind which something may stand that was announced, and `@`.
    mark: u64,
}

impl Masks {
    /// Nothing.
    const NONE: Self = Self { digit: 0, letter: 0, capital: 0, odd: 0, mark: 0 };
}

/// Blocks that need no allocation.
const FEW: usize = 4;

/// The classes of a stretch of text.
pub(crate) struct Map {
    /// The blocks of a cell or field; `many` is empty then.
    few: [Masks; FEW],
    many: Vec<Masks>,
    start: usize,
    end: usize,
    /// Whether the byte before the stretch is a letter.
    after_letter: bool,
}

impl Map {
    /// Looks at `range` of `text`.
    pub(crate) fn new(text: &[u8], range: Range<usize>) -> Self {
        let (start, end) = (range.start, range.end.min(text.len()));
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let after_letter = before.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
        let stretch = text.get(start..end).unwrap_or_default();
        // One more of nothing, so that 64 bits can be taken from anywhere.
        let blocks = stretch.len().div_ceil(BLOCK) + 1;
        let (mut few, mut many) = ([Masks::default(); FEW], Vec::new());
        if blocks <= FEW {
            classify(stretch, &mut few);
        } else {
            many.resize(blocks, Masks::default());
            classify(stretch, &mut many);
        }
        Self { few, many, start, end, after_letter }
    }

    fn blocks(&self) -> &[Masks] {
        if self.many.is_empty() { &self.few } else { &self.many }
    }

    /// Whether there is neither digit nor anything odd, and no word begins with a capital.
    pub(crate) fn is_dull(&self) -> bool {
        !self.has_numbers() && self.capitals().next().is_none()
    }

    /// Whether there is a digit or anything odd.
    pub(crate) fn has_numbers(&self) -> bool {
        self.blocks().iter().any(|block| block.digit | block.odd != 0)
    }

    /// The letters, for whoever looks at many places.
    pub(crate) fn letters_around(&self) -> Letters<'_> {
        Letters { blocks: self.blocks(), start: self.start, end: self.end }
    }

    /// Every place that may begin a capital letter and stands at the beginning of a word.
    pub(crate) fn capitals(&self) -> impl Iterator<Item = usize> {
        let mut carry = u64::from(self.after_letter);
        self.blocks().iter().enumerate().flat_map(move |(n, block)| {
            let mut found = block.capital & !(block.letter << 1 | carry);
            carry = block.letter >> (BLOCK - 1);
            let base = self.start + n * BLOCK;
            std::iter::from_fn(move || {
                let bit = found.trailing_zeros() as usize;
                found &= found.wrapping_sub(1);
                (bit < BLOCK).then_some(base + bit)
            })
        })
    }

    fn bits(&self, at: usize, of: impl Fn(&Masks) -> u64) -> u64 {
        let from = at.saturating_sub(self.start);
        let (n, shift) = (from / BLOCK, from % BLOCK);
        let half = |n: usize| self.blocks().get(n).map_or(0, &of);
        half(n) >> shift | half(n + 1) << 1 << (BLOCK - 1 - shift)
    }
}

/// Where the letters of a map stand.
pub(crate) struct Letters<'m> {
    blocks: &'m [Masks],
    start: usize,
    end: usize,
}

impl Letters<'_> {
    /// From 16 bytes before `at` to 48 behind; `None` at the beginning and end of the stretch.
    #[inline]
    pub(crate) fn at(&self, at: usize) -> Option<u64> {
        let from = at.checked_sub(self.start + 16).filter(|_| at + 48 <= self.end)?;
        let (n, shift) = (from / BLOCK, from % BLOCK);
        let [first, second] = self.blocks.get(n..)?.first_chunk()?;
        Some(first.letter >> shift | second.letter << 1 << (BLOCK - 1 - shift))
    }
}

/// Writes the classes of `text`, a block each, to `out`.
fn classify(text: &[u8], out: &mut [Masks]) {
    #[cfg(target_arch = "x86_64")]
    return x86::classify(text, out);
    #[cfg(target_arch = "aarch64")]
    return neon::classify(text, out);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return each_block(text, out, scalar::block);
}

/// Which of sixteen bytes are letters, or outside ASCII, and which are digits.
#[inline]
pub(crate) fn letters_and_digits(chunk: &[u8; 16]) -> (u16, u16) {
    #[cfg(target_arch = "x86_64")]
    return letters::letters_and_digits(chunk);
    #[cfg(not(target_arch = "x86_64"))]
    return scalar::letters_and_digits(chunk);
}

/// Which of up to 128 bytes are what; the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes {
    /// Letters of ASCII, and everything outside it.
    pub(crate) letter: u128,
    pub(crate) digit: u128,
    /// Line ends, borders of cells, and signs that end clauses: `\n \t | ; . ! ?`.
    pub(crate) border: u128,
}

/// What the first 128 bytes of `text` are.
pub(crate) fn classes(text: &[u8]) -> Classes {
    let mut classes = Classes::default();
    for at in [0, BLOCK].into_iter().filter(|at| *at < text.len()) {
        let rest = text.get(at..).unwrap_or_default();
        let padded = if rest.len() < BLOCK { padded(rest) } else { [0; SEEN] };
        let Some(block) = rest.first_chunk().or_else(|| padded.first_chunk()) else { break };
        let (letter, digit) = letters_and_digits_of(block);
        let border = block.as_chunks::<16>().0.iter().rev().fold(0, |all, chunk| all << 16 | u64::from(borders(chunk)));
        classes.letter |= u128::from(letter) << at;
        classes.digit |= u128::from(digit) << at;
        classes.border |= u128::from(border) << at;
    }
    classes
}

/// Which of the 64 bytes from `at` on are letters, or outside ASCII, and which are digits.
#[inline]
pub(crate) fn letters_and_digits_from(text: &[u8], at: usize) -> (u64, u64) {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(block) => letters_and_digits_of(block),
        None => {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
            letters_and_digits_of(&block)
        }
    }
}

/// The same of a block.
#[inline]
fn letters_and_digits_of(block: &[u8; BLOCK]) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    if let Some(both) = letters::letters_and_digits_of(block) {
        return both;
    }
    block.as_chunks::<16>().0.iter().enumerate().fold((0, 0), |(letters, digits), (n, chunk)| {
        let (letter, digit) = letters_and_digits(chunk);
        (letters | u64::from(letter) << (16 * n), digits | u64::from(digit) << (16 * n))
    })
}

/// Where the first digit stands, or sign that ends what is said behind a number: `\n \t | ; ,`.
#[inline]
pub(crate) fn first_end(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks::<16>();
    for (n, chunk) in chunks.iter().enumerate() {
        let found = ends(chunk);
        if found != 0 {
            return Some(16 * n + found.trailing_zeros() as usize);
        }
    }
    let is_end = |b: &u8| b"\n\t|;,".contains(b) || b.is_ascii_digit();
    rest.iter().position(is_end).map(|at| text.len() - rest.len() + at)
}

/// Which of sixteen bytes are such.
#[inline]
fn ends(chunk: &[u8; 16]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return letters::ends(chunk);
    #[cfg(not(target_arch = "x86_64"))]
    return scalar::ends(chunk);
}

/// Which of sixteen bytes end clauses, lines or cells.
#[inline]
fn borders(chunk: &[u8; 16]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return letters::borders(chunk);
    #[cfg(not(target_arch = "x86_64"))]
    return scalar::borders(chunk);
}

/// Gives `kernel` every block with the byte behind; behind the end stands nothing.
#[inline(always)]
fn each_block(text: &[u8], out: &mut [Masks], kernel: impl Fn(&[u8; SEEN]) -> Masks) {
    let mut rest = text;
    for masks in out {
        *masks = match rest.first_chunk() {
            Some(seen) => kernel(seen),
            None if rest.is_empty() => return,
            None => kernel(&padded(rest)),
        };
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
}

/// The end of a text, and nothing behind it.
#[inline(never)]
pub(crate) fn padded(rest: &[u8]) -> [u8; SEEN] {
    let mut seen = [0; SEEN];
    if let Some(seen) = seen.get_mut(..rest.len()) {
        seen.copy_from_slice(rest);
    }
    seen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn twin(text: &[u8]) -> Vec<Masks> {
        let mut padded = text.to_vec();
        padded.resize(text.len().next_multiple_of(BLOCK) + 1, 0);
        (0..text.len()).step_by(BLOCK).map(|at| scalar::block(padded[at..].first_chunk().expect("whole"))).collect()
    }

    fn agree(text: &[u8]) {
        let expected = twin(text);
        let mut masks = vec![Masks::default(); expected.len()];
        classify(text, &mut masks);
        assert_eq!(masks, expected);
        #[cfg(target_arch = "x86_64")]
        for (name, kernel) in x86::kernels() {
            masks.fill(Masks::default());
            kernel(text, &mut masks);
            assert_eq!(masks, expected, "{name}");
        }
    }

    #[test]
    fn every_byte_is_classed_alike_behind_and_before_every_other() {
        let text: Vec<u8> = (0..=255u8).flat_map(|a| (0..=255u8).flat_map(move |b| [a, b])).collect();
        agree(&text);
        agree(&text[1..]);
    }

    #[test]
    fn borders_are_told_alike() {
        for byte in 0..=255_u8 {
            let chunk = std::array::from_fn(|n| byte.wrapping_add(n as u8));
            assert_eq!(borders(&chunk), scalar::borders(&chunk));
            assert_eq!(ends(&chunk), scalar::ends(&chunk));
            let text: Vec<u8> = chunk.into_iter().chain(chunk).take(20).collect();
            let slowly =
                text.iter().position(|b| matches!(b, b'\n' | b',' | b';' | b'|' | b'\t') || b.is_ascii_digit());
            assert_eq!(first_end(&text), slowly);
        }
    }

    proptest! {
        #[test]
        fn classes_are_those_of_each_byte(text in prop::collection::vec(any::<u8>(), 0..150)) {
            let Classes { letter, digit, border } = classes(&text);
            for at in [0, 1, 16, 37, 100, 200] {
                let both = letters_and_digits_from(&text, at);
                let from = |bits: u128| bits.checked_shr(at as u32).unwrap_or_default() as u64;
                if at <= 64 || text.len() <= 128 {
                    prop_assert_eq!(both, (from(letter), from(digit)));
                }
            }
            for n in 0..128 {
                let byte = text.get(n).copied().unwrap_or_default();
                prop_assert_eq!(letter >> n & 1 == 1, byte.is_ascii_alphabetic() || byte >= 0x80);
                prop_assert_eq!(digit >> n & 1 == 1, byte.is_ascii_digit());
                prop_assert_eq!(border >> n & 1 == 1, b"\n\t|;.!?".contains(&byte));
            }
        }

        #[test]
        fn letters_and_digits_are_told_alike(chunk in any::<[u8; 16]>()) {
            prop_assert_eq!(letters_and_digits(&chunk), scalar::letters_and_digits(&chunk));
        }

        #[test]
        fn vectors_and_plain_code_agree(text in proptest::collection::vec(any::<u8>(), 0..700)) {
            agree(&text);
        }

        #[test]
        fn so_they_do_on_vietnamese(text in "[a-zA-Z0-9ạẢđĐưỨ @.,\u{200b}０١\n-]{0,300}", skip in 0usize..70) {
            agree(text.as_bytes().get(skip..).unwrap_or_default());
        }

        #[test]
        fn places_are_found_one_by_one(
            text in proptest::collection::vec(prop_oneof![
                Just(b' '), Just(b'7'), Just(b'A'), Just(b'b'), Just(b'@'), Just(0xc4), Just(0xe1), Just(0xba), any::<u8>(),
            ], 0..300),
            from in 0usize..100,
        ) {
            let from = from.min(text.len());
            let map = Map::new(&text, from..text.len());
            let seen = |at: usize| {
                let mut seen = [0; SEEN];
                seen.iter_mut().zip(&text[at..]).for_each(|(to, b)| *to = *b);
                scalar::block(&seen)
            };
            let letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
            let capitals: Vec<usize> = (from..text.len())
                .filter(|at| seen(*at).capital & 1 != 0 && !(*at > 0 && letter(&text[at - 1])))
                .collect();
            prop_assert_eq!(map.capitals().collect::<Vec<_>>(), capitals);
            for at in from..text.len() {
                if let Some(letters) = map.letters_around().at(at) {
                    let expected = (0..64).fold(0, |bits, n| bits | u64::from(letter(&text[at - 16 + n])) << n);
                    prop_assert_eq!(letters, expected);
                }
            }
        }
    }
}
