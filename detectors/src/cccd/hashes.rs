//! Words of twelve hexadecimal digits, one a line, as containers and revisions are called. One in three hundred has no
//! letter among its digits, and looks like any number of twelve.

use std::ops::Range;

use crate::CONTEXT_BYTES;
use crate::context::MIXED_BYTES;
use crate::simd::among::among;

/// Lines that are longer are no list; two of them are context.
const LINE_BYTES_MAX: usize = 120;
const _: () = assert!(2 * (LINE_BYTES_MAX + 1) + HASH_BYTES <= CONTEXT_BYTES);
/// As long as the number of a citizen.
pub(super) const HASH_BYTES: usize = 12;
/// So far before and behind the number they stand, which are among what is known of words with letters and digits.
pub(super) const REACH_BYTES: usize = 2 * (LINE_BYTES_MAX + 1);
const _: () = assert!(MIXED_BYTES <= HASH_BYTES);

/// Whether the lines before and behind have such a word in the same place as `range` has on its own: as far from where the
/// line begins, or from where it ends. The first and the last line of a text have one such beside them.
pub(super) fn is_among(text: &[u8], range: &Range<usize>) -> bool {
    let (before, rest) = text.split_at_checked(range.end).unwrap_or_default();
    let start = last_line(before).map(|line| range.end - line.len());
    let end = first_line(rest).map(|line| range.end + line.len());
    if start.is_none() && before.len() > LINE_BYTES_MAX || end.is_none() && rest.len() > LINE_BYTES_MAX {
        return false;
    }
    let (from, to) = (start.unwrap_or(0), end.unwrap_or(text.len()));
    let has = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let own = text.get(from..to).unwrap_or_default();
        let own = own.strip_suffix(b"\r").unwrap_or(own);
        let from_end = (own.len() + from).checked_sub(range.start).and_then(|n| line.len().checked_sub(n));
        let places = [range.start.checked_sub(from), from_end];
        places.into_iter().flatten().any(|at| is_hash(line, at))
    };
    let above = start.and_then(|start| {
        let above = text.get(start.saturating_sub(LINE_BYTES_MAX)..start - 1)?;
        Some(last_line(above).unwrap_or(above))
    });
    if above.is_some_and(|above| !has(above)) {
        return false;
    }
    let below = end.filter(|end| end + 1 < text.len());
    let below = below.and_then(|end| text.get(end + 1..text.len().min(end + LINE_BYTES_MAX)));
    match below {
        Some(below) => has(first_line(below).unwrap_or(below)),
        None => above.is_some(),
    }
}

/// The line that a text ends with, if one ended before it and it is no longer than lines of a list.
fn last_line(text: &[u8]) -> Option<&[u8]> {
    // Most begin near.
    if let Some((_, block)) = text.split_last_chunk()
        && let Some(at) = among(block, LINE_ENDS).checked_ilog2()
    {
        return block.get(at as usize + 1..);
    }
    let near = text.get(text.len().saturating_sub(LINE_BYTES_MAX)..)?;
    near.get(memchr::memrchr(b'\n', near)? + 1..)
}

/// The line that a text begins with, likewise if it ends.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    if let Some((block, _)) = text.split_first_chunk()
        && let ends @ 1.. = among(block, LINE_ENDS)
    {
        return block.get(..ends.trailing_zeros() as usize);
    }
    let near = text.get(..LINE_BYTES_MAX).unwrap_or(text);
    near.get(..memchr::memchr(b'\n', near)?)
}

/// Four signs to look for, all the same.
const LINE_ENDS: [u8; 4] = [b'\n'; 4];

/// Whether a word of hexadecimal digits, some of them letters and some not, stands at `at`.
fn is_hash(line: &[u8], at: usize) -> bool {
    let apart = |b: Option<&u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let Some(word) = line.get(at..).and_then(<[u8]>::first_chunk::<HASH_BYTES>) else { return false };
    // Eight bytes from either end see all. Without a branch a byte: in a register most are neither these nor those.
    let [first, last] = [word.first_chunk(), word.last_chunk()];
    let [digits, letters] = first.map_or([0; 2], hexadecimal);
    if digits | letters != HIGH {
        return false;
    }
    let [more_digits, more_letters] = last.map_or([0; 2], hexadecimal);
    more_digits | more_letters == HIGH
        && digits | more_digits != 0
        && letters | more_letters != 0
        && apart(at.checked_sub(1).and_then(|before| line.get(before)))
        && apart(line.get(at + HASH_BYTES))
}

const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES << 7;

/// The high bit of each of eight bytes that is a digit, and of each that is a small hexadecimal letter.
fn hexadecimal(eight: &[u8; 8]) -> [u64; 2] {
    let bytes = u64::from_le_bytes(*eight);
    let ascii = bytes & !HIGH;
    // What is below the one and not below the other; no sum goes over into the next byte.
    let within = |from: u8, end: u8| {
        let least = |b: u8| ascii + ONES * u64::from(0x80 - b);
        least(from) & !least(end) & !bytes & HIGH
    };
    [within(b'0', b'9' + 1), within(b'a', b'f' + 1)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte for byte.
    fn is_among_slowly(text: &[u8], range: &Range<usize>) -> bool {
        let is_end = |b: &u8| *b == b'\n';
        let (before, rest) = text.split_at(range.end);
        let start = before.iter().rev().take(LINE_BYTES_MAX).position(is_end).map(|n| range.end - n);
        let end = rest.iter().take(LINE_BYTES_MAX).position(is_end).map(|n| range.end + n);
        if start.is_none() && before.len() > LINE_BYTES_MAX || end.is_none() && rest.len() > LINE_BYTES_MAX {
            return false;
        }
        let without_return = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let (from, own) = (start.unwrap_or(0), without_return(&text[start.unwrap_or(0)..end.unwrap_or(text.len())]));
        let has = |line: &[u8]| {
            let line = without_return(line);
            let from_end = (line.len() + range.start).checked_sub(from + own.len());
            [Some(range.start - from), from_end].into_iter().flatten().any(|at| is_hash(&line, at))
        };
        let above = start.map(|start| {
            let above = &text[start.saturating_sub(LINE_BYTES_MAX)..start - 1];
            above.rsplit(is_end).next().unwrap_or(above)
        });
        let below = end.filter(|end| end + 1 < text.len());
        let below = below.map(|end| text[end + 1..text.len().min(end + LINE_BYTES_MAX)].split(is_end).next().unwrap());
        (above.is_some() || below.is_some()) && above.into_iter().chain(below).all(has)
    }

    #[test]
    fn hexadecimal_digits_are_small() {
        for byte in 0..=255_u8 {
            let told = hexadecimal(&[b'0', byte, byte, b'g', b'f', 0xff, b'/', byte]);
            let expected = |is: &dyn Fn(u8) -> bool| {
                let bytes = [b'0', byte, byte, b'g', b'f', 0xff, b'/', byte];
                u64::from_le_bytes(bytes.map(|b| if is(b) { 0x80 } else { 0 }))
            };
            assert_eq!(told, [expected(&|b| b.is_ascii_digit()), expected(&|b| matches!(b, b'a'..=b'f'))], "{byte}");
        }
    }

    proptest! {
        #[test]
        fn lines_are_found_as_byte_for_byte(
            before in "([ a]{0,130}[0-9a-c]{12}[ a]{0,2}\r?\n){0,2}[ a]{0,2}",
            behind in "[ a]{0,2}\r?\n?([ a]{0,2}[0-9a-c]{12}[ a]{0,130}\n?){0,2}",
        ) {
            let text = [before.as_str(), "015150124911", &behind].concat();
            let range = before.len()..before.len() + HASH_BYTES;
            prop_assert_eq!(is_among(text.as_bytes(), &range), is_among_slowly(text.as_bytes(), &range), "{:?}", text);
        }
    }

    #[test]
    fn a_number_among_hashes_is_one() {
        let number = "015150124911";
        for (text, expected) in [
            ("8d99b3b6914b\n015150124911\n", true),
            ("VALUES (1); -- 015150124911\r\nVALUES (23); -- 3a9fc440d16e\r\n", true),
            ("015150124911   nginx   Up\n3a9fc440d16e   redis\n", true),
            ("015150124911\n3a9fc440d16e", true),
            ("8d99b3b6914b\n015150124911\n3a9fc440d16e\n", true),
            ("Danh sach\n015150124911\n3a9fc440d16e\n", false),
            ("8d99b3b6914b\n015150124911\n079090123457\n", false),
            ("8d99b3b6914b\n015150124911\n\n", false),
            ("a 015150124911\n3a9fc440d16e\n", true),
            ("a 015150124911 b\n3a9fc440d16e\n", false),
            ("015150124911\n079090123457\n", false),
            ("015150124911\nabcdefabcdef\n", false),
            ("015150124911\n3a9fc440d16e7\n", false),
            ("015150124911\n\n3a9fc440d16e\n", false),
            ("015150124911 3a9fc440d16e\n", false),
            ("015150124911", false),
        ] {
            let at = text.find(number).expect("it is there");
            assert_eq!(is_among(text.as_bytes(), &(at..at + number.len())), expected, "{text:?}");
        }
    }
}
