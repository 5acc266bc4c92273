//! The outside world of the demo: an HTTPS host and an SMTP relay that take whatever comes and remember it.
//!
//! They run in this process on loopback, with a CA of their own that only the demo's gateway trusts. They are no
//! servers for anything else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Largest body or mail a stand-in takes.
const BYTES_MAX: usize = 64 << 20;

/// What a stand-in received, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox(Arc<Mutex<Vec<Received>>>);

/// One request or mail that reached the outside.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// `POST chat.zalo.me/api/…`, or the recipients.
    pub(crate) to: String,
    /// Body, or the mail as transmitted.
    pub(crate) body: Vec<u8>,
}

impl Inbox {
    fn put(&self, to: String, body: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Received { to, body });
    }

    /// Takes everything received since the last call.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The CA that the outside hosts use.
pub(crate) struct OutsideCa(CertifiedIssuer<'static, KeyPair>);

impl OutsideCa {
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "chot demo outside CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `names`, and its key.
    pub(crate) fn issue(&self, names: &[&str]) -> io::Result<(Certificate, KeyPair)> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).map_err(io::Error::other)?;
        let cert = params.signed_by(&key, &self.0).map_err(io::Error::other)?;
        Ok((cert, key))
    }

    fn server(&self, names: &[&str]) -> io::Result<ServerConfig> {
        let (cert, key) = self.issue(names)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key));
        config.map_err(io::Error::other)
    }
}

/// Starts an HTTPS host that answers for `names`.
pub(crate) async fn https(names: &[&str], ca: &OutsideCa) -> io::Result<(SocketAddr, Inbox)> {
    let acceptor = TlsAcceptor::from(Arc::new(ca.server(names)?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let (address, inbox) = (listener.local_addr()?, Inbox::default());
    let all = inbox.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, inbox) = (acceptor.clone(), all.clone());
            // A client that breaks off is of no interest here.
            tokio::spawn(async move { answer_http(acceptor.accept(stream).await?, &inbox).await });
        }
    });
    Ok((address, inbox))
}

/// Takes requests until the client closes.
pub(crate) async fn answer_http(stream: impl AsyncRead + AsyncWrite + Unpin, inbox: &Inbox) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream).await? {
        let target = head.first().map(String::as_str).unwrap_or_default().rsplit_once(' ').map_or("", |(t, _)| t);
        let to = target.replacen(' ', &format!(" {}", field(&head, "host").unwrap_or_default()), 1);
        let body = if field(&head, "transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
            read_chunked(&mut stream).await?
        } else {
            let len = field(&head, "content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
            read_exactly(&mut stream, len).await?
        };
        inbox.put(to, body);
        let said = r#"{"error_code":0}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{said}",
            said.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The lines of a request or response head; `None` at the end of the connection.
pub(crate) async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<Vec<String>>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        match line.trim_end() {
            "" => return Ok(Some(head)),
            line if head.len() < 200 => head.push(line.to_owned()),
            _ => return Err(io::Error::other("too many header lines")),
        }
    }
}

/// The value of a header field.
pub(crate) fn field<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    let fields = head.iter().skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

pub(crate) async fn read_exactly(stream: &mut (impl AsyncRead + Unpin), len: usize) -> io::Result<Vec<u8>> {
    if len > BYTES_MAX {
        return Err(io::Error::other("body too large"));
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// A chunked body (RFC 9112 §7.1), trailers thrown away.
pub(crate) async fn read_chunked(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let size = line.trim_end().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            read_head(stream).await?;
            return Ok(body);
        }
        if body.len() + size > BYTES_MAX {
            return Err(io::Error::other("body too large"));
        }
        body.extend(read_exactly(stream, size).await?);
        stream.read_line(&mut line).await?;
    }
}

/// Starts an SMTP relay that takes every mail.
pub(crate) async fn smtp() -> io::Result<(SocketAddr, Inbox)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let (address, inbox) = (listener.local_addr()?, Inbox::default());
    let all = inbox.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let inbox = all.clone();
            tokio::spawn(async move { answer_smtp(stream, &inbox).await });
        }
    });
    Ok((address, inbox))
}

async fn answer_smtp(stream: impl AsyncRead + AsyncWrite + Unpin, inbox: &Inbox) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay.example.vn ESMTP\r\n").await?;
    let (mut recipients, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => {
                b"250-relay.example.vn\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 67108864\r\n"
            }
            "RCPT" => {
                let address = command.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(address.to_owned());
                b"250 2.1.5 OK\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await?;
                let mail = read_mail(&mut stream).await?;
                inbox.put(std::mem::take(&mut recipients).join(", "), mail);
                b"250 2.0.0 taken\r\n"
            }
            "MAIL" | "RSET" | "HELO" => {
                recipients.clear();
                b"250 2.0.0 OK\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 2.0.0 bye\r\n").await?;
                return stream.shutdown().await;
            }
            "NOOP" => b"250 2.0.0 OK\r\n",
            _ => b"502 5.5.1 no\r\n",
        };
        stream.write_all(reply).await?;
    }
}

/// The lines up to the lone dot, dot-stuffing removed.
async fn read_mail(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let (mut mail, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(mail);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        if mail.len() > BYTES_MAX {
            return Err(io::Error::other("mail too large"));
        }
    }
}
