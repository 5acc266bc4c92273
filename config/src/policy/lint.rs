//! Rules that cannot mean what their author wanted: that never match, never act, or never decide.

use std::ops::Range;

use chot_model::{Action, Channel, Mode, Zone};

use super::check::Placed;
use super::{Accounts, Conditions, Group, Rule, What, Zones};
use crate::diagnostic::{Note, Problem, Report};
use crate::draft::shown;

/// Rules above this number are not compared with each other: the comparison is quadratic.
const COMPARED_MAX: usize = 500;

pub(super) fn lint(placed: &[Placed], zones: &Zones, groups: &[Group], report: &mut Report<'_>) {
    for (n, Placed { rule, header }) in placed.iter().enumerate() {
        never_matches(rule, header, zones, groups, report);
        let Some(earlier) = placed.get(..n.min(COMPARED_MAX)) else { continue };
        let later = placed.get(n + 1..).unwrap_or_default().iter().take(COMPARED_MAX);
        // Among equally strict rules the first is named, so only an earlier one hides this one entirely.
        let hidden = earlier.iter().find(|p| hides(&p.rule, rule, Action::ge));
        let hidden = hidden.or_else(|| later.into_iter().find(|p| hides(&p.rule, rule, Action::gt)));
        if let Some(other) = hidden {
            let message = format!("rule `{}` never decides anything", shown(&rule.id));
            let note = Note::warning(Problem::Shadowed, header.clone(), message);
            let label = format!("rule `{}` matches whenever this one does", shown(&other.rule.id));
            report.push(note.label(label).help("remove one of the two, or make this one stricter or narrower"));
        }
    }
}

fn never_matches(rule: &Rule, header: &Range<usize>, zones: &Zones, groups: &[Group], report: &mut Report<'_>) {
    let mut never = |why: String, help: &str| {
        let message = format!("rule `{}` can never match: {why}", shown(&rule.id));
        report.push(Note::error(Problem::NeverMatches, header.clone(), message).help(help));
    };
    let when = &rule.when;
    let subset = |a: &[usize], b: &[usize]| a.iter().all(|x| b.contains(x));
    if let (Some(inside), Some(not)) = (&when.destinations_in, &when.destinations_not_in)
        && !inside.is_empty()
        && subset(inside, not)
    {
        never("`destination.in` and `destination.not-in` exclude each other".to_owned(), "remove one of the two");
    }
    if let (Some(inside), Some(not)) = (&when.accounts_in, &when.accounts_not_in)
        && !inside.is_empty()
        && inside.iter().all(|a| not.contains(a))
    {
        never("`account.in` and `account.not-in` exclude each other".to_owned(), "remove one of the two");
    }
    if let (Some(channels), Some(inside)) = (&when.channels, &when.destinations_in) {
        let mail = channels.iter().all(|c| matches!(c, Channel::Mail | Channel::Milter));
        let web = channels.iter().all(|c| matches!(c, Channel::Web | Channel::Icap));
        let only =
            |empty: fn(&Group) -> bool| !inside.is_empty() && inside.iter().all(|n| groups.get(*n).is_some_and(empty));
        if mail
            && !channels.is_empty()
            && only(|g| g.hosts.is_empty() && g.networks.is_empty() && g.recipients.is_empty())
        {
            never("mail does not go to applications".to_owned(), "add `domains` to the group, or the channel `web`");
        }
        if web && !channels.is_empty() && only(|g| g.hosts.is_empty() && g.networks.is_empty() && g.apps.is_empty()) {
            never("only mail goes to mail addresses".to_owned(), "add `domains` to the group, or the channel `mail`");
        }
    }
    if rule.unless.as_ref().is_some_and(|unless| weaker(unless, when)) {
        let message = format!("rule `{}` can never act: `unless` holds whenever `when` does", shown(&rule.id));
        let note = Note::error(Problem::NeverMatches, header.clone(), message);
        report.push(note.help("`unless` must ask for something that `when` does not"));
    }
    // An office may write the rule before it lists the partner: that is only worth a warning.
    if let Some(asked) = &when.zones {
        let defined =
            |z: Zone| z == Zone::Outside || zones.hosts.has(z) || zones.networks.iter().any(|(_, other)| *other == z);
        if let ([first, ..], false) = (asked.as_slice(), asked.iter().any(|z| defined(*z))) {
            let zone = first.id();
            let message = format!("rule `{}` matches nothing yet: no place is {zone}", shown(&rule.id));
            let help = format!("list hosts in `domains.{zone}` or addresses in `networks.{zone}`");
            report.push(Note::warning(Problem::NeverMatches, header.clone(), message).help(help));
        }
    }
}

/// Whether `a` decides whenever `b` matches, so that `b` changes nothing.
fn hides(a: &Rule, b: &Rule, stricter: fn(&Action, &Action) -> bool) -> bool {
    let redacts = a.action != Action::Redact || b.redact.iter().all(|d| a.redact.contains(d));
    a.mode == Mode::Enforce
        && b.mode == Mode::Enforce
        && b.action != Action::Allow
        && stricter(&a.action, &b.action)
        && redacts
        && (a.unless.is_none() || a.unless == b.unless)
        // A quarantine counts as a block on the web, so it is not comparable with a rule for both channels.
        && (a.action != Action::Quarantine || b.action != Action::Block)
        && weaker(&a.when, &b.when)
}

/// Whether `a` holds whenever `b` does.
fn weaker(a: &Conditions, b: &Conditions) -> bool {
    fn within<T: PartialEq>(narrow: &Option<Vec<T>>, wide: &Option<Vec<T>>) -> bool {
        match (narrow, wide) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(n), Some(w)) => n.iter().all(|x| w.contains(x)),
        }
    }
    fn not_within<T: PartialEq>(a: &Option<Vec<T>>, b: &Option<Vec<T>>) -> bool {
        a.iter().flatten().all(|x| b.iter().flatten().any(|y| x == y))
    }
    let implied = |(what, n): &(What, u64)| {
        b.detect.iter().any(|(other, m)| {
            let covers =
                what == other || matches!((what, other), (What::Identifier, What::One(d)) if d.is_identifier());
            covers && m >= n
        })
    };
    within(&b.channels, &a.channels)
        && within(&b.zones, &a.zones)
        && within(&b.destinations_in, &a.destinations_in)
        && not_within(&a.destinations_not_in, &b.destinations_not_in)
        && within::<Accounts>(&b.accounts_in, &a.accounts_in)
        && not_within(&a.accounts_not_in, &b.accounts_not_in)
        && a.detect.iter().all(implied)
        && a.persons.is_none_or(|n| b.persons.is_some_and(|m| m >= n))
        && (a.bulk.is_none() || a.bulk == b.bulk)
        && within(&b.opaque, &a.opaque)
        && within(&b.media_types, &a.media_types)
}
