//! STARTTLS on the client's leg (RFC 3207): refuses injected bytes, forgets everything said in plain text.
//!
//! The command itself is never passed on: each leg of the session has its own TLS, or none.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::limits::AUTH_LINE_BYTES_MAX;
use super::reply::{OneLine, Reply};
use super::wire::{Lost, Wire};

/// Our go-ahead.
pub(super) const READY: OneLine = Reply::line(220, "2.0.0 Ready to start TLS");

/// Whether bytes came behind STARTTLS in plain text. Whoever put them there wants them to be taken for part of the
/// protected session (CVE-2011-0411).
pub(super) fn is_injected(client: &Wire) -> bool {
    !client.pending().is_empty()
}

/// The handshake. The wire that comes out has nothing of the old one but the socket.
pub(super) async fn accept(
    client: Wire,
    config: Arc<ServerConfig>,
    patience: Duration,
    write_max: Duration,
) -> Result<Wire, Lost> {
    let handshake = TlsAcceptor::from(config).accept(client.into_io());
    let tls = timeout(patience, handshake).await.map_err(|_| Lost::TimeOut)??;
    Ok(Wire::new(Box::new(tls), AUTH_LINE_BYTES_MAX, write_max))
}
