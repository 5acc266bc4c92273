//! Addresses beyond the object itself: what comes out of a container has a region of its own, with the way back.
//!
//! An address is the number of a region and an offset in it; region 0 is the object that was sent. A reader knows only
//! the address where its bytes begin, so an edit in an archive in a mail is made like one in the open. Nothing is kept
//! of the bytes: whoever redacts unpacks them again.

use std::ops::Range;

use crate::formats::Width;

/// Bits of an address that count bytes. No object has a tebibyte.
const OFFSET_BITS: u32 = 40;
/// Regions of one inspection; what comes out beyond them cannot be rewritten.
const REGIONS_MAX: u32 = 1 << 20;

/// How a container holds what came out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Packing {
    /// As it is, in a frame that lets nothing grow.
    Same,
    Base64,
    Gzip,
    Zlib,
    /// Text of more than a byte a letter.
    Wide(Width),
    /// Member of this number of a ZIP archive.
    Zip(u32),
}

/// What came out of a container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    /// Address of the first byte of the container.
    pub(crate) container: u64,
    /// Bytes of the container.
    pub(crate) len: u64,
    pub(crate) packing: Packing,
}

/// The regions of an inspection, or of a part of one: then those before `first` are another's.
#[derive(Debug)]
pub(crate) struct Regions {
    first: u32,
    list: Vec<Region>,
}

impl Default for Regions {
    fn default() -> Self {
        Self { first: 1, list: Vec::new() }
    }
}

impl Regions {
    /// None yet, to be numbered on from these.
    pub(crate) fn within(&self) -> Self {
        Self { first: self.next(), list: Vec::new() }
    }

    fn next(&self) -> u32 {
        self.first + self.list.len() as u32
    }

    /// Adds a region and tells where its first byte is.
    pub(crate) fn add(&mut self, region: Region) -> Option<u64> {
        let number = self.next();
        (number < REGIONS_MAX).then(|| {
            self.list.push(region);
            u64::from(number) << OFFSET_BITS
        })
    }

    /// The region of an address; `None` for what stands in the object itself.
    pub(crate) fn of(&self, address: u64) -> Option<&Region> {
        self.numbered(number(address))
    }

    /// The region of a number.
    pub(crate) fn numbered(&self, number: u32) -> Option<&Region> {
        self.list.get(number.checked_sub(self.first)? as usize)
    }

    pub(crate) fn of_mut(&mut self, address: u64) -> Option<&mut Region> {
        self.list.get_mut(number(address).checked_sub(self.first)? as usize)
    }

    /// Takes over the regions of a part, whose addresses are `moved`.
    pub(crate) fn absorb(&mut self, part: &Self, moved: Move) {
        self.list.extend(part.list.iter().map(|r| Region { container: moved.address(r.container), ..*r }));
    }

    /// How the addresses of `part` become addresses here, when the container that stood at `from` stands at `to`.
    pub(crate) fn moving(&self, part: &Self, from: u64, to: u64) -> Move {
        let regions = u64::from(self.next()).wrapping_sub(part.first.into()) << OFFSET_BITS;
        Move { first: part.first, within: regions, around: to.wrapping_sub(from) }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

/// A move of addresses: those of regions made by a part, and those of the bytes around them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    first: u32,
    within: u64,
    around: u64,
}

impl Move {
    pub(crate) fn address(self, address: u64) -> u64 {
        address.wrapping_add(if number(address) >= self.first { self.within } else { self.around })
    }
}

/// The number of the region an address lies in.
pub(crate) const fn number(address: u64) -> u32 {
    (address >> OFFSET_BITS) as u32
}

/// The offset of an address in its region.
pub(crate) const fn offset(address: u64) -> u64 {
    address & ((1 << OFFSET_BITS) - 1)
}

/// A range of addresses as offsets.
pub(crate) const fn offsets(range: &Range<u64>) -> Range<u64> {
    offset(range.start)..offset(range.start) + (range.end - range.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(container: u64) -> Region {
        Region { container, len: 9, packing: Packing::Gzip }
    }

    #[test]
    fn what_a_part_numbered_is_renumbered_where_it_is_added() {
        let mut all = Regions::default();
        all.add(region(3));
        // A container at byte 70, with a member and a member of that.
        let mut part = Regions::default();
        let member = part.add(region(70)).expect("room");
        let inner = part.add(region(member + 5)).expect("room");
        let moved = all.moving(&part, 70, 4_000);
        all.absorb(&part, moved);
        assert_eq!((number(moved.address(member + 8)), offset(moved.address(member + 8))), (2, 8));
        assert_eq!(moved.address(75), 4_005);
        let inner = moved.address(inner);
        let member = all.of(inner).expect("known").container;
        assert_eq!((number(inner), number(member), offset(member)), (3, 2, 5));
        assert_eq!(all.of(member).expect("known").container, 4_000);
        assert!(all.of(4_000).is_none());
    }

    #[test]
    fn those_begun_within_go_on_where_they_began() {
        let mut all = Regions::default();
        all.add(region(0));
        let mut part = all.within();
        let address = part.add(region(2)).expect("room");
        let moved = all.moving(&part, 0, 0);
        assert_eq!(moved.address(address), address);
        all.absorb(&part, moved);
        assert_eq!(all.of(address).expect("known").container, 2);
    }
}
