//! What containers were found to hold, kept so that equal content is judged once.
//!
//! Bounded by entries and by bytes; what was used longest ago goes first. Outcomes hold keyed hashes and masks, never
//! values. Engine, limits and policy year are those of one inspector, and the cache is its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::Place;
use super::outcome::Outcome;
use crate::Hint;

/// A container: its bytes, and everything else its outcome depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// SHA-256 over all of that: nobody can make two containers that share an outcome, and no name is kept.
    digest: [u8; 32],
    standing: Standing,
}

impl Key {
    pub(super) fn new(content: [u8; 32], hint: &Hint, place: &Place, standing: Standing) -> Self {
        let mut hash = Sha256::new();
        hash.update(content);
        let flags = [place.again, place.marked, place.preview, place.stock];
        hash.update(flags.map(u8::from));
        hash.update([hint.name.is_some(), hint.content_type.is_some()].map(u8::from));
        hash.update([place.afar.bits()]);
        hash.update(place.depth.to_le_bytes());
        let (name, content_type) = (hint.name.as_deref(), hint.content_type.as_deref());
        for text in [name, content_type, Some(&*place.part), place.disguise] {
            let text = text.unwrap_or_default();
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Self { digest: hash.finalize().into(), standing }
    }
}

/// How the bytes of a container stand in the object, as far as its outcome depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Standing {
    /// Nowhere: nothing in it can be rewritten.
    Lost,
    /// As they are, wherever: its edits move with it.
    Raw,
    /// Behind an encoding that edits would have to go through.
    Encoded,
}

const ENTRIES_MAX: usize = 512;
const BYTES_MAX: usize = 32 << 20;
/// A larger outcome is that of a container met once.
pub(super) const OUTCOME_BYTES_MAX: usize = BYTES_MAX / 8;

/// The outcomes, shared by all inspections of an inspector.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    outcomes: HashMap<Key, Entry>,
    bytes: usize,
    clock: u64,
    hits: u64,
}

struct Entry {
    outcome: Arc<Outcome>,
    bytes: usize,
    used: u64,
}

impl Cache {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Outcome>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        let entry = kept.outcomes.get_mut(key)?;
        entry.used = now;
        let outcome = Arc::clone(&entry.outcome);
        kept.hits += 1;
        Some(outcome)
    }

    pub(super) fn put(&self, key: Key, outcome: Arc<Outcome>) {
        let bytes = outcome.bytes();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let entry = Entry { outcome, bytes, used: kept.clock };
        kept.bytes += bytes;
        if let Some(old) = kept.outcomes.insert(key, entry) {
            kept.bytes -= old.bytes;
        }
        while kept.outcomes.len() > ENTRIES_MAX || kept.bytes > BYTES_MAX {
            let Some(oldest) = kept.outcomes.iter().min_by_key(|(_, e)| e.used).map(|(key, _)| *key) else {
                return;
            };
            if let Some(old) = kept.outcomes.remove(&oldest) {
                kept.bytes -= old.bytes;
            }
        }
    }

    /// How often an outcome was found.
    #[cfg(test)]
    pub(crate) fn hits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hits
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).outcomes.len()
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::formats::archive;
    use crate::{Inspected, Inspector, Limits};

    fn named(name: &str) -> Hint {
        Hint { name: Some(name.to_owned()), content_type: None }
    }

    /// Everything an inspection says but the time it took.
    fn summary(inspected: &Inspected, bytes: &dyn crate::Source) -> String {
        let mut inspection = inspected.inspection.clone();
        inspection.elapsed_us = 0;
        let ids: Vec<_> = DetectorId::identifiers().collect();
        format!("{inspection:?} {:?}", inspected.redact(&ids, bytes).map_err(|e| e.to_string()))
    }

    #[test]
    fn equal_containers_are_judged_once_and_say_the_same() {
        let people: String = (0..30).map(|n| format!("{n},Nguyễn Văn An,001090{:06},0{n:09}\n", 123_456 + n)).collect();
        let list = format!("STT,Họ và tên,Số CCCD,Mã số BHXH\n{people}");
        let inner = archive(&[("ds.csv", list.as_bytes()), ("x.bin", b"\0\x01\x02\xff")]);
        let outer = archive(&[("một.zip", &inner), ("hai.zip", &inner), ("a.txt", "Số CCCD 001090123456".as_bytes())]);
        let mail =
            b"From: a@example.vn\r\nTo: b@example.vn\r\nMIME-Version: 1.0\r\n\r\nCCCD 001090123456 nhe\r\n".to_vec();
        let plain = Inspector::new(Limits::default(), 2026);
        let cached = plain.clone().cached();
        let cache = cached.cache.clone().expect("a cache");
        for bytes in [&inner, &outer, &mail] {
            let fresh = summary(&plain.inspect(named("ds"), bytes), bytes);
            assert_eq!(summary(&cached.inspect(named("ds"), bytes), bytes), fresh);
            let hits = cache.hits();
            assert_eq!(summary(&cached.inspect(named("ds"), bytes), bytes), fresh, "from the cache");
            assert_eq!(cache.hits(), hits + 1, "the outermost container answers for all within");
        }
        let hits = cache.hits();
        cached.inspect(named("other"), &inner);
        assert_eq!(cache.hits(), hits, "another name, another object");
        let mut changed = inner;
        let at = changed.len() - 1;
        changed[at] ^= 1;
        cached.inspect(named("ds"), &changed);
        assert_eq!(cache.hits(), hits, "another byte, another object");
    }

    #[test]
    fn the_words_of_a_program_are_not_those_of_a_document() {
        let place = Place::top(crate::redact::Origin::Raw(0));
        let stock = Place { stock: true, ..place.clone() };
        let key = |place: &Place| Key::new([0; 32], &Hint::default(), place, Standing::Raw);
        assert_ne!(key(&place), key(&stock));
        assert!(!stock.member("a.zip", place.origin).stock, "what is packed there is somebody's");
    }

    #[test]
    fn what_a_limit_cut_short_is_judged_again() {
        let inner = archive(&[("a.txt", "Số CCCD 001090123456".as_bytes())]);
        for limits in [
            Limits { members_max: 0, ..Limits::default() },
            Limits { inflated_bytes_max: 1, ..Limits::default() },
            Limits { time_max: std::time::Duration::ZERO, ..Limits::default() },
        ] {
            let inspector = Inspector::new(limits, 2026).cached();
            let inspection = inspector.inspect(Hint::default(), &inner).inspection;
            assert!(!inspection.opaque.is_empty());
            assert_eq!(inspector.cache.as_ref().map(|c| c.len()), Some(0));
        }
    }

    #[test]
    fn a_known_container_still_uses_up_the_limits() {
        let inner = archive(&[("a.txt", b"one"), ("b.txt", b"two"), ("c.txt", b"three")]);
        let outer = archive(&[("1.zip", &inner), ("1.zip", &inner), ("1.zip", &inner)]);
        let limits = Limits { members_max: 8, ..Limits::default() };
        let plain = Inspector::new(limits, 2026);
        let cached = plain.clone().cached();
        let fresh = summary(&plain.inspect(Hint::default(), &outer), &outer);
        assert!(fresh.contains("TooMany"), "{fresh}");
        assert_eq!(summary(&cached.inspect(Hint::default(), &outer), &outer), fresh);
        assert_eq!(summary(&cached.inspect(Hint::default(), &outer), &outer), fresh);
    }

    #[test]
    fn entries_are_bounded() {
        let inspector = Inspector::new(Limits::default(), 2026).cached();
        for n in 0..ENTRIES_MAX + 20 {
            inspector.inspect(Hint::default(), &archive(&[("a.txt", n.to_string().as_bytes())]));
        }
        assert_eq!(inspector.cache.as_ref().map(|c| c.len()), Some(ENTRIES_MAX));
    }

    #[test]
    fn another_list_of_passwords_knows_nothing_of_what_stayed_locked() {
        let locked = include_bytes!("../../tests/old_office/aes256.zip").to_vec();
        let cached = Inspector::new(Limits::default(), 2026).cached();
        let found = |inspector: &Inspector| inspector.inspect(Hint::default(), &locked).inspection;
        for _ in 0..2 {
            assert!(found(&cached).is_opaque(chot_model::OpaqueReason::Encrypted));
        }
        let opening = cached.clone().unlocking([chot_model::Secret::new("abc")]);
        for _ in 0..2 {
            assert_eq!((found(&opening).distinct(DetectorId::Cccd), found(&opening).opaque.len()), (1, 0));
        }
        // Nor the other way round.
        assert_eq!(found(&opening.unlocking([])).distinct(DetectorId::Cccd), 0);
        assert_eq!(found(&cached).distinct(DetectorId::Cccd), 0);
    }

    /// A worker that dies, then one that hangs, then one that lives.
    struct Weak(std::sync::atomic::AtomicU32);

    impl crate::Extractor for Weak {
        fn extract(
            &self,
            kind: crate::Kind,
            object: &dyn crate::Source,
            bounds: crate::Bounds,
            passwords: &[chot_model::Secret],
            each: &mut dyn FnMut(crate::Piece<'_>) -> bool,
        ) -> Result<(), chot_model::OpaqueReason> {
            match self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Err(chot_model::OpaqueReason::Failed),
                1 => Err(chot_model::OpaqueReason::TimeLimit),
                _ => crate::InProcess.extract(kind, object, bounds, passwords, each),
            }
        }
    }

    #[test]
    fn what_a_worker_did_not_live_to_tell_is_asked_again() {
        let book = include_bytes!("../../tests/old_office/list.xls").to_vec();
        let weak = Arc::new(Weak(std::sync::atomic::AtomicU32::new(0)));
        let cached = Inspector::new(Limits::default(), 2026).extracting(weak.clone()).cached();
        let told = || {
            let inspection = cached.inspect(Hint::default(), &book).inspection;
            (inspection.distinct(DetectorId::Cccd), inspection.opaque.len())
        };
        assert_eq!([told(), told(), told(), told()], [(0, 1), (0, 1), (14, 0), (14, 0)]);
        // The last was remembered.
        assert_eq!(weak.0.load(std::sync::atomic::Ordering::Relaxed), 3);
    }

    #[test]
    fn findings_told_as_they_are_made_come_from_the_bytes_each_time() {
        let bytes = archive(&[("a.txt", "Số CCCD 001090123456".as_bytes())]);
        let inspector = Inspector::new(Limits::default(), 2026).cached();
        for _ in 0..2 {
            let (send, told) = std::sync::mpsc::channel();
            inspector.inspect_with(Hint::default(), &bytes, Box::new(move |f| drop(send.send(f))));
            assert_eq!(told.iter().filter(|f| f.detector == DetectorId::Cccd).count(), 1);
            inspector.inspect(Hint::default(), &bytes);
        }
    }
}
