//! Tests that walk the registry, and properties of the whole.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const THIS_YEAR: u16 = 2026;

fn scan(text: &str) -> Vec<Hit> {
    scan_in(text, Context::default())
}

fn scan_in(text: &str, context: Context) -> Vec<Hit> {
    let mut hits = Vec::new();
    Detectors::new(THIS_YEAR).scan(text.as_bytes(), 0..text.len(), context, &mut hits);
    hits
}

/// Example files write a line end inside a text as `\n`.
fn unescape(text: &str) -> String {
    text.replace("\\n", "\n")
}

#[test]
fn every_example_is_found() {
    let mut missed = Vec::new();
    for card in cards() {
        assert!(card.examples().count() > 0, "{}", card.id);
        for example in card.examples() {
            let hits = scan(&unescape(example));
            if !hits.iter().any(|h| h.detector == card.id && h.confidence >= Confidence::Medium) {
                missed.push(format!("{}: {example}: {hits:?}", card.id));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_decoy_is_left_alone() {
    let mut invented = Vec::new();
    for card in cards() {
        assert!(card.decoys().count() > 0, "{}", card.id);
        for (decoy, reason) in card.decoys() {
            assert!(!reason.is_empty(), "{}: {decoy}: say why", card.id);
            let hits = scan(&unescape(decoy));
            if hits.iter().any(|h| h.detector == card.id && h.confidence >= Confidence::Medium) {
                invented.push(format!("{}: {decoy}: {hits:?}", card.id));
            }
        }
    }
    assert!(invented.is_empty(), "{invented:#?}");
}

#[test]
fn cards_are_unique_and_tell_their_source() {
    let ids: HashSet<_> = cards().map(|card| card.id).collect();
    assert_eq!(ids.len(), ALL.len());
    assert!(cards().all(|card| !card.source.is_empty() && !card.title_vi.is_empty() && !card.title_en.is_empty()));
}

/// What windows of a text give, each with the context it needs, must be what the whole gives.
fn same_in_windows(text: &[u8], width: usize, context: Context) {
    let detectors = Detectors::new(THIS_YEAR);
    let mut whole = Vec::new();
    detectors.scan(text, 0..text.len(), context, &mut whole);
    let mut parts = Vec::new();
    for start in (0..text.len()).step_by(width) {
        let core = start..text.len().min(start + width);
        let (from, to) = (core.start.saturating_sub(CONTEXT_BYTES), text.len().min(core.end + CONTEXT_BYTES));
        let first = parts.len();
        detectors.scan(&text[from..to], core.start - from..core.end - from, context, &mut parts);
        parts[first..].iter_mut().for_each(|h| h.range = h.range.start + from..h.range.end + from);
    }
    let show = |hits: &[Hit]| hits.iter().map(|h| format!("{h:?} {}", h.value.reveal())).collect::<Vec<_>>();
    assert_eq!(show(&whole), show(&parts), "width {width}, {}", String::from_utf8_lossy(text));
}

/// Pieces that make trouble when put together: numbers, words that announce them, separators, disguises.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        " ",
        "  ",
        "-",
        ".",
        "/",
        ",",
        ": ",
        "\n",
        "\n> ",
        "|",
        ";",
        "\u{200b}",
        "\u{a0}",
        "+",
        "(",
        ") ",
        "O",
        "l",
        "DN",
        "DN4",
        "CCCD ",
        "Mã số BHXH ",
        "ma so bhxh",
        "số CMND ",
        "thẻ BHYT ",
        "MST ",
        "hộ chiếu C",
        "mã vận đơn ",
        "sđt ",
        "đồng",
        "IDVNM",
        "an@example.vn",
        "và ",
        "Kính gửi quý cơ quan, đề nghị xem xét giải quyết. ",
        "０",
        "٣",
        "\u{301}",
    ]);
    prop_oneof![
        3 => fixed.prop_map(str::to_owned),
        3 => "[0-9]{1,4}",
        2 => prop::sample::select(vec!["001090123456", "7912345678", "012345678", "DN4759122135078", "0912345678"]).prop_map(str::to_owned),
        1 => "[0-9]{9,24}",
        1 => "[a-zđơư ]{1,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn windows_find_what_the_whole_has(pieces in prop::collection::vec(piece(), 1..120), width in 1..600_usize) {
        same_in_windows(pieces.concat().as_bytes(), width, Context::default());
    }

    #[test]
    fn windows_find_what_the_whole_has_in_a_column(pieces in prop::collection::vec(piece(), 1..60), column in prop::sample::select(Column::ALL)) {
        same_in_windows(pieces.concat().as_bytes(), 64, Context { column: Some(column) });
    }

    #[test]
    fn any_bytes_may_come(bytes in prop::collection::vec(any::<u8>(), 0..2_000), width in 1..600_usize) {
        same_in_windows(&bytes, width, Context::default());
    }

    #[test]
    fn hits_lie_within_the_text_and_start_in_the_core(pieces in prop::collection::vec(piece(), 1..60), a in 0..500_usize, b in 0..500_usize) {
        let text = pieces.concat();
        let core = a.min(b).min(text.len())..a.max(b).min(text.len());
        let mut hits = Vec::new();
        Detectors::new(THIS_YEAR).scan(text.as_bytes(), core.clone(), Context::default(), &mut hits);
        for hit in hits {
            prop_assert!(core.contains(&hit.range.start) && hit.range.start < hit.range.end && hit.range.end <= text.len());
        }
    }
}
