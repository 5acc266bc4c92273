//! Both halves of an intercepted connection: verified TLS towards the server, a certificate of ours towards the
//! client.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::leaf::Minter;
use super::{Ca, Leaf, roots};
use crate::Error;

/// Bytes rustls may queue per direction of a connection: as many records go out by one call.
pub(crate) const TLS_BUFFER_BYTES: usize = 64 << 10;
/// Servers whose sessions are kept for resumption.
const RESUMED_SERVERS_MAX: usize = 1_024;

/// Why there is no TLS connection to a server.
#[derive(Debug, thiserror::Error)]
pub enum Unconnected {
    /// Its certificate does not verify. The text is rustls's reason and holds no content.
    #[error("the server's certificate does not verify: {0}")]
    Certificate(String),
    /// The host is neither a name nor an address.
    #[error("the host is not a name a certificate can hold")]
    Name,
    /// It asks for a certificate of its client's own, and ends the handshake without one.
    #[error("the server asks for a certificate of its client")]
    ClientCertificate,
    /// The handshake failed otherwise.
    #[error("the TLS handshake with the server failed")]
    Handshake(#[source] io::Error),
}

/// A connection to a server whose certificate verified.
#[derive(Debug)]
pub struct Connected<IO> {
    /// The connection.
    pub stream: TlsStream<IO>,
    /// The server asked for a certificate of its client's own, and got none. In TLS 1.3 it says only later whether it goes
    /// on without one (RFC 8446 §4.4.2.4).
    pub asks_certificate: bool,
}

thread_local! {
    /// Whether a server asked for a certificate while the connection was polled that is polled on this thread now. The
    /// configuration, and with it who is asked, is the same for all connections: sessions resume only under it.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Has no certificate, and notes that one was asked for.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        ASKED.set(true);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// What interception needs, shared by all connections.
pub struct Interception {
    minter: Minter,
    connector: TlsConnector,
}

impl std::fmt::Debug for Interception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interception").field("ca", self.minter.ca()).finish_non_exhaustive()
    }
}

impl Interception {
    /// Puts the CA and the trusted roots (the system's and the files `extra_roots`) to work.
    ///
    /// # Errors
    /// When a root file cannot be used, or the CA may not sign.
    pub fn new(ca: Ca, extra_roots: &[PathBuf]) -> Result<Self, Error> {
        let mut client = roots(extra_roots)?;
        client.client_auth_cert_resolver = Arc::new(NoCertificate);
        client.resumption = Resumption::in_memory_sessions(RESUMED_SERVERS_MAX);
        Ok(Self { minter: Minter::new(ca)?, connector: TlsConnector::from(Arc::new(client)) })
    }

    /// The CA.
    pub fn ca(&self) -> &Ca {
        self.minter.ca()
    }

    /// Connects to `host` over `io`, offering `alpn`, and verifies its certificate for `host`.
    ///
    /// # Errors
    /// When there is no verified connection. Nothing of a message may be sent then.
    pub async fn connect<IO>(&self, io: IO, host: &str, alpn: Vec<Vec<u8>>) -> Result<Connected<IO>, Unconnected>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Unconnected::Name)?;
        let mut connecting = self.connector.with_alpn(alpn).connect(name, io);
        let mut asks_certificate = false;
        let connected = poll_fn(|context| {
            ASKED.set(false);
            let polled = Pin::new(&mut connecting).poll(context);
            asks_certificate |= ASKED.take();
            polled
        });
        let mut stream = connected.await.map_err(|error| {
            let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match cause {
                Some(rustls::Error::InvalidCertificate(why)) => Unconnected::Certificate(why.to_string()),
                Some(rustls::Error::NoCertificatesPresented) => Unconnected::Certificate("none presented".to_owned()),
                _ if asks_certificate => Unconnected::ClientCertificate,
                _ => Unconnected::Handshake(error),
            }
        })?;
        stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        Ok(Connected { stream, asks_certificate })
    }

    /// The certificate to show a client that asked for `host`. `upstream` is the server's certificate if it verified.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn leaf(&self, host: &str, upstream: Option<&CertificateDer<'_>>) -> Result<Arc<Leaf>, Error> {
        self.minter.leaf(host, upstream).await
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio_rustls::TlsAcceptor;

    use super::super::{Names, Protocol, provider};
    use super::*;

    /// A self-signed server and the file a client may trust it by.
    fn server(names: &[&str], dir: &std::path::Path) -> (TlsAcceptor, PathBuf) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let cert = CertificateParams::new(names).expect("names").self_signed(&key).expect("signed");
        let file = dir.join("server.pem");
        std::fs::write(&file, cert.pem()).expect("written");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("config");
        (TlsAcceptor::from(Arc::new(config)), file)
    }

    fn interception(dir: &std::path::Path, roots: &[PathBuf]) -> Interception {
        Interception::new(Ca::load_or_make(dir).expect("a CA"), roots).expect("interception")
    }

    #[tokio::test]
    async fn a_server_is_verified_for_the_host_asked() {
        let dir = tempfile::tempdir().expect("a folder");
        let (acceptor, root) = server(&["zalo.example"], dir.path());
        for (roots, host, is_good) in [
            (vec![root.clone()], "zalo.example", true),
            (vec![root], "other.example", false),
            (vec![], "zalo.example", false),
        ] {
            let interception = interception(dir.path(), &roots);
            let (near, far) = tokio::io::duplex(16 << 10);
            let acceptor = acceptor.clone();
            let server = tokio::spawn(async move { acceptor.accept(far).await.map(|_| ()) });
            let connected = interception.connect(near, host, Vec::new()).await;
            match connected {
                Ok(_) => assert!(is_good),
                Err(Unconnected::Certificate(_)) => assert!(!is_good),
                Err(other) => panic!("{other}"),
            }
            let _ = server.await;
        }
    }

    #[tokio::test]
    async fn a_leaf_satisfies_a_client_that_trusts_the_ca() {
        let dir = tempfile::tempdir().expect("a folder");
        let interception = interception(dir.path(), &[]);
        let upstream = CertificateParams::new(vec!["zalo.example".into(), "*.zalo.example".into()]);
        let upstream = upstream.expect("names").self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        let mut roots = RootCertStore::empty();
        let ca = rustls::pki_types::pem::PemObject::from_pem_file(interception.ca().cert_path()).expect("a CA");
        roots.add(ca).expect("trusted");
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(client));
        for (asked, upstream, wanted, is_good) in [
            ("chat.zalo.example", Some(upstream.der()), "chat.zalo.example", true),
            ("chat.zalo.example", Some(upstream.der()), "files.zalo.example", true),
            ("chat.zalo.example", None, "chat.zalo.example", true),
            ("chat.zalo.example", None, "files.zalo.example", false),
            ("192.0.2.7", Some(upstream.der()), "192.0.2.7", true),
        ] {
            let leaf = interception.leaf(asked, upstream).await.expect("a leaf");
            let (near, far) = tokio::io::duplex(16 << 10);
            let serving = tokio::spawn(async move {
                TlsAcceptor::from(leaf.config(Some(Protocol::Http1))).accept(far).await.map(|_| ())
            });
            let connecting = connector.with_alpn(vec![b"http/1.1".to_vec()]);
            let connected = connecting.connect(ServerName::try_from(wanted).expect("a name"), near).await;
            assert_eq!(connected.is_ok(), is_good, "{wanted}: {:?}", connected.err());
            let _ = serving.await;
        }
    }

    #[tokio::test]
    async fn a_leaf_is_made_once_and_points_to_the_actual_ca() {
        let dir = tempfile::tempdir().expect("a folder");
        let interception = interception(dir.path(), &[]);
        let one = interception.leaf("a.example", None).await.expect("a leaf");
        let again = interception.leaf("a.example", None).await.expect("a leaf");
        assert!(Arc::ptr_eq(&one, &again));

        let (near, far) = tokio::io::duplex(16 << 10);
        let serving = tokio::spawn(async move { TlsAcceptor::from(one.config(None)).accept(far).await.map(|_| ()) });
        let mut roots = RootCertStore::empty();
        let ca: CertificateDer<'static> =
            rustls::pki_types::pem::PemObject::from_pem_file(interception.ca().cert_path()).expect("a CA");
        roots.add(ca.clone()).expect("trusted");
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connecting = TlsConnector::from(Arc::new(client));
        let stream = connecting.connect(ServerName::try_from("a.example").expect("a name"), near).await.expect("tls");
        let _ = serving.await;
        let leaf = stream.get_ref().1.peer_certificates().expect("certificates")[0].clone();
        assert_eq!(Names::of(&leaf).dns, ["a.example"]);
        assert_eq!(Names::of(&leaf).addresses, Vec::<IpAddr>::new());

        let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).expect("a certificate");
        let (_, ca) = x509_parser::parse_x509_certificate(&ca).expect("a certificate");
        let aki = leaf.iter_extensions().find_map(|e| match e.parsed_extension() {
            x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(aki) => aki.key_identifier.clone(),
            _ => None,
        });
        let ski = ca.iter_extensions().find_map(|e| match e.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(ski) => Some(ski.clone()),
            _ => None,
        });
        assert!(aki.is_some() && aki == ski);
        assert_eq!(leaf.issuer(), ca.subject());
        assert_eq!(leaf.raw_serial().len(), 16);
        let days = (leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp()) / 86_400;
        assert!(days <= 30, "{days}");
    }
}
