//! The mail channel: a synchronous SMTP proxy between the organisation's mail programs and its relay.
//!
//! It has no queue. A mail is taken, judged, and handed to the next hop while its client waits; the 250 the client
//! gets is the next hop's own, and whatever goes wrong leaves the mail with the client. It serves listed networks
//! only, and never asks who a recipient is: it is no open relay and no mail server.
//!
//! What it cannot see: mail encrypted from end to end (S/MIME, PGP), which the inspection calls opaque, and mail
//! that does not come this way. Over SMTP all recipients of a mail share its verdict; only LMTP has an answer for
//! each.
//!
//! A mail's way through the files: `session` → `introductions` → `envelope` → `content` → `receive` (`data`, `header`) → the gate →
//! `commit` or `refusal`.

mod ahead;
mod auth;
mod command;
mod commit;
mod content;
mod data;
mod dkim;
mod downstream;
mod ehlo;
mod envelope;
mod forwarded;
mod header;
mod idle;
mod introductions;
mod limits;
mod line;
#[expect(clippy::module_inception, reason = "named for the command MAIL, as its neighbours for theirs")]
mod mail;
pub mod milter;
mod notice;
mod path;
#[cfg(feature = "test-support")]
pub mod probe;
pub(crate) mod quarantine;
mod rates;
mod rcpt;
mod receive;
mod refusal;
mod reply;
mod session;
mod starttls;
mod subject;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod wire;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chot_audit::Event;
use chot_config::{ClientTls, MailSettings, Network, NotifySenders, QuarantineReply};
use chot_model::Channel;
use rustls::ServerConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::dkim::{Keys, Signers};
use self::downstream::NextHop;
use self::quarantine::Quarantine;
use self::rates::Rates;
use self::session::Dialect;
use self::wire::Wire;
use crate::gate::{Abilities, Gate};
use crate::proxy_protocol::{self, Header};
use crate::{Error, descriptors, drain};

/// The mail channel: what all its sessions share.
pub struct Mail {
    gate: Gate,
    clients: Vec<Network>,
    mended: Vec<Network>,
    /// Hosts that are believed what they say of their clients.
    trusted: Vec<Network>,
    /// Load balancers that say who connected to them.
    balancers: Vec<Network>,
    /// Clients that must send to each zone separately.
    split: Vec<Network>,
    next_hop: NextHop,
    server_tls: Option<Arc<ServerConfig>>,
    quarantine: Quarantine,
    /// What mails of our own domains are signed with again.
    keys: Keys,
    rates: Arc<Rates>,
    quarantine_days: u32,
    /// Senders of mails in quarantine are told no.
    refuses_held: bool,
    /// Which senders hear by mail what became of theirs.
    notify_senders: NotifySenders,
    /// Who writes to them.
    notice_from: Option<String>,
    /// Mails say whether two readers may see two mails in them.
    tells_ambiguity: bool,
    /// No mail and no login before STARTTLS.
    requires_tls: bool,
    size_max: u64,
    permits: Arc<Semaphore>,
    /// Connections at once, with those that are only told to go: strangers must not use up our descriptors.
    doors: Arc<Semaphore>,
    /// When a client outside the list was last recorded, in units of [`limits::STRANGER_RECORD_MS`] since 1970.
    last_stranger: AtomicU64,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("next_hop", &self.next_hop.address).finish_non_exhaustive()
    }
}

impl Mail {
    /// Prepares the channel: reads certificates, checks the next hop's name. `extra_roots` are trusted besides the
    /// system's when the next hop must be verified.
    ///
    /// # Errors
    /// When a certificate or key cannot be used, there is no next hop, or the quarantine in `data` cannot be opened.
    pub fn new(
        gate: Gate,
        settings: &MailSettings,
        extra_roots: &[PathBuf],
        data: &Path,
        free_bytes_min: u64,
    ) -> Result<Self, Error> {
        let (address, name) = next_hop(settings)?;
        let server_tls = server_tls(settings)?;
        let next_hop = NextHop {
            address,
            name,
            tls_mode: settings.next_hop_tls,
            tls: tls::client(settings.next_hop_tls, extra_roots)?,
            own_name: own_name(),
            limits: limits::Limits::default(),
            idle: idle::Idle::default(),
        };
        let dir = data.join("quarantine");
        let quarantine =
            Quarantine::open(&dir, free_bytes_min).map_err(|source| Error::Data { path: dir.clone(), source })?;
        let requires_tls = settings.client_tls == ClientTls::Require;
        let sessions = descriptors::connections(limits::SESSIONS_MAX);
        let (permits, doors) = (Arc::new(Semaphore::new(sessions)), Arc::new(Semaphore::new(2 * sessions)));
        let (clients, mended) = (settings.clients.clone(), settings.mend_lines.clone());
        let (trusted, split, size_max) = (settings.trusted.clone(), settings.split_zones.clone(), settings.size_max);
        Ok(Self {
            gate,
            clients,
            mended,
            trusted,
            balancers: settings.proxy_protocol.clone(),
            split,
            next_hop,
            server_tls,
            quarantine,
            keys: Keys::load(&settings.dkim)?,
            rates: Arc::new(Rates::new(settings.limits)),
            quarantine_days: settings.quarantine_days,
            refuses_held: settings.quarantine_reply == QuarantineReply::Refuse,
            notify_senders: settings.notify_senders,
            notice_from: settings.notice_from.clone(),
            tells_ambiguity: settings.ambiguity_header,
            requires_tls,
            size_max,
            permits,
            doors,
            last_stranger: AtomicU64::new(0),
        })
    }

    /// Reads what [`Self::new`] would and keeps nothing.
    ///
    /// # Errors
    /// As there, the quarantine excepted.
    pub(crate) fn check(settings: &MailSettings, extra_roots: &[PathBuf]) -> Result<(), Error> {
        next_hop(settings)?;
        server_tls(settings)?;
        Keys::load(&settings.dkim)?;
        tls::client(settings.next_hop_tls, extra_roots).map(drop)
    }

    /// Whether this client may send.
    fn serves(&self, client: IpAddr) -> bool {
        self.clients.iter().any(|network| network.contains(client))
    }

    /// Whether this client must send to each zone separately.
    fn splits(&self, client: IpAddr) -> bool {
        self.split.iter().any(|network| network.contains(client))
    }

    /// What can be done with a mail besides sending and refusing it.
    fn abilities(&self, signers: &Signers) -> Abilities {
        Abilities { redact: true, is_sealed: !self.keys.can_replace(signers), quarantine: true }
    }

    /// What a mail tells of its ambiguity, where it shall.
    fn ambiguity(&self, is_ambiguous: bool) -> Option<bool> {
        self.tells_ambiguity.then_some(is_ambiguous)
    }

    /// What a session begins with.
    fn greeting(&self, dialect: Dialect) -> String {
        let name = match dialect {
            Dialect::Smtp => "ESMTP",
            Dialect::Lmtp => "LMTP",
        };
        format!("{} {name} chot", self.next_hop.own_name)
    }

    /// Whether bare line ends of this client are mended instead of refused.
    fn mends(&self, client: IpAddr) -> bool {
        self.mended.iter().any(|network| network.contains(client))
    }

    /// Records that something was refused before there was a mail to judge. That the record may fail changes
    /// nothing: it is refused all the same.
    async fn record_refusal(&self, client: IpAddr, reason: &str) {
        let (channel, client, reason) = (Channel::Mail, Some(client), reason.to_owned());
        let event = Event::Refusal { id: None, channel, client, account: None, host: String::new(), reason, bytes: 0 };
        let _ = self.gate.ledger().event(event).await;
    }

    /// Records a client outside the list, not more often than the ledger should be bothered with strangers.
    async fn record_stranger(&self, client: IpAddr) {
        let now = self.gate.clock().now().unix_ms() / limits::STRANGER_RECORD_MS;
        if self.last_stranger.swap(now, Ordering::Relaxed) != now {
            self.record_refusal(client, "client-not-listed").await;
        }
    }
}

/// Lets go of what has waited in quarantine for too long, until draining begins.
pub async fn expire(mail: Arc<Mail>, mut session: drain::Session) {
    let mut ticks = tokio::time::interval(limits::EXPIRE_EVERY);
    loop {
        tokio::select! {
            () = session.drained() => return,
            _ = ticks.tick() => mail.expire_quarantined(mail.quarantine_days).await,
        }
    }
}

/// What is spoken at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// SMTP.
    Smtp,
    /// SMTP under TLS from the first byte on, as programs submit mail at port 465 (RFC 8314).
    Secure,
    /// LMTP.
    Lmtp,
}

/// Serves a listener until draining begins. Sessions go on by themselves and end with the drain.
pub async fn serve(mail: Arc<Mail>, door: Door, listener: TcpListener, mut session: drain::Session) {
    let mut dismissing = tokio::time::interval(limits::IDLE_LOOK);
    loop {
        let accepted = async {
            if mail.doors.available_permits() == 0 {
                mail.gate.counts().count_crowded();
            }
            let place = Arc::clone(&mail.doors).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            biased;
            () = session.drained() => return mail.next_hop.idle.dismiss(true).await,
            _ = dismissing.tick() => {
                mail.next_hop.idle.dismiss(false).await;
                continue;
            }
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let peer = peer.ip().to_canonical();
                // Large, and otherwise handed from place to place until it lies where it is run.
                let serving = Box::pin(admit(Arc::clone(&mail), door, tcp, peer, session.clone()));
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            // Out of descriptors, mostly: give sessions time to end instead of spinning.
            Err(_) => {
                mail.gate.counts().count_unaccepted();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Finds out who connected, and serves them.
async fn admit(mail: Arc<Mail>, door: Door, mut tcp: TcpStream, mut peer: IpAddr, drain: drain::Session) {
    if mail.balancers.iter().any(|network| network.contains(peer)) {
        match timeout(limits::PROXY_HEADER, proxy_protocol::receive(&mut tcp)).await {
            Ok(Ok(Header::Proxied(ends))) => peer = ends.source.ip().to_canonical(),
            // A health check that sends no mail is no stranger to be recorded.
            Ok(Ok(Header::Own)) if !mail.serves(peer) => return,
            Ok(Ok(Header::Own)) => {}
            Ok(Err(_)) | Err(_) => return mail.record_refusal(peer, "proxy-protocol").await,
        }
    }
    let _ = tcp.set_nodelay(true);
    let limits = mail.next_hop.limits;
    let mut client = Wire::new(Box::new(tcp), limits::AUTH_LINE_BYTES_MAX, limits.client_block);
    if door == Door::Secure {
        // A handshake is work that strangers are not worth, and without it there are no words for them.
        if !mail.serves(peer) {
            return mail.record_stranger(peer).await;
        }
        let Some(config) = mail.server_tls.clone() else { return };
        match starttls::accept(client, config, limits.handshake, limits.client_block).await {
            Ok(secured) => client = secured,
            Err(_) => return,
        }
    }
    session::serve(mail, door, client, peer, drain).await;
}

/// The relay behind us, and its name.
fn next_hop(settings: &MailSettings) -> Result<(String, ServerName<'static>), Error> {
    let address = settings.next_hop.clone().ok_or(Error::NextHop { address: String::new() })?;
    match server_name(&address) {
        Some(name) => Ok((address, name)),
        None => Err(Error::NextHop { address }),
    }
}

/// TLS towards clients, where there is a certificate for it.
fn server_tls(settings: &MailSettings) -> Result<Option<Arc<ServerConfig>>, Error> {
    match (&settings.cert, &settings.key) {
        (Some(cert), Some(key)) => tls::server(cert, key).map(Some),
        (None, None) => Ok(None),
        _ => Err(Error::Tls { what: "mail.cert and mail.key only make sense together".to_owned(), source: None }),
    }
}

/// The host of `host:port`, as TLS names it.
fn server_name(address: &str) -> Option<ServerName<'static>> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

/// What we call ourselves: the name of this host, where it has one that SMTP allows.
fn own_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_str().unwrap_or_default();
    if path::is_domain(name) && name.is_ascii() { name.to_owned() } else { "localhost".to_owned() }
}
