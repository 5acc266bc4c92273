//! Words that come again and again before numbers, as the keys of a log do: what they say is remembered, so that they are
//! folded and looked up once.
//!
//! It knows short stretches by their bytes, and nothing of what they say.

/// Stretches kept, a power of two.
const KEPT: usize = 64;
/// Most bytes of one that is kept.
pub(super) const BYTES: usize = 32;
/// Stretches after which it is worth while to keep any.
const FEW: usize = 16;
/// So many more not known than known are no chance.
const MANY: usize = KEPT / 2;

/// A stretch, and what it says.
#[derive(Clone, Copy, Debug)]
struct Refrain<S> {
    bytes: [u8; BYTES],
    /// 0 where nothing is kept.
    len: usize,
    says: S,
}

/// The stretches of a text.
#[derive(Debug, Default)]
pub(super) struct Refrains<S> {
    kept: Vec<Refrain<S>>,
    /// Those that were not known, and those that were.
    met: usize,
    known: usize,
}

/// By length, all bits for the bytes that belong to a stretch.
static WITHIN: [[u8; BYTES]; BYTES + 1] = {
    let mut within = [[0; BYTES]; BYTES + 1];
    let mut len = 1;
    while len <= BYTES {
        within[len] = within[len - 1];
        within[len][len - 1] = u8::MAX;
        len += 1;
    }
    within
};

impl<S: Copy + Default> Refrains<S> {
    /// Whether it is worth while to ask: not where most stretches are met once, as the names in a register are.
    #[inline]
    pub(super) const fn come_again(&self) -> bool {
        self.met < self.known + MANY
    }

    /// What the first `len` bytes of `text` say, which `hear` tells of those that were not met before.
    #[inline]
    pub(super) fn said(&mut self, text: &[u8], len: usize, hear: impl FnOnce() -> S) -> S {
        if self.kept.is_empty() {
            self.met += 1;
            if self.met > FEW {
                self.kept.resize(KEPT, Refrain { bytes: [0; BYTES], len: 0, says: S::default() });
            }
            return hear();
        }
        let (Some(within), Some(bytes)) = (WITHIN.get(len), text.first_chunk::<BYTES>()) else { return hear() };
        let mut own = [0; BYTES];
        own.iter_mut().zip(bytes).zip(within).for_each(|((own, byte), within)| *own = byte & within);
        let hash = own.as_chunks::<8>().0.iter().fold(0_u64, |hash, chunk| {
            (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        let Some(refrain) = self.kept.get_mut((hash >> (u64::BITS - KEPT.trailing_zeros())) as usize) else {
            return hear();
        };
        if refrain.len == len && refrain.bytes == own {
            self.known += 1;
        } else {
            self.met += 1;
            *refrain = Refrain { bytes: own, len, says: hear() };
        }
        refrain.says
    }
}
