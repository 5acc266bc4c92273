//! Packs what was edited within containers again, from the innermost outwards.
//!
//! Each container is read once more from the bytes that were sent, and only what was touched is unpacked and packed. A
//! container that could come out other than its readers expect (signed, ambiguous, in a frame of its own) is refused.

use std::collections::{BTreeMap, HashMap};

use super::NotRedactable;
use super::region::{Packing, Region, Regions, number, offset, offsets};
use crate::formats;
use crate::source::{Section, Source, Splice};

/// Why a container cannot be packed again.
pub(crate) type Why = &'static str;

/// The edits of what came out of one container, by what holds it.
pub(crate) type Contents = BTreeMap<Packing, Vec<Splice>>;

/// Bytes of contents held because a container within them was touched.
const HELD_MAX: u64 = 128 << 20;

/// Turns splices at addresses into splices of the object.
pub(super) fn repack(
    splices: Vec<Splice>,
    regions: &Regions,
    source: &dyn Source,
) -> Result<Vec<Splice>, NotRedactable> {
    let mut packer =
        Packer { regions, source, held: HashMap::new(), held_bytes: 0, pending: BTreeMap::new(), top: Vec::new() };
    for splice in splices {
        packer.take(splice)?;
    }
    // A container's address is in a region that was made before any that came out of it: the last is an inner one.
    while let Some((container, (len, contents))) = packer.pending.pop_last() {
        for Splice { range, bytes } in packer.pack(container, len, contents)? {
            packer.take(Splice { range: container + range.start..container + range.end, bytes })?;
        }
    }
    disjoint(packer.top)
}

struct Packer<'s> {
    regions: &'s Regions,
    source: &'s dyn Source,
    /// Unpacked contents that hold touched containers.
    held: HashMap<u32, Vec<u8>>,
    held_bytes: u64,
    /// Touched containers by address, with their length.
    pending: BTreeMap<u64, (u64, Contents)>,
    top: Vec<Splice>,
}

impl Packer<'_> {
    /// Files a splice under the container that must be packed for it.
    fn take(&mut self, splice: Splice) -> Result<(), NotRedactable> {
        let at = splice.range.start;
        if number(at) == 0 {
            self.top.push(splice);
            return Ok(());
        }
        let Region { container, len, packing } = *self.regions.of(at).ok_or_else(|| refuse("is not known any more"))?;
        let (_, contents) = self.pending.entry(container).or_insert_with(|| (len, BTreeMap::new()));
        let splice = Splice { range: offsets(&splice.range), bytes: splice.bytes };
        contents.entry(packing).or_default().push(splice);
        Ok(())
    }

    fn pack(&mut self, container: u64, len: u64, contents: Contents) -> Result<Vec<Splice>, NotRedactable> {
        let mut sound = Contents::new();
        for (packing, splices) in contents {
            sound.insert(packing, disjoint(splices)?);
        }
        let around = self.content(number(container))?;
        let start = offset(container);
        let section = Section { whole: around, range: start..start.saturating_add(len) };
        formats::pack(&section, sound).map_err(refuse)
    }

    /// The content of a region, unpacked if it is not yet.
    fn content(&mut self, region: u32) -> Result<&dyn Source, NotRedactable> {
        if region == 0 {
            return Ok(self.source);
        }
        if !self.held.contains_key(&region) {
            let Region { container, len, packing } =
                *self.regions.numbered(region).ok_or_else(|| refuse("is not known any more"))?;
            let left = HELD_MAX - self.held_bytes;
            let around = self.content(number(container))?;
            let start = offset(container);
            let section = Section { whole: around, range: start..start.saturating_add(len) };
            let bytes = formats::unpack(&section, packing, left).map_err(refuse)?;
            self.held_bytes += bytes.len() as u64;
            self.held.insert(region, bytes);
        }
        Ok(self.held.get(&region).map_or(self.source, |bytes| bytes as &dyn Source))
    }
}

fn refuse(why: Why) -> NotRedactable {
    NotRedactable::Container { why }
}

/// Orders splices, which must not overlap.
fn disjoint(mut splices: Vec<Splice>) -> Result<Vec<Splice>, NotRedactable> {
    splices.sort_by_key(|s| s.range.start);
    let overlap = splices.windows(2).any(|w| matches!(w, [a, b] if b.range.start < a.range.end));
    if overlap { Err(refuse("was read in two ways")) } else { Ok(splices) }
}

/// Copies a content that comes in pieces, with its splices laid over.
pub(crate) struct Patching {
    splices: std::vec::IntoIter<Splice>,
    next: Option<Splice>,
    at: u64,
}

impl Patching {
    pub(crate) fn new(splices: Vec<Splice>) -> Self {
        let mut splices = splices.into_iter();
        Self { next: splices.next(), splices, at: 0 }
    }

    /// Takes the next bytes of the content and gives what stands in their place to `out`.
    pub(crate) fn copy(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        while let Some(Splice { range, bytes: new }) = &self.next {
            let end = self.at + bytes.len() as u64;
            if range.start >= end {
                break;
            }
            let before = range.start.saturating_sub(self.at) as usize;
            out(bytes.get(..before).unwrap_or_default());
            if self.at <= range.start {
                out(new);
            }
            let gone = (range.end.min(end) - self.at) as usize;
            bytes = bytes.get(gone..).unwrap_or_default();
            self.at += gone as u64;
            if range.end > end {
                return;
            }
            self.next = self.splices.next();
        }
        out(bytes);
        self.at += bytes.len() as u64;
    }

    /// Whether every splice was laid over.
    pub(crate) fn is_done(&self) -> bool {
        self.next.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::source::{Spliced, read_range};

    proptest! {
        #[test]
        fn patching_pieces_is_splicing_the_whole(
            content in proptest::collection::vec(any::<u8>(), 1..80),
            cuts in proptest::collection::vec((0u64..9, 0u64..9, proptest::collection::vec(any::<u8>(), 0..9)), 0..6),
            step in 1usize..20,
        ) {
            let (mut splices, mut at) = (Vec::new(), 0);
            for (gap, len, bytes) in cuts {
                let range = at + gap..at + gap + len;
                if range.end > content.len() as u64 || range.start >= content.len() as u64 {
                    break;
                }
                at = range.end;
                splices.push(Splice { range, bytes });
            }
            let spliced = Spliced::new(Arc::new(content.clone()), splices.clone());
            let expected = read_range(&spliced, 0..spliced.len()).expect("memory");
            let (mut patching, mut out) = (Patching::new(splices), Vec::new());
            for piece in content.chunks(step) {
                patching.copy(piece, &mut |bytes| out.extend_from_slice(bytes));
            }
            prop_assert_eq!(out, expected);
            prop_assert!(patching.is_done());
        }
    }
}
