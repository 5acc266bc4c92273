//! Cells and rows of a worksheet as spreadsheet programs write nearly all of them, read in one go.
//!
//! What is written otherwise is nothing here: it comes as tags, one by one.

use std::ops::Range;

use crate::formats::numeral::digits;

/// A cell as spreadsheet programs write those of numbers and shared strings.
pub(super) struct Plain {
    pub(super) column: Option<usize>,
    pub(super) style: Option<usize>,
    pub(super) shared: bool,
    pub(super) value: Range<usize>,
    pub(super) len: usize,
}

impl Plain {
    /// Read in one go, a byte once: a workbook of 100,000 rows has a million of these.
    pub(super) fn of(rest: &[u8]) -> Option<Self> {
        const END: &[u8; 8] = b"</v></c>";
        rest.strip_prefix(b"<c ")?;
        let mut plain = Self { column: None, style: None, shared: false, value: 0..0, len: 0 };
        let mut at = 3;
        loop {
            let [name, b'=', b'"', first] = *rest.get(at..)?.first_chunk()? else { return None };
            let from = at + 3;
            at = from;
            match name {
                b'r' => {
                    // `XFD1048576` is the last there is.
                    let (mut letters, mut letter) = (0, first);
                    while letter.is_ascii_uppercase() && at - from < 4 {
                        letters = letters * 26 + usize::from(letter - b'A') + 1;
                        at += 1;
                        letter = *rest.get(at)?;
                    }
                    at += digits(rest.get(at..)?);
                    plain.column = (1..=COLUMNS).contains(&letters).then(|| letters - 1);
                }
                b's' => {
                    at += digits(rest.get(at..)?);
                    plain.style = number(rest.get(from..at)?);
                }
                b't' if first == b's' => {
                    plain.shared = true;
                    at += 1;
                }
                b't' if first == b'n' => at += 1,
                _ => return None,
            }
            match *rest.get(at..)? {
                [b'"', b' ', ..] => at += 2,
                [b'"', b'>', b'<', b'v', b'>', ..] => break,
                _ => return None,
            }
        }
        let from = at + 5;
        let mut to = from + digits(rest.get(from..)?);
        if rest.get(to) != Some(&b'<') {
            to += rest.get(to..)?.iter().position(|b| !b.is_ascii_digit() && !b"+-.eE".contains(b))?;
        }
        if rest.get(to..)?.first_chunk() != Some(END) {
            return None;
        }
        plain.value = from..to;
        plain.len = to + END.len();
        Some(plain)
    }
}

/// A row as spreadsheet programs begin it, `<row r="2" spans="1:8">`: its number, and how long that is.
pub(super) fn row(rest: &[u8]) -> Option<(usize, usize)> {
    const START: &[u8] = b"<row r=\"";
    const LONGEST: usize = 256;
    let said = rest.strip_prefix(START)?;
    let len = digits(said);
    let number = number(said.get(..len)?)?;
    // What else it says is of no account, as long as its end is plain to see.
    let mut quoted = true;
    for (n, b) in said.iter().enumerate().skip(len).take(LONGEST) {
        match b {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some((number, START.len() + n + 1)),
            b'/' | b'\'' | b'<' => return None,
            _ => {}
        }
    }
    None
}

/// Columns of a sheet.
const COLUMNS: usize = 16_384;

/// A whole number, as attributes have them.
pub(super) fn number(text: &[u8]) -> Option<usize> {
    const DIGITS_MAX: usize = 10;
    let text = text.trim_ascii();
    let digits = !text.is_empty() && text.len() <= DIGITS_MAX && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |n, b| n * 10 + usize::from(b - b'0')))
}

/// The number of a column from a cell reference: `C2` is 2. The last one there is, is XFD (16,383).
pub(super) fn column(reference: &[u8]) -> Option<usize> {
    let letters = reference.iter().take_while(|b| b.is_ascii_alphabetic());
    let number = letters.take(4).fold(0usize, |n, b| n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1);
    (1..=COLUMNS).contains(&number).then(|| number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::letters;

    #[test]
    fn rows_begin_as_programs_write_them() {
        for (text, expected) in [
            ("<row r=\"12\" spans=\"1:8\"><c", Some(12)),
            ("<row r=\"2\" x=\"a>b\">", Some(2)),
            ("<row r=\"2\">", Some(2)),
            ("<row r=\"2\"/>", None),
            ("<row r=\"2\" ht='3>4'>", None),
            ("<row r=\"\">", None),
            ("<row r=\"12", None),
            ("<row r=\"12345678901\">", None),
            ("<row spans=\"1:8\">", None),
        ] {
            let end = text.rfind('>').map_or(0, |at| at + 1);
            assert_eq!(row(text.as_bytes()), expected.map(|number| (number, end)), "{text}");
        }
    }

    #[test]
    fn columns_have_letters() {
        for (number, name) in [(0, "A"), (25, "Z"), (26, "AA"), (16_383, "XFD")] {
            let reference = format!("{name}7");
            assert_eq!((letters(number).as_str(), column(reference.as_bytes())), (name, Some(number)));
        }
        assert_eq!(column(b"XFE1"), None);
    }
}
