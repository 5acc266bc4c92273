//! The outside world: hosts and a relay that remember what they received.

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::outside::{self, Inbox, OutsideCa, Received};
use super::wait_until;

/// Plays Zalo.
pub(crate) const ZALO: &str = "chat.zalo.me";
pub(crate) const ZALO_FILES: &str = "tt-files-wpa.chat.zalo.me";
/// An outside party with a web form.
pub(crate) const PARTY: &str = "form.party.example";
/// A host whose certificate nobody trusts.
pub(crate) const IMPOSTOR: &str = "impostor.example";
/// Every name that leads to the stand-ins.
pub(crate) const NAMES: &[&str] = &[ZALO, ZALO_FILES, PARTY, IMPOSTOR];

/// Everything outside.
pub(crate) struct World {
    /// The stand-ins live as long as it does.
    _runtime: Runtime,
    ca: OutsideCa,
    pub(crate) https: Host,
    pub(crate) impostor: Host,
    pub(crate) http: Host,
    pub(crate) relay: Host,
}

/// A stand-in and what it received.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    inbox: Inbox,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (trusted, other) = (OutsideCa::new().expect("a CA"), OutsideCa::new().expect("a CA"));
        let host = |(address, inbox)| Host { address, inbox };
        let (https, impostor, relay) = runtime.block_on(async {
            let https = outside::https(&[ZALO, ZALO_FILES, PARTY], &trusted).await.expect("an HTTPS host");
            let impostor = outside::https(&[IMPOSTOR], &other).await.expect("an HTTPS host");
            (host(https), host(impostor), host(outside::smtp().await.expect("a relay")))
        });
        let http = runtime.block_on(plain_http());
        Self { ca: trusted, https, impostor, http, relay, _runtime: runtime }
    }

    /// Writes the CA of the trusted hosts.
    pub(crate) fn write_ca(&self, path: &Path) {
        std::fs::write(path, self.ca.pem()).expect("written");
    }

    /// Writes a certificate of that CA and its key, for a host that a scenario plays itself.
    pub(crate) fn write_identity(&self, names: &[&str], cert: &Path, key: &Path) {
        let (certificate, pair) = self.ca.issue(names).expect("a certificate");
        std::fs::write(cert, certificate.pem()).expect("written");
        std::fs::write(key, pair.serialize_pem()).expect("written");
    }
}

async fn plain_http() -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, inbox) = (listener.local_addr().expect("its address"), Inbox::default());
    let all = inbox.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let inbox = all.clone();
            tokio::spawn(async move { outside::answer_http(stream, &inbox).await });
        }
    });
    Host { address, inbox }
}

impl Host {
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Everything received since the last look.
    pub(crate) fn take(&self) -> Vec<Received> {
        self.inbox.take()
    }

    /// The one thing received since the last look.
    #[track_caller]
    pub(crate) fn received_one(&self) -> Received {
        let mut all = Vec::new();
        wait_until("something arrives", || {
            all.extend(self.take());
            !all.is_empty()
        });
        assert_eq!(all.len(), 1, "not exactly one arrived");
        all.remove(0)
    }

    /// Nothing arrived. Only meaningful once the sender has its answer.
    #[track_caller]
    pub(crate) fn received_nothing(&self) {
        let all = self.take();
        let lengths: Vec<_> = all.iter().map(|r| (&r.to, r.body.len())).collect();
        assert!(all.is_empty(), "{lengths:?} arrived");
    }
}
