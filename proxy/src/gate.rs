//! The path of a message, the same for every channel: read → inspect → judge → record → finish.
//!
//! [`Intake::decide`] is the one function that joins the steps and holds the ifs. A channel gets back either
//! [`Cleared`], the only thing its sending half accepts, or [`Refused`], which it turns into words. Neither can be
//! made without the ledger's receipt.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use chot_audit::{ForwardPermit, Ledger, Outcome, Permit, RedactedPermit};
use chot_config::{Bypass, Policy, judge};
use chot_inspect::{Hint, Inspected, Inspecting, Inspector, Source, Spliced};
use chot_model::{
    Account, AccountSource, Action, Channel, Clock, DecisionId, Destination, Inspection, Masked, Message, OpaqueReason,
    Timestamp, Verdict,
};

use crate::Error;
use crate::hold::{Hold, HoldWriter, Holds};
use crate::identity::{Identity, Who};

/// Bodies up to this size are inspected on the task that read them; larger ones on a blocking thread.
const INLINE_BYTES_MAX: u64 = 32 << 10;
/// The same where only the last block of them is left to be read.
const INLINE_READ_BYTES_MAX: u64 = 1 << 20;

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

/// Decisions since the start, by channel and action.
#[derive(Debug, Default)]
pub struct Counts {
    decisions: [[AtomicU64; 4]; 4],
    /// Messages that could not be decided because of the gateway itself.
    failed: AtomicU64,
    /// ClientHellos with an encrypted one inside, or its grease.
    ech_offered: AtomicU64,
    bypassed: AtomicU64,
    /// Connections of web clients now open.
    web_connections: AtomicU64,
}

impl Counts {
    fn count(&self, channel: Channel, action: Action) {
        let of_channel = self.decisions.get(channel as usize);
        if let Some(counter) = of_channel.and_then(|actions| actions.get(action as usize)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Decisions of a channel with this action.
    pub fn decisions(&self, channel: Channel, action: Action) -> u64 {
        let of_channel = self.decisions.get(channel as usize);
        of_channel.and_then(|actions| actions.get(action as usize)).map_or(0, |n| n.load(Ordering::Relaxed))
    }

    pub(crate) fn web_connection_began(&self) {
        self.web_connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn web_connection_ended(&self) {
        self.web_connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Connections of web clients now open.
    pub fn web_connections(&self) -> u64 {
        self.web_connections.load(Ordering::Relaxed)
    }

    pub(crate) fn count_bypass(&self) {
        self.bypassed.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections passed on unread because they are listed.
    pub fn bypassed(&self) -> u64 {
        self.bypassed.load(Ordering::Relaxed)
    }

    pub(crate) fn count_ech_offer(&self) {
        self.ech_offered.fetch_add(1, Ordering::Relaxed);
    }

    /// TLS clients that offered an encrypted ClientHello, or grease that looks like one.
    pub fn ech_offered(&self) -> u64 {
        self.ech_offered.load(Ordering::Relaxed)
    }

    /// Messages that could not be decided.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
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
        Intake {
            id: self.new_id(received),
            received,
            policy: self.policy(),
            hint: hint.clone(),
            inspecting: self.shared.inspector.begin(hint),
            body: self.shared.holds.begin(),
            encoded: None,
            gate: self.clone(),
        }
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

    /// Who a client is that gave, or did not give, credentials to the proxy.
    pub(crate) async fn who(&self, address: IpAddr, authorization: Option<&[u8]>) -> Who {
        match self.identity() {
            Some(identity) => identity.of(address, authorization, self.clock().now()).await,
            None => Who::Is(Account::unknown()),
        }
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
        summary(|text| self.inspector().mask(text), text, chars_max)
    }

    /// A fresh decision number, for records that are no decision but are quoted to people.
    pub fn new_id(&self, now: Timestamp) -> DecisionId {
        let mut random = [0; 10];
        // Without randomness numbers may repeat, which records survive: the ledger's own numbers stay unique.
        let _ = aws_lc_rs::rand::fill(&mut random);
        DecisionId::new(now, random)
    }
}

/// A message that is arriving: inspected and held at once.
pub struct Intake {
    id: DecisionId,
    received: Timestamp,
    policy: Arc<Policy>,
    hint: Hint,
    inspecting: Inspecting,
    body: HoldWriter,
    /// The bytes as they came, where [`Self::push`] was given them decoded.
    encoded: Option<HoldWriter>,
    gate: Gate,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("id", &self.id).field("body", &self.body).finish_non_exhaustive()
    }
}

impl Intake {
    /// The number this message's decision will have.
    pub fn id(&self) -> DecisionId {
        self.id
    }

    /// The policy that will judge it.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Bytes of the body so far.
    pub fn len(&self) -> u64 {
        self.body.len()
    }

    /// Whether the body is empty so far.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Inspects a side field: URL, header value, envelope address, trailer.
    pub fn field(&mut self, name: &str, value: &[u8]) {
        self.inspecting.field(name, value);
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// When they cannot be held; the message must be refused.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.body.push(bytes).map_err(Error::Hold)?;
        self.inspecting.push(bytes);
        Ok(())
    }

    /// Keeps the next bytes as they came, where the body has a content coding and [`Self::push`] is given what they
    /// decode to. Unless it is redacted, this is then what leaves: signatures and digests over it stay true.
    ///
    /// # Errors
    /// When they cannot be held; the message must be refused.
    pub fn keep_encoded(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let encoded = self.encoded.get_or_insert_with(|| self.gate.shared.holds.begin());
        encoded.push(bytes).map_err(Error::Hold)
    }

    /// Notes that part of the message could not be understood by the channel itself, such as an unknown content
    /// coding.
    pub fn opaque(&mut self, part: &str, reason: OpaqueReason) {
        self.inspecting.opaque(part, reason);
    }

    /// Inspects to the end, judges, redacts where the verdict says so, and records. On return the record is durable.
    ///
    /// # Errors
    /// When the gateway itself failed. Nothing may leave then, and there may be no record.
    pub async fn decide(self, envelope: Envelope, abilities: Abilities) -> Result<Decision, Error> {
        let gate = self.gate.clone();
        let decided = self.decide_inner(envelope, abilities).await;
        if decided.is_err() {
            gate.shared.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        decided
    }

    async fn decide_inner(self, envelope: Envelope, abilities: Abilities) -> Result<Decision, Error> {
        let ready = self.ready().await?;
        let message = ready.message(ready.id, envelope);
        let verdict = judge(&message, &ready.inspected.inspection, &ready.policy);
        ready.settle(message, verdict, abilities).await
    }

    /// As [`Self::decide`], for a message that a person released from quarantine: what would only be held again may
    /// leave. What the policy of today blocks stays. `approval` is what the record names as the permission.
    ///
    /// # Errors
    /// When the gateway itself failed. Nothing may leave then.
    pub async fn decide_released(
        self,
        envelope: Envelope,
        abilities: Abilities,
        approval: &str,
    ) -> Result<Decision, Error> {
        let ready = self.ready().await?;
        let message = ready.message(ready.id, envelope);
        let mut verdict = judge(&message, &ready.inspected.inspection, &ready.policy);
        if verdict.action == Action::Quarantine {
            verdict.action = Action::Allow;
            verdict.exception = Some(format!("quarantine {approval}").into());
            verdict.why.push("released from quarantine".to_owned());
        }
        ready.settle(message, verdict, abilities).await
    }

    /// As [`Self::decide`], with an answer for each recipient: those whose answers are the same share a decision. Gives
    /// the places of its recipients in the envelope with each decision.
    ///
    /// # Errors
    /// When the gateway itself failed. Nothing may leave then.
    pub async fn decide_each(
        self,
        envelope: Envelope,
        abilities: Abilities,
    ) -> Result<Vec<(Vec<usize>, Decision)>, Error> {
        let gate = self.gate.clone();
        let decided = self.decide_each_inner(envelope, abilities).await;
        if decided.is_err() {
            gate.shared.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        decided
    }

    async fn decide_each_inner(
        self,
        envelope: Envelope,
        abilities: Abilities,
    ) -> Result<Vec<(Vec<usize>, Decision)>, Error> {
        let ready = self.ready().await?;
        let all = envelope.destination.recipients.clone();
        let only = |places: &[usize]| {
            let recipients = places.iter().filter_map(|n| all.get(*n)).cloned().collect();
            let destination = Destination { recipients, ..envelope.destination.clone() };
            Envelope { destination, ..envelope.clone() }
        };
        let judged = |id, places: &[usize]| {
            let message = ready.message(id, only(places));
            let verdict = judge(&message, &ready.inspected.inspection, &ready.policy);
            (message, verdict)
        };
        let mut groups: Vec<(Vec<usize>, Verdict)> = Vec::new();
        for n in 0..all.len() {
            let (_, verdict) = judged(ready.id, &[n]);
            let is_same = |other: &Verdict| {
                (other.action, &other.rule, &other.redact) == (verdict.action, &verdict.rule, &verdict.redact)
            };
            match groups.iter_mut().find(|(_, other)| is_same(other)) {
                Some((places, _)) => places.push(n),
                None => groups.push((vec![n], verdict)),
            }
        }
        let mut decisions = Vec::new();
        for (n, (places, _)) in groups.into_iter().enumerate() {
            let id = if n == 0 { ready.id } else { ready.gate.new_id(ready.received) };
            let (message, verdict) = judged(id, &places);
            decisions.push((places, ready.settle(message, verdict, abilities).await?));
        }
        Ok(decisions)
    }

    /// Inspects to the end.
    async fn ready(self) -> Result<Ready, Error> {
        let Self { id, received, policy, hint, inspecting, body, encoded, gate } = self;
        let body = Arc::new(body.seal().map_err(Error::Hold)?);
        let inspected = Arc::new(inspect_to_end(inspecting, &body).await?);
        let content: Arc<dyn Source> = match encoded {
            Some(encoded) => Arc::new(encoded.seal().map_err(Error::Hold)?),
            None => Arc::clone(&body) as _,
        };
        Ok(Ready { id, received, policy, hint, inspected, body, content, gate })
    }
}

/// A message that has come and was inspected.
struct Ready {
    id: DecisionId,
    received: Timestamp,
    policy: Arc<Policy>,
    hint: Hint,
    inspected: Arc<Inspected>,
    body: Arc<Hold>,
    /// What leaves unless it is redacted.
    content: Arc<dyn Source>,
    gate: Gate,
}

impl Ready {
    fn message(&self, id: DecisionId, envelope: Envelope) -> Message {
        let Envelope { channel, client, account, destination, summary } = envelope;
        Message { id, received: self.received, channel, client, account, destination, summary }
    }

    /// Redacts where the verdict says so, and records. On return the record is durable.
    async fn settle(&self, message: Message, mut verdict: Verdict, abilities: Abilities) -> Result<Decision, Error> {
        let gate = &self.gate;
        if verdict.action == Action::Quarantine && !abilities.quarantine {
            verdict.escalate_to_block("this channel has no quarantine");
        }
        let mut content = Arc::clone(&self.content);
        if verdict.action == Action::Redact {
            match redact(gate, self.hint.clone(), &self.inspected, &verdict, &self.body, abilities).await? {
                Ok(redacted) => content = redacted,
                Err(why) => verdict.cannot_redact(why),
            }
        }
        let (id, channel) = (message.id, message.channel);
        let message = recordable(message, &gate.shared.inspector);
        let inspection = &self.inspected.inspection;
        let receipt = gate.shared.ledger.decide(&message, inspection, &verdict).await?;
        gate.shared.counts.count(channel, verdict.action);
        let open = Open { ledger: gate.shared.ledger.clone(), id, is_told: false };
        let told = Told { id, verdict, inspection: inspection.clone(), policy: Arc::clone(&self.policy) };
        Ok(match receipt.permit() {
            Permit::Forward(permit) => {
                Decision::Cleared(Cleared { content, told, open, _permit: SendPermit::Forward(permit) })
            }
            Permit::Redacted(permit) => {
                Decision::Cleared(Cleared { content, told, open, _permit: SendPermit::Redacted(permit) })
            }
            Permit::Refuse => {
                let held = (told.verdict.action == Action::Quarantine).then_some(content);
                Decision::Refused(Refused { told, open, held })
            }
        })
    }
}

/// No number is written with more characters.
const NUMBER_CHARS_MAX: usize = 64;

fn summary(mask: impl Fn(&str) -> Masked, text: &str, chars_max: usize) -> Masked {
    // Masks are shorter than what they hide, so more than is shown has to be looked at.
    let looked_at: String = text.chars().take(2 * chars_max + NUMBER_CHARS_MAX).collect();
    let is_cut = looked_at.len() < text.len();
    let masked = mask(&looked_at);
    // Where it was cut, half a number may stand.
    let whole = masked.as_str().chars().count().saturating_sub(if is_cut { NUMBER_CHARS_MAX } else { 0 });
    Masked::danger_assume_masked(masked.as_str().chars().take(chars_max.min(whole)).collect::<String>())
}

/// The message as its record may hold it. A reviewer needs hosts and recipients, but a number can be carried in them
/// too: `001090123456.example.com` would otherwise put it into the ledger.
fn recordable(mut message: Message, inspector: &Inspector) -> Message {
    let Destination { host, recipients, .. } = &mut message.destination;
    for address in recipients.iter_mut().chain([host]) {
        *address = inspector.mask_identifiers(address).as_str().to_owned();
    }
    message
}

/// Finishes the inspection where it disturbs nobody.
async fn inspect_to_end(inspecting: Inspecting, body: &Arc<Hold>) -> Result<Inspected, Error> {
    let inline_max = if inspecting.is_read_along() { INLINE_READ_BYTES_MAX } else { INLINE_BYTES_MAX };
    if body.len() <= inline_max {
        return Ok(inspecting.finish(&**body));
    }
    let body = Arc::clone(body);
    tokio::task::spawn_blocking(move || inspecting.finish(&*body)).await.map_err(|_| Error::Inspection)
}

/// The redacted content, or why there can be none. What comes out is inspected again: a redaction that leaves
/// something behind must not pass for one.
async fn redact(
    gate: &Gate,
    hint: Hint,
    inspected: &Arc<Inspected>,
    verdict: &Verdict,
    body: &Arc<Hold>,
    abilities: Abilities,
) -> Result<Result<Arc<dyn Source>, String>, Error> {
    if !abilities.redact {
        return Ok(Err("this channel cannot send changed content".to_owned()));
    }
    if abilities.is_sealed {
        return Ok(Err("it is signed by others".to_owned()));
    }
    if inspected.inspection.is_opaque(OpaqueReason::Ambiguous) {
        return Ok(Err("readers may see different things in it".to_owned()));
    }
    // Containers around what was found are packed again.
    let (detectors, held, found) = (verdict.redact.clone(), Arc::clone(body), Arc::clone(inspected));
    let redacting = tokio::task::spawn_blocking(move || found.redact(&detectors, &*held));
    let splices = match redacting.await.map_err(|_| Error::Inspection)? {
        Ok(splices) => splices,
        Err(not_redactable) => return Ok(Err(not_redactable.to_string())),
    };
    let redacted = Arc::new(Spliced::new(Arc::clone(body), splices));
    let (again, inspector) = (Arc::clone(&redacted), gate.shared.inspector.clone());
    let left = tokio::task::spawn_blocking(move || inspector.inspect(hint, &*again)).await;
    let left = left.map_err(|_| Error::Inspection)?.inspection;
    if verdict.redact.iter().any(|detector| left.distinct(*detector) > 0) {
        return Ok(Err("something would be left".to_owned()));
    }
    if left.opaque.len() > inspected.inspection.opaque.len() {
        return Ok(Err("it would come out damaged".to_owned()));
    }
    Ok(Ok(redacted))
}

/// The answer to one message, recorded.
#[derive(Debug)]
pub enum Decision {
    /// It may leave.
    Cleared(Cleared),
    /// It stays here.
    Refused(Refused),
}

/// What a channel may tell people about a decision.
#[derive(Debug)]
pub struct Told {
    /// The number to quote.
    pub id: DecisionId,
    /// The answer and its reasons.
    pub verdict: Verdict,
    /// What was found.
    pub inspection: Inspection,
    /// The policy that judged, for its contact and messages.
    pub policy: Arc<Policy>,
}

/// Proof of the record, held for as long as the message may leave.
#[derive(Debug)]
enum SendPermit {
    Forward(ForwardPermit),
    Redacted(RedactedPermit),
}

/// A message that may leave, in the only form it may leave in. The sending half of a channel takes this and nothing
/// else.
pub struct Cleared {
    content: Arc<dyn Source>,
    told: Told,
    open: Open,
    _permit: SendPermit,
}

impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleared").field("id", &self.told.id).field("len", &self.content.len()).finish_non_exhaustive()
    }
}

impl Cleared {
    /// The content to send, the answer, and the open end of the record.
    pub fn into_parts(self) -> (Arc<dyn Source>, Told, Open) {
        (self.content, self.told, self.open)
    }

    /// The decision's number.
    pub fn id(&self) -> DecisionId {
        self.told.id
    }

    /// Whether readers may disagree on what it says.
    pub fn is_ambiguous(&self) -> bool {
        self.told.inspection.is_opaque(OpaqueReason::Ambiguous)
    }

    /// Whether the content was changed.
    pub fn is_redacted(&self) -> bool {
        self.told.verdict.action == Action::Redact
    }
}

/// A message that stays here.
pub struct Refused {
    /// What to tell the sender.
    pub told: Told,
    /// The open end of the record.
    pub open: Open,
    /// What is to be kept for a person to decide, when the verdict is quarantine.
    pub held: Option<Arc<dyn Source>>,
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("id", &self.told.id)
            .field("is_held", &self.held.is_some())
            .finish_non_exhaustive()
    }
}

/// The open end of a decision's record. Say how it ended; a dropped one is recorded as in doubt.
pub struct Open {
    ledger: Ledger,
    id: DecisionId,
    is_told: bool,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Open {
    /// Records how it ended. `detail` is our own words or a status, never content.
    pub fn close(mut self, outcome: Outcome, detail: &str) {
        self.is_told = true;
        self.ledger.outcome(self.id, outcome, detail);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.is_told {
            self.ledger.outcome(self.id, Outcome::InDoubt, "dropped without an outcome");
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_inspect::Limits;

    use super::*;

    #[test]
    fn no_half_of_a_number_stands_where_a_summary_ends() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let number = "001090123456";
        for before in [0, 10, 90, 95, 99, 190, 199, 250, 255, 260, 300] {
            // Names become short masks, which brings what lies behind them to the front.
            for filler in ["x", "ông Nguyễn Văn An, "] {
                let text: String = filler.chars().cycle().take(before).collect();
                let text = format!("{text} so CCCD {number} {}", "y".repeat(300));
                let shown = summary(|text| inspector.mask(text), &text, 100);
                let digits = shown.as_str().chars().filter(char::is_ascii_digit).count();
                assert!(digits <= 3 && shown.as_str().chars().count() <= 100, "{before}: {shown}");
            }
        }
        assert_eq!(summary(|text| inspector.mask(text), "Danh sách", 100).as_str(), "Danh sách");
    }
}
