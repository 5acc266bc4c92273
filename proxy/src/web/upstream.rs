//! Connections to servers: one for each client connection and authority, never shared between clients.
//!
//! A connection that the server closed while it was idle is made anew, to the addresses that were checked before. A
//! request goes out again only when nothing of it was sent, or when repeating it is harmless by its method.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chot_inspect::Source;
use http::{HeaderMap, Method, Request, Response, header, request};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::Outgoing;
use super::io::ForHyper;
use super::reach::{Road, Way};
use super::refusal::Why;
use super::target::Authority;
use crate::tls::{Interception, Unconnected};

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

/// How TLS was agreed with the client.
#[derive(Clone, Debug)]
pub(crate) struct TlsRoute {
    /// The name that the server's certificate must hold.
    pub(crate) name: String,
    /// Protocols to offer.
    pub(crate) alpn: Vec<Vec<u8>>,
}

/// A connection to a server, ready for requests.
pub(crate) struct Link {
    authority: Authority,
    /// How it got there: to one address, where there were several.
    way: Way,
    sender: SendRequest<Outgoing>,
}

impl Link {
    /// Speaks HTTP/1.1 over `io` from now on.
    pub(crate) async fn over<IO>(authority: Authority, way: Way, io: IO) -> Result<Self, Why>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new();
        builder.preserve_header_case(true).max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADERS_MAX);
        let (sender, connection) = builder.handshake(ForHyper(io)).await.map_err(|_| Why::UpstreamFailed)?;
        // It ends when the sender is dropped, that is with the client's connection. What goes wrong in it is told to
        // the request that waits.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { authority, way, sender })
    }

    async fn dial(route: &Route, interception: &Interception) -> Result<Self, Why> {
        let stream = route.road.connect(&route.authority, &route.addresses).await?;
        let way = route.road.reached(&stream, &route.addresses);
        match &route.tls {
            None => Self::over(route.authority.clone(), way, stream).await,
            Some(tls) => {
                let stream = secure(interception, stream, &tls.name, tls.alpn.clone()).await?;
                Self::over(route.authority.clone(), way, stream).await
            }
        }
    }
}

/// Makes TLS with a server within the time allowed.
pub(crate) async fn secure(
    interception: &Interception,
    stream: TcpStream,
    name: &str,
    alpn: Vec<Vec<u8>>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Why> {
    let connecting = interception.connect(stream, name, alpn);
    match tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), connecting).await {
        Err(_) => Err(Why::UpstreamTimeout),
        Ok(Err(Unconnected::Certificate(_) | Unconnected::Name)) => Err(Why::UpstreamCertificate),
        Ok(Err(Unconnected::Handshake(_))) => Err(Why::UpstreamTls),
        Ok(Ok(stream)) => Ok(stream),
    }
}

/// A request that may be sent, more than once if need be: its content is held.
pub(crate) struct Sendable {
    pub(crate) head: request::Parts,
    pub(crate) content: Arc<dyn Source>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Sendable {
    fn request(&self) -> Request<Outgoing> {
        let body = Outgoing::new(Arc::clone(&self.content), self.trailers.clone());
        Request::from_parts(self.head.clone(), body)
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

/// The connections of one client connection.
#[derive(Default)]
pub(crate) struct Links {
    live: Vec<Link>,
}

impl Links {
    /// Begins with a connection that is already there.
    pub(crate) fn with(link: Link) -> Self {
        Self { live: vec![link] }
    }

    /// The way that a live connection to `authority` took.
    pub(crate) fn way_of(&self, authority: &Authority) -> Option<Way> {
        let link = self.live.iter().find(|link| link.authority == *authority && !link.sender.is_closed())?;
        Some(link.way.clone())
    }

    fn take(&mut self, authority: &Authority) -> Option<Link> {
        let at = self.live.iter().position(|link| link.authority == *authority)?;
        Some(self.live.remove(at))
    }

    fn put(&mut self, link: Link) {
        if self.live.len() >= LINKS_MAX {
            self.live.remove(0);
        }
        self.live.push(link);
    }

    /// Sends a cleared request and waits for the head of the answer.
    pub(crate) async fn send(
        &mut self,
        route: &Route,
        interception: &Interception,
        request: &Sendable,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let unsent = |why| NoAnswer { why, may_be_delivered: false };
        if let Some(mut link) = self.take(&route.authority)
            && tokio::time::timeout(Duration::from_secs(READY_SECONDS), link.sender.ready())
                .await
                .is_ok_and(|ready| ready.is_ok())
        {
            match exchange(&mut link.sender, request).await {
                Ok(response) => {
                    self.put(link);
                    return Ok(response);
                }
                // The server closed the connection while it was idle, perhaps just when the request was on its way.
                Err(NoAnswer { why: Why::UpstreamFailed, may_be_delivered })
                    if !may_be_delivered || request.may_repeat() => {}
                Err(no_answer) => return Err(no_answer),
            }
        }
        let mut link = Link::dial(route, interception).await.map_err(unsent)?;
        link.sender.ready().await.map_err(|_| unsent(Why::UpstreamFailed))?;
        let response = exchange(&mut link.sender, request).await?;
        self.put(link);
        Ok(response)
    }
}

async fn exchange(sender: &mut SendRequest<Outgoing>, request: &Sendable) -> Result<Response<Incoming>, NoAnswer> {
    let outgoing = request.request();
    let progress = outgoing.body().progress();
    let mut answer = std::pin::pin!(sender.try_send_request(outgoing));
    let mut sent_before = 0;
    loop {
        match tokio::time::timeout(Duration::from_secs(STALL_SECONDS), &mut answer).await {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(mut error)) => {
                let may_be_delivered = error.take_message().is_none();
                return Err(NoAnswer { why: Why::UpstreamFailed, may_be_delivered });
            }
            Err(_) => {
                let sent = progress.load(Ordering::Relaxed);
                if sent == sent_before {
                    return Err(NoAnswer { why: Why::UpstreamTimeout, may_be_delivered: true });
                }
                sent_before = sent;
            }
        }
    }
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
