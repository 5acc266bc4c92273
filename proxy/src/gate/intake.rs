//! A message from its first byte to its recorded decision.

use std::fmt;
use std::sync::Arc;

use chot_config::{Policy, judge};
use chot_inspect::{Hint, Inspected, Inspecting, Source, is_brief};
use chot_model::{Action, DecisionId, Destination, Message, OpaqueReason, Timestamp, Verdict};

use super::decision::{Decision, Open, Refused, Told};
use super::recordable::recordable;
use super::redaction::redact;
use super::{Abilities, Envelope, Gate};
use crate::Error;
use crate::hold::{Hold, HoldWriter};

/// Text up to this size is inspected on the task that read it; all else on a blocking thread.
const INLINE_BYTES_MAX: u64 = 32 << 10;
/// The same where only the last block of them is left to be read.
const INLINE_READ_BYTES_MAX: u64 = 1 << 20;

/// A message that is arriving: inspected and held at once.
pub struct Intake {
    id: DecisionId,
    received: Timestamp,
    policy: Arc<Policy>,
    hint: Hint,
    /// Apart, because it is large and all of this is handed from step to step.
    inspecting: Box<Inspecting>,
    body: HoldWriter,
    /// The bytes as they came, where [`Self::push`] was given them decoded.
    encoded: Option<HoldWriter>,
    /// How many bytes the sender says will come.
    expected: u64,
    gate: Gate,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("id", &self.id).field("body", &self.body).finish_non_exhaustive()
    }
}

impl Intake {
    pub(super) fn begin(gate: Gate, id: DecisionId, received: Timestamp, hint: Hint) -> Self {
        Self {
            id,
            received,
            policy: gate.policy(),
            hint: hint.clone(),
            inspecting: Box::new(gate.shared.inspector.begin(hint)),
            body: gate.shared.holds.begin(),
            encoded: None,
            expected: 0,
            gate,
        }
    }

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

    /// The same of several that come together again and again.
    pub fn fields<'f>(&mut self, fields: impl Iterator<Item = (&'f str, &'f [u8])> + Clone) {
        self.inspecting.fields(fields);
    }

    /// Takes note of how many bytes the sender says will come. It is not held to it.
    pub fn expect(&mut self, bytes: u64) {
        self.expected = bytes;
        self.body.expect(bytes);
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// When they cannot be held; the message must be refused.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        // Inspected in chunks, as it would be in any case. What fills none is read from the body at its end.
        let inspecting = &mut self.inspecting;
        let held = self.body.push_telling(bytes, |chunk| inspecting.push(chunk));
        held.map_err(|why| self.unheld(why))
    }

    /// A message whose bytes cannot be held is not decided.
    fn unheld(&self, why: std::io::Error) -> Error {
        self.gate.shared.counts.count_failure();
        Error::Hold(why)
    }

    /// Keeps the next bytes as they came, where the body has a content coding and [`Self::push`] is given what they
    /// decode to. Unless it is redacted, this is then what leaves: signatures and digests over it stay true.
    ///
    /// # Errors
    /// When they cannot be held; the message must be refused.
    pub fn keep_encoded(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let encoded = self.encoded.get_or_insert_with(|| {
            let mut encoded = self.gate.shared.holds.begin();
            encoded.expect(self.expected);
            encoded
        });
        let held = encoded.push(bytes);
        held.map_err(|why| self.unheld(why))
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
            gate.shared.counts.count_failure();
        }
        decided
    }

    async fn decide_inner(self, envelope: Envelope, abilities: Abilities) -> Result<Decision, Error> {
        let ready = self.ready().await?;
        let message = ready.message(ready.id, envelope);
        let verdict = judge(&message, &ready.inspected.inspection, &ready.policy);
        ready.settle(message, verdict, abilities).await
    }

    /// Judges what is said to others before there is a message, such as the name of a host. `None`: nothing was found in
    /// it that may not leave, and there is no record; what is sent there is judged in its turn.
    ///
    /// # Errors
    /// When the gateway itself failed. Nothing may be said then.
    pub async fn refuse_early(self, envelope: impl FnOnce() -> Envelope) -> Result<Option<Refused>, Error> {
        let gate = self.gate.clone();
        let refused = self.refuse_early_inner(envelope).await;
        if refused.is_err() {
            gate.shared.counts.count_failure();
        }
        refused
    }

    async fn refuse_early_inner(self, envelope: impl FnOnce() -> Envelope) -> Result<Option<Refused>, Error> {
        let ready = self.ready().await?;
        let inspection = &ready.inspected.inspection;
        // A rule that speaks of the place alone is told with the request, where there is a page for it.
        if inspection.tallies.values().all(|tally| tally.count == 0) {
            return Ok(None);
        }
        let message = ready.message(ready.id, envelope());
        let verdict = judge(&message, inspection, &ready.policy);
        if verdict.action == Action::Allow {
            return Ok(None);
        }
        // What is said early can be neither changed nor kept: every other verdict comes to a block.
        match ready.settle(message, verdict, Abilities::default()).await? {
            Decision::Refused(refused) => Ok(Some(refused)),
            Decision::Cleared(_) => Err(Error::Inspection),
        }
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
            gate.shared.counts.count_failure();
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
        let Self { id, received, policy, hint, inspecting, body, encoded, expected: _, gate } = self;
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
            let redacting = redact(gate, self.hint.clone(), &self.inspected, &verdict, &self.body, abilities);
            match Box::pin(redacting).await? {
                Ok(redacted) => content = redacted,
                Err(why) => verdict.cannot_redact(why),
            }
        }
        let (id, channel) = (message.id, message.channel);
        let message = recordable(message, &gate.shared.inspector);
        let inspection = &self.inspected.inspection;
        let receipt = gate.shared.ledger.decide(&message, inspection, &verdict).await?;
        gate.shared.counts.count(channel, verdict.action);
        let open = Open::new(gate.shared.ledger.clone(), id);
        let (inspected, policy) = (Arc::clone(&self.inspected), Arc::clone(&self.policy));
        let told = Told { id, verdict, inspected, policy };
        Ok(Decision::new(receipt, content, told, open))
    }
}

/// Finishes the inspection where it disturbs nobody.
async fn inspect_to_end(inspecting: Box<Inspecting>, body: &Arc<Hold>) -> Result<Inspected, Error> {
    let is_soon_done = match body.len() {
        0 => true,
        len if inspecting.is_read_along() => len <= INLINE_READ_BYTES_MAX,
        // The task may be on a thread with many others, whom what must be unpacked would hold up.
        1..=INLINE_BYTES_MAX => body.in_memory(0).is_some_and(is_brief),
        _ => false,
    };
    if is_soon_done {
        return Ok(inspecting.read(&**body));
    }
    let body = Arc::clone(body);
    tokio::task::spawn_blocking(move || inspecting.read(&*body)).await.map_err(|_| Error::Inspection)
}
