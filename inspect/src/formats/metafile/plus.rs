//! The records of GDI+ that stand in the comments of an enhanced metafile (MS-EMFPLUS).

use chot_model::OpaqueReason;

use super::super::le::{u16_at, u32_at, utf16};
use super::Drawing;
use super::plane::{Plane, Spot};
use crate::inquiry::{Inquiry, Place};
use crate::text::Text;

/// How high a line of a drawing is, where a record does not say: in pixels of a screen.
const HEIGHT: f64 = 16.0;

/// What has been read of them.
#[derive(Default)]
pub(super) struct Plus {
    plane: Plane,
    /// An object whose bytes come in several records.
    object: Vec<u8>,
    /// The other records draw the same.
    is_dual: bool,
    /// Letters that were told by the numbers of their shapes.
    shapes: usize,
}

impl Plus {
    /// Reads the records of one comment.
    pub(super) fn read(
        &mut self,
        mut rest: &[u8],
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        const HEADER: usize = 12;
        while rest.len() >= HEADER {
            let (kind, flags) = u16_at(rest, 0).zip(u16_at(rest, 2)).ok_or(OpaqueReason::ParseError)?;
            let (size, len) = u32_at(rest, 4).zip(u32_at(rest, 8)).ok_or(OpaqueReason::ParseError)?;
            let data = rest.get(HEADER..).and_then(|data| data.get(..len as usize)).ok_or(OpaqueReason::ParseError)?;
            self.record(kind, flags, data, drawing, inquiry).ok_or(OpaqueReason::ParseError)?;
            rest = rest.get((size as usize).max(HEADER + data.len())..).unwrap_or_default();
            if inquiry.is_late(&drawing.place) {
                return Err(OpaqueReason::TimeLimit);
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        kind: u16,
        flags: u16,
        data: &[u8],
        drawing: &mut Drawing,
        inquiry: &mut Inquiry,
    ) -> Option<()> {
        const IMAGE: u16 = 5;
        match kind {
            0x4001 => self.is_dual = flags & 1 != 0,
            0x4008 if flags >> 8 & 0x7f == IMAGE => self.piece(flags, data, drawing, inquiry)?,
            0x401c => {
                let letters = u32_at(data, 8)? as usize;
                let [x, y, width, height] = [12, 16, 20, 24].map(|at| real(data, at).unwrap_or_default());
                let text = utf16(data.get(28..)?.get(..letters.checked_mul(2)?)?);
                self.write(Spot { x, y, width, height: height.min(HEIGHT) }, text, drawing, inquiry);
            }
            0x4036 => self.driver_string(data, drawing, inquiry)?,
            // A path of curves.
            0x4008 if flags >> 8 & 0x7f == 3 && !self.is_dual => drawing.curves += 1,
            _ => {}
        }
        Some(())
    }

    /// `DrawDriverString` (§2.3.4.6): letters or shapes, each at its place.
    fn driver_string(&mut self, data: &[u8], drawing: &Drawing, inquiry: &mut Inquiry) -> Option<()> {
        const LETTERS: u32 = 1;
        let (options, count) = (u32_at(data, 4)?, u32_at(data, 12)? as usize);
        let units = data.get(16..)?;
        let (letters, places) = units.split_at_checked(count.checked_mul(2)?)?;
        if options & LETTERS == 0 {
            self.shapes += count;
            return Some(());
        }
        let (x, y) = (real(places, 0).unwrap_or_default(), real(places, 4).unwrap_or_default());
        let last = places.len().min(count.saturating_mul(8)).saturating_sub(8);
        let width = real(places, last).unwrap_or_default() - x + HEIGHT / 2.0;
        self.write(Spot { x, y, width, height: HEIGHT }, utf16(letters), drawing, inquiry);
        Some(())
    }

    fn write(&mut self, spot: Spot, text: String, drawing: &Drawing, inquiry: &mut Inquiry) {
        if self.plane.write(spot, text) {
            self.page(drawing, inquiry);
        }
    }

    /// Reads what was written so far: beside the texts of the other records, and not a second time if they are the same.
    fn page(&mut self, drawing: &Drawing, inquiry: &mut Inquiry) {
        let mut text = Text::prose(Place { again: self.is_dual, ..drawing.place.clone() });
        self.plane.read(&drawing.place, &mut text, inquiry);
        text.finish(inquiry);
    }

    /// Takes a picture, or a piece of one (§2.3.5.1).
    fn piece(&mut self, flags: u16, data: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
        const GOES_ON: u16 = 0x8000;
        if flags & GOES_ON == 0 && self.object.is_empty() {
            return image(data, drawing, inquiry);
        }
        // The last piece may go without the mark, and without the length of the whole.
        let (whole, piece) = if flags & GOES_ON == 0 { (0, data) } else { (u32_at(data, 0)? as usize, data.get(4..)?) };
        self.object.extend_from_slice(piece);
        if self.object.len() >= whole {
            return image(&std::mem::take(&mut self.object), drawing, inquiry);
        }
        Some(())
    }

    pub(super) fn finish(mut self, drawing: &mut Drawing, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        self.page(drawing, inquiry);
        // That the other records say the same, nobody can tell.
        drawing.shapes |= self.shapes > 0;
        if self.object.is_empty() { Ok(()) } else { Err(OpaqueReason::ParseError) }
    }
}

/// A picture (§2.2.1.4): a bitmap as a file or in dots, or another metafile.
fn image(data: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
    const BITMAP: u32 = 1;
    const METAFILE: u32 = 2;
    const DOTS: u32 = 0;
    match u32_at(data, 4)? {
        BITMAP if u32_at(data, 24)? == DOTS => dots(data, drawing, inquiry)?,
        BITMAP => drawing.picture(data.get(28..)?, inquiry),
        METAFILE => drawing.picture(data.get(16..)?, inquiry),
        _ => return None,
    }
    Some(())
}

/// A bitmap in dots (§2.2.2.2), whose first row is the highest.
fn dots(data: &[u8], drawing: &mut Drawing, inquiry: &mut Inquiry) -> Option<()> {
    let (width, height) = (u32_at(data, 8)?, u32_at(data, 12)?);
    let (stride, format) = (u32_at(data, 16)?.cast_signed(), u32_at(data, 20)?);
    // The second byte of a format is how many bits a dot has (§2.1.1.21).
    let depth = format >> 8 & 0xff;
    let rows = data.get(28..)?;
    let is_plain =
        matches!(depth, 24 | 32) && i64::from(stride) == i64::from((width.checked_mul(depth)?).div_ceil(32)) * 4;
    if !is_plain {
        inquiry.refuse(&drawing.place, OpaqueReason::UnsupportedFormat, data.len() as u64);
        return Some(());
    }
    let mut header = Vec::new();
    for number in [40, width, height.cast_signed().checked_neg()?.cast_unsigned(), depth << 16 | 1, 0, 0, 0, 0, 0, 0] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    drawing.bitmap(&header, rows, inquiry);
    Some(())
}

fn real(data: &[u8], at: usize) -> Option<f64> {
    u32_at(data, at).map(|bits| f32::from_bits(bits).into())
}
