//! What headings announce, remembered: tables, forms and letters repeat the few they have, and most say nothing.
//!
//! It knows their hashes and no text.

use chot_detectors::Column;

/// Headings remembered, a power of two. Others take their places.
const SLOTS: usize = 1 << 10;

/// By the hash of a heading what it announces, if anything.
#[derive(Default)]
pub(crate) struct Headings(Vec<(u64, Option<Column>)>);

impl Headings {
    /// Tells their hashes from those of values.
    pub(super) const KIND: u64 = u64::MAX;

    /// What the heading of a keyed hash announces; `read` tells what is not remembered.
    pub(super) fn told(&mut self, hash: u64, read: impl FnOnce() -> Option<Column>) -> Option<Column> {
        if self.0.is_empty() {
            self.0.resize(SLOTS, (0, None));
        }
        // None is zero.
        let hash = hash | 1;
        let (held, column) = self.0.get_mut((hash >> 1) as usize % SLOTS)?;
        if *held != hash {
            (*held, *column) = (hash, read());
        }
        *column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_read_once_while_it_has_its_place() {
        let mut headings = Headings::default();
        let other = 2 * SLOTS as u64;
        for (hash, column, known) in [
            (0, None, false),
            (0, None, true),
            (2, Some(Column::Name), false),
            (2, Some(Column::Name), true),
            (2 + other, Some(Column::Cccd), false),
            (2, Some(Column::Name), false),
            (0, None, true),
        ] {
            let mut read = false;
            let told = headings.told(hash, || {
                read = true;
                column
            });
            assert_eq!((told, read), (column, !known), "{hash}");
        }
    }
}
