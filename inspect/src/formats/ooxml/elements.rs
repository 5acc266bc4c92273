//! Cells and rows of a worksheet as spreadsheet programs write nearly all of them, read in one go.
//!
//! What is written otherwise is nothing here: it comes as tags, one by one.

use std::ops::Range;

use crate::formats::numeral::{digits, whole};

/// A cell as spreadsheet programs write those of numbers and shared strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) column: Option<usize>,
    pub(super) style: Option<usize>,
    pub(super) shared: bool,
    /// Its value, if that is a whole number.
    pub(super) number: Option<usize>,
    /// Where its value begins and ends, and how long all of it is.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) len: usize,
}

const END: &[u8; 8] = b"</v></c>";

impl Plain {
    /// Read in one go, a byte once: a workbook of 100,000 rows has a million of these. Tells besides where the letters and
    /// the digits of its reference end.
    fn of(rest: &[u8]) -> Option<(Self, Range<usize>)> {
        rest.strip_prefix(b"<c ")?;
        let mut plain = Self { column: None, style: None, shared: false, number: None, from: 0, to: 0, len: 0 };
        let (mut at, mut reference) = (3, 0..0);
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
                    let end = at;
                    at += digits(rest.get(at..)?);
                    reference = end..at;
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
        plain.from = at + 5;
        let mut to = plain.from + digits(rest.get(plain.from..)?);
        if rest.get(to) != Some(&b'<') {
            to += rest.get(to..)?.iter().position(|b| !b.is_ascii_digit() && !b"+-.eE".contains(b))?;
        }
        plain.number = number(rest.get(plain.from..to)?);
        plain.ends(rest, to).map(|plain| (plain, reference))
    }

    /// The value ends at `to`, if the end of the cell stands there.
    #[inline]
    fn ends(self, rest: &[u8], to: usize) -> Option<Self> {
        (rest.get(to..)?.first_chunk() == Some(END)).then_some(Self { to, len: to + END.len(), ..self })
    }
}

/// The row above, by which the next is told: it begins the same but for its number, and its cells are the same but for that
/// and the value.
#[derive(Default)]
pub(super) struct Above {
    /// What stands behind the number of the row.
    begin: Option<Bytes>,
    cells: Vec<Option<Like>>,
    /// So many cells of the row were read.
    next: usize,
    /// The number of the row, as it is written.
    row: Eight,
}

/// What a cell is written like: `<c r="B`, a number, `" s="1" t="s"><v>`, a value.
struct Like {
    head: Eight,
    middle: Bytes,
    cell: Plain,
}

/// Cells of a row that are remembered.
const CELLS_MAX: usize = 256;

impl Above {
    /// Begins the next row, whose number is written so.
    pub(super) fn begin(&mut self, row: &[u8]) {
        self.next = 0;
        self.row = Eight::of(row).unwrap_or_default();
    }

    /// Reads where a row begins, if one does: its number, and how long all that is.
    #[inline]
    pub(super) fn row(&mut self, rest: &[u8]) -> Option<(usize, usize)> {
        let like = self.begin.as_ref().and_then(|begin| begin.read_row(rest));
        let Some((number, digits, len)) = like else { return self.other_row(rest) };
        self.next = 0;
        self.row = Eight::first(rest.get(ROW.len()..)?, digits)?;
        Some((number, len))
    }

    #[inline(never)]
    fn other_row(&mut self, rest: &[u8]) -> Option<(usize, usize)> {
        let (said, len) = row(rest)?;
        self.begin = rest.get(ROW.len() + said.len()..len).and_then(Bytes::of);
        self.begin(said);
        Some((number(said)?, len))
    }

    /// The next cell is read in another way.
    pub(super) const fn pass(&mut self) {
        self.next += 1;
    }

    /// Reads the next cell of the row.
    #[inline]
    pub(super) fn cell(&mut self, rest: &[u8]) -> Option<Plain> {
        let like = self.cells.get(self.next).and_then(|like| like.as_ref()?.read(self.row, rest));
        let cell = like.or_else(|| self.other(rest))?;
        self.next += 1;
        Some(cell)
    }

    #[inline(never)]
    fn other(&mut self, rest: &[u8]) -> Option<Plain> {
        let (cell, reference) = Plain::of(rest)?;
        if let Some(like) = Like::of(rest, cell, reference) {
            match self.cells.get_mut(self.next) {
                Some(above) => *above = Some(like),
                None if self.next < CELLS_MAX => {
                    self.cells.resize_with(self.next, || None);
                    self.cells.push(Some(like));
                }
                None => {}
            }
        }
        Some(cell)
    }
}

impl Like {
    fn of(rest: &[u8], cell: Plain, reference: Range<usize>) -> Option<Self> {
        const REFERENCE: &[u8] = b"<c r=\"";
        // Its reference stands first.
        rest.strip_prefix(REFERENCE)?;
        let (head, middle) = (rest.get(..reference.start)?, rest.get(reference.end..cell.from)?);
        Some(Self { head: Eight::of(head)?, middle: Bytes::of(middle)?, cell })
    }

    /// Reads a cell of this row with a number of digits alone.
    #[inline]
    fn read(&self, row: Eight, rest: &[u8]) -> Option<Plain> {
        let at = self.head.begin(rest)?;
        let at = at + row.begin(rest.get(at..)?)?;
        let from = at + self.middle.begin(rest.get(at..)?)?;
        let value = rest.get(from..)?;
        let (number, len) = match whole(value) {
            Some((number, len)) => (Some(number), len),
            None => Self::long(value),
        };
        Plain { from, number, ..self.cell }.ends(rest, from + len)
    }

    #[inline(never)]
    fn long(value: &[u8]) -> (Option<usize>, usize) {
        let len = digits(value);
        (number(value.get(..len).unwrap_or_default()), len)
    }
}

/// Up to eight bytes, compared all at once.
#[derive(Clone, Copy, Default)]
struct Eight {
    bytes: u64,
    mask: u64,
    len: usize,
}

impl Eight {
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut room = [0; size_of::<u64>()];
        room.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Self::first(&room, bytes.len())
    }

    /// The first `len` of eight bytes and more.
    #[inline]
    fn first(text: &[u8], len: usize) -> Option<Self> {
        let mask = u64::MAX.checked_shr(u64::BITS.checked_sub(8 * len as u32)?).unwrap_or_default();
        Some(Self { bytes: u64::from_le_bytes(*text.first_chunk()?) & mask, mask, len })
    }

    /// How many there are, if `text` begins with them and is not near its end.
    #[inline]
    fn begin(self, text: &[u8]) -> Option<usize> {
        let eight = u64::from_le_bytes(*text.first_chunk()?);
        ((eight ^ self.bytes) & self.mask == 0).then_some(self.len)
    }
}

/// A few bytes, compared all at once.
struct Bytes {
    bytes: [u128; 2],
    mask: [u128; 2],
    len: usize,
}

impl Bytes {
    /// Most of them.
    const MOST: usize = 2 * size_of::<u128>();

    fn of(bytes: &[u8]) -> Option<Self> {
        let (mut room, mut mask) = ([0; Self::MOST], [0; Self::MOST]);
        room.get_mut(..bytes.len())?.copy_from_slice(bytes);
        mask.get_mut(..bytes.len())?.fill(0xff);
        Some(Self { bytes: halves(&room), mask: halves(&mask), len: bytes.len() })
    }

    /// Reads a row whose number these stand behind: the number, how many digits that has, how long all is.
    #[inline]
    fn read_row(&self, rest: &[u8]) -> Option<(usize, usize, usize)> {
        let said = rest.strip_prefix(ROW)?;
        let (number, digits) = whole(said)?;
        Some((number, digits, ROW.len() + digits + self.begin(said.get(digits..)?)?))
    }

    /// How many there are, if `text` begins with them and is not near its end.
    #[inline]
    fn begin(&self, text: &[u8]) -> Option<usize> {
        let [low, high] = halves(text.first_chunk()?);
        let ([a, b], [c, d]) = (self.bytes, self.mask);
        ((low & c) ^ a | (high & d) ^ b == 0).then_some(self.len)
    }
}

fn halves(bytes: &[u8; Bytes::MOST]) -> [u128; 2] {
    let (low, high) = bytes.split_at(size_of::<u128>());
    [low, high].map(|half| half.first_chunk().map_or(0, |half| u128::from_le_bytes(*half)))
}

/// How a row begins.
const ROW: &[u8] = b"<row r=\"";

/// A row as spreadsheet programs begin it, `<row r="2" spans="1:8">`: its number as it is written, and how long all that is.
fn row(rest: &[u8]) -> Option<(&[u8], usize)> {
    const LONGEST: usize = 256;
    let said = rest.strip_prefix(ROW)?;
    let len = digits(said);
    let number = said.get(..len).filter(|said| (1..=DIGITS_MAX).contains(&said.len()))?;
    // What else it says is of no account, as long as its end is plain to see.
    let mut quoted = true;
    for (n, b) in said.iter().enumerate().skip(len).take(LONGEST) {
        match b {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some((number, ROW.len() + n + 1)),
            b'/' | b'\'' | b'<' => return None,
            _ => {}
        }
    }
    None
}

/// Columns of a sheet.
const COLUMNS: usize = 16_384;

/// Digits of the longest number of a row, a style or a string.
const DIGITS_MAX: usize = 10;

/// A whole number, as attributes have them.
pub(super) fn number(text: &[u8]) -> Option<usize> {
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
            ("<row r=\"12\" spans=\"1:8\"><c", Some("12")),
            ("<row r=\"2\" x=\"a>b\">", Some("2")),
            ("<row r=\"2\">", Some("2")),
            ("<row r=\"2\"/>", None),
            ("<row r=\"2\" ht='3>4'>", None),
            ("<row r=\"\">", None),
            ("<row r=\"12", None),
            ("<row r=\"12345678901\">", None),
            ("<row spans=\"1:8\">", None),
        ] {
            let end = text.rfind('>').map_or(0, |at| at + 1);
            assert_eq!(row(text.as_bytes()), expected.map(|number: &str| (number.as_bytes(), end)), "{text}");
        }
    }

    #[test]
    fn a_row_is_told_by_the_one_above_as_by_itself() {
        const ROWS: [&str; 12] = [
            "<row r=\"2\" spans=\"1:8\">",
            "<row r=\"3\" spans=\"1:8\">",
            "<row r=\"1048576\" spans=\"1:8\">",
            "<row r=\"12345678\" spans=\"1:8\">",
            "<row r=\"0\" spans=\"1:8\">",
            "<row r=\"\" spans=\"1:8\">",
            "<row r=\"4\" spans=\"1:8\"/>",
            "<row r=\"5\" spans=\"1:9\">",
            "<row r=\"6\" spans=\"1:8\" ht=\"15.75\" customHeight=\"1\">",
            "<row r=\"7\">",
            "<row r=\"8\" ht='3>4'>",
            "</row>",
        ];
        for behind in ["", "<c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"B2\" t=\"s\"><v>2</v></c>"] {
            for (first, second) in ROWS.iter().flat_map(|first| ROWS.map(|second| (first, second))) {
                let mut above = Above::default();
                for rest in [first, second].map(|row| row.to_owned() + behind) {
                    let expected = row(rest.as_bytes()).map(|(said, len)| (number(said).expect("digits"), len));
                    assert_eq!(above.row(rest.as_bytes()), expected, "{rest} under {first}");
                    if let Some((said, _)) = row(rest.as_bytes()) {
                        let told = above.row;
                        above.begin(said);
                        assert_eq!((told.bytes, told.mask, told.len), (above.row.bytes, above.row.mask, above.row.len));
                    }
                }
            }
        }
    }

    #[test]
    fn a_cell_is_told_by_the_one_above_as_by_itself() {
        let cells = [
            "<c r=\"B2\" t=\"s\"><v>3</v></c>",
            "<c r=\"B3\" t=\"s\"><v>4711</v></c>",
            "<c r=\"B1048576\" t=\"s\"><v>123456789</v></c>",
            "<c r=\"B\" t=\"s\"><v></v></c>",
            "<c r=\"AB3\" t=\"s\"><v>4</v></c>",
            "<c r=\"b3\" t=\"s\"><v>4</v></c>",
            "<c r=\"B3\"><v>4</v></c>",
            "<c r=\"B3\" s=\"12\" t=\"s\"><v>4</v></c>",
            "<c r=\"B3\" s=\"1234567890\" t=\"n\"><v>4</v></c>",
            "<c t=\"s\" r=\"B3\"><v>4</v></c>",
            "<c t=\"s\"><v>4</v></c>",
            "<c r=\"B3\" t=\"s\"><v>4.5E3</v></c>",
            "<c r=\"B3\" t=\"s\"><v>4</v></d>",
            "<c r=\"B3\" t=\"s\"><v>4",
            "<c r=\"B3\" t=\"e\"><v>4</v></c>",
            "</v></c>",
        ];
        for behind in ["", "<c r=\"C3\"><v>1</v></c><c r=\"D3\"><v>1</v></c></row>"] {
            for first in cells {
                for (second, row) in cells.into_iter().flat_map(|cell| ["3", "1048576", "", "B"].map(|row| (cell, row)))
                {
                    let mut above = Above::default();
                    for (cell, row) in [(first, "2"), (second, row)] {
                        let rest = [cell, behind].concat();
                        above.begin(row.as_bytes());
                        let expected = Plain::of(rest.as_bytes()).map(|(plain, _)| plain);
                        assert_eq!(above.cell(rest.as_bytes()), expected, "{cell} under {first}");
                    }
                }
            }
        }
        let mut above = Above::default();
        (0..2 * CELLS_MAX).for_each(|_| assert!(above.cell(b"<c r=\"B2\"><v>3</v></c>").is_some()));
        assert_eq!(above.cells.len(), CELLS_MAX);
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
