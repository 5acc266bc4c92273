//! Patches in little room: a register of 100,000 people has five a row. It masks what it is told to.

use chot_model::DetectorId;

use super::origin::Patch;

/// A patch of at most 64 bytes of at most two kinds, as nearly all are: stars and the spaces between them. Or one of at
/// most 32 bytes of at most four, as addresses are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: u64,
    /// A bit for each byte that is `sign`; the others are `fill`. Of four kinds, a bit for each that is a blank or `sign`, and
    /// from half the bits on, one for each that is a comma or `sign`.
    pub(crate) signs: u64,
    pub(crate) len: u8,
    pub(crate) fill: u8,
    pub(crate) sign: u8,
    pub(crate) detector: DetectorId,
    pub(crate) four: bool,
}

impl Stamp {
    /// Bytes of the longest.
    pub(crate) const LEN_MAX: usize = u64::BITS as usize;
    /// Of the longest of four kinds.
    pub(super) const FOUR_MAX: usize = Self::LEN_MAX / 2;

    /// The stamp that does what a patch does.
    pub(super) fn of(patch: &[u8], at: u64, detector: DetectorId) -> Option<Self> {
        let fill = *patch.first()?;
        let sign = patch.iter().copied().find(|b| *b != fill).unwrap_or(fill);
        let fits = patch.len() <= Self::LEN_MAX && patch.iter().all(|b| *b == fill || *b == sign);
        let signs = || patch.iter().rev().fold(0, |signs, b| signs << 1 | u64::from(*b != fill));
        fits.then(|| Self { at, signs: signs(), len: patch.len() as u8, fill, sign, detector, four: false })
    }

    /// The stamp that does what the beginning of a masked text does; `None` when it begins with none of the four kinds.
    pub(super) fn beginning(patch: &[u8], at: u64, detector: DetectorId) -> Option<Self> {
        let (mut signs, mut len, mut other) = (0, 0, None);
        for b in patch.iter().take(Self::FOUR_MAX) {
            let kind = match b {
                b'*' => 0,
                b' ' => 1,
                b',' => 2,
                sign if *other.get_or_insert(*sign) == *sign => 3,
                _ => break,
            };
            signs |= (kind & 1) << len | kind >> 1 << len << Self::FOUR_MAX;
            len += 1;
        }
        let sign = other.unwrap_or(b'*');
        (len > 0).then_some(Self { at, signs, len, fill: b'*', sign, detector, four: true })
    }

    /// The stamp that masks `original`, which begins at `at`, all but its `signs`, a bit each and all the same.
    #[inline]
    pub(crate) fn masking(original: &[u8], signs: u64, at: u64, detector: DetectorId) -> Self {
        let sign = original.get(signs.trailing_zeros() as usize).copied().unwrap_or(b'*');
        let len = original.len().min(Self::LEN_MAX) as u8;
        Self { at, signs, len, fill: b'*', sign, detector, four: false }
    }

    pub(crate) fn patch(self) -> Patch {
        let two = |n| if self.signs >> n & 1 == 1 { self.sign } else { self.fill };
        let four = |n: u8| match [self.signs >> n & 1, self.signs >> n >> Self::FOUR_MAX & 1] {
            [0, 0] => self.fill,
            [1, 0] => b' ',
            [0, _] => b',',
            _ => self.sign,
        };
        let bytes = (0..self.len).map(|n| if self.four { four(n) } else { two(n) });
        Patch { at: self.at, bytes: bytes.collect() }
    }
}

/// Stamps in blocks, of which none is moved when another is needed: there may be half a million.
#[derive(Default)]
pub(super) struct Stamps {
    /// Those that are full.
    blocks: Vec<Vec<Stamp>>,
    /// The last one. It grows as it needs to if it is the first: most objects have few.
    last: Vec<Stamp>,
    /// How many stand in those that are full.
    full: usize,
}

impl Stamps {
    pub(super) const BLOCK: usize = 4_096;

    #[inline(always)]
    pub(super) fn push(&mut self, stamp: Stamp) {
        if self.last.len() == self.last.capacity() {
            self.grow();
        }
        self.last.push(stamp);
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.full + self.last.len()
    }

    #[cold]
    fn grow(&mut self) {
        if self.last.len() >= Self::BLOCK {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(Self::BLOCK));
            self.full += full.len();
            self.blocks.push(full);
        } else {
            self.last.reserve(Self::BLOCK.min(2 * self.last.len().max(8)) - self.last.len());
        }
    }

    /// Takes over those of a part.
    pub(super) fn take(&mut self, part: Self) {
        let Self { blocks, last, full } = part;
        let ours = std::mem::replace(&mut self.last, last);
        self.full += ours.len() + full;
        self.blocks.extend([ours].into_iter().filter(|ours| !ours.is_empty()).chain(blocks));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stamp> {
        self.blocks.iter().flatten().chain(&self.last)
    }
}

/// The bytes that mask `original`: a star for each, separators and line ends kept so that the shape stays.
pub(crate) fn masked_bytes(original: &[u8]) -> Vec<u8> {
    original.iter().map(|b| mask_of(*b)).collect()
}

const fn mask_of(b: u8) -> u8 {
    if is_kept(b) { b } else { b'*' }
}

/// Whether a byte parts what is masked, and stays.
pub(crate) const fn is_kept(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'-' | b'.' | b'/' | b',' | b'|' | b'<' | b'>' | b'"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_does_what_its_patch_does(original in "[0-9A-Zạ*  ./-]{0,70}", at in 0u64..9) {
            let patch = Patch { at, bytes: masked_bytes(original.as_bytes()) };
            let of = Stamp::of(&patch.bytes, at, DetectorId::Cccd).map(Stamp::patch);
            prop_assert!(of.is_none_or(|p| p == patch));
        }
    }

    #[test]
    fn most_masks_are_stamps() {
        assert_eq!(size_of::<Stamp>(), 24);
        for original in ["001090123456", "001 090 123 456", "Nguyễn Thị Hương", "05/04/1987"] {
            let signs =
                original.bytes().enumerate().filter(|(_, b)| is_kept(*b)).fold(0, |signs, (n, _)| signs | 1 << n);
            let patch = Patch { at: 0, bytes: masked_bytes(original.as_bytes()) };
            assert!(Stamp::of(&patch.bytes, 0, DetectorId::Cccd).is_some(), "{original}");
            assert_eq!(Stamp::masking(original.as_bytes(), signs, 0, DetectorId::Cccd).patch(), patch);
        }
        assert!(Stamp::of(b"0     ", 0, DetectorId::Cccd).is_some());
        assert!(Stamp::of(b"*-*.*", 0, DetectorId::Cccd).is_none());
    }
}
