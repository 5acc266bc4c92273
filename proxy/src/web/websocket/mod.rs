//! WebSockets: every message a client sends is held, inspected, judged and recorded like a body, and only then goes on.
//!
//! The handshake is a request like any other and has its own record. Extensions are negotiated away, so payloads are
//! what they are and no message depends on another. A message leaves as one frame, whatever fragments it came in
//! (RFC 6455 §5.4). A blocked one ends the connection with 1008 and the decision's number; the server never sees a byte
//! of it. What servers send is not inspected; only where its frames end is followed, to put ours between them.
//!
//! Control frames carry up to 125 bytes: of a close only the code goes on, and of pings and pongs nothing that the
//! client chose. What is split over several messages is not joined.

mod down;
mod frame;
mod message;
mod pings;
mod slight;
mod up;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chot_model::Account;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{self, AsyncWriteExt};
use tokio::time::timeout;

use self::down::down;
use self::frame::{Opcode, closing, small};
use self::message::Messages;
use self::pings::Pings;
use self::up::Up;
use self::wire::Reader;
use super::Client;
use super::target::Authority;
use crate::drain::Session;

/// Time for the ends of a connection that closes.
const CLOSE_SECONDS: u64 = 5;

/// Whether a head asks for a WebSocket in the one way that it may be asked for (RFC 6455 §4.1). What asks for anything
/// else by Upgrade is refused elsewhere.
pub(super) fn is_handshake<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
    };
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && only("upgrade").is_some_and(is_websocket)
        && only("sec-websocket-version") == Some(b"13")
        && only("sec-websocket-key").is_some_and(|key| key.len() == 24)
        && names_upgrade(headers)
        && !headers.contains_key(header::CONTENT_LENGTH)
        && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// Whether a server agreed to a WebSocket, without extensions: none was offered to it.
pub(super) fn is_agreed(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|protocol| is_websocket(protocol.as_bytes()))
        && headers.contains_key(header::SEC_WEBSOCKET_ACCEPT)
        && !headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
}

/// Writes what asks for a WebSocket, and what agrees to one, into a head that lost it with what belongs to a connection.
pub(super) fn mark(headers: &mut HeaderMap) {
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
}

fn is_websocket(protocol: &[u8]) -> bool {
    protocol.trim_ascii().eq_ignore_ascii_case(b"websocket")
}

fn names_upgrade(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    })
}

/// The whole messages in what a client sends, and whether it may say no more.
#[cfg(feature = "test-support")]
pub(super) fn messages_of(pieces: impl Iterator<Item = bytes::BytesMut>) -> (Vec<Vec<u8>>, bool) {
    let (mut messages, mut held) = (Messages::default(), bytes::BytesMut::new());
    let (mut whole, mut under_way) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.unsplit(piece);
        loop {
            match messages.next(&mut held) {
                Ok(None) => break,
                Ok(Some(message::Said::Piece(piece))) => under_way.extend_from_slice(&piece),
                Ok(Some(message::Said::End(_))) => whole.push(std::mem::take(&mut under_way)),
                Ok(Some(_)) => {}
                Err(_) => return (whole, true),
            }
        }
    }
    (whole, false)
}

/// A WebSocket that both ends agreed to.
pub(super) struct Socket {
    pub(super) client: OnUpgrade,
    pub(super) server: OnUpgrade,
    /// Whom it connects, for the records.
    pub(super) about: About,
}

/// What the records of a socket's messages say besides their content.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) host: Authority,
    pub(super) account: Account,
    pub(super) address: Option<std::net::IpAddr>,
    pub(super) is_tls: bool,
    /// Path and query, as the receiver reads them.
    pub(super) path: String,
}

/// How a socket ends.
enum End {
    /// An end went away, or its connection broke.
    Gone,
    /// The client closed in good order: the server answers.
    Closing,
    /// We close it, with this code and reason.
    Ours(u16, String),
}

impl Socket {
    /// Relays to the end.
    pub(super) async fn run(self, client: Arc<Client>, mut session: Session) {
        let Self { client: from_client, server: to_server, about } = self;
        let joined = timeout(Duration::from_secs(CLOSE_SECONDS), async { tokio::join!(from_client, to_server) });
        let Ok((Ok(from_client), Ok(to_server))) = joined.await else { return };
        let (client_read, client_write) = io::split(TokioIo::new(from_client));
        let (server_read, server_write) = io::split(TokioIo::new(to_server));
        let client_write = Arc::new(tokio::sync::Mutex::new(client_write));
        let pings = Arc::new(Mutex::new(Pings::default()));
        let mut up = Up {
            client,
            about,
            from: Reader::new(client_read),
            messages: Messages::default(),
            intake: None,
            slight: Vec::new(),
            to: server_write,
            pings: Arc::clone(&pings),
        };
        let mut down = std::pin::pin!(down(Reader::new(server_read), Arc::clone(&client_write), pings));
        let mut is_down_over = false;
        let end = tokio::select! {
            end = up.run(&mut session) => end,
            end = &mut down => {
                is_down_over = true;
                end
            }
        };
        let closing_all = async {
            match end {
                End::Gone => {}
                End::Closing => drop(down.await),
                End::Ours(code, reason) => {
                    // A frame under way has to end before ours. The server would answer its close with one that the
                    // client must not see first.
                    let mut to_client = tokio::select! {
                        to_client = client_write.lock() => to_client,
                        _ = &mut down, if !is_down_over => client_write.lock().await,
                    };
                    let _ = to_client.write_all(&small(Opcode::Close, None, &closing(code, &reason))).await;
                    let _ = to_client.shutdown().await;
                    up.close(code).await;
                    // What the client still sends is read, lest its system drops the reason.
                    let _ = io::copy(&mut up.from.io, &mut io::sink()).await;
                }
            }
        };
        let _ = timeout(Duration::from_secs(CLOSE_SECONDS), closing_all).await;
        let ends = async {
            let _ = up.to.shutdown().await;
            // Held still, it is within a frame that nobody will end.
            if let Ok(mut to_client) = client_write.try_lock() {
                let _ = to_client.shutdown().await;
            }
        };
        let _ = timeout(Duration::from_secs(CLOSE_SECONDS), ends).await;
    }
}
