//! A parent proxy: it is asked with CONNECT for every target, encrypted or not, and carries what was cleared here.
//!
//! Its own answers to a client are not relayed: what it refuses is told in our words. Where the settings name it by
//! `https://`, what is asked of it goes over TLS, and its certificate is verified as a server's is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chot_model::Secret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::dial::{self, Egress};
use super::io::Outward;
use super::refusal::Why;
use super::resolver::Resolver;
use super::target::Authority;
use crate::tls::{Interception, Protocol};
use crate::{Error, base64, secret};

/// Time for the parent to connect in its turn.
const ANSWER_SECONDS: u64 = 30;
/// Largest head of its answer.
const ANSWER_BYTES_MAX: usize = 8 << 10;
/// Addresses of a parent's name that are tried.
const ADDRESSES_MAX: usize = 6;

/// A proxy behind us.
pub(crate) struct Parent {
    server: Authority,
    /// Who finds it.
    resolver: Arc<Resolver>,
    /// Who verifies it, where it is spoken to over TLS.
    tls: Option<Arc<Interception>>,
    /// The value of Proxy-Authorization.
    authorization: Option<Secret>,
    /// Our name in Via, by which a loop is seen.
    pseudonym: String,
}

impl std::fmt::Debug for Parent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parent").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What parents ask for, by `host:port`.
#[derive(Default)]
pub(crate) struct Credentials(HashMap<String, Secret>);

/// Reads the credentials of parents and keeps none.
pub(super) fn check(file: Option<&Path>) -> Result<(), Error> {
    file.map_or(Ok(()), |file| Credentials::load(file).map(drop))
}

impl Credentials {
    /// Reads lines `host:port user:password`; empty ones and those that begin with `#` say nothing.
    pub(crate) fn load(file: &Path) -> Result<Self, Error> {
        let text = secret::read(file)?;
        let mut all = HashMap::new();
        for (line, n) in text.lines().map(str::trim).zip(1..).filter(|(l, _)| !l.is_empty() && !l.starts_with('#')) {
            let parts = line.split_once(char::is_whitespace).map(|(server, pair)| (server, pair.trim_start()));
            let Some((server, pair)) = parts.filter(|(_, pair)| pair.contains(':')) else {
                return Err(Error::Secret {
                    path: file.to_owned(),
                    what: format!("line {n} is not `host:port user:password`"),
                });
            };
            all.insert(server.to_owned(), Secret::new(pair));
        }
        Ok(Self(all))
    }
}

impl Parent {
    /// The parent at `host:port`, or `https://host:port`; `None` where that names no server.
    pub(crate) fn new(
        server: &str,
        credentials: &Credentials,
        pseudonym: &str,
        interception: &Arc<Interception>,
        resolver: &Arc<Resolver>,
    ) -> Option<Self> {
        let secure = server.strip_prefix("https://");
        let (server, tls) = (secure.unwrap_or(server), secure.map(|_| Arc::clone(interception)));
        let authorization = credentials
            .0
            .get(server)
            .map(|pair| Secret::new(format!("Basic {}", base64::encode(pair.reveal().as_bytes()))));
        let (server, resolver) = (Authority::parse(server, None)?, Arc::clone(resolver));
        Some(Self { server, resolver, tls, authorization, pseudonym: pseudonym.to_owned() })
    }

    /// A tunnel to `target`; to its first address where it was not named.
    pub(crate) async fn connect(
        &self,
        target: &Authority,
        known: &[SocketAddr],
        egress: Egress,
    ) -> Result<Outward, Why> {
        let mut addresses = self.resolver.addresses(&self.server).await.map_err(|_| Why::Parent)?;
        addresses.truncate(ADDRESSES_MAX);
        let stream = dial::dial(&addresses, egress).await.map_err(|_| Why::Parent)?;
        let asking = async {
            let mut stream: Outward = match &self.tls {
                None => Box::new(stream),
                Some(interception) => {
                    let alpn = vec![Protocol::Http1.alpn().to_vec()];
                    let connected = interception.connect(stream, &self.server.host, alpn).await;
                    Box::new(connected.map_err(|_| Why::Parent)?.stream)
                }
            };
            let target = known.first().map_or_else(|| target.to_host_header(0), ToString::to_string);
            stream.write_all(self.request(&target).as_bytes()).await.map_err(|_| Why::Parent)?;
            stream.flush().await.map_err(|_| Why::Parent)?;
            answer(&mut stream).await?;
            Ok(stream)
        };
        tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), asking).await.map_err(|_| Why::UpstreamTimeout)?
    }

    fn request(&self, target: &str) -> String {
        let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nVia: 1.1 {}\r\n", self.pseudonym);
        if let Some(authorization) = &self.authorization {
            head.push_str("Proxy-Authorization: ");
            head.push_str(authorization.reveal());
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

/// Reads the head of the answer and not a byte more: what follows is the target's.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), Why> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == ANSWER_BYTES_MAX {
            return Err(Why::Parent);
        }
        head.push(stream.read_u8().await.map_err(|_| Why::Parent)?);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(&head) {
        Ok(httparse::Status::Complete(_)) => match response.code {
            Some(200..=299) => Ok(()),
            Some(407) => Err(Why::ParentAuth),
            Some(502..=504) => Err(Why::Unreachable),
            _ => Err(Why::ParentRefused),
        },
        _ => Err(Why::Parent),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::tls::Ca;

    fn interception(roots: &[std::path::PathBuf]) -> Arc<Interception> {
        let dir = tempfile::tempdir().expect("a folder");
        let ca = Ca::load_or_make(dir.path()).expect("a CA");
        Arc::new(Interception::new(ca, roots).expect("interception"))
    }

    #[test]
    fn credentials_are_read_and_kept_from_others() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let write = |text: &str| std::fs::write(file.path(), text).expect("written");
        write("# parents\n\nout.example:3128  chot:mat khau\n");
        let credentials = Credentials::load(file.path()).expect("read");
        let interception = interception(&[]);
        let resolver = Arc::new(Resolver::new(Vec::new()));
        let new =
            |server: &str| Parent::new(server, &credentials, "chot-1", &interception, &resolver).expect("a server");
        let parent = new("out.example:3128");
        assert!(parent.tls.is_none() && new("https://out.example:3128").tls.is_some());
        assert!(new("https://out.example:3128").authorization.is_some());
        assert!(parent.request("a.example:443").contains("\r\nProxy-Authorization: Basic Y2hvdDptYXQga2hhdQ==\r\n"));
        let other = new("other.example:3128");
        assert!(!other.request("a.example:443").contains("Authorization"));
        write("out.example:3128\n");
        assert!(Credentials::load(file.path()).is_err());
        write("");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("set");
        assert!(Credentials::load(file.path()).is_err());
    }

    #[tokio::test]
    async fn a_parent_with_tls_is_asked_only_when_its_certificate_is_good() {
        let dir = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let cert = CertificateParams::new(vec!["localhost".to_owned()]).expect("names").self_signed(&key);
        let cert = cert.expect("signed");
        let root = dir.path().join("parent.pem");
        std::fs::write(&root, cert.pem()).expect("written");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("config");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        for (roots, is_good) in [(vec![root], true), (vec![], false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            let server = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
            let acceptor = acceptor.clone();
            let parent = tokio::spawn(async move {
                let (stream, _) = listener.accept().await.expect("accepted");
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut asked = vec![0; 1 << 10];
                let n = stream.read(&mut asked).await.expect("read");
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbanner").await.expect("written");
                stream.shutdown().await.expect("closed");
                Some(String::from_utf8_lossy(&asked[..n]).into_owned())
            });
            let resolver = Arc::new(Resolver::new(Vec::new()));
            let interception = interception(&roots);
            let us = Parent::new(&server, &Credentials::default(), "chot-1", &interception, &resolver);
            let us = us.expect("a server");
            let target = Authority { host: "a.example".to_owned(), port: 443 };
            let connected = us.connect(&target, &[], Egress::default()).await;
            match connected {
                Ok(mut stream) => {
                    let mut rest = String::new();
                    stream.read_to_string(&mut rest).await.expect("read");
                    assert!(is_good && rest == "banner");
                }
                Err(why) => assert!(!is_good && why == Why::Parent),
            }
            let asked = parent.await.expect("ended");
            assert_eq!(asked.is_some_and(|asked| asked.starts_with("CONNECT a.example:443 ")), is_good);
        }
    }

    #[tokio::test]
    async fn what_follows_the_answer_is_the_targets() {
        for (said, expected) in [
            ("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n", Ok(())),
            ("HTTP/1.0 200\r\n\r\n", Ok(())),
            ("HTTP/1.1 407 No\r\n\r\n", Err(Why::ParentAuth)),
            ("HTTP/1.1 403 No\r\n\r\n", Err(Why::ParentRefused)),
            ("HTTP/1.1 503 No\r\n\r\n", Err(Why::Unreachable)),
            ("SSH-2.0-x\r\n\r\n", Err(Why::Parent)),
            ("HTTP/1.1 200 OK\r\n", Err(Why::Parent)),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            let mut near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
            let (mut far, _) = listener.accept().await.expect("accepted");
            far.write_all(format!("{said}banner").as_bytes()).await.expect("written");
            drop(far);
            assert_eq!(answer(&mut near).await, expected, "{said}");
            if expected.is_ok() {
                let mut rest = String::new();
                near.read_to_string(&mut rest).await.expect("read");
                assert_eq!(rest, "banner");
            }
        }
    }
}
