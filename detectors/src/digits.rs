//! Runs of digits in bytes: what counts as a digit, what may stand between two digits of one number.
//!
//! It knows no identifier. Digits of other scripts and invisible characters are read through here, so that every
//! detector sees plain digits; letters that only look like digits are `lookalike`'s business.

use crate::fold::{is_invisible, next_char};

/// Most digits a group keeps. A longer one cannot be, nor be part of, anything we know.
pub(crate) const GROUP_DIGITS_MAX: usize = 20;

/// Most bytes between the first and the last digit of one number: thirteen full-width digits with a zero-width
/// character in each gap take 75, thirteen keycaps 85. Bounds what a number costs and how much context a window needs.
pub(crate) const NUMBER_BYTES_MAX: usize = 92;

/// What separates two groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Anything that ends a number.
    Break,
    /// One or two spaces of any width.
    Space,
    Dot,
    Dash,
    Slash,
    Comma,
    MiddleDot,
    /// A closing bracket, as in `(028) 3822…`.
    Bracket,
    /// A line end, with the hyphen, indentation or quote marks around it.
    Wrap,
}

/// How digits were hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hidden {
    No,
    FullWidth,
    OtherScript,
    ZeroWidth,
}

impl Hidden {
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::No => None,
            Self::FullWidth => Some("full-width"),
            Self::OtherScript => Some("other-script"),
            Self::ZeroWidth => Some("zero-width"),
        }
    }
}

/// Digits with nothing visible between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) start: usize,
    pub(crate) end: usize,
    len: u8,
    pub(crate) hidden: Hidden,
}

impl Group {
    /// So many plain digits from `start` on.
    pub(crate) fn plain(start: usize, len: usize) -> Self {
        Self { start, end: start + len, len: len.min(GROUP_DIGITS_MAX + 1) as u8, hidden: Hidden::No }
    }

    /// How many digits, `GROUP_DIGITS_MAX + 1` standing for more.
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it is too long to be part of a number, in digits or in bytes.
    pub(crate) const fn is_too_long(&self) -> bool {
        self.len() > GROUP_DIGITS_MAX || self.end - self.start > NUMBER_BYTES_MAX
    }

    /// Writes its digits as ASCII to the head of `out`; `None` when there is no room.
    #[inline]
    pub(crate) fn write(&self, text: &[u8], out: &mut [u8]) -> Option<()> {
        let raw = text.get(self.start..self.end)?;
        if raw.len() == self.len() {
            // What stands behind is of no use, but so many bytes are copied at a stroke.
            if raw.len() <= 16
                && let (Some(all), Some(room)) =
                    (text.get(self.start..).and_then(<[u8]>::first_chunk), out.first_chunk_mut::<16>())
            {
                *room = *all;
                return Some(());
            }
            out.get_mut(..raw.len())?.copy_from_slice(raw);
            return Some(());
        }
        self.write_any(raw, out)
    }

    /// Likewise, whatever they are written with.
    #[cold]
    fn write_any(&self, raw: &[u8], out: &mut [u8]) -> Option<()> {
        let (mut at, mut slots) = (0, out.iter_mut().take(self.len()));
        while at < raw.len() {
            match raw.get(at..).and_then(digit) {
                Some((value, len, _)) => {
                    *slots.next()? = value;
                    at += len;
                }
                None => at += next_char(raw.get(at..)?)?.1,
            }
        }
        Some(())
    }
}

/// Zeros of the decimal digit rows of Unicode (general category Nd) that a person can type or copy, ascending.
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
    0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1b50, 0x1bb0, 0xa620, 0xa8d0, 0xa9d0, 0xaa50, 0xff10,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1fbf0,
];

/// Chinese numerals, those of accounts included, ascending. A number is written with one for each of its digits.
const CHINESE: [(char, u8); 23] = [
    ('〇', 0),
    ('一', 1),
    ('七', 7),
    ('三', 3),
    ('九', 9),
    ('二', 2),
    ('五', 5),
    ('伍', 5),
    ('八', 8),
    ('六', 6),
    ('叁', 3),
    ('參', 3),
    ('四', 4),
    ('壹', 1),
    ('捌', 8),
    ('柒', 7),
    ('玖', 9),
    ('肆', 4),
    ('貳', 2),
    ('贰', 2),
    ('陆', 6),
    ('陸', 6),
    ('零', 0),
];

/// The digit at the head of `bytes`: its value in ASCII, its length and how it hides.
#[inline]
pub(crate) fn digit(bytes: &[u8]) -> Option<(u8, usize, Hidden)> {
    let first = *bytes.first()?;
    if first.is_ascii_digit() {
        return Some((first, 1, Hidden::No));
    }
    if first < 0x80 || !may_begin_digit(first) {
        return None;
    }
    foreign_digit(bytes)
}

fn foreign_digit(bytes: &[u8]) -> Option<(u8, usize, Hidden)> {
    let (Some(c), len) = next_char(bytes)? else { return None };
    let code = c as u32;
    let value = match code {
        0xb9 => 1,
        0xb2 | 0xb3 => code - 0xb0,
        0x2070 => 0,
        0x2074..=0x2079 => code - 0x2070,
        0x2080..=0x2089 => code - 0x2080,
        0x2460..=0x2468 => code - 0x245f,
        0x24ea | 0x24ff => 0,
        0x2776..=0x277e => code - 0x2775,
        0x3007 | 0x4e00..=0x9fff => {
            let at = CHINESE.binary_search_by_key(&c, |(numeral, _)| *numeral).ok()?;
            u32::from(CHINESE.get(at)?.1)
        }
        _ => {
            let at = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
            let value = code - ZEROS.get(at)?;
            if value > 9 {
                return None;
            }
            value
        }
    };
    let hidden = if (0xff10..=0xff19).contains(&code) { Hidden::FullWidth } else { Hidden::OtherScript };
    Some((b'0' + value as u8, len, hidden))
}

/// Lead bytes of the characters `foreign_digit` knows. Those of Vietnamese letters (C3, C4, C6) are not among them,
/// but for E1.
const fn may_begin_digit(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xd9 | 0xdb | 0xdf | 0xe0..=0xea | 0xef | 0xf0)
}

/// Bytes of invisible characters at the head of `bytes`, at most 16.
#[inline]
fn invisible(bytes: &[u8]) -> usize {
    let mut len = 0;
    while len < 16 {
        match bytes.get(len..).and_then(next_char) {
            // The keycap of an emoji is drawn around its digit.
            Some((Some(c), n)) if n > 1 && (is_invisible(c) || c == '\u{20e3}') => len += n,
            _ => break,
        }
    }
    len
}

/// The group that begins with the digit at `start`, whatever it is written with.
pub(crate) fn group(text: &[u8], start: usize) -> Option<Group> {
    let mut group = Group { start, end: start, len: 0, hidden: Hidden::No };
    let mut at = start;
    while let Some((_, len, hidden)) = text.get(at..).and_then(digit) {
        group.len = (group.len + 1).min(GROUP_DIGITS_MAX as u8 + 1);
        group.hidden = group.hidden.max(hidden);
        at += len;
        group.end = at;
        if text.get(at).is_some_and(|b| *b >= 0x80) {
            let skipped = text.get(at..).map_or(0, invisible);
            if skipped > 0 && text.get(at + skipped..).and_then(digit).is_some() {
                at += skipped;
                group.hidden = Hidden::ZeroWidth;
            }
        }
    }
    (group.len > 0).then_some(group)
}

/// The gap after a group that ended at `at`, and where the next group begins; `Break` when none follows.
///
/// Most gaps are one sign before a digit, and most signs before something else are no gap: leave at once.
#[inline]
pub(crate) fn gap(text: &[u8], at: usize) -> (Gap, usize) {
    let first = text.get(at).copied().unwrap_or_default();
    if first == b'\r' || first >= 0x80 {
        return long_gap(text, at);
    }
    let alone = ALONE[usize::from(first)];
    if alone == Gap::Break {
        return (Gap::Break, at);
    }
    match text.get(at + 1).copied().unwrap_or_default() {
        b'0'..=b'9' => (alone, at + 1),
        // Nothing visible stands between these and a digit.
        ..0x80 if matches!(alone, Gap::Comma | Gap::Dot | Gap::Slash) => (Gap::Break, at),
        b' ' | b'.' | b'-' | b'/' | b',' | b')' | b'\n' | b'\r' | b'>' | 0x80.. => long_gap(text, at),
        _ => (Gap::Break, at),
    }
}

/// What gap each sign makes between two digits: looked up, since no processor guesses which of them comes next.
const ALONE: [Gap; 256] = {
    let mut table = [Gap::Break; 256];
    table[b' ' as usize] = Gap::Space;
    table[b'.' as usize] = Gap::Dot;
    table[b'-' as usize] = Gap::Dash;
    table[b'/' as usize] = Gap::Slash;
    table[b',' as usize] = Gap::Comma;
    table[b')' as usize] = Gap::Bracket;
    table[b'\n' as usize] = Gap::Wrap;
    table
};

/// A gap of several characters, or of one that is not ASCII.
fn long_gap(text: &[u8], at: usize) -> (Gap, usize) {
    let mut reader = GapReader { text, at };
    reader.at += invisible(reader.rest());
    let kind = reader.kind();
    reader.at += invisible(reader.rest());
    if kind != Gap::Break && digit(reader.rest()).is_some() { (kind, reader.at) } else { (Gap::Break, at) }
}

/// Whether a gap may be made of such characters.
#[cfg(test)]
pub(crate) fn is_gap(c: char) -> bool {
    matches!(c, '\n' | '\r' | '>') || is_blank(c) || mark(c) != Gap::Break
}

/// A space of any width.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// What kind of gap a sign makes.
const fn mark(c: char) -> Gap {
    match c {
        '.' | '．' => Gap::Dot,
        '-' | '\u{2010}'..='\u{2015}' | '−' => Gap::Dash,
        '/' | '／' => Gap::Slash,
        ',' => Gap::Comma,
        '·' | '•' | '‧' | '∙' => Gap::MiddleDot,
        ')' => Gap::Bracket,
        _ => Gap::Break,
    }
}

struct GapReader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> GapReader<'t> {
    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.rest().first() == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// Passes over at most `most` spaces of any width; how many there were.
    fn spaces(&mut self, most: usize) -> usize {
        let mut n = 0;
        while n < most {
            match next_char(self.rest()) {
                Some((Some(c), len)) if is_blank(c) => self.at += len,
                _ => break,
            }
            n += 1;
        }
        n
    }

    fn kind(&mut self) -> Gap {
        let spaces = self.spaces(2);
        let mark = match next_char(self.rest()) {
            Some((Some(c), len)) => {
                if matches!(c, '\n' | '\r') {
                    return self.wrap();
                }
                let mark = mark(c);
                if mark != Gap::Break {
                    self.at += len;
                }
                mark
            }
            _ => Gap::Break,
        };
        match mark {
            Gap::Break if spaces > 0 => Gap::Space,
            // `001 - 090` is one number written airily; `12. 345` and `1, 2, 3` are not.
            Gap::Dash => {
                if matches!(self.rest().first(), Some(b'\n' | b'\r')) {
                    return self.wrap();
                }
                let after = self.spaces(1);
                if after == spaces.min(1) && spaces < 2 { Gap::Dash } else { Gap::Break }
            }
            Gap::Bracket => {
                self.spaces(1);
                Gap::Bracket
            }
            _ if spaces > 0 => Gap::Break,
            mark => mark,
        }
    }

    fn wrap(&mut self) -> Gap {
        self.eat(b'\r');
        if !self.eat(b'\n') {
            return Gap::Break;
        }
        for _ in 0..3 {
            self.spaces(8);
            if !self.eat(b'>') {
                break;
            }
        }
        Gap::Wrap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_read() {
        for text in [
            "0123456789",
            "０１２３４５６７８９",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "๐๑๒๓๔๕๖๗๘๙",
            "០១២៣៤៥៦៧៨៩",
            "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
            "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
            "₀₁₂₃₄₅₆₇₈₉",
            "⁰¹²³⁴⁵⁶⁷⁸⁹",
            "⓪①②③④⑤⑥⑦⑧⑨",
            "〇一二三四五六七八九",
            "零壹贰叁肆伍陆柒捌玖",
            "零壹貳參肆伍陸柒捌玖",
            "0\u{fe0f}\u{20e3}1\u{20e3}23456789",
            "0\u{200b}1\u{ad}2\u{2060}\u{feff}3456789",
        ] {
            let group = group(text.as_bytes(), 0).expect(text);
            let mut digits = [0; 10];
            group.write(text.as_bytes(), &mut digits).expect("ten digits");
            assert_eq!(&digits, b"0123456789", "{text}");
            assert_eq!(group.end, text.len());
        }
        assert!(ZEROS.is_sorted());
        assert!(CHINESE.is_sorted());
    }

    #[test]
    fn vietnamese_letters_are_no_digits() {
        for text in ["ạảấầẩẫậắằẳẵặ", "đăâêôơư", "²x"] {
            let found = text.char_indices().filter(|(at, _)| digit(&text.as_bytes()[*at..]).is_some()).count();
            assert_eq!(found, usize::from(text.starts_with('²')), "{text}");
        }
    }

    #[test]
    fn gaps_are_told_apart() {
        for (text, kind) in [
            (" 1", Gap::Space),
            ("  1", Gap::Space),
            ("\u{a0}1", Gap::Space),
            ("   1", Gap::Break),
            (".1", Gap::Dot),
            (". 1", Gap::Break),
            ("-1", Gap::Dash),
            (" - 1", Gap::Dash),
            (" -1", Gap::Break),
            ("–1", Gap::Dash),
            ("/1", Gap::Slash),
            (",1", Gap::Comma),
            (", 1", Gap::Break),
            ("·1", Gap::MiddleDot),
            (") 1", Gap::Bracket),
            ("\n1", Gap::Wrap),
            ("\r\n    1", Gap::Wrap),
            ("\n> 1", Gap::Wrap),
            ("-\n1", Gap::Wrap),
            ("\n\n1", Gap::Break),
            ("\t1", Gap::Break),
            ("x1", Gap::Break),
            ("-", Gap::Break),
            ("", Gap::Break),
        ] {
            let (found, next) = gap(text.as_bytes(), 0);
            assert_eq!(found, kind, "{text:?}");
            assert_eq!(next, if kind == Gap::Break { 0 } else { text.len() - 1 }, "{text:?}");
        }
    }

    #[test]
    fn short_gaps_are_told_as_long_ones_are() {
        let bytes = || (0..0x80_u8).chain([0xc2, 0xe2]);
        for [a, b, c] in bytes().flat_map(|a| bytes().flat_map(move |b| [b'1', b' ', 0xa0].map(|c| [a, b, c]))) {
            let text = [a, b, c, b'7'];
            if !a.is_ascii_digit() {
                assert_eq!(gap(&text, 0), long_gap(&text, 0), "{text:?}");
            }
        }
    }
}
