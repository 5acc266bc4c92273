//! Metafiles of 16-bit Windows (MS-WMF), with the header that tells their place or without.

use chot_model::OpaqueReason;

use super::super::le::{u16_at, u32_at};
use super::Drawing;
use super::plane::{Contexts, Font, Fonts};
use crate::inquiry::Inquiry;

/// The header that tells where a drawing is to be placed.
const PLACED: [u8; 4] = [0xd7, 0xcd, 0xc6, 0x9a];
const PLACED_LEN: usize = 22;
const HEADER_LEN: usize = 18;

/// Whether this is the beginning of one.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    if bytes.starts_with(&PLACED) {
        return true;
    }
    let is_kind = matches!(u16_at(bytes, 0), Some(1 | 2)) && u16_at(bytes, 2) == Some(9);
    let is_version = matches!(u16_at(bytes, 4), Some(0x100 | 0x300));
    // Nothing is left of what this field was for.
    is_kind && is_version && u16_at(bytes, 16) == Some(0)
}

/// Reads all records.
pub(super) fn read(bytes: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    const END: u16 = 0;
    let placed = if bytes.starts_with(&PLACED) { PLACED_LEN } else { 0 };
    let mut at = placed + HEADER_LEN;
    let mut reader = Reader::default();
    loop {
        let (words, kind) = u32_at(bytes, at).zip(u16_at(bytes, at + 4)).ok_or(OpaqueReason::ParseError)?;
        if kind == END {
            drawing.end = at + 6;
            return reader.finish(drawing, inquiry);
        }
        let len = (words as usize).saturating_mul(2);
        let record = bytes.get(at..).and_then(|rest| rest.get(6..len)).ok_or(OpaqueReason::ParseError)?;
        if inquiry.is_late(&drawing.place) {
            return Err(OpaqueReason::TimeLimit);
        }
        reader.record(kind, record, drawing, inquiry)?;
        at += len;
    }
}

/// A signed number of a record, the `n`th of its words.
fn word(record: &[u8], n: usize) -> Option<f64> {
    u16_at(record, 2 * n).map(|word| word.cast_signed().into())
}

#[derive(Default)]
struct Reader {
    contexts: Contexts,
    /// What was made takes the lowest number that is free.
    objects: Vec<bool>,
    /// None below this one is free.
    free: usize,
    fonts: Fonts,
    /// An enhanced metafile that stands in comments.
    enhanced: Vec<u8>,
}

impl Reader {
    /// More objects than programs make.
    const OBJECTS_MAX: usize = 1 << 16;

    fn record(
        &mut self,
        kind: u16,
        record: &[u8],
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        match kind {
            0x0521 => {
                let len = usize::from(u16_at(record, 0).ok_or(OpaqueReason::ParseError)?);
                let text = record.get(2..2 + len).ok_or(OpaqueReason::ParseError)?;
                let at = 1 + len.div_ceil(2);
                self.put(word(record, at + 1).zip(word(record, at)), text, None, drawing, inquiry);
            }
            0x0a32 => self.text(record, drawing, inquiry).ok_or(OpaqueReason::ParseError)?,
            // Bitmaps as they are in files, at the end of the record.
            0x0142 => {
                bitmap(record, 4, drawing, inquiry)?;
                self.make(kind, record);
            }
            0x0324 | 0x0325 | 0x0538 => drawing.curves += 1,
            0x0940 => bitmap(record, 16, drawing, inquiry)?,
            0x0b41 => bitmap(record, 20, drawing, inquiry)?,
            0x0f43 => bitmap(record, 22, drawing, inquiry)?,
            0x0d33 => bitmap(record, 18, drawing, inquiry)?,
            // Bitmaps as a device has them.
            0x0922 | 0x0b23 if record.len() > 24 => {
                inquiry.refuse(&drawing.place, OpaqueReason::UnsupportedFormat, record.len() as u64);
            }
            0x0626 => self.escape(record),
            0x001e => self.contexts.save(),
            0x0127 => self.contexts.restore(u16_at(record, 0).unwrap_or_default().cast_signed().into()),
            0x00f7 | 0x01f9 | 0x02fa | 0x02fb | 0x02fc | 0x06ff => self.make(kind, record),
            _ => {
                let _ = self.state(kind, record);
            }
        }
        Ok(())
    }

    /// What changes how text is put down. `None` when a record is shorter than it should be: nothing is lost by it but a
    /// place.
    fn state(&mut self, kind: u16, record: &[u8]) -> Option<()> {
        let now = &mut self.contexts.now;
        match kind {
            0x0103 => now.mode = u16_at(record, 0)?.into(),
            0x012d => now.font = self.fonts.get(&u16_at(record, 0)?.into()).copied().unwrap_or(now.font),
            0x012e => now.align = u16_at(record, 0)?.into(),
            0x01f0 => {
                let number = u16_at(record, 0)?;
                self.fonts.remove(&number.into());
                *self.objects.get_mut(usize::from(number))? = false;
                self.free = self.free.min(number.into());
            }
            0x020b => [now.window[1], now.window[0]] = [word(record, 0)?, word(record, 1)?],
            0x020c => [now.window[3], now.window[2]] = [word(record, 0)?, word(record, 1)?],
            0x0213 | 0x0214 => now.pen = (word(record, 1)?, word(record, 0)?),
            _ => {}
        }
        // Where it is shown is told by whoever shows it: as large as it is here, and with the same side up.
        let [.., width, height] = now.window;
        now.viewport = [0.0, 0.0, width.abs(), height.abs()];
        Some(())
    }

    fn make(&mut self, kind: u16, record: &[u8]) {
        let above = self.objects.iter().skip(self.free).position(|taken| !taken);
        let number = above.map_or(self.objects.len(), |n| self.free + n);
        self.free = number + 1;
        match self.objects.get_mut(number) {
            Some(taken) => *taken = true,
            None if number < Self::OBJECTS_MAX => self.objects.push(true),
            None => return,
        }
        if let (0x02fb, Some(height)) = (kind, word(record, 0)) {
            let is_vietnamese = record.get(13) == Some(&Font::VIETNAMESE);
            self.fonts.insert(number as u32, Font { height, is_vietnamese });
        }
    }

    /// `ExtTextOut` (§2.3.3.5).
    fn text(&mut self, record: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
        const HAS_RECTANGLE: u16 = 6;
        const BY_SHAPE: u16 = 0x10;
        let point = (word(record, 1)?, word(record, 0)?);
        let (len, options) = (usize::from(u16_at(record, 4)?), u16_at(record, 6)?);
        let start = if options & HAS_RECTANGLE == 0 { 8 } else { 16 };
        let text = record.get(start..start + len)?;
        if options & BY_SHAPE != 0 {
            drawing.shapes |= len > 0;
            return Some(());
        }
        let steps = record.get(start + len.next_multiple_of(2)..).and_then(|steps| steps.get(..2 * len));
        let width = steps.map(|steps| steps.as_chunks::<2>().0.iter().map(|n| f64::from(i16::from_le_bytes(*n))).sum());
        self.put(Some(point), text, width, drawing, inquiry);
        Some(())
    }

    fn put(
        &mut self,
        at: Option<(f64, f64)>,
        text: &[u8],
        width: Option<f64>,
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) {
        let text = self.contexts.now.font.decode(text);
        let spot = self.contexts.now.spot(at.unwrap_or_default(), text.chars().count(), width);
        drawing.write(spot, text, inquiry);
    }

    /// Collects an enhanced metafile that stands in comments, a piece each (§2.3.6.2).
    fn escape(&mut self, record: &[u8]) {
        const COMMENT: u16 = 15;
        const MARK: &[u8] = b"WMFC\x01\0\0\0";
        const PIECE: usize = 4 + 34;
        if u16_at(record, 0) == Some(COMMENT) && record.get(4..).is_some_and(|data| data.starts_with(MARK)) {
            let len = u32_at(record, 4 + 22).unwrap_or_default() as usize;
            let piece = record.get(PIECE..).unwrap_or_default();
            self.enhanced.extend_from_slice(piece.get(..len.min(piece.len())).unwrap_or_default());
        }
    }

    /// The enhanced one is the same drawing, and better.
    fn finish(self, drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        if !self.enhanced.is_empty() {
            drawing.picture(&self.enhanced, inquiry);
        }
        Ok(())
    }
}

/// A bitmap that begins at `at` of a record, if it has one: its header, its colours and its rows.
fn bitmap(record: &[u8], at: usize, drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    const CORE: u32 = 12;
    let Some(whole) = record.get(at..).filter(|whole| whole.len() > CORE as usize) else { return Ok(()) };
    let cut = || OpaqueReason::ParseError;
    let header = u32_at(whole, 0).ok_or_else(cut)?;
    let (depth, entry) = if header == CORE { (u16_at(whole, 10), 3) } else { (u16_at(whole, 14), 4) };
    let depth = depth.ok_or_else(cut)?;
    let (packing, used) =
        if header == CORE { (0, 0) } else { (u32_at(whole, 16).unwrap_or(0), u32_at(whole, 32).unwrap_or(0)) };
    // Three masks stand behind the oldest header that has them.
    let masks = if header == 40 && packing == 3 { 12 } else { 0 };
    let most = if depth <= 8 { 1 << depth } else { 0 };
    let colors = if used == 0 { most } else { (used as usize).min(most.max(256)) };
    let start = (header as usize).saturating_add(masks).saturating_add(colors * entry);
    let (header, rows) = whole.split_at_checked(start).ok_or_else(cut)?;
    drawing.bitmap(header, rows, inquiry);
    Ok(())
}
