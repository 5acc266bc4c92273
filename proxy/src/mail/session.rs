//! One client's session: its state, and which command does what in which state.
//!
//! What each command may do is in `introductions`, `envelope` and `content`, how it is written in a file of its own
//! (`mail`, `rcpt`, `auth`, …). A session and its connection to the next hop belong together one to one: what the next
//! hop knows about a client, such as its authentication, never serves another.

use std::net::IpAddr;
use std::sync::Arc;

use chot_model::Account;
use tokio::time::Instant;

use super::ahead::Ahead;
use super::command::{BadCommand, Command};
use super::downstream::Downstream;
use super::ehlo::{self, Offers};
use super::limits::{BAD_COMMANDS_MAX, Limits};
use super::line::BadLine;
use super::rates::{Enough, Sender};
use super::receive::Arriving;
use super::reply::{OneLine, Reply};
use super::transaction::Transaction;
use super::wire::{Lost, Wire};
use super::{Door, Mail};
use crate::drain;

pub(super) const NOT_SERVED: OneLine = Reply::line(554, "5.7.1 This network is not served");
const BUSY: OneLine = Reply::line(421, "4.3.2 Too many sessions, try again later");
const STOPPING: OneLine = Reply::line(421, "4.3.2 Shutting down, try again later");
const NO_NEXT_HOP: OneLine = Reply::line(421, "4.3.2 The next mail server is not available, try again later");
pub(super) const NEXT_HOP_LEFT: OneLine = Reply::line(421, "4.4.2 The next mail server was lost, try again later");
pub(super) const TIMED_OUT: OneLine = Reply::line(421, "4.4.2 Timed out");
const TOO_MANY_ERRORS: OneLine = Reply::line(421, "4.7.0 Too many errors");
pub(super) const OK: OneLine = Reply::line(250, "2.0.0 Ok");
pub(super) const PIPELINED: OneLine = Reply::line(503, "5.5.0 Bytes came where none may, closing");
pub(super) const TRANSACTION_OPEN: OneLine = Reply::line(503, "5.5.1 Not during a mail transaction");
const TOO_MANY_SESSIONS: OneLine = Reply::line(421, "4.7.0 Too many sessions from your address, try again later");
const TOO_FAST: OneLine = Reply::line(421, "4.7.0 Too many connections from your address lately, try again later");
const BAD_CHUNK: OneLine = Reply::line(501, "5.5.4 Bad chunk length, closing");
pub(super) const NOT_DONE: OneLine = Reply::line(502, "5.5.1 Command not implemented");

/// What the client has greeted us with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeted {
    Not,
    Helo,
    Ehlo,
}

/// What is spoken with clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Smtp,
    /// One answer for each recipient (RFC 2033).
    Lmtp,
}

/// A mail that comes by BDAT.
pub(super) enum Chunks {
    /// No chunk of it has come.
    None,
    /// Some have.
    Open(Box<Arriving>),
    /// It is refused already; further chunks are read and answered alike.
    Refused(OneLine),
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Go,
    Close,
}

/// One client's session.
pub(super) struct Session {
    pub(super) mail: Arc<Mail>,
    pub(super) client: Wire,
    /// Who is connected.
    pub(super) peer: IpAddr,
    pub(super) dialect: Dialect,
    /// Whose session it is, where a trusted host told it.
    pub(super) client_address: IpAddr,
    /// Whom the next mail comes from, where a trusted host told it.
    pub(super) origin: IpAddr,
    /// The connection to the next hop knows who the client is.
    pub(super) is_bound: bool,
    /// Its line ends are mended, not refused.
    pub(super) mends: bool,
    pub(super) drain: drain::Session,
    pub(super) downstream: Downstream,
    pub(super) greeted: Greeted,
    pub(super) is_tls: bool,
    pub(super) account: Option<Account>,
    pub(super) transaction: Option<Transaction>,
    /// Commands of it that the next hop has not been asked yet.
    pub(super) ahead: Ahead,
    /// The mail that arrives in chunks.
    pub(super) chunks: Chunks,
    bad_commands: u32,
    has_quit: bool,
}

/// Serves one connection to its end.
pub(super) async fn serve(mail: Arc<Mail>, door: Door, mut client: Wire, peer: IpAddr, mut drain: drain::Session) {
    let limits = mail.next_hop.limits;
    let dialect = if door == Door::Lmtp { Dialect::Lmtp } else { Dialect::Smtp };
    let mends = mail.mends(peer);
    if mends {
        client.mend();
    }
    let refuse = async |mut client: Wire, reply: OneLine| {
        Reply::from(reply).write(false, client.gather());
        client.close(limits.goodbye).await;
    };
    if !mail.serves(peer) {
        mail.record_stranger(peer).await;
        return refuse(client, NOT_SERVED).await;
    }
    let Ok(_permit) = Arc::clone(&mail.permits).try_acquire_owned() else {
        return refuse(client, BUSY).await;
    };
    let _seat = match mail.rates.seat(peer, mail.gate.clock().now().unix_ms()) {
        Ok(seat) => seat,
        Err(enough) => {
            mail.record_refusal(peer, enough.id()).await;
            return refuse(client, if enough == Enough::Sessions { TOO_MANY_SESSIONS } else { TOO_FAST }).await;
        }
    };
    // Not 554, which would make the client give its mail back to its writer.
    let connected = tokio::select! {
        biased;
        () = drain.drained() => return refuse(client, STOPPING).await,
        connected = mail.next_hop.take() => connected,
    };
    let Ok(downstream) = connected else {
        return refuse(client, NO_NEXT_HOP).await;
    };
    // Who talks before the greeting does not speak SMTP, or not to us.
    let is_gone = client.is_ended().await;
    if !client.pending().is_empty() && !is_gone {
        mail.record_refusal(peer, "pipelined-greeting").await;
        downstream.quit().await;
        return refuse(client, PIPELINED).await;
    }
    let greeting = mail.greeting(dialect);
    Reply::of_lines(220, vec![greeting]).write(false, client.gather());
    let mut session = Session {
        mail,
        client,
        peer,
        dialect,
        client_address: peer,
        origin: peer,
        is_bound: false,
        mends,
        drain,
        downstream,
        greeted: Greeted::Not,
        is_tls: door == Door::Secure,
        account: None,
        transaction: None,
        ahead: Ahead::default(),
        chunks: Chunks::None,
        bad_commands: 0,
        has_quit: false,
    };
    // An error is a client that is gone: there is nobody to tell.
    let _ = session.run().await;
    let Session { mail, client, downstream, is_bound, transaction, drain, has_quit, .. } = session;
    // First of all: the client may be back the moment it hears goodbye.
    let may_keep = !is_bound && transaction.is_none() && !drain.is_draining();
    let dismissed = if may_keep { mail.next_hop.keep(downstream) } else { Some(downstream) };
    if has_quit && client.pending().is_empty() {
        client.part(limits.goodbye).await;
    } else {
        client.close(limits.goodbye).await;
    }
    if let Some(dismissed) = dismissed {
        dismissed.quit().await;
    }
}

impl Session {
    pub(super) fn limits(&self) -> &Limits {
        &self.mail.next_hop.limits
    }

    pub(super) fn offers(&self) -> &Offers {
        self.downstream.offers()
    }

    pub(super) fn size_max(&self) -> u64 {
        self.offers().size_max(self.mail.size_max)
    }

    pub(super) fn is_utf8(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.from.smtp_utf8)
    }

    pub(super) fn say(&mut self, reply: impl Into<Reply>) -> Then {
        let utf8 = self.is_utf8();
        reply.into().write(utf8, self.client.gather());
        Then::Go
    }

    /// Whose mails are counted together.
    pub(super) fn sender(&self) -> Sender {
        Sender::of(self.account.as_ref(), self.origin)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.mail.gate.clock().now().unix_ms()
    }

    /// Says that a command was senseless; too many end the session. Addresses that are wrong do not count, nor does
    /// what a client had sent along with a MAIL that was refused.
    pub(super) fn bad(&mut self, reply: OneLine) -> Then {
        self.say(reply);
        self.bad_commands += 1;
        if self.bad_commands < BAD_COMMANDS_MAX { Then::Go } else { self.end(TOO_MANY_ERRORS) }
    }

    pub(super) fn end(&mut self, reply: OneLine) -> Then {
        self.say(reply);
        Then::Close
    }

    /// Commands until the session ends.
    async fn run(&mut self) -> Result<(), Lost> {
        loop {
            let next = self.next_line().await?;
            let command = if let Next::Line(line) = &next { Some(Command::parse(line)) } else { None };
            // Only more of the envelope can be asked along with what is left to be asked.
            if !matches!(command, Some(Ok(Command::Rcpt(_)))) && self.settle().await == Then::Close {
                return Ok(());
            }
            let then = match (command, &next) {
                (Some(Ok(command)), _) => self.command(command).await?,
                // Without a length nobody knows where commands go on.
                (Some(Err(BadCommand::Chunk)), _) => self.end(BAD_CHUNK),
                (Some(Err(bad)), _) => self.bad(bad_command(bad)),
                (None, Next::Bad(BadLine::TooLong)) => self.bad(bad_command(BadCommand::TooLong)),
                // What follows a line that ends elsewhere for others is no command to us.
                (None, Next::Bad(BadLine::BareNewline)) => self.end(Reply::line(500, "5.5.2 Lines must end in CR LF")),
                (None, Next::Bad(BadLine::Nul)) => self.end(Reply::line(500, "5.5.2 NUL in a command")),
                (None, Next::Silent) => self.end(TIMED_OUT),
                (None, Next::Line(_) | Next::Draining) => self.end(STOPPING),
            };
            if then == Then::Close {
                return Ok(());
            }
        }
    }

    async fn next_line(&mut self) -> Result<Next, Lost> {
        let until = Instant::now() + self.limits().command;
        loop {
            if self.drain.is_draining() {
                return Ok(Next::Draining);
            }
            if let Some(line) = self.client.next_line().await? {
                return Ok(line.map_or_else(Next::Bad, Next::Line));
            }
            // Written before waiting, outside the race below, which may drop what it waits for.
            self.client.flush().await?;
            tokio::select! {
                () = self.drain.drained() => {}
                filled = self.client.fill(until) => match filled {
                    Ok(()) => {}
                    Err(Lost::TimeOut) => return Ok(Next::Silent),
                    Err(Lost::Gone) => return Err(Lost::Gone),
                },
            }
        }
    }

    async fn command(&mut self, command: Command<'_>) -> Result<Then, Lost> {
        Ok(match command {
            Command::Ehlo(name) | Command::Helo(name) | Command::Lhlo(name) if !ehlo::is_greeting(name) => {
                self.bad(Reply::line(501, "5.5.4 Bad name"))
            }
            Command::Lhlo(_) if self.dialect == Dialect::Smtp => self.bad(bad_command(BadCommand::Unknown)),
            Command::Helo(_) | Command::Ehlo(_) if self.dialect == Dialect::Lmtp => {
                self.bad(bad_command(BadCommand::Unknown))
            }
            Command::Helo(_) => self.helo().await,
            // What follows EHLO cannot know what it will offer (RFC 2920 §3.1).
            Command::Ehlo(_) | Command::Lhlo(_) if !self.client.pending().is_empty() => {
                self.mail.record_refusal(self.origin, "pipelined-ehlo").await;
                self.end(PIPELINED)
            }
            Command::Ehlo(_) | Command::Lhlo(_) => self.ehlo().await,
            Command::Mail(argument) => self.mail(argument).await,
            Command::Rcpt(argument) => self.rcpt(argument).await,
            Command::Data => Box::pin(self.data()).await?,
            Command::Bdat(chunk) => Box::pin(self.bdat(chunk)).await?,
            Command::Rset => {
                self.reset().await;
                self.say(OK)
            }
            Command::Noop => self.say(OK),
            Command::Vrfy => self.say(Reply::line(252, "2.5.0 Send the mail and see")),
            Command::Help => self.say(Reply::line(214, "2.0.0 See RFC 5321")),
            Command::Expn | Command::NotDone => self.bad(NOT_DONE),
            Command::Quit => {
                self.has_quit = true;
                self.end(Reply::line(221, "2.0.0 Bye"))
            }
            Command::Xforward(argument) => self.xforward(argument),
            Command::Xclient(argument) => self.xclient(argument).await,
            Command::StartTls => self.start_tls().await?,
            Command::Auth(argument) => self.auth(argument).await?,
        })
    }

    /// Forgets the transaction, and what was told about its origin.
    pub(super) fn forget(&mut self) {
        self.transaction = None;
        self.origin = self.client_address;
    }

    /// Forgets the transaction here and there.
    pub(super) async fn reset(&mut self) {
        self.chunks = Chunks::None;
        if self.transaction.is_some() {
            self.forget();
            self.downstream.reset().await;
        }
    }
}

/// What came from the client.
enum Next {
    Line(Vec<u8>),
    Bad(BadLine),
    Silent,
    Draining,
}

fn bad_command(bad: BadCommand) -> OneLine {
    match bad {
        BadCommand::Unknown => Reply::line(500, "5.5.2 Command not recognised"),
        BadCommand::Chunk => BAD_CHUNK,
        BadCommand::Argument => Reply::line(501, "5.5.4 Syntax error in the argument"),
        BadCommand::TooLong => Reply::line(500, "5.5.2 Line too long"),
        BadCommand::Characters => Reply::line(500, "5.5.2 Bad characters in a command"),
    }
}
