//! Names of hosts, which others are told before there is a request to judge: DNS, a parent proxy, whoever reads a
//! ClientHello. One that holds what may not leave is told nobody.
//!
//! It answers nobody and asks nobody.

use chot_audit::Outcome;
use chot_inspect::Hint;
use chot_model::{Channel, Destination};

use super::Client;
use super::exchange::SUMMARY_CHARS_MAX;
use super::refusal::Why;
use super::target::Authority;
use crate::apps;
use crate::gate::{Envelope, Told};

/// Why a name may not be told.
pub(super) enum Unsaid {
    /// The policy keeps it here, and that is recorded.
    Refused(Box<Told>),
    /// It could not be judged.
    Failed,
}

impl Unsaid {
    /// The same in short.
    pub(super) fn why(&self) -> Why {
        match self {
            Self::Refused(_) => Why::HostName,
            Self::Failed => Why::Gateway,
        }
    }
}

impl Client {
    /// Judges the name of a host that is asked for with `method`, before anybody is told it.
    pub(super) async fn judge_name(&self, method: &str, target: &Authority) -> Result<(), Unsaid> {
        let gate = &self.web.gate;
        let mut intake = gate.begin(Hint::default());
        intake.field("host", target.host.as_bytes());
        let envelope = || Envelope {
            channel: Channel::Web,
            client: Some(self.peer.ip().to_canonical()),
            account: self.account.clone(),
            destination: Destination {
                app: apps::of_host(&target.host),
                activity: None,
                host: target.host.clone(),
                address: target.host.parse().ok(),
                recipients: Vec::new(),
            },
            summary: gate.summary(&format!("{method} {}:{}", target.host, target.port), SUMMARY_CHARS_MAX),
        };
        match intake.refuse_early(envelope).await {
            Ok(None) => Ok(()),
            Ok(Some(refused)) => {
                refused.open.close(Outcome::Refused, "refused by the gateway");
                Err(Unsaid::Refused(Box::new(refused.told)))
            }
            Err(_) => Err(Unsaid::Failed),
        }
    }
}
