//! Hands a cleared mail to the next hop and says truthfully what became of it.
//!
//! The sending half of the channel: it takes [`Cleared`] and nothing else. A 250 is only ever the next hop's own. It
//! does not try again: the client still has the mail, and will. After the final dot a second try could deliver twice.

use std::io;
use std::sync::Arc;

use chot_audit::Outcome;
use chot_inspect::Source;

use super::data::DataWriter;
use super::downstream::{Broken, Downstream};
use super::reply::{OneLine, Reply};
use super::wire::Wire;
use crate::gate::{Cleared, Open};

/// Content read and written at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The next hop failed before or after the dot; the client keeps the mail.
pub(super) const LOST: OneLine = Reply::line(451, "4.4.2 The next mail server was lost, try again later");
/// The next hop said what no server says there.
pub(super) const GARBLED: OneLine = Reply::line(451, "4.3.0 The next mail server answered wrongly, try again later");
/// The gateway itself failed.
pub(super) const FAILED: OneLine = Reply::line(451, "4.3.0 The message could not be checked, try again later");

/// Sends the mail, records how it ended, and gives the reply for the client.
pub(super) async fn commit(client: &mut Wire, downstream: &mut Downstream, trace: &str, cleared: Cleared) -> Reply {
    let (content, _told, open) = cleared.into_parts();
    // The client will send it again, so sending it now would deliver it twice (RFC 1047).
    if is_client_gone(client).await {
        open.close(Outcome::Aborted, "client gone before the mail was sent");
        downstream.reset().await;
        return LOST.into();
    }
    match downstream.start_data().await {
        Ok(reply) if reply.code == 354 => {}
        Ok(reply) if reply.is_refusal() => {
            open.close(Outcome::Refused, &format!("the next hop refused DATA with {}", reply.code));
            downstream.reset().await;
            return reply;
        }
        Ok(reply) => {
            open.close(Outcome::Failed, &format!("the next hop answered DATA with {}", reply.code));
            downstream.give_up();
            return GARBLED.into();
        }
        Err(broken) => return fail(open, downstream, broken),
    }
    match send(client, downstream, trace, content).await {
        Ok(()) => {}
        Err(NotSent::NextHop(broken)) => return fail(open, downstream, broken),
        Err(NotSent::Held) => {
            open.close(Outcome::Failed, "the held mail could not be read");
            downstream.give_up();
            return FAILED.into();
        }
        Err(NotSent::Answered(reply)) if reply.is_refusal() => {
            open.close(Outcome::Refused, &format!("the next hop refused the mail early with {}", reply.code));
            downstream.give_up();
            return reply;
        }
        Err(NotSent::Answered(_)) => return fail(open, downstream, Broken::Garbage),
        Err(NotSent::ClientGone) => {
            open.close(Outcome::Aborted, "client gone before the final dot was sent");
            downstream.give_up();
            return LOST.into();
        }
    }
    // The dot is out. From here on only the next hop knows whether it has the mail.
    match downstream.end_data().await {
        Ok(reply) if reply.is_success() => {
            let is_gone = is_client_gone(client).await;
            let whether_told = if is_gone { ", client gone" } else { "" };
            open.close(Outcome::Delivered, &format!("{}{whether_told}", reply.code));
            reply
        }
        Ok(reply) if reply.is_refusal() => {
            open.close(Outcome::Refused, &format!("the next hop refused the mail with {}", reply.code));
            reply
        }
        Ok(reply) => {
            open.close(Outcome::InDoubt, &format!("the next hop answered the mail with {}", reply.code));
            downstream.give_up();
            GARBLED.into()
        }
        Err(broken) => {
            open.close(Outcome::InDoubt, broken.what());
            downstream.give_up();
            if broken == Broken::Garbage { GARBLED.into() } else { LOST.into() }
        }
    }
}

fn fail(open: Open, downstream: &mut Downstream, broken: Broken) -> Reply {
    open.close(Outcome::Failed, broken.what());
    downstream.give_up();
    if broken == Broken::Garbage { GARBLED.into() } else { LOST.into() }
}

/// Whether nobody waits for the reply. A client that has said QUIT has said everything: it may close its half.
async fn is_client_gone(client: &mut Wire) -> bool {
    let is_quit = |end: &[u8; 6]| end.eq_ignore_ascii_case(b"QUIT\r\n");
    client.is_ended().await && !client.pending().last_chunk().is_some_and(is_quit)
}

enum NotSent {
    NextHop(Broken),
    Held,
    ClientGone,
    Answered(Reply),
}

/// Sends everything up to and with the final dot.
async fn send(
    client: &mut Wire,
    downstream: &mut Downstream,
    trace: &str,
    content: Arc<dyn Source>,
) -> Result<(), NotSent> {
    let mut writer = DataWriter::new();
    writer.write(trace.as_bytes(), downstream.data());
    let len = content.len();
    let mut chunk = Vec::new();
    let mut at = 0;
    while at < len {
        chunk = read(&content, at, len, chunk).await.map_err(|_| NotSent::Held)?;
        at += chunk.len() as u64;
        writer.write(&chunk, downstream.data());
        if at < len {
            downstream.send_data().await.map_err(NotSent::NextHop)?;
        }
    }
    // The last piece and the dot leave together, as late as possible.
    if is_client_gone(client).await {
        return Err(NotSent::ClientGone);
    }
    // What comes before the dot cannot be an answer to the whole: a 250 here would be a lie to pass on.
    if let Some(early) = downstream.early_reply().await.map_err(NotSent::NextHop)? {
        return Err(NotSent::Answered(early));
    }
    writer.end(downstream.data());
    downstream.send_data().await.map_err(NotSent::NextHop)
}

/// The next piece of the content. Long content may lie in a file, which is read where it holds up nobody.
async fn read(content: &Arc<dyn Source>, at: u64, len: u64, mut chunk: Vec<u8>) -> io::Result<Vec<u8>> {
    chunk.resize(CHUNK_BYTES.min(usize::try_from(len - at).unwrap_or(CHUNK_BYTES)), 0);
    let source = Arc::clone(content);
    let read = move || {
        let n = source.read_at(at, &mut chunk)?;
        if n == 0 {
            // Shorter than it said: sending the rest as if it were the whole would be a lie.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(n);
        Ok(chunk)
    };
    if len <= CHUNK_BYTES as u64 {
        return read();
    }
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}
