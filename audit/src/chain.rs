//! Follows the chain from record to record: numbers without gaps, each record naming the hash of the one before.
//!
//! It says what is wrong with the next frame; what to make of that is the caller's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chot_model::DecisionId;

use crate::record::{Effect, Envelope, Hash, Open, hash_of, parse_hash};

/// No ledger comes to higher numbers; a file that claims one must not make sums overflow.
const SEQ_MAX: u64 = 1 << 62;

/// The end of the chain so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    /// Number of the last record; 0 before the first.
    pub(crate) seq: u64,
    /// Hash of the last record.
    pub(crate) hash: Hash,
}

impl Tip {
    pub(crate) const START: Self = Self { seq: 0, hash: [0; 32] };
}

/// How a frame does not continue the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The payload is no record.
    NoRecord,
    /// Its number is higher than the next.
    Gap { expected: u64, found: u64 },
    /// Its number was seen before.
    Again { expected: u64, found: u64 },
    /// It does not name the hash of the record before.
    Hash,
}

/// Follows frames from a known or unknown start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chain {
    /// Where the chain stands; `None` until the first frame when the start is not known.
    tip: Option<Tip>,
    /// Whether the hash of the tip is not known, so that the next record's cannot be compared.
    blind: bool,
}

impl Chain {
    pub(crate) fn after(tip: Tip) -> Self {
        Self { tip: Some(tip), blind: false }
    }

    /// A walk that begins in the middle: the first frame is believed.
    pub(crate) fn anywhere() -> Self {
        Self::default()
    }

    /// A walk that goes on behind a record that is missing or does not read.
    pub(crate) fn anywhere_after(seq: u64) -> Self {
        Self { tip: Some(Tip { seq, hash: [0; 32] }), blind: true }
    }

    pub(crate) fn tip(&self) -> Option<Tip> {
        self.tip
    }

    /// Takes the next frame. After a break the walk goes on, so that one fault is told once.
    pub(crate) fn step(&mut self, payload: &[u8], envelope: &Envelope<'_>) -> Result<(), Break> {
        let (last, hash) = if envelope.is_tombstone() {
            (envelope.to, parse_hash(&envelope.last_hash))
        } else {
            (envelope.seq, Some(hash_of(payload)))
        };
        let first = envelope.first();
        let Some(hash) = hash.filter(|_| first > 0 && (first..=SEQ_MAX).contains(&last)) else {
            return Err(Break::NoRecord);
        };
        let before = self.tip.replace(Tip { seq: last, hash });
        let blind = std::mem::take(&mut self.blind);
        let Some(before) = before else { return Ok(()) };
        let expected = before.seq + 1;
        if first > expected {
            return Err(Break::Gap { expected, found: first });
        }
        if first < expected {
            // The chain goes on from where it was.
            self.tip = Some(before);
            self.blind = blind;
            return Err(Break::Again { expected, found: first });
        }
        // What a tombstone stands for is gone; the record after it proves the hash it carries.
        if !blind && !envelope.is_tombstone() && parse_hash(&envelope.prev) != Some(before.hash) {
            return Err(Break::Hash);
        }
        Ok(())
    }
}

/// Decisions without an outcome, by number.
#[derive(Debug, Default)]
pub(crate) struct OpenSet {
    by_seq: BTreeMap<u64, (DecisionId, Open)>,
    by_id: HashMap<DecisionId, u64>,
}

impl OpenSet {
    /// A caller that never tells outcomes must not fill memory: beyond this many, the oldest is put in doubt.
    pub(crate) const MAX: usize = 200_000;

    pub(crate) fn apply(&mut self, seq: u64, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Opens(id, open) => {
                self.by_seq.insert(seq, (id, open));
                self.by_id.insert(id, seq);
            }
            Effect::Closes(id) => {
                if let Some(seq) = self.by_id.remove(&id) {
                    self.by_seq.remove(&seq);
                }
            }
        }
    }

    pub(crate) fn of(&self, id: DecisionId) -> Option<Open> {
        Some(self.by_seq.get(self.by_id.get(&id)?)?.1)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_seq.len()
    }

    /// The numbers of open decisions in a range.
    pub(crate) fn among(&self, range: Range<u64>) -> BTreeSet<u64> {
        self.by_seq.range(range).map(|(seq, _)| *seq).collect()
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.by_seq.keys().next().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (DecisionId, Open)> {
        self.by_seq.values().copied()
    }

    pub(crate) fn excess(&self) -> impl Iterator<Item = (DecisionId, Open)> {
        self.iter().take(self.by_seq.len().saturating_sub(Self::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::hex;
    use crate::testing::id;

    fn record(seq: u64, prev: &Hash) -> String {
        format!("{{\"v\":1,\"kind\":\"heartbeat\",\"seq\":{seq},\"prev\":\"{}\"}}\n", hex(prev))
    }

    #[test]
    fn a_chain_continues_by_number_and_hash() {
        let first = record(1, &[0; 32]);
        let hash = hash_of(first.as_bytes());
        for (line, expected) in [
            (record(2, &hash), Ok(())),
            (record(2, &[1; 32]), Err(Break::Hash)),
            (record(4, &hash), Err(Break::Gap { expected: 2, found: 4 })),
            (record(1, &[0; 32]), Err(Break::Again { expected: 2, found: 1 })),
            (record(0, &hash), Err(Break::NoRecord)),
            (record(u64::MAX, &hash), Err(Break::NoRecord)),
        ] {
            let mut chain = Chain::after(Tip::START);
            let mut step = |line: &str| chain.step(line.as_bytes(), &Envelope::parse(line.as_bytes()).unwrap());
            assert_eq!(step(&first), Ok(()));
            assert_eq!(step(&line), expected, "{line}");
        }
    }

    #[test]
    fn open_decisions_close_once_and_are_bounded() {
        let open = Open { could_leave: true, plain: false };
        let mut set = OpenSet::default();
        set.apply(1, Effect::Opens(id(1), open));
        set.apply(2, Effect::Opens(id(2), open));
        assert_eq!((set.oldest(), set.among(2..9), set.of(id(1))), (Some(1), BTreeSet::from([2]), Some(open)));
        set.apply(3, Effect::Closes(id(1)));
        set.apply(4, Effect::Closes(id(1)));
        assert_eq!((set.oldest(), set.len(), set.of(id(1))), (Some(2), 1, None));
        for n in 0..OpenSet::MAX as u64 {
            set.apply(10 + n, Effect::Opens(id(10 + n), open));
        }
        assert_eq!(set.excess().map(|(id, _)| id).collect::<Vec<_>>(), [id(2)]);
    }
}
