//! Letters spelled by their codes, `M_x00e3__x0020_s_x1ed1_`: so programs write the names of columns as tags and keys (Access,
//! SQL Server, SharePoint: ISO/IEC 9075-14, 9.1), and workbooks characters that XML has no place for (ECMA-376, part 1,
//! 22.9.2.19).

use crate::view::View;

/// What every spelled letter begins with.
const SIGN: &[u8] = b"_x";
/// Digits of a code: of UTF-16, or of a character beyond.
const DIGITS: [usize; 2] = [4, 8];

/// The first letter spelled in `text` from `from` on: where it stands, how long, and which it is.
fn next(text: &[u8], from: usize) -> Option<(usize, usize, char)> {
    let rest = text.get(from..)?;
    memchr::memchr_iter(b'_', rest).find_map(|at| {
        let (len, c) = letter(rest.get(at..)?)?;
        Some((from + at, len, c))
    })
}

/// The letter that is spelled at the beginning of `text`, and how long that is.
fn letter(text: &[u8]) -> Option<(usize, char)> {
    let (len, code) = unit(text)?;
    // Two halves of a character beyond the first 65,536.
    if (0xd800..0xdc00).contains(&code) {
        let (second, low) = unit(text.get(len..)?).filter(|(_, low)| (0xdc00..0xe000).contains(low))?;
        return Some((len + second, char::from_u32(0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00)))?));
    }
    Some((len, char::from_u32(code)?))
}

/// The code at the beginning of `text`, and how long it is with its signs.
fn unit(text: &[u8]) -> Option<(usize, u32)> {
    let rest = text.strip_prefix(SIGN)?;
    DIGITS.into_iter().find_map(|digits| {
        let (code, behind) = rest.split_at_checked(digits)?;
        let value = |code: u32, digit: &u8| Some(code << 4 | char::from(*digit).to_digit(16)?);
        let code = code.iter().try_fold(0, value)?;
        behind.starts_with(b"_").then_some((SIGN.len() + digits + 1, code))
    })
}

/// Whether letters are spelled in a text.
pub(crate) fn is(text: &[u8]) -> bool {
    next(text, 0).is_some()
}

/// The text with its spelled letters in their places, if there are any.
pub(crate) fn read(view: &View) -> Option<View> {
    let text = &view.text;
    let mut found = next(text, 0);
    found?;
    let mut out = View::default();
    (out.base, out.number) = (view.base, view.number);
    let mut plain = 0;
    while let Some((at, len, c)) = found {
        out.push_view(view, plain..at);
        plain = at + len;
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        match view.object_span(&(at..plain)) {
            Some(span) => out.push_escape(bytes, span.start, span.end - span.start),
            None => out.push_joint(bytes),
        }
        found = next(text, plain);
    }
    out.push_view(view, plain..text.len());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str) -> View {
        let mut view = View::default();
        view.push(text.as_bytes(), 100);
        view
    }

    #[test]
    fn letters_are_read_by_their_codes() {
        for (spelled, text) in [
            ("Ma_x0020_so_x0020_BHXH", "Ma so BHXH"),
            ("M_x00E3__x0020_s_x1ed1_", "Mã số"),
            ("_x0030_79", "079"),
            ("_xD83D__xDE00_ _x0001F600_", "😀 😀"),
            ("_x005F_x0030_", "_x0030_"),
            ("a_x0020_x0020_b", "a x0020_b"),
            ("_xD83D__x0030_", "_xD83D_0"),
        ] {
            let read = read(&view(spelled)).map(|view| String::from_utf8_lossy(&view.text).into_owned());
            assert_eq!(read.as_deref(), Some(text), "{spelled}");
        }
        for text in ["", "_x", "_x002_", "_x00g0_", "_xD83D_", "_x00110000_", "max_x_y", "_x0020"] {
            assert!(read(&view(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_letter_leads_back_to_its_code() {
        let read = read(&view("so _x0030_79")).expect("a digit");
        assert_eq!(read.text, b"so 079");
        assert_eq!(read.object_span(&(3..6)), Some(103..112));
    }
}
