//! What the ledger writes: one canonical JSON line a record, fields in a fixed order.
//!
//! A [`Draft`] is everything the asker knows; number, batch and the hash of the record before are the writer's to add.
//! Only masked text, our own words, and the account, hosts and recipients a reviewer needs are written.

use std::borrow::Cow;

use chot_model::{Action, DecisionId, Inspection, Message, Timestamp, Verdict};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::json::{Json, push_u64, without_numbers};
use crate::{Event, Outcome};

/// Most entries of one list in a record. `recipients_total` and the like tell what was cut.
const LISTED_MAX: usize = 100;

/// SHA-256 of a record's payload. The hash before the first record is all zeros.
pub(crate) type Hash = [u8; 32];

pub(crate) fn hash_of(payload: &[u8]) -> Hash {
    Sha256::digest(payload).into()
}

pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    push_hex(&mut out, bytes);
    out.into_iter().map(char::from).collect()
}

pub(crate) fn parse_hash(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let mut digits = text.bytes().map(|b| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    });
    for byte in &mut hash {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(hash)
}

/// What a record means for the set of open decisions once it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Opens(DecisionId, Open),
    Closes(DecisionId),
}

/// What the ledger remembers of a decision until its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Whether bytes could have left: the verdict was allow or redact.
    pub(crate) could_leave: bool,
    /// A plain allow, which is purged by age together with its outcome.
    pub(crate) plain: bool,
}

/// A record without the fields only the writer knows.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: &'static str,
    /// The fields after `seq`, from `"id"` or `"time"` on.
    pub(crate) body: Vec<u8>,
    pub(crate) effect: Effect,
}

impl Draft {
    /// Appends the payload.
    pub(crate) fn write(&self, out: &mut Vec<u8>, seq: u64, batch: u64, plain: bool, previous: &Hash) {
        for part in [b"{\"v\":1,\"kind\":\"", self.kind.as_bytes(), b"\",\"seq\":"] {
            out.extend_from_slice(part);
        }
        push_u64(out, seq);
        out.push(b',');
        out.extend_from_slice(&self.body);
        if plain {
            out.extend_from_slice(b",\"plain\":true");
        }
        out.extend_from_slice(b",\"batch\":");
        push_u64(out, batch);
        out.extend_from_slice(b",\"prev\":\"");
        push_hex(out, previous);
        out.extend_from_slice(b"\"}\n");
    }
}

pub(crate) fn decision(
    time: Timestamp,
    node: &str,
    message: &Message,
    inspection: &Inspection,
    verdict: &Verdict,
) -> Draft {
    let Message { id, received: _, channel, client, account, destination, summary } = message;
    let Inspection { object, tallies, persons, bulk, opaque, disguises, elapsed_us } = inspection;
    let Verdict { action, zone, rule, mode, why, message: _, redact, shadowed, policy, exception } = verdict;

    let mut json = Json::with_capacity(1_024);
    json.key("id").ascii(&id.text());
    head(&mut json, time, node);
    json.key("channel").string(channel.id());
    match client {
        Some(address) => json.key("client").address(address),
        None => json.key("client").null(),
    }
    json.key("account").string(&account.name);
    json.key("account_source").string(account.source.id());

    json.key("destination").open(b'{');
    json.key("app").optional(destination.app);
    json.key("activity").optional(destination.activity);
    json.key("host").string(&destination.host);
    if let Some(address) = destination.address {
        json.key("address").address(&address);
    }
    json.key("zone").string(zone.id());
    strings(&mut json, "recipients", destination.recipients.iter().map(String::as_str));
    if destination.recipients.len() > LISTED_MAX {
        json.key("recipients_total").u64(destination.recipients.len() as u64);
    }
    json.close(b'}');

    json.key("object").open(b'{');
    json.key("name").string(object.name.as_str());
    json.key("media_type").string(&object.media_type);
    json.key("bytes").u64(object.bytes);
    json.key("bytes_inspected").u64(object.bytes_inspected);
    json.key("opaque").open(b'[');
    // An inspection bounds its own list so that no reason is lost: a hundred parts and one more for each reason.
    for part in opaque.iter().take(2 * LISTED_MAX) {
        json.open(b'{');
        json.key("part").string(part.part.as_str());
        json.key("reason").string(part.reason.id());
        json.close(b'}');
    }
    json.close(b']');
    json.close(b'}');

    json.key("findings").open(b'[');
    for (detector, tally) in tallies {
        json.open(b'{');
        json.key("detector").string(detector.id());
        json.key("count").u64(tally.count);
        json.key("distinct").u64(tally.distinct);
        if tally.low > 0 {
            json.key("low").u64(tally.low);
        }
        json.key("confidence").optional(tally.confidence.map(chot_model::Confidence::id));
        strings(&mut json, "samples", tally.samples.iter().take(10).map(chot_model::Masked::as_str));
        json.close(b'}');
    }
    json.close(b']');
    json.key("persons").u64(*persons);
    json.key("bulk").bool(*bulk);

    json.key("verdict").open(b'{');
    json.key("action").string(action.id());
    json.key("rule").optional(rule.as_deref());
    json.key("mode").string(mode.id());
    strings(&mut json, "why", why.iter().map(String::as_str));
    if !redact.is_empty() {
        strings(&mut json, "redact", redact.iter().map(|d| d.id()));
    }
    json.key("policy").string(&policy.0);
    json.key("exception").optional(exception.as_deref());
    json.close(b'}');

    json.key("shadow").open(b'[');
    for shadow in shadowed.iter().take(LISTED_MAX) {
        json.open(b'{');
        json.key("rule").string(&shadow.rule);
        json.key("action").string(shadow.action.id());
        json.key("mode").string(shadow.mode.id());
        json.close(b'}');
    }
    json.close(b']');
    strings(&mut json, "disguises", disguises.iter().copied());
    json.key("summary").string(summary.as_str());
    json.key("inspect_us").u64(*elapsed_us);

    let plain = *action == Action::Allow && inspection.is_clean() && shadowed.is_empty() && exception.is_none();
    let could_leave = matches!(action, Action::Allow | Action::Redact);
    if plain {
        json.key("plain").bool(true);
    }
    Draft { kind: "decision", body: json.into_bytes(), effect: Effect::Opens(*id, Open { could_leave, plain }) }
}

pub(crate) fn outcome(time: Timestamp, node: &str, id: DecisionId, outcome: Outcome, detail: &str) -> Draft {
    let (mut json, text) = (Json::with_capacity(256 + detail.len()), id.text());
    json.key("id").ascii(&text);
    head(&mut json, time, node);
    json.key("decision").ascii(&text);
    json.key("outcome").string(outcome.id());
    json.key("detail").string(&without_numbers(detail));
    Draft { kind: "outcome", body: json.into_bytes(), effect: Effect::Closes(id) }
}

pub(crate) fn event(time: Timestamp, node: &str, event: &Event) -> Draft {
    let mut json = Json::with_capacity(256);
    head(&mut json, time, node);
    let kind = match event {
        Event::GatewayStarted { version, listeners, readers_lack } => {
            json.key("version").string(version);
            strings(&mut json, "listeners", listeners.iter().map(String::as_str));
            strings(&mut json, "readers_lack", readers_lack.iter().copied());
            "gateway.started"
        }
        Event::GatewayStopped => "gateway.stopped",
        Event::PolicyActivated { policy, policy_id, by } => {
            json.key("policy").string(policy);
            json.key("policy_id").string(policy_id);
            json.key("by").string(by);
            "policy.activated"
        }
        Event::PolicyRejected { problems, by } => {
            strings(&mut json, "problems", problems.iter().map(String::as_str));
            json.key("by").string(by);
            "policy.rejected"
        }
        Event::Heartbeat => "heartbeat",
        Event::Admin { what } => {
            json.key("what").string(what);
            "admin"
        }
        Event::Bypass { client, account, host, address, reason, ended } => {
            json.key("client").address(client);
            json.key("account").string(account);
            json.key("host").string(&without_numbers(host));
            match address {
                Some(address) => json.key("address").address(address),
                None => json.key("address").null(),
            }
            json.key("reason").string(reason);
            match ended {
                None => "bypass.opened",
                Some((sent, received)) => {
                    json.key("sent").u64(*sent);
                    json.key("received").u64(*received);
                    "bypass.closed"
                }
            }
        }
        Event::Refusal { id, channel, client, account, host, reason, bytes } => {
            if let Some(id) = id {
                json.key("id").ascii(&id.text());
            }
            json.key("channel").string(channel.id());
            match client {
                Some(address) => json.key("client").address(address),
                None => json.key("client").null(),
            }
            if let Some(account) = account {
                json.key("account").string(&account.name);
                json.key("account_source").string(account.source.id());
            }
            json.key("host").string(&without_numbers(host));
            json.key("reason").string(reason);
            json.key("bytes").u64(*bytes);
            "refusal"
        }
    };
    Draft { kind, body: json.into_bytes(), effect: Effect::None }
}

/// A record of the ledger about itself; `fields` adds what `kind` needs.
pub(crate) fn own(time: Timestamp, node: &str, kind: &'static str, fields: impl FnOnce(&mut Json)) -> Draft {
    let mut json = Json::with_capacity(256);
    head(&mut json, time, node);
    fields(&mut json);
    Draft { kind, body: json.into_bytes(), effect: Effect::None }
}

fn head(json: &mut Json, time: Timestamp, node: &str) {
    json.key("time").ascii(&time.text());
    json.key("node").string(node);
}

fn strings<'a>(json: &mut Json, key: &'static str, values: impl Iterator<Item = &'a str>) {
    json.key(key).open(b'[');
    for value in values.take(LISTED_MAX) {
        json.string(value);
    }
    json.close(b']');
}

impl Outcome {
    /// The name in records and output.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Aborted => "aborted",
            Self::InDoubt => "in_doubt",
            Self::Failed => "failed",
        }
    }
}

/// The fields of a record that the ledger itself reads again.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default)]
    pub(crate) seq: u64,
    #[serde(default)]
    pub(crate) batch: u64,
    #[serde(default, borrow)]
    pub(crate) prev: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(crate) time: Cow<'a, str>,
    #[serde(default)]
    pub(crate) plain: bool,
    #[serde(default, borrow)]
    verdict: Option<EnvelopeVerdict<'a>>,
    /// Of a `segment` record: the oldest decision without an outcome when it was written.
    #[serde(default)]
    pub(crate) oldest_open: u64,
    /// Of a `segment` record: why the segment before ended.
    #[serde(default, borrow)]
    pub(crate) after: Cow<'a, str>,
    /// Of `purged`: the records it stands for, the hash of the last of them, and the purge record it belongs to.
    #[serde(default)]
    pub(crate) from: u64,
    #[serde(default)]
    pub(crate) to: u64,
    #[serde(default, borrow)]
    pub(crate) last_hash: Cow<'a, str>,
    #[serde(default)]
    pub(crate) purge: u64,
    /// Of a `purge` record: the segment, how many runs, and their digest.
    #[serde(default)]
    pub(crate) segment: u64,
    #[serde(default)]
    pub(crate) runs: u64,
    #[serde(default, borrow)]
    pub(crate) digest: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct EnvelopeVerdict<'a> {
    #[serde(default, borrow)]
    action: Cow<'a, str>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        self.kind == "purged"
    }

    /// The number of the first record this frame stands for.
    pub(crate) fn first(&self) -> u64 {
        if self.is_tombstone() { self.from } else { self.seq }
    }

    pub(crate) fn effect(&self) -> Effect {
        match (self.kind.as_ref(), DecisionId::parse(&self.id)) {
            ("decision", Some(id)) => {
                let action = self.verdict.as_ref().map_or("", |v| v.action.as_ref());
                let could_leave = !matches!(action, "block" | "quarantine");
                Effect::Opens(id, Open { could_leave, plain: self.plain })
            }
            ("outcome", Some(id)) => Effect::Closes(id),
            _ => Effect::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PAYLOAD_BYTES_MAX, PAYLOAD_START};
    use crate::testing::{id, message, register, verdict};
    use chot_model::{Bilingual, DetectorId, Masked, Opaque, OpaqueReason, Shadowed, Tally};
    use proptest::prelude::*;

    fn payload(draft: &Draft) -> Vec<u8> {
        let mut out = Vec::new();
        draft.write(&mut out, 7, 5, false, &[0xab; 32]);
        out
    }

    const TIME: Timestamp = Timestamp::from_unix_us(1_795_000_000_000_000);

    #[test]
    fn the_largest_record_fits_into_a_frame() {
        let long = "\u{1}".repeat(5_000);
        let masked = || Masked::danger_assume_masked(long.clone());
        let (mut message, mut inspection, mut verdict) = (message(1), register(), verdict(Action::Redact));
        message.account.name.clone_from(&long);
        message.destination.host.clone_from(&long);
        message.destination.recipients = vec![long.clone(); 5_000];
        message.summary = masked();
        inspection.object.name = masked();
        inspection.object.media_type.clone_from(&long);
        inspection.opaque = vec![Opaque { part: masked(), reason: OpaqueReason::TooMany }; 5_000];
        for detector in DetectorId::ALL {
            inspection.tallies.insert(*detector, Tally { samples: vec![masked(); 100], ..Tally::default() });
        }
        inspection.disguises = vec!["zero-width"; 5_000];
        verdict.why = vec![long.clone(); 5_000];
        verdict.message = Some(Bilingual { vi: long.clone(), en: String::new() });
        let shadow = Shadowed { rule: long.as_str().into(), action: Action::Block, mode: chot_model::Mode::Shadow };
        verdict.shadowed = vec![shadow; 5_000];
        verdict.exception = Some(long.as_str().into());
        let payload = payload(&decision(TIME, &long, &message, &inspection, &verdict));
        assert!(payload.len() < PAYLOAD_BYTES_MAX, "{}", payload.len());
        let value: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(value["destination"]["recipients_total"], 5_000);
        assert_eq!(value["destination"]["recipients"].as_array().unwrap().len(), LISTED_MAX);
    }

    #[test]
    fn only_an_allow_with_nothing_to_it_is_plain() {
        let plain = |change: &dyn Fn(&mut Inspection, &mut Verdict)| {
            let (mut inspection, mut verdict) = (crate::testing::clean(), verdict(Action::Allow));
            change(&mut inspection, &mut verdict);
            let draft = decision(TIME, "gw1", &message(1), &inspection, &verdict);
            let line = payload(&draft);
            let envelope = Envelope::parse(&line).unwrap();
            assert_eq!(envelope.effect(), draft.effect);
            envelope.plain
        };
        assert!(plain(&|_, _| {}));
        assert!(!plain(&|i, _| *i = register()));
        assert!(!plain(&|i, _| i.add_opaque(Masked::default(), OpaqueReason::Encrypted)));
        assert!(!plain(&|_, v| v.action = Action::Block));
        assert!(!plain(&|_, v| v.exception = Some("QĐ 12".into())));
        let shadow = Shadowed { rule: "r".into(), action: Action::Block, mode: chot_model::Mode::Shadow };
        assert!(!plain(&|_, v| v.shadowed.push(shadow.clone())));
    }

    proptest! {
        #[test]
        fn any_text_makes_one_line_that_reads_back(text in ".{0,200}|[\\x00-\\x7f]{0,200}") {
            let mut message = message(1);
            message.account.name.clone_from(&text);
            message.destination.recipients = vec![text.clone(), text.clone()];
            let mut events = vec![
                decision(TIME, &text, &message, &register(), &verdict(Action::Block)),
                outcome(TIME, &text, id(1), Outcome::Failed, &text),
            ];
            events.push(event(TIME, &text, &Event::Admin { what: text.clone() }));
            events.push(event(TIME, &text, &Event::PolicyRejected { problems: vec![text.clone()], by: text.clone() }));
            for draft in events {
                let line = payload(&draft);
                prop_assert!(line.starts_with(PAYLOAD_START));
                prop_assert_eq!(line.iter().position(|b| *b == b'\n'), Some(line.len() - 1));
                let envelope = Envelope::parse(&line).unwrap();
                prop_assert_eq!((envelope.seq, envelope.batch), (7, 5));
                prop_assert_eq!(parse_hash(&envelope.prev), Some([0xab; 32]));
                let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
                prop_assert_eq!(value["node"].as_str(), Some(text.as_str()));
            }
        }
    }
}
