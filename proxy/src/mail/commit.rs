//! Hands a cleared mail to the next hop and says truthfully what became of it.
//!
//! The sending half of the channel: it takes [`Cleared`] and nothing else. A 250 is only ever the next hop's own. A
//! connection that breaks before the final dot is made anew once, because a mail without its dot was not sent; with
//! the dot on its way nothing is tried again, for a second try could deliver twice. The client still has the mail.

use std::io;
use std::sync::Arc;

use chot_audit::Outcome;
use chot_inspect::Source;
use chot_model::Timestamp;

use super::data::DataWriter;
use super::dkim::Keys;
use super::downstream::{Broken, Downstream, NextHop};
use super::ehlo::Offers;
use super::rcpt::RcptTo;
use super::reply::{OneLine, Reply};
use super::transaction::Transaction;
use super::wire::Wire;
use crate::gate::Cleared;

/// Content read and written at once.
const CHUNK_BYTES: usize = 64 << 10;

/// The next hop failed before or after the dot; the client keeps the mail.
pub(super) const LOST: OneLine = Reply::line(451, "4.4.2 The next mail server was lost, try again later");
/// The next hop said what no server says there.
pub(super) const GARBLED: OneLine = Reply::line(451, "4.3.0 The next mail server answered wrongly, try again later");
/// The gateway itself failed.
pub(super) const FAILED: OneLine = Reply::line(451, "4.3.0 The message could not be checked, try again later");

/// The way to the next hop, should it have to be gone again.
pub(super) struct Way<'a> {
    pub(super) next_hop: &'a NextHop,
    pub(super) transaction: &'a Transaction,
    /// Whether another connection is as good as the one that broke.
    pub(super) may_reconnect: bool,
}

/// What a changed mail is signed with.
pub(super) struct Signing<'a> {
    pub(super) keys: &'a Keys,
    pub(super) now: Timestamp,
}

impl Way<'_> {
    /// A new connection that has heard the envelope and taken all of it.
    async fn again(&self, offers: &Offers) -> Option<Downstream> {
        if !self.may_reconnect {
            return None;
        }
        let mut downstream = self.next_hop.connect().await.ok()?;
        // Another server of the same name may be able to do less than what was promised to the client.
        if downstream.offers() != offers {
            return None;
        }
        let envelope = std::iter::once(self.transaction.from.command(offers));
        for command in envelope.chain(self.transaction.to.iter().map(RcptTo::command)) {
            downstream.ask(&command).await.ok().filter(Reply::is_success)?;
        }
        Some(downstream)
    }
}

/// Sends the mail, records how it ended, and gives the reply for the client; `None` where a person released it.
pub(super) async fn commit(
    mut client: Option<&mut Wire>,
    downstream: &mut Downstream,
    way: Way<'_>,
    signing: Signing<'_>,
    trace: &str,
    cleared: Cleared,
) -> (Reply, Outcome) {
    let is_redacted = cleared.is_redacted();
    let (mut content, _told, open) = cleared.into_parts();
    if is_redacted {
        match signing.keys.sign_again(content, signing.now).await {
            Ok(signed) => content = signed,
            Err(_) => {
                downstream.reset().await;
                open.close(Outcome::Failed, "it could not be signed again");
                return (FAILED.into(), Outcome::Failed);
            }
        }
    }
    // The client will send it again, so sending it now would deliver it twice (RFC 1047).
    if is_client_gone(client.as_deref_mut()).await {
        open.close(Outcome::Aborted, "client gone before the mail was sent");
        downstream.reset().await;
        return (LOST.into(), Outcome::Aborted);
    }
    let mut sent = send(client.as_deref_mut(), downstream, trace, &content).await;
    if let Err(NotSent::NextHop(Broken::Gone)) = &sent
        && let Some(again) = way.again(downstream.offers()).await
    {
        *downstream = again;
        sent = send(client.as_deref_mut(), downstream, trace, &content).await;
    }
    let (outcome, detail, reply) = match sent {
        // The dot is out. From here on only the next hop knows whether it has the mail.
        Ok(()) => conclude(client, downstream).await,
        Err(NotSent::Refused(reply)) if reply.is_refusal() => {
            downstream.reset().await;
            let detail = format!("the next hop refused DATA with {}", reply.code);
            open.close(Outcome::Refused, &detail);
            return (reply, Outcome::Refused);
        }
        Err(not_sent) => {
            downstream.give_up();
            match not_sent {
                NotSent::Answered(reply) if reply.is_refusal() => {
                    (Outcome::Refused, format!("the next hop refused the mail early with {}", reply.code), reply)
                }
                NotSent::Refused(reply) => {
                    (Outcome::Failed, format!("the next hop answered DATA with {}", reply.code), GARBLED.into())
                }
                NotSent::Answered(_) => (Outcome::Failed, Broken::Garbage.what().to_owned(), GARBLED.into()),
                NotSent::NextHop(broken) => (Outcome::Failed, broken.what().to_owned(), told(broken)),
                NotSent::InDoubt(broken) => (Outcome::InDoubt, broken.what().to_owned(), told(broken)),
                NotSent::Held => (Outcome::Failed, "the held mail could not be read".to_owned(), FAILED.into()),
                NotSent::ClientGone => {
                    (Outcome::Aborted, "client gone before the final dot was sent".to_owned(), LOST.into())
                }
            }
        }
    };
    open.close(outcome, &detail);
    (reply, outcome)
}

/// Waits for the last word on a mail that was sent.
async fn conclude(client: Option<&mut Wire>, downstream: &mut Downstream) -> (Outcome, String, Reply) {
    match downstream.end_data().await {
        Ok(reply) if reply.is_success() => {
            let is_gone = is_client_gone(client).await;
            let whether_told = if is_gone { ", client gone" } else { "" };
            (Outcome::Delivered, format!("{}{whether_told}", reply.code), reply)
        }
        Ok(reply) if reply.is_refusal() => {
            (Outcome::Refused, format!("the next hop refused the mail with {}", reply.code), reply)
        }
        Ok(reply) => {
            downstream.give_up();
            (Outcome::InDoubt, format!("the next hop answered the mail with {}", reply.code), GARBLED.into())
        }
        Err(broken) => {
            downstream.give_up();
            (Outcome::InDoubt, broken.what().to_owned(), told(broken))
        }
    }
}

fn told(broken: Broken) -> Reply {
    if broken == Broken::Garbage { GARBLED.into() } else { LOST.into() }
}

/// Whether nobody waits for the reply. A client that has said QUIT has said everything: it may close its half.
async fn is_client_gone(client: Option<&mut Wire>) -> bool {
    let Some(client) = client else { return false };
    let is_quit = |end: &[u8; 6]| end.eq_ignore_ascii_case(b"QUIT\r\n");
    client.is_ended().await && !client.pending().last_chunk().is_some_and(is_quit)
}

/// Why a mail was not sent, or perhaps not.
enum NotSent {
    NextHop(Broken),
    /// The connection broke while the dot was being written.
    InDoubt(Broken),
    /// The answer to DATA was not 354.
    Refused(Reply),
    /// An answer came before the dot.
    Answered(Reply),
    Held,
    ClientGone,
}

/// Sends DATA and everything up to and with the final dot.
async fn send(
    client: Option<&mut Wire>,
    downstream: &mut Downstream,
    trace: &str,
    content: &Arc<dyn Source>,
) -> Result<(), NotSent> {
    let reply = downstream.start_data().await.map_err(NotSent::NextHop)?;
    if reply.code != 354 {
        return Err(NotSent::Refused(reply));
    }
    let mut writer = DataWriter::new();
    writer.write(trace.as_bytes(), downstream.data());
    let len = content.len();
    let mut chunk = Vec::new();
    let mut at = 0;
    while at < len {
        if let Some(held) = content.in_memory(at) {
            let piece = held.get(..CHUNK_BYTES).unwrap_or(held);
            at += piece.len() as u64;
            writer.write(piece, downstream.data());
        } else {
            chunk = read(content, at, len, chunk).await.map_err(|_| NotSent::Held)?;
            at += chunk.len() as u64;
            writer.write(&chunk, downstream.data());
        }
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
    downstream.send_data().await.map_err(NotSent::InDoubt)
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
