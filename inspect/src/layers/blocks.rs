//! Codes drawn by letters: `██`, half blocks, `##`, or blanks on coloured ground, as programs print them to a terminal.

use std::ops::Range;

use chot_model::OpaqueReason;

use crate::formats::drawn;
use crate::inquiry::{Inquiry, Place};

/// The longest line of a code in cells with a colour each.
const LINE_MAX: usize = 16 << 10;
/// Codes looked at in a text; each costs what a small picture does.
const CODES_MAX: u32 = 32;
/// Signs by which a line is one of blocks, and no word.
const SIGNS_MIN: usize = 7;

/// The first line of a text that may draw a part of a code, given where its lines end.
pub(super) fn begin(text: &[u8], core: &Range<usize>, ends: impl Iterator<Item = usize>) -> Option<usize> {
    let mut start = core.start;
    ends.chain([core.end]).find_map(|end| {
        let from = std::mem::replace(&mut start, end + 1);
        // Few lines end so.
        let last = end.checked_sub(1).and_then(|at| text.get(at))?;
        let may = matches!(last, b'm' | b' ' | b'\t' | b'\r' | b'|' | b'.' | b'#' | b'*' | b'@' | b'X' | 0x80..=0xbf);
        (may && is_likely(text.get(from..end)?)).then_some(from)
    })
}

/// Whether a line has signs that draw, and no letters; colours are named by letters.
fn is_likely(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if matches!(line, [.., b'm'] | [.., b' ', b' ']) && memchr::memchr(0x1b, line).is_some() {
        return true;
    }
    // Most lines have a letter among their first signs.
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() && *b != b'X';
    let draws = |b: &&u8| matches!(b, b'#' | b'*' | b'@' | b'X' | 0xc2 | 0xe2 | 0xe3);
    !line.iter().any(is_letter) && line.iter().filter(draws).count() >= SIGNS_MIN
}

/// The code being read.
#[derive(Default)]
pub(super) struct Drawn {
    open: bool,
    line: Vec<u8>,
    /// Two rows for each line: letters are half as wide as high, or show an upper and a lower half.
    rows: Vec<Vec<bool>>,
    /// Lines that draw something.
    lines: usize,
    codes: u32,
}

impl Drawn {
    /// Reads the next `core` of a text in which a code may begin at `begin`.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        begin: Option<usize>,
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let mut at = match (self.open, begin) {
            (true, _) => core.start,
            (false, Some(begin)) => begin,
            (false, None) => return,
        };
        self.open = true;
        while let Some(rest @ [_, ..]) = text.get(at..core.end) {
            let (len, ends) = memchr::memchr(b'\n', rest).map_or((rest.len(), false), |n| (n + 1, true));
            let part = rest.get(..len).unwrap_or_default();
            at += len;
            // A longer line draws nothing.
            let fits = self.line.len() + part.len() <= LINE_MAX;
            self.line.extend_from_slice(if fits { part } else { b"?" });
            if ends {
                self.end_line(place, inquiry);
            }
        }
    }

    fn end_line(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let line = std::mem::take(&mut self.line);
        match cells(&line) {
            Some((rows, draws)) if self.rows.len() < drawn::SIDE_MAX => {
                self.lines += usize::from(draws);
                self.rows.extend(rows);
            }
            _ => self.close(place, inquiry),
        }
    }

    fn close(&mut self, place: &Place, inquiry: &mut Inquiry) {
        // Half blocks show two rows of modules in a line.
        const LINES_MIN: usize = drawn::SIDE_MIN / 2;
        let rows = std::mem::take(&mut self.rows);
        if std::mem::take(&mut self.lines) >= LINES_MIN {
            self.codes += 1;
            if self.codes <= CODES_MAX {
                drawn::read(&rows, place, inquiry);
            } else {
                inquiry.refuse(place, OpaqueReason::TooMany, 1);
            }
        }
        self.open = false;
    }

    /// The text ends.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.open {
            self.end_line(place, inquiry);
            self.close(place, inquiry);
        }
    }
}

/// The cells of a line in two rows, and whether it draws anything; `None` for a line with other letters. An empty line is
/// ground.
fn cells(line: &[u8]) -> Option<([Vec<bool>; 2], bool)> {
    let text = bare(std::str::from_utf8(line).ok()?);
    let (mut rows, mut signs, mut ground) = ([Vec::new(), Vec::new()], 0, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let ink = match c {
            '\u{1b}' => {
                rest = colour(rest, &mut ground)?;
                signs += 1;
                continue;
            }
            ' ' | '\u{a0}' | '\u{2007}' | '\u{3000}' => [ground; 2],
            '█' | '▇' | '▆' | '■' | '▓' | '⬛' | '◼' | '●' | '#' | '*' | '@' | 'X' => [true; 2],
            '░' | '□' | '⬜' | '◻' | '○' | '·' | '.' => [false; 2],
            '▀' => [true, false],
            '▄' => [false, true],
            _ => return None,
        };
        signs += usize::from(c != ' ');
        for (row, ink) in rows.iter_mut().zip(ink) {
            row.push(ink);
        }
        if rows[0].len() > drawn::SIDE_MAX {
            return None;
        }
    }
    Some((rows, signs >= SIGNS_MIN))
}

/// A line without what programs set before and behind each: marks of a quoted mail, of a remark, borders of a table.
fn bare(line: &str) -> &str {
    let line = line.trim_end_matches(['\r', '\n', '\t']);
    let mut text = line;
    while let Some(rest) = text.strip_prefix('>') {
        text = rest.strip_prefix(' ').unwrap_or(rest);
    }
    text = text.trim_start_matches('\t');
    for border in ['|', '│', '║'] {
        if let Some(rest) = text.strip_prefix(border) {
            return rest.trim_end().strip_suffix(border).unwrap_or(rest);
        }
    }
    // A sign that stands nowhere else in the line draws nothing.
    for mark in ["*", "//", "#", ";", "--", "%"] {
        if let Some(rest) = text.trim_start_matches(' ').strip_prefix(mark).filter(|rest| !rest.contains(mark)) {
            return rest;
        }
    }
    text
}

/// Reads a change of colours (ECMA-48, 8.3.117) and tells what follows. Ground of any colour but the usual one is ink.
fn colour<'t>(text: &'t str, ground: &mut bool) -> Option<&'t str> {
    let (codes, rest) = text.strip_prefix('[')?.split_once('m')?;
    if !codes.bytes().all(|b| b.is_ascii_digit() || b == b';' || b == b':') {
        return None;
    }
    let mut codes = codes.split([';', ':']).map(|code| code.parse::<u32>().unwrap_or(0));
    while let Some(code) = codes.next() {
        match code {
            0 | 27 | 49 | 47 | 107 => *ground = false,
            7 | 40..=46 | 100..=106 => *ground = true,
            // One of 256 colours, or three parts of one: dark ones are ink.
            38 | 48 => {
                let is_dark = match codes.next() {
                    Some(5) => codes.next().is_some_and(|n| !matches!(n, 7 | 15 | 231 | 249..=255)),
                    _ => codes.by_ref().take(3).sum::<u32>() < 384,
                };
                if code == 48 {
                    *ground = is_dark;
                }
            }
            _ => {}
        }
    }
    Some(rest)
}
