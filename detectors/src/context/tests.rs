//! What words say, told from bits as from bytes, and from what was heard as from what was read.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::clause::{clause_begins, last_number};
use super::*;
use crate::simd::{BLOCK, classes};

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(crate::cards().flat_map(|card| card.words)));

fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "Số CCCD",
        "CCCD",
        "cccd",
        "mã số BHXH",
        "ma_so_bhxh",
        "soBHXH",
        "so\u{302}\u{301} the\u{309} BHYT",
        "hộ chiếu",
        "VNeID mức 2",
        "Số\u{a0}CMND",
        "C\u{200b}CCD",
        "vận đơn",
        "STK",
        "hóa đơn số",
        "phiếu xét nghiệm",
        "điện thoại",
        "Họ và tên",
        "hoTen",
        "GPLX",
        "x",
        "soCCCD",
        "Xcccd",
        "và ",
        "\u{301}",
        "người lao động ",
        "an ninh ",
        "id",
        " ",
        " ",
        " ",
        ": ",
        ", ",
        "\n",
        "\n\n",
        ". ",
        "|",
        "(",
        ")",
        "-",
        "_",
        "đồng",
        "7912345678",
        "001090123456",
        "12",
        "0912 345 678",
        "ＣＣＣＤ",
        "\u{fffd}",
    ];
    prop_oneof![
        4 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[a-zA-Z]{1,12}",
        1 => "[0-9]{1,12}",
        1 => "[a-zđơư ]{1,90}",
    ]
}

/// The last six digits or more in a row, byte for byte.
fn last_number_slowly(text: &[u8]) -> Option<Range<usize>> {
    let mut end = text.len();
    loop {
        end = text[..end].iter().rposition(u8::is_ascii_digit)? + 1;
        let start = text[..end].iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1);
        if end - start >= OTHER_NUMBER_DIGITS {
            return Some(start..end);
        }
        end = start;
    }
}

fn clause_begins_slowly(text: &[u8]) -> usize {
    let ends = |at: usize, b: u8| match b {
        b'\n' | b'|' | b'\t' | b';' => true,
        b'.' | b'!' | b'?' => text.get(at + 1) == Some(&b' '),
        _ => false,
    };
    text.iter().enumerate().rposition(|(at, b)| ends(at, *b)).map_or(0, |at| at + 1)
}

proptest! {
    #[test]
    fn bits_tell_numbers_and_clauses_as_bytes_do(text in "[a0-9.;! ]{0,40}([0-9]{1,8}[ .|]{1,2}){0,8}[a0-9. ]{0,9}", begin in 0..112_usize) {
        let text = text.as_bytes().get(..LEFT_BYTES).unwrap_or(text.as_bytes());
        let classes = classes(text);
        let begin = begin.min(text.len());
        prop_assert_eq!(last_number(classes.digit, begin), last_number_slowly(&text[..begin]));
        prop_assert_eq!(last_number(classes.digit, text.len()), last_number_slowly(text));
        prop_assert_eq!(clause_begins(&text[begin..], classes.border >> begin), clause_begins_slowly(&text[begin..]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever was heard before, words that announce something are heard.
    #[test]
    fn nothing_announced_goes_unheard(
        pieces in prop::collection::vec(piece(), 1..40),
        places in prop::collection::vec((0..700_usize, 0..20_usize), 1..20),
        sorted in any::<bool>(),
        broken in any::<bool>(),
    ) {
        let mut text = pieces.concat().into_bytes();
        if broken && let Some(byte) = text.get_mut(7) {
            *byte = 0xc3;
        }
        let mut places = places;
        if sorted {
            places.sort_unstable();
        }
        let mut memory = Memory::default();
        for (start, len) in places {
            // Candidates begin with a character.
            let mut start = start.min(text.len());
            while text.get(start).is_some_and(|b| (0x80..0xc0).contains(b)) {
                start += 1;
            }
            let range = start..text.len().min(start + len);
            let mut near = Near::new(&text, &WORDS, None, range, 10, 2026, &mut memory);
            let hint = near.hint();
            let (announced, firm) = near.around();
            let nearest = near.right_behind_digits();
            prop_assert!(nearest.is_none_or(|said| said == (announced, firm)), "{nearest:?} {announced:?} {firm:?}");
            prop_assert!(!hint.is_nothing(false) || firm == Firm::Not, "{announced:?}");
            let words = Column::ALL.iter().filter(|c| !c.speaks_of_numbers()).fold(0, |set, c| set | 1 << *c as u32);
            let numbers = Columns(announced.0 & !words) != Columns::default();
            prop_assert!(!hint.is_nothing(true) || firm == Firm::Not || !numbers, "{announced:?}");
            prop_assert!(!hint.is_no_paper() || firm == Firm::Not || !announced.meets(PAPERS), "{announced:?}");
            let name = Columns::of(&[Column::Name]);
            let bank = Columns::of(&[Column::Bank]);
            prop_assert!(!hint.is_no_other() || firm == Firm::Not || !announced.meets(bank), "{announced:?}");
            prop_assert!(!hint.is_no_name() || firm == Firm::Not || !announced.meets(name), "{announced:?}");
        }
    }

    /// Nor where only what stands behind the numbers before is listened to.
    #[test]
    fn numbers_passed_hide_no_words(
        pieces in prop::collection::vec(prop_oneof![
            4 => piece(),
            2 => "[,; ]?[0-9]{6,12}[,; ]",
            // Words that say nothing, as far as one looks on both sides.
            2 => "( (info|http|get|items|us|v1|INFO|[a-z]{14,26}))?([ =/:.]{1,20}[0-9]{1,12}(us|T)?){1,6}",
            1 => "[ =]{40,60}(cccd|stk|x)",
            1 => "[-: ]?[0-9a-c]{8}-[0-9a-c]{4}-[0-9a-c]{4}-[0-9a-c]{4}-[0-9a-c]{12}",
            1 => "[-: ]?[0-9]{6,10}[:-]([0-9a-c]{2}[:-]){0,6}cc ",
        ], 1..40),
        passed in prop::collection::vec(0..4_u8, 40),
    ) {
        let text = pieces.concat().into_bytes();
        let mut memory = Memory::default();
        let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        let begins = (0..text.len()).filter(|at| digit(*at) && !at.checked_sub(1).is_some_and(digit));
        for (start, passed) in begins.zip(passed.iter().cycle()) {
            let len = (start..text.len()).take_while(|at| digit(*at)).count();
            let mut near = Near::new(&text, &WORDS, None, start..start + len, len, 2026, &mut memory);
            let hint = near.hint();
            let (announced, firm) = near.around();
            let nearest = near.right_behind_digits();
            prop_assert!(nearest.is_none_or(|said| said == (announced, firm)), "{nearest:?} {announced:?} {firm:?}");
            let words = Column::ALL.iter().filter(|c| !c.speaks_of_numbers()).fold(0, |set, c| set | 1 << *c as u32);
            let numbers = Columns(announced.0 & !words) != Columns::default();
            prop_assert!(!hint.is_nothing(true) || firm == Firm::Not || !numbers, "{announced:?}");
            prop_assert!(!hint.is_no_paper() || firm == Firm::Not || !announced.meets(PAPERS), "{announced:?}");
            // Nor does it matter to what is announced how far back one reads.
            let mut fresh = Memory::default();
            let again = Near::new(&text, &WORDS, None, start..start + len, len, 2026, &mut fresh).around();
            prop_assert_eq!(again, (announced, firm));
            // Some numbers are judged by nobody, some are passed with little reading.
            let little = match passed {
                0 => false,
                1 => memory.passes_quietly(&text, &(start..start + len), len, &WORDS),
                _ => memory.passes(&text, &(start..start + len), len, Hint::is_no_paper),
            };
            prop_assert!(!little || firm == Firm::Not || *passed > 1 && !announced.meets(PAPERS), "{announced:?}");
            if *passed > 0 && !little {
                let mut near = Near::new(&text, &WORDS, None, start..start + len, len, 2026, &mut memory);
                near.hint();
                near.pass();
            }
        }
    }
}

#[test]
fn what_one_number_heard_whole_the_next_may_hear_cut() {
    // As far as one looks back for the second number, the long word begins with one that announces.
    let text = format!("{}cccdẤ{}  071234567,071234568", "x".repeat(LEFT_BYTES), "ấ".repeat(31));
    let (second, first) = (text.len() - 9, text.len() - 19);
    assert!(text.get(second - LEFT_BYTES..).is_some_and(|rest| rest.starts_with("cccd")));
    let mut memory = Memory::default();
    let near = |start: usize, memory: &mut Memory| {
        let mut near = Near::new(text.as_bytes(), &WORDS, None, start..start + 9, 9, 2026, memory);
        let said = (near.hint().is_no_paper(), near.around().1);
        near.pass();
        said
    };
    assert_eq!(near(first, &mut memory), (true, Firm::Not));
    assert_eq!(near(second, &mut memory), (false, Firm::Near));
}

/// A number behind `text`, and what the words only digits part from the others announce.
fn behind_digits(text: &str, memory: &mut Memory) -> (Option<(Columns, Firm)>, (Columns, Firm)) {
    let whole = format!("{text}001090123456, {}", "x".repeat(BLOCK));
    let mut near = Near::new(whole.as_bytes(), &WORDS, None, text.len()..text.len() + 12, 12, 2026, memory);
    (near.right_behind_digits(), near.left())
}

#[test]
fn words_behind_digits_decide_by_themselves() {
    let mut memory = Memory::default();
    // More often than it takes to remember any.
    for _ in 0..9 {
        for (end, decides) in [
            ("2026-11-22\",\"soCccd\":\"", true),
            ("2026-11-22, vận đơn ", true),
            ("2026-11-22 vận đơn ", true),
            ("ngày 12. Số CCCD: ", false),
            ("2 CCCD ", false),
            ("VNeID mức 2 CCCD ", false),
            ("2026cccd ", false),
            ("2026-cccd ", false),
            ("12:cc ", false),
            ("2026, ", false),
            ("2026, và ", false),
            ("2026, người lao động ", false),
            ("2026 CCCD. Và ", false),
            ("2026 BHXH ", false),
            ("2026 CCCD mà các phường xã đã làm trong năm nay ", false),
        ] {
            for before in ["Số CMND của người lao động này là ", "Số CMND ", "vận đơn ", "Bà Lê Thị ", "Họ tên "]
            {
                let text = format!("{}{before}{end}", "x ".repeat(BLOCK));
                let (nearest, all) = behind_digits(&text, &mut memory);
                assert_eq!(nearest.is_some(), decides, "{text}");
                assert!(nearest.is_none_or(|said| said == all), "{text}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn words_behind_digits_say_what_all_words_do(
        texts in prop::collection::vec((
            prop::collection::vec(piece(), 8..20),
            "[0-9]{1,3}|[0-9]{1,9}([-/., ][0-9]{1,9}){1,2}",
            "[-:/,.; \"|]{1,3}",
            prop::collection::vec(piece(), 1..4),
        ), 1..40),
    ) {
        let mut memory = Memory::default();
        for (before, digits, sign, end) in texts {
            let text = [before.concat(), digits, sign, end.concat()].concat();
            let (nearest, all) = behind_digits(&text, &mut memory);
            prop_assert!(nearest.is_none_or(|said| said == all), "{nearest:?} {all:?}: {text}");
        }
    }
}

#[test]
fn labels_stand_below_what_has_a_line_to_itself() {
    for (text, expected) in [
        ("7912045873\nmã bảo hiểm của em", Firm::Direct),
        ("  7912045873\r\nmã bảo hiểm của em\r\nLan", Firm::Direct),
        ("7912045873\n(Mã số BHXH)\n001090123456", Firm::Direct),
        ("(Họ tên)\n7912045873\n(Mã số BHXH)", Firm::Direct),
        ("> 7912045873\n> \n> (Mã số BHXH)\n> \n> 001090123456", Firm::Direct),
        ("001090123456 cccd em\n7912045873 còn đây là mã bhxh", Firm::Direct),
        ("mã số BHXH\n7912045873\nsố điện thoại", Firm::Direct),
        ("mã số BHXH\n7912045873 là số điện thoại", Firm::Not),
        ("cccd của em\n7912045873 đơn hàng", Firm::Not),
        ("7912045873\nmã số BHXH\n7913155984", Firm::Not),
        ("7912045873\nmã số BHXH: chưa có", Firm::Not),
        ("7912045873\nmã số BHXH 12 số", Firm::Not),
        ("An 7912045873\nmã số BHXH của em", Firm::Not),
        ("7912045873\nBHXH", Firm::Not),
    ] {
        let start = text.find("7912").unwrap();
        let mut memory = Memory::default();
        let mut near = Near::new(text.as_bytes(), &WORDS, None, start..start + 10, 10, 2026, &mut memory);
        assert_eq!(near.announced().firm(Columns::of(&[Column::Bhxh])), expected, "{text}");
    }
}

#[test]
fn a_header_of_two_papers_is_of_the_one_that_has_both_lengths() {
    for (header, column) in [
        ("Số CCCD/Mã số BHXH", Column::Bhxh),
        ("Mã số BHXH/Số CCCD", Column::Bhxh),
        ("căn cước với mã BHXH", Column::Bhxh),
        ("Số căn cước (hoặc CMND)", Column::Cccd),
        ("Số CMND/CCCD mới", Column::IdNumber),
        ("Số CCCD", Column::Cccd),
        ("Số thẻ căn cước", Column::Cccd),
        ("Số thẻ", Column::Bhyt),
        ("Số CC", Column::IdNumber),
        ("National ID", Column::IdNumber),
        ("ID card", Column::IdNumber),
        ("Identity card", Column::IdNumber),
        ("Citizen identity card", Column::Cccd),
    ] {
        assert_eq!(WORDS.column(header), Some(column), "{header}");
    }
}

#[test]
fn a_paper_named_directly_before_a_number_beats_the_heading_of_its_cell() {
    const BHXH: Columns = Columns::of(&[Column::Bhxh]);
    for (heading, text, expected) in [
        (Column::IdNumber, "CCCD số 079090123456 - BHXH 7912045873", Firm::Weak),
        (Column::IdNumber, "CCCD số 079090123456, mã số BHXH: 7912045873", Firm::Direct),
        (Column::Cccd, "mã số BHXH: 7912045873", Firm::Direct),
        (Column::Phone, "mã số BHXH: 7912045873", Firm::Direct),
        (Column::Tax, "mã số BHXH: 7912045873", Firm::Direct),
        (Column::Bank, "mã số BHXH: 7912045873", Firm::Direct),
        (Column::Bhxh, "số trước đây: 7912045873", Firm::Direct),
        // The heading is of a number with as many digits, or no paper is named.
        (Column::Tax, "BHXH 7912045873", Firm::Not),
        (Column::Bank, "BHXH 7912045873", Firm::Not),
        (Column::IdNumber, "số trước đây: 7912045873", Firm::Not),
        (Column::Bank, "số tài khoản 7912045873", Firm::Not),
    ] {
        let start = text.find("7912").unwrap();
        let mut memory = Memory::default();
        let mut near = Near::new(text.as_bytes(), &WORDS, Some(heading), start..start + 10, 10, 2026, &mut memory);
        assert_eq!(near.announced().firm(BHXH), expected, "{heading:?} {text}");
    }
    let text = "mã số BHXH 7912045873, 0912045873";
    let mut memory = Memory::default();
    let mut near = Near::new(text.as_bytes(), &WORDS, Some(Column::Phone), 26..36, 10, 2026, &mut memory);
    assert_eq!(near.announced().firm(Columns::of(&[Column::Phone])), Firm::Direct);
}
