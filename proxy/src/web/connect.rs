//! CONNECT: the target is reached first, then the first bytes decide what it is: TLS and HTTP are looked into,
//! anything else is refused unless the settings list it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use chot_model::Account;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::body::Reply;
use super::exchange::{Exchange, Upgrades, refuse};
use super::first::{self, First};
use super::guard::{Broken, Guarded};
use super::head;
use super::io::{Ahead, Duplex, ForHyper, Wire, writes_through};
use super::reach::{Road, Way};
use super::refusal::Why;
use super::streams::{self, UnderWay};
use super::target::Authority;
use super::upstream::{HANDSHAKE_SECONDS, Link, Links, Route, TlsRoute, secure};
use super::websocket::{self, Socket};
use super::{Client, serve_http};
use crate::drain::Session;
use crate::tls::{Names, Protocol, TLS_BUFFER_BYTES};

/// Longest method we take for HTTP; the longest registered one has 17 letters.
const METHOD_BYTES_MAX: usize = 24;

/// A tunnel that was granted: both ends, not yet joined.
pub(super) struct Tunnel {
    upgrade: OnUpgrade,
    authority: Authority,
    /// The one that was reached first, then the others that may be.
    addresses: Vec<SocketAddr>,
    road: Road,
    account: Account,
    upstream: TcpStream,
    /// On HTTP/2, what keeps the connection from being taken for idle.
    under_way: Option<Arc<UnderWay>>,
}

/// Answers CONNECT: a tunnel when the target may be and was reached.
pub(super) async fn grant(
    client: &Client,
    mut request: Request<Incoming>,
    account: Account,
) -> Result<Tunnel, Response<Reply>> {
    let authority = request.uri().authority().and_then(|authority| Authority::parse(authority.as_str(), None));
    let Some(authority) = authority else { return Err(refuse(client, request, "", Why::BadRequest).await) };
    if head::has_been_here(request.headers(), &client.web.pseudonym) {
        return Err(refuse(client, request, &authority.host, Why::Loop).await);
    }
    let reached = async {
        let Way { addresses, road } = client.way(&authority).await?;
        let upstream = road.connect(&authority, &addresses).await?;
        let first = road.reached(&upstream, &addresses).addresses;
        Ok((reached_first(first.first().copied(), addresses), road, upstream))
    };
    match reached.await {
        Ok((addresses, road, upstream)) => {
            let under_way = request.extensions_mut().remove();
            let upgrade = hyper::upgrade::on(&mut request);
            Ok(Tunnel { upgrade, authority, addresses, road, account, upstream, under_way })
        }
        Err(why) => Err(refuse(client, request, &authority.host, why).await),
    }
}

/// Puts the address that was reached before the others. It is the one that is judged; the first that a resolver names
/// could be any, such as one of an internal network where nobody answers.
fn reached_first(peer: Option<SocketAddr>, mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.retain(|address| Some(*address) != peer);
    addresses.splice(0..0, peer);
    addresses
}

/// What the first bytes speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Tls,
    Http,
    Other,
}

/// Decides by the first bytes, or not yet. HTTP/2 without TLS (`PRI * HTTP/2.0`) is not spoken here, so it is other.
pub(super) fn spoken(first: &[u8]) -> Option<Spoken> {
    match first {
        [] | [0x16] => return None,
        [0x16, 0x03, ..] => return Some(Spoken::Tls),
        _ => {}
    }
    let method = first.iter().position(|byte| !byte.is_ascii_uppercase() && *byte != b'-');
    match method {
        None if first.len() <= METHOD_BYTES_MAX => None,
        Some(end) if end > 0 && end <= METHOD_BYTES_MAX && first.get(end) == Some(&b' ') => {
            let is_http2 = first.starts_with(b"PRI ");
            first.get(end + 1).map(|target| {
                if !is_http2 && matches!(target, b'/' | b'*' | b'h' | b'H') { Spoken::Http } else { Spoken::Other }
            })
        }
        _ => Some(Spoken::Other),
    }
}

/// Serves a tunnel that is all of a connection to its end.
pub(super) async fn run<IO: Duplex + 'static>(client: Arc<Client>, mut tunnel: Tunnel, session: Session) {
    let parts = (&mut tunnel.upgrade).await.map(hyper::upgrade::Upgraded::downcast::<ForHyper<Guarded<IO>>>);
    let Ok(Ok(parts)) = parts else { return };
    let (stream, behind) = parts.io.into_inner().into_parts();
    let mut bytes = BytesMut::from(&*parts.read_buf);
    bytes.unsplit(behind);
    tunnel.begin(client, stream, bytes, session).await;
}

/// Serves a tunnel that is one stream of a connection to its end.
pub(super) async fn run_stream(client: Arc<Client>, mut tunnel: Tunnel, session: Session) {
    let Ok(upgraded) = (&mut tunnel.upgrade).await else { return };
    let stream: Wire = Box::new(TokioIo::new(upgraded));
    tunnel.begin(client, stream, BytesMut::new(), session).await;
}

impl Tunnel {
    async fn begin<IO: Duplex + 'static>(
        self,
        client: Arc<Client>,
        mut stream: IO,
        mut bytes: BytesMut,
        session: Session,
    ) {
        let Self { upgrade: _, authority, addresses, road, account, upstream, under_way: _under_way } = self;
        let Some(began) = first::read(&mut stream, &mut bytes).await else { return };
        let stream = Ahead::after(bytes.freeze(), stream);
        // What is refused inside the tunnel names whoever opened it.
        let client = Arc::new(client.known_as(account.clone()));
        let inside = Inside { client, authority, is_named: true, addresses, road, account };
        inside.carry(began, stream, upstream, session).await;
    }
}

/// A connection to `authority` that both ends have agreed to, before anything was said on it.
pub(super) struct Inside {
    pub(super) client: Arc<Client>,
    pub(super) authority: Authority,
    /// It is what the client asked us to connect to, not what it says of a connection to somebody's address.
    pub(super) is_named: bool,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) road: Road,
    pub(super) account: Account,
}

impl Inside {
    /// Carries it to its end.
    pub(super) async fn carry<IO>(self, began: First, stream: Ahead<IO>, upstream: TcpStream, session: Session)
    where
        IO: Duplex + 'static,
    {
        match began {
            First::Tls(hello) => {
                if let Some(hello) = hello {
                    if hello.has_ech {
                        self.client.web.gate.counts().count_ech_offer();
                    }
                    if let Some(reason) = self.unread_because(&hello).await {
                        return self.pass_unread(stream, upstream, session, &hello, reason).await;
                    }
                }
                Box::pin(self.intercept(stream, upstream, session)).await;
            }
            First::Http => Box::pin(self.plain(stream, upstream, session)).await,
            First::Other => self.other(stream, upstream, session, Why::Opaque).await,
            First::Silent => self.other(stream, upstream, session, Why::Silent).await,
        }
    }

    async fn record(&self, why: Why) {
        self.client.record(None, &self.authority.host, why.id(), 0).await;
    }

    fn route(&self, tls: Option<TlsRoute>) -> Route {
        let (authority, addresses, road) = (self.authority.clone(), self.addresses.clone(), self.road.clone());
        Route { authority, addresses, road, tls }
    }

    /// The way the first connection took.
    fn way(&self) -> Way {
        Way { addresses: self.addresses.first().copied().into_iter().collect(), road: self.road.clone() }
    }

    async fn record_for(&self, host: &str, why: Why) {
        self.client.record(None, host, why.id(), 0).await;
    }

    /// Neither TLS nor HTTP: joined when listed, closed otherwise.
    async fn other<IO>(self, stream: Ahead<IO>, mut upstream: TcpStream, mut session: Session, why: Why)
    where
        IO: Duplex + 'static,
    {
        let address = self.addresses.first().map(SocketAddr::ip);
        if !self.client.web.reach.is_opaque_listed(&self.authority, address) {
            return self.record(why).await;
        }
        // Nothing leaves without a record: the opening is durable before the first byte.
        if self.client.try_record(None, &self.authority.host, "opaque-tunnel-opened", 0).await.is_err() {
            return;
        }
        let sent = Arc::new(AtomicU64::new(0));
        let mut stream = Counted { inner: stream, read: Arc::clone(&sent) };
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream) => {}
            () = session.drained() => {}
        }
        self.client.record(None, &self.authority.host, "opaque-tunnel-closed", sent.load(Ordering::Relaxed)).await;
    }

    /// HTTP without TLS inside CONNECT is looked into like any other.
    async fn plain<IO>(self, stream: Ahead<IO>, upstream: TcpStream, session: Session)
    where
        IO: Duplex + 'static,
    {
        let route = self.route(None);
        match Link::over(self.authority.clone(), self.way(), upstream, Protocol::Http1).await {
            Err(why) => self.record(why).await,
            Ok(link) => {
                let names = Names::only(&self.authority.host);
                let established = Established { route, names, links: Links::with(link), broken: None };
                self.serve(stream, Protocol::Http1, established, session).await;
            }
        }
    }

    /// TLS: the server first, then the client with a certificate that mirrors the server's.
    async fn intercept<IO>(self, stream: Ahead<IO>, upstream: TcpStream, session: Session)
    where
        IO: Duplex + 'static,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), hello).await;
        let Ok(Ok(start)) = hello else { return self.record(Why::ClientTls).await };
        let asked = Asked::of(&start, &self.authority.host);

        let interception = &self.client.web.interception;
        let connected = secure(interception, upstream, &asked.host, asked.alpn.clone()).await;
        // Both ends speak what the server chose; a connection that is made anew is offered nothing else.
        let agreed = match &connected {
            Ok(server) => server.get_ref().1.alpn_protocol().and_then(Protocol::of),
            Err(_) => asked.alpn.iter().filter_map(|alpn| Protocol::of(alpn)).min_by_key(|one| *one as u8),
        };
        let alpn = agreed.iter().map(|agreed| agreed.alpn().to_vec()).collect();
        let tls = TlsRoute { name: asked.host.clone(), alpn };
        let route = self.route(Some(tls));
        let (leaf, established) = match connected {
            Ok(server) => {
                let cert = server.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
                let mut names = cert.as_ref().map(Names::of).unwrap_or_default();
                names.add(&asked.host);
                // Another name in the hello than in CONNECT is fine only if one certificate stands for both. An
                // address in CONNECT says nothing about names.
                let is_address = self.authority.host.parse::<std::net::IpAddr>().is_ok();
                let broken = (!is_address && !names.covers(&self.authority.host)).then_some(Why::Misdirected);
                let leaf = interception.leaf(&asked.host, cert.as_ref()).await;
                match Link::over(self.authority.clone(), self.way(), server, agreed.unwrap_or(Protocol::Http1)).await {
                    Err(why) => (leaf, Established::broken(route, why)),
                    Ok(link) => (leaf, Established { route, names, links: Links::with(link), broken }),
                }
            }
            // The client still gets a session, to be told why; nothing of what it sends goes anywhere.
            Err(why) => {
                let leaf = interception.leaf(&asked.host, None).await;
                (leaf, Established::broken(route, why))
            }
        };
        if let Some(why) = established.broken {
            self.record_for(&asked.host, why).await;
        }
        let Ok(leaf) = leaf else { return self.record_for(&asked.host, Why::ClientTls).await };
        // Who offers only what nobody here speaks is told so by the handshake.
        let shown = if asked.is_only_other { Some(Protocol::Http1) } else { agreed };
        let accepting = start.into_stream(leaf.config(shown));
        match tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), accepting).await {
            Ok(Ok(mut stream)) => {
                stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
                self.serve(stream, shown.unwrap_or(Protocol::Http1), established, session).await;
            }
            // An application that trusts only its own certificates ends here: the operator has to see which.
            Ok(Err(error)) if is_distrust(&error) => self.record_for(&asked.host, Why::ClientDistrust).await,
            _ => self.record_for(&asked.host, Why::ClientTls).await,
        }
    }

    /// Serves the requests inside.
    async fn serve<IO>(self, stream: IO, protocol: Protocol, established: Established, session: Session)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Established { route, names, links, broken } = established;
        let served = Arc::new(Served {
            client: Arc::clone(&self.client),
            route,
            names,
            broken,
            links,
            account: self.account.clone(),
            socket: Mutex::new(None),
        });
        let served_too = Arc::clone(&served);
        let answer = move |request, broken| {
            let served = Arc::clone(&served_too);
            async move { served.answer(request, &broken).await }
        };
        if protocol == Protocol::Http2 {
            let host = &self.authority.host;
            return Box::pin(streams::serve(&self.client, host, stream, session, answer)).await;
        }
        let ended = serve_http(stream, session.clone(), answer).await;
        let socket = served.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(served);
        match (ended, socket) {
            (Ok(()), Some(socket)) => Box::pin(socket.run(self.client, session)).await,
            (Err(error), _) if error.is_parse() => self.record(Why::BadRequest).await,
            _ => {}
        }
    }
}

/// Whether a client ended the handshake because it does not trust the certificate: the sign of an application that pins
/// its own, or of a computer without our CA.
fn is_distrust(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::AlertReceived(alert)) = cause else { return false };
    matches!(
        alert,
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::CertificateUnknown | Alert::UnknownCA
    )
}

/// What a ClientHello asks for.
struct Asked {
    /// The name in the hello, else the host of CONNECT.
    host: String,
    /// What it offers of what we speak.
    alpn: Vec<Vec<u8>>,
    /// It offers protocols, and none that we speak.
    is_only_other: bool,
}

impl Asked {
    fn of<IO: AsyncRead + AsyncWrite + Unpin>(start: &StartHandshake<IO>, connect_host: &str) -> Self {
        let hello = start.client_hello();
        let offered: Option<Vec<&[u8]>> = hello.alpn().map(Iterator::collect);
        let spoken = offered.iter().flatten().filter(|alpn| Protocol::of(alpn).is_some());
        let alpn: Vec<_> = spoken.map(|alpn| alpn.to_vec()).collect();
        let name = hello.server_name().and_then(|name| Authority::parse(name, Some(443)));
        Self {
            host: name.map_or_else(|| connect_host.to_owned(), |name| name.host),
            is_only_other: offered.is_some_and(|offered| !offered.is_empty()) && alpn.is_empty(),
            alpn,
        }
    }
}

/// The server's side of a tunnel.
struct Established {
    route: Route,
    names: Names,
    links: Links,
    broken: Option<Why>,
}

impl Established {
    fn broken(route: Route, why: Why) -> Self {
        Self { route, names: Names::default(), links: Links::default(), broken: Some(why) }
    }
}

/// What the requests inside a tunnel share.
struct Served {
    client: Arc<Client>,
    route: Route,
    /// Names the server may be asked for on this connection.
    names: Names,
    /// Every request is answered with this.
    broken: Option<Why>,
    links: Links,
    account: Account,
    socket: Mutex<Option<Socket>>,
}

impl Served {
    async fn answer(&self, request: Request<Incoming>, broken: &Broken) -> Response<Reply> {
        let connect = &self.route.authority;
        if let Some(why) = self.broken.or_else(|| broken.head()) {
            let host = self.route.tls.as_ref().map_or(&connect.host, |tls| &tls.name);
            return refuse(&self.client, request, host, why).await;
        }
        let host = match self.host_of(&request) {
            Ok(host) => host,
            Err(why) => return refuse(&self.client, request, &connect.host, why).await,
        };
        let exchange = Exchange {
            client: &self.client,
            host: &host,
            route: &self.route,
            links: &self.links,
            account: &self.account,
            upgrades: Upgrades { broken, socket: &self.socket },
        };
        Box::pin(exchange.run(request)).await
    }

    /// The host a request is for, which must be one that this connection was made for.
    fn host_of(&self, request: &Request<Incoming>) -> Result<Authority, Why> {
        let connect = &self.route.authority;
        if request.method() == Method::CONNECT {
            return Err(Why::BadRequest);
        }
        if !websocket::is_handshake(request) {
            head::check(request.headers())?;
        }
        let host = head::target(request, connect.port, if self.route.tls.is_some() { "https" } else { "http" })?;
        let is_ours = host.host == connect.host || self.names.covers(&host.host);
        if is_ours && host.port == connect.port { Ok(host) } else { Err(Why::Misdirected) }
    }
}

/// Counts what is read.
pub(super) struct Counted<S> {
    pub(super) inner: S,
    pub(super) read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

writes_through!(AsyncWrite, Counted.inner);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_was_reached_is_the_one_that_is_judged() {
        let at = |text: &str| -> SocketAddr { text.parse().expect(text) };
        let named = vec![at("10.1.2.3:443"), at("192.0.2.1:443")];
        assert_eq!(reached_first(Some(named[1]), named.clone()), [named[1], named[0]]);
        assert_eq!(reached_first(Some(named[0]), named.clone()), named);
        assert_eq!(reached_first(None, named.clone()), named);
    }

    #[test]
    fn first_bytes() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"\x16", None),
            (b"\x16\x03", Some(Spoken::Tls)),
            (b"\x16\x02", Some(Spoken::Other)),
            (b"\x00", Some(Spoken::Other)),
            (b"G", None),
            (b"GET", None),
            (b"GET ", None),
            (b"GET /", Some(Spoken::Http)),
            (b"POST http://a/", Some(Spoken::Http)),
            (b"M-SEARCH * HTTP/1.1", Some(Spoken::Http)),
            (b"OPTIONS *", Some(Spoken::Http)),
            (b"PRI * HTTP/2.0", Some(Spoken::Other)),
            (b"SSH-2.0-x", Some(Spoken::Other)),
            (b"EHLO a", Some(Spoken::Other)),
            (b" GET /", Some(Spoken::Other)),
            (b"get /", Some(Spoken::Other)),
            (b"AAAAAAAAAAAAAAAAAAAAAAAAAA", Some(Spoken::Other)),
        ] {
            assert_eq!(spoken(bytes), expected, "{bytes:?}");
            // Deciding early must not decide otherwise.
            for cut in 0..bytes.len() {
                let early = spoken(&bytes[..cut]);
                assert!(early.is_none() || early == expected, "{bytes:?} cut at {cut}");
            }
        }
    }
}
