//! The proxy's own door with TLS: what clients ask of the proxy itself, their credentials among it, is not in the clear
//! on the way here (RFC 9110 §9.3.6 over TLS; browsers call it a secure web proxy).
//!
//! It shows a certificate of the interception CA, which clients trust already, for whatever name they know the gateway
//! by. They choose between HTTP/1.1 and HTTP/2; on the latter every tunnel is a stream.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::io::Wire;
use super::login::Login;
use super::refusal::Why;
use super::target::Authority;
use super::upstream::{HANDSHAKE_SECONDS, Links};
use super::{Client, Outer, serve_client, streams};
use crate::drain::Session;
use crate::tls::{Protocol, TLS_BUFFER_BYTES};

/// Serves a client to its end.
pub(super) async fn serve(client: Arc<Client>, stream: TcpStream, session: Session) {
    let accepting = tokio::time::timeout(Duration::from_secs(HANDSHAKE_SECONDS), accept(&client, stream)).await;
    let Ok(Some(stream)) = accepting else { return client.record(None, "", Why::ClientTls.id(), 0).await };
    let protocol = stream.get_ref().1.alpn_protocol().and_then(Protocol::of);
    let wire: Wire = Box::new(stream);
    if protocol != Some(Protocol::Http2) {
        return serve_client(client, wire, session).await;
    }
    let outer = Arc::new(Outer {
        client: Arc::clone(&client),
        links: Links::default(),
        tunnel: Mutex::new(None),
        socket: Mutex::new(None),
        login: Login::of_streams(),
        streams: Some(session.clone()),
    });
    let answer = move |request, broken| {
        let outer = Arc::clone(&outer);
        async move { outer.answer(request, &broken).await }
    };
    Box::pin(streams::serve(&client, "", wire, session, answer)).await;
}

async fn accept(client: &Client, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
    let hello = start.client_hello();
    let name = hello.server_name().and_then(|name| Authority::parse(name, Some(443)));
    let host = name.map_or_else(|| client.local.ip().to_canonical().to_string(), |name| name.host);
    let offered: Vec<_> = hello.alpn().into_iter().flatten().collect();
    let shown = match offered.iter().filter_map(|alpn| Protocol::of(alpn)).max_by_key(|one| *one as u8) {
        None if !offered.is_empty() => Some(Protocol::Http1),
        best => best,
    };
    let leaf = client.web.interception.leaf(&host, None).await.ok()?;
    let mut stream = start.into_stream(leaf.config(shown)).await.ok()?;
    stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
    Some(stream)
}
