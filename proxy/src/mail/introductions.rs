//! The commands that say who the client is: HELO, EHLO, LHLO, STARTTLS, AUTH, and what a trusted host in front tells by
//! XFORWARD and XCLIENT.
//!
//! What each says is read in `ehlo`, `starttls`, `auth` and `forwarded`; here stands when it may be said.

use chot_model::{Account, AccountSource};

use super::auth::{self, Ended};
use super::reply::{OneLine, Reply};
use super::session::{
    Greeted, NEXT_HOP_LEFT, NOT_DONE, NOT_SERVED, OK, PIPELINED, Session, TIMED_OUT, TRANSACTION_OPEN, Then,
};
use super::wire::{Lost, Wire};
use super::{forwarded, starttls};

const NOT_NOW: OneLine = Reply::line(503, "5.5.1 Not now");
const NOT_TRUSTED: OneLine = Reply::line(550, "5.7.0 Not from here");
const BAD_ATTRIBUTES: OneLine = Reply::line(501, "5.5.4 Bad attributes");

impl Session {
    pub(super) async fn helo(&mut self) -> Then {
        self.reset().await;
        self.greeted = Greeted::Helo;
        self.say(Reply::of_lines(250, vec![self.mail.next_hop.own_name.clone()]))
    }

    pub(super) async fn ehlo(&mut self) -> Then {
        self.reset().await;
        self.greeted = Greeted::Ehlo;
        let start_tls = self.mail.server_tls.is_some() && !self.is_tls;
        let auth = self.may_authenticate() && self.account.is_none();
        let mut reply = self.offers().reply(&self.mail.next_hop.own_name, self.mail.size_max, start_tls, auth);
        if self.is_trusted() {
            reply.lines.extend([forwarded::XFORWARD.into(), forwarded::XCLIENT.into()]);
        }
        self.say(reply)
    }

    /// Whether the host that is connected is believed what it says of its clients.
    pub(super) fn is_trusted(&self) -> bool {
        self.mail.trusted.iter().any(|network| network.contains(self.peer))
    }

    /// What the next mail's record says of its origin.
    pub(super) fn xforward(&mut self, argument: &str) -> Then {
        if !self.is_trusted() {
            return self.bad(NOT_TRUSTED);
        }
        if self.transaction.is_some() || self.greeted == Greeted::Not {
            return self.bad(NOT_NOW);
        }
        let Some(told) = forwarded::Told::parse(argument) else { return self.bad(BAD_ATTRIBUTES) };
        if let Some(address) = told.address {
            self.origin = address.unwrap_or(self.client_address);
        }
        self.say(OK)
    }

    /// The session is that of another client from now on, as if it had connected itself.
    pub(super) async fn xclient(&mut self, argument: &str) -> Then {
        if !self.is_trusted() {
            return self.bad(NOT_TRUSTED);
        }
        if self.transaction.is_some() || self.is_bound {
            return self.bad(NOT_NOW);
        }
        let Some(told) = forwarded::Told::parse(argument) else { return self.bad(BAD_ATTRIBUTES) };
        if let Some(address) = told.address {
            self.client_address = address.unwrap_or(self.peer);
            self.origin = self.client_address;
            if !self.mail.serves(self.origin) {
                self.mail.record_stranger(self.origin).await;
                return self.end(NOT_SERVED);
            }
        }
        if let Some(login) = told.login {
            self.account = login.map(|name| Account::new(name, AccountSource::SmtpAuth));
        }
        self.greeted = Greeted::Not;
        let greeting = self.mail.greeting(self.dialect);
        self.say(Reply::of_lines(220, vec![greeting]))
    }

    /// Passwords travel under TLS or not at all, but for clients on this very host.
    pub(super) fn may_authenticate(&self) -> bool {
        self.is_tls || (self.peer.is_loopback() && !self.mail.requires_tls)
    }

    pub(super) async fn start_tls(&mut self) -> Result<Then, Lost> {
        let Some(config) = self.mail.server_tls.clone() else { return Ok(self.bad(NOT_DONE)) };
        if starttls::is_injected(&self.client) {
            self.mail.record_refusal(self.origin, "starttls-injection").await;
            return Ok(self.end(PIPELINED));
        }
        if self.is_tls || self.account.is_some() || self.greeted != Greeted::Ehlo {
            return Ok(self.bad(NOT_NOW));
        }
        if self.transaction.is_some() {
            return Ok(self.bad(TRANSACTION_OPEN));
        }
        self.say(starttls::READY);
        self.client.flush().await?;
        let limits = *self.limits();
        let client = std::mem::replace(&mut self.client, Wire::closed());
        self.client = starttls::accept(client, config, limits.handshake, limits.client_block).await?;
        if self.mends {
            self.client.mend();
        }
        self.is_tls = true;
        self.greeted = Greeted::Not;
        Ok(Then::Go)
    }

    pub(super) async fn auth(&mut self, argument: &str) -> Result<Then, Lost> {
        if !self.may_authenticate() {
            return Ok(self.bad(Reply::line(538, "5.7.11 Encryption required for authentication")));
        }
        if self.greeted != Greeted::Ehlo || self.account.is_some() {
            return Ok(self.bad(NOT_NOW));
        }
        if self.transaction.is_some() {
            return Ok(self.bad(TRANSACTION_OPEN));
        }
        if !self.client.pending().is_empty() {
            self.mail.record_refusal(self.origin, "pipelined-auth").await;
            return Ok(self.end(PIPELINED));
        }
        self.downstream.is_well().await;
        if let Err(then) = self.reach_next_hop().await {
            return Ok(then);
        }
        let limits = *self.limits();
        Ok(match auth::relay(&mut self.client, &mut self.downstream, argument, &limits).await {
            Ended::Reply(reply, account) => {
                self.is_bound |= account.is_some();
                self.account = account;
                self.relay(Ok(reply))
            }
            Ended::Refused(reply) => self.bad(reply),
            Ended::Violation(reply) => {
                self.downstream.give_up();
                self.end(reply)
            }
            Ended::NextHop => self.end(NEXT_HOP_LEFT),
            Ended::Client(Lost::TimeOut) => {
                self.downstream.give_up();
                self.end(TIMED_OUT)
            }
            Ended::Client(lost) => {
                self.downstream.give_up();
                return Err(lost);
            }
        })
    }
}
