//! Glue between tokio's streams and timers and those hyper wants, and the sizes in which bytes are read.
//!
//! hyper may fill uninitialised memory, tokio fills initialised: without `unsafe` the way between them is one copy of
//! some kilobytes, which costs nothing beside the encryption of the same bytes.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread::LocalKey;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use hyper::rt::{self, ReadBufCursor};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes moved by one read. hyper doubles a connection's buffer whenever a read fills it (8 KiB at first) and keeps it
/// while the connection is idle; one byte less keeps thousands of idle connections small.
const READ_BYTES_MAX: usize = (8 << 10) - 1;
/// The same where the last read came to as much: a body that goes on for longer than that. hyper's buffer grows to twice
/// as much then, and shrinks after two smaller reads.
const BULK_BYTES_MAX: usize = 16 << 10;
/// Bytes asked of the system at once, two whole records of TLS. rustls asks for 4 KiB, which makes five calls a record.
const AHEAD_BYTES: usize = 33 << 10;

/// Bytes taken at once where they are passed on as they come.
const AT_ONCE_BYTES: usize = 64 << 10;

/// The ends of writing pass to the stream within: the part that a stream has even if it looks at what is written.
macro_rules! ends_through {
    ($inner:ident) => {
        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.$inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.$inner).poll_shutdown(cx)
        }

        fn is_write_vectored(&self) -> bool {
            self.$inner.is_write_vectored()
        }
    };
}

/// Lets what is written to a stream pass to the stream within.
macro_rules! writes_through {
    ($write:path, $stream:ident.$inner:ident) => {
        impl<S: AsyncWrite + Unpin> $write for $stream<S> {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.$inner).poll_write(cx, buf)
            }

            $crate::web::io::ends_through!($inner);

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.$inner).poll_write_vectored(cx, bufs)
            }
        }
    };
}
pub(super) use {ends_through, writes_through};

type Room = RefCell<Box<[u8]>>;

thread_local! {
    /// Where bytes stand between two streams: no connection needs room of its own for the moment of a read.
    static FOR_HYPER: Room = RefCell::new(vec![0; BULK_BYTES_MAX].into());
    static AHEAD: Room = RefCell::new(vec![0; AHEAD_BYTES].into());
    static AT_ONCE: Room = RefCell::new(vec![0; AT_ONCE_BYTES].into());
}

/// Lends the room of this thread; `None` where whoever calls was called by somebody in it.
fn in_room<R>(room: &'static LocalKey<Room>, with: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
    room.with(|room| room.try_borrow_mut().ok().map(|mut room| with(&mut room)))
}

/// Reads what is there, as far as the room of this thread goes, and appends it to `held`; returns how much, 0 at the end.
pub(super) fn read_into(io: &mut Wire, cx: &mut Context<'_>, held: &mut BytesMut) -> Poll<io::Result<usize>> {
    let mut read = |room: &mut [u8]| {
        let mut buf = ReadBuf::new(room);
        ready!(Pin::new(&mut *io).poll_read(cx, &mut buf))?;
        let mut before = 0;
        // There may be more where a whole record of TLS was.
        while buf.filled().len() >= before + READ_BYTES_MAX && buf.remaining() > 0 {
            before = buf.filled().len();
            match Pin::new(&mut *io).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) | Poll::Pending => {}
                // Told again by the next read, which has nothing else to tell.
                Poll::Ready(Err(_)) => break,
            }
        }
        held.extend_from_slice(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    };
    match in_room(&AT_ONCE, &mut read) {
        Some(done) => done,
        None => read(&mut vec![0; READ_BYTES_MAX]),
    }
}

/// A tokio stream for hyper.
#[derive(Debug)]
pub(crate) struct ForHyper<S> {
    inner: S,
    /// The last read came to as much as it may.
    is_bulk: bool,
    /// What ended the stream behind bytes that were passed on first.
    failed: Option<io::Error>,
}

impl<S> ForHyper<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, is_bulk: false, failed: None }
    }

    /// The stream within.
    pub(crate) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> ForHyper<S> {
    /// Reads once, in bulk as long as there is something to be had at once: of a record of TLS a read gets what was left
    /// of it by the read before, were it a byte.
    fn fill(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let mut before = 0;
        while self.is_bulk && buf.remaining() > 0 && buf.filled().len() > before {
            before = buf.filled().len();
            if let Poll::Ready(Err(error)) = Pin::new(&mut self.inner).poll_read(cx, buf) {
                self.failed = Some(error);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> rt::Read for ForHyper<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let most = if self.is_bulk { BULK_BYTES_MAX } else { READ_BYTES_MAX };
        let wanted = to.remaining().min(most);
        let this = &mut *self;
        let mut read = |room: &mut [u8]| {
            let mut buf = ReadBuf::new(room.get_mut(..wanted).unwrap_or_default());
            ready!(this.fill(cx, &mut buf))?;
            to.put_slice(buf.filled());
            this.is_bulk = buf.filled().len() >= READ_BYTES_MAX;
            Poll::Ready(Ok(()))
        };
        match in_room(&FOR_HYPER, &mut read) {
            Some(done) => done,
            None => read(&mut vec![0; wanted]),
        }
    }
}

writes_through!(rt::Write, ForHyper.inner);

/// Both directions of a connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection of whatever kind, where a second copy of everything above it would be dearer than a call.
pub(crate) type Wire = Box<dyn Duplex>;

/// A connection outward: TCP, or TLS with a parent proxy over it.
pub(crate) type Outward = Box<dyn Duplex + Sync>;

/// A stream read in large pieces for a reader that asks for small ones. What was read and not asked for yet comes first,
/// and is kept no longer than that.
#[derive(Debug)]
pub(crate) struct Ahead<S> {
    read: Bytes,
    inner: S,
}

impl<S> Ahead<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self::after(Bytes::new(), inner)
    }

    /// Gives back what was already read of it first.
    pub(crate) fn after(read: Bytes, inner: S) -> Self {
        Self { read, inner }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read.is_empty() && buf.remaining() < AHEAD_BYTES {
            let read = in_room(&AHEAD, |room| {
                let mut more = ReadBuf::new(room);
                ready!(Pin::new(&mut this.inner).poll_read(cx, &mut more))?;
                let (now, later) = more.filled().split_at(more.filled().len().min(buf.remaining()));
                buf.put_slice(now);
                if !later.is_empty() {
                    this.read = Bytes::copy_from_slice(later);
                }
                Poll::Ready(Ok(()))
            });
            if let Some(done) = read {
                return done;
            }
        }
        if this.read.is_empty() {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        }
        let n = this.read.len().min(buf.remaining());
        buf.put_slice(this.read.get(..n).unwrap_or_default());
        this.read.advance(n);
        if this.read.is_empty() {
            // Gives the buffer behind it back for the life of the connection.
            this.read = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

writes_through!(AsyncWrite, Ahead.inner);

/// tokio's timer for hyper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer;

struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl rt::Sleep for Sleep {}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(Box::pin(tokio::time::sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(Box::pin(tokio::time::sleep_until(deadline.into()))))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// A stream that has so many bytes at a time, and ends or breaks behind the last.
    struct Pieces {
        left: Vec<Vec<u8>>,
        breaks: bool,
    }

    impl AsyncRead for Pieces {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let breaks = self.breaks;
            let Some(piece) = self.left.first_mut() else {
                return Poll::Ready(if breaks { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) });
            };
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&std::mem::replace(piece, rest));
            if piece.is_empty() {
                self.left.remove(0);
            }
            Poll::Ready(Ok(()))
        }
    }

    fn pieces(sizes: &[usize], breaks: bool) -> (Pieces, Vec<u8>) {
        let mut n = 0;
        let mut piece = |size: usize| {
            (0..size)
                .map(|_| {
                    n += 1;
                    (n % 251) as u8
                })
                .collect::<Vec<u8>>()
        };
        let left: Vec<_> = sizes.iter().map(|size| piece(*size)).collect();
        let all = left.concat();
        (Pieces { left, breaks }, all)
    }

    proptest::proptest! {
        #[test]
        fn reading_ahead_changes_nothing(
            sizes in proptest::collection::vec(1usize..70_000, 0..6),
            asked in proptest::collection::vec(1usize..50_000, 1..6),
            breaks: bool,
        ) {
            let (inner, all) = pieces(&sizes, breaks);
            let mut stream = Ahead::new(inner);
            let (mut read, mut cx) = (Vec::new(), Context::from_waker(std::task::Waker::noop()));
            for asked in asked.iter().cycle() {
                let mut bytes = vec![0; *asked];
                let mut buf = ReadBuf::new(&mut bytes);
                match Pin::new(&mut stream).poll_read(&mut cx, &mut buf) {
                    Poll::Ready(Ok(())) if !buf.filled().is_empty() => read.extend_from_slice(buf.filled()),
                    ended => {
                        proptest::prop_assert_eq!(matches!(ended, Poll::Ready(Err(_))), breaks);
                        break;
                    }
                }
            }
            proptest::prop_assert!(read == all);
        }

        #[test]
        fn hyper_is_given_all_of_it_and_then_the_end(
            sizes in proptest::collection::vec(1usize..40_000, 0..6),
            room in proptest::collection::vec(8_000usize..40_000, 1..6),
            breaks: bool,
        ) {
            let (inner, all) = pieces(&sizes, breaks);
            let mut stream = ForHyper::new(inner);
            let (mut read, mut cx) = (Vec::new(), Context::from_waker(std::task::Waker::noop()));
            for room in room.iter().cycle() {
                let mut bytes = vec![0; *room];
                let mut buf = rt::ReadBuf::new(&mut bytes);
                match rt::Read::poll_read(Pin::new(&mut stream), &mut cx, buf.unfilled()) {
                    Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                        proptest::prop_assert!(buf.filled().len() <= BULK_BYTES_MAX);
                        read.extend_from_slice(buf.filled());
                    }
                    ended => {
                        proptest::prop_assert_eq!(matches!(ended, Poll::Ready(Err(_))), breaks);
                        break;
                    }
                }
            }
            proptest::prop_assert!(read == all);
        }
    }

    #[tokio::test]
    async fn replayed_bytes_come_first_whatever_the_buffer() {
        for size in [1, 2, 3, 7, 64] {
            let mut stream = Ahead::after(Bytes::from_static(b"already "), &b"and then"[..]);
            let (mut all, mut buf) = (Vec::new(), vec![0; size]);
            loop {
                let n = stream.read(&mut buf).await.expect("read");
                if n == 0 {
                    break;
                }
                all.extend_from_slice(&buf[..n]);
            }
            assert_eq!(all, b"already and then");
        }
    }
}
