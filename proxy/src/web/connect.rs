//! CONNECT: the target is reached first, then the first bytes decide what it is: TLS and HTTP are looked into,
//! anything else is refused unless the settings list it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::BytesMut;
use chot_model::Account;
use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Client;
use super::body::{Arriving, Reply};
use super::exchange::{refuse, refuse_name};
use super::first::{self, First};
use super::guard::Guarded;
use super::head;
use super::intercept::Established;
use super::io::{Ahead, Duplex, ForHyper, Outward, Wire, writes_through};
use super::reach::{Road, Way};
use super::refusal::Why;
use super::streams::UnderWay;
use super::target::Authority;
use super::upstream::{Link, Links, Route, TlsRoute};
use crate::drain::Session;
use crate::tls::Protocol;

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
    upstream: Outward,
    /// On HTTP/2, what keeps the connection from being taken for idle.
    under_way: Option<Arc<UnderWay>>,
}

/// Answers CONNECT: a tunnel when the target may be and was reached.
pub(super) async fn grant(
    client: &Client,
    mut request: Request<Arriving>,
    account: Account,
) -> Result<Tunnel, Response<Reply>> {
    let authority = request.uri().authority().and_then(|authority| Authority::parse(authority.as_str(), None));
    let Some(authority) = authority else { return Err(refuse(client, request, "", Why::BadRequest).await) };
    if head::has_been_here(request.headers(), &client.web.pseudonym) {
        return Err(refuse(client, request, &authority.host, Why::Loop).await);
    }
    if let Err(unsaid) = client.judge_name("CONNECT", &authority).await {
        return Err(refuse_name(client, request, &authority, unsaid).await);
    }
    let reached = async {
        let Way { addresses, road } = client.way(&authority).await?;
        let (upstream, way) = road.connect(&authority, &addresses).await?;
        Ok((reached_first(way.addresses.first().copied(), addresses), road, upstream))
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

/// Serves a tunnel to its end that hyper granted and that is all of a connection.
pub(super) async fn run(client: Arc<Client>, mut tunnel: Tunnel, session: Session) {
    let parts = (&mut tunnel.upgrade).await.map(hyper::upgrade::Upgraded::downcast::<ForHyper<Guarded<Ahead<Wire>>>>);
    let Ok(Ok(parts)) = parts else { return };
    let (stream, behind) = parts.io.into_inner().into_parts();
    let mut bytes = BytesMut::from(&*parts.read_buf);
    bytes.unsplit(behind);
    tunnel.begin(client, Box::new(stream), bytes, session).await;
}

/// Serves a tunnel that is one stream of a connection to its end.
pub(super) async fn run_stream(client: Arc<Client>, mut tunnel: Tunnel, session: Session) {
    let Ok(upgraded) = (&mut tunnel.upgrade).await else { return };
    tunnel.begin(client, Box::new(TokioIo::new(upgraded)), BytesMut::new(), session).await;
}

impl Tunnel {
    /// Serves it to its end. `bytes` were read of the stream already.
    pub(super) async fn begin(self, client: Arc<Client>, mut stream: Wire, mut bytes: BytesMut, session: Session) {
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
    pub(super) async fn carry<IO>(self, began: First, stream: Ahead<IO>, upstream: Outward, session: Session)
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
                        return Box::pin(self.pass_unread(stream, upstream, session, &hello, reason)).await;
                    }
                }
                Box::pin(self.intercept(stream, upstream, session)).await;
            }
            First::Http => Box::pin(self.plain(stream, upstream, session)).await,
            First::Other => Box::pin(self.other(stream, upstream, session, Why::Opaque)).await,
            First::Silent => Box::pin(self.other(stream, upstream, session, Why::Silent)).await,
        }
    }

    pub(super) async fn record(&self, why: Why) {
        self.client.record(None, &self.authority.host, why.id(), 0).await;
    }

    pub(super) fn route(&self, tls: Option<TlsRoute>) -> Route {
        let (authority, addresses, road) = (self.authority.clone(), self.addresses.clone(), self.road.clone());
        Route { authority, addresses, road, tls }
    }

    /// The way the first connection took.
    pub(super) fn way(&self) -> Way {
        Way { addresses: self.addresses.first().copied().into_iter().collect(), road: self.road.clone() }
    }

    pub(super) async fn record_for(&self, host: &str, why: Why) {
        self.client.record(None, host, why.id(), 0).await;
    }

    /// Neither TLS nor HTTP: joined when listed, closed otherwise.
    async fn other<IO>(self, stream: Ahead<IO>, mut upstream: Outward, mut session: Session, why: Why)
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
    async fn plain<IO>(self, stream: Ahead<IO>, upstream: Outward, session: Session)
    where
        IO: Duplex + 'static,
    {
        let route = self.route(None);
        match Link::over(self.authority.clone(), self.way(), upstream, Protocol::Http1).await {
            Err(why) => self.record(why).await,
            Ok(link) => {
                let names = Arc::default();
                let established = Established { route, names, links: Links::with(link), broken: None };
                self.serve(stream, Protocol::Http1, established, session).await;
            }
        }
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
