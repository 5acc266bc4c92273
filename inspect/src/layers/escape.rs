//! Escapes of single characters: `%30`, `=30`, `&#48;`, `\u0030`, `\x30`, `\'30`.

use std::ops::Range;

use chot_detectors::{BLOCK, among};

use super::rewrite::Sign;
use crate::view::View;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Percent,
    QuotedPrintable,
    Entity,
    Backslash,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::QuotedPrintable => "quoted-printable",
            Self::Entity => "html-entity",
            Self::Backslash => "escape",
        }
    }
}

/// What one escape means and how long it is.
struct Escape {
    kind: Kind,
    bytes: [u8; 4],
    len: usize,
    taken: usize,
}

fn hex(text: &[u8], at: usize) -> Option<u8> {
    char::from(*text.get(at)?).to_digit(16).map(|d| d as u8)
}

fn byte(text: &[u8], at: usize) -> Option<u8> {
    Some(hex(text, at)? << 4 | hex(text, at + 1)?)
}

fn one(kind: Kind, byte: u8, taken: usize) -> Escape {
    Escape { kind, bytes: [byte, 0, 0, 0], len: 1, taken }
}

fn letter(kind: Kind, c: char, taken: usize) -> Escape {
    let mut bytes = [0; 4];
    let len = c.encode_utf8(&mut bytes).len();
    Escape { kind, bytes, len, taken }
}

/// The escape that begins `text`.
fn parse(text: &[u8]) -> Option<Escape> {
    match text.first()? {
        b'%' => Some(one(Kind::Percent, byte(text, 1)?, 3)),
        b'=' => match text.get(1)? {
            b'\n' => Some(Escape { kind: Kind::QuotedPrintable, bytes: [0; 4], len: 0, taken: 2 }),
            b'\r' if text.get(2) == Some(&b'\n') => {
                Some(Escape { kind: Kind::QuotedPrintable, bytes: [0; 4], len: 0, taken: 3 })
            }
            _ => Some(one(Kind::QuotedPrintable, byte(text, 1)?, 3)),
        },
        b'&' => entity(text).map(|(c, taken)| letter(Kind::Entity, c, taken)),
        b'\\' => match text.get(1)? {
            b'x' => Some(one(Kind::Backslash, byte(text, 2)?, 4)),
            b'\'' => Some(one(Kind::Backslash, byte(text, 2)?, 4)),
            b'u' => unicode(text),
            b'n' => Some(one(Kind::Backslash, b'\n', 2)),
            b't' => Some(one(Kind::Backslash, b'\t', 2)),
            b'"' => Some(one(Kind::Backslash, b'"', 2)),
            b'\\' => Some(one(Kind::Backslash, b'\\', 2)),
            b'/' => Some(one(Kind::Backslash, b'/', 2)),
            _ => None,
        },
        _ => None,
    }
}

/// `\u0110`, `\ud83d\ude00`, and `\u7889?` of RTF.
fn unicode(text: &[u8]) -> Option<Escape> {
    let digits = text.get(2..).unwrap_or_default().iter().take(5).take_while(|b| b.is_ascii_digit()).count();
    if digits >= 2 && text.get(2 + digits) == Some(&b'?') {
        let code = text.get(2..2 + digits)?.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        return Some(letter(Kind::Backslash, char::from_u32(code)?, 3 + digits));
    }
    let unit = |at| Some(u32::from(byte(text, at)?) << 8 | u32::from(byte(text, at + 2)?));
    let first = unit(2)?;
    if (0xd800..0xdc00).contains(&first) {
        if text.get(6..8) != Some(b"\\u") {
            return None;
        }
        let second = unit(8).filter(|u| (0xdc00..0xe000).contains(u))?;
        return Some(letter(
            Kind::Backslash,
            char::from_u32(0x10000 + (((first - 0xd800) << 10) | (second - 0xdc00)))?,
            12,
        ));
    }
    Some(letter(Kind::Backslash, char::from_u32(first)?, 6))
}

/// Named references met in text about people: the letters of Latin-1, blanks and marks (HTML, named references).
const NAMED: &[(&[u8], char)] = &[
    (b"amp", '&'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"quot", '"'),
    (b"apos", '\''),
    (b"nbsp", '\u{a0}'),
    (b"shy", '\u{ad}'),
    (b"ensp", '\u{2002}'),
    (b"emsp", '\u{2003}'),
    (b"thinsp", '\u{2009}'),
    (b"zwnj", '\u{200c}'),
    (b"zwj", '\u{200d}'),
    (b"ndash", '–'),
    (b"mdash", '—'),
    (b"middot", '·'),
    (b"bull", '•'),
    (b"hellip", '…'),
    (b"Tab", '\t'),
    (b"NewLine", '\n'),
    (b"colon", ':'),
    (b"period", '.'),
    (b"comma", ','),
    (b"num", '#'),
    (b"sol", '/'),
    (b"lowbar", '_'),
    (b"agrave", 'à'),
    (b"aacute", 'á'),
    (b"acirc", 'â'),
    (b"atilde", 'ã'),
    (b"egrave", 'è'),
    (b"eacute", 'é'),
    (b"ecirc", 'ê'),
    (b"igrave", 'ì'),
    (b"iacute", 'í'),
    (b"ograve", 'ò'),
    (b"oacute", 'ó'),
    (b"ocirc", 'ô'),
    (b"otilde", 'õ'),
    (b"ugrave", 'ù'),
    (b"uacute", 'ú'),
    (b"yacute", 'ý'),
    (b"Agrave", 'À'),
    (b"Aacute", 'Á'),
    (b"Acirc", 'Â'),
    (b"Atilde", 'Ã'),
    (b"Egrave", 'È'),
    (b"Eacute", 'É'),
    (b"Ecirc", 'Ê'),
    (b"Igrave", 'Ì'),
    (b"Iacute", 'Í'),
    (b"Ograve", 'Ò'),
    (b"Oacute", 'Ó'),
    (b"Ocirc", 'Ô'),
    (b"Otilde", 'Õ'),
    (b"Ugrave", 'Ù'),
    (b"Uacute", 'Ú'),
    (b"Yacute", 'Ý'),
    (b"abreve", 'ă'),
    (b"Abreve", 'Ă'),
    (b"dstrok", 'đ'),
    (b"Dstrok", 'Đ'),
    (b"itilde", 'ĩ'),
    (b"utilde", 'ũ'),
];

/// The character reference that begins `text` (`&`) and its length. The semicolon may be missing after digits.
pub(crate) fn entity(text: &[u8]) -> Option<(char, usize)> {
    // Long enough for leading zeros in earnest and in jest, short enough to stay linear.
    const DIGITS_MAX: usize = 12;
    if text.get(1) == Some(&b'#') {
        let (radix, from) = if matches!(text.get(2), Some(b'x' | b'X')) { (16, 3) } else { (10, 2) };
        let mut code = 0u32;
        let mut at = from;
        while let Some(digit) =
            text.get(at).and_then(|b| char::from(*b).to_digit(radix)).filter(|_| at < from + DIGITS_MAX)
        {
            code = code.saturating_mul(radix).saturating_add(digit);
            at += 1;
        }
        let end = at + usize::from(text.get(at) == Some(&b';'));
        return (at > from).then(|| char::from_u32(code).map(|c| (c, end)))?;
    }
    let name = text.get(1..)?.iter().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
    // Most signs begin no reference.
    if text.get(1 + name) != Some(&b';') {
        return None;
    }
    let (_, c) = NAMED.iter().find(|(n, _)| text.get(1..1 + name) == Some(*n))?;
    Some((*c, name + 2))
}

/// Whether an equals sign is certainly no sign of anything, with little reading: it gives a name a value of digits and
/// small letters, or no two hexadecimal digits stand behind it.
pub(super) fn is_plain_value(text: &[u8], at: usize) -> bool {
    let Some([first, second, behind]) = text.get(at + 1..).and_then(<[u8]>::first_chunk) else { return false };
    if !(first.is_ascii_hexdigit() && second.is_ascii_hexdigit()) {
        return first.is_ascii_alphanumeric();
    }
    let named = at.checked_sub(1).and_then(|b| text.get(b)).is_some_and(u8::is_ascii_alphabetic);
    let small = !first.is_ascii_uppercase() && !second.is_ascii_uppercase();
    named && small && !matches!(behind, b'=' | b'\r' | b'\n')
}

/// Whether the equals sign gives a name its number, as in the lines of a log: `bytes=820888878928`. The letters of an
/// escape before it are no name: `=EF=BC=967`.
fn is_value(text: &[u8], at: usize) -> bool {
    let capital = |b: &u8| b.is_ascii_digit() || matches!(b, b'A'..=b'F');
    let before = at.checked_sub(3).and_then(|from| text.get(from..at));
    if matches!(before, Some([b'=', hex @ ..]) if hex.iter().all(capital)) {
        return false;
    }
    let named = at.checked_sub(1).and_then(|b| text.get(b)).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    named && text.get(at + 1..at + 4).is_some_and(|number| number.iter().all(u8::is_ascii_digit))
}

/// The kind of the first escape that begins in `core`. Equals signs are common in text: three escapes, or the mark
/// of a broken line, make quoted-printable.
pub(crate) fn first(text: &[u8], core: Range<usize>) -> Option<Kind> {
    let bytes = text.get(core.clone()).unwrap_or_default();
    // The other signs first: they are rarer, and each decides alone.
    let escape = |at: usize| text.get(core.start + at..).and_then(parse).filter(|_| !is_weak(text, core.start + at));
    let single = memchr::memchr3_iter(b'%', b'&', b'\\', bytes).find_map(|at| Some((at, escape(at)?.kind)));
    let upto = single.map_or(bytes.len(), |(at, _)| at);
    let mut printable = 0;
    for at in memchr::memchr_iter(b'=', bytes.get(..upto).unwrap_or_default()) {
        if let Some(Escape { kind: _, bytes, len, taken }) = escape(at) {
            if len > 0 && is_assignment(text, core.start + at, bytes[0], taken) {
                continue;
            }
            printable += if len == 0 { 3 } else { 1 };
            if printable >= 3 {
                return Some(Kind::QuotedPrintable);
            }
        }
    }
    single.map(|(_, kind)| kind)
}

/// Whether an equals sign that could begin an escape rather parts a name from its value, as in `req=3fa9c0` and
/// `seq=4071`. Log lines are full of them, and each would have the whole text read twice. An escape of that look
/// stands alone behind a letter, and nothing that is written so needs one.
fn is_assignment(text: &[u8], at: usize, byte: u8, taken: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let named = before.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    // RFC 2045, 6.7: the digits are capitals, and what needs an escape is the equals sign itself, other bytes than
    // ASCII, and blanks at the end of a line. Of bytes without a letter in their digits only pairs are believed.
    let digits = text.get(at + 1..at + taken).unwrap_or_default();
    let capital = digits.iter().any(u8::is_ascii_uppercase) && !digits.iter().any(u8::is_ascii_lowercase);
    let behind = text.get(at + taken);
    let blank = matches!(byte, b' ' | b'\t') && matches!(behind, Some(b'\r' | b'\n'));
    let needed = capital && (byte == b'=' || byte >= 0x80) || blank;
    named && !needed && behind != Some(&b'=')
}

/// Percent signs, references and backslashes: each alone is believed.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    let escape = parse(text.get(at..)?)?;
    (escape.kind != Kind::QuotedPrintable && !is_weak(text, at)).then(|| (escape.kind.name(), 1))
}

/// Whether a backslash is undone only where there are other escapes. Two are one there; by themselves they begin names of shares.
/// One before a slash is how many programs write addresses in JSON, and cuts base64.
fn is_weak(text: &[u8], at: usize) -> bool {
    /// Digits and capitals stand among so many signs of base64; those of addresses are words.
    const SIGNS: usize = 8;
    match text.get(at..at + 2) {
        Some(b"\\\\") => true,
        Some(b"\\/") => {
            let before = text.get(at.saturating_sub(SIGNS)..at).unwrap_or_default();
            let has = |is: fn(&u8) -> bool| before.iter().any(is);
            !(before.len() == SIGNS
                && before.iter().all(u8::is_ascii_alphanumeric)
                && has(u8::is_ascii_uppercase)
                && (has(u8::is_ascii_digit) || has(u8::is_ascii_lowercase) || before.iter().all(|b| *b == b'A')))
        }
        _ => false,
    }
}

/// So much makes quoted-printable.
pub(super) const PRINTABLE_MIN: u32 = 3;

/// Equals signs: three of them, or the mark of a broken line.
pub(super) fn printable_sign(text: &[u8], at: usize) -> Option<Sign> {
    let Escape { kind, bytes, len, taken } = parse(text.get(at..)?)?;
    let name = Kind::QuotedPrintable.name();
    if len > 0 {
        return (!is_assignment(text, at, bytes[0], taken)).then_some((name, 1));
    }
    // Base64 is filled up with two; in quoted-printable the first of them would be an escape.
    let filling = at.checked_sub(1).and_then(|b| text.get(b)) == Some(&b'=');
    (kind == Kind::QuotedPrintable && !filling).then_some((name, PRINTABLE_MIN))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    expand(view, core, false, out)
}

pub(super) fn printable_undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    expand(view, core, true, out)
}

/// Appends `core` of `view` to `out` with every escape that begins there replaced; returns where it stopped.
///
/// An equals sign is an escape only in quoted-printable: in a query `=00` is the beginning of a value.
pub(crate) fn expand(view: &View, core: Range<usize>, printable: bool, out: &mut View) -> usize {
    let text = &view.text;
    let signs = [b'%', b'&', b'\\', if printable { b'=' } else { b'%' }];
    let (mut at, mut plain) = (core.start, core.start);
    while at < core.end {
        at = next_of(text, at..core.end, signs);
        let rest = text.get(at..).filter(|_| at < core.end).unwrap_or_default();
        let escape = match rest.first() {
            Some(b'%' | b'&' | b'\\') => parse(rest),
            Some(b'=') if printable && !is_value(text, at) => parse(rest),
            Some(_) => None,
            None => break,
        };
        let Some(Escape { kind: _, bytes, len, taken }) = escape else {
            at += 1;
            continue;
        };
        out.push_view(view, plain..at);
        if let Some(bytes) = bytes.get(..len).filter(|b| !b.is_empty()) {
            match view.object_span(&(at..at + taken)) {
                Some(span) => out.push_escape(bytes, span.start, span.end - span.start),
                None => out.push_joint(bytes),
            }
        }
        at += taken;
        plain = at;
    }
    if plain < at {
        out.push_view(view, plain..at);
    }
    at
}

/// Where the next of `signs` stands in `core`, or its end.
fn next_of(text: &[u8], core: Range<usize>, signs: [u8; 4]) -> usize {
    let mut at = core.start;
    while let Some(block) = text.get(at..core.end).and_then(<[u8]>::first_chunk) {
        let found = among(block, signs);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += BLOCK;
    }
    let rest = text.get(at..core.end).unwrap_or_default();
    rest.iter().position(|b| signs.contains(b)).map_or(core.end, |by| at + by)
}

/// Whether an escape that is always undone stands at `at`, or a soft line break.
pub(super) fn cuts(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b'%' | b'&' | b'\\') => sign(text, at).is_some(),
        Some(b'=') => printable_sign(text, at).is_some_and(|(_, favour)| favour >= PRINTABLE_MIN),
        _ => false,
    }
}

/// The whole view with its escapes replaced, when there are any.
pub(crate) fn unescaped(view: &View) -> Option<View> {
    let all = 0..view.text.len();
    let kind = first(&view.text, all.clone())?;
    let mut out = View::default();
    expand(view, all, kind == Kind::QuotedPrintable, &mut out);
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::program;
    use super::*;

    proptest! {
        #[test]
        fn the_next_sign_is_that_of_a_plain_search(text in "[a-z]{0,70}[%&=\\\\a-z]{0,9}[a-z]{0,150}", by in (0usize..80, 0usize..80)) {
            let text = text.as_bytes();
            let core = by.0.min(text.len())..text.len().saturating_sub(by.1).max(by.0.min(text.len()));
            let signs = *b"%&\\=";
            let plain = text[core.clone()].iter().position(|b| signs.contains(b)).map(|at| core.start + at);
            prop_assert_eq!(next_of(text, core.clone(), signs), plain.unwrap_or(core.end));
        }

        #[test]
        fn a_plain_value_is_no_sign(text in "[a-zA-Z_ =\"0-9]{0,3}=[0-9a-zA-F= \r\n\t\\[{(\"'é]{0,6}") {
            let text = text.as_bytes();
            for at in memchr::memchr_iter(b'=', text).filter(|at| is_plain_value(text, *at)) {
                prop_assert!(printable_sign(text, at).is_none() && program::sign(text, at).is_none());
            }
        }
    }

    #[test]
    fn every_kind_of_escape_is_read() {
        for (escaped, plain) in [
            ("s%E1%BB%91", "số"),
            ("s=E1=BB=91=\r\n!", "số!"),
            ("c=E3n =301=302 a=3Db", "c\u{fffd}n 0102 a=b"),
            ("=EF=\n=BC=967 =F0=9D=9F=947 bytes=820888878928", "６7 𝟔7 bytes=820888878928"),
            ("s&#7889; &#x1ED1; &agrave;&amp;", "số ố à&"),
            (r"s\u1ed1 \ud83d\ude00 \x30", "số 😀 0"),
            (r"s\u7889? \'30", "số 0"),
            (r"a\\nb \x30", r"a\nb 0"),
        ] {
            let mut view = View::default();
            view.push(escaped.as_bytes(), 0);
            let out = unescaped(&view).expect("escapes");
            assert_eq!(String::from_utf8_lossy(&out.text), plain);
        }
    }

    #[test]
    fn text_without_escapes_is_left_alone() {
        let mut view = View::default();
        view.push("a=b & c 100% \\ d req=3fa9 seq=4071 id=e1b2 x_=41".as_bytes(), 0);
        assert!(unescaped(&view).is_none());
    }

    #[test]
    fn an_escaped_digit_leads_back_to_all_its_bytes() {
        let mut view = View::default();
        view.push(b"x=%30%301", 100);
        let out = unescaped(&view).expect("escapes");
        assert_eq!(out.object_span(&(2..5)), Some(102..109));
    }
}
