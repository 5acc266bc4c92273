//! HTTP/2: clients whose connections carry several requests at once, and the origin's end of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use h2::server::SendResponse;
use http::{Method, Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};

/// The protocol's name in a TLS handshake.
pub(crate) const ALPN: &[u8] = b"h2";
/// Requests of a client under way on one connection.
const STREAMS: usize = 4;

/// Begins a connection of a client.
pub(crate) async fn open(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends these bodies again and again until then; returns how many were answered, all with 200.
pub(crate) async fn run(sender: &SendRequest<Bytes>, port: u16, bodies: Arc<[Bytes]>, until: Instant) -> u64 {
    let tasks: Vec<_> = (0..STREAMS)
        .map(|n| {
            let (sender, bodies) = (sender.clone(), Arc::clone(&bodies));
            tokio::spawn(async move {
                let (mut sender, mut done) = (sender, 0);
                for body in bodies.iter().cycle().skip(n) {
                    if Instant::now() >= until {
                        break;
                    }
                    sender = sender.ready().await.unwrap();
                    assert_eq!(post(&mut sender, port, body.clone()).await, StatusCode::OK, "a request failed");
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
}

async fn post(sender: &mut SendRequest<Bytes>, port: u16, body: Bytes) -> StatusCode {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("https://localhost:{port}/api"))
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(())
        .unwrap();
    let (answer, mut sending) = sender.send_request(request, false).unwrap();
    sending.send_data(body, true).unwrap();
    let answer = answer.await.unwrap();
    let status = answer.status();
    take(answer.into_body()).await;
    status
}

/// Reads a body to its end; returns its length.
async fn take(mut body: RecvStream) -> u64 {
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        length += data.len() as u64;
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    length
}

/// Serves a connection of the origin.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, received: Arc<AtomicU64>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, answer))) = connection.accept().await {
        tokio::spawn(answer_one(request, answer, Arc::clone(&received)));
    }
}

async fn answer_one(request: Request<RecvStream>, mut answer: SendResponse<Bytes>, received: Arc<AtomicU64>) {
    received.fetch_add(take(request.into_body()).await, Ordering::Relaxed);
    let head = Response::builder().header("content-length", 2).body(()).unwrap();
    // A client that went away is no fault of the origin's.
    if let Ok(mut sending) = answer.send_response(head, false) {
        let _ = sending.send_data(Bytes::from_static(b"ok"), true);
    }
}
