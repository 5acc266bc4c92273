//! Words that announce what no run of digits gives away: births, plates, claim records, diagnoses, addresses, names.
//!
//! They are never searched for in a whole text, only before what they announce: a date, half a plate, a capital
//! (`anchor.rs`). It judges nothing: a trigger is a place worth a look, and most come to nothing.

use std::ops::Range;

use chot_model::DetectorId;

use crate::fold::{Folded, is_letter, last_char, next_char};

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

impl Trigger {
    /// How many there are.
    pub(crate) const COUNT: usize = WORDS.len();

    /// Which detector reads on from such a word.
    pub(crate) const fn detector(self) -> DetectorId {
        match self {
            Self::Birth => DetectorId::DateOfBirth,
            Self::Vehicle => DetectorId::Plate,
            Self::Claim => DetectorId::ClaimRecord,
            Self::Illness => DetectorId::Diagnosis,
            Self::Commune => DetectorId::Address,
            Self::Payment => DetectorId::BankAccount,
            Self::Person => DetectorId::PersonName,
        }
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(trigger, _)| *trigger)
    }

    /// Its bit in a set of them.
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Its words.
    pub(crate) fn words(self) -> &'static [&'static str] {
        WORDS.get(self as usize).map_or(&[], |(_, words)| words)
    }

    /// Those of `bits`.
    fn words_of(self, mut bits: u32) -> impl Iterator<Item = &'static str> {
        std::iter::from_fn(move || {
            let word = self.words().get(bits.trailing_zeros() as usize)?;
            bits &= bits.wrapping_sub(1);
            Some(*word)
        })
    }
}

/// The words, in small letters and, where they have letters beyond ASCII, also as they are written otherwise: no case
/// is known but that of ASCII. The ends of words stand for whole ones where their beginnings vary.
const WORDS: &[(Trigger, &[&str])] = &[
    (Trigger::Birth, &["sinh", "sn", "ns", "n.s", "s.n", "dob", "birth", "birthdate", "birthday", "born"]),
    (
        Trigger::Vehicle,
        &[
            "bks",
            "bsx",
            "biển",
            "biÊ\u{309}n",
            "BIỂN",
            "bien so",
            "bien_so",
            "bienso",
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
    (
        Trigger::Illness,
        &["chẩn", "CHẨN", "chan doan", "chan_doan", "chandoan", "icd", "bệnh", "BỆNH", "benh", "diagnos", "cđ", "CĐ"],
    ),
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
            "người lao động",
        ],
    ),
];

/// Most bytes of a word.
pub(crate) const WORD_BYTES_MAX: usize = 20;

/// By byte, the triggers any of whose words have it in one place, in either case.
type Bytes = [u8; 256];

/// The first three bytes of the words.
static BEGINNINGS: [Bytes; 3] = [bytes(0), bytes(1), bytes(2)];

/// The bytes that stand `nth` in the words; all bytes for a word that has no such.
const fn bytes(nth: usize) -> Bytes {
    let mut all = [0; 256];
    let mut n = 0;
    while n < WORDS.len() {
        let (trigger, words) = WORDS[n];
        let mut w = 0;
        while w < words.len() {
            let word = words[w].as_bytes();
            if nth < word.len() {
                all[word[nth].to_ascii_lowercase() as usize] |= trigger.bit();
                all[word[nth].to_ascii_uppercase() as usize] |= trigger.bit();
            } else {
                let mut byte = 0;
                while byte < 256 {
                    all[byte] |= trigger.bit();
                    byte += 1;
                }
            }
            w += 1;
        }
        n += 1;
    }
    all
}

/// Room for the ends of words, a power of two: so many times what they are that hardly any other end falls on one.
const ENDS: usize = 1 << 11;

/// By the hash of their last three bytes but for a blank, the triggers of the words, and of those that have only two.
static ENDINGS: [[u8; ENDS]; 2] = endings();

const fn endings() -> [[u8; ENDS]; 2] {
    let mut ends = [[0; ENDS]; 2];
    let mut n = 0;
    while n < WORDS.len() {
        let (trigger, words) = WORDS[n];
        let mut w = 0;
        while w < words.len() {
            match words[w].as_bytes().trim_ascii_end() {
                [.., a, b, c] => ends[0][ending(*a, *b, *c)] |= trigger.bit(),
                [b, c] => ends[1][ending(0, *b, *c)] |= trigger.bit(),
                _ => panic!("a word has two letters at least"),
            }
            w += 1;
        }
        n += 1;
    }
    ends
}

/// By which letter it is from their end, but for a blank, by trigger and the last five bits of that letter, its words, a bit
/// each; of words that have no such all.
static LAST: [[[u32; 32]; WORDS.len()]; 3] = [from_the_end(0), from_the_end(1), from_the_end(2)];

const fn from_the_end(nth: usize) -> [[u32; 32]; WORDS.len()] {
    let mut last = [[0; 32]; WORDS.len()];
    let mut n = 0;
    while n < WORDS.len() {
        let (trigger, words) = WORDS[n];
        assert!(words.len() <= u32::BITS as usize && trigger as usize == n);
        let mut w = 0;
        while w < words.len() {
            let letters = words[w].as_bytes().trim_ascii_end();
            let mut byte = 0;
            while byte < 32 {
                if nth >= letters.len() || (letters[letters.len() - 1 - nth] & 0x1f) as usize == byte {
                    last[n][byte] |= 1 << w;
                }
                byte += 1;
            }
            w += 1;
        }
        n += 1;
    }
    last
}

/// Which letter of a word, from the first on, tells it from most others.
const TOLD_BY: usize = 2;

/// By trigger and the last five bits of that letter its words, a bit each; of words that have no such all.
static TOLD: [[u32; 32]; WORDS.len()] = {
    let mut told = [[0; 32]; WORDS.len()];
    let mut n = 0;
    while n < WORDS.len() {
        let (_, words) = WORDS[n];
        let mut w = 0;
        while w < words.len() {
            let letters = words[w].as_bytes();
            if letters.len() > TOLD_BY {
                told[n][(letters[TOLD_BY] & 0x1f) as usize] |= 1 << w;
            } else {
                // Whatever stands behind it.
                let mut byte = 0;
                while byte < 32 {
                    told[n][byte] |= 1 << w;
                    byte += 1;
                }
            }
            w += 1;
        }
        n += 1;
    }
    told
};

/// The hash of an end in either case: a bit tells the letters of ASCII apart.
const fn ending(a: u8, b: u8, c: u8) -> usize {
    let key = u32::from_le_bytes([a | 0x20, b | 0x20, c | 0x20, 0]);
    (key.wrapping_mul(0x9e37_79b1) >> (u32::BITS - ENDS.trailing_zeros())) as usize
}

/// The triggers that have a word that may end right before a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending(u8);

impl Ending {
    /// Before the last of four bytes.
    #[inline]
    pub(crate) const fn before_last([a, b, c, _]: [u8; 4]) -> Self {
        Self(ENDINGS[0][ending(a, b, c)] | ENDINGS[1][ending(0, b, c)])
    }

    /// Before `at`.
    #[inline]
    pub(crate) fn before(text: &[u8], at: usize) -> Self {
        let Some(&[a, b, c]) = at.checked_sub(3).and_then(|from| text.get(from..at)) else { return Self(u8::MAX) };
        Self(ENDINGS[0][ending(a, b, c)] | ENDINGS[1][ending(0, b, c)])
    }

    /// Whether `trigger` does.
    #[inline]
    pub(crate) const fn may_be(self, trigger: Trigger) -> bool {
        self.0 & trigger.bit() != 0
    }

    /// Whether any of `triggers` does.
    #[inline]
    pub(crate) const fn may_be_any<const N: usize>(self, triggers: [Trigger; N]) -> bool {
        let (mut bits, mut n) = (0, 0);
        while n < N {
            bits |= triggers[n].bit();
            n += 1;
        }
        self.0 & bits != 0
    }
}

/// Every word of `trigger` within `range`, the longest where several begin, the last one first.
pub(crate) fn words_in(text: &[u8], range: Range<usize>, trigger: Trigger) -> impl Iterator<Item = Range<usize>> {
    let stretch = text.get(range.clone()).unwrap_or_default();
    let mut end = stretch.len();
    std::iter::from_fn(move || {
        loop {
            end = last_beginning(stretch, end, trigger)?;
            if let Some(len) = stretch.get(end..).and_then(|rest| word_at(rest, trigger)) {
                let at = range.start + end;
                return Some(at..at + len);
            }
        }
    })
}

/// The last place before `end` where a word of `trigger` may begin, by the first three bytes. Nothing is known of what is
/// behind `text`.
fn last_beginning(text: &[u8], end: usize, trigger: Trigger) -> Option<usize> {
    let [first, second, third] = &BEGINNINGS;
    let begins =
        |[a, b]: [u8; 2], third: u8| first[usize::from(a)] & second[usize::from(b)] & third & trigger.bit() != 0;
    let last = text.len().checked_sub(2)?;
    if last < end && text.last_chunk().is_some_and(|two| begins(*two, u8::MAX)) {
        return Some(last);
    }
    let whole = text.get(..text.len().min(end + 2)).unwrap_or_default();
    whole.array_windows().rposition(|&[a, b, c]| begins([a, b], third[usize::from(c)]))
}

/// How long the longest word of `trigger` is that begins `text`.
fn word_at(text: &[u8], trigger: Trigger) -> Option<usize> {
    // Most words are told apart by one letter.
    let letter = text.get(TOLD_BY).copied().unwrap_or_default();
    let words = trigger.words_of(TOLD[trigger as usize][usize::from(letter & 0x1f)]);
    let fits = |word: &&str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()));
    words.filter(fits).map(str::len).max()
}

/// Whether a word of `trigger` may end right before `at`, by its last letters.
pub(crate) fn may_end(text: &[u8], at: usize, trigger: Trigger) -> bool {
    Ending::before(text, at).may_be(trigger)
}

/// The words of `trigger` that end right before `at`, but for the blank that some end with.
pub(crate) fn words_that_end(text: &[u8], at: usize, trigger: Trigger) -> impl Iterator<Item = Range<usize>> {
    let (before, behind) = text.split_at_checked(at).unwrap_or_default();
    // Most words are told apart by their last letters.
    let letters = before.iter().rev().zip(&LAST);
    let ends = letters.fold(u32::MAX, |words, (b, last)| words & last[trigger as usize][usize::from(b & 0x1f)]);
    let words = trigger.words_of(if may_end(text, at, trigger) { ends } else { 0 });
    words.filter_map(move |word| {
        let bare = word.trim_ascii_end();
        let start = at.checked_sub(bare.len())?;
        let whole = bare.len() == word.len() || behind.first() == Some(&b' ');
        let fits = whole && before.get(start..)?.eq_ignore_ascii_case(bare.as_bytes());
        fits.then_some(start..start + word.len())
    })
}

/// Whether the bytes of `word` stand alone in `text`: no letter or digit touches them.
pub(crate) fn stands_alone(text: &[u8], word: &Range<usize>) -> bool {
    let before = text.get(..word.start).unwrap_or_default();
    let after = text.get(word.end..).unwrap_or_default();
    !last_char(before).and_then(|(c, _)| c).is_some_and(|c| is_letter(c) || c.is_numeric())
        && !next_char(after).and_then(|(c, _)| c).is_some_and(is_letter)
}

/// The last folded word before `at`, when only blanks, underscores or nothing part them.
pub(crate) fn word_before(text: &[u8], at: usize) -> Folded {
    let head = text.get(at.saturating_sub(24)..at).unwrap_or_default();
    let parted = head.trim_ascii_end().last().is_some_and(|b| b.is_ascii_punctuation() && *b != b'_');
    if parted { Folded::of(b"") } else { Folded::last_word_of(head) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_found_wherever_they_stand(
            pieces in prop::collection::vec((0..WORDS.len(), 0..8_usize, "[ .a-hxA-Hê]{0,4}"), 0..6),
            cut in (0..9_usize, 0..9_usize),
        ) {
            let piece = |(n, word, sign): (usize, usize, String)| {
                let words = WORDS[n].1;
                [words[word % words.len()], &sign].concat()
            };
            let text = pieces.into_iter().map(piece).collect::<String>().into_bytes();
            let range = cut.0.min(text.len())..text.len().saturating_sub(cut.1).max(cut.0.min(text.len()));
            for trigger in Trigger::all() {
                let at = |at: usize| {
                    let fits = |word: &&&str| text[at..range.end].get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()));
                    trigger.words().iter().filter(fits).map(|word| at..at + word.len()).max_by_key(Range::len)
                };
                let plain: Vec<_> = range.clone().rev().filter_map(at).collect();
                prop_assert_eq!(words_in(&text, range.clone(), trigger).collect::<Vec<_>>(), plain);
            }
        }
    }

    #[test]
    fn words_are_found_in_any_case_and_whole_or_not() {
        let of = |text: &'static str, trigger| {
            words_in(text.as_bytes(), 0..text.len(), trigger).filter_map(|word| text.get(word)).collect::<Vec<_>>()
        };
        assert_eq!(of("Ngày SINH", Trigger::Birth), ["SINH"]);
        assert_eq!(of("xe BKS", Trigger::Vehicle), ["BKS", "xe "]);
        assert_eq!(of("BIỂN", Trigger::Vehicle), ["BIỂN"]);
        assert_eq!(of("sn x sn", Trigger::Birth), ["sn", "sn"]);
        assert!(of("hello", Trigger::Birth).is_empty() && of("s", Trigger::Birth).is_empty());
        assert!(WORDS.iter().flat_map(|(_, words)| *words).all(|word| (2..=WORD_BYTES_MAX).contains(&word.len())));
    }

    #[test]
    fn words_are_known_by_their_ends() {
        let of = |text: &str, trigger| {
            words_that_end(text.as_bytes(), text.trim_ascii_end().len(), trigger).min_by_key(|w| w.start)
        };
        assert_eq!(of("ở xã ", Trigger::Commune), Some(4..7));
        assert_eq!(of("gặp ông ", Trigger::Person), Some(5..11));
        assert_eq!(of("ông ", Trigger::Person), None);
        assert_eq!(of("Tôi tên là ", Trigger::Person), Some(0..13));
        for (trigger, words) in WORDS {
            for word in *words {
                let (text, at) = (format!("{word}x"), word.trim_ascii_end().len());
                assert!(words_that_end(text.as_bytes(), at, *trigger).next().is_some(), "{word}");
                assert!(may_end(text.as_bytes(), at, *trigger), "{word}");
                assert!(words_in(text.as_bytes(), 0..text.len(), *trigger).any(|w| w.start == 0), "{word}");
            }
        }
    }

    #[test]
    fn words_stand_alone_or_not() {
        assert!(stands_alone(b"a sn 1", &(2..4)) && !stands_alone(b"asn 1", &(1..3)));
        assert_eq!(&*word_before("vệ sinh".as_bytes(), 5), "ve");
        assert_eq!(&*word_before("nam, sinh".as_bytes(), 5), "");
    }
}
