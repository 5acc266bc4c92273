//! The commands that carry a mail, DATA and BDAT (RFC 3030): received whole, then judged, then committed or refused.
//!
//! Both end in the same place: the next hop hears DATA, whichever way the mail came.

use std::net::IpAddr;
use std::sync::Arc;

use chot_audit::Outcome;
use chot_inspect::Hint;
use chot_model::{Account, Channel, Destination};

use super::command::Chunk;
use super::data::DataReader;
use super::downstream::Broken;
use super::envelope::MAIL_FIRST;
use super::notice::{Notice, Occasion};
use super::receive::{Arriving, Heard, Received, receive, receive_chunk};
use super::reply::{OneLine, Reply};
use super::session::{Chunks, Dialect, PIPELINED, Session, TIMED_OUT, Then};
use super::transaction::Transaction;
use super::wire::Lost;
use super::{Mail, commit, header, refusal, subject};
use crate::drain;
use crate::gate::{Cleared, Decision, Envelope, Intake, Refused};

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
            self.forget();
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
            self.mail.record_refusal(self.origin, "pipelined-data").await;
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
                        self.mail.record_refusal(self.origin, flaw.id()).await;
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
        let answers = match received {
            Received::Whole(intake, heard) if self.dialect == Dialect::Lmtp => {
                Box::pin(self.decide_each(*intake, &heard)).await
            }
            Received::Whole(intake, heard) => vec![Box::pin(self.decide(*intake, &heard)).await],
            Received::Unacceptable(flaw) => {
                self.mail.record_refusal(self.origin, flaw.id()).await;
                self.downstream.reset().await;
                vec![flaw.reply().into()]
            }
            Received::Cut(lost) => {
                self.mail.record_refusal(self.origin, "aborted").await;
                self.reset().await;
                if lost == Lost::TimeOut {
                    return Ok(self.end(TIMED_OUT));
                }
                return Err(lost);
            }
        };
        // One answer is for all.
        let recipients = self.transaction.as_ref().map_or(1, |transaction| transaction.to.len());
        let times = if self.dialect == Dialect::Lmtp && answers.len() == 1 { recipients } else { 1 };
        let is_farewell = answers.iter().any(|reply| reply.code == 421);
        for reply in answers.iter().cycle().take(times * answers.len()) {
            self.say(reply.clone());
        }
        self.forget();
        Ok(if is_farewell { Then::Close } else { Then::Go })
    }

    fn envelope(&self, account: Account, transaction: &Transaction, subject: &[u8]) -> Envelope {
        let recipients = transaction.to.iter().map(|to| to.path.as_str().to_owned()).collect();
        Envelope {
            channel: Channel::Mail,
            client: Some(self.origin),
            account,
            destination: Destination { recipients, ..Destination::default() },
            summary: self.mail.gate.summary(&subject::decoded(subject), subject::CHARS_MAX),
        }
    }

    /// Held → verdict → committed or refused; the client's answer.
    async fn decide(&mut self, intake: Intake, heard: &Heard) -> Reply {
        let Some(transaction) = self.transaction.clone() else { return commit::FAILED.into() };
        let Some(account) = sender(Arc::clone(&self.mail), self.account.clone(), self.origin).await else {
            self.downstream.reset().await;
            return commit::FAILED.into();
        };
        let envelope = self.envelope(account, &transaction, &heard.subject);
        match intake.decide(envelope.clone(), self.mail.abilities(&heard.signers)).await {
            Ok(Decision::Cleared(cleared)) => self.commit(cleared, None).await,
            Ok(Decision::Refused(refused)) => {
                self.downstream.reset().await;
                refuse(&self.mail, &self.drain, refused, &transaction, &envelope, heard).await
            }
            Err(_) => {
                self.downstream.reset().await;
                commit::FAILED.into()
            }
        }
    }

    /// As [`Self::decide`], with an answer for each recipient.
    async fn decide_each(&mut self, intake: Intake, heard: &Heard) -> Vec<Reply> {
        let Some(transaction) = self.transaction.clone() else { return vec![commit::FAILED.into()] };
        let Some(account) = sender(Arc::clone(&self.mail), self.account.clone(), self.origin).await else {
            self.downstream.reset().await;
            return vec![commit::FAILED.into()];
        };
        let envelope = self.envelope(account, &transaction, &heard.subject);
        let abilities = self.mail.abilities(&heard.signers);
        let Ok(decisions) = intake.decide_each(envelope.clone(), abilities).await else {
            self.downstream.reset().await;
            return vec![commit::FAILED.into()];
        };
        // The next hop has heard of all recipients; unless all share one answer, it has to forget them.
        let is_one = decisions.len() == 1;
        let mut answers: Vec<Reply> = vec![commit::FAILED.into(); transaction.to.len()];
        for (places, decision) in decisions {
            let to = places.iter().filter_map(|n| transaction.to.get(*n)).cloned().collect();
            let part = Transaction { from: transaction.from.clone(), to };
            let told = match decision {
                Decision::Cleared(cleared) if is_one => vec![self.commit(cleared, None).await; places.len()],
                Decision::Cleared(cleared) => self.commit_part(cleared, part).await,
                Decision::Refused(refused) => {
                    vec![refuse(&self.mail, &self.drain, refused, &part, &envelope, heard).await; places.len()]
                }
            };
            for (n, reply) in places.into_iter().zip(told) {
                if let Some(answer) = answers.get_mut(n) {
                    *answer = reply;
                }
            }
        }
        // Nothing is left open there: a RSET too many does no harm.
        self.downstream.reset().await;
        answers
    }

    /// Sends a cleared mail to those of `part`, or to all.
    async fn commit(&mut self, cleared: Cleared, part: Option<&Transaction>) -> Reply {
        let utf8 = self.is_utf8();
        let protocol = self.protocol(utf8);
        let Some(transaction) = part.or(self.transaction.as_ref()) else { return commit::FAILED.into() };
        let now = self.mail.gate.clock().now();
        let trace = header::trace(
            &self.mail.next_hop.own_name,
            protocol,
            cleared.id(),
            now,
            self.mail.ambiguity(cleared.is_ambiguous()),
        );
        // A new connection would not know who the client is.
        let way = commit::Way { next_hop: &self.mail.next_hop, transaction, may_reconnect: !self.is_bound };
        let signing = commit::Signing { keys: &self.mail.keys, now };
        commit::commit(Some(&mut self.client), &mut self.downstream, way, signing, &trace, cleared).await.0
    }

    /// Sends a cleared mail to some of its recipients, in a transaction of their own; the answer for each.
    async fn commit_part(&mut self, cleared: Cleared, part: Transaction) -> Vec<Reply> {
        self.downstream.reset().await;
        if self.downstream.is_broken()
            && !self.is_bound
            && let Ok(again) = self.mail.next_hop.connect().await
        {
            self.downstream = again;
        }
        let mut answers = Vec::new();
        let from = part.from.command(self.downstream.offers());
        let mut taken = Transaction { from: part.from, to: Vec::new() };
        let mut refusal = heard(self.downstream.ask(&from).await).err();
        for to in part.to {
            let heard = match &refusal {
                Some(refusal) => Err(refusal.clone()),
                None => heard(self.downstream.ask(&to.command()).await),
            };
            match heard {
                Ok(()) => {
                    taken.to.push(to);
                    answers.push(None);
                }
                Err(reply) => {
                    if self.downstream.is_broken() {
                        refusal = Some(commit::LOST.into());
                    }
                    answers.push(Some(reply));
                }
            }
        }
        let reply = if taken.to.is_empty() {
            let (_, _, open) = cleared.into_parts();
            open.close(Outcome::Refused, "the next hop took none of the recipients");
            commit::LOST.into()
        } else {
            self.commit(cleared, Some(&taken)).await
        };
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| reply.clone())).collect()
    }
}

/// What the client is told of a mail that does not leave, or not yet.
async fn refuse(
    mail: &Arc<Mail>,
    drain: &drain::Session,
    refused: Refused,
    transaction: &Transaction,
    envelope: &Envelope,
    heard: &Heard,
) -> Reply {
    let (Refused { told, open, held }, utf8) = (refused, transaction.from.smtp_utf8);
    let notifies = mail.notifies(&transaction.from.path, heard.is_automatic);
    let notify = |occasion| {
        if notifies {
            let notice = Notice {
                occasion,
                to: transaction.from.path.clone(),
                id: told.id.to_string(),
                subject: envelope.summary.clone(),
                recipients: transaction.to.iter().map(|to| to.path.as_str().to_owned()).collect(),
            };
            // The answer does not wait for it, the end of the gateway does.
            let (telling, drain) = (Arc::clone(mail).notify(notice), drain.clone());
            tokio::spawn(async move {
                telling.await;
                drop(drain);
            });
        }
    };
    let Some(content) = held else {
        notify(Occasion::Refused);
        open.close(Outcome::Refused, "told 550 5.7.1");
        return refusal::reply(&told, utf8);
    };
    let time_ms = mail.gate.clock().now().unix_ms();
    match mail.quarantine.hold(transaction, envelope, &told, time_ms, notifies, content).await {
        Ok(()) => {
            notify(Occasion::Held);
            let reply = refusal::held(&told, mail.refuses_held, utf8);
            open.close(Outcome::Held, &format!("in quarantine, told {}", reply.code));
            reply
        }
        Err(_) => {
            open.close(Outcome::Failed, "it could not be put in quarantine");
            commit::FAILED.into()
        }
    }
}

/// Who sends: whoever logged in, else whose address it is. `None` where the directory cannot say what groups that account is
/// in: what a group may not send must not leave.
async fn sender(mail: Arc<Mail>, account: Option<Account>, origin: IpAddr) -> Option<Account> {
    match account {
        Some(account) => Some(account),
        None => mail.gate.account_of(origin).await.ok(),
    }
}

/// The next hop's answer to a command that has to be repeated to it.
fn heard(reply: Result<Reply, Broken>) -> Result<(), Reply> {
    match reply {
        Ok(reply) if reply.is_success() => Ok(()),
        Ok(reply) if reply.is_refusal() => Err(reply),
        Ok(_) | Err(Broken::Garbage) => Err(commit::GARBLED.into()),
        Err(_) => Err(commit::LOST.into()),
    }
}
