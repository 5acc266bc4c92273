//! Cuts bytes into lines that end in CR LF, for commands and for replies.
//!
//! It knows neither sockets nor SMTP. Only CR LF ends a line: a bare LF or CR inside is reported and never taken for
//! an end, because two readers that disagree on where a line ends can be made to disagree on where a mail ends. Only
//! listed clients that write nothing else are heard all the same.

/// Cuts a byte stream into lines. Fill it through [`Self::append`], take lines with [`Self::next`].
#[derive(Debug)]
pub(super) struct LineReader {
    buf: Vec<u8>,
    /// Bytes before it were given out.
    start: usize,
    /// Bytes before it hold no LF that is still to be looked at.
    scanned: usize,
    /// The present line already exceeded `bytes_max`; what was read of it is gone.
    is_overlong: bool,
    bytes_max: usize,
    /// LF without CR ends a line too.
    mends: bool,
}

/// Why a line was not given out. It was consumed up to its LF all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadLine {
    /// It ended in LF without CR, or had a CR inside.
    BareNewline,
    /// It had a NUL inside.
    Nul,
    /// It was longer than allowed.
    TooLong,
}

impl LineReader {
    /// Lines of at most `bytes_max` bytes, CR LF not counted.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { buf: Vec::new(), start: 0, scanned: 0, is_overlong: false, bytes_max, mends: false }
    }

    /// Takes LF for a line's end from now on.
    pub(super) fn mend(&mut self) {
        self.mends = true;
    }

    /// Adds bytes as they arrived.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buf.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next line without its CR LF; `None` until it is complete.
    pub(super) fn next(&mut self) -> Option<Result<Vec<u8>, BadLine>> {
        let unscanned = self.buf.get(self.scanned..).unwrap_or_default();
        let Some(lf) = memchr::memchr(b'\n', unscanned).map(|at| self.scanned + at) else {
            self.scanned = self.buf.len();
            if self.buf.len() - self.start > self.bytes_max + 1 {
                self.is_overlong = true;
                self.start = self.buf.len();
            }
            return None;
        };
        let line = self.buf.get(self.start..lf).unwrap_or_default();
        let line = match line.split_last() {
            _ if std::mem::take(&mut self.is_overlong) => Err(BadLine::TooLong),
            Some((b'\r', line)) if line.len() > self.bytes_max => Err(BadLine::TooLong),
            Some((b'\r', line)) if line.contains(&b'\r') => Err(BadLine::BareNewline),
            Some((b'\r', line)) if line.contains(&0) => Err(BadLine::Nul),
            Some((b'\r', line)) => Ok(line.to_vec()),
            _ if self.mends && line.len() <= self.bytes_max && memchr::memchr2(b'\r', 0, line).is_none() => {
                Ok(line.to_vec())
            }
            _ if line.len() > self.bytes_max => Err(BadLine::TooLong),
            _ => Err(BadLine::BareNewline),
        };
        self.start = lf + 1;
        self.scanned = self.start;
        Some(line)
    }

    /// Bytes not given out yet.
    pub(super) fn pending(&self) -> &[u8] {
        self.buf.get(self.start..).unwrap_or_default()
    }

    /// Takes all bytes not given out yet.
    pub(super) fn take_pending(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.buf);
        all.drain(..self.start);
        (self.start, self.scanned) = (0, 0);
        all
    }

    /// Puts bytes back that belong to the lines to come.
    pub(super) fn put_back(&mut self, rest: &[u8]) {
        debug_assert!(self.pending().is_empty(), "only what was taken is put back");
        self.append(rest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Result<Vec<u8>, BadLine>>, Vec<u8>) {
        let (mut reader, mut lines) = (LineReader::new(8), Vec::new());
        for piece in pieces {
            reader.append(piece);
            while let Some(line) = reader.next() {
                lines.push(line);
            }
        }
        (lines, reader.take_pending())
    }

    #[test]
    fn only_cr_lf_ends_a_line() {
        use BadLine::*;
        let ok = |line: &str| Ok(line.as_bytes().to_vec());
        for (input, expected) in [
            ("NOOP\r\n", vec![ok("NOOP")]),
            ("\r\n", vec![ok("")]),
            ("A\r\nB\r\nC", vec![ok("A"), ok("B")]),
            ("A\nB\r\n", vec![Err(BareNewline), ok("B")]),
            ("A\rB\r\n", vec![Err(BareNewline)]),
            ("A\r\r\n", vec![Err(BareNewline)]),
            ("\n", vec![Err(BareNewline)]),
            ("A\0\r\n", vec![Err(Nul)]),
            ("12345678\r\n", vec![ok("12345678")]),
            ("123456789\r\nA\r\n", vec![Err(TooLong), ok("A")]),
            ("1234567890123456789\nA\r\n", vec![Err(TooLong), ok("A")]),
        ] {
            assert_eq!(lines([input.as_bytes()].into_iter()).0, expected, "{input:?}");
        }
    }

    #[test]
    fn a_listed_client_may_end_lines_in_lf() {
        let mut reader = LineReader::new(8);
        reader.mend();
        reader.append(b"A\nB\r\nC\rD\n\n\0\n123456789\n");
        let lines: Vec<_> = std::iter::from_fn(|| reader.next()).collect();
        let ok = |line: &str| Ok(line.as_bytes().to_vec());
        use BadLine::*;
        assert_eq!(lines, [ok("A"), ok("B"), Err(BareNewline), ok(""), Err(BareNewline), Err(TooLong)]);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut reader = LineReader::new(100);
        for _ in 0..10_000 {
            reader.append(&[b'x'; 100]);
            assert_eq!(reader.next(), None);
        }
        assert!(reader.buf.capacity() < 1_000);
        reader.append(b"\r\nNOOP\r\n");
        assert_eq!(reader.next(), Some(Err(BadLine::TooLong)));
        assert_eq!(reader.next(), Some(Ok(b"NOOP".to_vec())));
    }

    proptest! {
        #[test]
        fn splitting_the_input_changes_nothing(input in "[ab\r\n\0]{0,60}", cut in 1usize..20) {
            let whole = lines([input.as_bytes()].into_iter());
            let split = lines(input.as_bytes().chunks(cut));
            prop_assert_eq!(whole.0, split.0);
        }
    }
}
