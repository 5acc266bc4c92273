//! Pictures within content streams (ISO 32000-2, 8.9.7): so many of a page and of a file are kept until they are handed on.

use super::lex::Dict;

/// Pictures within content streams, until they are handed on.
#[derive(Default)]
pub(super) struct Inline {
    pictures: Vec<(Dict, Vec<u8>)>,
    bytes: usize,
    /// Pictures of this file so far.
    count: usize,
}

impl Inline {
    /// Takes a picture, if there is room for it.
    pub(super) fn push(&mut self, dict: Dict, bytes: &[u8]) -> Option<()> {
        /// Of one page, and of one file.
        const BYTES_MAX: usize = 16 << 20;
        const COUNT_MAX: usize = 2_048;
        let whole = self.bytes.checked_add(bytes.len()).filter(|whole| *whole <= BYTES_MAX)?;
        self.count = self.count.checked_add(1).filter(|count| *count <= COUNT_MAX)?;
        self.bytes = whole;
        self.pictures.push((dict, bytes.to_vec()));
        Some(())
    }

    /// Those of the page under way, each with its number in the file.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (usize, Dict, Vec<u8>)> + use<> {
        let pictures = std::mem::take(&mut self.pictures);
        let first = self.count + 1 - pictures.len().min(self.count);
        self.bytes = 0;
        pictures.into_iter().enumerate().map(move |(n, (dict, bytes))| (first + n, dict, bytes))
    }
}
