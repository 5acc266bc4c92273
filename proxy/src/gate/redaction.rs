//! Content without what the verdict wants out of it.

use std::sync::Arc;

use chot_inspect::{Hint, Inspected, Source, Spliced};
use chot_model::{OpaqueReason, Verdict};

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
