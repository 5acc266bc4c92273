//! No word is passed over that a room would make something of.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::{Context, Detectors, Scan};

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(2026));

/// What the rooms make of words, the best of each range.
type Best = BTreeMap<(DetectorId, usize, usize), i32>;

fn judge(text: &[u8], candidates: impl Iterator<Item = Candidate>) -> Best {
    let context = Context::default();
    let mut scan =
        Scan { detectors: &DETECTORS, text, context, found: Vec::new(), memory: crate::context::Memory::default() };
    candidates.for_each(|candidate| scan.judge(&candidate));
    let mut best = Best::new();
    for (id, found) in scan.found {
        let score = best.entry((id, found.range.start, found.range.end)).or_default();
        *score = found.score.max(*score);
    }
    best
}

/// Every word there is, judged.
fn by_words(text: &[u8]) -> Best {
    let words = |trigger| words_in(text, 0..text.len(), trigger).map(move |word| Candidate::Word(trigger, word));
    judge(text, Trigger::all().flat_map(words))
}

fn by_anchors(text: &[u8]) -> Best {
    let (map, mut all) = (Map::new(text, 0..text.len()), Vec::new());
    candidates(text, 0..text.len(), &map, DETECTORS.anchors, &mut |candidate| all.push(candidate));
    judge(text, all.into_iter().filter(|c| matches!(c, Candidate::Word(..))))
}

fn piece() -> impl Strategy<Value = String> {
    let words = Trigger::all().flat_map(Trigger::words).map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let told = [
        "05/04/1987",
        "1987",
        "5-4-87",
        "87",
        "19870405",
        "5 tháng 4 năm 1987",
        "April 5, 1987",
        "04/1987",
        "12",
        "29A-123.45",
        "51F-12345",
        "29 A 123.45",
        "59-X1 234.56",
        "TM-12-34",
        "J18.9",
        "I10",
        "U071",
        "3",
        "20251",
        "HS-2026-01",
        "Tân Lập",
        "Lê Văn An",
        "kpă h'lan",
        "Zơrâm Nhất",
        "hờ a dế",
        "12701230006970436011",
    ];
    let around = [
        "ngày ",
        "năm ",
        "tháng ",
        "là ",
        "tại Huế ",
        "của ",
        "khai ",
        "vệ ",
        "thôn Đông, ",
        "số 5, ",
        "địa chỉ: ",
        ", tỉnh Huế",
        "viện ",
        "người ",
        "mã ",
        "<",
        ">",
        "</",
        "\"",
        "\":\"",
        "(",
        "):",
    ];
    let signs =
        [" ", " ", " ", ", ", ". ", ".", ": ", ":", "-", " - ", "_", "\n", ";", "|", "\t", "\u{a0}", "\u{200b}", ""];
    let of = |all: Vec<String>| prop::sample::select(all);
    let own = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let piece = prop_oneof![3 => of(words), 3 => of(own(&told)), 1 => of(own(&around)), 1 => "[a-zđơĐ]{1,6}"];
    (piece, of(own(&signs)), 0..6_u8).prop_map(|(piece, sign, case)| match case {
        0 => piece.to_uppercase() + &sign,
        1 => piece.to_ascii_uppercase() + &sign,
        _ => piece + &sign,
    })
}

/// What a room makes of a word and no anchor leads to.
fn passed_over(text: &str) -> Option<String> {
    let anchored = by_anchors(text.as_bytes());
    for (place, score) in by_words(text.as_bytes()) {
        // Digits in a code have no word of their own: `1sinh1987`, `ab1cd`.
        let (_, start, end) = place;
        let digits = text.as_bytes()[start..end].iter().position(u8::is_ascii_digit).unwrap_or(0);
        let before = text.as_bytes()[..start + digits].iter().rev();
        let letter = |b: &&u8| b.is_ascii_alphanumeric() || **b >= 0x80;
        let mut word = before.take_while(letter);
        let glued = text.as_bytes()[..start + digits].last().is_some_and(|b| letter(&b));
        let behind = text.as_bytes()[start + digits..].iter().find(|b| !b.is_ascii_digit());
        let code = word.any(u8::is_ascii_digit) || glued && behind.is_some_and(|b| letter(&b));
        if !code && anchored.get(&place) < Some(&score) {
            return Some(format!("{place:?} {score} in {text:?}: {anchored:?}"));
        }
    }
    None
}

#[test]
fn words_are_not_passed_over_in_any_block() {
    for text in ["SINHôNG/Bà DOB TM-12-34 ", "SINHÔNG/BÀ DOB BKS TM-12-34\n", "DOB: 12-34 ông/bà DOB TM-12-34"] {
        for before in 0..130 {
            assert_eq!(passed_over(&format!("{}{text}", "\n".repeat(before))), None);
            assert_eq!(passed_over(&format!("{}{text}", "ô".repeat(before))), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_word_is_passed_over_that_means_something(pieces in prop::collection::vec(piece(), 1..14)) {
        prop_assert_eq!(passed_over(&pieces.concat()), None);
    }
}
