//! Codes that are drawn without a picture: by letters that are blocks, cells of a table, rectangles.
//!
//! What has the three finders of a QR code is shown to whoever reads codes in pictures. A code it cannot read is told.

use std::collections::BTreeSet;

use chot_model::OpaqueReason;

use super::told::{Event, Told};
use crate::extract::{Bounds, Kind};
use crate::inquiry::{Inquiry, Place};
use crate::source::Source;

/// The smallest code has 21 modules on a side; the largest 177, and more cells are none of one drawn so.
pub(crate) const SIDE_MIN: usize = 21;
pub(crate) const SIDE_MAX: usize = 800;
/// Bytes of a picture that is shown. Modules as wide as high need an eighth of it; many times as wide as high, any number.
const PICTURE_MAX: usize = 16 << 20;
/// Finders of a code.
const FINDERS: usize = 3;

/// Reads the code that rows of cells draw, true being ink; false if they draw none.
pub(crate) fn read(rows: &[Vec<bool>], place: &Place, inquiry: &mut Inquiry) -> bool {
    match picture(rows) {
        Some(Some(picture)) => show(&picture, place, inquiry),
        Some(None) => inquiry.refuse(place, OpaqueReason::TooLarge, 1),
        None => return false,
    }
    true
}

/// The texts of the code that rows of cells draw, where pictures are read in the same process, or why there are none;
/// `None` if they draw no code.
pub(crate) fn codes(rows: &[Vec<bool>]) -> Option<Result<Vec<Vec<u8>>, OpaqueReason>> {
    let Some(picture) = picture(rows)? else { return Some(Err(OpaqueReason::TooLarge)) };
    let mut told = Told::default();
    let ended = super::read(&picture, &mut |piece| told.take(piece));
    let codes = texts(told);
    let unread = || Err(ended.err().unwrap_or(OpaqueReason::UnsupportedFormat));
    Some(if codes.is_empty() { unread() } else { Ok(codes) })
}

/// The picture of the code that rows of cells draw, if it is not too large; `None` if they draw no code.
fn picture(rows: &[Vec<bool>]) -> Option<Option<Vec<u8>>> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    if !(SIDE_MIN..=SIDE_MAX).contains(&width) || !(SIDE_MIN..=SIDE_MAX).contains(&rows.len()) {
        return None;
    }
    // Light on dark as well: a terminal's ink is light.
    let cells = [true, false].map(|ink| Cells { rows, width, ink });
    cells.iter().find_map(|cells| cells.module().map(|module| cells.picture(module)))
}

/// Reads the codes of a picture.
fn show(picture: &dyn Source, place: &Place, inquiry: &mut Inquiry) {
    let bounds = Bounds { decoded_bytes_max: u64::MAX, time_max: inquiry.time_left() };
    let extractor = inquiry.extractor.clone();
    let mut told = Told::default();
    let ended = extractor.extract(Kind::Picture, picture, bounds, &[], &mut |piece| told.take(piece));
    let codes = texts(told);
    if let (Err(reason), true) = (ended, codes.is_empty()) {
        inquiry.refuse(place, reason, 1);
    } else if codes.is_empty() {
        inquiry.refuse(place, OpaqueReason::UnsupportedFormat, 1);
    }
    for text in codes {
        super::object(&text, place.member("qr", crate::redact::Origin::Lost), inquiry);
    }
}

fn texts(told: Told) -> Vec<Vec<u8>> {
    told.events().filter_map(|event| if let Event::Code(text) = event { Some(text) } else { None }).collect()
}

struct Cells<'r> {
    rows: &'r [Vec<bool>],
    width: usize,
    /// What stands for dark.
    ink: bool,
}

impl Cells<'_> {
    fn is_dark(&self, x: usize, y: usize) -> bool {
        // What a short row does not say is ground, and so is all around.
        self.rows.get(y).and_then(|row| row.get(x)).is_some_and(|cell| *cell == self.ink)
    }

    /// The width and height of a module, if there are as many finders as a code has.
    fn module(&self) -> Option<(usize, usize)> {
        let mut found = BTreeSet::new();
        let mut module = None;
        for y in 0..self.rows.len() {
            for (centre, across) in finders(self.width, |x| self.is_dark(x, y)) {
                let upright = finders(self.rows.len(), |y| self.is_dark(centre, y));
                if let Some((middle, down)) = upright.into_iter().find(|(middle, down)| middle.abs_diff(y) <= 2 * down)
                {
                    found.insert((centre, middle));
                    module = module.or(Some((across, down)));
                }
            }
        }
        module.filter(|_| found.len() >= FINDERS)
    }

    /// A bitmap of it in which modules are square and stand on light ground; `None` when that is too large.
    fn picture(&self, (across, down): (usize, usize)) -> Option<Vec<u8>> {
        /// Pixels of a module that are seen well, and modules of ground around a code.
        const MODULE: usize = 3;
        const GROUND: usize = 4;
        // As many pixels across as down.
        let part =
            (1..=across.min(down)).rev().find(|n| across.is_multiple_of(*n) && down.is_multiple_of(*n)).unwrap_or(1);
        let (wide, high) = (down / part, across / part);
        let scale = MODULE.div_ceil(across * wide);
        let (wide, high) = (wide * scale, high * scale);
        let (left, top) = (GROUND * across, GROUND * down);
        let (width, height) = ((self.width + 2 * left) * wide, (self.rows.len() + 2 * top) * high);
        let stride = width.next_multiple_of(4);
        if stride.checked_mul(height).is_none_or(|bytes| bytes > PICTURE_MAX) {
            return None;
        }
        let mut file = header(width, height, stride);
        for y in (0..height).rev() {
            let cell = |x: usize| (x / wide).checked_sub(left).zip((y / high).checked_sub(top));
            let is_dark =
                |x: usize| cell(x).is_some_and(|(x, y)| x < self.width && y < self.rows.len() && self.is_dark(x, y));
            file.extend((0..stride).map(|x| u8::from(!is_dark(x))));
        }
        Some(file)
    }
}

/// The head of a bitmap of two colours, a byte a pixel, the lowest row first.
fn header(width: usize, height: usize, stride: usize) -> Vec<u8> {
    const DATA: u32 = 14 + 40 + 8;
    let mut file = b"BM".to_vec();
    let size = (stride * height) as u32;
    let numbers =
        [DATA + size, 0, DATA, 40, width as u32, height as u32, 1 | 8 << 16, 0, size, 0, 0, 2, 2, 0, 0x00ff_ffff];
    file.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
    file
}

/// Where in a line the pattern of a finder is: its middle, and the cells of a module. Dark 1, light 1, dark 3, light 1, dark 1.
fn finders(len: usize, is_dark: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let (mut found, mut runs, mut start) = (Vec::new(), [0usize; 5], 0);
    for at in 0..=len {
        if at < len && at > start && is_dark(at) == is_dark(start) || at == start {
            continue;
        }
        runs.rotate_left(1);
        runs[4] = at - start;
        let [a, b, c, d, e] = runs;
        if is_dark(start) && a > 0 && b == a && c == 3 * a && d == a && e == a {
            found.push((at - 3 * a - a.div_ceil(2), a));
        }
        start = at;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose finders are `across` wide and `down` high a module.
    fn rows(across: usize, down: usize) -> Vec<Vec<bool>> {
        let line = |text: &str| text.bytes().flat_map(|b| vec![b == b'#'; across]).collect::<Vec<_>>();
        let finder = ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"];
        let two = finder.map(|row| line(&format!("{row}       {row}")));
        let one = finder.map(|row| line(&format!("{row}              ")));
        let gap = std::iter::repeat_n(line(&" ".repeat(SIDE_MIN)), 7);
        two.into_iter().chain(gap).chain(one).flat_map(|row| vec![row; down]).collect()
    }

    #[test]
    fn a_picture_is_bounded_whatever_the_modules() {
        // The last is a page as wide as can be beside a code of thin modules.
        let cases =
            [(1, 1, 0), (1, 2, 0), (2, 1, 0), (3, 5, 0), (1, 38, 0), (38, 1, 0), (37, 36, 0), (1, 38, SIDE_MAX)];
        for (n, (across, down, width)) in cases.into_iter().enumerate() {
            let rows = rows(across, down);
            let cells = Cells { rows: &rows, width: rows[0].len().max(width), ink: true };
            assert_eq!(cells.module(), Some((across, down)));
            let picture = cells.picture((across, down));
            assert_eq!(picture.is_some(), n < 6, "{across} by {down}");
            assert!(picture.is_none_or(|picture| picture.len() <= PICTURE_MAX + 100));
        }
    }

    #[test]
    fn finders_are_exact() {
        let line = |text: &str| finders(text.len(), |x| text.as_bytes()[x] == b'#');
        assert_eq!(line("# ### #"), [(3, 1)]);
        assert_eq!(line("  ##  ######  ##"), [(9, 2)]);
        for none in ["# #### #", "# ### ##", "## ### #", "# ## #", "", "#######"] {
            assert!(line(none).is_empty(), "{none:?}");
        }
    }
}
