//! Detection while a text arrives: chunks of any size in, hits at their offsets in the whole text out.
//!
//! It holds [`WINDOW_BYTES`] and the context on either side, however long the text grows, and gives the hits that one
//! scan of the whole would give, wherever the chunks part. It decodes nothing and keeps nothing of what it has passed.

use crate::{CONTEXT_BYTES, Context, Detectors, Hit, WINDOW_BYTES};

/// A text on its way through the detectors. Hits come when what stands behind them is known: at the latest when
/// [`Self::finish`] is called.
pub struct Stream<'d> {
    detectors: &'d Detectors,
    context: Context,
    /// What is still needed of the text.
    held: Vec<u8>,
    /// Where in the text that begins.
    offset: usize,
    /// How much of it was judged.
    judged: usize,
    /// Bytes judged at a time.
    window: usize,
}

impl Detectors {
    /// Begins a text that arrives in chunks. What is known about it holds for all of it.
    pub fn stream(&self, context: Context) -> Stream<'_> {
        Stream { detectors: self, context, held: Vec::new(), offset: 0, judged: 0, window: WINDOW_BYTES }
    }
}

impl Stream<'_> {
    /// Reads the next chunk and appends the hits that are certain by now, ordered by start.
    pub fn push(&mut self, chunk: &[u8], hits: &mut Vec<Hit>) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let full = self.judged + self.window + CONTEXT_BYTES;
            let (head, tail) = rest.split_at(rest.len().min(full.saturating_sub(self.held.len())));
            self.held.extend_from_slice(head);
            rest = tail;
            if self.held.len() >= full {
                self.judge(self.judged + self.window, hits);
                // What was judged is context for what comes.
                let passed = self.judged.saturating_sub(CONTEXT_BYTES);
                self.held.drain(..passed);
                self.offset += passed;
                self.judged -= passed;
            }
        }
    }

    /// Ends the text and appends the hits that were waiting for what might follow.
    pub fn finish(mut self, hits: &mut Vec<Hit>) {
        self.judge(self.held.len(), hits);
    }

    fn judge(&mut self, upto: usize, hits: &mut Vec<Hit>) {
        let first = hits.len();
        self.detectors.scan(&self.held, self.judged..upto, self.context, hits);
        for hit in hits.iter_mut().skip(first) {
            hit.range = hit.range.start + self.offset..hit.range.end + self.offset;
        }
        self.judged = upto;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Column;
    use crate::tests::{DETECTORS, piece, shown};

    /// What chunks give must be what the whole gives.
    fn same_in_chunks(text: &[u8], sizes: &[usize], window: usize, context: Context) {
        let detectors = &*DETECTORS;
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        detectors.scan(text, 0..text.len(), context, &mut whole);
        let mut stream = Stream { window, ..detectors.stream(context) };
        let (mut rest, mut sizes) = (text, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| *size).min(rest.len());
            let (chunk, tail) = rest.split_at(size);
            stream.push(chunk, &mut parts);
            assert!(stream.held.len() <= 2 * CONTEXT_BYTES + window);
            rest = tail;
        }
        stream.finish(&mut parts);
        assert_eq!(shown(&whole), shown(&parts), "{sizes:?}, {window}: {}", String::from_utf8_lossy(text));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn chunks_find_what_the_whole_has(
            pieces in prop::collection::vec(piece(), 1..120),
            sizes in prop::collection::vec(1..200_usize, 1..20),
            window in 1..600_usize,
        ) {
            same_in_chunks(pieces.concat().as_bytes(), &sizes, window, Context::default());
        }

        #[test]
        fn chunks_of_a_column_do_too(
            pieces in prop::collection::vec(piece(), 1..40),
            size in 1..400_usize,
            window in 1..600_usize,
            column in prop::sample::select(Column::ALL),
        ) {
            same_in_chunks(pieces.concat().as_bytes(), &[size], window, Context { column: Some(column) });
        }

        #[test]
        fn any_bytes_may_come(
            bytes in prop::collection::vec(any::<u8>(), 0..2_000),
            sizes in prop::collection::vec(1..300_usize, 1..9),
        ) {
            same_in_chunks(&bytes, &sizes, 100, Context::default());
        }
    }

    #[test]
    fn every_place_may_part_a_text() {
        let text = "Kính gửi: số CCCD 001 090 123 456, thẻ DN 4 75 9122135078; BHXH\n7912345678 (mã BHXH) không một ba";
        for at in 0..=text.len() {
            same_in_chunks(text.as_bytes(), &[at.max(1), text.len()], 1, Context::default());
        }
    }

    #[test]
    fn long_texts_are_read_in_windows() {
        let line = "Nguyễn Văn An,05/04/1987,001087123456,7912345678,0912345678\n";
        let text = line.repeat(3 * WINDOW_BYTES / line.len());
        same_in_chunks(text.as_bytes(), &[WINDOW_BYTES, 1, 1_000], WINDOW_BYTES, Context::default());
    }
}
