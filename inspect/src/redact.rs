//! From a place in a decoded text back to the bytes of the top-level object, and the splices that mask findings there.
//!
//! Every edit keeps the length of the bytes it replaces, so that line structure, lengths announced elsewhere and the
//! bytes around stay as they are. What came out of a container is edited at an address of its own (`region`), and the
//! container packed again around it (`repack`). Nothing here decides what is masked.

mod change;
mod origin;
mod region;
mod repack;
mod stamp;

use std::ops::Range;

use chot_detectors::{BLOCK, among};
use chot_model::{DetectorId, Masked};

use crate::base64;
use crate::source::{Source, Splice};
pub(crate) use change::Change;
pub(crate) use origin::{Coding, Edit, Origin, Patch, Piece, Transfer, Within};
use region::Regions;
pub(crate) use region::{Packing, Region};
pub(crate) use repack::{Contents, Patching, Why};
use stamp::Stamps;
pub(crate) use stamp::{Stamp, is_kept, masked_bytes};

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

/// Memory for the edits of a redaction, in stamps of 24 bytes. Beyond this the object cannot be redacted. A register of
/// 100,000 people has five stamps a row.
const EDITS_MAX: usize = 800_000;

/// A longer patch is kept as it is.
const STAMPED_MAX: usize = 256;

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

    /// Adds the stamps that mask `text[cell]`, which begins at `at`, all but its signs: told 64 bytes at a time, since every
    /// address of a register is masked so.
    pub(crate) fn mask(&mut self, text: &[u8], cell: Range<usize>, at: u64, detector: DetectorId) {
        const SIGNS: [u8; 3] = [b'.', b'-', b'/'];
        let (mut start, mut at) = (cell.start, at);
        while start < cell.end {
            let rest = text.get(start..).unwrap_or_default();
            let len = rest.len().min(cell.end - start).min(BLOCK);
            if len == 0 {
                break;
            }
            // What stands behind the cell is cut off below; a copy is waited for.
            let mut room = [0; BLOCK];
            let block = rest.first_chunk().unwrap_or_else(|| {
                room.iter_mut().zip(rest).for_each(|(to, b)| *to = *b);
                &room
            });
            let within = u64::MAX.checked_shr((BLOCK - len) as u32).unwrap_or_default();
            let among = |signs| among(block, signs) & within;
            let [dot, hyphen, slash] = SIGNS;
            let (blank, comma) = (among([b' ', dot, hyphen, slash]), among([b',', dot, hyphen, slash]));
            let other = blank & comma;
            let sign = block.get(other.trailing_zeros() as usize).copied().unwrap_or(b'*');
            let odd = among([b'\t', b'\r', b'\n', b'|']) | among([b'<', b'>', b'"', b'"']);
            if odd != 0 || other != 0 && among([sign; 4]) != other {
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
            start += len;
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

    /// As [`Self::stamp`], where there is known to be room.
    #[inline(always)]
    pub(crate) fn stamp_within(&mut self, stamp: Stamp) {
        self.stamps.push(stamp);
    }

    /// Whether there is no room for what masks another finding; notes that there was one.
    #[inline]
    pub(crate) fn lack_room(&mut self) -> bool {
        if self.is_full() {
            self.too_many = true;
        }
        self.too_many
    }

    fn is_full(&self) -> bool {
        self.stamps.len() + self.odd_stamps >= EDITS_MAX
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
        if part.stamps.len() < Stamps::BLOCK || self.stamps.len() + part.stamps.len() + self.odd_stamps > EDITS_MAX {
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
        self.stamps.len() == 0 && self.odd.is_empty()
    }

    /// About how much memory they take.
    pub(crate) fn bytes(&self) -> usize {
        (self.stamps.len() + self.odd_stamps) * size_of::<Stamp>() + self.regions.len() * size_of::<Region>()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stamps_side_by_side_do_what_their_patch_does(
            original in "[0-9A-Zạ*  ,,./|-]{1,300}",
            behind in "[0-9 ,|-]{0,99}",
            at in 0u64..9,
        ) {
            let bytes = masked_bytes(original.as_bytes());
            let (mut stamps, mut patch) = (Edits::default(), Edits::default());
            let text = [at.to_string(), original.clone(), behind].concat();
            stamps.mask(text.as_bytes(), 1..1 + original.len(), at, DetectorId::Cccd);
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
    fn overlapping_patches_become_one_splice_that_masks_more() {
        let patch = |at, bytes: &[u8]| Patch { at, bytes: bytes.to_vec() };
        let splices = merged(vec![patch(4, b"* *"), patch(2, b"****"), patch(20, b"**")]);
        assert_eq!(splices.len(), 2);
        assert_eq!((splices[0].range.clone(), splices[0].bytes.as_slice()), (2..7, &b"*****"[..]));
    }
}
