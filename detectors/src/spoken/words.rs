//! The words of a number, and the digits they come to.

use std::ops::Range;

use super::{Hearing, SPOKEN_BYTES_MIN};
use crate::fold::spread_words;

/// What a word is to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A digit, or several in figures.
    Digit(u8),
    Digits,
    /// `mươi`, `chục`: the digit before it is tens.
    Ten,
    /// `mười`, or `mươi` without marks: tens as well, behind a digit that may be.
    TenAlone,
    /// `trăm`
    Hundred,
    /// `hai con tám`: the one before tells how many of the one behind.
    Times,
    /// What stands between groups.
    Link,
}

impl Word {
    /// Whether a number may begin with it.
    pub(super) const fn is_said_first(self) -> bool {
        matches!(self, Self::Digit(_) | Self::Digits | Self::TenAlone)
    }

    /// Whether one may end with it.
    pub(super) const fn is_said_last(self) -> bool {
        !matches!(self, Self::Times | Self::Link)
    }
}

/// The words without their marks. Slips of speech recognition are among them: `mộc`, `bãi`, `chính`.
const WORDS: &[(&str, Word)] = &[
    ("khong", Word::Digit(b'0')),
    ("hong", Word::Digit(b'0')),
    ("ko", Word::Digit(b'0')),
    ("linh", Word::Digit(b'0')),
    ("le", Word::Digit(b'0')),
    ("mot", Word::Digit(b'1')),
    ("moc", Word::Digit(b'1')),
    ("hai", Word::Digit(b'2')),
    ("ba", Word::Digit(b'3')),
    ("bon", Word::Digit(b'4')),
    ("tu", Word::Digit(b'4')),
    ("nam", Word::Digit(b'5')),
    ("lam", Word::Digit(b'5')),
    ("sau", Word::Digit(b'6')),
    ("bay", Word::Digit(b'7')),
    ("bai", Word::Digit(b'7')),
    ("tam", Word::Digit(b'8')),
    ("chin", Word::Digit(b'9')),
    ("chinh", Word::Digit(b'9')),
    ("muoi", Word::TenAlone),
    ("chuc", Word::Ten),
    ("con", Word::Times),
    // From here on only in short texts.
    ("nham", Word::Digit(b'5')),
    ("ro", Word::Digit(b'0')),
    ("zero", Word::Digit(b'0')),
    ("tram", Word::Hundred),
    ("so", Word::Times),
    ("de", Word::Link),
    ("roi", Word::Link),
    ("tiep", Word::Link),
    ("theo", Word::Link),
    ("la", Word::Link),
];
/// How many of them are read in texts of any length.
const STRICT: usize = 22;

/// By byte, a set of [`WORDS`].
type Bytes = [u32; 256];

/// The words that a first, second or last byte may belong to. A byte beyond ASCII may be a vowel with its mark, or
/// begin something invisible.
static FIRST: Bytes = bytes(Place::First);
static SECOND: Bytes = bytes(Place::Second);
static LAST: Bytes = bytes(Place::Last);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Second,
    Last,
}

const fn bytes(place: Place) -> Bytes {
    let mut all = [0; 256];
    let mut n = 0;
    while n < WORDS.len() {
        let word = WORDS[n].0.as_bytes();
        let byte = match place {
            Place::First => word[0],
            Place::Second => word[1],
            Place::Last => word[word.len() - 1],
        };
        all[byte as usize] |= 1 << n;
        all[byte.to_ascii_uppercase() as usize] |= 1 << n;
        let vowel = match place {
            Place::First => false,
            Place::Second => matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u'),
            // No mark stands on the `i` and `y` that end words.
            Place::Last => matches!(byte, b'a' | b'e' | b'o' | b'u'),
        };
        let mut high = 0x80;
        while high < 256 {
            if vowel || matches!(place, Place::Second) && matches!(high, 0xc2 | 0xe2 | 0xef) {
                all[high] |= 1 << n;
            }
            high += 1;
        }
        n += 1;
    }
    all
}

/// `…`, which touches the word before it.
const ELLIPSIS: &[u8] = "…".as_bytes();

/// What a word is to a number.
#[inline]
pub(super) fn value(text: &[u8], range: &Range<usize>, hearing: Hearing, scratch: &mut Vec<u8>) -> Option<Word> {
    let mut raw = text.get(range.clone())?;
    if hearing == Hearing::Loose {
        raw = raw.strip_suffix(ELLIPSIS).unwrap_or(raw);
    }
    let [first, .., last] = *raw else {
        return match *raw.first()? {
            digit if digit.is_ascii_digit() => Some(Word::Digit(digit)),
            b'o' | b'O' if hearing == Hearing::Loose => Some(Word::Digit(b'0')),
            _ => None,
        };
    };
    if first.is_ascii_digit() {
        let all = hearing == Hearing::Loose && raw.iter().all(u8::is_ascii_digit);
        return all.then_some(Word::Digits);
    }
    let second = raw.get(1).copied().unwrap_or(last);
    // Most words of most texts end here.
    let likely = FIRST[usize::from(first)] & SECOND[usize::from(second)];
    let keyed = is_key(last);
    if likely == 0 || likely & LAST[usize::from(last)] == 0 && !keyed && !ends_invisibly(raw) {
        return None;
    }
    spread_words(raw, scratch);
    let known = match hearing {
        Hearing::Strict => WORDS.get(..STRICT).unwrap_or_default(),
        Hearing::Loose => WORDS,
    };
    let word = |said: &[u8]| known.iter().find(|(word, _)| word.as_bytes() == said).map(|(_, is)| *is);
    word(scratch.trim_ascii()).or_else(|| word(typed(raw, scratch)?))
}

/// Whether the words of a short text may be those of a number, told by how they begin.
pub fn may_speak(text: &[u8]) -> bool {
    /// Words and pauses of a number whose other digits are figures.
    const WORDS_MIN: usize = 3;
    const BLANKS_MIN: usize = 5;
    if text.len() < SPOKEN_BYTES_MIN {
        return false;
    }
    let (mut row, mut blanks) = (0, 0);
    memchr::memchr_iter(b' ', text).any(|at| {
        let pair = text.get(at + 1..at + 3).unwrap_or_default();
        let is_one = matches!(*pair, [first, second]
            if FIRST[usize::from(first)] & SECOND[usize::from(second)] != 0 || matches!((first, second), (b'o' | b'O', b' ')));
        row = if is_one { row + 1 } else { 0 };
        blanks += 1;
        row >= WORDS_MIN && blanks >= BLANKS_MIN
    })
}

/// Whether it is a key that puts a mark on a letter: Telex has letters for it, VNI digits.
pub(super) const fn is_key(byte: u8) -> bool {
    matches!(byte.to_ascii_lowercase(), b's' | b'f' | b'r' | b'x' | b'j' | b'w' | b'1'..=b'9')
}

/// A word that was typed without a program that puts the marks on, without its keys: `khoong` and `kho6ng` are `không`.
pub(super) fn typed<'s>(raw: &[u8], scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
    scratch.clear();
    for (n, byte) in raw.iter().map(u8::to_ascii_lowercase).enumerate() {
        let twice = matches!(byte, b'a' | b'e' | b'o') && scratch.last() == Some(&byte);
        if n == 0 || !is_key(byte) && !twice {
            scratch.push(byte);
        }
    }
    (raw.is_ascii() && scratch.len() < raw.len()).then_some(scratch.as_slice())
}

/// Whether the last character of a word may be one that hides its last letter.
const fn ends_invisibly(word: &[u8]) -> bool {
    matches!(word, [.., 0xc2, 0x80..=0xff] | [.., 0xe2 | 0xef, 0x80..=0xff, 0x80..=0xff])
}

/// Digits that a number of ours may have.
const fn is_long_enough(digits: usize) -> bool {
    matches!(digits, 9 | 10 | 12 | 13)
}

/// Most digits read, one more than the longest number has.
const DIGITS_MAX: usize = 14;
/// Most places at which a digit may be that of the tens before it or the first of the next group.
const DOUBTS_MAX: usize = 12;

/// The digits of a number in these words, which no mere link begins or ends. `bảy mươi sáu hai` is 762, or 70 and 62: what makes a
/// number of the right length is meant, with as few exceptions as may be.
pub(super) fn digits(text: &[u8], words: &[(Word, Range<usize>)]) -> Option<Vec<u8>> {
    let (plain, doubts) = read(text, words, &[])?;
    if is_long_enough(plain.len()) {
        return Some(plain);
    }
    let doubts = doubts.min(DOUBTS_MAX);
    let try_all = |exceptions: &[usize]| read(text, words, exceptions).map(|(digits, _)| digits);
    let one = (0..doubts).map(|at| vec![at]);
    let two = (0..doubts).flat_map(|at| (at + 1..doubts).map(move |other| vec![at, other]));
    one.chain(two).filter_map(|exceptions| try_all(&exceptions)).find(|digits| is_long_enough(digits.len()))
}

/// The same, with exceptions at some of the doubtful places, and how many places are.
fn read(text: &[u8], words: &[(Word, Range<usize>)], exceptions: &[usize]) -> Option<(Vec<u8>, usize)> {
    let raw = |at: usize| words.get(at).and_then(|(_, range)| text.get(range.clone())).unwrap_or_default();
    let word = |at: usize| words.get(at).map(|(word, _)| *word);
    let is_tens = |at: usize| matches!(word(at), Some(Word::Ten | Word::TenAlone)) && !is_ten(raw(at));
    let (mut digits, mut doubts, mut at) = (Vec::with_capacity(DIGITS_MAX), 0, 0);
    // The ones behind tens, if the digit there is theirs.
    let mut ones = |at: &mut usize, after_ten: bool| {
        let Some(Word::Digit(one @ b'1'..=b'9')) = word(*at) else { return b'0' };
        let ends_here = is_tens(*at + 1) || matches!(word(*at + 1), Some(Word::Hundred | Word::Times));
        let is_figure = raw(*at).first().is_some_and(u8::is_ascii_digit);
        if ends_here || is_figure {
            return b'0';
        }
        let is_theirs = begins_a_group(raw(*at), after_ten) == exceptions.contains(&doubts);
        doubts += 1;
        *at += usize::from(is_theirs);
        if is_theirs { one } else { b'0' }
    };
    while let Some(next) = word(at) {
        at += 1;
        match next {
            Word::Digit(times @ b'2'..=b'4') if word(at) == Some(Word::Times) => {
                let Some(Word::Digit(digit)) = word(at + 1) else { return None };
                digits.extend(std::iter::repeat_n(digit, usize::from(times - b'0')));
                at += 2;
            }
            Word::Digit(tens @ b'1'..=b'9') if is_tens(at) => {
                at += 1;
                digits.push(tens);
                digits.push(ones(&mut at, true));
            }
            Word::Digit(hundreds @ b'1'..=b'9') if word(at) == Some(Word::Hundred) => {
                at += 1;
                digits.push(hundreds);
                let goes_on = match word(at) {
                    Some(Word::Digit(b'0')) => is_odd(raw(at)),
                    Some(Word::TenAlone) => true,
                    Some(Word::Digit(_)) => {
                        is_tens(at + 1)
                            || matches!(word(at + 1), Some(Word::Digit(_)))
                                && !is_tens(at + 2)
                                && word(at + 2) != Some(Word::Hundred)
                    }
                    _ => false,
                };
                if !goes_on {
                    digits.extend_from_slice(b"00");
                }
            }
            Word::Digit(digit) => digits.push(digit),
            Word::Digits => digits.extend_from_slice(raw(at - 1)),
            Word::TenAlone => {
                digits.push(b'1');
                digits.push(ones(&mut at, false));
            }
            Word::Link => {}
            Word::Ten | Word::Hundred | Word::Times => return None,
        }
        if digits.len() > DIGITS_MAX {
            return None;
        }
    }
    Some((digits, doubts))
}

/// `mười`, which is ten and never tens, whatever stands before it.
fn is_ten(raw: &[u8]) -> bool {
    const GRAVE: [&[u8]; 3] = ["ờ".as_bytes(), "Ờ".as_bytes(), "\u{300}".as_bytes()];
    GRAVE.iter().any(|mark| memchr::memmem::find(raw, mark).is_some())
}

/// `linh`, `lẻ`: no tens behind hundreds.
fn is_odd(raw: &[u8]) -> bool {
    matches!(raw.first(), Some(b'l' | b'L'))
}

/// Whether a digit behind tens is said as it is where a group begins: it is `mốt`, `lăm` behind `mươi`, and `lăm` behind `mười`.
fn begins_a_group(raw: &[u8], after_ten: bool) -> bool {
    const ONE: [&[u8]; 2] = ["ộ".as_bytes(), "Ộ".as_bytes()];
    match raw.first().map(u8::to_ascii_lowercase) {
        Some(b'n') => !matches!(raw.get(1), Some(b'h' | b'H')),
        Some(b'm') => after_ten && ONE.iter().any(|mark| memchr::memmem::find(raw, mark).is_some()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spoken::WORD_BYTES_MAX;

    #[test]
    fn no_word_is_ruled_out_by_its_ends() {
        let vowels = "aàáảãạăằắẳẵặâầấẩẫậ eèéẻẽẹêềếểễệ iìíỉĩị oòóỏõọôồốổỗộơờớởỡợ uùúủũụưừứửữự yỳýỷỹỵ";
        let rows: Vec<Vec<char>> = vowels.split(' ').map(|row| row.chars().collect()).collect();
        for (n_word, (word, is)) in WORDS.iter().enumerate() {
            assert!(word.len() <= WORD_BYTES_MAX);
            for (n, letter) in word.char_indices() {
                let row = rows.iter().find(|row| row.first() == Some(&letter));
                let last = n + 1 == word.len();
                let row = row.filter(|_| !(last && matches!(letter, 'i' | 'y')));
                for other in row.into_iter().flatten().copied().chain([letter]) {
                    let mut written = (*word).to_owned();
                    written.replace_range(n..=n, &other.to_string());
                    for written in [written.to_uppercase(), written] {
                        let said = |hearing| value(written.as_bytes(), &(0..written.len()), hearing, &mut Vec::new());
                        assert_eq!(said(Hearing::Loose), Some(*is), "{written}");
                        assert!(n_word >= STRICT || said(Hearing::Strict) == Some(*is), "{written}");
                    }
                }
            }
        }
    }
}
