//! The few storage operations the ledger needs, and their implementation on a directory.
//!
//! Duties of an implementation: [`File::sync_data`] returns `Ok` only when everything written to that file before is
//! on stable storage; [`Store::rename`] replaces its target in one step; [`Store::sync_dir`] makes names durable.
//! Nothing is promised about writes that were not synced, or after a sync that failed.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::direct::Direct;

/// A place for segment files.
pub trait Store: Send + Sync + fmt::Debug {
    /// Where it is, for messages.
    fn path(&self) -> &Path;
    /// Takes the writer's lock until [`Store::unlock`] or the end of the process; `false` when somebody else has it.
    ///
    /// # Errors
    /// When the lock cannot be asked for.
    fn lock(&self) -> io::Result<bool>;
    /// Gives the writer's lock back.
    fn unlock(&self);
    /// Names of all files.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A whole file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Makes an empty file, replacing one of that name.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Opens a file for writing.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// When it keeps its name, or when that is not known.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// When it stays.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes created and changed names durable.
    ///
    /// # Errors
    /// When they may not be.
    fn sync_dir(&self) -> io::Result<()>;
    /// Bytes that can still be written.
    ///
    /// # Errors
    /// When it is not known.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// A file open for writing.
pub trait File: Send + fmt::Debug {
    /// Sets aside disk space for the first `bytes`, without changing the length.
    ///
    /// # Errors
    /// When there is no such space.
    fn reserve(&self, bytes: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// When any of it may not be written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes what was written durable. After an error nothing is known and asking again proves nothing: Linux
    /// reports a failed write-back once and marks the pages clean (LWN 752063, "PostgreSQL's fsync() surprise").
    ///
    /// # Errors
    /// When it may not be durable.
    fn sync_data(&self) -> io::Result<()>;
    /// Writes all of `bytes` at `offset` and makes them durable, and nothing else: what was written otherwise before
    /// still wants its own sync. Zeros may be written behind them.
    ///
    /// # Errors
    /// As of [`Self::write_at`] and [`Self::sync_data`].
    fn write_durably(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_at(bytes, offset)?;
        self.sync_data()
    }
    /// Cuts or extends the file.
    ///
    /// # Errors
    /// When its length may not have changed.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
}

/// A directory of the file system.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: Mutex<Option<fs::File>>,
}

impl Directory {
    /// The directory at `path`, made when it is missing (mode 0700).
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let missing: Vec<_> = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // Or a power cut takes the whole ledger away, with everything that was acknowledged in it.
        for made in missing {
            let parent = made.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            fs::File::open(parent)?.sync_all()?;
        }
        Ok(Self::existing(path))
    }

    /// The directory at `path`, for reading.
    pub fn existing(path: &Path) -> Self {
        Self { path: path.to_owned(), lock: Mutex::new(None) }
    }
}

impl Store for Directory {
    fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> io::Result<bool> {
        let file =
            fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => {
                *self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(file);
                Ok(true)
            }
            Err(fs::TryLockError::WouldBlock) => Ok(false),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) {
        if let Some(file) = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            // Closing would do, unless a child process being started just now shares the file.
            let _ = file.unlock();
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        // A name that is not UTF-8 is not ours; it is told as what can be shown of it.
        fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let path = self.path.join(name);
        let file = fs::OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(&path)?;
        Ok(Box::new(Direct::new(file, &path)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let path = self.path.join(name);
        let file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
        Ok(Box::new(Direct::new(file, &path)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        // Asked before every write: a file that is open needs no way through the folders.
        let lock = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let stat = match &*lock {
            Some(file) => rustix::fs::fstatvfs(file)?,
            None => rustix::fs::statvfs(&self.path)?,
        };
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl File for fs::File {
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes) {
            // A file system without reservations: its space is found out by writing the zeros.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            other => Ok(other?),
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        Self::set_len(self, bytes)
    }
}
