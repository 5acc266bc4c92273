//! A client that says exact bytes, and the replies it hears.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;
use crate::mail::wire::Io;

/// A reply as it came: all lines, CR LF included.
#[derive(Debug)]
pub(crate) struct Said(pub(in crate::mail::tests) String);

impl Said {
    pub(crate) fn code(&self) -> &str {
        self.0.get(..3).unwrap_or_default()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

/// A client that says exact bytes.
pub(crate) struct Client {
    pub(crate) io: Option<Box<dyn Io>>,
    read: Vec<u8>,
}

impl Client {
    /// One that is connected and has heard nothing yet.
    pub(crate) async fn to(address: std::net::SocketAddr) -> Self {
        let tcp = TcpStream::connect(address).await.expect("connected");
        tcp.set_nodelay(true).expect("no delay");
        Self { io: Some(Box::new(tcp)), read: Vec::new() }
    }

    fn io(&mut self) -> &mut Box<dyn Io> {
        self.io.as_mut().expect("connected")
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref().to_vec();
        let io = self.io();
        timeout(PATIENCE, async {
            io.write_all(&bytes).await?;
            io.flush().await
        })
        .await
        .expect("taken")
        .expect("sent");
    }

    pub(crate) async fn ask(&mut self, command: &str) -> Said {
        self.send(format!("{command}\r\n")).await;
        self.reply().await
    }

    pub(crate) async fn reply(&mut self) -> Said {
        self.try_reply().await.expect("a reply")
    }

    /// `None` when the connection is closed instead.
    pub(crate) async fn try_reply(&mut self) -> Option<Said> {
        loop {
            let mut end = 0;
            for line in self.read.split_inclusive(|b| *b == b'\n') {
                if !line.ends_with(b"\r\n") {
                    break;
                }
                end += line.len();
                if line.get(3) == Some(&b' ') {
                    let said = self.read.drain(..end).collect();
                    return Some(Said(String::from_utf8(said).expect("text")));
                }
            }
            let mut chunk = [0; 4_096];
            let n = timeout(PATIENCE, self.io().read(&mut chunk)).await.expect("an answer").unwrap_or(0);
            if n == 0 {
                assert!(self.read.is_empty(), "half a reply");
                return None;
            }
            self.read.extend_from_slice(&chunk[..n]);
        }
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        self.try_reply().await.is_none()
    }

    /// MAIL and RCPT, accepted.
    pub(crate) async fn envelope(&mut self, to: &str) {
        assert_eq!(self.ask("MAIL FROM:<an.nguyen@x.inside.example>").await.code(), "250");
        assert_eq!(self.ask(&format!("RCPT TO:<{to}>")).await.code(), "250");
    }

    /// A whole transaction; the reply to the mail.
    pub(crate) async fn mail(&mut self, to: &str, wire: &str) -> Said {
        self.envelope(to).await;
        assert_eq!(self.ask("DATA").await.code(), "354");
        self.send(wire).await;
        self.reply().await
    }

    pub(crate) async fn hang_up(&mut self) {
        self.io = None;
    }

    pub(crate) async fn half_close(&mut self) {
        self.io().shutdown().await.expect("shut down");
    }
}
