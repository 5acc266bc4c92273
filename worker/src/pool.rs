//! The pool of workers: started when needed, used again a number of times, ended at the first sign of trouble.
//!
//! Nothing that a worker sends is trusted, and no worker is waited for longer than its object may take.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chot_inspect::{Bounds, Extractor, Kind, Piece, Source};
use chot_model::{OpaqueReason, Secret};

use crate::wire::{self, Answer, HEAD, Job};
use crate::{Confinement, Error};

/// How workers are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program, and what makes it a worker.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Workers at a time. Objects within objects may take one more for each level.
    pub workers_max: usize,
    /// Objects a worker reads before a fresh one takes its place.
    pub objects_max: u32,
    /// Time for one object, whatever the inspection would allow.
    pub time_max: Duration,
    /// Whether a worker that is not confined completely may be used.
    pub is_incomplete_allowed: bool,
}

impl Settings {
    /// Workers of this program itself, even if the file it was started from is replaced by a newer one meanwhile.
    pub fn of_this_program(arguments: Vec<OsString>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments,
            workers_max: processors.max(2),
            objects_max: 200,
            time_max: Duration::from_secs(60),
            is_incomplete_allowed: true,
        }
    }
}

/// Runs readers in workers.
#[derive(Debug)]
pub struct Pool {
    settings: Settings,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Worker>,
    busy: usize,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    /// Answers are read through it, jobs written beside it.
    socket: BufReader<UnixStream>,
    confinement: Confinement,
    objects: u32,
}

thread_local! {
    /// Workers that this thread waits on: an object within an object must not wait for the one it lies in.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// A worker says hello within this time, on a machine however busy.
const GREETING_TIME: Duration = Duration::from_secs(10);
/// Written at a time, so that the time-out is looked at.
const WRITE: usize = 1 << 20;

/// What the allocator of our programs reserves at a time. By itself it reserves as much as a worker may have in all, and
/// then there is no room for what it needs besides. Other allocators do not ask.
const ARENA: &str = "64M";

impl Pool {
    /// An empty pool.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Starts a worker and tells how it is confined.
    ///
    /// # Errors
    /// When none can be started.
    pub fn probe(&self) -> Result<Confinement, Error> {
        let worker = self.start()?;
        let confinement = worker.confinement;
        let mut state = self.state();
        if state.idle.len() < self.settings.workers_max {
            state.idle.push(worker);
        }
        Ok(confinement)
    }

    /// Process ids of workers that wait for work.
    pub fn idle(&self) -> Vec<u32> {
        self.state().idle.iter().map(|worker| worker.child.id()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Result<Worker, Error> {
        let (ours, theirs) = UnixStream::pair().map_err(Error::Start)?;
        let child = Command::new(&self.settings.program)
            .args(&self.settings.arguments)
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", ARENA)
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::Start)?;
        let nothing = Confinement { memory: false, files: false, calls: false };
        // From here on dropping it ends it.
        let mut worker =
            Worker { child, socket: BufReader::with_capacity(1 << 16, ours), confinement: nothing, objects: 0 };
        let mut content = Vec::new();
        let deadline = Instant::now() + GREETING_TIME;
        worker.confinement = match worker.receive(deadline, &mut content) {
            Ok(Answer::Greeting(confinement)) => confinement,
            Ok(_) => return Err(Error::Greeting(io::ErrorKind::InvalidData.into())),
            Err(why) => return Err(Error::Greeting(why)),
        };
        Ok(worker)
    }

    /// A worker for one object. Counted as busy until it is given back.
    fn take(&self, deadline: Instant) -> Result<Worker, OpaqueReason> {
        let mut state = self.state();
        loop {
            while let Some(mut worker) = state.idle.pop() {
                // One that died while nobody looked is no use.
                if matches!(worker.child.try_wait(), Ok(None)) {
                    state.busy += 1;
                    return Ok(worker);
                }
            }
            if state.busy < self.settings.workers_max || HELD.get() > 0 {
                state.busy += 1;
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(OpaqueReason::TimeLimit);
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        self.start().map_err(|_| {
            self.give_back(None);
            OpaqueReason::Failed
        })
    }

    fn give_back(&self, worker: Option<Worker>) {
        let mut state = self.state();
        state.busy = state.busy.saturating_sub(1);
        let fresh =
            worker.filter(|w| w.objects < self.settings.objects_max && state.idle.len() < self.settings.workers_max);
        state.idle.extend(fresh);
        drop(state);
        self.freed.notify_one();
    }
}

/// Gives a worker back, or ends it, whatever happens while it works.
struct Lease<'p> {
    pool: &'p Pool,
    worker: Option<Worker>,
    is_sound: bool,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(1));
        self.pool.give_back(self.worker.take().filter(|_| self.is_sound));
    }
}

impl Extractor for Pool {
    fn extract(
        &self,
        kind: Kind,
        object: &dyn Source,
        bounds: Bounds,
        passwords: &[Secret],
        each: &mut dyn FnMut(Piece<'_>) -> bool,
    ) -> Result<(), OpaqueReason> {
        let bounds = Bounds { time_max: bounds.time_max.min(self.settings.time_max), ..bounds };
        let deadline = Instant::now() + bounds.time_max;
        let worker = self.take(deadline)?;
        HELD.set(HELD.get() + 1);
        let mut lease = Lease { pool: self, worker: Some(worker), is_sound: false };
        let Some(worker) = &mut lease.worker else { return Err(OpaqueReason::Failed) };
        if !worker.confinement.is_complete() && !self.settings.is_incomplete_allowed {
            return Err(OpaqueReason::Failed);
        }
        worker.objects += 1;
        let secrets = wire::secrets(passwords);
        let job = Job { kind, bounds, secrets: secrets.len() as u64, len: object.len() };
        for bytes in [&job.to_bytes()[..], &secrets] {
            worker.send(bytes, deadline).map_err(|e| reason(&e))?;
        }
        worker.send_all(object, deadline).map_err(|e| reason(&e))?;
        let mut content = Vec::new();
        loop {
            match worker.receive(deadline, &mut content).map_err(|e| reason(&e))? {
                Answer::Piece(piece) => {
                    if !each(piece) {
                        // It goes on telling: ending it is cheaper than listening.
                        return Ok(());
                    }
                }
                Answer::Greeting(_) => return Err(OpaqueReason::Failed),
                last => {
                    // What follows the last word is the beginning of the next answer, and nobody asked.
                    let is_silent = worker.socket.buffer().is_empty();
                    lease.is_sound = is_silent;
                    return match last {
                        Answer::Done if is_silent => Ok(()),
                        Answer::Failed(reason) => Err(reason),
                        _ => Err(OpaqueReason::Failed),
                    };
                }
            }
        }
    }
}

fn reason(why: &io::Error) -> OpaqueReason {
    match why.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => OpaqueReason::TimeLimit,
        _ => OpaqueReason::Failed,
    }
}

impl Worker {
    fn left(deadline: Instant) -> io::Result<Option<Duration>> {
        let left = deadline.saturating_duration_since(Instant::now());
        // Zero would mean no time-out at all.
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }

    fn send(&self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        let mut socket = self.socket.get_ref();
        for some in bytes.chunks(WRITE) {
            let mut rest = some;
            while !rest.is_empty() {
                socket.set_write_timeout(Self::left(deadline)?)?;
                match socket.write(rest) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                    Err(why) => return Err(why),
                }
            }
        }
        Ok(())
    }

    /// Sends an object piece by piece: only the worker holds all of it.
    fn send_all(&self, object: &dyn Source, deadline: Instant) -> io::Result<()> {
        let (mut at, mut block) = (0, Vec::new());
        while at < object.len() {
            let len = usize::try_from(object.len() - at).unwrap_or(WRITE).min(WRITE);
            block.resize(len, 0);
            let n = object.read_at(at, &mut block)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.send(block.get(..n).unwrap_or_default(), deadline)?;
            at += n as u64;
        }
        Ok(())
    }

    fn receive<'c>(&mut self, deadline: Instant, content: &'c mut Vec<u8>) -> io::Result<Answer<'c>> {
        let mut head = [0; HEAD];
        self.fill(&mut head, deadline)?;
        let (kind, len) = wire::head(head).ok_or(io::ErrorKind::InvalidData)?;
        content.resize(len, 0);
        self.fill(content, deadline)?;
        wire::answer(kind, content).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn fill(&mut self, mut to: &mut [u8], deadline: Instant) -> io::Result<()> {
        while !to.is_empty() {
            if self.socket.buffer().is_empty() {
                self.socket.get_ref().set_read_timeout(Self::left(deadline)?)?;
            }
            match self.socket.read(to) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => to = to.get_mut(n..).unwrap_or_default(),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that is gone already cannot be ended; it is waited for all the same, so that it leaves no trace.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
