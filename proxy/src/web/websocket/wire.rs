//! The ends of a WebSocket as bytes: reading without holding buffers while nothing comes, writing with a bound on
//! patience.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{self, AsyncRead, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};

/// Bytes read or sent at once.
pub(super) const PIECE_BYTES: usize = 16 << 10;
/// Longest wait for an end to take what is sent.
const STALL_SECONDS: u64 = 120;

/// A connection that was HTTP.
pub(super) type Io = TokioIo<Upgraded>;

/// What an end sends.
pub(super) struct Reader {
    pub(super) io: ReadHalf<Io>,
    /// Read and not used.
    pub(super) bytes: BytesMut,
}

impl Reader {
    pub(super) fn new(io: ReadHalf<Io>) -> Self {
        Self { io, bytes: BytesMut::new() }
    }

    /// Reads more; `false` at the end. May be dropped without losing any.
    pub(super) async fn more(&mut self) -> bool {
        if self.bytes.is_empty() {
            // Gives the buffer back while nothing comes.
            self.bytes = BytesMut::new();
        }
        let reading = poll_fn(|cx| {
            // On the stack of the poll, not in the future: most sockets wait.
            let mut piece = [0; PIECE_BYTES];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
            self.bytes.extend_from_slice(read.filled());
            Poll::Ready(io::Result::Ok(!read.filled().is_empty()))
        });
        reading.await.unwrap_or(false)
    }
}

/// Writes all of `bytes` to an end; `false` when it does not take them.
pub(super) async fn put(to: &mut WriteHalf<Io>, bytes: &[u8]) -> bool {
    let writing = async {
        to.write_all(bytes).await?;
        to.flush().await
    };
    tokio::time::timeout(Duration::from_secs(STALL_SECONDS), writing).await.is_ok_and(|written| written.is_ok())
}

/// A fresh mask (RFC 6455 §5.3 wants it unpredictable), if the system has one to give.
pub(super) fn mask() -> Option<[u8; 4]> {
    let mut mask = [0; 4];
    aws_lc_rs::rand::fill(&mut mask).ok().map(|()| mask)
}
