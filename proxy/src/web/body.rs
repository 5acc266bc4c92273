//! Bodies: taking one in against a slow or broken sender, sending a held one out, relaying an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chot_inspect::Source;
use chot_model::OpaqueReason;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::coding::Codings;
use super::guard::Broken;
use super::plain::{Answer, Sent, Spelled};
use super::refusal::Why;
use crate::gate::Intake;

/// Longest pause within a body: a stalled sender holds memory and a connection.
const IDLE_SECONDS: u64 = 60;
/// Slowest average of a body once [`RATE_GRACE_SECONDS`] have passed. A modem does ten times as much.
const RATE_BYTES_PER_SECOND_MIN: u64 = 512;
/// How long a body may be slower.
const RATE_GRACE_SECONDS: u64 = 90;
/// Bytes of a refused body that are read and dropped, so that the sender gets to reading the answer (RFC 9112 §9.6).
const DRAIN_BYTES_MAX: u64 = 64 << 20;
/// Time for that.
const DRAIN_SECONDS: u64 = 15;
/// Bytes of a held body sent at once.
const SEND_BYTES: usize = 64 << 10;

/// Why a body was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReceived {
    /// The sender's doing.
    Refused(Why),
    /// Ours: it could not be held.
    Failed,
}

/// What came with a body.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) trailers: Option<HeaderMap>,
    /// Whether what was inspected is all there is, so that replacing it replaces everything.
    pub(crate) is_understood: bool,
}

/// An error inside the sink of a decoder.
enum SinkError {
    Broken(OpaqueReason),
    Hold,
}

impl From<OpaqueReason> for SinkError {
    fn from(reason: OpaqueReason) -> Self {
        Self::Broken(reason)
    }
}

/// Reads a body to its end into `intake`. With `codings` the decoded bytes are inspected and the original bytes are
/// kept beside them. Damage in a coding makes the rest opaque; it never ends the reading.
pub(crate) async fn receive<B>(
    body: &mut B,
    intake: &mut Intake,
    codings: Result<Option<Codings>, OpaqueReason>,
) -> Result<Received, NotReceived>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let mut received = Received { trailers: None, is_understood: true };
    let mut decoder = codings.unwrap_or_else(|reason| {
        // Scanned as they are, and never called clean.
        intake.opaque("body", reason);
        received.is_understood = false;
        None
    });
    let is_encoded = decoder.is_some();
    intake.expect(body.size_hint().lower());
    let begun = Instant::now();
    let mut bytes_in = 0u64;
    while !body.is_end_stream() {
        let frame = tokio::time::timeout(Duration::from_secs(IDLE_SECONDS), body.frame()).await;
        let frame = match frame.map_err(|_| NotReceived::Refused(Why::SlowBody))? {
            None => break,
            Some(Err(error)) => {
                let why = Broken::of(&error).unwrap_or(Why::BodyAborted);
                return Err(NotReceived::Refused(why));
            }
            Some(Ok(frame)) => frame,
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                received.trailers = frame.into_trailers().ok();
                continue;
            }
        };
        bytes_in += data.len() as u64;
        let seconds = begun.elapsed().as_secs();
        if seconds > RATE_GRACE_SECONDS && bytes_in / seconds < RATE_BYTES_PER_SECOND_MIN {
            return Err(NotReceived::Refused(Why::SlowBody));
        }
        if !is_encoded {
            intake.push(&data).map_err(|_| NotReceived::Failed)?;
            continue;
        }
        intake.keep_encoded(&data).map_err(|_| NotReceived::Failed)?;
        if let Some(codings) = &mut decoder {
            match codings.push(&data, &mut |piece| intake.push(piece).map_err(|_| SinkError::Hold)) {
                Ok(()) => {}
                Err(SinkError::Hold) => return Err(NotReceived::Failed),
                Err(SinkError::Broken(reason)) => {
                    intake.opaque("body", reason);
                    (decoder, received.is_understood) = (None, false);
                }
            }
            // One piece may have been decoded to much more: others get their turn.
            tokio::task::yield_now().await;
        }
    }
    if let Some(codings) = decoder {
        for name in codings.names() {
            intake.field("file name", name);
        }
        received.is_understood &= codings.is_replaceable();
        if let Err(reason) = codings.finish() {
            intake.opaque("body", reason);
            received.is_understood = false;
        }
    }
    Ok(received)
}

/// Reads and drops the rest of a refused body, within bounds. Returns whether its end was reached.
pub(crate) async fn drain(body: &mut Arriving) -> bool {
    let draining = async {
        let mut dropped = 0u64;
        while dropped < DRAIN_BYTES_MAX {
            match body.frame().await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => dropped += frame.data_ref().map_or(0, |data| data.len() as u64),
            }
        }
        false
    };
    tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS), draining).await.unwrap_or(false)
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Arriving {
    /// Of a connection that hyper reads.
    Hyper(Incoming),
    /// Of a plain one.
    Plain(Sent),
}

/// Why a body cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error(transparent)]
    Hyper(#[from] hyper::Error),
    #[error(transparent)]
    Plain(#[from] std::io::Error),
}

impl Arriving {
    /// How the head before it was spelled, on a plain connection. It is told once.
    pub(crate) fn take_spelled(&mut self) -> Option<Spelled> {
        if let Self::Plain(body) = self { Some(body.take_spelled()) } else { None }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Unread;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        match &mut *self {
            Self::Hyper(body) => Pin::new(body).poll_frame(cx).map_err(Unread::from),
            Self::Plain(body) => Pin::new(body).poll_frame(cx).map_err(Unread::from),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Hyper(body) => body.is_end_stream(),
            Self::Plain(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper(body) => body.size_hint(),
            Self::Plain(body) => body.size_hint(),
        }
    }
}

/// A held body on its way out.
pub(crate) struct Outgoing {
    source: Arc<dyn Source>,
    at: u64,
    trailers: Option<HeaderMap>,
    /// Bytes handed to the connection, for whoever watches whether it stalls.
    progress: Arc<AtomicU64>,
}

impl Outgoing {
    pub(crate) fn new(source: Arc<dyn Source>, trailers: Option<HeaderMap>) -> Self {
        Self { source, at: 0, trailers, progress: Arc::default() }
    }

    pub(crate) fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let left = self.source.len() - self.at;
        if left == 0 {
            return Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
        }
        if let Some(len) = self.source.in_memory(self.at).map(<[u8]>::len) {
            let lent = Lent { source: Arc::clone(&self.source), at: self.at };
            self.at += len as u64;
            self.progress.fetch_add(len as u64, Ordering::Relaxed);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(lent)))));
        }
        let mut bytes = vec![0; left.min(SEND_BYTES as u64) as usize];
        let n = self.source.read_at(self.at, &mut bytes)?;
        if n == 0 {
            // Less than was inspected must not pass for the whole: the error cuts the connection.
            return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())));
        }
        bytes.truncate(n);
        self.at += n as u64;
        self.progress.fetch_add(n as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.at == self.source.len() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.source.len() - self.at)
    }
}

/// A piece of a held body that lies in memory and need not be copied to be sent.
struct Lent {
    source: Arc<dyn Source>,
    at: u64,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.source.in_memory(self.at).unwrap_or_default()
    }
}

/// What a client is answered with.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Something of our own.
    Own(Option<Bytes>),
    /// The server's answer, passed on as it comes.
    Relayed(Incoming),
    /// The same of a plain connection.
    Plain(Answer),
}

impl Reply {
    /// How the head before it was spelled, as far as it says.
    pub(crate) fn spelled(&self) -> Option<&Spelled> {
        if let Self::Plain(answer) = self { Some(answer.spelled()) } else { None }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Unread;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        match &mut *self {
            Self::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Relayed(body) => Pin::new(body).poll_frame(cx).map_err(Unread::from),
            Self::Plain(body) => Pin::new(body).poll_frame(cx).map_err(Unread::from),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Relayed(body) => body.is_end_stream(),
            Self::Plain(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Relayed(body) => body.size_hint(),
            Self::Plain(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use chot_audit::fault::Simulated;
    use chot_audit::{Ledger, Options};
    use chot_config::{Known, Policy};
    use chot_inspect::{Hint, Inspector, Limits};
    use chot_model::{Clock, Timestamp};

    use super::*;
    use crate::gate::Gate;
    use crate::hold::Holds;

    #[derive(Debug)]
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_us(1_790_000_000_000_000)
        }
    }

    fn intake(dir: &std::path::Path) -> Intake {
        let options = Options { node: "test".into(), segment_bytes: 1 << 20, free_bytes_warn: 0, free_bytes_stop: 0 };
        let ledger = Ledger::open_in(Arc::new(Simulated::new()), options, Arc::new(Noon)).expect("a ledger");
        let policy = Arc::new(Policy::embedded(Known { apps: crate::apps::NAMES }));
        let holds = Holds::new(dir, 1 << 20).expect("holds");
        let inspector = Inspector::new(Limits::default(), 2026);
        Gate::new(inspector, policy, ledger, Arc::new(Noon), holds).begin(Hint::default())
    }

    /// A sender of so many pieces of so many bytes with a pause before each, then nothing.
    struct Drip {
        pieces: usize,
        bytes: usize,
        pause: Pin<Box<tokio::time::Sleep>>,
        pause_seconds: u64,
        ends: bool,
    }

    impl Drip {
        fn new(pieces: usize, bytes: usize, pause_seconds: u64, ends: bool) -> Self {
            let pause = Box::pin(tokio::time::sleep(Duration::from_secs(pause_seconds)));
            Self { pieces, bytes, pause, pause_seconds, ends }
        }
    }

    impl Body for Drip {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.pieces == 0 {
                return if self.ends { Poll::Ready(None) } else { Poll::Pending };
            }
            std::task::ready!(self.pause.as_mut().poll(cx));
            self.pieces -= 1;
            self.pause = Box::pin(tokio::time::sleep(Duration::from_secs(self.pause_seconds)));
            Poll::Ready(Some(Ok(Frame::data(vec![b'x'; self.bytes].into()))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_are_given_up_and_patient_ones_are_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let slow = Err(NotReceived::Refused(Why::SlowBody));
        for (what, mut body, expected) in [
            ("stalls", Drip::new(3, 100, 1, false), slow),
            ("drips", Drip::new(1_000, 100, 1, true), slow),
            ("pauses beyond bounds", Drip::new(2, 1 << 20, IDLE_SECONDS + 1, true), slow),
            ("pauses within bounds", Drip::new(4, 100, 20, true), Ok(400)),
            ("is long but steady", Drip::new(500, 1_024, 1, true), Ok(512_000)),
        ] {
            let mut intake = intake(dir.path());
            let received = receive(&mut body, &mut intake, Ok(None)).await;
            assert_eq!(received.map(|_| intake.len()), expected, "{what}");
        }
    }
}
