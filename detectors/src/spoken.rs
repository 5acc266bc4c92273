//! Numbers written out in words, digit by digit: `không không một không chín không …`.
//!
//! Vietnamese with or without diacritics, and single digits among the words. Believed only with a word that names
//! the number directly before. Numbers read as amounts (`mười hai nghìn`) are not read.

use std::ops::Range;

use crate::fold::spread_words;
use crate::numbers::Number;
use crate::simd::Map;

/// Most bytes of a number in words: thirteen of the longest, `không`, in its decomposed form.
pub(crate) const SPOKEN_BYTES_MAX: usize = 112;

/// Fewest bytes: nine of the shortest words, `ba`, with their spaces.
pub(crate) const SPOKEN_BYTES_MIN: usize = 26;

/// A step no longer than the shortest number misses none.
pub(crate) const STEP: usize = 24;

/// Most bytes of a word: `không` in its decomposed form has eight.
const WORD_BYTES_MAX: usize = 10;

/// Tells `found` every number in words that begins in `range`, in order.
pub(crate) fn numbers(text: &[u8], range: Range<usize>, map: &Map, mut found: impl FnMut(Number)) {
    if text.len() < SPOKEN_BYTES_MIN {
        return;
    }
    let mut word = Vec::new();
    let mut at = range.start;
    // A number that begins in the range may first be met behind its end.
    while at < text.len().min(range.end.saturating_add(STEP)) {
        let Some(middle) = word_at(text, at, map).filter(|w| value(text, w, &mut word).is_some()) else {
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
        && let Some(number) = Number::disguised(start..end, &digits, "number-words")
    {
        found(number);
    }
    end
}

/// The digit a word says.
fn value(text: &[u8], range: &Range<usize>, scratch: &mut Vec<u8>) -> Option<u8> {
    let raw = text.get(range.clone())?;
    if let [digit @ b'0'..=b'9'] = raw {
        return Some(*digit);
    }
    // The first and last letters of the words below: leave at once for most others.
    let (first, last) = (raw.first()? | 0x20, raw.last()?);
    let ends: &[u8] = match first {
        b'k' => b"go",
        b'h' => b"gi",
        b'm' => b"t",
        b'b' => b"nay",
        b't' => b"mu",
        b'n' | b'l' => b"m",
        b's' => b"u",
        b'c' => b"n",
        _ => return None,
    };
    // `ba`, `tư` and whatever ends with an accent or something invisible end with another byte.
    if *last < 0x80 && !ends.contains(&(last | 0x20)) {
        return None;
    }
    spread_words(raw, scratch);
    Some(match scratch.as_slice() {
        b" khong " | b" hong " | b" ko " => b'0',
        b" mot " => b'1',
        b" hai " => b'2',
        b" ba " => b'3',
        b" bon " | b" tu " => b'4',
        b" nam " | b" lam " => b'5',
        b" sau " => b'6',
        b" bay " => b'7',
        b" tam " => b'8',
        b" chin " => b'9',
        _ => return None,
    })
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The word around `at`, or the one right behind it.
fn word_at(text: &[u8], at: usize, map: &Map) -> Option<Range<usize>> {
    // The place itself is bit 16.
    if let Some(letters) = map.letters_around(at) {
        let behind = letters >> 16;
        let start = if behind & 1 == 1 {
            16 - (!(letters << 48)).leading_zeros().min(16)
        } else {
            16 + behind.trailing_zeros().min(2)
        };
        let len = (!(letters >> start)).trailing_zeros() as usize;
        let start = at + start as usize - 16;
        return (1..=WORD_BYTES_MAX).contains(&len).then_some(start..start + len);
    }
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
        ] {
            assert_eq!(read(text), ["001090123456"], "{text}");
        }
        for shift in 0..40 {
            let text = format!("{} ba ba ba ba ba ba ba ba ba x", ".".repeat(shift));
            assert_eq!(read(&text), ["333333333"], "{shift}");
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
