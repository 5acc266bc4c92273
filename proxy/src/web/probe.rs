//! The readers of clients' bytes by themselves, for whoever throws any bytes at them. Nothing is sent anywhere.

use bytes::BytesMut;
use http::Method;

use super::framing::Framing;
use super::plain;
use super::websocket::messages_of;

/// What passes of requests that come `size` bytes at a time, and whether nothing more may.
pub fn requests(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
    let (mut framing, mut passed, mut held) = (Framing::new(), Vec::new(), Vec::new());
    for piece in bytes.chunks(size) {
        held.extend_from_slice(piece);
        loop {
            match framing.scan(&held) {
                Ok(0) => break,
                Ok(n) => passed.extend(held.drain(..n)),
                Err(_) => return (passed, true),
            }
        }
    }
    (passed, false)
}

/// The whole messages that a client says on a WebSocket when its bytes come `size` at a time, and whether it may say no
/// more.
pub fn websocket(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    messages_of(bytes.chunks(size).map(BytesMut::from))
}

/// What a client gets of the answer to its GET, or HEAD, when the server's bytes come `size` at a time, and whether it is
/// all there; `None` where it is no answer.
pub fn answer(bytes: &[u8], size: usize, to_head: bool) -> Option<(Vec<u8>, bool)> {
    plain::probe::answer(bytes, size, if to_head { &Method::HEAD } else { &Method::GET })
}

/// The plain requests that go on to servers, one by one, when a client's bytes come `size` at a time, and what of them is
/// left for hyper, or in a tunnel.
pub fn plain_requests(bytes: &[u8], size: usize) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    plain::probe::requests(bytes, size)
}
