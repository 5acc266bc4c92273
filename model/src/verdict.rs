//! The policy's answer.

use std::fmt;
use std::sync::Arc;

use crate::DetectorId;

/// Where a destination lies, nearest first. With several recipients the farthest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Our own hosts, addresses and mail domains.
    Internal,
    /// Bodies with whom data is exchanged by agreement.
    Partner,
    /// Everybody else.
    Outside,
}

impl Zone {
    /// Every zone, nearest first.
    pub const ALL: &[Self] = &[Self::Internal, Self::Partner, Self::Outside];

    /// The name in policy files and records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Partner => "partner",
            Self::Outside => "outside",
        }
    }
}

/// What happens to a message. Ordered by strictness: the strictest answer of all rules wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Send it as it is.
    Allow,
    /// Send it with the findings masked.
    Redact,
    /// Keep it for a person to decide (mail only; the web blocks instead).
    Quarantine,
    /// Do not send it.
    Block,
}

impl Action {
    /// Every action, mildest first.
    pub const ALL: &[Self] = &[Self::Allow, Self::Redact, Self::Quarantine, Self::Block];

    /// The name in policy files and records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Redact => "redact",
            Self::Quarantine => "quarantine",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// How far a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Recorded, nothing else happens.
    Shadow,
    /// Recorded as a warning, the message goes out.
    Warn,
    /// The action is carried out.
    Enforce,
}

impl Mode {
    /// Every mode, mildest first.
    pub const ALL: &[Self] = &[Self::Shadow, Self::Warn, Self::Enforce];

    /// The name in policy files and records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// `sha256:` and the hexadecimal digest of the policy file's bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(pub Arc<str>);

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Text for people: Vietnamese first, English second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bilingual {
    /// Tiếng Việt.
    pub vi: String,
    /// English; may be empty when an administrator wrote only Vietnamese.
    pub en: String,
}

/// A rule that would have acted but is in shadow or warn mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// Id of the rule.
    pub rule: Arc<str>,
    /// What it would have done.
    pub action: Action,
    /// `Shadow` or `Warn`.
    pub mode: Mode,
}

/// The policy's answer to one inspection.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What happens.
    pub action: Action,
    /// Zone of the destination, the farthest of all recipients.
    pub zone: Zone,
    /// The rule that decided; `None` when no rule matched and the message is allowed.
    pub rule: Option<Arc<str>>,
    /// Mode of that rule; of the policy when there is none.
    pub mode: Mode,
    /// Reasons in English, one fact each, without values: `3 distinct cccd (high) to app zalo`.
    pub why: Vec<String>,
    /// What to tell the sender.
    pub message: Option<Bilingual>,
    /// Detectors whose findings a redaction masks. Empty unless `action` is `Redact`.
    pub redact: Vec<DetectorId>,
    /// Rules in shadow or warn mode that matched.
    pub shadowed: Vec<Shadowed>,
    /// The policy that judged.
    pub policy: PolicyVersion,
    /// Reference of the exception that allowed it.
    pub exception: Option<Arc<str>>,
}

/// How a reason begins that says why something could not be redacted.
const CANNOT_REDACT: &str = "cannot be redacted: ";

impl Verdict {
    /// Turns the verdict into a block, for a reason that appeared after judging: the content cannot be redacted
    /// safely, or the channel has no quarantine.
    pub fn escalate_to_block(&mut self, why: impl Into<String>) {
        self.action = Action::Block;
        self.redact.clear();
        // The rule's own words are about what it asked for, which does not happen.
        self.message = None;
        // Before the reasons of the rule: what the sender can do about it comes first.
        self.why.insert(0, why.into());
    }

    /// Turns a redaction into a block, because the content cannot be redacted safely.
    pub fn cannot_redact(&mut self, why: impl fmt::Display) {
        self.escalate_to_block(format!("{CANNOT_REDACT}{why}"));
        self.message = Some(Bilingual {
            vi: "Có dữ liệu phải che trước khi gửi nhưng không che được, nên không có gì được gửi đi.".to_owned(),
            en: "It holds data that would have to be masked and could not be, so nothing was sent.".to_owned(),
        });
    }

    /// Why the content could not be redacted, if that is what turned the verdict into a block.
    pub fn why_not_redacted(&self) -> Option<&str> {
        self.why.iter().find_map(|why| why.strip_prefix(CANNOT_REDACT))
    }
}
