//! From a place in a decoded text back to the bytes of the top-level object, and the splices that mask findings there.
//!
//! Every edit keeps the length of the bytes it replaces, so that line structure, lengths announced elsewhere and the
//! bytes around stay as they are. What came out of a container is edited at an address of its own (`region`), and the
//! container packed again around it (`repack`). Nothing here decides what is masked.

mod change;
mod region;
mod repack;

use std::sync::Arc;

use chot_detectors::{BLOCK, among};
use chot_model::{DetectorId, Masked};

use crate::base64;
use crate::source::{Source, Splice};
pub(crate) use change::Change;
use region::Regions;
pub(crate) use region::{Move, Packing, Region};
pub(crate) use repack::{Contents, Patching, Why};

/// Why an object cannot be redacted. The caller blocks instead.
#[derive(Debug, thiserror::Error)]
pub enum NotRedactable {
    /// A finding lies in a part that cannot be rewritten.
    #[error("a {detector} lies in {part}, which cannot be rewritten")]
    Part {
        /// What was found there.
        detector: DetectorId,
        /// Where.
        part: Masked,
    },
    /// A finding lies in a container that cannot be packed again.
    #[error("what was found lies in a container that {why}")]
    Container {
        /// What is the matter with it.
        why: &'static str,
    },
    /// More findings than a redaction keeps.
    #[error("more findings than can be redacted")]
    TooMany,
}

/// Where the bytes of an object lie.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Nowhere that could be rewritten: decoded from a disguise, a side field.
    Lost,
    /// The same bytes, from this address on: an offset in the top-level object, or what came out of a container.
    Raw(u64),
    /// Behind a transfer encoding of a mail.
    Transfer(Arc<Transfer>),
}

/// The map of one transfer-encoded body: which encoded bytes each decoded byte came from.
#[derive(Debug, Default)]
pub(crate) struct Transfer {
    /// Ordered by `decoded`.
    pub(crate) pieces: Vec<Piece>,
}

/// A run of decoded bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) decoded: u64,
    pub(crate) len: u32,
    /// Where its encoded form begins in the top-level object.
    pub(crate) source: u64,
    pub(crate) coding: Coding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Literally.
    Same,
    /// One byte as `=XX`.
    Escape,
    /// One base64 quantum of up to three bytes, all four characters side by side.
    Quantum([u8; 3]),
    /// In a way that cannot be rewritten.
    Broken,
}

/// New bytes of an object, as many as stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) at: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A patch at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Bytes(Patch),
    /// Some bytes of a base64 quantum.
    Quantum {
        at: u64,
        plain: [u8; 3],
        len: u8,
        new: [Option<u8>; 3],
    },
}

impl Edit {
    fn moved(&self, moved: Move) -> Self {
        match self {
            Self::Bytes(Patch { at, bytes }) => Self::Bytes(Patch { at: moved.address(*at), bytes: bytes.clone() }),
            Self::Quantum { at, plain, len, new } => {
                Self::Quantum { at: moved.address(*at), plain: *plain, len: *len, new: *new }
            }
        }
    }
}

impl Origin {
    /// The origin of a part that begins `by` bytes into this object.
    pub(crate) fn shifted(&self, by: u64) -> Self {
        match self {
            Self::Raw(base) => Self::Raw(base + by),
            Self::Transfer(_) | Self::Lost => Self::Lost,
        }
    }

    /// Carries patches of the object to their addresses; `None` when they cannot be.
    pub(crate) fn lift(&self, patches: Vec<Patch>) -> Option<Vec<Edit>> {
        match self {
            Self::Lost => None,
            Self::Raw(base) => {
                Some(patches.into_iter().map(|p| Edit::Bytes(Patch { at: p.at + base, bytes: p.bytes })).collect())
            }
            Self::Transfer(map) => {
                let mut edits = Vec::new();
                for patch in &patches {
                    map.lift(patch, &mut edits)?;
                }
                Some(edits)
            }
        }
    }
}

impl Transfer {
    fn lift(&self, patch: &Patch, edits: &mut Vec<Edit>) -> Option<()> {
        let end = patch.at + patch.bytes.len() as u64;
        let first = self.pieces.partition_point(|p| p.decoded + u64::from(p.len) <= patch.at);
        let mut covered = patch.at;
        for piece in self.pieces.get(first..)?.iter().take_while(|p| p.decoded < end) {
            let span = piece.decoded.max(patch.at)..(piece.decoded + u64::from(piece.len)).min(end);
            let new = patch.bytes.get((span.start - patch.at) as usize..(span.end - patch.at) as usize)?;
            let into = span.start - piece.decoded;
            if span.start != covered {
                return None;
            }
            covered = span.end;
            edits.push(match piece.coding {
                Coding::Same => Edit::Bytes(Patch { at: piece.source + into, bytes: new.to_vec() }),
                Coding::Escape => {
                    Edit::Bytes(Patch { at: piece.source, bytes: format!("={:02X}", new.first()?).into_bytes() })
                }
                Coding::Quantum(plain) => {
                    let mut bytes = [None; 3];
                    for (slot, b) in bytes.iter_mut().skip(into as usize).zip(new) {
                        *slot = Some(*b);
                    }
                    Edit::Quantum { at: piece.source, plain, len: piece.len as u8, new: bytes }
                }
                Coding::Broken => return None,
            });
        }
        (covered == end).then_some(())
    }
}

/// Memory for the edits of a redaction, in stamps of 24 bytes. Beyond this the object cannot be redacted. A register of
/// 100,000 people has five stamps a row.
const EDITS_MAX: usize = 800_000;

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
    const FOUR_MAX: usize = Self::LEN_MAX / 2;

    /// The stamp that does what a patch does.
    fn of(patch: &[u8], at: u64, detector: DetectorId) -> Option<Self> {
        let fill = *patch.first()?;
        let sign = patch.iter().copied().find(|b| *b != fill).unwrap_or(fill);
        let fits = patch.len() <= Self::LEN_MAX && patch.iter().all(|b| *b == fill || *b == sign);
        let signs = || patch.iter().rev().fold(0, |signs, b| signs << 1 | u64::from(*b != fill));
        fits.then(|| Self { at, signs: signs(), len: patch.len() as u8, fill, sign, detector, four: false })
    }

    /// The stamp that does what the beginning of a masked text does; `None` when it begins with none of the four kinds.
    fn beginning(patch: &[u8], at: u64, detector: DetectorId) -> Option<Self> {
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

/// A longer patch is kept as it is.
const STAMPED_MAX: usize = 256;

/// Stamps in blocks, of which none is moved when another is needed: there may be half a million.
#[derive(Default)]
struct Stamps {
    /// Those that are full.
    blocks: Vec<Vec<Stamp>>,
    /// The last one. It grows as it needs to if it is the first: most objects have few.
    last: Vec<Stamp>,
    len: usize,
}

impl Stamps {
    const BLOCK: usize = 4_096;

    #[inline(always)]
    fn push(&mut self, stamp: Stamp) {
        if self.last.len() == self.last.capacity() {
            self.grow();
        }
        self.last.push(stamp);
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        if self.last.len() >= Self::BLOCK {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(Self::BLOCK));
            self.blocks.push(full);
        } else {
            self.last.reserve(Self::BLOCK.min(2 * self.last.len().max(8)) - self.last.len());
        }
    }

    /// Takes over those of a part.
    fn take(&mut self, part: Self) {
        let Self { blocks, last, len } = part;
        let ours = std::mem::replace(&mut self.last, last);
        self.blocks.extend([ours].into_iter().filter(|ours| !ours.is_empty()).chain(blocks));
        self.len += len;
    }

    fn iter(&self) -> impl Iterator<Item = &Stamp> {
        self.blocks.iter().flatten().chain(&self.last)
    }
}

/// What a redaction needs to know of each finding.
#[derive(Default)]
pub(crate) struct Edits {
    stamps: Stamps,
    odd: Vec<(DetectorId, Edit)>,
    /// What the odd ones take, in stamps.
    odd_stamps: usize,
    /// The first finding of each detector that cannot be rewritten, and where.
    lost: Vec<(DetectorId, Masked)>,
    too_many: bool,
    regions: Regions,
}

impl Edits {
    /// None yet, for a part of what these are for.
    pub(crate) fn within(&self) -> Self {
        Self { regions: self.regions.within(), ..Self::default() }
    }

    /// The origin of what comes out of a container of `len` bytes that begins at `container`.
    pub(crate) fn unpacked(&mut self, container: &Origin, len: u64, packing: Packing) -> Origin {
        let Origin::Raw(container) = *container else { return Origin::Lost };
        self.regions.add(Region { container, len, packing }).map_or(Origin::Lost, Origin::Raw)
    }

    /// States how long the container of a content turned out to be.
    pub(crate) fn container_ends(&mut self, content: &Origin, len: u64) {
        if let Origin::Raw(address) = *content
            && let Some(region) = self.regions.of_mut(address)
        {
            region.len = len;
        }
    }

    pub(crate) fn add(&mut self, detector: DetectorId, edits: Vec<Edit>) {
        for edit in edits {
            if let Edit::Bytes(patch) = &edit
                && self.stamps_of(&patch.bytes, patch.at, detector)
            {
                continue;
            }
            let takes = if let Edit::Bytes(patch) = &edit { 3 + patch.bytes.len() / 16 } else { 2 };
            if self.is_full() {
                self.too_many = true;
            } else {
                self.odd.push((detector, edit));
                self.odd_stamps += takes;
            }
        }
    }

    /// Adds the stamps that do what a patch does; false when that takes as much memory as the patch.
    fn stamps_of(&mut self, patch: &[u8], at: u64, detector: DetectorId) -> bool {
        if let Some(stamp) = Stamp::of(patch, at, detector) {
            self.stamp(stamp);
            return true;
        }
        if !patch.iter().all(|b| *b == b'*' || is_kept(*b)) || patch.len() > STAMPED_MAX {
            return false;
        }
        let mut done = 0;
        while let Some(stamp) = patch.get(done..).and_then(|rest| Stamp::beginning(rest, at + done as u64, detector)) {
            done += usize::from(stamp.len);
            self.stamp(stamp);
        }
        true
    }

    /// Adds the stamps that mask `original`, which begins at `at`, all but its signs: told 64 bytes at a time, since every
    /// address of a register is masked so.
    pub(crate) fn mask(&mut self, original: &[u8], at: u64, detector: DetectorId) {
        const SIGNS: [u8; 3] = [b'.', b'-', b'/'];
        let mut rest = original;
        let mut at = at;
        while !rest.is_empty() {
            let mut room = [0; BLOCK];
            let block = rest.first_chunk().unwrap_or_else(|| {
                room.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
                &room
            });
            let [dot, hyphen, slash] = SIGNS;
            let (blank, comma) = (among(block, [b' ', dot, hyphen, slash]), among(block, [b',', dot, hyphen, slash]));
            let other = blank & comma;
            let sign = block.get(other.trailing_zeros() as usize).copied().unwrap_or(b'*');
            let odd = among(block, [b'\t', b'\r', b'\n', b'|']) | among(block, [b'<', b'>', b'"', b'"']);
            let len = rest.len().min(BLOCK);
            if odd != 0 || other != 0 && among(block, [sign; 4]) != other {
                let (head, _) = rest.split_at(len);
                self.add(detector, vec![Edit::Bytes(Patch { at, bytes: masked_bytes(head) })]);
            } else {
                let low = u64::from(u32::MAX);
                let whole = Stamp { at, signs: 0, len: 0, fill: b'*', sign, detector, four: true };
                let first = blank & low | comma << Stamp::FOUR_MAX;
                self.stamp(Stamp { signs: first, len: len.min(Stamp::FOUR_MAX) as u8, ..whole });
                if len > Stamp::FOUR_MAX {
                    let signs = blank >> Stamp::FOUR_MAX | comma & !low;
                    let at = at + Stamp::FOUR_MAX as u64;
                    self.stamp(Stamp { at, signs, len: (len - Stamp::FOUR_MAX) as u8, ..whole });
                }
            }
            rest = rest.get(len..).unwrap_or_default();
            at += len as u64;
        }
    }

    #[inline(always)]
    pub(crate) fn stamp(&mut self, stamp: Stamp) {
        if self.is_full() {
            self.too_many = true;
        } else {
            self.stamps.push(stamp);
        }
    }

    fn is_full(&self) -> bool {
        self.stamps.len + self.odd_stamps >= EDITS_MAX
    }

    pub(crate) fn lose(&mut self, detector: DetectorId, part: impl FnOnce() -> Masked) {
        if self.lost.iter().all(|(d, _)| *d != detector) {
            let part = match part() {
                part if part.as_str().is_empty() => Masked::danger_assume_masked("the object itself"),
                part => part,
            };
            self.lost.push((detector, part));
        }
    }

    /// Takes over the edits of a part where it was made.
    pub(crate) fn take(&mut self, part: Self) {
        if part.stamps.len < Stamps::BLOCK || self.stamps.len + part.stamps.len + self.odd_stamps > EDITS_MAX {
            return self.absorb(&part, 0, 0);
        }
        let Self { stamps, odd, odd_stamps: _, lost, too_many, regions } = part;
        self.stamps.take(stamps);
        self.absorb(&Self { stamps: Stamps::default(), odd, odd_stamps: 0, lost, too_many, regions }, 0, 0);
    }

    /// Adds the edits of a part, made when its container stood at `from`, now that it stands at `to`.
    pub(crate) fn absorb(&mut self, part: &Self, from: u64, to: u64) {
        let moved = self.regions.moving(&part.regions, from, to);
        self.regions.absorb(&part.regions, moved);
        for stamp in part.stamps.iter() {
            self.stamp(Stamp { at: moved.address(stamp.at), ..*stamp });
        }
        for (detector, edit) in &part.odd {
            self.add(*detector, vec![edit.moved(moved)]);
        }
        for (detector, place) in &part.lost {
            self.lose(*detector, || place.clone());
        }
        self.too_many |= part.too_many;
    }

    /// Whether no finding could be rewritten, wherever the object stood.
    pub(crate) fn are_lost(&self) -> bool {
        self.stamps.len == 0 && self.odd.is_empty()
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        (self.stamps.len + self.odd_stamps) * size_of::<Stamp>() + self.regions.len() * size_of::<Region>()
    }

    /// The splices of `source`, the object that these are for.
    pub(crate) fn splices(&self, detectors: &[DetectorId], source: &dyn Source) -> Result<Vec<Splice>, NotRedactable> {
        if let Some((detector, part)) = self.lost.iter().find(|(d, _)| detectors.contains(d)) {
            return Err(NotRedactable::Part { detector: *detector, part: part.clone() });
        }
        if self.too_many {
            return Err(NotRedactable::TooMany);
        }
        let chosen = self.odd.iter().filter(|(d, _)| detectors.contains(d)).map(|(_, edit)| edit);
        let mut quanta: std::collections::BTreeMap<u64, ([u8; 3], u8)> = std::collections::BTreeMap::new();
        let stamps = self.stamps.iter().filter(|s| detectors.contains(&s.detector));
        let mut patches: Vec<Patch> = stamps.map(|s| s.patch()).collect();
        for edit in chosen {
            match edit {
                Edit::Bytes(patch) => patches.push(patch.clone()),
                Edit::Quantum { at, plain, len, new } => {
                    let (bytes, _) = quanta.entry(*at).or_insert((*plain, *len));
                    for (byte, new) in bytes.iter_mut().zip(new) {
                        *byte = new.unwrap_or(*byte);
                    }
                }
            }
        }
        for (at, (bytes, len)) in quanta {
            patches.push(Patch { at, bytes: base64::quantum(bytes, len).to_vec() });
        }
        repack::repack(merged(patches), &self.regions, source)
    }
}

/// Orders and joins patches. Where two overlap, a masking star wins over a separator that the other one kept.
fn merged(mut patches: Vec<Patch>) -> Vec<Splice> {
    patches.sort_by_key(|p| (p.at, p.bytes.len()));
    let mut splices: Vec<Splice> = Vec::new();
    for Patch { at, bytes } in patches {
        match splices.last_mut().filter(|last| at <= last.range.end) {
            Some(last) => {
                let into = (at - last.range.start) as usize;
                for (n, byte) in bytes.into_iter().enumerate() {
                    match last.bytes.get_mut(into + n) {
                        Some(slot) if byte == b'*' => *slot = byte,
                        Some(_) => {}
                        None => last.bytes.push(byte),
                    }
                }
                last.range.end = last.range.start + last.bytes.len() as u64;
            }
            None => splices.push(Splice { range: at..at + bytes.len() as u64, bytes }),
        }
    }
    splices
}

/// The bytes that mask `original`: a star for each, separators and line ends kept so that the shape stays.
pub(crate) fn masked_bytes(original: &[u8]) -> Vec<u8> {
    original.iter().map(|b| mask_of(*b)).collect()
}

const fn mask_of(b: u8) -> u8 {
    if is_kept(b) { b } else { b'*' }
}

const fn is_kept(b: u8) -> bool {
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

        #[test]
        fn stamps_side_by_side_do_what_their_patch_does(original in "[0-9A-Zạ*  ,,./|-]{1,300}", at in 0u64..9) {
            let bytes = masked_bytes(original.as_bytes());
            let (mut stamps, mut patch) = (Edits::default(), Edits::default());
            stamps.mask(original.as_bytes(), at, DetectorId::Cccd);
            patch.add(DetectorId::Cccd, vec![Edit::Bytes(Patch { at, bytes: bytes.clone() })]);
            for edits in [stamps, patch] {
                let odd = edits.odd.iter().map(|(_, edit)| match edit {
                    Edit::Bytes(patch) => patch.clone(),
                    Edit::Quantum { .. } => unreachable!("no base64"),
                });
                let patches: Vec<_> = edits.stamps.iter().map(|s| s.patch()).chain(odd).collect();
                prop_assert!(patches.is_sorted_by_key(|p| p.at) && patches[0].at == at);
                prop_assert_eq!(patches.into_iter().flat_map(|p| p.bytes).collect::<Vec<_>>(), bytes.clone());
            }
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

    #[test]
    fn overlapping_patches_become_one_splice_that_masks_more() {
        let patch = |at, bytes: &[u8]| Patch { at, bytes: bytes.to_vec() };
        let splices = merged(vec![patch(4, b"* *"), patch(2, b"****"), patch(20, b"**")]);
        assert_eq!(splices.len(), 2);
        assert_eq!((splices[0].range.clone(), splices[0].bytes.as_slice()), (2..7, &b"*****"[..]));
    }
}
