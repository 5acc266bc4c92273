//! Text that a program puts together when it runs: numbers of characters (`String.fromCharCode(48, 55)`,
//! `Chr(48) & Chr(55)`, `bytes([48, 55])`), lists that are joined (`["0", "7"].join("")`), and strings turned round
//! (`"70".split("").reverse()`). No program is run.
//!
//! A list that nothing joins is told with blanks between its digits: only the words before it make a number of that.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// What gives the characters of numbers, in the languages of web pages, macros, sheets, databases and scripts.
const CODES: [&[u8]; 14] = [
    b"fromcharcode",
    b"fromcodepoint",
    b"chr",
    b"chrw",
    b"chrb",
    b"char",
    b"nchar",
    b"unichar",
    b"bytes",
    b"bytearray",
    b"uint8array",
    b"uint16array",
    b"from",
    b"of",
];
/// What puts strings together.
const JOINS: [&[u8]; 5] = [b"join", b"implode", b"concat", b"concatenate", b"textjoin"];
/// What turns a string round.
const TURNS: [&[u8]; 4] = [b"reverse", b"reversed", b"strrev", b"strreverse"];

/// A longer list is read so far; one that goes on behind its window is read whole (`lists.rs`).
const LIST_MAX: usize = 1 << 16;
/// A longer name is none of these.
const NAME_MAX: usize = 16;
/// Signs of the shortest identifier.
const SIGNS_MIN: usize = 9;
/// Digits of the longest, a card's behind its letters.
const DIGITS_MAX: usize = 15;
/// What puts strings together in PHP and Perl, SQL, Lua, Basic and templates.
const JOINTS: [&[u8]; 5] = [b"||", b"..", b".", b"&", b"~"];
/// What is turned round is a number and the words before it, no document.
const TURNED_MAX: usize = 256;

/// A bracket behind one of the names, or a list or string that is given a name.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let sure = match text.get(at)? {
        b'(' => is_among(name_before(text, at), &[&CODES[..], &JOINS, &TURNS]),
        _ => {
            // `'cccd' => '0010' . '9012'`
            let sign = at + 1 + usize::from(text.get(at + 1) == Some(&b'>'));
            let value = sign + blanks(text, sign);
            match text.get(value)? {
                b'[' | b'{' | b'(' => item(text, value + 1).is_some(),
                b'"' | b'\'' => turned(text, value).is_some() || pieces(text, value).is_some(),
                _ => false,
            }
        }
    };
    sure.then_some(("program", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| match text.get(at) {
        Some(b'(') => called(text, at).or_else(|| listed(text, at)),
        Some(b'[' | b'{') => listed(text, at),
        Some(b'"' | b'\'') => turned(text, at).or_else(|| pieces(text, at)),
        _ => None,
    })
}

fn blanks(text: &[u8], at: usize) -> usize {
    const BLANKS_MAX: usize = 64;
    text.get(at..).unwrap_or_default().iter().take(BLANKS_MAX).take_while(|b| b.is_ascii_whitespace()).count()
}

/// The name that stands before a bracket, as it is written.
fn name_before(text: &[u8], at: usize) -> &[u8] {
    let before = text.get(at.saturating_sub(NAME_MAX)..at).unwrap_or_default();
    let len = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    before.get(before.len() - len..).unwrap_or_default()
}

fn is_among(name: &[u8], names: &[&[&[u8]]]) -> bool {
    !name.is_empty() && names.iter().copied().flatten().any(|known| name.eq_ignore_ascii_case(known))
}

/// An item of a list: where it ends, and what it is.
enum Item<'t> {
    Number(u32),
    Text(&'t [u8]),
}

/// The item at `at`, a number or a short string.
fn item(text: &[u8], at: usize) -> Option<(usize, Item<'_>)> {
    const TEXT_MAX: usize = 8;
    let at = at + blanks(text, at);
    let rest = text.get(at..)?;
    match rest {
        [quote @ (b'"' | b'\'' | b'`'), rest @ ..] => {
            let len = rest.iter().take(TEXT_MAX + 1).position(|b| b == quote)?;
            Some((at + len + 2, Item::Text(rest.get(..len)?)))
        }
        [b'0', b'x' | b'X', rest @ ..] => {
            let len = rest.iter().take(7).take_while(|b| b.is_ascii_hexdigit()).count();
            let number = rest.get(..len)?.iter().try_fold(0, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))?;
            (1..=6).contains(&len).then_some((at + 2 + len, Item::Number(number)))
        }
        _ => {
            let len = rest.iter().take(TEXT_MAX).take_while(|b| b.is_ascii_digit()).count();
            let number = rest.get(..len)?.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
            (1..TEXT_MAX).contains(&len).then_some((at + len, Item::Number(number)))
        }
    }
}

/// The items of a list from its bracket on.
#[derive(Default)]
struct List {
    /// Behind its last bracket.
    end: usize,
    numbers: Vec<u32>,
    /// All items behind each other, as they stand.
    joined: Vec<u8>,
    texts: usize,
}

impl List {
    fn read(text: &[u8], at: usize) -> Option<Self> {
        let mut list = Self::default();
        let (mut end, most) = (at + 1, at + LIST_MAX);
        loop {
            let start = end + blanks(text, end);
            if matches!(text.get(start), Some(b']' | b'}' | b')')) {
                end = start + 1;
                break;
            }
            let (behind, item) = item(text, start)?;
            match item {
                Item::Number(number) => {
                    list.numbers.push(number);
                    list.joined.extend_from_slice(text.get(start..behind)?);
                }
                Item::Text(item) => {
                    list.texts += 1;
                    list.joined.extend_from_slice(item);
                }
            }
            end = behind + blanks(text, behind);
            match text.get(end) {
                Some(b',' | b';') => end += 1,
                Some(b']' | b'}' | b')') => {}
                // Behind what can be seen it may go on.
                None => break,
                Some(_) => return None,
            }
            if end > most {
                break;
            }
        }
        list.end = end;
        Some(list)
    }

    /// What the numbers of characters say: as bytes if they can be, else each for itself.
    fn characters(&self) -> Option<Vec<u8>> {
        let are = self.texts == 0 && self.numbers.len() >= SIGNS_MIN && self.numbers.iter().all(is_character);
        are.then(|| characters(&self.numbers))
    }
}

/// Whether a number is that of a character that is written.
pub(crate) const fn is_character(n: &u32) -> bool {
    matches!(n, 9 | 10 | 13 | 0x20..=0x10_ffff)
}

/// The characters of these numbers, which are bytes if they can be.
pub(crate) fn characters(numbers: &[u32]) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = numbers.iter().map(|n| u8::try_from(*n).ok()).collect();
    if let Some(bytes) = bytes.filter(|bytes| str::from_utf8(bytes).is_ok()) {
        return bytes;
    }
    let letter = |n: &u32| char::from_u32(*n).unwrap_or(char::REPLACEMENT_CHARACTER);
    numbers.iter().map(letter).collect::<String>().into_bytes()
}

/// Digits with blanks between, which only words make a number of; letters as they are.
pub(crate) fn spread(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * text.len());
    for b in text {
        if b.is_ascii_digit() && out.last().is_some_and(u8::is_ascii_digit) {
            out.push(b' ');
        }
        out.push(*b);
    }
    out
}

/// What stands apart from what is around it.
fn apart(text: &[u8]) -> Vec<u8> {
    [b" ", text, b" "].concat()
}

/// A bracket behind a name: one call or several put together, `Chr(48) & Chr(55)`.
fn called(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let name = name_before(text, at);
    if is_among(name, &[&TURNS]) {
        let (end, string) = string(text, at + 1)?;
        return Some((end - at, apart(&string.iter().rev().copied().collect::<Vec<_>>())));
    }
    if is_among(name, &[&JOINS]) {
        return joined(text, at);
    }
    if !is_among(name, &[&CODES]) {
        return None;
    }
    let (mut end, mut next, mut numbers) = (at, Some(at), Vec::new());
    while let Some(bracket) = next.filter(|next| *next < at + LIST_MAX) {
        let open = bracket + 1 + blanks(text, bracket + 1);
        let within = matches!(text.get(open), Some(b'[' | b'{'));
        let list = List::read(text, if within { open } else { bracket });
        // What is none ends the chain; nothing of it is read twice.
        let Some(list) = list.filter(|list| list.texts == 0 && list.numbers.iter().all(is_character)) else { break };
        numbers.extend_from_slice(&list.numbers);
        end = list.end;
        if within {
            end += blanks(text, end);
            end += usize::from(text.get(end) == Some(&b')'));
        }
        next = next_call(text, end);
    }
    (numbers.len() >= SIGNS_MIN).then(|| (end - at, apart(&characters(&numbers))))
}

/// The bracket of the next call, behind a sign that puts strings together.
fn next_call(text: &[u8], at: usize) -> Option<usize> {
    let sign = at + blanks(text, at);
    let signs = text.get(sign..)?.iter().take(2).take_while(|b| b"+&.|,".contains(b)).count();
    let name = sign + signs + blanks(text, sign + signs);
    let path = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$');
    let len = text.get(name..)?.iter().take(3 * NAME_MAX).take_while(path).count();
    let open = name + len;
    (signs > 0 && text.get(open) == Some(&b'(') && is_among(name_before(text, open), &[&CODES])).then_some(open)
}

/// The strings within the brackets of what joins them, the sign between them first or not at all.
fn joined(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let open = at + 1 + blanks(text, at + 1);
    let list = match text.get(open)? {
        b'[' | b'{' => List::read(text, open)?,
        _ => match item(text, open)? {
            // `implode("", ["0", "7"])`
            (end, Item::Text(b"")) if text.get(end..).is_some_and(is_list_behind) => {
                let bracket = end + memchr::memchr2(b'[', b'(', text.get(end..)?)?;
                List::read(text, bracket)?
            }
            _ => List::read(text, at)?,
        },
    };
    (list.joined.len() >= SIGNS_MIN).then(|| (list.end - at, apart(&list.joined)))
}

/// Whether a list begins behind a comma, perhaps of a name: `, array(`, `, [`.
fn is_list_behind(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b",") else { return false };
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"array").unwrap_or(rest);
    matches!(rest.first(), Some(b'[' | b'('))
}

/// A list: joined, of numbers of characters, or of parts that nothing joins.
fn listed(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let list = List::read(text, at)?;
    let taken = list.end - at;
    if is_joined(text, at, list.end) {
        return (list.joined.len() >= SIGNS_MIN).then(|| (taken, apart(&list.joined)));
    }
    if let Some(characters) = list.characters() {
        return Some((taken, apart(&spread(&characters))));
    }
    let digits = list.joined.len() >= SIGNS_MIN && list.joined.iter().all(u8::is_ascii_digit);
    // What is longer than any number is data.
    (digits && list.joined.len() <= DIGITS_MAX).then(|| (taken, apart(&spread(&list.joined))))
}

/// Whether a list from `at` to `end` is joined with nothing between its items: by what stands behind it, or before.
fn is_joined(text: &[u8], at: usize, end: usize) -> bool {
    let dot = end + blanks(text, end);
    let behind = text.get(dot..).unwrap_or_default();
    let behind = behind.get(..behind.len().min(NAME_MAX)).unwrap_or_default().to_ascii_lowercase();
    let joins = [&b".join(\"\")"[..], b".join('')", b".join(``)", b"-join''", b"-join ''", b"-join \"\""];
    joins.iter().any(|join| behind.starts_with(join))
        || text.get(at.wrapping_sub(1)) == Some(&b'(') && is_among(name_before(text, at - 1), &[&JOINS])
}

/// The string at `at`: where it ends, and what is in it.
fn string(text: &[u8], at: usize) -> Option<(usize, &[u8])> {
    let at = at + blanks(text, at);
    let quote = text.get(at).filter(|b| matches!(b, b'"' | b'\'' | b'`'))?;
    let rest = text.get(at + 1..)?;
    let len = rest.iter().take(TURNED_MAX).position(|b| b == quote)?;
    let content = rest.get(..len)?;
    (len >= SIGNS_MIN && !content.contains(&b'\n')).then_some((at + len + 2, content))
}

/// Strings of digits that a program puts together with signs other than a plus, which is read in other text, too (`tags.rs`):
/// `'0010' . '9012'`, `"0010" & "9012"`, `'0010' || '9012'`.
fn pieces(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let (mut joined, mut next, mut sign) = (Vec::new(), at, None);
    let end = loop {
        let Some((end, Item::Text(digits))) = item(text, next) else { return None };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) || joined.len() + digits.len() > DIGITS_MAX {
            return None;
        }
        joined.extend_from_slice(digits);
        let from = end + blanks(text, end);
        let here = JOINTS.into_iter().find(|sign| text.get(from..).is_some_and(|rest| rest.starts_with(sign)));
        let Some(here) = here.filter(|here| sign.is_none_or(|sign| sign == *here)) else { break end };
        sign = Some(here);
        next = from + here.len();
    };
    (sign.is_some() && joined.len() >= SIGNS_MIN).then(|| (end - at, apart(&joined)))
}

/// A string that is turned round by what stands behind it.
fn turned(text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let (end, content) = string(text, at)?;
    let behind = text.get(end..)?;
    let behind = behind.get(..behind.len().min(48)).unwrap_or_default();
    let turns = behind.starts_with(b"[::-1]")
        || behind.starts_with(b".reverse")
        || (behind.starts_with(b".split(") || behind.starts_with(b".chars()") || behind.starts_with(b".toCharArray("))
            && (memchr::memmem::find(behind, b".reverse(").is_some()
                || memchr::memmem::find(behind, b".rev()").is_some());
    // Letters of several bytes stay whole.
    let letters = || String::from_utf8_lossy(content).chars().rev().collect::<String>();
    turns.then(|| (end - at, apart(letters().as_bytes())))
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    fn citizens(text: &str) -> u64 {
        let bytes = text.as_bytes().to_vec();
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection.distinct(DetectorId::Cccd)
    }

    #[test]
    fn what_a_program_puts_together_is_read() {
        for text in [
            "var cccd = String.fromCharCode(48,48,49,48,57,48,49,50,51,52,53,54);",
            "document.write(String.fromCharCode(67, 67, 67, 68, 32, 48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54))",
            "=CHAR(48)&CHAR(48)&CHAR(49)&CHAR(48)&CHAR(57)&CHAR(48)&CHAR(49)&CHAR(50)&CHAR(51)&CHAR(52)&CHAR(53)&CHAR(54)",
            "s = Chr(48) & Chr(48) & Chr(49) & Chr(48) & Chr(57) & Chr(48) & Chr(49) & Chr(50) & Chr(51) & Chr(52) & Chr(53) & Chr(54)",
            "SELECT CHAR(0x30,0x30,0x31,0x30,0x39,0x30,0x31,0x32,0x33,0x34,0x35,0x36)",
            "x = bytes([67, 67, 67, 68, 32, 48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54]).decode()",
            "new Uint8Array([48,48,49,48,57,48,49,50,51,52,53,54])",
            "const cccd = [48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54];",
            "byte[] cccd = {48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54};",
            "a = [\"0\",\"0\",\"1\",\"0\",\"9\",\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"].join(\"\")",
            "a = ['001', '090', '123', '456'].join('')",
            "a = [0,0,1,0,9,0,1,2,3,4,5,6].join('')",
            "a = \"\".join([\"001\", \"090\", \"123456\"])",
            "a = implode('', ['001', '090', '123456']);",
            "a = implode('', array('001', '090', '123456'));",
            "=CONCATENATE(\"001\";\"090\";\"123456\")",
            "a = ''.concat('001', '090', '123456')",
            "cccd = [\"0\", \"0\", \"1\", \"0\", \"9\", \"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]",
            "<?php $cccd = '0010' . '9012' . '3456'; ?>",
            "$a = ['cccd' => \"0010\".\"90123456\"];",
            "SET so_cccd = '001090' || '123456'",
            "cccd = \"0010\" & \"9012\" & \"3456\"",
            "a = \"654321090100\".split(\"\").reverse().join(\"\")",
            "a = '654321090100'[::-1]",
            "a = StrReverse(\"654321090100\")",
        ] {
            for wrapped in [text.to_owned(), format!("{}{text}\n", "// chữ thường. \n".repeat(9_000))] {
                assert_eq!(citizens(&wrapped), 1, "{text}");
            }
        }
    }

    #[test]
    fn lists_of_numbers_are_data() {
        for text in [
            // Ages, degrees and marks, which are numbers of characters by chance.
            "var tuoi = [48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54];",
            "nhiet_do = (48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54)",
            "diem = [0, 0, 1, 0, 9, 0, 1, 2, 3, 4, 5, 6]",
            "a = [0, 0, 1, 0, 9, 0, 1, 2, 3, 4, 5, 6].join(' ')",
            "ma_don_hang = String.fromCharCode(48,48,49,48,57,48,49,50,51,52,53,54)",
            "a = \"654321090100\".split(\",\")",
            "$a = '0010' . $b . '90123456';",
            "$a = '0010' . '9012' & '3456';",
            "f(48, 48, 49, 48, 57, 48, 49, 50, 51, 52, 53, 54)",
        ] {
            assert_eq!(citizens(text), 0, "{text}");
        }
    }

    #[test]
    fn lists_of_lists_cost_no_more_than_they_are_long() {
        for piece in ["String.fromCharCode(1,", "= [1,", "chr(48)+", "concat('0',", "((((", "= {\"0\","] {
            assert_eq!(citizens(&piece.repeat(40_000)), 0, "{piece}");
        }
    }
}
