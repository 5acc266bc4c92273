//! Words that announce what no run of digits gives away: births, plates, claim records, diagnoses, addresses, names.
//!
//! One automaton passes over the text and tells where such a word stands; the rooms read on from there. It judges
//! nothing: a trigger is a place worth a look, and most come to nothing.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};
use chot_model::DetectorId;

/// What a word announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A birth: `sinh`, `SN`, `DOB`.
    Birth,
    /// A vehicle: `biển số`, `BKS`, `xe`.
    Vehicle,
    /// A field of a claim file: `MA_LK`.
    Claim,
    /// A diagnosis: `chẩn đoán`, `ICD`.
    Illness,
    /// A commune or ward, the level every Vietnamese address has.
    Commune,
    /// An account in the text of a payment QR code.
    Payment,
    /// A person is named next: `họ và tên`, `bệnh nhân`, `ông`.
    Person,
}

/// Detectors that read on from such a word.
pub(crate) const ANNOUNCED: &[DetectorId] = &[
    DetectorId::DateOfBirth,
    DetectorId::Plate,
    DetectorId::ClaimRecord,
    DetectorId::Diagnosis,
    DetectorId::Address,
    DetectorId::PersonName,
    DetectorId::BankAccount,
];

/// The words, in small letters and, where they have letters beyond ASCII, also as they are written otherwise: the
/// automaton knows no case but that of ASCII. The ends of words stand for whole ones where their beginnings vary.
const WORDS: &[(Trigger, &[&str])] = &[
    (Trigger::Birth, &["sinh", "sn", "ns", "n.s", "s.n", "dob", "birth", "born"]),
    (
        Trigger::Vehicle,
        &[
            "bks",
            "bsx",
            "biển",
            "biÊ\u{309}n",
            "BIỂN",
            "bien so",
            "bien kiem",
            "bien xe",
            "xe ",
            "xe:",
            "plate",
            "ô tô",
            "Ô TÔ",
            "o to ",
        ],
    ),
    (Trigger::Claim, &["ma_lk", "malk"]),
    (Trigger::Illness, &["chẩn", "CHẨN", "chan doan", "icd", "bệnh", "BỆNH", "benh", "diagnos", "cđ:", "CĐ:"]),
    (
        Trigger::Commune,
        &[
            "xã",
            "XÃ",
            "phường",
            "PHƯỜNG",
            "thị trấn",
            "THỊ TRẤN",
            "đặc khu",
            "ĐẶC KHU",
            "p. ",
            ", p.",
            ", p ",
            " phuong ",
            " xa ",
            "thi tran",
            "- p.",
        ],
    ),
    (Trigger::Payment, &["a000000727"]),
    (
        Trigger::Person,
        &[
            "họ tên",
            "họ và tên",
            "HỌ TÊN",
            "HỌ VÀ TÊN",
            "họ, tên",
            "ho ten",
            "ho va ten",
            "full name",
            "bệnh nhân",
            "BỆNH NHÂN",
            "benh nhan",
            "người bệnh",
            "tên tôi là",
            "tôi tên là",
            "tên là",
            "ten la",
            " ông ",
            "Ông ",
            " bà ",
            "Bà ",
            "ông/bà",
            "Ông/Bà",
            "ông (bà)",
            "Ông (bà)",
            "chủ hộ",
            "chủ hộ:",
            "người lao động",
        ],
    ),
];

/// Most bytes of a word.
const WORD_BYTES_MAX: usize = 20;

static WORDS_COMPILED: LazyLock<(AhoCorasick, Vec<Trigger>)> = LazyLock::new(|| {
    let patterns = || WORDS.iter().flat_map(|(trigger, words)| words.iter().map(move |word| (*trigger, *word)));
    debug_assert!(patterns().all(|(_, word)| word.len() <= WORD_BYTES_MAX));
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .start_kind(StartKind::Unanchored)
        .kind(Some(AhoCorasickKind::DFA))
        .ascii_case_insensitive(true)
        .build(patterns().map(|(_, word)| word))
        .unwrap_or_else(|_| unreachable!("the list is part of the program and far below the automaton's limits"));
    (automaton, patterns().map(|(trigger, _)| trigger).collect())
});

/// Tells `found` every word that begins in `range`.
pub(crate) fn words(text: &[u8], range: Range<usize>, mut found: impl FnMut(Trigger, Range<usize>)) {
    let (automaton, triggers) = &*WORDS_COMPILED;
    let to = text.len().min(range.end.saturating_add(WORD_BYTES_MAX));
    if range.start >= to {
        return;
    }
    let input = Input::new(text).span(range.start..to).anchored(Anchored::No);
    for m in automaton.find_iter(input) {
        if let Some(trigger) = triggers.get(m.pattern().as_usize())
            && m.start() < range.end
        {
            found(*trigger, m.range());
        }
    }
}

/// Whether the bytes of `word` stand alone in `text`: no letter or digit touches them.
pub(crate) fn stands_alone(text: &[u8], word: &Range<usize>) -> bool {
    let before = text.get(..word.start).unwrap_or_default();
    let after = text.get(word.end..).unwrap_or_default();
    !crate::fold::last_char(before).and_then(|(c, _)| c).is_some_and(char::is_alphanumeric)
        && !crate::fold::next_char(after).and_then(|(c, _)| c).is_some_and(char::is_alphabetic)
}

/// The last folded word before `at`, when only blanks, underscores or nothing part them.
pub(crate) fn word_before(text: &[u8], at: usize) -> String {
    let head = text.get(at.saturating_sub(24)..at).unwrap_or_default();
    let folded = crate::fold::fold(&String::from_utf8_lossy(head));
    let parted = head.trim_ascii_end().last().is_some_and(|b| b.is_ascii_punctuation() && *b != b'_');
    if parted { String::new() } else { folded.rsplit(' ').next().unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_whole_or_not() {
        let of = |text: &str| {
            let mut all = Vec::new();
            words(text.as_bytes(), 0..text.len(), |trigger, range| all.push((trigger, range)));
            all
        };
        assert_eq!(of("Ngày SINH"), [(Trigger::Birth, 6..10)]);
        assert_eq!(of("xe BKS"), [(Trigger::Vehicle, 0..3), (Trigger::Vehicle, 3..6)]);
        assert_eq!(of("hello"), []);
        assert!(stands_alone(b"a sn 1", &(2..4)) && !stands_alone(b"asn 1", &(1..3)));
        assert_eq!(word_before("vệ sinh".as_bytes(), 5), "ve");
        assert_eq!(word_before("nam, sinh".as_bytes(), 5), "");
    }
}
