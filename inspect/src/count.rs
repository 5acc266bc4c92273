//! Counting distinct values in bounded memory: exact to 10,000, an estimate above.
//!
//! Only keyed 64-bit hashes are kept, never values.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Up to this many distinct values the count is exact.
pub(crate) const EXACT_MAX: usize = 10_000;

/// The hash of a keyed hash: itself.
#[derive(Default)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Builds [`Already`].
pub(crate) type Keyed = BuildHasherDefault<Already>;

/// HyperLogLog (Flajolet et al. 2007) with 2^12 registers: a standard error of 1.6 %.
#[derive(Clone)]
pub(crate) struct Estimate {
    registers: Box<[u8]>,
}

const BITS: u32 = 12;

impl Default for Estimate {
    fn default() -> Self {
        Self { registers: vec![0; 1 << BITS].into_boxed_slice() }
    }
}

impl Estimate {
    pub(crate) fn add(&mut self, hash: u64) {
        let at = (hash >> (64 - BITS)) as usize;
        let rank = ((hash << BITS) | 1 << (BITS - 1)).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(at) {
            *register = rank.max(*register);
        }
    }

    /// Adds everything another estimate was given.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (ours, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *ours = (*ours).max(*theirs);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        let m = self.registers.len() as f64;
        let sum: f64 = self.registers.iter().map(|r| 0.5f64.powi(i32::from(*r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = self.registers.iter().filter(|r| **r == 0).count();
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

/// A set that knows how many values it was given.
#[derive(Default)]
pub(crate) struct Distinct {
    exact: HashSet<u64, Keyed>,
    above: Option<Estimate>,
}

impl Distinct {
    /// Adds a hash; tells whether it is new. Above the exact bound every hash not among the first counts as seen.
    pub(crate) fn add(&mut self, hash: u64) -> bool {
        if let Some(above) = &mut self.above {
            above.add(hash);
            return false;
        }
        let new = self.exact.insert(hash);
        if self.exact.len() > EXACT_MAX {
            self.estimate();
        }
        new
    }

    fn estimate(&mut self) -> &mut Estimate {
        let exact = &self.exact;
        self.above.get_or_insert_with(|| {
            let mut above = Estimate::default();
            exact.iter().for_each(|h| above.add(*h));
            above
        })
    }

    /// Adds everything another set was given; tells whether anything may be new.
    pub(crate) fn absorb(&mut self, other: &Self) -> bool {
        let mut new = false;
        for hash in &other.exact {
            new |= self.add(*hash);
        }
        if let Some(above) = &other.above {
            self.estimate().absorb(above);
            new = true;
        }
        new
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.exact.len() * 16 + self.above.as_ref().map_or(0, |_| 1 << BITS)
    }

    pub(crate) fn contains(&self, hash: u64) -> bool {
        self.exact.contains(&hash)
    }

    pub(crate) fn count(&self) -> u64 {
        self.above.as_ref().map_or(self.exact.len() as u64, |above| above.count().max(self.exact.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn is_exact_to_the_bound_and_near_above() {
        let key = std::hash::RandomState::new();
        let mut set = Distinct::default();
        for n in 0..EXACT_MAX as u64 {
            assert!(set.add(key.hash_one(n)));
            assert!(!set.add(key.hash_one(n)));
        }
        assert_eq!(set.count(), EXACT_MAX as u64);
        for n in 0..200_000u64 {
            set.add(key.hash_one(n));
        }
        assert!((180_000..220_000).contains(&set.count()), "{}", set.count());
    }
}
