//! What does the whole gateway cost? The real binary, a TLS origin and clients on loopback. Each figure stands beside
//! the same client talking to the origin directly in the same run; the origin checks that every body arrived whole, and
//! the refusals are counted. Memory is read from the gateway's own process.
//!
//! Questions: requests per second against a direct connection and CPU of the gateway per request (4 KiB clean bodies);
//! memory of an idle intercepted pair; resident memory while 1 GiB passes.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const CONNECTIONS: usize = 8;
const REQUESTS_PER_CONNECTION: usize = 400;
const BODY_BYTES: usize = 4 << 10;
const IDLE_PAIRS: usize = 200;
const UPLOAD_BYTES: u64 = 1 << 30;
const ROUNDS: usize = 3;

type Tls = BufReader<TlsStream<TcpStream>>;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// An origin that reads requests and answers with the number of body bytes it got.
async fn origin(dir: &Path, received: Arc<AtomicU64>) -> SocketAddr {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
    std::fs::write(dir.join("origin-ca.pem"), ca.pem()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut stream = BufReader::with_capacity(64 << 10, stream);
                while let Some(length) = read_head(&mut stream).await {
                    let mut left = length;
                    while left > 0 {
                        let buffered = stream.fill_buf().await.unwrap_or_default().len() as u64;
                        if buffered == 0 {
                            return;
                        }
                        let used = buffered.min(left);
                        stream.consume(used as usize);
                        left -= used;
                    }
                    received.fetch_add(length, Ordering::Relaxed);
                    if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                        return;
                    }
                    let _ = stream.flush().await;
                }
            });
        }
    });
    address
}

/// Reads a head and returns the Content-Length; `None` at the end.
async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<u64> {
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(length);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}

fn connector(ca: &Path) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Opens a TLS session to the origin, directly or through the gateway.
async fn open(connector: &TlsConnector, origin: SocketAddr, gateway: Option<SocketAddr>) -> Tls {
    let mut stream = TcpStream::connect(gateway.unwrap_or(origin)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    if gateway.is_some() {
        let port = origin.port();
        let head = format!("CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    let name = ServerName::try_from("localhost").unwrap();
    BufReader::new(connector.connect(name, stream).await.unwrap())
}

async fn post(stream: &mut Tls, port: u16, body: &[u8]) -> u16 {
    let head = format!(
        "POST /api HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    stream.flush().await.unwrap();
    read_answer(stream).await
}

async fn read_answer(stream: &mut Tls) -> u16 {
    let mut status = String::new();
    stream.read_line(&mut status).await.unwrap();
    let length = read_head(stream).await.unwrap();
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await.unwrap();
    status.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Requests per second over kept connections.
async fn load(connector: &TlsConnector, origin: SocketAddr, gateway: Option<SocketAddr>) -> f64 {
    let body: Arc<[u8]> = "Kính gửi quý cơ quan, xin gửi kèm báo cáo tháng. "
        .as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(BODY_BYTES)
        .collect();
    let mut sessions = Vec::new();
    for _ in 0..CONNECTIONS {
        sessions.push(open(connector, origin, gateway).await);
    }
    let start = Instant::now();
    let tasks: Vec<_> = sessions
        .into_iter()
        .map(|mut session| {
            let body = Arc::clone(&body);
            tokio::spawn(async move {
                for _ in 0..REQUESTS_PER_CONNECTION {
                    assert_eq!(post(&mut session, origin.port(), &body).await, 200);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (CONNECTIONS * REQUESTS_PER_CONNECTION) as f64 / start.elapsed().as_secs_f64()
}

struct Gateway {
    child: Child,
    web: SocketAddr,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn start_gateway(dir: &Path, origin: SocketAddr) -> Gateway {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let web = free.local_addr().unwrap();
    drop(free);
    let settings = format!(
        "[data]\ndir = \"data\"\n[web]\nlisten = [\"{web}\"]\nallow_targets = [\"localhost:{}\"]\n[tls]\nextra_roots = [\"origin-ca.pem\"]\n[audit]\nfree_bytes_stop = 0\n",
        origin.port()
    );
    std::fs::write(dir.join("chot.toml"), settings).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_chot"))
        .args(["run", "--config"])
        .arg(dir.join("chot.toml"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let gateway = Gateway { child, web };
    for _ in 0..300 {
        if TcpStream::connect(web).await.is_ok() {
            return gateway;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the gateway did not start");
}

fn median_of(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn run() {
    let dir = tempfile::tempdir().unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let origin = origin(dir.path(), Arc::clone(&received)).await;
    let gateway = start_gateway(dir.path(), origin).await;
    let pid = gateway.child.id().to_string();
    let direct = connector(&dir.path().join("origin-ca.pem"));
    let through = connector(&dir.path().join("data/ca.pem"));

    let (mut direct_rates, mut rates, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        direct_rates.push(load(&direct, origin, None).await);
        let before = chot_benches::process_cpu_time(&pid);
        rates.push(load(&through, origin, Some(gateway.web)).await);
        let spent = chot_benches::process_cpu_time(&pid) - before;
        costs.push(spent.as_secs_f64() * 1e6 / (CONNECTIONS * REQUESTS_PER_CONNECTION) as f64);
    }
    let bodies = 2 * ROUNDS * CONNECTIONS * REQUESTS_PER_CONNECTION;
    assert_eq!(received.load(Ordering::Relaxed), (bodies * BODY_BYTES) as u64, "a body was lost or changed in length");
    let (direct_rate, rate) = (median_of(direct_rates), median_of(rates));
    println!("4 KiB POST over TLS, {CONNECTIONS} kept connections, median of {ROUNDS}:");
    println!("  direct {direct_rate:.0}/s, through chot {rate:.0}/s, ratio {:.2}", rate / direct_rate);
    println!("  CPU of chot per request: {:.0} µs", median_of(costs));

    let mut blocked = open(&through, origin, Some(gateway.web)).await;
    assert_eq!(post(&mut blocked, origin.port(), "số CCCD 001090123456".as_bytes()).await, 403);

    let before = chot_benches::status_kib(&pid, "VmRSS");
    let mut idle = Vec::new();
    for _ in 0..IDLE_PAIRS {
        let mut session = open(&through, origin, Some(gateway.web)).await;
        assert_eq!(post(&mut session, origin.port(), b"ping").await, 200);
        idle.push(session);
    }
    let grown = chot_benches::status_kib(&pid, "VmRSS") - before;
    println!(
        "idle intercepted pair: {:.0} KiB resident ({IDLE_PAIRS} pairs, {grown} KiB in all)",
        grown as f64 / IDLE_PAIRS as f64
    );
    drop(idle);

    received.store(0, Ordering::Relaxed);
    let mut session = open(&through, origin, Some(gateway.web)).await;
    let head =
        format!("POST /big HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n", origin.port());
    session.write_all(head.as_bytes()).await.unwrap();
    let chunk: Vec<u8> = "báo cáo tổng hợp không có số liệu cá nhân nào cả\n"
        .as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(64 << 10)
        .collect();
    let start = Instant::now();
    for _ in 0..UPLOAD_BYTES / chunk.len() as u64 {
        session.write_all(&chunk).await.unwrap();
    }
    session.flush().await.unwrap();
    assert_eq!(read_answer(&mut session).await, 200);
    assert_eq!(received.load(Ordering::Relaxed), UPLOAD_BYTES);
    println!(
        "1 GiB upload: {:.0} MB/s, peak resident {} MiB",
        UPLOAD_BYTES as f64 / 1e6 / start.elapsed().as_secs_f64(),
        chot_benches::status_kib(&pid, "VmHWM") >> 10
    );
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(run());
}
