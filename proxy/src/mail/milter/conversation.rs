//! One conversation with a mail server: what was agreed on, which of its clients is spoken of, and the mail of now.
//!
//! Whatever is said that does not belong here ends it: a mail server whose filter is gone does what its settings say,
//! which should be to ask its client to come back (`milter_default_action = tempfail`).

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use chot_inspect::Hint;
use chot_model::{Account, AccountSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::super::rates::{Seat, Sender};
use super::super::rcpt::RECIPIENTS_MAX;
use super::super::reply::{OneLine, Reply};
use super::super::wire::Io;
use super::Milter;
use super::message::{Arriving, Envelope, Field};
use super::packet::{Event, Malformed, PacketReader, Terms, action, put, put_terms, step};
use crate::drain;

/// The version spoken; mail servers that know less are spoken to in theirs.
const VERSION: u32 = 6;
/// What came in before headers could be changed is of no use.
const VERSION_MIN: u32 = 2;
/// Actions that are asked for where they are offered.
const ACTIONS: u32 = action::ADD_HEADERS | action::CHANGE_BODY | action::CHANGE_HEADERS | action::QUARANTINE;
/// Steps that are not needed, and replies that would all say the same.
const STEPS: u32 = step::NO_HELO
    | step::NO_UNKNOWN
    | step::NO_DATA
    | step::NO_REPLY_TO_HEADER
    | step::NO_REPLY_TO_CONNECT
    | step::NO_REPLY_TO_END_OF_HEADER
    | step::NO_REPLY_TO_BODY
    | step::LEADING_SPACE;

const CONTINUE: u8 = b'c';
const READ_BYTES: usize = 64 << 10;
/// Longest login kept.
const LOGIN_BYTES_MAX: usize = 256;
/// Between two mails: as long as a mail server may keep its client waiting.
const IDLE_MAX: Duration = Duration::from_secs(3_600);
/// Within a mail, which the mail server has whole before it tells any of it.
const NEXT_MAX: Duration = Duration::from_secs(300);
const WRITE_MAX: Duration = Duration::from_secs(180);
/// Of clients without an address.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

const CROWDED: OneLine = Reply::line(451, "4.7.0 Too many sessions from your address, try again later");
const TOO_MANY_MAILS: OneLine = Reply::line(450, "4.7.1 Too many mails from you lately, try again later");
const TOO_MANY_RECIPIENTS: OneLine = Reply::line(450, "4.7.1 Too many recipients from you lately, try again later");
const TOO_MANY_TO: OneLine = Reply::line(452, "4.5.3 Too many recipients");
const OTHER_ZONE: OneLine = Reply::line(452, "4.5.3 Recipients of another zone go in a mail of their own");

/// Why a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Politely, or because nobody is there any more.
    Over,
    /// It was no milter conversation.
    Garbage,
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::Over
    }
}

impl From<Malformed> for Ended {
    fn from(_: Malformed) -> Self {
        Self::Garbage
    }
}

/// One conversation.
pub(super) struct Conversation {
    pub(super) milter: Arc<Milter>,
    io: Box<dyn Io>,
    reader: PacketReader,
    pub(super) out: Vec<u8>,
    pub(super) terms: Option<Terms>,
    /// The mail server's client.
    pub(super) client: Option<IpAddr>,
    seat: Option<Seat>,
    login: Option<Account>,
    /// How the mail server names the mail.
    pub(super) queue_id: String,
    pub(super) envelope: Option<Envelope>,
    pub(super) arriving: Option<Box<Arriving>>,
}

impl Conversation {
    pub(super) fn new(milter: Arc<Milter>, io: Box<dyn Io>) -> Self {
        Self {
            milter,
            io,
            reader: PacketReader::default(),
            out: Vec::new(),
            terms: None,
            client: None,
            seat: None,
            login: None,
            queue_id: String::new(),
            envelope: None,
            arriving: None,
        }
    }

    /// Speaks until the end.
    pub(super) async fn run(&mut self, drain: &mut drain::Session) -> Ended {
        loop {
            if let Err(ended) = self.step(drain).await {
                if let Some(_cut) = self.arriving.take() {
                    self.milter.record_refusal(self.client, "aborted").await;
                }
                return ended;
            }
        }
    }

    /// What has been agreed on.
    fn has(&self, steps: u32) -> bool {
        self.terms.is_some_and(|terms| terms.steps & steps == steps)
    }

    /// Whether the mail server lets us do this.
    pub(super) fn may(&self, actions: u32) -> bool {
        self.terms.is_some_and(|terms| terms.actions & actions == actions)
    }

    /// Whether values of header fields begin with the space behind the colon.
    pub(super) fn leads(&self) -> bool {
        self.has(step::LEADING_SPACE)
    }

    /// Takes one packet.
    async fn step(&mut self, drain: &mut drain::Session) -> Result<(), Ended> {
        let Some(packet) = self.reader.next()?.map(<[u8]>::to_vec) else {
            self.flush().await?;
            return self.fill(drain).await;
        };
        let event = Event::read(&packet)?;
        if self.terms.is_none() && !matches!(event, Event::Negotiate(_)) {
            return Err(Ended::Garbage);
        }
        match event {
            Event::Negotiate(offered) => self.negotiate(offered)?,
            Event::Connect(client) => self.connect(client),
            Event::Macros(step, all) => self.macros(step, &all),
            Event::Helo | Event::Unknown | Event::Data => self.go_on(0),
            Event::Mail(words) => self.mail(&words).await,
            Event::Rcpt(words) => self.rcpt(&words).await,
            Event::Header(name, value) => {
                let leading = if self.leads() { value.to_vec() } else { [b" ", value].concat() };
                let field = Field::new(name, &leading, self.may(action::CHANGE_HEADERS));
                self.content()?.field(field);
                self.go_on(step::NO_REPLY_TO_HEADER);
            }
            Event::EndOfHeader => {
                self.content()?.end_of_header();
                self.go_on(step::NO_REPLY_TO_END_OF_HEADER);
            }
            Event::Body(piece) => {
                self.content()?.body(piece);
                self.go_on(step::NO_REPLY_TO_BODY);
            }
            Event::EndOfBody(piece) => {
                self.content()?.body(piece);
                self.conclude().await?;
            }
            Event::Abort => self.forget().await,
            Event::Quit => return Err(Ended::Over),
            Event::QuitForNext => {
                self.forget().await;
                self.connect(None);
                self.out.clear();
            }
        }
        Ok(())
    }

    fn negotiate(&mut self, offered: Terms) -> Result<(), Ended> {
        if offered.version < VERSION_MIN {
            return Err(Ended::Garbage);
        }
        let version = offered.version.min(VERSION);
        let terms = Terms { version, actions: offered.actions & ACTIONS, steps: offered.steps & STEPS };
        self.terms = Some(terms);
        put_terms(&mut self.out, terms);
        Ok(())
    }

    fn connect(&mut self, client: Option<IpAddr>) {
        self.client = client;
        self.login = None;
        self.seat = None;
        self.go_on(step::NO_REPLY_TO_CONNECT);
    }

    fn macros(&mut self, step: u8, all: &[(&[u8], &[u8])]) {
        for (name, value) in all {
            let Ok(value) = std::str::from_utf8(value) else { continue };
            match *name {
                b"{auth_authen}" if step == b'M' => {
                    let is_name = (1..=LOGIN_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control);
                    self.login = is_name.then(|| Account::new(value, AccountSource::SmtpAuth));
                }
                b"i" if value.len() <= 64 && value.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    value.clone_into(&mut self.queue_id);
                }
                _ => {}
            }
        }
    }

    async fn mail(&mut self, words: &[&[u8]]) {
        // The name of this mail may have been told already.
        let queue_id = std::mem::take(&mut self.queue_id);
        self.forget().await;
        self.queue_id = queue_id;
        let address = self.client;
        if let (Some(address), None) = (address, &self.seat) {
            match self.milter.rates.seat(address, self.now_ms()) {
                Ok(seat) => self.seat = Some(seat),
                Err(enough) => {
                    self.milter.record_refusal(address.into(), enough.id()).await;
                    return self.say(CROWDED);
                }
            }
        }
        // Only this mail's: the next client's login is told anew.
        let account = self.login.take();
        if let Some(sender) = self.sender(account.as_ref())
            && let Err(enough) = self.milter.rates.mail(sender, self.now_ms())
        {
            self.milter.record_refusal(address, enough.id()).await;
            return self.say(TOO_MANY_MAILS);
        }
        self.envelope = Some(Envelope::new(words, account));
        self.go_on(0);
    }

    async fn rcpt(&mut self, words: &[&[u8]]) {
        let to = Envelope::recipient(words);
        let Some(envelope) = &self.envelope else { return self.say(super::FAILED) };
        let others = &envelope.transaction.to;
        if others.len() == RECIPIENTS_MAX {
            return self.say(TOO_MANY_TO);
        }
        let zone = |to: &str| self.milter.gate.policy().zone_of_recipient(to);
        let is_split = self.client.is_some_and(|client| self.milter.splits(client));
        let first = others.first().map(|to| to.path.as_str());
        if is_split && first.is_some_and(|first| zone(first) != zone(to.path.as_str())) {
            return self.say(OTHER_ZONE);
        }
        if let Some(sender) = self.sender(envelope.account.as_ref())
            && let Err(enough) = self.milter.rates.recipient(sender, self.now_ms())
        {
            self.milter.record_refusal(self.client, enough.id()).await;
            return self.say(TOO_MANY_RECIPIENTS);
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.transaction.to.push(to);
        }
        self.go_on(0);
    }

    /// Whose mails are counted together.
    fn sender(&self, account: Option<&Account>) -> Option<Sender> {
        let is_known = account.is_some() || self.client.is_some();
        is_known.then(|| Sender::of(account, self.client.unwrap_or(NOWHERE)))
    }

    fn now_ms(&self) -> u64 {
        self.milter.gate.clock().now().unix_ms()
    }

    /// The mail whose content comes.
    fn content(&mut self) -> Result<&mut Arriving, Ended> {
        let envelope = self.envelope.as_ref().ok_or(Ended::Garbage)?;
        let (milter, fields) = (&self.milter, envelope.transaction.telling_fields());
        Ok(self.arriving.get_or_insert_with(|| {
            let mut intake = milter.gate.begin(Hint { name: None, content_type: Some("message/rfc822".to_owned()) });
            fields.iter().for_each(|(name, value)| intake.field(name, value.as_bytes()));
            Box::new(Arriving::new(intake, milter.size_max))
        }))
    }

    /// The mail of now is not to be.
    pub(super) async fn forget(&mut self) {
        if self.arriving.take().is_some() {
            self.milter.record_refusal(self.client, "aborted").await;
        }
        self.envelope = None;
        self.queue_id.clear();
    }

    /// Says that there is nothing to say, unless it was agreed that this needs no saying.
    fn go_on(&mut self, unless: u32) {
        if unless == 0 || !self.has(unless) {
            put(&mut self.out, CONTINUE, &[]);
        }
    }

    /// Answers with a reply for the mail server's client.
    pub(super) fn say(&mut self, reply: impl Into<Reply>) {
        let utf8 = self.envelope.as_ref().is_some_and(|envelope| envelope.transaction.from.smtp_utf8);
        let mut text = Vec::new();
        reply.into().write(utf8, &mut text);
        // Sendmail takes it for a format.
        let text: Vec<u8> = text.strip_suffix(b"\r\n").unwrap_or(&text).to_vec();
        let text = text.split(|byte| *byte == b'%').collect::<Vec<_>>().join(&b"%%"[..]);
        put(&mut self.out, b'y', &[&text, b"\0"]);
    }

    /// Writes what was gathered.
    pub(super) async fn flush(&mut self) -> Result<(), Ended> {
        if !self.out.is_empty() {
            let out = std::mem::take(&mut self.out);
            let written = timeout(WRITE_MAX, self.io.write_all(&out)).await.map_err(|_| Ended::Over)?;
            written?;
        }
        Ok(())
    }

    async fn fill(&mut self, drain: &mut drain::Session) -> Result<(), Ended> {
        let wait = if self.envelope.is_some() { NEXT_MAX } else { IDLE_MAX };
        let spare = self.reader.spare();
        // Between mails a conversation keeps no more than it needs for commands.
        let room = if self.arriving.is_some() { READ_BYTES } else { 2 << 10 };
        spare.shrink_to(room.max(spare.len()));
        spare.reserve(room);
        let until = Instant::now() + wait;
        let read = tokio::time::timeout_at(until, self.io.read_buf(spare));
        let read = if self.arriving.is_none() {
            // A mail that has begun to come is taken to its end.
            tokio::select! {
                biased;
                () = drain.drained() => return Err(Ended::Over),
                read = read => read,
            }
        } else {
            read.await
        };
        match read {
            Ok(Ok(n)) if n > 0 => Ok(()),
            _ => Err(Ended::Over),
        }
    }
}
