//! The clients: plain sockets and rustls, so that they cost the same whatever stands between.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chot_benches::Random;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::origin::Origin;
use super::proxies::Proxy;

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
    /// An answer of 64 KiB.
    Get,
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
            Self::Get => "w5",
        }
    }

    /// As people read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "w1 1 KiB JSON POST, kept",
            Self::Medium => "w2 64 KiB JSON POST, kept",
            Self::Upload => "w3 10 MiB multipart upload",
            Self::Fresh => "w4 connection and TLS per POST",
            Self::Get => "w5 64 KiB GET, kept",
        }
    }

    /// Units of cost in one request.
    pub(crate) fn units(self) -> f64 {
        if self == Self::Upload { UPLOAD_MIB as f64 } else { 1.0 }
    }

    /// The whole request, as it stands on the wire.
    fn request(self, port: u16) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Small | Self::Fresh => ("application/json", json(1 << 10)),
            Self::Medium => ("application/json", json(64 << 10)),
            Self::Upload => ("multipart/form-data; boundary=f0rm", form(UPLOAD_MIB << 20)),
            Self::Get => {
                let bytes = 64 << 10;
                return format!("GET /down/{bytes} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").into_bytes();
            }
        };
        post(port, kind, &body)
    }
}

fn post(port: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /api HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// What an application says to its server all day: records with keys, words, counts and moments, nobody's data.
fn json(bytes: usize) -> Vec<u8> {
    let mut random = Random(7);
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

/// Clients of one proxy.
pub(crate) struct Client<'a> {
    road: Road,
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
        BufReader::with_capacity(16 << 10, self.connector.connect(name, stream).await.unwrap())
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
            connector: connector(&proxy.ca),
            proxy: proxy.address,
            port: origin.address.port(),
            connect: proxy.kind.is_forward(),
        };
        Self { road, origin, proxy }
    }

    /// Does the work over so many connections for so long; returns how many requests were answered, all with 200.
    pub(crate) fn run(&self, work: Work, connections: usize, time: Duration) -> u64 {
        let request: Arc<[u8]> = work.request(self.origin.address.port()).into();
        self.origin.runtime().block_on(async {
            let until = Instant::now() + time;
            let tasks: Vec<_> = (0..connections)
                .map(|_| {
                    let (road, request) = (self.road.clone(), Arc::clone(&request));
                    tokio::spawn(async move {
                        let (mut done, mut stream) = (0, road.open().await);
                        while Instant::now() < until {
                            if work == Work::Fresh && done > 0 {
                                stream = road.open().await;
                            }
                            assert_eq!(Road::exchange(&mut stream, &request).await, 200, "a request failed");
                            done += 1;
                        }
                        done
                    })
                })
                .collect();
            let mut done = 0;
            for task in tasks {
                done += task.await.unwrap();
            }
            done
        })
    }

    /// The times of so many requests, one after the other over one connection.
    pub(crate) fn one_by_one(&self, work: Work, requests: usize) -> Vec<Duration> {
        let request = work.request(self.origin.address.port());
        self.origin.runtime().block_on(async {
            let mut stream = self.road.open().await;
            let mut times = Vec::with_capacity(requests);
            for _ in 0..requests {
                let start = Instant::now();
                assert_eq!(Road::exchange(&mut stream, &request).await, 200, "a request failed");
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

/// Full handshakes every time: a client that comes back is not what is measured.
fn connector(ca: &Path) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}
