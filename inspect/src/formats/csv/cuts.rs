//! Rows without a quote, cut at their delimiters.

use chot_detectors::{BLOCK, among};

use super::ROW_MAX;
use crate::table::CELLS_MAX;

/// The delimiters of a text, and the other signs by which it is cut, as far as whole blocks reach.
pub(super) struct Cuts<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the block begins, and which bytes of it are still to be told.
    block: usize,
    delimiters: u64,
    others: u64,
    /// Where the cells of the row cut last end, from where it begins.
    ends: [u32; CELLS_MAX],
}

impl<'b> Cuts<'b> {
    pub(super) fn new(bytes: &'b [u8], from: usize, delimiter: u8) -> Self {
        let mut cuts = Self { bytes, delimiter, block: from, delimiters: 0, others: 0, ends: [0; CELLS_MAX] };
        cuts.look(from);
        cuts
    }

    /// Looks at the block that begins there; false when there is none.
    #[inline(always)]
    fn look(&mut self, block: usize) -> bool {
        let Some(bytes) = self.bytes.get(block..).and_then(<[u8]>::first_chunk::<BLOCK>) else { return false };
        self.block = block;
        self.others = among(bytes, [b'"', b'\n', b'\r', b'\r']);
        // Signs that are known when this is compiled cost less than four of one that is not.
        self.delimiters = among(bytes, [self.delimiter, b'\n', b'\n', b'\n']) & !self.others;
        true
    }

    /// Cuts the row that begins at `row`, of which nothing was told yet, and tells where its cells end and the next begins;
    /// `None` when its end is not there, a quote or lone carriage return stands in it, or it is long.
    #[inline(always)]
    pub(super) fn next(&mut self, row: usize) -> Option<(&[u32], usize)> {
        let mut n = 0;
        loop {
            let first = self.others & self.others.wrapping_neg();
            let before = first.wrapping_sub(1);
            let mut here = self.delimiters & before;
            while here != 0 {
                let at = self.block + here.trailing_zeros() as usize;
                *self.ends.get_mut(n)? = (at - row) as u32;
                n += 1;
                here &= here - 1;
            }
            if first != 0 {
                let end = self.block + first.trailing_zeros() as usize;
                self.delimiters &= !before;
                self.others ^= first;
                let next = self.ended(end)?;
                *self.ends.get_mut(n)? = (end - row) as u32;
                return (end - row < ROW_MAX).then_some((self.ends.get(..=n)?, next));
            }
            let block = self.block + BLOCK;
            if block - row >= ROW_MAX || !self.look(block) {
                return None;
            }
        }
    }

    /// Where the row behind the sign at `end` begins, which was told; `None` when that ends no row.
    #[inline(always)]
    fn ended(&mut self, end: usize) -> Option<usize> {
        if self.bytes.get(end) == Some(&b'\n') {
            return Some(end + 1);
        }
        if self.bytes.get(end..end + 2) != Some(b"\r\n") {
            return None;
        }
        if end + 1 < self.block + BLOCK {
            self.others &= self.others - 1;
        } else if !self.look(end + 2) {
            // Nothing more is told, nor the line feed once again.
            (self.block, self.delimiters, self.others) = (self.bytes.len(), 0, 0);
        }
        Some(end + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_where_no_quote_stands() {
        let behind = format!("\n a row behind it\n{}", " that goes on".repeat(BLOCK));
        for blanks in 0..70 {
            for (row, ends) in [
                ("1,001090123456,x", Some(&[1, 14, 16][..])),
                (" 1 ,,x\r", Some(&[3, 4, 6])),
                ("", Some(&[0])),
                (",\r", Some(&[0, 1])),
                ("\"a\",b", None),
                ("a,b\"", None),
                ("a\rb,c", None),
                ("a,b\r\r", None),
            ] {
                let before = " ".repeat(blanks) + "\n";
                let text = format!("{before}{row}{behind}");
                let mut cuts = Cuts::new(text.as_bytes(), 0, b',');
                assert_eq!(cuts.next(0), Some((&[blanks as u32][..], blanks + 1)));
                let told = cuts.next(before.len()).map(|(ends, next)| (ends.to_vec(), next));
                assert_eq!(told, ends.map(|ends| (ends.to_vec(), before.len() + row.len() + 1)), "{row:?}");
                if let Some((_, next)) = told {
                    assert_eq!(
                        cuts.next(next).map(|(_, next)| next),
                        Some(text.len() - behind.len() + "\n a row behind it\n".len())
                    );
                }
            }
        }
        let text = format!("{}\r\n{}", "x".repeat(BLOCK - 1), "y".repeat(BLOCK - 1));
        let mut cuts = Cuts::new(text.as_bytes(), 0, b',');
        assert_eq!((cuts.next(0).map(|(_, next)| next), cuts.next(BLOCK + 1)), (Some(BLOCK + 1), None));
        let cut = "no end of this row in sight ".repeat(BLOCK);
        assert_eq!(Cuts::new(cut.as_bytes(), 0, b',').next(0), None);
        let wide = ",".repeat(CELLS_MAX) + &behind;
        assert_eq!(Cuts::new(wide.as_bytes(), 0, b',').next(0), None);
    }
}
