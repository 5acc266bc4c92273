//! Both sides with a peer whose words are known beforehand, for whoever throws any bytes at them.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use chot_model::{Clock, Timestamp};
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::head::read_request;
use super::line::Slot;
use super::server::{Next, Shared, serve};
use crate::drain::Drain;
use crate::web::body::{Arriving, Reply};
use crate::web::head::{clean_response, remove_hop_by_hop};
use crate::web::places::Crowd;
use crate::web::upstream::frame;

const PATIENCE: Duration = Duration::from_secs(1);

/// A peer.
#[derive(Default)]
struct Peer {
    says: Bytes,
    /// Most bytes that it says at once.
    size: usize,
    /// It says nothing before it was spoken to.
    waits: bool,
    heard: Heard,
}

type Heard = Arc<Mutex<Vec<u8>>>;

fn taken(heard: &Heard) -> Vec<u8> {
    std::mem::take(&mut heard.lock().unwrap_or_else(PoisonError::into_inner))
}

impl AsyncRead for Peer {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.waits {
            return Poll::Pending;
        }
        let n = self.says.len().min(self.size).min(buf.remaining());
        buf.put_slice(self.says.get(..n).unwrap_or_default());
        self.says.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.waits = false;
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Debug)]
struct Always;

impl Clock for Always {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_us(1_790_000_000_000_000)
    }
}

fn run<R>(future: impl Future<Output = R>) -> Option<R> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    Some(runtime.block_on(future))
}

/// What a client gets of what a server says to it, `size` bytes at once, and whether it is all there; `None` where it is
/// no answer.
pub(in crate::web) fn answer(says: &[u8], size: usize, method: &Method) -> Option<(Vec<u8>, bool)> {
    let asked = Bytes::from(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let (request, spelled) = read_request(&asked)?;
    let (head, ()) = request.into_parts();
    run(async {
        let server = Peer { says: Bytes::copy_from_slice(says), size, waits: true, heard: Heard::default() };
        let slot = Slot::holding(Box::new(server));
        let line = slot.take()?;
        let mut response = line.ask(&head, &spelled, Arc::new(Vec::new()), slot, PATIENCE).await.ok()?;
        clean_response(response.headers_mut());
        let client = Peer::default();
        let heard = Arc::clone(&client.heard);
        let (client, to_head) = (Shared::new(Box::new(client)), *method == Method::HEAD);
        let is_whole = client.reply(response.map(Reply::Plain), to_head, true, &Always).await.is_ok();
        Some((taken(&heard), is_whole))
    })?
}

/// What servers get of what a client says, `size` bytes at once: request by request; and what is left to be read by
/// others, or is in a tunnel.
pub(in crate::web) fn requests(says: &[u8], size: usize) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let all: Mutex<Vec<Vec<u8>>> = Mutex::default();
    let answer = |request: Request<Arriving>, _| async {
        let passed = pass(request).await;
        all.lock().unwrap_or_else(PoisonError::into_inner).extend(passed);
        Response::new(Reply::Own(None))
    };
    let left = run(async {
        let client = Peer { says: Bytes::copy_from_slice(says), size, ..Peer::default() };
        let (_drain, session) = Drain::new();
        let mut left = Vec::new();
        match serve(Box::new(client), session, &Always, Crowd::default(), &answer, |_| ()).await {
            None => {}
            Some(Next::Other(mut rest)) => {
                rest.read_to_end(&mut left).await.ok()?;
            }
            Some(Next::Tunnel(mut rest, ahead)) => {
                left.extend_from_slice(&ahead);
                rest.read_to_end(&mut left).await.ok()?;
            }
        }
        Some(left)
    })??;
    Some((all.into_inner().unwrap_or_else(PoisonError::into_inner), left))
}

/// Sends a request on as it is sent once it is cleared. A tunnel is granted here.
async fn pass(request: Request<Arriving>) -> Option<Vec<u8>> {
    if request.method() == Method::CONNECT {
        return None;
    }
    let (mut head, mut body) = request.into_parts();
    let spelled = body.take_spelled()?;
    let body = body.collect().await.ok()?.to_bytes();
    remove_hop_by_hop(&mut head.headers);
    let had_body = head.headers.contains_key(CONTENT_LENGTH);
    frame(&mut head, body.len() as u64, None, had_body);
    let server = Peer { says: Bytes::from_static(b"HTTP/1.1 204 \r\n\r\n"), size: 100, waits: true, ..Peer::default() };
    let heard = Arc::clone(&server.heard);
    let slot = Slot::holding(Box::new(server));
    slot.take()?.ask(&head, &spelled, Arc::new(body.to_vec()), slot, PATIENCE).await.ok()?;
    Some(taken(&heard))
}
