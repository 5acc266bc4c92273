//! Plain requests of a client's connection, one after the other.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chot_model::Clock;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::AsyncWrite;

use super::head::{self, Ends, Spelled};
use crate::drain::Session;
use crate::gate::Idler;
use crate::web::body::{Arriving, Reply};
use crate::web::framing::Framing;
use crate::web::guard::Broken;
use crate::web::io::{Ahead, Wire, read_into};
use crate::web::places::{Crowd, Over, Patience};
use crate::web::{IDLE_SECONDS, LAST_REQUEST_SECONDS};

/// A client's connection. The body of a request reads from it too, while the request is carried out.
struct Connection {
    io: Wire,
    /// Read, and not taken yet.
    held: BytesMut,
    /// Bytes of the request's body that were not taken yet.
    left: u64,
}

/// The connection as those share it who read from it in turn.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    pub(super) fn new(io: Wire) -> Self {
        Self(Arc::new(Mutex::new(Connection { io, held: BytesMut::new(), left: 0 })))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        read_into(&mut self.io, cx, &mut self.held)
    }

    /// Whether the client went away while it was to wait for its answer. What it says meanwhile is its next request.
    fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        self.left == 0 && self.held.is_empty() && matches!(self.fill(cx), Poll::Ready(Ok(0) | Err(_)))
    }

    /// Takes the next piece of the body.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.held.is_empty() && ready!(self.fill(cx))? == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        let n = self.left.min(self.held.len() as u64);
        self.left -= n;
        Poll::Ready(Some(Ok(self.held.split_to(n as usize).freeze())))
    }

    /// Takes a plain request's head. `None` where what is held is anything else.
    fn request(&mut self) -> Option<(Request<()>, Spelled)> {
        let (end, framing) = Framing::head_of(&self.held)?;
        let head = Bytes::copy_from_slice(self.held.get(..end)?);
        let (request, spelled) = head::read_request(&head).filter(|(request, _)| head::is_plain(request))?;
        self.left = if framing.is_tunnel() { 0 } else { framing.length()? };
        bytes::Buf::advance(&mut self.held, end);
        Some((request, spelled))
    }
}

/// The body of a plain request.
pub(in crate::web) struct Sent {
    connection: Shared,
    spelled: Spelled,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("left", &self.connection.lock().left).finish_non_exhaustive()
    }
}

impl Sent {
    /// How the head before it was spelled. It is told once.
    pub(in crate::web) fn take_spelled(&mut self) -> Spelled {
        std::mem::take(&mut self.spelled)
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.connection.lock().poll_body(cx).map(|read| read.map(|read| read.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.connection.lock().left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.connection.lock().left)
    }
}

/// What becomes of a connection behind its plain requests.
pub(in crate::web) enum Next {
    /// Something else came, which is given back with it.
    Other(Ahead<Wire>),
    /// A tunnel that was granted, with what the client said ahead of the answer.
    Tunnel(Wire, BytesMut),
}

/// Waits for requests.
struct Waiting<D> {
    drained: Pin<Box<D>>,
    is_draining: bool,
    patience: Patience,
    answered: bool,
}

impl<D: Future<Output = ()>> Waiting<D> {
    /// Whether anything comes. `meanwhile` is asked while it does not.
    fn poll(&mut self, connection: &Shared, meanwhile: impl Fn(&mut Context<'_>), cx: &mut Context<'_>) -> Poll<bool> {
        let mut connection = connection.lock();
        if !connection.held.is_empty() {
            return Poll::Ready(true);
        }
        match connection.fill(cx) {
            Poll::Ready(read) => Poll::Ready(matches!(read, Ok(1..))),
            Poll::Pending if self.is_over(cx) => Poll::Ready(false),
            Poll::Pending => {
                meanwhile(cx);
                Poll::Pending
            }
        }
    }

    /// Whether nobody is waited for any more. One that was just accepted when draining began may still ask its first
    /// question.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.is_draining && self.drained.as_mut().poll(cx).is_ready() {
            self.is_draining = true;
            self.patience.shorten(Duration::from_secs(LAST_REQUEST_SECONDS));
        }
        if self.is_draining && self.answered {
            return true;
        }
        let over = self.patience.poll(cx);
        if over == Poll::Ready(Over::RoomIsNeeded) {
            self.patience.made_room(Idler::Idle);
        }
        over.is_ready()
    }
}

/// Answers plain requests until one is granted a tunnel, or something else comes, or nothing does.
/// Between requests `meanwhile` is asked whenever the task is woken.
pub(in crate::web) async fn serve<A, F>(
    io: Wire,
    mut session: Session,
    clock: &dyn Clock,
    crowd: Crowd,
    answer: &A,
    meanwhile: impl Fn(&mut Context<'_>),
) -> Option<Next>
where
    A: Fn(Request<Arriving>, Broken) -> F,
    F: Future<Output = Response<Reply>>,
{
    let connection = Shared::new(io);
    let draining = session.clone();
    let mut waiting = Waiting {
        drained: Box::pin(session.drained()),
        is_draining: false,
        patience: Patience::new(crowd, Duration::from_secs(IDLE_SECONDS)),
        answered: false,
    };
    while poll_fn(|cx| waiting.poll(&connection, &meanwhile, cx)).await {
        let next = connection.lock().request();
        let Some((request, spelled)) = next else {
            let (io, held) = connection.into_parts()?;
            return Some(Next::Other(Ahead::after(held.freeze(), io)));
        };
        let (to_head, to_connect) = (request.method() == Method::HEAD, request.method() == Method::CONNECT);
        let request = request.map(|()| Arriving::Plain(Sent { connection: connection.clone(), spelled }));
        let mut answering = Box::pin(answer(request, Broken::default()));
        let answered = poll_fn(|cx| match answering.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Some(response)),
            Poll::Pending if connection.lock().is_gone(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let response = answered.await?;
        drop(answering);
        if to_connect && response.status().is_success() {
            // RFC 9110 §9.3.6: what follows the head is not ours.
            connection.reply(response, true, true, clock).await.ok()?;
            let (io, held) = connection.into_parts()?;
            return Some(Next::Tunnel(io, held));
        }
        let may_keep = !draining.is_draining() && connection.lock().left == 0;
        if !connection.reply(response, to_head, may_keep, clock).await.ok()? {
            break;
        }
        waiting.patience.restart(Duration::from_secs(IDLE_SECONDS));
        waiting.answered = true;
        let mut connection = connection.lock();
        if connection.held.is_empty() {
            // Gives the buffer back while the connection is idle.
            connection.held = BytesMut::new();
        }
    }
    // What is left to say is that this is the end; a client that is gone need not hear it.
    let _ = poll_fn(|cx| Pin::new(&mut connection.lock().io).poll_shutdown(cx)).await;
    None
}

impl Shared {
    /// The connection and what was read of it, once no body reads from it any more.
    fn into_parts(self) -> Option<(Wire, BytesMut)> {
        let Connection { io, held, left: _ } = Arc::into_inner(self.0)?.into_inner().ok()?;
        Some((io, held))
    }

    /// Writes an answer, of which the head is all where there is `no_body`, and returns whether another request may
    /// follow.
    pub(super) async fn reply(
        &self,
        response: Response<Reply>,
        no_body: bool,
        may_keep: bool,
        clock: &dyn Clock,
    ) -> io::Result<bool> {
        let (head, body) = response.into_parts();
        let closes = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
        let is_kept = may_keep && !head.headers.get_all(header::CONNECTION).iter().any(closes);
        let ends = match body.size_hint().exact() {
            _ if no_body || head::has_no_body(head.status) => Ends::Here,
            Some(length) => Ends::Length(length),
            None => Ends::Chunked,
        };
        let (none, spelled) = (Spelled::default(), body.spelled());
        let head = head::write_answer(&head, spelled.unwrap_or(&none), ends, is_kept, clock.now());
        if ends == Ends::Here {
            self.write([&head, b"", b""]).await?;
        } else {
            self.relay(head, body, ends == Ends::Chunked).await?;
        }
        self.flush().await?;
        Ok(is_kept)
    }

    /// Writes a body as it comes, and what stands before it with its first piece.
    async fn relay(&self, mut before: Vec<u8>, mut body: Reply, is_chunked: bool) -> io::Result<()> {
        // Whether the client has all that was said so far.
        let mut is_told = false;
        loop {
            let frame = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(Ok(Some(frame))),
                // It is not to wait for what the server has not said.
                Poll::Pending if !is_told => Poll::Ready(Ok(None)),
                Poll::Pending if self.lock().is_gone(cx) => Poll::Ready(Err(io::ErrorKind::BrokenPipe)),
                Poll::Pending => Poll::Pending,
            });
            let data = match frame.await? {
                Some(Some(frame)) => frame.map_err(io::Error::other)?.into_data().unwrap_or_default(),
                Some(None) => break,
                None => {
                    self.write([&before, b"", b""]).await?;
                    self.flush().await?;
                    before.clear();
                    is_told = true;
                    continue;
                }
            };
            if data.is_empty() {
                continue;
            }
            is_told = false;
            if is_chunked {
                before.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                self.write([&before, &data, b"\r\n"]).await?;
            } else {
                self.write([&before, &data, b""]).await?;
            }
            before.clear();
        }
        if is_chunked {
            before.extend_from_slice(b"0\r\n\r\n");
        }
        self.write([&before, b"", b""]).await
    }

    async fn flush(&self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut self.lock().io).poll_flush(cx)).await
    }

    /// Writes these one after the other, in as few steps as it goes.
    async fn write(&self, mut parts: [&[u8]; 3]) -> io::Result<()> {
        poll_fn(|cx| {
            let mut connection = self.lock();
            while parts.iter().any(|part| !part.is_empty()) {
                let slices = parts.map(IoSlice::new);
                let mut n = ready!(Pin::new(&mut connection.io).poll_write_vectored(cx, &slices))?;
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                for part in &mut parts {
                    let (written, rest) = part.split_at(n.min(part.len()));
                    (n, *part) = (n - written.len(), rest);
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }
}
