//! A connection to a server that carries one plain request at a time.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::BytesMut;
use chot_inspect::Source;
use http::{Method, Response, StatusCode, request};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::answer::Answer;
use super::head::{self, AnswerHead, Spelled};
use crate::web::io::{Wire, read_into};

/// Largest head of an answer.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Bytes of a body on the disk that are sent at once.
const SPOOLED_BYTES: usize = 64 << 10;

/// Where a connection waits for its next request, and comes back to behind an answer.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Slot(Arc<Mutex<Option<Box<Line>>>>);

impl Slot {
    pub(in crate::web) fn holding(io: Wire) -> Self {
        let slot = Self::default();
        slot.put(Box::new(Line::new(io)));
        slot
    }

    pub(super) fn put(&self, mut line: Box<Line>) {
        // Gives the buffer back while the connection is idle.
        line.held = BytesMut::new();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// The connection, if it is there and not closed.
    pub(in crate::web) fn take(&self) -> Option<Box<Line>> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        line.is_open(&mut Context::from_waker(Waker::noop())).then_some(line)
    }

    /// Lets a connection go that its server has closed; wakes whoever asks when it does.
    pub(in crate::web) fn let_go(&self, cx: &mut Context<'_>) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_mut().is_some_and(|line| !line.is_open(cx)) {
            *line = None;
        }
    }

    /// Whether there is none, nor will there be.
    pub(in crate::web) fn is_empty(&self) -> bool {
        Arc::strong_count(&self.0) == 1 && self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// A connection.
pub(in crate::web) struct Line {
    io: Wire,
    /// Read, and not taken yet.
    pub(super) held: BytesMut,
    sending: Option<Sending>,
    /// Wakes whoever waits too long. It is moved only when it fires.
    alarm: Pin<Box<Sleep>>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("held", &self.held.len()).field("sending", &self.sending).finish_non_exhaustive()
    }
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Unanswered {
    /// The connection broke.
    Broken {
        /// Some of the request was sent.
        has_begun: bool,
    },
    /// Nothing moved for too long.
    Stalled,
}

impl Line {
    fn new(io: Wire) -> Self {
        let alarm = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { io, held: BytesMut::new(), sending: None, alarm }
    }

    /// The connection itself, between two requests.
    pub(in crate::web) fn into_io(self) -> Wire {
        self.io
    }

    /// Whether the last request was sent and nothing came behind its answer.
    pub(super) fn is_at_rest(&self) -> bool {
        self.sending.is_none() && self.held.is_empty()
    }

    /// Whether the server has neither closed the connection nor said what nobody asked for.
    fn is_open(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut [0])).is_pending()
    }

    /// Reads once; returns how much, 0 at the end.
    pub(super) fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        read_into(&mut self.io, cx, &mut self.held)
    }

    /// Sends what is left of a request whose answer comes already. Where that fails the connection is not used again.
    pub(super) fn send_on(&mut self, cx: &mut Context<'_>) {
        if self.sending.is_some() {
            let _ = self.poll_send(cx);
        }
    }

    /// Sends on, as far as it goes. Returns whether anything moved before it ended or had to wait.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> (bool, Poll<io::Result<()>>) {
        let Some(sending) = &mut self.sending else { return (false, Poll::Ready(Ok(()))) };
        let before = sending.sent;
        let polled = sending.poll(&mut self.io, cx);
        let has_moved = sending.sent > before;
        if let Poll::Ready(Ok(())) = polled {
            self.sending = None;
        }
        (has_moved, polled)
    }

    /// Sends a request and waits for the head of its answer, not longer than `patience` while nothing moves. Behind the
    /// answer the connection goes back to `home`.
    pub(in crate::web) async fn ask(
        mut self: Box<Self>,
        request: &request::Parts,
        spelled: &Spelled,
        content: Arc<dyn Source>,
        home: Slot,
        patience: Duration,
    ) -> Result<Response<Answer>, Unanswered> {
        let to_head = request.method == Method::HEAD;
        self.sending = Some(Sending::new(head::write_request(request, spelled), content));
        let (mut moved, mut has_begun, mut looked_at) = (Instant::now(), false, 0);
        let answered = std::future::poll_fn(|cx| {
            let (has_moved, sent) = self.poll_send(cx);
            if has_moved {
                (moved, has_begun) = (Instant::now(), true);
            }
            let broken = Poll::Ready(Err(Unanswered::Broken { has_begun }));
            match self.poll_head(cx, &mut looked_at, to_head) {
                Poll::Ready(Ok(read)) => Poll::Ready(Ok(read)),
                Poll::Ready(Err(_)) => broken,
                // What the server said before it broke off counts more than that it did.
                Poll::Pending if matches!(sent, Poll::Ready(Err(_))) => broken,
                Poll::Pending if self.is_late(cx, moved + patience) => Poll::Ready(Err(Unanswered::Stalled)),
                Poll::Pending => Poll::Pending,
            }
        });
        let AnswerHead { head, spelled, rest, is_kept } = answered.await?;
        Ok(Response::from_parts(head, Answer::new(self, rest, spelled, is_kept.then_some(home))))
    }

    /// Reads the head of an answer, and whatever the server says before it (RFC 9110 §15.2).
    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        looked_at: &mut usize,
        to_head: bool,
    ) -> Poll<io::Result<AnswerHead>> {
        loop {
            if let Some(end) = head::end_of(&self.held, *looked_at) {
                let head = self.held.split_to(end).freeze();
                *looked_at = 0;
                let read = head::read_answer(&head, to_head).ok_or(io::ErrorKind::InvalidData)?;
                let status = read.head.status;
                if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                return Poll::Ready(Ok(read));
            }
            *looked_at = self.held.len();
            if self.held.len() > HEAD_BYTES_MAX {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            if ready!(self.fill(cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    fn is_late(&mut self, cx: &mut Context<'_>, until: Instant) -> bool {
        while self.alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= until {
                return true;
            }
            self.alarm.as_mut().reset(until);
        }
        false
    }
}

/// A request on its way out.
struct Sending {
    head: Vec<u8>,
    content: Arc<dyn Source>,
    /// Bytes of both that the connection took.
    sent: u64,
    /// A piece of the content that does not lie in memory, and where it begins.
    spooled: (u64, Vec<u8>),
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Sending {
    fn new(head: Vec<u8>, content: Arc<dyn Source>) -> Self {
        Self { head, content, sent: 0, spooled: (0, Vec::new()) }
    }

    fn poll(&mut self, io: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let head = self.head.get(self.sent as usize..).unwrap_or_default();
            let at = self.sent.saturating_sub(self.head.len() as u64);
            let left = self.content.len() - at;
            if head.is_empty() && left == 0 {
                return Pin::new(io).poll_flush(cx);
            }
            let body = match self.content.in_memory(at) {
                Some(body) => body,
                None if left == 0 => &[],
                None => spooled(&*self.content, at, left, &mut self.spooled)?,
            };
            match ready!(Pin::new(&mut *io).poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(body)]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.sent += n as u64,
            }
        }
    }
}

/// What stands at `at`, read from the disk where it was not yet.
fn spooled<'r>(content: &dyn Source, at: u64, left: u64, read: &'r mut (u64, Vec<u8>)) -> io::Result<&'r [u8]> {
    let (start, bytes) = read;
    if at < *start || at >= *start + bytes.len() as u64 {
        bytes.resize(left.min(SPOOLED_BYTES as u64) as usize, 0);
        let n = content.read_at(at, bytes)?;
        // Less than was inspected must not pass for the whole: the error cuts the connection.
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(n);
        *start = at;
    }
    Ok(bytes.get((at - *start) as usize..).unwrap_or_default())
}
