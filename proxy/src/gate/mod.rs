//! The path of a message, the same for every channel: read → inspect → judge → record → finish.
//!
//! [`Intake::decide`] is the one function that joins the steps and holds the ifs. A channel gets back either
//! [`Cleared`], the only thing its sending half accepts, or [`Refused`], which it turns into words. Neither can be
//! made without the ledger's receipt. It opens no socket and knows no protocol.

mod counts;
mod decision;
mod intake;
mod recordable;
mod redaction;

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use chot_audit::Ledger;
use chot_config::{Bypass, Policy};
use chot_inspect::{Hint, Inspector};
use chot_model::{Account, AccountSource, Channel, Clock, DecisionId, Destination, Masked, Timestamp};

pub use self::counts::{Counts, Idler};
pub use self::decision::{Cleared, Decision, Open, Refused, Told};
pub use self::intake::Intake;
use crate::hold::Holds;
use crate::identity::Identity;

/// What every channel shares: the engine, the policy in force, the ledger, the clock. Clones share it.
#[derive(Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

struct Shared {
    inspector: Inspector,
    policy: ArcSwap<Policy>,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    holds: Holds,
    counts: Counts,
    bypass: ArcSwap<Bypass>,
    identity: ArcSwapOption<Identity>,
}

/// Random bytes of a decision number. What makes two of the same millisecond different; they are no secret.
type Drawn = [u8; 10];
/// So many are drawn at once: it costs little more than one.
const DRAWN_AT_ONCE: usize = 64;

thread_local! {
    static DRAWN: RefCell<Vec<Drawn>> = const { RefCell::new(Vec::new()) };
}

fn draw(drawn: &mut Vec<Drawn>) -> Drawn {
    drawn.pop().unwrap_or_else(|| {
        let mut random = [0; DRAWN_AT_ONCE * size_of::<Drawn>()];
        // Without randomness numbers may repeat, which records survive: the ledger's own numbers stay unique.
        let _ = aws_lc_rs::rand::fill(&mut random);
        drawn.extend_from_slice(random.as_chunks().0);
        drawn.pop().unwrap_or_default()
    })
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("counts", &self.shared.counts).finish_non_exhaustive()
    }
}

/// What a channel knows about a message besides its content.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The way in.
    pub channel: Channel,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// Who sends.
    pub account: Account,
    /// Where to.
    pub destination: Destination,
    /// For people: method and URL, or the subject. Masked.
    pub summary: Masked,
}

/// What a channel can do with a message besides sending and refusing it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Abilities {
    /// It can send changed content.
    pub redact: bool,
    /// Others have signed it, so that changed content would pass for forged.
    pub is_sealed: bool,
    /// It can keep the message for a person to decide.
    pub quarantine: bool,
}

impl Gate {
    /// Puts the parts together. The policy must already be recorded as activated.
    pub fn new(inspector: Inspector, policy: Arc<Policy>, ledger: Ledger, clock: Arc<dyn Clock>, holds: Holds) -> Self {
        let policy = ArcSwap::new(policy);
        let (counts, bypass, identity) = (Counts::default(), ArcSwap::default(), ArcSwapOption::empty());
        let shared = Shared { inspector, policy, ledger, clock, holds, counts, bypass, identity };
        Self { shared: Arc::new(shared) }
    }

    /// Begins a message: it is judged by the policy in force now, whatever is loaded while it arrives.
    pub fn begin(&self, hint: Hint) -> Intake {
        let received = self.shared.clock.now();
        Intake::begin(self.clone(), self.new_id(received), received, hint)
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.shared.policy.load_full()
    }

    /// Puts another policy in force for messages that begin from now on.
    pub fn set_policy(&self, policy: Arc<Policy>) {
        self.shared.policy.store(policy);
    }

    /// What is passed on without being decrypted.
    pub(crate) fn bypass(&self) -> Arc<Bypass> {
        self.shared.bypass.load_full()
    }

    /// Puts another such list in force, for connections that begin from now on.
    pub(crate) fn set_bypass(&self, bypass: Arc<Bypass>) {
        self.shared.bypass.store(bypass);
    }

    /// Sets how clients are known. Until then none is.
    pub fn set_identity(&self, identity: Arc<Identity>) {
        self.shared.identity.store(Some(identity));
    }

    /// How clients are known.
    pub(crate) fn identity(&self) -> Option<Arc<Identity>> {
        self.shared.identity.load_full()
    }

    /// Who a client is that cannot be asked.
    ///
    /// # Errors
    /// The account, where the directory cannot be asked about its groups.
    pub(crate) async fn account_of(&self, address: IpAddr) -> Result<Account, Account> {
        let Some(identity) = self.identity() else { return Ok(Account::unknown()) };
        let account = identity.of_address(address, self.clock().now()).await;
        account.map_err(|(name, _)| Account::new(name, AccountSource::Address))
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// The inspection engine.
    pub fn inspector(&self) -> &Inspector {
        &self.shared.inspector
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Counters.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Bytes of bodies now in memory and in spool files.
    pub fn held_bytes(&self) -> (u64, u64) {
        self.shared.holds.held_bytes()
    }

    /// What all bodies together may hold in memory.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        self.shared.holds.memory_bytes_max()
    }

    /// The beginning of a text for people to read in a record: masked first and cut then, for a cut number would no
    /// longer be recognised.
    pub(crate) fn summary(&self, text: &str, chars_max: usize) -> Masked {
        recordable::summary(|text| self.inspector().mask(text), text, chars_max)
    }

    /// A host or a mail address as a record may hold it.
    pub(crate) fn place(&self, address: &str) -> String {
        recordable::place(self.inspector().mask(address).as_str(), self.inspector())
    }

    /// A fresh decision number, for records that are no decision but are quoted to people.
    pub fn new_id(&self, now: Timestamp) -> DecisionId {
        DecisionId::new(now, DRAWN.with_borrow_mut(draw))
    }
}
