//! Content without what the verdict wants out of it.

use std::sync::Arc;

use chot_inspect::{Hint, Inspected, Inspector, Source, Spliced};
use chot_model::{DetectorId, OpaqueReason, Verdict};

use super::{Abilities, Gate};
use crate::Error;
use crate::hold::Hold;

/// The redacted content, or why there can be none. What comes out is inspected again: a redaction that leaves
/// something behind must not pass for one.
pub(super) async fn redact(
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
    let (detectors, hold, found) = (verdict.redact.clone(), Arc::clone(body), Arc::clone(inspected));
    let inspector = gate.shared.inspector.clone();
    // Containers around what was found are packed again.
    let redacting = tokio::task::spawn_blocking(move || without(&detectors, &inspector, &hint, &found, &hold));
    redacting.await.map_err(|_| Error::Inspection)
}

/// Redacts until nothing of it is found any more. What was found stands elsewhere in the message, too: in the other text of
/// a mail, in a property, in a table that was not read as one.
fn without(
    detectors: &[DetectorId],
    inspector: &Inspector,
    hint: &Hint,
    inspected: &Inspected,
    body: &Arc<Hold>,
) -> Result<Arc<dyn Source>, String> {
    /// What is masked may make something else be found that stood in its shade.
    const ROUNDS: usize = 3;
    let mut sought = inspected.values(detectors);
    let mut more: Option<Inspected> = None;
    for _ in 0..ROUNDS {
        let found = more.as_ref().unwrap_or(inspected);
        let splices = found.redact(detectors, &**body).map_err(|not_redactable| not_redactable.to_string())?;
        let redacted = Arc::new(Spliced::new(Arc::clone(body), splices));
        let left = inspector.inspect_seeking(hint.clone(), &*redacted, sought.clone());
        if !detectors.iter().any(|detector| left.inspection.distinct(*detector) > 0) {
            let damaged = left.inspection.opaque.len() > inspected.inspection.opaque.len();
            return if damaged { Err("it would come out damaged".to_owned()) } else { Ok(redacted) };
        }
        sought.extend(&left.values(detectors));
        more = Some(inspector.inspect_seeking(hint.clone(), &**body, sought.clone()));
    }
    Err("something would be left".to_owned())
}
