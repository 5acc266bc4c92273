//! The origin: reads requests, counts what it got, answers. `GET /down/N` answers with N bytes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A TLS server of this process, for `localhost`.
pub(crate) struct Origin {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its CA.
    pub(crate) ca: PathBuf,
    /// Its certificate and key, for a peer that stands in its place.
    pub(crate) leaf: (PathBuf, PathBuf),
    received: Arc<AtomicU64>,
    runtime: tokio::runtime::Runtime,
}

impl Origin {
    /// Starts one; its certificates are written to `dir`.
    pub(crate) fn start(dir: &Path) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "bench origin CA");
        let ca = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "localhost");
        let leaf = params.signed_by(&key, &ca).unwrap();
        let file = |name: &str, text: String| {
            let path = dir.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let ca = file("origin-ca.pem", ca.pem());
        let files = (file("origin.pem", leaf.pem()), file("origin.key", key.serialize_pem()));

        let mut config = rustls::ServerConfig::builder_with_provider(super::load::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = vec![super::streams::ALPN.to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
        runtime.spawn(serve(listener, acceptor, Arc::clone(&received)));
        Self { address, ca, leaf: files, received, runtime }
    }

    /// Bytes of bodies so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The thread it runs on serves the clients too: both are on the core that is not measured.
    pub(crate) fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, received: Arc<AtomicU64>) {
    let page: Arc<[u8]> = super::load::text(256 << 10).into();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (acceptor, received, page) = (acceptor.clone(), Arc::clone(&received), Arc::clone(&page));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(super::streams::ALPN) {
                return super::streams::serve(stream, received).await;
            }
            let mut stream = BufReader::with_capacity(16 << 10, stream);
            while let Some(head) = Head::read(&mut stream).await {
                if !take(&mut stream, head.length, &received).await {
                    return;
                }
                let body = page.get(..head.down).unwrap_or_default();
                let answer =
                    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
                let whole = [answer.as_bytes(), body].concat();
                if stream.write_all(&whole).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        });
    }
}

/// What the origin asks a head.
struct Head {
    length: Option<u64>,
    down: usize,
}

impl Head {
    async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Self> {
        let (mut head, mut line) = (Self { length: Some(0), down: 2 }, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                return Some(head);
            }
            if let Some((_, bytes)) = line.split_once("GET /down/") {
                head.down = bytes.split(' ').next()?.parse().ok()?;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                head.length = Some(value.trim().parse().ok()?);
            } else if lower.starts_with("transfer-encoding:") {
                head.length = None;
            }
        }
    }
}

/// Reads a body to its end, counted or in chunks.
async fn take(stream: &mut (impl AsyncBufReadExt + Unpin), length: Option<u64>, received: &AtomicU64) -> bool {
    let Some(length) = length else {
        let mut line = String::new();
        loop {
            line.clear();
            let Ok(1..) = stream.read_line(&mut line).await else { return false };
            let Ok(size) = u64::from_str_radix(line.trim(), 16) else { return false };
            if !discard(stream, size).await {
                return false;
            }
            received.fetch_add(size, Ordering::Relaxed);
            line.clear();
            if stream.read_line(&mut line).await.is_err() {
                return false;
            }
            if size == 0 {
                return true;
            }
        }
    };
    let is_whole = discard(stream, length).await;
    received.fetch_add(length, Ordering::Relaxed);
    is_whole
}

async fn discard(stream: &mut (impl AsyncBufReadExt + Unpin), mut left: u64) -> bool {
    while left > 0 {
        let buffered = stream.fill_buf().await.unwrap_or_default().len() as u64;
        if buffered == 0 {
            return false;
        }
        let used = buffered.min(left);
        stream.consume(used as usize);
        left -= used;
    }
    true
}
