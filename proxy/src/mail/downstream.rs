//! The conversation with the next hop, in lock step: one command, one reply.
//!
//! It repeats nothing and guesses nothing. Once a reply is late, garbled or unasked for, the connection is broken for
//! good: whoever reads on might take the answer to one command for the answer to another.

use std::sync::Arc;
use std::time::Duration;

use chot_config::NextHopTls;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::ehlo::Offers;
use super::idle::Idle;
use super::limits::Limits;
use super::reply::{LINE_BYTES_MAX, Reply, ReplyReader};
use super::wire::{Io, Lost, Wire};

/// Mails over one connection, before a new one is made.
const MAILS_MAX: u32 = 100;

/// Who the next hop is and how it is spoken to.
pub(super) struct NextHop {
    /// `host:port`.
    pub(super) address: String,
    pub(super) name: ServerName<'static>,
    pub(super) tls_mode: NextHopTls,
    /// Present unless the mode is off.
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// What we call ourselves.
    pub(super) own_name: String,
    pub(super) limits: Limits,
    /// Connections no client uses at present.
    pub(super) idle: Idle,
}

/// Why there is no usable connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoConnection {
    /// Nobody answers there.
    Unreachable,
    /// It answered that it does not serve us (now).
    Refused,
    /// It broke off or spoke garbage.
    Broken,
    /// TLS is required and could not be had.
    Tls,
}

/// Why a conversation cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection closed or failed.
    Gone,
    /// No reply in time.
    TimeOut,
    /// Not the reply of an SMTP server, or one that nobody asked for.
    Garbage,
}

impl From<Lost> for Broken {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Gone => Self::Gone,
            Lost::TimeOut => Self::TimeOut,
        }
    }
}

impl Broken {
    /// For the record.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Gone => "the next hop closed the connection",
            Self::TimeOut => "the next hop did not answer in time",
            Self::Garbage => "the next hop answered garbage",
        }
    }
}

/// A connection that has been greeted.
pub(super) struct Downstream {
    wire: Wire,
    offers: Offers,
    limits: Limits,
    is_broken: bool,
    /// It was kept from before, and has not been reset yet.
    is_untried: bool,
    /// Why the last commands were not told.
    unsaid: Option<Broken>,
    /// It has refused nothing so far: servers lose patience with connections that make mistakes.
    is_spotless: bool,
    /// Mails it has answered.
    mails: u32,
}

impl NextHop {
    /// Connects, greets, and starts TLS as the settings say.
    pub(super) async fn connect(&self) -> Result<Downstream, NoConnection> {
        match self.try_connect(self.tls.as_ref()).await {
            // Opportunistic TLS that fails is no worse than none (RFC 7435): say it again in plain text.
            Err(NoConnection::Tls) if self.tls_mode == NextHopTls::Opportunistic => self.try_connect(None).await,
            connected => connected,
        }
    }

    async fn try_connect(&self, tls: Option<&Arc<ClientConfig>>) -> Result<Downstream, NoConnection> {
        let connected = timeout(self.limits.connect, TcpStream::connect(&self.address)).await;
        let tcp = connected.ok().and_then(Result::ok).ok_or(NoConnection::Unreachable)?;
        let _ = tcp.set_nodelay(true);
        let mut downstream = Downstream::new(Box::new(tcp), self.limits);
        let greeting = downstream.reply(self.limits.greeting).await.map_err(|_| NoConnection::Broken)?;
        match greeting.code {
            220 => {}
            _ if greeting.is_refusal() => return Err(NoConnection::Refused),
            _ => return Err(NoConnection::Broken),
        }
        downstream.greet(&self.own_name).await?;
        let Some(config) = tls else { return Ok(downstream) };
        if !downstream.offers.start_tls {
            return if self.tls_mode == NextHopTls::Opportunistic { Ok(downstream) } else { Err(NoConnection::Tls) };
        }
        let mut downstream = downstream.start_tls(config, &self.name).await?;
        downstream.greet(&self.own_name).await?;
        Ok(downstream)
    }
}

impl Downstream {
    fn new(io: Box<dyn Io>, limits: Limits) -> Self {
        let wire = Wire::new(io, LINE_BYTES_MAX, limits.data_block);
        Self {
            wire,
            offers: Offers::default(),
            limits,
            is_broken: false,
            is_untried: false,
            unsaid: None,
            is_spotless: true,
            mails: 0,
        }
    }

    /// EHLO, or HELO where that is not known.
    async fn greet(&mut self, own_name: &str) -> Result<(), NoConnection> {
        let ehlo = self.ask(&format!("EHLO {own_name}")).await.map_err(|_| NoConnection::Broken)?;
        if ehlo.code == 250 {
            self.offers = Offers::of(&ehlo);
            return Ok(());
        }
        self.offers = Offers::default();
        if ehlo.code / 100 != 5 {
            return Err(NoConnection::Refused);
        }
        let helo = self.ask(&format!("HELO {own_name}")).await.map_err(|_| NoConnection::Broken)?;
        if helo.code == 250 { Ok(()) } else { Err(NoConnection::Refused) }
    }

    /// Everything learnt in plain text is forgotten; the caller greets again.
    async fn start_tls(mut self, config: &Arc<ClientConfig>, name: &ServerName<'static>) -> Result<Self, NoConnection> {
        let reply = self.ask("STARTTLS").await.map_err(|_| NoConnection::Tls)?;
        // Bytes behind the 220 were injected before the handshake could protect them (CVE-2021-38371).
        if reply.code != 220 || !self.wire.pending().is_empty() {
            return Err(NoConnection::Tls);
        }
        let connector = TlsConnector::from(Arc::clone(config));
        let handshake = connector.connect(name.clone(), self.wire.into_io());
        match timeout(self.limits.handshake, handshake).await {
            Ok(Ok(tls)) => Ok(Self::new(Box::new(tls), self.limits)),
            _ => Err(NoConnection::Tls),
        }
    }

    /// What it offers, by its last EHLO.
    pub(super) fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether it can no longer be used.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Looks whether the next hop has left meanwhile, or said something unasked: servers close idle connections, and
    /// a new one is better than an error for a client that did nothing wrong.
    pub(super) async fn look(&mut self) {
        self.is_broken |= self.wire.is_ended().await || !self.wire.pending().is_empty();
    }

    /// Closes the connection at once. Without a final dot the next hop drops what it was told.
    pub(super) fn give_up(&mut self) {
        self.is_broken = true;
        self.wire = Wire::closed();
    }

    /// Says a command and waits for its reply.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Reply, Broken> {
        self.ask_within(command.as_bytes(), self.limits.reply).await
    }

    /// Says a line of an AUTH exchange, whose bytes are nobody's business.
    pub(super) async fn ask_opaque(&mut self, line: &[u8]) -> Result<Reply, Broken> {
        self.ask_within(line, self.limits.reply).await
    }

    /// DATA; 354 is the go-ahead.
    pub(super) async fn start_data(&mut self) -> Result<Reply, Broken> {
        self.ask_within(b"DATA", self.limits.data_start).await
    }

    /// RSET, where it was kept and has not been reset yet. Whether it answered as it should, and soon.
    pub(super) async fn is_well(&mut self) -> bool {
        if std::mem::take(&mut self.is_untried) {
            self.look().await;
            let wait = self.limits.goodbye;
            self.is_broken |= !self.ask_within(b"RSET", wait).await.is_ok_and(|reply| reply.is_success());
        }
        !self.is_broken
    }

    /// After it was kept: whether it is there at all, to be reset together with what is said next, or is well, where
    /// one thing must be said after the other.
    pub(super) async fn is_there(&mut self) -> bool {
        self.is_untried = true;
        if !self.offers.pipelining {
            return self.is_well().await;
        }
        self.look().await;
        !self.is_broken
    }

    /// Writes commands behind each other, and before them the RSET that is due (RFC 2920 §3.1). False when a connection
    /// that was kept turns out to be of no use: nothing has begun then.
    pub(super) async fn tell(&mut self, commands: impl Iterator<Item = &str>) -> bool {
        let is_untried = std::mem::take(&mut self.is_untried);
        if is_untried {
            self.put(b"RSET");
        }
        commands.for_each(|command| self.put(command.as_bytes()));
        self.unsaid = self.send().await.err();
        if is_untried {
            let wait = self.limits.goodbye;
            let is_reset = self.unsaid.is_none() && self.reply(wait).await.is_ok_and(|reply| reply.is_success());
            self.is_broken |= !is_reset;
        }
        !is_untried || !self.is_broken
    }

    /// The next answer to what was told.
    pub(super) async fn hear(&mut self) -> Result<Reply, Broken> {
        match self.unsaid.take() {
            Some(broken) => Err(broken),
            None if self.is_broken => Err(Broken::Gone),
            None => self.reply(self.limits.reply).await,
        }
    }

    /// Whether it is worth keeping for another client: it has carried mail, not too much of it, and the next hop had
    /// no reason to be annoyed.
    pub(super) fn may_serve_another(&self) -> bool {
        !self.is_broken && self.is_spotless && (1..MAILS_MAX).contains(&self.mails)
    }

    /// RSET. Whether the connection can still be used.
    pub(super) async fn reset(&mut self) {
        let is_reset = !self.is_broken && self.ask("RSET").await.is_ok_and(|reply| reply.is_success());
        self.is_broken |= !is_reset;
    }

    /// NOOP, so that it does not take a slow client for a dead one.
    pub(super) async fn keep_alive(&mut self) {
        let is_alive = !self.is_broken && self.ask("NOOP").await.is_ok_and(|reply| reply.is_success());
        self.is_broken |= !is_alive;
    }

    /// QUIT, without waiting for long.
    pub(super) async fn quit(mut self) {
        if !self.is_broken {
            let _ = self.ask_within(b"QUIT", self.limits.goodbye).await;
        }
    }

    async fn ask_within(&mut self, command: &[u8], wait: Duration) -> Result<Reply, Broken> {
        self.put(command);
        self.send().await?;
        self.reply(wait).await
    }

    fn put(&mut self, command: &[u8]) {
        self.data().extend_from_slice(command);
        self.data().extend_from_slice(b"\r\n");
    }

    /// Bytes of the mail for the next [`Self::send_data`].
    pub(super) fn data(&mut self) -> &mut Vec<u8> {
        self.wire.gather()
    }

    /// Writes what was gathered of the mail.
    pub(super) async fn send_data(&mut self) -> Result<(), Broken> {
        match self.wire.flush().await {
            Ok(()) => Ok(()),
            Err(lost) => self.broken(lost.into()),
        }
    }

    /// A reply that came before the final dot. Nothing waits for it; it is heard if it is there.
    pub(super) async fn early_reply(&mut self) -> Result<Option<Reply>, Broken> {
        let is_ended = self.wire.is_ended().await;
        match (self.wire.pending().is_empty(), is_ended) {
            (false, _) => self.reply(self.limits.reply).await.map(Some),
            (true, true) => self.broken(Broken::Gone),
            (true, false) => Ok(None),
        }
    }

    /// Writes a command.
    async fn send(&mut self) -> Result<(), Broken> {
        if self.is_broken {
            return Err(Broken::Gone);
        }
        let is_ended = self.wire.is_ended().await;
        match (is_ended, self.wire.pending().is_empty()) {
            // Whatever it has said before.
            (true, _) => self.broken(Broken::Gone),
            // A reply nobody asked for would be taken for the answer to this.
            (false, false) => self.broken(Broken::Garbage),
            (false, true) => self.send_data().await,
        }
    }

    /// The reply to the final dot.
    pub(super) async fn end_data(&mut self) -> Result<Reply, Broken> {
        self.mails = self.mails.saturating_add(1);
        self.reply(self.limits.data_end).await
    }

    async fn reply(&mut self, wait: Duration) -> Result<Reply, Broken> {
        // One bound for the whole reply, however slowly its lines come.
        let until = Instant::now() + wait;
        let mut reader = ReplyReader::default();
        let read = loop {
            match self.wire.line(until).await {
                Ok(line) => match reader.line(line) {
                    Ok(Some(reply)) => break Ok(reply),
                    Ok(None) => {}
                    Err(_) => break Err(Broken::Garbage),
                },
                Err(lost) => break Err(lost.into()),
            }
        };
        match read {
            Ok(reply) => {
                // 421 says that it closes the connection (RFC 5321 §3.8).
                self.is_broken |= reply.code == 421;
                self.is_spotless &= !reply.is_refusal();
                Ok(reply)
            }
            Err(broken) => self.broken(broken),
        }
    }

    fn broken<T>(&mut self, broken: Broken) -> Result<T, Broken> {
        self.give_up();
        Err(broken)
    }
}
