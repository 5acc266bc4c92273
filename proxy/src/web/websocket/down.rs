//! From the server to the client, frame by frame, so that one of ours finds a place between two. What it says is not
//! looked into.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BytesMut};
use tokio::io::WriteHalf;

use super::End;
use super::frame::{CONTROL_BYTES_MAX, Head, Malformed, Opcode, Sender, small};
use super::pings::Pings;
use super::wire::{Io, Reader, put};

/// Relays until one end stops. Holds `to` from the first byte of a frame to its last.
pub(super) async fn down(
    mut from: Reader,
    to: Arc<tokio::sync::Mutex<WriteHalf<Io>>>,
    pings: Arc<Mutex<Pings>>,
) -> End {
    loop {
        let (head, len) = match Head::read(&from.bytes, Sender::Server) {
            Ok(Some(read)) => read,
            Ok(None) if from.more().await => continue,
            Ok(None) => return End::Gone,
            Err(Malformed) => return End::Ours(1002, "the server sent what no WebSocket sends".to_owned()),
        };
        from.bytes.advance(len);
        let mut to = to.lock().await;
        let is_through = match head.opcode {
            Opcode::Ping | Opcode::Pong => match control(&mut from, head).await {
                None => false,
                Some(payload) => {
                    let payload = {
                        let mut pings = pings.lock().unwrap_or_else(PoisonError::into_inner);
                        if head.opcode == Opcode::Pong {
                            pings.answered(payload)
                        } else {
                            pings.hear(&payload);
                            payload
                        }
                    };
                    put(&mut to, &small(head.opcode, None, &payload)).await
                }
            },
            _ => frame(&mut from, &mut to, head).await,
        };
        if !is_through {
            return End::Gone;
        }
    }
}

/// Relays a frame as its payload comes.
async fn frame(from: &mut Reader, to: &mut WriteHalf<Io>, head: Head) -> bool {
    let mut written = BytesMut::new();
    head.write(&mut written);
    let mut left = head.len;
    loop {
        let n = from.bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= n as u64;
        written.unsplit(from.bytes.split_to(n));
        if !put(to, &written).await {
            return false;
        }
        written.clear();
        if left == 0 {
            return true;
        }
        if !from.more().await {
            return false;
        }
    }
}

async fn control(from: &mut Reader, head: Head) -> Option<Vec<u8>> {
    let len = usize::try_from(head.len).ok().filter(|len| *len <= CONTROL_BYTES_MAX)?;
    while from.bytes.len() < len {
        if !from.more().await {
            return None;
        }
    }
    Some(from.bytes.split_to(len).to_vec())
}
