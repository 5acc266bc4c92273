//! Who sends, as clients say it that know of the proxy: each request for itself, or a ticket for its connection.
//!
//! A ticket can be shown once (RFC 4559 §5: what it proves is the connection's), so what it proved is kept until the
//! connection ends, the accounts are read again, or a password would have to be given again. It is kept for nobody
//! else: on HTTP/2 each stream says for itself, and so does each request that another proxy passes on.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use chot_model::Account;
use http::HeaderMap;
use http::header::{HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, VIA};

use super::Client;
use super::refusal::Why;
use crate::identity::{Identity, Unproven, Who};

/// What a connection knows about who uses it.
pub(super) struct Login {
    /// Its requests come one after the other from one client.
    is_of_one: bool,
    proven: Mutex<Option<Proven>>,
}

/// An account that was proven by a ticket.
struct Proven {
    account: Account,
    /// By whom. It is not kept alive: after a reload, another is asked.
    by: Weak<Identity>,
    until: Instant,
}

/// Who sends.
pub(super) struct Known {
    pub(super) account: Account,
    /// What goes back in Proxy-Authenticate, so that the client knows whom it speaks to.
    pub(super) told: Option<HeaderValue>,
}

/// Why that is not known, and the name that was given.
pub(super) struct Unknown {
    pub(super) name: Option<String>,
    pub(super) why: Why,
}

impl Login {
    pub(super) const fn of_a_connection() -> Self {
        Self { is_of_one: true, proven: Mutex::new(None) }
    }

    pub(super) const fn of_streams() -> Self {
        Self { is_of_one: false, proven: Mutex::new(None) }
    }

    /// Who sends a request with this head.
    pub(super) async fn of(&self, client: &Client, head: &HeaderMap) -> Result<Known, Unknown> {
        let gate = &client.web.gate;
        let Some(identity) = gate.identity() else { return Ok(Account::unknown().into()) };
        let authorization = head.get(PROXY_AUTHORIZATION).map(HeaderValue::as_bytes);
        let is_kept = self.is_of_one && !head.contains_key(VIA);
        if let Some(account) = self.kept(&identity, is_kept && authorization.is_none()) {
            return Ok(account.into());
        }
        match identity.of(client.peer.ip(), authorization, gate.clock().now()).await {
            Who::Is(account) => Ok(account.into()),
            Who::Proven(account, told) => {
                if is_kept {
                    let until = Instant::now() + identity.remember();
                    let proven = Proven { account: account.clone(), by: Arc::downgrade(&identity), until };
                    *self.proven() = Some(proven);
                }
                // Base64 is fit for a header.
                Ok(Known { account, told: told.and_then(|told| HeaderValue::try_from(told).ok()) })
            }
            Who::Unsaid => Err(Unknown { name: None, why: Why::AuthNeeded }),
            Who::Wrong(name) => Err(Unknown { name, why: Why::AuthFailed }),
            Who::Unasked(name, _) => Err(Unknown { name: Some(name), why: Why::Directory }),
            Who::Unproven(unproven) => Err(unproven.into()),
        }
    }

    /// The account that was proven on this connection. Whoever says something else is no longer it.
    fn kept(&self, identity: &Arc<Identity>, may_be: bool) -> Option<Account> {
        let mut proven = self.proven();
        let counts =
            |proven: &Proven| Weak::as_ptr(&proven.by) == Arc::as_ptr(identity) && Instant::now() < proven.until;
        if !may_be || !proven.as_ref().is_some_and(counts) {
            *proven = None;
        }
        proven.as_ref().map(|proven| proven.account.clone())
    }

    fn proven(&self) -> std::sync::MutexGuard<'_, Option<Proven>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Account> for Known {
    fn from(account: Account) -> Self {
        Self { account, told: None }
    }
}

impl From<Unproven> for Unknown {
    fn from(unproven: Unproven) -> Self {
        let (name, why) = match unproven {
            Unproven::Ntlm => (None, Why::AuthNtlm),
            Unproven::Realm(principal) => (Some(principal), Why::AuthRealm),
            Unproven::Replayed => (None, Why::AuthReplay),
            Unproven::Unfinished => (None, Why::AuthLegs),
            Unproven::Clock => (None, Why::AuthClock),
            Unproven::Ticket => (None, Why::AuthTicket),
            Unproven::Unread => (None, Why::Tickets),
        };
        Self { name, why }
    }
}

/// Asks who somebody is.
pub(super) fn challenge(client: &Client, head: &mut HeaderMap) {
    let identity = client.web.gate.identity();
    for challenge in identity.iter().flat_map(|identity| identity.challenges()) {
        head.append(PROXY_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}
