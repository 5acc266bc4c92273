//! Digits with something between them that nobody sees: tags and comments in text that is no HTML, `0010<b>90</b>123456`,
//! `001<!-- x -->090`; strings that a program puts together, `"0010" + "90123456"`; and backslashes, which Markdown wants
//! before signs, `0010\-9012\-3456`. No program is run: only strings of digits side by side are put together.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// A longer tag or comment is left alone.
const TAG_MAX: usize = 200;
/// Tags side by side.
const TAGS_MAX: usize = 8;

pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let name = match text.get(at)? {
        b'+' => "pieces",
        b'\\' => "backslash",
        _ => "tags",
    };
    let at = if name == "pieces" { quote_before(text, at)? } else { at };
    between(text, at).is_some().then_some((name, 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| match text.get(at) {
        Some(b'<' | b'/' | b'"' | b'\'' | b'`' | b'\\') => between(text, at).map(|len| (len, Vec::new())),
        _ => None,
    })
}

/// The length of the tags at `at`, when a digit stands on either side.
fn between(text: &[u8], at: usize) -> Option<usize> {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    if !at.checked_sub(1).is_some_and(digit) {
        return None;
    }
    if let Some(len) = backslash(text, at) {
        return Some(len);
    }
    let mut end = at;
    for _ in 0..TAGS_MAX {
        let rest = text.get(end..)?;
        let rest = rest.get(..rest.len().min(TAG_MAX))?;
        end += match rest {
            [b'<', b'!', b'-', b'-', ..] => memchr::memmem::find(rest, b"-->")? + 3,
            [b'<', first, ..] if first.is_ascii_alphabetic() || *first == b'/' => {
                let len = memchr::memchr(b'>', rest)? + 1;
                if rest.get(1..len)?.contains(&b'<') {
                    return None;
                }
                len
            }
            [b'/', b'*', ..] => memchr::memmem::find(rest.get(2..)?, b"*/")? + 4,
            [b'"' | b'\'' | b'`', ..] => plus(rest)?,
            _ => return None,
        };
        if digit(end) {
            return Some(end - at);
        }
    }
    None
}

/// The length of what puts two strings together, from the end of the first to the beginning of the second.
fn plus(rest: &[u8]) -> Option<usize> {
    let blanks = |from: usize| Some(from + rest.get(from..)?.iter().take_while(|b| b.is_ascii_whitespace()).count());
    let sign = blanks(1)?;
    let quote = blanks(sign + 1)?;
    let joins = rest.get(sign) == Some(&b'+') && rest.get(quote) == rest.first();
    joins.then_some(quote + 1)
}

/// Where the string ends that stands before a plus sign.
fn quote_before(text: &[u8], at: usize) -> Option<usize> {
    const BLANKS_MAX: usize = 40;
    let before = text.get(at.saturating_sub(BLANKS_MAX)..at)?;
    let blanks = before.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    at.checked_sub(blanks + 1)
}

/// A backslash between two digits, or between a digit and a sign that people write into numbers.
fn backslash(text: &[u8], at: usize) -> Option<usize> {
    if is_octal(text, at) {
        return None;
    }
    match text.get(at..)? {
        [b'\\', b'0'..=b'9', ..] => Some(1),
        [b'\\', b'-' | b'.' | b'_' | b'/', b'0'..=b'9' | b'\\', ..] => Some(1),
        // Within a string of a program.
        [b'\\', b'\\', b'-' | b'.' | b'_' | b'/', b'0'..=b'9' | b'\\', ..] => Some(2),
        _ => None,
    }
}

/// Whether the backslash begins a byte by its number, as programs write it: `\033`, `\040\040`. All the threes of digits
/// beside each other are such then, as far as one number reaches.
fn is_octal(text: &[u8], at: usize) -> bool {
    const DIGITS: usize = 3;
    const BYTES: usize = 1 + DIGITS;
    const THREES_MAX: usize = 4;
    let digit = |b: &u8| b.is_ascii_digit();
    let is_three = |at: &usize| match text.get(*at..) {
        Some([b'\\', rest @ ..]) => rest.get(..DIGITS).is_some_and(|three| three.iter().all(digit)),
        _ => false,
    };
    let is_byte = |at: usize| matches!(text.get(at..), Some([b'\\', b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..]));
    if !is_byte(at) {
        return false;
    }
    let before = (1..=THREES_MAX).map_while(|n| at.checked_sub(n * BYTES)).take_while(is_three);
    let behind = (1..=THREES_MAX).map(|n| at + n * BYTES).take_while(is_three);
    let mut others = before.chain(behind).peekable();
    let goes_on = others.peek().is_none() && text.get(at + BYTES).is_some_and(digit);
    !goes_on && others.all(is_byte)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_nobody_sees_parts_no_number() {
        for (text, found) in [
            ("số CCCD 0010<b>90</b>123456", 1),
            (r#"var cccd = "0010" + "90123456";"#, 1),
            ("const cccd = '001090' +\n    '123' + '456';", 1),
            ("cccd = `0010` + `90123456`", 1),
            (r"Số CCCD: 0010\-9012\-3456", 1),
            (r"Số CCCD: 001\.090\.123\.456.", 1),
            (r"số CCCD 0\0\1\0\9\0\1\2\3\4\5\6", 1),
            // Sums of numbers, strings with others between, and paths are no numbers.
            ("số CCCD 0010 + 90123456", 0),
            (r#"cccd = "0010" + so + "90123456""#, 0),
            (r"D:\2024\so_12\3456", 0),
            // Signs by their numbers, and groups of a number.
            (r"upEndJobCommand=(\033\050b\001\000\000\033@)", 0),
            (r"so CCCD \001\090\123\456", 1),
            (r"so CCCD 001\090\123\012", 1),
            (r"@EJL\0401284.4\012@EJL\040\040\040\040\012)", 0),
            (r"so CCCD \040\040\040\0401\012", 0),
        ] {
            for wrapped in [text.to_owned(), format!("{}{text}", "chữ thường. ".repeat(12_000))] {
                let bytes = wrapped.into_bytes();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text}");
            }
        }
    }
}
