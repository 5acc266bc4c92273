//! One client's session: its state, and which command does what in which state.
//!
//! The commands' own rules are in their files (`mail`, `rcpt`, `auth`, …), those that carry a mail in `content`. A session and its connection to the next hop belong together one to one: what the next hop knows about
//! a client, such as its authentication, never serves another.

use std::net::IpAddr;
use std::sync::Arc;

use chot_model::{Account, AccountSource};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::auth::{self, Ended};
use super::command::{BadCommand, Command};
use super::commit::{GARBLED, LOST};
use super::downstream::{Broken, Downstream};
use super::ehlo::{self, Offers};
use super::limits::{AUTH_LINE_BYTES_MAX, BAD_COMMANDS_MAX, Limits};
use super::line::BadLine;
use super::mail::MailFrom;
use super::rates::Sender;
use super::rcpt::{RECIPIENTS_MAX, RcptTo};
use super::receive::Arriving;
use super::reply::{OneLine, Reply};
use super::transaction::Transaction;
use super::wire::{Lost, Wire};
use super::{Mail, forwarded, starttls};
use crate::drain;

const NOT_SERVED: OneLine = Reply::line(554, "5.7.1 This network is not served");
const BUSY: OneLine = Reply::line(421, "4.3.2 Too many sessions, try again later");
const STOPPING: OneLine = Reply::line(421, "4.3.2 Shutting down, try again later");
const NO_NEXT_HOP: OneLine = Reply::line(421, "4.3.2 The next mail server is not available, try again later");
const NEXT_HOP_AWAY: OneLine = Reply::line(451, "4.4.1 The next mail server is not available, try again later");
const NEXT_HOP_LEFT: OneLine = Reply::line(421, "4.4.2 The next mail server was lost, try again later");
pub(super) const TIMED_OUT: OneLine = Reply::line(421, "4.4.2 Timed out");
const TOO_MANY_ERRORS: OneLine = Reply::line(421, "4.7.0 Too many errors");
const OK: OneLine = Reply::line(250, "2.0.0 Ok");
pub(super) const PIPELINED: OneLine = Reply::line(503, "5.5.0 Bytes came where none may, closing");
const TRANSACTION_OPEN: OneLine = Reply::line(503, "5.5.1 Not during a mail transaction");
const TOO_MANY_SESSIONS: OneLine = Reply::line(421, "4.7.0 Too many sessions from your address, try again later");
const TOO_MANY_MAILS: OneLine = Reply::line(450, "4.7.1 Too many mails in a minute, try again later");
const TOO_MANY_RECIPIENTS: OneLine = Reply::line(450, "4.7.1 Too many recipients in a day, try again tomorrow");
const TLS_FIRST: OneLine = Reply::line(530, "5.7.0 Must issue a STARTTLS command first");
const EHLO_FIRST: OneLine = Reply::line(503, "5.5.1 EHLO first");
pub(super) const MAIL_FIRST: OneLine = Reply::line(503, "5.5.1 MAIL first");
const BAD_CHUNK: OneLine = Reply::line(501, "5.5.4 Bad chunk length, closing");
const CHUNKS_OPEN: OneLine = Reply::line(503, "5.5.1 Not between chunks");
const NOT_NOW: OneLine = Reply::line(503, "5.5.1 Not now");
const NOT_TRUSTED: OneLine = Reply::line(550, "5.7.0 Not from here");
const BAD_ATTRIBUTES: OneLine = Reply::line(501, "5.5.4 Bad attributes");
const OTHER_ZONE: OneLine = Reply::line(452, "4.5.3 Recipients of another zone go in a mail of their own");
const NOT_DONE: OneLine = Reply::line(502, "5.5.1 Command not implemented");

/// What the client has greeted us with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeted {
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
    peer: IpAddr,
    pub(super) dialect: Dialect,
    /// Whose session it is, where a trusted host told it.
    client_address: IpAddr,
    /// Whom the next mail comes from, where a trusted host told it.
    pub(super) origin: IpAddr,
    /// The connection to the next hop knows who the client is.
    pub(super) is_bound: bool,
    /// Its line ends are mended, not refused.
    pub(super) mends: bool,
    drain: drain::Session,
    pub(super) downstream: Downstream,
    greeted: Greeted,
    is_tls: bool,
    pub(super) account: Option<Account>,
    pub(super) transaction: Option<Transaction>,
    /// The mail that arrives in chunks.
    pub(super) chunks: Chunks,
    bad_commands: u32,
}

/// Serves one connection to its end.
pub(super) async fn serve(mail: Arc<Mail>, dialect: Dialect, tcp: TcpStream, peer: IpAddr, mut drain: drain::Session) {
    let _ = tcp.set_nodelay(true);
    let limits = mail.next_hop.limits;
    let mut client = Wire::new(Box::new(tcp), AUTH_LINE_BYTES_MAX, limits.client_block);
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
    let Some(_seat) = mail.rates.seat(peer) else {
        mail.record_refusal(peer, "sender-sessions").await;
        return refuse(client, TOO_MANY_SESSIONS).await;
    };
    // Not 554, which would make the client give its mail back to its writer.
    let connected = tokio::select! {
        biased;
        () = drain.drained() => return refuse(client, STOPPING).await,
        connected = mail.next_hop.reach() => connected,
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
        is_tls: false,
        account: None,
        transaction: None,
        chunks: Chunks::None,
        bad_commands: 0,
    };
    // An error is a client that is gone: there is nobody to tell.
    let _ = session.run().await;
    let Session { mail, client, downstream, is_bound, transaction, drain, .. } = session;
    client.close(limits.goodbye).await;
    if !is_bound && transaction.is_none() && !drain.is_draining() {
        mail.next_hop.keep(downstream).await;
    } else {
        downstream.quit().await;
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
    fn sender(&self) -> Sender {
        Sender::of(self.account.as_ref(), self.origin)
    }

    fn now_ms(&self) -> u64 {
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
            let then = match self.next_line().await? {
                Next::Line(line) => match Command::parse(&line) {
                    Ok(command) => self.command(command).await?,
                    // Without a length nobody knows where commands go on.
                    Err(BadCommand::Chunk) => self.end(BAD_CHUNK),
                    Err(bad) => self.bad(bad_command(bad)),
                },
                Next::Bad(BadLine::TooLong) => self.bad(bad_command(BadCommand::TooLong)),
                // What follows a line that ends elsewhere for others is no command to us.
                Next::Bad(BadLine::BareNewline) => self.end(Reply::line(500, "5.5.2 Lines must end in CR LF")),
                Next::Bad(BadLine::Nul) => self.end(Reply::line(500, "5.5.2 NUL in a command")),
                Next::Silent => self.end(TIMED_OUT),
                Next::Draining => self.end(STOPPING),
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
            Command::Quit => self.end(Reply::line(221, "2.0.0 Bye")),
            Command::Xforward(argument) => self.xforward(argument),
            Command::Xclient(argument) => self.xclient(argument).await,
            Command::StartTls => self.start_tls().await?,
            Command::Auth(argument) => self.auth(argument).await?,
        })
    }

    async fn helo(&mut self) -> Then {
        self.reset().await;
        self.greeted = Greeted::Helo;
        self.say(Reply::of_lines(250, vec![self.mail.next_hop.own_name.clone()]))
    }

    async fn ehlo(&mut self) -> Then {
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
    fn is_trusted(&self) -> bool {
        self.mail.trusted.iter().any(|network| network.contains(self.peer))
    }

    /// What the next mail's record says of its origin.
    fn xforward(&mut self, argument: &str) -> Then {
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
    async fn xclient(&mut self, argument: &str) -> Then {
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
            self.account = login.map(|name| Account { name, source: AccountSource::SmtpAuth });
        }
        self.greeted = Greeted::Not;
        let greeting = self.mail.greeting(self.dialect);
        self.say(Reply::of_lines(220, vec![greeting]))
    }

    /// Passwords travel under TLS or not at all, but for clients on this very host.
    fn may_authenticate(&self) -> bool {
        self.is_tls || (self.peer.is_loopback() && !self.mail.requires_tls)
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

    /// Connects anew where the connection was lost between two mails. An error has been told to the client.
    async fn reach_next_hop(&mut self) -> Result<(), Then> {
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

    async fn mail(&mut self, argument: &str) -> Then {
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
        let from = match MailFrom::parse(argument, self.offers(), self.greeted == Greeted::Ehlo, self.size_max()) {
            Ok(from) => from,
            Err(reply) => return self.say(reply),
        };
        if self.mail.rates.mail(self.sender(), self.now_ms()).is_err() {
            self.mail.record_refusal(self.origin, "sender-mails").await;
            return self.say(TOO_MANY_MAILS);
        }
        let reply = self.downstream.ask(&from.command(self.downstream.offers())).await;
        if reply.as_ref().is_ok_and(Reply::is_success) {
            self.transaction = Some(Transaction { from, to: Vec::new() });
        }
        self.relay(reply)
    }

    async fn rcpt(&mut self, argument: &str) -> Then {
        let utf8 = self.is_utf8();
        if !matches!(self.chunks, Chunks::None) {
            return self.bad(CHUNKS_OPEN);
        }
        let Some(transaction) = &mut self.transaction else {
            return self.say(MAIL_FIRST);
        };
        if transaction.to.len() == RECIPIENTS_MAX {
            return self.say(Reply::line(452, "4.5.3 Too many recipients"));
        }
        if self.downstream.is_broken() {
            return self.say(LOST);
        }
        let extended = self.greeted == Greeted::Ehlo;
        let to = match RcptTo::parse(argument, self.downstream.offers(), extended, utf8) {
            Ok(to) => to,
            Err(reply) => return self.say(reply),
        };
        let zone = |to: &RcptTo| self.mail.gate.policy().zone_of_recipient(to.path.as_str());
        if self.mail.splits(self.peer) && transaction.to.first().is_some_and(|first| zone(first) != zone(&to)) {
            return self.say(OTHER_ZONE);
        }
        let sender = Sender::of(self.account.as_ref(), self.origin);
        if self.mail.rates.recipient(sender, self.mail.gate.clock().now().unix_ms()).is_err() {
            self.mail.record_refusal(self.origin, "sender-recipients").await;
            return self.say(TOO_MANY_RECIPIENTS);
        }
        let reply = self.downstream.ask(&to.command()).await;
        if reply.as_ref().is_ok_and(Reply::is_success) {
            transaction.to.push(to);
        }
        self.relay(reply)
    }

    /// Passes the next hop's answer to MAIL or RCPT on, unchanged.
    fn relay(&mut self, reply: Result<Reply, Broken>) -> Then {
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

    async fn start_tls(&mut self) -> Result<Then, Lost> {
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

    async fn auth(&mut self, argument: &str) -> Result<Then, Lost> {
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
