//! The first bytes a client sends inside a tunnel or a redirected connection: TLS with what its hello asks for, HTTP, or
//! something else.
//!
//! They are read and kept, never answered.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::connect::{Spoken, spoken};
use crate::client_hello::{Hello, Reader, WIRE_BYTES_MAX};

/// Time for the first bytes, and for a whole ClientHello. Browsers send theirs at once.
const FIRST_BYTES_SECONDS: u64 = 15;

/// Room for them, enough for nearly every ClientHello: one read and not one for each doubling of a small buffer.
const READ_BYTES: usize = 4 << 10;

/// What a client began with.
#[derive(Debug)]
pub(super) enum First {
    /// TLS. Without a hello, what came is none, and the handshake will say so.
    Tls(Option<Hello>),
    /// A request.
    Http,
    /// Another protocol.
    Other,
    /// Nothing yet: the server is to speak first.
    Silent,
}

/// Reads until it is clear what the client speaks; what was read is added to `first`. `None`: it went away.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), first: &mut BytesMut) -> Option<First> {
    let reading = async {
        let mut hello = Reader::default();
        loop {
            match spoken(first) {
                Some(Spoken::Http) => return Some(First::Http),
                Some(Spoken::Other) => return Some(First::Other),
                Some(Spoken::Tls) => match hello.read(first) {
                    Ok(None) if first.len() < WIRE_BYTES_MAX => {}
                    Ok(hello) => return Some(First::Tls(hello)),
                    Err(_) => return Some(First::Tls(None)),
                },
                None => {}
            }
            first.reserve(READ_BYTES);
            if !matches!(stream.read_buf(first).await, Ok(1..)) {
                return None;
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(FIRST_BYTES_SECONDS), reading).await {
        Ok(words) => words,
        // Half a hello is no reason to join anybody with anything.
        Err(_) if spoken(first) == Some(Spoken::Tls) => Some(First::Tls(None)),
        Err(_) => Some(First::Silent),
    }
}
