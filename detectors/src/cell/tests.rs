//! What is told of a cell is what a scan finds in it.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::Context;

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(2026));

fn columns() -> impl Iterator<Item = Option<Column>> {
    std::iter::once(None).chain(Column::ALL.iter().copied().map(Some))
}

/// Holds what is told of a cell to what a scan finds in it, and teaches its shape as a caller does. Whether it was told.
fn agree(cell: &str, column: Option<Column>, cells: &mut Cells) -> bool {
    let mut hits = Vec::new();
    DETECTORS.scan(cell.as_bytes(), 0..cell.len(), Context { column }, &mut hits);
    // What stands around is none of its business.
    let around = format!("7{cell}9 Nguyễn Văn An");
    let begun = cells.begin();
    let told = DETECTORS.cell(around.as_bytes(), 1..1 + cell.len(), column, cells);
    told_at_once(cell, around.as_bytes(), told, column, cells);
    let usual = match told {
        Told::Nothing | Told::Quiet | Told::Coded => {
            assert!(hits.is_empty(), "{cell:?} under {column:?}: {hits:?}");
            true
        }
        Told::Whole(whole) => {
            let (Whole { detector, confidence, .. }, signs, value) =
                (whole, cells.signs(&whole), cells.value(&whole, cell.as_bytes()));
            for (n, b) in cell.bytes().enumerate() {
                let sign = b" /-.".contains(&b) && detector != DetectorId::Address;
                assert_eq!(signs.checked_shr(n as u32).unwrap_or(0) & 1 == 1, sign, "{cell:?}");
            }
            let [hit] = hits.as_slice() else { panic!("{cell:?} under {column:?}: {hits:?}") };
            assert_eq!(
                (detector, confidence, String::from_utf8_lossy(value).as_ref()),
                (hit.detector, hit.confidence, hit.value.reveal()),
                "{cell:?} under {column:?}"
            );
            assert_eq!((hit.range.clone(), hit.disguise), (0..cell.len(), None), "{cell:?} under {column:?}");
            true
        }
        Told::Unusual => false,
    };
    assert!(matches!(told, Told::Whole(_)) || cells.values.len == begun.0);
    cells.end(begun);
    if hits.is_empty() {
        DETECTORS.nothing(cell.as_bytes(), column, cell.len().is_multiple_of(2), cells);
    }
    usual
}

/// Holds what is told of a cell at once to what is told of it.
fn told_at_once(cell: &str, around: &[u8], told: Told, column: Option<Column>, cells: &mut Cells) {
    if cell.is_empty() {
        return;
    }
    let begun = cells.begin();
    let plain = DETECTORS.plain(around, 1, cell.len(), Usual::of(column), cells);
    let shown = |told: Told, cells: &Cells| match told {
        Told::Whole(whole) => {
            let value = cells.value(&whole, cell.as_bytes()).to_vec();
            format!("{:?} {:?} {} {value:?}", whole.detector, whole.confidence, cells.signs(&whole))
        }
        told => format!("{told:?}"),
    };
    if plain != Told::Unusual {
        assert_eq!(shown(plain, cells), shown(told, cells), "{cell:?} under {column:?}");
        assert!(column.is_some() || plain == Told::Nothing && cell.len() < 7, "{cell:?} is counted");
    }
    // Blanks are no part of a cell.
    for blank in [" ", "\t"] {
        let around = format!("{blank}{cell}{blank} Nguyễn Văn An");
        for start in [0, 1] {
            let told = DETECTORS.plain(around.as_bytes(), start, cell.len() + 1, Usual::of(column), cells);
            assert_eq!(told, Told::Unusual, "{cell:?} under {column:?}");
        }
    }
    cells.end(begun);
}

#[test]
fn registers_are_usual() {
    let mut cells = Cells::default();
    for (column, cell) in [
        (Some(Column::Cccd), "001090123456"),
        (Some(Column::Bhxh), "7912345678"),
        (Some(Column::Bhxh), "079190123456"),
        (Some(Column::Bhyt), "DN4790123456789"),
        (Some(Column::Phone), "0912345678"),
        (Some(Column::Phone), "84912345678"),
        (Some(Column::Cmnd), "012345679"),
        (Some(Column::Tax), "0100109106"),
        (Some(Column::Name), "Nguyễn Thị Hương"),
        (Some(Column::Name), "TRẦN VĂN DŨNG"),
        (Some(Column::Name), "Tô Phong"),
        (Some(Column::Name), "Rơ Châm Hlút"),
        (Some(Column::Address), "số 215 phố Tràng Thi, phường Phú Nhuận, Khánh Hòa"),
        (Some(Column::Address), "12/3A đường 30/4, P. 12, Q.10, TP.HCM"),
        (Some(Column::Address), "Ngõ 45 đường Nguyễn Trãi, Thị trấn Phùng, Hà Nội."),
        (Some(Column::Address), "123 đường Tô Hiến Thành, Q. 10, Thành phố Hồ Chí Minh"),
        (Some(Column::Address), "Ấp 3, Tân Phú, Hồ Chí Minh"),
        (Some(Column::Address), "THÔN 3, XÃ TÂN HÒA"),
        (Some(Column::BirthDate), "05/04/1987"),
        (Some(Column::BirthDate), "5/4/1987"),
        (Some(Column::BirthDate), "1987-04-05"),
        (Some(Column::BirthDate), "19870405"),
        (Some(Column::BirthYear), "1987"),
        (None, "5400000"),
        (None, "63d4b27a-7d48-4c1e-a9f0-5b7c12ad9e3f"),
        (None, "15400000"),
        (None, "cơ quan"),
        (None, "của người lao động theo quy định của pháp luật về bảo hiểm xã hội"),
    ] {
        assert!(agree(cell, column, &mut cells), "{cell} under {column:?}");
    }
    // These once their shape is known.
    for (column, cells_of_a_shape) in [
        (Some(Column::Sex), ["Nữ", "Nữ"]),
        (None, ["Hà Nội", "Hà Nội"]),
        (None, ["2026-03-05T12:15:00Z", "2025-11-28T02:15:59Z"]),
        (None, ["15/07/2021", "02/12/2019"]),
        (None, ["4.500.000", "9.100.000"]),
        (Some(Column::RowNumber), ["12", "97"]),
    ] {
        let [first, second] = cells_of_a_shape;
        agree(first, column, &mut cells);
        assert!(agree(second, column, &mut cells), "{second} under {column:?}");
    }
}

#[test]
fn numbers_of_every_kind_agree_under_every_column() {
    let mut cells = Cells::default();
    let heads = [
        "00", "01", "001", "0010", "0790", "101", "2023", "84", "8491", "0084", "840", "091", "028", "1800", "1900",
        "19", "38", "39", "97", "0", "9", "12345678", "1", "",
    ];
    let mut n = 12_345_678_901_u64;
    for column in columns() {
        for head in heads {
            for len in 5..=15_usize {
                for tail in ["", "000", "000000"] {
                    n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let digits = format!("{head}{:015}", n % 1_000_000_000_000_000);
                    let cell = format!("{}{tail}", digits.get(..len.saturating_sub(tail.len())).unwrap());
                    agree(&cell, column, &mut cells);
                    agree(&"0".repeat(len), column, &mut cells);
                }
            }
        }
    }
}

#[test]
fn no_number_speaks_for_others_by_what_only_its_end_shows() {
    let person = "079195123456";
    for odd in ["079195000000", "001001010101", "079111000000", "0791950000", "08110000000"] {
        for (first, second) in [(odd, person), (person, odd), (odd, "0791951234"), (odd, "07919512345")] {
            for column in columns() {
                let mut cells = Cells::default();
                agree(first, column, &mut cells);
                agree(second, column, &mut cells);
            }
        }
    }
}

fn syllable() -> impl Strategy<Value = String> {
    let list = || {
        [include_str!("../person_name/surnames.txt"), include_str!("../person_name/given.txt")]
            .into_iter()
            .flat_map(str::lines)
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_ascii_whitespace)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let odd = [
        "Ba",
        "Ca",
        "De",
        "Fa",
        "Ông",
        "Bà",
        "ông",
        "Công",
        "Ty",
        "Ủy",
        "Ban",
        "Hồ",
        "Sơ",
        "Tô",
        "Trưởng",
        "Y",
        "H'Hen",
        "MẬT",
        "TUYỆT",
        "Sinh",
        "Không",
        "Bốn",
        "Năm",
        "Hai",
        "Danh",
        "Sách",
        "Xã",
        "Hội",
        "McDonald",
        "Ñu",
        "Æ",
        "A.",
        "Bảo",
        "Hiểm",
        "Rơ",
        "Châm",
        "Hlút",
        "Nguye\u{302}\u{303}n",
        "2",
        "an",
    ];
    let any = || prop_oneof![4 => proptest::sample::select(list()), 1 => proptest::sample::select(odd.to_vec()).prop_map(str::to_owned)];
    (any(), 0..4).prop_map(|(syllable, case)| match case {
        0 => syllable.to_uppercase(),
        1 => syllable,
        _ => {
            let mut letters = syllable.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            first + letters.as_str()
        }
    })
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{1,13}",
        1 => "(1800|1900|0912|001|84|19|20)[0-9]{0,8}",
        2 => syllable(),
        1 => "[a-zđạảướ]{1,6}",
        2 => "[0-9a-f]{4,12}",
        1 => "[0-9A-F]{4}",
        1 => proptest::sample::select(vec![
            "Đang chờ đơn vị xác nhận", "/api/v1/ho-so/", "sinh", "xã", "phường", "xe", "biển số", "bệnh", "họ tên", "MA_LK", "ngày", "không", "một", "ba", "năm", "chín",
            "@", "ông", "tên là", "CCCD", "Số", "T", "Z", "DN", "A", "J18.9", "O", "l", "x", "29A",
        ]).prop_map(str::to_owned),
    ]
}

/// Words of addresses, and those that announce something else.
fn place() -> impl Strategy<Value = String> {
    let words = [
        "số",
        "Số nhà",
        "đường",
        "phố",
        "Phường",
        "xã",
        "XÃ",
        "quận",
        "ngõ",
        "hẻm",
        "cầu",
        "tổ",
        "thôn",
        "Thị trấn",
        "TP",
        "P",
        "Q",
        "Hà Nội",
        "Tân Hòa",
        "HCM",
        "Lê Lợi",
        "Nguyễn Trãi",
        "Trần Phú",
        "Nguyễn Trần Phú",
        "Ông Ích Khiêm",
        "Y Thị Duy",
        "Văn An",
        "Cô Tô",
        "ô tô",
        "o to",
        "ÔTÔ",
        "xe",
        "biển số",
        "29A",
        "123",
        "45",
        "bks",
        "sinh",
        "n",
        "s",
        "1987",
        "12/3/1990",
        "họ tên",
        "Tên",
        "name",
        "username",
        "bệnh",
        "J18",
        "icd",
        "chẩn đoán",
        "chan",
        "Chánh",
        "malk",
        "MẬT",
        "TUYỆT MẬT",
        "0x41",
        "ab",
        "ca",
        "de",
        "12B",
        "O12",
        "12O4S67I9",
        "không",
        "một",
        "hai",
        "ba",
        "bốn",
        "năm",
        "sáu",
        "bảy",
        "tám",
        "chín",
        "e\u{302}",
        "Ñ",
        "(",
        ":",
        "@",
        "\u{200b}",
        "begin",
        "644",
    ];
    prop_oneof![
        6 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        2 => "[0-9]{1,4}[A-C]?",
        2 => syllable(),
        1 => "[a-zA-ZđĐạẢ]{1,9}",
        1 => "[0-9a-f]{2}",
    ]
}

#[test]
fn digits_that_write_a_number_are_no_others_of_their_shape() {
    for column in columns() {
        let mut cells = Cells::default();
        for before in ["", "mã BHXH: ", "BHXH "] {
            for digits in ["12345678901234567890", "37393132303435383733", "123456789012345678", "373931323034353837"] {
                agree(&format!("{before}{digits}"), column, &mut cells);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn addresses_agree(
        words in proptest::collection::vec((place(), proptest::sample::select(vec![" ", " ", " ", ", ", ". ", ".", "-", " - ", "/", "  ", ""])), 1..16),
    ) {
        let mut cells = Cells::default();
        let cell: String = words.iter().flat_map(|(word, sign)| [word.as_str(), sign]).collect();
        agree(cell.trim(), Some(Column::Address), &mut cells);
        agree(cell.trim(), Some(Column::Address), &mut cells);
    }
}

proptest! {
    #[test]
    fn names_agree(name in proptest::collection::vec(syllable(), 1..8)) {
        let mut cells = Cells::default();
        let name = name.join(" ");
        agree(&name, Some(Column::Name), &mut cells);
        agree(&name, Some(Column::Name), &mut cells);
    }

    #[test]
    fn cells_of_any_kind_agree_under_every_column(
        pieces in proptest::collection::vec((piece(), proptest::sample::select(vec![" ", "-", "/", ".", ":", ", ", "", "  ", "_"])), 1..8),
        digits in "[0-9]{32}",
    ) {
        let mut cell: String = pieces.iter().flat_map(|(piece, sign)| [piece.as_str(), sign]).collect();
        let at = cell.trim_end().len();
        cell.truncate(at);
        let cell = cell.trim_start();
        // The same with other digits, once its shape may have been taught.
        let mut others = digits.chars().cycle();
        let twin: String = cell.chars().map(|c| if c.is_ascii_digit() { others.next().unwrap() } else { c }).collect();
        for column in columns() {
            let mut cells = Cells::default();
            agree(cell, column, &mut cells);
            agree(&twin, column, &mut cells);
            agree(cell, column, &mut cells);
        }
    }

    #[test]
    fn dates_agree(day in 0u32..40, month in 0u32..15, year in 1890u32..2110, sign in "[-/. ]", shape in 0..6) {
        let mut cells = Cells::default();
        let cell = match shape {
            0 => format!("{day:02}{sign}{month:02}{sign}{year}"),
            1 => format!("{day}{sign}{month}{sign}{year}"),
            2 => format!("{year}{sign}{month:02}{sign}{day:02}"),
            3 => format!("{year}{month:02}{day:02}"),
            4 => format!("{day:02}{month:02}{year}"),
            _ => format!("{year}"),
        };
        for column in columns() {
            agree(&cell, column, &mut cells);
        }
    }

    #[test]
    fn digits_agree(cell in "(0|84|0084|1900|00[1-9]|0[1-9][0-9]|[A-Z]{2}|)([0-9]{3,13}|[01]{3,13})(000|000000)?") {
        let mut cells = Cells::default();
        for column in columns() {
            agree(&cell, column, &mut cells);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_digits_of_a_uuid_belong_together(
        uuid in "[0-9]{8}-[0-9]{4}-4[0-9]{3}-[89ab][0-9]{3}-[0-9]{11}[0-9a-f]|(0|cc|de|te|79)[0-9]{6}[0-9a-f]{2}-[0-9]{4}-[0-9]{4}-[0-9a]{4}-(0|09|001|cc1)[0-9]{12}",
    ) {
        let uuid: String = uuid.chars().take(36).collect();
        agree(&uuid, None, &mut Cells::default());
    }

    #[test]
    fn numbers_of_things_are_nobodys(number in "[0-9A-F]{8}|(29|30|79)[A-F][0-9A-F]{5}|[BC][0-9]{5}[A-F]{2}|[A-F]{7}[0-9]|[A-F]{8}") {
        agree(&number, None, &mut Cells::default());
    }
}
