//! Connections that an administrator listed to be passed on without being decrypted.
//!
//! A name counts only where it is proved without reading: it is what the client asked us to connect to, or a name of the
//! address it was going to. The name in a ClientHello alone proves nothing, as no certificate is looked at here. That
//! the connection is opened is on record before its first byte leaves, and how much was sent when it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chot_audit::Event;

use super::connect::{Counted, Inside};
use super::io::{Ahead, Duplex, Outward};
use super::target::Authority;
use crate::client_hello::Hello;
use crate::drain::Session;

impl Inside {
    /// Why this connection is not to be read, if it is not.
    pub(super) async fn unread_because(&self, hello: &Hello) -> Option<String> {
        let (bypass, now) = (self.client.web.gate.bypass(), self.client.web.gate.clock().now());
        if bypass.entries().is_empty() {
            return None;
        }
        let asked = match hello.server_name.as_deref() {
            // A name that is none of a host is on no list.
            Some(name) => Some(Authority::parse(name, Some(self.authority.port))?),
            None => None,
        };
        let address = self.addresses.first().map(SocketAddr::ip);
        // An address that is listed is one whoever is asked for there.
        if let Some(entry) = address.and_then(|address| bypass.of_address(address.to_canonical(), now)) {
            return Some(entry.reason.clone());
        }
        // Another name in the hello would be served by the same machine: it has to be listed itself. DNS is asked for none
        // that is not.
        if asked.as_ref().is_some_and(|asked| bypass.of_host(&asked.host, now).is_none()) {
            return None;
        }
        let proven = if self.is_named && self.authority.host.parse::<std::net::IpAddr>().is_err() {
            Some(&self.authority)
        } else {
            match (&asked, address) {
                (Some(asked), Some(address)) => {
                    self.client.web.reach.is_name_of(asked, address.to_canonical()).await.then_some(asked)
                }
                _ => None,
            }
        };
        Some(bypass.of_host(&proven?.host, now)?.reason.clone())
    }

    /// Joins both ends.
    pub(super) async fn pass_unread<IO: Duplex + 'static>(
        self,
        stream: Ahead<IO>,
        upstream: Outward,
        mut session: Session,
        hello: &Hello,
        reason: String,
    ) {
        let gate = &self.client.web.gate;
        let host = hello.server_name.as_deref().unwrap_or(&self.authority.host);
        let event = |ended| Event::Bypass {
            client: self.client.peer.ip().to_canonical(),
            account: self.account.name.clone(),
            host: gate.place(host),
            address: self.addresses.first().map(SocketAddr::ip),
            reason: gate.inspector().mask(&reason).as_str().to_owned(),
            ended,
        };
        if gate.ledger().event(event(None)).await.is_err() {
            return;
        }
        gate.counts().count_bypass();
        let (sent, received) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut stream = Counted { inner: stream, read: Arc::clone(&sent) };
        let mut upstream = Counted { inner: upstream, read: Arc::clone(&received) };
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream) => {}
            () = session.drained() => {}
        }
        let ended = (sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed));
        let _ = gate.ledger().event(event(Some(ended))).await;
    }
}
