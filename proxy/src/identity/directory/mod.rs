//! Accounts that a directory knows: LDAP, Active Directory (RFC 4511, RFC 4513).
//!
//! A password is right when the directory lets its owner in with it; groups are what the directory says. The connection
//! is TLS with a verified certificate before anything is said on it, made for one question and closed behind it: the
//! answers are remembered elsewhere. A directory that cannot be asked lets nobody in.

mod ber;
mod dn;
#[cfg(feature = "test-support")]
pub mod probe;
mod session;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chot_config::{DirectoryServer, DirectorySettings};
use chot_model::Secret;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::session::{Entry, Equals, Session};
use super::users::{Known, is_name};
use crate::{Error, secret, tls};

/// Time for a server to be reached, TLS included, before the next is tried.
const CONNECT_SECONDS: u64 = 4;
/// Time for the whole question.
const ASK_SECONDS: u64 = 15;
/// Questions at once: a directory has better to do than a gateway's morning.
const AT_ONCE_MAX: usize = 16;
/// Groups of one account.
const GROUPS_MAX: usize = 1_000;
/// Members of such groups are names and not entries (RFC 2307 §4).
const MEMBER_BY_NAME: &str = "memberUid";

/// Why a directory gave no answer. Nothing of what was asked is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    /// No server could be reached.
    #[error("no directory server could be reached")]
    Unreachable,
    /// A server does not turn to TLS, or its certificate does not verify.
    #[error("the directory server has no TLS that can be trusted")]
    NoTls,
    /// The connection broke off.
    #[error("the directory server ended the connection")]
    Lost,
    /// It said no, by this code.
    #[error("the directory server refuses, with result code {0}")]
    Refused(u32),
    /// What it said is no LDAP.
    #[error("the directory server answers wrongly")]
    Answer,
    /// More than one entry has this name, or there are more groups than anybody is in.
    #[error("the directory server finds too much")]
    TooMany,
    /// It took too long.
    #[error("the directory server takes too long")]
    TimeOut,
    /// The reader's own password is wrong.
    #[error("the directory server does not let the reader in")]
    Reader,
}

/// A connection on which a question is asked.
type Asked = Session<TlsStream<TcpStream>>;

/// A directory.
pub(super) struct Directory {
    servers: Vec<DirectoryServer>,
    tls: TlsConnector,
    base: String,
    name: String,
    bind_as: Option<(String, String)>,
    reader: Option<(String, Secret)>,
    groups: String,
    group_base: Option<String>,
    /// The attribute, and a rule other than its own.
    member: (String, Option<String>),
    turns: Semaphore,
}

impl Directory {
    /// Reads the files that the settings name. Certificates are trusted as those of web servers are.
    pub(super) fn new(settings: &DirectorySettings, extra_roots: &[PathBuf]) -> Result<Self, Error> {
        let reader = settings.reader.as_ref().map(|(name, file)| {
            let password = secret::read(file)?;
            Ok::<_, Error>((name.clone(), Secret::new(password.trim_end_matches(['\r', '\n']))))
        });
        let member = match settings.group_member.split_once(':') {
            Some((attribute, rule)) => (attribute.to_owned(), Some(rule.trim_end_matches(':').to_owned())),
            None => (settings.group_member.clone(), None),
        };
        Ok(Self {
            servers: settings.servers.clone(),
            tls: TlsConnector::from(Arc::new(tls::roots(extra_roots)?)),
            base: settings.base.clone(),
            name: settings.name.clone(),
            bind_as: settings.bind_as.clone(),
            reader: reader.transpose()?,
            groups: settings.groups.clone(),
            group_base: settings.group_base.clone(),
            member,
            turns: Semaphore::new(AT_ONCE_MAX),
        })
    }

    /// The account, if this is its password.
    pub(super) async fn check(&self, name: &str, password: &str) -> Result<Option<Known>, Unavailable> {
        if !is_name(name) || password.is_empty() || password.contains('\0') {
            return Ok(None);
        }
        let password = Secret::new(password);
        in_time(async {
            let (_turn, mut session) = self.begin().await?;
            let answer = self.check_on(&mut session, name, &password).await;
            session.end().await;
            answer
        })
        .await
    }

    async fn check_on(&self, session: &mut Asked, name: &str, password: &Secret) -> Result<Option<Known>, Unavailable> {
        match (&self.bind_as, &self.reader) {
            (Some(around), _) => {
                if !session.bind(&dn::around(around, name), password).await? {
                    return Ok(None);
                }
                self.find(session, name).await.map(|found| found.map(|(known, _)| known))
            }
            (None, Some(reader)) => {
                log_in(session, reader).await?;
                let Some((known, entry)) = self.find(session, name).await? else { return Ok(None) };
                Ok(session.bind(&entry, password).await?.then_some(known))
            }
            (None, None) => Ok(None),
        }
    }

    /// An account that somebody else vouches for, with its groups; `None` where there is none or nobody may search for it.
    pub(super) async fn known(&self, name: &str) -> Result<Option<Known>, Unavailable> {
        let Some(reader) = self.reader.as_ref().filter(|_| is_name(name)) else { return Ok(None) };
        in_time(async {
            let (_turn, mut session) = self.begin().await?;
            log_in(&mut session, reader).await?;
            let found = self.find(&mut session, name).await;
            session.end().await;
            Ok(found?.map(|(known, _)| known))
        })
        .await
    }

    /// Whether the directory answers, and lets the reader in.
    pub(super) async fn probe(&self) -> Result<(), Unavailable> {
        in_time(async {
            let (_turn, mut session) = self.begin().await?;
            let let_in = match &self.reader {
                Some(reader) => log_in(&mut session, reader).await,
                None => Ok(()),
            };
            session.end().await;
            let_in
        })
        .await
    }

    /// A turn, and a connection to the first server that can be reached.
    async fn begin(&self) -> Result<(SemaphorePermit<'_>, Asked), Unavailable> {
        let turn = self.turns.acquire().await.map_err(|_| Unavailable::TimeOut)?;
        Ok((turn, self.connect().await?))
    }

    async fn connect(&self) -> Result<Asked, Unavailable> {
        let mut why = Unavailable::Unreachable;
        for server in &self.servers {
            let connecting = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS), self.connect_to(server));
            match connecting.await.unwrap_or(Err(Unavailable::Unreachable)) {
                Ok(session) => return Ok(session),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }

    async fn connect_to(&self, server: &DirectoryServer) -> Result<Asked, Unavailable> {
        let unreachable = |_: io::Error| Unavailable::Unreachable;
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await.map_err(unreachable)?;
        // A socket that cannot be tuned still works.
        let _ = stream.set_nodelay(true);
        let stream = if server.starts_clear { Session::new(stream).start_tls().await? } else { stream };
        let name = ServerName::try_from(server.host.clone()).map_err(|_| Unavailable::NoTls)?;
        Ok(Session::new(self.tls.connect(name, stream).await.map_err(|_| Unavailable::NoTls)?))
    }

    /// The only account of this name, and its entry. Its name is as the directory writes it: there `An.Nguyen` and
    /// `an.nguyen` are one, and in policies they must be too.
    async fn find(&self, session: &mut Asked, name: &str) -> Result<Option<(Known, String)>, Unavailable> {
        let what = Equals { attribute: &self.name, value: name, rule: None };
        let wanted = [self.name.as_str(), self.groups.as_str()];
        let found = session.search(&self.base, Some(what), &wanted, 1).await?;
        let Some(entry) = found.into_iter().next() else { return Ok(None) };
        let is_it = |value: &&str| value.to_lowercase() == name.to_lowercase();
        let Some(name) = entry.values(&self.name).find(is_it).map(str::to_owned).filter(|name| is_name(name)) else {
            return Ok(None);
        };
        let mut groups: Vec<String> = entry.values(&self.groups).filter_map(dn::first_value).collect();
        groups.extend(self.searched_groups(session, &entry, &name).await?);
        groups.sort_unstable();
        groups.dedup();
        Ok(Some((Known { name, groups }, entry.name)))
    }

    /// The groups that name the account as their member.
    async fn searched_groups(
        &self,
        session: &mut Asked,
        entry: &Entry,
        name: &str,
    ) -> Result<Vec<String>, Unavailable> {
        let Some(base) = &self.group_base else { return Ok(Vec::new()) };
        let (attribute, rule) = &self.member;
        let value = if attribute.eq_ignore_ascii_case(MEMBER_BY_NAME) { name } else { &entry.name };
        let what = Equals { attribute, value, rule: rule.as_deref() };
        // Names are all that is wanted, and come with every entry (RFC 4511 §4.5.1.8: `1.1` is no attribute).
        let groups = session.search(base, Some(what), &["1.1"], GROUPS_MAX).await?;
        Ok(groups.iter().filter_map(|group| dn::first_value(&group.name)).collect())
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
    tokio::time::timeout(Duration::from_secs(ASK_SECONDS), asking).await.unwrap_or(Err(Unavailable::TimeOut))
}

async fn log_in(session: &mut Asked, (name, password): &(String, Secret)) -> Result<(), Unavailable> {
    if session.bind(name, password).await? { Ok(()) } else { Err(Unavailable::Reader) }
}
