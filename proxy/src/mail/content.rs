//! The commands that carry a mail, DATA and BDAT (RFC 3030): received whole, then judged, then committed or refused.
//!
//! Both end in the same place: the next hop hears DATA, whichever way the mail came.

use chot_audit::Outcome;
use chot_inspect::Hint;
use chot_model::{Channel, Destination};

use super::command::Chunk;
use super::data::DataReader;
use super::receive::{Arriving, Received, receive, receive_chunk};
use super::reply::{OneLine, Reply};
use super::session::{Chunks, MAIL_FIRST, PIPELINED, Session, TIMED_OUT, Then};
use super::wire::Lost;
use super::{commit, header, refusal, subject};
use crate::gate::{Abilities, Decision, Envelope, Intake};

const NO_RECIPIENTS: OneLine = Reply::line(554, "5.5.1 No valid recipients");
const CHUNKS_OPEN: OneLine = Reply::line(503, "5.5.1 DATA after BDAT");
const CHUNK_TAKEN: OneLine = Reply::line(250, "2.0.0 Chunk taken");

impl Session {
    /// Why no mail can come now.
    fn unready(&self) -> Option<OneLine> {
        match &self.transaction {
            None => Some(MAIL_FIRST),
            // The connection broke behind answers that the client was given already: not 5xx, the mail is fine.
            Some(_) if self.downstream.is_broken() => Some(commit::LOST),
            Some(transaction) if transaction.to.is_empty() => Some(NO_RECIPIENTS),
            Some(_) => None,
        }
    }

    fn not_now(&mut self, reply: OneLine) -> Then {
        if reply == commit::LOST {
            self.transaction = None;
        }
        self.say(reply)
    }

    pub(super) async fn data(&mut self) -> Result<Then, Lost> {
        if !matches!(self.chunks, Chunks::None) {
            return Ok(self.bad(CHUNKS_OPEN));
        }
        if let Some(reply) = self.unready() {
            return Ok(self.not_now(reply));
        }
        if !self.client.pending().is_empty() {
            self.mail.record_refusal(self.peer, "pipelined-data").await;
            return Ok(self.end(PIPELINED));
        }
        self.say(Reply::line(354, "End data with <CR><LF>.<CR><LF>"));
        self.client.flush().await?;
        let (arriving, limits) = (self.arriving(DataReader::dotted(self.mends)), *self.limits());
        let received = receive(&mut self.client, &mut self.downstream, arriving, &limits).await;
        self.conclude(received).await
    }

    pub(super) async fn bdat(&mut self, Chunk { bytes, is_last }: Chunk) -> Result<Then, Lost> {
        if let (Chunks::None, None) = (&self.chunks, self.unready()) {
            self.chunks = Chunks::Open(Box::new(self.arriving(DataReader::literal(self.mends))));
        }
        let limits = *self.limits();
        let open = match &mut self.chunks {
            Chunks::Open(arriving) => Some(&mut **arriving),
            Chunks::None | Chunks::Refused(_) => None,
        };
        if let Err(lost) = receive_chunk(&mut self.client, &mut self.downstream, open, bytes, &limits).await {
            return self.conclude(Received::Cut(lost)).await;
        }
        match std::mem::replace(&mut self.chunks, Chunks::None) {
            Chunks::None => {
                let reply = self.unready().unwrap_or(MAIL_FIRST);
                Ok(self.not_now(reply))
            }
            Chunks::Refused(reply) => {
                if is_last {
                    self.reset().await;
                } else {
                    self.chunks = Chunks::Refused(reply);
                }
                Ok(self.say(reply))
            }
            Chunks::Open(arriving) if is_last => self.conclude(arriving.end()).await,
            Chunks::Open(arriving) => {
                let reply = match arriving.flaw() {
                    None => {
                        self.chunks = Chunks::Open(arriving);
                        CHUNK_TAKEN
                    }
                    Some(flaw) => {
                        self.mail.record_refusal(self.peer, flaw.id()).await;
                        self.chunks = Chunks::Refused(flaw.reply());
                        flaw.reply()
                    }
                };
                Ok(self.say(reply))
            }
        }
    }

    /// The mail of the open transaction, before its first byte.
    fn arriving(&self, reader: DataReader) -> Arriving {
        let mut intake = self.mail.gate.begin(Hint { name: None, content_type: Some("message/rfc822".to_owned()) });
        if let Some(transaction) = &self.transaction {
            for (name, value) in transaction.telling_fields() {
                intake.field(name, value.as_bytes());
            }
        }
        Arriving::new(reader, intake, self.size_max())
    }

    /// The mail has come, or will not.
    async fn conclude(&mut self, received: Received) -> Result<Then, Lost> {
        let reply = match received {
            Received::Whole(intake, subject) => self.decide(*intake, &subject).await,
            Received::Unacceptable(flaw) => {
                self.mail.record_refusal(self.peer, flaw.id()).await;
                self.downstream.reset().await;
                flaw.reply().into()
            }
            Received::Cut(lost) => {
                self.mail.record_refusal(self.peer, "aborted").await;
                self.reset().await;
                if lost == Lost::TimeOut {
                    return Ok(self.end(TIMED_OUT));
                }
                return Err(lost);
            }
        };
        let is_farewell = reply.code == 421;
        self.say(reply);
        self.transaction = None;
        Ok(if is_farewell { Then::Close } else { Then::Go })
    }

    /// Held → verdict → committed or refused; the client's answer.
    async fn decide(&mut self, intake: Intake, subject: &[u8]) -> Reply {
        let Some(transaction) = &self.transaction else { return commit::FAILED.into() };
        let recipients = transaction.to.iter().map(|to| to.path.as_str().to_owned()).collect();
        let (id, utf8) = (intake.id(), transaction.from.smtp_utf8);
        let envelope = Envelope {
            channel: Channel::Mail,
            client: Some(self.peer),
            account: self.account.clone().unwrap_or_else(|| self.mail.gate.account_of(self.peer)),
            destination: Destination { recipients, ..Destination::default() },
            summary: self.mail.gate.summary(&subject::decoded(subject), subject::CHARS_MAX),
        };
        match intake.decide(envelope, Abilities { redact: true, quarantine: false }).await {
            Ok(Decision::Cleared(cleared)) => {
                let now = self.mail.gate.clock().now();
                let trace = header::trace(&self.mail.next_hop.own_name, self.protocol(utf8), id, now);
                let way = commit::Way {
                    next_hop: &self.mail.next_hop,
                    transaction,
                    // A new connection would not know who the client is.
                    may_reconnect: self.account.is_none(),
                };
                commit::commit(&mut self.client, &mut self.downstream, way, &trace, cleared).await
            }
            Ok(Decision::Refused(refused)) => {
                let reply = refusal::reply(&refused.told, utf8);
                refused.open.close(Outcome::Refused, "told 550 5.7.1");
                self.downstream.reset().await;
                reply
            }
            Err(_) => {
                self.downstream.reset().await;
                commit::FAILED.into()
            }
        }
    }
}
