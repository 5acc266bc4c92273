//! What a part may be besides what it says: looks that cost nothing where there is nothing to see.
//!
//! A mail program that is kinder than the standard shows quoted-printable nobody announced, uuencode without its
//! first line, BinHex, and the digits of the character set a part declares. What is found here cannot be redacted in
//! place.

use encoding_rs::Encoding;

use super::binhex;
use super::coding::printable_body;
use crate::inquiry::{Inquiry, Place};
use crate::redact::Origin;
use crate::text::Text;

/// Looks at a body as it stands. `said` is its transfer encoding, `charset` its character set.
pub(super) fn look(body: &[u8], said: &str, charset: &str, place: &Place, inquiry: &mut Inquiry) {
    let again = Place { again: true, origin: Origin::Lost, charset: None, ..place.clone() };
    if is_printable(body) {
        let (decoded, ..) = printable_body(body);
        let place = Place { disguise: Some("quoted-printable"), ..again.clone() };
        text(&decoded, place, inquiry);
    }
    if said.contains("uu") && memchr::memmem::find(body, b"begin").is_none() {
        text(&[b"begin 644 part\n", body].concat(), again.clone(), inquiry);
    }
    if let Some(from) = binhex::begin(body) {
        binhex::read(body, from, &again, inquiry);
    }
    letters(body, charset, place, inquiry);
}

/// Looks at decoded text in the character set it declares, where its digits need not be ASCII.
pub(super) fn letters(body: &[u8], charset: &str, place: &Place, inquiry: &mut Inquiry) {
    let Some(set) = Encoding::for_label(charset.as_bytes()) else { return };
    // Of the sets that take several bytes a letter; UTF-16 has a room of its own.
    let is_wide = !set.is_single_byte() && set != encoding_rs::UTF_8 && set.output_encoding() == set;
    if !is_wide || !body.iter().any(|b| !b.is_ascii() || *b == 0x1b) {
        return;
    }
    let (decoded, _) = set.decode_without_bom_handling(body);
    let place = Place { again: true, origin: Origin::Lost, charset: None, ..place.clone() };
    text(decoded.as_bytes(), place, inquiry);
}

fn text(bytes: &[u8], place: Place, inquiry: &mut Inquiry) {
    let mut text = Text::new(place);
    text.push(bytes, 0, inquiry);
    text.finish(inquiry);
}

/// Whether text is written in quoted-printable: a line that goes on behind `=`, or a digit escaped among digits.
fn is_printable(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| {
        let behind = body.get(at + 1..).unwrap_or_default();
        let blanks = behind.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        match behind.get(blanks) {
            Some(b'\r' | b'\n') => at > 0 && body.get(at - 1).is_some_and(|b| !matches!(b, b'=' | b'\n')),
            Some(b'3') if blanks == 0 => {
                behind.get(1).is_some_and(u8::is_ascii_digit)
                    && at.checked_sub(1).and_then(|before| body.get(before)).is_some_and(u8::is_ascii_digit)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_among_digits_and_lines_that_go_on_are_told_from_other_signs() {
        for (body, expected) in [
            ("so 0010=\r\n90", true),
            ("so 0010= \t\n90", true),
            ("so 0010=\r90", true),
            ("so 0010=39", true),
            ("<td width=30>", false),
            ("a = 30", false),
            ("====\r\n", false),
            ("=\r\n", false),
            ("MDAxMg==\r\n", false),
            ("x=1\r\ny=2\r\n", false),
        ] {
            assert_eq!(is_printable(body.as_bytes()), expected, "{body:?}");
        }
    }
}
