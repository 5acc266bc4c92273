//! Escapes of programs and style sheets: `\30 \30 \31`, `\060\060\061`, `\u{30}`, `\U00000030`, `%u0030`.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

/// One alone is a path or a typing error.
pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    escape(text, at).is_some().then_some(("escape", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| match text.get(at) {
        Some(b'\\' | b'%') => escape(text, at).map(|(taken, c)| {
            let mut utf8 = [0; 4];
            (taken, c.encode_utf8(&mut utf8).as_bytes().to_vec())
        }),
        _ => None,
    })
}

/// The escape at `at`: its length and the character.
fn escape(text: &[u8], at: usize) -> Option<(usize, char)> {
    let digits = |from: usize, radix: u32, most: usize| {
        let digit = |b: &u8| char::from(*b).to_digit(radix);
        let len = text.get(from..)?.iter().take(most).take_while(|b| digit(b).is_some()).count();
        let code = text.get(from..from + len)?.iter().fold(0, |n, b| n * radix + digit(b).unwrap_or(0));
        char::from_u32(code).filter(|c| !c.is_control()).map(|c| (len, c))
    };
    match (text.get(at)?, text.get(at + 1)?) {
        (b'%', b'u') => digits(at + 2, 16, 4).filter(|(len, _)| *len == 4).map(|(len, c)| (2 + len, c)),
        (b'\\', b'U') => digits(at + 2, 16, 8).filter(|(len, _)| *len == 8).map(|(len, c)| (2 + len, c)),
        (b'\\', b'u') if text.get(at + 2) == Some(&b'{') => {
            let (len, c) = digits(at + 3, 16, 6)?;
            (len > 0 && text.get(at + 3 + len) == Some(&b'}')).then_some((4 + len, c))
        }
        // Three octal digits in C and its heirs.
        (b'\\', b'0' | b'1') if digits(at + 1, 8, 3).is_some_and(|(len, c)| len == 3 && c.is_ascii_graphic()) => {
            digits(at + 1, 8, 3).map(|(_, c)| (4, c))
        }
        // Two to six hexadecimal digits and a blank that ends them (CSS Syntax Level 3, §4.3.7).
        (b'\\', b) if b.is_ascii_hexdigit() => {
            let (len, c) = digits(at + 1, 16, 6)?;
            let blank = usize::from(text.get(at + 1 + len).is_some_and(u8::is_ascii_whitespace));
            (len >= 2).then_some((1 + len + blank, c))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_read() {
        for (text, expected) in [
            (r"\30 \30\31", Some((4, '0'))),
            (r"\000030\31", Some((7, '0'))),
            (r"\060\061", Some((4, '0'))),
            (r"\101", Some((4, 'A'))),
            (r"\u{1ed1}", Some((8, 'ố'))),
            (r"\U00000030", Some((10, '0'))),
            ("%u0030", Some((6, '0'))),
            (r"\n", None),
            (r"\docs", None),
            ("%30", None),
        ] {
            assert_eq!(escape(text.as_bytes(), 0), expected, "{text}");
        }
    }
}
