//! What parts the cells of a line: signs, blanks, dashes, and the lines that set others apart.

use std::ops::Range;
use std::sync::LazyLock;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Tab,
    Pipe,
    /// Lines of a drawn box.
    Box,
    Semicolon,
    Blanks,
    /// Dashes between blanks, as people write tables into a chat.
    Dashes,
    /// Commas, under a line of headings.
    Comma,
    /// Items of a list with a name and a number each, under a line that ends in a colon.
    Items,
    /// The same with given names alone, under a line that names what the numbers are.
    Given,
    /// Single blanks, under a line that is made of headings.
    Spaces,
    /// One value a line, a blank line after each record.
    Lines,
    /// Nothing but a number a line.
    Numbers,
    /// Columns told by a drawn line.
    Ruled,
    /// A cell a line, no line set apart.
    Stacked,
}

impl Cut {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Stacked as usize + 1;

    /// Where the next sign stands, from `at` on, that may part cells.
    pub(super) fn next(self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let next = match self {
            Self::Tab => memchr::memchr(b'\t', rest),
            Self::Pipe => memchr::memchr(b'|', rest),
            Self::Semicolon => memchr::memchr(b';', rest),
            Self::Comma => comma(rest),
            Self::Blanks => WIDE.find(rest),
            Self::Dashes => memchr::memchr(b' ', rest),
            Self::Box => memchr::memchr(SIDE, rest),
            Self::Lines | Self::Numbers | Self::Items | Self::Given | Self::Ruled | Self::Stacked | Self::Spaces => {
                None
            }
        };
        next.map(|next| at + next)
    }

    /// How long what parts cells is that a text begins with, at such a sign.
    pub(super) fn width(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Blanks => Some(text.iter().take_while(|b| **b == b' ').count()),
            Self::Box => side(text),
            Self::Dashes => Some(1 + dash(text.get(1..)?)?),
            _ => Some(1),
        }
    }

    /// Whether a line of `cells` may be one of `whole` without its last: what cuts is exact, so that those before stand
    /// under their own headings.
    pub(super) const fn leaves_out(self, whole: usize, cells: usize) -> bool {
        /// More are another table.
        const LEFT_OUT_MAX: usize = 3;
        matches!(self, Self::Tab | Self::Pipe | Self::Semicolon)
            && cells >= 2
            && cells < whole
            && whole - cells <= LEFT_OUT_MAX
    }
}

/// Where the first comma stands that is not in the quotes a text begins with.
fn comma(text: &[u8]) -> Option<usize> {
    let quoted = match text.split_first() {
        Some((b'"', within)) => match memchr::memmem::find(within, b"\",") {
            Some(len) => len + 2,
            None if within.ends_with(b"\"") => return None,
            None => 0,
        },
        _ => 0,
    };
    memchr::memchr(b',', text.get(quoted..)?).map(|at| quoted + at)
}

/// What stands within the quotes of a cell.
pub(super) fn unquoted(text: &[u8], cell: &Range<usize>) -> Range<usize> {
    match text.get(cell.clone()) {
        Some([b'"', .., b'"']) => cell.start + 1..cell.end - 1,
        _ => cell.clone(),
    }
}

/// Whether anything in a line cuts it.
pub(super) fn is_cut(line: &[u8]) -> bool {
    memchr::memchr3(b'\t', b'|', b';', line).is_some() || WIDE.find(line.trim_ascii()).is_some()
}

/// Whether dashes may cut a line: most are written without any.
pub(super) fn has_dashes(line: &[u8]) -> bool {
    memchr::memchr2_iter(b'-', DASH, line).any(|at| {
        let (before, behind) = line.split_at(at);
        before.last() == Some(&b' ') && dash(behind).is_some()
    })
}

/// Whether a line may be cut by tabs, the sides of boxes, pipes, semicolons and wide blanks. Most that anything may cut
/// are paragraphs with a semicolon.
pub(super) fn ways(line: &[u8]) -> [bool; 5] {
    let begins = line.trim_ascii_start();
    let [tab, pipe] = match memchr::memchr2(b'\t', b'|', line) {
        Some(at) => [b'\t', b'|'].map(|sign| line.get(at..).is_some_and(|rest| memchr::memchr(sign, rest).is_some())),
        None => [false; 2],
    };
    // One alone is punctuation.
    let semicolon = memchr::memchr_iter(b';', line).nth(1).is_some();
    // A header of MediaWiki has signs of its own. Blanks are looked for where nothing else has cut.
    [tab, begins.first() == Some(&SIDE), pipe || begins.first() == Some(&b'!'), semicolon, true]
}

/// First byte of those that are not ASCII.
const DASH: u8 = 0xe2;

/// The length of a dash that a blank follows. The blank may stand before another: nothing is between them.
fn dash(text: &[u8]) -> Option<usize> {
    let len = DASHES.iter().find(|dash| text.starts_with(dash.as_bytes()))?.len();
    matches!(text.get(len), Some(b' ') | None).then_some(len)
}

/// A hyphen, and those that programs make of it: en dash and em dash.
const DASHES: [&str; 3] = ["-", "\u{2013}", "\u{2014}"];

/// How long the sign is that begins an item of a list, with the blanks behind: `- `, `* `, `12. `, `3) `, `a) `, `iv. `.
pub(super) fn bullet(text: &[u8]) -> usize {
    const DIGITS_MAX: usize = 4;
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let signs = match text.get(digits..).unwrap_or_default() {
        [b'.' | b')' | b'/', ..] if (1..=DIGITS_MAX).contains(&digits) => digits + 1,
        [b'*' | b'+', ..] if digits == 0 => 1,
        [b'a'..=b'z', b')' | b'.', ..] if digits == 0 => 2,
        rest if digits == 0 => {
            let roman = rest.iter().take(DIGITS_MAX).take_while(|b| b"ivx".contains(b)).count();
            match rest.get(roman) {
                Some(b')' | b'.') if roman > 0 => roman + 1,
                _ => ["\u{2022}"].iter().chain(&DASHES).find(|s| rest.starts_with(s.as_bytes())).map_or(0, |s| s.len()),
            }
        }
        _ => 0,
    };
    // Numbered lists of word processors have a tab there.
    let blanks = text.get(signs..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    if signs > 0 && blanks > 0 { signs + blanks } else { 0 }
}

/// Where an item of a list begins behind its sign, and those of an answer that quotes it.
pub(super) fn item_begins(text: &[u8]) -> Option<usize> {
    let begins = text.iter().take_while(|b| **b == b'>' || b.is_ascii_whitespace()).count();
    let rest = text.get(begins..)?;
    let sign = bullet(rest);
    Some(begins + if sign == 0 { picture(rest) } else { sign })
}

/// Bytes of a small picture that begins an item, with the blanks behind: `👉 Nguyễn Văn Mai - 79…`. None for any other line.
fn picture(text: &[u8]) -> usize {
    /// Arrows, marks and small squares begin with the first of these, what came later with the other.
    const BEGINS: [u8; 2] = [0xe2, 0xf0];
    const SELECTOR: char = '\u{fe0f}';
    if !text.first().is_some_and(|b| BEGINS.contains(b)) {
        return 0;
    }
    let mut chars = String::from_utf8_lossy(text.get(..16).unwrap_or(text)).into_owned();
    let whole = chars.len();
    let Some(first) = chars.chars().next().filter(|c| !c.is_alphanumeric() && *c != char::REPLACEMENT_CHARACTER) else {
        return 0;
    };
    chars.drain(..first.len_utf8());
    let rest = chars.trim_start_matches(SELECTOR);
    let behind = rest.trim_start_matches(' ');
    if behind.len() < rest.len() { whole - behind.len() } else { 0 }
}

/// The first byte of lines of a drawn box.
const SIDE: u8 = 0xe2;

/// Those that part cells: │ ┃ ║.
const SIDES: [&[u8]; 3] = ["│".as_bytes(), "┃".as_bytes(), "║".as_bytes()];

/// Whether a line begins with the side of a box.
pub(super) fn begins_in_a_box(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&SIDE) && side(line.trim_ascii_start()).is_some()
}

/// The length of the line of a box that a text begins with.
pub(super) fn side(text: &[u8]) -> Option<usize> {
    SIDES.iter().find(|side| text.starts_with(side)).map(|side| side.len())
}

pub(super) fn ends_with_side(text: &[u8]) -> bool {
    SIDES.iter().any(|side| text.ends_with(side) && text.len() > side.len())
}

/// Whether a line only sets others apart: `---`, `+----+`, `|:--|`, lines of box drawing (U+2500 to U+257F).
pub(super) fn is_rule(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    // A table of MediaWiki begins, goes on with a row, ends.
    if let [b'{', b'|', rest @ ..] | [b'|', b'-', rest @ ..] | [b'|', b'}', rest @ ..] = line
        && rest.first().is_none_or(|b| *b == b' ' || line.starts_with(b"{"))
        && memchr::memchr(b'|', rest).is_none()
    {
        return true;
    }
    let sign = |b: &u8| matches!(b, b'-' | b'=' | b'+' | b'|' | b':' | b'_' | b' ' | 0xe2 | 0x80..=0xbf);
    let signs = line.iter().all(sign)
        && line.iter().filter(|b| **b == 0xe2).count() * 2 == line.iter().filter(|b| (0x80..0xc0).contains(*b)).count();
    line.len() >= 3 && signs
}

/// Blanks that cut.
pub(super) static WIDE: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new("  "));
