//! The checked policy: what is left of a policy file when nothing in it can be wrong any more.
//!
//! Made only by [`Policy::check`]; asked only by `judge`. It reads no file and keeps nothing between messages.

mod check;
mod lint;
mod shape;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use chot_model::{Action, Bilingual, Channel, DetectorId, Mode, OpaqueReason, PolicyVersion, Zone};

use crate::diagnostic::Diagnostics;
use crate::host::{self, Glob, HostMap};
use crate::network::Network;

/// Names a policy may use that other rooms own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Applications of the table of applications. Empty: there is no table, and any name is taken.
    pub apps: &'a [&'a str],
}

/// What a policy may forget to speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Records about many people: only the numbers in them are judged.
    Bulk,
    /// Formats that are not opened: all else that cannot be read is stopped by [`crate::UNREAD`] on its way outside.
    Formats,
}

/// A policy that cannot be wrong: every name in it is known, every rule means something.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) id: String,
    pub(crate) version: PolicyVersion,
    pub(crate) mode: Mode,
    pub(crate) zones: Zones,
    pub(crate) destinations: Vec<Group>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) messages: Messages,
    contact: Option<Contact>,
    tests: Vec<PolicyTest>,
}

/// Whom a refused sender asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// A person or an office.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
}

/// Vietnamese custom: who, then how. `Phòng CNTT, 024 …, hotro@…`.
impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = [&self.name, &self.phone, &self.mail].into_iter().flatten().map(String::as_str).collect();
        f.write_str(&parts.join(", "))
    }
}

/// What senders are told when a rule has no message of its own.
#[derive(Clone, Debug)]
pub(crate) struct Messages {
    pub(crate) block: Bilingual,
    pub(crate) quarantine: Bilingual,
    pub(crate) redact: Bilingual,
}

/// An example message written beside a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTest {
    /// The rule it stands in.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// URL or mail address.
    pub to: String,
    /// The channel: as given, else told by `to`: a URL is web, an address is mail.
    pub channel: Channel,
    /// Account, when given (`account`, or `from` for mail).
    pub account: Option<String>,
    /// The content; empty when `text_file` is given.
    pub text: Vec<u8>,
    /// File that holds the content, relative to the policy file. The caller reads it.
    pub text_file: Option<String>,
    /// The action expected of the whole policy.
    pub expect: Action,
    /// Line in the policy file.
    pub line: usize,
}

/// Which zone a place lies in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zones {
    pub(crate) hosts: HostMap<Zone>,
    /// Longest prefix first.
    pub(crate) networks: Vec<(Network, Zone)>,
}

/// A named group of destinations.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) apps: Vec<String>,
    pub(crate) hosts: HostMap<()>,
    pub(crate) networks: Vec<Network>,
    pub(crate) recipients: Vec<Glob>,
}

/// An entry of `account.in`: a group of accounts or a single one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accounts {
    pub(crate) name: Arc<str>,
    pub(crate) globs: Arc<[Glob]>,
}

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// All identifiers together.
    Identifier,
    /// One detector.
    One(DetectorId),
}

/// Conditions joined by and; `None` and empty ask nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) channels: Option<Vec<Channel>>,
    pub(crate) zones: Option<Vec<Zone>>,
    /// Numbers of groups.
    pub(crate) destinations_in: Option<Vec<usize>>,
    pub(crate) destinations_not_in: Option<Vec<usize>>,
    pub(crate) accounts_in: Option<Vec<Accounts>>,
    pub(crate) accounts_not_in: Option<Vec<Accounts>>,
    pub(crate) detect: Vec<(What, u64)>,
    pub(crate) persons: Option<u64>,
    pub(crate) bulk: Option<bool>,
    pub(crate) opaque: Option<Vec<OpaqueReason>>,
    pub(crate) media_types: Option<Vec<Glob>>,
}

/// One checked rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: Arc<str>,
    pub(crate) mode: Mode,
    pub(crate) when: Conditions,
    pub(crate) unless: Option<Conditions>,
    pub(crate) action: Action,
    pub(crate) message: Option<Bilingual>,
    /// What a redaction masks.
    pub(crate) redact: Vec<DetectorId>,
}

const EMBEDDED: &str = include_str!("../default_policy.toml");

impl Policy {
    /// Checks a policy file. The second value holds its warnings. Files named by `text-file` of tests are not read:
    /// the caller looks them up beside the policy file.
    ///
    /// # Errors
    /// Everything wrong, at once.
    pub fn check(text: &str, file: &str, known: Known<'_>) -> Result<(Self, Diagnostics), Diagnostics> {
        check::check(text, file, known.apps)
    }

    /// The embedded default for Vietnamese public bodies. Applications it names that are not `known` are left out.
    ///
    /// # Panics
    /// Never: the tests of this room check the embedded file.
    #[expect(clippy::expect_used, reason = "the file is part of the program and the tests of this room check it")]
    pub fn embedded(known: Known<'_>) -> Self {
        let (mut policy, _) = check::check(EMBEDDED, "embedded policy", &[]).expect("the embedded policy is sound");
        if !known.apps.is_empty() {
            policy.destinations.iter_mut().for_each(|g| g.apps.retain(|a| known.apps.contains(&a.as_str())));
        }
        policy
    }

    /// The text of the embedded default, for administrators who start from it.
    pub const fn embedded_text() -> &'static str {
        EMBEDDED
    }

    /// The JSON Schema of policy files, for editors.
    pub fn schema() -> String {
        crate::schema::of(&shape::POLICY, "chot policy")
    }

    /// `sha256:` of the file's bytes.
    pub fn version(&self) -> &PolicyVersion {
        &self.version
    }

    /// `policy.id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `policy.mode`: the mode of rules that do not give their own.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Ids of the rules, in the order of the file.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.iter().map(|r| &*r.id)
    }

    /// Whom a refused sender asks.
    pub fn contact(&self) -> Option<&Contact> {
        self.contact.as_ref()
    }

    /// The zone of a web destination. The name decides when the policy knows it; else the address the gateway
    /// connected to; else it is outside.
    pub fn zone_of_host(&self, host: &str, address: Option<IpAddr>) -> Zone {
        let literal = host::literal(host);
        let by_name = || host::normalise(host).and_then(|h| self.zones.hosts.get(&h));
        let zone = if literal.is_some() { None } else { by_name() };
        zone.unwrap_or_else(|| address.or(literal).map_or(Zone::Outside, |a| self.zones.of_address(a)))
    }

    /// The zone of a mail recipient. A recipient whose destination cannot be told from the address is outside.
    pub fn zone_of_recipient(&self, recipient: &str) -> Zone {
        host::recipient_domain(recipient).map_or(Zone::Outside, |domain| self.zone_of_host(domain, None))
    }

    /// What most policies speak of and no rule of this one does, whatever the rule's mode.
    pub fn gaps(&self) -> Vec<Gap> {
        let speaks = |of: fn(&Conditions) -> bool| self.rules.iter().any(|rule| of(&rule.when));
        let spoken = [
            (Gap::Bulk, speaks(|when| when.bulk == Some(true) || when.persons.is_some())),
            (Gap::Formats, speaks(|when| when.opaque.iter().flatten().any(|r| *r == OpaqueReason::UnsupportedFormat))),
        ];
        spoken.into_iter().filter(|(_, is_spoken)| !is_spoken).map(|(gap, _)| gap).collect()
    }

    /// The example messages of all rules.
    pub fn tests(&self) -> &[PolicyTest] {
        &self.tests
    }
}

impl Zones {
    fn of_address(&self, address: IpAddr) -> Zone {
        self.networks.iter().find(|(n, _)| n.contains(address)).map_or(Zone::Outside, |(_, zone)| *zone)
    }
}

impl Group {
    /// Whether a web destination belongs to the group.
    pub(crate) fn has_host(&self, app: Option<&str>, host: &str, address: Option<IpAddr>) -> bool {
        let literal = host::literal(host);
        app.is_some_and(|app| self.apps.iter().any(|a| a == app))
            || host::normalise(host).is_some_and(|h| self.hosts.get(&h).is_some())
            || address.or(literal).is_some_and(|a| self.networks.iter().any(|n| n.contains(a)))
    }

    /// Whether a mail recipient belongs to the group.
    pub(crate) fn has_recipient(&self, recipient: &str) -> bool {
        let lower = recipient.to_lowercase();
        self.recipients.iter().any(|g| g.fits(&lower))
            || host::recipient_domain(recipient).is_some_and(|d| self.has_host(None, d, None))
    }
}

impl What {
    /// The detectors it stands for.
    pub(crate) fn detectors(self) -> Vec<DetectorId> {
        match self {
            Self::Identifier => DetectorId::identifiers().collect(),
            Self::One(d) => vec![d],
        }
    }
}
