//! One client connection: who it is, where it may go, and what is recorded of it besides decisions.
//!
//! It reads and writes nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use chot_audit::Event;
use chot_model::{Account, AccountSource, Channel, DecisionId};

use super::Web;
use super::reach::Way;
use super::refusal::Why;
use super::target::Authority;

/// One client connection.
pub(super) struct Client {
    pub(super) web: Arc<Web>,
    pub(super) peer: SocketAddr,
    /// Our end of it.
    pub(super) local: SocketAddr,
    /// Who it is, as far as that is known by now.
    pub(super) account: Account,
}

impl Client {
    pub(super) fn new_id(&self) -> DecisionId {
        let gate = &self.web.gate;
        gate.new_id(gate.clock().now())
    }

    /// The same client, once it has said who it is.
    pub(super) fn known_as(&self, account: Account) -> Self {
        let Self { web, peer, local, account: _ } = self;
        Self { web: Arc::clone(web), peer: *peer, local: *local, account }
    }

    /// The same client, which gave a name and did not prove it. A stranger may write there what he likes.
    pub(super) fn claiming(&self, name: Option<&str>) -> Self {
        let name = name.map(|name| self.web.gate.inspector().mask_identifiers(name).as_str().to_owned());
        let account = name.map_or_else(Account::unknown, |name| Account::new(name, AccountSource::Claimed));
        self.known_as(account)
    }

    /// The way to `target`, when it may be reached.
    pub(super) async fn way(&self, target: &Authority) -> Result<Way, Why> {
        self.web.reach.way(target, self.local).await
    }

    /// Records something that was refused or opened without a message to judge. `id` is the number the client is
    /// told, when it is told one.
    pub(super) async fn try_record(
        &self,
        id: Option<DecisionId>,
        host: &str,
        reason: &str,
        bytes: u64,
    ) -> Result<(), chot_audit::Error> {
        let host = self.web.gate.place(host);
        let client = Some(self.peer.ip().to_canonical());
        let account = (self.account.source != AccountSource::Unknown).then(|| self.account.clone());
        let event =
            Event::Refusal { id, channel: Channel::Web, client, account, host, reason: reason.to_owned(), bytes };
        self.web.gate.ledger().event(event).await
    }

    /// As [`Self::try_record`], where nothing leaves in either case.
    pub(super) async fn record(&self, id: Option<DecisionId>, host: &str, reason: &str, bytes: u64) {
        let _ = self.try_record(id, host, reason, bytes).await;
    }
}
