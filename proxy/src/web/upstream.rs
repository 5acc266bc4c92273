//! Connections to servers: one for each client connection and authority, never shared between clients.
//!
//! A connection that the server closed while it was idle is made anew, to the addresses that were checked before. A
//! request goes out again only when nothing of it was sent, or when repeating it is harmless by its method. One HTTP/2
//! connection carries the requests of all streams; one HTTP/1.1 connection carries one at a time.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use chot_inspect::Source;
use http::{HeaderMap, Method, Request, Response, Uri, Version, header, request};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;

use super::body::{Outgoing, Reply};
use super::io::{Ahead, ForHyper, Outward, Timer, Wire};
use super::plain::{Slot, Spelled, Unanswered};
use super::reach::{Road, Way};
use super::refusal::Why;
use super::target::Authority;
use crate::tls::{Connected, Interception, Protocol, Unconnected};

/// Time for the TLS handshake with a server.
pub(crate) const HANDSHAKE_SECONDS: u64 = 15;
/// Longest wait without any progress: no byte of the request taken, or no answer after its end. Long polls of chat
/// clients hold an answer back for minutes.
const STALL_SECONDS: u64 = 300;
/// Time for a connection to finish its last exchange; after that a new one is made.
const READY_SECONDS: u64 = 5;
/// Largest head of an answer, and the most hyper reads ahead.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// Headers of an answer; hyper's default of 100 is too few for some sites' policies and cookies.
const HEADERS_MAX: usize = 256;
/// What an HTTP/2 server may send of one answer before the client took any, and of all answers of a connection.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;
/// Silence on an HTTP/2 connection with requests under way after which the server is asked whether it is there, and the
/// time it has to answer.
const PING_SECONDS: u64 = 60;
/// Servers one client connection keeps connections to. Only plain HTTP uses more than one.
const LINKS_MAX: usize = 4;

/// The way to a server.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// What the client asked to be connected to.
    pub(crate) authority: Authority,
    /// Addresses that may be connected to; empty where only a parent proxy knows them.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Who makes the connection.
    pub(crate) road: Road,
    /// TLS, for intercepted connections.
    pub(crate) tls: Option<TlsRoute>,
}

impl Route {
    /// The same with only those addresses that are as the first is, where there are others.
    pub(crate) fn within<T: PartialEq>(&self, kind: impl Fn(IpAddr) -> T) -> Option<Self> {
        let (first, others) = self.addresses.split_first()?;
        if others.is_empty() {
            return None;
        }
        let first = kind(first.ip());
        let is_like = |address: &SocketAddr| kind(address.ip()) == first;
        if others.iter().all(is_like) {
            return None;
        }
        let addresses = self.addresses.iter().copied().filter(is_like).collect();
        Some(Self { addresses, ..self.clone() })
    }
}

/// How TLS was agreed with the client.
#[derive(Clone, Debug)]
pub(crate) struct TlsRoute {
    /// The name that the server's certificate must hold.
    pub(crate) name: String,
    /// Protocols to offer.
    pub(crate) alpn: Vec<Vec<u8>>,
    /// The server asked for a certificate of its client's own and has answered nothing since: it may go on without one.
    pub(crate) asks_certificate: Arc<AtomicBool>,
}

/// A connection to a server, ready for requests.
pub(crate) struct Link {
    authority: Authority,
    /// How it got there: to one address, where there were several.
    way: Way,
    sender: Sender,
}

enum Sender {
    /// HTTP/1.1 with a server that was asked nothing else so far.
    Plain(Slot),
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

impl Sender {
    fn is_closed(&self) -> bool {
        match self {
            Self::Plain(slot) => slot.is_empty(),
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    async fn is_ready(&mut self) -> bool {
        let is_ready = match self {
            Self::Plain(_) => true,
            Self::Http1(sender) => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready(),
        };
        if is_ready {
            return true;
        }
        let ready = async {
            match self {
                Self::Plain(_) => Ok(()),
                Self::Http1(sender) => sender.ready().await,
                Self::Http2(sender) => sender.ready().await,
            }
        };
        tokio::time::timeout(Duration::from_secs(READY_SECONDS), ready).await.is_ok_and(|ready| ready.is_ok())
    }
}

/// HTTP/1.1 over `io` for whatever is not plain.
async fn anything(io: Wire) -> Result<http1::SendRequest<Outgoing>, hyper::Error> {
    let mut builder = http1::Builder::new();
    builder.preserve_header_case(true).max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADERS_MAX);
    let (sender, connection) = builder.handshake(ForHyper::new(io)).await?;
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}

impl Link {
    /// Speaks HTTP over `io` from now on. The connection ends when the last sender is dropped, that is with the
    /// client's. What goes wrong in it is told to the request that waits.
    pub(crate) async fn over<IO>(authority: Authority, way: Way, io: IO, protocol: Protocol) -> Result<Self, Why>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let sender = match protocol {
            Protocol::Http1 => Sender::Plain(Slot::holding(Box::new(io))),
            Protocol::Http2 => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                builder
                    .timer(Timer)
                    .initial_stream_window_size(STREAM_WINDOW_BYTES)
                    .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
                    .max_header_list_size(BUFFER_BYTES_MAX as u32)
                    .max_send_buf_size(BUFFER_BYTES_MAX)
                    .keep_alive_interval(Duration::from_secs(PING_SECONDS))
                    .keep_alive_timeout(Duration::from_secs(PING_SECONDS));
                let (sender, connection) =
                    builder.handshake(ForHyper::new(io)).await.map_err(|_| Why::UpstreamFailed)?;
                tokio::spawn(connection);
                Sender::Http2(sender)
            }
        };
        Ok(Self { authority, way, sender })
    }

    /// Another hold of the same connection, where it carries more than one request.
    fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else { return None };
        let sender = Sender::Http2(sender.clone());
        Some(Self { authority: self.authority.clone(), way: self.way.clone(), sender })
    }

    async fn dial(route: &Route, interception: &Interception) -> Result<Self, Why> {
        let (stream, way) = route.road.connect(&route.authority, &route.addresses).await?;
        match &route.tls {
            None => Self::over(route.authority.clone(), way, stream, Protocol::Http1).await,
            Some(tls) => {
                let Secured { stream, .. } = secure(interception, stream, &tls.name, tls.alpn.clone()).await?;
                let agreed = stream.get_ref().1.alpn_protocol().and_then(Protocol::of);
                Self::over(route.authority.clone(), way, stream, agreed.unwrap_or(Protocol::Http1)).await
            }
        }
    }
}

/// TLS with a server.
pub(crate) struct Secured {
    /// In a box: it is handed on from one to the other, and each would keep room for all of it.
    pub(crate) stream: Box<TlsStream<Ahead<Outward>>>,
    /// As in [`Connected`].
    pub(crate) asks_certificate: bool,
}

/// Makes TLS with a server within the time allowed.
pub(crate) async fn secure(
    interception: &Interception,
    stream: Outward,
    name: &str,
    alpn: Vec<Vec<u8>>,
) -> Result<Secured, Why> {
    let connecting = interception.connect(Ahead::new(stream), name, alpn);
    match tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), connecting).await {
        Err(_) => Err(Why::UpstreamTimeout),
        Ok(Err(Unconnected::Certificate(_) | Unconnected::Name)) => Err(Why::UpstreamCertificate),
        Ok(Err(Unconnected::ClientCertificate)) => Err(Why::ClientCertificate),
        Ok(Err(Unconnected::Handshake(_))) => Err(Why::UpstreamTls),
        Ok(Ok(Connected { stream, asks_certificate })) => Ok(Secured { stream: Box::new(stream), asks_certificate }),
    }
}

/// A request that may be sent, more than once if need be: its content is held. Boxed, for it goes through many hands.
#[derive(Clone)]
pub(crate) struct Sendable {
    pub(crate) head: request::Parts,
    pub(crate) content: Arc<dyn Source>,
    pub(crate) trailers: Option<HeaderMap>,
    /// How the head was spelled, where it came on a plain connection. Then it goes out on one, and has no trailers.
    pub(crate) spelled: Option<Spelled>,
}

impl Sendable {
    /// The request as this connection takes it. The head is kept as HTTP/1.1 has it.
    fn request(self, is_http2: bool, scheme: &str) -> Result<Request<Outgoing>, http::Error> {
        let Self { mut head, content, trailers, spelled: _ } = self;
        let body = Outgoing::new(content, trailers);
        if is_http2 {
            // RFC 9113 §8.2.2, §8.3.1.
            head.headers.remove(header::TRANSFER_ENCODING);
            let authority = head.headers.remove(header::HOST);
            let authority = authority.as_ref().map(header::HeaderValue::as_bytes).unwrap_or_default();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            head.uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()?;
            head.version = Version::HTTP_2;
        }
        Ok(Request::from_parts(head, body))
    }

    /// RFC 9110 §9.2.2.
    fn may_repeat(&self) -> bool {
        matches!(self.head.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer {
    pub(crate) why: Why,
    /// Whether the server may have taken the request nevertheless.
    pub(crate) may_be_delivered: bool,
}

/// The connections of one client connection, which its streams share.
#[derive(Default)]
pub(crate) struct Links {
    live: Mutex<Vec<Link>>,
    /// Held while a connection is made that others may use as well.
    dialling: tokio::sync::Mutex<()>,
}

impl Links {
    /// Begins with a connection that is already there.
    pub(crate) fn with(link: Link) -> Self {
        Self { live: Mutex::new(vec![link]), ..Self::default() }
    }

    fn live(&self) -> MutexGuard<'_, Vec<Link>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way that a live connection to `authority` took.
    pub(crate) fn way_of(&self, authority: &Authority) -> Option<Way> {
        let live = self.live();
        let link = live.iter().find(|link| link.authority == *authority && !link.sender.is_closed())?;
        Some(link.way.clone())
    }

    /// Lets plain connections go that their servers have closed; wakes whoever asks when one does.
    pub(crate) fn let_go(&self, cx: &mut Context<'_>) {
        for link in self.live().iter() {
            if let Sender::Plain(slot) = &link.sender {
                slot.let_go(cx);
            }
        }
    }

    /// A connection that is there, which is not there any more for others if it carries one request at a time.
    async fn take(&self, authority: &Authority) -> Option<Link> {
        let mut link = {
            let mut live = self.live();
            live.retain(|link| !link.sender.is_closed());
            let at = live.iter().position(|link| link.authority == *authority)?;
            let shared = live.get(at).and_then(Link::share);
            shared.unwrap_or_else(|| live.remove(at))
        };
        link.sender.is_ready().await.then_some(link)
    }

    /// Keeps a connection for the next request.
    fn put(&self, link: Link) {
        let mut live = self.live();
        if matches!(link.sender, Sender::Http2(_)) {
            live.retain(|other| other.authority != link.authority);
        }
        if live.len() >= LINKS_MAX {
            live.remove(0);
        }
        live.push(link);
    }

    /// Makes a connection. Where it may be shared, those who wait for one share what the first of them makes.
    async fn make(&self, route: &Route, interception: &Interception) -> Result<Link, Why> {
        let may_share =
            route.tls.as_ref().is_some_and(|tls| tls.alpn.iter().any(|alpn| *alpn == Protocol::Http2.alpn()));
        if !may_share {
            return Link::dial(route, interception).await;
        }
        let before = self.dialling.try_lock();
        let was_first = before.is_ok();
        let _one_at_a_time = match before {
            Ok(first) => first,
            Err(_) => self.dialling.lock().await,
        };
        if !was_first && let Some(link) = self.take(&route.authority).await {
            return Ok(link);
        }
        let link = Link::dial(route, interception).await?;
        link.share().into_iter().for_each(|shared| self.put(shared));
        Ok(link)
    }

    /// Sends a cleared request and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        route: &Route,
        interception: &Interception,
        mut request: Box<Sendable>,
    ) -> Result<Response<Reply>, NoAnswer> {
        let unsent = |why| NoAnswer { why, may_be_delivered: false };
        let scheme = if route.tls.is_some() { "https" } else { "http" };
        if let Some(mut link) = self.take(&route.authority).await {
            match exchange(&mut link.sender, request, scheme).await {
                Ok(response) => {
                    self.give_back(link);
                    return Ok(response);
                }
                // The server closed the connection while it was idle, perhaps just when the request was on its way.
                Err((NoAnswer { why: Why::UpstreamFailed, may_be_delivered }, Some(again)))
                    if !may_be_delivered || link.sender.is_closed() =>
                {
                    request = again;
                }
                Err((no_answer, _)) => return Err(no_answer),
            }
        }
        // Seldom needed, and as large as a handshake is.
        let mut link = Box::pin(self.make(route, interception)).await.map_err(unsent)?;
        if !link.sender.is_ready().await {
            return Err(unsent(Why::UpstreamFailed));
        }
        let response = exchange(&mut link.sender, request, scheme).await.map_err(|(no_answer, _)| no_answer)?;
        self.give_back(link);
        Ok(response)
    }

    fn give_back(&self, link: Link) {
        // Those that are shared are there already.
        if !matches!(link.sender, Sender::Http2(_)) {
            self.put(link);
        }
    }
}

/// Sends a request over a connection. Without an answer the request comes back where it may go out again: nothing of it
/// was sent, or repeating it is harmless.
async fn exchange(
    sender: &mut Sender,
    request: Box<Sendable>,
    scheme: &str,
) -> Result<Response<Reply>, (NoAnswer, Option<Box<Sendable>>)> {
    if let Sender::Plain(slot) = sender {
        if request.spelled.is_some() {
            return plainly(slot, request).await;
        }
        // What came by way of hyper goes on so, now and later.
        let nothing_sent = NoAnswer { why: Why::UpstreamFailed, may_be_delivered: false };
        let Some(line) = slot.take() else { return Err((nothing_sent, Some(request))) };
        match anything(line.into_io()).await {
            Ok(hyper) => *sender = Sender::Http1(hyper),
            Err(_) => return Err((nothing_sent, Some(request))),
        }
    }
    // Apart, because most requests are plain and need no room for it.
    Box::pin(generally(sender, request, scheme)).await
}

/// As [`exchange`], by way of hyper.
async fn generally(
    sender: &mut Sender,
    request: Box<Sendable>,
    scheme: &str,
) -> Result<Response<Reply>, (NoAnswer, Option<Box<Sendable>>)> {
    // What was not sent over HTTP/1.1 hyper gives back as it was.
    let is_http2 = matches!(sender, Sender::Http2(_));
    let copy = (request.may_repeat() || is_http2).then(|| request.clone());
    let parts = (request.may_repeat(), Arc::clone(&request.content), request.trailers.clone());
    let Ok(outgoing) = request.request(is_http2, scheme) else {
        return Err((NoAnswer { why: Why::UpstreamFailed, may_be_delivered: false }, copy));
    };
    let progress = outgoing.body().progress();
    match sender {
        Sender::Http1(sender) => answered(sender.try_send_request(outgoing), &progress, copy, parts).await,
        Sender::Http2(sender) => answered(sender.try_send_request(outgoing), &progress, copy, parts).await,
        Sender::Plain(_) => Err((NoAnswer { why: Why::UpstreamFailed, may_be_delivered: false }, copy)),
    }
}

/// As [`exchange`], of a plain request over a plain connection.
async fn plainly(slot: &Slot, request: Box<Sendable>) -> Result<Response<Reply>, (NoAnswer, Option<Box<Sendable>>)> {
    let (none, content) = (Spelled::default(), Arc::clone(&request.content));
    let spelled = request.spelled.as_ref().unwrap_or(&none);
    let patience = Duration::from_secs(STALL_SECONDS);
    let answered = match slot.take() {
        Some(line) => line.ask(&request.head, spelled, content, slot.clone(), patience).await,
        None => Err(Unanswered::Broken { has_begun: false }),
    };
    let (why, may_be_delivered) = match answered {
        Ok(response) => return Ok(response.map(Reply::Plain)),
        Err(Unanswered::Broken { has_begun }) => (Why::UpstreamFailed, has_begun),
        Err(Unanswered::Stalled) => (Why::UpstreamTimeout, true),
    };
    let may_repeat = why == Why::UpstreamFailed && (request.may_repeat() || !may_be_delivered);
    Err((NoAnswer { why, may_be_delivered }, may_repeat.then_some(request)))
}

/// Waits for the answer that hyper is to get, as long as something moves.
async fn answered(
    answer: impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Outgoing>>>>,
    progress: &AtomicU64,
    copy: Option<Box<Sendable>>,
    (may_repeat, content, trailers): (bool, Arc<dyn Source>, Option<HeaderMap>),
) -> Result<Response<Reply>, (NoAnswer, Option<Box<Sendable>>)> {
    let mut answer = std::pin::pin!(answer);
    let mut sent_before = 0;
    loop {
        match tokio::time::timeout(Duration::from_secs(STALL_SECONDS), &mut answer).await {
            Ok(Ok(response)) => return Ok(response.map(Reply::Relayed)),
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                let may_be_delivered = unsent.is_none() && !is_refused(error.error());
                let given_back = unsent.map(|unsent| {
                    let head = unsent.into_parts().0;
                    Box::new(Sendable { head, content, trailers, spelled: None })
                });
                let again = copy.or(given_back).filter(|_| may_repeat || !may_be_delivered);
                return Err((NoAnswer { why: Why::UpstreamFailed, may_be_delivered }, again));
            }
            Err(_) => {
                let sent = progress.load(Ordering::Relaxed);
                if sent == sent_before {
                    return Err((NoAnswer { why: Why::UpstreamTimeout, may_be_delivered: true }, None));
                }
                sent_before = sent;
            }
        }
    }
}

/// Whether the server says that it did nothing with the stream (RFC 9113 §8.7).
fn is_refused(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM)
}

/// Writes the length of what is sent: chunked only where trailers need it.
pub(crate) fn frame(head: &mut request::Parts, len: u64, trailers: Option<&HeaderMap>, had_body: bool) {
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::TRAILER);
    if let Some(trailers) = trailers.filter(|trailers| !trailers.is_empty()) {
        let names: Vec<_> = trailers.keys().map(header::HeaderName::as_str).collect();
        if let Ok(names) = header::HeaderValue::try_from(names.join(", ")) {
            head.headers.insert(header::TRAILER, names);
        }
        head.headers.insert(header::TRANSFER_ENCODING, header::HeaderValue::from_static("chunked"));
    } else if had_body || len > 0 {
        head.headers.insert(header::CONTENT_LENGTH, len.into());
    }
}
