//! From the policy file to a [`Policy`]: first the shape, then what the values mean together.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chot_model::{Action, Bilingual, Channel, DetectorId, Mode, OpaqueReason, PolicyVersion, Zone};
use sha2::{Digest, Sha256};

use super::shape::{ANY, CHANNEL_IDS, ENCRYPTED_ARCHIVE, IDENTIFIER, POLICY};
use super::{Accounts, Conditions, Contact, Group, Messages, Policy, PolicyTest, Rule, What, Zones, lint};
use crate::diagnostic::{Diagnostics, FileKind, Note, Problem, Report};
use crate::draft::{Table, at, count, flag, list, mend, parse, shown, tables, text, texts, walk};
use crate::host::{Glob, HostMap, HostPattern};
use crate::network::Network;

/// Checks a policy file against a table of applications; an empty table knows every name.
pub(super) fn check(text_: &str, file: &str, apps: &[&str]) -> Result<(Policy, Diagnostics), Diagnostics> {
    let mut report = Report::new(text_, FileKind::Policy);
    let mended = mend(text_, &mut report);
    let root = parse(&mended);
    let root = root.get_ref();
    walk(root, 0..0, &POLICY, "in the file", &mut report);
    let policy = Checker { root, apps, report: &mut report, groups_used: BTreeSet::new() }.policy(text_);
    if report.has_errors() {
        return Err(report.finish(file));
    }
    Ok((policy, report.finish(file)))
}

/// What later stages need to know of a rule besides the rule: where it stands.
pub(super) struct Placed {
    pub(super) rule: Rule,
    pub(super) header: Range<usize>,
}

struct Checker<'a, 't> {
    root: &'a Table<'a>,
    apps: &'a [&'a str],
    report: &'a mut Report<'t>,
    groups_used: BTreeSet<Arc<str>>,
}

/// Which of `all` has this name.
fn by_id<T: Copy>(all: &[T], id: impl Fn(T) -> &'static str, name: &str) -> Option<T> {
    all.iter().copied().find(|x| id(*x) == name)
}

impl Checker<'_, '_> {
    /// Reads everything that can be read; what cannot was reported by the walk and is skipped here.
    fn policy(mut self, text_: &str) -> Policy {
        let mode = self.mode(self.root, &["policy", "mode"]).unwrap_or(Mode::Enforce);
        let zones = self.zones();
        let accounts = self.accounts();
        let destinations = self.destinations();
        let mut placed: Vec<Placed> = Vec::new();
        let mut tests = Vec::new();
        for (table, header) in tables(self.root, "rule") {
            let rule = self.rule(table, &header, mode, &accounts, &destinations);
            if let Some(id) = at(table, &["id"]).filter(|_| placed.iter().any(|p| p.rule.id == rule.id)) {
                let message = format!("there is already a rule `{}`", shown(&rule.id));
                self.report.push(Note::error(Problem::DuplicateId, id.span(), message).help("give it another id"));
            }
            for (test, header) in tables(table, "test") {
                tests.extend(self.test(&rule.id, test, header));
            }
            placed.push(Placed { rule, header });
        }
        if placed.is_empty() {
            let note = Note::warning(Problem::Missing, 0..0, "the policy has no rule");
            self.report.push(note.help("nothing is stopped but content that cannot be read, on its way outside"));
        }
        self.unused();
        lint::lint(&placed, &zones, &destinations, self.report);
        let version = Sha256::digest(text_.as_bytes()).iter().fold("sha256:".to_owned(), |mut s, b| {
            s.extend([b >> 4, b & 15].map(|d| char::from_digit(u32::from(d), 16).unwrap_or('0')));
            s
        });
        Policy {
            id: text(self.root, &["policy", "id"]).unwrap_or_default().to_owned(),
            version: PolicyVersion(version.into()),
            mode,
            zones,
            destinations,
            rules: placed.into_iter().map(|p| p.rule).collect(),
            messages: self.messages(),
            contact: self.contact(),
            tests,
        }
    }

    fn mode(&self, table: &Table<'_>, path: &[&str]) -> Option<Mode> {
        by_id(Mode::ALL, Mode::id, text(table, path)?)
    }

    fn zones(&mut self) -> Zones {
        let mut zones = Zones::default();
        for zone in [Zone::Internal, Zone::Partner] {
            for (host, span) in texts(self.root, &["domains", zone.id()]).unwrap_or_default() {
                let Ok(pattern) = HostPattern::parse(host) else { continue };
                if let Some(other) = zones.hosts.insert(pattern, zone) {
                    self.overlap(host, other, zone, span);
                }
            }
            for (network, span) in texts(self.root, &["networks", zone.id()]).unwrap_or_default() {
                let Ok(network) = network.parse::<Network>() else { continue };
                self.host_bits(network, span.clone());
                let same = |n: &Network| n.first() == network.first() && n.prefix == network.prefix;
                if let Some((_, other)) = zones.networks.iter().find(|(n, _)| same(n)).copied() {
                    self.overlap(&network.to_string(), other, zone, span);
                }
                zones.networks.push((network, zone));
            }
        }
        // The longest prefix answers.
        zones.networks.sort_by_key(|(n, _)| std::cmp::Reverse(n.prefix));
        zones
    }

    fn overlap(&mut self, what: &str, first: Zone, second: Zone, span: Range<usize>) {
        let what = shown(what);
        self.report.push(if first == second {
            Note::warning(Problem::Overlap, span, format!("`{what}` is listed twice"))
        } else {
            let message = format!("`{what}` is {} and {} at once", first.id(), second.id());
            Note::error(Problem::Overlap, span, message).help("keep it in one of the two")
        });
    }

    fn host_bits(&mut self, network: Network, span: Range<usize>) {
        if network.has_host_bits() {
            let first = Network { address: network.first(), ..network };
            let message = format!("`{network}` has bits beyond its prefix");
            self.report.push(Note::warning(Problem::BadFormat, span, message).label(format!("it means `{first}`")));
        }
    }

    fn accounts(&self) -> Vec<Accounts> {
        let groups = at(self.root, &["accounts"]).and_then(|v| v.get_ref().as_table());
        let groups = groups.into_iter().flat_map(|t| t.iter());
        let one = |name: &str| {
            let names = texts(self.root, &["accounts", name]).unwrap_or_default();
            let globs = names.into_iter().map(|(n, _)| Glob::new(n)).collect();
            Accounts { name: name.into(), globs }
        };
        groups.map(|(name, _)| one(name.get_ref())).collect()
    }

    fn destinations(&mut self) -> Vec<Group> {
        let Some(groups) = at(self.root, &["destinations"]).and_then(|v| v.get_ref().as_table()) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in groups {
            let Some(table) = value.get_ref().as_table() else { continue };
            let name: &str = name.get_ref();
            let mut hosts = HostMap::default();
            for (host, _) in texts(table, &["domains"]).unwrap_or_default() {
                if let Ok(pattern) = HostPattern::parse(host) {
                    hosts.insert(pattern, ());
                }
            }
            let mut networks = Vec::new();
            for (network, span) in texts(table, &["networks"]).unwrap_or_default() {
                let Ok(network) = network.parse() else { continue };
                self.host_bits(network, span);
                networks.push(network);
            }
            let recipients = texts(table, &["recipients"]).unwrap_or_default();
            let recipients = recipients.into_iter().map(|(r, _)| Glob::new(r)).collect();
            all.push(Group { name: name.into(), apps: self.apps_of(table), hosts, networks, recipients });
        }
        all
    }

    fn apps_of(&mut self, group: &Table<'_>) -> Vec<String> {
        let named = texts(group, &["apps"]).unwrap_or_default();
        for (app, span) in &named {
            if !self.apps.is_empty() && !self.apps.contains(app) {
                let note =
                    Note::error(Problem::UnknownApp, span.clone(), format!("unknown application `{}`", shown(app)));
                let help = format!("known: {}", list(self.apps.iter().copied()));
                self.report.push(note.suggest(app, self.apps.iter().copied()).help(help));
            }
        }
        named.into_iter().map(|(app, _)| app.to_owned()).collect()
    }

    fn rule(
        &mut self,
        table: &Table<'_>,
        header: &Range<usize>,
        default_mode: Mode,
        accounts: &[Accounts],
        destinations: &[Group],
    ) -> Rule {
        let id: Arc<str> = text(table, &["id"]).unwrap_or_default().into();
        let part = |key: &str| at(table, &[key]).and_then(|v| v.get_ref().as_table());
        let when = part("when").map(|t| self.conditions(t, accounts, destinations)).unwrap_or_default();
        let unless = part("unless").map(|t| self.conditions(t, accounts, destinations));
        if part("when").is_none() && at(table, &["when"]).is_none() {
            let message = format!("rule `{}` has no conditions: it is about every message", shown(&id));
            self.report.push(Note::warning(Problem::MatchesAll, header.clone(), message).help("add a `when`"));
        }
        let action = text(table, &["then", "action"]).and_then(|a| by_id(Action::ALL, Action::id, a));
        let action = action.unwrap_or(Action::Block);
        let named = texts(table, &["then", "detectors"]);
        if let (Some(value), true) = (at(table, &["then", "detectors"]), action != Action::Redact) {
            let message =
                format!("`detectors` of rule `{}` says what to redact, but its action is `{action}`", shown(&id));
            self.report.push(Note::error(Problem::Conflict, value.span(), message).help("remove it"));
        }
        let named: Option<Vec<What>> = named.map(|n| n.into_iter().filter_map(|(d, _)| what(d)).collect());
        let counted = || when.detect.iter().map(|(w, _)| *w).collect();
        let redact: BTreeSet<DetectorId> =
            named.unwrap_or_else(counted).into_iter().flat_map(What::detectors).collect();
        if action == Action::Redact && redact.is_empty() {
            let place = at(table, &["then", "action"]).map_or_else(|| header.clone(), |v| v.span());
            let message = format!("rule `{}` redacts, but does not say what", shown(&id));
            let note = Note::error(Problem::NothingToRedact, place, message);
            self.report.push(note.help("add `then.detectors = [\"identifier\"]` or a `when.detect`"));
        }
        let redact = if action == Action::Redact { redact.into_iter().collect() } else { Vec::new() };
        let message = bilingual(table, &["then", "message"]);
        let mode = self.mode(table, &["mode"]).unwrap_or(default_mode);
        Rule { id, mode, when, unless, action, message, redact }
    }

    fn conditions(&mut self, table: &Table<'_>, accounts: &[Accounts], destinations: &[Group]) -> Conditions {
        let words = |path: &[&str]| texts(table, path);
        let detect = at(table, &["detect"]).and_then(|v| v.get_ref().as_table());
        let detect = detect.into_iter().flat_map(|t| t.iter()).filter_map(|(name, value)| {
            Some((what(name.get_ref())?, count(value.get_ref().as_table()?, &["at-least"])?))
        });
        Conditions {
            channels: words(&["channel", "in"])
                .map(|w| w.into_iter().filter_map(|(c, _)| by_id(CHANNEL_IDS, Channel::id, c)).collect()),
            zones: words(&["zone"]).map(|w| w.into_iter().filter_map(|(z, _)| by_id(Zone::ALL, Zone::id, z)).collect()),
            destinations_in: words(&["destination", "in"]).map(|w| self.groups(w, destinations)),
            destinations_not_in: words(&["destination", "not-in"]).map(|w| self.groups(w, destinations)),
            accounts_in: words(&["account", "in"]).map(|w| self.account_sets(w, accounts)),
            accounts_not_in: words(&["account", "not-in"]).map(|w| self.account_sets(w, accounts)),
            detect: detect.collect(),
            persons: count(table, &["persons", "at-least"]),
            bulk: flag(table, &["bulk"]),
            opaque: words(&["opaque"]).map(|w| w.into_iter().flat_map(|(r, _)| reasons(r)).collect()),
            media_types: words(&["media-type", "in"]).map(|w| w.into_iter().map(|(t, _)| Glob::new(t)).collect()),
        }
    }

    fn groups(&mut self, names: Vec<(&str, Range<usize>)>, groups: &[Group]) -> Vec<usize> {
        let mut found = Vec::new();
        for (name, span) in names {
            match groups.iter().position(|g| &*g.name == name) {
                Some(n) => {
                    self.groups_used.insert(format!("destinations.{name}").into());
                    found.push(n);
                }
                None => {
                    let known = groups.iter().map(|g| &*g.name);
                    let message = format!("unknown group of destinations `{}`", shown(name));
                    let note = Note::error(Problem::UnknownGroup, span, message).suggest(name, known.clone());
                    let help = match groups.is_empty() {
                        true => format!("define it: [destinations.{}]", shown(name)),
                        false => format!("defined under [destinations]: {}", list(known)),
                    };
                    self.report.push(note.help(help));
                }
            }
        }
        found
    }

    fn account_sets(&mut self, names: Vec<(&str, Range<usize>)>, groups: &[Accounts]) -> Vec<Accounts> {
        let mut found = Vec::new();
        for (name, span) in names {
            if let Some(group) = groups.iter().find(|g| &*g.name == name) {
                self.groups_used.insert(format!("accounts.{name}").into());
                found.push(group.clone());
                continue;
            }
            // Any other word is an account, which nobody can check; one that looks like a group is told.
            if let Some(near) = crate::diagnostic::nearest(name, groups.iter().map(|g| &*g.name)) {
                let message = format!("there is no group of accounts `{}`: taken as one account", shown(name));
                let note = Note::warning(Problem::UnknownGroup, span, message);
                self.report.push(note.label(format!("did you mean `{near}`?")));
            }
            found.push(Accounts { name: name.into(), globs: [Glob::new(name)].into() });
        }
        found
    }

    fn unused(&mut self) {
        for section in ["accounts", "destinations"] {
            let Some(groups) = at(self.root, &[section]).and_then(|v| v.get_ref().as_table()) else { continue };
            for (name, _) in groups {
                if !self.groups_used.contains(format!("{section}.{}", name.get_ref()).as_str()) {
                    let message = format!("no rule uses the group `{}` of {section}", shown(name.get_ref()));
                    self.report.push(Note::warning(Problem::Unused, name.span(), message));
                }
            }
        }
    }

    fn test(&mut self, rule: &str, table: &Table<'_>, header: Range<usize>) -> Option<PolicyTest> {
        let name = text(table, &["name"])?;
        let place = format!("test `{}` of rule `{}`", shown(name), shown(rule));
        let (content, text_file) = (text(table, &["text"]), text(table, &["text-file"]));
        if content.is_some() == text_file.is_some() {
            let message = format!("{place} needs either `text` or `text-file`");
            self.report.push(Note::error(Problem::Conflict, header.clone(), message));
        }
        let account = text(table, &["account"]);
        if let (Some(_), Some(from)) = (account, at(table, &["from"])) {
            let message = format!("{place} has both `account` and `from`, which mean the same");
            self.report.push(Note::error(Problem::Conflict, from.span(), message).help("keep one"));
        }
        let to = text(table, &["to"])?;
        let by_to = if to.contains("://") { Channel::Web } else { Channel::Mail };
        let channel = text(table, &["channel"]).and_then(|c| by_id(CHANNEL_IDS, Channel::id, c)).unwrap_or(by_to);
        let is_web = matches!(channel, Channel::Web | Channel::Icap);
        if let (Some(value), true) = (at(table, &["to"]), is_web != (by_to == Channel::Web)) {
            let wanted = if is_web { "a URL" } else { "a mail address" };
            let message = format!("{place}: channel `{channel}` needs {wanted} in `to`");
            self.report.push(Note::error(Problem::Conflict, value.span(), message));
        }
        Some(PolicyTest {
            rule: rule.to_owned(),
            name: name.to_owned(),
            to: to.to_owned(),
            channel,
            account: account.or_else(|| text(table, &["from"])).map(str::to_owned),
            text: content.unwrap_or_default().as_bytes().to_vec(),
            text_file: text_file.map(str::to_owned),
            expect: by_id(Action::ALL, Action::id, text(table, &["expect"])?)?,
            line: self.report.line_of(header.start),
        })
    }

    fn messages(&self) -> Messages {
        let one = |key: &str, vi: &str, en: &str| {
            let written = bilingual(self.root, &["messages", key]);
            written.unwrap_or_else(|| Bilingual { vi: vi.to_owned(), en: en.to_owned() })
        };
        Messages {
            block: one(
                "block",
                "Nội dung này không được phép gửi ra ngoài theo chính sách bảo vệ dữ liệu của cơ quan.",
                "This content may not be sent there under the organisation's data protection policy.",
            ),
            quarantine: one(
                "quarantine",
                "Thư được giữ lại để người có thẩm quyền xem xét.",
                "The mail is held until an authorised person has looked at it.",
            ),
            redact: one(
                "redact",
                "Dữ liệu cá nhân trong nội dung đã được che trước khi gửi.",
                "Personal data in the content was masked before it was sent.",
            ),
        }
    }

    fn contact(&self) -> Option<Contact> {
        let one = |key: &str| text(self.root, &["contact", key]).map(str::to_owned);
        let contact = Contact { name: one("name"), phone: one("phone"), mail: one("mail") };
        (contact != Contact::default()).then_some(contact)
    }
}

/// `vi` and `en` of a table, if either is there.
fn bilingual(table: &Table<'_>, path: &[&str]) -> Option<Bilingual> {
    let table = at(table, path)?.get_ref().as_table()?;
    let one = |key: &str| text(table, &[key]).unwrap_or_default().to_owned();
    let both = Bilingual { vi: one("vi"), en: one("en") };
    (both != Bilingual::default()).then_some(both)
}

fn what(name: &str) -> Option<What> {
    if name == IDENTIFIER { Some(What::Identifier) } else { DetectorId::from_id(name).map(What::One) }
}

fn reasons(name: &str) -> Vec<OpaqueReason> {
    match name {
        ANY => OpaqueReason::ALL.to_vec(),
        ENCRYPTED_ARCHIVE => vec![OpaqueReason::Encrypted],
        _ => OpaqueReason::from_id(name).into_iter().collect(),
    }
}
