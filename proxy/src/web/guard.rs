//! The client's stream as hyper may see it: [`Framing`] reads along, a head passes once it is whole and sound.
//!
//! Where a head is refused, hyper is given a request of our own making instead and [`Broken::head`] tells the service
//! why, so that the sender hears a reason on a connection that closes. Where a body is, reading fails with [`Broken`].

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::Framing;
use super::io::writes_through;
use super::places::{Crowd, Over, Patience};
use super::refusal::Why;
use crate::gate::Idler;

/// Time for a head from its first byte to its last.
const HEAD_SECONDS: u64 = 30;
/// Bytes read at once while a head is incomplete.
const READ_BYTES: usize = 4 << 10;
/// What hyper sees in place of a head that was refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: invalid\r\nConnection: close\r\n\r\n";

/// What the stream and the service that answers tell each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    head: OnceLock<Why>,
    is_upgraded: AtomicBool,
}

impl Broken {
    /// Why the head was refused for which the request at hand stands in. From then on there is no other.
    pub(super) fn head(&self) -> Option<Why> {
        self.0.head.get().copied()
    }

    /// What comes from now on is no request. To be said before the client hears of it.
    pub(super) fn upgrade(&self) {
        self.0.is_upgraded.store(true, Ordering::Release);
    }

    /// Why a body was refused, if that is what ended it.
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Option<Why> {
        let mut error = Some(error);
        while let Some(cause) = error {
            let told = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(BrokenBody(why)) = told.and_then(|told| told.downcast_ref()) {
                return Some(*why);
            }
            error = cause.source();
        }
        None
    }
}

#[derive(Debug)]
struct BrokenBody(Why);

impl fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id())
    }
}

impl std::error::Error for BrokenBody {}

/// A client's stream that passes only what is sound.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    inner: S,
    framing: Framing,
    /// Read, and not passed by `framing` yet.
    held: BytesMut,
    /// Passed, and not taken by hyper yet.
    ready: BytesMut,
    broken: Broken,
    crowd: Crowd,
    /// Ends a head that takes too long.
    deadline: Option<Box<Patience>>,
    has_ended: bool,
}

impl<S> Guarded<S> {
    pub(super) fn new(inner: S, broken: Broken, crowd: Crowd) -> Self {
        let (held, ready) = (BytesMut::new(), BytesMut::new());
        Self { inner, framing: Framing::new(), held, ready, broken, crowd, deadline: None, has_ended: false }
    }

    /// The stream behind, and what was read of it and not taken.
    pub(super) fn into_parts(self) -> (S, BytesMut) {
        let Self { inner, mut ready, held, .. } = self;
        ready.unsplit(held);
        (inner, ready)
    }

    fn refuse(&mut self, why: Why) -> io::Result<()> {
        self.has_ended = true;
        self.deadline = None;
        if self.framing.is_within_request() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, BrokenBody(why)));
        }
        // The first reason stays, if it can be set twice at all.
        let _ = self.broken.0.head.set(why);
        self.ready = BytesMut::from(STAND_IN);
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.ready.is_empty() {
                let n = this.ready.len().min(buf.remaining());
                buf.put_slice(this.ready.get(..n).unwrap_or_default());
                this.ready.advance(n);
                if this.ready.is_empty() {
                    // Gives the buffer back while the connection is idle.
                    this.ready = BytesMut::new();
                }
                return Poll::Ready(Ok(()));
            }
            if this.has_ended {
                // An end here would make hyper give up the answer under way; it closes by itself behind it.
                return Poll::Pending;
            }
            if this.broken.0.is_upgraded.load(Ordering::Acquire) {
                if this.held.is_empty() {
                    return Pin::new(&mut this.inner).poll_read(cx, buf);
                }
                this.ready = std::mem::take(&mut this.held);
                continue;
            }
            if this.held.is_empty() {
                let before = buf.filled().len();
                ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
                let read = buf.filled().get(before..).unwrap_or_default();
                if read.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let passed = match this.framing.scan(read) {
                    Ok(passed) => passed,
                    Err(why) => {
                        buf.set_filled(before);
                        this.refuse(why)?;
                        continue;
                    }
                };
                this.held.extend_from_slice(read.get(passed..).unwrap_or_default());
                buf.set_filled(before + passed);
                if passed > 0 {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            // What is held may be broken already, behind a sound request that passed.
            match this.framing.scan(&this.held) {
                Err(why) => {
                    this.refuse(why)?;
                    continue;
                }
                Ok(0) => {}
                Ok(passed) => {
                    this.ready = this.held.split_to(passed);
                    this.deadline = None;
                    if this.held.is_empty() {
                        this.held = BytesMut::new();
                    }
                    continue;
                }
            }
            let mut bytes = [0; READ_BYTES];
            let mut more = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.inner).poll_read(cx, &mut more) {
                Poll::Ready(Ok(())) if more.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => this.held.extend_from_slice(more.filled()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let most = Duration::from_secs(HEAD_SECONDS);
                    let patience = || Box::new(Patience::new(this.crowd.clone(), most));
                    let over = ready!(this.deadline.get_or_insert_with(patience).poll(cx));
                    if over == Over::RoomIsNeeded {
                        this.crowd.made_room(Idler::Unfinished);
                    }
                    this.refuse(if this.framing.is_within_request() { Why::SlowBody } else { Why::SlowHead })?;
                }
            }
        }
    }
}

writes_through!(AsyncWrite, Guarded.inner);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn read_some(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
        let mut bytes = [0; 512];
        let n = stream.read(&mut bytes).await?;
        Ok(String::from_utf8_lossy(&bytes[..n]).into_owned())
    }

    #[tokio::test]
    async fn a_head_is_seen_whole_and_its_successor_stands_in_when_broken() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let broken = Broken::default();
        let mut guarded = Guarded::new(server, broken.clone(), Crowd::default());
        client.write_all(b"GET / HT").await.expect("written");
        client.write_all(b"TP/1.1\r\n\r\nGET / HTTP/1.1\r\nX : y").await.expect("written");
        assert_eq!(read_some(&mut guarded).await.expect("read"), "GET / HTTP/1.1\r\n\r\n");
        assert_eq!(broken.head(), None);
        client.write_all(b"\r\n\r\n").await.expect("written");
        assert_eq!(read_some(&mut guarded).await.expect("read").as_bytes(), STAND_IN);
        assert_eq!(broken.head(), Some(Why::BadRequest));
    }

    #[tokio::test]
    async fn a_broken_body_fails_with_its_reason() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let mut guarded = Guarded::new(server, Broken::default(), Crowd::default());
        let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.write_all(&[&head[..], b"2\r\nabc\r\n"].concat()).await.expect("written");
        let passed = read_some(&mut guarded).await.expect("read");
        assert!(passed.ends_with("2\r\nab"), "{passed}");
        let error = read_some(&mut guarded).await.expect_err("broken");
        assert_eq!(Broken::of(&error), Some(Why::Framing));
    }

    #[tokio::test]
    async fn behind_an_upgrade_nobody_reads_along() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let broken = Broken::default();
        let mut guarded = Guarded::new(server, broken.clone(), Crowd::default());
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("written");
        assert_eq!(read_some(&mut guarded).await.expect("read"), "GET / HTTP/1.1\r\n\r\n");
        broken.upgrade();
        client.write_all(b"\n\0 : ").await.expect("written");
        assert_eq!(read_some(&mut guarded).await.expect("read"), "\n\0 : ");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_drips_is_given_up() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let broken = Broken::default();
        let mut guarded = Guarded::new(server, broken.clone(), Crowd::default());
        let dripping = async {
            for byte in b"GET / HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy".chunks(1) {
                client.write_all(byte).await.expect("written");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let (read, ()) = tokio::join!(read_some(&mut guarded), dripping);
        assert_eq!(read.expect("read").as_bytes(), STAND_IN);
        assert_eq!(broken.head(), Some(Why::SlowHead));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_of_one_byte_makes_room() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let (broken, crowd) = (Broken::default(), Crowd::default());
        let mut guarded = Guarded::new(server, broken.clone(), crowd.clone());
        client.write_all(b"G").await.expect("written");
        crowd.disperse();
        let began = tokio::time::Instant::now();
        assert_eq!(read_some(&mut guarded).await.expect("read").as_bytes(), STAND_IN);
        assert_eq!(broken.head(), Some(Why::SlowHead));
        assert!(began.elapsed() < Duration::from_secs(HEAD_SECONDS / 2), "{:?}", began.elapsed());
    }
}
