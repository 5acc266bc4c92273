//! The clients: plain sockets and rustls, so that they cost the same whatever stands between.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chot_benches::Random;
use h2::client::SendRequest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::origin::Origin;
use super::proxies::Proxy;
use super::streams;

type Tls = BufReader<TlsStream<TcpStream>>;

/// The cryptography of all who speak TLS here.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A work of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// 1 KiB of JSON, kept connections.
    Small,
    /// 64 KiB of JSON, kept connections.
    Medium,
    /// A form with a file of 10 MiB.
    Upload,
    /// 1 KiB of JSON, every time over a connection and a TLS session of its own.
    Fresh,
    /// The same with clients that offer X25519MLKEM768 too, as browsers do. OpenSSL 3.0 knows nothing of it.
    Hybrid,
    /// An answer of 64 KiB.
    Get,
    /// 1 KiB of JSON over HTTP/2, several at once on each connection.
    Streams,
}

const UPLOAD_MIB: usize = 10;

impl Work {
    /// As arguments name it.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Small => "w1",
            Self::Medium => "w2",
            Self::Upload => "w3",
            Self::Fresh => "w4",
            Self::Hybrid => "w4pq",
            Self::Get => "w5",
            Self::Streams => "h2",
        }
    }

    /// As people read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "w1 1 KiB JSON POST, kept",
            Self::Medium => "w2 64 KiB JSON POST, kept",
            Self::Upload => "w3 10 MiB multipart upload",
            Self::Fresh => "w4 connection and TLS per POST",
            Self::Hybrid => "w4pq the same, ML-KEM offered",
            Self::Get => "w5 64 KiB GET, kept",
            Self::Streams => "h2 1 KiB JSON POST, HTTP/2",
        }
    }

    /// Units of cost in one request.
    pub(crate) fn units(self) -> f64 {
        if self == Self::Upload { UPLOAD_MIB as f64 } else { 1.0 }
    }

    /// So many different requests that no proxy sees the same twice in a row; of the large ones fewer.
    fn requests(self, port: u16) -> Vec<Vec<u8>> {
        let count = if matches!(self, Self::Upload | Self::Get) { 1 } else { 64 };
        (0..count).map(|n| self.request(port, n)).collect()
    }

    /// The whole request, as it stands on the wire.
    fn request(self, port: u16, n: u64) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Small | Self::Fresh | Self::Hybrid | Self::Streams => ("application/json", json(1 << 10, n)),
            Self::Medium => ("application/json", json(64 << 10, n)),
            Self::Upload => ("multipart/form-data; boundary=f0rm", form(UPLOAD_MIB << 20)),
            Self::Get => {
                let bytes = 64 << 10;
                return format!("GET /down/{bytes} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").into_bytes();
            }
        };
        post(port, kind, &body)
    }
}

/// What follows the head of a request.
fn body_of(request: &[u8]) -> Bytes {
    let head = request.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    Bytes::copy_from_slice(&request[head + 4..])
}

fn post(port: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /api HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// What an application says to its server all day: records with keys, words, counts and moments, nobody's data.
fn json(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(7 + seed);
    let (states, units) = (["mới", "đang xử lý", "hoàn thành", "chờ duyệt"], ["kho A", "kho B", "phòng kế hoạch"]);
    let mut text = String::from("[");
    while text.len() < bytes {
        let (id, state, unit) = (random.below(90_000) + 10_000, random.pick(&states), random.pick(&units));
        let (count, day) = (random.below(500), random.below(28) + 1);
        let comma = if text.len() > 1 { "," } else { "" };
        text += &format!(
            "{comma}{{\"id\":{id},\"state\":\"{state}\",\"unit\":\"{unit}\",\"count\":{count},\"at\":\"2026-11-{day:02}T08:15:00Z\",\"note\":\"hàng về đúng hẹn, đủ số lượng\"}}"
        );
    }
    text.push(']');
    text.into_bytes()
}

/// Sentences without a number.
pub(crate) fn text(bytes: usize) -> Vec<u8> {
    let sentence = "Kính gửi quý cơ quan, xin gửi kèm báo cáo tổng hợp của tháng, không có số liệu cá nhân.\n";
    sentence.bytes().cycle().take(bytes).collect()
}

/// A form with one file, a text. (Bytes of no kind would be refused: what cannot be read does not leave.)
fn form(bytes: usize) -> Vec<u8> {
    let head = "--f0rm\r\nContent-Disposition: form-data; name=\"file\"; filename=\"bao-cao.txt\"\r\nContent-Type: text/plain\r\n\r\n";
    [head.as_bytes(), &text(bytes), b"\r\n--f0rm--\r\n"].concat()
}

/// A connection of a client.
pub(crate) enum Connection {
    Http1(Box<Tls>),
    Http2(SendRequest<Bytes>),
}

/// Clients of one proxy.
pub(crate) struct Client<'a> {
    road: Road,
    /// Of clients that offer ML-KEM.
    hybrid: TlsConnector,
    origin: &'a Origin,
    proxy: &'a Proxy,
}

/// How a connection comes about.
#[derive(Clone)]
struct Road {
    connector: TlsConnector,
    proxy: SocketAddr,
    port: u16,
    connect: bool,
}

impl Road {
    async fn open(&self) -> Tls {
        self.open_speaking(&[]).await
    }

    async fn open_speaking(&self, alpn: &[&[u8]]) -> Tls {
        let mut stream = TcpStream::connect(self.proxy).await.unwrap();
        stream.set_nodelay(true).unwrap();
        if self.connect {
            let port = self.port;
            let head = format!("CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut answer, mut byte) = (Vec::new(), [0]);
            while !answer.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).await.unwrap();
                answer.push(byte[0]);
            }
            assert_eq!(answer.get(9..12), Some(&b"200"[..]), "{}", String::from_utf8_lossy(&answer));
        }
        let name = ServerName::try_from("localhost").unwrap();
        let connector = self.connector.with_alpn(alpn.iter().map(|alpn| alpn.to_vec()).collect());
        BufReader::with_capacity(16 << 10, connector.connect(name, stream).await.unwrap())
    }

    /// One exchange; returns the status.
    async fn exchange(stream: &mut Tls, request: &[u8]) -> u16 {
        stream.write_all(request).await.unwrap();
        stream.flush().await.unwrap();
        Self::answer(stream).await
    }

    async fn answer(stream: &mut Tls) -> u16 {
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            assert_ne!(stream.read_line(&mut line).await.unwrap(), 0, "the connection ended instead of an answer");
            if line == "\r\n" {
                break;
            }
            if status == 0 {
                status = line.split(' ').nth(1).unwrap().parse().unwrap();
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        while length > 0 {
            let used = stream.fill_buf().await.unwrap().len().min(length);
            assert_ne!(used, 0, "an answer cut short");
            stream.consume(used);
            length -= used;
        }
        status
    }
}

impl<'a> Client<'a> {
    /// Clients that trust what stands in the origin's place.
    pub(crate) fn new(proxy: &'a Proxy, origin: &'a Origin) -> Self {
        let road = Road {
            connector: connector(&proxy.ca, false),
            proxy: proxy.address,
            port: origin.address.port(),
            connect: proxy.kind.is_forward(),
        };
        Self { road, hybrid: connector(&proxy.ca, true), origin, proxy }
    }

    /// Makes so many connections.
    pub(crate) fn open(&self, work: Work, connections: usize) -> Vec<Connection> {
        self.origin.runtime().block_on(async {
            let mut opened = Vec::with_capacity(connections);
            for _ in 0..connections {
                opened.push(if work == Work::Streams {
                    let stream = self.road.open_speaking(&[streams::ALPN]).await;
                    assert_eq!(stream.get_ref().get_ref().1.alpn_protocol(), Some(streams::ALPN), "no HTTP/2");
                    Connection::Http2(streams::open(stream).await)
                } else {
                    Connection::Http1(Box::new(self.road.open().await))
                });
            }
            opened
        })
    }

    /// Does the work over these connections for so long; returns how many requests were answered, all with 200. Every
    /// request says something else than the one before.
    pub(crate) fn run(&self, work: Work, connections: &mut Vec<Connection>, time: Duration) -> u64 {
        let requests: Arc<[Vec<u8>]> = work.requests(self.origin.address.port()).into();
        self.origin.runtime().block_on(async {
            let until = Instant::now() + time;
            let bodies: Arc<[Bytes]> = requests.iter().map(|request| body_of(request)).collect();
            let mut road = self.road.clone();
            if work == Work::Hybrid {
                road.connector = self.hybrid.clone();
            }
            let work = |(n, connection): (usize, Connection)| {
                let (road, requests, bodies) = (road.clone(), Arc::clone(&requests), Arc::clone(&bodies));
                tokio::spawn(async move {
                    let mut stream = match connection {
                        Connection::Http1(stream) => stream,
                        Connection::Http2(sender) => {
                            return (streams::run(&sender, road.port, bodies, until).await, Connection::Http2(sender));
                        }
                    };
                    let mut done = 0;
                    let mut next = requests.iter().cycle().skip(n);
                    while Instant::now() < until {
                        if matches!(work, Work::Fresh | Work::Hybrid) {
                            *stream = road.open().await;
                        }
                        let request = next.next().unwrap();
                        assert_eq!(Road::exchange(&mut stream, request).await, 200, "a request failed");
                        done += 1;
                    }
                    (done, Connection::Http1(stream))
                })
            };
            let tasks: Vec<_> = connections.drain(..).enumerate().map(work).collect();
            let mut done = 0;
            for task in tasks {
                let (of_task, connection) = task.await.unwrap();
                done += of_task;
                connections.push(connection);
            }
            done
        })
    }

    /// The times of so many requests, one after the other over one connection.
    pub(crate) fn one_by_one(&self, work: Work, requests: usize) -> Vec<Duration> {
        let all = work.requests(self.origin.address.port());
        self.origin.runtime().block_on(async {
            let mut stream = self.road.open().await;
            let mut times = Vec::with_capacity(requests);
            for request in all.iter().cycle().take(requests) {
                let start = Instant::now();
                assert_eq!(Road::exchange(&mut stream, request).await, 200, "a request failed");
                times.push(start.elapsed());
            }
            times
        })
    }

    /// Connections that have each made one request and say nothing more.
    pub(crate) fn hold(&self, pairs: usize) -> Vec<impl Sized + use<>> {
        let request = post(self.origin.address.port(), "text/plain", b"ping");
        self.origin.runtime().block_on(async {
            let mut held = Vec::with_capacity(pairs);
            for _ in 0..pairs {
                let mut stream = self.road.open().await;
                assert_eq!(Road::exchange(&mut stream, &request).await, 200, "a request failed");
                held.push(stream);
            }
            held
        })
    }

    /// Sends one body of so many bytes; returns the most KiB the proxy held resident, looked at all along.
    pub(crate) fn upload(&self, bytes: u64) -> u64 {
        let chunk = text(64 << 10);
        self.origin.runtime().block_on(async {
            let mut stream = self.road.open().await;
            let port = self.origin.address.port();
            let head = format!("POST /big HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: text/plain\r\nContent-Length: {bytes}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut peak, mut left) = (0, bytes);
            while left > 0 {
                let piece = &chunk[..left.min(chunk.len() as u64) as usize];
                stream.write_all(piece).await.unwrap();
                left -= piece.len() as u64;
                if left.is_multiple_of(4 << 20) {
                    peak = peak.max(self.proxy.resident_kib());
                }
            }
            stream.flush().await.unwrap();
            assert_eq!(Road::answer(&mut stream).await, 200, "a request failed");
            peak.max(self.proxy.resident_kib())
        })
    }

    /// The status of one request with this text.
    pub(crate) fn post_once(&self, body: &[u8]) -> u16 {
        let request = post(self.origin.address.port(), "text/plain", body);
        self.origin.runtime().block_on(async { Road::exchange(&mut self.road.open().await, &request).await })
    }
}

/// Full handshakes every time: a client that comes back is not what is measured. Unless `hybrid`, it offers the groups
/// that all who stand between know, so that all do the same key exchange.
fn connector(ca: &Path, hybrid: bool) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups.retain(|group| hybrid || group.name() != rustls::NamedGroup::X25519MLKEM768);
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}
