//! One leg of a session: a socket, plain or under TLS, with the lines read from it and the bytes to be written to it.
//!
//! It neither knows who is at the other end nor what a line means. What is said is gathered and written at once, so
//! that a group of pipelined commands costs one packet and Nagle's algorithm has nothing to wait for.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};

use super::line::{BadLine, LineReader};

/// A socket, plain or under TLS.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// Bytes asked of the socket at once.
const READ_BYTES: usize = 16 << 10;
/// Pipelined answers are written when so many bytes have gathered.
const GATHERED_BYTES_MAX: usize = 64 << 10;

/// Why nothing came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The other side closed or the network failed.
    Gone,
    /// It kept silent for too long, or took nothing.
    TimeOut,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::TimedOut { Self::TimeOut } else { Self::Gone }
    }
}

/// One leg.
pub(super) struct Wire {
    io: Box<dyn Io>,
    lines: LineReader,
    gathered: Vec<u8>,
    write_max: Duration,
    is_ended: bool,
}

impl Wire {
    /// `line_bytes_max` bounds lines read, `write_max` the time one write may take.
    pub(super) fn new(io: Box<dyn Io>, line_bytes_max: usize, write_max: Duration) -> Self {
        Self { io, lines: LineReader::new(line_bytes_max), gathered: Vec::new(), write_max, is_ended: false }
    }

    /// Takes LF alone for the end of a line read, from now on.
    pub(super) fn mend(&mut self) {
        self.lines.mend();
    }

    /// The socket, for a TLS handshake. Nothing read may be left: see [`Self::pending`].
    pub(super) fn into_io(self) -> Box<dyn Io> {
        self.io
    }

    /// Bytes read and not taken yet.
    pub(super) fn pending(&self) -> &[u8] {
        self.lines.pending()
    }

    /// Whether a line has been read and not taken yet.
    pub(super) fn has_line(&self) -> bool {
        memchr::memchr(b'\n', self.lines.pending()).is_some()
    }

    /// Takes what was read and not taken yet.
    pub(super) fn take_pending(&mut self) -> Vec<u8> {
        self.lines.take_pending()
    }

    /// Puts back what belongs to the lines to come.
    pub(super) fn put_back(&mut self, rest: &[u8]) {
        self.lines.put_back(rest);
    }

    /// The bytes gathered for the next write.
    pub(super) fn gather(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    /// A leg that leads nowhere, to stand in while the socket is in a handshake.
    pub(super) fn closed() -> Self {
        Self::new(Box::new(tokio::io::empty()), 0, Duration::ZERO)
    }

    /// The next line, when it has been read already.
    pub(super) async fn next_line(&mut self) -> Result<Option<Result<Vec<u8>, BadLine>>, Lost> {
        let line = self.lines.next();
        if line.is_some() && self.gathered.len() > GATHERED_BYTES_MAX {
            self.flush().await?;
        }
        Ok(line)
    }

    /// The next line, waiting for it until `until`. What was gathered is written before waiting.
    pub(super) async fn line(&mut self, until: Instant) -> Result<Result<Vec<u8>, BadLine>, Lost> {
        loop {
            if let Some(line) = self.next_line().await? {
                return Ok(line);
            }
            self.flush().await?;
            self.fill(until).await?;
        }
    }

    /// Reads more bytes, until `until` at the latest. May be dropped without losing any.
    pub(super) async fn fill(&mut self, until: Instant) -> Result<(), Lost> {
        if self.is_ended {
            return Err(Lost::Gone);
        }
        match timeout_at(until, poll_fn(|context| self.poll_fill(context))).await {
            Err(_) => Err(Lost::TimeOut),
            Ok(Ok(0)) => {
                self.is_ended = true;
                Err(Lost::Gone)
            }
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
        }
    }

    /// Reads what is there; how much it was. The bytes go by way of the stack: a leg that waits, as most do most of the
    /// time, holds no buffer for what may come.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut read))?;
        self.lines.append(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    /// Writes what was gathered.
    pub(super) async fn flush(&mut self) -> Result<(), Lost> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let write = async {
            self.io.write_all(&self.gathered).await?;
            self.io.flush().await
        };
        let written = timeout(self.write_max, write).await;
        self.gathered.clear();
        // An idle session keeps no more than it needs for commands.
        self.gathered.shrink_to(READ_BYTES);
        Ok(written.map_err(|_| Lost::TimeOut)??)
    }

    /// Whether the other side has closed, as far as can be told without waiting. Bytes that come meanwhile are kept;
    /// when many wait already, the end behind them is not looked for.
    pub(super) async fn is_ended(&mut self) -> bool {
        while !self.is_ended && self.lines.pending().len() < GATHERED_BYTES_MAX {
            match poll_fn(|context| Poll::Ready(self.poll_fill(context))).await {
                Poll::Pending => return false,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => self.is_ended = true,
            }
        }
        self.is_ended
    }

    /// Writes what was gathered and lets go of the socket: the other side has said everything.
    pub(super) async fn part(mut self, patience: Duration) {
        let _ = self.flush().await;
        let _ = timeout(patience, self.io.shutdown()).await;
    }

    /// Writes what was gathered and says goodbye to the socket, waiting `patience` for the other side to read it.
    pub(super) async fn close(mut self, patience: Duration) {
        let _ = self.flush().await;
        let goodbye = async {
            let _ = self.io.shutdown().await;
            // Unread bytes at close make the system send a reset, which may overtake our last words.
            let mut sink = [0; 1_024];
            let mut left = 256;
            while left > 0 && self.io.read(&mut sink).await.is_ok_and(|n| n > 0) {
                left -= 1;
            }
        };
        let _ = timeout(patience, goodbye).await;
    }
}
