//! Bytes that can be read at any place: held bodies, files, ranges of them, and sources with replacements laid over.
//!
//! Nothing here looks at what the bytes mean.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};

/// Bytes that can be read at any place: a held body, a file. Implemented by the proxy's spool and by files.
pub trait Source: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at `offset` into `buf`; returns how many bytes were read, 0 only at the end.
    ///
    /// # Errors
    /// When the storage behind it fails.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// What lies in memory from `offset` on, as far as it lies in one piece; always the same for the same offset. `None`
    /// where it has to be read.
    fn in_memory(&self, _offset: u64) -> Option<&[u8]> {
        None
    }
}

impl Source for [u8] {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|o| self.get(o..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(n)
    }
}

impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }
}

/// A file as a source. Its length is taken once: a file that grows meanwhile is read up to the length it had.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Wraps an open file.
    ///
    /// # Errors
    /// When its length cannot be told.
    pub fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, len })
    }
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = buf.len().min(rest);
        std::os::unix::fs::FileExt::read_at(&self.file, buf.get_mut(..want).unwrap_or_default(), offset)
    }
}

/// A range of another source, such as a part of a multipart body.
pub(crate) struct Section<'a> {
    pub(crate) whole: &'a dyn Source,
    pub(crate) range: Range<u64>,
}

impl Source for Section<'_> {
    fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let want = buf.len().min(rest);
        self.whole.read_at(self.range.start.saturating_add(offset), buf.get_mut(..want).unwrap_or_default())
    }
}

/// Reads `range` completely.
///
/// # Errors
/// When the storage fails or the source ends before.
pub(crate) fn read_range(source: &dyn Source, range: Range<u64>) -> io::Result<Vec<u8>> {
    let len = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
        match source.read_at(range.start + filled as u64, rest)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    Ok(bytes)
}

/// A replacement of bytes of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes replaced.
    pub range: Range<u64>,
    /// What stands there instead.
    pub bytes: Vec<u8>,
}

/// A source with replacements applied, itself a source: its length is known before a byte is read.
pub struct Spliced<S> {
    source: S,
    /// Alternating runs of the result: where each begins there, and what it holds.
    runs: Vec<(u64, Run)>,
    len: u64,
}

enum Run {
    /// Bytes of the source from here on.
    Kept(u64),
    Replaced(Vec<u8>),
}

impl<S: Deref<Target: Source> + Send + Sync> Spliced<S> {
    /// Lays `splices` (ordered, disjoint) over `source`. A splice that breaks this, or lies outside, is left out.
    pub fn new(source: S, splices: Vec<Splice>) -> Self {
        let end = source.len();
        let (mut runs, mut read, mut len) = (Vec::with_capacity(2 * splices.len() + 1), 0, 0);
        for Splice { range, bytes } in splices {
            if range.start < read || range.end < range.start || range.end > end {
                continue;
            }
            if range.start > read {
                runs.push((len, Run::Kept(read)));
                len += range.start - read;
            }
            read = range.end;
            if !bytes.is_empty() {
                let n = bytes.len() as u64;
                runs.push((len, Run::Replaced(bytes)));
                len += n;
            }
        }
        if end > read {
            runs.push((len, Run::Kept(read)));
            len += end - read;
        }
        Self { source, runs, len }
    }
}

impl<S: Deref<Target: Source> + Send + Sync> Source for Spliced<S> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if offset >= self.len {
            return Ok(0);
        }
        let at = self.runs.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let end = self.runs.get(at + 1).map_or(self.len, |(start, _)| *start);
        let Some((start, run)) = self.runs.get(at) else { return Ok(0) };
        let want = buf.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
        let buf = buf.get_mut(..want).unwrap_or_default();
        match run {
            Run::Kept(from) => self.source.read_at(from + (offset - start), buf),
            Run::Replaced(bytes) => bytes.read_at(offset - start, buf),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reading_anywhere_gives_the_spliced_bytes(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cuts in proptest::collection::vec((0usize..20, 0usize..10, proptest::collection::vec(any::<u8>(), 0..12)), 0..8),
            step in 1usize..40,
        ) {
            let (mut splices, mut expected, mut at) = (Vec::new(), Vec::new(), 0);
            for (gap, len, new) in cuts {
                let (start, end) = (at + gap, at + gap + len);
                if end > bytes.len() {
                    break;
                }
                expected.extend_from_slice(&bytes[at..start]);
                expected.extend_from_slice(&new);
                splices.push(Splice { range: start as u64..end as u64, bytes: new });
                at = end;
            }
            expected.extend_from_slice(&bytes[at..]);
            let spliced = Spliced::new(Arc::new(bytes), splices);
            prop_assert_eq!(spliced.len(), expected.len() as u64);
            let (mut read, mut buf) = (Vec::new(), vec![0; step]);
            while let n @ 1.. = spliced.read_at(read.len() as u64, &mut buf).expect("memory") {
                read.extend_from_slice(&buf[..n]);
            }
            prop_assert_eq!(read, expected);
        }
    }
}
