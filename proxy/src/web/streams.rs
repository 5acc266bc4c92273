//! HTTP/2 towards clients: every stream is a request of its own, answered as on HTTP/1.1 (RFC 9113).
//!
//! What one connection may hold here is bounded: streams, windows, heads, and requests that are cancelled as soon as
//! they are made. hyper and h2 refuse frames and pseudo-header fields that are not valid before anybody is asked; `watch`
//! tells, and it is recorded. Pushes, priorities and WebSockets over streams are not offered.

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::body::{Arriving, Reply, Unread};
use super::guard::Broken;
use super::io::{ForHyper, Timer};
use super::refusal::Why;
use super::watch::{Told, Watched};
use super::{Client, IDLE_SECONDS};
use crate::drain::Session;
use crate::gate::Idler;

/// Requests at once.
const STREAMS_MAX: u32 = 100;
/// What a client may send of one body before we took any of it.
const STREAM_WINDOW_BYTES: u32 = 128 << 10;
/// The same of all bodies of a connection: its share of the memory for bodies, within what HTTP/2 grants anyway and what
/// a client on the local network can use.
const CONNECTION_WINDOW_BYTES: RangeInclusive<u64> = 0xffff..=512 << 10;
/// Bytes of an answer that wait for the client.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Largest head that is decoded. What is larger than an HTTP/1.1 head may be is then refused and recorded.
const HEAD_BYTES_MAX: u32 = 4 * super::framing::HEAD_BYTES_MAX as u32;
/// Requests that were cancelled before they were answered, where those that were answered are fewer (CVE-2023-44487).
const CANCELLED_MAX: u32 = 200;
/// Reasons recorded of one connection; whoever gives more has to make another.
const RECORDS_MAX: u32 = 20;
/// A connection is used this long. Clients make another without noticing.
const AGE_SECONDS: u64 = 3_600;
/// Time for a client to close a connection that it was told to leave, once its last answer is through.
const CLOSE_SECONDS: u64 = 10;
/// The same where others need its place.
const HURRIED_SECONDS: u64 = 1;
/// A connection without requests under way makes room for others after so long.
const QUIET_SECONDS: u64 = 30;
/// Silence on a connection with requests under way after which the client is asked whether it is there, and the time it
/// has to answer.
const PING_SECONDS: u64 = 60;

/// Serves HTTP/2 over `io` until it ends, grows old, or draining begins and the last answer is through. `host` is
/// what the records name where no request does.
pub(super) async fn serve<IO, A, F>(client: &Arc<Client>, host: &str, io: IO, mut session: Session, answer: A)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Arriving>, Broken) -> F,
    F: Future<Output = Response<Reply>> + Send + 'static,
{
    let (told, life) = (Arc::new(Told::default()), Arc::new(Life::new()));
    let service = service_fn(|mut request: Request<Incoming>| {
        let under_way = Arc::new(UnderWay::begin(&life, &told));
        // A tunnel outlives its answer.
        request.extensions_mut().insert(Arc::clone(&under_way));
        let answered = Box::pin(answer(request.map(Arriving::Hyper), Broken::default()));
        async move {
            let response = answered.await;
            Ok::<_, Infallible>(response.map(|reply| Answer::new(reply, under_way)))
        }
    });
    let multiplexed = Multiplexed::begin(&client.web.multiplexed);
    let share = client.web.gate.memory_bytes_max() / multiplexed.now.max(1);
    let window = share.clamp(*CONNECTION_WINDOW_BYTES.start(), *CONNECTION_WINDOW_BYTES.end());
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(Timer)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(window as u32)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(Duration::from_secs(PING_SECONDS))
        .keep_alive_timeout(Duration::from_secs(PING_SECONDS));
    let io = ForHyper::new(Watched::new(io, Arc::clone(&told)));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    let age_ends = Instant::now() + Duration::from_secs(AGE_SECONDS);
    let (mut is_leaving, mut is_hurried, mut may_make_room, mut recorded) = (false, false, false, 0);
    let crowd = client.web.crowd();
    let ended = loop {
        let pause = Duration::from_secs(match (is_leaving, may_make_room) {
            (true, _) if is_hurried => HURRIED_SECONDS,
            (true, _) => CLOSE_SECONDS,
            (false, true) => IDLE_SECONDS - QUIET_SECONDS,
            (false, false) => QUIET_SECONDS,
        });
        let is_over = tokio::select! {
            ended = connection.as_mut() => break ended,
            () = told.changed() => {
                recorded += record(client, host, &told).await;
                if recorded >= RECORDS_MAX {
                    break Ok(());
                }
                continue;
            }
            () = session.drained(), if !is_leaving => true,
            () = crowd.is_needed(), if may_make_room && !is_leaving => {
                may_make_room = life.is_idle(Duration::from_secs(QUIET_SECONDS));
                if !may_make_room {
                    // Somebody else has to.
                    crowd.disperse();
                    continue;
                }
                crowd.made_room(Idler::Idle);
                is_hurried = true;
                true
            }
            () = tokio::time::sleep(pause) => {
                may_make_room = life.is_idle(Duration::from_secs(QUIET_SECONDS));
                life.is_idle(Duration::from_secs(IDLE_SECONDS)) || Instant::now() >= age_ends
            }
        };
        if is_leaving && life.is_idle(pause) {
            break Ok(());
        }
        if is_over && !is_leaving {
            connection.as_mut().graceful_shutdown();
            is_leaving = true;
        }
    };
    let said = record(client, host, &told).await;
    if recorded + said == 0 && ended.is_err_and(|error| is_clients_fault(&error)) {
        client.record(None, host, Why::Http2.id(), 0).await;
    }
}

/// Records what was said of the client; returns how many records that took.
async fn record(client: &Client, host: &str, told: &Told) -> u32 {
    let mut recorded = 0;
    for (why, times) in told.take() {
        if times > 0 {
            client.record(None, host, why.id(), 0).await;
            // A flood ends the connection.
            recorded += if why == Why::Flood { RECORDS_MAX } else { times };
        }
    }
    recorded
}

/// Whether a connection ended for what the client sent and not for how the network is.
fn is_clients_fault(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| !cause.is_io() && !cause.is_remote())
}

/// One of the connections that share the memory.
struct Multiplexed<'a> {
    count: &'a AtomicU64,
    now: u64,
}

impl<'a> Multiplexed<'a> {
    fn begin(count: &'a AtomicU64) -> Self {
        Self { count, now: count.fetch_add(1, Ordering::AcqRel) + 1 }
    }
}

impl Drop for Multiplexed<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the streams of a connection tell it.
#[derive(Debug)]
struct Life {
    /// Streams whose answer is not through.
    under_way: AtomicU32,
    answered: AtomicU32,
    cancelled: AtomicU32,
    /// When the last stream ended.
    quiet_since: Mutex<Instant>,
}

impl Life {
    fn new() -> Self {
        let (under_way, answered, cancelled) = Default::default();
        Self { under_way, answered, cancelled, quiet_since: Mutex::new(Instant::now()) }
    }

    fn is_idle(&self, pause: Duration) -> bool {
        let quiet_since = *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.under_way.load(Ordering::Acquire) == 0 && quiet_since.elapsed() >= pause
    }
}

/// A stream from its head to the last byte of its answer, or of its tunnel.
#[derive(Debug)]
pub(super) struct UnderWay {
    life: Arc<Life>,
    told: Arc<Told>,
    is_answered: AtomicBool,
}

impl UnderWay {
    fn begin(life: &Arc<Life>, told: &Arc<Told>) -> Self {
        life.under_way.fetch_add(1, Ordering::AcqRel);
        Self { life: Arc::clone(life), told: Arc::clone(told), is_answered: AtomicBool::new(false) }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let life = &self.life;
        if !self.is_answered.load(Ordering::Acquire) {
            let cancelled = life.cancelled.fetch_add(1, Ordering::AcqRel) + 1;
            if cancelled > CANCELLED_MAX && cancelled > life.answered.load(Ordering::Acquire) {
                self.told.flood();
            }
        }
        *life.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        life.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer that keeps its stream under way.
#[derive(Debug)]
struct Answer {
    reply: Reply,
    _under_way: Arc<UnderWay>,
}

impl Answer {
    fn new(reply: Reply, under_way: Arc<UnderWay>) -> Self {
        under_way.life.answered.fetch_add(1, Ordering::AcqRel);
        under_way.is_answered.store(true, Ordering::Release);
        Self { reply, _under_way: under_way }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Unread;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        Pin::new(&mut self.reply).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.reply.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.reply.size_hint()
    }
}
