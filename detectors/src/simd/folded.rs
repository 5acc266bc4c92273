//! The words of a text with AVX-512: characters folded by table, brought together, parted by masks.
#![expect(unsafe_code, reason = "vector loads and stores, and calls of functions that need features of the processor")]
// Why it is sound: loads take only bytes that are there, by mask, or whole vectors of arrays and tables; stores
// have room for one vector; functions that need a feature are called only behind a check for it.

use std::arch::x86_64::*;
use std::ops::Range;
use std::sync::LazyLock;

use super::BLOCK;
use super::words::{Hashes, KEY_LETTERS, Place, Waiting, Word};
use super::x86::handles_bits;
use crate::fold::Kind;

/// Whether the processor has all of this: asked for a few words at a time.
static HANDLES_BYTES: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && handles_bits()
});

/// Tells `found` the words of `text[range]`, as far as it can.
#[inline]
pub(super) fn words(text: &[u8], range: Range<usize>, found: impl FnMut(Word)) -> (usize, bool) {
    if *HANDLES_BYTES {
        // SAFETY: the features are there.
        unsafe { words_avx512(text, range, found) }
    } else {
        (range.start, false)
    }
}

/// How far nobody hears what he waits for.
#[inline]
pub(super) fn wait(
    text: &[u8],
    at: usize,
    to: usize,
    hashes: (&Hashes, bool),
    waiting: &mut impl Waiting,
) -> Option<usize> {
    // SAFETY: the features are there.
    HANDLES_BYTES.then(|| unsafe { wait_avx512(text, at, to, hashes, waiting) })
}

/// A block that begins with so many bytes of no word is read from the first word on: fewer cost less than to look again.
const SKIP_MIN: u32 = 16;

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
fn wait_avx512(
    text: &[u8],
    mut at: usize,
    to: usize,
    (hashes, lone): (&Hashes, bool),
    waiting: &mut impl Waiting,
) -> usize {
    let (mut folded, mut before) = (Folded::default(), Hashes::spread(waiting.last()));
    while at < to {
        // Numbers hold no words: a block that begins behind them sees more of those.
        let skip = text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |block| inked_avx512(block).trailing_zeros());
        if skip >= SKIP_MIN {
            at += skip as usize;
            continue;
        }
        let Some(letters) = text.get(at..).and_then(|rest| letters_avx512(rest, &mut folded)) else { break };
        let Letters { len, letter, capital, digit, last, inked } = letters;
        if has_long_word(inked) {
            break;
        }
        let characters = last.count_ones();
        // A word that the end cuts is left for the next time.
        let ends = at + len == text.len();
        let cut = if ends { 0 } else { letter.unbounded_shl(BLOCK as u32 - characters).leading_ones() };
        let begun = letter & (!(letter << 1) | capital & (letter & !capital) << 1);
        let alone = if lone { digit << 1 & digit >> 1 } else { 0 };
        let begun = Begun { starts: _bzhi_u64(begun & !alone, characters - cut), on: letter & !begun };
        let (mut rest, mut key, mut may_be) = (begun.starts, 0, 0);
        while rest != 0 {
            key = begun.key(&folded, rest.trailing_zeros());
            let word = Hashes::spread(key);
            may_be |= hashes.bits(before, word);
            before = word;
            rest &= rest - 1;
        }
        let block = Characters { at, last };
        if may_be & 1 != 0 {
            if let Some(start) = told(&folded, begun, digit, waiting) {
                return block.behind(start);
            }
        } else if key != 0 {
            waiting.passed(key);
        }
        at = if cut == 0 { at + len } else { block.behind((characters - cut) as u8) };
    }
    at
}

/// The bytes of letters and of all beyond ASCII.
#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
#[inline]
fn inked_avx512(block: &[u8; BLOCK]) -> u64 {
    // SAFETY: the array has 64 bytes.
    let v = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let low = _mm512_sub_epi8(_mm512_or_si512(v, splat(0x20)), splat(b'a'));
    _mm512_cmple_epu8_mask(low, splat(b'z' - b'a')) | _mm512_movepi8_mask(v)
}

/// Whether sixteen bytes of a word stand together.
#[inline(always)]
fn has_long_word(inked: u64) -> bool {
    let two = inked & inked >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8 != 0
}

/// Which characters begin a word, and which go on with one.
#[derive(Clone, Copy)]
struct Begun {
    starts: u64,
    on: u64,
}

impl Begun {
    /// The word that begins there.
    #[target_feature(enable = "bmi1,bmi2")]
    #[inline]
    fn key(self, folded: &Folded, start: u32) -> u64 {
        // Of the letters behind the first one, no more than have room.
        let behind = self.on >> start >> 1;
        let len = 1 + (!behind).trailing_zeros().min(KEY_LETTERS - 1);
        _bzhi_u64(folded.eight(start), 8 * len)
    }
}

/// Tells words one by one, and where the one begins that was waited for.
#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
#[inline(never)]
fn told(folded: &Folded, begun: Begun, digit: u64, waiting: &mut impl Waiting) -> Option<u8> {
    let (mut rest, mut passed) = (begun.starts, 0);
    while rest != 0 {
        let start = rest.trailing_zeros();
        let between = digit & !(u64::MAX << start) & u64::MAX << passed;
        if waiting.is(begun.key(folded, start), between != 0) {
            return Some(start as u8);
        }
        passed = start;
        rest &= rest - 1;
    }
    None
}

/// The letters of up to 64 bytes of text, 1 to 26, a byte for each character; of what is none anything. What is written at once
/// is read again letter by letter: not across two lines of the cache.
#[repr(align(64))]
struct Folded([u8; BLOCK + KEY_LETTERS as usize]);

impl Default for Folded {
    fn default() -> Self {
        Self([0; _])
    }
}

impl Folded {
    /// Eight letters from one on.
    #[inline(always)]
    fn eight(&self, start: u32) -> u64 {
        let head = self.0.get(start as usize..).and_then(<[u8]>::first_chunk);
        head.map_or(0, |head| u64::from_le_bytes(*head))
    }
}

/// What else is known of them: a bit for each character.
struct Letters {
    /// The bytes that were read.
    len: usize,
    letter: u64,
    capital: u64,
    digit: u64,
    /// The last bytes of the characters.
    last: u64,
    /// The bytes of letters and of all beyond ASCII.
    inked: u64,
}

/// The characters of a block of text, by their last bytes. Only [`words_avx512`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Characters {
    at: usize,
    last: u64,
}

impl Characters {
    /// Behind the last byte of so many of them.
    pub(super) fn behind(self, characters: u8) -> usize {
        // SAFETY: what makes it needs the same feature.
        let last = unsafe { lowest(self.last, characters) };
        self.at + BLOCK - last.leading_zeros() as usize
    }
}

/// So many of the lowest bits that are set.
#[target_feature(enable = "bmi2")]
fn lowest(bits: u64, n: u8) -> u64 {
    _pdep_u64(u64::MAX.checked_shr(BLOCK as u32 - u32::from(n)).unwrap_or(0), bits)
}

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
fn words_avx512(text: &[u8], range: Range<usize>, mut found: impl FnMut(Word)) -> (usize, bool) {
    let (mut at, mut parted, mut folded) = (range.start, false, Folded::default());
    'next: while at < range.end {
        let Some(letters) = text.get(at..range.end).and_then(|rest| letters_avx512(rest, &mut folded)) else { break };
        let Letters { len, letter, capital, digit, last, .. } = letters;
        let characters = last.count_ones() as usize;
        let starts = letter & (!(letter << 1) | capital & (letter & !capital) << 1);
        let block = Characters { at, last };
        let (mut rest, mut passed) = (starts, 0);
        while rest != 0 {
            let start = rest.trailing_zeros();
            let end = ((starts | !letter) & (u64::MAX << start << 1)).trailing_zeros();
            parted |= _bzhi_u64(digit, start) >> passed != 0;
            if end as usize >= characters && at + len < range.end {
                // The word may go on; one of so many bytes is for others.
                if start == 0 {
                    break 'next;
                }
                at = block.behind(start as u8);
                continue 'next;
            }
            let key = _bzhi_u64(folded.eight(start), 8 * (end - start).min(KEY_LETTERS));
            found(Word { key, place: Place::Characters(block, start as u8, end as u8), parted });
            (parted, passed) = (false, end);
            rest &= rest - 1;
        }
        parted |= digit.checked_shr(passed).is_some_and(|digit| digit != 0);
        at += len;
    }
    (at, parted)
}

/// The first 64 bytes of `text`, or fewer so that no character is cut; `None` when there is anything but ASCII and the
/// composed letters of Vietnamese.
#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
#[inline]
fn letters_avx512(text: &[u8], letters_there: &mut Folded) -> Option<Letters> {
    let len = text.len().min(BLOCK);
    let there = _bzhi_u64(u64::MAX, len as u32);
    // SAFETY: only bytes that are there are read.
    let v = unsafe { _mm512_maskz_loadu_epi8(there, text.as_ptr().cast()) };
    let splat = |b: u8| _mm512_set1_epi8(b as i8);
    let within = |v, low: u8, high: u8| _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, splat(low)), splat(high - low));
    let letter = within(_mm512_or_si512(v, splat(0x20)), b'a', b'z');
    let capital = letter & !_mm512_test_epi8_mask(v, splat(0x20));
    let digit = within(v, b'0', b'9');
    let folded = _mm512_and_si512(v, splat(0x1f));
    let high = _mm512_movepi8_mask(v);
    let mut letters = Letters { len, letter, capital, digit, last: there, inked: letter };
    if high == 0 {
        // SAFETY: the array has room for a vector.
        unsafe { _mm512_storeu_si512(letters_there.0.as_mut_ptr().cast(), folded) };
        return Some(letters);
    }
    let (two, three) = (within(v, 0xc3, 0xc6), _mm512_cmpeq_epi8_mask(v, splat(0xe1)));
    let (second_of_two, last_of_three) = (two << 1, three << 2);
    let follows = high & _mm512_cmplt_epu8_mask(v, splat(0xc0));
    let middle = within(v, 0xba, 0xbb) & three << 1;
    // A character that the end cuts is left for the next time, if there is one.
    let cut = match (two | three) >> (len - 1) & 1 | (three >> len.saturating_sub(2) & 1) << 1 {
        0 => 0,
        1 | 3 => 1,
        _ => 2,
    };
    letters.len = len - cut;
    let there = _bzhi_u64(u64::MAX, letters.len as u32);
    let whole = follows & there == (second_of_two | middle | last_of_three) & there
        && three << 1 & there == middle & there
        && high & !follows & there == (two | three) & there;
    if !whole || letters.len == 0 || cut > 0 && text.len() <= BLOCK {
        return None;
    }
    // SAFETY: the tables have so many bytes.
    let table = |of: &[u8], at: usize| unsafe { _mm512_loadu_si512(of.as_ptr().add(at).cast()) };
    let index = _mm512_set_epi64(
        0x3e3d_3c3b_3a39_3837,
        0x3635_3433_3231_302f,
        0x2e2d_2c2b_2a29_2827,
        0x2625_2423_2221_201f,
        0x1e1d_1c1b_1a19_1817,
        0x1615_1413_1211_100f,
        0x0e0d_0c0b_0a09_0807,
        0x0605_0403_0201_00ff_u64 as i64,
    );
    let before = _mm512_permutexvar_epi8(index, v);
    // Six bits of this byte and the lowest of the one before, of which the tables have each.
    let lowest = |v| _mm512_and_si512(_mm512_slli_epi16::<6>(v), splat(0x40));
    let low = _mm512_and_si512(v, splat(0x3f));
    let odd = _mm512_or_si512(low, lowest(_mm512_sub_epi8(before, splat(0xc3))));
    let even = _mm512_or_si512(low, lowest(before));
    let of_c3 = _mm512_permutex2var_epi8(table(&LATIN, 0), odd, table(&LATIN, 64));
    let of_c5 = _mm512_permutex2var_epi8(table(&LATIN, 128), odd, table(&LATIN, 192));
    let of_e1 = _mm512_permutex2var_epi8(table(&ADDITIONAL, 0), even, table(&ADDITIONAL, 64));
    let late = second_of_two & _mm512_cmpge_epu8_mask(before, splat(0xc5));
    let beyond = _mm512_mask_blend_epi8(late, of_c3, of_c5);
    let beyond = _mm512_mask_blend_epi8(last_of_three, beyond, of_e1);
    let others = (second_of_two | last_of_three) & there;
    let last = there & !(two | three | middle);
    let folded = _mm512_mask_blend_epi8(others, folded, beyond);
    let letter = letter & !high | others & _mm512_test_epi8_mask(beyond, splat(0x1f));
    let capital = capital & !high | others & _mm512_test_epi8_mask(beyond, splat(CAPITAL));
    let folded = _mm512_maskz_compress_epi8(last, _mm512_and_si512(folded, splat(0x1f)));
    // SAFETY: the array has room for a vector.
    unsafe { _mm512_storeu_si512(letters_there.0.as_mut_ptr().cast(), folded) };
    let each = |bits| _pext_u64(bits, last);
    let inked = letters.letter & !high | high;
    Some(Letters { letter: each(letter), capital: each(capital), digit: each(digit), last, inked, ..letters })
}

/// A letter in its key, the bit above for a capital; 0 for what parts words.
const CAPITAL: u8 = 0x20;

/// The letters of U+00C0 to U+01BF by their number less C0.
static LATIN: [u8; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = letter(crate::fold::LATIN[n]);
        n += 1;
    }
    table
};

/// The letters of U+1E80 to U+1EFF by their number less 1E80.
static ADDITIONAL: [u8; 128] = {
    let mut table = [0; 128];
    let mut n = 0;
    while n < 128 {
        if let Some(folded) = crate::fold::LATIN_ADDITIONAL[n] {
            table[n] = letter(folded);
        }
        n += 1;
    }
    table
};

const fn letter((folded, kind): (u8, Kind)) -> u8 {
    match kind {
        Kind::Lower => folded & 0x1f,
        Kind::Upper => folded & 0x1f | CAPITAL,
        _ => 0,
    }
}
