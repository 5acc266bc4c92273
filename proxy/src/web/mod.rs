//! The web channel: an explicit HTTP proxy that looks into what passes, HTTPS, HTTP/2 and WebSocket included.
//!
//! Four questions in this order: is this mine (`target`, `connect`), what was said (`head`, `body`,
//! `coding`), how do I say no so that the person understands (`refusal`), how do I send on what was cleared
//! (`exchange`, `upstream`).
//!
//! What it does not see: QUIC and HTTP/2 without TLS (not spoken), protocols other than WebSocket asked for by Upgrade (refused),
//! tunnels the operator listed as opaque, and what applications encrypt between their users.

mod body;
mod bypass;
mod client;
mod coding;
mod connect;
mod dial;
mod exchange;
mod first;
mod framing;
mod guard;
mod head;
mod home;
mod intercept;
mod io;
mod login;
mod naming;
mod parent;
mod pieces;
mod places;
mod plain;
#[cfg(feature = "test-support")]
pub mod probe;
mod reach;
mod refusal;
mod resolver;
mod seats;
mod secure;
mod streams;
mod target;
mod transparent;
mod upstream;
mod watch;
mod websocket;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;

use chot_audit::Event;
use chot_config::{Network, WebSettings};
use chot_model::{Account, Channel};
use http::header::{HeaderValue, PROXY_AUTHENTICATE};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use self::body::{Arriving, Reply};
use self::client::Client;
use self::connect::{Tunnel, grant};
use self::dial::tune;
use self::exchange::{Exchange, Upgrades, own, refuse, refuse_name};
use self::framing::HEAD_BYTES_MAX;
use self::guard::{Broken, Guarded};
use self::home::Home;
use self::io::{ForHyper, Timer, Wire};
use self::login::{Known, Login, Unknown};
use self::places::{Crowd, Over, Patience, Place, Places};
use self::reach::{Reach, Way};
use self::refusal::Why;
use self::seats::Seats;
use self::target::Authority;
use self::upstream::{Links, Route};
use self::websocket::Socket;

pub(crate) use self::head::percent_decoded;

pub use self::transparent::{Led, bind as bind_led};
use crate::drain::Session;
use crate::gate::{Gate, Idler};
use crate::proxy_protocol::{Header, receive as receive_header};
use crate::tls::Interception;
use crate::{Error, descriptors};

/// Client connections at once, where the system gives descriptors enough.
const CONNECTIONS_MAX: usize = 20_000;
/// The longest silence before a client asks for anything; a browser that finds its spare connection closed makes another.
const SILENT_SECONDS_MAX: u64 = 60;
/// Longest time between two requests: hyper counts the time for a head from the end of the last request. Browsers keep
/// connections for minutes.
const IDLE_SECONDS: u64 = 180;
/// Time for the first request of a connection that was accepted just before draining began.
const LAST_REQUEST_SECONDS: u64 = 2;
/// Pause after a failed accept (out of descriptors): others must end before it can succeed.
const ACCEPT_PAUSE_MS: u64 = 100;
/// Time for the header of a load balancer, which comes before anything else.
const PROXY_HEADER_SECONDS: u64 = 5;
/// Clients outside the list are recorded once in so many milliseconds: a scan must not fill the ledger.
const STRANGER_RECORD_MS: u64 = 10_000;
/// The web channel. One for all its listeners.
pub struct Web {
    gate: Gate,
    clients: Vec<Network>,
    /// Whose word counts for who the client is.
    balancers: Vec<Network>,
    reach: Reach,
    interception: Arc<Interception>,
    home: Home,
    /// Our name in Via: random, so that it tells nothing, and ours alone.
    pseudonym: String,
    /// The same as Via has it, for HTTP/1.1 and HTTP/2 (RFC 9110 §7.6.3). It names no host.
    via: [HeaderValue; 2],
    places: Places,
    seats: Arc<Seats>,
    /// When a client outside the list was last recorded, in units of [`STRANGER_RECORD_MS`] since 1970.
    last_stranger: AtomicU64,
    /// The same of a client with too many connections.
    last_crowd: AtomicU64,
    /// HTTP/2 connections of clients.
    multiplexed: AtomicU64,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("pseudonym", &self.pseudonym).finish_non_exhaustive()
    }
}

impl Web {
    /// Puts the channel together.
    ///
    /// # Errors
    /// When a file that the settings name cannot be used.
    pub fn new(gate: Gate, settings: &WebSettings, interception: Arc<Interception>) -> Result<Self, Error> {
        let mut random = [0; 4];
        // Without randomness two gateways may share a name, and a request through both would be called a loop.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let pseudonym = format!("chot-{:08x}", u32::from_be_bytes(random));
        let connections = descriptors::connections(CONNECTIONS_MAX);
        let seats = settings.client_connections.map_or(connections / 2, |most| most as usize);
        let places = Places::new(Crowd::of(&gate), connections);
        Ok(Self {
            gate,
            clients: settings.clients.clone(),
            balancers: settings.proxy_protocol.clone(),
            reach: Reach::new(settings, &pseudonym, &interception)?,
            home: Home::new(&settings.name, &settings.pac_direct, interception.ca()),
            interception,
            via: ["1.1", "2"].map(|version| via(version, &pseudonym)),
            pseudonym,
            places,
            seats: Arc::new(Seats::new(seats)),
            last_stranger: AtomicU64::new(0),
            last_crowd: AtomicU64::new(0),
            multiplexed: AtomicU64::new(0),
        })
    }

    /// Reads the files that the settings name and keeps nothing.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(crate) fn check(settings: &WebSettings) -> Result<(), Error> {
        parent::check(settings.parent_credentials.as_deref())
    }

    /// Waits until a client says something, or draining begins. False: it keeps silent, and for too long or while others
    /// need the room.
    async fn speaks(&self, stream: &TcpStream, session: &mut Session, is_at_the_door: bool) -> bool {
        let mut first = [0];
        let gone = async {
            if is_at_the_door {
                self.places.hush().await;
                return Over::RoomIsNeeded;
            }
            let mut patience = Patience::new(self.crowd().clone(), Duration::from_secs(SILENT_SECONDS_MAX));
            std::future::poll_fn(|cx| patience.poll(cx)).await
        };
        tokio::select! {
            biased;
            _ = stream.peek(&mut first) => true,
            () = session.drained() => true,
            over = gone => {
                if over == Over::RoomIsNeeded {
                    self.gate.counts().count_idler(Idler::Silent);
                }
                false
            }
        }
    }

    /// What those wait for who can make room.
    fn crowd(&self) -> &Crowd {
        self.places.crowd()
    }

    fn is_client(&self, address: IpAddr) -> bool {
        self.clients.iter().any(|network| network.contains(address))
    }

    /// Records a connection that ended before there was anything to judge.
    async fn record_peer(&self, address: IpAddr, reason: &str) {
        let (id, client, host, reason) = (None, Some(address.to_canonical()), String::new(), reason.to_owned());
        let event = Event::Refusal { id, channel: Channel::Web, client, account: None, host, reason, bytes: 0 };
        let _ = self.gate.ledger().event(event).await;
    }

    /// Records a client that is not served, not more often than the ledger should be bothered with it; `last` is when
    /// that was.
    async fn record_seldom(&self, last: &AtomicU64, address: IpAddr, reason: &str) {
        let now = self.gate.clock().now().unix_ms() / STRANGER_RECORD_MS;
        if last.swap(now, Ordering::Relaxed) != now {
            self.record_peer(address, reason).await;
        }
    }
}

fn via(version: &str, pseudonym: &str) -> HeaderValue {
    // Ours has no byte that a header may not have.
    HeaderValue::try_from(format!("{version} {pseudonym}")).unwrap_or(HeaderValue::from_static("1.1 chot"))
}

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Clients that know of the proxy.
    Explicit,
    /// The same over TLS.
    Secure,
    /// Clients that do not: the firewall leads them here.
    Led(Led),
}

/// Serves a listener until draining begins. Connections go on until they are done; each holds a [`Session`].
pub async fn serve(web: Arc<Web>, listener: TcpListener, door: Door, mut session: Session) {
    if let Ok(address) = listener.local_addr() {
        web.reach.add_own(address);
    }
    tune(&listener);
    loop {
        let accepted = tokio::select! {
            () = session.drained() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = tokio::select! {
                    () = session.drained() => return,
                    place = web.places.enter(web.gate.counts()) => place,
                };
                if let Place::Nowhere = place {
                    web.gate.counts().count_turned_away();
                    if door == Door::Explicit {
                        refusal::at_the_door(stream);
                    }
                    continue;
                }
                let (web, session) = (Arc::clone(&web), session.clone());
                tokio::spawn(async move {
                    let gate = web.gate.clone();
                    gate.counts().web_connection_began();
                    Box::pin(admit(web, stream, peer, door, session, place)).await;
                    gate.counts().web_connection_ended();
                });
            }
            Err(_) => {
                web.gate.counts().count_unaccepted();
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

/// Finds out who connected and where to, and serves those that may use the proxy.
async fn admit(
    web: Arc<Web>,
    mut stream: TcpStream,
    mut peer: SocketAddr,
    door: Door,
    mut session: Session,
    place: Place,
) {
    let Ok(local) = stream.local_addr() else { return };
    let mut ends = None;
    if web.balancers.iter().any(|network| network.contains(peer.ip())) {
        let header = tokio::time::timeout(Duration::from_secs(PROXY_HEADER_SECONDS), receive_header(&mut stream)).await;
        match header {
            Ok(Ok(Header::Proxied(proxied))) => {
                peer = proxied.source;
                ends = Some(proxied);
            }
            // A health check asks nothing of the proxy.
            Ok(Ok(Header::Own)) => {}
            Ok(Err(_)) | Err(_) => return web.record_peer(peer.ip(), "proxy-protocol").await,
        }
    }
    if !web.is_client(peer.ip().to_canonical()) {
        web.record_seldom(&web.last_stranger, peer.ip(), "client-not-listed").await;
        return if door == Door::Explicit {
            turn_away(&mut stream, refusal::not_listed()).await
        };
    }
    let Some(_seat) = web.seats.take(peer.ip().to_canonical()) else {
        web.record_seldom(&web.last_crowd, peer.ip(), "too-many-connections").await;
        return if door == Door::Explicit {
            turn_away(&mut stream, refusal::too_many()).await
        };
    };
    // Elsewhere a client begins within seconds or is let go.
    let is_at_the_door = matches!(place, Place::AtTheDoor(_));
    if door == Door::Explicit && !web.speaks(&stream, &mut session, is_at_the_door).await {
        return;
    }
    let _within = match place {
        Place::Within(within) => within,
        Place::AtTheDoor(_at_the_door) => match web.places.come_in().await {
            Some(within) => within,
            None => {
                web.gate.counts().count_turned_away();
                return if door == Door::Explicit {
                    turn_away(&mut stream, refusal::full()).await
                };
            }
        },
        Place::Nowhere => return,
    };
    match door {
        Door::Explicit | Door::Secure => {
            // Each request says for itself who it is from.
            let client = Arc::new(Client { web, peer, local, account: Account::unknown() });
            match door {
                Door::Secure => Box::pin(secure::serve(client, stream, session)).await,
                _ => serve_client(client, Box::new(stream), session).await,
            }
        }
        Door::Led(led) => {
            let original = ends.map_or_else(|| led.original(&stream, local), |ends| Ok(ends.destination));
            let Ok(original) = original else { return web.record_peer(peer.ip(), "no-destination").await };
            // Where packets keep their destination, it is no address of ours.
            let local = if led == Led::Tproxy { SocketAddr::from(([0, 0, 0, 0], 0)) } else { local };
            let account = web.gate.account_of(peer.ip()).await;
            let is_known = account.is_ok();
            let account = account.unwrap_or_else(|account| account);
            let client = Arc::new(Client { web, peer, local, account });
            if !is_known {
                return client.record(None, &original.ip().to_string(), Why::Directory.id(), 0).await;
            }
            Box::pin(transparent::serve(client, stream, original, session)).await;
        }
    }
}

async fn serve_client(client: Arc<Client>, stream: Wire, session: Session) {
    let outer = Arc::new(Outer {
        client: Arc::clone(&client),
        links: Links::default(),
        tunnel: Mutex::new(None),
        socket: Mutex::new(None),
        login: Login::of_a_connection(),
        streams: None,
    });
    let outer_too = Arc::clone(&outer);
    let answer = move |request, broken| {
        let outer = Arc::clone(&outer_too);
        async move { outer.answer(request, &broken).await }
    };
    let clock = Arc::clone(client.web.gate.clock());
    let meanwhile = |cx: &mut Context<'_>| outer.links.let_go(cx);
    let crowd = client.web.crowd().clone();
    let next = Box::pin(plain::serve(stream, session.clone(), &*clock, crowd, &answer, meanwhile)).await;
    let granted = || outer.tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    let stream = match next {
        None => return,
        Some(plain::Next::Tunnel(stream, bytes)) => {
            let tunnel = granted();
            drop((outer, answer));
            if let Some(tunnel) = tunnel {
                Box::pin(tunnel.begin(client, stream, bytes, session)).await;
            }
            return;
        }
        Some(plain::Next::Other(stream)) => stream,
    };
    let ended = Box::pin(serve_http(stream, session.clone(), client.web.crowd().clone(), answer)).await;
    let tunnel = granted();
    let socket = outer.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(outer);
    match (ended, tunnel, socket) {
        (Ok(()), Some(tunnel), _) => Box::pin(connect::run(client, tunnel, session)).await,
        (Ok(()), _, Some(socket)) => Box::pin(socket.run(client, session)).await,
        (Err(error), ..) if error.is_parse() => Box::pin(client.record(None, "", Why::BadRequest.id(), 0)).await,
        _ => {}
    }
}

/// A short no, with a moment for the client to read it.
async fn turn_away(stream: &mut TcpStream, answer: Vec<u8>) {
    /// Bytes of its request that are read so that closing does not reset the connection.
    const READ_BYTES_MAX: u64 = 16 << 10;
    let telling = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(READ_BYTES_MAX), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), telling).await;
}

/// Serves HTTP/1.1 over `io` until it ends, is upgraded, or draining begins and the request under way is answered.
/// `answer` is given what tells why a head was refused before hyper saw it; the request is a stand-in then.
async fn serve_http<IO, A, F>(io: IO, mut session: Session, crowd: Crowd, answer: A) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Arriving>, Broken) -> F,
    F: Future<Output = Response<Reply>>,
{
    let broken = Broken::default();
    let io = ForHyper::new(Guarded::new(io, broken.clone(), crowd));
    let begun = Notify::new();
    let service = service_fn(|request: Request<Incoming>| {
        begun.notify_one();
        let answered = Box::pin(answer(request.map(Arriving::Hyper), broken.clone()));
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let mut builder = Builder::new();
    builder
        .timer(Timer)
        .header_read_timeout(Duration::from_secs(IDLE_SECONDS))
        .max_buf_size(HEAD_BYTES_MAX)
        .preserve_header_case(true);
    // In a box, which is gone when the connection becomes something else.
    let mut connection = Box::pin(builder.serve_connection(io, service).with_upgrades());
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = session.drained() => {}
    }
    // hyper closes a connection that has not sent a byte as soon as it is told of the end. One that was just accepted may
    // still ask its first question, and is answered; one that stays silent must not hold up the next program.
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = begun.notified() => connection.as_mut().graceful_shutdown(),
        () = tokio::time::sleep(Duration::from_secs(LAST_REQUEST_SECONDS)) => return Ok(()),
    }
    connection.await
}

/// What a client connection asks of the proxy itself: absolute-form requests and CONNECT.
struct Outer {
    client: Arc<Client>,
    links: Links,
    tunnel: Mutex<Option<Tunnel>>,
    socket: Mutex<Option<Socket>>,
    login: Login,
    /// On HTTP/2 a tunnel is a stream beside others and begins at once, with this.
    streams: Option<Session>,
}

impl Outer {
    async fn answer(&self, request: Request<Arriving>, broken: &Broken) -> Response<Reply> {
        if let Some(why) = broken.head() {
            return refuse(&self.client, request, "", why).await;
        }
        if let Some(page) = self.own_page(&request) {
            return page;
        }
        let target = request.uri().authority().and_then(|target| Authority::parse(target.as_str(), Some(80)));
        if let Some(target) = target.filter(|target| self.client.web.home.is_ours(target)) {
            return refuse(&self.client, request, &target.host, Why::NoSuchPage).await;
        }
        match self.login.of(&self.client, request.headers()).await {
            Ok(Known { account, told }) => {
                let mut response = self.answer_to(account, request, broken).await;
                if let Some(told) = told {
                    response.headers_mut().append(PROXY_AUTHENTICATE, told);
                }
                response
            }
            Err(Unknown { name, why }) => refuse(&self.client.claiming(name.as_deref()), request, "", why).await,
        }
    }

    async fn answer_to(&self, account: Account, request: Request<Arriving>, broken: &Broken) -> Response<Reply> {
        let client = self.client.known_as(account.clone());
        if request.method() == Method::CONNECT {
            return match Box::pin(grant(&client, request, account)).await {
                Ok(tunnel) => {
                    if let Some(session) = &self.streams {
                        let (client, session) = (Arc::clone(&self.client), session.clone());
                        tokio::spawn(Box::pin(connect::run_stream(client, tunnel, session)));
                        return Response::new(Reply::Own(None));
                    }
                    *self.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
                    Response::new(Reply::Own(None))
                }
                Err(refused) => refused,
            };
        }
        let target = match target_of(&request) {
            Ok(target) => target,
            Err(why) => return refuse(&client, request, "", why).await,
        };
        let way = match self.links.way_of(&target) {
            Some(checked) => Ok(checked),
            None => match client.judge_name(request.method().as_str(), &target).await {
                Ok(()) => client.way(&target).await,
                Err(unsaid) => return refuse_name(&client, request, &target, unsaid).await,
            },
        };
        let route = match way {
            Ok(Way { addresses, road }) => Route { authority: target.clone(), addresses, road, tls: None },
            Err(why) => return refuse(&client, request, &target.host, why).await,
        };
        let exchange = Exchange {
            client: &client,
            host: &target,
            route: &route,
            links: &self.links,
            account: &account,
            upgrades: Upgrades { broken, socket: &self.socket },
        };
        Box::pin(exchange.run(request)).await
    }
}

impl Outer {
    /// The page of our own that a request asks for: at the listener itself, or through the proxy at its name.
    fn own_page(&self, request: &Request<Arriving>) -> Option<Response<Reply>> {
        let web = &self.client.web;
        let asked = match request.uri().authority() {
            None => Some(head::target(request, 80, "http").ok()?),
            Some(_) if request.method() == Method::CONNECT => return None,
            Some(_) if target_of(request).is_ok_and(|target| web.home.is_at(&target)) => None,
            Some(_) => return None,
        };
        let page = web.home.answer(request, asked.as_ref(), self.client.local)?;
        Some(own(page, true))
    }
}

/// The target of an absolute-form request. `https` cannot be asked for in clear; that is what CONNECT is for.
fn target_of(request: &Request<Arriving>) -> Result<Authority, Why> {
    if request.uri().authority().is_none() || request.uri().scheme_str() != Some("http") {
        return Err(Why::NotProxied);
    }
    if !websocket::is_handshake(request) {
        head::check(request.headers())?;
    }
    head::target(request, 80, "http")
}
