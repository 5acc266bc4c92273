//! The clerk of the demo: sends uploads through the proxy and mail through the SMTP listener, as programs at a desk do.
//!
//! Small clients of the demo's own, so that it needs no curl. They trust the gateway's CA and nothing else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::outside::{field, read_chunked, read_exactly, read_head};

/// A clerk at a desk behind the gateway.
pub(crate) struct Clerk {
    pub(crate) web: SocketAddr,
    pub(crate) mail: SocketAddr,
    tls: TlsConnector,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status or SMTP reply code.
    pub(crate) code: u16,
    /// Body, or the text of the reply.
    pub(crate) text: String,
}

/// What an HTTP request carries.
pub(crate) struct Upload<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
}

impl Clerk {
    /// A clerk whose machine trusts the CA of this PEM file.
    pub(crate) fn new(web: SocketAddr, mail: SocketAddr, ca_pem: &[u8]) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for cert in CertificateDer::pem_slice_iter(ca_pem) {
            roots.add(cert.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { web, mail, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// POSTs over HTTPS: CONNECT, TLS inside, one request.
    pub(crate) async fn post(&self, upload: &Upload<'_>) -> io::Result<Answer> {
        let Upload { host, port, path, content_type, body } = upload;
        let mut proxy = BufReader::new(TcpStream::connect(self.web).await?);
        proxy.write_all(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").as_bytes()).await?;
        let head = read_head(&mut proxy).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if status(&head) != 200 {
            return Ok(Answer { code: status(&head), text: String::new() });
        }
        let name = ServerName::try_from((*host).to_owned()).map_err(io::Error::other)?;
        let mut tls = BufReader::new(self.tls.connect(name, proxy).await?);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: application/json\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        tls.write_all(head.as_bytes()).await?;
        tls.write_all(body).await?;
        tls.flush().await?;
        let head = read_head(&mut tls).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let body = if field(&head, "transfer-encoding").is_some() {
            read_chunked(&mut tls).await?
        } else {
            let len = field(&head, "content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
            read_exactly(&mut tls, len).await?
        };
        Ok(Answer { code: status(&head), text: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Sends a mail; answers with the reply to the first command that was refused, else to the mail itself.
    pub(crate) async fn mail(&self, from: &str, to: &str, mail: &str) -> io::Result<Answer> {
        let mut smtp = BufReader::new(TcpStream::connect(self.mail).await?);
        read_reply(&mut smtp).await?;
        let commands = [
            "EHLO desk.example.vn".to_owned(),
            format!("MAIL FROM:<{from}>"),
            format!("RCPT TO:<{to}>"),
            "DATA".to_owned(),
        ];
        for command in commands {
            smtp.write_all(format!("{command}\r\n").as_bytes()).await?;
            let answer = read_reply(&mut smtp).await?;
            if answer.code >= 400 {
                return Ok(answer);
            }
        }
        smtp.write_all(format!("{mail}\r\n.\r\n").as_bytes()).await?;
        let answer = read_reply(&mut smtp).await?;
        smtp.write_all(b"QUIT\r\n").await?;
        Ok(answer)
    }
}

fn status(head: &[String]) -> u16 {
    head.first().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// One reply, of several lines perhaps (RFC 5321 §4.2.1).
async fn read_reply(smtp: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let (mut text, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if smtp.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (code, rest) = line.trim_end().split_at_checked(3).unwrap_or(("", ""));
        text.push_str(rest.get(1..).unwrap_or_default());
        if !rest.starts_with('-') {
            return Ok(Answer { code: code.parse().map_err(io::Error::other)?, text });
        }
        text.push('\n');
    }
}
