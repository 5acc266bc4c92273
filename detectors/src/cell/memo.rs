//! What is known of words, remembered from one cell to the next. Two share two places before one has to go: bounded.

const SLOTS: usize = 1024;

/// What is known of a word.
pub(super) trait Known: Copy + Default {
    /// What there is to know of the `len` bytes of `key`.
    fn new(key: u128, len: usize) -> Self;

    /// The bytes of the word, nothing behind them; 0 for an empty slot.
    fn key(&self) -> u128;
}

pub(super) struct Memo<K>(Option<Box<[K; SLOTS]>>);

impl<K> Default for Memo<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Known> Memo<K> {
    /// What is known of the `len` bytes of `key`.
    #[inline]
    pub(super) fn know(&mut self, key: u128, len: usize) -> &K {
        let slots = self.0.get_or_insert_with(none);
        let mixed =
            u128::from(key as u64 ^ 0x9e37_79b9_7f4a_7c15) * u128::from((key >> 64) as u64 ^ 0xe703_7ed1_a0b4_28db);
        let at = (mixed as u64 ^ (mixed >> 64) as u64) as usize % (SLOTS / 2) * 2;
        if slots[at].key() != key {
            slots.swap(at, at + 1);
            if slots[at].key() != key {
                slots[at] = K::new(key, len);
            }
        }
        &slots[at]
    }
}

/// Nothing is known yet.
#[cold]
#[inline(never)]
fn none<K: Known>() -> Box<[K; SLOTS]> {
    Box::new([K::default(); SLOTS])
}
