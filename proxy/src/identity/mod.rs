//! Who sends: by the password they give the proxy, or by the address they come from.
//!
//! A password is checked against argon2 hashes once and remembered for minutes under a keyed digest, never kept. An
//! address is mapped by a file and, for a time, by whoever may use the admin door (a log-on script). It grants nothing:
//! what an account may send is the policy's.

mod addresses;
mod passwords;
mod users;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chot_config::IdentitySettings;
use chot_model::{Account, AccountSource, Timestamp};

pub use self::users::hash;

use self::addresses::Addresses;
use self::passwords::Passwords;
use self::users::Users;
use crate::{Error, base64};

/// What the proxy knows about people.
pub struct Identity {
    users: Option<Arc<Users>>,
    is_required: bool,
    passwords: Passwords,
    addresses: Addresses,
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
    /// They have to say.
    Unsaid,
    /// What they said is wrong.
    Wrong,
}

impl Identity {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// When one cannot be used.
    pub fn new(settings: &IdentitySettings) -> Result<Self, Error> {
        let users = settings.users.as_deref().map(Users::load).transpose()?;
        Ok(Self {
            is_required: users.is_some() && settings.required,
            users: users.map(Arc::new),
            passwords: Passwords::new(Duration::from_secs(settings.remember_s))?,
            addresses: Addresses::new(settings.addresses.as_deref())?,
        })
    }

    /// Who a client is that knows of the proxy; `authorization` is the value of its Proxy-Authorization.
    pub(crate) async fn of(&self, address: IpAddr, authorization: Option<&[u8]>, now: Timestamp) -> Who {
        if let (Some(users), Some(authorization)) = (&self.users, authorization) {
            let Some((name, password)) = basic(authorization) else { return Who::Wrong };
            return match self.passwords.check(users, name, password).await {
                Some(groups) => {
                    Who::Is(Account { name: groups.name, source: AccountSource::ProxyAuth, groups: groups.groups })
                }
                None => Who::Wrong,
            };
        }
        match self.of_address(address, now) {
            account if account.source != AccountSource::Unknown || !self.is_required => Who::Is(account),
            _ => Who::Unsaid,
        }
    }

    /// Who a client is that cannot be asked.
    pub(crate) fn of_address(&self, address: IpAddr, now: Timestamp) -> Account {
        let Some(name) = self.addresses.of(address.to_canonical(), now) else { return Account::unknown() };
        let groups = self.users.as_ref().map(|users| users.groups_of(&name)).unwrap_or_default();
        Account { name, source: AccountSource::Address, groups }
    }

    /// Maps an address to an account until `until`; without an account the mapping ends. Tells whether there was room.
    pub(crate) fn map(&self, address: IpAddr, account: Option<&str>, until: Timestamp) -> bool {
        self.addresses.map(address.to_canonical(), account, until)
    }
}

/// Name and password of `Basic` credentials (RFC 7617).
fn basic(authorization: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(authorization).ok()?;
    let (scheme, pair) = text.split_once(' ')?;
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
        };
        let identity = Identity::new(&settings).expect("an identity");
        let now = Timestamp::parse("2026-11-21T12:00:00Z").expect("a time");
        let ask = async |address: [u8; 4], said: Option<&str>| {
            let said = said.map(credentials);
            match identity.of(address.into(), said.as_deref(), now).await {
                Who::Is(account) => format!("{} {} {}", account.name, account.source.id(), account.groups.join(",")),
                other => format!("{other:?}"),
            }
        };
        let stranger = [192, 0, 2, 1];
        assert_eq!(ask(stranger, Some("an.nguyen:mật khẩu dài")).await, "an.nguyen proxy-auth ke-toan,lanh-dao");
        // Remembered, and remembered only for the password that was right.
        assert_eq!(ask(stranger, Some("an.nguyen:mật khẩu dài")).await, "an.nguyen proxy-auth ke-toan,lanh-dao");
        for wrong in ["an.nguyen:mật khẩu", "an.nguyen:", "ai.do:mật khẩu dài", "an.nguyen", "@ke-toan:x", ":x"]
        {
            assert_eq!(ask(stranger, Some(wrong)).await, "Wrong", "{wrong}");
        }
        assert_eq!(ask(stranger, None).await, "Unsaid");
        assert_eq!(ask([10, 1, 2, 3], None).await, "thu.tran address ");
        // That mapping is over.
        assert_eq!(ask([10, 9, 1, 1], None).await, "Unsaid");
        let later = Timestamp::parse("2026-11-21T18:00:00Z").expect("a time");
        assert!(identity.map([10, 9, 1, 1].into(), Some("an.nguyen"), later));
        assert_eq!(ask([10, 9, 1, 1], None).await, "an.nguyen address ke-toan,lanh-dao");
        assert_eq!(identity.of_address([10, 9, 1, 1].into(), later), Account::unknown());
        assert!(identity.map([10, 9, 1, 1].into(), None, later));
        assert_eq!(ask([10, 9, 1, 1], None).await, "Unsaid");
        assert!(matches!(identity.of(stranger.into(), Some(b"Bearer x"), now).await, Who::Wrong));
    }

    #[tokio::test]
    async fn without_users_nobody_is_asked() {
        let settings = IdentitySettings { users: None, addresses: None, required: true, remember_s: 300 };
        let identity = Identity::new(&settings).expect("an identity");
        let now = Timestamp::from_unix_us(0);
        for said in [None, Some(&b"Basic eDp5"[..])] {
            assert_eq!(identity.of([10, 0, 0, 1].into(), said, now).await, Who::Is(Account::unknown()));
        }
    }
}
