//! A parent proxy: it is asked with CONNECT for every target, encrypted or not, and carries what was cleared here.
//!
//! Its own answers to a client are not relayed: what it refuses is told in our words. It is reached without TLS, as it
//! stands inside the house.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use chot_model::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dial::{self, Egress};
use super::refusal::Why;
use super::target::Authority;
use crate::{Error, base64, secret};

/// Time for the parent to connect in its turn.
const ANSWER_SECONDS: u64 = 30;
/// Largest head of its answer.
const ANSWER_BYTES_MAX: usize = 8 << 10;
/// Addresses of a parent's name that are tried.
const ADDRESSES_MAX: usize = 6;

/// A proxy behind us.
pub(crate) struct Parent {
    server: String,
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
    pub(crate) fn new(server: &str, credentials: &Credentials, pseudonym: &str) -> Result<Self, Error> {
        let authorization = credentials
            .0
            .get(server)
            .map(|pair| Secret::new(format!("Basic {}", base64::encode(pair.reveal().as_bytes()))));
        Ok(Self { server: server.to_owned(), authorization, pseudonym: pseudonym.to_owned() })
    }

    /// A tunnel to `target`; to its first address where it was not named.
    pub(crate) async fn connect(
        &self,
        target: &Authority,
        known: &[SocketAddr],
        egress: Egress,
    ) -> Result<TcpStream, Why> {
        let found = tokio::net::lookup_host(&self.server).await.map_err(|_| Why::Parent)?;
        let addresses: Vec<_> = found.take(ADDRESSES_MAX).collect();
        let mut stream = dial::dial(&addresses, egress).await.map_err(|_| Why::Parent)?;
        let asking = async {
            let target = known.first().map_or_else(|| target.to_host_header(0), ToString::to_string);
            stream.write_all(self.request(&target).as_bytes()).await.map_err(|_| Why::Parent)?;
            answer(&mut stream).await
        };
        tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), asking).await.map_err(|_| Why::UpstreamTimeout)??;
        Ok(stream)
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
async fn answer(stream: &mut TcpStream) -> Result<(), Why> {
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

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn credentials_are_read_and_kept_from_others() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let write = |text: &str| std::fs::write(file.path(), text).expect("written");
        write("# parents\n\nout.example:3128  chot:mat khau\n");
        let credentials = Credentials::load(file.path()).expect("read");
        let parent = Parent::new("out.example:3128", &credentials, "chot-1").expect("a parent");
        assert!(parent.request("a.example:443").contains("\r\nProxy-Authorization: Basic Y2hvdDptYXQga2hhdQ==\r\n"));
        let other = Parent::new("other.example:3128", &credentials, "chot-1").expect("a parent");
        assert!(!other.request("a.example:443").contains("Authorization"));
        write("out.example:3128\n");
        assert!(Credentials::load(file.path()).is_err());
        write("");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("set");
        assert!(Credentials::load(file.path()).is_err());
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
