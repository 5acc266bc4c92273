//! Who sends: by the password they give the proxy, by the ticket they show it, or by the address they come from.
//!
//! A password is checked once, against argon2 hashes or by a directory, and remembered for minutes under a keyed digest,
//! never kept. A ticket counts for the connection it was shown on. An address is mapped by a file and, for a time, by whoever may use the admin door (a log-on script). It
//! grants nothing: what an account may send is the policy's.

mod addresses;
mod directory;
mod passwords;
mod tickets;
mod users;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chot_config::IdentitySettings;
use chot_model::{Account, AccountSource, Timestamp};
use moka::future::Cache;

pub(crate) use self::directory::Unavailable;
#[cfg(feature = "test-support")]
pub use self::directory::probe;
pub(crate) use self::tickets::Unproven;
pub use self::tickets::serve as serve_tickets;
pub use self::users::hash;

use self::addresses::Addresses;
use self::directory::Directory;
use self::passwords::{Passwords, Place};
use self::tickets::{Proof, Tickets};
use self::users::{Known, Users};
use crate::{Error, base64};

/// Accounts without a password whose groups are remembered.
const KNOWN_REMEMBERED_MAX: u64 = 50_000;

/// What the proxy knows about people.
pub struct Identity {
    users: Option<Arc<Users>>,
    directory: Option<Arc<Directory>>,
    is_required: bool,
    passwords: Passwords,
    addresses: Addresses,
    tickets: Option<Tickets>,
    remember: Duration,
    /// What the directory said of accounts that nobody had to give a password for.
    known: Cache<String, Arc<Known>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("is_required", &self.is_required).finish_non_exhaustive()
    }
}

/// What came of asking who a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// This account, `unknown` where nobody has to say.
    Is(Account),
    /// This account, by a ticket that is good once: for the connection it was shown on. With it comes what the client is
    /// told.
    Proven(Account, Option<String>),
    /// They have to say.
    Unsaid,
    /// What they said is wrong; the name they gave, where it is one.
    Wrong(Option<String>),
    /// They showed something else than a ticket of theirs.
    Unproven(Unproven),
    /// The directory cannot be asked about this name.
    Unasked(String, Unavailable),
}

/// How credentials are given: the first word of a Proxy-Authorization.
const NEGOTIATE: &str = "Negotiate";

impl Identity {
    /// Reads the files that the settings name. A directory is trusted by the roots that web servers are trusted by.
    ///
    /// # Errors
    /// When one cannot be used.
    pub fn new(settings: &IdentitySettings, extra_roots: &[PathBuf]) -> Result<Self, Error> {
        let users = settings.users.as_deref().map(Users::load).transpose()?;
        let directory = settings.directory.as_ref().map(|directory| Directory::new(directory, extra_roots));
        let directory = directory.transpose()?.map(Arc::new);
        let tickets = settings.kerberos.as_ref().map(Tickets::new).transpose()?;
        let remember = Duration::from_secs(settings.remember_s);
        Ok(Self {
            is_required: (users.is_some() || directory.is_some() || tickets.is_some()) && settings.required,
            users: users.map(Arc::new),
            directory,
            passwords: Passwords::new(remember)?,
            addresses: Addresses::new(settings.addresses.as_deref())?,
            tickets,
            remember,
            known: Cache::builder().max_capacity(KNOWN_REMEMBERED_MAX).time_to_live(remember).build(),
        })
    }

    /// Who a client is that knows of the proxy; `authorization` is the value of its Proxy-Authorization.
    pub(crate) async fn of(&self, address: IpAddr, authorization: Option<&[u8]>, now: Timestamp) -> Who {
        if let (Some(tickets), Some((scheme, token))) = (&self.tickets, authorization.and_then(parts)) {
            if scheme.eq_ignore_ascii_case(NEGOTIATE) {
                return self.of_ticket(tickets, token).await;
            }
            if scheme.eq_ignore_ascii_case("NTLM") {
                return Who::Unproven(Unproven::Ntlm);
            }
        }
        let is_asked = self.users.is_some() || self.directory.is_some() || self.tickets.is_some();
        if let Some(authorization) = authorization.filter(|_| is_asked) {
            let Some((name, password)) = basic(authorization) else { return Who::Wrong(None) };
            let Some(place) = self.place_of(&name) else { return Who::Wrong(Some(name)) };
            return match self.passwords.check(&place, name.clone(), password).await {
                Ok(Some(known)) => {
                    Who::Is(Account { name: known.name, source: AccountSource::ProxyAuth, groups: known.groups })
                }
                Ok(None) => Who::Wrong(Some(name)),
                Err(why) => Who::Unasked(name, why),
            };
        }
        match self.of_address(address, now).await {
            Ok(account) if account.source != AccountSource::Unknown || !self.is_required => Who::Is(account),
            Ok(_) => Who::Unsaid,
            Err((name, why)) => Who::Unasked(name, why),
        }
    }

    async fn of_ticket(&self, tickets: &Tickets, token: &str) -> Who {
        let Proof { name, reply } = match tickets.prove(token).await {
            Ok(proof) => proof,
            Err(why) => return Who::Unproven(why),
        };
        // A realm of Windows takes names in any case, so the file is not asked by letter.
        let known = match self.users.as_ref().and_then(|users| users.known_as(&name)) {
            Some(known) => Ok(known),
            None => self.vouched_for(name).await.map(|known| (*known).clone()),
        };
        match known {
            Ok(Known { name, groups }) => {
                let answer = (!reply.is_empty()).then(|| format!("{NEGOTIATE} {}", base64::encode(&reply)));
                Who::Proven(Account { name, source: AccountSource::ProxyAuth, groups }, answer)
            }
            Err((name, why)) => Who::Unasked(name, why),
        }
    }

    /// What the directory says of an account that needs no password.
    async fn vouched_for(&self, name: String) -> Result<Arc<Known>, (String, Unavailable)> {
        let nothing = || Known { name: name.clone(), groups: Vec::new() };
        let Some(directory) = &self.directory else { return Ok(Arc::new(nothing())) };
        let asking =
            async { Box::pin(directory.known(&name)).await.map(|known| Arc::new(known.unwrap_or_else(nothing))) };
        let known = self.known.try_get_with(name.clone(), asking).await;
        known.map_err(|why| (name.clone(), *why))
    }

    /// What may be answered to a question who somebody is, the better ones first.
    pub(crate) fn challenges(&self) -> impl Iterator<Item = &'static str> {
        let negotiate = self.tickets.is_some().then_some(NEGOTIATE);
        let basic = self.users.is_some() || self.directory.is_some();
        negotiate.into_iter().chain(basic.then_some("Basic realm=\"chot\", charset=\"UTF-8\""))
    }

    /// How long what was said counts without being said again.
    pub(crate) const fn remember(&self) -> Duration {
        self.remember
    }

    /// Where a name is looked for: in the file first, so that somebody can work when the directory is away.
    fn place_of(&self, name: &str) -> Option<Place> {
        let directory = self.directory.as_ref().map(|directory| Place::Directory(Arc::clone(directory)));
        match &self.users {
            Some(users) if directory.is_none() || users.holds(name) => Some(Place::File(Arc::clone(users))),
            _ => directory,
        }
    }

    /// Who a client is that cannot be asked.
    ///
    /// # Errors
    /// The account's name, where the directory cannot be asked about its groups: what a group may not send must not
    /// leave because nobody knows who is in it.
    pub(crate) async fn of_address(&self, address: IpAddr, now: Timestamp) -> Result<Account, (String, Unavailable)> {
        let Some(name) = self.addresses.of(address.to_canonical(), now) else { return Ok(Account::unknown()) };
        let groups = match self.users.as_ref().filter(|users| users.holds(&name)) {
            Some(users) => users.groups_of(&name),
            None => self.vouched_for(name.clone()).await?.groups.clone(),
        };
        Ok(Account { name, source: AccountSource::Address, groups })
    }

    /// Maps an address to an account until `until`; without an account the mapping ends. Tells whether there was room.
    pub(crate) fn map(&self, address: IpAddr, account: Option<&str>, until: Timestamp) -> bool {
        self.addresses.map(address.to_canonical(), account, until)
    }

    /// How many users the file has.
    pub(crate) fn users(&self) -> usize {
        self.users.as_ref().map_or(0, |users| users.len())
    }

    /// How many addresses and networks the file has.
    pub(crate) fn addresses(&self) -> usize {
        self.addresses.listed()
    }

    /// Whether the directory, if there is one, answers and knows its reader.
    ///
    /// # Errors
    /// Why not.
    pub async fn probe(&self) -> Result<(), Error> {
        let Some(directory) = &self.directory else { return Ok(()) };
        directory.probe().await.map_err(|why| Error::Identity(why.to_string()))
    }

    /// Shares the mappings that are made while running with `other`, whose place it takes.
    pub(crate) fn inherit(&mut self, other: &Self) {
        self.addresses.inherit(&other.addresses);
    }
}

/// The scheme of credentials and what follows it.
fn parts(authorization: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(authorization).ok()?.split_once(' ')
}

/// Name and password of `Basic` credentials (RFC 7617).
fn basic(authorization: &[u8]) -> Option<(String, String)> {
    let (scheme, pair) = parts(authorization)?;
    let pair = base64::decode(pair.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (name, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    users::is_name(name).then(|| (name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use super::*;

    fn write(dir: &Path, name: &str, text: &str) -> Option<PathBuf> {
        let path = dir.join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        Some(path)
    }

    fn credentials(pair: &str) -> Vec<u8> {
        format!("Basic {}", base64::encode(pair.as_bytes())).into_bytes()
    }

    #[tokio::test]
    async fn a_password_or_an_address_tells() {
        let dir = tempfile::tempdir().expect("a folder");
        let line = format!("an.nguyen:ke-toan,lanh-dao:{}\n", hash("mật khẩu dài").expect("a hash"));
        let settings = IdentitySettings {
            users: write(dir.path(), "users", &line),
            addresses: write(dir.path(), "addresses", "10.1.2.3 thu.tran\n10.9.0.0/16 may-in 2026-06-30\n"),
            required: true,
            remember_s: 300,
            directory: None,
            kerberos: None,
        };
        let identity = Identity::new(&settings, &[]).expect("an identity");
        let now = Timestamp::parse("2026-11-21T12:00:00Z").expect("a time");
        let ask = async |address: [u8; 4], said: Option<&str>| {
            let said = said.map(credentials);
            match identity.of(address.into(), said.as_deref(), now).await {
                Who::Is(account) => format!("{} {} {}", account.name, account.source.id(), account.groups.join(",")),
                Who::Wrong(name) => format!("Wrong {}", name.unwrap_or_default()),
                other => format!("{other:?}"),
            }
        };
        let stranger = [192, 0, 2, 1];
        assert_eq!(ask(stranger, Some("an.nguyen:mật khẩu dài")).await, "an.nguyen proxy-auth ke-toan,lanh-dao");
        // Remembered, and remembered only for the password that was right.
        assert_eq!(ask(stranger, Some("an.nguyen:mật khẩu dài")).await, "an.nguyen proxy-auth ke-toan,lanh-dao");
        for (wrong, name) in [
            ("an.nguyen:mật khẩu", "an.nguyen"),
            ("an.nguyen:", "an.nguyen"),
            ("ai.do:mật khẩu dài", "ai.do"),
            ("an.nguyen", ""),
            ("@ke-toan:x", ""),
            (":x", ""),
        ] {
            assert_eq!(ask(stranger, Some(wrong)).await, format!("Wrong {name}"), "{wrong}");
        }
        assert_eq!(ask(stranger, None).await, "Unsaid");
        assert_eq!(ask([10, 1, 2, 3], None).await, "thu.tran address ");
        // That mapping is over.
        assert_eq!(ask([10, 9, 1, 1], None).await, "Unsaid");
        let later = Timestamp::parse("2026-11-21T18:00:00Z").expect("a time");
        assert!(identity.map([10, 9, 1, 1].into(), Some("an.nguyen"), later));
        assert_eq!(ask([10, 9, 1, 1], None).await, "an.nguyen address ke-toan,lanh-dao");
        assert_eq!(identity.of_address([10, 9, 1, 1].into(), later).await, Ok(Account::unknown()));
        // What was mapped outlives a reload, what was remembered of passwords does not.
        let mut again = Identity::new(&settings, &[]).expect("an identity");
        again.inherit(&identity);
        assert_eq!(
            again.of_address([10, 9, 1, 1].into(), now).await.map(|account| account.name),
            Ok("an.nguyen".into())
        );
        assert!(identity.map([10, 9, 1, 1].into(), None, later));
        assert_eq!(ask([10, 9, 1, 1], None).await, "Unsaid");
        assert!(matches!(identity.of(stranger.into(), Some(b"Bearer x"), now).await, Who::Wrong(None)));
    }

    #[tokio::test]
    async fn without_users_nobody_is_asked() {
        let settings = IdentitySettings {
            users: None,
            addresses: None,
            required: true,
            remember_s: 300,
            directory: None,
            kerberos: None,
        };
        let identity = Identity::new(&settings, &[]).expect("an identity");
        let now = Timestamp::from_unix_us(0);
        for said in [None, Some(&b"Basic eDp5"[..])] {
            assert_eq!(identity.of([10, 0, 0, 1].into(), said, now).await, Who::Is(Account::unknown()));
        }
    }
}
