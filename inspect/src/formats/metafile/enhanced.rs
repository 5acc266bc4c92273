//! Enhanced metafiles (MS-EMF): records of 32-bit Windows, and those of GDI+ in their comments.

use chot_model::OpaqueReason;

use super::super::le::{u16_at, u32_at, utf16};
use super::Drawing;
use super::plane::{Context, Contexts, Font, Fonts, Turn};
use super::plus::Plus;
use crate::inquiry::Inquiry;

/// Of `ExtTextOut`: numbers of shapes instead of letters; of the short form: no rectangle, letters of one byte.
const BY_SHAPE: u32 = 0x10;
const NO_RECTANGLE: u32 = 0x100;
const NARROW: u32 = 0x200;

/// Reads all records.
pub(super) fn read(bytes: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    const END: u32 = 14;
    let (mut reader, mut at) = (Reader::default(), 0);
    loop {
        let (kind, len) = u32_at(bytes, at).zip(u32_at(bytes, at + 4)).ok_or(OpaqueReason::ParseError)?;
        let record = bytes.get(at..).and_then(|rest| rest.get(..len as usize)).filter(|record| record.len() >= 8);
        let record = record.ok_or(OpaqueReason::ParseError)?;
        if kind == END {
            drawing.end = at + record.len();
            return reader.plus.finish(drawing, inquiry);
        }
        if inquiry.is_late(&drawing.place) {
            return Err(OpaqueReason::TimeLimit);
        }
        reader.record(kind, record, drawing, inquiry)?;
        at += record.len();
    }
}

#[derive(Default)]
struct Reader {
    contexts: Contexts,
    fonts: Fonts,
    plus: Plus,
}

/// A signed number of a record.
fn number(record: &[u8], at: usize) -> Option<f64> {
    u32_at(record, at).map(|n| n.cast_signed().into())
}

fn pair(record: &[u8], at: usize) -> Option<(f64, f64)> {
    number(record, at).zip(number(record, at + 4))
}

/// Six numbers that say how a plane lies in another.
fn turn(record: &[u8], at: usize) -> Option<Turn> {
    let mut turn = Turn::NONE;
    for (n, slot) in turn.0.iter_mut().enumerate() {
        *slot = f32::from_bits(u32_at(record, at + 4 * n)?).into();
    }
    Some(turn)
}

impl Reader {
    fn record(
        &mut self,
        kind: u32,
        record: &[u8],
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        match kind {
            2..=8 | 85..=91 => drawing.curves += 1,
            70 => self.comment(record, drawing, inquiry)?,
            76 | 77 | 78 | 114 | 116 => bitmap(record, 84, drawing, inquiry)?,
            79 => bitmap(record, 96, drawing, inquiry)?,
            80 | 81 => bitmap(record, 48, drawing, inquiry)?,
            // What areas are filled with.
            93 | 94 => bitmap(record, 16, drawing, inquiry)?,
            83 | 84 => self.text(record, 36, kind == 84, drawing, inquiry).ok_or(OpaqueReason::ParseError)?,
            96 | 97 => {
                const ENTRY: usize = 40;
                let count = u32_at(record, 36).ok_or(OpaqueReason::ParseError)? as usize;
                let mut letters = 0;
                for n in 0..count.min(record.len() / ENTRY) {
                    let entry = 40 + n * ENTRY;
                    // Each has letters of its own.
                    letters += u32_at(record, entry + 8).unwrap_or_default() as usize;
                    let read = if letters <= record.len() {
                        self.text(record, entry, kind == 97, drawing, inquiry)
                    } else {
                        None
                    };
                    read.ok_or(OpaqueReason::ParseError)?;
                }
            }
            108 => self.short_text(record, drawing, inquiry).ok_or(OpaqueReason::ParseError)?,
            // A call that leaves nothing behind that matters here, or not all of it.
            _ => {
                let _ = self.state(kind, record);
            }
        }
        Ok(())
    }

    /// What changes how text is put down. `None` when a record is shorter than it should be: nothing is lost by it but a
    /// place.
    fn state(&mut self, kind: u32, record: &[u8]) -> Option<()> {
        let now: &mut Context = &mut self.contexts.now;
        match kind {
            9 => [now.window[2], now.window[3]] = pair(record, 8)?.into(),
            10 => [now.window[0], now.window[1]] = pair(record, 8)?.into(),
            11 => [now.viewport[2], now.viewport[3]] = pair(record, 8)?.into(),
            12 => [now.viewport[0], now.viewport[1]] = pair(record, 8)?.into(),
            17 => now.mode = u32_at(record, 8)?,
            22 => now.align = u32_at(record, 8)?,
            27 | 54 => now.pen = pair(record, 8)?,
            33 => self.contexts.save(),
            34 => self.contexts.restore(u32_at(record, 8)?.cast_signed()),
            35 => now.world = turn(record, 8)?,
            36 => {
                let turn = turn(record, 8)?;
                now.world = match u32_at(record, 32)? {
                    1 => Turn::NONE,
                    2 => turn.then(now.world),
                    3 => now.world.then(turn),
                    _ => turn,
                };
            }
            37 => now.font = self.fonts.get(&u32_at(record, 8)?).copied().unwrap_or(now.font),
            82 => {
                let is_vietnamese = record.get(12 + 23) == Some(&Font::VIETNAMESE);
                self.fonts.insert(u32_at(record, 8)?, Font { height: number(record, 12)?, is_vietnamese });
            }
            _ => {}
        }
        Some(())
    }

    /// `ExtTextOut`, whose description begins at `at` (§2.2.5).
    fn text(
        &mut self,
        record: &[u8],
        at: usize,
        wide: bool,
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) -> Option<()> {
        let point = pair(record, at)?;
        let letters = u32_at(record, at + 8)? as usize;
        let options = u32_at(record, at + 16)?;
        let bytes = record.get(u32_at(record, at + 12)? as usize..)?;
        let bytes = bytes.get(..letters.checked_mul(if wide { 2 } else { 1 })?)?;
        // How far each letter is from the next, if that is told.
        let steps = u32_at(record, at + 36).filter(|start| *start > 0).and_then(|start| record.get(start as usize..));
        let steps = steps.and_then(|steps| steps.get(..letters.checked_mul(4)?)).filter(|steps| !steps.is_empty());
        let width = steps.map(|steps| steps.as_chunks::<4>().0.iter().map(|n| f64::from(u32::from_le_bytes(*n))).sum());
        self.put(point, options, if wide { Ok(bytes) } else { Err(bytes) }, width, drawing, inquiry);
        Some(())
    }

    /// `SmallTextOut` (§2.3.5.37).
    fn short_text(&mut self, record: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
        let (point, letters, options) = (pair(record, 8)?, u32_at(record, 16)? as usize, u32_at(record, 20)?);
        let bytes = record.get(if options & NO_RECTANGLE == 0 { 52 } else { 36 }..)?;
        let text =
            if options & NARROW == 0 { Ok(bytes.get(..letters.checked_mul(2)?)?) } else { Err(bytes.get(..letters)?) };
        self.put(point, options, text, None, drawing, inquiry);
        Some(())
    }

    /// Puts a text of two bytes a letter, or of one, at its place.
    fn put(
        &mut self,
        at: (f64, f64),
        options: u32,
        text: Result<&[u8], &[u8]>,
        width: Option<f64>,
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) {
        let text = match text {
            Ok([]) | Err([]) => return,
            _ if options & BY_SHAPE != 0 => return drawing.shapes = true,
            Ok(wide) => utf16(wide),
            Err(narrow) => self.contexts.now.font.decode(narrow),
        };
        let spot = self.contexts.now.spot(at, text.chars().count(), width);
        drawing.write(spot, text, inquiry);
    }

    fn comment(&mut self, record: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        const DATA: usize = 12;
        let len = u32_at(record, 8).unwrap_or_default() as usize;
        let data = record.get(DATA..).unwrap_or_default();
        let data = data.get(..len.min(data.len())).unwrap_or_default();
        match data.split_first_chunk() {
            Some((b"EMF+", records)) => self.plus.read(records, drawing, inquiry),
            Some((b"GDIC", rest)) if matches!(u32_at(rest, 0), Some(0x4000_0004)) => {
                if formats(data, drawing, inquiry).is_none() {
                    inquiry.refuse(&drawing.place, OpaqueReason::ParseError, data.len() as u64);
                }
                Ok(())
            }
            // A metafile of 16-bit Windows in pieces: the same drawing once more.
            _ => Ok(()),
        }
    }
}

/// The same drawing in other formats, such as PDF of macOS, each told by how long it is and where (§2.3.3.4.3).
fn formats(comment: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
    const COUNT: usize = 24;
    const ENTRY: usize = 16;
    let count = u32_at(comment, COUNT)? as usize;
    for n in 0..count {
        let entry = comment.get(COUNT + 4 + n.checked_mul(ENTRY)?..)?;
        let (len, at) = u32_at(entry, 8).zip(u32_at(entry, 12))?;
        let bytes = comment.get(at as usize..)?.get(..len as usize)?;
        if bytes.starts_with(b"%PDF-") {
            drawing.objects = Some(memchr::memmem::find_iter(bytes, b"endobj").count());
        }
        drawing.picture(bytes, inquiry);
    }
    Some(())
}

/// A bitmap of which four numbers at `at` tell where its header and its rows lie in the record, and how long they are.
fn bitmap(record: &[u8], at: usize, drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
    let part = |at: usize| {
        let (start, len) = u32_at(record, at).zip(u32_at(record, at + 4))?;
        record.get(start as usize..)?.get(..len as usize)
    };
    if u32_at(record, at + 4).is_none_or(|header| header == 0) {
        // A rectangle of one colour.
        return Ok(());
    }
    let (header, rows) = part(at).zip(part(at + 8)).ok_or(OpaqueReason::ParseError)?;
    if u16_at(header, 0).is_some() {
        drawing.bitmap(header, rows, inquiry);
    }
    Ok(())
}
