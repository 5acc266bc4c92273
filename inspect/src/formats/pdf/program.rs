//! Font programs, as far as they tell which characters their glyphs are: for fonts that come without a map to text.
//!
//! Outlines are not looked at: a font whose glyphs are named after nothing stays unreadable.

use std::collections::HashMap;

use super::glyphs::{Encoding, named};
use super::lex::{Lexer, Object};

/// What a font program tells.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Characters of the codes of a simple font.
    pub(super) codes: HashMap<u8, char>,
    /// Characters of glyphs by their number.
    pub(super) glyphs: HashMap<u16, char>,
}

/// Glyphs of one font (OpenType, `maxp`).
const GLYPHS_MAX: usize = 65_535;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

/// Reads a TrueType or OpenType font (OpenType specification, `cmap` and `post`).
pub(super) fn open_type(bytes: &[u8]) -> Program {
    let mut program = Program::default();
    if let Some(cff) = table(bytes, b"CFF ") {
        program = compact(cff);
    }
    if let Some(post) = table(bytes, b"post") {
        names(post, &mut program.glyphs);
    }
    let Some(cmap) = table(bytes, b"cmap") else { return program };
    let mut by_code: Vec<(u32, u16)> = Vec::new();
    for n in 0..u16_at(cmap, 2).unwrap_or(0).min(32) {
        let record = 4 + usize::from(n) * 8;
        let (Some(platform), Some(encoding), Some(at)) =
            (u16_at(cmap, record), u16_at(cmap, record + 2), u32_at(cmap, record + 4))
        else {
            break;
        };
        let Some(sub) = cmap.get(at..) else { continue };
        let pairs = subtable(sub);
        match (platform, encoding) {
            (0, _) | (3, 1 | 10) => {
                for (code, glyph) in pairs {
                    if let Some(c) = char::from_u32(code).filter(|c| !matches!(c, '\u{e000}'..='\u{f8ff}')) {
                        program.glyphs.entry(glyph).or_insert(c);
                    }
                }
            }
            // Codes of the font's own, in the private area for Windows.
            (3, 0) => by_code.extend(pairs.into_iter().map(|(code, glyph)| (code & 0xff, glyph))),
            (1, 0) => by_code.extend(pairs),
            _ => {}
        }
    }
    for (code, glyph) in by_code {
        if let (Ok(code), Some(c)) = (u8::try_from(code), program.glyphs.get(&glyph)) {
            program.codes.entry(code).or_insert(*c);
        }
    }
    program
}

fn table<'a>(bytes: &'a [u8], tag: &[u8; 4]) -> Option<&'a [u8]> {
    let count = u16_at(bytes, 4)?.min(64);
    let record = (0..usize::from(count)).map(|n| 12 + n * 16).find(|at| bytes.get(*at..at + 4) == Some(tag))?;
    let (from, len) = (u32_at(bytes, record + 8)?, u32_at(bytes, record + 12)?);
    bytes.get(from..from.saturating_add(len).min(bytes.len()))
}

/// Codes and glyphs of a `cmap` subtable.
fn subtable(sub: &[u8]) -> Vec<(u32, u16)> {
    let mut pairs = Vec::new();
    let format = u16_at(sub, 0).unwrap_or(0);
    match format {
        0 => {
            let glyphs = sub.get(6..).unwrap_or_default().iter().take(256);
            pairs.extend(glyphs.zip(0u32..).map(|(glyph, code)| (code, u16::from(*glyph))));
        }
        4 => segments(sub, &mut pairs),
        6 => {
            let first = u32::from(u16_at(sub, 6).unwrap_or(0));
            for n in 0..u16_at(sub, 8).unwrap_or(0) {
                let Some(glyph) = u16_at(sub, 10 + usize::from(n) * 2) else { break };
                pairs.push((first + u32::from(n), glyph));
            }
        }
        12 => {
            for n in 0..u32_at(sub, 12).unwrap_or(0).min(GLYPHS_MAX) {
                let at = 16 + n * 12;
                let (Some(low), Some(high), Some(glyph)) = (u32_at(sub, at), u32_at(sub, at + 4), u32_at(sub, at + 8))
                else {
                    break;
                };
                for (code, glyph) in (low..=high).zip(glyph..=GLYPHS_MAX) {
                    if pairs.len() > GLYPHS_MAX {
                        return pairs;
                    }
                    pairs.push((code as u32, glyph as u16));
                }
            }
        }
        _ => {}
    }
    pairs.retain(|(_, glyph)| *glyph != 0);
    pairs
}

fn segments(sub: &[u8], pairs: &mut Vec<(u32, u16)>) {
    let count = usize::from(u16_at(sub, 6).unwrap_or(0) / 2);
    for n in 0..count {
        let word = |block: usize| u16_at(sub, 14 + block * count * 2 + usize::from(block > 0) * 2 + n * 2);
        let (Some(end), Some(start), Some(delta), Some(offset)) = (word(0), word(1), word(2), word(3)) else { return };
        let own = 16 + 3 * count * 2 + n * 2;
        for code in start..=end {
            if pairs.len() > GLYPHS_MAX {
                return;
            }
            let glyph = if offset == 0 {
                code.wrapping_add(delta)
            } else {
                match u16_at(sub, own + usize::from(offset) + usize::from(code - start) * 2) {
                    None | Some(0) => 0,
                    Some(glyph) => glyph.wrapping_add(delta),
                }
            };
            pairs.push((u32::from(code), glyph));
        }
    }
}

/// Glyph names of a `post` table, format 2, beyond the 258 of Macintosh.
fn names(post: &[u8], glyphs: &mut HashMap<u16, char>) {
    const MACINTOSH: u16 = 258;
    if u32_at(post, 0) != Some(0x0002_0000) {
        return;
    }
    let count = u16_at(post, 32).unwrap_or(0);
    let mut own = Vec::new();
    let mut rest = post.get(34 + usize::from(count) * 2..).unwrap_or_default();
    while let Some((len, after)) = rest.split_first() {
        let Some((name, after)) = after.split_at_checked(usize::from(*len)) else { break };
        own.push(name);
        rest = after;
    }
    for glyph in 0..count {
        let Some(index) = u16_at(post, 34 + usize::from(glyph) * 2) else { break };
        let c = match index.checked_sub(MACINTOSH) {
            Some(n) => own.get(usize::from(n)).and_then(|name| named(name)),
            // The first of them are those of ASCII, in order, from the space on (OpenType, `post`, format 1).
            None => index.checked_sub(3).filter(|n| *n < 95).and_then(|n| char::from_u32(0x20 + u32::from(n))),
        };
        if let Some(c) = c {
            glyphs.insert(glyph, c);
        }
    }
}

/// Reads the encoding of a Type 1 font, which stands in its clear part as `dup 49 /one put`.
pub(super) fn type_1(bytes: &[u8]) -> Program {
    let mut program = Program::default();
    let end = memchr::memmem::find(bytes, b"eexec").unwrap_or(bytes.len());
    let clear = bytes.get(..end).unwrap_or_default();
    let Some(start) = memchr::memmem::find(clear, b"/Encoding") else { return program };
    let mut lexer = Lexer::content(clear.get(start + b"/Encoding".len()..).unwrap_or_default());
    let mut code = None;
    while let Some(object) = lexer.object() {
        match object {
            Object::Int(n) => code = u8::try_from(n).ok(),
            Object::Name(name) => program.codes.extend(code.take().zip(named(&name))),
            Object::Word(word) if &*word == b"StandardEncoding" => {
                program.codes = (0..=255).filter_map(|c| Some((c, Encoding::Standard.char(c)?))).collect();
                break;
            }
            Object::Word(word) if matches!(&*word, b"def" | b"readonly") => break,
            _ => {}
        }
    }
    program
}

/// Reads a compact font: names of glyphs and codes (Adobe Technical Note 5176).
pub(super) fn compact(bytes: &[u8]) -> Program {
    read_compact(bytes).unwrap_or_default()
}

fn read_compact(bytes: &[u8]) -> Option<Program> {
    let header = usize::from(*bytes.get(2)?);
    let (_, at) = index(bytes, header)?;
    let (tops, at) = index(bytes, at)?;
    let (strings, _) = index(bytes, at)?;
    let top = dictionary(tops.first()?);
    let (charstrings, _) = index(bytes, *top.get(&17)?)?;
    let count = charstrings.len();
    // A font of character selectors (operator 12 30) names no glyph.
    if top.contains_key(&(12 << 8 | 30)) {
        return Some(Program::default());
    }
    let name = |sid: u16| -> Option<char> {
        match sid {
            // The standard strings begin with those of ASCII in order, but for the two quotes.
            1..=95 => Encoding::Standard.char(sid as u8 + 31),
            96..391 => None,
            _ => named(strings.get(usize::from(sid) - 391)?),
        }
    };
    let mut program = Program::default();
    match top.get(&15).copied().unwrap_or(0) {
        // A predefined character set: glyphs in the order of the standard strings.
        0..=2 => {
            program.glyphs = (1..count.min(96)).filter_map(|g| Some((g as u16, name(g as u16)?))).collect();
        }
        at => {
            let format = *bytes.get(at)?;
            let (mut at, mut glyph) = (at + 1, 1usize);
            while glyph < count {
                let sid = u16_at(bytes, at)?;
                let more = match format {
                    0 => 0,
                    1 => u16::from(*bytes.get(at + 2)?),
                    _ => u16_at(bytes, at + 2)?,
                };
                at += 2 + usize::from(format.min(2));
                for n in 0..=more {
                    if glyph >= count {
                        break;
                    }
                    program.glyphs.extend(name(sid.saturating_add(n)).map(|c| (glyph as u16, c)));
                    glyph += 1;
                }
            }
        }
    }
    match top.get(&16).copied().unwrap_or(0) {
        0 | 1 => program.codes = (0..=255).filter_map(|c| Some((c, Encoding::Standard.char(c)?))).collect(),
        at => {
            let (format, n) = (*bytes.get(at)? & 0x7f, usize::from(*bytes.get(at + 1)?));
            let mut glyph = 1u16;
            for entry in 0..n {
                let (first, left) = match format {
                    0 => (*bytes.get(at + 2 + entry)?, 0),
                    _ => (*bytes.get(at + 2 + entry * 2)?, *bytes.get(at + 3 + entry * 2)?),
                };
                for by in 0..=left {
                    let code = first.checked_add(by)?;
                    program.codes.extend(program.glyphs.get(&glyph).map(|c| (code, *c)));
                    glyph = glyph.checked_add(1)?;
                }
            }
        }
    }
    Some(program)
}

/// The items of an INDEX, and where it ends.
fn index(bytes: &[u8], at: usize) -> Option<(Vec<&[u8]>, usize)> {
    let count = usize::from(u16_at(bytes, at)?);
    if count == 0 {
        return Some((Vec::new(), at + 2));
    }
    let size = usize::from(*bytes.get(at + 2)?);
    if !(1..=4).contains(&size) {
        return None;
    }
    let offset = |n: usize| {
        let from = at + 3 + n * size;
        Some(bytes.get(from..from + size)?.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)))
    };
    let base = at + 2 + (count + 1) * size;
    let mut items = Vec::with_capacity(count);
    for n in 0..count {
        items.push(bytes.get(base.checked_add(offset(n)?)?..base.checked_add(offset(n + 1)?)?)?);
    }
    Some((items, base + offset(count)?))
}

/// The integer operands of a DICT, by operator; two-byte operators are `12 << 8 | second`.
fn dictionary(bytes: &[u8]) -> HashMap<u16, usize> {
    let (mut found, mut last, mut at) = (HashMap::new(), 0i64, 0);
    while let Some(b) = bytes.get(at) {
        let byte = |n: usize| i64::from(bytes.get(at + n).copied().unwrap_or(0));
        let (value, len) = match b {
            0..=21 => {
                let (operator, len) = if *b == 12 { (12 << 8 | byte(1) as u16, 2) } else { (u16::from(*b), 1) };
                found.insert(operator, usize::try_from(last).unwrap_or(0));
                at += len;
                continue;
            }
            28 => (byte(1) << 8 | byte(2), 3),
            29 => (byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4), 5),
            // A real number ends with a half byte of all ones.
            30 => (0, 2 + bytes.get(at + 1..).unwrap_or_default().iter().take_while(|b| **b & 15 != 15).count()),
            32..=246 => (i64::from(*b) - 139, 1),
            247..=250 => ((i64::from(*b) - 247) * 256 + byte(1) + 108, 2),
            251..=254 => (-(i64::from(*b) - 251) * 256 - byte(1) - 108, 2),
            _ => (0, 1),
        };
        last = value;
        at += len;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_type_1_font_tells_its_codes() {
        let program = type_1(
            b"%!PS\n/Encoding 256 array\n0 1 255 {1 index exch /.notdef put} for\ndup 33 /one put\n\
            dup 34 /dcroat put\nreadonly def\ncurrentfile eexec dup 35 /two put",
        );
        assert_eq!((program.codes.get(&33), program.codes.get(&34)), (Some(&'1'), Some(&'đ')));
        assert_eq!(program.codes.get(&35), None);
    }

    #[test]
    fn a_true_type_font_tells_its_glyphs() {
        // One table, `cmap`, with one subtable of format 6: codes 0x30 and 0x31 are the glyphs 5 and 6.
        let sub = [0, 6, 0, 14, 0, 0, 0, 0x30, 0, 2, 0, 5, 0, 6];
        let cmap = [&[0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12], &sub[..]].concat();
        let head = [&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], &b"cmap\0\0\0\0\0\0\0\x1c\0\0\0\x1a"[..]].concat();
        let program = open_type(&[head, cmap].concat());
        assert_eq!((program.glyphs.get(&5), program.glyphs.get(&6)), (Some(&'0'), Some(&'1')));
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), prefix in 0usize..3) {
            let prefix: &[u8] = [b"".as_slice(), b"\0\x01\0\0\0\x01\0\0\0\0\0\0cmap\0\0\0\0\0\0\0\x1c\0\0\x01\0",
                b"\x01\0\x04\x01\0\x01\x01\x01\x02a\0\x01\x01\x01"][prefix];
            let bytes = [prefix, &bytes].concat();
            open_type(&bytes);
            type_1(&bytes);
            compact(&bytes);
        }
    }
}
