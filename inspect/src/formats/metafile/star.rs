//! Metafiles of StarView, which LibreOffice still writes where a document shows an object within it.
//!
//! Every record tells its version and its length, and those that nobody knows are passed over.

use std::io::Read as _;

use chot_model::OpaqueReason;
use flate2::read::ZlibDecoder;

use super::super::le::{u16_at, u32_at};
use super::Drawing;
use super::plane::{Font, Spot};
use crate::inquiry::Inquiry;

pub(super) const MARK: &[u8] = b"VCLMTF";

/// Metafiles within metafiles.
const DEPTH_MAX: u32 = 8;

/// Reads all actions.
pub(super) fn read(bytes: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    let behind = actions(bytes, 0, drawing, inquiry)?;
    drawing.end = bytes.len() - behind.len();
    Ok(())
}

/// The bytes a versioned part takes, and its version; takes it off `rest`.
fn part<'b>(rest: &mut &'b [u8]) -> Option<(u16, &'b [u8])> {
    let (version, len) = (u16_at(rest, 0)?, u32_at(rest, 2)?);
    let (part, behind) = rest.get(6..)?.split_at_checked(len as usize)?;
    *rest = behind;
    Some((version, part))
}

/// Reads actions, and returns what stands behind them.
fn actions<'b>(
    bytes: &'b [u8],
    depth: u32,
    drawing: &mut Drawing,
    inquiry: &mut Inquiry,
) -> Result<&'b [u8], OpaqueReason> {
    if depth > DEPTH_MAX {
        return Err(OpaqueReason::TooDeep);
    }
    let cut = || OpaqueReason::ParseError;
    let mut rest = bytes.strip_prefix(MARK).ok_or_else(cut)?;
    let (_, header) = part(&mut rest).ok_or_else(cut)?;
    // How it is packed, which nobody does; its measure; its size; how many actions it has.
    let count = header.len().checked_sub(4).and_then(|at| u32_at(header, at)).ok_or_else(cut)?;
    let (mut font, mut before) = (Font::STOCK, None);
    for _ in 0..count {
        let kind = u16_at(rest, 0).ok_or_else(cut)?;
        rest = rest.get(2..).unwrap_or_default();
        let (version, body) = part(&mut rest).ok_or_else(cut)?;
        if inquiry.is_late(&drawing.place) {
            return Err(OpaqueReason::TimeLimit);
        }
        match kind {
            112..=115 => text((kind, version, body), font, &mut before, drawing, inquiry).ok_or_else(cut)?,
            // Bitmaps as files, some with a place or a mask behind.
            116..=124 => picture(body, drawing, inquiry)?,
            138 => font = height(body).map_or(font, |height| Font { height, ..font }),
            143 => inquiry.refuse(&drawing.place, OpaqueReason::UnsupportedFormat, body.len() as u64),
            147 if body.starts_with(MARK) => {
                actions(body, depth + 1, drawing, inquiry)?;
            }
            109..=111 => drawing.curves += 1,
            _ => {}
        }
    }
    Ok(rest)
}

/// A text behind its place (112), with the places of its letters (113), a width (114), or in a rectangle (115).
fn text(
    action: (u16, u16, &[u8]),
    font: Font,
    before: &mut Option<Said>,
    drawing: &mut Drawing,
    inquiry: &mut Inquiry,
) -> Option<()> {
    let (kind, version, body) = action;
    let place = |at: usize| u32_at(body, at).map(|n| f64::from(n.cast_signed()));
    let (x, y, height) = (place(0)?, place(4)?, font.height.abs());
    let said = body.get(if kind == 115 { 16 } else { 8 }..)?;
    let said = Said::wide(said, kind).or_else(|| Said::narrow(said, kind, version, font))?;
    let (text, width) = said.drawn(before.as_ref());
    *before = Some(said);
    if text.is_empty() {
        return Some(());
    }
    let letters = text.chars().count() as f64;
    let width = width.map_or(height * 0.5 * letters, f64::from);
    drawing.write(Spot { x, y, width, height }, text, inquiry);
    Some(())
}

/// A string, which part of it is drawn, and how wide that is.
struct Said {
    units: Vec<u16>,
    from: usize,
    len: usize,
    width: Option<u32>,
}

impl Said {
    /// As versions of today write it: two bytes a letter, behind a count of four bytes.
    fn wide(said: &[u8], kind: u16) -> Option<Self> {
        let count = u32_at(said, 0)? as usize;
        let (string, behind) = said.get(4..)?.split_at_checked(count.checked_mul(2)?)?;
        Self::new(units(string), behind, kind).map(|(said, _)| said)
    }

    /// As versions of before wrote it: one byte a letter, behind a count of two bytes. Their last ones say it once more
    /// in two bytes.
    fn narrow(said: &[u8], kind: u16, version: u16, font: Font) -> Option<Self> {
        let (string, behind) = said.get(2..)?.split_at_checked(u16_at(said, 0)?.into())?;
        let (mut said, behind) = Self::new(font.decode(string).encode_utf16().collect(), behind, kind)?;
        if version >= 2 {
            said.units = units(behind.get(2..)?.get(..2 * usize::from(u16_at(behind, 0)?))?);
        }
        Some(said)
    }

    /// With what stands behind the string, and the rest of that. `None` where that cannot be.
    fn new(units: Vec<u16>, behind: &[u8], kind: u16) -> Option<(Self, &[u8])> {
        if kind == 115 {
            return Some((Self { from: 0, len: units.len(), units, width: None }, behind.get(2..)?));
        }
        let (width, range) = if kind == 114 { (u32_at(behind, 0), behind.get(4..)?) } else { (None, behind) };
        let (from, len) = (usize::from(u16_at(range, 0)?), usize::from(u16_at(range, 2)?));
        // All of it is said so.
        let len = if len == usize::from(u16::MAX) { units.len().saturating_sub(from) } else { len };
        if from + len > units.len() {
            return None;
        }
        let (width, rest) = if kind == 113 {
            let places = u32_at(range, 4)? as usize;
            let (places, rest) = range.get(8..)?.split_at_checked(places.checked_mul(4)?)?;
            (places.last_chunk().map(|last| u32::from_le_bytes(*last)), rest)
        } else {
            (width, range.get(4..)?)
        };
        Some((Self { units, from, len, width }, rest))
    }

    /// The part that is drawn behind what was drawn `before`. A number that goes on in the next line of a narrow cell is read
    /// whole in the first.
    fn drawn(&self, before: Option<&Self>) -> (String, Option<u32>) {
        let digit = |unit: &&u16| (0x30..0x3a).contains(*unit);
        let (head, behind) = self.units.split_at(self.from.min(self.units.len()));
        let (part, rest) = behind.split_at(self.len.min(behind.len()));
        let goes_on = part.first().as_ref().is_some_and(digit);
        let is_read = before.is_some_and(|said| said.units == self.units && said.from + said.len == self.from);
        let begun = head.iter().rev().take_while(digit).count();
        let (from, to) = (self.from, self.from + part.len());
        let from = match (goes_on && begun > 0, is_read) {
            (true, true) => from + part.iter().take_while(digit).count(),
            (true, false) => from - begun,
            (false, _) => from,
        };
        let left = rest.iter().take_while(digit).count();
        let to = if part.last().as_ref().is_some_and(digit) { to + left } else { to };
        // The middle of a number was read with its beginning.
        let units = if from >= self.from + part.len() { &[] } else { self.units.get(from..to).unwrap_or(part) };
        (String::from_utf16_lossy(units), self.width)
    }
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect()
}

/// The height of a font that is set.
fn height(body: &[u8]) -> Option<f64> {
    let mut rest = body;
    let (_, font) = part(&mut rest)?;
    // Its family and its style stand before its size.
    let style = 2 + usize::from(u16_at(font, 0)?);
    let size = style + 2 + usize::from(u16_at(font, style)?);
    u32_at(font, size + 4).map(|height| height.cast_signed().into())
}

/// A bitmap as in a file; LibreOffice packs the rows of some in a way that no file has.
fn picture(body: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    const FILE_HEADER: usize = 14;
    const PACKED: u32 = 0x0100_4453;
    if u32_at(body, FILE_HEADER + 16) != Some(PACKED) {
        drawing.picture(body, inquiry);
        return Ok(());
    }
    let cut = || OpaqueReason::ParseError;
    let (start, header) = u32_at(body, 10).zip(u32_at(body, FILE_HEADER)).ok_or_else(cut)?;
    let mut file = body.get(FILE_HEADER..start as usize).ok_or_else(cut)?.to_vec();
    if header < 40 {
        return Err(cut());
    }
    // How long the rows are packed, how long they are, and how they were packed before.
    let lengths = body.get(start as usize..).ok_or_else(cut)?;
    let (packed, len, packing) = u32_at(lengths, 0)
        .zip(u32_at(lengths, 4))
        .zip(u32_at(lengths, 8))
        .map(|((a, b), c)| (a, b, c))
        .ok_or_else(cut)?;
    let packed = lengths.get(12..).and_then(|rest| rest.get(..packed as usize)).ok_or_else(cut)?;
    if !inquiry.inflate(len as usize) {
        return Err(OpaqueReason::TooLarge);
    }
    let mut rows = Vec::new();
    ZlibDecoder::new(packed).take(len.into()).read_to_end(&mut rows).map_err(|_| cut())?;
    file.get_mut(16..20).ok_or_else(cut)?.copy_from_slice(&packing.to_le_bytes());
    drawing.bitmap(&file, &rows, inquiry);
    Ok(())
}
