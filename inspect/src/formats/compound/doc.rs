//! Word documents of 6.0 to 2003 (MS-DOC): the text of all pieces in their order — body, footnotes, headers, comments,
//! text boxes, tracked deletions — tables row by row, pictures, and the rests of earlier text that quick saves left.
//!
//! Styles are not read: hidden text is text. Text in old Vietnamese fonts stays as it is written; whoever reads it knows
//! those.

use std::ops::Range;

use super::super::le::{u16_at, u32_at};
use super::art;
use super::tell::{Stop, Tell};
use crate::extract::Cell;

mod rows;

/// Where the text lies: a piece of one or two bytes a character.
struct Piece {
    chars: usize,
    start: usize,
    wide: bool,
}

/// The streams of a document.
pub(super) struct Streams<'s> {
    pub(super) main: &'s [u8],
    pub(super) tables: [&'s [u8]; 2],
    pub(super) data: &'s [u8],
}

/// The version from which on the layout is as described (§2.5.1, nFib).
const WORD_97: u16 = 0xc1;
/// More pieces than any document has.
const PIECES_MAX: usize = 1 << 20;
/// A longer cell is text.
const CELL_MAX: usize = 1 << 18;
const CELLS_MAX: usize = 1_024;
const TOLD: usize = 1 << 16;

/// Flags at the beginning (§2.5.2).
pub(super) fn flags(main: &[u8]) -> u16 {
    u16_at(main, 10).unwrap_or(0)
}

/// Reads a document; false when it is of a version that is only searched.
pub(super) fn read(part: &str, streams: &Streams<'_>, tell: &mut Tell<'_>) -> Result<bool, Stop> {
    let main = streams.main;
    let [first, second] = streams.tables;
    let table = if flags(main) & 0x200 == 0 { first } else { second };
    let field = |at| Some((u32_at(main, at)? as usize, u32_at(main, at + 4)? as usize));
    let stretch = |at| field(at).and_then(|(start, len)| table.get(start..)?.get(..len));
    // Version 97 and later have the table of pieces here (§2.5.6, fcClx).
    let is_old = u16_at(main, 2).is_some_and(|version| version < WORD_97);
    let pieces = if is_old { whole(main) } else { stretch(0x1a2).map(pieces).unwrap_or_default() };
    art::pictures_within(part, streams.data, tell)?;
    tell.strings(part, streams.data)?;
    if pieces.is_empty() || !matches!(u16_at(main, 0), Some(0xa5ec | 0xa5dc)) {
        return Ok(false);
    }
    let ends = stretch(0x102).filter(|_| !is_old).map(|plc| rows::ends(main, plc)).unwrap_or_default();
    let mut reader = Reader {
        part,
        ends,
        text: String::new(),
        cells: Vec::new(),
        cell: String::new(),
        row: 0,
        field: Vec::new(),
        aside: String::new(),
        tables: 0,
    };
    let mut covered = Vec::new();
    for piece in &pieces {
        let len = piece.chars.saturating_mul(1 + usize::from(piece.wide));
        let bytes = main.get(piece.start..).unwrap_or_default();
        let bytes = bytes.get(..len.min(bytes.len())).unwrap_or_default();
        // Pieces may share bytes in a file that lies.
        tell.spend(bytes.len())?;
        covered.push(piece.start..piece.start + bytes.len());
        reader.piece(piece, bytes, tell)?;
    }
    reader.end(tell)?;
    for gap in gaps(covered, main.len()) {
        tell.strings(part, main.get(gap).unwrap_or_default())?;
    }
    // Names of bookmarks, authors of comments, fields of mail merges, macros' names.
    for table in streams.tables {
        tell.strings(part, table)?;
    }
    Ok(true)
}

/// The text of Word 6 and 95, in one piece of one byte a character, unless it was saved quickly. Its length is that of
/// all texts together.
fn whole(main: &[u8]) -> Vec<Piece> {
    let is_quick = flags(main) & 4 != 0;
    let stretch = u32_at(main, 0x18).zip(u32_at(main, 0x1c)).filter(|_| !is_quick);
    let stretch = stretch.filter(|(start, end)| start < end && *end as usize <= main.len());
    let piece = |(start, end): (u32, u32)| Piece { chars: (end - start) as usize, start: start as usize, wide: false };
    stretch.map(piece).into_iter().collect()
}

/// The table of pieces behind changes of format (§2.9.38).
fn pieces(mut bytes: &[u8]) -> Vec<Piece> {
    while bytes.first() == Some(&1) {
        let len = usize::from(u16_at(bytes, 1).unwrap_or(0));
        bytes = bytes.get(3 + len..).unwrap_or_default();
    }
    let Some(len) = u32_at(bytes, 1).filter(|_| bytes.first() == Some(&2)) else { return Vec::new() };
    let table = bytes.get(5..).unwrap_or_default();
    let table = table.get(..(len as usize).min(table.len())).unwrap_or_default();
    let count = table.len().saturating_sub(4) / 12;
    let piece = |n: usize| {
        let (from, to) = (u32_at(table, 4 * n)?, u32_at(table, 4 * n + 4)?);
        let place = u32_at(table, 4 * (count + 1) + 8 * n + 2)?;
        let packed = place & 0x4000_0000 != 0;
        let start = (place & 0x3fff_ffff) as usize;
        let start = if packed { start / 2 } else { start };
        Some(Piece { chars: to.checked_sub(from)? as usize, start, wide: !packed })
    };
    (0..count.min(PIECES_MAX)).filter_map(piece).collect()
}

/// What lies between stretches.
fn gaps(mut stretches: Vec<Range<usize>>, len: usize) -> Vec<Range<usize>> {
    stretches.sort_by_key(|s| s.start);
    let (mut out, mut at) = (Vec::new(), 0);
    for stretch in stretches.into_iter().chain(std::iter::once(len..len)) {
        if stretch.start > at {
            out.push(at..stretch.start.min(len));
        }
        at = at.max(stretch.end);
    }
    out
}

struct Reader<'p> {
    part: &'p str,
    /// Places of the marks that end a row.
    ends: Vec<Range<usize>>,
    text: String,
    cells: Vec<String>,
    cell: String,
    row: u32,
    /// Fields that are open: whether their instruction is being read.
    field: Vec<bool>,
    /// What stands in instructions: addresses of links, questions of forms.
    aside: String,
    tables: u32,
}

impl Reader<'_> {
    fn piece(&mut self, piece: &Piece, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
        if piece.wide {
            let mut units = bytes.chunks_exact(2).filter_map(|u| u16_at(u, 0)).enumerate();
            while let Some((n, unit)) = units.next() {
                let mut c = char::from_u32(unit.into());
                if c.is_none()
                    && let Some((_, low)) = units.next()
                {
                    c = char::decode_utf16([unit, low]).next().and_then(Result::ok);
                }
                self.char(c.unwrap_or(char::REPLACEMENT_CHARACTER), piece.start + 2 * n, tell)?;
            }
        } else {
            // One byte a character is windows-1252, whatever the language (§2.9.73).
            for (n, byte) in bytes.iter().enumerate() {
                let c = match byte {
                    0x80..=0x9f => western(*byte),
                    _ => char::from(*byte),
                };
                self.char(c, piece.start + n, tell)?;
            }
        }
        Ok(())
    }

    fn char(&mut self, c: char, at: usize, tell: &mut Tell<'_>) -> Result<(), Stop> {
        match c {
            '\u{13}' => self.field.push(true),
            '\u{14}' => {
                if let Some(is_instruction) = self.field.last_mut() {
                    *is_instruction = false;
                }
                self.aside.push('\n');
            }
            '\u{15}' => {
                self.field.pop();
                self.aside.push('\n');
            }
            _ if self.field.last() == Some(&true) => self.aside.push(c),
            // Where nothing tells the marks apart, the second of two ends the row.
            '\u{7}' if self.is_row_end(at) || self.ends.is_empty() && self.cell.is_empty() => self.end_row(tell)?,
            '\u{7}' => {
                // Paragraphs before the row were text; its first cell is what stands behind them.
                let cell = std::mem::take(&mut self.cell);
                self.cells.push(cell);
                if self.cells.len() >= CELLS_MAX {
                    self.end_row(tell)?;
                }
            }
            '\r' | '\u{b}' | '\u{c}' | '\n' => {
                self.cell.push('\n');
                if self.cells.is_empty() || self.cell.len() > CELL_MAX {
                    // Whether a row begins here, only its end tells: the last paragraphs are held.
                    self.hold(tell)?;
                }
            }
            '\u{1e}' => self.cell.push('-'),
            // A break that is not shown, and marks of notes and pictures.
            '\u{1f}' | '\0'..='\u{8}' | '\u{e}'..='\u{12}' | '\u{16}'..='\u{1d}' => {}
            _ => self.cell.push(c),
        }
        if self.aside.len() > TOLD {
            let aside = std::mem::take(&mut self.aside);
            tell.text(self.part, &aside)?;
        }
        Ok(())
    }

    fn is_row_end(&self, at: usize) -> bool {
        let n = self.ends.partition_point(|range| range.end <= at);
        self.ends.get(n).is_some_and(|range| range.contains(&at))
    }

    /// A paragraph has ended that is in no row so far.
    fn hold(&mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.row = 0;
        self.text.push_str(&std::mem::take(&mut self.cell));
        self.flush(TOLD, tell)
    }

    fn flush(&mut self, min: usize, tell: &mut Tell<'_>) -> Result<(), Stop> {
        if self.text.len() > min {
            let text = std::mem::take(&mut self.text);
            tell.text(self.part, &text)?;
        }
        Ok(())
    }

    fn end_row(&mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        if self.cells.is_empty() {
            return Ok(());
        }
        self.flush(0, tell)?;
        if self.row == 0 {
            self.tables += 1;
        }
        self.row += 1;
        let part = format!("{}{}table {}", self.part, if self.part.is_empty() { "" } else { "/" }, self.tables);
        let cells =
            self.cells.iter().enumerate().map(|(n, text)| Cell { column: n as u32, number: false, text: text.trim() });
        tell.row(&part, self.row, cells.collect())?;
        self.cells.clear();
        Ok(())
    }

    fn end(mut self, tell: &mut Tell<'_>) -> Result<(), Stop> {
        self.end_row(tell)?;
        self.text.push_str(&self.cell);
        self.flush(0, tell)?;
        tell.text(self.part, &self.aside)
    }
}

/// A letter of windows-1252 that is not where Unicode has it.
fn western(byte: u8) -> char {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_piece_covers_is_a_gap() {
        assert_eq!(gaps(vec![4..6, 1..2, 5..9], 12), [0..1, 2..4, 9..12]);
        assert!(gaps(vec![Range { start: 0, end: 12 }], 12).is_empty());
    }

    #[test]
    fn packed_and_wide_pieces_are_told_apart() {
        let mut table = b"\x01\x02\x00xx\x02".to_vec();
        let mut plc: Vec<u8> = [0u32, 3, 5].iter().flat_map(|n| n.to_le_bytes()).collect();
        for place in [0x4000_0000u32 | (2 * 100), 200] {
            plc.extend([0, 0]);
            plc.extend(place.to_le_bytes());
            plc.extend([0, 0]);
        }
        table.extend((plc.len() as u32).to_le_bytes());
        table.extend(plc);
        let pieces = pieces(&table);
        let told: Vec<_> = pieces.iter().map(|p| (p.chars, p.start, p.wide)).collect();
        assert_eq!(told, [(3, 100, false), (2, 200, true)]);
    }
}
