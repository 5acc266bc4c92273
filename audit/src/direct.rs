//! A file whose durable writes go past the page cache, where the file system allows that.
//!
//! Most of what a write with its sync costs is the way through the page cache: a page is found, marked, looked for
//! again and written back. A direct write hands the same blocks to the disk and asks it to flush (`O_DSYNC`): what is
//! durable, and when, is the same. Blocks are written whole, so the last one goes out again with what is added to it.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use crate::store::File;

/// Writes begin and end at multiples of this, in the file and in memory. Disks ask for 512 or 4096 bytes (open(2)).
const BLOCK_BYTES: usize = 4_096;

/// A file open for writing.
#[derive(Debug)]
pub(crate) struct Direct {
    file: fs::File,
    /// The same file past the page cache.
    past: Option<fs::File>,
    held: RefCell<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// The beginning of the block in which the next write begins, when that is known.
    tail: Vec<u8>,
    /// Where that block lies.
    block: u64,
    /// The blocks being written, somewhere in here.
    room: Vec<u8>,
    /// The file system let the file be opened so and takes no write.
    is_refused: bool,
}

impl Direct {
    /// The file at `path`, which `file` is already.
    pub(crate) fn new(file: fs::File, path: &Path) -> Self {
        let flags = OFlags::DIRECT | OFlags::DSYNC;
        // File systems that know no direct writes refuse to open it.
        let past = fs::OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path).ok();
        Self { file, past, held: RefCell::default() }
    }

    fn forget(&self) {
        self.held.borrow_mut().block = u64::MAX;
    }
}

impl Held {
    /// Knows what lies between the beginning of the block and `offset`.
    fn begin(&mut self, file: &fs::File, offset: u64) -> io::Result<()> {
        let into = (offset % BLOCK_BYTES as u64) as usize;
        let block = offset - into as u64;
        if (self.block, self.tail.len()) != (block, into) {
            self.tail.resize(into, 0);
            file.read_exact_at(&mut self.tail, block)?;
            self.block = block;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], past: &fs::File) -> io::Result<()> {
        let written = self.tail.len() + bytes.len();
        let whole = written.next_multiple_of(BLOCK_BYTES);
        if self.room.len() < whole + BLOCK_BYTES {
            self.room.resize(whole + BLOCK_BYTES, 0);
        }
        let from = self.room.as_ptr().align_offset(BLOCK_BYTES);
        let Some(blocks) = self.room.get_mut(from..).and_then(|room| room.get_mut(..whole)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let (before, rest) = blocks.split_at_mut(self.tail.len());
        before.copy_from_slice(&self.tail);
        let (new, behind) = rest.split_at_mut(bytes.len());
        new.copy_from_slice(bytes);
        behind.fill(0);
        past.write_all_at(blocks, self.block)?;
        let last = written - written % BLOCK_BYTES;
        self.tail.clear();
        self.tail.extend_from_slice(&blocks[last..written]);
        self.block += last as u64;
        Ok(())
    }
}

impl File for Direct {
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.file.reserve(bytes)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.forget();
        self.file.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write_durably(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(past) = &self.past {
            let mut held = self.held.borrow_mut();
            if !held.is_refused {
                let written = held.begin(&self.file, offset).and_then(|()| held.write(bytes, past));
                match &written {
                    Ok(()) => return written,
                    // EINVAL: it wants other blocks, or none of this.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => held.is_refused = true,
                    Err(_) => {
                        held.block = u64::MAX;
                        return written;
                    }
                }
            }
        }
        self.write_at(bytes, offset)?;
        self.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.forget();
        self.file.set_len(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn open(path: &Path) -> Direct {
        let file = fs::OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path).unwrap();
        Direct::new(file, path)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Whatever is written how and in what pieces, the file holds it.
        #[test]
        fn writes_follow_each_other(sizes in proptest::collection::vec((1usize..9_000, any::<bool>()), 1..12)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log");
            let file = open(&path);
            let all = sizes.iter().map(|(size, _)| size).sum::<usize>();
            file.write_at(&vec![0; all.next_multiple_of(BLOCK_BYTES)], 0).unwrap();
            let mut expected = Vec::new();
            for (n, (size, is_direct)) in sizes.into_iter().enumerate() {
                let bytes = vec![n as u8 + 1; size];
                let at = expected.len() as u64;
                if is_direct {
                    file.write_durably(&bytes, at).unwrap();
                } else {
                    file.write_at(&bytes, at).unwrap();
                }
                expected.extend(bytes);
            }
            let found = fs::read(&path).unwrap();
            prop_assert_eq!(&found[..expected.len()], expected.as_slice());
            prop_assert!(found[expected.len()..].iter().all(|b| *b == 0));
            // What was written before it was opened is not lost either.
            let again = Direct::new(fs::OpenOptions::new().read(true).write(true).open(&path).unwrap(), &path);
            again.write_durably(b"more", expected.len() as u64 - 1).unwrap();
            expected.pop();
            expected.extend(b"more");
            prop_assert_eq!(&fs::read(&path).unwrap()[..expected.len()], expected.as_slice());
        }
    }

    #[test]
    fn a_file_system_that_takes_no_direct_write_gets_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = open(&path);
        // It answers everything but a number with EINVAL, as such file systems do.
        file.past = Some(fs::OpenOptions::new().write(true).open("/proc/self/oom_score_adj").unwrap());
        for (bytes, at) in [(b"one", 0), (b"two", 3)] {
            file.write_durably(bytes, at).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"onetwo");
        // Whatever else fails is told: nothing may be called durable that is not.
        let mut file = open(&path);
        file.past = Some(fs::File::open(&path).unwrap());
        assert!(file.write_durably(b"one", 0).is_err());
    }
}
