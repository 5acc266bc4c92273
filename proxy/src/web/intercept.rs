//! Interception: TLS with the server and with the client, and the requests inside.
//!
//! The server goes first, so that the client is shown what the server is. What may be sent there is not decided here.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;

use chot_model::Account;
use http::{Method, Request, Response};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::body::{Arriving, Reply};
use super::connect::Inside;
use super::exchange::{Exchange, Upgrades, refuse};
use super::guard::Broken;
use super::head;
use super::io::{Ahead, Duplex, Outward};
use super::naming::Unsaid;
use super::refusal::Why;
use super::target::Authority;
use super::upstream::{HANDSHAKE_SECONDS, Link, Links, Route, TlsRoute, secure};
use super::websocket::{self, Socket};
use super::{Client, plain, serve_http, streams};
use crate::drain::Session;
use crate::tls::{Names, Protocol, TLS_BUFFER_BYTES};

/// A client's stream without its encryption. In a box: it is handed on from one to the other, and each would keep room
/// for all of it.
type Opened<IO> = Box<TlsStream<Ahead<IO>>>;

impl Inside {
    /// Carries what is TLS to its end.
    pub(super) async fn intercept<IO>(self, stream: Ahead<IO>, upstream: Outward, session: Session)
    where
        IO: Duplex + 'static,
    {
        // Room that only the handshakes need is given back behind them.
        if let Some((stream, protocol, established)) = Box::pin(self.shake_hands(stream, upstream)).await {
            self.serve(stream, protocol, established, session).await;
        }
    }

    /// The server first, then the client with a certificate that mirrors the server's. `None`: the client got no session,
    /// and that is recorded.
    async fn shake_hands<IO>(&self, stream: Ahead<IO>, upstream: Outward) -> Option<(Opened<IO>, Protocol, Established)>
    where
        IO: Duplex + 'static,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), hello).await;
        let Ok(Ok(start)) = hello else {
            self.record(Why::ClientTls).await;
            return None;
        };
        let asked = Asked::of(&start, &self.authority.host);

        let interception = &self.client.web.interception;
        let connected = match self.judge_hello(&asked.host).await {
            Ok(()) => secure(interception, upstream, &asked.host, asked.alpn.clone()).await,
            Err(unsaid) => Err(unsaid.why()),
        };
        // Both ends speak what the server chose; a connection that is made anew is offered nothing else.
        let agreed = match &connected {
            Ok(server) => server.stream.get_ref().1.alpn_protocol().and_then(Protocol::of),
            Err(_) => asked.alpn.iter().filter_map(|alpn| Protocol::of(alpn)).min_by_key(|one| *one as u8),
        };
        let cert = connected.as_ref().ok().and_then(|server| server.stream.get_ref().1.peer_certificates()?.first());
        let Ok(leaf) = interception.leaf(&asked.host, cert).await else {
            self.record_for(&asked.host, Why::ClientTls).await;
            return None;
        };
        let alpn = agreed.iter().map(|agreed| agreed.alpn().to_vec()).collect();
        let asks_certificate = Arc::new(connected.as_ref().is_ok_and(|server| server.asks_certificate).into());
        let route = self.route(Some(TlsRoute { name: asked.host.clone(), alpn, asks_certificate }));
        let protocol = agreed.unwrap_or(Protocol::Http1);
        let linked = match connected {
            Ok(server) => Link::over(self.authority.clone(), self.way(), server.stream, protocol).await,
            Err(why) => Err(why),
        };
        let established = match linked {
            Ok(link) => {
                let names = leaf.names();
                // Another name in the hello than in CONNECT is fine only if one certificate stands for both. An
                // address in CONNECT says nothing about names.
                let is_address = self.authority.host.parse::<std::net::IpAddr>().is_ok();
                let broken = (!is_address && !names.covers(&self.authority.host)).then_some(Why::Misdirected);
                Established { route, names, links: Links::with(link), broken }
            }
            // The client still gets a session, to be told why; nothing of what it sends goes anywhere.
            Err(why) => Established::broken(route, why),
        };
        if let Some(why) = established.broken {
            self.record_for(&asked.host, why).await;
        }
        // Who offers only what nobody here speaks is told so by the handshake.
        let shown = if asked.is_only_other { Some(Protocol::Http1) } else { agreed };
        let accepting = start.into_stream(leaf.config(shown));
        match tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), accepting).await {
            Ok(Ok(mut stream)) => {
                stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
                Some((Box::new(stream), shown.unwrap_or(Protocol::Http1), established))
            }
            // An application that trusts only its own certificates ends here: the operator has to see which.
            Ok(Err(error)) if is_distrust(&error) => {
                self.record_for(&asked.host, Why::ClientDistrust).await;
                None
            }
            _ => {
                self.record_for(&asked.host, Why::ClientTls).await;
                None
            }
        }
    }

    /// The name in the hello is told the server before any request. The one of CONNECT was judged when it was asked for.
    async fn judge_hello(&self, host: &str) -> Result<(), Unsaid> {
        if self.is_named && host == self.authority.host {
            return Ok(());
        }
        let asked = Authority { host: host.to_owned(), port: self.authority.port };
        self.client.judge_name("TLS", &asked).await
    }

    /// Serves the requests inside.
    pub(super) async fn serve<IO>(self, stream: IO, protocol: Protocol, established: Established, session: Session)
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
        let clock = Arc::clone(self.client.web.gate.clock());
        let meanwhile = |cx: &mut Context<'_>| served.links.let_go(cx);
        let crowd = self.client.web.crowd().clone();
        let plainly = Box::pin(plain::serve(Box::new(stream), session.clone(), &*clock, crowd, &answer, meanwhile));
        // No tunnel is granted within another.
        let Some(plain::Next::Other(stream)) = plainly.await else { return };
        let ended = Box::pin(serve_http(stream, session.clone(), self.client.web.crowd().clone(), answer)).await;
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
fn is_distrust(error: &std::io::Error) -> bool {
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
pub(super) struct Established {
    pub(super) route: Route,
    /// Names that it may be asked for besides the one of CONNECT.
    pub(super) names: Arc<Names>,
    pub(super) links: Links,
    /// Every request is answered with this.
    pub(super) broken: Option<Why>,
}

impl Established {
    fn broken(route: Route, why: Why) -> Self {
        Self { route, names: Arc::default(), links: Links::default(), broken: Some(why) }
    }
}

/// What the requests inside a tunnel share.
struct Served {
    client: Arc<Client>,
    route: Route,
    /// As in [`Established`].
    names: Arc<Names>,
    broken: Option<Why>,
    links: Links,
    account: Account,
    socket: Mutex<Option<Socket>>,
}

impl Served {
    async fn answer(&self, request: Request<Arriving>, broken: &Broken) -> Response<Reply> {
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
    fn host_of(&self, request: &Request<Arriving>) -> Result<Authority, Why> {
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

#[cfg(test)]
mod tests {
    use super::super::io::Wire;
    use super::super::{connect, serve_client};
    use super::*;

    fn size_of_3<A, B, C, F: Future>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    fn size_of_4<A, B, C, D, F: Future>(_: impl FnOnce(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// What each of thousands of idle connections keeps besides buffers. A future keeps room for the largest of its
    /// states and for whatever it is handed; one that grows past the next size of the allocator is seen here first.
    #[test]
    fn an_idle_connection_is_small() {
        let sizes = [
            ("a client", size_of_3(serve_client), 1_280),
            ("its tunnel", size_of_3(connect::run), 3_072),
            ("what is inside", size_of_4(Inside::intercept::<Wire>), 2_560),
            ("its TLS", size_of::<TlsStream<Ahead<Wire>>>(), 1_280),
            ("the server's TLS", size_of::<tokio_rustls::client::TlsStream<Ahead<Outward>>>(), 1_280),
        ];
        assert!(sizes.iter().all(|(_, size, most)| size <= most), "bytes, and at most: {sizes:?}");
    }
}
