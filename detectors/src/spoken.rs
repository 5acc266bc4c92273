//! Numbers written out in words, digit by digit: `không không một không chín không …`.
//!
//! Vietnamese with or without diacritics, and single digits among the words. Believed only with a word that names
//! the number directly before. Numbers read as amounts (`mười hai nghìn`) are not read.

use std::ops::Range;

use crate::CONTEXT_BYTES;
use crate::fold::spread_words;
use crate::numbers::Number;
use crate::simd::{Letters, Map};

/// What such a number is told as.
pub(crate) const DISGUISE: &str = "number-words";

/// Most bytes of a number in words: thirteen of the longest, `không`, in its decomposed form.
pub(crate) const SPOKEN_BYTES_MAX: usize = 112;

/// Fewest bytes: three of the shortest words, `ba`, and six plain digits, with their spaces.
pub(crate) const SPOKEN_BYTES_MIN: usize = 20;

/// A step no longer than the shortest number misses none.
pub(crate) const STEP: usize = SPOKEN_BYTES_MIN;

/// Most bytes of a word: `không` in its decomposed form has eight.
const WORD_BYTES_MAX: usize = 10;

/// The words without their marks.
const WORDS: &[(&str, u8)] = &[
    ("khong", b'0'),
    ("hong", b'0'),
    ("ko", b'0'),
    ("linh", b'0'),
    ("le", b'0'),
    ("mot", b'1'),
    ("hai", b'2'),
    ("ba", b'3'),
    ("bon", b'4'),
    ("tu", b'4'),
    ("nam", b'5'),
    ("lam", b'5'),
    ("sau", b'6'),
    ("bay", b'7'),
    ("tam", b'8'),
    ("chin", b'9'),
];

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

/// Tells `found` every number in words that begins in `range`, in order.
pub(crate) fn numbers(text: &[u8], range: Range<usize>, map: &Map, mut found: impl FnMut(Number)) {
    if text.len() < SPOKEN_BYTES_MIN {
        return;
    }
    let (letters, mut word) = (map.letters_around(), Vec::new());
    let mut at = range.start;
    // A number that begins in the range may first be met behind its end.
    while at < text.len().min(range.end.saturating_add(STEP)) {
        let Some(middle) = word_at(text, at, &letters).filter(|w| value(text, w, &mut word).is_some()) else {
            at += STEP;
            continue;
        };
        let (mut first, mut digits) = (middle.clone(), 0);
        while digits <= SPOKEN_BYTES_MAX
            && let Some(before) = word_before(text, first.start).filter(|w| value(text, w, &mut word).is_some())
        {
            first = before;
            digits += 1;
        }
        at = whole(text, first, &mut word, &mut found).max(at + STEP);
    }
}

/// Reads on from the first word; where the run of words ends.
fn whole(text: &[u8], first: Range<usize>, word: &mut Vec<u8>, found: &mut impl FnMut(Number)) -> usize {
    let (start, mut end, mut next) = (first.start, first.end, Some(first));
    let (mut digits, mut spoken) = (Vec::with_capacity(16), 0);
    while let Some(range) = next {
        let Some(digit) = value(text, &range, word) else { break };
        spoken += usize::from(range.len() > 1);
        digits.push(digit);
        end = range.end;
        next = word_after(text, end);
    }
    if matches!(digits.len(), 9 | 10 | 12 | 13)
        && spoken >= 3
        && end - start <= SPOKEN_BYTES_MAX
        && let Some(number) = Number::disguised(start..end, &digits, DISGUISE)
    {
        found(number);
    }
    end
}

/// The digit a word says.
#[inline]
fn value(text: &[u8], range: &Range<usize>, scratch: &mut Vec<u8>) -> Option<u8> {
    let raw = text.get(range.clone())?;
    let [first, .., last] = *raw else {
        return raw.first().copied().filter(u8::is_ascii_digit);
    };
    let second = raw.get(1).copied().unwrap_or(last);
    // Most words of most texts end here.
    let likely = FIRST[usize::from(first)] & SECOND[usize::from(second)];
    let keyed = is_key(last);
    if likely == 0 || likely & LAST[usize::from(last)] == 0 && !keyed && !ends_invisibly(raw) {
        return None;
    }
    spread_words(raw, scratch);
    let digit = |said: &[u8]| WORDS.iter().find(|(word, _)| word.as_bytes() == said).map(|(_, digit)| *digit);
    digit(scratch.trim_ascii()).or_else(|| digit(typed(raw, scratch)?))
}

/// Whether it is a key that puts a mark on a letter: Telex has letters for it, VNI digits.
const fn is_key(byte: u8) -> bool {
    matches!(byte.to_ascii_lowercase(), b's' | b'f' | b'r' | b'x' | b'j' | b'w' | b'1'..=b'9')
}

/// A word that was typed without a program that puts the marks on, without its keys: `khoong` and `kho6ng` are `không`.
fn typed<'s>(raw: &[u8], scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
    scratch.clear();
    for (n, byte) in raw.iter().map(u8::to_ascii_lowercase).enumerate() {
        let twice = matches!(byte, b'a' | b'e' | b'o') && scratch.last() == Some(&byte);
        if n == 0 || !is_key(byte) && !twice {
            scratch.push(byte);
        }
    }
    (raw.is_ascii() && scratch.len() < raw.len()).then_some(scratch.as_slice())
}

/// The words around a number in words without the keys they were typed with, and where the number stands there; `None` where it
/// has no such keys itself.
pub(crate) fn without_keys(text: &[u8], number: &Range<usize>) -> Option<(Vec<u8>, Range<usize>)> {
    let words = |part: Range<usize>| {
        text.get(part).unwrap_or_default().chunk_by(|a, b| is_letter(*a) == is_letter(*b) && is_letter(*a))
    };
    let mut scratch = Vec::new();
    if !words(number.clone()).any(|word| typed(word, &mut scratch).is_some()) {
        return None;
    }
    let mut plain = Vec::new();
    for word in words(number.start.saturating_sub(CONTEXT_BYTES)..number.start) {
        push_without_keys(word, &mut plain);
    }
    let start = plain.len();
    plain.extend_from_slice(text.get(number.start..text.len().min(number.end + CONTEXT_BYTES))?);
    Some((plain, start..start + number.len()))
}

/// Appends a word of ASCII without its keys, which stand behind its first vowel, and with one of the letters that are
/// typed twice.
fn push_without_keys(word: &[u8], out: &mut Vec<u8>) {
    if !word.is_ascii() || word.first().is_some_and(u8::is_ascii_digit) {
        return out.extend_from_slice(word);
    }
    let (start, mut voiced) = (out.len(), false);
    for byte in word {
        let small = byte.to_ascii_lowercase();
        let twice = out.get(start..).and_then(<[u8]>::last).is_some_and(|last| last.eq_ignore_ascii_case(byte));
        if voiced && is_key(small) || twice && matches!(small, b'a' | b'e' | b'o' | b'd') {
            continue;
        }
        voiced |= matches!(small, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        out.push(*byte);
    }
}

/// Whether the last character of a word may be one that hides its last letter.
const fn ends_invisibly(word: &[u8]) -> bool {
    matches!(word, [.., 0xc2, 0x80..=0xff] | [.., 0xe2 | 0xef, 0x80..=0xff, 0x80..=0xff])
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The word around `at`, or the one right behind it.
#[inline]
fn word_at(text: &[u8], at: usize, letters: &Letters<'_>) -> Option<Range<usize>> {
    // The place itself is bit 16.
    const HERE: u32 = 16;
    let Some(letters) = letters.at(at) else { return word_near_an_end(text, at) };
    // From its first letter if one stands here, else at most two signs on.
    let before = (!(letters << (64 - HERE))).leading_zeros();
    let behind = (letters >> HERE).trailing_zeros();
    let start = if behind == 0 { HERE - before.min(HERE) } else { HERE + behind.min(2) };
    let len = (!(letters >> start)).trailing_zeros() as usize;
    let start = at + start as usize - HERE as usize;
    (1..=WORD_BYTES_MAX).contains(&len).then_some(start..start + len)
}

/// The same at the beginning and end of what is mapped.
#[cold]
fn word_near_an_end(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = if is_letter(*text.get(at)?) {
        let before = text.get(..at)?.iter().rev().take(WORD_BYTES_MAX).take_while(|b| is_letter(**b)).count();
        at - before
    } else {
        at + text.get(at..)?.iter().take(2).take_while(|b| !is_letter(**b)).count()
    };
    word_from(text, start)
}

fn word_from(text: &[u8], start: usize) -> Option<Range<usize>> {
    let len = text.get(start..)?.iter().take(WORD_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    (1..=WORD_BYTES_MAX).contains(&len).then_some(start..start + len)
}

/// One or two signs part the words of a number.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b',' | b'.')
}

fn word_after(text: &[u8], end: usize) -> Option<Range<usize>> {
    let signs = text.get(end..)?.iter().take(3).take_while(|b| is_sign(**b)).count();
    if matches!(signs, 1 | 2) { word_from(text, end + signs) } else { None }
}

fn word_before(text: &[u8], start: usize) -> Option<Range<usize>> {
    let before = text.get(..start)?;
    let signs = before.iter().rev().take(3).take_while(|b| is_sign(**b)).count();
    let end = start - signs;
    let len = before.get(..end)?.iter().rev().take(WORD_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    (matches!(signs, 1 | 2) && (1..=WORD_BYTES_MAX).contains(&len)).then(|| end - len..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let map = Map::new(text.as_bytes(), 0..text.len());
        numbers(text.as_bytes(), 0..text.len(), &map, |n| {
            all.push(String::from_utf8(n.digits().to_vec()).expect("digits"))
        });
        all
    }

    #[test]
    fn numbers_in_words_are_read() {
        for text in [
            "không không một không chín không một hai ba bốn năm sáu",
            "cccd khong khong mot khong chin khong mot hai ba bon nam sau nhe",
            "Không, không, một, không, chín, không, một, hai, ba, tư, lăm, sáu.",
            "không 0 một 0 chín 0 một hai ba 4 năm 6",
            "khoong khoong mootj khoong chins khoong moojt hai ba boons nawm saus",
            "khoong khoong moojt khoong chisn khoong mootj hai ba tuw lawm sasu",
            "kho6ng kho6ng mo65t kho6ng chi1n kho6ng mo6t5 hai ba bo61n na8m sa1u",
            "linh không mốt lẻ chín linh một hai ba tư lăm sáu",
            "le khong mot linh chin le mot hai ba tu lam sau",
            "KHÔNG KHÔNG MỘT KHÔNG CHÍN KHÔNG MỘT HAI BA BỐN NĂM SÁU",
            "kho\u{302}ng kho\u{302}ng mo\u{323}\u{302}t không chín không một hai\u{200b} ba\u{200b} bốn\u{ad} năm s\u{200b}áu",
        ] {
            assert_eq!(read(text), ["001090123456"], "{text}");
        }
        for shift in 0..40 {
            let text = format!("{} ba ba ba ba ba ba ba ba ba x", ".".repeat(shift));
            assert_eq!(read(&text), ["333333333"], "{shift}");
            let text = format!("{} 1 2 3 ba ba ba 4 5 6 x", ".".repeat(shift));
            assert_eq!(read(&text), ["123333456"], "{shift}");
        }
    }

    #[test]
    fn no_word_is_ruled_out_by_its_ends() {
        let vowels = "aàáảãạăằắẳẵặâầấẩẫậ eèéẻẽẹêềếểễệ iìíỉĩị oòóỏõọôồốổỗộơờớởỡợ uùúủũụưừứửữự yỳýỷỹỵ";
        let rows: Vec<Vec<char>> = vowels.split(' ').map(|row| row.chars().collect()).collect();
        for (word, digit) in WORDS {
            for (n, letter) in word.char_indices() {
                let row = rows.iter().find(|row| row.first() == Some(&letter));
                let last = n + 1 == word.len();
                let row = row.filter(|_| !(last && matches!(letter, 'i' | 'y')));
                for other in row.into_iter().flatten().copied().chain([letter]) {
                    let mut written = (*word).to_owned();
                    written.replace_range(n..=n, &other.to_string());
                    for written in [written.to_uppercase(), written] {
                        let said = value(written.as_bytes(), &(0..written.len()), &mut Vec::new());
                        assert_eq!(said, Some(*digit), "{written}");
                    }
                }
            }
        }
    }

    #[test]
    fn words_are_read_without_the_keys_they_were_typed_with() {
        let plain = |text: &str| {
            let start = text.find('#').expect("a mark");
            let text = text.replace('#', "");
            let (plain, range) = without_keys(text.as_bytes(), &(start..text.len()))?;
            assert_eq!(&plain[range.clone()], &text.as_bytes()[start..]);
            Some(String::from_utf8_lossy(&plain[..range.start]).into_owned())
        };
        for (typed, expected) in [
            ("soos cawn cuwowcs coong daan cuar em laf #khoong", Some("so can cuoc cong dan cua em la ")),
            ("so61 ca8n cu7o71c: #kho6ng", Some("so can cuoc: ")),
            ("maax soos BHXH, ddangw trong TEESP 12s: #khoong", Some("ma so BHXH, dang trong TEP 12s: ")),
            ("số căn cuwowcs: #khoong mootj", Some("số căn cuoc: ")),
            ("soos cawn cuwowcs: #khong mot", None),
        ] {
            assert_eq!(plain(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn speech_is_no_number() {
        for text in [
            "ba má không có năm nào hai mươi mốt",
            "một hai ba bốn năm sáu bảy tám",
            "0 0 1 0 9 0 1 2 3 4 5 6",
            &"một hai ba ".repeat(50),
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }
}
