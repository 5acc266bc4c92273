//! Values told from their bytes and values read like any text come to the same.

use chot_model::DetectorId;
use proptest::prelude::*;

use crate::careful::{agree, agree_in_pieces, cell};

const KEYS: [&str; 14] = [
    "id",
    "hoTen",
    "ngaySinh",
    "soCccd",
    "maSoBHXH",
    "dienThoai",
    "maThe",
    "diaChi",
    "ghiChu",
    "soTien",
    "n",
    "001090123456",
    "Nguyễn Văn An",
    "",
];

/// A value as JSON writes it; escapes are not the usual.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (cell(), proptest::bool::weighted(0.1)).prop_map(|(cell, escaped)| {
            let cell = cell.replace('"', "\\\"").replace('\r', "\\r");
            if escaped { format!("\"\\u0020{cell}\"") } else { format!("\"{cell}\"") }
        }),
        2 => "[1-9][0-9]{0,11}",
        1 => "-?[1-9][0-9]{0,3}\\.[0-9]{1,4}",
        1 => proptest::sample::select(vec!["true", "false", "null", "tru", "12a", "[\"001\", \"090\", \"123456\"]", "{}", "\""])
            .prop_map(str::to_owned),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let field = (0..KEYS.len(), value(), proptest::sample::select(vec!["", " ", "\n  "]));
    proptest::collection::vec(field, 0..9).prop_map(|fields| {
        let fields: Vec<_> =
            fields.iter().map(|(key, value, blank)| format!("{blank}\"{}\":{blank}{value}", KEYS[*key])).collect();
        format!("{{{}}}", fields.join(","))
    })
}

#[test]
fn a_chat_is_no_array_nor_is_a_number_in_brackets() {
    use crate::{Hint, Inspector, Limits};
    for (text, media_type) in [
        ("[08:01, 05/11/2026] Lan: xin số sổ\n[08:02, 05/11/2026] Hoa: để tìm\n", "text/plain"),
        ("[05/11/2026, 08:01] Lan: xin số sổ\n", "text/plain"),
        ("[2026-11-05 08:01:02] INFO x\n", "text/plain"),
        ("[001 090 123 456]", "text/plain"),
        ("[8, 1, 5]", "application/json"),
        ("[\n 8 , 1]", "application/json"),
        ("[8.1e3]", "application/json"),
        ("[12", "application/json"),
    ] {
        let inspected = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
        assert_eq!(inspected.inspection.object.media_type, media_type, "{text}");
    }
}

#[test]
fn what_stands_in_place_of_a_quote_is_read_once() {
    let like = |quote: &str| {
        let like = format!(r#"{{"moTa": "a", "soCccd": "001090123456", {quote}moTa": "b", "hoTen": "Nguyễn Văn An"}}"#);
        format!("[{like}, {like}]")
    };
    let usual = like("\"");
    for sign in [".", "1", "[", "}", ":", "{", "\\", ""] {
        agree(&format!("{usual}\n{}", like(sign)), "answer.json");
        agree(&like(sign), "answer.json");
    }
}

/// The keys of records that are alike: what announces, what tells of another member, what is told, and what says nothing.
const FIELDS: [&str; 18] = [
    "id",
    "type",
    "value",
    "hoTen",
    "soCccd",
    "so",
    "name",
    "ngaySinh",
    "maSoBHXH",
    "diaChi",
    "dienThoai",
    "trangThai",
    "updatedAt",
    "url",
    "active",
    "soTien",
    "tyLe",
    "moTaCuaMotTruongCoTenThatLaDaiLamDay",
];

/// A value such as stand under a key in record after record.
fn usual(field: usize, n: u64) -> String {
    let pick = |of: &[&str]| of[n as usize % of.len()].to_owned();
    match FIELDS[field] {
        "id" if n.is_multiple_of(3) => {
            pick(&["\"cccd\"", "\"bhxh\"", "\"donHang\"", "\"hoTen\"", "\"7912345678\"", "12"])
        }
        "id" => format!(
            "\"{:08x}-7d48-4c1e-a9f0-{:012x}\"",
            (n * 0x9e37_79b9) & 0xffff_ffff,
            n.wrapping_mul(0x5851_f42d_4c95) & 0xffff_ffff_ffff
        ),
        "type" => pick(&["\"CCCD\"", "\"hồ sơ\"", "12", "\"urn:x:bhxh\"", "\"hồ sơ\""]),
        "value" | "so" => pick(&["\"001090123456\"", "\"7912345678\"", "\"12\"", "\"x\"", "7912345678"]),
        "hoTen" => pick(&["\"Nguyễn Văn An\"", "\"Trần Thị Bình\"", "\"Rơ Châm Hlút\""]),
        "soCccd" => format!("\"0010901{:05}\"", n * 7_919 % 100_000),
        "name" => pick(&["\"Nguyễn Văn An\"", "\"Hộ khẩu\"", "\"Mã số BHXH\"", "null"]),
        "ngaySinh" => format!("\"{:02}/0{}/19{}\"", n % 28 + 1, n % 9 + 1, 50 + n % 50),
        "maSoBHXH" => format!("\"79{:08}\"", n * 54_321 % 100_000_000),
        "diaChi" => format!("\"số {} phố Huế, phường Phú Nhuận, Hà Nội\"", n % 300),
        "dienThoai" => format!("\"09{:08}\"", n * 7_654_321 % 100_000_000),
        "trangThai" => pick(&["\"DANG_XU_LY\"", "\"HOAN_THANH\"", "\"\""]),
        "updatedAt" => format!("\"2026-0{}-{:02}T{:02}:15:00.000+07:00\"", n % 9 + 1, n % 28 + 1, n % 24),
        "url" => format!("\"/api/v1/ho-so/{}\"", n * 7_919 % 1_000_000),
        "active" => pick(&["true", "false", "null"]),
        "soTien" => (n * 1_234_567 % 1_000_000_000).to_string(),
        "tyLe" => format!("{}.{}", n % 100, n % 10),
        _ => pick(&[
            "[]",
            "\"Hồ sơ đã được tiếp nhận tại bộ phận một cửa\"",
            "\"Đang chờ đơn vị xác nhận\"",
            "[ ]",
            "{}",
        ]),
    }
}

/// What stands in a record in place of something usual.
fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => value(),
        1 => (record(), any::<bool>()).prop_map(|(record, list)| if list { format!("[{record}]") } else { record }),
        1 => proptest::sample::select(vec![
            r#""0010\u0039\u0030123456""#, r#""００１０９０１２３４５６""#, r#""001 090 123 456""#, r#""001090""#,
            r#""123456""#, r#""Q0NDRCAwMDEwOTAxMjM0NTY=""#, r#"["001", "090", "123456"]"#, "001090123456", "12 ",
            r#""O01O9O123456""#, r#""không không một không chín không một hai ba bốn năm sáu""#, r#"["Số CCCD"]"#,
            r#""434343442030303130393031323334353620""#, r#""001090123456\n""#, r#"" 001090123456""#, "79090123456.0",
            r#""{\"soCCCD\": \"001090123456\"}""#, r#"{"text": "CCCD"}"#, r#"{"so": "001090123456", "x": "090"}"#,
            r#""Hồ sơ đã được tiếp nhận 001090123456""#, "true1", "nulla", "\"a\"b", "", r#"[["Mã BHXH"], ["7912345678"]]"#,
        ]).prop_map(str::to_owned),
    ]
}

/// Records whose members have the same keys in the same order, with odd ones among them: a value, a key that is missing, two
/// that stand the other way round.
fn alike() -> impl Strategy<Value = String> {
    let fields = proptest::sample::subsequence((0..FIELDS.len()).collect::<Vec<_>>(), 2..9).prop_shuffle();
    let oddity = (0..16_usize, 0..12_usize, prop_oneof![5 => odd().prop_map(Some), 2 => Just(None)], any::<bool>());
    let oddities = proptest::collection::vec(oddity, 0..4);
    let style = proptest::sample::select(vec![("", ""), (" ", ""), (" ", " "), (" ", "\n  ")]);
    (fields, oddities, 3..14_usize, any::<u32>(), style).prop_map(
        |(fields, oddities, records, seed, (colon, comma))| {
            let record = |n: usize| {
                let seed = u64::from(seed) + n as u64 * 0x9e37;
                let mut members: Vec<_> =
                    fields.iter().map(|field| (*field, usual(*field, seed + *field as u64))).collect();
                for (record, place, odd, swaps) in &oddities {
                    let place = place % members.len().max(1);
                    match odd {
                        _ if record % records != n => {}
                        Some(odd) => members.get_mut(place).into_iter().for_each(|member| member.1.clone_from(odd)),
                        None if *swaps && place + 1 < members.len() => members.swap(place, place + 1),
                        None => _ = (place < members.len()).then(|| members.remove(place)),
                    }
                }
                let members: Vec<_> =
                    members.iter().map(|(field, value)| format!("\"{}\":{colon}{value}", FIELDS[*field])).collect();
                format!("{{{comma}{}}}", members.join(&format!(",{comma}")))
            };
            (0..records).map(record).collect::<Vec<_>>().join(",")
        },
    )
}

/// The same records once more, one or two digits in each another.
fn again(file: &str, digits: &[(usize, u8)]) -> String {
    let mut bytes = file.as_bytes().to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    for (place, digit) in digits {
        if let Some(at) = places.get(place % places.len().max(1)) {
            bytes[*at] = b'0' + digit;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn insurance_of_a_person_announces_what_its_object_holds() {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    for (text, found) in [
        (r#"{"nhanVien":{"hoTen":"Nguyễn Văn An","baoHiem":{"so":"7912045873"}}}"#, 1),
        (r#"{"bao_hiem":{"ma_so":"7912045873"}}"#, 1),
        (r#"{"bhxh":{"code":"7912045873"}}"#, 1),
        (r#"{"code":"BHXH","value":"7912045873"}"#, 1),
        (r#"{"don":{"code":"7912045873"}}"#, 0),
        (r#"{"baoHiem":{"soHopDong":"7912045873"}}"#, 0),
        (r#"{"baoHiem":{"phi":7912045873}}"#, 0),
        (r#"{"baoHiem":[{"so":"7912045873"}]}"#, 0),
        (r#"{"xe":{"chuXe":"Nguyễn Văn An","baoHiem":{"so":"7912045873","hang":"PVI"}}}"#, 0),
        (r#"{"xe":{"giayTo":{"baoHiem":{"so":"7912045873"}}}}"#, 0),
    ] {
        let hint = Hint { name: Some("a.json".into()), content_type: None };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
    }
}

#[test]
fn parts_under_the_key_of_a_number_are_joined() {
    for (text, found) in [
        (r#"{"cccd": {"p1": "0010", "p2": "9012", "p3": "3456"}}"#, 1),
        (r#"{"so_cccd": {"part1": "001090", "part2": "123456"}, "n": 1}"#, 1),
        (r#"{"diem": {"p1": "0010", "p2": "9012", "p3": "3456"}}"#, 0),
        (r#"{"cccd": {"p1": "0010", "p2": "9012", "trang": "3456"}}"#, 0),
        (r#"{"cccd": {"p1": "0010", "p2": "9012", "p3": "34567"}}"#, 0),
    ] {
        let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
        let inspection = inspector.inspect(crate::Hint::default(), &text.as_bytes().to_vec()).inspection;
        assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text}");
    }
}

#[test]
fn what_is_known_of_members_is_true_of_members_like_them() {
    let like = |id: &str, at: &str, key: &str| {
        format!(r#"{{"type": "x", "{key}": "{id}", "at": "{at}", "value": "{id}", "ok": true, "ghiChu": ""}}"#)
    };
    // What the first ones teach must not hide what stands in the last.
    for (id, at, key) in [
        ("001090123456", "2026-03-05T12:15:00.000+07:00", "soCccd"),
        ("12", "2026-03-05T12:15:00Z", "CCCD1"),
        ("1234", "3456-03-05T12:15:00Z", "id"),
        ("v 12", "2026-03-05T12:15:00Z", "001090123456"),
        // Half a number each.
        ("001090", "123456", "soCccd"),
    ] {
        let records: Vec<_> =
            (0..8).map(|_| like("ab 12", "2026-03-05T12:15:00Z", "id")).chain([like(id, at, key)]).collect();
        agree(&format!("[{}]", records.join(", ")), "answer.json");
        agree(&records.join("\n"), "answer.json");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_come_to_the_same(records in proptest::collection::vec(record(), 1..24), lines in any::<bool>()) {
        let file = if lines { records.join("\n") } else { format!("[{}]", records.join(",")) };
        agree(&file, "answer.json");
    }

    #[test]
    fn records_repeated_come_to_the_same(
        records in proptest::collection::vec(record(), 1..4),
        digits in proptest::collection::vec(proptest::collection::vec((any::<usize>(), 0..10_u8), 0..3), 1..12),
    ) {
        let records = records.join(",");
        let file: Vec<_> = digits.iter().map(|digits| again(&records, digits)).collect();
        agree(&format!("[{}]", file.join(",")), "answer.json");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn records_that_are_alike_come_to_the_same(
        lists in proptest::collection::vec(alike(), 1..3),
        around in proptest::sample::select(vec!["items", "cccd", "type", "columns", "data"]),
        piece in 1..300_usize,
    ) {
        let lists: Vec<_> = lists.iter().map(|list| format!("\"{around}\": [{list}]")).collect();
        let file = format!("{{{}}}", lists.join(", \"n\": 1, "));
        agree(&file, "answer.json");
        agree_in_pieces(file.as_bytes(), "answer.json", piece);
    }
}

#[test]
fn members_are_what_another_one_says() {
    use crate::{Hint, Inspector, Limits};
    for (text, found) in [
        (r#"{"q": "Số BHXH?", "a": "7912345678"}"#, 1),
        (r#"{"question": "Mã số BHXH", "answers": ["7912345678", "7923456781"]}"#, 2),
        (r#"{"Mã số BHXH": {"textAnswers": {"answers": [{"value": "7912345678"}]}}}"#, 1),
        (r#"{"fieldName": "soBHXH", "fieldValue": "7912345678"}"#, 1),
        (r#"{"k": "bhxh", "v": 7912345678}"#, 1),
        (r#"{"name": "bhxh", "attributes": {"value": "7912345678"}}"#, 1),
        (r#"{"displayName": "Số sổ BHXH", "content": "7912345678"}"#, 1),
        (r#"[{"value": "7912345678", "name": "so_bhxh"}, {"value": 7923456781, "label": "Số BHXH"}]"#, 2),
        (r#"{"value": "7912345678", "type": {"text": "BHXH"}}"#, 1),
        // Look-alikes: of other things, of other objects, of another length, and what has a name of its own.
        (r#"{"q": "Mã đơn hàng?", "a": "7912345678"}"#, 0),
        (r#"{"question": "Mã vận đơn", "answers": ["7912345678"]}"#, 0),
        (r#"{"value": "7912345678", "name": "order"}"#, 0),
        (r#"[{"value": "7912345678"}, {"name": "bhxh"}]"#, 0),
        (r#"{"value": "79123456", "name": "bhxh"}"#, 0),
        (r#"{"name": "bhxh", "attributes": {"orderId": "7912345678"}}"#, 0),
        (r#"{"k": "hoaDon", "v": "7912345678"}"#, 0),
    ] {
        for text in [text.to_owned(), format!("[{text},{text}]"), text.replace("\": ", "\":")] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }
}

#[test]
fn what_a_program_calls_a_field_announces_its_value() {
    use crate::{Hint, Inspector, Limits};

    let found = |text: &str| {
        let hint = Hint { name: Some("form.json".to_owned()), ..Hint::default() };
        let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &text.as_bytes().to_vec()).inspection;
        [DetectorId::Cccd, DetectorId::Bhxh].map(|id| inspection.distinct(id))
    };
    for (text, expected) in [
        (r#"[{"id": "cccd", "value": "001090123456"}, {"id": "bhxh", "value": "7912345678"}]"#, [1, 1]),
        (r#"[{"value": "001090123456", "id": "cccd"}, {"value": "7912345678", "id": "bhxh"}]"#, [1, 1]),
        (r#"[{"op": "replace", "path": "/maSoBhxh", "value": "7912345678"}]"#, [0, 1]),
        (r#"{"answers": [{"value": "001090123456"}]}"#, [1, 0]),
        (r#"{"a": {"bhxh": {"ma": "7912345678"}}}"#, [0, 1]),
        (
            r#"[{"question": {"id": "q1", "title": "Mã số BHXH của ông/bà?"}, "answer": {"text": "7912345678"}}]"#,
            [0, 1],
        ),
        // What else is called so, and numbers that are named otherwise or not at all.
        (r#"[{"id": "donHang", "value": "7912345678"}, {"id": "so-tien", "value": "7912345678"}]"#, [0, 0]),
        (r#"[{"id": "7912345678", "value": "bhxh"}, {"id": "bhxh-2024", "value": "7912345678"}]"#, [0, 0]),
        (r#"[{"name": "order_id", "value": "001090123456"}]"#, [0, 0]),
        (r#"[{"path": "/van-don", "value": "7912345678"}]"#, [0, 0]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}
