//! The files of the quarantine: a mail and what is known about it, encrypted, one file each.
//!
//! A file is written whole and synced before it has its name, so there is no half a mail. It does not know who may see
//! what; it only keeps it unreadable for whoever has the files and not the key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use chot_inspect::Source;

use super::held::Held;

const MAGIC: &[u8; 8] = b"chotq\x00\x01\n";
const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;
/// What is known about a mail never comes near it: a thousand recipients at most.
const SEALED_BYTES_MAX: usize = 1 << 20;

/// What a chunk is, sealed with it, so that chunks cannot be cut off or passed for others.
const ABOUT: &[u8] = b"about";
const CONTENT: &[u8] = b"content";
const END: &[u8] = b"end";

/// How far a mail in quarantine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for a person.
    Waiting,
    /// It was being delivered when the outcome was lost: it may have arrived.
    Sending,
}

impl Stage {
    const ALL: [Self; 2] = [Self::Waiting, Self::Sending];

    fn extension(self) -> &'static str {
        match self {
            Self::Waiting => "mail",
            Self::Sending => "sending",
        }
    }
}

/// The folder of the quarantine.
pub(super) struct Store {
    dir: PathBuf,
    key: LessSafeKey,
    free_bytes_min: u64,
}

impl Store {
    /// Opens the folder, and makes it and its key when they are not there.
    pub(super) fn open(dir: &Path, free_bytes_min: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let path = dir.join("key");
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = vec![0; 32];
                aws_lc_rs::rand::fill(&mut key).map_err(io::Error::other)?;
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(&key)?;
                file.sync_all()?;
                File::open(dir)?.sync_all()?;
                key
            }
            Err(error) => return Err(error),
        };
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).map_err(io::Error::other)?);
        Ok(Self { dir: dir.to_owned(), key, free_bytes_min })
    }

    fn path(&self, id: &str, stage: Stage) -> io::Result<PathBuf> {
        // Numbers come from people: nothing else may name a file.
        let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_id {
            Ok(self.dir.join(format!("{id}.{}", stage.extension())))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    /// Keeps a mail. On return it is on the disk.
    pub(super) fn put(&self, held: &Held, content: &dyn Source) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < self.free_bytes_min.saturating_add(content.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let beside = self.dir.join(format!("{}.new", held.id));
        let written = self.write(&beside, held, content);
        let placed = written.and_then(|()| {
            fs::rename(&beside, self.path(&held.id, Stage::Waiting)?)?;
            File::open(&self.dir)?.sync_all()
        });
        if placed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        placed
    }

    fn write(&self, path: &Path, held: &Held, content: &dyn Source) -> io::Result<()> {
        let mut number = [0; 8];
        aws_lc_rs::rand::fill(&mut number).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(MAGIC)?;
        file.write_all(&number)?;
        let mut n = 0;
        let mut seal = |what: &[u8], mut chunk: Vec<u8>| {
            let nonce = nonce(number, n);
            n += 1;
            self.key.seal_in_place_append_tag(nonce, Aad::from(what), &mut chunk).map_err(io::Error::other)?;
            let len = u32::try_from(chunk.len()).map_err(io::Error::other)?;
            file.write_all(&len.to_be_bytes())?;
            file.write_all(&chunk)
        };
        seal(ABOUT, held.to_json())?;
        let mut at = 0;
        while at < content.len() {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = content.read_at(at, &mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            chunk.truncate(read);
            at += read as u64;
            seal(CONTENT, chunk)?;
        }
        seal(END, Vec::new())?;
        file.sync_all()
    }

    /// Reads a mail: what is known about it, and its content in pieces.
    pub(super) fn get(
        &self,
        id: &str,
        stage: Stage,
        each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Held> {
        let mut file = Opening::new(self, &self.path(id, stage)?)?;
        let held = file.about()?;
        while let Some(piece) = file.content()? {
            each(&piece)?;
        }
        if held.id == id { Ok(held) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// What is known about every mail, oldest first. Files that cannot be read are left out and counted.
    pub(super) fn list(&self) -> io::Result<(Vec<(Held, Stage)>, usize)> {
        let (mut all, mut unreadable) = (Vec::new(), 0);
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|e| e.to_str());
            let Some(stage) = Stage::ALL.into_iter().find(|stage| extension == Some(stage.extension())) else {
                continue;
            };
            match Opening::new(self, &path).and_then(|mut file| file.about()) {
                Ok(held) => all.push((held, stage)),
                Err(_) => unreadable += 1,
            }
        }
        all.sort_by(|(a, _), (b, _)| (a.time_ms, &a.id).cmp(&(b.time_ms, &b.id)));
        Ok((all, unreadable))
    }

    /// Moves a mail from one stage to another. On return it has moved for good.
    pub(super) fn turn(&self, id: &str, from: Stage, to: Stage) -> io::Result<()> {
        fs::rename(self.path(id, from)?, self.path(id, to)?)?;
        File::open(&self.dir)?.sync_all()
    }

    /// Lets go of a mail for good.
    pub(super) fn remove(&self, id: &str, stage: Stage) -> io::Result<()> {
        fs::remove_file(self.path(id, stage)?)?;
        File::open(&self.dir)?.sync_all()
    }
}

/// A file's number is random and a chunk's is counted: no nonce is used twice under the key.
fn nonce(number: [u8; 8], chunk: u32) -> Nonce {
    let mut nonce = [0; 12];
    let (head, tail) = nonce.split_at_mut(8);
    head.copy_from_slice(&number);
    tail.copy_from_slice(&chunk.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// A file being read.
struct Opening<'a> {
    store: &'a Store,
    file: File,
    number: [u8; 8],
    n: u32,
}

impl<'a> Opening<'a> {
    fn new(store: &'a Store, path: &Path) -> io::Result<Self> {
        let (mut file, mut magic, mut number) = (File::open(path)?, [0; 8], [0; 8]);
        file.read_exact(&mut magic)?;
        file.read_exact(&mut number)?;
        if magic == *MAGIC { Ok(Self { store, file, number, n: 0 }) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn about(&mut self) -> io::Result<Held> {
        let sealed = self.sealed()?;
        Held::from_json(&self.open(ABOUT, sealed)?).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The next piece; `None` behind the last. A file without its end is an error.
    fn content(&mut self) -> io::Result<Option<Vec<u8>>> {
        let sealed = self.sealed()?;
        if sealed.len() == TAG_BYTES {
            return self.open(END, sealed).map(|_| None);
        }
        self.open(CONTENT, sealed).map(Some)
    }

    fn sealed(&mut self) -> io::Result<Vec<u8>> {
        let mut len = [0; 4];
        self.file.read_exact(&mut len)?;
        let len = u32::from_be_bytes(len) as usize;
        if !(TAG_BYTES..=SEALED_BYTES_MAX).contains(&len) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut sealed = vec![0; len];
        self.file.read_exact(&mut sealed)?;
        Ok(sealed)
    }

    fn open(&mut self, what: &[u8], mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let nonce = nonce(self.number, self.n);
        self.n += 1;
        let key = &self.store.key;
        let len = key.open_in_place(nonce, Aad::from(what), &mut sealed).map_err(io::Error::other)?.len();
        sealed.truncate(len);
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(id: &str, time_ms: u64) -> Held {
        Held { id: id.to_owned(), time_ms, to: vec!["b@example.org".to_owned()], ..Held::default() }
    }

    fn content(store: &Store, id: &str) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        store.get(id, Stage::Waiting, &mut |piece| {
            all.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn what_was_kept_comes_back_and_is_not_readable_meanwhile() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path(), 0).expect("a store");
        for (n, len) in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 300_000].into_iter().enumerate() {
            let bytes: Vec<u8> = b"CCCD 001090123456 ".iter().copied().cycle().take(len).collect();
            let id = format!("id-{n}");
            store.put(&held(&id, 9 - n as u64), &bytes).expect("kept");
            let raw = fs::read(dir.path().join(format!("{id}.mail"))).expect("there");
            assert!(!raw.windows(12).any(|w| w == b"001090123456") && !raw.windows(7).any(|w| w == b"example"));
            // As another process sees it.
            assert!(content(&Store::open(dir.path(), 0).expect("a store"), &id).expect("read") == bytes, "{len}");
        }
        let (list, unreadable) = store.list().expect("listed");
        let ids: Vec<_> = list.iter().map(|(held, _)| held.id.as_str()).collect();
        assert_eq!((ids, unreadable), (vec!["id-4", "id-3", "id-2", "id-1", "id-0"], 0));
        store.turn("id-0", Stage::Waiting, Stage::Sending).expect("turned");
        assert!(content(&store, "id-0").is_err());
        store.remove("id-0", Stage::Sending).expect("removed");
        assert!(store.remove("id-0", Stage::Waiting).is_err());
    }

    #[test]
    fn a_file_that_was_changed_or_cut_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path(), 0).expect("a store");
        store.put(&held("a", 1), &vec![b'x'; 200_000]).expect("kept");
        let path = dir.path().join("a.mail");
        let whole = fs::read(&path).expect("there");
        for cut in [0, 10, 100, whole.len() - 1, whole.len() - 20] {
            fs::write(&path, &whole[..cut]).expect("written");
            assert!(content(&store, "a").is_err(), "{cut}");
        }
        for at in [3, 12, 20, 70_000, whole.len() - 3] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).expect("written");
            assert!(content(&store, "a").is_err(), "{at}");
        }
        // One mail's file under another's name.
        fs::write(dir.path().join("b.mail"), &whole).expect("written");
        assert!(content(&store, "b").is_err());
    }

    #[test]
    fn no_number_of_a_stranger_names_a_file_elsewhere_and_no_disk_is_filled() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path(), u64::MAX).expect("a store");
        for id in ["", "../key", "a/b", "a.mail", "\0"] {
            assert!(content(&store, id).is_err() && store.remove(id, Stage::Waiting).is_err(), "{id:?}");
        }
        let full = store.put(&held("a", 1), &b"x".to_vec()).expect_err("no room");
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    }
}
