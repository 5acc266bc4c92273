//! The commands of the envelope, MAIL and RCPT: checked here, asked of the next hop, and its answer passed on.

use super::commit::{GARBLED, LOST};
use super::downstream::Broken;
use super::mail::MailFrom;
use super::rcpt::{RECIPIENTS_MAX, RcptTo};
use super::reply::{OneLine, Reply};
use super::session::{Chunks, Dialect, Greeted, NEXT_HOP_LEFT, Session, TRANSACTION_OPEN, Then};
use super::transaction::Transaction;

const NEXT_HOP_AWAY: OneLine = Reply::line(451, "4.4.1 The next mail server is not available, try again later");
const TOO_MANY_MAILS: OneLine = Reply::line(450, "4.7.1 Too many mails from you lately, try again later");
const TOO_MANY_RECIPIENTS: OneLine = Reply::line(450, "4.7.1 Too many recipients from you lately, try again later");
const TLS_FIRST: OneLine = Reply::line(530, "5.7.0 Must issue a STARTTLS command first");
const EHLO_FIRST: OneLine = Reply::line(503, "5.5.1 EHLO first");
pub(super) const MAIL_FIRST: OneLine = Reply::line(503, "5.5.1 MAIL first");
const CHUNKS_OPEN: OneLine = Reply::line(503, "5.5.1 Not between chunks");
const OTHER_ZONE: OneLine = Reply::line(452, "4.5.3 Recipients of another zone go in a mail of their own");

impl Session {
    /// Connects anew where the connection was lost between two mails. An error has been told to the client.
    pub(super) async fn reach_next_hop(&mut self) -> Result<(), Then> {
        self.downstream.look().await;
        if !self.downstream.is_broken() {
            return Ok(());
        }
        if self.is_bound {
            // A new connection would not know who the client is.
            return Err(self.end(NEXT_HOP_LEFT));
        }
        match self.mail.next_hop.connect().await {
            Ok(downstream) => self.downstream = downstream,
            Err(_) => return Err(self.say(NEXT_HOP_AWAY)),
        }
        Ok(())
    }

    pub(super) async fn mail(&mut self, argument: &str) -> Then {
        if self.greeted == Greeted::Not {
            return self.bad(EHLO_FIRST);
        }
        if self.transaction.is_some() {
            return self.bad(TRANSACTION_OPEN);
        }
        if self.mail.requires_tls && !self.is_tls {
            return self.bad(TLS_FIRST);
        }
        if let Err(then) = self.reach_next_hop().await {
            return then;
        }
        let extended = self.greeted == Greeted::Ehlo;
        let from = match MailFrom::parse(argument, self.offers(), extended, self.size_max()) {
            Ok(from) => from,
            Err(reply) => return self.say(reply),
        };
        if let Err(enough) = self.mail.rates.mail(self.sender(), self.now_ms()) {
            self.mail.record_refusal(self.origin, enough.id()).await;
            return self.say(TOO_MANY_MAILS);
        }
        let command = from.command(self.offers());
        self.transaction = Some(Transaction { from, to: Vec::new() });
        self.ask(command, None).await
    }

    pub(super) async fn rcpt(&mut self, argument: &str) -> Then {
        // Zones are compared with those of recipients that were taken.
        if self.mail.splits(self.peer) && self.settle().await == Then::Close {
            return Then::Close;
        }
        let to = match self.recipient(argument) {
            Ok(to) => to,
            Err(wrong) => {
                // Answers keep their order; and what came before may have ended the transaction.
                if self.settle().await == Then::Close {
                    return Then::Close;
                }
                return match wrong {
                    CHUNKS_OPEN => self.bad(CHUNKS_OPEN),
                    _ if self.transaction.is_none() => self.say(MAIL_FIRST),
                    wrong => self.say(wrong),
                };
            }
        };
        if let Err(enough) = self.mail.rates.recipient(self.sender(), self.now_ms()) {
            self.mail.record_refusal(self.origin, enough.id()).await;
            let then = self.settle().await;
            return if then == Then::Close { then } else { self.say(TOO_MANY_RECIPIENTS) };
        }
        let command = to.command();
        self.ask(command, Some(to)).await
    }

    /// The recipient, where the transaction may have it.
    fn recipient(&self, argument: &str) -> Result<RcptTo, OneLine> {
        if !matches!(self.chunks, Chunks::None) {
            return Err(CHUNKS_OPEN);
        }
        let transaction = self.transaction.as_ref().ok_or(MAIL_FIRST)?;
        if transaction.to.len() + self.ahead.recipients() >= RECIPIENTS_MAX {
            return Err(Reply::line(452, "4.5.3 Too many recipients"));
        }
        if self.downstream.is_broken() {
            return Err(LOST);
        }
        let to = RcptTo::parse(argument, self.offers(), self.greeted == Greeted::Ehlo, self.is_utf8())?;
        let zone = |to: &RcptTo| self.mail.gate.policy().zone_of_recipient(to.path.as_str());
        if self.mail.splits(self.peer) && transaction.to.first().is_some_and(|first| zone(first) != zone(&to)) {
            return Err(OTHER_ZONE);
        }
        Ok(to)
    }

    /// Passes the next hop's answer to MAIL or RCPT on, unchanged.
    pub(super) fn relay(&mut self, reply: Result<Reply, Broken>) -> Then {
        match reply {
            Ok(reply) if reply.is_success() || reply.is_refusal() => {
                // 421 closes the session it is said in.
                let then = if reply.code == 421 { Then::Close } else { Then::Go };
                self.say(reply);
                then
            }
            Ok(_) | Err(Broken::Garbage) => {
                self.downstream.give_up();
                self.say(GARBLED)
            }
            Err(_) => self.say(LOST),
        }
    }

    /// The `with` of our trace line (RFC 3848, RFC 6531 §4.3).
    pub(super) fn protocol(&self, utf8: bool) -> &'static str {
        if self.dialect == Dialect::Lmtp {
            return if self.is_tls { "LMTPS" } else { "LMTP" };
        }
        match (self.greeted, utf8, self.is_tls, self.account.is_some()) {
            (Greeted::Ehlo, true, true, true) => "UTF8SMTPSA",
            (Greeted::Ehlo, true, true, false) => "UTF8SMTPS",
            (Greeted::Ehlo, true, false, true) => "UTF8SMTPA",
            (Greeted::Ehlo, true, false, false) => "UTF8SMTP",
            (Greeted::Ehlo, false, true, true) => "ESMTPSA",
            (Greeted::Ehlo, false, true, false) => "ESMTPS",
            (Greeted::Ehlo, false, false, true) => "ESMTPA",
            (Greeted::Ehlo, false, false, false) => "ESMTP",
            (Greeted::Helo | Greeted::Not, ..) => "SMTP",
        }
    }
}
