//! The milter channel: a mail server asks what may become of a mail before it takes it (sendmail's milter protocol,
//! version 6, as Postfix and sendmail speak it).
//!
//! The mail stays with the mail server: we say no, change it, have it kept, or let it go on. Nothing is delivered from
//! here, and who may send is the mail server's to know. Mail servers are believed what they say of their clients, so
//! only listed ones (`mail.trusted`) are spoken to.

mod conversation;
mod message;
mod packet;
#[cfg(feature = "test-support")]
pub(super) mod probe;
mod socket;
mod verdict;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chot_audit::Event;
use chot_config::{MailSettings, MilterQuarantine, Network};
use chot_model::{Account, Channel};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

use self::conversation::{Conversation, Ended};
pub(crate) use self::socket::bind as bind_socket;
use super::rates::Rates;
use super::reply::{OneLine, Reply};
use super::wire::Io;
use super::{Mail, limits};
use crate::gate::Gate;
use crate::{descriptors, drain};

/// The gateway itself failed.
const FAILED: OneLine = Reply::line(451, "4.3.0 The message could not be checked, try again later");

/// The milter channel: what all its conversations share.
pub struct Milter {
    gate: Gate,
    /// Mail servers that are spoken to.
    servers: Vec<Network>,
    /// Clients of theirs that must send to each zone separately.
    split: Vec<Network>,
    rates: Arc<Rates>,
    size_max: u64,
    /// Mails say whether two readers may see two mails in them.
    tells_ambiguity: bool,
    /// Where mails wait for a person; `None`: on hold at the mail server.
    quarantine: Option<Arc<Mail>>,
    permits: Arc<Semaphore>,
    last_stranger: AtomicU64,
}

impl std::fmt::Debug for Milter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Milter").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl Milter {
    /// Prepares the channel. `mail` is the SMTP proxy beside it, whose quarantine it may share.
    pub fn new(gate: Gate, settings: &MailSettings, mail: Option<Arc<Mail>>) -> Self {
        let is_own = settings.milter_quarantine == MilterQuarantine::Own;
        Self {
            gate,
            servers: settings.trusted.clone(),
            split: settings.split_zones.clone(),
            rates: Arc::new(Rates::new(settings.limits)),
            size_max: settings.size_max,
            tells_ambiguity: settings.ambiguity_header,
            quarantine: mail.filter(|_| is_own),
            permits: Arc::new(Semaphore::new(descriptors::connections(limits::SESSIONS_MAX))),
            last_stranger: AtomicU64::new(0),
        }
    }

    /// Whether this client must send to each zone separately.
    fn splits(&self, client: IpAddr) -> bool {
        self.split.iter().any(|network| network.contains(client))
    }

    /// Whose address it is. `None` where the directory cannot say what groups that account is in: what a group may not
    /// send must not leave.
    async fn account_of(&self, client: Option<IpAddr>) -> Option<Account> {
        match client {
            Some(client) => self.gate.account_of(client).await.ok(),
            None => Some(Account::unknown()),
        }
    }

    fn own_quarantine(&self) -> Option<&Mail> {
        self.quarantine.as_deref()
    }

    /// Records that something was refused before there was a mail to judge. That the record may fail changes
    /// nothing: it is refused all the same.
    async fn record_refusal(&self, client: Option<IpAddr>, reason: &str) {
        let (channel, reason) = (Channel::Milter, reason.to_owned());
        let event = Event::Refusal { id: None, channel, client, host: String::new(), reason, bytes: 0, account: None };
        let _ = self.gate.ledger().event(event).await;
    }

    /// Serves one connection to its end. Who has no address came by way of the socket file, and may.
    async fn serve(self: Arc<Self>, io: Box<dyn Io>, peer: Option<IpAddr>, mut drain: drain::Session) {
        if let Some(peer) = peer
            && !self.servers.iter().any(|network| network.contains(peer))
        {
            let now = self.gate.clock().now().unix_ms() / limits::STRANGER_RECORD_MS;
            if self.last_stranger.swap(now, Ordering::Relaxed) != now {
                self.record_refusal(Some(peer), "client-not-listed").await;
            }
            return;
        }
        let ended = Conversation::new(Arc::clone(&self), io).run(&mut drain).await;
        if ended == Ended::Garbage {
            self.record_refusal(peer, "not-a-milter-client").await;
        }
    }
}

/// Where mail servers connect.
#[derive(Debug)]
pub enum Listener {
    /// An address.
    Address(TcpListener),
    /// A socket file.
    File(UnixListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Box<dyn Io>, Option<IpAddr>)> {
        Ok(match self {
            Self::Address(listener) => {
                let (tcp, peer) = listener.accept().await?;
                let _ = tcp.set_nodelay(true);
                (Box::new(tcp), Some(peer.ip().to_canonical()))
            }
            Self::File(listener) => (Box::new(listener.accept().await?.0), None),
        })
    }
}

/// Serves a listener until draining begins. Conversations go on by themselves and end with the drain.
pub async fn serve(milter: Arc<Milter>, listener: Listener, mut session: drain::Session) {
    loop {
        let accepted = async {
            let permit = Arc::clone(&milter.permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            biased;
            () = session.drained() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((io, peer)) => {
                let serving = Arc::clone(&milter).serve(io, peer, session.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            // Out of descriptors, mostly: give conversations time to end instead of spinning.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
