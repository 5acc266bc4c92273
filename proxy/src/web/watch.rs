//! Follows what we ourselves say on an HTTP/2 connection, for the one thing that nobody else is told: that a stream or
//! the connection was ended because of what the client sent. It changes nothing and reads no client's bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::io::ends_through;
use super::refusal::Why;

/// Bytes of a frame's head (RFC 9113 §4.1), and as many of a payload as hold an error code.
const HEAD_BYTES: usize = 9;
const KEPT_BYTES: usize = HEAD_BYTES + 8;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// What was said since somebody asked.
#[derive(Debug, Default)]
pub(super) struct Told {
    broken: AtomicU32,
    floods: AtomicU32,
    changed: Notify,
}

impl Told {
    /// Waits until there is something. Says nothing about what was [taken](Self::take) already.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// How often which reason was given.
    pub(super) fn take(&self) -> [(Why, u32); 2] {
        let take = |count: &AtomicU32| count.swap(0, Ordering::AcqRel);
        [(Why::Http2, take(&self.broken)), (Why::Flood, take(&self.floods))]
    }

    /// Notes a flood that was not seen on the wire.
    pub(super) fn flood(&self) {
        self.floods.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_one();
    }

    /// RFC 9113 §7. Codes that say that we end a stream for reasons of our own, or of the server's, are no news.
    fn note(&self, code: u32) {
        let count = match code {
            // PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR.
            1 | 3 | 6 | 9 => &self.broken,
            // ENHANCE_YOUR_CALM.
            11 => &self.floods,
            _ => return,
        };
        count.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_one();
    }
}

/// Where in the frames we are.
#[derive(Debug, Default)]
struct Frames {
    /// The beginning of the frame under way.
    kept: Vec<u8>,
    /// Payload of it to come, once its head is whole.
    left: usize,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8], told: &Told) {
        while !bytes.is_empty() {
            if self.kept.len() < HEAD_BYTES {
                let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.kept.len()));
                self.kept.extend_from_slice(head);
                bytes = rest;
                let [a, b, c, ..] = *self.kept.as_slice() else { continue };
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
            } else {
                let (payload, rest) = bytes.split_at(bytes.len().min(self.left));
                let room = KEPT_BYTES - self.kept.len();
                self.kept.extend_from_slice(payload.get(..room.min(payload.len())).unwrap_or_default());
                self.left -= payload.len();
                bytes = rest;
            }
            if self.kept.len() >= HEAD_BYTES && self.left == 0 {
                self.code().into_iter().for_each(|code| told.note(code));
                self.kept.clear();
            }
        }
    }

    /// The error code of the frame that is now whole.
    fn code(&self) -> Option<u32> {
        let (head, payload) = self.kept.split_at_checked(HEAD_BYTES)?;
        let code = match *head.get(3)? {
            RST_STREAM => payload.get(..4)?,
            GOAWAY => payload.get(4..8)?,
            _ => return None,
        };
        code.try_into().ok().map(u32::from_be_bytes)
    }
}

/// A stream whose outgoing frames are followed.
#[derive(Debug)]
pub(super) struct Watched<S> {
    inner: S,
    frames: Frames,
    told: Arc<Told>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, told: Arc<Told>) -> Self {
        Self { inner, frames: Frames::default(), told }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
    }

    ends_through!(inner);

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(mut n)) = polled {
            for buf in bufs {
                let written = buf.get(..n.min(buf.len())).unwrap_or_default();
                this.frames.follow(written, &this.told);
                n -= written.len();
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let len = (payload.len() as u32).to_be_bytes();
        [&len[1..], &[kind, 0, 0, 0, 0, 1], payload].concat()
    }

    fn told(bytes: &[u8], size: usize) -> [u32; 2] {
        let (told, mut frames) = (Told::default(), Frames::default());
        bytes.chunks(size).for_each(|piece| frames.follow(piece, &told));
        told.take().map(|(_, n)| n)
    }

    #[test]
    fn ends_are_seen_and_nothing_else() {
        let code = |code: u32| code.to_be_bytes();
        for (bytes, expected) in [
            (frame(RST_STREAM, &code(1)), [1, 0]),
            (frame(RST_STREAM, &code(0)), [0, 0]),
            (frame(RST_STREAM, &code(8)), [0, 0]),
            (frame(GOAWAY, &[&code(5)[..], &code(11), b"too_many_resets"].concat()), [0, 1]),
            (frame(GOAWAY, &[code(1), code(0)].concat()), [0, 0]),
            (frame(0, &frame(RST_STREAM, &code(1))), [0, 0]),
            ([frame(0, &[3; 300]), frame(4, &[]), frame(RST_STREAM, &code(9))].concat(), [1, 0]),
        ] {
            for size in [1, 2, 5, 1_000] {
                assert_eq!(told(&bytes, size), expected, "{bytes:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(bytes in proptest::collection::vec(0u8..12, 0..400), size in 1usize..50) {
            prop_assert_eq!(told(&bytes, size), told(&bytes, bytes.len().max(1)));
        }
    }
}
