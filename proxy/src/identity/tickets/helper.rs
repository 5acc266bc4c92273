//! A process that reads tickets, from the gateway's side: started, asked, ended. What it says is not trusted to be short
//! or to come, nor to come to an end.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chot_config::KerberosSettings;

use super::wire::{Answer, write_token};

/// Time for one answer: a signature, and a line in a file.
const ANSWER_SECONDS: u64 = 5;
/// Time to start, on a machine however busy.
const GREETING_SECONDS: u64 = 10;
/// What the allocator of our programs reserves at a time; a reader needs little.
const ARENA: &str = "16M";

/// How a reader is started.
pub(super) struct Start {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
}

impl Start {
    /// This program, even if the file it was started from is replaced by a newer one meanwhile.
    pub(super) fn of_this_program(settings: &KerberosSettings) -> Self {
        let file = |kind: &str, path: &Path| {
            let mut value = OsString::from(kind);
            value.push(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
            value
        };
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: ["tickets", "--service", &settings.service].map(OsString::from).to_vec(),
            variables: vec![
                ("KRB5_KTNAME", file("FILE:", &settings.keytab)),
                // In the data folder, where a restart does not lose it: a ticket is good for minutes.
                ("KRB5RCACHENAME", file("file2:", &settings.replays)),
                ("MIMALLOC_ARENA_RESERVE", ARENA.into()),
                // Why a ticket is refused, in the words that are known here.
                ("LC_ALL", "C".into()),
            ],
        }
    }

    /// Starts one.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) fn start(&self) -> Result<Helper, String> {
        let failed = |why: io::Error| format!("no reader of tickets could be started: {why}");
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // It would write down whose tickets it reads.
            .env_remove("KRB5_TRACE")
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        // From here on dropping it ends it.
        let helper = Helper { child: Some(child), socket: ours };
        match Answer::read(&mut helper.within(GREETING_SECONDS)) {
            Ok(Answer::Ready) => {}
            Ok(Answer::Broken(why)) => return Err(why),
            Ok(_) => return Err("the reader of tickets answers what nobody asked".to_owned()),
            Err(why) => return Err(failed(why)),
        }
        Ok(helper)
    }
}

/// One reader. Dropping it ends the process.
pub(super) struct Helper {
    child: Option<Child>,
    socket: UnixStream,
}

impl Helper {
    /// Whether the process is there.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub(super) fn ask(&self, token: &[u8]) -> io::Result<Answer> {
        let mut within = self.within(ANSWER_SECONDS);
        write_token(token, &mut within)?;
        Answer::read(&mut within)
    }

    /// The socket, for no longer than that in all: a reader may be slow without end, a byte at a time.
    fn within(&self, seconds: u64) -> Within<'_> {
        Within { socket: &self.socket, until: Instant::now() + Duration::from_secs(seconds) }
    }
}

/// A socket until then.
struct Within<'s> {
    socket: &'s UnixStream,
    until: Instant,
}

impl Within<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Within<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(bytes)
    }
}

impl Write for Within<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that is gone already cannot be ended; it is waited for all the same, so that it leaves no trace.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
pub(super) mod fake {
    use super::*;

    /// A way to start readers that leads nowhere.
    pub(in super::super) fn nowhere() -> Start {
        Start { program: PathBuf::from("/nonexistent"), arguments: Vec::new(), variables: Vec::new() }
    }

    /// A reader that is no process but whoever has the other end.
    pub(in super::super) fn reader() -> (Helper, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        (Helper { child: None, socket: ours }, theirs)
    }
}
