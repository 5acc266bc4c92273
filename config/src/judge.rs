//! Inspection and policy in, verdict out. Pure: the same arguments give the same verdict.
//!
//! Every rule is asked; their order means nothing and the strictest answer wins. A message to several recipients is
//! judged as if it went to each of them alone, and the strictest of these answers counts, so that adding a recipient
//! never helps. What could not be read and no rule speaks of does not go outside: see [`UNREAD`].

use std::collections::BTreeSet;
use std::sync::Arc;

use chot_model::{
    Action, Bilingual, Channel, Confidence, DetectorId, Inspection, Message, Mode, OpaqueReason, Shadowed, Verdict,
    Zone,
};

use crate::host;
use crate::policy::{Accounts, Conditions, Policy, Rule, What};

/// The rule in force where the policy's rules are silent: content opaque for a reason that no rule about this message
/// names is blocked on its way outside. A rule speaks for a reason when it names it in `when.opaque` and the rest of
/// its `when` holds, whatever its action or mode, and also when its `unless` exempts the message. It follows
/// `policy.mode`. [`OpaqueReason::UnsupportedFormat`] is left to the rules: those bytes were scanned as they are.
pub const UNREAD: &str = "built-in:unread-stays-inside";

/// One place the message goes to, reduced to what conditions ask about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    zone: Zone,
    /// For each group of destinations, whether the place belongs to it.
    groups: Vec<bool>,
    /// The address is a route that a relay may follow elsewhere: it may belong to the groups or not.
    is_route: bool,
}

/// Which half of a rule is asked. Where a route may lead is in doubt, and doubt never frees a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    When,
    Unless,
}

/// A matching rule and why it matched.
struct Match<'p> {
    rule: &'p Rule,
    action: Action,
    why: Vec<String>,
}

/// What one message offers to conditions.
struct Case<'m> {
    channel: Channel,
    /// In lower case; `None` when nobody said who it is.
    account: Option<String>,
    /// Groups of the account, in lower case with an `@` in front.
    account_groups: Vec<String>,
    app: Option<&'static str>,
    is_mail: bool,
    inspection: &'m Inspection,
    /// Distinct places, nearest zone first.
    targets: BTreeSet<Target>,
}

/// The policy's answer.
pub fn judge(message: &Message, inspection: &Inspection, policy: &Policy) -> Verdict {
    let case = Case::new(message, inspection, policy);
    let zone = case.targets.iter().map(|t| t.zone).max().unwrap_or(Zone::Outside);
    let mut matches = Vec::new();
    let mut shadowed = Vec::new();
    let mut exempted = Vec::new();
    let mut unspoken = case.unread_outside();
    for rule in &policy.rules {
        let (mut hit, mut spared) = (None, None);
        // The farthest place first, so that the facts told are about it.
        for (n, target) in case.targets.iter().enumerate().rev() {
            let Some(why) = case.holds(&rule.when, target, policy, Side::When) else { continue };
            for reason in rule.when.opaque.iter().flatten() {
                unspoken.remove(&(n, *reason));
            }
            match rule.unless.as_ref().and_then(|u| case.holds(u, target, policy, Side::Unless)) {
                Some(because) => spared = spared.or(Some(because)),
                None => hit = hit.or(Some(why)),
            }
        }
        let Some(why) = hit else {
            exempted.extend(spared.map(|s| format!("not rule {}: exempt by {}", rule.id, s.join("; "))));
            continue;
        };
        match rule.mode {
            Mode::Enforce => matches.push(Match { rule, action: case.effective(rule.action), why }),
            mode => shadowed.push(Shadowed { rule: Arc::clone(&rule.id), action: case.effective(rule.action), mode }),
        }
    }
    let mut verdict = Verdict {
        action: Action::Allow,
        zone,
        rule: None,
        mode: policy.mode,
        why: Vec::new(),
        message: None,
        redact: Vec::new(),
        shadowed,
        policy: policy.version.clone(),
        exception: None,
    };
    decide(&mut verdict, &matches, policy);
    refuse_unread(&mut verdict, &unspoken, policy);
    verdict.why.extend(exempted);
    if verdict.why.is_empty() {
        let none = if verdict.shadowed.is_empty() { "no rule matches" } else { "no rule in force matches" };
        verdict.why.push(none.to_owned());
    }
    verdict
}

/// Lets the strictest of the matching rules decide; among equals, the first in the file is named.
fn decide(verdict: &mut Verdict, matches: &[Match<'_>], policy: &Policy) {
    let Some(action) = matches.iter().map(|m| m.action).max() else { return };
    let Some(deciding) = matches.iter().find(|m| m.action == action) else { return };
    verdict.action = action;
    verdict.rule = Some(Arc::clone(&deciding.rule.id));
    verdict.mode = deciding.rule.mode;
    verdict.why = deciding.why.clone();
    if deciding.rule.action != action {
        verdict.why.push(format!("the rule asks for {}, which only mail has: blocked instead", deciding.rule.action));
    }
    let others = matches.iter().filter(|m| !std::ptr::eq(*m, deciding));
    verdict.why.extend(others.map(|m| format!("also rule {} ({})", m.rule.id, m.action)));
    if action == Action::Redact {
        let all: BTreeSet<DetectorId> = matches.iter().flat_map(|m| m.rule.redact.iter().copied()).collect();
        verdict.redact = all.into_iter().collect();
    }
    // A rule's own words are about what it asks for.
    let words = deciding.rule.message.clone().filter(|_| deciding.rule.action == action);
    verdict.message = match action {
        Action::Allow => None,
        _ => Some(words.unwrap_or_else(|| default_message(policy, action))),
    };
}

/// Applies the built-in rule about what nobody could read and no rule speaks of.
fn refuse_unread(verdict: &mut Verdict, unspoken: &BTreeSet<(usize, OpaqueReason)>, policy: &Policy) {
    if unspoken.is_empty() {
        return;
    }
    if policy.mode != Mode::Enforce {
        verdict.shadowed.push(Shadowed { rule: UNREAD.into(), action: Action::Block, mode: policy.mode });
        return;
    }
    let reasons: BTreeSet<_> = unspoken.iter().map(|(_, r)| *r).collect();
    let reasons: Vec<_> = reasons.into_iter().map(OpaqueReason::id).collect();
    if verdict.action == Action::Block {
        verdict.why.push(format!("also rule {UNREAD} ({})", Action::Block));
        return;
    }
    verdict.action = Action::Block;
    verdict.rule = Some(UNREAD.into());
    verdict.mode = Mode::Enforce;
    verdict.redact.clear();
    verdict.why.splice(0..0, [format!("could not be read: {}", reasons.join(", ")), "zone outside".to_owned()]);
    verdict.message = Some(Bilingual {
        vi: "Hệ thống không đọc được nội dung này (có mật khẩu, mã hóa, quá lớn hoặc bị hỏng) nên không gửi ra \
             ngoài. Hãy bỏ mật khẩu hoặc gửi lại ở dạng thông thường."
            .to_owned(),
        en: "The gateway cannot read this content (password, encryption, size or damage), so it does not go outside. \
             Remove the password or send it in a common format."
            .to_owned(),
    });
}

fn default_message(policy: &Policy, action: Action) -> Bilingual {
    match action {
        Action::Redact => policy.messages.redact.clone(),
        Action::Quarantine => policy.messages.quarantine.clone(),
        Action::Allow | Action::Block => policy.messages.block.clone(),
    }
}

impl<'m> Case<'m> {
    fn new(message: &'m Message, inspection: &'m Inspection, policy: &Policy) -> Self {
        let to = &message.destination;
        let mut targets: BTreeSet<Target> = to
            .recipients
            .iter()
            .map(|r| Target {
                zone: policy.zone_of_recipient(r),
                groups: policy.destinations.iter().map(|g| g.has_recipient(r)).collect(),
                is_route: host::recipient_domain(r).is_none(),
            })
            .collect();
        // Mail goes to its recipients, whatever host takes it; without any, nobody knows where it goes: outside.
        if targets.is_empty() {
            targets.insert(Target {
                zone: policy.zone_of_host(&to.host, to.address),
                groups: policy.destinations.iter().map(|g| g.has_host(to.app, &to.host, to.address)).collect(),
                is_route: false,
            });
        }
        let name = message.account.name.to_lowercase();
        let unknown = message.account.source == chot_model::AccountSource::Unknown && name == "unknown";
        Self {
            channel: message.channel,
            account: (!unknown).then_some(name),
            account_groups: message.account.groups.iter().map(|group| format!("@{}", group.to_lowercase())).collect(),
            app: to.app,
            is_mail: !to.recipients.is_empty(),
            inspection,
            targets,
        }
    }

    /// What an action comes to on this channel: only mail can be kept for a person to decide.
    fn effective(&self, action: Action) -> Action {
        match (action, self.channel) {
            (Action::Quarantine, Channel::Web | Channel::Icap) => Action::Block,
            _ => action,
        }
    }

    /// For each place outside, why content on its way there could not be read; without what is left to the rules.
    fn unread_outside(&self) -> BTreeSet<(usize, OpaqueReason)> {
        let reasons = self.inspection.opaque.iter().map(|o| o.reason);
        let reasons: BTreeSet<_> = reasons.filter(|r| *r != OpaqueReason::UnsupportedFormat).collect();
        let outside = self.targets.iter().enumerate().filter(|(_, t)| t.zone == Zone::Outside);
        outside.flat_map(|(n, _)| reasons.iter().map(move |r| (n, *r))).collect()
    }

    /// Whether all conditions hold for one place: if so, a fact for each of them.
    fn holds(&self, c: &Conditions, target: &Target, policy: &Policy, side: Side) -> Option<Vec<String>> {
        let mut facts = Vec::new();
        // What was found comes first: it is what a reader asks first.
        for (what, n) in &c.detect {
            self.found(*what, *n, target, &mut facts)?;
        }
        if let Some(n) = c.persons {
            if self.inspection.persons < n {
                return None;
            }
            facts.push(format!("{} distinct persons", self.inspection.persons));
        }
        if let Some(bulk) = c.bulk {
            if self.inspection.bulk != bulk {
                return None;
            }
            facts.push(if bulk { "bulk records".to_owned() } else { "not bulk".to_owned() });
        }
        if let Some(reasons) = &c.opaque {
            let seen: Vec<_> = reasons.iter().filter(|r| self.inspection.is_opaque(**r)).map(|r| r.id()).collect();
            if seen.is_empty() {
                return None;
            }
            facts.push(format!("could not be read: {}", seen.join(", ")));
        }
        if let Some(types) = &c.media_types {
            let media_type = self.inspection.object.media_type.to_lowercase();
            if !types.iter().any(|t| t.fits(&media_type)) {
                return None;
            }
            facts.push(format!("media type {media_type}"));
        }
        if let Some(channels) = &c.channels {
            if !channels.contains(&self.channel) {
                return None;
            }
            facts.push(format!("channel {}", self.channel));
        }
        if let Some(zones) = &c.zones {
            if !zones.contains(&target.zone) {
                return None;
            }
            facts.push(format!("zone {}", target.zone.id()));
        }
        let member = |n: &usize| target.groups.get(*n).copied().unwrap_or(false);
        let names = |ns: &[usize]| {
            let groups = ns.iter().filter_map(|n| policy.destinations.get(*n));
            groups.map(|g| g.name.to_string()).collect::<Vec<_>>().join(", ")
        };
        if let Some(groups) = &c.destinations_in {
            let is_sure = !(target.is_route && side == Side::Unless);
            let here = groups.iter().copied().find(|n| is_sure && member(n))?;
            facts.push(format!("destination in {}", names(&[here])));
        }
        if let Some(groups) = &c.destinations_not_in {
            let is_sure = !(target.is_route && side == Side::When);
            if groups.iter().any(|n| is_sure && member(n)) {
                return None;
            }
            facts.push(format!("destination not in {}", names(groups)));
        }
        if let Some(sets) = &c.accounts_in {
            let set = sets.iter().find(|s| self.is_in(s))?;
            facts.push(format!("account in {}", set.name));
        }
        if let Some(sets) = &c.accounts_not_in {
            if sets.iter().any(|s| self.is_in(s)) {
                return None;
            }
            let names: Vec<_> = sets.iter().map(|s| &*s.name).collect();
            facts.push(format!("account not in {}", names.join(", ")));
        }
        Some(facts)
    }

    /// A client nobody named fits no pattern, not even `*`; only the word `unknown` itself.
    fn is_in(&self, set: &Accounts) -> bool {
        match &self.account {
            // An account whose name looks like a group is in none.
            Some(name) => set.globs.iter().any(|g| {
                !name.starts_with('@') && g.fits(name) || self.account_groups.iter().any(|group| g.is_exactly(group))
            }),
            None => set.globs.iter().any(|g| g.is_exactly("unknown")),
        }
    }

    /// Adds `3 distinct cccd (high) to app zalo` for each detector that found any, when together they found at least
    /// `n` distinct values.
    fn found(&self, what: What, n: u64, target: &Target, facts: &mut Vec<String>) -> Option<()> {
        let detectors = what.detectors();
        let total = detectors.iter().fold(0u64, |sum, d| sum.saturating_add(self.inspection.distinct(*d)));
        if total < n {
            return None;
        }
        let to = match self.app {
            Some(app) => format!("app {app}"),
            None if self.is_mail => format!("a recipient {}", target.zone.id()),
            None => format!("a host {}", target.zone.id()),
        };
        for d in detectors {
            let distinct = self.inspection.distinct(d);
            if distinct > 0 {
                let confidence =
                    self.inspection.tallies.get(&d).and_then(|t| t.confidence).map_or("low", Confidence::id);
                facts.push(format!("{distinct} distinct {d} ({confidence}) to {to}"));
            }
        }
        Some(())
    }
}
