//! Keeps a body until its verdict: in memory while a process-wide budget allows, then in an unlinked file encrypted
//! with a key that lives only in this process.
//!
//! A crash leaves nothing behind: the file has no name, and its key is gone with the process. It does not decide how
//! large a body may be; that is the inspection's limit and the policy's answer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use chot_inspect::Source;
use rustix::fs::{Mode, OFlags};

/// Bytes per chunk in memory.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes of the authentication tag behind each chunk of a spool file.
const TAG_BYTES: usize = 16;
/// A sealed chunk with its tag: small, because every body that is still arriving holds one in memory.
const ON_DISK_BYTES: usize = 16 << 10;
/// Plain bytes in it.
const SEALED_BYTES: usize = ON_DISK_BYTES - TAG_BYTES;
/// Chunks written between two looks at how much of the disk is free.
const LOOK_EVERY: u64 = 4;

/// The process-wide memory budget for held bodies and the folder for what exceeds it. Clones share it.
#[derive(Clone, Debug)]
pub struct Holds {
    shared: Arc<Shared>,
    /// Spool files leave so much of the disk free.
    free_bytes_min: u64,
}

struct Shared {
    memory_bytes_max: u64,
    memory_bytes: AtomicU64,
    spool_bytes: AtomicU64,
    dir: PathBuf,
    key: LessSafeKey,
    /// Number of the next spool file: half of every nonce, so no nonce is used twice under the key.
    next_file: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holds")
            .field("memory_bytes", &self.memory_bytes)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Holds {
    /// Holds at most `memory_bytes_max` in memory, all bodies together; the rest goes to unlinked files in `dir`.
    ///
    /// # Errors
    /// When `dir` cannot be made or no key can be drawn.
    pub fn new(dir: &Path, memory_bytes_max: u64) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(io::Error::other)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).map_err(io::Error::other)?);
        let shared = Shared {
            memory_bytes_max,
            memory_bytes: AtomicU64::new(0),
            spool_bytes: AtomicU64::new(0),
            dir: dir.to_owned(),
            key,
            next_file: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared), free_bytes_min: 0 })
    }

    /// Bodies that would leave less than `free_bytes_min` of the disk are refused: others need it more, such as the
    /// ledger, without which nothing leaves at all.
    pub fn leaving_free(self, free_bytes_min: u64) -> Self {
        Self { free_bytes_min, ..self }
    }

    /// Begins an empty body.
    pub fn begin(&self) -> HoldWriter {
        HoldWriter {
            hold: Hold {
                shared: Arc::clone(&self.shared),
                free_bytes_min: self.free_bytes_min,
                len: 0,
                memory: Vec::new(),
                spool: None,
            },
            tail: Vec::new(),
            is_for_disk: false,
        }
    }

    /// What all bodies together may hold in memory.
    pub fn memory_bytes_max(&self) -> u64 {
        self.shared.memory_bytes_max
    }

    /// Bytes of bodies now in memory and in spool files.
    pub fn held_bytes(&self) -> (u64, u64) {
        (self.shared.memory_bytes.load(Ordering::Relaxed), self.shared.spool_bytes.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn reserve(&self, bytes: u64) -> bool {
        let within = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.memory_bytes_max);
        self.memory_bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, within).is_ok()
    }

    fn nonce(file: u64, chunk: u64) -> io::Result<Nonce> {
        // 2^32 chunks of 16 KiB are 64 TiB in one body; a process that opened 2^64 files is not of this world.
        let chunk = u32::try_from(chunk).map_err(io::Error::other)?;
        let mut nonce = [0; 12];
        let (head, tail) = nonce.split_at_mut(8);
        head.copy_from_slice(&file.to_be_bytes());
        tail.copy_from_slice(&chunk.to_be_bytes());
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// A body that is still arriving.
#[derive(Debug)]
pub struct HoldWriter {
    hold: Hold,
    /// Plain bytes not yet in a full chunk. Their memory is below one chunk and outside the budget.
    tail: Vec<u8>,
    /// It is not begun in memory, where it would not stay.
    is_for_disk: bool,
}

impl HoldWriter {
    /// Takes note of how many bytes the sender says will come. There is room for them at once as far as they fit a chunk:
    /// growing step by step would copy them, and memory that nothing is written to costs nothing. What is larger than all
    /// memory for bodies goes to the disk from its first chunk on, and leaves that memory to others.
    pub fn expect(&mut self, bytes: u64) {
        self.is_for_disk = bytes > self.hold.shared.memory_bytes_max;
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        self.tail.reserve_exact(wanted.saturating_sub(self.tail.len()));
    }

    /// Appends bytes. A spool write goes to the page cache and does not wait for the disk.
    ///
    /// # Errors
    /// When the spool file cannot be made or written (disk full). The body is then lost and must be refused.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.push_telling(bytes, |_| ())
    }

    /// The same. `told` gets every chunk that becomes full in memory, and behind the last of them what goes to the spool;
    /// so it is spared only what is in memory and fills no chunk.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn push_telling(&mut self, mut bytes: &[u8], mut told: impl FnMut(&[u8])) -> io::Result<()> {
        self.hold.len += bytes.len() as u64;
        while self.hold.spool.is_none() && !bytes.is_empty() {
            bytes = self.add(bytes);
            if self.tail.len() == CHUNK_BYTES {
                told(&self.tail);
                self.keep()?;
            }
        }
        if !bytes.is_empty() {
            told(bytes);
        }
        self.fill(bytes)
    }

    fn fill(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = self.add(bytes);
            if self.tail.len() == self.chunk().0 {
                self.keep()?;
            }
        }
        Ok(())
    }

    /// Plain bytes of the chunk under way, and the memory for it: a sealed one needs room for its tag, too.
    const fn chunk(&self) -> (usize, usize) {
        if self.hold.spool.is_some() { (SEALED_BYTES, ON_DISK_BYTES) } else { (CHUNK_BYTES, CHUNK_BYTES) }
    }

    /// Adds what fits the chunk under way; returns the rest.
    fn add<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (full, room) = self.chunk();
        let (now, later) = bytes.split_at(bytes.len().min(full - self.tail.len()));
        if self.tail.capacity() < self.tail.len() + now.len() {
            // Doubling alone would end beyond a full chunk, and the rest of it is outside the budget. What filled one is
            // likely to fill another.
            let grown = if self.hold.len > CHUNK_BYTES as u64 { room } else { 2 * self.tail.capacity() };
            let wanted = grown.max(self.tail.len() + now.len()).min(room);
            self.tail.reserve_exact(wanted - self.tail.len());
        }
        self.tail.extend_from_slice(now);
        later
    }

    /// Puts the tail away.
    fn keep(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.tail);
        if self.hold.spool.is_some() {
            self.tail = self.hold.append(chunk)?;
        } else if !self.is_for_disk && self.hold.shared.reserve(chunk.len() as u64) {
            self.hold.memory.push(chunk);
        } else {
            self.hold.spool = Some(self.hold.open_spool()?);
            for earlier in self.hold.give_back().into_iter().chain([chunk]) {
                self.fill(&earlier)?;
            }
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.hold.len
    }

    /// Whether nothing arrived yet.
    pub fn is_empty(&self) -> bool {
        self.hold.len == 0
    }

    /// Ends the body.
    ///
    /// # Errors
    /// When the last bytes cannot be spooled.
    pub fn seal(mut self) -> io::Result<Hold> {
        // What no memory is left for is cut anew, and may leave a tail again.
        while !self.tail.is_empty() {
            self.keep()?;
        }
        Ok(self.hold)
    }
}

/// A complete body, readable at any place. Its memory or disk space is given back when it is dropped.
pub struct Hold {
    shared: Arc<Shared>,
    free_bytes_min: u64,
    len: u64,
    /// Chunks in memory; empty once spooled. All but the last are full, there and here.
    memory: Vec<Vec<u8>>,
    spool: Option<Spool>,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("len", &self.len).field("spooled", &self.spool.is_some()).finish_non_exhaustive()
    }
}

struct Spool {
    file: File,
    number: u64,
    chunks: u64,
    /// The chunk read last, so that small reads beside each other open it once.
    last: Mutex<Option<(u64, Vec<u8>)>>,
}

impl Hold {
    /// Gives the chunks in memory out, and their memory back.
    fn give_back(&mut self) -> Vec<Vec<u8>> {
        let memory: usize = self.memory.iter().map(Vec::len).sum();
        self.shared.memory_bytes.fetch_sub(memory as u64, Ordering::AcqRel);
        std::mem::take(&mut self.memory)
    }

    fn open_spool(&self) -> io::Result<Spool> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&self.shared.dir, flags, Mode::RUSR | Mode::WUSR)?);
        let number = self.shared.next_file.fetch_add(1, Ordering::Relaxed);
        Ok(Spool { file, number, chunks: 0, last: Mutex::new(None) })
    }

    /// Seals one chunk and writes it; returns an empty buffer for the next.
    fn append(&mut self, mut chunk: Vec<u8>) -> io::Result<Vec<u8>> {
        let spool = self.spool.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let plain = chunk.len() as u64;
        if spool.chunks.is_multiple_of(LOOK_EVERY) {
            let disk = rustix::fs::fstatvfs(&spool.file)?;
            if disk.f_bavail.saturating_mul(disk.f_frsize) < self.free_bytes_min {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        let nonce = Shared::nonce(spool.number, spool.chunks)?;
        self.shared.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut chunk).map_err(io::Error::other)?;
        spool.file.write_all_at(&chunk, spool.chunks * ON_DISK_BYTES as u64)?;
        spool.chunks += 1;
        self.shared.spool_bytes.fetch_add(plain, Ordering::AcqRel);
        chunk.clear();
        Ok(chunk)
    }
}

impl Spool {
    fn open_chunk(&self, shared: &Shared, chunk: u64, len: u64) -> io::Result<Vec<u8>> {
        let plain = (len - chunk * SEALED_BYTES as u64).min(SEALED_BYTES as u64) as usize;
        let mut sealed = vec![0; plain + TAG_BYTES];
        self.file.read_exact_at(&mut sealed, chunk * ON_DISK_BYTES as u64)?;
        let nonce = Shared::nonce(self.number, chunk)?;
        shared.key.open_in_place(nonce, Aad::empty(), &mut sealed).map_err(io::Error::other)?;
        sealed.truncate(plain);
        Ok(sealed)
    }
}

/// The chunk an offset lies in, and where in it.
fn place(offset: u64, chunk_bytes: usize) -> (u64, usize) {
    (offset / chunk_bytes as u64, (offset % chunk_bytes as u64) as usize)
}

fn copy(plain: &[u8], within: usize, buf: &mut [u8]) -> usize {
    let rest = plain.get(within..).unwrap_or_default();
    let n = rest.len().min(buf.len());
    buf.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    n
}

impl Source for Hold {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let Some(spool) = &self.spool else {
            let (chunk, within) = place(offset, CHUNK_BYTES);
            return Ok(self.memory.get(chunk as usize).map_or(0, |plain| copy(plain, within, buf)));
        };
        let mut last = spool.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = 0;
        while let Some(rest @ [_, ..]) = buf.get_mut(read..)
            && offset + (read as u64) < self.len
        {
            let (chunk, within) = place(offset + read as u64, SEALED_BYTES);
            if last.as_ref().is_none_or(|(number, _)| *number != chunk) {
                *last = Some((chunk, spool.open_chunk(&self.shared, chunk, self.len)?));
            }
            match last.as_ref().map_or(0, |(_, plain)| copy(plain, within, rest)) {
                0 => break,
                n => read += n,
            }
        }
        Ok(read)
    }

    fn in_memory(&self, offset: u64) -> Option<&[u8]> {
        let (chunk, within) = place(offset, CHUNK_BYTES);
        let chunk = self.memory.get(usize::try_from(chunk).ok()?)?;
        chunk.get(within..).filter(|rest| !rest.is_empty())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.give_back();
        if let Some(spool) = &self.spool {
            let spooled = self.len.min(spool.chunks * SEALED_BYTES as u64);
            self.shared.spool_bytes.fetch_sub(spooled, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(hold: &Hold, step: usize) -> Vec<u8> {
        let (mut all, mut buf) = (Vec::new(), vec![0; step]);
        loop {
            let n = hold.read_at(all.len() as u64, &mut buf).expect("readable");
            if n == 0 {
                return all;
            }
            all.extend_from_slice(&buf[..n]);
        }
    }

    fn body(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_went_in_comes_out(len in 0usize..300_000, cut in 1usize..200_000, step in 1usize..100_000, memory in 0u64..400_000) {
            let dir = tempfile::tempdir().expect("a folder");
            let holds = Holds::new(dir.path(), memory).expect("holds");
            let bytes = body(len);
            let (mut writer, mut shown) = (holds.begin(), Vec::new());
            // Said of the length, true or not, makes no difference.
            writer.expect(step as u64);
            for piece in bytes.chunks(cut) {
                writer.push_telling(piece, |chunk| shown.extend_from_slice(chunk)).expect("pushed");
            }
            let untold = if writer.hold.spool.is_some() { 0 } else { len % CHUNK_BYTES };
            prop_assert!(shown == bytes[..len - untold]);
            let hold = writer.seal().expect("sealed");
            prop_assert!(read_all(&hold, step) == bytes);
            let at = cut.min(len);
            let is_in_memory = hold.spool.is_none() && at < len;
            prop_assert_eq!(hold.in_memory(at as u64).is_some(), is_in_memory);
            prop_assert!(hold.in_memory(at as u64).is_none_or(|rest| bytes[at..].starts_with(rest)));
            prop_assert!(holds.held_bytes().0 <= memory);
            drop(hold);
            prop_assert_eq!(holds.held_bytes(), (0, 0));
        }
    }

    #[test]
    fn a_body_too_large_for_memory_is_not_begun_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let holds = Holds::new(dir.path(), 200_000).expect("holds");
        let bytes = body(100_000);
        for (expected, is_in_memory) in [(200_000, true), (200_001, false)] {
            let mut writer = holds.begin();
            writer.expect(expected);
            writer.push(&bytes).expect("pushed");
            assert_eq!(holds.held_bytes().0 > 0, is_in_memory);
            let hold = writer.seal().expect("sealed");
            assert!(hold.spool.is_none() == is_in_memory && read_all(&hold, 7_000) == bytes);
        }
    }

    #[test]
    fn a_spool_file_has_no_name_and_no_plain_text() {
        let dir = tempfile::tempdir().expect("a folder");
        let holds = Holds::new(dir.path(), 0).expect("holds");
        let mut writer = holds.begin();
        writer.push(&b"CCCD 001090123456 ".repeat(8_000)).expect("pushed");
        let hold = writer.seal().expect("sealed");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 0);
        let spool = hold.spool.as_ref().expect("spooled");
        let mut raw = vec![0; spool.file.metadata().expect("metadata").len() as usize];
        spool.file.read_exact_at(&mut raw, 0).expect("read");
        assert!(!raw.windows(12).any(|w| w == b"001090123456"));
    }

    #[test]
    fn a_body_takes_no_disk_that_others_need() {
        let dir = tempfile::tempdir().expect("a folder");
        for (free_bytes_min, fits) in [(0, true), (u64::MAX, false)] {
            let holds = Holds::new(dir.path(), 0).expect("holds").leaving_free(free_bytes_min);
            let pushed = holds.begin().push(&body(100_000));
            assert_eq!(
                pushed.map_err(|error| error.kind()),
                if fits { Ok(()) } else { Err(io::ErrorKind::StorageFull) }
            );
            assert_eq!(holds.held_bytes(), (0, 0));
        }
        let in_memory = Holds::new(dir.path(), 1 << 20).expect("holds").leaving_free(u64::MAX);
        assert!(in_memory.begin().push(&body(100_000)).is_ok());
    }

    #[test]
    fn a_changed_spool_file_is_an_error_and_not_other_content() {
        let dir = tempfile::tempdir().expect("a folder");
        let holds = Holds::new(dir.path(), 0).expect("holds");
        let mut writer = holds.begin();
        writer.push(&body(100_000)).expect("pushed");
        let hold = writer.seal().expect("sealed");
        hold.spool.as_ref().expect("spooled").file.write_all_at(b"x", 70_000).expect("written");
        assert!(hold.read_at(70_000, &mut [0; 8]).is_err());
        assert!(hold.read_at(0, &mut [0; 8]).is_ok());
    }
}
