//! Numbers whose digits are written as their bytes: in pairs of hexadecimal digits set apart, `31 37 31 …`, and in base64,
//! `MTcxMjk5NzIyMA==`.
//!
//! Believed only with a word directly before. Citizens' numbers in base64 are as long as what is decoded wherever it
//! stands, and are found there.

use std::ops::Range;

use super::Number;

/// Digits of the longest number in pairs.
const PAIRS_MAX: usize = 12;
/// Characters between two pairs.
const SIGN_MAX: usize = 2;

/// The number that begins with `number`, whose digits are pairs: nothing comes of the pairs themselves where all that stand
/// there are bytes of digits, and as many as a number has.
pub(crate) fn in_pairs(text: &[u8], number: &Number) -> Option<Number> {
    // Hardly a number is in groups of two, and begins so.
    if number.first_group != 2 || !matches!(number.digits(), [b'3', _, b'3', _, b'3', _, b'3', ..]) {
        return None;
    }
    pairs(text, number.range.start)
}

/// The number that the pairs from `start` on stand for, all parted by the same sign.
pub(crate) fn pairs(text: &[u8], start: usize) -> Option<Number> {
    let pair = |at: usize| match text.get(at..)? {
        [b'3', digit @ b'0'..=b'9', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => Some(*digit),
        _ => None,
    };
    let behind = text.get(start + 2..)?;
    let sign = behind.get(..behind.iter().take(SIGN_MAX).take_while(|b| !b.is_ascii_alphanumeric()).count())?;
    if sign.contains(&b'\n') {
        return None;
    }
    let (mut digits, mut len, mut at) = ([0; PAIRS_MAX], 0, start);
    loop {
        *digits.get_mut(len)? = pair(at)?;
        len += 1;
        let next = at + 2 + sign.len();
        if !text.get(at + 2..)?.starts_with(sign) || pair(next).is_none() {
            break;
        }
        at = next;
    }
    let is_whole = matches!(len, 9 | 10 | 12);
    if is_whole { Number::disguised(start..at + 2, digits.get(..len)?, "hex") } else { None }
}

/// Whether a number in base64 may begin with these two letters: the digits that bytes of digits begin with.
#[inline]
pub(crate) const fn may_begin([first, second]: [u8; 2]) -> bool {
    matches!(first, b'M' | b'N' | b'O') & matches!(second, b'D' | b'T' | b'j' | b'z')
}

/// The number of nine or ten digits that the word at `at` stands for in base64.
pub(crate) fn in_base64(text: &[u8], at: usize) -> Option<Number> {
    let word = text.get(at..)?;
    if !may_begin(*word.first_chunk()?) {
        return None;
    }
    let in_run = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    let len = word.iter().take(LEN_MAX + 1).take_while(|b| in_run(b)).count();
    if !matches!(len, 12 | LEN_MAX) || at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(in_run) {
        return None;
    }
    let (mut digits, mut bits, mut held, mut n) = ([0; DIGITS_MAX], 0u32, 0, 0);
    for b in word.get(..len)? {
        (bits, held) = (bits << 6 | u32::from(six(*b)?), held + 6);
        if held >= 8 {
            held -= 8;
            let digit = (bits >> held) as u8;
            *digits.get_mut(n).filter(|_| digit.is_ascii_digit())? = digit;
            n += 1;
        }
    }
    // Bits that are left over are none.
    if bits & ((1 << held) - 1) != 0 {
        return None;
    }
    Number::disguised(whole(word, at, len), digits.get(..n)?, "base64")
}

/// A word of so many characters with what fills it up.
fn whole(word: &[u8], at: usize, len: usize) -> Range<usize> {
    let filling = word.get(len..).unwrap_or_default().iter().take(4 - (len - 1) % 4 - 1);
    at..at + len + filling.take_while(|b| **b == b'=').count()
}

/// Characters and digits of the longest number that is not decoded elsewhere.
const LEN_MAX: usize = 14;
const DIGITS_MAX: usize = 10;

/// The six bits of a letter or digit; bytes of digits have no others.
const fn six(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_the_bytes_of_digits_or_nothing() {
        for (text, expected) in [
            ("31 37 31 32 39 39 37 32 32 30", Some("1712997220")),
            ("31:37:31:32:39:39:37:32:32:30.", Some("1712997220")),
            ("31, 37, 31, 32, 39, 39, 37, 32, 32", Some("171299722")),
            ("30 30 36 31 36 31 32 31 35 37 33 36 0a", Some("006161215736")),
            // A number in groups of two, and lists of numbers.
            ("31 37 31 32 39", None),
            ("31 37 31 32 39 39 37 32 32 30 31", None),
            ("31 37 31 32 39 39 37 32 45", None),
            ("31 37-31 32-39 39 37 32 32", None),
            ("31 37 31 32 39 39 37 32 325", None),
        ] {
            let number = pairs(text.as_bytes(), 0);
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn words_of_base64_are_numbers_of_digits_or_nothing() {
        for (text, expected, len) in [
            ("MTcxMjk5NzIyMA==", Some("1712997220"), 16),
            ("MTcxMjk5NzIyMA", Some("1712997220"), 14),
            ("MDUzMDM2NDI2 nhé", Some("053036426"), 12),
            // Fewer and more digits, other bytes, and words that go on.
            ("MTcxMjk5NzI=", None, 0),
            ("MDA2MTYxMjE1NzM2", None, 0),
            ("MTcxMjk5NzIyMB==", None, 0),
            ("MTcxMjk5NzIy/a", None, 0),
            ("MTcxMjk5NzIyMAa", None, 0),
            ("NTrungQuanVan", None, 0),
            ("MDUzMDM2NDIg", None, 0),
        ] {
            let number = in_base64(text.as_bytes(), 0);
            assert_eq!(number.as_ref().map(Number::digits), expected.map(str::as_bytes), "{text}");
            assert_eq!(number.map_or(0, |number| number.range.end), len, "{text}");
        }
        assert!(in_base64(b"xMTcxMjk5NzIyMA==", 1).is_none());
    }

    #[test]
    fn every_number_may_begin_so() {
        for n in 0..100u8 {
            let bits = u32::from(b'0' + n / 10) << 8 | u32::from(b'0' + n % 10);
            let sign = |six: u32| (b'0'..=b'z').find(|b| super::six(*b).map(u32::from) == Some(six));
            assert!(may_begin([sign(bits >> 10).expect("a letter"), sign(bits >> 4 & 63).expect("a letter")]), "{n}");
        }
    }
}
