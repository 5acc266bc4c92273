//! Connections that were meant for somebody else and led here by the firewall: where to, and whether what the client
//! says agrees with it.
//!
//! The connection goes on to the address the client was connecting to and to no other. A name a client merely claims
//! would else lead anywhere it likes past rules about addresses, or judge one host by the rules of another
//! (CVE-2009-0801): in clear it must be a name of that address, and under TLS the server has to prove it by its
//! certificate. There is no authentication here: the client does not know of us.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use http::{Method, Request, Response};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::body::{Arriving, Reply};
use super::connect::Inside;
use super::exchange::{Exchange, Upgrades, refuse, refuse_name};
use super::first::{self, First};
use super::guard::Broken;
use super::io::Ahead;
use super::reach::Way;
use super::refusal::Why;
use super::target::Authority;
use super::upstream::{Links, Route};
use super::websocket;
use super::{Client, head, serve_http};
use crate::drain::Session;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;

/// How the firewall leads connections here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led {
    /// nftables `redirect`: the destination was rewritten, and the kernel remembers what it was.
    Redirect,
    /// nftables `tproxy`: the destination is still that of the client.
    Tproxy,
}

impl Led {
    /// Where the client was going.
    pub(super) fn original(self, stream: &TcpStream, local: SocketAddr) -> io::Result<SocketAddr> {
        if self == Self::Tproxy {
            return Ok(local);
        }
        let socket = SockRef::from(stream);
        let original = match local.ip().to_canonical().is_ipv4() {
            true => socket.original_dst_v4()?,
            false => socket.original_dst_v6()?,
        };
        original.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}

/// A listener for connections that are led here. IPv6 and IPv4 have one each, so that the kernel knows which table
/// remembers the destination.
///
/// # Errors
/// When it cannot be bound, or the process may not take connections of others (`CAP_NET_ADMIN`).
pub fn bind(address: SocketAddr, led: Led) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if led == Led::Tproxy {
        match address {
            SocketAddr::V4(_) => socket.set_ip_transparent_v4(true)?,
            SocketAddr::V6(_) => socket.set_ip_transparent_v6(true)?,
        }
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Serves a connection on its way to `original`.
pub(super) async fn serve(client: Arc<Client>, mut stream: TcpStream, original: SocketAddr, session: Session) {
    let original = SocketAddr::new(original.ip().to_canonical(), original.port());
    let literal = Authority { host: original.ip().to_string(), port: original.port() };
    let way = match client.web.reach.way_to(original, client.local) {
        Ok(way) => way,
        Err(why) => return client.record(None, &literal.host, why.id(), 0).await,
    };
    let mut bytes = BytesMut::new();
    let Some(began) = first::read(&mut stream, &mut bytes).await else { return };
    let stream = Ahead::after(bytes.freeze(), stream);
    if let First::Http = began {
        return plain(client, stream, original, way, session).await;
    }
    let name = match &began {
        First::Tls(Some(hello)) => hello.server_name.as_deref(),
        _ => None,
    };
    let named = name.and_then(|name| Authority::parse(name, Some(original.port())));
    let authority = named.filter(|named| named.port == original.port()).unwrap_or_else(|| literal.clone());
    let Way { addresses, road } = way;
    match road.connect(&literal, &addresses).await {
        Ok((upstream, _)) => {
            let account = client.account.clone();
            let inside = Inside { client, authority, is_named: false, addresses, road, account };
            inside.carry(began, stream, upstream, session).await;
        }
        Err(why) => client.record(None, &authority.host, why.id(), 0).await,
    }
}

/// HTTP without TLS, which names its host in every request.
async fn plain(client: Arc<Client>, stream: Ahead<TcpStream>, original: SocketAddr, way: Way, session: Session) {
    let led = Arc::new(Plain {
        client: Arc::clone(&client),
        original,
        way,
        proven: Mutex::default(),
        links: Links::default(),
        socket: Mutex::new(None),
    });
    let led_too = Arc::clone(&led);
    let answer = move |request, broken| {
        let led = Arc::clone(&led_too);
        async move { led.answer(request, &broken).await }
    };
    let ended = Box::pin(serve_http(stream, session.clone(), client.web.crowd().clone(), answer)).await;
    let socket = led.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(led);
    match (ended, socket) {
        (Ok(()), Some(socket)) => Box::pin(socket.run(client, session)).await,
        (Err(error), _) if error.is_parse() => {
            client.record(None, &original.ip().to_string(), Why::BadRequest.id(), 0).await;
        }
        _ => {}
    }
}

struct Plain {
    client: Arc<Client>,
    original: SocketAddr,
    way: Way,
    /// The host that was last found to be a name of the address.
    proven: Mutex<Option<Authority>>,
    links: Links,
    socket: Mutex<Option<websocket::Socket>>,
}

impl Plain {
    async fn answer(&self, request: Request<Arriving>, broken: &Broken) -> Response<Reply> {
        if let Some(why) = broken.head() {
            return refuse(&self.client, request, "", why).await;
        }
        let host = match self.host_of(&request) {
            Ok(host) => host,
            Err(why) => return refuse(&self.client, request, &self.original.ip().to_string(), why).await,
        };
        if !self.is_proven(&host) {
            if let Err(unsaid) = self.client.judge_name(request.method().as_str(), &host).await {
                return refuse_name(&self.client, request, &host, unsaid).await;
            }
            if !self.prove(&host).await {
                return refuse(&self.client, request, &host.host, Why::Misdirected).await;
            }
        }
        let Way { addresses, road } = self.way.clone();
        let exchange = Exchange {
            client: &self.client,
            host: &host,
            route: &Route { authority: host.clone(), addresses, road, tls: None },
            links: &self.links,
            account: &self.client.account,
            upgrades: Upgrades { broken, socket: &self.socket },
        };
        Box::pin(exchange.run(request)).await
    }

    /// The host a request says it is for.
    fn host_of(&self, request: &Request<Arriving>) -> Result<Authority, Why> {
        if request.method() == Method::CONNECT {
            return Err(Why::BadRequest);
        }
        if !websocket::is_handshake(request) {
            head::check(request.headers())?;
        }
        head::target(request, self.original.port(), "http")
    }

    fn is_proven(&self, host: &Authority) -> bool {
        self.proven.lock().is_ok_and(|proven| proven.as_ref() == Some(host))
    }

    /// Whether `host` is a name of the address that the client was connecting to. DNS is asked for it.
    async fn prove(&self, host: &Authority) -> bool {
        if host.port != self.original.port() || !self.client.web.reach.is_name_of(host, self.original.ip()).await {
            return false;
        }
        if let Ok(mut proven) = self.proven.lock() {
            *proven = Some(host.clone());
        }
        true
    }
}
