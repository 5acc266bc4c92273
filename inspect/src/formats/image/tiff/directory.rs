//! What the directories of a TIFF file refer to (TIFF 6.0, 2; BigTIFF; EXIF 2.32, 4.6), whether or not it shows anything.

use std::collections::HashSet;
use std::ops::Range;

/// Parts of a file.
#[derive(Default)]
pub(super) struct Parts {
    /// All that something refers to, in any order.
    pub(super) spans: Vec<Range<usize>>,
    /// Previews, packed as JPEG.
    pub(super) previews: Vec<Range<usize>>,
    /// What only the maker of a camera knows.
    pub(super) notes: Vec<Range<usize>>,
    /// No picture is left out that stands within another.
    pub(super) is_whole: bool,
}

/// Directories of a file, values of one entry and of all: no file has more.
const DIRECTORIES_MAX: usize = 10_000;
const VALUES_MAX: usize = 1 << 20;

const STRIPS: u16 = 273;
const STRIP_BYTES: u16 = 279;
const TILES: u16 = 324;
const TILE_BYTES: u16 = 325;
const WITHIN: u16 = 330;
const MAKER_NOTE: u16 = 37_500;
const PREVIEW: u16 = 513;
const PREVIEW_BYTES: u16 = 514;
/// Directories of properties: EXIF, GPS, interoperability.
const PROPERTIES: [u16; 3] = [34_665, 34_853, 40_965];

/// Reads the directories; `None` when the file is none.
pub(super) fn parts(bytes: &[u8]) -> Option<Parts> {
    let little = match bytes {
        [b'I', b'I', ..] => true,
        [b'M', b'M', ..] => false,
        _ => return None,
    };
    let plain = Numbers { bytes, little, big: false };
    let big = match plain.at(2, 2)? {
        42 => false,
        43 => true,
        _ => return None,
    };
    let numbers = Numbers { big, ..plain };
    let head = if big { 16 } else { 8 };
    let mut walk =
        Walk { numbers, parts: Parts { is_whole: true, ..Parts::default() }, seen: HashSet::new(), values: 0 };
    walk.parts.spans.push(0..head.min(bytes.len()));
    let mut left = vec![(numbers.at(head - numbers.wide(), numbers.wide())?, false)];
    while let Some((at, within)) = left.pop() {
        if walk.seen.len() >= DIRECTORIES_MAX {
            walk.parts.is_whole = false;
            break;
        }
        if at != 0 && walk.seen.insert(at) {
            // One that breaks off is for the decoder to tell.
            let _ = walk.directory(at, within, &mut left);
        }
    }
    walk.parts.is_whole &= walk.values <= VALUES_MAX;
    Some(walk.parts)
}

/// The numbers of a file.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    little: bool,
    /// Counts and places take eight bytes.
    big: bool,
}

impl Numbers<'_> {
    /// Bytes of a place.
    const fn wide(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    fn at(self, at: usize, len: usize) -> Option<usize> {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let bytes = self.bytes.get(at..at.checked_add(len)?)?;
        let number = if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) };
        usize::try_from(number).ok()
    }
}

struct Walk<'a> {
    numbers: Numbers<'a>,
    parts: Parts,
    seen: HashSet<usize>,
    values: usize,
}

/// The values of an entry: where the first stands, how long each is, how many.
#[derive(Clone, Copy, Default)]
struct Values {
    at: usize,
    len: usize,
    count: usize,
}

impl Walk<'_> {
    fn directory(&mut self, at: usize, within: bool, left: &mut Vec<(usize, bool)>) -> Option<()> {
        let (numbers, wide) = (self.numbers, self.numbers.wide());
        let (head, entry_len) = if numbers.big { (8, 20) } else { (2, 12) };
        let count = numbers.at(at, head)?;
        let end = at.checked_add(head)?.checked_add(count.checked_mul(entry_len)?)?;
        let next = numbers.at(end, wide)?;
        self.parts.spans.push(at..end + wide);
        self.values += count;
        let [mut starts, mut lengths, mut preview, mut preview_len] = [Values::default(); 4];
        for entry in (at + head..end).step_by(entry_len) {
            let (tag, kind) = (numbers.at(entry, 2)?, numbers.at(entry + 2, 2)?);
            // Bytes of a value of each kind; those of no known kind are as long as they may be.
            let len = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                _ => 8,
            };
            let count = numbers.at(entry + 4, wide)?;
            let size = count.checked_mul(len)?;
            let here = entry + 4 + wide;
            let at = if size <= wide { here } else { numbers.at(here, wide)? };
            if size > wide {
                self.parts.spans.push(at..at.checked_add(size)?.min(numbers.bytes.len()).max(at));
            }
            let values = Values { at, len, count };
            match tag as u16 {
                STRIPS | TILES => starts = values,
                STRIP_BYTES | TILE_BYTES => lengths = values,
                PREVIEW => preview = values,
                MAKER_NOTE if len == 1 => self.parts.notes.push(at..at.saturating_add(count)),
                PREVIEW_BYTES => preview_len = values,
                WITHIN => left.extend(self.all(values)?.into_iter().map(|at| (at, true))),
                tag if PROPERTIES.contains(&tag) => left.extend(self.all(values)?.into_iter().map(|at| (at, within))),
                _ => {}
            }
        }
        left.push((next, within));
        let (starts, lengths) = (self.all(starts)?, self.all(lengths)?);
        let pieces: Vec<_> = starts.into_iter().zip(lengths).map(|(at, len)| at..at.saturating_add(len)).collect();
        if within {
            // The decoder does not go there.
            match &*pieces {
                [] => {}
                [jpeg] => self.parts.previews.push(jpeg.clone()),
                _ => self.parts.is_whole = false,
            }
        }
        self.parts.spans.extend(pieces);
        if let ([at], [len]) = (&*self.all(preview)?, &*self.all(preview_len)?) {
            let span = *at..at.saturating_add(*len);
            self.parts.spans.push(span.clone());
            self.parts.previews.push(span);
        }
        Some(())
    }

    /// All values of an entry.
    fn all(&mut self, values: Values) -> Option<Vec<usize>> {
        self.values = self.values.saturating_add(values.count);
        if self.values > VALUES_MAX {
            return None;
        }
        (0..values.count).map(|n| self.numbers.at(values.at + n * values.len, values.len)).collect()
    }
}
