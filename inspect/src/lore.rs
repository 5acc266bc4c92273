//! What one message teaches about the next: shapes of cells in which nothing is found, what headers and keys announce,
//! side fields that hold nothing.
//!
//! All of it is true of any message, so whether it is known changes no inspection, only how long one takes: a message of
//! a kilobyte is otherwise mostly spent learning what the one before it had learned. No finding is kept, and of side
//! fields only keyed hashes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use chot_detectors::Cells;

use crate::formats::Keys;
use crate::inquiry::Headings;

/// What an inspection has learned of cells, headers and keys.
#[derive(Default)]
pub(crate) struct Lore {
    pub(crate) cells: Cells,
    pub(crate) headings: Headings,
    pub(crate) keys: Keys,
}

/// Most that wait there. Each is some hundred kilobytes at the most, and as many are in use as inspections are.
const SHELVED_MAX: usize = 8;

/// Where it waits for the next inspection.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Vec<Lore>>);

impl Shelf {
    pub(crate) fn take(&self) -> Lore {
        let lore = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        lore.unwrap_or_default()
    }

    pub(crate) fn put(&self, mut lore: Lore) {
        lore.cells.forget_values();
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() < SHELVED_MAX {
            shelf.push(lore);
        }
    }
}

/// Texts remembered as holding nothing.
const SLOTS: usize = 1 << 12;

/// Side fields in which nothing was found: the headers of a client say the same in request after request.
pub(crate) struct Memo {
    keys: [RandomState; 2],
    /// Both hashes of a text each. Written without a lock: halves of different texts beside each other are the hashes of
    /// none.
    slots: Box<[[AtomicU64; 2]]>,
}

/// What was done with a text. What holds nothing for one may hold something for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Done {
    /// Inspected as a side field.
    Field,
    /// Several at once.
    Fields,
    /// Masked, whatever says who somebody is.
    Mask,
    /// Masked, only identifiers.
    MaskIdentifiers,
}

/// The hashes of a text, 128 bits that nobody outside this process can foretell.
#[derive(Clone, Copy)]
pub(crate) struct Hashed([u64; 2]);

impl Default for Memo {
    fn default() -> Self {
        let slots = (0..SLOTS).map(|_| Default::default()).collect();
        Self { keys: [RandomState::new(), RandomState::new()], slots }
    }
}

impl Memo {
    /// Of texts with their names.
    pub(crate) fn hash<'t>(&self, done: Done, texts: impl Iterator<Item = (&'t str, &'t [u8])> + Clone) -> Hashed {
        Hashed(self.keys.each_ref().map(|key| {
            let mut hasher = key.build_hasher();
            hasher.write_u8(done as u8);
            for (name, value) in texts.clone() {
                // Which bytes are whose.
                for part in [name.as_bytes(), value] {
                    hasher.write_usize(part.len());
                    hasher.write(part);
                }
            }
            hasher.finish()
        }))
    }

    fn slot(&self, Hashed([one, _]): Hashed) -> Option<&[AtomicU64; 2]> {
        self.slots.get(one as usize % SLOTS)
    }

    /// Whether nothing was found in this text before.
    pub(crate) fn knows(&self, hashed: Hashed) -> bool {
        self.slot(hashed).is_some_and(|slot| slot.each_ref().map(|half| half.load(Relaxed)) == hashed.0)
    }

    /// Remembers that nothing was found in this text.
    pub(crate) fn learn(&self, hashed: Hashed) {
        for (half, hash) in self.slot(hashed).into_iter().flatten().zip(hashed.0) {
            half.store(hash, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chot_model::{DetectorId, OpaqueReason};

    use super::*;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_is_known_of_a_text_is_known_of_no_other() {
        let memo = Memo::default();
        let hash =
            |done, texts: &[(&str, &str)]| memo.hash(done, texts.iter().map(|(name, value)| (*name, value.as_bytes())));
        memo.learn(hash(Done::Field, &[("header Cookie", "a=1")]));
        memo.learn(hash(Done::Fields, &[("a", "b"), ("c", "d")]));
        for (texts, known) in [
            (&[("a", "b"), ("c", "d")][..], true),
            (&[("c", "d"), ("a", "b")], false),
            (&[("a", "b"), ("cd", "")], false),
            (&[("a", "b")], false),
            (&[("a", "bc"), ("", "d")], false),
            (&[], false),
        ] {
            assert_eq!(memo.knows(hash(Done::Fields, texts)), known, "{texts:?}");
        }
        for (done, name, value, known) in [
            (Done::Field, "header Cookie", "a=1", true),
            (Done::Mask, "header Cookie", "a=1", false),
            (Done::Field, "header Cookiea", "=1", false),
            (Done::Field, "header Cookie", "a=2", false),
        ] {
            assert_eq!(memo.knows(hash(done, &[(name, value)])), known, "{name} {value}");
        }
    }

    #[test]
    fn a_field_is_inspected_as_it_was_the_first_time() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let archive = "data=UEsDBBQACQAIAAAAIQAAAAAAAAAAAAAAAAAAAAAABQAAAGEudHh0";
        for _ in 0..3 {
            for (name, value, identifiers, opaque) in [
                ("header User-Agent", "Mozilla/5.0 (X11; Linux x86_64)", 0, false),
                ("header X-So", "số CCCD 001090123456", 1, false),
                ("header Cookie", "so_cccd=001090123456; theme=dark", 1, false),
                ("header Cookie", "so_cccd=; theme=dark", 0, false),
                ("header X-Tep", archive, 0, true),
            ] {
                let mut inspecting = inspector.begin(Hint::default());
                inspecting.field(name, value.as_bytes());
                let inspection = inspecting.finish(&Vec::new()).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), identifiers, "{value}");
                assert_eq!(inspection.is_opaque(OpaqueReason::ParseError), opaque, "{value} {:?}", inspection.opaque);
            }
        }
    }

    #[test]
    fn fields_that_come_together_are_inspected_as_each_by_itself() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let all = [
            ("header User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
            ("header Cookie", "so_cccd=001090123456; theme=dark"),
            ("header X-Tep", "data=UEsDBBQACQAIAAAAIQAAAAAAAAAAAAAAAAAAAAAABQAAAGEudHh0"),
            ("header Accept", "*/*"),
        ];
        for _ in 0..3 {
            for fields in [&all[..], &all[..1], &all[..2], &all[2..], &all[3..], &[]] {
                let told = |inspecting: crate::Inspecting| {
                    let found = inspecting.finish(&Vec::new()).inspection;
                    (found.tallies, found.opaque, found.object.bytes_inspected)
                };
                let (mut together, mut apart) = (inspector.begin(Hint::default()), inspector.begin(Hint::default()));
                together.fields(fields.iter().map(|(name, value)| (*name, value.as_bytes())));
                fields.iter().for_each(|(name, value)| apart.field(name, value.as_bytes()));
                let told = (told(together), told(apart));
                assert_eq!(told.0, told.1, "{fields:?}");
                assert_eq!(told.0.0.contains_key(&DetectorId::Cccd), fields.contains(&all[1]), "{fields:?}");
            }
        }
    }

    #[test]
    fn nothing_is_learnt_of_what_there_was_no_time_for() {
        let inspector = Inspector::new(Limits { time_max: Duration::ZERO, ..Limits::default() }, 2026);
        let card = ("header X-So", &b"CCCD 001090123456"[..]);
        for fields in [&[("url", &b"/so/1"[..]), card][..], &[card]] {
            let mut inspecting = inspector.begin(Hint::default());
            inspecting.fields(fields.iter().copied());
            let inspection = inspecting.finish(&Vec::new()).inspection;
            assert!(inspection.is_opaque(OpaqueReason::TimeLimit), "{fields:?} {:?}", inspection.opaque);
        }
    }

    #[test]
    fn what_was_learned_changes_nothing() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let texts = [
            r#"[{"id":12345,"note":"hàng về đúng hẹn","at":"2026-11-01T08:15:00Z"}]"#,
            r#"[{"soCCCD":"001090123456","hoTen":"Nguyễn Văn An"},{"soCCCD":"001190123457","hoTen":"Trần Thị Bình"}]"#,
            "ho_ten,so_cccd,ngay_sinh\nLê Văn Cường,001090123458,01/02/1990\nPhạm Thị Dung,001190123459,03/04/1990\n",
            r#"{"id":"001090123456","note":"hàng về đúng hẹn"}"#,
        ];
        let mut before = Vec::new();
        for round in 0..3 {
            for (n, text) in texts.iter().enumerate() {
                let found = inspector.inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
                let told = (found.tallies, found.persons, found.opaque);
                if round == 0 {
                    before.push(told);
                } else {
                    assert_eq!(before[n], told, "{text}");
                }
            }
        }
        assert!(inspector.mask("số CCCD 001090123456").as_str().contains('•'));
        for _ in 0..2 {
            assert_eq!(inspector.mask("GET https://a.example/x").as_str(), "GET https://a.example/x");
            assert_eq!(inspector.mask_identifiers("001090123456.a.example").as_str(), "•••••••••456.a.example");
        }
    }
}
