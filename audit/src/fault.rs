//! A simulated disk for tests: calls fail when told, syncs lie when told, and the power can be cut at any call.
//!
//! The model is deliberately worse than a real disk: what was not synced may be lost in any part, a failed sync
//! forgets what it was to write, and names are not durable until their directory is synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{File, Store};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Nothing is stored, and an error is told.
    NotStored,
    /// Everything is stored, and an error is told all the same.
    Stored,
    /// The first half of a write is stored, and an error is told. Other calls store nothing.
    Half,
    /// The thread panics.
    Panic,
}

/// A simulated disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    pending_names: Vec<NameOp>,
    next: u64,
    locked: bool,
    free: Option<u64>,
    faults: BTreeMap<u64, How>,
    calls: Vec<String>,
    cut_at: Option<(u64, u64)>,
    image: Option<BTreeMap<String, Vec<u8>>>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    visible: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Op>,
}

#[derive(Clone, Debug)]
enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

#[derive(Clone, Debug)]
enum NameOp {
    Put(String, u64),
    Move(String, String),
    Remove(String),
}

/// A small generator of numbers that look random (S. Vigna, splitmix64), so that a seed tells a whole run.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

impl Simulated {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk with these files, all durable.
    pub fn with_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let new = Self::default();
        let mut disk = new.lock_disk();
        for (name, bytes) in files {
            let file = disk.next;
            disk.next += 1;
            disk.files.insert(file, Contents { visible: bytes.clone(), durable: bytes, pending: Vec::new() });
            disk.names.insert(name.clone(), file);
            disk.durable_names.insert(name, file);
        }
        drop(disk);
        new
    }

    /// All files as a reader sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.lock_disk();
        disk.names.iter().map(|(name, file)| (name.clone(), disk.files[file].visible.clone())).collect()
    }

    /// Lets the `n`-th changing call from now on fail, counted from 0.
    pub fn fail(&self, n: u64, how: How) {
        let mut disk = self.lock_disk();
        let at = disk.calls.len() as u64 + n;
        disk.faults.insert(at, how);
    }

    /// Cuts the power at the `n`-th changing call from now on: that call and all after it fail, and what survives is
    /// told by [`Self::after_the_cut`].
    pub fn cut_power(&self, n: u64, seed: u64) {
        let mut disk = self.lock_disk();
        disk.cut_at = Some((disk.calls.len() as u64 + n, seed));
    }

    /// The disk as the next start finds it, or as it is if the power was not cut.
    pub fn after_the_cut(&self) -> Self {
        let image = self.lock_disk().image.clone();
        Self::with_files(image.unwrap_or_else(|| self.files()))
    }

    /// The changing calls so far, such as `sync seg-00000000000000000001.log`.
    pub fn calls(&self) -> Vec<String> {
        self.lock_disk().calls.clone()
    }

    /// Sets how much space is free.
    pub fn set_free_bytes(&self, bytes: u64) {
        self.lock_disk().free = Some(bytes);
    }

    fn lock_disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a changing call and tells whether it fails.
    fn call(&self, what: String) -> io::Result<(MutexGuard<'_, Disk>, Option<How>)> {
        let mut disk = self.lock_disk();
        let n = disk.calls.len() as u64;
        disk.calls.push(what);
        if let Some((at, seed)) = disk.cut_at
            && n >= at
        {
            if disk.image.is_none() {
                disk.image = Some(disk.survivors(&mut Dice(seed)));
            }
            return Err(failure());
        }
        let how = disk.faults.get(&n).copied();
        if how == Some(How::Panic) {
            drop(disk);
            panic!("the simulated disk was told to panic");
        }
        Ok((disk, how))
    }

    fn named(&self, what: &str, op: NameOp) -> io::Result<()> {
        let (mut disk, how) = self.call(what.to_owned())?;
        if matches!(how, None | Some(How::Stored)) {
            apply_name(&mut disk.names, &op);
            disk.pending_names.push(op);
        }
        how.map_or(Ok(()), |_| Err(failure()))
    }
}

fn failure() -> io::Error {
    io::Error::other("a simulated disk error")
}

fn apply_name(names: &mut BTreeMap<String, u64>, op: &NameOp) {
    match op {
        NameOp::Put(name, file) => {
            names.insert(name.clone(), *file);
        }
        NameOp::Move(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        NameOp::Remove(name) => {
            names.remove(name);
        }
    }
}

fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(offset, data) => {
            let (start, end) = (*offset as usize, *offset as usize + data.len());
            bytes.resize(bytes.len().max(end), 0);
            bytes[start..end].copy_from_slice(data);
        }
        Op::SetLen(length) => bytes.resize(*length as usize, 0),
    }
}

impl Disk {
    /// What is left after a power cut: all that was synced, and of the rest any part.
    fn survivors(&self, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.durable_names.clone();
        let kept = dice.below(self.pending_names.len() as u64 + 1) as usize;
        self.pending_names.iter().take(kept).for_each(|op| apply_name(&mut names, op));
        let mut files = BTreeMap::new();
        for (name, file) in names {
            let contents = &self.files[&file];
            let mut bytes = contents.durable.clone();
            for op in &contents.pending {
                match (op, dice.below(4)) {
                    (_, 0) => {}
                    (Op::Write(offset, data), 1) => {
                        let kept = dice.below(data.len() as u64 + 1) as usize;
                        apply(&mut bytes, &Op::Write(*offset, data[..kept].to_vec()));
                    }
                    (Op::Write(offset, data), 2) => torn(&mut bytes, *offset, data, dice),
                    (op, _) => apply(&mut bytes, op),
                }
            }
            files.insert(name, bytes);
        }
        files
    }
}

/// Writes some of the sectors of a write.
fn torn(bytes: &mut Vec<u8>, offset: u64, data: &[u8], dice: &mut Dice) {
    const SECTOR: u64 = 512;
    let mut at = 0;
    while at < data.len() {
        let end = ((SECTOR - (offset + at as u64) % SECTOR) as usize + at).min(data.len());
        if dice.below(2) == 0 {
            apply(bytes, &Op::Write(offset + at as u64, data[at..end].to_vec()));
        }
        at = end;
    }
}

impl Store for Simulated {
    fn path(&self) -> &Path {
        Path::new("simulated")
    }

    fn lock(&self) -> io::Result<bool> {
        Ok(!std::mem::replace(&mut self.lock_disk().locked, true))
    }

    fn unlock(&self) {
        self.lock_disk().locked = false;
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock_disk().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let disk = self.lock_disk();
        let file = disk.names.get(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(disk.files[file].visible.clone())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let (mut disk, how) = self.call(format!("create {name}"))?;
        let file = disk.next;
        if matches!(how, None | Some(How::Stored)) {
            disk.next += 1;
            disk.files.insert(file, Contents::default());
            let op = NameOp::Put(name.to_owned(), file);
            apply_name(&mut disk.names, &op);
            disk.pending_names.push(op);
        }
        drop(disk);
        let open = SimulatedFile { store: self.clone(), file, name: name.to_owned() };
        how.map_or_else(|| Ok(Box::new(open) as Box<dyn File>), |_| Err(failure()))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let disk = self.lock_disk();
        let file = *disk.names.get(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        drop(disk);
        Ok(Box::new(SimulatedFile { store: self.clone(), file, name: name.to_owned() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.named(&format!("rename {to}"), NameOp::Move(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.named(&format!("remove {name}"), NameOp::Remove(name.to_owned()))
    }

    fn sync_dir(&self) -> io::Result<()> {
        let (mut disk, how) = self.call("sync-dir".to_owned())?;
        if matches!(how, None | Some(How::Stored)) {
            disk.durable_names = disk.names.clone();
            disk.pending_names.clear();
            let live: BTreeSet<u64> = disk.names.values().copied().collect();
            disk.files.retain(|file, _| live.contains(file));
        }
        how.map_or(Ok(()), |_| Err(failure()))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.lock_disk().free.unwrap_or(u64::MAX))
    }
}

#[derive(Debug)]
struct SimulatedFile {
    store: Simulated,
    file: u64,
    name: String,
}

impl SimulatedFile {
    fn change(&self, what: &str, op: Op) -> io::Result<()> {
        let (mut disk, how) = self.store.call(format!("{what} {}", self.name))?;
        let op = match (how, op) {
            (None | Some(How::Stored), op) => Some(op),
            (Some(How::Half), Op::Write(offset, mut data)) => {
                data.truncate(data.len() / 2);
                Some(Op::Write(offset, data))
            }
            (Some(_), _) => None,
        };
        // A file that was replaced while it was open is written to no avail.
        if let Some((op, contents)) = op.zip(disk.files.get_mut(&self.file)) {
            apply(&mut contents.visible, &op);
            contents.pending.push(op);
        }
        how.map_or(Ok(()), |_| Err(failure()))
    }
}

impl File for SimulatedFile {
    fn reserve(&self, _bytes: u64) -> io::Result<()> {
        let (_disk, how) = self.store.call(format!("reserve {}", self.name))?;
        how.map_or(Ok(()), |_| Err(failure()))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change("write", Op::Write(offset, bytes.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let (mut disk, how) = self.store.call(format!("sync {}", self.name))?;
        if let Some(contents) = disk.files.get_mut(&self.file) {
            // A failed sync forgets what it was to write: the next one would succeed without it.
            let pending = std::mem::take(&mut contents.pending);
            if matches!(how, None | Some(How::Stored)) {
                pending.iter().for_each(|op| apply(&mut contents.durable, op));
            }
        }
        how.map_or(Ok(()), |_| Err(failure()))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change("set-len", Op::SetLen(bytes))
    }
}
