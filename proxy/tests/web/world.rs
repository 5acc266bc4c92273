//! A gateway, a server behind it and clients before it, all on loopback. Every person and number is invented.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chot_audit::fault::Simulated;
use chot_audit::{Filter, Ledger, Options, Order, Reader};
use chot_config::{AllowedTarget, Known, Network, Policy, Settings, WebSettings};
use chot_inspect::{Inspector, Limits};
use chot_model::{Clock, Timestamp};
use chot_proxy::drain::Drain;
use chot_proxy::gate::Gate;
use chot_proxy::hold::Holds;
use chot_proxy::tls::{Ca, Interception};
use chot_proxy::web::{Door, Web, serve};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// An invented citizen number with the word that makes it one.
pub(crate) const A_NUMBER: &str = "Số căn cước công dân: 001090123456";

const POLICY: &str = r#"
schema = 1
[policy]
id = "web-tests"
mode = "enforce"
[contact]
name = "Phòng CNTT"
[destinations.messaging]
apps = ["zalo"]
[destinations.forms]
domains = ["localhost"]
[[rule]]
id = "no-identifiers-to-messaging"
when.destination.in = ["messaging"]
when.detect.identifier.at-least = 1
then.action = "block"
then.message.vi = "Không gửi số định danh qua ứng dụng nhắn tin."
[[rule]]
id = "unreadable-stays"
when.opaque = ["any"]
then.action = "block"
[[rule]]
id = "mask-in-forms"
when.destination.in = ["forms"]
when.detect.identifier.at-least = 1
then.action = "redact"
then.detectors = ["identifier"]
"#;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-21T12:00:00Z").expect("a time")
    }
}

/// What the server behind the gateway got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

pub(crate) struct World {
    pub(crate) proxy: SocketAddr,
    /// The same over TLS.
    pub(crate) secure_proxy: SocketAddr,
    /// The server, without TLS and with.
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    /// A server that prefers HTTP/2.
    pub(crate) http2: SocketAddr,
    /// A server whose certificate nobody vouches for.
    pub(crate) untrusted: SocketAddr,
    pub(crate) ca: PathBuf,
    pub(crate) disk: Simulated,
    pub(crate) gate: Gate,
    got: Arc<Mutex<Vec<Got>>>,
    connector: TlsConnector,
    drain: Option<Drain>,
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_, _| {}).await
    }

    /// `change` may edit the settings; it is told the server's plain address.
    pub(crate) async fn with(change: impl FnOnce(&mut WebSettings, SocketAddr)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let got = Arc::new(Mutex::new(Vec::new()));
        let names = ["localhost", "127.0.0.1", "chat.zalo.me", "*.zalo.me"];
        let (trusted, root) = server_config(&names);
        let (untrusted, _) = server_config(&names);
        let root_file = dir.path().join("root.pem");
        std::fs::write(&root_file, root).expect("written");
        let http = origin(None, &got).await;
        let mut prefers = ServerConfig::clone(&trusted);
        prefers.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let http2 = origin(Some(Arc::new(prefers)), &got).await;
        let https = origin(Some(trusted), &got).await;
        let mut untrusted = ServerConfig::clone(&untrusted);
        untrusted.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let untrusted = origin(Some(Arc::new(untrusted)), &got).await;

        let disk = Simulated::new();
        let options = Options { node: "test".into(), segment_bytes: 1 << 20, free_bytes_warn: 0, free_bytes_stop: 0 };
        let ledger = Ledger::open_in(Arc::new(disk.clone()), options, Arc::new(Noon)).expect("a ledger");
        let (policy, _) = Policy::check(POLICY, "policy.toml", Known { apps: chot_proxy::apps::NAMES }).expect("valid");
        let inspector = Inspector::new(Limits::default(), 2026);
        let holds = Holds::new(&dir.path().join("spool"), 8 << 20).expect("holds");
        let gate = Gate::new(inspector, Arc::new(policy), ledger, Arc::new(Noon), holds);

        let ca = Ca::load_or_make(dir.path()).expect("a CA");
        let ca_file = ca.cert_path().to_owned();
        let interception = Arc::new(Interception::new(ca, &[root_file]).expect("interception"));
        let loopback: Network = "127.0.0.0/8".parse().expect("a network");
        let mut settings = Settings::defaults(dir.path()).web;
        settings.clients = vec![loopback];
        settings.allow_targets = vec![AllowedTarget::Network(loopback, None)];
        change(&mut settings, http);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let proxy = listener.local_addr().expect("an address");
        let (drain, session) = Drain::new();
        let web = Arc::new(Web::new(gate.clone(), &settings, interception).expect("a channel"));
        tokio::spawn(serve(Arc::clone(&web), listener, Door::Explicit, session.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let secure_proxy = listener.local_addr().expect("an address");
        tokio::spawn(serve(web, listener, Door::Secure, session));

        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&ca_file).expect("a CA")).expect("trusted");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(client));
        Self {
            proxy,
            secure_proxy,
            http,
            https,
            http2,
            untrusted,
            ca: ca_file,
            disk,
            gate,
            got,
            connector,
            drain: Some(drain),
            dir,
        }
    }

    /// What the servers got so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("not poisoned").clone()
    }

    /// The records of a kind as JSON, oldest first.
    pub(crate) fn records(&self, kind: &str) -> Vec<serde_json::Value> {
        let reader = Reader::open_in(Arc::new(self.disk.clone()));
        let filter = Filter { kind: Some(kind.to_owned()), ..Filter::default() };
        let records = reader.records(filter, Order::OldestFirst).expect("readable");
        records.map(|record| record.expect("whole").value).collect()
    }

    /// Waits until so many records of a kind are there: outcomes are written behind the answer.
    pub(crate) async fn records_when(&self, kind: &str, n: usize) -> Vec<serde_json::Value> {
        let waiting = async {
            loop {
                let records = self.records(kind);
                if records.len() >= n {
                    return records;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the records come")
    }

    /// Sends CONNECT and returns the status line and the stream.
    pub(crate) async fn connect(&self, target: &str) -> (String, BufReader<TcpStream>) {
        let mut stream = BufReader::new(TcpStream::connect(self.proxy).await.expect("connected"));
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("written");
        let (status, _) = read_head(&mut stream).await;
        (status, stream)
    }

    /// An intercepted session with the server at `address` under the name `name`.
    pub(crate) async fn tls(&self, address: SocketAddr, name: &str) -> BufReader<TlsStream<BufReader<TcpStream>>> {
        let (status, stream) = self.connect(&address.to_string()).await;
        assert!(status.contains("200"), "{status}");
        BufReader::new(self.secure(stream, name).await.expect("a session"))
    }

    pub(crate) async fn secure<IO>(&self, stream: IO, name: &str) -> std::io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        self.connector.connect(name, stream).await
    }

    /// The same, offering other protocols.
    pub(crate) async fn secure_with<IO>(&self, stream: IO, name: &str, alpn: &[&[u8]]) -> std::io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let alpn = alpn.iter().map(|alpn| alpn.to_vec()).collect();
        self.connector.with_alpn(alpn).connect(name, stream).await
    }

    /// The record with the first bytes a client sends.
    pub(crate) fn client_hello(&self, name: &str) -> Vec<u8> {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut client = rustls::ClientConnection::new(Arc::clone(self.connector.config()), name).expect("a client");
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("written");
        bytes
    }

    /// The folder for bodies that do not fit in memory.
    pub(crate) fn spool(&self) -> PathBuf {
        self.dir.path().join("spool")
    }

    /// Begins draining; the task tells whether everything ended.
    pub(crate) fn drain(&mut self) -> tokio::task::JoinHandle<bool> {
        let drain = self.drain.take().expect("not yet drained");
        tokio::spawn(drain.finish(Duration::from_secs(30)))
    }

    /// curl through the gateway, with its CA trusted. Returns what it printed.
    pub(crate) async fn curl(&self, args: &[&str]) -> std::process::Output {
        let mut command = std::process::Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "", "--proxy"]);
        command.arg(format!("http://{}", self.proxy)).arg("--cacert").arg(&self.ca).args(args);
        tokio::task::spawn_blocking(move || command.output().expect("curl runs")).await.expect("no panic")
    }
}

fn server_config(names: &[&str]) -> (Arc<ServerConfig>, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let cert = rcgen::CertificateParams::new(names).expect("names").self_signed(&key).expect("signed");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("config");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (Arc::new(config), cert.pem())
}

/// A server that keeps what it gets. The path decides what it does besides: `/close` closes after the answer,
/// `/early` answers before reading the body, `/hang-up` answers nothing, `/ws…` speaks WebSocket.
async fn origin(tls: Option<Arc<ServerConfig>>, got: &Arc<Mutex<Vec<Got>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let got = Arc::clone(got);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, got) = (tls.clone(), Arc::clone(&got));
            tokio::spawn(async move {
                match tls {
                    None => serve_origin(stream, got).await,
                    Some(tls) => {
                        let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                        match stream.get_ref().1.alpn_protocol() {
                            Some(b"h2") => crate::http2::serve(stream, got).await,
                            _ => serve_origin(stream, got).await,
                        }
                    }
                }
            });
        }
    });
    address
}

async fn serve_origin(stream: impl AsyncRead + AsyncWrite + Unpin, got: Arc<Mutex<Vec<Got>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (line, head) = read_head(&mut stream).await;
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        if line.is_empty() || path == "/hang-up" {
            return;
        }
        if path.starts_with("/ws") {
            got.lock().expect("not poisoned").push(Got { head: format!("{line}\r\n{head}"), body: Vec::new() });
            return crate::sockets::serve(&mut stream, &got).await;
        }
        if path == "/early" {
            let _ = stream.write_all(b"HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n").await;
        }
        let body = read_body(&mut stream, &head).await;
        let n = body.len();
        got.lock().expect("not poisoned").push(Got { head: format!("{line}\r\n{head}"), body });
        if path == "/early" {
            continue;
        }
        let answer = match path.as_str() {
            "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
                           3\r\nabc\r\n0\r\nx-sum: 9\r\n\r\n"
                .to_owned(),
            _ => {
                format!("HTTP/1.1 200 OK\r\nAlt-Svc: h3=\":443\"\r\nContent-Length: {}\r\n\r\n{n}", n.to_string().len())
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || path == "/close" {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// The first line and the rest of a head; empty at the end of the stream.
pub(crate) async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> (String, String) {
    let (mut line, mut head) = (String::new(), String::new());
    if stream.read_line(&mut line).await.is_err() {
        return Default::default();
    }
    while stream.read_line(&mut head).await.is_ok_and(|n| n > 2) {}
    (line.trim_end().to_owned(), head)
}

pub(crate) async fn read_body(stream: &mut (impl AsyncBufReadExt + Unpin), head: &str) -> Vec<u8> {
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let mut body = Vec::new();
    if field("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            let _ = stream.read_line(&mut line).await;
            let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
            if size == 0 {
                while stream.read_line(&mut line).await.is_ok_and(|n| n > 2) {}
                return body;
            }
            let at = body.len();
            body.resize(at + size + 2, 0);
            let _ = stream.read_exact(&mut body[at..]).await;
            body.truncate(at + size);
        }
    }
    let len: usize = field("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
    body.resize(len, 0);
    match stream.read_exact(&mut body).await {
        Ok(_) => body,
        Err(_) => Vec::new(),
    }
}

/// Sends a request and reads the answer: status line, head, body.
pub(crate) async fn ask<IO>(stream: &mut BufReader<IO>, request: &[u8]) -> (String, String, Vec<u8>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await.expect("written");
    stream.flush().await.expect("flushed");
    let (status, head) = read_head(stream).await;
    let body = read_body(stream, &head).await;
    (status, head, body)
}
