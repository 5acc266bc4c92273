//! Commands of the envelope, asked of the next hop together where the client sent them together (RFC 2920).
//!
//! MAIL and RCPT only. Their answers are passed on in their order before anything else is said or done. The content has
//! no part in it: DATA is asked alone, after everything else was answered.

use super::commit::LOST;
use super::envelope::MAIL_FIRST;
use super::rcpt::RcptTo;
use super::reply::Reply;
use super::session::{Session, Then};

/// Commands that may be on their way at once, in bytes: their answers must fit into what the system keeps for us while
/// we still write (RFC 2920 §3.1).
const BYTES_MAX: usize = 4 << 10;

/// A command that passed our own checks.
struct Asked {
    command: String,
    /// Of RCPT; MAIL otherwise, of the transaction that is open as far as we are concerned.
    recipient: Option<RcptTo>,
}

/// Commands still to be asked.
#[derive(Default)]
pub(super) struct Ahead {
    asked: Vec<Asked>,
    bytes: usize,
}

impl Ahead {
    /// Recipients among them.
    pub(super) fn recipients(&self) -> usize {
        self.asked.iter().filter(|asked| asked.recipient.is_some()).count()
    }
}

impl Session {
    /// Asks MAIL, or RCPT where there is a `recipient`; or leaves it to be asked with what else the client has sent.
    pub(super) async fn ask(&mut self, command: String, recipient: Option<RcptTo>) -> Then {
        self.ahead.bytes += command.len();
        self.ahead.asked.push(Asked { command, recipient });
        if self.offers().pipelining && self.ahead.bytes < BYTES_MAX && self.client.has_line() {
            return Then::Go;
        }
        self.settle().await
    }

    /// Asks what was left, and passes the answers on.
    pub(super) async fn settle(&mut self) -> Then {
        let Ahead { asked, bytes: _ } = std::mem::take(&mut self.ahead);
        if asked.is_empty() {
            return Then::Go;
        }
        let commands = || asked.iter().map(|asked| asked.command.as_str());
        if !self.downstream.tell(commands()).await {
            // The connection had been kept, and is no more.
            let offers = self.offers().clone();
            if let Err(then) = self.reach_next_hop().await {
                return self.give_back(asked.len(), then);
            }
            // Another server of the same name may be able to do less than what was promised to the client.
            if *self.offers() != offers || !self.downstream.tell(commands()).await {
                let then = self.say(LOST);
                return self.give_back(asked.len(), then);
            }
        }
        for Asked { command: _, recipient } in asked {
            let reply = self.downstream.hear().await;
            let is_taken = reply.as_ref().is_ok_and(Reply::is_success);
            let then = match (recipient, &mut self.transaction) {
                (None, _) => {
                    if !is_taken {
                        self.transaction = None;
                    }
                    self.relay(reply)
                }
                (Some(_), None) if is_taken => self.say(MAIL_FIRST),
                (Some(to), Some(transaction)) if is_taken => {
                    transaction.to.push(to);
                    self.relay(reply)
                }
                (Some(_), _) => self.relay(reply),
            };
            if then == Then::Close {
                return then;
            }
        }
        Then::Go
    }

    /// Nothing was begun: the first of `n` commands has its answer, and the others follow it.
    fn give_back(&mut self, n: usize, then: Then) -> Then {
        self.transaction = None;
        for _ in 1..n {
            self.say(LOST);
        }
        then
    }
}
